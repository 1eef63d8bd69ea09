//! What is refused before it is sent: the rules that hold for arguments of every provider.
//!
//! Each names the argument and says what is wrong with it; neither shows the argument.

use std::borrow::Cow;

use crate::InputError;

/// Refuses a text that is empty, or all white space.
///
/// # Errors
/// Such a text.
pub fn not_empty(name: impl Into<Cow<'static, str>>, text: &str) -> Result<(), InputError> {
    if text.trim().is_empty() {
        return Err(InputError::new(name, "must not be empty"));
    }
    Ok(())
}

/// Refuses a text of more than so many characters.
///
/// # Errors
/// Such a text.
pub fn max_chars(
    name: impl Into<Cow<'static, str>>,
    text: &str,
    most: usize,
) -> Result<(), InputError> {
    if text.chars().count() > most {
        return Err(InputError::new(name, format!("must not be longer than {most} characters")));
    }
    Ok(())
}

/// Refuses what cannot be one segment of a path: a text that is empty, and `.` and `..`, which a
/// server would resolve.
///
/// # Errors
/// Such a text.
pub fn segment(name: impl Into<Cow<'static, str>>, text: &str) -> Result<(), InputError> {
    match text.trim() {
        "." | ".." => Err(InputError::new(name, "must not be a dot segment")),
        text => not_empty(name, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_named() {
        let refused = |checked: Result<(), InputError>| checked.unwrap_err().to_string();
        assert_eq!(refused(not_empty("name", " \n")), "name: must not be empty");
        assert_eq!(refused(segment("id", "")), "id: must not be empty");
        assert_eq!(refused(segment("id", " .. ")), "id: must not be a dot segment");
        assert_eq!(
            refused(max_chars("name", "łłł", 2)),
            "name: must not be longer than 2 characters"
        );
    }

    #[test]
    fn all_else_is_let_through() {
        assert!(not_empty("name", " x").is_ok());
        assert!(segment("id", "a/..").is_ok(), "it is encoded");
        assert!(max_chars("name", "łłł", 3).is_ok(), "characters are counted, not bytes");
    }
}
