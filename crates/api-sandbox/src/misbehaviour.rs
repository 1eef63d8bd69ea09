//! What a server can be told to do instead of answering well.

use std::time::Duration;

use crate::Reply;

/// How the next requests go wrong; see [`Server::misbehave`](crate::Server::misbehave).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// Answers well, but this much later.
    Delay(Duration),
    /// Closes the connection with a reset before a byte of the request is read.
    ResetBeforeReading,
    /// Carries the request out, then resets the connection instead of answering.
    ResetAfterReading,
    /// Carries the request out, then closes in the middle of the answer's body.
    CutBody,
    /// Carries the request out and says nothing for this long, then closes.
    StallInHeaders(Duration),
    /// Carries the request out, sends half the body and says nothing for this long, then closes.
    StallInBody(Duration),
    /// Carries the request out and sends the answer byte by byte, with this pause before each.
    Trickle(Duration),
    /// Announces ten gigabytes and sends until the client hangs up, without carrying the request
    /// out.
    Endless,
    /// Answers 429, with a `Retry-After` in seconds if there is one.
    TooManyRequests(Option<u64>),
    /// Answers 502 with a proxy's HTML page.
    BadGateway,
    /// Carries the request out and answers 200 without a body.
    EmptyBody,
    /// Answers this, without carrying the request out.
    Answer(Reply),
    /// Writes these bytes as they are and closes, without carrying the request out.
    Bytes(Vec<u8>),
}
