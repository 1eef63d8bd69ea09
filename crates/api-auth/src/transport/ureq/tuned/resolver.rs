//! Name look-ups, kept for a while.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::Uri;
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::Clock;

/// How long a name's addresses are kept.
const KEPT: Duration = Duration::from_secs(30);
/// How many addresses of a name ureq takes.
const MOST_ADDRESSES: usize = 16;

/// The name has no address, or could not be looked up.
#[derive(Debug, thiserror::Error)]
#[error("the name {host} has no address: {reason}")]
pub(crate) struct Unresolved {
    host: String,
    reason: String,
}

#[derive(Clone)]
pub(crate) struct CachingResolver {
    clock: Arc<dyn Clock>,
    names: Arc<Mutex<Names>>,
}

/// The addresses of each host and port, and when they were looked up.
type Names = HashMap<(String, u16), (SystemTime, Vec<SocketAddr>)>;

impl CachingResolver {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, names: Arc::default() }
    }

    /// Looks everything up anew from now on.
    pub(crate) fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pack(&self, addresses: &[SocketAddr]) -> ResolvedSocketAddrs {
        let mut packed = self.empty();
        for address in addresses.iter().take(MOST_ADDRESSES) {
            packed.push(*address);
        }
        packed
    }
}

impl Resolver for CachingResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or_default();
        let default_port = if uri.scheme_str() == Some("http") { 80 } else { 443 };
        let port = uri.port_u16().unwrap_or(default_port);
        if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Ok(self.pack(&[SocketAddr::new(address, port)]));
        }
        let key = (host.to_ascii_lowercase(), port);
        let now = self.clock.now();
        if let Some((looked_up, addresses)) = self.lock().get(&key)
            && now.duration_since(*looked_up).is_ok_and(|age| age < KEPT)
        {
            return Ok(self.pack(addresses));
        }
        let found =
            DefaultResolver::default().resolve(uri, config, timeout).map_err(
                |error| match error {
                    ureq::Error::Timeout(_) => error,
                    other => ureq::Error::Other(Box::new(Unresolved {
                        host: host.to_owned(),
                        reason: other.to_string(),
                    })),
                },
            )?;
        self.lock().insert(key, (now, found.to_vec()));
        Ok(found)
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
    use crate::ManualClock;

    fn look_up(names: &CachingResolver, url: &str) -> usize {
        let uri = Uri::try_from(url).unwrap();
        names.resolve(&uri, &Config::default(), NextTimeout::default()).unwrap().len()
    }

    #[test]
    fn a_name_is_looked_up_again_after_its_time() {
        let clock = ManualClock::at_unix(1_000_000);
        let names = CachingResolver::new(Arc::new(clock.clone()));
        assert!(look_up(&names, "http://localhost:1/") > 0);
        let looked_up = |names: &CachingResolver| names.lock().values().next().unwrap().0;
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
    fn an_address_needs_no_look_up() {
        let names = CachingResolver::new(Arc::new(ManualClock::at_unix(1)));
        assert_eq!(look_up(&names, "https://127.0.0.1/"), 1);
        assert_eq!(look_up(&names, "https://[::1]:8443/"), 1);
        assert!(names.lock().is_empty());
    }
}
