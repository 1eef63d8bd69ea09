//! The response to an action for which no response format is documented.

use std::fmt;

use serde::de::IgnoredAny;

use crate::error::response::ResponseError;
use crate::json::{json, json_start};
use crate::message::Response;
use crate::models::ExtraFields;

/// The response to an action for which the provider documents no response format. The body may be
/// empty.
///
/// ```
/// use api_auth::{Acknowledgement, Response, json};
///
/// let response = Response::new(br#"{"deleted":true}"#.to_vec());
/// let acknowledgement = Acknowledgement::read(&response, json)?;
/// assert!(acknowledgement.extra.contains("deleted"));
/// # Ok::<(), api_auth::ResponseError>(())
/// ```
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Acknowledgement {
    /// The members of the body if it is a JSON object. Empty for any other body.
    pub extra: ExtraFields,
    /// The body as received, except that bytes that are not UTF-8 become U+FFFD. `Debug` does not
    /// show the body, because its content is not documented.
    pub body: String,
}

impl Acknowledgement {
    /// Parses a response whose body is empty or a JSON text. If the body is a JSON object, `object`
    /// parses it, and may return an error that the body contains.
    ///
    /// # Errors
    /// Returns an error if the body is neither empty nor JSON (such as an HTML page), or if
    /// `object` returns an error.
    pub fn read(
        response: &Response,
        object: impl FnOnce(&Response) -> Result<ExtraFields, ResponseError>,
    ) -> Result<Self, ResponseError> {
        let body = String::from_utf8_lossy(response.body()).into_owned();
        let fields = match json_start(response) {
            None => ExtraFields::default(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::kind::ErrorKind;

    fn read(body: &str) -> Result<Acknowledgement, ResponseError> {
        Acknowledgement::read(&Response::new(body.as_bytes().to_vec()), json)
    }

    #[test]
    fn empty_bodies_and_any_json_are_accepted_and_html_is_rejected() {
        for blank in ["", " \n", "\u{feff}"] {
            let read = read(blank).unwrap();
            assert_eq!((read.extra.is_empty(), &*read.body), (true, blank));
        }
        assert_eq!(read("\"done\"").unwrap().body, "\"done\"");
        assert_eq!(read("\u{feff}{\"id\":7}").unwrap().extra.text("id").as_deref(), Some("7"));
        assert_eq!(read(" {\"id\":7}").unwrap().extra.text("id").as_deref(), Some("7"));
        for body in ["<html>", "{\"id\":", "done"] {
            assert_eq!(read(body).unwrap_err().kind, ErrorKind::Decode, "{body}");
        }
    }

    #[test]
    fn debug_does_not_show_the_body() {
        let acknowledgement = read("[\"CANARY\"]").unwrap();
        assert!(!format!("{acknowledgement:?}").contains("CANARY"));
    }
}
