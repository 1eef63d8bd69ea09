//! The client and its builder. The methods that call endpoints are in the modules of their
//! resources, such as [`access`](crate::access).

use std::fmt;
use std::sync::Arc;

use api_auth::hmac::request_line::RequestLine;
use api_auth::{
    Credential, Encoding, Env, InputError, Provider, Result, Secret, Server, Settings,
    without_user_info,
};

use crate::download::DownloadPath;
use crate::error;

static PROVIDER: Provider = Provider {
    name: "tinypass",
    user_agent: concat!("tinypass-client/", env!("CARGO_PKG_VERSION")),
    encoding: Encoding::Form,
    // The documentation describes 500 as a temporary failure of the server.
    retry_statuses: &[429, 500, 502, 503, 504],
    secret_parameters: &[],
    read_error: error::read,
};

/// The server to which requests are sent. The provider's two environments are separate: each has
/// its own application ids (AIDs), private keys and data.
///
/// See the example on [`Client::builder`](crate::Client::builder).
///
/// Source: the official PHP client 2.0.8 and Ruby gem 0.0.1. The documentation uses `http` for the
/// sandbox.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// The production server, `https://api.tinypass.com`.
    #[default]
    Production,
    /// The provider's sandbox, which uses no real money, `https://sandbox.tinypass.com`.
    Sandbox,
    /// A custom base URL, without `/r2`, such as that of a proxy, a test server or a successor of
    /// the service. It must use `https`, except for loopback hosts and hosts that are passed to
    /// [`ClientBuilder::allow_plain_http_to`].
    Custom(String),
}

impl fmt::Debug for Environment {
    /// Formats the environment. A custom URL is shown without its user name and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Production => f.write_str("Production"),
            Self::Sandbox => f.write_str("Sandbox"),
            Self::Custom(url) => f.debug_tuple("Custom").field(&without_user_info(url)).finish(),
        }
    }
}

impl Environment {
    /// Creates an environment with a custom base URL, such as that of a test server.
    pub fn custom(base_url: impl Into<String>) -> Self {
        Self::Custom(base_url.into())
    }

    /// Returns the base URL, to which paths such as `/r2/access` are appended.
    pub fn base_url(&self) -> &str {
        match self {
            Self::Production => "https://api.tinypass.com",
            Self::Sandbox => "https://sandbox.tinypass.com",
            Self::Custom(url) => url,
        }
    }
}

/// A client for one application. Cloning is cheap, and all threads can share one client.
///
/// ```
/// use tinypass_client::Client;
///
/// # use tinypass_client::api_auth::{Request, Response, TransportError};
/// # let server = |_: Request| -> Result<_, TransportError> {
/// #     Ok(Response::new(br#"{"id":"1","expires":0}"#.to_vec()))
/// # };
/// let tinypass = Client::builder("AIDAIDAID0", "the application's private key")
/// #   .transport(server)
///     .build()?;
/// match tinypass.get_access("premium-content", "user_42")? {
///     Some(access) if access.is_active(std::time::SystemTime::now()) => println!("access granted"),
///     _ => println!("no access"),
/// }
/// # Ok::<(), tinypass_client::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) core: api_auth::Client,
    pub(crate) download_path: Option<DownloadPath>,
}

/// The name by which errors refer to the base URL, unless it is from an environment variable.
const BASE_URL: &str = "base_url";

/// A builder for a [`Client`], created with [`Client::builder`] or [`ClientBuilder::from_env`].
#[derive(Debug, Clone)]
#[must_use = "nothing happens before `build`"]
pub struct ClientBuilder {
    aid: String,
    private_key: Secret,
    /// The name by which errors refer to the private key: that of the argument or environment
    /// variable that contained it.
    private_key_name: &'static str,
    environment: Environment,
    /// The name by which errors refer to the base URL: that of the argument or environment variable
    /// that contained it.
    base_url_name: &'static str,
    download_path: Option<DownloadPath>,
    settings: Settings,
}

/// # Creating a client
///
/// The methods that call endpoints are in other `impl` blocks, one for each resource.
impl Client {
    /// Returns a builder for a client of the application with this id (AID) and private key. The
    /// provider's dashboard shows both.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tinypass_client::{Client, Environment};
    ///
    /// # if !cfg!(feature = "ureq") { return Ok(()); }
    /// let tinypass = Client::builder("AIDAIDAID0", "jNq3vT0aB7xKc5mYpR8wZ2dLhE6uFsG1iOoQyX4t")
    ///     .environment(Environment::Sandbox)
    ///     .timeout(Duration::from_secs(5))
    ///     .build()?;
    /// # Ok::<(), tinypass_client::Error>(())
    /// ```
    pub fn builder(aid: impl Into<String>, private_key: impl Into<Secret>) -> ClientBuilder {
        ClientBuilder {
            aid: aid.into(),
            private_key: private_key.into(),
            private_key_name: "private_key",
            environment: Environment::Production,
            base_url_name: BASE_URL,
            download_path: None,
            settings: Settings::default(),
        }
    }

    /// Creates a client from the environment variables `TINYPASS_AID` and `TINYPASS_PRIVATE_KEY`.
    /// Its base URL is `TINYPASS_BASE_URL` if that is set, the provider's sandbox if
    /// `TINYPASS_ENVIRONMENT` is `sandbox` or `TINYPASS_SANDBOX` is `1` or `true`, and production
    /// otherwise. The last two variables must not contradict each other.
    ///
    /// # Errors
    /// Returns an error that names the first variable that is missing or has an invalid value.
    pub fn from_env() -> Result<Self> {
        ClientBuilder::from_env()?.build()
    }
}

/// # Requests to any endpoint
///
/// These methods send any request, such as a [`RawEndpoint`](crate::RawEndpoint), or return a
/// request without sending it. The other methods call one endpoint each.
impl Client {
    // `send`, `send_raw`, `curl`, ...: see `api-auth/src/client/methods.rs`
    api_auth::client_methods!();
}

impl ClientBuilder {
    /// Reads the environment variables that [`Client::from_env`] names, and returns a builder with
    /// their values.
    ///
    /// # Errors
    /// Returns an error that names the first variable that is missing or has an invalid value. The
    /// base URL is validated only by [`build`](Self::build).
    pub fn from_env() -> Result<Self> {
        Ok(Self::from_variables(Env::PROCESS)?)
    }

    fn from_variables(variables: Env<'_>) -> Result<Self, InputError> {
        let (aid, private_key) = keys(variables)?;
        let mut builder = Client::builder(aid, private_key);
        builder.private_key_name = PRIVATE_KEY;
        let sandbox = match variables.word("TINYPASS_SANDBOX")?.as_deref() {
            None => None,
            Some("1" | "true") => Some(true),
            Some("0" | "false") => Some(false),
            Some(_) => {
                return Err(InputError::new("TINYPASS_SANDBOX", "must be 1, true, 0 or false"));
            }
        };
        let sandbox = match (variables.word("TINYPASS_ENVIRONMENT")?.as_deref(), sandbox) {
            (None, sandbox) => sandbox.unwrap_or(false),
            (Some("production"), None | Some(false)) => false,
            (Some("sandbox"), None | Some(true)) => true,
            (Some("production" | "sandbox"), _) => {
                let problem = "contradicts TINYPASS_ENVIRONMENT; set only one of the two";
                return Err(InputError::new("TINYPASS_SANDBOX", problem));
            }
            (Some(_), _) => {
                let problem = "must be production or sandbox";
                return Err(InputError::new("TINYPASS_ENVIRONMENT", problem));
            }
        };
        const BASE_URL: &str = "TINYPASS_BASE_URL";
        if let Some(url) = variables.get(BASE_URL)? {
            builder.environment = Environment::custom(url);
            builder.base_url_name = BASE_URL;
        } else if sandbox {
            builder.environment = Environment::Sandbox;
        }
        Ok(builder)
    }

    /// Sets the server to which requests are sent. Defaults to [`Environment::Production`].
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self.base_url_name = BASE_URL;
        self
    }

    /// Sets the spelling of the download paths. By default, the documented spelling is tried first,
    /// and that of the official PHP client after a 404.
    pub fn download_path(mut self, path: DownloadPath) -> Self {
        self.download_path = Some(path);
        self
    }

    api_auth::builder_options!();

    /// Validates all options and creates the client. No request is sent.
    ///
    /// # Errors
    /// Returns an error that names the first invalid option, such as an AID with a colon, an empty
    /// private key, or a base URL that would cause the signature to be sent unencrypted.
    pub fn build(self) -> Result<Client> {
        let auth = RequestLine::new(("aid", self.aid), (self.private_key_name, &self.private_key))?;
        let core = self.settings.build(
            &PROVIDER,
            &[(Server::MAIN, self.base_url_name, self.environment.base_url())],
            vec![(Credential::MAIN, Arc::new(auth))],
        )?;
        Ok(Client { core, download_path: self.download_path })
    }
}

/// The name of the environment variable that contains the private key.
const PRIVATE_KEY: &str = "TINYPASS_PRIVATE_KEY";

/// Reads the AID and the private key from the environment variables.
pub(crate) fn keys(variables: Env<'_>) -> Result<(String, Secret), InputError> {
    const AID: &str = "TINYPASS_AID";
    let aid = variables.need(AID)?;
    let private_key = Secret::new(variables.need(PRIVATE_KEY)?);
    // Without this check, errors would name the builder's arguments instead of the variables.
    RequestLine::new((AID, aid.clone()), (PRIVATE_KEY, &private_key))?;
    Ok((aid, private_key))
}

/// Returns the value of the `Authorization` header for a request that you send with another HTTP
/// library. `target` is the path and query exactly as in the request line.
///
/// The signature does not expire: anyone who obtains it can replay the request.
///
/// # Errors
/// Returns an error if the builder of a client rejects the AID or the key, such as an AID with a
/// colon or an empty key.
///
/// ```
/// use tinypass_client::{Secret, authorization};
///
/// let key = Secret::new("jNq3vT0aB7xKc5mYpR8wZ2dLhE6uFsG1iOoQyX4t");
/// let value = authorization("AIDAIDAID0", &key, "GET", "/r2/access/search")?;
/// assert_eq!(value, "AIDAIDAID0:RFlUroWnHR3vks97Pst0VCBgg2-u-yQhAD56LqoLLYo");
/// # Ok::<(), tinypass_client::InputError>(())
/// ```
pub fn authorization(
    aid: &str,
    private_key: &Secret,
    method: &str,
    target: &str,
) -> Result<String, InputError> {
    let signer = RequestLine::new(("aid", aid.to_owned()), ("private_key", private_key))?;
    Ok(signer.value(method, target))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(given: &[(&str, &str)]) -> Result<ClientBuilder, String> {
        ClientBuilder::from_variables(Env::given(given)).map_err(|error| error.to_string())
    }

    const KEYS: [(&str, &str); 2] = [("TINYPASS_AID", "A"), ("TINYPASS_PRIVATE_KEY", "k")];

    fn with(more: &[(&'static str, &'static str)]) -> Result<ClientBuilder, String> {
        variables(&[&KEYS, more].concat())
    }

    #[test]
    fn client_is_send_and_sync() {
        fn check<T: Send + Sync>() {}
        check::<Client>();
    }

    #[test]
    fn error_names_a_missing_variable() {
        assert!(variables(&[]).unwrap_err().starts_with("TINYPASS_AID: "));
        assert!(variables(&KEYS[..1]).unwrap_err().starts_with("TINYPASS_PRIVATE_KEY: "));
        let colon = [("TINYPASS_AID", "a:b"), KEYS[1]];
        assert!(variables(&colon).unwrap_err().starts_with("TINYPASS_AID: must contain"));
        let order_mark = [KEYS[0], ("TINYPASS_PRIVATE_KEY", "\u{feff}k")];
        assert!(variables(&order_mark).unwrap_err().starts_with("TINYPASS_PRIVATE_KEY: "));
        let blank = [("TINYPASS_AID", " "), KEYS[1]];
        assert!(variables(&blank).unwrap_err().starts_with("TINYPASS_AID: "));
    }

    #[test]
    fn authorization_rejects_what_the_builder_rejects() {
        for (aid, key, argument) in [
            ("", "k", "aid"),
            ("a:b", "k", "aid"),
            ("a\r\nX-A: b", "k", "aid"),
            ("a", "", "private_key"),
            ("a", "k\n", "private_key"),
        ] {
            let built = Client::builder(aid, key).build().unwrap_err().to_string();
            let error = authorization(aid, &Secret::new(key), "GET", "/r2/access").unwrap_err();
            assert_eq!(error.to_string(), built);
            assert_eq!(error.argument(), argument);
        }
    }

    #[test]
    fn base_url_is_taken_from_the_variables_or_is_production() {
        let base = |more: &[_]| with(more).unwrap().environment.base_url().to_owned();
        assert_eq!(base(&[]), "https://api.tinypass.com");
        assert_eq!(base(&[("TINYPASS_SANDBOX", "1")]), "https://sandbox.tinypass.com");
        assert_eq!(base(&[("TINYPASS_SANDBOX", "false")]), "https://api.tinypass.com");
        let both = [("TINYPASS_SANDBOX", "1"), ("TINYPASS_BASE_URL", "http://127.0.0.1:1")];
        assert_eq!(base(&both), "http://127.0.0.1:1");
        assert!(with(&[("TINYPASS_SANDBOX", "maybe")]).unwrap_err().contains("TINYPASS_SANDBOX"));
        let named = |name| ("TINYPASS_ENVIRONMENT", name);
        let [sandbox, production] = [("sandbox", "1"), ("production", "0")].map(|(name, value)| {
            assert_eq!(base(&[named(name)]), base(&[named(name), ("TINYPASS_SANDBOX", value)]));
            base(&[named(name)])
        });
        assert_eq!(sandbox, "https://sandbox.tinypass.com");
        assert_eq!(production, "https://api.tinypass.com");
        for (name, value) in [("sandbox", "0"), ("production", "true")] {
            let error = with(&[named(name), ("TINYPASS_SANDBOX", value)]).unwrap_err();
            let problem =
                "TINYPASS_SANDBOX: contradicts TINYPASS_ENVIRONMENT; set only one of the two";
            assert_eq!(error, problem);
        }
        let error = with(&[named("staging")]).unwrap_err();
        assert_eq!(error, "TINYPASS_ENVIRONMENT: must be production or sandbox");
    }

    #[test]
    fn error_of_a_base_url_names_its_variable_or_argument() {
        for (url, problem) in test_support::settings::INVALID_BASE_URLS {
            let builder = variables(&[KEYS[0], KEYS[1], ("TINYPASS_BASE_URL", url)]);
            let error = builder.unwrap().build().unwrap_err();
            assert_eq!(error.to_string(), format!("TINYPASS_BASE_URL: {problem}"), "{url}");
            let error = Client::builder("a", "k")
                .environment(Environment::Custom(url.to_owned()))
                .build()
                .unwrap_err();
            assert_eq!(error.to_string(), format!("base_url: {problem}"), "{url}");
        }
    }

    #[test]
    fn rejected_key_with_outer_space_is_named() {
        let named = |builder: ClientBuilder| {
            let client = builder.transport(test_support::settings::rejecting(b"{}")).build();
            test_support::settings::named_in_hint(&client.unwrap().get_user("u").unwrap_err())
        };
        for key in ["CANARY ", " CANARY"] {
            assert_eq!(named(Client::builder("A", key)), Some("private_key"));
            let variables = variables(&[KEYS[0], ("TINYPASS_PRIVATE_KEY", key)]).unwrap();
            assert_eq!(named(variables), Some("TINYPASS_PRIVATE_KEY"));
        }
        assert_eq!(named(Client::builder("A", "CAN ARY")), None);
    }

    #[test]
    fn error_of_an_invalid_setting_names_it() {
        let argument =
            |builder: ClientBuilder| builder.build().unwrap_err().argument().map(str::to_owned);
        assert_eq!(argument(Client::builder("a:b", "k")).as_deref(), Some("aid"));
        assert_eq!(argument(Client::builder("a\nb", "k")).as_deref(), Some("aid"));
        assert_eq!(argument(Client::builder("a", "")).as_deref(), Some("private_key"));
        for url in ["api.tinypass.com", "https://u:p@h", "http://h", "https://h?x=1"] {
            let custom = Client::builder("a", "k").environment(Environment::custom(url));
            assert_eq!(argument(custom).as_deref(), Some("base_url"), "{url}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let builder = Client::builder("AID", "CANARY").proxy("http://u:CANARY@127.0.0.1:1");
        assert!(!format!("{builder:?} {:?}", builder.clone().build()).contains("CANARY"));
    }
}
