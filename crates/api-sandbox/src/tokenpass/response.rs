//! The formats of responses from the Tokenpass server.

use super::php::{Style, Value, map};
use crate::Response;

pub(super) type ApiResult = Result<Response, Response>;

/// Creates a response with `value` as its JSON body.
pub(super) fn json(status: u16, value: &Value) -> Response {
    Response::new(status, "application/json", value.json(Style::Response))
}

/// Creates a response with status 200 and the body `{"result":...}`.
pub(super) fn result(value: impl Into<Value>) -> ApiResult {
    Ok(json(200, &map([("result", value.into())])))
}

/// Creates an error response with the members `message` and `errors`. This is the format of the
/// authentication layer and of the endpoints for chats, perks and logins.
pub(super) fn message(status: u16, text: &str) -> Response {
    let errors = Value::List(vec![text.into()]);
    json(status, &map([("message", text.into()), ("errors", errors)]))
}

/// Creates an error response with the members `error` and `result`, which is `false`. This is the
/// format of many endpoints, such as those for addresses, lookups and promises.
pub(super) fn refused(status: u16, text: &str) -> Response {
    json(status, &map([("error", text.into()), ("result", false.into())]))
}

/// Creates an error response with the member `error` only. This is the format of the endpoints for
/// credits, of `second_factor.sign`, and of the OAuth endpoints below `/api/v1`.
pub(super) fn error(status: u16, text: &str) -> Response {
    json(status, &map([("error", text.into())]))
}

/// Creates the response that the real server sends after an unhandled exception.
pub(super) fn crashed() -> Response {
    let errors = Value::List(vec!["Unexpected error".into()]);
    json(500, &map([("message", "Unable to process this request".into()), ("errors", errors)]))
}

/// Creates the error page of the framework that the real server uses.
pub(super) fn html(status: u16) -> Response {
    const TITLE: &str = "Whoops, looks like something went wrong.";
    let page = format!(
        "<!DOCTYPE html><html><head><title>{TITLE}</title></head><body><h1>{TITLE}</h1></body></html>"
    );
    Response::new(status, "text/html; charset=UTF-8", page)
}
