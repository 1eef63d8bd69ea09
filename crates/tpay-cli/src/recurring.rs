//! The command `tpay recurring`: manages plans for recurring payments.

use clap::{Args, Subcommand, ValueEnum};
use cli_support::args::{BODY_OPTIONS, positive, value};
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Input, Json, Limits, Member, Run, WithJson};
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
    /// Create a plan for recurring payments
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
        #[command(flatten)]
        input: Input,
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

/// The options for the payment instrument of a plan. The value of the instrument, such as a card
/// token, is a secret, so it is not an argument.
#[derive(Debug, Args)]
pub(crate) struct Instrument {
    /// Kind of the payment instrument, whose value is read from a prompt or standard input;
    /// `card-token` by default
    #[arg(long = "instrument", value_enum, value_name = "KIND")]
    kind: Option<Kind>,
    /// Read the value of the payment instrument from standard input, which must contain only one
    /// line
    #[arg(id = "payment_instrument.value", long = "instrument-stdin")]
    instrument_stdin: bool,
    /// Autopayment model of a BLIK alias; default: `a`
    #[arg(long, value_enum)]
    model: Option<Model>,
}

impl Instrument {
    /// Returns the payment instrument, and the members of the body that the options set. The value
    /// of the instrument is read from a prompt or standard input, unless `input` contains it.
    ///
    /// # Errors
    /// Returns an error if a model is given for an instrument other than a BLIK alias.
    fn read(
        &self,
        context: &Context<Tpay>,
        input: &Input,
    ) -> Result<(PaymentInstrument, [Member<'static>; 3]), Failure> {
        if self.model.is_some() && self.kind != Some(Kind::BlikPayid) {
            let problem = "--model is an option of a BLIK alias; use --instrument blik-payid, too";
            return Err(Failure::new(Exit::Usage, problem));
        }
        let (path, option) = ("paymentInstrument.value", "--instrument-stdin");
        let is_stdin = self.instrument_stdin;
        let value =
            context.secret_of_body("payment instrument", is_stdin, option, (input, path))?;
        let members = [
            Member::new(path, option, value.is_some()),
            Member::with_default(
                "paymentInstrument.paymentType",
                "--instrument",
                self.kind.is_some(),
            ),
            Member::with_default("paymentInstrument.blik.model", "--model", self.model.is_some()),
        ];
        let value = value.unwrap_or_else(|| Secret::new(""));
        let instrument = match self.kind.unwrap_or(Kind::CardToken) {
            Kind::CardToken => PaymentInstrument::card_token(value),
            Kind::BlikPayid => PaymentInstrument::blik_pay_id(
                value,
                RecurringBlik::new(match self.model.unwrap_or(Model::A) {
                    Model::A => AutopaymentModel::A,
                    Model::M => AutopaymentModel::M,
                    Model::O => AutopaymentModel::O,
                }),
            ),
            Kind::Test => PaymentInstrument::test(value),
        };
        Ok((instrument, members))
    }
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Id that you choose: a ULID of 26 characters
    #[arg(long, required_unless_present_any = BODY_OPTIONS)]
    id: Option<String>,
    /// Description that the payer sees
    #[arg(long, required_unless_present_any = BODY_OPTIONS)]
    description: Option<String>,
    /// E-mail address of the payer
    #[arg(long, required_unless_present_any = BODY_OPTIONS)]
    email: Option<String>,
    /// Name of the payer
    #[arg(long, required_unless_present_any = BODY_OPTIONS)]
    name: Option<String>,
    /// Amount of each charge, such as 12.34
    #[arg(long, required_unless_present_any = BODY_OPTIONS, value_parser = value::<Amount>)]
    amount: Option<Amount>,
    /// Time of the first charge, such as `2026-12-24 10:00:00`
    #[arg(id = "first_charge_date", long = "first-charge", value_name = "TIME",
          required_unless_present_any = BODY_OPTIONS)]
    first_charge: Option<String>,
    /// Number of units between two charges; 1 by default
    #[arg(long, value_name = "N", value_parser = positive::<u32>)]
    every: Option<u32>,
    /// Unit of the time between two charges; `months` by default
    #[arg(long, value_enum)]
    unit: Option<Unit>,
    /// Number of charges; without it, the plan has no end
    #[arg(long, value_name = "N", value_parser = positive::<u32>)]
    charges: Option<u32>,
    /// URL to which notifications are sent
    #[arg(id = "callback_url", long = "notify-url", value_name = "URL",
          required_unless_present_any = BODY_OPTIONS)]
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
                context.show_confirmed(&format!("cancel plan {id}"), CancelRecurring::new(id))
            }
            Self::Retry { id } => context.show_confirmed(
                &format!("charge the payer of plan {id} again"),
                RetryRecurring::new(id),
            ),
            Self::SetInstrument { id, instrument, input } => {
                let (instrument, members) = instrument.read(context, &input)?;
                let what = format!("replace the payment instrument of plan {id}");
                let request = UpdatePaymentInstrument::new(id, instrument);
                let body = input.body_of(&request, &members)?;
                context.send_confirmed(&what, request, body)
            }
        }
    }
}

impl Create {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        let (instrument, members) = self.instrument.read(context, &self.input)?;
        let members = [&self.members()[..], &members].concat();
        let request = self.typed(instrument);
        let body = self.input.body_of(&request, &members)?;
        // The body may change the schedule.
        let schedule = match &body {
            Some(body) => body.get("schedule").map(Json::to_string),
            None => self.amount.map(|amount| self.times(amount)),
        };
        let what = match schedule {
            Some(schedule) => format!("create a plan that charges the payer: {schedule}"),
            None => "create a plan that charges the payer".to_owned(),
        };
        context.send_confirmed(&what, request, body)
    }

    /// Returns the amount of each charge, and when and how often the payer is charged.
    fn times(&self, amount: Amount) -> String {
        let count = match self.charges {
            Some(count) => format!("{count} times"),
            None => "until it is canceled".to_owned(),
        };
        let first = self.first_charge.as_deref().unwrap_or_default();
        let (every, unit) = (self.every.unwrap_or(1), self.interval_unit());
        format!("{amount} PLN from {first}, every {every} {}, {count}", unit.as_str())
    }

    fn interval_unit(&self) -> IntervalUnit {
        match self.unit.unwrap_or(Unit::Months) {
            Unit::Minutes => IntervalUnit::Minutes,
            Unit::Days => IntervalUnit::Days,
            Unit::Months => IntervalUnit::Months,
        }
    }

    /// Returns the members of the body that these options set.
    fn members(&self) -> [Member<'static>; 11] {
        [
            Member::required("id", "--id", self.id.is_some()),
            Member::required("description", "--description", self.description.is_some()),
            Member::required("payer.email", "--email", self.email.is_some()),
            Member::required("payer.name", "--name", self.name.is_some()),
            Member::required("schedule.amount", "--amount", self.amount.is_some()),
            Member::required(
                "schedule.firstChargeDate",
                "--first-charge",
                self.first_charge.is_some(),
            ),
            Member::with_default("schedule.interval", "--every", self.every.is_some()),
            Member::with_default("schedule.intervalType", "--unit", self.unit.is_some()),
            Member::new("schedule.chargeCount", "--charges", self.charges.is_some()),
            Member::required("callbackUrl", "--notify-url", self.notify_url.is_some()),
            Member::new(
                "hiddenDescription",
                "--hidden-description",
                self.hidden_description.is_some(),
            ),
        ]
    }

    /// Returns the request that the options describe, with placeholders for the required options
    /// that are not given.
    fn typed(&self, instrument: PaymentInstrument) -> CreateRecurring {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let amount = self.amount.unwrap_or(grosze(0));
        let (first, every) = (text(&self.first_charge), self.every.unwrap_or(1));
        let mut schedule = Schedule::new(amount, Currency::Pln, first, every, self.interval_unit());
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
