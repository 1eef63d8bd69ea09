//! The command `tokenpass user`: looks up, registers and updates users.

use clap::{Args, Subcommand};
use cli_support::{Context, Exit, Failure, Input, Limits, Run, with_options};
use tokenpass_client::accounts::{CheckLogin, RegisterAccount, UpdateAccount};
use tokenpass_client::lookups::{
    CheckUserExists, GetAddressByUser, GetUserByAddress, GetUserByEmail, GetUsersByAddresses,
};
use tokenpass_client::oauth::GetUser;
use tokenpass_client::tca::FindUsers;
use tokenpass_client::{Rules, Secret};

use crate::check::check_one;
use crate::provider::{TOKEN, Tokenpass};

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// List the users who satisfy rules
    Find {
        /// Rules, such as "TOKENLY >= 1"
        rules: Rules,
        #[command(flatten)]
        limits: Limits,
    },
    /// Show the users with these Bitcoin addresses or this e-mail address
    Lookup {
        /// Bitcoin addresses
        #[arg(required_unless_present = "email")]
        addresses: Vec<String>,
        /// E-mail address of the user
        #[arg(long, conflicts_with = "addresses")]
        email: Option<String>,
    },
    /// Show the first public address of a user
    Address {
        /// Name of the user
        user: String,
    },
    /// Check whether a user exists; exit status 1 if not
    Exists {
        /// Name, slug or e-mail address of the user
        user: String,
        /// Compare only the name
        #[arg(long)]
        strict: bool,
    },
    /// Create an account, whose password is read from a prompt or standard input
    Register(Register),
    /// Check a name and a password, which is read from a prompt or standard input
    Login {
        /// Name of the user
        user: String,
        /// Read the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Change the account of the logged-in user
    Update(Update),
}

#[derive(Debug, Args)]
pub(crate) struct Register {
    /// Name of the user
    user: String,
    /// E-mail address
    email: String,
    /// Full name
    #[arg(long)]
    name: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    input: Input,
}

#[derive(Debug, Args)]
pub(crate) struct Update {
    /// Id of the user (`whoami`)
    id: String,
    /// Full name
    #[arg(long)]
    name: Option<String>,
    /// E-mail address
    #[arg(long)]
    email: Option<String>,
    /// Set a new password, which is read after the current one
    #[arg(long)]
    new_password: bool,
    /// Read the current and the new password from the first lines of the standard input
    #[arg(long)]
    password_stdin: bool,
}

/// Show the logged-in user
#[derive(Debug, Args)]
pub(crate) struct Whoami {}

impl Run<Tokenpass> for Whoami {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        context.show(GetUser::new())
    }
}

impl Run<Tokenpass> for User {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        match self {
            Self::Find { rules, limits } => {
                let columns = &[("id", "id"), ("user", "username")];
                context.entries(FindUsers::new(rules), "results", &limits, columns)
            }
            Self::Lookup { email: Some(email), .. } => context.show(GetUserByEmail::new(email)),
            Self::Lookup { addresses, email: None } => match addresses.as_slice() {
                [address] => context.show(GetUserByAddress::new(address)),
                addresses => {
                    let columns =
                        &[("address", "address"), ("user", "username"), ("email", "email")];
                    let request = GetUsersByAddresses::new(addresses);
                    context.entries(request, "users", &Limits::NONE, columns)
                }
            },
            Self::Address { user } => context.show(GetAddressByUser::new(user)),
            Self::Exists { user, strict } => {
                let mut request = CheckUserExists::new(user);
                if strict {
                    request = request.strict(true);
                }
                check_one(context, request)
            }
            Self::Register(Register { user, email, name, password_stdin, input }) => {
                let password = password(context, "password", password_stdin)?;
                let mut request = RegisterAccount::new(user, password, email);
                if let Some(name) = name {
                    request = request.name(name);
                }
                context.create(request, &input)
            }
            Self::Login { user, password_stdin } => {
                let password = password(context, "password", password_stdin)?;
                context.show(CheckLogin::new(user, password))
            }
            Self::Update(update) => update.run(context),
        }
    }
}

impl Update {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        let settings = context.settings()?;
        let Some(token) = settings.get(TOKEN) else {
            let problem = format!("the token of the user is missing ({})", settings.source);
            let hint = format!("set {TOKEN}, or run `tokenpass auth login --web`");
            return Err(Failure::new(Exit::Credentials, problem).with_hint(hint));
        };
        let current = password(context, "current password", self.password_stdin)?;
        let mut request =
            with_options!(UpdateAccount::new(self.id, token, current), self; name, email);
        if self.new_password {
            request = request.password(password(context, "new password", self.password_stdin)?);
        }
        context.show(request)
    }
}

fn password(context: &Context<Tokenpass>, name: &str, is_stdin: bool) -> Result<Secret, Failure> {
    context.secret(name, is_stdin, "--password-stdin")
}
