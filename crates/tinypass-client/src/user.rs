//! Users: their e-mail address and name.
//!
//! ```no_run
//! use tinypass_client::Client;
//!
//! let tinypass = Client::from_env()?;
//! if let Some(user) = tinypass.get_user("kjkxrNWUyD")? {
//!     println!("{:?}", user.email);
//! }
//! # Ok::<(), tinypass_client::Error>(())
//! ```

use api_auth::{Endpoint, ExtraFields, Response, ResponseError, Result, Route, route};
use serde::{Deserialize, Serialize};

use crate::Client;
use crate::error::{self, Model, Record};

/// A user of TinyPass. Any field can be absent from a response.
///
/// See the example in the module [`user`](crate::user).
///
/// Source: the provider's documentation, `developer.tinypass.com/main/restapi`, `User`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// The id that TinyPass assigned to the user, such as `kjkxrNWUyD`.
    pub uid: Option<String>,
    /// The e-mail address of the user, such as `ann@example.org`.
    pub email: Option<String>,
    /// The first name of the user, such as `Ann`.
    pub first_name: Option<String>,
    /// The last name of the user.
    pub last_name: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl Model for User {
    fn extra(&self) -> &ExtraFields {
        &self.extra
    }
}

impl Record for User {
    const REQUIRED: &'static str = "uid";

    fn has_fields(&self) -> bool {
        let Self { uid, email, first_name, last_name, extra: _ } = self;
        [uid, email, first_name, last_name].into_iter().any(Option::is_some)
    }
}

/// `GET /r2/user/{uid}`: returns the details of a user.
///
/// ```
/// use tinypass_client::Endpoint;
/// use tinypass_client::user::GetUser;
///
/// assert_eq!(GetUser::new("a/b").path(), "/r2/user/a%2Fb");
/// ```
///
/// Source: the provider's documentation, `developer.tinypass.com/main/restapi`, user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetUser {
    uid: String,
}

impl GetUser {
    /// Creates a request for the details of the user to whom TinyPass assigned the id `uid`.
    pub fn new(uid: impl Into<String>) -> Self {
        Self { uid: uid.into() }
    }
}

impl Endpoint for GetUser {
    type Output = Option<User>;
    const ID: &'static str = "user.get";
    const ROUTE: Route<Self> = route!(GET "/r2/user/{uid}", uid).or_not_found();

    fn parse(&self, response: &Response) -> Result<Option<User>, ResponseError> {
        error::optional(response)
    }
}

/// # Users
///
/// The request and response types are in the module [`user`](crate::user).
impl Client {
    /// Returns the details of the user to whom TinyPass assigned the id `uid`, or `None` if there
    /// is no such user.
    ///
    /// See the example in the module [`user`](crate::user).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_user(&self, uid: impl Into<String>) -> Result<Option<User>> {
        self.send(&GetUser::new(uid))
    }
}
