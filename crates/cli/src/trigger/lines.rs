//! What is printed of an attempt.

use std::time::Duration;

use serde::Serialize;
use wxhook_simulator::{Answer, Attempt, Fault, Sent};
use wxhook_wire::Protocol;

use crate::named;

/// Longer answers are cut on the line.
const MAX_SHOWN: usize = 300;

/// Which of an attempt's numbers a line has to tell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    /// It may be sent again.
    pub(super) tries: bool,
    /// It isn't the only one at its moment.
    pub(super) copies: bool,
}

/// `--> TRANSACTION.SUCCESS#BASIC try=2 copy=1 id=EV-…`
pub(super) fn sent(sent: &Sent, told: Told) -> String {
    let mut line = format!("--> {}", named::name(&sent.meta));
    if let Some(fault) = sent.fault {
        line.push_str(&match fault {
            Fault::Tamper(what) => format!(" tampered={what}"),
            _ => " probe".to_owned(),
        });
    }
    if told.tries {
        line.push_str(&format!(" try={}", sent.number));
    }
    if told.copies {
        line.push_str(&format!(" copy={}", sent.copy));
    }
    if let Some(id) = id(sent) {
        line.push_str(&format!(" id={id}"));
    }
    line
}

/// `<-- 200 5ms {"code":"SUCCESS","message":"OK"}`
pub(super) fn came_back(attempt: &Attempt) -> String {
    let milliseconds = milliseconds(elapsed(attempt));
    let line = match &attempt.result {
        Ok(answer) => format!("<-- {} {milliseconds}ms {}", answer.status, shown(&text(answer))),
        Err(error) => format!("<-- failed {milliseconds}ms {}", shown(&reason(error))),
    };
    line.trim_end().to_owned()
}

/// One attempt as JSON.
#[derive(Serialize)]
struct Line<'a> {
    event_type: &'a str,
    variant: Option<&'a str>,
    /// v2 has none.
    id: Option<&'a str>,
    /// Which notification, from 0.
    nth: u32,
    /// From 1.
    r#try: u32,
    /// From 1.
    copy: u32,
    fault: Option<String>,
    status: Option<u16>,
    elapsed_ms: u64,
    body: Option<String>,
    error: Option<String>,
    accepted: bool,
}

pub(super) fn to_json(attempt: &Attempt) -> serde_json::Result<String> {
    let (sent, answer) = (&attempt.sent, attempt.result.as_ref());
    serde_json::to_string(&Line {
        event_type: sent.meta.name,
        variant: sent.meta.variant,
        id: id(sent),
        nth: sent.nth,
        r#try: sent.number,
        copy: sent.copy,
        fault: sent.fault.map(|fault| fault.to_string()),
        status: attempt.status(),
        elapsed_ms: milliseconds(elapsed(attempt)),
        body: answer.ok().map(text),
        error: answer.err().map(reason),
        accepted: attempt.accepted(),
    })
}

fn id(sent: &Sent) -> Option<&str> {
    (sent.meta.protocol == Protocol::V3).then_some(&*sent.id)
}

fn elapsed(attempt: &Attempt) -> Duration {
    attempt.result.as_ref().map_or(attempt.elapsed, |answer| answer.elapsed)
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

/// With what is behind it.
fn reason(error: &wxhook_simulator::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

fn milliseconds(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

/// On one line, without anything that a terminal could take for more than text.
fn shown(text: &str) -> String {
    let text = text.trim();
    let mut line: String = text
        .chars()
        .take(MAX_SHOWN)
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    if text.chars().nth(MAX_SHOWN).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_shown_on_one_line() {
        assert_eq!(shown(" <xml>\n<a/>\u{1b}[31m\r\n</xml>\n"), "<xml> <a/> [31m  </xml>");
        assert_eq!(shown(&"x".repeat(400)).chars().count(), 301);
    }
}
