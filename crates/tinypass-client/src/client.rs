//! The client: one short method an endpoint.

use std::sync::Arc;

use api_auth::hmac::request_line::{self, RequestLine};
use api_auth::{
    Credential, Encoding, Error, HmacKey, InputError, Items, Provider, Result, Secret, Settings,
    Site, StatusCode,
};

use crate::download::DownloadPath;
use crate::{
    Access, AccessPage, CancelSubscription, Download, DownloadUrl, GetAccess, GetDownload,
    GetDownloadUrl, GetUser, GrantAccess, Receipt, RevokeAccess, SearchAccess, SearchSubscriptions,
    Subscription, User, fault,
};

const PROVIDER: Provider = Provider {
    name: "tinypass",
    user_agent: concat!("tinypass-client/", env!("CARGO_PKG_VERSION")),
    encoding: Encoding::Form,
    // 500 is documented as a passing failure of the server.
    retry_statuses: &[429, 500, 502, 503, 504],
    fault: fault::read,
};

/// Where the API is. The two of the provider are fully separate: own AID, key and data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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

impl Environment {
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
    core: api_auth::Client,
    download_path: Option<DownloadPath>,
}

/// Makes a [`Client`]; see [`Client::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing happens before `build`"]
pub struct Builder {
    aid: String,
    private_key: Secret,
    environment: Environment,
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
    pub fn builder(aid: impl Into<String>, private_key: impl Into<Secret>) -> Builder {
        Builder {
            aid: aid.into(),
            private_key: private_key.into(),
            environment: Environment::Production,
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
        Builder::from_env()?.build()
    }

    /// The access record of a user to a resource, or `None` if there is none. `user_ref` is your
    /// reference of the user or TinyPass's uid.
    ///
    /// The record may have expired: ask [`Access::is_active`].
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_access(
        &self,
        rid: impl Into<String>,
        user_ref: impl Into<String>,
    ) -> Result<Option<Access>> {
        self.send(&GetAccess::new(rid, user_ref))
    }

    /// All access records that a search finds, one page after the other, each record once.
    ///
    /// Nothing is sent before the iterator is advanced. It begins at the search's page and asks
    /// for 1000 records a page unless the search says otherwise.
    ///
    /// ```
    /// use tinypass_client::SearchAccess;
    ///
    /// # use tinypass_client::{Client, Request, Response, TransportError};
    /// # let one = |_: Request| -> Result<_, TransportError> {
    /// #     Ok(Response::new(br#"{"data":[{"id":"1","user_email":"ann@example.org"}]}"#.to_vec()))
    /// # };
    /// # let tinypass = Client::builder("AIDAIDAID0", "key").transport(one).build()?;
    /// for access in tinypass.accesses(&SearchAccess::new().show_expired(true)) {
    ///     assert_eq!(access?.user_email.as_deref(), Some("ann@example.org"));
    /// }
    /// # Ok::<(), tinypass_client::Error>(())
    /// ```
    pub fn accesses(&self, search: &SearchAccess) -> Items<SearchAccess> {
        Items::new(self.core.clone(), search.clone().explicit_page())
    }

    /// One page of access records; empty if nothing is found.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn search_access(&self, search: &SearchAccess) -> Result<AccessPage> {
        self.send(search)
    }

    /// Gives a user access to a resource, which must exist, and mails the user unless told not to.
    ///
    /// Granting twice may mail twice, so it is never repeated after a lost answer.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn grant_access(&self, grant: &GrantAccess) -> Result<Access> {
        self.send(grant)
    }

    /// Takes a user's access away, and refunds it if told to.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn revoke_access(&self, revoke: &RevokeAccess) -> Result<Receipt> {
        self.send(revoke)
    }

    /// The recurring subscriptions that a search finds; empty if there are none.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn search_subscriptions(&self, search: &SearchSubscriptions) -> Result<Vec<Subscription>> {
        self.send(search)
    }

    /// Stops a user's recurring subscription.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn cancel_subscription(
        &self,
        rid: impl Into<String>,
        user_ref: impl Into<String>,
    ) -> Result<Receipt> {
        self.send(&CancelSubscription::new(rid, user_ref))
    }

    /// A link to a download that works for a while. The documentation and the official client
    /// spell the path differently: unless the builder says which, the documented one is asked
    /// first, and the other after a 404.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_download_url(&self, ask: &GetDownloadUrl) -> Result<DownloadUrl> {
        if let Some(path) = self.download_path {
            return self.send(&ask.clone().path(path));
        }
        match self.send(&ask.clone().path(DownloadPath::Documented)) {
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => {
                // If the other spelling does not help, the first answer stands.
                self.send(&ask.clone().path(DownloadPath::Sdk)).map_err(|_| error)
            }
            answered => answered,
        }
    }

    /// The details of a download, or `None` if there is none. Both spellings of the path are
    /// asked as in [`get_download_url`](Client::get_download_url).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_download(&self, rid: impl Into<String>) -> Result<Option<Download>> {
        let ask = GetDownload::new(rid);
        if let Some(path) = self.download_path {
            return self.send(&ask.path(path));
        }
        match self.send(&ask.clone().path(DownloadPath::Documented))? {
            Some(download) => Ok(Some(download)),
            None => Ok(self.send(&ask.path(DownloadPath::Sdk)).unwrap_or(None)),
        }
    }

    /// The details of a user by TinyPass's uid, or `None` if there is none.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_user(&self, uid: impl Into<String>) -> Result<Option<User>> {
        self.send(&GetUser::new(uid))
    }

    api_auth::client_verbs!();
}

impl Builder {
    /// Begins a client from the variables that [`Client::from_env`] reads.
    ///
    /// # Errors
    /// A variable that is missing or wrong, by name.
    pub fn from_env() -> Result<Self> {
        Ok(Self::from_variables(variable)?)
    }

    fn from_variables(get: impl Fn(&str) -> Option<String>) -> Result<Self, InputError> {
        let Variables { aid, private_key } = Variables::read(&get)?;
        let builder = Client::builder(aid, private_key);
        let sandbox = get("TINYPASS_SANDBOX").unwrap_or_default();
        let sandbox = match sandbox.trim() {
            "1" | "true" => true,
            "" | "0" | "false" => false,
            _ => {
                return Err(InputError::new("TINYPASS_SANDBOX", "must be 1, true, 0 or false"));
            }
        };
        Ok(match get("TINYPASS_BASE_URL").filter(|url| !url.trim().is_empty()) {
            Some(url) => builder.environment(Environment::Custom(url)),
            None if sandbox => builder.environment(Environment::Sandbox),
            None => builder,
        })
    }

    /// Chooses where the API is. Default: [`Environment::Production`].
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Chooses one spelling of the download paths, so that a 404 costs one request and not two.
    pub fn download_path(mut self, path: DownloadPath) -> Self {
        self.download_path = Some(path);
        self
    }

    api_auth::builder_knobs!();

    /// Checks everything and makes the client. Nothing is sent.
    ///
    /// # Errors
    /// The first argument that is wrong, by name: an AID with a colon or a line end, an empty
    /// key, a base URL that is none or would send the signature in the clear.
    pub fn build(self) -> Result<Client, Error> {
        static TINYPASS: Provider = PROVIDER;
        let auth = RequestLine::new(("aid", self.aid), ("private_key", &self.private_key))?;
        let core = self.settings.build(
            &TINYPASS,
            &[(Site::MAIN, "base_url", self.environment.base_url())],
            vec![(Credential::MAIN, Arc::new(auth))],
        )?;
        Ok(Client { core, download_path: self.download_path })
    }
}

/// The two variables that say which application this is.
pub(crate) struct Variables {
    pub(crate) aid: String,
    pub(crate) private_key: Secret,
}

impl Variables {
    #[cfg(feature = "blocks")]
    pub(crate) fn from_env() -> Result<Self, InputError> {
        Self::read(variable)
    }

    fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, InputError> {
        let need = |name: &'static str| {
            get(name).filter(|value| !value.trim().is_empty()).ok_or_else(|| {
                InputError::new(name, "must be set in the environment and not be empty")
            })
        };
        let (aid, key) = (need("TINYPASS_AID")?, need("TINYPASS_PRIVATE_KEY")?);
        Ok(Self { aid, private_key: Secret::new(key) })
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the room where the environment is read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
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

    fn variables(set: &[(&str, &str)]) -> Result<Builder, String> {
        Builder::from_variables(|name| {
            set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
        .map_err(|error| error.to_string())
    }

    const KEYS: [(&str, &str); 2] = [("TINYPASS_AID", "A"), ("TINYPASS_PRIVATE_KEY", "k")];

    fn with(more: &[(&'static str, &'static str)]) -> Result<Builder, String> {
        variables(&[&KEYS, more].concat())
    }

    #[test]
    fn a_missing_variable_is_named() {
        assert!(variables(&[]).unwrap_err().starts_with("TINYPASS_AID: "));
        assert!(variables(&KEYS[..1]).unwrap_err().starts_with("TINYPASS_PRIVATE_KEY: "));
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
    fn wrong_settings_are_refused_by_name() {
        let refused = |builder: Builder| builder.build().unwrap_err().argument().map(str::to_owned);
        assert_eq!(refused(Client::builder("a:b", "k")).as_deref(), Some("aid"));
        assert_eq!(refused(Client::builder("a\nb", "k")).as_deref(), Some("aid"));
        assert_eq!(refused(Client::builder("a", "")).as_deref(), Some("private_key"));
        for url in ["api.tinypass.com", "https://u:p@h", "http://h", "https://h?x=1"] {
            let custom = Client::builder("a", "k").environment(Environment::Custom(url.to_owned()));
            assert_eq!(refused(custom).as_deref(), Some("base_url"), "{url}");
        }
    }

    #[test]
    fn no_key_is_shown() {
        let builder = Client::builder("AID", "CANARY").proxy("http://u:CANARY@127.0.0.1:1");
        assert!(!format!("{builder:?} {:?}", builder.clone().build()).contains("CANARY"));
    }
}
