//! TinyPass: requests and signatures, made by the official PHP and Ruby clients.

use std::time::{Duration, SystemTime};

use api_auth::hmac::request_line::{self, RequestLine};
use api_auth::{Auth, Encoding, HmacKey, Note, Params, RawEndpoint, Request, Secret};
use serde_json::Value;
use tinypass_client::blocks::{
    Blocks, CaptionKey, ClientAddress, Offer, PriceOption, Purchase, ReadError, Token, TokenCookie,
};
use tinypass_client::{
    CancelSubscription, Client, DownloadPath, Environment, Error, GetAccess, GetDownload,
    GetDownloadUrl, GetUser, GrantAccess, RevokeAccess, SearchAccess, SearchSubscriptions,
    UnixTime, authorization,
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

    let client = Client::builder(aid, key.clone()).no_proxy().build().unwrap();
    if vector["target_is_canonical"] == Value::Bool(false) {
        // Another client's way of writing the same parameters: the signature must hold for it too.
        let mut request = http_request(method, text(vector, "/expected/url"));
        let auth = RequestLine::new(("aid", aid.to_owned()), ("private_key", &key)).unwrap();
        auth.sign(&mut request, &mut Note::default(), SystemTime::UNIX_EPOCH).unwrap();
        compare(vector, &request);
        return;
    }
    let pairs = pairs(vector);
    let mut params = Params::new();
    for (name, value) in &pairs {
        params.push(*name, *value);
    }
    let query = target.split_once('?').map_or("", |(_, query)| query);
    stage(name, "query", &Encoding::Form.text(&params), query);

    if let Some(Ok(request)) = typed(&client, vector, &pairs) {
        compare(vector, &request);
        return;
    }
    let raw = pairs.iter().fold(
        RawEndpoint::new(method.parse().unwrap(), text(vector, "/inputs/path")),
        |call, (name, value)| call.param(*name, *value),
    );
    compare(vector, &client.prepare(&raw).unwrap());
}

fn http_request(method: &str, url: &str) -> Request {
    api_auth::http::Request::builder().method(method).uri(url).body(Vec::new()).unwrap()
}

/// The whole request as it would leave.
fn compare(vector: &Value, request: &Request) {
    let name = text(vector, "/name");
    stage(name, "method", request.method().as_str(), text(vector, "/expected/method"));
    stage(name, "URL", &request.uri().to_string(), text(vector, "/expected/url"));
    let header = request.headers()["authorization"].to_str().unwrap();
    stage(name, "sent header", header, text(vector, "/expected/headers/Authorization"));
    stage(name, "body", str::from_utf8(request.body()).unwrap(), text(vector, "/expected/body"));
}

fn pairs(vector: &Value) -> Vec<(&str, &str)> {
    let pairs = vector["inputs"]["params"].as_array().expect("params");
    pairs.iter().map(|pair| (text(pair, "/0"), text(pair, "/1"))).collect()
}

/// The request of the typed call, if it can be asked for these parameters in this order.
fn typed(
    client: &Client,
    vector: &Value,
    pairs: &[(&str, &str)],
) -> Option<Result<Request, Error>> {
    let names: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
    let get = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let flag = |name: &str| match get(name) {
        None => Some(None),
        Some("true") => Some(Some(true)),
        Some("false") => Some(Some(false)),
        Some(_) => None,
    };
    let number = |name: &str| {
        get(name).map(|text| text.parse::<u32>().ok().filter(|n| n.to_string() == text))
    };
    let time =
        |name: &str| get(name).and_then(|text| text.parse().ok()).map(UnixTime::from_seconds);
    let in_order = |order: &[&str]| {
        let mut rest = order.iter();
        names.iter().all(|name| rest.any(|known| known == name))
    };
    let path = match text(vector, "/inputs/path") {
        "/r2/download/url" | "/r2/download" => DownloadPath::Sdk,
        _ => DownloadPath::Documented,
    };
    Some(match text(vector, "/inputs/endpoint") {
        "access.get" if names == ["rid", "user_ref"] => {
            client.prepare(&GetAccess::new(get("rid")?, get("user_ref")?))
        }
        "access.search"
            if in_order(&[
                "rid",
                "user_ref",
                "email",
                "tag",
                "show_expired",
                "page",
                "pagesize",
            ]) =>
        {
            let mut search = SearchAccess::new();
            if let Some(rid) = get("rid") {
                search = search.rid(rid);
            }
            if let Some(user_ref) = get("user_ref") {
                search = search.user_ref(user_ref);
            }
            if let Some(email) = get("email") {
                search = search.email(email);
            }
            if let Some(tag) = get("tag") {
                search = search.tag(tag);
            }
            if let Some(show) = flag("show_expired")? {
                search = search.show_expired(show);
            }
            if let Some(page) = number("page") {
                search = search.page(page?);
            }
            if let Some(size) = number("pagesize") {
                search = search.page_size(size?);
            }
            client.prepare(&search)
        }
        "access.grant"
            if in_order(&[
                "rid",
                "user_ref",
                "email",
                "expiration",
                "message",
                "suppress_email",
            ]) =>
        {
            let mut grant = GrantAccess::new(get("rid")?, get("email")?);
            if let Some(user_ref) = get("user_ref") {
                grant = grant.user_ref(user_ref);
            }
            if get("expiration").is_some() {
                grant = grant.expiration(time("expiration")?);
            }
            if let Some(message) = get("message") {
                grant = grant.message(message);
            }
            if let Some(suppress) = flag("suppress_email")? {
                grant = grant.suppress_email(suppress);
            }
            client.prepare(&grant)
        }
        "access.revoke" if in_order(&["rid", "user_ref", "refund"]) => {
            let mut revoke = RevokeAccess::new(get("rid")?, get("user_ref")?);
            if let Some(refund) = flag("refund")? {
                revoke = revoke.refund(refund);
            }
            client.prepare(&revoke)
        }
        "subscription.search" if in_order(&["rid", "user_ref"]) => {
            let mut search = SearchSubscriptions::new();
            if let Some(rid) = get("rid") {
                search = search.rid(rid);
            }
            if let Some(user_ref) = get("user_ref") {
                search = search.user_ref(user_ref);
            }
            client.prepare(&search)
        }
        "subscription.cancel" if names == ["rid", "user_ref"] => {
            client.prepare(&CancelSubscription::new(get("rid")?, get("user_ref")?))
        }
        "download.url" | "download.url_sdk" if names == ["rid", "lifetime"] => {
            let lifetime = Duration::from_secs(number("lifetime")??.into());
            client.prepare(&GetDownloadUrl::for_lifetime(get("rid")?, lifetime).path(path))
        }
        "download.url" | "download.url_sdk" if names == ["rid", "expiration"] => {
            client.prepare(&GetDownloadUrl::until(get("rid")?, time("expiration")?).path(path))
        }
        "download.get" | "download.get_sdk" if names == ["rid"] => {
            client.prepare(&GetDownload::new(get("rid")?).path(path))
        }
        "user.get" if names.is_empty() => {
            let uid = text(vector, "/inputs/path").strip_prefix("/r2/user/")?;
            if uid.contains('%') {
                return None;
            }
            client.prepare(&GetUser::new(uid))
        }
        _ => return None,
    })
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
        (Err(error), Some(expected)) => stage(name, "error", &error.to_string(), expected),
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
        _ => (blocks.seal_cookie(&cookie), blocks.read_cookie(expected)),
    };
    stage(name, "cookie", &value, expected);
    assert_eq!(read.unwrap(), cookie, "{name}");
}

fn cookie_load(vector: &Value) {
    let (blocks, name) = (blocks(vector), text(vector, "/name"));
    let value = text(vector, "/inputs/cookie_value");
    // What is signed is read by the call that insists on it.
    let cookie = match blocks.read_cookie(value) {
        Err(ReadError::Unsigned) => blocks.read_unsigned_cookie(value).unwrap(),
        read => read.unwrap(),
    };
    assert_eq!(cookie.tokens(), tokens(&vector["expected"]["tokens"]), "{name}");
    let seconds = vector["inputs"]["now"].as_u64().expect("now");
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    for check in vector["expected"]["checks"].as_array().expect("checks") {
        // The official clients do not check the binding without an address.
        let ip = match check["client_ip"].as_str() {
            Some(ip) => ip.parse::<std::net::IpAddr>().expect("an address").into(),
            None => ClientAddress::NotChecked,
        };
        let state = cookie.access(text(check, "/rid"), now, ip);
        assert_eq!(u64::from(state.code()), check["state"], "{name}: {check}");
        assert_eq!(state.is_granted(), check["granted"], "{name}: {check}");
    }
}

fn offer(value: &Value) -> Offer {
    let prices = value["price_options"].as_array().expect("price options");
    let mut prices = prices.iter().map(|option| {
        let price = PriceOption::new(text(option, "/price"), text(option, "/period"));
        match option["caption"].as_str() {
            Some(caption) => price.caption(caption),
            None => price,
        }
    });
    let first = prices.next().expect("a price");
    let offer = Offer::new(text(value, "/resource/0"), text(value, "/resource/1"), first);
    let offer = prices.fold(offer, Offer::price);
    let tags = value["tags"].as_array().into_iter().flatten();
    tags.fold(offer, |offer, tag| offer.tag(tag.as_str().expect("a tag")))
}

fn purchase_request(vector: &Value) {
    let (blocks, name) = (blocks(vector), text(vector, "/name"));
    let inputs = &vector["inputs"];
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(inputs["now"].as_u64().expect("now"));
    // The vectors come of the Ruby gem, which names captions otherwise than the PHP client.
    let mut purchase = Purchase::new(offer(&inputs["primary"])).caption_key(CaptionKey::Ruby);
    if let Some(function) = inputs["callback"].as_str() {
        purchase = purchase.callback(function);
    }
    if let Some(url) = inputs["return_url"].as_str() {
        purchase = purchase.return_url(url);
    }
    if let Some(url) = inputs["cancel_url"].as_str() {
        purchase = purchase.cancel_url(url);
    }
    if inputs["secondary"].is_object() {
        purchase = purchase.secondary(offer(&inputs["secondary"]));
    }
    let request = blocks.purchase_request(&purchase, now).unwrap();
    let json = blocks.open(request.trim_start_matches("{jax}")).unwrap();
    stage(name, "JSON", &json, text(vector, "/expected/json"));
    stage(name, "block", &request, text(vector, "/expected/block"));
    let link = blocks.purchase_link(&purchase, &Environment::Production, now).unwrap();
    stage(name, "link", &link, text(vector, "/expected/link"));
}
