//! TinyCert: bodies made by the official PHP client, and what it made of answers.

use api_auth::hmac::form_digest;
use api_auth::{Body, Error, HmacKey, Method, Params, RawEndpoint, Request, Response, Secret};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, json};
use tinycert_client::{
    API_KEY, CaId, CertId, CertPart, CertStatus, Client, Connect, DeleteCa, Disconnect, Endpoint,
    GetCa, GetCaDetails, GetCert, GetCertDetails, GetKey, GetPkcs12, HashMethod, KeyForm, ListCas,
    ListCerts, NewCa, NewCert, ReissueCert, San, SecretBytes, Session, SetCertStatus, StatusMask,
    TransportError,
};

use crate::{folder, stage, text};

pub(crate) fn run(kind: &str, vector: &Value) -> bool {
    match kind {
        "request" => request(vector),
        _ => return false,
    }
    true
}

fn request(vector: &Value) {
    let name = text(vector, "/name");
    let key = Secret::new(text(vector, "/inputs/api_key"));
    let expected = text(vector, "/request/canonical");

    let params = params_in_order(name);
    let canonical = form_digest::canonical(params.clone());
    stage(name, "canonical text", &canonical, expected);
    let hmac = HmacKey::new("api_key", &key).unwrap();
    let digest = form_digest::digest(&hmac, canonical.as_bytes());
    stage(name, "digest", &digest.hex(), text(vector, "/request/digest"));
    if let Some(documented) = vector["documented_digest"].as_str() {
        stage(name, "documented digest", &digest.hex(), documented);
    }
    let mut body = canonical.into_bytes();
    form_digest::append(&mut body, "digest", &digest);
    stage(name, "body", str::from_utf8(&body).unwrap(), text(vector, "/request/body"));

    let client = answering(vector, &key);
    let session = client.resume(vector["inputs"]["params"]["token"].as_str().unwrap_or_default());
    match typed(vector) {
        Some(call) => {
            compare(vector, &call.prepare(&client, &session).unwrap());
            if vector.get("response").is_some() {
                let result = call.send(&client, &session);
                compare_result(vector, result);
            }
        }
        None => {
            let path = url_path(vector);
            let raw = RawEndpoint::new(Method::POST, path)
                .with_body(Body::Form(params))
                .with_credential(API_KEY);
            compare(vector, &client.prepare(&raw).unwrap());
        }
    }
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

/// The parameters of the vector of that name, in the order of the file.
fn params_in_order(name: &str) -> Params<'static> {
    let file = std::fs::read(folder().join("tinycert.json")).unwrap();
    let file: Ordered = serde_json::from_slice(&file).unwrap();
    let Some(Ordered::List(vectors)) = file.take("vectors") else { panic!("no vectors") };
    for vector in vectors {
        let Ordered::Map(mut entries) = vector else { continue };
        let is_name = |(key, value): &(String, Ordered)| {
            key == "name" && matches!(value, Ordered::Text(text) if text == name)
        };
        if entries.iter().any(is_name) {
            let inputs = entries.iter().position(|(key, _)| key == "inputs").expect("inputs");
            let mut params = Params::new();
            let values = entries.swap_remove(inputs).1.take("params").expect("params");
            values.flatten(&mut params, String::new());
            return params;
        }
    }
    panic!("no vector {name}")
}

/// A client whose server gives the vector's answer.
fn answering(vector: &Value, key: &Secret) -> Client {
    let status = vector["response"]["status"].as_u64().unwrap_or(200);
    let body = vector["response"]["body"].as_str().unwrap_or_default().to_owned();
    let transport = move |_: Request| -> Result<Response, TransportError> {
        let response = api_auth::http::Response::builder().status(u16::try_from(status).unwrap());
        Ok(response.body(body.clone().into_bytes()).unwrap())
    };
    Client::builder(key.clone()).transport(transport).retries(0).build().unwrap()
}

fn url_path(vector: &Value) -> &str {
    text(vector, "/request/url").strip_prefix("https://www.tinycert.org").unwrap()
}

/// The whole request as it would leave.
fn compare(vector: &Value, request: &Request) {
    let name = text(vector, "/name");
    stage(name, "method", request.method().as_str(), text(vector, "/request/method"));
    stage(name, "URL", &request.uri().to_string(), text(vector, "/request/url"));
    let content_type = request.headers()["content-type"].to_str().unwrap();
    stage(name, "content type", content_type, text(vector, "/request/headers/content-type"));
    let length = request.body().len().to_string();
    stage(name, "content length", &length, text(vector, "/request/headers/content-length"));
    stage(
        name,
        "sent body",
        str::from_utf8(request.body()).unwrap(),
        text(vector, "/request/body"),
    );
}

/// What came out of the answer, compared with what the PHP client returned for it.
fn compare_result(vector: &Value, result: Result<Value, Error>) {
    let name = text(vector, "/name");
    let expected = &vector["client_result"];
    match result {
        Ok(value) => {
            // The PHP client returns nothing or true where there is nothing to tell, and true
            // where it keeps the token for itself.
            match text(vector, "/inputs/call") {
                "connect" => assert_eq!(value, expected["token_after"], "{name}"),
                _ if value.is_null() => {
                    assert!(
                        matches!(expected["returned"], Value::Null | Value::Bool(true)),
                        "{name}"
                    );
                }
                _ => assert_eq!(value, expected["returned"], "{name}"),
            }
        }
        Err(error) => {
            assert_eq!(expected["returned"], Value::Bool(false), "{name}: {error:?}");
            let status = error.status().unwrap().as_u16();
            let seen = json!({ "status": status, "code": error.code(), "text": error.message() });
            assert_eq!(seen, expected["last_error"], "{name}");
        }
    }
}

/// A typed call whose arguments came from a vector.
trait Call {
    fn prepare(&self, client: &Client, session: &Session) -> Result<Request, Error>;
    /// The value as the JSON that the PHP client returned.
    fn send(&self, client: &Client, session: &Session) -> Result<Value, Error>;
}

struct Typed<E, F>(E, F);

impl<E: Endpoint, F: Fn(E::Output) -> Value> Call for Typed<E, F> {
    fn prepare(&self, client: &Client, session: &Session) -> Result<Request, Error> {
        if E::ID == "session.connect" { client.prepare(&self.0) } else { session.prepare(&self.0) }
    }

    fn send(&self, client: &Client, session: &Session) -> Result<Value, Error> {
        let sent =
            if E::ID == "session.connect" { client.send(&self.0) } else { session.send(&self.0) };
        sent.map(&self.1)
    }
}

fn to_json(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

fn is_list_or_null(value: Value) -> Value {
    // The provider writes no names as null.
    if value == json!([]) { Value::Null } else { value }
}

fn typed(vector: &Value) -> Option<Box<dyn Call>> {
    let params = &vector["inputs"]["params"];
    let get = |name: &str| params[name].as_str().map(str::to_owned);
    let ca_id = || CaId::new(params["ca_id"].as_i64().expect("ca_id"));
    let cert_id = || CertId::new(params["cert_id"].as_i64().expect("cert_id"));
    let nothing = |()| Value::Null;
    let name = text(vector, "/name");
    Some(match url_path(vector).strip_prefix("/api/v1")? {
        _ if name.starts_with("raw_") => return None,
        "/connect" => {
            Box::new(Typed(Connect::new(get("email")?, get("passphrase")?), |token: Secret| {
                token.expose().into()
            }))
        }
        "/disconnect" => Box::new(Typed(Disconnect::new(), nothing)),
        "/ca/list" => Box::new(Typed(ListCas::new(), to_json)),
        "/ca/details" => Box::new(Typed(GetCaDetails::new(ca_id()), to_json)),
        "/ca/get" => Box::new(Typed(GetCa::new(ca_id()), to_json)),
        "/ca/delete" => Box::new(Typed(DeleteCa::new(ca_id()), nothing)),
        "/ca/new" => {
            let mut new = NewCa::new(get("C")?, get("O")?);
            if let Some(locality) = get("L") {
                new = new.locality(locality);
            }
            if let Some(state) = get("ST") {
                new = new.state(state);
            }
            if get("hash_method")? == "sha1" {
                new = new.hash_method(HashMethod::Sha1);
            }
            Box::new(Typed(new, to_json))
        }
        "/cert/list" => {
            let mask = u8::try_from(params["what"].as_u64().unwrap()).unwrap();
            let mask = StatusMask::from_bits(mask).unwrap();
            Box::new(Typed(ListCerts::new(ca_id(), mask), to_json))
        }
        "/cert/details" => Box::new(Typed(GetCertDetails::new(cert_id()), |details| {
            let mut value = to_json(details);
            value["Alt"] = is_list_or_null(value["Alt"].take());
            value
        })),
        "/cert/get" => match get("what")?.as_str() {
            "cert" => Box::new(Typed(GetCert::new(cert_id(), CertPart::Cert), to_json)),
            "chain" => Box::new(Typed(GetCert::new(cert_id(), CertPart::Chain), to_json)),
            "csr" => Box::new(Typed(GetCert::new(cert_id(), CertPart::Csr), to_json)),
            "key.dec" => {
                Box::new(Typed(GetKey::new(cert_id(), KeyForm::Decrypted), |key: Secret| {
                    key.expose().into()
                }))
            }
            "pkcs12" => {
                let expected = vector["client_result"]["returned"].clone();
                Box::new(Typed(GetPkcs12::new(cert_id()), move |bytes: SecretBytes| {
                    let expected_bytes = expected["base64"].as_str().unwrap();
                    assert_eq!(Some(bytes), SecretBytes::from_base64(expected_bytes));
                    expected.clone()
                }))
            }
            _ => return None,
        },
        "/cert/reissue" => Box::new(Typed(ReissueCert::new(cert_id()), to_json)),
        "/cert/status" => {
            let status = CertStatus::from(get("status")?.as_str());
            Box::new(Typed(SetCertStatus::new(cert_id(), status), nothing))
        }
        "/cert/new" => {
            let mut new = NewCert::new(ca_id(), get("C")?, get("O")?, get("CN")?);
            if let Some(unit) = get("OU") {
                new = new.organizational_unit(unit);
            }
            if let Some(locality) = get("L") {
                new = new.locality(locality);
            }
            if let Some(state) = get("ST") {
                new = new.state(state);
            }
            let sans = params["SANs"].as_array().into_iter().flatten();
            let sans = sans.flat_map(|san| san.as_object().unwrap()).map(|(kind, value)| {
                format!("{kind}:{}", value.as_str().unwrap()).parse::<San>().unwrap()
            });
            Box::new(Typed(new.sans(sans), to_json))
        }
        _ => return None,
    })
}
