//! HTTP messages: complete requests and responses.

/// A complete request: method, full URI, headers, body.
pub type Request = http::Request<Vec<u8>>;

/// A complete response: status, headers, the whole body.
pub type Response = http::Response<Vec<u8>>;
