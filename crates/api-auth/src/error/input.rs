//! The error for invalid arguments.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt::{self, Display};

/// The error for an invalid argument, which is rejected before anything is sent.
///
/// ```
/// let error = api_auth::InputError::new("rid", "must not be empty");
/// assert_eq!(error.to_string(), "rid: must not be empty");
/// ```
///
/// `Debug` formats the same line, because an error that `main` returns is printed with `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct InputError {
    argument: Cow<'static, str>,
    problem: Cow<'static, str>,
    position: Option<usize>,
}

impl InputError {
    /// Creates an error about an argument. The message consists of `argument`, which is the name
    /// that the caller uses for it, a colon and `problem`. If the invalid value may be a secret,
    /// neither of them may contain it.
    pub fn new(
        argument: impl Into<Cow<'static, str>>,
        problem: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { argument: argument.into(), problem: problem.into(), position: None }
    }

    /// Sets the byte offset of the error in the argument.
    ///
    /// ```
    /// let error = api_auth::InputError::new("rules", "expected an amount").at_byte(10);
    /// assert_eq!(error.to_string(), "rules, at byte 10: expected an amount");
    /// ```
    #[must_use]
    pub fn at_byte(mut self, position: usize) -> Self {
        self.position = Some(position);
        self
    }

    /// Returns the name of the argument.
    pub fn argument(&self) -> &str {
        &self.argument
    }

    /// Returns the byte offset of the error in the argument, or `None` if the argument as a whole
    /// is invalid.
    pub fn position(&self) -> Option<usize> {
        self.position
    }
}

impl Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(position) => write!(f, "{}, at byte {position}: {}", self.argument, self.problem),
            None => write!(f, "{}: {}", self.argument, self.problem),
        }
    }
}

impl fmt::Debug for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl StdError for InputError {}
