//! The command `tpay notification`: receives, sends and verifies notifications.

mod kinds;
mod listen;
mod replay;
mod send;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use cli_support::api_auth::http::{HeaderMap, HeaderName, HeaderValue};
use cli_support::api_auth::{InputError, validate};
use cli_support::args::{read, read_bytes};
use cli_support::{Context, Exit, Failure, Json, Provider, Run};
use tpay_client::Notifications;
use tpay_client::notifications::testing;

use crate::provider::{MERCHANT_ID, SECURITY_CODE, Tpay};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Receive notifications, verify and print them, and forward them to your application
    Listen(listen::Listen),
    /// Send a notification to your application, signed with the published test key
    Send(send::Send),
    /// Send a stored notification to your application again, with its signature
    Replay(replay::Replay),
    /// Verify a stored notification; exit status 1 if it is not genuine
    Verify(Verify),
    /// Print the root certificate of the test key, for an application under test
    TestRoot,
}

/// The options that select which notifications are accepted.
#[derive(Debug, Args)]
pub(crate) struct Trust {
    /// Id of the merchant; default: `TPAY_MERCHANT_ID`
    #[arg(long, value_name = "ID")]
    merchant_id: Option<String>,
    /// Accept notifications for every merchant
    #[arg(long, conflicts_with = "merchant_id")]
    any_merchant: bool,
    /// Trust the root certificates in this PEM file instead of the compiled-in ones
    #[arg(long, value_name = "FILE")]
    anchors: Option<PathBuf>,
    /// Trust the published test key, with which `send` signs; only for tests
    #[arg(long, conflicts_with = "anchors")]
    trust_test_key: bool,
}

impl Trust {
    /// Returns a reader that verifies notifications, and accepts only those that these options
    /// select.
    pub(crate) fn reader(&self, context: &Context<Tpay>) -> Result<Notifications, Failure> {
        let anchors = self.anchors.as_deref().map(|path| read("--anchors", path)).transpose()?;
        let settings = context.settings_without_credentials()?;
        let mut reader = context.client()?.notifications()?;
        let merchant = self.merchant_id.as_deref().or(settings.get(MERCHANT_ID));
        reader = match merchant {
            _ if self.any_merchant => reader.accept_any_merchant(),
            Some(id) => reader.merchant_id(id),
            None => {
                let place = settings.place_of(Tpay::VARIABLES, MERCHANT_ID);
                let problem = format!(
                    "the merchant id is missing; use --merchant-id or --any-merchant, or set {place}"
                );
                return Err(Failure::new(Exit::Usage, problem));
            }
        };
        // With an invalid id, every notification would be an error.
        if let Err(error) = reader.read("", b"")
            && error.argument().is_some()
        {
            return Err(error.into());
        }
        if let Some(code) = settings.get(SECURITY_CODE) {
            reader = reader.security_code(code);
        }
        if self.trust_test_key {
            reader = reader.anchors(testing::ANCHORS)?.certificate(testing::CERTIFICATE);
        } else if let Some(anchors) = anchors {
            reader = reader.anchors(anchors)?;
        }
        Ok(reader)
    }
}

/// The arguments of `verify`: the files with the body and the headers of a notification, and the
/// options that select which notifications are accepted.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// File that contains the body, byte for byte as received
    body: PathBuf,
    /// File that contains the headers, one `Name: value` on each line
    #[arg(long, value_name = "FILE")]
    headers: PathBuf,
    #[command(flatten)]
    trust: Trust,
}

impl Run<Tpay> for Command {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        if matches!(self, Self::Listen(_) | Self::Send(_) | Self::Replay(_)) {
            reject_record(context)?;
        }
        let invalid = |error: InputError| Failure::new(Exit::Usage, error.to_string());
        match &self {
            Self::Listen(listen::Listen { forward_to: Some(url), .. }) => {
                validate::authority("--forward-to", url).map_err(invalid)?;
            }
            Self::Send(send::Send { url, .. }) | Self::Replay(replay::Replay { url, .. }) => {
                validate::authority("URL", url).map_err(invalid)?;
            }
            _ => {}
        }
        match self {
            Self::Listen(listen) => listen.run(context),
            Self::Send(send) => send.run(context),
            Self::Replay(replay) => replay.run(context),
            Self::Verify(verify) => verify.run(context),
            Self::TestRoot => {
                context.output.bytes(testing::ANCHORS.as_bytes()).map(|()| Exit::Done)
            }
        }
    }
}

impl Verify {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        context.output.check_fields(listen::COLUMNS, &[])?;
        // The files are read before the recording is opened, which must be another file.
        let body = read_bytes("BODY", &self.body)?;
        let headers = stored_headers(&self.headers)?;
        let reader = self.trust.reader(context)?;
        let notification = reader.read_request(&headers, &body).map_err(|error| {
            let hint = hint(&error.to_string()).filter(|_| self.trust.anchors.is_none());
            let failure = Failure::from(error);
            match hint {
                Some(hint) => failure.with_hint(hint),
                None => failure,
            }
        })?;
        let json = kinds::shown(&notification, &body);
        context.output.value(&json.to_string())?;
        Ok(Exit::Done)
    }
}

/// Returns the hint for a message that says that a signature is not valid or not trusted.
fn hint(problem: &str) -> Option<&'static str> {
    let is_other_root = ["signature does not match", "signature is not trusted"];
    is_other_root.iter().any(|end| problem.ends_with(end)).then_some(
        "for a test server with its own root certificate, such as api-sandbox, use --anchors FILE \
         with the output of `tpay certificate root`",
    )
}

/// Rejects `--record`, which has no effect on the exchanges with an application.
fn reject_record(context: &Context<Tpay>) -> Result<(), Failure> {
    if context.global.record.is_none() {
        return Ok(());
    }
    let problem = "--record: exchanges with your application are not recorded; \
                   `notification listen --save FOLDER` stores notifications";
    Err(Failure::new(Exit::Usage, problem))
}

/// Reads stored headers, one `Name: value` on each line. Empty lines are skipped.
///
/// # Errors
/// Returns an error if the file cannot be read, or if a line is not a header. The error names the
/// line.
fn stored_headers(path: &Path) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    for (number, line) in read("--headers", path)?.lines().enumerate() {
        if line.is_empty() {
            continue;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        let value = HeaderValue::from_bytes(value.trim().as_bytes());
        match (HeaderName::try_from(name.trim()), value) {
            (Ok(name), Ok(value)) => headers.append(name, value),
            _ => {
                let (path, line) = (path.display(), number + 1);
                let problem = format!("{path}: line {line} is not `Name: value`");
                return Err(Failure::new(Exit::Usage, problem));
            }
        };
    }
    Ok(headers)
}

/// Returns a JSON object with these members, whose values are strings.
fn object(members: &[(&str, &str)]) -> Json {
    let member =
        |(name, value): &(&str, &str)| ((*name).to_owned(), Json::Text((*value).to_owned()));
    Json::Object(members.iter().map(member).collect())
}
