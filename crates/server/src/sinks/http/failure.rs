//! Why there is no answer, in words of our own.

use reqwest::Error;
use std::time::Duration;

/// What went wrong, without anything that was sent or that the URL holds besides its host.
pub(super) fn why(error: &Error, timeout: Duration) -> String {
    if error.is_timeout() {
        return match error.is_connect() {
            true => "can't connect in time".to_owned(),
            false => format!("took longer than {timeout:?}"),
        };
    }
    if error.is_connect() {
        // Nothing was sent yet. What the system or TLS says is all that there is to go by.
        return format!("can't connect: {}", innermost(error));
    }
    if error.is_body() || error.is_decode() {
        return "the answer broke off".to_owned();
    }
    "no usable answer: the connection was closed, or it isn't HTTP".to_owned()
}

/// The first cause, on one line.
pub(super) fn innermost(error: &Error) -> String {
    let first = std::error::Error::source(error);
    let last = std::iter::successors(first, |cause| cause.source()).last();
    let text = last.map_or_else(|| "unknown".to_owned(), ToString::to_string);
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
