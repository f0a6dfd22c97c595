use thiserror::Error as ThisError;

/// The cause of an [`Error`], as a backend reports it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// The error of a store's operation.
///
/// An error is never a result: after `Unavailable`, a caller must not assume that a notification is new or that it is
/// known.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The outcome is unknown; the operation may be repeated as it is.
    #[error("the store is unavailable")]
    Unavailable(#[source] BoxError),
    /// Stored data can't be read; repeating won't help. The record is set aside and the others continue.
    #[error("a stored record is corrupt: {0}")]
    Corrupt(&'static str),
    /// The store isn't the one that was opened, or it may lose records; the text says which. Every operation returns
    /// this error until the store is opened again.
    #[error("the store was replaced or may lose records: {0}; restart to open it again")]
    Replaced(&'static str),
    /// This backend, or the version of its data, doesn't support the request.
    #[error("not supported by this store: {0}")]
    Unsupported(String),
}

/// The error for a retention that is too short: the store would forget a notification that the platform may still
/// resend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[error("retention must be at least 25h, because the platform resends for up to 24h23m")]
#[non_exhaustive]
pub struct RetentionError;
