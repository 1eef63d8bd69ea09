//! The settings and the client of `tinycert`, and the requests that `tinycert doctor` sends.

use std::cell::OnceCell;
use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use cli_support::api_auth::{
    Clock, Credential, Endpoint, EndpointInfo, Env, Error, Items, ManualClock, Paged, Response,
    Secret, SystemClock,
};
use cli_support::args::positive;
use cli_support::auth::{Settings, Variable};
use cli_support::doctor::Doctor;
use cli_support::{
    Bodies, Connection, Context, CredentialField, Exit, Failure, Json, Number, Provider, Times,
    connect, provider_calls, times,
};
use tinycert_client::ca::{GetCa, GetCaDetails, ListCas};
use tinycert_client::cert::{GetCert, GetCertDetails, ListCerts, StatusMask};
use tinycert_client::session::API_KEY;
use tinycert_client::{CaId, CertId, CertPart, Client, Environment, Session};

/// Describes TinyCert to the code that all four programs share; see [`Provider`].
#[derive(Debug)]
pub(crate) struct TinyCert;

/// The environment variable that contains the API key.
pub(crate) const KEY: &str = "TINYCERT_API_KEY";
/// The environment variable that contains the passphrase of the account.
pub(crate) const PASSPHRASE: &str = "TINYCERT_PASSPHRASE";
const EMAIL: &str = "TINYCERT_EMAIL";
const ENVIRONMENT: &str = "TINYCERT_ENVIRONMENT";
const BASE_URL: &str = "TINYCERT_BASE_URL";
/// The environment variable that replaces the current time in tests, in Unix seconds.
const TEST_CLOCK: &str = "TINYCERT_TEST_CLOCK";

/// The placeholder for the session token in the request that `--curl` prints, for which no session
/// is opened.
const NO_TOKEN: &str = "no-session";

/// A client and its session. The first request that needs the session opens it.
pub(crate) struct Account {
    client: Client,
    email: String,
    passphrase: Secret,
    session: OnceCell<Session>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Account {
    /// Returns the session, and opens it if necessary. It is closed when the account is dropped.
    pub(crate) fn session(&self) -> Result<&Session, Error> {
        if let Some(session) = self.session.get() {
            return Ok(session);
        }
        let session = self.client.connect(&self.email, self.passphrase.clone())?;
        Ok(self.session.get_or_init(|| session))
    }

    fn send<E: Endpoint>(&self, endpoint: &E) -> Result<E::Output, Error> {
        if endpoint.credential() == API_KEY {
            return self.client.send(endpoint);
        }
        // Do not open a session for an invalid request.
        endpoint.validate()?;
        self.session()?.send(endpoint)
    }

    fn send_raw<E: Endpoint>(&self, endpoint: &E) -> Result<Response, Error> {
        if endpoint.credential() == API_KEY {
            return self.client.send_raw(endpoint);
        }
        endpoint.validate()?;
        self.session()?.send_raw(endpoint)
    }

    fn curl<E: Endpoint>(&self, endpoint: &E) -> Result<String, Error> {
        if endpoint.credential() == API_KEY {
            return self.client.curl(endpoint);
        }
        self.client.resume(NO_TOKEN).curl(endpoint)
    }

    /// Sends requests, at most `jobs` of them concurrently. If no session can be opened, opening
    /// one is retried for each request; if that fails as well, the error is the result of the
    /// request.
    fn send_all<E>(
        &self,
        requests: impl Iterator<Item = E>,
        jobs: usize,
    ) -> impl Iterator<Item = (E, Result<E::Output, Error>)>
    where
        E: Endpoint<Output: Send + 'static> + Send + 'static,
    {
        let (batch, rest) = match self.session() {
            Ok(session) => (Some(session.send_all(requests, jobs)), None),
            Err(_) => (None, Some(requests)),
        };
        batch.into_iter().flatten().chain(rest.into_iter().flatten().map(|request| {
            let result = self.send(&request);
            (request, result)
        }))
    }

    /// Returns an iterator over the entries of a list. No list of TinyCert has several pages.
    fn items<E: Paged>(&self, first: E) -> Items<E> {
        self.client.items(first)
    }
}

impl Provider for TinyCert {
    const NAME: &'static str = "tinycert";
    const VARIABLES: &'static [Variable] = &[
        Variable::required(KEY, "api_key").secret(),
        Variable::required(EMAIL, "email"),
        Variable::required(PASSPHRASE, "passphrase").secret(),
        Variable::server(ENVIRONMENT, "environment", "only production"),
        Variable::base_url(BASE_URL),
        Variable::ca_certificate("TINYCERT_CA_CERTIFICATE"),
    ];
    const REJECTED: &'static [&'static str] =
        &["AccessDenied", "AccountNotFound", "ApiKeyMismatch", "PassphraseFailure"];
    const ENDPOINTS: &'static [EndpointInfo] = tinycert_client::ENDPOINTS;
    const BODIES: Bodies = Bodies::Form;
    const TIMES: Times = Times { paths: &["expires", "not_before"], read: times::utc };
    const NUMBERS: &'static [Number] = &[("ca_id", positive::<i64>), ("cert_id", positive::<i64>)];
    const CREDENTIAL_FIELDS: &'static [CredentialField] = &[
        CredentialField {
            name: "token",
            credentials: &[Credential::MAIN.name()],
            setting: "the session that TINYCERT_PASSPHRASE opens",
        },
        CredentialField {
            name: "digest",
            credentials: &[Credential::MAIN.name(), API_KEY.name()],
            setting: KEY,
        },
    ];
    const LOOKUPS: &'static [(&'static str, &'static str)] =
        &[("cert.new", "cert list"), ("cert.reissue", "cert list"), ("ca.new", "ca list")];
    type Client = Account;

    fn client(settings: &Settings, connection: &Connection) -> Result<Account, Failure> {
        let url = settings.get(BASE_URL);
        let environment = match connection.server(settings, ENVIRONMENT, url, &["production"])? {
            (Some(url), _) => Environment::custom(url),
            (None, _) => Environment::Production,
        };
        let mut builder = connect!(
            Client::builder(settings.need(KEY)).environment(environment),
            connection,
            concat!("tinycert-cli/", env!("CARGO_PKG_VERSION"))
        );
        if let Some(clock) = test_clock()? {
            builder = builder.clock(clock);
        }
        Ok(Account {
            client: builder.build()?,
            email: settings.need(EMAIL).to_owned(),
            passphrase: settings.need(PASSPHRASE).into(),
            session: OnceCell::new(),
        })
    }

    provider_calls!();

    fn check(client: &Account, _: &Settings) -> Result<(), Failure> {
        client.session()?.list_cas()?;
        Ok(())
    }

    fn doctor(doctor: &mut Doctor<'_, Self>) -> Result<(), Failure> {
        let id = |list: Option<Json>| list?.get("0.id")?.cell().parse::<i64>().ok();
        let list = doctor.call(ListCas::new())?;
        let Some(ca_id) = id(list).map(CaId::new) else { return Ok(()) };
        doctor.call(GetCaDetails::new(ca_id))?;
        doctor.call(GetCa::new(ca_id))?;
        let list = doctor.call(ListCerts::new(ca_id, StatusMask::ALL))?;
        let Some(cert_id) = id(list).map(CertId::new) else { return Ok(()) };
        doctor.call(GetCertDetails::new(cert_id))?;
        doctor.call(GetCert::new(cert_id, CertPart::Chain)).map(drop)
    }
}

fn test_clock() -> Result<Option<ManualClock>, Failure> {
    let Some(text) = Env::PROCESS.get(TEST_CLOCK)? else { return Ok(None) };
    // Later times than the end of the year 9999 cannot be those of a certificate.
    let seconds = text.parse().ok().filter(|seconds| (0..=253_402_300_799).contains(seconds));
    let seconds = seconds.ok_or_else(|| {
        let problem = "must be a number of seconds from 0 to 253402300799";
        Failure::new(Exit::Local, format!("{TEST_CLOCK}: {problem}"))
    })?;
    Ok(Some(ManualClock::at_unix(seconds)))
}

/// Returns the current time, or the time in `TINYCERT_TEST_CLOCK` if that variable is set.
pub(crate) fn now() -> Result<SystemTime, Failure> {
    Ok(test_clock()?.map_or_else(|| SystemClock.now(), |clock| clock.now()))
}

/// Parses the id of a certificate, such as `14236`.
pub(crate) fn cert_id(text: &str) -> Result<CertId, String> {
    let id = positive::<i64>(text).map(CertId::new);
    id.map_err(|problem| problem.replace("at least 1", "at least 1, such as 14236"))
}

/// A CA, given by its id, its organization or its common name.
#[derive(Debug, Clone)]
pub(crate) enum CaName {
    Id(CaId),
    Name(String),
}

impl FromStr for CaName {
    type Err = String;

    /// Parses an id, or a name, which is any text that is not a number.
    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        if digits.is_empty() || digits.bytes().any(|byte| !byte.is_ascii_digit()) {
            return Ok(Self::Name(text.to_owned()));
        }
        let id = positive::<i64>(text).map(|id| Self::Id(CaId::new(id)));
        id.map_err(|problem| problem.replace("at least 1", "at least 1, such as 561"))
    }
}

impl CaName {
    /// Returns the id of the CA. A name is looked up in the list of CAs.
    pub(crate) fn id(&self, context: &Context<TinyCert>) -> Result<CaId, Failure> {
        let name = match self {
            Self::Id(id) => return Ok(*id),
            Self::Name(name) => name,
        };
        if context.global.curl {
            let problem = format!("`{name}`: --curl sends nothing, so it needs the id of the CA");
            return Err(Failure::new(Exit::Usage, problem));
        }
        let ca =
            context.client()?.session()?.find_ca(name).map_err(|error| {
                Failure::from(error).with_argument("name", &format!("`{name}`"))
            })?;
        ca.map(|ca| ca.id).ok_or_else(|| {
            let problem =
                format!("no CA has the name `{name}`; run `tinycert ca list` to see the CAs");
            Failure::new(Exit::NotFound, problem)
        })
    }
}
