//! `--seed`: records that are added when the servers start.

use std::collections::HashSet;
use std::fmt;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use api_sandbox::{Sandbox, tpay};
use serde_json::{Map, Value};

use crate::strict_json::{self, item, member};

/// The lists that a seed file can contain: a provider, the name of a list, and the function that
/// adds a record of the list.
const LISTS: [(&str, &str, Add); 4] = [
    ("tinypass", "accesses", access),
    ("tinycert", "certificates", certificate),
    ("tokenpass", "balances", balance),
    ("tpay", "transactions", transaction),
];

/// A function that adds a record to a server.
type Add = fn(&Sandbox, Record<'_>) -> Result<(), String>;

/// The id of the CA that exists when the TinyCert server starts.
const FIRST_CA: i64 = 561;

/// The last second of the year 9999, in Unix seconds. The dates of the providers have years of four
/// digits.
const LAST_SECOND: u64 = 253_402_300_799;

/// Adds the records in `file`, the JSON file of `--seed`, to the servers.
pub(crate) fn add(sandbox: &Sandbox, file: &Path) -> Result<(), String> {
    let added = crate::files::read(file)
        .map_err(|error| error.to_string())
        .and_then(|text| strict_json::parse(text.as_bytes()).map_err(|error| error.to_string()))
        .and_then(|seed| add_all(sandbox, &seed));
    added.map_err(|why| format!("--seed {}: {why}", file.display()))
}

/// Adds the records in the parsed file to the servers. An error begins with the path of the member
/// that it is about.
fn add_all(sandbox: &Sandbox, seed: &Value) -> Result<(), String> {
    let providers = seed.as_object().ok_or("must be a JSON object")?;
    only(providers, "", &LISTS.map(|(provider, ..)| provider))?;
    let mut balances = HashSet::new();
    for (provider, name, add) in LISTS {
        let Some(lists) = providers.get(provider) else { continue };
        let lists = lists.as_object().ok_or_else(|| format!("{provider}: must be an object"))?;
        only(lists, provider, &[name])?;
        let list = member(provider, name);
        let Some(records) = lists.get(name) else { continue };
        let records = records.as_array().ok_or_else(|| format!("{list}: must be an array"))?;
        for (index, record) in records.iter().enumerate() {
            let at = item(&list, index);
            let members = record.as_object().ok_or_else(|| format!("{at}: must be an object"))?;
            // A balance has no id: another record would replace it.
            if provider == "tokenpass"
                && let (Some(address), Some(asset)) = (members.get("address"), members.get("asset"))
                && !balances.insert((address, asset))
            {
                return Err(format!("{at}: the balance of this address and asset is given twice"));
            }
            add(sandbox, Record { at, members })?;
        }
    }
    Ok(())
}

/// Returns an error if an object has a member that is not in `allowed`. `at` is the path of the
/// object.
fn only(members: &Map<String, Value>, at: &str, allowed: &[&str]) -> Result<(), String> {
    match members.keys().find(|name| !allowed.contains(&name.as_str())) {
        Some(name) => {
            let allowed: Vec<String> = allowed.iter().map(|name| member(at, name)).collect();
            let one_of = if allowed.len() == 1 { "" } else { "one of " };
            Err(format!("{} is not {one_of}{}", member(at, name), allowed.join(", ")))
        }
        None => Ok(()),
    }
}

/// A record of a list, and its path.
struct Record<'a> {
    at: String,
    members: &'a Map<String, Value>,
}

impl<'a> Record<'a> {
    /// Returns an error if the record has a member that is not in `allowed`.
    fn only(&self, allowed: &[&str]) -> Result<(), String> {
        only(self.members, &self.at, allowed)
    }

    fn wrong(&self, name: &str, expected: impl fmt::Display) -> String {
        format!("{}: must be {expected}", member(&self.at, name))
    }

    /// Returns the string `name`, for which `is_valid` must hold. `expected` describes the allowed
    /// strings.
    fn text(
        &self,
        name: &str,
        expected: &str,
        is_valid: impl Fn(&str) -> bool,
    ) -> Result<&'a str, String> {
        let value = self.members.get(name).and_then(Value::as_str);
        value.filter(|value| is_valid(value)).ok_or_else(|| self.wrong(name, expected))
    }

    /// Returns the string `name`, which must not be empty.
    fn filled(&self, name: &str) -> Result<&'a str, String> {
        self.text(name, "a string that is not empty", |text| !text.is_empty())
    }

    /// Returns the integer `name`, which must be at most `most`. Returns `None` if the record does
    /// not contain it.
    fn optional(&self, name: &str, what: &str, most: u64) -> Result<Option<u64>, String> {
        let Some(value) = self.members.get(name) else { return Ok(None) };
        let number = value.as_u64().filter(|number| *number <= most);
        let wrong = || self.wrong(name, format_args!("{what} from 0 to {most}"));
        number.ok_or_else(wrong).map(Some)
    }

    /// Returns the time `name`. Returns `None` if the record does not contain it.
    fn optional_time(&self, name: &str) -> Result<Option<u64>, String> {
        self.optional(name, "a time in Unix seconds", LAST_SECOND)
    }
}

fn access(sandbox: &Sandbox, record: Record<'_>) -> Result<(), String> {
    record.only(&["rid", "user_ref", "email", "cents", "expires"])?;
    let (rid, user) = (record.filled("rid")?, record.filled("user_ref")?);
    let email = record.text("email", "an e-mail address", |text| text.contains('@'))?;
    let cents = record.optional("cents", "an integer", u64::from(u32::MAX))?.unwrap_or(0);
    let expires = record.optional_time("expires")?;
    sandbox.tinypass().state(|server| server.add_access(rid, user, email, cents, expires));
    Ok(())
}

fn certificate(sandbox: &Sandbox, record: Record<'_>) -> Result<(), String> {
    const HOST: &str = "a DNS name";
    record.only(&["ca", "common_name", "dns_names", "expires"])?;
    let name = record.filled("common_name")?;
    let ca = record.members.get("ca").map_or(Some(FIRST_CA), Value::as_i64);
    let ca = ca.filter(|ca| *ca == FIRST_CA);
    let ca = ca.ok_or_else(|| record.wrong("ca", format_args!("{FIRST_CA}, the only CA")))?;
    let until = record.optional_time("expires")?;
    let until = until.ok_or_else(|| record.wrong("expires", "a time in Unix seconds"))?;
    let mut sans = Vec::new();
    if let Some(names) = record.members.get("dns_names") {
        let names = names.as_array().ok_or_else(|| record.wrong("dns_names", "an array"))?;
        for (index, name) in names.iter().enumerate() {
            let host = name.as_str().filter(|name| is_host(name));
            let at = item(&member(&record.at, "dns_names"), index);
            sans.push(("DNS", host.ok_or_else(|| format!("{at}: must be {HOST}"))?));
        }
    }
    let added = sandbox.tinycert().state(|server| server.add_cert(ca, name, &sans, until));
    added.map(drop).map_err(|why| format!("{}: {why}", record.at))
}

/// Returns whether a string can be a DNS name, which may begin with `*.`.
fn is_host(text: &str) -> bool {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let of_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !name.is_empty() && name.bytes().all(of_host)
}

fn balance(sandbox: &Sandbox, record: Record<'_>) -> Result<(), String> {
    record.only(&["address", "asset", "satoshis"])?;
    let is_address = |text: &str| {
        (26..=35).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let address =
        record.text("address", "an address of 26 to 35 letters and digits", is_address)?;
    // Rules compare names in upper case. Only a subasset, such as `PARENT.child`, has other letters.
    let is_asset = |text: &str| {
        let name = text.split('.').next().unwrap_or_default();
        !name.is_empty()
            && !name.contains(char::is_lowercase)
            && !text.contains(char::is_whitespace)
    };
    let asset = record.text("asset", "the name of an asset, in upper case", is_asset)?;
    let satoshis = record.optional("satoshis", "an integer", i64::MAX.unsigned_abs())?;
    let satoshis = satoshis.and_then(|satoshis| i64::try_from(satoshis).ok());
    let satoshis = satoshis.ok_or_else(|| record.wrong("satoshis", "an integer"))?;
    sandbox.tokenpass().state(|server| server.hold(address, asset, satoshis));
    Ok(())
}

/// Creates a transaction by sending the record, without `paid`, to the API, which rejects unknown
/// members and values of wrong types. If `paid` is true, the payer then pays the full amount.
fn transaction(sandbox: &Sandbox, record: Record<'_>) -> Result<(), String> {
    let mut body = record.members.clone();
    let is_paid = match body.remove("paid") {
        None => false,
        Some(Value::Bool(paid)) => paid,
        Some(_) => return Err(record.wrong("paid", "true or false")),
    };
    let failed = |why: String| format!("{}: {why}", record.at);
    let credentials = serde_json::json!({
        "client_id": tpay::CLIENT_ID,
        "client_secret": tpay::CLIENT_SECRET,
    });
    let url = sandbox.tpay().base_url();
    let token = post(url, "/oauth/auth", "", &credentials).map_err(failed)?;
    let token = string(&token, "access_token").map_err(failed)?;
    let authorization = format!("Authorization: Bearer {token}\r\n");
    let made = post(url, "/transactions", &authorization, &Value::Object(body)).map_err(failed)?;
    if made.get("result").and_then(Value::as_str) != Some("success") {
        return Err(problems(&record.at, &made));
    }
    let id = string(&made, "transactionId").map_err(failed)?;
    if is_paid {
        sandbox.tpay().state(|server| server.pay(id));
    }
    Ok(())
}

/// Returns the errors in a response of the Tpay server. Each begins with the path of the member
/// that it is about. `at` is the path of the record.
fn problems(at: &str, response: &Value) -> String {
    let errors = response.get("errors").and_then(Value::as_array);
    let problem = |error: &Value| {
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        // A field of the API, such as `pay.blikPaymentData.aliases.0.value`.
        let field = text("fieldName");
        let names = field.split('.').filter(|name| !name.is_empty());
        // The API has no such field, but a record has.
        let is_unknown = text("errorCode") == "unexpected_field" && !field.contains('.');
        let more = if is_unknown { ", paid" } else { "" };
        let at = names.fold(at.to_owned(), |at, name| match name.parse() {
            Ok(index) => item(&at, index),
            Err(_) => member(&at, name),
        });
        format!("{at}: {}{more}", text("errorMessage"))
    };
    match errors.into_iter().flatten().map(problem).collect::<Vec<_>>() {
        problems if problems.is_empty() => format!("{at}: {response}"),
        problems => problems.join("; "),
    }
}

fn string<'a>(value: &'a Value, name: &str) -> Result<&'a str, String> {
    let found = value.get(name).and_then(Value::as_str);
    found.ok_or_else(|| format!("the response of the server has no {name}"))
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
    // A response to a request that is too large is plain text.
    serde_json::from_str(body).map_err(|_| format!("the server rejects the record: {body}"))
}
