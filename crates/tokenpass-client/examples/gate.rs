//! Checks whether a user satisfies a rule. The exit status is the result, so that scripts can use
//! it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::process::ExitCode;

use lexopt::prelude::*;
use tokenpass_client::{Balances, Client, ErrorExt, ErrorKind, InputError, Result, Rules};

const HELP: &str = "\
Checks whether a user has the tokens that a rule requires.

usage: gate [options] USERNAME RULE...

  USERNAME            the user (with --address: a Bitcoin address)
  RULE                such as: 'TOKENLY >= 1 and LTBCOIN < 5000 or SOUP'
                      operators: >= > = != < <= (the last two also require more than 0)
  --address           check the balances of an address on the blockchain
  --local             fetch the balances of the logged-in user and evaluate the rule locally (not
                      with --address)
  --without-promises  do not count promises (not with --local)
  --quiet             print nothing

exit status: 0 yes, 1 no, 2 an error

environment: TOKENPASS_CLIENT_ID, TOKENPASS_CLIENT_SECRET, TOKENPASS_OAUTH_TOKEN,
             and optionally TOKENPASS_BASE_URL, TOKENPASS_SCHEME
";

#[derive(Default)]
struct Arguments {
    address: bool,
    local: bool,
    without_promises: bool,
    quiet: bool,
    user: String,
    rule: String,
}

fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    let (mut arguments, mut values) = (Arguments::default(), Vec::new());
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("address") => arguments.address = true,
            Long("local") => arguments.local = true,
            Long("without-promises") => arguments.without_promises = true,
            Short('q') | Long("quiet") => arguments.quiet = true,
            Value(value) => values.push(value.string()?),
            other => return Err(other.unexpected()),
        }
    }
    if arguments.local && arguments.address {
        return Err("--local and --address cannot be combined".into());
    }
    match values.split_first() {
        Some((user, rule)) if !rule.is_empty() => {
            arguments.user.clone_from(user);
            arguments.rule = rule.join(" ");
            Ok(Some(arguments))
        }
        _ => Err("missing argument: USERNAME and RULE are required".into()),
    }
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            output::print(format_args!("{HELP}"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("gate: {error}");
            return ExitCode::from(2);
        }
    };
    match may_pass(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("gate: {error}");
            if error.needs_login() {
                eprintln!("gate: the user must log in again");
            } else if error.kind() == ErrorKind::RateLimited {
                eprintln!("gate: retry after {:?}", error.retry_after().unwrap_or_default());
            }
            ExitCode::from(2)
        }
    }
}

fn may_pass(arguments: &Arguments) -> Result<bool> {
    let mut rules: Rules = arguments.rule.parse()?;
    if arguments.without_promises {
        rules = rules.without_promises();
    }
    if arguments.local && !rules.counts_promises() {
        let problem = "cannot be combined with --local: the balances include promises";
        return Err(InputError::new("without promises", problem).into());
    }
    let tokenpass = Client::from_env()?;
    let user = arguments.user.as_str();
    let yes = if arguments.local {
        let balances: Balances = tokenpass.list_protected_balances()?.iter().collect();
        rules.evaluate(&balances)
    } else if arguments.address {
        tokenpass.check_address(user, &rules)?
    } else {
        tokenpass.check_user(user, &rules)?
    };
    if !arguments.quiet {
        println!("{user}: {} ({rules})", if yes { "yes" } else { "no" });
    }
    Ok(yes)
}
