//! The command `tokenpass balance`: lists token balances.

use clap::Subcommand;
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Limits, Run};
use tokenpass_client::balances::{ListProtectedBalances, ListPublicBalances};

use crate::provider::Tokenpass;

#[derive(Debug, Subcommand)]
pub(crate) enum Balance {
    /// List the balances of the public addresses of the logged-in user
    List {
        /// Include the balances of private addresses
        #[arg(long)]
        private: bool,
        #[command(flatten)]
        limits: Limits,
    },
}

const COLUMNS: &[Column] = &[("asset", "asset"), ("balance", "balance")];

impl Run<Tokenpass> for Balance {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        let Self::List { private, limits } = self;
        match private {
            true => context.entries(ListProtectedBalances::new(), "", &limits, COLUMNS),
            false => context.entries(ListPublicBalances::new(), "", &limits, COLUMNS),
        }
    }
}
