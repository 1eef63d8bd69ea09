//! The command `tinypass cookie`: checks token cookies.

use std::net::Ipv4Addr;
use std::path::Path;

use clap::Subcommand;
use cli_support::args::read;
use cli_support::{Context, Exit, Failure, Json, Run};
use tinypass_client::blocks::{AccessState, Blocks, ClientAddress};

use crate::provider::{AID, PRIVATE_KEY, TinyPass, now, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Cookie {
    /// Check whether the token cookie on standard input grants access to a resource; exit status 1
    /// if not
    ///
    /// The cookie is its value, `{jax}` and a block (see `block open`), also percent-encoded or after
    /// `NAME=`.
    Check {
        /// Id of the resource
        rid: String,
        /// IPv4 address of the visitor; without it, the addresses to which tokens are bound are not
        /// checked
        #[arg(long, value_name = "ADDRESS")]
        ip: Option<Ipv4Addr>,
    },
}

/// Returns the text that the output shows for an access state, such as `no tokens`.
fn name(state: AccessState) -> &'static str {
    match state {
        AccessState::Granted => "granted",
        AccessState::MeteredInTrial => "metered, in trial",
        AccessState::NoTokens => "no tokens",
        AccessState::RidNotFound => "no token for the resource",
        AccessState::Expired => "expired",
        AccessState::IpMismatch => "bound to another IP address",
        AccessState::InLockout => "locked out after the trial",
        AccessState::TrialDead => "trial ended",
        _ => "denied",
    }
}

impl Run<TinyPass> for Cookie {
    fn run(self, context: &Context<TinyPass>) -> Result<Exit, Failure> {
        let Self::Check { rid, ip } = self;
        context.output.check_fields(&[], &["rid", "state", "code", "expires"])?;
        let settings = context.settings()?;
        let blocks = Blocks::new(settings.need(AID), settings.need(PRIVATE_KEY))?;
        let value = read("the cookie", Path::new("-"))?;
        let value = value.trim();
        // The value may be given with its name, as in the `Cookie` header: `NAME=VALUE`.
        let cookie = value.strip_prefix(&format!("{}=", blocks.cookie_name())).unwrap_or(value);
        let cookie = blocks
            .read_cookie(cookie)
            .map_err(|error| Failure::new(Exit::No, format!("the cookie is not valid: {error}")))?;
        let client = ip.map_or(ClientAddress::NotChecked, ClientAddress::V4);
        let state = cookie.access(&rid, now(), client);
        let token = cookie.tokens().iter().find(|token| token.rid == rid);
        let expires = token.and_then(|token| token.expires());
        let null = || Json::Other("null".to_owned());
        let expires = expires.map_or_else(null, |end| Json::Other(end.seconds().to_string()));
        let members = [
            ("rid", text(&rid)),
            ("state", text(name(state))),
            ("code", Json::Other(state.code().to_string())),
            ("expires", expires),
        ];
        let json = Json::Object(members.map(|(name, value)| (name.to_owned(), value)).into());
        match context.output.is_plain() {
            true => context.output.text(name(state))?,
            false => context.output.value(&json.to_string())?,
        }
        Ok(if state.is_granted() { Exit::Done } else { Exit::No })
    }
}
