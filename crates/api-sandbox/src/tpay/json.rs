//! Reading and writing JSON values by name, without a panic.

use serde_json::Value;

/// A missing member reads as null.
pub(super) trait Members {
    /// The member of that name; null if there is none.
    fn at(&self, name: &str) -> &Value;

    /// Sets the member that a JSON pointer names; does nothing where its object is missing.
    fn put(&mut self, pointer: &str, value: impl Into<Value>);

    /// The text that a JSON pointer names.
    fn text(&self, pointer: &str) -> Option<String>;

    /// The items of a list; none if it is no list.
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
