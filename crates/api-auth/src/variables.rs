//! Reads the environment variables with which `from_env` creates a client.

use std::ffi::OsString;
use std::fmt;

use crate::error::input::InputError;
use crate::validate;

/// The environment variables of this process, or given variables for tests.
///
/// Line breaks at the end of a value are removed, because values are often read from files. A value
/// that is blank, is not UTF-8 or contains control characters or a byte order mark is an error, so
/// that the default is never used in place of a setting that cannot be read.
///
/// ```
/// use api_auth::Env;
///
/// let env = Env::given(&[("WEATHER_KEY", "k1\n"), ("WEATHER_ENV", " Sandbox ")]);
/// assert_eq!(env.need("WEATHER_KEY")?, "k1");
/// assert_eq!(env.word("WEATHER_ENV")?.as_deref(), Some("sandbox"));
/// assert_eq!(env.get("WEATHER_URL")?, None);
/// assert_eq!(env.names(), ["WEATHER_KEY", "WEATHER_ENV"]);
/// # Ok::<(), api_auth::InputError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Env<'a>(Option<&'a [(&'a str, &'a str)]>);

impl<'a> Env<'a> {
    /// The environment variables of this process.
    pub const PROCESS: Self = Self(None);

    /// Creates an environment with only these variables, for tests.
    pub fn given(variables: &'a [(&'a str, &'a str)]) -> Self {
        Self(Some(variables))
    }

    /// Returns the value of a variable, or `None` if the variable is not set.
    ///
    /// # Errors
    /// Returns an error that names the variable if its value is blank, is not UTF-8, or contains
    /// control characters or a byte order mark.
    pub fn get(&self, name: &'static str) -> Result<Option<String>, InputError> {
        let if_empty = "must not be empty; set a value, or unset the variable";
        self.value(name).map(|value| read(name, value, if_empty)).transpose()
    }

    /// Returns the names of all variables, without those that are not UTF-8.
    pub fn names(&self) -> Vec<String> {
        match self.0 {
            None => std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect(),
            Some(given) => given.iter().map(|(name, _)| (*name).to_owned()).collect(),
        }
    }

    fn value(&self, name: &str) -> Option<OsString> {
        match self.0 {
            None => process_variable(name),
            Some(given) => {
                given.iter().find(|(given, _)| *given == name).map(|(_, value)| value.into())
            }
        }
    }

    /// Returns the value of a variable that is set to a keyword. The value is returned in lower
    /// case and without leading and trailing whitespace: `Off` and ` OFF` become `off`. Returns
    /// `None` if the variable is not set.
    ///
    /// # Errors
    /// Returns the same errors as [`get`](Self::get).
    pub fn word(&self, name: &'static str) -> Result<Option<String>, InputError> {
        Ok(self.get(name)?.map(|value| value.trim().to_ascii_lowercase()))
    }

    /// Returns the value of a variable that must be set.
    ///
    /// # Errors
    /// Returns an error that names the variable if it is not set, or for the same values as
    /// [`get`](Self::get).
    pub fn need(&self, name: &'static str) -> Result<String, InputError> {
        match self.value(name) {
            Some(value) => read(name, value, "must not be empty"),
            None => Err(InputError::new(name, "must be set in the environment")),
        }
    }
}

fn read(name: &'static str, value: OsString, if_empty: &'static str) -> Result<String, InputError> {
    let Ok(mut value) = value.into_string() else {
        return Err(InputError::new(name, "is not UTF-8"));
    };
    value.truncate(value.trim_end_matches(['\r', '\n']).len());
    if value.trim().is_empty() {
        return Err(InputError::new(name, if_empty));
    }
    validate::no_control(name, &value)?;
    Ok(value)
}

/// Returns the value of a variable of this process. It may be empty and need not be UTF-8.
#[expect(clippy::disallowed_methods, reason = "this module reads the variables")]
pub(crate) fn process_variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

impl fmt::Debug for Env<'_> {
    /// Omits the values, which may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_none() { "Env(process)" } else { "Env(given)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> Result<Option<String>, String> {
        Env::given(&[("A", value)]).get("A").map_err(|error| error.to_string())
    }

    #[test]
    fn errors_name_missing_required_variables() {
        assert_eq!(Env::given(&[("A", "a")]).get("B"), Ok(None));
        let error = Env::given(&[]).need("B").unwrap_err();
        assert_eq!(error.to_string(), "B: must be set in the environment");
    }

    #[test]
    fn blank_variables_are_errors() {
        for blank in ["", " ", "\n", " \r\n", "\u{a0}"] {
            let error = shown(blank).unwrap_err();
            assert!(error.starts_with("A: must not be empty"), "{error}");
            assert!(Env::given(&[("A", blank)]).need("A").is_err(), "{blank:?}");
        }
    }

    #[test]
    fn line_ends_at_the_end_of_a_value_are_removed() {
        for value in ["secret\n", "secret\r\n", "secret\n\n", "secret"] {
            assert_eq!(shown(value), Ok(Some("secret".to_owned())), "{value:?}");
        }
        assert_eq!(shown(" two words "), Ok(Some(" two words ".to_owned())));
    }

    #[test]
    fn control_characters_and_byte_order_marks_are_errors() {
        for value in [
            "\u{feff}CANARY",
            "CAN\u{feff}ARY",
            "CANARY\u{a0}",
            "\u{a0}CANARY",
            "CANARY\t",
            "\nCANARY",
            "CAN\nARY",
            "CAN\0ARY",
            "CANARY\u{85}",
        ] {
            let error = shown(value).unwrap_err();
            assert!(error.starts_with("A: "), "{error}");
            assert!(!error.contains("CAN"), "{error}");
        }
    }

    #[test]
    fn words_are_read_in_any_case_and_without_spaces() {
        for word in ["off", "OFF", " Off ", "off\n"] {
            assert_eq!(Env::given(&[("A", word)]).word("A").unwrap().as_deref(), Some("off"));
        }
        assert_eq!(Env::given(&[]).word("A"), Ok(None));
        assert!(Env::given(&[("A", " ")]).word("A").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn values_that_are_not_utf_8_are_errors() {
        use std::os::unix::ffi::OsStringExt;

        let error = read(
            "TPAY_ENVIRONMENT",
            OsString::from_vec(b"sandbox\xff".to_vec()),
            "must not be empty",
        );
        assert_eq!(error.unwrap_err().to_string(), "TPAY_ENVIRONMENT: is not UTF-8");
    }

    #[test]
    fn environment_of_the_process_is_read() {
        assert!(Env::PROCESS.get("CARGO_MANIFEST_DIR").unwrap().is_some());
        assert_eq!(Env::given(&[]).get("CARGO_MANIFEST_DIR"), Ok(None));
    }

    #[test]
    fn errors_show_no_value() {
        assert_eq!(format!("{:?}", Env::given(&[("A", "CANARY")])), "Env(given)");
    }
}
