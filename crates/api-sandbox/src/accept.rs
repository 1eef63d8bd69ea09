//! Accepts connections, also when the process or the machine has no resources left.

use std::io;
use std::time::Duration;

/// Accepts connections, and passes each to `start`, which starts a thread for it. Returns when
/// `is_stopped` returns `true`, which is checked after each call of `accept`.
///
/// If a call fails, such as for lack of file descriptors or threads, calls `report` with the first
/// of several errors in a row, and `pause` with each. A connection for which no thread could be
/// started is closed.
pub(crate) fn each<T>(
    mut accept: impl FnMut() -> io::Result<T>,
    mut start: impl FnMut(T) -> io::Result<()>,
    mut is_stopped: impl FnMut() -> bool,
    mut report: impl FnMut(&io::Error),
    mut pause: impl FnMut(),
) {
    let mut has_failed = false;
    loop {
        let accepted = accept();
        if is_stopped() {
            return;
        }
        match accepted.and_then(&mut start) {
            Ok(()) => has_failed = false,
            // The client closed the connection before it was accepted.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                if !has_failed {
                    report(&error);
                }
                has_failed = true;
                pause();
            }
        }
    }
}

/// Returns an error if there is not enough memory for another connection. Without this check, a
/// failed allocation in its thread would end the whole program.
pub(crate) fn check_memory() -> io::Result<()> {
    // Reserves addresses only, because nothing is written to them.
    let mut unused: Vec<u8> = Vec::new();
    unused.try_reserve_exact(4 * 1024 * 1024).map_err(|_| io::ErrorKind::OutOfMemory)?;
    // The compiler must not remove the allocation.
    std::hint::black_box(&unused);
    Ok(())
}

/// Waits after a failure for lack of resources. Without the pause, the loop would use a whole
/// processor, because `accept` fails immediately as long as a connection waits.
#[expect(clippy::disallowed_methods, reason = "no client waits for this thread")]
pub(crate) fn pause() {
    std::thread::sleep(Duration::from_millis(50));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_reported_once_and_followed_by_a_pause() {
        let error = |kind| Err(io::Error::from(kind));
        let exhausted = io::ErrorKind::OutOfMemory;
        let mut arriving = [
            Ok("served"),
            error(exhausted),
            error(exhausted),
            Ok("no thread"),
            Ok("served"),
            error(io::ErrorKind::ConnectionAborted),
            Ok("no thread"),
            Ok("no thread"),
            Ok("served"),
        ]
        .into_iter();
        let (mut events, is_empty) =
            (std::cell::RefCell::new(Vec::new()), std::cell::Cell::new(false));
        let event = |event: &'static str| events.borrow_mut().push(event);
        each(
            || {
                arriving.next().unwrap_or_else(|| {
                    is_empty.set(true);
                    error(exhausted)
                })
            },
            |connection| {
                event(connection);
                let has_thread = connection == "served";
                has_thread.then_some(()).ok_or_else(|| io::ErrorKind::WouldBlock.into())
            },
            || is_empty.get(),
            |error| event(if error.kind() == exhausted { "report accept" } else { "report start" }),
            || event("pause"),
        );
        assert_eq!(
            events.get_mut().join(", "),
            "served, report accept, pause, pause, no thread, pause, served, \
             no thread, report start, pause, no thread, pause, served"
        );
    }
}
