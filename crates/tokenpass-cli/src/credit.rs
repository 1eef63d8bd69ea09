//! The command `tokenpass credit`: gives and takes credits, and manages groups and accounts.

use clap::{Args, Subcommand};
use cli_support::api_auth::Endpoint;
use cli_support::args::{BODY_OPTIONS, CAN_BE_EMPTY, positive};
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Input, Limits, Member, Run};
use tokenpass_client::credits::{
    CreateCreditAccount, CreateCreditGroup, Entry, GetCreditAccount, GetCreditAccountHistory,
    GetCreditGroup, GetCreditGroupHistory, GiveCredits, ListCreditAccounts, ListCreditGroups,
    TakeCredits, UpdateCreditGroup,
};

use crate::provider::{MAIN_ID, Tokenpass};

#[derive(Debug, Subcommand)]
pub(crate) enum Credit {
    /// Give credits to an account
    ///
    /// For several accounts in one request, use `--input FILE` with
    /// `{"accounts": [{"account": "bob", "amount": 5, "ref": "order-7"}]}`. The server makes the
    /// entries one after another: if it rejects one, those before it remain.
    Give(Booking),
    /// Take credits from an account
    ///
    /// For several accounts in one request, use `--input FILE` with
    /// `{"accounts": [{"account": "bob", "amount": 5, "ref": "order-7"}]}`. The server makes the
    /// entries one after another: if it rejects one, those before it remain.
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
    #[arg(required_unless_present_any = BODY_OPTIONS)]
    account: Option<String>,
    /// Number of credits
    #[arg(required_unless_present_any = BODY_OPTIONS, value_parser = positive::<u64>)]
    amount: Option<u64>,
    /// Text for your own use, such as an order number
    #[arg(long = "ref", value_name = "TEXT", value_hint = CAN_BE_EMPTY)]
    reference: Option<String>,
    /// Account on the other side of the ledger entry; default: the account of the group
    #[arg(long, value_name = "ACCOUNT")]
    counter_account: Option<String>,
    #[command(flatten)]
    input: Input,
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
        #[arg(required_unless_present_any = BODY_OPTIONS)]
        name: Option<String>,
        /// Client id of another application that may use the group; can be repeated
        #[arg(long, value_name = "CLIENT_ID")]
        allow: Vec<String>,
        #[command(flatten)]
        input: Input,
    },
    /// Change the name of a group, or replace the applications that may use it
    Update {
        /// UUID of the group
        group: String,
        /// New name of the group
        #[arg(long, required_unless_present_any = ["allow", "input", "body_raw_field", "body_field"])]
        name: Option<String>,
        /// Client id of an application that may use the group; can be repeated
        #[arg(long, value_name = "CLIENT_ID")]
        allow: Vec<String>,
        #[command(flatten)]
        input: Input,
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
        #[arg(required_unless_present_any = BODY_OPTIONS)]
        name: Option<String>,
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
    /// Asks for confirmation, then sends the request that `of` creates for the group and a ledger
    /// entry. `verb` and `direction` are words of the question, such as "give" and "to". `counter`
    /// is the path of the counter account in the body.
    fn run<E: Endpoint<Output: Send + 'static> + Send + 'static>(
        self,
        context: &Context<Tokenpass>,
        [verb, direction, counter]: [&str; 3],
        of: impl FnOnce(String, [Entry; 1]) -> E,
    ) -> Result<Exit, Failure> {
        let entry = self.entry();
        let Self { group, account, amount, reference, counter_account, input } = self;
        // The arguments are one entry, which replaces all entries of a file.
        let members = [
            Member::required("accounts.0.account", "ACCOUNT", account.is_some()),
            Member::required("accounts.0.amount", "AMOUNT", amount.is_some()),
            Member::new("accounts.0.ref", "--ref", reference.is_some()),
            Member::new(counter, "--counter-account", counter_account.is_some()),
        ];
        let members = members.map(|member| member.replacing("accounts"));
        let request = of(group, [entry]);
        let body = input.body_of(&request, &members)?;
        let what = match (&body, account, amount) {
            (None, Some(account), Some(amount)) => {
                format!("{verb} {amount} credits {direction} {account}")
            }
            (body, ..) => {
                let entries = body.as_ref().and_then(|body| body.get("accounts"));
                let entries = entries.map(|entries| entries.clone().masked().to_string());
                let entries = entries.unwrap_or_default();
                format!("{verb} credits {direction} these accounts: {entries}")
            }
        };
        context.send_confirmed(&what, request, body)
    }

    fn entry(&self) -> Entry {
        let account = self.account.as_deref().unwrap_or_default();
        let mut entry = Entry::new(account, self.amount.unwrap_or_default());
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
                booking.run(context, ["give", "to", "accounts.0.source"], GiveCredits::new)
            }
            Self::Take(booking) => {
                let words = ["take", "from", "accounts.0.destination"];
                booking.run(context, words, TakeCredits::new)
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
                let members = [
                    Member::required("name", "NAME", name.is_some()),
                    Member::with_default("app_whitelist", "--allow", !allow.is_empty()),
                ];
                let settings = context.settings()?;
                let own = settings.need(MAIN_ID);
                let request = CreateCreditGroup::new(name.unwrap_or_default()).allow(own);
                let request = allow.into_iter().fold(request, CreateCreditGroup::allow);
                context.create(request, &input, &members)
            }
            Self::Update { group, name, allow, input } => {
                let members = [
                    Member::new("name", "--name", name.is_some()),
                    Member::new("app_whitelist", "--allow", !allow.is_empty()),
                ];
                let mut request = UpdateCreditGroup::new(group);
                if let Some(name) = name {
                    request = request.name(name);
                }
                let request = allow.into_iter().fold(request, UpdateCreditGroup::allow);
                context.create(request, &input, &members)
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
                let members = [Member::required("name", "NAME", name.is_some())];
                let request = CreateCreditAccount::new(group, name.unwrap_or_default());
                context.create(request, &input, &members)
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
