//! The JSON bodies of requests, and access to the fields of JSON values without panics.

use serde_json::Value;

use crate::strict_json;

/// Parses the body of a request. A repeated name in an object is an error, because it is probably a
/// mistake in the client. The provider's PHP code uses the last value.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, String> {
    strict_json::parse(bytes).map_err(|error| match error.to_string().split_once(" at line") {
        Some((problem, _)) if error.is_data() => problem.to_owned(),
        _ => "the body is not JSON".to_owned(),
    })
}

/// Access to the fields of a JSON value. A missing field is null.
pub(super) trait Members {
    /// Returns the field with this name. Returns null if there is none.
    fn at(&self, name: &str) -> &Value;

    /// Sets the value at a JSON pointer, such as `/payments/errors`. Has no effect if the object
    /// that should contain the value is missing.
    fn put(&mut self, pointer: &str, value: impl Into<Value>);

    /// Returns the string at a JSON pointer. Returns `None` if there is no string.
    fn text(&self, pointer: &str) -> Option<String>;

    /// Returns the items of a list. Returns an empty slice for any other value.
    fn items(&self) -> &[Value];
}

impl Members for Value {
    fn at(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&Value::Null)
    }

    fn put(&mut self, pointer: &str, value: impl Into<Value>) {
        let Some((parent, name)) = pointer.rsplit_once('/') else { return };
        if let Some(object) = self.pointer_mut(parent).and_then(Value::as_object_mut) {
            object.insert(name.to_owned(), value.into());
        }
    }

    fn text(&self, pointer: &str) -> Option<String> {
        self.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
    }

    fn items(&self) -> &[Value] {
        self.as_array().map(Vec::as_slice).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_name_is_shown_with_its_path() {
        let problem = parse(br#"{"payer":{"email":1,"email":2}}"#);
        assert_eq!(problem, Err("payer.email is given twice".to_owned()));
        assert_eq!(parse(b"{"), Err("the body is not JSON".to_owned()));
    }
}
