//! Logs a user in: opens the login page in a browser, and waits for the callback on this machine.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::process::ExitCode;
use std::time::Duration;

use callback_listener::{Listener, Redirect, Request, Response, printable};
use lexopt::prelude::*;
use tokenpass_client::api_auth::Params;
use tokenpass_client::api_auth::http::Uri;
use tokenpass_client::oauth::LoginError;
use tokenpass_client::{Authorize, Client, InputError, Scope, Secret};

const HELP: &str = "\
Logs a user in. Prints the URL to open in a browser, waits on the port of the redirect URI for
the callback, and prints the user.

usage: login [--scope SCOPE]... [--timeout SECONDS] [--no-browser] [--show-token]

  --scope SCOPE      user, tca, private-address, private-balances, manage-address, chats,
                     manage-chats (default: user and tca)
  --timeout SECONDS  the time to wait for the callback (default 120)
  --no-browser       request the callback URL without a browser; only for users who are logged
                     in and have already granted access
  --show-token       print the token, for TOKENPASS_OAUTH_TOKEN

exit status: 0 logged in, 1 an error, 2 invalid arguments

environment: TOKENPASS_CLIENT_ID, TOKENPASS_CLIENT_SECRET, TOKENPASS_REDIRECT_URI (registered,
             on this machine, such as http://127.0.0.1:8000/oauth_callback), and optionally
             TOKENPASS_BASE_URL
";

struct Arguments {
    scopes: Vec<Scope>,
    timeout: u64,
    browser: bool,
    show_token: bool,
}

fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    let mut arguments =
        Arguments { scopes: Vec::new(), timeout: 120, browser: true, show_token: false };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("scope") => {
                arguments.scopes.push(Scope::from(parser.value()?.string()?.as_str()));
            }
            Long("timeout") => arguments.timeout = parser.value()?.parse()?,
            Long("no-browser") => arguments.browser = false,
            Long("show-token") => arguments.show_token = true,
            other => return Err(other.unexpected()),
        }
    }
    if arguments.scopes.is_empty() {
        arguments.scopes = vec![Scope::User, Scope::Tca];
    }
    Ok(Some(arguments))
}

fn main() -> ExitCode {
    let result = match arguments() {
        Ok(Some(arguments)) => log_in(&arguments),
        Ok(None) => {
            output::print(format_args!("{HELP}"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("login: {error}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("login: {}", printable(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

fn log_in(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let tokenpass = Client::from_env()?;
    let login = tokenpass.begin_login(arguments.scopes.iter().cloned())?;
    let code = if arguments.browser {
        let url = tokenpass.authorize_url(&login)?;
        let redirect = redirect_of(&url)?;
        // Listens before the URL is printed, so that no callback is missed.
        let listener = redirect.listen()?;
        println!("open {url}");
        wait_for(&redirect, listener, &login, arguments.timeout)?
    } else {
        let callback_url = tokenpass.send(&login)?;
        let callback_url = callback_url.ok_or_else(|| {
            InputError::new(
                "no-browser",
                "the user has not granted access yet: run the command once without --no-browser",
            )
        })?;
        login.read_callback(&callback_url)?
    };
    let token = tokenpass.finish_login(&login, code)?;
    let user = tokenpass.as_user(token.access_token.clone())?.get_user()?;
    let text = |text: Option<String>| printable(&text.unwrap_or_default());
    println!("{} ({})", text(user.username), text(user.id));
    let confirmed = user.email_is_confirmed == Some(true);
    let state = if confirmed { "confirmed" } else { "NOT confirmed: do not trust it" };
    println!("{} is {state}", text(user.email));
    if let Some(ttl) = token.expires_in {
        println!("the token expires in {} hours", ttl.as_secs() / 3600);
    }
    if arguments.show_token {
        println!("{}", token.access_token.expose());
    }
    Ok(())
}

/// Reads the redirect URI from the URL that the user opens.
fn redirect_of(url: &str) -> Result<Redirect, Box<dyn std::error::Error>> {
    let url: Uri = url.parse()?;
    let query = Params::decode(url.query().unwrap_or_default())?;
    let redirect_uri = query.get("redirect_uri").unwrap_or_default();
    Ok(Redirect::parse(redirect_uri).map_err(|problem| {
        let text = format!("{redirect_uri:?} {problem}, or use --no-browser");
        InputError::new("TOKENPASS_REDIRECT_URI", text)
    })?)
}

/// Serves requests until a callback contains the state of this login, for at most `seconds`.
/// Returns the authorization code in the callback.
fn wait_for(
    redirect: &Redirect,
    listener: Listener,
    login: &Authorize,
    seconds: u64,
) -> Result<Secret, Box<dyn std::error::Error>> {
    let time = Some(Duration::from_secs(seconds));
    let mut ignored = String::new();
    let result = listener.serve(time, |request| respond(redirect, request, login, &mut ignored))?;
    let result: Result<Secret, LoginError> = result.ok_or_else(|| {
        format!("timed out after {seconds} s waiting for the OAuth callback{ignored}")
    })?;
    Ok(result?)
}

fn respond(
    redirect: &Redirect,
    request: &Request,
    login: &Authorize,
    ignored: &mut String,
) -> (Response, Option<Result<Secret, LoginError>>) {
    if let Some(response) = redirect.reject(request) {
        return (response, None);
    }
    let result = login.read_callback(&request.target);
    let Err(error) = &result else {
        return (Response::text(200, "Thank you. You may close this page."), Some(result));
    };
    let text = format!("The login failed: {:?}.", error.kind());
    // A callback without the state can be from an old tab or from a page of another site.
    if error.state_matches() {
        return (Response::text(200, text), Some(result));
    }
    // The server sends denials without the state, so the reason is included in the timeout
    // error.
    let kind = error.kind();
    let text_of_kind =
        format!("; a callback without the state of this login was ignored: {kind:?}");
    if *ignored != text_of_kind {
        eprintln!("login: still waiting{text_of_kind}");
        *ignored = text_of_kind;
    }
    (Response::text(200, text + " The program is still waiting."), None)
}
