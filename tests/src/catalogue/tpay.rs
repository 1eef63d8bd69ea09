//! Tpay: a token is requested first and sent in a header.

use tpay_client::accounts::{
    CreateAccount, CreateMerchant, GetAccount, GetBalance, ListAccounts, UploadAccountFile,
};
use tpay_client::blik::{AliasType, BlikAlias, CreateBlikAlias, DeleteBlikAlias, GetBlikAlias};
use tpay_client::cards::{CreateCardToken, DeleteCardToken, GetCardToken, InitApplePay};
use tpay_client::certificates::{GetRootCertificates, GetSigningCertificate};
use tpay_client::channels::{ListBankGroups, ListChannels};
use tpay_client::collect::{CreateBankAccount, ListBankAccounts};
use tpay_client::dictionaries::{
    GetCategory, GetDocument, GetLegalForm, ListCategories, ListDocuments, ListLegalForms, ListMcc,
};
use tpay_client::marketplace::{
    BillingAddress, CancelMarketplaceTransaction, ChildTransaction, CreateMarketplaceTransaction,
    GetMarketplaceTransaction, ListMarketplaceBankGroups, PayMarketplaceTransaction, Product,
    RefundMarketplaceTransaction,
};
use tpay_client::oauth::{GetTokenInfo, RequestToken};
use tpay_client::pos::ListPos;
use tpay_client::recurring::{
    CancelRecurring, CreateRecurring, GetRecurring, IntervalUnit, ListRecurring,
    ListRecurringCharges, PaymentInstrument, RetryRecurring, Schedule, UpdatePaymentInstrument,
};
use tpay_client::refunds::{GetRefund, ListRefunds, ListTransactionRefunds, RefundCard};
use tpay_client::reports::{GetReportFile, ListReports};
use tpay_client::transactions::pay::CardPayment;
use tpay_client::transactions::qr::GetTransactionQr;
use tpay_client::transactions::{
    CancelTransaction, CancelTransactionLegacy, GetTransaction, ListTransactions, PayTransaction,
};
use tpay_client::{
    Amount, BlikPayment, Client, CreateTransaction, Currency, Environment, Pay, Payer,
    RefundTransaction, grosze,
};

use super::{AnyClient, Provider, calls, configured};

const TRANSACTION: &str = "ta_EKDYNbnv4lPq3d0o";
const ULID: &str = "01J0A1B2C3D4E5F6G7H8J9K0M1";
const CARD_TOKEN: &str = "CANARY-card-token";
const CLIENT_SECRET: &str = "CANARY-client-secret";

fn payer() -> Payer {
    Payer::new("jan.nowak@example.com", "Jan Nowak")
}

fn pay() -> Pay {
    Pay::new().card_payment_data(CardPayment::saved(CARD_TOKEN))
}

fn instrument() -> PaymentInstrument {
    PaymentInstrument::card_token(CARD_TOKEN)
}

fn child() -> ChildTransaction {
    let one: Amount = grosze(100);
    ChildTransaction::new(grosze(1234), "shoes", "m-1", [Product::new("p-1", one, grosze(1234))])
}

pub(super) const ROW: Provider = Provider {
    name: "tpay",
    calls: || {
        calls![
            RequestToken::new("the id", CLIENT_SECRET),
            GetTokenInfo::new(),
            CreateTransaction::new(grosze(1234), "Order 7", payer()).pay(pay()),
            ListTransactions::new(),
            GetTransaction::new(TRANSACTION),
            PayTransaction::new(TRANSACTION, pay()),
            CancelTransaction::new(TRANSACTION),
            CancelTransactionLegacy::new(TRANSACTION),
            GetTransactionQr::new(TRANSACTION),
            RefundTransaction::new(TRANSACTION),
            ListTransactionRefunds::new(TRANSACTION),
            ListBankGroups::new(),
            ListChannels::new(),
            ListRefunds::new(),
            RefundCard::new(grosze(100), 985, CARD_TOKEN),
            GetRefund::new("r-1"),
            CreateCardToken::new("https://shop.example/note"),
            GetCardToken::new(CARD_TOKEN),
            DeleteCardToken::new(CARD_TOKEN),
            InitApplePay::new("shop.example", "https://apple-pay.example"),
            CreateBlikAlias::new(
                "alias",
                BlikPayment::alias(BlikAlias::new("user_7", AliasType::Uid)),
            ),
            GetBlikAlias::new("user_7", AliasType::Uid),
            DeleteBlikAlias::new("user_7", AliasType::Uid),
            CreateRecurring::new(
                ULID,
                "plan",
                payer(),
                Schedule::new(grosze(1000), Currency::Pln, "2030-01-01", 1, IntervalUnit::Months),
                instrument(),
                "https://shop.example/note",
            ),
            ListRecurring::new(),
            GetRecurring::new(ULID),
            ListRecurringCharges::new(ULID),
            CancelRecurring::new(ULID),
            RetryRecurring::new(ULID),
            UpdatePaymentInstrument::new(ULID, instrument()),
            CreateMarketplaceTransaction::new(
                "Order 7",
                "pos-1",
                BillingAddress::new("jan.nowak@example.com", "Jan Nowak"),
                [child()],
                [],
            ),
            GetMarketplaceTransaction::new("mt-1"),
            PayMarketplaceTransaction::new("mt-1").blik_payment_data(BlikPayment::code("123456")),
            RefundMarketplaceTransaction::full("mt-1"),
            CancelMarketplaceTransaction::new("mt-1"),
            ListMarketplaceBankGroups::new(["m-1"]),
            ListBankAccounts::new(),
            CreateBankAccount::new("PL61109010140000071219812874", "Jan Nowak", "rent"),
            ListReports::new(),
            GetReportFile::new("r-1", "f-1"),
            ListAccounts::new(),
            GetAccount::new("a-1"),
            GetBalance::new("a-1"),
            UploadAccountFile::new("a-1", 1, "content"),
            CreateAccount::new("OFFER", "jan.nowak@example.com"),
            CreateMerchant::new("OFFER", "jan.nowak@example.com"),
            ListCategories::new(),
            GetCategory::new(1),
            ListLegalForms::new(),
            GetLegalForm::new(1),
            ListDocuments::new(),
            GetDocument::new(1),
            ListMcc::new(),
            ListPos::new(),
            GetSigningCertificate::new(),
            GetRootCertificates::new(),
        ]
    },
    client: |base, options| {
        let builder = Client::builder("the id", CLIENT_SECRET);
        let builder = builder.environment(Environment::custom(base));
        configured!(builder, options).build().map(AnyClient::Tpay)
    },
    grant: Some(("/oauth/auth", r#"{"access_token":"CANARY-access-token","expires_in":7200}"#)),
};
