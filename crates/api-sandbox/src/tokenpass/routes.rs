//! The paths of the Tokenpass endpoints, and the credentials that they require.

use crate::routes;

/// An endpoint and the credentials that it requires.
pub(super) type Route = routes::Route<Access>;

/// The credentials that an endpoint requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// No credentials.
    Open,
    /// A `client_id` among the parameters, without a secret.
    ClientId,
    /// A client id and its secret, among the parameters or as Basic authentication.
    ClientSecret,
    /// A signature with the client id and secret of an application.
    Application,
    /// A signature with the API token and API secret of a privileged user.
    Privileged,
    /// A user's OAuth token in the parameter `oauth_token` or, if
    /// [`bearer`](super::Tokenpass::bearer) is true, in the Bearer header. The token must have this
    /// scope. For `None`, it can have any scopes.
    Token(Option<&'static str>),
    /// A user's OAuth token in the parameter `access_token` or in the Bearer header.
    Bearer,
}

/// All endpoints. If several of them match a request, the first one is used.
#[rustfmt::skip]
pub(super) const ROUTES: [Route; 61] = {
    use Access::{Application, Bearer, ClientId, ClientSecret, Open, Privileged, Token};
    [
        Route::new("oauth.authorize", "GET", "/oauth/authorize", Open),
        Route::new("oauth.access_token", "POST", "/oauth/access-token", ClientSecret),
        Route::new("oauth.password_token", "POST", "/oauth/token", ClientSecret),
        Route::new("oauth.user", "GET", "/oauth/user", Bearer),
        Route::new("oauth.request_code", "POST", "/api/v1/oauth/request", ClientId),
        Route::new("oauth.api_token", "POST", "/api/v1/oauth/token", ClientSecret),
        Route::new("oauth.logout", "GET", "/api/v1/oauth/logout", Token(None)),
        Route::new("account.register", "POST", "/api/v1/register", ClientId),
        Route::new("account.login", "POST", "/api/v1/login", ClientId),
        Route::new("account.update", "PATCH", "/api/v1/update", ClientId),
        Route::new("second_factor.status", "GET", "/api/v1/tca/check-sign/{}", Token(None)),
        Route::new("second_factor.sign", "POST", "/api/v1/tca/set-sign", Token(None)),
        Route::new("tca.check_user", "GET", "/api/v1/tca/check/{}", Token(Some("tca"))),
        Route::new("tca.check_address", "GET", "/api/v1/tca/check-address/{}", Open),
        Route::new("tca.check_email", "GET", "/api/v1/tca/checkemail/{}", Privileged),
        Route::new("tca.find_users", "GET", "/api/v1/tca/users", Privileged),
        Route::new("perk.get", "GET", "/api/v1/perks/{}", Open),
        Route::new("asset.info", "GET", "/api/v1/tca/asset/{}/{}", Application),
        Route::new("source.register", "POST", "/api/v1/tca/provisional/register", Application),
        Route::new("source.delete", "DELETE", "/api/v1/tca/provisional/{}", Application),
        Route::new("source.list", "GET", "/api/v1/tca/provisional", Application),
        Route::new("promise.create", "POST", "/api/v1/tca/provisional/tx", Application),
        Route::new("promise.list", "GET", "/api/v1/tca/provisional/tx", Application),
        Route::new("promise.list_by_email", "GET", "/api/v1/tca/provisional/byemail/{}", Application),
        Route::new("promise.get", "GET", "/api/v1/tca/provisional/tx/{}", Application),
        Route::new("promise.update", "PATCH", "/api/v1/tca/provisional/tx/{}", Application),
        Route::new("promise.cancel", "DELETE", "/api/v1/tca/provisional/tx/{}", Application),
        Route::new("address.list_mine", "GET", "/api/v1/tca/addresses", Token(Some("tca"))),
        Route::new("address.list_public", "GET", "/api/v1/tca/addresses/{}", Application),
        Route::new("address.get_public", "GET", "/api/v1/tca/addresses/{}/{}", Application),
        Route::new("address.register", "POST", "/api/v1/tca/address", Token(Some("manage-address"))),
        Route::new("address.get_mine", "GET", "/api/v1/tca/address/{}", Token(Some("tca"))),
        Route::new("address.verify", "POST", "/api/v1/tca/address/{}", Token(Some("manage-address"))),
        Route::new("address.update", "PATCH", "/api/v1/tca/address/{}", Token(Some("manage-address"))),
        Route::new("address.delete", "DELETE", "/api/v1/tca/address/{}", Token(Some("manage-address"))),
        Route::new("address.instant_verify", "POST", "/api/v1/instant-verify/{}", Open),
        Route::new("lookup.user_by_address", "GET", "/api/v1/lookup/address/{}", Application),
        Route::new("lookup.users_by_addresses", "POST", "/api/v1/lookup/addresses", Application),
        Route::new("lookup.address_by_user", "GET", "/api/v1/lookup/user/{}", Application),
        Route::new("lookup.user_exists", "GET", "/api/v1/lookup/user/exists/{}", Privileged),
        Route::new("lookup.user_by_email", "GET", "/api/v1/lookup/email/{}", Application),
        Route::new("balance.public", "GET", "/api/v1/tca/public/balances", Token(Some("tca"))),
        Route::new("balance.protected", "GET", "/api/v1/tca/protected/balances", Token(Some("private-balances"))),
        Route::new("messenger.privileges", "GET", "/api/v1/tca/messenger/privileges/{}", Token(Some("chats"))),
        Route::new("messenger.chats", "GET", "/api/v1/tca/messenger/chats", Token(Some("chats"))),
        Route::new("messenger.chat_privileges", "GET", "/api/v1/tca/messenger/chat/{}", Token(Some("chats"))),
        Route::new("messenger.join", "POST", "/api/v1/tca/messenger/roster/{}", Token(Some("chats"))),
        Route::new("chat.create", "POST", "/api/v1/chats", Token(Some("manage-chats"))),
        Route::new("chat.get", "GET", "/api/v1/chat/{}", Token(Some("manage-chats"))),
        Route::new("chat.update", "POST", "/api/v1/chat/{}", Token(Some("manage-chats"))),
        Route::new("credit_group.create", "POST", "/api/v1/credits", Application),
        Route::new("credit_group.list", "GET", "/api/v1/credits", Application),
        Route::new("credit_group.get", "GET", "/api/v1/credits/{}", Application),
        Route::new("credit_group.update", "PATCH", "/api/v1/credits/{}", Application),
        Route::new("credit_group.history", "GET", "/api/v1/credits/{}/history", Application),
        Route::new("credit_account.list", "GET", "/api/v1/credits/{}/accounts", Application),
        Route::new("credit_account.create", "POST", "/api/v1/credits/{}/accounts", Application),
        Route::new("credit.give", "POST", "/api/v1/credits/{}/accounts/credit", Application),
        Route::new("credit.take", "POST", "/api/v1/credits/{}/accounts/debit", Application),
        Route::new("credit_account.get", "GET", "/api/v1/credits/{}/accounts/{}", Application),
        Route::new("credit_account.history", "GET", "/api/v1/credits/{}/accounts/{}/history", Application),
    ]
};
