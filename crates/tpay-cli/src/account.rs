//! `tpay account`.

use clap::Subcommand;
use cli_support::{Context, Exit, Failure, Limits, Run, WithJson};
use tpay_client::accounts::{GetAccount, GetBalance, ListAccounts};
use tpay_client::dictionaries::{ListCategories, ListDocuments, ListLegalForms, ListMcc};
use tpay_client::pos::ListPos;

use crate::provider::Tpay;

#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// List the accounts of a partner's merchants
    List {
        #[command(flatten)]
        limits: Limits,
    },
    /// Show an account
    Get {
        /// Id of the account
        id: String,
    },
    /// Show the balance of an account (experimental)
    Balance {
        /// Id of the account
        id: String,
    },
    /// Show the values for new accounts
    Options {
        /// Which values
        #[arg(value_parser = ["categories", "legal-forms", "documents", "mcc", "pos"])]
        kind: String,
    },
}

impl Run<Tpay> for Account {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        match self {
            Self::List { limits } => {
                let request = ListAccounts::new().limit(limits.page_size(100));
                let columns = &[("id", "id"), ("name", "name"), ("email", "email")];
                context.list(WithJson::page(request, &["list"]), &limits, columns)
            }
            Self::Get { id } => context.show(GetAccount::new(id)),
            Self::Balance { id } => context.show(GetBalance::new(id)),
            Self::Options { kind } => match kind.as_str() {
                "categories" => context.show(ListCategories::new()),
                "legal-forms" => context.show(ListLegalForms::new()),
                "documents" => context.show(ListDocuments::new()),
                "mcc" => context.show(ListMcc::new()),
                _ => context.show(ListPos::new()),
            },
        }
    }
}
