//! Decodes compressed responses that ureq does not decode, such as those with the encoding `GZIP`
//! or `x-gzip`.

use std::io::{ErrorKind as Io, Read};

use flate2::read::MultiGzDecoder;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};

use crate::message::Response;
use crate::transport::{Sent, TransportError, TransportErrorKind};

/// Returns whether ureq could not decompress a body because it is empty. Responses without a body,
/// such as 204, often have the `content-encoding` header of other responses.
pub(super) fn is_empty_body(error: &std::io::Error, received: &[u8]) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>());
    let is_end = |error: &std::io::Error| error.kind() == Io::UnexpectedEof;
    received.is_empty() && matches!(inner, Some(ureq::Error::Decompress(_, io)) if is_end(io))
}

/// Decodes a body whose encoding has a name that ureq does not support, such as `GZIP` or `x-gzip`.
/// Returns all other responses unchanged.
pub(super) fn decoded(mut response: Response, limit: usize) -> Result<Response, TransportError> {
    let encoding = response.headers().get(CONTENT_ENCODING).map(|value| value.as_bytes());
    let is_gzip = |name: &[u8]| {
        [&b"gzip"[..], b"x-gzip"].iter().any(|known| name.trim_ascii().eq_ignore_ascii_case(known))
    };
    if response.body().is_empty() || !encoding.is_some_and(is_gzip) {
        return Ok(response);
    }
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let result = MultiGzDecoder::new(response.body().as_slice()).take(most).read_to_end(&mut bytes);
    if let Err(error) = result {
        let text = format!("gzip decompression failed: {error}");
        return Err(TransportError::new(TransportErrorKind::Protocol, Sent::Maybe, text)
            .with_partial(response));
    }
    let is_too_large = bytes.len() > limit;
    bytes.truncate(limit);
    *response.body_mut() = bytes;
    response.headers_mut().remove(CONTENT_ENCODING);
    response.headers_mut().remove(CONTENT_LENGTH);
    if is_too_large {
        return Err(TransportError::too_large(limit).with_partial(response));
    }
    Ok(response)
}
