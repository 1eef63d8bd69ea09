//! Shared requests and responses.

use std::fmt::Write as _;

use serde::Deserialize;

pub const AID: &str = "AIDAIDAID0";
pub const KEY: &str = "jNq3vT0aB7xKc5mYpR8wZ2dLhE6uFsG1iOoQyX4t";
/// The `user-agent` that all contenders send.
pub const USER_AGENT: &str = "tinypass-client/0.1.0";

/// An access record: eleven fields.
pub const ACCESS: &str = r#"{"id":"1VShIZzLeIod","aid":"AIDAIDAID0","rid":"premium-content","uid":"PNI9Q4t7Vc","amount":4.99,"currency":"USD","created":1399482000,"expires":1893456000,"user_ref":"user_42","user_email":"ann@example.org","tags":["news","sport"]}"#;

/// A session of TinyCert.
pub const SESSION: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
pub const MADE: &str = r#"{"cert_id":4242}"#;

/// An application of Tokenpass.
pub const CLIENT_ID: &str = "TExampleClientXXXXXXXXXXXXXXXXXX";
pub const PROMISE: &str = r#"{"tx":{"promise_id":4242,"source":"1MySourceAddressXXXXXXXXXXXXXXXXX","destination":"1TheDestinationAddressXXXXXXXXXXX","asset":"TOKENLY","quantity":1000042,"fingerprint":null,"txid":null,"ref":"order-42","expiration":null,"created_at":"2026-11-22 01:20:18","updated_at":"2026-11-22 01:20:18","pseudo":false,"note":"Grüße"}}"#;

/// A token of Tpay.
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";
pub const TOKEN_RESPONSE: &str =
    r#"{"access_token":"0123456789abcdef0123456789abcdef","expires_in":7200}"#;
pub const TRANSACTION: &str = r#"{"result":"success","requestId":"5ff8dc1a3a5e","transactionId":"ta_4242","title":"TR-BRA-4242XX","posId":"ps_42","status":"pending","date":{"creation":"2026-11-22 01:20:18","realization":null},"amount":12.34,"currency":"PLN","description":"Zamówienie 42","hiddenDescription":"order-42","payer":{"payerId":"pa_42","email":"jan.nowak@example.com","name":"Jan Nowak","phone":"500100200"},"lang":"pl","transactionPaymentUrl":"https://secure.tpay.com/?title=TR-BRA-4242XX"}"#;

/// A list of transactions: its pages, and the entries of each.
pub const PAGES: usize = 500;
pub const PER_PAGE: usize = 20;

/// A page of a list of transactions, from 1.
pub fn page_of_transactions(number: usize, per_page: usize, total: usize) -> String {
    let (before, after) = TRANSACTION.split_once("4242").unwrap();
    let first = (number - 1) * per_page;
    let last = (first + per_page).min(total);
    let mut page = String::with_capacity(200 + per_page * (TRANSACTION.len() + 8));
    page.push_str(r#"{"result":"success","transactions":["#);
    for index in first..last {
        let comma = if index > first { "," } else { "" };
        let _ = write!(page, "{comma}{before}{index:08}{after}");
    }
    let _ = write!(page, r#"],"page":{number},"limit":{per_page},"total":{total}}}"#);
    page
}

/// The same eleven fields as a plain derived struct, for hand-written code.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[allow(dead_code, reason = "it is decoded, not read")]
pub struct PlainAccess {
    pub id: Option<String>,
    pub aid: Option<String>,
    pub rid: Option<String>,
    pub uid: Option<String>,
    pub amount: Option<f64>,
    pub currency: Option<String>,
    pub created: Option<i64>,
    pub expires: Option<i64>,
    pub user_ref: Option<String>,
    pub user_email: Option<String>,
    pub tags: Vec<String>,
}

/// A list of `number` records, each with an id of its own.
pub fn list(number: usize) -> String {
    list_with(number, "")
}

/// Unknown members of a record.
pub const UNKNOWN: &str =
    r#","lock":{"status":"none","x":[1,2,3]},"new_field":"value","score":12.5"#;

/// The same list with further members in each record.
pub fn list_with(number: usize, members: &str) -> String {
    let end = format!("{members}}}");
    let access = [ACCESS.trim_end_matches('}'), &end].concat();
    let one = |index| access.replace("1VShIZzLeIod", &format!("id{index:010}"));
    let records: Vec<String> = (0..number).map(one).collect();
    format!(r#"{{"data":[{}]}}"#, records.join(","))
}

/// The same list as a plain derived struct.
#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "it is decoded, not read")]
pub struct PlainList {
    pub data: Vec<PlainAccess>,
}
