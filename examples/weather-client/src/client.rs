//! The client and its builder. The methods for endpoints are in the files of the endpoints.

use std::fmt;
use std::sync::Arc;

use api_auth::hmac::request_line::RequestLine;
use api_auth::{
    Credential, Encoding, Env, InputError, Provider, Result, Secret, Server, Settings,
    without_user_info,
};

use crate::error;

static PROVIDER: Provider = Provider {
    name: "weather",
    user_agent: concat!("weather-client/", env!("CARGO_PKG_VERSION")),
    encoding: Encoding::Form,
    retry_statuses: &[429, 502, 503, 504],
    secret_parameters: &[],
    read_error: error::read,
};

/// The environment that a client uses, which determines the base URL of the API.
///
/// Source: the service's documentation, `weather.example/docs`.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// Production: `https://api.weather.example`.
    #[default]
    Production,
    /// A different base URL, without `/v1`. It must use `https`, except for loopback addresses.
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
    /// Creates an environment with this base URL, such as that of a test server.
    pub fn custom(base_url: impl Into<String>) -> Self {
        Self::Custom(base_url.into())
    }

    /// Returns the base URL, to which paths such as `/v1/reports` are appended.
    pub fn base_url(&self) -> &str {
        match self {
            Self::Production => "https://api.weather.example",
            Self::Custom(url) => url,
        }
    }
}

/// A client for one observer. Cloning is cheap, and all threads can share one client.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) core: api_auth::Client,
}

/// The name that errors use for a base URL that is not from an environment variable.
const BASE_URL: &str = "base_url";

/// A builder for a [`Client`]; see [`Client::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing happens before `build`"]
pub struct ClientBuilder {
    observer: String,
    key: Secret,
    environment: Environment,
    /// The name of the argument or variable that contained the base URL, for errors.
    base_url_name: &'static str,
    settings: Settings,
}

impl Client {
    /// Returns a builder for a client with the id of an observer and its key.
    pub fn builder(observer: impl Into<String>, key: impl Into<Secret>) -> ClientBuilder {
        ClientBuilder {
            observer: observer.into(),
            key: key.into(),
            environment: Environment::Production,
            base_url_name: BASE_URL,
            settings: Settings::default(),
        }
    }

    /// Creates a client from the environment variables `WEATHER_OBSERVER` and `WEATHER_KEY`, and
    /// `WEATHER_BASE_URL` if it is set.
    ///
    /// # Errors
    /// If a variable is missing or invalid, returns an error that names it.
    pub fn from_env() -> Result<Self> {
        ClientBuilder::from_variables(Env::PROCESS)?.build()
    }

    api_auth::client_methods!();
}

impl ClientBuilder {
    fn from_variables(variables: Env<'_>) -> Result<Self, InputError> {
        let mut builder =
            Client::builder(variables.need("WEATHER_OBSERVER")?, variables.need("WEATHER_KEY")?);
        const BASE_URL: &str = "WEATHER_BASE_URL";
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

    api_auth::builder_options!();

    /// Validates all options and creates the client. No request is sent.
    ///
    /// # Errors
    /// Returns an error that names the first invalid option, such as an empty key or a timeout of
    /// 0.
    pub fn build(self) -> Result<Client> {
        let auth = RequestLine::new(("observer", self.observer), ("key", &self.key))?;
        let core = self.settings.build(
            &PROVIDER,
            &[(Server::MAIN, self.base_url_name, self.environment.base_url())],
            vec![(Credential::MAIN, Arc::new(auth))],
        )?;
        Ok(Client { core })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_named() {
        let with = |given: &[(&str, &str)]| {
            ClientBuilder::from_variables(Env::given(given))
                .map_err(|error| error.argument().to_owned())
        };
        assert_eq!(with(&[]).unwrap_err(), "WEATHER_OBSERVER");
        assert_eq!(with(&[("WEATHER_OBSERVER", "o")]).unwrap_err(), "WEATHER_KEY");
        assert!(with(&[("WEATHER_OBSERVER", "o"), ("WEATHER_KEY", "k")]).is_ok());
    }

    #[test]
    fn base_url_of_the_environment_is_named_by_its_variable() {
        for (url, problem) in test_support::settings::INVALID_BASE_URLS {
            let keys = [("WEATHER_OBSERVER", "o"), ("WEATHER_KEY", "k"), ("WEATHER_BASE_URL", url)];
            let builder = ClientBuilder::from_variables(Env::given(&keys)).unwrap();
            let error = builder.build().unwrap_err();
            assert_eq!(error.to_string(), format!("WEATHER_BASE_URL: {problem}"), "{url}");
            let builder = Client::builder("o", "k").environment(Environment::custom(url));
            let error = builder.build().unwrap_err();
            assert_eq!(error.to_string(), format!("base_url: {problem}"), "{url}");
        }
    }
}
