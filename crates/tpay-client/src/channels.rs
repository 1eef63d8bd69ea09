//! Ways to pay: channels and the groups that they are shown in.

use api_auth::{
    Amount, Endpoint, ExtraFields, Params, Response, ResponseError, Result, Route, route, setters,
    wire,
};
use serde::{Deserialize, Serialize};

use crate::{Client, Currency, ResultStatus, error};

/// A group of channels, as the payment page shows it.
///
/// Source: the provider's API reference, `GET /transactions/bank-groups` and
/// `GET /marketplace/v1/bank-groups`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BankGroup {
    /// The id of the group; a number as text.
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "wire::text")]
    pub name: Option<String>,
    /// The address of its picture.
    #[serde(default, deserialize_with = "wire::text")]
    pub img: Option<String>,
    /// The ids of its channels.
    #[serde(default, deserialize_with = "wire::texts")]
    pub available_payment_channels: Vec<String>,
    /// The id of its main channel.
    #[serde(default, deserialize_with = "wire::text")]
    pub main_channel: Option<String>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// The groups of channels.
///
/// Source: the provider's API reference, `GET /transactions/bank-groups` (a list); the official PHP
/// and Android clients read a map.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BankGroups {
    /// How the call went.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The server's id of the request, for its support.
    #[serde(default, deserialize_with = "wire::text")]
    pub request_id: Option<String>,
    /// The groups; the server sends them as a map or as a list.
    #[serde(default, deserialize_with = "wire::list_or_map")]
    pub groups: Vec<BankGroup>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// `GET /transactions/bank-groups`: the groups of channels. Keep the answer for a while: it changes
/// rarely.
///
/// Source: the provider's API reference, `GET /transactions/bank-groups`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListBankGroups {
    only_online: Option<bool>,
}

impl ListBankGroups {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Only those that pay at once.
        only_online: bool,
    }
}

impl Endpoint for ListBankGroups {
    type Output = BankGroups;
    const ID: &'static str = "transactions.bank_groups";
    const ROUTE: Route<Self> = route!(GET "/transactions/bank-groups");

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push_some("onlyOnline", self.only_online.map(|value| value.to_string()));
    }

    fn parse(&self, response: &Response) -> Result<BankGroups, ResponseError> {
        error::answer(response, &["groups"])
    }
}

/// A way to pay.
///
/// Source: the provider's API reference, `GET /transactions/channels`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Channel {
    /// The id of the channel; a number as text.
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "wire::text")]
    pub name: Option<String>,
    /// Its full name.
    #[serde(default, deserialize_with = "wire::text")]
    pub full_name: Option<String>,
    /// Its picture.
    #[serde(default, deserialize_with = "wire::object")]
    pub image: Option<Image>,
    /// Whether it can be used now.
    #[serde(default, deserialize_with = "wire::boolean")]
    pub available: Option<bool>,
    /// Whether it pays at once.
    #[serde(default, deserialize_with = "wire::boolean")]
    pub online_payment: Option<bool>,
    /// Whether the payer goes there directly.
    #[serde(default, deserialize_with = "wire::boolean")]
    pub instant_redirection: Option<bool>,
    /// The groups that it belongs to.
    #[serde(default, deserialize_with = "wire::list")]
    pub groups: Vec<ChannelGroup>,
    /// What limits its use.
    #[serde(default, deserialize_with = "wire::list")]
    pub constraints: Vec<Constraint>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

impl Channel {
    /// The id as a number, to pay by it: see [`Pay::channel`](crate::Pay::channel).
    pub fn number(&self) -> Option<u32> {
        self.id.as_deref()?.parse().ok()
    }

    /// The least and the most that can be paid by it, where it has such limits.
    pub fn amount_limits(&self) -> (Option<Amount>, Option<Amount>) {
        let limit = |kind: &str| {
            let about = |limit: &&Constraint| {
                limit.field.as_deref() == Some("amount") && limit.kind.as_deref() == Some(kind)
            };
            self.constraints.iter().find(about)?.value.as_deref()?.parse().ok()
        };
        (limit("min"), limit("max"))
    }
}

/// A picture.
///
/// Source: the provider's API reference, `GET /transactions/channels`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Image {
    /// Its address.
    #[serde(default, deserialize_with = "wire::text")]
    pub url: Option<String>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// A group that a channel belongs to.
///
/// Source: the provider's API reference, `GET /transactions/channels`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ChannelGroup {
    /// The id of the group.
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "wire::text")]
    pub name: Option<String>,
    /// Its picture.
    #[serde(default, deserialize_with = "wire::object")]
    pub image: Option<Image>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// A limit of a channel.
///
/// Source: the provider's API reference, `GET /transactions/channels`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Constraint {
    /// What is limited, such as `amount`.
    #[serde(default, deserialize_with = "wire::text")]
    pub field: Option<String>,
    /// How, such as `min` or `max`.
    #[serde(rename = "type", default, deserialize_with = "wire::text")]
    pub kind: Option<String>,
    /// The limit.
    #[serde(default, deserialize_with = "wire::text")]
    pub value: Option<String>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// The channels.
///
/// Source: the provider's API reference, `GET /transactions/channels`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Channels {
    /// How the call went.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The server's id of the request, for its support.
    #[serde(default, deserialize_with = "wire::text")]
    pub request_id: Option<String>,
    /// The language of the names.
    #[serde(default, deserialize_with = "wire::text")]
    pub language: Option<String>,
    /// The currency.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// The channels.
    #[serde(default, deserialize_with = "wire::list")]
    pub channels: Vec<Channel>,
    /// Fields that this type does not cover.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

/// `GET /transactions/channels`: the ways to pay. Keep the answer for a while: it changes rarely.
///
/// Source: the provider's API reference, `GET /transactions/channels`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListChannels {
    image_size: Option<String>,
}

impl ListChannels {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// The size of the pictures, such as `medium`.
        image_size: impl Into<String>,
    }
}

impl Endpoint for ListChannels {
    type Output = Channels;
    const ID: &'static str = "transactions.channels";
    const ROUTE: Route<Self> = route!(GET "/transactions/channels");

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push_some("imageSize", self.image_size.as_deref());
    }

    fn parse(&self, response: &Response) -> Result<Channels, ResponseError> {
        error::answer(response, &["channels"])
    }
}

impl Client {
    /// The groups of channels. They change rarely: keep the answer for a while.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_bank_groups(&self, request: &ListBankGroups) -> Result<BankGroups> {
        self.send(request)
    }

    /// The ways to pay. They change rarely: keep the answer for a while.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_channels(&self, request: &ListChannels) -> Result<Channels> {
        self.send(request)
    }
}
