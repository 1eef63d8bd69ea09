//! Recordings of exchanges: one line of JSON for each request and its response, without secrets or
//! personal data.

mod mask;
mod replay;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::error::input::InputError;
use crate::message::{Request, Response};
use crate::record::mask::{MASK, Mask, Numbers, PERSONAL};
use crate::redact::{RequestCopy, RequestSecrets};
use crate::secret_names::is_masked_header;
use crate::transport::{Sent, TransportError, TransportErrorKind};

pub use replay::Replay;

/// The version of the recording format.
const VERSION: u32 = 1;

/// A line of a recording.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    /// The first line of each run: the version of the format, the provider, and the names of the
    /// provider's secret parameters.
    Head {
        recording: u32,
        provider: String,
        masked: Vec<String>,
    },
    Exchange(Box<Exchange>),
}

#[derive(Debug, Serialize, Deserialize)]
struct Exchange {
    endpoint: String,
    request: RecordedRequest,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<RecordedResponse>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<RecordedError>,
}

#[derive(Debug, Serialize, Deserialize)]
struct RecordedRequest {
    method: String,
    /// The masked path and query, such as `/weather?city=Oslo`.
    target: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    #[serde(flatten)]
    content: Content,
}

#[derive(Debug, Serialize, Deserialize)]
struct RecordedResponse {
    status: u16,
    headers: Vec<(String, String)>,
    #[serde(flatten)]
    content: Content,
}

/// The body of a request or response. A body that is not JSON, a form or text is omitted, because
/// it cannot be masked.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Content {
    #[serde(default)]
    body: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    omitted_bytes: Option<usize>,
}

#[derive(Debug, Serialize, Deserialize)]
struct RecordedError {
    kind: String,
    maybe_sent: bool,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    partial: Option<RecordedResponse>,
}

/// The names of the kinds of transport errors in recordings.
const KINDS: &[(TransportErrorKind, &str)] = &[
    (TransportErrorKind::Resolve, "resolve"),
    (TransportErrorKind::Connect, "connect"),
    (TransportErrorKind::Tls, "tls"),
    (TransportErrorKind::Timeout, "timeout"),
    (TransportErrorKind::Interrupted, "interrupted"),
    (TransportErrorKind::TooLarge, "too_large"),
    (TransportErrorKind::Protocol, "protocol"),
    (TransportErrorKind::Refused, "refused"),
    (TransportErrorKind::Canceled, "canceled"),
];

/// Appends masked exchanges to a file, each as one line of JSON.
#[derive(Debug)]
pub(crate) struct Recorder {
    output: Mutex<Output>,
    masked: Vec<&'static str>,
}

#[derive(Debug)]
struct Output {
    file: File,
    /// Whether the file ends with a partial line, because a run was killed or the disk was full.
    is_cut: bool,
}

/// A request that was sent and whose response has not been recorded yet.
pub(crate) struct Recording<'a> {
    recorder: &'a Recorder,
    request: Request,
}

impl Recorder {
    /// Opens a file for appending and writes the first line of this run.
    pub(crate) fn open(
        path: &Path,
        provider: &str,
        secret_parameters: &[&'static str],
    ) -> Result<Self, InputError> {
        let failed = |error: io::Error| {
            InputError::new("record", format!("cannot open the file {}: {error}", path.display()))
        };
        let (file, is_readable) = open_private(path).map_err(failed)?;
        let is_cut = check_content(path, &file, is_readable).map_err(failed)?;
        let masked = [secret_parameters, PERSONAL].concat();
        let head = Line::Head {
            recording: VERSION,
            provider: provider.to_owned(),
            masked: secret_parameters.iter().map(|name| (*name).to_owned()).collect(),
        };
        let recorder = Self { output: Mutex::new(Output { file, is_cut }), masked };
        recorder.write(&head).map_err(failed)?;
        Ok(recorder)
    }

    /// Begins the recording of an exchange with a copy of the request that is about to be sent.
    pub(crate) fn begin(&self, request: &Request) -> Recording<'_> {
        Recording { recorder: self, request: request.clone() }
    }

    /// Appends a line with a single write, so that processes that share the file do not mix lines.
    fn write(&self, line: &Line) -> io::Result<()> {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = if output.is_cut { b"\n".to_vec() } else { Vec::new() };
        serde_json::to_writer(&mut text, line)?;
        text.push(b'\n');
        let written = output.file.write_all(&text);
        output.is_cut = written.is_err();
        written
    }
}

impl Recording<'_> {
    /// Appends the masked exchange to the file. `secrets` are the secrets of the request. If the
    /// file cannot be written, logs an error.
    pub(crate) fn end(
        self,
        endpoint: &str,
        result: &Result<Response, TransportError>,
        secrets: &RequestSecrets,
    ) {
        // A response may repeat personal data of the request.
        let mut copy = RequestCopy::new();
        copy.set(&self.request, &self.recorder.masked);
        let personal = copy.secrets(&self.recorder.masked, "", "");
        let mask = Mask { names: &self.recorder.masked, secrets: &[secrets, &personal] };
        let (response, error) = match result {
            Ok(response) => (Some(recorded(response, &mask)), None),
            Err(error) => {
                let kind = KINDS.iter().find(|(kind, _)| *kind == error.kind());
                let error = RecordedError {
                    kind: kind.map_or("protocol", |(_, name)| name).to_owned(),
                    maybe_sent: error.sent() == Sent::Maybe,
                    message: mask.value(&error.to_string(), ""),
                    partial: error.partial().map(|partial| recorded(partial, &mask)),
                };
                (None, Some(error))
            }
        };
        let request = recorded_request(&self.request, &mask);
        let line = Line::Exchange(Box::new(Exchange {
            // The name of an endpoint that the crate does not list may be its path.
            endpoint: mask.path(endpoint),
            request,
            response,
            error,
        }));
        // The request may have been carried out, so its result must not depend on the file.
        if let Err(error) = self.recorder.write(&line) {
            log::error!("an exchange could not be recorded: {error}");
        }
    }
}

impl Drop for Recording<'_> {
    fn drop(&mut self) {
        self.request.body_mut().zeroize();
    }
}

fn recorded_request(request: &Request, mask: &Mask<'_>) -> RecordedRequest {
    let content_type = text_of(request.headers(), &CONTENT_TYPE);
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let mut target = mask.path(path);
    if let Some(query) = query {
        target.push('?');
        target.push_str(&mask.form(query));
    }
    let content =
        content(request.body(), content_type.as_deref().unwrap_or_default(), mask, Numbers::Text);
    RecordedRequest { method: request.method().to_string(), target, content_type, content }
}

fn recorded(response: &Response, mask: &Mask<'_>) -> RecordedResponse {
    let content_type = text_of(response.headers(), &CONTENT_TYPE).unwrap_or_default();
    let kept = response.headers().iter().filter(|(name, _)| *name != CONTENT_LENGTH);
    let headers = kept.map(|(name, value)| {
        let value = match is_masked_header(name.as_str(), mask.names) || value.is_sensitive() {
            true => MASK.to_owned(),
            false => mask.value(&String::from_utf8_lossy(value.as_bytes()), ""),
        };
        (name.to_string(), value)
    });
    RecordedResponse {
        status: response.status().as_u16(),
        headers: headers.collect(),
        content: content(response.body(), &content_type, mask, Numbers::Zero),
    }
}

fn text_of(headers: &HeaderMap<HeaderValue>, name: &HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn content(body: &[u8], content_type: &str, mask: &Mask<'_>, numbers: Numbers) -> Content {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let text = String::from_utf8_lossy(body);
    let is_text = kind.is_empty() || kind.starts_with("text/") && kind != "text/csv";
    let is_known = is_text || kind.contains("json") || kind.contains("pem") || mask::is_json(&text);
    let body = if kind == "application/x-www-form-urlencoded" && !mask::is_json(&text) {
        mask.form(&text)
    } else if is_known && !text.contains('\0') {
        mask.body(&text, numbers)
    } else {
        return Content { body: String::new(), omitted_bytes: Some(body.len()) };
    };
    Content { body, omitted_bytes: None }
}

/// Opens a file for appending, and for reading if it is a regular file that the user can read. If
/// it does not exist, creates it with mode 0600. Returns the file and whether it can be read.
/// Returns an error for an existing file to which other users have access (on Unix).
fn open_private(path: &Path) -> io::Result<(File, bool)> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    // A named pipe that this process could read would have a reader.
    let is_regular = !std::fs::metadata(path).is_ok_and(|found| !found.is_file());
    let (file, is_readable) = match options.read(is_regular).open(path) {
        Err(error) if is_regular && error.kind() == io::ErrorKind::PermissionDenied => {
            (options.read(false).open(path)?, false)
        }
        file => (file?, is_regular),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let metadata = file.metadata()?;
        if metadata.is_file() && metadata.mode() & 0o077 != 0 {
            let problem = "other users can read it; run `chmod 600`";
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, problem));
        }
    }
    Ok((file, is_readable))
}

/// Returns whether a file ends with a partial line. Returns an error for a file that is neither
/// empty nor a recording of this version; its first line may be cut. A file that cannot be read is
/// not checked, and neither is the beginning of a stream of this process.
fn check_content(path: &Path, mut file: &File, is_readable: bool) -> io::Result<bool> {
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() == 0 {
        return Ok(false);
    }
    if !is_readable {
        // It may end with a partial line. An empty line does no harm.
        return Ok(true);
    }
    let start = format!("{{\"recording\":{VERSION},");
    let mut found = Vec::new();
    file.take(start.len().try_into().unwrap_or(0)).read_to_end(&mut found)?;
    if !start.as_bytes().starts_with(&found) && !is_stream(path) {
        let problem = "it is not a recording of this version; use another file";
        return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// Returns whether a path is that of a stream of this process, such as `/dev/stderr`. Its file may
/// contain other text.
fn is_stream(path: &Path) -> bool {
    ["/dev/fd", "/dev/stderr", "/dev/stdout", "/proc"].iter().any(|start| path.starts_with(start))
}

#[cfg(test)]
mod tests;
