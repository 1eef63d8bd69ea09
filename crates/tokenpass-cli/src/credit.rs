//! The command `tokenpass credit`: gives and takes credits, and manages groups and accounts.

use clap::{Args, Subcommand};
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Input, Limits, Run};
use tokenpass_client::credits::{
    CreateCreditAccount, CreateCreditGroup, Entry, GetCreditAccount, GetCreditAccountHistory,
    GetCreditGroup, GetCreditGroupHistory, GiveCredits, ListCreditAccounts, ListCreditGroups,
    TakeCredits, UpdateCreditGroup,
};

use crate::provider::Tokenpass;

#[derive(Debug, Subcommand)]
pub(crate) enum Credit {
    /// Give credits to an account
    Give(Booking),
    /// Take credits from an account
    Take(Booking),
    /// Manage credit groups
    #[command(subcommand, alias = "groups")]
    Group(Group),
    /// Manage the accounts of a group
    #[command(subcommand, alias = "accounts")]
    Account(Account),
}

#[derive(Debug, Args)]
pub(crate) struct Booking {
    /// UUID of the group
    group: String,
    /// Name or UUID of the account
    account: String,
    /// Number of credits
    amount: u64,
    /// Text for your own use, such as an order number
    #[arg(long = "ref", value_name = "TEXT")]
    reference: Option<String>,
    /// The account on the other side of the ledger entry; default: the account of the group
    #[arg(long, value_name = "ACCOUNT")]
    counter_account: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Group {
    /// List the groups
    List(Limits),
    /// Show a group
    Get {
        /// UUID of the group
        group: String,
    },
    /// Create a group for this application
    Create {
        /// Name of the group
        name: String,
        /// Client id of a further application that may use the group; may be repeated
        #[arg(long, value_name = "CLIENT_ID")]
        allow: Vec<String>,
        #[command(flatten)]
        input: Input,
    },
    /// Change the name of a group, or replace the applications that may use it
    Update {
        /// UUID of the group
        group: String,
        /// Name of the group
        #[arg(long, required_unless_present = "allow")]
        name: Option<String>,
        /// Client id of an application that may use the group; may be repeated
        #[arg(long, value_name = "CLIENT_ID")]
        allow: Vec<String>,
    },
    /// List the ledger entries of a group
    History {
        /// UUID of the group
        group: String,
        #[command(flatten)]
        limits: Limits,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// List the accounts of a group
    List {
        /// UUID of the group
        group: String,
        #[command(flatten)]
        limits: Limits,
    },
    /// Show an account with its balance
    Get {
        /// UUID of the group
        group: String,
        /// Name or UUID of the account
        account: String,
    },
    /// Create an account
    Create {
        /// UUID of the group
        group: String,
        /// Name of the account, or the UUID of a user
        name: String,
        #[command(flatten)]
        input: Input,
    },
    /// List the ledger entries of an account
    History {
        /// UUID of the group
        group: String,
        /// Name or UUID of the account
        account: String,
        #[command(flatten)]
        limits: Limits,
    },
}

const GROUPS: &[Column] =
    &[("uuid", "uuid"), ("name", "name"), ("active", "active"), ("created", "created_at")];

const ACCOUNTS: &[Column] =
    &[("uuid", "uuid"), ("name", "name"), ("balance", "balance"), ("created", "created_at")];

const BOOKINGS: &[Column] = &[
    ("id", "tx_uuid"),
    ("account", "account"),
    ("amount", "amount"),
    ("ref", "ref"),
    ("created", "created_at"),
];

impl Booking {
    fn entry(&self) -> Entry {
        let mut entry = Entry::new(&self.account, self.amount);
        if let Some(reference) = &self.reference {
            entry = entry.reference(reference);
        }
        if let Some(account) = &self.counter_account {
            entry = entry.counter_account(account);
        }
        entry
    }
}

impl Run<Tokenpass> for Credit {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        match self {
            Self::Give(booking) => {
                let Booking { account, amount, .. } = &booking;
                context.confirm(&format!("give {amount} credits to {account}"))?;
                let entry = booking.entry();
                context.show(GiveCredits::new(booking.group, [entry]))
            }
            Self::Take(booking) => {
                let Booking { account, amount, .. } = &booking;
                context.confirm(&format!("take {amount} credits from {account}"))?;
                let entry = booking.entry();
                context.show(TakeCredits::new(booking.group, [entry]))
            }
            Self::Group(group) => group.run(context),
            Self::Account(account) => account.run(context),
        }
    }
}

impl Group {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        match self {
            Self::List(limits) => context.entries(ListCreditGroups::new(), "list", &limits, GROUPS),
            Self::Get { group } => context.show(GetCreditGroup::new(group)),
            Self::Create { name, allow, input } => {
                let own = context.client()?.client_id();
                let request = CreateCreditGroup::new(name).allow(own);
                let request = allow.into_iter().fold(request, CreateCreditGroup::allow);
                context.create(request, &input)
            }
            Self::Update { group, name, allow } => {
                let mut request = UpdateCreditGroup::new(group);
                if let Some(name) = name {
                    request = request.name(name);
                }
                context.show(allow.into_iter().fold(request, UpdateCreditGroup::allow))
            }
            Self::History { group, limits } => {
                let request = GetCreditGroupHistory::new(group);
                context.entries(request, "transactions", &limits, BOOKINGS)
            }
        }
    }
}

impl Account {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        match self {
            Self::List { group, limits } => {
                context.entries(ListCreditAccounts::new(group), "accounts", &limits, ACCOUNTS)
            }
            Self::Get { group, account } => context.show(GetCreditAccount::new(group, account)),
            Self::Create { group, name, input } => {
                context.create(CreateCreditAccount::new(group, name), &input)
            }
            Self::History { group, account, limits } => context.entries(
                GetCreditAccountHistory::new(group, account),
                "transactions",
                &limits,
                BOOKINGS,
            ),
        }
    }
}
