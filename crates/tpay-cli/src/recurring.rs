//! The command `tpay recurring`: plans of recurring payments.

use clap::{Args, Subcommand, ValueEnum};
use cli_support::args::text;
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Input, Json, Limits, Run, WithJson};
use tpay_client::blik::AutopaymentModel;
use tpay_client::recurring::{
    CancelRecurring, CreateRecurring, GetRecurring, IntervalUnit, ListRecurring,
    ListRecurringCharges, PaymentInstrument, RecurringBlik, RetryRecurring, Schedule,
    UpdatePaymentInstrument,
};
use tpay_client::{Amount, Currency, Payer, Secret, grosze};

use crate::provider::Tpay;

#[derive(Debug, Subcommand)]
pub(crate) enum Recurring {
    /// Create a plan of charges
    Create(Box<Create>),
    /// List plans
    List {
        #[command(flatten)]
        limits: Limits,
    },
    /// Show a plan
    Get {
        /// Id of the plan
        id: String,
    },
    /// List the charges of a plan
    Charges {
        /// Id of the plan
        id: String,
        #[command(flatten)]
        limits: Limits,
    },
    /// Cancel a plan
    Cancel {
        /// Id of the plan
        id: String,
    },
    /// Retry a failed charge
    Retry {
        /// Id of the plan
        id: String,
    },
    /// Replace the card or the alias that a plan charges
    SetInstrument {
        /// Id of the plan
        id: String,
        #[command(flatten)]
        instrument: Instrument,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    CardToken,
    BlikPayid,
    Test,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Unit {
    Minutes,
    Days,
    Months,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Model {
    A,
    M,
    O,
}

/// The options of the payment instrument. Its value is a secret, so it is not an argument.
#[derive(Debug, Args)]
pub(crate) struct Instrument {
    /// Kind of the payment instrument, whose value is read from a prompt or the standard input
    #[arg(long = "instrument", value_enum, value_name = "KIND", default_value = "card-token")]
    kind: Kind,
    /// Read the value of the payment instrument from the first line of standard input
    #[arg(long)]
    instrument_stdin: bool,
    /// Autopayment model of a BLIK alias
    #[arg(long, value_enum, default_value = "a")]
    model: Model,
}

impl Instrument {
    fn read(&self, context: &Context<Tpay>) -> Result<PaymentInstrument, Failure> {
        let value =
            context.secret("payment instrument", self.instrument_stdin, "--instrument-stdin")?;
        Ok(match self.kind {
            Kind::CardToken => PaymentInstrument::card_token(value),
            Kind::BlikPayid => PaymentInstrument::blik_pay_id(
                value,
                RecurringBlik::new(match self.model {
                    Model::A => AutopaymentModel::A,
                    Model::M => AutopaymentModel::M,
                    Model::O => AutopaymentModel::O,
                }),
            ),
            Kind::Test => PaymentInstrument::test(value),
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Id that you choose: a ULID of 26 characters
    #[arg(long, required_unless_present = "input")]
    id: Option<String>,
    /// Description that the payer sees
    #[arg(long, required_unless_present = "input")]
    description: Option<String>,
    /// E-mail address of the payer
    #[arg(long, required_unless_present = "input")]
    email: Option<String>,
    /// Name of the payer
    #[arg(long, required_unless_present = "input")]
    name: Option<String>,
    /// Amount of each charge, such as 12.34
    #[arg(long, required_unless_present = "input")]
    amount: Option<Amount>,
    /// Time of the first charge, such as `2026-12-24 10:00:00`
    #[arg(long, value_name = "TIME", required_unless_present = "input")]
    first_charge: Option<String>,
    /// Number of units between two charges
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..))]
    every: u32,
    /// Unit of the time between two charges
    #[arg(long, value_enum, default_value = "months")]
    unit: Unit,
    /// Number of charges; without it, the plan has no end
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    charges: Option<u32>,
    /// URL to which notifications are sent
    #[arg(long, value_name = "URL", required_unless_present = "input")]
    notify_url: Option<String>,
    /// Text for your own use, such as an order number
    #[arg(long, value_name = "TEXT")]
    hidden_description: Option<String>,
    #[command(flatten)]
    instrument: Instrument,
    #[command(flatten)]
    input: Input,
}

const PLANS: &[Column] = &[
    ("id", "id"),
    ("status", "status"),
    ("amount", "schedule.amount"),
    ("description", "description"),
];

const CHARGES: &[Column] = &[
    ("id", "transactionId"),
    ("status", "status"),
    ("amount", "amount"),
    ("currency", "currency"),
];

impl Run<Tpay> for Recurring {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        match self {
            Self::Create(create) => create.run(context),
            Self::List { limits } => {
                let request = ListRecurring::new().limit(limits.page_size(100));
                context.list(WithJson::page(request, &["list"]), &limits, PLANS)
            }
            Self::Get { id } => context.show(GetRecurring::new(id)),
            Self::Charges { id, limits } => {
                let request = ListRecurringCharges::new(id).limit(limits.page_size(100));
                context.list(WithJson::page(request, &["list"]), &limits, CHARGES)
            }
            Self::Cancel { id } => {
                context.confirm(&format!("cancel plan {id}"))?;
                context.show(CancelRecurring::new(id))
            }
            Self::Retry { id } => {
                context.confirm(&format!("charge the payer of plan {id} again"))?;
                context.show(RetryRecurring::new(id))
            }
            Self::SetInstrument { id, instrument } => {
                let instrument = instrument.read(context)?;
                context.confirm(&format!("replace the payment instrument of plan {id}"))?;
                context.show(UpdatePaymentInstrument::new(id, instrument))
            }
        }
    }
}

impl Create {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        let what = "create a plan that charges the payer";
        if self.input.is_given() {
            let flags = [
                ("id", text(self.id.as_ref())),
                ("description", text(self.description.as_ref())),
                ("payer.email", text(self.email.as_ref())),
                ("payer.name", text(self.name.as_ref())),
                ("schedule.amount", self.amount.map(|amount| Json::Other(amount.to_string()))),
                ("schedule.firstChargeDate", text(self.first_charge.as_ref())),
                ("callbackUrl", text(self.notify_url.as_ref())),
                ("hiddenDescription", text(self.hidden_description.as_ref())),
            ];
            // If there is a file, it may contain the payment instrument.
            let mut body = self.input.body(&flags)?;
            if self.input.input.is_none() {
                let typed = self.typed(self.instrument.read(context)?);
                let mut whole = cli_support::args::json_body(&typed)?;
                whole.merge(body);
                body = whole;
            }
            let placeholder = self.typed(PaymentInstrument::test(Secret::new("")));
            context.confirm(what)?;
            return context.show_json(WithJson::with_body(placeholder, &body));
        }
        let request = self.typed(self.instrument.read(context)?);
        context.confirm(what)?;
        context.show(request)
    }

    /// Returns the request that the options describe.
    fn typed(&self, instrument: PaymentInstrument) -> CreateRecurring {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let unit = match self.unit {
            Unit::Minutes => IntervalUnit::Minutes,
            Unit::Days => IntervalUnit::Days,
            Unit::Months => IntervalUnit::Months,
        };
        let amount = self.amount.unwrap_or(grosze(0));
        let first = text(&self.first_charge);
        let mut schedule = Schedule::new(amount, Currency::Pln, first, self.every, unit);
        if let Some(count) = self.charges {
            schedule = schedule.charge_count(count);
        }
        let request = CreateRecurring::new(
            text(&self.id),
            text(&self.description),
            Payer::new(text(&self.email), text(&self.name)),
            schedule,
            instrument,
            text(&self.notify_url),
        );
        match &self.hidden_description {
            Some(text) => request.hidden_description(text),
            None => request,
        }
    }
}
