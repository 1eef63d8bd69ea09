//! `tokenpass auth login --web`: logs a user in by a browser.

use std::process::{Command, Stdio};

use callback_listener::{Listener, Request, Response};
use cli_support::api_auth::Params;
use cli_support::api_auth::http::Uri;
use cli_support::{Context, Exit, Failure, WebLogin};
use tokenpass_client::oauth::LoginError;
use tokenpass_client::{Authorize, Scope, Secret};

use crate::provider::{REDIRECT_URI, Tokenpass};

/// Logs a user in. Returns the user's token.
pub(crate) fn log_in(context: &Context<Tokenpass>, web: &WebLogin) -> Result<Secret, Failure> {
    let settings = context.settings()?;
    let Some(redirect_uri) = settings.get(REDIRECT_URI) else {
        let problem = format!("the redirect URI is missing ({})", settings.source);
        let hint = format!("set {REDIRECT_URI} to the one that is registered for the application");
        return Err(Failure::new(Exit::Credentials, problem).with_hint(hint));
    };
    let callback = Callback::of(redirect_uri)?;
    let mut scopes: Vec<Scope> = web.scopes.iter().map(|name| Scope::from(name.as_str())).collect();
    if scopes.is_empty() {
        scopes = vec![Scope::User, Scope::Tca];
    }
    let tokenpass = context.client()?;
    let login = tokenpass.begin_login(scopes)?;
    let url = tokenpass.authorize_url(&login)?;
    // Listens before the URL is printed, so that no callback is missed.
    let listener = callback.listen().map_err(|error| {
        Failure::new(Exit::Local, format!("{REDIRECT_URI} {redirect_uri}: {error}"))
    })?;
    context.note(&format!("open {url}"));
    if !web.no_browser && !open_browser(&url) {
        context.note("no browser could be started; open the URL yourself");
    }
    let code = callback.wait_for(context, listener, &login, web)?;
    Ok(tokenpass.finish_login(&login, code)?.access_token)
}

/// Opens a URL in the browser of the user. Returns whether one was started.
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

/// The redirect URI at which this program listens.
struct Callback {
    authority: String,
    host: String,
    port: u16,
    path: String,
}

impl Callback {
    fn of(redirect_uri: &str) -> Result<Self, Failure> {
        let invalid = |problem: &str| {
            Failure::new(Exit::Usage, format!("{REDIRECT_URI}: {redirect_uri:?} {problem}"))
        };
        let uri: Uri = redirect_uri.parse().map_err(|_| invalid("is not a URL"))?;
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        let is_local = matches!(&*host, "127.0.0.1" | "[::1]" | "localhost");
        if uri.scheme_str() != Some("http") || !is_local {
            return Err(invalid(
                "must begin with http://127.0.0.1, http://[::1] or http://localhost",
            ));
        }
        let port = uri.port_u16().unwrap_or(80);
        // As browsers send it: without user information and without the default port.
        let authority = if port == 80 { host.clone() } else { format!("{host}:{port}") };
        Ok(Self { authority, host, port, path: uri.path().to_owned() })
    }

    fn listen(&self) -> std::io::Result<Listener> {
        match &*self.host {
            "localhost" => Listener::bind_localhost(self.port),
            "[::1]" => Listener::bind(("::1", self.port)),
            _ => Listener::bind(("127.0.0.1", self.port)),
        }
    }

    /// Serves requests until one has the state of this login.
    fn wait_for(
        &self,
        context: &Context<Tokenpass>,
        listener: Listener,
        login: &Authorize,
        web: &WebLogin,
    ) -> Result<Secret, Failure> {
        let failed = |error: std::io::Error| Failure::new(Exit::Local, error.to_string());
        let mut ignored = None;
        let result = listener
            .serve(Some(web.wait), |request| {
                let (response, result) = self.respond(request, login, &mut ignored);
                if let Some(kind) = &ignored {
                    context.note(&format!("a callback without the state of this login: {kind}"));
                }
                (response, result)
            })
            .map_err(failed)?;
        let Some(result) = result else {
            let problem =
                format!("timed out after {} s waiting for the browser", web.wait.as_secs());
            return Err(Failure::new(Exit::Unavailable, problem));
        };
        result.map_err(|error| Failure::new(Exit::Credentials, format!("login: {error}")))
    }

    fn respond(
        &self,
        request: &Request,
        login: &Authorize,
        ignored: &mut Option<String>,
    ) -> (Response, Option<Result<Secret, LoginError>>) {
        *ignored = None;
        // The domain of another site may resolve to this machine (DNS rebinding).
        let host = request.header("host").ok().flatten().unwrap_or_default();
        if !host.eq_ignore_ascii_case(&self.authority) {
            return (Response::text(400, "This is not the host of the redirect URI."), None);
        }
        // Browsers request an icon as well.
        if request.path() != self.path {
            return (Response::text(404, "Not found."), None);
        }
        if request.method != "GET" {
            return (Response::text(405, "Use GET."), None);
        }
        let result = login.read_callback(&request.target);
        let Err(error) = &result else {
            return (Response::text(200, "Thank you. You may close this page."), Some(result));
        };
        let text = format!("The login failed: {:?}.", error.kind());
        // A callback without the state can be from an old tab or a page of another site.
        let query = request.target.split_once('?').map_or("", |(_, query)| query);
        let is_of_this_login = Params::decode(query).is_ok_and(|query| {
            query.get("state").is_some_and(|state| Secret::new(state) == *login.state())
        });
        if is_of_this_login {
            return (Response::text(200, text), Some(result));
        }
        *ignored = Some(format!("{:?}", error.kind()));
        (Response::text(200, text), None)
    }
}
