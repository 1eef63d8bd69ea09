//! Handles the endpoints `accounts.*`, for the merchant accounts of a partner and for the
//! dictionaries of values for their fields.

use serde_json::{Value, json};

use super::check::{Kind, Refusal, Rules, check, is_country, is_digits, kinds, may, need};
use super::json::Members;
use super::{ACCOUNT_ID, ApiResult, Ask, Out, POS_ID, SECURITY_CODE, Tpay};

const PHONE: Rules =
    &[need("phoneNumber", Kind::Text(1, 15)), need("phoneCountry", kinds::COUNTRY)];
const WEBSITE: Rules = &[
    may("description", kinds::ANY),
    may("url", kinds::URL),
    may("name", kinds::ANY),
    may("friendlyName", kinds::ANY),
];
const ADDRESS: Rules = &[
    may("name", kinds::UP_TO_255),
    may("friendlyName", kinds::UP_TO_255),
    may("street", kinds::UP_TO_255),
    may("houseNumber", kinds::UP_TO_255),
    may("roomNumber", kinds::UP_TO_255),
    may("postalCode", kinds::UP_TO_255),
    may("city", kinds::UP_TO_255),
    may("country", kinds::UP_TO_255),
    may("phone", kinds::UP_TO_255),
    may("isMain", Kind::Bool),
    may("isCorrespondence", Kind::Bool),
    may("isInvoice", Kind::Bool),
];
const CONTACT: Rules = &[need("contact", kinds::FILLED), may("type", kinds::INT)];
const PERSON: Rules = &[
    may("name", kinds::ANY),
    may("surname", kinds::ANY),
    may("nationality", kinds::ANY),
    may("sharesPct", Kind::Quantity),
    may("pesel", kinds::ANY),
    may("isBeneficiary", Kind::Bool),
    may("isRepresentative", Kind::Bool),
    may("isContactPerson", Kind::Bool),
    may("isAuthorizedPerson", Kind::Bool),
    may("pepStatement", Kind::IntOrBool),
    may("dateOfBirth", Kind::OrNull(&kinds::DATE_TIME)),
    may("countryOfBirth", kinds::ANY),
    may("typeOfDocument", kinds::INT),
    may("serialNumber", kinds::ANY),
    may("expiryDate", Kind::OrNull(&kinds::ANY)),
    may("issuingAuthority", kinds::ANY),
    may("contact", Kind::OneOrMore(CONTACT)),
];
const BANK_ACCOUNT: Rules = &[
    need("accountNo", Kind::Like(|text| text.len() == 26 && is_digits(text), "26 digits")),
    need("bankName", Kind::Text(1, 64)),
    need("ownerName", Kind::Text(1, 128)),
    need("ownerAddress", Kind::Text(1, 128)),
    may("currency", Kind::OneOf(&["PLN", "EUR", "USD", "GBP"])),
    may("countryCode", kinds::COUNTRY),
    may("accountType", Kind::Int(1, 3)),
];
/// The fields of a new account. Only the fields that the official client requires are required
/// here, although the documentation requires more.
const ACCOUNT: Rules = &[
    need("offerCode", Kind::Text(1, 255)),
    need("email", kinds::EMAIL),
    may("phone", Kind::Object(PHONE)),
    need("taxId", kinds::FILLED),
    may("regon", kinds::ANY),
    may("krs", kinds::ANY),
    need("legalForm", kinds::INT),
    need("categoryId", kinds::INT),
    may("mcc", kinds::ANY),
    may("notifyByEmail", Kind::Bool),
    may("merchantApiConsent", Kind::Bool),
    may("website", Kind::List(0, WEBSITE)),
    may("address", Kind::List(0, ADDRESS)),
    may("person", Kind::List(0, PERSON)),
    may("bankAccount", Kind::Object(BANK_ACCOUNT)),
];

const MERCHANT_ADDRESS: Rules = &[
    may("name", kinds::UP_TO_255),
    may("street", kinds::UP_TO_255),
    may("houseNumber", kinds::UP_TO_255),
    may("flatNumber", kinds::UP_TO_255),
    may("postalCode", kinds::UP_TO_255),
    may("city", kinds::UP_TO_255),
    may("country", kinds::UP_TO_255),
    may("phone", kinds::UP_TO_255),
    may("isMain", Kind::Bool),
    may("isCorrespondence", Kind::Bool),
    may("isInvoice", Kind::Bool),
];
const CONTACT_PERSON: Rules = &[
    may("name", kinds::ANY),
    may("surname", kinds::ANY),
    may("phone", kinds::ANY),
    may("email", kinds::EMAIL),
];
const MERCHANT: Rules = &[
    need("offerCode", Kind::Text(1, 255)),
    need("email", kinds::EMAIL),
    may("taxId", kinds::ANY),
    may("regon", kinds::ANY),
    may("krs", kinds::ANY),
    may("legalForm", kinds::INT),
    may("categoryId", kinds::INT),
    may("address", Kind::List(0, MERCHANT_ADDRESS)),
    may("website", Kind::List(0, &[may("url", kinds::URL), may("name", kinds::ANY)])),
    may("contactPerson", Kind::List(0, CONTACT_PERSON)),
    may("merchantApiConsent", Kind::Bool),
];

/// The fields of an uploaded file. Their source is the provider's Postman collection, which
/// contains one request but no response.
const FILE: Rules = &[
    need("file", kinds::BASE64),
    need("accountId", kinds::FILLED),
    need("documentType", kinds::INT),
    may("personId", kinds::FILLED),
];

const CATEGORIES: &[(u64, &str)] = &[(60, "Książki"), (61, "Muzyka"), (62, "Gry")];
const LEGAL_FORMS: &[(u64, &str)] = &[(1, "Osoba fizyczna"), (3, "Spółka z o.o.")];
const DOCUMENTS: &[(u64, &str)] = &[(1, "Dowód osobisty"), (2, "Paszport")];
const MCC: &[(u64, &str)] = &[(5942, "Book stores"), (5735, "Record stores")];

fn entries(id: &str) -> &'static [(u64, &'static str)] {
    match id {
        "accounts.categories" | "accounts.category" => CATEGORIES,
        "accounts.legal_forms" | "accounts.legal_form" => LEGAL_FORMS,
        "accounts.documents" | "accounts.document" => DOCUMENTS,
        _ => MCC,
    }
}

/// Returns a page of the entries of a dictionary, such as the list of categories.
pub(super) fn dictionary(id: &str, ask: &Ask) -> ApiResult {
    ask.only(&["page", "limit"])?;
    let is_mcc = id == "accounts.mcc";
    Ok(Out::Wrapped(ask.page()?.wrap("list", entries(id), |(number, name)| {
        let mut entry = json!({ "id": number, "name": name });
        if is_mcc {
            entry.put("/code", number.to_string());
        }
        entry
    })))
}

/// Returns the dictionary entry whose id is in the path.
pub(super) fn dictionary_entry(id: &str, ask: &Ask) -> ApiResult {
    ask.only(&[])?;
    let Ok(wanted) = ask.value(0).parse::<u64>() else {
        return Err(Refusal::field("not_natural_int", "id", "must be a decimal integer"));
    };
    let found = entries(id).iter().find(|(number, _)| *number == wanted);
    let (number, name) = found.ok_or_else(|| Refusal::unknown("entry"))?;
    Ok(Out::Wrapped(json!({ "id": number, "name": name })))
}

/// Returns the only merchant account in the initial state.
pub(super) fn first_account() -> Value {
    json!({
        "id": ACCOUNT_ID,
        "offerCode": "SAND1",
        "email": "shop@example.org",
        "verificationStatus": 1,
    })
}

/// Returns an error if there is more than one main address, or if the main address has no valid
/// country.
fn check_addresses(body: &Value) -> Result<(), Refusal> {
    let addresses = body.at("address").items().iter().enumerate();
    let mut main = addresses.filter(|(_, address)| address.at("isMain") == true);
    let Some((index, first)) = main.next() else { return Ok(()) };
    if main.next().is_some() {
        // Not documented for `POST /accounts`.
        let why = "at most one address may be the main one (isMain)";
        return Err(Refusal::field("not_valid", "address", why));
    }
    let field = format!("address.{index}.country");
    match first.at("country").as_str() {
        None => {
            let why = "the main address must have a country";
            Err(Refusal::field("field_required", &field, why))
        }
        Some(country) if !is_country(country) => {
            let why = "must be two upper-case letters";
            Err(Refusal::field("country_not_valid", &field, why))
        }
        Some(_) => Ok(()),
    }
}

/// Returns an error if the currency of a bank account is not allowed for its type.
fn check_bank_account(account: &Value) -> Result<(), Refusal> {
    let currencies: &[&str] = match account.at("accountType").as_u64() {
        Some(2) => &["EUR"],
        Some(3) => &["PLN", "EUR", "USD", "GBP"],
        _ => &["PLN"],
    };
    if currencies.contains(&account.at("currency").as_str().unwrap_or("PLN")) {
        return Ok(());
    }
    let why = format!("An account of this type is in {}", currencies.join(", "));
    Err(Refusal::field("not_valid", "bankAccount.currency", &why))
}

impl Tpay {
    fn add_account(&mut self, body: &Value) -> Value {
        let mut account = body.clone();
        let id = self.ulid();
        account.put("/id", id.clone());
        account.put("/verificationStatus", json!(0));
        account.put("/activationLink", format!("{}/activate/{id}", self.base_url));
        for (list, key, prefix) in [("website", "posId", "ps_"), ("address", "addressId", "ad_")] {
            for item in account.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                self.ids += 1;
                item.put(&format!("/{key}"), format!("{prefix}{:016}", self.ids));
                if list == "website" {
                    item.put("/accountId", id.clone());
                }
            }
        }
        for person in account.get_mut("person").and_then(Value::as_array_mut).into_iter().flatten()
        {
            self.ids += 1;
            person.put("/personId", format!("pe_{:016}", self.ids));
        }
        for list in ["website", "address", "person"] {
            if account.at(list).is_null() {
                account.put(&format!("/{list}"), json!([]));
            }
        }
        account.put(
            "/apiCredentials",
            json!([{ "clientId": format!("{id}-{id}"), "clientSecret": format!("secret-{id}") }]),
        );
        account.put(
            "/transactionApiCredentials",
            json!({
                "merchantId": self.next_id().to_string(),
                "apiKey": format!("key-{id}"),
                "apiPassword": format!("password-{id}"),
            }),
        );
        // The list and the details do not contain the secrets, which are returned only once.
        let mut shown = account.clone();
        if let Some(object) = shown.as_object_mut() {
            object.remove("apiCredentials");
            object.remove("transactionApiCredentials");
        }
        self.accounts.push(shown);
        account
    }

    pub(super) fn accounts_list(&self, ask: &Ask) -> ApiResult {
        ask.only(&["page", "limit"])?;
        Ok(Out::Wrapped(ask.page()?.wrap("list", &self.accounts, Value::clone)))
    }

    pub(super) fn accounts_create(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        check(&ask.body, ACCOUNT)?;
        check_addresses(&ask.body)?;
        if ask.body.at("bankAccount").is_object() {
            check_bank_account(ask.body.at("bankAccount"))?;
        }
        Ok(Out::Wrapped(self.add_account(&ask.body)))
    }

    pub(super) fn accounts_create_merchant(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        check(&ask.body, MERCHANT)?;
        check_addresses(&ask.body)?;
        let contacts = ask.body.at("contactPerson").items();
        let reachable =
            |person: &Value| person.at("email").is_string() || person.at("phone").is_string();
        if !contacts.iter().all(reachable) {
            let why = "each contact person must have a phone or an email";
            return Err(Refusal::field("contact_data_missing", "contactPerson", why));
        }
        let mut account = self.add_account(&ask.body);
        // In the documentation, the response of this endpoint has no requestId, and krs is a
        // number.
        if let Some(krs) = account.text("/krs").and_then(|krs| krs.parse::<u64>().ok()) {
            account.put("/krs", krs);
        }
        if let Some(object) = account.as_object_mut() {
            object.remove("merchantApiConsent");
            object.insert("result".to_owned(), "success".into());
        }
        Ok(Out::Bare(account))
    }

    pub(super) fn accounts_get(&self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        let found = self.accounts.iter().find(|account| account.at("id") == ask.value(0));
        Ok(Out::Wrapped(found.ok_or_else(|| Refusal::unknown("account"))?.clone()))
    }

    /// Handles `accounts.balance`. The balance is the sum of all payments minus all refunds. The
    /// provider's response is not documented.
    pub(super) fn accounts_balance(&self, ask: &Ask) -> ApiResult {
        self.accounts_get(ask)?;
        let balance: u64 = match ask.value(0) {
            ACCOUNT_ID => {
                let left = self.transactions.iter();
                let left = left.map(|paid| paid.paid.saturating_sub(paid.refunded));
                left.fold(0, u64::saturating_add)
            }
            _ => 0,
        };
        let balance = super::check::money(balance);
        Ok(Out::Wrapped(json!({ "balance": balance, "currency": "PLN" })))
    }

    /// Handles `accounts.upload_file`. The response contains the id of the file. The provider's
    /// response is not documented.
    pub(super) fn accounts_upload_file(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        check(&ask.body, FILE)?;
        let is_account = |account: &&Value| account.at("id") == ask.body.at("accountId");
        let account = self
            .accounts
            .iter()
            .find(is_account)
            .ok_or_else(|| Refusal::field("not_valid", "accountId", "no such account"))?;
        let person = ask.body.at("personId");
        let people = account.at("person").items();
        if !person.is_null() && !people.iter().any(|one| one.at("personId") == person) {
            let why = "the account has no such person";
            return Err(Refusal::field("not_valid", "personId", why));
        }
        let type_id = ask.body.at("documentType").as_u64();
        if !DOCUMENTS.iter().any(|(id, _)| Some(*id) == type_id) {
            return Err(Refusal::field("not_valid", "documentType", "no such type of document"));
        }
        Ok(Out::Wrapped(json!({ "id": format!("fi_{:016}", self.next_id()) })))
    }

    pub(super) fn accounts_pos(&self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        Ok(Out::Wrapped(json!({ "list": [{
            "posId": POS_ID,
            "accountId": ACCOUNT_ID,
            "date": { "create": "2025-01-01 00:00:00", "modification": "2025-01-01 00:00:00" },
            "settings": { "confirmationCode": SECURITY_CODE, "isTestMode": "0" },
            "description": "",
            "url": "https://example.com",
            "name": "Shop",
            "friendlyName": "Shop",
        }] })))
    }
}
