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

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli_support::{CommandLine, Common, Context, EXIT_STATUSES, Exit, Failure, Global, Run};

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
    /// What a token gives access to
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
    /// Show the user of the token
    Whoami,
    #[command(flatten)]
    Common(Common),
}

impl CommandLine<Tokenpass> for Cli {
    type Command = Command;

    fn split(self) -> (Global, Command) {
        (self.global, self.command)
    }
}

impl Run<Tokenpass> for Command {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        match self {
            Self::Check(command) => command.run(context),
            Self::Rule(command) => command.run(context),
            Self::Balance(command) => command.run(context),
            Self::User(command) => command.run(context),
            Self::Promise(command) => command.run(context),
            Self::Source(command) => command.run(context),
            Self::Credit(command) => command.run(context),
            Self::Chat(command) => command.run(context),
            Self::Perk(command) => command.run(context),
            Self::Asset(command) => command.run(context),
            Self::SecondFactor(command) => command.run(context),
            Self::Address(command) => command.run(context),
            Self::Whoami => context.show(tokenpass_client::oauth::GetUser::new()),
            Self::Common(command) => command.run::<Tokenpass, Cli>(context),
        }
    }
}

fn main() -> ExitCode {
    cli_support::main::<Tokenpass, Cli>()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
