//! The client: one short method an endpoint.

use std::sync::Arc;
use std::time::Duration;

use api_auth::oauth::{Basic, Bearer, ClientAuthentication, Grant, TokenServer};
use api_auth::{
    Auth, Credential, Encoding, Error, FileStore, InputError, Items, Provider, Result, Secret,
    Settings, Site, TokenStore,
};

use crate::certificates::SECURE;
use crate::fault;
use crate::{
    Account, AccountPage, AliasType, ApplePaySession, Balance, BankAccount, BankAccountPage,
    BankGroups, BlikAliases, CancelMarketplaceTransaction, CancelRecurring, CancelTransaction,
    CancelTransactionLegacy, CardRefundReply, CardToken, Channels, CreateAccount,
    CreateBankAccount, CreateBlikAlias, CreateMarketplaceTransaction, CreateMerchant,
    CreateRecurring, CreateToken, CreateTransaction, CreatedAccount, CreatedAlias,
    CreatedMarketplaceTransaction, CreatedToken, DeleteBlikAlias, DeleteToken, Dictionary,
    DictionaryEntry, File, GetAccount, GetBalance, GetBlikAlias, GetCategory, GetDocument,
    GetLegalForm, GetMarketplaceTransaction, GetRecurring, GetRefund, GetReportFile,
    GetRootCertificates, GetSigningCertificate, GetToken, GetTokenInfo, GetTransaction,
    GetTransactionQr, InitApplePay, ListAccounts, ListBankAccounts, ListBankGroups, ListCategories,
    ListChannels, ListDocuments, ListLegalForms, ListMarketplaceBankGroups, ListMcc, ListPos,
    ListRecurring, ListRecurringCharges, ListRefunds, ListReports, ListTransactionRefunds,
    ListTransactions, MarketplaceRefund, MarketplaceTransaction, Pay, PayMarketplaceTransaction,
    PayTransaction, PaymentInstrument, PosList, Receipt, RecurringCharges, RecurringPage,
    RecurringPlan, RefundCard, RefundDetails, RefundMarketplaceTransaction, RefundPage,
    RefundTransaction, ReportPage, RequestToken, RetryRecurring, Token, TokenInfo, Transaction,
    TransactionPage, TransactionRefunds, UpdatePaymentInstrument,
};

const PROVIDER: Provider = Provider {
    name: "tpay",
    user_agent: concat!("tpay-client/", env!("CARGO_PKG_VERSION")),
    encoding: Encoding::Form,
    retry_statuses: &[429, 502, 503, 504],
    fault: fault::read,
};

/// What of the calls is masked in printed commands, wherever it stands: cards, their tokens, BLIK
/// codes, the data of wallets, the value of a payment instrument.
const SECRET_PARAMETERS: &[&str] = &[
    "applePayPaymentData",
    "blikToken",
    "card",
    "googlePayPaymentData",
    "paymentData",
    "preauthorizedToken",
    "token",
    "tokenValue",
    "value",
];

/// How long a token lives whose answer does not say.
const TOKEN_LIFETIME: Duration = Duration::from_secs(7200);

/// Where the API is. The two of the provider are fully separate: own registration, keys and
/// certificates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// `https://api.tpay.com`, and `https://secure.tpay.com` for certificates: real money.
    #[default]
    Production,
    /// `https://openapi.sandbox.tpay.com`, and `https://secure.sandbox.tpay.com`.
    Sandbox,
    /// Any other hosts: a proxy, a test server. `https` unless they are this machine.
    Custom {
        /// The base URL of the API.
        api: String,
        /// The base URL below which certificates lie.
        certificates: String,
    },
}

impl Environment {
    /// One host for both, such as a test server.
    pub fn custom(base_url: impl Into<String>) -> Self {
        let api = base_url.into();
        Self::Custom { certificates: api.clone(), api }
    }

    /// The base URL of the API, to which paths such as `/transactions` are appended.
    pub fn base_url(&self) -> &str {
        match self {
            Self::Production => "https://api.tpay.com",
            Self::Sandbox => "https://openapi.sandbox.tpay.com",
            Self::Custom { api, .. } => api,
        }
    }

    /// The base URL below which certificates lie, in `/x509/`.
    pub fn certificates_url(&self) -> &str {
        match self {
            Self::Production => "https://secure.tpay.com",
            Self::Sandbox => "https://secure.sandbox.tpay.com",
            Self::Custom { certificates, .. } => certificates,
        }
    }
}

/// A client of one merchant or partner. Cloning is cheap; use one from any number of threads.
///
/// ```
/// use tpay_client::{Client, CreateTransaction, Payer, grosze};
///
/// # use tpay_client::{Request, Response, TransportError};
/// # let server = |request: Request| -> Result<_, TransportError> {
/// #     let answer = match request.uri().path() {
/// #         "/oauth/auth" => r#"{"access_token":"t","expires_in":7200}"#,
/// #         _ => r#"{"result":"success","transactionPaymentUrl":"https://x/1"}"#,
/// #     };
/// #     Ok(Response::new(answer.into()))
/// # };
/// let tpay = Client::builder("the client id", "the client secret")
/// #   .transport(server)
///     .build()?;
/// let payer = Payer::new("jan.nowak@example.com", "Jan Nowak");
/// let order = tpay.create_transaction(&CreateTransaction::new(grosze(1234), "Order 7", payer))?;
/// println!("{:?}", order.transaction_payment_url);
/// # Ok::<(), tpay_client::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    core: api_auth::Client,
    client_id: String,
    client_secret: Secret,
    environment: Environment,
}

/// Makes a [`Client`]; see [`Client::builder`].
#[derive(Clone)]
#[must_use = "nothing happens before `build`"]
pub struct Builder {
    client_id: String,
    client_secret: Secret,
    environment: Environment,
    basic: bool,
    authentication: ClientAuthentication,
    scope: Option<String>,
    store: Option<Arc<dyn TokenStore>>,
    settings: Settings,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("client_id", &self.client_id)
            .field("environment", &self.environment)
            .field("stored", &self.store.is_some())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Begins a client with the id and secret of an API key, as the panel shows them.
    ///
    /// ```
    /// use tpay_client::{Client, Environment, MemoryStore};
    ///
    /// # if !cfg!(feature = "ureq") { return Ok(()); }
    /// let tpay = Client::builder("01HH...-01J0...", "the secret")
    ///     .environment(Environment::Sandbox)
    ///     .token_store(MemoryStore::new())
    ///     .build()?;
    /// # Ok::<(), tpay_client::Error>(())
    /// ```
    pub fn builder(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Builder {
        Builder {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            environment: Environment::Production,
            basic: false,
            authentication: ClientAuthentication::Form,
            scope: None,
            store: None,
            settings: Settings::default(),
        }
    }

    /// A client from the environment variables `TPAY_CLIENT_ID` and `TPAY_CLIENT_SECRET`.
    ///
    /// | variable | |
    /// |---|---|
    /// | `TPAY_ENVIRONMENT` | `production` (default) or `sandbox` |
    /// | `TPAY_BASE_URL` | one host for all, instead |
    /// | `TPAY_TOKEN_CACHE` | the folder where tokens are kept, or `off`; the user's cache unless it is set |
    ///
    /// # Errors
    /// A variable that is missing or wrong, by name.
    pub fn from_env() -> Result<Self> {
        Builder::from_env()?.build()
    }

    /// A new access token. The client does not use it: it fetches and keeps its own.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn request_token(&self) -> Result<Token> {
        self.send(&RequestToken::new(self.client_id.clone(), self.client_secret.clone()))
    }

    /// What the server knows of the token that this client uses.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_token_info(&self) -> Result<TokenInfo> {
        self.send(&GetTokenInfo::new())
    }

    /// Makes a transaction. Without payment data the payer pays at its `transaction_payment_url`.
    ///
    /// There is no idempotency key, so it is never repeated after a lost answer. A payment that is
    /// refused at once is an error of kind [`Declined`](crate::ErrorKind::Declined) that carries the
    /// transaction; see [`TpayError`](crate::TpayError).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_transaction(&self, request: &CreateTransaction) -> Result<Transaction> {
        self.send(request)
    }

    /// One page of transactions.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_transactions(&self, request: &ListTransactions) -> Result<TransactionPage> {
        self.send(request)
    }

    /// All transactions that a search finds, one page after the other, each entry once.
    ///
    /// Nothing is sent before the iterator is advanced; a search without a size asks for 100
    /// entries a page.
    pub fn transactions(&self, request: &ListTransactions) -> Items<ListTransactions> {
        Items::new(self.core.clone(), request.clone().full_pages())
    }

    /// One transaction, with the tries to pay it.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_transaction(&self, transaction_id: impl Into<String>) -> Result<Transaction> {
        self.send(&GetTransaction::new(transaction_id))
    }

    /// Pays a pending transaction. After a refusal it can be paid again, in another way.
    ///
    /// A refusal is an error of kind [`Declined`](crate::ErrorKind::Declined); see
    /// [`TpayError`](crate::TpayError).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn pay_transaction(
        &self,
        transaction_id: impl Into<String>,
        pay: Pay,
    ) -> Result<Transaction> {
        self.send(&PayTransaction::new(transaction_id, pay))
    }

    /// Cancels a pending transaction.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn cancel_transaction(&self, transaction_id: impl Into<String>) -> Result<Receipt> {
        self.send(&CancelTransaction::new(transaction_id))
    }

    /// Cancels a pending transaction by the old GET. Use [`cancel_transaction`](Client::cancel_transaction).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn cancel_transaction_legacy(&self, transaction_id: impl Into<String>) -> Result<Receipt> {
        self.send(&CancelTransactionLegacy::new(transaction_id))
    }

    /// A QR image of the link to the payment page of a transaction.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_transaction_qr(&self, request: &GetTransactionQr) -> Result<File> {
        self.send(request)
    }

    /// Pays a transaction back, all of it or a part. Never repeated after a lost answer.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn refund_transaction(&self, request: &RefundTransaction) -> Result<TransactionRefunds> {
        self.send(request)
    }

    /// One page of the refunds of a transaction.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_transaction_refunds(
        &self,
        request: &ListTransactionRefunds,
    ) -> Result<TransactionRefunds> {
        self.send(request)
    }

    /// All refunds of a transaction, one page after the other, each entry once.
    ///
    /// Nothing is sent before the iterator is advanced; a search without a size asks for 100
    /// entries a page.
    pub fn transaction_refunds(
        &self,
        request: &ListTransactionRefunds,
    ) -> Items<ListTransactionRefunds> {
        Items::new(self.core.clone(), request.clone().full_pages())
    }

    /// The groups of channels. They change rarely: keep the answer for a while.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_bank_groups(&self, request: &ListBankGroups) -> Result<BankGroups> {
        self.send(request)
    }

    /// The ways to pay. They change rarely: keep the answer for a while.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_channels(&self, request: &ListChannels) -> Result<Channels> {
        self.send(request)
    }

    /// One page of refunds.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_refunds(&self, request: &ListRefunds) -> Result<RefundPage> {
        self.send(request)
    }

    /// All refunds that a search finds, one page after the other, each entry once.
    ///
    /// Nothing is sent before the iterator is advanced; a search without a size asks for 100
    /// entries a page.
    pub fn refunds(&self, request: &ListRefunds) -> Items<ListRefunds> {
        Items::new(self.core.clone(), request.clone().full_pages())
    }

    /// Pays back to the card of a token. Never repeated after a lost answer.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn refund_card(&self, request: &RefundCard) -> Result<CardRefundReply> {
        self.send(request)
    }

    /// One refund.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_refund(&self, refund_id: impl Into<String>) -> Result<RefundDetails> {
        self.send(&GetRefund::new(refund_id))
    }

    /// Saves a card without charging it. The token comes by a notification.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_token(&self, request: &CreateToken) -> Result<CreatedToken> {
        self.send(request)
    }

    /// A saved card.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_token(&self, token_value: impl Into<Secret>) -> Result<CardToken> {
        self.send(&GetToken::new(token_value))
    }

    /// Deletes a saved card.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn delete_token(&self, token_value: impl Into<Secret>) -> Result<Receipt> {
        self.send(&DeleteToken::new(token_value))
    }

    /// Registers a BLIK alias without a payment.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_blik_alias(&self, request: &CreateBlikAlias) -> Result<CreatedAlias> {
        self.send(request)
    }

    /// A BLIK alias.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_blik_alias(
        &self,
        alias: impl Into<String>,
        alias_type: AliasType,
    ) -> Result<BlikAliases> {
        self.send(&GetBlikAlias::new(alias, alias_type))
    }

    /// Removes a BLIK alias.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn delete_blik_alias(
        &self,
        alias: impl Into<String>,
        alias_type: AliasType,
    ) -> Result<Receipt> {
        self.send(&DeleteBlikAlias::new(alias, alias_type))
    }

    /// A session of Apple Pay.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn init_apple_pay(&self, request: &InitApplePay) -> Result<ApplePaySession> {
        self.send(request)
    }

    /// One page of the accounts of a partner's merchants.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_accounts(&self, request: &ListAccounts) -> Result<AccountPage> {
        self.send(request)
    }

    /// All accounts of a partner's merchants, one page after the other, each entry once.
    ///
    /// Nothing is sent before the iterator is advanced; a search without a size asks for 100
    /// entries a page.
    pub fn accounts(&self, request: &ListAccounts) -> Items<ListAccounts> {
        Items::new(self.core.clone(), request.clone().full_pages())
    }

    /// Makes an account for a partner's merchant, in the old way.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_account(&self, request: &CreateAccount) -> Result<CreatedAccount> {
        self.send(request)
    }

    /// Registers a merchant of a partner.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_merchant(&self, request: &CreateMerchant) -> Result<CreatedAccount> {
        self.send(request)
    }

    /// The account of a partner's merchant.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_account(&self, account_id: impl Into<String>) -> Result<Account> {
        self.send(&GetAccount::new(account_id))
    }

    /// The balance of an account. Experimental.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_balance(&self, account_id: impl Into<String>) -> Result<Balance> {
        self.send(&GetBalance::new(account_id))
    }

    /// The categories of sale.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_categories(&self) -> Result<Dictionary> {
        self.send(&ListCategories::new())
    }

    /// A category of sale.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_category(&self, category_id: u32) -> Result<DictionaryEntry> {
        self.send(&GetCategory::new(category_id))
    }

    /// The legal forms.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_legal_forms(&self) -> Result<Dictionary> {
        self.send(&ListLegalForms::new())
    }

    /// A legal form.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_legal_form(&self, legal_form_id: u32) -> Result<DictionaryEntry> {
        self.send(&GetLegalForm::new(legal_form_id))
    }

    /// The types of documents.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_documents(&self) -> Result<Dictionary> {
        self.send(&ListDocuments::new())
    }

    /// A type of document.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_document(&self, document_type_id: u32) -> Result<DictionaryEntry> {
        self.send(&GetDocument::new(document_type_id))
    }

    /// The merchant category codes.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_mcc(&self) -> Result<Dictionary> {
        self.send(&ListMcc::new())
    }

    /// The points of sale, with their security codes.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_pos(&self) -> Result<PosList> {
        self.send(&ListPos::new())
    }

    /// Makes a payment to merchants of a marketplace. Never repeated after a lost answer.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_marketplace_transaction(
        &self,
        request: &CreateMarketplaceTransaction,
    ) -> Result<CreatedMarketplaceTransaction> {
        self.send(request)
    }

    /// A payment of a marketplace.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_marketplace_transaction(
        &self,
        request: &GetMarketplaceTransaction,
    ) -> Result<MarketplaceTransaction> {
        self.send(request)
    }

    /// Pays a payment of a marketplace. A refusal is an error as in [`pay_transaction`](Client::pay_transaction).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn pay_marketplace_transaction(
        &self,
        request: &PayMarketplaceTransaction,
    ) -> Result<Transaction> {
        self.send(request)
    }

    /// Pays back a payment of a marketplace. Never repeated after a lost answer.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn refund_marketplace_transaction(
        &self,
        request: &RefundMarketplaceTransaction,
    ) -> Result<MarketplaceRefund> {
        self.send(request)
    }

    /// Cancels a payment of a marketplace.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn cancel_marketplace_transaction(&self, id: impl Into<String>) -> Result<Receipt> {
        self.send(&CancelMarketplaceTransaction::new(id))
    }

    /// The groups of channels by which merchants of a marketplace can be paid.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_marketplace_bank_groups(
        &self,
        request: &ListMarketplaceBankGroups,
    ) -> Result<BankGroups> {
        self.send(request)
    }

    /// One page of the bank accounts of Collect.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_bank_accounts(&self, request: &ListBankAccounts) -> Result<BankAccountPage> {
        self.send(request)
    }

    /// All bank accounts of Collect, one page after the other, each entry once.
    ///
    /// Nothing is sent before the iterator is advanced; a search without a size asks for 100
    /// entries a page.
    pub fn bank_accounts(&self, request: &ListBankAccounts) -> Items<ListBankAccounts> {
        Items::new(self.core.clone(), request.clone().full_pages())
    }

    /// Adds a bank account to Collect.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_bank_account(&self, request: &CreateBankAccount) -> Result<BankAccount> {
        self.send(request)
    }

    /// One page of reports. Experimental.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_reports(&self, request: &ListReports) -> Result<ReportPage> {
        self.send(request)
    }

    /// All reports, one page after the other, each entry once. Nothing is sent before the
    /// iterator is advanced; a search without a size asks for 100 entries a page. Experimental.
    pub fn reports(&self, request: &ListReports) -> Items<ListReports> {
        Items::new(self.core.clone(), request.clone().full_pages())
    }

    /// A file of a report. Experimental.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_report_file(
        &self,
        report_id: impl Into<String>,
        file_id: impl Into<String>,
    ) -> Result<File> {
        self.send(&GetReportFile::new(report_id, file_id))
    }

    /// Makes a plan of charges. Experimental.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_recurring(&self, request: &CreateRecurring) -> Result<RecurringPlan> {
        self.send(request)
    }

    /// One page of plans. Experimental.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_recurring(&self, request: &ListRecurring) -> Result<RecurringPage> {
        self.send(request)
    }

    /// All plans of charges, one page after the other, each entry once. Nothing is sent before the
    /// iterator is advanced; a search without a size asks for 100 entries a page. Experimental.
    pub fn recurring_plans(&self, request: &ListRecurring) -> Items<ListRecurring> {
        Items::new(self.core.clone(), request.clone().full_pages())
    }

    /// A plan. Experimental.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_recurring(&self, recurring_id: impl Into<String>) -> Result<RecurringPlan> {
        self.send(&GetRecurring::new(recurring_id))
    }

    /// One page of the charges of a plan. Experimental.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_recurring_charges(
        &self,
        request: &ListRecurringCharges,
    ) -> Result<RecurringCharges> {
        self.send(request)
    }

    /// All charges of a plan, one page after the other, each entry once. Nothing is sent before the
    /// iterator is advanced; a search without a size asks for 100 entries a page. Experimental.
    pub fn recurring_charges(&self, request: &ListRecurringCharges) -> Items<ListRecurringCharges> {
        Items::new(self.core.clone(), request.clone().full_pages())
    }

    /// Cancels a plan. Experimental.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn cancel_recurring(&self, recurring_id: impl Into<String>) -> Result<Receipt> {
        self.send(&CancelRecurring::new(recurring_id))
    }

    /// Tries the last charge of a plan again, now. Experimental.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn retry_recurring(&self, recurring_id: impl Into<String>) -> Result<Receipt> {
        self.send(&RetryRecurring::new(recurring_id))
    }

    /// Lets a plan charge something else. Experimental.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn update_payment_instrument(
        &self,
        recurring_id: impl Into<String>,
        instrument: PaymentInstrument,
    ) -> Result<Receipt> {
        self.send(&UpdatePaymentInstrument::new(recurring_id, instrument))
    }

    /// The certificate (PEM) that notifications are signed with.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_signing_certificate(&self) -> Result<String> {
        self.send(&GetSigningCertificate::new())
    }

    /// The certificates (PEM) above it. This crate has them compiled in.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_root_certificates(&self) -> Result<String> {
        self.send(&GetRootCertificates::new())
    }

    #[cfg(feature = "notifications")]
    pub(crate) fn core(&self) -> &api_auth::Client {
        &self.core
    }

    /// Where this client's API is.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    api_auth::client_verbs!();
}

impl Builder {
    /// Begins a client from the variables that [`Client::from_env`] reads.
    ///
    /// # Errors
    /// A variable that is missing or wrong, by name.
    #[expect(clippy::disallowed_methods, reason = "this is the room where the environment is read")]
    pub fn from_env() -> Result<Self> {
        Ok(Self::from_variables(|name| std::env::var(name).ok())?)
    }

    fn from_variables(get: impl Fn(&str) -> Option<String>) -> Result<Self, InputError> {
        let get = |name: &str| get(name).filter(|value| !value.trim().is_empty());
        let need = |name: &'static str| {
            get(name).ok_or_else(|| {
                InputError::new(name, "must be set in the environment and not be empty")
            })
        };
        let mut builder =
            Client::builder(need("TPAY_CLIENT_ID")?, Secret::new(need("TPAY_CLIENT_SECRET")?));
        builder.environment = match (get("TPAY_BASE_URL"), get("TPAY_ENVIRONMENT").as_deref()) {
            (_, Some(name)) if !matches!(name, "production" | "sandbox") => {
                let problem = "must be production or sandbox";
                return Err(InputError::new("TPAY_ENVIRONMENT", problem));
            }
            (Some(url), _) => Environment::custom(url),
            (None, Some("sandbox")) => Environment::Sandbox,
            (None, _) => Environment::Production,
        };
        let cache = get("TPAY_TOKEN_CACHE");
        builder.store = match cache.as_deref() {
            Some("off") => None,
            Some(folder) => Some(Arc::new(FileStore::new(folder))),
            // Without a home there is no cache, and tokens live in memory.
            None => match FileStore::user_cache("tpay-client") {
                Ok(store) => Some(Arc::new(store)),
                Err(_) => None,
            },
        };
        Ok(builder)
    }

    /// Chooses where the API is. Default: [`Environment::Production`].
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Keeps tokens in `store`, for other clients, processes or machines. Default: in memory, for
    /// this client and its clones.
    pub fn token_store(mut self, store: impl TokenStore + 'static) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Shows the token server who the client is in this way. Default: in a form.
    pub fn token_authentication(mut self, authentication: ClientAuthentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// Asks for tokens of this scope: `read`, `write` or `read write`. Default: says nothing.
    pub fn token_scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Sends id and secret with each call (HTTP Basic) instead of a token. No token is fetched.
    pub fn http_basic(mut self) -> Self {
        self.basic = true;
        self
    }

    api_auth::builder_knobs!();

    /// Checks everything and makes the client. Nothing is sent.
    ///
    /// # Errors
    /// The first argument that is wrong, by name: an empty id or secret, a base URL that is none
    /// or would send the secret in the clear.
    pub fn build(self) -> Result<Client, Error> {
        static TPAY: Provider = PROVIDER;
        let base = self.environment.base_url();
        let auth: Arc<dyn Auth> = if self.basic {
            Arc::new(Basic::new(&self.client_id, &self.client_secret)?)
        } else {
            let url = [base.trim_end_matches('/'), "/oauth/auth"].concat();
            let mut server =
                TokenServer::new(&url, self.client_id.as_str(), self.client_secret.clone())
                    .map_err(|error| match error.argument() {
                        "token URL" => InputError::new("base_url", "is not a URL"),
                        _ => error,
                    })?
                    .without_grant_type()
                    .with_authentication(self.authentication);
            if let Some(scope) = self.scope {
                server = server.with_scope(scope);
            }
            let mut bearer = Bearer::new(server, Grant::ClientCredentials)
                .with_default_lifetime(TOKEN_LIFETIME)
                .with_secret_parameters(SECRET_PARAMETERS)
                .with_fault(fault::read);
            if let Some(store) = self.store {
                bearer = bearer.with_store(store);
            }
            Arc::new(bearer)
        };
        let core = self.settings.build(
            &TPAY,
            &[
                (Site::MAIN, "base_url", base),
                (SECURE, "certificates_url", self.environment.certificates_url()),
            ],
            vec![(Credential::MAIN, auth)],
        )?;
        let Self { client_id, client_secret, environment, .. } = self;
        Ok(Client { core, client_id, client_secret, environment })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(set: &[(&str, &str)]) -> Result<Builder, String> {
        Builder::from_variables(|name| {
            set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
        .map_err(|error| error.to_string())
    }

    const KEYS: [(&str, &str); 2] = [("TPAY_CLIENT_ID", "id"), ("TPAY_CLIENT_SECRET", "secret")];

    fn with(more: &[(&'static str, &'static str)]) -> Result<Builder, String> {
        variables(&[&KEYS, more].concat())
    }

    #[test]
    fn a_missing_variable_is_named() {
        assert!(variables(&[]).unwrap_err().starts_with("TPAY_CLIENT_ID: "));
        assert!(variables(&KEYS[..1]).unwrap_err().starts_with("TPAY_CLIENT_SECRET: "));
        assert!(with(&[("TPAY_ENVIRONMENT", "test")]).unwrap_err().contains("TPAY_ENVIRONMENT"));
    }

    #[test]
    fn the_environment_chooses_the_hosts() {
        let hosts = |more: &[_]| {
            let builder = with(more).unwrap();
            let environment = builder.environment;
            (environment.base_url().to_owned(), environment.certificates_url().to_owned())
        };
        let pair = |api: &str, secure: &str| (api.to_owned(), secure.to_owned());
        let production = pair("https://api.tpay.com", "https://secure.tpay.com");
        assert_eq!(hosts(&[]), production);
        assert_eq!(hosts(&[("TPAY_ENVIRONMENT", "production")]), production);
        assert_eq!(
            hosts(&[("TPAY_ENVIRONMENT", "sandbox")]),
            pair("https://openapi.sandbox.tpay.com", "https://secure.sandbox.tpay.com")
        );
        let own = [("TPAY_ENVIRONMENT", "sandbox"), ("TPAY_BASE_URL", "http://127.0.0.1:1")];
        assert_eq!(hosts(&own), pair("http://127.0.0.1:1", "http://127.0.0.1:1"));
    }

    #[test]
    fn the_cache_of_tokens_can_be_turned_off() {
        assert!(with(&[("TPAY_TOKEN_CACHE", "off")]).unwrap().store.is_none());
        assert!(with(&[("TPAY_TOKEN_CACHE", "/tmp/tokens")]).unwrap().store.is_some());
    }

    #[test]
    fn wrong_settings_are_refused_by_name() {
        let refused = |builder: Builder| builder.build().unwrap_err().argument().map(str::to_owned);
        assert_eq!(refused(Client::builder("", "s")).as_deref(), Some("client_id"));
        assert_eq!(refused(Client::builder("i", "")).as_deref(), Some("client_secret"));
        assert_eq!(refused(Client::builder("a:b", "s").http_basic()).as_deref(), Some("client_id"));
        for url in ["api.tpay.com", "https://u:p@h", "http://h", "https://h?x=1"] {
            let custom = Client::builder("i", "s").environment(Environment::custom(url));
            assert_eq!(refused(custom).as_deref(), Some("base_url"), "{url}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let builder = Client::builder("id", "CANARY").proxy("http://u:CANARY@127.0.0.1:1");
        assert!(!format!("{builder:?} {:?}", builder.clone().build()).contains("CANARY"));
    }
}
