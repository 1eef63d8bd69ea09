//! One logger for all tests of the program. Each test counts the lines of its own thread, and searches
//! those of other threads only for secrets.

use std::cell::RefCell;
use std::sync::Mutex;

use log::{Level, LevelFilter, Log, Metadata, Record};

struct Logger;

static LOGGER: Logger = Logger;

/// The lines of the threads that capture none, of servers and of other tests.
static OTHERS: Mutex<Vec<String>> = Mutex::new(Vec::new());

thread_local! {
    static CAPTURE: RefCell<Option<Capture>> = const { RefCell::new(None) };
}

struct Capture {
    is_kept: fn(&Metadata<'_>) -> bool,
    lines: Vec<String>,
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        CAPTURE.with_borrow(|capture| match capture {
            Some(capture) => (capture.is_kept)(metadata),
            None => without_trace_of_ureq(metadata),
        })
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = format!("{} {} {}", record.level(), record.target(), record.args());
        CAPTURE.with_borrow_mut(|capture| match capture {
            Some(capture) => capture.lines.push(line),
            None => OTHERS.lock().unwrap().push(line),
        });
    }

    fn flush(&self) {}
}

/// Captures the lines of this thread that `is_kept` selects, of every crate and level.
pub(crate) fn capture(is_kept: fn(&Metadata<'_>) -> bool) {
    CAPTURE.set(Some(Capture { is_kept, lines: Vec::new() }));
    // Another test may have set it.
    let _ = log::set_logger(&LOGGER);
    log::set_max_level(LevelFilter::Trace);
}

/// Returns the captured lines of this thread so far.
pub(crate) fn lines() -> Vec<String> {
    CAPTURE.with_borrow(|capture| capture.iter().flat_map(|c| c.lines.clone()).collect())
}

/// Returns the lines so far of all threads that capture none: servers, and other tests.
pub(crate) fn lines_of_others() -> Vec<String> {
    OTHERS.lock().unwrap().clone()
}

/// Selects every line.
pub(crate) fn everything(_: &Metadata<'_>) -> bool {
    true
}

/// Selects the lines at debug level and above.
pub(crate) fn debug(metadata: &Metadata<'_>) -> bool {
    metadata.level() <= Level::Debug
}

/// Selects all lines except the trace of the HTTP library, which shows URLs and bytes, as
/// `docs/security.md` says.
pub(crate) fn without_trace_of_ureq(metadata: &Metadata<'_>) -> bool {
    !metadata.target().starts_with("ureq") || metadata.level() < Level::Trace
}
