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
mod x509;

use clap::{Parser, Subcommand};
use cli_support::{Common, EXIT_STATUSES, Global, Noun};

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
    Ca(Noun<ca::Ca>),
    /// List, create, renew, revoke and download certificates
    #[command(subcommand, alias = "certs")]
    Cert(Noun<cert::Cert>),
    Issue(issue::Issue),
    Adopt(issue::Adopt),
    Renew(renew::Renew),
    Status(renew::Status),
    #[command(flatten)]
    Common(Common),
}

cli_support::program!(TinyCert, Cli, Command { Ca, Cert, Issue, Adopt, Renew, Status });
