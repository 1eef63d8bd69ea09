//! The settings and the client of `tinypass`, and the requests that `tinypass doctor` sends.

use std::time::SystemTime;

use cli_support::api_auth::EndpointInfo;
use cli_support::args::{number, positive};
use cli_support::auth::{Settings, Variable};
use cli_support::doctor::Doctor;
use cli_support::{
    Bodies, Connection, Exit, Failure, Json, Number, Pages, Provider, Times, connect,
    provider_calls, times,
};
use tinypass_client::access::{GetAccess, SearchAccess};
use tinypass_client::download::GetDownload;
use tinypass_client::subscription::SearchSubscriptions;
use tinypass_client::user::GetUser;
use tinypass_client::{Client, Environment};

/// Describes TinyPass to the code that all four programs share; see [`Provider`].
#[derive(Debug)]
pub(crate) struct TinyPass;

/// The environment variable that contains the id of the application.
pub(crate) const AID: &str = "TINYPASS_AID";
/// The environment variable that contains the private key of the application.
pub(crate) const PRIVATE_KEY: &str = "TINYPASS_PRIVATE_KEY";

/// The environment variables that select the environment of the provider.
const ENVIRONMENT: &str = "TINYPASS_ENVIRONMENT";
const SANDBOX: &str = "TINYPASS_SANDBOX";

impl Provider for TinyPass {
    const NAME: &'static str = "tinypass";
    const VARIABLES: &'static [Variable] = &[
        Variable::required(AID, "aid"),
        Variable::required(PRIVATE_KEY, "private_key").secret(),
        Variable::server(ENVIRONMENT, "environment", "production, the default, or sandbox"),
        Variable::server(SANDBOX, "sandbox", "1 for the sandbox"),
        Variable::base_url("TINYPASS_BASE_URL"),
        Variable::ca_certificate("TINYPASS_CA_CERTIFICATE"),
    ];
    const ENDPOINTS: &'static [EndpointInfo] = tinypass_client::ENDPOINTS;
    const BODIES: Bodies = Bodies::Query;
    const TIMES: Times = Times {
        paths: &[
            "expires",
            "created",
            "create_date",
            "created_date",
            "modified_date",
            "published_date",
        ],
        read: times::utc,
    };
    const PAGES: &'static [Pages] = &[Pages {
        endpoint: "access.search",
        parameter: "page",
        first: 0,
        lists: &["data"],
        id: "id",
    }];
    const NUMBERS: &'static [Number] = &[
        ("page", |text| number::<u32>(text).map(i64::from)),
        ("pagesize", positive::<i64>),
        ("lifetime", positive::<i64>),
        ("expiration", positive::<i64>),
    ];
    const LOOKUPS: &'static [(&'static str, &'static str)] =
        &[("access.grant", "access get RID USER")];
    type Client = Client;

    fn client(settings: &Settings, connection: &Connection) -> Result<Client, Failure> {
        let builder = Client::builder(settings.need(AID), settings.need(PRIVATE_KEY));
        let url = settings.get("TINYPASS_BASE_URL");
        let names = ["production", "sandbox"];
        let (url, name) = connection.server(settings, ENVIRONMENT, url, &names)?;
        let sandbox = settings.get(SANDBOX).filter(|_| connection.environment.is_none());
        let name = match (sandbox, settings.get(ENVIRONMENT)) {
            (None, _) | (Some("0" | "false"), Some("production")) => name,
            (Some("1" | "true"), None | Some("sandbox")) => "sandbox",
            (Some("0" | "false"), None) => "production",
            (Some("0" | "false" | "1" | "true"), Some(_)) => {
                let other = settings.own_name(Self::VARIABLES, ENVIRONMENT);
                let problem = format!("{SANDBOX}: contradicts {other}; set only one of the two");
                return Err(Failure::new(Exit::Usage, problem));
            }
            (Some(_), _) => {
                let problem = format!("{SANDBOX}: must be 1, true, 0 or false");
                return Err(Failure::new(Exit::Usage, problem));
            }
        };
        let environment = match (url, name) {
            (Some(url), _) => Environment::custom(url),
            (None, "sandbox") => Environment::Sandbox,
            (None, _) => Environment::Production,
        };
        let builder = connect!(
            builder.environment(environment),
            connection,
            concat!("tinypass-cli/", env!("CARGO_PKG_VERSION"))
        );
        Ok(builder.build()?)
    }

    provider_calls!();

    fn check(client: &Client, _: &Settings) -> Result<(), Failure> {
        client.search_access(&SearchAccess::new().page(0).page_size(1))?;
        Ok(())
    }

    fn doctor(doctor: &mut Doctor<'_, Self>) -> Result<(), Failure> {
        let list = doctor.call(SearchAccess::new().page(0).page_size(10))?;
        let value = |path: &str| Some(list.as_ref()?.get(path)?.cell());
        let user = value("data.0.user_ref").filter(|user| !user.is_empty());
        if let (Some(rid), Some(user)) = (value("data.0.rid"), &user) {
            doctor.call(GetAccess::new(rid, user))?;
        }
        if let Some(uid) = value("data.0.uid").or(user) {
            doctor.call(GetUser::new(uid))?;
        }
        doctor.call(SearchSubscriptions::new())?;
        if let Some(rid) = value("data.0.rid") {
            doctor.call(GetDownload::new(rid))?;
        }
        Ok(())
    }
}

/// Returns the current time of the system clock.
pub(crate) fn now() -> SystemTime {
    #[expect(clippy::disallowed_methods, reason = "the program reads the clock")]
    SystemTime::now()
}

/// Converts a text to a JSON string.
pub(crate) fn text(text: &str) -> Json {
    Json::Text(text.to_owned())
}
