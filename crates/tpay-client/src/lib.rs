#![cfg_attr(docsrs, feature(doc_cfg))]
// Some of its programs make real calls, so they are run where the transport is built in.
#![cfg_attr(any(all(feature = "ureq", feature = "notifications"), not(doctest)), doc = include_str!("../README.md"))]
//!
//! # Overview
//!
//! | types | for |
//! |---|---|
//! | [`Client`], [`ClientBuilder`], [`Environment`] | sending requests |
//! | [`CreateTransaction`], [`Payer`], [`Pay`], [`BlikPayment`], [`CardPayment`] | payments |
//! | [`Transaction`], [`TransactionStatus`], [`Payments`] | results of payments |
//! | [`RefundTransaction`], [`RefundCard`], [`Refund`] | refunds |
//! | [`Amount`], [`grosze`], [`Currency`] | money |
//! | [`Error`], [`ErrorKind`], [`TpayError`] | errors |
//! | `Notifications`, `Notification` (feature `notifications`) | notifications from Tpay |
//! | [`TokenStore`], [`FileStore`], [`MemoryStore`] | sharing tokens |
//! | [`Secrets`], [`RawEndpoint`] | `curl` commands, other endpoints |

mod accounts;
mod blik;
mod certificates;
mod channels;
mod client;
mod collect;
mod dictionaries;
mod error;
mod marketplace;
mod merchants;
mod money;
#[cfg(feature = "notifications")]
mod notifications;
mod oauth;
mod paging;
mod parties;
mod pay;
mod payments;
mod pos;
mod qr;
mod recurring;
mod refunds;
mod reports;
mod tokens;
mod transactions;
mod validate;

pub use accounts::{
    Account, AccountAddress, AccountBank, AccountPage, AccountPhone, ApiCredentials, Balance,
    CreateAccount, CreatedAccount, CreatedAddress, CreatedContact, CreatedPerson, GetAccount,
    GetBalance, ListAccounts, Person, PersonContact, TransactionApiCredentials, Website,
};
pub use blik::{
    AliasEvent, BlikAliasDetails, BlikAliases, CreateBlikAlias, CreatedAlias, DeleteBlikAlias,
    GetBlikAlias,
};
pub use certificates::{GetRootCertificates, GetSigningCertificate};
pub use channels::{
    BankGroup, BankGroups, Channel, ChannelGroup, Channels, Constraint, Image, ListBankGroups,
    ListChannels,
};
pub use client::{Client, ClientBuilder, Environment};
pub use collect::{
    BankAccount, BankAccountPage, BankAccountStatus, CreateBankAccount, ListBankAccounts,
};
pub use dictionaries::{
    Dictionary, DictionaryEntry, GetCategory, GetDocument, GetLegalForm, ListCategories,
    ListDocuments, ListLegalForms, ListMcc,
};
pub use error::{File, TpayError};
pub use marketplace::{
    BillingAddress, BillingAddressDetails, CancelMarketplaceTransaction, ChildRefund,
    ChildTransaction, CreateMarketplaceTransaction, CreatedMarketplaceTransaction,
    GetMarketplaceTransaction, ListMarketplaceBankGroups, MarketplaceCallback,
    MarketplaceCallbackDetails, MarketplaceChild, MarketplaceChildRefund, MarketplaceEmails,
    MarketplaceLanguage, MarketplaceMerchant, MarketplacePos, MarketplaceRefund,
    MarketplaceTransaction, PayMarketplaceTransaction, Product, RefundMarketplaceTransaction,
};
pub use merchants::{ContactPerson, CreateMerchant, MerchantAddress};
pub use money::{Currency, grosze};
pub use oauth::{GetTokenInfo, RequestToken, Token, TokenDetails, TokenInfo};
pub use parties::{Callbacks, Collect, Language, Payee, PayeeAddress, Payer};
pub use pay::{
    AliasType, Autopayment, AutopaymentModel, BLIK_GROUP, BlikAlias, BlikPayment, CARD_GROUP,
    CardNetwork, CardOnFile, CardPayment, ClickToPay, Pay, PayMethod, Recursive, TokenPayment,
};
pub use payments::{
    Alternative, Attempt, Lock, PaymentError, PaymentErrorCode, PaymentExtra, PaymentStatus,
    Payments,
};
pub use pos::{ListPos, Pos, PosDate, PosList, PosSettings};
pub use qr::{GetTransactionQr, ImageType, QrLink, QrSize};
pub use recurring::{
    CancelRecurring, CreateRecurring, GetRecurring, InstrumentType, IntervalUnit, ListRecurring,
    ListRecurringCharges, PaymentInstrument, RecurringBlik, RecurringCharge, RecurringCharges,
    RecurringPage, RecurringPlan, RecurringStatus, RetryInterval, RetryRecurring, Schedule,
    UpdatePaymentInstrument,
};
pub use refunds::{
    CardRefund, CardRefundExtra, CardRefundReply, GetRefund, ListRefunds, ListTransactionRefunds,
    Refund, RefundCard, RefundContext, RefundDate, RefundList, RefundPage, RefundStatus,
    RefundTransaction, TransactionRefunds,
};
pub use reports::{GetReportFile, ListReports, Report, ReportPage, SortDirection};
pub use tokens::{
    ApplePaySession, CardContent, CardToken, CreateToken, CreatedToken, DeleteToken, GetToken,
    InitApplePay, RedirectUrls, TokenPayer, TokenStatus,
};
pub use transactions::{
    CancelTransaction, CancelTransactionLegacy, CreateTransaction, GetTransaction,
    ListTransactions, NotificationTargets, PayTransaction, PayerDetails, ResultStatus, Transaction,
    TransactionDate, TransactionPage, TransactionStatus,
};

#[cfg(feature = "notifications")]
pub use notifications::{
    AliasEventKind, AliasNotification, MarketplaceNotification, Notification, NotificationReply,
    NotificationStatus, Notifications, NotifiedAlias, OtherNotification, PaymentNotification,
    RecurringNotification, TokenUpdateNotification, TokenizationNotification, payment_md5sum,
    testing,
};

pub use api_auth::oauth::ClientAuthentication;
pub use api_auth::{
    AccessToken, Acknowledgement, Amount, Body, Clock, Credential, Delivery, Detail, Endpoint,
    Error, ErrorKind, ExtraFields, FileStore, InputError, Items, ManualClock, MemoryStore, Method,
    Paged, Pages, Params, RawEndpoint, Request, Response, Result, Secret, Secrets, Sent, Server,
    StatusCode, SystemClock, TokenKey, TokenStore, Transport, TransportError, TransportErrorKind,
    UnixTime, http, path_segment,
};

#[cfg(feature = "ureq")]
pub use api_auth::ureq;
