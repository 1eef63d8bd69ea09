//! The command `tpay refund`: creates and lists refunds.

use clap::{Args, Subcommand};
use cli_support::args::{BODY_OPTIONS, number, value};
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Input, Limits, Member, Run, WithJson};
use tpay_client::refunds::{GetRefund, ListRefunds, ListTransactionRefunds, RefundCard};
use tpay_client::{Amount, RefundTransaction, Secret, grosze};

use crate::provider::{Time, Tpay, period, since, until};

#[derive(Debug, Subcommand)]
pub(crate) enum Refund {
    /// Refund a transaction, in full or in part
    Create {
        /// Id of the transaction
        transaction: String,
        /// Amount, such as 12.34; default: the amount not yet refunded
        #[arg(long, value_parser = value::<Amount>)]
        amount: Option<Amount>,
        #[command(flatten)]
        input: Input,
    },
    /// Refund to a saved card, whose token is read from a prompt or standard input
    Card {
        /// Amount, such as 12.34
        #[arg(long, required_unless_present_any = BODY_OPTIONS, value_parser = value::<Amount>)]
        amount: Option<Amount>,
        /// Currency as an ISO 4217 number; default: 985 (PLN)
        #[arg(id = "currency_code", long = "currency", value_name = "NUMBER", value_parser = number::<u32>)]
        currency: Option<u32>,
        /// Expiry date of the card, as year and month: YYMM
        #[arg(id = "card_expiry_date", long = "card-expiry", value_name = "YYMM")]
        card_expiry: Option<String>,
        /// Read the token from standard input, which must contain only one line
        #[arg(id = "token_value", long = "token-stdin")]
        token_stdin: bool,
        #[command(flatten)]
        input: Input,
    },
    /// List refunds
    List(List),
    /// Show a refund
    Get {
        /// Id of the refund
        id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Show only refunds of this transaction
    #[arg(long, value_name = "ID")]
    transaction: Option<String>,
    /// Show only refunds since this time: `7d` (7 days ago), `2026-11-01` (from its
    /// first second) or `2026-11-01 12:00`, in Polish time
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Time>,
    /// Show only refunds until this time, in the same forms; a date includes the whole day
    #[arg(long, value_name = "TIME", value_parser = until)]
    until: Option<Time>,
    #[command(flatten)]
    limits: Limits,
}

/// The ISO 4217 number of the currency PLN.
const PLN: u32 = 985;

const COLUMNS: &[Column] = &[
    ("id", "refundId"),
    ("status", "status"),
    ("amount", "amount"),
    ("currency", "currency"),
    // Refunds of transactions have `date.schedule`; refunds to cards and those without an account
    // have `date.create`.
    ("created", "date.schedule|date.create"),
];

impl Run<Tpay> for Refund {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        match self {
            Self::Create { transaction, amount, input } => {
                let mut request = RefundTransaction::new(&transaction);
                if let Some(amount) = amount {
                    request = request.amount(amount);
                }
                let member = Member::new("amount", "--amount", amount.is_some());
                let body = input.body_of(&request, &[member])?;
                // The body may change the amount. Without an amount, it is a full refund, so a
                // body without the member is probably a mistake.
                let amount = match &body {
                    Some(body) => Some(body.get("amount").ok_or_else(without_amount)?.to_string()),
                    None => amount.map(|amount| amount.to_string()),
                };
                let what = match amount {
                    Some(amount) => format!("refund {amount} of transaction {transaction}"),
                    None => format!("refund the remaining amount of transaction {transaction}"),
                };
                context.send_confirmed(&what, request, body)
            }
            Self::Card { amount, currency, card_expiry, token_stdin, input } => {
                let body = (&input, "tokenValue");
                let token =
                    context.secret_of_body("card token", token_stdin, "--token-stdin", body)?;
                let members = [
                    Member::required("amount", "--amount", amount.is_some()),
                    Member::with_default("currencyCode", "--currency", currency.is_some()),
                    Member::new("cardExpiryDate", "--card-expiry", card_expiry.is_some()),
                    Member::new("tokenValue", "--token-stdin", token.is_some()),
                ];
                let (amount, token) =
                    (amount.unwrap_or(grosze(0)), token.unwrap_or_else(|| Secret::new("")));
                let mut request = RefundCard::new(amount, currency.unwrap_or(PLN), token);
                if let Some(date) = card_expiry {
                    request = request.card_expiry_date(date);
                }
                let body = input.body_of(&request, &members)?;
                let amount = match &body {
                    Some(body) => {
                        let of_body = body.get("amount").filter(|amount| !amount.is_null());
                        let problem = "the body has no `amount`; use --amount";
                        let missing = || Failure::new(Exit::Usage, problem);
                        of_body.ok_or_else(missing)?.cell()
                    }
                    None => amount.to_string(),
                };
                context.send_confirmed(&format!("refund {amount} to this card"), request, body)
            }
            Self::List(list) => list.run(context),
            Self::Get { id } => context.show(GetRefund::new(id)),
        }
    }
}

/// Returns the failure for a body without an amount.
fn without_amount() -> Failure {
    let problem = "the body has no `amount`; use --amount, or remove the body to refund the remaining \
                   amount";
    Failure::new(Exit::Usage, problem)
}

impl List {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        let (size, limits) = (self.limits.page_size(100), &self.limits);
        let [since, until] = period(self.since, self.until)?;
        match self.transaction {
            Some(id) => {
                let mut request = ListTransactionRefunds::new(id).limit(size);
                if let Some(since) = since {
                    request = request.from(since);
                }
                if let Some(until) = until {
                    request = request.to(until);
                }
                let lists = &["refundsList", "refundsNoAccountList", "refundsCardsList"];
                context.list(WithJson::page(request, lists), limits, COLUMNS)
            }
            None => {
                let mut request = ListRefunds::new().limit(size);
                if let Some(since) = since {
                    request = request.from(since);
                }
                if let Some(until) = until {
                    request = request.to(until);
                }
                let request = WithJson::page(request, &["transactions.list"]);
                context.list(request, limits, COLUMNS)
            }
        }
    }
}
