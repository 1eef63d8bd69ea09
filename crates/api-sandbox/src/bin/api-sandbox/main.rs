//! The program `api-sandbox`, which runs the test servers.

mod arguments;
mod cleanup;
mod ending;
mod environment;
mod files;
mod messages;
mod seed;
// The servers use it, too; it is not part of the public API.
#[path = "../../strict_json.rs"]
mod strict_json;

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, ExitCode};

use api_sandbox::{LogEntry, Sandbox, Tls};

use arguments::{Arguments, Log, Parsed, VERSION, help};
use cleanup::CleanUp;
use ending::{End, Signals};
use environment::Format;
use messages::message;

/// The exit status for invalid arguments.
const USAGE: u8 = 2;
/// The exit status for a failure on this machine, such as a port in use, an unreadable file or a
/// missing program.
const LOCAL: u8 = 10;

fn main() -> ExitCode {
    #[cfg(unix)]
    ending::handle_file_limit();
    match arguments::parse(lexopt::Parser::from_env(), environment::shell().as_deref()) {
        Ok(Parsed::Help) => print(&help()),
        Ok(Parsed::Version) => print(VERSION),
        #[cfg(unix)]
        Ok(Parsed::CleanUp(file)) => cleanup::run(file),
        Ok(Parsed::Run(Arguments { seed: Some(seed), env_file: Some(file), .. }))
            if files::is_same(&seed, &file) =>
        {
            let file = file.display();
            let why = format!("--env-file: must not be the same file as --seed ({file})");
            fail(USAGE, &why)
        }
        Ok(Parsed::Run(arguments)) => match start(&arguments) {
            Ok((sandbox, signals)) => {
                let end = serve(&arguments, &sandbox, &signals)
                    .unwrap_or_else(|why| End::Status(fail(LOCAL, &why)));
                drop(sandbox);
                signals.flush(end).exit()
            }
            Err(why) => fail(LOCAL, &why),
        },
        Err(why) => fail(USAGE, &format!("{why}; see api-sandbox --help")),
    }
}

/// Returns whether the clients connect to listeners of their own.
fn is_elsewhere(arguments: &Arguments) -> bool {
    arguments.tls || arguments.bind != IpAddr::from(Ipv4Addr::LOCALHOST)
}

/// Starts the servers, and then the handling of signals.
fn start(arguments: &Arguments) -> Result<(Sandbox, Signals), String> {
    let clock = arguments.clock.clone().unwrap_or_default();
    let port = if is_elsewhere(arguments) { 0 } else { arguments.port };
    let sandbox = Sandbox::start_with_clock(port, clock)
        .map_err(|error| format!("{error}; --port 0 selects free ports"))?;
    if let Some(file) = &arguments.seed {
        seed::add(&sandbox, file)?;
    }
    sandbox.take_seen();
    sandbox.limit_record();
    // From here on, there is a file to remove or a command to end.
    let signals = Signals::handle().map_err(|error| format!("signals: {error}"))?;
    messages::start().map_err(|error| format!("standard error: {error}"))?;
    Ok((sandbox, signals))
}

/// Runs until the program is stopped or, with `api-sandbox run`, the command has ended.
fn serve(arguments: &Arguments, sandbox: &Sandbox, signals: &Signals) -> Result<End, String> {
    let is_elsewhere = is_elsewhere(arguments);
    let tls = arguments.tls.then(|| Tls::new(arguments.bind)).transpose();
    let tls = tls.map_err(|error| format!("--tls: {error}"))?;
    let urls = if is_elsewhere { listen(sandbox, arguments, tls.as_ref())? } else { Vec::new() };
    let certificate = tls.map(|tls| certificate(&std::env::temp_dir(), &tls)).transpose()?;
    let mut clean_up = match certificate.is_some() || arguments.command.is_some() {
        // The program works without it.
        true => CleanUp::start(certificate.as_ref().map(|(file, _)| file.path.as_path())).ok(),
        false => None,
    };
    for (how, times, path) in &arguments.misbehaviours {
        sandbox.misbehave_at(path, how, *times);
    }
    log(sandbox, arguments);
    let url = |value: String| {
        let other = urls.iter().find(|(plain, _)| *plain == value);
        other.map_or(value, |(_, other)| other.clone())
    };
    let mut variables: Vec<_> = sandbox
        .environment()
        .into_iter()
        .filter(|(name, _)| arguments.providers.iter().any(|of| environment::is_of(of, name)))
        .map(|(name, value)| (name, url(value)))
        .collect();
    if let Some((_, file)) = &certificate {
        let names = arguments.providers.iter().map(|of| environment::ca_certificate(of));
        variables.extend(names.chain(["SSL_CERT_FILE"]).map(|name| (name, file.clone())));
    }
    if let Some(file) = &arguments.env_file {
        let (path, text) = (file.clone(), environment::text(Format::Dotenv, &variables));
        let failed = |error: io::Error| format!("--env-file {}: {error}", file.display());
        let written = signals.interruptible(move || files::write_private(&path, &text));
        match written.map_err(failed)? {
            Ok(written) => written.map_err(failed)?,
            Err(end) => return Ok(end),
        }
    }
    if let Some([program, rest @ ..]) = arguments.command.as_deref() {
        return run(program, rest, &variables, signals, clean_up.as_mut());
    }
    if arguments.env_file.is_none() {
        let text = environment::text(arguments.format, &variables);
        let failed = |error: io::Error| format!("standard output: {error}");
        let printed = signals.interruptible(move || {
            let mut stdout = io::stdout();
            stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
        });
        match printed.map_err(failed)? {
            Ok(printed) => printed.map_err(failed)?,
            Err(end) => return Ok(end),
        }
    }
    for (provider, base_url) in sandbox.base_urls() {
        if arguments.providers.contains(&provider) {
            message(format_args!(
                "{provider:<9}  requests, state and buttons: {base_url}/_sandbox\n"
            ));
        }
    }
    message(format_args!("The servers run until this program is stopped (Ctrl-C).\n"));
    Ok(signals.wait())
}

/// Writes the root certificate of `--tls` to a temporary file in `folder`. Returns the file and its
/// path.
fn certificate(folder: &Path, tls: &Tls) -> Result<(files::Temporary, String), String> {
    let failed = |why: &dyn fmt::Display| {
        format!("--tls: the folder for temporary files, TMPDIR={}: {why}", folder.display())
    };
    let file = files::certificate(folder, tls.ca_pem()).map_err(|error| failed(&error))?;
    // The value of a variable is UTF-8, and a line of a file with variables.
    let path = file.path.to_str().filter(|path| !path.contains(char::is_control));
    let path = path.ok_or_else(|| failed(&"is not UTF-8 or contains control characters"))?;
    let path = path.to_owned();
    Ok((file, path))
}

/// Starts the listeners for `--bind` and `--tls`. Returns the base URL of each server, paired with
/// that of its listener.
fn listen(
    sandbox: &Sandbox,
    arguments: &Arguments,
    tls: Option<&Tls>,
) -> Result<Vec<(String, String)>, String> {
    let failed = |address: SocketAddr, error: io::Error| {
        let is_taken = error.kind() == io::ErrorKind::AddrInUse && arguments.port != 0;
        let (option, hint) = match is_taken {
            true => (format!("--port {}", arguments.port), "; --port 0 selects free ports"),
            false => (format!("--bind {}", arguments.bind), ""),
        };
        format!("{option}: cannot listen on {address}: {error}{hint}")
    };
    let servers: [&dyn Fn(SocketAddr) -> io::Result<String>; 4] = [
        &|address| sandbox.tinypass().listen(address, tls),
        &|address| sandbox.tinycert().listen(address, tls),
        &|address| sandbox.tokenpass().listen(address, tls),
        &|address| sandbox.tpay().listen(address, tls),
    ];
    let mut urls = Vec::new();
    for (offset, ((provider, plain), server)) in
        (0..).zip(sandbox.base_urls().into_iter().zip(servers))
    {
        let port = arguments.port.checked_add(offset).filter(|_| arguments.port != 0).unwrap_or(0);
        let address = SocketAddr::new(arguments.bind, port);
        let url = server(address).map_err(|error| failed(address, error))?;
        if provider == "tpay" {
            // The URLs of payment pages, which are also in notifications, begin with this base URL.
            sandbox.tpay().state(|tpay| tpay.base_url.clone_from(&url));
        }
        urls.push((plain.to_owned(), url));
    }
    Ok(urls)
}

fn log(sandbox: &Sandbox, arguments: &Arguments) {
    let providers = arguments.providers.clone();
    let write: fn(&str, LogEntry<'_>) = match arguments.log {
        Log::Off => return,
        Log::Text => |provider, entry| message(format_args!("{provider:<9}  {entry}\n")),
        // The names of the providers need no escapes.
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

/// Runs `program` with the arguments `rest` and these environment variables. All other variables of
/// the clients are unset. Returns how this program must end.
fn run(
    program: &OsString,
    rest: &[OsString],
    variables: &[(&str, String)],
    signals: &Signals,
    clean_up: Option<&mut CleanUp>,
) -> Result<End, String> {
    let mut command = Command::new(program);
    command.args(rest);
    for name in environment::client_variables() {
        command.env_remove(name);
    }
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    signals.run(command, clean_up).map_err(|error| format!("{}: {error}", program.display()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payment_pages_are_at_the_listener_of_their_server() {
        let sandbox = Sandbox::start().unwrap();
        let parsed = arguments::parse(lexopt::Parser::from_args(["--port", "0"]), None);
        let Ok(Parsed::Run(arguments)) = parsed else { panic!("{parsed:?}") };
        let urls = listen(&sandbox, &arguments, None).unwrap();
        let plain: Vec<&str> = urls.iter().map(|(plain, _)| plain.as_str()).collect();
        assert_eq!(plain, sandbox.base_urls().map(|(_, url)| url));
        assert_eq!(sandbox.tpay().state(|tpay| tpay.base_url.clone()), urls[3].1);
    }
}
