//! Token cookies: what a visitor may see, kept in the browser.

use std::net::{IpAddr, Ipv4Addr};
use std::time::SystemTime;

use api_auth::{Fields, UnixTime, setters};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Blocks, ReadError, json_text, read_json};

/// The most tokens of a cookie; the newest stay.
const MOST_TOKENS: usize = 20;
/// Larger times are milliseconds; as seconds they would be after the year 5138.
const MILLISECONDS_FROM: i64 = 100_000_000_000;
/// The kind `mt` of a strict meter.
const STRICT: i64 = 20;

/// One token: access to one resource, or a meter of it. Fields have the names of the wire.
///
/// A member that is no integer where the format has one (null, a number in a string) stays in
/// [`fields`](Token::fields). The official clients decide differently about such members, and where
/// they differ access is denied.
///
/// Source: the official PHP client 2.0.8 and Ruby gem 0.0.1.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Token {
    /// The resource.
    pub rid: String,
    /// The public id of the access record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// TinyPass's id of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// When access ends, in Unix seconds (older tokens have milliseconds); 0 is never, -1 denies
    /// access.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ex: Option<i64>,
    /// An end that replaces `ex`, in the same unit, unless it is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eex: Option<i64>,
    /// When it was made, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ct: Option<i64>,
    /// The addresses that may use it: dotted, or the hex of the four bytes from the last to the
    /// first (`4030201` for 1.2.3.4), as the official clients write them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ips: Vec<String>,
    /// The kind of the meter: 10 reminds, 20 is strict; absent is no meter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mt: Option<i64>,
    /// When the meter's trial ends, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtet: Option<i64>,
    /// When the lockout after the trial ends, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mlet: Option<i64>,
    /// The number of views of the trial. Present, 0 included, it makes a meter count views.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtma: Option<i64>,
    /// The number of views so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtaa: Option<i64>,
    /// Fields that this type does not cover (`mlp`, `mtap`: the periods as strings), and members that
    /// are not of the type that the format has.
    #[serde(flatten)]
    pub fields: Fields,
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::deserialize(deserializer)?;
        let mut text = |name: &str| {
            let text = fields.text(name);
            if text.is_some() {
                fields.remove(name);
            }
            text
        };
        let (rid, id, uid) = (text("rid").unwrap_or_default(), text("id"), text("uid"));
        if fields.json("rid").is_some_and(|rid| rid != "null") {
            return Err(D::Error::custom("rid: expected a string"));
        }
        let ips = fields.take("ips").unwrap_or_default();
        Ok(Self {
            rid,
            id,
            uid,
            ex: fields.take("ex"),
            eex: fields.take("eex"),
            ct: fields.take("ct"),
            ips,
            mt: fields.take("mt"),
            mtet: fields.take("mtet"),
            mlet: fields.take("mlet"),
            mtma: fields.take("mtma"),
            mtaa: fields.take("mtaa"),
            fields,
        })
    }
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

    /// Returns what the token gives at `now` to a visitor from `client`.
    ///
    /// The decision is that of the official clients. Where they differ, access is denied.
    pub fn access(&self, now: SystemTime, client: impl Into<ClientAddress>) -> AccessState {
        let now = UnixTime::from(now).seconds();
        if self.member("ex", self.ex) == Member::Integer(-1) {
            return AccessState::RidNotFound;
        }
        if !self.allows(client.into()) {
            return AccessState::IpMismatch;
        }
        let (php, ruby) = (self.decide(Dialect::Php, now), self.decide(Dialect::Ruby, now));
        match (php, ruby) {
            (Ok(php), _) if !php.is_granted() => php,
            (_, Ok(ruby)) if !ruby.is_granted() => ruby,
            (Ok(php), Ok(ruby)) if php == ruby => php,
            (Ok(_), Ok(_)) => AccessState::Granted,
            // One of them throws.
            (Ok(AccessState::MeteredInTrial), _) | (_, Ok(AccessState::MeteredInTrial)) => {
                AccessState::TrialDead
            }
            _ => AccessState::Expired,
        }
    }

    fn allows(&self, client: ClientAddress) -> bool {
        let unreadable = self.fields.contains("ips");
        let bound = unreadable || !self.ips.is_empty();
        match client {
            ClientAddress::NotChecked => true,
            ClientAddress::Unknown => !bound,
            ClientAddress::V4(ip) => {
                !bound || !unreadable && self.ips.iter().any(|text| is(ip, text))
            }
        }
    }

    fn member(&self, name: &str, typed: Option<i64>) -> Member {
        if let Some(value) = typed {
            return Member::Integer(value);
        }
        let Some(json) = self.fields.json(name) else {
            return Member::Absent;
        };
        // PHP's client writes fractions of seconds.
        let whole = json.split_once('.').and_then(|(whole, _)| whole.parse().ok());
        match whole {
            Some(whole) => Member::Integer(whole),
            None if json == "null" => Member::Null,
            None => Member::Other(self.fields.integer(name)),
        }
    }

    /// Decides as one of the official clients does. An error is one that the client would throw.
    fn decide(&self, dialect: Dialect, now: i64) -> Result<AccessState, Thrown> {
        let number = |member: Member| dialect.number(member);
        let (mt, mtma) = (self.member("mt", self.mt), self.member("mtma", self.mtma));
        let mtet = || number(self.member("mtet", self.mtet)).map(seconds);
        if !dialect.is_metered(mt) {
            let end = match number(self.member("eex", self.eex))? {
                0 => number(self.member("ex", self.ex))?,
                end => end,
            };
            let expired = end != 0 && seconds(end) <= now;
            return Ok(if expired { AccessState::Expired } else { AccessState::Granted });
        }
        let in_trial = if dialect.is_strict(mt) {
            now <= mtet()?
        } else if matches!(mtma, Member::Absent | Member::Null) {
            let end = mtet()?;
            end == 0 || now <= end
        } else {
            number(self.member("mtaa", self.mtaa))? <= number(mtma)? && now <= mtet()?
        };
        if in_trial {
            return Ok(AccessState::MeteredInTrial);
        }
        let in_lockout = now <= seconds(number(self.member("mlet", self.mlet))?);
        Ok(if in_lockout { AccessState::InLockout } else { AccessState::TrialDead })
    }
}

/// The official client whose decision is taken.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Dialect {
    Php,
    Ruby,
}

/// The client throws an exception.
#[derive(Debug)]
struct Thrown;

/// A member of a token that should be an integer.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Member {
    Absent,
    Null,
    Integer(i64),
    /// Anything else, with the number that it holds as a string.
    Other(Option<i64>),
}

impl Dialect {
    /// PHP drops null and takes a string for its number. Ruby compares neither.
    fn number(self, member: Member) -> Result<i64, Thrown> {
        match (self, member) {
            (_, Member::Absent) | (Self::Php, Member::Null) => Ok(0),
            (_, Member::Integer(number)) | (Self::Php, Member::Other(Some(number))) => Ok(number),
            _ => Err(Thrown),
        }
    }

    fn is_metered(self, mt: Member) -> bool {
        match self {
            Self::Php => !matches!(mt, Member::Absent | Member::Null),
            Self::Ruby => !matches!(mt, Member::Absent | Member::Integer(0)),
        }
    }

    fn is_strict(self, mt: Member) -> bool {
        mt == Member::Integer(STRICT) || self == Self::Php && mt == Member::Other(Some(STRICT))
    }
}

/// The address of a visitor, for tokens that are bound to addresses.
///
/// Source: the provider's PHP and Ruby SDKs, which compare it with the token's `ips`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAddress {
    /// An IPv4 address. The format has no others.
    V4(Ipv4Addr),
    /// The address is not known, or is an IPv6 address: bound tokens give no access.
    Unknown,
    /// The binding is not checked. The official clients do this when they are given no address.
    NotChecked,
}

impl From<Ipv4Addr> for ClientAddress {
    fn from(ip: Ipv4Addr) -> Self {
        Self::V4(ip)
    }
}

impl From<IpAddr> for ClientAddress {
    /// An IPv6 address that maps an IPv4 address is the latter.
    fn from(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self::V4(ip),
            IpAddr::V6(_) => Self::Unknown,
        }
    }
}

impl From<Option<Ipv4Addr>> for ClientAddress {
    /// `None` is [`Unknown`](Self::Unknown).
    fn from(ip: Option<Ipv4Addr>) -> Self {
        ip.map_or(Self::Unknown, Self::V4)
    }
}

/// A time of a token; `None` for none or 0.
fn moment(time: Option<i64>) -> Option<UnixTime> {
    let time = time.filter(|time| *time != 0)?;
    Some(UnixTime::from_seconds(seconds(time)))
}

/// A time in seconds that may be in milliseconds.
fn seconds(time: i64) -> i64 {
    if time > MILLISECONDS_FROM { time / 1000 } else { time }
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

    /// Returns what the tokens give of the resource `rid` at `now` to a visitor from `client`; see
    /// [`Token::access`].
    pub fn access(
        &self,
        rid: &str,
        now: SystemTime,
        client: impl Into<ClientAddress>,
    ) -> AccessState {
        match self.tokens.iter().find(|token| token.rid == rid) {
            Some(token) => token.access(now, client),
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
