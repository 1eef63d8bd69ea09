//! The failures that a test can make a server simulate.

use std::time::Duration;

use crate::Response;

/// A failure that a server simulates for its next requests; see
/// [`Server::misbehave`](crate::Server::misbehave).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// Handles the request, and delays the response by this duration.
    Delay(Duration),
    /// Resets the connection before the request is read.
    ResetBeforeReading,
    /// Handles the request, and resets the connection instead of sending a response.
    ResetAfterReading,
    /// Handles the request and closes the connection in the middle of the response body.
    CutBody,
    /// Handles the request, sends part of the status line, waits for this duration, and closes the
    /// connection.
    StallInHeaders(Duration),
    /// Handles the request, sends half of the body, waits for this duration, and closes the
    /// connection.
    StallInBody(Duration),
    /// Handles the request, sends the response byte by byte, with this pause before each byte, and
    /// closes the connection.
    Trickle(Duration),
    /// Announces a body of ten gigabytes, and sends data until the client closes the connection.
    /// The request is not handled.
    Endless,
    /// Responds with 429. The header `Retry-After` contains this number of seconds, and is omitted
    /// for `None`. The request is not handled.
    TooManyRequests(Option<u64>),
    /// Responds with 502 and an HTML page, like a proxy. The request is not handled.
    BadGateway,
    /// Handles the request and responds with 200 and an empty body.
    EmptyBody,
    /// Sends this response. The request is not handled.
    Response(Response),
    /// Sends these bytes and closes the connection. The request is not handled.
    Bytes(Vec<u8>),
}

impl Misbehaviour {
    /// The failures that the console and `api-sandbox --misbehave` offer, each as its name, its
    /// description and its value.
    ///
    /// ```
    /// use api_sandbox::Misbehaviour;
    ///
    /// let (name, ..) = &Misbehaviour::NAMED[0];
    /// assert!(Misbehaviour::named(name).is_some());
    /// ```
    pub const NAMED: [(&'static str, &'static str, Self); 11] = [
        ("bad-gateway", "502 from a proxy", Self::BadGateway),
        ("too-many-requests", "429 with Retry-After: 1", Self::TooManyRequests(Some(1))),
        ("delay", "delay of 5 s", Self::Delay(Duration::from_secs(5))),
        ("reset-before-reading", "reset before the request is read", Self::ResetBeforeReading),
        ("reset-after-reading", "reset instead of the response", Self::ResetAfterReading),
        ("cut-body", "close in the middle of the body", Self::CutBody),
        ("empty-body", "empty body", Self::EmptyBody),
        ("trickle", "0.1 s before each byte", Self::Trickle(Duration::from_millis(100))),
        (
            "stall-in-headers",
            "60 s pause within the headers",
            Self::StallInHeaders(Duration::from_secs(60)),
        ),
        ("stall-in-body", "60 s pause within the body", Self::StallInBody(Duration::from_secs(60))),
        ("endless", "endless body", Self::Endless),
    ];

    /// Returns the failure with this name in [`NAMED`](Self::NAMED). Returns `None` if there is no
    /// such name.
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::NAMED.into_iter().find(|(known, ..)| *known == name);
        found.map(|(_, _, how)| how)
    }
}
