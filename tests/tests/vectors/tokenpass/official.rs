//! The methods of the official PHP client, and where its requests differ from those of this client.

use super::json::Node;

/// A method: name, endpoint, and its parameters with their defaults as JSON, or nothing for those
/// that have none. Members of an object in the place of [`MERGED`] are parameters themselves.
type Method = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const MERGED: &str = "*";

/// The methods of 2017.
const METHODS: &[Method] = &[
    ("checkTokenAccess", "tca.check_user", &[("username", ""), ("rules", ""), ("oauth_token", "")]),
    ("checkTokenAccessByEmail", "tca.check_email", &[("email", ""), ("rules", "")]),
    ("checkAddressTokenAccess", "tca.check_address", &[("address", ""), ("rules", "{}")]),
    ("getPublicAddresses", "address.list_public", &[("username", ""), ("refresh", "false")]),
    (
        "getAddressesForAuthenticatedUser",
        "address.list_mine",
        &[("oauth_token", ""), ("refresh", "false")],
    ),
    ("getPublicAddressDetails", "address.get_public", &[("username", ""), ("address", "")]),
    (
        "getAddressDetailsForAuthenticatedUser",
        "address.get_mine",
        &[("address", ""), ("oauth_token", "")],
    ),
    (
        "registerAddress",
        "address.register",
        &[
            ("address", ""),
            ("oauth_token", ""),
            ("label", "\"\""),
            ("public", "false"),
            ("active", "true"),
        ],
    ),
    ("verifyAddress", "address.verify", &[("address", ""), ("oauth_token", ""), ("signature", "")]),
    (
        "updateAddressDetails",
        "address.update",
        &[("address", ""), ("oauth_token", ""), ("label", ""), ("public", ""), ("active", "")],
    ),
    ("deleteAddress", "address.delete", &[("address", ""), ("oauth_token", "")]),
    ("lookupUserByAddress", "lookup.user_by_address", &[("address", "")]),
    ("lookupAddressByUser", "lookup.address_by_user", &[("username", "")]),
    ("lookupUserByEmail", "lookup.user_by_email", &[("email", "")]),
    (
        "checkUserExists",
        "lookup.user_exists",
        &[("username", ""), ("id_hash", ""), ("strict", "false")],
    ),
    (
        "registerProvisionalSource",
        "source.register",
        &[("address", ""), ("proof", ""), ("assets", ""), (MERGED, "{}")],
    ),
    ("getProvisionalSourceList", "source.list", &[]),
    ("getProvisionalSourceProofSuffix", "source.list", &[]),
    ("deleteProvisionalSource", "source.delete", &[("address", "")]),
    (
        "promiseTransaction",
        "promise.create",
        &[
            ("source", ""),
            ("destination", ""),
            ("asset", ""),
            ("quantity", ""),
            ("expiration", ""),
            ("txid", ""),
            ("fingerprint", ""),
            ("ref", ""),
        ],
    ),
    ("getPromisedTransaction", "promise.get", &[("id", "")]),
    ("getPromisedTransactionList", "promise.list", &[("destination", "")]),
    ("getPromisedTransactionListByEmailAddress", "promise.list_by_email", &[("email", "")]),
    ("deletePromisedTransaction", "promise.cancel", &[("id", "")]),
    ("updatePromisedTransaction", "promise.update", &[("id", ""), (MERGED, "")]),
    ("getCombinedPublicBalances", "balance.public", &[("oauth_token", ""), ("refresh", "false")]),
    (
        "getCombinedProtectedBalances",
        "balance.protected",
        &[("oauth_token", ""), ("refresh", "false")],
    ),
    ("getChats", "messenger.chats", &[("oauth_token", "")]),
    ("joinChat", "messenger.join", &[("oauth_token", ""), ("chat_id", "")]),
    ("getChatPrivileges", "messenger.chat_privileges", &[("oauth_token", ""), ("chat_id", "")]),
    ("getChat", "chat.get", &[("oauth_token", ""), ("chat_uuid", "")]),
    ("createChat", "chat.create", &[("oauth_token", ""), (MERGED, "")]),
    ("editChat", "chat.update", &[("oauth_token", ""), ("chat_uuid", ""), (MERGED, "")]),
    ("newAppCreditGroup", "credit_group.create", &[("name", ""), ("app_whitelist", "[]")]),
    ("updateAppCreditGroup", "credit_group.update", &[("group_uuid", ""), (MERGED, "")]),
    ("listAppCreditGroups", "credit_group.list", &[]),
    ("getAppCreditGroup", "credit_group.get", &[("group_uuid", "")]),
    ("getAppCreditGroupHistory", "credit_group.history", &[("group_uuid", "")]),
    ("newAppCreditAccount", "credit_account.create", &[("group_uuid", ""), ("name", "")]),
    ("listAppCreditAccounts", "credit_account.list", &[("group_uuid", "")]),
    ("getAppCreditAccount", "credit_account.get", &[("group_uuid", ""), ("account", "")]),
    ("getAppCreditAccountBalance", "credit_account.get", &[("group_uuid", ""), ("account", "")]),
    (
        "getAppCreditAccountHistory",
        "credit_account.history",
        &[("group_uuid", ""), ("account", "")],
    ),
    (
        "giveAppCredit",
        "credit.give",
        &[("group_uuid", ""), ("account", ""), ("amount", ""), ("ref", ""), ("source", "")],
    ),
    (
        "takeAppCredit",
        "credit.take",
        &[("group_uuid", ""), ("account", ""), ("amount", ""), ("ref", ""), ("destination", "")],
    ),
    ("giveMultipleAppCredit", "credit.give", &[("group_uuid", ""), ("accounts", "")]),
    ("takeMultipleAppCredit", "credit.take", &[("group_uuid", ""), ("accounts", "")]),
    ("getTokenPerks", "perk.get", &[("token", "")]),
    ("getAssetInfo", "asset.info", &[("asset", ""), ("chain", "")]),
    (
        "registerAccount",
        "account.register",
        &[("username", ""), ("password", ""), ("email", ""), ("name", "")],
    ),
    ("verifyLoginCredentials", "account.login", &[("username", ""), ("password", "")]),
    (
        "updateAccount",
        "account.update",
        &[("user_id", ""), ("token", ""), ("current_password", ""), (MERGED, "{}")],
    ),
    ("getOAuthAccessToken", "oauth.access_token", &[("code", ""), ("redirect_uri", CALLBACK)]),
    ("getOAuthUserFromAccessToken", "oauth.user", &[("oauth_token", "")]),
    (
        "getOAuthAccessTokenWithCredentials",
        "oauth.password_token",
        &[("username", ""), ("password", ""), ("scopes", "")],
    ),
    (
        "getOAuthAuthorizationCodeWithCredentials",
        "oauth.request_code",
        &[
            ("username", ""),
            ("password", ""),
            ("scope", ""),
            ("redirect_uri", CALLBACK),
            ("grant_access", "1"),
        ],
    ),
];

/// The redirect URI that the official client was configured with, as JSON, for the vectors that do
/// not name one in `inputs.redirect_uri`.
const CALLBACK: &str = "\"https://app.example.com/account/authorize/callback\"";

/// The methods that have other parameters since 2019.
const NEWER: &[Method] = &[
    (
        "registerAddress",
        "address.register",
        &[
            ("address", ""),
            ("oauth_token", ""),
            ("label", "\"\""),
            ("public", "false"),
            ("active", "true"),
            ("type", "\"bitcoin\""),
        ],
    ),
    (
        "registerProvisionalSource",
        "source.register",
        &[("address", ""), ("type", "\"bitcoin\""), ("proof", ""), ("assets", ""), (MERGED, "{}")],
    ),
    (
        "promiseTransaction",
        "promise.create",
        &[
            ("source", ""),
            ("destination", ""),
            ("asset", ""),
            ("quantity", ""),
            ("expiration", ""),
            ("txid", ""),
            ("fingerprint", ""),
            ("ref", ""),
            ("chain", "\"bitcoin\""),
            ("protocol", "\"counterparty\""),
        ],
    ),
];

/// The endpoint of a method, and its arguments by name.
pub(super) fn call(method: &str, arguments: &[Node], is_newer: bool) -> (&'static str, Node) {
    let (method, arguments) = dispatched(method, arguments);
    let mut methods = if is_newer { NEWER } else { &[] }.iter().chain(METHODS);
    let found = methods.find(|(name, ..)| *name == method);
    let (_, id, parameters) =
        found.unwrap_or_else(|| panic!("no typed call stands for the method {method}"));
    assert!(arguments.len() <= parameters.len(), "{method}: more arguments than it has parameters");
    let mut members = Vec::new();
    for (index, (name, default)) in parameters.iter().enumerate() {
        let value = match arguments.get(index) {
            Some(value) => value.clone(),
            None if default.is_empty() => continue,
            None => Node::parse(default),
        };
        match value {
            Node::Map(merged) if *name == MERGED => members.extend(merged),
            Node::List(none) if *name == MERGED && none.is_empty() => {}
            value if *name == MERGED => panic!("{method}: {value:?} is no object"),
            value => members.push(((*name).to_owned(), value)),
        }
    }
    if method.ends_with("AppCredit") && !method.contains("Multiple") {
        let entry = members.split_off(1);
        members.push(("accounts".to_owned(), Node::List(vec![Node::Map(entry)])));
    }
    for (name, value) in &mut members {
        // The names of chains in older programs.
        if *id == "source.register" && name == "type" {
            match &*value.text() {
                "counterparty" => *value = Node::Text("bitcoin".to_owned()),
                "counterpartyTestnet" => *value = Node::Text("counterparty".to_owned()),
                _ => {}
            }
        }
    }
    let renamed = |id: &'static str| (id, Node::Map(members.clone()));
    match members.first() {
        // A list of addresses is looked up by another endpoint.
        Some((name, list @ Node::List(_))) if *id == "lookup.user_by_address" => {
            assert_eq!(name, "address");
            let list = ("address_list".to_owned(), list.clone());
            ("lookup.users_by_addresses", Node::Map(vec![list]))
        }
        _ => renamed(id),
    }
}

/// The method that a method calls, and the arguments without those of older versions.
fn dispatched<'a>(method: &'a str, arguments: &'a [Node]) -> (&'a str, Vec<Node>) {
    let all = arguments.to_vec();
    let is_given = |index: usize| arguments.get(index).is_some_and(Node::is_truthy);
    let without_username = |is_old: bool| all[usize::from(is_old)..].to_vec();
    match method {
        "getAddresses" if is_given(1) => ("getAddressesForAuthenticatedUser", all[1..].to_vec()),
        "getAddresses" => {
            let rest = all.iter().skip(2);
            ("getPublicAddresses", all.iter().take(1).chain(rest).cloned().collect())
        }
        "getAddressDetails" if is_given(2) => {
            ("getAddressDetailsForAuthenticatedUser", all[1..].to_vec())
        }
        "getAddressDetails" => ("getPublicAddressDetails", all.into_iter().take(2).collect()),
        "verifyAddress" => (method, without_username(all.len() == 4)),
        "deleteAddress" => (method, without_username(all.len() == 3)),
        "updateAddressDetails" => {
            let second = all.get(1).map(Node::text).unwrap_or_default();
            (method, without_username(second.starts_with(['1', '3'])))
        }
        _ => (method, all),
    }
}

/// How a member of the official client's request differs from that of this client.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Difference {
    /// It is null, and this client leaves it out.
    Null,
    /// It is `false`, and this client leaves it out.
    False,
    /// It is absent or null, and this client sends it.
    NotSent,
    /// It is a text with one entry in each line, and this client sends a list.
    Lines,
}

/// Endpoint, member at any depth, the difference, and why it is one.
const DIFFERENCES: &[(&str, &str, Difference, &str)] = &[
    ("source.register", "proof", Difference::Null, "null and absent are the same to the server"),
    ("source.register", "assets", Difference::Null, "null and absent both lift the limit"),
    ("promise.create", "expiration", Difference::Null, "null and absent both mean no end"),
    ("promise.create", "ref", Difference::Null, "null and absent are the same to the server"),
    ("credit.give", "ref", Difference::Null, "null and absent are the same to the server"),
    ("credit.take", "ref", Difference::Null, "null and absent are the same to the server"),
    ("chat.update", "global", Difference::False, "false and absent are the same to the server"),
    ("account.register", "name", Difference::NotSent, "the official client forgets its argument"),
    ("chat.create", "name", Difference::NotSent, "the official client forgets its argument"),
    ("chat.create", "tca_rules", Difference::NotSent, "the official client forgets its argument"),
    ("chat.create", "active", Difference::NotSent, "the official client forgets its argument"),
    ("chat.create", "global", Difference::NotSent, "the official client forgets its argument"),
    ("credit_group.update", "name", Difference::NotSent, "the official client sends null for it"),
    ("oauth.password_token", "scope", Difference::NotSent, "only the client shows the name scopes"),
    ("credit_group.create", "app_whitelist", Difference::Lines, "the server reads both forms"),
    ("credit_group.update", "app_whitelist", Difference::Lines, "the server reads both forms"),
];

/// The differences of a member that are known.
pub(super) fn differences(id: &str, name: &str) -> impl Iterator<Item = Difference> {
    let rows = DIFFERENCES.iter().filter(move |row| row.0 == id && row.1 == name);
    rows.map(|row| row.2)
}

/// Parameters with another name: endpoint, name of the official client, name of this client, why.
pub(super) const RENAMED: &[(&str, &str, &str, &str)] = &[(
    "lookup.user_exists",
    "assign_user_hash",
    "id_hash",
    "the server does not read the name of the official client",
)];

/// Endpoints with another path: endpoint, path of the official client, path of this client, why.
pub(super) const MOVED: &[(&str, &str, &str, &str)] = &[(
    "lookup.users_by_addresses",
    "/api/v1/lookup/address/null",
    "/api/v1/lookup/addresses",
    "the server of 2017 has no such route and responds with 405",
)];
