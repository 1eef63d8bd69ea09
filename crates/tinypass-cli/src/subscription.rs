//! The command `tinypass subscription`: lists and cancels subscriptions.

use clap::Subcommand;
use cli_support::{Context, Exit, Failure, Limits, Run};
use tinypass_client::SearchSubscriptions;
use tinypass_client::subscription::CancelSubscription;

use crate::provider::TinyPass;

#[derive(Debug, Subcommand)]
pub(crate) enum Subscription {
    /// List recurring subscriptions
    List {
        /// Show only subscriptions to this resource
        #[arg(long)]
        rid: Option<String>,
        /// Show only subscriptions of the user with this reference
        #[arg(long)]
        user: Option<String>,
        #[command(flatten)]
        limits: Limits,
    },
    /// Cancel the subscription of a user to a resource
    Cancel {
        /// Id of the resource
        rid: String,
        /// Your reference for the user
        user: String,
    },
}

impl Run<TinyPass> for Subscription {
    fn run(self, context: &Context<TinyPass>) -> Result<Exit, Failure> {
        match self {
            Self::List { rid, user, limits } => {
                let mut request = SearchSubscriptions::new();
                if let Some(rid) = rid {
                    request = request.rid(rid);
                }
                if let Some(user) = user {
                    request = request.user_ref(user);
                }
                let columns = &[("id", "id"), ("resource", "rid"), ("user", "user_ref")];
                context.entries(request, "data", &limits, columns)
            }
            Self::Cancel { rid, user } => context.show_confirmed(
                &format!("cancel the subscription of {user} to {rid}"),
                CancelSubscription::new(rid, user),
            ),
        }
    }
}
