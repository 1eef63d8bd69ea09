//! The result of each endpoint for the responses that a server may send, over real HTTP.
//!
//! A test is named `ENDPOINT_response...`; `cargo xtask endpoints` requires at least one for each
//! endpoint.

#![cfg(feature = "ureq")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use test_support::decoding::{Case, Outcome, shown, with_response};
use tpay_client::accounts::*;
use tpay_client::api_auth::{Acknowledgement, StatusCode};
use tpay_client::blik::*;
use tpay_client::cards::*;
use tpay_client::channels::*;
use tpay_client::collect::*;
use tpay_client::common::ResultStatus;
use tpay_client::marketplace::*;
use tpay_client::recurring::*;
use tpay_client::refunds::*;
use tpay_client::reports::*;
use tpay_client::transactions::payments::*;
use tpay_client::transactions::qr::*;
use tpay_client::transactions::*;
use tpay_client::*;

const ULID: &str = "01K1Z6T40ZWKY1XZG9VD5AZ9Q4";
const DONE: &str = r#"{"result":"success","requestId":"33e035d240d15cea7740"}"#;
const TRANSACTION: &str = r#"{"result":"success","requestId":"33e035d240d15cea7740","transactionId":"01K5BK4HEPB0WBCGT51FMTYSYJ","title":"TR-BRA-KGZK0X","posId":"ps_6UvbBjehvHXA7vfD","status":"correct","date":{"creation":"2026-11-22 01:20:18","realization":"2026-11-22 01:20:18"},"amount":12.34,"currency":"PLN","description":"Test \u0142 transaction","hiddenDescription":"order-7","payer":{"payerId":"py_hZUw4HdCk9wHMHA7","email":"jan.nowak@example.com","name":"Jan Nowak","phone":"","address":"","city":"","country":"PL","postalCode":"61-808"},"payments":{"status":"correct","method":"pay_by_link","amountPaid":12.34,"date":{"realization":"2026-11-22 01:20:18"},"attempts":[{"date":"2026-11-22 01:20:18","paymentErrorCode":"63"},{"date":"2026-11-22 01:21:18","paymentErrorCode":null}]},"lang":"pl","transactionPaymentUrl":"https:\/\/secure.tpay.com\/?title=TR-BRA-KGZK0X","lock":{"type":"Balance","status":"Active","amount":0.1,"amountCollected":null}}"#;
const DECLINED: &str = r#"{"result":"success","requestId":"33e035d240d15cea7740","transactionId":"01K5BK4HEPB0WBCGT51FMTYSYJ","title":"TR-BRA-KGZK0X","status":"pending","amount":0.1,"payments":{"status":"pending","amountPaid":0,"errors":[{"errorCode":"payment_failed","errorMessage":"Podany kod jest nieprawid\u0142owy.","fieldName":null}]},"transactionPaymentUrl":"https:\/\/secure.tpay.com\/?title=TR-BRA-KGZK0X"}"#;
const REFUND: &str = r#"{"refundId":"rf_jtHRr95SKUbRpxTD","status":"new","amount":1.5,"currency":"PLN","date":{"schedule":"2026-11-22 01:20:19","processed":null}}"#;
const CREATED_ACCOUNT: &str = r#"{"result":"success","requestId":"r","id":"01A","offerCode":"PTON8","email":"m@x","taxId":"1","regon":"2","krs":3,"legalForm":4,"categoryId":5,"notifyByEmail":true,"verificationStatus":0,"activationLink":"https://x","website":[{"posId":"ps_1","accountId":"01A","friendlyName":"f","description":"d","url":"https://x","name":"n"}],"address":[{"addressId":"ad_1","name":"n"}],"person":[{"personId":"pe_1","name":"J","surname":"K","contact":[{"contact":"1","type":1}]}],"apiCredentials":[{"clientId":"c","clientSecret":"CANARY"}],"transactionApiCredentials":{"merchantId":7,"apiKey":"CANARY","apiPassword":"CANARY"}}"#;
const DICTIONARY: &str = r#"{"result":"success","requestId":"r","list":[{"id":60,"name":"Books"}],"page":1,"limit":35,"total":1}"#;
const ENTRY: &str = r#"{"result":"success","requestId":"r","id":60,"name":"Books"}"#;
const GROUP: &str = r#"{"id":"150","name":"BLIK","img":"https:\/\/x.png","availablePaymentChannels":["64"],"mainChannel":"64"}"#;
const ACCOUNT: &str = r#"{"result":"success","requestId":"r","id":"01B","accountNumber":"PL63105015201000009091194713","ownerName":"Jan","additionalInformation":"x","status":"active","createdAt":"2026-01-01"}"#;
const PLAN: &str = r#"{"result":"success","requestId":"r","id":"01K1Z6T40ZWKY1XZG9VD5AZ9Q4","description":"Plan","hiddenDescription":"h","status":"active","schedule":{"amount":49.9}}"#;

fn client(base: &str) -> Client {
    Client::builder("id", "secret")
        .environment(Environment::custom(base))
        .http_basic()
        .retries(0)
        .build()
        .unwrap()
}

/// Checks the rules of a response that has a `result`, or a field of its own such as `missing`.
fn rules<T: std::fmt::Debug>(
    method: &str,
    documented: &str,
    missing: &str,
    call: impl Fn(&Client) -> Result<T, Error>,
) {
    let call = |base: &str| -> Outcome { shown(call(&client(base))) };
    let missing = Some(missing);
    Case { method, documented, any_body: false, missing, call: &call }.holds(&[]);
}

/// Checks the rules of a response that has one required field and no `result`.
fn rules_of_one<T: std::fmt::Debug>(
    method: &str,
    documented: &str,
    part: &str,
    call: impl Fn(&Client) -> Result<T, Error>,
) {
    let call = |base: &str| -> Outcome { shown(call(&client(base))) };
    let missing = Some(part);
    Case { method, documented, any_body: false, missing, call: &call }.holds(&[part]);
}

/// Checks the rules of a response to an action: empty, or an object with at least one field.
fn acknowledgement_rules<T: std::fmt::Debug>(
    method: &str,
    documented: &str,
    call: impl Fn(&Client) -> Result<T, Error>,
) {
    let call = |base: &str| -> Outcome { shown(call(&client(base))) };
    let missing = Some("result");
    Case { method, documented, any_body: true, missing, call: &call }.holds(&[]);
    let unknown = r#"{"result":"declined","requestId":"r"}"#;
    let error = with_response(method, 200, None, unknown, call).unwrap_err();
    let message = r#"result: "declined" is not one of success, actionRequired, pending, failed"#;
    assert_eq!((error.kind(), error.message()), (ErrorKind::Decode, Some(message)));
}

/// Checks the rules of an object whose format is not documented.
fn free_rules<T: std::fmt::Debug>(documented: &str, call: impl Fn(&Client) -> Result<T, Error>) {
    let call = |base: &str| -> Outcome { shown(call(&client(base))) };
    Case { method: "GET", documented, any_body: false, missing: None, call: &call }.holds(&[]);
}

/// Returns the result of a call for one response.
fn one<T>(
    method: &str,
    status: usize,
    body: &str,
    call: impl Fn(&Client) -> Result<T, Error>,
) -> Result<T, Error> {
    typed("application/json", method, status, body, call)
}

fn typed<T>(
    content_type: &str,
    method: &str,
    status: usize,
    body: impl AsRef<[u8]>,
    call: impl Fn(&Client) -> Result<T, Error>,
) -> Result<T, Error> {
    with_response(method, status, Some(content_type), body, |base| call(&client(base)))
}

fn page(list: &str, entry: &str) -> String {
    format!(
        r#"{{"result":"success","requestId":"r","{list}":[{entry},{entry}],"page":1,"limit":35,"total":2}}"#
    )
}

fn order() -> CreateTransaction {
    CreateTransaction::new(grosze(10), "Order", Payer::new("a@example.com", "Ann"))
}

#[test]
fn oauth_token_response() {
    let body = r#"{"issued_at":1718215429,"scope":"read","token_type":"Bearer","expires_in":7200,"client_id":"01HH","access_token":"CANARY"}"#;
    rules_of_one("POST", body, "access_token", |client| {
        let token = client.request_token();
        assert!(!format!("{token:?}").contains("CANARY"));
        token
    });
    let token = one("POST", 200, body, Client::request_token).unwrap();
    assert_eq!(token.access_token.unwrap().expose(), "CANARY");
    assert_eq!((token.expires_in, token.issued_at.unwrap().seconds()), (Some(7200), 1_718_215_429));
    assert_eq!(token.scope.as_deref(), Some("read"));
}

#[test]
fn oauth_tokeninfo_response() {
    let body = r#"{"result":"success","requestId":"r","token":{"access_token":"3a06","client_id":"01HH","expires":1684763050,"scope":"read"}}"#;
    rules("GET", body, "token", Client::get_token_info);
    let info = one("GET", 200, body, Client::get_token_info).unwrap();
    assert_eq!(info.token.unwrap().expires.unwrap().seconds(), 1_684_763_050);
}

#[test]
fn transactions_create_response() {
    rules("POST", TRANSACTION, "transactionId", |client| client.create_transaction(&order()));
}

#[test]
fn transaction_has_the_fields_that_the_mobile_clients_read() {
    let body = r#"{"result":"success","transactionId":"01K","status":"error","notification":{"url":"https://x","email":null},"payments":{"bankDataPayer":{"name":"Jan"},"extra":{"responseCode":"00"}}}"#;
    let read = one("GET", 200, body, |client| client.get_transaction("01K")).unwrap();
    assert_eq!(read.status, Some(TransactionStatus::Error));
    assert_eq!(read.notification.unwrap().url.as_deref(), Some("https://x"));
    let payments = read.payments.unwrap();
    assert_eq!(payments.bank_data_payer.unwrap().name.as_deref(), Some("Jan"));
    assert_eq!(payments.extra_data.unwrap().response_code.as_deref(), Some("00"));
}

#[test]
fn transactions_create_response_is_read_field_by_field() {
    let read = |client: &Client| client.create_transaction(&order());
    let paid = one("POST", 200, TRANSACTION, read).unwrap();
    assert_eq!(paid.result, Some(ResultStatus::Success));
    assert_eq!(paid.transaction_id.as_deref(), Some("01K5BK4HEPB0WBCGT51FMTYSYJ"));
    assert_eq!(paid.title.as_deref(), Some("TR-BRA-KGZK0X"));
    assert_eq!(paid.amount, Some(grosze(1234)));
    assert_eq!(paid.currency, Some(Currency::Pln));
    assert_eq!(paid.description.as_deref(), Some("Test ł transaction"));
    assert_eq!(paid.payer.as_ref().unwrap().postal_code.as_deref(), Some("61-808"));
    assert!(paid.is_paid());
    let payments = paid.payments.as_ref().unwrap();
    assert_eq!(payments.amount_paid, Some(grosze(1234)));
    let codes: Vec<_> = payments.attempts.iter().map(|a| a.payment_error_code.clone()).collect();
    assert_eq!(codes, [Some(PaymentErrorCode::WrongBlikCode), None]);
    let lock = paid.lock.as_ref().unwrap();
    assert_eq!((lock.kind.as_deref(), lock.amount_collected), (Some("Balance"), None));
    assert!(paid.extra.is_empty() && payments.extra.is_empty());
    let again = serde_json::from_str(&serde_json::to_string(&paid).unwrap()).unwrap();
    assert_eq!(paid, again);
}

#[test]
fn declined_payment_on_200_is_an_error_with_the_transaction() {
    let create = |client: &Client| client.create_transaction(&order());
    let error = one("POST", 200, DECLINED, create).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::OperationFailed, Some("payment_failed")));
    assert_eq!(error.message(), Some("Podany kod jest nieprawidłowy."));
    assert_eq!(error.request_id(), Some("33e035d240d15cea7740"));
    let declined = error.declined().unwrap();
    assert_eq!(declined.transaction_id.as_deref(), Some("01K5BK4HEPB0WBCGT51FMTYSYJ"));
    assert!(declined.transaction_payment_url.as_deref().unwrap().contains("TR-BRA"));
    assert!(!error.nothing_created() && !error.outcome_unknown());

    // The specification has a single object, but real responses have a list.
    let lone = DECLINED.replace("\"errors\":[", "\"errors\":").replace("null}]", "null}");
    let pay = Pay::blik(BlikPayment::code("777123"));
    let error = one("POST", 200, &lone, |c| c.pay_transaction(ULID, pay.clone())).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::OperationFailed, Some("payment_failed")));
    let paid = one("POST", 200, &lone, |client| {
        let pay = PayMarketplaceTransaction::new(ULID);
        client.pay_marketplace_transaction(&pay.blik_payment_data(BlikPayment::code("777123")))
    });
    assert_eq!(paid.unwrap_err().kind(), ErrorKind::OperationFailed);
}

#[test]
fn alias_in_several_banks_is_an_error_with_the_alternatives() {
    let body = r#"{"result":"success","transactionId":"T","payments":{"status":"pending","errors":[{"errorCode":"ERR82"}],"alternatives":[{"applicationName":"Bank A","applicationCode":"a1"},{"applicationName":"Bank B","applicationCode":"b2"}]}}"#;
    for body in [body, &body.replace(r#"{"errorCode":"ERR82"}"#, "")] {
        let create = |client: &Client| client.create_transaction(&order());
        let error = one("POST", 200, body, create).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OperationFailed);
        let codes: Vec<_> =
            error.alternatives().iter().map(|a| a.application_code.clone()).collect();
        assert_eq!(codes, [Some("a1".to_owned()), Some("b2".to_owned())]);
    }
}

#[test]
fn failed_result_on_200_is_an_error() {
    let body = r#"{"result":"failed"}"#;
    let create = |client: &Client| client.create_transaction(&order());
    assert_eq!(one("POST", 200, body, create).unwrap_err().kind(), ErrorKind::Api);
    let get = |client: &Client| client.get_transaction(ULID);
    assert_eq!(one("GET", 200, body, get).unwrap_err().kind(), ErrorKind::Api);
    let cancel = |client: &Client| client.cancel_transaction(ULID);
    assert_eq!(one("POST", 200, body, cancel).unwrap_err().kind(), ErrorKind::Api);
}

#[test]
fn response_of_another_server_leaves_the_outcome_of_a_write_unknown() {
    type Refused<'a> = &'a dyn Fn(&Client) -> Option<Error>;
    let pay = Pay::blik(BlikPayment::code("777123"));
    let calls: [(&str, Refused<'_>); 6] = [
        ("transactionId", &|client| client.create_transaction(&order()).err()),
        ("transactionId", &|client| client.pay_transaction(ULID, pay.clone()).err()),
        ("transactionId", &|client| client.refund_transaction(&RefundTransaction::new(ULID)).err()),
        ("refundContent", &|client| {
            client.refund_card(&RefundCard::new(grosze(150), 985, "tok")).err()
        }),
        ("transactionId", &|client| {
            client.refund_marketplace_transaction(&RefundMarketplaceTransaction::full("01M")).err()
        }),
        ("result", &|client| client.cancel_transaction(ULID).err()),
    ];
    for (missing, call) in calls {
        let of = |body: &str| one("POST", 200, body, |client| Ok(call(client))).unwrap();
        // Other objects are errors as well. The response to a cancellation is not documented.
        let bodies = ["{}", r#"{"status":"ok"}"#, r#"{"result":null}"#];
        for body in bodies.iter().take(if missing == "result" { 1 } else { 3 }) {
            let error = of(body).unwrap();
            assert_eq!((error.kind(), &*error.body_text()), (ErrorKind::Decode, *body));
            assert_eq!(
                error.message(),
                Some(&*format!("{missing}: missing from the response")),
                "{body}"
            );
            assert!(error.outcome_unknown() && !error.nothing_created(), "{body}");
        }
        // A `result` is enough, even if all other fields are missing.
        assert!(of(r#"{"result":"success"}"#).is_none(), "{missing}");
    }
}

#[test]
fn times_of_responses_are_typed_if_they_are_times() {
    fn read<T: serde::de::DeserializeOwned>(json: &str) -> T {
        serde_json::from_str(json).unwrap()
    }
    // Summer and winter: two hours and one hour ahead of UTC.
    let (summer, winter) = (Some(1_782_864_000), Some(1_796_083_200));
    let seconds = |time: Option<UnixTime>| time.map(UnixTime::seconds);
    let date: TransactionDate =
        read(r#"{"creation":"2026-07-01 02:00:00","realization":"2026-12-01 01:00:00"}"#);
    assert_eq!((seconds(date.creation_time()), seconds(date.realization_time())), (summer, winter));
    let refund: RefundDate = read(
        r#"{"schedule":"2026-07-01 02:00:00","processed":"2026-12-01 01:00:00","create":"later"}"#,
    );
    assert_eq!(
        (seconds(refund.schedule_time()), seconds(refund.processed_time())),
        (summer, winter)
    );
    assert_eq!((refund.create_time(), refund.refund_time()), (None, None));
    let refund: RefundDate =
        read(r#"{"create":"2026-07-01 02:00:00","refund":"2026-12-01 01:00:00"}"#);
    assert_eq!((seconds(refund.create_time()), seconds(refund.refund_time())), (summer, winter));
    let pos: pos::PosDate =
        read(r#"{"create":"2026-07-01 02:00:00","modification":"2026-12-01 01:00:00"}"#);
    assert_eq!((seconds(pos.create_time()), seconds(pos.modification_time())), (summer, winter));
    let attempt: Attempt = read(r#"{"date":"2026-07-01 02:00:00"}"#);
    assert_eq!(seconds(attempt.time()), summer);
    let payment: MarketplaceTransaction = read(r#"{"creationDate":"2026-12-01 01:00:00.000000"}"#);
    assert_eq!(seconds(payment.creation_time()), winter);
    let part: MarketplaceChildRefund = read(r#"{"date":"2026-07-01 02:00:00"}"#);
    assert_eq!(seconds(part.time()), summer);
}

#[test]
fn every_format_of_errors_is_read() {
    let body = r#"{"result":"failed","requestId":"abc","errors":[{"errorCode":"is_required","errorMessage":"","fieldName":"pay.blikPaymentData.blikToken","devMessage":"Field is required","docUrl":"https:\/\/x"},{"errorCode":"not_valid","errorMessage":"","fieldName":"","devMessage":""}]}"#;
    let create = |client: &Client| client.create_transaction(&order());
    let error = one("POST", 400, body, create).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Api, Some("is_required")));
    assert_eq!((error.message(), error.request_id()), (Some("Field is required"), Some("abc")));
    assert_eq!(error.details()[0].field.as_deref(), Some("pay.blikPaymentData.blikToken"));
    assert!(error.to_string().contains("is_required: pay.blikPaymentData.blikToken: Field"));
    assert_eq!(error.details()[1].field, None);
    assert!(error.nothing_created() && !error.outcome_unknown());

    let error = one("POST", 400, r#"{"violations":{"amount":"too small"}}"#, create).unwrap_err();
    assert_eq!(error.details()[0].field.as_deref(), Some("amount"));
    assert_eq!(error.message(), Some("too small"));
    let body = r#"{"reasons":["no merchant"],"unassociatedMerchants":["m1"]}"#;
    let error = one("POST", 422, body, create).unwrap_err();
    assert_eq!(error.message(), Some("no merchant"));
    assert_eq!(error.details()[1].message.as_deref(), Some("m1"));

    let body = r#"{"error":"invalid_client","error_description":"unknown client"}"#;
    let error = one("GET", 401, body, Client::list_mcc).unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Auth, Some("unknown client")));
    let error = one("GET", 401, "", Client::list_mcc).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
}

#[test]
fn nothing_created_requires_codes_about_the_format() {
    let create = |client: &Client| client.create_transaction(&order());
    let error = |status, codes: &[&str]| {
        let errors: Vec<String> =
            codes.iter().map(|code| format!(r#"{{"errorCode":"{code}"}}"#)).collect();
        let body = format!(r#"{{"result":"failed","errors":[{}]}}"#, errors.join(","));
        one("POST", status, &body, create).unwrap_err()
    };
    assert!(error(400, &["not_valid", "ts:country:not_valid"]).nothing_created());
    assert!(!error(400, &["not_valid", "transaction_lock"]).nothing_created());
    assert!(!error(400, &[]).nothing_created());
    assert!(!error(409, &["not_valid"]).nothing_created());
    assert!(error(401, &[]).nothing_created() && !error(403, &[]).nothing_created());
    let broken = error(500, &["internal_server_error"]);
    assert!(broken.outcome_unknown() && !broken.nothing_created());
    assert!(!error(400, &["transaction_lock"]).outcome_unknown());
    let unread = one("POST", 200, "<html>", create).unwrap_err();
    assert!(unread.outcome_unknown() && unread.kind() == ErrorKind::Decode);
}

#[test]
fn transactions_list_response() {
    let body = page("transactions", TRANSACTION);
    rules("GET", &body, "transactions", |client| {
        client.list_transactions(&ListTransactions::new())
    });
    let read = |client: &Client| client.list_transactions(&ListTransactions::new());
    let page = one("GET", 200, &body, read).unwrap();
    assert_eq!((page.transactions.len(), page.total), (2, Some(2)));
}

#[test]
fn transactions_get_response() {
    rules("GET", TRANSACTION, "transactionId", |client| client.get_transaction(ULID));
    let get = |client: &Client| client.get_transaction(ULID);
    let odd = r#"{"status":"frozen","date":[],"payer":"","amount":"12.340","payments":{"errors":[{"errorCode":"x"}]}}"#;
    let read = one("GET", 200, odd, get).unwrap();
    assert_eq!(read.status.as_ref().unwrap().as_str(), "frozen");
    assert_eq!((read.amount, read.errors().len()), (Some(grosze(1234)), 1));
    assert_eq!(read.errors()[0].error_code.as_deref(), Some("x"));
    assert!(!read.is_paid());
    let read = one("GET", 200, TRANSACTION, get).unwrap();
    assert!(read.errors().is_empty());
}

#[test]
fn transactions_pay_response() {
    let pay = Pay::blik(BlikPayment::code("777123"));
    rules("POST", TRANSACTION, "transactionId", |client| client.pay_transaction(ULID, pay.clone()));
}

#[test]
fn transactions_cancel_response() {
    acknowledgement_rules("POST", DONE, |client| client.cancel_transaction(ULID));
    let receipt = one("POST", 204, "", |client| client.cancel_transaction(ULID)).unwrap();
    assert_eq!(receipt, Acknowledgement::default());
}

#[test]
fn transactions_cancel_legacy_response() {
    acknowledgement_rules("GET", DONE, |client| client.cancel_transaction_legacy(ULID));
}

#[test]
fn transactions_qr_response() {
    let draw = |client: &Client| client.get_transaction_qr(&GetTransactionQr::new(ULID));
    let image = typed("image/png", "POST", 200, b"\x89PNG\r\n\x1a\n\xff", draw).unwrap();
    assert_eq!(image.bytes, b"\x89PNG\r\n\x1a\n\xff");
    assert_eq!(image.content_type.as_deref(), Some("image/png"));
    for (kind, body) in [
        ("text/html", "<html>"),
        ("application/json", "{}"),
        ("image/png", ""),
        ("image/png", " {}"),
    ] {
        let error = typed(kind, "POST", 200, body, draw).unwrap_err();
        assert_eq!((error.kind(), &*error.body_text()), (ErrorKind::Decode, body));
    }
    let untyped = |body: &[u8]| with_response("POST", 200, None, body, |base| draw(&client(base)));
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>";
    for image in [
        b"\x89PNG\r\n\x1a\n\xff",
        &b"\xff\xd8\xff\xe0"[..],
        svg.as_bytes(),
        format!("<?xml version=\"1.0\"?>\n{svg}").as_bytes(),
    ] {
        assert_eq!(untyped(image).unwrap().bytes, image);
    }
    for body in
        ["<html><svg/></html>", "<!DOCTYPE html><p>", "[]", "ok", "<?xml version=\"1.0\"?><e/>"]
    {
        let error = untyped(body.as_bytes()).unwrap_err();
        assert_eq!((error.kind(), &*error.body_text()), (ErrorKind::Decode, body));
    }
    let error = typed("text/html", "POST", 502, "<html>bad</html>", draw).unwrap_err();
    assert_eq!((error.kind(), &*error.body_text()), (ErrorKind::Api, "<html>bad</html>"));
    assert_eq!(typed("text/plain", "POST", 401, "", draw).unwrap_err().kind(), ErrorKind::Auth);
}

fn refunds() -> String {
    let rest = format!(
        r#","refundsList":[{REFUND}],"refundsNoAccountList":[{{"refundId":"rf_2","amount":1,"currency":"PLN","date":{{"create":"2026-11-22 01:20:19"}}}}],"refundsCardsList":[{{"refundId":"rf_3","amount":2,"currency":"PLN","date":{{"create":"2026","refund":null}}}}],"page":1,"limit":35,"total":3}}"#
    );
    format!("{}{rest}", TRANSACTION.strip_suffix('}').unwrap())
}

#[test]
fn transactions_refund_response() {
    let refund = RefundTransaction::new(ULID);
    rules("POST", &refunds(), "transactionId", |client| client.refund_transaction(&refund));
    let made = one("POST", 200, &refunds(), |client| client.refund_transaction(&refund)).unwrap();
    assert_eq!(made.refunds_list[0].amount, Some(grosze(150)));
    assert_eq!(made.refunds_list[0].status, Some(RefundStatus::New));
    let ids: Vec<_> = made.all().map(|refund| refund.refund_id.clone().unwrap()).collect();
    assert_eq!(ids, ["rf_jtHRr95SKUbRpxTD", "rf_2", "rf_3"]);
    assert_eq!(made.title.as_deref(), Some("TR-BRA-KGZK0X"));
}

#[test]
fn transactions_list_refunds_response() {
    let list = ListTransactionRefunds::new(ULID);
    rules("GET", &refunds(), "refundsList", |client| client.list_transaction_refunds(&list));
    let all = one("GET", 200, &refunds(), |client| {
        client.transaction_refunds(&list).collect::<Result<Vec<_>>>()
    });
    assert_eq!(all.unwrap().len(), 3);
}

#[test]
fn transactions_bank_groups_response() {
    let map = format!(r#"{{"result":"success","requestId":"r","groups":{{"150":{GROUP}}}}}"#);
    let list = |client: &Client| client.list_bank_groups(&ListBankGroups::new());
    rules("GET", &format!(r#"{{"result":"success","groups":[{GROUP}]}}"#), "groups", list);
    let of_map = one("GET", 200, &map, list).unwrap().groups;
    let spelt = GROUP.replace(r#"["64"]"#, "\"64\"");
    let array = format!(r#"{{"groups":[{spelt}]}}"#);
    assert_eq!(of_map, one("GET", 200, &array, list).unwrap().groups);
    assert_eq!(of_map[0].available_payment_channels, ["64"]);
    assert_eq!(of_map[0].group_id(), Some(GroupId::new(150)));
    assert!(one("GET", 200, r#"{"groups":[]}"#, list).unwrap().groups.is_empty());
}

#[test]
fn transactions_channels_response() {
    let body = r#"{"result":"success","requestId":"b7f7a79878de5cb97051","language":"pl","currency":"PLN","channels":[{"id":"64","name":"BLIK","fullName":"BLIK","image":{"url":"https:\/\/x.png"},"available":true,"onlinePayment":true,"instantRedirection":true,"groups":[{"id":"150","name":"BLIK","image":{"url":"..."}}],"constraints":[{"field":"amount","type":"min","value":"1.00"},{"field":"ApplePaySession","type":"supported","value":"true"}]}]}"#;
    let list = |client: &Client| client.list_channels(&ListChannels::new());
    rules("GET", body, "channels", list);
    let channel = one("GET", 200, body, list).unwrap().channels.remove(0);
    assert_eq!((channel.channel_id(), channel.available), (Some(ChannelId::new(64)), Some(true)));
    assert_eq!(channel.amount_limits(), (Some(grosze(100)), None));
}

#[test]
fn refunds_list_response() {
    let body = format!(
        r#"{{"result":"success","requestId":"r","transactions":{{"list":[{REFUND}]}},"page":1,"limit":2,"total":1}}"#
    );
    let list = |client: &Client| client.list_refunds(&ListRefunds::new());
    rules("GET", &body, "transactions", list);
    assert_eq!(one("GET", 200, &body, list).unwrap().list()[0].amount, Some(grosze(150)));
    assert!(one("GET", 200, r#"{"transactions":[]}"#, list).unwrap().list().is_empty());
}

#[test]
fn refunds_create_response() {
    let body = r#"{"result":"success","requestId":"r","refundContent":{"status":"authorized","refundId":"rf_1","currencyCode":985,"amount":1.5,"extra":{"responseCode":"00","responseDescription":"ok"}}}"#;
    let refund = RefundCard::new(grosze(150), 985, "tok");
    rules("POST", body, "refundContent", |client| client.refund_card(&refund));
    let made = one("POST", 200, body, |client| client.refund_card(&refund)).unwrap();
    assert_eq!(made.refund_content.unwrap().status, Some(RefundStatus::Authorized));
}

#[test]
fn refunds_get_response() {
    let body = format!(r#"{{"result":"success",{}"#, REFUND.strip_prefix('{').unwrap());
    rules("GET", &body, "refundId", |client| client.get_refund("rf_1"));
    let error = one("GET", 404, "", |client| client.get_refund("rf_1")).unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::NOT_FOUND));
}

#[test]
fn tokens_create_response() {
    let body = r#"{"result":"success","requestId":"r","id":"TO-1","url":"https://x"}"#;
    rules("POST", body, "id", |client| {
        client.create_card_token(&CreateCardToken::new("https://x"))
    });
}

#[test]
fn tokens_get_response() {
    let body = r#"{"expirationDate":"1228","tokenStatus":"ACTIVE","cardTail":"0016","content":{"imageUrl":"https://x"}}"#;
    rules("GET", body, "tokenStatus", |client| client.get_card_token("tok"));
    let card = one("GET", 200, body, |client| client.get_card_token("tok")).unwrap();
    assert_eq!(card.token_status, Some(CardTokenStatus::Active));
}

#[test]
fn tokens_delete_response() {
    acknowledgement_rules("DELETE", DONE, |client| client.delete_card_token("tok"));
    assert!(one("DELETE", 204, "", |client| client.delete_card_token("tok")).is_ok());
}

#[test]
fn wallet_init_apple_pay_response() {
    let body = r#"{"result":"success","requestId":"r","session":"eyJh\n  IjoxfQ=="}"#;
    let init = InitApplePay::new("d", "v");
    rules("POST", body, "session", |client| client.init_apple_pay(&init));
    let session = one("POST", 200, body, |client| client.init_apple_pay(&init)).unwrap();
    assert_eq!(session.compact().unwrap().expose(), "eyJhIjoxfQ==");
}

#[test]
fn blik_create_alias_response() {
    let body = r#"{"result":"success","posId":"ps_1","status":"pending","date":{"creation":"2026-11-22 01:20:18"},"description":"Payments"}"#;
    let create = CreateBlikAlias::new("Payments", BlikPayment::code("123456"));
    rules("POST", body, "posId", |client| client.create_blik_alias(&create));
}

#[test]
fn blik_get_alias_response() {
    let body = r#"{"isActive":true,"aliases":[{"aliasType":"UID","aliasValue":"u","isActive":true,"expiresAt":"2028-01-01T00:00:00+00:00","events":[{"type":"ALIAS_REGISTER","date":"2026-01-01"}],"label":"Shop"}]}"#;
    rules("GET", body, "aliases", |client| client.get_blik_alias("u", AliasType::Uid));
    let found = one("GET", 200, body, |client| client.get_blik_alias("u", AliasType::Uid)).unwrap();
    assert_eq!(found.aliases[0].alias_type, Some(AliasType::Uid));
    assert_eq!(found.aliases[0].events[0].kind.as_deref(), Some("ALIAS_REGISTER"));
}

#[test]
fn blik_delete_alias_response() {
    acknowledgement_rules("DELETE", DONE, |client| client.delete_blik_alias("u", AliasType::Uid));
}

#[test]
fn accounts_list_response() {
    let body = page("list", r#"{"id":"01A","email":"m@x"}"#);
    rules("GET", &body, "list", |client| client.list_accounts(&ListAccounts::new()));
    let read = |client: &Client| client.list_accounts(&ListAccounts::new());
    let page = one("GET", 200, &body, read).unwrap();
    assert_eq!(page.list[0].extra.text("email").as_deref(), Some("m@x"));
}

#[test]
fn accounts_create_response() {
    let create = CreateAccount::new("PTON8", "m@x");
    rules("POST", CREATED_ACCOUNT, "id", |client| client.create_account(&create));
}

#[test]
fn accounts_create_merchant_response() {
    let create = CreateMerchant::new("PTON8", "m@x");
    rules("POST", CREATED_ACCOUNT, "id", |client| client.create_merchant(&create));
    let made = one("POST", 200, CREATED_ACCOUNT, |c| c.create_merchant(&create)).unwrap();
    assert!(!format!("{made:?}").contains("CANARY"));
    assert!(!serde_json::to_string(&made).unwrap().contains("CANARY"));
    assert_eq!(made.api_credentials[0].client_secret.as_ref().unwrap().expose(), "CANARY");
    assert_eq!(made.website[0].pos_id.as_deref(), Some("ps_1"));
}

#[test]
fn created_accounts_have_their_addresses_persons_and_contacts() {
    let body = r#"{"result":"success","address":[{"street":"ul. Libelta","roomNumber":"3","isMain":1}],"person":[{"pesel":"80010100001","sharesPct":"25.5","pepStatement":true,"contact":{"type":"1","contact":"a@x"}},{"pepStatement":1,"contact":[{"type":2,"contact":"b@x"}]}]}"#;
    let create = CreateAccount::new("PTON8", "m@x");
    let made = one("POST", 200, body, |client| client.create_account(&create)).unwrap();
    assert_eq!(made.address[0].room_number.as_deref(), Some("3"));
    assert_eq!(made.address[0].is_main, Some(true));
    let [first, second] = made.person.as_slice() else { panic!("{made:?}") };
    assert_eq!(first.shares_pct, Some("25.5".parse().unwrap()));
    assert_eq!(first.pep_statement.as_deref(), Some("true"));
    assert_eq!(second.pep_statement.as_deref(), Some("1"));
    assert_eq!((first.contact[0].kind, second.contact[0].kind), (Some(1), Some(2)));
    assert_eq!(second.contact[0].contact.as_deref(), Some("b@x"));
}

#[test]
fn accounts_upload_file_response() {
    let body = r#"{"result":"success","requestId":"r","id":"fi_1"}"#;
    let call = |client: &Client| client.upload_account_file(&UploadAccountFile::new("01A", 1, "x"));
    acknowledgement_rules("POST", body, call);
    let file = one("POST", 200, body, call).unwrap();
    assert_eq!(file.extra.text("id").as_deref(), Some("fi_1"));
}

#[test]
fn accounts_get_response() {
    free_rules(r#"{"id":"01A","email":"m@x"}"#, |client| client.get_account("01A"));
}

#[test]
fn accounts_balance_response() {
    let body = r#"{"result":"success","requestId":"r","balance":12.34}"#;
    free_rules(body, |client| client.get_balance("01A"));
    let balance = one("GET", 200, body, |client| client.get_balance("01A")).unwrap();
    assert_eq!(balance.extra.text("balance").as_deref(), Some("12.34"));
}

#[test]
fn accounts_categories_response() {
    rules("GET", DICTIONARY, "list", Client::list_categories);
    let entry = one("GET", 200, DICTIONARY, Client::list_categories).unwrap().list.remove(0);
    assert_eq!((entry.id, entry.name.as_deref()), (Some(60), Some("Books")));
}

#[test]
fn accounts_category_response() {
    rules("GET", ENTRY, "id", |client| client.get_category(60));
}

#[test]
fn dictionary_entry_has_the_request_id() {
    let entry = one("GET", 200, ENTRY, |client| client.get_category(60)).unwrap();
    assert_eq!(entry.request_id.as_deref(), Some("r"));
    assert_eq!(entry.result, Some(ResultStatus::Success));
}

#[test]
fn accounts_legal_forms_response() {
    rules("GET", DICTIONARY, "list", Client::list_legal_forms);
}

#[test]
fn accounts_legal_form_response() {
    rules("GET", ENTRY, "id", |client| client.get_legal_form(3));
}

#[test]
fn accounts_documents_response() {
    rules("GET", DICTIONARY, "list", Client::list_documents);
}

#[test]
fn accounts_document_response() {
    rules("GET", ENTRY, "id", |client| client.get_document(1));
}

#[test]
fn accounts_mcc_response() {
    let bare = r#" [{"id":1,"name":"Shops","code":"5411"}]"#;
    let list = one("GET", 200, bare, Client::list_mcc).unwrap().list;
    assert_eq!(list[0].code.as_deref(), Some("5411"));
    let wrapped = format!(r#"{{"list":{bare}}}"#);
    assert_eq!(list, one("GET", 200, &wrapped, Client::list_mcc).unwrap().list);
    rules_of_one("GET", &wrapped, "list", Client::list_mcc);
}

#[test]
fn accounts_pos_response() {
    let body = r#"{"result":"success","requestId":"..","list":[{"posId":"ps_6UvbBjehvHXA7vfD","accountId":"01M80DDY372Q62XPM3RDEATMCJ","date":{"create":"2025-01-01 00:00:00","modification":"2025-01-01 00:00:00"},"settings":{"confirmationCode":"CANARY","isTestMode":false},"description":"","url":"https://example.com","name":"Shop","friendlyName":"Shop"}]}"#;
    rules("GET", body, "list", Client::list_pos);
    let pos = one("GET", 200, body, Client::list_pos).unwrap();
    assert!(!format!("{pos:?}").contains("CANARY"));
    let text = body.replace("false", "\"0\"");
    assert_eq!(pos, one("GET", 200, &text, Client::list_pos).unwrap());
}

#[test]
fn marketplace_create_response() {
    let child = ChildTransaction::new(grosze(1), "d", "m", []);
    let call =
        CreateMarketplaceTransaction::new("d", "p", BillingAddress::new("a@x", "A"), [child], []);
    let body = r#"{"transactionId":"01M","title":"TR-1","paymentUrl":"https://x"}"#;
    rules("POST", body, "transactionId", |client| client.create_marketplace_transaction(&call));
}

#[test]
fn marketplace_get_response() {
    let body = r#"{"transactionId":"01M","title":"TR-1","status":"correct","currency":"PLN","description":"d","hiddenDescription":"h","languageCode":"PL","creationDate":"2026-11-22 01:20:18.000000","childTransactions":[{"id":"c","amount":1500,"description":"d","hiddenDescription":"h","merchant":{"id":"m"},"refunds":[{"title":"t","amount":"100","date":"2026"}]}],"payments":{"attempts":[]}}"#;
    let get = GetMarketplaceTransaction::new("01M");
    rules("GET", body, "transactionId", |client| client.get_marketplace_transaction(&get));
    let read = one("GET", 200, body, |client| client.get_marketplace_transaction(&get)).unwrap();
    let child = &read.child_transactions[0];
    assert_eq!(child.amount, Some(grosze(1500)));
    assert_eq!(child.refunds[0].amount, Some(grosze(100)));
    assert!(serde_json::to_string(child).unwrap().contains("\"amount\":1500"));
}

#[test]
fn marketplace_payment_has_its_payer_and_callbacks() {
    let body = r#"{"title":"TR-1","pos":{"id":"p"},"preSelectedChannelId":64,"billingAddress":{"houseNo":"7"},"transactionCallbacks":[{"type":3,"value":"https://x"}],"transactionEmails":{"transactionCreated":false}}"#;
    let get = GetMarketplaceTransaction::new("01M");
    let read = one("GET", 200, body, |client| client.get_marketplace_transaction(&get)).unwrap();
    assert_eq!(read.pos.unwrap().id.as_deref(), Some("p"));
    assert_eq!(read.pre_selected_channel_id.as_deref(), Some("64"));
    assert_eq!(read.billing_address.unwrap().house_no.as_deref(), Some("7"));
    assert_eq!(read.transaction_callbacks[0].kind, Some(3));
    assert_eq!(read.transaction_emails.unwrap().transaction_created, Some(false));
}

#[test]
fn marketplace_pay_response() {
    let pay = PayMarketplaceTransaction::new("01M");
    let pay = pay.blik_payment_data(BlikPayment::code("777123"));
    rules("POST", TRANSACTION, "transactionId", |client| client.pay_marketplace_transaction(&pay));
}

#[test]
fn marketplace_payment_without_a_title_is_read() {
    let get = GetMarketplaceTransaction::new("01M");
    let body = r#"{"title":null,"status":"correct"}"#;
    let read = one("GET", 200, body, |client| client.get_marketplace_transaction(&get)).unwrap();
    assert_eq!(read.status, Some(TransactionStatus::Correct));
}

#[test]
fn marketplace_refund_response() {
    let refund = RefundMarketplaceTransaction::full("01M");
    let body = r#"{"transactionId":"01M","amount":1500}"#;
    rules("POST", body, "transactionId", |client| client.refund_marketplace_transaction(&refund));
    let made = one("POST", 200, body, |c| c.refund_marketplace_transaction(&refund)).unwrap();
    assert_eq!(made.amount, Some(grosze(1500)));
}

#[test]
fn marketplace_cancel_response() {
    acknowledgement_rules("POST", DONE, |client| client.cancel_marketplace_transaction("01M"));
}

#[test]
fn marketplace_bank_groups_response() {
    let list = ListMarketplaceBankGroups::new(["m"]);
    let body = format!(r#"{{"groups":[{GROUP}]}}"#);
    rules_of_one("GET", &body, "groups", |client| client.list_marketplace_bank_groups(&list));
}

#[test]
fn collect_list_bank_accounts_response() {
    let body = page("bankAccounts", ACCOUNT);
    rules("GET", &body, "bankAccounts", |client| {
        client.list_bank_accounts(&ListBankAccounts::new())
    });
}

#[test]
fn collect_create_bank_account_response() {
    let create = CreateBankAccount::new("PL63105015201000009091194713", "Jan", "x");
    rules("POST", ACCOUNT, "id", |client| client.create_bank_account(&create));
    let made = one("POST", 201, ACCOUNT, |client| client.create_bank_account(&create)).unwrap();
    assert_eq!(made.status, Some(BankAccountStatus::Active));
}

#[test]
fn reports_list_response() {
    let list = |client: &Client| client.list_reports(&ListReports::new());
    for name in ["reports", "list", "data"] {
        let body = format!(
            r#"{{"requestId":"r","{name}":[{{"id":"rep_1","name":"n"}}],"total":1,"x":1}}"#
        );
        free_rules(&body, list);
        let page = one("GET", 200, &body, list).unwrap();
        assert_eq!(page.reports[0].id.as_deref(), Some("rep_1"));
        assert_eq!(page.extra.text("x").as_deref(), Some("1"));
        assert_eq!(page.request_id.as_deref(), Some("r"));
    }
}

#[test]
fn reports_file_response() {
    let get = |client: &Client| client.get_report_file("rep_1", "file_1");
    let file = typed("text/csv", "GET", 200, b"a;b\r\n\xff", get).unwrap();
    assert_eq!(
        (file.content_type.as_deref(), &*file.bytes),
        (Some("text/csv"), &b"a;b\r\n\xff"[..])
    );
    let error = typed("text/html", "GET", 502, "<html>", get).unwrap_err();
    assert_eq!((error.kind(), &*error.body_text()), (ErrorKind::Api, "<html>"));
    assert_eq!(typed("text/plain", "GET", 401, "", get).unwrap_err().kind(), ErrorKind::Auth);
}

#[test]
fn recurring_create_response() {
    let schedule = Schedule::new(grosze(1), Currency::Pln, "2026", 1, IntervalUnit::Days);
    let call = CreateRecurring::new(
        ULID,
        "Plan",
        Payer::new("a@x", "Ann"),
        schedule,
        PaymentInstrument::test("instrument-7"),
        "https://x",
    );
    rules("POST", PLAN, "id", |client| client.create_recurring(&call));
    let plan = one("POST", 200, PLAN, |client| client.create_recurring(&call)).unwrap();
    assert_eq!(plan.status, Some(RecurringStatus::Active));
    assert_eq!(plan.extra.json("schedule").as_deref(), Some(r#"{"amount":49.9}"#));
}

#[test]
fn recurring_list_response() {
    for name in ["list", "recurring", "recurrings", "data"] {
        let list = |client: &Client| client.list_recurring(&ListRecurring::new());
        free_rules(&page(name, PLAN), list);
        let page = one("GET", 200, &page(name, PLAN), list).unwrap();
        assert_eq!((page.list.len(), page.request_id.as_deref()), (2, Some("r")), "{name}");
    }
}

#[test]
fn recurring_get_response() {
    free_rules(PLAN, |client| client.get_recurring(ULID));
}

#[test]
fn recurring_transactions_response() {
    let charge = r#"{"transactionId":"T","status":"correct","amount":49.9,"currency":"PLN"}"#;
    let list = ListRecurringCharges::new(ULID);
    for name in ["list", "transactions", "data"] {
        let list = |client: &Client| client.list_recurring_charges(&list);
        free_rules(&page(name, charge), list);
        let page = one("GET", 200, &page(name, charge), list).unwrap();
        assert_eq!((page.list.len(), page.request_id.as_deref()), (2, Some("r")), "{name}");
    }
}

#[test]
fn recurring_cancel_response() {
    acknowledgement_rules("POST", PLAN, |client| client.cancel_recurring(ULID));
}

#[test]
fn recurring_retry_response() {
    acknowledgement_rules("POST", PLAN, |client| client.retry_recurring(ULID));
}

#[test]
fn recurring_update_payment_instrument_response() {
    let update = |client: &Client| {
        client.update_payment_instrument(ULID, PaymentInstrument::card_token("tok"))
    };
    acknowledgement_rules("POST", PLAN, update);
}

#[test]
fn certificates_signing_response() {
    let pem = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
    let get = Client::get_signing_certificate;
    assert_eq!(one("GET", 200, pem, get).unwrap(), pem);
    for body in ["", "<html>", "{}", pem.split_at(40).0] {
        let error = one("GET", 200, body, get).unwrap_err();
        assert_eq!((error.kind(), &*error.body_text()), (ErrorKind::Decode, body));
    }
    assert_eq!(one("GET", 502, "<html>", get).unwrap_err().kind(), ErrorKind::Api);
}

#[test]
fn certificates_root_response() {
    let pem = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n".repeat(2);
    assert_eq!(one("GET", 200, &pem, Client::get_root_certificates).unwrap(), pem);
    for (body, problem) in [("", "the response body is empty"), ("{}", "is not a certificate")] {
        let error = one("GET", 200, body, Client::get_root_certificates).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().ends_with(problem), "{error}");
    }
}
