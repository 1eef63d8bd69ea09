//! HTTP messages: complete requests and responses.

/// A complete request: method, full URI, headers, body.
///
/// See the example of [`Client`](crate::Client).
pub type Request = http::Request<Vec<u8>>;

/// A complete response: status, headers, the whole body.
///
/// See the example of [`Client`](crate::Client).
pub type Response = http::Response<Vec<u8>>;
