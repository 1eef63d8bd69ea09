//! Parses the error responses of the TinyPass API, and responses whose format is not documented.

use api_auth::{
    Acknowledgement, ErrorKind, ExtraFields, Response, ResponseError, StatusCode, json, json_slice,
    json_start, required, status_error,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Parses an error response, `{"error":{"message":"..."}}`. The member `error` can also contain a
/// `code`, or be a string.
///
/// The kind of the error depends only on the status. 401 and 403 mean that the credentials were
/// rejected. 402 means an application error or a wrong method, and has nothing to do with payments.
pub(crate) fn read(response: &Response) -> ResponseError {
    match error_object(response) {
        Some(error) => error.into_error(ResponseError::of_status(response.status())),
        None => status_error(response),
    }
}

/// The field `error` of a response, which is an object or a string.
struct ErrorObject {
    message: Option<String>,
    code: Option<String>,
}

impl ErrorObject {
    fn into_error(self, mut error: ResponseError) -> ResponseError {
        if let Some(message) = self.message {
            error = error.with_message(message);
        }
        match self.code {
            Some(code) => error.with_code(code),
            None => error,
        }
    }
}

fn error_object(response: &Response) -> Option<ErrorObject> {
    let fields: ExtraFields = json(response).ok()?;
    if let Some(error) = fields.read::<ExtraFields>("error") {
        return Some(ErrorObject { message: error.text("message"), code: error.text("code") });
    }
    fields.text("error").map(|text| ErrorObject { message: Some(text), code: None })
}

/// A response type that collects unknown fields.
pub(crate) trait Model: DeserializeOwned {
    fn extra(&self) -> &ExtraFields;
}

/// A response type for a record. Any of its fields can be absent, but not all of them.
pub(crate) trait Record: Model {
    /// The field that an error reports as missing if all fields of the type are absent.
    const REQUIRED: &'static str;

    /// Returns whether the response contained any of the fields.
    fn has_fields(&self) -> bool;
}

#[derive(Deserialize)]
struct Page<T> {
    data: Option<Vec<T>>,
    #[serde(rename = "$extra")]
    extra: ExtraFields,
}

impl<T: DeserializeOwned> Model for Page<T> {
    fn extra(&self) -> &ExtraFields {
        &self.extra
    }
}

/// Parses the response to a search, and returns its list and its unknown fields. The response must
/// be an object with the list `data`, which can be empty, or the list itself. A 404 from the API
/// results in an empty list.
pub(crate) fn list<T: DeserializeOwned>(
    response: &Response,
) -> Result<(Vec<T>, ExtraFields), ResponseError> {
    if is_not_found(response)? {
        return Ok((Vec::new(), ExtraFields::default()));
    }
    if json_start(response) == Some(b'[') {
        return Ok((json(response)?, ExtraFields::default()));
    }
    let page: Page<T> = success(response)?;
    Ok((required("data", page.data)?, page.extra))
}

/// Parses an object. Returns an error if the object reports one in its member `error`, even if the
/// status is 200.
pub(crate) fn success<T: Model>(response: &Response) -> Result<T, ResponseError> {
    let model: T = json(response)?;
    if model.extra().contains("error")
        && let Some(error) = error_object(response)
    {
        return Err(error.into_error(ResponseError::new(ErrorKind::Api)));
    }
    Ok(model)
}

/// Parses the record that a lookup returns. Returns `None` for a 404 from the API.
///
/// Any field can be absent, but not all of them: an empty object `{}`, such as one from a proxy, is
/// an error. Without this check, an empty access record would never expire, and would grant access.
pub(crate) fn optional<T: Record>(response: &Response) -> Result<Option<T>, ResponseError> {
    if is_not_found(response)? {
        return Ok(None);
    }
    let record: T = success(response)?;
    required(T::REQUIRED, record.has_fields().then_some(record)).map(Some)
}

/// Returns whether a response is a 404 from the API, that is, whether its body is empty or
/// `{"error":{"message":"..."}}`.
///
/// # Errors
/// Returns an error for any other 404, such as the HTML page of another server, because it does not
/// mean that there is no record.
pub(crate) fn is_not_found(response: &Response) -> Result<bool, ResponseError> {
    if response.status() != StatusCode::NOT_FOUND {
        return Ok(false);
    }
    if is_documented(response.body()) { Ok(true) } else { Err(read(response)) }
}

/// Returns whether the body of a 404 is from the API, that is, whether it is empty or
/// `{"error":{"message":"..."}}`.
pub(crate) fn is_documented(body: &[u8]) -> bool {
    let message = || {
        let fields: ExtraFields = json_slice(body).ok()?;
        fields.read::<ExtraFields>("error")?.text("message")
    };
    body.trim_ascii().is_empty() || message().is_some()
}

/// Parses the response to an action. The format of the response is not documented: it can be empty
/// or any JSON except an error object.
pub(crate) fn acknowledgement(response: &Response) -> Result<Acknowledgement, ResponseError> {
    Acknowledgement::read(response, |response| success(response).map(|AnyObject(fields)| fields))
}

/// An object that can have any fields, or none.
#[derive(Deserialize)]
#[serde(transparent)]
struct AnyObject(ExtraFields);

impl Model for AnyObject {
    fn extra(&self) -> &ExtraFields {
        &self.0
    }
}
