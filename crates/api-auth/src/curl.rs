//! A request as a `curl` command, for bug reports and for trying things by hand.

use serde_json::Value;

use crate::{Encoding, Request};

/// Whether a printed command shows its secret parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// Signatures, tokens and keys are replaced by `***`.
    Masked,
    /// The command works as it is printed. It is as good as the credentials: do not share it.
    Shown,
}

/// Parameters that are secrets wherever they stand, whatever signs the request.
const ALWAYS_SECRET: [&str; 7] = [
    "access_token",
    "client_secret",
    "oauth_token",
    "passphrase",
    "password",
    "private_key",
    "refresh_token",
];

/// `request` as one line for a POSIX shell. Headers that are marked sensitive are secret, and so
/// are the values of the `secret_parameters` in query, form and JSON body, as are those of names
/// such as `password` that are secrets everywhere.
///
/// ```
/// use api_auth::{Secrets, curl};
///
/// let request = http::Request::get("https://api.example.com/a?q=it%27s&token=t").body(Vec::new())?;
/// assert_eq!(
///     curl(&request, &["token"], Secrets::Masked),
///     "curl -X GET 'https://api.example.com/a?q=it%27s&token=***'"
/// );
/// # Ok::<(), http::Error>(())
/// ```
#[inline]
pub fn curl(request: &Request, secret_parameters: &[&str], secrets: Secrets) -> String {
    let masked = secrets == Secrets::Masked;
    let secret = [&ALWAYS_SECRET, secret_parameters].concat();
    let hide = |text: &str| if masked { mask_parameters(text, &secret) } else { text.to_owned() };
    let uri = request.uri().to_string();
    let uri = match uri.split_once('?') {
        Some((path, query)) => format!("{path}?{}", hide(query)),
        None => uri,
    };
    let mut command = format!("curl -X {} {}", request.method(), quote(&uri));
    for (name, value) in request.headers() {
        let value = if masked && value.is_sensitive() {
            "***".into()
        } else {
            String::from_utf8_lossy(value.as_bytes())
        };
        command.push_str(&format!(" -H {}", quote(&format!("{name}: {value}"))));
    }
    if !request.body().is_empty() {
        let body = String::from_utf8_lossy(request.body());
        let form = request.headers().get(http::header::CONTENT_TYPE).is_some_and(|value| {
            value.as_bytes().starts_with(b"application/x-www-form-urlencoded")
        });
        let body = match (form, masked) {
            (true, _) => hide(&body),
            (false, true) => mask_json(&body, &secret),
            (false, false) => body.into_owned(),
        };
        command.push_str(&format!(" --data-binary {}", quote(&body)));
    }
    command
}

/// Replaces the values of secret names in `a=b&c=d`.
#[inline]
fn mask_parameters(text: &str, secret: &[&str]) -> String {
    let pairs = text.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if secret.iter().any(|secret| encoded(secret) == name) => {
            format!("{name}=***")
        }
        _ => pair.to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&")
}

#[inline]
fn encoded(name: &str) -> String {
    let mut out = Vec::new();
    Encoding::Form.write_text(name, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// Replaces the values of secret names at any depth of a JSON text; other bodies are hidden whole,
/// since nobody knows where their secrets are.
#[inline]
fn mask_json(text: &str, secret: &[&str]) -> String {
    match serde_json::from_slice::<Value>(text.as_bytes()) {
        Ok(mut value @ Value::Object(_)) => {
            mask_members(&mut value, secret);
            value.to_string()
        }
        _ => "***".to_owned(),
    }
}

#[inline]
fn mask_members(value: &mut Value, secret: &[&str]) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                // An object or a list is looked into: only its own members can be secret.
                match value {
                    Value::Object(_) | Value::Array(_) => mask_members(value, secret),
                    _ if secret.contains(&name.as_str()) => *value = "***".into(),
                    _ => {}
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| mask_members(value, secret)),
        _ => {}
    }
}

#[inline]
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn no_secret_part_is_shown_unless_asked() {
        for (kind, body) in [
            ("application/x-www-form-urlencoded", "b=2&oauth_token=CANARY"),
            ("application/json", r#"{"b":2,"deep":[{"oauth_token":"CANARY"}]}"#),
            ("text/plain", "CANARY"),
        ] {
            let request = request(kind, body);
            let masked = curl(&request, &["oauth_token"], Secrets::Masked);
            assert!(!masked.contains("CANARY"), "{masked}");
            let shown = curl(&request, &["oauth_token"], Secrets::Shown);
            assert_eq!(shown.matches("CANARY").count(), 3, "{shown}");
        }
    }

    #[test]
    fn passwords_are_hidden_though_nobody_named_them() {
        let json = request("application/json", r#"{"a":{"password":"CANARY"},"id":"1"}"#);
        let masked = curl(&json, &[], Secrets::Masked);
        assert!(
            masked.ends_with(r#"--data-binary '{"a":{"password":"***"},"id":"1"}'"#),
            "{masked}"
        );
        assert!(!masked.contains("CANARY"), "{masked}");
    }

    #[test]
    fn quotes_cannot_leave_the_argument() {
        let request = request("text/plain", "'; rm -rf $HOME; '");
        let shown = curl(&request, &[], Secrets::Shown);
        assert!(shown.ends_with(r"--data-binary ''\''; rm -rf $HOME; '\'''"), "{shown}");
    }
}
