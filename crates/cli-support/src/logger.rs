//! `--verbose`: the lines that the library logs, one for each attempt.

use std::io::Write;

use log::{LevelFilter, Log, Metadata, Record};

struct Logger;

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Libraries below could log requests.
        metadata.target().starts_with("api_auth")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let _ = writeln!(std::io::stderr(), "{}", record.args());
        }
    }

    fn flush(&self) {}
}

/// Prints warnings, and one line for each attempt if `is_verbose`.
pub(crate) fn init(is_verbose: bool) {
    let level = if is_verbose { LevelFilter::Debug } else { LevelFilter::Warn };
    if log::set_logger(&Logger).is_ok() {
        log::set_max_level(level);
    }
}
