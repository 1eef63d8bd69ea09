//! `tokenpass user`.

use clap::{Args, Subcommand};
use cli_support::{Context, Exit, Failure, Run};
use tokenpass_client::Rules;
use tokenpass_client::lookups::{GetAddressByUser, GetUserByAddress};
use tokenpass_client::oauth::GetUser;
use tokenpass_client::tca::FindUsers;

use crate::provider::Tokenpass;

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// List the users that satisfy rules
    Find {
        /// Rules, such as "TOKENLY >= 1"
        rules: Rules,
    },
    /// Show the user of a bitcoin address
    Lookup {
        /// The address
        address: String,
    },
    /// Show the first public address of a user
    Address {
        /// Name of the user
        user: String,
    },
}

/// Show the user of the token
#[derive(Debug, Args)]
pub(crate) struct Whoami {}

impl Run<Tokenpass> for Whoami {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        context.show(GetUser::new())
    }
}

impl Run<Tokenpass> for User {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        match self {
            Self::Find { rules } => {
                let columns = &[("id", "id"), ("user", "username")];
                context.entries(FindUsers::new(rules), "results", columns)
            }
            Self::Lookup { address } => context.show(GetUserByAddress::new(address)),
            Self::Address { user } => context.show(GetAddressByUser::new(user)),
        }
    }
}
