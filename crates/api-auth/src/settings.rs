//! What every client can be told: deadlines, retries, proxy, certificates, clock, transport.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use http::header::HeaderValue;

use crate::client::Parts;
use crate::{
    Auth, Client, Clock, Credential, InputError, Provider, RetryPolicy, Secret, Server,
    SystemClock, Transport,
};

/// The deadline of one exchange, connection included: 30 s.
pub const TIMEOUT: Duration = Duration::from_secs(30);
/// The deadline of making the connection, TLS included: 10 s.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes of a reply's body: 8 MiB.
pub const RESPONSE_LIMIT: usize = 8 * 1024 * 1024;

/// The source of the proxy settings.
#[derive(Debug, Clone, Default)]
#[cfg_attr(not(feature = "ureq"), expect(dead_code, reason = "read by the built-in transport"))]
pub(crate) enum ProxyChoice {
    /// The variables of the environment.
    #[default]
    Environment,
    /// No proxy.
    Off,
    /// This URL for all hosts. It may hold a password.
    Url(Secret),
}

/// What the built-in transport is made from.
#[derive(Debug, Clone)]
pub(crate) struct NetworkSettings {
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) response_limit: usize,
    pub(crate) proxy: ProxyChoice,
    pub(crate) extra_roots: Vec<Vec<u8>>,
    pub(crate) platform_verifier: bool,
    /// Hosts that plain http may go to, besides this machine.
    pub(crate) plain_http_hosts: Vec<String>,
}

impl NetworkSettings {
    fn validate(&self) -> Result<(), InputError> {
        for (name, timeout) in
            [("timeout", self.timeout), ("connect_timeout", self.connect_timeout)]
        {
            if timeout.is_zero() {
                return Err(InputError::new(name, "must be more than 0"));
            }
        }
        Ok(())
    }

    /// Whether credentials may go to this host unencrypted.
    pub(crate) fn allows_plain_http(&self, host: &str) -> bool {
        is_loopback(host)
            || self.plain_http_hosts.iter().any(|name| name.eq_ignore_ascii_case(host))
    }
}

/// The options of a client, the same for every provider; a provider's builder forwards to it.
///
/// The macro [`builder_options!`](crate::builder_options) documents each one.
#[derive(Clone)]
pub struct Settings {
    pub(crate) network: NetworkSettings,
    retries: Option<u32>,
    application: Option<String>,
    transport: Option<Arc<dyn Transport>>,
    clock: Arc<dyn Clock>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            network: NetworkSettings {
                timeout: TIMEOUT,
                connect_timeout: CONNECT_TIMEOUT,
                response_limit: RESPONSE_LIMIT,
                proxy: ProxyChoice::Environment,
                extra_roots: Vec::new(),
                platform_verifier: false,
                plain_http_hosts: Vec::new(),
            },
            retries: None,
            application: None,
            transport: None,
            clock: Arc::new(SystemClock),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("network", &self.network)
            .field("retries", &self.retries)
            .field("application", &self.application)
            .field("own_transport", &self.transport.is_some())
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Sets the deadline of one exchange.
    pub fn timeout(&mut self, timeout: Duration) {
        self.network.timeout = timeout;
    }

    /// Sets the deadline of making a connection.
    pub fn connect_timeout(&mut self, timeout: Duration) {
        self.network.connect_timeout = timeout;
    }

    /// Sets how many further tries are made.
    pub fn retries(&mut self, retries: u32) {
        self.retries = Some(retries);
    }

    /// Sets the most bytes of a reply's body.
    pub fn response_limit(&mut self, bytes: usize) {
        self.network.response_limit = bytes;
    }

    /// Sets the application's name for the User-Agent.
    pub fn application(&mut self, name: String) {
        self.application = Some(name);
    }

    /// Sets the proxy.
    pub fn proxy(&mut self, url: Secret) {
        self.network.proxy = ProxyChoice::Url(url);
    }

    /// Uses no proxy.
    pub fn no_proxy(&mut self) {
        self.network.proxy = ProxyChoice::Off;
    }

    /// Trusts the certificates of this PEM text, too.
    pub fn extra_roots(&mut self, pem: Vec<u8>) {
        self.network.extra_roots.push(pem);
    }

    /// Asks the platform whether a certificate is trusted.
    pub fn platform_verifier(&mut self) {
        self.network.platform_verifier = true;
    }

    /// Lets credentials go to that host over plain http.
    pub fn allow_plain_http_to(&mut self, host: String) {
        self.network.plain_http_hosts.push(host);
    }

    /// Sends through this transport instead of the built-in one.
    pub fn transport(&mut self, transport: Arc<dyn Transport>) {
        self.transport = Some(transport);
    }

    /// Takes the time from this clock.
    pub fn clock(&mut self, clock: Arc<dyn Clock>) {
        self.clock = clock;
    }

    /// The built-in transport with these settings, to wrap it in one of your own.
    ///
    /// # Errors
    /// The first setting that is wrong, by name.
    pub fn built_in_transport(&self) -> Result<Arc<dyn Transport>, InputError> {
        self.network.validate()?;
        built_in(&self.network, &self.clock, false)
    }

    /// Checks everything and makes the client.
    ///
    /// `servers` are the environment's base URLs, each with the name of the argument it came from.
    ///
    /// # Errors
    /// The first setting or base URL that is wrong, by name.
    pub fn build(
        mut self,
        provider: &'static Provider,
        servers: &[(Server, &'static str, &str)],
        credentials: Vec<(Credential, Arc<dyn Auth>)>,
    ) -> Result<Client, InputError> {
        self.network.validate()?;
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
                InputError::new("application", "may hold only visible ASCII characters and spaces")
            })?;
        let mut retry = RetryPolicy { statuses: provider.retry_statuses, ..RetryPolicy::default() };
        if let Some(retries) = self.retries {
            retry.retries = retries;
        }
        let transport = match self.transport.take() {
            Some(transport) => transport,
            None => built_in(&self.network, &self.clock, only_loopback)?,
        };
        Ok(Client::from_parts(Parts {
            provider,
            bases,
            credentials,
            user_agent,
            retry,
            response_limit: self.network.response_limit,
            transport,
            clock: self.clock,
        }))
    }
}

/// Makes the built-in transport. A client whose hosts are all loopback needs no proxy: variables
/// that cannot be read are then an error only for a request to another host.
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
    Err(InputError::new("transport", "must be given: built without the feature `ureq`"))
}

/// Where the paths of a server begin.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    /// Without a slash at its end.
    pub(crate) text: String,
    pub(crate) uri: Uri,
    loopback: bool,
}

impl Base {
    fn parse(
        argument: &'static str,
        url: &str,
        network: &NetworkSettings,
    ) -> Result<Self, InputError> {
        let refuse = |problem| Err(InputError::new(argument, problem));
        let Ok(uri) = Uri::try_from(url) else {
            return refuse("is not a URL");
        };
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return refuse("must begin with https:// (or http:// for this machine)"),
        };
        let (Some(host), Some(authority)) = (uri.host(), uri.authority()) else {
            return refuse("has no host");
        };
        if authority.as_str().contains('@') {
            return refuse("must not contain a user name or password");
        }
        if host.is_empty() || uri.query().is_some() || url.contains('#') {
            return refuse("must be scheme, host and path only");
        }
        if !https && !network.allows_plain_http(host) {
            return refuse("would send credentials over plain http; use https");
        }
        let scheme = if https { "https" } else { "http" };
        let path = uri.path().trim_end_matches('/');
        let text = format!("{scheme}://{authority}{path}");
        let loopback = is_loopback(host);
        Ok(Self { text, uri, loopback })
    }
}

/// Whether a host of a URL is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The methods that every provider's `ClientBuilder` has, for a type whose field `settings` is a
/// [`Settings`](crate::Settings). Used inside its `impl` block.
#[macro_export]
macro_rules! builder_options {
    () => {
        /// Sets the deadline of one exchange, from connecting to the last byte of the reply.
        /// Default: 30 s. Further tries have a deadline of their own each. One of more than 10 s may
        /// be held up to a second late.
        #[must_use]
        pub fn timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.settings.timeout(timeout);
            self
        }

        /// Sets the deadline of making a connection, TLS included. Default: 10 s.
        #[must_use]
        pub fn connect_timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.settings.connect_timeout(timeout);
            self
        }

        /// Sets how many further tries follow a passing failure. Default: 2. A write is tried
        /// again only if it surely never left this machine.
        #[must_use]
        pub fn retries(mut self, retries: u32) -> Self {
            self.settings.retries(retries);
            self
        }

        /// Sets the most bytes of a reply's body that are read; more is an error. Default: 8 MiB.
        #[must_use]
        pub fn response_limit(mut self, bytes: usize) -> Self {
            self.settings.response_limit(bytes);
            self
        }

        /// Puts the name (and version) of your application before the crate's in the User-Agent:
        /// `my-shop/2.1`.
        #[must_use]
        pub fn application(mut self, name: impl ::std::convert::Into<String>) -> Self {
            self.settings.application(name.into());
            self
        }

        /// Connects to all hosts through this proxy, whatever the environment says.
        ///
        /// The URL is `[http://][user:password@]host[:port]`, or with the scheme `https` or, by
        /// the feature `socks-proxy`, `socks4`, `socks4a`, `socks5` or `socks5h`. Without a port
        /// it is 80, 443 or 1080 by the scheme. Special characters of user name and password must
        /// be percent-encoded. [`build`](Self::build) returns an error for any other URL. Requests
        /// to plain http hosts are tunnelled (`CONNECT`) as well.
        ///
        /// By default the environment selects the proxy for each host: `https_proxy` or
        /// `http_proxy` by the scheme of the URL, then `all_proxy`, in lower case before upper
        /// case; an empty variable means no proxy. `HTTP_PROXY` is ignored in CGI programs (where
        /// `REQUEST_METHOD` is set). `no_proxy` lists exceptions: `*`, domains (with their
        /// subdomains), IP addresses and networks (`10.0.0.0/8`), each but networks with an
        /// optional port. Loopback hosts are always connected directly. The variables are read
        /// once, by [`build`](Self::build), which returns an error that names a variable that
        /// cannot be read.
        #[must_use]
        pub fn proxy(mut self, url: impl ::std::convert::Into<$crate::Secret>) -> Self {
            self.settings.proxy(url.into());
            self
        }

        /// Connects to all hosts directly, whatever the environment says.
        #[must_use]
        pub fn no_proxy(mut self) -> Self {
            self.settings.no_proxy();
            self
        }

        /// Trusts the root certificates of this PEM text besides the compiled-in ones, for a
        /// company's own CA. May be called again. Needs the features `rustls` and `tuned`.
        #[must_use]
        pub fn extra_root_certificates(mut self, pem: impl ::std::convert::Into<Vec<u8>>) -> Self {
            self.settings.extra_roots(pem.into());
            self
        }

        /// Lets the operating system decide which certificates are trusted, instead of the
        /// compiled-in roots. Needs the feature `platform-verifier`.
        #[must_use]
        pub fn platform_verifier(mut self) -> Self {
            self.settings.platform_verifier();
            self
        }

        /// Lets credentials go to this host over plain http, which is refused otherwise for all
        /// but this machine. Anybody on the way can read and replay them.
        #[must_use]
        pub fn allow_plain_http_to(mut self, host: impl ::std::convert::Into<String>) -> Self {
            self.settings.allow_plain_http_to(host.into());
            self
        }

        /// Sends through this transport: a closure in tests, an own `ureq::Agent`, or anything
        /// that keeps the contract of [`Transport`]($crate::Transport). Deadlines, proxy and
        /// certificates are then the transport's own.
        #[must_use]
        pub fn transport(mut self, transport: impl $crate::Transport + 'static) -> Self {
            self.settings.transport(::std::sync::Arc::new(transport));
            self
        }

        /// Takes the time from this clock and sleeps on it. Default: the system's.
        #[must_use]
        pub fn clock(mut self, clock: impl $crate::Clock + 'static) -> Self {
            self.settings.clock(::std::sync::Arc::new(clock));
            self
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(url: &str) -> Result<String, String> {
        let mut settings = Settings::default();
        settings.allow_plain_http_to("Intra.example".to_owned());
        Base::parse("base_url", url, &settings.network)
            .map(|base| base.text)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_base_keeps_its_path_and_loses_the_last_slash() {
        assert_eq!(base("https://h.example/api/v1/").unwrap(), "https://h.example/api/v1");
        assert_eq!(base("HTTPS://h.example:8443").unwrap(), "https://h.example:8443");
    }

    #[test]
    fn plain_http_is_for_this_machine_and_for_hosts_that_are_named() {
        for good in [
            "http://127.0.0.1:1",
            "http://127.9.9.9",
            "http://localhost:1",
            "http://[::1]:1",
            "http://intra.example",
        ] {
            assert!(base(good).is_ok(), "{good}");
        }
        for bad in ["http://h.example", "http://127.0.0.1.evil.example", "http://localhost.evil"] {
            assert!(base(bad).unwrap_err().contains("plain http"), "{bad}");
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused_by_name() {
        for bad in [
            "",
            "h.example",
            "ftp://h",
            "https://",
            "https://u:p@h",
            "https://h?x=1",
            "https://h/#f",
            "/r2",
            "https:// h",
            "https://h\n",
        ] {
            assert!(base(bad).unwrap_err().starts_with("base_url: "), "{bad:?}");
        }
        assert!(!base("https://u:CANARY@h").unwrap_err().contains("CANARY"));
    }
}
