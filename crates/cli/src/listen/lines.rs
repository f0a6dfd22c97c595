//! Printed lines: text for people, objects for programs.

use super::forward::Forwarded;
use crate::json::{plain, pretty};
use crate::out::escaped;
use crate::out::{Colour, paint};
use crate::zone::Zone;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use wxhook_idempotency::{State, StoredRecord};
use wxhook_receiver::Outcome;
use wxhook_server::{Amount, ObservedRequest};
use wxhook_wire::v3::header;
use wxhook_wire::{Protocol, Record, Time};

/// A request and what is known about it.
pub(super) struct Request<'a> {
    pub(super) at: SystemTime,
    pub(super) observed: &'a ObservedRequest,
    /// The reason for which it isn't accepted.
    pub(super) reason: Option<&'a str>,
    pub(super) record: Option<&'a StoredRecord>,
}

impl Request<'_> {
    /// Returns whether the platform sent it, as far as that was checked.
    fn is_verified(&self) -> bool {
        match self.observed.report.outcome {
            Outcome::Rejected(rejection) => rejection.is_verified(),
            // Those are sent before the signature is checked.
            outcome => !matches!(outcome, Outcome::Draining | Outcome::NoRoom),
        }
    }

    fn header(&self, name: &str) -> Option<String> {
        self.observed.headers.get(name).map(|value| escaped(value.as_bytes()))
    }

    /// Returns two lines: the request and its reply.
    pub(super) fn to_text(&self, zone: &Zone) -> String {
        let ObservedRequest { method, path, status, elapsed, report, .. } = self.observed;
        let (method, path) = (escaped(method.as_str().as_bytes()), escaped(path.as_bytes()));
        let (protocol, by) = match report.protocol {
            Some(Protocol::V2) => (" v2", None),
            Some(Protocol::V3) => (" v3", self.header(header::SERIAL)),
            _ => ("", None),
        };
        let by = by.map(|serial| format!(" by {serial}")).unwrap_or_default();
        let verdict = match (self.reason, self.is_verified()) {
            (Some(reason), true) => format!("verified{by}, not accepted: {reason}"),
            (Some(reason), false) => format!("{}: {reason}", paint("NOT VERIFIED", Colour::Red)),
            (None, _) => format!("verified{by}: {}", self.result()),
        };
        let at = zone.of_day(self.at);
        format!(
            "{at} --> {method} {path}{protocol} {verdict}\n{at} <-- {status} {}ms",
            milliseconds(*elapsed)
        )
    }

    fn result(&self) -> String {
        let outcome = self.observed.report.outcome;
        let Some(record) = self.record else { return outcome.as_str().to_owned() };
        let (seq, name, parked) = (record.seq, name(record), parked(record));
        match outcome {
            Outcome::New => format!("{name}, record {seq}{parked}"),
            Outcome::Changed => {
                format!(
                    "{name}, another content than the first record of its key: record {seq}, changed{parked}"
                )
            }
            Outcome::Parked | Outcome::Duplicate => {
                format!("{name}, a duplicate of record {seq}, {}; not delivered again", record.state)
            }
            other => format!("{name}, record {seq}, {}", other.as_str()),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let ObservedRequest { method, path, status, elapsed, report, .. } = self.observed;
        let labels = self.record.map(|record| &record.labels);
        json!({
            "kind": "request",
            "at": Time::from_instant(self.at).as_str(),
            "merchant": report.merchant.as_deref(),
            "method": escaped(method.as_str().as_bytes()),
            "path": escaped(path.as_bytes()),
            "protocol": report.protocol.map(|protocol| protocol.to_string()),
            "serial": self.header(header::SERIAL),
            "request_id": self.header(header::REQUEST_ID),
            "verified": self.is_verified(),
            "outcome": report.outcome.as_str(),
            "why": self.reason,
            "seq": report.seq.map(|seq| seq.get()),
            "event_type": labels.map(|labels| &labels.event),
            "variant": labels.and_then(|labels| labels.variant.as_deref()),
            "status": status,
            "elapsed_ms": milliseconds(*elapsed),
        })
    }
}

/// Returns the reason for which a record waits for an operator, if it does.
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

/// Returns an event record over several lines.
pub(super) fn record(record: &Record) -> String {
    let lines: Vec<_> = pretty(&record.to_json()).lines().map(|line| format!("    {line}")).collect();
    lines.join("\n")
}

/// Returns the event, numbers and amount of a record on one line.
pub(super) fn record_summary(stored: &StoredRecord, record: &Record) -> String {
    let mut facts = vec![format!("record {}: {}", stored.seq, name(stored))];
    facts.extend(stored.labels.numbers.iter().map(|(name, value)| format!("{name} {value}")));
    facts.extend(Amount::of(record.resource()).map(|amount| format!("amount {amount}")));
    facts.extend((!record.flags.is_empty()).then(|| format!("flags {}", record.flags.join(", "))));
    format!("    {}", plain(&facts.join(", ")))
}

/// Returns an event record as an object; its tokens are unchanged.
pub(super) fn record_json(record: &Record) -> String {
    format!(r#"{{"kind":"record","record":{}}}"#, record.to_json())
}

pub(super) fn forwarded(forwarded: &Forwarded, to: &str) -> String {
    let Forwarded { seq, attempt, error, is_retried, elapsed, status, body } = forwarded;
    let elapsed = milliseconds(*elapsed);
    let result = match (error, is_retried) {
        (None, _) => {
            let status = status.map_or_else(String::new, |status| format!(" ({status})"));
            format!("taken{status}, {elapsed}ms")
        }
        (Some(error), true) => format!("{error}, {elapsed}ms, attempt {attempt}; tried again"),
        (Some(error), false) => format!("{error}, {elapsed}ms, attempt {attempt}; given up, parked"),
    };
    let body = if body.is_empty() { String::new() } else { format!("\n    answered: {body}") };
    format!("==> record {seq} to {to}: {result}{body}")
}

pub(super) fn forwarded_json(forwarded: &Forwarded, to: &str) -> Value {
    json!({
        "kind": "forward",
        "seq": forwarded.seq,
        "attempt": forwarded.attempt,
        "to": to,
        "taken": forwarded.error.is_none(),
        "error": forwarded.error,
        "again": forwarded.is_retried,
        "status": forwarded.status,
        "body": forwarded.body,
        "elapsed_ms": milliseconds(forwarded.elapsed),
    })
}

fn milliseconds(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}
