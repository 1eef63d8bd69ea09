//! Creates a transaction and prints the URL of its payment page.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::process::ExitCode;

use lexopt::prelude::*;
use tpay_client::transactions::Callbacks;
use tpay_client::{Amount, Client, CreateTransaction, Payer};

const HELP: &str = "\
Creates a transaction and prints its id, its title and the URL of its payment page.

usage: pay_by_link [options] AMOUNT DESCRIPTION EMAIL NAME

  AMOUNT          in zloty, such as 12.34
  DESCRIPTION     the description that the payer sees
  EMAIL NAME      the payer

  --crc TEXT      your reference, such as an order number; tr_crc in notifications
  --notify URL    the URL for notifications (default: the one set in the panel)
  --success URL   the URL to which the payer returns after a payment
  --error URL     the URL to which the payer returns after a failed payment

exit status: 0 created, 1 an error (the message says if the outcome is unknown),
             2 invalid arguments

environment: TPAY_CLIENT_ID, TPAY_CLIENT_SECRET,
             and optionally TPAY_ENVIRONMENT=sandbox, TPAY_BASE_URL, TPAY_TOKEN_CACHE
";

fn request() -> Result<Option<CreateTransaction>, Box<dyn std::error::Error>> {
    let (mut values, mut callbacks, mut crc) = (Vec::new(), None::<Callbacks>, None);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("crc") => crc = Some(parser.value()?.string()?),
            Long("notify") => {
                let url = parser.value()?.string()?;
                callbacks = Some(callbacks.unwrap_or_default().notification_url(url));
            }
            Long("success") => {
                let url = parser.value()?.string()?;
                callbacks = Some(callbacks.unwrap_or_default().success_url(url));
            }
            Long("error") => {
                let url = parser.value()?.string()?;
                callbacks = Some(callbacks.unwrap_or_default().error_url(url));
            }
            Value(value) => values.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let [amount, description, email, name] = <[String; 4]>::try_from(values)
        .map_err(|_| "missing argument: AMOUNT, DESCRIPTION, EMAIL and NAME are required")?;
    let amount: Amount = amount.parse()?;
    let mut request = CreateTransaction::new(amount, description, Payer::new(email, name));
    if let Some(crc) = crc {
        request = request.hidden_description(crc);
    }
    if let Some(callbacks) = callbacks {
        request = request.callbacks(callbacks);
    }
    Ok(Some(request))
}

fn main() -> ExitCode {
    let request = match request() {
        Ok(Some(request)) => request,
        Ok(None) => {
            output::print(format_args!("{HELP}"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("pay_by_link: {error}");
            return ExitCode::from(2);
        }
    };
    let made = Client::from_env().and_then(|tpay| tpay.create_transaction(&request));
    match made {
        Ok(made) => {
            let text = Option::unwrap_or_default;
            println!("id     {}", text(made.transaction_id));
            println!("title  {}", text(made.title));
            println!("pay at {}", text(made.transaction_payment_url));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("pay_by_link: {error}");
            if error.outcome_unknown() {
                eprintln!(
                    "pay_by_link: the outcome is unknown; search for the transaction before you retry"
                );
            }
            ExitCode::FAILURE
        }
    }
}
