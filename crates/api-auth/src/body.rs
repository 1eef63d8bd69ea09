//! Request bodies: forms, JSON, and bytes of any other content type.

use std::fmt;

use http::header::CONTENT_TYPE;
use serde::Serialize;

use crate::encode::{Encoding, Params};
use crate::error::input::InputError;
use crate::message::Request;

/// The body of a request: a form, a JSON text, or bytes of any other content type.
///
/// ```
/// use api_auth::{Body, Params};
///
/// let mut params = Params::new();
/// params.push("city", "Oslo");
/// let form = Body::Form(params);
/// let json = Body::json(&["Oslo", "Bergen"])?;
/// # let _ = (form, json);
/// # Ok::<(), api_auth::InputError>(())
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Body<'a> {
    /// The request has no body.
    #[default]
    None,
    /// A form (`application/x-www-form-urlencoded`), which is encoded with the provider's
    /// [`Encoding`].
    Form(Params<'a>),
    /// A JSON text (`application/json`), which is sent unchanged.
    Json(Vec<u8>),
    /// A body with any other content type.
    Bytes {
        /// The value of the `content-type` header, such as `text/csv`.
        content_type: &'static str,
        /// The bytes of the body, which are sent unchanged.
        bytes: Vec<u8>,
    },
}

impl fmt::Debug for Body<'_> {
    /// Formats only parameter names and sizes, because values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Form(params) => f.debug_tuple("Form").field(params).finish(),
            Self::Json(bytes) => write!(f, "Json({} bytes)", bytes.len()),
            Self::Bytes { content_type, bytes } => {
                write!(f, "Bytes({content_type}, {} bytes)", bytes.len())
            }
        }
    }
}

impl Body<'_> {
    /// Serializes `value` as a JSON body.
    ///
    /// # Errors
    /// Returns an error if `value` cannot be serialized as JSON.
    pub fn json(value: &impl Serialize) -> Result<Self, InputError> {
        let mut text = Vec::with_capacity(512);
        match serde_json::to_writer(&mut text, value) {
            Ok(()) => Ok(Self::Json(text)),
            Err(error) => {
                Err(InputError::new("body", format!("cannot be serialized as JSON ({error})")))
            }
        }
    }
}

/// The content type of a form.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// Returns whether the body of a request is a form, according to its `content-type` header.
#[inline]
pub(crate) fn is_form(request: &Request) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(FORM.as_bytes()))
}

/// Encodes a form, with spare capacity for escapes and for a digest that a signer appends.
pub(crate) fn form(params: &Params<'_>, encoding: Encoding) -> Vec<u8> {
    const SIGNATURE: usize = 128;
    let length: usize = params.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    let mut text = Vec::with_capacity(length + length / 2 + SIGNATURE);
    encoding.write(params, &mut text);
    text
}
