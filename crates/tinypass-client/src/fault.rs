//! How TinyPass says no, and answers that nobody documents.

use std::fmt;

use api_auth::{ErrorKind, Fault, Fields, InputError, Response, json, status_fault};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Reads `{"error":{"message":"..."}}`, and its looser forms, out of an answer.
///
/// The status alone decides the kind: 401 and 403 are about the credentials; 402 is an
/// application error or a wrong method and has nothing to do with payment.
pub(crate) fn read(response: &Response) -> Fault {
    match error_object(response) {
        Some(error) => error.into_fault(Fault::of_status(response.status())),
        None => status_fault(response),
    }
}

#[derive(Deserialize)]
struct Envelope {
    error: ErrorObject,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ErrorObject {
    Fields(Fields),
    Text(String),
}

impl ErrorObject {
    fn into_fault(self, fault: Fault) -> Fault {
        match self {
            Self::Text(text) => fault.with_message(text),
            Self::Fields(fields) => {
                let fault = match fields.text("message") {
                    Some(message) => fault.with_message(message),
                    None => fault,
                };
                match fields.text("code") {
                    Some(code) => fault.with_code(code),
                    None => fault,
                }
            }
        }
    }
}

fn error_object(response: &Response) -> Option<ErrorObject> {
    json::<Envelope>(response).ok().map(|envelope| envelope.error)
}

/// A model that keeps the fields it does not name.
pub(crate) trait Model: DeserializeOwned {
    fn fields(&self) -> &Fields;
}

/// Reads one object. An error object on HTTP 200 is an error, though every field of a model may
/// be absent.
pub(crate) fn object<T: Model>(response: &Response) -> Result<T, Fault> {
    let model: T = json(response)?;
    if model.fields().names().any(|name| name == "error")
        && let Some(error) = error_object(response)
    {
        return Err(error.into_fault(Fault::new(ErrorKind::Api)));
    }
    Ok(model)
}

/// Reads an object of a lookup; HTTP 404 is `None`, with or without a body.
pub(crate) fn optional<T: Model>(response: &Response) -> Result<Option<T>, Fault> {
    match response.status().as_u16() {
        404 => Ok(None),
        _ => object(response).map(Some),
    }
}

/// The answer to an action, whose form is not documented: whatever came, or nothing.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Receipt {
    /// The fields, if an object came.
    pub fields: Fields,
    /// The body as it came. `Debug` does not show it: nobody says what is in it.
    pub body: String,
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt").field("fields", &self.fields).finish_non_exhaustive()
    }
}

impl Receipt {
    pub(crate) fn read(response: &Response) -> Result<Self, Fault> {
        let body = String::from_utf8_lossy(response.body()).into_owned();
        let text = body.trim();
        if text.is_empty() {
            return Ok(Self::default());
        }
        if !text.starts_with('{') {
            // Any JSON will do; a page of HTML will not.
            json::<serde::de::IgnoredAny>(response)?;
            return Ok(Self { fields: Fields::default(), body });
        }
        let Kept(fields) = object(response)?;
        Ok(Self { fields, body })
    }
}

#[derive(Deserialize)]
struct Kept(Fields);

impl Model for Kept {
    fn fields(&self) -> &Fields {
        &self.0
    }
}

/// A rid is what the publisher chose: 1 to 255 characters that are not all white space.
pub(crate) fn check_rid(rid: &str) -> Result<(), InputError> {
    if rid.trim().is_empty() {
        return Err(InputError::new("rid", "must not be empty or only white space"));
    }
    if rid.chars().count() > 255 {
        return Err(InputError::new("rid", "must not be longer than 255 characters"));
    }
    Ok(())
}

/// Makes an error of a search's argument only if there is one.
pub(crate) fn check_rid_if_any(rid: Option<&String>) -> Result<(), InputError> {
    rid.map_or(Ok(()), |rid| check_rid(rid))
}
