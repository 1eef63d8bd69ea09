//! TinyPass: requests and signatures, made by the official PHP and Ruby clients.

use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime};

use api_auth::hmac::request_line::{self, RequestLine};
use api_auth::{
    Auth, Encoding, Generation, HmacKey, Params, RawEndpoint, Request, Secret, decode_form,
    percent_decode,
};
use serde_json::{Value, json};
use tinypass_client::access::GetAccess;
use tinypass_client::blocks::{
    BlockError, Blocks, ClientAddress, Offer, PriceOption, Purchase, PurchaseFormat, ReadError,
    Token, TokenCookie,
};
use tinypass_client::download::{DownloadPath, GetDownload};
use tinypass_client::subscription::CancelSubscription;
use tinypass_client::user::GetUser;
use tinypass_client::{
    Client, Environment, GetDownloadUrl, GrantAccess, RevokeAccess, SearchAccess,
    SearchSubscriptions, UnixTime, authorization,
};

use crate::{stage, text};

pub(crate) fn run(kind: &str, vector: &Value) -> bool {
    match kind {
        "request" => request(vector),
        "signature" => signature(vector),
        "encrypt" => encrypt(vector),
        "decrypt" => decrypt(vector),
        "cookie_build" => cookie_build(vector),
        "cookie_load" => cookie_load(vector),
        "purchase_request" => purchase_request(vector),
        _ => return false,
    }
    true
}

fn signature(vector: &Value) {
    let key = Secret::new(text(vector, "/inputs/private_key"));
    let key = HmacKey::new("private_key", &key).unwrap();
    let message = text(vector, "/inputs/string_to_sign");
    let signature = key.sign(&[message.as_bytes()]);
    stage(
        text(vector, "/name"),
        "signature",
        &signature.base64url(),
        text(vector, "/expected/signature"),
    );
}

fn request(vector: &Value) {
    let name = text(vector, "/name");
    let (aid, key) =
        (text(vector, "/inputs/aid"), Secret::new(text(vector, "/inputs/private_key")));
    let (method, target) = (text(vector, "/expected/method"), text(vector, "/expected/target"));

    let message = request_line::message(method, target);
    stage(name, "string to sign", &message, text(vector, "/expected/string_to_sign"));
    let hmac = HmacKey::new("private_key", &key).unwrap();
    let signature = request_line::signature(&hmac, method, target);
    stage(name, "signature", &signature.base64url(), text(vector, "/expected/signature"));
    let header = text(vector, "/expected/headers/Authorization");
    stage(name, "header", &authorization(aid, &key, method, target).unwrap(), header);

    let client = client(vector, aid, &key);
    let pairs = pairs(vector);
    let query = target.split_once('?').map_or("", |(_, query)| query);
    if vector["target_is_canonical"] == Value::Bool(false) {
        // Another client's encoding of the same parameters: the signature must hold for it too.
        let mut request = http_request(method, text(vector, "/expected/url"));
        let auth = RequestLine::new(("aid", aid.to_owned()), ("private_key", &key)).unwrap();
        auth.sign(&mut request, &mut Generation::default(), SystemTime::UNIX_EPOCH).unwrap();
        compare(vector, &request);
        assert_eq!(decode_form(query.as_bytes()), owned(&pairs), "{name}: query");
    } else {
        let mut params = Params::new();
        for (name, value) in &pairs {
            params.push(*name, *value);
        }
        stage(name, "query", &Encoding::Form.text(&params), query);
        let raw = pairs.iter().fold(
            RawEndpoint::new(method.parse().unwrap(), text(vector, "/inputs/path")),
            |call, (name, value)| call.param(*name, *value),
        );
        compare(vector, &client.signed_request(&raw).unwrap());
    }
    match typed(&client, vector, &pairs) {
        Ok(request) if is_alike(&request, &pairs) && vector["target_is_canonical"] != false => {
            compare(vector, &request);
        }
        Ok(request) => compare_meaning(vector, &request, &pairs),
        // The raw request above has all of it.
        Err(Untyped) => {}
    }
}

/// A parameter is missing or given twice, or the provider does not document it, or not with this
/// value, such as a list of tags or `1` for true. No typed request has it; the raw one must be right.
struct Untyped;

/// A client of the environment of the expected URL.
fn client(vector: &Value, aid: &str, key: &Secret) -> Client {
    let url = text(vector, "/expected/url");
    let base = url.split_once("/r2/").unwrap_or_else(|| panic!("{url} is of another API")).0;
    Client::builder(aid, key.clone()).environment(environment(base)).no_proxy().build().unwrap()
}

fn environment(base: &str) -> Environment {
    let known = [Environment::Production, Environment::Sandbox];
    let known = known.into_iter().find(|environment| environment.base_url() == base);
    known.unwrap_or_else(|| Environment::Custom(base.to_owned()))
}

fn http_request(method: &str, url: &str) -> Request {
    api_auth::http::Request::builder().method(method).uri(url).body(Vec::new()).unwrap()
}

/// The whole request as it would leave.
fn compare(vector: &Value, request: &Request) {
    let name = text(vector, "/name");
    stage(name, "method", request.method().as_str(), text(vector, "/expected/method"));
    stage(name, "URL", &request.uri().to_string(), text(vector, "/expected/url"));
    for (header, expected) in vector["expected"]["headers"].as_object().expect("headers") {
        let sent = request.headers().get(header);
        let sent = sent.unwrap_or_else(|| panic!("{name}: the header {header} is not sent"));
        stage(name, header, sent.to_str().unwrap(), expected.as_str().unwrap());
    }
    stage(name, "body", str::from_utf8(request.body()).unwrap(), text(vector, "/expected/body"));
}

/// The pairs of a query, decoded.
fn query_of(request: &Request) -> Vec<(String, String)> {
    decode_form(request.uri().query().unwrap_or_default().as_bytes())
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Whether a request has these parameters in this order.
fn is_alike(request: &Request, pairs: &[(&str, &str)]) -> bool {
    query_of(request) == owned(pairs)
}

/// Method, host, decoded path and parameters in any order: the order of a typed request is its own,
/// and another order is another signature.
fn compare_meaning(vector: &Value, request: &Request, pairs: &[(&str, &str)]) {
    let name = text(vector, "/name");
    let decoded = |path: &str| percent_decode(path).unwrap();
    stage(name, "typed method", request.method().as_str(), text(vector, "/expected/method"));
    let expected: api_auth::http::Uri = text(vector, "/expected/url").parse().unwrap();
    assert_eq!(request.uri().host(), expected.host(), "{name}: typed host");
    stage(name, "typed path", &decoded(request.uri().path()), &decoded(expected.path()));
    let (mut ours, mut theirs) = (query_of(request), owned(pairs));
    ours.sort();
    theirs.sort();
    assert_eq!(ours, theirs, "{name}: typed parameters");
    assert!(request.body().is_empty(), "{name}: typed body");
}

fn pairs(vector: &Value) -> Vec<(&str, &str)> {
    let pairs = vector["inputs"]["params"].as_array().expect("params");
    pairs.iter().map(|pair| (text(pair, "/0"), text(pair, "/1"))).collect()
}

/// The parameters of a vector, for a typed call.
struct Given<'a>(&'a [(&'a str, &'a str)]);

impl<'a> Given<'a> {
    /// Rejects parameters that are not among `names`, or given twice.
    fn only(&self, names: &[&str]) -> Result<(), Untyped> {
        let mut seen = Vec::new();
        for (name, _) in self.0 {
            if !names.contains(name) || seen.contains(name) {
                return Err(Untyped);
            }
            seen.push(*name);
        }
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }

    fn need(&self, name: &str) -> Result<&'a str, Untyped> {
        self.get(name).ok_or(Untyped)
    }

    /// A value that is written as it is read.
    fn parsed<T: std::str::FromStr + ToString>(&self, name: &str) -> Result<Option<T>, Untyped> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let value = text.parse::<T>().ok().filter(|value| value.to_string() == text);
        value.map(Some).ok_or(Untyped)
    }

    fn time(&self, name: &str) -> Result<Option<UnixTime>, Untyped> {
        Ok(self.parsed(name)?.map(UnixTime::from_seconds))
    }
}

/// Sets the optional parameters that are given.
macro_rules! with {
    ($call:expr $(, $setter:ident($value:expr))* $(,)?) => {{
        let mut call = $call;
        $( if let Some(value) = $value { call = call.$setter(value); } )*
        call
    }};
}

/// The request of the typed call for these parameters.
fn typed(client: &Client, vector: &Value, pairs: &[(&str, &str)]) -> Result<Request, Untyped> {
    let given = Given(pairs);
    let path = text(vector, "/inputs/path");
    let download_path = |documented: &str, sdk: &str| match path {
        _ if path == documented => DownloadPath::Documented,
        _ if path == sdk => DownloadPath::Sdk,
        other => panic!("no download path {other}"),
    };
    let request = match text(vector, "/inputs/endpoint") {
        "access.get" => {
            given.only(&["rid", "user_ref"])?;
            client.signed_request(&GetAccess::new(given.need("rid")?, given.need("user_ref")?))
        }
        "access.search" => {
            given.only(&["rid", "user_ref", "email", "tag", "show_expired", "page", "pagesize"])?;
            client.signed_request(&with!(
                SearchAccess::new(),
                rid(given.get("rid")),
                user_ref(given.get("user_ref")),
                email(given.get("email")),
                tag(given.get("tag")),
                show_expired(given.parsed("show_expired")?),
                page(given.parsed("page")?),
                page_size(given.parsed("pagesize")?),
            ))
        }
        "access.grant" => {
            given.only(&["rid", "user_ref", "email", "expiration", "message", "suppress_email"])?;
            client.signed_request(&with!(
                GrantAccess::new(given.need("rid")?, given.need("email")?),
                user_ref(given.get("user_ref")),
                expires(given.time("expiration")?),
                message(given.get("message")),
                suppress_email(given.parsed("suppress_email")?),
            ))
        }
        "access.revoke" => {
            given.only(&["rid", "user_ref", "refund"])?;
            client.signed_request(&with!(
                RevokeAccess::new(given.need("rid")?, given.need("user_ref")?),
                refund(given.parsed("refund")?),
            ))
        }
        "subscription.search" => {
            given.only(&["rid", "user_ref"])?;
            client.signed_request(&with!(
                SearchSubscriptions::new(),
                rid(given.get("rid")),
                user_ref(given.get("user_ref")),
            ))
        }
        "subscription.cancel" => {
            given.only(&["rid", "user_ref"])?;
            client.signed_request(&CancelSubscription::new(
                given.need("rid")?,
                given.need("user_ref")?,
            ))
        }
        "download.url" | "download.url_sdk" => {
            let rid = given.need("rid")?;
            let call = match given.parsed("lifetime")? {
                Some(seconds) => {
                    given.only(&["rid", "lifetime"])?;
                    GetDownloadUrl::for_lifetime(rid, Duration::from_secs(seconds))
                }
                None => {
                    given.only(&["rid", "expiration"])?;
                    let end = given.time("expiration")?.ok_or(Untyped)?;
                    GetDownloadUrl::until(rid, end)
                }
            };
            client
                .signed_request(&call.path(download_path("/r2/downloads/url", "/r2/download/url")))
        }
        "download.get" | "download.get_sdk" => {
            given.only(&["rid"])?;
            let path = download_path("/r2/download/", "/r2/download");
            client.signed_request(&GetDownload::new(given.need("rid")?).path(path))
        }
        "user.get" => {
            given.only(&[])?;
            let uid = path.strip_prefix("/r2/user/").unwrap_or_else(|| panic!("no user: {path}"));
            client.signed_request(&GetUser::new(percent_decode(uid).unwrap()))
        }
        other => panic!("{}: no typed call for the endpoint {other}", text(vector, "/name")),
    };
    Ok(request.unwrap_or_else(|error| panic!("{}: {error}", text(vector, "/name"))))
}

fn blocks(vector: &Value) -> Blocks {
    Blocks::new(text(vector, "/inputs/aid"), text(vector, "/inputs/private_key")).unwrap()
}

fn encrypt(vector: &Value) {
    let (blocks, plain) = (blocks(vector), text(vector, "/inputs/plaintext"));
    let name = text(vector, "/name");
    let block = blocks.seal(plain);
    stage(name, "block", &block, text(vector, "/expected/block"));
    stage(name, "opened", &blocks.open(&block).unwrap(), plain);
}

fn decrypt(vector: &Value) {
    let opened = blocks(vector).open(text(vector, "/inputs/block"));
    let name = text(vector, "/name");
    match (opened, vector.pointer("/expected/error").and_then(Value::as_str)) {
        (Ok(plain), None) => stage(name, "text", &plain, text(vector, "/expected/plaintext")),
        (Err(error), Some("signature mismatch")) => {
            assert_eq!(error, ReadError::Block(BlockError::SignatureMismatch), "{name}");
        }
        (opened, _) => panic!("{name}: {opened:?}"),
    }
}

fn tokens(value: &Value) -> Vec<Token> {
    serde_json::from_value(value.clone()).unwrap()
}

fn cookie_build(vector: &Value) {
    let (blocks, name) = (blocks(vector), text(vector, "/name"));
    let expected = text(vector, "/expected/cookie_value");
    let cookie = TokenCookie::new(tokens(&vector["inputs"]["tokens"]));
    let (value, read) = match text(vector, "/inputs/settings") {
        "{jox}" => (Blocks::write_open_cookie(&cookie), blocks.read_unsigned_cookie(expected)),
        "" | "{jax}" => (blocks.seal_cookie(&cookie), blocks.read_cookie(expected)),
        other => panic!("{name}: no cookie with the settings {other}"),
    };
    stage(name, "cookie", &value, expected);
    assert_eq!(read.unwrap(), cookie, "{name}");
}

fn cookie_load(vector: &Value) {
    let (blocks, name) = (blocks(vector), text(vector, "/name"));
    let value = text(vector, "/inputs/cookie_value");
    // A cookie without a signature has a method of its own.
    let read = match blocks.read_cookie(value) {
        Err(ReadError::Unsigned) => blocks.read_unsigned_cookie(value),
        read => read,
    };
    let cookie = match (read, vector.pointer("/expected/error").and_then(Value::as_str)) {
        (Ok(cookie), None) => cookie,
        (Err(error), Some(expected)) => return stage(name, "error", &error.to_string(), expected),
        (read, _) => panic!("{name}: {read:?}"),
    };
    assert_eq!(cookie.tokens(), tokens(&vector["expected"]["tokens"]), "{name}: tokens");
    let seconds = vector["inputs"]["now"].as_u64().expect("now");
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let checks = vector["expected"]["checks"].as_array().expect("checks");
    let asked: Vec<Value> =
        checks.iter().map(|check| json!([check["rid"], check["client_ip"]])).collect();
    assert_eq!(Value::from(asked), vector["inputs"]["check"], "{name}: checks");
    for check in checks {
        // The official clients do not check the binding without an IPv4 address.
        let ip = check["client_ip"].as_str().and_then(|ip| ip.parse::<Ipv4Addr>().ok());
        let ip = ip.map_or(ClientAddress::NotChecked, ClientAddress::V4);
        let state = cookie.access(text(check, "/rid"), now, ip);
        assert_eq!(json!(state.code()), check["state"], "{name}: {check}");
        assert_eq!(json!(state.is_granted()), check["granted"], "{name}: {check}");
    }
}

/// Rejects members that no code reads.
fn only(value: &Value, names: &[&str]) {
    for member in value.as_object().expect("an object").keys() {
        assert!(names.contains(&member.as_str()), "no typed argument `{member}`");
    }
}

fn price_option(value: &Value) -> PriceOption {
    only(value, &["price", "period", "caption", "starts", "ends"]);
    let time = |name: &str| value[name].as_i64().map(UnixTime::from_seconds);
    let period = value["period"].as_str().unwrap_or_default();
    with!(
        PriceOption::new(text(value, "/price"), period),
        caption(value["caption"].as_str()),
        starts(time("starts")),
        ends(time("ends")),
    )
}

fn offer(value: &Value) -> Offer {
    only(value, &["resource", "price_options", "tags"]);
    let mut prices = value["price_options"].as_array().expect("price options").iter();
    let first = price_option(prices.next().expect("a price"));
    let offer = Offer::new(text(value, "/resource/0"), text(value, "/resource/1"), first);
    let offer = with!(offer, url(value["resource"][2].as_str()));
    let offer = prices.map(price_option).fold(offer, Offer::price);
    let tags = value["tags"].as_array().into_iter().flatten();
    tags.fold(offer, |offer, tag| offer.tag(tag.as_str().expect("a tag")))
}

fn purchase_request(vector: &Value) {
    let (blocks, name) = (blocks(vector), text(vector, "/name"));
    let inputs = &vector["inputs"];
    let given = |name: &str| inputs[name].as_str();
    only(
        inputs,
        &[
            "private_key",
            "aid",
            "now",
            "primary",
            "secondary",
            "callback",
            "client_ip",
            "user_ref",
            "return_url",
            "cancel_url",
        ],
    );
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(inputs["now"].as_u64().expect("now"));
    // The two official clients write different formats.
    let format = match text(vector, "/made_by") {
        writer if writer.contains("Ruby") => PurchaseFormat::Ruby,
        writer if writer.contains("PHP") => PurchaseFormat::Php,
        writer => panic!("{name}: the format of {writer} is not known"),
    };
    let purchase = with!(
        Purchase::new(offer(&inputs["primary"])).format(format),
        secondary(inputs.get("secondary").filter(|value| !value.is_null()).map(offer)),
        callback(given("callback")),
        client_ip(given("client_ip")),
        user_ref(given("user_ref")),
        return_url(given("return_url")),
        cancel_url(given("cancel_url")),
    );
    let request = blocks.purchase_request(&purchase, now).unwrap();
    let json = blocks.open(request.trim_start_matches("{jax}")).unwrap();
    stage(name, "JSON", &json, text(vector, "/expected/json"));
    stage(name, "block", &request, text(vector, "/expected/block"));
    let expected = text(vector, "/expected/link");
    let (base, _) = expected.split_once("/v2/").expect("a link");
    let link = blocks.purchase_link(&purchase, &environment(base), now).unwrap();
    stage(name, "link", &link, expected);
}
