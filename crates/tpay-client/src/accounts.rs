//! Accounts of a partner's merchants: registration, lists, balances and documents.
//!
//! [`CreateMerchant`] registers a merchant. [`CreateAccount`] is the older endpoint for the same
//! purpose. The endpoints in [`dictionaries`](crate::dictionaries) list the ids of legal forms,
//! sale categories and document types.
//!
//! ```no_run
//! use tpay_client::Client;
//! use tpay_client::accounts::{CreateMerchant, ListAccounts};
//!
//! let tpay = Client::from_env()?;
//! let merchant = tpay.create_merchant(&CreateMerchant::new("OFFER", "shop@example.com"))?;
//! println!("activation at {}", merchant.activation_link.unwrap_or_default());
//! if let Some(id) = merchant.id {
//!     println!("{:?}", tpay.get_account(id)?.extra);
//! }
//! for account in tpay.accounts(&ListAccounts::new()) {
//!     println!("{:?}", account?.id);
//! }
//! # Ok::<(), tpay_client::Error>(())
//! ```

mod files;
mod merchants;

use api_auth::{
    Amount, Body, Endpoint, Extent, ExtraFields, InputError, Items, Paged, Params, Response,
    ResponseError, Result, Route, Secret, route, setters, wire,
};
use serde::{Deserialize, Serialize};

use crate::common::ResultStatus;
use crate::dictionaries::{CategoryId, DocumentTypeId, LegalFormId};
use crate::paging::{Paging, numbered_pages, page_setters, paged_by_number};
use crate::pos::Pos;
use crate::{Client, Currency, error, validate};

pub use files::UploadAccountFile;
pub use merchants::{ContactPerson, CreateMerchant, MerchantAddress};

/// An account of a partner's merchant. Its fields are not documented, so all fields except the id
/// are in `extra`.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the provider's API reference, `GET /accounts`, which does not describe the fields.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Account {
    /// The id of the account, a ULID such as `01M80DDY372Q62XPM3RDEATMCJ`.
    pub id: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// A page of the accounts of a partner's merchants.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the provider's API reference, `GET /accounts`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccountPage {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The accounts on this page.
    #[serde(default)]
    pub list: Vec<Account>,
    /// The number of this page, counted from 1.
    pub page: Option<i64>,
    /// The maximum number of entries per page.
    pub limit: Option<i64>,
    /// The total number of entries on all pages.
    pub total: Option<i64>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// `GET /accounts`: returns one page of the accounts of a partner's merchants.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the provider's API reference, `GET /accounts`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListAccounts {
    paging: Paging,
}

impl ListAccounts {
    /// Creates a request for the first page of the accounts.
    pub fn new() -> Self {
        Self::default()
    }

    page_setters!();
}

impl Endpoint for ListAccounts {
    type Output = AccountPage;
    const ID: &'static str = "accounts.list";
    const ROUTE: Route<Self> = route!(GET "/accounts");

    fn validate(&self) -> Result<(), InputError> {
        self.paging.validate()
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        self.paging.push(params);
    }

    fn parse(&self, response: &Response) -> Result<AccountPage, ResponseError> {
        error::success(response, &["list"])
    }
}

impl Paged for ListAccounts {
    type Item = Account;

    paged_by_number!(AccountPage, |page| page.list.len());

    fn items(page: AccountPage) -> Vec<Account> {
        page.list
    }

    fn item_id(item: &Account) -> Option<&str> {
        item.id.as_deref()
    }
}

numbered_pages!(ListAccounts);

/// `GET /accounts/{accountId}`: returns the account of a partner's merchant.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the provider's API reference, `GET /accounts/{accountId}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetAccount {
    account_id: String,
}

impl GetAccount {
    /// Creates a request for the account with this id.
    pub fn new(account_id: impl Into<String>) -> Self {
        Self { account_id: account_id.into() }
    }
}

impl Endpoint for GetAccount {
    type Output = Account;
    const ID: &'static str = "accounts.get";
    const ROUTE: Route<Self> = route!(GET "/accounts/{accountId}", account_id);

    fn parse(&self, response: &Response) -> Result<Account, ResponseError> {
        error::success(response, &[])
    }
}

/// The balance of an account. Its format is not documented, so all fields are in `extra`.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the official PHP client; not documented.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Balance {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// `GET /accounts/{accountId}/balance`: returns the balance of an account.
///
/// Experimental: the response is not documented.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the official PHP client; not documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetBalance {
    account_id: String,
}

impl GetBalance {
    /// Creates a request for the balance of the account with this id.
    pub fn new(account_id: impl Into<String>) -> Self {
        Self { account_id: account_id.into() }
    }
}

impl Endpoint for GetBalance {
    type Output = Balance;
    const ID: &'static str = "accounts.balance";
    const ROUTE: Route<Self> = route!(GET "/accounts/{accountId}/balance", account_id);

    fn parse(&self, response: &Response) -> Result<Balance, ResponseError> {
        error::success(response, &[])
    }
}

/// An address of a merchant, in the registration of an account.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the provider's API reference, `POST /accounts`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountAddress {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    friendly_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_number: Option<String>,
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

impl AccountAddress {
    /// Creates an address without any values.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Sets the name of the address, such as `Office`.
        name: impl Into<String>,
        /// Sets a short name for the address, such as `HQ`.
        friendly_name: impl Into<String>,
        /// Sets the number of the room in the building, such as `7`.
        room_number: impl Into<String>,
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
        /// Sets whether this is the main address. Only the API reference of [`CreateMerchant`] says
        /// that there must not be more than one main address.
        is_main: bool,
        /// Sets whether this is the correspondence address.
        is_correspondence: bool,
        /// Sets whether this is the address for invoices.
        is_invoice: bool,
    }
}

/// The phone number of a merchant, in the registration of an account.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the provider's API reference, `POST /accounts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountPhone {
    phone_number: String,
    phone_country: String,
}

impl AccountPhone {
    /// Creates a phone number, with at most 15 characters, in the country with a two-letter code
    /// (ISO 3166-1), such as `PL`.
    pub fn new(phone_number: impl Into<String>, phone_country: impl Into<String>) -> Self {
        Self { phone_number: phone_number.into(), phone_country: phone_country.into() }
    }
}

/// A website of a merchant, in the registration of the merchant or of an account.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the provider's API reference, `POST /accounts` and `POST /v1/accounts/merchant`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Website {
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    friendly_name: Option<String>,
}

impl Website {
    /// Creates a website without any values.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Sets the URL, such as `https://shop.example.com`.
        url: impl Into<String>,
        /// Sets the name of the shop.
        name: impl Into<String>,
        /// Sets the description of the shop. Only [`CreateAccount`] accepts it.
        description: impl Into<String>,
        /// Sets a short name for the shop. Only [`CreateAccount`] accepts it.
        friendly_name: impl Into<String>,
    }
}

/// A person, such as a representative or a beneficial owner, in the registration of an account.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the provider's API reference, `POST /accounts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    name: String,
    surname: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nationality: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shares_pct: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pesel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_beneficiary: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_representative: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_contact_person: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_authorized_person: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pep_statement: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_of_birth: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country_of_birth: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    type_of_document: Option<DocumentTypeId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuing_authority: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<Vec<PersonContact>>,
}

impl Person {
    /// Creates a person with this first name and surname.
    pub fn new(name: impl Into<String>, surname: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            surname: surname.into(),
            nationality: None,
            shares_pct: None,
            pesel: None,
            is_beneficiary: None,
            is_representative: None,
            is_contact_person: None,
            is_authorized_person: None,
            pep_statement: None,
            date_of_birth: None,
            country_of_birth: None,
            type_of_document: None,
            serial_number: None,
            expiry_date: None,
            issuing_authority: None,
            contact: None,
        }
    }

    setters! {
        /// Sets the nationality, such as `PL`.
        nationality: impl Into<String>,
        /// Sets the share in the company in percent, such as `26.5`.
        shares_pct: Amount,
        /// Sets the PESEL, the Polish national identification number of 11 digits.
        pesel: impl Into<String>,
        /// Sets whether the person is a beneficial owner.
        is_beneficiary: bool,
        /// Sets whether the person represents the company.
        is_representative: bool,
        /// Sets whether the person is a contact person. If so, [`contact`](Person::contact) is
        /// required.
        is_contact_person: bool,
        /// Sets whether the person is authorized to sign for the company.
        is_authorized_person: bool,
        /// Sets the declaration about whether the person is politically exposed (PEP). The possible
        /// values are not documented.
        pep_statement: u32,
        /// Sets the date of birth, in the format `YYYY-MM-DD HH:MM:SS`.
        date_of_birth: impl Into<String>,
        /// Sets the country of birth, such as `PL`.
        country_of_birth: impl Into<String>,
        /// Sets the type of the identity document; see [`Client::list_documents`].
        type_of_document: impl Into<DocumentTypeId>,
        /// Sets the number of the identity document.
        serial_number: impl Into<String>,
        /// Sets the expiry date of the identity document, in the format `YYYY-MM-DD HH:MM:SS`.
        expiry_date: impl Into<String>,
        /// Sets the authority that issued the identity document.
        issuing_authority: impl Into<String>,
        /// Sets the phone numbers and e-mail addresses of the person.
        contact: impl Into<Vec<PersonContact>>,
    }
}

impl Person {
    fn validate(&self) -> Result<(), InputError> {
        validate::date("person.date_of_birth", self.date_of_birth.as_deref())?;
        validate::date("person.expiry_date", self.expiry_date.as_deref())
    }
}

/// A phone number or e-mail address of a person, in the registration of an account.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the provider's API reference, `POST /accounts`, where a person has one contact. The
/// official PHP client sends a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonContact {
    contact: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<u32>,
}

impl PersonContact {
    /// Creates a contact with this phone number or e-mail address.
    pub fn new(contact: impl Into<String>) -> Self {
        Self { contact: contact.into(), kind: None }
    }

    setters! {
        /// Sets the type of the contact. The server's default is 1. The official PHP client also
        /// allows 2 and 3. The meaning of the values is not documented.
        kind: u32,
    }
}

/// The bank account of a merchant, in the registration of an account.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the provider's API reference, `POST /accounts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountBank {
    account_no: String,
    owner_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    bank_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<Currency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_type: Option<u32>,
}

impl AccountBank {
    /// Creates a bank account with an account number of 26 digits and the name of the owner, with
    /// at most 128 characters.
    pub fn new(account_no: impl Into<String>, owner_name: impl Into<String>) -> Self {
        Self {
            account_no: account_no.into(),
            owner_name: owner_name.into(),
            bank_name: None,
            owner_address: None,
            currency: None,
            country_code: None,
            account_type: None,
        }
    }

    setters! {
        /// Sets the name of the bank, with at most 64 characters.
        bank_name: impl Into<String>,
        /// Sets the address of the owner, with at most 128 characters.
        owner_address: impl Into<String>,
        /// Sets the currency. Defaults to `PLN`.
        currency: impl Into<Currency>,
        /// Sets the country as two letters (ISO 3166-1), such as `PL`.
        country_code: impl Into<String>,
        /// Sets the type of the account: 1 for a Polish account (PLN), 2 for a SEPA account (EUR),
        /// or 3 for a foreign account (PLN, EUR, USD or GBP). Defaults to 1.
        account_type: u32,
    }
}

/// `POST /accounts`: creates an account for a partner's merchant. The official SDK marks this
/// endpoint as deprecated.
///
/// Use [`CreateMerchant`] in new programs. The provider's sources disagree about which arguments
/// are required. This crate requires the offer code and the e-mail address, and the server
/// validates the rest.
///
/// Source: the provider's API reference, `POST /accounts`. `mcc`, and `krs` as a string, are from
/// the provider's Postman collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateAccount {
    offer_code: String,
    email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<AccountPhone>,
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
    mcc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notify_by_email: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_api_consent: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    website: Option<Vec<Website>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Vec<AccountAddress>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<Vec<Person>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bank_account: Option<AccountBank>,
}

impl CreateAccount {
    /// Creates a request for an account with this offer code and e-mail address.
    pub fn new(offer_code: impl Into<String>, email: impl Into<String>) -> Self {
        Self {
            offer_code: offer_code.into(),
            email: email.into(),
            phone: None,
            tax_id: None,
            regon: None,
            krs: None,
            legal_form: None,
            category_id: None,
            mcc: None,
            notify_by_email: None,
            merchant_api_consent: None,
            website: None,
            address: None,
            person: None,
            bank_account: None,
        }
    }

    setters! {
        /// Sets the phone number of the merchant.
        phone: AccountPhone,
        /// Sets the tax id (NIP), such as `7773061579`.
        tax_id: impl Into<String>,
        /// Sets the REGON, the number in the register of businesses, such as `300878437`.
        regon: impl Into<String>,
        /// Sets the KRS, the number in the National Court Register: ten digits, including leading
        /// zeros.
        krs: impl Into<String>,
        /// Sets the legal form; see [`Client::list_legal_forms`].
        legal_form: impl Into<LegalFormId>,
        /// Sets the sale category; see [`Client::list_categories`].
        category_id: impl Into<CategoryId>,
        /// Sets the merchant category code (MCC); see [`Client::list_mcc`].
        mcc: impl Into<String>,
        /// Sets whether notifications are sent to the merchant by e-mail.
        notify_by_email: bool,
        /// Sets whether the merchant consents to the use of the API.
        merchant_api_consent: bool,
        /// Sets the websites of the merchant.
        website: impl Into<Vec<Website>>,
        /// Sets the addresses of the merchant.
        address: impl Into<Vec<AccountAddress>>,
        /// Sets the people connected with the company, such as its representatives and beneficial
        /// owners.
        person: impl Into<Vec<Person>>,
        /// Sets the bank account of the merchant.
        bank_account: AccountBank,
    }
}

impl Endpoint for CreateAccount {
    type Output = CreatedAccount;
    const ID: &'static str = "accounts.create";
    const ROUTE: Route<Self> = route!(POST "/accounts");

    fn validate(&self) -> Result<(), InputError> {
        validate::length("offer_code", &self.offer_code, 1, 255)?;
        validate::not_empty("email", &self.email)?;
        if let Some(phone) = &self.phone {
            validate::length("phone.phone_number", &phone.phone_number, 1, 15)?;
            validate::length("phone.phone_country", &phone.phone_country, 2, 2)?;
        }
        if let Some(bank) = &self.bank_account {
            validate::not_empty("bank_account.account_no", &bank.account_no)?;
            validate::not_empty("bank_account.owner_name", &bank.owner_name)?;
        }
        self.person.iter().flatten().try_for_each(Person::validate)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<CreatedAccount, ResponseError> {
        error::success(response, &["id"])
    }
}

/// The response to the registration of an account or merchant. It contains API keys that the server
/// returns only once.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the provider's API reference, `POST /accounts` and `POST /v1/accounts/merchant`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedAccount {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The id of the account, a ULID such as `01M80DDY372Q62XPM3RDEATMCJ`.
    pub id: Option<String>,
    /// The offer code from the request with which the account was registered.
    pub offer_code: Option<String>,
    /// The merchant's e-mail address, such as `shop@example.com`.
    pub email: Option<String>,
    /// The tax id (NIP), such as `7773061579`.
    pub tax_id: Option<String>,
    /// The REGON, the number in the register of businesses, such as `300878437`.
    pub regon: Option<String>,
    /// The KRS, the number in the National Court Register, such as `0000160673`.
    pub krs: Option<String>,
    /// The id of the legal form, such as 4; see [`list_legal_forms`](Client::list_legal_forms).
    pub legal_form: Option<i64>,
    /// The id of the sale category, such as 62; see [`list_categories`](Client::list_categories).
    pub category_id: Option<i64>,
    /// Whether notifications are sent to the merchant by e-mail.
    pub notify_by_email: Option<bool>,
    /// The verification status of the merchant. The possible values are not documented.
    pub verification_status: Option<i64>,
    /// The URL at which the merchant activates the account.
    pub activation_link: Option<String>,
    /// The websites of the merchant, each with its point of sale.
    #[serde(default)]
    pub website: Vec<Pos>,
    /// The addresses of the merchant.
    #[serde(default)]
    pub address: Vec<CreatedAddress>,
    /// The people connected with the company, such as its representatives and beneficial owners.
    #[serde(default)]
    pub person: Vec<CreatedPerson>,
    /// The API keys for the Open API, which the server returns only once.
    #[serde(default)]
    pub api_credentials: Vec<ApiCredentials>,
    /// The API key for the deprecated transaction API, which the server returns only once.
    pub transaction_api_credentials: Option<TransactionApiCredentials>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// An address in the response to a registration.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the provider's API reference, `POST /accounts` and `POST /v1/accounts/merchant`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedAddress {
    /// The id of the address, such as `ad_6UvbBjehvHXA7vf1`.
    pub address_id: Option<String>,
    /// The name of the address, such as `Office`.
    pub name: Option<String>,
    /// The short name of the address. Set only in the response to [`CreateAccount`].
    pub friendly_name: Option<String>,
    /// The street, such as `Święty Marcin`.
    pub street: Option<String>,
    /// The house number, such as `12a`.
    pub house_number: Option<String>,
    /// The number of the room in the building. Set only in the response to [`CreateAccount`].
    pub room_number: Option<String>,
    /// The number of the flat. Set only in the response to [`CreateMerchant`].
    pub flat_number: Option<String>,
    /// The postal code, such as `61-701`.
    pub postal_code: Option<String>,
    /// The city, such as `Poznań`.
    pub city: Option<String>,
    /// The country as two letters (ISO 3166-1), such as `PL`.
    pub country: Option<String>,
    /// The phone number, such as `+48610000001`.
    pub phone: Option<String>,
    /// Whether this is the main address.
    pub is_main: Option<bool>,
    /// Whether this is the correspondence address.
    pub is_correspondence: Option<bool>,
    /// Whether this is the address for invoices.
    pub is_invoice: Option<bool>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// A person in the response to a registration. In the response to [`CreateMerchant`], only the
/// names, roles and contacts are set.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the provider's API reference, `POST /accounts` and `POST /v1/accounts/merchant`. A
/// boolean in `pepStatement` is from the official PHP client.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedPerson {
    /// The id of the person, such as `pr_bmZYOMG86DJ3PNB1`.
    pub person_id: Option<String>,
    /// The first name, such as `Jan`.
    pub name: Option<String>,
    /// The surname, such as `Nowak`.
    pub surname: Option<String>,
    /// The nationality, such as `PL`.
    pub nationality: Option<String>,
    /// The share in the company in percent, such as `26.5`.
    pub shares_pct: Option<Amount>,
    /// The PESEL, the Polish national identification number of 11 digits.
    pub pesel: Option<String>,
    /// Whether the person is a beneficial owner.
    pub is_beneficiary: Option<bool>,
    /// Whether the person represents the company.
    pub is_representative: Option<bool>,
    /// Whether the person is a contact person.
    pub is_contact_person: Option<bool>,
    /// Whether the person is authorized to sign for the company.
    pub is_authorized_person: Option<bool>,
    /// The declaration about whether the person is politically exposed (PEP): a number or a
    /// boolean, as sent by the server.
    pub pep_statement: Option<String>,
    /// The date of birth, in the format `YYYY-MM-DD HH:MM:SS`.
    pub date_of_birth: Option<String>,
    /// The country of birth, such as `PL`.
    pub country_of_birth: Option<String>,
    /// The id of the identity document's type, such as 1; see
    /// [`list_documents`](Client::list_documents).
    pub type_of_document: Option<i64>,
    /// The number of the identity document.
    pub serial_number: Option<String>,
    /// The expiry date of the identity document, in the format `YYYY-MM-DD HH:MM:SS`.
    pub expiry_date: Option<String>,
    /// The authority that issued the identity document.
    pub issuing_authority: Option<String>,
    /// The phone numbers and e-mail addresses of the person. The server sends a list or a single
    /// object.
    #[serde(default, deserialize_with = "wire::one_or_more")]
    pub contact: Vec<CreatedContact>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// A phone number or e-mail address of a person, in the response to a registration.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the provider's API reference, `POST /accounts` and `POST /v1/accounts/merchant`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedContact {
    /// The phone number or e-mail address.
    pub contact: Option<String>,
    /// The type of the contact, such as 1. The meaning of the values is not documented.
    #[serde(rename = "type")]
    pub kind: Option<i64>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// An API key for the Open API. Store it, because the server does not return it again.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the provider's API reference, `POST /accounts` and `POST /v1/accounts/merchant`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApiCredentials {
    /// The id of the API key, such as `01HH1N1V033B5FMB6TXPWZVATY-01J06SX1HPPFG0D8907TWBG871`.
    pub client_id: Option<String>,
    /// The secret of the API key, for [`Client::builder`].
    #[serde(skip_serializing)]
    pub client_secret: Option<Secret>,
}

/// An API key for the deprecated transaction API.
///
/// See the example in the module [`accounts`](crate::accounts).
///
/// Source: the provider's API reference, `POST /accounts` and `POST /v1/accounts/merchant`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TransactionApiCredentials {
    /// The id of the merchant, a number as a string, such as `1010`.
    pub merchant_id: Option<String>,
    /// The API key of the transaction API.
    #[serde(skip_serializing)]
    pub api_key: Option<Secret>,
    /// The password that belongs to `api_key`.
    #[serde(skip_serializing)]
    pub api_password: Option<Secret>,
}

/// # Accounts
///
/// See the module [`accounts`](crate::accounts), which contains an example.
impl Client {
    /// Returns one page of the accounts of a partner's merchants.
    ///
    /// See the example in the module [`accounts`](crate::accounts).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_accounts(&self, request: &ListAccounts) -> Result<AccountPage> {
        self.send(request)
    }

    /// Returns an iterator over all accounts of a partner's merchants. The iterator requests page
    /// after page and returns each entry once.
    ///
    /// No request is sent before the iterator is advanced. If no page size is set, the iterator
    /// requests 100 entries per page.
    ///
    /// [`concurrent`](Items::concurrent) requests several pages at a time. If entries may be
    /// missing because the list changed while it was read, the last item is an error of kind
    /// [`Incomplete`](crate::ErrorKind::Incomplete).
    ///
    /// See the example in the module [`accounts`](crate::accounts).
    pub fn accounts(&self, request: &ListAccounts) -> Items<ListAccounts> {
        Items::new(self.core.clone(), request.clone().full_pages())
    }

    /// Creates an account for a partner's merchant. Use
    /// [`create_merchant`](Client::create_merchant) in new programs.
    ///
    /// See the example in the module [`accounts`](crate::accounts).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_account(&self, request: &CreateAccount) -> Result<CreatedAccount> {
        self.send(request)
    }

    /// Returns the account of a partner's merchant.
    ///
    /// See the example in the module [`accounts`](crate::accounts).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_account(&self, account_id: impl Into<String>) -> Result<Account> {
        self.send(&GetAccount::new(account_id))
    }

    /// Returns the balance of an account. Experimental: the response is not documented.
    ///
    /// See the example in the module [`accounts`](crate::accounts).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_balance(&self, account_id: impl Into<String>) -> Result<Balance> {
        self.send(&GetBalance::new(account_id))
    }
}
