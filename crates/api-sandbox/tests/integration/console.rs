//! Tests of the console page.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::io::{Read, Write};
use std::net::TcpStream;

use api_sandbox::{Misbehaviour, Sandbox, SandboxClock, Service, tpay};

/// A client of the console that behaves like a browser.
struct Browser {
    address: String,
}

impl Browser {
    fn new(base_url: &str) -> Self {
        Self { address: base_url.strip_prefix("http://").unwrap().to_owned() }
    }

    /// Sends a request with these headers and this body.
    fn send(&self, line: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{line} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        )
        .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }

    fn host(&self) -> String {
        format!("Host: {}\r\n", self.address)
    }

    fn get(&self, path: &str) -> String {
        self.send(&format!("GET {path}"), &self.host(), "")
    }

    /// Returns the secret key in the forms.
    fn key(&self) -> String {
        let page = self.get("/_sandbox");
        let (_, rest) = page.split_once("name=\"key\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    /// Sends a form. Returns the status.
    fn post(&self, fields: &str) -> String {
        let body = format!("key={}&{fields}", self.key());
        let response = self.send("POST /_sandbox", &self.host(), &body);
        response.split(' ').nth(1).unwrap().to_owned()
    }
}

/// Creates a transaction with this hidden description, in JSON. Returns its id.
fn create_transaction(server: &Browser, hidden_description: &str) -> String {
    let json = |response: &str| -> serde_json::Value {
        serde_json::from_str(response.split_once("\r\n\r\n").unwrap().1).unwrap()
    };
    let form = format!("client_id={}&client_secret={}", tpay::CLIENT_ID, tpay::CLIENT_SECRET);
    let headers = format!("{}Content-Type: application/x-www-form-urlencoded\r\n", server.host());
    let token = json(&server.send("POST /oauth/auth", &headers, &form))["access_token"].clone();
    let token = token.as_str().unwrap();
    let headers = format!(
        "{}Authorization: Bearer {token}\r\nContent-Type: application/json\r\n",
        server.host()
    );
    let body = format!(
        r#"{{"amount":12.34,"description":"Order 7","hiddenDescription":"{hidden_description}",
            "payer":{{"email":"jan.nowak@example.com","name":"Jan Nowak"}}}}"#
    );
    let created = json(&server.send("POST /transactions", &headers, &body));
    created["transactionId"].as_str().unwrap_or_else(|| panic!("{created}")).to_owned()
}

#[test]
fn page_shows_the_state_and_its_buttons_change_it() {
    let sandbox = Sandbox::start().unwrap();
    let browser = Browser::new(sandbox.tpay().base_url());
    let id = create_transaction(&browser, r#"<b>\"O'Neil\" & b</b>"#);
    let page = browser.get("/_sandbox");
    assert!(page.contains("&lt;b&gt;&quot;O&#39;Neil&quot; &amp; b&lt;/b&gt;"), "{page}");
    assert!(page.contains("content-security-policy: default-src 'none'"));
    assert!(!page.contains("<script") && !page.contains("to fail"));
    let button = format!(
        "name=\"action\" value=\"pay\"><input type=\"hidden\" name=\"subject\" value=\"{id}\">"
    );
    assert!(page.contains(&button) && page.contains("<button>Pay</button>"), "{page}");
    assert_eq!(browser.post(&format!("do=press&action=pay&subject={id}")), "303");
    assert_eq!(sandbox.tpay().state(|tpay| tpay.transaction(&id).unwrap().status), "correct");
    assert_eq!(browser.post(&format!("do=press&action=pay&subject={id}")), "409");
    assert_eq!(sandbox.take_seen().len(), 2, "only the token and the transaction are recorded");
}

#[test]
fn buttons_of_accesses_tokens_and_promises_remove_one() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.tinypass().state(|server| {
        let id = server.accesses[0].id.clone();
        let rest: Vec<_> = server.accesses.iter().skip(1).map(|access| access.id.clone()).collect();
        assert!(!server.press("remove", "none") && !server.press("expire", &id));
        assert!(server.press("remove", &id) && !server.press("remove", &id));
        assert_eq!(
            server.accesses.iter().map(|access| &access.id).collect::<Vec<_>>(),
            rest.iter().collect::<Vec<_>>()
        );
    });
    sandbox.tokenpass().state(|server| {
        server.lend("cryptonaut", "bob", "SOUP", 1, None);
        server.lend("cryptonaut", "bob", "SOUP", 2, None);
        let kept = server.promises.len() - 1;
        let id = server.promises[kept].id.to_string();
        assert!(!server.press("remove", "none") && !server.press("expire", &id));
        assert!(server.press("remove", &id) && !server.press("remove", &id));
        assert!(
            server.promises.len() == kept
                && server.promises.iter().all(|one| one.id.to_string() != id)
        );
        let kept = server.tokens.len() - 1;
        let token = server.tokens[0].token.clone();
        assert!(!server.press("expire", "none") && !server.press("remove", &token));
        assert!(server.press("expire", &token) && !server.press("expire", &token));
        assert!(server.tokens.len() == kept && server.tokens.iter().all(|one| one.token != token));
    });
}

#[test]
fn buttons_of_payments_and_aliases_are_those_of_the_payer() {
    let sandbox = Sandbox::start().unwrap();
    let browser = Browser::new(sandbox.tpay().base_url());
    let id = create_transaction(&browser, "a");
    let other = create_transaction(&browser, "b");
    // The newest transaction is in the first row.
    let labels = |server: &tpay::Tpay| {
        let rows = &server.console().tables[0].rows;
        [1, 0].map(|row: usize| {
            rows[row].buttons.iter().map(|button| button.label).collect::<Vec<_>>().join(", ")
        })
    };
    sandbox.tpay().state(|server| {
        assert_eq!(labels(server), ["Pay, Decline"; 2]);
        assert!(!server.press("chargeback", &id) && !server.press("decline", "none"));
        assert!(server.press("decline", &id));
        assert_eq!(server.transaction(&id).unwrap().attempts.len(), 1);
        assert!(server.press("pay", &id) && !server.press("decline", &id));
        assert_eq!(labels(server), ["Charge back", "Pay, Decline"]);
        assert!(server.press("chargeback", &id) && !server.press("chargeback", &id));
        assert_eq!(labels(server), ["", "Pay, Decline"]);
        assert_eq!(server.transaction(&id).unwrap().status, "refund");
        assert_eq!(server.transaction(&other).unwrap().status, "pending");
        let alias = format!("UID:{}", tpay::UID_ALIAS);
        let count = server.console().tables[1].rows.len();
        assert!(server.press("unregister", &alias));
        assert_eq!(server.console().tables[1].rows.len(), count - 1);
        assert!(!server.press("unregister", &alias));
        assert!(!server.press("confirm", &alias));
        assert!(server.press("revoke", "") && server.press("refunds", ""));
        assert!(!server.press("", "") && !server.press("remove", &id));
    });
}

#[test]
fn requests_are_shown_with_their_verdict() {
    let sandbox = Sandbox::start().unwrap();
    let browser = Browser::new(sandbox.tinypass().base_url());
    assert!(browser.get("/_sandbox/requests").contains("No request so far."));
    browser.get("/r2/access?secret=CANARY");
    let page = browser.get("/_sandbox/requests");
    for part in ["GET /r2/access", "access.get", ">invalid<", ">401<"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("CANARY"));
}

#[test]
fn limited_record_is_what_the_console_shows() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.limit_record();
    let browser = Browser::new(sandbox.tpay().base_url());
    let headers = format!("{}Authorization: Bearer secret\r\n", browser.host());
    for _ in 0..103 {
        browser.send("POST /transactions?secret=1", &headers, "secret");
    }
    let page = browser.get("/_sandbox/requests");
    assert!(page.contains("<td>103</td><td>POST /transactions</td>"), "{page}");
    assert!(page.contains("<td>4</td>") && !page.contains("<td>3</td>"), "{page}");
    let seen = sandbox.take_seen();
    assert_eq!(seen.len(), 100);
    for seen in seen {
        assert_eq!((seen.request.target.as_str(), seen.status), ("/transactions", Some(401)));
        assert!(seen.request.headers.is_empty() && seen.request.body.is_empty());
        assert!(seen.to_string().contains("POST /transactions  transactions.create"), "{seen}");
    }
    browser.get("/transactions");
    assert!(browser.get("/_sandbox/requests").contains("<td>1</td><td>GET /transactions</td>"));
    // Other servers record everything by default.
    let sandbox = Sandbox::start().unwrap();
    let browser = Browser::new(sandbox.tpay().base_url());
    for _ in 0..103 {
        browser.send("POST /transactions?secret=1", &browser.host(), "secret");
    }
    let seen = sandbox.take_seen();
    assert!(seen.len() == 103 && seen[0].request.body == b"secret", "{}", seen.len());
}

#[test]
fn forms_set_misbehaviours_and_the_clock() {
    let sandbox = Sandbox::start().unwrap();
    let server = sandbox.tokenpass();
    let browser = Browser::new(server.base_url());
    server.misbehave(Misbehaviour::CutBody, 1);
    assert!(browser.get("/_sandbox").contains("1 to fail"));
    assert_eq!(browser.post("do=behave"), "303");
    assert_eq!(browser.post("do=misbehave&failure=bad-gateway&times=1"), "303");
    assert!(browser.get("/api/v1/tca/check/a").starts_with("HTTP/1.1 502 "));
    assert!(!browser.get("/api/v1/tca/check/a").starts_with("HTTP/1.1 502 "));
    let before = sandbox.clock().unix();
    assert_eq!(browser.post("do=advance&seconds=86400"), "303");
    assert!(sandbox.clock().unix() >= before + 86_400);
    for wrong in ["do=misbehave&failure=bad-gateway&times=0", "do=advance&seconds=x", "do=x", ""] {
        assert_eq!(browser.post(wrong), "400", "{wrong}");
    }
}

#[test]
fn forms_that_are_not_those_of_the_page_are_rejected() {
    // It stands still, so that two pages with the same state are equal.
    let clock = SandboxClock::at_unix(1_800_000_000);
    let sandbox = Sandbox::start_with_clock(0, clock.clone()).unwrap();
    let long = format!("do=press&action=pay&subject={}", "x".repeat(900_000));
    for (provider, base_url) in sandbox.base_urls() {
        let browser = Browser::new(base_url);
        let page = browser.get("/_sandbox");
        for wrong in [
            "do=",
            "do=behave&do=behave",
            "do=behave&times=1",
            "do=behave&key=x",
            "do=misbehave",
            "do=misbehave&failure=bad-gateway",
            "do=misbehave&failure=bad-gateway&times=1&times=2",
            "do=misbehave&failure=bad-gateway&times=1001",
            "do=misbehave&failure=bad-gateway&times=%2B1",
            "do=misbehave&failure=bad-gateway&times=01",
            "do=misbehave&failure=&times=1",
            "do=misbehave&failure=%3Cb%3E&times=1",
            "do=misbehave&failure=bad-gateway&times=1&path=a",
            "do=advance",
            "do=advance&seconds=0",
            "do=advance&seconds=-1",
            "do=advance&seconds=60.0",
            "do=advance&seconds=4294967297",
            "do=advance&seconds=18446744073709551616",
            "do=advance&seconds=60&seconds=60",
            "do=advance&seconds=60&subject=",
            "do=press",
            "do=press&action=remove",
            "do=press&subject=",
            "do=press&action=&subject=",
            "do=press&action=%3Cscript%3E&subject=",
            "do=press&action=remove&subject=a&subject=b",
            "do=behave&a=%",
            "do=behave&a=%ff",
            "do=behave&a=\u{142}",
            "do=behave&",
        ] {
            assert_eq!(browser.post(wrong), "400", "{provider}: {wrong}");
        }
        let is_tpay = provider == "tpay";
        assert_eq!(browser.post(&long), if is_tpay { "409" } else { "400" }, "{provider}");
        let known = match provider {
            "tinycert" => "action=sessions&subject=other",
            "tpay" => "action=revoke&subject=other",
            _ => "action=remove&subject=other",
        };
        assert_eq!(browser.post(&format!("do=press&{known}")), "409", "{provider}");
        assert_eq!(browser.get("/_sandbox"), page, "{provider}: nothing has changed");
    }
    assert_eq!(clock.unix(), 1_800_000_000);
}

#[test]
fn requests_that_are_not_those_of_a_browser_are_rejected() {
    let sandbox = Sandbox::start().unwrap();
    let browser = Browser::new(sandbox.tinycert().base_url());
    let (host, key) = (browser.host(), browser.key());
    let form = format!("key={key}&do=behave");
    let name = host.trim_end();
    let kind = |kind: &str| format!("{host}Content-Type: {kind}\r\n");
    let origin = format!("Origin: http://{}\r\n", browser.address);
    for (line, headers, body, status) in [
        ("GET /_sandbox?", host.clone(), "", "200"),
        ("GET /_sandbox?page=2", host.clone(), "", "400"),
        ("POST /_sandbox?do=behave", host.clone(), form.as_str(), "400"),
        ("GET /_sandbox/requests?x", host.clone(), "", "400"),
        ("GET /_sandbox", host.clone(), &form, "400"),
        ("GET /_sandbox/", host.clone(), "", "404"),
        ("POST /_sandbox/", host.clone(), &form, "404"),
        ("GET /_sandbox/../_sandbox", host.clone(), "", "404"),
        ("GET /_sandbox/requests/", host.clone(), "", "404"),
        ("POST /_sandbox/requests", host.clone(), &form, "405"),
        ("DELETE /_sandbox", host.clone(), "", "405"),
        ("PATCH /_sandbox", host.clone(), &form, "405"),
        ("OPTIONS /_sandbox/requests", host.clone(), "", "405"),
        ("get /_sandbox", host.clone(), "", "405"),
        ("GET /_sandbox", format!("{name}0\r\n"), "", "403"),
        ("GET /_sandbox", format!("{name}@evil.example\r\n"), "", "403"),
        ("GET /_sandbox", "Host: 127.0.0.1\r\n".to_owned(), "", "403"),
        ("GET /_sandbox", "Host: \u{fc}\r\n".to_owned(), "", "403"),
        ("GET /_sandbox", "Host: \r\n".to_owned(), "", "403"),
        ("GET /_sandbox", format!("{host}{host}"), "", "400"),
        ("POST /_sandbox", format!("{host}{origin}Origin: null\r\n"), &form, "403"),
        ("POST /_sandbox", format!("{host}{origin}{origin}"), &form, "403"),
        ("POST /_sandbox", format!("{host}Origin: \u{fc}\r\n"), &form, "403"),
        ("POST /_sandbox", format!("{host}Origin: \r\n"), &form, "403"),
        ("POST /_sandbox", kind("text/plain"), &form, "400"),
        ("POST /_sandbox", kind("multipart/form-data; boundary=x"), &form, "400"),
        ("POST /_sandbox", kind("application/json"), &form, "400"),
        ("POST /_sandbox", kind("application/x-www-form-urlencoded; charset=UTF-8"), &form, "303"),
    ] {
        let response = browser.send(line, &headers, body);
        assert_eq!(response.split(' ').nth(1), Some(status), "{line} {headers} {body}: {response}");
        let allowed = match line {
            _ if status != "405" => None,
            line if line.contains("/requests") => Some("GET, HEAD"),
            _ => Some("GET, HEAD, POST"),
        };
        let allow = response.lines().find_map(|line| line.strip_prefix("allow: "));
        assert_eq!(allow, allowed, "{line}");
    }
    let chunked = |coding: &str| {
        let mut stream = TcpStream::connect(&browser.address).unwrap();
        let body = format!("{:x}\r\n{form}\r\n0\r\n\r\n", form.len());
        write!(
            stream,
            "POST /_sandbox HTTP/1.1\r\n{host}Connection: close\r\nTransfer-Encoding: {coding}\r\n\r\n{body}"
        )
        .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!((chunked("chunked"), chunked("gzip")), ("303".to_owned(), "501".to_owned()));
    let head = |path: &str| browser.send(&format!("HEAD {path}"), &host, "");
    for path in ["/_sandbox", "/_sandbox/requests"] {
        let (page, head) = (browser.get(path), head(path));
        let expected = page.split_once("\r\n\r\n").unwrap().0;
        assert_eq!(head.trim_end(), expected, "{path}");
    }
}

#[test]
fn every_button_has_a_known_action() {
    fn check(server: &impl Service) {
        let page = server.console();
        let rows = page.tables.iter().flat_map(|table| &table.rows);
        let buttons = page.buttons.iter().chain(rows.flat_map(|row| &row.buttons));
        for button in buttons {
            assert!(server.has_action(button.action), "{}: {button:?}", page.title);
        }
        assert!(!server.has_action("") && !server.has_action("Pay"), "{}", page.title);
    }

    let sandbox = Sandbox::start().unwrap();
    let tpay = Browser::new(sandbox.tpay().base_url());
    let ids = [create_transaction(&tpay, "a"), create_transaction(&tpay, "b")];
    sandbox.tpay().state(|server| {
        assert!(server.pay(&ids[0]));
        check(server);
    });
    sandbox.tinypass().state(|server| check(server));
    sandbox.tinycert().state(|server| check(server));
    sandbox.tokenpass().state(|server| {
        server.lend("cryptonaut", "bob", "SOUP", 1, None);
        check(server);
    });
}

/// Stored strings that a request can set.
#[test]
fn stored_strings_are_escaped_on_every_page() {
    let sandbox = Sandbox::start().unwrap();
    let hostile = "<script>alert(1)</script>'\"><img src=x onerror=y>&lt;\u{0}\u{202e}";
    let long = "x".repeat(1_000_000);
    sandbox.tinypass().state(|server| {
        server.add_access(hostile, hostile, hostile, 1, Some(u64::MAX));
        server.add_access(&long, &long, &long, 1, None);
    });
    sandbox.tinycert().state(|server| server.add_cert(561, hostile, &[], 4_000_000_000)).unwrap();
    sandbox.tokenpass().state(|server| {
        server.lend(hostile, hostile, hostile, i64::MIN, Some(u64::MAX));
        server.users[0].username = hostile.to_owned();
        server.tokens[0].scopes = vec![hostile.to_owned()];
        server.tokens[0].client_id = hostile.to_owned();
        server.tokens[0].token = hostile.to_owned();
        server.tokens[0].expires = u64::MAX;
    });
    let tpay = Browser::new(sandbox.tpay().base_url());
    let id = create_transaction(&tpay, r#"<script>alert(1)</script>'\">"#);
    sandbox.tpay().state(|server| {
        server.add_alias(hostile, hostile, hostile);
        server.transactions[0].description = hostile.to_owned();
        server.transactions[0].currency = hostile.to_owned();
    });
    let title = sandbox.tpay().state(|server| server.transaction(&id).unwrap().title.clone());
    let mut pages: Vec<_> = sandbox
        .base_urls()
        .map(|(provider, url)| (provider, Browser::new(url).get("/_sandbox")))
        .into();
    pages.push(("payment", tpay.get(&format!("/?title={title}&uid={id}"))));
    for (provider, page) in pages {
        assert!(page.starts_with("HTTP/1.1 200 "), "{provider}");
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{provider}: {page}");
        for raw in ["<script", "<img", "'\">", "onerror=y>"] {
            assert!(!page.contains(raw), "{provider}: {raw}: {page}");
        }
    }
}

/// Returns the dates on a page, without the time.
fn dates(page: &str) -> Vec<String> {
    let parts = page.split(|char: char| !char.is_ascii_digit() && char != '-');
    parts
        .filter(|part| part.len() >= 10 && part.matches('-').count() == 2)
        .map(str::to_owned)
        .collect()
}

#[test]
fn clock_cannot_leave_its_range() {
    for start in ["1970-01-01", "9989-12-31T23:59:00Z"] {
        let clock: SandboxClock = start.parse().unwrap();
        let clock = SandboxClock::at_unix(clock.unix());
        let sandbox = Sandbox::start_with_clock(0, clock.clone()).unwrap();
        let id = create_transaction(&Browser::new(sandbox.tpay().base_url()), "order-7");
        assert!(sandbox.tpay().state(|server| server.pay(&id)));
        for (provider, base_url) in sandbox.base_urls() {
            let browser = Browser::new(base_url);
            let before = clock.unix();
            if start.starts_with("9989") {
                let body = format!("key={}&do=advance&seconds=3600", browser.key());
                let rejected = browser.send("POST /_sandbox", &browser.host(), &body);
                assert!(rejected.starts_with("HTTP/1.1 409 "), "{provider}: {rejected}");
                assert!(rejected.contains("to 9989-12-31T23:59:59Z"), "{provider}: {rejected}");
                assert_eq!(clock.unix(), before);
            } else {
                assert_eq!(browser.post("do=advance&seconds=3600"), "303");
                assert_eq!(clock.unix(), before + 3600);
            }
            let dates = dates(&browser.get("/_sandbox"));
            assert!(!dates.is_empty(), "{provider}");
            for date in dates {
                let years = if start.starts_with("9989") { "9989".."9999" } else { "1970".."1972" };
                assert!(date.len() == 10 && years.contains(&date.as_str()), "{provider}: {date}");
            }
        }
    }
}

#[test]
fn every_server_has_a_console() {
    let sandbox = Sandbox::start().unwrap();
    for (base_url, title, part) in [
        (sandbox.tinypass().base_url(), "TinyPass", "Accesses"),
        (sandbox.tinycert().base_url(), "TinyCert", "soon.example.org"),
        (sandbox.tokenpass().base_url(), "Tokenpass", "cryptonaut"),
        (sandbox.tpay().base_url(), "Tpay", "Transactions"),
    ] {
        let page = Browser::new(base_url).get("/_sandbox");
        assert!(page.contains(&format!("<h1>{title} sandbox</h1>")), "{page}");
        assert!(page.contains(part), "{title}: {page}");
    }
}

#[test]
fn other_websites_cannot_use_the_console() {
    let sandbox = Sandbox::start().unwrap();
    let browser = Browser::new(sandbox.tinycert().base_url());
    let (host, key) = (browser.host(), browser.key());
    let form = format!("key={key}&do=press&action=sessions&subject=");
    for (line, headers, body, status) in [
        // The Host of another website whose name resolves to this server.
        ("GET /_sandbox", "Host: evil.example\r\n".to_owned(), "", "403"),
        ("GET /_sandbox/requests", "Host: evil.example\r\n".to_owned(), "", "403"),
        ("POST /_sandbox", "Host: evil.example\r\n".to_owned(), form.as_str(), "403"),
        // A form on another website.
        ("POST /_sandbox", format!("{host}Origin: http://evil.example\r\n"), &form, "403"),
        ("POST /_sandbox", format!("{host}Origin: null\r\n"), &form, "403"),
        ("POST /_sandbox", host.clone(), "do=press&action=sessions&subject=", "403"),
        ("POST /_sandbox", host.clone(), "key=&do=press&action=sessions&subject=", "403"),
        ("GET /_sandbox/other", host.clone(), "", "404"),
        ("PUT /_sandbox", host.clone(), "", "405"),
        ("POST /_sandbox", format!("{host}Origin: http://{}\r\n", browser.address), &form, "303"),
    ] {
        let response = browser.send(line, &headers, body);
        assert_eq!(response.split(' ').nth(1), Some(status), "{line} {headers} {body}: {response}");
    }
}

#[test]
fn other_addresses_have_no_console() {
    let sandbox = Sandbox::start().unwrap();
    let direct = Browser::new(sandbox.tpay().base_url());
    let loopback = (std::net::Ipv4Addr::LOCALHOST, 0).into();
    let other = Browser::new(&sandbox.tpay().listen(loopback, None).unwrap());
    let form = format!("key={}&do=misbehave&failure=bad-gateway&times=1", direct.key());
    for headers in [direct.host(), other.host()] {
        for (line, body) in [
            ("GET /_sandbox", ""),
            ("HEAD /_sandbox", ""),
            ("GET /_sandbox/requests", ""),
            ("POST /_sandbox", form.as_str()),
        ] {
            let response = other.send(line, &headers, body);
            assert!(response.starts_with("HTTP/1.1 403 "), "{line} {headers}: {response}");
            assert!(!response.contains("name=\"key\""), "{line} {headers}: {response}");
        }
    }
    // The form had no effect, and all other paths are those of the same server.
    assert!(other.get("/transactions").starts_with("HTTP/1.1 401 "));
    assert_eq!(sandbox.tpay().take_seen().len(), 1);
    assert_eq!(direct.post("do=misbehave&failure=bad-gateway&times=1"), "303");
    assert!(other.get("/transactions").starts_with("HTTP/1.1 502 "));
}
