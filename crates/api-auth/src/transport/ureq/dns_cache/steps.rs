//! Timeouts in whole seconds while they are long. ureq sets the remaining time on the socket before
//! each read and write. The remaining time differs each time by microseconds, and each difference
//! is a system call.

use std::time::Duration;

use ureq::unversioned::transport::time::Duration as Left;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// The maximum remaining time that is not rounded.
const FAR: Duration = Duration::from_secs(10);

/// The last connector of a chain.
#[derive(Debug)]
pub(super) struct Steps;

impl<In: Transport> Connector<In> for Steps {
    type Out = Stepped<In>;

    fn connect(
        &self,
        _details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        Ok(chained.map(Stepped))
    }
}

#[derive(Debug)]
pub(super) struct Stepped<T>(T);

impl<T: Transport> Transport for Stepped<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.0.transmit_output(amount, stepped(timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.0.await_input(stepped(timeout))
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}

/// Rounds a long remaining time up to a whole second.
fn stepped(timeout: NextTimeout) -> NextTimeout {
    match timeout.after {
        Left::Exact(left) if left > FAR => {
            let up = u64::from(left.subsec_nanos() > 0);
            NextTimeout { after: Left::from_secs(left.as_secs().saturating_add(up)), ..timeout }
        }
        _ => timeout,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(duration: Duration) -> Left {
        stepped(NextTimeout { after: Left::Exact(duration), ..NextTimeout::default() }).after
    }

    #[test]
    fn a_far_deadline_is_a_whole_second_and_a_near_one_is_exact() {
        let micro = Duration::from_micros(1);
        let thirty = Duration::from_secs(30);
        assert_eq!(left(thirty - micro), Left::from_secs(30));
        assert_eq!(left(thirty), Left::from_secs(30));
        assert_eq!(left(FAR + micro), Left::from_secs(11));
        assert_eq!(left(FAR), Left::from_secs(10));
        assert_eq!(left(FAR - micro), Left::Exact(FAR - micro));
        assert_eq!(stepped(NextTimeout::default()), NextTimeout::default());
    }
}
