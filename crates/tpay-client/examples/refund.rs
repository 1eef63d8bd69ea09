//! Refunds a transaction in full or in part.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::error::Error;
use std::process::ExitCode;

use lexopt::prelude::*;
use tpay_client::transactions::ListTransactions;
use tpay_client::{Amount, Client, RefundTransaction};

const HELP: &str = "\
Refunds a transaction and prints its refunds.

usage: refund [options] TRANSACTION

  TRANSACTION      the id of the transaction, or with --by-crc its hidden description
  --amount AMOUNT  the amount in zloty (default: all that has not been refunded yet)
  --by-crc         search for the newest transaction with this hidden description

exit status: 0 refunded, 1 an error (the message says if the outcome is unknown),
             2 invalid arguments

environment: TPAY_CLIENT_ID, TPAY_CLIENT_SECRET,
             and optionally TPAY_ENVIRONMENT=sandbox, TPAY_BASE_URL, TPAY_TOKEN_CACHE
";

struct Arguments {
    transaction: String,
    amount: Option<Amount>,
    by_crc: bool,
}

fn arguments() -> Result<Option<Arguments>, Box<dyn Error>> {
    let (mut transaction, mut amount, mut by_crc) = (None, None, false);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("amount") => amount = Some(parser.value()?.string()?.parse()?),
            Long("by-crc") => by_crc = true,
            Value(value) if transaction.is_none() => transaction = Some(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let transaction = transaction.ok_or("missing argument: TRANSACTION is required")?;
    Ok(Some(Arguments { transaction, amount, by_crc }))
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
            let unknown = error.downcast_ref().is_some_and(tpay_client::Error::outcome_unknown);
            if unknown {
                eprintln!("refund: the outcome is unknown; list the refunds first");
            }
            ExitCode::FAILURE
        }
    }
}

fn refund(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let tpay = Client::from_env()?;
    let id =
        if arguments.by_crc { find(&tpay, &arguments.transaction)? } else { arguments.transaction };
    let mut request = RefundTransaction::new(&id);
    if let Some(amount) = arguments.amount {
        request = request.amount(amount);
    }
    let made = tpay.refund_transaction(&request)?;
    println!("transaction {id}");
    for refund in made.all() {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let amount = refund.amount.map(|amount| format!("{amount:.2}"));
        let status = refund.status.as_ref().map_or("", |status| status.as_str());
        println!("refund {} {} {status}", text(&refund.refund_id), text(&amount));
    }
    Ok(())
}

/// Returns the id of the newest transaction with the hidden description `crc`.
fn find(tpay: &Client, crc: &str) -> Result<String, Box<dyn Error>> {
    let mut newest = None;
    for transaction in tpay.transactions(&ListTransactions::new()) {
        let transaction = transaction?;
        if transaction.hidden_description.as_deref() == Some(crc) {
            let made = transaction.date.and_then(|date| date.creation);
            newest = newest.max(Some((made, transaction.transaction_id)));
        }
    }
    let id = newest.and_then(|(_, id)| id);
    id.ok_or_else(|| format!("no transaction has the hidden description {crc:?}").into())
}
