//! The command `tinypass download`: shows downloads and prints links to them.

use std::time::Duration;

use clap::Subcommand;
use cli_support::args::positive_duration;
use cli_support::{Context, Exit, Failure, Run, WithJson};
use tinypass_client::GetDownloadUrl;
use tinypass_client::download::GetDownload;

use crate::access::single;
use crate::provider::TinyPass;

#[derive(Debug, Subcommand)]
pub(crate) enum Download {
    /// Show a download
    Get {
        /// Id of the resource
        rid: String,
    },
    /// Print a link to a download. Until it expires, the link works without credentials
    Url {
        /// Id of the resource
        rid: String,
        /// Time after which the link expires
        #[arg(long, value_name = "TIME", default_value = "1h", value_parser = positive_duration)]
        lifetime: Duration,
    },
}

impl Run<TinyPass> for Download {
    fn run(self, context: &Context<TinyPass>) -> Result<Exit, Failure> {
        match self {
            Self::Get { rid } => context.show(GetDownload::new(rid)),
            Self::Url { rid, lifetime } => {
                context.output.check_fields(&[], &["url"])?;
                let request = WithJson::new(GetDownloadUrl::for_lifetime(rid, lifetime));
                match context.send(request)? {
                    Some(reply) => single(context, "url", &reply.value.url),
                    None => Ok(Exit::Done),
                }
            }
        }
    }
}
