//! The command `tokenpass promise`: lends tokens, and manages promises.

use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use cli_support::args::positive_duration;
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Input, Limits, Run, with_options};
use tokenpass_client::UnixTime;
use tokenpass_client::balances::Satoshis;
use tokenpass_client::promises::{
    CancelPromise, CreatePromise, GetPromise, ListPromises, ListPromisesByEmail, UpdatePromise,
};

use crate::provider::Tokenpass;

#[derive(Debug, Subcommand)]
pub(crate) enum Promise {
    /// List the promises of the application
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
    source: String,
    /// Recipient: an address, `user:NAME` or `email:ADDRESS`
    destination: String,
    /// The asset
    asset: String,
    /// Quantity in whole tokens, such as 0.5
    quantity: Satoshis,
    #[command(flatten)]
    terms: Terms,
    #[command(flatten)]
    input: Input,
}

#[derive(Debug, Args)]
pub(crate) struct Update {
    /// Id, transaction id or fingerprint of the promise
    id: String,
    /// Quantity in whole tokens, such as 0.5
    #[arg(long)]
    quantity: Option<Satoshis>,
    /// New recipient address
    #[arg(long, value_name = "ADDRESS")]
    destination: Option<String>,
    #[command(flatten)]
    terms: Terms,
}

/// The options that new and changed promises have in common.
#[derive(Debug, Args)]
pub(crate) struct Terms {
    /// Time after which the promise expires, such as `30d`
    #[arg(long, value_name = "TIME", value_parser = positive_duration)]
    expires_after: Option<Duration>,
    /// Id of the transaction that fulfils the promise
    #[arg(long)]
    txid: Option<String>,
    /// Your own unique id for the promise, such as an order number, so that the request can be
    /// retried safely
    #[arg(long)]
    fingerprint: Option<String>,
    /// Text for your own use, such as an order number
    #[arg(long = "ref", value_name = "TEXT")]
    reference: Option<String>,
    /// Note for the user
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// Sets the given terms on a request.
macro_rules! with_terms {
    ($request:expr, $terms:expr) => {{
        let (mut request, terms) = ($request, $terms);
        if let Some(time) = terms.expires_after {
            request = request.expires(after(time)?);
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
    ("quantity", "quantity"),
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
                let what = format!("lend {quantity} {asset} to {destination}");
                let request = CreatePromise::new(source, destination.as_str(), asset, quantity);
                context.confirm(&what)?;
                context.create(with_terms!(request, terms), &input)
            }
            Self::Update(Update { id, quantity, destination, terms }) => {
                let what = format!("change promise {id}");
                let mut request = with_terms!(UpdatePromise::new(id), terms);
                if let Some(quantity) = quantity {
                    request = request.quantity(quantity);
                }
                if let Some(address) = destination {
                    request = request.destination(address);
                }
                context.confirm(&what)?;
                context.show(request)
            }
            Self::Cancel { id } => {
                context.confirm(&format!("cancel promise {id}"))?;
                context.show(CancelPromise::new(id))
            }
        }
    }
}

/// Returns the time that is `duration` after now.
fn after(duration: Duration) -> Result<UnixTime, Failure> {
    #[expect(clippy::disallowed_methods, reason = "the program reads the clock")]
    let now = SystemTime::now();
    let time = now.checked_add(duration).map(UnixTime::from);
    time.ok_or_else(|| Failure::new(Exit::Usage, "the duration is too long"))
}
