//! Tests of the Tokenpass server, with requests that the tests sign themselves.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::string_slice, clippy::print_stdout, reason = "tests")]

mod rules;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use api_sandbox::tokenpass::{self as tp, Generation, Key, Tokenpass};
use api_sandbox::{Raw, Sandbox, SandboxClock, Service, Verdict};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const HOST: &str = "127.0.0.1:4000";

/// The authentication of a request.
#[derive(Clone, Copy)]
enum As<'a> {
    Nobody,
    /// Signed with this id and secret.
    Pair(&'a str, &'a str),
}

const APP: As<'_> = As::Pair(tp::CLIENT_ID, tp::CLIENT_SECRET);
const OTHER: As<'_> = As::Pair(tp::OTHER_CLIENT_ID, tp::OTHER_CLIENT_SECRET);
const USER: As<'_> = As::Pair(tp::PRIVILEGED_CLIENT_ID, tp::PRIVILEGED_CLIENT_SECRET);

struct Bench {
    server: Tokenpass,
    clock: SandboxClock,
}

struct Got {
    status: u16,
    headers: Vec<(String, String)>,
    text: String,
    verdict: Verdict,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    fn location(&self) -> &str {
        assert_eq!(self.status, 302, "{}", self.text);
        self.header("location").unwrap()
    }
}

fn mac(secret: &str, message: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

/// Converts a query whose names and values need no escapes to JSON.
fn params(query: &str) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap();
        format!("\"{name}\":\"{}\"", value.replace("%3E", ">").replace("%3C", "<"))
    });
    format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
}

impl Bench {
    fn new() -> Self {
        // It stands still, however slow this machine is.
        let clock = SandboxClock::at_unix(SandboxClock::default().unix());
        Self { server: Tokenpass::new(clock.clone()), clock }
    }

    fn send(
        &mut self,
        method: &str,
        target: &str,
        body: &str,
        headers: Vec<(&str, String)>,
    ) -> Got {
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value.into()));
        let request = Raw {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: headers.collect(),
            body: body.as_bytes().to_vec(),
        };
        let (response, verdict) = self.server.respond(&request);
        let text = String::from_utf8(response.body).unwrap();
        Got { status: response.status, headers: response.headers, text, verdict }
    }

    fn ask(&mut self, who: As<'_>, method: &str, target: &str, body: &Value) -> Got {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut headers = vec![("Host", HOST.to_owned())];
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json".to_owned()));
        }
        if let As::Pair(id, secret) = who {
            let nonce = self.clock.unix().to_string();
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            let signed = if body.is_empty() { params(query) } else { body.clone() };
            let message = format!("{method}\nhttp://{HOST}{path}\n{signed}\n{id}\n{nonce}");
            headers.push(("X-Tokenly-Auth-Api-Token", id.to_owned()));
            headers.push(("X-Tokenly-Auth-Nonce", nonce));
            let signature = STANDARD.encode(mac(secret, message.as_bytes()));
            headers.push(("X-Tokenly-Auth-Signature", signature));
        }
        self.send(method, target, &body, headers)
    }

    fn get(&mut self, who: As<'_>, target: &str) -> Got {
        self.ask(who, "GET", target, &Value::Null)
    }

    fn post(&mut self, who: As<'_>, target: &str, body: &Value) -> Got {
        self.ask(who, "POST", target, body)
    }

    /// Sends a request that must succeed. Returns the JSON of the response.
    fn good(&mut self, who: As<'_>, method: &str, target: &str, body: &Value) -> Value {
        let got = self.ask(who, method, target, body);
        assert_eq!(got.status, 200, "{method} {target}: {}", got.text);
        got.json()
    }

    /// Sends a request that is rejected. Returns the status and `error`.
    fn refusal(&mut self, who: As<'_>, method: &str, target: &str, body: &Value) -> (u16, String) {
        let got = self.ask(who, method, target, body);
        let json = got.json();
        let text = json["error"].as_str().or(json["message"].as_str());
        (got.status, text.unwrap_or_else(|| panic!("no refusal: {}", got.text)).to_owned())
    }

    fn form(&mut self, target: &str, body: &str) -> Got {
        let form = "application/x-www-form-urlencoded".to_owned();
        self.send("POST", target, body, vec![("Content-Type", form), ("Host", HOST.to_owned())])
    }
}

fn no(status: u16, text: &str) -> (u16, String) {
    (status, text.to_owned())
}

fn token(target: &str) -> String {
    let mark = if target.contains('?') { '&' } else { '?' };
    format!("{target}{mark}oauth_token={}", tp::OAUTH_TOKEN)
}

fn authorize(scope: &str) -> String {
    let (id, uri) = (tp::CLIENT_ID, "http%3A%2F%2F127.0.0.1%3A8000%2Foauth_callback");
    format!("client_id={id}&redirect_uri={uri}&scope={scope}&response_type=code&state=a%20state")
}

#[test]
fn application_and_user_keys_are_separate() {
    let mut bench = Bench::new();
    let got = bench.get(APP, "/api/v1/credits");
    let verdict = Verdict { endpoint: Some("credit_group.list"), signed: Some(true) };
    assert_eq!((got.status, got.verdict, got.text.as_str()), (200, verdict, r#"{"list":[]}"#));

    let got = bench.get(As::Pair(tp::CLIENT_ID, "wrong"), "/api/v1/credits");
    assert_eq!((got.status, got.verdict.signed), (403, Some(false)));
    let text = "Invalid Authorization Signature";
    assert_eq!(got.json(), json!({ "message": text, "errors": [text] }));

    for (who, target) in [(USER, "/api/v1/credits"), (APP, "/api/v1/tca/users?TOKENLY=1")] {
        let refused = bench.refusal(who, "GET", target, &Value::Null);
        assert_eq!(refused, no(403, "Invalid API Token"), "{target}");
    }
    assert_eq!(bench.get(USER, "/api/v1/tca/users?TOKENLY=1").status, 200);
}

#[test]
fn get_signature_depends_on_the_generation() {
    let mut bench = Bench::new();
    let target = "/api/v1/tca/addresses/bob?refresh=1";
    assert_eq!(bench.get(APP, target).status, 200);
    bench.server.generation = Generation::EmptyObject;
    assert_eq!(bench.get(APP, target).verdict.signed, Some(false));
    assert_eq!(bench.get(APP, "/api/v1/tca/addresses/bob").status, 200);
}

#[test]
fn body_only_generation_has_parameters_in_the_body_and_unique_nonces() {
    let mut bench = Bench::new();
    bench.server.generation = Generation::XApi;
    let body = format!(r#"{{"TOKENLY":"15","oauth_token":"{}"}}"#, tp::OAUTH_TOKEN);
    let mut send = |target: &str, body: &str, nonce: &str| {
        let signature = mac(tp::CLIENT_SECRET, format!("{nonce}{body}").as_bytes());
        let signature = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        let headers = vec![
            ("Content-Type", "application/json".to_owned()),
            ("X-API-Key", tp::CLIENT_ID.to_owned()),
            ("X-API-Nonce", nonce.to_owned()),
            ("X-API-Signature", signature),
        ];
        bench.send("GET", target, body, headers)
    };
    let got = send("/api/v1/tca/check/cryptonaut", &body, "one");
    assert_eq!((got.text.as_str(), got.verdict.signed), (r#"{"result":true}"#, Some(true)));
    // Parameters that the signature does not cover are ignored.
    let in_query =
        format!("/api/v1/tca/check/cryptonaut?TOKENLY=99&oauth_token={}", tp::OAUTH_TOKEN);
    let got = send(&in_query, &body, "three");
    assert_eq!((got.text.as_str(), got.status), (r#"{"result":true}"#, 200));
    let got = send(&in_query, "{}", "four");
    assert_eq!((got.status, got.verdict.signed), (403, Some(false)));
    assert_eq!(got.json()["message"], "No access token provided");
    let nobody = r#"{"oauth_token":null}"#;
    assert_eq!(send("/api/v1/credits", nobody, "two").status, 200);
    let again = send("/api/v1/credits", nobody, "two");
    assert_eq!(
        (again.status, again.json()["message"].as_str().unwrap()),
        (403, "Invalid nonce parameter")
    );
}

#[test]
fn rejected_tokens_have_specific_messages() {
    let mut bench = Bench::new();
    let mut of = |target: &str| {
        let got = bench.get(As::Nobody, target);
        assert_eq!((got.status, got.verdict.signed), (403, Some(false)), "{target}");
        got.json()["message"].as_str().unwrap().to_owned()
    };
    let target = |token: &str| format!("/api/v1/tca/protected/balances?oauth_token={token}");
    assert_eq!(of("/api/v1/tca/protected/balances"), "No access token provided");
    assert_eq!(of(&target("nobody")), "This access token was not found");
    assert_eq!(of(&target(tp::EXPIRED_TOKEN)), "This access token has expired");
    assert_eq!(of(&target(tp::LIMITED_TOKEN)), "One or more scopes are not authorized");
}

#[test]
fn bearer_header_is_accepted_only_if_configured() {
    let mut bench = Bench::new();
    let bearer = vec![("Authorization", format!("Bearer {}", tp::OAUTH_TOKEN))];
    let target = "/api/v1/tca/public/balances";
    assert_eq!(bench.send("GET", target, "", bearer.clone()).status, 403);
    bench.server.bearer = true;
    assert_eq!(bench.send("GET", target, "", bearer.clone()).status, 200);
    // If the header is accepted everywhere, it takes precedence over the query.
    let user = |token: &str| format!("/oauth/user?access_token={token}");
    assert_eq!(bench.send("GET", &user("nobody"), "", bearer).status, 200);
    assert_eq!(bench.get(As::Nobody, &user(tp::OAUTH_TOKEN)).json()["username"], tp::USERNAME);
    let got = bench.get(As::Nobody, &user(tp::EXPIRED_TOKEN));
    assert_eq!((got.status, &got.json()["error"]), (401, &json!("access_denied")));
    let got = bench.get(As::Nobody, "/oauth/user");
    assert_eq!((got.status, &got.json()["error"]), (400, &json!("invalid_request")));
}

#[test]
fn unknown_paths_and_methods_return_framework_pages() {
    let mut bench = Bench::new();
    for (method, target, status) in [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/credits/", 404),
        ("PUT", "/api/v1/credits", 405),
        ("POST", "/api/v1/lookup/address/null", 405),
        ("DELETE", "/api/v1/tca/provisional/register/x", 404),
    ] {
        let got = bench.ask(APP, method, target, &Value::Null);
        assert_eq!((got.status, got.verdict.endpoint), (status, None), "{method} {target}");
        assert!(got.header("content-type").unwrap().starts_with("text/html"));
    }
    let got = bench.ask(As::Nobody, "OPTIONS", "/api/v1/credits", &Value::Null);
    assert_eq!((got.status, got.text.as_str()), (200, ""));
    bench.server.routes_account_update = false;
    assert_eq!(bench.ask(As::Nobody, "PATCH", "/api/v1/update", &json!({})).status, 404);
}

#[test]
fn requests_are_limited_per_route_and_minute() {
    let mut bench = Bench::new();
    bench.server.rate_limit = Some(2);
    let first = bench.get(APP, "/api/v1/credits");
    assert_eq!(first.header("x-ratelimit-limit"), Some("2"));
    assert_eq!(first.header("x-ratelimit-remaining"), Some("1"));
    bench.get(APP, "/api/v1/credits");
    let refused = bench.get(APP, "/api/v1/credits");
    assert_eq!((refused.status, refused.text.as_str()), (429, "Too Many Attempts."));
    let reset = (bench.clock.unix() + 60).to_string();
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(refused.header("x-ratelimit-reset"), Some(&*reset));
    assert_eq!(bench.get(APP, "/api/v1/tca/provisional").status, 200, "another route");
    bench.clock.advance(Duration::from_secs(10));
    let refused = bench.get(APP, "/api/v1/credits");
    assert_eq!(refused.header("retry-after"), Some("50"));
    assert_eq!(refused.header("x-ratelimit-reset"), Some(&*reset));
    bench.clock.advance(Duration::from_secs(50));
    assert_eq!(bench.get(APP, "/api/v1/credits").status, 200);
}

#[test]
fn consent_is_stored_and_code_is_exchanged_once() {
    let mut bench = Bench::new();
    let page = format!("/oauth/authorize?{}", authorize("user%2Ctca"));
    let asked = bench.get(As::Nobody, &page);
    assert_eq!(asked.status, 200);
    assert!(asked.text.contains("sandbox_consent=grant"), "{}", asked.text);

    let denied = bench.get(As::Nobody, &format!("{page}&sandbox_consent=deny"));
    let denied = denied.location();
    assert!(
        denied.starts_with(&format!(
            "{}?error=access_denied&error_description=The+",
            tp::REDIRECT_URI
        ))
    );
    assert!(!denied.contains("state="), "{denied}");

    let granted = bench.get(As::Nobody, &format!("{page}&sandbox_consent=grant"));
    let location = granted.location().to_owned();
    let (code, state) = location.split_once("?code=").unwrap().1.split_once('&').unwrap();
    assert_eq!((code.len(), state), (40, "state=a+state"));

    let form = |code: &str, id: &str, secret: &str, uri: &str| {
        format!(
            "grant_type=authorization_code&code={code}&client_id={id}&client_secret={secret}&redirect_uri={uri}"
        )
    };
    let uri = "http%3A%2F%2F127.0.0.1%3A8000%2Foauth_callback";
    let (id, secret) = (tp::CLIENT_ID, tp::CLIENT_SECRET);
    let path = "/oauth/access-token";
    for (body, status, error, signed) in [
        (form(code, id, "wrong", uri), 401, "invalid_client", false),
        (
            form(code, tp::OTHER_CLIENT_ID, tp::OTHER_CLIENT_SECRET, uri),
            400,
            "invalid_request",
            true,
        ),
        (form(code, id, secret, "http%3A%2F%2Felsewhere"), 400, "invalid_request", true),
        (form("nosuchcode", id, secret, uri), 400, "invalid_request", true),
        (form("", id, secret, uri), 400, "invalid_request", true),
        (
            form(code, id, secret, uri).replace("authorization_code", "x"),
            400,
            "unsupported_grant_type",
            true,
        ),
    ] {
        let got = bench.form(path, &body);
        assert_eq!((got.status, got.json()["error"].as_str().unwrap()), (status, error), "{body}");
        assert_eq!(got.verdict.signed, Some(signed));
    }

    let got = bench.form(path, &form(code, id, secret, uri));
    let new = got.json();
    assert_eq!((&new["token_type"], &new["expires_in"]), (&json!("Bearer"), &json!(2_592_000)));
    let token = new["access_token"].as_str().unwrap();
    let user = bench.get(As::Nobody, &format!("/oauth/user?access_token={token}")).json();
    assert_eq!((&user["id"], &user["email_is_confirmed"]), (&json!(tp::USER_ID), &json!(true)));
    assert_eq!(bench.form(path, &form(code, id, secret, uri)).status, 400, "once");

    // After the first consent, the response is a redirect. The code expires after an hour.
    let location = bench.get(As::Nobody, &page).location().to_owned();
    let code = location.split_once("?code=").unwrap().1.split_once('&').unwrap().0;
    bench.clock.advance(Duration::from_secs(3_600));
    assert_eq!(bench.form(path, &form(code, id, secret, uri)).status, 400, "expired");

    bench.server.html_oauth_errors = true;
    let got = bench.form(path, &form(code, id, secret, uri));
    assert_eq!((got.status, got.header("content-type")), (500, Some("text/html; charset=UTF-8")));
}

#[test]
fn invalid_authorize_urls_have_specific_errors() {
    let mut bench = Bench::new();
    let good = authorize("user");
    for (query, status, error) in [
        (good.replace("client_id=", "x="), 400, "invalid_request"),
        (good.replace(tp::CLIENT_ID, "INOBODY"), 401, "invalid_client"),
        (good.replace("oauth_callback", "elsewhere"), 401, "invalid_client"),
        (good.replace("=code", "=token"), 400, "unsupported_response_type"),
    ] {
        let got = bench.get(As::Nobody, &format!("/oauth/authorize?{query}"));
        assert_eq!((got.status, got.json()["error"].as_str().unwrap()), (status, error));
    }
    let got = bench.get(As::Nobody, &format!("/oauth/authorize?{}", authorize("user%2Cx")));
    let start = format!("{}?error=invalid_scope&message=The+requested+scope", tp::REDIRECT_URI);
    assert!(got.location().starts_with(&start), "{}", got.location());
    // Scopes are separated by commas. A string with spaces is a single unknown scope.
    for spaced in ["user+tca", "user%20tca"] {
        let got = bench.get(As::Nobody, &format!("/oauth/authorize?{}", authorize(spaced)));
        assert!(got.location().starts_with(&start), "{}", got.location());
    }
}

#[test]
fn password_returns_codes_and_tokens() {
    let mut bench = Bench::new();
    let target = format!("/api/v1/oauth/request?{}", authorize("user"));
    let mut body = json!({ "username": "cryptonaut", "password": "wrong" });
    let mut ask = |target: &str, body: &Value| bench.post(As::Nobody, target, body).json();
    assert_eq!(ask(&target, &body), json!({ "error": "Invalid credentials" }));
    body["password"] = tp::PASSWORD.into();
    assert_eq!(ask(&target, &body), json!({ "error": "Application denied access to account" }));
    body["grant_access"] = "1".into();
    let stateless = target.replace("&state=", "&x=");
    assert_eq!(ask(&stateless, &body), json!({ "error": "State required" }));
    assert_eq!(ask(&target.replace("scope=user", ""), &body), json!({ "error": "Scope required" }));
    let got = ask(&target, &body);
    assert_eq!(got["state"], "a state");

    let mut exchange = json!({
        "grant_type": "authorization_code", "code": got["code"], "redirect_uri": tp::REDIRECT_URI,
        "client_id": tp::CLIENT_ID, "client_secret": tp::CLIENT_SECRET,
    });
    let target = format!("/api/v1/oauth/token?{}", authorize("user"));
    assert!(ask(&target, &exchange)["access_token"].is_string());
    assert_eq!(ask(&target, &exchange), json!({ "error": "Failed getting access token" }));

    exchange["grant_type"] = "password".into();
    exchange["username"] = "bob".into();
    exchange["password"] = tp::PASSWORD.into();
    exchange["scopes"] = "user tca".into();
    assert_eq!(ask("/oauth/token", &exchange)["error"], "invalid_scope");
    exchange["scopes"] = "user,tca".into();
    let got = ask("/oauth/token", &exchange);
    let target = format!("/oauth/user?access_token={}", got["access_token"].as_str().unwrap());
    let user = bench.get(As::Nobody, &target);
    assert!(user.text.contains(r#""name":"Bob \u00c9lan""#), "{}", user.text);
}

#[test]
fn logout_revokes_the_token() {
    let mut bench = Bench::new();
    assert_eq!(bench.get(As::Nobody, &token("/api/v1/oauth/logout")).text, r#"{"result":true}"#);
    assert_eq!(bench.get(As::Nobody, &token("/api/v1/oauth/logout")).status, 403);
}

#[test]
fn registration_errors_have_status_200() {
    let mut bench = Bench::new();
    let path = "/api/v1/register";
    let good = json!({
        "client_id": tp::CLIENT_ID, "username": "Leroy", "password": "x", "email": "l@example.org",
    });
    for (name, value, error) in [
        ("client_id", "INOBODY", "Invalid API client ID"),
        ("username", "", "Username required"),
        ("password", "", "Password required"),
        ("email", "", "Email required"),
        ("username", "BOB", "Username already taken"),
        ("email", tp::OTHER_EMAIL, "Email already taken"),
        ("email", "nonsense", "Invalid email address"),
        ("email", "@example.org", "Invalid email address"),
        ("email", "l@", "Invalid email address"),
    ] {
        let mut body = good.clone();
        body[name] = value.into();
        let got = bench.post(As::Nobody, path, &body);
        assert_eq!((got.status, got.json()), (200, json!({ "result": false, "error": error })));
        assert_eq!(got.verdict.signed, Some(value != "INOBODY"));
    }
    let got = bench.good(As::Nobody, "POST", path, &good);
    assert_eq!(got["result"]["ecc_key"].as_str().unwrap().len(), 64);
    assert_eq!(bench.server.mails, ["l@example.org"]);
}

#[test]
fn login_checks_a_password_and_update_changes_it() {
    let mut bench = Bench::new();
    let path = "/api/v1/login";
    let mut body =
        json!({ "client_id": tp::CLIENT_ID, "username": "bob", "password": tp::PASSWORD });
    let got = bench.good(As::Nobody, "POST", path, &body);
    assert_eq!((&got["email"], &got["confirmed_email"]), (&json!(tp::OTHER_EMAIL), &Value::Null));
    body["password"] = "wrong".into();
    let text = "These credentials do not match our records.";
    assert_eq!(bench.refusal(As::Nobody, "POST", path, &body), no(422, text));
    body["password"] = Value::Null;
    let got = bench.post(As::Nobody, path, &body);
    let text = "The password field is required.";
    assert_eq!(got.json(), json!({ "message": text, "errors": [text] }));
    body["client_id"] = "INOBODY".into();
    assert_eq!(bench.refusal(As::Nobody, "POST", path, &body), no(403, "Invalid API client ID"));

    let path = "/api/v1/update";
    let mut body = json!({
        "client_id": tp::CLIENT_ID, "user_id": tp::USER_ID, "token": tp::OAUTH_TOKEN,
        "current_password": "wrong",
    });
    let mut refusal = |body: &Value| bench.refusal(As::Nobody, "PATCH", path, body);
    assert_eq!(refusal(&body), no(200, "Invalid password"));
    body["current_password"] = tp::PASSWORD.into();
    assert_eq!(refusal(&body), no(200, "No changes to make"));
    body["email"] = tp::OTHER_EMAIL.into();
    assert_eq!(refusal(&body), no(200, "Email already taken"));
    body["email"] = "new@example.org".into();
    body["user_id"] = "x".into();
    assert_eq!(refusal(&body), no(200, "Invalid access token, client ID or user ID"));
    body["user_id"] = tp::USER_ID.into();
    assert_eq!(bench.good(As::Nobody, "PATCH", path, &body), json!({ "result": "success" }));
    let user =
        bench.get(As::Nobody, &format!("/oauth/user?access_token={}", tp::OAUTH_TOKEN)).json();
    assert_eq!(user["email_is_confirmed"], false);
}

#[test]
fn second_factor_is_a_signature_of_a_verified_address() {
    let mut bench = Bench::new();
    let status = token("/api/v1/tca/check-sign/cryptonaut");
    assert_eq!(bench.get(As::Nobody, &status).json()["result"], "unsigned");
    let key = Key::named("mine");
    let message = Tokenpass::second_factor_message(tp::USERNAME);
    let body = |signature: &str| json!({ "oauth_token": tp::OAUTH_TOKEN, "signature": signature });
    let path = "/api/v1/tca/set-sign";
    let mut refusal = |text: &str| bench.refusal(As::Nobody, "POST", path, &body(text));
    assert_eq!(refusal("nonsense"), no(403, "Signature derive function failed"));
    assert_eq!(refusal(&key.sign(&message)), no(400, "Signature invalid"));
    // The user has this address, but has not verified it.
    assert_eq!(refusal(&tp::unverified_key().sign(&message)), no(400, "Signature invalid"));
    assert_eq!(refusal("").0, 422);
    let own = bench.server.addresses.iter_mut().find(|known| known.verified).unwrap();
    own.address = key.address();
    let got = bench.good(As::Nobody, "POST", path, &body(&key.sign(&message)));
    assert_eq!(got, json!({ "result": "Signed" }));
    assert_eq!(bench.get(As::Nobody, &status).json()["result"], "signed");
}

#[test]
fn rules_use_all_active_addresses_and_promises() {
    let mut bench = Bench::new();
    let mut check = |query: &str| {
        let got = bench.get(As::Nobody, &token(&format!("/api/v1/tca/check/Cryptonaut?{query}")));
        got.json()["result"].as_bool().unwrap()
    };
    assert!(check("TOKENLY=15&SECRETCOIN=1"));
    assert!(!check("TOKENLY=15&op_0=%3E"));
    assert!(check("TOKENLY=16&LTBCOIN=5000&stackop_1=OR"));
    let promise = json!({
        "source": tp::SOURCE_ADDRESS, "destination": "user:cryptonaut",
        "asset": "TOKENLY", "quantity": 100_000_000,
    });
    bench.good(APP, "POST", "/api/v1/tca/provisional/tx", &promise);
    let mut check = |query: &str| {
        let got = bench.get(As::Nobody, &token(&format!("/api/v1/tca/check/cryptonaut?{query}")));
        got.json()["result"].as_bool().unwrap()
    };
    assert!(check("TOKENLY=16"));
    assert!(check("TOKENLY=16&no_provisional=1"));
    assert!(!check("TOKENLY=16&no_provisional=0"));
    bench.server.lend("cryptonaut", "bob", "LTBCOIN", 100_000_000, None);
    let target = token("/api/v1/tca/check/cryptonaut?LTBCOIN=5000");
    assert_eq!(bench.get(As::Nobody, &target).json(), json!({ "result": false }));
    let target = token("/api/v1/tca/check/nobody?TOKENLY=1");
    let refused = bench.refusal(As::Nobody, "GET", &target, &Value::Null);
    assert_eq!(refused, no(404, "Username not found"));
}

#[test]
fn address_checks_use_blockchain_balances() {
    let mut bench = Bench::new();
    let target = format!("/api/v1/tca/check-address/{}?TOKENLY=10", tp::PUBLIC_ADDRESS);
    let got = bench.get(As::Nobody, &target);
    let verdict = Verdict { endpoint: Some("tca.check_address"), signed: None };
    assert_eq!((got.text.as_str(), got.verdict), (r#"{"result":true}"#, verdict));
    let got = bench.get(As::Nobody, "/api/v1/tca/check-address/1nonsense?TOKENLY=10");
    assert_eq!(
        (got.status, got.json()),
        (400, json!({ "error": "Invalid address", "result": false }))
    );
}

#[test]
fn privileged_users_search_by_rules() {
    let mut bench = Bench::new();
    let got = bench.good(USER, "GET", "/api/v1/tca/users?TOKENLY=1", &Value::Null);
    assert_eq!((&got["count"], &got["results"][1]["username"]), (&json!(2), &json!("bob")));
    let promise = json!({
        "source": tp::SOURCE_ADDRESS, "destination": "email:new@example.org",
        "asset": "TOKENLY", "quantity": "100000000",
    });
    let got = bench.good(APP, "POST", "/api/v1/tca/provisional/tx", &promise);
    assert_eq!(got["tx"]["destination"], "new@example.org");
    let target = "/api/v1/tca/checkemail/new%40example.org?TOKENLY=1";
    assert_eq!(bench.good(USER, "GET", target, &Value::Null), json!({ "result": true }));
    let target = "/api/v1/tca/provisional/byemail/new%40example.org";
    assert_eq!(bench.good(APP, "GET", target, &Value::Null)["list"][0]["quantity"], 100_000_000);
    for (target, exists) in [
        ("bob", true),
        ("bob%40example.org", true),
        ("bob%40example.org?strict=1", false),
        ("bob?id_hash=00", false),
    ] {
        let target = format!("/api/v1/lookup/user/exists/{target}");
        let got = bench.good(USER, "GET", &target, &Value::Null);
        assert_eq!(got, json!({ "result": exists }), "{target}");
    }
}

#[test]
fn an_address_is_registered_verified_changed_and_deleted() {
    let mut bench = Bench::new();
    let key = Key::named("a new one");
    let address = key.address();
    let mut body = json!({ "oauth_token": tp::OAUTH_TOKEN, "address": "nonsense", "public": 2 });
    let got = bench.post(As::Nobody, "/api/v1/tca/address", &body);
    let errors =
        ["The address must be a valid address.", "The public field must be true or false."];
    let text = format!("The request was not processed successfully. {}", errors.join(" "));
    assert_eq!((got.status, got.json()), (422, json!({ "message": text, "errors": errors })));

    body["address"] = address.clone().into();
    body["public"] = true.into();
    body["label"] = "Café <1>".into();
    let got = bench.good(As::Nobody, "POST", "/api/v1/tca/address", &body);
    let new = &got["result"];
    assert_eq!((&new["public"], &new["active"]), (&json!(1), &json!(1)));
    assert_eq!(new["label"], "Caf&eacute; &lt;1&gt;");
    let first = new["verify_code"].as_str().unwrap().to_owned();
    let again = bench.refusal(As::Nobody, "POST", "/api/v1/tca/address", &body);
    assert_eq!(again, no(400, "Address already registered"));

    let path = format!("/api/v1/tca/address/{address}");
    let mine = bench.good(As::Nobody, "GET", &token(&path), &Value::Null);
    let second = mine["result"]["verify_code"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    let verify =
        |signature: &str| json!({ "oauth_token": tp::OAUTH_TOKEN, "signature": signature });
    let old = bench.refusal(As::Nobody, "POST", &path, &verify(&key.sign(&first)));
    assert_eq!(old, no(400, "Invalid verification signature!"));
    let block = format!(
        "-----BEGIN BITCOIN SIGNED MESSAGE-----\n{second}\n-----BEGIN BITCOIN SIGNATURE-----\n\
         {address}\n{}\n-----END BITCOIN SIGNATURE-----",
        key.sign(&second)
    );
    let got = bench.good(As::Nobody, "POST", &path, &verify(&block));
    assert_eq!(got, json!({ "result": true }));
    let got = bench.post(As::Nobody, &path, &verify(&block));
    let twice = json!({ "error": "Address already verified", "result": true });
    assert_eq!((got.status, got.json()), (400, twice));

    let change = json!({ "oauth_token": tp::OAUTH_TOKEN, "active": 0, "label": "" });
    let got = bench.good(As::Nobody, "PATCH", &path, &change);
    assert_eq!(got["result"]["balances"], false);
    assert_eq!((&got["result"]["active"], &got["result"]["label"]), (&json!(false), &json!("")));
    bench.good(As::Nobody, "DELETE", &token(&path), &Value::Null);
    let gone = bench.refusal(As::Nobody, "DELETE", &token(&path), &Value::Null);
    assert_eq!(gone, no(404, "Address not found"));
}

#[test]
fn verify_code_expires_after_600_minutes() {
    let mut bench = Bench::new();
    let key = tp::unverified_key();
    let path = format!("/api/v1/tca/address/{}", key.address());
    let mine = bench.good(As::Nobody, "GET", &token(&path), &Value::Null);
    let code = mine["result"]["verify_code"].as_str().unwrap();
    let body = json!({ "oauth_token": tp::OAUTH_TOKEN, "signature": key.sign(code) });
    bench.clock.advance(Duration::from_secs(36_000));
    assert_eq!(bench.post(As::Nobody, &path, &body).status, 400);
}

#[test]
fn scopes_limit_the_listed_addresses() {
    let mut bench = Bench::new();
    let mut list = |token: &str| {
        let target = format!("/api/v1/tca/addresses?oauth_token={token}");
        bench.get(As::Nobody, &target).json()["result"].as_array().unwrap().clone()
    };
    let all = list(tp::OAUTH_TOKEN);
    assert_eq!(all.len(), 4);
    assert_eq!((&all[2]["active"], &all[2]["balances"]), (&json!(false), &json!(false)));
    assert!(all[3]["verify_address"].is_string() && all[3]["verified"] == false);
    let few = list(tp::LIMITED_TOKEN);
    assert_eq!(few.len(), 1);
    assert!(few[0].get("verified").is_none());
    assert_eq!(few[0]["balances"]["LTBCOIN"], 500_000_000_000_u64);
    let target =
        format!("/api/v1/tca/address/{}?oauth_token={}", tp::PRIVATE_ADDRESS, tp::LIMITED_TOKEN);
    let refused = bench.refusal(As::Nobody, "GET", &target, &Value::Null);
    assert_eq!(refused, no(404, "Address details not found"));
    let others = bench.good(APP, "GET", "/api/v1/tca/addresses/cryptonaut", &Value::Null);
    assert_eq!(others["result"].as_array().unwrap().len(), 1);
    for (address, status) in [(tp::PUBLIC_ADDRESS, 200), (tp::PRIVATE_ADDRESS, 404)] {
        let target = format!("/api/v1/tca/addresses/cryptonaut/{address}");
        assert_eq!(bench.get(APP, &target).status, status);
    }
}

#[test]
fn instant_verify_accepts_the_message_of_the_dashboard() {
    let mut bench = Bench::new();
    let key = Key::named("instant");
    let message = bench.server.new_instant_message("bob").unwrap();
    let path = "/api/v1/instant-verify/bob";
    let good = json!({ "address": key.address(), "msg": message, "sig": key.sign(&message) });
    for (name, value, refusal) in [
        ("address", "", "Address required"),
        ("sig", "", "sig required"),
        ("msg", "00", "msg invalid"),
        ("address", tp::PUBLIC_ADDRESS, "Address already exists"),
        ("signature", "nonsense", "signature invalid"),
    ] {
        let mut body = good.clone();
        body[name] = value.into();
        assert_eq!(bench.refusal(As::Nobody, "POST", path, &body), no(400, refusal));
    }
    assert_eq!(bench.good(As::Nobody, "POST", path, &good), json!({ "result": true }));
    assert_eq!(bench.refusal(As::Nobody, "POST", path, &good), no(400, "msg invalid"));
}

#[test]
fn look_ups_show_public_addresses_only() {
    let mut bench = Bench::new();
    let bob = json!({ "username": "bob", "address": tp::OTHER_ADDRESS, "email": tp::OTHER_EMAIL });
    for target in [
        format!("address/{}", tp::OTHER_ADDRESS),
        "user/BOB".to_owned(),
        format!("email/bob%40example.org?client_id={}", tp::CLIENT_ID),
    ] {
        let got = bench.good(APP, "GET", &format!("/api/v1/lookup/{target}"), &Value::Null);
        assert_eq!(got, json!({ "result": bob }), "{target}");
    }
    let target = format!("/api/v1/lookup/address/{}", tp::PRIVATE_ADDRESS);
    assert_eq!(bench.refusal(APP, "GET", &target, &Value::Null), no(404, "User not found"));
    for (query, text) in [
        ("", "Invalid API client ID".to_owned()),
        ("?client_id=INOBODY", "Invalid API client IDINOBODY".to_owned()),
        (
            &*format!("?client_id={}", tp::OTHER_CLIENT_ID),
            "Client does not have permission to use this API method".to_owned(),
        ),
    ] {
        let target = format!("/api/v1/lookup/email/bob%40example.org{query}");
        assert_eq!(bench.refusal(APP, "GET", &target, &Value::Null), (400, text));
    }
    let path = "/api/v1/lookup/addresses";
    let body = json!({ "address_list": [tp::OTHER_ADDRESS, tp::PRIVATE_ADDRESS] });
    let got = bench.good(APP, "POST", path, &body);
    assert_eq!(got, json!({ "result": true, "users": { tp::OTHER_ADDRESS: bob } }));
    let got = bench.good(APP, "POST", path, &json!({ "address_list": [] }));
    assert_eq!(got, json!({ "result": false, "users": [] }));
    assert_eq!(bench.good(APP, "POST", path, &json!({})), json!({ "result": false }));
}

#[test]
fn balances_are_combined_and_exact() {
    let mut bench = Bench::new();
    bench.server.hold(tp::PUBLIC_ADDRESS, "SOUP", 1);
    bench.server.disabled.insert((tp::USER_ID.to_owned(), "LTBCOIN".to_owned()));
    let got = bench.get(As::Nobody, &token("/api/v1/tca/public/balances"));
    let soup = r#"{"asset":"SOUP","name":"SOUP","balance":1.0e-8,"balanceSat":"1"}"#;
    let tokenly = r#"{"asset":"TOKENLY","name":"TOKENLY","balance":10,"balanceSat":"1000000000"}"#;
    assert_eq!(got.text, format!("[{soup},{tokenly}]"));
    let got = bench.get(As::Nobody, &token("/api/v1/tca/protected/balances")).json();
    assert_eq!(got[2]["balanceSat"], "1500000000");
    bench.server.quantity_objects = true;
    let got = bench.get(APP, "/api/v1/tca/addresses/bob").json();
    let whole = json!({ "value": 100_000_000, "precision": 8 });
    assert_eq!(got["result"][0]["balances"]["TOKENLY"], whole);
}

#[test]
fn a_source_is_registered_with_a_proof() {
    let mut bench = Bench::new();
    let key = Key::named("another source");
    let address = key.address();
    let path = "/api/v1/tca/provisional/register";
    let list = bench.good(OTHER, "GET", "/api/v1/tca/provisional", &Value::Null);
    assert_eq!(list["whitelist"], json!([]));
    let suffix = list["proof_suffix"].as_str().unwrap().to_owned();
    let hash = Sha256::digest(tp::OTHER_CLIENT_ID);
    let hash = hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(suffix, format!("_{hash}"));

    let mut body = json!({});
    assert_eq!(bench.refusal(OTHER, "POST", path, &body), no(400, "Address required"));
    body["address"] = address.clone().into();
    assert_eq!(bench.refusal(OTHER, "POST", path, &body), no(400, "Proof required"));
    body["proof"] = key.sign(&address).into();
    assert_eq!(bench.refusal(OTHER, "POST", path, &body), no(400, "Proof signature invalid"));
    body["proof"] = key.sign(&format!("{address}{suffix}")).into();
    body["assets"] = json!(["TOKENLY", "LTBCOIN"]);
    assert_eq!(bench.good(OTHER, "POST", path, &body), json!({ "result": true }));
    let list = bench.good(OTHER, "GET", "/api/v1/tca/provisional", &Value::Null);
    let row = json!({ "address": address, "assets": ["TOKENLY", "LTBCOIN"] });
    assert_eq!(list["whitelist"], json!({ address.as_str(): row }));
    body["assets"] = Value::Null;
    bench.good(OTHER, "POST", path, &body);
    let list = bench.good(OTHER, "GET", "/api/v1/tca/provisional", &Value::Null);
    assert_eq!(list["whitelist"][&address]["assets"], Value::Null);

    let target = format!("/api/v1/tca/provisional/{address}");
    bench.good(OTHER, "DELETE", &target, &Value::Null);
    let gone = bench.refusal(OTHER, "DELETE", &target, &Value::Null);
    assert_eq!(gone, no(404, "Provisional source address not found"));
}

#[test]
fn privileged_application_assigns_a_source_to_a_user() {
    let mut bench = Bench::new();
    let address = Key::named("given").address();
    let mut body = json!({ "address": address, "assign_user": "bob", "assign_user_hash": "00" });
    let path = "/api/v1/tca/provisional/register";
    let got = bench.post(APP, path, &body);
    let wrong = json!({ "error": "Incorrect assign_user_hash parameter", "result": true });
    assert_eq!((got.status, got.json()), (400, wrong));
    let hash = Sha256::digest(tp::OTHER_USER_ID);
    let hash = hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    body["assign_user_hash"] = hash.into();
    bench.good(APP, "POST", path, &body);
    assert!(bench.server.addresses.iter().any(|known| known.address == address));
}

#[test]
fn promises_are_rejected_for_every_documented_reason() {
    let mut bench = Bench::new();
    let source = tp::SOURCE_ADDRESS;
    let path = "/api/v1/tca/provisional/tx";
    let good = json!({
        "source": source, "destination": tp::OTHER_ADDRESS, "asset": "TOKENLY",
        "quantity": 100_000_000, "txid": "t1",
    });
    bench.good(APP, "POST", path, &good);
    let past = bench.clock.unix();
    for (name, value, status, text) in [
        ("source", json!(null), 400, "source required"),
        ("destination", json!(""), 400, "destination required"),
        ("asset", json!(null), 400, "asset required"),
        ("quantity", json!(null), 400, "quantity required"),
        ("destination", json!("nonsense"), 400, "Please enter a valid bitcoin address"),
        ("destination", json!("user:nobody"), 404, "User not found"),
        ("destination", json!(source), 400, "Cannot make promise to source address"),
        ("source", json!(tp::PUBLIC_ADDRESS), 400, "Source address not on provisional whitelist"),
        (
            "asset",
            json!("TOKENLY"),
            400,
            "Provisional transaction with matching txid or fingerprint already exists",
        ),
        ("quantity", json!(0), 400, "Invalid quantity, must be > 0"),
        ("quantity", json!(-1), 400, "Invalid quantity, must be > 0"),
        ("expiration", json!(past), 400, "Invalid expiration, must be set to the future"),
        (
            "expiration",
            json!((past + 60).to_string()),
            400,
            "Invalid expiration, must be set to the future",
        ),
        (
            "quantity",
            json!(100_000_000_000_u64),
            400,
            "Source address has insufficient asset balance to promise this transaction (99900000000 TOKENLY available)",
        ),
    ] {
        let mut body = good.clone();
        if text.contains("matching") {
            body["txid"] = "t1".into();
        } else {
            body["txid"] = Value::Null;
        }
        body[name] = value;
        assert_eq!(bench.refusal(APP, "POST", path, &body), no(status, text));
    }
    bench.server.sources[0].assets = Some(vec!["LTBCOIN".to_owned()]);
    let text = "Asset not allowed for this provisional source address. Allowed: LTBCOIN";
    assert_eq!(bench.refusal(APP, "POST", path, &good), no(400, text));
    bench.server.sources[0].assets = None;
    bench.server.chain_is_down = true;
    let mut body = good.clone();
    body["txid"] = "t2".into();
    let text = format!("Error checking source address {source} balances");
    assert_eq!(bench.refusal(APP, "POST", path, &body), no(500, &text));
}

#[test]
fn promise_counts_until_its_expiry() {
    let mut bench = Bench::new();
    let path = "/api/v1/tca/provisional/tx";
    let end = bench.clock.unix() + 3_600;
    let body = json!({
        "source": tp::SOURCE_ADDRESS, "destination": "user:bob", "asset": "TOKENLY",
        "quantity": 100_000_000, "expiration": end, "ref": "a:b:c", "note": " café ",
        "fingerprint": "f1",
    });
    let tx = bench.good(APP, "POST", path, &body)["tx"].clone();
    assert_eq!((&tx["destination"], &tx["expiration"]), (&json!(tp::OTHER_ADDRESS), &json!(end)));
    assert_eq!((&tx["ref"], &tx["note"]), (&json!("a:b:c"), &json!("caf&eacute;")));
    let id = tx["promise_id"].as_u64().unwrap();
    for name in [id.to_string(), "f1".to_owned()] {
        let got = bench.good(APP, "GET", &format!("{path}/{name}"), &Value::Null);
        assert_eq!((&got["tx"]["promise_id"], &got["tx"]["ref"]), (&json!(id), &json!("a:b")));
    }
    let list =
        bench.good(APP, "GET", &format!("{path}?destination={}", tp::OTHER_ADDRESS), &Value::Null);
    assert_eq!(list["list"].as_array().unwrap().len(), 1);
    let held = bench.good(APP, "GET", "/api/v1/tca/addresses/bob", &Value::Null);
    assert_eq!(held["result"][0]["balances"]["TOKENLY"], "200000000");

    let one = format!("{path}/{id}");
    for (method, verb) in [("GET", "look at"), ("PATCH", "update"), ("DELETE", "delete")] {
        let body = if method == "PATCH" { json!({ "note": "x" }) } else { Value::Null };
        let text = format!("Cannot {verb} provisional tx that does not belong to you");
        assert_eq!(bench.refusal(OTHER, method, &one, &body), no(400, &text));
    }
    for (body, text) in [
        (json!({}), "Nothing to update"),
        (json!({ "expiration": null }), "Nothing to update"),
        (json!({ "expiration": 1 }), "New expiration must be sometime in the future"),
        (json!({ "quantity": 0 }), "Invalid quantity, must be > 0"),
    ] {
        assert_eq!(bench.refusal(APP, "PATCH", &one, &body), no(400, text));
    }
    let change = json!({ "quantity": 5, "destination": "user:cryptonaut", "txid": "t9" });
    let got = bench.good(APP, "PATCH", &one, &change);
    assert_eq!((&got["tx"]["quantity"], &got["tx"]["txid"]), (&json!(5), &json!("t9")));
    assert_eq!(got["tx"]["destination"], tp::OTHER_ADDRESS, "silently ignored");

    bench.clock.advance(Duration::from_secs(3_600));
    let gone = bench.refusal(APP, "GET", &one, &Value::Null);
    assert_eq!(gone, no(404, "Provisional tx not found"));
    let tx = bench.good(
        APP,
        "POST",
        path,
        &json!({
            "source": tp::SOURCE_ADDRESS, "destination": "user:bob", "asset": "TOKENLY",
            "quantity": 1, "expiration": "2199-01-01",
        }),
    );
    let one = format!("{path}/{}", tx["tx"]["promise_id"]);
    assert_eq!(bench.good(APP, "DELETE", &one, &Value::Null), json!({ "result": true }));
    assert!(bench.server.promises.is_empty());
}

#[test]
fn user_without_address_gets_a_generated_address() {
    let mut bench = Bench::new();
    bench.server.addresses.retain(|known| known.address != tp::OTHER_ADDRESS);
    let body = json!({
        "source": tp::SOURCE_ADDRESS, "destination": "user:bob", "asset": "TOKENLY",
        "quantity": 1,
    });
    let tx = bench.good(APP, "POST", "/api/v1/tca/provisional/tx", &body)["tx"].clone();
    assert_eq!(tx["pseudo"], 1);
    let target = token("/api/v1/tca/check/bob?TOKENLY=0.00000001");
    assert_eq!(bench.get(As::Nobody, &target).json(), json!({ "result": true }));
}

#[test]
fn credits_balance_and_rows_before_an_invalid_one_stay() {
    let mut bench = Bench::new();
    let groups = "/api/v1/credits";
    for (body, text) in [
        (json!({}), "App Credit Group name required"),
        (
            json!({ "name": "x", "app_whitelist": ["INOBODY"] }),
            "Invalid Client ID INOBODY for App Credit Group",
        ),
    ] {
        let got = bench.post(APP, groups, &body);
        assert_eq!((got.status, got.json()), (400, json!({ "error": text })));
    }
    let body = json!({ "name": "Bob's <é>", "app_whitelist": format!("{}\n", tp::CLIENT_ID) });
    let group = bench.good(APP, "POST", groups, &body)["credit_group"].clone();
    assert_eq!(
        (&group["name"], &group["app_whitelist"]),
        (&json!("Bob's <é>"), &json!([tp::CLIENT_ID]))
    );
    let path = format!("{groups}/{}", group["uuid"].as_str().unwrap());
    let accounts = format!("{path}/accounts");
    let locked = no(403, "Your app does not have access to this App Credit Group");
    assert_eq!(bench.refusal(OTHER, "GET", &path, &Value::Null), locked);
    let refused = bench.refusal(APP, "GET", "/api/v1/credits/nothing", &Value::Null);
    assert_eq!(refused, no(404, "App Credit Group not found"));

    let refused = bench.refusal(APP, "POST", &accounts, &json!({}));
    assert_eq!(refused, no(400, "App Credit account name required"));
    let bob = tp::OTHER_USER_ID;
    let account = bench.good(APP, "POST", &accounts, &json!({ "name": bob }))["account"].clone();
    assert_eq!(account["tokenpass_user"]["username"], "bob");
    let refused = bench.refusal(APP, "POST", &accounts, &json!({ "name": bob }));
    assert_eq!(refused, no(400, "An account with this name already exists"));
    let café = bench.good(APP, "POST", &accounts, &json!({ "name": "café" }));
    assert_eq!(café["account"]["name"], "caf&eacute;");
    assert_eq!(bench.get(APP, &format!("{accounts}/caf%C3%A9")).status, 200);

    let give = format!("{accounts}/credit");
    let row = json!({ "account": bob, "amount": -5_000, "ref": "r" });
    let got = bench.good(APP, "POST", &give, &json!({ "accounts": [row] }));
    let booked = &got["transactions"][0];
    assert_eq!(
        (&booked["credit"]["amount"], &booked["debit"]["amount"]),
        (&json!(5_000), &json!(-5_000))
    );
    assert_eq!(booked["debit"]["account_name"], "_");
    for (rows, text) in [
        (json!("bob"), "Array of accounts to update required"),
        (json!(null), "Array of accounts to update required"),
        (json!([7]), "Missing key \"account\""),
        (json!([{ "account": null, "amount": null }]), "Missing key \"account\""),
        (json!([{ "amount": 1 }]), "Missing key \"account\""),
        (json!([{ "account": bob }]), "Missing key \"amount\""),
        (json!([row, { "account": "x", "amount": 1 }]), "Invalid account \"x\""),
        (
            json!([{ "account": bob, "amount": 1, "source": "y" }]),
            "Source account y does not exist",
        ),
    ] {
        let body = json!({ "accounts": rows });
        assert_eq!(bench.refusal(APP, "POST", &give, &body), no(400, text));
    }
    let take = format!("{accounts}/debit");
    let row = json!({ "account": bob, "amount": 20_000, "destination": "café" });
    bench.good(APP, "POST", &take, &json!({ "accounts": [row] }));
    assert!(bench.server.ledger_balances());

    let got = bench.good(APP, "GET", &format!("{accounts}/{bob}/history"), &Value::Null);
    assert_eq!((&got["count"], &got["account"]["balance"]), (&json!(3), &json!("-10000")));
    assert_eq!(got["transactions"][0]["amount"], "-20000", "newest first");
    let got = bench.good(APP, "GET", &format!("{path}/history"), &Value::Null);
    assert_eq!((&got["balance"], &got["count"]), (&json!("0"), &json!(6)));
    assert_eq!(got["transactions"][1]["tokenpass_user"], "bob");
    let got = bench.good(APP, "GET", &accounts, &Value::Null);
    assert_eq!((&got["balance"], &got["count"]), (&json!(0), &json!(3)));
    bench.server.dumps_accounts = true;
    let got = bench.good(APP, "GET", &accounts, &Value::Null);
    assert_eq!(got["accounts"][0]["\0*\0attributes"]["name"], bob);

    let both = json!({ "name": "N2", "app_whitelist": [tp::CLIENT_ID, tp::OTHER_CLIENT_ID] });
    let refused = bench.refusal(OTHER, "PATCH", &path, &both);
    assert_eq!(refused, no(403, "You do not have access to this App Credit Group"));
    bench.good(APP, "PATCH", &path, &both);
    let got = bench.good(OTHER, "GET", &path, &Value::Null);
    assert_eq!(got["credit_group"]["name"], "N2");
    let missing = bench.refusal(APP, "GET", &format!("{accounts}/nothing"), &Value::Null);
    assert_eq!(missing, no(404, "App Credit account not found"));
}

#[test]
fn chats_require_a_minimum_balance() {
    let mut bench = Bench::new();
    let short = "Qi81Dp4C8a8LZcjYGWFbAG";
    let target = token(&format!("/api/v1/tca/messenger/chat/{short}"));
    let rights = bench.get(As::Nobody, &target).json();
    let needed = json!([{ "asset": "TOKENLY", "amount": 1_000_000_000 }]);
    assert_eq!(
        rights,
        json!({ "authorized": true, "isGlobal": false, "tokenAuthorization": needed })
    );
    let join = format!("/api/v1/tca/messenger/roster/{short}");
    let me = json!({ "oauth_token": tp::OAUTH_TOKEN });
    assert_eq!(bench.good(As::Nobody, "POST", &join, &me), json!({ "success": true }));
    assert_eq!(bench.server.chats[0].roster, [tp::USER_ID]);
    bench.server.hold(tp::PUBLIC_ADDRESS, "TOKENLY", 0);
    let refused = bench.refusal(As::Nobody, "POST", &join, &me);
    assert_eq!(refused, no(403, "Not authorized for this chat"));
    let nowhere = "/api/v1/tca/messenger/roster/1111";
    assert_eq!(bench.refusal(As::Nobody, "POST", nowhere, &me), no(404, "Chat not found"));

    let got = bench.get(As::Nobody, &token("/api/v1/tca/messenger/chats")).text;
    let chat = r#"{"id":"c0000000-0000-4000-8000-000000000001","name":"Tokenly chat","active":true,"global":false,"tokens":{"TOKENLY":10}}"#;
    assert_eq!(got, format!("[{chat}]"));
    for (asset, may) in [("TOKENLY", true), ("LTBCOIN", false)] {
        let target = token(&format!("/api/v1/tca/messenger/privileges/{asset}"));
        let got = bench.get(As::Nobody, &target).json();
        assert_eq!(got, json!({ "token": asset, "canMessage": may }));
    }
}

#[test]
fn one_of_the_tokens_of_a_chat_is_enough() {
    let mut bench = Bench::new();
    let me = json!({ "oauth_token": tp::OAUTH_TOKEN });
    let join = "/api/v1/tca/messenger/roster/Qi81Dp4C8a8LZcjYGWFbAG";
    bench.server.chats[0].rules.push(("SOUP".to_owned(), 1));
    assert_eq!(bench.good(As::Nobody, "POST", join, &me), json!({ "success": true }));
    bench.server.chats[0].rules.remove(0);
    let refused = bench.refusal(As::Nobody, "POST", join, &me);
    assert_eq!(refused, no(403, "Not authorized for this chat"));
}

#[test]
fn an_update_makes_a_global_chat_a_normal_one() {
    let mut bench = Bench::new();
    bench.server.chats[0].global = true;
    let path = format!("/api/v1/chat/{}", tp::CHAT_ID);
    let rules = json!([{ "token": "TOKENLY", "quantity": 1 }]);
    let mut body = json!({ "oauth_token": tp::OAUTH_TOKEN, "tca_rules": rules, "global": true });
    let refused = bench.refusal(As::Nobody, "POST", &path, &body);
    assert_eq!(refused, no(500, "Unable to process this request"));
    assert!(bench.server.chats[0].global);
    body["global"] = json!("false");
    let text =
        "The request was not processed successfully. The global field must be true or false.";
    assert_eq!(bench.refusal(As::Nobody, "POST", &path, &body), no(422, text));
    body.as_object_mut().unwrap().remove("global");
    assert_eq!(bench.good(As::Nobody, "POST", &path, &body)["global"], json!(false));
}

#[test]
fn chats_are_created_and_changed_by_their_owner() {
    let mut bench = Bench::new();
    let path = "/api/v1/chats";
    let rules = |asset: &str, quantity: Value| json!([{ "token": asset, "quantity": quantity }]);
    let body = |name: &str, rules: Value| json!({ "oauth_token": tp::OAUTH_TOKEN, "name": name, "tca_rules": rules });
    for (body, text) in [
        (
            body("", json!([])),
            "The request was not processed successfully. The name field is required.",
        ),
        (body("n", json!([])), "Non-global chats require one or more access tokens"),
        (body("n", rules("TOKENLY", json!(0))), "Invalid quantity"),
        (body("n", rules("tokenly", json!(1))), "Invalid token name"),
    ] {
        assert_eq!(bench.refusal(As::Nobody, "POST", path, &body), no(422, text));
    }
    let got = bench.good(As::Nobody, "POST", path, &body("n", rules("TOKENLY", json!(1.5))));
    assert_eq!(got["tokens"], json!({ "TOKENLY": 1.5 }));
    let one = format!("/api/v1/chat/{}", got["id"].as_str().unwrap());
    let got = bench.good(As::Nobody, "POST", &one, &body("other", rules("LTBCOIN", json!("2"))));
    assert_eq!((&got["name"], &got["tokens"]), (&json!("n"), &json!({ "LTBCOIN": 2 })));
    bench.server.chats[1].owner = "somebody".to_owned();
    let refused = bench.refusal(As::Nobody, "GET", &token(&one), &Value::Null);
    assert_eq!(refused, no(403, "Resource unauthorized."));
    let refused = bench.refusal(As::Nobody, "GET", &token("/api/v1/chat/x"), &Value::Null);
    assert_eq!(refused, no(404, "Resource not found."));
    assert_eq!(
        bench.get(As::Nobody, "/api/v1/perks/LTBCOIN").text,
        r#"{"token":"LTBCOIN","chatCount":1}"#
    );
    for bad in ["tokenly", "ABCD", "XYZ", "A1", "A95428956661682200"] {
        let refused =
            bench.refusal(As::Nobody, "GET", &format!("/api/v1/perks/{bad}"), &Value::Null);
        assert_eq!(refused, no(422, "Invalid token name"), "{bad}");
    }
    for good in ["BTC", "XCP", "A95428956661682201", "A18446744073709551615"] {
        assert_eq!(bench.get(As::Nobody, &format!("/api/v1/perks/{good}")).status, 200, "{good}");
    }
    let got = bench.good(APP, "GET", "/api/v1/tca/asset/bitcoin/TOKENLY", &Value::Null);
    assert_eq!(got, json!({ "result": { "asset": "TOKENLY", "chain": "bitcoin" } }));
}

#[test]
fn wrong_signature_with_valid_token_is_recorded_and_accepted() {
    let mut bench = Bench::new();
    let target = token("/api/v1/tca/check/bob?TOKENLY=1");
    let got = bench.get(APP, &target);
    assert_eq!((got.status, got.verdict.signed), (200, Some(true)));
    let got = bench.get(As::Pair(tp::CLIENT_ID, "wrong"), &target);
    assert_eq!((got.status, got.verdict.signed), (200, Some(false)));
}

#[test]
fn responses_have_the_json_format_of_php() {
    let mut bench = Bench::new();
    let body = json!({ "name": "é / x", "app_whitelist": [] });
    let got = bench.post(APP, "/api/v1/credits", &body);
    let start = r#"{"credit_group":{"name":"\u00e9 \/ x","uuid":""#;
    assert!(got.text.starts_with(start), "{}", got.text);
    assert!(got.text.contains(r#""active":true,"app_whitelist":[""],"created_at":"20"#));
}

#[test]
fn no_secret_is_in_the_debug_text() {
    let bench = Bench::new();
    let server = &bench.server;
    let text = format!(
        "{server:?} {:?} {:?} {:?} {:?}",
        server.users,
        server.clients,
        server.tokens,
        tp::source_key()
    );
    for secret in [
        tp::PASSWORD,
        tp::CLIENT_SECRET,
        tp::PRIVILEGED_CLIENT_SECRET,
        tp::OAUTH_TOKEN,
        &tp::source_key().wif(),
    ] {
        assert!(!text.contains(secret), "{text}");
    }
}

/// Returns the names of the fields at a JSON pointer, in alphabetical order.
fn members(json: &Value, place: &str) -> String {
    let object = json.pointer(place).and_then(Value::as_object);
    let object = object.unwrap_or_else(|| panic!("no object at {place:?} of {json}"));
    let mut names: Vec<&str> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    names.join(" ")
}

/// Returns the parameters of a request that exchanges a code.
fn exchange(code: &str) -> Value {
    json!({
        "grant_type": "authorization_code", "code": code, "redirect_uri": tp::REDIRECT_URI,
        "client_id": tp::CLIENT_ID, "client_secret": tp::CLIENT_SECRET,
    })
}

#[test]
#[rustfmt::skip]
fn every_endpoint_returns_its_documented_response() {
    const DETAIL: &str = "active address balances label public type verified";
    const ROW: &str = "address balances label public";
    const TX: &str = "asset created_at destination expiration fingerprint note promise_id pseudo quantity ref source txid updated_at";
    const GROUP: &str = "active app_whitelist created_at name updated_at uuid";
    const ACCOUNT: &str = "balance created_at name tokenpass_user updated_at uuid";
    const ENTRY: &str = "account_name account_uuid amount app_credit_group_uuid created_at ref updated_at uuid";
    const BALANCE: &str = "asset balance balanceSat name";
    const CHAT: &str = "active global id name tokens";
    const TOKEN: &str = "access_token expires_in token_type";
    const LOOKUP: &str = "address email username";

    let mut bench = Bench::new();
    let mut seen = Vec::new();
    let mut shape = |bench: &mut Bench, id: &'static str, who: As<'_>, method: &str, target: &str, body: Value, place: &str, wanted: &str| {
        let got = bench.ask(who, method, target, &body);
        assert_eq!((got.status, got.verdict.endpoint), (200, Some(id)), "{}", got.text);
        assert_ne!(got.verdict.signed, Some(false), "{id}");
        seen.push(id);
        let json = got.json();
        assert_eq!(members(&json, place), wanted, "{id}");
        json
    };
    let anybody = As::Nobody;
    let nothing = || Value::Null;
    let me = |mut body: Value| { body["oauth_token"] = tp::OAUTH_TOKEN.into(); body };
    let key = Key::named("shapes");
    let address = key.address();

    let target = format!("/oauth/authorize?{}&sandbox_consent=grant", authorize("user"));
    let mut code = || {
        let got = bench.get(anybody, &target);
        assert_eq!(got.verdict, Verdict { endpoint: Some("oauth.authorize"), signed: None });
        got.location().split_once("?code=").unwrap().1.split_once('&').unwrap().0.to_owned()
    };
    let (first, second) = (code(), code());
    let b = &mut bench;
    shape(b, "oauth.access_token", anybody, "POST", "/oauth/access-token", exchange(&first), "", TOKEN);
    let target = format!("/api/v1/oauth/token?{}", authorize("user"));
    shape(b, "oauth.api_token", anybody, "POST", &target, exchange(&second), "", TOKEN);
    let mut body = json!({ "username": "bob", "password": tp::PASSWORD, "grant_access": 1 });
    let target = format!("/api/v1/oauth/request?{}", authorize("user"));
    shape(b, "oauth.request_code", anybody, "POST", &target, body.clone(), "", "code state");
    body["client_id"] = tp::CLIENT_ID.into();
    shape(b, "account.login", anybody, "POST", "/api/v1/login", body.clone(), "", "confirmed_email ecc_key email id name username");
    body["client_secret"] = tp::CLIENT_SECRET.into();
    body["grant_type"] = "password".into();
    shape(b, "oauth.password_token", anybody, "POST", "/oauth/token", body, "", TOKEN);
    let target = format!("/oauth/user?access_token={}", tp::OAUTH_TOKEN);
    shape(b, "oauth.user", anybody, "GET", &target, nothing(), "", "ecc_key email email_is_confirmed id name username");
    let body = json!({ "client_id": tp::CLIENT_ID, "username": "Zoe", "password": "x", "email": "z@example.org" });
    shape(b, "account.register", anybody, "POST", "/api/v1/register", body, "/result", "ecc_key email id username");
    let body = json!({ "client_id": tp::CLIENT_ID, "user_id": tp::USER_ID, "token": tp::OAUTH_TOKEN, "current_password": tp::PASSWORD, "name": "N" });
    shape(b, "account.update", anybody, "PATCH", "/api/v1/update", body, "", "result");

    shape(b, "tca.check_user", APP, "GET", &token("/api/v1/tca/check/bob?TOKENLY=1"), nothing(), "", "result");
    shape(b, "tca.check_address", anybody, "GET", &format!("/api/v1/tca/check-address/{address}?TOKENLY=1"), nothing(), "", "result");
    shape(b, "tca.check_email", USER, "GET", "/api/v1/tca/checkemail/x%40example.org?TOKENLY=1", nothing(), "", "result");
    shape(b, "tca.find_users", USER, "GET", "/api/v1/tca/users?TOKENLY=1", nothing(), "/results/0", "channel id username");
    shape(b, "perk.get", anybody, "GET", "/api/v1/perks/TOKENLY", nothing(), "", "chatCount token");
    shape(b, "asset.info", APP, "GET", "/api/v1/tca/asset/bitcoin/TOKENLY", nothing(), "/result", "asset chain");

    let promise = json!({ "source": tp::SOURCE_ADDRESS, "destination": tp::OTHER_ADDRESS, "asset": "TOKENLY", "quantity": 1 });
    let got = shape(b, "promise.create", APP, "POST", "/api/v1/tca/provisional/tx", promise, "/tx", TX);
    let one = format!("/api/v1/tca/provisional/tx/{}", got["tx"]["promise_id"]);
    shape(b, "promise.list", APP, "GET", "/api/v1/tca/provisional/tx", nothing(), "/list/0", TX);
    shape(b, "promise.list_by_email", APP, "GET", "/api/v1/tca/provisional/byemail/x%40example.org", nothing(), "", "list result");
    shape(b, "promise.get", APP, "GET", &one, nothing(), "/tx", TX);
    shape(b, "promise.update", APP, "PATCH", &one, json!({ "ref": "x" }), "/tx", TX);
    shape(b, "promise.cancel", APP, "DELETE", &one, nothing(), "", "result");
    shape(b, "source.register", APP, "POST", "/api/v1/tca/provisional/register", json!({ "address": address }), "", "result");
    shape(b, "source.list", APP, "GET", "/api/v1/tca/provisional", nothing(), &format!("/whitelist/{address}"), "address assets");
    shape(b, "source.delete", APP, "DELETE", &format!("/api/v1/tca/provisional/{address}"), nothing(), "", "result");

    shape(b, "address.list_mine", anybody, "GET", &token("/api/v1/tca/addresses"), nothing(), "/result/0", "active address balances label public verified");
    shape(b, "address.list_public", APP, "GET", "/api/v1/tca/addresses/bob", nothing(), "/result/0", ROW);
    shape(b, "address.get_public", APP, "GET", &format!("/api/v1/tca/addresses/bob/{}", tp::OTHER_ADDRESS), nothing(), "/result", DETAIL);
    let got = shape(b, "address.register", anybody, "POST", "/api/v1/tca/address", me(json!({ "address": address })), "/result", "active address label public type verify_address verify_code");
    let sent = me(json!({ "signature": key.sign(got["result"]["verify_code"].as_str().unwrap()) }));
    let one = format!("/api/v1/tca/address/{address}");
    shape(b, "address.verify", anybody, "POST", &one, sent, "", "result");
    shape(b, "address.get_mine", anybody, "GET", &token(&one), nothing(), "/result", DETAIL);
    shape(b, "address.update", anybody, "PATCH", &one, me(json!({ "public": true })), "/result", DETAIL);
    shape(b, "address.delete", anybody, "DELETE", &token(&one), nothing(), "", "result");
    let message = b.server.new_instant_message("bob").unwrap();
    let sent = json!({ "msg": message, "address": address, "sig": key.sign(&message) });
    shape(b, "address.instant_verify", anybody, "POST", "/api/v1/instant-verify/bob", sent, "", "result");

    let target = format!("/api/v1/lookup/address/{}", tp::OTHER_ADDRESS);
    shape(b, "lookup.user_by_address", APP, "GET", &target, nothing(), "/result", LOOKUP);
    shape(b, "lookup.users_by_addresses", APP, "POST", "/api/v1/lookup/addresses", json!({ "address_list": [tp::OTHER_ADDRESS] }), &format!("/users/{}", tp::OTHER_ADDRESS), LOOKUP);
    shape(b, "lookup.address_by_user", APP, "GET", "/api/v1/lookup/user/bob", nothing(), "/result", LOOKUP);
    let target = format!("/api/v1/lookup/email/z%40example.org?client_id={}", tp::CLIENT_ID);
    shape(b, "lookup.user_by_email", APP, "GET", &target, nothing(), "/result", "email username");
    shape(b, "lookup.user_exists", USER, "GET", "/api/v1/lookup/user/exists/bob", nothing(), "", "result");
    shape(b, "balance.public", anybody, "GET", &token("/api/v1/tca/public/balances"), nothing(), "/0", BALANCE);
    shape(b, "balance.protected", anybody, "GET", &token("/api/v1/tca/protected/balances"), nothing(), "/0", BALANCE);

    shape(b, "messenger.privileges", anybody, "GET", &token("/api/v1/tca/messenger/privileges/TOKENLY"), nothing(), "", "canMessage token");
    shape(b, "messenger.chats", anybody, "GET", &token("/api/v1/tca/messenger/chats"), nothing(), "/0", CHAT);
    shape(b, "messenger.chat_privileges", anybody, "GET", &token("/api/v1/tca/messenger/chat/Qi81Dp4C8a8LZcjYGWFbAG"), nothing(), "", "authorized isGlobal tokenAuthorization");
    shape(b, "messenger.join", anybody, "POST", "/api/v1/tca/messenger/roster/Qi81Dp4C8a8LZcjYGWFbAG", me(json!({})), "", "success");
    let rules = json!([{ "token": "TOKENLY", "quantity": 1 }]);
    shape(b, "chat.create", anybody, "POST", "/api/v1/chats", me(json!({ "name": "n", "tca_rules": rules })), "", CHAT);
    let one = format!("/api/v1/chat/{}", tp::CHAT_ID);
    shape(b, "chat.update", anybody, "POST", &one, me(json!({ "tca_rules": rules })), "", CHAT);
    shape(b, "chat.get", anybody, "GET", &token(&one), nothing(), "", CHAT);

    let body = json!({ "name": "g", "app_whitelist": [tp::CLIENT_ID] });
    let got = shape(b, "credit_group.create", APP, "POST", "/api/v1/credits", body, "/credit_group", GROUP);
    let group = format!("/api/v1/credits/{}", got["credit_group"]["uuid"].as_str().unwrap());
    shape(b, "credit_group.list", APP, "GET", "/api/v1/credits", nothing(), "/list/0", GROUP);
    shape(b, "credit_group.get", APP, "GET", &group, nothing(), "/credit_group", GROUP);
    shape(b, "credit_group.update", APP, "PATCH", &group, json!({ "name": "h" }), "/credit_group", GROUP);
    let accounts = format!("{group}/accounts");
    shape(b, "credit_account.create", APP, "POST", &accounts, json!({ "name": "a" }), "/account", ACCOUNT);
    let rows = json!({ "accounts": [{ "account": "a", "amount": 1 }] });
    shape(b, "credit.give", APP, "POST", &format!("{accounts}/credit"), rows.clone(), "/transactions/0/debit", ENTRY);
    shape(b, "credit.take", APP, "POST", &format!("{accounts}/debit"), rows, "/transactions/0/credit", ENTRY);
    shape(b, "credit_account.list", APP, "GET", &accounts, nothing(), "/accounts/0", ACCOUNT);
    shape(b, "credit_account.get", APP, "GET", &format!("{accounts}/a"), nothing(), "/account", ACCOUNT);
    shape(b, "credit_account.history", APP, "GET", &format!("{accounts}/a/history"), nothing(), "/transactions/0", "amount created_at credit_group ref tx_uuid updated_at");
    shape(b, "credit_group.history", APP, "GET", &format!("{group}/history"), nothing(), "/transactions/0", "account account_uuid amount created_at credit_group ref tokenpass_user tx_uuid updated_at");

    shape(b, "second_factor.status", anybody, "GET", &token("/api/v1/tca/check-sign/bob"), nothing(), "", "result");
    b.server.addresses[0].address = address;
    let signature = key.sign(&Tokenpass::second_factor_message(tp::USERNAME));
    shape(b, "second_factor.sign", anybody, "POST", "/api/v1/tca/set-sign", me(json!({ "signature": signature })), "", "result");
    shape(b, "oauth.logout", anybody, "GET", &token("/api/v1/oauth/logout"), nothing(), "", "result");

    seen.push("oauth.authorize");
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 61);
}

#[test]
fn server_responds_at_the_base_url_of_the_environment() {
    let sandbox = Sandbox::start().unwrap();
    let environment = sandbox.environment();
    let get = |name: &str| {
        let row = environment.iter().find(|(known, _)| *known == name);
        row.unwrap_or_else(|| panic!("no {name}")).1.clone()
    };
    let base = get("TOKENPASS_BASE_URL");
    assert_eq!(base, get("TOKENPASS_PROVIDER_HOST"));
    let host = base.strip_prefix("http://").unwrap();
    let (id, secret) = (get("TOKENPASS_CLIENT_ID"), get("TOKENPASS_CLIENT_SECRET"));
    let nonce = sandbox.clock().unix();
    let message = format!("GET\n{base}/api/v1/credits\n{{}}\n{id}\n{nonce}");
    let signature = STANDARD.encode(mac(&secret, message.as_bytes()));
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "GET /api/v1/credits HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
         x-tokenly-auth-api-token: {id}\r\nx-tokenly-auth-nonce: {nonce}\r\n\
         x-tokenly-auth-signature: {signature}\r\n\r\n"
    )
    .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(
        response.starts_with("HTTP/1.1 200 ") && response.ends_with(r#"{"list":[]}"#),
        "{response}"
    );
    let seen = sandbox.tokenpass().take_seen();
    assert_eq!(seen[0].verdict.signed, Some(true));
}
