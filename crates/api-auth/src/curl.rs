//! Requests as `curl` commands, for bug reports and manual tests.

use std::borrow::Cow;
use std::fmt::Write;

use http::Method;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::body::is_form;
use crate::encode::{decode_form, without_user_infos};
use crate::message::Request;
use crate::raw_members::RawMembers;
use crate::secret_names::{has_secret_name, is_masked_header, is_secret, scope};

/// Returns `request` as a `curl` command for a POSIX shell, in which `***` replaces the secrets.
/// For a command that works as printed, use [`curl_with_secrets`].
///
/// The following values are secrets:
///
/// - headers that are marked as sensitive, headers whose name is one of the `secret_parameters`, and
///   headers whose name identifies a secret, such as `authorization` and `cookie`;
/// - the values of the `secret_parameters` in the query, a form and a JSON body, and of parameters
///   whose name identifies a secret (`password`, `clientSecret`, `card.number`, `user[token]`), at
///   any depth and with all nested values. The case and punctuation of names are ignored. Values
///   that are themselves JSON, a form or a URL with a query are masked in the same way;
/// - a body that is neither a form nor a JSON object or array;
/// - the user name and password in the URL, and in URLs in the values of headers and parameters.
///
/// ```
/// use api_auth::curl;
///
/// let request = http::Request::get("https://api.example.com/a?q=it%27s&token=t").body(Vec::new())?;
/// assert_eq!(
///     curl(&request, &["token"]),
///     "curl -X GET 'https://api.example.com/a?q=it%27s&token=***'"
/// );
/// # Ok::<(), http::Error>(())
/// ```
#[inline]
pub fn curl(request: &Request, secret_parameters: &[&str]) -> String {
    masked_command(request, request.uri().path(), secret_parameters)
}

/// Returns `request` as a `curl` command for a POSIX shell that sends the same method, URL, headers
/// and body. Do not share it, because it grants the same access as the credentials.
///
/// ```
/// use api_auth::curl_with_secrets;
///
/// let request = http::Request::get("https://api.example.com/a?q=it%27s&token=t").body(Vec::new())?;
/// assert_eq!(
///     curl_with_secrets(&request),
///     "curl -X GET 'https://api.example.com/a?q=it%27s&token=t'"
/// );
/// # Ok::<(), http::Error>(())
/// ```
#[inline]
pub fn curl_with_secrets(request: &Request) -> String {
    command(request, request.uri().path(), &[], false)
}

/// Returns `request` as a `curl` command in which `***` replaces the secrets, and `path` replaces
/// the path of the request.
#[inline]
pub(crate) fn masked_command(request: &Request, path: &str, secret_parameters: &[&str]) -> String {
    command(request, path, secret_parameters, true)
}

#[inline]
fn command(request: &Request, path: &str, listed: &[&str], masked: bool) -> String {
    let body = request.body();
    let mut command = String::new();
    // The shell cannot pass a NUL as an argument, and a string cannot contain bytes that are not
    // UTF-8.
    let text = str::from_utf8(body).ok().filter(|text| !text.contains('\0'));
    let is_binary = text.is_none() && !masked;
    if is_binary {
        let _ = write!(command, "printf '{}' | ", printf_format(body));
    }
    match request.method() {
        // Without `--head`, curl would wait for the body of the response.
        &Method::HEAD if body.is_empty() => command.push_str("curl --head"),
        method if method.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            let _ = write!(command, "curl -X {method}");
        }
        method => {
            let _ = write!(command, "curl -X {}", quote(method.as_str()));
        }
    }
    let query = request.uri().query();
    if [path, query.unwrap_or_default()].concat().contains(['[', ']', '{', '}', '\\']) {
        command.push_str(" --globoff");
    }
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        command.push_str(" --path-as-is");
    }
    let mut url = origin(request);
    url.push_str(path);
    if let Some(query) = query {
        url.push('?');
        url.push_str(&if masked { mask_parameters(query, listed) } else { query.into() });
    }
    let url = if masked { without_user_infos(&url) } else { url.into() };
    let _ = write!(command, " {}", quote(&url));
    for (name, value) in request.headers() {
        let text = match masked {
            true => masked_header(name, value, listed),
            false => String::from_utf8_lossy(value.as_bytes()),
        };
        command.push_str(&header_option(name, &text));
    }
    let has = |name| request.headers().contains_key(name);
    if body.is_empty() {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD | Method::DELETE);
        if !is_read && !has(CONTENT_LENGTH) {
            command.push_str(" -H 'content-length: 0'");
        }
        return command;
    }
    if !has(CONTENT_TYPE) {
        command.push_str(" -H 'content-type:'");
    }
    if is_binary {
        command.push_str(" --data-binary @-");
        return command;
    }
    let text = match text {
        Some(text) if masked => mask_body(request, text, listed),
        text => text.unwrap_or("***").into(),
    };
    let _ = write!(command, " --data-raw {}", quote(&text));
    command
}

fn masked_header<'a>(name: &HeaderName, value: &'a HeaderValue, listed: &[&str]) -> Cow<'a, str> {
    if value.is_sensitive() || is_masked_header(name.as_str(), listed) {
        return "***".into();
    }
    let text = String::from_utf8_lossy(value.as_bytes());
    mask_text(&text, "", listed).map_or(text, Cow::Owned)
}

fn header_option(name: &HeaderName, value: &str) -> String {
    let header = match value {
        // With a colon, curl would omit the header.
        "" => format!("{name};"),
        value => format!("{name}: {value}"),
    };
    format!(" -H {}", quote(&header))
}

/// Returns the scheme, host and port of a request, such as `https://api.example.com`.
#[inline]
fn origin(request: &Request) -> String {
    let uri = request.uri();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    match uri.scheme_str() {
        Some(scheme) => [scheme, "://", authority].concat(),
        None => authority.to_owned(),
    }
}

#[inline]
fn mask_body<'a>(request: &Request, text: &'a str, listed: &[&str]) -> Cow<'a, str> {
    // JSON is also masked as JSON if the content type of the request is a form.
    if is_form(request) && !is_like_json(text) {
        mask_parameters(text, listed)
    } else {
        mask_json(text, listed).into()
    }
}

/// Masks the values of parameters whose name identifies a secret, in a query or a form such as
/// `a=b&c=d`.
#[inline]
pub(crate) fn mask_parameters<'a>(text: &'a str, listed: &[&str]) -> Cow<'a, str> {
    let pairs = text.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret("", &decoded(name), listed) => {
            Cow::Owned([name, "=***"].concat())
        }
        Some((name, value)) => {
            let scope = scope("", &decoded(name));
            match mask_text(&decoded_value(value), &scope, listed) {
                Some(masked) => Cow::Owned([name, "=", &encoded_value(&masked)].concat()),
                None => Cow::Borrowed(pair),
            }
        }
        None => Cow::Borrowed(pair),
    });
    pairs.collect::<Vec<_>>().join("&").into()
}

/// Percent-encodes a masked value for a form, except for the `***` in it.
#[inline]
pub(crate) fn encoded_value(masked: &str) -> String {
    // Readers expect asterisks, not their percent-encoding.
    utf8_percent_encode(masked, NON_ALPHANUMERIC).to_string().replace("%2A%2A%2A", "***")
}

/// Decodes the percent-encoding and the `+` in a value of a form. Bytes that are not UTF-8 become
/// U+FFFD.
#[inline]
pub(crate) fn decoded_value(value: &str) -> String {
    percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// Returns whether a string begins like a JSON object or array, that is, with `{` or `[`.
pub(crate) fn is_like_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '['])
}

/// Masks the secrets of a value that is JSON, a form, or a URL with a query or a password. Returns
/// `None` if the value contains no secret. JSON that cannot be parsed is masked as a whole if it
/// contains the name of a secret.
#[inline]
pub(crate) fn mask_text(text: &str, parent: &str, listed: &[&str]) -> Option<String> {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(_) | Value::Array(_) | Value::String(_)) => {
            return mask_value(text, parent, listed);
        }
        Err(_) if is_like_json(text) => {
            return has_secret_name(text, listed).then(|| "***".to_owned());
        }
        _ => {}
    }
    const SEPARATORS: [char; 3] = ['?', '#', '&'];
    let shown = without_user_infos(text);
    let mut masked = String::new();
    let mut is_masked = shown != text;
    for part in shown.split_inclusive(SEPARATORS) {
        let pair = part.strip_suffix(SEPARATORS).unwrap_or(part);
        match pair.split_once('=') {
            Some((name, value)) if !value.is_empty() && is_secret("", &decoded(name), listed) => {
                is_masked = true;
                masked.push_str(name);
                masked.push_str("=***");
                masked.extend(part.strip_prefix(pair));
            }
            _ => masked.push_str(part),
        }
    }
    is_masked.then_some(masked)
}

#[inline]
fn decoded(name: &str) -> String {
    decode_form(name.as_bytes()).into_iter().map(|(name, _)| name).collect()
}

/// Returns a JSON text in which the values of members whose names identify secrets are masked, at
/// any depth. Any text that is not a JSON object or array is masked as a whole, because it contains
/// no names.
#[inline]
fn mask_json(text: &str, listed: &[&str]) -> String {
    match serde_json::from_slice::<Value>(text.as_bytes()) {
        Ok(Value::Object(_) | Value::Array(_)) => {
            mask_value(text, "", listed).unwrap_or_else(|| text.to_owned())
        }
        _ => "***".to_owned(),
    }
}

/// Masks the secrets of a JSON text whose nesting is limited. All other parts of it, such as the
/// digits of numbers, are unchanged. Returns `None` if the text contains no secret.
#[inline]
fn mask_value(text: &str, parent: &str, listed: &[&str]) -> Option<String> {
    let text = text.trim();
    let mut is_masked = false;
    let mut unless_masked = |masked: Option<String>, value: &RawValue| {
        is_masked |= masked.is_some();
        masked.unwrap_or_else(|| value.get().to_owned())
    };
    let mut parts = Vec::new();
    let (open, close) = match text.bytes().next() {
        Some(b'{') => {
            for (name, value) in RawMembers::parse(text)?.0 {
                let masked = match is_secret(parent, &name, listed) {
                    true => Some("\"***\"".to_owned()),
                    false => mask_value(value.get(), &scope(parent, &name), listed),
                };
                let value = unless_masked(masked, value);
                parts.push(format!("{}:{value}", Value::from(&*name)));
            }
            ('{', '}')
        }
        Some(b'[') => {
            for value in serde_json::from_str::<Vec<&RawValue>>(text).ok()? {
                parts.push(unless_masked(mask_value(value.get(), parent, listed), value));
            }
            ('[', ']')
        }
        Some(b'"') => {
            let text: String = serde_json::from_str(text).ok()?;
            return Some(Value::from(mask_text(&text, parent, listed)?).to_string());
        }
        _ => return None,
    };
    is_masked.then(|| format!("{open}{}{close}", parts.join(",")))
}

/// Formats bytes as a format string for the command `printf`.
#[inline]
fn printf_format(bytes: &[u8]) -> String {
    let escape = |format: &mut String, byte: u8| {
        let _ = write!(format, "\\{byte:03o}");
    };
    let mut format = String::with_capacity(bytes.len() * 4);
    for byte in bytes {
        match byte {
            b'%' => format.push_str("%%"),
            b'\\' | b'\'' => escape(&mut format, *byte),
            // At the beginning it would be an option.
            b'-' if format.is_empty() => escape(&mut format, *byte),
            b' '..=b'~' => format.push(char::from(*byte)),
            _ => escape(&mut format, *byte),
        }
    }
    format
}

#[inline]
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::FORM;
    use http::header::HeaderValue;

    fn request(content_type: &str, body: &str) -> Request {
        let mut signature = HeaderValue::from_static("AID:CANARY");
        signature.set_sensitive(true);
        http::Request::post("https://h/p?a=1&oauth_token=CANARY")
            .header("authorization", signature)
            .header("content-type", content_type)
            .body(body.as_bytes().to_vec())
            .unwrap()
    }

    #[test]
    fn masked_commands_show_no_secret() {
        for (kind, body) in [
            ("application/x-www-form-urlencoded", "b=2&oauth_token=CANARY"),
            ("application/json", r#"{"b":2,"deep":[{"oauth_token":"CANARY"}]}"#),
            ("text/plain", "CANARY"),
        ] {
            let request = request(kind, body);
            let masked = curl(&request, &["oauth_token"]);
            assert!(!masked.contains("CANARY"), "{masked}");
            let shown = curl_with_secrets(&request);
            assert_eq!(shown.matches("CANARY").count(), 3, "{shown}");
        }
    }

    #[test]
    fn user_information_of_urls_in_values_is_masked() {
        let url = "http://u:CANARY@h/";
        let query = "u=http%3A%2F%2Fu%3ACANARY%40h%2F";
        for (kind, body) in [
            ("application/x-www-form-urlencoded", query.to_owned()),
            ("application/json", format!(r#"{{"a":[{{"u":"{url}"}}]}}"#)),
            ("application/json", format!(r#"{{"a":"see {url} and {url}"}}"#)),
            ("application/json", r#"{"a":"http:\/\/u:CANARY@h"}"#.to_owned()),
        ] {
            let request = http::Request::post(format!("https://h/p?{query}"))
                .header("content-type", kind)
                .header("referer", url)
                .body(body.into_bytes())
                .unwrap();
            let masked = curl(&request, &[]);
            assert!(!masked.contains("CANARY") && masked.contains("http://***@h/"), "{masked}");
            assert_eq!(curl_with_secrets(&request).matches("CANARY").count(), {
                let body = String::from_utf8_lossy(request.body()).matches("CANARY").count();
                body + 2
            });
        }
    }

    #[test]
    fn secret_parameters_in_headers_are_masked() {
        let url = "https://h/?code=CANARY&state=1";
        let request = http::Request::get("https://h/p").header("referer", url);
        let request = request.body(Vec::new()).unwrap();
        let masked = curl(&request, &["code"]);
        assert_eq!(masked, "curl -X GET 'https://h/p' -H 'referer: https://h/?code=***&state=1'");
        let request = http::Request::get("https://h/p").header("ECC-Key", "CANARY");
        let request = request.header("ecc-key-id", "1").body(Vec::new()).unwrap();
        let masked = curl(&request, &["ecc_key"]);
        assert_eq!(masked, "curl -X GET 'https://h/p' -H 'ecc-key: ***' -H 'ecc-key-id: 1'");
    }

    #[test]
    fn user_information_of_a_url_is_masked() {
        let request = http::Request::get("https://u:CANARY@h/p").body(Vec::new()).unwrap();
        let masked = curl(&request, &[]);
        assert_eq!(masked, "curl -X GET 'https://***@h/p'");
        assert!(curl_with_secrets(&request).contains("https://u:CANARY@h/p"));
    }

    #[test]
    fn values_that_are_named_like_secrets_are_masked_though_not_listed() {
        let json = request("application/json", r#"{"a":{"password":"CANARY"},"id":"1"}"#);
        let masked = curl(&json, &[]);
        assert!(masked.ends_with(r#"--data-raw '{"a":{"password":"***"},"id":"1"}'"#), "{masked}");
        assert!(!masked.contains("CANARY"), "{masked}");
    }

    #[test]
    fn numbers_and_the_order_of_members_are_unchanged() {
        for (body, shown) in [
            (r#"{"b":90071992547409.93,"a":1.10}"#, r#"{"b":90071992547409.93,"a":1.10}"#),
            (
                r#"{"b":[90071992547409.93, 1e2],"cvv":"CANARY","a":{"c":"é"}}"#,
                r#"{"b":[90071992547409.93, 1e2],"cvv":"***","a":{"c":"é"}}"#,
            ),
            (
                r#"[{"text":"{\"cvv\":\"CANARY\",\"n\":12345678901234567890}"}]"#,
                r#"[{"text":"{\"cvv\":\"***\",\"n\":12345678901234567890}"}]"#,
            ),
        ] {
            let masked = curl(&request("application/json", body), &[]);
            assert!(masked.ends_with(&format!("--data-raw '{shown}'")), "{masked}");
        }
    }

    #[test]
    fn quotes_stay_within_their_argument() {
        let request = request("text/plain", "'; rm -rf $HOME; '");
        let shown = curl_with_secrets(&request);
        assert!(shown.ends_with(r"--data-raw ''\''; rm -rf $HOME; '\'''"), "{shown}");
    }

    #[test]
    fn all_values_in_a_secret_parameter_are_masked_in_every_spelling() {
        for body in [
            r#"{"password":["CANARY"]}"#,
            r#"{"token":[{"a":"CANARY"}]}"#,
            r#"{"card":{"number":4111,"cvv":"CANARY"}}"#,
            r#"{"cards":[{"card":[{"number":"CANARY"}]}]}"#,
            r#"{"card.number":"CANARY"}"#,
            r#"{"cardNumber":"CANARY"}"#,
            r#"{"Password":"CANARY"}"#,
            r#"{"clientSecret":"CANARY"}"#,
            r#"{"client-secret":"CANARY"}"#,
            r#"{"user":{"secret":{"deep":["CANARY"]}}}"#,
            r#"{"BlikToken":"CANARY"}"#,
            r#"[{"password":"CANARY"}]"#,
            r#""CANARY""#,
            r#"{"broken":"CANARY""#,
        ] {
            let masked = curl(&request("application/json", body), &["blik_token"]);
            assert!(!masked.contains("CANARY") && !masked.contains("4111"), "{masked}");
        }
        for body in [
            "password=CANARY",
            "user[password]=CANARY",
            "user%5Bpassword%5D=CANARY",
            "user%5Bpassword%5D%5B%5D=CANARY&user%5Bpassword%5D%5B%5D=CANARY",
            "card%5Bnumber%5D=CANARY",
            "card.number=CANARY",
            "%70assword=CANARY",
            "Password=CANARY",
            "clientSecret=CANARY",
            "blikToken=CANARY",
        ] {
            let form = request("application/x-www-form-urlencoded; charset=utf-8", body);
            let masked = curl(&form, &["blik_token"]);
            assert!(!masked.contains("CANARY"), "{masked}");
            let query = http::Request::get(format!("https://h/p?{body}")).body(Vec::new());
            let masked = curl(&query.unwrap(), &["blik_token"]);
            assert!(!masked.contains("CANARY"), "{masked}");
        }
        let binary = http::Request::post("https://h/").body(b"\xffCANARY\0".to_vec()).unwrap();
        let masked = curl(&binary, &[]);
        assert!(masked.ends_with("--data-raw '***'"), "{masked}");
    }

    #[test]
    fn secrets_in_json_forms_and_urls_within_values_are_masked() {
        let nested = serde_json::json!({"a": r#"{"password":"CANARY"}"#}).to_string();
        let json = serde_json::json!({
            "id": "1",
            "plain": r#"{"id":2}"#,
            "payload": r#"{"user":{"password":"CANARY"},"id":3}"#,
            "card": r#"{"number":"CANARY"}"#,
            "list": [r#"[{"token":"CANARY"}]"#],
            "twice": nested,
            "string": serde_json::json!(r#"{"secret":"CANARY"}"#).to_string(),
            "cut": r#"{"password":"CANARY"#,
            "form": "a=1&client_secret=CANARY",
            "url": "https://h/p?a=1&access_token=CANARY#id_token=CANARY",
        })
        .to_string();
        let masked = curl(&request("application/json", &json), &["oauth_token"]);
        assert!(!masked.contains("CANARY"), "{masked}");
        for kept in [
            r#""id":"1""#,
            r#"{\"id\":2}"#,
            r#"\"id\":3"#,
            "a=1&client_secret=***",
            "https://h/p?a=1&",
        ] {
            assert!(masked.contains(kept), "{kept}: {masked}");
        }
        let form = "id=1&data=%7B%22password%22%3A%22CANARY%22%7D&card={\"number\":\"CANARY\"}&b=2";
        let masked = curl(&request(FORM, form), &["oauth_token"]);
        assert!(!masked.contains("CANARY"), "{masked}");
        assert!(masked.contains("id=1&data=%7B%22password%22%3A%22***%22%7D&card="), "{masked}");
    }

    #[test]
    fn json_that_is_sent_as_a_form_is_masked() {
        for body in [
            r#"{"password":"CANARY"}"#,
            r#" [{"password":"CANARY&a=b"}]"#,
            "\u{feff}{\"password\":\"CANARY\"}",
            r#"{"password":"CANARY"#,
        ] {
            let masked = curl(&request(FORM, body), &["oauth_token"]);
            assert!(!masked.contains("CANARY"), "{masked}");
        }
    }

    #[test]
    fn headers_that_are_named_like_secrets_are_masked() {
        let request = http::Request::get("https://h/")
            .header("authorization", "Bearer CANARY")
            .header("cookie", "CANARY")
            .header("x-api-key", "CANARY")
            .header("accept", "application/json");
        let masked = curl(&request.body(Vec::new()).unwrap(), &[]);
        assert!(!masked.contains("CANARY") && masked.contains("application/json"), "{masked}");
    }

    #[test]
    fn method_and_binary_body_are_readable() {
        for (method, body, command) in [
            ("HEAD", &b""[..], "curl --head 'https://h/'"),
            ("HEAD", b"a", "curl -X HEAD 'https://h/' -H 'content-type:' --data-raw 'a'"),
            ("M-SEARCH", b"", "curl -X 'M-SEARCH' 'https://h/' -H 'content-length: 0'"),
            (
                "PUT",
                b"-a-%~\0",
                "printf '\\055a-%%~\\000' | curl -X PUT 'https://h/' -H 'content-type:' --data-binary @-",
            ),
        ] {
            let request = http::Request::builder().method(method).uri("https://h/");
            let request = request.body(body.to_vec()).unwrap();
            assert_eq!(curl_with_secrets(&request), command);
        }
    }

    /// Returns requests with characters in URL, headers or body that are special to curl or to a
    /// shell.
    fn odd_requests(base: &str) -> Vec<Request> {
        let get = |target: &str| http::Request::get(format!("{base}{target}"));
        let post = |body: &[u8]| {
            let request = http::Request::post(format!("{base}/p"));
            request.header("content-type", "application/json").body(body.to_vec()).unwrap()
        };
        let mut requests: Vec<Request> = [
            "/a?x=1&y=it's",
            "/r/[1-3]",
            "/r/{a,b}?x[]=1&x[]={2}",
            "/a/../b/./c",
            "/a/..",
            "//double//slash/",
            "/%2e%2e/%7Bx%7D?q=%5B1-3%5D",
            "/$HOME/!!/*~;|&()?a=$(id)&b=!1",
        ]
        .map(|target| get(target).body(Vec::new()).unwrap())
        .into();
        requests.extend(
            [
                &b"@/etc/passwd"[..],
                b"@-",
                b"{\"a\":\"it's $HOME `id` \\n %s !!\"}",
                b"line\r\nline\n",
                "{\"name\":\"\u{141}\u{f3}d\u{17a}\"}".as_bytes(),
                b"\0\x01'\\%\xff\n",
                b"-n \xff",
                b" ",
                b"'",
                b"-d @x",
            ]
            .map(post),
        );
        for method in ["POST", "PUT", "PATCH", "DELETE", "HEAD"] {
            let request = http::Request::builder().method(method).uri(format!("{base}/m"));
            requests.push(request.body(Vec::new()).unwrap());
        }
        let untyped = http::Request::put(format!("{base}/u")).header("x-empty", "");
        requests.push(untyped.header("x-quote", "it's \"$x\"").body(b"a=b".to_vec()).unwrap());
        requests
    }

    #[cfg(unix)]
    fn shell(script: &str) -> std::process::Output {
        let mut shell = std::process::Command::new("sh");
        // Without curl's settings and the proxies of the user who runs the tests.
        shell.env("CURL_HOME", "/nonexistent").env("HOME", "/nonexistent").env("no_proxy", "*");
        shell.args(["-c", script]).output().unwrap()
    }

    /// Returns the arguments that a shell parses from a command, and the bytes that it pipes to the
    /// command.
    #[cfg(unix)]
    fn words(command: &str) -> Vec<Vec<u8>> {
        let piped = if command.starts_with("printf") { "cat; printf '\\0'; " } else { "" };
        let curl = format!("curl() {{ {piped}printf '%s\\0' \"$@\"; }}\n");
        let output = shell(&[&curl, command].concat());
        assert!(output.status.success() && output.stderr.is_empty(), "{command}: {output:?}");
        let text = output.stdout.strip_suffix(b"\0").unwrap();
        if piped.is_empty() {
            return text.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
        }
        // The piped bytes may contain a NUL, too.
        let end = text.windows(3).position(|part| part == b"\0-X").unwrap();
        let mut words = vec![text[..end].to_vec()];
        words.extend(text[end + 1..].split(|byte| *byte == 0).map(<[u8]>::to_vec));
        words
    }

    #[cfg(unix)]
    #[test]
    fn shell_parses_the_url_and_the_body_of_a_command() {
        for request in odd_requests("https://h") {
            let command = curl_with_secrets(&request);
            let words = words(&command);
            let url = request.uri().to_string();
            assert_eq!(
                words.iter().filter(|word| **word == url.as_bytes()).count(),
                1,
                "{command}"
            );
            let body = words.iter().position(|word| word == b"--data-raw").map(|at| &words[at + 1]);
            let piped = words.iter().position(|word| word == b"@-").map(|_| &words[0]);
            let sent = body.or(piped).map(Vec::as_slice).unwrap_or_default();
            assert_eq!(sent, request.body(), "{command}");
        }
    }

    #[cfg(unix)]
    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]

        #[test]
        fn shell_parses_any_body_of_a_command(
            body in proptest::collection::vec(proptest::prelude::any::<u8>(), 1..60),
            text in "[ -~\n\u{105}']{1,40}",
        ) {
            for body in [body, text.into_bytes()] {
                let request = http::Request::post("https://h/p").body(body).unwrap();
                let words = words(&curl_with_secrets(&request));
                let raw = words.iter().position(|word| word == b"--data-raw");
                let sent = raw.map_or(&words[0], |at| &words[at + 1]);
                proptest::prop_assert_eq!(sent, request.body());
            }
        }
    }

    /// Receives one request, and returns its first line, its headers and its body.
    #[cfg(unix)]
    fn arrived(listener: &std::net::TcpListener) -> (String, Vec<String>, Vec<u8>) {
        use std::io::{Read, Write};

        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let mut lines = str::from_utf8(&head).unwrap().trim_end().lines().map(str::to_owned);
        let line = lines.next().unwrap();
        let headers: Vec<String> = lines.collect();
        let length = headers.iter().find_map(|header| {
            header.to_lowercase().strip_prefix("content-length: ")?.parse().ok()
        });
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body).unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
        (line, headers, body)
    }

    #[cfg(unix)]
    #[test]
    fn curl_sends_the_request_of_a_command() {
        if !shell("curl --version").status.success() {
            return eprintln!("skipped: curl is not installed");
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let base = format!("http://{host}");
        for mut request in odd_requests(&base) {
            let headers = request.headers_mut();
            headers.insert("accept", HeaderValue::from_static("application/json"));
            headers.insert("user-agent", HeaderValue::from_static("test/0"));
            let command = curl_with_secrets(&request);
            let script = command.replacen("curl ", "curl --silent --show-error --max-time 20 ", 1);
            let (line, headers, body) = std::thread::scope(|scope| {
                let arrived = scope.spawn(|| arrived(&listener));
                let output = shell(&script);
                assert!(output.status.success(), "{command}: {output:?}");
                arrived.join().unwrap()
            });
            let target = request.uri().path_and_query().unwrap();
            assert_eq!(line, format!("{} {target} HTTP/1.1", request.method()), "{command}");
            assert_eq!(&body, request.body(), "{command}");
            let mut expected: Vec<String> = request
                .headers()
                .iter()
                .map(|(name, value)| {
                    format!("{name}: {}", value.to_str().unwrap()).trim_end().to_owned()
                })
                .collect();
            expected.push(format!("host: {host}"));
            let is_read = ["GET", "HEAD", "DELETE"].contains(&request.method().as_str());
            if !body.is_empty() || !is_read {
                expected.push(format!("content-length: {}", body.len()));
            }
            let named = |header: &String| {
                let (name, value) = header.split_once(':').unwrap();
                format!("{}:{value}", name.to_lowercase()).trim_end().to_owned()
            };
            let mut headers: Vec<String> = headers.iter().map(named).collect();
            headers.sort();
            expected.sort();
            assert_eq!(headers, expected, "{command}");
        }
    }
}
