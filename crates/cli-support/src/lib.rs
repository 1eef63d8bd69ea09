//! Common parts of the command-line programs.
//!
//! A program is a [`Provider`], a command line with [`Global`] options, and one type for each noun
//! that implements [`Run`]. [`program!`] and [`main`] do the rest.
//!
//! | module | contents |
//! |---|---|
//! | [`args`] | options of all commands, parsers of values |
//! | [`auth`] | credentials: environment file, profiles, environment |
//! | [`context`] | the provider, its client, and how a command sends requests |
//! | [`request`] | any endpoint with the JSON of its response |
//! | [`output`] | tables, JSON, JSON lines, CSV |
//! | [`exit`] | exit statuses, failures |
//! | [`api`] | a request to any endpoint |
//! | [`doctor`] | a report on all read-only calls |
//! | [`json`] | JSON values that keep order and digits |

pub mod api;
pub mod args;
pub mod auth;
pub mod context;
pub mod doctor;
pub mod exit;
pub mod json;
mod logger;
pub mod output;
mod program;
pub mod request;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

pub use api_auth;
pub use args::{Global, Input, Limits};
pub use context::{Bodies, Connection, Context, Provider};
pub use exit::{EXIT_STATUSES, Exit, Failure};
pub use json::Json;
pub use request::WithJson;

use api::Api;
use auth::{AuthCommand, Profiles, login, logout};
use doctor::Doctor;
use output::Format;

/// A command.
pub trait Run<P: Provider> {
    /// Runs the command.
    ///
    /// # Errors
    /// Returns why the command has no result.
    fn run(self, context: &Context<P>) -> Result<Exit, Failure>;
}

/// The command line of a program.
pub trait CommandLine<P: Provider>: Parser {
    /// The commands.
    type Command: Run<P>;

    /// Returns the options of all commands, and the command.
    fn split(self) -> (Global, Self::Command);
}

/// The commands of all programs.
#[derive(Debug, Subcommand)]
pub enum Common {
    /// Send a request to any endpoint
    Api(Api),
    /// Manage credentials and profiles
    #[command(subcommand)]
    Auth(AuthCommand),
    /// Make all read-only calls and report status, time and unknown fields
    Doctor,
    /// Print the completion script of a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write one page for each command
    Man {
        /// Folder for the pages
        #[arg(long, value_name = "FOLDER")]
        dir: Option<PathBuf>,
    },
}

impl Common {
    /// Runs a command. `C` is the command line of the program.
    ///
    /// # Errors
    /// Returns why the command has no result.
    pub fn run<P: Provider, C: CommandFactory>(
        self,
        context: &Context<P>,
    ) -> Result<Exit, Failure> {
        match self {
            Self::Api(api) => api.run(context),
            Self::Auth(command) => auth(command, context),
            Self::Doctor => {
                let mut doctor = Doctor::new(context);
                P::doctor(&mut doctor)?;
                doctor.end()
            }
            Self::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut C::command(), P::NAME, &mut script);
                context.output.bytes(&script).map(|()| Exit::Done)
            }
            Self::Man { dir } => man(C::command(), dir, context),
        }
    }
}

fn auth<P: Provider>(command: AuthCommand, context: &Context<P>) -> Result<Exit, Failure> {
    match command {
        AuthCommand::Login => context.note(&login(P::NAME, P::VARIABLES, &context.global)?),
        AuthCommand::Logout { name } => context.note(&logout(P::NAME, &name)?),
        AuthCommand::List => {
            let profiles = Profiles::load(P::NAME)?;
            let default = profiles.default();
            let mut list =
                context.output.list(&[("profile", "profile"), ("default", "default")])?;
            for name in profiles.names() {
                let is_default = default.as_deref() == Some(name.as_str());
                list.push(&Json::Object(vec![
                    ("profile".to_owned(), Json::Text(name)),
                    ("default".to_owned(), Json::Other(is_default.to_string())),
                ]))?;
            }
            list.end()?;
        }
        AuthCommand::Status => {
            let source = context.settings()?.source;
            P::check(context.client()?)?;
            let status = Json::Object(vec![
                ("source".to_owned(), Json::Text(source)),
                ("accepted".to_owned(), Json::Other("true".to_owned())),
            ]);
            context.output.value(&status.to_string())?;
        }
    }
    Ok(Exit::Done)
}

fn man<P: Provider>(
    mut command: clap::Command,
    dir: Option<PathBuf>,
    context: &Context<P>,
) -> Result<Exit, Failure> {
    command.build();
    match dir {
        Some(dir) => {
            std::fs::create_dir_all(&dir)
                .and_then(|()| clap_mangen::generate_to(command, &dir))
                .map_err(|error| Failure::file(&dir, &error))?;
        }
        None => {
            let mut page = Vec::new();
            let rendered = clap_mangen::Man::new(command).render(&mut page);
            rendered.map_err(|error| Failure::output(&error))?;
            context.output.bytes(&page)?;
        }
    }
    Ok(Exit::Done)
}

/// Runs a program: parses the command line, runs the command, and reports a failure.
pub fn main<P: Provider, C: CommandLine<P>>() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let is_exit_status = words.get(1..).is_some_and(|words| words == ["help", "exit-status"]);
    if is_exit_status {
        let _ = writeln!(std::io::stdout(), "{EXIT_STATUSES}");
        return ExitCode::SUCCESS;
    }
    let (global, command) = match C::try_parse_from(words) {
        Ok(arguments) => arguments.split(),
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { ExitCode::SUCCESS };
        }
    };
    logger::init(global.verbose);
    let is_json = matches!(global.format, Format::Json | Format::Jsonl);
    let context = Context::<P>::new(global);
    match command.run(&context) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            if failure.is_shown() {
                let text = match is_json {
                    true => failure.json().to_string(),
                    // The errors of a client begin with the name of the provider.
                    false if failure.is_of_client() => failure.to_string(),
                    false => format!("{}: {failure}", P::NAME),
                };
                let _ = writeln!(std::io::stderr(), "{text}");
            }
            failure.exit().into()
        }
    }
}
