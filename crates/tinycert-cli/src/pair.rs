//! Pairs of a certificate chain and a key in a folder, and their records.
//!
//! `issue` and `adopt` record a pair in `NAME.json` beside its files. A command holds the lock of
//! the folder while it changes files or records.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use cli_support::args::check_read;
use cli_support::{Exit, Failure, Section, TemporaryFile, files};
use serde::{Deserialize, Serialize};
use tinycert_client::files::{FileError, check_folder, lock_file};
use tinycert_client::{CaId, CertId, KeyPairFiles, San, Secret};

use crate::access;
use crate::file::certificates;
use crate::x509::Certificate;

/// The version of the record format.
const VERSION: u32 = 1;
/// The name of the file that is locked in place of its folder. It is never removed.
const LOCK: &str = ".tinycert.lock";
/// The maximum size in bytes of a file that is read in the folder. Records, chains and keys are
/// much smaller.
const MOST: u64 = 1 << 20;
/// The maximum number of attempts to read files that another run is replacing.
const MOST_TRIES: usize = 16;

/// A folder that contains pairs.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// The open folder. `None` if it does not exist yet, and on systems other than Unix.
    opened: Option<Rc<File>>,
    /// The lock of the folder, which is released on drop. `None` if the folder was opened only for
    /// reading.
    _lock: Option<File>,
    /// Gives the library time to remove its temporary files and locks after a signal. `None` if the
    /// folder was opened only for reading.
    _section: Option<Section>,
}

/// The record of a pair, which is stored as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The version of the record format.
    tinycert: u32,
    /// The common name of the certificate, such as `example.com`.
    pub(crate) name: String,
    /// The id of the CA that issued the certificate.
    pub(crate) ca_id: CaId,
    /// The id of the certificate in the files.
    pub(crate) cert_id: CertId,
    /// The id of the certificate that will replace the one in the files. `None` unless a run has
    /// begun to replace it.
    pub(crate) pending_cert_id: Option<CertId>,
    /// The alternative names of the certificate, such as `DNS:example.com`.
    pub(crate) names: Vec<String>,
    /// Whether the chain and the key are in one file.
    pub(crate) combined: bool,
    /// The mode of the key file in octal digits, such as `0640`.
    pub(crate) mode: Option<String>,
    /// The group of the key file, as a name or a number.
    pub(crate) group: Option<String>,
    /// The serial number of the certificate that was last written, in hexadecimal digits. `None` if
    /// none has been written yet.
    pub(crate) serial: Option<String>,
    /// The serial number of the certificate for which the deploy hook last succeeded. `None` if it
    /// has not succeeded yet.
    pub(crate) deployed_serial: Option<String>,
}

impl Record {
    pub(crate) fn new(name: &str, ca_id: CaId, cert_id: CertId, names: &[San]) -> Self {
        Self {
            tinycert: VERSION,
            name: name.to_owned(),
            ca_id,
            cert_id,
            pending_cert_id: None,
            names: names.iter().map(San::to_string).collect(),
            combined: false,
            mode: None,
            group: None,
            serial: None,
            deployed_serial: None,
        }
    }
}

/// The recorded mode and group of a key file.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyAccess {
    mode: Option<String>,
    group: Option<String>,
}

/// A pair of a certificate chain and a key in files, with its record.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) record: Record,
    folder: PathBuf,
    /// The open folder, as in [`Folder`].
    opened: Option<Rc<File>>,
    /// The record as it is on disk, or `None` if the pair is not recorded yet.
    written: Option<Record>,
    /// Whether this run has replaced the files.
    pub(crate) is_replaced: bool,
    /// Whether the deploy hook failed in this run.
    pub(crate) is_hook_failed: bool,
}

/// The content of the files of a pair.
#[derive(Debug)]
pub(crate) enum OnDisk {
    /// A file does not exist.
    Missing,
    /// The key does not belong to the certificate, the certificate is not the recorded one, or one
    /// of them is invalid or larger than [`MOST`]. The string is the reason, which begins with the
    /// path of a file. The certificate is `None` if the chain contains none.
    Damaged(Option<Certificate>, String),
    /// The recorded certificate and its key.
    Intact(Certificate),
    /// The recorded certificate, and a key that the current user must not read.
    Unchecked(Certificate),
}

impl OnDisk {
    /// Returns the certificate, unless the files are missing or damaged.
    pub(crate) fn usable(self) -> Option<Certificate> {
        match self {
            Self::Intact(found) | Self::Unchecked(found) => Some(found),
            Self::Missing | Self::Damaged(..) => None,
        }
    }
}

/// Returns the paths of the chain and the key for a certificate with this common name. They are the
/// same path if `combined` is set.
fn files(folder: &Path, name: &str, combined: bool) -> KeyPairFiles {
    match combined {
        true => KeyPairFiles::combined(folder.join(format!("{}.pem", stem(name)))),
        false => KeyPairFiles::for_name(folder, name),
    }
}

/// Returns the name of the folder of versions, to which the paths of the files are links.
fn versions(files: &KeyPairFiles) -> String {
    let key = files.key().file_name().unwrap_or_default().to_string_lossy();
    format!(".{key}.versions")
}

/// Returns the common part of the file names of a certificate, such as `_.example.com` for the
/// common name `*.example.com`.
fn stem(name: &str) -> String {
    let files = KeyPairFiles::for_name("", name);
    let key = files.key().to_string_lossy();
    key.strip_suffix(".key.pem").unwrap_or(&key).to_owned()
}

impl Folder {
    /// Opens a folder for reading, without locking it. Returns an error if the folder does not
    /// exist.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                let opened = access::open_folder(path);
                let opened = opened.map_err(|error| Failure::file(path, &error))?.map(Rc::new);
                Ok(Self { path: path.to_owned(), opened, _lock: None, _section: None })
            }
            Ok(_) => Err(at(path, "not a folder")),
            Err(error) => Err(Failure::file(path, &error)),
        }
    }

    /// Opens a folder for `--dry-run`, without locking it: checks that it can be written. Changes
    /// nothing.
    pub(crate) fn open_writable(path: &Path) -> Result<Self, Failure> {
        let folder = Self::open(path)?;
        check_writable(path)?;
        Ok(folder)
    }

    /// Opens a folder for `--dry-run` that may not exist yet: checks that it can be created and
    /// written. Changes nothing.
    pub(crate) fn plan(path: &Path) -> Result<Self, Failure> {
        match check_creatable(path)? {
            true => Self::open_writable(path),
            false => Ok(Self { path: path.to_owned(), opened: None, _lock: None, _section: None }),
        }
    }

    /// Creates a folder unless it exists, and locks it as [`lock`](Self::lock) does.
    pub(crate) fn create(path: &Path, most: Duration) -> Result<Self, Failure> {
        if !check_creatable(path)? {
            fs::create_dir_all(path).map_err(|error| Failure::file(path, &error))?;
        }
        Self::lock(path, most)
    }

    /// Opens and locks a folder for writing. Waits up to `most` for other runs to release the lock,
    /// and then removes the temporary files of killed runs.
    pub(crate) fn lock(path: &Path, most: Duration) -> Result<Self, Failure> {
        let folder = Self::open_writable(path)?;
        let lock = path.join(LOCK);
        let locked = open_lock(&lock).and_then(|file| lock_file(file, most));
        let locked = locked.map_err(|error| Failure::file(&lock, &error))?;
        let folder = Self { _lock: Some(locked), _section: Some(Section::begin()), ..folder };
        for name in folder.names()? {
            let draft = path.join(&name);
            let is_file = || fs::symlink_metadata(&draft).is_ok_and(|found| found.is_file());
            if is_draft(&name) && is_file() {
                fs::remove_file(&draft).map_err(|error| Failure::file(&draft, &error))?;
            }
        }
        Ok(folder)
    }

    /// Returns the sorted names in the folder. There are none if the folder does not exist yet.
    fn names(&self) -> Result<Vec<String>, Failure> {
        let failed = |error: io::Error| Failure::file(&self.path, &error);
        let mut names = Vec::new();
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(names),
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            names.extend(entry.map_err(failed)?.file_name().into_string().ok());
        }
        names.sort();
        Ok(names)
    }

    /// Returns all recorded pairs. For a record that cannot be used, returns the failure in its
    /// place. JSON files that are not records are skipped.
    pub(crate) fn pairs(&self) -> Result<Vec<Result<Pair, Failure>>, Failure> {
        let names = self.names()?;
        for name in names.iter().filter(|name| name.ends_with(".pem")) {
            check_read("--dir", &self.path.join(name))?;
        }
        let mut pairs = Vec::new();
        for name in names.iter().filter(|name| !name.starts_with('.') && name.ends_with(".json")) {
            if let Some(pair) = self.read(name).transpose() {
                check_read("--dir", &self.path.join(name))?;
                pairs.push(pair);
            }
        }
        Ok(pairs)
    }

    /// Returns the pair that is recorded for a common name, or `None`. Returns an error if a
    /// different pair uses the same file names.
    pub(crate) fn find(&self, name: &str) -> Result<Option<Pair>, Failure> {
        let stem = stem(name);
        if stem.is_empty() || stem.starts_with('.') {
            let problem = format!("`{name}`: this common name cannot be used as a file name");
            return Err(Failure::new(Exit::Usage, problem));
        }
        let record = format!("{stem}.json");
        let path = self.path.join(&record);
        check_read("--dir", &path)?;
        for files in [true, false].map(|combined| files(&self.path, name, combined)) {
            check_read("--dir", files.chain())?;
            check_read("--dir", files.key())?;
        }
        let is_other = |found: &String| *found != record && found.eq_ignore_ascii_case(&record);
        if let Some(other) = self.names()?.into_iter().find(is_other) {
            let problem = format!("its file names differ from those of {other} only in case");
            return Err(Failure::new(Exit::Usage, problem).about(name));
        }
        let pair = self.read(&record)?;
        match &pair {
            Some(other) if other.record.name != name => {
                let problem = format!("its file names are already used by `{}`", other.record.name);
                Err(Failure::new(Exit::Usage, problem).about(name))
            }
            None if path.exists() => Err(at(&path, "not a record of tinycert; rename it")),
            _ => Ok(pair),
        }
    }

    /// Creates a pair in this folder from a record that has not been written yet.
    pub(crate) fn pair(&self, record: Record) -> Pair {
        Pair {
            record,
            folder: self.path.clone(),
            opened: self.opened.clone(),
            written: None,
            is_replaced: false,
            is_hook_failed: false,
        }
    }

    fn read(&self, name: &str) -> Result<Option<Pair>, Failure> {
        let path = self.path.join(name);
        let file = match open_regular(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::file(&path, &error)),
        };
        let text = read_limited(&file).map_err(|error| Failure::file(&path, &error))?;
        // A larger JSON file belongs to another program.
        let Some(text) = text else { return Ok(None) };
        #[derive(Deserialize)]
        struct Version {
            tinycert: u32,
        }
        match serde_json::from_slice::<Version>(&text) {
            Ok(Version { tinycert: VERSION }) => {}
            Ok(_) => return Err(at(&path, "written by a later version of tinycert")),
            // The JSON file belongs to another program.
            Err(_) if serde_json::from_slice::<serde_json::Value>(&text).is_ok() => {
                return Ok(None);
            }
            Err(error) => return Err(at(&path, &error.to_string())),
        }
        access::check_owner(self.opened.as_deref(), &path, &file)?;
        let record: Record =
            serde_json::from_slice(&text).map_err(|error| at(&path, &error.to_string()))?;
        for (name, id) in [
            ("ca_id", Some(record.ca_id.number())),
            ("cert_id", Some(record.cert_id.number())),
            ("pending_cert_id", record.pending_cert_id.map(CertId::number)),
        ] {
            if id.is_some_and(|id| id < 1) {
                return Err(at(&path, &format!("{name}: must be a whole number of at least 1")));
            }
        }
        if let Some(Err(problem)) = record.mode.as_deref().map(access::mode) {
            return Err(at(&path, &format!("mode: {problem}")));
        }
        if format!("{}.json", stem(&record.name)) != name {
            return Err(at(&path, &format!("the record of `{}` was renamed", record.name)));
        }
        let written = Some(record.clone());
        Ok(Some(Pair {
            record,
            folder: self.path.clone(),
            opened: self.opened.clone(),
            written,
            is_replaced: false,
            is_hook_failed: false,
        }))
    }
}

fn at(path: &Path, problem: &str) -> Failure {
    Failure::new(Exit::Local, format!("{}: {problem}", path.display()))
}

/// Returns whether the folder exists. If it does not, checks that it can be created.
fn check_creatable(path: &Path) -> Result<bool, Failure> {
    let failed = |error: io::Error| Failure::file(path, &error);
    // The first of these folders that exists is the one in which a folder is created.
    for folder in path.ancestors() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        match fs::metadata(folder) {
            Ok(_) if folder == path => return Ok(true),
            Ok(_) => {
                let checked = check_folder(path).and_then(|()| files::check_writable(folder));
                return checked.map(|()| false).map_err(failed);
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            Err(_) if fs::symlink_metadata(folder).is_ok() => {
                return Err(at(folder, "a link to a folder that does not exist; remove it"));
            }
            Err(_) => {}
        }
    }
    Ok(false)
}

/// If the path is a link to a file, checks that files can be created in the folder in which the
/// file is replaced. `versions` is the name of the folder of versions: if the path is a link to a
/// version, the link to the current version is replaced in that folder.
fn check_target(path: &Path, versions: &str) -> Result<(), Failure> {
    if !fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
        return Ok(());
    }
    let Ok(mut target) = fs::canonicalize(path) else { return Ok(()) };
    if fs::read_link(path).is_ok_and(|link| link.starts_with(versions)) {
        target.pop();
    }
    let folder = target.parent().unwrap_or(&target);
    files::check_writable(folder).map_err(|error| Failure::file(folder, &error))
}

/// Checks that files can be created in a folder that no other user can replace, and that an existing
/// lock can be opened.
fn check_writable(path: &Path) -> Result<(), Failure> {
    let checked = check_folder(path).and_then(|()| files::check_writable(path));
    checked.map_err(|error| Failure::file(path, &error))?;
    let lock = path.join(LOCK);
    match fs::symlink_metadata(&lock) {
        Ok(found) if found.is_file() => {
            files::check_writable(&lock).map_err(|error| Failure::file(&lock, &error))
        }
        Ok(_) => Err(at(&lock, IRREGULAR)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::file(&lock, &error)),
    }
}

impl Pair {
    /// Returns whether the pair is recorded.
    pub(crate) fn is_recorded(&self) -> bool {
        self.written.is_some()
    }

    /// Returns the mode and the group of the record on disk.
    pub(crate) fn recorded_access(&self) -> KeyAccess {
        self.written.as_ref().map_or_else(KeyAccess::default, |record| KeyAccess {
            mode: record.mode.clone(),
            group: record.group.clone(),
        })
    }

    /// Sets the recorded mode and group on the key file. If that fails, records `old` instead, so
    /// that later runs do not fail for the same reason.
    pub(crate) fn set_access_or_keep(&mut self, old: KeyAccess) -> Result<(), Failure> {
        let result = self.set_access();
        if result.is_err() {
            (self.record.mode, self.record.group) = (old.mode, old.group);
            self.save()?;
        }
        result
    }

    /// Checks that the current user can set the recorded group of the key file. `is_option` means
    /// that it comes from `--group`, not from the record on disk.
    pub(crate) fn check_group(&self, is_option: bool) -> Result<(), Failure> {
        let Some(group) = &self.record.group else { return Ok(()) };
        access::check_group(group, self.files().key()).map_err(|failure| match is_option {
            true => failure.about("--group"),
            false => {
                let problem = format!("group: {}; use --group", failure.message());
                at(&self.record_path(), &problem)
            }
        })
    }

    fn record_path(&self) -> PathBuf {
        self.folder.join(format!("{}.json", stem(&self.record.name)))
    }

    /// Returns the paths of the chain and the key.
    pub(crate) fn files(&self) -> KeyPairFiles {
        files(&self.folder, &self.record.name, self.record.combined)
    }

    /// Checks that the files of the pair can be written, as [`check_existing`](Self::check_existing)
    /// does, and that temporary files can be created beside them.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.check_existing()?;
        self.files().check().map_err(file_failure)
    }

    /// Checks that the existing files of the pair can be replaced, without writing anything. If the
    /// pair is not recorded yet, they must not exist, because they are not files of this program.
    pub(crate) fn check_existing(&self) -> Result<(), Failure> {
        let files = self.files();
        let versions = versions(&files);
        access::check_link(self.opened.as_deref(), files.chain(), &versions)?;
        access::check_link(self.opened.as_deref(), files.key(), &versions)?;
        check_target(files.chain(), &versions)?;
        check_target(files.key(), &versions)?;
        let record = self.record_path();
        files::check_replaceable(&record).map_err(|error| Failure::file(&record, &error))?;
        let mut paths = [files.chain(), files.key()].into_iter();
        match paths.find(|path| fs::symlink_metadata(path).is_ok()) {
            Some(path) if !self.is_recorded() => {
                let problem = "exists and is not recorded; move it, or use another --dir";
                Err(Failure::new(Exit::Usage, format!("{}: {problem}", path.display())))
            }
            _ => Ok(()),
        }
    }

    /// Returns whether the files of a certificate with this common name would have the same names
    /// as those of this pair. Case is ignored, as on some file systems.
    pub(crate) fn has_files_of(&self, name: &str) -> bool {
        stem(&self.record.name).eq_ignore_ascii_case(&stem(name))
    }

    /// Returns the certificate in the files of the pair. Returns `None` if a file is missing, or if
    /// the files are damaged.
    pub(crate) fn on_disk(&self) -> Result<Option<Certificate>, Failure> {
        self.contents().map(OnDisk::usable)
    }

    /// Reads and checks the files of the pair.
    pub(crate) fn contents(&self) -> Result<OnDisk, Failure> {
        let files = self.files();
        // Returns `None` if the file does not exist, and a message if it is too large.
        let content = |path: &Path, read: io::Result<Option<Vec<u8>>>| match read {
            Ok(Some(bytes)) => Ok(Some(Ok(bytes))),
            Ok(None) => {
                Ok(Some(Err(format!("{}: is larger than {} MiB", path.display(), MOST >> 20))))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                // The path is a link into the folder of versions.
                Err(at(&self.folder.join(versions(&files)), "not a folder; remove it"))
            }
            Err(error) => Err(Failure::file(path, &error)),
        };
        let read_chain = || content(files.chain(), read(files.chain()));
        for _ in 0..MOST_TRIES {
            let chain = match read_chain()? {
                Some(Ok(chain)) => chain,
                Some(Err(problem)) => return Ok(OnDisk::Damaged(None, problem)),
                None => return Ok(OnDisk::Missing),
            };
            let found = certificates(&chain).map(|found| found.into_iter().next());
            let key = match read(files.key()) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => None,
                read => match content(files.key(), read)? {
                    // Other bytes than those of UTF-8 are not PEM.
                    Some(Ok(key)) => Some(Secret::new(String::from_utf8(key).unwrap_or_default())),
                    Some(Err(problem)) => {
                        return Ok(OnDisk::Damaged(found.ok().flatten(), problem));
                    }
                    None => return Ok(OnDisk::Missing),
                },
            };
            let text = String::from_utf8_lossy(&chain);
            let matched = key.as_ref().map(|key| files.check_match(&text, key));
            if let Some(Err(error)) = matched {
                // A run that has replaced the files in the meantime may have changed the key.
                if read_chain()?.and_then(Result::ok).as_ref() != Some(&chain) {
                    continue;
                }
                return Ok(OnDisk::Damaged(found.ok().flatten(), error.to_string()));
            }
            let chain = files.chain().display();
            return Ok(match found {
                Err(problem) => OnDisk::Damaged(None, format!("{chain}: {problem}")),
                Ok(None) => OnDisk::Damaged(None, format!("{chain}: contains no certificate")),
                Ok(Some(found)) => match self.mismatch(&found) {
                    Some(problem) => OnDisk::Damaged(Some(found), format!("{chain}: {problem}")),
                    None if key.is_none() => OnDisk::Unchecked(found),
                    None => OnDisk::Intact(found),
                },
            });
        }
        Err(at(files.chain(), "is being replaced by another program; retry"))
    }

    /// Returns how a certificate on disk differs from the record. While another certificate is
    /// pending, the one on disk can be either of the two, so that they are not compared.
    fn mismatch(&self, found: &Certificate) -> Option<String> {
        let Record { pending_cert_id: None, serial, .. } = &self.record else { return None };
        match serial {
            Some(serial) if *serial != found.serial => Some(format!(
                "has the certificate with the serial number {}, not the recorded {serial}",
                found.serial
            )),
            _ => self.missing_name(found).map(|name| format!("the certificate lacks {name}")),
        }
    }

    /// Returns a recorded name that a certificate does not contain. It may contain more names.
    pub(crate) fn missing_name(&self, found: &Certificate) -> Option<&str> {
        let contained: Vec<String> = found.names.iter().map(|name| name.to_lowercase()).collect();
        let names = self.record.names.iter().filter(|name| {
            let (kind, value) = name.split_once(':').unwrap_or_default();
            // The server may return names of other types, which this program does not know.
            match kind {
                "IP" => value.parse::<IpAddr>().is_ok(),
                kind => ["DNS", "email", "URI"].contains(&kind),
            }
        });
        names.map(String::as_str).find(|name| !contained.contains(&name.to_lowercase()))
    }

    /// Writes the record, unless the one on disk is the same.
    pub(crate) fn save(&mut self) -> Result<(), Failure> {
        if self.written.as_ref() == Some(&self.record) {
            return Ok(());
        }
        let path = self.record_path();
        let failed = |error: io::Error| Failure::file(&path, &error);
        let text = serde_json::to_string_pretty(&self.record).map_err(io::Error::other);
        replace(&path, &(text.map_err(failed)? + "\n"))?;
        self.written = Some(self.record.clone());
        Ok(())
    }

    /// Records that the certificate `cert_id` will replace the one on disk.
    pub(crate) fn begin(
        &mut self,
        cert_id: CertId,
        on_disk: Option<&Certificate>,
    ) -> Result<(), Failure> {
        self.record.pending_cert_id = Some(cert_id);
        self.record.serial = on_disk.map(|found| found.serial.clone());
        if on_disk.is_none() {
            // Servers may have loaded the damaged files, even if those get the same serial number.
            self.record.deployed_serial = None;
        }
        self.save()
    }

    /// Records that the pending certificate is now on disk.
    pub(crate) fn end(&mut self, on_disk: &Certificate) -> Result<(), Failure> {
        if let Some(cert_id) = self.record.pending_cert_id.take() {
            self.record.cert_id = cert_id;
        }
        self.record.serial = Some(on_disk.serial.clone());
        self.save()
    }

    /// Sets the recorded mode and group on the key file.
    pub(crate) fn set_access(&self) -> Result<(), Failure> {
        let (mode, group) = (self.record.mode.as_deref(), self.record.group.as_deref());
        let files = self.files();
        access::set(self.opened.as_deref(), files.key(), &versions(&files), mode, group)
    }
}

/// Converts an error that the library returned for the files of a pair.
pub(crate) fn file_failure(error: FileError) -> Failure {
    match error {
        FileError::Call(error) => error.into(),
        error => Failure::new(Exit::Local, error.to_string()),
    }
}

/// The problem with a pipe or a folder in the place of a file.
const IRREGULAR: &str = "not a regular file; remove it";

/// The suffix of the names of temporary files for records.
const DRAFT: &str = ".json.tmp";

/// Returns whether this is the name of a temporary file for a record: `.STEM.json.tmp`.
fn is_draft(name: &str) -> bool {
    let of = name.strip_prefix('.').and_then(|rest| rest.strip_suffix(DRAFT));
    of.is_some_and(|of| !of.is_empty() && !of.starts_with('.') && stem(of) == of)
}

/// Creates the record at `path`, or replaces it atomically. A replaced record keeps its owner,
/// group and mode.
fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::file(path, &error);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = path.parent().unwrap_or(Path::new("."));
    let draft = folder.join(format!(".{name}.tmp"));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // The group must not be able to write it, even if the umask allows that.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
    let draft = TemporaryFile::new(draft);
    let mut file = match options.open(draft.path()) {
        Ok(file) => file,
        Err(error) => {
            // The lock of the folder is held, so this is not the file of another run.
            let failure = match error.kind() {
                io::ErrorKind::AlreadyExists => at(draft.path(), IRREGULAR),
                _ => failed(error),
            };
            draft.keep();
            return Err(failure);
        }
    };
    access::keep(&file, path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(draft.path(), path).map_err(failed)?;
    draft.keep();
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    }
    Ok(())
}

/// Opens a file of the folder for reading. Returns an error if it is not a regular file. On Unix,
/// opening a named pipe does not block.
fn open_regular(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let file = options.open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other(IRREGULAR)),
    }
}

/// Reads a whole file. Returns `None` if it is larger than [`MOST`].
fn read_limited(file: &File) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes).filter(|bytes| bytes.len() as u64 <= MOST))
}

/// Reads a regular file. Returns `None` if it is larger than [`MOST`].
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    read_limited(&open_regular(path)?)
}

/// Opens the lock of a folder.
fn open_lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => options.open(path),
        created => created,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn group_that_cannot_be_set_is_not_recorded() {
        let path = std::env::temp_dir().join(format!("tinycert-pair-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let folder = Folder::open(&path).unwrap();
        let set = |pair: &mut Pair, mode: &str, group: Option<&str>| {
            let old = pair.recorded_access();
            (pair.record.mode, pair.record.group) =
                (Some(mode.to_owned()), group.map(str::to_owned));
            // The record is written before the files are replaced.
            pair.save().unwrap();
            let is_set = pair.set_access_or_keep(old).is_ok();
            let Record { mode, group, .. } = folder.find("a").unwrap().unwrap().record;
            (is_set, mode, group)
        };
        let mut pair = folder.pair(Record::new("a", CaId::new(1), CertId::new(1), &[]));
        fs::write(pair.files().key(), "").unwrap();
        assert_eq!(set(&mut pair, "0640", Some("no such group")), (false, None, None));
        let mode = Some("0600".to_owned());
        assert_eq!(set(&mut pair, "0600", None), (true, mode.clone(), None));
        assert_eq!(set(&mut pair, "0640", Some("no such group")), (false, mode, None));
        fs::remove_dir_all(&path).unwrap();
    }

    #[test]
    fn stem_is_the_name_in_characters_of_files() {
        for (name, expected) in
            [("a.example", "a.example"), ("*.a", "_.a"), ("a.key.pem", "a.key.pem")]
        {
            assert_eq!(stem(name), expected);
        }
        assert!(is_draft(".a.example.json.tmp"));
        for name in ["a.json.tmp", "..json.tmp", "..a.json.tmp", ".json.tmp", ".a b.json.tmp"] {
            assert!(!is_draft(name), "{name}");
        }
    }
}
