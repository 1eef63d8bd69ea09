//! Tests of the rules for signatures, nonces and parameters, one by one.

use std::collections::HashSet;

use api_sandbox::Response;

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
    let user = format!("/oauth/user?access_token={token}");
    bench.clock.advance(Duration::from_secs(99));
    assert_eq!(bench.get(As::Nobody, &target(&token)).status, 200);
    assert_eq!(bench.get(As::Nobody, &user).status, 200);
    bench.clock.advance(Duration::from_secs(1));
    let refused = bench.refusal(As::Nobody, "GET", &target(&token), &Value::Null);
    assert_eq!(refused, no(403, "This access token has expired"));
    let refused = bench.refusal(As::Nobody, "GET", &user, &Value::Null);
    assert_eq!(refused, no(401, "access_denied"));
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
    // One of the two accounts is at its limit: first the one that is credited, then the other.
    bench.good(APP, "POST", &path, &json!({ "name": "b" }));
    for (account, source) in [("a", "b"), ("b", "_")] {
        let row = json!({ "account": account, "amount": 2, "source": source });
        let refused = bench.post(APP, &target, &json!({ "accounts": [row] }));
        assert_eq!(refused.status, 500, "{account} {source}");
    }
    assert_eq!(bench.server.credit_entries.len(), 2);
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

#[test]
fn only_errors_are_reasons_of_rejections() {
    let server = Bench::new().server;
    for (status, body, expected) in [
        (200, r#"{"result":true}"#, None),
        (200, r#"{"message":"done"}"#, None),
        (200, r#"{"error":"no","result":false}"#, Some("no")),
        (422, r#"{"message":"no"}"#, Some("no")),
        (400, r#"{"error":"a","error_description":"b"}"#, Some("a: b")),
        (500, "<html>", Some("an error page with status 500")),
    ] {
        let response = Response::new(status, "application/json", body);
        assert_eq!(server.rejection(&response).as_deref(), expected, "{status} {body}");
    }
}

#[test]
fn paths_of_the_login_pages_have_no_limit_and_no_options() {
    let mut bench = Bench::new();
    let user = format!("/oauth/user?access_token={}", tp::OAUTH_TOKEN);
    assert_eq!(bench.ask(As::Nobody, "OPTIONS", &user, &Value::Null).status, 405);
    // The query is part of a request even in the version that signs only bodies.
    bench.server.generation = Generation::XApi;
    bench.server.rate_limit = Some(0);
    let got = bench.get(As::Nobody, &user);
    assert_eq!((got.status, got.header("x-ratelimit-limit")), (200, None));
    assert_eq!(bench.get(As::Nobody, "/api/v1/perks/BTC").status, 429);
}

#[test]
fn a_user_is_found_by_name_and_by_slug() {
    let mut bench = Bench::new();
    let body = json!({
        "client_id": tp::CLIENT_ID, "username": "Le Roy+2é", "password": "x",
        "email": "l@example.org",
    });
    bench.good(As::Nobody, "POST", "/api/v1/register", &body);
    assert_eq!(bench.server.users.last().unwrap().slug, "le-roy-2é");
    for name in ["LE%20Roy%2B2%C3%A9", "Le-roy-2%C3%A9"] {
        let target = token(&format!("/api/v1/tca/check-sign/{name}"));
        let got = bench.good(As::Nobody, "GET", &target, &Value::Null);
        assert_eq!(got, json!({ "result": "unsigned" }), "{name}");
    }
}

#[test]
fn an_update_requires_the_valid_token_of_an_application_and_a_user() {
    let mut bench = Bench::new();
    let path = "/api/v1/update";
    let good = json!({
        "client_id": tp::CLIENT_ID, "user_id": tp::USER_ID, "token": tp::OAUTH_TOKEN,
        "current_password": tp::PASSWORD, "name": "N",
    });
    let invalid = no(200, "Invalid access token, client ID or user ID");
    for (name, value) in
        [("client_id", tp::OTHER_CLIENT_ID), ("user_id", tp::OTHER_USER_ID), ("token", "nobody")]
    {
        let mut body = good.clone();
        body[name] = value.into();
        assert_eq!(bench.refusal(As::Nobody, "PATCH", path, &body), invalid, "{name}");
    }
    let end = bench.server.tokens[0].expires;
    assert_eq!(bench.server.tokens[0].token, tp::OAUTH_TOKEN);
    bench.clock.advance(Duration::from_secs(end - bench.clock.unix() - 1));
    bench.good(As::Nobody, "PATCH", path, &good);
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.refusal(As::Nobody, "PATCH", path, &good), invalid);
}

#[test]
fn verification_codes_in_a_row_have_different_words() {
    let mut bench = Bench::new();
    let target = token(&format!("/api/v1/tca/address/{}", tp::UNVERIFIED_ADDRESS));
    let mut words = HashSet::new();
    for _ in 0..64 {
        let mine = bench.good(As::Nobody, "GET", &target, &Value::Null);
        let code = mine["result"]["verify_code"].as_str().unwrap();
        let parts: Vec<&str> = code.split(' ').collect();
        assert_eq!((parts.len(), parts[0]), (4, "TOKENPASS"), "{code}");
        let is_word = |word: &str| word.len() > 3 && word.bytes().all(|b| b.is_ascii_lowercase());
        assert!(is_word(parts[1]) && is_word(parts[2]), "{code}");
        assert!(parts[3].parse::<u64>().is_ok(), "{code}");
        words.insert((parts[1].to_owned(), parts[2].to_owned()));
    }
    assert_eq!(words.len(), 64);
}

#[test]
fn addresses_that_the_server_creates_are_valid_and_different() {
    let mut bench = Bench::new();
    let mut made = Vec::new();
    let target = token(&format!("/api/v1/tca/address/{}", tp::UNVERIFIED_ADDRESS));
    let mine = bench.good(As::Nobody, "GET", &target, &Value::Null);
    made.push(mine["result"]["verify_address"].clone());
    let list = bench.good(As::Nobody, "GET", &token("/api/v1/tca/addresses"), &Value::Null);
    assert_eq!(list["result"][3]["verify_address"], made[0]);
    let new = json!({ "oauth_token": tp::OAUTH_TOKEN, "address": Key::named("another").address() });
    let new = bench.good(As::Nobody, "POST", "/api/v1/tca/address", &new);
    made.push(new["result"]["verify_address"].clone());
    bench.server.addresses.clear();
    for user in ["bob", "cryptonaut"] {
        let body = json!({
            "source": tp::SOURCE_ADDRESS, "destination": format!("user:{user}"),
            "asset": "TOKENLY", "quantity": 1,
        });
        let tx = bench.good(APP, "POST", "/api/v1/tca/provisional/tx", &body);
        made.push(tx["tx"]["destination"].clone());
    }
    let made: HashSet<&str> = made.iter().map(|address| address.as_str().unwrap()).collect();
    assert_eq!(made.len(), 4, "{made:?}");
    for address in made {
        let target = format!("/api/v1/tca/check-address/{address}?TOKENLY=1");
        assert_eq!(bench.get(As::Nobody, &target).status, 200, "{address}");
    }
}

#[test]
fn a_scope_shows_the_private_addresses_of_the_user() {
    let mut bench = Bench::new();
    let mut private = bench.server.tokens[0].clone();
    private.token = "PrivateAddresses".to_owned();
    private.scopes = vec!["tca".to_owned(), "private-address".to_owned()];
    bench.server.tokens.push(private);
    for (token, shown) in [
        (tp::LIMITED_TOKEN, &[tp::PUBLIC_ADDRESS][..]),
        ("PrivateAddresses", &[tp::PUBLIC_ADDRESS, tp::PRIVATE_ADDRESS]),
    ] {
        let list = format!("/api/v1/tca/addresses?oauth_token={token}");
        let rows = bench.good(As::Nobody, "GET", &list, &Value::Null)["result"].clone();
        let listed: Vec<&str> =
            rows.as_array().unwrap().iter().map(|row| row["address"].as_str().unwrap()).collect();
        assert_eq!(listed, shown, "{token}");
        for address in [
            tp::PUBLIC_ADDRESS,
            tp::PRIVATE_ADDRESS,
            tp::INACTIVE_ADDRESS,
            tp::UNVERIFIED_ADDRESS,
            tp::OTHER_ADDRESS,
        ] {
            let target = format!("/api/v1/tca/address/{address}?oauth_token={token}");
            let status = if shown.contains(&address) { 200 } else { 404 };
            assert_eq!(bench.get(As::Nobody, &target).status, status, "{token} {address}");
        }
    }
}

#[test]
fn longest_label_and_booleans_of_a_form_are_accepted() {
    let mut bench = Bench::new();
    let path = format!("/api/v1/tca/address/{}", tp::PUBLIC_ADDRESS);
    let label = "é".repeat(255);
    for active in ["0", "1"] {
        let body = json!({ "oauth_token": tp::OAUTH_TOKEN, "label": label, "active": active });
        let got = bench.good(As::Nobody, "PATCH", &path, &body);
        assert_eq!(got["result"]["active"], active == "1");
        assert_eq!(got["result"]["label"], "&eacute;".repeat(255));
    }
}

#[test]
fn perks_of_a_token_are_its_active_chats() {
    let mut bench = Bench::new();
    let count = |bench: &mut Bench, asset: &str| {
        let target = format!("/api/v1/perks/{asset}");
        bench.good(As::Nobody, "GET", &target, &Value::Null)["chatCount"].clone()
    };
    assert_eq!((count(&mut bench, "TOKENLY"), count(&mut bench, "LTBCOIN")), (json!(1), json!(0)));
    bench.server.chats[0].active = false;
    assert_eq!(count(&mut bench, "TOKENLY"), json!(0));
}

#[test]
fn the_owner_of_the_issuing_address_may_send_messages() {
    let mut bench = Bench::new();
    let target = token("/api/v1/tca/messenger/privileges/TOKENLY");
    for (issuer, may) in [
        (tp::PUBLIC_ADDRESS, true),
        (tp::PRIVATE_ADDRESS, true),
        (tp::UNVERIFIED_ADDRESS, false),
        (tp::OTHER_ADDRESS, false),
    ] {
        bench.server.issuers.insert("TOKENLY".to_owned(), issuer.to_owned());
        let got = bench.good(As::Nobody, "GET", &target, &Value::Null);
        assert_eq!(got["canMessage"], may, "{issuer}");
    }
}

/// Creates a credit group with the account `café`, in which 5 credits are booked. Returns the path
/// of the group.
fn credit_group(bench: &mut Bench) -> String {
    let body = json!({ "name": "g", "app_whitelist": [tp::CLIENT_ID] });
    let group = bench.good(APP, "POST", "/api/v1/credits", &body);
    let path = format!("/api/v1/credits/{}", group["credit_group"]["uuid"].as_str().unwrap());
    bench.good(APP, "POST", &format!("{path}/accounts"), &json!({ "name": "café" }));
    let rows = json!({ "accounts": [{ "account": "café", "amount": 5 }] });
    bench.good(APP, "POST", &format!("{path}/accounts/credit"), &rows);
    path
}

#[test]
fn amounts_of_credits_are_read_as_by_the_real_server() {
    let mut bench = Bench::new();
    let group = credit_group(&mut bench);
    for (side, sign) in [("credit", 1), ("debit", -1)] {
        let target = format!("{group}/accounts/{side}");
        for (amount, booked) in [
            (json!(0), 0),
            (json!(""), 0),
            (json!("abc"), 0),
            (json!("0x1A"), 0),
            (json!(false), 0),
            (json!([]), 0),
            (json!(5), 5),
            (json!(-5), 5),
            (json!("-5"), 5),
            (json!(" 5"), 5),
            (json!("5 "), 5),
            (json!(1.9), 1),
            (json!(-1.9), 1),
            (json!("5.9"), 5),
            (json!("1,000"), 1),
            (json!("1e3"), 1_000),
            (json!(true), 1),
            (json!([1, 2]), 1),
            (json!({ "a": 0 }), 1),
        ] {
            let rows = json!({ "accounts": [{ "account": "café", "amount": amount }] });
            let got = bench.good(APP, "POST", &target, &rows);
            assert_eq!(got["transactions"][0][side]["amount"], sign * booked, "{side} {amount}");
        }
        let none = bench.good(APP, "POST", &target, &json!({ "accounts": [] }));
        assert_eq!(none, json!({ "transactions": [] }));
    }
    let target = format!("{group}/accounts/credit");
    // An account of its own for each amount, because none can have more than 2^63 - 1 credits.
    for (name, amount, booked) in [
        ("a", json!(i64::MAX), i64::MAX),
        ("b", json!("9223372036854775808"), i64::MAX),
        ("c", json!(1e19), 8_446_744_073_709_551_616),
        ("d", json!(9_300_000_000_000_000_000_u64), 9_146_744_073_709_551_616),
    ] {
        for name in [name, &format!("{name}2")] {
            bench.good(APP, "POST", &format!("{group}/accounts"), &json!({ "name": name }));
        }
        let row = json!({ "account": name, "amount": amount, "source": format!("{name}2") });
        let got = bench.good(APP, "POST", &target, &json!({ "accounts": [row] }));
        assert_eq!(got["transactions"][0]["credit"]["amount"], booked, "{amount}");
    }
    // Their sum exceeds 64 bits until the other sides are added.
    bench.server.credit_accounts.sort_by_key(|account| std::cmp::Reverse(account.balance));
    let got = bench.good(APP, "GET", &format!("{group}/accounts"), &Value::Null);
    assert_eq!(got["balance"], 0);
    assert!(bench.server.ledger_balances());
}

#[test]
fn blank_sources_are_the_default_account_and_references_are_cut() {
    let mut bench = Bench::new();
    let group = credit_group(&mut bench);
    for (side, member, other) in [("credit", "source", "debit"), ("debit", "destination", "credit")]
    {
        let target = format!("{group}/accounts/{side}");
        for blank in [json!(null), json!(""), json!(" \t")] {
            let mut row = json!({ "account": "café", "amount": 1, "ref": "é".repeat(256) });
            row[member] = blank;
            let got = bench.good(APP, "POST", &target, &json!({ "accounts": [row] }));
            let entry = &got["transactions"][0][other];
            assert_eq!(entry["account_name"], "_", "{row}");
            assert_eq!(entry["ref"], "é".repeat(255), "{row}");
        }
        let mut same = json!({ "account": "café", "amount": 1 });
        same[member] = json!("café");
        let got = bench.good(APP, "POST", &target, &json!({ "accounts": [same] }));
        let amounts = [side, other].map(|side| got["transactions"][0][side]["amount"].as_i64());
        assert_eq!(amounts[0].unwrap() + amounts[1].unwrap(), 0);
    }
    assert!(bench.server.ledger_balances());
    let got = bench.good(APP, "GET", &format!("{group}/accounts/café/history"), &Value::Null);
    let balance = bench.server.credit_accounts[0].balance;
    assert_eq!((&got["account"]["balance"], balance), (&json!("5"), 5));
}

/// Names such as `a[b][c]` are read recursively.
#[test]
fn deep_parameters_do_not_overflow_the_stack() {
    let mut bench = Bench::new();
    let target = format!("/api/v1/tca/check-address/{}?", tp::PUBLIC_ADDRESS);
    let deep = "[x]".repeat(300_000);
    let got = bench.get(As::Nobody, &format!("{target}TOKENLY=1&a{deep}=1"));
    assert_eq!(got.json(), json!({ "result": true }));
    let got = bench.form("/api/v1/login", &format!("a{deep}=1"));
    assert_eq!(got.status, 403, "{}", got.text);
    let body = "{\"a\":".repeat(100_000);
    let json = vec![("Content-Type", "application/json".to_owned()), ("Host", HOST.to_owned())];
    assert_eq!(bench.send("POST", "/api/v1/login", &body, json).status, 403);
}

#[test]
fn rules_with_lists_are_read_as_by_the_real_server() {
    let mut bench = Bench::new();
    let privileged = As::Pair(tp::PRIVILEGED_CLIENT_ID, tp::PRIVILEGED_CLIENT_SECRET);
    let list = |query: &str| match query {
        "TOKENLY[]=5" => "{\"TOKENLY\":{\"0\":\"5\"}}",
        _ => "{\"TOKENLY\":\"1\",\"stackop_1\":{\"0\":\"OR\"}}",
    };
    let mut check = |path: &str, query: &str| {
        let headers = match path {
            path if !path.starts_with("checkemail") && path != "users" => {
                vec![("Host", HOST.to_owned())]
            }
            _ => {
                let As::Pair(id, secret) = privileged else { panic!("no key") };
                let nonce = bench.clock.unix().to_string();
                let message =
                    format!("GET\nhttp://{HOST}/api/v1/tca/{path}\n{}\n{id}\n{nonce}", list(query));
                vec![
                    ("Host", HOST.to_owned()),
                    ("X-Tokenly-Auth-Api-Token", id.to_owned()),
                    ("X-Tokenly-Auth-Nonce", nonce),
                    ("X-Tokenly-Auth-Signature", STANDARD.encode(mac(secret, message.as_bytes()))),
                ]
            }
        };
        let target = format!("/api/v1/tca/{path}?{query}");
        let target = if path.starts_with("check/") { token(&target) } else { target };
        let got = bench.send("GET", &target, "", headers);
        (got.status, got.json())
    };
    let address = format!("check-address/{}", tp::PUBLIC_ADDRESS);
    let email = format!("checkemail/{}", tp::EMAIL.replace('@', "%40"));
    for path in ["check/cryptonaut", &address, &email, "users"] {
        let (status, found) = check(path, "TOKENLY[]=5");
        let holds = found["result"] == true || found["count"] == 2;
        assert!(status == 200 && holds, "{path}: {status} {found}");
        let (status, found) = check(path, "TOKENLY=1&stackop_1[]=OR");
        assert_eq!((status, &found["errors"][0]), (500, &json!("Unexpected error")), "{path}");
    }
}

#[test]
fn an_unbalanced_ledger_is_noticed() {
    let mut bench = Bench::new();
    let group = credit_group(&mut bench);
    assert!(bench.server.ledger_balances());
    bench.server.credit_accounts[0].balance += 1;
    assert!(!bench.server.ledger_balances(), "the entries of the account are missing");
    bench.server.credit_entries[0].amount += 1;
    assert!(!bench.server.ledger_balances(), "the entry on the other side is missing");
    let other = credit_group(&mut bench);
    for (path, balance) in [(group, "1"), (other, "0")] {
        let got = bench.good(APP, "GET", &format!("{path}/history"), &Value::Null);
        assert_eq!((&got["balance"], &got["count"]), (&json!(balance), &json!(2)));
    }
}

#[test]
fn a_credit_account_is_found_by_its_uuid_and_its_names() {
    let mut bench = Bench::new();
    let group = credit_group(&mut bench);
    let id = bench.server.credit_accounts[0].id.clone();
    for name in [&*id, "caf%C3%A9", "caf%26eacute%3B"] {
        let got = bench.good(APP, "GET", &format!("{group}/accounts/{name}"), &Value::Null);
        assert_eq!(got["account"]["uuid"], id, "{name}");
    }
    // The accounts of another group have other UUIDs.
    let other = credit_group(&mut bench);
    let missing = bench.refusal(APP, "GET", &format!("{other}/accounts/{id}"), &Value::Null);
    assert_eq!(missing, no(404, "App Credit account not found"));
}

/// Makes a promise of `quantity` TOKENLY from `source`, with these other parameters. Returns the
/// response.
fn promise(bench: &mut Bench, source: &str, quantity: i64, more: &Value) -> Got {
    let mut body = json!({
        "source": source, "destination": tp::OTHER_ADDRESS, "asset": "TOKENLY",
        "quantity": quantity * 100_000_000,
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    bench.post(APP, "/api/v1/tca/provisional/tx", &body)
}

#[test]
fn a_promise_is_found_by_its_id_txid_and_fingerprint() {
    let mut bench = Bench::new();
    for number in [1, 2] {
        let more = json!({ "txid": format!("t{number}"), "fingerprint": format!("f{number}") });
        let made = promise(&mut bench, tp::SOURCE_ADDRESS, 1, &more).json();
        let id = made["tx"]["promise_id"].clone();
        for name in [id.to_string(), format!("t{number}"), format!("f{number}")] {
            let target = format!("/api/v1/tca/provisional/tx/{name}");
            let got = bench.good(APP, "GET", &target, &Value::Null);
            assert_eq!(got["tx"]["promise_id"], id, "{name}");
        }
    }
    for name in ["0", "t3", "f"] {
        let target = format!("/api/v1/tca/provisional/tx/{name}");
        let missing = bench.refusal(APP, "GET", &target, &Value::Null);
        assert_eq!(missing, no(404, "Provisional tx not found"), "{name}");
    }
}

#[test]
fn promises_are_subtracted_from_the_balance_of_their_source() {
    let mut bench = Bench::new();
    let target = token("/api/v1/tca/public/balances");
    for (from, to, balance) in
        [("cryptonaut", "bob", "900000000"), ("bob", "cryptonaut", "1000000000")]
    {
        bench.server.lend(from, to, "TOKENLY", 100_000_000, None);
        let rows = bench.good(As::Nobody, "GET", &target, &Value::Null);
        let row = rows.as_array().unwrap().iter().find(|row| row["asset"] == "TOKENLY");
        assert_eq!(row.unwrap()["balanceSat"], balance, "{from}");
    }
    // This promise is neither from an address of the user nor to one.
    assert_eq!(promise(&mut bench, tp::SOURCE_ADDRESS, 7, &json!({})).status, 200);
    let rows = bench.good(As::Nobody, "GET", &target, &Value::Null);
    let row = rows.as_array().unwrap().iter().find(|row| row["asset"] == "TOKENLY");
    assert_eq!(row.unwrap()["balanceSat"], "1000000000");
}

#[test]
fn promises_to_users_and_loans_use_active_and_verified_addresses() {
    let changes: [fn(&mut tp::Address); 2] =
        [|address| address.active = false, |address| address.verified = false];
    for change in changes {
        let mut bench = Bench::new();
        change(&mut bench.server.addresses[0]);
        bench.server.lend("cryptonaut", "bob", "TOKENLY", 1, None);
        assert_eq!(bench.server.promises[0].source, tp::PRIVATE_ADDRESS);
        let more = json!({ "destination": "user:cryptonaut" });
        let made = promise(&mut bench, tp::SOURCE_ADDRESS, 1, &more).json();
        assert_eq!(made["tx"]["destination"], tp::PRIVATE_ADDRESS);
        change(&mut bench.server.addresses[4]);
        bench.server.lend("cryptonaut", "bob", "TOKENLY", 1, None);
        assert_eq!(bench.server.promises.len(), 2, "bob has no such address");
    }
}

#[test]
fn a_source_that_is_registered_again_replaces_only_itself() {
    let mut bench = Bench::new();
    let address = Key::named("another source").address();
    let path = "/api/v1/tca/provisional/register";
    let other = tp::Source {
        client_id: tp::OTHER_CLIENT_ID.to_owned(),
        address: address.clone(),
        assets: None,
    };
    bench.server.sources.push(other);
    for assets in ["LTBCOIN", "TOKENLY, SOUP"] {
        bench.good(APP, "POST", path, &json!({ "address": address, "assets": assets }));
    }
    let list = bench.good(APP, "GET", "/api/v1/tca/provisional", &Value::Null);
    let own = json!({ "address": tp::SOURCE_ADDRESS, "assets": null });
    let new = json!({ "address": address, "assets": ["TOKENLY", "SOUP"] });
    let rows = json!({ tp::SOURCE_ADDRESS: own, address.as_str(): new });
    assert_eq!(list["whitelist"], rows);
    let list = bench.good(OTHER, "GET", "/api/v1/tca/provisional", &Value::Null);
    let unchanged = json!({ "address": address, "assets": null });
    assert_eq!(list["whitelist"], json!({ address.as_str(): unchanged }));
}

#[test]
fn a_source_must_cover_all_of_its_promises() {
    let mut bench = Bench::new();
    let second = Key::named("another source").address();
    bench.good(APP, "POST", "/api/v1/tca/provisional/register", &json!({ "address": second }));
    bench.server.hold(&second, "TOKENLY", 700 * 100_000_000);
    let first = promise(&mut bench, tp::SOURCE_ADDRESS, 600, &json!({})).json();
    assert_eq!(promise(&mut bench, &second, 700, &json!({})).status, 200);
    // A change replaces the quantity, so the previous one does not count.
    let one = format!("/api/v1/tca/provisional/tx/{}", first["tx"]["promise_id"]);
    let change = |quantity: i64| json!({ "quantity": quantity * 100_000_000 });
    bench.good(APP, "PATCH", &one, &change(1_000));
    let insufficient = |free: &str| {
        let text = "Source address has insufficient asset balance to promise this transaction";
        no(400, &format!("{text} ({free} TOKENLY available)"))
    };
    let refused = bench.refusal(APP, "PATCH", &one, &change(1_001));
    assert_eq!(refused, insufficient("100000000000"));
    let refused = promise(&mut bench, &second, 1, &json!({}));
    assert_eq!(
        (refused.status, refused.json()["error"].as_str().unwrap().to_owned()),
        insufficient("0")
    );
}

#[test]
fn promises_to_an_email_address_are_listed_for_their_application() {
    let mut bench = Bench::new();
    let more = json!({ "destination": "email:new@example.org" });
    assert_eq!(promise(&mut bench, tp::SOURCE_ADDRESS, 1, &more).status, 200);
    for (who, email, count) in [
        (APP, "NEW%40example.org", 1),
        (APP, "old%40example.org", 0),
        (OTHER, "new%40example.org", 0),
    ] {
        let target = format!("/api/v1/tca/provisional/byemail/{email}");
        let list = bench.good(who, "GET", &target, &Value::Null)["list"].clone();
        assert_eq!(list.as_array().unwrap().len(), count, "{email}");
    }
}
