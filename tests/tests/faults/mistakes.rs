//! Typical mistakes of users of the libraries, and the messages that they see: the table is
//! `tests/snapshots/mistakes/libraries.md`. Those of the programs are tested by their crates.
//!
//! `UPDATE_SNAPSHOTS=1` writes the table. A message says what is wrong, where, what is allowed and
//! what to do, and contains no secret.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use api_auth::{Clock, FileStore, ManualClock, Request, SystemClock, TransportError};
use api_sandbox::{Misbehaviour, Sandbox};
use test_support::mistakes::Mistakes;
use test_support::ports::ClosedPort;
use tinycert_client::cert::CertStatus;
use tinycert_client::{CaId, CertId, CreateCa, CreateCert, San};
use tinypass_client::{GrantAccess, SearchAccess};
use tokenpass_client::{CreatePromise, Destination, Rules, Satoshis, Scope};
use tpay_client::notifications::testing;
use tpay_client::transactions::{ListTransactions, TransactionStatus};
use tpay_client::{Amount, BlikPayment, CreateTransaction, Pay, Payer, RefundTransaction, grosze};
use workspace_tests::{Folder, tinycert, tinypass, tls, tokenpass, tpay};

use super::variables;

const COMMAND: &str = "cargo test -p workspace-tests --test faults mistakes";

fn order(amount: Amount) -> CreateTransaction {
    CreateTransaction::new(amount, "Order 7", Payer::new("jan@example.com", "Jan Nowak"))
}

#[test]
fn messages_are_those_of_the_table() {
    let mut table = Mistakes::new("libraries", COMMAND);
    let sandbox = Sandbox::start().unwrap();
    environment_variables(&mut table);
    options(&mut table);
    arguments_of_tinypass(&mut table, &sandbox);
    arguments_of_tinycert(&mut table, &sandbox);
    arguments_of_tokenpass(&mut table, &sandbox);
    arguments_of_tpay(&mut table, &sandbox);
    network(&mut table);
    servers(&mut table, &sandbox);
    responses(&mut table);
    notifications(&mut table, &sandbox);
    files(&mut table, &sandbox);
    table.check(100);
}

fn environment_variables(table: &mut Mistakes) {
    table.section("Environment variables");
    for (provider, name) in [
        ("tinypass", "TINYPASS_AID"),
        ("tinycert", "TINYCERT_PASSPHRASE"),
        ("tokenpass", "TOKENPASS_CLIENT_ID"),
        ("tpay", "TPAY_CLIENT_SECRET"),
    ] {
        let message = variables::message(provider, name, None);
        table.row(&format!("`{name}` is not set"), &message);
    }
    for (provider, name, value) in [
        ("tinypass", "TINYPASS_AID", ""),
        ("tinypass", "TINYPASS_PRIVATE_KEY", "two\nlines"),
        ("tinypass", "TINYPASS_AID", "AID:key"),
        ("tinypass", "TINYPASS_ENVIRONMENT", "staging"),
        ("tinypass", "TINYPASS_SANDBOX", "yes"),
        ("tinypass", "TINYPASS_BASE_URL", "api.tinypass.com"),
        ("tinycert", "TINYCERT_API_KEY", "key\tkey"),
        ("tinycert", "TINYCERT_ENVIRONMENT", "sandbox"),
        ("tinycert", "TINYCERT_BASE_URL", "http://www.tinycert.org"),
        ("tokenpass", "TOKENPASS_CLIENT_SECRET", "\u{feff}secret"),
        ("tokenpass", "TOKENPASS_ENVIRONMENT", "sandbox"),
        ("tokenpass", "TOKENPASS_SCHEME", "hmac"),
        ("tokenpass", "TOKENPASS_BASE_URL", "https://name:password@tokenpass.example"),
        ("tpay", "TPAY_ENVIRONMENT", "test"),
        ("tpay", "TPAY_TOKEN_CACHE", "~/.cache/tpay"),
        ("tpay", "TPAY_BASE_URL", "https://api.tpay.com?x=1"),
    ] {
        let message = variables::message(provider, name, Some(value));
        table.row(&format!("`{name}={value:?}`"), &message);
    }
    let message = variables::message("tokenpass", "TOKENPASS_PRIVILEGED_CLIENT_ID", Some("id"));
    table.row("`TOKENPASS_PRIVILEGED_CLIENT_ID=\"id\"` without the secret", &message);
    for (name, value) in [
        ("https_proxy", "ftp://proxy.example:21"),
        ("HTTPS_PROXY", "https://proxy.example:port"),
        ("all_proxy", "socks5://proxy.example:1080"),
    ] {
        let message = variables::message("tpay", name, Some(value));
        table.row(&format!("`{name}={value:?}`"), &message);
    }
    let variables = [("https_proxy", "http://proxy.example:3128"), ("no_proxy", "10.0.0.0/40")];
    let message = variables::message_of("tpay", &variables, None);
    table.row("`no_proxy=\"10.0.0.0/40\"` with a proxy", &message);
}

fn options(table: &mut Mistakes) {
    use tpay_client::{Client, Environment};

    table.section("Options of a client");
    let at = |url: &str| Client::builder("id", "secret").environment(Environment::custom(url));
    table.error("an empty client id", Client::builder("", "secret").build());
    table.error("a secret that ends with a line break", Client::builder("id", "secret\n").build());
    for url in ["", "api.tpay.com", "http://api.tpay.com", "https://", "https://api.tpay.com:0x50"]
    {
        table.error(&format!("the base URL {url:?}"), at(url).build());
    }
    let valid = || Client::builder("id", "secret");
    table.error("a timeout of 0", valid().timeout(Duration::ZERO).build());
    table.error("a connect timeout of 0", valid().connect_timeout(Duration::ZERO).build());
    table.error("a rate of 0", valid().max_requests_per_second(0).build());
    table.error("the proxy `proxy.example:port`", valid().proxy("proxy.example:port").build());
    table.error("the proxy `ftp://proxy.example`", valid().proxy("ftp://proxy.example").build());
    table.error("an application with a line break", valid().application("shop\n1").build());
    table.error("a root certificate that is a key", {
        let pem = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        valid().extra_root_certificates(pem).build()
    });
    table.error("an empty private key", tinypass_client::Client::builder("AID", "").build());
    table.error("a colon in the AID", tinypass_client::Client::builder("A:B", "key").build());
    table.error("an empty API key", tinycert_client::Client::builder("").build());
    table.error("an empty redirect URI", {
        let client = tokenpass_client::Client::builder("id", "secret").redirect_uri("");
        let client = client.no_proxy().build().unwrap();
        client.begin_login([Scope::User]).and_then(|login| client.authorize_url(&login))
    });
}

fn arguments_of_tinypass(table: &mut Mistakes, sandbox: &Sandbox) {
    let client = tinypass(sandbox).no_proxy().build().unwrap();
    table.section("Arguments: TinyPass");
    table.error("an empty resource id", client.get_access("", "user_42"));
    table.error("an empty user", client.get_access("premium-content", ""));
    table.error("an empty e-mail address", client.grant_access(&GrantAccess::new("r", "")));
    table.error("an expiry before 1970", {
        let expires = tinypass_client::UnixTime::from_seconds(-1);
        client.grant_access(&GrantAccess::new("r", "ann@example.com").expires(expires))
    });
    table.error(
        "a page of 5000 entries",
        client.search_access(&SearchAccess::new().page_size(5000)),
    );
    table.error("a download link for 0 s", {
        use tinypass_client::GetDownloadUrl;
        client.get_download_url(&GetDownloadUrl::for_lifetime("ebook-1", Duration::ZERO))
    });
}

fn arguments_of_tinycert(table: &mut Mistakes, sandbox: &Sandbox) {
    use api_sandbox::tinycert as server;

    let client = tinycert(sandbox).no_proxy().build().unwrap();
    let session = client.connect(server::EMAIL, server::PASSPHRASE).unwrap();
    table.section("Arguments: TinyCert");
    table.error("an empty e-mail address", client.connect("", "passphrase"));
    table.error("the country `us`", session.create_ca(&CreateCa::new("us", "ACME, Inc.")));
    table.error("an empty organization", session.create_ca(&CreateCa::new("US", "")));
    let new = |name: &str| CreateCert::new(CaId::new(561), "US", "ACME, Inc.", name);
    table.error("an empty common name", session.create_cert(&new("")));
    table.error("a SAN with a space", {
        session.create_cert(&new("example.com").san(San::Dns("www example.com".to_owned())))
    });
    for name in ["", "*", "*.*.example.com", "bücher.example", "10.0.0.256", "IP:10.0.0", "a@b@c"]
    {
        table.error(&format!("the certificate name {name:?}"), name.parse::<San>());
    }
    table.error("the status `expired`", {
        session.set_cert_status(CertId::new(14236), CertStatus::from("expired"))
    });
    session.disconnect().unwrap();
}

fn arguments_of_tokenpass(table: &mut Mistakes, sandbox: &Sandbox) {
    let client = tokenpass(sandbox).no_proxy().build().unwrap();
    table.section("Arguments: Tokenpass");
    for rules in [
        "",
        "TOKENLY =>  1",
        "TOKENLY >= one",
        "TOKENLY >= 1 and",
        "A and (B or C)",
        "TOKENLY >= 1 TOKENLY",
        "TOKENLY & SOUP",
        "TOKENLY >= -1",
        "TOKENLY >= 0.123456789",
        "(TOKENLY",
    ] {
        table.error(&format!("the rules {rules:?}"), rules.parse::<Rules>());
    }
    for amount in ["", "1,5", "0.123456789", "1e400"] {
        table.error(&format!("the amount {amount:?}"), amount.parse::<Satoshis>());
    }
    let promise = |asset: &str, amount: i64| {
        let to = Destination::user("bob");
        client.create_promise(&CreatePromise::new("1Source", to, asset, Satoshis::new(amount)))
    };
    table.error("a promise of 0", promise("TOKENLY", 0));
    table.error("a promise of an asset with an empty name", promise("", 1));
    table.error("an empty user name", {
        client.check_user("", &"TOKENLY".parse::<Rules>().unwrap())
    });
    table.error("a login without a redirect URI", {
        let client = tokenpass_client::Client::builder("id", "secret").no_proxy().build().unwrap();
        client.begin_login([Scope::User])
    });
    table.display("the callback of another login", {
        let login = client.begin_login([Scope::User]).unwrap();
        login.read_callback("https://app.example.com/back?code=c1&state=other").map(drop)
    });
    table.display("a callback without a code", {
        let login = client.begin_login([Scope::User]).unwrap();
        let state = login.state().expose();
        login.read_callback(&format!("https://app.example.com/back?state={state}")).map(drop)
    });
}

fn arguments_of_tpay(table: &mut Mistakes, sandbox: &Sandbox) {
    let client = tpay(sandbox).no_proxy().build().unwrap();
    table.section("Arguments: Tpay");
    for amount in ["", "12,34", "12.34 PLN", "1 000"] {
        table.error(&format!("the amount {amount:?}"), amount.parse::<Amount>());
    }
    let create = |order: CreateTransaction| client.create_transaction(&order);
    table.error("an amount of 0", create(order(grosze(0))));
    table.error("three decimal places", create(order("1.234".parse().unwrap())));
    table.error("an empty description", {
        create(CreateTransaction::new(grosze(1), "", Payer::new("jan@example.com", "Jan Nowak")))
    });
    table.error("an empty e-mail address", {
        create(CreateTransaction::new(grosze(1), "Order 7", Payer::new("", "Jan Nowak")))
    });
    table.error("the currency `złoty`", create(order(grosze(1)).currency("złoty")));
    table.error("the language `polish`", create(order(grosze(1)).lang("polish")));
    table.error("an empty transaction id", client.get_transaction(""));
    table.error("the transaction id `..`", client.get_transaction(".."));
    table.error("a BLIK code of five digits", {
        client.pay_transaction("01ABC", Pay::blik(BlikPayment::code("12345")))
    });
    table.error("a refund of a negative amount", {
        client.refund_transaction(&RefundTransaction::new("01ABC").amount(grosze(-100)))
    });
    let list = |list: ListTransactions| client.list_transactions(&list);
    table.error("the status `payed`", {
        list(ListTransactions::new().status(TransactionStatus::from("payed")))
    });
    table.error("the date 2026-02-30", list(ListTransactions::new().from("2026-02-30 12:00:00")));
    table.error("a page of 1000 entries", list(ListTransactions::new().limit(1000)));
    table.error("page 0", list(ListTransactions::new().page(0)));
}

fn network(table: &mut Mistakes) {
    use tinypass_client::{Client, Environment};

    table.section("Network");
    let at = |url: String| {
        Client::builder("AID", "key").environment(Environment::custom(url)).no_proxy().retries(0)
    };
    let user = |client: Client| client.get_user("kjkxrNWUyD");
    let closed = ClosedPort::reserve();
    table.error("no server is listening", user(at(closed.url()).build().unwrap()));
    table.error("no server is listening: a write", {
        let client = at(closed.url()).build().unwrap();
        client.grant_access(&GrantAccess::new("r", "ann@example.com"))
    });
    table.error("the proxy is not running", {
        let client = Client::builder("AID", "key").proxy(closed.url()).retries(0);
        user(client.build().unwrap())
    });
    let sandbox = Sandbox::start().unwrap();
    table.error("TLS to a port without TLS", {
        let url = sandbox.tinypass().base_url().replace("http:", "https:");
        user(at(url).build().unwrap())
    });
    table.error("an unknown certificate authority", {
        let server = tls::Server::start("localhost");
        user(at(server.url("localhost")).build().unwrap())
    });
    table.error("a certificate for another host", {
        let server = tls::Server::start("other.example");
        let client = at(server.url("localhost"));
        user(client.extra_root_certificates(server.ca_pem.as_bytes()).build().unwrap())
    });
    table.error("an expired certificate", {
        let server = tls::Server::start_valid("localhost", (2000, 2001));
        let client = at(server.url("localhost"));
        user(client.extra_root_certificates(server.ca_pem.as_bytes()).build().unwrap())
    });
    let sandbox_client = || at(sandbox.tinypass().base_url().to_owned());
    table.error("no response before the timeout", {
        let stall = Misbehaviour::StallInHeaders(Duration::from_secs(600));
        sandbox.tinypass().misbehave(stall, 1);
        user(sandbox_client().timeout(Duration::from_millis(200)).build().unwrap())
    });
    sandbox.tinypass().behave();
    table.error("the connection is reset during a write", {
        sandbox.tinypass().misbehave(Misbehaviour::ResetAfterReading, 1);
        let client = sandbox_client().build().unwrap();
        client.grant_access(&GrantAccess::new("r", "ann@example.com"))
    });
    table.error("a response larger than the limit", {
        sandbox.tinypass().misbehave(Misbehaviour::Endless, 1);
        user(sandbox_client().response_limit(1000).build().unwrap())
    });
}

fn servers(table: &mut Mistakes, sandbox: &Sandbox) {
    use api_sandbox::tokenpass as server;
    use tinycert_client::cert::StatusMask;

    table.section("Requests that a server rejects");
    table.error("TinyPass: a wrong private key", {
        let url = sandbox.tinypass().base_url();
        let environment = tinypass_client::Environment::custom(url);
        let client = tinypass_client::Client::builder("SANDBOXAID", "wrong").no_proxy();
        client.environment(environment).build().unwrap().get_access("premium-content", "user_42")
    });
    let wrong_secret = |secret: &str| {
        let environment = tpay_client::Environment::custom(sandbox.tpay().base_url());
        let client = tpay_client::Client::builder("id", secret).environment(environment);
        client.no_proxy().build().unwrap().get_transaction("01ABC")
    };
    table.error("Tpay: a wrong client secret", wrong_secret("other-secret"));
    table.error("Tpay: a client secret with a space", wrong_secret("other-secret "));
    let client = tinycert(sandbox).no_proxy().build().unwrap();
    table.error(
        "TinyCert: a wrong passphrase",
        client.connect("account@example.org", "other words"),
    );
    let with_token =
        |token: &str| tokenpass(sandbox).oauth_token(token).no_proxy().build().unwrap();
    table.error("Tokenpass: an expired token", with_token(server::EXPIRED_TOKEN).get_user());
    table.error("Tokenpass: a token without the scope", {
        with_token(server::LIMITED_TOKEN).list_protected_balances()
    });
    table.error("Tokenpass: a clock that is an hour slow", {
        let slow = SystemClock.now() - Duration::from_secs(3600);
        let seconds = slow.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        tokenpass(sandbox)
            .clock(ManualClock::at_unix(seconds))
            .no_proxy()
            .build()
            .unwrap()
            .list_credit_groups()
    });
    let tpay_client = tpay(sandbox).no_proxy().build().unwrap();
    table.error("Tpay: an unknown transaction", {
        tpay_client.get_transaction("01M8M451EG9999999999999999")
    });
    table.error("Tpay: an invalid e-mail address", {
        let payer = Payer::new("jan@", "Jan Nowak");
        tpay_client.create_transaction(&CreateTransaction::new(grosze(1), "Order 7", payer))
    });
    let id = tpay_client.create_transaction(&order(grosze(100))).unwrap().transaction_id.unwrap();
    table.error("Tpay: a declined BLIK code", {
        tpay_client.pay_transaction(&id, Pay::blik(BlikPayment::code("700063")))
    });
    table.error("Tpay: a refund before the payment", {
        tpay_client.refund_transaction(&RefundTransaction::new(&id))
    });
    let session = client.connect("account@example.org", api_sandbox::tinycert::PASSPHRASE).unwrap();
    table.error("TinyCert: an unknown CA", session.get_ca_details(CaId::new(9999)));
    table.error("TinyCert: certificates of another account", {
        session.list_certs(CaId::new(api_sandbox::tinycert::FOREIGN_CA), StatusMask::ALL)
    });
    sandbox.tinycert().state(|server| server.creations_left = Some(0));
    table.error("TinyCert: too many certificates", {
        session.create_cert(&CreateCert::new(CaId::new(561), "US", "ACME, Inc.", "example.com"))
    });
    drop(session);
    let tinypass = tinypass(sandbox).no_proxy().retries(0).build().unwrap();
    sandbox.tinypass().misbehave(Misbehaviour::TooManyRequests(Some(60)), 1);
    table.error("TinyPass: too many requests", tinypass.get_access("premium-content", "user_42"));
    table.error("TinyPass: an unknown resource", {
        tinypass.grant_access(&GrantAccess::new("no-resource", "ann@example.com"))
    });
}

fn responses(table: &mut Mistakes) {
    use api_auth::{Response, http};

    table.section("Responses that cannot be used");
    let with = |status: u16, body: &'static str| {
        let transport = move |_: Request| -> Result<Response, TransportError> {
            let response = http::Response::builder().status(status);
            Ok(response.body(body.as_bytes().to_vec()).unwrap())
        };
        tinypass_client::Client::builder("AID", "key")
            .transport(transport)
            .clock(ManualClock::at_unix(1_700_000_000))
            .build()
            .unwrap()
    };
    let html = "<html><h1>502 Bad Gateway</h1></html>";
    table.error("an HTML page with status 502", with(502, html).get_user("u"));
    table.error("an HTML page with status 502: a write", {
        with(502, html).grant_access(&GrantAccess::new("r", "ann@example.com"))
    });
    table.error("an HTML page with status 200", with(200, html).get_user("u"));
    table.error("an empty body", with(200, "").get_user("u"));
    table.error("truncated JSON", with(200, r#"{"uid":"kjkx"#).get_user("u"));
    table.error("a wrong type in a field", with(200, r#"{"uid":{"a":1}}"#).get_user("u"));
    table.error("an invalid time in a list", {
        with(200, r#"{"data":[{"rid":"r","expires":"soon"}]}"#).search_access(&SearchAccess::new())
    });
    table.error("a redirect", with(302, "").get_user("u"));
}

fn notifications(table: &mut Mistakes, sandbox: &Sandbox) {
    table.section("Messages from a provider");
    let client = tpay(sandbox).no_proxy().build().unwrap();
    let reader = || {
        let reader = client.notifications().unwrap().certificate(testing::CERTIFICATE);
        reader.anchors(testing::ANCHORS).unwrap()
    };
    let payment = testing::payment("TR-1", grosze(1234), "order-7", "code");
    let signature = testing::sign(&client, payment.as_bytes()).unwrap();
    let read =
        |signature: &str, body: &str| reader().merchant_id("1010").read(signature, body.as_bytes());
    table.error("a notification without a signature", {
        reader().merchant_id("1010").read_request(&api_auth::http::HeaderMap::new(), b"{}")
    });
    table.error("a signature that is not a JWS", read("abc", &payment));
    table.error("a changed body", read(&signature, &payment.replace("12.34", "99.99")));
    table.error("a reader without a merchant id", reader().read(&signature, payment.as_bytes()));
    table.error("a merchant id with letters", {
        reader().merchant_id("shop-7").read(&signature, payment.as_bytes())
    });
    table.error("a notification for another merchant", {
        reader().merchant_id("2020").read(&signature, payment.as_bytes())
    });
    table.error("a wrong security code", {
        let reader = reader().merchant_id("1010").security_code("other");
        reader.read(&signature, payment.as_bytes())
    });
    let unknown = r#"{"type":"loyalty_points","data":{}}"#;
    table.error("an unknown kind of notification", {
        read(&testing::sign(&client, unknown.as_bytes()).unwrap(), unknown)
    });
    table.error("a trust anchor that is not PEM", {
        client.notifications().unwrap().anchors("not a certificate").map(drop)
    });
    let blocks = tinypass_client::blocks::Blocks::new("AID", "key").unwrap();
    table.display("a forged cookie", blocks.read_cookie("{jax}forged").map(drop));
    table.display("a cookie that is not signed", blocks.read_cookie("{jox}[]").map(drop));
    table.display("a forged webhook", blocks.read_webhook("forged").map(drop));
}

fn files(table: &mut Mistakes, sandbox: &Sandbox) {
    table.section("Files");
    let guard = Folder::new("mistakes");
    let folder = &guard.0;
    std::fs::create_dir_all(folder).unwrap();
    table.hide(folder.display().to_string());
    table.error("an application name with a slash", FileStore::user_cache("shop/7"));
    table.error("a file of certificates in a missing folder", {
        let client = tinycert(sandbox).no_proxy().build().unwrap();
        let session = client.connect("account@example.org", api_sandbox::tinycert::PASSPHRASE);
        let files = tinycert_client::KeyPairFiles::for_name(folder.join("missing"), "example.com");
        session.unwrap().save_to_files(CertId::new(14236), &files)
    });
    table.error("a recording in a missing folder", {
        let client = tpay(sandbox).no_proxy().record(folder.join("missing/session.jsonl"));
        client.build()
    });
}
