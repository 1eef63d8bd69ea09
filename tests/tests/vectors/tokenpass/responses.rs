//! Responses: what the typed call returns, compared with the body or with the vector.

use serde_json::Value;
use tokenpass_client::api_auth::Amount;
use tokenpass_client::{Error, Scheme};

use super::json::Node;
use super::name;
use super::operations::{self, Outcome};
use super::requests::{self, Call};

/// The members of `inputs` that a vector of the kind `response` has.
pub(super) const INPUTS: &[&str] = &["status", "content_type", "headers", "response_body"];

/// The member of a body that the typed value is made of; all others return the whole body.
const WRAPPED: &[(&str, &[&str])] = &[
    ("tx", &["promise.create", "promise.get", "promise.update"]),
    ("list", &["promise.list", "promise.list_by_email", "credit_group.list"]),
    ("users", &["lookup.users_by_addresses"]),
    ("results", &["tca.find_users"]),
    ("credit_group", &["credit_group.create", "credit_group.update", "credit_group.get"]),
    ("account", &["credit_account.create", "credit_account.get"]),
    ("transactions", &["credit.give", "credit.take"]),
    (
        "result",
        &[
            "account.register",
            "second_factor.status",
            "tca.check_user",
            "tca.check_address",
            "tca.check_email",
            "lookup.user_exists",
            "address.list_mine",
            "address.get_mine",
            "address.register",
            "address.update",
            "address.list_public",
            "address.get_public",
            "lookup.user_by_address",
            "lookup.address_by_user",
            "lookup.user_by_email",
        ],
    ),
];

/// Endpoints whose response says only that it is done.
const DONE: &[&str] = &[
    "oauth.logout",
    "account.update",
    "second_factor.sign",
    "source.register",
    "source.delete",
    "promise.cancel",
    "address.verify",
    "address.delete",
    "address.instant_verify",
    "messenger.join",
];

/// Members of a body that no value shows, and why.
const NOT_SHOWN: &[(&str, &str)] = &[
    ("ecc_key", "a secret is never written out"),
    ("state", "it is compared with that of the request"),
];

/// The recording of the official client keeps this many characters of a response body. A longer one is
/// no JSON any more, so that no client can read it.
const RECORDED: usize = 600;

/// The response that the official client got: `expected.server_status` and `server_body`.
pub(super) fn recorded(vector: &Value, call: &Call) {
    let expected = &vector["expected"];
    let status = expected["server_status"].as_u64().unwrap();
    let body = expected["server_body"].as_str().unwrap_or_default();
    if body.chars().count() == RECORDED && serde_json::from_str::<Value>(body).is_err() {
        return;
    }
    let returned = returned(vector, call, status, &expected["server_headers"], body);
    compare(vector, call, status, body, returned);
}

/// A vector of the kind `response`: the call, and the response that it gets.
pub(super) fn response(vector: &Value, raw: &Node) {
    let inputs = &vector["inputs"];
    let call = requests::call(vector, raw);
    let status = inputs["status"].as_u64().unwrap_or(200);
    let body = match &inputs["response_body"] {
        Value::String(text) => text.clone(),
        json => json.to_string(),
    };
    let returned = returned(vector, &call, status, &inputs["headers"], &body);
    compare(vector, &call, status, &body, returned);
}

fn returned(
    vector: &Value,
    call: &Call,
    status: u64,
    headers: &Value,
    body: &str,
) -> Result<Value, Error> {
    let response = requests::response(status, headers, body);
    let (client, _) = requests::client(vector, Scheme::SignedQuery, Some(response));
    match operations::run(&call.id, &call.arguments, &client, true) {
        Ok(Outcome::Returned(result)) => *result,
        other => panic!("{}: {other:?}", name(vector)),
    }
}

/// Compares what the call returned with `expected.result` or `expected.error`, and with the body.
fn compare(vector: &Value, call: &Call, status: u64, body: &str, returned: Result<Value, Error>) {
    let name = name(vector);
    let expected = &vector["expected"];
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    if let Some(error) = expected.get("error") {
        let got =
            returned.as_ref().err().unwrap_or_else(|| panic!("{name}: no error: {returned:?}"));
        for (member, wanted) in error.as_object().unwrap() {
            let actual = match member.as_str() {
                "kind" => Some(format!("{:?}", got.kind())),
                "status" => got.status().map(|status| status.as_str().to_owned()),
                "code" => got.code().map(str::to_owned),
                "message" => got.message().map(str::to_owned),
                other => panic!("{name}: unknown member expected.error.{other}"),
            };
            let wanted = wanted.as_str().map_or_else(|| wanted.to_string(), str::to_owned);
            assert_eq!(actual.as_deref(), Some(&*wanted), "{name}: error {member} differs");
        }
        return;
    }
    if let Some(wanted) = expected.get("result") {
        let got = returned.unwrap_or_else(|error| panic!("{name}: result: {error}"));
        return same(name, "result", &got, wanted);
    }
    let text = |member: &str| json[member].as_str().filter(|text| !text.is_empty());
    let is_error = status >= 400 || text("error").is_some();
    match returned {
        Err(error) => {
            assert!(is_error, "{name}: response: {error}");
            let got = error.status().map(|status| u64::from(status.as_u16()));
            assert_eq!(got, Some(status), "{name}: status differs");
            let message = text("error_description").or(text("message")).or(text("error"));
            if let Some(message) = message {
                assert_eq!(error.message(), Some(message), "{name}: message differs");
            }
        }
        // The two errors that are a response.
        Ok(Value::Null) if status == 404 && !DONE.contains(&&*call.id) => {}
        Ok(Value::Bool(true)) if call.id == "address.verify" && status == 400 => {}
        Ok(value) => {
            assert!(!is_error, "{name}: the response is no error: {value}");
            if DONE.contains(&&*call.id) {
                let members = [&json["result"], &json["success"]];
                let is_said = members.iter().any(|member| !member.is_null());
                let is_denied = members.iter().any(|member| **member == false);
                assert!(is_said && !is_denied, "{name}: the response does not say that it is done");
                // Verification returns whether the address was verified before.
                let done =
                    if call.id == "address.verify" { Value::Bool(false) } else { Value::Null };
                assert_eq!(value, done, "{name}: the returned value differs");
                return;
            }
            let wrapper = WRAPPED.iter().find(|(_, ids)| ids.contains(&&*call.id));
            let body = match wrapper {
                Some((member, _)) => json[*member].clone(),
                // The documentation wraps the list of balances.
                None if call.id.starts_with("balance.") && json.is_object() => {
                    json["result"].clone()
                }
                None => without_result(json),
            };
            same(name, "response", &value, &body);
        }
    }
}

/// A whole body without its `result`, and with a list in the place of an object of sources.
fn without_result(mut body: Value) -> Value {
    if let Some(members) = body.as_object_mut()
        && let Some(Value::Object(sources)) = members.get("whitelist").cloned()
    {
        members.remove("result");
        members.insert("whitelist".to_owned(), sources.into_iter().map(|(_, one)| one).collect());
    }
    body
}

/// Compares by meaning: 1 is "1" and true, nothing is null, false, an empty text, list or object.
fn same(name: &str, place: &str, ours: &Value, theirs: &Value) {
    let is_nothing = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    };
    let number = |value: &Value| match value {
        Value::Bool(flag) => Some(Amount::from_minor_units(i64::from(*flag), 0)),
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    };
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for member in ours.keys().chain(theirs.keys()) {
                if NOT_SHOWN.iter().any(|(known, _)| known == member) {
                    continue;
                }
                let get = |map: &serde_json::Map<String, Value>| {
                    map.get(member).cloned().unwrap_or_default()
                };
                same(name, &format!("{place}.{member}"), &get(ours), &get(theirs));
            }
        }
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                same(name, &format!("{place}[{index}]"), ours, theirs);
            }
        }
        _ => {
            let are_numbers = number(ours).is_some() && number(ours) == number(theirs);
            assert!(
                ours == theirs || are_numbers || is_nothing(ours) && is_nothing(theirs),
                "{name}: {place} differs\n  expected {theirs}\n  actual   {ours}"
            );
        }
    }
}
