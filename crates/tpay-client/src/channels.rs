//! Payment channels, such as banks and wallets, and the groups in which the payment page displays
//! them.
//!
//! ```no_run
//! use tpay_client::channels::ListChannels;
//! use tpay_client::{Client, Pay};
//!
//! let channels = Client::from_env()?.list_channels(&ListChannels::new())?.channels;
//! let channel = channels.iter().find(|channel| channel.available == Some(true));
//! let pay = channel.and_then(|channel| channel.channel_id()).map(Pay::channel);
//! # Ok::<(), tpay_client::Error>(())
//! ```

use api_auth::{
    Amount, Endpoint, ExtraFields, Params, Response, ResponseError, Result, Route, route, setters,
    wire,
};
use serde::{Deserialize, Serialize};

use crate::common::ResultStatus;
use crate::id::id;
use crate::{Client, Currency, error};

id! {
    /// The id of a payment channel. Create it from a number: `ChannelId::from(64)`.
    ///
    /// See the example in the module [`channels`](crate::channels).
    ///
    /// Source: the provider's API reference, `POST /transactions`, `channelId`.
    pub struct ChannelId;
}

id! {
    /// The id of a group of channels. Create it from a number: `GroupId::from(150)`.
    ///
    /// See the example in the module [`channels`](crate::channels).
    ///
    /// Source: the provider's API reference, `POST /transactions`, `groupId`.
    pub struct GroupId;
}

/// A group of channels, as displayed on the payment page.
///
/// See the example in the module [`channels`](crate::channels).
///
/// Source: the provider's API reference, `GET /transactions/bank-groups` and
/// `GET /marketplace/v1/bank-groups`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BankGroup {
    /// The id of the group, a number as a string, such as `150`.
    pub id: Option<String>,
    /// The name of the group, such as `BLIK`.
    pub name: Option<String>,
    /// The URL of an image with the logo of the group.
    pub img: Option<String>,
    /// The ids of the channels in the group, such as `64`.
    #[serde(default, deserialize_with = "wire::texts")]
    pub available_payment_channels: Vec<String>,
    /// The id of the main channel of the group, such as `64`.
    pub main_channel: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl BankGroup {
    /// Returns the id in the form that [`Pay::group`](crate::Pay::group) accepts. Returns `None` if
    /// the id is absent or is not a number.
    pub fn group_id(&self) -> Option<GroupId> {
        self.id.as_deref()?.parse().ok()
    }
}

/// The response that contains the groups of channels.
///
/// See the example in the module [`channels`](crate::channels).
///
/// Source: the provider's API reference, `GET /transactions/bank-groups` (a list). The official PHP
/// and Android clients parse a map.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BankGroups {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The groups. The server sends a map or a list.
    #[serde(default, deserialize_with = "wire::list_or_map")]
    pub groups: Vec<BankGroup>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// `GET /transactions/bank-groups`: lists the groups of channels. They rarely change, so cache the
/// response.
///
/// See the example in the module [`channels`](crate::channels).
///
/// Source: the provider's API reference, `GET /transactions/bank-groups`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListBankGroups {
    only_online: Option<bool>,
}

impl ListBankGroups {
    /// Creates a request for the groups of all channels.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Sets whether to list only groups of channels that process payments immediately.
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
        error::success(response, &["groups"])
    }
}

/// A payment channel, such as a bank or a wallet.
///
/// See the example in the module [`channels`](crate::channels).
///
/// Source: the provider's API reference, `GET /transactions/channels`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Channel {
    /// The id of the channel, a number as a string, such as `64`.
    pub id: Option<String>,
    /// The short name of the channel, such as `BLIK`.
    pub name: Option<String>,
    /// The full name of the channel.
    pub full_name: Option<String>,
    /// The logo of the channel.
    pub image: Option<Image>,
    /// Whether the channel is available now.
    pub available: Option<bool>,
    /// Whether payments through the channel are processed immediately.
    pub online_payment: Option<bool>,
    /// Whether the payer is redirected to the channel without an intermediate page.
    pub instant_redirection: Option<bool>,
    /// The groups to which the channel belongs.
    #[serde(default)]
    pub groups: Vec<ChannelGroup>,
    /// The limits of the channel, such as its minimum amount.
    #[serde(default)]
    pub constraints: Vec<Constraint>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl Channel {
    /// Returns the id in the form that [`Pay::channel`](crate::Pay::channel) accepts. Returns
    /// `None` if the id is absent or is not a number.
    pub fn channel_id(&self) -> Option<ChannelId> {
        self.id.as_deref()?.parse().ok()
    }

    /// Returns the minimum and the maximum amount of a payment through the channel, in the currency
    /// that [`Channels::currency`] contains. Each is `None` if there is no such limit.
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

/// An image, identified by its URL.
///
/// See the example in the module [`channels`](crate::channels).
///
/// Source: the provider's API reference, `GET /transactions/channels`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Image {
    /// The URL of the image.
    pub url: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// A group of channels to which a channel belongs.
///
/// See the example in the module [`channels`](crate::channels).
///
/// Source: the provider's API reference, `GET /transactions/channels`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ChannelGroup {
    /// The id of the group, a number as a string, such as `150`.
    pub id: Option<String>,
    /// The name of the group, such as `BLIK`.
    pub name: Option<String>,
    /// The logo of the group.
    pub image: Option<Image>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// A limit of a payment channel, such as its minimum amount.
///
/// See the example in the module [`channels`](crate::channels).
///
/// Source: the provider's API reference, `GET /transactions/channels`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Constraint {
    /// The field to which the limit applies, such as `amount`.
    pub field: Option<String>,
    /// The type of the limit, such as `min` or `max`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The value of the limit, such as `1.00`. An amount is in the currency that
    /// [`Channels::currency`] contains.
    pub value: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// The response that contains the payment channels.
///
/// See the example in the module [`channels`](crate::channels).
///
/// Source: the provider's API reference, `GET /transactions/channels`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Channels {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The language of the names, such as `pl`.
    pub language: Option<String>,
    /// The currency of the channels, such as `PLN`.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// The payment channels.
    #[serde(default)]
    pub channels: Vec<Channel>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// `GET /transactions/channels`: lists the payment channels. They rarely change, so cache the
/// response.
///
/// See the example in the module [`channels`](crate::channels).
///
/// Source: the provider's API reference, `GET /transactions/channels`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListChannels {
    image_size: Option<String>,
}

impl ListChannels {
    /// Creates a request for all channels. By default, the server chooses the size of the logos.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Sets the size of the logos, such as `medium`.
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
        error::success(response, &["channels"])
    }
}

/// # Payment channels
///
/// See the module [`channels`](crate::channels), which contains an example.
impl Client {
    /// Returns the groups of channels. They rarely change, so cache the response.
    ///
    /// See the example in the module [`channels`](crate::channels).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_bank_groups(&self, request: &ListBankGroups) -> Result<BankGroups> {
        self.send(request)
    }

    /// Returns the payment channels. They rarely change, so cache the response.
    ///
    /// See the example in the module [`channels`](crate::channels).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_channels(&self, request: &ListChannels) -> Result<Channels> {
        self.send(request)
    }
}
