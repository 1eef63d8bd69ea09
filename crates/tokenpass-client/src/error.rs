//! Error responses of the Tokenpass API, and the forms of its successful responses.

use api_auth::{
    Detail, Error, ErrorKind, ExtraFields, Response, ResponseError, StatusCode, json, json_start,
    required, status_error, wire,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Parses an error response: `{"message","errors"}`, `{"error"}` with or without `"result":false`,
/// `{"error","error_description"}` of OAuth, a page of HTML, or plain text.
pub(crate) fn read(response: &Response) -> ResponseError {
    refusal(response, ResponseError::of_status(response.status()))
        .unwrap_or_else(|| status_error(response))
}

fn refusal(response: &Response, error: ResponseError) -> Option<ResponseError> {
    let fields = json::<ExtraFields>(response).ok()?;
    let said = |name: &str| fields.read::<String>(name).filter(|text| !text.is_empty());
    let in_object = || fields.read::<ExtraFields>("error").and_then(|error| error.text("message"));
    let code = said("error").or_else(in_object);
    let text = said("error_description").or_else(|| said("message"));
    let Texts(errors) = fields.read("errors").unwrap_or_default();
    let error = match (code, text.or_else(|| errors.first().cloned())) {
        (Some(code), Some(text)) => error.with_code(code).with_message(text),
        (Some(text), None) | (None, Some(text)) => error.with_message(text),
        (None, None) => return None,
    };
    let detail = |text| Detail::new(None, None, Some(text));
    Some(errors.into_iter().fold(error, |error, text| error.with_detail(detail(text))))
}

#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Texts(#[serde(deserialize_with = "wire::texts")] Vec<String>);

/// Rejects a successful response with an `error` of any type. The empty values of PHP are not an
/// error.
fn checked(response: &Response) -> Result<(), ResponseError> {
    const ERROR: &[u8] = b"\"error\"";
    let body = response.body();
    if json_start(response) != Some(b'{') || !body.windows(ERROR.len()).any(|part| part == ERROR) {
        return Ok(());
    }
    let fields = json::<ExtraFields>(response)?;
    const EMPTY: [&str; 6] = ["null", "false", "\"\"", "0", "[]", "{}"];
    match fields.json("error") {
        Some(error) if !EMPTY.contains(&error.as_str()) => {
            let error = ResponseError::new(ErrorKind::Api);
            let unexplained =
                || ResponseError::new(ErrorKind::Api).with_message("error: set without a text");
            Err(refusal(response, error).unwrap_or_else(unexplained))
        }
        _ => Ok(()),
    }
}

/// Parses a response that is not an error.
pub(crate) fn answer<T: DeserializeOwned>(response: &Response) -> Result<T, ResponseError> {
    checked(response)?;
    json(response)
}

/// Parses `{"result": ...}`.
pub(crate) fn result<T: DeserializeOwned>(response: &Response) -> Result<T, ResponseError> {
    #[derive(Deserialize)]
    struct Wrapped<T> {
        result: Option<T>,
    }
    required("result", answer::<Wrapped<T>>(response)?.result)
}

/// Parses the result of a check. A response without a result is an error, so that access is never
/// granted or denied by accident.
pub(crate) fn yes_or_no(response: &Response) -> Result<bool, ResponseError> {
    #[derive(Deserialize)]
    struct Answer {
        result: Option<bool>,
    }
    required("result", answer::<Answer>(response)?.result)
}

/// Parses the response to an action: `{"result":true}`, `{"result":"success"}`, `{"success":true}`.
pub(crate) fn done(response: &Response) -> Result<(), ResponseError> {
    let fields: ExtraFields = answer(response)?;
    match fields.read::<bool>("result").or_else(|| fields.read("success")) {
        Some(false) => {
            Err(ResponseError::new(ErrorKind::Api).with_message("result: false without a reason"))
        }
        Some(true) => Ok(()),
        None => {
            required("result", fields.text("result").or_else(|| fields.text("success"))).map(drop)
        }
    }
}

/// Parses the response of a look-up. A 404 that the API itself wrote is `None`. A 404 page means
/// that the server has no such route, which is an error.
pub(crate) fn optional<T>(
    response: &Response,
    read_it: impl FnOnce(&Response) -> Result<T, ResponseError>,
) -> Result<Option<T>, ResponseError> {
    if response.status() != StatusCode::NOT_FOUND {
        return read_it(response).map(Some);
    }
    match refusal(response, ResponseError::new(ErrorKind::Api)) {
        Some(_) => Ok(None),
        None => Err(read(response)),
    }
}

/// Returns whether `error` means that the user's token is unknown or has expired, so that the user
/// must log in again. Tokenpass responds to both with 403, as it does to a missing scope.
///
/// ```
/// use tokenpass_client::{Client, needs_login};
///
/// # fn show(tokenpass: &Client) {
/// match tokenpass.list_my_addresses() {
///     Err(error) if needs_login(&error) => println!("please log in again"),
///     _ => {}
/// }
/// # }
/// ```
pub fn needs_login(error: &Error) -> bool {
    const TEXTS: [&str; 5] = [
        "No access token provided",
        "This access token was not found",
        "This access token has expired",
        "Invalid owner type",
        "User not found",
    ];
    let text = error.message().unwrap_or_default();
    error.kind() == ErrorKind::Auth
        && (error.code() == Some("access_denied") || TEXTS.iter().any(|known| text.contains(known)))
}
