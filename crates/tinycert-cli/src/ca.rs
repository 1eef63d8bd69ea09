//! `tinycert ca`.

use clap::{Args, Subcommand, ValueEnum};
use cli_support::api_auth::Endpoint;
use cli_support::output::{Column, Format};
use cli_support::{Context, Exit, Failure, Json, Run, WithJson, with_options};
use tinycert_client::CreateCa;
use tinycert_client::ca::{DeleteCa, GetCa, GetCaDetails, HashMethod, ListCas};

use crate::provider::{CaName, TinyCert};

#[derive(Debug, Subcommand)]
pub(crate) enum Ca {
    /// List all CAs
    List,
    /// Show the subject and the hash of a CA
    Show {
        /// Id or name of the CA
        ca: CaName,
    },
    /// Create a CA
    Create(Create),
    /// Delete a CA and all of its certificates
    Delete {
        /// Id or name of the CA
        ca: CaName,
    },
    /// Print the certificate of a CA, for the clients that trust it
    Download {
        /// Id or name of the CA
        ca: CaName,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Organization; the common name of the CA is this and ` CA`
    organization: String,
    /// Country, two capital letters
    #[arg(long, value_name = "CC", default_value = "US")]
    country: String,
    /// City
    #[arg(long, value_name = "NAME")]
    locality: Option<String>,
    /// State or province
    #[arg(long, value_name = "NAME")]
    state: Option<String>,
    /// Hash of the signatures
    #[arg(long, value_enum, default_value = "sha256")]
    hash: Hash,
    /// Return the CA with this organization if there is one
    #[arg(long)]
    if_missing: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Hash {
    Sha256,
    Sha1,
}

const COLUMNS: &[Column] = &[("id", "id"), ("name", "name")];

impl Run<TinyCert> for Ca {
    fn run(self, context: &Context<TinyCert>) -> Result<Exit, Failure> {
        match self {
            Self::List => context.entries(ListCas::new(), "", COLUMNS),
            Self::Show { ca } => context.show(GetCaDetails::new(ca.id(context)?)),
            Self::Create(create) => create.run(context),
            Self::Delete { ca } => {
                let id = ca.id(context)?;
                context.confirm(&format!("delete the CA {id} and all of its certificates"))?;
                acknowledged(context, DeleteCa::new(id))
            }
            Self::Download { ca } => pem(context, GetCa::new(ca.id(context)?)),
        }
    }
}

impl Create {
    fn run(self, context: &Context<TinyCert>) -> Result<Exit, Failure> {
        let mut request =
            with_options!(CreateCa::new(self.country, self.organization), self; locality, state);
        request = request.hash_method(match self.hash {
            Hash::Sha256 => HashMethod::Sha256,
            Hash::Sha1 => HashMethod::Sha1,
        });
        if !self.if_missing {
            return context.show(request);
        }
        request.validate()?;
        if !context.is_withheld(&request)? {
            let id = context.client()?.session()?.get_or_create_ca(&request)?;
            let made = Json::Object(vec![("ca_id".to_owned(), Json::Other(id.to_string()))]);
            context.output.value(&made.to_string())?;
        }
        Ok(Exit::Done)
    }
}

/// Sends a write. The body of its response is not documented, so one without members is shown as
/// `{"success":true}`.
pub(crate) fn acknowledged<E: Endpoint>(
    context: &Context<TinyCert>,
    request: E,
) -> Result<Exit, Failure> {
    if let Some(reply) = context.send(WithJson::new(request))? {
        let success = Json::Object(vec![("success".to_owned(), Json::Other("true".to_owned()))]);
        let body = reply.json()?;
        let has_members = matches!(body, Some(Json::Object(members)) if !members.is_empty());
        context.output.value(&if has_members { reply.body } else { success.to_string() })?;
    }
    Ok(Exit::Done)
}

/// Sends a request and writes its text in PEM format, or the JSON of its response.
pub(crate) fn pem<E: Endpoint<Output = String>>(
    context: &Context<TinyCert>,
    request: E,
) -> Result<Exit, Failure> {
    if let Some(reply) = context.send(WithJson::new(request))? {
        match context.output.format() {
            Format::Table => context.output.text(reply.value.trim_end())?,
            _ => context.output.value(&reply.body)?,
        }
    }
    Ok(Exit::Done)
}
