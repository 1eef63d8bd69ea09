//! The built-in transport: ureq, blocking, with a pool of connections.
//!
//! Differences from ureq's defaults:
//!
//! - A response with an error status, such as 404, is not an error, because ureq would discard its
//!   body.
//! - Redirects are not followed, because a signed request must not be replayed at another URL.
//! - The timeout applies to each call as a whole, including slow bodies.
//! - Panics of ureq are caught, so that a program does not end if a thread cannot be started.
//! - A connection has two buffers of 16 KiB. ureq's buffers of 128 KiB would be the largest cost of
//!   a new connection. The input buffer grows for response heads of up to 64 KiB. Without
//!   `dns-cache`, it has 80 KiB from the beginning.
//! - Extra roots (`extra-roots`) are passed to ureq together with the compiled-in ones, all as
//!   certificates, because ureq can only replace its roots.
//! - An agent has no proxy, because ureq would read the environment with other rules. The proxy is
//!   set for each request.
//!
//! With the feature `dns-cache`:
//!
//! - Addresses are cached for 30 s. ureq resolves a name for every request, even on a pooled
//!   connection, and starts a thread for the lookup if there is a timeout.
//! - If an address of a host does not respond for 0.5 s, the next address is tried.
//! - A response is read even if the request could not be written completely.
//! - Errors that occur before a connection is established are marked.
//! - Long timeouts are rounded to whole seconds, because ureq would set a new timeout on the socket
//!   before each read and write.
//!
//! Only the feature `dns-cache` uses the part of ureq that may change in any minor version.
//!
//! Plain http is rejected for all hosts except loopback hosts and the hosts that are allowed by
//! name. This repeats the check of the base URL, as a second line of defence.

#[cfg(feature = "dns-cache")]
mod dns_cache;
#[cfg(feature = "gzip")]
mod gzip;
#[cfg(not(feature = "dns-cache"))]
mod plain;
#[cfg(all(feature = "extra-roots", any(feature = "rustls", feature = "native-tls")))]
mod roots;

use std::any::Any;
use std::fmt;
use std::io::{ErrorKind as Io, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use http::uri::{Authority, Scheme};
use http::{Method, Uri};
use ureq::config::Timeouts;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Body, Proxy, Timeout};

#[cfg(feature = "dns-cache")]
use self::dns_cache::{INPUT_BUFFER, Names, Unconnected, Unresolved, agent};
#[cfg(not(feature = "dns-cache"))]
use self::plain::{INPUT_BUFFER, Names, agent};
#[cfg(all(feature = "extra-roots", any(feature = "rustls", feature = "native-tls")))]
use self::roots::with_extra as extra_roots;
use crate::clock::Clock;
use crate::error::input::InputError;
use crate::message::{Request, Response};
use crate::network::NetworkSettings;
#[cfg(feature = "ureq-3")]
use crate::network::RESPONSE_LIMIT;
use crate::proxy::{self, Proxies};
use crate::transport::{Sent, Transport, TransportError, TransportErrorKind};
use crate::validate::{INVALID_PORT, has_valid_port};

const OUTPUT_BUFFER: usize = 16 * 1024;
/// The maximum timeout: 24 h. Adding `Duration::MAX` to a time would overflow.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// Sets the options of an agent that the contract of [`Transport`] requires. This is a macro,
/// because ureq's bound on the builder is private.
macro_rules! contract {
    ($builder:expr) => {
        $builder
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
    };
}

/// The transport that a client creates from its settings.
#[derive(Debug)]
pub(crate) struct UreqTransport {
    agent: Agent,
    names: Names,
    proxies: Proxies,
    settings: NetworkSettings,
}

impl UreqTransport {
    pub(crate) fn new(
        settings: &NetworkSettings,
        proxies: Proxies,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, InputError> {
        #[cfg_attr(
            not(any(feature = "rustls", feature = "native-tls")),
            expect(unused_mut, reason = "changed where there is TLS")
        )]
        let mut config = contract!(Agent::config_builder())
            .proxy(None)
            .timeout_connect(Some(settings.connect_timeout.min(LONGEST_TIMEOUT)))
            .timeout_per_call(Some(settings.timeout.min(LONGEST_TIMEOUT)))
            .input_buffer_size(INPUT_BUFFER)
            .output_buffer_size(OUTPUT_BUFFER)
            .max_idle_connections(settings.max_connections)
            .max_idle_connections_per_host(settings.max_connections);
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        {
            config = config.tls_config(tls(settings)?);
        }
        #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
        without_tls(settings)?;
        let (agent, names) = agent(config.build(), clock);
        Ok(Self { agent, names, proxies, settings: settings.clone() })
    }
}

impl Transport for UreqTransport {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        let uri = request.uri();
        check_port(uri)?;
        let timeouts = self.agent.config().timeouts();
        if uri.scheme_str() != Some("https")
            && !self.settings.allows_plain_http(uri.host().unwrap_or_default())
        {
            let error = explain(ureq::Error::TlsRequired, &timeouts);
            return Err(error.at(&Destination::new(uri, None)));
        }
        let proxy = self.proxies.select(request.uri()).map_err(|error| {
            TransportError::new(TransportErrorKind::Refused, Sent::No, error.to_string())
        })?;
        let destination = Destination::new(request.uri(), proxy);
        let is_socks = proxy.is_some_and(proxy::is_socks);
        let result = without_panic(|| {
            let request = match proxy.cloned() {
                None => request,
                proxy => self.agent.configure_request(request).proxy(proxy).build(),
            };
            send(&self.agent, request)
                .map_err(|error| explain_proxied(error, is_socks, &timeouts))
                .and_then(|response| read(response, self.settings.response_limit, &timeouts))
        })
        .map_err(|error| error.at(&destination));
        if let Err(error) = &result
            && matches!(error.kind(), TransportErrorKind::Connect | TransportErrorKind::Timeout)
        {
            // The address of a host may have changed.
            self.names.forget();
        }
        result
    }
}

/// A transport that uses an agent of the caller, with the agent's timeouts, proxy, certificates and
/// pool. Statuses and redirects are handled as the contract requires, whatever the agent's
/// settings. The maximum size of a response body is 8 MiB.
#[cfg(feature = "ureq-3")]
impl Transport for Agent {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        check_port(request.uri())?;
        let timeouts = self.config().timeouts();
        let destination = Destination::new(request.uri(), self.config().proxy());
        without_panic(|| {
            let request = contract!(self.configure_request(request)).build();
            send(self, request)
                .map_err(|error| explain(error, &timeouts))
                .and_then(|response| read(response, RESPONSE_LIMIT, &timeouts))
        })
        .map_err(|error| error.at(&destination))
    }
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn tls(settings: &NetworkSettings) -> Result<TlsConfig, InputError> {
    let provider =
        if cfg!(feature = "rustls") { TlsProvider::Rustls } else { TlsProvider::NativeTls };
    let roots = match (settings.platform_verifier, settings.extra_roots.is_empty()) {
        (false, true) => RootCerts::WebPki,
        (false, false) => extra_roots(&settings.extra_roots)?,
        (true, _) if cfg!(all(feature = "rustls", not(feature = "platform-verifier"))) => {
            return Err(InputError::new(
                "platform_verifier",
                "needs the feature `platform-verifier`",
            ));
        }
        (true, true) => RootCerts::PlatformVerifier,
        (true, false) => {
            return Err(InputError::new(
                "platform_verifier",
                "cannot be combined with extra root certificates; add them to the platform's store",
            ));
        }
    };
    Ok(TlsConfig::builder().provider(provider).root_certs(roots).build())
}

#[cfg(all(not(feature = "extra-roots"), any(feature = "rustls", feature = "native-tls")))]
fn extra_roots(_pems: &[Vec<u8>]) -> Result<RootCerts, InputError> {
    Err(InputError::new("extra_root_certificates", "needs the feature `extra-roots`"))
}

/// Rejects the settings that need TLS.
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn without_tls(settings: &NetworkSettings) -> Result<(), InputError> {
    let needs_tls =
        |argument| Err(InputError::new(argument, "needs the feature `rustls` or `native-tls`"));
    match (settings.platform_verifier, settings.extra_roots.is_empty()) {
        (true, _) => needs_tls("platform_verifier"),
        (false, false) => needs_tls("extra_root_certificates"),
        (false, true) => Ok(()),
    }
}

/// Rejects a URL with an invalid port. Otherwise, the request would be sent to the default port.
fn check_port(uri: &Uri) -> Result<(), TransportError> {
    match uri.authority() {
        Some(authority) if !has_valid_port(authority) => {
            Err(TransportError::new(TransportErrorKind::Refused, Sent::No, INVALID_PORT))
        }
        _ => Ok(()),
    }
}

/// Runs `exchange` and returns an error if it panics. ureq panics if it cannot start a thread for a
/// DNS lookup.
fn without_panic(
    exchange: impl FnOnce() -> Result<Response, TransportError>,
) -> Result<Response, TransportError> {
    // No part of the exchange is used after a panic.
    catch_unwind(AssertUnwindSafe(exchange)).unwrap_or_else(|panic| Err(panicked(&*panic)))
}

#[cold]
fn panicked(panic: &(dyn Any + Send)) -> TransportError {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or_default();
    if text.starts_with("failed to spawn thread") {
        let text = "the host cannot be looked up: no thread can be started";
        return TransportError::new(TransportErrorKind::Resolve, Sent::No, text);
    }
    // The message of a panic may show a part of the request.
    let text = "the HTTP library panicked";
    TransportError::new(TransportErrorKind::Interrupted, Sent::Maybe, text)
}

fn send(agent: &Agent, request: Request) -> Result<http::Response<Body>, ureq::Error> {
    let bodyless = request.body().is_empty()
        && matches!(*request.method(), Method::GET | Method::HEAD | Method::DELETE);
    if bodyless {
        let (parts, _empty) = request.into_parts();
        agent.run(http::Request::from_parts(parts, ()))
    } else {
        agent.run(request)
    }
}

fn read(
    response: http::Response<Body>,
    limit: usize,
    timeouts: &Timeouts,
) -> Result<Response, TransportError> {
    const RESERVED_AT_MOST: usize = 64 * 1024;
    let (mut parts, body) = response.into_parts();
    parts.extensions.clear();
    let announced = body.content_length().and_then(|length| usize::try_from(length).ok());
    let mut bytes = Vec::with_capacity(announced.unwrap_or(0).min(limit).min(RESERVED_AT_MOST));
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let result = body.into_reader().take(most).read_to_end(&mut bytes);
    let too_large = bytes.len() > limit;
    bytes.truncate(limit);
    let response = Response::from_parts(parts, bytes);
    #[cfg(feature = "gzip")]
    let result = match result {
        Err(error) if gzip::is_empty_body(&error, response.body()) => Ok(0),
        result => result,
    };
    match result {
        Ok(_) if too_large => Err(TransportError::too_large(limit).with_partial(response)),
        #[cfg(feature = "gzip")]
        Ok(_) => gzip::decoded(response, limit),
        #[cfg(not(feature = "gzip"))]
        Ok(_) => Ok(response),
        // The server has responded, so the request arrived, whatever failed afterwards.
        Err(error) => {
            let error = explain(ureq::Error::from(error), timeouts);
            Err(error.arrived().with_partial(response))
        }
    }
}

/// The host and port that a request is sent to, and the proxy. Error messages show the destination,
/// so it contains no user names, passwords or paths.
struct Destination<'a> {
    /// The host and the port. Their bytes are shared with the request, so that a successful request
    /// costs no allocation.
    authority: Option<Authority>,
    default_port: u16,
    proxy: Option<&'a Proxy>,
}

impl<'a> Destination<'a> {
    fn new(uri: &Uri, proxy: Option<&'a Proxy>) -> Self {
        let default_port = if uri.scheme() == Some(&Scheme::HTTP) { 80 } else { 443 };
        Self { authority: uri.authority().cloned(), default_port, proxy }
    }
}

impl fmt::Display for Destination<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.authority.as_ref();
        let host = authority.map_or("no host", Authority::host);
        let port = authority.and_then(Authority::port_u16).unwrap_or(self.default_port);
        write!(f, "{host}:{port}")?;
        match self.proxy {
            Some(proxy) => write!(f, " via proxy {}:{}", proxy.host(), proxy.port()),
            None => Ok(()),
        }
    }
}

const REFUSED: &str = "connection refused";

impl TransportError {
    /// Adds the host, the port and the proxy to the message.
    fn at(mut self, destination: &Destination<'_>) -> Self {
        self.text = if self.text == REFUSED {
            format!("{REFUSED} by {destination}")
        } else {
            format!("{} ({destination})", self.text)
        };
        self
    }

    fn arrived(self) -> Self {
        Self { sent: Sent::Maybe, ..self }
    }

    /// Marks the error as having occurred before a connection was established.
    #[cfg(feature = "dns-cache")]
    fn unconnected(self) -> Self {
        // "Interrupted" would mean that there was a connection for the request.
        let kind = match self.kind {
            TransportErrorKind::Interrupted => TransportErrorKind::Connect,
            kind => kind,
        };
        Self { kind, sent: Sent::No, ..self }
    }
}

/// ureq's message for a line of a request that does not fit into the output buffer.
const HEAD_TOO_LONG: &str = "output too small to write output";

/// Converts an error of ureq, and determines its kind and whether the request was certainly not
/// sent. The messages do not contain the URL, since its query may contain a token.
fn explain(error: ureq::Error, timeouts: &Timeouts) -> TransportError {
    let (is_connected, error) = unmarked(error);
    explain_marked(error, is_connected, timeouts)
}

fn explain_marked(error: ureq::Error, is_connected: bool, timeouts: &Timeouts) -> TransportError {
    use TransportErrorKind as Kind;
    let (kind, sent, text) = match &error {
        ureq::Error::HostNotFound => {
            (Kind::Resolve, Sent::No, "the host has no address".to_owned())
        }
        #[cfg(feature = "dns-cache")]
        ureq::Error::Other(other) if other.is::<Unresolved>() => {
            (Kind::Resolve, Sent::No, other.to_string())
        }
        ureq::Error::Timeout(reason) => {
            let while_connecting =
                !is_connected || matches!(reason, Timeout::Resolve | Timeout::Connect);
            let sent = if while_connecting { Sent::No } else { Sent::Maybe };
            (Kind::Timeout, sent, explain_timeout(limit(*reason, timeouts), while_connecting))
        }
        ureq::Error::Io(io) => explain_io(io),
        ureq::Error::ConnectionFailed => (Kind::Connect, Sent::No, "connection failed".to_owned()),
        ureq::Error::ConnectProxyFailed(reason) => {
            let (kind, text) = proxy::explain_connect(reason);
            (kind, Sent::No, text)
        }
        ureq::Error::InvalidProxyUrl => {
            (Kind::Refused, Sent::No, "the proxy URL is invalid".to_owned())
        }
        ureq::Error::RequireHttpsOnly(_) | ureq::Error::TlsRequired => {
            (Kind::Refused, Sent::No, "only https is allowed".to_owned())
        }
        ureq::Error::BadUri(_) => (Kind::Refused, Sent::No, "the URL is invalid".to_owned()),
        // Only the set-up of TLS and, with `native-tls`, the handshake return these: nothing of the
        // request was written.
        #[cfg(feature = "rustls")]
        ureq::Error::Rustls(reason) => (Kind::Tls, Sent::No, format!("TLS: {reason}")),
        #[cfg(feature = "native-tls")]
        ureq::Error::NativeTls(reason) => (Kind::Tls, Sent::No, format!("TLS: {reason}")),
        ureq::Error::Tls(reason) => (Kind::Tls, Sent::Maybe, format!("TLS: {reason}")),
        // The head was not sent completely, so the server cannot act on it.
        ureq::Error::Protocol(reason) if reason.to_string() == HEAD_TOO_LONG => {
            (Kind::Refused, Sent::No, "the URL or a header is longer than the buffer".to_owned())
        }
        ureq::Error::Protocol(reason) => {
            (Kind::Protocol, Sent::Maybe, format!("the response is not HTTP: {reason}"))
        }
        ureq::Error::LargeResponseHeader(_, limit) => {
            let text = format!("the response headers are larger than the limit of {limit} bytes");
            (Kind::TooLarge, Sent::Maybe, text)
        }
        other => (Kind::Protocol, Sent::Maybe, other.to_string()),
    };
    let explained = TransportError::new(kind, sent, text).with_source(error);
    #[cfg(feature = "dns-cache")]
    if !is_connected {
        return explained.unconnected();
    }
    explained
}

/// Returns whether there was a connection when the error occurred, and the error itself without the
/// marker [`Unconnected`].
#[cfg(feature = "dns-cache")]
fn unmarked(mut error: ureq::Error) -> (bool, ureq::Error) {
    let mut is_connected = true;
    loop {
        // The connection to a proxy is within a connection, so there may be two markers.
        error = match error {
            ureq::Error::Other(other) => match other.downcast::<Unconnected>() {
                Ok(marked) => {
                    is_connected = false;
                    marked.0
                }
                Err(other) => return (is_connected, ureq::Error::Other(other)),
            },
            error => return (is_connected, error),
        };
    }
}

#[cfg(not(feature = "dns-cache"))]
fn unmarked(error: ureq::Error) -> (bool, ureq::Error) {
    (true, error)
}

/// Returns the duration of the timeout that expired, or `None` if it is not known.
fn limit(reason: Timeout, timeouts: &Timeouts) -> Option<Duration> {
    match reason {
        Timeout::Global => timeouts.global,
        Timeout::PerCall => timeouts.per_call,
        Timeout::Resolve => timeouts.resolve,
        Timeout::Connect => timeouts.connect,
        Timeout::SendRequest => timeouts.send_request,
        Timeout::SendBody => timeouts.send_body,
        Timeout::RecvResponse => timeouts.recv_response,
        Timeout::RecvBody => timeouts.recv_body,
        _ => None,
    }
}

fn explain_timeout(limit: Option<Duration>, while_connecting: bool) -> String {
    let phase = if while_connecting { "while connecting" } else { "waiting for the response" };
    match limit {
        Some(limit) if limit.subsec_nanos() == 0 => {
            format!("timed out after {} s {phase}", limit.as_secs())
        }
        Some(limit) => format!("timed out after {} ms {phase}", limit.as_millis()),
        None => format!("timed out {phase}"),
    }
}

/// Converts an error of ureq like [`explain`]. If the proxy uses SOCKS, a failed handshake with the
/// proxy is recognized as well.
fn explain_proxied(error: ureq::Error, is_socks: bool, timeouts: &Timeouts) -> TransportError {
    if is_socks {
        let (is_connected, error) = unmarked(error);
        let handshake = match &error {
            ureq::Error::Io(io) => proxy::explain_socks(&io.to_string()),
            _ => None,
        };
        return match handshake {
            Some((kind, text)) => TransportError::new(kind, Sent::No, text).with_source(error),
            None => explain_marked(error, is_connected, timeouts),
        };
    }
    explain(error, timeouts)
}

fn explain_io(error: &std::io::Error) -> (TransportErrorKind, Sent, String) {
    use TransportErrorKind as Kind;
    #[cfg(feature = "rustls")]
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        // A certificate is verified before the first byte of the request is written.
        let sent = match tls {
            rustls::Error::InvalidCertificate(_) => Sent::No,
            _ => Sent::Maybe,
        };
        let advice = match tls {
            rustls::Error::InvalidMessage(_) => {
                "; the server probably does not use TLS on this port"
            }
            rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer) => {
                "; the issuer of the server's certificate is not trusted"
            }
            _ => "",
        };
        return (Kind::Tls, sent, format!("TLS: {tls}{advice}"));
    }
    match error.kind() {
        Io::ConnectionRefused => (Kind::Connect, Sent::No, REFUSED.to_owned()),
        Io::TimedOut | Io::WouldBlock => (Kind::Timeout, Sent::Maybe, explain_timeout(None, false)),
        Io::ConnectionReset | Io::ConnectionAborted | Io::BrokenPipe | Io::UnexpectedEof => {
            (Kind::Interrupted, Sent::Maybe, format!("the connection was interrupted: {error}"))
        }
        // The text of std, without `dns-cache`.
        _ if error.to_string().starts_with("failed to lookup address information") => {
            (Kind::Resolve, Sent::No, error.to_string())
        }
        // ENFILE and EMFILE: no socket was created.
        _ if cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24)) => {
            (Kind::Connect, Sent::No, error.to_string())
        }
        _ => (Kind::Interrupted, Sent::Maybe, error.to_string()),
    }
}

#[cfg(test)]
mod network_tests;
#[cfg(test)]
mod proxy_tests;
#[cfg(test)]
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod tls_tests;

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::thread;

    use super::*;
    use crate::settings::Settings;

    /// Returns the URL of a server that accepts one connection and sends this number of responses.
    pub(super) fn one_connection(responses: usize) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            for _ in 0..responses {
                assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
            }
        });
        format!("http://localhost:{port}/")
    }

    fn error_of(transport: &dyn Transport, url: &str) -> TransportError {
        transport.send(http::Request::get(url).body(Vec::new()).unwrap()).unwrap_err()
    }

    /// Returns an address that no server listens on. It belongs to a connection, so as long as the
    /// returned values exist, no other test listens on it.
    pub(super) fn closed() -> (SocketAddr, [TcpStream; 2]) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let server = listener.accept().unwrap().0;
        (client.local_addr().unwrap(), [client, server])
    }

    #[test]
    fn errors_name_host_and_port_without_user_and_path() {
        let (closed, _reserved) = closed();
        let mut settings = Settings::default();
        settings.no_proxy();
        let transport = settings.built_in_transport().unwrap();
        let url = format!("http://u:CANARY@{closed}/CANARY?CANARY");
        let expected = format!("connection refused by {closed}");
        assert_eq!(error_of(&*transport, &url).to_string(), expected);
        #[cfg(feature = "ureq-3")]
        {
            let agent: Agent = Agent::config_builder().proxy(None).build().into();
            assert_eq!(error_of(&agent, &url).to_string(), expected);
        }
        let error = error_of(&*transport, "http://plain.test/CANARY");
        assert_eq!(error.to_string(), "only https is allowed (plain.test:80)");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || drop(listener.accept().unwrap().0.read(&mut [0; 4096])));
        let error = error_of(&*transport, &format!("http://{address}/CANARY")).to_string();
        assert!(error.ends_with(&format!(" ({address})")) && !error.contains("CANARY"), "{error}");
    }

    #[test]
    fn nothing_is_sent_to_an_invalid_port() {
        let mut settings = Settings::default();
        settings.no_proxy();
        let transport = settings.built_in_transport().unwrap();
        for port in ["0", "65616", "99999", "x", "-1", ""] {
            let url = format!("http://127.0.0.1:{port}/");
            let error = error_of(&*transport, &url);
            assert_eq!(
                (error.to_string().as_str(), error.sent()),
                (INVALID_PORT, Sent::No),
                "{url}"
            );
            #[cfg(feature = "ureq-3")]
            {
                let agent: Agent = Agent::config_builder().proxy(None).build().into();
                assert_eq!(error_of(&agent, &url).to_string(), INVALID_PORT, "{url}");
            }
        }
    }

    #[test]
    fn errors_name_host_and_port_of_the_proxy_without_its_password() {
        let (closed, _reserved) = closed();
        let mut settings = Settings::default();
        settings.proxy(format!("http://u:CANARY@{closed}").into());
        let transport = settings.built_in_transport().unwrap();
        let via = format!("via proxy {closed}");
        for (url, host) in [
            ("https://shop.test/a", "shop.test:443"),
            ("https://shop.test:8443/a", "shop.test:8443"),
            ("https://[2001:db8::1]/a", "[2001:db8::1]:443"),
        ] {
            let error = error_of(&*transport, url).to_string();
            assert_eq!(error, format!("connection refused by {host} {via}"));
        }
    }

    #[cfg(not(all(feature = "extra-roots", any(feature = "rustls", feature = "native-tls"))))]
    #[test]
    fn extra_roots_are_rejected_with_the_names_of_the_missing_features() {
        let mut settings = Settings::default();
        settings.extra_roots(b"PEM".to_vec());
        let Err(error) = settings.built_in_transport() else { panic!("accepted") };
        assert_eq!(error.argument(), "extra_root_certificates");
        let missing = match cfg!(any(feature = "rustls", feature = "native-tls")) {
            true => "needs the feature `extra-roots`",
            false => "needs the feature `rustls` or `native-tls`",
        };
        assert!(error.to_string().ends_with(missing), "{error}");
    }

    #[test]
    fn calls_to_a_name_share_a_connection_with_or_without_the_dns_cache() {
        let url = one_connection(2);
        let mut settings = Settings::default();
        settings.no_proxy();
        let transport = settings.built_in_transport().unwrap();
        for _ in 0..2 {
            let request = http::Request::get(&url).body(Vec::new()).unwrap();
            assert_eq!(transport.send(request).unwrap().body(), b"{}");
        }
    }
}
