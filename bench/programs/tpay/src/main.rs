//! One call with an OAuth token that is kept in a folder from run to run, or without OAuth.

use std::error::Error;

use tpay_client::{Client, Environment, FileStore};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, ca, folder @ ..] = arguments.as_slice() else {
        return Err("usage: program URL CA [FOLDER]".into());
    };
    let builder = Client::builder("id", "secret")
        .environment(Environment::custom(url))
        .extra_root_certificates(std::fs::read(ca)?);
    let builder = match folder {
        [folder, ..] => builder.token_store(FileStore::new(folder)),
        [] => builder.http_basic(),
    };
    let transaction = builder.build()?.get_transaction("ta_42")?;
    println!("{:?}", transaction.transaction_id);
    Ok(())
}
