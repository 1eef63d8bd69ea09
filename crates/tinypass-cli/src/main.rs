//! `tinypass`: a command-line program for TinyPass r2.

mod access;
mod block;
mod cookie;
mod download;
mod provider;
mod subscription;
mod user;

use clap::{Parser, Subcommand};
use cli_support::{Common, EXIT_STATUSES, Global, Noun};

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
    #[command(subcommand, alias = "accesses")]
    Access(Noun<access::Access>),
    /// List and cancel subscriptions
    #[command(subcommand, alias = "subscriptions")]
    Subscription(Noun<subscription::Subscription>),
    /// Show downloads and print links to them
    #[command(subcommand, alias = "downloads")]
    Download(Noun<download::Download>),
    /// Show users
    #[command(subcommand, alias = "users")]
    User(Noun<user::User>),
    /// Encrypt and decrypt the blocks of cookies, webhooks and links
    #[command(subcommand, alias = "blocks")]
    Block(Noun<block::Block>),
    /// Check token cookies, which store the access of a visitor in the browser
    #[command(subcommand, alias = "cookies")]
    Cookie(Noun<cookie::Cookie>),
    #[command(flatten)]
    Common(Common),
}

cli_support::program!(
    TinyPass,
    Cli,
    Command { Access, Subscription, Download, User, Block, Cookie }
);
