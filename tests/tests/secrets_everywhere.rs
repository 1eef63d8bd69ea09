//! Canaries in every secret of every call of every provider, searched for wherever text comes out;
//! and a look at every public type, so that a new one cannot be forgotten.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use api_auth::{Error, Response, Secrets};
use api_sandbox::{Misbehaviour, Reply};
use workspace_tests::catalogue::{CANARY, Knobs, PROVIDERS};
use workspace_tests::world;

/// Keeps every line of every crate, at the finest level; ureq's own targets at `debug`, since they
/// print URLs and bytes at `trace`, which `docs/security.md` warns of.
struct Lines(Mutex<Vec<String>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl log::Log for Lines {
    fn enabled(&self, of: &log::Metadata<'_>) -> bool {
        !of.target().starts_with("ureq") || of.level() < log::Level::Trace
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = format!("{} {} {}", record.level(), record.target(), record.args());
        self.0.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

fn shown(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(" {error} {error:?}"));
        source = error.source();
    }
    text
}

/// One test, since the logger is one for the process.
#[test]
fn no_secret_of_any_call_is_shown() {
    log::set_logger(&LINES).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let text = |status, text: &str| Misbehaviour::Answer(Reply::new(status, "text/plain", text));
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
            for how in &faults {
                let server = world::start(provider);
                let knobs = Knobs::default();
                let client = world::ready(provider, &*call, server.base_url(), &knobs).unwrap();
                if let Some(how) = how {
                    server.misbehave(how.clone(), 10);
                }
                match call.send(&client) {
                    Ok(value) => check(&value),
                    Err(error) => check(&shown(&error)),
                }
                server.behave();
                check(&format!("{client:?} {client:#?}"));
                check(&format!("{:?}", call.prepare(&client).unwrap().headers()));
                check(&call.curl(&client, Secrets::Masked).unwrap());
            }
        }
    }
    let lines = LINES.0.lock().unwrap();
    let ours = lines.iter().filter(|line| line.contains(" api_auth")).count();
    assert!(ours > 1000, "the client logs its attempts: {ours}");
    for line in &*lines {
        assert!(!line.contains(CANARY), "a secret was logged: {line}");
        assert!(!line.contains(" api_auth") || !line.contains('?'), "a query was logged: {line}");
    }
}

#[test]
fn no_secret_of_any_answer_is_shown() {
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
    ];
    for provider in PROVIDERS {
        for call in (provider.calls)() {
            for name in names {
                for body in [
                    format!(r#"{{"{name}":"CANARY"}}"#),
                    format!(r#"{{"brand_new":[{{"{name}":"CANARY"}}]}}"#),
                    format!(r#"{{"{name}":["CANARY"],"id":true}}"#),
                ] {
                    let text = match call.parse(&Response::new(body.into_bytes())) {
                        Ok(value) => value,
                        Err(fault) => format!("{fault} {fault:?}"),
                    };
                    // A page for people, and the bytes of a file, are what they are.
                    let page = text.starts_with('"') || text.starts_with('[');
                    assert!(page || !text.contains(CANARY), "{}: {name}: {text}", call.id());
                }
            }
        }
    }
}

/// Fields that are named like secrets and are none, and why.
const NO_SECRETS: &[(&str, &str)] = &[
    ("Dialect.digest", "the name of a parameter"),
    ("Dialect.token", "the name of a parameter"),
    ("Dialect.secrets", "names of parameters"),
    ("Bearer.secret_parameters", "names of parameters"),
    ("DetachedJws.signature", "of a public notification, with a public key"),
    ("CreditRow.tokenpass_user", "the name of a user"),
    ("GetPerks.token", "the name of an asset"),
    ("Perks.token", "the name of an asset"),
    ("GetMessengerPrivileges.token", "the name of an asset"),
    ("MessengerPrivileges.token", "the name of an asset"),
    ("Chat.tokens", "names of assets"),
    ("SignSecondFactor.signature", "of a public message, by a key that is not sent"),
    ("VerifyAddress.signature", "of a public message, by a key that is not sent"),
    ("UserToken.token_type", "`Bearer`"),
    ("Token.token_type", "`Bearer`"),
    ("BlikAlias.key", "which of several applications of a payer, as the server lists them"),
    ("PaymentNotification.token_expiry_date", "a month"),
    ("TokenizationNotification.token_expiry_date", "a month"),
    ("TokenizationNotification.tokenization_id", "the number of an event"),
];

/// The words that speak of a secret.
const SPEAK_OF_SECRETS: &[&str] =
    &["token", "secret", "passw", "passphrase", "key", "signature", "digest", "cookie", "verifier"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The named fields of every public struct of a source text, as `Struct.field` and type.
fn fields(text: &str) -> Vec<(String, String)> {
    let code = text.split("#[cfg(test)]").next().unwrap();
    let mut found = Vec::new();
    for structure in code.split("\npub struct ").skip(1) {
        let (head, rest) = structure.split_once(['{', ';']).unwrap_or((structure, ""));
        let name = head.split(['<', '(', ' ']).next().unwrap();
        if let Some((_, inside)) = head.split_once('(') {
            found.push((format!("{name}.0"), inside.trim_end_matches(')').to_owned()));
            continue;
        }
        for line in rest.split("\n}").next().unwrap().lines().map(str::trim) {
            let line = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
            match line.split_once(": ") {
                Some((field, kind)) if !line.starts_with(['/', '#']) => {
                    found.push((format!("{name}.{field}"), kind.trim_end_matches(',').to_owned()));
                }
                _ => {}
            }
        }
    }
    found
}

#[test]
fn whatever_is_named_like_a_secret_is_one_in_every_public_type() {
    let mut files = Vec::new();
    for krate in
        ["api-auth", "tinypass-client", "tinycert-client", "tokenpass-client", "tpay-client"]
    {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
        sources(&crates.join(krate).join("src"), &mut files);
    }
    let mut seen = 0;
    let mut plain = Vec::new();
    for file in files {
        for (field, kind) in fields(&std::fs::read_to_string(&file).unwrap()) {
            seen += 1;
            let name = field.split('.').nth(1).unwrap().to_ascii_lowercase();
            let speaks = SPEAK_OF_SECRETS.iter().any(|word| name.contains(word));
            let text = ["String", "Vec<u8>", "str", "Value"].iter().any(|text| kind.contains(text));
            if speaks && text {
                plain.push(field);
            }
        }
    }
    assert!(seen > 800, "the search finds fields: {seen}");
    let allowed: Vec<&str> = NO_SECRETS.iter().map(|(field, _)| *field).collect();
    let new: Vec<&String> = plain.iter().filter(|field| !allowed.contains(&&***field)).collect();
    assert!(new.is_empty(), "make these `Secret`, or say in NO_SECRETS why they are none: {new:?}");
    let gone: Vec<&&str> =
        allowed.iter().filter(|field| !plain.iter().any(|plain| plain == **field)).collect();
    assert!(gone.is_empty(), "these are no more: {gone:?}");
}

/// Other users of the machine see the arguments of a program.
#[test]
fn no_example_takes_a_secret_as_an_argument() {
    let mut files = Vec::new();
    for provider in PROVIDERS {
        let folder = format!("../crates/{}-client/examples", provider.name);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        if folder.exists() {
            sources(&folder, &mut files);
        }
    }
    assert!(!files.is_empty());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for option in text.split("Long(\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            // A token is an asset to some.
            let secrets = ["secret", "passw", "passphrase", "key", "wif", "oauth", "code"];
            let speaks = secrets.iter().any(|word| option.contains(word));
            let elsewhere = option.ends_with("-stdin") || option.ends_with("-file");
            assert!(!speaks || elsewhere, "{}: --{option}", file.display());
        }
    }
}
