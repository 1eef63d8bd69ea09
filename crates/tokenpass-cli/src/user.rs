//! The command `tokenpass user`: looks up, registers and updates users.

use clap::{Args, Subcommand};
use cli_support::args::{BODY_OPTIONS, CAN_BE_EMPTY, value};
use cli_support::{Context, Exit, Failure, Input, Limits, Member, Run, with_options};
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
        #[arg(value_parser = value::<Rules>)]
        rules: Rules,
        #[command(flatten)]
        limits: Limits,
    },
    /// Show the users with these Bitcoin addresses or this e-mail address
    Lookup {
        /// Bitcoin addresses
        #[arg(id = "address", value_name = "ADDRESSES", required_unless_present = "email")]
        addresses: Vec<String>,
        /// E-mail address of the user
        #[arg(long, conflicts_with = "address")]
        email: Option<String>,
    },
    /// Show the first public address of a user
    Address {
        /// Name of the user
        #[arg(id = "username", value_name = "USER")]
        user: String,
    },
    /// Check whether a user exists; exit status 1 if not
    Exists {
        /// Name, slug or e-mail address of the user
        #[arg(id = "username", value_name = "USER")]
        user: String,
        /// Compare only the user name
        #[arg(long)]
        strict: bool,
    },
    /// Create an account, whose password is read from a prompt or standard input
    Register(Register),
    /// Check a user name and a password, which is read from a prompt or standard input
    Login {
        /// Name of the user
        #[arg(id = "username", value_name = "USER", required_unless_present_any = BODY_OPTIONS)]
        user: Option<String>,
        /// Read the password from standard input, which must contain only one line
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        input: Input,
    },
    /// Change the account of the logged-in user
    Update(Update),
}

#[derive(Debug, Args)]
pub(crate) struct Register {
    /// Name of the user
    #[arg(id = "username", value_name = "USER", required_unless_present_any = BODY_OPTIONS)]
    user: Option<String>,
    /// E-mail address of the user
    #[arg(required_unless_present_any = BODY_OPTIONS)]
    email: Option<String>,
    /// Full name
    #[arg(long, value_hint = CAN_BE_EMPTY)]
    name: Option<String>,
    /// Read the password from standard input, which must contain only one line
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    input: Input,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true, args = ["name", "email", "password", "input",
    "body_raw_field", "body_field"])]
pub(crate) struct Update {
    /// Id of the user (`whoami`)
    #[arg(required_unless_present_any = BODY_OPTIONS)]
    id: Option<String>,
    /// New full name
    #[arg(long, value_hint = CAN_BE_EMPTY)]
    name: Option<String>,
    /// New e-mail address
    #[arg(long)]
    email: Option<String>,
    /// Set a new password, which is read after the current one
    #[arg(id = "password", long = "new-password")]
    new_password: bool,
    /// Read the current and the new password from standard input, each on a line
    #[arg(id = "current_password", long = "password-stdin")]
    password_stdin: bool,
    #[command(flatten)]
    input: Input,
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
                let password = password(context, "password", password_stdin, (&input, "password"))?;
                let members = [
                    Member::required("username", "USER", user.is_some()),
                    Member::required("email", "EMAIL", email.is_some()),
                    Member::new("password", "--password-stdin", password.is_some()),
                    Member::new("name", "--name", name.is_some()),
                ];
                let (user, email) = (user.unwrap_or_default(), email.unwrap_or_default());
                let mut request =
                    RegisterAccount::new(user, password.unwrap_or_else(no_secret), email);
                if let Some(name) = name {
                    request = request.name(name);
                }
                context.create(request, &input, &members)
            }
            Self::Login { user, password_stdin, input } => {
                let password = password(context, "password", password_stdin, (&input, "password"))?;
                let members = [
                    Member::required("username", "USER", user.is_some()),
                    Member::new("password", "--password-stdin", password.is_some()),
                ];
                let password = password.unwrap_or_else(no_secret);
                let request = CheckLogin::new(user.unwrap_or_default(), password);
                context.create(request, &input, &members)
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
        let (is_stdin, input) = (self.password_stdin, &self.input);
        context.expect_secrets(1 + usize::from(self.new_password));
        let current = password(context, "current password", is_stdin, (input, "current_password"))?;
        let mut members = vec![
            Member::required("user_id", "ID", self.id.is_some()),
            Member::new("current_password", "--password-stdin", current.is_some()),
            Member::new("name", "--name", self.name.is_some()),
            Member::new("email", "--email", self.email.is_some()),
        ];
        let (id, current) = (self.id.unwrap_or_default(), current.unwrap_or_else(no_secret));
        let mut request = with_options!(UpdateAccount::new(id, token, current), self; name, email);
        if self.new_password {
            input.check_flag("password", "--new-password")?;
            let new = context.secret("new password", is_stdin, PASSWORD_STDIN)?;
            request = request.password(new);
            members.push(Member::new("password", "--new-password", true));
        }
        context.create(request, input, &members)
    }
}

const PASSWORD_STDIN: &str = "--password-stdin";

/// Returns an empty placeholder for a secret that the body already contains.
fn no_secret() -> Secret {
    Secret::new("")
}

/// Reads a password, unless the body of `--input` or a field contains it. The prompt shows `name`.
fn password(
    context: &Context<Tokenpass>,
    name: &str,
    is_stdin: bool,
    body: (&Input, &str),
) -> Result<Option<Secret>, Failure> {
    context.keep_outer_spaces();
    context.secret_of_body(name, is_stdin, PASSWORD_STDIN, body)
}
