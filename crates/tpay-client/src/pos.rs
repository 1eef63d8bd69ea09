//! Points of sale: the shops of a merchant and their settings.
//!
//! ```no_run
//! for pos in tpay_client::Client::from_env()?.list_pos()?.list {
//!     println!("{:?} {:?}", pos.pos_id, pos.name);
//! }
//! # Ok::<(), tpay_client::Error>(())
//! ```

use api_auth::{Endpoint, ExtraFields, Response, ResponseError, Result, Route, Secret, route};
use serde::{Deserialize, Serialize};

use crate::common::ResultStatus;
use crate::{Client, UnixTime, error, local_time};

/// A point of sale: a shop of a merchant.
///
/// See the example in the module [`pos`](crate::pos).
///
/// Source: the provider's API reference, `GET /accounts/pos`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Pos {
    /// The id of the point of sale, such as `ps_6UvbBjehvHXA7vfD`.
    pub pos_id: Option<String>,
    /// The id of the account, a ULID such as `01M80DDY372Q62XPM3RDEATMCJ`.
    pub account_id: Option<String>,
    /// The times of creation and of the last change.
    pub date: Option<PosDate>,
    /// The settings of the point of sale: its security code, and whether it is in test mode.
    pub settings: Option<PosSettings>,
    /// The description of the shop, as the merchant entered it.
    pub description: Option<String>,
    /// The URL of the shop, such as `https://shop.example.com`.
    pub url: Option<String>,
    /// The name of the shop, such as `The shop`.
    pub name: Option<String>,
    /// A short name of the shop.
    pub friendly_name: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// The times of creation and of the last change of a point of sale.
///
/// See the example in the module [`pos`](crate::pos).
///
/// Source: the provider's API reference, `GET /accounts/pos`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PosDate {
    /// The time of creation in Polish local time, such as `2025-01-01 00:00:00`.
    pub create: Option<String>,
    /// The time of the last change in Polish local time, such as `2025-02-01 00:00:00`.
    pub modification: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl PosDate {
    /// Returns [`create`](Self::create), the time of creation, as Unix time. Returns `None` if the
    /// field is absent or is not a valid time; see
    /// [`LocalTime::unix_time`](crate::common::LocalTime::unix_time).
    pub fn create_time(&self) -> Option<UnixTime> {
        local_time::unix_time(self.create.as_deref())
    }

    /// Returns [`modification`](Self::modification), the time of the last change, as Unix time.
    /// Returns `None` if the field is absent or is not a valid time; see
    /// [`LocalTime::unix_time`](crate::common::LocalTime::unix_time).
    pub fn modification_time(&self) -> Option<UnixTime> {
        local_time::unix_time(self.modification.as_deref())
    }
}

/// The settings of a point of sale: its security code, and whether it is in test mode.
///
/// See the example in the module [`pos`](crate::pos).
///
/// Source: the provider's API reference, `GET /accounts/pos`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PosSettings {
    /// The security code, with which the `md5sum` of notifications is computed.
    #[serde(skip_serializing)]
    pub confirmation_code: Option<Secret>,
    /// Whether the point of sale is in test mode, in which no payments are made.
    pub is_test_mode: Option<bool>,
}

/// The response that contains the points of sale.
///
/// See the example in the module [`pos`](crate::pos).
///
/// Source: the provider's API reference, `GET /accounts/pos`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PosList {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The points of sale.
    #[serde(default)]
    pub list: Vec<Pos>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// `GET /accounts/pos`: lists the points of sale. The response contains their security codes.
///
/// See the example in the module [`pos`](crate::pos).
///
/// Source: the provider's API reference, `GET /accounts/pos`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListPos {}

impl ListPos {
    /// Creates a request for all points of sale.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for ListPos {
    type Output = PosList;
    const ID: &'static str = "accounts.pos";
    const ROUTE: Route<Self> = route!(GET "/accounts/pos");

    fn parse(&self, response: &Response) -> Result<PosList, ResponseError> {
        error::success(response, &["list"])
    }
}

/// # Points of sale
///
/// See the module [`pos`](crate::pos), which contains an example.
impl Client {
    /// Returns the points of sale, with their security codes.
    ///
    /// See the example in the module [`pos`](crate::pos).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_pos(&self) -> Result<PosList> {
        self.send(&ListPos::new())
    }
}
