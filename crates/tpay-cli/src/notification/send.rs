//! The command `tpay notification send`: sends a signed test notification.

use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use cli_support::api_auth::http::{Request, Uri};
use cli_support::api_auth::{Error, Response, Settings, Transport, curl};
use cli_support::args::{http_url, pair};
use cli_support::{Context, Exit, Failure};
use tpay_client::Secret;
use tpay_client::notifications::testing;

use crate::notification::kinds::Kind;
use crate::notification::object;
use crate::provider::{SECURITY_CODE, Tpay};

/// The part of a notification that `--tamper` changes after the notification has been signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tamper {
    Body,
    Signature,
}

#[derive(Debug, Args)]
pub(crate) struct Send {
    /// URL of your application
    #[arg(value_parser = http_url)]
    pub(super) url: Uri,
    /// Kind of the notification
    #[arg(long, value_enum, default_value = "payment")]
    kind: Kind,
    /// Set a value of the notification, such as `tr_crc=order-7` or `data.token=…`
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// Change this part of the notification after signing; exit status 1 if the application accepts
    /// it
    #[arg(long, value_enum)]
    tamper: Option<Tamper>,
}

impl Send {
    pub(crate) fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        let settings = context.settings_without_credentials()?;
        let code = Secret::new(settings.get(SECURITY_CODE).unwrap_or_default());
        for (name, _) in self.set.iter().filter(|(name, _)| !self.kind.has(name)) {
            let problem = "notifications of this kind usually have no such value; it is added";
            context.note(&format!("--set {name}: {problem}"));
        }
        let (mut body, content_type) = self.kind.body(&self.set, &code)?;
        let mut signature = testing::sign(context.client()?, &body)?;
        match self.tamper {
            Some(Tamper::Body) => body.push(b' '),
            Some(Tamper::Signature) => signature = tampered(&signature),
            None => {}
        }
        let request = Request::post(&self.url)
            .header("content-type", content_type)
            .header("x-jws-signature", signature)
            .body(body)
            .map_err(|error| Failure::new(Exit::Usage, format!("url: {error}")))?;
        deliver(context, request, self.tamper.is_none())
    }
}

/// Returns a copy of a signature in which one character is changed.
fn tampered(signature: &str) -> String {
    let start = signature.len().saturating_sub(40);
    let (before, after) = signature.split_at_checked(start).unwrap_or_default();
    let other = if after.starts_with('A') { 'B' } else { 'A' };
    format!("{before}{other}{}", after.get(1..).unwrap_or_default())
}

/// Sends a notification to the application and writes the response. The exit status is 1 if the
/// application accepts a notification that is not genuine, or rejects one that is.
pub(crate) fn deliver(
    context: &Context<Tpay>,
    request: Request<Vec<u8>>,
    is_genuine: bool,
) -> Result<Exit, Failure> {
    if context.global.curl {
        return context.output.text(&curl(&request, &[])).map(|()| Exit::Done);
    }
    if context.global.dry_run {
        context.note(&format!("dry run: would send the notification to {}", request.uri()));
        return Ok(Exit::Done);
    }
    context.output.check()?;
    let transport = transport(context, request.uri())?;
    // No response must acknowledge a notification that is not genuine.
    let notification = if is_genuine { request.body().clone() } else { Vec::new() };
    let response = transport.send(request).map_err(|error| Failure::from(Error::from(error)))?;
    let text = String::from_utf8_lossy(response.body()).into_owned();
    let status = response.status().as_u16().to_string();
    let shown = context.output.value(&object(&[("status", &status), ("body", &text)]).to_string());
    // The exit status reflects the response of the application, not the output.
    context.note_unshown("the response of the application", shown);
    match (is_genuine, is_accepted(&response, &notification)) {
        (true, true) | (false, false) => return Ok(Exit::Done),
        (false, true) => {
            context.note("the application accepted a notification that is not genuine");
        }
        (true, false) => context.note("the application did not accept the notification"),
    }
    Ok(Exit::No)
}

/// Returns whether this response of an application acknowledges the notification with this body.
pub(super) fn is_accepted(response: &Response, notification: &[u8]) -> bool {
    let accepted = testing::acknowledgements(notification);
    let is_expected = |text: &str| accepted.iter().any(|accepted| accepted.body == text.trim());
    response.status().is_success() && str::from_utf8(response.body()).is_ok_and(is_expected)
}

/// Returns the timeout of requests to the application: that of `--timeout`, or 30 s.
pub(crate) fn timeout(context: &Context<Tpay>) -> Duration {
    context.global.timeout.unwrap_or(Duration::from_secs(30))
}

/// Returns a transport for requests to the application. Plain http is allowed, because the user
/// chose the URL, and the application may be in a private network.
pub(crate) fn transport(context: &Context<Tpay>, url: &Uri) -> Result<Arc<dyn Transport>, Failure> {
    let mut settings = Settings::default();
    settings.timeout(timeout(context));
    settings.allow_plain_http_to(url.host().unwrap_or_default().to_owned());
    context.built_in_transport(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tampered_signature_always_differs() {
        for first in ["A", "B", "x"] {
            for last in ["A", "x"] {
                let signature = format!("head..{first}{}{last}", "m".repeat(38));
                let tampered = tampered(&signature);
                let is_changed = |(one, other): &(char, char)| one != other;
                let changed = signature.chars().zip(tampered.chars()).filter(is_changed).count();
                assert_eq!((tampered.len(), changed), (signature.len(), 1), "{signature}");
            }
        }
    }
}
