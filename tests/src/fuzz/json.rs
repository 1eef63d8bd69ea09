//! Any bytes as JSON: the lenient parser returns the same value as `serde_json`.

use std::collections::BTreeMap;

use api_auth::{Amount, ExtraFields, json_slice, wire_enum};
use serde::{Deserialize, Serialize};
use serde_json::Value;

wire_enum! {
    /// A status.
    pub enum Status {
        /// Paid.
        Paid = "paid",
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Variant {
    Unit,
    Newtype(i64),
    Struct { text: Option<String> },
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Model {
    text: Option<String>,
    plain: String,
    #[serde(alias = "n")]
    number: Option<i64>,
    unsigned: Option<u64>,
    byte: Option<u8>,
    boolean: Option<bool>,
    list: Vec<Model>,
    texts: Vec<String>,
    map: BTreeMap<String, Option<String>>,
    object: Option<Box<Model>>,
    amount: Option<Amount>,
    status: Option<Status>,
    variant: Option<Variant>,
    large: Option<i128>,
    pair: Option<(i64, String)>,
    any: Option<Value>,
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    extra: ExtraFields,
}

const FIELDS: [&str; 18] = [
    "text", "plain", "number", "n", "unsigned", "byte", "boolean", "list", "texts", "map",
    "object", "amount", "status", "variant", "large", "pair", "any", "$extra",
];

/// Parses JSON. If `serde_json` accepts the input, the lenient parser must return the same value
/// and keep unknown members, and it must be possible to store the value.
///
/// # Panics
/// Panics if a value differs or is lost.
pub fn json(data: &[u8]) {
    let plain = serde_json::from_slice::<Model>(data);
    let ours = json_slice::<Model>(data);
    let is_object = data.trim_ascii_start().starts_with(b"{");
    match (&plain, &ours) {
        (Ok(plain), Ok(ours)) => assert_eq!(without_extra(plain), without_extra(ours)),
        (Ok(_), Err(error)) => {
            let text = error.to_string();
            // An array instead of an object, and the name that `serde_json` reserves.
            let is_known = text.contains("expected an object, found an array")
                || text.contains("reserved name");
            assert!(is_known, "{text}");
        }
        (Err(_), Err(error)) => assert!(!error.to_string().is_empty()),
        (Err(_), Ok(_)) => {}
    }
    let Ok(ours) = ours else { return };
    if is_object
        && let Ok(members) = serde_json::from_slice::<BTreeMap<String, Value>>(data)
        && !members.contains_key("$extra")
    {
        for (name, value) in &members {
            if !FIELDS.contains(&name.as_str()) {
                assert_eq!(ours.extra.read::<Value>(name).as_ref(), Some(value), "{name}");
            }
        }
        let is_unknown = |name: &str| members.contains_key(name);
        assert!(ours.extra.names().all(|name| is_unknown(&name)));
    }
    let stored = serde_json::to_string(&ours).expect("JSON");
    if let Ok(read) = serde_json::from_str::<Model>(&stored) {
        assert_eq!(read, ours);
    }
    assert_eq!(json_slice::<Model>(stored.as_bytes()).expect("a model"), ours);
}

/// Returns the model without unknown members, which only the lenient parser keeps.
fn without_extra(model: &Model) -> Model {
    let list = model.list.iter().map(without_extra).collect();
    let object = model.object.as_deref().map(|object| Box::new(without_extra(object)));
    Model { list, object, extra: ExtraFields::default(), ..model.clone() }
}
