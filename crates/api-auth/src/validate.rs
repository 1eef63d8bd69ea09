//! Validation of arguments before a request is sent, by rules that apply to all providers.
//!
//! Each error names the argument and the problem, and does not contain the value.
//!
//! ```
//! use api_auth::validate;
//!
//! let error = validate::max_chars("city", "Oslo", 3).unwrap_err();
//! assert_eq!(error.to_string(), "city: must not be longer than 3 characters");
//! assert!(validate::segment("city", "..").is_err());
//! ```

use std::borrow::Cow;

use http::Uri;
use http::uri::Authority;

use crate::error::input::InputError;

/// Rejects a string that is empty or contains only whitespace.
///
/// See the example in the module [`validate`](crate::validate).
///
/// # Errors
/// Returns an error that names the argument if `text` is such a string.
pub fn not_empty(name: impl Into<Cow<'static, str>>, text: &str) -> Result<(), InputError> {
    if text.trim().is_empty() {
        return Err(InputError::new(name, "must not be empty"));
    }
    Ok(())
}

/// Rejects a URL with a user name or password, and one whose port is not a number from 1 to 65535.
/// The crate `http` ignores an invalid port.
///
/// ```
/// use api_auth::validate;
///
/// assert!(validate::authority("URL", &"https://shop.example:8443/".parse()?).is_ok());
/// let error = validate::authority("URL", &"https://shop.example:84430/".parse()?).unwrap_err();
/// assert_eq!(error.to_string(), "URL: the port must be a number from 1 to 65535");
/// # Ok::<(), api_auth::http::uri::InvalidUri>(())
/// ```
///
/// # Errors
/// Returns an error that names the argument and does not contain the URL.
pub fn authority(name: impl Into<Cow<'static, str>>, url: &Uri) -> Result<(), InputError> {
    match url.authority().and_then(authority_problem) {
        Some(problem) => Err(InputError::new(name, problem)),
        None => Ok(()),
    }
}

pub(crate) const INVALID_PORT: &str = "the port must be a number from 1 to 65535";

/// Returns why a URL with this authority is rejected: a user name or password, which messages would
/// show, or an invalid port. Returns `None` if it has none of them.
pub(crate) fn authority_problem(authority: &Authority) -> Option<&'static str> {
    match authority.as_str().contains('@') {
        true => Some("must not contain a user name or password"),
        false => (!has_valid_port(authority)).then_some(INVALID_PORT),
    }
}

/// Returns whether the port of a URL is absent, or a number from 1 to 65535. The crate `http`
/// ignores an invalid port, so without this check, the default port would be used.
pub(crate) fn has_valid_port(authority: &Authority) -> bool {
    // A user name and an IPv6 address may contain colons.
    let rest = authority.as_str().rsplit(['@', ']']).next().unwrap_or_default();
    let port = rest.split_once(':').map(|(_, port)| port);
    let is_port = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse().is_ok_and(|port: u16| port > 0)
    };
    port.is_none_or(is_port)
}

/// Rejects a string of more than `most` characters.
///
/// See the example in the module [`validate`](crate::validate).
///
/// # Errors
/// Returns an error that names the argument if `text` is longer.
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

/// Rejects strings that are not valid as one segment of a path: a string that is empty or contains
/// only whitespace, and `.` and `..`, which a server would resolve.
///
/// See the example in the module [`validate`](crate::validate).
///
/// # Errors
/// Returns an error that names the argument if `text` is such a string.
pub fn segment(name: impl Into<Cow<'static, str>>, text: &str) -> Result<(), InputError> {
    match text.trim() {
        "." | ".." => Err(InputError::new(name, "must not be \".\" or \"..\"")),
        text => not_empty(name, text),
    }
}

/// Rejects control characters, byte order marks and, at either end, whitespace other than spaces.
/// Such invisible characters are often added when a key or password is copied or read from a file.
///
/// See the example in the module [`validate`](crate::validate).
///
/// # Errors
/// Returns an error that names the argument if `text` contains such a character.
pub fn no_control(name: impl Into<Cow<'static, str>>, text: &str) -> Result<(), InputError> {
    const ORDER_MARK: char = '\u{feff}';
    if text.contains(|char: char| char.is_control()) {
        let problem = "must not contain control characters, such as line breaks or tabs";
        return Err(InputError::new(name, problem));
    }
    if text.contains(ORDER_MARK) {
        return Err(InputError::new(name, "must not contain a byte order mark (U+FEFF)"));
    }
    let is_odd = |char: char| char.is_whitespace() && char != ' ';
    if text.starts_with(is_odd) || text.ends_with(is_odd) {
        let problem = "must not begin or end with whitespace, except spaces";
        return Err(InputError::new(name, problem));
    }
    Ok(())
}

/// Returns whether a text begins or ends with whitespace. A credential with such whitespace may be
/// valid, but the whitespace is often copied by mistake.
///
/// ```
/// use api_auth::validate::has_outer_space;
///
/// assert!(has_outer_space("jNq3vT0aB7xK "));
/// assert!(!has_outer_space("a pass phrase"));
/// ```
pub fn has_outer_space(text: &str) -> bool {
    text.trim().len() != text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_argument() {
        let message = |checked: Result<(), InputError>| checked.unwrap_err().to_string();
        assert_eq!(message(not_empty("name", " \n")), "name: must not be empty");
        assert_eq!(message(segment("id", "")), "id: must not be empty");
        assert_eq!(message(segment("id", " .. ")), "id: must not be \".\" or \"..\"");
        assert_eq!(
            message(max_chars("name", "łłł", 2)),
            "name: must not be longer than 2 characters"
        );
    }

    #[test]
    fn control_characters_are_rejected() {
        for text in ["a\n", "a\r\n", "a\tb", "\0", "a\u{7f}", "\u{feff}a", "a\u{a0}", "\u{2003}a"] {
            assert_eq!(no_control("key", text).unwrap_err().argument(), "key", "{text:?}");
        }
        for text in ["", " a ", "p\u{e4}ss word", "a\u{a0}b"] {
            assert!(no_control("key", text).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn outer_space_is_white_space_at_either_end() {
        for text in [" a", "a ", " ", "a\n", "\u{a0}a"] {
            assert!(has_outer_space(text), "{text:?}");
        }
        for text in ["", "a", "a b"] {
            assert!(!has_outer_space(text), "{text:?}");
        }
    }

    #[test]
    fn other_values_are_accepted() {
        assert!(not_empty("name", " x").is_ok());
        assert!(segment("id", "a/..").is_ok(), "it is encoded");
        assert!(max_chars("name", "łłł", 3).is_ok(), "characters are counted, not bytes");
    }

    #[test]
    fn ports_are_found_behind_user_names_and_ipv6_addresses() {
        let is_valid = |authority: &str| has_valid_port(&authority.parse().unwrap());
        for valid in [
            "h",
            "h:1",
            "h:65535",
            "h:080",
            "[::1]",
            "[::1]:443",
            "1:2@h",
            "1:x@h:80",
            "1:x@[::1]",
            "1:x@[::1]:80",
        ] {
            assert!(is_valid(valid), "{valid}");
        }
        for invalid in [
            "h:",
            "h:0",
            "h:65536",
            "h:x",
            "h:+1",
            "h:-1",
            "[::1]:",
            "[::1]:x",
            "1:2@h:x",
            "1:2@[::1]:0",
        ] {
            assert!(!is_valid(invalid), "{invalid}");
        }
    }
}
