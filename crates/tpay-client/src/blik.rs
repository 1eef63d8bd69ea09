//! BLIK aliases without a payment.

use api_auth::{
    Acknowledgement, Body, Endpoint, ExtraFields, InputError, Params, Response, ResponseError,
    Result, Route, route, setters,
};
use serde::{Deserialize, Serialize};

use crate::{
    AliasType, BlikPayment, Client, Language, ResultStatus, TransactionDate, error, validate,
};

/// `POST /blik/alias`: registers an alias without a payment.
///
/// Source: the provider's API reference, `POST /blik/alias`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateBlikAlias {
    description: String,
    blik: BlikPayment,
    lang: Option<Language>,
}

impl CreateBlikAlias {
    /// Creates a request with a description of 1 to 105 characters that the payer sees, and the
    /// payer's code with the alias to register.
    pub fn new(description: impl Into<String>, blik: BlikPayment) -> Self {
        Self { description: description.into(), blik, lang: None }
    }

    setters! {
        /// Sets the language of the description.
        lang: impl Into<Language>,
    }
}

impl Endpoint for CreateBlikAlias {
    type Output = CreatedAlias;
    const ID: &'static str = "blik.create_alias";
    const ROUTE: Route<Self> = route!(POST "/blik/alias");

    fn validate(&self) -> Result<(), InputError> {
        validate::length("description", &self.description, 1, 105)?;
        validate::known("lang", self.lang.as_ref().map(Language::is_known))?;
        self.blik.validate()
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire<'a> {
            description: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            lang: Option<&'a Language>,
            pay: WirePay<'a>,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct WirePay<'a> {
            blik_payment_data: &'a BlikPayment,
        }
        Body::json(&Wire {
            description: &self.description,
            lang: self.lang.as_ref(),
            pay: WirePay { blik_payment_data: &self.blik },
        })
    }

    fn parse(&self, response: &Response) -> Result<CreatedAlias, ResponseError> {
        error::answer(response, &["posId"])
    }
}

/// The response to the registration of an alias.
///
/// Source: the provider's API reference, `POST /blik/alias`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedAlias {
    /// The result of the call.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The server's id of the request, for its support team.
    pub request_id: Option<String>,
    /// The point of sale.
    pub pos_id: Option<String>,
    /// The status of the registration.
    pub status: Option<String>,
    /// The time of the request.
    pub date: Option<TransactionDate>,
    /// The description that the payer sees.
    pub description: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// Information about an alias.
///
/// Source: the provider's API reference, `GET /blik/alias/{alias}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BlikAliases {
    /// Whether payments by the alias are possible.
    pub is_active: Option<bool>,
    /// The alias in each application.
    #[serde(default)]
    pub aliases: Vec<BlikAliasDetails>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// An alias in one banking application.
///
/// Source: the provider's API reference, `GET /blik/alias/{alias}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BlikAliasDetails {
    /// The kind.
    #[serde(default)]
    pub alias_type: Option<AliasType>,
    /// The value.
    pub alias_value: Option<String>,
    /// Whether payments by the alias are possible.
    pub is_active: Option<bool>,
    /// The time of expiry, ISO 8601.
    pub expires_at: Option<String>,
    /// The events of the alias.
    #[serde(default)]
    pub events: Vec<AliasEvent>,
    /// The description that the payer sees.
    pub label: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// An event of an alias.
///
/// Source: the provider's API reference, `GET /blik/alias/{alias}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AliasEvent {
    /// The kind of the event.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The time of the event.
    pub date: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// `GET /blik/alias/{alias}`: an alias.
///
/// Source: the provider's API reference, `GET /blik/alias/{alias}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetBlikAlias {
    alias: String,
    alias_type: AliasType,
}

impl GetBlikAlias {
    /// Creates a request for the alias with this value and kind.
    pub fn new(alias: impl Into<String>, alias_type: AliasType) -> Self {
        Self { alias: alias.into(), alias_type }
    }
}

impl Endpoint for GetBlikAlias {
    type Output = BlikAliases;
    const ID: &'static str = "blik.get_alias";
    const ROUTE: Route<Self> = route!(GET "/blik/alias/{alias}", alias);

    fn validate(&self) -> Result<(), InputError> {
        validate::known("alias_type", Some(self.alias_type.is_known()))
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push("aliasType", self.alias_type.as_str());
    }

    fn parse(&self, response: &Response) -> Result<BlikAliases, ResponseError> {
        error::answer(response, &["aliases", "isActive"])
    }
}

/// `DELETE /blik/alias/{alias}`: removes an alias. The kind is sent in the body.
///
/// Source: the provider's API reference, `DELETE /blik/alias/{alias}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteBlikAlias {
    #[serde(skip)]
    alias: String,
    alias_type: AliasType,
}

impl DeleteBlikAlias {
    /// Creates a request for the alias with this value and kind.
    pub fn new(alias: impl Into<String>, alias_type: AliasType) -> Self {
        Self { alias: alias.into(), alias_type }
    }
}

impl Endpoint for DeleteBlikAlias {
    type Output = Acknowledgement;
    const ID: &'static str = "blik.delete_alias";
    const ROUTE: Route<Self> = route!(DELETE "/blik/alias/{alias}", alias);

    fn validate(&self) -> Result<(), InputError> {
        validate::known("alias_type", Some(self.alias_type.is_known()))
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<Acknowledgement, ResponseError> {
        error::receipt(response)
    }
}

impl Client {
    /// Registers a BLIK alias without a payment.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_blik_alias(&self, request: &CreateBlikAlias) -> Result<CreatedAlias> {
        self.send(request)
    }

    /// Returns a BLIK alias.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_blik_alias(
        &self,
        alias: impl Into<String>,
        alias_type: AliasType,
    ) -> Result<BlikAliases> {
        self.send(&GetBlikAlias::new(alias, alias_type))
    }

    /// Removes a BLIK alias.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn delete_blik_alias(
        &self,
        alias: impl Into<String>,
        alias_type: AliasType,
    ) -> Result<Acknowledgement> {
        self.send(&DeleteBlikAlias::new(alias, alias_type))
    }
}
