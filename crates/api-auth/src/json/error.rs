//! The error of the lenient parser, which consists of the problem and the JSON path. It never
//! contains a value of the response.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

/// A set of empty values: `""`, `false` and `[]`, which PHP sends in place of a missing value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Forms(u8);

impl Forms {
    pub(super) const TEXT: Self = Self(1);
    pub(super) const FALSE: Self = Self(2);
    pub(super) const LIST: Self = Self(4);
    const ALL: Self = Self(7);

    pub(super) fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(super) fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// The kind of an error. It determines what the next pass does differently.
#[derive(Debug, PartialEq)]
pub(super) enum Kind {
    /// The next pass would fail with the same error.
    Plain,
    /// The type rejects this empty value. If the type is in an `Option`, the value becomes `None`.
    Empty(Forms),
    /// The `Option` type with this name must accept these empty values as `None`.
    Learn(&'static str, Forms),
    /// A number would lose digits, so numbers must be parsed from their original text.
    Exact,
    /// The field already has a value, because the member occurs twice, or under both of its names.
    Duplicate,
    /// A field of this type occurs under two of its names (aliases). Contains the type and the
    /// names.
    Alias(&'static str, [String; 2]),
}

/// A step of the path from the root to a value.
#[derive(Debug)]
pub(super) enum Step {
    Member(String),
    Index(usize),
}

/// The error of the lenient JSON parser: a message and the path of the value that it is about.
#[derive(Debug)]
pub(crate) struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    /// The steps from the value to the root.
    path: Vec<Step>,
    message: String,
}

impl Error {
    #[cold]
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, path: Vec::new(), message: message.into() }))
    }

    #[cold]
    pub(super) fn plain(message: &str) -> Self {
        Self::new(Kind::Plain, message)
    }

    /// Converts an error of `serde_json` or of a type's own `Deserialize` implementation.
    #[cold]
    pub(super) fn foreign(error: impl fmt::Display) -> Self {
        let text = error.to_string();
        let message = without_value(&text);
        // The message of `serde_json` for HTML and other text.
        match message.as_ref() {
            "expected value" => Self::plain("not valid JSON: expected a value"),
            text if text.starts_with("EOF while parsing") => Self::plain("the JSON is truncated"),
            // In place of a struct.
            _ if text.starts_with("invalid type: string \"\",") => {
                Self::new(Kind::Empty(Forms::TEXT), message)
            }
            _ if text.starts_with("invalid type: boolean `false`,") => {
                Self::new(Kind::Empty(Forms::FALSE), message)
            }
            _ => Self::new(Kind::Plain, message),
        }
    }

    /// Adds the enclosing member or list entry to the path of the error.
    #[cold]
    pub(super) fn at(mut self, step: Step) -> Self {
        if matches!(self.0.kind, Kind::Empty(_)) {
            self.0.kind = Kind::Plain;
        }
        self.0.path.push(step);
        self
    }

    /// If the error is about an empty value, adds the name of the enclosing `Option` type, so that
    /// the next pass accepts the value as `None`.
    #[cold]
    pub(super) fn learn(mut self, name: &'static str) -> Self {
        if let Kind::Empty(forms) = self.0.kind {
            self.0.kind = Kind::Learn(name, forms);
        }
        self
    }

    pub(super) fn kind(&self) -> &Kind {
        &self.0.kind
    }

    pub(super) fn is_out_of_range(&self) -> bool {
        self.0.message.starts_with("number out of range")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.path.iter().rev().enumerate() {
            match step {
                Step::Member(name) if index == 0 => write!(f, "{name:.64}")?,
                Step::Member(name) => write!(f, ".{name:.64}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        if !self.0.path.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

/// The text by which an error of `wire::empty_value` is recognized.
pub(crate) const EMPTY_VALUE: &str = "an empty value";

#[cold]
fn mismatch(found: &Unexpected<'_>, expected: &dyn Expected) -> Error {
    let kind = match found {
        Unexpected::Str("") => Kind::Empty(Forms::TEXT),
        Unexpected::Bool(false) => Kind::Empty(Forms::FALSE),
        Unexpected::Other(EMPTY_VALUE) => Kind::Empty(Forms::ALL),
        _ => Kind::Plain,
    };
    let name = match found {
        Unexpected::Bool(_) => "boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "integer",
        // The texts of `serde` for numbers of more than 64 bits.
        Unexpected::Other(text) if text.ends_with("i128") || text.ends_with("u128") => "integer",
        Unexpected::Float(_) => "floating point",
        Unexpected::Char(_) | Unexpected::Str(_) => "string",
        Unexpected::Unit => "null",
        Unexpected::Seq => "sequence",
        Unexpected::Map => "map",
        Unexpected::Other(EMPTY_VALUE) => EMPTY_VALUE,
        _ => "value",
    };
    Error::new(kind, unexpected(name, &expected.to_string()))
}

/// Returns the message for a value whose type is not the expected one. The names of types in
/// `serde` are replaced with those in JSON.
#[cold]
pub(super) fn unexpected(found: &str, expected: &str) -> String {
    let is_whole = matches!(expected.as_bytes(), [b'i' | b'u', b'0'..=b'9', ..]);
    let found = match found {
        "boolean" => "a boolean",
        "integer" if is_whole => "another number",
        "integer" | "floating point" => "a number",
        "character" | "string" => "a string",
        "sequence" => "an array",
        "map" => "an object",
        "value" => "another value",
        found => found,
    };
    match expected {
        "a sequence" => format!("expected an array, found {found}"),
        "a map" => format!("expected an object, found {found}"),
        _ if expected.starts_with("struct ") => format!("expected an object, found {found}"),
        _ if is_whole => format!("expected a whole number ({expected}), found {found}"),
        "f32" | "f64" => format!("expected a number, found {found}"),
        _ => format!("expected {expected}, found {found}"),
    }
}

impl de::Error for Error {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::foreign(message)
    }

    #[cold]
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        mismatch(&found, expected)
    }

    #[cold]
    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        mismatch(&found, expected)
    }

    #[cold]
    fn unknown_variant(variant: &str, _: &'static [&'static str]) -> Self {
        let kind = if variant.is_empty() { Kind::Empty(Forms::TEXT) } else { Kind::Plain };
        Self::new(kind, "unknown variant")
    }

    #[cold]
    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self::plain("unknown field")
    }

    #[cold]
    fn duplicate_field(field: &'static str) -> Self {
        Self::new(Kind::Duplicate, format!("duplicate field `{field}`"))
    }
}

/// Removes the position and the quoted input from a message of `serde_json`.
pub(super) fn without_value(text: &str) -> String {
    let text = text.rsplit_once(" at line ").map_or(text, |(text, _)| text);
    let quoting = ["invalid type: ", "invalid value: "].iter().any(|start| text.starts_with(start));
    match text.rsplit_once(", expected ") {
        Some((found, expected)) if quoting => {
            let found = found.find([' ']).and_then(|first| {
                let after = found.get(first + 1..)?;
                let quote = after.find(['`', '"'])?;
                found.get(..first + 1 + quote)
            });
            let found =
                found.map_or_else(|| text.split(", ").next().unwrap_or(text), str::trim_end);
            unexpected(found.split_once(": ").map_or(found, |(_, found)| found), expected)
        }
        _ if text.starts_with("unknown variant `") => "unknown variant".to_owned(),
        _ => text.to_owned(),
    }
}
