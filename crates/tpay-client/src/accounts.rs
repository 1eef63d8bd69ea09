//! Accounts of a partner's merchants, points of sale, dictionaries.

use std::borrow::Cow;

use api_auth::{
    Amount, Body, Endpoint, Fault, Fields, InputError, Method, Paged, Params, Response, Secret,
    path_segment, setters, wire,
};
use serde::{Deserialize, Serialize};

use crate::{Currency, Outcome, check, fault, paging, secret};

/// A merchant's account, as a partner sees it. Its fields are not documented, so all but the id are
/// kept as they came.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Account {
    /// The id of the account.
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// A page of accounts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccountPage {
    /// How the call went.
    #[serde(default)]
    pub result: Option<Outcome>,
    /// The server's id of the request, for its support.
    #[serde(default, deserialize_with = "wire::text")]
    pub request_id: Option<String>,
    /// The accounts.
    #[serde(default, deserialize_with = "wire::list")]
    pub list: Vec<Account>,
    /// Which page this is, from 1.
    #[serde(default, deserialize_with = "wire::integer")]
    pub page: Option<i64>,
    /// The most entries of a page.
    #[serde(default, deserialize_with = "wire::integer")]
    pub limit: Option<i64>,
    /// How many entries there are on all pages.
    #[serde(default, deserialize_with = "wire::integer")]
    pub total: Option<i64>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// `GET /accounts`: the accounts of a partner's merchants.
///
/// Source: the provider's API reference, `GET /accounts`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListAccounts {
    page: Option<u32>,
    limit: Option<u32>,
}

impl ListAccounts {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// The page, from 1.
        page: u32,
        /// The entries of a page, 1 to 100. The server's default is 35.
        limit: u32,
    }
}

impl Endpoint for ListAccounts {
    type Output = AccountPage;
    const ID: &'static str = "accounts.list";

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Cow<'_, str> {
        "/accounts".into()
    }

    fn check(&self) -> Result<(), InputError> {
        check::limit(self.limit)?;
        Ok(())
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params
            .push_some("page", self.page.map(|value| value.to_string()))
            .push_some("limit", self.limit.map(|value| value.to_string()));
    }

    fn parse(&self, response: &Response) -> Result<AccountPage, Fault> {
        fault::answer(response)
    }
}

impl ListAccounts {
    /// With a page size written out, as large as allowed.
    pub(crate) fn full_pages(mut self) -> Self {
        self.limit.get_or_insert(100);
        self
    }
}

impl Paged for ListAccounts {
    type Item = Account;

    fn next(&self, page: &AccountPage) -> Option<Self> {
        let next = paging::next(self.page, self.limit, page.list.len(), page.limit, page.total)?;
        Some(self.clone().page(next))
    }

    fn items(page: AccountPage) -> Vec<Account> {
        page.list
    }

    fn item_id(item: &Account) -> Option<&str> {
        item.id.as_deref()
    }
}

/// `GET /accounts/{accountId}`: the account of a partner's merchant.
///
/// Source: the provider's API reference, `GET /accounts/{accountId}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetAccount {
    account_id: String,
}

impl GetAccount {
    /// By its id.
    pub fn new(account_id: impl Into<String>) -> Self {
        Self { account_id: account_id.into() }
    }
}

impl Endpoint for GetAccount {
    type Output = Account;
    const ID: &'static str = "accounts.get";

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Cow<'_, str> {
        ["/accounts/", &path_segment(&self.account_id)].concat().into()
    }

    fn check(&self) -> Result<(), InputError> {
        check::id("account_id", &self.account_id)?;
        Ok(())
    }

    fn parse(&self, response: &Response) -> Result<Account, Fault> {
        fault::answer(response)
    }
}

/// The balance of an account. No source shows its form, so it is kept as it came.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Balance {
    /// How the call went.
    #[serde(default)]
    pub result: Option<Outcome>,
    /// The server's id of the request, for its support.
    #[serde(default, deserialize_with = "wire::text")]
    pub request_id: Option<String>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// `GET /accounts/{accountId}/balance`: the balance of an account.
///
/// Experimental: its answer is not documented, so all of it is kept.
///
/// Source: the official PHP client; no documentation names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetBalance {
    account_id: String,
}

impl GetBalance {
    /// Of the account with this id.
    pub fn new(account_id: impl Into<String>) -> Self {
        Self { account_id: account_id.into() }
    }
}

impl Endpoint for GetBalance {
    type Output = Balance;
    const ID: &'static str = "accounts.balance";

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Cow<'_, str> {
        ["/accounts/", &path_segment(&self.account_id), "/balance"].concat().into()
    }

    fn check(&self) -> Result<(), InputError> {
        check::id("account_id", &self.account_id)?;
        Ok(())
    }

    fn parse(&self, response: &Response) -> Result<Balance, Fault> {
        fault::answer(response)
    }
}

/// An address of a new account.
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
    /// With nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Its name.
        name: impl Into<String>,
        /// Its short name.
        friendly_name: impl Into<String>,
        /// The room.
        room_number: impl Into<String>,
        /// The street.
        street: impl Into<String>,
        /// The house.
        house_number: impl Into<String>,
        /// The postal code.
        postal_code: impl Into<String>,
        /// The city.
        city: impl Into<String>,
        /// The country, two letters.
        country: impl Into<String>,
        /// The phone number.
        phone: impl Into<String>,
        /// Whether it is the main one; one is at most.
        is_main: bool,
        /// Whether letters go there.
        is_correspondence: bool,
        /// Whether invoices go there.
        is_invoice: bool,
    }
}

/// An address of a new merchant.
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
    /// With nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Its name.
        name: impl Into<String>,
        /// The flat.
        flat_number: impl Into<String>,
        /// The street.
        street: impl Into<String>,
        /// The house.
        house_number: impl Into<String>,
        /// The postal code.
        postal_code: impl Into<String>,
        /// The city.
        city: impl Into<String>,
        /// The country, two letters.
        country: impl Into<String>,
        /// The phone number.
        phone: impl Into<String>,
        /// Whether it is the main one; one is at most.
        is_main: bool,
        /// Whether letters go there.
        is_correspondence: bool,
        /// Whether invoices go there.
        is_invoice: bool,
    }
}

/// A phone number of a new account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountPhone {
    phone_number: String,
    phone_country: String,
}

impl AccountPhone {
    /// The number, up to 15 characters, and the two letters of its country.
    pub fn new(phone_number: impl Into<String>, phone_country: impl Into<String>) -> Self {
        Self { phone_number: phone_number.into(), phone_country: phone_country.into() }
    }
}

/// A website of a new account or merchant.
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
    /// With nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Its address.
        url: impl Into<String>,
        /// Its name.
        name: impl Into<String>,
        /// What it is about (accounts only).
        description: impl Into<String>,
        /// Its short name (accounts only).
        friendly_name: impl Into<String>,
    }
}

/// A person behind a new account.
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
    type_of_document: Option<u32>,
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
    /// With name and surname.
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
        /// The nationality.
        nationality: impl Into<String>,
        /// How much of the company is theirs, in percent.
        shares_pct: Amount,
        /// The Polish identity number.
        pesel: impl Into<String>,
        /// Whether they profit from the company.
        is_beneficiary: bool,
        /// Whether they represent it.
        is_representative: bool,
        /// Whether they are to be asked; needs a contact.
        is_contact_person: bool,
        /// Whether they may sign.
        is_authorized_person: bool,
        /// Whether they hold a political office, by its number.
        pep_statement: u32,
        /// `YYYY-MM-DD HH:MM:SS`.
        date_of_birth: impl Into<String>,
        /// The country of birth.
        country_of_birth: impl Into<String>,
        /// The document, by the number of its type.
        type_of_document: u32,
        /// The number of the document.
        serial_number: impl Into<String>,
        /// When the document expires.
        expiry_date: impl Into<String>,
        /// Who issued the document.
        issuing_authority: impl Into<String>,
        /// How they are reached.
        contact: impl Into<Vec<PersonContact>>,
    }
}

/// How a person is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonContact {
    contact: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<u32>,
}

impl PersonContact {
    /// At this number or address.
    pub fn new(contact: impl Into<String>) -> Self {
        Self { contact: contact.into(), kind: None }
    }

    setters! {
        /// The type; 1.
        kind: u32,
    }
}

/// The bank account of a new account.
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
    /// With its number and its owner.
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
        /// The bank, up to 64 characters.
        bank_name: impl Into<String>,
        /// The address of the owner, up to 128 characters.
        owner_address: impl Into<String>,
        /// The currency.
        currency: impl Into<Currency>,
        /// The country, two letters.
        country_code: impl Into<String>,
        /// 1 Polish, 2 SEPA, 3 foreign.
        account_type: u32,
    }
}

/// `POST /accounts`: makes an account for a partner's merchant, in the old way.
///
/// Use [`CreateMerchant`] for new programs. The sources disagree about what is required, so only the
/// offer and the address are; the server judges the rest.
///
/// Source: the provider's API reference, `POST /accounts`.
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
    krs: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    legal_form: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category_id: Option<u32>,
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
    /// With the code of the offer and the e-mail address.
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
            notify_by_email: None,
            merchant_api_consent: None,
            website: None,
            address: None,
            person: None,
            bank_account: None,
        }
    }

    setters! {
        /// The phone number.
        phone: AccountPhone,
        /// The tax id.
        tax_id: impl Into<String>,
        /// The number in the register of businesses.
        regon: impl Into<String>,
        /// The number in the court's register.
        krs: i64,
        /// The legal form, by its number.
        legal_form: u32,
        /// The category of sale, by its number.
        category_id: u32,
        /// Whether the merchant is written to.
        notify_by_email: bool,
        /// Whether the merchant agrees to the use of the API.
        merchant_api_consent: bool,
        /// The websites.
        website: impl Into<Vec<Website>>,
        /// The addresses.
        address: impl Into<Vec<AccountAddress>>,
        /// The persons.
        person: impl Into<Vec<Person>>,
        /// The bank account.
        bank_account: AccountBank,
    }
}

impl Endpoint for CreateAccount {
    type Output = CreatedAccount;
    const ID: &'static str = "accounts.create";

    fn method(&self) -> Method {
        Method::POST
    }

    fn path(&self) -> Cow<'_, str> {
        "/accounts".into()
    }

    fn check(&self) -> Result<(), InputError> {
        check::length("offer_code", &self.offer_code, 1, 255)?;
        check::filled("email", &self.email)?;
        Ok(())
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<CreatedAccount, Fault> {
        fault::answer(response)
    }
}

/// Whom to ask at a new merchant.
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
    /// With name and surname.
    pub fn new(name: impl Into<String>, surname: impl Into<String>) -> Self {
        Self { name: name.into(), surname: surname.into(), phone: None, email: None }
    }

    setters! {
        /// The phone number.
        phone: impl Into<String>,
        /// The e-mail address.
        email: impl Into<String>,
    }
}

/// `POST /v1/accounts/merchant`: registers a merchant of a partner.
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
    legal_form: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category_id: Option<u32>,
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
    /// With the code of the offer and the e-mail address.
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
        /// The tax id.
        tax_id: impl Into<String>,
        /// The number in the register of businesses.
        regon: impl Into<String>,
        /// The number in the court's register.
        krs: impl Into<String>,
        /// The legal form, by its number.
        legal_form: u32,
        /// The category of sale, by its number.
        category_id: u32,
        /// The addresses; one is the main one at most.
        address: impl Into<Vec<MerchantAddress>>,
        /// The websites.
        website: impl Into<Vec<Website>>,
        /// Whom to ask.
        contact_person: impl Into<Vec<ContactPerson>>,
        /// Whether the merchant agrees to the use of the API.
        merchant_api_consent: bool,
    }
}

impl Endpoint for CreateMerchant {
    type Output = CreatedAccount;
    const ID: &'static str = "accounts.create_merchant";

    fn method(&self) -> Method {
        Method::POST
    }

    fn path(&self) -> Cow<'_, str> {
        "/v1/accounts/merchant".into()
    }

    fn check(&self) -> Result<(), InputError> {
        check::length("offer_code", &self.offer_code, 1, 255)?;
        check::filled("email", &self.email)?;
        let addresses = self.address.as_deref().unwrap_or_default();
        if addresses.iter().filter(|address| address.is_main == Some(true)).count() > 1 {
            return Err(InputError::new("address", "may have one main entry at most"));
        }
        Ok(())
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<CreatedAccount, Fault> {
        fault::answer(response)
    }
}

/// A new account or merchant. It holds keys that are shown this once.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedAccount {
    /// How the call went.
    #[serde(default)]
    pub result: Option<Outcome>,
    /// The server's id of the request, for its support.
    #[serde(default, deserialize_with = "wire::text")]
    pub request_id: Option<String>,
    /// The id of the account.
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
    /// The code of the offer.
    #[serde(default, deserialize_with = "wire::text")]
    pub offer_code: Option<String>,
    /// The e-mail address.
    #[serde(default, deserialize_with = "wire::text")]
    pub email: Option<String>,
    /// The tax id.
    #[serde(default, deserialize_with = "wire::text")]
    pub tax_id: Option<String>,
    /// The number in the register of businesses.
    #[serde(default, deserialize_with = "wire::text")]
    pub regon: Option<String>,
    /// The number in the court's register.
    #[serde(default, deserialize_with = "wire::text")]
    pub krs: Option<String>,
    /// The legal form, by its number.
    #[serde(default, deserialize_with = "wire::integer")]
    pub legal_form: Option<i64>,
    /// The category of sale, by its number.
    #[serde(default, deserialize_with = "wire::integer")]
    pub category_id: Option<i64>,
    /// Whether the merchant is written to.
    #[serde(default, deserialize_with = "wire::boolean")]
    pub notify_by_email: Option<bool>,
    /// How far the merchant is verified.
    #[serde(default, deserialize_with = "wire::integer")]
    pub verification_status: Option<i64>,
    /// Where the merchant begins.
    #[serde(default, deserialize_with = "wire::text")]
    pub activation_link: Option<String>,
    /// The websites, each with its point of sale.
    #[serde(default, deserialize_with = "wire::list")]
    pub website: Vec<Pos>,
    /// The addresses.
    #[serde(default, deserialize_with = "wire::list")]
    pub address: Vec<CreatedAddress>,
    /// The persons.
    #[serde(default, deserialize_with = "wire::list")]
    pub person: Vec<CreatedPerson>,
    /// Keys of this API.
    #[serde(default, deserialize_with = "wire::list")]
    pub api_credentials: Vec<ApiCredentials>,
    /// Keys of the old API.
    #[serde(default, deserialize_with = "wire::object")]
    pub transaction_api_credentials: Option<TransactionApiCredentials>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// An address of a new account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedAddress {
    /// Its id.
    #[serde(default, deserialize_with = "wire::text")]
    pub address_id: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "wire::text")]
    pub name: Option<String>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// A person of a new account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedPerson {
    /// Its id.
    #[serde(default, deserialize_with = "wire::text")]
    pub person_id: Option<String>,
    /// The name.
    #[serde(default, deserialize_with = "wire::text")]
    pub name: Option<String>,
    /// The surname.
    #[serde(default, deserialize_with = "wire::text")]
    pub surname: Option<String>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// Keys of this API. They are never written out again: keep them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApiCredentials {
    /// The id.
    #[serde(default, deserialize_with = "wire::text")]
    pub client_id: Option<String>,
    /// The secret.
    #[serde(default, skip_serializing, deserialize_with = "secret::read")]
    pub client_secret: Option<Secret>,
}

/// Keys of the old API.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TransactionApiCredentials {
    /// The merchant.
    #[serde(default, deserialize_with = "wire::text")]
    pub merchant_id: Option<String>,
    /// The key.
    #[serde(default, skip_serializing, deserialize_with = "secret::read")]
    pub api_key: Option<Secret>,
    /// The password.
    #[serde(default, skip_serializing, deserialize_with = "secret::read")]
    pub api_password: Option<Secret>,
}

/// An entry of a dictionary: a category, a legal form, a type of document, an MCC.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DictionaryEntry {
    /// Its number.
    #[serde(default, deserialize_with = "wire::integer")]
    pub id: Option<i64>,
    /// Its name.
    #[serde(default, deserialize_with = "wire::text")]
    pub name: Option<String>,
    /// Its code (MCC only).
    #[serde(default, deserialize_with = "wire::text")]
    pub code: Option<String>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// A dictionary.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Dictionary {
    /// How the call went.
    #[serde(default)]
    pub result: Option<Outcome>,
    /// The server's id of the request, for its support.
    #[serde(default, deserialize_with = "wire::text")]
    pub request_id: Option<String>,
    /// The entries.
    #[serde(default, deserialize_with = "wire::list")]
    pub list: Vec<DictionaryEntry>,
    /// Which page this is, from 1.
    #[serde(default, deserialize_with = "wire::integer")]
    pub page: Option<i64>,
    /// The most entries of a page.
    #[serde(default, deserialize_with = "wire::integer")]
    pub limit: Option<i64>,
    /// How many entries there are on all pages.
    #[serde(default, deserialize_with = "wire::integer")]
    pub total: Option<i64>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// `GET /accounts/category`: the categories of sale.
///
/// Source: the provider's API reference, `GET /accounts/category`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListCategories {}

impl ListCategories {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for ListCategories {
    type Output = Dictionary;
    const ID: &'static str = "accounts.categories";

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Cow<'_, str> {
        "/accounts/category".into()
    }

    fn parse(&self, response: &Response) -> Result<Dictionary, Fault> {
        fault::answer(response)
    }
}

/// `GET /accounts/category/{categoryId}`: a category of sale.
///
/// Source: the provider's API reference, `GET /accounts/category/{categoryId}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetCategory {
    category_id: u32,
}

impl GetCategory {
    /// By its number.
    pub fn new(category_id: u32) -> Self {
        Self { category_id }
    }
}

impl Endpoint for GetCategory {
    type Output = DictionaryEntry;
    const ID: &'static str = "accounts.category";

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Cow<'_, str> {
        ["/accounts/category/", &self.category_id.to_string()].concat().into()
    }

    fn parse(&self, response: &Response) -> Result<DictionaryEntry, Fault> {
        fault::answer(response)
    }
}

/// `GET /accounts/legalForm`: the legal forms.
///
/// Source: the provider's API reference, `GET /accounts/legalForm`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListLegalForms {}

impl ListLegalForms {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for ListLegalForms {
    type Output = Dictionary;
    const ID: &'static str = "accounts.legal_forms";

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Cow<'_, str> {
        "/accounts/legalForm".into()
    }

    fn parse(&self, response: &Response) -> Result<Dictionary, Fault> {
        fault::answer(response)
    }
}

/// `GET /accounts/legalForm/{legalFormId}`: a legal form.
///
/// Source: the provider's API reference, `GET /accounts/legalForm/{legalFormId}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetLegalForm {
    legal_form_id: u32,
}

impl GetLegalForm {
    /// By its number.
    pub fn new(legal_form_id: u32) -> Self {
        Self { legal_form_id }
    }
}

impl Endpoint for GetLegalForm {
    type Output = DictionaryEntry;
    const ID: &'static str = "accounts.legal_form";

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Cow<'_, str> {
        ["/accounts/legalForm/", &self.legal_form_id.to_string()].concat().into()
    }

    fn parse(&self, response: &Response) -> Result<DictionaryEntry, Fault> {
        fault::answer(response)
    }
}

/// `GET /accounts/document`: the types of documents.
///
/// Source: the provider's API reference, `GET /accounts/document`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListDocuments {}

impl ListDocuments {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for ListDocuments {
    type Output = Dictionary;
    const ID: &'static str = "accounts.documents";

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Cow<'_, str> {
        "/accounts/document".into()
    }

    fn parse(&self, response: &Response) -> Result<Dictionary, Fault> {
        fault::answer(response)
    }
}

/// `GET /accounts/document/{documentTypeId}`: a type of document.
///
/// Source: the provider's API reference, `GET /accounts/document/{documentTypeId}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetDocument {
    document_type_id: u32,
}

impl GetDocument {
    /// By its number.
    pub fn new(document_type_id: u32) -> Self {
        Self { document_type_id }
    }
}

impl Endpoint for GetDocument {
    type Output = DictionaryEntry;
    const ID: &'static str = "accounts.document";

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Cow<'_, str> {
        ["/accounts/document/", &self.document_type_id.to_string()].concat().into()
    }

    fn parse(&self, response: &Response) -> Result<DictionaryEntry, Fault> {
        fault::answer(response)
    }
}

/// `GET /accounts/mcc`: the merchant category codes.
///
/// Source: the provider's API reference, `GET /accounts/mcc`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListMcc {}

impl ListMcc {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for ListMcc {
    type Output = Dictionary;
    const ID: &'static str = "accounts.mcc";

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Cow<'_, str> {
        "/accounts/mcc".into()
    }

    fn parse(&self, response: &Response) -> Result<Dictionary, Fault> {
        if response.body().trim_ascii_start().starts_with(b"[") {
            return Ok(Dictionary { list: api_auth::json(response)?, ..Dictionary::default() });
        }
        fault::answer(response)
    }
}

/// A point of sale.
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
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// When a point of sale was made and changed.
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
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// The settings of a point of sale.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PosSettings {
    /// The security code of its notifications.
    #[serde(default, skip_serializing, deserialize_with = "secret::read")]
    pub confirmation_code: Option<Secret>,
    /// Whether it is in test mode.
    #[serde(default, deserialize_with = "wire::boolean")]
    pub is_test_mode: Option<bool>,
}

/// The points of sale.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PosList {
    /// How the call went.
    #[serde(default)]
    pub result: Option<Outcome>,
    /// The server's id of the request, for its support.
    #[serde(default, deserialize_with = "wire::text")]
    pub request_id: Option<String>,
    /// The points of sale.
    #[serde(default, deserialize_with = "wire::list")]
    pub list: Vec<Pos>,
    /// What else the server said.
    #[serde(flatten)]
    pub fields: Fields,
}

/// `GET /accounts/pos`: the points of sale. The answer holds their security codes.
///
/// Source: the provider's API reference, `GET /accounts/pos`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Cow<'_, str> {
        "/accounts/pos".into()
    }

    fn parse(&self, response: &Response) -> Result<PosList, Fault> {
        fault::answer(response)
    }
}
