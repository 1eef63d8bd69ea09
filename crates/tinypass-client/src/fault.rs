//! How TinyPass says no, and answers that nobody documents.

use api_auth::{ErrorKind, Fault, Fields, Receipt, Response, json, status_fault};
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
    if model.fields().contains("error")
        && let Some(error) = error_object(response)
    {
        return Err(error.into_fault(Fault::new(ErrorKind::Api)));
    }
    Ok(model)
}

/// Reads an object of a look-up; HTTP 404 is `None`, with or without a body.
pub(crate) fn optional<T: Model>(response: &Response) -> Result<Option<T>, Fault> {
    match response.status().as_u16() {
        404 => Ok(None),
        _ => object(response).map(Some),
    }
}

/// Reads the answer to an action: whatever came, or nothing.
pub(crate) fn receipt(response: &Response) -> Result<Receipt, Fault> {
    Receipt::read(response, |response| object(response).map(|Kept(fields)| fields))
}

#[derive(Deserialize)]
struct Kept(Fields);

impl Model for Kept {
    fn fields(&self) -> &Fields {
        &self.0
    }
}
