//! Access tokens and their expiry, without I/O and without a clock.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;
use crate::wire;

/// The margin before the expiry of a token in which the token is no longer used. For a short
/// lifetime, the margin is a tenth of the lifetime instead.
const LONGEST_MARGIN: Duration = Duration::from_secs(30);
/// The maximum time by which the clock of another machine that shares a store may be ahead.
const SKEW: Duration = Duration::from_secs(60);
/// The version of the format of [`AccessToken::to_text`]. Stored tokens of other versions are
/// ignored.
const VERSION: u32 = 1;

/// An access token and its lifetime.
///
/// The lifetime begins when the token is received, according to the local clock. Times from the
/// server are not compared with that clock.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use api_auth::AccessToken;
///
/// let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
/// let token = AccessToken::new("t", now).with_lifetime(Duration::from_secs(7200));
/// assert!(token.is_fresh(now + Duration::from_secs(7169)));
/// assert!(!token.is_fresh(now + Duration::from_secs(7170)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    value: Secret,
    refresh: Option<Secret>,
    scope: Option<String>,
    received: SystemTime,
    lifetime: Option<Duration>,
    verifier: Option<Verifier>,
}

/// The length of a salt in bytes.
pub(crate) const SALT: usize = 16;

/// The salt and the MAC that a [`VerifiedStore`](crate::VerifiedStore) stores with a token.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Verifier {
    pub(crate) salt: [u8; SALT],
    pub(crate) mac: [u8; 32],
}

impl fmt::Debug for Verifier {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(***)")
    }
}

impl AccessToken {
    /// Creates a token that was received at `received` and is valid until the server rejects it.
    #[inline]
    pub fn new(value: impl Into<Secret>, received: SystemTime) -> Self {
        Self {
            value: value.into(),
            refresh: None,
            scope: None,
            received,
            lifetime: None,
            verifier: None,
        }
    }

    /// Sets the lifetime, which begins when the token is received.
    #[must_use]
    #[inline]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// Adds the refresh token, with which a new access token can be requested.
    #[must_use]
    #[inline]
    pub fn with_refresh(mut self, refresh: impl Into<Secret>) -> Self {
        self.refresh = Some(refresh.into());
        self
    }

    /// Adds the scope, as the server returned it.
    #[must_use]
    #[inline]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Adds the refresh token of the previous token if this token has none.
    #[must_use]
    #[inline]
    pub fn after(mut self, previous: &Self) -> Self {
        if self.refresh.is_none() {
            self.refresh.clone_from(&previous.refresh);
        }
        self
    }

    #[inline]
    pub(crate) fn with_verifier(mut self, verifier: Verifier) -> Self {
        self.verifier = Some(verifier);
        self
    }

    #[inline]
    pub(crate) fn take_verifier(&mut self) -> Option<Verifier> {
        self.verifier.take()
    }

    /// Passes every stored part of the token to `add`, each preceded by its length. An absent part
    /// is passed as `-`.
    #[inline]
    pub(crate) fn update(&self, add: &mut dyn FnMut(&[u8])) {
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs().to_string());
        let received = self.received.duration_since(UNIX_EPOCH).ok();
        for part in [
            Some(self.value.expose()),
            self.refresh.as_ref().map(Secret::expose),
            self.scope.as_deref(),
            seconds(received).as_deref(),
            seconds(self.lifetime).as_deref(),
        ] {
            match part {
                Some(part) => {
                    add(part.len().to_string().as_bytes());
                    add(b":");
                    add(part.as_bytes());
                }
                None => add(b"-"),
            }
        }
    }

    /// Returns whether this token, whose time may have been truncated to a whole second in a store,
    /// was received in the same second as `other` or later.
    #[inline]
    pub(crate) fn is_as_new_as(&self, other: &Self) -> bool {
        let late = self.received.checked_add(Duration::from_secs(1));
        late.is_none_or(|late| late > other.received)
    }

    /// Returns whether the lifetime has ended at `now`.
    #[inline]
    pub(crate) fn is_expired(&self, now: SystemTime) -> bool {
        let end = self.lifetime.and_then(|lifetime| self.received.checked_add(lifetime));
        end.is_some_and(|end| end <= now)
    }

    /// Removes the refresh token, which was rejected.
    #[inline]
    pub(crate) fn drop_refresh(&mut self) {
        self.refresh = None;
    }

    /// Returns the access token as a secret.
    #[inline]
    pub fn value(&self) -> &Secret {
        &self.value
    }

    /// Returns the refresh token. Returns `None` if the server returned none.
    #[inline]
    pub fn refresh(&self) -> Option<&Secret> {
        self.refresh.as_ref()
    }

    /// Returns the scope, as the server returned it, or `None` if it returned none. Some servers
    /// return a scope that is not correct.
    #[inline]
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// Returns the time at which the token was received.
    #[inline]
    pub fn received(&self) -> SystemTime {
        self.received
    }

    /// Returns the lifetime, which begins when the token is received. Returns `None` if the server
    /// returned none.
    #[inline]
    pub fn lifetime(&self) -> Option<Duration> {
        self.lifetime
    }

    /// Returns whether the token can be used at `now`. It is not used in the last 30 s or the last
    /// tenth of its lifetime, whichever is shorter.
    ///
    /// A token that was received more than 60 s after `now` is not used, because the clock must
    /// have been set back.
    #[inline]
    pub fn is_fresh(&self, now: SystemTime) -> bool {
        let age = match now.duration_since(self.received) {
            Ok(age) => age,
            Err(ahead) if ahead.duration() <= SKEW => Duration::ZERO,
            Err(_) => return false,
        };
        self.lifetime
            .is_none_or(|lifetime| age < lifetime.saturating_sub(LONGEST_MARGIN.min(lifetime / 10)))
    }

    /// Serializes the token as one line of text, for a [`TokenStore`](crate::TokenStore). The
    /// result is a secret.
    #[inline]
    pub fn to_text(&self) -> Secret {
        let received = self.received.duration_since(UNIX_EPOCH).unwrap_or_default();
        let stored = Stored {
            version: VERSION,
            token: Some(self.value.expose().to_owned()),
            refresh: self.refresh.as_ref().map(|refresh| refresh.expose().to_owned()),
            scope: self.scope.clone(),
            received: i64::try_from(received.as_secs()).ok(),
            lifetime: self.lifetime.and_then(|lifetime| i64::try_from(lifetime.as_secs()).ok()),
            salt: self.verifier.as_ref().map(|verifier| to_base64(&verifier.salt)),
            verifier: self.verifier.as_ref().map(|verifier| to_base64(&verifier.mac)),
        };
        serde_json::to_string(&stored).unwrap_or_default().into()
    }

    /// Parses the result of [`to_text`](AccessToken::to_text). Returns `None` for any other text,
    /// including that of a later version.
    #[inline]
    pub fn from_text(text: &str) -> Option<Self> {
        let stored: Stored = serde_json::from_slice(text.as_bytes()).ok()?;
        let seconds =
            |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok()).map(Duration::from_secs);
        let verifier = match (stored.salt, stored.verifier) {
            (Some(salt), Some(mac)) => {
                Some(Verifier { salt: from_base64(&salt)?, mac: from_base64(&mac)? })
            }
            _ => None,
        };
        Some(Self {
            verifier,
            value: stored.token.filter(|_| stored.version == VERSION)?.into(),
            refresh: stored.refresh.map(Secret::from),
            scope: stored.scope,
            received: UNIX_EPOCH.checked_add(seconds(stored.received)?)?,
            lifetime: seconds(stored.lifetime),
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    token: Option<String>,
    refresh: Option<String>,
    scope: Option<String>,
    #[serde(default, deserialize_with = "wire::integer")]
    received: Option<i64>,
    #[serde(default, deserialize_with = "wire::integer")]
    lifetime: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verifier: Option<String>,
}

#[inline]
fn to_base64(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

#[inline]
fn from_base64<const N: usize>(text: &str) -> Option<[u8; N]> {
    STANDARD_NO_PAD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn token(lifetime: u64) -> AccessToken {
        AccessToken::new("t", at(1000)).with_lifetime(Duration::from_secs(lifetime))
    }

    #[test]
    fn the_margin_is_thirty_seconds_or_a_tenth() {
        for (lifetime, last) in [(7200, 7169), (300, 269), (100, 89), (10, 8), (1, 0)] {
            assert!(token(lifetime).is_fresh(at(1000 + last)), "{lifetime}");
            assert!(!token(lifetime).is_fresh(at(1000 + last + 1)), "{lifetime}");
        }
        assert!(!token(0).is_fresh(at(1000)));
    }

    #[test]
    fn token_without_a_lifetime_never_expires() {
        assert!(AccessToken::new("t", at(1000)).is_fresh(at(1 << 40)));
    }

    #[test]
    fn token_received_in_the_future_is_not_fresh() {
        assert!(token(7200).is_fresh(at(940)), "another machine may be a little ahead");
        assert!(!token(7200).is_fresh(at(939)));
    }

    #[test]
    fn all_parts_of_a_token_are_returned_and_stored() {
        let bare = AccessToken::new("t", at(1000));
        assert_eq!((bare.scope(), bare.lifetime(), bare.refresh()), (None, None, None));
        let full = token(60).with_scope("read write").with_refresh("r");
        assert_eq!((full.value(), full.received()), (&Secret::new("t"), at(1000)));
        assert_eq!(
            (full.scope(), full.lifetime()),
            (Some("read write"), Some(Duration::from_secs(60)))
        );
        let kept = AccessToken::from_text(full.to_text().expose()).unwrap();
        assert_eq!(kept, full);
    }

    #[test]
    fn refresh_token_is_kept_if_a_response_omits_it() {
        let first = token(1).with_refresh("r1");
        assert_eq!(token(1).after(&first).refresh(), Some(&Secret::new("r1")));
        assert_eq!(token(1).with_refresh("r2").after(&first).refresh(), Some(&Secret::new("r2")));
    }

    #[test]
    fn other_texts_are_not_tokens() {
        let text = token(7200).to_text();
        for bad in [
            "",
            "{",
            "null",
            "{}",
            "[]",
            &text.expose().replace('{', ""),
            &text.expose().replace("\"version\":1", "\"version\":2"),
        ] {
            assert_eq!(AccessToken::from_text(bad), None, "{bad}");
        }
    }

    #[test]
    fn debug_does_not_show_the_token() {
        let token = AccessToken::new("CANARY", at(0)).with_refresh("CANARY");
        assert!(!format!("{token:?}").contains("CANARY"));
    }

    proptest! {
        #[test]
        fn every_token_round_trips_as_text(
            value in ".*", refresh in proptest::option::of(".*"),
            received in 0u64..1 << 40, lifetime in proptest::option::of(0u64..1 << 40),
        ) {
            let mut token = AccessToken::new(value, at(received)).with_scope("a b");
            token.lifetime = lifetime.map(Duration::from_secs);
            token.refresh = refresh.map(Secret::from);
            prop_assert_eq!(AccessToken::from_text(token.to_text().expose()), Some(token));
        }

        #[test]
        fn stored_times_never_panic(received: i64, lifetime: i64, other: u64, now in 0u64..1 << 40) {
            let text = format!(
                r#"{{"version":1,"token":"t","received":{received},"lifetime":{lifetime}}}"#
            );
            if let Some(token) = AccessToken::from_text(&text) {
                let _ = (token.is_fresh(at(now)), token.to_text());
                if let Some(other) = UNIX_EPOCH.checked_add(Duration::from_secs(other)) {
                    let other = AccessToken::new("u", other);
                    prop_assert!(token.is_as_new_as(&other) || other.is_as_new_as(&token));
                }
            }
        }

        #[test]
        fn no_time_panics(received in 0u64..1 << 50, now in 0u64..1 << 50, lifetime: u64) {
            let lifetime = Duration::from_secs(lifetime);
            let token = AccessToken::new("t", at(received)).with_lifetime(lifetime);
            let _ = token.is_fresh(at(now));
        }
    }
}
