//! The table of all endpoints.

use api_auth::EndpointInfo;

use crate::accounts::{
    CreateAccount, CreateMerchant, GetAccount, GetBalance, ListAccounts, UploadAccountFile,
};
use crate::blik::{CreateBlikAlias, DeleteBlikAlias, GetBlikAlias};
use crate::cards::{CreateCardToken, DeleteCardToken, GetCardToken, InitApplePay};
use crate::certificates::{GetRootCertificates, GetSigningCertificate};
use crate::channels::{ListBankGroups, ListChannels};
use crate::collect::{CreateBankAccount, ListBankAccounts};
use crate::dictionaries::{
    GetCategory, GetDocument, GetLegalForm, ListCategories, ListDocuments, ListLegalForms, ListMcc,
};
use crate::marketplace::{
    CancelMarketplaceTransaction, CreateMarketplaceTransaction, GetMarketplaceTransaction,
    ListMarketplaceBankGroups, PayMarketplaceTransaction, RefundMarketplaceTransaction,
};
use crate::oauth::{GetTokenInfo, RequestToken};
use crate::pos::ListPos;
use crate::recurring::{
    CancelRecurring, CreateRecurring, GetRecurring, ListRecurring, ListRecurringCharges,
    RetryRecurring, UpdatePaymentInstrument,
};
use crate::refunds::{
    GetRefund, ListRefunds, ListTransactionRefunds, RefundCard, RefundTransaction,
};
use crate::reports::{GetReportFile, ListReports};
use crate::transactions::qr::GetTransactionQr;
use crate::transactions::{
    CancelTransaction, CancelTransactionLegacy, CreateTransaction, GetTransaction,
    ListTransactions, PayTransaction,
};

/// All endpoints of this crate, in the order of the table in the README.
///
/// ```
/// let listed = tpay_client::ENDPOINTS.iter().find(|endpoint| endpoint.id() == "transactions.get");
/// assert_eq!(listed.unwrap().template(), "/transactions/{transactionId}");
/// ```
pub const ENDPOINTS: &[EndpointInfo] = &[
    EndpointInfo::of::<RequestToken>(),
    EndpointInfo::of::<GetTokenInfo>(),
    EndpointInfo::of::<CreateTransaction>(),
    EndpointInfo::of::<ListTransactions>(),
    EndpointInfo::of::<GetTransaction>(),
    EndpointInfo::of::<PayTransaction>(),
    EndpointInfo::of::<CancelTransaction>(),
    EndpointInfo::of::<CancelTransactionLegacy>(),
    EndpointInfo::of::<GetTransactionQr>(),
    EndpointInfo::of::<RefundTransaction>(),
    EndpointInfo::of::<ListTransactionRefunds>(),
    EndpointInfo::of::<ListBankGroups>(),
    EndpointInfo::of::<ListChannels>(),
    EndpointInfo::of::<ListRefunds>(),
    EndpointInfo::of::<RefundCard>(),
    EndpointInfo::of::<GetRefund>(),
    EndpointInfo::of::<CreateCardToken>(),
    EndpointInfo::of::<GetCardToken>(),
    EndpointInfo::of::<DeleteCardToken>(),
    EndpointInfo::of::<CreateBlikAlias>(),
    EndpointInfo::of::<GetBlikAlias>(),
    EndpointInfo::of::<DeleteBlikAlias>(),
    EndpointInfo::of::<InitApplePay>(),
    EndpointInfo::of::<ListAccounts>(),
    EndpointInfo::of::<CreateAccount>(),
    EndpointInfo::of::<CreateMerchant>(),
    EndpointInfo::of::<UploadAccountFile>(),
    EndpointInfo::of::<GetAccount>(),
    EndpointInfo::of::<GetBalance>(),
    EndpointInfo::of::<ListCategories>(),
    EndpointInfo::of::<GetCategory>(),
    EndpointInfo::of::<ListLegalForms>(),
    EndpointInfo::of::<GetLegalForm>(),
    EndpointInfo::of::<ListDocuments>(),
    EndpointInfo::of::<GetDocument>(),
    EndpointInfo::of::<ListMcc>(),
    EndpointInfo::of::<ListPos>(),
    EndpointInfo::of::<CreateMarketplaceTransaction>(),
    EndpointInfo::of::<GetMarketplaceTransaction>(),
    EndpointInfo::of::<PayMarketplaceTransaction>(),
    EndpointInfo::of::<RefundMarketplaceTransaction>(),
    EndpointInfo::of::<CancelMarketplaceTransaction>(),
    EndpointInfo::of::<ListMarketplaceBankGroups>(),
    EndpointInfo::of::<ListBankAccounts>(),
    EndpointInfo::of::<CreateBankAccount>(),
    EndpointInfo::of::<ListReports>(),
    EndpointInfo::of::<GetReportFile>(),
    EndpointInfo::of::<CreateRecurring>(),
    EndpointInfo::of::<ListRecurring>(),
    EndpointInfo::of::<GetRecurring>(),
    EndpointInfo::of::<ListRecurringCharges>(),
    EndpointInfo::of::<CancelRecurring>(),
    EndpointInfo::of::<RetryRecurring>(),
    EndpointInfo::of::<UpdatePaymentInstrument>(),
    EndpointInfo::of::<GetSigningCertificate>(),
    EndpointInfo::of::<GetRootCertificates>(),
];
