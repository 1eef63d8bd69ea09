//! Purchase requests, links and tags: the bodies that the official clients write, measured by running
//! PHP 2.0.8 and Ruby 0.0.1. PHP escapes `/` and letters outside ASCII, which is only a spelling.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::{Duration, SystemTime};

use tinypass_client::blocks::{Blocks, Offer, Policy, PriceOption, Purchase, PurchaseFormat};
use tinypass_client::{Environment, UnixTime};

const AID: &str = "AIDAIDAID0";
const KEY: &str = "jNq3vT0aB7xKc5mYpR8wZ2dLhE6uFsG1iOoQyX4t";
/// The times at which the bodies were written.
const PHP: u64 = 1_795_918_664;
const RUBY: u64 = 1_795_918_616;

const FIRST_PHP: &str = r##"[{"o1":{"rid":"article-17","rnm":"Article 17","rurl":null,"pos":{"opt0":{"price":".50","exp":"1 day","cpt":""}},"pol":[]},"t":1795918664,"v":"2.0p","cb":null}]"##;
const FIRST_RUBY: &str = r##"[{"o1":{"rid":"article-17","rnm":"Article 17","rurl":null,"pos":{"opt0":{"price":".50","exp":"1 day","caption":""}},"pol":[],"tags":[]},"t":1795918616,"v":"2.0p","cb":null}]"##;
const SECOND_PHP: &str = r##"[{"o1":{"rid":"premium","rnm":"Premium \u00e9","rurl":"http:\/\/example.org\/premium?a=1&b=2","tags":["music","live \"show\""],"pos":{"opt0":{"price":"4.99","exp":"1 month","sd":1356998400,"ed":1388534399,"cpt":"Monthly access","splits":["author@example.org=0.3","editor@example.org=0.125"]},"opt1":{"price":"[0 | 1 week | 1] [5 | monthly | *]","exp":"","cpt":"Try a week"}},"pol":[{"type":"d1","amount":"10.00","withinPeriod":"1 week","discount":"25%"},{"type":"d2","rids":["article-17","article-18"],"discount":".10"},{"type":"r1","amount":"20.00","withinPeriod":"1 day","linkWithDetails":"http:\/\/example.org\/limit"}]},"t":1795918664,"v":"2.0p","cb":"onTp","ip":"1.2.3.4","uref":"user_42","opts":{"button.html":"<a href=\"#\">Buy<\/a>"},"o2":{"rid":"article-17","rnm":"Article 17","rurl":null,"pos":{"opt0":{"price":".50","exp":"1 day","cpt":""}},"pol":[]}}]"##;
const SECOND_RUBY: &str = r##"[{"o1":{"rid":"premium","rnm":"Premium é","rurl":"http://example.org/premium?a=1&b=2","pos":{"opt0":{"price":"4.99","exp":"1 month","caption":"Monthly access","sd":1356998400,"ed":1388534399,"splits":["author@example.org=0.3","editor@example.org=0.125"]},"opt1":{"price":"[0 | 1 week | 1] [5 | monthly | *]","exp":"","caption":"Try a week"}},"pol":[{"type":"d1","amount":"10.00","withinPeriod":"1 week","discount":"25%"},{"type":"d2","rids":["article-17","article-18"],"discount":".10"},{"type":"r1","amount":"20.00","withinPeriod":"1 day","linkWithDetails":"http://example.org/limit"}],"tags":["music","live \"show\""]},"t":1795918616,"v":"2.0p","cb":"onTp","ip":"1.2.3.4","uref":"user_42","opts":{"button.html":"<a href=\"#\">Buy</a>"},"o2":{"rid":"article-17","rnm":"Article 17","rurl":null,"pos":{"opt0":{"price":".50","exp":"1 day","caption":""}},"pol":[],"tags":[]}}]"##;
const THIRD_PHP: &str = r##"[{"o1":{"rid":"r1","rnm":"R","rurl":null,"pos":{"opt0":{"price":5,"exp":86400,"cpt":""}},"pol":[]},"t":1795918664,"v":"2.0p","cb":null,"opts":{"return_url":"http:\/\/example.org\/back?x=1","cancel_url":"http:\/\/example.org\/no"}}]"##;
const THIRD_RUBY: &str = r##"[{"o1":{"rid":"r1","rnm":"R","rurl":null,"pos":{"opt0":{"price":5,"exp":86400,"caption":""}},"pol":[],"tags":[]},"t":1795918616,"v":"2.0p","cb":null,"opts":{"return_url":"http://example.org/back?x=1","cancel_url":"http://example.org/no"}}]"##;
/// The first one, sealed by the PHP client.
const SEALED: &str = "{jax}TEuzy_AomNg5yCVc_uT0fdQQ2grQmkcrFu_kk5bYwmUyxk8YIhs20y2fkqylne5nHdaGXDlvZmJwZokuxmetOjRNUGx5Cy48XoyCvNNdB5uSqa6eNGd7AjEmJlQ1hB40qg93NR5Rf9tOMhrtFHKH4_gi2oi04-3LLmUQ2ai4GoW-x_SJOiGu-I_qYk-yf4yB7t8mOSAkG0IfvR6xXFz56w~~~1v_PyWWdk8dQh1mbmo0x6AXOwskZLagKo1RA-DIPJ6A";

fn blocks() -> Blocks {
    Blocks::new(AID, KEY).unwrap()
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// The JSON of a request.
fn json(purchase: &Purchase, now: u64) -> String {
    let request = blocks().purchase_request(purchase, at(now)).unwrap();
    blocks().open(request.strip_prefix("{jax}").unwrap()).unwrap()
}

/// The JSON of a link.
fn link_json(purchase: &Purchase, now: u64) -> String {
    let link = blocks().purchase_link(purchase, &Environment::Production, at(now)).unwrap();
    blocks().open(link.split_once("{jax}").unwrap().1).unwrap()
}

/// Checks a request in both formats.
#[track_caller]
fn check(purchase: &Purchase, write: fn(&Purchase, u64) -> String, php: &str, ruby: &str) {
    let plain = |json: &str| json.replace("\\/", "/").replace("\\u00e9", "é");
    assert_eq!(write(purchase, PHP), plain(php));
    assert_eq!(write(&purchase.clone().format(PurchaseFormat::Ruby), RUBY), plain(ruby));
}

fn article() -> Offer {
    Offer::new("article-17", "Article 17", PriceOption::new(".50", "1 day"))
}

/// The second request without its callback and options.
fn premium() -> Offer {
    let monthly = PriceOption::new("4.99", "1 month")
        .starts(UnixTime::from_seconds(1_356_998_400))
        .ends(UnixTime::from_seconds(1_388_534_399))
        .caption("Monthly access")
        .split("author@example.org", "30%")
        .split("editor@example.org", "0.125");
    let recurring =
        PriceOption::new("[0 | 1 week | 1] [5 | monthly | *]", "").caption("Try a week");
    Offer::new("premium", "Premium é", monthly)
        .price(recurring)
        .url("http://example.org/premium?a=1&b=2")
        .tag("music")
        .tag("live \"show\"")
        .policy(Policy::spend_discount("10.00", "1 week", "25%"))
        .policy(Policy::purchase_discount(["article-17", "article-18"], ".10"))
        .policy(Policy::spend_limit("20.00", "1 day", Some("http://example.org/limit")))
}

#[test]
fn purchase_request_is_that_of_the_official_clients() {
    let purchase = Purchase::new(article());
    check(&purchase, json, FIRST_PHP, FIRST_RUBY);
    assert_eq!(blocks().purchase_request(&purchase, at(PHP)).unwrap(), SEALED);
    let purchase = Purchase::new(premium())
        .secondary(article())
        .callback("onTp")
        .client_ip(" 1.2.3.4 ")
        .user_ref(" user_42 ")
        .option("button.html", "<a href=\"#\">Buy</a>");
    check(&purchase, json, SECOND_PHP, SECOND_RUBY);
    // The numbers of this one were given as numbers.
    let purchase = Purchase::new(Offer::new("r1", "R", PriceOption::new("5", "86400")))
        .return_url("http://example.org/back?x=1")
        .cancel_url("http://example.org/no");
    let as_text =
        |json: &str| json.replace(r#""price":5,"exp":86400"#, r#""price":"5","exp":"86400""#);
    check(&purchase, link_json, &as_text(THIRD_PHP), &as_text(THIRD_RUBY));
}

#[test]
fn empty_address_and_reference_are_not_sent() {
    let purchase = Purchase::new(article()).client_ip(" ").user_ref("");
    check(&purchase, json, FIRST_PHP, FIRST_RUBY);
}

#[test]
fn meters_are_sent_as_policies() {
    let offer = article()
        .policy(Policy::time_reminder("1 week", "2 days"))
        .policy(Policy::view_reminder(3, "24 h"))
        .policy(Policy::strict_meter("90 s", "1 mo"))
        .policy(Policy::spend_limit("5", "1 y", None));
    let expected = concat!(
        r#""pol":[{"mtap":"1 week","mlp":"2 days","mt":10,"type":"rm1","mtet":1796523464,"mlet":1796696264},"#,
        r#"{"mlp":"24 h","type":"rm2","mt":10,"mtma":3,"mtaa":0},"#,
        r#"{"mtap":"90 s","mlp":"1 mo","mt":20,"type":"sm1"},"#,
        r#"{"type":"r1","amount":"5","withinPeriod":"1 y"}]"#,
    );
    let json = json(&Purchase::new(offer), PHP);
    assert!(json.contains(expected), "{json}");
}

#[test]
fn second_share_or_option_replaces_the_first_one_in_its_place() {
    let price = PriceOption::new("1", "1 day")
        .split("a@example.org", "10%")
        .split("b@example.org", "20%")
        .split("a@example.org", "5.00");
    let purchase = Purchase::new(Offer::new("r", "R", price))
        .option("x", "1")
        .option("y", "2")
        .option("x", "3")
        .return_url("https://example.org/");
    let json = link_json(&purchase, PHP);
    assert!(json.contains(r#""splits":["a@example.org=5.00","b@example.org=0.2"]"#), "{json}");
    let options = r#""opts":{"x":"3","y":"2","return_url":"https://example.org/"}"#;
    assert!(json.contains(options), "{json}");
}

#[test]
fn caption_is_cut_as_by_the_official_clients() {
    // PHP counts bytes, and fails if it cuts a character; Ruby counts characters.
    for (caption, php, ruby) in [
        ("x".repeat(50), 50, 50),
        ("x".repeat(51), 50, 50),
        ("é".repeat(51), 25, 50),
        (format!("x{}", "é".repeat(60)), 25, 50),
        (String::new(), 0, 0),
    ] {
        let offer = Offer::new("r", "R", PriceOption::new("1", "1 day").caption(caption));
        let purchase = Purchase::new(offer);
        let length = |purchase: &Purchase, name: &str| {
            let json = json(purchase, PHP);
            let (_, caption) = json.split_once(&format!("\"{name}\":\"")).unwrap();
            caption.split_once('"').unwrap().0.chars().count()
        };
        assert_eq!(length(&purchase, "cpt"), php);
        assert_eq!(length(&purchase.format(PurchaseFormat::Ruby), "caption"), ruby);
    }
}

#[test]
fn tag_is_that_of_the_official_clients() {
    let purchase = Purchase::new(premium())
        .callback("onTp")
        .option("button.html", "<a href=\"#\">Buy</a>")
        .option("button.link", "not used");
    let tag = |purchase: &Purchase| {
        let tag = blocks().purchase_tag(purchase, &Environment::Production, at(PHP)).unwrap();
        let request = blocks().purchase_request(purchase, at(PHP)).unwrap();
        assert_eq!(tag.matches(&request).count(), 1);
        tag.replace(&request, "<message>")
    };
    let expected = r##"<tp:request type="purchase" rid="premium" url="https://api.tinypass.com/v2" rdata="<message>" aid="AIDAIDAID0" cn="__TP_AIDAIDAID0_TOKEN" v="2.0.8" oncheckaccess="onTp" custom="<a href=&quot;#&quot;>Buy</a>"></tp:request>"##;
    assert_eq!(tag(&purchase), expected);
    let ruby = tag(&purchase.format(PurchaseFormat::Ruby));
    assert_eq!(ruby, expected.replace("2.0.8", "2.0.7"));
    let link = tag(&Purchase::new(article()).option("button.link", "Buy \"it\""));
    assert!(link.ends_with(r#" v="2.0.8" link="Buy &quot;it&quot;"></tp:request>"#), "{link}");
}

#[test]
fn values_are_escaped_in_attributes() {
    let evil = r#""><script>alert(1)</script>&"#;
    let purchase = Purchase::new(Offer::new(evil, evil, PriceOption::new(evil, evil)))
        .callback(evil)
        .option("button.html", evil)
        .option(evil, evil);
    let base = Environment::custom(r#"https://h/"x"#);
    let tag = blocks().purchase_tag(&purchase, &base, at(PHP)).unwrap();
    let escaped = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;";
    assert!(tag.contains(&format!(r#" rid="{escaped}" url="https://h/&quot;x/v2" "#)), "{tag}");
    assert!(tag.contains(&format!(r#" oncheckaccess="{escaped}" custom="&quot;>"#)), "{tag}");
    // Type, rid, url, rdata, aid, cn, v, oncheckaccess and custom.
    assert_eq!(tag.matches('"').count(), 18, "{tag}");
}

#[test]
fn recurring_price_is_sent_as_a_plan_in_brackets() {
    let json = |price| json(&Purchase::new(Offer::new("r", "R", price)), PHP);
    for (cycles, plan) in [(None, "[5 | monthly | *]"), (Some(12), "[5 | monthly | 12]")] {
        let recurring = PriceOption::recurring("5", "monthly", cycles);
        assert_eq!(json(recurring), json(PriceOption::new(plan, "")));
    }
}

#[test]
fn invalid_purchases_name_the_argument() {
    let price = || PriceOption::new("1", "1 day");
    let offer = |price| Offer::new("r", "R", price);
    for (purchase, argument) in [
        (Purchase::new(offer(PriceOption::new(" ", "1 day"))), "price"),
        (Purchase::new(offer(PriceOption::recurring("", "", None))), "price"),
        (Purchase::new(offer(PriceOption::recurring("5", " ", None))), "period"),
        (Purchase::new(offer(PriceOption::recurring("5", "monthly", Some(0)))), "cycles"),
        (Purchase::new(offer(PriceOption::recurring("5 | yearly", "monthly", None))), "price"),
        (Purchase::new(offer(PriceOption::recurring("5", "monthly | 2] [9", None))), "period"),
        (Purchase::new(offer(price().split("a@example.org", "101%"))), "split"),
        (Purchase::new(offer(price().split("a=b@example.org", "1%"))), "split"),
        (Purchase::new(Offer::new("", "R", price())), "rid"),
        (Purchase::new(article()).secondary(Offer::new("", "R", price())), "rid"),
        (Purchase::new(article().policy(Policy::strict_meter("2 m", "1 day"))), "trial"),
        (Purchase::new(article()).option("return_url", "x"), "option"),
        (Purchase::new(article()).option("", "x"), "option"),
    ] {
        let blocks = blocks();
        let production = &Environment::Production;
        for error in [
            blocks.purchase_request(&purchase, at(PHP)).unwrap_err(),
            blocks.purchase_link(&purchase, production, at(PHP)).unwrap_err(),
            blocks.purchase_tag(&purchase, production, at(PHP)).unwrap_err(),
        ] {
            assert_eq!(error.argument(), argument, "{purchase:?}");
        }
    }
    for base in [
        "javascript:alert(1)//",
        "ftp://shop.example.org",
        "https://user@shop.example.org",
        "https://shop.example.org?a",
        "https://shop.example.org#a",
        "shop.example.org",
        "/path",
    ] {
        let (purchase, environment) = (Purchase::new(article()), Environment::custom(base));
        let tag = blocks().purchase_tag(&purchase, &environment, at(PHP));
        assert_eq!(tag.unwrap_err().argument(), "base_url", "{base}");
        let link = blocks().purchase_link(&purchase, &environment, at(PHP));
        assert_eq!(link.unwrap_err().argument(), "base_url", "{base}");
    }
}
