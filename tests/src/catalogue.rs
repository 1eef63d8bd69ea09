//! A request to every endpoint of every provider with valid arguments, for tests that run for all
//! of them. Each provider is a row of [`PROVIDERS`] and a file in `catalogue/`.
//! `tests/project/catalogue.rs` checks against `docs/endpoints/*.toml` that no call is missing.

mod tinycert;
mod tinypass;
mod tokenpass;
mod tpay;

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use api_auth::{
    Body, Endpoint, Error, InputError, ManualClock, Method, Params, Request, Response,
    ResponseError, Result, StatusCode, Transport, UnsignedRequest,
};
use serde::de::IgnoredAny;

/// The prefix of all secrets of the catalogue's clients, by which tests find them in output.
pub const CANARY: &str = "CANARY";

/// A provider: its name, its calls and its client.
#[derive(Debug)]
pub struct Provider {
    /// The name of the provider, as in `docs/endpoints/NAME.toml`.
    pub name: &'static str,
    /// Returns one call for each endpoint, in the order of the list.
    pub calls: fn() -> Vec<Box<dyn Call>>,
    /// Creates a client whose secrets begin with [`CANARY`]. It may open a session.
    pub client: fn(&str, &Options) -> Result<AnyClient>,
    /// The path of the token or session endpoint, and a valid response.
    pub grant: Option<(&'static str, &'static str)>,
}

/// Every provider, in the order of the README.
pub const PROVIDERS: &[Provider] = &[tinypass::ROW, tinycert::ROW, tokenpass::ROW, tpay::ROW];

/// Options of the client that tests set.
#[derive(Clone)]
pub struct Options {
    /// The clock.
    pub clock: ManualClock,
    /// The timeout of an exchange.
    pub timeout: Duration,
    /// The maximum size of a response in bytes.
    pub response_limit: usize,
    /// A transport instead of the network.
    pub transport: Option<Arc<dyn Transport>>,
    /// The file in which exchanges are recorded.
    pub record: Option<PathBuf>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Default for Options {
    /// Returns a timeout that no test reaches, and a limit of 1 MiB.
    fn default() -> Self {
        Self {
            clock: ManualClock::at_unix(1_700_000_000),
            timeout: Duration::from_secs(300),
            response_limit: 1024 * 1024,
            transport: None,
            record: None,
        }
    }
}

/// Sets the options on the builder of any provider.
macro_rules! configured {
    ($builder:expr, $options:expr) => {{
        let builder = $builder
            .clock($options.clock.clone())
            .timeout($options.timeout)
            .response_limit($options.response_limit)
            .no_proxy();
        let builder = match &$options.record {
            Some(file) => builder.record(file),
            None => builder,
        };
        match &$options.transport {
            Some(transport) => builder.transport(transport.clone()),
            None => builder,
        }
    }};
}
use configured;

/// A list of calls.
macro_rules! calls {
    ($($call:expr),* $(,)?) => { vec![$(Box::new($call) as Box<dyn $crate::catalogue::Call>),*] };
}
use calls;

/// Defines one client type for all providers.
macro_rules! clients {
    ($($name:ident($client:ty)),* $(,)?) => {
        /// The client of any provider.
        #[derive(Debug)]
        pub enum AnyClient {
            $(
                #[doc = stringify!($client)]
                $name($client)
            ),*
        }

        impl AnyClient {
            fn send<E: Endpoint>(&self, call: &E) -> Result<E::Output> {
                match self { $(Self::$name(client) => client.send(call)),* }
            }

            fn send_raw<E: Endpoint>(&self, call: &E) -> Result<Response> {
                match self { $(Self::$name(client) => client.send_raw(call)),* }
            }

            fn signed_request<E: Endpoint>(&self, call: &E) -> Result<Request> {
                match self { $(Self::$name(client) => client.signed_request(call)),* }
            }

            fn curl<E: Endpoint>(&self, call: &E) -> Result<String> {
                match self { $(Self::$name(client) => client.curl(call)),* }
            }
        }
    };
}

clients! {
    TinyPass(tinypass_client::Client),
    TinyCert(tinycert_client::Session),
    Tokenpass(tokenpass_client::Client),
    Tpay(tpay_client::Client),
}

/// An endpoint of any type. Its value is returned as a `Debug` string.
pub trait Call: Debug + Send + Sync {
    /// Returns the id of the endpoint.
    fn id(&self) -> &'static str;
    /// Returns the HTTP method.
    fn method(&self) -> Method;
    /// Returns the path.
    fn path(&self) -> String;
    /// Returns the path with its placeholders.
    fn template(&self) -> &'static str;
    /// Returns the name of the credential that signs the request.
    fn credential(&self) -> &'static str;
    /// Returns whether the request is idempotent.
    fn idempotent(&self) -> bool;
    /// Returns the names of the parameters in the query and in the body, without those that a
    /// credential adds.
    ///
    /// # Errors
    /// Returns an error if an argument is invalid.
    fn parameters(&self) -> Result<[Vec<String>; 2], InputError>;
    /// Returns whether a response with this status is passed to [`parse`](Call::parse).
    fn accepts(&self, status: StatusCode) -> bool;
    /// Parses an accepted response.
    ///
    /// # Errors
    /// Returns the error of the endpoint.
    fn parse(&self, response: &Response) -> Result<String, ResponseError>;
    /// Sends the request.
    ///
    /// # Errors
    /// Returns the error of the client.
    fn send(&self, client: &AnyClient) -> Result<String, Error>;
    /// Sends the request and returns the unchanged response.
    ///
    /// # Errors
    /// Returns the error of the client.
    fn send_raw(&self, client: &AnyClient) -> Result<Response, Error>;
    /// Builds and signs the request.
    ///
    /// # Errors
    /// Returns the error of the client.
    fn signed_request(&self, client: &AnyClient) -> Result<Request, Error>;
    /// Returns the request as a `curl` command.
    ///
    /// # Errors
    /// Returns the error of the client.
    fn curl(&self, client: &AnyClient) -> Result<String, Error>;
}

impl<E> Call for E
where
    E: Endpoint + Debug + Send + Sync,
    E::Output: Debug,
{
    fn id(&self) -> &'static str {
        E::ID
    }

    fn method(&self) -> Method {
        Endpoint::method(self)
    }

    fn path(&self) -> String {
        Endpoint::path(self).into_owned()
    }

    fn idempotent(&self) -> bool {
        Endpoint::idempotent(self)
    }

    fn parameters(&self) -> Result<[Vec<String>; 2], InputError> {
        let names = |params: &Params<'_>| {
            params.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
        };
        let request = UnsignedRequest::of(self)?;
        let body = match &request.body {
            Body::Form(params) => names(params),
            Body::Json(text) => {
                let members = serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(text);
                members.unwrap_or_default().into_keys().collect()
            }
            _ => Vec::new(),
        };
        Ok([names(&request.query), body])
    }

    fn template(&self) -> &'static str {
        E::ROUTE.template()
    }

    fn credential(&self) -> &'static str {
        E::ROUTE.credential_name().name()
    }

    fn accepts(&self, status: StatusCode) -> bool {
        E::ROUTE.accepts(status)
    }

    fn parse(&self, response: &Response) -> Result<String, ResponseError> {
        Endpoint::parse(self, response).map(|value| format!("{value:?}"))
    }

    fn send(&self, client: &AnyClient) -> Result<String, Error> {
        client.send(self).map(|value| format!("{value:?}"))
    }

    fn send_raw(&self, client: &AnyClient) -> Result<Response, Error> {
        client.send_raw(self)
    }

    fn signed_request(&self, client: &AnyClient) -> Result<Request, Error> {
        client.signed_request(self)
    }

    fn curl(&self, client: &AnyClient) -> Result<String, Error> {
        client.curl(self)
    }
}
