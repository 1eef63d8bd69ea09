//! Agents with a DNS cache and with timeouts that cost no system calls while they are long. Both
//! use ureq's module `unversioned`, which may change in any minor version, so the feature
//! `dns-cache` pins the minor version. `plain.rs` does not use that module.

mod resolver;
mod steps;

use std::sync::Arc;

use ureq::Agent;
use ureq::config::Config;
use ureq::unversioned::transport::{Connector, DefaultConnector};

use self::steps::Steps;
use crate::clock::Clock;

pub(super) use self::resolver::{CachingResolver as Names, Unresolved};

/// Creates an agent and its DNS cache.
pub(super) fn agent(config: Config, clock: Arc<dyn Clock>) -> (Agent, Names) {
    let names = Names::new(clock);
    let connector = DefaultConnector::new().chain(Steps);
    (Agent::with_parts(config, connector, names.clone()), names)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use http::Uri;
    use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
    use ureq::unversioned::transport::NextTimeout;

    use super::*;
    use crate::transport::ureq::tests::one_connection;

    #[derive(Debug, Default, Clone)]
    struct Counting(Arc<AtomicUsize>);

    impl Resolver for Counting {
        fn resolve(
            &self,
            uri: &Uri,
            config: &Config,
            timeout: NextTimeout,
        ) -> Result<ResolvedSocketAddrs, ureq::Error> {
            self.0.fetch_add(1, Relaxed);
            DefaultResolver::default().resolve(uri, config, timeout)
        }
    }

    /// If this test fails, ureq has changed, and the DNS cache may be superfluous.
    #[test]
    fn ureq_looks_a_name_up_on_every_call() {
        let url = one_connection(2);
        let names = Counting::default();
        let connector = DefaultConnector::new();
        let config = Agent::config_builder().proxy(None).build();
        let agent = Agent::with_parts(config, connector, names.clone());
        for calls in 1..=2 {
            assert_eq!(agent.get(&url).call().unwrap().body_mut().read_to_vec().unwrap(), b"{}");
            assert_eq!(names.0.load(Relaxed), calls);
        }
    }
}
