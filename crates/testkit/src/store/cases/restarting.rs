use super::{WEEK, action, entry, parking, with_alias};
use crate::store::backend::Backend;
use crate::store::context::Context;
use crate::store::differential::describe;
use std::time::Duration;
use wxhook_idempotency::{Accepted, Begun, Failure, Fenced, State, Store as _};

pub(crate) fn everything_is_as_before<B: Backend>(context: &Context<'_, B>) {
    let store = context.open();
    let mut full = with_alias(parking("full", 1), "EV-1");
    full.group = Some("order".to_owned());
    full.labels.merchant = "shop".to_owned();
    full.labels.id = Some("EV-1".to_owned());
    full.labels.numbers = vec![("out_trade_no".to_owned(), "7".to_owned())];
    full.flags = vec!["key-fallback".to_owned()];
    let first = store.new_seq(full.clone());
    let mut seqs = vec![first, store.changed_seq(parking("full", 2))];
    let done = store.acquired(entry("done", 1), 1);
    assert_eq!(store.complete(done.record.seq, done.fence, Some(b"reply")), Fenced::Done);
    let parked = store.new_seq(entry("parked", 1));
    store.park(parked, action());
    let failed = store.acquired(entry("failed", 1), 2);
    let failure = Failure::retry("refused", Duration::from_secs(86_400)).flag("mismatch");
    assert_eq!(store.fail(failed.record.seq, failed.fence, failure), Fenced::Done);
    seqs.extend([done.record.seq, parked, failed.record.seq]);
    let before: Vec<_> = seqs.iter().map(|seq| describe(&store.record(*seq))).collect();

    let store = context.reopen(store);
    let after: Vec<_> = seqs.iter().map(|seq| describe(&store.record(*seq))).collect();
    assert_eq!(before, after);
    full.key = "elsewhere".to_owned();
    assert_eq!(store.duplicate_of(full), first, "its alias is known");
    assert_eq!(store.duplicate_of(parking("full", 2)), seqs[1]);
    let answer = store.accept(entry("done", 1));
    let reply = Some(b"reply".as_slice().into());
    assert_eq!(answer, Accepted::Duplicate { seq: seqs[2], state: State::Done, outcome: reply });
    store.new_seq(entry("another", 1));
}

pub(crate) fn numbers_and_fences_go_on<B: Backend>(context: &Context<'_, B>) {
    let mut store = context.open();
    let mut last = None;
    for round in 0..4 {
        let lease = store.acquired(entry(&format!("k{round}"), 1), round);
        let this = (lease.record.seq, lease.fence);
        assert!(last.is_none_or(|(seq, fence)| this.0 > seq && this.1 > fence), "{this:?} after {last:?}");
        last = Some(this);
        store = context.reopen(store);
    }
    // So do those of one record.
    context.pass(context.span());
    let again = store.acquired(entry("k0", 1), 9);
    assert!(last.is_some_and(|(_, fence)| again.fence > fence));
}

pub(crate) fn numbers_of_purged_records_stay_used<B: Backend>(context: &Context<'_, B>) {
    let store = context.open();
    let first = store.acquired(entry("k", 1), 1);
    assert_eq!(store.complete(first.record.seq, first.fence, None), Fenced::Done);
    context.pass(WEEK);
    assert_eq!(store.purge(9), 1, "nothing is left");
    let store = context.reopen(store);
    let second = store.acquired(entry("k", 1), 1);
    assert!(second.record.seq > first.record.seq && second.fence > first.fence);
    assert_eq!(store.complete(first.record.seq, first.fence, None), Fenced::Lost);
    assert_eq!(store.stats().lost, 0);
}

pub(crate) fn its_id_stays<B: Backend>(context: &Context<'_, B>) {
    let store = context.open();
    context.require_durability(store.capabilities());
    let id = store.store.id();
    assert!(id.is_some(), "what outlives its process has an id");
    let store = context.reopen(store);
    assert_eq!(store.store.id(), id);
}

pub(crate) fn a_lease_goes_on<B: Backend>(context: &Context<'_, B>) {
    let store = context.open();
    let kept = store.acquired(entry("kept", 1), 1);
    let left = store.acquired(entry("left", 1), 2);

    let store = context.reopen(store);
    assert!(matches!(store.begin(entry("kept", 1), 3), Begun::Busy { .. }));
    assert!(store.claimed(4, 9).is_empty());
    let again = store.acquired(entry("kept", 1), 1);
    assert_eq!((again.fence, again.record.attempts), (kept.fence, 1));
    assert_eq!(store.complete(kept.record.seq, kept.fence, None), Fenced::Done);
    context.pass(context.span());
    let taken = store.claimed_one(5);
    assert_eq!((taken.record.seq, taken.record.attempts), (left.record.seq, 2));
    assert!(taken.fence > left.fence);
    assert_eq!(store.complete(left.record.seq, left.fence, None), Fenced::Lost);
}

pub(crate) fn two_handles_are_one_store<B: Backend>(context: &Context<'_, B>) {
    let one = context.open();
    context.require_sharing(&one);
    let other = context.open();
    let seq = one.new_seq(entry("k", 1));
    assert_eq!(other.duplicate_of(entry("k", 1)), seq);
    let sibling = other.changed_seq(parking("k", 2));
    assert_eq!(one.duplicate_of(parking("k", 2)), sibling);
    let lease = one.claimed_one(1);
    assert!(other.claimed(2, 1).is_empty());
    assert_eq!(other.complete(seq, lease.fence, Some(b"reply")), Fenced::Done);
    assert_eq!(describe(&one.record(seq)), describe(&other.record(seq)));
    let second = other.acquired(entry("l", 1), 3);
    assert!(second.fence > lease.fence && second.record.seq > sibling);
}
