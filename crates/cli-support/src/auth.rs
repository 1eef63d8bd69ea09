//! Reads credentials from an environment file, a profile or environment variables, and stores them
//! in profiles. All credentials come from one source.

use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use api_auth::validate::{has_outer_space, no_control};
use api_auth::{Env, Secret, check_folder};
use clap::{Args, Subcommand};
use etcetera::BaseStrategy;

use crate::args::{
    Global, check_read, limited, limited_line, listed, positive_duration, read_claimed, typed_line,
};
use crate::context::{Context, Provider};
use crate::exit::{Exit, Failure};
use crate::files::folder_of;
use crate::lock::LockFile;
use crate::output::{target_of, write_private};
use crate::similar::closest;
use crate::terminal::prompt_secret;
use crate::{process, profile_text};

/// The value of [`Settings::source`] for settings from environment variables.
const ENVIRONMENT: &str = "environment";

/// The key in a profile whose value is the environment of the provider, such as `sandbox`.
const ENVIRONMENT_KEY: &str = "environment";
/// The key in a profile for the file with additional root certificates. Which certificates are
/// needed depends on the machine, so the environment variable for this file is used even if the
/// credentials come from another source.
const CA_CERTIFICATE_KEY: &str = "ca_certificate";
/// The hint for a setting of a file or a profile that is empty or only whitespace.
const BLANK_SETTING: &str = "set a value, or remove the setting";
/// The keys in a profile whose values are base URLs.
const URL_KEYS: [&str; 2] = ["base_url", "provider_host"];

/// A setting of a provider's client, read from an environment variable or a profile.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// The name of the environment variable, such as `TPAY_CLIENT_ID`.
    pub name: &'static str,
    /// The key in a profile, which is also the name in prompts.
    pub key: &'static str,
    /// Whether the value is a secret. Prompts do not echo it.
    pub is_secret: bool,
    /// Whether a client cannot be created without this setting.
    pub is_required: bool,
    /// Whether the setting selects the server, so that `--environment` and `--base-url` override
    /// it.
    pub selects_server: bool,
    /// A short description of an optional setting, for prompts.
    pub about: &'static str,
}

impl Variable {
    /// Creates a required setting.
    pub const fn required(name: &'static str, key: &'static str) -> Self {
        Self { is_required: true, ..Self::optional(name, key, "") }
    }

    /// Creates an optional setting with a description for prompts.
    pub const fn optional(name: &'static str, key: &'static str, about: &'static str) -> Self {
        let (is_secret, is_required, selects_server) = (false, false, false);
        Self { name, key, is_secret, is_required, selects_server, about }
    }

    /// Creates an optional setting that selects the server.
    pub const fn server(name: &'static str, key: &'static str, about: &'static str) -> Self {
        Self { selects_server: true, ..Self::optional(name, key, about) }
    }

    /// Creates the setting `base_url`.
    pub const fn base_url(name: &'static str) -> Self {
        Self::server(name, "base_url", "base URL of a test server or a proxy")
    }

    /// Creates the setting `ca_certificate`.
    pub const fn ca_certificate(name: &'static str) -> Self {
        Self::optional(name, "ca_certificate", "PEM file with root certificates to trust as well")
    }

    /// Makes the value a secret.
    #[must_use]
    pub const fn secret(self) -> Self {
        Self { is_secret: true, ..self }
    }
}

/// The settings of a client, from one source.
#[derive(Clone)]
pub struct Settings {
    /// The names of the variables and their values. Their number is small, and a map would need more
    /// code.
    values: Vec<(&'static str, String)>,
    /// The name of the source, such as ``profile `shop` ``. It is shown by `auth status`.
    pub source: String,
}

impl fmt::Debug for Settings {
    /// Formats only the source, because the values are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Settings {
    /// Returns the value of the setting whose environment variable is `name`, or `None` if it is
    /// not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.values.iter().find(|(found, _)| *found == name);
        value.map(|(_, value)| value.as_str())
    }

    /// Returns the value of a setting, or an empty string if it is not set. [`find`](Self::find)
    /// has already checked that the required settings are set.
    pub fn need(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Returns the settings of the first source that is present: the file of `--env-file`, the
    /// profile of `--profile`, environment variables, or the default profile.
    ///
    /// # Errors
    /// Returns an error if no source is present, or if the first one cannot be read or lacks a
    /// required setting.
    pub fn find(
        program: &str,
        variables: &'static [Variable],
        global: &Global,
    ) -> Result<Self, Failure> {
        Self::find_any(program, variables, global)?.complete(program, variables)
    }

    /// Returns the settings for a command that needs no credentials, so required settings can be
    /// missing.
    ///
    /// # Errors
    /// Returns an error if the source cannot be read.
    pub(crate) fn find_any(
        program: &str,
        variables: &'static [Variable],
        global: &Global,
    ) -> Result<Self, Failure> {
        Self::find_in(program, variables, global, global.profile.as_deref())
    }

    /// Returns the settings for a login through the browser. A profile given with `--profile` that
    /// does not exist yet is ignored, because the login creates it.
    pub(crate) fn find_for_login(
        program: &str,
        variables: &'static [Variable],
        global: &Global,
    ) -> Result<Self, Failure> {
        let mut profile = global.profile.as_deref();
        if let Some(name) = profile
            && !Profiles::load(program)?.names().iter().any(|known| known == name)
        {
            profile = None;
        }
        Self::find_in(program, variables, global, profile)?.complete(program, variables)
    }

    /// Returns the settings of the first source that is present: the file of `--env-file`,
    /// `profile`, environment variables, or the default profile. Required settings can be missing.
    fn find_in(
        program: &str,
        variables: &'static [Variable],
        global: &Global,
        profile: Option<&str>,
    ) -> Result<Self, Failure> {
        let settings = if let Some(path) = &global.env_file {
            Self::from_env_file(path, variables)
        } else if let Some(name) = profile {
            Profiles::load(program)?.settings(name, variables)
        } else {
            // One source supplies all settings: a variable such as `TPAY_ENVIRONMENT` must not be
            // ignored because the credentials come from the default profile.
            let settings = Self::from_environment(variables, global)?;
            let profiles = match settings.decisive(variables) {
                None => Profiles::load_if_home(program)?,
                Some(_) => None,
            };
            let default = profiles.as_ref().map(Profiles::default).transpose()?.flatten();
            match default.zip(profiles) {
                Some((name, profiles)) => profiles.settings(&name, variables),
                None => Ok(settings),
            }
        }?;
        settings.check_characters(variables)?;
        // A blank value is probably a mistake. Without a security code, for example, the checksum of
        // a notification would not be verified.
        let is_blank = |variable: &&Variable| {
            let value = settings.get(variable.name);
            !variable.is_required && value.is_some_and(|value| value.trim().is_empty())
        };
        match variables.iter().find(is_blank) {
            Some(variable) => {
                let problem = format!("{}: must not be empty", settings.name_of(variable));
                Err(Failure::new(Exit::Local, problem).with_hint(BLANK_SETTING))
            }
            None => Ok(settings),
        }
    }

    /// Checks that no setting contains control characters.
    ///
    /// # Errors
    /// Returns an error that names the setting, without its value.
    fn check_characters(&self, variables: &[Variable]) -> Result<(), Failure> {
        for variable in variables {
            let Some(value) = self.get(variable.name) else { continue };
            no_control(self.name_of(variable), value)
                .map_err(|error| Failure::new(Exit::Local, error.to_string()))?;
        }
        Ok(())
    }

    fn complete(self, program: &str, variables: &[Variable]) -> Result<Self, Failure> {
        let is_missing = |variable: &&Variable| {
            variable.is_required && self.get(variable.name).is_none_or(str::is_empty)
        };
        match variables.iter().find(is_missing) {
            None => Ok(self),
            Some(variable) => {
                let because = match self.decisive(variables) {
                    Some(name) if self.source == ENVIRONMENT => format!(", because {name} is set"),
                    _ => String::new(),
                };
                let problem = format!("{}{because})", self.unset(variables, variable.name));
                // If there are profiles but no default one, the hint names them.
                let is_nothing_set = self.decisive(variables).is_none();
                let profiles = match is_nothing_set && self.source == ENVIRONMENT {
                    true => Profiles::load_if_home(program)?.map(|profiles| profiles.names()),
                    false => None,
                };
                let hint = match profiles.filter(|names| !names.is_empty()) {
                    Some(names) => format!(
                        "use --profile NAME, or run `{program} auth default NAME`; the profiles \
                         are: {}",
                        names.join(", ")
                    ),
                    None if self.is_of_profile() => {
                        format!("run `{{program}} auth login{}`", self.profile_option())
                    }
                    None => format!(
                        "set it, run `{program} auth login`, or use --profile NAME or --env-file \
                         FILE"
                    ),
                };
                Err(Failure::new(Exit::Credentials, problem).with_hint(hint))
            }
        }
    }

    /// Returns the name of the first setting other than the file with additional root certificates,
    /// or `None`. If no environment variable contains such a setting, the default profile is used
    /// instead of the environment.
    fn decisive(&self, variables: &[Variable]) -> Option<&'static str> {
        let is_of_machine = |name: &&str| {
            variables
                .iter()
                .any(|variable| variable.name == *name && variable.key == CA_CERTIFICATE_KEY)
        };
        self.values.iter().map(|(name, _)| *name).filter(|name| !is_of_machine(name)).min()
    }

    /// Returns the path of the file with additional root certificates, preceded by the name of the
    /// option or setting that contains the path. `--ca-certificate` takes precedence over these
    /// settings, and these settings take precedence over the environment variable.
    ///
    /// # Errors
    /// Returns an error if the environment variable cannot be read.
    pub(crate) fn ca_certificate_file(
        &self,
        variables: &[Variable],
        global: &Global,
    ) -> Result<Option<(String, PathBuf)>, Failure> {
        if let Some(path) = &global.ca_certificate {
            return Ok(Some(("--ca-certificate".to_owned(), path.clone())));
        }
        let Some(variable) = variables.iter().find(|variable| variable.key == CA_CERTIFICATE_KEY)
        else {
            return Ok(None);
        };
        if let Some(value) = self.get(variable.name) {
            return Ok(Some((self.name_of(variable), value.into())));
        }
        let value = Env::PROCESS
            .get(variable.name)
            .map_err(|error| unreadable(&error.to_string(), Exit::Local))?;
        Ok(value.map(|value| (variable.name.to_owned(), value.into())))
    }

    /// Returns the name of a setting for messages, such as `TPAY_CLIENT_ID` for the environment, or
    /// ``profile `shop`: client_id`` for a profile.
    fn name_of(&self, variable: &Variable) -> String {
        match self.source.as_str() {
            ENVIRONMENT => variable.name.to_owned(),
            source if self.is_of_profile() => format!("{source}: {}", variable.key),
            source => format!("{source}: {}", variable.name),
        }
    }

    /// Returns the name of the setting `name` within its source: its key in a profile, or else the
    /// name of its variable.
    pub fn own_name(&self, variables: &[Variable], name: &'static str) -> &'static str {
        let variable = variables.iter().find(|variable| variable.name == name);
        variable.filter(|_| self.is_of_profile()).map_or(name, |variable| variable.key)
    }

    /// Returns the name of the setting `name` within its source, and the source unless it is the
    /// environment, such as ``merchant_id of the profile `shop` ``.
    pub fn place_of(&self, variables: &[Variable], name: &'static str) -> String {
        let own = self.own_name(variables, name);
        match self.source.as_str() {
            ENVIRONMENT => own.to_owned(),
            source => format!("{own} of the {source}"),
        }
    }

    /// Returns the message for a missing credential, without the closing parenthesis.
    fn unset(&self, variables: &[Variable], name: &'static str) -> String {
        let name = self.own_name(variables, name);
        format!("{name} is not set (credentials were read from the {}", self.source)
    }

    /// Returns the message and the hint for an optional credential that is not set. `name` is its
    /// variable.
    pub(crate) fn missing(&self, variables: &[Variable], name: &'static str) -> [String; 2] {
        let place = self.place_of(variables, name);
        let mut hint = match self.is_of_profile() {
            true => format!("set {place} with `{{program}} auth login{}`", self.profile_option()),
            false => format!("set {place}, or use --profile NAME or --env-file FILE"),
        };
        if name.ends_with("_TOKEN") {
            let login =
                format!("{{program}} auth login --web --scope SCOPE{}", self.profile_option());
            hint = match self.is_of_profile() {
                true => format!("log a user in with `{login}`, or {hint}"),
                false => format!("{hint}; `{login}` stores a user's token in a profile"),
            };
        }
        [format!("{})", self.unset(variables, name)), hint]
    }

    /// Returns the option that selects the profile of these settings, such as ` --profile shop`.
    fn profile_option(&self) -> String {
        let name = self.source.strip_prefix("profile `").and_then(|name| name.strip_suffix('`'));
        name.map(|name| format!(" --profile {name}")).unwrap_or_default()
    }

    fn is_of_profile(&self) -> bool {
        self.source.starts_with("profile ")
    }

    /// If the message of a failure begins with the name of an invalid argument, replaces that name
    /// with the option or setting that supplied the value, such as `--base-url`.
    pub(crate) fn named(
        &self,
        variables: &[Variable],
        global: &Global,
        failure: Failure,
    ) -> Failure {
        let named = |argument: &str, variable: &Variable, failure: Failure| {
            let failure = failure.with_setting(argument, &self.name_of(variable));
            // Empty variables of the environment are rejected earlier.
            match self.get(variable.name).is_some_and(|text| text.trim().is_empty()) {
                true => failure.with_hint(BLANK_SETTING),
                false => failure,
            }
        };
        let Some(argument) = failure.argument().map(str::to_owned) else {
            // The message of the program begins with the variable.
            let found = variables.iter().find(|variable| {
                let rest = failure.message().strip_prefix(variable.name);
                rest.is_some_and(|rest| rest.starts_with(": "))
            });
            return match found {
                Some(variable) => named(variable.name, variable, failure),
                None => failure,
            };
        };
        if URL_KEYS.contains(&argument.as_str()) && global.base_url.is_some() {
            return failure.with_argument(&argument, "--base-url");
        }
        // Both keys of URLs are the same argument of the library.
        let is_url = URL_KEYS.contains(&argument.as_str());
        let of_argument = |variable: &&Variable| match is_url {
            true => URL_KEYS.contains(&variable.key) && self.get(variable.name).is_some(),
            false => variable.key == argument,
        };
        match variables.iter().find(of_argument) {
            Some(variable) => named(&argument, variable, failure),
            None => failure,
        }
    }

    /// Returns the hint for credentials that the server rejected. `optional` contains the variables of
    /// an optional credential, such as the token of a user. If it is empty, the required settings
    /// were rejected.
    pub(crate) fn hint(&self, variables: &[Variable], optional: &[&str]) -> String {
        let is_rejected = |variable: &&Variable| match optional {
            [] => variable.is_required,
            names => names.contains(&variable.name),
        };
        let rejected = variables.iter().filter(is_rejected);
        let names: Vec<_> =
            rejected.map(|variable| self.own_name(variables, variable.name)).collect();
        let names = listed(&names, "or");
        // Only tokens of users expire; the clients replace all other tokens.
        let again = match optional.iter().any(|name| name.ends_with("_TOKEN")) {
            true => format!(
                "; if the token has expired, run `{{program}} auth login --web{}`",
                self.profile_option()
            ),
            false => String::new(),
        };
        match self.source.as_str() {
            ENVIRONMENT => {
                format!("correct {names}, or use --profile NAME or --env-file FILE{again}")
            }
            source if self.is_of_profile() => {
                let option = self.profile_option();
                format!(
                    "correct {names} of the {source} with `{{program}} auth login{option}`{again}"
                )
            }
            source => format!("correct {names} of the {source}, or use another file{again}"),
        }
    }

    fn from_environment(variables: &[Variable], global: &Global) -> Result<Self, Failure> {
        let is_server_given = global.environment.is_some() || global.base_url.is_some();
        check_names(Env::PROCESS, variables, is_server_given)?;
        let mut values = Vec::new();
        for variable in variables {
            let value = Env::PROCESS.get(variable.name).map_err(|error| {
                let problem = error.to_string();
                // Empty credentials are missing, as those of a profile or a file are.
                let is_missing = variable.is_required && problem.contains("must not be empty");
                unreadable(&problem, if is_missing { Exit::Credentials } else { Exit::Local })
            })?;
            values.extend(value.map(|value| (variable.name, value)));
        }
        Ok(Self { values, source: ENVIRONMENT.to_owned() })
    }

    /// Reads settings from a file of `NAME=value` lines. As in a shell, spaces around a value are not
    /// part of it, unless the value is quoted.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, if a line is not a setting, empty or a comment,
    /// or if a setting is misspelt, is set twice or has an unclosed quote. The error contains the
    /// number of the invalid line.
    pub fn from_env_file(path: &Path, variables: &[Variable]) -> Result<Self, Failure> {
        let text = read_claimed("--env-file", path)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let mut values = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let failed = |problem: &str| {
                let (path, line) = (path.display(), number + 1);
                Failure::new(Exit::Local, format!("{path}: line {line}{problem}"))
            };
            let line = line.trim();
            let exported = line.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t']));
            let line = exported.unwrap_or(line).trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((name, value)) = line.split_once('=') else {
                return Err(failed(" is not NAME=value"));
            };
            let name = name.trim();
            if name.is_empty() {
                return Err(failed(" has no name before `=`"));
            }
            if name.contains(char::is_whitespace) {
                return Err(failed(" has a space in the name before `=`"));
            }
            match variables.iter().find(|variable| variable.name == name) {
                Some(variable) => {
                    let Some(value) = unquoted(value.trim()) else {
                        let problem = "the value begins with a quote and does not end with it";
                        return Err(failed(&format!(": {name}: {problem}")));
                    };
                    if values.iter().any(|(found, _)| *found == variable.name) {
                        return Err(failed(&format!(": {name} is already set by another line")));
                    }
                    values.push((variable.name, value));
                }
                None if is_misspelt(name, variables) => {
                    let known: Vec<&str> = variables.iter().map(|known| known.name).collect();
                    let known = known.join(", ");
                    return Err(failed(&format!(": {name} is not one of {known}")));
                }
                None => {}
            }
        }
        Ok(Self { values, source: format!("file {}", path.display()) })
    }

    /// Returns the settings of the profile `name` for which `is_wanted` returns `true`. Runs the
    /// commands that supply their values.
    fn from_profile(
        name: &str,
        profile: &toml::Table,
        variables: &[Variable],
        is_wanted: impl Fn(&Variable) -> bool,
    ) -> Result<Self, Failure> {
        let known: Vec<&str> = variables.iter().map(|variable| variable.key).collect();
        if let Some(key) = profile.keys().find(|key| !known.contains(&key.as_str())) {
            let problem = format!("profile `{name}`: {key} is not one of {}", known.join(", "));
            return Err(Failure::new(Exit::Local, problem));
        }
        let mut values = Vec::new();
        for variable in variables.iter().filter(|variable| is_wanted(variable)) {
            let value = match profile.get(variable.key) {
                None => continue,
                Some(toml::Value::String(value)) => value.clone(),
                Some(toml::Value::Table(table)) => {
                    output_of(table, name, variable.key, COMMAND_LIMIT)?
                }
                Some(_) => {
                    let problem = "must be a string or { command = [...] }";
                    let problem = format!("profile `{name}`: {} {problem}", variable.key);
                    return Err(Failure::new(Exit::Local, problem));
                }
            };
            values.push((variable.name, value));
        }
        Ok(Self { values, source: source_of(name) })
    }
}

/// Returns the failure for a variable that cannot be read. In the library's message about an empty
/// variable, the problem is followed by what to do, which becomes the hint.
fn unreadable(problem: &str, exit: Exit) -> Failure {
    match problem.split_once("; ") {
        Some((problem, hint)) => Failure::new(exit, problem).with_hint(hint),
        None => Failure::new(exit, problem),
    }
}

/// Returns whether an unknown name is probably a misspelt variable, that is, whether it begins with
/// the prefix of the variables, such as `TPAY_`, in any case.
fn is_misspelt(name: &str, variables: &[Variable]) -> bool {
    let prefix = |name: &str| name.split_once('_').map(|(prefix, _)| prefix.to_ascii_uppercase());
    let own = variables.first().and_then(|variable| prefix(variable.name));
    own.is_some() && prefix(name) == own
}

/// Checks that no environment variable looks like a misspelt optional setting, such as
/// `TPAY_ENVIROMENT`, or like one that selects the server, such as `TPAY_SANDBOX`. Requests would be
/// sent to production although the user meant another server. If an option selects the server,
/// variables that select it have no effect and are ignored. Other variables with the prefix can
/// belong to other programs.
///
/// # Errors
/// Returns an error that names both variables.
fn check_names(env: Env<'_>, variables: &[Variable], is_server_given: bool) -> Result<(), Failure> {
    /// Names that users may expect, without the prefix, each with the variable to use instead.
    const OTHER_NAMES: [(&str, &str); 6] = [
        ("ENV", "ENVIRONMENT"),
        ("SANDBOX", "ENVIRONMENT"),
        ("STAGING", "ENVIRONMENT"),
        ("URL", "BASE_URL"),
        ("API_URL", "BASE_URL"),
        ("HOST", "BASE_URL"),
    ];
    let is_known = |name: &str| {
        variables.iter().any(|variable| match cfg!(windows) {
            true => variable.name.eq_ignore_ascii_case(name),
            false => variable.name == name,
        })
    };
    let rest = |name: &'static str| name.split_once('_').map_or("", |(_, rest)| rest);
    for name in env.names() {
        if is_known(&name) || !is_misspelt(&name, variables) {
            continue;
        }
        let Some((_, written)) = name.split_once('_') else { continue };
        let mut others = OTHER_NAMES.iter();
        let meant = match others.find(|(other, _)| written.eq_ignore_ascii_case(other)) {
            Some((_, meant)) => Some(*meant),
            None => {
                let optional = variables.iter().filter(|variable| !variable.is_required);
                closest(written, optional.map(|variable| rest(variable.name)))
            }
        };
        let meant = variables.iter().find(|known| Some(rest(known.name)) == meant);
        let Some(meant) = meant else { continue };
        if !(is_server_given && meant.selects_server) {
            let meant = meant.name;
            let problem = format!("{name} is not a variable of this program");
            let hint = format!("set {meant} instead, or unset {name}");
            return Err(Failure::new(Exit::Local, problem).with_hint(hint));
        }
    }
    Ok(())
}

/// Returns the absolute path of a file, so that a profile that contains it can be used from any
/// folder. `setting` is the option or variable that contained the path, for error messages.
///
/// # Errors
/// Returns an error if the path is empty or not UTF-8, or if there is no current folder.
fn absolute(setting: &str, file: &Path) -> Result<String, Failure> {
    let failed = |problem: &dyn fmt::Display| {
        Failure::new(Exit::Usage, format!("{setting} {}: {problem}", file.display()))
    };
    let path = std::path::absolute(file).map_err(|error| failed(&error))?;
    let path = path.into_os_string().into_string();
    path.map_err(|_| failed(&"is not UTF-8, so it cannot be stored in a profile"))
}

/// Returns the value of [`Settings::source`] for a profile, such as ``profile `shop` ``.
fn source_of(profile: &str) -> String {
    format!("profile `{profile}`")
}

/// Returns a value without the quotes around it, if there are any. Returns `None` if the value
/// begins with a quote, but does not end with the same one.
fn unquoted(value: &str) -> Option<String> {
    let inner = ['"', '\''].iter().find_map(|quote| {
        let rest = value.strip_prefix(*quote)?;
        Some(rest.strip_suffix(*quote))
    });
    inner.unwrap_or(Some(value)).map(str::to_owned)
}

/// The profiles of a program, which are stored in the file `profiles.toml` in its configuration
/// folder.
pub struct Profiles {
    path: PathBuf,
    /// The content of the file, whose comments are kept.
    text: String,
    table: toml::Table,
}

impl fmt::Debug for Profiles {
    /// Formats only the path, because the values are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profiles").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Profiles {
    /// Reads the profiles. If the file does not exist, there are no profiles.
    ///
    /// # Errors
    /// Returns an error if there is no home folder, if the file cannot be read or parsed, or, on
    /// Unix, if other users have access to it.
    pub fn load(program: &str) -> Result<Self, Failure> {
        Self::load_if_home(program)?.ok_or_else(|| {
            Failure::new(Exit::Local, "no home folder was found, so profiles cannot be used")
        })
    }

    /// Reads the profiles like [`load`](Self::load). Returns `None` without a home folder.
    fn load_if_home(program: &str) -> Result<Option<Self>, Failure> {
        Self::path(program).map(Self::load_from).transpose()
    }

    /// Reads the profiles like [`load`](Self::load) to change them. Until the returned lock is
    /// dropped, no other process can do so. With `--dry-run`, nothing is locked, because nothing is
    /// written. If the folder does not exist, it is created only if `creates` is set.
    ///
    /// # Errors
    /// Returns the errors of [`load`](Self::load). Also returns an error if another process changes
    /// the profiles for longer than [`PATIENCE`].
    fn edit(
        program: &str,
        global: &Global,
        creates: bool,
    ) -> Result<(Self, Option<LockFile>), Failure> {
        let can_change = |path: &PathBuf| creates || path.parent().is_some_and(Path::exists);
        match Self::path(program).filter(|path| !global.dry_run && can_change(path)) {
            Some(path) => {
                Self::edit_from(path, PATIENCE).map(|(profiles, lock)| (profiles, Some(lock)))
            }
            None => Ok((Self::load(program)?, None)),
        }
    }

    fn edit_from(path: PathBuf, patience: Duration) -> Result<(Self, LockFile), Failure> {
        let failed = |error| Failure::file(&path, &error);
        let folder = folder_of(&path);
        check_folder(folder).and_then(|()| std::fs::create_dir_all(folder)).map_err(failed)?;
        let target = target_of(&path).map_err(failed)?;
        check_folder(folder_of(&target)).map_err(failed)?;
        let lock = LockFile::acquire(&target, patience)?;
        Ok((Self::load_from(path)?, lock))
    }

    /// Returns the path of the file `profiles.toml`, or `None` without a home folder.
    fn path(program: &str) -> Option<PathBuf> {
        let strategy = etcetera::choose_base_strategy().ok()?;
        Some(strategy.config_dir().join(program).join("profiles.toml"))
    }

    /// Checks that neither `--out` nor `--record` writes the file of the profiles, even if the
    /// command does not read that file.
    ///
    /// # Errors
    /// Returns an error that names the option.
    pub fn check_unwritten(program: &str) -> Result<(), Failure> {
        Self::path(program).map_or(Ok(()), |path| check_read("the profiles", &path))
    }

    fn load_from(path: PathBuf) -> Result<Self, Failure> {
        let read = |mut file: File| {
            let metadata = file.metadata()?;
            let text = String::from_utf8(limited(&mut file)?);
            Ok((text.map_err(|_| io::Error::other("is not UTF-8"))?, metadata))
        };
        let (text, metadata) = match File::open(&path).and_then(read) {
            Ok((text, metadata)) => (text, Some(metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (String::new(), None),
            Err(error) => return Err(Failure::file(&path, &error)),
        };
        #[cfg(not(unix))]
        let _ = metadata;
        #[cfg(unix)]
        if let Some(metadata) = metadata.filter(|_| !text.is_empty()) {
            use std::os::unix::fs::MetadataExt;
            if metadata.mode() & 0o077 != 0 {
                let problem = "is readable by other users; run `chmod 600` on it";
                let text = format!("{}: {problem}", path.display());
                return Err(Failure::new(Exit::Local, text));
            }
        }
        let table = text.parse::<toml::Table>().map_err(|error| {
            // The message of the TOML error would show the line, which may contain a secret.
            let at = error.span().map_or(0, |span| span.start);
            let before = text.get(..at).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let problem = format!("{}: line {line} is not valid TOML", path.display());
            Failure::new(Exit::Local, problem)
        })?;
        let profiles = Self { path, text, table };
        profiles.check()?;
        Ok(profiles)
    }

    /// Checks the keys of the file, and the types of their values. The settings of a profile are
    /// checked when it is used.
    fn check(&self) -> Result<(), Failure> {
        let failed = |problem: String| {
            Err(Failure::new(Exit::Local, format!("{}: {problem}", self.path.display())))
        };
        let must_be = |key: &str, kind: &str| failed(format!("{key}: must be {kind}"));
        for (key, value) in &self.table {
            match (key.as_str(), value) {
                ("default", toml::Value::String(_)) => {}
                ("default", _) => return must_be(key, "the name of a profile in quotes"),
                ("profiles", toml::Value::Table(profiles)) => {
                    if let Some((name, _)) = profiles.iter().find(|(_, found)| !found.is_table()) {
                        return must_be(&format!("profiles.{name}"), "a table of settings");
                    }
                }
                ("profiles", _) => return must_be(key, "a table of profiles"),
                _ => return failed(format!("{key} is not one of default, profiles")),
            }
        }
        Ok(())
    }

    /// Returns the names of all profiles.
    pub fn names(&self) -> Vec<String> {
        let profiles = self.table.get("profiles").and_then(toml::Value::as_table);
        profiles.into_iter().flat_map(toml::Table::keys).cloned().collect()
    }

    /// Returns the name of the default profile, if one is set. A profile of this name need not
    /// exist.
    pub fn default_name(&self) -> Option<&str> {
        self.table.get("default")?.as_str()
    }

    /// Returns the name of the default profile, if one is set.
    ///
    /// # Errors
    /// Returns an error if there is no profile of this name.
    fn default(&self) -> Result<Option<String>, Failure> {
        let Some(name) = self.default_name() else { return Ok(None) };
        let names = self.names();
        if names.iter().any(|found| found == name) {
            return Ok(Some(name.to_owned()));
        }
        let problem = format!("{}: default: there is no profile `{name}`", self.path.display());
        let create = format!("run `{{program}} auth login --profile {name}` to create it");
        let hint = match names.is_empty() {
            true => create,
            false => format!(
                "{create}, or `{{program}} auth default NAME` to use another profile: {}",
                names.join(", ")
            ),
        };
        Err(Failure::new(Exit::Local, problem).with_hint(hint))
    }

    /// Returns the name of the profile that a login or logout changes: `name`, or else the default
    /// profile, or `default` if no default profile is set.
    ///
    /// # Errors
    /// Returns an error if there is no profile of the name that is set as the default.
    fn chosen(&self, name: Option<&str>) -> Result<String, Failure> {
        match name {
            Some(name) => Ok(name.to_owned()),
            None => Ok(self.default()?.unwrap_or_else(|| "default".to_owned())),
        }
    }

    /// Makes a profile the default if it exists. Returns whether it exists.
    fn set_default(&mut self, name: &str) -> bool {
        let exists = self.names().iter().any(|found| found == name);
        if exists {
            self.table.insert("default".to_owned(), name.into());
        }
        exists
    }

    /// Returns the table of a profile, or `None` if it does not exist.
    fn profile(&self, name: &str) -> Option<&toml::Table> {
        self.table.get("profiles")?.as_table()?.get(name)?.as_table()
    }

    /// Returns the settings of a profile. Runs the commands that supply values.
    fn settings(&self, name: &str, variables: &[Variable]) -> Result<Settings, Failure> {
        let Some(profile) = self.profile(name) else {
            let problem = format!("no profile `{name}` in {}", self.path.display());
            return Err(Failure::new(Exit::Credentials, problem).with_hint(format!(
                "run `{{program}} auth list` to see the profiles, or \
                 `{{program}} auth login --profile {name}` to create it"
            )));
        };
        Settings::from_profile(name, profile, variables, |_| true)
    }

    /// Adds a profile with these settings, or changes them in the profile of the same name, whose
    /// other settings stay the same. An environment or base URL replaces the previous environment
    /// and base URL. If there is no default profile, the profile becomes the default.
    ///
    /// # Errors
    /// Returns an error if the path of the file with additional root certificates cannot be stored
    /// as an absolute path.
    fn store(
        &mut self,
        name: &str,
        settings: &Settings,
        variables: &[Variable],
    ) -> Result<(), Failure> {
        let mut profile = self.profile(name).cloned().unwrap_or_default();
        let of_server = || variables.iter().filter(|variable| variable.selects_server);
        if of_server().any(|variable| settings.get(variable.name).is_some()) {
            of_server().for_each(|variable| drop(profile.remove(variable.key)));
        }
        for variable in variables {
            let Some(value) = settings.get(variable.name) else { continue };
            let value = match variable.key {
                // An empty value names no file. It can be stored if the option replaces it.
                CA_CERTIFICATE_KEY if !value.is_empty() => {
                    absolute(variable.name, Path::new(value))?
                }
                _ => value.to_owned(),
            };
            profile.insert(variable.key.to_owned(), value.into());
        }
        let names = self.names();
        if self.default_name().is_none_or(|default| !names.iter().any(|name| name == default)) {
            self.table.insert("default".to_owned(), name.into());
        }
        let profiles = self.table.entry("profiles").or_insert_with(|| toml::Table::new().into());
        if let toml::Value::Table(profiles) = profiles {
            profiles.insert(name.to_owned(), profile.into());
        }
        Ok(())
    }

    /// Stores the values of `--base-url` or else `--environment`, and of `--ca-certificate`, in a
    /// profile. A base URL takes precedence over an environment, as it does for requests.
    ///
    /// # Errors
    /// Returns an error if the path of `--ca-certificate` cannot be stored as an absolute path.
    fn connect(
        &mut self,
        name: &str,
        global: &Global,
        variables: &[Variable],
    ) -> Result<(), Failure> {
        let profiles = self.table.get_mut("profiles").and_then(toml::Value::as_table_mut);
        let profile = profiles.and_then(|profiles| profiles.get_mut(name)?.as_table_mut());
        let Some(profile) = profile else { return Ok(()) };
        let server = match (&global.base_url, &global.environment) {
            (Some(url), _) => Some(("base_url", url)),
            (None, environment) => environment.as_ref().map(|name| (ENVIRONMENT_KEY, name)),
        };
        if let Some((key, value)) = server {
            for variable in variables.iter().filter(|variable| variable.selects_server) {
                profile.remove(variable.key);
            }
            profile.insert(key.to_owned(), value.as_str().into());
        }
        if let Some(file) = &global.ca_certificate {
            let file = absolute("--ca-certificate", file)?;
            profile.insert(CA_CERTIFICATE_KEY.to_owned(), file.into());
        }
        Ok(())
    }

    /// Returns a line that names the settings of the `previous` profile that are still in the
    /// profile, although neither the `new` settings nor an option contains them. Returns an empty
    /// string if there are none.
    fn kept(
        &self,
        program: &str,
        name: &str,
        previous: Option<&toml::Table>,
        new: &Settings,
        variables: &[Variable],
        global: &Global,
    ) -> String {
        let is_option = |key: &str| match key {
            ENVIRONMENT_KEY => global.environment.is_some(),
            CA_CERTIFICATE_KEY => global.ca_certificate.is_some(),
            "base_url" => global.base_url.is_some(),
            _ => false,
        };
        let is_new = |key: &str| {
            let mut set = variables.iter().filter(|variable| new.get(variable.name).is_some());
            is_option(key) || set.any(|variable| variable.key == key)
        };
        let profile = self.profile(name);
        let is_kept = |key: &&str, value| {
            !is_new(key) && profile.and_then(|now| now.get(*key)) == Some(value)
        };
        let entries = previous.into_iter().flatten().map(|(key, value)| (key.as_str(), value));
        let keys: Vec<_> =
            entries.filter(|(key, value)| is_kept(key, value)).map(|(key, _)| key).collect();
        if keys.is_empty() {
            return String::new();
        }
        let them = if keys.len() == 1 { "it" } else { "them" };
        let keys = listed(&keys, "and");
        format!(
            "\nthe profile keeps its {keys}; to remove {them}, run `{program} auth logout {name}` \
             first"
        )
    }

    /// Sets the value of `key` in a profile. Does nothing if the profile does not exist.
    fn set(&mut self, name: &str, key: &str, value: &str) {
        let profiles = self.table.get_mut("profiles").and_then(toml::Value::as_table_mut);
        let profile = profiles.and_then(|profiles| profiles.get_mut(name)?.as_table_mut());
        if let Some(profile) = profile {
            profile.insert(key.to_owned(), value.into());
        }
    }

    /// Removes a profile and returns it, or `None` if it does not exist.
    fn remove(&mut self, name: &str) -> Option<toml::Table> {
        let profiles = self.table.get_mut("profiles").and_then(toml::Value::as_table_mut);
        let removed = match profiles.and_then(|profiles| profiles.remove(name)) {
            Some(toml::Value::Table(profile)) => Some(profile),
            _ => None,
        };
        if self.table.get("default").and_then(toml::Value::as_str) == Some(name) {
            self.table.remove("default");
        }
        removed
    }

    /// Writes the profiles: replaces the file atomically, with mode 0600. If the file is a link, the
    /// file to which it leads is replaced.
    fn save(&self) -> Result<(), Failure> {
        let target = target_of(&self.path).map_err(|error| Failure::file(&self.path, &error))?;
        let text = profile_text::edited(&self.text, &self.table);
        write_private(&target, text.as_bytes())
    }

    /// Saves the profiles, except with `--dry-run`. Returns a message such as "stored profile
    /// `shop` in FILE". `verb` and `past` are forms of the verb, such as "store" and "stored", and
    /// `what` is its object with a preposition, such as "profile `shop` in".
    fn commit(
        &self,
        global: &Global,
        [verb, past]: [&str; 2],
        what: &str,
    ) -> Result<String, Failure> {
        let file = self.path.display();
        if global.dry_run {
            return Ok(format!("dry run: would {verb} {what} {file}"));
        }
        self.save()?;
        Ok(format!("{past} {what} {file}"))
    }
}

/// The maximum time to wait for another process that changes the profiles.
const PATIENCE: Duration = Duration::from_secs(30);

/// The time after which a command that supplies a value of a profile is killed.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);

/// Runs the command that supplies a value of a profile, and returns the first line that it prints.
fn output_of(
    table: &toml::Table,
    name: &str,
    key: &str,
    limit: Duration,
) -> Result<String, Failure> {
    let failed = |problem: String| {
        Failure::new(Exit::Local, format!("profile `{name}`: the command of {key} {problem}"))
    };
    let words = match table.get("command") {
        Some(toml::Value::Array(words)) if table.len() == 1 => words,
        _ => return Err(failed("must be { command = [...] }".to_owned())),
    };
    let words: Option<Vec<&str>> = words.iter().map(toml::Value::as_str).collect();
    let words = words.unwrap_or_default();
    let Some((program, arguments)) = words.split_first() else {
        return Err(failed("must be a list of strings".to_owned()));
    };
    let mut command = Command::new(program);
    command.args(arguments);
    let output = process::output(command, limit)
        .map_err(|error| failed(format!("cannot be run ({error})")))?;
    let Some((status, output)) = output else {
        return Err(failed(format!("did not end within {} s", limit.as_secs_f32())));
    };
    if !status.success() {
        return Err(failed(format!("failed ({status})")));
    }
    // A value of which the end is missing would be sent to the server.
    let Some(output) = output else {
        let problem = "ended, but a process that it started keeps its output open; print a line break \
                       after the value";
        return Err(failed(problem.to_owned()));
    };
    if output.len() >= process::MOST && !output.contains(&b'\n') {
        return Err(failed(format!("printed a line of {} KiB or more", process::MOST / 1024)));
    }
    let text = String::from_utf8(output)
        .map_err(|_| failed("printed text that is not UTF-8".to_owned()))?;
    match text.lines().next().unwrap_or_default() {
        _ if text.trim().is_empty() => Err(failed("printed nothing".to_owned())),
        line if line.trim().is_empty() => Err(failed("printed an empty first line".to_owned())),
        line => Ok(line.to_owned()),
    }
}

/// The options of a login through the browser.
#[derive(Debug, Clone, Args)]
pub struct WebLogin {
    /// Log a user in through the browser, and store the user's token in the profile
    #[arg(long)]
    pub web: bool,
    /// Request this scope; can be repeated
    #[arg(long = "scope", value_name = "SCOPE", requires = "web")]
    pub scopes: Vec<String>,
    /// Print the URL instead of opening a browser
    #[arg(long, requires = "web")]
    pub no_browser: bool,
    /// Maximum time to wait for the browser login
    #[arg(long, value_name = "TIME", default_value = "2m", requires = "web",
          value_parser = positive_duration)]
    pub wait: Duration,
}

/// Manage credentials and profiles
#[derive(Debug, Subcommand)]
pub enum AuthCommand {
    /// Store credentials in the profile given by `--profile`, or else in the default profile, or in
    /// `default` if there is none; with `--env-file`, without prompts
    Login(WebLogin),
    /// Show which credentials are used, and whether the server accepts them; the exit status is 3
    /// if it does not
    Status,
    /// List the profiles
    List,
    /// Make a profile the default
    Default {
        /// Name of the profile
        name: String,
    },
    /// Remove a profile
    Logout {
        /// Name of the profile; default: that of `--profile`, or the default profile
        name: Option<String>,
    },
}

impl AuthCommand {
    /// Rejects the options of all commands that this command would ignore.
    ///
    /// # Errors
    /// Returns an error that names the option.
    pub(crate) fn check(&self, global: &Global) -> Result<(), Failure> {
        let names_profile = match self {
            Self::Login(_) | Self::Status | Self::Logout { name: None } => true,
            Self::List | Self::Default { .. } | Self::Logout { name: Some(_) } => false,
        };
        if global.profile.is_some() && !names_profile {
            let problem = match self {
                Self::List => "--profile cannot be used with a command that lists all profiles",
                _ => "--profile cannot be used together with NAME",
            };
            return Err(Failure::new(Exit::Usage, problem));
        }
        let stores = !matches!(self, Self::List | Self::Status);
        if global.curl && stores {
            let problem = "--curl cannot be used with a command that stores or removes credentials";
            return Err(Failure::new(Exit::Usage, problem));
        }
        if global.dry_run && matches!(self, Self::Login(WebLogin { web: true, .. })) {
            let problem = "--dry-run cannot be used with a login through the browser, which sends \
                           requests";
            return Err(Failure::new(Exit::Usage, problem));
        }
        Ok(())
    }
}

/// Reads credentials from `--env-file` or prompts for them, and stores them in a profile. Returns a
/// message for the user.
pub(crate) fn login<P: Provider>(context: &Context<P>) -> Result<String, Failure> {
    const { assert!(are_described(P::VARIABLES), "an optional setting has no description") };
    let (program, variables, global) = (P::NAME, P::VARIABLES, &context.global);
    let name = &stored_name(program, global)?;
    let settings = match &global.env_file {
        Some(path) => Settings::from_env_file(path, variables)?,
        None if global.no_input || !io::stdin().is_terminal() => {
            let problem = "a terminal is needed for prompts; use --env-file FILE or --env-file -";
            return Err(Failure::new(Exit::Usage, problem));
        }
        None => {
            context.note(&format!("settings of the profile `{name}`:"));
            prompts(variables, global)?
        }
    };
    settings.check_characters(variables)?;
    let settings = settings.complete(program, variables)?;
    context.check_settings(&settings)?;
    let (mut profiles, _lock) = Profiles::edit(program, global, true)?;
    let previous = profiles.profile(name).cloned();
    profiles.store(name, &settings, variables)?;
    profiles.connect(name, global, variables)?;
    let kept = profiles.kept(program, name, previous.as_ref(), &settings, variables, global);
    let stored = profiles.commit(global, ["store", "stored"], &format!("profile `{name}` in"))?;
    Ok(stored + &kept)
}

/// Returns the name of the profile that [`login`] or [`store_login`] changes.
///
/// # Errors
/// Returns an error if the file of the profiles is invalid, or if its default does not exist.
pub(crate) fn stored_name(program: &str, global: &Global) -> Result<String, Failure> {
    Profiles::load(program)?.chosen(global.profile.as_deref())
}

/// Stores the settings, and the values that a login through the browser returned, in a profile.
/// Returns a message for the user.
pub(crate) fn store_login<P: Provider>(
    settings: &Settings,
    values: Vec<(&'static str, Secret)>,
    name: &str,
    global: &Global,
) -> Result<String, Failure> {
    let (mut profiles, _lock) = Profiles::edit(P::NAME, global, true)?;
    let previous = profiles.profile(name).cloned();
    // Other values of the profile, which may be commands, stay unchanged.
    let is_other = settings.source != source_of(name);
    if is_other {
        profiles.store(name, settings, P::VARIABLES)?;
    }
    for (variable, value) in values {
        if let Some(variable) = P::VARIABLES.iter().find(|known| known.name == variable) {
            profiles.set(name, variable.key, value.expose());
        }
    }
    profiles.connect(name, global, P::VARIABLES)?;
    let kept = match is_other {
        true => profiles.kept(P::NAME, name, previous.as_ref(), settings, P::VARIABLES, global),
        false => String::new(),
    };
    let stored = profiles.commit(global, ["store", "stored"], &format!("profile `{name}` in"))?;
    Ok(stored + &kept)
}

/// Returns whether each optional setting has a description.
const fn are_described(mut variables: &[Variable]) -> bool {
    while let [first, rest @ ..] = variables {
        if !first.is_required && first.about.is_empty() {
            return false;
        }
        variables = rest;
    }
    true
}

/// Prompts for each setting that no option supplies. If the user enters nothing, the setting stays
/// unset.
///
/// # Errors
/// Returns a failure with [`Exit::Usage`] if a value contains control characters, or if it is only
/// spaces, or begins or ends with spaces and is not a secret, and with [`Exit::Local`] at the end of
/// the input.
fn prompts(variables: &[Variable], global: &Global) -> Result<Settings, Failure> {
    let failed = |error: io::Error| Failure::new(Exit::Local, format!("terminal: {error}"));
    let is_server_given = global.base_url.is_some() || global.environment.is_some();
    let is_given = |variable: &&Variable| match variable.key {
        CA_CERTIFICATE_KEY => global.ca_certificate.is_some(),
        _ => variable.selects_server && is_server_given,
    };
    let mut values = Vec::new();
    for variable in variables.iter().filter(|variable| !is_given(variable)) {
        let prompt = match variable {
            Variable { key, is_required: true, .. } => format!("{key}: "),
            Variable { key, about, .. } => format!("{key} (optional: {about}): "),
        };
        let line = if variable.is_secret {
            prompt_secret(&prompt).map(String::into_bytes)
        } else {
            let mut stderr = io::stderr();
            write!(stderr, "{prompt}").and_then(|()| stderr.flush()).map_err(failed)?;
            limited_line(&mut io::stdin().lock()).and_then(|line| match line.is_empty() {
                // Ctrl-D, as at the prompt for a secret. It ends no line.
                true => {
                    let _ = writeln!(stderr);
                    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "unexpected end of file"))
                }
                false => Ok(line),
            })
        };
        let value = typed_line(variable.key, line)?;
        // A secret can be a pass phrase with such spaces.
        let keeps_spaces = variable.is_secret && !value.trim().is_empty();
        if has_outer_space(&value) && !keeps_spaces {
            let problem = format!("{}: must not begin or end with spaces", variable.key);
            return Err(Failure::new(Exit::Usage, problem));
        }
        if !value.is_empty() {
            values.push((variable.name, value));
        }
    }
    Ok(Settings { values, source: "terminal".to_owned() })
}

/// Makes a profile the default. Returns a message for the user.
pub(crate) fn set_default(program: &str, name: &str, global: &Global) -> Result<String, Failure> {
    let (mut profiles, _lock) = Profiles::edit(program, global, false)?;
    if !profiles.set_default(name) {
        return Err(no_profile(&profiles, name));
    }
    profiles.commit(global, ["store", "stored"], &format!("default profile `{name}` in"))
}

/// Returns the failure for a profile that does not exist.
fn no_profile(profiles: &Profiles, name: &str) -> Failure {
    let failure = Failure::new(Exit::NotFound, format!("there is no profile `{name}`"));
    let names = profiles.names();
    match names.is_empty() {
        true => failure,
        false => failure.with_hint(format!("the profiles are: {}", names.join(", "))),
    }
}

/// Removes the profile `name`, or the default profile, after its access token if that is in the
/// default cache of the program, so that an interrupted command can be repeated. Returns a message
/// for the user.
pub(crate) fn logout<P: Provider>(
    context: &Context<P>,
    name: Option<&str>,
) -> Result<String, Failure> {
    let global = &context.global;
    let profiles = Profiles::load(P::NAME)?;
    let name = &profiles.chosen(name)?;
    let mut forgotten = Ok(None);
    if P::HAS_TOKEN_CACHE && !global.dry_run {
        let profile = profiles.profile(name).ok_or_else(|| no_profile(&profiles, name))?;
        // The token does not depend on the secrets, which may be the output of commands that prompt.
        let is_wanted = |variable: &Variable| !variable.is_secret;
        let settings = Settings::from_profile(name, profile, P::VARIABLES, is_wanted);
        forgotten = settings.and_then(|settings| context.forget_token(&settings));
    }
    let (mut profiles, _lock) = Profiles::edit(P::NAME, global, false)?;
    if profiles.remove(name).is_none() {
        return Err(no_profile(&profiles, name));
    }
    let message =
        profiles.commit(global, ["remove", "removed"], &format!("profile `{name}` from"))?;
    match forgotten {
        Ok(None) => Ok(message),
        Ok(Some(forgotten)) => Ok(format!("{message}\n{forgotten}")),
        Err(failure) => {
            let problem = failure.message();
            let problem = format!("{message}; its access token was not removed: {problem}");
            Err(Failure::new(Exit::Local, problem))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::test_folder::TestFolder;

    const fn variable(name: &'static str, key: &'static str) -> Variable {
        Variable {
            name,
            key,
            is_secret: false,
            is_required: false,
            selects_server: false,
            about: "",
        }
    }

    const VARIABLES: &[Variable] = &[
        Variable { is_required: true, ..variable("X_ID", "id") },
        Variable { is_secret: true, is_required: true, ..variable("X_SECRET", "secret") },
        variable("X_HOST", "host"),
    ];

    #[test]
    fn profiles_are_stored_privately_and_removed() {
        let folder = TestFolder::new();
        let path = folder.join("profiles.toml");
        let file = path.with_file_name("env");
        fs::write(&file, "# comment\nexport X_ID='i'\nX_SECRET=\"a=b\"\nOTHER=1\n\n").unwrap();
        let settings = Settings::from_env_file(&file, VARIABLES).unwrap();
        assert_eq!((settings.need("X_ID"), settings.need("X_SECRET")), ("i", "a=b"));
        assert!(!format!("{settings:?}").contains("a=b"));
        let mut profiles = Profiles::load_from(path.clone()).unwrap();
        profiles.store("shop", &settings, VARIABLES).unwrap();
        profiles.save().unwrap();
        let mut profiles = Profiles::load_from(path.clone()).unwrap();
        assert_eq!(profiles.default_name(), Some("shop"));
        let settings = profiles.settings("shop", VARIABLES).unwrap();
        assert_eq!((settings.need("X_SECRET"), settings.get("X_HOST")), ("a=b", None));
        assert!(profiles.settings("none", VARIABLES).unwrap_err().to_string().contains("`none`"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            let error = Profiles::load_from(path.clone()).unwrap_err();
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
        let comment = fs::read_to_string(&path).unwrap() + "# a comment\n";
        fs::write(&path, &comment).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        Profiles::load_from(path.clone()).unwrap().save().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), comment);
        assert!(profiles.remove("shop").is_some() && profiles.remove("shop").is_none());
        assert_eq!(profiles.default_name(), None);
    }

    fn profiles_of(table: toml::Table) -> Profiles {
        Profiles { path: PathBuf::new(), text: String::new(), table }
    }

    /// Returns settings with these values, as if they were from a file.
    fn settings(values: &[(&'static str, &str)]) -> Settings {
        let values = values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Settings { values, source: "file env".to_owned() }
    }

    #[test]
    fn concurrent_changes_of_profiles_are_not_lost() {
        let folder = TestFolder::new();
        let path = folder.join("config").join("profiles.toml");
        let held = Profiles::edit_from(path.clone(), Duration::ZERO).unwrap();
        let failure = Profiles::edit_from(path.clone(), Duration::ZERO).unwrap_err();
        assert!(failure.message().contains(".profiles.toml.lock: is still locked"), "{failure}");
        drop(held);
        fs::remove_dir(folder.join("config")).unwrap();
        let names = (0..8).map(|number| format!("p{number}"));
        let threads: Vec<_> = names
            .clone()
            .map(|name| {
                let path = path.clone();
                std::thread::spawn(move || {
                    let (mut profiles, _lock) = Profiles::edit_from(path, PATIENCE).unwrap();
                    let settings = settings(&[("X_ID", "i"), ("X_SECRET", "s")]);
                    profiles.store(&name, &settings, VARIABLES).unwrap();
                    profiles.save().unwrap();
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(Profiles::load_from(path).unwrap().names(), names.collect::<Vec<_>>());
    }

    #[cfg(unix)]
    #[test]
    fn target_of_a_link_is_replaced_atomically() {
        use std::os::unix::fs::{MetadataExt, chown, symlink};

        let folder = TestFolder::new();
        let (path, target) = (folder.join("profiles.toml"), folder.join("target.toml"));
        symlink("target.toml", &path).unwrap();
        let store = |secret| {
            let (mut profiles, _lock) = Profiles::edit_from(path.clone(), Duration::ZERO).unwrap();
            profiles.store("a", &settings(&[("X_SECRET", secret)]), VARIABLES).unwrap();
            profiles.save().unwrap();
        };
        store("old");
        let old = File::open(&target).unwrap();
        if chown(&target, Some(65_534), Some(65_534)).is_err() {
            eprintln!("skipped: only root can change the owner of a file");
        }
        let before = old.metadata().unwrap();
        store("new");
        let after = fs::metadata(&target).unwrap();
        let access = |found: &fs::Metadata| (found.uid(), found.gid(), found.mode() & 0o777);
        assert_eq!((access(&after), after.mode() & 0o777), (access(&before), 0o600));
        // A process that reads the file during the change gets the whole previous content.
        let old = String::from_utf8(limited(&mut &old).unwrap()).unwrap();
        assert!(old.contains("secret = \"old\""), "{old}");
        assert!(fs::read_to_string(&target).unwrap().contains("secret = \"new\""));
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_changed_in_a_folder_of_another_user() {
        use std::os::unix::fs::{chown, symlink};

        let folder = TestFolder::new();
        fs::create_dir(folder.join("theirs")).unwrap();
        fs::write(folder.join("theirs/target"), "").unwrap();
        symlink("theirs/target", folder.join("profiles.toml")).unwrap();
        if chown(folder.join("theirs"), Some(65_534), Some(65_534)).is_err() {
            eprintln!("skipped: only root can change the owner of a folder");
            return;
        }
        for path in ["theirs/profiles.toml", "theirs/new/profiles.toml", "profiles.toml"] {
            let failure = Profiles::edit_from(folder.join(path), Duration::ZERO).unwrap_err();
            let is_named =
                failure.message().contains("theirs belongs to the user 65534, who could");
            assert!(failure.exit() == Exit::Local && is_named, "{path}: {failure:?}");
        }
        assert_eq!(fs::read_dir(folder.join("theirs")).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(folder.join("theirs/target")).unwrap(), "");
    }

    #[test]
    fn login_keeps_other_settings_of_the_profile() {
        const VARIABLES: &[Variable] = &[
            variable("X_ID", "id"),
            Variable { selects_server: true, ..variable("X_ENVIRONMENT", ENVIRONMENT_KEY) },
            Variable { selects_server: true, ..variable("X_BASE_URL", "base_url") },
        ];
        let table = "[profiles.a]\nid = \"1\"\nenvironment = \"sandbox\"\nunknown = 7\n";
        let login = |new: &[(&'static str, &str)], environment: Option<&str>| {
            use clap::FromArgMatches;

            let mut profiles = profiles_of(table.parse().unwrap());
            let matches = Global::augment_args(clap::Command::new("x")).get_matches_from(["x"]);
            let mut global = Global::from_arg_matches(&matches).unwrap();
            global.environment = environment.map(str::to_owned);
            let previous = profiles.profile("a").cloned();
            let new = settings(new);
            profiles.store("a", &new, VARIABLES).unwrap();
            profiles.connect("a", &global, VARIABLES).unwrap();
            let kept = profiles.kept("x", "a", previous.as_ref(), &new, VARIABLES, &global);
            (profiles.profile("a").unwrap().to_string(), kept)
        };
        let (profile, kept) = login(&[("X_ID", "2")], None);
        assert_eq!(profile, "environment = \"sandbox\"\nid = \"2\"\nunknown = 7\n");
        let hint = "run `x auth logout a` first";
        let both = "environment and unknown; to remove them";
        assert_eq!(kept, format!("\nthe profile keeps its {both}, {hint}"));
        // A base URL, which takes precedence over the environment, replaces it.
        let (profile, kept) = login(&[("X_ID", "2"), ("X_BASE_URL", "http://h")], None);
        assert_eq!(profile, "base_url = \"http://h\"\nid = \"2\"\nunknown = 7\n");
        assert_eq!(kept, format!("\nthe profile keeps its unknown; to remove it, {hint}"));
        for environment in ["staging", "sandbox"] {
            let (profile, kept) = login(&[("X_ID", "2")], Some(environment));
            let expected = format!("environment = \"{environment}\"\nid = \"2\"\nunknown = 7\n");
            assert_eq!(profile, expected);
            assert_eq!(kept, format!("\nthe profile keeps its unknown; to remove it, {hint}"));
        }
    }

    #[test]
    fn new_profile_replaces_a_default_that_does_not_exist() {
        let mut profiles = profiles_of("default = \"gone\"".parse().unwrap());
        profiles.store("a", &settings(&[("X_ID", "2")]), VARIABLES).unwrap();
        assert_eq!(profiles.default_name(), Some("a"));
    }

    #[test]
    fn values_of_wrong_types_are_rejected() {
        let folder = TestFolder::new();
        let path = folder.join("profiles.toml");
        let load = |text: &str| {
            fs::write(&path, text).unwrap();
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            }
            Profiles::load_from(path.clone())
        };
        for (text, problem) in [
            ("profiles = 5", "profiles: must be a table of profiles"),
            ("profiles.a = \"CANARY\"", "profiles.a: must be a table of settings"),
            ("default = [\"a\"]", "default: must be the name of a profile in quotes"),
            ("[profile.a]\nid = \"CANARY\"", "profile is not one of default, profiles"),
        ] {
            let failure = load(text).unwrap_err();
            let expected = format!("{}: {problem}", path.display());
            assert_eq!((failure.exit(), failure.message()), (Exit::Local, &*expected));
        }
        let profiles = load("default = \"b\"\n[profiles.a]\n[profiles.c]\n").unwrap();
        let failure = profiles.default().unwrap_err();
        let problem = format!("{}: default: there is no profile `b`", path.display());
        assert_eq!((failure.exit(), failure.message()), (Exit::Local, &*problem));
        for value in ["[\"printf\", 5, \"CANARY\"]", "[]", "5", "[\"echo\"], limit = 5"] {
            let text = format!("[profiles.a]\nsecret = {{ command = {value} }}");
            let failure = load(&text).unwrap().settings("a", VARIABLES).unwrap_err();
            let problem = "profile `a`: the command of secret must be ";
            assert!(failure.message().starts_with(problem), "{failure}");
            assert!(failure.exit() == Exit::Local && !failure.message().contains("CANARY"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn profiles_that_are_an_endless_device_are_rejected() {
        let folder = TestFolder::new();
        let path = folder.join("profiles.toml");
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        let failure = Profiles::load_from(path.clone()).unwrap_err();
        assert_eq!(failure.message(), format!("{}: is larger than 64 MiB", path.display()));
    }

    #[test]
    fn file_with_root_certificates_is_stored_with_its_absolute_path() {
        let variables = [variable("X_CA_CERTIFICATE", CA_CERTIFICATE_KEY)];
        let folder = std::env::current_dir().unwrap();
        for (file, expected) in [
            ("ca.pem".to_owned(), folder.join("ca.pem")),
            (folder.join("b.pem").display().to_string(), folder.join("b.pem")),
        ] {
            for source in ["terminal", "file env", ENVIRONMENT] {
                let values = vec![("X_CA_CERTIFICATE", file.clone())];
                let settings = Settings { values, source: source.to_owned() };
                let mut profiles = profiles_of(toml::Table::new());
                profiles.store("shop", &settings, &variables).unwrap();
                let stored = profiles.settings("shop", &variables).unwrap();
                assert_eq!(stored.get("X_CA_CERTIFICATE"), expected.to_str(), "{source}");
            }
        }
        let error = absolute("--ca-certificate", Path::new("")).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert!(error.message().starts_with("--ca-certificate : "), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn path_that_is_not_utf8_is_rejected() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let file = Path::new(OsStr::from_bytes(b"/a\xff.pem"));
        let error = absolute("--ca-certificate", file).unwrap_err();
        let problem = "--ca-certificate /a\u{fffd}.pem: is not UTF-8, so it cannot be stored in a \
                       profile";
        assert_eq!((error.exit(), error.message()), (Exit::Usage, problem));
    }

    #[test]
    fn errors_of_files_show_no_value() {
        let folder = TestFolder::new();
        let path = folder.join("profiles.toml");
        fs::write(&path, "default = \"a\"\n[profiles.a]\nsecret = CANARY\n").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        let error = Profiles::load_from(path.clone()).unwrap_err().to_string();
        assert!(error.contains("line 3") && !error.contains("CANARY"), "{error}");
        fs::write(&path, "CANARY").unwrap();
        let error = Settings::from_env_file(&path, VARIABLES).unwrap_err().to_string();
        assert!(error.contains("line 1") && !error.contains("CANARY"), "{error}");
    }

    #[test]
    fn hint_names_the_rejected_credentials_and_their_source() {
        let hint = |source: &str, optional: &[&str]| {
            let settings = Settings { values: Vec::new(), source: source.to_owned() };
            settings.hint(VARIABLES, optional)
        };
        let hints = [
            hint(ENVIRONMENT, &[]),
            hint("file a.env", &[]),
            hint(&source_of("shop"), &[]),
            hint(ENVIRONMENT, &["X_SECRET"]),
        ];
        assert_eq!(
            hints,
            [
                "correct X_ID or X_SECRET, or use --profile NAME or --env-file FILE",
                "correct X_ID or X_SECRET of the file a.env, or use another file",
                "correct id or secret of the profile `shop` with `{program} auth login --profile shop`",
                "correct X_SECRET, or use --profile NAME or --env-file FILE",
            ]
        );
    }

    #[test]
    fn names_that_are_no_settings_are_errors() {
        let folder = TestFolder::new();
        let path = folder.join("profiles.toml");
        let file = path.with_file_name("env");
        // Other programs read the file too, and editors of Windows begin it with a mark.
        fs::write(&file, "\u{feff}export\tX_ID=i\r\nexport X_SECRET=s\nXY_HOST=h\nexporter=1\n")
            .unwrap();
        let settings = Settings::from_env_file(&file, VARIABLES).unwrap();
        assert_eq!((settings.need("X_ID"), settings.need("X_SECRET")), ("i", "s"));
        for (text, problem) in [
            (
                "X_ID=i\nX_SECRETS=CANARY\n",
                "line 2: X_SECRETS is not one of X_ID, X_SECRET, X_HOST",
            ),
            ("X_ID=i\n\nX_ID=CANARY\n", "line 3: X_ID is already set by another line"),
            ("X_ID=i\nX_SECRET='CANARY\n", "line 2: X_SECRET: the value begins with a quote"),
            ("X_SECRET=\"CANARY' # x\n", "line 1: X_SECRET: the value begins with a quote"),
            ("X_SECRET='\n", "line 1: X_SECRET: the value begins with a quote"),
            ("X_ID=i\n=CANARY\n", "line 2 has no name before `=`"),
            ("export =CANARY\n", "line 1 has no name before `=`"),
        ] {
            fs::write(&file, text).unwrap();
            let error = Settings::from_env_file(&file, VARIABLES).unwrap_err();
            let expected = format!("{}: {problem}", file.display());
            assert!(error.message().starts_with(&expected), "{error}");
            assert!(
                error.exit() == Exit::Local && !error.to_string().contains("CANARY"),
                "{error}"
            );
        }
        let table = "[profiles.a]\nid = \"i\"\nsecrets = \"CANARY\"\n".parse().unwrap();
        let error = profiles_of(table).settings("a", VARIABLES).unwrap_err();
        let problem = "profile `a`: secrets is not one of id, secret, host";
        assert_eq!(error.message(), problem);
    }

    #[test]
    fn misspelt_variables_of_the_environment_are_errors() {
        let variables = [
            VARIABLES,
            &[
                Variable { selects_server: true, ..variable("X_ENVIRONMENT", ENVIRONMENT_KEY) },
                Variable { selects_server: true, ..variable("X_BASE_URL", "base_url") },
            ],
        ]
        .concat();
        for (name, meant) in [
            ("X_HOSTS", "X_HOST"),
            ("X_ENVIROMENT", "X_ENVIRONMENT"),
            ("X_ENV", "X_ENVIRONMENT"),
            ("X_STAGING", "X_ENVIRONMENT"),
            ("X_BASEURL", "X_BASE_URL"),
            ("X_API_URL", "X_BASE_URL"),
        ] {
            let names = [(name, "CANARY")];
            let check =
                |is_server_given| check_names(Env::given(&names), &variables, is_server_given);
            let error = check(false).unwrap_err();
            let problem = format!("{name} is not a variable of this program");
            assert_eq!((error.exit(), error.message()), (Exit::Local, problem.as_str()));
            let text = error.to_string();
            assert!(text.contains(&format!("set {meant} instead")), "{text}");
            assert!(!text.contains("CANARY"), "{text}");
            // An option takes precedence over all variables that select the server.
            assert_eq!(check(true).is_err(), meant == "X_HOST", "{name}");
        }
        // Other programs have variables with the same prefix. The message for a missing required
        // variable names it.
        let others = ["X_NAME", "X_CERT", "X_SERVICE_HOST", "X_SECRETS", "ENVIROMENT", "Y_ENV"];
        let known = ["X_HOST", "X_ENVIRONMENT", "X_BASE_URL"];
        let others: Vec<_> = others.iter().chain(&known).map(|name| (*name, "v")).collect();
        check_names(Env::given(&others), &variables, false).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn values_may_be_the_output_of_a_command() {
        let table: toml::Table =
            "[profiles.a]\nid = \"i\"\nsecret = { command = [\"echo\", \"s\"] }\n\
             [profiles.b]\nid = \"i\"\nhost = { command = [\"false\"] }\n\
             [profiles.c]\nsecret = { command = [\"true\"] }\n\
             [profiles.d]\nhost = { command = [\"printf\", '\\na'] }\n"
                .parse()
                .unwrap();
        let profiles = profiles_of(table);
        assert_eq!(profiles.settings("a", VARIABLES).unwrap().need("X_SECRET"), "s");
        let error = profiles.settings("b", VARIABLES).unwrap_err().to_string();
        assert!(error.contains("the command of host failed"), "{error}");
        for (name, problem) in [
            ("c", "profile `c`: the command of secret printed nothing"),
            ("d", "profile `d`: the command of host printed an empty first line"),
        ] {
            let error = profiles.settings(name, VARIABLES).unwrap_err();
            assert_eq!((error.exit(), error.message()), (Exit::Local, problem));
        }
        let checked = |output: &str| {
            let command = format!("secret = {{ command = [\"printf\", '{output}'] }}");
            let table = format!("[profiles.a]\n{command}\n").parse().unwrap();
            let profiles = profiles_of(table);
            let settings = profiles.settings("a", VARIABLES).unwrap();
            let checked = settings.check_characters(VARIABLES);
            let failed = |failure: Failure| (failure.exit(), failure.message().to_owned());
            checked.map(|()| settings.need("X_SECRET").to_owned()).map_err(failed)
        };
        // Only the line end is removed.
        assert_eq!(checked(r" a b \r\n").as_deref(), Ok(" a b "));
        let problem = "must not contain control characters, such as line breaks or tabs";
        let problem = format!("profile `a`: secret: {problem}");
        assert_eq!(checked(r"CANARY\033[A\n"), Err((Exit::Local, problem)));
    }

    #[cfg(unix)]
    #[test]
    fn command_that_does_not_end_is_killed_with_its_children() {
        let folder = TestFolder::new();
        let file = folder.join("child");
        // The child keeps the output open; it would end long after the test.
        let script = "sleep 600 & echo $! > \"$0\"; wait";
        let argument = file.to_str().unwrap();
        let table = |script: &str| {
            let command = ["sh", "-c", script, argument].map(toml::Value::from).to_vec();
            toml::Table::from_iter([("command".to_owned(), toml::Value::Array(command))])
        };
        let limit = Duration::from_millis(500);
        let error = output_of(&table(script), "a", "secret", limit).unwrap_err();
        let problem = "profile `a`: the command of secret did not end within 0.5 s";
        assert_eq!((error.exit(), error.message()), (Exit::Local, problem));
        let child = fs::read_to_string(&file).unwrap();
        // A killed process ends a moment later. A zombie is waited for by the first process.
        let is_gone = |_| {
            std::thread::yield_now();
            let state = fs::read_to_string(format!("/proc/{}/stat", child.trim()));
            state.is_err() || state.unwrap().contains(") Z ")
        };
        // On a terminal, only the command itself is killed.
        if process::is_on_terminal() {
            assert!(Command::new("kill").arg(child.trim()).status().unwrap().success());
        } else {
            assert!((0..1_000_000).any(is_gone), "{child}");
        }
        // More output than a line, which a child keeps open or which is long, does not matter.
        let left = "sleep 600 >&1 & echo $!; echo 2";
        let child = output_of(&table(left), "a", "secret", Duration::from_secs(60)).unwrap();
        assert!(Command::new("kill").arg(&child).status().unwrap().success());
        let unfinished = "sleep 600 >&1 & echo $! > \"$0\"; printf CANARY";
        let limit = Duration::from_secs(60);
        let error = output_of(&table(unfinished), "a", "secret", limit).unwrap_err();
        let problem = "profile `a`: the command of secret ended, but a process that it started keeps \
                       its output open; print a line break after the value";
        assert_eq!((error.exit(), error.message()), (Exit::Local, problem));
        let child = fs::read_to_string(&file).unwrap();
        assert!(Command::new("kill").arg(child.trim()).status().unwrap().success());
        let long = "echo 1; head -c 300000 /dev/zero";
        let line = output_of(&table(long), "a", "secret", Duration::from_secs(60)).unwrap();
        assert_eq!(line, "1");
        let endless = "head -c 300000 /dev/zero";
        let error = output_of(&table(endless), "a", "secret", Duration::from_secs(60)).unwrap_err();
        let problem = "profile `a`: the command of secret printed a line of 64 KiB or more";
        assert_eq!((error.exit(), error.message()), (Exit::Local, problem));
    }
}
