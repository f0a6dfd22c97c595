use rusqlite::ErrorCode;
use std::io;
use std::sync::Arc;
use wxhook_idempotency::Error;

/// Why a step didn't work out, shared by all who asked for something in it.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Fault {
    #[error("sqlite")]
    Sqlite(#[source] Arc<rusqlite::Error>),
    #[error("the database file can't be reached")]
    File(#[source] Arc<io::Error>),
    #[error("the store is closed")]
    Closed,
}

impl Fault {
    pub(crate) fn file(error: io::Error) -> Self {
        Self::File(Arc::new(error))
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Unavailable(Box::new(fault))
    }
}

/// Returns the caller's error for a failing statement: a stored value is wrong, or nothing works at the moment.
/// SQLite's messages name tables and columns, never values.
pub(crate) fn sql(error: rusqlite::Error) -> Error {
    match &error {
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::Utf8Error(..) => Error::Corrupt("a column of a record"),
        rusqlite::Error::SqliteFailure(failure, _)
            if matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) =>
        {
            Error::Corrupt("the database file")
        }
        _ => Fault::Sqlite(Arc::new(error)).into(),
    }
}

/// The same error once more: an [`Error`] can't be cloned.
pub(crate) fn again(error: &Error) -> Error {
    match error {
        Error::Corrupt(what) => Error::Corrupt(what),
        Error::Replaced(why) => Error::Replaced(why),
        Error::Unsupported(what) => Error::Unsupported(what.clone()),
        Error::Unavailable(cause) => match cause.downcast_ref::<Fault>() {
            Some(fault) => fault.clone().into(),
            None => Error::Unavailable(cause.to_string().into()),
        },
        other => Error::Unavailable(other.to_string().into()),
    }
}
