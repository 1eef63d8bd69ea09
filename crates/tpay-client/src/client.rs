//! The client and its builder. The methods that call endpoints are in the modules of the resources.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use api_auth::oauth::{Basic, Bearer, ClientAuthentication, Grant, TokenServer};
use api_auth::{
    Auth, Credential, Encoding, Env, FileStore, InputError, Provider, Result, Secret, Server,
    Settings, TokenStore, without_user_info,
};

use crate::certificates::SECURE;
use crate::error;

static PROVIDER: Provider = Provider {
    name: "tpay",
    user_agent: concat!("tpay-client/", env!("CARGO_PKG_VERSION")),
    encoding: Encoding::Form,
    retry_statuses: &[429, 502, 503, 504],
    // Cards and their tokens, BLIK codes, wallet data, the value of a payment instrument, identity
    // documents.
    secret_parameters: &[
        "applePayPaymentData",
        "blikToken",
        "card",
        "confirmationCode",
        "file",
        "googlePayPaymentData",
        "paymentData",
        "preauthorizedToken",
        "session",
        "token",
        "tokenValue",
        "value",
    ],
    read_error: error::read,
};

/// The lifetime of a token that the client assumes if the response of the token endpoint contains
/// no `expires_in`: two hours.
const TOKEN_LIFETIME: Duration = Duration::from_secs(7200);

/// The environment to which a client sends its requests. The provider's two environments,
/// production and the sandbox, are separate: each has its own registration, keys and certificates.
///
/// See the example on [`Client`](crate::Client).
///
/// Source: the provider's documentation, `docs-api.tpay.com`, first steps, environments.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// Production: `https://api.tpay.com`, and `https://secure.tpay.com` for certificates.
    #[default]
    Production,
    /// The sandbox: `https://openapi.sandbox.tpay.com`, and `https://secure.sandbox.tpay.com` for
    /// certificates.
    Sandbox,
    /// Other hosts, such as a proxy or a test server. URLs must use `https`, except for loopback
    /// hosts and hosts that are passed to [`ClientBuilder::allow_plain_http_to`].
    Custom {
        /// The base URL of the API, such as `https://proxy.example.com`.
        api: String,
        /// The base URL of the host that serves the certificates for notifications under `/x509/`.
        certificates: String,
    },
}

impl fmt::Debug for Environment {
    /// Omits user names and passwords from the URLs of a custom environment.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Production => f.write_str("Production"),
            Self::Sandbox => f.write_str("Sandbox"),
            Self::Custom { api, certificates } => f
                .debug_struct("Custom")
                .field("api", &without_user_info(api))
                .field("certificates", &without_user_info(certificates))
                .finish(),
        }
    }
}

impl Environment {
    /// Creates an environment with one base URL for both the API and the certificates, such as
    /// `http://127.0.0.1:8080` for a test server.
    pub fn custom(base_url: impl Into<String>) -> Self {
        let api = base_url.into();
        Self::Custom { certificates: api.clone(), api }
    }

    /// Returns the base URL of the API, to which paths such as `/transactions` are appended.
    pub fn base_url(&self) -> &str {
        match self {
            Self::Production => "https://api.tpay.com",
            Self::Sandbox => "https://openapi.sandbox.tpay.com",
            Self::Custom { api, .. } => api,
        }
    }

    /// Returns the base URL of the host that serves the certificates for notifications under
    /// `/x509/`.
    pub fn certificates_url(&self) -> &str {
        match self {
            Self::Production => "https://secure.tpay.com",
            Self::Sandbox => "https://secure.sandbox.tpay.com",
            Self::Custom { certificates, .. } => certificates,
        }
    }
}

/// A client with the API key of one merchant or partner. Cloning is cheap, and all threads can
/// share one client.
///
/// ```
/// use tpay_client::{Client, CreateTransaction, Payer, grosze};
///
/// # use tpay_client::api_auth::{Request, Response, TransportError};
/// # let server = |request: Request| -> Result<_, TransportError> {
/// #     let body = match request.uri().path() {
/// #         "/oauth/auth" => r#"{"access_token":"t","expires_in":7200}"#,
/// #         _ => r#"{"result":"success","transactionPaymentUrl":"https://x/1"}"#,
/// #     };
/// #     Ok(Response::new(body.into()))
/// # };
/// let tpay = Client::builder("the client id", "the client secret")
/// #   .transport(server)
///     .build()?;
/// let payer = Payer::new("jan.nowak@example.com", "Jan Nowak");
/// let order = tpay.create_transaction(&CreateTransaction::new(grosze(1234), "Order 7", payer))?;
/// println!("{:?}", order.transaction_payment_url);
/// # Ok::<(), tpay_client::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) core: api_auth::Client,
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
    environment: Environment,
}

/// The name that errors use for a base URL that was not read from an environment variable.
const BASE_URL: &str = "base_url";

/// A builder for a [`Client`]; see [`Client::builder`].
#[derive(Clone)]
#[must_use = "nothing happens before `build`"]
pub struct ClientBuilder {
    client_id: String,
    client_secret: Secret,
    /// The names that errors use for the id and the secret: those of the arguments, or of the
    /// environment variables that contained them.
    client_names: (&'static str, &'static str),
    environment: Environment,
    /// The name that errors use for the base URL: `base_url`, or the environment variable that
    /// contained it.
    base_url_name: &'static str,
    basic: bool,
    authentication: ClientAuthentication,
    scope: Option<String>,
    store: Option<Arc<dyn TokenStore>>,
    settings: Settings,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("client_id", &self.client_id)
            .field("environment", &self.environment)
            .field("stored", &self.store.is_some())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// # Building a client, and requests to any endpoint
impl Client {
    /// Returns a builder for a client with the id and secret of an API key from the merchant panel.
    ///
    /// ```
    /// use tpay_client::{Client, Environment, MemoryStore};
    ///
    /// # if !cfg!(feature = "ureq") { return Ok(()); }
    /// let tpay = Client::builder("01HH...-01J0...", "the secret")
    ///     .environment(Environment::Sandbox)
    ///     .token_store(MemoryStore::new())
    ///     .build()?;
    /// # Ok::<(), tpay_client::Error>(())
    /// ```
    pub fn builder(
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) -> ClientBuilder {
        ClientBuilder {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            client_names: ("client_id", "client_secret"),
            environment: Environment::Production,
            base_url_name: BASE_URL,
            basic: false,
            authentication: ClientAuthentication::Form,
            scope: None,
            store: None,
            settings: Settings::default(),
        }
    }

    /// Creates a client from the environment variables `TPAY_CLIENT_ID` and `TPAY_CLIENT_SECRET`,
    /// and these optional ones:
    ///
    /// | variable | value |
    /// |---|---|
    /// | `TPAY_ENVIRONMENT` | `production` (default) or `sandbox` |
    /// | `TPAY_BASE_URL` | the base URL of a different server for the API and the certificates; replaces `TPAY_ENVIRONMENT` |
    /// | `TPAY_TOKEN_CACHE` | the absolute path of the folder in which tokens are stored, or `off`; defaults to a folder in the user's cache folder |
    ///
    /// # Errors
    /// Returns an error that names the first variable that is invalid, or that is required but
    /// missing.
    pub fn from_env() -> Result<Self> {
        ClientBuilder::from_env()?.build()
    }

    #[cfg(feature = "notifications")]
    pub(crate) fn core(&self) -> &api_auth::Client {
        &self.core
    }

    /// Returns the environment to which this client sends its requests.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    // `send`, `send_raw`, `curl`, ...: see `api-auth/src/client/methods.rs`
    api_auth::client_methods!();
}

impl ClientBuilder {
    /// Reads the variables of [`Client::from_env`] and returns a builder with their values.
    ///
    /// # Errors
    /// Returns an error that names the first variable that is invalid, or that is required but
    /// missing. The base URL is validated only by [`build`](Self::build).
    pub fn from_env() -> Result<Self> {
        Ok(Self::from_variables(Env::PROCESS)?)
    }

    fn from_variables(variables: Env<'_>) -> Result<Self, InputError> {
        const ID: &str = "TPAY_CLIENT_ID";
        const SECRET: &str = "TPAY_CLIENT_SECRET";
        let mut builder = Client::builder(variables.need(ID)?, variables.need(SECRET)?);
        builder.client_names = (ID, SECRET);
        const BASE_URL: &str = "TPAY_BASE_URL";
        let (url, name) = (variables.get(BASE_URL)?, variables.word("TPAY_ENVIRONMENT")?);
        if url.is_some() {
            builder.base_url_name = BASE_URL;
        }
        builder.environment = match (url, name.as_deref()) {
            (_, Some(name)) if !matches!(name, "production" | "sandbox") => {
                let problem = "must be production or sandbox";
                return Err(InputError::new("TPAY_ENVIRONMENT", problem));
            }
            (Some(url), _) => Environment::custom(url),
            (None, Some("sandbox")) => Environment::Sandbox,
            (None, _) => Environment::Production,
        };
        const CACHE: &str = "TPAY_TOKEN_CACHE";
        let cache = variables.get(CACHE)?;
        builder.store = match cache.as_deref() {
            Some(_) if variables.word(CACHE)?.as_deref() == Some("off") => None,
            Some(folder) if Path::new(folder).is_absolute() => {
                Some(Arc::new(FileStore::new(folder)))
            }
            Some(_) => {
                let problem = "must be `off` or the absolute path of a folder; `~` is not expanded";
                return Err(InputError::new(CACHE, problem));
            }
            // Without a home directory, tokens are cached in memory.
            None => match FileStore::user_cache("tpay-client") {
                Ok(store) => Some(Arc::new(store)),
                Err(_) => None,
            },
        };
        Ok(builder)
    }

    /// Sets the environment to which requests are sent. Defaults to [`Environment::Production`].
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self.base_url_name = BASE_URL;
        self
    }

    /// Sets the token store, which can be shared with other clients, processes or machines. Without
    /// a store, the token is kept in memory, and only the client and its clones share it.
    pub fn token_store(mut self, store: impl TokenStore + 'static) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Sets how the client sends its id and secret to the token endpoint. By default, they are
    /// fields of a form ([`ClientAuthentication::Form`]).
    pub fn token_authentication(mut self, authentication: ClientAuthentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// Sets the scope that the client requests for its tokens: `read`, `write` or `read write`. By
    /// default, no scope is sent.
    pub fn token_scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Authenticates each request with the client id and secret (HTTP Basic) instead of a token. No
    /// token is requested.
    pub fn http_basic(mut self) -> Self {
        self.basic = true;
        self
    }

    api_auth::builder_options!();

    /// Validates all options and creates the client. No request is sent.
    ///
    /// # Errors
    /// Returns an error that names the first invalid option, such as an empty id or secret, a
    /// timeout of 0, or a base URL that would cause the secret to be sent unencrypted.
    pub fn build(self) -> Result<Client> {
        let (id_name, secret_name) = self.client_names;
        let auth: Arc<dyn Auth> = if self.basic {
            let basic = Basic::new(&self.client_id, &self.client_secret)?;
            Arc::new(basic.with_names(id_name, secret_name))
        } else {
            let mut bearer = Bearer::new(self.token_server()?, Grant::ClientCredentials)
                .with_default_lifetime(TOKEN_LIFETIME)
                .with_error_reader(error::read);
            if let Some(store) = self.store {
                bearer = bearer.with_store(store);
            }
            Arc::new(bearer)
        };
        let servers = servers(&self.environment, self.base_url_name);
        let core = self.settings.build(&PROVIDER, &servers, vec![(Credential::MAIN, auth)])?;
        let Self { client_id, client_secret, environment, .. } = self;
        Ok(Client { core, client_id, client_secret, environment })
    }

    /// Removes the token of this client from the [token store](Self::token_store), for example when
    /// a user logs out. The token stays valid until it expires. No request is sent. Returns whether
    /// the store contained a token.
    ///
    /// ```
    /// # use tpay_client::{Client, MemoryStore};
    /// let store = MemoryStore::new();
    /// let is_removed = Client::builder("id", "secret").token_store(store).forget_token()?;
    /// assert!(!is_removed);
    /// # Ok::<(), tpay_client::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the base URL or a credential is invalid, or if the store still contains
    /// the token, for example because its folder is not writable.
    pub fn forget_token(self) -> Result<bool> {
        let key = self.token_server()?.key(&Grant::ClientCredentials);
        Ok(api_auth::forget_token(self.store.as_ref(), &key)?)
    }

    /// Creates the request for tokens.
    fn token_server(&self) -> Result<TokenServer, InputError> {
        let (id_name, secret_name) = self.client_names;
        let url = [self.environment.base_url().trim_end_matches('/'), "/oauth/auth"].concat();
        let server = TokenServer::new(&url, self.client_id.as_str(), self.client_secret.clone())
            .map_err(|error| match error.argument() {
                // If the base URL itself is invalid, building the settings returns a better error.
                "token URL" => {
                    let servers = servers(&self.environment, self.base_url_name);
                    let built = self.settings.clone().build(&PROVIDER, &servers, vec![]);
                    let problem = "must be a URL such as https://api.example.com";
                    let problem = || InputError::new(self.base_url_name, problem);
                    built.err().unwrap_or_else(problem)
                }
                _ => error,
            })?
            .with_names(id_name, secret_name)
            .with_grant_type(None) // the documented request has none
            .with_authentication(self.authentication);
        Ok(match &self.scope {
            Some(scope) => server.with_scope(scope),
            None => server,
        })
    }
}

/// Returns the servers of an environment. `base_url_name` is the name of the base URL in errors.
fn servers<'a>(
    environment: &'a Environment,
    base_url_name: &'static str,
) -> [(Server, &'static str, &'a str); 2] {
    [
        (Server::MAIN, base_url_name, environment.base_url()),
        (SECURE, "certificates_url", environment.certificates_url()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(given: &[(&str, &str)]) -> Result<ClientBuilder, String> {
        ClientBuilder::from_variables(Env::given(given)).map_err(|error| error.to_string())
    }

    const KEYS: [(&str, &str); 2] = [("TPAY_CLIENT_ID", "id"), ("TPAY_CLIENT_SECRET", "secret")];

    fn with(more: &[(&'static str, &'static str)]) -> Result<ClientBuilder, String> {
        variables(&[&KEYS, more].concat())
    }

    #[test]
    fn client_is_send_and_sync() {
        fn assert_send_sync<T: Send + Sync>() {}
        assert_send_sync::<Client>();
    }

    #[test]
    fn missing_variable_is_named() {
        assert!(variables(&[]).unwrap_err().starts_with("TPAY_CLIENT_ID: "));
        assert!(variables(&KEYS[..1]).unwrap_err().starts_with("TPAY_CLIENT_SECRET: "));
        assert!(with(&[("TPAY_ENVIRONMENT", "test")]).unwrap_err().contains("TPAY_ENVIRONMENT"));
    }

    #[test]
    fn environment_selects_the_hosts() {
        let hosts = |more: &[_]| {
            let builder = with(more).unwrap();
            let environment = builder.environment;
            (environment.base_url().to_owned(), environment.certificates_url().to_owned())
        };
        let pair = |api: &str, secure: &str| (api.to_owned(), secure.to_owned());
        let production = pair("https://api.tpay.com", "https://secure.tpay.com");
        assert_eq!(hosts(&[]), production);
        assert_eq!(hosts(&[("TPAY_ENVIRONMENT", "production")]), production);
        assert_eq!(
            hosts(&[("TPAY_ENVIRONMENT", "sandbox")]),
            pair("https://openapi.sandbox.tpay.com", "https://secure.sandbox.tpay.com")
        );
        let own = [("TPAY_ENVIRONMENT", "sandbox"), ("TPAY_BASE_URL", "http://127.0.0.1:1")];
        assert_eq!(hosts(&own), pair("http://127.0.0.1:1", "http://127.0.0.1:1"));
    }

    #[test]
    fn stored_token_of_the_client_is_removed() {
        use api_auth::{AccessToken, MemoryStore, TokenKey};

        /// A store whose tokens cannot be removed.
        struct Fixed(MemoryStore);
        impl TokenStore for Fixed {
            fn load(&self, key: &TokenKey) -> Option<AccessToken> {
                self.0.load(key)
            }
            fn save(&self, key: &TokenKey, token: &AccessToken) {
                self.0.save(key, token);
            }
            fn forget(&self, _: &TokenKey, _: &AccessToken) {}
        }
        let token = AccessToken::new("t", std::time::SystemTime::UNIX_EPOCH);
        let key =
            |id| Client::builder(id, "s").token_server().unwrap().key(&Grant::ClientCredentials);
        let store = Arc::new(MemoryStore::new());
        for id in ["a", "b"] {
            store.save(&key(id), &token);
        }
        // The secret is not needed.
        let forget = || Client::builder("a", "x").token_store(Arc::clone(&store)).forget_token();
        assert!(forget().unwrap() && !forget().unwrap());
        assert!(store.load(&key("a")).is_none() && store.load(&key("b")).is_some());
        assert!(!Client::builder("a", "x").forget_token().unwrap());
        let fixed = Fixed(MemoryStore::new());
        fixed.save(&key("a"), &token);
        let error = Client::builder("a", "x").token_store(fixed).forget_token().unwrap_err();
        assert!(error.to_string().contains("token store: the token cannot be removed"), "{error}");
    }

    #[test]
    fn token_cache_can_be_disabled() {
        for off in ["off", "OFF", "Off", " off ", "off\r\n"] {
            assert!(with(&[("TPAY_TOKEN_CACHE", off)]).unwrap().store.is_none(), "{off:?}");
        }
        let folder = std::env::temp_dir().join("tokens");
        let folder = folder.to_str().unwrap();
        assert!(
            variables(&[KEYS[0], KEYS[1], ("TPAY_TOKEN_CACHE", folder)]).unwrap().store.is_some()
        );
    }

    #[test]
    fn token_cache_must_be_an_absolute_path() {
        for word in ["false", "0", "none", "no", "on", "~/.cache/x", "./x", "x/y", "..", "", " "] {
            let error = with(&[("TPAY_TOKEN_CACHE", word)]).unwrap_err();
            assert!(error.starts_with("TPAY_TOKEN_CACHE: "), "{word:?}: {error}");
        }
    }

    #[test]
    fn blank_settings_are_errors() {
        for name in ["TPAY_ENVIRONMENT", "TPAY_BASE_URL"] {
            let error = with(&[(name, "")]).unwrap_err();
            assert!(error.starts_with(&format!("{name}: must not be empty")), "{error}");
        }
    }

    #[test]
    fn line_ends_after_a_secret_are_removed() {
        let secret = ("TPAY_CLIENT_SECRET", "secret\r\n");
        let builder = variables(&[KEYS[0], secret]).unwrap();
        assert_eq!(builder.client_secret.expose(), "secret");
        for bad in ["\u{feff}secret", "sec\nret", "secret\t"] {
            let error = variables(&[KEYS[0], ("TPAY_CLIENT_SECRET", bad)]).unwrap_err();
            assert!(error.starts_with("TPAY_CLIENT_SECRET: "), "{error}");
            for basic in [false, true] {
                let builder = Client::builder("i", bad);
                let builder = if basic { builder.http_basic() } else { builder };
                assert_eq!(builder.build().unwrap_err().argument(), Some("client_secret"));
            }
        }
    }

    #[test]
    fn base_url_of_the_environment_is_named_by_its_variable() {
        for (url, problem) in test_support::settings::INVALID_BASE_URLS {
            let builder = variables(&[KEYS[0], KEYS[1], ("TPAY_BASE_URL", url)]);
            let error = builder.unwrap().build().unwrap_err();
            assert_eq!(error.to_string(), format!("TPAY_BASE_URL: {problem}"), "{url}");
            let error = Client::builder("i", "s")
                .environment(Environment::custom(url))
                .build()
                .unwrap_err();
            assert_eq!(error.to_string(), format!("base_url: {problem}"), "{url}");
        }
    }

    #[test]
    fn rejected_credential_with_outer_space_is_named() {
        use test_support::settings::{named_in_hint, rejecting};

        let client = |builder: ClientBuilder| builder.transport(rejecting(b"{}")).build().unwrap();
        let named = |builder| named_in_hint(&client(builder).get_token_info().unwrap_err());
        let basic = |builder: ClientBuilder| named(builder.http_basic());
        let builder = |id: &str, secret: &str| Client::builder(id, secret);
        assert_eq!(named(builder("id", "CAN ARY")), None);
        assert_eq!(named(builder("id", "CANARY ")), Some("client_secret"));
        assert_eq!(named(builder(" id", "CANARY")), Some("client_id"));
        assert_eq!(basic(builder("id", " CANARY")), Some("client_secret"));
        let off = ("TPAY_TOKEN_CACHE", "off");
        let variables = |id, secret| {
            variables(&[("TPAY_CLIENT_ID", id), ("TPAY_CLIENT_SECRET", secret), off]).unwrap()
        };
        assert_eq!(named(variables("id", "CANARY ")), Some("TPAY_CLIENT_SECRET"));
        assert_eq!(basic(variables("id ", "CANARY")), Some("TPAY_CLIENT_ID"));
        let request = crate::oauth::RequestToken::new("id", "CANARY ");
        let error = client(builder("id", "CANARY")).send(&request).unwrap_err();
        assert_eq!(named_in_hint(&error), Some("client_secret"));
    }

    #[test]
    fn invalid_settings_are_named() {
        let rejected =
            |builder: ClientBuilder| builder.build().unwrap_err().argument().map(str::to_owned);
        assert_eq!(rejected(Client::builder("", "s")).as_deref(), Some("client_id"));
        assert_eq!(rejected(Client::builder("i", "")).as_deref(), Some("client_secret"));
        assert_eq!(
            rejected(Client::builder("a:b", "s").http_basic()).as_deref(),
            Some("client_id")
        );
        for url in ["api.tpay.com", "https://u:p@h", "http://h", "https://h?x=1"] {
            let custom = Client::builder("i", "s").environment(Environment::custom(url));
            assert_eq!(rejected(custom).as_deref(), Some("base_url"), "{url}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let builder = Client::builder("id", "CANARY").proxy("http://u:CANARY@127.0.0.1:1");
        assert!(!format!("{builder:?} {:?}", builder.clone().build()).contains("CANARY"));
    }
}
