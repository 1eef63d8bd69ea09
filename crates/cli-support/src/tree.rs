//! All commands on one page, for `help commands`.

use std::ffi::OsString;
use std::fmt::Write;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, Command};

use crate::context::Provider;

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

/// Returns a command with the global options of `all`, and only those of its subcommands that
/// `words` name. These are moved out of `all`. The new command parses valid words like `all`, but
/// faster, because clap copies each global option to every subcommand.
pub(crate) fn named<P: Provider>(all: &mut Command, words: &[OsString]) -> Command {
    let is_named = |command: &&mut Command| {
        let mut names = [command.get_name()].into_iter().chain(command.get_all_aliases());
        names.any(|name| words.iter().any(|word| word == name))
    };
    let arguments: Vec<Arg> = all.get_arguments().cloned().collect();
    let commands = all.get_subcommands_mut().filter(is_named).map(std::mem::take);
    Command::new(P::NAME).args(arguments).subcommands(commands)
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

/// Returns the arguments of subcommands whose id is also that of a global option. `clap` would
/// confuse the values of the two.
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

/// Returns the name of the command that has this alias.
fn name_of<'a>(command: &'a Command, alias: &str) -> Option<&'a str> {
    command.get_subcommands().find_map(|child| {
        let mut aliases = child.get_all_aliases();
        match aliases.any(|found| found == alias) {
            true => Some(child.get_name()),
            false => name_of(child, alias),
        }
    })
}

/// Returns the nouns (commands that have subcommands) whose plural is not accepted. It should be a
/// hidden alias.
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

/// Returns the line that describes an option.
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
