//! The form of payment notifications.

use std::collections::BTreeMap;

/// Names and values, each taken out once; the rest is kept.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn read(body: &[u8]) -> Self {
        Self(api_auth::decode_form(body))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// The value of that name; empty if there is none.
    pub(super) fn take(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_default()
    }

    pub(super) fn optional(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(at).1)
    }

    pub(super) fn rest(self) -> BTreeMap<String, String> {
        self.0.into_iter().collect()
    }
}
