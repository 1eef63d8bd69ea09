//! Selection of the proxy for each request, from environment variables or from the builder's
//! argument.
//!
//! The variables follow the rules that curl and Go's `httpproxy` share:
//!
//! - The variable of the URL's scheme (`http_proxy`, `https_proxy`) has priority over `all_proxy`.
//!   Each is looked up in lower case before upper case, and the first one that is not empty is
//!   used.
//! - `HTTP_PROXY` is ignored if `REQUEST_METHOD` is set: in a CGI program it contains the request
//!   header `Proxy`, which any client can send.
//! - `no_proxy` lists hosts to which connections are direct. See [`Exception`].
//! - Connections to loopback hosts are always direct.
//!
//! All variables are read once, when a client is built. A value that cannot be parsed is an error
//! that names the variable, so that a misspelled proxy never causes a direct connection.

use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use http::Uri;
use ureq::{Proxy, ProxyProtocol};

use crate::error::input::InputError;
use crate::network::{ProxyChoice, is_loopback};
use crate::transport::TransportErrorKind;

/// The name of the builder's argument in errors.
const ARGUMENT: &str = "proxy";

const FORM: &str = "must be a proxy URL such as http://user:password@host:port; percent-encode \
    special characters in the user name and password";

/// A function that returns the value of an environment variable.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The proxy settings of a client, which determine the proxy for each request.
pub(crate) enum Proxies {
    /// All connections are direct.
    Off,
    /// All connections go through this proxy.
    All(Explicit),
    /// The environment variables select the proxy for each host.
    Environment(Rules),
    /// A proxy variable is invalid. Only connections to loopback hosts are possible.
    Unreadable(InputError),
}

impl Proxies {
    /// Reads the proxy settings from the source `choice`. `lookup` returns environment variables.
    ///
    /// # Errors
    /// Returns an error that names the variable or the argument if a value is invalid.
    pub(crate) fn new(choice: &ProxyChoice, lookup: Lookup<'_>) -> Result<Self, InputError> {
        match choice {
            ProxyChoice::Off => Ok(Self::Off),
            ProxyChoice::Url(url) => {
                parse(ARGUMENT, url.expose()).map(|proxy| Self::All(Explicit::new(proxy)))
            }
            ProxyChoice::Environment => Rules::new(lookup).map(Self::Environment),
        }
    }

    /// Returns the proxy for a request to `uri`, or `None` for a direct connection.
    ///
    /// # Errors
    /// Returns an error if a proxy variable is invalid and the host is not a loopback host, or if
    /// the builder's proxy would receive an unencrypted request to a loopback host.
    pub(crate) fn select(&self, uri: &Uri) -> Result<Option<&Proxy>, &InputError> {
        match self {
            Self::Off => Ok(None),
            Self::All(explicit) => explicit.select(uri).map(Some),
            Self::Environment(rules) => Ok(rules.select(uri)),
            Self::Unreadable(error) => {
                if Target::new(uri).is_loopback() {
                    Ok(None)
                } else {
                    Err(error)
                }
            }
        }
    }
}

impl fmt::Debug for Proxies {
    /// Formats only the scheme, host and port, because a proxy URL may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("Off"),
            Self::All(explicit) => f.debug_tuple("All").field(&Shown(&explicit.proxy)).finish(),
            Self::Environment(rules) => rules.fmt(f),
            Self::Unreadable(error) => f.debug_tuple("Unreadable").field(error).finish(),
        }
    }
}

/// The proxy from the builder's argument.
pub(crate) struct Explicit {
    proxy: Proxy,
    /// Whether the proxy is on this machine.
    is_loopback: bool,
    /// The error for requests that the proxy must not receive.
    rejection: InputError,
}

impl Explicit {
    fn new(proxy: Proxy) -> Self {
        let rejection = InputError::new(
            ARGUMENT,
            "would receive requests to this machine, and their credentials, unencrypted; use https, \
             a proxy on this machine, or no proxy",
        );
        Self { is_loopback: is_loopback(proxy.host()), proxy, rejection }
    }

    /// Returns the proxy. Returns an error for an unencrypted request to a loopback host if the
    /// proxy is not on this machine, because plain http is allowed only for requests that do not
    /// leave the machine.
    fn select(&self, uri: &Uri) -> Result<&Proxy, &InputError> {
        let is_plain = uri.scheme() == Some(&http::uri::Scheme::HTTP);
        if is_plain && !self.is_loopback && Target::new(uri).is_loopback() {
            return Err(&self.rejection);
        }
        Ok(&self.proxy)
    }
}

/// A proxy whose `Debug` output contains no user name and password.
struct Shown<'a>(&'a Proxy);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}:{}", self.0.protocol(), self.0.host(), self.0.port())
    }
}

/// The proxies for http and https URLs, and the exceptions to them, from environment variables.
pub(crate) struct Rules {
    http: Option<Proxy>,
    https: Option<Proxy>,
    exceptions: Vec<Exception>,
}

impl Rules {
    fn new(lookup: Lookup<'_>) -> Result<Self, InputError> {
        const HTTP: [&str; 4] = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
        const HTTPS: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
        let is_cgi = lookup("REQUEST_METHOD").is_some();
        // Names of variables are case-insensitive on Windows.
        let is_request_header = |name: &str| {
            is_cgi && (name == "HTTP_PROXY" || (cfg!(windows) && name == "http_proxy"))
        };
        let trusted = |name: &str| if is_request_header(name) { None } else { lookup(name) };
        let http = proxy(first(&trusted, &HTTP)?)?;
        let https = proxy(first(lookup, &HTTPS)?)?;
        let mut exceptions = Vec::new();
        if http.is_some() || https.is_some() {
            let list = first(lookup, &["no_proxy", "NO_PROXY"])?;
            if let Some((name, list)) = list {
                let entries = list.split([',', ' ', '\t', '\r', '\n']);
                for (number, entry) in entries.filter(|entry| !entry.is_empty()).enumerate() {
                    exceptions.push(Exception::parse(name, number + 1, entry)?);
                }
            }
        }
        Ok(Self { http, https, exceptions })
    }

    fn select(&self, uri: &Uri) -> Option<&Proxy> {
        let is_https = uri.scheme() != Some(&http::uri::Scheme::HTTP);
        let proxy = if is_https { &self.https } else { &self.http }.as_ref()?;
        let target = Target::new(uri);
        let is_direct =
            target.is_loopback() || self.exceptions.iter().any(|entry| entry.matches(&target));
        if is_direct { None } else { Some(proxy) }
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("http", &self.http.as_ref().map(Shown))
            .field("https", &self.https.as_ref().map(Shown))
            .field("exceptions", &self.exceptions.len())
            .finish()
    }
}

/// The name and the value of an environment variable.
type Variable = (&'static str, String);

/// Returns the first variable of `names` that is not empty, without whitespace around its value.
/// Returns an error if a value is not UTF-8.
fn first(lookup: Lookup<'_>, names: &[&'static str]) -> Result<Option<Variable>, InputError> {
    for &name in names {
        if let Some(value) = lookup(name) {
            let Ok(value) = value.into_string() else {
                return Err(InputError::new(name, "is not UTF-8"));
            };
            let value = value.trim();
            if !value.is_empty() {
                return Ok(Some((name, value.to_owned())));
            }
        }
    }
    Ok(None)
}

fn proxy(found: Option<Variable>) -> Result<Option<Proxy>, InputError> {
    found.map(|(name, value)| parse(name, &value)).transpose()
}

/// Parses a proxy URL. Errors name the variable or argument and never quote the value.
fn parse(name: &'static str, value: &str) -> Result<Proxy, InputError> {
    let reject = |problem| InputError::new(name, problem);
    let value = value.trim();
    if value.is_empty() {
        return Err(reject("must not be empty"));
    }
    let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
    let scheme = scheme.to_ascii_lowercase();
    match scheme.as_str() {
        "http" => {}
        "https" if cfg!(any(feature = "rustls", feature = "native-tls")) => {}
        "https" => {
            return Err(reject("a proxy with TLS needs the feature `rustls` or `native-tls`"));
        }
        "socks4" | "socks4a" | "socks5" | "socks5h" if cfg!(feature = "socks-proxy") => {}
        "socks" if cfg!(feature = "socks-proxy") => {
            return Err(reject("must name the version: socks4, socks4a, socks5 or socks5h"));
        }
        "socks" | "socks4" | "socks4a" | "socks5" | "socks5h" => {
            return Err(reject("a SOCKS proxy requires the feature `socks-proxy`"));
        }
        _ => return Err(reject(FORM)),
    }
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let is_allowed = |byte: u8| byte.is_ascii_graphic() && !b"/\\?#\"<>^`{|}".contains(&byte);
    if !authority.bytes().all(is_allowed) {
        return Err(reject(FORM));
    }
    let (user, host_and_port) = match authority.rsplit_once('@') {
        Some((user, rest)) => (Some(user), rest),
        None => (None, authority),
    };
    if user.is_some() && matches!(scheme.as_str(), "socks4" | "socks4a") {
        return Err(reject("SOCKS4 has no password; use socks5 or socks5h"));
    }
    let (host, port) = split_port(host_and_port).ok_or_else(|| reject(FORM))?;
    let is_host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => is_host_name(host),
    };
    if !is_host {
        return Err(reject(FORM));
    }
    let port = match port.map(parse_port) {
        Some(None) => return Err(reject("the port must be a number from 1 to 65535")),
        port => port.flatten(),
    };
    let proxy = Proxy::new(&format!("{scheme}://{authority}")).map_err(|_| reject(FORM))?;
    // A port that ureq cannot read becomes the default one.
    let is_same = proxy.host() == host && port.is_none_or(|port| proxy.port() == port);
    if is_same { Ok(proxy) } else { Err(reject(FORM)) }
}

/// Splits `host`, `host:port`, `[address]` or `[address]:port` into the host and the optional port.
/// Returns `None` for any other text.
fn split_port(text: &str) -> Option<(&str, Option<&str>)> {
    let after_address = text.rfind(']').map_or(0, |end| end + 1);
    let (address, rest) = text.split_at_checked(after_address)?;
    match rest.split_once(':') {
        None if address.is_empty() => Some((text, None)),
        None => rest.is_empty().then_some((address, None)),
        Some((host, port)) if address.is_empty() => Some((host, Some(port))),
        Some((host, port)) => host.is_empty().then_some((address, Some(port))),
    }
}

fn parse_port(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| is_number && *port > 0)
}

fn is_host_name(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !text.is_empty() && text.bytes().all(is_allowed)
}

/// The host and port of a request.
struct Target<'a> {
    /// The host without brackets and without a trailing dot.
    host: &'a str,
    address: Option<IpAddr>,
    port: u16,
}

impl<'a> Target<'a> {
    fn new(uri: &'a Uri) -> Self {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let host = host.strip_suffix('.').unwrap_or(host);
        let default = if uri.scheme() == Some(&http::uri::Scheme::HTTP) { 80 } else { 443 };
        Self {
            host,
            address: host.parse().ok().map(|address: IpAddr| address.to_canonical()),
            port: uri.port_u16().unwrap_or(default),
        }
    }

    fn is_loopback(&self) -> bool {
        is_loopback(self.host)
            || self.address.is_some_and(|address| address.is_loopback())
            || is_within(self.host, "localhost")
    }
}

/// Returns whether `host` is `domain` or a subdomain of it. `domain` is in lower case.
fn is_within(host: &str, domain: &str) -> bool {
    let Some(start) = host.len().checked_sub(domain.len()) else { return false };
    let (before, end) = host.as_bytes().split_at_checked(start).unwrap_or_default();
    end.eq_ignore_ascii_case(domain.as_bytes()) && before.last().is_none_or(|byte| *byte == b'.')
}

/// An entry of `no_proxy`, which names hosts to which connections are direct.
///
/// | entry | hosts |
/// |---|---|
/// | `*` | all |
/// | `example.com`, `.example.com`, `*.example.com` | the domain and its subdomains |
/// | `10.1.2.3`, `fd00::1`, `[fd00::1]` | this address |
/// | `10.0.0.0/8`, `fd00::/8` | the addresses of this network |
/// | `example.com:8443`, `10.1.2.3:80`, `[fd00::1]:80` | the same, for this port only |
#[derive(Debug)]
enum Exception {
    All,
    Domain { name: String, port: Option<u16> },
    Network { address: IpAddr, prefix: u32, port: Option<u16> },
}

impl Exception {
    fn parse(variable: &'static str, number: usize, entry: &str) -> Result<Self, InputError> {
        Self::read(entry).ok_or_else(|| {
            // The entry may be a part of a URL with a password, which is never shown.
            let problem = format!(
                "entry {number} must be `*`, a host name, an IP address or a network such as 10.0.0.0/8 \
                 (international names in xn-- form; names and addresses may have a port)"
            );
            InputError::new(variable, problem)
        })
    }

    fn read(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Self::All);
        }
        if let Some((address, prefix)) = entry.split_once('/') {
            let is_number = prefix.bytes().all(|byte| byte.is_ascii_digit());
            let prefix = prefix.parse().ok().filter(|_| is_number)?;
            return network(address.parse().ok()?, Some(prefix), None);
        }
        if let Ok(address) = entry.parse() {
            return network(address, None, None);
        }
        let (host, port) = split_port(entry)?;
        let port = match port {
            Some(port) => Some(parse_port(port)?),
            None => None,
        };
        if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return network(IpAddr::V6(address.parse().ok()?), None, port);
        }
        if let Ok(address) = host.parse() {
            return network(address, None, port);
        }
        let name = host.strip_prefix("*.").or(host.strip_prefix('.')).unwrap_or(host);
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let is_name = is_host_name(&name) && name.split('.').all(|label| !label.is_empty());
        is_name.then_some(Self::Domain { name, port })
    }

    fn matches(&self, target: &Target<'_>) -> bool {
        let is_port = |port: &Option<u16>| port.is_none_or(|port| port == target.port);
        match self {
            Self::All => true,
            Self::Domain { name, port } => {
                is_port(port) && target.address.is_none() && is_within(target.host, name)
            }
            Self::Network { address, prefix, port } => {
                is_port(port)
                    && target.address.is_some_and(|host| has_prefix(host, *address, *prefix))
            }
        }
    }
}

/// Creates an entry for a network or, if `prefix` is `None`, for a single address. An IPv4-mapped
/// IPv6 address is converted to its IPv4 address if the prefix has at least 96 bits. Returns `None`
/// if the prefix is too long.
fn network(address: IpAddr, prefix: Option<u32>, port: Option<u16>) -> Option<Exception> {
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.unwrap_or(longest);
    if prefix > longest {
        return None;
    }
    let (address, prefix) = match (address.to_canonical(), address, prefix.checked_sub(96)) {
        (IpAddr::V4(short), IpAddr::V6(_), Some(prefix)) => (IpAddr::V4(short), prefix),
        _ => (address, prefix),
    };
    Some(Exception::Network { address, prefix, port })
}

fn has_prefix(host: IpAddr, network: IpAddr, prefix: u32) -> bool {
    match (host, network) {
        (IpAddr::V4(host), IpAddr::V4(network)) => {
            let differing = host.to_bits() ^ network.to_bits();
            differing.leading_zeros() >= prefix
        }
        (IpAddr::V6(host), IpAddr::V6(network)) => {
            let differing = host.to_bits() ^ network.to_bits();
            differing.leading_zeros() >= prefix
        }
        _ => false,
    }
}

/// Returns whether a proxy uses SOCKS instead of HTTP.
pub(crate) fn is_socks(proxy: &Proxy) -> bool {
    !matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https)
}

/// Converts ureq's message for an HTTP proxy that did not open a tunnel (`CONNECT`) to an error
/// kind and a message. A rejection by the proxy is not retried, because further attempts with a
/// wrong password can lock an account.
pub(crate) fn explain_connect(reason: &str) -> (TransportErrorKind, String) {
    let status = reason.strip_prefix("proxy server responded ").and_then(|rest| {
        rest.split(|char: char| !char.is_ascii_digit()).next()?.parse::<u16>().ok()
    });
    let rejected = TransportErrorKind::Refused;
    match status {
        Some(407) => (
            rejected,
            "the proxy requires authentication (status 407): check the user name and the password \
             of its URL"
                .to_owned(),
        ),
        Some(403) => {
            (rejected, "the proxy does not allow connections to this host (status 403)".to_owned())
        }
        Some(status @ (408 | 425 | 429 | 500..)) => (
            TransportErrorKind::Connect,
            format!("the proxy could not connect to the host (status {status})"),
        ),
        Some(status) => (rejected, format!("the proxy rejected the connection (status {status})")),
        None => (TransportErrorKind::Connect, format!("the proxy did not connect: {reason}")),
    }
}

/// Converts ureq's message for a failed handshake with a SOCKS proxy to an error kind and a
/// message. Returns `None` for any other message of ureq.
pub(crate) fn explain_socks(reason: &str) -> Option<(TransportErrorKind, String)> {
    let kind = match reason {
        "general SOCKS server failure"
        | "network unreachable"
        | "host unreachable"
        | "connection refused"
        | "TTL expired"
        | "request rejected or failed"
        | "failed to fill whole buffer" => TransportErrorKind::Connect,
        "no acceptable auth methods"
        | "unknown auth method"
        | "password authentication failed"
        | "invalid username"
        | "invalid password"
        | "connection not allowed by ruleset"
        | "command not supported"
        | "address kind not supported"
        | "domain name too long"
        | "SOCKS4 does not support IPv6"
        | "invalid response version"
        | "invalid response code"
        | "invalid reserved byte" => TransportErrorKind::Refused,
        _ => return None,
    };
    Some((kind, format!("the SOCKS proxy did not connect: {reason}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names and values of variables.
    type Given<'a> = &'a [(&'a str, &'a str)];

    fn read(given: Given<'_>) -> Result<Proxies, InputError> {
        let lookup = |name: &str| {
            given.iter().find(|(given, _)| *given == name).map(|(_, value)| OsString::from(value))
        };
        Proxies::new(&ProxyChoice::Environment, &lookup)
    }

    /// Returns `host:port` of the proxy for `url`, or `direct`.
    fn selected(proxies: &Proxies, url: &str) -> String {
        match proxies.select(&url.parse().unwrap()).unwrap() {
            Some(proxy) => format!("{}:{}", proxy.host(), proxy.port()),
            None => "direct".to_owned(),
        }
    }

    const DIRECT: &str = "direct";
    const HTTP_URL: &str = "http://x.test/";
    const HTTPS_URL: &str = "https://x.test/";

    const CURL: &str = "curl 8, manual page, section ENVIRONMENT";
    const CURL_PROXY: &str = "curl 8, manual page, option --proxy";
    const CURL_NO_PROXY: &str = "curl 8, manual page, option --noproxy";
    const GO: &str = "Go, golang.org/x/net/http/httpproxy, type Config";
    const GO_NO_PROXY: &str = "Go, golang.org/x/net/http/httpproxy, field NoProxy";
    const OWN: &str = "this crate";

    /// The source of the rule, the variables, the URL of the request and the proxy.
    type Row = (&'static str, Given<'static>, &'static str, &'static str);

    const VARIABLES: &[Row] = &[
        (CURL, &[], HTTPS_URL, DIRECT),
        (CURL, &[], HTTP_URL, DIRECT),
        // The variable of the URL's scheme.
        (CURL, &[("https_proxy", "http://s:1")], HTTPS_URL, "s:1"),
        (CURL, &[("https_proxy", "http://s:1")], HTTP_URL, DIRECT),
        (CURL, &[("http_proxy", "http://h:1")], HTTP_URL, "h:1"),
        (CURL, &[("http_proxy", "http://h:1")], HTTPS_URL, DIRECT),
        (CURL, &[("HTTPS_PROXY", "http://s:1")], HTTPS_URL, "s:1"),
        // curl always ignores HTTP_PROXY.
        (GO, &[("HTTP_PROXY", "http://h:1")], HTTP_URL, "h:1"),
        (GO, &[("HTTP_PROXY", "http://h:1")], HTTPS_URL, DIRECT),
        (CURL, &[("http_proxy", "http://h:1"), ("https_proxy", "http://s:1")], HTTPS_URL, "s:1"),
        (CURL, &[("http_proxy", "http://h:1"), ("https_proxy", "http://s:1")], HTTP_URL, "h:1"),
        // The variable for all schemes.
        (CURL, &[("ALL_PROXY", "http://a:1")], HTTPS_URL, "a:1"),
        (CURL, &[("all_proxy", "http://a:1")], HTTP_URL, "a:1"),
        (CURL, &[("ALL_PROXY", "http://a:1"), ("HTTPS_PROXY", "http://s:1")], HTTPS_URL, "s:1"),
        (CURL, &[("ALL_PROXY", "http://a:1"), ("HTTPS_PROXY", "http://s:1")], HTTP_URL, "a:1"),
        (CURL, &[("all_proxy", "http://a:1"), ("HTTPS_PROXY", "http://s:1")], HTTPS_URL, "s:1"),
        // Lower case has priority.
        (CURL, &[("https_proxy", "http://l:1"), ("HTTPS_PROXY", "http://u:1")], HTTPS_URL, "l:1"),
        (CURL, &[("all_proxy", "http://l:1"), ("ALL_PROXY", "http://u:1")], HTTPS_URL, "l:1"),
        (CURL, &[("http_proxy", "http://l:1"), ("HTTP_PROXY", "http://u:1")], HTTP_URL, "l:1"),
        // A CGI program.
        (CURL, &[("HTTP_PROXY", "http://h:1"), ("REQUEST_METHOD", "GET")], HTTP_URL, DIRECT),
        (
            CURL,
            &[("HTTP_PROXY", "http://h:1"), ("ALL_PROXY", "http://a:1"), ("REQUEST_METHOD", "GET")],
            HTTP_URL,
            "a:1",
        ),
        (CURL, &[("HTTPS_PROXY", "http://s:1"), ("REQUEST_METHOD", "GET")], HTTPS_URL, "s:1"),
        (CURL, &[("HTTP_PROXY", "::CGI::"), ("REQUEST_METHOD", "GET")], HTTP_URL, DIRECT),
        // An empty variable.
        (CURL, &[("HTTPS_PROXY", "")], HTTPS_URL, DIRECT),
        (CURL, &[("HTTPS_PROXY", ""), ("HTTP_PROXY", "http://h:1")], HTTPS_URL, DIRECT),
        (CURL, &[("HTTPS_PROXY", ""), ("ALL_PROXY", "http://a:1")], HTTPS_URL, "a:1"),
        (OWN, &[("HTTPS_PROXY", " \n"), ("ALL_PROXY", "http://a:1")], HTTPS_URL, "a:1"),
        (CURL, &[("HTTPS_PROXY", ""), ("ALL_PROXY", "http://a:1")], HTTP_URL, "a:1"),
        (CURL, &[("https_proxy", ""), ("HTTPS_PROXY", "http://u:1")], HTTPS_URL, "u:1"),
        // Forms of a proxy URL.
        (CURL_PROXY, &[("HTTPS_PROXY", "s:1")], HTTPS_URL, "s:1"),
        (CURL_PROXY, &[("HTTPS_PROXY", "u:p@s:1")], HTTPS_URL, "s:1"),
        (CURL_PROXY, &[("HTTPS_PROXY", "http://u:p%40ss@s:1")], HTTPS_URL, "s:1"),
        (CURL_PROXY, &[("HTTPS_PROXY", "http://s:1/")], HTTPS_URL, "s:1"),
        (CURL_PROXY, &[("HTTPS_PROXY", "HTTP://s:1")], HTTPS_URL, "s:1"),
        (CURL_PROXY, &[("HTTPS_PROXY", "http://[fd00::1]:1")], HTTPS_URL, "[fd00::1]:1"),
        // The default port of curl is 1080.
        (GO, &[("HTTPS_PROXY", "http://s")], HTTPS_URL, "s:80"),
        (OWN, &[("HTTPS_PROXY", " http://s:1\r\n")], HTTPS_URL, "s:1"),
        // Loopback hosts. curl connects to them through the proxy.
        (GO, &[("HTTP_PROXY", "http://h:1")], "http://localhost/", DIRECT),
        (GO, &[("HTTP_PROXY", "http://h:1")], "http://LOCALHOST:8080/", DIRECT),
        (GO, &[("HTTP_PROXY", "http://h:1")], "http://127.0.0.1:8080/", DIRECT),
        (GO, &[("HTTP_PROXY", "http://h:1")], "http://127.9.9.9/", DIRECT),
        (GO, &[("HTTP_PROXY", "http://h:1")], "http://[::1]:8080/", DIRECT),
        (GO, &[("ALL_PROXY", "http://a:1")], "https://[::ffff:127.0.0.1]/", DIRECT),
        ("RFC 6761, section 6.3", &[("ALL_PROXY", "http://a:1")], "https://a.localhost/", DIRECT),
        ("RFC 6761, section 6.3", &[("ALL_PROXY", "http://a:1")], "https://localhost./", DIRECT),
        (GO, &[("ALL_PROXY", "http://a:1")], "https://notlocalhost/", "a:1"),
        (GO, &[("ALL_PROXY", "http://a:1")], "https://localhost.test/", "a:1"),
        (GO, &[("ALL_PROXY", "http://a:1")], "https://127.0.0.1.test/", "a:1"),
    ];

    /// The source of the rule, the list, the URL of the request and whether it is connected
    /// directly.
    const EXCEPTIONS: &[(&str, &str, &str, bool)] = &[
        (CURL, "", HTTPS_URL, false),
        (CURL_NO_PROXY, "*", HTTPS_URL, true),
        (CURL_NO_PROXY, " * ", "https://10.1.1.1/", true),
        // curl accepts it only if it is the only entry.
        (GO_NO_PROXY, "a.test,*", HTTPS_URL, true),
        // Domains.
        (CURL_NO_PROXY, "example.test", "https://example.test/", true),
        (CURL_NO_PROXY, "example.test", "https://example.test:8443/", true),
        (CURL_NO_PROXY, "example.test", "https://www.example.test/", true),
        (CURL_NO_PROXY, "example.test", "https://a.b.example.test/", true),
        (CURL_NO_PROXY, "example.test", "https://notexample.test/", false),
        (CURL_NO_PROXY, "example.test", "https://example.test.evil/", false),
        (CURL_NO_PROXY, "www.example.test", "https://example.test/", false),
        (CURL_NO_PROXY, "EXAMPLE.test", "https://example.TEST/", true),
        (CURL_NO_PROXY, "example.test.", "https://example.test/", true),
        (CURL_NO_PROXY, "example.test", "https://example.test./", true),
        (CURL_NO_PROXY, "a_b.test", "https://a_b.test/", true),
        (CURL_NO_PROXY, "intranet", "https://intranet/", true),
        (CURL_NO_PROXY, ".example.test", "https://www.example.test/", true),
        // Go matches only subdomains for a leading dot.
        (CURL_NO_PROXY, ".example.test", "https://example.test/", true),
        (CURL_NO_PROXY, ".example.test", "https://notexample.test/", false),
        // The same as a leading dot. curl does not support it.
        (GO_NO_PROXY, "*.example.test", "https://www.example.test/", true),
        (GO_NO_PROXY, "*.example.test", "https://example.test/", true),
        // Lists.
        (CURL_NO_PROXY, "a.test,example.test", "https://example.test/", true),
        (CURL_NO_PROXY, "a.test, .example.test", "https://www.example.test/", true),
        (CURL_NO_PROXY, "a.test example.test", "https://example.test/", true),
        (CURL_NO_PROXY, "a.test\texample.test\n", "https://example.test/", true),
        (CURL_NO_PROXY, ",,example.test,", "https://example.test/", true),
        (CURL_NO_PROXY, "a.test,b.test", "https://example.test/", false),
        // Ports. curl does not support them in this list.
        (GO_NO_PROXY, "example.test:8443", "https://example.test:8443/", true),
        (GO_NO_PROXY, "example.test:8443", "https://www.example.test:8443/", true),
        (GO_NO_PROXY, "example.test:8443", "https://example.test/", false),
        (GO_NO_PROXY, "example.test:443", "https://example.test/", true),
        (GO_NO_PROXY, "example.test:80", "https://example.test/", false),
        (GO_NO_PROXY, "example.test:80", "http://example.test/", true),
        (GO_NO_PROXY, "10.0.0.1:8443", "https://10.0.0.1:8443/", true),
        (GO_NO_PROXY, "10.0.0.1:8443", "https://10.0.0.1/", false),
        (GO_NO_PROXY, "[fd00::1]:8443", "https://[fd00::1]:8443/", true),
        (GO_NO_PROXY, "[fd00::1]:8443", "https://[fd00::1]/", false),
        // Addresses.
        (CURL_NO_PROXY, "10.0.0.1", "https://10.0.0.1/", true),
        (CURL_NO_PROXY, "10.0.0.1", "https://10.0.0.2/", false),
        (CURL_NO_PROXY, "10.0.0.1", "https://10.0.0.1.test/", false),
        (CURL_NO_PROXY, "0.0.1", "https://10.0.0.1/", false),
        (CURL_NO_PROXY, "127.1 ", "https://127.1/", true),
        (CURL_NO_PROXY, "fd00::1", "https://[fd00::1]/", true),
        (CURL_NO_PROXY, "fd00:0:0::1", "https://[fd00::1]:8443/", true),
        (CURL_NO_PROXY, "fd00::1", "https://[fd00::2]/", false),
        (CURL_NO_PROXY, "[fd00::1]", "https://[fd00::1]/", true),
        (GO_NO_PROXY, "::ffff:10.0.0.1", "https://10.0.0.1/", true),
        (GO_NO_PROXY, "10.0.0.1", "https://[::ffff:10.0.0.1]/", true),
        // Networks, since curl 7.86.
        (CURL_NO_PROXY, "10.0.0.0/8", "https://10.2.3.4/", true),
        (CURL_NO_PROXY, "10.0.0.0/8", "https://11.2.3.4/", false),
        (CURL_NO_PROXY, "10.0.0.0/8", "https://[fd00::1]/", false),
        (CURL_NO_PROXY, "192.168.16.0/20", "https://192.168.31.255/", true),
        (CURL_NO_PROXY, "192.168.16.0/20", "https://192.168.32.0/", false),
        (GO_NO_PROXY, "10.1.2.3/8", "https://10.9.9.9/", true),
        (CURL_NO_PROXY, "10.0.0.1/32", "https://10.0.0.1/", true),
        (CURL_NO_PROXY, "0.0.0.0/0", "https://10.0.0.1/", true),
        (CURL_NO_PROXY, "0.0.0.0/0", "https://[fd00::1]/", false),
        (CURL_NO_PROXY, "0.0.0.0/0", HTTPS_URL, false),
        (CURL_NO_PROXY, "fd00::/8", "https://[fd12::1]/", true),
        (CURL_NO_PROXY, "fd00::/8", "https://[fe80::1]/", false),
        (GO_NO_PROXY, "::ffff:10.0.0.0/104", "https://10.2.3.4/", true),
    ];

    #[test]
    fn proxy_variables_follow_the_rules_of_curl_and_go() {
        for (source, given, url, expected) in VARIABLES {
            let proxies = read(given).unwrap();
            assert_eq!(selected(&proxies, url), *expected, "{given:?} for {url} ({source})");
        }
        assert!(VARIABLES.len() + EXCEPTIONS.len() >= 60);
    }

    #[test]
    fn no_proxy_follows_the_rules_of_curl_and_go() {
        for (source, list, url, direct) in EXCEPTIONS {
            for name in ["NO_PROXY", "no_proxy"] {
                let proxies = read(&[("ALL_PROXY", "http://a:1"), (name, list)]).unwrap();
                let expected = if *direct { DIRECT } else { "a:1" };
                assert_eq!(selected(&proxies, url), expected, "{list:?} for {url} ({source})");
            }
        }
        let both = [("ALL_PROXY", "http://a:1"), ("no_proxy", "l.test"), ("NO_PROXY", "u.test")];
        let proxies = read(&both).unwrap();
        assert_eq!(selected(&proxies, "https://l.test/"), DIRECT);
        assert_eq!(selected(&proxies, "https://u.test/"), "a:1");
    }

    const UNREADABLE: &[&str] = &[
        "\"http://p:1\"",
        "'http://p:1'",
        "http://\"p\":1",
        "CORP\\user:pw@host",
        "http://CORP\\user:pw@host:1",
        "quic://p",
        "ftp://p:1",
        "http:/p:1",
        "http:p:1",
        "://p:1",
        "http://p:99999",
        "http://p:0",
        "http://p:",
        "http://p:+80",
        "http://p:8080x",
        "p:1:2",
        "http://",
        "http://:8080",
        "http://user:pw@",
        "http://user:pw@:8080",
        "http://fd00::1:8080",
        "http://[fd00::1",
        "http://[fd00::1]8080",
        "http://[p]:1",
        "http://p q:1",
        "http://p:1 http://q:1",
        "http://p:1,q:1",
        "http://p:1/path",
        "http://p:1?query",
        "http://p:1#fragment",
        "http://u:pa/ss@p:1",
        "http://u:pa?ss@p:1",
        "http://u:pa#ss@p:1",
        "http://u:p w@p:1",
        "http://u:%ff@p:1",
        "http://p\u{e9}:1",
        "http://p\u{0}:1",
        "\u{feff}http://p:1",
    ];

    #[test]
    fn unreadable_proxy_urls_are_errors_that_name_the_variable_or_the_argument() {
        for bad in UNREADABLE {
            for name in ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy"] {
                let error = read(&[(name, bad)]).unwrap_err();
                assert_eq!(error.argument(), name, "{bad:?}");
            }
            let choice = ProxyChoice::Url((*bad).into());
            let error = Proxies::new(&choice, &|_| None).unwrap_err();
            assert_eq!(error.argument(), "proxy", "{bad:?}");
        }
        for empty in ["", " \n"] {
            let choice = ProxyChoice::Url(empty.into());
            let error = Proxies::new(&choice, &|_| None).unwrap_err();
            assert_eq!(error.to_string(), "proxy: must not be empty");
        }
    }

    #[test]
    fn errors_and_debug_show_no_password() {
        for bad in
            ["http://u:CANARY@p:99999", "CANARY\\u:CANARY@p", "CANARY://CANARY", "CANARY:1:2"]
        {
            let error = read(&[("ALL_PROXY", bad)]).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
        }
        let given =
            [("ALL_PROXY", "http://CANARY:CANARY@p:1"), ("NO_PROXY", "x.test:1,10.0.0.0/8")];
        let debug = format!("{:?}", read(&given).unwrap());
        assert!(debug.contains("HTTP p:1") && !debug.contains("CANARY"), "{debug}");
        let choice = ProxyChoice::Url("http://CANARY:CANARY@p:1".into());
        let debug = format!("{:?}", Proxies::new(&choice, &|_| None).unwrap());
        assert_eq!(debug, "All(HTTP p:1)");
        let debug = format!("{:?}", Proxies::new(&ProxyChoice::Off, &|_| None).unwrap());
        assert_eq!(debug, "Off");
    }

    #[test]
    fn unreadable_no_proxy_entries_are_errors_that_name_variable_and_entry() {
        for bad in [
            "10.0.0.0/33",
            "fd00::/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/8:80",
            "example.test/8",
            "10.*",
            "*example.test",
            "example.test:99999",
            "example.test:0",
            "example.test:",
            ":80",
            "[fd00::1",
            "[example.test]",
            "https://example.test",
            "a..test",
            "..",
            "\"a.test\"",
            "a|b",
            "m\u{fc}ller.test",
        ] {
            let list = format!("good.test, {bad}");
            let error = read(&[("ALL_PROXY", "http://a:1"), ("NO_PROXY", &list)]).unwrap_err();
            assert_eq!(error.argument(), "NO_PROXY", "{bad}");
            assert!(error.to_string().contains("entry 2 must be `*`, "), "{error}");
            assert!(read(&[("NO_PROXY", &list)]).is_ok(), "without a proxy the list is not read");
        }
    }

    #[test]
    fn no_proxy_entries_are_never_shown() {
        for list in ["a.test,http://u:CANARY@h", "x,http://u:CANARY,part@h:1", "x,u:CANARY y@h:1"] {
            let given = [("ALL_PROXY", "http://a:1"), ("NO_PROXY", list)];
            let error = read(&given).unwrap_err();
            assert!(error.to_string().contains("entry 2"), "{error}");
            assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
        }
        let rules = read(&[("ALL_PROXY", "http://a:1"), ("NO_PROXY", "http,CANARY")]).unwrap();
        assert!(!format!("{rules:?}").contains("CANARY"), "{rules:?}");
    }

    #[test]
    fn variables_that_are_not_consulted_may_contain_anything() {
        let given = [
            ("https_proxy", "http://s:1"),
            ("http_proxy", "http://h:1"),
            ("HTTPS_PROXY", "::"),
            ("HTTP_PROXY", "::"),
            ("all_proxy", "::"),
            ("ALL_PROXY", "::"),
        ];
        let proxies = read(&given).unwrap();
        assert_eq!(selected(&proxies, HTTPS_URL), "s:1");
        assert_eq!(selected(&proxies, HTTP_URL), "h:1");
    }

    #[cfg(unix)]
    #[test]
    fn values_that_are_not_utf_8_are_errors_that_name_the_variable() {
        use std::os::unix::ffi::OsStringExt;

        for name in ["https_proxy", "HTTP_PROXY", "ALL_PROXY", "no_proxy", "NO_PROXY"] {
            let lookup = |variable: &str| match variable {
                _ if variable == name => Some(OsString::from_vec(b"http://p\xff:1".to_vec())),
                "http_proxy" if name.eq_ignore_ascii_case("no_proxy") => Some("p:1".into()),
                _ => None,
            };
            let error = Proxies::new(&ProxyChoice::Environment, &lookup).unwrap_err();
            assert_eq!(error.to_string(), format!("{name}: is not UTF-8"));
        }
    }

    #[test]
    fn the_argument_is_for_all_hosts_and_ignores_the_environment() {
        let lookup = |name: &str| (name != "REQUEST_METHOD").then(|| "*".into());
        let proxies = Proxies::new(&ProxyChoice::Url(" u:p@p:1\n".into()), &lookup).unwrap();
        for url in [HTTP_URL, HTTPS_URL, "https://127.0.0.1/", "https://localhost/"] {
            assert_eq!(selected(&proxies, url), "p:1");
        }
        let off = Proxies::new(&ProxyChoice::Off, &lookup).unwrap();
        assert_eq!(selected(&off, HTTPS_URL), DIRECT);
    }

    #[test]
    fn an_unencrypted_request_for_this_machine_does_not_leave_it_by_the_argument() {
        let with = |url: &str| Proxies::new(&ProxyChoice::Url(url.into()), &|_| None).unwrap();
        for url in ["http://127.0.0.1:8080/", "http://localhost/", "http://[::1]/"] {
            let proxies = with("http://p:1");
            let error = proxies.select(&url.parse().unwrap()).unwrap_err();
            assert_eq!(error.argument(), "proxy", "{url}");
            for proxy in ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"] {
                assert!(with(proxy).select(&url.parse().unwrap()).is_ok(), "{url} by {proxy}");
            }
        }
    }

    #[test]
    fn an_unreadable_environment_allows_loopback_hosts_only() {
        let proxies = Proxies::Unreadable(InputError::new("ALL_PROXY", "is not UTF-8"));
        assert_eq!(selected(&proxies, "http://127.0.0.1:1/"), DIRECT);
        let error = proxies.select(&HTTPS_URL.parse().unwrap()).unwrap_err();
        assert_eq!(error.argument(), "ALL_PROXY");
        assert!(format!("{proxies:?}").starts_with("Unreadable("));
    }

    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    #[test]
    fn a_proxy_may_have_tls() {
        let proxies = read(&[("HTTPS_PROXY", "https://s")]).unwrap();
        assert_eq!(selected(&proxies, HTTPS_URL), "s:443");
    }

    #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
    #[test]
    fn a_proxy_with_tls_is_rejected_without_the_feature() {
        let error = read(&[("HTTPS_PROXY", "https://s")]).unwrap_err();
        assert_eq!(error.argument(), "HTTPS_PROXY");
        assert!(error.to_string().contains("`rustls`"), "{error}");
    }

    #[cfg(not(feature = "socks-proxy"))]
    #[test]
    fn socks_proxies_are_rejected_without_the_feature() {
        for scheme in ["socks", "socks4", "socks4a", "socks5", "socks5h", "SOCKS5"] {
            let url = format!("{scheme}://p:1");
            for name in ["HTTPS_PROXY", "http_proxy", "ALL_PROXY"] {
                let error = read(&[(name, &url)]).unwrap_err();
                assert_eq!(error.argument(), name);
                assert!(error.to_string().contains("`socks-proxy`"), "{error}");
            }
            let choice = ProxyChoice::Url(url.as_str().into());
            let error = Proxies::new(&choice, &|_| None).unwrap_err();
            assert_eq!(error.argument(), "proxy");
        }
    }

    #[cfg(feature = "socks-proxy")]
    #[test]
    fn socks_proxies_are_accepted_with_the_feature() {
        for (url, expected) in [
            ("socks4://p:1", "p:1"),
            ("socks4a://p", "p:1080"),
            ("socks5://u:p@p:1", "p:1"),
            ("socks5h://p", "p:1080"),
            ("SOCKS5://p:1", "p:1"),
        ] {
            let proxies = read(&[("ALL_PROXY", url)]).unwrap();
            assert_eq!(selected(&proxies, HTTPS_URL), expected, "{url}");
        }
        for bad in ["socks://p:1", "socks4://u:p@p:1", "socks6://p:1"] {
            assert_eq!(read(&[("ALL_PROXY", bad)]).unwrap_err().argument(), "ALL_PROXY", "{bad}");
        }
    }

    #[test]
    fn a_proxy_that_rejects_a_connection_is_final_and_one_that_fails_is_not() {
        use TransportErrorKind::{Connect, Refused};
        for (status, kind, text) in [
            (407, Refused, "requires authentication (status 407)"),
            (403, Refused, "does not allow connections to this host (status 403)"),
            (400, Refused, "rejected the connection (status 400)"),
            (401, Refused, "rejected the connection (status 401)"),
            (405, Refused, "rejected the connection (status 405)"),
            (302, Refused, "rejected the connection (status 302)"),
            (408, Connect, "could not connect to the host (status 408)"),
            (429, Connect, "could not connect to the host (status 429)"),
            (500, Connect, "could not connect to the host (status 500)"),
            (502, Connect, "could not connect to the host (status 502)"),
            (504, Connect, "could not connect to the host (status 504)"),
        ] {
            let reason = format!("proxy server responded {status}/{status}");
            let (found, explained) = explain_connect(&reason);
            assert_eq!(found, kind, "{status}");
            assert!(explained.starts_with(&format!("the proxy {text}")), "{explained}");
        }
        let (kind, text) = explain_connect("proxy server did not respond");
        assert_eq!(kind, Connect);
        assert_eq!(text, "the proxy did not connect: proxy server did not respond");
        assert_eq!(explain_socks("connection refused").map(|(kind, _)| kind), Some(Connect));
        let rejected = explain_socks("password authentication failed");
        assert_eq!(rejected.map(|(kind, _)| kind), Some(Refused));
        assert_eq!(explain_socks("Connection refused (os error 111)"), None);
    }
}
