//! The context of a command: options, client and output.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use api_auth::http::{HeaderName, HeaderValue};
use api_auth::validate::has_outer_space;
use api_auth::{
    Body, Credential, Endpoint, EndpointInfo, Error, Items, NumberedPages, Paged, Params, Response,
    Secret, StatusCode, Transport, without_user_infos,
};

use crate::args::{
    Global, Input, Limits, Member, check_read, claim_stdin, limited, limited_line, listed,
    typed_line,
};
use crate::auth::{Settings, Variable, WebLogin};
use crate::doctor::Doctor;
use crate::exit::{Exit, Failure};
use crate::files::{open_to_read, wait_for_reader};
use crate::json::Json;
use crate::logger::{self, ROOTS};
use crate::output::{Column, Output, printable};
use crate::request::{AnyCall, AnyPage, Erased, Reply, WithJson};
use crate::terminal::{Progress, is_colored, prompt_secret};
use crate::termination::{self, Section, Sending, TemporaryFile};
use crate::times::Times;

/// A field of request bodies and queries that the client sets itself. Users must not set it.
#[derive(Debug, Clone, Copy)]
pub struct CredentialField {
    /// The name of the field, such as `client_id`.
    pub name: &'static str,
    /// The names of the credentials for which the client adds the field to a request.
    pub credentials: &'static [&'static str],
    /// The setting from which the client takes the value, for messages.
    pub setting: &'static str,
}

/// The name of a parameter whose value is a number, and the parser of its value.
pub type Number = (&'static str, fn(&str) -> Result<i64, String>);

/// Describes the provider of a program to the code that all programs share.
/// [`provider_calls!`](crate::provider_calls) defines the functions that send requests.
pub trait Provider: Sized {
    /// The name of the program, such as `tpay`.
    const NAME: &'static str;
    /// The settings of the client, each with its environment variable.
    const VARIABLES: &'static [Variable];
    /// All endpoints of the provider, for the command `api`.
    const ENDPOINTS: &'static [EndpointInfo];
    /// The format of request bodies.
    const BODIES: Bodies;
    /// The members of responses whose values are times, and how these are parsed.
    const TIMES: Times = Times::NONE;
    /// The lists that have several pages, for `api --paginate`.
    const PAGES: &'static [Pages] = &[];
    /// The name of each optional credential, followed by the environment variables that supply it.
    /// The credential is missing if the first one is not set.
    const CREDENTIALS: &'static [(&'static str, &'static [&'static str])] = &[];
    /// Parts of the messages of responses with status 403 that mean that the server rejected the
    /// credentials. Other such responses mean that the credentials are valid but do not suffice.
    const REJECTED: &'static [&'static str] = &[];
    /// The request fields that the client sets itself. Users must not set them.
    const CREDENTIAL_FIELDS: &'static [CredentialField] = &[];
    /// The members of request bodies that are amounts, each with the maximum number of decimal
    /// places. A name is a path such as `parts.*.amount`, in which `*` stands for each entry of a
    /// list.
    const AMOUNTS: &'static [(&'static str, u8)] = &[];
    /// The parameters whose values are numbers, such as ids. `api` rejects all other values.
    const NUMBERS: &'static [Number] = &[];
    /// The ids of writes, each with the command that shows whether it was carried out.
    const LOOKUPS: &'static [(&'static str, &'static str)] = &[];
    /// The ids of writes that are not atomic, each with the list in the body whose entries the
    /// server carries out one after another.
    const ENTRIES: &'static [(&'static str, &'static str)] = &[];
    /// Whether amounts in request bodies can be strings of digits.
    const ALLOWS_TEXT_AMOUNTS: bool = false;
    /// The type of the provider's client.
    type Client;

    /// Creates a client from the settings and the options of the command line.
    ///
    /// # Errors
    /// Returns an error if a setting is invalid.
    fn client(settings: &Settings, connection: &Connection) -> Result<Self::Client, Failure>;

    /// Sends a request and returns the parsed response.
    ///
    /// # Errors
    /// Returns the error of the client.
    fn send<E: Endpoint>(client: &Self::Client, endpoint: &E) -> Result<E::Output, Error>;

    /// Sends a request and returns the response without parsing it.
    ///
    /// # Errors
    /// Returns the error of the client.
    fn send_raw<E: Endpoint>(client: &Self::Client, endpoint: &E) -> Result<Response, Error>;

    /// Returns the curl command for a request, with its secrets redacted.
    ///
    /// # Errors
    /// Returns the error of the client.
    fn curl<E: Endpoint>(client: &Self::Client, endpoint: &E) -> Result<String, Error>;

    /// Returns an iterator over the entries of all pages, beginning with the page `first`.
    fn items<E: Paged>(client: &Self::Client, first: E) -> Items<E>;

    /// Sends many requests, at most `jobs` of them concurrently. The results are in the order of
    /// the requests.
    fn send_all<E>(
        client: &Self::Client,
        requests: impl Iterator<Item = E>,
        jobs: usize,
    ) -> impl Iterator<Item = Result<E::Output, Error>>
    where
        E: Endpoint<Output: Send + 'static> + Send + 'static;

    /// Returns the name in [`CREDENTIALS`](Self::CREDENTIALS) of the credential that is sent in place
    /// of `name` with these settings.
    fn credential_of<'a>(settings: &Settings, name: &'a str) -> &'a str {
        let _ = settings;
        name
    }

    /// Whether a user can log in with `auth login --web`.
    const HAS_WEB_LOGIN: bool = false;

    /// Logs a user in through the browser. Returns the variables to store, with their values.
    ///
    /// # Errors
    /// Returns an error if the provider has no login through the browser, or if the login fails.
    fn web_login(
        context: &Context<Self>,
        login: &WebLogin,
    ) -> Result<Vec<(&'static str, Secret)>, Failure> {
        let _ = (context, login);
        Err(Failure::new(Exit::Usage, "--web: this provider has no user login"))
    }

    /// Whether access tokens are cached in files (see [`forget_token`](Self::forget_token)).
    const HAS_TOKEN_CACHE: bool = false;

    /// Removes the access token of these settings, in which secrets can be missing, if it is in the
    /// default cache of the program. Returns a message for the user if there is a token.
    ///
    /// # Errors
    /// Returns an error if a setting is invalid, or if the token cannot be removed.
    fn forget_token(
        settings: &Settings,
        connection: &Connection,
    ) -> Result<Option<String>, Failure> {
        let _ = (settings, connection);
        Ok(None)
    }

    /// Checks that the server accepts all credentials that are set.
    ///
    /// # Errors
    /// Returns the error of the client.
    fn check(client: &Self::Client, settings: &Settings) -> Result<(), Failure>;

    /// Sends read-only requests, as far as the credentials allow, and adds the results to the
    /// report.
    ///
    /// # Errors
    /// Returns an error if the credentials are missing or were rejected.
    fn doctor(doctor: &mut Doctor<'_, Self>) -> Result<(), Failure>;
}

/// The format of a provider's request bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bodies {
    /// JSON objects.
    Json,
    /// URL-encoded forms.
    Form,
    /// None: all parameters are in the query.
    Query,
}

/// A list whose pages are requested by number.
#[derive(Debug, Clone, Copy)]
pub struct Pages {
    /// The id of the endpoint, such as `transactions.list`.
    pub endpoint: &'static str,
    /// The name of the parameter that contains the page number.
    pub parameter: &'static str,
    /// The number of the first page: 0 or 1, depending on the provider.
    pub first: u32,
    /// The paths of the lists that contain the entries of a page. A response can have several
    /// lists.
    pub lists: &'static [&'static str],
    /// The name of the member that contains the id of an entry. Repeated entries are recognized by
    /// their id.
    pub id: &'static str,
}

/// Defines the functions of a [`Provider`] that send requests. They call the methods of its client.
#[macro_export]
macro_rules! provider_calls {
    () => {
        fn send<E: $crate::api_auth::Endpoint>(
            client: &Self::Client,
            endpoint: &E,
        ) -> ::std::result::Result<E::Output, $crate::api_auth::Error> {
            client.send(endpoint)
        }

        fn send_raw<E: $crate::api_auth::Endpoint>(
            client: &Self::Client,
            endpoint: &E,
        ) -> ::std::result::Result<$crate::api_auth::Response, $crate::api_auth::Error> {
            client.send_raw(endpoint)
        }

        fn curl<E: $crate::api_auth::Endpoint>(
            client: &Self::Client,
            endpoint: &E,
        ) -> ::std::result::Result<String, $crate::api_auth::Error> {
            client.curl(endpoint)
        }

        fn items<E: $crate::api_auth::Paged>(
            client: &Self::Client,
            first: E,
        ) -> $crate::api_auth::Items<E> {
            client.items(first)
        }

        fn send_all<E>(
            client: &Self::Client,
            requests: impl ::std::iter::Iterator<Item = E>,
            jobs: usize,
        ) -> impl ::std::iter::Iterator<
            Item = ::std::result::Result<E::Output, $crate::api_auth::Error>,
        >
        where
            E: $crate::api_auth::Endpoint<Output: Send + 'static> + Send + 'static,
        {
            client.send_all(requests, jobs).map(|(_, result)| result)
        }
    };
}

/// The members that identify a line of an input file in the output, such as `email`, with their
/// values.
type Labels = Vec<(&'static str, String)>;

/// A line of an input file: its position for messages, such as `users: line 2`, the members that
/// identify the line in the output, and the request to send for it.
pub type Line<E> = (String, Labels, E);

/// The options of the command line that concern connections and requests.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Connection {
    /// The environment of the provider, such as `sandbox` (`--environment`).
    pub environment: Option<String>,
    /// The base URL of the API (`--base-url`).
    pub base_url: Option<String>,
    /// Additional root certificates in PEM format.
    pub ca_certificate: Option<Vec<u8>>,
    /// The timeout of each request (`--timeout`).
    pub timeout: Option<Duration>,
    /// The maximum number of retries per request (`--retries`).
    pub retries: Option<u32>,
    /// The file to which requests and responses are appended: the value of `--record`, or a
    /// temporary file for `-vv`. `None` if nothing is recorded.
    pub record: Option<PathBuf>,
    /// Whether the client only builds requests, and must not send any.
    pub is_offline: bool,
    /// The maximum number of requests per second (`--max-rate`).
    pub max_rate: Option<u32>,
    /// The number of idle connections that the client keeps: the value of `--jobs`, but at least
    /// 16.
    pub jobs: usize,
    /// Headers to add to each request to an endpoint. They replace headers of the same names that the
    /// client sets. Requests that open or close a session, or request a token, do not get them.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Whether requests and waits end if the process is terminated by a signal.
    pub is_interruptible: bool,
}

impl Connection {
    /// Returns the base URL of the server to which requests are sent, or `None` for that of an
    /// environment of the provider, and the name of the environment. `variable` is the setting that
    /// contains this name, `url` the base URL in the settings, and `names` the names of all
    /// environments, the default one first.
    ///
    /// # Errors
    /// Returns an error that names the option or the setting if there is no such environment.
    pub fn server<'a>(
        &'a self,
        settings: &'a Settings,
        variable: &str,
        url: Option<&'a str>,
        names: &[&'static str],
    ) -> Result<(Option<&'a str>, &'static str), Failure> {
        let (source, name) = match (self.environment.as_deref(), settings.get(variable)) {
            (Some(name), _) => ("--environment", Some(name)),
            (None, name) => (variable, name),
        };
        let found = names.iter().find(|known| name.is_none_or(|name| name == **known));
        let name = found.copied().ok_or_else(|| {
            let (names, name) = (listed(names, "or"), name.unwrap_or_default());
            Failure::new(Exit::Usage, format!("{source}: must be {names}, not `{name}`"))
        })?;
        // If `--environment` is given, a base URL in the settings must not override it.
        let url = self.base_url.as_deref().or(url.filter(|_| self.environment.is_none()));
        Ok((url, name))
    }

    /// Returns a function that wraps a transport in one that registers writes, and can be
    /// interrupted by a signal.
    pub fn wrap(&self) -> impl Fn(Arc<dyn Transport>) -> Sending + 'static {
        let is_interruptible = self.is_interruptible;
        move |inner| Sending { inner, is_interruptible }
    }
}

/// Sets the application name and the options of a [`Connection`] on the builder of a client.
#[macro_export]
macro_rules! connect {
    ($builder:expr, $connection:expr, $application:expr) => {{
        let mut builder = $builder.application($application).headers($connection.headers.clone());
        if let Some(timeout) = $connection.timeout {
            builder = builder.timeout(timeout);
        }
        if let Some(pem) = &$connection.ca_certificate {
            builder = builder.extra_root_certificates(pem.as_slice());
        }
        if let Some(retries) = $connection.retries {
            builder = builder.retries(retries);
        }
        if let Some(file) = &$connection.record {
            builder = builder.record(file);
        }
        if let Some(rate) = $connection.max_rate {
            builder = builder.max_requests_per_second(rate);
        }
        if $connection.is_interruptible {
            builder = builder.clock($crate::InterruptibleClock);
        }
        builder.max_connections($connection.jobs).wrap_transport($connection.wrap())
    }};
}

/// The context of a command: its options, output, settings and client.
pub struct Context<P: Provider> {
    /// The global options.
    pub global: Global,
    /// The output of the command: standard output, or the file of `--out`.
    pub output: Output,
    settings: OnceCell<Settings>,
    client: OnceCell<P::Client>,
    headers: OnceCell<Vec<(HeaderName, HeaderValue)>>,
    /// The credential that the user selected for the request instead of that of its endpoint.
    credential: OnceCell<Credential>,
    is_interruptible: Cell<bool>,
    /// The number of secrets that the command still reads from standard input.
    secrets: Cell<usize>,
    /// Whether secrets can begin or end with spaces.
    keeps_spaces: Cell<bool>,
    /// Standard input, from which secrets are read.
    stdin: RefCell<BufReader<io::Stdin>>,
    /// The temporary recording for `-vv`, which is removed at the end.
    temporary: OnceCell<TemporaryFile>,
}

impl<P: Provider> fmt::Debug for Context<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("output", &self.output).finish_non_exhaustive()
    }
}

impl<P: Provider> Context<P> {
    /// Creates the context of a command from the global options.
    pub fn new(global: Global) -> Self {
        // A field that is given twice would be a duplicate member of a JSON object.
        let mut fields: Vec<String> = Vec::new();
        for field in global.fields.iter().map(|field| field.trim()) {
            if !fields.iter().any(|known| known == field) {
                fields.push(field.to_owned());
            }
        }
        let output = Output::new(global.format, fields, global.out.clone())
            .with_times(P::TIMES)
            .with_color(is_colored(global.color, &io::stdout()));
        Self {
            global,
            output,
            settings: OnceCell::new(),
            client: OnceCell::new(),
            headers: OnceCell::new(),
            credential: OnceCell::new(),
            is_interruptible: Cell::new(false),
            secrets: Cell::new(1),
            keeps_spaces: Cell::new(false),
            stdin: RefCell::new(BufReader::new(io::stdin())),
            temporary: OnceCell::new(),
        }
    }

    /// Sets the headers to add to each request. Must be called before the first request.
    pub(crate) fn set_headers(&self, headers: Vec<(HeaderName, HeaderValue)>) {
        let _ = self.headers.set(headers);
    }

    /// Sets the credential that the user selected, for the hint if the server rejects it.
    pub(crate) fn set_credential(&self, credential: Credential) {
        let _ = self.credential.set(credential);
    }

    /// Makes requests end with an error if a signal terminates the process, so that a function of
    /// the library can return and remove its temporary files, or so that the results of other
    /// requests can be written. Must be called before the first request.
    pub fn interrupt_requests(&self) {
        self.is_interruptible.set(true);
    }

    /// Returns the file to which requests and responses are recorded: the file of `--record`, or a
    /// new temporary file for `-vv`. Returns `None` if nothing is recorded.
    fn recording(&self) -> Result<Option<PathBuf>, Failure> {
        if self.global.curl || self.global.record.is_some() || self.global.verbose < 2 {
            return Ok(self.global.record.clone().filter(|_| !self.global.curl));
        }
        #[expect(clippy::disallowed_methods, reason = "the name of a temporary file")]
        let now = std::time::SystemTime::now();
        let now = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let name = format!("{}-{}-{now}.jsonl", P::NAME, std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let temporary = TemporaryFile::new(path.clone());
        options.open(&path).map_err(|error| Failure::file(&path, &error))?;
        let _ = self.temporary.set(temporary);
        Ok(Some(path))
    }

    /// Finds the settings, and checks that they include the required credentials. The check is
    /// omitted if [`settings_without_credentials`](Self::settings_without_credentials) was called
    /// before.
    ///
    /// # Errors
    /// Returns an error if the source of the settings cannot be read, or if it lacks required
    /// credentials.
    pub fn settings(&self) -> Result<Settings, Failure> {
        // The standard input can be read only once.
        if let Some(settings) = self.settings.get() {
            return Ok(settings.clone());
        }
        let settings = Settings::find(P::NAME, P::VARIABLES, &self.global)?;
        Ok(self.settings.get_or_init(|| settings).clone())
    }

    /// Finds the settings for a command that needs no credentials, so required settings can be
    /// missing. If the command creates a client, the client uses the same settings.
    ///
    /// # Errors
    /// Returns an error if the source of the settings cannot be read.
    pub fn settings_without_credentials(&self) -> Result<Settings, Failure> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings.clone());
        }
        let settings = Settings::find_any(P::NAME, P::VARIABLES, &self.global)?;
        Ok(self.settings.get_or_init(|| settings).clone())
    }

    /// Finds the settings for a login through the browser. A profile given with `--profile` that
    /// does not exist yet is ignored, because the login creates it.
    pub(crate) fn settings_for_login(&self) -> Result<Settings, Failure> {
        let settings = Settings::find_for_login(P::NAME, P::VARIABLES, &self.global)?;
        Ok(self.settings.get_or_init(|| settings).clone())
    }

    /// Returns the connection options for a client with these settings, without a recording.
    ///
    /// # Errors
    /// Returns an error if the file with root certificates cannot be read.
    fn connection(&self, settings: &Settings) -> Result<Connection, Failure> {
        let ca_certificate = self.ca_certificate(settings)?;
        Ok(Connection {
            environment: self.global.environment.clone(),
            base_url: self.global.base_url.clone(),
            ca_certificate,
            timeout: self.global.timeout,
            retries: self.global.retries,
            record: None,
            is_offline: false,
            max_rate: self.global.max_rate,
            jobs: self.jobs().max(16),
            headers: self.headers.get().cloned().unwrap_or_default(),
            is_interruptible: self.is_interruptible.get(),
        })
    }

    /// Reads the file with additional root certificates, if there is one.
    fn ca_certificate(&self, settings: &Settings) -> Result<Option<Vec<u8>>, Failure> {
        let Some((setting, path)) = settings.ca_certificate_file(P::VARIABLES, &self.global)?
        else {
            return Ok(None);
        };
        check_read(&setting, &path)?;
        // A URL is not a path, but may contain a password.
        let name = without_user_infos(&format!("{setting} {}", path.display())).into_owned();
        let read = open_to_read(&setting, &path)
            .and_then(|mut file| limited(&mut file))
            .map_err(|error| Failure::new(Exit::Local, format!("{name}: {error}")))?;
        logger::name_roots(name);
        Ok(Some(read))
    }

    /// If the message of a failure begins with the name of an invalid argument, replaces that name
    /// with the option, variable or profile key that supplied the value. For root certificates,
    /// also adds the name of their file.
    fn named(&self, settings: &Settings, failure: Failure) -> Failure {
        match settings.ca_certificate_file(P::VARIABLES, &self.global) {
            Ok(Some((setting, path))) if failure.argument() == Some(ROOTS) => {
                let name = format!("{setting} {}", path.display());
                match self.global.ca_certificate {
                    Some(_) => failure.with_argument(ROOTS, &name),
                    None => failure.with_setting(ROOTS, &name),
                }
            }
            _ => settings.named(P::VARIABLES, &self.global, failure),
        }
    }

    /// Calls [`named`](Self::named) for the failure of a command. If the server rejected the
    /// credentials, or an optional one was not set, also sets a hint that names them. If the command
    /// did not read any settings, returns the failure unchanged.
    pub(crate) fn name_setting(&self, failure: Failure) -> Failure {
        let Some(settings) = self.settings.get() else { return failure };
        let failure = self.named(settings, failure);
        let failure = failure
            .with_variable_of(P::CREDENTIALS, |variable| settings.missing(P::VARIABLES, variable));
        let Some(endpoint) = failure.rejected_endpoint(P::REJECTED) else { return failure };
        let selected = self.credential.get().copied();
        if selected == Some(Credential::NONE) {
            return failure;
        }
        let mut known = P::ENDPOINTS.iter();
        let info = || known.find(|info| info.id() == endpoint).map(EndpointInfo::credential);
        let credential = selected.or_else(info).unwrap_or(Credential::MAIN);
        let credential = P::credential_of(settings, credential.name());
        let optional = P::CREDENTIALS.iter().find(|(name, _)| *name == credential);
        let names = optional.map_or(&[][..], |(_, names)| names);
        failure.with_hint(settings.hint(P::VARIABLES, names))
    }

    /// Creates a client. If a setting is invalid, the message names the option, variable or profile
    /// key that contains it.
    fn new_client(
        &self,
        settings: &Settings,
        connection: &Connection,
    ) -> Result<P::Client, Failure> {
        P::client(settings, connection).map_err(|failure| self.named(settings, failure))
    }

    /// Creates a transport for requests to servers other than the provider's, such as an
    /// application that receives notifications. It also trusts the additional root certificates.
    ///
    /// # Errors
    /// Returns an error if a setting or the file with root certificates is invalid.
    pub fn built_in_transport(
        &self,
        mut network: api_auth::Settings,
    ) -> Result<Arc<dyn Transport>, Failure> {
        let settings = self.settings_without_credentials()?;
        if let Some(pem) = self.ca_certificate(&settings)? {
            network.extra_roots(pem);
        }
        network.built_in_transport().map_err(|error| self.named(&settings, error.into()))
    }

    /// Checks settings before they are stored, together with the environment and the base URL from
    /// the command line. Nothing is sent.
    pub(crate) fn check_settings(&self, settings: &Settings) -> Result<(), Failure> {
        let connection = Connection { is_offline: true, ..self.connection(settings)? };
        self.new_client(settings, &connection).map(drop)
    }

    /// Calls [`Provider::forget_token`].
    pub(crate) fn forget_token(&self, settings: &Settings) -> Result<Option<String>, Failure> {
        let forgotten = P::forget_token(settings, &self.connection(settings)?);
        forgotten.map_err(|failure| self.named(settings, failure))
    }

    /// Returns the client. The first call creates it.
    ///
    /// # Errors
    /// Returns an error if there are no credentials, or if a setting is invalid.
    pub fn client(&self) -> Result<&P::Client, Failure> {
        if self.client.get().is_none() {
            let settings = self.settings()?;
            let connection = Connection {
                record: self.recording()?,
                is_offline: self.global.curl,
                ..self.connection(&settings)?
            };
            let wait = |path| wait_for_reader("--record", path);
            let record = connection.record.as_deref().map(wait).transpose();
            // The pipe stays open until the library has opened it, too.
            let _pipe = record.map_err(|error| {
                let path = connection.record.as_deref().unwrap_or(Path::new(""));
                Failure::file(path, &error).about("--record")
            })?;
            let client = self.new_client(&settings, &connection)?;
            if !connection.is_offline {
                self.output.check_once()?;
            }
            if let Some(path) = connection.record.filter(|_| self.global.verbose > 1) {
                logger::print_recording(&path).map_err(|error| Failure::file(&path, &error))?;
                // The file is open for writing and reading, so its name is no longer needed.
                #[cfg(unix)]
                if self.temporary.get().is_some() {
                    let _ = std::fs::remove_file(&path);
                }
            }
            let _ = self.client.set(client);
        }
        self.client
            .get()
            .ok_or_else(|| Failure::new(Exit::Local, "internal error: there is no client"))
    }

    /// Sends a request. Returns `None` if an option prevents this: `--curl` prints a curl command
    /// instead, and `--dry-run` prints which write request would be sent.
    ///
    /// # Errors
    /// Returns the failure of the request.
    pub fn send<E>(&self, request: WithJson<E>) -> Result<Option<Reply<E::Output>>, Failure>
    where
        E: Endpoint<Output: Send + 'static> + Send + 'static,
    {
        self.send_any(&request.any())?.map(Reply::typed).transpose()
    }

    fn send_any(&self, request: &AnyCall<&Erased>) -> Result<Option<Reply>, Failure> {
        request.check_amounts::<P>()?;
        if self.is_withheld(request)? {
            return Ok(None);
        }
        if !request.read_only() {
            // Only the response shows whether it contains a secret.
            self.output.private().check()?;
        }
        let sent = P::send(self.client()?, request);
        sent.map(Some).map_err(|error| self.failed(request, error))
    }

    /// Converts the error of a request that was sent. If a rejected write contains several entries,
    /// some of them may have been carried out, unless the server rejected the account of the first
    /// one; see [`Provider::ENTRIES`].
    pub(crate) fn failed<E: Endpoint>(&self, request: &E, error: Error) -> Failure {
        let failure = Failure::from(error);
        let Some((_, list)) = P::ENTRIES.iter().find(|(id, _)| *id == request.id()) else {
            return failure;
        };
        let body = match request.body() {
            Ok(Body::Json(body)) => Json::parse(&String::from_utf8_lossy(&body)).ok(),
            _ => None,
        };
        match body.as_ref().and_then(|body| body.get(list)) {
            // The message names the account, as in `Invalid account "bob"`.
            Some(Json::List(entries)) if entries.len() > 1 => {
                let first = entries.first().and_then(|first| first.get("account"));
                let problem = first.map(|first| format!("Invalid account \"{}\"", first.cell()));
                match problem.is_some_and(|problem| failure.message().contains(&problem)) {
                    true => failure,
                    false => failure.of_entries(),
                }
            }
            _ => failure,
        }
    }

    /// Declares that the user has seen the outcome of the writes before, so that no message says
    /// that they may have been carried out if a signal terminates the program.
    pub fn outcome_shown(&self) {
        termination::shown();
    }

    /// Checks the fields of a request and the output before the user is asked for confirmation.
    /// Without this check, such problems would be reported only after the user has confirmed.
    ///
    /// # Errors
    /// Returns the errors of [`check_credential_fields`](Self::check_credential_fields), and an
    /// error if `output` cannot be written.
    pub(crate) fn check_before_question<E: Endpoint>(
        &self,
        request: &E,
        output: &Output,
    ) -> Result<(), Failure> {
        self.check_credential_fields(request)?;
        self.check_output(output)
    }

    /// Checks that an output can be written. Does nothing with `--curl` or `--dry-run`, because no
    /// write request is then sent.
    fn check_output(&self, output: &Output) -> Result<(), Failure> {
        if self.global.curl || self.global.dry_run {
            return Ok(());
        }
        output.check()
    }

    /// Checks that a request does not contain a field that the client sets itself, such as
    /// `client_id`.
    ///
    /// # Errors
    /// Returns an error that names the field and the setting.
    pub fn check_credential_fields<E: Endpoint>(&self, request: &E) -> Result<(), Failure> {
        let credential = request.credential().name();
        let mut fields = P::CREDENTIAL_FIELDS
            .iter()
            .filter(|field| field.credentials.contains(&credential))
            .peekable();
        if fields.peek().is_none() {
            return Ok(());
        }
        let body = match request.body()? {
            Body::Json(body) => Json::parse(&String::from_utf8_lossy(&body)).ok(),
            Body::Form(params) => {
                let member = |(name, _): (&str, &str)| (name.to_owned(), Json::Object(Vec::new()));
                Some(Json::Object(params.iter().map(member).collect()))
            }
            _ => None,
        };
        let members = match body {
            Some(Json::Object(members)) => members,
            _ => Vec::new(),
        };
        let mut query = Params::new();
        request.query(&mut query);
        let is_set = |field: &&CredentialField| {
            let mut parameters = query.iter();
            members.iter().any(|(name, _)| name == field.name)
                || parameters.any(|(name, _)| name == field.name)
        };
        match fields.find(is_set) {
            None => Ok(()),
            Some(field) => {
                let CredentialField { name, setting, .. } = field;
                let problem =
                    format!("{name}: the program sets this field from {setting}; remove it");
                Err(Failure::new(Exit::Usage, problem))
            }
        }
    }

    /// With `--curl`, or for a write request with `--dry-run`, prints the request and returns
    /// `true`. The caller must then not send it. Otherwise, returns `false`.
    ///
    /// # Errors
    /// Returns an error if an argument is invalid, or if the request contains a field that the
    /// client sets itself.
    pub fn is_withheld<E: Endpoint>(&self, request: &E) -> Result<bool, Failure> {
        self.is_withheld_for(request, "")
    }

    /// Does the same as [`is_withheld`](Self::is_withheld). `label` is added to the message of
    /// `--dry-run`.
    fn is_withheld_for<E: Endpoint>(&self, request: &E, label: &str) -> Result<bool, Failure> {
        self.check_credential_fields(request)?;
        if self.global.curl {
            self.output.text(&P::curl(self.client()?, request)?)?;
            return Ok(true);
        }
        if self.global.dry_run && !request.read_only() {
            request.validate()?;
            let (method, path) = (request.method(), request.shown_path());
            self.note(&format!("dry run: would send {method} {path} ({}){label}", request.id()));
            return Ok(true);
        }
        Ok(false)
    }

    /// Sends a request and writes the JSON of its response.
    ///
    /// # Errors
    /// Returns the failure of the request or of the output.
    pub fn show<E>(&self, request: E) -> Result<Exit, Failure>
    where
        E: Endpoint<Output: Send + 'static> + Send + 'static,
    {
        self.show_any(&AnyCall::new(&request))
    }

    /// Sends a request, which may have a custom body, and writes the JSON of its response. If the
    /// response has no body, only a message is printed.
    ///
    /// # Errors
    /// Returns the failure of the request or of the output.
    pub fn show_json<E>(&self, request: WithJson<E>) -> Result<Exit, Failure>
    where
        E: Endpoint<Output: Send + 'static> + Send + 'static,
    {
        self.show_any(&request.any())
    }

    fn show_any(&self, request: &AnyCall<&Erased>) -> Result<Exit, Failure> {
        let (is_write, id) = (!request.read_only(), request.id());
        if let Some(reply) = self.send_any(request)? {
            if reply.status == StatusCode::NOT_FOUND {
                return Err(Failure::not_found(P::NAME, id));
            }
            // A response to a write may have no body.
            let json = reply.json()?;
            let shown = match &json {
                Some(json) if json.has_secret() => self.output.private().value(&reply.body),
                Some(_) => self.output.value(&reply.body),
                None => {
                    self.note("done; the response has no body");
                    Ok(())
                }
            };
            self.after(is_write, id, reply.status, shown).map_err(|failure| match json {
                // It cannot be requested again, and may contain the only copy of an id.
                Some(json) if is_write => {
                    failure.with_hint(format!("the response is {}", json.masked()))
                }
                _ => failure,
            })?;
        }
        Ok(Exit::Done)
    }

    /// Adjusts `shown`, the result of showing the response, for a request that changes data
    /// (`is_write`). Such a request has already been carried out, so a failure to show its response
    /// becomes [`Exit::Unknown`]. If the response only lacks the requested fields, a message is
    /// printed instead. For all other requests, `shown` is returned unchanged.
    ///
    /// # Errors
    /// Returns the failure in `shown`, unless it only means that requested fields are missing from
    /// the response to a write.
    pub fn after(
        &self,
        is_write: bool,
        endpoint: &str,
        status: StatusCode,
        shown: Result<(), Failure>,
    ) -> Result<(), Failure> {
        match shown {
            Err(failure) if is_write && failure.exit() == Exit::Usage => {
                self.note(failure.message());
                Ok(())
            }
            Err(failure) if is_write => Err(failure.after_write(endpoint, status)),
            shown => shown,
        }
    }

    /// Sends a request with the body of `input`, if one is given, and writes the JSON of its
    /// response. `members` are the members of the body that arguments set.
    ///
    /// # Errors
    /// Returns the failure of the request or of the output.
    pub fn create<E>(
        &self,
        request: E,
        input: &Input,
        members: &[Member<'_>],
    ) -> Result<Exit, Failure>
    where
        E: Endpoint<Output: Send + 'static> + Send + 'static,
    {
        let body = input.body_of(&request, members)?;
        self.send_body(request, body)
    }

    /// Sends a request, with `body` in place of its own body if `body` is not `None`, and writes
    /// the JSON of its response.
    ///
    /// # Errors
    /// Returns the failure of the request or of the output.
    pub fn send_body<E>(&self, request: E, body: Option<Json>) -> Result<Exit, Failure>
    where
        E: Endpoint<Output: Send + 'static> + Send + 'static,
    {
        let body = body.map(|body| body.to_string());
        self.show_any(&AnyCall { request: &request, body })
    }

    /// Validates a request, asks for confirmation with [`confirm`](Self::confirm), sends the
    /// request, and writes the JSON of its response.
    ///
    /// # Errors
    /// Returns the failure of the request or of the output, or that of the confirmation.
    pub fn show_confirmed<E>(&self, what: &str, request: E) -> Result<Exit, Failure>
    where
        E: Endpoint<Output: Send + 'static> + Send + 'static,
    {
        self.send_confirmed(what, request, None)
    }

    /// Sends a request like [`show_confirmed`](Self::show_confirmed), with `body` in place of its
    /// own body if `body` is not `None`.
    ///
    /// # Errors
    /// Returns the failure of the request or of the output, or that of the confirmation.
    pub fn send_confirmed<E>(
        &self,
        what: &str,
        request: E,
        body: Option<Json>,
    ) -> Result<Exit, Failure>
    where
        E: Endpoint<Output: Send + 'static> + Send + 'static,
    {
        let body = body.map(|body| body.to_string());
        self.show_any_confirmed(what, &AnyCall { request: &request, body })
    }

    fn show_any_confirmed(&self, what: &str, request: &AnyCall<&Erased>) -> Result<Exit, Failure> {
        request.validate()?;
        request.check_amounts::<P>()?;
        self.check_before_question(request, &self.output.private())?;
        self.confirm(what)?;
        self.show_any(request)
    }

    /// Sends a request and writes the list at `path` in its response. If the path is empty, the
    /// response itself is the list. If an object is found instead of a list, its values are the
    /// entries.
    ///
    /// # Errors
    /// Returns the failure of the request or of the output.
    pub fn entries<E>(
        &self,
        request: E,
        path: &str,
        limits: &Limits,
        columns: &[Column],
    ) -> Result<Exit, Failure>
    where
        E: Endpoint<Output: Send + 'static> + Send + 'static,
    {
        self.any_entries(&AnyCall::new(&request), path, limits, columns)
    }

    fn any_entries(
        &self,
        request: &AnyCall<&Erased>,
        path: &str,
        limits: &Limits,
        columns: &[Column],
    ) -> Result<Exit, Failure> {
        let Some(reply) = self.send_any(request)? else { return Ok(Exit::Done) };
        let (mut list, mut total) = (self.output.list(columns)?, 0);
        // The response to a search without results may be a 404.
        if reply.status != StatusCode::NOT_FOUND {
            let json = Json::parse(&reply.body)
                .map_err(|error| Failure::new(Exit::NotUnderstood, format!("response: {error}")))?;
            let found = if path.is_empty() { Some(&json) } else { json.get(path) };
            let entries: Vec<&Json> = match found {
                Some(Json::List(entries)) => entries.iter().collect(),
                Some(Json::Object(members)) => members.iter().map(|(_, entry)| entry).collect(),
                _ => Vec::new(),
            };
            entries.iter().take(limits.most()).try_for_each(|entry| list.push(entry))?;
            total = entries.len();
        }
        list.end()?;
        if total > limits.most() {
            self.note(&format!("{} of {total} shown", limits.most()));
        }
        Ok(Exit::Done)
    }

    /// Writes the entries of a list, page by page.
    ///
    /// # Errors
    /// Returns the failure of a request or of the output. A JSON list then has no closing bracket.
    pub fn list<E>(
        &self,
        request: WithJson<E>,
        limits: &Limits,
        columns: &[Column],
    ) -> Result<Exit, Failure>
    where
        E: NumberedPages + Send + 'static,
        E::Output: Send + 'static,
    {
        self.list_where(request, limits, columns, None)
    }

    /// Writes the entries of a list that `filter` selects, page by page.
    ///
    /// # Errors
    /// Returns the failures of [`list`](Self::list).
    pub fn list_where<E>(
        &self,
        request: WithJson<E>,
        limits: &Limits,
        columns: &[Column],
        filter: Option<&dyn Fn(&Json) -> bool>,
    ) -> Result<Exit, Failure>
    where
        E: NumberedPages + Send + 'static,
        E::Output: Send + 'static,
    {
        let WithJson { request, lists, .. } = request;
        self.list_any(AnyPage::new(Box::new(request), lists), limits, columns, filter)
    }

    fn list_any(
        &self,
        request: AnyPage,
        limits: &Limits,
        columns: &[Column],
        filter: Option<&dyn Fn(&Json) -> bool>,
    ) -> Result<Exit, Failure> {
        /// The assumed number of entries per page.
        const PAGE: usize = 100;
        if self.is_withheld(&request)? {
            return Ok(Exit::Done);
        }
        // Do not request more pages than the limit needs.
        let jobs = self.jobs().min(limits.most().div_ceil(PAGE).max(1));
        let mut items = P::items(self.client()?, request).concurrent(jobs);
        let (mut shown, mut total) = (0, None);
        let progress = self.progress();
        let mut list = None;
        while shown < limits.most() && !self.output.is_closed() {
            let Some(entry) = items.next().transpose()? else { break };
            if let Some(filter) = filter {
                if !filter(&entry.json) {
                    continue;
                }
            } else {
                total = entry.total;
            }
            if list.is_none() {
                list = Some(self.output.list(columns)?);
            }
            if let Some(list) = &mut list {
                list.push(&entry.json)?;
            }
            shown += 1;
            if let Some(total) = total {
                progress.total(limits.most().min(total));
            }
            progress.step();
        }
        drop(progress);
        match list {
            Some(list) => list.end()?,
            None => self.output.list(columns)?.end()?,
        }
        match total {
            Some(total) if total > shown => self.note(&format!("{shown} of {total} shown")),
            None if items.request().is_some() && shown == limits.most() => {
                self.note(&format!("{shown} shown; use --all for all"));
            }
            _ => {}
        }
        Ok(Exit::Done)
    }

    /// Returns the maximum number of concurrent requests (`--jobs`).
    fn jobs(&self) -> usize {
        usize::from(self.global.jobs)
    }

    /// Returns the progress display of a command. It shows nothing with `-q`, or while entries are
    /// written to the same terminal.
    fn progress(&self) -> Progress {
        Progress::new(!self.global.quiet && !self.output.is_on_terminal())
    }

    /// Sends a request for each line of a file, and writes a list of the results. `lines` are the
    /// requests, each with the members that identify its line in the list. If a request fails, the
    /// list shows the error, and the other requests are still sent. `verdict` returns the value to
    /// show for a response, and whether the result is yes.
    ///
    /// The exit status is 0, or 1 if a result is no, or 11 if some requests failed. If all failed
    /// with the same exit status, it is that status.
    ///
    /// # Errors
    /// Returns an error if a request is invalid, in which case nothing is sent, if no client can be
    /// created, or if the results cannot be written.
    pub fn batch<E>(
        &self,
        lines: Vec<Line<E>>,
        verdict: impl Fn(&Reply<E::Output>) -> Result<(Json, bool), Failure>,
    ) -> Result<Exit, Failure>
    where
        E: Endpoint<Output: Send + 'static> + Send + 'static,
    {
        self.batch_typed(None, lines, verdict)
    }

    /// Sends the requests of a file like [`batch`](Self::batch). If `what` is given, the user must
    /// first confirm this action.
    fn batch_typed<E>(
        &self,
        what: Option<&str>,
        lines: Vec<Line<E>>,
        verdict: impl Fn(&Reply<E::Output>) -> Result<(Json, bool), Failure>,
    ) -> Result<Exit, Failure>
    where
        E: Endpoint<Output: Send + 'static> + Send + 'static,
    {
        check_lines(&lines)?;
        let any = |request| AnyCall::<Box<Erased>> { request: Box::new(request), body: None };
        let lines = lines.into_iter().map(|(_, labels, request)| (labels, any(request)));
        self.batch_any(what, lines.unzip(), &|reply| verdict(&reply.typed()?))
    }

    fn batch_any(
        &self,
        what: Option<&str>,
        (labels, requests): (Vec<Labels>, Vec<AnyCall<Box<Erased>>>),
        verdict: &dyn Fn(Reply) -> Result<(Json, bool), Failure>,
    ) -> Result<Exit, Failure> {
        let columns = columns_of_lines(labels.first());
        self.output.check_fields(&columns, &[])?;
        if let Some(what) = what {
            self.check_output(&self.output)?;
            self.confirm(what)?;
        }
        let mut is_sent = requests.is_empty();
        for (request, label) in requests.iter().zip(&labels) {
            let label: Vec<_> =
                label.iter().map(|(name, value)| format!("{name} {value}")).collect();
            is_sent |= !self.is_withheld_for(request, &format!(": {}", label.join(", ")))?;
        }
        if !is_sent {
            return Ok(Exit::Done);
        }
        self.output.check_once()?;
        // An error of the output must not stop the remaining writes.
        let (mut list, mut unwritten) = (Some(self.output.list(&columns)?.always_written()), None);
        // After a signal, the list of the results is still written. Requests in flight end with an
        // error at once, and no others are sent.
        self.interrupt_requests();
        let is_plain = self.output.is_plain();
        let client = self.client()?;
        let _section = Section::begin();
        let progress = self.progress();
        progress.total(requests.len());
        let (count, mut exits, mut is_no) = (requests.len(), Vec::new(), false);
        let requests = requests.into_iter().take_while(|_| !termination::is_ended());
        let mut results = P::send_all(client, requests, self.jobs());
        for label in labels {
            let null = || Json::Other("null".to_owned());
            let result = match results.next() {
                Some(result) => result.map_err(Failure::of_batch).and_then(verdict),
                None => Err(Failure::unsent()),
            };
            let (value, error) = match result {
                Ok((value, is_yes)) => {
                    is_no |= !is_yes;
                    // In a table, the id of a record is shown instead of all of its members.
                    let id = value.get("id").filter(|_| is_plain).cloned();
                    (id.unwrap_or(value), null())
                }
                Err(failure) => {
                    let failure = crate::hinted::<P>(self.name_setting(failure));
                    exits.push(failure.exit());
                    let mut error = failure.json();
                    let is_selected =
                        || self.output.fields().iter().any(|field| field.starts_with("error."));
                    if self.output.format() == crate::output::Format::Table && !is_selected() {
                        error = Json::Text(failure.cell());
                    }
                    (null(), error)
                }
            };
            let mut members: Vec<_> = label
                .into_iter()
                .map(|(name, value)| (name.to_owned(), Json::Text(value)))
                .collect();
            members.extend([("result".to_owned(), value), ("error".to_owned(), error)]);
            if let Some(open) = &mut list
                && let Err(failure) = open.push(&Json::Object(members))
            {
                (list, unwritten) = (None, Some(failure));
            }
            progress.step();
        }
        drop(progress);
        if let Some(list) = list {
            unwritten = list.end().err();
        }
        if let Some(failure) = unwritten {
            let failed = exits.len();
            let sent = format!("all {count} requests were sent, {failed} of them failed");
            if failure.exit() != Exit::Usage {
                return Err(failure.with_hint(sent));
            }
            // The requests were sent although their results have none of the requested fields.
            self.note(failure.message());
        }
        self.outcome_shown();
        if exits.is_empty() && is_no {
            return Ok(Exit::No);
        }
        Ok(Exit::of_all(count, exits))
    }

    /// Validates the requests of a file, asks for confirmation with [`confirm`](Self::confirm), and
    /// sends the requests like [`batch`](Self::batch).
    ///
    /// # Errors
    /// Returns the errors of [`batch`](Self::batch) and of [`confirm`](Self::confirm).
    pub fn batch_confirmed<E>(
        &self,
        what: &str,
        lines: Vec<Line<E>>,
        verdict: impl Fn(&Reply<E::Output>) -> Result<(Json, bool), Failure>,
    ) -> Result<Exit, Failure>
    where
        E: Endpoint<Output: Send + 'static> + Send + 'static,
    {
        self.batch_typed(Some(what), lines, verdict)
    }

    /// Makes [`secret`](Self::secret) keep spaces at the beginning and the end of a secret, because
    /// the provider accepts such passwords. By default, they are an error.
    pub fn keep_outer_spaces(&self) {
        self.keeps_spaces.set(true);
    }

    /// Sets the number of secrets that the command reads from standard input, each on a line. It is
    /// 1 by default.
    pub fn expect_secrets(&self, count: usize) {
        self.secrets.set(count);
    }

    /// Reads a secret from a prompt without echo or, if `is_stdin` is set, from a line of standard
    /// input. Secrets must not be arguments, because other users can see the arguments of a
    /// process. `option` is the name of the option that selects standard input.
    ///
    /// # Errors
    /// Returns an error if the prompt is needed but impossible, because there is no terminal or
    /// `--no-input` is given, if the secret is empty, is not UTF-8, contains control characters, or
    /// begins or ends with spaces (see [`keep_outer_spaces`](Self::keep_outer_spaces)), or if a
    /// further line was read together with the last secret. Standard input is not read to its end,
    /// because it may stay open.
    pub fn secret(&self, name: &str, is_stdin: bool, option: &str) -> Result<Secret, Failure> {
        let usage = |problem: String| Failure::new(Exit::Usage, problem);
        let source = if is_stdin { option } else { name };
        let text = if is_stdin {
            claim_stdin(option)?;
            let mut stdin = self.stdin.borrow_mut();
            let text = typed_line(source, limited_line(&mut *stdin))?;
            self.secrets.set(self.secrets.get().saturating_sub(1));
            if self.secrets.get() == 0 && !stdin.buffer().trim_ascii().is_empty() {
                return Err(usage(format!("{option}: there is a further line after the {name}")));
            }
            text
        } else if self.global.no_input || !io::stdin().is_terminal() {
            let problem = format!("cannot prompt for the {name} without a terminal; use {option}");
            return Err(usage(problem));
        } else {
            let line = prompt_secret(&format!("{name}: "));
            typed_line(source, line.map(String::into_bytes))?
        };
        if text.trim().is_empty() {
            return Err(usage(format!("{name} is empty")));
        }
        if has_outer_space(&text) && !self.keeps_spaces.get() {
            return Err(usage(format!("{source}: must not begin or end with spaces")));
        }
        Ok(Secret::new(text))
    }

    /// Reads a secret that the body must contain, as [`secret`](Self::secret) does. Returns `None`
    /// if `input` already contains the secret at `path` and `is_stdin` is not set.
    ///
    /// # Errors
    /// Returns the errors of [`secret`](Self::secret). Also returns an error if `is_stdin` is set
    /// and a field sets the secret as well.
    pub fn secret_of_body(
        &self,
        name: &str,
        is_stdin: bool,
        option: &str,
        (input, path): (&Input, &str),
    ) -> Result<Option<Secret>, Failure> {
        if is_stdin {
            input.check_flag(path, option)?;
        } else if input.has_value(path)? {
            return Ok(None);
        }
        self.secret(name, is_stdin, option).map(Some)
    }

    /// Returns the failure of what is left to do after a signal, or `None` if there was no signal.
    #[must_use]
    pub fn terminated(&self) -> Option<Failure> {
        termination::is_ended().then(Failure::unsent)
    }

    /// Asks the user for confirmation before money is transferred or something is deleted. `what`
    /// is the action as an infinitive, such as `cancel promise 1`. Does nothing with `--yes`, or if
    /// no write request is sent because of `--curl` or `--dry-run`.
    ///
    /// # Errors
    /// Returns an error if the user declines, or cannot be asked because there is no terminal or
    /// `--no-input` is given.
    pub fn confirm(&self, what: &str) -> Result<(), Failure> {
        if self.global.yes || self.global.curl || self.global.dry_run {
            return Ok(());
        }
        if self.global.no_input || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            let problem = format!("confirmation is required to {what}; add --yes");
            return Err(Failure::new(Exit::Usage, problem));
        }
        let mut stderr = io::stderr();
        let failed = |error: io::Error| Failure::new(Exit::Local, format!("terminal: {error}"));
        write!(stderr, "{}? [y/N] ", printable(what))
            .and_then(|()| stderr.flush())
            .map_err(failed)?;
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).map_err(failed)?;
        match line.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Failure::new(Exit::Usage, "not confirmed; nothing was sent")),
        }
    }

    /// Prints a message if a result could not be written to the output. Used by commands whose exit
    /// status reflects the result, not the output. `what` names the result.
    pub fn note_unshown(&self, what: &str, shown: Result<(), Failure>) {
        match shown {
            // The result has none of the requested fields.
            Err(failure) if failure.exit() == Exit::Usage => self.note(failure.message()),
            Err(failure) => {
                // This is an error, so `--quiet` does not hide it.
                let text = format!("{}: {what} cannot be shown: {}", P::NAME, failure.message());
                let _ = writeln!(io::stderr(), "{}", printable(&text));
            }
            Ok(()) => {}
        }
    }

    /// Prints a message for the user to standard error, unless `--quiet` is set.
    pub fn note(&self, text: &str) {
        if !self.global.quiet {
            // A closed standard error must not end the command.
            let lines: Vec<String> = text.lines().map(printable).collect();
            let _ = writeln!(io::stderr(), "{}", lines.join("\n"));
            self.outcome_shown();
        }
    }
}

impl<P: Provider> Drop for Context<P> {
    fn drop(&mut self) {
        logger::print_exchanges();
    }
}

/// Returns the columns of a list with one result per line of an input file: the labels of a line,
/// then `result` and `error`.
fn columns_of_lines(labels: Option<&Labels>) -> Vec<Column> {
    let names = labels.into_iter().flatten().map(|(name, _)| (*name, *name));
    names.chain([("result", "result"), ("error", "error")]).collect()
}

/// Validates the requests of the lines of a file. The error names the line.
fn check_lines<E>(lines: &[Line<E>]) -> Result<(), Failure>
where
    E: Endpoint<Output: Send + 'static> + Send + 'static,
{
    for (place, _, request) in lines {
        // Without its type, a request also validates its path.
        AnyCall::new(request).validate().map_err(|error| {
            let error = Failure::from(error);
            Failure::new(error.exit(), format!("{place}: {}", error.message()))
        })?;
    }
    Ok(())
}
