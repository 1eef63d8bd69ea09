//! Takes a payment by BLIK code: creates a transaction, pays it, and waits for the payer to confirm.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::process::ExitCode;
use std::time::Duration;

use lexopt::prelude::*;
use tpay_client::api_auth::{Clock, SystemClock};
use tpay_client::transactions::Callbacks;
use tpay_client::{
    Amount, BlikPayment, Client, CreateTransaction, Error, ErrorExt, Pay, Payer, Transaction,
    TransactionStatus,
};

const HELP: &str = "\
Takes a payment by BLIK code and waits until the payer confirms or declines it.

usage: blik_payment [options] AMOUNT CODE EMAIL NAME

  AMOUNT         in zloty, such as 12.34
  CODE           the six digits of the payer's banking application
  EMAIL NAME     the payer

  --crc TEXT     your own text; tr_crc in notifications
  --notify URL   the URL for notifications, in place of that of the panel
  --wait SECONDS the time to wait for the payer (default 120)

exit status: 0 paid, 1 declined or an error, 2 wrong arguments, 3 still waiting

environment: TPAY_CLIENT_ID, TPAY_CLIENT_SECRET,
             and optionally TPAY_ENVIRONMENT=sandbox, TPAY_BASE_URL, TPAY_TOKEN_CACHE
";

struct Arguments {
    amount: Amount,
    code: String,
    payer: Payer,
    crc: Option<String>,
    notify: Option<String>,
    wait: u64,
}

fn arguments() -> Result<Option<Arguments>, Box<dyn std::error::Error>> {
    let (mut values, mut crc, mut notify, mut wait) = (Vec::new(), None, None, 120);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("crc") => crc = Some(parser.value()?.string()?),
            Long("notify") => notify = Some(parser.value()?.string()?),
            Long("wait") => wait = parser.value()?.parse()?,
            Value(value) => values.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let [amount, code, email, name] = <[String; 4]>::try_from(values)
        .map_err(|_| "missing argument: AMOUNT, CODE, EMAIL and NAME are required")?;
    let (amount, payer) = (amount.parse()?, Payer::new(email, name));
    Ok(Some(Arguments { amount, code, payer, crc, notify, wait }))
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            output::print(format_args!("{HELP}"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("blik_payment: {error}");
            return ExitCode::from(2);
        }
    };
    match pay(arguments) {
        Ok(paid) if paid.is_paid() => {
            println!("paid");
            ExitCode::SUCCESS
        }
        Ok(waiting) if waiting.status == Some(TransactionStatus::Pending) => {
            println!("still waiting for the payer");
            ExitCode::from(3)
        }
        Ok(other) => {
            println!("not paid: {}", other.status.map_or("?".to_owned(), |s| s.to_string()));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("blik_payment: {error}");
            for choice in error.alternatives() {
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                let (name, code) = (text(&choice.application_name), text(&choice.application_code));
                eprintln!("blik_payment: the payer may choose {name} (key {code})");
            }
            if error.outcome_unknown() {
                eprintln!("blik_payment: the outcome is unknown; read the transaction first");
            }
            ExitCode::FAILURE
        }
    }
}

/// The transaction is made first and paid then, so that a wrong code costs a second try and not a
/// second transaction.
fn pay(arguments: Arguments) -> Result<Transaction, Error> {
    let tpay = Client::from_env()?;
    let mut order = CreateTransaction::new(arguments.amount, "BLIK payment", arguments.payer);
    if let Some(crc) = arguments.crc {
        order = order.hidden_description(crc);
    }
    if let Some(url) = arguments.notify {
        order = order.callbacks(Callbacks::new().notification_url(url));
    }
    let made = tpay.create_transaction(&order)?;
    let id = made.transaction_id.unwrap_or_default();
    println!("transaction {id}");
    let mut state = tpay.pay_transaction(&id, Pay::blik(BlikPayment::code(arguments.code)))?;
    let mut waited = 0;
    // Declined payments cause no notification, so the transaction is read until its status is final.
    while state.status == Some(TransactionStatus::Pending) && waited < arguments.wait {
        state = tpay.get_transaction(&id)?;
        let attempts = state.payments.iter().flat_map(|payments| &payments.attempts);
        if let Some(why) = attempts.last().and_then(|attempt| attempt.payment_error_code.clone()) {
            println!("reason: {why}");
            break;
        }
        if state.status == Some(TransactionStatus::Pending) {
            SystemClock.sleep(Duration::from_secs(2));
            waited += 2;
        }
    }
    Ok(state)
}
