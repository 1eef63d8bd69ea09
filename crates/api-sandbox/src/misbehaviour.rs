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

impl Misbehaviour {
    /// The failures that the console and `api-sandbox --misbehave` offer: name, description and
    /// failure.
    ///
    /// ```
    /// use api_sandbox::Misbehaviour;
    ///
    /// let (name, ..) = &Misbehaviour::NAMED[0];
    /// assert!(Misbehaviour::named(name).is_some());
    /// ```
    pub const NAMED: [(&'static str, &'static str, Self); 11] = [
        ("bad-gateway", "502 of a proxy", Self::BadGateway),
        ("too-many-requests", "429 with Retry-After: 1", Self::TooManyRequests(Some(1))),
        ("delay", "delay of 5 s", Self::Delay(Duration::from_secs(5))),
        ("reset-before-reading", "reset before the request is read", Self::ResetBeforeReading),
        ("reset-after-reading", "reset instead of the response", Self::ResetAfterReading),
        ("cut-body", "end in the middle of the body", Self::CutBody),
        ("empty-body", "empty body", Self::EmptyBody),
        ("trickle", "0.1 s before each byte", Self::Trickle(Duration::from_millis(100))),
        (
            "stall-in-headers",
            "60 s within the headers",
            Self::StallInHeaders(Duration::from_secs(60)),
        ),
        ("stall-in-body", "60 s within the body", Self::StallInBody(Duration::from_secs(60))),
        ("endless", "a body without end", Self::Endless),
    ];

    /// Returns the failure of [`NAMED`](Self::NAMED) with this name.
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::NAMED.into_iter().find(|(known, ..)| *known == name);
        found.map(|(_, _, how)| how)
    }
}
