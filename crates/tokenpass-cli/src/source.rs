//! The command `tokenpass source`: manages the addresses from which tokens are lent.

use clap::{Args, Subcommand};
use cli_support::args::BODY_OPTIONS;
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Input, Limits, Member, Run};
use tokenpass_client::promises::{DeleteSource, ListSources, RegisterSource};

use crate::provider::Tokenpass;

#[derive(Debug, Subcommand)]
pub(crate) enum Source {
    /// List the addresses from which tokens are lent
    List(Limits),
    /// Register an address from which tokens are lent, or change the assets that it lends
    Register(Box<Register>),
    /// Remove an address from which tokens are lent
    Delete {
        /// Address from which tokens are lent
        address: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Register {
    /// Address from which tokens are lent
    #[arg(required_unless_present_any = BODY_OPTIONS)]
    address: Option<String>,
    /// Signature of the address followed by the proof suffix (`source list`), made with the key of
    /// the address
    #[arg(long, value_name = "SIGNATURE")]
    proof: Option<String>,
    /// Asset that may be lent; can be repeated; default: all assets
    #[arg(long = "asset", value_name = "ASSET")]
    assets: Vec<String>,
    /// Assign the address to this user
    #[arg(long, value_name = "USER")]
    assign_user: Option<String>,
    /// Label of the assigned address
    #[arg(long, value_name = "TEXT", requires = "assign_user")]
    assign_user_label: Option<String>,
    /// Chain of the address, such as `bitcoin`
    #[arg(long)]
    chain: Option<String>,
    #[command(flatten)]
    input: Input,
}

const COLUMNS: &[Column] = &[("address", "address"), ("assets", "assets")];

impl Run<Tokenpass> for Source {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        match self {
            Self::List(limits) => {
                context.entries(ListSources::new(), "whitelist", &limits, COLUMNS)
            }
            Self::Register(mut register) => {
                let input = std::mem::take(&mut register.input);
                let members = register.members();
                context.create(register.request(), &input, &members)
            }
            Self::Delete { address } => context.show_confirmed(
                &format!("remove the source {address}"),
                DeleteSource::new(address),
            ),
        }
    }
}

impl Register {
    /// Returns the members of the body that arguments can set, and whether each is given.
    fn members(&self) -> [Member<'static>; 6] {
        [
            Member::required("address", "ADDRESS", self.address.is_some()),
            Member::new("proof", "--proof", self.proof.is_some()),
            Member::new("assets", "--asset", !self.assets.is_empty()),
            Member::new("assign_user", "--assign-user", self.assign_user.is_some()),
            Member::new(
                "assign_user_label",
                "--assign-user-label",
                self.assign_user_label.is_some(),
            ),
            Member::new("type", "--chain", self.chain.is_some()),
        ]
    }

    fn request(self) -> RegisterSource {
        let mut request = RegisterSource::new(self.address.unwrap_or_default());
        if let Some(proof) = self.proof {
            request = request.proof(proof);
        }
        if !self.assets.is_empty() {
            request = request.assets(self.assets);
        }
        if let Some(user) = self.assign_user {
            request = request.assign_user(user);
        }
        if let Some(label) = self.assign_user_label {
            request = request.assign_user_label(label);
        }
        if let Some(chain) = self.chain {
            request = request.chain(chain);
        }
        request
    }
}
