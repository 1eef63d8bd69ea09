//! Tokenpass: requests, signatures and verdicts, made by the official PHP clients and the server's
//! own code.
//!
//! | kind | what is compared |
//! |---|---|
//! | `client_wire`, `request` | the typed request with that of the official client, and what the call returns for the recorded response |
//! | `xapi_request` | the typed request of the third generation |
//! | `response` | what the call returns for `inputs.response_body` |
//! | `hmac_request` | each stage of a signature |
//! | `server_verdict` | what the sandbox's server says of a request |
//! | `tca` | the decision of a rule stack |
//! | `value_to_satoshis`, `satoshis_to_value`, `proof_message`, `chat_id`, `authorize_url` | single functions |
//!
//! A call is a method of the official client (`php_call`, `php_args`), or an endpoint of
//! `docs/endpoints` (`operation`) with named `args`.

mod json;
mod official;
mod operations;
mod requests;
mod responses;

use api_auth::hmac::nonce_headers::{
    NonceHeaders, Variant, message, params, signature, signed_url,
};
use api_auth::{Auth, Encoding, Generation, HmacKey, Params, Request, Secret, UnixTime};
use api_sandbox::tokenpass::{self, Tokenpass};
use api_sandbox::{Raw, SandboxClock, Service};
use serde_json::{Value, json};
use tokenpass_client::chats::{chat_id, chat_uuid};
use tokenpass_client::proof::{proof_suffix, source_proof_message};
use tokenpass_client::{Authorize, Balances, Client, Rules, Satoshis, Scope};

use crate::{stage, text};
use json::Node;

/// Runs a vector; `raw` is its text, whose objects have an order.
pub(crate) fn run(kind: &str, vector: &Value, raw: &str) -> bool {
    let raw = &Node::parse(raw);
    match kind {
        "hmac_request" => hmac_request(vector),
        "server_verdict" => server_verdict(vector),
        "client_wire" | "request" => requests::client_wire(vector, raw),
        "xapi_request" => requests::xapi_request(vector, raw),
        "response" => responses::response(vector, raw),
        "tca" => tca(vector),
        "value_to_satoshis" => {
            let value = plain(&vector["inputs"]["value"]);
            // A rule rounds as PHP does; the exact type takes eight decimals at most.
            let rules = Rules::from_query(&format!("TOKENLY={value}")).unwrap();
            let rounded = rules.iter().next().map(|(rule, _)| rule.amount()).unwrap();
            assert_eq!(json!(rounded), vector["expected"]["satoshis"], "{}: rule", name(vector));
            match value.parse::<Satoshis>() {
                Ok(exact) => assert_eq!(exact, rounded, "{}: exact amount", name(vector)),
                Err(error) => {
                    let decimals = value.split_once('.').map_or(0, |(_, part)| part.len());
                    assert!(decimals > 8, "{}: {error}", name(vector));
                }
            }
        }
        "satoshis_to_value" => {
            let amount: Satoshis =
                serde_json::from_value(vector["inputs"]["satoshis"].clone()).unwrap();
            let value: Satoshis = vector["expected"]["value"].to_string().parse().unwrap();
            stage(name(vector), "value", &amount.to_string(), &value.to_string());
        }
        "proof_message" => {
            let (address, id) =
                (text(vector, "/inputs/address"), text(vector, "/inputs/client_id"));
            let suffix = text(vector, "/expected/proof_suffix");
            stage(name(vector), "suffix", &proof_suffix(id), suffix);
            let expected = text(vector, "/expected/message");
            stage(name(vector), "message", &source_proof_message(address, id), expected);
        }
        "chat_id" => {
            let uuid = text(vector, "/inputs/uuid");
            let short = chat_id(uuid);
            let expected = vector["expected"]["chat_id"].as_str();
            assert_eq!(short.as_deref(), expected, "{}: chat id", name(vector));
            let back = short.as_deref().and_then(chat_uuid);
            let expected = vector["expected"]["uuid_from_chat_id"].as_str();
            assert_eq!(back.as_deref(), expected, "{}: UUID", name(vector));
        }
        "authorize_url" => authorize_url(vector),
        _ => return false,
    }
    true
}

/// The application that the server of the verdicts knows. It also knows the application of a vector
/// that has another secret; an unknown id has the secret of this one.
const KNOWN_CLIENT: (&str, &str) =
    ("IExampleClient00000000000000000A1", "KExampleSecret000000000000000000000000Z9");

fn name(vector: &Value) -> &str {
    vector["name"].as_str().unwrap_or("a vector without a name")
}

/// A nonce, which is a number in some vectors and a text in others.
fn nonce(vector: &Value) -> String {
    plain(&vector["inputs"]["nonce"])
}

/// A text or the digits of a number.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn key(vector: &Value) -> HmacKey {
    HmacKey::new("key", &Secret::new(text(vector, "/inputs/client_secret"))).unwrap()
}

fn request(method: &str, url: &str, content_type: &str, body: &str) -> Request {
    let builder = api_auth::http::Request::builder().method(method).uri(url);
    builder.header("content-type", content_type).body(body.as_bytes().to_vec()).unwrap()
}

/// The signature that the scheme puts on a request.
fn sign(vector: &Value, variant: Variant, mut request: Request) -> String {
    let secret = Secret::new(text(vector, "/inputs/client_secret"));
    let id = text(vector, "/inputs/client_id").to_owned();
    let auth = NonceHeaders::new("Tokenly", variant, ("id", id), ("secret", &secret)).unwrap();
    let now = UnixTime::from_seconds(nonce(vector).parse().unwrap()).try_into().unwrap();
    auth.sign(&mut request, &mut Generation::default(), now).unwrap();
    assert_eq!(request.headers()["x-tokenly-auth-nonce"].to_str().unwrap(), nonce(vector));
    request.headers()["x-tokenly-auth-signature"].to_str().unwrap().to_owned()
}

/// The stages of a signature: URL, parameters, message, and each form that a server accepts.
fn hmac_request(vector: &Value) {
    let name = name(vector);
    let expected = &vector["expected"];
    let (method, url) = (text(vector, "/inputs/method"), text(vector, "/inputs/url"));
    let body = vector["inputs"]["body"].as_str().unwrap_or_default();
    let json = "application/json";
    let sent = request(method, url, json, body);
    let signed = signed_url(sent.uri());
    stage(name, "signed URL", &signed, text(vector, "/expected/signed_url"));
    let query = sent.uri().query().unwrap_or_default();
    let (id, nonce) = (text(vector, "/inputs/client_id"), nonce(vector));
    let params_of = |variant: Variant, method: &str, body: &[u8]| {
        let method = method.parse().unwrap();
        params(variant, &method, query, json, body).unwrap().into_owned()
    };
    let signature_of = |params: &[u8]| {
        let parts = signature(&key(vector), sent.method(), &signed, params, id, &nonce);
        let whole = message(sent.method(), &signed, params, id, &nonce);
        let whole = key(vector).sign(&[&whole]).base64().to_string();
        stage(name, "signature of the parts", &parts.base64(), &whole);
        whole
    };

    // The official client signs PHP's writing of a body. A server accepts the bytes as well, which
    // is what this crate signs.
    let own = params_of(Variant::SignedQuery, method, sent.body());
    let newer = params_of(Variant::EmptyQuery, method, sent.body());
    let by_php = match own == sent.body().as_slice() && !body.is_empty() {
        true => Node::parse(body).signed().into_bytes(),
        false => own.clone(),
    };
    let php_text = str::from_utf8(&by_php).unwrap();
    stage(name, "parameters", php_text, text(vector, "/expected/params_string"));
    let whole = message(sent.method(), &signed, &by_php, id, &nonce);
    let canonical = text(vector, "/expected/canonical");
    stage(name, "canonical text", str::from_utf8(&whole).unwrap(), canonical);
    let header = |header: &str| text(&expected["headers"], &format!("/X-Tokenly-Auth-{header}"));
    stage(name, "client id", id, header("Api-Token"));
    stage(name, "nonce", &nonce, header("Nonce"));
    stage(name, "signature", &signature_of(&by_php), header("Signature"));
    let raw = expected["signature_over_raw_body"].as_str();
    let empty = expected["signature_over_empty_object"].as_str();
    let of_bytes = raw.unwrap_or(header("Signature"));
    let of_newer = empty.unwrap_or(of_bytes);
    stage(name, "signature of the bytes", &signature_of(&own), of_bytes);
    stage(name, "signature of the newer form", &signature_of(&newer), of_newer);
    for (variant, right) in [(Variant::SignedQuery, of_bytes), (Variant::EmptyQuery, of_newer)] {
        stage(name, "sent signature", &sign(vector, variant, sent.clone()), right);
    }

    if let Some(saw) = expected.get("server_saw") {
        stage(name, "URL of the server", &signed, text(saw, "/url"));
        let query = params_of(Variant::SignedQuery, "GET", b"");
        stage(name, "query of the server", str::from_utf8(&query).unwrap(), text(saw, "/query"));
    }
    let signatures = [
        ("signature", Some(header("Signature"))),
        ("signature_over_raw_body", raw),
        ("signature_over_empty_object", empty),
    ];
    for (form, verdicts) in vector["accepted_by"].as_object().into_iter().flatten() {
        let known = signatures.iter().find(|(known, _)| known == form);
        let signature = known.and_then(|(_, signature)| *signature);
        let signature = signature.unwrap_or_else(|| panic!("{name}: no {form}"));
        for (validator, accepts) in verdicts.as_object().unwrap() {
            let params = match validator.as_str() {
                "validator_2016_to_2021" => &own,
                "validator_since_2021_04" => &newer,
                other => panic!("{name}: no validator {other}"),
            };
            let is_body = query.is_empty() || method != "GET";
            let accepted =
                signature_of(params) == signature || is_body && signature_of(&by_php) == signature;
            assert_eq!(json!(accepted), *accepts, "{name}: {form} at the {validator}");
        }
    }
}

/// The sandbox's server gets the request of the vector, signature and nonce included, at the time
/// of the vector's server.
fn server_verdict(vector: &Value) {
    let name = name(vector);
    let inputs = &vector["inputs"];
    let url: api_auth::http::Uri = text(vector, "/inputs/url").parse().unwrap();
    let host = url.authority().unwrap().as_str();
    let scheme = url.scheme_str().unwrap();
    let mut headers = vec![
        ("X-Tokenly-Auth-Api-Token".to_owned(), text(vector, "/inputs/client_id").to_owned()),
        ("X-Tokenly-Auth-Nonce".to_owned(), nonce(vector)),
        ("X-Tokenly-Auth-Signature".to_owned(), text(vector, "/inputs/signature_sent").to_owned()),
    ];
    for left_out in inputs["headers_left_out"].as_array().into_iter().flatten() {
        headers.retain(|(name, _)| *left_out != name.as_str());
    }
    headers.push(("Host".to_owned(), host.to_owned()));
    // The server's proxy adds it.
    headers.push(("X-Forwarded-Proto".to_owned(), scheme.to_owned()));
    if let Some(content_type) = inputs["content_type"].as_str() {
        headers.push(("Content-Type".to_owned(), content_type.to_owned()));
    }
    for extra in inputs["extra_headers"].as_array().into_iter().flatten() {
        headers.push((text(extra, "/0").to_owned(), text(extra, "/1").to_owned()));
    }
    let raw = Raw {
        method: text(vector, "/inputs/method").to_owned(),
        target: url.path_and_query().unwrap().to_string(),
        headers: headers.into_iter().map(|(name, value)| (name, value.into_bytes())).collect(),
        body: inputs["body"].as_str().unwrap_or_default().as_bytes().to_vec(),
    };
    let respond = |generation: tokenpass::Generation| {
        let clock = SandboxClock::at_unix(inputs["server_clock"].as_u64().unwrap());
        let mut server = Tokenpass::new(clock);
        server.generation = generation;
        let own = (text(vector, "/inputs/client_id"), text(vector, "/inputs/client_secret"));
        let known = if own.1 == KNOWN_CLIENT.1 { KNOWN_CLIENT } else { own };
        server.clients[0].id = known.0.to_owned();
        server.clients[0].secret = known.1.to_owned();
        let (response, verdict) = server.respond(&raw);
        (response, verdict.signed.unwrap_or(false))
    };
    let expected = &vector["expected"];
    let (response, is_valid) = respond(tokenpass::Generation::Query);
    assert_eq!(json!(is_valid), expected["valid"], "{name}: verdict");
    assert_eq!(json!(response.status), expected["status"], "{name}: status");
    if !expected["body"].is_null() {
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(body, expected["body"], "{name}: body");
    }
    if let Some(since) = expected.get("valid_since_2021_04") {
        let (_, is_valid) = respond(tokenpass::Generation::EmptyObject);
        assert_eq!(json!(is_valid), *since, "{name}: verdict since 2021");
    }
}

fn tca(vector: &Value) {
    let rules = Rules::from_query(text(vector, "/inputs/query")).unwrap();
    let stack: Vec<Value> = rules
        .iter()
        .map(|(rule, or)| {
            let group = if or { "OR" } else { "AND" };
            json!({"asset": rule.asset(), "amount": rule.amount(), "op": rule.op(), "stackOp": group})
        })
        .collect();
    let expected = &vector["expected"];
    assert_eq!(Value::from(stack), expected["stack"], "{}", name(vector));
    assert_eq!(json!(rules.counts_promises()), expected["promises_included"], "{}", name(vector));
    let balances = vector["inputs"]["balances_satoshi"].as_object().unwrap();
    let satoshis = |value: &Value| Satoshis::new(value.as_i64().unwrap());
    let balances: Balances =
        balances.iter().map(|(asset, value)| (asset.as_str(), satoshis(value))).collect();
    assert_eq!(json!(rules.evaluate(&balances)), expected["result"], "{}", name(vector));
}

fn authorize_url(vector: &Value) {
    let input = |field: &str| text(vector, &["/inputs/", field].concat());
    let expected = text(vector, "/expected/url");
    let scopes = input("scope").split(',').map(Scope::from);
    let login = Authorize::new(input("redirect_uri"), scopes).unwrap().with_state(input("state"));
    if let Ok(client) = Client::builder(input("client_id"), "K").no_proxy().build() {
        stage(name(vector), "URL", &client.authorize_url(&login).unwrap(), expected);
        return;
    }
    // No application has such an id, and none that signs can have it.
    let mut params = Params::new();
    for field in ["client_id", "redirect_uri", "scope", "response_type", "state"] {
        params.push(field, input(field));
    }
    let (_, query) = expected.split_once('?').unwrap();
    stage(name(vector), "query", &Encoding::Php.text(&params), query);
}
