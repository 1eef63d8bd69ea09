//! HTTP messages: complete requests and responses.

/// A complete request: the method, full URI, headers and body.
///
/// See the example in [`Client`](crate::Client).
pub type Request = http::Request<Vec<u8>>;

/// A complete response: the status, headers and whole body.
///
/// See the example in [`Client`](crate::Client).
pub type Response = http::Response<Vec<u8>>;
