use std::sync::Arc;
use std::time::{Duration, SystemTime};

use wxhook_idempotency::{Clock as _, Seq, SystemClock};
use wxhook_receiver::Outcome;
use wxhook_server::ObservedRequest;
use wxhook_wire::Protocol;
use wxhook_wire::v3::header;

use super::known::Known;
use super::why::why;

/// Unverified text is shown up to here.
const MAX_SHOWN: usize = 64;
/// Characters of an answer's body.
const MAX_ANSWER: usize = 300;

/// What happened, in the order in which it is printed.
#[derive(Debug)]
pub(super) enum Event {
    Request(Request),
    Forwarded(Forwarded),
}

/// A request and what it was answered.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) at: SystemTime,
    pub(super) merchant: Option<Arc<str>>,
    pub(super) protocol: Option<Protocol>,
    /// The sender's word, made fit for a terminal; as are `serial` and `request_id`.
    pub(super) method: String,
    pub(super) path: String,
    pub(super) serial: Option<String>,
    pub(super) request_id: Option<String>,
    /// Whether the platform sent it, as far as it was looked at.
    pub(super) verified: bool,
    pub(super) outcome: Outcome,
    /// Why it wasn't accepted, if it wasn't.
    pub(super) why: Option<String>,
    pub(super) seq: Option<Seq>,
    pub(super) status: u16,
    pub(super) elapsed: Duration,
}

/// An attempt to hand a record on.
#[derive(Debug)]
pub(super) struct Forwarded {
    pub(super) seq: u64,
    pub(super) attempt: u32,
    /// What went wrong, if something did.
    pub(super) error: Option<String>,
    /// Whether it is tried again.
    pub(super) again: bool,
    /// Status of the answer, if there was one.
    pub(super) status: Option<u16>,
    /// The answer's body, made fit for a terminal.
    pub(super) body: String,
    pub(super) elapsed: Duration,
}

impl Request {
    pub(super) fn of(exchange: &ObservedRequest, known: &Known) -> Self {
        let report = &exchange.report;
        let header = |name: &str| exchange.headers.get(name).map(|value| plain(value.as_bytes()));
        Self {
            at: SystemClock::default().now(),
            merchant: report.merchant.clone(),
            protocol: report.protocol,
            method: plain(exchange.method.as_str().as_bytes()),
            path: plain(exchange.path.as_bytes()),
            serial: header(header::SERIAL),
            request_id: header(header::REQUEST_ID),
            verified: is_verified(report.outcome),
            outcome: report.outcome,
            why: why(exchange, known),
            seq: report.seq,
            status: exchange.status,
            elapsed: exchange.elapsed,
        }
    }
}

fn is_verified(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Rejected(rejection) => rejection.is_verified(),
        // Those are answered before the signature is checked.
        outcome => !matches!(outcome, Outcome::Draining | Outcome::NoRoom),
    }
}

/// Returns the text of an answer on one line, cut.
pub(super) fn answered(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut characters = text.trim().chars();
    let mut line: String = characters.by_ref().take(MAX_ANSWER).collect();
    if characters.next().is_some() {
        line.push('…');
    }
    line.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// Text that anybody may have sent: printable ASCII, the rest escaped, cut.
pub(super) fn plain(bytes: &[u8]) -> String {
    let mut text: String = bytes.escape_ascii().take(MAX_SHOWN + 1).map(char::from).collect();
    if text.len() > MAX_SHOWN {
        text.truncate(MAX_SHOWN);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{answered, plain};

    #[test]
    fn an_answer_is_one_line() {
        assert_eq!(answered(b" {\"ok\":\n\x1b[31m\xff}\r\n"), "{\"ok\":  [31m\u{fffd}}");
        assert_eq!(answered(&[b'x'; 301]).chars().count(), 301);
        assert_eq!(answered(b""), "");
    }

    #[test]
    fn what_anybody_may_have_sent_is_escaped_and_cut() {
        assert_eq!(plain(b"/a\x1b[31m\n\xff"), r"/a\x1b[31m\n\xff");
        assert_eq!(plain(&[b'x'; 64]), "x".repeat(64));
        assert_eq!(plain(&[b'x'; 65]), format!("{}…", "x".repeat(64)));
    }
}
