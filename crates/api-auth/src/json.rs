//! Lenient parsing of JSON responses: a layer around the deserializer of `serde_json`.
//!
//! | file | contents |
//! |---|---|
//! | `lenient.rs` | the deserializer: which value each type accepts |
//! | `visitor.rs` | the visitors that it passes to `serde_json`: conversions between strings, numbers and empty values |
//! | `access.rs` | lists, maps and enums |
//! | `members.rs` | objects that are parsed into structs: unknown members, names, paths |
//! | `repair.rs` | texts that are not valid JSON |
//! | `error.rs` | errors, with paths and without values |
//!
//! In these modules, an *empty value* is `""`, `false` or `[]`, which PHP servers send in place of
//! a missing value.
//!
//! A response is parsed in one pass. If that fails, further passes parse it in other modes, which
//! depend on the error of the previous pass. A well-formed response needs only one pass.

mod access;
mod error;
mod lenient;
mod members;
mod repair;
#[cfg(test)]
mod tests;
mod visitor;

use std::borrow::Cow;
use std::cell::Cell;

use serde::de::DeserializeOwned;
use serde_json::de::StrRead;

use crate::error::kind::ErrorKind;
use crate::error::response::{ResponseError, undecoded};
use crate::message::Response;
pub(crate) use error::EMPTY_VALUE;
use error::{Error, Forms, Kind};
use lenient::Lenient;
pub(crate) use lenient::{DIGITS, ONE_OR_MORE, SCALAR, is_empty_value};
pub(crate) use members::EXTRA_FIELDS_SIZE;
pub(crate) use repair::has_reserved_name;

/// Parses the whole body as JSON.
///
/// It accepts what servers send in practice:
///
/// - a string field accepts numbers, whose digits are unchanged, and booleans; a number or boolean
///   field accepts strings;
/// - a list accepts an object whose names are numbers, and `null`, `false`, `""` and `{}` as the
///   empty list; a map accepts `null`, `false`, `""` and `[]` as the empty map. If the whole
///   response is `null`, `false` or `""`, it is not accepted as a list or map, and if it is `{}`,
///   not as a list;
/// - an optional field whose type rejects `""`, `false` or `[]` is `None` for such a value. For a
///   derived enum, this applies to `""` only;
/// - a field with two names may occur under both. The first value is used;
/// - a byte order mark is skipped. Invalid UTF-8 and lone surrogates become U+FFFD.
///
/// The memory is limited. The lists, maps and objects of the value may take twice the size of the
/// body, or 4 MiB if that is more. A larger value is an error.
///
/// # Errors
/// Returns an error of kind [`ErrorKind::Decode`] that names the JSON path. It never contains a
/// value of the response, which may be a token or a key. If you implement `Deserialize` yourself,
/// your error messages must not contain the value either, because they are not changed.
///
/// ```
/// let reply = api_auth::Response::new(br#"{"data":[{"uid":7},{"uid":[true]}]}"#.to_vec());
/// #[derive(serde::Deserialize, Debug)]
/// struct User { uid: String }
/// #[derive(serde::Deserialize, Debug)]
/// struct Users { data: Vec<User> }
/// let error = api_auth::json::<Users>(&reply).unwrap_err();
/// assert_eq!(error.to_string(), "data[1].uid: expected a string, found an array");
/// ```
pub fn json<T: DeserializeOwned>(response: &Response) -> Result<T, ResponseError> {
    json_slice(response.body()).map_err(|error| match undecoded(response) {
        Some(encoding) => ResponseError::new(ErrorKind::Decode).with_message(encoding),
        None => error,
    })
}

/// Parses a JSON text in the same way as [`json`](json()) parses a response body.
///
/// # Errors
/// Returns the same errors as [`json`](json()).
///
/// ```
/// let numbers: Vec<u8> = api_auth::json_slice(br#"{"0":"1","2":2.0}"#).unwrap();
/// assert_eq!(numbers, [1, 2]);
/// ```
pub fn json_slice<T: DeserializeOwned>(text: &[u8]) -> Result<T, ResponseError> {
    from_text(text, true)
        .map_err(|error| ResponseError::new(ErrorKind::Decode).with_message(error.to_string()))
}

/// Returns the first byte of the JSON text in a body, after a byte order mark and whitespace, such
/// as `{` for an object. Returns `None` if the body is empty or only whitespace.
///
/// ```
/// use api_auth::{Response, json_start};
///
/// assert_eq!(json_start(&Response::new(" [1]".into())), Some(b'['));
/// ```
pub fn json_start(response: &Response) -> Option<u8> {
    repair::without_mark(response.body()).trim_ascii_start().first().copied()
}

/// Parses the JSON text of a value that is part of a response.
pub(crate) fn from_slice<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    from_text(text, false)
}

/// Parses a JSON text in as many passes as it needs. Only this loop and [`Pass::read`] are compiled
/// again for each type.
fn from_text<T: DeserializeOwned>(text: &[u8], is_response: bool) -> Result<T, Error> {
    let mut passes = Passes::new(text, is_response)?;
    loop {
        let value = passes.pass.read(&mut passes.deserializer());
        match value {
            Ok(value) => return Ok(value),
            Err(error) => passes.prepare_next(error)?,
        }
    }
}

/// A JSON text, and the state of the current pass over it.
struct Passes<'t> {
    text: Cow<'t, str>,
    pass: Pass,
}

impl<'t> Passes<'t> {
    fn new(text: &'t [u8], is_response: bool) -> Result<Self, Error> {
        let text = repair::without_mark(text);
        if has_reserved_name(text) {
            return Err(Error::plain("the object has a reserved name"));
        }
        let mut pass = Pass::first();
        pass.is_empty_response = is_response && is_empty_form(text);
        // The text is validated once: in a slice, `serde_json` would validate each string.
        let text = match std::str::from_utf8(text) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(repair::repaired(text).unwrap_or_default()),
        };
        Ok(Self { text, pass })
    }

    /// Resets the memory budget, and returns a deserializer for the next pass over the text.
    #[inline(never)]
    fn deserializer(&self) -> serde_json::Deserializer<StrRead<'_>> {
        self.pass.budget.set(self.text.len().saturating_mul(2).max(SMALLEST_BUDGET));
        serde_json::Deserializer::from_str(&self.text)
    }

    /// Prepares the next pass, after a pass that failed with `error`. Returns `error` if the next
    /// pass would fail with the same error.
    #[cold]
    #[inline(never)]
    fn prepare_next(&mut self, error: Error) -> Result<(), Error> {
        let mut is_repaired = false;
        if !self.pass.careful {
            self.pass.careful = true;
            if self.text.bytes().all(|byte| byte.is_ascii_whitespace()) {
                return Err(Error::plain("the response body is empty"));
            }
            if let Some(repaired) = repair::repaired(self.text.as_bytes()) {
                (self.text, is_repaired) = (Cow::Owned(repaired), true);
            }
        }
        if self.pass.learn(&error) || is_repaired { Ok(()) } else { Err(error) }
    }
}

/// The minimum memory budget for a value: 4 MiB, in bytes.
const SMALLEST_BUDGET: usize = 4 << 20;

/// Returns whether a text consists only of `{}`, `null`, `false` or `""`.
fn is_empty_form(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    match text {
        b"null" | b"false" | b"\"\"" => true,
        [b'{', inner @ .., b'}'] => inner.iter().all(u8::is_ascii_whitespace),
        _ => false,
    }
}

/// The state of a pass over a JSON text, including what previous passes have recorded.
struct Pass {
    /// Whether the text is a whole response that consists only of `null`, `false`, `""` or `{}`.
    /// Such a response is not accepted as a list, nor, except for `{}`, as a map.
    is_empty_response: bool,
    /// Whether this is not the first pass.
    careful: bool,
    /// Whether strings and numbers are parsed from their original text.
    exact: bool,
    /// The names of `Option` types, each with the empty values (`""`, `false`, `[]`) that the type
    /// accepts as `None`.
    empty: Vec<(&'static str, Forms)>,
    /// Whether the names of members are compared, because a field occurred twice.
    tracks_names: bool,
    /// The names of types, each with two names (aliases) of one of its fields that occurred in the
    /// same object.
    aliases: Vec<(&'static str, [String; 2])>,
    /// The memory in bytes that lists, maps and structs may still use.
    budget: Cell<usize>,
    /// The size in bytes of the last parsed struct, which was subtracted from the budget.
    charged: Cell<usize>,
    /// An empty buffer for the text of unknown members, which is reused for the next object.
    scratch: Cell<String>,
    /// The number of enclosing values that are parsed from their original text.
    depth: Cell<u8>,
    /// An error of this module that is being passed through `serde_json`.
    stash: Cell<Option<Error>>,
}

impl Pass {
    fn first() -> Self {
        Self {
            is_empty_response: false,
            careful: false,
            exact: false,
            empty: Vec::new(),
            tracks_names: false,
            aliases: Vec::new(),
            budget: Cell::new(0),
            charged: Cell::new(0),
            scratch: Cell::default(),
            depth: Cell::new(0),
            stash: Cell::new(None),
        }
    }

    #[inline(never)]
    fn read<T: DeserializeOwned>(
        &self,
        json: &mut serde_json::Deserializer<StrRead<'_>>,
    ) -> Result<T, Error> {
        let value = T::deserialize(Lenient::<_>::new(&mut *json, self))?;
        end(json)?;
        Ok(value)
    }

    /// Records what the next pass must do differently to avoid `error`. Returns `false` if the
    /// error contains no such information, or if it was already recorded.
    #[cold]
    fn learn(&mut self, error: &Error) -> bool {
        match error.kind() {
            Kind::Learn(name, forms) => {
                match self.empty.iter_mut().find(|(known, _)| known == name) {
                    Some((_, known)) if known.contains(*forms) => return false,
                    Some((_, known)) => known.insert(*forms),
                    None => self.empty.push((name, *forms)),
                }
                true
            }
            Kind::Duplicate => !std::mem::replace(&mut self.tracks_names, true),
            Kind::Alias(owner, names) => {
                let alias = (*owner, names.clone());
                let is_new = !self.aliases.contains(&alias);
                if is_new {
                    self.aliases.push(alias);
                }
                is_new
            }
            Kind::Exact => !std::mem::replace(&mut self.exact, true),
            _ if error.is_out_of_range() => !std::mem::replace(&mut self.exact, true),
            _ => false,
        }
    }

    /// Returns the empty values that the `Option` type `name` accepts as `None`. Returns `None` if
    /// no previous pass has recorded any.
    fn empty_forms(&self, name: &str) -> Option<Forms> {
        self.empty.iter().find(|(known, _)| *known == name).map(|(_, forms)| *forms)
    }

    /// Stores an error of this module and returns a placeholder for `serde_json`.
    #[cold]
    fn lower<E: serde::de::Error>(&self, error: Error) -> E {
        self.stash.set(Some(error));
        E::custom("")
    }

    /// Applies [`lower`](Pass::lower) to the error of a result. For each type there are many such
    /// conversions, and `map_err` would be compiled once for each of them.
    #[inline]
    fn lowered<T, E: serde::de::Error>(&self, result: Result<T, Error>) -> Result<T, E> {
        match result {
            Ok(value) => Ok(value),
            Err(error) => Err(self.lower(error)),
        }
    }

    /// Returns the stored error of this module. If there is none, converts the error of
    /// `serde_json`.
    #[cold]
    fn raise(&self, error: impl std::fmt::Display) -> Error {
        self.stash.take().unwrap_or_else(|| Error::foreign(error))
    }

    /// Applies [`raise`](Pass::raise) to the error of a result.
    #[inline]
    fn raised<T>(&self, result: Result<T, impl std::fmt::Display>) -> Result<T, Error> {
        match result {
            Ok(value) => Ok(value),
            Err(error) => Err(self.raise(error)),
        }
    }

    /// Subtracts `size` bytes from the budget. Returns an error if the budget is smaller than that.
    #[inline]
    fn charge(&self, size: usize) -> Result<(), Error> {
        match self.budget.get().checked_sub(size) {
            Some(rest) => {
                self.budget.set(rest);
                Ok(())
            }
            None => Err(over_budget()),
        }
    }

    /// Subtracts the memory of the list entry at `index` from the budget.
    #[inline]
    fn charge_item(&self, index: usize, size: usize) -> Result<(), Error> {
        self.refund(size);
        // The number of entries for which a new `Vec` allocates.
        let first = if size > 1024 { 1 } else { 4 };
        match index {
            0 => self.charge(first * size),
            _ if index < first => Ok(()),
            _ => self.charge(size),
        }
    }

    /// Subtracts the memory of the map entry at `index` from the budget. A `BTreeMap` has nodes
    /// with room for 11 names and values, of which about 6 are used.
    #[inline]
    fn charge_entry(&self, index: usize, size: usize) -> Result<(), Error> {
        const ROOM: usize = 11;
        const USED: usize = 6;
        self.refund(size);
        if index.is_multiple_of(USED) {
            self.charge(ROOM * (size_of::<String>() + size))
        } else {
            Ok(())
        }
    }

    /// Adds the memory of the last struct to the budget again if the struct is part of a value of
    /// `size` bytes, because the memory of the enclosing list, map or struct includes it.
    #[inline]
    fn refund(&self, size: usize) {
        let charged = self.charged.replace(0);
        if charged <= size {
            self.budget.set(self.budget.get().saturating_add(charged));
        }
    }
}

/// Returns an error if there is anything but whitespace after the value.
#[inline(never)]
fn end(json: &mut serde_json::Deserializer<StrRead<'_>>) -> Result<(), Error> {
    json.end().map_err(Error::foreign)
}

#[cold]
fn over_budget() -> Error {
    Error::plain("too many entries for a response of this size")
}
