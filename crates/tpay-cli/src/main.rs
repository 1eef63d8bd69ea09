//! `tpay`: a command-line program for the Tpay Open API.

mod account;
mod bank_account;
mod blik;
mod card;
mod certificate;
mod marketplace;
mod notification;
mod provider;
mod recurring;
mod refund;
mod report;
mod transaction;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli_support::{CommandLine, Common, Context, EXIT_STATUSES, Exit, Failure, Global, Run};

use provider::Tpay;

/// Payments, refunds, BLIK and notifications of Tpay
#[derive(Debug, Parser)]
#[command(name = "tpay", version, after_help = EXIT_STATUSES, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create, pay, read and cancel transactions
    #[command(subcommand, alias = "transactions")]
    Transaction(transaction::Transaction),
    /// Refund transactions
    #[command(subcommand, alias = "refunds")]
    Refund(refund::Refund),
    /// Saved cards, and sessions of Apple Pay
    #[command(subcommand, alias = "cards")]
    Card(card::Card),
    /// Plans of recurring payments (experimental)
    #[command(subcommand)]
    Recurring(recurring::Recurring),
    /// Payments to several merchants of a marketplace
    #[command(subcommand)]
    Marketplace(marketplace::Marketplace),
    /// Bank accounts of Collect, to which payments are forwarded
    #[command(subcommand, alias = "bank-accounts")]
    BankAccount(bank_account::BankAccount),
    /// Pay by BLIK
    #[command(subcommand)]
    Blik(blik::Blik),
    /// Accounts of a partner's merchants
    #[command(subcommand, alias = "accounts")]
    Account(account::Account),
    /// Reports (experimental)
    #[command(subcommand, alias = "reports")]
    Report(report::Report),
    /// Receive, send and verify notifications
    #[command(subcommand, alias = "notifications")]
    Notification(notification::Command),
    /// Certificates of notifications
    #[command(subcommand, alias = "certificates")]
    Certificate(certificate::Certificate),
    #[command(flatten)]
    Common(Common),
}

impl CommandLine<Tpay> for Cli {
    type Command = Command;

    fn split(self) -> (Global, Command) {
        (self.global, self.command)
    }
}

impl Run<Tpay> for Command {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        match self {
            Self::Transaction(command) => command.run(context),
            Self::Refund(command) => command.run(context),
            Self::Card(command) => command.run(context),
            Self::Recurring(command) => command.run(context),
            Self::Marketplace(command) => command.run(context),
            Self::BankAccount(command) => command.run(context),
            Self::Blik(command) => command.run(context),
            Self::Account(command) => command.run(context),
            Self::Report(command) => command.run(context),
            Self::Notification(command) => command.run(context),
            Self::Certificate(command) => command.run(context),
            Self::Common(command) => command.run::<Tpay, Cli>(context),
        }
    }
}

fn main() -> ExitCode {
    cli_support::main::<Tpay, Cli>()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
