//! Writes all transactions to standard output as CSV, page after page.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

mod output;

use std::error::Error;
use std::io::{self, BufWriter};
use std::process::ExitCode;

use lexopt::prelude::*;
use tpay_client::transactions::ListTransactions;
use tpay_client::{Client, Transaction};

const HELP: &str = "\
Writes transactions to standard output as CSV, and the progress to standard error.

usage: export_transactions [options]

  --from TIME      start of the period in local time, 'YYYY-MM-DD HH:MM:SS'
  --to TIME        end of the period in local time
  --status STATUS  only paid, correct, pending, refund or canceled
  --page-size N    transactions per request, 1 to 100 (default 100)

exit status: 0 all written, 1 an error (all lines written before it are complete),
             2 invalid arguments

environment: TPAY_CLIENT_ID, TPAY_CLIENT_SECRET,
             and optionally TPAY_ENVIRONMENT=sandbox, TPAY_BASE_URL, TPAY_TOKEN_CACHE
";

fn search() -> Result<Option<ListTransactions>, lexopt::Error> {
    let mut search = ListTransactions::new();
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        search = match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("from") => search.from(parser.value()?.string()?),
            Long("to") => search.to(parser.value()?.string()?),
            Long("status") => search.status(&*parser.value()?.string()?),
            Long("page-size") => search.limit(parser.value()?.parse::<u32>()?),
            other => return Err(other.unexpected()),
        };
    }
    Ok(Some(search))
}

fn main() -> ExitCode {
    let search = match search() {
        Ok(Some(search)) => search,
        Ok(None) => {
            output::print(format_args!("{HELP}"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("export_transactions: {error}");
            return ExitCode::from(2);
        }
    };
    match export(&search) {
        Ok(count) => {
            eprintln!("{count} transactions");
            ExitCode::SUCCESS
        }
        Err(error) if is_closed_pipe(&*error) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("export_transactions: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether an error means that the reader of standard output, such as `head`, closed the
/// pipe.
fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    let io = match error.downcast_ref::<csv::Error>().map(csv::Error::kind) {
        Some(csv::ErrorKind::Io(io)) => Some(io),
        _ => error.downcast_ref::<io::Error>(),
    };
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn export(search: &ListTransactions) -> Result<u64, Box<dyn Error>> {
    let tpay = Client::from_env()?;
    let mut table = csv::Writer::from_writer(BufWriter::new(io::stdout().lock()));
    table.write_record([
        "id",
        "title",
        "status",
        "amount",
        "currency",
        "created",
        "paid",
        "description",
        "hidden_description",
        "payer_email",
    ])?;
    let mut count = 0;
    for transaction in tpay.transactions(search) {
        table.write_record(row(transaction?))?;
        count += 1;
        if count % 100 == 0 {
            eprintln!("{count} transactions so far");
        }
    }
    table.flush()?;
    Ok(count)
}

fn row(transaction: Transaction) -> [String; 10] {
    let text = Option::unwrap_or_default;
    let date = transaction.date.unwrap_or_default();
    [
        text(transaction.transaction_id),
        text(transaction.title),
        text(transaction.status.map(|status| status.to_string())),
        text(transaction.amount.map(|amount| format!("{amount:.2}"))),
        text(transaction.currency.map(|currency| currency.to_string())),
        text(date.creation),
        text(date.realization),
        text(transaction.description),
        text(transaction.hidden_description),
        text(transaction.payer.and_then(|payer| payer.email)),
    ]
}
