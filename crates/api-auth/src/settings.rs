//! Options of all clients: timeouts, retries, proxy, certificates, clock, transport.

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

/// The default timeout of an exchange, including the connection: 30 s.
pub const TIMEOUT: Duration = Duration::from_secs(30);
/// The default timeout for connecting, including TLS: 10 s.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The default maximum size of a response body: 8 MiB.
pub const RESPONSE_LIMIT: usize = 8 * 1024 * 1024;

/// The source of the proxy settings.
#[derive(Debug, Clone, Default)]
#[cfg_attr(not(feature = "ureq"), expect(dead_code, reason = "read by the built-in transport"))]
pub(crate) enum ProxyChoice {
    /// The variables of the environment.
    #[default]
    Environment,
    /// Direct connections.
    Off,
    /// This URL for all hosts. It may contain a password.
    Url(Secret),
}

/// The settings of the built-in transport.
#[derive(Debug, Clone)]
pub(crate) struct NetworkSettings {
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) response_limit: usize,
    pub(crate) proxy: ProxyChoice,
    pub(crate) extra_roots: Vec<Vec<u8>>,
    pub(crate) platform_verifier: bool,
    /// Hosts to which plain http is allowed, in addition to this machine.
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

    /// Returns whether credentials may be sent unencrypted to this host.
    pub(crate) fn allows_plain_http(&self, host: &str) -> bool {
        is_loopback(host)
            || self.plain_http_hosts.iter().any(|name| name.eq_ignore_ascii_case(host))
    }
}

/// The options of a client, which are the same for all providers. The builder of a provider
/// forwards to it.
///
/// The macro [`builder_options!`](crate::builder_options) documents each option.
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
    /// Sets the timeout of one exchange.
    pub fn timeout(&mut self, timeout: Duration) {
        self.network.timeout = timeout;
    }

    /// Sets the timeout for connecting.
    pub fn connect_timeout(&mut self, timeout: Duration) {
        self.network.connect_timeout = timeout;
    }

    /// Sets the maximum number of retries.
    pub fn retries(&mut self, retries: u32) {
        self.retries = Some(retries);
    }

    /// Sets the maximum size of a response body.
    pub fn response_limit(&mut self, bytes: usize) {
        self.network.response_limit = bytes;
    }

    /// Sets the name of the application in the User-Agent.
    pub fn application(&mut self, name: String) {
        self.application = Some(name);
    }

    /// Sets the proxy.
    pub fn proxy(&mut self, url: Secret) {
        self.network.proxy = ProxyChoice::Url(url);
    }

    /// Disables the proxy.
    pub fn no_proxy(&mut self) {
        self.network.proxy = ProxyChoice::Off;
    }

    /// Adds the certificates of this PEM text as trusted roots.
    pub fn extra_roots(&mut self, pem: Vec<u8>) {
        self.network.extra_roots.push(pem);
    }

    /// Lets the platform verify certificates.
    pub fn platform_verifier(&mut self) {
        self.network.platform_verifier = true;
    }

    /// Allows credentials to be sent to this host over plain http.
    pub fn allow_plain_http_to(&mut self, host: String) {
        self.network.plain_http_hosts.push(host);
    }

    /// Sets the transport, which replaces the built-in one.
    pub fn transport(&mut self, transport: Arc<dyn Transport>) {
        self.transport = Some(transport);
    }

    /// Sets the clock.
    pub fn clock(&mut self, clock: Arc<dyn Clock>) {
        self.clock = clock;
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
    /// `servers` are the environment's base URLs, each with the name of its argument.
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

/// Creates the built-in transport. A client whose hosts are all loopback needs no proxy: variables
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

/// The base URL of a server.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    /// The URL without a slash at its end.
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

/// Returns whether the host of a URL is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Declares the methods that every provider's `ClientBuilder` has, for a type whose field
/// `settings` is a [`Settings`](crate::Settings). Used inside its `impl` block.
#[macro_export]
macro_rules! builder_options {
    () => {
        /// Sets the timeout of one exchange, from connecting to the last byte of the response. Each
        /// retry has a timeout of its own. With the feature `dns-cache`, a timeout of more than 10 s
        /// may be exceeded by up to a second. Defaults to 30 s.
        #[must_use]
        pub fn timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.settings.timeout(timeout);
            self
        }

        /// Sets the timeout for connecting, including TLS. Defaults to 10 s.
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

        /// Sets the maximum size of a response body. A larger one is an error. Defaults to 8 MiB.
        #[must_use]
        pub fn response_limit(mut self, bytes: usize) -> Self {
            self.settings.response_limit(bytes);
            self
        }

        /// Sets the name (and version) of your application, which precedes the crate's in the
        /// User-Agent: `my-shop/2.1`.
        #[must_use]
        pub fn application(mut self, name: impl ::std::convert::Into<String>) -> Self {
            self.settings.application(name.into());
            self
        }

        /// Connects to all hosts through this proxy, whatever the environment contains.
        ///
        /// The URL is `[http://][user:password@]host[:port]`, or has the scheme `https` or, with
        /// the feature `socks-proxy`, `socks4`, `socks4a`, `socks5` or `socks5h`. The default port
        /// is 80, 443 or 1080, depending on the scheme. Special characters of user name and
        /// password must be percent-encoded. [`build`](Self::build) returns an error for any other
        /// URL. Requests to plain http hosts are tunnelled (`CONNECT`) as well. An unencrypted
        /// request to a loopback host is an error unless the proxy is on this machine, too.
        ///
        /// By default the environment selects the proxy for each host: `https_proxy` or
        /// `http_proxy` by the scheme of the URL, then `all_proxy`, in lower case before upper
        /// case. An empty variable counts as not set. `HTTP_PROXY` is ignored in CGI programs
        /// (where `REQUEST_METHOD` is set). `no_proxy` lists exceptions: `*`, domains (with their
        /// subdomains), IP addresses and networks (`10.0.0.0/8`). Domains and addresses may have a
        /// port. Loopback hosts are always connected directly. The variables are read once, by
        /// [`build`](Self::build), which returns an error that names a variable that cannot be
        /// read. If all hosts of the client are loopback hosts, only a request to another host
        /// returns this error.
        #[must_use]
        pub fn proxy(mut self, url: impl ::std::convert::Into<$crate::Secret>) -> Self {
            self.settings.proxy(url.into());
            self
        }

        /// Connects to all hosts directly, whatever the environment contains.
        #[must_use]
        pub fn no_proxy(mut self) -> Self {
            self.settings.no_proxy();
            self
        }

        /// Trusts the root certificates of this PEM text in addition to the compiled-in ones, for a
        /// company's own CA. May be called several times. A certificate that cannot be used is
        /// skipped, and the log contains their number. [`build`](Self::build) returns an error if
        /// none can be used. Needs the feature `extra-roots`, and `rustls` or `native-tls`.
        #[must_use]
        pub fn extra_root_certificates(mut self, pem: impl ::std::convert::Into<Vec<u8>>) -> Self {
            self.settings.extra_roots(pem.into());
            self
        }

        /// Lets the operating system verify certificates, instead of using the compiled-in roots.
        /// Needs the feature `platform-verifier`, or `native-tls` without `rustls`.
        #[must_use]
        pub fn platform_verifier(mut self) -> Self {
            self.settings.platform_verifier();
            self
        }

        /// Allows credentials to be sent to this host over plain http, which is otherwise rejected
        /// for all hosts but this machine. An attacker in the network can read and replay them.
        #[must_use]
        pub fn allow_plain_http_to(mut self, host: impl ::std::convert::Into<String>) -> Self {
            self.settings.allow_plain_http_to(host.into());
            self
        }

        /// Sets the transport: a closure in tests, your own `ureq::Agent` (feature `ureq-3`), or any
        /// other type that keeps the contract of [`Transport`]($crate::Transport). Timeouts, proxy
        /// and certificates are then those of the transport.
        #[must_use]
        pub fn transport(mut self, transport: impl $crate::Transport + 'static) -> Self {
            self.settings.transport(::std::sync::Arc::new(transport));
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
