//! Output: tables, JSON, JSON lines and CSV, to standard output or a file.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use clap::ValueEnum;
use comfy_table::Table;
use comfy_table::presets::NOTHING;

use crate::exit::{Exit, Failure};
use crate::files::{check_replaceable, folder_of, is_mount_point, open_to_write};
use crate::json::Json;
use crate::terminal::bold;
use crate::termination::TemporaryFile;
use crate::times::Times;

/// An output format, which the option `-o` selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns on a terminal, otherwise tab-separated values.
    Table,
    /// JSON as sent by the server; the entries of all pages are in one list.
    Json,
    /// One JSON value on each line.
    Jsonl,
    /// Comma-separated values with a header.
    Csv,
}

impl Format {
    /// Returns whether results and failures are JSON.
    pub(crate) fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::Jsonl)
    }
}

/// A column of a table: its heading and the path of its value. There can be several paths,
/// separated by `|`; the value at the first path that exists in an entry is shown.
pub type Column = (&'static str, &'static str);

/// Whether the reader of standard output has closed it. This is not a failure: the command
/// continues and ends with its own exit status.
static IS_CLOSED: AtomicBool = AtomicBool::new(false);

/// The output of a command, which is standard output or a file, and its format.
#[derive(Debug)]
pub struct Output {
    format: Format,
    fields: Vec<String>,
    file: Option<PathBuf>,
    is_private: bool,
    times: Times,
    is_colored: bool,
    /// The device or named pipe that is the file, once it is open.
    opened: Arc<OnceLock<File>>,
    /// Whether a request that changes something is sent (see [`check`](Self::check)).
    is_write: Arc<AtomicBool>,
    /// Whether the file was checked before the first request.
    is_checked: Arc<AtomicBool>,
}

impl Output {
    /// Creates an output that is written to `file`, or to standard output if `file` is `None`.
    /// `fields` replace the columns of tables and CSV, and select the members of JSON objects.
    pub fn new(format: Format, fields: Vec<String>, file: Option<PathBuf>) -> Self {
        Self {
            format,
            fields,
            file,
            is_private: false,
            times: Times::NONE,
            is_colored: false,
            opened: Arc::default(),
            is_write: Arc::default(),
            is_checked: Arc::default(),
        }
    }

    /// Returns a copy of this output for secrets. On Unix, only the owner of the file can then read
    /// and write it. The permissions of a file that another program opened, such as `/dev/stdout`,
    /// do not change.
    #[must_use]
    pub fn private(&self) -> Self {
        let (fields, file) = (self.fields.clone(), self.file.clone());
        let (opened, is_write) = (Arc::clone(&self.opened), Arc::clone(&self.is_write));
        let is_checked = Arc::clone(&self.is_checked);
        Self { fields, file, is_private: true, opened, is_write, is_checked, ..*self }
    }

    /// Sets which members are times, and how they are parsed.
    #[must_use]
    pub fn with_times(mut self, times: Times) -> Self {
        self.times = times;
        self
    }

    /// Sets whether the headings of tables on a terminal are bold.
    #[must_use]
    pub(crate) fn with_color(mut self, is_colored: bool) -> Self {
        self.is_colored = is_colored;
        self
    }

    /// Returns whether the entries of a list are written to a terminal one by one, not as a table
    /// at the end.
    pub(crate) fn is_on_terminal(&self) -> bool {
        self.file.is_none() && self.format != Format::Table && io::stdout().is_terminal()
    }

    /// Returns whether the reader of standard output has closed it.
    pub fn is_closed(&self) -> bool {
        self.file.is_none() && IS_CLOSED.load(Ordering::Relaxed)
    }

    /// Checks that the output file can be written, as [`check_file`](Self::check_file) does. Called
    /// before a request that changes something is sent. From now on, [`value`](Self::value) does not
    /// lose the response.
    ///
    /// # Errors
    /// Returns the errors of [`check_file`](Self::check_file).
    pub fn check(&self) -> Result<(), Failure> {
        self.is_write.store(true, Ordering::Relaxed);
        self.check_file()
    }

    /// Checks the output file before the first request, unless it was already checked.
    pub(crate) fn check_once(&self) -> Result<(), Failure> {
        if self.is_checked.load(Ordering::Relaxed) { Ok(()) } else { self.check_file() }
    }

    /// Checks that the output file can be written. Called before a request is sent. A device or a
    /// named pipe is opened, which can wait for a program that reads it, and is left open until the
    /// process ends.
    ///
    /// # Errors
    /// Returns an error if the file cannot be created, opened or replaced, or if it is a folder or a
    /// socket. For secrets, also returns an error if the file belongs to another user and its
    /// permissions cannot be changed.
    pub fn check_file(&self) -> Result<(), Failure> {
        let Some(path) = &self.file else { return Ok(()) };
        self.is_checked.store(true, Ordering::Relaxed);
        match is_folder(path) || Sink::draft(path, self.is_private)?.is_none() {
            true => self.check_stream(),
            false => Ok(()),
        }
    }

    /// Checks that the output file can be written directly, as [`stream`](Self::stream) does. Apart
    /// from that, does the same as [`check_file`](Self::check_file).
    ///
    /// # Errors
    /// Returns the errors of [`check_file`](Self::check_file).
    pub fn check_stream(&self) -> Result<(), Failure> {
        self.is_checked.store(true, Ordering::Relaxed);
        let Some(path) = &self.file else { return Ok(()) };
        let failed = |error: io::Error| Failure::file(path, &error);
        if is_folder(path) {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        match fs::metadata(path) {
            Ok(found) if found.is_file() => {
                let opened = OpenOptions::new().write(true).open(path);
                let checked = opened.and_then(|file| match self.is_private && !is_opened(path) {
                    // Only the owner can set permissions. Here, they stay the same.
                    true if !is_only_of_owner(&found) => file.set_permissions(found.permissions()),
                    _ => Ok(()),
                });
                checked.map_err(failed)
            }
            Ok(_) if self.opened.get().is_none() => {
                let _ = self.opened.set(open_to_write("--out", path).map_err(failed)?);
                Ok(())
            }
            Ok(_) => Ok(()),
            // A new file, or a link to a file that does not exist.
            Err(_) => {
                let target = target_of(path).map_err(failed)?;
                Sink::create(Some(&target), self.is_private).map(drop)
            }
        }
    }

    /// Checks that binary data can be written, that is, that the output is not a terminal.
    ///
    /// # Errors
    /// Returns a failure with [`Exit::Usage`] if the output is a terminal. Its message names the
    /// content, `what`.
    pub fn check_binary(&self, what: &str) -> Result<(), Failure> {
        if self.file.is_some() || !io::stdout().is_terminal() {
            return Ok(());
        }
        let problem =
            format!("{what} is not written to a terminal; use --out FILE, or redirect the output");
        Err(Failure::new(Exit::Usage, problem))
    }

    /// Returns whether a result that is a single text, such as a certificate, is written unchanged.
    /// This is the case for the format `table` without `--fields`.
    pub fn is_plain(&self) -> bool {
        self.format == Format::Table && self.fields.is_empty()
    }

    /// Returns the format that `-o` selects.
    pub fn format(&self) -> Format {
        self.format
    }

    fn columns(&self, columns: &[Column]) -> (Vec<String>, Vec<String>) {
        if self.fields.is_empty() {
            let owned = |text: &&str| (*text).to_owned();
            let (headings, paths): (Vec<_>, Vec<_>) = columns.iter().copied().unzip();
            return (headings.iter().map(owned).collect(), paths.iter().map(owned).collect());
        }
        // A field can be given as the heading of a column instead of its path.
        let path = |field: &String| {
            let mut columns = columns.iter();
            let column = columns.find(|(heading, _)| heading.eq_ignore_ascii_case(field));
            column.map_or_else(|| field.clone(), |(_, path)| (*path).to_owned())
        };
        (self.fields.clone(), self.fields.iter().map(path).collect())
    }

    /// Checks before requests are sent that entries can have at least one of the requested fields.
    /// `columns` contains the columns of the entries, and `others` the names of the members that are
    /// not columns. The other fields are reported with the result.
    ///
    /// # Errors
    /// Returns a failure with [`Exit::Usage`] if each field is neither a column nor within a member.
    pub fn check_fields(&self, columns: &[Column], others: &[&str]) -> Result<(), Failure> {
        let mut names: Vec<&str> = columns.iter().map(|(_, path)| *path).collect();
        names.extend(others);
        for (heading, _) in columns {
            if !names.iter().any(|name| name.eq_ignore_ascii_case(heading)) {
                names.push(heading);
            }
        }
        let is_known = |field: &String| {
            columns.iter().any(|(heading, _)| heading.eq_ignore_ascii_case(field))
                || field.split('.').next().is_some_and(|name| names.contains(&name))
        };
        match self.fields.first() {
            Some(field) if !self.fields.iter().any(is_known) => {
                let problem = format!("--fields: `{field}` is not one of {}", names.join(", "));
                Err(Failure::new(Exit::Usage, problem))
            }
            _ => Ok(()),
        }
    }

    /// Returns the fields that `--fields` requests, or an empty slice if the option is not given.
    pub(crate) fn fields(&self) -> &[String] {
        &self.fields
    }

    /// Writes one value. `body` is its JSON as received from the server. With `--fields`, a JSON
    /// array is written as a list.
    ///
    /// # Errors
    /// Returns an error if the output cannot be written, or if the value is not JSON. Returns a
    /// failure with [`Exit::Usage`] if the value has none of the requested fields. A file is then not
    /// changed; standard output shows them as `null`. After [`check`](Self::check), the whole value
    /// is written instead, because the response to a write cannot be requested again. Its secrets
    /// are masked, except in a file that only the owner can read.
    pub fn value(&self, body: &str) -> Result<(), Failure> {
        let json = Json::parse(body)
            .map_err(|error| Failure::new(Exit::NotUnderstood, format!("response: {error}")))?;
        if self.fields.is_empty() {
            return self.shown(body, json);
        }
        let mut known = Known::new(self.fields.len());
        let selected = known.select(&json, &self.fields, &self.fields);
        let entries = match &json {
            // A field such as `0.id` begins with the index of an entry.
            Json::List(entries) if !known.is_found.contains(&true) => {
                known = Known::new(self.fields.len());
                entries.iter().for_each(|entry| {
                    known.select(entry, &self.fields, &self.fields);
                });
                Some(entries)
            }
            _ => None,
        };
        if self.is_write.load(Ordering::Relaxed) && known.is_unknown() {
            let is_own = |path: &PathBuf| self.is_private && !is_opened(path);
            let is_shown = self.file.as_ref().is_some_and(is_own);
            self.shown(body, if is_shown { json } else { json.masked() })?;
        } else if self.file.is_some() && known.is_unknown() {
            return known.check(&self.fields);
        } else if let Some(entries) = entries {
            let mut list = self.list_of(self.fields.clone(), self.fields.clone())?;
            entries.iter().try_for_each(|entry| list.push(entry))?;
            return list.end();
        } else {
            self.shown(body, selected)?;
        }
        known.check(&self.fields)
    }

    fn shown(&self, body: &str, json: Json) -> Result<(), Failure> {
        match self.format {
            Format::Json if self.fields.is_empty() => self.text(body.trim()),
            Format::Json | Format::Jsonl => self.text(&json.to_string()),
            Format::Table | Format::Csv => {
                let Json::Object(members) = json else {
                    let cell = json.cell();
                    return self.text(&match self.format {
                        Format::Csv => no_formula(&cell),
                        _ => printable(&cell),
                    });
                };
                let names: Vec<String> = members.iter().map(|(name, _)| name.clone()).collect();
                if self.format == Format::Csv {
                    let mut list = self.list_of(names.clone(), names)?;
                    let cell = |(name, value): &(String, Json)| list.cell(name, value.cell());
                    let row = members.iter().map(cell).collect();
                    list.rows.push(row);
                    return list.end();
                }
                let mut list = self.list_of(Vec::new(), Vec::new())?;
                for (name, value) in members {
                    let cell = list.cell(&name, value.cell());
                    list.rows.push(vec![name, cell]);
                }
                list.end()
            }
        }
    }

    /// Begins a list with these columns.
    ///
    /// # Errors
    /// Returns an error if the file cannot be created.
    pub fn list(&self, columns: &[Column]) -> Result<List, Failure> {
        let (headings, paths) = self.columns(columns);
        let mut list = self.list_of(headings, paths)?;
        list.known.headings.extend(columns.iter().map(|(heading, _)| heading));
        Ok(list)
    }

    /// Begins a list whose entries are events: each is written immediately, whatever the format. A
    /// file is written directly, not replaced at the end.
    ///
    /// # Errors
    /// Returns an error if the file cannot be created.
    pub fn stream(&self, columns: &[Column]) -> Result<List, Failure> {
        let (headings, paths) = self.columns(columns);
        let sink = match &self.file {
            Some(path) if self.opened.get().is_none() => Sink::direct(path, self.is_private)?,
            _ => self.sink()?,
        };
        Ok(List { is_stream: true, ..self.list_to(sink, headings, paths) })
    }

    fn list_of(&self, headings: Vec<String>, paths: Vec<String>) -> Result<List, Failure> {
        Ok(self.list_to(self.sink()?, headings, paths))
    }

    fn sink(&self) -> Result<Sink, Failure> {
        match (&self.file, self.opened.get()) {
            (Some(path), Some(opened)) => {
                let file = opened.try_clone().map_err(|error| Failure::file(path, &error))?;
                Ok(Sink::Direct { file, path: path.clone() })
            }
            _ => Sink::create(self.file.as_deref(), self.is_private),
        }
    }

    fn list_to(&self, sink: Sink, headings: Vec<String>, paths: Vec<String>) -> List {
        let (format, fields) = (self.format, self.fields.clone());
        let (times, is_colored) = (self.times, self.is_colored);
        let (rows, count, is_stream) = (Vec::new(), 0, false);
        let is_write = self.is_write.load(Ordering::Relaxed);
        let known = Known::new(fields.len());
        List {
            format,
            fields,
            headings,
            paths,
            rows,
            count,
            sink,
            times,
            is_colored,
            known,
            is_stream,
            is_write,
        }
    }

    /// Writes a line of text.
    ///
    /// # Errors
    /// Returns an error if the output cannot be written.
    pub fn text(&self, text: &str) -> Result<(), Failure> {
        self.bytes(&[text.as_bytes(), b"\n"].concat())
    }

    /// Writes the body of a response unchanged. On a terminal, a line break is added if the body
    /// does not end with one.
    ///
    /// # Errors
    /// Returns an error if the output cannot be written.
    pub(crate) fn body(&self, bytes: &[u8]) -> Result<(), Failure> {
        let is_ended = matches!(bytes.last(), None | Some(b'\n'));
        if !is_ended && self.file.is_none() && io::stdout().is_terminal() {
            return self.bytes(&[bytes, b"\n"].concat());
        }
        self.bytes(bytes)
    }

    /// Writes bytes. If the output is a terminal, escapes the characters that it would interpret;
    /// otherwise, writes the bytes unchanged.
    ///
    /// # Errors
    /// Returns an error if the output cannot be written.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut sink = self.sink()?;
        match sink.is_terminal() {
            true => sink.write(on_terminal(bytes, self.format).as_bytes())?,
            false => sink.write(bytes)?,
        }
        sink.end()
    }
}

/// An output list, to which entries are added one by one.
#[derive(Debug)]
pub struct List {
    format: Format,
    fields: Vec<String>,
    headings: Vec<String>,
    paths: Vec<String>,
    rows: Vec<Vec<String>>,
    count: usize,
    sink: Sink,
    times: Times,
    is_colored: bool,
    known: Known,
    /// Whether each row of a table is written immediately, not at the end of the list.
    is_stream: bool,
    /// Whether the file is also replaced if no entry has any of the requested fields.
    is_write: bool,
}

/// The data for the message about unknown fields: whether each requested field was found in the
/// entries so far, and the names of all their members.
#[derive(Debug)]
struct Known {
    is_found: Vec<bool>,
    names: Vec<String>,
    /// The headings of the columns, which are names of fields, too.
    headings: Vec<&'static str>,
    /// Whether an entry has no members, because it is neither an object nor `null`.
    is_scalar: bool,
}

impl Known {
    fn new(fields: usize) -> Self {
        Self {
            is_found: vec![false; fields],
            names: Vec::new(),
            headings: Vec::new(),
            is_scalar: false,
        }
    }

    /// Returns an object with the requested fields of an entry, which are `null` if the entry lacks
    /// them. `paths` contains the path of each field, because a field can also be given as the
    /// heading of a column.
    fn select(&mut self, entry: &Json, fields: &[String], paths: &[String]) -> Json {
        if let Json::Object(members) = entry {
            for (name, _) in members {
                if !self.names.contains(name) {
                    self.names.push(name.clone());
                }
            }
        }
        self.is_scalar |= !matches!(entry, Json::Object(_)) && !entry.is_null();
        let mut members = Vec::new();
        for ((field, path), is_found) in fields.iter().zip(paths).zip(&mut self.is_found) {
            let value = entry.get(field).or_else(|| at(entry, path));
            *is_found |= value.is_some() || is_below_null(entry, field);
            let null = || Json::Other("null".to_owned());
            members.push((field.clone(), value.cloned().unwrap_or_else(null)));
        }
        Json::Object(members)
    }

    /// Returns whether none of the requested fields was found, although there are entries that could
    /// have them.
    fn is_unknown(&self) -> bool {
        (self.is_scalar || !self.names.is_empty()) && !self.is_found.contains(&true)
    }

    /// Reports the requested fields that were not found in any entry. Returns an error if none of
    /// the requested fields was found; otherwise, only prints a message.
    fn check(&self, fields: &[String]) -> Result<(), Failure> {
        if self.names.is_empty() && !self.is_scalar {
            return Ok(());
        }
        let mut names: Vec<String> = self.names.iter().map(|name| printable(name)).collect();
        for heading in &self.headings {
            if !names.is_empty() && !names.iter().any(|name| name.eq_ignore_ascii_case(heading)) {
                names.push((*heading).to_owned());
            }
        }
        let missing = fields.iter().zip(&self.is_found).filter(|(_, is_found)| !**is_found);
        let missing: Vec<_> = missing.map(|(field, _)| format!("`{}`", printable(field))).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let known = match names.is_empty() {
            true => "the result has no fields".to_owned(),
            false => format!("the fields are: {}", names.join(", ")),
        };
        let s = if missing.len() == 1 { "" } else { "s" };
        let text = format!("unknown field{s} {}; {known}", missing.join(", "));
        if self.is_unknown() {
            return Err(Failure::new(Exit::Usage, text));
        }
        // A closed standard error must not end the command.
        let _ = writeln!(io::stderr(), "{text}");
        Ok(())
    }
}

/// Returns the value at the first path that exists in an entry. In `paths`, the paths are separated
/// by `|`.
fn at<'a>(entry: &'a Json, paths: &str) -> Option<&'a Json> {
    paths.split('|').find_map(|path| entry.get(path))
}

/// Returns whether a parent of the path is `null` in an entry. The path may then exist in other
/// entries, so it is not reported as unknown.
fn is_below_null(entry: &Json, path: &str) -> bool {
    let ends = path.match_indices('.').filter_map(|(end, _)| path.get(..end));
    ends.into_iter().any(|path| entry.get(path) == Some(&Json::Other("null".to_owned())))
}

impl List {
    /// Adds an entry. The rows of a table are written at the end, unless the list is a stream; all
    /// other formats are written immediately.
    ///
    /// # Errors
    /// Returns an error if the output cannot be written.
    pub fn push(&mut self, entry: &Json) -> Result<(), Failure> {
        self.count += 1;
        let selected = match self.fields.is_empty() {
            true => None,
            false => Some(self.known.select(entry, &self.fields, &self.paths)),
        };
        let is_json = self.format.is_json();
        if !is_json {
            let row = match selected {
                Some(Json::Object(members)) => {
                    let cells = members.iter().zip(&self.paths);
                    cells.map(|((_, value), path)| self.cell(path, value.cell())).collect()
                }
                _ => {
                    let cell = |path: &String| {
                        self.cell(path, at(entry, path).map(Json::cell).unwrap_or_default())
                    };
                    self.paths.iter().map(cell).collect()
                }
            };
            self.rows.push(row);
            return match self.format {
                Format::Csv => self.write_csv(),
                _ if self.is_stream => self.write_table(),
                _ => Ok(()),
            };
        }
        let text = selected.as_ref().unwrap_or(entry).to_string();
        let before = match (self.format, self.count) {
            (Format::Json, 1) => "[\n",
            (Format::Json, _) => ",\n",
            _ => "",
        };
        let after = if self.format == Format::Jsonl { "\n" } else { "" };
        let text = [before, &*text, after].concat();
        match self.sink.is_terminal() {
            true => self.sink.write(on_terminal(text.as_bytes(), self.format).as_bytes()),
            false => self.sink.write(text.as_bytes()),
        }
    }

    /// Returns the text of a cell. Times are local in a table on a terminal, and UTC otherwise.
    fn cell(&self, path: &str, cell: String) -> String {
        let is_local = self.format == Format::Table && self.sink.is_terminal();
        self.times.cell(path, cell, is_local)
    }

    /// Writes a line of text in place of a row of a table. Control characters in it are not
    /// escaped.
    ///
    /// # Errors
    /// Returns an error if the output cannot be written.
    pub fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.sink.write(&[text.as_bytes(), b"\n"].concat())
    }

    /// Makes [`end`](Self::end) replace the file even if no entry has any of the requested fields,
    /// as after [`Output::check`].
    #[must_use]
    pub(crate) fn always_written(self) -> Self {
        Self { is_write: true, ..self }
    }

    /// Ends the list. If a list is dropped instead, because of an error, its JSON has no closing
    /// bracket, and the output file is not replaced.
    ///
    /// # Errors
    /// Returns an error if the output cannot be written. Returns a failure with [`Exit::Usage`] if
    /// no entry has any of the requested fields. A file is then not replaced, except after
    /// [`Output::check`].
    pub fn end(mut self) -> Result<(), Failure> {
        if !self.is_write && self.known.is_unknown() && matches!(self.sink, Sink::File { .. }) {
            return self.known.check(&self.fields);
        }
        match self.format {
            Format::Json if self.count == 0 => self.sink.write(b"[]\n")?,
            Format::Json => self.sink.write(b"\n]\n")?,
            Format::Jsonl => {}
            Format::Csv => self.write_csv()?,
            Format::Table => self.write_table()?,
        }
        self.sink.end()?;
        self.known.check(&self.fields)
    }

    fn write_csv(&mut self) -> Result<(), Failure> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let headings = std::mem::take(&mut self.headings);
        let mut text = Ok(());
        if !headings.is_empty() {
            text = writer.write_record(headings.iter().map(|name| no_formula(name)));
        }
        for row in self.rows.drain(..) {
            text = text.and_then(|()| writer.write_record(row.iter().map(|cell| no_formula(cell))));
        }
        let failed = |error: String| Failure::new(Exit::Local, error);
        text.map_err(|error| failed(error.to_string()))?;
        let bytes = writer.into_inner().map_err(|error| failed(error.to_string()))?;
        match self.sink.is_terminal() {
            true => self.sink.write(on_terminal(&bytes, self.format).as_bytes()),
            false => self.sink.write(&bytes),
        }
    }

    fn write_table(&mut self) -> Result<(), Failure> {
        let rows = std::mem::take(&mut self.rows);
        let cells =
            rows.into_iter().map(|row| row.iter().map(|cell| printable(cell)).collect::<Vec<_>>());
        let mut text = String::new();
        if self.sink.is_terminal() && !self.is_stream {
            let mut table = Table::new();
            table.load_preset(NOTHING);
            if !self.headings.is_empty() {
                table.set_header(self.headings.iter().map(|name| printable(name).to_uppercase()));
            }
            table.add_rows(cells);
            for (number, line) in table.lines().enumerate() {
                let line = line.trim_end();
                let is_heading = number == 0 && !self.headings.is_empty();
                text.push_str(&if self.is_colored && is_heading {
                    bold(line)
                } else {
                    line.into()
                });
                text.push('\n');
            }
        } else {
            text.extend(cells.map(|row| row.join("\t") + "\n"));
        }
        self.sink.write(text.as_bytes())
    }
}

/// Escapes all characters that a terminal would interpret: control characters, and characters that
/// change the direction of text.
pub(crate) fn printable(text_of_server: &str) -> String {
    let mut text = String::new();
    for char in text_of_server.chars() {
        match is_interpreted(char) {
            true => text.extend(char.escape_default()),
            false => text.push(char),
        }
    }
    text
}

/// Returns whether a terminal interprets a character, that is, whether it is a control character or
/// changes the direction of text.
pub(crate) fn is_interpreted(char: char) -> bool {
    let is_direction = matches!(char,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    char.is_control() || is_direction
}

/// Escapes all characters that a terminal would interpret, except tabs and line breaks. JSON
/// remains valid.
fn on_terminal(bytes: &[u8], format: Format) -> String {
    let (whole, mut text) = (String::from_utf8_lossy(bytes), String::new());
    let mut chars = whole.chars().peekable();
    while let Some(char) = chars.next() {
        let is_layout = match char {
            '\n' | '\t' => true,
            // Without a line feed, it would overwrite the line.
            '\r' => chars.peek() == Some(&'\n'),
            _ => false,
        };
        match (is_interpreted(char) && !is_layout, format) {
            (false, _) => text.push(char),
            (true, Format::Json | Format::Jsonl) => {
                text.push_str(&format!("\\u{:04x}", u32::from(char)));
            }
            (true, _) => text.extend(char.escape_default()),
        }
    }
    text
}

/// Returns the text of a CSV cell. If a spreadsheet would evaluate it as a formula, adds a leading
/// apostrophe.
fn no_formula(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let is_number = serde_json::from_str::<serde_json::Number>(cell).is_ok();
    if is_formula && !is_number { ["'", cell].concat() } else { cell.to_owned() }
}

/// The destination of an output: standard output or a file. An existing regular file is replaced at
/// the end. The new file has the same mode, except that only the owner has access to a file for
/// secrets.
#[derive(Debug)]
enum Sink {
    Stdout,
    /// A file that is written directly: a device, a FIFO, a mount point, the file of a stream, or
    /// the file to which a link leads if it cannot be replaced.
    Direct {
        file: File,
        path: PathBuf,
    },
    File {
        file: File,
        temporary: TemporaryFile,
        path: PathBuf,
    },
}

/// Returns the path of the file that an output to `path` replaces: `path` itself, or the end of a
/// chain of links. Returns `None` if the file must not be replaced, because it is a device, a FIFO,
/// a folder, a mount point or a link to an open file.
fn replaced(path: &Path) -> Option<PathBuf> {
    // The system checks whether the links may be followed.
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => return None,
        Err(error) if error.kind() != io::ErrorKind::NotFound => return None,
        _ => {}
    }
    let target = target_of(path).ok()?;
    match fs::symlink_metadata(&target) {
        Ok(found) if !found.is_file() || is_mount_point(&target) => None,
        _ => Some(target),
    }
}

/// Returns whether a path is that of a folder, or ends with a slash, as only that of a folder can.
fn is_folder(path: &Path) -> bool {
    path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/")
}

/// Returns whether a path is that of a file that is already open, such as `/dev/stdout`. Its
/// permissions are those that the program that opened it wants.
fn is_opened(path: &Path) -> bool {
    path.starts_with("/dev") || path.starts_with("/proc")
}

/// Returns whether other users have no permissions for a file.
#[cfg(unix)]
fn is_only_of_owner(found: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(found) & 0o077 == 0
}

#[cfg(not(unix))]
fn is_only_of_owner(_: &fs::Metadata) -> bool {
    true
}

/// Follows a chain of symbolic links and returns its end, at which no file has to exist. Returns a
/// path that is not a link unchanged. A link to an open file, such as `/dev/stdout`, is not followed.
pub(crate) fn target_of(path: &Path) -> io::Result<PathBuf> {
    /// The maximum number of links that are followed, as in Linux.
    const LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        if !fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink())
            || fs::canonicalize(folder_of(&path)).is_ok_and(|folder| is_opened(&folder))
        {
            return Ok(path);
        }
        let target = fs::read_link(&path)?;
        // An absolute target replaces the folder.
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    Err(io::Error::other("too many links"))
}

/// Returns whether two paths refer to the same regular file, which need not exist yet.
pub(crate) fn is_same_file(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| -> io::Result<PathBuf> {
        let path = target_of(path)?;
        let folder = fs::canonicalize(folder_of(&path))?;
        Ok(folder.join(path.file_name().unwrap_or_default()))
    };
    let is_same_place = || place(one).ok().zip(place(other).ok()).is_some_and(|(a, b)| a == b);
    match (fs::metadata(one), fs::metadata(other)) {
        #[cfg(unix)]
        (Ok(one), Ok(other)) => {
            use std::os::unix::fs::MetadataExt;
            one.is_file() && (one.dev(), one.ino()) == (other.dev(), other.ino())
        }
        #[cfg(not(unix))]
        (Ok(one), Ok(_)) => one.is_file() && is_same_place(),
        (Err(_), Err(_)) => is_same_place(),
        _ => false,
    }
}

/// Writes a file that only its owner can read and write, and replaces an existing one atomically.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut sink = Sink::create(Some(path), true)?;
    sink.write(bytes)?;
    sink.end()
}

impl Sink {
    fn create(path: Option<&Path>, is_private: bool) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::Stdout) };
        match Self::draft(path, is_private)? {
            Some(draft) => Ok(draft),
            None => Self::direct(path, is_private),
        }
    }

    /// Creates a draft of the file at `path`. If it is a link, the file to which it leads is
    /// replaced, but only by a file with the same owner and group. Returns `None` if the file must
    /// be written directly.
    fn draft(path: &Path, is_private: bool) -> Result<Option<Self>, Failure> {
        use io::ErrorKind::{InvalidFilename, PermissionDenied, ReadOnlyFilesystem};

        let Some(target) = replaced(path) else { return Ok(None) };
        let is_link = target != path;
        let draft = || -> io::Result<Self> {
            check_replaceable(&target)?;
            let existing = fs::metadata(&target).ok();
            remove_drafts(&target);
            let options = Self::options(is_private || existing.is_some());
            let (file, temporary) = create_draft(&target, &options)?;
            #[cfg(unix)]
            if let Some(existing) = existing {
                use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
                // If the file belongs to another user, only root can keep its owner.
                let kept = fchown(&file, Some(existing.uid()), Some(existing.gid()));
                if is_link {
                    kept?;
                }
                let mode = existing.mode() & if is_private { 0o600 } else { 0o777 };
                file.set_permissions(fs::Permissions::from_mode(mode))?;
            }
            Ok(Self::File { file, temporary, path: target.clone() })
        };
        match draft() {
            Err(error)
                if is_link
                    && matches!(
                        error.kind(),
                        PermissionDenied | ReadOnlyFilesystem | InvalidFilename
                    ) =>
            {
                Ok(None)
            }
            draft => draft.map(Some).map_err(|error| Failure::new_file(&target, &error)),
        }
    }

    /// Opens and empties a file that is written directly. If the file, or the one to which a link
    /// leads, does not exist, it is created.
    fn direct(path: &Path, is_private: bool) -> Result<Self, Failure> {
        let file = match open_to_write("--out", path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let target = target_of(path).map_err(|error| Failure::file(path, &error))?;
                Self::options(is_private).open(target)
            }
            file => file,
        };
        let file = file.map_err(|error| Failure::new_file(path, &error))?;
        let emptied = file.metadata().and_then(|found| match found.is_file() {
            true => empty(&file, &found, is_private && !is_opened(path)),
            false => Ok(()),
        });
        emptied.map_err(|error| Failure::file(path, &error))?;
        Ok(Self::Direct { file, path: path.to_owned() })
    }

    /// Returns the options with which a new file is created. On Unix, if `is_private` is set, only
    /// the owner can read and write the file.
    fn options(is_private: bool) -> OpenOptions {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if is_private {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        #[cfg(not(unix))]
        let _ = is_private;
        options
    }

    fn is_terminal(&self) -> bool {
        matches!(self, Self::Stdout) && io::stdout().is_terminal()
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Stdout if IS_CLOSED.load(Ordering::Relaxed) => Ok(()),
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                        IS_CLOSED.store(true, Ordering::Relaxed);
                        Ok(())
                    }
                    written => written.map_err(|error| Failure::output(&error)),
                }
            }
            Self::Direct { file, path } | Self::File { file, path, .. } => {
                file.write_all(bytes).map_err(|error| Failure::file(path, &error))
            }
        }
    }

    fn end(self) -> Result<(), Failure> {
        let Self::File { file, temporary, path } = self else { return Ok(()) };
        let ended = file.sync_all().and_then(|()| fs::rename(temporary.path(), &path));
        ended.map_err(|error| Failure::file(&path, &error))?;
        temporary.keep();
        Ok(())
    }
}

/// Removes the content of an existing file and, if `is_private` is set, the permissions of other
/// users, which are removed first.
fn empty(file: &File, found: &fs::Metadata, is_private: bool) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if is_private && !is_only_of_owner(found) {
            let mode = found.permissions().mode() & 0o600;
            file.set_permissions(fs::Permissions::from_mode(mode))?;
        }
    }
    #[cfg(not(unix))]
    let _ = (found, is_private);
    file.set_len(0)
}

/// The number of hexadecimal digits in the name of a draft (see [`create_draft`]).
const DIGITS: usize = 16;

/// Creates a draft of the file at `path`: a temporary file `.NAME.DIGITS` in the same folder, which
/// later replaces the file. A lock marks the draft as in use.
fn create_draft(path: &Path, options: &OpenOptions) -> io::Result<(File, TemporaryFile)> {
    const MOST: usize = 16;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    for _ in 0..MOST {
        // The hasher's keys are random.
        let random = RandomState::new().build_hasher().finish();
        let temporary = path.with_file_name(format!(".{name}.{random:0DIGITS$x}"));
        let temporary = TemporaryFile::new(temporary);
        let file = match options.open(temporary.path()) {
            Ok(file) => file,
            Err(error) => {
                temporary.keep();
                return Err(error);
            }
        };
        // Before the draft was locked, another process may have considered it abandoned.
        let is_removed = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
        if !is_removed && temporary.path().exists() {
            return Ok((file, temporary));
        }
    }
    Err(io::Error::other("other processes remove each draft"))
}

/// Removes the abandoned drafts of a file (see [`create_draft`]). A draft that is not locked is
/// abandoned: the process that wrote it was killed. Errors are ignored, because drafts of other
/// users cannot be removed.
fn remove_drafts(path: &Path) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_draft = |found: &str| {
        let digits = found.strip_prefix('.').and_then(|found| found.strip_prefix(&*name));
        let digits = digits.and_then(|digits| digits.strip_prefix('.')).unwrap_or_default();
        digits.len() == DIGITS
            && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    for entry in fs::read_dir(folder_of(path)).into_iter().flatten().flatten() {
        if !entry.file_name().to_str().is_some_and(is_draft)
            || !entry.file_type().is_ok_and(|found| found.is_file())
        {
            continue;
        }
        let draft = entry.path();
        if let Some(_locked) = lock_abandoned(&draft) {
            let _ = fs::remove_file(draft);
        }
    }
}

/// Locks a draft if it is not in use. The draft must stay locked until it is removed. Otherwise,
/// the process that created it could lock it in the meantime.
fn lock_abandoned(draft: &Path) -> Option<File> {
    open_draft(draft).ok().filter(|file| file.try_lock().is_ok())
}

/// Opens a draft (see [`create_draft`]) for reading, without following a link or waiting for the
/// writer of a named pipe.
fn open_draft(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        libc::O_NOFOLLOW | libc::O_NONBLOCK,
    );
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_folder::TestFolder;

    fn written(format: Format, fields: &[&str], write: impl FnOnce(&Output)) -> String {
        let folder = TestFolder::new();
        let path = folder.join("output");
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        write(&Output::new(format, fields, Some(path.clone())));
        fs::read_to_string(&path).unwrap()
    }

    fn list(output: &Output) {
        let mut list = output.list(&[("id", "id"), ("amount", "a.b")]).unwrap();
        for entry in [r#"{"id":"=1+1","a":{"b":-1.50},"c":"x\ty"}"#, r#"{"id":"2","a":null}"#] {
            list.push(&Json::parse(entry).unwrap()).unwrap();
        }
        list.end().unwrap();
    }

    #[test]
    fn lists_have_four_formats() {
        assert_eq!(written(Format::Table, &[], list), "=1+1\t-1.50\n2\t\n");
        assert_eq!(written(Format::Table, &["c"], list), "x\\ty\n\n");
        assert_eq!(written(Format::Csv, &[], list), "id,amount\n'=1+1,-1.50\n2,\n");
        assert_eq!(
            written(Format::Json, &[], list),
            "[\n{\"id\":\"=1+1\",\"a\":{\"b\":-1.50},\"c\":\"x\\ty\"},\n{\"id\":\"2\",\"a\":null}\n]\n"
        );
        assert_eq!(
            written(Format::Jsonl, &["id", "a.b"], list),
            "{\"id\":\"=1+1\",\"a.b\":-1.50}\n{\"id\":\"2\",\"a.b\":null}\n"
        );
    }

    #[test]
    fn values_have_four_formats() {
        let body = " {\"id\": 1, \"a\": {\"b\": 1.0}}\n";
        let value = |output: &Output| output.value(body).unwrap();
        assert_eq!(written(Format::Json, &[], value), "{\"id\": 1, \"a\": {\"b\": 1.0}}\n");
        assert_eq!(written(Format::Jsonl, &[], value), "{\"id\":1,\"a\":{\"b\":1.0}}\n");
        assert_eq!(written(Format::Table, &[], value), "id\t1\na\t{\"b\":1.0}\n");
        assert_eq!(written(Format::Csv, &["a.b"], value), "a.b\n1.0\n");
    }

    #[test]
    fn entries_of_streams_are_written_at_once() {
        let folder = TestFolder::new();
        let path = folder.join("stream");
        let entry = Json::parse(r#"{"id":1,"a":{"b":"x\ty"}}"#).unwrap();
        for (format, fields, first, all) in [
            (Format::Table, &[][..], "1\tx\\ty\n", "1\tx\\ty\n1\tx\\ty\n"),
            (Format::Csv, &["id"], "id\n1\n", "id\n1\n1\n"),
            (Format::Json, &["id"], "[\n{\"id\":1}", "[\n{\"id\":1},\n{\"id\":1}\n]\n"),
            (Format::Jsonl, &["id"], "{\"id\":1}\n", "{\"id\":1}\n{\"id\":1}\n"),
        ] {
            fs::write(&path, "a longer text than that of the stream, of another run").unwrap();
            let fields = fields.iter().map(|field: &&str| (*field).to_owned()).collect();
            let output = Output::new(format, fields, Some(path.clone()));
            let mut list = output.stream(&[("id", "id"), ("amount", "a.b")]).unwrap();
            list.push(&entry).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), first, "{format:?}");
            list.push(&entry).unwrap();
            list.end().unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), all, "{format:?}");
        }
    }

    #[test]
    fn file_is_replaced_only_by_a_complete_list() {
        let folder = TestFolder::new();
        let path = folder.join("list");
        fs::write(&path, "before").unwrap();
        let output = Output::new(Format::Json, Vec::new(), Some(path.clone()));
        let mut list = output.list(&[]).unwrap();
        list.push(&Json::Other("1".to_owned())).unwrap();
        drop(list);
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        output.list(&[]).unwrap().end().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "[]\n");
    }

    #[cfg(unix)]
    #[test]
    fn file_of_a_link_is_replaced_only_by_a_complete_list() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

        let folder = TestFolder::new();
        let (file, link) = (folder.join("folder/file"), folder.join("link"));
        fs::create_dir(folder.join("folder")).unwrap();
        fs::write(&file, "before").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        if chown(&file, Some(65_534), Some(65_533)).is_err() {
            eprintln!("skipped: only root can change the owner of a file");
        }
        symlink("folder/second", &link).unwrap();
        symlink("file", folder.join("folder/second")).unwrap();
        let (old, before) = (File::open(&file).unwrap(), fs::metadata(&file).unwrap());
        let output = Output::new(Format::Json, Vec::new(), Some(link.clone()));
        output.check().unwrap();
        let mut list = output.list(&[]).unwrap();
        list.push(&Json::Other("1".to_owned())).unwrap();
        drop(list);
        assert_eq!(fs::read_to_string(&link).unwrap(), "before");
        output.list(&[]).unwrap().end().unwrap();
        assert_eq!(fs::read_to_string(&link).unwrap(), "[]\n");
        // A program that reads the file gets the whole previous content.
        assert_eq!(io::read_to_string(old).unwrap(), "before");
        let after = fs::metadata(&file).unwrap();
        let access = |found: &fs::Metadata| (found.uid(), found.gid(), found.mode());
        assert_eq!(access(&after), access(&before));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        // The file of a link that leads to no file is created only by a complete list.
        fs::remove_file(&file).unwrap();
        drop(output.list(&[]).unwrap());
        assert!(!file.exists());
        output.list(&[]).unwrap().end().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "[]\n");
        assert_eq!(fs::read_dir(folder.join("folder")).unwrap().count(), 2);
        // A file that another program has opened is not replaced.
        #[cfg(target_os = "linux")]
        {
            use std::os::fd::AsRawFd;

            let opened = OpenOptions::new().write(true).open(&file).unwrap();
            let link = folder.join("opened");
            symlink(format!("/dev/fd/{}", opened.as_raw_fd()), &link).unwrap();
            Output::new(Format::Json, Vec::new(), Some(link)).text("2").unwrap();
            assert_eq!(fs::metadata(&file).unwrap().ino(), opened.metadata().unwrap().ino());
            assert_eq!(fs::read_to_string(&file).unwrap(), "2\n");
        }
    }

    #[test]
    fn column_may_have_several_paths() {
        let list = |output: &Output| {
            let mut list = output.list(&[("created", "date.a|date.b")]).unwrap();
            for entry in [r#"{"date":{"a":1,"b":2}}"#, r#"{"date":{"b":3}}"#, "{}"] {
                list.push(&Json::parse(entry).unwrap()).unwrap();
            }
            list.end().unwrap();
        };
        assert_eq!(written(Format::Table, &[], list), "1\n3\n\n");
        assert_eq!(written(Format::Csv, &["created"], list), "created\n1\n3\n\"\"\n");
    }

    /// Writes to a list until it is killed. Run by the next test, in its folder.
    #[cfg(unix)]
    #[test]
    #[ignore = "part of another test"]
    fn draft_until_killed() {
        let output = Output::new(Format::Jsonl, Vec::new(), Some("list".into()));
        let mut list = output.list(&[]).unwrap();
        list.push(&Json::Other("1".to_owned())).unwrap();
        fs::write("ready", "").unwrap();
        io::stdin().read_line(&mut String::new()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    #[ignore = "part of another test"]
    fn file_of_another_user_is_checked() {
        let output = |path: &str| Output::new(Format::Json, Vec::new(), Some(path.into()));
        output("link").check().unwrap();
        assert_eq!(output("link").private().check().unwrap_err().exit(), Exit::Local);
        let stdout = output("/dev/stdout").private();
        stdout.check().unwrap();
        stdout.text("1").unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn permissions_of_a_file_of_another_user_are_checked_before_a_write() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
        use std::os::unix::process::CommandExt;

        let folder = TestFolder::new();
        let (file, log) = (folder.join("file"), folder.join("log"));
        for path in [&file, &log] {
            fs::write(path, "old").unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o666)).unwrap();
        }
        symlink("file", folder.join("link")).unwrap();
        if fs::metadata(&file).unwrap().uid() != 0 {
            eprintln!("skipped: only root can run a program as another user");
            return;
        }
        let stdout = OpenOptions::new().write(true).open(&log).unwrap();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "output::tests::file_of_another_user_is_checked", "--ignored"]);
        let Ok(status) = child.current_dir(folder.path()).uid(65534).stdout(stdout).status() else {
            eprintln!("skipped: another user cannot run the program in its folder");
            return;
        };
        assert!(status.success());
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        for path in [&file, &log] {
            assert_eq!(fs::metadata(path).unwrap().mode() & 0o777, 0o666);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn pipe_is_opened_once() {
        use std::io::Read;
        use std::os::fd::AsRawFd;

        let folder = TestFolder::new();
        let output = |path: &Path| Output::new(Format::Table, Vec::new(), Some(path.to_owned()));
        let socket = folder.join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert_eq!(output(&socket).check().unwrap_err().exit(), Exit::Local);
        let (mut reader, writer) = io::pipe().unwrap();
        let path = PathBuf::from(format!("/dev/fd/{}", writer.as_raw_fd()));
        output(&path).check().unwrap();
        output(&path).text("1").unwrap();
        let mut read = [0; 2];
        reader.read_exact(&mut read).unwrap();
        assert_eq!(read, *b"1\n");
        let fifo = folder.join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.is_ok_and(|status| status.success()));
        let (path, (sender, receiver)) = (fifo.clone(), std::sync::mpsc::channel());
        let opened = std::thread::spawn(move || sender.send(File::open(path).unwrap()));
        // This waits for the reader.
        let named = output(&fifo);
        named.check().unwrap();
        named.private().check().unwrap();
        let mut reader = receiver.recv().unwrap();
        opened.join().unwrap().unwrap();
        named.private().text("1").unwrap();
        reader.read_exact(&mut read).unwrap();
        named.stream(&[]).unwrap().end().unwrap();
        drop(reader);
        // It is not opened again, which would wait for another reader.
        assert_eq!(named.text("2").unwrap_err().exit(), Exit::Local);
        for path in ["/dev/null", "/dev/stdout"] {
            output(Path::new(path)).check().unwrap();
        }
    }

    #[cfg(unix)]
    #[test]
    fn draft_is_removed_by_a_signal_or_by_the_next_run() {
        use std::os::unix::process::ExitStatusExt;
        use std::process::{Command, Stdio};

        let folder = TestFolder::new();
        let drafts = || {
            let names =
                fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
            names.filter(|name| name.to_string_lossy().starts_with(".list.")).count()
        };
        for (signal, number, left) in [("-TERM", 15, 0), ("-KILL", 9, 1)] {
            let mut child = Command::new(std::env::current_exe().unwrap());
            child.args(["--exact", "output::tests::draft_until_killed", "--ignored"]);
            child.current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::null());
            let mut child = child.spawn().unwrap();
            // `wait` would close it, and the child would end before it handles the signal.
            let _stdin = child.stdin.take();
            while !folder.join("ready").exists() {
                std::thread::yield_now();
            }
            assert_eq!(drafts(), 1);
            // Another run for the file does not remove the draft of a running one.
            Output::new(Format::Jsonl, Vec::new(), Some(folder.join("list"))).check().unwrap();
            assert_eq!(drafts(), 1);
            let kill = Command::new("kill").args([signal, &child.id().to_string()]).status();
            assert!(kill.unwrap().success());
            assert_eq!(child.wait().unwrap().signal(), Some(number), "{signal}");
            assert_eq!(drafts(), left, "{signal}");
            fs::remove_file(folder.join("ready")).unwrap();
        }
        Output::new(Format::Jsonl, Vec::new(), Some(folder.join("list"))).text("1").unwrap();
        assert_eq!(drafts(), 0);
    }

    #[test]
    fn draft_is_locked_while_it_is_removed() {
        let folder = TestFolder::new();
        let (file, draft) = create_draft(&folder.join("list"), &Sink::options(true)).unwrap();
        assert!(lock_abandoned(draft.path()).is_none());
        file.unlock().unwrap();
        let locked = lock_abandoned(draft.path()).unwrap();
        assert!(matches!(file.try_lock(), Err(TryLockError::WouldBlock)));
        drop(locked);
        assert!(lock_abandoned(draft.path()).is_some());
    }

    #[cfg(unix)]
    #[test]
    fn links_and_devices_are_written_and_a_mode_is_kept() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = TestFolder::new();
        let (file, link) = (folder.join("file"), folder.join("link"));
        let mode = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let write = |path: &Path, text: &str| {
            Output::new(Format::Json, Vec::new(), Some(path.to_owned())).text(text).unwrap();
        };
        fs::write(&file, "a longer text").unwrap();
        mode(0o640);
        symlink(&file, &link).unwrap();
        write(&file, "1");
        write(&link, "2");
        assert_eq!(fs::read_to_string(&file).unwrap(), "2\n");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        let private = Output::new(Format::Json, Vec::new(), Some(link)).private();
        private.text("secret").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "secret\n");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        mode(0o644);
        private.stream(&[]).unwrap().end().unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let null = folder.join("null");
        symlink("/dev/null", &null).unwrap();
        write(&null, "3");
        // As another user, a test may be unable to open its own standard error again.
        let stderr = Path::new("/dev/stderr");
        if fs::OpenOptions::new().write(true).open(stderr).is_ok() {
            write(stderr, "4");
        }
        // A link to a link to a file that does not exist.
        let (first, second) = (folder.join("first"), folder.join("second"));
        symlink("second", &first).unwrap();
        symlink("new", &second).unwrap();
        let output = |path: &Path| Output::new(Format::Json, Vec::new(), Some(path.to_owned()));
        output(&first).check().unwrap();
        assert!(!folder.join("new").exists());
        write(&first, "5");
        assert_eq!(fs::read_to_string(folder.join("new")).unwrap(), "5\n");
        let lost = folder.join("lost");
        symlink("none/file", &lost).unwrap();
        let failure = output(&lost).check().unwrap_err();
        assert!(failure.message().ends_with("does not exist; create it"), "{failure}");
        let circle = folder.join("circle");
        symlink("circle", &circle).unwrap();
        output(&circle).check().unwrap_err();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 8);
    }

    #[test]
    fn text_of_a_server_is_escaped() {
        let value = |output: &Output| output.value(r#""\u001b[31m\u202ex""#).unwrap();
        assert_eq!(written(Format::Table, &[], value), "\\u{1b}[31m\\u{202e}x\n");
        let value = |output: &Output| output.value(r#"{"=1+1":1}"#).unwrap();
        assert_eq!(written(Format::Csv, &[], value), "'=1+1\n1\n");
        let value = |output: &Output| output.value(r#""=1+1""#).unwrap();
        assert_eq!(written(Format::Csv, &[], value), "'=1+1\n");
    }

    #[test]
    fn terminals_interpret_no_output() {
        let text = "a\u{1b}[31m\u{9b}\u{202e}\tb\r\n";
        assert_eq!(
            on_terminal(text.as_bytes(), Format::Csv),
            "a\\u{1b}[31m\\u{9b}\\u{202e}\tb\r\n"
        );
        let json = on_terminal("\"\u{9b}\u{202e}\"\n".as_bytes(), Format::Json);
        assert_eq!(json, "\"\\u009b\\u202e\"\n");
        assert_eq!(Json::parse(&json).unwrap().cell(), "\u{9b}\u{202e}");
    }

    #[test]
    fn fields_of_known_entries_are_checked() {
        let columns: &[Column] = &[("ms", "milliseconds"), ("result", "result")];
        let check = |fields: &[&str]| {
            let fields = fields.iter().map(|field| (*field).to_owned()).collect();
            let output = Output::new(Format::Table, fields, None);
            output.check_fields(columns, &["error"]).map_err(|failure| failure.to_string())
        };
        let partly = ["result", "errors"];
        for fields in [&[][..], &["MS", "milliseconds"], &["error.exit", "result"], &partly] {
            assert_eq!(check(fields), Ok(()), "{fields:?}");
        }
        let problem = "--fields: `errors` is not one of milliseconds, result, error, ms";
        assert_eq!(check(&["errors", "resul"]), Err(problem.to_owned()));
    }

    #[test]
    fn fields_of_values_that_are_no_objects_are_checked() {
        let folder = TestFolder::new();
        let path = folder.join("value");
        let show = |body: &str, fields: &[&str], is_write: bool| {
            fs::write(&path, "before").unwrap();
            let fields = fields.iter().map(|field| (*field).to_owned()).collect();
            let output = Output::new(Format::Jsonl, fields, Some(path.clone()));
            if is_write {
                output.check().unwrap();
            }
            let result = output.value(body).map_err(|failure| failure.to_string());
            (result, fs::read_to_string(&path).unwrap())
        };
        let (list, empty) = (r#"[{"id":1,"a":2},{"id":3}]"#, "unknown field `x`; the ");
        let unknown = |rest: &str| Err([empty, rest].concat());
        let rows = |text: &str| text.to_owned() + "\n";
        let found = rows("{\"id\":1}\n{\"id\":3}");
        assert_eq!(show(list, &["id"], false), (Ok(()), found.clone()));
        assert_eq!(show(list, &["id"], true), (Ok(()), found));
        assert_eq!(show(list, &["0.id"], false), (Ok(()), rows("{\"0.id\":1}")));
        let before = || "before".to_owned();
        assert_eq!(show(list, &["x"], false), (unknown("fields are: id, a"), before()));
        assert_eq!(show(list, &["x"], true), (unknown("fields are: id, a"), rows(list)));
        assert_eq!(show("[1,2]", &["x"], false), (unknown("result has no fields"), before()));
        let null = rows("{\"x\":null}");
        assert_eq!(show("7", &["x"], false), (unknown("result has no fields"), before()));
        assert_eq!(show("7", &["x"], true), (unknown("result has no fields"), rows("7")));
        assert_eq!(show("null", &["x"], false), (Ok(()), null));
        assert_eq!(show("[]", &["x"], false), (Ok(()), String::new()));
    }

    #[test]
    fn whole_response_to_a_write_masks_secrets() {
        let folder = TestFolder::new();
        let path = folder.join("value");
        let body = r#"{"id":1,"list":[{"clientSecret":"CANARY","n":1.50}]}"#;
        let masked = body.replace("CANARY", "***");
        let show = |output: &Output| {
            assert_eq!(output.value(body).unwrap_err().exit(), Exit::Usage);
            fs::read_to_string(&path).unwrap()
        };
        let output = Output::new(Format::Jsonl, vec!["x".to_owned()], Some(path.clone()));
        fs::write(&path, "before").unwrap();
        assert_eq!(show(&output), "before");
        assert_eq!(show(&output.private()), "before");
        output.check().unwrap();
        assert_eq!(show(&output), masked + "\n");
        assert_eq!(show(&output.private()), body.to_owned() + "\n");
    }

    #[test]
    fn fields_that_do_not_exist_are_named() {
        let columns: &[Column] = &[("amount", "a.b")];
        let folder = TestFolder::new();
        let end_of = |fields: &[&str], entries: &[&str], is_write: bool| {
            let fields = fields.iter().map(|field| (*field).to_owned()).collect();
            let path = folder.join("fields");
            fs::write(&path, "before").unwrap();
            let output = Output::new(Format::Jsonl, fields, Some(path.clone()));
            if is_write {
                output.check().unwrap();
            }
            let mut list = output.list(columns).unwrap();
            entries.iter().for_each(|entry| list.push(&Json::parse(entry).unwrap()).unwrap());
            let result = list.end().map_err(|failure| (failure.exit(), failure.to_string()));
            (result, fs::read_to_string(&path).unwrap())
        };
        let end = |fields: &[&str], entries: &[&str]| end_of(fields, entries, false);
        let entries = [r#"{"id":1,"a":{"b":2}}"#, r#"{"id":3,"c":null}"#];
        let text = "unknown fields `x`, `a.z`; the fields are: id, a, c, amount".to_owned();
        let failed = Err((Exit::Usage, text));
        assert_eq!(end(&["x", "a.z"], &entries), (failed.clone(), "before".to_owned()));
        let nulls = "{\"x\":null,\"a.z\":null}\n".repeat(2);
        assert_eq!(end_of(&["x", "a.z"], &entries, true), (failed, nulls));
        assert_eq!(end(&["x"], &[]).0, Ok(()));
        assert_eq!(end(&["c.d"], &entries).0, Ok(()));
        let (result, text) = end(&["Amount", "x"], &entries);
        assert_eq!(result, Ok(()));
        assert_eq!(text, "{\"Amount\":2,\"x\":null}\n{\"Amount\":null,\"x\":null}\n");
    }
}
