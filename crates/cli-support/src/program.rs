//! The macros and types that the `main.rs` of each program uses.

use std::sync::atomic::{AtomicBool, Ordering};

use clap::{ArgMatches, Command, FromArgMatches, Subcommand};

use crate::Run;
use crate::context::{Context, Provider};
use crate::exit::{Exit, Failure};

/// Whether the subcommands of a noun are built only when a command line names the noun.
static IS_DEFERRED: AtomicBool = AtomicBool::new(false);

/// Calls `build` to create a command line whose nouns have no subcommands yet. `clap` adds the
/// subcommands of a noun when it parses a command line that contains the noun.
pub(crate) fn deferred(build: impl FnOnce() -> Command) -> Command {
    IS_DEFERRED.store(true, Ordering::Relaxed);
    let command = build();
    IS_DEFERRED.store(false, Ordering::Relaxed);
    command
}

/// The subcommands of a noun, such as `transaction`. Building the subcommands of all nouns takes as
/// long as sending a request, so only those of the noun on the command line are built. The help and
/// the completions contain all subcommands.
#[derive(Debug)]
pub struct Noun<C>(C);

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
        if IS_DEFERRED.load(Ordering::Relaxed) {
            command.defer(C::augment_subcommands)
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
            #[test]
            fn command_line_is_consistent() {
                <super::$cli as ::clap::CommandFactory>::command().debug_assert();
            }

            #[test]
            fn every_noun_has_its_plural_as_an_alias() {
                let command = <super::$cli as ::clap::CommandFactory>::command();
                assert_eq!($crate::tree::without_plural(&command), Vec::<String>::new());
            }

            #[test]
            fn messages_about_values_say_what_is_allowed_and_name_the_argument_once() {
                let command = <super::$cli as ::clap::CommandFactory>::command();
                assert_eq!($crate::tree::unclear_values(&command), Vec::<String>::new());
            }

            #[test]
            fn no_argument_has_the_id_of_an_option_of_all_commands() {
                let command = <super::$cli as ::clap::CommandFactory>::command();
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
