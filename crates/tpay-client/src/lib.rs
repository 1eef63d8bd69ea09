#![cfg_attr(docsrs, feature(doc_cfg))]
// Some examples of the README send requests, so they run only with the built-in transport.
#![cfg_attr(any(all(feature = "ureq", feature = "notifications"), not(doctest)), doc = include_str!("../README.md"))]
//!
//! # Contents
//!
//! All endpoints are methods of [`Client`]. Requests, responses and their parts are in one module
//! per resource; this page has the names that most programs use.
//!
//! | module | methods of [`Client`] | for |
//! |---|---|---|
//! | [`transactions`] | [`create_transaction`](Client::create_transaction), [`pay_transaction`](Client::pay_transaction), [`get_transaction`](Client::get_transaction), [`transactions`](Client::transactions), [`find_transactions`](Client::find_transactions), [`reference_id`](Client::reference_id), [`cancel_transaction`](Client::cancel_transaction) | payments: creating, paying, reading, cancelling |
//! | [`transactions::pay`] | | payment methods: cards, wallets, channels |
//! | [`transactions::payments`] | | results of payments, attempts, holds |
//! | [`transactions::qr`] | [`get_transaction_qr`](Client::get_transaction_qr) | QR images of links to the payment page |
//! | [`blik`] | [`take_blik_payment`](Client::take_blik_payment), [`pay_by_blik`](Client::pay_by_blik), [`create_blik_alias`](Client::create_blik_alias), [`get_blik_alias`](Client::get_blik_alias), [`delete_blik_alias`](Client::delete_blik_alias) | BLIK codes, aliases and autopayments |
//! | [`refunds`] | [`refund_transaction`](Client::refund_transaction), [`transaction_refunds`](Client::transaction_refunds), [`get_refund`](Client::get_refund), [`refunds`](Client::refunds), [`refund_card`](Client::refund_card) | refunds of transactions, refunds to cards |
//! | [`cards`] | [`create_card_token`](Client::create_card_token), [`get_card_token`](Client::get_card_token), [`delete_card_token`](Client::delete_card_token), [`init_apple_pay`](Client::init_apple_pay) | saved cards, sessions of Apple Pay |
//! | [`recurring`] | [`create_recurring`](Client::create_recurring), [`recurring_plans`](Client::recurring_plans), [`get_recurring`](Client::get_recurring), [`recurring_charges`](Client::recurring_charges), [`cancel_recurring`](Client::cancel_recurring), [`retry_recurring`](Client::retry_recurring), [`update_payment_instrument`](Client::update_payment_instrument) | plans of recurring payments (experimental) |
//! | [`channels`] | [`list_channels`](Client::list_channels), [`list_bank_groups`](Client::list_bank_groups) | payment channels and their groups |
//! | [`marketplace`] | [`create_marketplace_transaction`](Client::create_marketplace_transaction), [`pay_marketplace_transaction`](Client::pay_marketplace_transaction), [`get_marketplace_transaction`](Client::get_marketplace_transaction), [`refund_marketplace_transaction`](Client::refund_marketplace_transaction), [`cancel_marketplace_transaction`](Client::cancel_marketplace_transaction), [`list_marketplace_bank_groups`](Client::list_marketplace_bank_groups) | payments to several merchants |
//! | [`accounts`] | [`create_merchant`](Client::create_merchant), [`accounts`](Client::accounts), [`get_account`](Client::get_account), [`get_balance`](Client::get_balance), [`create_account`](Client::create_account), [`upload_account_file`](Client::upload_account_file) | merchants of a partner |
//! | [`dictionaries`] | [`list_categories`](Client::list_categories), [`list_legal_forms`](Client::list_legal_forms), [`list_documents`](Client::list_documents), [`list_mcc`](Client::list_mcc), and the entries by id | ids for accounts and merchants |
//! | [`pos`] | [`list_pos`](Client::list_pos) | points of sale |
//! | [`collect`] | [`bank_accounts`](Client::bank_accounts), [`create_bank_account`](Client::create_bank_account) | bank accounts of Collect |
//! | [`reports`] | [`reports`](Client::reports), [`get_report_file`](Client::get_report_file) | reports and their files (experimental) |
//! | `notifications` (feature of that name) | `notifications` | verifying and parsing notifications from Tpay |
//! | [`certificates`] | [`get_signing_certificate`](Client::get_signing_certificate), [`get_root_certificates`](Client::get_root_certificates) | certificates of notifications |
//! | [`oauth`] | [`request_token`](Client::request_token), [`get_token_info`](Client::get_token_info) | access tokens; the client manages its own |
//! | [`common`] | | local times, and types of several responses |
//! | [`api_auth`] | | transports, clocks, token stores, `curl` commands: what all clients of this family share |

pub mod accounts;
pub mod blik;
pub mod cards;
pub mod certificates;
pub mod channels;
mod client;
pub mod collect;
pub mod common;
pub mod dictionaries;
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
