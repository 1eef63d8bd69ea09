//! Connectors that try several addresses of a host, read a response that arrives before the request
//! has been sent completely, and mark errors that occur before a connection is established.

use std::fmt;
use std::io::{self, ErrorKind};
use std::mem;
use std::time::Duration;

use ureq::unversioned::resolver::ResolvedSocketAddrs;
use ureq::unversioned::transport::time::Duration as Left;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, NextTimeout, TcpConnector, Transport,
};
use ureq::{Error, Timeout};

use crate::transport::ureq::dns_cache::resolver::CachingResolver as Names;

/// The time after which the next address of a host is tried. It is twice the value that RFC 8305
/// recommends, because the attempt with the previous address is then abandoned.
const PATIENCE: Duration = Duration::from_millis(500);
/// The time after which the next address of a host is tried, if the first one is the address of the
/// last successful connection.
const PATIENCE_WITH_KNOWN: Duration = Duration::from_secs(2);

/// A TCP connector that tries the next address of a host if an address does not respond for 0.5 s.
/// The address of the last successful connection is tried first, for 2 s. ureq's own connector
/// would wait for more than half of the timeout.
#[derive(Debug)]
pub(super) struct EachAddress {
    tcp: TcpConnector,
    names: Names,
}

impl EachAddress {
    pub(super) fn new(names: Names) -> Self {
        Self { tcp: TcpConnector::default(), names }
    }
}

/// Returns `details` with these addresses and the remaining timeout. If `most` is set, the timeout
/// is at most `most`.
fn with<'a>(
    details: &ConnectionDetails<'a>,
    addrs: ResolvedSocketAddrs,
    most: Option<Duration>,
) -> Result<ConnectionDetails<'a>, Error> {
    let now = (details.current_time)();
    let mut timeout = details.timeout;
    if let (Left::Exact(all), Some(passed)) = (timeout.after, passed(details)) {
        let left = all.saturating_sub(passed);
        if left.is_zero() {
            return Err(Error::Timeout(timeout.reason));
        }
        timeout.after = Left::Exact(left);
    }
    if let Some(most) = most.map(Left::Exact).filter(|most| *most < timeout.after) {
        timeout = NextTimeout { after: most, reason: Timeout::Connect, ..timeout };
    }
    Ok(ConnectionDetails {
        uri: details.uri,
        addrs,
        config: details.config,
        request_level: details.request_level,
        resolver: details.resolver,
        now,
        timeout,
        current_time: details.current_time.clone(),
        run_connector: details.run_connector.clone(),
        register_shutdown: details.register_shutdown.clone(),
    })
}

/// Returns the time that has passed since the connector was called, or `None` if it is not known.
fn passed(details: &ConnectionDetails<'_>) -> Option<Duration> {
    use ureq::unversioned::transport::time::Instant::Exact;

    match ((details.current_time)(), details.now) {
        (Exact(now), Exact(begin)) => Some(now.saturating_duration_since(begin)),
        _ => None,
    }
}

impl<In: Transport> Connector<In> for EachAddress {
    type Out = <TcpConnector as Connector<In>>::Out;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        if chained.is_some() || details.addrs.len() < 2 {
            return self.tcp.connect(details, chained);
        }
        let known = self.names.connected(details.uri);
        let is_known = |address| known == Some(address);
        let (first, others) =
            details.addrs.iter().copied().partition::<Vec<_>, _>(|address| is_known(*address));
        let mut slow = details.resolver.empty();
        let mut last = None;
        for address in first.into_iter().chain(others) {
            let mut alone = details.resolver.empty();
            alone.push(address);
            let patience = if is_known(address) { PATIENCE_WITH_KNOWN } else { PATIENCE };
            let result: Result<Option<Self::Out>, _> =
                self.tcp.connect(&with(details, alone, Some(patience))?, None);
            match result {
                Err(Error::Timeout(_)) => slow.push(address),
                Err(error) => last = Some(error),
                connected => {
                    self.names.set_connected(details.uri, address);
                    return connected;
                }
            }
        }
        match last {
            Some(error) if slow.is_empty() => Err(error),
            // The slow addresses again, with the remaining timeout.
            _ => self.tcp.connect(&with(details, slow, None)?, None),
        }
    }
}

/// A connector for transports that read a response even if the server does not read the whole
/// request. Servers often send `413 Content Too Large` and `401 Unauthorized` early.
#[derive(Debug)]
pub(super) struct EarlyResponses;

impl<In: Transport> Connector<In> for EarlyResponses {
    type Out = EarlyResponse<In>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let is_direct = details.config.proxy().is_none();
        Ok(chained.map(|inner| EarlyResponse::new(inner, is_direct)))
    }
}

#[derive(Debug)]
pub(super) struct EarlyResponse<T> {
    inner: T,
    /// The error of a failed write. It is returned if no response follows, and discarded otherwise.
    broken: Option<io::Error>,
    is_broken: bool,
    /// Whether `inner` is not a connection through a proxy, which contains another value of this
    /// type.
    is_direct: bool,
    /// Whether input has been read since the last call of `is_open`.
    has_responded: bool,
}

impl<T> EarlyResponse<T> {
    fn new(inner: T, is_direct: bool) -> Self {
        Self { inner, broken: None, is_broken: false, is_direct, has_responded: false }
    }
}

impl<T: Transport> Transport for EarlyResponse<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.is_broken {
            // The server no longer reads.
            return Ok(());
        }
        match self.inner.transmit_output(amount, timeout) {
            Err(Error::Io(error))
                if matches!(
                    error.kind(),
                    ErrorKind::BrokenPipe
                        | ErrorKind::ConnectionReset
                        | ErrorKind::ConnectionAborted
                ) =>
            {
                self.is_broken = true;
                self.broken = Some(error);
                Ok(())
            }
            result => result,
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let result = self.inner.await_input(timeout);
        self.has_responded = self.is_direct && matches!(result, Ok(true));
        match (&result, self.broken.take()) {
            (Ok(false) | Err(_), Some(error)) => Err(Error::Io(error)),
            _ => result,
        }
    }

    /// ureq calls this method when it returns a connection to its pool, and again when it takes the
    /// connection from the pool. Each check of a socket costs three system calls, so only the second
    /// one is made.
    fn is_open(&mut self) -> bool {
        !self.is_broken && (mem::take(&mut self.has_responded) || self.inner.is_open())
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

/// An error that occurred before a connection was established, so that the request was not sent.
#[derive(Debug)]
pub(crate) struct Unconnected(pub(crate) Error);

impl fmt::Display for Unconnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Unconnected {}

/// A connector that marks the errors of `C` as [`Unconnected`].
#[derive(Debug)]
pub(super) struct MarkErrors<C>(pub(super) C);

impl<C: Connector> Connector for MarkErrors<C> {
    type Out = C::Out;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, Error> {
        self.0.connect(details, chained).map_err(|error| Error::Other(Box::new(Unconnected(error))))
    }
}

#[cfg(test)]
mod tests {
    use ureq::unversioned::transport::LazyBuffers;

    use super::*;

    /// A connection that responds to each request, and counts how often it is checked.
    #[derive(Debug)]
    struct Connection {
        buffers: LazyBuffers,
        checks: usize,
        is_open: bool,
    }

    impl Transport for Connection {
        fn buffers(&mut self) -> &mut dyn Buffers {
            &mut self.buffers
        }

        fn transmit_output(&mut self, _: usize, _: NextTimeout) -> Result<(), Error> {
            Ok(())
        }

        fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
            Ok(true)
        }

        fn is_open(&mut self) -> bool {
            self.checks += 1;
            self.is_open
        }
    }

    fn connection() -> Connection {
        Connection { buffers: LazyBuffers::new(1, 1), checks: 0, is_open: true }
    }

    /// ureq connects to a proxy with all connectors, and then uses them for the connection through
    /// it.
    #[test]
    fn connection_through_a_proxy_is_checked_once_as_well() {
        let mut through_proxy = EarlyResponse::new(EarlyResponse::new(connection(), true), false);
        for calls in 1..=3 {
            assert!(through_proxy.await_input(NextTimeout::default()).unwrap());
            assert!(through_proxy.is_open() && through_proxy.is_open());
            assert_eq!(through_proxy.inner.inner.checks, calls);
        }
    }

    #[test]
    fn connection_is_checked_when_it_is_taken_from_the_pool() {
        let inner = connection();
        let mut connection = EarlyResponse::new(inner, true);
        for calls in 1..=3 {
            connection.transmit_output(0, NextTimeout::default()).unwrap();
            assert!(connection.await_input(NextTimeout::default()).unwrap());
            assert!(connection.is_open(), "it is returned to the pool");
            assert_eq!(connection.inner.checks, calls - 1);
            assert!(connection.is_open(), "it is taken from the pool");
            assert_eq!(connection.inner.checks, calls);
        }
        assert!(connection.await_input(NextTimeout::default()).unwrap());
        connection.inner.is_open = false;
        assert!(connection.is_open(), "it is returned to the pool");
        assert!(!connection.is_open(), "the server closed it in the meantime");
    }
}
