//! The command `tokenpass address`: registers, verifies and lists Bitcoin addresses.

use clap::{Args, Subcommand};
use cli_support::args::{BODY_OPTIONS, CAN_BE_EMPTY};
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Input, Limits, Member, Run, with_options};
use tokenpass_client::addresses::{
    DeleteAddress, GetMyAddress, GetPublicAddress, InstantVerify, ListMyAddresses,
    ListPublicAddresses, RegisterAddress, UpdateAddress, VerifyAddress,
};

use crate::provider::Tokenpass;

#[derive(Debug, Subcommand)]
pub(crate) enum Address {
    /// List the addresses of the logged-in user, or the public addresses of another user
    List {
        /// Name of another user
        #[arg(id = "username", long = "user", value_name = "USER")]
        user: Option<String>,
        #[command(flatten)]
        limits: Limits,
    },
    /// Show an address of the logged-in user, or a public address of another user
    Get {
        /// Bitcoin address
        address: String,
        /// Name of another user
        #[arg(id = "username", long = "user", value_name = "USER")]
        user: Option<String>,
    },
    /// Add an unverified address to the account of the logged-in user
    Register(Register),
    /// Verify an address with a signature of its code (`verify_code` of `address get`)
    Verify {
        /// Bitcoin address
        address: String,
        /// Signature of the code, in base64
        #[arg(required_unless_present_any = BODY_OPTIONS)]
        signature: Option<String>,
        #[command(flatten)]
        input: Input,
    },
    /// Register and verify an address in one request
    InstantVerify {
        /// Name of the user
        #[arg(id = "username", value_name = "USER")]
        user: String,
        /// Bitcoin address
        #[arg(required_unless_present_any = BODY_OPTIONS)]
        address: Option<String>,
        /// Message that the user signed
        #[arg(required_unless_present_any = BODY_OPTIONS)]
        message: Option<String>,
        /// Signature of the message, in base64
        #[arg(required_unless_present_any = BODY_OPTIONS)]
        signature: Option<String>,
        #[command(flatten)]
        input: Input,
    },
    /// Change the settings of an address
    Update(Update),
    /// Remove an address
    Delete {
        /// Bitcoin address
        address: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Register {
    /// Bitcoin address
    #[arg(required_unless_present_any = BODY_OPTIONS)]
    address: Option<String>,
    /// Label of the address
    #[arg(long, value_name = "TEXT", value_hint = CAN_BE_EMPTY)]
    label: Option<String>,
    /// Whether others can see the address
    #[arg(long, value_name = "BOOL")]
    public: Option<bool>,
    /// Whether the balances of the address are counted
    #[arg(long, value_name = "BOOL")]
    active: Option<bool>,
    /// Type of the address, such as `bitcoin`
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    #[command(flatten)]
    input: Input,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true, args = ["label", "public", "active", "input",
    "body_raw_field", "body_field"])]
pub(crate) struct Update {
    /// Bitcoin address
    address: String,
    /// Label of the address
    #[arg(long, value_name = "TEXT", value_hint = CAN_BE_EMPTY)]
    label: Option<String>,
    /// Whether others can see the address
    #[arg(long, value_name = "BOOL")]
    public: Option<bool>,
    /// Whether the balances of the address are counted
    #[arg(long, value_name = "BOOL")]
    active: Option<bool>,
    #[command(flatten)]
    input: Input,
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
                let members = [
                    Member::required("address", "ADDRESS", register.address.is_some()),
                    Member::new("label", "--label", register.label.is_some()),
                    Member::new("public", "--public", register.public.is_some()),
                    Member::new("active", "--active", register.active.is_some()),
                    Member::new("type", "--type", register.kind.is_some()),
                ];
                let request = RegisterAddress::new(register.address.unwrap_or_default());
                let request = with_options!(request, register; label, public, active, kind);
                context.create(request, &register.input, &members)
            }
            Self::Verify { address, signature, input } => {
                let members = [Member::required("signature", "SIGNATURE", signature.is_some())];
                let request = VerifyAddress::new(address, signature.unwrap_or_default());
                context.create(request, &input, &members)
            }
            Self::InstantVerify { user, address, message, signature, input } => {
                let members = [
                    Member::required("address", "ADDRESS", address.is_some()),
                    Member::required("msg", "MESSAGE", message.is_some()),
                    Member::required("sig", "SIGNATURE", signature.is_some()),
                ];
                let (address, message) = (address.unwrap_or_default(), message.unwrap_or_default());
                let signature = signature.unwrap_or_default();
                let request = InstantVerify::new(user, message, address, signature);
                context.create(request, &input, &members)
            }
            Self::Update(update) => {
                let members = [
                    Member::new("label", "--label", update.label.is_some()),
                    Member::new("public", "--public", update.public.is_some()),
                    Member::new("active", "--active", update.active.is_some()),
                ];
                let request = UpdateAddress::new(update.address);
                let request = with_options!(request, update; label, public, active);
                context.create(request, &update.input, &members)
            }
            Self::Delete { address } => context.show_confirmed(
                &format!("remove the address {address}"),
                DeleteAddress::new(address),
            ),
        }
    }
}
