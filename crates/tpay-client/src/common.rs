//! Types that several resources share, such as local times and the results of requests.
//!
//! ```
//! use tpay_client::common::{LocalTime, ResultStatus};
//!
//! assert_eq!(ResultStatus::from("success"), ResultStatus::Success);
//! let time = LocalTime::from("2026-11-21 12:00:00").unix_time();
//! assert_eq!(time.map(|time| time.to_string()).as_deref(), Some("2026-11-21T11:00:00Z"));
//! ```

use api_auth::{ErrorKind, Response, ResponseError, wire_enum};

pub use crate::local_time::LocalTime;

wire_enum! {
    /// The result of a request (`result` in responses).
    ///
    /// See the example in the module [`common`](crate::common).
    ///
    /// Source: the provider's API reference, `POST /transactions`.
    pub enum ResultStatus {
        /// The operation succeeded.
        Success = "success",
        /// The payer must be redirected to the payment page.
        ActionRequired = "actionRequired",
        /// The result is not known yet.
        Pending = "pending",
        /// The operation failed. The client returns an [`Error`](crate::Error) instead of the
        /// response.
        Failed = "failed",
    }
}

/// A file that the server returned, such as a QR image or a report.
///
/// See the example in the module [`common`](crate::common).
///
/// Source: the provider's API reference, `POST /transactions/{transactionId}/qr`, and for reports,
/// the official PHP client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct File {
    /// The value of the header `Content-Type`, such as `image/png`. `None` if the response does not
    /// have this header.
    pub content_type: Option<String>,
    /// The content of the file.
    pub bytes: Vec<u8>,
}

impl File {
    pub(crate) fn any(response: &Response) -> Result<Self, ResponseError> {
        let content_type = response.headers().get(api_auth::http::header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Self { content_type, bytes: response.body().clone() })
    }

    /// Returns the image in a response. Returns an error if the body is empty or JSON, or if the
    /// content type is not that of an image. Without a content type, the body must be a PNG, JPEG
    /// or SVG image.
    pub(crate) fn image(response: &Response) -> Result<Self, ResponseError> {
        let file = Self::any(response)?;
        let is_image = match file.content_type.as_deref() {
            Some(name) => name.starts_with("image/"),
            None => is_known_image(&file.bytes),
        };
        let is_json = matches!(api_auth::json_start(response), Some(b'{' | b'['));
        let problem = if file.bytes.is_empty() {
            "the response body is empty"
        } else if !is_image || is_json {
            "the response is not an image"
        } else {
            return Ok(file);
        };
        Err(ResponseError::new(ErrorKind::Decode).with_message(problem))
    }
}

/// Returns whether the bytes begin with the signature of a PNG or JPEG image, or look like an SVG
/// document.
fn is_known_image(bytes: &[u8]) -> bool {
    let is_svg = || {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        ["<svg", "<?xml", "<!DOCTYPE svg"].iter().any(|start| text.starts_with(start))
            && text.contains("<svg")
            && !text.contains("<html")
    };
    bytes.starts_with(b"\x89PNG\r\n\x1a\n") || bytes.starts_with(b"\xff\xd8\xff") || is_svg()
}
