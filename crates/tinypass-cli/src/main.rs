//! `tinypass`: a command-line program for TinyPass r2.

mod access;
mod block;
mod cookie;
mod download;
mod provider;
mod subscription;
mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli_support::{CommandLine, Common, Context, EXIT_STATUSES, Exit, Failure, Global, Run};

use provider::TinyPass;

/// Access, subscriptions, downloads and users of TinyPass
#[derive(Debug, Parser)]
#[command(name = "tinypass", version, after_help = EXIT_STATUSES, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check, list, grant and revoke access
    #[command(subcommand)]
    Access(access::Access),
    /// List and cancel subscriptions
    #[command(subcommand, alias = "subscriptions")]
    Subscription(subscription::Subscription),
    /// Downloads and their links
    #[command(subcommand, alias = "downloads")]
    Download(download::Download),
    /// Users
    #[command(subcommand, alias = "users")]
    User(user::User),
    /// Encrypt and decrypt the blocks of cookies, webhooks and links
    #[command(subcommand)]
    Block(block::Block),
    /// Token cookies, which store the access of a visitor in the browser
    #[command(subcommand)]
    Cookie(cookie::Cookie),
    #[command(flatten)]
    Common(Common),
}

impl CommandLine<TinyPass> for Cli {
    type Command = Command;

    fn split(self) -> (Global, Command) {
        (self.global, self.command)
    }
}

impl Run<TinyPass> for Command {
    fn run(self, context: &Context<TinyPass>) -> Result<Exit, Failure> {
        match self {
            Self::Access(command) => command.run(context),
            Self::Subscription(command) => command.run(context),
            Self::Download(command) => command.run(context),
            Self::User(command) => command.run(context),
            Self::Block(command) => command.run(context),
            Self::Cookie(command) => command.run(context),
            Self::Common(command) => command.run::<TinyPass, Cli>(context),
        }
    }
}

fn main() -> ExitCode {
    cli_support::main::<TinyPass, Cli>()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
