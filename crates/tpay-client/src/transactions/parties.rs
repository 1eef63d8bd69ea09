//! The parties of a transaction: the payer, the payee, the owner of a Collect bank account, and the
//! recipients of notifications.

use api_auth::{InputError, setters, wire_enum};
use serde::Serialize;

use crate::validate;

wire_enum! {
    /// The language of the payment page.
    ///
    /// See the example in the module [`transactions`](crate::transactions).
    ///
    /// Source: the provider's API reference, `POST /transactions`.
    pub enum Language {
        /// English (`en`).
        English = "en",
        /// Polish (`pl`).
        Polish = "pl",
        /// German (`de`).
        German = "de",
        /// French (`fr`).
        French = "fr",
        /// Russian (`ru`).
        Russian = "ru",
        /// Italian (`it`).
        Italian = "it",
        /// Spanish (`es`).
        Spanish = "es",
        /// Ukrainian (`uk`).
        Ukrainian = "uk",
    }
}

/// The payer of a new transaction.
///
/// See the example in the module [`transactions`](crate::transactions).
///
/// Source: the provider's API reference, `POST /transactions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Payer {
    email: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
}

impl Payer {
    /// Creates a payer with an e-mail address and a name of 1 to 255 characters. The provider's API
    /// reference requires at least 3 characters for the name, but the official PHP SDK accepts
    /// fewer.
    pub fn new(email: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            email: email.into(),
            name: name.into(),
            phone: None,
            address: None,
            code: None,
            city: None,
            country: None,
            tax_id: None,
            ip: None,
            user_agent: None,
        }
    }

    setters! {
        /// Sets the phone number, such as `+48600100200`.
        phone: impl Into<String>,
        /// Sets the street and the house number, which must have 3 to 255 characters in total.
        address: impl Into<String>,
        /// Sets the postal code, which must have 1 to 10 characters. Responses contain it as
        /// `postalCode`.
        code: impl Into<String>,
        /// Sets the city, which must have 1 to 64 characters.
        city: impl Into<String>,
        /// Sets the country as two letters (ISO 3166-1), such as `PL`.
        country: impl Into<String>,
        /// Sets the tax id, such as `7773061579`, which must have 3 to 255 characters.
        tax_id: impl Into<String>,
        /// Sets the IPv4 or IPv6 address from which the payer pays.
        ip: impl Into<String>,
    }

    /// Sets the user agent of the payer's browser. The server rejects more than 255 bytes, so a
    /// longer string is truncated.
    #[must_use]
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        let mut text = user_agent.into();
        let end = (0..=255).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        self.user_agent = Some(text);
        self
    }

    /// Returns an error for values that neither the API reference nor the official PHP SDK allows.
    /// The length of a phone number is not checked, because the API reference has no upper limit.
    pub(crate) fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("payer.email", &self.email)?;
        validate::length("payer.name", &self.name, 1, 255)?;
        validate::some_length("payer.address", self.address.as_deref(), 3, 255)?;
        validate::some_length("payer.code", self.code.as_deref(), 1, 10)?;
        validate::some_length("payer.city", self.city.as_deref(), 1, 64)?;
        validate::some_length("payer.country", self.country.as_deref(), 2, 2)?;
        validate::some_length("payer.tax_id", self.tax_id.as_deref(), 3, 255)?;
        validate::some_length("payer.ip", self.ip.as_deref(), 0, 45)?;
        validate::some_length("payer.user_agent", self.user_agent.as_deref(), 0, 255)
    }
}

/// The URLs to which the payer returns, and the recipients of notifications. They override the
/// settings in the merchant panel.
///
/// ```
/// use tpay_client::transactions::Callbacks;
/// use tpay_client::{CreateTransaction, Payer, grosze};
///
/// let payer = Payer::new("jan.nowak@example.com", "Jan Nowak").city("Poznań").country("PL");
/// let order = CreateTransaction::new(grosze(1234), "Order 7", payer).callbacks(
///     Callbacks::new()
///         .success_url("https://shop.example.com/thanks")
///         .error_url("https://shop.example.com/again")
///         .notification_url("https://shop.example.com/notify"),
/// );
/// ```
///
/// Source: the provider's API reference, `POST /transactions`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Callbacks {
    success_url: Option<String>,
    error_url: Option<String>,
    notification_url: Option<String>,
    notification_email: Option<String>,
}

impl Callbacks {
    /// Creates callbacks that do not override any setting.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Sets the URL to which the payer returns after a successful payment. It must have at most
        /// 3072 characters.
        success_url: impl Into<String>,
        /// Sets the URL to which the payer returns after a failed payment. It must have at most
        /// 3072 characters.
        error_url: impl Into<String>,
        /// Sets the URL to which notifications are sent. It must have at most 3072 characters.
        notification_url: impl Into<String>,
        /// Sets the e-mail address to which notifications are sent.
        notification_email: impl Into<String>,
    }

    pub(crate) fn validate(&self) -> Result<(), InputError> {
        for (name, url) in [
            ("callbacks.success_url", &self.success_url),
            ("callbacks.error_url", &self.error_url),
            ("callbacks.notification_url", &self.notification_url),
        ] {
            validate::some_length(name, url.as_deref(), 1, 3072)?;
        }
        Ok(())
    }
}

impl Serialize for Callbacks {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            payer_urls: Option<Urls<'a>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            notification: Option<Receiver<'a>>,
        }
        #[derive(Serialize)]
        struct Urls<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            success: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            error: Option<&'a str>,
        }
        #[derive(Serialize)]
        struct Receiver<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            url: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            email: Option<&'a str>,
        }
        let (success, error) = (self.success_url.as_deref(), self.error_url.as_deref());
        let (url, email) = (self.notification_url.as_deref(), self.notification_email.as_deref());
        Wire {
            payer_urls: success.or(error).map(|_| Urls { success, error }),
            notification: url.or(email).map(|_| Receiver { url, email }),
        }
        .serialize(serializer)
    }
}

/// The bank account to which the amount of a transaction is forwarded. Only merchants that use
/// Collect can set it.
///
/// See the example in the module [`transactions`](crate::transactions).
///
/// Source: the provider's documentation, `docs-api.tpay.com`, collect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Collect {
    account: String,
    receiver: String,
}

impl Collect {
    /// Creates a value from the number of the bank account (`PL` followed by 26 digits) and
    /// `receiver`, the name of its owner, which must have 3 to 70 characters.
    pub fn new(account: impl Into<String>, receiver: impl Into<String>) -> Self {
        Self { account: account.into(), receiver: receiver.into() }
    }

    pub(crate) fn validate(&self) -> Result<(), InputError> {
        validate::account("collect.account", &self.account)?;
        validate::length("collect.receiver", &self.receiver, 3, 70)
    }
}

/// The payee of a transaction. Payment providers must set it.
///
/// See the example in the module [`transactions`](crate::transactions).
///
/// Source: the provider's API reference, `POST /transactions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Payee {
    name: String,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mcc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<PayeeAddress>,
}

impl Payee {
    /// Creates a payee with a name and the URL of a website, each of which must have 1 to 255
    /// characters.
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self { name: name.into(), url: url.into(), mcc: None, address: None }
    }

    setters! {
        /// Sets the merchant category code (MCC) of four digits, such as `5942`. Required if an
        /// address is set.
        mcc: impl Into<String>,
        /// Sets the address of the payee. If it is set, [`mcc`](Self::mcc) is required as well.
        address: PayeeAddress,
    }

    pub(crate) fn validate(&self) -> Result<(), InputError> {
        validate::length("payee.name", &self.name, 1, 255)?;
        validate::length("payee.url", &self.url, 1, 255)?;
        match (&self.mcc, &self.address) {
            (Some(mcc), _) if mcc.len() != 4 || !mcc.bytes().all(|byte| byte.is_ascii_digit()) => {
                Err(InputError::new("payee.mcc", "must be four digits"))
            }
            (None, Some(_)) => {
                Err(InputError::new("payee.mcc", "must be set if there is an address"))
            }
            (_, address) => address.as_ref().map_or(Ok(()), PayeeAddress::validate),
        }
    }
}

/// The address of a payee.
///
/// See the example in the module [`transactions`](crate::transactions).
///
/// Source: the provider's API reference, `POST /transactions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PayeeAddress {
    street: String,
    house_number: String,
    postal_code: String,
    city: String,
    country: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    flat_number: Option<String>,
}

impl PayeeAddress {
    /// Creates an address with all required fields. `country` is a code of two letters (ISO
    /// 3166-1), such as `PL`.
    pub fn new(
        street: impl Into<String>,
        house_number: impl Into<String>,
        postal_code: impl Into<String>,
        city: impl Into<String>,
        country: impl Into<String>,
    ) -> Self {
        Self {
            street: street.into(),
            house_number: house_number.into(),
            postal_code: postal_code.into(),
            city: city.into(),
            country: country.into(),
            flat_number: None,
        }
    }

    setters! {
        /// Sets the number of the flat, such as `7`.
        flat_number: impl Into<String>,
    }

    fn validate(&self) -> Result<(), InputError> {
        for (name, text) in [
            ("payee.address.street", &self.street),
            ("payee.address.house_number", &self.house_number),
            ("payee.address.postal_code", &self.postal_code),
            ("payee.address.city", &self.city),
        ] {
            validate::not_empty(name, text)?;
        }
        validate::length("payee.address.country", &self.country, 2, 2)
    }
}
