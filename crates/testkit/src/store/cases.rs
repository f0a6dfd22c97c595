//! The cases, by area, and the entries that they are made of. Each case fails by panicking.

pub(super) mod accepting;
pub(super) mod cancelling;
pub(super) mod changed;
pub(super) mod clocks;
pub(super) mod faults;
pub(super) mod lanes;
pub(super) mod leasing;
pub(super) mod listing;
pub(super) mod operators;
pub(super) mod probing;
pub(super) mod processes;
pub(super) mod progress;
pub(super) mod restarting;
pub(super) mod retention;
pub(super) mod versions;

pub(super) use super::differential;
use super::handle::LANE;
use std::time::Duration;
use wxhook_idempotency::{Action, Entry, Fingerprint, Lease, OnChanged, Seq};

pub(super) const DAY: Duration = Duration::from_secs(86_400);
pub(super) const WEEK: Duration = Duration::from_secs(7 * 86_400);

pub(super) fn fingerprint(content: u8) -> Fingerprint {
    Fingerprint::new(1, [content; 32])
}

/// An entry whose content is 16 times the same byte.
pub(super) fn entry(key: &str, content: u8) -> Entry {
    Entry::new(key, fingerprint(content), vec![content; 16], LANE)
}

/// The same, to be parked when changed.
pub(super) fn parking(key: &str, content: u8) -> Entry {
    let mut entry = entry(key, content);
    entry.on_changed = OnChanged::Park;
    entry
}

pub(super) fn with_alias(mut entry: Entry, alias: &str) -> Entry {
    entry.aliases.push(alias.to_owned());
    entry
}

pub(super) fn action() -> Action {
    Action::new("ops", "because")
}

pub(super) fn seqs(leases: &[Lease]) -> Vec<Seq> {
    leases.iter().map(|lease| lease.record.seq).collect()
}

/// Returns a number that no record has.
pub(super) fn unused(last: Seq) -> Seq {
    Seq::new(last.get() + 1_000_000)
}
