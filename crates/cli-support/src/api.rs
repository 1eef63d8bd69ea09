//! `api`: a request to any endpoint.

use std::path::PathBuf;

use api_auth::{
    Body, Credential, Endpoint, EndpointInfo, Method, Params, RawEndpoint, decode_form,
    path_segment,
};
use clap::Args;

use crate::args::{field, pair, read};
use crate::context::{Bodies, Context, Provider};
use crate::exit::{Exit, Failure};
use crate::json::Json;
use crate::output::Format;
use crate::request::WithJson;

/// A request to any endpoint: by its id (`api --list`), or by method and path
#[derive(Debug, Args)]
pub struct Api {
    /// Id of an endpoint such as `transactions.get`, or a method
    #[arg(required_unless_present = "list")]
    endpoint: Option<String>,
    /// Percent-encoded path, if a method is given
    path: Option<String>,
    /// Argument of the path, the query or the body, as a string
    #[arg(short = 'f', long = "raw-field", value_name = "NAME=VALUE", value_parser = pair)]
    raw_fields: Vec<(String, String)>,
    /// The same with a type: numbers, true, false, null; `@FILE` is the text of a file
    #[arg(id = "typed_field", short = 'F', long = "field", value_name = "NAME=VALUE", value_parser = pair)]
    fields: Vec<(String, String)>,
    /// Read the JSON body from this file, or from `-`
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Print the status and the headers, too
    #[arg(short, long)]
    include: bool,
    /// Sign the request by another of the client's credentials, such as `none`
    #[arg(long, value_name = "NAME")]
    credential: Option<String>,
    /// List all endpoints
    #[arg(long)]
    list: bool,
}

impl Api {
    /// Sends the request and writes the body of its response.
    pub(crate) fn run<P: Provider>(self, context: &Context<P>) -> Result<Exit, Failure> {
        if self.list {
            return list(context);
        }
        let info = self.info::<P>()?;
        let mut fields = Vec::new();
        for (name, value) in &self.raw_fields {
            fields.push((name.clone(), Json::Text(value.clone())));
        }
        for (name, value) in &self.fields {
            fields.push((name.clone(), field(value)?));
        }
        let (method, path) = match info {
            Some(info) => (info.method().clone(), filled(info, &mut fields)?),
            None => {
                let method = self.endpoint.as_deref().unwrap_or_default();
                let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes());
                let method = method.map_err(|_| usage("the method is invalid"))?;
                (method, self.path.clone().unwrap_or_default())
            }
        };
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        let mut request = RawEndpoint::new(method.clone(), path);
        for (name, value) in decode_form(query.as_bytes()) {
            request = request.param(name, value);
        }
        let has_query = matches!(method, Method::GET | Method::HEAD | Method::DELETE);
        if self.input.is_some() || !has_query && (!fields.is_empty() || P::BODIES == Bodies::Form) {
            request = request.with_body(body::<P>(self.input.as_ref(), &fields)?);
        } else {
            for (name, value) in &fields {
                request = request.param(name.clone(), value.cell());
            }
        }
        if let Some(info) = info {
            request = request.with_server(info.server()).with_credential(info.credential());
            request = request.with_idempotent(info.is_idempotent().unwrap_or(false));
            request = request.with_read_only(info.is_read_only().unwrap_or(false));
        }
        if let Some(name) = &self.credential {
            request = request.with_credential(credential::<P>(name)?);
        }
        // The arguments of some reads make the server refresh what it returns.
        let is_write = info.map_or(!request.read_only(), |info| info.is_read_only() == Some(false));
        if is_write {
            context.confirm(&format!("send {method} {path}"))?;
        }
        if context.is_withheld(&request)? {
            return Ok(Exit::Done);
        }
        self.print(context, request)
    }

    fn print<P: Provider>(
        &self,
        context: &Context<P>,
        request: RawEndpoint,
    ) -> Result<Exit, Failure> {
        // The response of some endpoints is a secret.
        let output = context.output.private();
        if self.include {
            let response = P::send_raw(context.client()?, &request)?;
            let mut text = format!("{}\n", response.status());
            for (name, value) in response.headers() {
                let is_secret = name.as_str().contains("cookie");
                let value = if is_secret {
                    "***".into()
                } else {
                    value.as_bytes().escape_ascii().to_string()
                };
                text.push_str(&format!("{name}: {value}\n"));
            }
            return output
                .bytes(&[text.as_bytes(), b"\n", response.body()].concat())
                .map(|()| Exit::Done);
        }
        let reply = P::send(context.client()?, &WithJson::new(request))?;
        match output.format() {
            // The body may be anything, so a table shows it as it is.
            Format::Table if context.global.fields.is_empty() => {
                output.bytes(&reply.value)?;
            }
            _ => output.value(&reply.body)?,
        }
        Ok(Exit::Done)
    }

    /// Returns the endpoint of an id, or `None` for a method and a path.
    fn info<P: Provider>(&self) -> Result<Option<&'static EndpointInfo>, Failure> {
        let name = self.endpoint.as_deref().unwrap_or_default();
        match (&self.path, P::ENDPOINTS.iter().find(|info| info.id() == name)) {
            (None, Some(info)) => Ok(Some(info)),
            (Some(path), None) if path.starts_with('/') => Ok(None),
            (Some(_), _) => Err(usage("the path must begin with `/` and follow a method")),
            (None, None) => Err(usage(&format!(
                "`{name}` is not an endpoint; `api --list` lists them, or name a method and a path"
            ))),
        }
    }
}

fn usage(problem: &str) -> Failure {
    Failure::new(Exit::Usage, problem)
}

/// Returns the path of an endpoint. Its arguments are removed from the fields.
fn filled(info: &EndpointInfo, fields: &mut Vec<(String, Json)>) -> Result<String, Failure> {
    let mut path = String::new();
    let mut rest = info.template();
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let Some(index) = fields.iter().position(|(found, _)| found == name) else {
            return Err(usage(&format!("the path needs -f {name}=VALUE")));
        };
        let (_, value) = fields.remove(index);
        let value = value.cell();
        if value.is_empty() || value == "." || value == ".." {
            return Err(usage(&format!("{name}: is not valid as a part of a path")));
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
) -> Result<Body<'static>, Failure> {
    let mut body = match input {
        None => Json::Object(Vec::new()),
        Some(path) => Json::parse(&read(path)?)
            .map_err(|error| usage(&format!("--input {}: {error}", path.display())))?,
    };
    if P::BODIES == Bodies::Form {
        let Json::Object(mut members) = body else {
            return Err(usage("--input: must be a JSON object, whose members become the form"));
        };
        members.retain(|(name, _)| fields.iter().all(|(field, _)| field != name));
        let mut params = Params::new();
        for (name, value) in members.iter().chain(fields) {
            params.push(name.clone(), value.cell());
        }
        return Ok(Body::Form(params));
    }
    for (path, value) in fields {
        body.set(path, value.clone());
    }
    Ok(Body::Json(body.to_string().into_bytes()))
}

fn credential<P: Provider>(name: &str) -> Result<Credential, Failure> {
    let known = P::ENDPOINTS.iter().map(EndpointInfo::credential);
    let mut known = known.chain([Credential::MAIN, Credential::NONE]);
    known
        .find(|credential| credential.name() == name)
        .ok_or_else(|| usage(&format!("`{name}` is not a credential; see `api --list`")))
}

fn list<P: Provider>(context: &Context<P>) -> Result<Exit, Failure> {
    let columns = ["id", "method", "path", "credential"].map(|name| (name, name));
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
