//! Registration of merchants with `POST /v1/accounts/merchant`.

use api_auth::{
    Body, Endpoint, InputError, Response, ResponseError, Result, Route, route, setters,
};
use serde::Serialize;

use super::{CreatedAccount, Website};
use crate::dictionaries::{CategoryId, LegalFormId};
use crate::{Client, error, validate};

/// An address of a merchant, in the registration of the merchant.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the provider's API reference, `POST /v1/accounts/merchant`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MerchantAddress {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flat_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    street: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    house_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_main: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_correspondence: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_invoice: Option<bool>,
}

impl MerchantAddress {
    /// Creates an address without any values.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Sets the name of the address, such as `Office`.
        name: impl Into<String>,
        /// Sets the number of the flat, such as `7`.
        flat_number: impl Into<String>,
        /// Sets the street, such as `Święty Marcin`.
        street: impl Into<String>,
        /// Sets the house number, such as `12a`.
        house_number: impl Into<String>,
        /// Sets the postal code, such as `61-808`.
        postal_code: impl Into<String>,
        /// Sets the city, such as `Poznań`.
        city: impl Into<String>,
        /// Sets the country as two letters (ISO 3166-1), such as `PL`.
        country: impl Into<String>,
        /// Sets the phone number, such as `+48610000001`.
        phone: impl Into<String>,
        /// Sets whether this is the main address. At most one address can be the main address.
        is_main: bool,
        /// Sets whether this is the correspondence address.
        is_correspondence: bool,
        /// Sets whether this is the address for invoices.
        is_invoice: bool,
    }
}

/// A contact person of a merchant, in the registration of the merchant.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the provider's API reference, `POST /v1/accounts/merchant`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContactPerson {
    name: String,
    surname: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

impl ContactPerson {
    /// Creates a contact person with this first name and surname.
    pub fn new(name: impl Into<String>, surname: impl Into<String>) -> Self {
        Self { name: name.into(), surname: surname.into(), phone: None, email: None }
    }

    setters! {
        /// Sets the phone number, such as `+48610000001`.
        phone: impl Into<String>,
        /// Sets the e-mail address, such as `jan@example.com`.
        email: impl Into<String>,
    }
}

/// `POST /v1/accounts/merchant`: registers a merchant of a partner.
///
/// ```
/// use tpay_client::accounts::{ContactPerson, CreateMerchant, MerchantAddress, Website};
///
/// let merchant = CreateMerchant::new("OFFER", "shop@example.com")
///     .tax_id("7743747160")
///     .website([Website::new().url("https://shop.example.com").name("The shop")])
///     .address([MerchantAddress::new().street("Święty Marcin").city("Poznań").is_main(true)])
///     .contact_person([ContactPerson::new("Jan", "Nowak").email("jan@example.com")]);
/// ```
///
/// Source: the provider's API reference, `POST /v1/accounts/merchant`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateMerchant {
    offer_code: String,
    email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regon: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    krs: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    legal_form: Option<LegalFormId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category_id: Option<CategoryId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Vec<MerchantAddress>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    website: Option<Vec<Website>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_person: Option<Vec<ContactPerson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_api_consent: Option<bool>,
}

impl CreateMerchant {
    /// Creates a request to register a merchant with this offer code and e-mail address.
    pub fn new(offer_code: impl Into<String>, email: impl Into<String>) -> Self {
        Self {
            offer_code: offer_code.into(),
            email: email.into(),
            tax_id: None,
            regon: None,
            krs: None,
            legal_form: None,
            category_id: None,
            address: None,
            website: None,
            contact_person: None,
            merchant_api_consent: None,
        }
    }

    setters! {
        /// Sets the tax id (NIP), such as `7773061579`.
        tax_id: impl Into<String>,
        /// Sets the REGON, the number in the register of businesses, such as `300878437`.
        regon: impl Into<String>,
        /// Sets the KRS, the number in the National Court Register, such as `0000160673`.
        krs: impl Into<String>,
        /// Sets the legal form; see [`Client::list_legal_forms`].
        legal_form: impl Into<LegalFormId>,
        /// Sets the sale category; see [`Client::list_categories`].
        category_id: impl Into<CategoryId>,
        /// Sets the addresses of the merchant. At most one can be the main address.
        address: impl Into<Vec<MerchantAddress>>,
        /// Sets the websites of the merchant.
        website: impl Into<Vec<Website>>,
        /// Sets the contact persons of the merchant.
        contact_person: impl Into<Vec<ContactPerson>>,
        /// Sets whether the merchant consents to the use of the API.
        merchant_api_consent: bool,
    }
}

impl Endpoint for CreateMerchant {
    type Output = CreatedAccount;
    const ID: &'static str = "accounts.create_merchant";
    const ROUTE: Route<Self> = route!(POST "/v1/accounts/merchant");

    fn validate(&self) -> Result<(), InputError> {
        validate::length("offer_code", &self.offer_code, 1, 255)?;
        validate::not_empty("email", &self.email)?;
        let addresses = self.address.as_deref().unwrap_or_default();
        if addresses.iter().filter(|address| address.is_main == Some(true)).count() > 1 {
            return Err(InputError::new("address", "must not have more than one main address"));
        }
        Ok(())
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<CreatedAccount, ResponseError> {
        error::success(response, &["id"])
    }
}

/// # Merchants
///
/// See the module [`accounts`](crate::accounts), which contains an example.
impl Client {
    /// Registers a merchant of a partner.
    ///
    /// See the example in the module [`accounts`](crate::accounts).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_merchant(&self, request: &CreateMerchant) -> Result<CreatedAccount> {
        self.send(request)
    }
}
