//! Tests that each documented field of each response and notification is parsed into the field with
//! its name.

#![cfg(feature = "notifications")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::Debug;

use serde_json::Value;
use test_support::responses::{Call, Responses};
use test_support::{enums, wire_texts};
use tpay_client::accounts::*;
use tpay_client::api_auth::{
    ManualClock, Request, Response, StatusCode, TransportError, path_segment,
};
use tpay_client::blik::*;
use tpay_client::cards::*;
use tpay_client::channels::*;
use tpay_client::collect::*;
use tpay_client::common::*;
use tpay_client::marketplace::*;
use tpay_client::notifications::events::*;
use tpay_client::notifications::*;
use tpay_client::recurring::*;
use tpay_client::refunds::*;
use tpay_client::reports::*;
use tpay_client::transactions::pay::*;
use tpay_client::transactions::payments::*;
use tpay_client::transactions::qr::*;
use tpay_client::transactions::*;
use tpay_client::*;

const NOW: u64 = 1_795_305_600;

fn client(status: u16, body: &str) -> Client {
    let body = body.as_bytes().to_vec();
    let transport = move |_: Request| -> Result<Response, TransportError> {
        let mut response = Response::new(body.clone());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        Ok(response)
    };
    let client = Client::builder("id", "secret").http_basic().transport(transport).retries(0);
    client.clock(ManualClock::at_unix(NOW)).build().unwrap()
}

/// Returns a method of a client whose transport sends one response body.
fn call<T: Debug>(call: impl Fn(&Client) -> Result<T> + 'static) -> Call {
    Box::new(move |body| {
        call(&client(200, body))
            .map(|value| format!("{value:#?}"))
            .map_err(|error| format!("{error:?} {error}"))
    })
}

/// Returns a client method that pays. A declined payment is an error with the transaction as its
/// payload.
fn payment(pay: impl Fn(&Client) -> Result<Transaction> + 'static) -> Call {
    call(move |client| pay(client).or_else(|error| error.declined().cloned().ok_or(error)))
}

/// Returns the entries of an error response.
fn error_response(body: &str) -> Result<String, String> {
    let error = client(400, body).get_token_info().unwrap_err();
    Ok(format!("request_id: {:#?},\ndetails: {:#?}", error.request_id(), error.details()))
}

/// Returns the code and message of an error response in the OAuth format.
fn oauth_error_response(body: &str) -> Result<String, String> {
    let error = client(400, body).request_token().unwrap_err();
    Ok(format!("code: {:?},\nmessage: {:?}", error.code(), error.message()))
}

/// Signs and reads a notification.
fn notification(body: &str) -> Result<String, String> {
    let client = client(200, "");
    let reader = client.notifications().unwrap().accept_any_merchant();
    let reader = reader.anchors(testing::ANCHORS).unwrap().certificate(testing::CERTIFICATE);
    let signature = testing::sign(&client, body.as_bytes()).unwrap();
    match reader.read(&signature, body.as_bytes()) {
        Ok(Notification::Payment(payment)) => Ok(printed(&payment)),
        Ok(other) => {
            // The hash of the body changes with each field.
            let printed = format!("{other:#?}");
            let lines = printed.lines().filter(|line| !line.contains("body_hash: "));
            Ok(lines.collect::<Vec<_>>().join("\n"))
        }
        Err(error) => {
            let kind = error.payload::<OtherNotification>().map(|other| &other.kind);
            Err(format!("{error:?} {error} {}", kind.map_or("", |_| "type or event: unknown")))
        }
    }
}

/// Prints all fields of a payment; `Debug` shows only some of them.
fn printed(payment: &PaymentNotification) -> String {
    let code = "demo".into();
    let fields: [(&str, &dyn Debug); 26] = [
        ("merchant_id", &payment.merchant_id),
        ("title", &payment.title),
        ("date", &payment.date),
        ("crc", &payment.crc),
        ("amount", &payment.amount),
        ("paid", &payment.paid),
        ("description", &payment.description),
        ("status", &payment.status),
        ("error", &payment.error),
        ("email", &payment.email),
        ("test_mode", &payment.test_mode),
        ("currency", &payment.currency),
        ("channel", &payment.channel),
        ("wallet", &payment.wallet),
        ("masterpass", &payment.masterpass),
        ("card_token", &payment.card_token),
        ("token_expiry_date", &payment.token_expiry_date),
        ("card_tail", &payment.card_tail),
        ("card_brand", &payment.card_brand),
        ("token_value", &payment.token_value),
        ("initial_transaction_id", &payment.initial_transaction_id),
        ("eisop_card_expiry_date", &payment.eisop_card_expiry_date),
        ("eisop_card_brand", &payment.eisop_card_brand),
        ("eisop_card_tail", &payment.eisop_card_tail),
        ("extra", &payment.extra),
        ("md5sum", &payment.is_md5sum_valid(&code)),
    ];
    fields.map(|(name, value)| format!("{name}: {value:#?},")).join("\n")
}

/// Converts a notification to a form: `data[token]=…`.
fn as_form(body: &str) -> Result<String, String> {
    fn add(form: &mut Vec<String>, name: &str, value: &Value) {
        match value {
            Value::Object(members) => {
                for (member, value) in members {
                    let name = match name {
                        "" => member.clone(),
                        name => format!("{name}[{member}]"),
                    };
                    add(form, &name, value);
                }
            }
            Value::String(text) => {
                form.push(format!("{}={}", path_segment(name), path_segment(text)));
            }
            _ => {}
        }
    }
    let mut form = Vec::new();
    add(&mut form, "", &serde_json::from_str(body).unwrap());
    notification(&form.join("&"))
}

#[test]
fn each_documented_field_is_parsed_into_the_field_of_its_name() {
    Responses {
        provider: "tpay",
        sources: &[],
        folder: env!("CARGO_MANIFEST_DIR"),
        calls: calls(),
        others: others(),
        no_fields: NO_FIELDS,
        renamed: RENAMED,
        converted: CONVERTED,
        derived: DERIVED,
        not_kept: &[
            ("error", "result", "the status of the response decides"),
            ("error", "devMessage", "it replaces an empty `errorMessage` only"),
            ("error", "docUrl", "it is a link to the provider's documentation"),
            ("error.developers", "result", "the status of the response decides"),
            ("error.developers", "docUrl", "it is a link to the provider's documentation"),
        ],
        undocumented: UNDOCUMENTED,
        required: REQUIRED,
    }
    .check();
}

fn calls() -> Vec<(&'static str, Call)> {
    let payer = || Payer::new("jan.nowak@example.com", "Jan Nowak");
    vec![
        ("oauth.token", call(Client::request_token)),
        ("oauth.tokeninfo", call(Client::get_token_info)),
        (
            "transactions.create",
            payment(move |client| {
                let order = CreateTransaction::new(grosze(1234), "Order", payer());
                client.create_transaction(&order)
            }),
        ),
        ("transactions.list", call(|client| client.list_transactions(&ListTransactions::new()))),
        ("transactions.get", call(|client| client.get_transaction("01K"))),
        ("transactions.pay", payment(|client| client.pay_transaction("01K", Pay::channel(21)))),
        (
            "transactions.refund",
            call(|client| client.refund_transaction(&RefundTransaction::new("01K"))),
        ),
        (
            "transactions.list_refunds",
            call(|client| client.list_transaction_refunds(&ListTransactionRefunds::new("01K"))),
        ),
        (
            "transactions.bank_groups",
            call(|client| client.list_bank_groups(&ListBankGroups::new())),
        ),
        ("transactions.channels", call(|client| client.list_channels(&ListChannels::new()))),
        ("refunds.list", call(|client| client.list_refunds(&ListRefunds::new()))),
        (
            "refunds.create",
            call(|client| client.refund_card(&RefundCard::new(grosze(125), 985, "token"))),
        ),
        ("refunds.get", call(|client| client.get_refund("rf_1"))),
        (
            "tokens.create",
            call(|client| {
                client.create_card_token(&CreateCardToken::new("https://x.example.com/"))
            }),
        ),
        ("tokens.get", call(|client| client.get_card_token("token"))),
        (
            "blik.create_alias",
            call(|client| {
                let blik = BlikPayment::code("777123");
                client.create_blik_alias(&CreateBlikAlias::new("The shop", blik))
            }),
        ),
        ("blik.get_alias", call(|client| client.get_blik_alias("user-42", AliasType::Uid))),
        (
            "wallet.init_apple_pay",
            call(|client| client.init_apple_pay(&InitApplePay::new("x.example.com", "https://a"))),
        ),
        (
            "accounts.create",
            call(|client| client.create_account(&CreateAccount::new("OF123", "m@x.example"))),
        ),
        (
            "accounts.create_merchant",
            call(|client| client.create_merchant(&CreateMerchant::new("OF123", "m@x.example"))),
        ),
        ("accounts.categories", call(Client::list_categories)),
        ("accounts.category", call(|client| client.get_category(60))),
        ("accounts.legal_forms", call(Client::list_legal_forms)),
        ("accounts.legal_form", call(|client| client.get_legal_form(60))),
        ("accounts.documents", call(Client::list_documents)),
        ("accounts.document", call(|client| client.get_document(60))),
        ("accounts.mcc", call(Client::list_mcc)),
        ("accounts.pos", call(Client::list_pos)),
        (
            "marketplace.create",
            call(|client| {
                let product = Product::new("book-1", grosze(100), grosze(1234));
                let child = ChildTransaction::new(grosze(1234), "Book", "01JAB", [product]);
                let payer = BillingAddress::new("jan.nowak@example.com", "Jan Nowak");
                let order = CreateMarketplaceTransaction::new("Books", "01G5E", payer, [child], []);
                client.create_marketplace_transaction(&order)
            }),
        ),
        (
            "marketplace.get",
            call(|client| {
                client.get_marketplace_transaction(&GetMarketplaceTransaction::new("01G"))
            }),
        ),
        (
            "marketplace.pay",
            payment(|client| {
                let pay = PayMarketplaceTransaction::new("01G");
                let pay = pay.blik_payment_data(BlikPayment::code("777123"));
                client.pay_marketplace_transaction(&pay)
            }),
        ),
        (
            "marketplace.refund",
            call(|client| {
                client.refund_marketplace_transaction(&RefundMarketplaceTransaction::full("01G"))
            }),
        ),
        (
            "marketplace.bank_groups",
            call(|client| {
                client.list_marketplace_bank_groups(&ListMarketplaceBankGroups::new(["01JAB"]))
            }),
        ),
        (
            "collect.list_bank_accounts",
            call(|client| client.list_bank_accounts(&ListBankAccounts::new())),
        ),
        (
            "collect.create_bank_account",
            call(|client| {
                let number = "PL61109010140000071219812871";
                client.create_bank_account(&CreateBankAccount::new(number, "Jan", "Poznan"))
            }),
        ),
        // The fields of the responses below, and of the entries of their lists, are not documented.
        // The files use the names of the requests and of other responses.
        ("accounts.list", call(|client| client.list_accounts(&ListAccounts::new()))),
        ("accounts.get", call(|client| client.get_account("01M"))),
        ("accounts.balance", call(|client| client.get_balance("01M"))),
        ("reports.list", call(|client| client.list_reports(&ListReports::new()))),
        (
            "recurring.create",
            call(move |client| {
                let first = "2030-01-01T00:00:00+01:00";
                let monthly =
                    Schedule::new(grosze(2000), Currency::Pln, first, 1, IntervalUnit::Months);
                client.create_recurring(&CreateRecurring::new(
                    "01K1Z6T40ZWKY1XZG9VD5AZ9Q4",
                    "The magazine",
                    payer(),
                    monthly,
                    PaymentInstrument::card_token("token"),
                    "https://shop.example.com/notify",
                ))
            }),
        ),
        ("recurring.list", call(|client| client.list_recurring(&ListRecurring::new()))),
        ("recurring.get", call(|client| client.get_recurring("01K"))),
        (
            "recurring.transactions",
            call(|client| client.list_recurring_charges(&ListRecurringCharges::new("01K"))),
        ),
    ]
}

fn others() -> Vec<(&'static str, Call)> {
    const NOTIFICATIONS: [&str; 7] = [
        "notification.payment",
        "notification.alias",
        "notification.tokenization",
        "notification.tokenization_eisop",
        "notification.token_update",
        "notification.marketplace",
        "notification.recurring",
    ];
    let mut others: Vec<(&'static str, Call)> = vec![
        ("error", Box::new(error_response)),
        ("error.developers", Box::new(error_response)),
        ("error.violations", Box::new(error_response)),
        ("error.merchants", Box::new(error_response)),
        ("error.oauth", Box::new(oauth_error_response)),
    ];
    for kind in NOTIFICATIONS {
        others.push((kind, Box::new(notification)));
        others.push((kind, Box::new(as_form)));
    }
    others
}

/// Endpoints whose response has no documented fields.
const NO_FIELDS: &[(&str, &str)] = &[
    ("transactions.cancel", EMPTY),
    ("transactions.cancel_legacy", EMPTY),
    ("transactions.qr", BYTES),
    ("tokens.delete", EMPTY),
    ("accounts.upload_file", "no source shows the response"),
    ("blik.delete_alias", EMPTY),
    ("marketplace.cancel", EMPTY),
    ("reports.file", BYTES),
    ("recurring.cancel", BY_FIELDS),
    ("recurring.retry", BY_FIELDS),
    ("recurring.update_payment_instrument", BY_FIELDS),
    ("certificates.signing", BYTES),
    ("certificates.root", BYTES),
];

/// Fields that have another name in Rust.
const RENAMED: &[(&str, &str)] = &[
    ("type", "kind"),
    ("id", "merchant_id"),
    ("tr_id", "title"),
    ("tr_date", "date"),
    ("tr_crc", "crc"),
    ("tr_amount", "amount"),
    ("tr_paid", "paid"),
    ("tr_desc", "description"),
    ("tr_error", "error"),
    ("tr_email", "email"),
    ("tr_currency", "currency"),
    ("tr_channel", "channel"),
    ("tokenPaymentData_tokenValue", "token_value"),
    ("tokenPaymentData_initialTransactionId", "initial_transaction_id"),
    ("tokenPaymentData_cardExpiryDate", "eisop_card_expiry_date"),
    ("tokenPaymentData_cardBrand", "eisop_card_brand"),
    ("tokenPaymentData_cardTail", "eisop_card_tail"),
    ("errorCode", "code"),
    ("errorMessage", "message"),
    ("devMessage", "message"),
    ("fieldName", "field"),
    ("description", "message"),
    ("pos.id", "message"),
    ("reasons", "message"),
    ("unassociatedMerchants", "message"),
    ("error", "code"),
    ("error_description", "message"),
];

/// Values that have another format in Rust.
const CONVERTED: &[(&str, &str, &str)] = &[
    ("paymentErrorCode", "63", "WrongBlikCode"),
    ("paymentErrorCode", "101", "RejectedByPayer"),
    ("paymentErrorCode", "103", "InsufficientFunds"),
    ("languageCode", "PL", "Polish"),
    ("isTestMode", "0", "false"),
    ("test_mode", "0", "false"),
    ("md5sum", "f045cc3b93d68eca9f86ccc16679e4c3", "true"),
];

/// Fields whose value also depends on another field.
const DERIVED: &[(&str, &str, &str, &str)] = &[
    ("notification.payment", "id", "md5sum", COVERED),
    ("notification.payment", "tr_id", "md5sum", COVERED),
    ("notification.payment", "tr_amount", "md5sum", COVERED),
    ("notification.payment", "tr_crc", "md5sum", COVERED),
];
const COVERED: &str = "the checksum covers the field, and its validity is printed";

/// Fields without which a response or notification is an error.
const REQUIRED: &[(&str, &str)] = &[
    ("oauth.token", "access_token"),
    ("transactions.bank_groups", "151"),
    ("transactions.bank_groups", "152"),
    ("marketplace.bank_groups", "groups"),
    ("notification.payment", "id"),
    ("notification.payment", "tr_id"),
    ("notification.payment", "tr_amount"),
    ("notification.payment", "tr_paid"),
    ("notification.payment", "tr_status"),
    ("notification.alias", "event"),
    ("notification.alias", "msg_value"),
    ("notification.alias", "value"),
    ("notification.tokenization", "type"),
    ("notification.tokenization", "data"),
    ("notification.tokenization", "token"),
    ("notification.tokenization_eisop", "type"),
    ("notification.tokenization_eisop", "data"),
    ("notification.tokenization_eisop", "token"),
    ("notification.token_update", "type"),
    ("notification.token_update", "data"),
    ("notification.token_update", "token"),
    ("notification.marketplace", "type"),
    ("notification.marketplace", "data"),
    ("notification.marketplace", "transactionId"),
    ("notification.marketplace", "transactionStatus"),
    ("notification.marketplace", "transactionAmount"),
    ("notification.marketplace", "transactionPaidAmount"),
    ("notification.recurring", "recurringId"),
    ("notification.recurring", "status"),
];

const EMPTY: &str = "the response may be empty";
const BYTES: &str = "the response is an image, a file or a certificate";
const BY_FIELDS: &str = "the reference documents no field";
const BARE: &str = "the documented response does not have it";
const ENTRY: &str = "the response has it, the entries of lists do not";
const ONLY_READ: &str = "only a transaction that is requested by its id has it";
const ONLY_CREATED: &str = "only a transaction that is created or paid has it";
const PAYMENT_DATE: &str = "the date of a payment has no time of creation";
const BANK_PAYER: &str = "the payer's data from the bank has fewer fields";
const KINDS: &str = "each kind of refund has other dates, and not all have a status";
const MCC: &str = "only merchant category codes have it";
const POS: &str = "only points of sale have it";
const ACCOUNT: &str = "only accounts have it, merchants do not";
const MERCHANT: &str = "only merchants have it, accounts do not";
const ATTEMPTS: &str = "a marketplace payment has the attempts only";

/// Fields that the documented response of an endpoint lacks.
const UNDOCUMENTED: &[(&str, &str, &str)] = &[
    ("transactions.create", "attempts", ONLY_READ),
    ("transactions.create", "lock", ONLY_READ),
    ("transactions.pay", "attempts", ONLY_READ),
    ("transactions.pay", "lock", ONLY_READ),
    ("marketplace.pay", "attempts", ONLY_READ),
    ("marketplace.pay", "lock", ONLY_READ),
    ("transactions.get", "lang", ONLY_CREATED),
    ("transactions.get", "transaction_payment_url", ONLY_CREATED),
    ("transactions.list", "lang", ONLY_CREATED),
    ("transactions.list", "transaction_payment_url", ONLY_CREATED),
    ("transactions.refund", "lang", ONLY_CREATED),
    ("transactions.refund", "transaction_payment_url", ONLY_CREATED),
    ("transactions.list_refunds", "lang", ONLY_CREATED),
    ("transactions.list_refunds", "transaction_payment_url", ONLY_CREATED),
    ("transactions.create", "creation", PAYMENT_DATE),
    ("transactions.create", "tax_id", BANK_PAYER),
    ("transactions.create", "ip", BANK_PAYER),
    ("transactions.create", "user_agent", BANK_PAYER),
    ("transactions.pay", "creation", PAYMENT_DATE),
    ("transactions.pay", "tax_id", BANK_PAYER),
    ("transactions.pay", "ip", BANK_PAYER),
    ("transactions.pay", "user_agent", BANK_PAYER),
    ("marketplace.pay", "creation", PAYMENT_DATE),
    ("marketplace.pay", "tax_id", BANK_PAYER),
    ("marketplace.pay", "ip", BANK_PAYER),
    ("marketplace.pay", "user_agent", BANK_PAYER),
    ("transactions.get", "creation", PAYMENT_DATE),
    ("transactions.get", "tax_id", BANK_PAYER),
    ("transactions.get", "ip", BANK_PAYER),
    ("transactions.get", "user_agent", BANK_PAYER),
    ("transactions.list", "creation", PAYMENT_DATE),
    ("transactions.list", "tax_id", BANK_PAYER),
    ("transactions.list", "ip", BANK_PAYER),
    ("transactions.list", "user_agent", BANK_PAYER),
    ("transactions.refund", "creation", PAYMENT_DATE),
    ("transactions.refund", "tax_id", BANK_PAYER),
    ("transactions.refund", "ip", BANK_PAYER),
    ("transactions.refund", "user_agent", BANK_PAYER),
    ("transactions.list_refunds", "creation", PAYMENT_DATE),
    ("transactions.list_refunds", "tax_id", BANK_PAYER),
    ("transactions.list_refunds", "ip", BANK_PAYER),
    ("transactions.list_refunds", "user_agent", BANK_PAYER),
    ("transactions.list", "result", ENTRY),
    ("transactions.list", "request_id", ENTRY),
    ("transactions.refund", "result", ENTRY),
    ("transactions.refund", "request_id", ENTRY),
    ("transactions.refund", "status", KINDS),
    ("transactions.refund", "schedule", KINDS),
    ("transactions.refund", "processed", KINDS),
    ("transactions.refund", "create", KINDS),
    ("transactions.refund", "refund", KINDS),
    ("transactions.list_refunds", "result", ENTRY),
    ("transactions.list_refunds", "request_id", ENTRY),
    ("transactions.list_refunds", "status", KINDS),
    ("transactions.list_refunds", "schedule", KINDS),
    ("transactions.list_refunds", "processed", KINDS),
    ("transactions.list_refunds", "create", KINDS),
    ("transactions.list_refunds", "refund", KINDS),
    ("refunds.list", "result", ENTRY),
    ("refunds.list", "request_id", ENTRY),
    ("refunds.list", "create", KINDS),
    ("refunds.list", "refund", KINDS),
    ("refunds.get", "create", KINDS),
    ("refunds.get", "refund", KINDS),
    ("collect.list_bank_accounts", "result", ENTRY),
    ("collect.list_bank_accounts", "request_id", ENTRY),
    ("recurring.list", "result", ENTRY),
    ("recurring.list", "request_id", ENTRY),
    ("accounts.categories", "result", ENTRY),
    ("accounts.categories", "request_id", ENTRY),
    ("accounts.legal_forms", "result", ENTRY),
    ("accounts.legal_forms", "request_id", ENTRY),
    ("accounts.documents", "result", ENTRY),
    ("accounts.documents", "request_id", ENTRY),
    ("accounts.mcc", "result", ENTRY),
    ("accounts.mcc", "request_id", ENTRY),
    ("accounts.categories", "code", MCC),
    ("accounts.category", "code", MCC),
    ("accounts.legal_forms", "code", MCC),
    ("accounts.legal_form", "code", MCC),
    ("accounts.documents", "code", MCC),
    ("accounts.document", "code", MCC),
    ("blik.create_alias", "request_id", BARE),
    ("blik.create_alias", "realization", BARE),
    ("marketplace.bank_groups", "result", BARE),
    ("marketplace.bank_groups", "request_id", BARE),
    ("accounts.create", "date", POS),
    ("accounts.create", "settings", POS),
    ("accounts.create_merchant", "date", POS),
    ("accounts.create_merchant", "settings", POS),
    ("accounts.create", "flat_number", MERCHANT),
    ("accounts.create_merchant", "request_id", ACCOUNT),
    ("accounts.create_merchant", "notify_by_email", ACCOUNT),
    ("accounts.create_merchant", "friendly_name", ACCOUNT),
    ("accounts.create_merchant", "room_number", ACCOUNT),
    ("accounts.create_merchant", "nationality", ACCOUNT),
    ("accounts.create_merchant", "shares_pct", ACCOUNT),
    ("accounts.create_merchant", "pesel", ACCOUNT),
    ("accounts.create_merchant", "pep_statement", ACCOUNT),
    ("accounts.create_merchant", "date_of_birth", ACCOUNT),
    ("accounts.create_merchant", "country_of_birth", ACCOUNT),
    ("accounts.create_merchant", "type_of_document", ACCOUNT),
    ("accounts.create_merchant", "serial_number", ACCOUNT),
    ("accounts.create_merchant", "expiry_date", ACCOUNT),
    ("accounts.create_merchant", "issuing_authority", ACCOUNT),
    ("marketplace.get", "id", BARE),
    ("marketplace.get", "transaction_id", BARE),
    ("marketplace.get", "status", ATTEMPTS),
    ("marketplace.get", "method", ATTEMPTS),
    ("marketplace.get", "amount_paid", ATTEMPTS),
    ("marketplace.get", "date", ATTEMPTS),
    ("marketplace.get", "errors", ATTEMPTS),
    ("marketplace.get", "alternatives", ATTEMPTS),
    ("marketplace.get", "pay_id_eligible", ATTEMPTS),
    ("marketplace.get", "group_id", ATTEMPTS),
    ("marketplace.get", "bank_data_payer", ATTEMPTS),
    ("marketplace.get", "extra_data", ATTEMPTS),
    ("error.violations", "request_id", BARE),
    ("error.violations", "code", BARE),
    ("error.merchants", "request_id", BARE),
    ("error.merchants", "code", BARE),
    ("error.merchants", "field", BARE),
];

#[test]
fn enums_know_exactly_the_documented_strings() {
    let texts = wire_texts! {
        ResultStatus: "success", "actionRequired", "pending", "failed";
        // `error` is only known from the official Android and iOS clients.
        TransactionStatus: "pending", "paid", "correct", "refund", "canceled", "error";
        PaymentStatus: "pending", "correct", "declined";
        PaymentErrorCode: "63", "100", "101", "102", "103", "104", "105", "106", "107";
        RefundStatus: "new", "pending", "to_complete", "cancel", "hold", "processed", "done",
            "declined", "authorized";
        RefundContext: "transactional", "card";
        // The documentation has `GPB` instead of `GBP`.
        Currency: "PLN", "GBP", "USD", "EUR", "CZK", "NOK", "DKK", "SEK", "CHF";
        Language: "en", "pl", "de", "fr", "ru", "it", "es", "uk";
        PayMethod: "pay_by_link", "transfer", "sale";
        CardOnFile: "unscheduled", "cardholder_initiated", "recurring";
        AliasType: "UID", "PAYID";
        AutopaymentModel: "A", "M", "O";
        CardNetwork: "visa", "mastercard";
        QrSize: "S", "M", "L", "XL";
        ImageType: "image/png", "image/jpeg", "image/svg+xml";
        QrLink: "title", "gtitle";
        CardTokenStatus: "ACTIVE", "DELETED", "RESUME", "SUSPENDED";
        BankAccountStatus: "active", "deactivated";
        MarketplaceLanguage: "PL", "EN";
        SortDirection: "ASC", "DESC";
        IntervalUnit: "minutes", "days", "months";
        InstrumentType: "card_token", "blik_payid", "test";
        RecurringStatus: "active", "finished", "failed", "canceled";
        // Accepted in both cases: the documentation has `true`, real notifications `TRUE`.
        NotificationStatus: "true", "paid", "chargeback";
        AliasEventKind: "ALIAS_REGISTER", "ALIAS_UNREGISTER", "ALIAS_UPDATE", "ALIAS_EXPIRED";
    };
    enums::check(env!("CARGO_MANIFEST_DIR"), &texts);
}

#[test]
fn only_errors_about_the_format_of_a_request_mean_that_nothing_was_created() {
    const FORM: &str = "country_not_valid field_required incorrect_content_type \
        invalid_request_body is_required not_array not_natural_int not_string not_valid too_low \
        ts:country:not_valid ts:payer:phone:not_valid unexpected_field";
    const OTHER: &str = "access_denied already_refunded apple_pay_wallet_init_exception \
        apple_pay_wallet_unavailable bank_group_does_not_exist blik_token_not_present \
        cannot_create_refund cannot_create_transaction cannot_refund_collect_transaction \
        cannot_refund_marketplace_transaction channel_passed_with_group channel_unavailable \
        channel_unavailable_for_source configuration_error contact_data_missing crc_not_unique \
        empty_autopayment encryption_error general incorrect_save_param incorrect_token \
        internal_server_error invalid_pos_id incorrect_precision no_payment_data \
        partner_cannot_create_transaction payment_failed refund_period_expired \
        transaction_blocked transaction_does_not_exist transaction_lock unsupported_blik_token \
        url_override_is_disabled wrong_alias wrong_autopayment_alias \
        wrong_model_data_combination ts:channel:amount_outside_range \
        ts:channel:both_channel_and_group_specified ts:channel:channel_blocked \
        ts:channel:channel_disabled ts:channel:channel_disabled_for_pos \
        ts:channel:collect_prohibited ts:channel:group_disabled_for_pos \
        ts:channel:not_available ts:channel:not_found ts:channel:source_prohibited \
        ts:channel:surcharge_prohibited ts:merchant:disabled ts:merchant:is_partner \
        ts:merchant:not_found ts:pos:not_found ts:pos:result_url_not_overridable \
        ts:request:no_ip ts:transaction:not_inserted \
        ts:transaction:payer_data_not_inserted ts:transaction:payer_info_not_inserted";
    let nothing_created = |code: &str| {
        let body = format!(r#"{{"result":"failed","errors":[{{"errorCode":"{code}"}}]}}"#);
        client(400, &body).get_transaction("01K").unwrap_err().nothing_created()
    };
    for code in FORM.split_whitespace() {
        assert!(nothing_created(code), "{code}");
    }
    for code in OTHER.split_whitespace() {
        assert!(!nothing_created(code), "{code}");
    }
}
