//! Token cookies: what a visitor may see, kept in the browser.

use std::net::Ipv4Addr;
use std::time::SystemTime;

use api_auth::{Fields, UnixTime, setters, wire};
use serde::{Deserialize, Serialize};

use super::{Blocks, ReadError, json_text, read_json};

/// The most tokens of a cookie; the newest stay.
const MOST_TOKENS: usize = 20;
/// Larger times are milliseconds; as seconds they would be after the year 5138.
const MILLISECONDS_FROM: i64 = 100_000_000_000;
/// The kinds of a meter, as `mt` has them.
const REMINDER: i64 = 10;

/// One token: access to one resource, or a meter of it. Fields have the names of the wire.
///
/// Source: the official PHP client 2.0.8 and Ruby gem 0.0.1.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Token {
    /// The resource.
    #[serde(default, deserialize_with = "rid")]
    pub rid: String,
    /// The public id of the access record.
    #[serde(default, deserialize_with = "wire::text", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// TinyPass's id of the user.
    #[serde(default, deserialize_with = "wire::text", skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// When access ends, in Unix seconds (older tokens have milliseconds); 0 is never.
    #[serde(default, deserialize_with = "wire::integer", skip_serializing_if = "Option::is_none")]
    pub ex: Option<i64>,
    /// An earlier end, which wins over `ex`; in the same unit.
    #[serde(default, deserialize_with = "wire::integer", skip_serializing_if = "Option::is_none")]
    pub eex: Option<i64>,
    /// When it was made, in Unix seconds.
    #[serde(default, deserialize_with = "wire::integer", skip_serializing_if = "Option::is_none")]
    pub ct: Option<i64>,
    /// The addresses that may use it: dotted, or the hex of the four bytes from the last to the
    /// first (`4030201` for 1.2.3.4), as the official clients write them.
    #[serde(default, deserialize_with = "wire::texts", skip_serializing_if = "Vec::is_empty")]
    pub ips: Vec<String>,
    /// The kind of the meter: 10 reminds, 20 is strict; none or 0 is no meter.
    #[serde(default, deserialize_with = "wire::integer", skip_serializing_if = "Option::is_none")]
    pub mt: Option<i64>,
    /// When the meter's trial ends, in Unix seconds.
    #[serde(default, deserialize_with = "wire::integer", skip_serializing_if = "Option::is_none")]
    pub mtet: Option<i64>,
    /// When the lock-out after the trial ends, in Unix seconds.
    #[serde(default, deserialize_with = "wire::integer", skip_serializing_if = "Option::is_none")]
    pub mlet: Option<i64>,
    /// How many views the trial has.
    #[serde(default, deserialize_with = "wire::integer", skip_serializing_if = "Option::is_none")]
    pub mtma: Option<i64>,
    /// How many views were made.
    #[serde(default, deserialize_with = "wire::integer", skip_serializing_if = "Option::is_none")]
    pub mtaa: Option<i64>,
    /// What else is in it (`mlp`, `mtap`: the periods as texts).
    #[serde(flatten)]
    pub fields: Fields,
}

fn rid<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    wire::text(deserializer).map(Option::unwrap_or_default)
}

impl Token {
    /// Access to the resource `rid` without an end.
    pub fn new(rid: impl Into<String>) -> Self {
        Self { rid: rid.into(), ..Self::default() }
    }

    /// Ends then.
    #[must_use]
    pub fn expiration(mut self, end: UnixTime) -> Self {
        self.ex = Some(end.seconds());
        self
    }

    setters! {
        /// Is of this user.
        uid: impl Into<String>,
        /// Has this public id.
        id: impl Into<String>,
    }

    /// When access ends, in seconds, the earlier end first; `None` if it does not.
    pub fn expires(&self) -> Option<UnixTime> {
        moment(self.eex).or_else(|| moment(self.ex))
    }

    /// What the token gives at `now` to a visitor from `client_ip` (not looked at if `None`).
    pub fn access(&self, now: SystemTime, client_ip: Option<Ipv4Addr>) -> AccessState {
        let now = UnixTime::from(now);
        let allowed =
            |ip: Ipv4Addr| self.ips.is_empty() || self.ips.iter().any(|text| is(ip, text));
        if client_ip.is_some_and(|ip| !allowed(ip)) {
            return AccessState::IpMismatch;
        }
        if self.mt.is_some_and(|kind| kind != 0) {
            return self.meter(now);
        }
        match self.expires() {
            Some(end) if end <= now => AccessState::Expired,
            _ => AccessState::Granted,
        }
    }

    fn meter(&self, now: UnixTime) -> AccessState {
        let by_views = self.mt == Some(REMINDER) && self.mtma.is_some_and(|most| most > 0);
        let in_trial = if by_views {
            self.mtaa.unwrap_or(0) <= self.mtma.unwrap_or(0)
        } else {
            moment(self.mtet).is_none_or(|end| now <= end)
        };
        if in_trial {
            AccessState::MeteredInTrial
        } else if moment(self.mlet).is_some_and(|end| now <= end) {
            AccessState::InLockout
        } else {
            AccessState::TrialDead
        }
    }
}

/// A time of a token; `None` for none or 0.
fn moment(time: Option<i64>) -> Option<UnixTime> {
    let time = time.filter(|time| *time != 0)?;
    let milliseconds = time > MILLISECONDS_FROM;
    Some(UnixTime::from_seconds(if milliseconds { time / 1000 } else { time }))
}

/// Whether an address of a token is this one, in either form.
fn is(ip: Ipv4Addr, text: &str) -> bool {
    let reversed = u32::from_le_bytes(ip.octets());
    text == ip.to_string() || u32::from_str_radix(text, 16).is_ok_and(|number| number == reversed)
}

/// What a visitor may do, with the numbers of the official clients.
///
/// Source: the official PHP client 2.0.8 and Ruby gem 0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccessState {
    /// 100: access is given.
    Granted,
    /// 200: the token is bound to other addresses.
    IpMismatch,
    /// 201: there are tokens, but none of this resource.
    RidNotFound,
    /// 202: there is no token at all.
    NoTokens,
    /// 203: the meter's trial runs, so access is given.
    MeteredInTrial,
    /// 204: access has ended.
    Expired,
    /// 206: the trial was used up, and a new one begins only after the lock-out.
    InLockout,
    /// 207: trial and lock-out are over. The token is spent: no access is given, and the site may
    /// drop it and begin a new meter.
    TrialDead,
}

impl AccessState {
    /// Whether the visitor may come in: [`Granted`](Self::Granted) or
    /// [`MeteredInTrial`](Self::MeteredInTrial).
    pub const fn is_granted(self) -> bool {
        matches!(self, Self::Granted | Self::MeteredInTrial)
    }

    /// The official clients' number. Their 205 ("no active prices") is about offers and never
    /// comes of a token.
    pub const fn code(self) -> u16 {
        match self {
            Self::Granted => 100,
            Self::IpMismatch => 200,
            Self::RidNotFound => 201,
            Self::NoTokens => 202,
            Self::MeteredInTrial => 203,
            Self::Expired => 204,
            Self::InLockout => 206,
            Self::TrialDead => 207,
        }
    }
}

/// The tokens of a visitor, oldest first, one a resource.
///
/// Source: the official PHP client 2.0.8 and Ruby gem 0.0.1.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TokenCookie {
    tokens: Vec<Token>,
}

impl TokenCookie {
    /// A cookie of these tokens; of several for one resource the last stays, and of more than 20
    /// the last 20.
    pub fn new(tokens: impl IntoIterator<Item = Token>) -> Self {
        let mut cookie = Self::default();
        cookie.merge(tokens);
        cookie
    }

    /// The tokens, oldest first.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Adds newer tokens, each in place of an older one for its resource.
    pub fn merge(&mut self, newer: impl IntoIterator<Item = Token>) {
        for token in newer {
            self.tokens.retain(|old| old.rid != token.rid);
            self.tokens.push(token);
        }
        let surplus = self.tokens.len().saturating_sub(MOST_TOKENS);
        self.tokens.drain(..surplus);
    }

    /// What the tokens give of the resource `rid` at `now`; see [`Token::access`].
    pub fn access(&self, rid: &str, now: SystemTime, client_ip: Option<Ipv4Addr>) -> AccessState {
        match self.tokens.iter().find(|token| token.rid == rid) {
            Some(token) => token.access(now, client_ip),
            None if self.tokens.is_empty() => AccessState::NoTokens,
            None => AccessState::RidNotFound,
        }
    }
}

impl Blocks {
    /// The name of the application's cookie, `__TP_AID_TOKEN`.
    pub fn cookie_name(&self) -> String {
        format!("__TP_{}_TOKEN", self.aid)
    }

    /// The cookie's value, signed and encrypted: `{jax}...`. It is to be percent-encoded for the
    /// `Set-Cookie` header.
    pub fn seal_cookie(&self, cookie: &TokenCookie) -> String {
        format!("{{jax}}{}", self.seal(&json_text(&cookie.tokens)))
    }

    /// The cookie's value as plain JSON: `{jox}[...]`. Whoever has it can change it.
    pub fn write_open_cookie(cookie: &TokenCookie) -> String {
        format!("{{jox}}{}", json_text(&cookie.tokens))
    }

    /// Reads a cookie's value, percent-encoded or not. Each of its messages must be signed.
    ///
    /// # Errors
    /// The first thing that is wrong with it; [`ReadError::Unsigned`] for plain JSON.
    pub fn read_cookie(&self, value: &str) -> Result<TokenCookie, ReadError> {
        self.read_messages(value, false)
    }

    /// Reads a cookie's value that may be plain JSON. What it says is then the visitor's word:
    /// never let it decide on access to what is worth money.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn read_unsigned_cookie(&self, value: &str) -> Result<TokenCookie, ReadError> {
        self.read_messages(value, true)
    }

    fn read_messages(&self, value: &str, unsigned: bool) -> Result<TokenCookie, ReadError> {
        let value = decoded(value)?;
        let mut cookie = TokenCookie::default();
        let mut rest = value.trim();
        while !rest.is_empty() {
            let (settings, text) = settings(rest).ok_or(ReadError::Form)?;
            let end = (1..text.len())
                .find(|at| text.get(*at..).is_some_and(|text| self::settings(text).is_some()));
            let (message, next) =
                text.split_at_checked(end.unwrap_or(text.len())).ok_or(ReadError::Form)?;
            let json = match settings {
                "jax" => self.open(message)?,
                "jox" if unsigned => message.to_owned(),
                "jox" => return Err(ReadError::Unsigned),
                _ => return Err(ReadError::Form),
            };
            // An object is the first version of the format, which is no longer read.
            if !json.trim_start().starts_with('{') {
                cookie.merge(read_json::<Vec<Token>>(json)?);
            }
            rest = next;
        }
        Ok(cookie)
    }
}

/// `{abc}rest` as `abc` and `rest`.
fn settings(text: &str) -> Option<(&str, &str)> {
    let (settings, rest) = text.strip_prefix('{')?.split_at_checked(3)?;
    let word = settings.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    Some((settings, rest.strip_prefix('}')?)).filter(|_| word)
}

/// Undoes percent-encoding, if there is any; base64url and JSON of tokens have no `%` themselves.
fn decoded(value: &str) -> Result<String, ReadError> {
    api_auth::percent_decode(value).ok_or(ReadError::Form)
}
