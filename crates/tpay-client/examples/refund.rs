//! Refunds a transaction in full or in part.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::collections::BTreeSet;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use lexopt::prelude::*;
use tpay_client::api_auth::{Clock, SystemClock};
use tpay_client::common::LocalTime;
use tpay_client::refunds::ListTransactionRefunds;
use tpay_client::transactions::ListTransactions;
use tpay_client::{Amount, Client, RefundTransaction};

const HELP: &str = "\
Refunds a transaction and prints its refunds.

usage: refund [options] TRANSACTION

  TRANSACTION      the id of the transaction, or with --by-crc its hidden description
  --amount AMOUNT  the amount in zloty (default: all that has not been refunded yet)
  --by-crc         search for the newest transaction with this hidden description
  --since TIME     the start of this search in local time, 'YYYY-MM-DD HH:MM:SS' (default: 30
                   days ago)

exit status: 0 refunded, 1 an error (the message says if the outcome is unknown),
             2 invalid arguments

environment: TPAY_CLIENT_ID, TPAY_CLIENT_SECRET,
             and optionally TPAY_ENVIRONMENT=sandbox, TPAY_BASE_URL, TPAY_TOKEN_CACHE
";

/// How far back the search for a hidden description goes by default.
const DEFAULT_PERIOD: Duration = Duration::from_secs(30 * 86_400);

struct Arguments {
    transaction: String,
    amount: Option<Amount>,
    by_crc: bool,
    since: LocalTime,
}

fn arguments() -> Result<Option<Arguments>, Box<dyn Error>> {
    let (mut transaction, mut amount, mut by_crc) = (None, None, false);
    let mut since = LocalTime::from(SystemClock.now() - DEFAULT_PERIOD);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("amount") => amount = Some(parser.value()?.string()?.parse()?),
            Long("by-crc") => by_crc = true,
            Long("since") => since = LocalTime::from(parser.value()?.string()?),
            Value(value) if transaction.is_none() => transaction = Some(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let transaction = transaction.ok_or("missing argument: TRANSACTION is required")?;
    Ok(Some(Arguments { transaction, amount, by_crc, since }))
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            output::print(format_args!("{HELP}"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("refund: {error}");
            return ExitCode::from(2);
        }
    };
    match refund(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("refund: {error}");
            ExitCode::FAILURE
        }
    }
}

fn refund(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let tpay = Client::from_env()?;
    let id = match arguments.by_crc {
        true => find(&tpay, &arguments.transaction, arguments.since)?,
        false => arguments.transaction,
    };
    let mut request = RefundTransaction::new(&id);
    if let Some(amount) = arguments.amount {
        request = request.amount(amount);
    }
    let before = refund_ids(&tpay, &id)?;
    let made = match tpay.refund_transaction(&request) {
        Err(error) if error.outcome_unknown() => {
            eprintln!("refund: the outcome is unknown");
            match refund_ids(&tpay, &id) {
                Ok(after) => print_new(&before, &after),
                Err(_) => eprintln!("refund: the refunds before the request: {before:?}"),
            }
            return Err(error.into());
        }
        made => made?,
    };
    println!("transaction {id}");
    for refund in made.all() {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let amount = refund.amount.map(|amount| format!("{amount:.2}"));
        let status = refund.status.as_ref().map_or("", |status| status.as_str());
        println!("refund {} {} {status}", text(&refund.refund_id), text(&amount));
    }
    Ok(())
}

/// Returns the ids of the refunds of a transaction.
fn refund_ids(tpay: &Client, id: &str) -> tpay_client::Result<BTreeSet<String>> {
    let refunds = tpay.transaction_refunds(&ListTransactionRefunds::new(id));
    refunds.filter_map(|refund| refund.map(|refund| refund.refund_id).transpose()).collect()
}

/// Prints which refunds were made since the request.
fn print_new(before: &BTreeSet<String>, after: &BTreeSet<String>) {
    for id in after.difference(before) {
        eprintln!("refund: the refund {id} is new since the request");
    }
    if after.is_subset(before) {
        eprintln!(
            "refund: there is no new refund; list them again after a minute, before a second attempt"
        );
    }
}

/// Returns the id of the newest transaction since `since` with the hidden description `crc`.
fn find(tpay: &Client, crc: &str, since: LocalTime) -> Result<String, Box<dyn Error>> {
    let found = tpay.find_transactions(crc, &ListTransactions::new().from(since))?;
    let newest = found.into_iter().max_by_key(|found| found.date.as_ref()?.creation.clone());
    let id = newest.and_then(|transaction| transaction.transaction_id);
    id.ok_or_else(|| format!("no transaction has the hidden description {crc:?}").into())
}
