//! Calls every endpoint once and prints one line for each.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::env::VarError;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use lexopt::prelude::*;
use tokenpass_client::accounts::{
    CheckLogin, GetSecondFactor, RegisterAccount, SignSecondFactor, UpdateAccount,
};
use tokenpass_client::addresses::{
    DeleteAddress, GetMyAddress, GetPublicAddress, InstantVerify, ListMyAddresses,
    ListPublicAddresses, RegisterAddress, UpdateAddress, VerifyAddress,
};
use tokenpass_client::api_auth::{Clock, Params, SystemClock};
use tokenpass_client::balances::{ListProtectedBalances, ListPublicBalances};
use tokenpass_client::chats::{
    CreateChat, GetChat, GetChatPrivileges, GetMessengerPrivileges, JoinChat, ListChats,
    UpdateChat, chat_id,
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
use tokenpass_client::proof::{MessageKey, user_hash};
use tokenpass_client::tca::{CheckAddress, CheckEmail, CheckUser, FindUsers};
use tokenpass_client::{
    Authorize, Client, CreatePromise, Destination, Endpoint, Error, Result, Rule, Rules, Satoshis,
    Scope, UnixTime,
};

const HELP: &str = "\
Calls every endpoint of the API once and prints a line for each:
`ok promise.create 12 ms`, or `fail promise.create 12 ms` with the error.

It creates a user account, a chat and a credit group, which remain. It lends one satoshi and
cancels that promise. It removes the source from the whitelist and the address from the user's account
and adds them again. It logs out with a token that it requested itself.

usage: tokenpass_tour [options]

  --username NAME       the user (default cryptonaut)
  --token ASSET         a token that the user and the source hold (default TOKENLY)
  --message TEXT        the message of the user's dashboard for instant verification
  --second-factor TEXT  the message that the second factor signs

exit status: 0 all endpoints succeeded, 1 at least one failed, 2 invalid arguments

environment: TOKENPASS_CLIENT_ID, TOKENPASS_CLIENT_SECRET, TOKENPASS_OAUTH_TOKEN,
             TOKENPASS_PRIVILEGED_CLIENT_ID, TOKENPASS_PRIVILEGED_CLIENT_SECRET,
             TOKENPASS_REDIRECT_URI, and optionally TOKENPASS_BASE_URL, TOKENPASS_SCHEME;
             TOUR_PASSWORD (the user's password), TOUR_SOURCE_WIF (the key of the address
             that lends), TOUR_ADDRESS_WIF (the key of an address for the user's account),
             which default to those of the sandbox
";

struct Arguments {
    username: String,
    password: String,
    token: String,
    source_wif: String,
    address_wif: String,
    message: Option<String>,
    second_factor: Option<String>,
}

fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    // The defaults are those of the sandbox, whose keys are not secret. Secrets are read from the
    // environment, because every user of a machine can see the arguments of a program.
    #[expect(clippy::disallowed_methods, reason = "a script reads its environment")]
    let secret = |name: &str, or: &str| match std::env::var(name) {
        Ok(secret) => Ok(secret),
        Err(VarError::NotPresent) => Ok(or.to_owned()),
        Err(VarError::NotUnicode(_)) => Err(format!("{name}: is not UTF-8")),
    };
    let mut arguments = Arguments {
        username: "cryptonaut".to_owned(),
        password: secret("TOUR_PASSWORD", "Correct-Horse-1")?,
        token: "TOKENLY".to_owned(),
        source_wif: secret(
            "TOUR_SOURCE_WIF",
            "KyRduzoL8UP6Ds6xKHChV3rQzU9S5rvvRT6hsZ7wmKU9SVniUdDC",
        )?,
        address_wif: secret(
            "TOUR_ADDRESS_WIF",
            "L2JdaRQ4jqATvGhBYf7y3gDMBdttnThtpPprjCJXz65RCZFukkf6",
        )?,
        message: None,
        second_factor: None,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("username") => arguments.username = parser.value()?.string()?,
            Long("token") => arguments.token = parser.value()?.string()?,
            Long("message") => arguments.message = Some(parser.value()?.string()?),
            Long("second-factor") => arguments.second_factor = Some(parser.value()?.string()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(arguments))
}

fn main() -> ExitCode {
    let result = match arguments() {
        Ok(Some(arguments)) => tour(&arguments),
        Ok(None) => {
            output::print(format_args!("{HELP}"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("tokenpass_tour: {error}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failed) => {
            eprintln!("tokenpass_tour: {failed} endpoints failed");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("tokenpass_tour: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Calls all endpoints. Returns the number of failed calls.
fn tour(arguments: &Arguments) -> Result<u32> {
    let tokenpass = Client::from_env()?;
    let mut report = Report::default();
    accounts(&tokenpass, arguments, &mut report)?;
    rules_and_lookups(&tokenpass, arguments, &mut report);
    addresses(&tokenpass, arguments, &mut report)?;
    promises(&tokenpass, arguments, &mut report)?;
    chats(&tokenpass, arguments, &mut report);
    credits(&tokenpass, &mut report);
    Ok(report.failed)
}

/// Logs in with every method, and creates an account.
fn accounts(tokenpass: &Client, arguments: &Arguments, report: &mut Report) -> Result<()> {
    let Arguments { username, password, .. } = arguments;
    let scopes = [Scope::User, Scope::Tca];
    let login = tokenpass.begin_login(scopes.clone())?;
    report.line::<Authorize, _>(|| tokenpass.send(&login));
    let request = RequestCode::new(login.clone(), username, password.as_str()).grant_access(true);
    let code = report.line::<RequestCode, _>(|| tokenpass.request_code(&request));
    if let Some(code) = code {
        report.line::<ExchangeCode, _>(|| tokenpass.finish_login(&login, code));
    }
    let callback = tokenpass.signed_request(&login)?;
    let query = Params::decode(callback.uri().query().unwrap_or_default())?;
    let redirect_uri = query.get("redirect_uri").unwrap_or_default();
    if let Ok(code) = tokenpass.request_code(&request) {
        let exchange =
            ExchangeCodeAtApi::new(code, redirect_uri, scopes.clone(), login.state().clone());
        report.line::<ExchangeCodeAtApi, _>(|| tokenpass.exchange_code_at_api(&exchange));
    }
    let token = report.line::<RequestPasswordToken, _>(|| {
        tokenpass.request_password_token(username, password.as_str(), scopes.clone())
    });
    if let Some(token) = token {
        let user = tokenpass.as_user(token.access_token)?;
        report.line::<LogOut, _>(|| user.log_out());
    }
    report.line::<GetUser, _>(|| tokenpass.get_user());

    let guest = format!("tour{}", std::process::id());
    let secret = "Tour-Password-1";
    let account = RegisterAccount::new(&guest, secret, format!("{guest}@example.org")).name("Tour");
    let user = report.line::<RegisterAccount, _>(|| tokenpass.register_account(&account));
    report.line::<CheckLogin, _>(|| tokenpass.check_login(&guest, secret));
    let token = tokenpass.request_password_token(&guest, secret, [Scope::User]);
    if let (Some(id), Ok(token)) = (user.and_then(|user| user.id), token) {
        let update = UpdateAccount::new(id, token.access_token, secret).name("Tour 2");
        report.line::<UpdateAccount, _>(|| tokenpass.update_account(&update));
    }
    Ok(())
}

fn rules_and_lookups(tokenpass: &Client, arguments: &Arguments, report: &mut Report) {
    let Arguments { username, token, .. } = arguments;
    let rules = Rules::new(Rule::some(token));
    let addresses =
        report.line::<ListPublicAddresses, _>(|| tokenpass.list_public_addresses(username));
    let address = addresses.unwrap_or_default().into_iter().find_map(|entry| entry.address);
    let address = address.unwrap_or_default();
    report.found::<GetPublicAddress, _>(|| tokenpass.get_public_address(username, &address));
    report.check::<CheckUser>(|| tokenpass.check_user(username, &rules));
    report.check::<CheckAddress>(|| tokenpass.check_address(&address, &rules));
    report.line::<FindUsers, _>(|| tokenpass.find_users(&rules));
    let owner = report.found::<GetUserByAddress, _>(|| tokenpass.get_user_by_address(&address));
    report.line::<GetUsersByAddresses, _>(|| tokenpass.get_users_by_addresses([&address]));
    report.found::<GetAddressByUser, _>(|| tokenpass.get_address_by_user(username));
    let email = owner.and_then(|owner| owner.email).unwrap_or_default();
    report.found::<GetUserByEmail, _>(|| tokenpass.get_user_by_email(&email));
    report.check::<CheckUserExists>(|| tokenpass.check_user_exists(username));
    report.line::<CheckEmail, _>(|| tokenpass.check_email(&email, &rules));
    report.line::<ListPromisesByEmail, _>(|| tokenpass.list_promises_by_email(&email));
    report.line::<ListPublicBalances, _>(|| tokenpass.list_public_balances());
    report.line::<ListProtectedBalances, _>(|| tokenpass.list_protected_balances());
    report.line::<GetPerks, _>(|| tokenpass.get_perks(token));
    report.line::<GetAsset, _>(|| tokenpass.get_asset("bitcoin", token));
}

/// Registers, verifies, changes and removes an address. Then verifies the address in one request,
/// and signs the second factor with its key.
fn addresses(tokenpass: &Client, arguments: &Arguments, report: &mut Report) -> Result<()> {
    let username = &arguments.username;
    let key = MessageKey::from_wif(arguments.address_wif.as_str())?;
    let address = key.address();
    report.line::<ListMyAddresses, _>(|| tokenpass.list_my_addresses());
    if tokenpass.get_my_address(&address)?.is_some() {
        tokenpass.delete_address(&address)?;
    }
    let new = RegisterAddress::new(&address).label("Tour").public(false);
    report.line::<RegisterAddress, _>(|| tokenpass.register_address(&new));
    let detail = report.found::<GetMyAddress, _>(|| tokenpass.get_my_address(&address));
    let code = detail.and_then(|detail| detail.verify_code).unwrap_or_default();
    let signature = key.sign(&code)?;
    report.line::<VerifyAddress, _>(|| tokenpass.verify_address(&address, &signature));
    let update = UpdateAddress::new(&address).label("Tour & more");
    report.line::<UpdateAddress, _>(|| tokenpass.update_address(&update));
    report.line::<DeleteAddress, _>(|| tokenpass.delete_address(&address));
    // In the sandbox, the first message of each user is the hash of the user's name.
    let message = arguments.message.clone().unwrap_or_else(|| user_hash(username));
    let proof = InstantVerify::new(username, &message, &address, key.sign(&message)?);
    report.line::<InstantVerify, _>(|| tokenpass.instant_verify(&proof));

    let message = arguments.second_factor.clone();
    let message = message.unwrap_or_else(|| format!("TOKENPASS second factor of {username}"));
    let signature = key.sign(&message)?;
    report.line::<SignSecondFactor, _>(|| tokenpass.sign_second_factor(&signature));
    report.line::<GetSecondFactor, _>(|| tokenpass.get_second_factor(username));
    Ok(())
}

/// Whitelists a source, lends one satoshi, and removes the source again.
fn promises(tokenpass: &Client, arguments: &Arguments, report: &mut Report) -> Result<()> {
    let key = MessageKey::from_wif(arguments.source_wif.as_str())?;
    let source = key.address();
    let proof = key.sign(&tokenpass.source_proof_message(&source))?;
    let register = RegisterSource::new(&source).proof(&proof);
    report.line::<RegisterSource, _>(|| tokenpass.register_source(&register));
    report.line::<ListSources, _>(|| tokenpass.list_sources());
    let to = Destination::user(&arguments.username);
    let end = UnixTime::from(SystemClock.now() + Duration::from_secs(3600));
    let promise = CreatePromise::new(&source, to, &arguments.token, Satoshis::new(1))
        .expires(end)
        .reference("tour")
        .note("Lent & cancelled");
    let promise = report.line::<CreatePromise, _>(|| tokenpass.create_promise(&promise));
    let id = promise.and_then(|promise| promise.promise_id).unwrap_or(PromiseId::new(0));
    report.line::<ListPromises, _>(|| tokenpass.list_promises());
    report.found::<GetPromise, _>(|| tokenpass.get_promise(id));
    let update = UpdatePromise::new(id).note("Changed");
    report.line::<UpdatePromise, _>(|| tokenpass.update_promise(&update));
    report.line::<CancelPromise, _>(|| tokenpass.cancel_promise(id));
    report.line::<DeleteSource, _>(|| tokenpass.delete_source(&source));
    tokenpass.register_source(&register)
}

fn chats(tokenpass: &Client, arguments: &Arguments, report: &mut Report) {
    let token = &arguments.token;
    report.line::<GetMessengerPrivileges, _>(|| tokenpass.get_messenger_privileges(token));
    let chat = CreateChat::new("Tour").token(token, Satoshis::whole(1));
    let chat = report.line::<CreateChat, _>(|| tokenpass.create_chat(&chat));
    let id = chat.and_then(|chat| chat.id).unwrap_or_default();
    report.found::<GetChat, _>(|| tokenpass.get_chat(&id));
    let update = UpdateChat::new(&id).token(token, Satoshis::new(1)).active(true);
    report.line::<UpdateChat, _>(|| tokenpass.update_chat(&update));
    report.line::<ListChats, _>(|| tokenpass.list_chats());
    let short = chat_id(&id).unwrap_or_default();
    report.line::<GetChatPrivileges, _>(|| tokenpass.get_chat_privileges(&short));
    report.line::<JoinChat, _>(|| tokenpass.join_chat(&short));
}

fn credits(tokenpass: &Client, report: &mut Report) {
    let group = report.line::<CreateCreditGroup, _>(|| tokenpass.create_credit_group("Tour"));
    let id = group.and_then(|group| group.uuid).unwrap_or_default();
    let update = UpdateCreditGroup::new(&id).name("Tour 2");
    report.line::<UpdateCreditGroup, _>(|| tokenpass.update_credit_group(&update));
    report.line::<ListCreditGroups, _>(|| tokenpass.list_credit_groups());
    report.found::<GetCreditGroup, _>(|| tokenpass.get_credit_group(&id));
    report.line::<CreateCreditAccount, _>(|| tokenpass.create_credit_account(&id, "tourist"));
    report.line::<GiveCredits, _>(|| {
        tokenpass.give_credits(&id, [Entry::new("tourist", 500).reference("welcome")])
    });
    report.line::<TakeCredits, _>(|| tokenpass.take_credits(&id, [Entry::new("tourist", 200)]));
    report.line::<ListCreditAccounts, _>(|| tokenpass.list_credit_accounts(&id));
    report.found::<GetCreditAccount, _>(|| tokenpass.get_credit_account(&id, "tourist"));
    report.line::<GetCreditAccountHistory, _>(|| {
        tokenpass.get_credit_account_history(&id, "tourist")
    });
    report.line::<GetCreditGroupHistory, _>(|| tokenpass.get_credit_group_history(&id));
}

#[derive(Default)]
struct Report {
    failed: u32,
}

impl Report {
    /// Calls an endpoint and prints the result as one line. Returns the value, or `None` if the
    /// call failed.
    #[expect(clippy::disallowed_methods, reason = "measures the time of a call for display only")]
    fn line<E: Endpoint, T>(&mut self, call: impl FnOnce() -> Result<T, Error>) -> Option<T> {
        let begin = Instant::now();
        let result = call();
        let elapsed = begin.elapsed().as_millis();
        match result {
            Ok(value) => {
                println!("ok {} {elapsed} ms", E::ID);
                Some(value)
            }
            Err(error) => {
                println!("fail {} {elapsed} ms: {error}", E::ID);
                self.failed += 1;
                None
            }
        }
    }

    /// Calls an endpoint like [`line`](Self::line), and also counts a result of `None` as a
    /// failure.
    fn found<E: Endpoint, T>(
        &mut self,
        call: impl FnOnce() -> Result<Option<T>, Error>,
    ) -> Option<T> {
        let found = self.line::<E, _>(call)?;
        if found.is_none() {
            println!("fail {}: found nothing", E::ID);
            self.failed += 1;
        }
        found
    }

    /// Calls an endpoint like [`line`](Self::line), and also counts a result of `false` as a
    /// failure.
    fn check<E: Endpoint>(&mut self, call: impl FnOnce() -> Result<bool, Error>) {
        if self.line::<E, _>(call) == Some(false) {
            println!("fail {}: returned false", E::ID);
            self.failed += 1;
        }
    }
}
