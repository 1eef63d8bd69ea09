//! TinyCert: bodies created by the official PHP client, and its results for responses.
//!
//! A vector has a request, a response, or both. The request is that of the typed call with the
//! parameters of the vector. A vector without a method of the official client (`inputs.call`) whose
//! parameters are those of no call is sent as it is. Where this crate returns something else than
//! the official client on purpose, see [`same`] and [`compare_error`].

use api_auth::hmac::form_digest;
use api_auth::{
    Body, Error, ErrorKind, HmacKey, Method, Params, RawEndpoint, Request, Response, Secret,
    SecretBytes, TransportError,
};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, json};
use tinycert_client::ca::{DeleteCa, GetCa, GetCaDetails, HashMethod, ListCas};
use tinycert_client::cert::{
    GetCert, GetCertDetails, GetKey, GetPkcs12, KeyForm, ListCerts, ReissueCert, SetCertStatus,
    StatusMask,
};
use tinycert_client::session::{API_KEY, Connect, Disconnect};
use tinycert_client::{
    CaId, CertId, CertPart, CertStatus, Client, CreateCa, CreateCert, Endpoint, Environment, San,
    Session,
};

use crate::{stage, text};

/// The parameters of an endpoint other than the token, in the order of the arguments of the official
/// client's method, which has the endpoint's path as its name.
const METHODS: &[(&str, &[&str])] = &[
    ("/connect", &["email", "passphrase"]),
    ("/disconnect", &[]),
    ("/ca/list", &[]),
    ("/ca/details", &["ca_id"]),
    ("/ca/get", &["ca_id", "what"]),
    ("/ca/delete", &["ca_id"]),
    ("/ca/new", &["O", "L", "ST", "C", "hash_method"]),
    ("/cert/list", &["ca_id", "what"]),
    ("/cert/details", &["cert_id"]),
    ("/cert/get", &["cert_id", "what"]),
    ("/cert/reissue", &["cert_id"]),
    ("/cert/status", &["cert_id", "status"]),
    ("/cert/new", &["ca_id", "CN", "OU", "O", "L", "ST", "C", "SANs"]),
];

/// Runs a vector; `raw` is its text, whose objects have an order.
pub(crate) fn run(kind: &str, vector: &Value, raw: &str) -> bool {
    if !["request", "response"].contains(&kind) {
        return false;
    }
    let name = text(vector, "/name");
    let key = Secret::new(text(vector, "/inputs/api_key"));
    assert!(
        vector.get("request").is_some() || vector.get("response").is_some(),
        "{name}: neither a request nor a response"
    );
    let params = params_in_order(raw);
    let path = path(vector);
    if vector.get("request").is_some() {
        signature(vector, &key, params.clone());
    }
    let client = responding(vector, &key);
    if is_typed(vector, &path) {
        let call = typed(vector, &path);
        let session = client.resume(vector["inputs"]["token"].as_str().unwrap_or_default());
        if vector.get("request").is_some() {
            let request = call.signed_request(&client, &session);
            compare(vector, &request.unwrap_or_else(|error| panic!("{name}: {error}")));
        }
        if vector.get("response").is_some() {
            compare_result(vector, &path, call.send(&client, session));
        }
    } else {
        assert!(vector.get("response").is_none(), "{name}: no typed call reads the response");
        let path = format!("/api/v1{path}");
        let call = RawEndpoint::new(Method::POST, path)
            .with_body(Body::Form(params))
            .with_credential(API_KEY);
        compare(vector, &client.signed_request(&call).unwrap());
    }
    true
}

/// The stages of signing, each that the vector has.
fn signature(vector: &Value, key: &Secret, params: Params<'static>) {
    let name = text(vector, "/name");
    let canonical = form_digest::canonical(params);
    stage(name, "canonical text", &canonical, text(vector, "/request/canonical"));
    let hmac = HmacKey::new("api_key", key).unwrap();
    let digest = form_digest::digest(&hmac, canonical.as_bytes());
    stage(name, "digest", &digest.hex(), text(vector, "/request/digest"));
    if let Some(documented) = vector.get("documented_digest") {
        stage(name, "documented digest", &digest.hex(), documented.as_str().unwrap());
    }
    let mut body = canonical.into_bytes();
    form_digest::append(&mut body, "digest", &digest);
    stage(name, "body", str::from_utf8(&body).unwrap(), text(vector, "/request/body"));
}

/// The path of the endpoint below the base URL. Method, endpoint and URL must not disagree.
fn path(vector: &Value) -> String {
    let name = text(vector, "/name");
    let method = vector["inputs"]["call"].as_str();
    let of_method = method.map(|method| format!("/{}", method.replacen('_', "/", 1)));
    let endpoint = vector["inputs"]["endpoint"].as_str().map(str::to_owned);
    let of_url = base_and_path(vector).map(|(_, path)| path.to_owned());
    let mut paths = [of_method, endpoint, of_url].into_iter().flatten();
    let path = paths.next().unwrap_or_else(|| panic!("{name}: no call, endpoint or URL"));
    for other in paths {
        stage(name, "endpoint", &path, &other);
    }
    path
}

fn base_and_path(vector: &Value) -> Option<(&str, &str)> {
    let url = vector.pointer("/request/url")?.as_str()?;
    Some(url.split_once("/api/v1").unwrap_or_else(|| panic!("{url} is of another API")))
}

/// Whether the vector is for a method of the official client, or has the parameters of one.
fn is_typed(vector: &Value, path: &str) -> bool {
    let name = text(vector, "/name");
    let params = vector["inputs"]["params"].as_object().unwrap();
    let known = METHODS.iter().find(|(known, _)| *known == path).map(|(_, names)| *names);
    let stray = |names: &[&str]| {
        params.keys().find(|key| *key != "token" && !names.contains(&key.as_str())).cloned()
    };
    if vector["inputs"].get("call").is_none() {
        let has_token = path == "/connect" || vector["inputs"]["token"].is_string();
        return has_token && known.is_some_and(|names| stray(names).is_none());
    }
    let names = known.unwrap_or_else(|| panic!("{name}: no typed call for {path}"));
    if let Some(stray) = stray(names) {
        panic!("{name}: no typed argument `{stray}`");
    }
    if let Some(arguments) = vector["inputs"]["args"].as_array() {
        assert!(arguments.len() <= names.len(), "{name}: more arguments than the method has");
        for (index, key) in names.iter().enumerate() {
            let argument = arguments.get(index).unwrap_or(&Value::Null);
            let param = params.get(*key).unwrap_or(&Value::Null);
            // The client's numbers are intval() of its arguments, and an empty list is left out.
            let is_same = wire(argument) == wire(param) || is_nothing(argument) && param.is_null();
            assert!(is_same, "{name}: argument `{key}` is {argument}, and its parameter {param}");
        }
    }
    let token = if path == "/connect" { &Value::Null } else { &vector["inputs"]["token"] };
    let sent = params.get("token").unwrap_or(&Value::Null);
    assert_eq!(token, sent, "{name}: token");
    true
}

/// A value as it is on the wire: numbers are texts.
fn wire(value: &Value) -> Value {
    if value.is_number() { value.to_string().into() } else { value.clone() }
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || *value == json!([])
}

/// A JSON value whose objects keep their order, since PHP's arrays do and the digest shows it.
enum Ordered {
    Nothing,
    Text(String),
    List(Vec<Ordered>),
    Map(Vec<(String, Ordered)>),
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyValue;

        impl<'de> Visitor<'de> for AnyValue {
            type Value = Ordered;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<Ordered, E> {
                Ok(Ordered::Nothing)
            }

            /// As PHP writes it: 1 and 0.
            fn visit_bool<E>(self, value: bool) -> Result<Ordered, E> {
                Ok(Ordered::Text(u8::from(value).to_string()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Ordered, E> {
                Ok(Ordered::Text(value.to_string()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Ordered, E> {
                Ok(Ordered::Text(value.to_string()))
            }

            /// As PHP writes it up to 15 digits: 1.0 is 1.
            fn visit_f64<E>(self, value: f64) -> Result<Ordered, E> {
                Ok(Ordered::Text(value.to_string()))
            }

            fn visit_str<E>(self, value: &str) -> Result<Ordered, E> {
                Ok(Ordered::Text(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Ordered, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Ordered::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered::Map(entries))
            }
        }

        deserializer.deserialize_any(AnyValue)
    }
}

impl Ordered {
    /// The value of a map's entry.
    fn take(self, name: &str) -> Option<Self> {
        match self {
            Self::Map(entries) => {
                entries.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// PHP's names of nested values: `SANs[0][DNS]`. What is null is left out.
    fn flatten(self, params: &mut Params<'static>, name: String) {
        match self {
            Self::Nothing => {}
            Self::Text(text) => {
                params.push(name, text);
            }
            Self::List(items) => {
                for (index, item) in items.into_iter().enumerate() {
                    item.flatten(params, format!("{name}[{index}]"));
                }
            }
            Self::Map(entries) => {
                for (key, value) in entries {
                    let name = if name.is_empty() { key } else { format!("{name}[{key}]") };
                    value.flatten(params, name);
                }
            }
        }
    }
}

/// The parameters of the vector, in the order of its text.
fn params_in_order(raw: &str) -> Params<'static> {
    let vector: Ordered = serde_json::from_str(raw).unwrap();
    let values = vector.take("inputs").and_then(|inputs| inputs.take("params")).expect("params");
    let mut params = Params::new();
    values.flatten(&mut params, String::new());
    params
}

/// A client whose server sends the vector's response.
fn responding(vector: &Value, key: &Secret) -> Client {
    let status = vector["response"]["status"].as_u64().unwrap_or(200);
    let body = vector["response"]["body"].as_str().unwrap_or_default().to_owned();
    let transport = move |_: Request| -> Result<Response, TransportError> {
        let response = api_auth::http::Response::builder().status(u16::try_from(status).unwrap());
        Ok(response.body(body.clone().into_bytes()).unwrap())
    };
    let builder = Client::builder(key.clone()).transport(transport).retries(0);
    let builder = match base_and_path(vector) {
        Some((base, _)) if base != Environment::Production.base_url() => {
            builder.environment(Environment::Custom(base.to_owned()))
        }
        _ => builder,
    };
    builder.build().unwrap()
}

/// The whole request as it would leave.
fn compare(vector: &Value, request: &Request) {
    let name = text(vector, "/name");
    stage(name, "method", request.method().as_str(), text(vector, "/request/method"));
    stage(name, "URL", &request.uri().to_string(), text(vector, "/request/url"));
    for (header, expected) in vector["request"]["headers"].as_object().unwrap() {
        let sent = match header.to_ascii_lowercase().as_str() {
            "content-length" => request.body().len().to_string(),
            header => request.headers().get(header).map_or_else(
                || panic!("{name}: the header {header} is not sent"),
                |value| value.to_str().unwrap().to_owned(),
            ),
        };
        stage(name, header, &sent, expected.as_str().unwrap());
    }
    let body = str::from_utf8(request.body()).unwrap();
    stage(name, "sent body", body, text(vector, "/request/body"));
}

/// What a call returned, and the token that the session has afterwards.
type Sent = (Result<Value, Error>, Option<Secret>);

/// What became of the response, compared with what the PHP client returned for it.
fn compare_result(vector: &Value, path: &str, (result, token): Sent) {
    let name = text(vector, "/name");
    let theirs = &vector["client_result"];
    assert!(theirs.is_object(), "{name}: no result to compare the response with");
    let returned = &theirs["returned"];
    match result {
        Ok(value) => {
            let is_same = match path {
                // The PHP client returns nothing or true where it has nothing to return.
                "/disconnect" => returned.is_null(),
                "/connect" | "/ca/delete" | "/cert/status" => *returned == json!(true),
                _ => same(&value, returned),
            };
            assert!(
                is_same,
                "{name}: returned value differs\n  expected {returned}\n  actual   {value}"
            );
            assert_eq!(Value::Null, theirs["last_error"], "{name}: last error");
        }
        Err(error) => compare_error(vector, path, &error),
    }
    let token = token.map_or(Value::Null, |token| token.expose().into());
    assert_eq!(token, theirs["token_after"], "{name}: token after the call");
}

/// An error, compared with the PHP client's. It returns false for an error, but null for one of
/// `disconnect`.
///
/// It has no error where a body cannot be read; this crate has one of the kind `Decode`. It has no
/// text for an error response that is not JSON; this crate has a part of the body.
fn compare_error(vector: &Value, path: &str, error: &Error) {
    let name = text(vector, "/name");
    let theirs = &vector["client_result"];
    let last = &theirs["last_error"];
    if last.is_null() && error.status().is_some_and(|status| status == 200) {
        assert_eq!(error.kind(), ErrorKind::Decode, "{name}: {error}");
        assert!(
            matches!(theirs["returned"], Value::Null | Value::Bool(false)),
            "{name}: {error}, and {} for the PHP client",
            theirs["returned"]
        );
        return;
    }
    let returned = if path == "/disconnect" { Value::Null } else { Value::Bool(false) };
    assert_eq!(returned, theirs["returned"], "{name}: {error}");
    let status = error.status().unwrap_or_else(|| panic!("{name}: {error}")).as_u16();
    assert_eq!(json!(status), last["status"], "{name}: status");
    assert_eq!(json!(error.code()), last["code"], "{name}: code");
    if !last["text"].is_null() {
        assert_eq!(json!(error.message()), last["text"], "{name}: text");
    }
}

/// Whether a value is the one that the PHP client decoded. A number may be a string of digits. This
/// crate writes a field that is absent as null, and no names as an empty list.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(ours), Value::String(theirs)) => ours.to_string() == *theirs,
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| same(a, b))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.iter().all(|(name, value)| theirs.contains_key(name) || is_nothing(value))
                && theirs.iter().all(|(name, theirs)| {
                    let ours = ours.get(name).unwrap_or(&Value::Null);
                    same(ours, theirs) || is_nothing(ours) && is_nothing(theirs)
                })
        }
        _ => ours == theirs,
    }
}

/// A typed call whose arguments came from a vector.
trait Call {
    fn signed_request(&self, client: &Client, session: &Session) -> Result<Request, Error>;
    /// The value as JSON, and the token afterwards.
    fn send(&self, client: &Client, session: Session) -> Sent;
}

/// A call of a session.
struct Typed<E, F>(E, F);

impl<E: Endpoint, F: Fn(E::Output) -> Value> Call for Typed<E, F> {
    fn signed_request(&self, _: &Client, session: &Session) -> Result<Request, Error> {
        session.signed_request(&self.0)
    }

    fn send(&self, _: &Client, session: Session) -> Sent {
        (session.send(&self.0).map(&self.1), session.token())
    }
}

/// The call that opens a session.
struct Opening {
    email: String,
    passphrase: Secret,
    held: Option<Secret>,
}

impl Call for Opening {
    fn signed_request(&self, client: &Client, _: &Session) -> Result<Request, Error> {
        client.signed_request(&Connect::new(self.email.clone(), self.passphrase.clone()))
    }

    fn send(&self, client: &Client, _: Session) -> Sent {
        match client.connect(self.email.clone(), self.passphrase.clone()) {
            Ok(session) => (Ok(Value::Null), session.into_token()),
            // A session that was open before is another value, which stays as it is.
            Err(error) => (Err(error), self.held.clone()),
        }
    }
}

/// The call that ends a session.
struct Closing;

impl Call for Closing {
    fn signed_request(&self, _: &Client, session: &Session) -> Result<Request, Error> {
        session.signed_request(&Disconnect::new())
    }

    fn send(&self, _: &Client, session: Session) -> Sent {
        (session.disconnect().map(|()| Value::Null), None)
    }
}

fn to_json(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

/// The typed call with the parameters of the vector.
fn typed(vector: &Value, path: &str) -> Box<dyn Call> {
    let name = text(vector, "/name");
    let params = &vector["inputs"]["params"];
    let given = |name: &str| match wire(&params[name]) {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => panic!("{name} is {other}, which is no text"),
    };
    let get = |key: &str| given(key).unwrap_or_else(|| panic!("{name}: no parameter `{key}`"));
    let number = |key: &str| -> i64 {
        get(key).parse().unwrap_or_else(|_| panic!("{name}: `{key}` is no number"))
    };
    let unknown = |key: &str| -> ! { panic!("{name}: no typed value for `{key}` {}", get(key)) };
    let ca_id = || CaId::new(number("ca_id"));
    let cert_id = || CertId::new(number("cert_id"));
    let nothing = |()| Value::Null;
    match path {
        "/connect" => Box::new(Opening {
            email: get("email"),
            passphrase: get("passphrase").into(),
            held: vector["inputs"]["token"].as_str().map(Secret::new),
        }),
        "/disconnect" => Box::new(Closing),
        "/ca/list" => Box::new(Typed(ListCas::new(), to_json)),
        "/ca/details" => Box::new(Typed(GetCaDetails::new(ca_id()), to_json)),
        "/ca/get" => match get("what").as_str() {
            "cert" => Box::new(Typed(GetCa::new(ca_id()), to_json)),
            _ => unknown("what"),
        },
        "/ca/delete" => Box::new(Typed(DeleteCa::new(ca_id()), nothing)),
        "/ca/new" => {
            let mut new = CreateCa::new(get("C"), get("O"));
            if let Some(locality) = given("L") {
                new = new.locality(locality);
            }
            if let Some(state) = given("ST") {
                new = new.state(state);
            }
            new = new.hash_method(match get("hash_method").as_str() {
                "sha1" => HashMethod::Sha1,
                "sha256" => HashMethod::Sha256,
                _ => unknown("hash_method"),
            });
            Box::new(Typed(new, to_json))
        }
        "/cert/list" => {
            let mask = u8::try_from(number("what")).ok().and_then(StatusMask::from_bits);
            let mask = mask.unwrap_or_else(|| unknown("what"));
            Box::new(Typed(ListCerts::new(ca_id(), mask), to_json))
        }
        "/cert/details" => Box::new(Typed(GetCertDetails::new(cert_id()), to_json)),
        "/cert/get" => {
            let part = |part| Box::new(Typed(GetCert::new(cert_id(), part), to_json));
            let key = |form| {
                let shown = |key: Secret| key.expose().into();
                Box::new(Typed(GetKey::new(cert_id(), form), shown))
            };
            match get("what").as_str() {
                "cert" => part(CertPart::Cert),
                "chain" => part(CertPart::Chain),
                "csr" => part(CertPart::Csr),
                "key.dec" => key(KeyForm::Decrypted),
                "key.enc" => key(KeyForm::Encrypted),
                "pkcs12" => {
                    // The vector has the bytes that the client returned as base64.
                    let expected = vector["client_result"]["returned"].clone();
                    Box::new(Typed(GetPkcs12::new(cert_id()), move |bytes: SecretBytes| {
                        let theirs = expected["base64"].as_str().unwrap_or_default();
                        let is_same = SecretBytes::from_base64(theirs).as_ref() == Some(&bytes);
                        if is_same { expected.clone() } else { json!(bytes.expose()) }
                    }))
                }
                _ => unknown("what"),
            }
        }
        "/cert/reissue" => Box::new(Typed(ReissueCert::new(cert_id()), to_json)),
        "/cert/status" => {
            let status = CertStatus::from(get("status").as_str());
            Box::new(Typed(SetCertStatus::new(cert_id(), status), nothing))
        }
        "/cert/new" => {
            let mut new = CreateCert::new(ca_id(), get("C"), get("O"), get("CN"));
            if let Some(unit) = given("OU") {
                new = new.organizational_unit(unit);
            }
            if let Some(locality) = given("L") {
                new = new.locality(locality);
            }
            if let Some(state) = given("ST") {
                new = new.state(state);
            }
            Box::new(Typed(new.sans(sans(name, &params["SANs"])), to_json))
        }
        _ => panic!("{name}: no typed call for {path}"),
    }
}

/// The names of a list: each an object with its kind and value.
fn sans(name: &str, value: &Value) -> Vec<San> {
    let items = match value {
        Value::Null => return Vec::new(),
        Value::Array(items) => items,
        other => panic!("{name}: SANs is {other}, which is no list"),
    };
    let read = |san: &Value| {
        let members = san.as_object().filter(|members| members.len() == 1);
        let (kind, value) =
            members.and_then(|members| members.iter().next()).unwrap_or_else(|| {
                panic!("{name}: {san} is no name");
            });
        let value = value.as_str().unwrap_or_else(|| panic!("{name}: {san} is no name"));
        match kind.as_str() {
            "DNS" => San::Dns(value.to_owned()),
            "IP" => San::Ip(value.parse().unwrap_or_else(|_| panic!("{name}: {san} is no IP"))),
            "email" => San::Email(value.to_owned()),
            "URI" => San::Uri(value.to_owned()),
            _ => panic!("{name}: no typed name of the kind {kind}"),
        }
    };
    items.iter().map(read).collect()
}
