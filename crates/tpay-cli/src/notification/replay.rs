//! The command `tpay notification replay`: sends a stored notification again.

use std::path::PathBuf;

use clap::Args;
use cli_support::api_auth::http::{Request, Uri};
use cli_support::args::{http_url, read_bytes};
use cli_support::{Context, Exit, Failure};

use crate::notification::listen::HOP_BY_HOP;
use crate::notification::{send, stored_headers};
use crate::provider::Tpay;

/// The options of `replay`: a stored notification, and the URL to which it is sent.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// File that contains the body, such as `1.body` from `listen --save`
    body: PathBuf,
    /// URL of your application
    #[arg(value_parser = http_url)]
    pub(super) url: Uri,
    /// File that contains the headers; default: the path of the body with the extension `.headers`
    #[arg(long, value_name = "FILE")]
    headers: Option<PathBuf>,
}

impl Replay {
    /// Sends the stored body and headers unchanged, including the signature. Headers that concern
    /// the connection are not sent.
    pub(crate) fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        let body = read_bytes("BODY", &self.body)?;
        let headers = self.headers.unwrap_or_else(|| self.body.with_extension("headers"));
        let mut request = Request::post(&self.url);
        for (name, value) in &stored_headers(&headers)? {
            if !HOP_BY_HOP.contains(&name.as_str()) {
                request = request.header(name, value);
            }
        }
        let request = request
            .body(body)
            .map_err(|error| Failure::new(Exit::Usage, format!("url: {error}")))?;
        send::deliver(context, request, true)
    }
}
