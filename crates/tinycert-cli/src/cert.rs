//! The command `tinycert cert`: lists, creates, renews, revokes and downloads certificates.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use cli_support::args::{BODY_OPTIONS, CAN_BE_EMPTY, duration, positive, set, text, value};
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Input, Json, Limits, Run, WithJson};
use tinycert_client::cert::{
    GetCert, GetCertDetails, GetKey, GetPkcs12, KeyForm, ListCerts, ReissueCert, SetCertStatus,
    StatusMask,
};
use tinycert_client::{CaId, CertId, CertPart, CertStatus, CreateCert, San};

use crate::ca::pem;
use crate::file;
use crate::provider::{CaName, TinyCert, cert_id};

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
    Create(Box<Create>),
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
    /// Show the certificates in a PEM file
    Inspect {
        /// PEM file (`-` is standard input)
        file: PathBuf,
    },
    /// Check whether the first certificate in a file expires soon; exit status 1 if it does not
    NeedsRenewal {
        /// PEM file (`-` is standard input)
        file: PathBuf,
        /// Check whether the certificate expires within this time; `0d` checks whether it has
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

/// The arguments for a new certificate: its names, its CA and its subject.
#[derive(Debug, Clone, Args)]
pub(crate) struct Create {
    /// Names that the certificate is valid for: host names, IP addresses, e-mail addresses or URIs,
    /// optionally with a prefix such as `DNS:`. The first name is also the common name
    #[arg(id = "common_name", value_name = "NAME", required_unless_present_any = BODY_OPTIONS,
          value_parser = value::<San>)]
    names: Vec<San>,
    /// Id or name of the CA
    #[arg(long, required_unless_present_any = BODY_OPTIONS)]
    ca: Option<CaName>,
    /// Country code of two capital letters; defaults to that of the CA
    #[arg(long, value_name = "CC")]
    country: Option<String>,
    /// Organization; defaults to that of the CA
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,
    /// Organizational unit
    #[arg(id = "organizational_unit", long = "unit", value_name = "NAME", value_hint = CAN_BE_EMPTY)]
    unit: Option<String>,
    /// City
    #[arg(long, value_name = "NAME", value_hint = CAN_BE_EMPTY)]
    locality: Option<String>,
    /// State or province
    #[arg(long, value_name = "NAME", value_hint = CAN_BE_EMPTY)]
    state: Option<String>,
    #[command(flatten)]
    input: Input,
}

/// A certificate to create. The arguments, the `--input` file and the fields describe it.
pub(crate) struct New {
    pub(crate) ca_id: CaId,
    pub(crate) common_name: String,
    /// The alternative names, such as `DNS:example.com`.
    pub(crate) names: Vec<San>,
    /// The typed request. If the country or the organization is not given, that of the CA is used.
    pub(crate) request: CreateCert,
    /// The body to send instead of that of `request` if `--input`, `-f` or `-F` is given. It can
    /// contain members that `request` does not have.
    body: Json,
}

/// A part of a certificate that can be downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The certificate alone
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

/// The prefix of the body members that contain the alternative names, such as `SANs[0][DNS]`.
const SANS: &str = "SANs";

const COLUMNS: &[Column] =
    &[("id", "id"), ("name", "name"), ("status", "status"), ("expires", "expires")];

impl Run<TinyCert> for Cert {
    fn run(self, context: &Context<TinyCert>) -> Result<Exit, Failure> {
        match self {
            Self::List(list) => list.run(context),
            Self::Show { id } => context.show(GetCertDetails::new(id)),
            Self::Create(create) => {
                let new = create.new_cert(context)?;
                context.send_body(new.request, Some(new.body).filter(|_| create.input.is_given()))
            }
            Self::Reissue { id } => context.show(ReissueCert::new(id)),
            Self::Revoke { id } => context.show_confirmed(
                &format!("revoke certificate {id}"),
                SetCertStatus::new(id, CertStatus::Revoked),
            ),
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
    /// Returns the certificate that the arguments, the file and the fields describe. If the country
    /// or the organization is missing, requests the details of the CA.
    pub(crate) fn new_cert(&self, context: &Context<TinyCert>) -> Result<New, Failure> {
        let usage = |problem: String| Failure::new(Exit::Usage, problem);
        let common_name = self.names.first().map(|name| name.value().into_owned());
        let flags = [
            ("C", "--country", text(self.country.as_ref())),
            ("CN", "NAME", text(common_name.as_ref())),
            ("L", "--locality", text(self.locality.as_ref())),
            ("O", "--organization", text(self.organization.as_ref())),
            ("OU", "--unit", text(self.unit.as_ref())),
            ("ST", "--state", text(self.state.as_ref())),
        ];
        let mut body = self.input.whole_form(&flags, &["CN"])?;
        // The server treats an empty text as absent.
        if let Json::Object(members) = &mut body {
            members.retain(|(name, value)| {
                !matches!(name.as_str(), "L" | "OU" | "ST") || !value.is_empty()
            });
        }
        self.set_names(&mut body)?;
        let ca = match (&self.ca, body.get("ca_id")) {
            (Some(ca), _) => {
                self.input.check_flag("ca_id", "--ca")?;
                ca.clone()
            }
            (None, Some(id)) => {
                let id = positive(&id.cell()).map_err(|why| usage(format!("ca_id: {why}")))?;
                CaName::Id(CaId::new(id))
            }
            (None, None) => {
                let problem = "missing --ca; pass it, or the field ca_id with -F or --input FILE";
                return Err(usage(problem.to_owned()));
            }
        };
        let names = sans(&body).map_err(usage)?;
        if names.is_empty() {
            let problem = format!(
                "the certificate has no names, and clients ignore its CN; use NAME, or the field \
                 {SANS}[0][DNS] in -f or --input FILE"
            );
            let hint = "`tinycert api cert.new` creates a certificate without names";
            return Err(usage(problem).with_hint(hint));
        }
        let ca_id = ca.id(context)?;
        set(&mut body, "ca_id", Json::Other(ca_id.to_string()))?;
        let missing: Vec<&str> =
            ["C", "O"].into_iter().filter(|name| body.get(name).is_none()).collect();
        if !missing.is_empty() && context.global.curl {
            let problem = "--curl sends nothing, so it needs --country and --organization";
            return Err(usage(problem.to_owned()));
        }
        if !missing.is_empty() {
            let ca = context.client()?.session()?.get_ca_details(ca_id)?;
            for name in missing {
                let of_ca = if name == "C" { &ca.country } else { &ca.organization };
                set(&mut body, name, Json::Text(of_ca.clone().unwrap_or_default()))?;
            }
        }
        let part = |name: &str| body.get(name).map(Json::cell);
        let [country, organization, common_name] =
            ["C", "O", "CN"].map(|name| part(name).unwrap_or_default());
        let mut request = CreateCert::new(ca_id, country, organization, common_name.as_str())
            .sans(names.iter().cloned());
        if let Some(unit) = part("OU") {
            request = request.organizational_unit(unit);
        }
        if let Some(locality) = part("L") {
            request = request.locality(locality);
        }
        if let Some(state) = part("ST") {
            request = request.state(state);
        }
        Ok(New { ca_id, common_name, names, request, body })
    }

    /// Replaces the alternative names in a body with the arguments `NAME`. Does nothing if there
    /// are no such arguments.
    ///
    /// # Errors
    /// Returns an error if `-f` or `-F` also sets a name.
    fn set_names(&self, body: &mut Json) -> Result<(), Failure> {
        if self.names.is_empty() {
            return Ok(());
        }
        let raw = self.input.raw_fields.iter().map(|(name, _)| ("-f", name));
        let typed = self.input.fields.iter().map(|(name, _)| ("-F", name));
        if let Some((option, name)) = raw.chain(typed).find(|(_, name)| name.starts_with(SANS)) {
            let problem = format!(
                "NAME and {option} {name} set the same member of the body; use only one of them"
            );
            return Err(Failure::new(Exit::Usage, problem));
        }
        if let Json::Object(members) = body {
            members.retain(|(name, _)| !name.starts_with(SANS));
        }
        for (index, name) in self.names.iter().enumerate() {
            if let Some((kind, value)) = name.to_string().split_once(':') {
                set(body, &format!("{SANS}[{index}][{kind}]"), Json::Text(value.to_owned()))?;
            }
        }
        Ok(())
    }
}

impl New {
    /// Checks that every member of the body is also in `request`, because `tinycert issue` sends
    /// `request`, not the body.
    ///
    /// # Errors
    /// Returns an error that names the first member that is not in `request`.
    pub(crate) fn check_known(&self) -> Result<(), Failure> {
        const KNOWN: [&str; 7] = ["C", "CN", "L", "O", "OU", "ST", "ca_id"];
        let Json::Object(members) = &self.body else { return Ok(()) };
        let mut names = members.iter().map(|(name, _)| name.as_str());
        match names.find(|name| !KNOWN.contains(name) && of_san(name).is_none()) {
            None => Ok(()),
            Some(name) => {
                let known = KNOWN.join(", ");
                let problem = format!(
                    "{name}: unknown member; expected {known}, or a name such as SANs[0][DNS]"
                );
                Err(Failure::new(Exit::Usage, problem))
            }
        }
    }
}

/// Parses the name of a body member such as `SANs[0][DNS]`. Returns the index and the type of the
/// alternative name, here 0 and `DNS`, or `None` for any other member.
fn of_san(name: &str) -> Option<(usize, &str)> {
    let (index, kind) = name.strip_prefix("SANs[")?.strip_suffix(']')?.split_once("][")?;
    Some((index.parse().ok()?, kind))
}

/// Returns the alternative names in a body. They are sorted by the index in the names of their
/// members, such as `SANs[0][DNS]`.
fn sans(body: &Json) -> Result<Vec<San>, String> {
    let Json::Object(members) = body else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for (name, member) in members {
        let Some((index, kind)) = of_san(name) else { continue };
        let san = value::<San>(&format!("{kind}:{}", member.cell()));
        names.push((index, san.map_err(|problem| format!("{name}: {problem}"))?));
    }
    names.sort_by_key(|(index, _)| *index);
    Ok(names.into_iter().map(|(_, san)| san).collect())
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
    output.check_file()?;
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
    output.check_file()?;
    if let Some(reply) = context.send(WithJson::new(GetPkcs12::new(id)))? {
        match is_binary {
            true => output.bytes(reply.value.expose())?,
            false => output.value(&reply.body)?,
        }
    }
    Ok(Exit::Done)
}
