//! Makes a transaction and prints where the payer pays.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::process::ExitCode;

use lexopt::prelude::*;
use tpay_client::transactions::Callbacks;
use tpay_client::{Amount, Client, CreateTransaction, Payer};

const HELP: &str = "\
Makes a transaction and prints its id, its title and the address where the payer pays.

usage: pay_by_link [options] AMOUNT DESCRIPTION EMAIL NAME

  AMOUNT          in zloty, such as 12.34
  DESCRIPTION     what the payer reads
  EMAIL NAME      who pays

  --crc TEXT      your own text; notifications bring it back as tr_crc
  --notify URL    where notifications are sent, instead of the panel's address
  --success URL   where the payer is sent after paying
  --error URL     where the payer is sent after failing

exit status: 0 made, 1 not made (or nobody knows: the message says which), 2 wrong arguments

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
                eprintln!("pay_by_link: it may have been made; look for it before you try again");
            }
            ExitCode::FAILURE
        }
    }
}
