//! Options of all clients: timeouts, retries, proxy, certificates, clock, transport.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};

use crate::auth::Auth;
use crate::client::{Client, Parts};
use crate::clock::{Clock, SystemClock};
use crate::error::input::InputError;
use crate::network::{Base, NetworkSettings, ProxyChoice};
use crate::pace::Pace;
use crate::provider::Provider;
#[cfg(feature = "record")]
use crate::record::Recorder;
use crate::retry::RetryPolicy;
use crate::route::{Credential, Server};
use crate::secret::Secret;
use crate::transport::Transport;

/// A function that wraps a transport in another one.
type WrapTransport = dyn Fn(Arc<dyn Transport>) -> Arc<dyn Transport> + Send + Sync;

/// The options that the clients of all providers have in common. Each provider's builder forwards
/// them to this type.
///
/// Each option is documented in the macro [`builder_options!`](crate::builder_options).
///
/// See the example in [`Client`](crate::Client).
#[derive(Clone)]
pub struct Settings {
    pub(crate) network: NetworkSettings,
    retries: Option<u32>,
    max_requests_per_second: Option<u32>,
    application: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
    transport: Option<Arc<dyn Transport>>,
    wrap_transport: Option<Arc<WrapTransport>>,
    clock: Arc<dyn Clock>,
    record: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            network: NetworkSettings::default(),
            retries: None,
            max_requests_per_second: None,
            application: None,
            headers: Vec::new(),
            transport: None,
            wrap_transport: None,
            clock: Arc::new(SystemClock),
            record: None,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("network", &self.network)
            .field("retries", &self.retries)
            .field("max_requests_per_second", &self.max_requests_per_second)
            .field("application", &self.application)
            .field("own_transport", &self.transport.is_some())
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Sets the timeout of one attempt, including connecting. Defaults to
    /// [`TIMEOUT`](crate::TIMEOUT).
    pub fn timeout(&mut self, timeout: Duration) {
        self.network.timeout = timeout;
    }

    /// Sets the timeout for connecting. Defaults to [`CONNECT_TIMEOUT`](crate::CONNECT_TIMEOUT).
    pub fn connect_timeout(&mut self, timeout: Duration) {
        self.network.connect_timeout = timeout;
    }

    /// Sets the maximum number of retries. Defaults to 2.
    pub fn retries(&mut self, retries: u32) {
        self.retries = Some(retries);
    }

    /// Sets the maximum number of requests per second. Defaults to no limit.
    pub fn max_requests_per_second(&mut self, requests: u32) {
        self.max_requests_per_second = Some(requests);
    }

    /// Sets the maximum size of a response body in bytes. Defaults to
    /// [`RESPONSE_LIMIT`](crate::RESPONSE_LIMIT).
    pub fn response_limit(&mut self, bytes: usize) {
        self.network.response_limit = bytes;
    }

    /// Sets the maximum number of idle connections that are kept for later requests. Defaults to
    /// [`MAX_CONNECTIONS`](crate::MAX_CONNECTIONS).
    pub fn max_connections(&mut self, connections: usize) {
        self.network.max_connections = connections;
    }

    /// Sets the name of the application in the User-Agent, such as `my-shop/2.1`.
    pub fn application(&mut self, name: String) {
        self.application = Some(name);
    }

    /// Sets the headers to add to each request to an endpoint after it is signed. They replace headers
    /// of the same names that the client sets. Requests for tokens and sessions do not get them.
    #[doc(hidden)]
    pub fn headers(&mut self, headers: Vec<(HeaderName, HeaderValue)>) {
        self.headers = headers;
    }

    /// Sets the URL of the proxy for all hosts. By default, environment variables select the proxy.
    pub fn proxy(&mut self, url: Secret) {
        self.network.proxy = ProxyChoice::Url(url);
    }

    /// Disables the proxy, so that all connections are direct.
    pub fn no_proxy(&mut self) {
        self.network.proxy = ProxyChoice::Off;
    }

    /// Adds certificates in PEM format as trusted roots, in addition to the compiled-in ones.
    pub fn extra_roots(&mut self, pem: Vec<u8>) {
        self.network.extra_roots.push(pem);
    }

    /// Uses the certificate verifier of the operating system instead of the compiled-in roots.
    pub fn platform_verifier(&mut self) {
        self.network.platform_verifier = true;
    }

    /// Allows credentials to be sent to this host over plain http, which is otherwise allowed only
    /// for loopback hosts.
    pub fn allow_plain_http_to(&mut self, host: String) {
        self.network.plain_http_hosts.push(host);
    }

    /// Sets the transport, which replaces the built-in one.
    pub fn transport(&mut self, transport: Arc<dyn Transport>) {
        self.transport = Some(transport);
    }

    /// Wraps the transport, such as the built-in one, in another transport. If this method is called
    /// again, the new transport wraps the previous one.
    pub fn wrap_transport<T: Transport + 'static>(
        &mut self,
        wrap: impl Fn(Arc<dyn Transport>) -> T + Send + Sync + 'static,
    ) {
        let previous = self.wrap_transport.take();
        self.wrap_transport = Some(Arc::new(move |inner| {
            let inner = match &previous {
                Some(previous) => previous(inner),
                None => inner,
            };
            Arc::new(wrap(inner))
        }));
    }

    /// Sets the clock. Defaults to [`SystemClock`](crate::SystemClock).
    pub fn clock(&mut self, clock: Arc<dyn Clock>) {
        self.clock = clock;
    }

    /// Appends each exchange, without secrets, to this file. Needs the feature `record`.
    pub fn record(&mut self, file: PathBuf) {
        self.record = Some(file);
    }

    /// Creates the built-in transport with these settings, for use within a transport of your own.
    ///
    /// # Errors
    /// Returns an error that names the first invalid setting.
    pub fn built_in_transport(&self) -> Result<Arc<dyn Transport>, InputError> {
        self.network.validate()?;
        built_in(&self.network, &self.clock, false)
    }

    /// Validates all settings and creates the client.
    ///
    /// `servers` contains each server of the environment with its base URL and with the name that
    /// errors use for this URL.
    ///
    /// # Errors
    /// Returns an error that names the first invalid setting or base URL.
    pub fn build(
        mut self,
        provider: &'static Provider,
        servers: &[(Server, &'static str, &str)],
        credentials: Vec<(Credential, Arc<dyn Auth>)>,
    ) -> Result<Client, InputError> {
        self.network.validate()?;
        if self.max_requests_per_second == Some(0) {
            return Err(InputError::new("max_requests_per_second", "must be more than 0"));
        }
        let mut bases = Vec::with_capacity(servers.len());
        for (server, argument, url) in servers {
            bases.push((*server, Base::parse(argument, url, &self.network)?));
        }
        let only_loopback = bases.iter().all(|(_, base)| base.loopback);
        let user_agent = match &self.application {
            Some(name) => [name, " ", provider.user_agent].concat(),
            None => provider.user_agent.to_owned(),
        };
        let printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
        let user_agent = HeaderValue::try_from(&user_agent)
            .ok()
            .filter(|value| value.as_bytes().iter().all(|byte| printable(*byte)))
            .ok_or_else(|| {
                InputError::new(
                    "application",
                    "must contain only visible ASCII characters and spaces",
                )
            })?;
        let mut retry = RetryPolicy { statuses: provider.retry_statuses, ..RetryPolicy::default() };
        if let Some(retries) = self.retries {
            retry.retries = retries;
        }
        let transport = match self.transport.take() {
            Some(transport) => transport,
            None => built_in(&self.network, &self.clock, only_loopback)?,
        };
        let transport = match &self.wrap_transport {
            Some(wrap) => wrap(transport),
            None => transport,
        };
        #[cfg(feature = "record")]
        let recorder = match &self.record {
            Some(file) => {
                let names = provider.secret_parameters;
                Some(Arc::new(Recorder::open(file, provider.name, names)?))
            }
            None => None,
        };
        #[cfg(not(feature = "record"))]
        if self.record.is_some() {
            return Err(InputError::new("record", "needs the feature `record`"));
        }
        Ok(Client::from_parts(Parts {
            provider,
            bases,
            credentials,
            user_agent,
            headers: self.headers,
            retry,
            response_limit: self.network.response_limit,
            transport,
            clock: self.clock,
            #[cfg(feature = "record")]
            recorder,
            pace: Arc::new(Pace::new(self.max_requests_per_second)),
            interrupt: None,
        }))
    }
}

/// Creates the built-in transport. If all hosts of the client are loopback hosts, an invalid proxy
/// variable is an error only for a request to another host.
#[cfg(feature = "ureq")]
fn built_in(
    network: &NetworkSettings,
    clock: &Arc<dyn Clock>,
    only_loopback: bool,
) -> Result<Arc<dyn Transport>, InputError> {
    use crate::proxy::Proxies;
    use crate::transport::ureq::UreqTransport;

    let proxies = match Proxies::new(&network.proxy, &crate::variables::process_variable) {
        Err(error) if only_loopback && matches!(network.proxy, ProxyChoice::Environment) => {
            Proxies::Unreadable(error)
        }
        proxies => proxies?,
    };
    Ok(Arc::new(UreqTransport::new(network, proxies, clock.clone())?))
}

#[cfg(not(feature = "ureq"))]
fn built_in(
    _network: &NetworkSettings,
    _clock: &Arc<dyn Clock>,
    _only_loopback: bool,
) -> Result<Arc<dyn Transport>, InputError> {
    Err(InputError::new(
        "transport",
        "must be set, because the crate was built without the feature `ureq`",
    ))
}

/// Declares the methods that every provider's `ClientBuilder` has, for a type whose field
/// `settings` is a [`Settings`](crate::Settings). Used inside its `impl` block.
///
/// See the example in [`Client`](crate::Client).
#[macro_export]
macro_rules! builder_options {
    () => {
        /// Sets the timeout of one attempt, from connecting to the last byte of the response. Each
        /// retry has a timeout of its own. With the feature `dns-cache`, a timeout of more than
        /// 10 s may be exceeded by up to a second. A timeout of more than 24 h counts as 24 h.
        /// Defaults to 30 s.
        #[must_use]
        pub fn timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.settings.timeout(timeout);
            self
        }

        /// Sets the timeout for connecting, including TLS. A timeout of more than 24 h counts as
        /// 24 h. Defaults to 10 s. With the feature `dns-cache`, the next address of a host is
        /// tried after 0.5 s without a response.
        #[must_use]
        pub fn connect_timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.settings.connect_timeout(timeout);
            self
        }

        /// Sets the maximum number of retries after temporary failures. Defaults to 2. A write is
        /// retried only if the request was certainly not sent.
        #[must_use]
        pub fn retries(mut self, retries: u32) -> Self {
            self.settings.retries(retries);
            self
        }

        /// Sets the maximum number of requests per second, for all threads and clones of the client
        /// together. The requests are spread evenly, so a request may wait before it is sent.
        /// Requests for tokens wait, too, but only those that fail are counted. Defaults to no limit.
        ///
        /// Independently of this limit, if one thread receives a response with status 429 and
        /// retries the request, all threads wait as long as that thread, usually for the time in
        /// the `Retry-After` header.
        #[must_use]
        pub fn max_requests_per_second(mut self, requests: u32) -> Self {
            self.settings.max_requests_per_second(requests);
            self
        }

        /// Sets the maximum size of a response body in bytes. A larger body is an error. Defaults
        /// to 8 MiB.
        #[must_use]
        pub fn response_limit(mut self, bytes: usize) -> Self {
            self.settings.response_limit(bytes);
            self
        }

        /// Sets the maximum number of idle connections that are kept for later requests. Defaults
        /// to 16. If you send more concurrent requests than that, set this option to their number.
        /// Otherwise, each additional request opens a new connection. The number of open
        /// connections is not limited.
        #[must_use]
        pub fn max_connections(mut self, connections: usize) -> Self {
            self.settings.max_connections(connections);
            self
        }

        /// Sets the name (and version) of your application, such as `my-shop/2.1`. It precedes the
        /// name of the crate in the User-Agent.
        #[must_use]
        pub fn application(mut self, name: impl ::std::convert::Into<String>) -> Self {
            self.settings.application(name.into());
            self
        }

        #[doc(hidden)]
        #[must_use]
        pub fn headers(
            mut self,
            headers: ::std::vec::Vec<(
                $crate::http::header::HeaderName,
                $crate::http::header::HeaderValue,
            )>,
        ) -> Self {
            self.settings.headers(headers);
            self
        }

        /// Sets the proxy for all hosts. The environment variables are then ignored.
        ///
        /// The URL is `[http://][user:password@]host[:port]`, or has the scheme `https` or, with
        /// the feature `socks-proxy`, `socks4`, `socks4a`, `socks5` or `socks5h`. The default port
        /// is 80, 443 or 1080, depending on the scheme. Special characters in the user name and
        /// password must be percent-encoded. [`build`](Self::build) returns an error for any other
        /// URL. Requests to plain http hosts are tunnelled (`CONNECT`) as well. An unencrypted
        /// request to a loopback host is an error unless the proxy is on this machine, too.
        ///
        /// By default, environment variables select the proxy for each host: first `https_proxy` or
        /// `http_proxy`, depending on the scheme of the URL, then `all_proxy`, each in lower case
        /// before upper case. An empty variable counts as not set. `HTTP_PROXY` is ignored in CGI
        /// programs (where `REQUEST_METHOD` is set). `no_proxy` lists exceptions: `*`, domains
        /// (with their subdomains), IP addresses and networks (`10.0.0.0/8`). Domains and addresses
        /// may have a port. Connections to loopback hosts are always direct. The variables are read
        /// once, by [`build`](Self::build), which returns an error that names the invalid variable
        /// if there is one. If all hosts of the client are loopback hosts, only a request to
        /// another host returns this error.
        #[must_use]
        pub fn proxy(mut self, url: impl ::std::convert::Into<$crate::Secret>) -> Self {
            self.settings.proxy(url.into());
            self
        }

        /// Connects to all hosts directly. The environment variables are then ignored.
        #[must_use]
        pub fn no_proxy(mut self) -> Self {
            self.settings.no_proxy();
            self
        }

        /// Adds root certificates in PEM format, such as those of a company's own CA, to the
        /// compiled-in ones. Can be called several times. A certificate that cannot be used is
        /// skipped, and the number of skipped certificates is logged. [`build`](Self::build)
        /// returns an error if none can be used. Needs the feature `extra-roots`, and `rustls` or
        /// `native-tls`.
        #[must_use]
        pub fn extra_root_certificates(mut self, pem: impl ::std::convert::Into<Vec<u8>>) -> Self {
            self.settings.extra_roots(pem.into());
            self
        }

        /// Uses the certificate verifier of the operating system instead of the compiled-in roots.
        /// Needs the feature `platform-verifier`, or `native-tls` without `rustls`.
        #[must_use]
        pub fn platform_verifier(mut self) -> Self {
            self.settings.platform_verifier();
            self
        }

        /// Allows credentials to be sent to this host over plain http, which lets an attacker in
        /// the network read and replay them. By default, plain http is allowed only for loopback
        /// hosts.
        #[must_use]
        pub fn allow_plain_http_to(mut self, host: impl ::std::convert::Into<String>) -> Self {
            self.settings.allow_plain_http_to(host.into());
            self
        }

        /// Sets the transport: a closure in tests, your own `ureq::Agent` (feature `ureq-3`), or
        /// any other type that fulfils the contract of [`Transport`]($crate::Transport). Timeouts,
        /// proxy and certificates are then those of the transport.
        #[must_use]
        pub fn transport(mut self, transport: impl $crate::Transport + 'static) -> Self {
            self.settings.transport(::std::sync::Arc::new(transport));
            self
        }

        /// Wraps the transport, such as the built-in one, in another transport, for example to count
        /// requests. If this method is called again, the new transport wraps the previous one. The
        /// other options apply to the innermost transport. Changes that an outer transport makes to
        /// a request are neither signed nor recorded.
        #[must_use]
        pub fn wrap_transport<T: $crate::Transport + 'static>(
            mut self,
            wrap: impl Fn(::std::sync::Arc<dyn $crate::Transport>) -> T
            + ::std::marker::Send
            + ::std::marker::Sync
            + 'static,
        ) -> Self {
            self.settings.wrap_transport(wrap);
            self
        }

        /// Appends each exchange to this file, as one line of JSON without secrets or personal
        /// data, for tests (see `api_auth::Replay`) and bug reports. The file is created with mode
        /// 0600. A file that is not a recording is an error. Needs the feature `record`; without it,
        /// [`build`](Self::build) returns an error.
        #[must_use]
        pub fn record(mut self, file: impl ::std::convert::Into<::std::path::PathBuf>) -> Self {
            self.settings.record(file.into());
            self
        }

        /// Sets the clock. Defaults to the system clock.
        #[must_use]
        pub fn clock(mut self, clock: impl $crate::Clock + 'static) -> Self {
            self.settings.clock(::std::sync::Arc::new(clock));
            self
        }
    };
}
