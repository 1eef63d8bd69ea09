//! `tokenpass`: a command-line program for Tokenpass.

mod address;
mod balance;
mod chat;
mod check;
mod credit;
mod login;
mod promise;
mod provider;
mod source;
mod token;
mod user;

use clap::{Parser, Subcommand};
use cli_support::{Common, EXIT_STATUSES, Global, Noun};

use provider::Tokenpass;

/// Token-controlled access, balances, promises and addresses of Tokenpass
#[derive(Debug, Parser)]
#[command(name = "tokenpass", version, after_help = EXIT_STATUSES, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check whether a user or an address satisfies rules; exit status 1 if not
    ///
    /// A check by user name needs the token of a user (`auth login --web`, or
    /// `TOKENPASS_OAUTH_TOKEN`). --address needs no credentials, and --email needs the privileged
    /// client (`TOKENPASS_PRIVILEGED_CLIENT_ID` and its secret).
    ///
    /// The exit status is 0 if the rules are satisfied, and 1 if they are not.
    Check(check::Check),
    /// Explain rules
    #[command(subcommand, alias = "rules")]
    Rule(Noun<check::Rule>),
    /// Show the token balances of the logged-in user
    #[command(subcommand, alias = "balances")]
    Balance(Noun<balance::Balance>),
    /// Look up, register and update users
    #[command(subcommand, alias = "users")]
    User(Noun<user::User>),
    /// Lend tokens, and manage promises
    #[command(subcommand, alias = "promises")]
    Promise(Noun<promise::Promise>),
    /// Manage the addresses from which tokens are lent
    #[command(subcommand, alias = "sources")]
    Source(Noun<source::Source>),
    /// Give and take credits, and manage their groups and accounts
    #[command(subcommand, alias = "credits")]
    Credit(Noun<credit::Credit>),
    /// Manage token chats
    #[command(subcommand, alias = "chats")]
    Chat(Noun<chat::Chat>),
    /// Show what a token gives access to
    #[command(subcommand, alias = "perks")]
    Perk(Noun<token::Perk>),
    /// Show assets
    #[command(subcommand, alias = "assets")]
    Asset(Noun<token::Asset>),
    /// Check and confirm the second factor of users
    #[command(subcommand, alias = "second-factors")]
    SecondFactor(Noun<token::SecondFactor>),
    /// Register, verify and list Bitcoin addresses
    #[command(subcommand, alias = "addresses")]
    Address(Noun<address::Address>),
    Whoami(user::Whoami),
    #[command(flatten)]
    Common(Common),
}

cli_support::program!(
    Tokenpass,
    Cli,
    Command {
        Check,
        Rule,
        Balance,
        User,
        Promise,
        Source,
        Credit,
        Chat,
        Perk,
        Asset,
        SecondFactor,
        Address,
        Whoami,
    }
);
