//! Tpay: requests captured from the official PHP client, token requests, and notifications with
//! their verdicts, one of them signed by Tpay itself.

mod operations;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_auth::http::header::AUTHORIZATION;
use api_auth::{decode_form, percent_decode};
use serde_json::Value;
use tpay_client::api_auth::oauth::ClientAuthentication;
use tpay_client::api_auth::{ManualClock, Method, Request, Response, TransportError};
use tpay_client::notifications::events::AliasEventKind;
use tpay_client::notifications::payment_md5sum;
use tpay_client::oauth::GetTokenInfo;
use tpay_client::transactions::ListTransactions;
use tpay_client::{
    Amount, Client, Environment, ErrorKind, Notification, Notifications, RawEndpoint, Secret,
};

use crate::{stage, text};
use operations::Untyped;

pub(crate) fn run(kind: &str, vector: &Value) -> bool {
    match kind {
        "http_request" => request(vector),
        "oauth_request" => token_request(vector),
        "basic_header" => basic(vector),
        "md5sum" => md5sum(vector),
        "jws_verify" => notification(vector),
        _ => return false,
    }
    true
}

/// A client whose token is that of the vector, and the requests for tokens that it makes.
fn client(
    vector: &Value,
    builder: tpay_client::ClientBuilder,
) -> (Client, Arc<Mutex<Vec<Request>>>) {
    let token = vector.pointer("/inputs/access_token").and_then(Value::as_str).unwrap_or("t");
    let response = format!(r#"{{"access_token":"{token}","expires_in":7200}}"#);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let notes = asked.clone();
    let transport = move |request: Request| -> Result<Response, TransportError> {
        notes.lock().unwrap().push(request);
        Ok(Response::new(response.clone().into_bytes()))
    };
    (builder.transport(transport).build().unwrap(), asked)
}

fn builder(vector: &Value) -> tpay_client::ClientBuilder {
    let get = |name: &str| vector["inputs"][name].as_str().unwrap_or("x");
    Client::builder(get("client_id"), get("client_secret"))
}

fn token_request(vector: &Value) {
    let name = text(vector, "/name");
    let expected = &vector["expect"];
    let is_json = expected["body_json"].is_object();
    let mut builder = builder(vector);
    if is_json {
        builder = builder.token_authentication(ClientAuthentication::Json);
    }
    if let Some(scope) = vector["inputs"]["scope"].as_str() {
        builder = builder.token_scope(scope);
    }
    let (client, asked) = client(vector, builder);
    client.signed_request(&GetTokenInfo::new()).unwrap();
    let request = asked.lock().unwrap().remove(0);
    stage(name, "method", request.method().as_str(), text(vector, "/expect/method"));
    stage(name, "path", request.uri().path(), text(vector, "/expect/path"));
    let content_type = request.headers()["content-type"].to_str().unwrap();
    let headers = expected["headers"].as_array().unwrap();
    let theirs = headers.iter().find(|header| header[0] == "Content-Type").unwrap();
    stage(name, "content type", content_type, theirs[1].as_str().unwrap());
    if is_json {
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(body, expected["body_json"], "{name}");
    } else {
        let pairs: Vec<(String, String)> =
            serde_json::from_value(expected["body_pairs"].clone()).unwrap();
        assert_eq!(decode_form(request.body()), pairs, "{name}");
        for (writer, body) in vector["equivalent_bodies"].as_object().unwrap() {
            assert_eq!(decode_form(body.as_str().unwrap().as_bytes()), pairs, "{name}: {writer}");
        }
    }
}

fn basic(vector: &Value) {
    let (client, asked) = client(vector, builder(vector).http_basic());
    let request = client.signed_request(&ListTransactions::new()).unwrap();
    let header = request.headers()[AUTHORIZATION].to_str().unwrap();
    stage(text(vector, "/name"), "header", header, text(vector, "/expect/headers/0/1"));
    assert!(asked.lock().unwrap().is_empty(), "no token is fetched");
}

/// A call of the official client: its typed request, or where it filters a list by something that
/// the provider does not document, the raw request with the same parameters.
fn request(vector: &Value) {
    let name = text(vector, "/name");
    let (client, _) = client(vector, builder(vector));
    match operations::request(vector, &client) {
        Ok(request) => compare(vector, &request),
        Err(Untyped::Parameter(_)) if is_read(vector) => {
            compare(vector, &client.signed_request(&raw(vector)).unwrap());
        }
        Err(Untyped::Parameter(parameter)) => panic!("{name}: no typed argument `{parameter}`"),
        Err(Untyped::Rejected(error)) => panic!("{name}: {error}"),
    }
}

fn is_read(vector: &Value) -> bool {
    text(vector, "/expect/method") == "GET"
}

/// The raw request with the parameters of the vector, written as PHP's `http_build_query` does.
fn raw(vector: &Value) -> RawEndpoint {
    let mut pairs = Vec::new();
    for argument in vector["inputs"]["args"].as_array().unwrap() {
        for (name, value) in argument.as_object().into_iter().flatten() {
            push_php(name, value, &mut pairs);
        }
    }
    let call = RawEndpoint::new(Method::GET, text(vector, "/expect/path"));
    pairs.into_iter().fold(call, |call, (name, value)| call.param(name, value))
}

fn push_php(name: &str, value: &Value, pairs: &mut Vec<(String, String)>) {
    let text = match value {
        Value::Null => return,
        Value::Bool(value) => u8::from(*value).to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(value) => value.clone(),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                push_php(&format!("{name}[{index}]"), item, pairs);
            }
            return;
        }
        Value::Object(map) => {
            for (key, item) in map {
                push_php(&format!("{name}[{key}]"), item, pairs);
            }
            return;
        }
    };
    pairs.push((name.to_owned(), text));
}

/// By meaning, as the vectors ask: segments and pairs decoded, JSON by value, 10 is 10.0.
fn compare(vector: &Value, request: &Request) {
    let name = text(vector, "/name");
    stage(name, "method", request.method().as_str(), text(vector, "/expect/method"));
    compare_path(vector, request.uri().path());
    // The order is that of the caller's array in PHP; the provider signs no query.
    let pairs = |query: &str| {
        let mut pairs = decode_form(query.as_bytes());
        pairs.sort();
        pairs
    };
    let query = request.uri().query().unwrap_or_default();
    assert_eq!(pairs(query), pairs(text(vector, "/expect/query")), "{name}");
    let header = |wanted: &str| {
        let headers = vector["expect"]["headers"].as_array().unwrap();
        let found = headers.iter().find(|header| header[0] == wanted);
        found.map(|header| header[1].as_str().unwrap())
    };
    let sent = request.headers()[AUTHORIZATION].to_str().unwrap();
    stage(name, "Authorization", sent, header("Authorization").unwrap());
    match &vector["expect"]["body_json"] {
        Value::Null if text(vector, "/expect/body").is_empty() => {
            let body = str::from_utf8(request.body()).unwrap();
            // The PHP client sends no body in place of the documented empty object.
            let is_refund = text(vector, "/inputs/operation") == "transactions.refund";
            assert!(body.is_empty() || is_refund && body == "{}", "{name}: {body}");
        }
        expected => {
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            assert!(same(&body, expected), "{name}\n  expected {expected}\n  actual   {body}");
            assert_eq!(request.headers()["content-type"], "application/json", "{name}");
        }
    }
}

/// Compares percent-decoded segments.
///
/// The PHP client drops what comes before the last slash of an id. The typed request sends the
/// whole id as one segment, so that no id leads to another endpoint.
fn compare_path(vector: &Value, path: &str) {
    let name = text(vector, "/name");
    let decoded = |path: &str| -> Vec<String> {
        path.split('/').map(|segment| percent_decode(segment).unwrap()).collect()
    };
    let (actual, mut expected) = (decoded(path), decoded(text(vector, "/expect/path")));
    let arguments = vector["inputs"]["args"].as_array().unwrap();
    for id in arguments.iter().filter_map(Value::as_str) {
        if let Some((_, rest)) = id.rsplit_once('/')
            && let Some(segment) = expected.iter_mut().find(|segment| *segment == rest)
        {
            *segment = id.to_owned();
        }
    }
    assert_eq!(actual, expected, "{name}");
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a.to_string().parse::<Amount>().unwrap() == b.to_string().parse::<Amount>().unwrap()
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

fn md5sum(vector: &Value) {
    let name = text(vector, "/name");
    let get = |field: &str| text(vector, &format!("/inputs/{field}"));
    let code = get("security_code").into();
    let sum = payment_md5sum(get("id"), get("tr_id"), get("tr_amount"), get("tr_crc"), &code);
    stage(name, "md5", &sum, text(vector, "/expect/md5"));

    // And through the reader, signed by the key for tests.
    let (client, _) = client(vector, builder(vector));
    let reader = client.notifications().unwrap().merchant_id(get("id")).security_code(code);
    let reader = reader
        .anchors(tpay_client::notifications::testing::ANCHORS)
        .unwrap()
        .certificate(tpay_client::notifications::testing::CERTIFICATE);
    let body = get("body").as_bytes();
    let signature = tpay_client::notifications::testing::sign(&client, body).unwrap();
    let matches = vector["expect"]["matches"].as_bool().unwrap();
    match reader.read(&signature, body) {
        Ok(Notification::Payment(payment)) => assert!(matches && payment.crc == get("tr_crc")),
        Ok(other) => panic!("{name}: {other:?}"),
        Err(error) => {
            assert!(!matches, "{name}: {error}");
            assert_eq!(error.kind(), ErrorKind::Verify, "{name}");
        }
    }
}

fn notification(vector: &Value) {
    let name = text(vector, "/name");
    let inputs = &vector["inputs"];
    let trusted = text(vector, "/inputs/trust_pem");
    let mut served: Vec<(String, String)> = inputs["certificates"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(url, pem)| (url.clone(), text(pem, "").to_owned()))
        .collect();
    // The intermediate first, the root second.
    for host in ["secure.tpay.com", "secure.sandbox.tpay.com"] {
        served.push((format!("https://{host}/x509/tpay-jws-root.pem"), trusted.to_owned()));
    }
    let transport = move |request: Request| -> Result<Response, TransportError> {
        assert!(!request.headers().contains_key(AUTHORIZATION), "no token goes there");
        let url = request.uri().to_string();
        let found = served.iter().find(|(known, _)| *known == url);
        let (_, pem) = found.unwrap_or_else(|| panic!("{url} was fetched"));
        Ok(Response::new(pem.clone().into_bytes()))
    };
    let environment = match text(vector, "/inputs/environment") {
        "sandbox" => Environment::Sandbox,
        "production" => Environment::Production,
        other => panic!("{name}: no environment {other}"),
    };
    let clock = ManualClock::at_unix(inputs["now_unix"].as_u64().unwrap());
    let client = Client::builder("id", "secret")
        .environment(environment)
        .transport(transport)
        .clock(clock.clone())
        .build()
        .unwrap();
    let reader: Notifications = client.notifications().unwrap().accept_any_merchant();
    let reader = reader.anchors(trusted).unwrap();
    let body = inputs["body"].as_str().unwrap().as_bytes();
    let signature = inputs["x_jws_signature"].as_str().unwrap_or_default();

    let valid = vector["expect"]["signature_valid"].as_bool().unwrap();
    // Twice: once with a fetched certificate and once with a cached one.
    for _ in 0..2 {
        clock.advance(Duration::from_secs(10));
        match reader.verify(signature, body) {
            Ok(()) => assert!(valid, "{name}: was accepted"),
            Err(error) => {
                assert!(!valid, "{name}: {error}");
                assert_eq!(error.kind(), ErrorKind::Verify, "{name}: {error}");
                let expected = match text(vector, "/expect/reason") {
                    "bad_signature" => "does not match",
                    "cert_chain" => "not trusted",
                    "cert_expired" => "not valid at this time",
                    "x5u_not_allowed" => "not allowed",
                    "alg_not_allowed" => "algorithm",
                    "malformed_header" => "header",
                    "malformed_jws" => "not a detached JWS",
                    "missing_header" => "missing",
                    other => panic!("{name}: unknown reason {other}"),
                };
                assert!(error.to_string().contains(expected), "{name}: {error}");
            }
        }
    }
    if valid {
        let notification = reader.read(signature, body).unwrap();
        parsed(name, &notification, &vector["expect"]["php_parsed"]);
        if let Some(code) = inputs["security_code"].as_str() {
            // The PHP client checks the sum with the same code, and nothing else is left to refuse.
            let accepted = &vector["peers"]["php_sdk"]["accepts_notification"];
            let checked = reader.security_code(code).read(signature, body);
            assert_eq!(Value::from(checked.is_ok()), *accepted, "{name}");
        }
    }
}

/// What the reader and the PHP client both read.
fn parsed(name: &str, notification: &Notification, php: &Value) {
    let result = r#"{"result":true}"#;
    let (class, response) = match notification {
        Notification::Payment(_) => ("BasicPayment", "TRUE"),
        Notification::Alias(alias) => match alias.event {
            AliasEventKind::Register => ("BlikAliasRegister", "TRUE"),
            AliasEventKind::Unregister => ("BlikAliasUnregister", "TRUE"),
            AliasEventKind::Update => ("BlikAliasUpdate", "TRUE"),
            _ => ("BlikAliasExpired", "TRUE"),
        },
        Notification::Tokenization(_) => ("Tokenization", result),
        Notification::TokenUpdate(_) => ("TokenUpdate", result),
        Notification::Marketplace(_) => ("MarketplaceTransaction", result),
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(notification.accept().body, response, "{name}");
    if let Some(theirs) = php["class"].as_str() {
        assert_eq!(theirs, class, "{name}");
    }
    for (field, theirs) in php["extra"].as_object().into_iter().flatten() {
        if theirs.is_null() {
            continue;
        }
        let Some(ours) = field_of(notification, field) else { continue };
        assert!(same_text(&ours, theirs), "{name}: {field} is {ours:?}, and {theirs} for PHP");
    }
}

/// The typed field that has this name in the PHP client.
fn field_of(notification: &Notification, name: &str) -> Option<String> {
    let secret = |secret: &Option<Secret>| secret.as_ref().map(|text| text.expose().to_owned());
    match notification {
        Notification::Payment(payment) => Some(match name {
            "id" => payment.merchant_id.clone(),
            "tr_id" => payment.title.clone(),
            "tr_date" => payment.date.clone(),
            "tr_crc" => payment.crc.to_string(),
            "tr_amount" => payment.amount.to_string(),
            "tr_paid" => payment.paid.to_string(),
            "tr_desc" => payment.description.clone(),
            "tr_status" => payment.status.as_str().to_uppercase(),
            "tr_error" => payment.error.clone(),
            "tr_email" => payment.email.clone(),
            "tr_channel" => payment.channel.clone()?,
            "card_token" => secret(&payment.card_token)?,
            "wallet" => payment.wallet.clone()?,
            _ => return None,
        }),
        Notification::Alias(alias) => {
            let alias = alias.aliases.first()?;
            match name {
                "value" => Some(alias.value.clone()),
                "type" => alias.kind.as_ref().map(|kind| kind.as_str().to_owned()),
                "expirationDate" => alias.expiration_date.clone(),
                _ => None,
            }
        }
        Notification::Tokenization(card) => match name {
            "tokenizationId" => card.tokenization_id.clone(),
            "token" => secret(&card.token),
            "cardBrand" => card.card_brand.clone(),
            "cardTail" => card.card_tail.clone(),
            "tokenExpiryDate" => card.token_expiry_date.clone(),
            _ => None,
        },
        Notification::TokenUpdate(update) => (name == "token").then(|| secret(&update.token))?,
        Notification::Marketplace(payment) => match name {
            "transactionId" => payment.transaction_id.clone(),
            "transactionTitle" => payment.transaction_title.clone(),
            "transactionAmount" => payment.transaction_amount.map(|amount| amount.to_string()),
            "transactionStatus" => payment.transaction_status.clone(),
            "payerEmail" => payment.payer_email.clone(),
            _ => None,
        },
        _ => None,
    }
}

/// PHP has numbers for some texts of digits.
fn same_text(ours: &str, theirs: &Value) -> bool {
    match theirs {
        Value::String(theirs) => ours == theirs,
        Value::Number(theirs) => {
            ours.parse::<Amount>().ok() == theirs.to_string().parse::<Amount>().ok()
        }
        _ => false,
    }
}
