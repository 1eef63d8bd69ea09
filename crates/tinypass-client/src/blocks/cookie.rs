//! Token cookies, which store a visitor's access in the browser.

use std::net::{IpAddr, Ipv4Addr};
use std::time::SystemTime;

use api_auth::{ExtraFields, UnixTime};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Number;

use super::{Blocks, ReadError, json_text, read_json};

/// The maximum number of tokens in a cookie. If there are more, the oldest are removed.
const MOST_TOKENS: usize = 20;
/// Times of at least this value are interpreted as milliseconds. In seconds, the value would be a
/// time in the year 5138.
const MILLISECONDS_FROM: i64 = 100_000_000_000;
/// The value of `mt` for a strict meter, whose trial is limited by time only.
const STRICT: i64 = 20;

/// A token, which grants access to one resource, or is a meter that limits free access to it by
/// time or by views. The fields have the same names as in the JSON.
///
/// A member that should be an integer but is something else, such as null, a fraction or a string,
/// is kept in [`extra`](Token::extra). Access is denied if the two official clients interpret such
/// a member differently, or if one of them fails. In particular:
///
/// - A time of at least 1 with a fraction is truncated to seconds. A smaller time with a fraction
///   is treated as a time in the past.
/// - Any other `ex`, `eex` or `mtet` that is not an integer denies access if the decision depends
///   on it. A fraction in `mt`, or a string, boolean, list or object in `ex` or `mt`, denies access
///   in any case.
/// - A fraction, string, boolean, list or object in `mtma` or `mtaa` denies access if the meter
///   counts views. Numbers such as `3.0` are integers.
/// - The PHP client treats null as an absent member. The Ruby gem fails if a time or `mtaa` is
///   null, and treats a token as a meter if `mt` is null.
///
/// If a field is set and `extra` has a member of the same name, the field takes precedence and the
/// member is not written.
///
/// See the example in the module [`blocks`](crate::blocks).
///
/// Source: the official PHP client 2.0.8 and Ruby gem 0.0.1.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Token {
    /// The id of the resource. An integer is converted to its digits, as in the PHP client
    /// (`{"rid":7}` is the resource `7`). Empty if the token contains no `rid`; such a token grants
    /// no access.
    pub rid: String,
    /// The public id of the access record, such as `1VShIZzLeIod`.
    pub id: Option<String>,
    /// The id that TinyPass assigned to the user, such as `kjkxrNWUyD`.
    pub uid: Option<String>,
    /// The time at which access expires, in Unix seconds (older tokens use milliseconds). 0 means
    /// that access does not expire, and -1 denies access.
    pub ex: Option<i64>,
    /// The early expiry, in the same unit as `ex`. Unless it is 0, it replaces `ex`, even if it is
    /// the later of the two.
    pub eex: Option<i64>,
    /// The time of creation, in Unix seconds.
    pub ct: Option<i64>,
    /// The IPv4 addresses to which the token is bound. As in the official clients, each is in
    /// dotted notation, or a hex number of the four bytes in reverse order (`4030201` for 1.2.3.4).
    /// Any other spelling, such as hex with capital letters or leading zeros, matches no address.
    pub ips: Vec<String>,
    /// The type of the meter: 10 for a reminder, 20 for a strict meter. `None` if there is no
    /// meter.
    pub mt: Option<i64>,
    /// The end of the meter's trial, in Unix seconds. The trial includes this second.
    pub mtet: Option<i64>,
    /// The end of the lockout that follows the trial, in Unix seconds. The lockout includes this
    /// second.
    pub mlet: Option<i64>,
    /// The maximum number of views in the trial. If the field is present, even with the value 0, a
    /// meter that is not strict counts views.
    pub mtma: Option<i64>,
    /// The number of views so far. If the meter counts views, the trial ends when this number
    /// exceeds `mtma`.
    pub mtaa: Option<i64>,
    /// Fields that this type does not cover (such as the periods `mlp` and `mtap`, which are
    /// strings), and members of an unexpected type.
    pub extra: ExtraFields,
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Members<'a> {
            rid: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            id: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            uid: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            ex: Option<i64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            eex: Option<i64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            ct: Option<i64>,
            #[serde(skip_serializing_if = "<[String]>::is_empty")]
            ips: &'a [String],
            #[serde(skip_serializing_if = "Option::is_none")]
            mt: Option<i64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            mtet: Option<i64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            mlet: Option<i64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            mtma: Option<i64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            mtaa: Option<i64>,
            #[serde(flatten)]
            extra: ExtraFields,
        }
        let mut fields = self.extra.clone();
        for (name, is_set) in [
            ("rid", true),
            ("id", self.id.is_some()),
            ("uid", self.uid.is_some()),
            ("ex", self.ex.is_some()),
            ("eex", self.eex.is_some()),
            ("ct", self.ct.is_some()),
            ("ips", !self.ips.is_empty()),
            ("mt", self.mt.is_some()),
            ("mtet", self.mtet.is_some()),
            ("mlet", self.mlet.is_some()),
            ("mtma", self.mtma.is_some()),
            ("mtaa", self.mtaa.is_some()),
        ] {
            if is_set {
                fields.remove(name);
            }
        }
        let members = Members {
            rid: &self.rid,
            id: self.id.as_deref(),
            uid: self.uid.as_deref(),
            ex: self.ex,
            eex: self.eex,
            ct: self.ct,
            ips: &self.ips,
            mt: self.mt,
            mtet: self.mtet,
            mlet: self.mlet,
            mtma: self.mtma,
            mtaa: self.mtaa,
            extra: fields,
        };
        members.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = ExtraFields::deserialize(deserializer)?;
        let rid = match fields.json("rid").and_then(|rid| rid.bytes().next()) {
            Some(b'{' | b'[') => return Err(D::Error::custom("rid: expected a string")),
            Some(b'"') => fields.take::<String>("rid"),
            // A fraction or a boolean is not a resource id.
            _ => fields.take::<i64>("rid").map(|number| number.to_string()),
        };
        fields.remove("rid");
        let mut text = |name: &str| {
            let text = fields.text(name);
            if text.is_some() {
                fields.remove(name);
            }
            text
        };
        let (id, uid) = (text("id"), text("uid"));
        let ips = fields.take("ips").unwrap_or_default();
        Ok(Self {
            rid: rid.unwrap_or_default(),
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
            extra: fields,
        })
    }
}

impl Token {
    /// Creates a token that grants access to the resource `rid` and does not expire.
    pub fn new(rid: impl Into<String>) -> Self {
        Self { rid: rid.into(), ..Self::default() }
    }

    /// Sets the time at which access expires (`ex`).
    #[must_use]
    pub fn expires_at(mut self, end: impl Into<UnixTime>) -> Self {
        self.extra.remove("ex");
        self.ex = Some(end.into().seconds());
        self
    }

    /// Sets the id that TinyPass assigned to the user (`uid`).
    #[must_use]
    pub fn uid(mut self, uid: impl Into<String>) -> Self {
        self.extra.remove("uid");
        self.uid = Some(uid.into());
        self
    }

    /// Sets the public id of the access record (`id`), such as `1VShIZzLeIod`.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.extra.remove("id");
        self.id = Some(id.into());
        self
    }

    /// Returns the time from which the token grants no access, whatever the address of the visitor.
    /// Returns `None` if access does not expire.
    ///
    /// Without a meter, this is `eex`, or `ex` if `eex` is absent or 0. With a meter, this is the
    /// second after the end of the trial, and `ex` and `eex` are ignored. For a token that never
    /// grants access, this is 0.
    pub fn expires(&self) -> Option<UnixTime> {
        let denies = |now: i64| !self.state(now, ClientAddress::NotChecked).is_granted();
        if !denies(i64::MAX) {
            return None;
        }
        let time = |name, typed| match self.time(name, typed) {
            Member::Integer(time) => Some(seconds(time)),
            _ => None,
        };
        let trial = time("mtet", self.mtet).map(|end| end.saturating_add(1));
        let ends = [time("eex", self.eex), time("ex", self.ex), trial, Some(0)];
        let ends = ends.into_iter().flatten().map(|end| end.max(0));
        ends.filter(|end| denies(*end)).min().map(UnixTime::from_seconds)
    }

    /// Returns the access that the token grants at `now` to a visitor with the address `client`.
    ///
    /// The decision follows the official clients. If they decide differently, access is denied,
    /// unless only their notations of addresses or resource ids differ. Times in milliseconds are
    /// converted to seconds, and a token that is bound to addresses denies access to an unknown
    /// address.
    pub fn access(&self, now: SystemTime, client: impl Into<ClientAddress>) -> AccessState {
        self.state(UnixTime::from(now).seconds(), client.into())
    }

    fn state(&self, now: i64, client: ClientAddress) -> AccessState {
        let (ex, mt) = (self.time("ex", self.ex), self.count("mt", self.mt));
        if self.rid.is_empty() || ex == Member::Integer(-1) {
            return AccessState::RidNotFound;
        }
        if !self.allows(client) {
            return AccessState::IpMismatch;
        }
        // PHP converts `true` and "-1" to -1, and `true` and "20abc" to the type 20.
        if mt == Member::Other {
            return AccessState::TrialDead;
        }
        if ex == Member::Other {
            return AccessState::Expired;
        }
        let (php, ruby) =
            (self.decide(OfficialClient::Php, now), self.decide(OfficialClient::Ruby, now));
        match (php, ruby) {
            (Ok(php), _) if !php.is_granted() => php,
            (_, Ok(ruby)) if !ruby.is_granted() => ruby,
            (Ok(php), Ok(ruby)) if php == ruby => php,
            (Ok(_), Ok(_)) => AccessState::Granted,
            // One of the official clients throws an exception.
            _ if matches!(mt, Member::Absent | Member::Null) => AccessState::Expired,
            _ => AccessState::TrialDead,
        }
    }

    fn allows(&self, client: ClientAddress) -> bool {
        let unreadable = self.ips.is_empty() && self.extra.contains("ips");
        let bound = unreadable || !self.ips.is_empty();
        match client {
            ClientAddress::NotChecked => true,
            ClientAddress::Unknown => !bound,
            ClientAddress::V4(ip) => {
                !bound || !unreadable && self.ips.iter().any(|text| is(ip, text))
            }
        }
    }

    /// Returns the member `name`, which is a view count or a meter type. The result is `typed`, the
    /// value of the struct's field, or, if that is `None`, the value of the member in `extra`.
    fn count(&self, name: &str, typed: Option<i64>) -> Member {
        if let Some(value) = typed {
            return Member::Integer(value);
        }
        match self.extra.json(name) {
            None => Member::Absent,
            Some(json) if json == "null" => Member::Null,
            Some(json) => match fraction(&json) {
                Some((whole, false)) => Member::Integer(whole),
                _ => Member::Other,
            },
        }
    }

    /// Returns the member `name`, which contains a time. A time of at least 1 with a fraction, as
    /// the PHP client can write it, is truncated to seconds. A smaller time with a fraction is
    /// treated as a time in the past.
    fn time(&self, name: &str, typed: Option<i64>) -> Member {
        match self.count(name, typed) {
            Member::Other => match self.extra.json(name).as_deref().and_then(fraction) {
                Some((whole, _)) if whole >= 1 => Member::Integer(whole),
                // The value is neither 0 nor -1, and not in the future.
                Some(_) => Member::Integer(i64::MIN),
                None => Member::Other,
            },
            member => member,
        }
    }

    /// Returns the decision of one of the official clients, or an error if the client would throw
    /// an exception.
    fn decide(&self, official: OfficialClient, now: i64) -> Result<AccessState, Thrown> {
        let number = |member: Member| official.number(member);
        let (mt, mtma) = (self.count("mt", self.mt), self.count("mtma", self.mtma));
        if !official.is_metered(mt) {
            let end = match number(self.time("eex", self.eex))? {
                0 => number(self.time("ex", self.ex))?,
                end => end,
            };
            let expired = end != 0 && seconds(end) <= now;
            return Ok(if expired { AccessState::Expired } else { AccessState::Granted });
        }
        let is_counted = !matches!(mtma, Member::Absent | Member::Null);
        let end = number(self.time("mtet", self.mtet)).map(seconds)?;
        let in_trial = if mt == Member::Integer(STRICT) {
            end != 0 && now <= end
        } else if is_counted {
            number(self.count("mtaa", self.mtaa))? <= number(mtma)? && end != 0 && now <= end
        } else {
            end == 0 || now <= end
        };
        if in_trial {
            return Ok(AccessState::MeteredInTrial);
        }
        let in_lockout = now <= seconds(number(self.time("mlet", self.mlet))?);
        Ok(if in_lockout { AccessState::InLockout } else { AccessState::TrialDead })
    }
}

/// One of the two official clients, which interpret some tokens differently.
#[derive(Debug, Clone, Copy, PartialEq)]
enum OfficialClient {
    Php,
    Ruby,
}

/// The error for a token for which an official client would throw an exception.
#[derive(Debug)]
struct Thrown;

/// A member of a token that should be an integer.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Member {
    Absent,
    Null,
    Integer(i64),
    /// Any value other than an integer or null.
    Other,
}

impl OfficialClient {
    /// Converts a member to a number, which is 0 for an absent member. PHP ignores null, while Ruby
    /// fails. Ruby also fails for all other values that are not integers, so it does not matter
    /// what PHP does with them.
    fn number(self, member: Member) -> Result<i64, Thrown> {
        match (self, member) {
            (_, Member::Absent) | (Self::Php, Member::Null) => Ok(0),
            (_, Member::Integer(number)) => Ok(number),
            _ => Err(Thrown),
        }
    }

    fn is_metered(self, mt: Member) -> bool {
        match self {
            Self::Php => !matches!(mt, Member::Absent | Member::Null),
            Self::Ruby => !matches!(mt, Member::Absent | Member::Integer(0)),
        }
    }
}

/// Returns the integer part of a JSON number with a decimal point, and whether the fractional part
/// is not 0. Returns `None` for any other JSON.
fn fraction(json: &str) -> Option<(i64, bool)> {
    // A number with an exponent is a floating-point number.
    let number: Number = serde_json::from_str(json).ok()?;
    let json = number.to_string();
    let (whole, part) = json.split_once('.')?;
    let digits = part.bytes().all(|byte| byte.is_ascii_digit());
    Some((whole.parse().ok()?, part.bytes().any(|byte| byte != b'0'))).filter(|_| digits)
}

/// The IP address of a visitor, for tokens that are bound to addresses.
///
/// See the example in the module [`blocks`](crate::blocks).
///
/// Source: the official PHP client 2.0.8 and Ruby gem 0.0.1, which compare the address with the
/// `ips` of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAddress {
    /// An IPv4 address. Tokens cannot be bound to IPv6 addresses.
    V4(Ipv4Addr),
    /// The address is unknown, or it is an IPv6 address. Tokens that are bound to addresses then
    /// grant no access.
    Unknown,
    /// The address is not checked. The official clients behave this way if no address is passed to
    /// them.
    NotChecked,
}

impl From<Ipv4Addr> for ClientAddress {
    fn from(ip: Ipv4Addr) -> Self {
        Self::V4(ip)
    }
}

impl From<IpAddr> for ClientAddress {
    /// Converts an address. An IPv4-mapped IPv6 address becomes the IPv4 address, and any other
    /// IPv6 address becomes [`Unknown`](Self::Unknown).
    fn from(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self::V4(ip),
            IpAddr::V6(_) => Self::Unknown,
        }
    }
}

impl From<Option<Ipv4Addr>> for ClientAddress {
    /// Converts an address to [`V4`](Self::V4), and `None` to [`Unknown`](Self::Unknown).
    fn from(ip: Option<Ipv4Addr>) -> Self {
        ip.map_or(Self::Unknown, Self::V4)
    }
}

/// Converts a time to seconds. Values of at least [`MILLISECONDS_FROM`] are in milliseconds, and
/// all others are already in seconds.
fn seconds(time: i64) -> i64 {
    if time >= MILLISECONDS_FROM { time / 1000 } else { time }
}

/// Returns whether `text`, an address in a token, is `ip` as one of the official clients writes it:
/// in dotted notation, or as a hex number of the four bytes in reverse order.
fn is(ip: Ipv4Addr, text: &str) -> bool {
    let reversed = u32::from_le_bytes(ip.octets());
    text == ip.to_string() || text == format!("{reversed:x}")
}

/// The result of an access check. The official clients have a numeric code for each variant.
///
/// See the example in the module [`blocks`](crate::blocks).
///
/// Source: the official PHP client 2.0.8 and Ruby gem 0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccessState {
    /// 100: access is granted.
    Granted,
    /// 200: the token is bound to other addresses.
    IpMismatch,
    /// 201: there are tokens, but none for this resource, or the token for it has an `ex` of -1.
    RidNotFound,
    /// 202: there are no tokens.
    NoTokens,
    /// 203: the meter is in its trial, so access is granted.
    MeteredInTrial,
    /// 204: access has expired, or the expiry is not valid.
    Expired,
    /// 206: the trial has ended, and a new one starts only after the lockout.
    InLockout,
    /// 207: the trial and the lockout have ended, or a member of the meter is not valid. Access is
    /// not granted. The site may remove the token and start a new meter.
    TrialDead,
}

impl AccessState {
    /// Returns whether access is granted: [`Granted`](Self::Granted) or
    /// [`MeteredInTrial`](Self::MeteredInTrial).
    pub const fn is_granted(self) -> bool {
        matches!(self, Self::Granted | Self::MeteredInTrial)
    }

    /// Returns the numeric code of the official clients. The code 205 of these clients ("no active
    /// prices") concerns offers, and is never the result for a token.
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

/// The tokens of a visitor, from oldest to newest, with at most one per resource.
///
/// See the example in the module [`blocks`](crate::blocks).
///
/// Source: the official PHP client 2.0.8 and Ruby gem 0.0.1.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TokenCookie {
    tokens: Vec<Token>,
}

impl TokenCookie {
    /// Creates a cookie with these tokens. It contains only the last token for each resource, and
    /// at most the last 20 tokens.
    pub fn new(tokens: impl IntoIterator<Item = Token>) -> Self {
        let mut cookie = Self::default();
        cookie.merge(tokens);
        cookie
    }

    /// Returns the tokens, from oldest to newest.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Adds newer tokens. Each token replaces an older one for the same resource. Tokens without a
    /// resource are skipped. If there are then more than 20 tokens, the oldest are removed.
    pub fn merge(&mut self, newer: impl IntoIterator<Item = Token>) {
        for token in newer.into_iter().filter(|token| !token.rid.is_empty()) {
            self.tokens.retain(|old| old.rid != token.rid);
            self.tokens.push(token);
        }
        let surplus = self.tokens.len().saturating_sub(MOST_TOKENS);
        self.tokens.drain(..surplus);
    }

    /// Returns the access to the resource `rid` that the tokens grant at `now` to a visitor with
    /// the address `client`; see [`Token::access`].
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
    /// Returns the name of the application's cookie, such as `__TP_AIDAIDAID0_TOKEN` for the AID
    /// `AIDAIDAID0`.
    pub fn cookie_name(&self) -> String {
        format!("__TP_{}_TOKEN", self.aid)
    }

    /// Returns the encrypted and signed value of the cookie: `{jax}...`. Percent-encode it for the
    /// `Set-Cookie` header.
    pub fn seal_cookie(&self, cookie: &TokenCookie) -> String {
        format!("{{jax}}{}", self.seal(&json_text(&cookie.tokens)))
    }

    /// Returns the value of the cookie as plain JSON: `{jox}[...]`. The value is not signed, so
    /// visitors can change it.
    ///
    /// Characters that other clients would decode, and braces that would begin another message
    /// (`{abc}`), are written as JSON escapes.
    pub fn write_open_cookie(cookie: &TokenCookie) -> String {
        format!("{{jox}}{}", without_markup(&json_text(&cookie.tokens)))
    }

    /// Verifies and parses the value of a cookie, which can be percent-encoded. The value consists
    /// of one or more messages, each of which must be signed. Tokens without a resource are
    /// skipped, as in the official clients.
    ///
    /// # Errors
    /// Returns an error if a message is not signed or not valid: [`ReadError::Unsigned`] for plain
    /// JSON, and [`ReadError::Content`] for a purchase request, which has the same format and key.
    pub fn read_cookie(&self, value: &str) -> Result<TokenCookie, ReadError> {
        self.read_messages(value, false)
    }

    /// Parses the value of a cookie like [`read_cookie`](Self::read_cookie), but also accepts plain
    /// JSON, which is not signed. Visitors can create such a value themselves, so do not grant
    /// access to paid content based on it.
    ///
    /// # Errors
    /// Returns an error if a message is not valid.
    pub fn read_unsigned_cookie(&self, value: &str) -> Result<TokenCookie, ReadError> {
        self.read_messages(value, true)
    }

    fn read_messages(&self, value: &str, unsigned: bool) -> Result<TokenCookie, ReadError> {
        let value = decoded(value)?;
        let mut cookie = TokenCookie::default();
        let mut rest = value.trim();
        while !rest.is_empty() {
            let (settings, text) = settings(rest).ok_or(ReadError::UnknownFormat)?;
            let end = (1..text.len())
                .find(|at| text.get(*at..).is_some_and(|text| self::settings(text).is_some()));
            let (message, next) =
                text.split_at_checked(end.unwrap_or(text.len())).ok_or(ReadError::UnknownFormat)?;
            let json = match settings {
                "jax" => self.open(message)?,
                "jox" if unsigned => message.to_owned(),
                "jox" => return Err(ReadError::Unsigned),
                _ => return Err(ReadError::UnknownFormat),
            };
            // An object is the oldest version of the format, which is not supported.
            if !json.trim_start().starts_with('{') {
                let tokens: Vec<Token> = read_json(json)?;
                if tokens.iter().any(|token| token.rid.is_empty() && token.extra.contains("o1")) {
                    return Err(ReadError::Content("a purchase request, not a cookie".to_owned()));
                }
                cookie.merge(tokens);
            }
            rest = next;
        }
        Ok(cookie)
    }
}

/// Splits a message such as `{abc}rest` into `abc` and `rest`. Returns `None` if the string does
/// not begin with three letters, digits or `_` in braces.
fn settings(text: &str) -> Option<(&str, &str)> {
    let (settings, rest) = text.strip_prefix('{')?.split_at_checked(3)?;
    let word = settings.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    Some((settings, rest.strip_prefix('}')?)).filter(|_| word)
}

/// Rewrites compact JSON so that it contains no characters that clients would decode or interpret
/// as the beginning of another message. In strings, `%` and `+` are escaped, and `{` is escaped if
/// a letter, a digit or `_` follows. Outside strings, `%` and such a `{` do not occur, and the `+`
/// of an exponent is removed.
fn without_markup(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut rest = json.chars().peekable();
    let (mut in_string, mut is_escaped) = (false, false);
    while let Some(char) = rest.next() {
        let before_header = |next: &char| next.is_ascii_alphanumeric() || *next == '_';
        match char {
            '+' if !in_string => {}
            '%' => text.push_str("\\u0025"),
            '+' => text.push_str("\\u002b"),
            '{' if rest.peek().is_some_and(before_header) => text.push_str("\\u007b"),
            other => text.push(other),
        }
        in_string ^= char == '"' && !is_escaped;
        is_escaped = char == '\\' && !is_escaped;
    }
    text
}

/// Percent-decodes the value of a cookie. A value that is not encoded stays the same, because
/// base64url and the JSON that this crate writes contain no `%`.
fn decoded(value: &str) -> Result<String, ReadError> {
    api_auth::percent_decode(value).ok_or(ReadError::UnknownFormat)
}
