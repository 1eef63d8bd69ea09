//! Failures on demand.

use std::time::Duration;

use crate::Response;

/// A failure of the next requests; see [`Server::misbehave`](crate::Server::misbehave).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// Handles the request and delays the response by this time.
    Delay(Duration),
    /// Resets the connection before the request is read.
    ResetBeforeReading,
    /// Handles the request and resets the connection instead of a response.
    ResetAfterReading,
    /// Handles the request and closes the connection in the middle of the response body.
    CutBody,
    /// Handles the request, sends a part of the status line, waits for this time and closes the
    /// connection.
    StallInHeaders(Duration),
    /// Handles the request, sends half of the body, waits for this time and closes the connection.
    StallInBody(Duration),
    /// Handles the request and sends the response byte by byte, with this pause before each.
    Trickle(Duration),
    /// Announces a body of ten gigabytes and sends until the client closes the connection, without
    /// handling
    /// the request.
    Endless,
    /// Responds with 429, and with a `Retry-After` in seconds if given.
    TooManyRequests(Option<u64>),
    /// Responds with 502 and the HTML page of a proxy.
    BadGateway,
    /// Handles the request and responds with 200 and an empty body.
    EmptyBody,
    /// Responds with this, without handling the request.
    Response(Response),
    /// Sends these bytes and closes the connection, without handling the request.
    Bytes(Vec<u8>),
}
