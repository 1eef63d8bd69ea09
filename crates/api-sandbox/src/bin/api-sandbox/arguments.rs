//! Parses the command-line arguments of `api-sandbox`.

use std::ffi::{OsStr, OsString};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use api_sandbox::{Misbehaviour, SandboxClock};
use lexopt::prelude::*;

#[cfg(unix)]
use crate::cleanup;
use crate::environment::Format;

pub(crate) const VERSION: &str = concat!("api-sandbox ", env!("CARGO_PKG_VERSION"), "\n");

const HELP: &str = "\
Test servers for TinyPass, TinyCert, Tokenpass and Tpay on this machine.

Usage:
  api-sandbox [OPTIONS] [PROVIDER...]                    until it is stopped (Ctrl-C)
  api-sandbox run [OPTIONS] [PROVIDER...] -- COMMAND...  while COMMAND runs

The first form prints the environment variables that connect clients to the servers. The second
form sets them for COMMAND, unsets all other variables of the clients, and exits with the status of
COMMAND. SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGALRM, SIGUSR1 and SIGUSR2 are passed on to COMMAND and
the processes of its group. Those that have not ended after 10 s or a second signal are killed. If
standard input is a terminal, only COMMAND gets these signals, and SIGINT and SIGQUIT come from the
terminal. Otherwise, COMMAND cannot read from the terminal. After SIGKILL, COMMAND gets SIGTERM.
PROVIDER is tinypass, tinycert, tokenpass or tpay; it limits the variables and the log.

Options:
  --port PORT        Listen on PORT (TinyPass), PORT+1 (TinyCert), PORT+2 (Tokenpass) and PORT+3
                     (Tpay); 0 selects free ports [default: 8080; with run: 0]
  --env FORMAT       Print the variables for bash (and all POSIX shells), fish or powershell, or as
                     dotenv or json [default: fish if the variable SHELL names fish, otherwise bash]
  --env-file FILE    Write the variables to FILE, as NAME=value lines, instead of printing them. Only
                     its owner can read it
  --clock TIME       Start the clock of the servers at TIME: Unix seconds, or a time in UTC such as
                     2026-11-29T12:00:00Z, from 1970-01-01T00:00:00Z to 9989-12-31T23:59:59Z, where
                     the clock stops
  --misbehave KIND[:N][@PATH]
                     Make the next N requests to each server fail [default: 1], or only those whose
                     path begins with PATH. Can be repeated. The kinds are listed below
  --seed FILE        Add the records of a JSON file: an object with an object of lists for each
                     provider, such as {\"tinycert\":{\"certificates\":[...]}}. The lists are
                     tinypass accesses (rid, user_ref, email, cents, expires), tinycert certificates
                     (ca, common_name, dns_names, expires), tokenpass balances (address, asset,
                     satoshis) and tpay transactions (the body of a new transaction, and paid: true).
                     Times are in Unix seconds. Unknown or repeated members are an error. FILE can be
                     a pipe, such as <(COMMAND), or /dev/stdin
  --bind ADDRESS     Listen on this IP address [default: 127.0.0.1]. Anyone who can reach this
                     address can use the servers, but the console is available only at the loopback
                     address that is printed. Clients accept plain HTTP on loopback only
  --tls              Use HTTPS, with certificates from a new CA. The variables SSL_CERT_FILE and
                     PROVIDER_CA_CERTIFICATE name the file with the root certificate of the CA
  --log FORMAT       Log requests to standard error as text or json, or turn the log off
                     [default: text]
  -h, --help         Print this text
  -V, --version      Print the version

A line of the log contains the provider, method, path and endpoint of a request, whether the
credentials are valid, the status, and the reason for a rejection. The log contains no queries,
headers or bodies, and no path segments that may be ids or tokens.

Kinds of --misbehave:
{KINDS}
Exit status: 2 for invalid arguments, 10 for a failure on this machine, such as a port in use.

Example:
  api-sandbox run tpay -- cargo test
";

/// Returns the help text of the program, with a list of the failures that `--misbehave` accepts.
pub(crate) fn help() -> String {
    let kinds = Misbehaviour::NAMED.into_iter();
    let kinds: String = kinds.map(|(name, label, _)| format!("  {name:<21}{label}\n")).collect();
    HELP.replace("{KINDS}", &kinds)
}

/// The names of the providers, as on the command line, in the order of their servers' ports.
pub(crate) const PROVIDERS: [&str; 4] = ["tinypass", "tinycert", "tokenpass", "tpay"];

/// The value of `--log`: the format of the log, or `Off` for no log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Log {
    Off,
    Text,
    Json,
}

#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) providers: Vec<&'static str>,
    pub(crate) port: u16,
    pub(crate) format: Format,
    pub(crate) env_file: Option<PathBuf>,
    pub(crate) clock: Option<SandboxClock>,
    pub(crate) misbehaviours: Vec<(Misbehaviour, usize, String)>,
    pub(crate) log: Log,
    pub(crate) seed: Option<PathBuf>,
    pub(crate) bind: IpAddr,
    pub(crate) tls: bool,
    /// The command after `--` and its arguments. `None` unless the first argument is `run`.
    pub(crate) command: Option<Vec<OsString>>,
}

#[derive(Debug)]
pub(crate) enum Parsed {
    Help,
    Version,
    /// The program runs as the second process of the module [`cleanup`](crate::cleanup), which
    /// removes the file with this path, if any. Users do not start the program in this way.
    #[cfg(unix)]
    CleanUp(Option<PathBuf>),
    Run(Arguments),
}

/// Parses the arguments. `shell` is the value of the variable `SHELL`, which determines the default
/// of `--env`.
pub(crate) fn parse(mut parser: lexopt::Parser, shell: Option<&OsStr>) -> Result<Parsed, String> {
    let mut arguments = Arguments {
        providers: Vec::new(),
        port: 0,
        format: Format::Bash,
        env_file: None,
        clock: None,
        misbehaviours: Vec::new(),
        log: Log::Text,
        seed: None,
        bind: Ipv4Addr::LOCALHOST.into(),
        tls: false,
        command: None,
    };
    let (mut port, mut format, mut is_run, mut is_first) = (None, None, false, true);
    let mut given: Vec<String> = Vec::new();
    loop {
        // Everything after `--` is the command.
        if let Some(mut raw) = parser.try_raw_args()
            && raw.peek().is_some_and(|next| next == "--")
        {
            raw.next();
            arguments.command = Some(raw.collect());
            break;
        }
        let Some(argument) = parser.next().map_err(|error| error.to_string())? else { break };
        if let Long(name) = argument
            && name != "misbehave"
        {
            if given.iter().any(|given| given == name) {
                return Err(format!("--{name}: is given twice"));
            }
            given.push(name.to_owned());
        }
        match argument {
            Short('h') => return Ok(Parsed::Help),
            Short('V') => return Ok(Parsed::Version),
            Long("help") => return without_value(&mut parser, "--help", Parsed::Help),
            Long("version") => return without_value(&mut parser, "--version", Parsed::Version),
            #[cfg(unix)]
            Long(cleanup::OPTION) if is_first => {
                let mut rest = parser.raw_args().map_err(|error| error.to_string())?;
                return Ok(Parsed::CleanUp(rest.next().map(PathBuf::from)));
            }
            Long("port") => port = Some(value(&mut parser, "--port", parse_port)?),
            Long("env") => format = Some(value(&mut parser, "--env", Format::parse)?),
            Long("env-file") => {
                let hint = "; without the option, the variables are printed";
                arguments.env_file = Some(path(&mut parser, "--env-file", hint)?);
            }
            Long("clock") => {
                let clock = |text: &str| text.parse().map_err(|error| format!("{error}"));
                arguments.clock = Some(value(&mut parser, "--clock", clock)?);
            }
            Long("misbehave") => {
                arguments.misbehaviours.push(value(&mut parser, "--misbehave", misbehaviour)?);
            }
            Long("seed") => {
                arguments.seed = Some(path(&mut parser, "--seed", "")?);
            }
            Long("bind") => {
                arguments.bind = value(&mut parser, "--bind", parse_address)?;
            }
            Long("tls") => arguments.tls = true,
            Long("log") => arguments.log = value(&mut parser, "--log", parse_log)?,
            Value(word) if is_first && word == "run" => is_run = true,
            Value(word) if word == "run" && !is_run => {
                let problem = "`run` must be the first argument; write the options after it";
                return Err(format!(
                    "{problem}: api-sandbox run [OPTIONS] [PROVIDER...] -- COMMAND"
                ));
            }
            Value(word) => {
                let provider = PROVIDERS.iter().find(|name| word == **name).ok_or_else(|| {
                    format!(
                        "{word:?} is not a provider; choose tinypass, tinycert, tokenpass or tpay"
                    )
                })?;
                if arguments.providers.contains(provider) {
                    return Err(format!("{provider}: is given twice"));
                }
                arguments.providers.push(provider);
            }
            other => return Err(other.unexpected().to_string()),
        }
        is_first = false;
    }
    match &arguments.command {
        Some(_) if !is_run => return Err("`-- COMMAND` is only allowed after `run`".to_owned()),
        // An empty name is probably that of an unset variable.
        Some(command) if command.first().is_none_or(|program| program.is_empty()) => {
            return Err("-- must be followed by a command".to_owned());
        }
        None if is_run => return Err("`run` must be followed by `-- COMMAND`".to_owned()),
        _ => {}
    }
    if format.is_some() && (is_run || arguments.env_file.is_some()) {
        return Err("--env cannot be combined with `run` or --env-file".to_owned());
    }
    arguments.format = format.unwrap_or_else(|| Format::of_shell(shell));
    arguments.port = port.unwrap_or(if is_run { 0 } else { 8080 });
    if arguments.providers.is_empty() {
        arguments.providers = PROVIDERS.to_vec();
    }
    Ok(Parsed::Run(arguments))
}

/// Reads and parses the value of an option. An error names the option.
fn value<T>(
    parser: &mut lexopt::Parser,
    option: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, String> {
    let value = parser.value().map_err(|error| error.to_string())?;
    let text = value.to_str().ok_or_else(|| format!("{option}: {value:?} is not UTF-8"))?;
    parse(text).map_err(|why| format!("{option}: {text:?} {why}"))
}

/// Returns `parsed`, or an error if the option has a value.
fn without_value(
    parser: &mut lexopt::Parser,
    option: &str,
    parsed: Parsed,
) -> Result<Parsed, String> {
    match parser.optional_value() {
        Some(value) => Err(format!("{option}: has no value, but {value:?} was given")),
        None => Ok(parsed),
    }
}

/// Reads the path of a file, which is the value of an option. `hint` ends the error for a value
/// that is no path.
fn path(parser: &mut lexopt::Parser, option: &str, hint: &str) -> Result<PathBuf, String> {
    let file = parser.value().map_err(|error| error.to_string())?;
    // A blank value is probably an unset variable.
    if file.to_string_lossy().trim().is_empty() {
        return Err(format!("{option}: must not be empty"));
    }
    if file == "-" {
        return Err(format!("{option} -: must be the path of a file{hint}"));
    }
    Ok(file.into())
}

/// Parses a decimal number without a sign or leading zeros.
fn parse_number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

fn parse_port(text: &str) -> Result<u16, String> {
    let port = parse_number(text).and_then(|port| u16::try_from(port).ok());
    port.filter(|port| *port <= 65_532).ok_or("is not a port up to 65532".to_owned())
}

fn parse_address(text: &str) -> Result<IpAddr, String> {
    let address: Option<IpAddr> = text.parse().ok();
    let is_group =
        |address: &IpAddr| address.is_multicast() || *address == IpAddr::from(Ipv4Addr::BROADCAST);
    match address {
        None => Err("is not an IP address".to_owned()),
        Some(address) if is_group(&address) => {
            Err("is not an IP address of one machine".to_owned())
        }
        Some(address) => Ok(address),
    }
}

fn parse_log(text: &str) -> Result<Log, String> {
    match text {
        "text" => Ok(Log::Text),
        "json" => Ok(Log::Json),
        "off" => Ok(Log::Off),
        _ => Err("is not one of text, json, off".to_owned()),
    }
}

fn misbehaviour(text: &str) -> Result<(Misbehaviour, usize, String), String> {
    // A failure whose path no request can have would never occur.
    let is_path = |path: &str| {
        path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?')
    };
    let (text, path) = match text.split_once('@') {
        Some((_, path)) if !path.starts_with('/') => {
            return Err("has no path that begins with / after the @".to_owned());
        }
        Some((_, path)) if !is_path(path) || path.contains('#') => {
            return Err(
                "has a path with a query or with characters that are not allowed".to_owned()
            );
        }
        Some((_, path)) if path == "/_sandbox" || path.starts_with("/_sandbox/") => {
            return Err("has the path of the console, whose requests never fail".to_owned());
        }
        Some((text, path)) => (text, path),
        None => (text, ""),
    };
    let (kind, times) = match text.split_once(':') {
        Some((kind, times)) => (kind, parse_number(times)),
        None => (text, Some(1)),
    };
    let how = Misbehaviour::named(kind).ok_or_else(|| {
        let names = Misbehaviour::NAMED.map(|(name, ..)| name);
        format!("is not a kind of failure; the kinds are {}", names.join(", "))
    })?;
    let times = times.filter(|times| *times > 0).and_then(|times| usize::try_from(times).ok());
    let times = times.ok_or("must have a number of requests, from 1, after the colon")?;
    if !path.is_empty() && matches!(how, Misbehaviour::ResetBeforeReading) {
        return Err("has a path, which is not known before the request is read".to_owned());
    }
    Ok((how, times, path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Arguments, String> {
        match parse(lexopt::Parser::from_args(words), None)? {
            Parsed::Run(arguments) => Ok(arguments),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn arguments_are_read() {
        let plain = parsed(&[]).unwrap();
        assert_eq!((plain.port, plain.providers), (8080, PROVIDERS.to_vec()));
        assert_eq!((plain.format, plain.log), (Format::Bash, Log::Text));
        let full = parsed(&[
            "tpay",
            "--port=4000",
            "--env",
            "fish",
            "--clock",
            "2026-11-29T12:00:00Z",
            "--misbehave",
            "bad-gateway:3",
            "--misbehave=cut-body",
            "--misbehave=reset-after-reading@/transactions",
            "--misbehave=delay:2@/r2/access",
            "--log",
            "json",
            "--bind=::1",
            "--tls",
            "--seed",
            "records.json",
            "tinycert",
        ])
        .unwrap();
        assert_eq!((full.port, full.providers), (4000, vec!["tpay", "tinycert"]));
        assert_eq!((full.format, full.log), (Format::Fish, Log::Json));
        let misbehaviours =
            full.misbehaviours.iter().map(|(_, times, path)| (*times, path.as_str()));
        let misbehaviours: Vec<_> = misbehaviours.collect();
        assert_eq!(misbehaviours, [(3, ""), (1, ""), (1, "/transactions"), (2, "/r2/access")]);
        assert!(full.clock.is_some() && full.command.is_none());
        assert_eq!((full.bind.to_string(), full.tls), ("::1".to_owned(), true));
        assert_eq!(full.seed, Some(PathBuf::from("records.json")));
        assert_eq!(parsed(&["--log", "text"]).unwrap().log, Log::Text);
        let fish = Some(OsStr::new("/usr/bin/fish"));
        for (words, expected) in [(&[][..], Format::Fish), (&["--env", "bash"], Format::Bash)] {
            let parsed = parse(lexopt::Parser::from_args(words), fish);
            let Ok(Parsed::Run(arguments)) = parsed else { panic!("{parsed:?}") };
            assert_eq!(arguments.format, expected);
        }
        let run = parsed(&["run", "tpay", "--log", "off", "--", "env", "--help", "--"]).unwrap();
        let command: Vec<OsString> = ["env", "--help", "--"].map(OsString::from).to_vec();
        assert_eq!((run.port, run.command), (0, Some(command)));
        assert_eq!(parsed(&["--env-file", "x", "--port", "0"]).unwrap().port, 0);
    }

    #[test]
    fn help_and_version_come_before_errors_of_later_arguments() {
        for words in [["--help", "--prot"], ["-h", "run"]] {
            assert!(matches!(parse(lexopt::Parser::from_args(words), None), Ok(Parsed::Help)));
        }
        assert!(matches!(parse(lexopt::Parser::from_args(["-V"]), None), Ok(Parsed::Version)));
    }

    #[test]
    fn invalid_arguments_are_named() {
        for (words, named) in [
            (&["--prot", "1"][..], "'--prot'"),
            (&["--port", "65533"], "--port: \"65533\" is not a port up to 65532"),
            (&["--port", "x"], "--port: \"x\""),
            (&["--port"], "--port"),
            (&["--port="], "--port: \"\" is not a port"),
            (&["--port", "+80"], "--port: \"+80\" is not a port"),
            (&["--port", "080"], "--port: \"080\" is not a port"),
            (&["--port", "65536"], "--port: \"65536\" is not a port"),
            (&["--help=x"], "--help: has no value, but \"x\" was given"),
            (&["--version=1"], "--version: has no value, but \"1\" was given"),
            (&["--tls=yes"], "'--tls'"),
            (&["tpay", "--clean-up", "x"], "'--clean-up'"),
            (&[""], "\"\" is not a provider"),
            (
                &["paypal"],
                "\"paypal\" is not a provider; choose tinypass, tinycert, tokenpass or tpay",
            ),
            (
                &["tpay", "run"],
                "`run` must be the first argument; write the options after it: api-",
            ),
            (
                &["--misbehave", "bad-gateway", "run", "tpay", "--", "true"],
                "`run` must be the first argument; write the options after it: api-sandbox run",
            ),
            (&["run", "run", "--", "true"], "\"run\" is not a provider"),
            (
                &["--env", "cmd"],
                "--env: \"cmd\" is not one of bash, fish, powershell, dotenv, json",
            ),
            (&["--env", "json", "--env-file", "x"], "--env cannot be combined with"),
            (&["run", "--env", "json", "--", "true"], "--env cannot be combined with"),
            (
                &["--clock", "noon"],
                "--clock: \"noon\" is not a time from 1970-01-01T00:00:00Z to 9989-12-31T23:59:59Z; \
                 use Unix seconds",
            ),
            (&["--clock", "9990-01-01T00:00:00Z"], "to 9989-12-31T23:59:59Z; use Unix seconds"),
            (&["--clock", "1969-12-31T23:59:59Z"], "is not a time from 1970-01-01T00:00:00Z to"),
            (&["--clock=-1"], "is not a time from 1970-01-01T00:00:00Z to"),
            (&["--misbehave", "delays"], "--misbehave: \"delays\" is not a kind of failure"),
            (&["--misbehave", "delay:0"], "--misbehave: \"delay:0\""),
            (&["--misbehave", "delay:x"], "--misbehave: \"delay:x\""),
            (&["--misbehave", "delay:+3"], "--misbehave: \"delay:+3\" must have a number"),
            (
                &["--misbehave", "delay:18446744073709551616"],
                "--misbehave: \"delay:18446744073709551616\" must have a number",
            ),
            (
                &["--misbehave="],
                "--misbehave: \"\" is not a kind of failure; the kinds are bad-gateway,",
            ),
            (&["--misbehave", "delay@/x?y"], "--misbehave: \"delay@/x?y\" has a path with a query"),
            (&["--misbehave", "delay@/x#y"], "--misbehave: \"delay@/x#y\" has a path with a query"),
            (&["--misbehave", "delay@/x y"], "--misbehave: \"delay@/x y\" has a path with a query"),
            (&["--misbehave", "delay@/ó"], "--misbehave: \"delay@/ó\" has a path with a query"),
            (
                &["--misbehave", "delay@/_sandbox"],
                "--misbehave: \"delay@/_sandbox\" has the path of the console",
            ),
            (&["--misbehave", "delay@x"], "--misbehave: \"delay@x\" has no path"),
            (&["--misbehave", "delay:@/x"], "--misbehave: \"delay:@/x\" must have a number"),
            (
                &["--misbehave", "reset-before-reading@/x"],
                "--misbehave: \"reset-before-reading@/x\" has a path, which is not known",
            ),
            (&["--env-file", "-"], "--env-file -: must be the path of a file"),
            (&["--bind", "localhost"], "--bind: \"localhost\" is not an IP address"),
            (&["--bind="], "--bind: \"\" is not an IP address"),
            (&["--bind", "224.0.0.1"], "--bind: \"224.0.0.1\" is not an IP address of one machine"),
            (&["--bind", "255.255.255.255"], "is not an IP address of one machine"),
            (&["--bind", "ff02::1"], "--bind: \"ff02::1\" is not an IP address of one machine"),
            (&["--seed"], "--seed"),
            (&["--seed="], "--seed: must not be empty"),
            (&["--seed", "-"], "--seed -: must be the path of a file"),
            (&["--env-file="], "--env-file: must not be empty"),
            (&["--port", "1", "--port", "2"], "--port: is given twice"),
            (&["--tls", "--tls"], "--tls: is given twice"),
            (&["run", "--log=off", "--log", "off", "--", "true"], "--log: is given twice"),
            (&["tpay", "tinycert", "tpay"], "tpay: is given twice"),
            (&["--log", "xml"], "--log: \"xml\" is not one of text, json, off"),
            (&["run"], "`run` must be followed by `-- COMMAND`"),
            (&["run", "--"], "-- must be followed by a command"),
            (&["run", "--", "", "x"], "-- must be followed by a command"),
            (&["--", "true"], "`-- COMMAND` is only allowed after `run`"),
        ] {
            let why = parsed(words).unwrap_err();
            assert!(why.contains(named), "{words:?}: {why}");
        }
    }
}
