//! Rules about responses for every endpoint of every provider, over real HTTP.
//!
//! A provider crate calls [`Case::holds`] for each endpoint, in `tests/integration/decoding.rs`, with
//! the documented response and a call. The rules:
//!
//! 1. the documented JSON is read;
//! 2. a response without a field, or with null in it, is read, too (without a required field, it is
//!    a `Decode` error);
//! 3. unknown fields of any content, numbers as strings and a byte order mark are accepted;
//! 4. an HTML 502 is an error with status and body, and its text is not lost;
//! 5. an empty body and a truncated one are `Decode` errors (or accepted where no body is
//!    documented), and never a panic;
//! 6. an empty object `{}` is a `Decode` error that names the missing field (or accepted where no
//!    field is required);
//! 7. a response with status 401 is an `Auth` error.

use std::fmt::Debug;

use api_auth::{Error, ErrorKind};
use mockito::{Matcher, Server};
use serde_json::Value;

/// The result for a response: the value as a string, or the error.
pub type Outcome = Result<String, Error>;

/// Returns the result of a call as text.
///
/// # Errors
/// Returns the error of the call.
pub fn shown<T: Debug>(result: Result<T, Error>) -> Outcome {
    result.map(|value| format!("{value:?}"))
}

/// Calls a server with this base URL, which sends one response.
pub fn with_response<T>(
    method: &str,
    status: usize,
    content_type: Option<&str>,
    body: impl AsRef<[u8]>,
    call: impl FnOnce(&str) -> T,
) -> T {
    let mut server = Server::new();
    let mock = server.mock(method, Matcher::Any).with_status(status).with_body(body);
    match content_type {
        Some(kind) => mock.with_header("content-type", kind).create(),
        None => mock.create(),
    };
    call(&server.url())
}

/// One endpoint under test.
#[expect(missing_debug_implementations, reason = "it holds a closure")]
pub struct Case<'a> {
    /// The method that the server reports.
    pub method: &'a str,
    /// The documented response.
    pub documented: &'a str,
    /// Whether a body that is empty or not JSON may be accepted.
    pub any_body: bool,
    /// The member that the error for an empty object names. `None` if an empty object is valid.
    pub missing: Option<&'a str>,
    /// Sends the request to a server with this base URL, without retries.
    pub call: &'a dyn Fn(&str) -> Outcome,
}

impl Case<'_> {
    /// Sends the request to a server that sends this response.
    ///
    /// # Errors
    /// Returns the error of the call.
    pub fn response(&self, status: usize, content_type: &str, body: &str) -> Outcome {
        let mut server = Server::new();
        server
            .mock(self.method, Matcher::Any)
            .with_status(status)
            .with_header("content-type", content_type)
            .with_header("x-request-id", "req-1")
            .with_body(body)
            .create();
        (self.call)(&server.url())
    }

    fn json(&self, body: &str) -> Outcome {
        self.response(200, "application/json", body)
    }

    /// Checks all rules. `needed` are the names of the required fields.
    pub fn holds(&self, needed: &[&str]) {
        let read = self.json(self.documented);
        let read = read.unwrap_or_else(|error| panic!("the documented response: {error:?}"));
        assert!(!read.is_empty());
        for (missing, changed) in variations(self.documented) {
            let text = changed.to_string();
            match self.json(&text) {
                Ok(_) => assert!(!needed.contains(&&*missing), "{text} was accepted"),
                Err(error) => {
                    assert!(needed.contains(&&*missing), "{text}: {error:?}");
                    assert_eq!(error.kind(), ErrorKind::Decode, "{text}");
                }
            }
        }

        for text in odd_texts(self.documented) {
            let read = self.json(&text);
            assert!(read.is_ok(), "{:.200}: {:?}", text, read.err());
        }

        let html = "<html><body><h1>502 Bad Gateway</h1></body></html>";
        let error = self.response(502, "text/html", html).unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), 502);
        assert_eq!(error.body_text(), html);
        assert_eq!(error.headers().unwrap()["content-type"], "text/html");
        assert_eq!((error.kind(), error.request_id()), (ErrorKind::Api, Some("req-1")));
        assert!(error.to_string().contains("Bad Gateway"), "{error}");

        let cut = self.documented.get(..self.documented.len() / 2).unwrap();
        for (name, body) in [("empty", ""), ("truncated", cut), ("html", html)] {
            match self.response(200, "application/json", body) {
                Ok(_) => assert!(self.any_body && name == "empty", "{name} body was accepted"),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Decode, "{name}: {error:?}");
                    assert_eq!(error.body_text(), body, "{name}");
                    assert_eq!(error.status().unwrap().as_u16(), 200, "{name}");
                }
            }
        }
        match (self.json("{}"), self.missing) {
            (Ok(_), None) => {}
            (Ok(_), Some(name)) => panic!("an empty object was accepted without {name}"),
            (Err(error), name) => {
                assert_eq!((error.kind(), &*error.body_text()), (ErrorKind::Decode, "{}"));
                assert_eq!(error.status().unwrap().as_u16(), 200);
                assert_eq!(error.headers().unwrap()["x-request-id"], "req-1");
                if let Some(name) = name {
                    assert_eq!(
                        error.message(),
                        Some(&*format!("{name}: missing from the response"))
                    );
                }
            }
        }
        let error = self.response(401, "text/plain", "who are you").unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Auth, Some("who are you")));
        assert_eq!(error.attempts(), 1);
    }
}

/// Returns variants of the documented response: each field (at any depth) removed, null, or a
/// number in place of a string; and unknown fields in every object. Each variant has the name of
/// the field that it lacks.
fn variations(documented: &str) -> Vec<(String, Value)> {
    let root: Value = serde_json::from_str(documented).unwrap();
    let mut all = Vec::new();
    let mut unknown = root.clone();
    add_unknown(&mut unknown);
    all.push((String::new(), unknown));
    let mut paths = Vec::new();
    collect(&root, &mut String::new(), &mut paths);
    for (object, key) in paths {
        let value = root.pointer(&object).unwrap()[&key].clone();
        let instead = match &value {
            Value::Number(number) => Value::from(number.to_string()),
            Value::String(_) => Value::from(12),
            _ => value,
        };
        for new in [None, Some(Value::Null), Some(instead)] {
            let mut copy = root.clone();
            let map = copy.pointer_mut(&object).unwrap().as_object_mut().unwrap();
            let lacks = if new.as_ref().is_none_or(Value::is_null) { &*key } else { "" };
            let lacks = lacks.to_owned();
            match new {
                None => map.remove(&key),
                Some(value) => map.insert(key.clone(), value),
            };
            all.push((lacks, copy));
        }
    }
    all
}

/// Returns the documented response after a byte order mark, and with unknown fields, which a strict
/// parser rejects, in every object.
fn odd_texts(documented: &str) -> [String; 2] {
    const MARK: &str = "\u{feff}";
    let mut unknown: Value = serde_json::from_str(documented).unwrap();
    add_unknown_value(&mut unknown, &Value::from("ODD"));
    // The fields are in an object, since some objects of a response are maps, in which no entry is
    // unknown.
    let list = format!("{}1e400,-0,\"\\ud83d\"{}", "[".repeat(200), "]".repeat(200));
    let deep = format!(r#"{{"a":{list}}}"#);
    [format!("{MARK}{documented}"), unknown.to_string().replace("\"ODD\"", &deep)]
}

fn add_unknown(value: &mut Value) {
    add_unknown_value(value, &serde_json::json!({"a": [1, null, {}]}));
}

fn add_unknown_value(value: &mut Value, new: &Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(|value| add_unknown_value(value, new));
            map.insert("brand_new".to_owned(), new.clone());
        }
        Value::Array(items) => items.iter_mut().for_each(|value| add_unknown_value(value, new)),
        _ => {}
    }
}

fn collect(value: &Value, path: &mut String, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                found.push((path.clone(), key.clone()));
                let length = path.len();
                path.push_str(&format!("/{key}"));
                collect(value, path, found);
                path.truncate(length);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                let length = path.len();
                path.push_str(&format!("/{index}"));
                collect(value, path, found);
                path.truncate(length);
            }
        }
        _ => {}
    }
}
