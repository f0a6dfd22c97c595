//! The cases, by area, and the entries that they are made of. Each case fails by panicking.

pub(super) mod accepting;
pub(super) mod faults;
pub(super) mod lanes;
pub(super) mod leasing;
pub(super) mod listing;
pub(super) mod operators;
pub(super) mod processes;
pub(super) mod retention;

use super::backend::Backend;
pub(super) use super::differential;
use super::differential::describe;
use super::handle::{Handle, LANE};
use std::time::Duration;
use wxhook_idempotency::{
    AcceptResult, Action, Entry, Failure, FenceResult, Filter, Fingerprint, Lease, OnChanged, Seq, State,
};

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
    with(entry(key, content), |entry| entry.on_changed = OnChanged::Park)
}

pub(super) fn with_alias(mut entry: Entry, alias: &str) -> Entry {
    entry.aliases.push(alias.to_owned());
    entry
}

pub(super) fn with(mut entry: Entry, set: impl FnOnce(&mut Entry)) -> Entry {
    set(&mut entry);
    entry
}

/// Stores records in every state, of which `full` has every label. Returns the lease on `held`, whose claim id is 3.
pub(super) fn fill<B: Backend>(store: &Handle<'_, B>) -> Lease {
    let full = with_alias(with_alias(parking("full", 1), "EV-1"), "EV-2");
    store.new_seq(with(full, |entry| {
        entry.group = Some("order".to_owned());
        entry.labels.merchant = "shop".to_owned();
        entry.labels.event = "PAID".to_owned();
        entry.labels.variant = Some("GLOBAL".to_owned());
        entry.labels.id = Some("EV-1".to_owned());
        entry.labels.numbers = vec![("out_trade_no".to_owned(), "7".to_owned())];
        entry.flags = vec!["key-fallback".to_owned()];
    }));
    store.changed_seq(parking("full", 2));
    let done = store.acquired(entry("done", 1), 1);
    assert_eq!(store.complete(done.record.seq, done.fence, Some(b"reply")), FenceResult::Done);
    let failed = store.acquired(entry("failed", 1), 2);
    let failure = Failure::retry("refused", DAY).flag("mismatch");
    assert_eq!(store.fail(failed.record.seq, failed.fence, failure), FenceResult::Done);
    store.park(store.new_seq(entry("parked", 1)), action());
    store.acquired(entry("held", 1), 3)
}

/// Returns everything that is stored, content included.
pub(super) fn contents<B: Backend>(store: &Handle<'_, B>) -> Vec<String> {
    store.list(Filter::default(), None, 99).records.iter().map(describe).collect()
}

/// Checks that a store that was filled knows its names, claims and numbers after a restart or as a copy.
pub(super) fn check_filled<B: Backend>(store: &Handle<'_, B>, held: &Lease) {
    let full = store.by_key("full").unwrap().seq;
    assert_eq!(store.duplicate_of(with_alias(parking("elsewhere", 1), "EV-2")), full);
    assert_eq!(store.record(store.duplicate_of(parking("full", 2))).flags, ["changed"]);
    let AcceptResult::Duplicate { state, outcome, .. } = store.accept(entry("done", 1)) else { panic!() };
    assert_eq!((state, outcome.as_deref()), (State::Done, Some(&b"reply"[..])));
    assert_eq!(store.claimed(3, 9)[0].record.seq, held.record.seq, "a repeated claim returns the same");
    assert_eq!(store.complete(held.record.seq, held.fence, None), FenceResult::Done);
    let next = store.acquired(entry("next", 1), 9);
    assert!(next.record.seq > held.record.seq && next.fence > held.fence);
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
