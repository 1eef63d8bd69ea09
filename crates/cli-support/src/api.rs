//! The command `api`: sends a request to any endpoint.

use std::path::{Path, PathBuf};

use api_auth::http::{HeaderName, HeaderValue};
use api_auth::{
    Body, Credential, Endpoint, EndpointInfo, Method, Params, RawEndpoint, decode_form,
    is_secret_header, is_secret_name, path_segment, percent_decode,
};
use clap::Args;

use crate::args::{Limits, check_repeated, field, input_json, listed, pair, set};
use crate::context::{Bodies, Context, Pages, Provider};
use crate::exit::{Exit, Failure};
use crate::json::Json;
use crate::output::{Format, Output};
use crate::raw_page::RawPage;
use crate::request::{AnyCall, WithJson, check_amounts};
use crate::similar::closest;

/// Send a request to any endpoint, given by its id (`api --list`) or by method and path
#[derive(Debug, Args)]
pub struct Api {
    /// Id of an endpoint, such as `transactions.get`, or an HTTP method
    #[arg(required_unless_present = "list")]
    endpoint: Option<String>,
    /// Percent-encoded path, if a method is given
    path: Option<String>,
    /// Set a parameter of the path, the query or the body to a string
    #[arg(short = 'f', long = "raw-field", value_name = "NAME=VALUE", value_parser = pair)]
    raw_fields: Vec<(String, String)>,
    /// Same as -f, but with a typed value (number, true, false or null); `@FILE`
    /// inserts the text of a file
    #[arg(id = "typed_field", short = 'F', long = "field", value_name = "NAME=VALUE", value_parser = pair)]
    fields: Vec<(String, String)>,
    /// Read the parameters of the request, as JSON, from this file (`-` is standard
    /// input)
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Add a header to the request, such as `Accept-Language: pl`; it is not signed
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    // Parsed later, because an error of the command line would show the value.
    headers: Vec<String>,
    /// Also print the status and headers of the response
    #[arg(short, long)]
    include: bool,
    /// Request all pages of a list, and print their entries as one list
    #[arg(long, conflicts_with = "include")]
    paginate: bool,
    /// Use the client's credentials with this name for the request; `none` uses no credentials
    #[arg(long, value_name = "NAME")]
    credential: Option<String>,
    /// List all endpoints
    #[arg(long, conflicts_with_all = ["endpoint", "path", "raw_fields", "typed_field", "input",
          "headers", "include", "paginate", "credential"])]
    list: bool,
}

impl Api {
    /// Sends the request and writes the body of its response. With `--list`, lists the endpoints
    /// instead.
    pub(crate) fn run<P: Provider>(self, context: &Context<P>) -> Result<Exit, Failure> {
        if self.list {
            return list(context);
        }
        let headers = self.headers.iter().map(|text| header(text)).collect::<Result<Vec<_>, _>>();
        let headers = headers.map_err(|problem| usage(&format!("--header: {problem}")))?;
        context.set_headers(headers);
        let credential = self.credential.as_deref().map(credential::<P>).transpose()?;
        let info = self.info::<P>()?;
        // A request to a path is sent with the main credential, whatever its endpoint is.
        if let Some(credential) = credential.or(info.is_none().then_some(Credential::MAIN)) {
            context.set_credential(credential);
        }
        let method = match info {
            Some(info) => info.method().clone(),
            None => method::<P>(self.endpoint.as_deref().unwrap_or_default())?,
        };
        // The endpoint whose template matches, if a method and a path are given.
        let known = info.or_else(|| {
            let path = self.path.as_deref().unwrap_or_default();
            known::<P>(&method, path.split('?').next().unwrap_or_default())
        });
        let pages = self.pages::<P>(known)?;
        let is_of_path =
            |name: &str| info.is_some_and(|info| info.template().contains(&format!("{{{name}}}")));
        let place = |name: &str| match known {
            _ if is_of_path(name) => Place::Path,
            _ if P::BODIES == Bodies::Query => Place::Query,
            // The user gives a body although the endpoint needs none.
            _ if self.input.is_some() && is_of_query(&method) => Place::Body,
            Some(known) if known.is_in_query(name) => Place::Query,
            None if is_of_query(&method) => Place::Query,
            _ => Place::Body,
        };
        let mut fields = Vec::new();
        for (name, value) in &self.raw_fields {
            fields.push((name.clone(), Json::Text(value.clone())));
        }
        for (name, value) in &self.fields {
            let bodies = if place(name) == Place::Body { P::BODIES } else { Bodies::Form };
            fields.push((name.clone(), field(name, value, bodies)?));
        }
        // A parameter of a query may be repeated.
        let names = fields.iter().map(|(name, _)| name.as_str());
        check_repeated(names.filter(|name| place(name) != Place::Query))?;
        let path = match info {
            Some(info) => filled(info, &mut fields)?,
            None => self.path.clone().unwrap_or_default(),
        };
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        if let (Some(input), Bodies::Form | Bodies::Query) = (&self.input, P::BODIES) {
            let mut members = members::<P>(input)?;
            members.retain(|(name, _)| fields.iter().all(|(field, _)| field != name));
            fields.splice(..0, members);
        }
        if let Some(known) = known {
            fields.iter().try_for_each(|(name, value)| check_number::<P>(name, &value.cell()))?;
            for (name, value) in arguments(path, known).chain(decode_form(query.as_bytes())) {
                check_number::<P>(&name, &value)?;
            }
        }
        let name = match known {
            Some(known) => known.id(),
            // A program creates at most one name, so the leak is bounded.
            None => Box::leak(format!("{method} {path}").into_boxed_str()),
        };
        if let Some(pages) = pages {
            let mut page = RawPage::new(name, path, pages);
            for (name, value) in decode_form(query.as_bytes()) {
                page = page.param(name, value)?;
            }
            for (name, value) in fields {
                page = page.param(name, value.cell())?;
            }
            if let Some(credential) = credential {
                page = page.with_credential(credential);
            }
            let request = WithJson::page(page, pages.lists);
            return context.list(request, &Limits::NONE, &columns(pages));
        }
        let mut request = RawEndpoint::new(method.clone(), path).with_id(name);
        for (name, value) in decode_form(query.as_bytes()) {
            request = request.param(name, value);
        }
        let mut of_body = Vec::new();
        for (name, value) in fields {
            match place(&name) {
                Place::Body => of_body.push((name, value)),
                Place::Path | Place::Query => request = request.param(name, value.cell()),
            }
        }
        let has_form = P::BODIES == Bodies::Form && !is_of_query(&method);
        let has_input = self.input.is_some() && P::BODIES != Bodies::Query;
        if has_input || !of_body.is_empty() || has_form {
            request = request.with_body(body::<P>(self.input.as_ref(), &of_body, known)?);
        }
        if let Some(info) = info {
            request = request.with_server(info.server()).with_credential(info.credential());
        }
        if let Some(known) = known {
            request = request.with_idempotent(known.is_idempotent().unwrap_or(false));
            request = request.with_read_only(known.is_read_only().unwrap_or(false));
        }
        if let Some(credential) = credential {
            request = request.with_credential(credential);
        }
        // With some arguments, a read makes the server refresh the data that it returns.
        let is_write =
            known.map_or(!request.read_only(), |known| known.is_read_only() == Some(false));
        // The response of some endpoints is a secret.
        let output = context.output.private();
        if is_write {
            request.validate()?;
            context.check_before_question(&request, &output)?;
            context.confirm(&format!("send {method} {path}"))?;
        }
        if context.is_withheld(&request)? {
            return Ok(Exit::Done);
        }
        match is_write {
            true => output.check()?,
            false => output.check_file()?,
        }
        self.print(context, &output, request, is_write)
    }

    /// Returns the description of the paged list that `--paginate` requests, or `None` without that
    /// option.
    fn pages<P: Provider>(
        &self,
        known: Option<&EndpointInfo>,
    ) -> Result<Option<&'static Pages>, Failure> {
        if !self.paginate {
            return Ok(None);
        }
        let id = known.map(EndpointInfo::id);
        match P::PAGES.iter().find(|pages| Some(pages.endpoint) == id) {
            Some(_) if self.input.is_some() => {
                Err(usage("--paginate cannot be combined with --input"))
            }
            Some(pages) => Ok(Some(pages)),
            None => {
                let names: Vec<&str> = P::PAGES.iter().map(|pages| pages.endpoint).collect();
                let known = match names.is_empty() {
                    true => "this provider has no paged lists".to_owned(),
                    false => format!("only these endpoints are paged: {}", names.join(", ")),
                };
                Err(usage(&format!("--paginate: {known}")))
            }
        }
    }

    fn print<P: Provider>(
        &self,
        context: &Context<P>,
        output: &Output,
        request: RawEndpoint,
        is_write: bool,
    ) -> Result<Exit, Failure> {
        let name = request.id();
        let client = context.client()?;
        if self.include {
            let sent = P::send_raw(client, &request);
            let response = sent.map_err(|error| context.failed(&request, error))?;
            let mut text = format!("{}\n", response.status());
            for (name, value) in response.headers() {
                let value = if value.is_sensitive() {
                    "***".into()
                } else {
                    value.as_bytes().escape_ascii().to_string()
                };
                text.push_str(&format!("{name}: {value}\n"));
            }
            let text = [text.as_bytes(), b"\n", response.body()].concat();
            context.after(is_write, name, response.status(), output.body(&text))?;
            return Ok(Exit::Done);
        }
        let sent = P::send(client, &AnyCall::new(&request));
        let reply = sent.map_err(|error| context.failed(&request, error))?.typed::<Vec<u8>>()?;
        let shown = match output.format() {
            // The body has no known format, so a table shows it unchanged.
            Format::Table if context.global.fields.is_empty() => output.body(&reply.value),
            // A response to a write may have no body.
            _ if reply.body.trim().is_empty() => Ok(()),
            _ => output.value(&reply.body),
        };
        context.after(is_write, name, reply.status, shown)?;
        Ok(Exit::Done)
    }

    /// Returns the endpoint with the given id, or `None` if a method and a path are given instead.
    fn info<P: Provider>(&self) -> Result<Option<&'static EndpointInfo>, Failure> {
        let name = self.endpoint.as_deref().unwrap_or_default();
        match (&self.path, P::ENDPOINTS.iter().find(|info| info.id() == name)) {
            (None, Some(info)) => Ok(Some(info)),
            (Some(_), Some(_)) => Err(usage(&format!(
                "`{name}` is the id of an endpoint, which takes no path; pass its parameters with \
                 -f NAME=VALUE"
            ))),
            (Some(path), None) if path.starts_with('/') => Ok(None),
            (Some(_), None) => Err(usage(
                "expected a method and a path that begins with `/`, such as GET /transactions",
            )),
            (None, None)
                if METHODS.iter().any(|known| known.as_str().eq_ignore_ascii_case(name)) =>
            {
                Err(usage(&format!(
                    "missing path after the method {name}; pass a path that begins with `/`, such \
                     as GET /transactions"
                )))
            }
            (None, None) => {
                Err(usage(&format!("unknown endpoint `{name}`"))
                    .with_hint(closest_id::<P>(name).unwrap_or_else(|| {
                    "run `{program} api --list` to see the endpoints, or pass a method and a path"
                        .to_owned()
                })))
            }
        }
    }
}

/// The methods that a user can pass, in any case.
const METHODS: [Method; 6] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// The part of a request that contains a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Path,
    Query,
    Body,
}

/// Returns whether the parameters of an unknown endpoint with this method are in the query.
fn is_of_query(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::DELETE)
}

/// Parses a method, in any case.
///
/// # Errors
/// Returns an error that lists the methods. If the text is similar to the id of an endpoint, a hint
/// names the id.
fn method<P: Provider>(name: &str) -> Result<Method, Failure> {
    let mut known = METHODS.into_iter();
    known.find(|method| method.as_str().eq_ignore_ascii_case(name)).ok_or_else(|| {
        let names = METHODS.each_ref().map(Method::as_str);
        let problem = format!("`{name}` is not a method; use {}", listed(&names, "or"));
        match closest_id::<P>(name) {
            Some(hint) => usage(&problem).with_hint(hint),
            None => usage(&problem),
        }
    })
}

/// Returns a hint with the id of the endpoint that is similar to `name`, or `None` if there is none.
fn closest_id<P: Provider>(name: &str) -> Option<String> {
    let id = closest(name, P::ENDPOINTS.iter().map(EndpointInfo::id))?;
    Some(format!("the id of a similar endpoint is `{id}`; run `{{program}} api --list` to see all"))
}

/// Returns the endpoint with this method and a template that matches `path`, or `None`. If several
/// templates match, the one with the fewest placeholders is returned.
fn known<P: Provider>(method: &Method, path: &str) -> Option<&'static EndpointInfo> {
    let known = P::ENDPOINTS.iter();
    let known =
        known.filter(|known| known.method() == method && is_of_template(path, known.template()));
    known.min_by_key(|known| known.template().matches('{').count())
}

/// Checks the value of a parameter that must be a number.
///
/// # Errors
/// Returns an error that names the parameter, if its value can never be valid.
fn check_number<P: Provider>(name: &str, value: &str) -> Result<(), Failure> {
    let Some((_, parse)) = P::NUMBERS.iter().find(|(number, _)| *number == name) else {
        return Ok(());
    };
    parse(value).map(drop).map_err(|problem| usage(&format!("{name}: `{value}` {problem}")))
}

/// Reads the JSON object of `--input`, whose members become the parameters of a form or a query.
fn members<P: Provider>(input: &Path) -> Result<Vec<(String, Json)>, Failure> {
    let Json::Object(members) = input_json(input)? else {
        let part = if P::BODIES == Bodies::Form { "form" } else { "query" };
        let problem = format!("must be a JSON object, whose members become the {part}");
        return Err(usage(&format!("--input: {problem}")));
    };
    Ok(members)
}

fn usage(problem: &str) -> Failure {
    Failure::new(Exit::Usage, problem)
}

/// Returns whether the name of a header suggests that its value is a key, as in `X-Api-Key` or
/// `X-Auth`.
fn has_key(name: &HeaderName) -> bool {
    name.as_str().split('-').any(|word| word == "key" || word == "auth")
}

/// Parses a header in the form `NAME: VALUE`. Marks the value as sensitive if the name suggests
/// that the value is a secret.
fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    /// Headers that the client or the connection sets. Users cannot set them.
    const OWN: &[&str] = &[
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "expect",
        "host",
        "te",
        "transfer-encoding",
        "upgrade",
    ];
    let (name, value) = text.split_once(':').ok_or("must be `NAME: VALUE`")?;
    let name = HeaderName::try_from(name.trim()).map_err(|_| "the name is invalid")?;
    if OWN.contains(&name.as_str()) {
        return Err(format!("{name} cannot be set: the program sets it"));
    }
    let mut value = HeaderValue::try_from(value.trim())
        .map_err(|_| format!("the value of {name} is invalid"))?;
    let text = name.as_str();
    value.set_sensitive(is_secret_header(text) || is_secret_name(text) || has_key(&name));
    Ok((name, value))
}

/// Returns whether a path matches a template such as `/recurring/{id}/transactions`.
fn is_of_template(path: &str, template: &str) -> bool {
    let (mut parts, mut names) = (path.split('/'), template.split('/'));
    loop {
        match (parts.next(), names.next()) {
            (None, None) => return true,
            (Some(part), Some(name)) if part == name || name.starts_with('{') => {}
            _ => return false,
        }
    }
}

/// Returns the names of the placeholders of an endpoint's template, with the values that a matching
/// path has for them.
fn arguments(path: &str, known: &EndpointInfo) -> impl Iterator<Item = (String, String)> {
    known.template().split('/').zip(path.split('/')).filter_map(|(name, value)| {
        let name = name.strip_prefix('{')?.strip_suffix('}')?;
        Some((name.to_owned(), percent_decode(value).unwrap_or_else(|| value.to_owned())))
    })
}

/// Returns columns that exist in most lists: the id, the status and the name.
fn columns(pages: &'static Pages) -> [(&'static str, &'static str); 3] {
    [(pages.id, pages.id), ("status", "status"), ("name", "name")]
}

/// Returns the path of an endpoint: its template, in which values from `fields` replace the
/// placeholders. Removes the fields that it uses.
fn filled(info: &EndpointInfo, fields: &mut Vec<(String, Json)>) -> Result<String, Failure> {
    let mut path = String::new();
    let mut rest = info.template();
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let Some(index) = fields.iter().position(|(found, _)| found == name) else {
            return Err(usage(&format!("missing path parameter `{name}`; add -f {name}=VALUE")));
        };
        let (_, value) = fields.remove(index);
        let value = value.cell();
        if value.is_empty() || value == "." || value == ".." {
            return Err(usage(&format!("{name}: must not be empty, `.` or `..`")));
        }
        path.push_str(before);
        path.push_str(&path_segment(&value));
        rest = after;
    }
    path.push_str(rest);
    Ok(path)
}

fn body<P: Provider>(
    input: Option<&PathBuf>,
    fields: &[(String, Json)],
    known: Option<&EndpointInfo>,
) -> Result<Body<'static>, Failure> {
    if P::BODIES == Bodies::Form {
        let mut params = Params::new();
        for (name, value) in fields {
            params.push(name.clone(), value.cell());
        }
        return Ok(Body::Form(params));
    }
    let mut body = match input {
        None => Json::Object(Vec::new()),
        Some(path) => input_json(path)?,
    };
    for (path, value) in fields {
        set(&mut body, path, value.clone())?;
    }
    if known.is_some() {
        check_amounts::<P>(&body)?;
    }
    Ok(Body::Json(body.to_string().into_bytes()))
}

fn credential<P: Provider>(name: &str) -> Result<Credential, Failure> {
    let known = P::ENDPOINTS.iter().map(EndpointInfo::credential);
    let mut known = known.chain([Credential::MAIN, Credential::NONE]);
    known.find(|credential| credential.name() == name).ok_or_else(|| {
        usage(&format!("`{name}` is not a credential"))
            .with_hint("run `{program} api --list` to see the credentials")
    })
}

fn list<P: Provider>(context: &Context<P>) -> Result<Exit, Failure> {
    let columns = ["id", "method", "path", "credential"].map(|name| (name, name));
    context.output.check_fields(&columns, &[])?;
    let mut list = context.output.list(&columns)?;
    for info in P::ENDPOINTS {
        let text = |text: &str| Json::Text(text.to_owned());
        let members = [
            ("id", text(info.id())),
            ("method", text(info.method().as_str())),
            ("path", text(info.template())),
            ("credential", text(info.credential().name())),
        ];
        list.push(&Json::Object(members.map(|(name, value)| (name.to_owned(), value)).into()))?;
    }
    list.end()?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_parsed() {
        let (name, value) = header("X-Trace: a:b ").unwrap();
        assert_eq!((name.as_str(), value.to_str().unwrap()), ("x-trace", "a:b"));
        for text in [
            "X-Session-Id: a",
            "x-signature: a",
            "X-Key: a",
            "Cookie: a",
            "X-Jwt: a",
            "X-Pin: a",
            "X-Client-Otp: a",
            "X-Credentials: a",
        ] {
            assert!(header(text).unwrap().1.is_sensitive(), "{text:?}");
        }
        assert!(!value.is_sensitive());
        assert!(!header("X-Request-Id: a").unwrap().1.is_sensitive());
        for text in [
            "",
            "x",
            ": v",
            "a b: c",
            "Authorization: Bearer x",
            "TE: gzip",
            "Expect: 100-continue",
            "x: \u{7f}",
        ] {
            let problem = header(text).unwrap_err();
            assert!(!problem.contains("Bearer") && !problem.contains("gzip"), "{problem}");
        }
    }

    #[test]
    fn paths_have_a_template() {
        assert!(is_of_template("/recurring/01X/transactions", "/recurring/{id}/transactions"));
        assert!(is_of_template("/transactions", "/transactions"));
        for path in ["/recurring/01X", "/recurring/01X/transactions/2", "/other/01X/transactions"] {
            assert!(!is_of_template(path, "/recurring/{id}/transactions"), "{path}");
        }
    }
}
