//! The console: a page at `/_sandbox` for manual tests. It shows the requests, the result of each
//! signature check and the state of the server. Its buttons perform actions of the provider, the
//! payer or the user, such as a payment. It is plain HTML without scripts.
//!
//! Other websites cannot use the console, because the Host header must name this server, and each
//! form contains a secret key.

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

use crate::query::{decode_form, whole};
use crate::{Misbehaviour, Raw, Response, SandboxClock, Seen};

/// The content of a server's console page; see [`Service::console`](crate::Service::console).
#[derive(Debug, Clone, Default)]
pub struct ConsolePage {
    /// The name of the provider, such as `Tpay`, for the heading of the page.
    pub title: &'static str,
    /// The clock of the server, which the console shows and can advance. `None` if the server has
    /// no clock.
    pub clock: Option<SandboxClock>,
    /// The buttons for the whole server, which are above the tables.
    pub buttons: Vec<Button>,
    /// The state of the server, as tables.
    pub tables: Vec<Table>,
}

/// A table on the console page, which shows a part of the server's state.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// The heading above the table.
    pub title: &'static str,
    /// The headings of all columns except the last one, which contains the buttons.
    pub columns: &'static [&'static str],
    /// The rows, in the order in which they are shown.
    pub rows: Vec<Row>,
}

/// A row of a [`Table`]: a record, such as a payment, with the buttons for its actions.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// The text of each cell, in the order of the columns.
    pub cells: Vec<String>,
    /// The buttons at the end of the row.
    pub buttons: Vec<Button>,
}

/// A button on the console page; see [`Service::press`](crate::Service::press).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// The text on the button.
    pub label: &'static str,
    /// The name of the action, which is passed to [`Service::press`](crate::Service::press).
    pub action: &'static str,
    /// The subject of the action, such as the id of a payment. Empty if the action needs no
    /// subject.
    pub subject: String,
}

impl Button {
    /// Creates a button with this label, action and subject.
    pub fn new(label: &'static str, action: &'static str, subject: impl Into<String>) -> Self {
        Self { label, action, subject: subject.into() }
    }
}

/// The path of the console page.
pub(crate) const PATH: &str = "/_sandbox";

/// The path of the list of requests, which the console page shows in a frame.
const REQUESTS: &str = "/_sandbox/requests";

/// The maximum number of requests in the list on the console page.
pub(crate) const SHOWN: usize = 100;

/// The maximum number of requests that one form can make fail.
const MOST_FAILURES: u64 = 1000;

/// The maximum number of seconds by which one form can move the clock.
const MOST_SECONDS: u64 = 1 << 32;

/// An action that a form of the console requests.
#[derive(Debug)]
pub(crate) enum Order {
    Misbehave(Misbehaviour, usize),
    Behave,
    Advance(Duration),
    Press(String, String),
}

/// The purpose of a request to the console: the page, the list of requests, or an action.
pub(crate) enum Asked {
    Page,
    Requests,
    Order(Order),
}

/// The console of one server: the key of its forms, and the allowed values of the Host header.
pub(crate) struct Console {
    key: String,
    hosts: Vec<String>,
}

impl Console {
    /// Creates the console of the server on `port`.
    pub(crate) fn new(port: u16) -> Self {
        let mut bytes = [0; 16];
        // If there is no random number, there is no key, and no form is accepted.
        let key = match SystemRandom::new().fill(&mut bytes) {
            Ok(()) => bytes.iter().fold(String::new(), |mut key, byte| {
                let _ = write!(key, "{byte:02x}");
                key
            }),
            Err(_) => String::new(),
        };
        let names = ["127.0.0.1", "localhost"];
        let mut hosts = names.map(|name| format!("{name}:{port}")).to_vec();
        // Clients omit the default port.
        if port == 80 {
            hosts.extend(names.map(str::to_owned));
        }
        Self { key, hosts }
    }

    /// Validates a request to the console, and returns its purpose. The error is the response that
    /// rejects the request.
    pub(crate) fn read(&self, request: &Raw) -> Result<Asked, Response> {
        let host = request.header("host").unwrap_or_default();
        if !self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
            return Err(rejected(403, "the Host header does not name this server"));
        }
        let (methods, why) = match request.path() {
            PATH => (&["GET", "HEAD", "POST"][..], "the method must be GET or POST"),
            REQUESTS => (&["GET", "HEAD"][..], "the method must be GET"),
            _ => return Err(rejected(404, "no such page")),
        };
        if !methods.contains(&request.method.as_str()) {
            return Err(rejected(405, why).with_header("allow", methods.join(", ")));
        }
        if request.query().is_some_and(|query| !query.is_empty()) {
            return Err(rejected(400, "the pages of the console have no parameters in the URL"));
        }
        match (request.method.as_str(), request.path()) {
            ("POST", _) => self.order(request, host).map(Asked::Order),
            _ if !request.body.is_empty() => Err(rejected(400, "only a form has a body")),
            (_, REQUESTS) => Ok(Asked::Requests),
            _ => Ok(Asked::Page),
        }
    }

    fn order(&self, request: &Raw, host: &str) -> Result<Order, Response> {
        let is_own =
            request.header("origin").is_some_and(|origin| origin == format!("http://{host}"));
        // A repeated header has no value.
        if request.names("origin") > 0 && !is_own {
            return Err(rejected(403, "the form was sent by another website"));
        }
        let kind = request.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let is_form = kind.eq_ignore_ascii_case("application/x-www-form-urlencoded");
        let form = str::from_utf8(&request.body).ok();
        let form = form.filter(|_| is_form || request.names("content-type") == 0);
        let form = form.and_then(|form| decode_form(form, b"*").ok());
        let form = form.ok_or_else(|| rejected(400, "the body is not a form"))?;
        let value = |name: &str| form.get(name).unwrap_or_default();
        if self.key.is_empty() || value("key") != self.key {
            return Err(rejected(403, "the form is out of date: reload the page"));
        }
        let names: &[&str] = match value("do") {
            "misbehave" => &["failure", "times"],
            "behave" => &[],
            "advance" => &["seconds"],
            "press" => &["action", "subject"],
            _ => return Err(rejected(400, "this page has no such form")),
        };
        let is_known = |name: &str| matches!(name, "key" | "do") || names.contains(&name);
        if form.repeated().is_some()
            || form.unknown(is_known).is_some()
            || names.iter().any(|name| form.get(name).is_none())
        {
            let why = match names {
                [] => "the form must have no other members".to_owned(),
                names => {
                    let names = names.join(", ");
                    format!("the form must have each of these members once, and no others: {names}")
                }
            };
            return Err(rejected(400, &why));
        }
        // Returns the number `name`, which is from 1 to `most`.
        let number = |name: &str, most: u64| {
            let number = whole(value(name)).filter(|number| (1..=most).contains(number));
            number.ok_or_else(|| rejected(400, &format!("{name}: must be from 1 to {most}")))
        };
        Ok(match value("do") {
            "misbehave" => {
                let how = Misbehaviour::named(value("failure"));
                let how = how.ok_or_else(|| rejected(400, "failure: no such failure"))?;
                let times = number("times", MOST_FAILURES)?;
                Order::Misbehave(how, usize::try_from(times).unwrap_or(usize::MAX))
            }
            "behave" => Order::Behave,
            "advance" => Order::Advance(Duration::from_secs(number("seconds", MOST_SECONDS)?)),
            _ => Order::Press(value("action").to_owned(), value("subject").to_owned()),
        })
    }

    /// Returns the console page. `failing` is the number of requests that are still to fail because
    /// of [`Misbehaviour`]s.
    pub(crate) fn page(&self, shown: &ConsolePage, failing: usize) -> Response {
        let mut html = String::new();
        let _ = self.write_page(&mut html, shown, failing);
        page(&format!("{} sandbox", shown.title), "", &html)
    }

    fn write_page(&self, html: &mut String, shown: &ConsolePage, failing: usize) -> fmt::Result {
        write!(html, "<h1>{} sandbox</h1>", Escaped(shown.title))?;
        write!(
            html,
            "<h2>Requests</h2><iframe src=\"{REQUESTS}\" title=\"Requests\"></iframe>\
             <h2>Server</h2><div class=\"forms\">"
        )?;
        for button in &shown.buttons {
            self.write_button(html, button)?;
        }
        if let Some(clock) = &shown.clock {
            let now = crate::date::date_time(clock.unix());
            self.write_form(
                html,
                "advance",
                &format!(
                    "<label>Clock: {now} UTC, forward by <select name=\"seconds\">\
                     <option value=\"60\">a minute</option><option value=\"3600\">an hour</option>\
                     <option value=\"86400\">a day</option><option value=\"2592000\">30 days</option>\
                     </select></label> <button>Move</button>"
                ),
            )?;
        }
        let options: String = Misbehaviour::NAMED
            .iter()
            .map(|(name, label, _)| format!("<option value=\"{name}\">{label}</option>"))
            .collect();
        self.write_form(
            html,
            "misbehave",
            &format!(
                "<label>Next <input name=\"times\" type=\"number\" value=\"1\" min=\"1\" max=\"{MOST_FAILURES}\"> \
                 requests fail: <select name=\"failure\">{options}</select></label> \
                 <button>Set</button>"
            ),
        )?;
        if failing > 0 {
            let label = format!("{failing} to fail <button>Stop failing</button>");
            self.write_form(html, "behave", &label)?;
        }
        html.push_str("</div>");
        for table in &shown.tables {
            self.write_table(html, table)?;
        }
        Ok(())
    }

    fn write_form(&self, html: &mut String, what: &str, content: &str) -> fmt::Result {
        write!(
            html,
            "<form method=\"post\" action=\"{PATH}\"><input type=\"hidden\" name=\"key\" \
             value=\"{}\"><input type=\"hidden\" name=\"do\" value=\"{what}\">{content}</form>",
            self.key
        )
    }

    fn write_button(&self, html: &mut String, button: &Button) -> fmt::Result {
        let content = format!(
            "<input type=\"hidden\" name=\"action\" value=\"{}\"><input type=\"hidden\" \
             name=\"subject\" value=\"{}\"><button>{}</button>",
            Escaped(button.action),
            Escaped(&button.subject),
            Escaped(button.label)
        );
        self.write_form(html, "press", &content)
    }

    fn write_table(&self, html: &mut String, table: &Table) -> fmt::Result {
        write!(html, "<h2>{}</h2>", Escaped(table.title))?;
        if table.rows.is_empty() {
            html.push_str("<p>None.</p>");
            return Ok(());
        }
        html.push_str("<table><thead><tr>");
        for column in table.columns {
            write!(html, "<th scope=\"col\">{}</th>", Escaped(column))?;
        }
        html.push_str("<th scope=\"col\">Actions</th></tr></thead><tbody>");
        for row in &table.rows {
            html.push_str("<tr>");
            for cell in &row.cells {
                write!(html, "<td>{}</td>", Escaped(cell))?;
            }
            html.push_str("<td><div class=\"forms\">");
            for button in &row.buttons {
                self.write_button(html, button)?;
            }
            html.push_str("</div></td></tr>");
        }
        html.push_str("</tbody></table>");
        Ok(())
    }
}

/// Returns the page with the list of requests, the most recent first. The browser reloads it every
/// two seconds. `removed` is the number of requests before `seen`.
pub(crate) fn requests(seen: &VecDeque<Seen>, removed: usize) -> Response {
    let mut html = String::new();
    let _ = write_requests(&mut html, seen, removed);
    page("Requests", "<meta http-equiv=\"refresh\" content=\"2\">", &html)
}

fn write_requests(html: &mut String, seen: &VecDeque<Seen>, removed: usize) -> fmt::Result {
    if seen.is_empty() {
        html.push_str("<p>No request so far.</p>");
        return Ok(());
    }
    html.push_str(
        "<table><thead><tr><th scope=\"col\">No.</th><th scope=\"col\">Request</th>\
         <th scope=\"col\">Endpoint</th><th scope=\"col\">Credentials</th>\
         <th scope=\"col\">Status</th><th scope=\"col\">Reason</th></tr></thead><tbody>",
    );
    for (index, seen) in seen.iter().enumerate().rev().take(SHOWN) {
        let (class, credentials) = match seen.verdict.signed {
            Some(true) => ("good", "valid"),
            Some(false) => ("bad", "invalid"),
            None => ("", "not needed"),
        };
        let status = seen.status.map_or_else(|| "no response".to_owned(), |s| s.to_string());
        write!(
            html,
            "<tr><td>{}</td><td>{} {}</td><td>{}</td><td class=\"{class}\">{credentials}</td>\
             <td class=\"{}\">{status}</td><td>{}</td></tr>",
            removed.saturating_add(index + 1),
            Escaped(&seen.request.method),
            Escaped(&seen.shown_path()),
            Escaped(seen.verdict.endpoint.unwrap_or("none")),
            if seen.status.is_some_and(|status| status < 400) { "good" } else { "bad" },
            Escaped(seen.reason.as_deref().unwrap_or_default()),
        )?;
    }
    html.push_str("</tbody></table>");
    Ok(())
}

/// Returns the response to a form: a redirect to the console page, so that reloading the page does
/// not send the form again.
pub(crate) fn done() -> Response {
    Response::new(303, "text/plain", "").with_header("location", PATH)
}

pub(crate) fn rejected(status: u16, why: &str) -> Response {
    let body = format!("<p>{}</p><p><a href=\"{PATH}\">Back</a></p>", Escaped(why));
    Response { status, ..page("Rejected", "", &body) }
}

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8886;--good:#176f2c;--bad:#b3261e}\
@media(prefers-color-scheme:dark){:root{--good:#6fcf8a;--bad:#ff8a80}}\
body{font:15px/1.45 system-ui,sans-serif;margin:1rem auto;padding:0 1rem;max-width:75rem}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin:1.5rem 0 .4rem}\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--line);overflow-wrap:anywhere}\
.good{color:var(--good)}.bad{color:var(--bad)}\
.forms{display:flex;flex-wrap:wrap;gap:.4rem 1rem;align-items:center}form{margin:0}\
button,select,input{font:inherit}iframe{width:100%;height:16rem;border:1px solid var(--line)}";

/// Returns an HTML page. `title` is plain text, and `head` and `body` are HTML.
pub(crate) fn page(title: &str, head: &str, body: &str) -> Response {
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{}</title>{head}<style>{STYLE}</style></head>\
         <body>{body}</body></html>",
        Escaped(title)
    );
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
                  frame-src 'self'; frame-ancestors 'self'; base-uri 'none'";
    Response::new(200, "text/html; charset=utf-8", html)
        .with_header("content-security-policy", policy)
        .with_header("cache-control", "no-store")
        .with_header("referrer-policy", "same-origin")
        .with_header("x-content-type-options", "nosniff")
}

/// A string that `Display` escapes for HTML, both as text and as an attribute in quotes.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            match char {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                _ => f.write_char(char)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_port_can_be_omitted_in_the_host() {
        let status = |port: u16, host: &str| {
            let request = Raw {
                method: "GET".to_owned(),
                target: PATH.to_owned(),
                headers: vec![("Host".to_owned(), host.into())],
                body: Vec::new(),
            };
            Console::new(port).read(&request).err().map(|rejected| rejected.status)
        };
        for host in ["127.0.0.1", "localhost", "LOCALHOST", "127.0.0.1:80", "localhost:80"] {
            assert_eq!(status(80, host), None, "{host}");
        }
        for (port, host) in [(81, "localhost"), (81, "localhost:80"), (80, "localhost:")] {
            assert_eq!(status(port, host), Some(403), "{port} {host}");
        }
    }
}
