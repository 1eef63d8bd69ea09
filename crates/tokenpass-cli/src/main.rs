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
    Check(check::Check),
    /// Explain rules
    #[command(subcommand)]
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
    /// Addresses that tokens are lent from
    #[command(subcommand, alias = "sources")]
    Source(Noun<source::Source>),
    /// Credits of an application
    #[command(subcommand, alias = "credits")]
    Credit(Noun<credit::Credit>),
    /// Token chats
    #[command(subcommand, alias = "chats")]
    Chat(Noun<chat::Chat>),
    /// Show what a token gives access to
    #[command(subcommand, alias = "perks")]
    Perk(Noun<token::Perk>),
    /// Details of assets
    #[command(subcommand, alias = "assets")]
    Asset(Noun<token::Asset>),
    /// Check and confirm users' second factor
    #[command(subcommand)]
    SecondFactor(Noun<token::SecondFactor>),
    /// Bitcoin addresses
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
