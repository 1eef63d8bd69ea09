//! Client requests: the typed request of a call, compared with that of the official client.

use std::sync::{Arc, Mutex};

use api_auth::hmac::nonce_headers::{Variant, body_signature, params, signature, signed_url};
use api_auth::{Method, RawEndpoint, StatusCode, decode_form, percent_decode};
use api_sandbox::tokenpass::tca::Stack;
use serde_json::Value;
use tokenpass_client::api_auth::{ManualClock, Request, Response, TransportError, path_segment};
use tokenpass_client::{Client, Environment, Scheme, credentials};

use super::json::Node;
use super::official::{self, Difference, MOVED, RENAMED, differences};
use super::operations::{self, Outcome, Untyped, rule_query};
use super::{key, name, nonce, responses, sign};
use crate::{stage, text};

/// Members of a vector that are not compared, and why.
const NOT_COMPARED: &[(&str, &str)] = &[
    ("accept", "the official client accepts anything, and this one application/json"),
    (
        "server_verdict",
        "how the recording server described the request; kind server_verdict has it",
    ),
];

const INPUTS: &[&str] = &[
    "php_call",
    "php_args",
    "operation",
    "args",
    "redirect_uri",
    "method",
    "path",
    "base_url",
    "client_id",
    "client_secret",
    "nonce",
    "body",
];

const EXPECTED: &[&str] = &[
    "method",
    "path",
    "query",
    "content_type",
    "body",
    "signed",
    "signature",
    "headers",
    "server_status",
    "server_content_type",
    "server_headers",
    "server_body",
    "result",
    "error",
];

/// The list of all endpoints, which says how each is authenticated.
const ENDPOINTS: &str = include_str!("../../../../docs/endpoints/tokenpass.toml");

/// How an endpoint is authenticated.
fn auth_of(id: &str) -> &'static str {
    let value = |entry: &'static str, name: &str| {
        entry
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \"")?.strip_suffix('"'))
    };
    let mut entries = ENDPOINTS.split("[[endpoint]]");
    let entry = entries.find(|entry| value(entry, "id") == Some(id));
    value(entry.unwrap_or_else(|| panic!("{id} is no endpoint")), "auth").unwrap()
}

/// The call of a vector.
pub(super) struct Call {
    pub(super) id: String,
    pub(super) arguments: Node,
}

/// Reads the call: a method of the official client with its arguments in order, or an endpoint with
/// named arguments.
pub(super) fn call(vector: &Value, raw: &Node) -> Call {
    let inputs = raw.given("inputs").unwrap();
    for (member, _) in inputs.members() {
        let is_known = INPUTS.contains(&member.as_str()) || responses::INPUTS.contains(&&**member);
        assert!(is_known, "{}: unknown member inputs.{member}", name(vector));
    }
    if let Some(Node::Text(id)) = inputs.given("operation") {
        let arguments = inputs.given("args").cloned().unwrap_or(Node::Map(Vec::new()));
        return Call { id: id.clone(), arguments };
    }
    let Some(Node::Text(method)) = inputs.given("php_call") else {
        panic!("{}: neither inputs.php_call nor inputs.operation", name(vector))
    };
    let arguments = match inputs.given("php_args") {
        Some(Node::List(arguments)) => arguments.clone(),
        _ => Vec::new(),
    };
    let made_by = vector["made_by"].as_str().unwrap_or_default();
    let is_newer = vector["kind"] == "xapi_request"
        || ["994c8ed", "cd7256b", "2019", "2020", "2022"].iter().any(|part| {
            // The versions of the other libraries do not count.
            made_by.split(" with ").next().unwrap_or_default().contains(part)
        });
    let (id, mut arguments) = official::call(method, &arguments, is_newer);
    if let Node::Map(members) = &mut arguments {
        if let Some(uri) = inputs.given("redirect_uri")
            && let Some((_, value)) = members.iter_mut().find(|(name, _)| name == "redirect_uri")
        {
            *value = uri.clone();
        }
        // The official client makes the state itself.
        let query = vector.pointer("/expected/query").and_then(Value::as_str).unwrap_or_default();
        if id == "oauth.request_code"
            && let Some((_, state)) = pairs(query).into_iter().find(|(name, _)| name == "state")
        {
            members.push(("state".to_owned(), Node::Text(state)));
        }
    }
    Call { id: id.to_owned(), arguments }
}

/// A client with the key pair and the time of a vector; `response` is the response to each request.
pub(super) fn client(
    vector: &Value,
    scheme: Scheme,
    response: Option<Response>,
) -> (Client, Arc<Mutex<Vec<Request>>>) {
    let input = |field: &str| vector["inputs"][field].as_str().unwrap_or("none");
    let (id, secret) = (input("client_id"), input("client_secret"));
    let base = vector["inputs"]["base_url"].as_str().unwrap_or("https://tokenpass.tokenly.com");
    let sent = Arc::new(Mutex::new(Vec::new()));
    let notes = sent.clone();
    let transport = move |request: Request| -> Result<Response, TransportError> {
        notes.lock().unwrap().push(request);
        Ok(response.clone().expect("the vector has no response"))
    };
    let client = Client::builder(id, secret)
        .privileged(id, secret)
        .scheme(scheme)
        .environment(Environment::Custom(base.to_owned()))
        .clock(ManualClock::at_unix(nonce(vector).parse().unwrap_or(0)))
        .transport(transport)
        .retries(0)
        .build();
    (client.unwrap(), sent)
}

/// The typed request. A rule stack that the typed call rejects is sent as it is.
fn typed(vector: &Value, call: &Call, scheme: Scheme) -> Request {
    let (client, _) = client(vector, scheme, None);
    match operations::run(&call.id, &call.arguments, &client, false) {
        Ok(Outcome::Prepared(request)) => *request,
        Ok(other) => panic!("{}: {other:?}", name(vector)),
        Err(Untyped::Rejected(error)) if call.id.starts_with("tca.") => {
            let reason = format!("{}: {error}", name(vector));
            raw_check(call, &client).unwrap_or_else(|| panic!("{reason}"))
        }
        Err(Untyped::Rejected(error)) => panic!("{}: {error}", name(vector)),
        Err(Untyped::Argument(argument)) => {
            panic!("{}: {}: no typed argument `{argument}`", name(vector), call.id)
        }
    }
}

fn raw_check(call: &Call, client: &Client) -> Option<Request> {
    let get = |name: &str| {
        call.arguments.given(name).map(|value| path_segment(&value.text()).into_owned())
    };
    let (path, credential) = match &*call.id {
        "tca.check_user" => (format!("check/{}", get("username")?), credentials::SIGNED_USER),
        "tca.check_address" => {
            (format!("check-address/{}", get("address")?), api_auth::Credential::NONE)
        }
        "tca.check_email" => (format!("checkemail/{}", get("email")?), credentials::PRIVILEGED),
        _ => ("users".to_owned(), credentials::PRIVILEGED),
    };
    let endpoint = RawEndpoint::new(Method::GET, format!("/api/v1/tca/{path}"));
    let rules = decode_form(rule_query(call.arguments.given("rules")?).as_bytes());
    let endpoint =
        rules.into_iter().fold(endpoint, |endpoint, (name, value)| endpoint.param(name, value));
    let client = match call.arguments.given("oauth_token") {
        Some(token) => client.as_user(token.text()).unwrap(),
        None => client.clone(),
    };
    Some(client.signed_request(&endpoint.with_credential(credential)).unwrap())
}

fn pairs(query: &str) -> Vec<(String, String)> {
    decode_form(query.as_bytes())
}

/// A request as the official client sends it.
struct Wire {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    body: Node,
}

impl Wire {
    fn new(method: &str, path: &str, query: &str, content_type: &str, body: &str) -> Self {
        let body = match content_type {
            _ if body.is_empty() => Node::Null,
            json if json.contains("/json") => Node::parse(body),
            _ => {
                let text = |(name, value)| (name, Node::Text(value));
                Node::Map(pairs(body).into_iter().map(text).collect())
            }
        };
        let path = path.split('/').map(|part| percent_decode(part).unwrap());
        let path = path.collect::<Vec<_>>().join("/");
        Self { method: method.to_owned(), path, query: pairs(query), body }
    }

    fn of(request: &Request) -> Self {
        Self::new(
            request.method().as_str(),
            request.uri().path(),
            request.uri().query().unwrap_or_default(),
            header(request, "content-type").unwrap_or_default(),
            str::from_utf8(request.body()).unwrap(),
        )
    }

    /// Removes the rules, and returns the stack that a server reads from them. The order of the
    /// assets is significant to it, the place of the operators is not.
    fn take_rules(&mut self) -> Stack {
        let is_rule = |name: &str| name != "oauth_token";
        let (rules, rest) = std::mem::take(&mut self.query)
            .into_iter()
            .partition::<Vec<_>, _>(|(name, _)| is_rule(name));
        self.query = rest;
        let mut query: Vec<String> = rules
            .iter()
            .map(|(name, value)| [&path_segment(name), "=", &path_segment(value)].concat())
            .collect();
        if let Node::Map(members) = &mut self.body {
            let (rules, rest) = std::mem::take(members)
                .into_iter()
                .partition::<Vec<_>, _>(|(name, _)| is_rule(name));
            *members = rest;
            query.push(rule_query(&Node::Map(rules)));
        }
        query.retain(|part| !part.is_empty());
        Stack::from_query(&query.join("&")).unwrap()
    }
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers().get(name).map(|value| value.to_str().unwrap())
}

/// Compares a request with that of the official client: method, path, parameters, body.
///
/// The order of parameters has no meaning, except for rules. Each client signs its own order.
fn compare(vector: &Value, call: &Call, request: &Request, mut theirs: Wire) {
    let name = name(vector);
    let id = &*call.id;
    let mut ours = Wire::of(request);
    stage(name, "method", &ours.method, &theirs.method);
    if let Some(moved) = MOVED.iter().find(|row| row.0 == id && row.1 == theirs.path) {
        theirs.path = moved.2.to_owned();
    }
    stage(name, "path", &ours.path, &theirs.path);
    if id.starts_with("tca.") {
        let (ours, theirs) = (ours.take_rules(), theirs.take_rules());
        assert_eq!(ours, theirs, "{name}: rules differ");
    }
    for (parameter, _) in &mut theirs.query {
        if let Some(row) = RENAMED.iter().find(|row| row.0 == id && row.1 == parameter) {
            *parameter = row.2.to_owned();
        }
    }
    ours.query.sort();
    theirs.query.sort();
    assert_eq!(ours.query, theirs.query, "{name}: query differs");
    compare_body(name, id, "body", &ours.body, &theirs.body);
}

/// Compares JSON by value. A member may differ as the list of the differences says.
fn compare_body(name: &str, id: &str, place: &str, ours: &Node, theirs: &Node) {
    match (ours, theirs) {
        (Node::Map(ours), Node::Map(theirs)) => {
            let names = ours.iter().chain(theirs).map(|(member, _)| member);
            for member in names {
                let find = |list: &[(String, Node)]| {
                    list.iter().find(|(known, _)| known == member).map(|(_, value)| value.clone())
                };
                let place = format!("{place}.{member}");
                let (ours, theirs) = (find(ours), find(theirs));
                if differences(id, member).any(|known| is_known(known, &ours, &theirs)) {
                    continue;
                }
                let renamed =
                    RENAMED.iter().any(|row| row.0 == id && [row.1, row.2].contains(&&**member));
                match (ours, theirs) {
                    (Some(ours), Some(theirs)) => compare_body(name, id, &place, &ours, &theirs),
                    _ if renamed => {}
                    (ours, theirs) => {
                        panic!(
                            "{name}: {place} differs\n  expected {theirs:?}\n  actual   {ours:?}"
                        )
                    }
                }
            }
        }
        (Node::List(ours), Node::List(theirs)) if ours.len() == theirs.len() => {
            for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                compare_body(name, id, &format!("{place}[{index}]"), ours, theirs);
            }
        }
        (Node::Number(ours), Node::Number(theirs)) if ours.as_f64() == theirs.as_f64() => {}
        _ => assert!(
            ours == theirs,
            "{name}: {place} differs\n  expected {theirs:?}\n  actual   {ours:?}"
        ),
    }
}

fn is_known(difference: Difference, ours: &Option<Node>, theirs: &Option<Node>) -> bool {
    match difference {
        Difference::Null => ours.is_none() && *theirs == Some(Node::Null),
        Difference::False => ours.is_none() && *theirs == Some(Node::Bool(false)),
        Difference::NotSent => ours.is_some() && matches!(theirs, None | Some(Node::Null)),
        Difference::Lines => match (ours, theirs) {
            (Some(Node::List(ours)), Some(Node::Text(theirs))) => {
                ours.iter().map(Node::text).collect::<Vec<_>>().join("\n") == *theirs
            }
            // An empty list is not sent, and an empty text is no application.
            (None, Some(Node::Text(theirs))) => theirs.is_empty(),
            _ => false,
        },
    }
}

/// A request of the official client, and the response that it got.
pub(super) fn client_wire(vector: &Value, raw: &Node) {
    let expected = &vector["expected"];
    let field = |field: &str| expected[field].as_str().unwrap_or_default();
    for (member, _) in raw.given("expected").unwrap().members() {
        let is_known = EXPECTED.contains(&member.as_str())
            || NOT_COMPARED.iter().any(|(known, _)| known == member);
        assert!(is_known, "{}: unknown member expected.{member}", name(vector));
    }
    let (path, query, body) = (field("path"), field("query"), field("body"));
    let method = vector["inputs"]["method"].as_str().or(expected["method"].as_str());
    let method = method.unwrap_or_else(|| panic!("{}: no method", name(vector)));
    let content_type = field("content_type");
    if !field("signature").is_empty() {
        their_signature(vector, method, [path, query, content_type, body]);
    }
    let call = call(vector, raw);
    let request = typed(vector, &call, Scheme::SignedQuery);
    compare(vector, &call, &request, Wire::new(method, path, query, content_type, body));
    own_headers(vector, &call, &request);
    if expected["server_status"].is_u64() {
        responses::recorded(vector, &call);
    }
}

/// The signature of the official client, over the body that it signs: PHP's writing of it.
fn their_signature(vector: &Value, method: &str, [path, query, kind, body]: [&str; 4]) {
    let base = vector["inputs"]["base_url"].as_str().unwrap_or("https://tokenpass.tokenly.com");
    let question = if query.is_empty() { "" } else { "?" };
    let url = [base, path, question, query].concat();
    let body = match kind.contains("/json") && !body.is_empty() {
        true => Node::parse(body).signed(),
        false => body.to_owned(),
    };
    let builder = api_auth::http::Request::builder().method(method).uri(url);
    let builder = builder.header("content-type", kind);
    let request = builder.body(body.into_bytes()).unwrap();
    let signed = sign(vector, Variant::SignedQuery, request);
    stage(name(vector), "signature", &signed, text(vector, "/expected/signature"));
}

/// The headers of this client: it signs where a server verifies, and what it sends.
fn own_headers(vector: &Value, call: &Call, request: &Request) {
    let name = name(vector);
    let sent = header(request, "x-tokenly-auth-signature");
    let is_signed = sent.is_some();
    let auth = auth_of(&call.id);
    // On the other routes the server does not look at signatures; the documentation asks for one
    // at this route.
    let must_sign = auth.starts_with("hmac") || call.id == "tca.check_user";
    assert_eq!(is_signed, must_sign, "{name}: signed");
    if vector["expected"]["signed"] == Value::Bool(false) {
        assert!(!is_signed, "{name}: the official client does not sign");
    }
    if let Some(sent) = sent {
        let kind = header(request, "content-type").unwrap_or_default();
        let query = request.uri().query().unwrap_or_default();
        let params =
            params(Variant::SignedQuery, request.method(), query, kind, request.body()).unwrap();
        let id = header(request, "x-tokenly-auth-api-token").unwrap();
        let nonce = header(request, "x-tokenly-auth-nonce").unwrap();
        stage(name, "client id", id, text(vector, "/inputs/client_id"));
        let url = signed_url(request.uri());
        let own = signature(&key(vector), request.method(), &url, &params, id, nonce);
        stage(name, "own signature", sent, &own.base64());
    }
    if auth == "bearer" {
        let token = call.arguments.given("oauth_token").unwrap().text();
        let sent = header(request, "authorization").unwrap_or_default();
        stage(name, "Authorization", sent, &format!("Bearer {token}"));
    }
    let content_type = vector["expected"]["content_type"].as_str();
    if let Some(content_type) = content_type.filter(|_| !request.body().is_empty()) {
        stage(name, "content type", header(request, "content-type").unwrap(), content_type);
    }
    stage(name, "accept", header(request, "accept").unwrap_or_default(), "application/json");
}

/// A request of the third generation: key, nonce and signature of the body.
pub(super) fn xapi_request(vector: &Value, raw: &Node) {
    let (method, path) = (text(vector, "/inputs/method"), text(vector, "/inputs/path"));
    let body = text(vector, "/inputs/body");
    let signature = body_signature(&key(vector), &nonce(vector), body.as_bytes());
    let expected = text(vector, "/expected/headers/X-API-Signature");
    stage(name(vector), "signature", &signature.hex(), expected);
    let theirs = text(vector, "/expected/headers/X-API-Nonce");
    stage(name(vector), "nonce", theirs, &nonce(vector));
    for (member, _) in raw.given("expected").unwrap().members() {
        assert!(EXPECTED.contains(&&**member), "{}: unknown member {member}", name(vector));
    }

    let call = call(vector, raw);
    let request = typed(vector, &call, Scheme::BodyOnly);
    let content_type = text(vector, "/expected/content_type");
    let mut wire = Wire::new(method, path, text(vector, "/expected/query"), content_type, body);
    if auth_of(&call.id) == "none" && method == "GET" {
        // A route without credentials is called without a signature, and with the parameters in the
        // query, which the server reads as it reads the body.
        assert!(header(&request, "x-api-signature").is_none(), "{}: signed", name(vector));
        let members = std::mem::replace(&mut wire.body, Node::Null);
        let members = members.members().iter().filter(|(_, value)| *value != Node::Null);
        wire.query.extend(members.map(|(name, value)| (name.clone(), value.text())));
        return compare(vector, &call, &request, wire);
    }
    let sent = |wanted: &str| header(&request, wanted).unwrap_or_default();
    stage(name(vector), "content type", sent("content-type"), content_type);
    stage(name(vector), "key", sent("x-api-key"), text(vector, "/expected/headers/X-API-Key"));
    let own = body_signature(&key(vector), sent("x-api-nonce"), request.body()).hex();
    stage(name(vector), "own signature", sent("x-api-signature"), &own);
    compare(vector, &call, &request, wire);
}

/// The response of a vector, for the transport.
pub(super) fn response(status: u64, headers: &Value, body: &str) -> Response {
    let mut response = Response::new(body.as_bytes().to_vec());
    *response.status_mut() = StatusCode::from_u16(u16::try_from(status).unwrap()).unwrap();
    for (name, value) in headers.as_object().into_iter().flatten() {
        let name = api_auth::http::HeaderName::from_bytes(name.as_bytes()).unwrap();
        response.headers_mut().insert(name, value.as_str().unwrap().parse().unwrap());
    }
    response
}
