//! Settings of connections: timeouts, the source of the proxy, root certificates, and the hosts to
//! which plain http is allowed.

use std::net::IpAddr;
use std::time::Duration;

use http::Uri;

use crate::error::input::InputError;
use crate::secret::Secret;
use crate::validate::authority_problem;

/// The default timeout of an attempt, including connecting: 30 s.
///
/// See the example in [`Client`](crate::Client).
pub const TIMEOUT: Duration = Duration::from_secs(30);
/// The default timeout for connecting, including TLS: 10 s.
///
/// See the example in [`Client`](crate::Client).
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The default maximum size of a response body: 8 MiB.
///
/// See the example in [`Client`](crate::Client).
pub const RESPONSE_LIMIT: usize = 8 * 1024 * 1024;

/// The default maximum number of idle connections: 16.
///
/// See the example in [`Client`](crate::Client).
pub const MAX_CONNECTIONS: usize = 16;

/// The source of the proxy settings.
#[derive(Debug, Clone, Default)]
#[cfg_attr(not(feature = "ureq"), expect(dead_code, reason = "read by the built-in transport"))]
pub(crate) enum ProxyChoice {
    /// Environment variables, such as `https_proxy`.
    #[default]
    Environment,
    /// No proxy: all connections are direct.
    Off,
    /// A proxy at this URL, for all hosts. The URL may contain a password.
    Url(Secret),
}

/// The settings of the built-in transport.
#[derive(Debug, Clone)]
pub(crate) struct NetworkSettings {
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) response_limit: usize,
    pub(crate) max_connections: usize,
    pub(crate) proxy: ProxyChoice,
    pub(crate) extra_roots: Vec<Vec<u8>>,
    pub(crate) platform_verifier: bool,
    /// Hosts to which plain http is allowed, in addition to loopback hosts.
    pub(crate) plain_http_hosts: Vec<String>,
}

impl Default for NetworkSettings {
    fn default() -> Self {
        Self {
            timeout: TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
            response_limit: RESPONSE_LIMIT,
            max_connections: MAX_CONNECTIONS,
            proxy: ProxyChoice::Environment,
            extra_roots: Vec::new(),
            platform_verifier: false,
            plain_http_hosts: Vec::new(),
        }
    }
}

impl NetworkSettings {
    pub(crate) fn validate(&self) -> Result<(), InputError> {
        for (name, timeout) in
            [("timeout", self.timeout), ("connect_timeout", self.connect_timeout)]
        {
            if timeout.is_zero() {
                return Err(InputError::new(name, "must be more than 0"));
            }
        }
        if self.max_connections == 0 {
            return Err(InputError::new("max_connections", "must be more than 0"));
        }
        Ok(())
    }

    /// Returns whether credentials may be sent unencrypted to this host, because it is a loopback
    /// host or was explicitly allowed.
    pub(crate) fn allows_plain_http(&self, host: &str) -> bool {
        is_loopback(host)
            || self.plain_http_hosts.iter().any(|name| name.eq_ignore_ascii_case(host))
    }
}

/// The validated base URL of a server, to which the paths of endpoints are appended.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    /// The URL without a trailing slash.
    pub(crate) text: String,
    pub(crate) uri: Uri,
    pub(crate) loopback: bool,
}

impl Base {
    pub(crate) fn parse(
        argument: &'static str,
        url: &str,
        network: &NetworkSettings,
    ) -> Result<Self, InputError> {
        let reject = |problem| Err(InputError::new(argument, problem));
        let Ok(uri) = Uri::try_from(url) else {
            return reject("must be a URL such as https://api.example.com");
        };
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return reject("must begin with https:// (or http:// for a loopback host)"),
        };
        let (Some(host), Some(authority)) = (uri.host(), uri.authority()) else {
            return reject("must contain a host, such as https://api.example.com");
        };
        if let Some(problem) = authority_problem(authority) {
            return reject(problem);
        }
        if host.is_empty() {
            return reject("must be a URL such as https://api.example.com");
        }
        if uri.query().is_some() || url.contains('#') {
            return reject("must not contain a query or fragment");
        }
        if !https && !network.allows_plain_http(host) {
            return reject(
                "must begin with https://, because http would send credentials unencrypted",
            );
        }
        let scheme = if https { "https" } else { "http" };
        let path = uri.path().trim_end_matches('/');
        let text = format!("{scheme}://{authority}{path}");
        let loopback = is_loopback(host);
        Ok(Self { text, uri, loopback })
    }
}

/// Returns whether the host of a URL is `localhost` or a loopback address.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(url: &str) -> Result<String, String> {
        let network = NetworkSettings {
            plain_http_hosts: vec!["Intra.example".to_owned()],
            ..NetworkSettings::default()
        };
        Base::parse("base_url", url, &network)
            .map(|base| base.text)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn base_url_keeps_its_path_without_the_last_slash() {
        assert_eq!(base("https://h.example/api/v1/").unwrap(), "https://h.example/api/v1");
        assert_eq!(base("HTTPS://h.example:8443").unwrap(), "https://h.example:8443");
        assert_eq!(base("https://[::1]:65535/a").unwrap(), "https://[::1]:65535/a");
        assert_eq!(base("http://127.0.0.1:1").unwrap(), "http://127.0.0.1:1");
    }

    #[test]
    fn port_that_cannot_be_read_is_rejected_and_not_the_default_one() {
        for url in [
            "https://h.example:99999",
            "https://h.example:65536/a",
            "https://h.example:0",
            "https://h.example:",
            "https://h.example:/a",
            "https://[::1]:70000",
            "http://127.0.0.1:99999",
            "https://h.example:443x",
            "https://h.example:+443",
        ] {
            assert!(base(url).unwrap_err().contains("base_url: "), "{url}");
        }
    }

    #[test]
    fn path_of_a_base_url_may_have_colons() {
        assert_eq!(base("https://h.example/a:b").unwrap(), "https://h.example/a:b");
    }

    #[test]
    fn plain_http_is_allowed_for_this_machine_and_listed_hosts() {
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
            assert!(base(bad).unwrap_err().contains("unencrypted"), "{bad}");
        }
    }

    #[test]
    fn error_of_an_invalid_base_url_names_the_argument() {
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
