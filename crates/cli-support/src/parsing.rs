//! Parsing of the command line. `clap` creates each command with all arguments, and copies the
//! options of all commands to each subcommand, which takes longer than sending a request. Therefore,
//! only what a command line names is created first. If that fails, the whole command line is
//! created, for the help and for messages.

use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::fmt::Debug;

use clap::{Arg, ArgMatches, Args, Command, CommandFactory, FromArgMatches, Id, Subcommand};

use crate::context::{Context, Provider};
use crate::exit::{Exit, Failure};
use crate::tree::empty_argument;
use crate::{CommandLine, Run, command_of};

/// Parses `words`. Also returns the name of an argument whose value is empty.
pub(crate) fn parse<C: FromArgMatches>(
    mut command: Command,
    words: &[OsString],
) -> Result<(C, Option<String>), clap::Error> {
    let matches = command.try_get_matches_from_mut(words);
    let empty = matches.as_ref().ok().and_then(|matches| empty_argument(&command, matches));
    // Freeing the commands would take longer than parsing the arguments.
    std::mem::forget(command);
    C::from_arg_matches_mut(&mut matches?).map(|arguments| (arguments, empty))
}

/// Like [`parse`], with only the commands and options that `words` name, which is several times
/// faster. Its errors do not name other commands, so they must not be printed.
pub(crate) fn parse_named<P: Provider, C: CommandFactory + FromArgMatches>(
    words: &[OsString],
) -> Result<(C, Option<String>), clap::Error> {
    let mut all = deferred(words, command_of::<P, C>);
    let command = Command::new(P::NAME).args(named_arguments(&all, words));
    let command = command.subcommands(named(&mut all, words));
    std::mem::forget(all);
    parse(command, words)
}

thread_local! {
    /// Whether the content of a [`Noun`] is built only when a command line names it.
    static IS_DEFERRED: Cell<bool> = const { Cell::new(false) };
    /// The words of that command line.
    static WORDS: RefCell<Vec<OsString>> = const { RefCell::new(Vec::new()) };
}

/// Calls `build` to create a command line whose nouns have no subcommands and arguments yet. `clap`
/// adds those of a noun when it parses a command line that contains the noun, but only the
/// subcommands that `words` name.
fn deferred(words: &[OsString], build: impl FnOnce() -> Command) -> Command {
    WORDS.set(words.to_vec());
    IS_DEFERRED.set(true);
    let command = build();
    IS_DEFERRED.set(false);
    command
}

/// Returns whether a command line is being built by [`deferred`].
pub(crate) fn is_deferred() -> bool {
    IS_DEFERRED.get()
}

/// Returns the arguments of `all`. Those that `words` do not name are not global, because `clap`
/// copies each global option, and its default value, to every subcommand.
fn named_arguments(all: &Command, words: &[OsString]) -> Vec<Arg> {
    let is_named = |argument: &Arg| {
        words.iter().any(|word| match word.as_encoded_bytes() {
            [b'-', b'-', word @ ..] => {
                argument.get_long().is_some_and(|long| word.starts_with(long.as_bytes()))
            }
            [b'-', letters @ ..] => {
                let short = argument.get_short().and_then(|short| u8::try_from(short).ok());
                short.is_some_and(|short| letters.contains(&short))
            }
            _ => false,
        })
    };
    let arguments = all.get_arguments();
    arguments.map(|argument| argument.clone().global(is_named(argument))).collect()
}

/// Returns those subcommands of `all` that `words` name, and moves them out of `all`. A command with
/// only these parses a valid command line in the same way as `all`, but faster, because `clap`
/// copies each global option to every subcommand.
fn named(all: &mut Command, words: &[OsString]) -> Vec<Command> {
    let is_named = |command: &&mut Command| {
        let mut names = [command.get_name()].into_iter().chain(command.get_all_aliases());
        names.any(|name| words.iter().any(|word| word == name))
    };
    all.get_subcommands_mut().filter(is_named).map(std::mem::take).collect()
}

/// Adds those subcommands of `all` to `command` that the command line names.
fn with_named(command: Command, mut all: Command) -> Command {
    let named = WORDS.with_borrow(|words| named(&mut all, words));
    let command = command.subcommands(named);
    // Freeing the commands would take longer than creating one.
    std::mem::forget(all);
    command
}

/// The subcommands of a noun, such as `transaction`, or the arguments of a command with many of
/// them. Building those of all nouns takes as long as sending a request, so only those of the noun
/// on the command line are built. The help and the completions contain all of them.
#[derive(Debug)]
pub struct Noun<C>(pub(crate) C);

impl<C: FromArgMatches> FromArgMatches for Noun<C> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        C::from_arg_matches(matches).map(Self)
    }

    // The default implementations of the `_mut` functions would copy all values.
    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
        C::from_arg_matches_mut(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }

    fn update_from_arg_matches_mut(&mut self, matches: &mut ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches_mut(matches)
    }
}

impl<C: Subcommand> Subcommand for Noun<C> {
    fn augment_subcommands(command: Command) -> Command {
        if is_deferred() {
            command.defer(|command| with_named(command, C::augment_subcommands(Command::default())))
        } else {
            C::augment_subcommands(command)
        }
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        C::augment_subcommands_for_update(command)
    }

    fn has_subcommand(name: &str) -> bool {
        C::has_subcommand(name)
    }
}

impl<A: Args> Args for Noun<A> {
    fn group_id() -> Option<Id> {
        A::group_id()
    }

    fn augment_args(command: Command) -> Command {
        if is_deferred() { command.defer(A::augment_args) } else { A::augment_args(command) }
    }

    fn augment_args_for_update(command: Command) -> Command {
        A::augment_args_for_update(command)
    }
}

impl<P: Provider, C: Run<P>> Run<P> for Noun<C> {
    fn run(self, context: &Context<P>) -> Result<Exit, Failure> {
        self.0.run(context)
    }
}

/// Returns the valid command lines that `parse_named` parses differently from `parse`, and the
/// global options for which no valid command line was found. All commands are tried, and
/// `auth list` with each global option at each place.
pub fn different<P: Provider, C: CommandLine<P> + Debug>() -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |line: &str| {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let complete = parse::<C>(command_of::<P, C>(), &words);
        let named = parse_named::<P, C>(&words);
        if complete.is_ok() && format!("{complete:?}") != format!("{named:?}") {
            found.push(line.to_owned());
        }
        complete.is_ok()
    };
    let mut unused = Vec::new();
    let all = command_of::<P, C>();
    for option in all.get_arguments().filter(|option| option.is_global_set()) {
        let long = option.get_long().map(|long| format!("--{long}"));
        let short = option.get_short().map(|short| format!("-{short}"));
        let mut is_used = false;
        for name in [long, short].into_iter().flatten() {
            for value in ["", " ", " list", " json", " 7", "=7s", "=7/s", "=always"] {
                let given = format!("{name}{value}");
                is_used |= check(&format!("{} {given} auth list", P::NAME));
                is_used |= check(&format!("{} auth {given} list", P::NAME));
                is_used |= check(&format!("{} auth list {given}", P::NAME));
            }
        }
        if !is_used {
            unused.push(option.get_id().to_string());
        }
    }
    let mut lines = Vec::new();
    add_lines(&all, P::NAME, &mut lines);
    for line in lines {
        for value in ["1", "a@b.example", "2030-01-01T00:00:00Z", "pln", "http://127.0.0.1:1"] {
            check(&line.replace(PLACE, value));
        }
    }
    found.extend(unused);
    found
}

/// Stands for the value of an argument.
const PLACE: &str = "VALUE";

/// Adds command lines for each name of each command: with its required arguments, and with all
/// arguments that have no name, and `--input`.
fn add_lines(command: &Command, line: &str, lines: &mut Vec<String>) {
    let children: Vec<&Command> = command.get_subcommands().collect();
    for child in &children {
        for name in [child.get_name()].into_iter().chain(child.get_all_aliases()) {
            add_lines(child, &format!("{line} {name}"), lines);
        }
    }
    if !children.is_empty() {
        return;
    }
    for is_complete in [false, true] {
        let mut line = format!("{line} -o json");
        for argument in command.get_arguments() {
            let possible = argument.get_possible_values();
            let value = possible.first().map_or(PLACE, |value| value.get_name());
            match argument.get_long() {
                Some(long) if argument.is_required_set() || (is_complete && long == "input") => {
                    line.push_str(&format!(" --{long}={value}"));
                }
                None if argument.is_required_set() || is_complete => {
                    line.push_str(&format!(" {value}"));
                }
                _ => {}
            }
        }
        lines.push(line);
    }
}
