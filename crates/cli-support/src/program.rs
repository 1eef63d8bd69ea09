//! The macros that the programs use.

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
                let different = $crate::parsing::different::<$provider, $cli>();
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
