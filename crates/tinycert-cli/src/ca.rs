//! The command `tinycert ca`: lists, creates, downloads and deletes CAs.

use clap::{Args, Subcommand, ValueEnum};
use cli_support::api_auth::Endpoint;
use cli_support::args::{BODY_OPTIONS, CAN_BE_EMPTY};
use cli_support::output::Column;
use cli_support::{
    Context, Exit, Failure, Input, Json, Limits, Member, Run, WithJson, with_options,
};
use tinycert_client::CreateCa;
use tinycert_client::ca::{DeleteCa, GetCa, GetCaDetails, HashMethod, ListCas};

use crate::provider::{CaName, TinyCert};

#[derive(Debug, Subcommand)]
pub(crate) enum Ca {
    /// List all CAs
    List(Limits),
    /// Show the subject and the hash algorithm of a CA
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
    /// Organization; the common name of the CA is the organization followed by ` CA`
    #[arg(required_unless_present_any = BODY_OPTIONS)]
    organization: Option<String>,
    /// Country code of two capital letters; default: `US`
    #[arg(long, value_name = "CC")]
    country: Option<String>,
    /// City
    #[arg(long, value_name = "NAME", value_hint = CAN_BE_EMPTY)]
    locality: Option<String>,
    /// State or province
    #[arg(long, value_name = "NAME", value_hint = CAN_BE_EMPTY)]
    state: Option<String>,
    /// Hash algorithm of the signatures; default: `sha256`
    #[arg(long, value_enum)]
    hash: Option<Hash>,
    /// If a CA with this organization exists, return it instead of creating one
    #[arg(long, conflicts_with_all = BODY_OPTIONS)]
    if_missing: bool,
    #[command(flatten)]
    input: Input,
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
            Self::List(limits) => context.entries(ListCas::new(), "", &limits, COLUMNS),
            Self::Show { ca } => context.show(GetCaDetails::new(ca.id(context)?)),
            Self::Create(create) => create.run(context),
            Self::Delete { ca } => {
                let id = ca.id(context)?;
                context.show_confirmed(
                    &format!("delete CA {id} and all of its certificates"),
                    DeleteCa::new(id),
                )
            }
            Self::Download { ca } => pem(context, GetCa::new(ca.id(context)?)),
        }
    }
}

impl Create {
    fn run(self, context: &Context<TinyCert>) -> Result<Exit, Failure> {
        let members = [
            Member::required("O", "ORGANIZATION", self.organization.is_some()),
            Member::with_default("C", "--country", self.country.is_some()),
            Member::new("L", "--locality", self.locality.is_some()),
            Member::new("ST", "--state", self.state.is_some()),
            Member::with_default("hash_method", "--hash", self.hash.is_some()),
        ];
        let country = self.country.unwrap_or_else(|| "US".to_owned());
        let request = CreateCa::new(country, self.organization.unwrap_or_default());
        let mut request = with_options!(request, self; locality, state);
        request = request.hash_method(match self.hash.unwrap_or(Hash::Sha256) {
            Hash::Sha256 => HashMethod::Sha256,
            Hash::Sha1 => HashMethod::Sha1,
        });
        if !self.if_missing {
            return context.create(request, &self.input, &members);
        }
        request.validate()?;
        if !context.is_withheld(&request)? {
            context.output.check()?;
            let session = context.client()?.session()?;
            let id = session.get_or_create_ca(&request);
            let id =
                id.map_err(|error| Failure::from(error).with_argument("name", "ORGANIZATION"))?;
            let made = Json::Object(vec![("ca_id".to_owned(), Json::Other(id.to_string()))]);
            context.note_unshown("the CA", context.output.value(&made.to_string()));
        }
        Ok(Exit::Done)
    }
}

/// Sends a request for a text in PEM format. Writes the text if the output is a table without
/// `--fields`, otherwise the JSON of the response.
pub(crate) fn pem<E: Endpoint<Output = String> + Send + 'static>(
    context: &Context<TinyCert>,
    request: E,
) -> Result<Exit, Failure> {
    if let Some(reply) = context.send(WithJson::new(request))? {
        match context.output.is_plain() {
            true => context.output.text(reply.value.trim_end())?,
            false => context.output.value(&reply.body)?,
        }
    }
    Ok(Exit::Done)
}
