//! Helpers for responses of more than one provider.

use std::fmt;

use serde::de::IgnoredAny;

use crate::{ErrorKind, ExtraFields, Response, ResponseError, json, json_start};

/// The response to an action whose format is not documented. It may be empty.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Acknowledgement {
    /// The fields, if the body is a JSON object.
    pub extra: ExtraFields,
    /// The body as received. `Debug` does not show it, because its content is not documented.
    pub body: String,
}

impl Acknowledgement {
    /// Parses a response whose body is empty, any JSON, or an object, which `object` parses and may
    /// reject. An HTML page is an error.
    ///
    /// # Errors
    /// Returns an error if the body is not JSON, or if `object` returns one.
    pub fn read(
        response: &Response,
        object: impl FnOnce(&Response) -> Result<ExtraFields, ResponseError>,
    ) -> Result<Self, ResponseError> {
        let body = String::from_utf8_lossy(response.body()).into_owned();
        let fields = match json_start(response) {
            None => return Ok(Self::default()),
            Some(b'{') => object(response)?,
            Some(_) => json::<IgnoredAny>(response).map(|_| ExtraFields::default())?,
        };
        Ok(Self { extra: fields, body })
    }
}

impl fmt::Debug for Acknowledgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acknowledgement").field("extra", &self.extra).finish_non_exhaustive()
    }
}

/// Returns a required part of a response, or an error if it is absent. So the `{}` of a proxy or of
/// a broken server is not a success.
///
/// ```
/// use api_auth::required;
///
/// assert_eq!(required("id", Some(7)).unwrap(), 7);
/// assert_eq!(required("id", None::<u32>).unwrap_err().to_string(), "id: missing");
/// ```
///
/// # Errors
/// Returns a [`ErrorKind::Decode`] error that names the missing part.
pub fn required<T>(name: &str, part: Option<T>) -> Result<T, ResponseError> {
    part.ok_or_else(|| {
        ResponseError::new(ErrorKind::Decode).with_message(format!("{name}: missing"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Acknowledgement, ResponseError> {
        Acknowledgement::read(&Response::new(body.as_bytes().to_vec()), json)
    }

    #[test]
    fn nothing_and_any_json_are_receipts_and_a_page_is_none() {
        assert_eq!(read(" \n").unwrap(), Acknowledgement::default());
        assert_eq!(read("\"done\"").unwrap().body, "\"done\"");
        assert_eq!(read("\u{feff}{\"id\":7}").unwrap().extra.text("id").as_deref(), Some("7"));
        assert_eq!(read(" {\"id\":7}").unwrap().extra.text("id").as_deref(), Some("7"));
        for body in ["<html>", "{\"id\":", "done"] {
            assert_eq!(read(body).unwrap_err().kind, ErrorKind::Decode, "{body}");
        }
    }

    #[test]
    fn a_receipt_does_not_show_its_body() {
        let receipt = read("[\"CANARY\"]").unwrap();
        assert!(!format!("{receipt:?}").contains("CANARY"));
    }
}
