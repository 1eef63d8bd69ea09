//! A cache of DNS lookups.

use std::fmt;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use http::Uri;
use http::uri::{Authority, Scheme};
use ureq::config::Config;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::clock::Clock;

/// The time for which addresses are cached.
const KEPT: Duration = Duration::from_secs(30);
/// The maximum number of addresses of a host that ureq uses.
const MOST_ADDRESSES: usize = 16;

/// The error for a name that has no address or could not be looked up.
#[derive(Debug)]
pub(crate) struct Unresolved {
    host: String,
    reason: String,
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name {} has no address: {}", self.host, self.reason)
    }
}

impl std::error::Error for Unresolved {}

#[derive(Clone)]
pub(crate) struct CachingResolver {
    clock: Arc<dyn Clock>,
    names: Arc<Mutex<Vec<Name>>>,
}

/// A cached host, with its port and its addresses. The cache is a list of these, because a program
/// uses few hosts.
struct Name {
    secure: bool,
    authority: Authority,
    looked_up: SystemTime,
    addresses: Vec<SocketAddr>,
    /// The address of the last successful connection, which is tried first.
    connected: Option<SocketAddr>,
}

impl Name {
    /// Returns whether `uri` has this host, port and scheme, ignoring case.
    fn is_of(&self, uri: &Uri) -> bool {
        let is_same = |other: &Authority| {
            // Comparing without case takes longer.
            other.as_str() == self.authority.as_str() || *other == self.authority
        };
        uri.authority().is_some_and(is_same) && is_secure(uri) == self.secure
    }
}

fn is_secure(uri: &Uri) -> bool {
    uri.scheme() != Some(&Scheme::HTTP)
}

/// Returns the default port for a URL without a port. The scheme of a proxy may be `socks5` or
/// another one that begins with `socks`.
fn default_port(uri: &Uri) -> u16 {
    match uri.scheme_str() {
        Some("http") => 80,
        Some(scheme) if scheme.starts_with("socks") => 1080,
        _ => 443,
    }
}

impl CachingResolver {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, names: Arc::default() }
    }

    /// Clears the cache.
    pub(crate) fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Name>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline(never)]
    fn pack(&self, addresses: &[SocketAddr]) -> ResolvedSocketAddrs {
        let mut packed = self.empty();
        for address in addresses.iter().take(MOST_ADDRESSES) {
            packed.push(*address);
        }
        packed
    }

    /// Returns the cached addresses of `uri`, if they have not expired.
    fn kept(&self, uri: &Uri, now: SystemTime) -> Option<ResolvedSocketAddrs> {
        let names = self.lock();
        let name = names.iter().find(|name| name.is_of(uri))?;
        let is_new = now.duration_since(name.looked_up).is_ok_and(|age| age < KEPT);
        is_new.then(|| self.pack(&name.addresses))
    }

    pub(super) fn keep(&self, uri: &Uri, now: SystemTime, addresses: Vec<SocketAddr>) {
        let Some(authority) = uri.authority().cloned() else { return };
        let secure = is_secure(uri);
        let mut name = Name { secure, authority, looked_up: now, addresses, connected: None };
        let mut names = self.lock();
        match names.iter_mut().find(|other| other.is_of(uri)) {
            Some(other) => {
                name.connected = other.connected;
                *other = name;
            }
            None => names.push(name),
        }
    }

    /// Returns the address of the last successful connection to the host of `uri`, if it is known.
    pub(super) fn connected(&self, uri: &Uri) -> Option<SocketAddr> {
        self.lock().iter().find(|name| name.is_of(uri))?.connected
    }

    /// Records the address of a successful connection to the host of `uri`.
    pub(super) fn set_connected(&self, uri: &Uri, address: SocketAddr) {
        if let Some(name) = self.lock().iter_mut().find(|name| name.is_of(uri)) {
            name.connected = Some(address);
        }
    }
}

/// The result of a lookup in another thread.
#[derive(Default)]
struct LookUp {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
enum State {
    #[default]
    Running,
    Ended(Result<Vec<SocketAddr>, String>),
    /// The thread panicked.
    Failed,
}

impl LookUp {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the end of the lookup. Returns [`State::Running`] if it has not ended before the
    /// timeout.
    fn wait(&self, timeout: NextTimeout) -> State {
        let is_running = |state: &mut State| matches!(state, State::Running);
        let mut state = if timeout.after.is_not_happening() {
            let state = self.ended.wait_while(self.lock(), is_running);
            state.unwrap_or_else(PoisonError::into_inner)
        } else {
            let state = self.ended.wait_timeout_while(self.lock(), *timeout.after, is_running);
            state.unwrap_or_else(PoisonError::into_inner).0
        };
        std::mem::take(&mut *state)
    }
}

/// Ends a lookup when its thread ends, for any reason.
struct End(Arc<LookUp>);

impl Drop for End {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        if matches!(*state, State::Running) {
            *state = State::Failed;
        }
        self.0.ended.notify_one();
    }
}

/// Resolves a name in another thread, because a lookup has no timeout. ureq's resolver panics if
/// the thread cannot be started.
fn look_up(host: &str, port: u16, timeout: NextTimeout) -> Result<Vec<SocketAddr>, ureq::Error> {
    let look_up = Arc::new(LookUp::default());
    let end = End(look_up.clone());
    let name = host.to_owned();
    let work = move || {
        let result = match (name.as_str(), port).to_socket_addrs() {
            Ok(found) if found.len() == 0 => Err("it has no record of this kind".to_owned()),
            Ok(found) => Ok(found.collect()),
            Err(error) => Err(error.to_string()),
        };
        *end.0.lock() = State::Ended(result);
    };
    let unresolved = |reason: &str| {
        let (host, reason) = (host.to_owned(), reason.to_owned());
        ureq::Error::Other(Box::new(Unresolved { host, reason }))
    };
    if let Err(error) = thread::Builder::new().name("dns".to_owned()).spawn(work) {
        return Err(unresolved(&format!("no thread for the lookup can be started: {error}")));
    }
    match look_up.wait(timeout) {
        State::Ended(Ok(addresses)) => Ok(addresses),
        State::Ended(Err(reason)) => Err(unresolved(&reason)),
        State::Running => Err(ureq::Error::Timeout(timeout.reason)),
        State::Failed => Err(unresolved("the lookup failed")),
    }
}

impl Resolver for CachingResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let now = self.clock.now();
        if let Some(kept) = self.kept(uri, now) {
            return Ok(kept);
        }
        let host = uri.host().unwrap_or_default();
        let port = uri.port_u16().unwrap_or_else(|| default_port(uri));
        if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Ok(self.pack(&[SocketAddr::new(address, port)]));
        }
        let found = look_up(host, port, timeout)?;
        let packed = self.pack(&found);
        self.keep(uri, now, found);
        Ok(packed)
    }
}

impl fmt::Debug for CachingResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachingResolver").field("names", &self.lock().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn look_up(names: &CachingResolver, url: &str) -> usize {
        let uri = Uri::try_from(url).unwrap();
        names.resolve(&uri, &Config::default(), NextTimeout::default()).unwrap().len()
    }

    #[test]
    fn name_is_resolved_again_after_its_ttl() {
        let clock = ManualClock::at_unix(1_000_000);
        let names = CachingResolver::new(Arc::new(clock.clone()));
        assert!(look_up(&names, "http://localhost:1/") > 0);
        let looked_up = |names: &CachingResolver| names.lock()[0].looked_up;
        let first = looked_up(&names);
        clock.advance(Duration::from_secs(29));
        look_up(&names, "http://LOCALHOST:1/");
        assert_eq!(looked_up(&names), first);
        clock.advance(Duration::from_secs(1));
        look_up(&names, "http://localhost:1/");
        assert_eq!(looked_up(&names), clock.now());
        names.forget();
        assert_eq!(format!("{names:?}"), "CachingResolver { names: 0 }");
    }

    #[test]
    fn each_name_has_its_addresses_by_scheme_and_port() {
        let names = CachingResolver::new(Arc::new(ManualClock::at_unix(1)));
        for url in ["http://localhost/", "https://localhost/", "http://localhost:1/"] {
            look_up(&names, url);
            look_up(&names, url);
        }
        let port = |url: &str| {
            let kept = names.kept(&Uri::try_from(url).unwrap(), SystemTime::UNIX_EPOCH);
            assert!(kept.is_none(), "entries of a later time are not used");
            let now = names.clock.now();
            names.kept(&Uri::try_from(url).unwrap(), now).map(|kept| kept[0].port())
        };
        assert_eq!(port("http://localhost/"), Some(80));
        assert_eq!(port("https://localhost/"), Some(443));
        assert_eq!(port("http://localhost:1/"), Some(1));
        assert_eq!(port("http://localhost:2/"), None);
        assert_eq!(names.lock().len(), 3);
    }

    #[test]
    fn port_of_a_url_without_one_is_that_of_its_scheme() {
        let names = CachingResolver::new(Arc::new(ManualClock::at_unix(1)));
        for (url, port) in [
            ("http://127.0.0.1/", 80),
            ("https://127.0.0.1/", 443),
            ("https://localhost:8443/", 8443),
            ("socks4://127.0.0.1/", 1080),
            ("socks5h://localhost/", 1080),
        ] {
            let uri = Uri::try_from(url).unwrap();
            let found = names.resolve(&uri, &Config::default(), NextTimeout::default()).unwrap();
            assert_eq!(found[0].port(), port, "{url}");
        }
    }

    #[test]
    fn look_up_ends_with_its_thread_and_at_its_timeout() {
        let now = NextTimeout { after: Duration::ZERO.into(), ..NextTimeout::default() };
        let look_up = Arc::new(LookUp::default());
        assert!(matches!(look_up.wait(now), State::Running));
        let end = End(look_up.clone());
        let thread = thread::spawn(move || {
            let _end = end;
            std::panic::resume_unwind(Box::new("the resolver panicked"));
        });
        assert!(matches!(look_up.wait(NextTimeout::default()), State::Failed));
        assert!(thread.join().is_err());
    }

    #[test]
    fn an_address_needs_no_look_up() {
        let names = CachingResolver::new(Arc::new(ManualClock::at_unix(1)));
        assert_eq!(look_up(&names, "https://127.0.0.1/"), 1);
        assert_eq!(look_up(&names, "https://[::1]:8443/"), 1);
        assert!(names.lock().is_empty());
    }
}
