//! Calls every endpoint once and prints one line for each.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use lexopt::prelude::*;
use tinypass_client::access::GetAccess;
use tinypass_client::download::GetDownload;
use tinypass_client::subscription::CancelSubscription;
use tinypass_client::user::GetUser;
use tinypass_client::{
    Client, Endpoint, Error, GetDownloadUrl, GrantAccess, RevokeAccess, SearchAccess,
    SearchSubscriptions,
};

const HELP: &str = "\
Calls every endpoint of the API once and prints a line for each:
`ok access.grant 12 ms`, or `fail access.grant 12 ms` with the error.

It grants access to a new user and revokes it again. It CANCELS a subscription of the user that
--user-ref selects: the first one found, or that of --subscription-rid.

usage: tinypass_tour [options]

  --rid RID               an existing resource (default premium-content)
  --download-rid RID      a resource with a file (default ebook-1)
  --subscription-rid RID  a resource with a subscription (default monthly-pass)
  --user-ref USER_REF     the user with that subscription (default user_42)
  --uid UID               an existing user (default: the one with the granted access, or kjkxrNWUyD)

exit status: 0 all endpoints succeeded, 1 at least one failed, 2 invalid arguments

environment: TINYPASS_AID, TINYPASS_PRIVATE_KEY,
             and optionally TINYPASS_BASE_URL or TINYPASS_SANDBOX=1
";

struct Arguments {
    rid: String,
    download_rid: String,
    subscription_rid: String,
    user_ref: String,
    uid: Option<String>,
}

fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    let mut arguments = Arguments {
        rid: "premium-content".to_owned(),
        download_rid: "ebook-1".to_owned(),
        subscription_rid: "monthly-pass".to_owned(),
        user_ref: "user_42".to_owned(),
        uid: None,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("rid") => arguments.rid = parser.value()?.string()?,
            Long("download-rid") => arguments.download_rid = parser.value()?.string()?,
            Long("subscription-rid") => arguments.subscription_rid = parser.value()?.string()?,
            Long("user-ref") => arguments.user_ref = parser.value()?.string()?,
            Long("uid") => arguments.uid = Some(parser.value()?.string()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(arguments))
}

fn main() -> ExitCode {
    let result = match arguments() {
        Ok(Some(arguments)) => tour(arguments),
        Ok(None) => {
            output::print(format_args!("{HELP}"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("tinypass_tour: {error}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failed) => {
            eprintln!("tinypass_tour: {failed} endpoints failed");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("tinypass_tour: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Calls all endpoints. Returns the number of failures.
fn tour(arguments: Arguments) -> Result<u32, Error> {
    let tinypass = Client::from_env()?;
    let Arguments { rid, download_rid, subscription_rid, user_ref, uid } = arguments;
    let guest = format!("tour-{}", std::process::id());
    let mut report = Report::default();

    let grant = GrantAccess::new(&rid, format!("{guest}@example.org"))
        .user_ref(&guest)
        .message("Welcome! Enjoy & share")
        .suppress_email(true);
    let granted = report.line::<GrantAccess, _>(|| tinypass.grant_access(&grant));
    report.found::<GetAccess, _>(|| tinypass.get_access(&rid, &guest));
    report.line::<SearchAccess, _>(|| {
        let search = SearchAccess::new().rid(&rid).user_ref(&guest);
        tinypass.accesses(&search).collect::<Result<Vec<_>, _>>()
    });
    let uid =
        uid.or(granted.and_then(|granted| granted.access?.uid)).unwrap_or("kjkxrNWUyD".to_owned());
    report.found::<GetUser, _>(|| tinypass.get_user(&uid));
    report.line::<RevokeAccess, _>(|| tinypass.revoke_access(&RevokeAccess::new(&rid, &guest)));
    let search = SearchSubscriptions::new().user_ref(&user_ref);
    let found = report.line::<SearchSubscriptions, _>(|| tinypass.search_subscriptions(&search));
    let subscription = found.and_then(|found| found.into_iter().next());
    let subscription_rid = subscription.and_then(|first| first.rid()).unwrap_or(subscription_rid);
    report.line::<CancelSubscription, _>(|| {
        tinypass.cancel_subscription(&subscription_rid, &user_ref)
    });
    report.found::<GetDownload, _>(|| tinypass.get_download(&download_rid));
    report.line::<GetDownloadUrl, _>(|| {
        let ask = GetDownloadUrl::for_lifetime(&download_rid, Duration::from_secs(60));
        tinypass.get_download_url(&ask)
    });
    Ok(report.failed)
}

#[derive(Default)]
struct Report {
    failed: u32,
}

impl Report {
    /// Calls an endpoint and prints the result as one line. Returns the value, or `None` after an
    /// error.
    #[expect(clippy::disallowed_methods, reason = "measures time for the printed line only")]
    fn line<E: Endpoint, T>(&mut self, call: impl FnOnce() -> Result<T, Error>) -> Option<T> {
        let begin = Instant::now();
        let result = call();
        let elapsed = begin.elapsed().as_millis();
        match result {
            Ok(value) => {
                println!("ok {} {elapsed} ms", E::ID);
                Some(value)
            }
            Err(error) => {
                println!("fail {} {elapsed} ms: {error}", E::ID);
                self.failed += 1;
                None
            }
        }
    }

    /// Calls an endpoint like [`line`](Self::line), and also counts a result of `None` as a
    /// failure.
    fn found<E: Endpoint, T>(&mut self, call: impl FnOnce() -> Result<Option<T>, Error>) {
        if let Some(None) = self.line::<E, _>(call) {
            println!("fail {}: nothing was found", E::ID);
            self.failed += 1;
        }
    }
}
