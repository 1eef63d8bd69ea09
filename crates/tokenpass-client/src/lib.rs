#![cfg_attr(docsrs, feature(doc_cfg))]
//! Blocking, typed client for the Tokenpass API.
//!
//! # Tasks
//!
//! | to | use |
//! |---|---|
//! | log a user in | [`begin_login`](Client::begin_login), [`authorize_url`](Client::authorize_url), [`finish_login`](Client::finish_login) |
//! | check whether the logged-in user has access | [`get_user`](Client::get_user), [`check_user`](Client::check_user) |
//! | evaluate rules without a request | [`evaluate`](Rules::evaluate) |
//! | lend a token for a limited time | [`create_promise`](Client::create_promise) |
//! | give credits to a user | [`give_credits`](Client::give_credits) |
//! | handle errors, such as an expired token of a user | [`ErrorKind`], [`needs_login`](ErrorExt::needs_login) |
//! | find out whether a failed write was carried out | [`outcome_unknown`](Error::outcome_unknown), then [`find_promise`](Client::find_promise) or [`get_credit_group_history`](Client::get_credit_group_history) |
//! | test your code without a server | [Testing your own code](#testing-your-own-code) |
//!
//! # Contents
//!
//! Every endpoint is a method of [`Client`] and has a request type in the module of its resource.
//! Most programs only need the names on this page and the module of the resource that they use.
//!
//! | item | contents | methods |
//! |---|---|---|
//! | [`Client`], [`ClientBuilder`] | credentials and settings | [`builder`](Client::builder), [`from_env`](Client::from_env), [`as_user`](Client::as_user), [`client_id`](Client::client_id) |
//! | [`rules`] | rules of token-controlled access, evaluated by the server or locally | |
//! | [`tca`] | token-controlled access (TCA): does a user satisfy rules? | [`check_user`](Client::check_user), [`check_address`](Client::check_address), [`check_email`](Client::check_email), [`find_users`](Client::find_users) |
//! | [`promises`] | promises of tokens, and the addresses from which tokens are promised | [`create_promise`](Client::create_promise), [`find_promise`](Client::find_promise), [`list_promises`](Client::list_promises), [`list_promises_by_email`](Client::list_promises_by_email), [`get_promise`](Client::get_promise), [`update_promise`](Client::update_promise), [`cancel_promise`](Client::cancel_promise), [`register_source`](Client::register_source), [`list_sources`](Client::list_sources), [`delete_source`](Client::delete_source), [`source_proof_message`](Client::source_proof_message) |
//! | [`addresses`] | Bitcoin addresses of users | [`list_my_addresses`](Client::list_my_addresses), [`get_my_address`](Client::get_my_address), [`register_address`](Client::register_address), [`verify_address`](Client::verify_address), [`update_address`](Client::update_address), [`delete_address`](Client::delete_address), [`instant_verify`](Client::instant_verify), [`list_public_addresses`](Client::list_public_addresses), [`get_public_address`](Client::get_public_address) |
//! | [`balances`] | balances of users, amounts of tokens | [`list_public_balances`](Client::list_public_balances), [`list_protected_balances`](Client::list_protected_balances) |
//! | [`lookups`] | users by address, and addresses by user | [`get_user_by_address`](Client::get_user_by_address), [`get_users_by_addresses`](Client::get_users_by_addresses), [`get_address_by_user`](Client::get_address_by_user), [`get_user_by_email`](Client::get_user_by_email), [`check_user_exists`](Client::check_user_exists) |
//! | [`credits`] | credits of an application: groups, accounts, ledgers | [`create_credit_group`](Client::create_credit_group), [`list_credit_groups`](Client::list_credit_groups), [`get_credit_group`](Client::get_credit_group), [`update_credit_group`](Client::update_credit_group), [`get_credit_group_history`](Client::get_credit_group_history), [`create_credit_account`](Client::create_credit_account), [`list_credit_accounts`](Client::list_credit_accounts), [`get_credit_account`](Client::get_credit_account), [`get_credit_account_history`](Client::get_credit_account_history), [`give_credits`](Client::give_credits), [`take_credits`](Client::take_credits) |
//! | [`chats`] | token chats, and privileges in the messenger | [`create_chat`](Client::create_chat), [`get_chat`](Client::get_chat), [`update_chat`](Client::update_chat), [`list_chats`](Client::list_chats), [`join_chat`](Client::join_chat), [`get_chat_privileges`](Client::get_chat_privileges), [`get_messenger_privileges`](Client::get_messenger_privileges) |
//! | [`perks`] | chats that a token gives access to, details of assets | [`get_perks`](Client::get_perks), [`get_asset`](Client::get_asset) |
//! | [`accounts`] | user accounts, and the second factor | [`register_account`](Client::register_account), [`check_login`](Client::check_login), [`update_account`](Client::update_account), [`get_second_factor`](Client::get_second_factor), [`sign_second_factor`](Client::sign_second_factor) |
//! | [`oauth`] | user logins | [`begin_login`](Client::begin_login), [`authorize_url`](Client::authorize_url), [`finish_login`](Client::finish_login), [`exchange_code`](Client::exchange_code), [`exchange_code_at_api`](Client::exchange_code_at_api), [`request_code`](Client::request_code), [`request_password_token`](Client::request_password_token), [`get_user`](Client::get_user), [`log_out`](Client::log_out) |
//! | [`proof`] | proofs of ownership of an address | |
//! | [`html`] | decoding of labels and notes | |
//! | [`credentials`] | credentials for a [`RawEndpoint`] | |
//! | [`ENDPOINTS`] | table of all endpoints | |
//! | [`api_auth`] | transports, clocks, token stores and HTTP types, shared by the four clients | |
//! | [`Client`] | requests to any endpoint, also as `curl` commands | [`send`](Client::send), [`send_with_response`](Client::send_with_response), [`send_raw`](Client::send_raw), [`send_as`](Client::send_as), [`send_all`](Client::send_all), [`items`](Client::items), [`signed_request`](Client::signed_request), [`curl`](Client::curl), [`curl_with_secrets`](Client::curl_with_secrets) |
//!
// Some programs in the README send requests, so their tests run only with the built-in transport.
#![cfg_attr(any(feature = "ureq", not(doctest)), doc = include_str!("../README.md"))]

pub mod accounts;
pub mod addresses;
mod auth;
pub mod balances;
pub mod chats;
mod client;
pub mod credentials;
pub mod credits;
mod endpoints;
mod error;
pub mod html;
pub mod lookups;
pub mod oauth;
pub mod perks;
pub mod promises;
pub mod proof;
pub mod rules;
#[cfg(feature = "sign-message")]
mod sign_message;
pub mod tca;

pub use client::{Client, ClientBuilder, Environment, Scheme};
pub use endpoints::ENDPOINTS;
pub use error::ErrorExt;

#[doc(no_inline)]
pub use balances::{Balances, Satoshis};
#[doc(no_inline)]
pub use oauth::{Authorize, Scope, UserToken};
#[doc(no_inline)]
pub use promises::{CreatePromise, Destination, Promise};
#[doc(no_inline)]
pub use rules::{Op, Rule, Rules};

pub use api_auth;
#[doc(no_inline)]
pub use api_auth::{Endpoint, Error, ErrorKind, InputError, RawEndpoint, Result, Secret, UnixTime};
