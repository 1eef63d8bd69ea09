//! Printing for scripts. A closed pipe, as with `... | head -1`, does not end the script.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};

/// Prints a line like `println!` of `std`, but does not panic if the pipe is closed.
#[allow(unused_macros, reason = "some scripts print only a table")]
macro_rules! println {
    ($($text:tt)*) => {{ let _ = crate::output::print(format_args!("{}\n", format_args!($($text)*))); }};
}

/// Prints a string. Returns `false` if the pipe is closed. Ends the program if the string cannot be
/// written for another reason, such as a full disk.
pub(crate) fn print(text: Arguments<'_>) -> bool {
    match io::stdout().write_fmt(text) {
        Ok(()) => true,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => false,
        Err(error) => {
            eprintln!("standard output: {error}");
            std::process::exit(1);
        }
    }
}
