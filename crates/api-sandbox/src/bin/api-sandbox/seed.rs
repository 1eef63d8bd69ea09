//! `--seed`: records that are added when the servers start.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use api_sandbox::{Sandbox, tpay};
use serde_json::{Map, Value};

/// The lists that a seed file can contain, as pairs of a provider and the name of a list.
const LISTS: [(&str, &str); 4] = [
    ("tinypass", "accesses"),
    ("tinycert", "certificates"),
    ("tokenpass", "balances"),
    ("tpay", "transactions"),
];

/// The id of the CA that exists when the TinyCert server starts.
const FIRST_CA: i64 = 561;

/// Adds the records in `file`, the JSON file of `--seed`, to the servers.
pub(crate) fn add(sandbox: &Sandbox, file: &Path) -> Result<(), String> {
    let failed = |why: String| format!("--seed {}: {why}", file.display());
    let text = crate::files::read(file).map_err(|error| failed(error.to_string()))?;
    let seed: Map<String, Value> =
        serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
    for (provider, lists) in &seed {
        let lists =
            lists.as_object().ok_or_else(|| failed(format!("{provider}: must be an object")))?;
        for (list, records) in lists {
            let at = format!("{provider}.{list}");
            if !LISTS.contains(&(provider.as_str(), list.as_str())) {
                let known = LISTS.map(|(provider, list)| format!("{provider}.{list}"));
                return Err(failed(format!("{at} is not one of {}", known.join(", "))));
            }
            let records =
                records.as_array().ok_or_else(|| failed(format!("{at}: must be an array")))?;
            for (index, record) in records.iter().enumerate() {
                let result = match provider.as_str() {
                    "tinypass" => access(sandbox, record),
                    "tinycert" => certificate(sandbox, record),
                    "tokenpass" => balance(sandbox, record),
                    _ => transaction(sandbox, record),
                };
                result.map_err(|why| failed(format!("{at}.{index}: {why}")))?;
            }
        }
    }
    Ok(())
}

fn text<'a>(record: &'a Value, name: &str) -> Result<&'a str, String> {
    let value = record.get(name).and_then(Value::as_str);
    value.ok_or_else(|| format!("{name}: must be a string"))
}

fn access(sandbox: &Sandbox, record: &Value) -> Result<(), String> {
    let (rid, user, email) =
        (text(record, "rid")?, text(record, "user_ref")?, text(record, "email")?);
    let cents = record.get("cents").and_then(Value::as_u64).unwrap_or(0);
    let expires = record.get("expires").and_then(Value::as_u64);
    sandbox.tinypass().state(|server| server.add_access(rid, user, email, cents, expires));
    Ok(())
}

fn certificate(sandbox: &Sandbox, record: &Value) -> Result<(), String> {
    let name = text(record, "common_name")?;
    let ca =
        record.get("ca").map_or(Some(FIRST_CA), Value::as_i64).ok_or("ca: must be an integer")?;
    let until = record.get("expires").and_then(Value::as_u64);
    let until = until.ok_or("expires: must be a time in Unix seconds")?;
    let sans = record.get("dns_names").and_then(Value::as_array);
    let sans: Vec<(&str, &str)> =
        sans.into_iter().flatten().filter_map(Value::as_str).map(|name| ("DNS", name)).collect();
    sandbox.tinycert().state(|server| server.add_cert(ca, name, &sans, until)).map(drop)
}

fn balance(sandbox: &Sandbox, record: &Value) -> Result<(), String> {
    let (address, asset) = (text(record, "address")?, text(record, "asset")?);
    let satoshis = record.get("satoshis").and_then(Value::as_i64);
    let satoshis = satoshis.ok_or("satoshis: must be an integer")?;
    sandbox.tokenpass().state(|server| server.hold(address, asset, satoshis));
    Ok(())
}

/// Creates a transaction by sending the record, without `paid`, to the API. If `paid` is true, the
/// payer then pays the full amount.
fn transaction(sandbox: &Sandbox, record: &Value) -> Result<(), String> {
    let mut body = record.as_object().cloned().ok_or("must be an object")?;
    let is_paid = body.remove("paid").is_some_and(|paid| paid == true);
    let credentials = serde_json::json!({
        "client_id": tpay::CLIENT_ID,
        "client_secret": tpay::CLIENT_SECRET,
    });
    let url = sandbox.tpay().base_url();
    let token = post(url, "/oauth/auth", "", &credentials)?;
    let authorization = format!("Authorization: Bearer {}\r\n", text(&token, "access_token")?);
    let made = post(url, "/transactions", &authorization, &Value::Object(body))?;
    if made.get("result").and_then(Value::as_str) != Some("success") {
        return Err(made.get("errors").unwrap_or(&made).to_string());
    }
    let id = text(&made, "transactionId")?;
    if is_paid {
        sandbox.tpay().state(|server| server.pay(id));
    }
    Ok(())
}

/// Sends a POST request to a server in this process, and returns the JSON body of the response.
fn post(url: &str, path: &str, headers: &str, body: &Value) -> Result<Value, String> {
    let host = url.strip_prefix("http://").unwrap_or(url);
    let body = body.to_string();
    let mut response = String::new();
    let mut exchange = || -> std::io::Result<()> {
        let mut stream = TcpStream::connect(host)?;
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        stream.read_to_string(&mut response).map(drop)
    };
    exchange().map_err(|error| error.to_string())?;
    let (_, body) = response.split_once("\r\n\r\n").ok_or("the response has no body")?;
    serde_json::from_str(body).map_err(|error| error.to_string())
}
