//! Properties for any input: the functions of the fuzz targets, which `tests/project/corpus.rs`
//! runs with the files of a corpus.

mod encoders;
mod json;
mod notifications;
mod responses;

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use api_auth::oauth::{Bearer, Grant};
use api_auth::{
    AccessToken, Auth, Generation, MemoryStore, Request, Response, Secret, SecretOrigin,
    VerifiedStore, oauth, retry_after,
};
use tinypass_client::blocks::Blocks;
use tokenpass_client::{Balances, Rules};

pub use encoders::encoders;
pub use json::json;
pub use notifications::{jws, notification};
pub use responses::{responses_tinycert, responses_tinypass, responses_tokenpass, responses_tpay};

/// The function of a fuzz target.
pub type Body = fn(&[u8]);

/// Each function, with the name of its target, which is also its folder in `corpus`.
pub const BODIES: &[(&str, Body)] = &[
    ("block_open", block_open),
    ("encoders", encoders),
    ("json", json),
    ("jws", jws),
    ("notification", notification),
    ("responses_tinycert", responses_tinycert),
    ("responses_tinypass", responses_tinypass),
    ("responses_tokenpass", responses_tokenpass),
    ("responses_tpay", responses_tpay),
    ("retry_after", retry_after_header),
    ("rules", rules),
    ("store_file", store_file),
    ("token_response", token_response),
];

/// Parses a block, cookie or webhook, which must not panic, and must reject unsealed values.
pub fn block_open(data: &[u8]) {
    let blocks = Blocks::new("AIDAIDAID0", "thestringliteralisexactlyfortych").expect("a key");
    let text = String::from_utf8_lossy(data);
    // Sealed content round-trips, even as the content of a cookie that is not a list of tokens.
    let sealed = blocks.seal(&text);
    assert_eq!(blocks.open(&sealed).as_deref(), Ok(&*text));
    let _ = blocks.read_cookie(&format!("{{jax}}{sealed}"));
    let _ = blocks.read_webhook(&sealed);
    // Raw bytes: only the corpus's own sealed block, or another of this key, opens.
    if let Ok(opened) = blocks.open(&text) {
        assert_eq!(blocks.seal(&opened), text, "a block has one form only");
    }
    let _ = blocks.read_cookie(&text);
    let _ = blocks.read_unsigned_cookie(&text);
    let _ = blocks.read_webhook_target(&text);
}

/// Parses a string of rules, which must be parsed as written or rejected with a position.
///
/// # Panics
/// Panics if the parsed rules are displayed with another meaning.
pub fn rules(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = Rules::from_query(&text).map(|rules| rules.evaluate(&Balances::new()));
    let rules = match text.parse::<Rules>() {
        Ok(rules) => rules,
        Err(error) => {
            assert!(error.position().is_none_or(|position| position <= text.len()), "{error}");
            return;
        }
    };
    let allowed =
        |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || "<>=!().:".contains(c);
    assert!(text.chars().all(allowed), "{text:?} has a character of no rule");
    let printed = rules.to_string();
    assert_eq!(printed.parse().as_ref(), Ok(&rules), "{text:?} prints as {printed:?}");
    // Every word is displayed in its order: none is dropped or joined to another.
    let words = |text: &str| -> Vec<String> {
        let text = text.to_ascii_uppercase();
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != ':' && c != '.');
        let is_name = |word: &&str| word.starts_with(|c: char| c.is_ascii_alphabetic());
        words.filter(is_name).map(str::to_owned).collect()
    };
    assert_eq!(words(&text), words(&printed), "{text:?} prints as {printed:?}");
}

/// Parses a `Retry-After` header. The result for a date must be at most its distance from now.
pub fn retry_after_header(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let early = retry_after(&text, UNIX_EPOCH);
    let late = retry_after(&text, now);
    assert_eq!(early.is_some(), late.is_some());
    assert!(late <= early, "a wait never grows with the time");
    if let Ok(seconds) = text.trim().parse::<u64>() {
        assert_eq!(late, Some(Duration::from_secs(seconds)));
    }
}

/// Reads a stored token, which must be read as it was written or not at all, and must be usable and
/// rejectable whatever its times are.
///
/// # Panics
/// Panics if a token changes, or a time overflows.
pub fn store_file(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some(token) = AccessToken::from_text(&text) else { return };
    let written = token.to_text();
    assert_eq!(AccessToken::from_text(written.expose()).as_ref(), Some(&token));
    let server = oauth::TokenServer::new("https://h.example/token", "id", "s").expect("a server");
    let key = server.key(&Grant::ClientCredentials);
    let refused = {
        let mut response = Response::default();
        *response.status_mut() = api_auth::StatusCode::UNAUTHORIZED;
        response
    };
    for seconds in [0, 1_700_000_000, 4_000_000_000] {
        let now = UNIX_EPOCH + Duration::from_secs(seconds);
        let _ = token.is_fresh(now);
        // As the store of two clients, one of which holds a token that was rejected.
        let store = Arc::new(MemoryStore::new());
        let secret = Secret::new("s");
        let bearer =
            Bearer::new(server.clone(), Grant::ClientCredentials).with_store(store.clone());
        let fetched = Response::new(br#"{"access_token":"fetched"}"#.to_vec());
        bearer.handle_response(fetched, now).expect("a token");
        let (mut request, mut note) = (Request::default(), Generation::default());
        bearer.sign(&mut request, &mut note, now).expect("a signature");
        assert!(bearer.invalidate_if_rejected(&refused, note));
        let verified = VerifiedStore::new(store, &[&secret], SecretOrigin::Generated);
        verified.save(&key, &token);
        assert!(verified.load(&key).is_some());
        if bearer.is_ready(now) {
            assert!(token.is_fresh(now));
            bearer.sign(&mut request, &mut note, now).expect("a signature");
        }
    }
}

/// Parses a token response. A parsed token must have a value, and it must be possible to store it.
pub fn token_response(data: &[u8]) {
    let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for status in [200, 400] {
        let mut response = Response::new(data.to_vec());
        *response.status_mut() = status.try_into().expect("a status");
        match oauth::token_response(&response, now) {
            Ok(token) => {
                assert!(status == 200 && !token.value().is_empty());
                assert_eq!(AccessToken::from_text(token.to_text().expose()), Some(token));
            }
            Err(fault) => assert!(!fault.to_string().is_empty()),
        }
    }
}
