//! The macros and types that the `main.rs` of each program uses.

use std::cell::{Cell, RefCell};
use std::ffi::OsString;

use clap::{ArgMatches, Args, Command, FromArgMatches, Id, Subcommand};

use crate::Run;
use crate::context::{Context, Provider};
use crate::exit::{Exit, Failure};
use crate::tree;

thread_local! {
    /// Whether the content of a [`Noun`] is built only when a command line names it.
    static IS_DEFERRED: Cell<bool> = const { Cell::new(false) };
    /// The words of that command line.
    static WORDS: RefCell<Vec<OsString>> = const { RefCell::new(Vec::new()) };
}

/// Calls `build` to create a command line whose nouns have no subcommands and arguments yet. `clap`
/// adds those of a noun when it parses a command line that contains the noun, but only the
/// subcommands that `words` name.
pub(crate) fn deferred(words: &[OsString], build: impl FnOnce() -> Command) -> Command {
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

/// Adds those subcommands of `all` to `command` that the command line names.
fn with_named(command: Command, mut all: Command) -> Command {
    let named = WORDS.with_borrow(|words| tree::named(&mut all, words));
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

/// Defines the function `main` of a program and tests of its command line. In the example, `Cli` is
/// the command line, with the fields `global` and `command`, and `Command` is the enum of the
/// commands. The enum has the variants in braces, whose types implement [`Run`](crate::Run), and
/// the variant `Common`.
///
/// ```text
/// cli_support::program!(Tpay, Cli, Command { Transaction, Refund });
/// ```
#[macro_export]
macro_rules! program {
    ($provider:ty, $cli:ident, $command:ident { $($noun:ident),+ $(,)? }) => {
        impl $crate::CommandLine<$provider> for $cli {
            type Command = $command;

            fn split(self) -> ($crate::Global, $command) {
                (self.global, self.command)
            }
        }

        impl $crate::Run<$provider> for $command {
            fn run(
                self,
                context: &$crate::Context<$provider>,
            ) -> ::std::result::Result<$crate::Exit, $crate::Failure> {
                match self {
                    $(Self::$noun(command) => $crate::Run::run(command, context),)+
                    Self::Common(command) => command.run::<$provider, $cli>(context),
                }
            }
        }

        fn main() -> ::std::process::ExitCode {
            $crate::main::<$provider, $cli>()
        }

        #[cfg(test)]
        mod tests {
            use super::*;

            #[test]
            fn command_line_is_consistent() {
                <$cli as ::clap::CommandFactory>::command().debug_assert();
            }

            #[test]
            fn commands_that_are_not_named_are_not_needed() {
                let different = $crate::tree::different::<$provider, $cli>();
                assert_eq!(different, Vec::<String>::new());
            }

            #[test]
            fn every_noun_has_its_plural_as_an_alias() {
                let command = <$cli as ::clap::CommandFactory>::command();
                assert_eq!($crate::tree::without_plural(&command), Vec::<String>::new());
            }

            #[test]
            fn messages_about_values_say_what_is_allowed_and_name_the_argument_once() {
                let command = <$cli as ::clap::CommandFactory>::command();
                assert_eq!($crate::tree::unclear_values(&command), Vec::<String>::new());
            }

            #[test]
            fn no_argument_has_the_id_of_an_option_of_all_commands() {
                let command = <$cli as ::clap::CommandFactory>::command();
                assert_eq!($crate::tree::shadowed(&command), Vec::<String>::new());
            }
        }
    };
}

/// Calls a setter of `$request` for each listed field of `$arguments` that is `Some`. Each setter
/// has the name of its field.
///
/// ```
/// # struct Request(Vec<&'static str>);
/// # impl Request {
/// #     fn label(mut self, value: &'static str) -> Self { self.0.push(value); self }
/// #     fn kind(self, _: &'static str) -> Self { self }
/// # }
/// # struct Arguments { label: Option<&'static str>, kind: Option<&'static str> }
/// # let (request, arguments) = (Request(Vec::new()), Arguments { label: Some("a"), kind: None });
/// let request = cli_support::with_options!(request, arguments; label, kind);
/// # assert_eq!(request.0, ["a"]);
/// ```
#[macro_export]
macro_rules! with_options {
    ($request:expr, $arguments:expr; $($name:ident),+ $(,)?) => {{
        let mut request = $request;
        $(if let Some(value) = $arguments.$name {
            request = request.$name(value);
        })+
        request
    }};
}
