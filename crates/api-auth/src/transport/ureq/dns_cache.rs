//! Agents with a DNS cache, with fewer system calls for long timeouts, and with connectors that
//! ureq does not have. They use ureq's module `unversioned`, which may change in any minor version,
//! so the feature `dns-cache` pins the minor version. `plain.rs` does not use that module.

mod connect;
mod resolver;
mod steps;

use std::sync::Arc;

use ureq::Agent;
use ureq::config::Config;
#[cfg(feature = "native-tls")]
use ureq::unversioned::transport::NativeTlsConnector;
#[cfg(feature = "rustls")]
use ureq::unversioned::transport::RustlsConnector;
#[cfg(feature = "socks-proxy")]
use ureq::unversioned::transport::SocksConnector;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector};

use self::connect::{EachAddress, EarlyResponses, MarkErrors};
use self::steps::Steps;
use crate::clock::Clock;

pub(super) use self::connect::Unconnected;
pub(super) use self::resolver::{CachingResolver as Names, Unresolved};
pub(super) use self::steps::INPUT_BUFFER;

/// Creates an agent and its DNS cache.
pub(super) fn agent(config: Config, clock: Arc<dyn Clock>) -> (Agent, Names) {
    let names = Names::new(clock);
    // The chain of ureq's `DefaultConnector`, without its panics for settings that are not used
    // here.
    let chain = ();
    #[cfg(feature = "socks-proxy")]
    let chain = chain.chain(SocksConnector::default());
    let chain = chain
        .chain(ConnectProxyConnector::default())
        .chain(EachAddress::new(names.clone()))
        .chain(EarlyResponses);
    #[cfg(feature = "rustls")]
    let chain = chain.chain(RustlsConnector::default());
    #[cfg(feature = "native-tls")]
    let chain = chain.chain(NativeTlsConnector::default());
    (Agent::with_parts(config, MarkErrors(chain.chain(Steps)), names.clone()), names)
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::time::{Duration, Instant};

    use http::Uri;
    use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
    use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

    use super::*;
    use crate::clock::SystemClock;
    use crate::transport::ureq::tests::{closed, one_connection};

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

    /// If this test fails, ureq has changed, and the DNS cache may be unnecessary.
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

    /// Returns an address that does not respond, because its queue of connections is full. Returns
    /// `None` if the queue is too long on this machine. The address does not respond as long as the
    /// returned values exist.
    fn unresponsive() -> Option<(SocketAddr, TcpListener, Vec<TcpStream>)> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
            waiting.push(stream);
            if waiting.len() > 600 {
                return None;
            }
        }
        Some((address, listener, waiting))
    }

    #[expect(clippy::disallowed_methods, reason = "measures what ureq measures")]
    fn now() -> Instant {
        Instant::now()
    }

    fn port(url: &str) -> u16 {
        url.parse::<Uri>().unwrap().port_u16().unwrap()
    }

    #[test]
    fn address_that_does_not_respond_is_skipped_soon_and_then_the_last() {
        let Some((dead, _listener, _waiting)) = unresponsive() else {
            return eprintln!("skipped: this machine has long queues of connections");
        };
        let config = Agent::config_builder()
            .proxy(None)
            .timeout_connect(Some(Duration::from_secs(60)))
            .timeout_per_call(Some(Duration::from_secs(60)))
            .build();
        let (agent, names) = agent(config, Arc::new(SystemClock));
        let uri = Uri::from_static("http://x.test:1/");
        for _ in 0..2 {
            let alive = SocketAddr::from(([127, 0, 0, 1], port(&one_connection(1))));
            names.keep(&uri, SystemClock.now(), vec![dead, alive]);
            let begin = now();
            assert_eq!(agent.get(&uri).call().unwrap().body_mut().read_to_vec().unwrap(), b"{}");
            assert!(begin.elapsed() < Duration::from_secs(20), "ureq waits for 40 s");
            assert_eq!(names.connected(&uri), Some(alive));
        }
    }

    #[test]
    fn slow_address_is_connected_after_the_others_failed() {
        let Some((dead, listener, waiting)) = unresponsive() else {
            return eprintln!("skipped: this machine has long queues of connections");
        };
        let (closed, _reserved) = closed();
        let (agent, names) = agent(
            Agent::config_builder()
                .proxy(None)
                .timeout_connect(Some(Duration::from_secs(2)))
                .build(),
            Arc::new(SystemClock),
        );
        let uri = Uri::from_static("http://x.test:1/");
        names.keep(&uri, SystemClock.now(), vec![dead, closed]);
        let begin = now();
        let error = agent.get(&uri).call().unwrap_err();
        assert!(begin.elapsed() > Duration::from_millis(1500), "it gets all of the timeout");
        assert!(error.to_string().contains("timeout"), "{error}");
        names.keep(&uri, SystemClock.now(), vec![closed, closed]);
        let error = agent.get(&uri).call().unwrap_err();
        assert!(error.to_string().contains("refused"), "{error}");
        drop((listener, waiting));
    }
}
