//! Gives and takes credits of an application, and prints the ledger.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::process::ExitCode;

use lexopt::prelude::*;
use tokenpass_client::credits::{Booking, CreditGroup, Entry};
use tokenpass_client::{Client, InputError, Result};

const HELP: &str = "\
Transfers credits to and from accounts, and prints the ledger of a group.

usage: credits [--create] [--ref TEXT] give GROUP ACCOUNT AMOUNT
       credits [--ref TEXT] take GROUP ACCOUNT AMOUNT
       credits history GROUP [ACCOUNT]
       credits accounts GROUP

  GROUP     name or UUID of the group
  ACCOUNT   name or UUID of the account; an account named by a user's UUID belongs to that user
  --create  create the group and the account if they do not exist
  --ref     your reference, such as an order number; if it is unique, the history shows whether
            a transfer was made

Credits are given from and taken to the group's own account, `_`. The sum of all balances is
always 0.

exit status: 0 success, 1 an error (the message says if the outcome is unknown), 2 invalid
             arguments

environment: TOKENPASS_CLIENT_ID, TOKENPASS_CLIENT_SECRET, and optionally TOKENPASS_BASE_URL
";

#[derive(Default)]
struct Arguments {
    create: bool,
    reference: Option<String>,
    words: Vec<String>,
}

fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    let mut arguments = Arguments::default();
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("create") => arguments.create = true,
            Long("ref") => arguments.reference = Some(parser.value()?.string()?),
            Value(value) => arguments.words.push(value.string()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(arguments))
}

fn main() -> ExitCode {
    let result = match arguments() {
        Ok(Some(arguments)) => execute(&arguments),
        Ok(None) => {
            output::print(format_args!("{HELP}"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("credits: {error}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("credits: {error}");
            if error.outcome_unknown() {
                eprintln!(
                    "credits: the outcome is unknown: search for the reference in `credits history` \
                     before you repeat the command"
                );
            }
            let invalid = error.argument().is_some();
            ExitCode::from(if invalid { 2 } else { 1 })
        }
    }
}

fn execute(arguments: &Arguments) -> Result<()> {
    let tokenpass = Client::from_env()?;
    let words: Vec<&str> = arguments.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["give", group, account, amount] => {
            let group = find(&tokenpass, group, arguments.create)?;
            if arguments.create && tokenpass.get_credit_account(&group, *account)?.is_none() {
                tokenpass.create_credit_account(&group, *account)?;
            }
            let entry = entry(arguments, account, amount)?;
            tokenpass.give_credits(&group, [entry])?.iter().for_each(print_booking);
        }
        ["take", group, account, amount] => {
            let group = find(&tokenpass, group, false)?;
            let entry = entry(arguments, account, amount)?;
            tokenpass.take_credits(&group, [entry])?.iter().for_each(print_booking);
        }
        ["history", group, account @ ..] => {
            let group = find(&tokenpass, group, false)?;
            let history = match account.first() {
                Some(account) => tokenpass.get_credit_account_history(&group, *account)?,
                None => tokenpass.get_credit_group_history(&group)?,
            };
            for row in &history.transactions {
                println!(
                    "{:19} {:>10} {:20} {}",
                    row.created_at.as_deref().unwrap_or_default(),
                    row.amount.unwrap_or_default(),
                    row.account.as_deref().unwrap_or_default(),
                    row.reference.as_deref().unwrap_or_default(),
                );
            }
            let sum: i64 = history.transactions.iter().filter_map(|row| row.amount).sum();
            println!("{} entries, sum {sum}", history.transactions.len());
        }
        ["accounts", group] => {
            let group = find(&tokenpass, group, false)?;
            let accounts = tokenpass.list_credit_accounts(&group)?;
            for account in &accounts.accounts {
                let name = account.name.as_deref().unwrap_or("?");
                println!("{name:36} {:>10}", account.balance.unwrap_or_default());
            }
            println!("sum {}", accounts.balance.unwrap_or_default());
        }
        _ => {
            return Err(InputError::new(
                "task",
                "must be give, take, history or accounts; see --help",
            )
            .into());
        }
    }
    Ok(())
}

/// Returns the UUID of the credit group with the name or UUID `wanted`. If there is none and
/// `create` is true, creates a group with this name.
fn find(tokenpass: &Client, wanted: &str, create: bool) -> Result<String> {
    let is = |group: &CreditGroup| {
        [&group.name, &group.uuid].into_iter().any(|text| text.as_deref() == Some(wanted))
    };
    let found = match tokenpass.list_credit_groups()?.into_iter().find(is) {
        Some(group) => Some(group),
        None if create => Some(tokenpass.create_credit_group(wanted)?),
        None => None,
    };
    let missing = || InputError::new("group", "no group has this name or UUID");
    Ok(found.and_then(|group| group.uuid).ok_or_else(missing)?)
}

fn entry(arguments: &Arguments, account: &str, amount: &str) -> Result<Entry, InputError> {
    let amount = amount.parse().map_err(|_| InputError::new("amount", "must be a whole number"))?;
    let entry = Entry::new(account, amount);
    Ok(match &arguments.reference {
        Some(reference) => entry.reference(reference),
        None => entry,
    })
}

fn print_booking(booking: &Booking) {
    for entry in [&booking.credit, &booking.debit].into_iter().flatten() {
        let name = entry.account_name.as_deref().unwrap_or("?");
        println!("{name:36} {:>+10}", entry.amount.unwrap_or_default());
    }
}
