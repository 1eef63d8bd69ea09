//! The commands `tinycert renew` and `tinycert status`, and the code that `issue` and `adopt` share
//! with them.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use cli_support::api_auth::UnixTime;
use cli_support::args::duration;
use cli_support::output::{Column, Format};
use cli_support::{Context, Exit, Failure, Json, Run};
use tinycert_client::cert::KeyForm;
use tinycert_client::{CertId, CertPart, CertStatus, Session};

use crate::file::{certificates, is_due};
use crate::hook::Hook;
use crate::pair::{Folder, OnDisk, Pair, Record, file_failure};
use crate::provider::{TinyCert, now};
use crate::x509::Certificate;

/// The options for the folder that contains the pairs.
#[derive(Debug, Clone, Args)]
pub(crate) struct Dir {
    /// Folder that contains the files and their records
    #[arg(long = "dir", value_name = "FOLDER")]
    pub(crate) path: PathBuf,
    /// Maximum time to wait for another run in the folder; `0s` does not wait
    #[arg(long, hide = true, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub(crate) lock_timeout: Duration,
}

/// Renew the recorded pairs of a folder that expire soon, and run the deploy hook for each pair
/// unless it has already succeeded for the current files
#[derive(Debug, Args)]
pub(crate) struct Renew {
    #[command(flatten)]
    dir: Dir,
    /// Renew certificates that expire within this time; `0d` renews only those that have expired
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = within)]
    within: Duration,
    #[command(flatten)]
    hook: Hook,
    /// Also record and renew the other certificates of the account that expire within the time
    /// given by --within
    #[arg(long)]
    all_in_account: bool,
}

/// Show the recorded pairs of a folder, without sending a request
///
/// The exit status does not depend on the state of the pairs: valid, expired, missing, damaged or
/// unchecked (its key cannot be read). To monitor them, check the field `state`, such as with
/// `tinycert status --dir FOLDER -o json | jq -e 'length > 0 and all(.[]; .state == "valid")'`.
#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    dir: Dir,
}

const DAY: u64 = 86_400;
/// The remaining validity, 30 days, below which `issue` and `adopt` replace a recorded certificate.
const MONTH: Duration = Duration::from_secs(30 * DAY);

/// The maximum number of steps of a renewal, in case a server always names another successor. One
/// step requests a successor of the certificate, another one writes its files. The first request
/// finds the latest certificate with the same key, and the second one creates a certificate, so a
/// pair needs fewer than ten steps, however often it has been renewed before.
const MOST_STEPS: usize = 64;

/// Parses the value of `--within`, which must be less than 365 days, the validity of a new
/// certificate.
fn within(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time < Duration::from_secs(365 * DAY) {
        return Ok(time);
    }
    Err("must be less than 365d, the validity of a new certificate".to_owned())
}

/// The actions that a run carried out for one pair.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) is_renewed: bool,
    /// Whether the files of the same certificate were written again.
    pub(crate) is_restored: bool,
    pub(crate) is_deployed: bool,
    /// Whether the deploy hook failed after all other steps had succeeded.
    pub(crate) is_only_hook_failed: bool,
}

/// Prints a message if a folder contains no recorded pairs, because the user may have given the
/// wrong folder.
fn note_empty(context: &Context<TinyCert>, dir: &Dir, pairs: &[Result<Pair, Failure>]) {
    if pairs.is_empty() {
        let dir = dir.path.display();
        context.note(&format!("{dir}: no pairs are recorded; `issue` and `adopt` record them"));
    }
}

/// Rejects `--curl` for a command that sends several requests.
pub(crate) fn reject_curl(context: &Context<TinyCert>) -> Result<(), Failure> {
    match context.global.curl {
        true => Err(Failure::new(
            Exit::Usage,
            "--curl cannot be used: this command may send several requests",
        )),
        false => Ok(()),
    }
}

/// A certificate of the account that may replace the one on disk.
#[derive(Debug)]
pub(crate) struct Downloaded {
    cert_id: CertId,
    chain: String,
    /// The first certificate of the chain.
    certificate: Certificate,
}

impl Downloaded {
    /// Rejects a certificate that has expired, or that expires before the one on disk. The CA may
    /// have shortened the validity, or the clock of the CA or of this machine may be wrong.
    pub(crate) fn check_expiry(
        &self,
        on_disk: Option<&Certificate>,
        now: UnixTime,
    ) -> Result<(), Failure> {
        let (cert_id, new) = (self.cert_id, self.certificate.expires);
        let problem = match on_disk.map(|old| old.expires) {
            Some(old) if new <= now => format!(
                "expired at {new} (now: {now}); the certificate on disk, which expires at \
                 {old}, was kept; check the clock of this machine"
            ),
            None if new <= now => format!(
                "expired at {new} (now: {now}) and was not written; check the clock of this \
                 machine"
            ),
            Some(old) if new < old => format!(
                "expires at {new}, before the certificate on disk, which expires at {old} and \
                 was kept"
            ),
            _ => return Ok(()),
        };
        Err(Failure::new(Exit::NotUnderstood, format!("certificate {cert_id} {problem}")))
    }

    /// Returns whether a certificate with the same validity period that is created now expires
    /// after the one on disk.
    fn may_be_outlasted(&self, on_disk: Option<&Certificate>, now: UnixTime) -> bool {
        let Certificate { not_before, expires, .. } = &self.certificate;
        let period = expires.seconds().saturating_sub(not_before.seconds());
        let end = now.seconds().saturating_add(period);
        on_disk.is_none_or(|old| end > old.expires.seconds())
    }
}

impl Pair {
    /// Returns whether the certificate must be replaced. This is the case if it expires no later
    /// than `within` after `now`, if its files are missing or damaged, or if an interrupted run
    /// began to replace it.
    fn is_due(&self, on_disk: Option<&Certificate>, within: Duration, now: UnixTime) -> bool {
        self.record.pending_cert_id.is_some()
            || on_disk.is_none_or(|found| is_due(found.expires, within, now))
    }

    /// Returns whether the files were written before, are missing or damaged, and contain no
    /// certificate that is due, so that the recorded certificate is written again.
    fn is_written_again(&self, contents: &OnDisk, within: Duration, now: UnixTime) -> bool {
        let is_damaged = match contents {
            OnDisk::Intact(_) | OnDisk::Unchecked(_) => false,
            OnDisk::Missing => true,
            OnDisk::Damaged(found, _) => {
                !found.as_ref().is_some_and(|found| is_due(found.expires, within, now))
            }
        };
        is_damaged && self.record.serial.is_some()
    }

    /// Prints why the files are damaged, if they are.
    pub(crate) fn note_damage(&self, context: &Context<TinyCert>, contents: &OnDisk) {
        if let OnDisk::Damaged(_, problem) = contents {
            context.note(&format!("{}: the pair is damaged: {problem}", self.record.name));
        }
    }

    /// Returns whether the deploy hook must be run, that is, whether the pair on disk has not
    /// expired and the hook has not yet succeeded for it.
    pub(crate) fn is_undeployed(&self, on_disk: &Certificate, now: UnixTime) -> bool {
        self.record.deployed_serial.as_deref() != Some(&*on_disk.serial) && on_disk.expires > now
    }

    /// Writes the files of the pending certificate, if there is one, and renews the pair if its
    /// certificate expires no later than `within` after `now`. If a run is interrupted, another run
    /// can repeat each step. If the successor of the certificate is rejected and the files are
    /// missing or damaged, writes the recorded certificate again, and returns the error.
    pub(crate) fn refresh(
        &mut self,
        session: &Session,
        within: Duration,
        now: UnixTime,
    ) -> Result<(), Failure> {
        let Err(failure) = self.replace(session, within, now) else { return Ok(()) };
        let is_rejected =
            matches!(failure.exit(), Exit::Rejected | Exit::NotFound | Exit::NotUnderstood);
        if is_rejected && self.write_recorded(session, now).is_ok_and(|is_written| is_written) {
            let id = self.record.cert_id;
            let problem = format!(
                "{}; certificate {id} was written again, because its files were missing or damaged",
                failure.message()
            );
            return Err(Failure::new(failure.exit(), problem));
        }
        Err(failure)
    }

    /// Writes the files of the recorded certificate if they are missing or damaged, unless the
    /// certificate has expired or must not be used. A pending certificate stays pending. Returns
    /// whether the files were written.
    fn write_recorded(&mut self, session: &Session, now: UnixTime) -> Result<bool, Failure> {
        let old = self.record.cert_id;
        if self.record.pending_cert_id == Some(old) || self.on_disk()?.is_some() {
            return Ok(false);
        }
        let recorded = self.download(session, old)?;
        recorded.check_expiry(None, now)?;
        self.write_files(session, &recorded)?;
        // Servers may have loaded the damaged files.
        self.record.deployed_serial = None;
        self.record.serial = Some(recorded.certificate.serial);
        self.save()?;
        Ok(true)
    }

    /// Replaces the certificate on disk with its successor, as [`refresh`](Self::refresh) does.
    fn replace(
        &mut self,
        session: &Session,
        within: Duration,
        now: UnixTime,
    ) -> Result<(), Failure> {
        // Each certificate is replaced with its successor, until that is new or not due.
        let mut is_new = false;
        let mut is_dropped = false;
        for _ in 0..MOST_STEPS {
            let contents = self.contents()?;
            if let Some(cert_id) = self.record.pending_cert_id {
                // If the certificate on disk lacks a recorded name, `issue` has changed the names.
                let on_disk = contents.usable().filter(|found| self.missing_name(found).is_none());
                let found = on_disk.as_ref().filter(|found| {
                    self.record.serial.is_some()
                        && self.record.serial.as_deref() != Some(&*found.serial)
                });
                if let Some(found) = found {
                    // A run that was killed later has published it.
                    self.is_replaced = true;
                    self.end(found)?;
                    continue;
                }
                match check_status(session, cert_id) {
                    Ok(()) => {}
                    // A pending certificate that is revoked, suspended or deleted is not used,
                    // unless the server names it as the successor again.
                    Err(failure)
                        if !is_dropped
                            && cert_id != self.record.cert_id
                            && matches!(failure.exit(), Exit::Rejected | Exit::NotFound) =>
                    {
                        is_dropped = true;
                        self.record.pending_cert_id = None;
                        self.save()?;
                        continue;
                    }
                    Err(failure) => return Err(failure),
                }
                let new = self.download_usable(session, cert_id)?;
                match new.check_expiry(on_disk.as_ref(), now) {
                    Ok(()) => self.write(session, &new)?,
                    // The run that created the certificate has failed for the same reason. A
                    // certificate that is created now may be valid for longer.
                    Err(_) if !is_new && new.may_be_outlasted(on_disk.as_ref(), now) => {
                        is_new = self.begin_renewal(session, cert_id, on_disk.as_ref())?;
                    }
                    Err(failure) => return Err(failure),
                }
                continue;
            }
            if let OnDisk::Intact(found) | OnDisk::Unchecked(found) = &contents
                && (is_new || !is_due(found.expires, within, now))
            {
                return Ok(());
            }
            let old = self.record.cert_id;
            if self.is_written_again(&contents, within, now) {
                self.begin(old, None)?;
            } else {
                check_status(session, old)?;
                is_new = self.begin_renewal(session, old, contents.usable().as_ref())?;
            }
        }
        let problem = "every successor of the certificate also expires soon";
        Err(Failure::new(Exit::NotUnderstood, problem))
    }

    /// Requests a successor of the certificate `old`, and records that it will replace the one on
    /// disk. Returns whether the successor was created by this request.
    fn begin_renewal(
        &mut self,
        session: &Session,
        old: CertId,
        on_disk: Option<&Certificate>,
    ) -> Result<bool, Failure> {
        let renewal = session.renew(self.record.ca_id, old)?;
        if renewal.cert_id == old {
            let problem = format!("the server named certificate {old} as its own successor");
            return Err(Failure::new(Exit::NotUnderstood, problem));
        }
        self.begin(renewal.cert_id, on_disk)?;
        Ok(renewal.is_new)
    }

    /// Downloads the certificate `cert_id`. Returns an error if it is revoked or suspended.
    pub(crate) fn download(
        &self,
        session: &Session,
        cert_id: CertId,
    ) -> Result<Downloaded, Failure> {
        check_status(session, cert_id)?;
        self.download_usable(session, cert_id)
    }

    /// Downloads a certificate whose status was already checked.
    fn download_usable(&self, session: &Session, cert_id: CertId) -> Result<Downloaded, Failure> {
        let chain = session.get_cert(cert_id, CertPart::Chain)?;
        let invalid = |problem: String| {
            let problem = format!("the server sent an invalid certificate {cert_id}: {problem}");
            Failure::new(Exit::NotUnderstood, problem)
        };
        let found = certificates(chain.as_bytes()).map_err(invalid)?;
        let Some(certificate) = found.into_iter().next() else {
            return Err(invalid("the chain is empty".to_owned()));
        };
        if let Some(name) = self.missing_name(&certificate) {
            let problem = format!(
                "certificate {cert_id} lacks {name}, a recorded name, and was not written; run \
                 `issue` or `adopt` again"
            );
            return Err(Failure::new(Exit::NotUnderstood, problem));
        }
        Ok(Downloaded { cert_id, chain, certificate })
    }

    /// Writes the files of a downloaded certificate, and updates the record.
    pub(crate) fn write(&mut self, session: &Session, new: &Downloaded) -> Result<(), Failure> {
        self.write_files(session, new)?;
        self.end(&new.certificate)
    }

    fn write_files(&mut self, session: &Session, new: &Downloaded) -> Result<(), Failure> {
        let key = session.get_key(new.cert_id, KeyForm::Decrypted)?;
        self.files().write(&new.chain, &key).map_err(file_failure)?;
        self.is_replaced = true;
        Ok(())
    }

    /// Runs the deploy hook, if one is given, unless it has already succeeded for the pair on disk
    /// or the certificate has expired. Returns whether it was run.
    pub(crate) fn deploy(&mut self, hook: &Hook, now: UnixTime) -> Result<bool, Failure> {
        let Some(command) = &hook.command else { return Ok(false) };
        let Some(on_disk) = self.on_disk()? else { return Ok(false) };
        if !self.is_undeployed(&on_disk, now) {
            return Ok(false);
        }
        let files = self.files();
        let absolute = |path: &Path| match std::path::absolute(path) {
            Ok(path) => Ok(path.into_os_string()),
            Err(error) => Err(Failure::file(path, &error)),
        };
        let names: Vec<&str> = on_disk
            .names
            .iter()
            .map(|name| name.split_once(':').map_or(&**name, |(_, value)| value))
            .collect();
        let variables: [(&str, OsString); 5] = [
            ("TINYCERT_NAME", self.record.name.clone().into()),
            ("TINYCERT_NAMES", names.join(" ").into()),
            ("TINYCERT_CERT", absolute(files.chain())?),
            ("TINYCERT_KEY", absolute(files.key())?),
            ("TINYCERT_CERT_ID", self.record.cert_id.to_string().into()),
        ];
        hook.run(command, &variables).inspect_err(|_| self.is_hook_failed = true)?;
        self.record.deployed_serial = Some(on_disk.serial);
        self.save()?;
        Ok(true)
    }

    /// Returns the pair as JSON for the output. `more` contains further members.
    pub(crate) fn json(&self, on_disk: Option<&Certificate>, more: Vec<(&str, Json)>) -> Json {
        let text = |text: &str| Json::Text(text.to_owned());
        let files = self.files();
        let expires = on_disk.map(|found| found.expires.to_string());
        let mut members = vec![
            ("name", text(&self.record.name)),
            ("ca_id", Json::Other(self.record.ca_id.to_string())),
            ("cert_id", Json::Other(self.record.cert_id.to_string())),
            ("expires", expires.map_or_else(null, Json::Text)),
            ("chain", text(&files.chain().to_string_lossy())),
            ("key", text(&files.key().to_string_lossy())),
        ];
        members.extend(more);
        Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

fn null() -> Json {
    Json::Other("null".to_owned())
}

/// Rejects a certificate that is revoked or suspended, because its successor would have the same
/// key.
pub(crate) fn check_status(session: &Session, cert_id: CertId) -> Result<(), Failure> {
    let details = session.get_cert_details(cert_id)?;
    let problem = match details.status {
        Some(CertStatus::Revoked) => "is revoked; issue a new one, because a renewal keeps the key",
        Some(CertStatus::Hold) => "is suspended; reinstate it, or issue a new one",
        _ => return Ok(()),
    };
    Err(Failure::new(Exit::Rejected, format!("certificate {cert_id} {problem}")))
}

/// The session of a run. If it cannot be opened, the failure is kept, so that rejected credentials
/// are not sent again for each pair.
struct Server<'a> {
    context: &'a Context<TinyCert>,
    failure: Option<(Exit, String)>,
}

impl<'a> Server<'a> {
    fn session(&mut self) -> Result<&'a Session, Failure> {
        if let Some((exit, message)) = &self.failure {
            return Err(Failure::new(*exit, message.clone()));
        }
        let session = self.context.client().and_then(|client| Ok(client.session()?));
        session.inspect_err(|failure| {
            self.failure = Some((failure.exit(), failure.message().to_owned()));
        })
    }
}

/// The columns of the list of pairs that `tinycert renew` prints.
const RENEWED: &[Column] =
    &[("name", "name"), ("certificate", "cert_id"), ("expires", "expires"), ("result", "result")];

impl Run<TinyCert> for Renew {
    fn run(self, context: &Context<TinyCert>) -> Result<Exit, Failure> {
        reject_curl(context)?;
        let others = ["ca_id", "chain", "key", "renewed", "deployed", "error"];
        context.output.check_fields(RENEWED, &others)?;
        context.interrupt_requests();
        let is_dry = context.global.dry_run;
        // A named pipe may have to wait for its reader, without the lock of the folder.
        match is_dry {
            true => context.output.check_file()?,
            false => context.output.check()?,
        }
        let now = UnixTime::from(now()?);
        let folder = match is_dry {
            true => Folder::open_writable(&self.dir.path)?,
            false => Folder::lock(&self.dir.path, self.dir.lock_timeout)?,
        };
        let mut pairs = folder.pairs()?;
        let mut server = Server { context, failure: None };
        if self.all_in_account {
            self.add_account(&folder, &mut pairs, &mut server, now);
        } else {
            note_empty(context, &self.dir, &pairs);
        }
        if is_dry {
            return self.describe(context, pairs, now);
        }
        let (mut rows, mut failures, mut is_shown) = (Vec::new(), Vec::new(), true);
        let count = pairs.len();
        for pair in pairs {
            let mut pair = match pair {
                Ok(pair) => pair,
                Err(failure) => {
                    failures.push(vec![failure]);
                    continue;
                }
            };
            let mut done = Done::default();
            // The pair before has the message about the signal.
            if let Some(failure) = context.terminated() {
                rows.push(row(&pair, &done, Some(&failure)));
                continue;
            }
            let name = pair.record.name.clone();
            let before = (pair.record.cert_id, pair.record.serial.clone());
            // This is done even if nothing is due, so that problems are detected early, and the
            // temporary files of a killed run are removed.
            let checked = pair.check();
            let is_checked = checked.is_ok();
            let renewed = checked.and_then(|()| self.renew(&mut pair, &mut server, now));
            let is_same = before.1.is_some() && before.0 == pair.record.cert_id;
            done.is_renewed = pair.is_replaced && !is_same;
            done.is_restored = pair.is_replaced && is_same;
            is_shown &= renewed.is_ok();
            // The hook is run for an existing pair even if its renewal failed. It is not run if the
            // mode or group cannot be set: servers could not read the key, but the pair would be
            // recorded as deployed. Files that failed the check are neither changed nor deployed.
            let deployed = match pair.on_disk() {
                Ok(Some(_)) if is_checked => {
                    pair.set_access().and_then(|()| pair.deploy(&self.hook, now))
                }
                Ok(_) => Ok(false),
                Err(failure) => Err(failure),
            };
            done.is_deployed = *deployed.as_ref().unwrap_or(&false);
            done.is_only_hook_failed = renewed.is_ok() && pair.is_hook_failed;
            let mut failed: Vec<Failure> =
                [renewed.err(), deployed.err()].into_iter().flatten().collect();
            // If the pair is unreadable, both steps return the same failure.
            failed.dedup_by(|second, first| second.message() == first.message());
            rows.push(row(&pair, &done, failed.first()));
            if !failed.is_empty() {
                failures.push(failed.into_iter().map(|failure| failure.about(&name)).collect());
            }
        }
        let shown = context.output.list(RENEWED).and_then(|mut list| {
            rows.iter().try_for_each(|row| list.push(row))?;
            list.end()
        });
        if is_shown && shown.is_ok() {
            context.outcome_shown();
        }
        // The exit status reflects the renewals and hooks, not the output.
        context.note_unshown("the list of pairs", shown);
        end(context, count, failures)
    }
}

/// Returns the row of the output for a pair. A pair that cannot be read has no expiry.
fn row(pair: &Pair, done: &Done, failure: Option<&Failure>) -> Json {
    let result = match (failure, done) {
        (Some(failure), _) if failure.exit() == Exit::Unknown => "outcome unknown",
        (Some(_), Done { is_renewed: true, is_only_hook_failed: true, .. }) => {
            "renewed, hook failed"
        }
        (Some(_), Done { is_restored: true, is_only_hook_failed: true, .. }) => {
            "restored, hook failed"
        }
        (Some(_), _) => "failed",
        (None, Done { is_renewed: true, is_deployed: true, .. }) => "renewed and deployed",
        (None, Done { is_renewed: true, .. }) => "renewed",
        (None, Done { is_restored: true, is_deployed: true, .. }) => "restored and deployed",
        (None, Done { is_restored: true, .. }) => "restored",
        (None, Done { is_deployed: true, .. }) => "deployed",
        (None, _) => "not due",
    };
    let error = failure.map_or_else(null, |failure| Json::Text(failure.cell()));
    let more = vec![
        ("result", Json::Text(result.to_owned())),
        ("renewed", Json::Other(done.is_renewed.to_string())),
        ("deployed", Json::Other(done.is_deployed.to_string())),
        ("error", error),
    ];
    pair.json(pair.on_disk().ok().flatten().as_ref(), more)
}

/// Returns the exit status of a run with `count` pairs, as [`Exit::of_all`] does. `failures`
/// contains one list per failed pair. Only the first failure in each list is used.
fn status(count: usize, failures: &[Vec<Failure>]) -> Exit {
    Exit::of_all(count, failures.iter().filter_map(|of_pair| of_pair.first()).map(Failure::exit))
}

/// Prints all failures and returns the exit status. `failures` contains one list per failed pair.
/// If there is only one pair, and it has only one failure, returns that failure as an error
/// instead.
fn end(
    context: &Context<TinyCert>,
    count: usize,
    failures: Vec<Vec<Failure>>,
) -> Result<Exit, Failure> {
    let exit = status(count, &failures);
    let mut failures: Vec<Failure> = failures.into_iter().flatten().collect();
    if count <= 1 && failures.len() == 1 {
        return failures.pop().map_or(Ok(exit), Err);
    }
    for failure in &failures {
        let text = match context.output.format() {
            Format::Json | Format::Jsonl => failure.json().to_string(),
            Format::Table | Format::Csv => format!("tinycert: {failure}"),
        };
        let _ = writeln!(io::stderr(), "{text}");
    }
    // The message of such a failure says that a write may have been carried out.
    if failures.iter().any(|failure| failure.exit() == Exit::Unknown) {
        context.outcome_shown();
    }
    Ok(exit)
}

impl Renew {
    fn renew(
        &self,
        pair: &mut Pair,
        server: &mut Server<'_>,
        now: UnixTime,
    ) -> Result<(), Failure> {
        let contents = pair.contents()?;
        pair.note_damage(server.context, &contents);
        match pair.is_due(contents.usable().as_ref(), self.within, now) {
            true => pair.refresh(server.session()?, self.within, now),
            false => Ok(()),
        }
    }

    /// Adds the certificates of the account that expire within the time of `--within` and are not
    /// recorded yet. If a certificate or a list of certificates cannot be read, adds the failure in
    /// place of a pair, so that the other pairs are still renewed.
    fn add_account(
        &self,
        folder: &Folder,
        pairs: &mut Vec<Result<Pair, Failure>>,
        server: &mut Server<'_>,
        now: UnixTime,
    ) {
        let context = server.context;
        let listed = server.session().and_then(|session| Ok((session, session.list_cas()?)));
        let (session, cas) = match listed {
            Ok(listed) => listed,
            Err(failure) => return pairs.push(Err(failure)),
        };
        let days = u32::try_from(self.within.as_secs().div_ceil(DAY)).unwrap_or(u32::MAX);
        for ca in cas {
            if context.terminated().is_some() {
                return;
            }
            let certs = match session.expiring_certs(ca.id, days) {
                Ok(certs) => certs,
                Err(error) => {
                    pairs.push(Err(Failure::from(error).about(&format!("CA {}", ca.id))));
                    continue;
                }
            };
            for cert in certs {
                if context.terminated().is_some() {
                    return;
                }
                // A certificate that has already expired may no longer be used.
                if cert.expires.is_none_or(|at| at <= now || !is_due(at, self.within, now)) {
                    continue;
                }
                let name = cert.name.unwrap_or_default();
                let is_recorded = pairs.iter().flatten().any(|Pair { record, .. }| {
                    [Some(record.cert_id), record.pending_cert_id].contains(&Some(cert.id))
                        || (record.ca_id, &record.name) == (ca.id, &name)
                });
                if is_recorded {
                    continue;
                }
                let same = pairs.iter().flatten().find(|pair| pair.has_files_of(&name));
                let pair = match same {
                    Some(Pair { record, .. }) => {
                        let problem = match record.name == name {
                            true => {
                                format!("the recorded pair belongs to a CA other than {}", ca.id)
                            }
                            false => {
                                format!("its file names are already used by `{}`", record.name)
                            }
                        };
                        Err(Failure::new(Exit::Usage, problem).about(&name))
                    }
                    None => folder.find(&name).and_then(|_| {
                        let details = session.get_cert_details(cert.id);
                        let sans = details.map_err(|error| Failure::from(error).about(&name))?.sans;
                        Ok(folder.pair(Record::new(&name, ca.id, cert.id, &sans)))
                    }),
                };
                pairs.push(pair);
            }
        }
    }

    /// Prints the actions of a run without carrying them out (`--dry-run`).
    fn describe(
        &self,
        context: &Context<TinyCert>,
        pairs: Vec<Result<Pair, Failure>>,
        now: UnixTime,
    ) -> Result<Exit, Failure> {
        let (count, mut failures) = (pairs.len(), Vec::new());
        for pair in pairs {
            let describe = |pair: &Pair| -> Result<(), Failure> {
                let Record { name, cert_id, .. } = &pair.record;
                pair.check_existing()?;
                let contents = pair.contents()?;
                pair.note_damage(context, &contents);
                let is_other = |pending: CertId| pending != *cert_id;
                let verb = match pair.is_written_again(&contents, self.within, now) {
                    true if !pair.record.pending_cert_id.is_some_and(is_other) => "restore",
                    _ => "renew",
                };
                let on_disk = contents.usable();
                let is_due = pair.is_due(on_disk.as_ref(), self.within, now);
                if is_due {
                    context.note(&format!("dry run: would {verb} certificate {cert_id} of {name}"));
                }
                let is_undeployed = on_disk.is_some_and(|found| pair.is_undeployed(&found, now));
                if self.hook.command.is_some() && (is_due || is_undeployed) {
                    context.note(&format!("dry run: would run the deploy hook for {name}"));
                }
                Ok(())
            };
            let described = pair.and_then(|pair| {
                describe(&pair).map_err(|failure| failure.about(&pair.record.name))
            });
            failures.extend(described.err().map(|failure| vec![failure]));
        }
        end(context, count, failures)
    }
}

impl Run<TinyCert> for Status {
    fn run(self, context: &Context<TinyCert>) -> Result<Exit, Failure> {
        let columns: &[Column] = &[
            ("name", "name"),
            ("certificate", "cert_id"),
            ("expires", "expires"),
            ("days left", "days_left"),
            ("deployed", "deployed"),
            ("state", "state"),
        ];
        context.output.check_fields(columns, &["ca_id", "chain", "key", "names"])?;
        let now = UnixTime::from(now()?);
        let pairs = Folder::open(&self.dir.path)?.pairs()?;
        note_empty(context, &self.dir, &pairs);
        let mut list = context.output.list(columns)?;
        let (count, mut failures) = (pairs.len(), Vec::new());
        for pair in pairs {
            let row = pair.and_then(|pair| {
                let contents = pair.contents()?;
                pair.note_damage(context, &contents);
                let state = match &contents {
                    OnDisk::Missing => "missing",
                    OnDisk::Damaged(..) => "damaged",
                    OnDisk::Intact(found) | OnDisk::Unchecked(found) if found.expires <= now => {
                        "expired"
                    }
                    OnDisk::Unchecked(_) => "unchecked",
                    OnDisk::Intact(_) => "valid",
                };
                let on_disk = contents.usable();
                let left =
                    |found: &Certificate| found.expires.seconds().saturating_sub(now.seconds());
                let left = on_disk.as_ref().map(left);
                let left = left.map(|left| Json::Other(left.div_euclid(86_400).to_string()));
                let is_deployed = match (&pair.record.deployed_serial, &on_disk) {
                    (Some(serial), Some(found)) => {
                        Json::Other((*serial == found.serial).to_string())
                    }
                    (None, _) | (_, None) => null(),
                };
                let names = pair.record.names.iter().cloned().map(Json::Text).collect();
                let more = vec![
                    ("days_left", left.unwrap_or_else(null)),
                    ("names", Json::List(names)),
                    ("deployed", is_deployed),
                    ("state", Json::Text(state.to_owned())),
                ];
                Ok(pair.json(on_disk.as_ref(), more))
            });
            match row {
                Ok(row) => list.push(&row)?,
                Err(failure) => failures.push(vec![failure]),
            }
        }
        list.end()?;
        end(context, count, failures)
    }
}

/// Returns whether a certificate on disk remains valid for more than 30 days. If so, `issue` and
/// `adopt` keep it.
pub(crate) fn is_valid(on_disk: &Certificate, now: UnixTime) -> bool {
    !is_due(on_disk.expires, MONTH, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_certificate_is_requested_only_if_it_can_expire_after_the_one_on_disk() {
        let at = |day: i64| UnixTime::from_seconds(day * 86_400);
        let certificate = |from: i64, until: i64| Certificate {
            subject: String::new(),
            issuer: String::new(),
            serial: String::new(),
            names: Vec::new(),
            not_before: at(from),
            expires: at(until),
            key: String::new(),
        };
        // The CA has shortened the validity to 90 days.
        let new = Downloaded {
            cert_id: CertId::new(2),
            chain: String::new(),
            certificate: certificate(100, 190),
        };
        let old = certificate(0, 365);
        for (now, is_rejected, is_outlasted) in
            [(100, true, false), (200, true, false), (275, true, false), (276, true, true)]
        {
            let checked = new.check_expiry(Some(&old), at(now));
            assert_eq!(checked.is_err(), is_rejected, "{now}");
            assert_eq!(new.may_be_outlasted(Some(&old), at(now)), is_outlasted, "{now}");
        }
        for (old, now, is_rejected) in [
            (None, 189, false),
            (None, 190, true),
            (Some(certificate(0, 190)), 100, false),
            (Some(certificate(0, 191)), 100, true),
        ] {
            assert_eq!(new.check_expiry(old.as_ref(), at(now)).is_err(), is_rejected, "{now}");
        }
    }

    #[test]
    fn exit_status_counts_pairs() {
        let failed = |exits: &[Exit]| -> Vec<Failure> {
            exits.iter().map(|exit| Failure::new(*exit, "")).collect()
        };
        let (two, one) = (failed(&[Exit::Local, Exit::Local]), failed(&[Exit::Local]));
        assert_eq!(status(2, &[]), Exit::Done);
        assert_eq!(status(1, &[failed(&[Exit::Local, Exit::Local])]), Exit::Local);
        assert_eq!(status(1, &[failed(&[Exit::Rejected, Exit::Local])]), Exit::Rejected);
        assert_eq!(status(2, &[failed(&[Exit::Local, Exit::Local])]), Exit::Partial);
        assert_eq!(status(2, &[two, one]), Exit::Local);
        assert_eq!(status(2, &[failed(&[Exit::Local]), failed(&[Exit::Usage])]), Exit::Partial);
    }
}
