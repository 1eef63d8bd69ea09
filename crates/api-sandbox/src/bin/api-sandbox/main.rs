//! `api-sandbox`: the test servers as a program.

mod arguments;
mod environment;

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, ExitCode};

use api_sandbox::{LogEntry, Sandbox};

use arguments::{Arguments, HELP, Log, Parsed, VERSION};
use environment::Format;

/// The exit status of wrong arguments.
const USAGE: u8 = 2;
/// The exit status of a failure on this machine: a port in use, a file, a missing program.
const LOCAL: u8 = 10;

fn main() -> ExitCode {
    match arguments::parse(lexopt::Parser::from_env()) {
        Ok(Parsed::Help) => print(HELP),
        Ok(Parsed::Version) => print(VERSION),
        Ok(Parsed::Run(arguments)) => serve(&arguments).unwrap_or_else(|why| fail(LOCAL, &why)),
        Err(why) => fail(USAGE, &format!("{why}; see api-sandbox --help")),
    }
}

/// Starts the servers, and runs until the program is stopped or the command has ended.
fn serve(arguments: &Arguments) -> Result<ExitCode, String> {
    let clock = arguments.clock.clone().unwrap_or_default();
    let sandbox = Sandbox::start_with_clock(arguments.port, clock)
        .map_err(|error| format!("{error}; --port 0 takes free ports"))?;
    for (how, times) in &arguments.misbehaviours {
        sandbox.misbehave(how, *times);
    }
    log(&sandbox, arguments);
    let variables: Vec<_> = sandbox
        .environment()
        .into_iter()
        .filter(|(name, _)| arguments.providers.iter().any(|of| environment::is_of(of, name)))
        .collect();
    if let Some(file) = &arguments.env_file {
        write_file(file, &environment::text(Format::Dotenv, &variables))?;
    }
    if let Some([program, rest @ ..]) = arguments.command.as_deref() {
        return run(program, rest, &variables);
    }
    if arguments.env_file.is_none() {
        let text = environment::text(arguments.format, &variables);
        let mut stdout = io::stdout();
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
            .map_err(|error| format!("standard output: {error}"))?;
    }
    for (provider, base_url) in sandbox.base_urls() {
        if arguments.providers.contains(&provider) {
            message(format_args!(
                "{provider:<9}  requests, state and buttons: {base_url}/_sandbox\n"
            ));
        }
    }
    message(format_args!("The servers run until this program is stopped (Ctrl-C).\n"));
    loop {
        std::thread::park();
    }
}

fn log(sandbox: &Sandbox, arguments: &Arguments) {
    let providers = arguments.providers.clone();
    let write: fn(&str, LogEntry<'_>) = match arguments.log {
        Log::Off => return,
        Log::Text => |provider, entry| message(format_args!("{provider:<9}  {entry}\n")),
        // The provider's name needs no escapes.
        Log::Json => |provider, entry| {
            let json = entry.json();
            let members = json.strip_prefix('{').unwrap_or_default();
            message(format_args!("{{\"provider\":\"{provider}\",{members}\n"));
        },
    };
    sandbox.log_to(move |provider, entry| {
        if providers.contains(&provider) {
            write(provider, entry);
        }
    });
}

/// Runs the command with the variables. Returns its exit status.
fn run(
    program: &OsString,
    rest: &[OsString],
    variables: &[(&str, String)],
) -> Result<ExitCode, String> {
    let mut command = Command::new(program);
    command.args(rest);
    for name in environment::client_variables() {
        command.env_remove(name);
    }
    let values = variables.iter().map(|(name, value)| (name, value));
    let status = command.envs(values).status();
    let status = status.map_err(|error| format!("{}: {error}", program.display()))?;
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        // As shells report it.
        return Ok(ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX)));
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(u8::MAX)))
}

fn write_file(file: &Path, text: &str) -> Result<(), String> {
    std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}

fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        // A closed pipe, as in `api-sandbox --help | head -1`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(LOCAL, &format!("standard output: {error}")),
    }
}

fn fail(status: u8, why: &str) -> ExitCode {
    message(format_args!("api-sandbox: {why}\n"));
    ExitCode::from(status)
}

/// Writes to standard error. Errors are ignored.
fn message(text: fmt::Arguments<'_>) {
    let _ = io::stderr().write_fmt(text);
}
