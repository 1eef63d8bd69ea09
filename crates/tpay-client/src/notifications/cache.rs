//! A cache of fetched certificates, by the name of their file.
//!
//! Names come from messages that are not verified yet, so anybody can make them up:
//!
//! - each name has its own pause, so that junk of one name does not block another name;
//! - the usual names are not counted and never evicted, so that junk of other names never blocks
//!   them;
//! - the number of other names that never verified a message is bounded, and they never evict a
//!   name that did. The oldest of them is evicted after its pause;
//! - within a name, a certificate that never verified a message never evicts one that did;
//! - no lock is held during a fetch, and only messages that no cached certificate verifies wait
//!   for one, except in the thread that fetches.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use api_auth::jws::Certificate;

/// The time for which a certificate is used before it is fetched again.
const KEPT: Duration = Duration::from_secs(3600);
/// The pause between two fetches of one name.
const PAUSE: Duration = Duration::from_secs(10);
/// The maximum number of unusual names that never verified a message.
const MOST_UNVERIFIED: usize = 16;
/// The maximum number of certificates of a name that verified a message. One more that did not is
/// cached: the newest.
const MOST_VERIFIED: usize = 2;

#[derive(Debug)]
pub(super) struct Cache {
    /// The names that are always admitted.
    usual: &'static [&'static str],
    entries: Mutex<Vec<Entry>>,
    fetched: Condvar,
}

#[derive(Debug, Default)]
struct Entry {
    name: String,
    /// The newest first.
    certificates: Vec<Cached>,
    /// When the newest was fetched.
    fetched: Option<SystemTime>,
    /// When the last fetch ended or, during a fetch, began.
    asked: Option<SystemTime>,
    is_fetching: bool,
    /// The number of fetches that succeeded.
    successes: u64,
}

#[derive(Debug)]
struct Cached {
    certificate: Arc<Certificate>,
    has_verified: bool,
}

/// The result of a claim to fetch a name.
#[derive(Debug)]
pub(super) enum Claim<'a> {
    /// The caller must fetch it.
    Fetch(Fetch<'a>),
    /// Another thread fetches it.
    Running(Running<'a>),
    /// The pause of the name is not over, or the cache has no room for another name.
    Paused,
}

impl Entry {
    fn is_paused(&self, now: SystemTime) -> bool {
        self.is_fetching || is_within(self.asked, PAUSE, now)
    }

    fn has_verified(&self) -> bool {
        self.certificates.iter().any(|cached| cached.has_verified)
    }

    fn certificates(&self) -> Vec<Arc<Certificate>> {
        self.certificates.iter().map(|cached| cached.certificate.clone()).collect()
    }

    /// Caches a fetched certificate as the newest.
    fn insert(&mut self, certificate: Certificate) {
        let known = self.certificates.iter().position(|cached| *cached.certificate == certificate);
        let newest = match known {
            Some(at) => self.certificates.remove(at),
            None => Cached { certificate: Arc::new(certificate), has_verified: false },
        };
        self.certificates.insert(0, newest);
        self.trim();
    }

    /// Removes the oldest verified certificates above the limit, and all unverified ones but the
    /// newest certificate.
    fn trim(&mut self) {
        let (mut at, mut verified) = (0, 0);
        self.certificates.retain(|cached| {
            at += 1;
            verified += usize::from(cached.has_verified);
            if cached.has_verified { verified <= MOST_VERIFIED } else { at == 1 }
        });
    }
}

/// Returns whether a time is less than a span away. After the clock is set back, entries do not
/// stay forever.
fn is_within(time: Option<SystemTime>, span: Duration, now: SystemTime) -> bool {
    let distance = |time| now.duration_since(time).unwrap_or_else(|error| error.duration());
    time.map(distance).is_some_and(|age| age < span)
}

impl Cache {
    /// Creates a cache that always admits the `usual` names.
    pub(super) fn new(usual: &'static [&'static str]) -> Self {
        Self { usual, entries: Mutex::default(), fetched: Condvar::new() }
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, name: &str, read: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        self.entries().iter_mut().find(|entry| entry.name == name).map(read)
    }

    /// Returns the certificates of a name that need not be fetched again yet, the newest first.
    pub(super) fn fresh(&self, name: &str, now: SystemTime) -> Vec<Arc<Certificate>> {
        let fresh = |entry: &mut Entry| {
            if is_within(entry.fetched, KEPT, now) { entry.certificates() } else { Vec::new() }
        };
        self.with(name, fresh).unwrap_or_default()
    }

    /// Returns all certificates of a name, the newest first.
    pub(super) fn all(&self, name: &str) -> Vec<Arc<Certificate>> {
        self.with(name, |entry| entry.certificates()).unwrap_or_default()
    }

    /// Notes that a certificate of this name verified a message.
    pub(super) fn verified(&self, name: &str, certificate: &Arc<Certificate>) {
        self.with(name, |entry| {
            let mut certificates = entry.certificates.iter_mut();
            if let Some(cached) = certificates.find(|cached| cached.certificate == *certificate)
                && !cached.has_verified
            {
                cached.has_verified = true;
                entry.trim();
            }
        });
    }

    /// Claims the fetch of a name.
    pub(super) fn claim<'a>(&'a self, name: &'a str, now: SystemTime) -> Claim<'a> {
        let mut entries = self.entries();
        if let Some(entry) = entries.iter_mut().find(|entry| entry.name == name) {
            if entry.is_fetching {
                let successes = entry.successes;
                return Claim::Running(Running { cache: self, name, successes });
            }
            if entry.is_paused(now) {
                return Claim::Paused;
            }
            (entry.is_fetching, entry.asked) = (true, Some(now));
        } else if self.make_room(&mut entries, name, now) {
            let name = name.to_owned();
            let entry = Entry { name, is_fetching: true, asked: Some(now), ..Entry::default() };
            entries.push(entry);
        } else {
            return Claim::Paused;
        }
        Claim::Fetch(Fetch { cache: self, name })
    }

    /// Evicts the oldest name that never verified a message, if there are too many of them and it
    /// is not paused. Returns whether there is room for `name`.
    fn make_room(&self, entries: &mut Vec<Entry>, name: &str, now: SystemTime) -> bool {
        let counts = |entry: &Entry| {
            !entry.has_verified() && self.usual.iter().all(|usual| *usual != entry.name)
        };
        let is_usual = self.usual.contains(&name);
        if is_usual || entries.iter().filter(|entry| counts(entry)).count() < MOST_UNVERIFIED {
            return true;
        }
        let oldest = entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| counts(entry) && !entry.is_paused(now))
            .map(|(at, entry)| (entry.asked, at))
            .min();
        if let Some((_, at)) = oldest {
            entries.remove(at);
        }
        oldest.is_some()
    }
}

/// A fetch that another thread makes.
#[derive(Debug)]
pub(super) struct Running<'a> {
    cache: &'a Cache,
    name: &'a str,
    successes: u64,
}

impl Running<'_> {
    /// Waits until the fetch ends. Returns whether it succeeded.
    pub(super) fn wait(self) -> bool {
        let mut entries = self.cache.entries();
        loop {
            let entry = entries.iter().find(|entry| entry.name == self.name);
            match entry {
                Some(entry) if entry.successes != self.successes => return true,
                Some(entry) if entry.is_fetching => {}
                _ => return false,
            }
            entries = self.cache.fetched.wait(entries).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A fetch that this thread makes. It ends when this is dropped, also after a panic.
#[derive(Debug)]
pub(super) struct Fetch<'a> {
    cache: &'a Cache,
    name: &'a str,
}

impl Fetch<'_> {
    /// Ends the fetch at `now`, with a certificate unless it failed. The pause counts from here,
    /// so that a fetch that took long and failed is not repeated at once.
    pub(super) fn end(self, certificate: Option<Certificate>, now: SystemTime) {
        self.cache.with(self.name, |entry| {
            entry.asked = Some(now);
            if let Some(certificate) = certificate {
                entry.fetched = Some(now);
                entry.successes += 1;
                entry.insert(certificate);
            }
        });
    }
}

impl Drop for Fetch<'_> {
    fn drop(&mut self) {
        self.cache.with(self.name, |entry| entry.is_fetching = false);
        self.cache.fetched.notify_all();
    }
}
