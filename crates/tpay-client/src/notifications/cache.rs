//! Certificates that were fetched, by the name of their file.
//!
//! Names come from messages that are not verified yet, so anybody can make them up:
//!
//! - each name has a pause of its own, so that junk of one name does not keep another one out;
//! - the number of names that never verified anything is bounded, and they never displace a name
//!   that did;
//! - no lock is held during a fetch, and only messages that no kept certificate verifies wait for
//!   one;
//! - the certificate before the last is kept as well, for messages that were signed before it was
//!   replaced.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use api_auth::Result;
use api_auth::jws::Certificate;

/// How long a certificate is used before it is fetched again.
const KEPT: Duration = Duration::from_secs(3600);
/// The pause between two fetches of one name.
const PAUSE: Duration = Duration::from_secs(10);
/// The most names that never verified anything, and the most certificates of a name.
const MOST_UNVERIFIED: usize = 16;
const MOST_CERTIFICATES: usize = 2;

#[derive(Debug, Default)]
pub(super) struct Cache {
    entries: Mutex<Vec<Entry>>,
    fetched: Condvar,
}

#[derive(Debug)]
struct Entry {
    name: String,
    /// The newest first.
    certificates: Vec<Certificate>,
    /// When the newest was fetched.
    fetched: Option<SystemTime>,
    /// When a fetch ended or began.
    asked: Option<SystemTime>,
    is_fetching: bool,
    has_verified: bool,
}

/// What a fetch found.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// This thread or another one fetched a certificate.
    Certificate,
    /// Nothing was fetched, since the last fetch was a moment ago.
    Paused,
}

impl Entry {
    fn is_paused(&self, now: SystemTime) -> bool {
        self.is_fetching || is_within(self.asked, PAUSE, now)
    }
}

/// Whether a time is less than a span away. A clock that was set back does not keep anything for
/// ever.
fn is_within(time: Option<SystemTime>, span: Duration, now: SystemTime) -> bool {
    let distance = |time| now.duration_since(time).unwrap_or_else(|error| error.duration());
    time.map(distance).is_some_and(|age| age < span)
}

impl Cache {
    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The certificates of a name that need not be fetched again yet.
    pub(super) fn fresh(&self, name: &str, now: SystemTime) -> Vec<Certificate> {
        let entries = self.entries();
        let entry = entries.iter().find(|entry| entry.name == name);
        let entry = entry.filter(|entry| is_within(entry.fetched, KEPT, now));
        entry.map(|entry| entry.certificates.clone()).unwrap_or_default()
    }

    /// All certificates of a name.
    pub(super) fn kept(&self, name: &str) -> Vec<Certificate> {
        let entries = self.entries();
        let entry = entries.iter().find(|entry| entry.name == name);
        entry.map(|entry| entry.certificates.clone()).unwrap_or_default()
    }

    /// Notes that a certificate of this name verified a message.
    pub(super) fn verified(&self, name: &str) {
        if let Some(entry) = self.entries().iter_mut().find(|entry| entry.name == name) {
            entry.has_verified = true;
        }
    }

    /// Fetches the certificate of a name, unless that was done a moment ago. A thread that comes
    /// while another one fetches the same name waits for it.
    pub(super) fn fetch(
        &self,
        name: &str,
        now: &dyn Fn() -> SystemTime,
        fetch: impl FnOnce() -> Result<Certificate>,
    ) -> Result<Found> {
        let mut entries = self.entries();
        let mut waited = false;
        while entries.iter().any(|entry| entry.name == name && entry.is_fetching) {
            waited = true;
            entries = self.fetched.wait(entries).unwrap_or_else(PoisonError::into_inner);
        }
        let begin = now();
        if let Some(entry) = entries.iter_mut().find(|entry| entry.name == name) {
            if entry.is_paused(begin) {
                let has_come = waited && is_within(entry.fetched, PAUSE, begin);
                return Ok(if has_come { Found::Certificate } else { Found::Paused });
            }
            entry.is_fetching = true;
            entry.asked = Some(begin);
        } else if make_room(&mut entries, begin) {
            entries.push(Entry {
                name: name.to_owned(),
                certificates: Vec::new(),
                fetched: None,
                asked: Some(begin),
                is_fetching: true,
                has_verified: false,
            });
        } else {
            return Ok(Found::Paused);
        }
        drop(entries);
        // Also if `fetch` panics, the next thread may try.
        let _done = Done { cache: self, name };
        let result = fetch();
        let end = now();
        if let Some(entry) = self.entries().iter_mut().find(|entry| entry.name == name) {
            // Counted from the end: a fetch that took long and failed is not repeated at once.
            entry.asked = Some(end);
            if let Ok(certificate) = &result {
                entry.fetched = Some(end);
                if entry.certificates.first() != Some(certificate) {
                    entry.certificates.insert(0, certificate.clone());
                    entry.certificates.truncate(MOST_CERTIFICATES);
                }
            }
        }
        result.map(|_| Found::Certificate)
    }
}

/// Removes the oldest name that never verified anything, if there are too many of them and it is
/// not paused.
fn make_room(entries: &mut Vec<Entry>, now: SystemTime) -> bool {
    if entries.iter().filter(|entry| !entry.has_verified).count() < MOST_UNVERIFIED {
        return true;
    }
    let is_free = |entry: &Entry| !entry.has_verified && !entry.is_paused(now);
    let oldest = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| is_free(entry))
        .map(|(at, entry)| (entry.asked, at))
        .min();
    match oldest {
        Some((_, at)) => {
            entries.remove(at);
            true
        }
        None => false,
    }
}

/// Ends a fetch.
struct Done<'a> {
    cache: &'a Cache,
    name: &'a str,
}

impl Drop for Done<'_> {
    fn drop(&mut self) {
        let mut entries = self.cache.entries();
        if let Some(entry) = entries.iter_mut().find(|entry| entry.name == self.name) {
            entry.is_fetching = false;
        }
        drop(entries);
        self.cache.fetched.notify_all();
    }
}
