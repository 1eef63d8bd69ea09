//! The environment variables of the clients, formatted for shells, dotenv files or JSON.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::arguments::PROVIDERS;

/// The format in which the variables are printed: the value of `--env`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Bash,
    Fish,
    PowerShell,
    Dotenv,
    Json,
}

impl Format {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "bash" => Ok(Self::Bash),
            "fish" => Ok(Self::Fish),
            "powershell" => Ok(Self::PowerShell),
            "dotenv" => Ok(Self::Dotenv),
            "json" => Ok(Self::Json),
            _ => Err("is not one of bash, fish, powershell, dotenv, json".to_owned()),
        }
    }

    /// Returns the format for a shell, such as `/usr/bin/fish`. For every shell other than fish,
    /// and for `None`, this is the format of bash, which all POSIX shells can read.
    pub(crate) fn of_shell(shell: Option<&OsStr>) -> Self {
        let name = shell.and_then(|shell| Path::new(shell).file_name());
        if name == Some(OsStr::new("fish")) { Self::Fish } else { Self::Bash }
    }
}

/// Returns whether the variable `name` belongs to `provider`, as `TPAY_BASE_URL` belongs to `tpay`.
pub(crate) fn is_of(provider: &str, name: &str) -> bool {
    let prefix = name.split('_').next().unwrap_or_default();
    prefix.eq_ignore_ascii_case(provider)
}

/// Returns the name of the variable with the path of a root certificate that the program of
/// `provider` must trust.
pub(crate) fn ca_certificate(provider: &str) -> &'static str {
    match provider {
        "tinypass" => "TINYPASS_CA_CERTIFICATE",
        "tinycert" => "TINYCERT_CA_CERTIFICATE",
        "tokenpass" => "TOKENPASS_CA_CERTIFICATE",
        _ => "TPAY_CA_CERTIFICATE",
    }
}

/// Returns the names of those environment variables of this process that belong to a client, such
/// as `TPAY_BASE_URL`.
pub(crate) fn client_variables() -> Vec<OsString> {
    let names = std::env::vars_os().map(|(name, _)| name);
    let is_client = |name: &str| PROVIDERS.iter().any(|provider| is_of(provider, name));
    names.filter(|name| is_client(&name.to_string_lossy())).collect()
}

/// Returns the path of the user's shell, such as `/bin/bash`, if the variable `SHELL` is set.
pub(crate) fn shell() -> Option<OsString> {
    std::env::vars_os().find_map(|(name, value)| (name == "SHELL").then_some(value))
}

/// Formats the variables, one on each line, or as one JSON object.
pub(crate) fn text(format: Format, variables: &[(&str, String)]) -> String {
    if format == Format::Json {
        let object: serde_json::Map<String, serde_json::Value> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_str().into()))
            .collect();
        return format!("{:#}\n", serde_json::Value::from(object));
    }
    let line = |(name, value): &(&str, String)| match format {
        Format::Bash => format!("export {name}={}\n", quoted(value, "'\\''")),
        Format::Fish => {
            // Between single quotes, fish has escapes only for the backslash and the quote.
            format!("set -gx {name} {}\n", quoted(&value.replace('\\', "\\\\"), "\\'"))
        }
        Format::PowerShell => format!("$env:{name} = '{}'\n", value.replace('\'', "''")),
        // Not all readers of such files have an escape for a quote within quotes.
        Format::Dotenv | Format::Json if value.contains('\'') => format!("{name}={value}\n"),
        Format::Dotenv | Format::Json => format!("{name}={}\n", quoted(value, "")),
    };
    variables.iter().map(line).collect()
}

/// Quotes a value for a shell if necessary: puts it in single quotes, and replaces each single
/// quote in it with `quote`.
fn quoted(value: &str, quote: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_./:@,=+".contains(char);
    if !value.is_empty() && value.chars().all(is_plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', quote))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_written_for_each_shell() {
        let variables = [("A", "plain".to_owned()), ("B", r"it's \ $x".to_owned())];
        assert_eq!(text(Format::Dotenv, &[("C", "a $b".to_owned())]), "C='a $b'\n");
        for (format, expected) in [
            (Format::Bash, "export A=plain\nexport B='it'\\''s \\ $x'\n"),
            (Format::Fish, "set -gx A plain\nset -gx B 'it\\'s \\\\ $x'\n"),
            (Format::PowerShell, "$env:A = 'plain'\n$env:B = 'it''s \\ $x'\n"),
            (Format::Dotenv, "A=plain\nB=it's \\ $x\n"),
            (Format::Json, "{\n  \"A\": \"plain\",\n  \"B\": \"it's \\\\ $x\"\n}\n"),
        ] {
            assert_eq!(text(format, &variables), expected, "{format:?}");
        }
    }

    #[test]
    fn format_is_that_of_the_shell() {
        for (shell, format) in [
            (Some("/usr/bin/fish"), Format::Fish),
            (Some("fish"), Format::Fish),
            (Some("/bin/bash"), Format::Bash),
            (Some("/bin/zsh"), Format::Bash),
            (Some("/opt/fish/sh"), Format::Bash),
            (Some(""), Format::Bash),
            (None, Format::Bash),
        ] {
            assert_eq!(Format::of_shell(shell.map(OsStr::new)), format, "{shell:?}");
        }
    }

    #[test]
    fn variables_belong_to_their_provider() {
        assert!(
            is_of("tpay", "TPAY_BASE_URL") && !is_of("tpay", "TPAYS_X") && is_of("tpay", "TPAY")
        );
        assert!(!is_of("tinycert", "TINYPASS_AID"));
        assert!(PROVIDERS.iter().all(|of| is_of(of, ca_certificate(of))));
    }

    #[test]
    fn formats_have_the_names_of_their_error() {
        let names = Format::parse("cmd").unwrap_err().replace("is not one of ", "");
        let formats: Vec<_> = names.split(", ").map(Format::parse).collect();
        assert_eq!(
            formats,
            [Format::Bash, Format::Fish, Format::PowerShell, Format::Dotenv, Format::Json].map(Ok)
        );
    }
}
