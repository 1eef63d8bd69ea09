//! The command `tinycert cert`: lists, creates, renews, revokes and downloads certificates.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use cli_support::args::duration;
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Input, Json, Limits, Run, WithJson};
use tinycert_client::cert::{
    GetCert, GetCertDetails, GetKey, GetPkcs12, KeyForm, ListCerts, ReissueCert, SetCertStatus,
    StatusMask,
};
use tinycert_client::{CaId, CertId, CertPart, CertStatus, CreateCert, San};

use crate::ca::pem;
use crate::file;
use crate::provider::{CaName, TinyCert};

/// Parses the id of a certificate.
pub(crate) fn cert_id(text: &str) -> Result<CertId, String> {
    text.parse().map_err(|_| "must be a whole number, such as 14236".to_owned())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Cert {
    /// List certificates
    List(List),
    /// Show the subject, status and names of a certificate
    Show {
        /// Id of the certificate
        #[arg(value_parser = cert_id)]
        id: CertId,
    },
    /// Create a key pair and a certificate that is valid for one year; each run creates new ones
    Create(CreateArguments),
    /// Renew a certificate for one year from now, with the same key and a new id
    Reissue {
        /// Id of the certificate
        #[arg(value_parser = cert_id)]
        id: CertId,
    },
    /// Revoke a certificate
    Revoke {
        /// Id of the certificate
        #[arg(value_parser = cert_id)]
        id: CertId,
    },
    /// Suspend a certificate
    Hold {
        /// Id of the certificate
        #[arg(value_parser = cert_id)]
        id: CertId,
    },
    /// Make a revoked or suspended certificate valid again
    Reinstate {
        /// Id of the certificate
        #[arg(value_parser = cert_id)]
        id: CertId,
    },
    /// Download a certificate, its chain, its key or its signing request
    Download {
        /// Id of the certificate
        #[arg(value_parser = cert_id)]
        id: CertId,
        /// Part to download
        #[arg(long, value_enum, default_value = "chain")]
        part: Part,
    },
    /// Show the certificates in a file in PEM format
    Inspect {
        /// File in PEM format (`-` is standard input)
        file: PathBuf,
    },
    /// Check whether the first certificate in a file expires soon; exit status 1 if it does not
    NeedsRenewal {
        /// File in PEM format (`-` is standard input)
        file: PathBuf,
        /// Answer yes if the certificate expires within this time; with `0d`, only if it has
        /// expired
        #[arg(long, value_name = "TIME", default_value = "30d", value_parser = duration)]
        within: Duration,
    },
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Show only the certificates of this CA, given by its id or name
    #[arg(long)]
    ca: Option<CaName>,
    /// Show only the certificates with this status
    #[arg(long, value_enum, value_delimiter = ',')]
    status: Vec<Status>,
    #[command(flatten)]
    limits: Limits,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Status {
    Good,
    Hold,
    Revoked,
    Expired,
}

#[derive(Debug, Args)]
pub(crate) struct CreateArguments {
    #[command(flatten)]
    create: Create,
    #[command(flatten)]
    input: Input,
}

/// The names and the subject of a new certificate.
#[derive(Debug, Clone, Args)]
pub(crate) struct Create {
    /// Names that the certificate is valid for: host names, IP addresses, e-mail addresses or URIs,
    /// optionally with a prefix such as `DNS:`. The first name is also the common name
    #[arg(required = true, value_name = "NAME")]
    names: Vec<San>,
    /// Id or name of the CA
    #[arg(long)]
    pub(crate) ca: CaName,
    /// Country code of two capital letters; defaults to that of the CA
    #[arg(long, value_name = "CC")]
    country: Option<String>,
    /// Organization; defaults to that of the CA
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,
    /// Organizational unit
    #[arg(long, value_name = "NAME")]
    unit: Option<String>,
    /// City
    #[arg(long, value_name = "NAME")]
    locality: Option<String>,
    /// State or province
    #[arg(long, value_name = "NAME")]
    state: Option<String>,
}

/// A part of a certificate that can be downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The certificate
    Cert,
    /// The certificate, followed by that of its CA; servers need this
    Chain,
    /// The certificate signing request
    Csr,
    /// The private key, not encrypted
    Key,
    /// The private key, encrypted with the account's passphrase
    EncryptedKey,
    /// Certificate and key as PKCS#12, encrypted with the account's passphrase
    Pkcs12,
}

const COLUMNS: &[Column] =
    &[("id", "id"), ("name", "name"), ("status", "status"), ("expires", "expires")];

impl Run<TinyCert> for Cert {
    fn run(self, context: &Context<TinyCert>) -> Result<Exit, Failure> {
        match self {
            Self::List(list) => list.run(context),
            Self::Show { id } => context.show(GetCertDetails::new(id)),
            Self::Create(CreateArguments { create, input }) => {
                let ca_id = create.ca.id(context)?;
                context.create(create.request(ca_id, context)?, &input)
            }
            Self::Reissue { id } => context.show(ReissueCert::new(id)),
            Self::Revoke { id } => {
                context.confirm(&format!("revoke certificate {id}"))?;
                context.show(SetCertStatus::new(id, CertStatus::Revoked))
            }
            Self::Hold { id } => context.show(SetCertStatus::new(id, CertStatus::Hold)),
            Self::Reinstate { id } => context.show(SetCertStatus::new(id, CertStatus::Good)),
            Self::Download { id, part } => download(context, id, part),
            Self::Inspect { file } => file::inspect(context, &file),
            Self::NeedsRenewal { file, within } => file::needs_renewal(context, &file, within),
        }
    }
}

impl List {
    fn run(self, context: &Context<TinyCert>) -> Result<Exit, Failure> {
        let one = |status: &Status| match status {
            Status::Good => StatusMask::GOOD,
            Status::Hold => StatusMask::HOLD,
            Status::Revoked => StatusMask::REVOKED,
            Status::Expired => StatusMask::EXPIRED,
        };
        let what = self.status.iter().map(one).reduce(|one, other| one | other);
        let what = what.unwrap_or(StatusMask::ALL);
        let cas = match &self.ca {
            Some(ca) => vec![ca.id(context)?],
            None if context.global.curl => {
                return Err(Failure::new(Exit::Usage, "--curl needs --ca and the id of the CA"));
            }
            None => {
                let cas = context.client()?.session()?.list_cas()?;
                cas.into_iter().map(|ca| ca.id).collect()
            }
        };
        let mut entries = Vec::new();
        for ca in cas {
            let request = WithJson::new(ListCerts::new(ca, what));
            let Some(reply) = context.send(request)? else { return Ok(Exit::Done) };
            match Json::parse(&reply.body) {
                Ok(Json::List(certs)) => entries.extend(certs),
                _ => return Err(Failure::new(Exit::NotUnderstood, "response: not a list")),
            }
        }
        let mut list = context.output.list(COLUMNS)?;
        entries.iter().take(self.limits.most()).try_for_each(|entry| list.push(entry))?;
        list.end()?;
        if entries.len() > self.limits.most() {
            context.note(&format!("{} of {} shown", self.limits.most(), entries.len()));
        }
        Ok(Exit::Done)
    }
}

impl Create {
    /// Returns the common name, which is the first name.
    pub(crate) fn common_name(&self) -> String {
        self.names.first().map(|name| name.value().into_owned()).unwrap_or_default()
    }

    /// Returns the alternative names.
    pub(crate) fn names(&self) -> &[San] {
        &self.names
    }

    /// Returns the request. Parts of the subject that are not given are copied from the CA.
    pub(crate) fn request(
        &self,
        ca_id: CaId,
        context: &Context<TinyCert>,
    ) -> Result<CreateCert, Failure> {
        let (country, organization) = match (self.country.clone(), self.organization.clone()) {
            (Some(country), Some(organization)) => (country, organization),
            _ if context.global.curl => {
                let problem = "--curl sends nothing, so it needs --country and --organization";
                return Err(Failure::new(Exit::Usage, problem));
            }
            (country, organization) => {
                let ca = context.client()?.session()?.get_ca_details(ca_id)?;
                (
                    country.or(ca.country).unwrap_or_default(),
                    organization.or(ca.organization).unwrap_or_default(),
                )
            }
        };
        let mut request = CreateCert::new(ca_id, country, organization, self.common_name())
            .sans(self.names.iter().cloned());
        if let Some(unit) = &self.unit {
            request = request.organizational_unit(unit);
        }
        if let Some(locality) = &self.locality {
            request = request.locality(locality);
        }
        if let Some(state) = &self.state {
            request = request.state(state);
        }
        Ok(request)
    }
}

fn download(context: &Context<TinyCert>, id: CertId, part: Part) -> Result<Exit, Failure> {
    let form = match part {
        Part::Cert => return pem(context, GetCert::new(id, CertPart::Cert)),
        Part::Chain => return pem(context, GetCert::new(id, CertPart::Chain)),
        Part::Csr => return pem(context, GetCert::new(id, CertPart::Csr)),
        Part::Key => KeyForm::Decrypted,
        Part::EncryptedKey => KeyForm::Encrypted,
        Part::Pkcs12 => return pkcs12(context, id),
    };
    // Only its owner can read a key file.
    let output = context.output.private();
    if let Some(reply) = context.send(WithJson::new(GetKey::new(id, form)))? {
        match output.is_plain() {
            true => output.text(reply.value.expose().trim_end())?,
            false => output.value(&reply.body)?,
        }
    }
    Ok(Exit::Done)
}

fn pkcs12(context: &Context<TinyCert>, id: CertId) -> Result<Exit, Failure> {
    let output = context.output.private();
    let is_binary = output.is_plain();
    if is_binary {
        output.check_binary("the PKCS#12 file")?;
    }
    if let Some(reply) = context.send(WithJson::new(GetPkcs12::new(id)))? {
        match is_binary {
            true => output.bytes(reply.value.expose())?,
            false => output.value(&reply.body)?,
        }
    }
    Ok(Exit::Done)
}
