//! Points of sale.

use api_auth::{
    Endpoint, ExtraFields, Response, ResponseError, Result, Route, Secret, route, wire,
};
use serde::{Deserialize, Serialize};

use crate::{Client, ResultStatus, error};

/// A point of sale.
///
/// Source: the provider's API reference, `GET /accounts/pos`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Pos {
    /// Its id.
    #[serde(default, deserialize_with = "wire::text")]
    pub pos_id: Option<String>,
    /// The account.
    #[serde(default, deserialize_with = "wire::text")]
    pub account_id: Option<String>,
    /// When it was made and changed.
    #[serde(default, deserialize_with = "wire::object")]
    pub date: Option<PosDate>,
    /// Its settings.
    #[serde(default, deserialize_with = "wire::object")]
    pub settings: Option<PosSettings>,
    /// What it is about.
    #[serde(default, deserialize_with = "wire::text")]
    pub description: Option<String>,
    /// Its address.
    #[serde(default, deserialize_with = "wire::text")]
    pub url: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "wire::text")]
    pub name: Option<String>,
    /// Its short name.
    #[serde(default, deserialize_with = "wire::text")]
    pub friendly_name: Option<String>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// When a point of sale was made and changed.
///
/// Source: the provider's API reference, `GET /accounts/pos`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PosDate {
    /// When it was made.
    #[serde(default, deserialize_with = "wire::text")]
    pub create: Option<String>,
    /// When it was changed.
    #[serde(default, deserialize_with = "wire::text")]
    pub modification: Option<String>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// The settings of a point of sale.
///
/// Source: the provider's API reference, `GET /accounts/pos`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PosSettings {
    /// The security code of its notifications.
    #[serde(default, skip_serializing, deserialize_with = "wire::secret")]
    pub confirmation_code: Option<Secret>,
    /// Whether it is in test mode.
    #[serde(default, deserialize_with = "wire::boolean")]
    pub is_test_mode: Option<bool>,
}

/// The points of sale.
///
/// Source: the provider's API reference, `GET /accounts/pos`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PosList {
    /// How the call went.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The server's id of the request, for its support.
    #[serde(default, deserialize_with = "wire::text")]
    pub request_id: Option<String>,
    /// The points of sale.
    #[serde(default, deserialize_with = "wire::list")]
    pub list: Vec<Pos>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// `GET /accounts/pos`: the points of sale. The answer holds their security codes.
///
/// Source: the provider's API reference, `GET /accounts/pos`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListPos {}

impl ListPos {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for ListPos {
    type Output = PosList;
    const ID: &'static str = "accounts.pos";
    const ROUTE: Route<Self> = route!(GET "/accounts/pos");

    fn parse(&self, response: &Response) -> Result<PosList, ResponseError> {
        error::answer(response, &["list"])
    }
}

impl Client {
    /// The points of sale, with their security codes.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_pos(&self) -> Result<PosList> {
        self.send(&ListPos::new())
    }
}
