//! The command `tpay bank-account`: lists and adds the bank accounts to which Collect forwards
//! payments.

use clap::Subcommand;
use cli_support::args::BODY_OPTIONS;
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Input, Json, Limits, Member, Run, WithJson};
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
        #[arg(id = "account_number", value_name = "NUMBER", required_unless_present_any = BODY_OPTIONS)]
        number: Option<String>,
        /// Name of the owner
        #[arg(id = "owner_name", value_name = "OWNER", required_unless_present_any = BODY_OPTIONS)]
        owner: Option<String>,
        /// Additional information about the owner, such as the address
        #[arg(id = "additional_information", value_name = "INFORMATION", required_unless_present_any = BODY_OPTIONS)]
        information: Option<String>,
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
                let members = [
                    Member::required("accountNumber", "NUMBER", number.is_some()),
                    Member::required("ownerName", "OWNER", owner.is_some()),
                    Member::required("additionalInformation", "INFORMATION", information.is_some()),
                ];
                let [number, owner, information] =
                    [number, owner, information].map(Option::unwrap_or_default);
                let request = CreateBankAccount::new(&number, owner, information);
                let body = input.body_of(&request, &members)?;
                let of_body = body.as_ref().and_then(|body| body.get("accountNumber"));
                let number = of_body.map_or(number, Json::cell);
                context.send_confirmed(&format!("add the bank account {number}"), request, body)
            }
        }
    }
}
