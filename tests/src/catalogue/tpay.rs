//! Tpay: a token is fetched first and travels in a header.

use tpay_client::{
    AliasType, Amount, BillingAddress, BlikAlias, BlikPayment, CancelMarketplaceTransaction,
    CancelRecurring, CancelTransaction, CancelTransactionLegacy, CardPayment, ChildTransaction,
    Client, CreateAccount, CreateBankAccount, CreateBlikAlias, CreateMarketplaceTransaction,
    CreateMerchant, CreateRecurring, CreateToken, CreateTransaction, Currency, DeleteBlikAlias,
    DeleteToken, Environment, GetAccount, GetBalance, GetBlikAlias, GetCategory, GetDocument,
    GetLegalForm, GetMarketplaceTransaction, GetRecurring, GetRefund, GetReportFile,
    GetRootCertificates, GetSigningCertificate, GetToken, GetTokenInfo, GetTransaction,
    GetTransactionQr, InitApplePay, IntervalUnit, ListAccounts, ListBankAccounts, ListBankGroups,
    ListCategories, ListChannels, ListDocuments, ListLegalForms, ListMarketplaceBankGroups,
    ListMcc, ListPos, ListRecurring, ListRecurringCharges, ListRefunds, ListReports,
    ListTransactionRefunds, ListTransactions, Pay, PayMarketplaceTransaction, PayTransaction,
    Payer, PaymentInstrument, Product, RefundCard, RefundMarketplaceTransaction, RefundTransaction,
    RequestToken, RetryRecurring, Schedule, UpdatePaymentInstrument, grosze,
};

use super::{AnyClient, Provider, calls, tuned};

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
            CreateToken::new("https://shop.example/note"),
            GetToken::new(CARD_TOKEN),
            DeleteToken::new(CARD_TOKEN),
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
            RefundMarketplaceTransaction::all("mt-1"),
            CancelMarketplaceTransaction::new("mt-1"),
            ListMarketplaceBankGroups::new(["m-1"]),
            ListBankAccounts::new(),
            CreateBankAccount::new("PL61109010140000071219812874", "Jan Nowak", "rent"),
            ListReports::new(),
            GetReportFile::new("r-1", "f-1"),
            ListAccounts::new(),
            GetAccount::new("a-1"),
            GetBalance::new("a-1"),
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
        tuned!(builder, options).build().map(AnyClient::Tpay)
    },
    grant: Some(("/oauth/auth", r#"{"access_token":"CANARY-access-token","expires_in":7200}"#)),
};
