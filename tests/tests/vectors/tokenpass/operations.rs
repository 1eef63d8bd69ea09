//! The typed call of each endpoint, from its arguments.
//!
//! Arguments are named as the endpoint's path and the wire name them; `rules` is the rule stack, an
//! object or a query, and `oauth_token` the user's token. An argument without a typed counterpart is
//! an error, so nothing is dropped.

use serde::Serialize;
use serde_json::{Value, json};
use tokenpass_client::accounts::{
    CheckLogin, GetSecondFactor, RegisterAccount, SignSecondFactor, UpdateAccount,
};
use tokenpass_client::addresses::{
    DeleteAddress, GetMyAddress, GetPublicAddress, InstantVerify, ListMyAddresses,
    ListPublicAddresses, RegisterAddress, UpdateAddress, Verification, VerifyAddress,
};
use tokenpass_client::api_auth::{Request, path_segment};
use tokenpass_client::balances::{ListProtectedBalances, ListPublicBalances};
use tokenpass_client::chats::{
    CreateChat, GetChat, GetChatPrivileges, GetMessengerPrivileges, JoinChat, ListChats, UpdateChat,
};
use tokenpass_client::credits::{
    CreateCreditAccount, CreateCreditGroup, Entry, GetCreditAccount, GetCreditAccountHistory,
    GetCreditGroup, GetCreditGroupHistory, GiveCredits, ListCreditAccounts, ListCreditGroups,
    TakeCredits, UpdateCreditGroup,
};
use tokenpass_client::lookups::{
    CheckUserExists, GetAddressByUser, GetUserByAddress, GetUserByEmail, GetUsersByAddresses,
};
use tokenpass_client::oauth::{
    ExchangeCode, ExchangeCodeAtApi, GetUser, LogOut, RequestCode, RequestPasswordToken,
};
use tokenpass_client::perks::{GetAsset, GetPerks};
use tokenpass_client::promises::{
    CancelPromise, DeleteSource, GetPromise, ListPromises, ListPromisesByEmail, ListSources,
    RegisterSource, UpdatePromise,
};
use tokenpass_client::tca::{CheckAddress, CheckEmail, CheckUser, FindUsers};
use tokenpass_client::{
    Authorize, Client, CreatePromise, Destination, Endpoint, Error, InputError, Rules, Satoshis,
    Scope, Secret, UnixTime, UserToken,
};

use super::json::Node;

/// Why a vector has no typed request.
#[derive(Debug)]
pub(super) enum Untyped {
    /// This argument has no typed counterpart.
    Argument(String),
    /// The typed request was rejected.
    Rejected(Error),
}

impl From<Error> for Untyped {
    fn from(error: Error) -> Self {
        Self::Rejected(error)
    }
}

impl From<InputError> for Untyped {
    fn from(error: InputError) -> Self {
        Self::Rejected(error.into())
    }
}

type Made<T> = Result<T, Untyped>;

/// What a call is made for, and what it returns.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The request, which was not sent.
    Prepared(Box<Request>),
    /// What the call returned, as JSON with the names of the wire.
    Returned(Box<Result<Value, Error>>),
}

/// Makes a value, sets the optional members that the object has, and rejects members that are
/// neither required nor optional here.
macro_rules! build {
    ($object:expr, $made:expr, [$($required:literal),*] $(, $setter:ident($name:literal, $read:expr))* $(,)?) => {{
        let object: &Node = $object;
        only(object, &[$($required,)* $($name,)*])?;
        #[allow(unused_mut, reason = "some have no optional members")]
        let mut made = $made;
        $( if let Some(value) = object.given($name) { made = made.$setter($read(value)?); } )*
        made
    }};
}

fn only(object: &Node, names: &[&str]) -> Made<()> {
    match object.members().iter().find(|(name, _)| !names.contains(&name.as_str())) {
        Some((name, _)) => Err(Untyped::Argument(name.clone())),
        None => Ok(()),
    }
}

fn string(value: &Node) -> Made<String> {
    Ok(match value {
        Node::Text(text) => text.clone(),
        Node::Number(number) => number.to_string(),
        _ => panic!("{value:?} is no string"),
    })
}

fn integer(value: &Node) -> Made<i64> {
    Ok(string(value)?.parse().unwrap_or_else(|_| panic!("{value:?} is no whole number")))
}

fn flag(value: &Node) -> Made<bool> {
    Ok(value.is_truthy())
}

fn satoshis(value: &Node) -> Made<Satoshis> {
    integer(value).map(Satoshis::new)
}

fn time(value: &Node) -> Made<UnixTime> {
    integer(value).map(UnixTime::from_seconds)
}

/// A list of strings; a single one is separated by `separator`.
fn strings(value: &Node, separator: char) -> Made<Vec<String>> {
    match value {
        Node::List(items) => items.iter().map(string).collect(),
        text => Ok(string(text)?.split(separator).map(str::to_owned).collect()),
    }
}

fn scopes(value: &Node) -> Made<Vec<Scope>> {
    Ok(strings(value, ',')?.iter().map(|scope| Scope::from(scope.as_str())).collect())
}

/// The parameters of a rule stack: the members of an object, or a query.
pub(super) fn rule_query(rules: &Node) -> String {
    match rules {
        Node::Text(query) => query.clone(),
        rules => {
            let encoded = rules.members().iter().map(|(name, value)| {
                [&path_segment(name), "=", &path_segment(&value.text())].concat()
            });
            encoded.collect::<Vec<_>>().join("&")
        }
    }
}

fn rules(value: &Node) -> Made<Rules> {
    Ok(Rules::from_query(&rule_query(value))?)
}

/// What must be held to join a chat, in whole tokens.
fn chat_rules(value: &Node) -> Made<Vec<(String, Satoshis)>> {
    let Node::List(items) = value else { panic!("{value:?} is no list") };
    let rule = |item: &Node| -> Made<(String, Satoshis)> {
        only(item, &["token", "quantity"])?;
        let get = |name: &str| item.given(name).unwrap_or_else(|| panic!("{item:?}: no {name}"));
        Ok((string(get("token"))?, string(get("quantity"))?.parse()?))
    };
    items.iter().map(rule).collect()
}

fn entries(value: &Node, counter: &str) -> Made<Vec<Entry>> {
    let Node::List(items) = value else { panic!("{value:?} is no list") };
    let entry = |item: &Node| -> Made<Entry> {
        only(item, &["account", "amount", "ref", counter])?;
        let get = |name: &str| item.given(name).unwrap_or_else(|| panic!("{item:?}: no {name}"));
        let amount = string(get("amount"))?;
        let amount = amount.parse().unwrap_or_else(|_| panic!("{amount} is no amount"));
        let mut entry = Entry::new(string(get("account"))?, amount);
        if let Some(reference) = item.given("ref") {
            entry = entry.reference(string(reference)?);
        }
        if let Some(account) = item.given(counter) {
            entry = entry.counter_account(string(account)?);
        }
        Ok(entry)
    };
    items.iter().map(entry).collect()
}

fn done(_: ()) -> Value {
    Value::Null
}

fn whole<T: Serialize>(value: T) -> Value {
    serde_json::to_value(value).unwrap()
}

fn token(token: UserToken) -> Value {
    json!({
        "access_token": token.access_token.expose(),
        "token_type": token.token_type,
        "expires_in": token.expires_in.map(|time| time.as_secs()),
    })
}

/// Prepares the call of an endpoint, or sends it.
pub(super) fn run(id: &str, arguments: &Node, client: &Client, sends: bool) -> Made<Outcome> {
    let (client, fields) = match arguments {
        Node::Map(members) => {
            let (tokens, fields): (Vec<_>, Vec<_>) =
                members.iter().cloned().partition(|(name, _)| name == "oauth_token");
            let token =
                tokens.into_iter().map(|(_, token)| token).find(|token| *token != Node::Null);
            let client = match token {
                Some(token) => client.as_user(string(&token)?)?,
                None => client.clone(),
            };
            (client, Node::Map(fields))
        }
        Node::List(none) if none.is_empty() => (client.clone(), Node::Map(Vec::new())),
        other => panic!("{id}: the arguments {other:?} have no names"),
    };
    let fields = &fields;
    let needed = |name: &str| {
        fields.given(name).unwrap_or_else(|| panic!("{id}: no argument {name}: {arguments:?}"))
    };
    let get = |name: &str| string(needed(name));
    let login = || -> Made<Authorize> {
        let login = Authorize::new(get("redirect_uri")?, scopes(needed("scope"))?)?;
        Ok(login.with_state(get("state")?))
    };

    macro_rules! call {
        ($call:expr, $json:expr) => {{
            let call = $call;
            Ok(match sends {
                false => Outcome::Prepared(Box::new(signed_request(&client, &call)?)),
                true => Outcome::Returned(Box::new(client.send(&call).map($json))),
            })
        }};
    }
    /// The same, for calls that have no optional arguments.
    macro_rules! plain {
        ($call:expr, [$($name:literal),*], $json:expr) => {
            call!(build!(fields, $call, [$($name),*]), $json)
        };
    }

    match id {
        "oauth.authorize" => {
            plain!(login()?, ["redirect_uri", "scope", "state"], whole)
        }
        "oauth.access_token" => plain!(
            ExchangeCode::new(get("code")?, get("redirect_uri")?),
            ["code", "redirect_uri"],
            token
        ),
        "oauth.api_token" => plain!(
            ExchangeCodeAtApi::new(
                get("code")?,
                get("redirect_uri")?,
                scopes(needed("scope"))?,
                get("state")?
            ),
            ["code", "redirect_uri", "scope", "state"],
            token
        ),
        "oauth.password_token" => plain!(
            RequestPasswordToken::new(
                get("username")?,
                get("password")?,
                scopes(needed("scopes"))?
            ),
            ["username", "password", "scopes"],
            token
        ),
        "oauth.request_code" => call!(
            build!(
                fields,
                RequestCode::new(login()?, get("username")?, get("password")?),
                ["redirect_uri", "scope", "state", "username", "password"],
                grant_access("grant_access", flag),
            ),
            |code: Secret| json!({"code": code.expose()})
        ),
        "oauth.user" => plain!(GetUser::new(), [], whole),
        "oauth.logout" => plain!(LogOut::new(), [], done),
        "account.register" => call!(
            build!(
                fields,
                RegisterAccount::new(get("username")?, get("password")?, get("email")?),
                ["username", "password", "email"],
                name("name", string),
            ),
            whole
        ),
        "account.login" => plain!(
            CheckLogin::new(get("username")?, get("password")?),
            ["username", "password"],
            whole
        ),
        "account.update" => call!(
            build!(
                fields,
                UpdateAccount::new(get("user_id")?, get("token")?, get("current_password")?),
                ["user_id", "token", "current_password"],
                name("name", string),
                email("email", string),
                password("password", string),
            ),
            done
        ),
        "second_factor.status" => {
            plain!(GetSecondFactor::new(get("username")?), ["username"], whole)
        }
        "second_factor.sign" => {
            plain!(SignSecondFactor::new(get("signature")?), ["signature"], done)
        }
        "tca.check_user" => plain!(
            CheckUser::new(get("username")?, rules(needed("rules"))?),
            ["username", "rules"],
            whole
        ),
        "tca.check_address" => plain!(
            CheckAddress::new(get("address")?, rules(needed("rules"))?),
            ["address", "rules"],
            whole
        ),
        "tca.check_email" => plain!(
            CheckEmail::new(get("email")?, rules(needed("rules"))?),
            ["email", "rules"],
            whole
        ),
        "tca.find_users" => plain!(FindUsers::new(rules(needed("rules"))?), ["rules"], whole),
        "perk.get" => plain!(GetPerks::new(get("token")?), ["token"], whole),
        "asset.info" => {
            plain!(GetAsset::new(get("chain")?, get("asset")?), ["chain", "asset"], whole)
        }
        "source.register" => call!(
            build!(
                fields,
                RegisterSource::new(get("address")?),
                ["address"],
                proof("proof", string),
                assets("assets", |value| strings(value, ',')),
                assign_user("assign_user", string),
                assign_user_hash("assign_user_hash", string),
                assign_user_label("assign_user_label", string),
                chain("type", string),
            ),
            done
        ),
        "source.delete" => plain!(DeleteSource::new(get("address")?), ["address"], done),
        "source.list" => plain!(ListSources::new(), [], whole),
        "promise.create" => call!(
            build!(
                fields,
                CreatePromise::new(
                    get("source")?,
                    Destination::from(get("destination")?),
                    get("asset")?,
                    satoshis(needed("quantity"))?,
                ),
                ["source", "destination", "asset", "quantity"],
                expires("expiration", time),
                txid("txid", string),
                fingerprint("fingerprint", string),
                reference("ref", string),
                note("note", string),
                chain("chain", string),
                protocol("protocol", string),
                pseudo("pseudo", flag),
            ),
            whole
        ),
        "promise.list" => call!(
            build!(fields, ListPromises::new(), [], destination("destination", string)),
            whole
        ),
        "promise.list_by_email" => {
            plain!(ListPromisesByEmail::new(get("email")?), ["email"], whole)
        }
        "promise.get" => plain!(GetPromise::new(get("id")?), ["id"], whole),
        "promise.cancel" => plain!(CancelPromise::new(get("id")?), ["id"], done),
        "promise.update" => call!(
            build!(
                fields,
                UpdatePromise::new(get("id")?),
                ["id"],
                quantity("quantity", satoshis),
                expires("expiration", time),
                txid("txid", string),
                fingerprint("fingerprint", string),
                reference("ref", string),
                note("note", string),
                destination("destination", string),
            ),
            whole
        ),
        "address.list_mine" => {
            call!(build!(fields, ListMyAddresses::new(), [], refresh("refresh", flag)), whole)
        }
        "address.get_mine" => plain!(GetMyAddress::new(get("address")?), ["address"], whole),
        "address.register" => call!(
            build!(
                fields,
                RegisterAddress::new(get("address")?),
                ["address"],
                label("label", string),
                public("public", flag),
                active("active", flag),
                kind("type", string),
            ),
            whole
        ),
        "address.verify" => plain!(
            VerifyAddress::new(get("address")?, get("signature")?),
            ["address", "signature"],
            |verification: Verification| json!(verification == Verification::AlreadyVerified)
        ),
        "address.update" => call!(
            build!(
                fields,
                UpdateAddress::new(get("address")?),
                ["address"],
                label("label", string),
                public("public", flag),
                active("active", flag),
            ),
            whole
        ),
        "address.delete" => plain!(DeleteAddress::new(get("address")?), ["address"], done),
        "address.instant_verify" => plain!(
            InstantVerify::new(get("username")?, get("msg")?, get("address")?, get("sig")?),
            ["username", "msg", "address", "sig"],
            done
        ),
        "address.list_public" => call!(
            build!(
                fields,
                ListPublicAddresses::new(get("username")?),
                ["username"],
                refresh("refresh", flag)
            ),
            whole
        ),
        "address.get_public" => plain!(
            GetPublicAddress::new(get("username")?, get("address")?),
            ["username", "address"],
            whole
        ),
        "lookup.user_by_address" => {
            plain!(GetUserByAddress::new(get("address")?), ["address"], whole)
        }
        "lookup.users_by_addresses" => plain!(
            GetUsersByAddresses::new(strings(needed("address_list"), ',')?),
            ["address_list"],
            whole
        ),
        "lookup.address_by_user" => {
            plain!(GetAddressByUser::new(get("username")?), ["username"], whole)
        }
        "lookup.user_by_email" => plain!(GetUserByEmail::new(get("email")?), ["email"], whole),
        "lookup.user_exists" => call!(
            build!(
                fields,
                CheckUserExists::new(get("username")?),
                ["username"],
                id_hash("id_hash", string),
                strict("strict", flag),
            ),
            whole
        ),
        "balance.public" => {
            call!(build!(fields, ListPublicBalances::new(), [], refresh("refresh", flag)), whole)
        }
        "balance.protected" => {
            call!(build!(fields, ListProtectedBalances::new(), [], refresh("refresh", flag)), whole)
        }
        "messenger.privileges" => {
            plain!(GetMessengerPrivileges::new(get("token")?), ["token"], whole)
        }
        "messenger.chats" => plain!(ListChats::new(), [], whole),
        "messenger.chat_privileges" => {
            plain!(GetChatPrivileges::new(get("chat_id")?), ["chat_id"], whole)
        }
        "messenger.join" => plain!(JoinChat::new(get("chat_id")?), ["chat_id"], done),
        "chat.get" => plain!(GetChat::new(get("chat_uuid")?), ["chat_uuid"], whole),
        "chat.create" => {
            let mut call = build!(
                fields,
                CreateChat::new(get("name")?),
                ["name", "tca_rules"],
                active("active", flag),
                global("global", flag),
            );
            for (token, quantity) in fields.given("tca_rules").map_or(Ok(vec![]), chat_rules)? {
                call = call.token(token, quantity);
            }
            call!(call, whole)
        }
        "chat.update" => {
            // It has no `global`: false is what its absence means.
            let is_global = fields.given("global").is_some_and(Node::is_truthy);
            if is_global {
                return Err(Untyped::Argument("global".to_owned()));
            }
            let mut call = build!(
                fields,
                UpdateChat::new(get("chat_uuid")?),
                ["chat_uuid", "tca_rules", "global"],
                active("active", flag),
            );
            for (token, quantity) in fields.given("tca_rules").map_or(Ok(vec![]), chat_rules)? {
                call = call.token(token, quantity);
            }
            call!(call, whole)
        }
        "credit_group.create" => {
            only(fields, &["name", "app_whitelist"])?;
            let ids = fields.given("app_whitelist").map_or(Ok(vec![]), |ids| strings(ids, '\n'))?;
            let call = CreateCreditGroup::new(get("name")?);
            call!(ids.into_iter().fold(call, CreateCreditGroup::allow), whole)
        }
        "credit_group.update" => {
            let ids = fields.given("app_whitelist").map_or(Ok(vec![]), |ids| strings(ids, '\n'))?;
            let call = build!(
                fields,
                UpdateCreditGroup::new(get("group_uuid")?),
                ["group_uuid", "app_whitelist"],
                name("name", string),
            );
            call!(ids.into_iter().fold(call, UpdateCreditGroup::allow), whole)
        }
        "credit_group.list" => plain!(ListCreditGroups::new(), [], whole),
        "credit_group.get" => {
            plain!(GetCreditGroup::new(get("group_uuid")?), ["group_uuid"], whole)
        }
        "credit_group.history" => {
            plain!(GetCreditGroupHistory::new(get("group_uuid")?), ["group_uuid"], whole)
        }
        "credit_account.list" => {
            plain!(ListCreditAccounts::new(get("group_uuid")?), ["group_uuid"], whole)
        }
        "credit_account.create" => plain!(
            CreateCreditAccount::new(get("group_uuid")?, get("name")?),
            ["group_uuid", "name"],
            whole
        ),
        "credit_account.get" => plain!(
            GetCreditAccount::new(get("group_uuid")?, get("account")?),
            ["group_uuid", "account"],
            whole
        ),
        "credit_account.history" => plain!(
            GetCreditAccountHistory::new(get("group_uuid")?, get("account")?),
            ["group_uuid", "account"],
            whole
        ),
        "credit.give" => plain!(
            GiveCredits::new(get("group_uuid")?, entries(needed("accounts"), "source")?),
            ["group_uuid", "accounts"],
            whole
        ),
        "credit.take" => plain!(
            TakeCredits::new(get("group_uuid")?, entries(needed("accounts"), "destination")?),
            ["group_uuid", "accounts"],
            whole
        ),
        other => panic!("no typed call for the endpoint {other}"),
    }
}

fn signed_request(client: &Client, call: &impl Endpoint) -> Made<Request> {
    Ok(client.signed_request(call)?)
}
