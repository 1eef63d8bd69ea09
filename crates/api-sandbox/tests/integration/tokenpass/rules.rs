//! Tests of the rules for signatures, nonces and parameters, one by one.

use super::*;

/// Returns the headers of a signed GET request to `/api/v1/credits`.
fn headers(nonce: &str, signature: &str) -> Vec<(&'static str, String)> {
    vec![
        ("Host", HOST.to_owned()),
        ("X-Tokenly-Auth-Api-Token", tp::CLIENT_ID.to_owned()),
        ("X-Tokenly-Auth-Nonce", nonce.to_owned()),
        ("X-Tokenly-Auth-Signature", signature.to_owned()),
    ]
}

fn signature(nonce: &str) -> String {
    let message = format!("GET\nhttp://{HOST}/api/v1/credits\n{{}}\n{}\n{nonce}", tp::CLIENT_ID);
    STANDARD.encode(mac(tp::CLIENT_SECRET, message.as_bytes()))
}

impl Bench {
    /// Sends a GET request with these headers. Returns the error message, or an empty string if the
    /// request is accepted.
    fn reason(&mut self, headers: Vec<(&str, String)>) -> String {
        let got = self.send("GET", "/api/v1/credits", "", headers);
        assert_eq!(got.verdict.signed, Some(got.status == 200), "{}", got.text);
        if got.status == 200 {
            String::new()
        } else {
            got.json()["message"].as_str().unwrap().to_owned()
        }
    }
}

#[test]
fn a_signature_is_compared_to_its_last_character() {
    let mut bench = Bench::new();
    let nonce = bench.clock.unix().to_string();
    let good = signature(&nonce);
    assert_eq!(bench.reason(headers(&nonce, &good)), "");
    let wrong = "Invalid Authorization Signature";
    for at in 0..good.len() {
        let mut other = good.clone().into_bytes();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(other).unwrap();
        assert_eq!(bench.reason(headers(&nonce, &other)), wrong, "{at}");
    }
    for other in [&good[..8], &good[..good.len() - 1], &format!("{good}="), &good.to_uppercase()] {
        assert_eq!(bench.reason(headers(&nonce, other)), wrong, "{other}");
    }
}

#[test]
fn checks_have_the_order_of_the_real_server() {
    let clock = SandboxClock::at_unix(1_800_000_000);
    let mut bench = Bench { server: Tokenpass::new(clock.clone()), clock };
    let now = bench.clock.unix();
    let (fresh, stale) = (now.to_string(), (now - 301).to_string());
    let with = |headers: Vec<(&'static str, String)>, name: &str, value: &str| {
        headers
            .into_iter()
            .map(
                |(known, old)| if known == name { (known, value.to_owned()) } else { (known, old) },
            )
            .collect::<Vec<_>>()
    };
    let key = "X-Tokenly-Auth-Api-Token";
    // First the key is checked, then the time, then the signature.
    let unknown = with(headers(&stale, "x"), key, "INOBODY");
    assert_eq!(bench.reason(unknown), "Invalid API Token");
    assert_eq!(bench.reason(headers(&stale, "x")), "Invalid nonce parameter");
    assert_eq!(bench.reason(headers(&stale, &signature(&stale))), "Invalid nonce parameter");
    assert_eq!(bench.reason(headers(&fresh, "x")), "Invalid Authorization Signature");
    for (offset, is_fresh) in [(-300_i64, true), (300, true), (-301, false), (301, false)] {
        let nonce = now.checked_add_signed(offset).unwrap().to_string();
        let expected = if is_fresh { "" } else { "Invalid nonce parameter" };
        assert_eq!(bench.reason(headers(&nonce, &signature(&nonce))), expected, "{offset}");
    }
    let mut url = headers(&stale, "x");
    url.push(("X-Tokenly-Auth-Signed-Url", "http://x/".to_owned()));
    assert_eq!(bench.reason(url), "Invalid Signed URL");
}

#[test]
fn a_nonce_of_2020_is_used_up_by_a_valid_signature_only() {
    let mut bench = Bench::new();
    bench.server.generation = Generation::XApi;
    let mut send = |nonce: &str, signature: &str| {
        let headers = vec![
            ("Content-Type", "application/json".to_owned()),
            ("X-API-Key", tp::CLIENT_ID.to_owned()),
            ("X-API-Nonce", nonce.to_owned()),
            ("X-API-Signature", signature.to_owned()),
        ];
        let got = bench.send("GET", "/api/v1/credits", "{}", headers);
        if got.status == 200 {
            String::new()
        } else {
            got.json()["message"].as_str().unwrap().to_owned()
        }
    };
    let signature = |nonce: &str| -> String {
        let mac = mac(tp::CLIENT_SECRET, format!("{nonce}{{}}").as_bytes());
        mac.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let good = signature("one");
    for at in 0..good.len() {
        let mut other = good.clone().into_bytes();
        other[at] = if other[at] == b'0' { b'1' } else { b'0' };
        let other = String::from_utf8(other).unwrap();
        assert_eq!(send("one", &other), "Invalid Authorization Signature", "{at}");
    }
    assert_eq!(send("one", &good.to_uppercase()), "Invalid Authorization Signature");
    assert_eq!(send("one", &good[..16]), "Invalid Authorization Signature");
    assert_eq!(send("one", &good), "");
    assert_eq!(send("one", &good), "Invalid nonce parameter");
    assert_eq!(send("two", &good), "Invalid Authorization Signature");
    assert_eq!(send("two", &signature("two")), "");
}

#[test]
fn a_token_expires_at_its_second() {
    let target = |token: &str| format!("/api/v1/tca/public/balances?oauth_token={token}");
    let body = json!({
        "grant_type": "password", "username": "bob", "password": tp::PASSWORD, "scopes": "tca",
        "client_id": tp::CLIENT_ID, "client_secret": tp::CLIENT_SECRET,
    });
    let clock = SandboxClock::at_unix(1_800_000_000);
    let mut bench = Bench { server: Tokenpass::new(clock.clone()), clock };
    bench.server.token_life = 100;
    let got = bench.good(As::Nobody, "POST", "/oauth/token", &body);
    let token = got["access_token"].as_str().unwrap().to_owned();
    bench.clock.advance(Duration::from_secs(99));
    assert_eq!(bench.get(As::Nobody, &target(&token)).status, 200);
    bench.clock.advance(Duration::from_secs(1));
    let refused = bench.refusal(As::Nobody, "GET", &target(&token), &Value::Null);
    assert_eq!(refused, no(403, "This access token has expired"));
    assert_eq!(bench.get(As::Nobody, &target(&token[..8])).status, 403);
}

#[test]
fn lengths_and_booleans_are_validated_by_name() {
    let mut bench = Bench::new();
    let long = |length: usize| "x".repeat(length);
    let address = format!("/api/v1/tca/address/{}", tp::PUBLIC_ADDRESS);
    let unverified = format!("/api/v1/tca/address/{}", tp::UNVERIFIED_ADDRESS);
    let new = json!({ "address": Key::named("another").address() });
    let merged = |base: &Value, name: &str, value: Value| {
        let mut body = base.clone();
        body["oauth_token"] = tp::OAUTH_TOKEN.into();
        body[name] = value;
        body
    };
    let login = json!({ "client_id": tp::CLIENT_ID, "username": "bob", "password": "x" });
    let chat = format!("/api/v1/chat/{}", tp::CHAT_ID);
    for (method, path, base, name, value, text) in [
        (
            "POST",
            "/api/v1/login",
            &login,
            "username",
            json!(long(256)),
            "The username may not be greater than 255 characters.",
        ),
        (
            "POST",
            "/api/v1/login",
            &login,
            "password",
            json!(long(256)),
            "The password may not be greater than 255 characters.",
        ),
        ("POST", "/api/v1/login", &login, "username", json!(""), "The username field is required."),
        (
            "POST",
            "/api/v1/tca/set-sign",
            &json!({}),
            "signature",
            json!(long(1025)),
            "The signature may not be greater than 1024 characters.",
        ),
        (
            "POST",
            "/api/v1/tca/address",
            &new,
            "address",
            json!(""),
            "The address field is required.",
        ),
        (
            "POST",
            "/api/v1/tca/address",
            &new,
            "label",
            json!(long(256)),
            "The label may not be greater than 255 characters.",
        ),
        (
            "POST",
            "/api/v1/tca/address",
            &new,
            "active",
            json!("yes"),
            "The active field must be true or false.",
        ),
        (
            "POST",
            "/api/v1/tca/address",
            &new,
            "public",
            json!(2),
            "The public field must be true or false.",
        ),
        (
            "POST",
            "/api/v1/tca/address",
            &new,
            "type",
            json!("eth"),
            "The selected type is invalid.",
        ),
        (
            "POST",
            &unverified,
            &json!({}),
            "signature",
            json!(long(1025)),
            "The signature may not be greater than 1024 characters.",
        ),
        (
            "POST",
            &unverified,
            &json!({}),
            "signature",
            json!(""),
            "The signature field is required.",
        ),
        (
            "PATCH",
            &address,
            &json!({}),
            "label",
            json!(long(256)),
            "The label may not be greater than 255 characters.",
        ),
        (
            "PATCH",
            &address,
            &json!({}),
            "public",
            json!("x"),
            "The public field must be true or false.",
        ),
        (
            "PATCH",
            &address,
            &json!({}),
            "active",
            json!("x"),
            "The active field must be true or false.",
        ),
        (
            "POST",
            "/api/v1/chats",
            &json!({ "name": "a" }),
            "active",
            json!("x"),
            "The active field must be true or false.",
        ),
        (
            "POST",
            "/api/v1/chats",
            &json!({ "name": "a" }),
            "global",
            json!("x"),
            "The global field must be true or false.",
        ),
        (
            "POST",
            &chat,
            &json!({}),
            "active",
            json!("x"),
            "The active field must be true or false.",
        ),
        (
            "POST",
            &chat,
            &json!({}),
            "global",
            json!("x"),
            "The global field must be true or false.",
        ),
    ] {
        let got = bench.ask(As::Nobody, method, path, &merged(base, name, value));
        assert_eq!(got.status, 422, "{method} {path} {name}: {}", got.text);
        let errors = got.json()["errors"].clone();
        assert!(errors.as_array().unwrap().iter().any(|error| error == text), "{name}: {errors}");
    }
    let body = merged(&json!({ "name": "a" }), "global", json!(1));
    assert_eq!(bench.post(As::Nobody, "/api/v1/chats", &body).status, 500);
    bench
        .server
        .addresses
        .iter_mut()
        .find(|known| known.address == tp::PUBLIC_ADDRESS)
        .unwrap()
        .pseudo = true;
    let refused =
        bench.refusal(As::Nobody, "PATCH", &address, &merged(&json!({}), "label", json!("a")));
    assert_eq!(refused, no(400, "Unable to edit pseudo address"));
}

#[test]
fn balances_can_be_objects_and_the_chain_can_be_down() {
    let mut bench = Bench::new();
    let target = token("/api/v1/tca/public/balances");
    let rows = bench.good(As::Nobody, "GET", &target, &Value::Null);
    assert_eq!(rows[0].get("precision"), None);
    bench.server.quantity_objects = true;
    let rows = bench.good(As::Nobody, "GET", &target, &Value::Null);
    assert_eq!(rows[0]["precision"], 8);
    bench.server.chain_is_down = true;
    assert_eq!(bench.get(As::Nobody, &target).status, 200);
    assert_eq!(bench.get(As::Nobody, &format!("{target}&refresh=0")).status, 200);
    assert_eq!(bench.get(As::Nobody, &format!("{target}&refresh=1")).status, 500);
    bench.server.chain_is_down = false;
    assert_eq!(bench.get(As::Nobody, &format!("{target}&refresh=1")).status, 200);
}

#[test]
fn grants_are_distinguished_by_type() {
    let mut bench = Bench::new();
    let body = json!({
        "grant_type": "password", "username": "bob", "password": tp::PASSWORD, "scopes": "user",
        "client_id": tp::CLIENT_ID, "client_secret": tp::CLIENT_SECRET,
    });
    let mut error = |name: &str, value: &str| {
        let mut body = body.clone();
        body[name] = value.into();
        let got = bench.post(As::Nobody, "/oauth/token", &body);
        (got.status, got.json()["error"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(error("grant_type", "password"), (200, String::new()));
    assert_eq!(error("grant_type", "x"), (400, "unsupported_grant_type".to_owned()));
    // This grant type requires a code and a redirect_uri.
    assert_eq!(error("grant_type", "authorization_code"), (400, "invalid_request".to_owned()));
    assert_eq!(error("client_secret", "wrong"), (401, "invalid_client".to_owned()));
    assert_eq!(error("password", "wrong"), (401, "invalid_credentials".to_owned()));
    assert_eq!(error("username", ""), (400, "invalid_request".to_owned()));
}

#[test]
fn the_body_of_a_get_is_not_a_form() {
    let mut bench = Bench::new();
    let headers = vec![("Content-Type", "application/x-www-form-urlencoded".to_owned())];
    let body = format!("oauth_token={}", tp::OAUTH_TOKEN);
    let got = bench.send("GET", "/api/v1/tca/public/balances", &body, headers.clone());
    assert_eq!((got.status, &got.json()["message"]), (403, &json!("No access token provided")));
    let got = bench.send("POST", "/api/v1/tca/set-sign", &body, headers);
    assert_eq!(got.status, 422, "the token is read, the signature is missing: {}", got.text);
}

#[test]
fn a_signature_names_the_form_of_its_key() {
    let key = Key::named("a");
    let mut signature = STANDARD.decode(key.sign("message")).unwrap();
    assert!(tp::verifies(&key.address(), "message", &STANDARD.encode(&signature)));
    assert!(!tp::verifies(&key.address(), "Message", &STANDARD.encode(&signature)));
    // The uncompressed public key belongs to another address.
    signature[0] -= 4;
    assert!(!tp::verifies(&key.address(), "message", &STANDARD.encode(&signature)));
    for at in [1, 20, 40, 64] {
        let mut other = STANDARD.decode(key.sign("message")).unwrap();
        other[at] ^= 1;
        assert!(!tp::verifies(&key.address(), "message", &STANDARD.encode(&other)), "{at}");
    }
}

#[test]
fn amount_above_the_maximum_balance_is_not_booked() {
    let mut bench = Bench::new();
    let group = bench.good(
        APP,
        "POST",
        "/api/v1/credits",
        &json!({ "name": "g", "app_whitelist": [tp::CLIENT_ID] }),
    );
    let group = group["credit_group"]["uuid"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/credits/{group}/accounts");
    bench.good(APP, "POST", &path, &json!({ "name": "a" }));
    let credit = json!({ "accounts": [{ "account": "a", "amount": i64::MAX }] });
    let target = format!("{path}/credit");
    assert_eq!(bench.post(APP, &target, &credit).status, 200);
    assert_eq!(bench.post(APP, &target, &credit).status, 500);
    assert!(bench.server.credit_accounts.iter().any(|account| account.balance == i64::MAX));
}

#[test]
fn a_callback_may_have_a_query() {
    let mut bench = Bench::new();
    let callback = "http://127.0.0.1:8000/cb?x=1".to_owned();
    let client = bench.server.clients.iter_mut().find(|client| client.id == tp::CLIENT_ID).unwrap();
    client.callbacks.push(callback.clone());
    let query = authorize("user").replace("oauth_callback", "cb%3Fx%3D1");
    let granted = bench.get(As::Nobody, &format!("/oauth/authorize?{query}&sandbox_consent=grant"));
    assert!(granted.location().starts_with(&format!("{callback}&code=")), "{}", granted.location());
}

#[test]
fn a_code_is_exchanged_with_the_id_and_the_secret() {
    let mut bench = Bench::new();
    let body = "grant_type=authorization_code&code=x&redirect_uri=http%3A%2F%2Fx";
    let mut error = |more: &str, authorization: Option<String>| {
        let form = ("Content-Type", "application/x-www-form-urlencoded".to_owned());
        let mut headers = vec![form];
        headers.extend(authorization.map(|value| ("Authorization", value)));
        let got = bench.send("POST", "/oauth/access-token", &format!("{body}{more}"), headers);
        (got.status, got.json()["error_description"].as_str().unwrap().to_owned())
    };
    for (more, name) in
        [("", "client_id"), (&*format!("&client_id={}", tp::CLIENT_ID), "client_secret")]
    {
        let (status, text) = error(more, None);
        assert!(status == 400 && text.contains(&format!("\"{name}\"")), "{text}");
    }
    let basic =
        |secret: &str| format!("Basic {}", STANDARD.encode(format!("{}:{secret}", tp::CLIENT_ID)));
    let (status, text) = error("", Some(basic(tp::CLIENT_SECRET)));
    assert!(status == 400 && text.contains("\"code\""), "{text}");
    assert_eq!(error("", Some(basic(&tp::CLIENT_SECRET[..8]))).0, 401);
}
