//! Handles the endpoints `account.*`, which register, log in and change users, and
//! `second_factor.*`, for a second factor with a Bitcoin signature.

use std::fmt;

use super::ask::Ask;
use super::php::map;
use super::response::{ApiResult, crashed, error, json, message, refused, result};
use super::{
    EMAIL, OTHER_EMAIL, OTHER_USER_ID, OTHER_USERNAME, PASSWORD, PRIVILEGED_CLIENT_ID,
    PRIVILEGED_CLIENT_SECRET, Tokenpass, USER_ID, USERNAME, bitcoin,
};
use crate::digest::sha256_hex;

/// A registered user of the Tokenpass server.
#[derive(Clone)]
pub struct User {
    /// The id of the user, a UUID.
    pub id: String,
    /// The display name, such as `Crypto Naut`. It can be empty.
    pub name: String,
    /// The user name, such as `cryptonaut`.
    pub username: String,
    /// The user name in the form that is used in URLs: in lower case, with hyphens.
    pub slug: String,
    /// The e-mail address, whether it is confirmed or not.
    pub email: String,
    /// Whether the user has confirmed the e-mail address.
    pub email_is_confirmed: bool,
    /// The password in plain text.
    pub password: String,
    /// The API token and API secret, if the user is privileged.
    pub api_key: Option<(String, String)>,
    /// Whether the user has signed the message of the Bitcoin second factor.
    pub has_signed: bool,
    /// The message that the user must sign for `address.instant_verify`. It becomes `None` when it
    /// has been used.
    pub instant_message: Option<String>,
    /// The client ids of the applications that the user has authorized.
    pub connected: Vec<String>,
}

impl User {
    /// Returns the private key that the provider's published server code of 2017 sends in responses
    /// as `ecc_key`. This server derives it from the id of the user.
    pub(super) fn ecc_key(&self) -> String {
        sha256_hex(&self.id)
    }
}

pub(super) fn first_users() -> Vec<User> {
    let user = |id: &str, name: &str, username: &str, email: &str| User {
        id: id.to_owned(),
        name: name.to_owned(),
        username: username.to_owned(),
        slug: username.to_owned(),
        email: email.to_owned(),
        email_is_confirmed: false,
        password: PASSWORD.to_owned(),
        api_key: None,
        has_signed: false,
        instant_message: Some(sha256_hex(username)),
        connected: Vec::new(),
    };
    let mut first = user(USER_ID, "Crypto Naut", USERNAME, EMAIL);
    first.email_is_confirmed = true;
    first.api_key = Some((PRIVILEGED_CLIENT_ID.to_owned(), PRIVILEGED_CLIENT_SECRET.to_owned()));
    let other = user(OTHER_USER_ID, "Bob Élan", OTHER_USERNAME, OTHER_EMAIL);
    vec![first, other]
}

impl Tokenpass {
    /// Returns the user with this user name or slug. Case is ignored.
    pub(super) fn user_named(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| {
            user.username.eq_ignore_ascii_case(name) || user.slug.eq_ignore_ascii_case(name)
        })
    }

    pub(super) fn user_with_email(&self, email: &str) -> Option<&User> {
        self.users.iter().find(|user| user.email.eq_ignore_ascii_case(email))
    }

    pub(super) fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    pub(super) fn user_mut(&mut self, id: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.id == id)
    }

    pub(super) fn account_register(&mut self, ask: &Ask<'_>) -> ApiResult {
        let no = |text: &str| refused(200, text);
        if !self.has_client(ask) {
            return Err(no("Invalid API client ID"));
        }
        let username = ask.text("username").ok_or_else(|| no("Username required"))?;
        let password = ask.text("password").ok_or_else(|| no("Password required"))?;
        let email = ask.text("email").ok_or_else(|| no("Email required"))?;
        if self.user_named(&username).is_some() {
            return Err(no("Username already taken"));
        }
        if self.user_with_email(&email).is_some() {
            return Err(no("Email already taken"));
        }
        if !email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty()) {
            return Err(no("Invalid email address"));
        }
        let slug = username.to_lowercase().replace(|char: char| !char.is_alphanumeric(), "-");
        let user = User {
            id: self.uuid(),
            name: ask.text("name").unwrap_or_default(),
            instant_message: Some(sha256_hex(&username)),
            username,
            slug,
            email,
            email_is_confirmed: false,
            password,
            api_key: None,
            has_signed: false,
            connected: Vec::new(),
        };
        self.mails.push(user.email.clone());
        let members = [
            ("id", (&user.id).into()),
            ("username", (&user.username).into()),
            ("email", (&user.email).into()),
            ("ecc_key", user.ecc_key().into()),
        ];
        self.users.push(user);
        result(map(members))
    }

    pub(super) fn account_login(&self, ask: &Ask<'_>) -> ApiResult {
        if !self.has_client(ask) {
            return Err(message(403, "Invalid API client ID"));
        }
        ask.validate()
            .required("username")
            .at_most("username", 255)
            .required("password")
            .at_most("password", 255)
            .done_briefly()?;
        let user = self.user_named(&ask.text("username").unwrap_or_default());
        let user = user.filter(|user| Some(&user.password) == ask.text("password").as_ref());
        let wrong = || message(422, "These credentials do not match our records.");
        let user = user.ok_or_else(wrong)?;
        let confirmed = user.email_is_confirmed.then_some(&user.email);
        let members = [
            ("id", (&user.id).into()),
            ("name", (&user.name).into()),
            ("username", (&user.username).into()),
            ("email", (&user.email).into()),
            ("confirmed_email", confirmed.into()),
            ("ecc_key", user.ecc_key().into()),
        ];
        Ok(json(200, &map(members)))
    }

    pub(super) fn account_update(&mut self, ask: &Ask<'_>) -> ApiResult {
        let no = |text: &str| refused(200, text);
        let (client_id, id) = (ask.text("client_id"), ask.text("user_id"));
        let token = ask.text("token");
        let now = self.clock.unix();
        let held = self.tokens.iter().find(|known| {
            Some(&known.token) == token.as_ref()
                && Some(&known.client_id) == client_id.as_ref()
                && Some(&known.user) == id.as_ref()
                && known.expires > now
        });
        let id = held.map(|token| token.user.clone());
        let id = id.ok_or_else(|| no("Invalid access token, client ID or user ID"))?;
        let taken = ask.text("email").and_then(|email| self.user_with_email(&email));
        let taken = taken.is_some_and(|user| user.id != id);
        let invalid = || no("Invalid access token, client ID or user ID");
        let user = self.user_mut(&id).ok_or_else(invalid)?;
        if ask.text("current_password").as_ref() != Some(&user.password) {
            return Err(no("Invalid password"));
        }
        let (name, email) = (ask.text("name"), ask.text("email"));
        let password = ask.text("password");
        if name.is_none() && email.is_none() && password.is_none() {
            return Err(no("No changes to make"));
        }
        if taken {
            return Err(no("Email already taken"));
        }
        user.name = name.unwrap_or_else(|| user.name.clone());
        user.password = password.unwrap_or_else(|| user.password.clone());
        if let Some(email) = email.filter(|email| *email != user.email) {
            user.email.clone_from(&email);
            user.email_is_confirmed = false;
            self.mails.push(email);
        }
        result("success")
    }

    /// Returns the message that the user `username` must sign with the key of a verified address
    /// for the second factor. The text of the provider's message is not documented.
    pub fn second_factor_message(username: &str) -> String {
        format!("TOKENPASS second factor of {username}")
    }

    pub(super) fn second_factor_status(&self, ask: &Ask<'_>) -> ApiResult {
        let user = self.user_named(ask.value(0));
        let user = user.ok_or_else(|| refused(404, "Username not found"))?;
        result(if user.has_signed { "signed" } else { "unsigned" })
    }

    pub(super) fn second_factor_sign(&mut self, ask: &Ask<'_>) -> ApiResult {
        ask.validate().required("signature").at_most("signature", 1024).done()?;
        let user = self.user(&ask.user).ok_or_else(crashed)?;
        let message = Self::second_factor_message(&user.username);
        let signer = bitcoin::signer(&message, &ask.text("signature").unwrap_or_default());
        let signer = signer.ok_or_else(|| error(403, "Signature derive function failed"))?;
        let mut own =
            self.addresses.iter().filter(|known| known.user == ask.user && known.verified);
        if !own.any(|known| known.address == signer) {
            return Err(error(400, "Signature invalid"));
        }
        if let Some(user) = self.user_mut(&ask.user) {
            user.has_signed = true;
        }
        result("Signed")
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("username", &self.username).finish_non_exhaustive()
    }
}
