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

use clap::{Parser, Subcommand};
use cli_support::{Common, EXIT_STATUSES, Global, Noun};

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
    /// Create, pay for, list and cancel transactions
    #[command(subcommand, alias = "transactions")]
    Transaction(Noun<transaction::Transaction>),
    /// Refund transactions
    #[command(subcommand, alias = "refunds")]
    Refund(Noun<refund::Refund>),
    /// Save, show and delete cards, and begin Apple Pay sessions
    #[command(subcommand, alias = "cards")]
    Card(Noun<card::Card>),
    /// Create, list and cancel plans for recurring payments (experimental)
    #[command(subcommand, alias = "recurrings")]
    Recurring(Noun<recurring::Recurring>),
    /// Manage marketplace payments
    #[command(subcommand, alias = "marketplaces")]
    Marketplace(Noun<marketplace::Marketplace>),
    /// List and add Collect bank accounts, to which payments are forwarded
    #[command(subcommand, alias = "bank-accounts")]
    BankAccount(Noun<bank_account::BankAccount>),
    /// Take BLIK payments, and manage BLIK aliases
    #[command(subcommand, alias = "bliks")]
    Blik(Noun<blik::Blik>),
    /// Create and show the merchant accounts of a partner
    #[command(subcommand, alias = "accounts")]
    Account(Noun<account::Account>),
    /// List and download reports (experimental)
    #[command(subcommand, alias = "reports")]
    Report(Noun<report::Report>),
    /// Receive, send and verify notifications
    #[command(subcommand, alias = "notifications")]
    Notification(Noun<notification::Command>),
    /// Print the certificates for verifying notifications
    #[command(subcommand, alias = "certificates")]
    Certificate(Noun<certificate::Certificate>),
    #[command(flatten)]
    Common(Common),
}

cli_support::program!(
    Tpay,
    Cli,
    Command {
        Transaction,
        Refund,
        Card,
        Recurring,
        Marketplace,
        BankAccount,
        Blik,
        Account,
        Report,
        Notification,
        Certificate,
    }
);
