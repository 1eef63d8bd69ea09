//! Logs a user in: sends the browser to Tokenpass and waits for it on this machine.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;

use lexopt::prelude::*;
use tokenpass_client::{Authorize, Client, InputError, Scope, Secret, http::Uri};

const HELP: &str = "\
Logs a user in. Prints the address to open in a browser, waits on the port of the redirect
URI for the browser to come back, and shows who came.

usage: login [--scope SCOPE]... [--no-browser] [--show-token]

  --scope SCOPE  user, tca, private-address, private-balances, manage-address, chats,
                 manage-chats (default: user and tca)
  --no-browser   ask for the address here; works for a user who has agreed before and whom
                 the server knows
  --show-token   print the token, for TOKENPASS_OAUTH_TOKEN

exit status: 0 logged in, 1 an error, 2 wrong arguments

environment: TOKENPASS_CLIENT_ID, TOKENPASS_CLIENT_SECRET, TOKENPASS_REDIRECT_URI (registered,
             such as http://127.0.0.1:8000/oauth_callback), and optionally TOKENPASS_BASE_URL
";

struct Arguments {
    scopes: Vec<Scope>,
    browser: bool,
    show_token: bool,
}

fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    let mut arguments = Arguments { scopes: Vec::new(), browser: true, show_token: false };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("scope") => {
                arguments.scopes.push(Scope::from(parser.value()?.string()?.as_str()));
            }
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
            print!("{HELP}");
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
            eprintln!("login: {error}");
            ExitCode::FAILURE
        }
    }
}

fn log_in(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let tokenpass = Client::from_env()?;
    let login = tokenpass.begin_login(arguments.scopes.iter().cloned())?;
    let code = if arguments.browser {
        let url: Uri = tokenpass.authorize_url(&login)?.parse()?;
        let query = tokenpass_client::Params::decode(url.query().unwrap_or_default())?;
        let callback: Uri = query.get("redirect_uri").unwrap_or_default().parse()?;
        // Listening comes first, so that nobody comes back too early.
        let port = callback.port_u16().unwrap_or(80);
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        println!("open {url}");
        wait_for(&listener, &login, callback.path())?
    } else {
        let back = tokenpass.send(&login)?;
        let back = back.ok_or_else(|| {
            InputError::new("no-browser", "the server shows a page, so a browser is needed")
        })?;
        login.read_callback(&back)?
    };
    let token = tokenpass.exchange_code(code)?;
    let user = tokenpass.as_user(token.access_token.clone())?.get_user()?;
    println!("{} ({})", user.username.unwrap_or_default(), user.id.unwrap_or_default());
    let confirmed = user.email_is_confirmed == Some(true);
    let state = if confirmed { "confirmed" } else { "NOT confirmed: do not trust it" };
    println!("{} is {state}", user.email.unwrap_or_default());
    if let Some(life) = token.expires_in {
        println!("the token lives for {} hours", life.as_secs() / 3600);
    }
    if arguments.show_token {
        println!("{}", token.access_token.expose());
    }
    Ok(())
}

/// Answers browsers until one comes to the callback's path.
fn wait_for(
    listener: &TcpListener,
    login: &Authorize,
    path: &str,
) -> Result<Secret, Box<dyn std::error::Error>> {
    for stream in listener.incoming() {
        let mut stream = stream?;
        let target = target_of(&stream)?;
        if target.split('?').next() != Some(path) {
            // Browsers ask for an icon as well.
            answer(&mut stream, "404 Not Found", "Not here.")?;
            continue;
        }
        let result = login.read_callback(&target);
        let text = match &result {
            Ok(_) => "Thank you. You may close this page.".to_owned(),
            Err(error) => format!("The login did not work: {:?}.", error.kind()),
        };
        answer(&mut stream, "200 OK", &text)?;
        return Ok(result?);
    }
    Err(InputError::new("callback", "nobody came").into())
}

/// The target of the request line.
fn target_of(stream: &TcpStream) -> std::io::Result<String> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    // The rest of the head is read, so that closing the connection does not reset it.
    let mut rest = String::new();
    while reader.read_line(&mut rest)? > 2 {
        rest.clear();
    }
    Ok(line.split(' ').nth(1).unwrap_or_default().to_owned())
}

fn answer(stream: &mut TcpStream, status: &str, text: &str) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{text}",
        text.len()
    )
}
