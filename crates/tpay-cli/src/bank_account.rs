//! The command `tpay bank-account`: bank accounts to which Collect forwards payments.

use clap::Subcommand;
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Input, Limits, Run, WithJson};
use tpay_client::collect::{CreateBankAccount, ListBankAccounts};

use crate::provider::Tpay;

#[derive(Debug, Subcommand)]
pub(crate) enum BankAccount {
    /// List the Collect bank accounts
    List {
        #[command(flatten)]
        limits: Limits,
    },
    /// Add a bank account to Collect
    Create {
        /// Account number: PL and 26 digits
        number: String,
        /// Name of the owner
        owner: String,
        /// Additional information about the owner, such as the address
        information: String,
        #[command(flatten)]
        input: Input,
    },
}

const COLUMNS: &[Column] = &[
    ("id", "id"),
    ("number", "accountNumber"),
    ("owner", "ownerName"),
    ("status", "status"),
    ("created", "createdAt"),
];

impl Run<Tpay> for BankAccount {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        match self {
            Self::List { limits } => {
                let request = ListBankAccounts::new().limit(limits.page_size(100));
                context.list(WithJson::page(request, &["bankAccounts"]), &limits, COLUMNS)
            }
            Self::Create { number, owner, information, input } => {
                context.confirm(&format!("add the bank account {number}"))?;
                let request = CreateBankAccount::new(number, owner, information);
                context.create(request, &input)
            }
        }
    }
}
