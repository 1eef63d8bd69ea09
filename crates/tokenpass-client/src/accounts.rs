//! User accounts, and the second factor that is a bitcoin signature.

use api_auth::{
    Body, Endpoint, ExtraFields, InputError, Response, ResponseError, Result, Route, Secret,
    required, route, setters, validate, wire, wire_enum,
};
use serde::{Deserialize, Serialize};

use crate::auth::credentials;
use crate::{Client, error};

/// A user account.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Saving User Info and New
/// User Object; `confirmed_email` and `ecc_key`, the server of 2017.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// The user's id, a UUID. Keep it: names change.
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
    /// The name that people read; may be empty.
    #[serde(default, deserialize_with = "wire::text")]
    pub name: Option<String>,
    /// The user's name.
    #[serde(default, deserialize_with = "wire::text")]
    pub username: Option<String>,
    /// The e-mail address.
    #[serde(default, deserialize_with = "wire::text")]
    pub email: Option<String>,
    /// Whether the user has shown to own the e-mail address. Do not trust the address before.
    #[serde(default, deserialize_with = "wire::boolean")]
    pub email_is_confirmed: Option<bool>,
    /// The last e-mail address that was confirmed.
    #[serde(default, deserialize_with = "wire::text")]
    pub confirmed_email: Option<String>,
    /// A private key that the server of 2017 makes for each user. Not in the documentation, and
    /// never written out again.
    #[serde(default, skip_serializing, deserialize_with = "wire::secret")]
    pub ecc_key: Option<Secret>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// `POST /api/v1/register`: a new user account. The server mails the user for confirmation. Never
/// sent twice on doubt.
///
/// ```
/// use tokenpass_client::RegisterAccount;
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
    /// With these.
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
        /// The name that people read.
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

/// A user who is not wrapped into anything. Whoever is let in has an id.
pub(crate) fn user(response: &Response) -> Result<User, ResponseError> {
    let user: User = error::answer(response)?;
    required("id", user.id.as_ref())?;
    Ok(user)
}

/// `POST /api/v1/login`: checks a user's name and password. It gives no token.
///
/// Source: the server of 2017; no documentation names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckLogin {
    username: String,
    #[serde(serialize_with = "wire::exposed")]
    password: Secret,
}

impl CheckLogin {
    /// Of this user.
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

/// `PATCH /api/v1/update`: changes name, e-mail address or password.
///
/// Source: the server of 2016; that of 2017 answers 404, and no documentation names it.
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
    /// Of the user with this id (a UUID), by the user's token and password.
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
        /// The new name that people read.
        name: impl Into<String>,
        /// The new e-mail address.
        email: impl Into<String>,
        /// The new password.
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
            return Err(InputError::new("update", "must change something"));
        }
        Ok(())
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<(), ResponseError> {
        error::done(response)
    }
}

wire_enum! {
    /// Where a user's second factor stands.
    ///
    /// Source: the server of 2017; no documentation names it.
    pub enum SecondFactor {
        /// The user signed.
        Signed = "signed",
        /// The user has not signed.
        Unsigned = "unsigned",
    }
}

/// `GET /api/v1/tca/check-sign/{username}`: has the user satisfied the second factor?
///
/// Source: the server of 2017; no documentation names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetSecondFactor {
    username: String,
}

impl GetSecondFactor {
    /// Of this user.
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

/// `POST /api/v1/tca/set-sign`: satisfies the second factor with a signature.
///
/// Source: the server of 2017; no documentation names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignSecondFactor {
    signature: String,
}

impl SignSecondFactor {
    /// With this signature in base64.
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
        error::done(response)
    }
}

impl Client {
    /// Makes a user account.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind). What the server refuses (a name that is taken) comes
    /// on HTTP 200 and is an error all the same.
    pub fn register_account(&self, request: &RegisterAccount) -> Result<User> {
        self.send(request)
    }

    /// Checks a user's name and password, and gives the user.
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

    /// Changes name, e-mail address or password of a user. Only servers of 2016 have it.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn update_account(&self, request: &UpdateAccount) -> Result<()> {
        self.send(request)
    }

    /// Whether a user has satisfied the second factor.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_second_factor(&self, username: impl Into<String>) -> Result<SecondFactor> {
        self.send(&GetSecondFactor::new(username))
    }

    /// Satisfies the second factor of the token's user with a signature.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn sign_second_factor(&self, signature: impl Into<String>) -> Result<()> {
        self.send(&SignSecondFactor::new(signature))
    }
}
