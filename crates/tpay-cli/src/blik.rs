//! The command `tpay blik`: pays with BLIK, and manages aliases.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use cli_support::api_auth::Endpoint;
use cli_support::args::{BODY_OPTIONS, positive_duration};
use cli_support::{Context, Exit, Failure, Input, Json, Member, Run, WithJson};
use tpay_client::blik::{
    AliasType, Autopayment, AutopaymentModel, BlikAlias, BlikDecision, CreateBlikAlias,
    DeleteBlikAlias, GetBlikAlias,
};
use tpay_client::transactions::{GetTransaction, PayTransaction};
use tpay_client::{BlikPayment, Pay, Secret};

use crate::provider::Tpay;

#[derive(Debug, Subcommand)]
pub(crate) enum Blik {
    /// Pay for a transaction with a BLIK code from a prompt or standard input; exit status 1 if it
    /// is declined, 6 if the payer does not decide in time
    Pay {
        /// Id of the transaction
        id: String,
        /// Read the code from standard input, which must contain only one line
        #[arg(id = "blik_token", long = "code-stdin")]
        code_stdin: bool,
        /// Maximum time to wait for the payer's decision
        #[arg(long, value_name = "TIME", default_value = "2m", value_parser = positive_duration)]
        wait: Duration,
    },
    /// Register, show and delete aliases of payers
    #[command(subcommand, alias = "aliases")]
    Alias(Alias),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Alias {
    /// Register an alias without a payment, with a code from a prompt or standard input
    Create(Box<Create>),
    /// Show an alias
    Get {
        /// Value of the alias
        #[arg(id = "alias", value_name = "VALUE")]
        value: String,
        /// Type of the alias
        #[arg(long = "type", value_enum, value_name = "TYPE", default_value = "uid")]
        kind: Kind,
    },
    /// Delete an alias
    Delete {
        /// Value of the alias
        #[arg(id = "alias", value_name = "VALUE")]
        value: String,
        /// Type of the alias
        #[arg(long = "type", value_enum, value_name = "TYPE", default_value = "uid")]
        kind: Kind,
    },
}

/// The type of an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// The payer confirms each payment with this alias
    Uid,
    /// The payer does not have to confirm payments with this alias
    Payid,
}

impl From<Kind> for AliasType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Uid => Self::Uid,
            Kind::Payid => Self::PayId,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Value of the alias, which you choose
    #[arg(required_unless_present_any = BODY_OPTIONS)]
    value: Option<String>,
    /// Description that the payer sees
    #[arg(long, required_unless_present_any = BODY_OPTIONS)]
    description: Option<String>,
    /// Type of the alias; `uid` by default
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    kind: Option<Kind>,
    /// Label that the payer sees in the banking application
    #[arg(long, required_unless_present_any = BODY_OPTIONS)]
    label: Option<String>,
    /// Autopayment model of a PAYID alias: A, M or O
    #[arg(long, value_parser = ["A", "M", "O"])]
    model: Option<String>,
    /// End of the autopayments, such as `2027-12-01T00:00:00+01:00`
    #[arg(id = "expiration_date", long = "expires", value_name = "DATE", requires = "model")]
    expires: Option<String>,
    /// Read the code from standard input, which must contain only one line
    #[arg(id = "blik_token", long = "code-stdin")]
    code_stdin: bool,
    #[command(flatten)]
    input: Input,
}

impl Alias {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        match self {
            Self::Create(create) => create.run(context),
            Self::Get { value, kind } => context.show(GetBlikAlias::new(value, kind.into())),
            Self::Delete { value, kind } => context.show_confirmed(
                &format!("remove the alias {value}"),
                DeleteBlikAlias::new(value, kind.into()),
            ),
        }
    }
}

pub(crate) const CODE_STDIN: &str = "--code-stdin";
/// The name of the code in prompts and messages.
pub(crate) const CODE: &str = "BLIK code";

/// Expands to the path of a member of the alias in the request body.
macro_rules! alias {
    ($name:literal) => {
        concat!("pay.blikPaymentData.aliases.", $name)
    };
}

impl Create {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        let path = "pay.blikPaymentData.blikToken";
        let code =
            context.secret_of_body(CODE, self.code_stdin, CODE_STDIN, (&self.input, path))?;
        let members = [
            Member::required("description", "--description", self.description.is_some()),
            Member::new(path, CODE_STDIN, code.is_some()),
            Member::required(alias!("value"), "VALUE", self.value.is_some()),
            Member::with_default(alias!("type"), "--type", self.kind.is_some()),
            Member::required(alias!("label"), "--label", self.label.is_some()),
            Member::new(alias!("autopayment.model"), "--model", self.model.is_some()),
            Member::new(alias!("autopayment.expirationDate"), "--expires", self.expires.is_some()),
        ];
        let kind = self.kind.unwrap_or(Kind::Uid);
        let mut alias = BlikAlias::new(self.value.unwrap_or_default(), kind.into())
            .label(self.label.unwrap_or_default());
        if let Some(model) = self.model {
            let mut terms = Autopayment::new(AutopaymentModel::from(model.as_str()));
            if let Some(date) = self.expires {
                terms = terms.expiration_date(date);
            }
            alias = alias.autopayment(terms);
        }
        let code = code.unwrap_or_else(|| Secret::new(""));
        let payment = BlikPayment::code(code).aliases(alias);
        let request = CreateBlikAlias::new(self.description.unwrap_or_default(), payment);
        context.create(request, &self.input, &members)
    }
}

impl Run<Tpay> for Blik {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        let (id, code_stdin, wait) = match self {
            Self::Pay { id, code_stdin, wait } => (id, code_stdin, wait),
            Self::Alias(alias) => return alias.run(context),
        };
        let code = context.secret(CODE, code_stdin, CODE_STDIN)?;
        let payment = Pay::blik(BlikPayment::code(code.clone()));
        let request = WithJson::new(PayTransaction::new(&id, payment));
        let request = request.any();
        if context.is_withheld(&request)? {
            return Ok(Exit::Done);
        }
        let client = context.client()?;
        request.validate()?;
        context.output.check()?;
        // The id is printed first, in case the program is interrupted.
        context.note(&format!("transaction {id}: waiting for the payer"));
        let result = client.pay_by_blik(&id, BlikPayment::code(code), wait)?;
        let (decision, exit, cause) = match &result.decision {
            BlikDecision::Paid => ("paid", Exit::Done, None),
            BlikDecision::Declined { error, .. } => ("declined", Exit::No, error.as_ref()),
            BlikDecision::Closed => ("closed", Exit::No, None),
            BlikDecision::ChooseApplication(_) => ("choose_application", Exit::No, None),
            BlikDecision::Undecided { error } => ("undecided", Exit::Unknown, error.as_ref()),
            BlikDecision::Rejected { error } => {
                return Err(Failure::new(Exit::Rejected, format!("not paid: {error}")));
            }
            _ => ("undecided", Exit::Unknown, None),
        };
        let cause = cause.map_or_else(String::new, |error| format!(": {error}"));
        let shown = match result.payment_sent {
            true => format!("{decision}{cause}"),
            false => format!("was already {decision}; no payment was sent"),
        };
        context.note(&format!("transaction {id}: {shown}"));
        let shown = match context.send(WithJson::new(GetTransaction::new(&id))) {
            Ok(Some(reply)) => context.output.value(&reply.body),
            // The decision is known, so it is the result.
            _ => context.output.value(&known(&id, decision).to_string()),
        };
        // The exit status reflects the decision, so that a paid transaction does not look unpaid.
        context.note_unshown(&format!("transaction {id}"), shown);
        Ok(exit)
    }
}

fn known(id: &str, decision: &str) -> Json {
    let member = |name: &str, text: &str| (name.to_owned(), Json::Text(text.to_owned()));
    Json::Object(vec![member("transactionId", id), member("decision", decision)])
}
