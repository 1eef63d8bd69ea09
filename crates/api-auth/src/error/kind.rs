//! The kinds of errors.

/// The kind of an error, by what the caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An invalid argument or setting; nothing was sent. See [`Error::argument`].
    Input,
    /// No complete response. See [`Error::delivery`] before repeating a write.
    Transport,
    /// The provider rejected the credentials.
    Auth,
    /// The provider rejected the request. See [`Error::code`] and [`Error::message`].
    Api,
    /// The request succeeded, and the payment was declined. See [`Error::payload`].
    Declined,
    /// Too many requests. See [`Error::retry_after`].
    RateLimited,
    /// The response differs from the documentation. See [`Error::body`].
    Decode,
    /// The signature or certificate of a received message is not valid. Do not trust the message.
    Verify,
}
