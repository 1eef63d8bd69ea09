//! The parts that the command-line programs share.
//!
//! A program consists of a [`Provider`], a command line with [`Global`] options, and a type that
//! implements [`Run`] for each noun, such as `transaction`. [`program!`] defines the function
//! `main`, which parses the command line and runs the command.
//!
//! | module | contents |
//! |---|---|
//! | [`args`] | global options, parsers of option values |
//! | [`auth`] | credentials: environment file, profiles, environment |
//! | [`context`] | the provider, its client, and how a command sends requests |
//! | [`request`] | requests that return both the parsed response and its JSON |
//! | [`output`] | tables, JSON, JSON lines, CSV |
//! | [`exit`] | exit statuses, failures |
//! | [`files`] | checks of files before they are written, named pipes |
//! | [`api`] | a request to any endpoint |
//! | [`doctor`] | a report on the results of read-only requests |
//! | [`json`] | JSON values that keep the order of members and the digits of numbers |
//! | [`times`] | times in tables and CSV: local or UTC |
//! | [`terminal`] | colours, progress |
//! | [`process`] | child processes with a time limit |
//! | [`tree`] | a page that lists all commands, and checks of a command line |

pub mod api;
pub mod args;
pub mod auth;
pub mod context;
pub mod doctor;
pub mod exit;
pub mod files;
pub mod json;
mod lock;
mod logger;
pub mod output;
pub mod parsing;
pub mod process;
mod profile_text;
mod program;
mod raw_page;
pub mod request;
mod similar;
pub mod terminal;
mod termination;
#[cfg(test)]
mod test_folder;
pub mod times;
pub mod tree;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ArgAction, Args, ColorChoice, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub use api_auth;
pub use args::{Global, Input, Limits, Member};
pub use auth::WebLogin;
pub use context::{Bodies, Connection, Context, CredentialField, Line, Number, Pages, Provider};
pub use exit::{EXIT_STATUSES, Exit, Failure};
pub use json::Json;
pub use parsing::Noun;
pub use request::WithJson;
pub use termination::{InterruptibleClock, Section, Sending, TemporaryFile};
pub use times::Times;

use api::Api;
use auth::{AuthCommand, Profiles, login, logout, set_default, store_login, stored_name};
use doctor::Doctor;
use output::{Format, Output};

/// A command of a program, such as `transaction create`, or a group of commands, such as
/// `transaction`.
pub trait Run<P: Provider> {
    /// Runs the command and returns the exit status of the program.
    ///
    /// # Errors
    /// Returns the failure of the command.
    fn run(self, context: &Context<P>) -> Result<Exit, Failure>;
}

/// The command line of a program: the global options and a command. [`program!`] implements this
/// trait.
pub trait CommandLine<P: Provider>: Parser {
    /// The type of the command: an enum with a variant for each noun, such as `Transaction`.
    type Command: Run<P>;

    /// Returns the global options and the command.
    fn split(self) -> (Global, Self::Command);
}

/// The commands that all programs have.
#[derive(Debug, Subcommand)]
pub enum Common {
    /// Send a request to any endpoint
    Api(Noun<Api>),
    /// Manage credentials and profiles
    #[command(subcommand)]
    Auth(Noun<AuthCommand>),
    /// Send read-only requests, and report status, time and unknown fields
    Doctor {
        /// Also show the values of unknown fields, which may be personal data
        #[arg(long)]
        values: bool,
    },
    /// Print the completion script for a shell
    Completions {
        /// Name of the shell
        shell: Shell,
    },
    /// Print the manual page, or write one page for each command to --dir
    Man {
        /// Folder for the pages
        #[arg(long, value_name = "FOLDER")]
        dir: Option<PathBuf>,
    },
}

impl Common {
    /// Runs the command. `C` is the command line of the program.
    ///
    /// # Errors
    /// Returns the failure of the command.
    pub fn run<P: Provider, C: CommandFactory>(
        self,
        context: &Context<P>,
    ) -> Result<Exit, Failure> {
        let is_many = matches!(self, Self::Doctor { .. } | Self::Auth(Noun(AuthCommand::Status)));
        if is_many && context.global.curl {
            let problem = "--curl cannot be used with a command that sends several requests; \
                           use it with `api`";
            return Err(Failure::new(Exit::Usage, problem));
        }
        match self {
            Self::Api(Noun(api)) => api.run(context),
            Self::Auth(Noun(command)) => auth(command, context),
            Self::Doctor { values } => {
                let mut doctor = Doctor::new(context)?.with_values(values);
                P::doctor(&mut doctor)?;
                doctor.end()
            }
            Self::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut command_of::<P, C>(), P::NAME, &mut script);
                context.output.bytes(&script).map(|()| Exit::Done)
            }
            Self::Man { dir } => man(command_of::<P, C>(), dir, context),
        }
    }
}

fn auth<P: Provider>(command: AuthCommand, context: &Context<P>) -> Result<Exit, Failure> {
    command.check(&context.global)?;
    match command {
        AuthCommand::Login(web) if web.web => {
            let settings = context.settings_for_login()?;
            // A file of profiles that cannot be changed is found before the user logs in.
            let name = stored_name(P::NAME, &context.global)?;
            let values = P::web_login(context, &web)?;
            context.note(&store_login::<P>(&settings, values, &name, &context.global)?);
        }
        AuthCommand::Login(_) => {
            context.note(&login(context)?);
        }
        AuthCommand::Logout { name } => {
            let name = name.as_ref().or(context.global.profile.as_ref());
            context.note(&logout(context, name.map(String::as_str))?);
        }
        AuthCommand::Default { name } => {
            context.note(&set_default(P::NAME, &name, &context.global)?);
        }
        AuthCommand::List => {
            let columns = [("profile", "profile"), ("default", "default")];
            context.output.check_fields(&columns, &[])?;
            let profiles = Profiles::load(P::NAME)?;
            let default = profiles.default_name();
            let mut list = context.output.list(&columns)?;
            for name in profiles.names() {
                let is_default = default == Some(name.as_str());
                list.push(&Json::Object(vec![
                    ("profile".to_owned(), Json::Text(name)),
                    ("default".to_owned(), Json::Other(is_default.to_string())),
                ]))?;
            }
            list.end()?;
        }
        AuthCommand::Status => {
            context.output.check_fields(&[], &["source", "accepted", "reason"])?;
            let settings = context.settings()?;
            let mut members = vec![("source".to_owned(), Json::Text(settings.source.clone()))];
            let checked = context.client().and_then(|client| P::check(client, &settings));
            let is_accepted = match checked {
                Err(failure) if failure.exit() == Exit::Credentials => {
                    members.push(("accepted".to_owned(), Json::Other("false".to_owned())));
                    let reason = failure.message().to_owned();
                    members.push(("reason".to_owned(), Json::Text(reason)));
                    false
                }
                checked => {
                    checked?;
                    members.push(("accepted".to_owned(), Json::Other("true".to_owned())));
                    true
                }
            };
            context.output.value(&Json::Object(members).to_string())?;
            if !is_accepted {
                return Ok(Exit::Credentials);
            }
        }
    }
    Ok(Exit::Done)
}

fn man<P: Provider>(
    command: clap::Command,
    dir: Option<PathBuf>,
    context: &Context<P>,
) -> Result<Exit, Failure> {
    match dir {
        Some(dir) if context.global.dry_run => {
            context.note(&format!("dry run: would write the pages to {}", dir.display()));
        }
        Some(dir) => {
            std::fs::create_dir_all(&dir).map_err(|error| Failure::file(&dir, &error))?;
            let mut command = command.disable_help_subcommand(true);
            command.build();
            pages(&command, &dir)?;
        }
        None => {
            let mut command = command;
            command.build();
            context.output.bytes(&page(clap_mangen::Man::new(command))?)?;
        }
    }
    Ok(Exit::Done)
}

/// Writes the manual pages of a command and its subcommands. Each file is replaced atomically.
fn pages(command: &clap::Command, dir: &Path) -> Result<(), Failure> {
    let mut subcommands = command.get_subcommands().filter(|command| !command.is_hide_set());
    subcommands.try_for_each(|command| pages(command, dir))?;
    let man = clap_mangen::Man::new(command.clone());
    let file = dir.join(man.get_filename());
    Output::new(Format::Table, Vec::new(), Some(file)).bytes(&page(man)?)
}

fn page(man: clap_mangen::Man) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    man.render(&mut page).map_err(|error| Failure::output(&error))?;
    Ok(page)
}

/// Returns the command line of a program. If its provider has no login through the browser, the
/// help does not show the options of that login.
fn command_of<P: Provider, C: CommandFactory>() -> clap::Command {
    let command = C::command();
    if P::HAS_WEB_LOGIN || parsing::is_deferred() {
        return command;
    }
    command.mut_subcommand("auth", |auth| {
        auth.mut_subcommand("login", |login| {
            login.mut_args(|arg| match arg.get_id().as_str() {
                "web" | "scopes" | "no_browser" | "wait" => arg.hide(true),
                _ => arg,
            })
        })
    })
}

/// Returns the words of a command line, and joins each negative number to the option before it, as
/// in `--timeout=-5s`, because `clap` would otherwise parse the number as an option.
fn joined(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let (mut joined, mut is_ended): (Vec<OsString>, bool) = (Vec::new(), false);
    for word in words {
        let is_number = matches!(word.as_encoded_bytes(), [b'-', b'0'..=b'9' | b'.', ..]);
        is_ended |= word == "--";
        match joined.last_mut().filter(|_| is_number && !is_ended) {
            Some(option)
                if option.as_encoded_bytes().starts_with(b"--")
                    && !option.as_encoded_bytes().contains(&b'=') =>
            {
                option.push("=");
                option.push(word);
            }
            _ => joined.push(word),
        }
    }
    joined
}

/// Returns the value of an option that is needed even if the command line is invalid, such as the
/// output format for errors. If the option is repeated, its last value is returned.
fn early<'a>(words: &'a [OsString], short: Option<&str>, long: &str) -> Option<&'a str> {
    let mut found = None;
    let mut words = words.iter().skip(1).map_while(|word| word.to_str()).peekable();
    while let Some(word) = words.next().filter(|word| *word != "--") {
        let value = if word == long || Some(word) == short {
            words.peek().copied()
        } else if let Some(value) = word.strip_prefix(long) {
            value.strip_prefix('=')
        } else {
            let value = short.and_then(|short| word.strip_prefix(short));
            value.map(|value| value.strip_prefix('=').unwrap_or(value))
        };
        found = value.or(found);
    }
    found
}

/// Joins the values of options of all commands that are given both before and after the name of the
/// command: the fields of `--fields`, and the number of `-v`. `clap` would ignore the first value.
///
/// # Errors
/// Returns the name of an option with a single value that is given twice. `clap` rejects only an
/// option that is repeated in one place.
fn join_repeated(words: &[OsString], global: &mut Global) -> Result<(), String> {
    let words = words.iter().skip(1).take_while(|word| *word != "--");
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    // Creating the options would be a part of the time that every start takes.
    if words.iter().filter(|word| word.starts_with('-')).count() < 2 {
        return Ok(());
    }
    let known = api::Api::augment_args(Global::augment_args(clap::Command::new("")));
    let is_flag = |short: char| {
        let mut options = known.get_arguments();
        let option = options.find(|option| option.get_short() == Some(short));
        option.is_some_and(|option| !option.get_action().takes_values())
    };
    // The last option in a word such as `-qo` is the first one that takes a value.
    let shorts = |word: &str| -> Vec<char> {
        let cluster = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
        let mut is_ended = false;
        let shorts = cluster.unwrap_or_default().chars();
        shorts.take_while(|short| !std::mem::replace(&mut is_ended, !is_flag(*short))).collect()
    };
    for option in known.get_arguments().filter(|option| option.is_global_set()) {
        let Some(long) = option.get_long().map(|long| format!("--{long}")) else { continue };
        let mut count = 0;
        let mut values = Vec::new();
        for (index, word) in words.iter().enumerate() {
            match word.strip_prefix(&*long) {
                Some("") => values.extend(words.get(index + 1).map(|value| &**value)),
                Some(rest) if rest.starts_with('=') => values.extend(rest.strip_prefix('=')),
                Some(_) => continue,
                None => {
                    let shorts = shorts(word).into_iter().map(Some);
                    count += shorts.filter(|short| *short == option.get_short()).count();
                    continue;
                }
            }
            count += 1;
        }
        match option.get_action() {
            ArgAction::Set if count > 1 => return Err(long),
            ArgAction::Append if count > 1 => {
                let fields = values.iter().flat_map(|value| value.split(','));
                global.fields = fields.map(str::to_owned).collect();
            }
            ArgAction::Count => global.verbose = count.try_into().unwrap_or(u8::MAX),
            _ => {}
        }
    }
    Ok(())
}

/// Replaces the user name and password of each URL in `words` with `***` in a text.
fn without_users(words: &[OsString], text: &str) -> String {
    let mut text = text.to_owned();
    for word in words {
        let word = word.to_string_lossy();
        for user in api_auth::user_infos(&word) {
            for user in [user, &user.escape_debug().to_string()] {
                text = text.replace(&format!("://{user}@"), "://***@");
            }
        }
    }
    text
}

/// Prints a failure without the user names and passwords of URLs in `words`, the command line.
fn print_failure<P: Provider>(
    failure: Failure,
    words: &[OsString],
    is_json: bool,
    color: ColorChoice,
) {
    let failure = failure.map_texts(|text| without_users(words, text));
    let _ = std::io::stderr().write_all(failure_text::<P>(&failure, is_json, color).as_bytes());
}

/// Adds the command that shows whether a write was carried out to the hint of a failure.
fn hinted<P: Provider>(failure: Failure) -> Failure {
    failure.with_lookup_of(P::LOOKUPS).with_program(P::NAME)
}

/// Returns the text that is printed for a failure, with the end of the line.
fn failure_text<P: Provider>(failure: &Failure, is_json: bool, color: ColorChoice) -> String {
    let mut text = match is_json {
        true => failure.json().to_string(),
        // Errors of a client already begin with the name of the provider.
        false if failure.is_of_client() => failure.to_string(),
        false => format!("{}: {failure}", P::NAME),
    };
    if !is_json && terminal::is_colored(color, &std::io::stderr()) {
        text = terminal::failure(&text);
    }
    text.push('\n');
    text
}

/// Runs a program: parses the command line, runs the command, and prints the failure if there is
/// one. Returns the exit status of the program.
pub fn main<P: Provider, C: CommandLine<P>>() -> ExitCode {
    let mut words = joined(std::env::args_os());
    if words.get(1).is_some_and(|word| word == "help") {
        words.retain(|word| word != "--help" && word != "-h");
    }
    let page = match words.get(1..) {
        Some([help, page]) if help == "help" && page == "exit-status" => {
            Some(format!("{EXIT_STATUSES}\n"))
        }
        Some([help, page]) if help == "help" && page == "commands" => {
            Some(tree::commands(command_of::<P, C>()))
        }
        _ => None,
    };
    let color = early(&words, None, "--color");
    let color = color.and_then(|color| ColorChoice::from_str(color, true).ok()).unwrap_or_default();
    let format = early(&words, Some("-o"), "--output");
    let is_json = matches!(format, Some("json" | "jsonl"));
    // A page that cannot be written is a failure, unless its reader has closed the output.
    let printed = |written: std::io::Result<()>| match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            print_failure::<P>(Failure::output(&error), &words, is_json, color);
            Exit::Local.into()
        }
        _ => ExitCode::SUCCESS,
    };
    if let Some(page) = page {
        let mut stdout = std::io::stdout().lock();
        return printed(stdout.write_all(page.as_bytes()).and_then(|()| stdout.flush()));
    }
    let parsed = parsing::parse_named::<P, C>(&words);
    // Help and errors also name other commands, so they are created from the whole tree.
    let parsed = parsed.or_else(|_| parsing::parse::<C>(command_of::<P, C>().color(color), &words));
    let (empty, (mut global, command)) = match parsed {
        Ok((arguments, empty)) => (empty, arguments.split()),
        Err(mut error) if error.use_stderr() => {
            tree::name_suggestions(&mut error, &command_of::<P, C>());
            let text = error.render();
            if !is_json {
                let text = match terminal::is_colored(color, &std::io::stderr()) {
                    true => text.ansi().to_string(),
                    false => text.to_string(),
                };
                let text = match error.kind() {
                    ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => text,
                    // As in the messages of all other failures.
                    _ => text.replacen("error:", &format!("{}:", P::NAME), 1),
                };
                let _ = write!(std::io::stderr(), "{}", without_users(&words, &text));
                return Exit::Usage.into();
            }
            let text = text.to_string();
            let message = text.trim().trim_start_matches("error: ");
            print_failure::<P>(Failure::new(Exit::Usage, message), &words, true, color);
            return Exit::Usage.into();
        }
        Err(error) => {
            return printed(error.print().and_then(|()| std::io::stdout().flush()));
        }
    };
    let repeated = join_repeated(&words, &mut global).err();
    let is_blank = global.fields.iter().any(|field| field.trim().is_empty());
    let empty = empty.or_else(|| is_blank.then(|| "--fields".to_owned()));
    logger::init(global.verbose);
    if !global.quiet {
        files::show_waiting();
    }
    let repeated = repeated.map(|option| format!("{option}: is given twice"));
    let claimed = match empty.map(|name| format!("{name}: must not be empty")).or(repeated) {
        Some(problem) => Err(Failure::new(Exit::Usage, problem)),
        None => args::claim_written(&mut global),
    };
    let claimed = claimed.and_then(|()| Profiles::check_unwritten(P::NAME));
    let claimed = claimed.and_then(|()| match &global.env_file {
        Some(file) if file == Path::new("-") => args::claim_stdin(args::ENV_FILE),
        _ => Ok(()),
    });
    if let Err(failure) = claimed {
        let exit = failure.exit();
        print_failure::<P>(failure, &words, is_json, color);
        return exit.into();
    }
    let is_json = global.format.is_json();
    termination::set_report(Box::new(move |endpoint, signal| {
        let failure = Failure::interrupted(P::NAME, endpoint, signal);
        failure_text::<P>(&hinted::<P>(failure), is_json, color)
    }));
    let context = Context::<P>::new(global);
    let named =
        |failure, is_typed| tree::name_argument(command_of::<P, C>, &words, failure, is_typed);
    let result = command.run(&context);
    let result = result.map_err(|failure| named(context.name_setting(named(failure, true)), false));
    termination::done(result.is_err());
    let exit = result.unwrap_or_else(|failure| {
        let failure = hinted::<P>(failure);
        let exit = failure.exit();
        logger::print_exchanges();
        print_failure::<P>(failure, &words, is_json, color);
        exit
    });
    termination::shown();
    // Closing a session may take long, and a signal then ends the program.
    drop(context);
    exit.into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn users_of_urls_are_masked_in_messages() {
        for (word, text, expected) in [
            ("ftp://ann:x@h/a@b", "'ftp://ann:x@h/a@b'", "'ftp://***@h/a@b'"),
            ("--to=http://ann:x@y@h", "http://ann:x@y@h is", "http://***@h is"),
            ("http://ann:x/@h:y/", "http://ann:x/@h:y/", "http://***@h:y/"),
            ("http://ann:x y@h", "http://ann:x y@h", "http://***@h"),
            ("http://ann:\"@h", r#""http://ann:\"@h""#, r#""http://***@h""#),
            ("http://h:80/@ann/?a=b@c", "http://h:80/@ann/?a=b@c", "http://h:80/@ann/?a=b@c"),
        ] {
            assert_eq!(super::without_users(&[word.into()], text), expected, "{word}");
        }
    }

    use super::*;

    #[test]
    fn negative_numbers_are_joined_to_their_option() {
        for (words, expected) in [
            ("x --timeout -5s a", "x --timeout=-5s a"),
            ("x a -5 --n -.5", "x a -5 --n=-.5"),
            ("x --n=1 -5 -f -5 -- --n -5", "x --n=1 -5 -f -5 -- --n -5"),
        ] {
            let words = joined(words.split(' ').map(OsString::from));
            let words: Vec<_> = words.iter().map(|word| word.to_str().unwrap()).collect();
            assert_eq!(words.join(" "), expected);
        }
    }

    #[test]
    fn options_of_all_commands_are_given_once() {
        for (words, expected) in [
            ("x --profile a list --profile=b", Some("--profile")),
            ("x -ojson list --output csv", Some("--output")),
            ("x -qo json list -o csv", Some("--output")),
            ("x -io json list -ocsv", Some("--output")),
            ("x -f o=1 list -fo=2 -o csv", None),
            ("x -o json --out f list -v -v", None),
            ("x --fields a list --fields b -- --out f --out f", None),
        ] {
            let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
            let (_, found) = joined_global(&words);
            assert_eq!(found.as_deref(), expected, "{words:?}");
        }
    }

    fn joined_global(words: &[OsString]) -> (Global, Option<String>) {
        use clap::FromArgMatches;

        let matches = Global::augment_args(clap::Command::new("x")).get_matches_from(["x"]);
        let mut global = Global::from_arg_matches(&matches).unwrap();
        let found = join_repeated(words, &mut global).err();
        (global, found)
    }

    #[test]
    fn lists_and_counts_are_joined() {
        let words = "x -v --fields id,a list --verbose -qv --fields=name -- -v";
        let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
        let (global, found) = joined_global(&words);
        assert_eq!((global.verbose, found), (3, None));
        assert_eq!(global.fields, ["id", "a", "name"]);
    }

    #[test]
    fn early_options_are_found() {
        let of = |words: &str| {
            let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
            early(&words, Some("-o"), "--output").map(str::to_owned)
        };
        for words in ["x a -o json", "x -ojson a", "x --output=json", "x -o csv --output json"] {
            assert_eq!(of(words).as_deref(), Some("json"), "{words}");
        }
        for words in ["x", "x a -- -o json", "x --outputs json", "-o"] {
            assert_eq!(of(words), None, "{words}");
        }
    }
}
