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
use cli_support::{Common, EXIT_STATUSES, Global};

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
    Rule(check::Rule),
    /// Balances of the user of the token
    #[command(subcommand, alias = "balances")]
    Balance(balance::Balance),
    /// Users
    #[command(subcommand, alias = "users")]
    User(user::User),
    /// Lent tokens
    #[command(subcommand, alias = "promises")]
    Promise(promise::Promise),
    /// The addresses that lend
    #[command(subcommand, alias = "sources")]
    Source(source::Source),
    /// Credits of an application
    #[command(subcommand, alias = "credits")]
    Credit(credit::Credit),
    /// Token chats
    #[command(subcommand, alias = "chats")]
    Chat(chat::Chat),
    /// Perks of a token
    #[command(subcommand, alias = "perks")]
    Perk(token::Perk),
    /// Details of assets
    #[command(subcommand, alias = "assets")]
    Asset(token::Asset),
    /// The second factor of users
    #[command(subcommand)]
    SecondFactor(token::SecondFactor),
    /// Bitcoin addresses
    #[command(subcommand, alias = "addresses")]
    Address(address::Address),
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
