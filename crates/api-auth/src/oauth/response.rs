//! Parses the responses of token endpoints.

use std::time::{Duration, SystemTime};

use crate::error::kind::ErrorKind;
use crate::error::response::{ResponseError, required};
use crate::json::json;
use crate::message::Response;
use crate::models::ExtraFields;
use crate::provider::status_error;
use crate::token::AccessToken;

/// Parses the response to a request for a token. The response was received at `now`.
///
/// See the example in the module [`oauth`](crate::oauth).
///
/// # Errors
/// Returns the error of [`oauth_error`] if the status is not a success status, or if the response
/// contains `error` but no token. Returns an error of kind [`ErrorKind::Decode`] if it contains
/// neither.
#[inline]
pub fn token_response(response: &Response, now: SystemTime) -> Result<AccessToken, ResponseError> {
    if !response.status().is_success() {
        return Err(oauth_error(response));
    }
    let fields: ExtraFields = json(response)?;
    let filled = |name| fields.text(name).filter(|text| !text.is_empty());
    let value = required("access_token", filled("access_token"))
        .map_err(|missing| error_of(response, &fields).unwrap_or(missing))?;
    let mut token = AccessToken::new(value, now);
    if let Some(seconds) = fields.integer("expires_in") {
        token = token.with_lifetime(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)));
    }
    if let Some(refresh) = filled("refresh_token") {
        token = token.with_refresh(refresh);
    }
    if let Some(scope) = fields.text("scope") {
        token = token.with_scope(scope);
    }
    Ok(token)
}

/// Parses the error response of a token server, `{"error":"...","error_description":"..."}`. The
/// kind is [`ErrorKind::Auth`] if the server rejected the client or the grant, whatever the status.
///
/// See the example in the module [`oauth`](crate::oauth).
#[inline]
pub fn oauth_error(response: &Response) -> ResponseError {
    let fields = json(response).unwrap_or_default();
    error_of(response, &fields).unwrap_or_else(|| status_error(response))
}

#[inline]
fn error_of(response: &Response, fields: &ExtraFields) -> Option<ResponseError> {
    let code = fields.text("error")?;
    let credentials = matches!(
        code.as_str(),
        "invalid_client" | "invalid_grant" | "unauthorized_client" | "access_denied"
    );
    let error = if credentials {
        ResponseError::new(ErrorKind::Auth)
    } else {
        ResponseError::of_status(response.status())
    };
    Some(match fields.text("error_description") {
        Some(text) => error.with_code(code).with_message(text),
        None => error.with_code(code),
    })
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn token_response_may_have_numbers_as_strings() {
        let now = UNIX_EPOCH + Duration::from_secs(9);
        let read = |text: &str| token_response(&Response::new(text.as_bytes().to_vec()), now);
        let token = read(
            r#"{"issued_at":"1","access_token":"t","expires_in":"60","scope":"a","refresh_token":"r"}"#,
        );
        let expected = AccessToken::new("t", now)
            .with_lifetime(Duration::from_secs(60))
            .with_refresh("r")
            .with_scope("a");
        assert_eq!(token.unwrap(), expected);
        assert_eq!(read(r#"{"access_token":"t"}"#).unwrap(), AccessToken::new("t", now));
        let zero = AccessToken::new("t", now).with_lifetime(Duration::ZERO);
        assert_eq!(read(r#"{"access_token":"t","expires_in":-5}"#).unwrap(), zero);
        for unsaid in ["null", "\"\"", "\"soon\"", "{}"] {
            let text = format!(r#"{{"access_token":"t","expires_in":{unsaid}}}"#);
            assert_eq!(read(&text).unwrap().lifetime(), None, "{unsaid}");
        }
        for bad in ["", "<html>", "{}", r#"{"access_token":""}"#, r#"{"access_token":null}"#] {
            assert_eq!(read(bad).unwrap_err().kind, ErrorKind::Decode, "{bad}");
        }
    }

    #[test]
    fn rejected_credentials_are_auth_errors_with_any_status() {
        let error = |status: u16, text: &str| {
            let response = http::Response::builder().status(status).body(text.as_bytes().to_vec());
            token_response(&response.unwrap(), UNIX_EPOCH).unwrap_err()
        };
        let rejected = error(400, r#"{"error":"invalid_grant","error_description":"too old"}"#);
        assert_eq!(rejected.kind, ErrorKind::Auth);
        assert_eq!(rejected.to_string(), "invalid_grant: too old");
        assert_eq!(error(200, r#"{"error":"invalid_client"}"#).kind, ErrorKind::Auth);
        assert_eq!(error(400, r#"{"error":"invalid_scope"}"#).kind, ErrorKind::Api);
        assert_eq!(error(401, "").kind, ErrorKind::Auth);
        assert_eq!(error(502, "<html>").kind, ErrorKind::Api);
    }
}
