//! Rounds long timeouts to whole seconds, and enlarges input buffers for large response heads.
//!
//! ureq sets the remaining time on the socket before each read and write. The value differs each
//! time by microseconds, and each change is a system call.
//!
//! ureq's input buffer has a fixed size. If a response head is larger, ureq treats it as the end of
//! the connection. A large buffer would be the largest part of the cost of a connection.

use std::time::Duration;

use ureq::unversioned::transport::time::Duration as Left;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};

/// The maximum remaining time that is not rounded.
const FAR: Duration = Duration::from_secs(10);

/// The size of the input buffer, which grows for the head of a response; see [`Steps`].
pub(crate) const INPUT_BUFFER: usize = 16 * 1024;
/// The maximum size of the head of a response, as in ureq.
const LARGEST_HEAD: usize = 64 * 1024;
/// The size of the large input buffer. It has room for more than the largest head, so that ureq can
/// reject a head that is larger.
const LARGE_BUFFER: usize = LARGEST_HEAD + INPUT_BUFFER;

/// The last connector of a chain. Its connections round long timeouts, and enlarge their input
/// buffer for a large response head.
#[derive(Debug)]
pub(super) struct Steps;

impl<In: Transport> Connector<In> for Steps {
    type Out = Stepped<In>;

    fn connect(
        &self,
        _details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        Ok(chained.map(|inner| Stepped { inner, large: None }))
    }
}

#[derive(Debug)]
pub(super) struct Stepped<T> {
    inner: T,
    /// Replaces the buffers of `inner` as soon as a head does not fit into them.
    large: Option<LazyBuffers>,
}

impl<T: Transport> Stepped<T> {
    /// Creates a large buffer, and moves the input of the inner transport to it.
    #[cold]
    fn enlarge(&mut self) {
        let mut large = LazyBuffers::new(LARGE_BUFFER, INPUT_BUFFER);
        move_input(self.inner.buffers(), &mut large);
        self.large = Some(large);
    }
}

/// Moves as much input as fits from one buffer to another. Returns the number of moved bytes.
fn move_input(from: &mut dyn Buffers, to: &mut dyn Buffers) -> usize {
    let (input, free) = (from.input(), to.input_append_buf());
    let amount = input.len().min(free.len());
    for (to, from) in free.iter_mut().zip(input) {
        *to = *from;
    }
    to.input_appended(amount);
    from.input_consume(amount);
    amount
}

impl<T: Transport> Transport for Stepped<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        match &mut self.large {
            Some(large) => large,
            None => self.inner.buffers(),
        }
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let timeout = stepped(timeout);
        let Some(large) = &mut self.large else {
            return self.inner.transmit_output(amount, timeout);
        };
        let mut output = large.output().get(..amount).unwrap_or_default();
        while !output.is_empty() {
            let space = self.inner.buffers().output();
            let (now, later) = output.split_at(output.len().min(space.len()));
            for (to, from) in space.iter_mut().zip(now) {
                *to = *from;
            }
            self.inner.transmit_output(now.len(), timeout)?;
            output = later;
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let timeout = stepped(timeout);
        if self.large.is_none() && self.inner.buffers().input_append_buf().is_empty() {
            self.enlarge();
        }
        let Some(large) = &mut self.large else { return self.inner.await_input(timeout) };
        if large.input_append_buf().is_empty() {
            // ureq compares the size for responses of hosts, but not for those of proxies.
            return Err(ureq::Error::LargeResponseHeader(large.input().len(), LARGEST_HEAD));
        }
        if self.inner.buffers().input().is_empty() && !self.inner.await_input(timeout)? {
            return Ok(false);
        }
        Ok(move_input(self.inner.buffers(), large) > 0)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

/// Rounds a remaining time of more than 10 s up to whole seconds.
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
    fn long_timeouts_are_whole_seconds_and_short_ones_exact() {
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
