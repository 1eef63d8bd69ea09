//! Tokenpass: requests, signatures and verdicts, made by the official PHP clients and the server's
//! own code.

use std::collections::BTreeMap;

use api_auth::hmac::nonce_headers::{
    NonceHeaders, Variant, body_signature, message, params, signature, signed_url,
};
use api_auth::{Auth, Encoding, HmacKey, Note, Params, Request, Secret, UnixTime};
use api_sandbox::tokenpass::Tokenpass;
use api_sandbox::{Raw, SandboxClock, Service};
use serde_json::{Value, json};
use tokenpass_client::{
    Authorize, Balances, CancelPromise, CheckLogin, CheckUser, CheckUserExists, Client,
    CreateCreditAccount, CreateCreditGroup, CreatePromise, DeleteAddress, Endpoint, Entry,
    Environment, Error, ExchangeCode, GetAsset, GetChat, GetCreditAccount, GetCreditGroupHistory,
    GetMyAddress, GetPerks, GetUser, GetUserByAddress, GetUserByEmail, GetUsersByAddresses,
    ListCreditGroups, ListMyAddresses, ListPromises, ListPublicAddresses, ListPublicBalances,
    ListSources, ManualClock, RegisterAccount, RegisterSource, Rules, Satoshis, Scheme, Scope,
    TakeCredits, UpdateAddress, UpdateChat, VerifyAddress, chat_id, chat_uuid, proof_suffix,
    source_proof_message,
};

use crate::{stage, text};

pub(crate) fn run(kind: &str, vector: &Value) -> bool {
    match kind {
        "hmac_request" => hmac_request(vector),
        "server_verdict" => server_verdict(vector),
        "client_wire" => client_wire(vector),
        "xapi_request" => xapi_request(vector),
        "tca" => tca(vector),
        "value_to_satoshis" => {
            let amount: Satoshis = text(vector, "/inputs/value").parse().unwrap();
            assert_eq!(json!(amount), vector["expected"]["satoshis"]);
        }
        "satoshis_to_value" => {
            let amount: Satoshis =
                serde_json::from_value(vector["inputs"]["satoshis"].clone()).unwrap();
            let value: Satoshis = vector["expected"]["value"].to_string().parse().unwrap();
            stage(name(vector), "value", &amount.to_string(), &value.to_string());
        }
        "proof_message" => {
            let (address, id) =
                (text(vector, "/inputs/address"), text(vector, "/inputs/client_id"));
            let suffix = text(vector, "/expected/proof_suffix");
            stage(name(vector), "suffix", &proof_suffix(id), suffix);
            let expected = text(vector, "/expected/message");
            stage(name(vector), "message", &source_proof_message(address, id), expected);
        }
        "chat_id" => {
            let uuid = text(vector, "/inputs/uuid");
            let short = chat_id(uuid).unwrap();
            stage(name(vector), "chat id", &short, text(vector, "/expected/chat_id"));
            let back = text(vector, "/expected/uuid_from_chat_id");
            stage(name(vector), "UUID", &chat_uuid(&short).unwrap(), back);
        }
        "authorize_url" => authorize_url(vector),
        _ => return false,
    }
    true
}

fn name(vector: &Value) -> &str {
    text(vector, "/name")
}

/// A nonce, which is a number in some vectors and a text in others.
fn nonce(vector: &Value) -> String {
    vector["inputs"]["nonce"].to_string().replace('"', "")
}

fn key(vector: &Value) -> HmacKey {
    HmacKey::new("key", &Secret::new(text(vector, "/inputs/client_secret"))).unwrap()
}

fn request(method: &str, url: &str, content_type: &str, body: &str) -> Request {
    let builder = api_auth::http::Request::builder().method(method).uri(url);
    builder.header("content-type", content_type).body(body.as_bytes().to_vec()).unwrap()
}

/// The signature that the scheme puts on a request.
fn sign(vector: &Value, variant: Variant, mut request: Request) -> String {
    let secret = Secret::new(text(vector, "/inputs/client_secret"));
    let id = text(vector, "/inputs/client_id").to_owned();
    let auth = NonceHeaders::new("Tokenly", variant, ("id", id), ("secret", &secret)).unwrap();
    let now = UnixTime::from_seconds(nonce(vector).parse().unwrap()).try_into().unwrap();
    auth.sign(&mut request, &mut Note::default(), now).unwrap();
    assert_eq!(request.headers()["x-tokenly-auth-nonce"].to_str().unwrap(), nonce(vector));
    request.headers()["x-tokenly-auth-signature"].to_str().unwrap().to_owned()
}

fn hmac_request(vector: &Value) {
    let expected = &vector["expected"];
    let (method, url) = (text(vector, "/inputs/method"), text(vector, "/inputs/url"));
    let body = vector["inputs"]["body"].as_str().unwrap_or_default();
    let sent = request(method, url, "application/json", body);
    let signed = signed_url(sent.uri());
    stage(name(vector), "signed URL", &signed, text(vector, "/expected/signed_url"));

    // Where PHP signs its own writing of a body, the bytes that are sent are signed here.
    let raw = expected.get("signature_over_raw_body").and_then(Value::as_str);
    let by_php = text(vector, "/expected/headers/X-Tokenly-Auth-Signature");
    let query = sent.uri().query().unwrap_or_default();
    let json = "application/json";
    let params = params(Variant::SignedQuery, sent.method(), query, json, sent.body()).unwrap();
    let (id, nonce) = (text(vector, "/inputs/client_id"), nonce(vector));
    let whole = message(sent.method(), &signed, &params, id, &nonce);
    let differs = raw.is_some() || body.contains("\\u");
    if !differs {
        let params = str::from_utf8(&params).unwrap();
        stage(name(vector), "parameters", params, text(vector, "/expected/params_string"));
        let whole = str::from_utf8(&whole).unwrap();
        stage(name(vector), "canonical text", whole, text(vector, "/expected/canonical"));
    }
    let right = raw.unwrap_or(by_php);
    stage(name(vector), "signature of the text", &key(vector).sign(&[&whole]).base64(), right);
    let parts = signature(&key(vector), sent.method(), &signed, &params, id, &nonce);
    stage(name(vector), "signature of the parts", &parts.base64(), right);
    let signed = sign(vector, Variant::SignedQuery, sent.clone());
    stage(name(vector), "sent signature", &signed, right);
    let newer = expected.get("signature_over_empty_object").and_then(Value::as_str);
    let signed = sign(vector, Variant::EmptyQuery, sent);
    stage(name(vector), "signature of the newer form", &signed, newer.unwrap_or(right));
    // PHP's own signature must be that of PHP's own text.
    let by_text = key(vector).sign(&[text(vector, "/expected/canonical").as_bytes()]);
    stage(name(vector), "PHP's signature", &by_text.base64(), by_php);
}

/// The sandbox's verifier is asked the same, moved to its own time.
fn server_verdict(vector: &Value) {
    let inputs = &vector["inputs"];
    let (method, url) = (text(vector, "/inputs/method"), text(vector, "/inputs/url"));
    let (id, content_type) =
        (text(vector, "/inputs/client_id"), text(vector, "/inputs/content_type"));
    let body = inputs["body"].as_str().unwrap_or_default();
    let uri: api_auth::http::Uri = url.replace("https://", "http://").parse().unwrap();
    let (vector_nonce, vector_clock): (i64, i64) =
        (nonce(vector).parse().unwrap(), inputs["server_clock"].as_i64().unwrap());
    let clock = SandboxClock::default();
    loop {
        let now = i64::try_from(clock.unix()).unwrap();
        let milliseconds = vector_nonce > vector_clock * 100;
        let nonce = match milliseconds {
            true => (now * 1000).to_string(),
            false => (now + vector_nonce - vector_clock).to_string(),
        };
        let sent = request(method, &uri.to_string(), content_type, body);
        // The signature was made for JSON, whatever the content type says.
        let json = "application/json";
        let params = params(Variant::SignedQuery, sent.method(), "", json, sent.body()).unwrap();
        let right =
            signature(&key(vector), sent.method(), &signed_url(sent.uri()), &params, id, &nonce);
        let signature = match text(vector, "/inputs/signature_sent") {
            zeros if zeros.starts_with("AAAA") => zeros.to_owned(),
            bare if !bare.ends_with('=') => right.base64().trim_end_matches('=').to_owned(),
            _ => right.base64().to_string(),
        };
        let mut headers = vec![
            ("X-Tokenly-Auth-Api-Token".to_owned(), id.as_bytes().to_vec()),
            ("X-Tokenly-Auth-Nonce".to_owned(), nonce.into_bytes()),
            ("X-Tokenly-Auth-Signature".to_owned(), signature.into_bytes()),
        ];
        for left_out in inputs["headers_left_out"].as_array().unwrap() {
            headers.retain(|(name, _)| *left_out != name.as_str());
        }
        headers.push(("Host".to_owned(), uri.host().unwrap().as_bytes().to_vec()));
        headers.push(("Content-Type".to_owned(), content_type.as_bytes().to_vec()));
        for extra in inputs["extra_headers"].as_array().unwrap() {
            headers.push((text(extra, "/0").to_owned(), text(extra, "/1").as_bytes().to_vec()));
        }
        let raw = Raw {
            method: method.to_owned(),
            target: uri.path().to_owned(),
            headers,
            body: body.as_bytes().to_vec(),
        };
        let mut server = Tokenpass::new(clock.clone());
        if !id.contains("NOSUCH") {
            server.clients[0].id = id.to_owned();
            server.clients[0].secret = text(vector, "/inputs/client_secret").to_owned();
        }
        let (reply, verdict) = server.answer(&raw);
        if i64::try_from(clock.unix()).unwrap() != now {
            continue; // The second ended meanwhile, and with it the window.
        }
        let expected = &vector["expected"];
        assert_eq!(json!(reply.status), expected["status"], "{}", name(vector));
        assert_eq!(json!(verdict.signed), expected["valid"], "{}", name(vector));
        if !expected["body"].is_null() {
            let body: Value = serde_json::from_slice(&reply.body).unwrap();
            assert_eq!(body, expected["body"], "{}", name(vector));
        }
        return;
    }
}

fn tca(vector: &Value) {
    let rules = Rules::from_query(text(vector, "/inputs/query")).unwrap();
    let stack: Vec<Value> = rules
        .iter()
        .map(|(rule, or)| {
            let group = if or { "OR" } else { "AND" };
            json!({"asset": rule.asset(), "amount": rule.amount(), "op": rule.op(), "stackOp": group})
        })
        .collect();
    let expected = &vector["expected"];
    assert_eq!(Value::from(stack), expected["stack"], "{}", name(vector));
    assert_eq!(json!(rules.counts_promises()), expected["promises_included"], "{}", name(vector));
    let balances = vector["inputs"]["balances_satoshi"].as_object().unwrap();
    let satoshis = |value: &Value| Satoshis::new(value.as_i64().unwrap());
    let balances: Balances =
        balances.iter().map(|(asset, value)| (asset.as_str(), satoshis(value))).collect();
    assert_eq!(json!(rules.evaluate(&balances)), expected["result"], "{}", name(vector));
}

fn authorize_url(vector: &Value) {
    let input = |field: &str| text(vector, &["/inputs/", field].concat());
    let expected = text(vector, "/expected/url");
    let scopes = input("scope").split(',').map(Scope::from);
    let login = Authorize::new(input("redirect_uri"), scopes).unwrap().with_state(input("state"));
    if let Ok(client) = Client::builder(input("client_id"), "K").no_proxy().build() {
        stage(name(vector), "URL", &client.authorize_url(&login).unwrap(), expected);
        return;
    }
    // No application has such an id, and none that signs can have it.
    let mut params = Params::new();
    for field in ["client_id", "redirect_uri", "scope", "response_type", "state"] {
        params.push(field, input(field));
    }
    let (_, query) = expected.split_once('?').unwrap();
    stage(name(vector), "query", &Encoding::Php.text(&params), query);
}

/// What was sent, but for the order of parameters.
#[derive(Debug, PartialEq)]
struct Wire {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    body: Value,
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    let params = Params::decode(text).unwrap();
    params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

impl Wire {
    fn new(method: &str, path: &str, query: &str, content_type: &str, body: &str) -> Self {
        let body = match content_type {
            _ if body.is_empty() => Value::Null,
            json if json.contains("/json") => serde_json::from_str(body).unwrap(),
            _ => json!(pairs(body)),
        };
        let path = api_auth::percent_decode(path).unwrap();
        Self { method: method.to_owned(), path, query: pairs(query), body }
    }

    fn of(request: &Request) -> Self {
        let content_type = request.headers().get("content-type");
        Self::new(
            request.method().as_str(),
            request.uri().path(),
            request.uri().query().unwrap_or_default(),
            content_type.map(|value| value.to_str().unwrap()).unwrap_or_default(),
            str::from_utf8(request.body()).unwrap(),
        )
    }

    /// The official client writes null for what it was not given, and joins a whitelist by lines.
    fn without_the_clients_ways(mut self) -> Self {
        if let Some(body) = self.body.as_object_mut() {
            body.retain(|name, value| !value.is_null() || name == "oauth_token");
            if let Some(Value::String(text)) = body.get("app_whitelist") {
                body["app_whitelist"] = text.split('\n').collect();
            }
        }
        self
    }
}

fn client(vector: &Value, scheme: Scheme) -> Client {
    let input = |field: &str| vector["inputs"][field].as_str().unwrap_or("none");
    let (id, secret) = (input("client_id"), input("client_secret"));
    let base = vector["inputs"]["base_url"].as_str().unwrap_or("https://tokenpass.tokenly.com");
    Client::builder(id, secret)
        .no_proxy()
        .privileged(id, secret)
        .scheme(scheme)
        .environment(Environment::Custom(base.to_owned()))
        .clock(ManualClock::at_unix(nonce(vector).parse().unwrap_or(0)))
        .build()
        .unwrap()
}

fn client_wire(vector: &Value) {
    let expected = |field: &str| vector["expected"][field].as_str().unwrap_or_default().to_owned();
    let (path, query, body) = (expected("path"), expected("query"), expected("body"));
    let method = text(vector, "/inputs/method");
    let content_type = expected("content_type");

    // What PHP signed was its own writing of the body where that has lists or slashes.
    let php_wrote = body.contains(['[', '\\']);
    if vector["expected"]["signed"] == Value::Bool(true) && !php_wrote {
        let base = text(vector, "/inputs/base_url");
        let question = if query.is_empty() { "" } else { "?" };
        let url = [base, &path, question, &query].concat();
        let sent = request(method, &url, &content_type, &body);
        let signed = sign(vector, Variant::SignedQuery, sent);
        stage(name(vector), "signature", &signed, &expected("signature"));
    }

    let request = typed(vector, &client(vector, Scheme::SignedQuery)).unwrap();
    let mut wire =
        Wire::new(method, &path, &query, &content_type, &body).without_the_clients_ways();
    match text(vector, "/inputs/php_call") {
        // The server of that time answered 405 to the official client's path.
        "lookupUserByAddress" => wire.path = "/api/v1/lookup/addresses".to_owned(),
        // The header of the official client was not sent, and the server required a token.
        "getOAuthUserFromAccessToken" => {
            let token = vector["inputs"]["php_args"][0].as_str().unwrap();
            assert_eq!(request.headers()["authorization"], format!("Bearer {token}"));
        }
        _ => {}
    }
    assert_eq!(Wire::of(&request), wire, "{}", name(vector));
}

fn xapi_request(vector: &Value) {
    let (method, path) = (text(vector, "/inputs/method"), text(vector, "/inputs/path"));
    let body = text(vector, "/inputs/body");
    let signature = body_signature(&key(vector), &nonce(vector), body.as_bytes());
    let expected = text(vector, "/expected/headers/X-API-Signature");
    stage(name(vector), "signature", &signature.hex(), expected);

    let request = typed(vector, &client(vector, Scheme::BodyOnly)).unwrap();
    let headers = request.headers();
    let content_type = headers["content-type"].to_str().unwrap();
    stage(name(vector), "content type", content_type, text(vector, "/expected/content_type"));
    let id = headers["x-api-key"].to_str().unwrap();
    stage(name(vector), "key", id, text(vector, "/expected/headers/X-API-Key"));
    let nonce = headers["x-api-nonce"].to_str().unwrap();
    let own = body_signature(&key(vector), nonce, request.body()).hex();
    stage(name(vector), "own signature", headers["x-api-signature"].to_str().unwrap(), &own);
    let wire = Wire::new(method, path, text(vector, "/expected/query"), content_type, body);
    assert_eq!(Wire::of(&request), wire.without_the_clients_ways(), "{}", name(vector));
}

/// The request of the call that does what a call of the official client does.
fn typed(vector: &Value, client: &Client) -> Result<Request, Error> {
    let arguments = &vector["inputs"]["php_args"];
    let text = |index: usize| {
        let argument = &arguments[index];
        argument.as_str().map_or_else(|| argument.to_string(), str::to_owned)
    };
    let list =
        |index: usize| -> Vec<String> { serde_json::from_value(arguments[index].clone()).unwrap() };
    let as_user = |index: usize, call: &dyn Fn(&Client) -> Result<Request, Error>| {
        call(&client.as_user(text(index)).unwrap())
    };
    fn prepare<E: Endpoint>(client: &Client, call: E) -> Result<Request, Error> {
        client.prepare(&call)
    }
    match vector["inputs"]["php_call"].as_str().unwrap() {
        "checkTokenAccess" => {
            let rules = "TOKENLY >= 1 or LTBCOIN >= 100000".parse::<Rules>().unwrap();
            assert_eq!(arguments[1], json!({"TOKENLY": 1, "LTBCOIN": 100_000, "stackop_1": "OR"}));
            as_user(2, &|client| prepare(client, CheckUser::new(text(0), rules.clone())))
        }
        "getPublicAddresses" => prepare(client, ListPublicAddresses::new(text(0))),
        "getAddressesForAuthenticatedUser" => {
            let refresh = arguments[1] == Value::Bool(true);
            as_user(0, &|client| prepare(client, ListMyAddresses::new().refresh(refresh)))
        }
        "getAddressDetailsForAuthenticatedUser" => {
            as_user(1, &|client| prepare(client, GetMyAddress::new(text(0))))
        }
        "verifyAddress" => {
            as_user(1, &|client| prepare(client, VerifyAddress::new(text(0), text(2))))
        }
        "updateAddressDetails" => as_user(1, &|client| {
            let flag = |index: usize| arguments[index].as_bool().unwrap();
            let update = UpdateAddress::new(text(0)).label(text(2));
            prepare(client, update.public(flag(3)).active(flag(4)))
        }),
        "deleteAddress" => as_user(1, &|client| prepare(client, DeleteAddress::new(text(0)))),
        "lookupUserByAddress" if arguments[0].is_array() => {
            prepare(client, GetUsersByAddresses::new(list(0)))
        }
        "lookupUserByAddress" => prepare(client, GetUserByAddress::new(text(0))),
        "lookupUserByEmail" => prepare(client, GetUserByEmail::new(text(0))),
        "checkUserExists" => prepare(client, CheckUserExists::new(text(0))),
        "registerProvisionalSource" if arguments[3].is_array() => {
            let source = RegisterSource::new(text(0)).proof(text(2)).assets(list(3));
            prepare(client, source.chain("bitcoin"))
        }
        "registerProvisionalSource" => {
            prepare(client, RegisterSource::new(text(0)).proof(text(1)).assets(list(2)))
        }
        "getProvisionalSourceList" => prepare(client, ListSources::new()),
        "promiseTransaction" => {
            let quantity = Satoshis::new(arguments[3].as_i64().unwrap());
            prepare(client, CreatePromise::new(text(0), text(1), text(2), quantity))
        }
        "getPromisedTransactionList" if arguments[0].is_string() => {
            prepare(client, ListPromises::new().destination(text(0)))
        }
        "getPromisedTransactionList" => prepare(client, ListPromises::new()),
        "deletePromisedTransaction" => prepare(client, CancelPromise::new(text(0))),
        "getCombinedPublicBalances" => {
            as_user(0, &|client| prepare(client, ListPublicBalances::new()))
        }
        "newAppCreditGroup" => {
            let group = CreateCreditGroup::new(text(0));
            prepare(client, list(1).into_iter().fold(group, CreateCreditGroup::allow))
        }
        "listAppCreditGroups" => prepare(client, ListCreditGroups::new()),
        "newAppCreditAccount" => prepare(client, CreateCreditAccount::new(text(0), text(1))),
        "getAppCreditAccount" => prepare(client, GetCreditAccount::new(text(0), text(1))),
        "takeAppCredit" => {
            let entry = Entry::new(text(1), arguments[2].as_u64().unwrap()).reference(text(3));
            prepare(client, TakeCredits::new(text(0), [entry]))
        }
        "getAppCreditGroupHistory" => prepare(client, GetCreditGroupHistory::new(text(0))),
        "getTokenPerks" => prepare(client, GetPerks::new(text(0))),
        "getAssetInfo" => prepare(client, GetAsset::new(text(1), text(0))),
        "getChat" => as_user(0, &|client| prepare(client, GetChat::new(text(1)))),
        "editChat" => as_user(0, &|client| {
            let rule = &arguments[2]["tca_rules"][0];
            let amount = Satoshis::whole(rule["quantity"].as_i64().unwrap());
            let update = UpdateChat::new(text(1)).token(rule["token"].as_str().unwrap(), amount);
            prepare(client, update.active(arguments[2]["active"].as_bool().unwrap()))
        }),
        "registerAccount" => prepare(client, RegisterAccount::new(text(0), text(1), text(2))),
        "verifyLoginCredentials" => prepare(client, CheckLogin::new(text(0), text(1))),
        "getOAuthAccessToken" => {
            let callback = "https://app.example.com/account/authorize/callback";
            prepare(client, ExchangeCode::new(text(0), callback))
        }
        "getOAuthUserFromAccessToken" => as_user(0, &|client| prepare(client, GetUser::new())),
        other => panic!("{}: no typed call stands for {other}", name(vector)),
    }
}
