//! The settings and the client of `tokenpass`, and the requests that `tokenpass doctor` sends.

use cli_support::api_auth::EndpointInfo;
use cli_support::auth::{Settings, Variable};
use cli_support::doctor::Doctor;
use cli_support::{
    Bodies, Connection, Context, CredentialField, Exit, Failure, Provider, Times, WebLogin,
    connect, provider_calls, times,
};
use tokenpass_client::addresses::ListMyAddresses;
use tokenpass_client::balances::{ListProtectedBalances, ListPublicBalances};
use tokenpass_client::chats::ListChats;
use tokenpass_client::credentials::{
    ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, CLIENT_SECRET_AND_QUERY_ID, MAIN_WITH_ID, PRIVILEGED,
    QUERY_ID, SIGNED_USER, USER,
};
use tokenpass_client::credits::ListCreditGroups;
use tokenpass_client::oauth::GetUser;
use tokenpass_client::promises::{ListPromises, ListSources};
use tokenpass_client::{Client, Environment, Scheme, Secret};

use crate::login;

/// Describes Tokenpass to the code that all four programs share; see [`Provider`].
#[derive(Debug)]
pub(crate) struct Tokenpass;

/// The environment variable that contains the id of the application.
pub(crate) const MAIN_ID: &str = "TOKENPASS_CLIENT_ID";
/// The environment variable that contains the user's token.
pub(crate) const TOKEN: &str = "TOKENPASS_OAUTH_TOKEN";
/// The environment variable that contains the redirect URI of a login.
pub(crate) const REDIRECT_URI: &str = "TOKENPASS_REDIRECT_URI";
/// The environment variable that contains the id of the privileged client.
const PRIVILEGED_ID: &str = "TOKENPASS_PRIVILEGED_CLIENT_ID";
/// The environment variables that contain the secrets of the main and the privileged client.
const MAIN_SECRET: &str = "TOKENPASS_CLIENT_SECRET";
const PRIVILEGED_SECRET: &str = "TOKENPASS_PRIVILEGED_CLIENT_SECRET";
const ENVIRONMENT: &str = "TOKENPASS_ENVIRONMENT";
/// The environment variable that contains the scheme of signatures.
const SCHEME: &str = "TOKENPASS_SCHEME";

impl Provider for Tokenpass {
    const NAME: &'static str = "tokenpass";
    const VARIABLES: &'static [Variable] = &[
        Variable::required(MAIN_ID, "client_id"),
        Variable::required(MAIN_SECRET, "client_secret").secret(),
        Variable::server(ENVIRONMENT, "environment", "production, the default, or staging"),
        Variable::base_url("TOKENPASS_BASE_URL"),
        Variable::server("TOKENPASS_PROVIDER_HOST", "provider_host", "another name of base_url"),
        Variable::ca_certificate("TOKENPASS_CA_CERTIFICATE"),
        Variable::optional(TOKEN, "oauth_token", "token of a user").secret(),
        Variable::optional(PRIVILEGED_ID, "privileged_client_id", "id of a privileged application"),
        Variable::optional(PRIVILEGED_SECRET, "privileged_client_secret", "its secret").secret(),
        Variable::optional(
            SCHEME,
            "scheme",
            "signed-query, the default, empty-query, either-query or body-only",
        ),
        Variable::optional(REDIRECT_URI, "redirect_uri", "URI for auth login --web"),
    ];
    const ENDPOINTS: &'static [EndpointInfo] = tokenpass_client::ENDPOINTS;
    const BODIES: Bodies = Bodies::Json;
    const TIMES: Times =
        Times { paths: &["created_at", "updated_at", "expiration"], read: times::utc };
    const CREDENTIALS: &'static [(&'static str, &'static [&'static str])] = &[
        (USER.name(), &[TOKEN]),
        (SIGNED_USER.name(), &[TOKEN, MAIN_ID, MAIN_SECRET]),
        (ACCESS_TOKEN.name(), &[TOKEN]),
        (PRIVILEGED.name(), &[PRIVILEGED_ID, PRIVILEGED_SECRET]),
    ];
    const REJECTED: &'static [&'static str] = &[
        "Invalid API Token",
        "Invalid API client ID",
        "Invalid Authorization Signature",
        "This access token was not found",
        "This access token has expired",
        "Invalid owner type",
        "User not found",
    ];
    const CREDENTIAL_FIELDS: &'static [CredentialField] = &[
        CredentialField {
            name: "oauth_token",
            credentials: &[USER.name(), SIGNED_USER.name()],
            setting: TOKEN,
        },
        CredentialField {
            name: "client_id",
            credentials: &[
                CLIENT_ID.name(),
                CLIENT_SECRET.name(),
                CLIENT_SECRET_AND_QUERY_ID.name(),
                MAIN_WITH_ID.name(),
                QUERY_ID.name(),
            ],
            setting: MAIN_ID,
        },
        CredentialField {
            name: "client_secret",
            credentials: &[CLIENT_SECRET.name(), CLIENT_SECRET_AND_QUERY_ID.name()],
            setting: MAIN_SECRET,
        },
    ];
    // Rules of chats contain whole tokens; all other requests contain satoshis or credits.
    const AMOUNTS: &'static [(&'static str, u8)] =
        &[("tca_rules.*.quantity", 8), ("quantity", 0), ("accounts.*.amount", 0)];
    const LOOKUPS: &'static [(&'static str, &'static str)] = &[
        ("credit.give", "credit group history GROUP"),
        ("credit.take", "credit group history GROUP"),
        ("promise.create", "promise list"),
    ];
    const ENTRIES: &'static [(&'static str, &'static str)] =
        &[("credit.give", "accounts"), ("credit.take", "accounts")];
    const ALLOWS_TEXT_AMOUNTS: bool = true;
    type Client = Client;

    fn client(settings: &Settings, connection: &Connection) -> Result<Client, Failure> {
        let id = settings.need(MAIN_ID);
        let mut builder = Client::builder(id, settings.need(MAIN_SECRET));
        let url = settings.get("TOKENPASS_BASE_URL").or(settings.get("TOKENPASS_PROVIDER_HOST"));
        let names = ["production", "staging"];
        builder =
            builder.environment(match connection.server(settings, ENVIRONMENT, url, &names)? {
                (Some(url), _) => Environment::custom(url),
                (None, "staging") => Environment::Staging,
                (None, _) => Environment::Production,
            });
        if let Some(uri) = settings.get(REDIRECT_URI) {
            builder = builder.redirect_uri(uri);
        }
        if let Some(token) = settings.get(TOKEN) {
            builder = builder.oauth_token(token);
        }
        if let Some(id) = settings.get(PRIVILEGED_ID) {
            let Some(secret) = settings.get(PRIVILEGED_SECRET) else {
                let id = settings.own_name(Self::VARIABLES, PRIVILEGED_ID);
                let problem = format!("{PRIVILEGED_SECRET}: must be set, because {id} is set");
                return Err(Failure::new(Exit::Local, problem));
            };
            builder = builder.privileged(id, secret);
        }
        builder = match settings.get(SCHEME) {
            None | Some("signed-query") => builder,
            Some("empty-query") => builder.scheme(Scheme::EmptyQuery),
            Some("body-only") => builder.scheme(Scheme::BodyOnly),
            Some("either-query") => builder.try_other_form(true),
            Some(_) => {
                let problem = "TOKENPASS_SCHEME: must be signed-query, empty-query, either-query \
                               or body-only";
                return Err(Failure::new(Exit::Usage, problem));
            }
        };
        let application = concat!("tokenpass-cli/", env!("CARGO_PKG_VERSION"));
        Ok(connect!(builder, connection, application).build()?)
    }

    fn credential_of<'a>(settings: &Settings, name: &'a str) -> &'a str {
        // With this scheme, requests with the token of a user are signed, too.
        let is_signed = name == USER.name() && settings.get(SCHEME) == Some("body-only");
        if is_signed { SIGNED_USER.name() } else { name }
    }

    provider_calls!();

    const HAS_WEB_LOGIN: bool = true;

    fn web_login(
        context: &Context<Self>,
        login: &WebLogin,
    ) -> Result<Vec<(&'static str, Secret)>, Failure> {
        login::log_in(context, login).map(|token| vec![(TOKEN, token)])
    }

    fn check(client: &Client, settings: &Settings) -> Result<(), Failure> {
        client.send(&ListSources::new())?;
        if settings.get(TOKEN).is_some()
            && let Err(error) = client.send(&ListPublicBalances::new())
        {
            let message = error.to_string();
            let is_rejected = || Self::REJECTED.iter().any(|text| message.contains(text));
            // A valid token may lack the scope of this request.
            if error.status().is_none_or(|status| status.as_u16() != 403) || is_rejected() {
                return Err(Failure::from(error).about(TOKEN));
            }
        }
        if settings.get(PRIVILEGED_ID).is_some() {
            // The user need not exist.
            let found = client.check_user_exists("tokenpass");
            found.map_err(|error| Failure::from(error).about(PRIVILEGED_ID))?;
        }
        Ok(())
    }

    fn doctor(doctor: &mut Doctor<'_, Self>) -> Result<(), Failure> {
        doctor.call(ListSources::new())?;
        doctor.call(ListPromises::new())?;
        doctor.call(ListCreditGroups::new())?;
        // These requests need a user's token.
        if doctor.settings()?.get(TOKEN).is_some() {
            doctor.call(GetUser::new())?;
            doctor.call(ListPublicBalances::new())?;
            doctor.call(ListProtectedBalances::new())?;
            doctor.call(ListMyAddresses::new())?;
            doctor.call(ListChats::new())?;
        }
        Ok(())
    }
}
