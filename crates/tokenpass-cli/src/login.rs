//! The command `tokenpass auth login --web`: logs a user in through the browser.

use std::process::{Command, Stdio};

use callback_listener::{Listener, Redirect, Request, Response};
use cli_support::{Context, Exit, Failure, Provider, WebLogin};
use tokenpass_client::oauth::{LoginError, LoginErrorKind};
use tokenpass_client::{Authorize, Scope, Secret};

use crate::provider::{REDIRECT_URI, Tokenpass};

/// Logs a user in through the browser. Returns the user's token.
pub(crate) fn log_in(context: &Context<Tokenpass>, web: &WebLogin) -> Result<Secret, Failure> {
    let settings = context.settings()?;
    let Some(redirect_uri) = settings.get(REDIRECT_URI) else {
        let problem = format!("the redirect URI is missing ({})", settings.source);
        let place = settings.place_of(Tokenpass::VARIABLES, REDIRECT_URI);
        let hint = format!("set {place} to the one that is registered for the application");
        return Err(Failure::new(Exit::Credentials, problem).with_hint(hint));
    };
    // The URI may contain a user name and a password.
    let redirect = Redirect::parse(redirect_uri)
        .map_err(|problem| Failure::new(Exit::Usage, format!("{REDIRECT_URI}: {problem}")))?;
    let mut scopes: Vec<Scope> = web.scopes.iter().map(|name| Scope::from(name.as_str())).collect();
    if scopes.is_empty() {
        scopes = vec![Scope::User, Scope::Tca];
    }
    let tokenpass = context.client()?;
    let login = tokenpass.begin_login(scopes)?;
    let url = tokenpass.authorize_url(&login)?;
    // The listener starts before the URL is printed, so that no callback is missed.
    let listener = redirect
        .listen()
        .map_err(|error| Failure::new(Exit::Local, format!("{REDIRECT_URI}: {error}")))?;
    context.note(&format!("open {url}"));
    if !web.no_browser && !open_browser(&url) {
        context.note("no browser could be started; open the URL yourself");
    }
    let code = wait_for(context, &redirect, listener, &login, web)?;
    Ok(tokenpass.finish_login(&login, code)?.access_token)
}

/// Opens a URL in the user's browser. Returns whether a browser was started.
fn open_browser(url: &str) -> bool {
    let mut command = if cfg!(windows) {
        // A shell would interpret `&`.
        let mut command = Command::new("rundll32");
        command.arg("url.dll,FileProtocolHandler");
        command
    } else {
        Command::new(if cfg!(target_os = "macos") { "open" } else { "xdg-open" })
    };
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}

/// Serves requests until one is the callback of this login, and returns its authorization code.
/// Returns an error if the callback reports one, or if there is no callback within the time of
/// `--wait`.
fn wait_for(
    context: &Context<Tokenpass>,
    redirect: &Redirect,
    listener: Listener,
    login: &Authorize,
    web: &WebLogin,
) -> Result<Secret, Failure> {
    let failed = |error: std::io::Error| Failure::new(Exit::Local, error.to_string());
    let mut ignored = None;
    let result = listener
        .serve(Some(web.wait), |request| {
            let (response, result) = respond(redirect, request, login, &mut ignored);
            if let Some(problem) = &ignored {
                context.note(problem);
            }
            (response, result)
        })
        .map_err(failed)?;
    let Some(result) = result else {
        let problem = format!("timed out after {} s waiting for the browser", web.wait.as_secs());
        return Err(Failure::new(Exit::Unavailable, problem));
    };
    result.map_err(|error| Failure::new(Exit::Credentials, format!("login: {error}")))
}

fn respond(
    redirect: &Redirect,
    request: &Request,
    login: &Authorize,
    ignored: &mut Option<String>,
) -> (Response, Option<Result<Secret, LoginError>>) {
    *ignored = None;
    if let Some(response) = redirect.reject(request) {
        return (response, None);
    }
    let result = login.read_callback(&request.target);
    let Err(error) = &result else {
        return (Response::text(200, "Thank you. You may close this page."), Some(result));
    };
    // A callback without the state can be from an old tab or a page of another site.
    if error.state_matches() {
        let text = "The login failed. The program that waits for it shows the reason.";
        return (Response::text(200, text), Some(result));
    }
    // The callback of the server has no state if the user denies access. It can be forged, so it
    // does not end the login.
    let reported = match error.kind() {
        LoginErrorKind::Denied => "access was denied",
        LoginErrorKind::Rejected => "the login request is invalid",
        kind => {
            let problem = "ignored a callback that does not belong to this login";
            *ignored = Some(format!("{problem} ({kind:?})"));
            let text =
                "This page does not belong to the login that is waiting. Start the login again.";
            return (Response::text(400, text), None);
        }
    };
    let problem = format!("the server reports that {reported}");
    *ignored = Some(format!("{problem}; still waiting (Ctrl-C to stop)"));
    let text = format!(
        "The login failed: {problem}. The program is still waiting: stop it with Ctrl-C, or open \
         its URL again."
    );
    (Response::text(400, text), None)
}
