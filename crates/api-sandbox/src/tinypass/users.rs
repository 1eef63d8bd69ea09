//! Handles the endpoint `user.get`, and creates users for unknown e-mail addresses.

use serde_json::json;

use super::ask::Ask;
use super::{ApiResult, EMAIL, TinyPass, UID};

/// A user with an id (uid) and an e-mail address.
pub(super) struct User {
    uid: String,
    email: String,
    first_name: String,
}

/// Returns the user with the e-mail address [`EMAIL`], who is part of the initial state.
pub(super) fn first_user() -> User {
    User { uid: UID.to_owned(), email: EMAIL.to_owned(), first_name: "Ann".to_owned() }
}

impl TinyPass {
    /// Returns the uid of the user with this e-mail address. Creates the user if necessary.
    pub(super) fn uid_of(&mut self, email: &str) -> String {
        if let Some(user) = self.users.iter().find(|user| user.email == email) {
            return user.uid.clone();
        }
        let uid = self.next_id("U", 10);
        let first_name = email.split('@').next().unwrap_or_default().to_owned();
        self.users.push(User { uid: uid.clone(), email: email.to_owned(), first_name });
        uid
    }

    pub(super) fn user_get(&self, ask: &Ask<'_>) -> ApiResult {
        let found = self.users.iter().find(|user| user.uid == ask.value(0));
        let user = found.ok_or_else(|| (404, "User not found".to_owned()))?;
        Ok(json!({
            "uid": user.uid,
            "email": user.email,
            "first_name": user.first_name,
            "last_name": null,
        }))
    }
}
