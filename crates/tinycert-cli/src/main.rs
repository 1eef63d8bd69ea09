//! `tinycert`: a command-line program for TinyCert.

mod access;
mod ca;
mod cert;
mod file;
mod hook;
mod issue;
mod pair;
mod provider;
mod renew;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli_support::{CommandLine, Common, Context, EXIT_STATUSES, Exit, Failure, Global, Run};

use provider::TinyCert;

/// CAs and certificates of TinyCert
#[derive(Debug, Parser)]
#[command(name = "tinycert", version, after_help = EXIT_STATUSES, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List, create and delete CAs
    #[command(subcommand, alias = "cas")]
    Ca(ca::Ca),
    /// List, create, renew, revoke and download certificates
    #[command(subcommand, alias = "certs")]
    Cert(cert::Cert),
    Issue(issue::Issue),
    Adopt(issue::Adopt),
    Renew(renew::Renew),
    Status(renew::Status),
    #[command(flatten)]
    Common(Common),
}

impl CommandLine<TinyCert> for Cli {
    type Command = Command;

    fn split(self) -> (Global, Command) {
        (self.global, self.command)
    }
}

impl Run<TinyCert> for Command {
    fn run(self, context: &Context<TinyCert>) -> Result<Exit, Failure> {
        match self {
            Self::Ca(command) => command.run(context),
            Self::Cert(command) => command.run(context),
            Self::Issue(command) => command.run(context),
            Self::Adopt(command) => command.run(context),
            Self::Renew(command) => command.run(context),
            Self::Status(command) => command.run(context),
            Self::Common(command) => command.run::<TinyCert, Cli>(context),
        }
    }
}

fn main() -> ExitCode {
    cli_support::main::<TinyCert, Cli>()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
