#![cfg_attr(docsrs, feature(doc_cfg))]
//! Blocking, typed client for the Tpay Open API.
//!
//! # Tasks
//!
//! | to | use |
//! |---|---|
//! | take a payment with a link or a BLIK code | [`create_transaction`](Client::create_transaction), [`take_blik_payment`](Client::take_blik_payment) |
//! | refund a payment | [`refund_transaction`](Client::refund_transaction) |
#![cfg_attr(
    feature = "notifications",
    doc = "| receive and verify a notification | [`notifications`](Client::notifications), [`read_request`](Notifications::read_request) |"
)]
#![cfg_attr(
    not(feature = "notifications"),
    doc = "| receive and verify a notification | `notifications` (feature of that name) |"
)]
//! | list the transactions of a period, several pages at a time | [`transactions`](Client::transactions), [`concurrent`](Items::concurrent) |
//! | find out whether a failed write was carried out | [`outcome_unknown`](Error::outcome_unknown), then [`find_transactions`](Client::find_transactions) or [`transaction_refunds`](Client::transaction_refunds) |
//! | handle errors | [`ErrorKind`], [`ErrorExt`] |
//! | share a token between programs | [`FileStore`] |
//! | test your code without a server | [Testing your own code](#testing-your-own-code) |
//!
//! # Contents
//!
//! Every endpoint is a method of [`Client`] and has a request type in the module of its resource.
//! Most programs only need the names on this page and the module of the resource that they use.
//!
//! If a list has several pages, the method `list_…`, such as
//! [`list_refunds`](Client::list_refunds), returns one page. The method without this prefix, such
//! as [`refunds`](Client::refunds), iterates over the entries of all pages. `notifications` is the
//! exception: it returns the reader that verifies received notifications.
//!
//! | item | contents | methods |
//! |---|---|---|
//! | [`Client`], [`ClientBuilder`] | credentials and settings | [`builder`](Client::builder), [`from_env`](Client::from_env), [`environment`](Client::environment) |
//! | [`transactions`] | creating transactions, paying for them, reading and cancelling them | [`create_transaction`](Client::create_transaction), [`pay_transaction`](Client::pay_transaction), [`get_transaction`](Client::get_transaction), [`transactions`](Client::transactions), [`cancel_transaction`](Client::cancel_transaction), [`list_transactions`](Client::list_transactions), [`cancel_transaction_legacy`](Client::cancel_transaction_legacy), [`find_transactions`](Client::find_transactions), [`reference_id`](Client::reference_id) |
//! | [`transactions::pay`] | payment methods: cards, wallets, channels | |
//! | [`transactions::payments`] | results of payments, attempts, holds | |
//! | [`transactions::qr`] | QR images of links to the payment page | [`get_transaction_qr`](Client::get_transaction_qr) |
//! | [`blik`] | BLIK codes, aliases and autopayments | [`create_blik_alias`](Client::create_blik_alias), [`get_blik_alias`](Client::get_blik_alias), [`delete_blik_alias`](Client::delete_blik_alias), [`take_blik_payment`](Client::take_blik_payment), [`pay_by_blik`](Client::pay_by_blik) |
//! | [`refunds`] | refunds of transactions, refunds to cards | [`refund_transaction`](Client::refund_transaction), [`transaction_refunds`](Client::transaction_refunds), [`get_refund`](Client::get_refund), [`refunds`](Client::refunds), [`refund_card`](Client::refund_card), [`list_transaction_refunds`](Client::list_transaction_refunds), [`list_refunds`](Client::list_refunds) |
//! | [`cards`] | saved cards, Apple Pay sessions | [`create_card_token`](Client::create_card_token), [`get_card_token`](Client::get_card_token), [`delete_card_token`](Client::delete_card_token), [`init_apple_pay`](Client::init_apple_pay) |
//! | [`recurring`] | plans of recurring payments (experimental) | [`create_recurring`](Client::create_recurring), [`recurring_plans`](Client::recurring_plans), [`get_recurring`](Client::get_recurring), [`recurring_charges`](Client::recurring_charges), [`cancel_recurring`](Client::cancel_recurring), [`retry_recurring`](Client::retry_recurring), [`update_payment_instrument`](Client::update_payment_instrument), [`list_recurring`](Client::list_recurring), [`list_recurring_charges`](Client::list_recurring_charges) |
//! | [`channels`] | payment channels and their groups | [`list_channels`](Client::list_channels), [`list_bank_groups`](Client::list_bank_groups) |
//! | [`marketplace`] | payments to several merchants | [`create_marketplace_transaction`](Client::create_marketplace_transaction), [`pay_marketplace_transaction`](Client::pay_marketplace_transaction), [`get_marketplace_transaction`](Client::get_marketplace_transaction), [`refund_marketplace_transaction`](Client::refund_marketplace_transaction), [`cancel_marketplace_transaction`](Client::cancel_marketplace_transaction), [`list_marketplace_bank_groups`](Client::list_marketplace_bank_groups) |
//! | [`accounts`] | a partner's merchants and their accounts | [`create_merchant`](Client::create_merchant), [`accounts`](Client::accounts), [`get_account`](Client::get_account), [`get_balance`](Client::get_balance), [`create_account`](Client::create_account), [`list_accounts`](Client::list_accounts), [`upload_account_file`](Client::upload_account_file) |
//! | [`dictionaries`] | ids for accounts and merchants | [`list_categories`](Client::list_categories), [`list_legal_forms`](Client::list_legal_forms), [`list_documents`](Client::list_documents), [`list_mcc`](Client::list_mcc), [`get_category`](Client::get_category), [`get_legal_form`](Client::get_legal_form), [`get_document`](Client::get_document) |
//! | [`pos`] | points of sale | [`list_pos`](Client::list_pos) |
//! | [`collect`] | Collect bank accounts | [`bank_accounts`](Client::bank_accounts), [`create_bank_account`](Client::create_bank_account), [`list_bank_accounts`](Client::list_bank_accounts) |
//! | [`reports`] | reports and their files (experimental) | [`reports`](Client::reports), [`get_report_file`](Client::get_report_file), [`list_reports`](Client::list_reports) |
#![cfg_attr(
    feature = "notifications",
    doc = "| [`notifications`] | verifying and parsing notifications from Tpay | [`notifications`](Client::notifications) |"
)]
#![cfg_attr(
    not(feature = "notifications"),
    doc = "| `notifications` (feature of that name) | verifying and parsing notifications from Tpay | `notifications` |"
)]
//! | [`certificates`] | certificates that verify notifications | [`get_signing_certificate`](Client::get_signing_certificate), [`get_root_certificates`](Client::get_root_certificates) |
//! | [`oauth`] | access tokens; the client manages its own | [`request_token`](Client::request_token), [`get_token_info`](Client::get_token_info) |
//! | [`Amount`], [`grosze`], [`Currency`] | exact amounts of money | |
//! | [`common`] | local times, and types that several resources share | |
//! | [`ENDPOINTS`] | table of all endpoints | |
//! | [`api_auth`] | transports, clocks, token stores and HTTP types, shared by the four clients | |
//! | [`Client`] | requests to any endpoint, also as `curl` commands | [`send`](Client::send), [`send_with_response`](Client::send_with_response), [`send_raw`](Client::send_raw), [`send_as`](Client::send_as), [`send_all`](Client::send_all), [`items`](Client::items), [`signed_request`](Client::signed_request), [`curl`](Client::curl), [`curl_with_secrets`](Client::curl_with_secrets) |
//!
// Some programs in the README send requests, so their tests run only with the built-in transport.
#![cfg_attr(any(all(feature = "ureq", feature = "notifications"), not(doctest)), doc = include_str!("../README.md"))]

pub mod accounts;
pub mod blik;
pub mod cards;
pub mod certificates;
pub mod channels;
mod client;
pub mod collect;
pub mod common;
pub mod dictionaries;
mod endpoints;
mod error;
mod id;
mod local_time;
pub mod marketplace;
mod money;
#[cfg(feature = "notifications")]
pub mod notifications;
pub mod oauth;
mod paging;
pub mod pos;
pub mod recurring;
pub mod refunds;
pub mod reports;
pub mod transactions;
mod validate;

pub use api_auth;

pub use client::{Client, ClientBuilder, Environment};
pub use endpoints::ENDPOINTS;
pub use error::ErrorExt;
pub use money::{Currency, grosze};

pub use api_auth::{
    Amount, Endpoint, Error, ErrorKind, FileStore, InputError, Items, MemoryStore, RawEndpoint,
    Result, Secret, UnixTime,
};
#[doc(no_inline)]
pub use blik::BlikPayment;
#[cfg(feature = "notifications")]
#[doc(no_inline)]
pub use notifications::{Notification, Notifications};
#[doc(no_inline)]
pub use refunds::{Refund, RefundTransaction};
#[doc(no_inline)]
pub use transactions::pay::Pay;
#[doc(no_inline)]
pub use transactions::{CreateTransaction, Payer, Transaction, TransactionStatus};
