//! The command `tpay transaction`: creates, pays for, lists and cancels transactions.

use clap::{Args, Subcommand};
use cli_support::api_auth::Endpoint;
use cli_support::args::{BODY_OPTIONS, check_excluded, number, text, value};
use cli_support::output::Column;
use cli_support::request::Reply;
use cli_support::{Context, Exit, Failure, Input, Json, Limits, Member, Run, WithJson};
use tpay_client::channels::{ListBankGroups, ListChannels};
use tpay_client::transactions::qr::{GetTransactionQr, ImageType};
use tpay_client::transactions::{
    CancelTransaction, GetTransaction, ListTransactions, PayTransaction,
};
use tpay_client::{Amount, CreateTransaction, Pay, Payer, grosze};

use crate::provider::{Time, Tpay, period, since, until};

#[derive(Debug, Subcommand)]
pub(crate) enum Transaction {
    /// Create a transaction; the payer pays at its `transactionPaymentUrl`
    Create(Create),
    /// List transactions
    List(List),
    /// Show a transaction with its payment attempts
    Get {
        /// Id of the transaction
        id: String,
    },
    /// Pay for a pending transaction with a channel or channel group; exit status 1 if it is
    /// declined
    Pay(PayArguments),
    /// Cancel a pending transaction
    Cancel {
        /// Id of the transaction
        id: String,
    },
    /// Write a QR image of the link to the payment page (use --out)
    Qr {
        /// Id of the transaction
        id: String,
        /// Type of the image
        #[arg(long = "type", value_name = "TYPE", default_value = "png",
              value_parser = ["png", "jpeg", "svg"])]
        kind: String,
    },
    /// List the payment channels
    Channels(Limits),
    /// List the groups of payment channels
    Groups(Limits),
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Amount, such as 12.34
    #[arg(long, required_unless_present_any = BODY_OPTIONS, value_parser = value::<Amount>)]
    amount: Option<Amount>,
    /// Description that the payer sees
    #[arg(long, required_unless_present_any = BODY_OPTIONS)]
    description: Option<String>,
    /// E-mail address of the payer
    #[arg(long, required_unless_present_any = BODY_OPTIONS)]
    email: Option<String>,
    /// Name of the payer
    #[arg(long, required_unless_present_any = BODY_OPTIONS)]
    name: Option<String>,
    /// Unique text, such as an order number, by which you can find the transaction
    #[arg(long, value_name = "TEXT")]
    hidden_description: Option<String>,
    /// Currency code, such as `PLN`
    #[arg(long)]
    currency: Option<String>,
    /// URL to which notifications are sent
    #[arg(long, value_name = "URL")]
    notify_url: Option<String>,
    /// URL to which the payer returns after the payment
    #[arg(long, value_name = "URL")]
    success_url: Option<String>,
    /// URL to which the payer returns after a failure
    #[arg(long, value_name = "URL")]
    error_url: Option<String>,
    #[command(flatten)]
    input: Input,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Show only transactions since this time: `7d` (7 days ago), `2026-11-01` (from its
    /// first second) or `2026-11-01 12:00`, in Polish time
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Time>,
    /// Show only transactions until this time, in the same forms; a date includes the whole day
    #[arg(long, value_name = "TIME", value_parser = until)]
    until: Option<Time>,
    /// Show only transactions with this status, such as `pending` or `correct`
    #[arg(long)]
    status: Option<String>,
    /// Show only transactions with this hidden description; all pages of the list are read
    #[arg(long, value_name = "TEXT")]
    hidden_description: Option<String>,
    #[command(flatten)]
    limits: Limits,
}

#[derive(Debug, Args)]
pub(crate) struct PayArguments {
    /// Id of the transaction
    id: String,
    /// Id of a channel (`transaction channels`)
    #[arg(long, conflicts_with = "group", value_parser = number::<i64>)]
    channel: Option<i64>,
    /// Id of a group of channels (`transaction groups`)
    #[arg(long, value_parser = number::<i64>)]
    group: Option<i64>,
    #[command(flatten)]
    input: Input,
}

const COLUMNS: &[Column] = &[
    ("id", "transactionId"),
    ("title", "title"),
    ("status", "status"),
    ("amount", "amount"),
    ("currency", "currency"),
    ("created", "date.creation"),
    ("description", "description"),
];

impl Run<Tpay> for Transaction {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        match self {
            Self::Create(create) => create.run(context),
            Self::List(list) => {
                let mut request = ListTransactions::new().limit(match list.hidden_description {
                    // Most entries of a page may not match.
                    Some(_) => 100,
                    None => list.limits.page_size(100),
                });
                let [since, until] = period(list.since, list.until)?;
                if let Some(since) = since {
                    request = request.from(since);
                }
                if let Some(until) = until {
                    request = request.to(until);
                }
                if let Some(status) = list.status.as_deref() {
                    request = request.status(status);
                }
                let request = WithJson::page(request, &["transactions"]);
                let Some(text) = list.hidden_description else {
                    return context.list(request, &list.limits, COLUMNS);
                };
                let is_searched = |entry: &Json| matches!(entry.get("hiddenDescription"), Some(Json::Text(found)) if *found == text);
                context.list_where(request, &list.limits, COLUMNS, Some(&is_searched))
            }
            Self::Get { id } => context.show(GetTransaction::new(id)),
            Self::Pay(arguments) => {
                let pay = match (arguments.channel, arguments.group) {
                    (Some(channel), _) => Pay::channel(channel),
                    (None, Some(group)) => Pay::group(group),
                    (None, None) => Pay::new(),
                };
                let members = [
                    Member::new("channelId", "--channel", arguments.channel.is_some()),
                    Member::new("groupId", "--group", arguments.group.is_some()),
                ];
                let request = PayTransaction::new(arguments.id, pay);
                let body = arguments.input.body_of(&request, &members)?;
                let is_way = |(name, value): &(String, Json)| name != "method" && !value.is_empty();
                let has_way = match &body {
                    Some(Json::Object(members)) => members.iter().any(is_way),
                    _ => arguments.channel.is_some() || arguments.group.is_some(),
                };
                if !has_way {
                    let problem = "no payment method; use --channel or --group, or set another method with -f, -F or \
                                   --input; for a BLIK code, use `blik pay`, or `blikPaymentData` in --input";
                    return Err(Failure::new(Exit::Usage, problem));
                }
                if arguments.channel.is_some() {
                    check_excluded(body.as_ref(), "--channel", "groupId")?;
                }
                if arguments.group.is_some() {
                    check_excluded(body.as_ref(), "--group", "channelId")?;
                }
                context.send_body(request, body)
            }
            Self::Cancel { id } => context
                .show_confirmed(&format!("cancel transaction {id}"), CancelTransaction::new(id)),
            Self::Qr { id, kind } => {
                let kind = match kind.as_str() {
                    "jpeg" => ImageType::Jpeg,
                    "svg" => ImageType::Svg,
                    _ => ImageType::Png,
                };
                if kind != ImageType::Svg {
                    context.output.check_binary("the image")?;
                }
                let request = WithJson::new(GetTransactionQr::new(id).output_type(kind));
                if let Some(Reply { value, .. }) = context.send(request)? {
                    context.output.bytes(&value.bytes)?;
                }
                Ok(Exit::Done)
            }
            Self::Channels(limits) => {
                let columns = &[("id", "id"), ("name", "name"), ("available", "available")];
                context.entries(ListChannels::new(), "channels", &limits, columns)
            }
            Self::Groups(limits) => {
                let columns = &[("id", "id"), ("name", "name")];
                context.entries(ListBankGroups::new(), "groups", &limits, columns)
            }
        }
    }
}

impl Create {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        let flags = [
            ("amount", "--amount", self.amount.map(|amount| Json::Other(amount.to_string()))),
            ("description", "--description", text(self.description.as_ref())),
            ("payer.email", "--email", text(self.email.as_ref())),
            ("payer.name", "--name", text(self.name.as_ref())),
            ("hiddenDescription", "--hidden-description", text(self.hidden_description.as_ref())),
            ("currency", "--currency", text(self.currency.as_ref())),
            ("callbacks.notification.url", "--notify-url", text(self.notify_url.as_ref())),
            ("callbacks.payerUrls.success", "--success-url", text(self.success_url.as_ref())),
            ("callbacks.payerUrls.error", "--error-url", text(self.error_url.as_ref())),
        ];
        let required = ["amount", "description", "payer.email", "payer.name"];
        let body = self.input.whole_body(&flags, &required)?;
        let payer = Payer::new(self.email.unwrap_or_default(), self.name.unwrap_or_default());
        let amount = self.amount.unwrap_or(grosze(0));
        let typed = CreateTransaction::new(amount, self.description.unwrap_or_default(), payer);
        if !self.input.is_given() {
            typed.validate()?;
        }
        context.show_json(WithJson::with_body(typed, &body))
    }
}
