//! Saved cards, whose tokens are used for later payments instead of the card number, and Apple Pay
//! sessions.
//!
//! A card is saved with [`CreateCardToken`], or with a payment
//! ([`CardPayment::save`](crate::transactions::pay::CardPayment::save)). A notification contains
//! the token, and [`CardPayment::saved`](crate::transactions::pay::CardPayment::saved) charges the
//! card. Card tokens are not the access tokens of [`oauth`](crate::oauth).
//!
//! ```no_run
//! use tpay_client::cards::CreateCardToken;
//! use tpay_client::transactions::pay::CardPayment;
//! use tpay_client::{Client, Pay};
//!
//! let tpay = Client::from_env()?;
//! let request = CreateCardToken::new("https://shop.example.com/notify");
//! let saved = tpay.create_card_token(&request)?;
//! println!("enter the card at {}", saved.url.unwrap_or_default());
//!
//! // The token is in the notification.
//! let token = "a".repeat(64);
//! println!("{:?}", tpay.get_card_token(&*token)?.token_status);
//! let pay = Pay::card(CardPayment::saved(token));
//! # Ok::<(), tpay_client::Error>(())
//! ```

mod expiry;

use api_auth::{
    Acknowledgement, Body, Endpoint, ExtraFields, InputError, Response, ResponseError, Result,
    Route, Secret, Segment, route, setters, wire, wire_enum,
};
use serde::{Deserialize, Serialize};

use crate::common::ResultStatus;
use crate::{Client, error, validate};

pub use expiry::CardExpiry;

wire_enum! {
    /// The status of a saved card.
    ///
    /// See the example in the module [`cards`](crate::cards).
    ///
    /// Source: the provider's API reference, `GET /tokens/{tokenValue}`.
    pub enum CardTokenStatus {
        /// The card can be charged.
        Active = "ACTIVE",
        /// The card was deleted.
        Deleted = "DELETED",
        /// The card can be charged again after a suspension.
        Resume = "RESUME",
        /// The card cannot be charged at the moment.
        Suspended = "SUSPENDED",
    }
}

/// The owner of a card that is to be saved.
///
/// See the example in the module [`cards`](crate::cards).
///
/// Source: the provider's API reference, `POST /tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CardTokenPayer {
    name: String,
    email: String,
}

impl CardTokenPayer {
    /// Creates the owner of a card, with a name such as `Jan Nowak` and an e-mail address.
    pub fn new(name: impl Into<String>, email: impl Into<String>) -> Self {
        Self { name: name.into(), email: email.into() }
    }
}

/// The URLs to which the payer returns after entering a card that is to be saved.
///
/// See the example in the module [`cards`](crate::cards).
///
/// Source: the provider's API reference, `POST /tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RedirectUrls {
    success: String,
    error: String,
}

impl RedirectUrls {
    /// Creates the URLs for a payer whose card was saved (`success`) or could not be saved
    /// (`error`).
    pub fn new(success: impl Into<String>, error: impl Into<String>) -> Self {
        Self { success: success.into(), error: error.into() }
    }
}

/// The response to a request to save a card. The token is sent in a notification.
///
/// See the example in the module [`cards`](crate::cards).
///
/// Source: the provider's API reference, `POST /tokens`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedCardToken {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The id of this tokenization. The notification that contains the token contains the same id.
    pub id: Option<String>,
    /// The URL of the page on which the payer enters the card.
    pub url: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// `POST /tokens`: saves a card without charging it.
///
/// ```
/// use tpay_client::cards::{CardTokenPayer, CreateCardToken, RedirectUrls};
///
/// let save = CreateCardToken::new("https://shop.example.com/notify")
///     .payer(CardTokenPayer::new("Jan Nowak", "jan.nowak@example.com"))
///     .redirect_url(RedirectUrls::new("https://x.example.com/ok", "https://x.example.com/no"));
/// ```
///
/// Source: the provider's API reference, `POST /tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateCardToken {
    callback_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer: Option<CardTokenPayer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_url: Option<RedirectUrls>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "wire::exposed_some")]
    card: Option<Secret>,
}

impl CreateCardToken {
    /// Creates a request to save a card. The notification with the token is sent to `callback_url`.
    pub fn new(callback_url: impl Into<String>) -> Self {
        Self { callback_url: callback_url.into(), payer: None, redirect_url: None, card: None }
    }

    setters! {
        /// Sets the owner of the card.
        payer: CardTokenPayer,
        /// Sets the URLs to which the payer returns after entering the card details.
        redirect_url: RedirectUrls,
        /// Sets the card, encrypted in the payer's browser with the public key from the merchant
        /// panel.
        card: impl Into<Secret>,
    }
}

impl Endpoint for CreateCardToken {
    type Output = CreatedCardToken;
    const ID: &'static str = "tokens.create";
    const ROUTE: Route<Self> = route!(POST "/tokens");

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("callback_url", &self.callback_url)?;
        if let Some(payer) = &self.payer {
            validate::not_empty("payer.name", &payer.name)?;
            validate::not_empty("payer.email", &payer.email)?;
        }
        if let Some(urls) = &self.redirect_url {
            validate::not_empty("redirect_url.success", &urls.success)?;
            validate::not_empty("redirect_url.error", &urls.error)?;
        }
        validate::some_secret("card", self.card.as_ref())
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<CreatedCardToken, ResponseError> {
        error::success(response, &["id", "url"])
    }
}

/// A saved card, as returned by the server.
///
/// See the example in the module [`cards`](crate::cards).
///
/// Source: the provider's API reference, `GET /tokens/{tokenValue}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CardToken {
    /// The expiry date of the token, such as `2028-12-31`.
    pub expiration_date: Option<String>,
    /// The status of the card, such as `ACTIVE`.
    #[serde(default)]
    pub token_status: Option<CardTokenStatus>,
    /// The masked card number: the first digits (BIN) and the last four, such as
    /// `411111******1111`.
    pub card_tail: Option<String>,
    /// The object that contains the URL of an image of the card.
    pub content: Option<CardContent>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// An object that contains the URL of an image of a saved card.
///
/// See the example in the module [`cards`](crate::cards).
///
/// Source: the provider's API reference, `GET /tokens/{tokenValue}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CardContent {
    /// The URL of an image that shows what the card looks like.
    pub image_url: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// `GET /tokens/{tokenValue}`: returns a saved card.
///
/// See the example in the module [`cards`](crate::cards).
///
/// Source: the provider's API reference, `GET /tokens/{tokenValue}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetCardToken {
    token_value: Secret,
}

impl GetCardToken {
    /// Creates a request for the card with this token.
    pub fn new(token_value: impl Into<Secret>) -> Self {
        Self { token_value: token_value.into() }
    }
}

impl Endpoint for GetCardToken {
    type Output = CardToken;
    const ID: &'static str = "tokens.get";
    const ROUTE: Route<Self> = Route::<Self>::get("/tokens/{tokenValue}")
        .secret_argument("token_value", |endpoint| Segment::from(&endpoint.token_value));

    fn parse(&self, response: &Response) -> Result<CardToken, ResponseError> {
        error::success(response, &["tokenStatus", "expirationDate"])
    }
}

/// `DELETE /tokens/{tokenValue}`: deletes a saved card.
///
/// See the example in the module [`cards`](crate::cards).
///
/// Source: the provider's API reference, `DELETE /tokens/{tokenValue}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteCardToken {
    token_value: Secret,
}

impl DeleteCardToken {
    /// Creates a request to delete the card with this token.
    pub fn new(token_value: impl Into<Secret>) -> Self {
        Self { token_value: token_value.into() }
    }
}

impl Endpoint for DeleteCardToken {
    type Output = Acknowledgement;
    const ID: &'static str = "tokens.delete";
    const ROUTE: Route<Self> = Route::<Self>::delete("/tokens/{tokenValue}")
        .secret_argument("token_value", |endpoint| Segment::from(&endpoint.token_value));

    fn parse(&self, response: &Response) -> Result<Acknowledgement, ResponseError> {
        error::acknowledgement(response)
    }
}

/// `POST /wallet/applepay/init`: starts an Apple Pay session.
///
/// See the example in the module [`cards`](crate::cards).
///
/// Source: the provider's API reference, `POST /wallet/applepay/init`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InitApplePay {
    domain_name: String,
    validation_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
}

impl InitApplePay {
    /// Creates a request for the shop at this domain, with the validation URL that the browser
    /// provides.
    pub fn new(domain_name: impl Into<String>, validation_url: impl Into<String>) -> Self {
        Self {
            domain_name: domain_name.into(),
            validation_url: validation_url.into(),
            display_name: None,
        }
    }

    setters! {
        /// Sets the shop name that the payer sees, which must have 1 to 255 characters. The API
        /// reference allows up to 64 characters, and the official PHP SDK allows more.
        display_name: impl Into<String>,
    }
}

impl Endpoint for InitApplePay {
    type Output = ApplePaySession;
    const ID: &'static str = "wallet.init_apple_pay";
    const ROUTE: Route<Self> = route!(POST "/wallet/applepay/init");

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("domain_name", &self.domain_name)?;
        validate::not_empty("validation_url", &self.validation_url)?;
        validate::some_length("display_name", self.display_name.as_deref(), 1, 255)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<ApplePaySession, ResponseError> {
        error::success(response, &["session"])
    }
}

/// The response that contains an Apple Pay session.
///
/// See the example in the module [`cards`](crate::cards).
///
/// Source: the provider's API reference, `POST /wallet/applepay/init`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApplePaySession {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The session for the browser, as JSON in base64. The string can contain whitespace, which
    /// [`compact`](Self::compact) removes.
    #[serde(skip_serializing)]
    pub session: Option<Secret>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl ApplePaySession {
    /// Returns the base64 string of the session without whitespace. Returns `None` if there is no
    /// session.
    pub fn compact(&self) -> Option<Secret> {
        let text: String = self.session.as_ref()?.expose().split_whitespace().collect();
        Some(text.into())
    }
}

/// # Saved cards
///
/// See the module [`cards`](crate::cards), which contains an example.
impl Client {
    /// Saves a card without charging it. The token is sent in a notification.
    ///
    /// See the example in the module [`cards`](crate::cards).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_card_token(&self, request: &CreateCardToken) -> Result<CreatedCardToken> {
        self.send(request)
    }

    /// Returns the saved card with this token.
    ///
    /// See the example in the module [`cards`](crate::cards).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_card_token(&self, token_value: impl Into<Secret>) -> Result<CardToken> {
        self.send(&GetCardToken::new(token_value))
    }

    /// Deletes the saved card with this token.
    ///
    /// See the example in the module [`cards`](crate::cards).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn delete_card_token(&self, token_value: impl Into<Secret>) -> Result<Acknowledgement> {
        self.send(&DeleteCardToken::new(token_value))
    }

    /// Starts an Apple Pay session and returns it for use in the payer's browser.
    ///
    /// See the example in the module [`cards`](crate::cards).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn init_apple_pay(&self, request: &InitApplePay) -> Result<ApplePaySession> {
        self.send(request)
    }
}
