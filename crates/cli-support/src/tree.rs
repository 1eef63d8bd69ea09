//! The page that `help commands` prints, and functions that search or check a command line.

use std::ffi::OsString;
use std::fmt::Write;

use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::args::{BODY_OPTIONS, CAN_BE_EMPTY};
use crate::exit::Failure;

/// Returns a page that describes each command with its arguments. The global options are at the
/// end.
pub fn commands(mut command: Command) -> String {
    command.build();
    let mut page = String::new();
    let mut globals = Vec::new();
    add(&command, &mut page, &mut globals);
    page.push_str("\nOptions of all commands:\n");
    globals.iter().for_each(|line| page.push_str(line));
    page
}

fn add(command: &Command, page: &mut String, globals: &mut Vec<String>) {
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    let (options, positionals): (Vec<&Arg>, Vec<&Arg>) = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set())
        .partition(|arg| !arg.is_positional());
    for option in &options {
        if option.is_global_set() {
            let line = described(option);
            if !globals.contains(&line) {
                globals.push(line);
            }
        }
    }
    let is_group = command.get_subcommands().next().is_some();
    if !is_group {
        page.push_str(&name);
        for argument in &positionals {
            let value = values(argument);
            let _ = if argument.is_required_set() {
                write!(page, " {value}")
            } else {
                write!(page, " [{value}]")
            };
        }
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(page, "\n    {about}");
        let is_own = |option: &&&Arg| {
            !option.is_global_set() && !matches!(option.get_id().as_str(), "help" | "version")
        };
        options.iter().filter(is_own).for_each(|option| page.push_str(&described(option)));
    }
    for child in command.get_subcommands().filter(|child| child.get_name() != "help") {
        add(child, page, globals);
    }
}

/// Returns the arguments of subcommands whose id is also that of a global option, each preceded by
/// the subcommand. `clap` would confuse the values of two arguments with the same id.
pub fn shadowed(command: &Command) -> Vec<String> {
    let globals: Vec<&str> = command
        .get_arguments()
        .filter(|argument| argument.is_global_set())
        .map(|argument| argument.get_id().as_str())
        .collect();
    let mut found = Vec::new();
    command.get_subcommands().for_each(|child| add_shadowed(child, &globals, &mut found));
    found
}

fn add_shadowed(command: &Command, globals: &[&str], found: &mut Vec<String>) {
    let ids = command.get_arguments().map(|argument| argument.get_id().as_str());
    let ids = ids.filter(|id| globals.contains(id));
    found.extend(ids.map(|id| format!("{} {id}", command.get_name())));
    command.get_subcommands().for_each(|child| add_shadowed(child, globals, found));
}

/// Returns unclear messages about invalid values, each preceded by the command and the argument. A
/// message is unclear if it contains the name of the argument, or if it is that of a number parser,
/// which does not say what is allowed.
pub fn unclear_values(command: &Command) -> Vec<String> {
    /// Sample values, of which each parser rejects at least one, unless it accepts any value.
    const INVALID: [&str; 7] =
        ["", "x", "-", "0", "1.123456789", "10.0.0.256", "99999999999999999999"];
    const NUMBERS: [&str; 4] = ["invalid digit", "cannot parse", "number too", "is not in "];
    let mut found = Vec::new();
    let takes_values = |argument: &&Arg| argument.get_action().takes_values();
    for argument in command.get_arguments().filter(takes_values) {
        for value in INVALID {
            let parser = argument.get_value_parser().clone();
            let one = Arg::new("value").long("value").value_parser(parser);
            let one = Command::new("one").arg(one);
            let Err(error) = one.try_get_matches_from(["one", &format!("--value={value}")]) else {
                continue;
            };
            let Some(reason) = std::error::Error::source(&error).map(ToString::to_string) else {
                continue;
            };
            let name = reason.split_once(": ").map_or("", |(name, _)| name);
            let name = name.split_once(", at byte").map_or(name, |(name, _)| name);
            let is_name = !name.is_empty() && !name.contains(' ') && name != "at";
            if is_name || NUMBERS.iter().any(|text| reason.contains(text)) {
                found.push(format!("{} {}: {reason}", command.get_name(), argument.get_id()));
            }
        }
    }
    found.extend(command.get_subcommands().flat_map(unclear_values));
    found
}

/// Replaces the library's name of an invalid argument in a failure, such as `payer.name`, with the
/// option or positional argument that the user knows, such as `NAME`. `build` builds the command
/// line, and `words` are its arguments. The argument is recognized by its id or, for an option, its
/// name without `-stdin` (see [`is_of_argument`]).
///
/// If `is_typed` is true, only arguments that the user typed are named, otherwise only those that
/// are missing. Instead of the flag `--code-stdin`, `code` is then named, because the value comes
/// from a prompt.
pub(crate) fn name_argument(
    build: impl FnOnce() -> Command,
    words: &[OsString],
    failure: Failure,
    is_typed: bool,
) -> Failure {
    let Some(argument) = failure.argument().map(str::to_owned) else { return failure };
    let mut command = build();
    let Ok(matches) = command.try_get_matches_from_mut(words) else { return failure };
    let (mut command, mut matches) = (&command, &matches);
    while let Some((name, inner)) = matches.subcommand() {
        let Some(child) = command.find_subcommand(name) else { return failure };
        (command, matches) = (child, inner);
    }
    // The value of a missing argument can be in the body, which has other names.
    let is_in = |option: &&str| matches!(matches.try_contains_id(option), Ok(true));
    if !is_typed && BODY_OPTIONS.iter().any(is_in) {
        return failure;
    }
    let candidate = |known: &Arg| {
        let id = known.get_id().as_str();
        let is_named = is_of_argument(id, &argument)
            || known.get_long().is_some_and(|long| {
                let long = long.strip_suffix("-stdin").unwrap_or(long);
                is_of_argument(long, &argument)
            });
        // An option of all commands, such as `--record`, has the name that the library uses.
        if !is_named || known.is_global_set() && !(is_typed && id == argument) {
            return None;
        }
        let name = typed_name(known);
        let name = match (matches.value_source(id), is_typed) {
            (Some(ValueSource::CommandLine), true) | (None, false) => name,
            (Some(ValueSource::DefaultValue), false) => {
                name.strip_prefix("--")?.strip_suffix("-stdin")?.to_owned()
            }
            _ => return None,
        };
        // Any id of the request may be that of the argument `ID`.
        Some((id == "id", name))
    };
    match command.get_arguments().filter_map(candidate).min() {
        Some((_, name)) => failure.with_argument(&argument, &name),
        None => failure,
    }
}

/// Returns the name of an argument whose value is empty or only whitespace, such as `--currency`,
/// which is probably an unset variable of a script. Those with [`CAN_BE_EMPTY`] are accepted.
pub(crate) fn empty_argument(command: &Command, matches: &ArgMatches) -> Option<String> {
    let (mut command, mut matches) = (command, matches);
    while let Some((name, inner)) = matches.subcommand() {
        (command, matches) = (command.find_subcommand(name)?, inner);
    }
    let is_empty = |argument: &&Arg| {
        let id = argument.get_id().as_str();
        let mut values = matches.get_raw(id).into_iter().flatten();
        argument.get_value_hint() != CAN_BE_EMPTY
            && argument.get_action().takes_values()
            && values.any(|value| value.to_string_lossy().trim().is_empty())
    };
    command.get_arguments().find(is_empty).map(typed_name)
}

/// Returns whether the id of a typed argument, such as `card_expiry_date`, stands for an argument
/// of the library, such as `cardExpiryDate` or `payer.card_expiry_date`. The ids `transaction` and
/// `id` both stand for `transaction_id`.
fn is_of_argument(id: &str, argument: &str) -> bool {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|letter| letter.to_ascii_lowercase()).collect()
    };
    let last = argument.rsplit('.').next().unwrap_or(argument);
    let id = plain(id);
    let last = plain(last);
    let is_id = last.strip_suffix("id").is_some_and(|noun| noun == id || id == "id");
    id == plain(argument) || id == last || is_id
}

/// Returns the name of an argument for messages, such as `--amount` or `ACCOUNT`.
fn typed_name(argument: &Arg) -> String {
    match (argument.get_long(), argument.get_short()) {
        (Some(long), _) => format!("--{long}"),
        (None, Some(short)) => format!("-{short}"),
        (None, None) => match argument.get_value_names().and_then(<[_]>::first) {
            Some(name) => name.to_string(),
            None => argument.get_id().as_str().to_ascii_uppercase(),
        },
    }
}

/// Replaces hidden aliases in the suggestions of an error with the names of their commands.
pub fn name_suggestions(error: &mut clap::Error, command: &Command) {
    let Some(ContextValue::Strings(found)) = error.get(ContextKind::SuggestedSubcommand) else {
        return;
    };
    let mut names = Vec::new();
    for found in found {
        let name = name_of(command, found).unwrap_or(found).to_owned();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(names));
}

/// Returns the name of the command that has this alias, at any depth.
fn name_of<'a>(command: &'a Command, alias: &str) -> Option<&'a str> {
    command.get_subcommands().find_map(|child| {
        let mut aliases = child.get_all_aliases();
        match aliases.any(|found| found == alias) {
            true => Some(child.get_name()),
            false => name_of(child, alias),
        }
    })
}

/// Returns the nouns, that is, the commands with subcommands, that have no alias. Each noun should
/// have its plural as a hidden alias, such as `cas` for `ca`.
pub fn without_plural(command: &Command) -> Vec<String> {
    let is_noun = |child: &&Command| child.get_subcommands().next().is_some();
    let nouns = command.get_subcommands().filter(is_noun);
    let lacking = nouns.filter(|child| child.get_all_aliases().next().is_none());
    lacking.map(|child| child.get_name().to_owned()).filter(|name| name != "auth").collect()
}

/// Returns the placeholder for the values of an argument, such as `FILE...`.
fn values(argument: &Arg) -> String {
    let names = argument.get_value_names().unwrap_or_default();
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let many = matches!(argument.get_action(), ArgAction::Append) && argument.is_positional();
    format!("{}{}", names.join(" "), if many { "..." } else { "" })
}

/// Returns the line that describes an option, such as `-o, --output FORMAT`.
fn described(option: &Arg) -> String {
    let short = option.get_short().map(|short| format!("-{short}"));
    let long = option.get_long().map(|long| format!("--{long}"));
    let mut line = [short, long].into_iter().flatten().collect::<Vec<_>>().join(", ");
    if option.get_action().takes_values() {
        let _ = write!(line, " {}", values(option));
    }
    if option.is_required_set() {
        line.push_str(" (required)");
    }
    format!("      {line}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unclear_messages_are_found() {
        let named = |text: &str| -> Result<String, String> { Err(format!("amount: {text} is no")) };
        let at = |_: &str| -> Result<String, String> { Err("rules, at byte 3: no".to_owned()) };
        let clear = |_: &str| -> Result<String, String> { Err("must be one of: a, b".to_owned()) };
        let command = Command::new("a")
            .arg(Arg::new("named").long("named").value_parser(named))
            .arg(Arg::new("at").value_parser(at))
            .arg(Arg::new("clear").long("clear").value_parser(clear))
            .arg(Arg::new("flag").long("flag").action(ArgAction::SetTrue));
        let number = Arg::new("number").long("number").value_parser(clap::value_parser!(u16));
        let command = command.subcommand(Command::new("b").arg(number));
        let mut found = unclear_values(&command);
        found.retain(|text| text.ends_with("x is no") || !text.starts_with("a named"));
        assert_eq!(found.first().unwrap(), "a named: amount: x is no");
        assert!(found.contains(&"a at: rules, at byte 3: no".to_owned()), "{found:?}");
        let digit = "b number: invalid digit found in string".to_owned();
        assert!(found.contains(&digit), "{found:?}");
        assert!(!found.iter().any(|text| text.contains("clear") || text.contains("flag")));
    }

    #[test]
    fn empty_values_are_accepted_by_marked_arguments_only() {
        let label = Arg::new("label").long("label").required(true);
        let note = Arg::new("text").long("note").value_hint(CAN_BE_EMPTY);
        let mut command = Command::new("x").subcommand(Command::new("a").args([label, note]));
        for (words, expected) in [
            (["x", "a", "--label", "", "--note", "n"], Some("--label")),
            (["x", "a", "--label", " \u{a0}", "--note", "n"], Some("--label")),
            (["x", "a", "--label", "l", "--note", ""], None),
            (["x", "a", "--label", "l", "--note", " "], None),
        ] {
            let matches = command.try_get_matches_from_mut(words).unwrap();
            assert_eq!(empty_argument(&command, &matches).as_deref(), expected, "{words:?}");
        }
    }

    #[test]
    fn messages_name_the_argument_that_the_user_typed() {
        use api_auth::InputError;

        let build = || {
            let country = Arg::new("country").long("country");
            let expiry = Arg::new("card_expiry").long("expiry");
            let name = Arg::new("name").value_name("NAME").required(true);
            let unit = Arg::new("unit").long("unit").default_value("x");
            let token = Arg::new("amount").long("token");
            let code = Arg::new("blik_token").long("code-stdin").action(ArgAction::SetTrue);
            let create = Command::new("create");
            let create = create.args([country, expiry, name, unit, token, code]);
            Command::new("x").subcommand(Command::new("ca").subcommand(create))
        };
        let words = ["x", "ca", "create", "a", "--country", "us", "--expiry", "1"];
        let words = words.map(OsString::from);
        for (argument, expected) in [
            ("country", "--country: is invalid"),
            ("payer.name", "NAME: is invalid"),
            ("cardExpiry", "--expiry: is invalid"),
            ("name_id", "NAME: is invalid"),
            ("unit", "unit: is invalid"),
            ("other", "other: is invalid"),
            // It is missing.
            ("token", "--token: is invalid"),
            // It comes from a prompt.
            ("pay.blik_token", "code: is invalid"),
        ] {
            let failure = Failure::from(InputError::new(argument, "is invalid"));
            let failure = name_argument(build, &words, failure, true);
            assert_eq!(name_argument(build, &words, failure, false).message(), expected);
        }
        let failure = Failure::from(InputError::new("name", "must be a name").at_byte(3));
        let named = name_argument(build, &words, failure, true);
        assert_eq!(named.message(), "NAME, at byte 3: must be a name");
    }

    #[test]
    fn commands_have_their_arguments() {
        let verbose = Arg::new("verbose").short('v').global(true).action(ArgAction::Count);
        let get = Command::new("get")
            .about("Show it")
            .arg(Arg::new("id").value_name("ID").required(true))
            .arg(Arg::new("all").long("all").action(ArgAction::SetTrue));
        let command = Command::new("x").arg(verbose).subcommand(Command::new("a").subcommand(get));
        assert_eq!(
            commands(command),
            "x a get ID\n    Show it\n      --all\n\nOptions of all commands:\n      -v\n"
        );
    }
}
