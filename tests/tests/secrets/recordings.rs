//! Recordings of every call of every provider: no secret in them, and each can be replayed.

use std::path::PathBuf;
use std::sync::Arc;

use api_auth::{Replay, Request, Response, TransportError};
use workspace_tests::catalogue::{CANARY, Options, PROVIDERS, Provider};
use workspace_tests::world;

fn file(name: &str) -> PathBuf {
    let name = format!("recording-of-{name}-{}.jsonl", std::process::id());
    let path = std::env::temp_dir().join(name);
    let _ = std::fs::remove_file(&path);
    path
}

/// Sends every call and returns the results, or the kinds of their errors.
fn send_all(provider: &Provider, base_url: &str, options: &Options) -> Vec<(String, String)> {
    let client = (provider.client)(base_url, options).unwrap();
    let result = |result: api_auth::Result<String>| match result {
        Ok(_) => "ok".to_owned(),
        Err(error) => format!("{:?} {:?}", error.kind(), error.status()),
    };
    let calls = (provider.calls)();
    calls.iter().map(|call| (call.id().to_owned(), result(call.send(&client)))).collect()
}

#[test]
fn no_recording_contains_a_secret_that_a_server_repeats() {
    for provider in PROVIDERS {
        let path = file(&format!("echo-{}", provider.name));
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
        send_all(provider, "http://127.0.0.1:1", &options);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let calls = (provider.calls)().len();
        assert!(text.lines().count() > calls, "{}: {}", provider.name, text.lines().count());
        for line in text.lines() {
            assert!(!line.contains(CANARY), "{}: {line}", provider.name);
        }
    }
}

#[test]
fn recordings_of_all_calls_can_be_replayed() {
    for provider in PROVIDERS {
        let path = file(provider.name);
        let server = world::start(provider);
        let options = Options { record: Some(path.clone()), ..Options::default() };
        let results = send_all(provider, server.base_url(), &options);
        let successes = results.iter().filter(|(_, result)| result == "ok").count();
        assert!(successes > results.len() / 2, "{}: {results:?}", provider.name);
        let replay = Replay::open(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let options = Options { transport: Some(Arc::new(replay.clone())), ..Options::default() };
        let replayed = send_all(provider, server.base_url(), &options);
        for (recorded, replayed) in results.iter().zip(&replayed) {
            // An image or a document is not in a recording.
            if !OMITTED.contains(&&*recorded.0) {
                assert_eq!(recorded, replayed, "{}: {text}", provider.name);
            }
        }
        assert_eq!(replay.remaining(), 0, "{}", provider.name);
    }
}

/// Endpoints whose response is a file.
const OMITTED: &[&str] = &["reports.file"];
