//! A cache of fetched certificates, keyed by file name.
//!
//! The names are taken from messages that have not been verified yet, so any sender can choose
//! them. Therefore:
//!
//! - each name has its own pause between fetches, so that invalid messages with one name do not
//!   block messages with another name;
//! - the names that the provider uses are not counted and never evicted, so that invalid messages
//!   with other names do not block genuine messages;
//! - any other name is unverified until one of its certificates has verified a message. The number
//!   of unverified names is limited: a new one evicts only the oldest unverified name, and only
//!   after the pause of that name;
//! - all fetches for unverified names share one budget. If more messages require a fetch than the
//!   budget allows, the fetches are assigned at random, so that no sender can use the whole budget
//!   by timing its messages;
//! - a certificate that has not verified a message never evicts a certificate of the same name that
//!   has;
//! - no lock is held during a fetch. Other threads wait for the fetch only if no cached certificate
//!   verifies their message.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use api_auth::jws::Certificate;

/// The time for which a cached certificate is used before it is fetched again: one hour.
const TTL: Duration = Duration::from_secs(3600);
/// The minimum pause between two fetches for one name: ten seconds.
const PAUSE: Duration = Duration::from_secs(10);
/// The maximum number of unverified names in the cache; see [`Cache::is_unverified`].
const MAX_UNVERIFIED: usize = 16;
/// The maximum number of fetches for unverified names in a burst; see [`Cache::is_unverified`].
const MAX_FETCHES: u64 = 16;
/// The interval after which one more fetch for an unverified name is allowed; see
/// [`Cache::is_unverified`].
const FETCH_INTERVAL: Duration = Duration::from_secs(10);
/// The maximum number of rejected claims that are counted to assign the budget at random.
const MAX_REJECTIONS: usize = 256;
/// The maximum number of certificates that are cached for a name because they verified a message.
/// The newest certificate is cached as well, even if it has not verified a message.
const MAX_VERIFIED: usize = 2;

#[derive(Debug)]
pub(super) struct Cache {
    /// The file names that the provider uses. Their certificates are always cached and need no
    /// budget.
    usual: &'static [&'static str],
    state: Mutex<State>,
    fetched: Condvar,
}

#[derive(Debug)]
struct State {
    entries: Vec<Entry>,
    budget: Budget,
}

/// The budget of fetches for unverified names; see [`Cache::is_unverified`].
#[derive(Debug)]
struct Budget {
    /// The number of fetches that are allowed now, at most [`MAX_FETCHES`].
    fetches: u64,
    /// The start of the current [`FETCH_INTERVAL`], at the end of which one more fetch is allowed.
    saved_since: SystemTime,
    /// The times at which claims were rejected, the newest last.
    rejections: VecDeque<SystemTime>,
    /// The number of decisions that were made at random. The hash of this number determines the
    /// next decision.
    decisions: u64,
    random: RandomState,
}

#[derive(Debug, Default)]
struct Entry {
    name: String,
    /// The certificates, the newest first.
    certificates: Vec<Cached>,
    /// The time at which the newest certificate was fetched.
    fetched: Option<SystemTime>,
    /// The time at which the last fetch ended, or at which the current fetch began.
    requested: Option<SystemTime>,
    is_fetching: bool,
    /// The number of fetches that succeeded.
    successes: u64,
}

#[derive(Debug)]
struct Cached {
    certificate: Arc<Certificate>,
    has_verified: bool,
}

/// The result of a claim to fetch the certificate of a name.
#[derive(Debug)]
pub(super) enum Claim<'a> {
    /// The caller must fetch the certificate.
    Fetch(Fetch<'a>),
    /// Another thread is fetching the certificate.
    Running(Running<'a>),
    /// The certificate must not be fetched now: the pause of the name has not ended, or there is no
    /// budget or capacity for one more name.
    Paused,
}

impl Entry {
    fn is_paused(&self, now: SystemTime) -> bool {
        self.is_fetching || is_within(self.requested, PAUSE, now)
    }

    fn has_verified(&self) -> bool {
        self.certificates.iter().any(|cached| cached.has_verified)
    }

    fn certificates(&self) -> Vec<Arc<Certificate>> {
        self.certificates.iter().map(|cached| cached.certificate.clone()).collect()
    }

    /// Caches a fetched certificate as the newest one.
    fn insert(&mut self, certificate: Certificate) {
        let known = self.certificates.iter().position(|cached| *cached.certificate == certificate);
        let newest = match known {
            Some(at) => self.certificates.remove(at),
            None => Cached { certificate: Arc::new(certificate), has_verified: false },
        };
        self.certificates.insert(0, newest);
        self.trim();
    }

    /// Removes the oldest certificates that have verified a message, if there are more than
    /// [`MAX_VERIFIED`]. Also removes the certificates that have not verified a message, except the
    /// newest certificate.
    fn trim(&mut self) {
        let (mut at, mut verified) = (0, 0);
        self.certificates.retain(|cached| {
            at += 1;
            verified += usize::from(cached.has_verified);
            if cached.has_verified { verified <= MAX_VERIFIED } else { at == 1 }
        });
    }
}

/// Returns whether `time` differs from `now` by less than `span`, in either direction, so that the
/// age of entries is limited even if the clock is set back. Returns `false` if `time` is `None`.
fn is_within(time: Option<SystemTime>, span: Duration, now: SystemTime) -> bool {
    let distance = |time| now.duration_since(time).unwrap_or_else(|error| error.duration());
    time.map(distance).is_some_and(|age| age < span)
}

impl Budget {
    fn new() -> Self {
        Self {
            fetches: MAX_FETCHES,
            saved_since: SystemTime::UNIX_EPOCH,
            rejections: VecDeque::new(),
            decisions: 0,
            random: RandomState::new(),
        }
    }

    /// Takes one fetch from the budget. Returns `false` if no fetch is left, or if there are more
    /// claims than fetches and this claim is not selected at random.
    ///
    /// If no claim was rejected within the last [`FETCH_INTERVAL`], this claim gets a fetch if one
    /// is left. Otherwise, each claim gets a fetch with the same probability, which is about the
    /// share of the claims for which a fetch is allowed.
    fn take(&mut self, now: SystemTime) -> bool {
        self.refill(now);
        self.rejections.retain(|rejected| is_within(Some(*rejected), FETCH_INTERVAL, now));
        let claims = u64::try_from(self.rejections.len()).unwrap_or(u64::MAX).saturating_add(1);
        let is_granted = self.fetches >= claims || self.below(claims) < self.fetches;
        if is_granted {
            self.fetches = self.fetches.saturating_sub(1);
        } else {
            if self.rejections.len() >= MAX_REJECTIONS {
                self.rejections.pop_front();
            }
            self.rejections.push_back(now);
        }
        is_granted
    }

    fn refill(&mut self, now: SystemTime) {
        let Ok(elapsed) = now.duration_since(self.saved_since) else {
            // The clock was set back.
            self.saved_since = now;
            return;
        };
        let more = elapsed.as_secs() / FETCH_INTERVAL.as_secs();
        self.fetches = self.fetches.saturating_add(more).min(MAX_FETCHES);
        let saved = Duration::from_secs(more * FETCH_INTERVAL.as_secs());
        let saved_since = self.saved_since.checked_add(saved);
        self.saved_since = saved_since.filter(|_| self.fetches < MAX_FETCHES).unwrap_or(now);
    }

    /// Returns a number below `limit` that no sender can predict.
    fn below(&mut self, limit: u64) -> u64 {
        self.decisions = self.decisions.wrapping_add(1);
        self.random.hash_one(self.decisions) % limit.max(1)
    }
}

impl Cache {
    /// Creates a cache. `usual` are the file names that the provider uses.
    pub(super) fn new(usual: &'static [&'static str]) -> Self {
        let state = State { entries: Vec::new(), budget: Budget::new() };
        Self { usual, state: Mutex::new(state), fetched: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, name: &str, read: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        self.state().entries.iter_mut().find(|entry| entry.name == name).map(read)
    }

    /// Returns the certificates of a name, the newest first, if the newest was fetched less than
    /// [`TTL`] ago. Otherwise, returns an empty list.
    pub(super) fn fresh(&self, name: &str, now: SystemTime) -> Vec<Arc<Certificate>> {
        let fresh = |entry: &mut Entry| {
            if is_within(entry.fetched, TTL, now) { entry.certificates() } else { Vec::new() }
        };
        self.with(name, fresh).unwrap_or_default()
    }

    /// Returns all certificates of a name, the newest first.
    pub(super) fn all(&self, name: &str) -> Vec<Arc<Certificate>> {
        self.with(name, |entry| entry.certificates()).unwrap_or_default()
    }

    /// Records that a certificate of this name verified a message.
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

    /// Claims the right to fetch the certificate of a name. At most one thread at a time gets the
    /// right for a name.
    pub(super) fn claim<'a>(&'a self, name: &'a str, now: SystemTime) -> Claim<'a> {
        let mut state = self.state();
        let State { entries, budget } = &mut *state;
        let known = entries.iter_mut().find(|entry| entry.name == name);
        let has_verified = known.as_ref().is_some_and(|entry| entry.has_verified());
        let needs_budget = !has_verified && !self.usual.contains(&name);
        if let Some(entry) = known {
            if entry.is_fetching {
                let successes = entry.successes;
                return Claim::Running(Running { cache: self, name, successes });
            }
            if entry.is_paused(now) || needs_budget && !budget.take(now) {
                return Claim::Paused;
            }
            (entry.is_fetching, entry.requested) = (true, Some(now));
        } else {
            if needs_budget && !(self.has_capacity(entries, now) && budget.take(now)) {
                return Claim::Paused;
            }
            if needs_budget {
                self.evict_oldest(entries, now);
            }
            let name = name.to_owned();
            let entry = Entry { name, is_fetching: true, requested: Some(now), ..Entry::default() };
            entries.push(entry);
        }
        Claim::Fetch(Fetch { cache: self, name })
    }

    /// Returns whether the name of an entry is unverified: it is not one of the usual names, and
    /// none of its certificates has verified a message.
    fn is_unverified(&self, entry: &Entry) -> bool {
        !entry.has_verified() && !self.usual.contains(&&*entry.name)
    }

    /// Returns whether the limit of unverified names is reached.
    fn is_full(&self, entries: &[Entry]) -> bool {
        entries.iter().filter(|entry| self.is_unverified(entry)).count() >= MAX_UNVERIFIED
    }

    /// Returns the position of the oldest unverified name that is not paused.
    fn oldest(&self, entries: &[Entry], now: SystemTime) -> Option<usize> {
        let evictable = entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| self.is_unverified(entry) && !entry.is_paused(now));
        evictable.min_by_key(|(at, entry)| (entry.requested, *at)).map(|(at, _)| at)
    }

    fn has_capacity(&self, entries: &[Entry], now: SystemTime) -> bool {
        !self.is_full(entries) || self.oldest(entries, now).is_some()
    }

    /// Evicts the oldest unverified name that is not paused, if the limit of unverified names is
    /// reached.
    fn evict_oldest(&self, entries: &mut Vec<Entry>, now: SystemTime) {
        if let Some(at) = self.oldest(entries, now).filter(|_| self.is_full(entries)) {
            entries.remove(at);
        }
    }
}

/// A fetch that another thread performs. The caller can wait for it.
#[derive(Debug)]
pub(super) struct Running<'a> {
    cache: &'a Cache,
    name: &'a str,
    successes: u64,
}

impl Running<'_> {
    /// Waits until the fetch ends. Returns whether it succeeded.
    pub(super) fn wait(self) -> bool {
        let mut state = self.cache.state();
        loop {
            let entry = state.entries.iter().find(|entry| entry.name == self.name);
            match entry {
                Some(entry) if entry.successes != self.successes => return true,
                Some(entry) if entry.is_fetching => {}
                _ => return false,
            }
            state = self.cache.fetched.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A fetch that this thread performs. It ends when this value is dropped, even after a panic.
#[derive(Debug)]
pub(super) struct Fetch<'a> {
    cache: &'a Cache,
    name: &'a str,
}

impl Fetch<'_> {
    /// Ends the fetch at `now`, with the certificate or, if it failed, without one. The pause
    /// starts at `now`, so that a long fetch that failed is not repeated immediately.
    pub(super) fn end(self, certificate: Option<Certificate>, now: SystemTime) {
        self.cache.with(self.name, |entry| {
            entry.requested = Some(now);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notifications::testing::{ANCHORS, CERTIFICATE};

    const USUAL: &str = "usual";
    /// The time from which times are measured.
    const START: u64 = 1_800_000_000;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(START + seconds)
    }

    /// Returns one of four different certificates.
    fn certificate(number: usize) -> Certificate {
        let production = include_str!("anchors/production.pem");
        let sandbox = include_str!("anchors/sandbox.pem");
        let pem = [CERTIFICATE, ANCHORS, production, sandbox][number];
        Certificate::from_pem(pem.as_bytes()).unwrap()
    }

    /// Sets the number of fetches that are allowed now.
    fn allow(cache: &Cache, fetches: u64, now: SystemTime) {
        let mut state = cache.state();
        state.budget = Budget { fetches, saved_since: now, ..Budget::new() };
    }

    /// Fetches a certificate if this is allowed. Returns whether it was fetched.
    fn fetch(cache: &Cache, name: &str, number: usize, now: SystemTime) -> bool {
        let Claim::Fetch(fetch) = cache.claim(name, now) else { return false };
        fetch.end(Some(certificate(number)), now);
        true
    }

    fn verify_newest(cache: &Cache, name: &str) {
        cache.verified(name, &cache.all(name)[0]);
    }

    #[test]
    fn newest_certificate_and_two_verified_ones_are_kept() {
        let cache = Cache::new(&[USUAL]);
        let kept = || -> Vec<usize> {
            let number = |kept: &Arc<Certificate>| (0..4).find(|n| certificate(*n) == **kept);
            cache.all(USUAL).iter().filter_map(number).collect()
        };
        for (step, (number, verifies, fetched, verified)) in [
            (0, false, &[0][..], &[0][..]),
            (1, true, &[1], &[1]),
            (2, true, &[2, 1], &[2, 1]),
            (3, true, &[3, 2, 1], &[3, 2]),
            (2, false, &[2, 3], &[2, 3]),
            (0, false, &[0, 2, 3], &[0, 2, 3]),
            (1, false, &[1, 2, 3], &[1, 2, 3]),
        ]
        .into_iter()
        .enumerate()
        {
            assert!(fetch(&cache, USUAL, number, at(10 * step as u64)), "{step}");
            assert_eq!(kept(), fetched, "{step}");
            if verifies {
                verify_newest(&cache, USUAL);
            }
            assert_eq!(kept(), verified, "{step}");
        }
    }

    #[test]
    fn usual_and_verified_names_need_no_budget() {
        let cache = Cache::new(&[USUAL]);
        assert!(fetch(&cache, "verified", 0, at(0)) && fetch(&cache, "other", 0, at(0)));
        verify_newest(&cache, "verified");
        allow(&cache, 0, at(10));
        for (name, is_allowed) in
            [(USUAL, true), ("verified", true), ("other", false), ("new", false)]
        {
            assert_eq!(fetch(&cache, name, 0, at(10)), is_allowed, "{name}");
        }
        allow(&cache, 1, at(10));
        assert!(fetch(&cache, "other", 0, at(10)) && !fetch(&cache, "new", 0, at(10)));
    }

    #[test]
    fn oldest_unverified_name_is_evicted_after_its_pause() {
        let cache = Cache::new(&[USUAL]);
        let is_known = |name: &str| cache.with(name, |_| ()).is_some();
        assert!(fetch(&cache, USUAL, 0, at(0)) && fetch(&cache, "verified", 0, at(0)));
        verify_newest(&cache, "verified");
        allow(&cache, MAX_FETCHES, at(0));
        for number in 0..MAX_UNVERIFIED {
            assert!(fetch(&cache, &format!("name {number}"), 0, at(0)), "{number}");
        }
        allow(&cache, MAX_FETCHES, at(9));
        assert!(!fetch(&cache, "new", 0, at(9)), "all names are paused");
        assert!(fetch(&cache, "new", 0, at(10)));
        for name in [USUAL, "verified", "name 1", "name 15", "new"] {
            assert!(is_known(name), "{name}");
        }
        assert!(!is_known("name 0"));
        assert!(fetch(&cache, "newer", 0, at(10)));
        assert!(is_known("new") && !is_known("name 1") && is_known("name 2"));
    }

    #[test]
    fn rejected_claims_are_counted_for_the_interval_up_to_a_limit() {
        let mut budget = Budget { fetches: 0, saved_since: at(0), ..Budget::new() };
        for number in 1..=MAX_REJECTIONS + 10 {
            assert!(!budget.take(at(0)));
            assert_eq!(budget.rejections.len(), number.min(MAX_REJECTIONS));
        }
        // The only claim in the interval gets the fetch that is allowed now.
        assert!(budget.take(at(10)));
        assert_eq!((budget.fetches, budget.rejections.len()), (0, 0));
    }

    #[test]
    fn time_is_saved_only_while_the_budget_is_not_full() {
        let mut budget = Budget::new();
        budget.refill(at(5));
        assert_eq!(budget.fetches, MAX_FETCHES);
        budget.fetches = 0;
        for (seconds, fetches) in [(14, 0), (15, 1), (24, 1), (35, 3), (1_000, MAX_FETCHES)] {
            budget.refill(at(seconds));
            assert_eq!(budget.fetches, fetches, "{seconds}");
        }
    }

    #[test]
    fn fetch_without_a_result_is_repeated_after_the_pause() {
        let cache = Cache::new(&[USUAL]);
        drop(cache.claim(USUAL, at(0)));
        assert!(!fetch(&cache, USUAL, 0, at(9)) && fetch(&cache, USUAL, 0, at(10)));
        drop(cache.claim(USUAL, at(20)));
        assert!(!fetch(&cache, USUAL, 0, at(29)) && fetch(&cache, USUAL, 0, at(30)));
    }

    #[test]
    fn waiting_ends_with_the_result_of_the_fetch() {
        let cache = Cache::new(&[USUAL]);
        for (fetched, now) in [(Some(certificate(0)), at(0)), (None, at(10))] {
            let Claim::Fetch(fetch) = cache.claim(USUAL, now) else { panic!("no fetch") };
            let Claim::Running(running) = cache.claim(USUAL, now) else { panic!("not running") };
            let is_success = fetched.is_some();
            fetch.end(fetched, now);
            assert_eq!(running.wait(), is_success);
        }
    }

    #[test]
    fn waiting_lasts_as_long_as_the_fetch() {
        let cache = Cache::new(&[USUAL]);
        let Claim::Fetch(fetch) = cache.claim(USUAL, at(0)) else { panic!("no fetch") };
        let Claim::Running(running) = cache.claim(USUAL, at(0)) else { panic!("not running") };
        std::thread::scope(|scope| {
            let (sender, started) = std::sync::mpsc::channel();
            let waiting = scope.spawn(move || {
                sender.send(()).unwrap();
                running.wait()
            });
            started.recv().unwrap();
            // The other thread gets time to end too early.
            for _ in 0..10_000 {
                assert!(!waiting.is_finished());
                std::thread::yield_now();
            }
            fetch.end(Some(certificate(0)), at(0));
            assert!(waiting.join().unwrap());
        });
    }
}
