#![cfg_attr(docsrs, feature(doc_cfg))]
// Some programs of the README send requests, so they run only where the transport is built in.
#![cfg_attr(any(feature = "ureq", not(doctest)), doc = include_str!("../README.md"))]
//!
//! # Overview
//!
//! | types | for |
//! |---|---|
//! | [`Client`], [`ClientBuilder`], [`Environment`], [`Scheme`], [`TokenPlace`], [`credentials`] | sending requests |
//! | [`Rules`], [`Rule`], [`Op`], [`Balances`], [`Satoshis`] | rules, evaluated locally or by the server |
//! | [`Authorize`], [`Scope`], [`UserToken`], [`LoginError`] | user logins |
//! | [`Address`], [`Balance`], [`Promise`], [`Source`], [`CreditGroup`], [`CreditAccount`], [`Chat`], [`User`] | responses |
//! | [`source_proof_message`], [`instant_verify_message`], [`signature_of`] | proofs of ownership |
//! | [`Error`], [`ErrorKind`], [`needs_login`] | errors |
//! | [`Secrets`], [`RawEndpoint`] | `curl` commands, other endpoints |

mod accounts;
mod addresses;
mod amounts;
mod auth;
mod chats;
mod client;
mod credits;
mod error;
mod html;
mod lookups;
mod oauth;
mod perks;
mod promises;
mod proof;
mod rules;
#[cfg(feature = "sign-message")]
mod sign_message;
mod tca;

pub use accounts::{
    CheckLogin, GetSecondFactor, RegisterAccount, SecondFactor, SignSecondFactor, UpdateAccount,
    User,
};
pub use addresses::{
    Address, DeleteAddress, GetMyAddress, GetPublicAddress, InstantVerify, ListMyAddresses,
    ListPublicAddresses, RegisterAddress, UpdateAddress, Verification, VerifyAddress,
};
pub use amounts::{Balances, Quantity, SATOSHIS, Satoshis};
pub use auth::{TokenPlace, credentials};
pub use chats::{
    Chat, ChatPrivileges, CreateChat, GetChat, GetChatPrivileges, GetMessengerPrivileges, JoinChat,
    ListChats, MessengerPrivileges, TokenAuthorization, UpdateChat, chat_id, chat_uuid,
};
pub use client::{Client, ClientBuilder, Environment, Scheme};
pub use credits::{
    BookedEntry, Booking, CreateCreditAccount, CreateCreditGroup, CreditAccount, CreditAccounts,
    CreditGroup, CreditHistory, CreditRow, CreditUser, Entry, GetCreditAccount,
    GetCreditAccountHistory, GetCreditGroup, GetCreditGroupHistory, GiveCredits,
    ListCreditAccounts, ListCreditGroups, TakeCredits, UpdateCreditGroup,
};
pub use error::needs_login;
pub use html::decode_html;
pub use lookups::{
    Balance, CheckUserExists, GetAddressByUser, GetUserByAddress, GetUserByEmail,
    GetUsersByAddresses, ListProtectedBalances, ListPublicBalances, Owner,
};
pub use oauth::{
    Authorize, ExchangeCode, ExchangeCodeAtApi, GetUser, LogOut, LoginError, LoginErrorKind,
    RequestCode, RequestPasswordToken, Scope, TokenPath, UserToken,
};
pub use perks::{GetAsset, GetPerks, Perks};
pub use promises::{
    CancelPromise, CreatePromise, DeleteSource, Destination, GetPromise, ListPromises,
    ListPromisesByEmail, ListSources, Promise, RegisterSource, Source, Sources, UpdatePromise,
};
pub use proof::{
    instant_verify_message, proof_suffix, signature_of, source_proof_message, user_hash,
};
pub use rules::{Op, Rule, Rules};
#[cfg(feature = "sign-message")]
pub use sign_message::{MessageKey, verify_message};
pub use tca::{CheckAddress, CheckEmail, CheckUser, FindUsers, FoundUser};

pub use api_auth::{
    Amount, Body, Clock, Credential, Delivery, Detail, Endpoint, Error, ErrorKind, ExtraFields,
    InputError, ManualClock, Method, Params, RawEndpoint, Request, Response, Result, Secret,
    Secrets, Sent, StatusCode, SystemClock, Transport, TransportError, TransportErrorKind,
    UnixTime, http, path_segment,
};

#[cfg(feature = "ureq")]
pub use api_auth::ureq;
