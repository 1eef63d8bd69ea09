//! Recordings of every call of every provider: no secret in them, and each can be replayed.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use api_auth::{Replay, Request, Response, Transport, TransportError};
use workspace_tests::Folder;
use workspace_tests::catalogue::{CANARY, Call, Options, PROVIDERS, Provider};

/// Returns the path of a recording, and its folder.
fn file(name: &str) -> (Folder, PathBuf) {
    let folder = Folder::new(&format!("recording-of-{name}"));
    std::fs::create_dir_all(&folder.0).unwrap();
    let path = folder.0.join("recording.jsonl");
    (folder, path)
}

#[test]
fn no_recording_contains_a_secret_that_a_server_repeats() {
    for provider in PROVIDERS {
        let (_file, path) = file(&format!("echo-{}", provider.name));
        let grant = provider.grant;
        let transport = move |request: Request| -> Result<Response, TransportError> {
            if let Some((_, token)) = grant.filter(|(path, _)| *path == request.uri().path()) {
                return Ok(Response::new(token.as_bytes().to_vec()));
            }
            let mut text = format!("{} {}\n", request.uri(), request.method());
            for (name, value) in request.headers() {
                text.push_str(&format!("{name}: {}\n", value.to_str().unwrap()));
            }
            text.push_str(&String::from_utf8_lossy(request.body()));
            let body = serde_json::json!({ "echo": text, "list": [{ "again": text }] });
            Ok(Response::new(body.to_string().into_bytes()))
        };
        let options = Options {
            transport: Some(Arc::new(transport)),
            record: Some(path.clone()),
            ..Options::default()
        };
        let client = (provider.client)("http://127.0.0.1:1", &options).unwrap();
        for call in (provider.calls)() {
            let _ = call.send(&client);
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let calls = (provider.calls)().len();
        assert!(text.lines().count() > calls, "{}: {}", provider.name, text.lines().count());
        for line in text.lines() {
            assert!(!line.contains(CANARY), "{}: {line}", provider.name);
        }
    }
}

/// Returns the names of the fields of a crate whose type is a secret, as they are in JSON.
fn secret_fields(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(secret_fields(&path));
            continue;
        }
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let field = line.trim().strip_prefix("pub ").and_then(|line| line.split_once(": "));
            if let Some((name, "Secret," | "Option<Secret>,")) = field {
                let mut camel = String::new();
                for (index, word) in name.split('_').enumerate() {
                    let (first, rest) = word.split_at(usize::from(index > 0));
                    camel.push_str(&(first.to_ascii_uppercase() + rest));
                }
                names.extend([name.to_owned(), camel]);
            }
        }
    }
    names
}

#[test]
fn secret_fields_of_responses_are_masked() {
    let mut count = 0;
    for provider in PROVIDERS {
        let folder = format!("../crates/{}-client/src", provider.name);
        let names = secret_fields(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
        count += names.len();
        let (_file, path) = file(&format!("fields-{}", provider.name));
        let fields = names.clone();
        let grant = provider.grant;
        let transport = move |request: Request| -> Result<Response, TransportError> {
            if let Some((_, token)) = grant.filter(|(path, _)| *path == request.uri().path()) {
                return Ok(Response::new(token.as_bytes().to_vec()));
            }
            let members = fields.iter().map(|name| (name.clone(), CANARY.into()));
            let object: serde_json::Map<_, _> = members.collect();
            let body = serde_json::json!({ "list": [{ "settings": object }], "result": object });
            Ok(Response::new(body.to_string().into_bytes()))
        };
        let options = Options {
            transport: Some(Arc::new(transport)),
            record: Some(path.clone()),
            ..Options::default()
        };
        let client = (provider.client)("http://127.0.0.1:1", &options).unwrap();
        // The result does not matter: the exchange is recorded.
        let _ = (provider.calls)().first().unwrap().send(&client);
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines() {
            assert!(!line.contains(CANARY), "{} {names:?}: {line}", provider.name);
        }
    }
    assert!(count > 20, "{count}");
}

/// Returns a transport that returns the documented response of each call. `current` is the id of
/// the call.
fn documented(provider: &Provider, current: Arc<Mutex<String>>) -> impl Transport + 'static {
    let folder = format!("../crates/{}-client/tests/integration/responses", provider.name);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let grant = provider.grant;
    move |request: Request| -> Result<Response, TransportError> {
        if let Some((_, token)) = grant.filter(|(path, _)| *path == request.uri().path()) {
            return Ok(Response::new(token.as_bytes().to_vec()));
        }
        let path = folder.join(format!("{}.json", current.lock().unwrap()));
        Ok(Response::new(std::fs::read(path).unwrap_or_else(|_| b"{}".to_vec())))
    }
}

#[test]
fn documented_responses_of_recordings_can_be_replayed() {
    let mut count = 0;
    for provider in PROVIDERS {
        let (_file, path) = file(provider.name);
        let current = Arc::<Mutex<String>>::default();
        let options = Options {
            transport: Some(Arc::new(documented(provider, current.clone()))),
            record: Some(path.clone()),
            ..Options::default()
        };
        let send_all = |options: &Options| {
            let client = (provider.client)("http://127.0.0.1:1", options).unwrap();
            let result = |call: &dyn Call| {
                *current.lock().unwrap() = call.id().to_owned();
                call.send(&client).map(drop).map_err(|error| error.kind())
            };
            (provider.calls)().iter().map(|call| (call.id(), result(&**call))).collect::<Vec<_>>()
        };
        let recorded = send_all(&options);
        let replay = Replay::open(&path).unwrap();
        let transport = Some(Arc::new(replay.clone()) as Arc<dyn Transport>);
        let replayed = send_all(&Options { transport, ..Options::default() });
        assert_eq!(recorded, replayed, "{}", provider.name);
        assert_eq!(replay.remaining(), 0, "{}", provider.name);
        count += recorded.iter().filter(|(_, result)| result.is_ok()).count();
    }
    assert!(count > 90, "{count} calls have a documented response");
}
