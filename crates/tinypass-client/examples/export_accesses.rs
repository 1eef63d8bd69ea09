//! Writes all access records to standard output as CSV, page by page.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

mod output;

use std::error::Error;
use std::io::{self, BufWriter};
use std::process::ExitCode;

use lexopt::prelude::*;
use tinypass_client::{Access, Client, SearchAccess};

const HELP: &str = "\
Writes access records to standard output as CSV, and the progress to standard error.

usage: export_accesses [options]

  --rid RID            write only records of this resource
  --user-ref USER_REF  write only records of this user
  --email ADDRESS      write only records of the user with this e-mail address
  --tag TAG            write only records of resources with this tag
  --active             write only records that have not expired
  --page-size N        records per request, 1 to 1000 (default 1000)

exit status: 0 all written, 1 an error (the lines that were written are complete),
             2 invalid arguments

environment: TINYPASS_AID, TINYPASS_PRIVATE_KEY,
             and optionally TINYPASS_BASE_URL or TINYPASS_SANDBOX=1
";

fn search() -> Result<Option<SearchAccess>, lexopt::Error> {
    let mut search = SearchAccess::new();
    let mut show_expired = true;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        search = match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("rid") => search.rid(parser.value()?.string()?),
            Long("user-ref") => search.user_ref(parser.value()?.string()?),
            Long("email") => search.email(parser.value()?.string()?),
            Long("tag") => search.tag(parser.value()?.string()?),
            Long("page-size") => search.page_size(parser.value()?.parse()?),
            Long("active") => {
                show_expired = false;
                search
            }
            other => return Err(other.unexpected()),
        };
    }
    Ok(Some(search.show_expired(show_expired)))
}

fn main() -> ExitCode {
    let search = match search() {
        Ok(Some(search)) => search,
        Ok(None) => {
            output::print(format_args!("{HELP}"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("export_accesses: {error}");
            return ExitCode::from(2);
        }
    };
    match export(&search) {
        Ok(count) => {
            eprintln!("{count} records");
            ExitCode::SUCCESS
        }
        Err(error) if is_closed_pipe(&*error) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("export_accesses: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether the error means that standard output is a closed pipe, as after `... | head -1`.
fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    let io = match error.downcast_ref::<csv::Error>().map(csv::Error::kind) {
        Some(csv::ErrorKind::Io(io)) => Some(io),
        _ => error.downcast_ref::<io::Error>(),
    };
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn export(search: &SearchAccess) -> Result<u64, Box<dyn Error>> {
    let tinypass = Client::from_env()?;
    let mut table = csv::Writer::from_writer(BufWriter::new(io::stdout().lock()));
    table.write_record([
        "id",
        "rid",
        "uid",
        "user_ref",
        "user_email",
        "amount",
        "currency",
        "created",
        "expires",
        "tags",
    ])?;
    let mut count = 0;
    for access in tinypass.accesses(search) {
        table.write_record(row(access?))?;
        count += 1;
        if count % 1000 == 0 {
            eprintln!("{count} records so far");
        }
    }
    table.flush()?;
    Ok(count)
}

fn row(access: Access) -> [String; 10] {
    let text = Option::unwrap_or_default;
    [
        text(access.id),
        text(access.rid),
        text(access.uid),
        text(access.user_ref),
        text(access.user_email),
        text(access.amount.map(|amount| amount.to_string())),
        text(access.currency),
        text(access.created.map(|time| time.to_string())),
        text(access.expires.map(|time| time.to_string())),
        access.tags.join(" "),
    ]
}
