//! What is printed: lines for people, objects for programs.

use std::time::Duration;

use serde::Serialize;
use wxhook_idempotency::{State, StoredRecord};
use wxhook_receiver::Outcome;
use wxhook_server::Amount;
use wxhook_wire::{Protocol, Record, Time};

use super::event::{Forwarded, Request};
use crate::json::{plain, pretty};
use crate::terminal::{Colour, paint};
use crate::zone::Zone;

/// Of a request and its answer.
pub(super) fn request(request: &Request, record: Option<&StoredRecord>, zone: &Zone) -> String {
    let Request { method, path, status, elapsed, .. } = request;
    let protocol = match request.protocol {
        Some(Protocol::V2) => " v2",
        Some(Protocol::V3) => " v3",
        _ => "",
    };
    let by = request.serial.as_ref().filter(|_| request.protocol == Some(Protocol::V3));
    let by = by.map(|serial| format!(" by {serial}")).unwrap_or_default();
    let verdict = match (&request.why, request.verified) {
        (Some(why), true) => format!("verified{by}, not accepted: {why}"),
        (Some(why), false) => format!("{}: {why}", paint("NOT VERIFIED", Colour::Red)),
        (None, _) => format!("verified{by}: {}", became(request, record)),
    };
    let at = zone.of_day(request.at);
    format!("{at} --> {method} {path}{protocol} {verdict}\n{at} <-- {status} {}", milliseconds(*elapsed))
}

fn became(request: &Request, record: Option<&StoredRecord>) -> String {
    let Some(record) = record else { return request.outcome.as_str().to_owned() };
    let (seq, name) = (record.seq, name(record));
    match request.outcome {
        Outcome::New => format!("{name}, record {seq}{}", parked(record)),
        Outcome::Changed => {
            let parked = parked(record);
            format!("{name}, other content than the record that has its key: record {seq}, changed{parked}")
        }
        Outcome::Parked | Outcome::Duplicate => {
            format!("{name}, seen before: record {seq}, {}; not handed on again", record.state)
        }
        other => format!("{name}, record {seq}, {}", other.as_str()),
    }
}

/// Returns why a record waits for an operator, if it does.
fn parked(record: &StoredRecord) -> String {
    match (&record.error, record.flags.as_slice()) {
        _ if record.state != State::Parked => String::new(),
        (Some(error), _) => format!(", parked: {error}"),
        (None, []) => ", parked".to_owned(),
        (None, flags) => format!(", parked: flagged {}", flags.join(", ")),
    }
}

fn name(record: &StoredRecord) -> String {
    let event = &record.labels.event;
    match &record.labels.variant {
        Some(variant) => format!("{event}#{variant}"),
        None => event.clone(),
    }
}

/// The event record, over several lines.
pub(super) fn record(record: &Record) -> String {
    let lines: Vec<_> = pretty(&record.to_json()).lines().map(|line| format!("    {line}")).collect();
    lines.join("\n")
}

/// Returns the event record in a line: its event, numbers and amount.
pub(super) fn short(stored: &StoredRecord, record: &Record) -> String {
    let mut facts = vec![format!("record {}: {}", stored.seq, name(stored))];
    facts.extend(stored.labels.numbers.iter().map(|(name, value)| format!("{name} {value}")));
    facts.extend(Amount::of(record.resource()).map(|amount| format!("amount {amount}")));
    facts.extend((!record.flags.is_empty()).then(|| format!("flags {}", record.flags.join(", "))));
    format!("    {}", plain(&facts.join(", ")))
}

pub(super) fn forwarded(forwarded: &Forwarded, to: &str) -> String {
    let Forwarded { seq, attempt, error, again, elapsed, status, body } = forwarded;
    let took = milliseconds(*elapsed);
    let line = match (error, again) {
        (None, _) => {
            let status = status.map_or_else(String::new, |status| format!(" ({status})"));
            format!("==> record {seq} to {to}: taken{status}, {took}")
        }
        (Some(error), true) => {
            format!("==> record {seq} to {to}: {error}, {took}, attempt {attempt}; tried again")
        }
        (Some(error), false) => {
            format!("==> record {seq} to {to}: {error}, {took}, attempt {attempt}; given up, parked")
        }
    };
    if body.is_empty() { line } else { format!("{line}\n    answered: {body}") }
}

#[derive(Serialize)]
struct RequestObject<'a> {
    kind: &'static str,
    at: &'a str,
    merchant: Option<&'a str>,
    method: &'a str,
    path: &'a str,
    protocol: Option<String>,
    serial: Option<&'a str>,
    request_id: Option<&'a str>,
    verified: bool,
    outcome: &'a str,
    why: Option<&'a str>,
    seq: Option<u64>,
    event_type: Option<&'a str>,
    variant: Option<&'a str>,
    status: u16,
    elapsed_ms: u64,
}

pub(super) fn request_json(request: &Request, record: Option<&StoredRecord>) -> serde_json::Result<String> {
    serde_json::to_string(&RequestObject {
        kind: "request",
        at: Time::from_instant(request.at).as_str(),
        merchant: request.merchant.as_deref(),
        method: &request.method,
        path: &request.path,
        protocol: request.protocol.map(|protocol| protocol.to_string()),
        serial: request.serial.as_deref(),
        request_id: request.request_id.as_deref(),
        verified: request.verified,
        outcome: request.outcome.as_str(),
        why: request.why.as_deref(),
        seq: request.seq.map(|seq| seq.get()),
        event_type: record.map(|record| record.labels.event.as_str()),
        variant: record.and_then(|record| record.labels.variant.as_deref()),
        status: request.status,
        elapsed_ms: whole(request.elapsed),
    })
}

/// Joined as text, so that no token of the record is written anew.
pub(super) fn record_json(record: &Record) -> String {
    format!(r#"{{"kind":"record","record":{}}}"#, record.to_json())
}

#[derive(Serialize)]
struct ForwardObject<'a> {
    kind: &'static str,
    seq: u64,
    attempt: u32,
    to: &'a str,
    taken: bool,
    error: Option<&'a str>,
    again: bool,
    /// Status of the answer; null if there was none.
    status: Option<u16>,
    /// The answer's body on one line, cut.
    body: &'a str,
    elapsed_ms: u64,
}

pub(super) fn forwarded_json(forwarded: &Forwarded, to: &str) -> serde_json::Result<String> {
    let Forwarded { seq, attempt, error, again, elapsed, status, body } = forwarded;
    serde_json::to_string(&ForwardObject {
        kind: "forward",
        seq: *seq,
        attempt: *attempt,
        to,
        taken: error.is_none(),
        error: error.as_deref(),
        again: *again,
        status: *status,
        body,
        elapsed_ms: whole(*elapsed),
    })
}

fn milliseconds(elapsed: Duration) -> String {
    format!("{}ms", whole(elapsed))
}

fn whole(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}
