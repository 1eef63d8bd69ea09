//! The variables that `from_env` reads.

#[cfg(feature = "ureq")]
use std::ffi::OsString;
use std::fmt;

use crate::InputError;

/// The environment variables of this process, or others in their place. A variable that is blank
/// counts as one that is not set.
#[derive(Clone, Copy)]
pub struct Env<'a>(Option<&'a [(&'a str, &'a str)]>);

impl<'a> Env<'a> {
    /// Those of this process.
    pub const PROCESS: Self = Self(None);

    /// These and no others, for tests.
    pub fn given(variables: &'a [(&'a str, &'a str)]) -> Self {
        Self(Some(variables))
    }

    /// The value of a variable, if it is set.
    #[expect(clippy::disallowed_methods, reason = "this is the room where variables are read")]
    pub fn get(&self, name: &str) -> Option<String> {
        let value = match self.0 {
            None => std::env::var(name).ok(),
            Some(given) => {
                given.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
            }
        };
        value.filter(|value| !value.trim().is_empty())
    }

    /// The value of a variable that must be set.
    ///
    /// # Errors
    /// The variable's name, if it is not set.
    pub fn need(&self, name: &'static str) -> Result<String, InputError> {
        self.get(name)
            .ok_or_else(|| InputError::new(name, "must be set in the environment and not be empty"))
    }
}

/// Returns the value of a variable of this process, UTF-8 or not, empty or not.
#[cfg(feature = "ureq")]
#[expect(clippy::disallowed_methods, reason = "this module reads the variables")]
pub(crate) fn process_variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

impl fmt::Debug for Env<'_> {
    /// Without their values, which may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_none() { "Env(process)" } else { "Env(given)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_variable_is_not_set() {
        let variables = Env::given(&[("A", " \n"), ("B", " b")]);
        assert_eq!(variables.get("A"), None);
        assert_eq!(variables.get("B").as_deref(), Some(" b"));
        assert_eq!(variables.need("A").unwrap_err().argument(), "A");
        assert_eq!(variables.need("C").unwrap_err().argument(), "C");
    }

    #[test]
    fn the_process_is_asked() {
        assert!(Env::PROCESS.get("CARGO_MANIFEST_DIR").is_some());
        assert!(Env::given(&[]).get("CARGO_MANIFEST_DIR").is_none());
    }

    #[test]
    fn no_value_is_shown() {
        assert_eq!(format!("{:?}", Env::given(&[("A", "CANARY")])), "Env(given)");
    }
}
