//! The option `--verbose`: prints the lines that the library logs (one for each attempt to send a
//! request) and, with `-vv`, the recorded requests and responses.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use log::{LevelFilter, Log, Metadata, Record};

use crate::json::Json;
use crate::output::is_interpreted;

struct Logger;

/// The recording whose requests and responses are printed with `-vv`.
static EXCHANGES: OnceLock<Mutex<Exchanges>> = OnceLock::new();

/// The library's name for the argument with additional root certificates.
pub(crate) const ROOTS: &str = "extra_root_certificates";

/// The option or setting that contains the path of the additional root certificates, followed by
/// that path. In warnings, it replaces [`ROOTS`].
static ROOTS_NAME: OnceLock<String> = OnceLock::new();

/// A recording whose lines are printed as soon as they are complete. `rest` is the incomplete line
/// at the end.
struct Exchanges {
    file: File,
    rest: String,
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Other libraries could log requests with their secrets.
        metadata.target().starts_with("api_auth")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            print_exchanges();
            let mut text = record.args().to_string();
            if let (Some(rest), Some(name)) = (text.strip_prefix(ROOTS), ROOTS_NAME.get()) {
                text = [name, rest].concat();
            }
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    fn flush(&self) {}
}

/// Installs the logger, which prints warnings and, if `verbose` is not 0, one line for each attempt
/// to send a request.
pub(crate) fn init(verbose: u8) {
    let level = if verbose > 0 { LevelFilter::Debug } else { LevelFilter::Warn };
    if log::set_logger(&Logger).is_ok() {
        log::set_max_level(level);
    }
}

/// Sets the name that replaces [`ROOTS`] in warnings.
pub(crate) fn name_roots(name: String) {
    let _ = ROOTS_NAME.set(name);
}

/// Makes [`print_exchanges`] print the requests and responses that are appended to this recording
/// from now on.
pub(crate) fn print_recording(path: &PathBuf) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().read(true).append(true).create(true).open(path)?;
    std::io::copy(&mut file, &mut std::io::sink())?;
    let _ = EXCHANGES.set(Mutex::new(Exchanges { file, rest: String::new() }));
    Ok(())
}

/// Prints the requests and responses that were recorded since the last call of this function.
pub(crate) fn print_exchanges() {
    let Some(exchanges) = EXCHANGES.get() else { return };
    let mut exchanges = exchanges.lock().unwrap_or_else(PoisonError::into_inner);
    let mut bytes = Vec::new();
    if exchanges.file.read_to_end(&mut bytes).is_err() {
        return;
    }
    exchanges.rest.push_str(&String::from_utf8_lossy(&bytes));
    while let Some((line, rest)) = exchanges.rest.split_once('\n') {
        let text = Json::parse(line).map(|line| exchange(&line)).unwrap_or_default();
        let rest = rest.to_owned();
        let _ = std::io::stderr().write_all(text.as_bytes());
        exchanges.rest = rest;
    }
}

/// Formats a recorded request and its response or error. Lines of the request begin with `>`, and
/// all other lines with `<`.
fn exchange(line: &Json) -> String {
    let value = |path: &str| line.get(path).map(Json::cell).unwrap_or_default();
    let mut text = String::new();
    let mut add = |mark: char, line: &str| {
        let printable = |char: char| if is_interpreted(char) { ' ' } else { char };
        let line: String = line.chars().map(printable).collect();
        text.push_str(&format!("{mark} {line}\n"));
    };
    if line.get("request").is_none() {
        return text;
    }
    add('>', &format!("{} {}", value("request.method"), value("request.target")));
    value("request.body").lines().for_each(|line| add('>', line));
    for part in ["response", "error.partial"] {
        let Some(response) = line.get(part) else { continue };
        add('<', &response.get("status").map(Json::cell).unwrap_or_default());
        if let Some(Json::List(headers)) = response.get("headers") {
            for header in headers {
                let of = |index| header.get(index).map(Json::cell).unwrap_or_default();
                add('<', &format!("{}: {}", of("0"), of("1")));
            }
        }
        let body = response.get("body").map(Json::cell).unwrap_or_default();
        body.lines().for_each(|line| add('<', line));
    }
    if line.get("error").is_some() {
        add('<', &format!("{}: {}", value("error.kind"), value("error.message")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exchanges_are_lines_with_a_mark() {
        let line = r#"{"endpoint":"a.b","request":{"method":"POST","target":"/a?x=1","body":"{\"b\":1}"},
            "response":{"status":200,"headers":[["content-type","a/b"]],"body":"x\ny\u202e"}}"#;
        assert_eq!(
            exchange(&Json::parse(line).unwrap()),
            "> POST /a?x=1\n> {\"b\":1}\n< 200\n< content-type: a/b\n< x\n< y \n"
        );
        assert_eq!(exchange(&Json::parse(r#"{"recording":1}"#).unwrap()), "");
        let line =
            r#"{"request":{"method":"GET","target":"/"},"error":{"kind":"timeout","message":"m"}}"#;
        assert_eq!(exchange(&Json::parse(line).unwrap()), "> GET /\n< timeout: m\n");
    }
}
