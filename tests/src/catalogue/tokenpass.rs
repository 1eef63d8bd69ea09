//! Tokenpass: each request is signed, or contains the token of a user.

use tokenpass_client::accounts::{
    CheckLogin, GetSecondFactor, RegisterAccount, SignSecondFactor, UpdateAccount,
};
use tokenpass_client::addresses::{
    DeleteAddress, GetMyAddress, GetPublicAddress, InstantVerify, ListMyAddresses,
    ListPublicAddresses, RegisterAddress, UpdateAddress, VerifyAddress,
};
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
    PromiseId, RegisterSource, UpdatePromise,
};
use tokenpass_client::tca::{CheckAddress, CheckEmail, CheckUser, FindUsers};
use tokenpass_client::{
    Authorize, Client, CreatePromise, Destination, Environment, Rule, Rules, Satoshis, Scope,
};

use super::{AnyClient, Provider, calls, configured};

const ADDRESS: &str = "1AAAA1111xxxxxxxxxxxxxxxxxxy43CZ9j";
const BACK: &str = "https://app.example.com/back";
const PASSWORD: &str = "CANARY-password";

fn rules() -> Rules {
    Rule::at_least("TOKENLY", Satoshis::whole(1)).into()
}

fn authorize() -> Authorize {
    Authorize::new(BACK, [Scope::Tca]).unwrap().with_state("CANARY-state")
}

pub(super) const ROW: Provider = Provider {
    name: "tokenpass",
    calls: || {
        calls![
            authorize(),
            ExchangeCode::new("CANARY-code", BACK),
            GetUser::new(),
            CheckUser::new("bob", rules()),
            CheckAddress::new(ADDRESS, rules()),
            RegisterSource::new(ADDRESS),
            DeleteSource::new(ADDRESS),
            ListSources::new(),
            CreatePromise::new(ADDRESS, Destination::user("bob"), "TOKENLY", Satoshis::whole(1)),
            ListPromises::new(),
            GetPromise::new(PromiseId::new(107)),
            CancelPromise::new(PromiseId::new(107)),
            UpdatePromise::new(PromiseId::new(107)).quantity(Satoshis::new(5)),
            ListMyAddresses::new(),
            RegisterAddress::new(ADDRESS),
            GetMyAddress::new(ADDRESS),
            VerifyAddress::new(ADDRESS, "IH/+="),
            UpdateAddress::new(ADDRESS).label("savings"),
            DeleteAddress::new(ADDRESS),
            InstantVerify::new("bob", "ab12", ADDRESS, "IH/+="),
            GetUserByAddress::new(ADDRESS),
            ListPublicAddresses::new("bob"),
            GetPublicAddress::new("bob", ADDRESS),
            GetAddressByUser::new("bob"),
            ListPublicBalances::new(),
            ListProtectedBalances::new(),
            GetMessengerPrivileges::new("TOKENLY"),
            CreateCreditGroup::new("points"),
            UpdateCreditGroup::new("g-1").name("stars"),
            ListCreditGroups::new(),
            GetCreditGroup::new("g-1"),
            GetCreditGroupHistory::new("g-1"),
            ListCreditAccounts::new("g-1"),
            CreateCreditAccount::new("g-1", "bob"),
            GetCreditAccount::new("g-1", "bob"),
            GetCreditAccountHistory::new("g-1", "bob"),
            GiveCredits::new("g-1", [Entry::new("bob", 5)]),
            TakeCredits::new("g-1", [Entry::new("bob", 5)]),
            GetPerks::new("TOKENLY"),
            RegisterAccount::new("leroy", PASSWORD, "leroy@example.com"),
            CreateChat::new("the chat").token("TOKENLY", Satoshis::whole(1)),
            UpdateChat::new("c-1").token("TOKENLY", Satoshis::whole(1)).active(true),
            GetChat::new("c-1"),
            GetUsersByAddresses::new([ADDRESS]),
            GetUserByEmail::new("bob@example.com"),
            CheckUserExists::new("bob"),
            FindUsers::new(rules()),
            CheckEmail::new("bob@example.com", rules()),
            ListPromisesByEmail::new("bob@example.com"),
            GetAsset::new("bitcoin", "TOKENLY"),
            ListChats::new(),
            GetChatPrivileges::new("c-1"),
            JoinChat::new("c-1"),
            CheckLogin::new("leroy", PASSWORD),
            UpdateAccount::new("u-1", "CANARY-other-token", PASSWORD).name("Leroy"),
            RequestCode::new(authorize(), "bob", PASSWORD),
            ExchangeCodeAtApi::new("CANARY-code", BACK, [Scope::Tca], "CANARY-state"),
            RequestPasswordToken::new("bob", PASSWORD, [Scope::User]),
            LogOut::new(),
            GetSecondFactor::new("bob"),
            SignSecondFactor::new("IH/+="),
        ]
    },
    client: |base, options| {
        let builder = Client::builder("IExampleClient", "CANARY-client-secret")
            .privileged("IPrivileged", "CANARY-privileged-secret")
            .oauth_token("CANARY-user-token")
            .environment(Environment::Custom(base.to_owned()));
        configured!(builder, options).build().map(AnyClient::Tokenpass)
    },
    grant: None,
};
