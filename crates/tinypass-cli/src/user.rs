//! The command `tinypass user`: shows users.

use clap::Subcommand;
use cli_support::{Context, Exit, Failure, Run};
use tinypass_client::user::GetUser;

use crate::provider::TinyPass;

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Show a user
    Get {
        /// Id that TinyPass assigned to the user
        uid: String,
    },
}

impl Run<TinyPass> for User {
    fn run(self, context: &Context<TinyPass>) -> Result<Exit, Failure> {
        let Self::Get { uid } = self;
        context.show(GetUser::new(uid))
    }
}
