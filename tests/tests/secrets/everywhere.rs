//! Canaries (recognizable values) as every secret of every request of every provider. All output is
//! searched for them. `public_types.rs` checks every public type.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::cell::RefCell;
use std::error::Error as _;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once};

use api_auth::{Error, Request, Response, TransportError, http};
use api_sandbox::Misbehaviour;
use workspace_tests::catalogue::{CANARY, Call, Options, PROVIDERS, Provider};
use workspace_tests::world;

use crate::logger;

fn shown(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(" {error} {error:?}"));
        source = error.source();
    }
    text
}

thread_local! {
    /// The output of the panics of this thread, while they are captured.
    static PRINTED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Sets a panic hook that captures the panics of threads that ask for it. The panics of other tests
/// are printed as before.
fn capture_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let is_captured = PRINTED.with_borrow_mut(|printed| match printed {
                Some(printed) => {
                    printed.push_str(&info.to_string());
                    true
                }
                None => false,
            });
            if !is_captured {
                before(info);
            }
        }));
    });
}

/// Returns what a program prints that panics with this message, unwraps this error, and so on.
fn of_panic(panics: impl FnOnce()) -> String {
    capture_panics();
    PRINTED.set(Some(String::new()));
    let result = std::panic::catch_unwind(AssertUnwindSafe(panics));
    let printed = PRINTED.take();
    assert!(result.is_err());
    printed.unwrap()
}

/// A request as text: what servers echo.
fn echo(request: &Request) -> String {
    let mut text = format!("{} {}", request.method(), request.uri());
    for (name, value) in request.headers() {
        text.push_str(&format!("\n{name}: {}", value.to_str().unwrap()));
    }
    text.push_str(&format!("\n\n{}", str::from_utf8(request.body()).unwrap()));
    text
}

/// The same text as parts of a URL, of JSON and of HTML.
fn encodings(text: &str) -> Vec<String> {
    let json = serde_json::Value::from(text).to_string();
    vec![
        text.to_owned(),
        api_auth::path_segment(text).into_owned(),
        json.trim_matches('"').replace('/', "\\/"),
        text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;"),
    ]
}

type Form = fn(&str) -> String;

/// A server that echoes requests.
#[derive(Clone, Copy)]
struct Echo {
    /// Whether a request for a token or session is granted instead of echoed.
    granted: bool,
    status: u16,
    form: Form,
    /// The index of the encoding in [`encodings`].
    encoding: usize,
}

impl Echo {
    fn respond(self, request: &Request) -> Response {
        let text = encodings(&echo(request)).swap_remove(self.encoding);
        let response = http::Response::builder()
            .status(self.status)
            .header("x-request-id", &*api_auth::path_segment(&text))
            .header("x-other", CANARY);
        response.body((self.form)(&text).into_bytes()).unwrap()
    }

    /// The error of a call, if it is one, and the credentials of the headers that were sent.
    fn error(self, provider: &Provider, call: &dyn Call) -> Option<(Error, Vec<String>)> {
        let grant = provider.grant.filter(|_| self.granted);
        let credentials = Arc::<Mutex<Vec<String>>>::default();
        let sent = credentials.clone();
        let transport = move |request: Request| -> Result<Response, TransportError> {
            if let Some((_, token)) = grant.filter(|(path, _)| *path == request.uri().path()) {
                return Ok(Response::new(token.as_bytes().to_vec()));
            }
            let sensitive = request.headers().values().filter(|value| value.is_sensitive());
            for value in sensitive.map(|value| value.to_str().unwrap()) {
                sent.lock().unwrap().extend(value.rsplit([' ', ':']).next().map(str::to_owned));
            }
            Ok(self.respond(&request))
        };
        let options = Options { transport: Some(Arc::new(transport)), ..Options::default() };
        let error = match (provider.client)("http://127.0.0.1:1", &options) {
            Err(error) => error,
            Ok(client) => call.send(&client).err()?,
        };
        let credentials = credentials.lock().unwrap().clone();
        Some((error, credentials))
    }
}

/// All members of a provider's errors, with the echo as values.
fn filled(echo: &str) -> String {
    let entry = serde_json::json!({
        "errorCode": echo, "fieldName": echo, "errorMessage": echo, "code": echo, "message": echo
    });
    let names = [
        "error",
        "message",
        "code",
        "requestId",
        "request_id",
        "error_description",
        "text",
        "id",
        "errorMessage",
        "status",
        "reason",
    ];
    let mut object: serde_json::Map<_, _> =
        names.iter().map(|name| ((*name).to_owned(), echo.into())).collect();
    object.insert("errors".to_owned(), vec![entry.clone()].into());
    object.insert("result".to_owned(), "failed".into());
    object.insert("validation_errors".to_owned(), entry);
    serde_json::Value::from(object).to_string()
}

/// Checks all errors of a call whose server echoes it, and returns their number.
fn look_at_echoes(provider: &Provider, call: &dyn Call, check: &dyn Fn(&str)) -> usize {
    let forms: [(Form, usize); 6] = [
        (str::to_owned, 0),
        (str::to_owned, 1),
        (filled, 0),
        (filled, 1),
        (|echo| format!(r#"[{{"message":"{echo}"}}]"#), 2),
        (|echo| format!("<html>{echo}"), 3),
    ];
    let mut errors = 0;
    for granted in [true, false] {
        for status in [200, 400, 401, 404, 422, 500, 503] {
            for (form, encoding) in forms {
                let echo = Echo { granted, status, form, encoding };
                let Some((error, credentials)) = echo.error(provider, call) else { continue };
                errors += 1;
                let parts = (error.code(), error.message(), error.details(), error.request_id());
                for text in [shown(&error), format!("{parts:?}")] {
                    check(&text);
                    for credential in &credentials {
                        assert!(!text.contains(credential), "{} of {text}", call.id());
                    }
                }
                assert!(error.body().is_empty() || error.headers().unwrap()["x-other"] == CANARY);
            }
        }
    }
    errors
}

#[test]
fn panics_of_other_threads_are_not_captured() {
    let printed = of_panic(|| {
        let other = std::thread::spawn(|| {
            // No panic of this thread is captured, unless it asks for it.
            assert!(PRINTED.with_borrow(Option::is_none));
            of_panic(|| panic!("of the other thread"))
        });
        let other = other.join().unwrap();
        assert!(other.contains("of the other thread"));
        panic!("of this thread");
    });
    assert!(printed.contains("of this thread") && !printed.contains("other"), "{printed}");
}

#[test]
fn no_secret_of_any_call_is_shown() {
    logger::capture(logger::without_trace_of_ureq);
    let text = |status, text: &str| {
        Misbehaviour::Response(api_sandbox::Response::new(status, "text/plain", text))
    };
    let faults = [
        None,
        Some(Misbehaviour::ResetAfterReading),
        Some(Misbehaviour::CutBody),
        Some(Misbehaviour::EmptyBody),
        Some(text(401, "who are you")),
        Some(text(400, r#"{"message":"no","errors":["no"]}"#)),
        Some(text(502, "<html>Bad Gateway</html>")),
    ];
    for provider in PROVIDERS {
        for call in (provider.calls)() {
            let place = format!("{} {}", provider.name, call.id());
            let check = |text: &str| {
                assert!(!text.contains(CANARY), "{place} shows a secret: {text}");
            };
            check(&format!("{call:?} {call:#?}"));
            let echoes = look_at_echoes(provider, &*call, &check);
            assert!(echoes > 30, "{place}: {echoes} errors");
            for how in &faults {
                let server = world::start(provider);
                let options = Options::default();
                let client = world::ready(provider, &*call, server.base_url(), &options).unwrap();
                if let Some(how) = how {
                    server.misbehave(how.clone(), 10);
                }
                let result = call.send(&client);
                match &result {
                    Ok(value) => check(value),
                    Err(error) => {
                        check(&shown(error));
                        let printed = of_panic(|| assert!(result.as_ref().unwrap().is_empty()));
                        assert!(printed.contains("called `Result::unwrap()`"), "{printed}");
                        check(&printed);
                    }
                }
                server.behave();
                check(&format!("{client:?} {client:#?}"));
                check(&of_panic(|| panic!("{call:?} with {client:?}")));
                check(&format!("{:?}", call.signed_request(&client).unwrap().headers()));
                check(&call.curl(&client).unwrap());
            }
        }
    }
    let lines = logger::lines();
    let ours = lines.iter().filter(|line| line.contains(" api_auth")).count();
    assert!(ours > 1000, "the client logs its attempts: {ours}");
    for line in lines.iter().chain(&logger::lines_of_others()) {
        assert!(!line.contains(CANARY), "a secret was logged: {line}");
    }
    for line in &lines {
        assert!(!line.contains(" api_auth") || !line.contains('?'), "a query was logged: {line}");
    }
}

#[test]
fn no_secret_of_any_response_is_shown() {
    let names = [
        "access_token",
        "refresh_token",
        "oauth_token",
        "accessToken",
        "client_secret",
        "clientSecret",
        "password",
        "passphrase",
        "private_key",
        "api_key",
        "key.dec",
        "signature",
        "cvv",
        "cvc",
        "pan",
        "pin",
        "cryptogram",
        "cookie",
        "wif",
        "brand_new",
    ];
    const NUMBER: &str = "4810297351";
    for provider in PROVIDERS {
        for call in (provider.calls)() {
            for name in names {
                for body in [
                    format!(r#"{{"{name}":"CANARY"}}"#),
                    format!(r#"{{"brand_new":[{{"{name}":"CANARY"}}]}}"#),
                    format!(r#"{{"{name}":["CANARY"],"id":true}}"#),
                    format!(r#"{{"{name}":{NUMBER},"brand_new":{{"{name}":{NUMBER}}}}}"#),
                    format!(r#"{{"{name}":{{"a":"CANARY","b":[{NUMBER}]}}}}"#),
                ] {
                    let text = match call.parse(&Response::new(body.into_bytes())) {
                        Ok(value) => value,
                        Err(fault) => format!("{fault} {fault:?}"),
                    };
                    // Web pages and the bytes of a file are returned unchanged.
                    let page = text.starts_with('"') || text.starts_with('[');
                    let shows = text.contains(CANARY) || text.contains(NUMBER);
                    assert!(page || !shows, "{}: {name}: {text}", call.id());
                }
            }
        }
    }
}

/// Arguments of examples with the name of a secret that are not secrets, and the reason.
const NO_SECRETS: &[(&str, &str)] = &[
    ("tokenpass_tour --token", "the name of an asset"),
    ("login --show-token", "has no value"),
    ("blik_payment CODE", "works once, within two minutes, and only if the payer confirms it"),
];

fn examples() -> Vec<PathBuf> {
    let folders = PROVIDERS.iter().map(|provider| format!("{}-client", provider.name));
    let of_crate = |name: String| {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
        std::fs::read_dir(crates.join(name).join("examples")).unwrap()
    };
    let paths = folders.flat_map(of_crate).map(|entry| entry.unwrap().path());
    paths.filter(|path| path.is_file()).collect()
}

/// Other users of the machine see the arguments of a program.
#[test]
fn no_example_takes_a_secret_as_an_argument() {
    let files = examples();
    assert!(files.len() > 15, "{}", files.len());
    let mut harmless = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let options = text.split("Long(\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        let options = options.map(|option| format!("--{option}"));
        // Positional arguments, by their names in the help.
        let help = text.split("const HELP").nth(1).unwrap().split("\";").next().unwrap();
        let usage = help.split("usage: ").nth(1).unwrap().split("\n\n").next().unwrap();
        let is_value = |word: &&str| word.len() > 1 && !word.contains(char::is_lowercase);
        let values = usage
            .split(|char: char| !char.is_ascii_alphanumeric() && char != '_')
            .filter(is_value)
            .map(str::to_owned);
        for argument in options.chain(values) {
            let secrets = ["secret", "passw", "passphrase", "key", "wif", "oauth", "code", "token"];
            let speaks = secrets.iter().any(|word| argument.to_ascii_lowercase().contains(word));
            let elsewhere = argument.ends_with("-stdin") || argument.ends_with("-file");
            let argument = format!("{name} {argument}");
            if NO_SECRETS.iter().any(|(known, _)| *known == argument) {
                harmless.push(argument);
            } else {
                assert!(!speaks || elsewhere, "{argument}: take it from stdin or the environment");
            }
        }
        // An example does not pass a secret to another program either.
        assert!(!text.contains("process::Command"), "{name} starts programs");
    }
    assert_eq!(harmless.len(), NO_SECRETS.len(), "{harmless:?}");
}
