//! How TinyPass says no, and answers that nobody documents.

use api_auth::{
    Acknowledgement, ErrorKind, ExtraFields, Response, ResponseError, json, required, status_error,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Reads `{"error":{"message":"..."}}`, and its looser forms, out of an answer.
///
/// The status alone decides the kind: 401 and 403 are about the credentials; 402 is an
/// application error or a wrong method and has nothing to do with payment.
pub(crate) fn read(response: &Response) -> ResponseError {
    match error_object(response) {
        Some(error) => error.into_fault(ResponseError::of_status(response.status())),
        None => status_error(response),
    }
}

/// The `error` of an answer: an object, or a bare text.
struct ErrorObject {
    message: Option<String>,
    code: Option<String>,
}

impl ErrorObject {
    fn into_fault(self, mut error: ResponseError) -> ResponseError {
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

/// A model that keeps the fields it does not name.
pub(crate) trait Model: DeserializeOwned {
    /// What an error names when nothing came that the model names.
    const MISSED: &'static str;

    fn extra(&self) -> &ExtraFields;

    /// Whether something came that the model names.
    fn is_there(&self) -> bool;
}

/// Reads one object, of which any field may be absent, but not all: somebody else's `{}` is none.
/// An access record of which nothing came would have no end, and open the door.
pub(crate) fn object<T: Model>(response: &Response) -> Result<T, ResponseError> {
    let model: T = unless_error(response)?;
    required(T::MISSED, model.is_there().then_some(model))
}

/// Reads a page, which says `data` though it may have no record.
pub(crate) fn page<T: Model>(response: &Response) -> Result<T, ResponseError> {
    let page: T = unless_error(response)?;
    if !page.is_there() {
        let data = json::<ExtraFields>(response)?.json(T::MISSED);
        required(T::MISSED, data.filter(|data| data != "null"))?;
    }
    Ok(page)
}

/// Reads what an action gives back. No source shows it, so any object is taken that says something.
pub(crate) fn of_action<T: Model>(response: &Response) -> Result<T, ResponseError> {
    let model: T = unless_error(response)?;
    let says_something = model.is_there() || !model.extra().is_empty();
    required(T::MISSED, says_something.then_some(model))
}

/// Reads an object. An error object on HTTP 200 is an error.
fn unless_error<T: Model>(response: &Response) -> Result<T, ResponseError> {
    let model: T = json(response)?;
    if model.extra().contains("error")
        && let Some(error) = error_object(response)
    {
        return Err(error.into_fault(ResponseError::new(ErrorKind::Api)));
    }
    Ok(model)
}

/// Reads an object of a look-up; HTTP 404 is `None`, with or without a body.
pub(crate) fn optional<T: Model>(response: &Response) -> Result<Option<T>, ResponseError> {
    match response.status().as_u16() {
        404 => Ok(None),
        _ => object(response).map(Some),
    }
}

/// Reads the answer to an action that nobody documents: whatever came, or nothing, or `{}`.
pub(crate) fn receipt(response: &Response) -> Result<Acknowledgement, ResponseError> {
    Acknowledgement::read(response, |response| object(response).map(|Kept(fields)| fields))
}

#[derive(Deserialize)]
struct Kept(ExtraFields);

impl Model for Kept {
    const MISSED: &'static str = "";

    fn extra(&self) -> &ExtraFields {
        &self.0
    }

    fn is_there(&self) -> bool {
        true // It names nothing that could be missed.
    }
}
