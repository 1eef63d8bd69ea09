//! The command `tokenpass promise`: lends tokens, and manages promises.

use std::time::Duration;

use clap::{Args, Subcommand};
use cli_support::args::{BODY_OPTIONS, CAN_BE_EMPTY, positive_duration, value};
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Input, Limits, Member, Run, times, with_options};
use tokenpass_client::UnixTime;
use tokenpass_client::balances::Satoshis;
use tokenpass_client::promises::{
    CancelPromise, CreatePromise, GetPromise, ListPromises, ListPromisesByEmail, UpdatePromise,
};

use crate::provider::Tokenpass;

#[derive(Debug, Subcommand)]
pub(crate) enum Promise {
    /// List the promises of the application
    ///
    /// The quantities in responses, such as those of `list` and `get`, are in satoshi: 100000000
    /// satoshi are one token. QUANTITY of `create` and `--quantity` of `update` are in tokens.
    List {
        /// Show only promises to this address
        #[arg(long, value_name = "ADDRESS", conflicts_with = "email")]
        destination: Option<String>,
        /// Show only promises to this e-mail address
        #[arg(long)]
        email: Option<String>,
        #[command(flatten)]
        limits: Limits,
    },
    /// Show a promise
    Get {
        /// Id, transaction id or fingerprint of the promise
        id: String,
    },
    /// Promise (lend) tokens to a user or an address
    Create(Create),
    /// Change a promise
    Update(Update),
    /// Cancel a promise
    Cancel {
        /// Id of the promise
        id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Address from which the tokens are lent (see `source list`)
    #[arg(required_unless_present_any = BODY_OPTIONS)]
    source: Option<String>,
    /// Recipient: an address, `user:NAME` or `email:ADDRESS`
    #[arg(required_unless_present_any = BODY_OPTIONS)]
    destination: Option<String>,
    /// Asset, such as `TOKENLY`
    #[arg(required_unless_present_any = BODY_OPTIONS)]
    asset: Option<String>,
    /// Quantity in whole tokens, such as 0.5
    #[arg(required_unless_present_any = BODY_OPTIONS, value_parser = value::<Satoshis>)]
    quantity: Option<Satoshis>,
    #[command(flatten)]
    terms: Terms,
    #[command(flatten)]
    input: Input,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true, args = ["quantity", "destination", "expires_after", "txid",
    "fingerprint", "reference", "note", "input", "body_raw_field", "body_field"])]
pub(crate) struct Update {
    /// Id, transaction id or fingerprint of the promise
    id: String,
    /// New quantity in whole tokens, such as 0.5
    #[arg(long, value_parser = value::<Satoshis>)]
    quantity: Option<Satoshis>,
    /// New recipient address
    #[arg(long, value_name = "ADDRESS")]
    destination: Option<String>,
    #[command(flatten)]
    terms: Terms,
    #[command(flatten)]
    input: Input,
}

/// The options that `promise create` and `promise update` have in common.
#[derive(Debug, Args)]
pub(crate) struct Terms {
    /// Time after which the promise expires, such as `30d`
    #[arg(long, value_name = "TIME", value_parser = positive_duration)]
    expires_after: Option<Duration>,
    /// Id of the transaction that fulfils the promise
    #[arg(long)]
    txid: Option<String>,
    /// Your own unique id for the promise, such as an order number. With it, and without `--input`
    /// and fields, the request is retried if its response is lost
    #[arg(long)]
    fingerprint: Option<String>,
    /// Text for your own use, such as an order number
    #[arg(long = "ref", value_name = "TEXT", value_hint = CAN_BE_EMPTY)]
    reference: Option<String>,
    /// Note for the user
    #[arg(long, value_name = "TEXT", value_hint = CAN_BE_EMPTY)]
    note: Option<String>,
}

impl Terms {
    /// Returns the members of the body that these options set.
    fn members(&self) -> [Member<'static>; 5] {
        [
            Member::new("expiration", "--expires-after", self.expires_after.is_some()),
            Member::new("txid", "--txid", self.txid.is_some()),
            Member::new("fingerprint", "--fingerprint", self.fingerprint.is_some()),
            Member::new("ref", "--ref", self.reference.is_some()),
            Member::new("note", "--note", self.note.is_some()),
        ]
    }
}

/// Calls the setters of a request for those options of `Terms` that are given.
macro_rules! with_terms {
    ($request:expr, $terms:expr) => {{
        let (mut request, terms) = ($request, $terms);
        if let Some(time) = terms.expires_after {
            let end = times::after(time).map_err(|failure| failure.about("--expires-after"))?;
            request = request.expires(UnixTime::from(end));
        }
        request = with_options!(request, terms; txid, fingerprint, reference, note);
        request
    }};
}

const COLUMNS: &[Column] = &[
    ("id", "promise_id"),
    ("source", "source"),
    ("destination", "destination"),
    ("asset", "asset"),
    ("quantity (satoshi)", "quantity"),
    ("expires", "expiration"),
];

impl Run<Tokenpass> for Promise {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        match self {
            Self::List { email: Some(email), limits, .. } => {
                context.entries(ListPromisesByEmail::new(email), "list", &limits, COLUMNS)
            }
            Self::List { destination, email: None, limits } => {
                let mut request = ListPromises::new();
                if let Some(address) = destination {
                    request = request.destination(address);
                }
                context.entries(request, "list", &limits, COLUMNS)
            }
            Self::Get { id } => context.show(GetPromise::new(id)),
            Self::Create(Create { source, destination, asset, quantity, terms, input }) => {
                let own = [
                    Member::required("source", "SOURCE", source.is_some()),
                    Member::required("destination", "DESTINATION", destination.is_some()),
                    Member::required("asset", "ASSET", asset.is_some()),
                    Member::required("quantity", "QUANTITY", quantity.is_some()),
                ];
                let members = [&own[..], &terms.members()].concat();
                let (source, destination) =
                    (source.unwrap_or_default(), destination.unwrap_or_default());
                let (asset, quantity) = (asset.unwrap_or_default(), quantity.unwrap_or_default());
                let what = format!("lend {quantity} {asset} to {destination}");
                let request = CreatePromise::new(source, destination.as_str(), asset, quantity);
                let request = with_terms!(request, terms);
                let body = input.body_of(&request, &members)?;
                let what = body
                    .as_ref()
                    .map_or(what, |body| format!("make this promise: {}", body.clone().masked()));
                context.send_confirmed(&what, request, body)
            }
            Self::Update(Update { id, quantity, destination, terms, input }) => {
                let own = [
                    Member::new("quantity", "--quantity", quantity.is_some()),
                    Member::new("destination", "--destination", destination.is_some()),
                ];
                let members = [&own[..], &terms.members()].concat();
                let mut changes = Vec::new();
                changes.extend(quantity.map(|quantity| format!("quantity {quantity}")));
                changes
                    .extend(destination.as_ref().map(|address| format!("destination {address}")));
                let mut what = format!("change promise {id}");
                if !changes.is_empty() {
                    what = format!("{what}: {}", changes.join(", "));
                }
                let mut request = with_terms!(UpdatePromise::new(&id), terms);
                if let Some(quantity) = quantity {
                    request = request.quantity(quantity);
                }
                if let Some(address) = destination {
                    request = request.destination(address);
                }
                let body = input.body_of(&request, &members)?;
                if let Some(body) = &body {
                    what = format!("change promise {id}: {}", body.clone().masked());
                }
                context.send_confirmed(&what, request, body)
            }
            Self::Cancel { id } => {
                context.show_confirmed(&format!("cancel promise {id}"), CancelPromise::new(id))
            }
        }
    }
}
