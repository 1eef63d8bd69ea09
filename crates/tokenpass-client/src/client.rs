//! The client and its builder. The methods that call endpoints are in the modules of their
//! resources, such as [`promises`](crate::promises).

use std::fmt;
use std::sync::Arc;

use api_auth::hmac::nonce_headers::NonceHeaders;
use api_auth::{
    Encoding, Env, InputError, Provider, Result, Secret, Server, Settings, without_user_info,
};

use crate::auth::{Keys, validate_token};
use crate::error;
use crate::oauth::{TokenLocation, TokenPath};

/// A version of the signature scheme. The client must use the version that the server verifies.
pub use api_auth::hmac::nonce_headers::Variant as Scheme;

static PROVIDER: Provider = Provider {
    name: "tokenpass",
    user_agent: concat!("tokenpass-client/", env!("CARGO_PKG_VERSION")),
    encoding: Encoding::Php,
    retry_statuses: &[429, 502, 503, 504],
    secret_parameters: &["code", "ecc_key", "state"],
    read_error: error::read,
};

/// The part of the names of the signature headers that is specific to this provider, as in
/// `X-Tokenly-Auth-Nonce`.
const NAMESPACE: &str = "Tokenly";

/// The server to which requests are sent.
///
/// See the example on [`Client::builder`](crate::Client::builder).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, OAuth Integration. The
/// staging host is from the provider's PHP and JavaScript clients.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// The production server, `https://tokenpass.tokenly.com`.
    #[default]
    Production,
    /// The provider's staging server, `https://tokenpass-stage.tokenly.com`.
    Staging,
    /// A custom base URL, without `/api/v1`, such as that of your own server, a proxy or a test
    /// server. It must use `https`, except for loopback hosts and hosts that are passed to
    /// [`ClientBuilder::allow_plain_http_to`].
    Custom(String),
}

impl fmt::Debug for Environment {
    /// Formats the environment. A custom URL is shown without its user name and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Production => f.write_str("Production"),
            Self::Staging => f.write_str("Staging"),
            Self::Custom(url) => f.debug_tuple("Custom").field(&without_user_info(url)).finish(),
        }
    }
}

impl Environment {
    /// Creates an environment with a custom base URL, such as that of a test server.
    pub fn custom(base_url: impl Into<String>) -> Self {
        Self::Custom(base_url.into())
    }

    /// Returns the base URL, to which paths such as `/api/v1/credits` are appended.
    pub fn base_url(&self) -> &str {
        match self {
            Self::Production => "https://tokenpass.tokenly.com",
            Self::Staging => "https://tokenpass-stage.tokenly.com",
            Self::Custom(url) => url,
        }
    }
}

/// A client with the client id and secret of one application. Cloning is cheap, and all threads can
/// share one client.
///
/// Endpoints that concern a user require the user's token. [`Client::as_user`] returns a client
/// that has this token and shares everything else with the original client. In this documentation,
/// the logged-in user is the user whose token the client has.
///
/// ```
/// use tokenpass_client::{Client, Rules};
///
/// # use tokenpass_client::api_auth::{Request, Response, TransportError};
/// # let server = |request: Request| -> Result<Response, TransportError> {
/// #     let body = match request.uri().path() {
/// #         "/oauth/user" => r#"{"id":"1","username":"cryptonaut","email_is_confirmed":true}"#,
/// #         _ => r#"{"result":true}"#,
/// #     };
/// #     Ok(Response::new(body.into()))
/// # };
/// let tokenpass = Client::builder("IExampleClient", "the client secret")
/// #   .transport(server)
///     .build()?;
/// let rules: Rules = "TOKENLY >= 1 or LTBCOIN > 5000".parse()?;
/// let user = tokenpass.as_user("PlVyoBmvp6xy92WNqw5W")?;
/// let name = user.get_user()?.username.ok_or("the user has no name")?;
/// if user.check_user(name, &rules)? {
///     println!("access granted");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Client {
    pub(crate) core: api_auth::Client,
    pub(crate) token_path: TokenPath,
    pub(crate) redirect_uri: Option<String>,
    keys: Arc<Keys>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("core", &self.core).finish_non_exhaustive()
    }
}

/// The name by which errors refer to the base URL, unless it is from an environment variable.
const BASE_URL: &str = "base_url";
/// The name by which errors refer to the privileged client secret, unless it is from an environment
/// variable.
const PRIVILEGED_SECRET: &str = "privileged_client_secret";

/// A builder for a [`Client`], created with [`Client::builder`] or [`ClientBuilder::from_env`].
#[derive(Debug, Clone)]
#[must_use = "nothing happens before `build`"]
pub struct ClientBuilder {
    client_id: String,
    client_secret: Secret,
    /// The name of the argument or environment variable that contained the client secret.
    client_secret_name: &'static str,
    privileged: Option<(String, Secret)>,
    /// The name of the argument or environment variable that contained the privileged client
    /// secret.
    privileged_name: &'static str,
    oauth_token: Option<Secret>,
    redirect_uri: Option<String>,
    environment: Environment,
    /// The name of the argument or environment variable that contained the base URL.
    base_url_name: &'static str,
    scheme: Scheme,
    try_other_form: bool,
    signed_base_url: Option<String>,
    token_location: TokenLocation,
    token_path: TokenPath,
    settings: Settings,
}

/// # Building a client, and requests to any endpoint
///
/// The methods that call a particular endpoint are in other `impl` blocks, one for each resource.
impl Client {
    /// Returns a builder for a client of the application with this client id and secret.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tokenpass_client::{Client, Environment};
    ///
    /// # if !cfg!(feature = "ureq") { return Ok(()); }
    /// let tokenpass = Client::builder("IExampleClient00000000000000000A1", "KExampleSecret")
    ///     .environment(Environment::Staging)
    ///     .timeout(Duration::from_secs(5))
    ///     .build()?;
    /// # Ok::<(), tokenpass_client::Error>(())
    /// ```
    pub fn builder(
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) -> ClientBuilder {
        ClientBuilder {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            client_secret_name: "client_secret",
            privileged: None,
            privileged_name: PRIVILEGED_SECRET,
            oauth_token: None,
            redirect_uri: None,
            environment: Environment::Production,
            base_url_name: BASE_URL,
            scheme: Scheme::SignedQuery,
            try_other_form: false,
            signed_base_url: None,
            token_location: TokenLocation::Parameter,
            token_path: TokenPath::AccessToken,
            settings: Settings::default(),
        }
    }

    /// Creates a client from the environment variables `TOKENPASS_CLIENT_ID` and
    /// `TOKENPASS_CLIENT_SECRET`, and these optional ones:
    ///
    /// | variable | value |
    /// |---|---|
    /// | `TOKENPASS_ENVIRONMENT` | `production` (default) or `staging` |
    /// | `TOKENPASS_BASE_URL`, `TOKENPASS_PROVIDER_HOST` | the base URL; the first one takes precedence, and both replace `TOKENPASS_ENVIRONMENT` |
    /// | `TOKENPASS_OAUTH_TOKEN` | a user's token |
    /// | `TOKENPASS_PRIVILEGED_CLIENT_ID`, `TOKENPASS_PRIVILEGED_CLIENT_SECRET` | the API token and API secret of a privileged user |
    /// | `TOKENPASS_REDIRECT_URI` | the URL to which users return after a login |
    /// | `TOKENPASS_SCHEME` | `signed-query` (default), `empty-query`, `either-query` or `body-only` |
    ///
    /// # Errors
    /// Returns an error that names the first variable that is missing or has an invalid value.
    pub fn from_env() -> Result<Self> {
        ClientBuilder::from_env()?.build()
    }

    /// Returns a client that sends this user's token to the endpoints that require one, and shares
    /// everything else with this client.
    ///
    /// # Errors
    /// Returns an error if the token is empty, or contains characters other than visible ASCII.
    pub fn as_user(&self, oauth_token: impl Into<Secret>) -> Result<Self> {
        let credentials = self.keys.user_credentials(&oauth_token.into())?;
        Ok(Self { core: self.core.with_credentials(credentials), ..self.clone() })
    }

    /// Returns the application's client id.
    pub fn client_id(&self) -> &str {
        &self.keys.client_id
    }

    // `send`, `send_raw`, `curl`, ...: see `api-auth/src/client/methods.rs`
    api_auth::client_methods!();
}

impl ClientBuilder {
    /// Reads the environment variables that [`Client::from_env`] lists, and returns a builder with
    /// their values.
    ///
    /// # Errors
    /// Returns an error that names the first variable that is missing or has an invalid value. The
    /// base URL is validated only by [`build`](Self::build).
    pub fn from_env() -> Result<Self> {
        Ok(Self::from_variables(Env::PROCESS)?)
    }

    fn from_variables(variables: Env<'_>) -> Result<Self, InputError> {
        // Without this, errors would name the builder's arguments instead of the variables.
        let pair = |id_name, secret_name| {
            let id = variables.need(id_name)?;
            let secret = Secret::new(variables.need(secret_name)?);
            let scheme = Scheme::default();
            NonceHeaders::new(NAMESPACE, scheme, (id_name, id.clone()), (secret_name, &secret))?;
            Ok::<_, InputError>((id, secret))
        };
        const SECRET: &str = "TOKENPASS_CLIENT_SECRET";
        let (id, secret) = pair("TOKENPASS_CLIENT_ID", SECRET)?;
        let mut builder = Client::builder(id, secret);
        builder.client_secret_name = SECRET;
        const ENVIRONMENT: &str = "TOKENPASS_ENVIRONMENT";
        match variables.word(ENVIRONMENT)?.as_deref() {
            None | Some("production") => {}
            Some("staging") => builder.environment = Environment::Staging,
            Some(_) => return Err(InputError::new(ENVIRONMENT, "must be production or staging")),
        }
        // TOKENPASS_BASE_URL takes precedence. Both must be readable.
        for name in ["TOKENPASS_PROVIDER_HOST", "TOKENPASS_BASE_URL"] {
            if let Some(url) = variables.get(name)? {
                builder.environment = Environment::custom(url);
                builder.base_url_name = name;
            }
        }
        const TOKEN: &str = "TOKENPASS_OAUTH_TOKEN";
        builder.oauth_token = variables.get(TOKEN)?.map(Secret::new);
        if let Some(token) = &builder.oauth_token {
            validate_token(TOKEN, token)?;
        }
        builder.redirect_uri = variables.get("TOKENPASS_REDIRECT_URI")?;
        let id_name = "TOKENPASS_PRIVILEGED_CLIENT_ID";
        let secret_name = "TOKENPASS_PRIVILEGED_CLIENT_SECRET";
        let privileged = [variables.get(id_name)?, variables.get(secret_name)?];
        let half = |missing, set| {
            Err(InputError::new(missing, format!("must be set, because {set} is set")))
        };
        match privileged.map(|value| value.is_some()) {
            [false, false] => {}
            [true, false] => return half(secret_name, id_name),
            [false, true] => return half(id_name, secret_name),
            [true, true] => {
                builder.privileged = Some(pair(id_name, secret_name)?);
                builder.privileged_name = secret_name;
            }
        }
        match variables.word("TOKENPASS_SCHEME")?.as_deref() {
            None | Some("signed-query") => {}
            Some("empty-query") => builder.scheme = Scheme::EmptyQuery,
            Some("body-only") => builder.scheme = Scheme::BodyOnly,
            Some("either-query") => builder.try_other_form = true,
            Some(_) => {
                return Err(InputError::new(
                    "TOKENPASS_SCHEME",
                    "must be signed-query, empty-query, either-query or body-only",
                ));
            }
        }
        Ok(builder)
    }

    /// Sets the server to which requests are sent. Defaults to [`Environment::Production`].
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self.base_url_name = BASE_URL;
        self
    }

    /// Sets the version of the signature scheme, which must be the one that the server verifies.
    /// Defaults to [`Scheme::SignedQuery`].
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// Sets whether a GET request with a query is sent once more if the server rejects its
    /// signature, signed as [`Scheme::EmptyQuery`] instead of [`Scheme::SignedQuery`], or the
    /// reverse. Later requests are signed in the same way as the second one. Set this if you do not
    /// know which of the two schemes the server verifies. Defaults to `false`.
    pub fn try_other_form(mut self, yes: bool) -> Self {
        self.try_other_form = yes;
        self
    }

    /// Sets the URL whose scheme, host and port are signed instead of those of the base URL. Set it
    /// if the base URL is that of a proxy that forwards requests to this URL.
    pub fn signed_base_url(mut self, url: impl Into<String>) -> Self {
        self.signed_base_url = Some(url.into());
        self
    }

    /// Sets the privileged credentials: the API token and API secret of a privileged user. Some
    /// methods require them, such as [`Client::find_users`].
    pub fn privileged(mut self, id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        self.privileged = Some((id.into(), secret.into()));
        self.privileged_name = PRIVILEGED_SECRET;
        self
    }

    /// Sets the token of the user for whom the client sends requests. To serve many users, call
    /// [`Client::as_user`] instead.
    pub fn oauth_token(mut self, token: impl Into<Secret>) -> Self {
        self.oauth_token = Some(token.into());
        self
    }

    /// Sets whether requests contain the user's token in a parameter or in a header. Defaults to
    /// [`TokenLocation::Parameter`].
    pub fn token_location(mut self, location: TokenLocation) -> Self {
        self.token_location = location;
        self
    }

    /// Sets the path of the endpoint that exchanges authorization codes for users' tokens. Defaults
    /// to [`TokenPath::AccessToken`].
    pub fn token_path(mut self, path: TokenPath) -> Self {
        self.token_path = path;
        self
    }

    /// Sets the URL to which users return after a login. It must be registered for the application.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    api_auth::builder_options!();

    /// Validates all options and creates the client. No request is sent.
    ///
    /// # Errors
    /// Returns an error that names the first invalid option, such as an empty id or secret, a
    /// timeout of 0, or a base URL that would cause credentials to be sent unencrypted.
    pub fn build(self) -> Result<Client> {
        let signer = |id_name, id, secret_name, secret: &Secret| {
            let signer =
                NonceHeaders::new(NAMESPACE, self.scheme, (id_name, id), (secret_name, secret))?
                    .try_other_form(self.try_other_form);
            match &self.signed_base_url {
                Some(url) => signer.signed_as("signed_base_url", url),
                None => Ok(signer),
            }
        };
        let main = signer(
            "client_id",
            self.client_id.clone(),
            self.client_secret_name,
            &self.client_secret,
        )?;
        let privileged = match &self.privileged {
            Some((id, secret)) => {
                Some(signer("privileged_client_id", id.clone(), self.privileged_name, secret)?)
            }
            None => None,
        };
        let keys = Keys {
            client_id: self.client_id,
            client_secret: self.client_secret,
            main,
            privileged,
            variant: self.scheme,
            token_location: self.token_location,
        };
        let mut credentials = keys.application_credentials();
        if let Some(token) = &self.oauth_token {
            credentials.extend(keys.user_credentials(token)?);
        }
        let core = self.settings.build(
            &PROVIDER,
            &[(Server::MAIN, self.base_url_name, self.environment.base_url())],
            credentials,
        )?;
        Ok(Client {
            core,
            token_path: self.token_path,
            redirect_uri: self.redirect_uri,
            keys: Arc::new(keys),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The compiler checks that threads can share clients.
    const _: () = {
        const fn is_send_and_sync<T: Send + Sync>() {}
        is_send_and_sync::<Client>();
        is_send_and_sync::<ClientBuilder>();
    };

    fn variables(given: &[(&str, &str)]) -> Result<ClientBuilder, String> {
        ClientBuilder::from_variables(Env::given(given)).map_err(|error| error.to_string())
    }

    const KEYS: [(&str, &str); 2] =
        [("TOKENPASS_CLIENT_ID", "I"), ("TOKENPASS_CLIENT_SECRET", "K")];

    fn with(more: &[(&'static str, &'static str)]) -> Result<ClientBuilder, String> {
        variables(&[&KEYS, more].concat())
    }

    #[test]
    fn missing_variable_is_named() {
        assert!(variables(&[]).unwrap_err().starts_with("TOKENPASS_CLIENT_ID: "));
        assert!(variables(&KEYS[..1]).unwrap_err().starts_with("TOKENPASS_CLIENT_SECRET: "));
        for (name, value) in [
            ("TOKENPASS_CLIENT_ID", "a b"),
            ("TOKENPASS_CLIENT_SECRET", "\u{feff}K"),
            ("TOKENPASS_OAUTH_TOKEN", "\u{105}"),
            ("TOKENPASS_BASE_URL", ""),
            ("TOKENPASS_PROVIDER_HOST", ""),
            ("TOKENPASS_SCHEME", ""),
        ] {
            let mut given = vec![(name, value)];
            given.extend(KEYS);
            assert!(variables(&given).unwrap_err().starts_with(&format!("{name}: ")), "{name}");
        }
        let half = [("TOKENPASS_PRIVILEGED_CLIENT_ID", "P")];
        let secret = "TOKENPASS_PRIVILEGED_CLIENT_SECRET: ";
        let problem = "must be set, because TOKENPASS_PRIVILEGED_CLIENT_ID is set";
        assert_eq!(with(&half).unwrap_err(), format!("{secret}{problem}"));
        assert!(with(&[("TOKENPASS_SCHEME", "x")]).unwrap_err().starts_with("TOKENPASS_SCHEME: "));
    }

    #[test]
    fn environment_variables_set_host_and_scheme() {
        let base = |more: &[_]| with(more).unwrap().environment.base_url().to_owned();
        assert_eq!(base(&[]), "https://tokenpass.tokenly.com");
        let host = ("TOKENPASS_PROVIDER_HOST", "https://h.example");
        assert_eq!(base(&[host]), "https://h.example");
        assert_eq!(
            base(&[host, ("TOKENPASS_BASE_URL", "http://127.0.0.1:1")]),
            "http://127.0.0.1:1"
        );
        let named = |name| ("TOKENPASS_ENVIRONMENT", name);
        assert_eq!(base(&[named("production")]), base(&[]));
        assert_eq!(base(&[named("staging")]), Environment::Staging.base_url());
        assert_eq!(base(&[named("staging"), host]), "https://h.example");
        let error = with(&[named("sandbox"), host]).unwrap_err();
        assert_eq!(error, "TOKENPASS_ENVIRONMENT: must be production or staging");
        let scheme = |text| with(&[("TOKENPASS_SCHEME", text)]).unwrap();
        assert_eq!(scheme("body-only").scheme, Scheme::BodyOnly);
        assert_eq!(scheme("empty-query").scheme, Scheme::EmptyQuery);
        assert!(scheme("either-query").try_other_form);
        assert!(!scheme("signed-query").try_other_form);
    }

    #[test]
    fn base_url_of_the_environment_is_named_by_its_variable() {
        for (url, problem) in test_support::settings::INVALID_BASE_URLS {
            for name in ["TOKENPASS_BASE_URL", "TOKENPASS_PROVIDER_HOST"] {
                let error =
                    variables(&[KEYS[0], KEYS[1], (name, url)]).unwrap().build().unwrap_err();
                assert_eq!(error.to_string(), format!("{name}: {problem}"), "{url}");
            }
            let error = Client::builder("I", "K")
                .environment(Environment::Custom(url.to_owned()))
                .build()
                .unwrap_err();
            assert_eq!(error.to_string(), format!("base_url: {problem}"), "{url}");
        }
    }

    #[test]
    fn rejected_secret_with_outer_space_is_named() {
        use crate::oauth::{Authorize, RequestCode, RequestPasswordToken, Scope as OauthScope};
        use test_support::settings::{named_in_hint, rejecting};

        let client = |builder: ClientBuilder| builder.transport(rejecting(b"{}")).build().unwrap();
        let named = |builder| named_in_hint(&client(builder).get_perks("TOKENLY").unwrap_err());
        let signed = |builder: ClientBuilder| {
            let builder = builder.oauth_token("t");
            let rules = "TOKENLY >= 1".parse().unwrap();
            named_in_hint(&client(builder).check_user("u", &rules).unwrap_err())
        };
        assert_eq!(signed(Client::builder("I", "CANARY")), None);
        assert_eq!(signed(Client::builder("I", " CANARY")), Some("client_secret"));
        let spaced = [KEYS[0], ("TOKENPASS_CLIENT_SECRET", "CANARY ")];
        assert_eq!(signed(variables(&spaced).unwrap()), Some("TOKENPASS_CLIENT_SECRET"));
        let privileged = |builder: ClientBuilder| {
            let rules: crate::Rules = "A >= 1".parse().unwrap();
            let request = crate::tca::CheckEmail::new("a@example.com", rules);
            named_in_hint(&client(builder).send(&request).unwrap_err())
        };
        let builder = Client::builder("I", " CANARY");
        assert_eq!(privileged(builder.clone().privileged("P", "CANARY")), None);
        let spaced = builder.privileged("P", "CANARY ");
        assert_eq!(privileged(spaced), Some("privileged_client_secret"));
        let id = ("TOKENPASS_PRIVILEGED_CLIENT_ID", "P");
        let variables = with(&[id, ("TOKENPASS_PRIVILEGED_CLIENT_SECRET", "CANARY ")]).unwrap();
        assert_eq!(privileged(variables), Some("TOKENPASS_PRIVILEGED_CLIENT_SECRET"));
        assert_eq!(named(Client::builder("I", " CANARY")), None, "the request has no signature");
        let login = |secret: &str, username: &str, password: &str| {
            let login = RequestPasswordToken::new(username, password, [OauthScope::User]);
            named_in_hint(&client(Client::builder("I", secret)).send(&login).unwrap_err())
        };
        assert_eq!(login("CANARY", "u", "CANARY"), None);
        assert_eq!(login("CANARY ", "u", "CANARY"), Some("client_secret"));
        assert_eq!(login("CANARY", "u", "CANARY "), Some("password"));
        assert_eq!(login("CANARY", " u", "CANARY"), Some("username"));
        let code = |password: &str| {
            let login = Authorize::new("https://example.com/", [OauthScope::User]).unwrap();
            let client = client(Client::builder("I", "CANARY"));
            named_in_hint(&client.send(&RequestCode::new(login, "u", password)).unwrap_err())
        };
        assert_eq!((code("CANARY"), code("CANARY ")), (None, Some("password")));
    }

    #[cfg(feature = "ureq")]
    #[test]
    fn errors_name_invalid_settings() {
        let rejected =
            |builder: ClientBuilder| builder.build().unwrap_err().argument().map(str::to_owned);
        let valid = || Client::builder("I", "K").no_proxy();
        assert_eq!(rejected(Client::builder("a\nb", "k")).as_deref(), Some("client_id"));
        assert_eq!(rejected(Client::builder("a", "")).as_deref(), Some("client_secret"));
        assert_eq!(rejected(valid().privileged("", "x")).as_deref(), Some("privileged_client_id"));
        assert_eq!(
            rejected(valid().privileged("x", "")).as_deref(),
            Some("privileged_client_secret")
        );
        assert_eq!(rejected(valid().oauth_token("")).as_deref(), Some("oauth_token"));
        assert_eq!(rejected(valid().oauth_token("a\nb")).as_deref(), Some("oauth_token"));
        assert_eq!(rejected(valid().signed_base_url("x")).as_deref(), Some("signed_base_url"));
        let plain = Environment::custom("http://h");
        assert_eq!(rejected(valid().environment(plain)).as_deref(), Some("base_url"));
        assert_eq!(
            valid().build().unwrap().as_user("").unwrap_err().argument(),
            Some("oauth_token")
        );
    }

    #[cfg(feature = "ureq")]
    #[test]
    fn debug_shows_no_secret() {
        let builder = Client::builder("I", "CANARY")
            .no_proxy()
            .privileged("P", "CANARY")
            .oauth_token("CANARY");
        let client = builder.clone().build().unwrap();
        let user = client.as_user("CANARY").unwrap();
        assert!(!format!("{builder:?} {client:?} {user:?}").contains("CANARY"));
    }
}
