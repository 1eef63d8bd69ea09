//! Messages and the log on standard error. Once [`start`] was called, a thread of its own writes
//! them, so that a pipe that is not read stops neither the servers nor the end of the program.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The maximum length in bytes of the text that waits to be written. Further lines are dropped.
const MOST: usize = 64 << 10;

/// The maximum time that [`message`] waits until its text is written, so that the log of a request
/// comes before its response.
const PATIENCE: Duration = Duration::from_millis(200);

struct Queue {
    text: String,
    /// The number of dropped messages.
    dropped: usize,
    is_started: bool,
    is_writing: bool,
    /// Whether nothing was written for [`PATIENCE`]. Until that changes, messages do not wait.
    is_stalled: bool,
}

impl Queue {
    fn is_written(&self) -> bool {
        self.text.is_empty() && self.dropped == 0 && !self.is_writing
    }
}

static QUEUE: Mutex<Queue> = Mutex::new(Queue {
    text: String::new(),
    dropped: 0,
    is_started: false,
    is_writing: false,
    is_stalled: false,
});
/// Notified when the queue changes.
static CHANGED: Condvar = Condvar::new();

fn queue() -> MutexGuard<'static, Queue> {
    QUEUE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the thread that writes the messages. Before, [`message`] writes them itself.
pub(crate) fn start() -> io::Result<()> {
    thread::Builder::new().spawn(write)?;
    queue().is_started = true;
    Ok(())
}

fn write() {
    loop {
        let waited = CHANGED.wait_while(queue(), |queue| queue.is_written());
        let mut queue = waited.unwrap_or_else(PoisonError::into_inner);
        let mut text = std::mem::take(&mut queue.text);
        let dropped = std::mem::take(&mut queue.dropped);
        queue.is_writing = true;
        drop(queue);
        if dropped > 0 {
            let _ = writeln!(text, "{dropped} lines of the log were dropped: nothing read the log");
        }
        let _ = io::stderr().write_all(text.as_bytes());
        let mut queue = self::queue();
        (queue.is_writing, queue.is_stalled) = (false, false);
        drop(queue);
        CHANGED.notify_all();
    }
}

/// Writes to standard error. Errors are ignored.
pub(crate) fn message(text: fmt::Arguments<'_>) {
    let mut queue = queue();
    if !queue.is_started {
        drop(queue);
        let _ = io::stderr().write_fmt(text);
        return;
    }
    let text = text.to_string();
    if queue.dropped > 0 || queue.text.len() + text.len() > MOST {
        queue.dropped += 1;
    } else {
        queue.text.push_str(&text);
    }
    CHANGED.notify_all();
    let must_wait = |queue: &mut Queue| !queue.is_written() && !queue.is_stalled;
    let waited = CHANGED.wait_timeout_while(queue, PATIENCE, must_wait);
    let (mut queue, waited) = waited.unwrap_or_else(PoisonError::into_inner);
    queue.is_stalled |= waited.timed_out();
}

/// Waits until all messages are written.
pub(crate) fn flush() {
    drop(CHANGED.wait_while(queue(), |queue| queue.is_started && !queue.is_written()));
}
