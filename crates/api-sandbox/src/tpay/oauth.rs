//! Handles the endpoints `oauth.*`, which issue access tokens and describe them. The tokens expire
//! according to the clock of the sandbox.

use serde_json::{Value, json};

use super::auth::{Token, basic, unauthorized};
use super::check::{Kind, Refusal, Rules, check, kinds, may, need};
use super::json::Members;
use super::text::pairs;
use super::{ApiResult, Ask, CLIENT_ID, CLIENT_SECRET, Out, Tpay};
use crate::Raw;
use crate::digest::sha256_hex;
use crate::query::Pairs;

const TOKEN_REQUEST: Rules = &[
    need("client_id", kinds::FILLED),
    need("client_secret", kinds::FILLED),
    may("scope", Kind::OneOf(&["read", "write", "read write"])),
    may("grant_type", Kind::OneOf(&["client_credentials"])),
];

impl Tpay {
    /// Revokes all access tokens, so that requests with them fail with status 401.
    pub fn revoke_tokens(&mut self) {
        self.tokens.clear();
    }

    pub(super) fn oauth_token(&mut self, request: &Raw) -> ApiResult {
        self.token_requests += 1;
        self.told("oauth.token")?;
        if request.query().is_some() {
            return Err(Refusal::field(
                "unexpected_field",
                "",
                "credentials must not be in the query",
            ));
        }
        let asked = match request.header("authorization").and_then(basic) {
            Some(known) => {
                known?;
                if !request.body.is_empty() {
                    let why = "with HTTP Basic, the body must be empty";
                    return Err(Refusal::field("invalid_request_body", "", why));
                }
                json!({})
            }
            None => {
                let asked = credentials(request)?;
                check(&asked, TOKEN_REQUEST)?;
                if asked.at("client_id") != CLIENT_ID || asked.at("client_secret") != CLIENT_SECRET
                {
                    return Err(unauthorized("wrong client_id or client_secret"));
                }
                asked
            }
        };
        let now = self.clock.unix();
        let number = self.next_id();
        let digest = sha256_hex(format!("{CLIENT_SECRET} {now} {number}"));
        let token = Token {
            text: digest.chars().take(40).collect(),
            expires: now.saturating_add(self.token_seconds),
            scope: asked.at("scope").as_str().unwrap_or("read").to_owned(),
        };
        let response = json!({
            "issued_at": now,
            // The response contains this scope even for credentials that allow writing.
            "scope": "read",
            "token_type": "Bearer",
            "expires_in": self.token_seconds,
            "client_id": CLIENT_ID,
            "access_token": token.text,
        });
        self.tokens.push(token);
        self.tokens_issued += 1;
        Ok(Out::Bare(response))
    }

    pub(super) fn oauth_tokeninfo(&self, ask: &Ask, token: &Token) -> ApiResult {
        ask.only(&[])?;
        Ok(Out::Wrapped(json!({ "token": {
            "access_token": token.text,
            "client_id": CLIENT_ID,
            "expires": token.expires,
            "scope": token.scope,
        } })))
    }
}

/// Returns the fields of a token request, such as `client_id`, as a JSON object. The body can be
/// JSON, a form or a multipart form.
fn credentials(request: &Raw) -> Result<Value, Refusal> {
    let kind = request.header("content-type").unwrap_or_default();
    let mut parts = kind.split(';').map(str::trim);
    let body = str::from_utf8(&request.body)
        .map_err(|_| Refusal::field("invalid_request_body", "", "the body must be UTF-8"))?;
    let fields = match parts.next() {
        Some("application/json") => return Ask::json(request),
        Some("application/x-www-form-urlencoded") => {
            pairs(body).map_err(|why| Refusal::field("invalid_request_body", "", &why))?
        }
        Some("multipart/form-data") => {
            let boundary = parts.find_map(|part| part.strip_prefix("boundary="));
            boundary.and_then(|boundary| multipart(body, boundary.trim_matches('"'))).ok_or_else(
                || Refusal::field("invalid_request_body", "", "the multipart body is malformed"),
            )?
        }
        _ => {
            let why = "the Content-Type must be that of a form or of JSON";
            return Err(Refusal::field("incorrect_content_type", "", why));
        }
    };
    if let Some(name) = fields.repeated() {
        return Err(Refusal::field("not_valid", name, "the field is repeated"));
    }
    Ok(fields.iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect())
}

/// Parses a multipart form. Returns `None` if it is malformed, or if a part has no name.
fn multipart(body: &str, boundary: &str) -> Option<Pairs> {
    let inside = body.strip_prefix(&format!("--{boundary}\r\n"))?;
    let inside = inside.trim_end_matches("\r\n").strip_suffix(&format!("\r\n--{boundary}--"))?;
    let between = format!("\r\n--{boundary}\r\n");
    let fields = inside.split(&between).map(|part| {
        let (head, value) = part.split_once("\r\n\r\n")?;
        let (_, name) = head.split_once("name=\"")?;
        Some((name.split('"').next()?.to_owned(), value.to_owned()))
    });
    fields.collect::<Option<_>>().map(Pairs)
}
