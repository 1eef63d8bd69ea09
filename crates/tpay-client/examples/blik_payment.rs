//! Takes a payment with a BLIK code: creates a transaction, pays for it, and waits until the payer
//! confirms the payment.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::process::ExitCode;
use std::time::Duration;

use lexopt::prelude::*;
use tpay_client::blik::{BlikDecision, BlikResult};
use tpay_client::transactions::Callbacks;
use tpay_client::{Amount, BlikPayment, Client, CreateTransaction, Error, Payer};

const HELP: &str = "\
Takes a payment with a BLIK code and waits until the payer confirms or declines it.

usage: blik_payment [options] AMOUNT CODE EMAIL NAME

  AMOUNT         in zloty, such as 12.34
  CODE           the six-digit code from the payer's banking application
  EMAIL NAME     the payer

  --crc TEXT     your reference; tr_crc in notifications (default: a unique one)
  --notify URL   the URL for notifications (default: the one set in the panel)
  --wait SECONDS the time to wait for the payer (default 120)

exit status: 0 paid, 1 declined or an error, 2 invalid arguments, 3 no decision yet

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
        Ok(result) => report(&result),
        Err(error) => {
            eprintln!("blik_payment: {error}");
            if error.outcome_unknown() {
                eprintln!("blik_payment: the outcome is unknown; search for the transaction first");
            }
            ExitCode::FAILURE
        }
    }
}

fn report(result: &BlikResult) -> ExitCode {
    println!("transaction {}", result.transaction_id);
    match &result.decision {
        BlikDecision::Paid => {
            println!("paid");
            return ExitCode::SUCCESS;
        }
        BlikDecision::Declined { code, error } => {
            if let Some(error) = error {
                eprintln!("blik_payment: {error}");
            }
            if let Some(code) = code {
                println!("reason: {code}");
            }
            println!("not paid; the transaction can be paid with another code");
        }
        BlikDecision::ChooseApplication(applications) => {
            for choice in applications {
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                let (name, code) = (text(&choice.application_name), text(&choice.application_code));
                eprintln!("blik_payment: the payer may choose {name} (key {code})");
            }
        }
        BlikDecision::Rejected { error } => {
            eprintln!("blik_payment: {error}");
            println!("not paid; the code was not used");
        }
        BlikDecision::Closed => println!("not paid; the transaction is closed"),
        BlikDecision::Undecided { error } => {
            if let Some(error) = error {
                eprintln!("blik_payment: {error}");
            }
            println!("no decision yet; wait for the notification");
            return ExitCode::from(3);
        }
        _ => println!("not paid"),
    }
    ExitCode::FAILURE
}

fn pay(arguments: Arguments) -> Result<BlikResult, Error> {
    let tpay = Client::from_env()?;
    let reference = match arguments.crc {
        Some(crc) => crc,
        None => tpay.reference_id()?,
    };
    println!("reference {reference}");
    let mut order = CreateTransaction::new(arguments.amount, "BLIK payment", arguments.payer)
        .hidden_description(reference);
    if let Some(url) = arguments.notify {
        order = order.callbacks(Callbacks::new().notification_url(url));
    }
    let wait = Duration::from_secs(arguments.wait);
    tpay.take_blik_payment(&order, BlikPayment::code(arguments.code), wait)
}
