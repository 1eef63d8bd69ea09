//! `tokenpass promise`.

use clap::Subcommand;
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Run};
use tokenpass_client::promises::{CancelPromise, GetPromise, ListPromises, ListSources};

use crate::provider::Tokenpass;

#[derive(Debug, Subcommand)]
pub(crate) enum Promise {
    /// List the promises of the application
    List,
    /// Show a promise
    Get {
        /// Id of the promise
        id: String,
    },
    /// Cancel a promise
    Cancel {
        /// Id of the promise
        id: String,
    },
    /// List the addresses that lend
    Sources,
}

const PROMISES: &[Column] = &[
    ("id", "promise_id"),
    ("source", "source"),
    ("destination", "destination"),
    ("asset", "asset"),
    ("quantity", "quantity"),
];

impl Run<Tokenpass> for Promise {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        match self {
            Self::List => context.entries(ListPromises::new(), "list", PROMISES),
            Self::Get { id } => context.show(GetPromise::new(id)),
            Self::Cancel { id } => {
                context.confirm(&format!("cancel promise {id}"))?;
                context.show(CancelPromise::new(id))
            }
            Self::Sources => {
                context.entries(ListSources::new(), "whitelist", &[("address", "address")])
            }
        }
    }
}
