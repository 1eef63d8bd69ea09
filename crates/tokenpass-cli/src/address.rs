//! The command `tokenpass address`: registers, verifies and lists Bitcoin addresses.

use clap::{Args, Subcommand};
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Input, Limits, Run, with_options};
use tokenpass_client::addresses::{
    DeleteAddress, GetMyAddress, GetPublicAddress, InstantVerify, ListMyAddresses,
    ListPublicAddresses, RegisterAddress, UpdateAddress, VerifyAddress,
};

use crate::provider::Tokenpass;

#[derive(Debug, Subcommand)]
pub(crate) enum Address {
    /// List the addresses of the logged-in user, or the public ones of another user
    List {
        /// Name of another user
        #[arg(long)]
        user: Option<String>,
        #[command(flatten)]
        limits: Limits,
    },
    /// Show an address of the logged-in user, or a public one of another user
    Get {
        /// The address
        address: String,
        /// Name of another user
        #[arg(long)]
        user: Option<String>,
    },
    /// Add an unverified address to the account of the user
    Register(Register),
    /// Verify an address with a signature of its code (`verify_code` of `address get`)
    Verify {
        /// The address
        address: String,
        /// Signature in base64
        signature: String,
    },
    /// Register and verify an address in one request
    InstantVerify {
        /// Name of the user
        user: String,
        /// The address
        address: String,
        /// Message that was shown to the user
        message: String,
        /// Signature of the message in base64
        signature: String,
    },
    /// Change an address
    Update(Update),
    /// Remove an address
    Delete {
        /// The address
        address: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Register {
    /// The address
    address: String,
    /// Label of the address
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// Whether others can see the address
    #[arg(long, value_name = "BOOL")]
    public: Option<bool>,
    /// Whether the balances of the address are counted
    #[arg(long, value_name = "BOOL")]
    active: Option<bool>,
    /// Type of the address
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    #[command(flatten)]
    input: Input,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true, args = ["label", "public", "active"])]
pub(crate) struct Update {
    /// The address
    address: String,
    /// Label of the address
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// Whether others can see the address
    #[arg(long, value_name = "BOOL")]
    public: Option<bool>,
    /// Whether the balances of the address are counted
    #[arg(long, value_name = "BOOL")]
    active: Option<bool>,
}

const COLUMNS: &[Column] =
    &[("address", "address"), ("verified", "verified"), ("public", "public"), ("label", "label")];

impl Run<Tokenpass> for Address {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        match self {
            Self::List { user: None, limits } => {
                context.entries(ListMyAddresses::new(), "result", &limits, COLUMNS)
            }
            Self::List { user: Some(user), limits } => {
                context.entries(ListPublicAddresses::new(user), "result", &limits, COLUMNS)
            }
            Self::Get { address, user: None } => context.show(GetMyAddress::new(address)),
            Self::Get { address, user: Some(user) } => {
                context.show(GetPublicAddress::new(user, address))
            }
            Self::Register(register) => {
                let request = RegisterAddress::new(register.address);
                let request = with_options!(request, register; label, public, active, kind);
                context.create(request, &register.input)
            }
            Self::Verify { address, signature } => {
                context.show(VerifyAddress::new(address, signature))
            }
            Self::InstantVerify { user, address, message, signature } => {
                context.show(InstantVerify::new(user, message, address, signature))
            }
            Self::Update(update) => {
                let request = UpdateAddress::new(update.address);
                let request = with_options!(request, update; label, public, active);
                context.show(request)
            }
            Self::Delete { address } => {
                context.confirm(&format!("remove the address {address}"))?;
                context.show(DeleteAddress::new(address))
            }
        }
    }
}
