//! Parses the error responses of the Tokenpass API, and checks and unwraps the successful ones.

use api_auth::{
    Detail, Error, ErrorKind, ExtraFields, Response, ResponseError, StatusCode, json, json_start,
    required, status_error, wire,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Parses an error response. Its body is a JSON object, an HTML page or plain text. The object
/// contains `message` and `errors`, or `error` (possibly with `"result":false`), or, for OAuth,
/// `error` and `error_description`.
pub(crate) fn read(response: &Response) -> ResponseError {
    described(response, ResponseError::of_status(response.status()))
        .unwrap_or_else(|| status_error(response))
}

/// Adds the code, the message and the details of an error response to `error`. If there is a code
/// but no message, the code becomes the message. Returns `None` if the body contains none of the
/// three.
fn described(response: &Response, error: ResponseError) -> Option<ResponseError> {
    let fields = json::<ExtraFields>(response).ok()?;
    let text_of = |name: &str| fields.read::<String>(name).filter(|text| !text.is_empty());
    let in_object = || fields.read::<ExtraFields>("error").and_then(|error| error.text("message"));
    let code = text_of("error").or_else(in_object);
    let message = text_of("error_description").or_else(|| text_of("message"));
    let Texts(errors) = fields.read("errors").unwrap_or_default();
    let error = match (code, message.or_else(|| errors.first().cloned())) {
        (Some(code), Some(message)) => error.with_code(code).with_message(message),
        (Some(message), None) | (None, Some(message)) => error.with_message(message),
        (None, None) => return None,
    };
    let detail = |text| Detail::new(None, None, Some(text));
    Some(errors.into_iter().fold(error, |error, text| error.with_detail(detail(text))))
}

#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Texts(#[serde(deserialize_with = "wire::texts")] Vec<String>);

/// Returns an error if the body of a response with a success status is an object with a member
/// `error`, unless this member is null, `false`, zero, or an empty string, list or object. The
/// string `"0"` is an error like any other string.
fn reject_error(response: &Response) -> Result<(), ResponseError> {
    const ERROR: &[u8] = b"\"error\"";
    let body = response.body();
    if json_start(response) != Some(b'{') || !body.windows(ERROR.len()).any(|part| part == ERROR) {
        return Ok(());
    }
    let fields = json::<ExtraFields>(response)?;
    const EMPTY: [&str; 5] = ["null", "false", "\"\"", "[]", "{}"];
    let is_zero = |number: &str| number.bytes().all(|byte| b"-0.".contains(&byte));
    match fields.json("error") {
        Some(error) if !EMPTY.contains(&error.as_str()) && !is_zero(&error) => {
            let error = ResponseError::new(ErrorKind::Api);
            let unexplained = || {
                ResponseError::new(ErrorKind::Api)
                    .with_message("the server reported an error without a message")
            };
            Err(described(response, error).unwrap_or_else(unexplained))
        }
        _ => Ok(()),
    }
}

/// Parses the body of a response with a success status. Returns an error if the body reports one in
/// its member `error`.
pub(crate) fn success<T: DeserializeOwned>(response: &Response) -> Result<T, ResponseError> {
    reject_error(response)?;
    json(response)
}

/// Parses a response of the form `{"result": ...}`, and returns the result. Returns an error if the
/// result is absent or null.
pub(crate) fn result<T: DeserializeOwned>(response: &Response) -> Result<T, ResponseError> {
    #[derive(Deserialize)]
    struct Wrapped<T> {
        result: Option<T>,
    }
    required("result", success::<Wrapped<T>>(response)?.result)
}

/// Parses the result of a check, `{"result":true}` or `{"result":false}`. A response without a
/// result is an error, so that access is never granted or denied by accident.
pub(crate) fn check(response: &Response) -> Result<bool, ResponseError> {
    #[derive(Deserialize)]
    struct Check {
        result: Option<bool>,
    }
    required("result", success::<Check>(response)?.result)
}

/// Parses the confirmation of an action, such as `{"result":true}`, `{"result":"success"}` or
/// `{"success":true}`. Returns an error if the value is `false`, absent or unknown.
pub(crate) fn acknowledgement(response: &Response) -> Result<(), ResponseError> {
    let fields: ExtraFields = success(response)?;
    let value = |name| fields.text(name).map(|text| (name, text));
    let (name, text) = required("result", value("result").or_else(|| value("success")))?;
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "success" | "ok" | "signed" => Ok(()),
        "false" | "0" => Err(ResponseError::new(ErrorKind::Api)
            .with_message("the server reported a failure without a reason")),
        // The server is written in PHP, in which any other whole number is true.
        number if number.bytes().all(|byte| byte.is_ascii_digit()) && !number.is_empty() => Ok(()),
        _ => Err(ResponseError::new(ErrorKind::Decode)
            .with_message(format!("{name}: {text:?} is not one of true, 1, success, ok, signed"))),
    }
}

/// Parses the response to a lookup. Returns `None` for a 404 from the API itself. An HTML page with
/// status 404 means that the server has no such route, which is an error.
pub(crate) fn success_or_not_found<T>(
    response: &Response,
    parse: impl FnOnce(&Response) -> Result<T, ResponseError>,
) -> Result<Option<T>, ResponseError> {
    if response.status() != StatusCode::NOT_FOUND {
        return parse(response).map(Some);
    }
    match described(response, ResponseError::new(ErrorKind::Api)) {
        Some(_) => Ok(None),
        None => Err(read(response)),
    }
}

/// Parses the response to a lookup in an object that may itself be missing, such as the lookup of
/// an account in a credit group. Returns an error for a 404 with the message `parent_missing`,
/// which means that the object is missing, and `None` for any other 404 from the API.
pub(crate) fn success_or_not_found_in<T>(
    response: &Response,
    parent_missing: &str,
    parse: impl FnOnce(&Response) -> Result<T, ResponseError>,
) -> Result<Option<T>, ResponseError> {
    let found = success_or_not_found(response, parse)?;
    if found.is_none() {
        let texts: ExtraFields = json(response)?;
        let said = |name: &str| {
            texts.text(name).is_some_and(|text| text.trim().eq_ignore_ascii_case(parent_missing))
        };
        if said("error") || said("message") {
            return Err(read(response));
        }
    }
    Ok(found)
}

/// Methods of [`Error`] that are specific to Tokenpass.
///
/// This trait is implemented for [`Error`] only, and cannot be implemented for other types.
///
/// ```
/// use tokenpass_client::{Client, ErrorExt};
///
/// # fn show(tokenpass: &Client) {
/// match tokenpass.list_my_addresses() {
///     Err(error) if error.needs_login() => println!("please log in again"),
///     _ => {}
/// }
/// # }
/// ```
pub trait ErrorExt: sealed::Sealed {
    /// Returns whether the user must log in again, because the user's token is missing, unknown or
    /// expired. Tokenpass responds with 403 in these cases, and also if a scope is missing; only
    /// the message differs. An error page from `/oauth/user` does not contain the reason, so the
    /// result is `false`, unless [`Client::get_user`](crate::Client::get_user) determined the
    /// reason with another request.
    fn needs_login(&self) -> bool;
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for super::Error {}
}

const NO_TOKEN: &str = "No access token provided";

impl ErrorExt for Error {
    fn needs_login(&self) -> bool {
        const TEXTS: [&str; 5] = [
            NO_TOKEN,
            "This access token was not found",
            "This access token has expired",
            "Invalid owner type",
            "User not found",
        ];
        let text = self.message().unwrap_or_default();
        self.kind() == ErrorKind::Auth
            && (self.code() == Some("access_denied")
                || TEXTS.iter().any(|known| text.contains(known)))
    }
}

/// Returns whether the server found a user's token in the request and rejected it.
pub(crate) fn rejects_token(error: &Error) -> bool {
    error.needs_login() && error.message().is_none_or(|text| !text.contains(NO_TOKEN))
}
