//! The paths of the Tpay endpoints, and the bodies that their requests must have.

use crate::routes;

/// The body that a request must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carries {
    /// No body.
    Nothing,
    /// A JSON body.
    Json,
    /// A JSON body, or an empty body, because all fields are optional.
    MaybeJson,
    /// A client id and secret, in the body or in a Basic header.
    Credentials,
}

/// An endpoint and the body that its requests must have.
pub(super) type Route = routes::Route<Carries>;

const fn get(id: &'static str, path: &'static str) -> Route {
    Route::new(id, "GET", path, Carries::Nothing)
}

const fn post(id: &'static str, path: &'static str) -> Route {
    Route::new(id, "POST", path, Carries::Json)
}

const fn bare_post(id: &'static str, path: &'static str) -> Route {
    Route::new(id, "POST", path, Carries::Nothing)
}

/// All endpoints. If several of them match a path, the one without a placeholder is listed first,
/// because the first match is used.
#[rustfmt::skip]
pub(super) const ROUTES: [Route; 56] = [
    Route::new("oauth.token", "POST", "/oauth/auth", Carries::Credentials),
    get("oauth.tokeninfo", "/oauth/tokeninfo"),
    post("transactions.create", "/transactions"),
    get("transactions.list", "/transactions"),
    get("transactions.bank_groups", "/transactions/bank-groups"),
    get("transactions.channels", "/transactions/channels"),
    get("transactions.get", "/transactions/{}"),
    post("transactions.pay", "/transactions/{}/pay"),
    bare_post("transactions.cancel", "/transactions/{}/cancel"),
    get("transactions.cancel_legacy", "/transactions/{}/cancel"),
    Route::new("transactions.qr", "POST", "/transactions/{}/qr", Carries::MaybeJson),
    Route::new("transactions.refund", "POST", "/transactions/{}/refunds", Carries::MaybeJson),
    get("transactions.list_refunds", "/transactions/{}/refunds"),
    get("refunds.list", "/refunds"),
    post("refunds.create", "/refunds"),
    get("refunds.get", "/refunds/{}"),
    post("tokens.create", "/tokens"),
    get("tokens.get", "/tokens/{}"),
    Route::new("tokens.delete", "DELETE", "/tokens/{}", Carries::Nothing),
    post("blik.create_alias", "/blik/alias"),
    get("blik.get_alias", "/blik/alias/{}"),
    Route::new("blik.delete_alias", "DELETE", "/blik/alias/{}", Carries::Json),
    post("wallet.init_apple_pay", "/wallet/applepay/init"),
    get("accounts.list", "/accounts"),
    post("accounts.create", "/accounts"),
    post("accounts.create_merchant", "/v1/accounts/merchant"),
    get("accounts.categories", "/accounts/category"),
    get("accounts.category", "/accounts/category/{}"),
    get("accounts.legal_forms", "/accounts/legalForm"),
    get("accounts.legal_form", "/accounts/legalForm/{}"),
    get("accounts.documents", "/accounts/document"),
    get("accounts.document", "/accounts/document/{}"),
    get("accounts.mcc", "/accounts/mcc"),
    get("accounts.pos", "/accounts/pos"),
    post("accounts.upload_file", "/accounts/files"),
    get("accounts.get", "/accounts/{}"),
    get("accounts.balance", "/accounts/{}/balance"),
    post("marketplace.create", "/marketplace/v1/transaction"),
    get("marketplace.get", "/marketplace/v1/transaction/{}"),
    post("marketplace.pay", "/marketplace/v1/transaction/{}/pay"),
    post("marketplace.refund", "/marketplace/v1/transaction/{}/refund"),
    bare_post("marketplace.cancel", "/marketplace/v1/transaction/{}/cancel"),
    get("marketplace.bank_groups", "/marketplace/v1/bank-groups"),
    get("collect.list_bank_accounts", "/collect/bank-accounts"),
    post("collect.create_bank_account", "/collect/bank-accounts"),
    get("reports.list", "/reports"),
    get("reports.file", "/reports/{}/files/{}"),
    post("recurring.create", "/recurring"),
    get("recurring.list", "/recurring"),
    get("recurring.get", "/recurring/{}"),
    get("recurring.transactions", "/recurring/{}/transactions"),
    bare_post("recurring.cancel", "/recurring/{}/cancel"),
    bare_post("recurring.retry", "/recurring/{}/retry"),
    post("recurring.update_payment_instrument", "/recurring/{}/payment_instrument"),
    get("certificates.signing", "/x509/notifications-jws.pem"),
    get("certificates.root", "/x509/tpay-jws-root.pem"),
];
