//! User accounts: registration, password checks, changes, and the second factor, which is a
//! signature with a Bitcoin key.
//!
//! ```no_run
//! use tokenpass_client::Client;
//! use tokenpass_client::accounts::RegisterAccount;
//!
//! let tokenpass = Client::from_env()?;
//! let new = RegisterAccount::new("leroy", "the password", "leroy@example.com");
//! println!("{:?}", tokenpass.register_account(&new)?.id);
//! # Ok::<(), tokenpass_client::Error>(())
//! ```

use api_auth::{
    Body, Endpoint, ExtraFields, InputError, Response, ResponseError, Result, Route, Secret,
    required, route, setters, validate, wire, wire_enum,
};
use serde::{Deserialize, Serialize};

use crate::{Client, credentials, error};

/// A user account, as returned by a registration, a password check or [`Client::get_user`].
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Saving User Info and New
/// User Object. `confirmed_email` and `ecc_key` are from the server's source code of 2017.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// The user's id, a UUID. Store the id instead of the name, which can change.
    pub id: Option<String>,
    /// The display name, such as `Leroy`. It can be empty.
    pub name: Option<String>,
    /// The user's login name, such as `bob`.
    pub username: Option<String>,
    /// The user's e-mail address, which is not necessarily confirmed.
    pub email: Option<String>,
    /// Whether the e-mail address is confirmed. Do not trust an unconfirmed address.
    pub email_is_confirmed: Option<bool>,
    /// The e-mail address that the user confirmed last. Only password checks
    /// ([`Client::check_login`]) return it.
    pub confirmed_email: Option<String>,
    /// A private key that the server creates for each user, according to its source code of 2017.
    /// The provider's documentation does not mention the key. It is never serialized.
    #[serde(skip_serializing)]
    pub ecc_key: Option<Secret>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// `POST /api/v1/register`: creates a user account. The server sends a confirmation e-mail to the
/// user. The request is never retried if its outcome is unknown.
///
/// ```
/// use tokenpass_client::accounts::RegisterAccount;
///
/// let new = RegisterAccount::new("leroy", "the password", "leroy@example.com").name("Leroy");
/// ```
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegisterAccount {
    username: String,
    #[serde(serialize_with = "wire::exposed")]
    password: Secret,
    email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl RegisterAccount {
    /// Creates a request to register an account with this user name, password and e-mail address.
    pub fn new(
        username: impl Into<String>,
        password: impl Into<Secret>,
        email: impl Into<String>,
    ) -> Self {
        Self {
            username: username.into(),
            password: password.into(),
            email: email.into(),
            name: None,
        }
    }

    setters! {
        /// Sets the display name, such as `Leroy`.
        name: impl Into<String>,
    }
}

impl Endpoint for RegisterAccount {
    type Output = User;
    const ID: &'static str = "account.register";
    const ROUTE: Route<Self> = route!(POST "/api/v1/register").credential(credentials::CLIENT_ID);

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("username", &self.username)?;
        validate::not_empty("password", self.password.expose())?;
        validate::not_empty("email", &self.email)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<User, ResponseError> {
        error::result(response)
    }
}

/// Parses a response whose body is the user itself, not wrapped in another object. A missing id is
/// an error, so that access is never granted to a user without an id.
pub(crate) fn user(response: &Response) -> Result<User, ResponseError> {
    let user: User = error::success(response)?;
    required("id", user.id.as_ref())?;
    Ok(user)
}

/// `POST /api/v1/login`: checks a user's name and password. The response contains the user's
/// account, but no token.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the server's source code of 2017; not documented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckLogin {
    username: String,
    #[serde(serialize_with = "wire::exposed")]
    password: Secret,
}

impl CheckLogin {
    /// Creates a request to check this user name and password, each of which has at most 255
    /// characters.
    pub fn new(username: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self { username: username.into(), password: password.into() }
    }
}

impl Endpoint for CheckLogin {
    type Output = User;
    const ID: &'static str = "account.login";
    const ROUTE: Route<Self> = route!(POST "/api/v1/login").credential(credentials::CLIENT_ID);

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("username", &self.username)?;
        validate::max_chars("username", &self.username, 255)?;
        validate::not_empty("password", self.password.expose())?;
        validate::max_chars("password", self.password.expose(), 255)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<User, ResponseError> {
        user(response)
    }
}

/// `PATCH /api/v1/update`: changes the display name, e-mail address or password of a user.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the server's source code of 2016; not documented. In the source code of 2017, the
/// endpoint is disabled, and the server responds with 404.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UpdateAccount {
    user_id: String,
    #[serde(serialize_with = "wire::exposed")]
    token: Secret,
    #[serde(serialize_with = "wire::exposed")]
    current_password: Secret,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "wire::exposed_some")]
    password: Option<Secret>,
}

impl UpdateAccount {
    /// Creates a request to update the user with this id (a UUID). The user's token and current
    /// password authorize the change.
    pub fn new(
        user_id: impl Into<String>,
        token: impl Into<Secret>,
        current_password: impl Into<Secret>,
    ) -> Self {
        Self {
            user_id: user_id.into(),
            token: token.into(),
            current_password: current_password.into(),
            name: None,
            email: None,
            password: None,
        }
    }

    setters! {
        /// Sets the new display name. By default, it does not change.
        name: impl Into<String>,
        /// Sets the new e-mail address. By default, it does not change.
        email: impl Into<String>,
        /// Sets the new password. By default, it does not change.
        password: impl Into<Secret>,
    }
}

impl Endpoint for UpdateAccount {
    type Output = ();
    const ID: &'static str = "account.update";
    const ROUTE: Route<Self> = route!(PATCH "/api/v1/update").credential(credentials::CLIENT_ID);

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("user_id", &self.user_id)?;
        validate::not_empty("token", self.token.expose())?;
        validate::not_empty("current_password", self.current_password.expose())?;
        if self.name.is_none() && self.email.is_none() && self.password.is_none() {
            return Err(InputError::new("update", "must change at least one field"));
        }
        Ok(())
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<(), ResponseError> {
        error::acknowledgement(response)
    }
}

wire_enum! {
    /// The status of a user's second factor, which is a signature with a Bitcoin key.
    ///
    /// See the example in the module [`accounts`](crate::accounts).
    ///
    /// Source: the server's source code of 2017; not documented.
    pub enum SecondFactor {
        /// The user has completed the second factor with a valid signature.
        Signed = "signed",
        /// The user has not completed the second factor.
        Unsigned = "unsigned",
    }
}

/// `GET /api/v1/tca/check-sign/{username}`: returns whether a user has completed the second factor,
/// which is a signature with a Bitcoin key.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the server's source code of 2017; not documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetSecondFactor {
    username: String,
}

impl GetSecondFactor {
    /// Creates a request for the status of this user's second factor.
    pub fn new(username: impl Into<String>) -> Self {
        Self { username: username.into() }
    }
}

impl Endpoint for GetSecondFactor {
    type Output = SecondFactor;
    const ID: &'static str = "second_factor.status";
    const ROUTE: Route<Self> =
        route!(GET "/api/v1/tca/check-sign/{username}", username).credential(credentials::USER);

    fn parse(&self, response: &Response) -> Result<SecondFactor, ResponseError> {
        let text: TextOrNone = error::result(response)?;
        Ok(SecondFactor::from(text.0.as_deref().unwrap_or_default()))
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
struct TextOrNone(#[serde(deserialize_with = "wire::text")] Option<String>);

/// `POST /api/v1/tca/set-sign`: completes the second factor of the logged-in user with a signature.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the server's source code of 2017; not documented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignSecondFactor {
    signature: String,
}

impl SignSecondFactor {
    /// Creates a request with this signature, which is in base64 and was made with the key of one
    /// of the user's verified addresses.
    pub fn new(signature: impl Into<String>) -> Self {
        Self { signature: signature.into() }
    }
}

impl Endpoint for SignSecondFactor {
    type Output = ();
    const ID: &'static str = "second_factor.sign";
    const ROUTE: Route<Self> = route!(POST "/api/v1/tca/set-sign").credential(credentials::USER);

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("signature", &self.signature)?;
        validate::max_chars("signature", &self.signature, 1024)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<(), ResponseError> {
        error::acknowledgement(response)
    }
}

/// # Accounts
///
/// The request and response types are in the module [`accounts`](crate::accounts).
impl Client {
    /// Creates a user account.
    ///
    /// See the example in the module [`accounts`](crate::accounts).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). The server sends some rejections with HTTP 200, for
    /// example if the name is taken. This method returns them as errors.
    pub fn register_account(&self, request: &RegisterAccount) -> Result<User> {
        self.send(request)
    }

    /// Checks a user's name and password, and returns the user's account. The response contains no
    /// token.
    ///
    /// See the example in the module [`accounts`](crate::accounts).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn check_login(
        &self,
        username: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Result<User> {
        self.send(&CheckLogin::new(username, password))
    }

    /// Changes the display name, e-mail address or password of a user. The endpoint is disabled in
    /// the server's source code of 2017.
    ///
    /// See the example in the module [`accounts`](crate::accounts).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn update_account(&self, request: &UpdateAccount) -> Result<()> {
        self.send(request)
    }

    /// Returns whether a user has completed the second factor.
    ///
    /// See the example in the module [`accounts`](crate::accounts).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_second_factor(&self, username: impl Into<String>) -> Result<SecondFactor> {
        self.send(&GetSecondFactor::new(username))
    }

    /// Completes the second factor of the logged-in user with a signature.
    ///
    /// See the example in the module [`accounts`](crate::accounts).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn sign_second_factor(&self, signature: impl Into<String>) -> Result<()> {
        self.send(&SignSecondFactor::new(signature))
    }
}
