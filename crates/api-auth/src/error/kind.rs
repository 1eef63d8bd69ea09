//! The kinds of errors.

/// The kind of an error. It determines what the caller can do about the error.
///
/// See the example in [`Error`](crate::Error).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument or a setting is invalid. Nothing was sent. See
    /// [`Error::argument`](crate::Error::argument).
    Input,
    /// No complete response was received. Check [`Error::delivery`](crate::Error::delivery) before
    /// you repeat a write.
    Transport,
    /// The provider rejected the credentials, or they lack a required permission.
    Auth,
    /// The response has an error status, or contains an error. With status 3xx or 5xx, a write may
    /// have been carried out; see [`Error::outcome_unknown`](crate::Error::outcome_unknown). See
    /// also [`Error::code`](crate::Error::code) and [`Error::message`](crate::Error::message).
    Api,
    /// The request succeeded, but the operation failed, for example because a payment was declined.
    /// See [`Error::payload`](crate::Error::payload).
    OperationFailed,
    /// The provider rejected the request because it received too many requests. See
    /// [`Error::retry_after`](crate::Error::retry_after).
    RateLimited,
    /// The response or notification differs from the provider's documentation. A write may have
    /// been carried out; see [`Error::outcome_unknown`](crate::Error::outcome_unknown). See also
    /// [`Error::body`](crate::Error::body).
    Decode,
    /// Entries of a list may be missing, because the list changed while it was read, or because the
    /// number of entries differs from the total that the server reported. Read the list again.
    Incomplete,
    /// A received message could not be verified, for example because its signature or certificate
    /// is not valid. Do not act on the message.
    Verify,
}
