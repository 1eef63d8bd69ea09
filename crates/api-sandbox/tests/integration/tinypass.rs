//! Tests of the TinyPass server, with requests that the tests sign themselves.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::string_slice, clippy::print_stdout, reason = "tests")]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::time::Duration;

use api_sandbox::tinypass::{self as tp, DownloadPaths, TinyPass};
use api_sandbox::{Raw, SandboxClock, Service, Verdict};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

const HOST: &str = "127.0.0.1:4000";

struct Bench {
    server: TinyPass,
    clock: SandboxClock,
}

impl Bench {
    fn new() -> Self {
        // It stands still, however slow this machine is.
        let clock = SandboxClock::at_unix(SandboxClock::default().unix());
        Self { server: TinyPass::new(clock.clone()), clock }
    }

    fn send(
        &mut self,
        method: &str,
        target: &str,
        authorization: Option<String>,
    ) -> (u16, Vec<u8>, Verdict) {
        let mut headers = vec![("host".to_owned(), HOST.into())];
        headers.extend(authorization.map(|value| ("authorization".to_owned(), value.into())));
        if method == "POST" {
            headers.push(("content-length".to_owned(), b"0".to_vec()));
        }
        let (method, target) = (method.to_owned(), target.to_owned());
        let request = Raw { method, target, headers, body: Vec::new() };
        let (response, verdict) = self.server.respond(&request);
        (response.status, response.body, verdict)
    }

    /// Sends a signed request. Returns the status, JSON and verdict.
    fn ask(&mut self, method: &str, target: &str) -> (u16, Value, Verdict) {
        let (status, body, verdict) = self.send(method, target, Some(signed(method, target)));
        (status, serde_json::from_slice(&body).unwrap(), verdict)
    }

    fn good(&mut self, method: &str, target: &str) -> Value {
        let (status, json, verdict) = self.ask(method, target);
        assert_eq!((status, verdict.signed), (200, Some(true)), "{method} {target}: {json}");
        json
    }

    /// Sends a signed request. Returns the status and body.
    fn text(&mut self, method: &str, target: &str) -> (u16, String) {
        let (status, body, _) = self.send(method, target, Some(signed(method, target)));
        (status, String::from_utf8(body).unwrap())
    }

    /// Sends a signed request that is rejected. Returns the status and message.
    fn refusal(&mut self, method: &str, target: &str) -> (u16, String) {
        let (status, json, _) = self.ask(method, target);
        let message = json["error"]["message"].as_str();
        (status, message.unwrap_or_else(|| panic!("{method} {target}: {json}")).to_owned())
    }
}

fn no(status: u16, text: &str) -> (u16, String) {
    (status, text.to_owned())
}

fn signed(method: &str, target: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(tp::PRIVATE_KEY.as_bytes()).unwrap();
    let mac = mac.chain_update(format!("{method} {target}")).finalize().into_bytes();
    format!("{}:{}", tp::AID, URL_SAFE_NO_PAD.encode(mac))
}

#[test]
fn every_endpoint_returns_its_documented_response() {
    let mut bench = Bench::new();
    for (endpoint, method, target, members) in [
        (
            "access.get",
            "GET",
            "/r2/access?rid=premium-content&user_ref=user_42",
            &["id", "rid"][..],
        ),
        ("access.search", "GET", "/r2/access/search", &["data"]),
        ("access.grant", "POST", "/r2/access/grant?rid=ebook-1&email=eve%40example.org", &["uid"]),
        ("access.revoke", "POST", "/r2/access/revoke?rid=ebook-1&user_ref=user_42", &["id"]),
        ("subscription.search", "GET", "/r2/subscription/search?user_ref=user_42", &["data"]),
        (
            "subscription.cancel",
            "POST",
            "/r2/subscription/cancel?rid=monthly-pass&user_ref=user_42",
            &["id", "status"],
        ),
        ("download.url", "GET", "/r2/downloads/url?rid=ebook-1&lifetime=60", &["url"]),
        ("download.get", "GET", "/r2/download/?rid=ebook-1", &["title", "price"]),
        ("user.get", "GET", "/r2/user/kjkxrNWUyD", &["uid", "email", "first_name", "last_name"]),
    ] {
        let (status, json, verdict) = bench.ask(method, target);
        assert_eq!(status, 200, "{method} {target}: {json}");
        assert_eq!(verdict, Verdict { endpoint: Some(endpoint), signed: Some(true) });
        for name in members {
            assert!(json.get(name).is_some(), "{name} in {json}");
        }
    }
}

#[test]
fn signature_covers_the_unchanged_request_line() {
    let mut bench = Bench::new();
    let target = "/r2/access?rid=%C3%89t%C3%A9&user_ref=u";
    let good = signed("GET", target);
    assert_eq!(bench.send("GET", target, Some(good.clone())).0, 404, "signed well, not found");
    for wrong in [
        None,
        Some(signed("POST", target)),
        Some(signed("GET", "/r2/access?rid=Été&user_ref=u")),
        Some(signed("GET", "/r2/access?user_ref=u&rid=%C3%89t%C3%A9")),
        Some(format!("{good}==")),
        Some(good.replace(':', ": ")),
        Some(format!("HMAC {good}")),
        Some(good.replace(tp::AID, "OTHER")),
    ] {
        let (status, _, verdict) = bench.send("GET", target, wrong.clone());
        assert_eq!((status, verdict.signed), (401, Some(false)), "{wrong:?}");
    }
}

#[test]
fn unknown_parameters_are_rejected() {
    let mut bench = Bench::new();
    for (method, target) in [
        ("GET", "/r2/access?rid=premium-content&user_ref=user_42&show_expired=true"),
        ("GET", "/r2/access/search?page_size=10"),
        ("POST", "/r2/access/grant?rid=ebook-1&email=eve%40example.org&user=eve"),
        ("POST", "/r2/access/revoke?rid=ebook-1&user_ref=user_42&message=x"),
        ("GET", "/r2/subscription/search?email=eve%40example.org"),
        ("POST", "/r2/subscription/cancel?rid=monthly-pass&user_ref=user_42&refund=true"),
        ("GET", "/r2/download/?rid=ebook-1&lifetime=60"),
        ("GET", "/r2/user/kjkxrNWUyD?rid=r"),
    ] {
        let refused = bench.refusal(method, target);
        let name = target.rsplit(['?', '&']).next().unwrap().split('=').next().unwrap();
        let why = format!("{name}: the endpoint has no such parameter");
        assert_eq!(refused, no(400, &why), "{target}");
    }
    assert!(bench.server.mails.is_empty(), "nothing was granted");
}

#[test]
fn every_rule_about_parameters_names_the_parameter() {
    let mut bench = Bench::new();
    for (method, target, status, message) in [
        ("GET", "/r2/access?user_ref=u", 400, "rid: required parameter is missing"),
        ("GET", "/r2/access?rid=r", 400, "user_ref: required parameter is missing"),
        ("GET", "/r2/access?rid=&user_ref=u", 400, "rid: required parameter is missing"),
        ("POST", "/r2/access/grant?rid=ebook-1", 400, "email: required parameter is missing"),
        ("POST", "/r2/access/grant?email=a%40b", 400, "rid: required parameter is missing"),
        ("POST", "/r2/access/grant?rid=x&email=a%40b", 404, "rid: no such resource"),
        ("POST", "/r2/access/grant?rid=ebook-1&email=a", 402, "email: must be an e-mail address"),
        (
            "POST",
            "/r2/access/grant?rid=ebook-1&email=a%40b&expiration=x",
            400,
            "expiration: must be a decimal integer",
        ),
        (
            "POST",
            "/r2/access/grant?rid=ebook-1&email=a%40b&suppress_email=yes",
            400,
            "suppress_email: must be true, false, 1 or 0",
        ),
        ("POST", "/r2/access/revoke?rid=ebook-1", 400, "user_ref: required parameter is missing"),
        ("POST", "/r2/access/revoke?user_ref=user_42", 400, "rid: required parameter is missing"),
        (
            "POST",
            "/r2/access/revoke?rid=ebook-1&user_ref=user_42&refund=2",
            400,
            "refund: must be true, false, 1 or 0",
        ),
        (
            "GET",
            "/r2/access/search?show_expired=TRUE",
            400,
            "show_expired: must be true, false, 1 or 0",
        ),
        ("GET", "/r2/access/search?pagesize=0", 400, "pagesize: must be from 1 to 1000"),
        ("GET", "/r2/access/search?pagesize=1001", 400, "pagesize: must be from 1 to 1000"),
        ("GET", "/r2/access/search?pagesize=x", 400, "pagesize: must be a decimal integer"),
        ("GET", "/r2/access/search?tag=a&tag=a", 400, "tag: the parameter is repeated"),
        (
            "GET",
            "/r2/access/search?tag=a%2f",
            400,
            "tag: a percent sign must precede two upper-case hex digits",
        ),
        ("GET", "/r2/access/search?tag=a%FF", 400, "tag: must be UTF-8"),
        (
            "POST",
            "/r2/subscription/cancel?user_ref=user_42",
            400,
            "rid: required parameter is missing",
        ),
        (
            "POST",
            "/r2/subscription/cancel?rid=monthly-pass",
            400,
            "user_ref: required parameter is missing",
        ),
        ("POST", "/r2/subscription/cancel?rid=x&user_ref=user_42", 404, "Subscription not found"),
        (
            "POST",
            "/r2/subscription/cancel?rid=monthly-pass&user_ref=x",
            404,
            "Subscription not found",
        ),
        ("GET", "/r2/subscription/search?rid=x", 404, "Subscription not found"),
        ("GET", "/r2/subscription/search?user_ref=x", 404, "Subscription not found"),
        ("GET", "/r2/downloads/url?lifetime=1", 400, "rid: required parameter is missing"),
        ("GET", "/r2/downloads/url?rid=x&lifetime=1", 404, "Download not found"),
        (
            "GET",
            "/r2/downloads/url?rid=ebook-1",
            400,
            "lifetime, expiration: exactly one of them is required",
        ),
        (
            "GET",
            "/r2/downloads/url?rid=ebook-1&lifetime=1&expiration=2",
            400,
            "lifetime, expiration: exactly one of them is required",
        ),
        (
            "GET",
            "/r2/downloads/url?rid=ebook-1&lifetime=x",
            400,
            "lifetime: must be a decimal integer",
        ),
        (
            "GET",
            "/r2/downloads/url?rid=ebook-1&expiration=x",
            400,
            "expiration: must be a decimal integer",
        ),
        ("GET", "/r2/download/", 400, "rid: required parameter is missing"),
        ("GET", "/r2/download/?rid=x", 404, "Download not found"),
        ("GET", "/r2/user/nobody", 404, "User not found"),
    ] {
        assert_eq!(bench.refusal(method, target), no(status, message), "{method} {target}");
    }
    assert!(bench.server.mails.is_empty() && bench.server.refunds.is_empty());
    let mut send = |headers: &[(&str, &str)], body: &str| {
        let target = "/r2/access/revoke?rid=ebook-1&user_ref=user_42";
        let authorization = signed("POST", target);
        let signature = [("authorization", authorization.as_str())];
        let headers = headers.iter().chain(&signature);
        let headers = headers.map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let (method, target) = ("POST".to_owned(), target.to_owned());
        let (response, _) =
            bench.server.respond(&Raw { method, target, headers, body: body.into() });
        (response.status, String::from_utf8(response.body).unwrap())
    };
    let (status, text) = send(&[("content-length", "1")], "x");
    assert!(status == 400 && text.contains("the body must be empty"), "{text}");
    for headers in [&[][..], &[("content-length", "00")]] {
        let (status, text) = send(headers, "");
        assert!(status == 400 && text.contains("Content-Length: 0"), "{text}");
    }
    assert_eq!(send(&[("transfer-encoding", "chunked")], "").0, 200);
}

#[test]
fn every_byte_of_a_signature_is_compared() {
    let mut bench = Bench::new();
    let target = "/r2/access/search";
    let good = signed("GET", target);
    let start = good.find(':').unwrap() + 1;
    for at in start..good.len() {
        // Only four bits of the last character are used.
        let flip = |char: u8| if char == b'A' { b'Q' } else { b'A' };
        let mut other = good.clone().into_bytes();
        other[at] = flip(other[at]);
        let other = String::from_utf8(other).unwrap();
        let (status, _, verdict) = bench.send("GET", target, Some(other.clone()));
        assert_eq!((status, verdict.signed), (401, Some(false)), "{at}: {other}");
    }
    for other in
        [&good[..good.len() - 1], &good[..start + 11], &good[..start], &format!("{good}AAAA")]
    {
        assert_eq!(bench.send("GET", target, Some(other.to_owned())).0, 401, "{other}");
    }
    assert_eq!(bench.send("GET", target, Some(format!("{good}="))).0, 200, "padding");
    let aid = good.replace(tp::AID, &tp::AID.to_lowercase());
    assert_eq!(bench.send("GET", target, Some(aid)).0, 401);
}

#[test]
fn an_empty_query_is_signed_with_its_question_mark() {
    let mut bench = Bench::new();
    let target = "/r2/access/search?";
    assert_eq!(bench.ask("GET", target).0, 200);
    let without = signed("GET", "/r2/access/search");
    assert_eq!(bench.send("GET", target, Some(without)).0, 401);
}

#[test]
fn a_subscription_is_cancelled() {
    let mut bench = Bench::new();
    let status = |bench: &mut Bench| {
        let found = bench.good("GET", "/r2/subscription/search?rid=monthly-pass");
        found["data"][0]["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status(&mut bench), "active");
    bench.good("POST", "/r2/subscription/cancel?rid=monthly-pass&user_ref=user_42");
    assert_eq!(status(&mut bench), "cancelled");
    bench.server.list_shape = tp::ListShape::Bare;
    assert!(bench.good("GET", "/r2/subscription/search").is_array());
}

#[test]
fn a_number_is_plain_decimal() {
    let mut bench = Bench::new();
    for text in ["%2B1", "01", "-1", "1.0", "1e3", "", "+1"] {
        let target = format!("/r2/access/search?page={text}");
        assert_eq!(
            bench.refusal("GET", &target),
            no(400, "page: must be a decimal integer"),
            "{text}"
        );
    }
    assert_eq!(bench.good("GET", "/r2/access/search?page=0")["page"], 0);
}

#[test]
fn another_method_is_402_and_another_path_404() {
    let mut bench = Bench::new();
    assert_eq!(bench.refusal("POST", "/r2/access?rid=r&user_ref=u").0, 402);
    assert_eq!(bench.refusal("GET", "/r2/access/grant?rid=r&email=e").0, 402);
    for target in ["/r2/nothing", "/r2/user/", "/r2/user/a/b", "/r2/user/a+b", "/r2/access/"] {
        // The response is not an API error, so that a wrong base URL is not mistaken for a missing
        // record.
        assert_eq!(bench.text("GET", target), no(404, "no such endpoint"), "{target}");
    }
    // Without a valid signature, the response contains no details.
    assert_eq!(bench.send("POST", "/r2/access?rid=r&user_ref=u", None).0, 401);
}

#[test]
fn download_paths_are_configurable() {
    let mut bench = Bench::new();
    let documented = ["/r2/download/?rid=ebook-1", "/r2/downloads/url?rid=ebook-1&lifetime=60"];
    let sdk = ["/r2/download?rid=ebook-1", "/r2/download/url?rid=ebook-1&lifetime=60"];
    for (paths, statuses) in [
        (DownloadPaths::Documented, [200, 404]),
        (DownloadPaths::Sdk, [404, 200]),
        (DownloadPaths::Both, [200, 200]),
    ] {
        bench.server.download_paths = paths;
        for (targets, status) in [documented, sdk].iter().zip(statuses) {
            for target in targets {
                assert_eq!(bench.text("GET", target).0, status, "{paths:?} {target}");
            }
        }
    }
}

#[test]
fn download_link_expires() {
    let mut bench = Bench::new();
    let url = bench.good("GET", "/r2/downloads/url?rid=ebook-1&lifetime=60");
    let url = url["url"].as_str().unwrap().to_owned();
    let target = url.strip_prefix(&format!("http://{HOST}")).unwrap();
    assert_eq!(bench.send("GET", target, None).0, 200);
    bench.clock.advance(Duration::from_secs(60));
    assert_eq!(bench.send("GET", target, None).0, 404);
    assert_eq!(bench.send("GET", "/d/nothing", None).0, 404);
    let expiration = bench.clock.unix() + 60;
    let url = format!("/r2/downloads/url?rid=ebook-1&expiration={expiration}");
    let url = bench.good("GET", &url)["url"].as_str().unwrap().to_owned();
    let target = url.strip_prefix(&format!("http://{HOST}")).unwrap();
    bench.clock.advance(Duration::from_secs(59));
    assert_eq!(bench.send("GET", target, None).0, 200);
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.send("GET", target, None).0, 404);
}

#[test]
fn grant_without_a_reference_is_found_by_e_mail_address() {
    let mut bench = Bench::new();
    for reference in ["", "&user_ref="] {
        let target = format!("/r2/access/grant?rid=ebook-1&email=eve%40example.org{reference}");
        assert_eq!(bench.good("POST", &target)["user_ref"], "eve@example.org", "{target}");
    }
    bench.good("GET", "/r2/access?rid=ebook-1&user_ref=eve%40example.org");
}

#[test]
fn webhook_is_repeated_until_the_status_is_200() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let mut bench = Bench::new();
    bench.server.webhooks.subscribe(&url).unwrap();
    bench.good("POST", "/r2/access/grant?rid=ebook-1&email=eve%40example.org&user_ref=eve");
    bench.good("POST", "/r2/access/revoke?rid=ebook-1&user_ref=eve");
    bench.good("POST", "/r2/access/grant?rid=ebook-1&email=bob%40example.org");
    let received = [500, 302, 200, 500, 200, 200].map(|status| {
        let (mut stream, _) = listener.accept().unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n").unwrap();
        assert!(line.starts_with("GET /hook?data=") && line.contains("~~~"), "{line}");
        line
    });
    assert!(received[..3].iter().all(|line| *line == received[0]), "the grant");
    assert_ne!(received[3], received[0], "the revocation waits for the grant");
    assert_eq!(received[4], received[3], "the revocation");
    assert_ne!(received[5], received[4], "a webhook ends with 200");
    // The last response may not be recorded yet.
    let responses = bench.server.webhooks.responses();
    assert_eq!(responses[..5], [500, 302, 200, 500, 200].map(Some));
    bench.server.webhooks.subscribe(&format!("{url}?shop=1")).unwrap();
    bench.good("POST", "/r2/access/grant?rid=ebook-1&email=ann%40example.org");
    let (stream, _) = listener.accept().unwrap();
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line).unwrap();
    assert!(line.starts_with("GET /hook?shop=1&data="), "{line}");
}

#[test]
fn grant_is_listed_until_it_expires_or_is_revoked() {
    let mut bench = Bench::new();
    let until = bench.clock.unix() + 60;
    let grant = format!(
        "/r2/access/grant?rid=ebook-1&email=eve%40example.org&user_ref=eve&expiration={until}\
         &suppress_email=true"
    );
    let granted = bench.good("POST", &grant);
    assert_eq!((&granted["expires"], &granted["amount"]), (&json!(until), &json!("0.00")));
    let search = "/r2/access/search?user_ref=eve";
    assert_eq!(bench.good("GET", search)["data"], json!([granted]));
    bench.clock.advance(Duration::from_secs(60));
    assert_eq!(bench.refusal("GET", search), no(404, "Access not found"));
    bench.server.empty_search_is_404 = false;
    assert_eq!(bench.good("GET", search)["data"], json!([]));
    let all = bench.good("GET", &format!("{search}&show_expired=true"));
    assert_eq!(all["data"].as_array().unwrap().len(), 1);
    let revoke = "/r2/access/revoke?rid=ebook-1&user_ref=eve";
    let refund = bench.refusal("POST", &format!("{revoke}&refund=true"));
    assert_eq!(refund, no(402, "refund: nothing was paid"));
    bench.good("POST", revoke);
    assert_eq!(bench.refusal("POST", revoke), no(404, "Access not found"));
}

#[test]
fn search_finds_the_accesses_with_a_tag() {
    let mut bench = Bench::new();
    for (tag, rid) in [("music", tp::RID), ("books", tp::DOWNLOAD_RID)] {
        let found = bench.good("GET", &format!("/r2/access/search?tag={tag}"));
        let found = found["data"].as_array().unwrap();
        let rids: Vec<&Value> = found.iter().map(|access| &access["rid"]).collect();
        assert_eq!(rids, [rid], "{tag}");
    }
    let none = bench.refusal("GET", "/r2/access/search?tag=films");
    assert_eq!(none, no(404, "Access not found"));
}
