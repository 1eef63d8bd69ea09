//! The context of a command: options, client and output.

use std::cell::OnceCell;
use std::fmt;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use api_auth::{Endpoint, EndpointInfo, Error, Items, Paged, Response, StatusCode};

use crate::args::{Global, Limits};
use crate::auth::{Settings, Variable};
use crate::doctor::Doctor;
use crate::exit::{Exit, Failure};
use crate::json::Json;
use crate::output::{Column, Output};
use crate::request::{Reply, WithJson};

/// A provider, as the programs use it. [`provider_calls!`](crate::provider_calls) defines the
/// functions that send requests.
pub trait Provider: Sized {
    /// The name of the program.
    const NAME: &'static str;
    /// The settings of the client.
    const VARIABLES: &'static [Variable];
    /// All endpoints.
    const ENDPOINTS: &'static [EndpointInfo];
    /// The format of the bodies of requests.
    const BODIES: Bodies;
    /// The client.
    type Client;

    /// Creates the client.
    ///
    /// # Errors
    /// Returns an error if a setting is invalid.
    fn client(settings: &Settings, connection: &Connection) -> Result<Self::Client, Failure>;

    /// Sends a request.
    ///
    /// # Errors
    /// Returns the error of the client.
    fn send<E: Endpoint>(client: &Self::Client, endpoint: &E) -> Result<E::Output, Error>;

    /// Sends a request and returns the response as it is.
    ///
    /// # Errors
    /// Returns the error of the client.
    fn send_raw<E: Endpoint>(client: &Self::Client, endpoint: &E) -> Result<Response, Error>;

    /// Returns the redacted curl command of a request.
    ///
    /// # Errors
    /// Returns the error of the client.
    fn curl<E: Endpoint>(client: &Self::Client, endpoint: &E) -> Result<String, Error>;

    /// Returns the entries of a list.
    fn items<E: Paged>(client: &Self::Client, first: E) -> Items<E>;

    /// Checks that the server accepts the credentials.
    ///
    /// # Errors
    /// Returns the error of the client.
    fn check(client: &Self::Client) -> Result<(), Failure>;

    /// Makes every read-only call that the credentials allow.
    ///
    /// # Errors
    /// Returns an error if no call can be made.
    fn doctor(doctor: &mut Doctor<'_, Self>) -> Result<(), Failure>;
}

/// The format of the bodies of a provider's requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bodies {
    /// JSON.
    Json,
    /// Forms.
    Form,
}

/// Defines the functions of a [`Provider`] that send requests by the methods of its client.
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
    };
}

/// The options of a connection.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Connection {
    /// The environment of the provider.
    pub environment: Option<String>,
    /// The base URL.
    pub base_url: Option<String>,
    /// The timeout of a request.
    pub timeout: Option<Duration>,
    /// The maximum number of retries.
    pub retries: Option<u32>,
    /// The file of the recording.
    pub record: Option<PathBuf>,
    /// Whether nothing may be sent: the client only builds requests.
    pub is_offline: bool,
}

/// Sets the options of a connection on a builder.
#[macro_export]
macro_rules! connect {
    ($builder:expr, $connection:expr, $application:expr) => {{
        let mut builder = $builder.application($application);
        if let Some(timeout) = $connection.timeout {
            builder = builder.timeout(timeout);
        }
        if let Some(retries) = $connection.retries {
            builder = builder.retries(retries);
        }
        if let Some(file) = &$connection.record {
            builder = builder.record(file);
        }
        builder
    }};
}

/// Returns a failure for the response of a look-up that found nothing.
fn found(status: StatusCode) -> Result<(), Failure> {
    match status {
        StatusCode::NOT_FOUND => Err(Failure::new(Exit::NotFound, "there is no such record")),
        _ => Ok(()),
    }
}

/// The context of a command.
pub struct Context<P: Provider> {
    /// The options of all commands.
    pub global: Global,
    /// The output.
    pub output: Output,
    client: OnceCell<P::Client>,
}

impl<P: Provider> fmt::Debug for Context<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("output", &self.output).finish_non_exhaustive()
    }
}

impl<P: Provider> Context<P> {
    /// Creates the context.
    pub fn new(global: Global) -> Self {
        let output = Output::new(global.format, global.fields.clone(), global.out.clone());
        Self { global, output, client: OnceCell::new() }
    }

    /// Finds the credentials.
    ///
    /// # Errors
    /// Returns an error if there are none.
    pub fn settings(&self) -> Result<Settings, Failure> {
        Settings::find(P::NAME, P::VARIABLES, &self.global)
    }

    /// Returns the client, which is created once.
    ///
    /// # Errors
    /// Returns an error if there are no credentials, or if a setting is invalid.
    pub fn client(&self) -> Result<&P::Client, Failure> {
        if self.client.get().is_none() {
            let connection = Connection {
                environment: self.global.environment.clone(),
                base_url: self.global.base_url.clone(),
                timeout: self.global.timeout,
                retries: self.global.retries,
                record: self.global.record.clone().filter(|_| !self.global.curl),
                is_offline: self.global.curl,
            };
            let client = P::client(&self.settings()?, &connection)?;
            let _ = self.client.set(client);
        }
        self.client.get().ok_or_else(|| Failure::new(Exit::Local, "there is no client"))
    }

    /// Sends a request. Returns `None` if an option says that nothing is to be sent: `--curl` prints
    /// the command, `--dry-run` says which write would be sent.
    ///
    /// # Errors
    /// Returns the failure of the request.
    pub fn send<E: Endpoint>(
        &self,
        request: WithJson<E>,
    ) -> Result<Option<Reply<E::Output>>, Failure> {
        if self.is_withheld(&request)? {
            return Ok(None);
        }
        Ok(Some(P::send(self.client()?, &request)?))
    }

    /// Prints what would be sent and returns `true`, if an option asks for that.
    ///
    /// # Errors
    /// Returns an error if an argument is invalid.
    pub fn is_withheld<E: Endpoint>(&self, request: &E) -> Result<bool, Failure> {
        if self.global.curl {
            self.output.text(&P::curl(self.client()?, request)?)?;
            return Ok(true);
        }
        if self.global.dry_run && !request.read_only() {
            request.validate()?;
            let (method, path) = (request.method(), request.shown_path());
            self.note(&format!("dry run: would send {method} {path} ({})", E::ID));
            return Ok(true);
        }
        Ok(false)
    }

    /// Sends a request and writes the JSON of its response.
    ///
    /// # Errors
    /// Returns the failure of the request or of the output.
    pub fn show<E: Endpoint>(&self, request: E) -> Result<Exit, Failure> {
        if let Some(reply) = self.send(WithJson::new(request))? {
            found(reply.status)?;
            self.output.value(&reply.body)?;
        }
        Ok(Exit::Done)
    }

    /// Sends a request and writes the list at this path of its response, or the response itself for
    /// an empty path. An object instead of a list
    /// has the entries as its values.
    ///
    /// # Errors
    /// Returns the failure of the request or of the output.
    pub fn entries<E: Endpoint>(
        &self,
        request: E,
        path: &str,
        columns: &[Column],
    ) -> Result<Exit, Failure> {
        let Some(reply) = self.send(WithJson::new(request))? else { return Ok(Exit::Done) };
        let mut list = self.output.list(columns)?;
        // A search without a result may be a 404.
        if reply.status != StatusCode::NOT_FOUND {
            let json = Json::parse(&reply.body)
                .map_err(|error| Failure::new(Exit::NotUnderstood, format!("response: {error}")))?;
            let found = if path.is_empty() { Some(&json) } else { json.get(path) };
            match found {
                Some(Json::List(entries)) => {
                    entries.iter().try_for_each(|entry| list.push(entry))?;
                }
                Some(Json::Object(members)) => {
                    members.iter().try_for_each(|(_, entry)| list.push(entry))?;
                }
                _ => {}
            }
        }
        list.end()?;
        Ok(Exit::Done)
    }

    /// Writes the entries of a list, page by page.
    ///
    /// # Errors
    /// Returns the failure of a request or of the output. A list of JSON is then not closed.
    pub fn list<E: Paged>(
        &self,
        request: WithJson<E>,
        limits: &Limits,
        columns: &[Column],
    ) -> Result<Exit, Failure> {
        if self.is_withheld(&request)? {
            return Ok(Exit::Done);
        }
        let mut items = P::items(self.client()?, request);
        let (mut shown, mut total) = (0, None);
        let mut list = None;
        while shown < limits.most() {
            let Some(entry) = items.next().transpose()? else { break };
            total = entry.total;
            if list.is_none() {
                list = Some(self.output.list(columns)?);
            }
            if let Some(list) = &mut list {
                list.push(&entry.json)?;
            }
            shown += 1;
        }
        match list {
            Some(list) => list.end()?,
            None => self.output.list(columns)?.end()?,
        }
        match total {
            Some(total) if total > shown => self.note(&format!("{shown} of {total} shown")),
            None if items.request().is_some() && shown == limits.most() => {
                self.note(&format!("{shown} shown; --all shows all"));
            }
            _ => {}
        }
        Ok(Exit::Done)
    }

    /// Asks for a confirmation, where money moves or something is deleted.
    ///
    /// # Errors
    /// Returns an error without `--yes` if there is no terminal, or if the answer is no.
    pub fn confirm(&self, what: &str) -> Result<(), Failure> {
        if self.global.yes || self.global.curl || self.global.dry_run {
            return Ok(());
        }
        if self.global.no_input || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            let problem = format!("{what}: not confirmed; add --yes");
            return Err(Failure::new(Exit::Usage, problem));
        }
        let mut stderr = io::stderr();
        let failed = |error: io::Error| Failure::new(Exit::Local, format!("terminal: {error}"));
        write!(stderr, "{what}? [y/N] ").and_then(|()| stderr.flush()).map_err(failed)?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(failed)?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Failure::new(Exit::Usage, "not confirmed; nothing was sent")),
        }
    }

    /// Prints a message for people to the standard error.
    pub fn note(&self, text: &str) {
        if !self.global.quiet {
            // A closed standard error must not end the command.
            let _ = writeln!(io::stderr(), "{text}");
        }
    }
}
