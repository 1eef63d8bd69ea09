//! Chats that a token gives access to, and details of assets.
//!
//! ```no_run
//! use tokenpass_client::Client;
//!
//! let tokenpass = Client::from_env()?;
//! println!("{:?} chats", tokenpass.get_perks("TOKENLY")?.chat_count);
//! # Ok::<(), tokenpass_client::Error>(())
//! ```

use api_auth::{Credential, Endpoint, ExtraFields, Response, ResponseError, Result, Route, route};
use serde::{Deserialize, Serialize};

use crate::{Client, error};

/// `GET /api/v1/perks/{token}`: returns the number of active chats that a token gives access to. No
/// credentials are required.
///
/// See the example in the module [`perks`](crate::perks).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetPerks {
    token: String,
}

impl GetPerks {
    /// Creates a request for the perks of this token, such as `TOKENLY`.
    pub fn new(token: impl Into<String>) -> Self {
        Self { token: token.into() }
    }
}

/// The perks of a token: the number of chats that it gives access to.
///
/// See the example in the module [`perks`](crate::perks).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Perks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Perks {
    /// The name of the token, such as `TOKENLY`.
    pub token: Option<String>,
    /// The number of active chats that the token gives access to.
    #[serde(rename = "chatCount")]
    pub chat_count: Option<i64>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl Endpoint for GetPerks {
    type Output = Perks;
    const ID: &'static str = "perk.get";
    const ROUTE: Route<Self> =
        route!(GET "/api/v1/perks/{token}", token).credential(Credential::NONE);

    fn parse(&self, response: &Response) -> Result<Perks, ResponseError> {
        error::success(response)
    }
}

/// `GET /api/v1/tca/asset/{chain}/{asset}`: returns details of an asset.
///
/// See the example in the module [`perks`](crate::perks).
///
/// Source: the provider's client of 2022. Neither the endpoint nor the format of its response is
/// documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetAsset {
    chain: String,
    asset: String,
}

impl GetAsset {
    /// Creates a request for the asset with this name, such as `TOKENLY`, on this blockchain, such
    /// as `bitcoin`.
    pub fn new(chain: impl Into<String>, asset: impl Into<String>) -> Self {
        Self { chain: chain.into(), asset: asset.into() }
    }
}

impl Endpoint for GetAsset {
    type Output = ExtraFields;
    const ID: &'static str = "asset.info";
    const ROUTE: Route<Self> = route!(GET "/api/v1/tca/asset/{chain}/{asset}", chain, asset);

    fn parse(&self, response: &Response) -> Result<ExtraFields, ResponseError> {
        error::success(response)
    }
}

/// # Perks
///
/// The request and response types are in the module [`perks`](crate::perks).
impl Client {
    /// Returns the number of active chats that a token gives access to.
    ///
    /// See the example in the module [`perks`](crate::perks).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_perks(&self, token: impl Into<String>) -> Result<Perks> {
        self.send(&GetPerks::new(token))
    }

    /// Returns the details of an asset as the server sends them. Their format is not documented.
    ///
    /// See the example in the module [`perks`](crate::perks).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_asset(
        &self,
        chain: impl Into<String>,
        asset: impl Into<String>,
    ) -> Result<ExtraFields> {
        self.send(&GetAsset::new(chain, asset))
    }
}
