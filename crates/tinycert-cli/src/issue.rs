//! The commands `tinycert issue` and `tinycert adopt`, which write the files of a certificate.

use clap::Args;
use cli_support::api_auth::{Endpoint, UnixTime};
use cli_support::{Context, Exit, Failure, Json, Run};
use tinycert_client::cert::StatusMask;
use tinycert_client::{CertId, CertStatus, San};

use crate::access;
use crate::cert::{Create, New};
use crate::hook::Hook;
use crate::pair::{Folder, Pair, Record};
use crate::provider::{CaName, TinyCert, cert_id, now};
use crate::renew::{Dir, Done, check_status, is_valid, reject_curl};
use crate::x509::Certificate;

/// Issue a certificate for one year, write its files, and record them for `renew`
///
/// If a certificate with the same CA and names is already recorded and remains valid for more than
/// 30 days, it is kept. Otherwise, if the account has a good certificate with the same CA, subject
/// and names that was created or renewed within about the last 24 hours, that certificate and its
/// key are taken over, and none is created.
#[derive(Debug, Args)]
pub(crate) struct Issue {
    #[command(flatten)]
    create: Create,
    #[command(flatten)]
    files: Files,
}

/// Take over a certificate of the account: write its files, and record them for `renew`
#[derive(Debug, Args)]
pub(crate) struct Adopt {
    /// Id of the certificate
    #[arg(value_parser = cert_id)]
    id: CertId,
    /// Id or name of its CA
    #[arg(long)]
    ca: CaName,
    #[command(flatten)]
    files: Files,
}

/// The options for the files of a pair, which consists of a chain and a key.
#[derive(Debug, Args)]
struct Files {
    #[command(flatten)]
    dir: Dir,
    /// Mode of the key file, such as 0640
    #[arg(long, value_parser = access::mode)]
    mode: Option<String>,
    /// Group of the key file, given by its name or number; unless the current user is root, one of
    /// the groups of that user
    #[arg(long)]
    group: Option<String>,
    /// Write key and chain to one file, NAME.pem
    #[arg(long)]
    combined: bool,
    #[command(flatten)]
    hook: Hook,
}

impl Files {
    /// Checks that the folder can be created and written. Called before anything is sent. Changes
    /// nothing.
    fn check(&self) -> Result<(), Failure> {
        access::check(self.mode.as_deref(), self.group.as_deref())?;
        Folder::plan(&self.dir.path).map(drop)
    }

    /// Checks that the output can be written, creates the folder if necessary, and locks it. With
    /// `--dry-run`, checks only that the folder can be created and written.
    fn open(&self, context: &Context<TinyCert>) -> Result<Folder, Failure> {
        let path = &self.dir.path;
        if context.global.dry_run {
            return Folder::plan(path);
        }
        context.output.check()?;
        let is_new = !path.is_dir();
        let folder = Folder::create(path, self.dir.lock_timeout)?;
        if is_new {
            context.note(&format!("created the folder {}", path.display()));
        }
        Ok(folder)
    }

    /// Sets these options in the record of a pair, and checks that its files can be written and get
    /// their group. A recorded mode or group stays unchanged if the option is not given. With
    /// `--dry-run`, does not check whether temporary files can be created.
    fn apply(&self, context: &Context<TinyCert>, pair: &mut Pair) -> Result<(), Failure> {
        let record = &mut pair.record;
        if record.serial.is_some() && record.combined != self.combined {
            let problem = "is already recorded with a different setting of --combined, \
                           which cannot be changed";
            return Err(Failure::new(Exit::Usage, problem).about(&record.name));
        }
        record.combined = self.combined;
        record.mode = self.mode.clone().or(record.mode.take());
        record.group = self.group.clone().or(record.group.take());
        pair.check_group(self.group.is_some())?;
        if context.global.dry_run { pair.check_existing() } else { pair.check() }
    }

    /// Writes the files of the certificate `new`, unless it is `None`. Then sets the mode and
    /// group of the key file, runs the deploy hook if it has not yet succeeded for these files, and
    /// shows the pair.
    fn publish(
        &self,
        context: &Context<TinyCert>,
        mut pair: Pair,
        new: Option<Successor>,
    ) -> Result<Exit, Failure> {
        let mut done = Done::default();
        let old_access = pair.recorded_access();
        if let Some(Successor { cert_id, on_disk, outlasted }) = new {
            pair.begin(cert_id, on_disk.as_ref())?;
            let session = context.client()?.session()?;
            let new = pair.download(session, cert_id)?;
            new.check_expiry(outlasted.as_ref(), time()?)?;
            pair.write(session, &new)?;
            done.is_renewed = true;
        }
        pair.save()?;
        pair.set_access_or_keep(old_access)?;
        let deployed = pair.deploy(&self.hook, time()?);
        done.is_deployed = *deployed.as_ref().unwrap_or(&false);
        let more = vec![
            ("written", Json::Other(done.is_renewed.to_string())),
            ("deployed", Json::Other(done.is_deployed.to_string())),
        ];
        let shown = pair.json(pair.on_disk()?.as_ref(), more).to_string();
        let name = pair.record.name;
        let shown = context.output.value(&shown).inspect(|()| context.outcome_shown());
        context.note_unshown(&name, shown);
        deployed.map(|_| Exit::Done).map_err(|failure| failure.about(&name))
    }
}

/// Returns the current time.
fn time() -> Result<UnixTime, Failure> {
    now().map(UnixTime::from)
}

/// A certificate that will replace the one on disk.
struct Successor {
    cert_id: CertId,
    /// The certificate on disk. `None` if its files are missing or damaged.
    on_disk: Option<Certificate>,
    /// The certificate on disk, if the new one must not expire before it.
    outlasted: Option<Certificate>,
}

/// Normalizes names for a comparison: case and order do not matter, nor do duplicates.
fn compared(names: &[String]) -> Vec<String> {
    let mut names: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
    names.sort();
    names.dedup();
    names
}

impl Issue {
    /// Returns whether the recorded pair has the CA and the names that the command line requests.
    fn is_same(pair: &Pair, new: &New) -> bool {
        let Record { ca_id, names, .. } = &pair.record;
        let wanted: Vec<String> = new.names.iter().map(San::to_string).collect();
        *ca_id == new.ca_id && compared(names) == compared(&wanted)
    }
}

impl Run<TinyCert> for Issue {
    fn run(self, context: &Context<TinyCert>) -> Result<Exit, Failure> {
        reject_curl(context)?;
        context.interrupt_requests();
        self.files.check()?;
        let new = self.create.new_cert(context)?;
        new.check_known()?;
        new.request.validate()?;
        let name = &new.common_name;
        let folder = self.files.open(context)?;
        let new_pair = || folder.pair(Record::new(name, new.ca_id, CertId::new(0), &new.names));
        let mut pair = folder.find(name)?.unwrap_or_else(new_pair);
        // The files are checked before the certificate is created.
        self.files.apply(context, &mut pair)?;
        let contents = pair.contents()?;
        pair.note_damage(context, &contents);
        let on_disk = contents.usable();
        let requested = on_disk.clone().filter(|_| Self::is_same(&pair, &new));
        let old = pair.record.cert_id;
        let is_issued = match &requested {
            Some(found) if pair.record.pending_cert_id.is_none() && is_valid(found, time()?) => {
                let details = context.client()?.session()?.get_cert_details(old)?;
                details.status == Some(CertStatus::Good)
            }
            _ => false,
        };
        if is_issued {
            if context.global.dry_run {
                context.note(&format!("dry run: {name} is issued and valid"));
                return Ok(Exit::Done);
            }
            context.note(&format!("{name}: is issued and valid; nothing was written"));
            return self.files.publish(context, pair, None);
        }
        let session = context.client()?.session()?;
        let outlasted = match requested.map(|found| (found, check_status(session, old))) {
            Some((found, Ok(()))) => Some(found),
            // A certificate that is revoked, suspended or deleted is replaced in any case.
            Some((_, Err(failure)))
                if !matches!(failure.exit(), Exit::Rejected | Exit::NotFound) =>
            {
                return Err(failure);
            }
            _ => None,
        };
        if context.global.dry_run
            && let Some(cert_id) = session.find_issued(&new.request)?
        {
            context.note(&format!("dry run: would take over certificate {cert_id} and its key"));
            return Ok(Exit::Done);
        }
        if context.is_withheld(&new.request)? {
            return Ok(Exit::Done);
        }
        let cert_id = match session.find_issued(&new.request)? {
            Some(id) => {
                let more = "which has the same subject and names";
                context.note(&format!("{name}: took over certificate {id} and its key, {more}"));
                id
            }
            None => session.issue_cert(&new.request)?,
        };
        if !pair.is_recorded() {
            pair.record.cert_id = cert_id;
        }
        pair.record.ca_id = new.ca_id;
        pair.record.names = new.names.iter().map(San::to_string).collect();
        self.files.publish(context, pair, Some(Successor { cert_id, on_disk, outlasted }))
    }
}

impl Adopt {
    /// Returns whether the pair already records this certificate, and its files contain the
    /// certificate with more than 30 days of validity left.
    fn is_adopted(&self, pair: &Pair) -> Result<bool, Failure> {
        let Record { cert_id, pending_cert_id, serial, .. } = &pair.record;
        if *cert_id != self.id || pending_cert_id.is_some() {
            return Ok(false);
        }
        let now = time()?;
        let is_same = |found: &Certificate| serial.as_deref() == Some(&*found.serial);
        Ok(pair.on_disk()?.is_some_and(|found| is_same(&found) && is_valid(&found, now)))
    }
}

impl Run<TinyCert> for Adopt {
    fn run(self, context: &Context<TinyCert>) -> Result<Exit, Failure> {
        reject_curl(context)?;
        context.interrupt_requests();
        self.files.check()?;
        let ca_id = self.ca.id(context)?;
        let session = context.client()?.session()?;
        let listed = session.list_certs(ca_id, StatusMask::ALL)?;
        if !listed.iter().any(|cert| cert.id == self.id) {
            let problem = format!("the CA {ca_id} lists no certificate {}", self.id);
            return Err(Failure::new(Exit::NotFound, problem));
        }
        check_status(session, self.id)?;
        let details = session.get_cert_details(self.id)?;
        let name = details.common_name.unwrap_or_default();
        let record = Record::new(&name, ca_id, self.id, &details.sans);
        let folder = self.files.open(context)?;
        let recorded = folder.find(&name)?;
        let is_adopted = recorded.as_ref().map_or(Ok(false), |pair| self.is_adopted(pair))?;
        let mut pair = recorded.unwrap_or_else(|| folder.pair(record.clone()));
        self.files.apply(context, &mut pair)?;
        let contents = pair.contents()?;
        pair.note_damage(context, &contents);
        let on_disk = contents.usable();
        if !is_adopted {
            (pair.record.ca_id, pair.record.names) = (ca_id, record.names);
            // A certificate that has expired is rejected before it is recorded.
            pair.download(session, self.id)?.check_expiry(None, time()?)?;
        }
        if context.global.dry_run {
            let dir = self.files.dir.path.display();
            context.note(&match is_adopted {
                true => format!("dry run: {name} is adopted and valid"),
                false => format!("dry run: would write and record {name} in {dir}"),
            });
            return Ok(Exit::Done);
        }
        if is_adopted {
            context.note(&format!("{name}: is adopted and valid; nothing was written"));
        }
        let new = Successor { cert_id: self.id, on_disk, outlasted: None };
        self.files.publish(context, pair, Some(new).filter(|_| !is_adopted))
    }
}
