//! Groups of credit accounts: creation, changes, lists, and the ledger of each group.

use api_auth::{
    Body, Endpoint, ExtraFields, InputError, Response, ResponseError, Result, Route, required,
    route, setters, validate, wire,
};
use serde::{Deserialize, Serialize};

use super::{CreditHistory, history};
use crate::{Client, error};

/// A group of credit accounts, which only the applications on its whitelist can use.
///
/// See the example in the module [`credits`](crate::credits).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Credit Group Object.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreditGroup {
    /// The id of the group, a UUID.
    pub uuid: Option<String>,
    /// The name of the group, such as `Points`.
    pub name: Option<String>,
    /// Whether the group is active. No request in this crate changes this value.
    pub active: Option<bool>,
    /// The client ids of the applications that may use the group, as sent by the server. Some
    /// servers send one string with commas, or an empty string. [`clients`](CreditGroup::clients)
    /// returns the separate ids.
    #[serde(default, deserialize_with = "wire::texts")]
    pub app_whitelist: Vec<String>,
    /// The time of creation, in UTC: `YYYY-MM-DD HH:MM:SS`.
    pub created_at: Option<String>,
    /// The time of the last change, in UTC: `YYYY-MM-DD HH:MM:SS`.
    pub updated_at: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl CreditGroup {
    /// Returns an iterator over the client ids of the applications that may use the group. A string
    /// with several ids is split at commas and line breaks, and empty ids are skipped.
    pub fn clients(&self) -> impl Iterator<Item = &str> {
        let entries = self.app_whitelist.iter().flat_map(|entry| entry.split([',', '\n']));
        entries.map(str::trim).filter(|id| !id.is_empty())
    }
}

fn group(response: &Response) -> Result<CreditGroup, ResponseError> {
    #[derive(Deserialize)]
    struct Wrapped {
        credit_group: Option<CreditGroup>,
    }
    required("credit_group", error::success::<Wrapped>(response)?.credit_group)
}

/// `POST /api/v1/credits`: creates a group. A group can only be used by the applications on its
/// whitelist. Therefore, add your own client id, as [`Client::create_credit_group`] does.
///
/// See the example in the module [`credits`](crate::credits).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreateCreditGroup {
    name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    app_whitelist: Vec<String>,
}

impl CreateCreditGroup {
    /// Creates a request for a new group with this name, such as `Points`.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), app_whitelist: Vec::new() }
    }

    /// Adds the client id of an application that may use the group. Can be called several times.
    #[must_use]
    pub fn allow(mut self, client_id: impl Into<String>) -> Self {
        self.app_whitelist.push(client_id.into());
        self
    }
}

impl Endpoint for CreateCreditGroup {
    type Output = CreditGroup;
    const ID: &'static str = "credit_group.create";
    const ROUTE: Route<Self> = route!(POST "/api/v1/credits");

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("name", &self.name)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<CreditGroup, ResponseError> {
        group(response)
    }
}

/// `PATCH /api/v1/credits/{group_uuid}`: renames a group, or replaces its whitelist. Only the owner
/// of the group may do this.
///
/// ```
/// use tokenpass_client::credits::UpdateCreditGroup;
///
/// let change = UpdateCreditGroup::new("077578b3-2611-4514-ad9a-8fb4eb728f4d")
///     .name("Points")
///     .allow("IExampleClient00000000000000000A1");
/// ```
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UpdateCreditGroup {
    #[serde(skip)]
    group: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    app_whitelist: Vec<String>,
}

impl UpdateCreditGroup {
    /// Creates a request to update the group with this UUID.
    pub fn new(group: impl Into<String>) -> Self {
        Self { group: group.into(), name: None, app_whitelist: Vec::new() }
    }

    /// Adds the client id of an application that may use the group. Can be called several times.
    /// Together, the ids replace the previous whitelist. A whitelist cannot be emptied.
    #[must_use]
    pub fn allow(mut self, client_id: impl Into<String>) -> Self {
        self.app_whitelist.push(client_id.into());
        self
    }

    setters! {
        /// Sets the new name of the group. By default, the name does not change.
        name: impl Into<String>,
    }
}

impl Endpoint for UpdateCreditGroup {
    type Output = CreditGroup;
    const ID: &'static str = "credit_group.update";
    const ROUTE: Route<Self> = route!(PATCH "/api/v1/credits/{group_uuid}", group);

    fn validate(&self) -> Result<(), InputError> {
        if *self == Self::new(self.group.as_str()) {
            return Err(InputError::new("update", "must change at least one field"));
        }
        Ok(())
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<CreditGroup, ResponseError> {
        group(response)
    }
}

/// `GET /api/v1/credits`: lists the groups of the user to whom the client id belongs.
///
/// See the example in the module [`credits`](crate::credits).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListCreditGroups {}

impl ListCreditGroups {
    /// Creates a request for all groups of the user to whom the client id belongs.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for ListCreditGroups {
    type Output = Vec<CreditGroup>;
    const ID: &'static str = "credit_group.list";
    const ROUTE: Route<Self> = route!(GET "/api/v1/credits");

    fn parse(&self, response: &Response) -> Result<Vec<CreditGroup>, ResponseError> {
        #[derive(Deserialize)]
        struct Wrapped {
            list: Option<Vec<CreditGroup>>,
        }
        required("list", error::success::<Wrapped>(response)?.list)
    }
}

/// `GET /api/v1/credits/{group_uuid}`: returns the group with this UUID.
///
/// See the example in the module [`credits`](crate::credits).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetCreditGroup {
    group: String,
}

impl GetCreditGroup {
    /// Creates a request for the group with this UUID.
    pub fn new(group: impl Into<String>) -> Self {
        Self { group: group.into() }
    }
}

impl Endpoint for GetCreditGroup {
    type Output = Option<CreditGroup>;
    const ID: &'static str = "credit_group.get";
    const ROUTE: Route<Self> = route!(GET "/api/v1/credits/{group_uuid}", group).or_not_found();

    fn parse(&self, response: &Response) -> Result<Option<CreditGroup>, ResponseError> {
        error::success_or_not_found(response, group)
    }
}

/// `GET /api/v1/credits/{group_uuid}/history`: returns all ledger entries of a group, newest first.
///
/// See the example in the module [`credits`](crate::credits).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetCreditGroupHistory {
    group: String,
}

impl GetCreditGroupHistory {
    /// Creates a request for the ledger entries of the group with this UUID.
    pub fn new(group: impl Into<String>) -> Self {
        Self { group: group.into() }
    }
}

impl Endpoint for GetCreditGroupHistory {
    type Output = CreditHistory;
    const ID: &'static str = "credit_group.history";
    const ROUTE: Route<Self> = route!(GET "/api/v1/credits/{group_uuid}/history", group);

    fn parse(&self, response: &Response) -> Result<CreditHistory, ResponseError> {
        history(response)
    }
}

/// # Credit groups
///
/// The request and response types are in the module [`credits`](crate::credits).
impl Client {
    /// Creates a group with this name, whose whitelist contains only this application.
    ///
    /// See the example in the module [`credits`](crate::credits).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_credit_group(&self, name: impl Into<String>) -> Result<CreditGroup> {
        self.send(&CreateCreditGroup::new(name).allow(self.client_id()))
    }

    /// Renames a group, or replaces its whitelist.
    ///
    /// See the example in the module [`credits`](crate::credits).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn update_credit_group(&self, request: &UpdateCreditGroup) -> Result<CreditGroup> {
        self.send(request)
    }

    /// Returns the groups of the user to whom the client id belongs.
    ///
    /// See the example in the module [`credits`](crate::credits).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_credit_groups(&self) -> Result<Vec<CreditGroup>> {
        self.send(&ListCreditGroups::new())
    }

    /// Returns the group with this UUID, or `None` if there is no such group.
    ///
    /// See the example in the module [`credits`](crate::credits).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_credit_group(&self, group: impl Into<String>) -> Result<Option<CreditGroup>> {
        self.send(&GetCreditGroup::new(group))
    }

    /// Returns all ledger entries of a group, newest first.
    ///
    /// See the example in the module [`credits`](crate::credits).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_credit_group_history(&self, group: impl Into<String>) -> Result<CreditHistory> {
        self.send(&GetCreditGroupHistory::new(group))
    }
}
