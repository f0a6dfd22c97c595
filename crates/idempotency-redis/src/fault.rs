use redis::{ErrorKind, RedisError, ServerErrorKind};
use std::time::Duration;
use wxhook_idempotency::Error;

/// Why something didn't work out. What the server said isn't repeated, since it may repeat what it was sent.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Fault {
    #[error("can't connect to redis: {0}")]
    Connect(String),
    #[error("can't connect to redis: no answer within {0:?}")]
    ConnectTime(Duration),
    #[error("no answer from redis within {0:?}; the outcome is unknown")]
    Time(Duration),
    #[error("the connection to redis was lost; the outcome is unknown")]
    Lost,
    #[error("redis {0}")]
    Server(&'static str),
    #[error("redis answered {code}{place}")]
    Other { code: String, place: String },
    #[error("only {got} of {wanted} replicas have the change so far; the outcome is unknown")]
    Replicas { got: i64, wanted: i64 },
    #[error("the change isn't in redis' append-only file so far; the outcome is unknown")]
    NotOnDisk,
    #[error("redis gave an answer that can't be understood")]
    Answer,
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Unavailable(Box::new(fault))
    }
}

/// Returns whether the connection can't be used any more, or leads to a server that isn't the one to talk to.
pub(crate) fn needs_another_connection(error: &RedisError) -> bool {
    error.is_unrecoverable_error()
        || error.is_io_error()
        || matches!(error.kind(), ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown))
}

/// Returns whether the server answered that its user may not do this.
pub(crate) fn is_forbidden(error: &Error) -> bool {
    let Error::Unavailable(cause) = error else { return false };
    matches!(cause.downcast_ref(), Some(Fault::Server(FORBIDDEN)))
}

/// Returns whether an operation failed because its connection did.
pub(crate) fn is_lost(error: &Error) -> bool {
    let Error::Unavailable(cause) = error else { return false };
    matches!(cause.downcast_ref(), Some(Fault::Lost))
}

/// Returns whether the server doesn't know the script; it ran nothing then.
pub(crate) fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// Why there is no connection.
pub(crate) fn connecting(error: &RedisError) -> Fault {
    match error.code() {
        Some(code) => server(code, error.detail()),
        None if error.kind() == ErrorKind::AuthenticationFailed => Fault::Server("refused the password"),
        None if error.is_timeout() => Fault::Connect("no answer in time".to_owned()),
        None if error.is_connection_refusal() => Fault::Connect("connection refused".to_owned()),
        None => Fault::Connect(error.category().to_owned()),
    }
}

/// Returns the meaning of a failing operation to its caller.
pub(crate) fn operating(error: &RedisError) -> Error {
    match error.code() {
        Some("CORRUPT") => Error::Corrupt(corrupt(error.detail().unwrap_or_default())),
        Some("WRONGTYPE") => Error::Corrupt("a key of another type"),
        Some("UNFINISHED") => Error::Unsupported(UNFINISHED.to_owned()),
        Some(code) => server(code, error.detail()).into(),
        None => Fault::Lost.into(),
    }
}

/// The fault of any write to an unfinished copy.
const UNFINISHED: &str = "it is an unfinished copy of another store: finish the copy, or delete its keys";

const FORBIDDEN: &str = "user may not do this (ACL)";

/// Redis' error for another type under a stream's key.
pub(crate) const NO_STREAM: &str = "has something else than a stream under this key";

/// Returns the meaning of a failing command on a stream to its caller.
pub(crate) fn adding(error: &RedisError) -> Error {
    match error.code() {
        Some("WRONGTYPE") => Fault::Server(NO_STREAM).into(),
        Some(code) => server(code, error.detail()).into(),
        None => Fault::Lost.into(),
    }
}

/// Errors that the scripts report.
fn corrupt(detail: &str) -> &'static str {
    match detail.split_ascii_whitespace().next() {
        Some("aside") => "a record that was set aside",
        Some("missing") => "a name leads to no record",
        Some("head") => "a record's key and labels",
        Some("body") => "a record's body",
        Some("list") => "a list of a record",
        Some("number") => "a number of a record",
        Some("type") => "a key of another type",
        Some("probe") => "what was written isn't what is read",
        _ => "a field of a record",
    }
}

fn server(code: &str, detail: Option<&str>) -> Fault {
    Fault::Server(match code {
        "OOM" => "is out of memory (maxmemory is reached)",
        "READONLY" => "is a replica that can't be written to",
        "LOADING" => "is still loading its data",
        "MISCONF" => "can't save its data to disk and refuses writes",
        "NOREPLICAS" => "has fewer replicas than min-replicas-to-write and refuses writes",
        "BUSY" => "is busy with a script",
        "MASTERDOWN" => "is a replica without its master",
        "CLUSTERDOWN" => "cluster is down",
        "TRYAGAIN" | "MOVED" | "ASK" => "cluster is moving the keys",
        "NOAUTH" | "WRONGPASS" => "refused the password",
        "NOPERM" => FORBIDDEN,
        // What scripts are told by servers before 7.2.
        "ERR" if detail.is_some_and(|detail| detail.contains("user executing the script")) => FORBIDDEN,
        _ => return Fault::Other { code: code.chars().take(32).collect(), place: place(detail) },
    })
}

/// The line of the script, which says nothing of what it was given.
fn place(detail: Option<&str>) -> String {
    let line = detail.and_then(|detail| detail.rsplit_once("user_script:")).map(|(_, rest)| rest);
    let digits: String = line.unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
    if digits.is_empty() { digits } else { format!(" in line {digits} of the script") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_says_is_not_repeated() {
        let detail = Some("unknown command 'X', with args beginning with: 'SECRET' on @user_script:12.");
        let fault = server("ERR", detail);
        assert_eq!(fault.to_string(), "redis answered ERR in line 12 of the script");
        for (code, part) in [("OOM", "memory"), ("READONLY", "replica"), ("LOADING", "loading")] {
            assert!(server(code, detail).to_string().contains(part));
        }
    }
}
