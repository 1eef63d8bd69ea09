//! The client and how it is made. Its methods are beside the calls that they make.

use std::fmt;
use std::sync::Arc;

use api_auth::hmac::request_line::{self, RequestLine};
use api_auth::{
    Credential, Encoding, Env, HmacKey, InputError, Provider, Result, Secret, Server, Settings,
    without_user_info,
};

use crate::download::DownloadPath;
use crate::error;

static PROVIDER: Provider = Provider {
    name: "tinypass",
    user_agent: concat!("tinypass-client/", env!("CARGO_PKG_VERSION")),
    encoding: Encoding::Form,
    // 500 is documented as a passing failure of the server.
    retry_statuses: &[429, 500, 502, 503, 504],
    secret_parameters: &[],
    read_error: error::read,
};

/// Where the API is. The two of the provider are fully separate: own AID, key and data.
///
/// Source: the official PHP client 2.0.8 and Ruby gem 0.0.1; the documentation writes the sandbox
/// with `http`.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// `https://api.tinypass.com`
    #[default]
    Production,
    /// `https://sandbox.tinypass.com`: no real money.
    Sandbox,
    /// Any other base URL, without `/r2`: a proxy, a test server, a host that took over. `https`
    /// unless it is this machine.
    Custom(String),
}

impl fmt::Debug for Environment {
    /// Shows URLs without a user name and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Production => f.write_str("Production"),
            Self::Sandbox => f.write_str("Sandbox"),
            Self::Custom(url) => f.debug_tuple("Custom").field(&without_user_info(url)).finish(),
        }
    }
}

impl Environment {
    /// Returns the environment of another base URL, such as that of a test server.
    pub fn custom(base_url: impl Into<String>) -> Self {
        Self::Custom(base_url.into())
    }

    /// The base URL, to which paths such as `/r2/access` are appended.
    pub fn base_url(&self) -> &str {
        match self {
            Self::Production => "https://api.tinypass.com",
            Self::Sandbox => "https://sandbox.tinypass.com",
            Self::Custom(url) => url,
        }
    }
}

/// A client of one application. Cloning is cheap; use one from any number of threads.
///
/// ```
/// use tinypass_client::Client;
///
/// # use tinypass_client::{Request, Response, TransportError};
/// # let server = |_: Request| -> Result<_, TransportError> {
/// #     Ok(Response::new(br#"{"id":"1","expires":0}"#.to_vec()))
/// # };
/// let tinypass = Client::builder("AIDAIDAID0", "the application's private key")
/// #   .transport(server)
///     .build()?;
/// match tinypass.get_access("premium-content", "user_42")? {
///     Some(access) if access.is_active(std::time::SystemTime::now()) => println!("come in"),
///     _ => println!("please subscribe"),
/// }
/// # Ok::<(), tinypass_client::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) core: api_auth::Client,
    pub(crate) download_path: Option<DownloadPath>,
}

/// The argument that is named in errors about the base URL.
const BASE_URL: &str = "base_url";

/// Makes a [`Client`]; see [`Client::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing happens before `build`"]
pub struct ClientBuilder {
    aid: String,
    private_key: Secret,
    environment: Environment,
    /// The argument or variable that the base URL is from.
    base_url_name: &'static str,
    download_path: Option<DownloadPath>,
    settings: Settings,
}

impl Client {
    /// Begins a client for the application `aid` with its `private_key`, both as the dashboard
    /// shows them.
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
            environment: Environment::Production,
            base_url_name: BASE_URL,
            download_path: None,
            settings: Settings::default(),
        }
    }

    /// A client from the environment variables `TINYPASS_AID` and `TINYPASS_PRIVATE_KEY`. It
    /// calls `TINYPASS_BASE_URL` if that is set, the provider's sandbox if `TINYPASS_SANDBOX` is
    /// `1` or `true`, and production otherwise.
    ///
    /// # Errors
    /// A variable that is missing or wrong, by name.
    pub fn from_env() -> Result<Self> {
        ClientBuilder::from_env()?.build()
    }

    api_auth::client_methods!();
}

impl ClientBuilder {
    /// Begins a client from the variables that [`Client::from_env`] reads.
    ///
    /// # Errors
    /// A variable that is missing or wrong, by name.
    pub fn from_env() -> Result<Self> {
        Ok(Self::from_variables(Env::PROCESS)?)
    }

    fn from_variables(variables: Env<'_>) -> Result<Self, InputError> {
        let (aid, private_key) = keys(variables)?;
        let mut builder = Client::builder(aid, private_key);
        let sandbox = match variables.get("TINYPASS_SANDBOX")?.as_deref().map(str::trim) {
            Some("1" | "true") => true,
            None | Some("0" | "false") => false,
            Some(_) => {
                return Err(InputError::new("TINYPASS_SANDBOX", "must be 1, true, 0 or false"));
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

    /// Chooses where the API is. Default: [`Environment::Production`].
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self.base_url_name = BASE_URL;
        self
    }

    /// Chooses one spelling of the download paths, so that a 404 costs one request and not two.
    pub fn download_path(mut self, path: DownloadPath) -> Self {
        self.download_path = Some(path);
        self
    }

    api_auth::builder_options!();

    /// Checks everything and makes the client. Nothing is sent.
    ///
    /// # Errors
    /// The first argument that is wrong, by name: an AID with a colon or a line end, an empty
    /// key, a base URL that is none or would send the signature in the clear.
    pub fn build(self) -> Result<Client> {
        let auth = RequestLine::new(("aid", self.aid), ("private_key", &self.private_key))?;
        let core = self.settings.build(
            &PROVIDER,
            &[(Server::MAIN, self.base_url_name, self.environment.base_url())],
            vec![(Credential::MAIN, Arc::new(auth))],
        )?;
        Ok(Client { core, download_path: self.download_path })
    }
}

/// The application's AID and key, from the two variables that say them.
pub(crate) fn keys(variables: Env<'_>) -> Result<(String, Secret), InputError> {
    const AID: &str = "TINYPASS_AID";
    const PRIVATE_KEY: &str = "TINYPASS_PRIVATE_KEY";
    let aid = variables.need(AID)?;
    let private_key = Secret::new(variables.need(PRIVATE_KEY)?);
    // The builder would name its arguments.
    RequestLine::new((AID, aid.clone()), (PRIVATE_KEY, &private_key))?;
    Ok((aid, private_key))
}

/// The value of the `Authorization` header for a request, for whoever sends it by other means.
/// `target` is path and query exactly as in the request line.
///
/// The signature has no expiry: whoever sees it can repeat the request.
///
/// # Errors
/// An empty key.
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
    let key = HmacKey::new("private_key", private_key)?;
    Ok(request_line::header(aid, &request_line::signature(&key, method, target)))
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
    fn a_missing_variable_is_named() {
        assert!(variables(&[]).unwrap_err().starts_with("TINYPASS_AID: "));
        assert!(variables(&KEYS[..1]).unwrap_err().starts_with("TINYPASS_PRIVATE_KEY: "));
        let colon = [("TINYPASS_AID", "a:b"), KEYS[1]];
        assert!(variables(&colon).unwrap_err().starts_with("TINYPASS_AID: may hold"));
        let order_mark = [KEYS[0], ("TINYPASS_PRIVATE_KEY", "\u{feff}k")];
        assert!(variables(&order_mark).unwrap_err().starts_with("TINYPASS_PRIVATE_KEY: "));
        let blank = [("TINYPASS_AID", " "), KEYS[1]];
        assert!(variables(&blank).unwrap_err().starts_with("TINYPASS_AID: "));
    }

    #[test]
    fn the_environment_chooses_the_host() {
        let base = |more: &[_]| with(more).unwrap().environment.base_url().to_owned();
        assert_eq!(base(&[]), "https://api.tinypass.com");
        assert_eq!(base(&[("TINYPASS_SANDBOX", "1")]), "https://sandbox.tinypass.com");
        assert_eq!(base(&[("TINYPASS_SANDBOX", "false")]), "https://api.tinypass.com");
        let both = [("TINYPASS_SANDBOX", "1"), ("TINYPASS_BASE_URL", "http://127.0.0.1:1")];
        assert_eq!(base(&both), "http://127.0.0.1:1");
        assert!(with(&[("TINYPASS_SANDBOX", "maybe")]).unwrap_err().contains("TINYPASS_SANDBOX"));
    }

    #[test]
    fn base_url_of_the_environment_is_named_by_its_variable() {
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
    fn wrong_settings_are_refused_by_name() {
        let refused =
            |builder: ClientBuilder| builder.build().unwrap_err().argument().map(str::to_owned);
        assert_eq!(refused(Client::builder("a:b", "k")).as_deref(), Some("aid"));
        assert_eq!(refused(Client::builder("a\nb", "k")).as_deref(), Some("aid"));
        assert_eq!(refused(Client::builder("a", "")).as_deref(), Some("private_key"));
        for url in ["api.tinypass.com", "https://u:p@h", "http://h", "https://h?x=1"] {
            let custom = Client::builder("a", "k").environment(Environment::custom(url));
            assert_eq!(refused(custom).as_deref(), Some("base_url"), "{url}");
        }
    }

    #[test]
    fn no_key_is_shown() {
        let builder = Client::builder("AID", "CANARY").proxy("http://u:CANARY@127.0.0.1:1");
        assert!(!format!("{builder:?} {:?}", builder.clone().build()).contains("CANARY"));
    }
}
