//! `tokenpass address`.

use clap::Subcommand;
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Run};
use tokenpass_client::addresses::{GetMyAddress, ListMyAddresses, ListPublicAddresses};

use crate::provider::Tokenpass;

#[derive(Debug, Subcommand)]
pub(crate) enum Address {
    /// List the addresses of the user of the token, or the public ones of another user
    List {
        /// Name of another user
        #[arg(long)]
        user: Option<String>,
    },
    /// Show an address of the user of the token
    Get {
        /// The address
        address: String,
    },
}

const COLUMNS: &[Column] =
    &[("address", "address"), ("verified", "verified"), ("public", "public"), ("label", "label")];

impl Run<Tokenpass> for Address {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        match self {
            Self::List { user: None } => context.entries(ListMyAddresses::new(), "result", COLUMNS),
            Self::List { user: Some(user) } => {
                context.entries(ListPublicAddresses::new(user), "result", COLUMNS)
            }
            Self::Get { address } => context.show(GetMyAddress::new(address)),
        }
    }
}
