//! The client, its builder, and the methods that open sessions.

use std::fmt;
use std::sync::Arc;

use api_auth::hmac::form_digest::{ENCODING, FormDigest};
use api_auth::{
    Credential, Endpoint, Env, InputError, Provider, Result, Secret, SecretOrigin, Server,
    Settings, TokenKey, TokenStore, VerifiedStore, without_user_info,
};

use crate::error;
use crate::session::{API_KEY, Connect, Session, SessionAuth};

/// The form parameter that contains the digest, which is the signature of a request.
const DIGEST: &str = "digest";

static PROVIDER: Provider = Provider {
    name: "tinycert",
    user_agent: concat!("tinycert-client/", env!("CARGO_PKG_VERSION")),
    encoding: ENCODING,
    // The server reports some temporary failures, which are documented, with status 500.
    retry_statuses: &[429, 500, 502, 503, 504],
    secret_parameters: &[DIGEST],
    read_error: error::read,
};

/// The environment of the API. The provider has no sandbox.
///
/// See the example on [`Client`](crate::Client).
///
/// Source: the provider's documentation, `www.tinycert.org/docs/api/v1/intro`.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// Production: `https://www.tinycert.org`.
    #[default]
    Production,
    /// A custom base URL, without `/api/v1`, such as that of a test server or a proxy. It must use
    /// `https`, except for loopback hosts and hosts that are passed to
    /// [`ClientBuilder::allow_plain_http_to`].
    Custom(String),
}

impl fmt::Debug for Environment {
    /// Formats the environment. A URL is shown without its user name and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Production => f.write_str("Production"),
            Self::Custom(url) => f.debug_tuple("Custom").field(&without_user_info(url)).finish(),
        }
    }
}

impl Environment {
    /// Creates an environment with this base URL, such as `http://127.0.0.1:8081` for a test
    /// server.
    pub fn custom(base_url: impl Into<String>) -> Self {
        Self::Custom(base_url.into())
    }

    /// Returns the base URL, to which paths such as `/api/v1/connect` are appended.
    pub fn base_url(&self) -> &str {
        match self {
            Self::Production => "https://www.tinycert.org",
            Self::Custom(url) => url,
        }
    }
}

/// A client for one account, which opens sessions. Cloning is cheap, and all threads can share one
/// client.
///
/// ```
/// use tinycert_client::Client;
///
/// # use tinycert_client::api_auth::{Request, Response, TransportError};
/// # let server = |request: Request| -> Result<_, TransportError> {
/// #     let body = match request.uri().path() {
/// #         "/api/v1/connect" => r#"{"token":"t"}"#,
/// #         _ => r#"[{"id":561,"name":"ACME, Inc."}]"#,
/// #     };
/// #     Ok(Response::new(body.into()))
/// # };
/// let client = Client::builder("the API key")
/// #   .transport(server)
///     .build()?;
/// let session = client.connect("account@example.com", "My Secret Passphrase")?;
/// for ca in session.list_cas()? {
///     println!("{} {}", ca.id, ca.name.unwrap_or_default());
/// }
/// session.disconnect()?;
/// # Ok::<(), tinycert_client::Error>(())
/// ```
#[derive(Clone)]
pub struct Client {
    core: api_auth::Client,
    api_key: Secret,
    signer: FormDigest,
    keep_passphrase: bool,
    store: Option<Arc<dyn TokenStore>>,
}

/// The name that errors use for the base URL if no environment variable contained it.
const BASE_URL: &str = "base_url";

/// A builder for a [`Client`]; see [`Client::builder`].
#[derive(Clone)]
#[must_use = "nothing happens before `build`"]
pub struct ClientBuilder {
    api_key: Secret,
    /// The name of the argument or variable that contained the API key, for errors.
    api_key_name: &'static str,
    environment: Environment,
    /// The name of the argument or variable that contained the base URL, for errors.
    base_url_name: &'static str,
    keep_passphrase: bool,
    store: Option<Arc<dyn TokenStore>>,
    settings: Settings,
}

/// # Creating a client and opening sessions
///
/// The methods for CAs and certificates belong to [`Session`].
impl Client {
    /// Returns a builder for a client with the account's API key, which the website shows next to
    /// its API documentation. The key signs every request and is never sent.
    pub fn builder(api_key: impl Into<Secret>) -> ClientBuilder {
        ClientBuilder {
            api_key: api_key.into(),
            api_key_name: "api_key",
            environment: Environment::Production,
            base_url_name: BASE_URL,
            keep_passphrase: true,
            store: None,
            settings: Settings::default(),
        }
    }

    /// Creates a client from the environment variable `TINYCERT_API_KEY`. Its base URL is the value
    /// of `TINYCERT_BASE_URL` if that variable is set, and that of production otherwise.
    /// `TINYCERT_ENVIRONMENT` can only be `production`, because TinyCert has no other environment.
    /// See also [`Session::from_env`].
    ///
    /// # Errors
    /// Returns an error that names the first variable that is missing or invalid.
    pub fn from_env() -> Result<Self> {
        ClientBuilder::from_env()?.build()
    }

    /// Opens a session for the account with this e-mail address. The passphrase is the one that
    /// encrypts the account's private keys, not the password of the website.
    ///
    /// The session stores the passphrase. If the server no longer knows the session, it is reopened
    /// automatically and the request is sent again; see [`ClientBuilder::forget_passphrase`].
    ///
    /// With a [token store](ClientBuilder::token_store), a stored session is used without sending a
    /// request, and a new session is stored.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn connect(
        &self,
        email: impl Into<String>,
        passphrase: impl Into<Secret>,
    ) -> Result<Session> {
        self.open(Connect::new(email, passphrase))
    }

    /// Opens a session with the request `connect`, or uses a stored session.
    pub(crate) fn open(&self, connect: Connect) -> Result<Session> {
        let stored = self.store.clone().map(|store| {
            let key = self.token_key(connect.email());
            let secrets = [&self.api_key, connect.passphrase()];
            (key, VerifiedStore::new(store, &secrets, SecretOrigin::Chosen))
        });
        let closes_on_drop = stored.is_none();
        let auth = SessionAuth::new(self.signer.clone(), self.base_url(), None, Some(connect));
        let auth = match stored {
            Some((key, store)) => auth.with_store(key, store),
            None => auth,
        };
        let auth = Arc::new(auth);
        let core = self.core_with(&auth);
        core.prepare(Credential::MAIN, Connect::ID)?;
        if !self.keep_passphrase {
            auth.forget_passphrase();
        }
        Ok(Session::new(core, auth, closes_on_drop))
    }

    /// Returns the session that has this token, which [`Session::token`] or [`Session::into_token`]
    /// returned earlier. No request is sent. The session remains open when the returned value is
    /// dropped.
    pub fn resume(&self, token: impl Into<Secret>) -> Session {
        self.resumed(token.into(), None)
    }

    /// Returns the session that has this token, which [`Session::token`] or [`Session::into_token`]
    /// returned earlier. If the server no longer knows the session, a later request reopens it
    /// automatically. This method sends no request. The session remains open when the returned
    /// value is dropped.
    ///
    /// # Errors
    /// Returns an error if the e-mail address is empty, or if the e-mail address or the passphrase
    /// contains control characters.
    pub fn resume_or_connect(
        &self,
        token: impl Into<Secret>,
        email: impl Into<String>,
        passphrase: impl Into<Secret>,
    ) -> Result<Session> {
        let connect = Connect::new(email, passphrase);
        connect.validate()?;
        Ok(self.resumed(token.into(), Some(connect)))
    }

    fn resumed(&self, token: Secret, connect: Option<Connect>) -> Session {
        let auth = SessionAuth::new(self.signer.clone(), self.base_url(), Some(token), connect);
        let auth = Arc::new(auth);
        Session::new(self.core_with(&auth), auth, false)
    }

    /// Returns an `api_auth` client that sends requests in the session of `auth`.
    fn core_with(&self, auth: &Arc<SessionAuth>) -> api_auth::Client {
        self.core.with_credentials(vec![(Credential::MAIN, auth.clone())])
    }

    /// Returns the key under which the sessions of an account are stored.
    fn token_key(&self, email: &str) -> TokenKey {
        TokenKey::new(&["tinycert", self.base_url(), email])
    }

    fn base_url(&self) -> &str {
        self.core.base_url(Server::MAIN).unwrap_or_default()
    }
}

/// # Requests to any endpoint
///
/// A client has no session, so these methods can only send requests that do not require one:
/// [`Connect`] and your own. The methods of [`Session`] with the same names send requests in a
/// session.
impl Client {
    // `send`, `send_raw`, `curl`, ...: see `api-auth/src/client/methods.rs`
    api_auth::client_methods!();
}

impl ClientBuilder {
    /// Reads the variables of [`Client::from_env`] and returns a builder with their values.
    ///
    /// # Errors
    /// Returns an error that names the first variable that is missing or invalid. The base URL is
    /// validated only by [`build`](Self::build).
    pub fn from_env() -> Result<Self> {
        Ok(Self::from_variables(Env::PROCESS)?)
    }

    fn from_variables(variables: Env<'_>) -> Result<Self, InputError> {
        const API_KEY: &str = "TINYCERT_API_KEY";
        let mut builder = Client::builder(variables.need(API_KEY)?);
        builder.api_key_name = API_KEY;
        const ENVIRONMENT: &str = "TINYCERT_ENVIRONMENT";
        if variables.word(ENVIRONMENT)?.is_some_and(|name| name != "production") {
            return Err(InputError::new(ENVIRONMENT, "must be production"));
        }
        const BASE_URL: &str = "TINYCERT_BASE_URL";
        if let Some(url) = variables.get(BASE_URL)? {
            builder.environment = Environment::custom(url);
            builder.base_url_name = BASE_URL;
        }
        Ok(builder)
    }

    /// Sets the environment. Defaults to [`Environment::Production`].
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self.base_url_name = BASE_URL;
        self
    }

    /// Removes the passphrase from each session as soon as the session is open. If the server later
    /// no longer knows the session, every further request fails with
    /// [`InvalidToken`](crate::ErrorCode::InvalidToken).
    pub fn forget_passphrase(mut self) -> Self {
        self.keep_passphrase = false;
        self
    }

    /// Sets the token store, so that several runs of a program share one session:
    /// [`FileStore`](crate::FileStore) for command-line programs, or your own store for several
    /// machines. The shared session remains open when a [`Session`] is dropped, and
    /// [`disconnect`](Session::disconnect) closes it for all programs that share it. By default,
    /// there is no token store.
    pub fn token_store(mut self, store: impl TokenStore + 'static) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    api_auth::builder_options!();

    /// Validates all options and creates the client. No request is sent.
    ///
    /// # Errors
    /// Returns an error that names the first invalid option, such as an empty API key, a timeout of
    /// 0, or a base URL that would cause the passphrase and private keys to be sent unencrypted.
    pub fn build(self) -> Result<Client> {
        let signer = FormDigest::new((self.api_key_name, &self.api_key), DIGEST)?;
        let core = self.settings.build(
            &PROVIDER,
            &[(Server::MAIN, self.base_url_name, self.environment.base_url())],
            vec![(API_KEY, Arc::new(signer.clone()))],
        )?;
        let Self { api_key, keep_passphrase, store, .. } = self;
        Ok(Client { core, api_key, signer, keep_passphrase, store })
    }

    /// Removes the session of the account with this e-mail address from the
    /// [token store](Self::token_store), for example when a user logs out. The session remains open
    /// on the server; [`Session::disconnect`] closes it. No request is sent. Returns whether the
    /// store contained a session.
    ///
    /// ```
    /// # use tinycert_client::{Client, MemoryStore};
    /// let store = MemoryStore::new();
    /// let is_removed = Client::builder("key").token_store(store).forget_token("jan@example.com")?;
    /// assert!(!is_removed);
    /// # Ok::<(), tinycert_client::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the base URL or another option is invalid, or if the store still
    /// contains the session, for example because its folder is not writable.
    pub fn forget_token(self, email: &str) -> Result<bool> {
        let client = self.build()?;
        Ok(api_auth::forget_token(client.store.as_ref(), &client.token_key(email))?)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("core", &self.core).finish_non_exhaustive()
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("environment", &self.environment)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(given: &[(&str, &str)]) -> Result<ClientBuilder, String> {
        ClientBuilder::from_variables(Env::given(given)).map_err(|error| error.to_string())
    }

    #[test]
    fn client_and_session_are_send_and_sync() {
        fn check<T: Send + Sync>() {}
        check::<Client>();
        check::<Session>();
    }

    #[test]
    fn error_names_a_missing_variable() {
        assert!(variables(&[]).unwrap_err().starts_with("TINYCERT_API_KEY: "));
        assert!(variables(&[("TINYCERT_API_KEY", " ")]).is_err());
    }

    #[test]
    fn base_url_is_taken_from_its_variable_or_is_production() {
        let key = ("TINYCERT_API_KEY", "k");
        let base = |set: &[_]| variables(set).unwrap().environment.base_url().to_owned();
        assert_eq!(base(&[key]), "https://www.tinycert.org");
        let custom = ("TINYCERT_BASE_URL", "http://127.0.0.1:1");
        assert_eq!(base(&[key, custom]), "http://127.0.0.1:1");
        let production = ("TINYCERT_ENVIRONMENT", "production");
        assert_eq!(base(&[key, production]), base(&[key]));
        let error = variables(&[key, custom, ("TINYCERT_ENVIRONMENT", "sandbox")]).unwrap_err();
        assert_eq!(error, "TINYCERT_ENVIRONMENT: must be production");
    }

    #[test]
    fn error_of_a_base_url_names_its_variable_or_argument() {
        for (url, problem) in test_support::settings::INVALID_BASE_URLS {
            let builder = variables(&[("TINYCERT_API_KEY", "k"), ("TINYCERT_BASE_URL", url)]);
            let error = builder.unwrap().build().unwrap_err();
            assert_eq!(error.to_string(), format!("TINYCERT_BASE_URL: {problem}"), "{url}");
            let error = Client::builder("k")
                .environment(Environment::Custom(url.to_owned()))
                .build()
                .unwrap_err();
            assert_eq!(error.to_string(), format!("base_url: {problem}"), "{url}");
        }
    }

    #[test]
    fn accounts_do_not_share_their_sessions_in_a_store_and_forget_their_own() {
        use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

        use api_auth::{MemoryStore, Request, Response};

        static OPENED: AtomicUsize = AtomicUsize::new(0);
        let server = |request: Request| {
            assert_eq!(request.uri().path(), "/api/v1/connect");
            let number = OPENED.fetch_add(1, Relaxed);
            Ok(Response::new(format!(r#"{{"token":"t{number}"}}"#).into_bytes()))
        };
        let store = Arc::new(MemoryStore::new());
        let builder = Client::builder("k").token_store(store.clone()).transport(server);
        let client = builder.build().unwrap();
        for (email, opened) in [("a@x.test", 1), ("b@x.test", 2), ("a@x.test", 2), ("b@x.test", 2)]
        {
            client.connect(email, "passphrase").unwrap();
            assert_eq!(OPENED.load(Relaxed), opened, "{email}");
        }
        // The passphrase is not needed, and the API key can be another one.
        let forget = || Client::builder("x").token_store(store.clone()).forget_token("a@x.test");
        assert!(forget().unwrap() && !forget().unwrap());
        for (email, opened) in [("b@x.test", 2), ("a@x.test", 3)] {
            client.connect(email, "passphrase").unwrap();
            assert_eq!(OPENED.load(Relaxed), opened, "{email}");
        }
        assert!(!Client::builder("k").forget_token("a@x.test").unwrap());
    }

    #[test]
    fn rejected_credential_with_outer_space_is_named() {
        use test_support::settings::{named_in_hint, rejecting};

        let client = |builder: ClientBuilder| builder.transport(rejecting(b"{}")).build().unwrap();
        let connected = |key: &str, email: &str, passphrase: &str| {
            let client = client(Client::builder(key));
            named_in_hint(&client.connect(email, passphrase).unwrap_err())
        };
        assert_eq!(connected("CANARY", "a@b", "CANARY"), None);
        assert_eq!(connected(" CANARY", "a@b", "CANARY"), Some("api_key"));
        assert_eq!(connected("CANARY", "a@b", "CANARY "), Some("passphrase"));
        assert_eq!(connected("CANARY", " a@b", "CANARY"), Some("email"));
        // A resumed session sends the passphrase if the token is rejected.
        let spaced = variables(&[("TINYCERT_API_KEY", "CANARY ")]).unwrap();
        let resumed = client(spaced).resume("t");
        assert_eq!(named_in_hint(&resumed.list_cas().unwrap_err()), Some("TINYCERT_API_KEY"));
        let connect = Connect::new("a@b", " CANARY").with_names("EMAIL", "PASSPHRASE");
        let error = client(Client::builder("CANARY")).open(connect.clone()).unwrap_err();
        assert_eq!(named_in_hint(&error), Some("PASSPHRASE"));
        let error = client(Client::builder("CANARY")).send(&connect).unwrap_err();
        assert_eq!(named_in_hint(&error), Some("PASSPHRASE"));
    }

    #[test]
    fn accepted_credential_with_outer_space_is_not_named() {
        let server = |request: api_auth::Request| {
            let is_connect = request.uri().path().ends_with("/connect");
            let status = if is_connect { 200 } else { 403 };
            let response = api_auth::http::Response::builder().status(status);
            Ok(response.body(br#"{"token":"t"}"#.to_vec()).unwrap())
        };
        let client = Client::builder("k ").transport(server).build().unwrap();
        let session = client.connect("a@b", "p ").unwrap();
        let error = session.list_cas().unwrap_err();
        assert_eq!((error.kind(), error.spaced_credential()), (api_auth::ErrorKind::Auth, None));
    }

    #[test]
    fn error_of_an_invalid_setting_names_it() {
        let argument =
            |builder: ClientBuilder| builder.build().unwrap_err().argument().map(str::to_owned);
        assert_eq!(argument(Client::builder("")).as_deref(), Some("api_key"));
        for url in ["www.tinycert.org", "https://u:p@h", "http://h", "https://h?x=1"] {
            let custom = Client::builder("k").environment(Environment::custom(url));
            assert_eq!(argument(custom).as_deref(), Some("base_url"), "{url}");
        }
    }

    #[cfg(feature = "ureq")]
    #[test]
    fn debug_shows_no_secret() {
        let builder = Client::builder("CANARY").proxy("http://u:CANARY@127.0.0.1:1");
        let client = builder.clone().build().unwrap();
        let session = client.resume_or_connect("CANARY", "a@b", "CANARY").unwrap();
        assert!(!format!("{builder:?} {client:?} {session:?}").contains("CANARY"));
    }
}
