//! The commands `tokenpass perk`, `tokenpass asset` and `tokenpass second-factor`.

use clap::Subcommand;
use cli_support::args::BODY_OPTIONS;
use cli_support::{Context, Exit, Failure, Input, Member, Run};
use tokenpass_client::accounts::{GetSecondFactor, SignSecondFactor};
use tokenpass_client::perks::{GetAsset, GetPerks};

use crate::provider::Tokenpass;

#[derive(Debug, Subcommand)]
pub(crate) enum Perk {
    /// Show what a token gives access to
    Get {
        /// Token, such as `TOKENLY`
        token: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Asset {
    /// Show the details of an asset
    Get {
        /// Chain of the asset, such as `bitcoin`
        chain: String,
        /// Asset, such as `TOKENLY`
        asset: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecondFactor {
    /// Show whether a user has confirmed the second factor
    Status {
        /// Name of the user
        #[arg(id = "username", value_name = "USER")]
        user: String,
    },
    /// Confirm the second factor of the logged-in user with a signature
    Sign {
        /// Signature in base64
        #[arg(required_unless_present_any = BODY_OPTIONS)]
        signature: Option<String>,
        #[command(flatten)]
        input: Input,
    },
}

impl Run<Tokenpass> for Perk {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        let Self::Get { token } = self;
        context.show(GetPerks::new(token))
    }
}

impl Run<Tokenpass> for Asset {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        let Self::Get { chain, asset } = self;
        context.show(GetAsset::new(chain, asset))
    }
}

impl Run<Tokenpass> for SecondFactor {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        match self {
            Self::Status { user } => context.show(GetSecondFactor::new(user)),
            Self::Sign { signature, input } => {
                let members = [Member::required("signature", "SIGNATURE", signature.is_some())];
                let request = SignSecondFactor::new(signature.unwrap_or_default());
                context.create(request, &input, &members)
            }
        }
    }
}
