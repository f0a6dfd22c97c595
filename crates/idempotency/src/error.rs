use thiserror::Error as ThisError;

/// Cause that a backend reports of an [`Error`].
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Why a store could not do what it was asked.
///
/// An error is never an answer: after `Unavailable` nobody may conclude that a notification is new, or that it isn't.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The outcome is unknown; the operation may be repeated as it is.
    #[error("the store is unavailable")]
    Unavailable(#[source] BoxError),
    /// Something stored can't be read; repeating won't help. The record is set aside, others go on.
    #[error("a stored record is corrupt: {0}")]
    Corrupt(&'static str),
    /// The store isn't the one that was opened, or it may lose what it holds; the text says which. It stays so until the
    /// store is opened again.
    #[error("the store was replaced or may lose records: {0}; restart to open it again")]
    Replaced(&'static str),
    /// This backend, or the version of its data, can't do what was asked.
    #[error("not supported by this store: {0}")]
    Unsupported(String),
}

/// A retention that would forget a notification while the platform may still resend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[error("retention must be at least 25h, because the platform resends for up to 24h23m")]
#[non_exhaustive]
pub struct RetentionError;
