use super::{DAY, entry, seqs, unused};
use crate::concurrency::at_once;
use crate::store::backend::Backend;
use crate::store::context::Context;
use std::collections::HashSet;
use wxhook_idempotency::{Begun, Claim, ClaimId, Failure, Fence, Fenced, State};

pub(crate) fn one_lease_among_many<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    for key in 0..40 {
        store.new_seq(entry(&format!("k{key}"), 1));
    }
    let leases = at_once(16, |number| store.claimed(number.into(), 5));
    let leases: Vec<_> = leases.into_iter().flatten().collect();
    let seqs: HashSet<_> = leases.iter().map(|lease| lease.record.seq).collect();
    let fences: HashSet<_> = leases.iter().map(|lease| lease.fence).collect();
    assert_eq!((leases.len(), seqs.len(), fences.len()), (40, 40, 40));
    let acquired = at_once(16, |number| {
        matches!(store.begin(entry("fresh", 1), 100 + u128::from(number)), Begun::Acquired(_))
    });
    assert_eq!(acquired.into_iter().filter(|acquired| *acquired).count(), 1);
    // Nor do two get a lease that is over.
    context.pass(context.span());
    let again = at_once(16, |number| store.claimed(200 + u128::from(number), 5));
    let again: Vec<_> = again.into_iter().flatten().collect();
    let seqs: HashSet<_> = again.iter().map(|lease| lease.record.seq).collect();
    assert_eq!((again.len(), seqs.len()), (41, 41));
    assert!(again.iter().all(|lease| !fences.contains(&lease.fence)));
}

pub(crate) fn fences_grow_and_old_ones_are_lost<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let old = store.acquired(entry("k", 1), 1);
    let seq = old.record.seq;
    context.pass(context.span());
    let new = store.claimed_one(2);
    assert!(new.fence > old.fence);
    let before = store.record(seq);
    for fence in [old.fence, Fence::new(new.fence.get() + 1), Fence::new(0), Fence::new(u64::MAX)] {
        assert_eq!(store.renew(seq, fence), Fenced::Lost);
        assert_eq!(store.complete(seq, fence, None), Fenced::Lost);
        assert_eq!(store.fail(seq, fence, Failure::park("no")), Fenced::Lost);
        assert_eq!(store.release(seq, fence), Fenced::Lost);
    }
    let after = store.record(seq);
    assert_eq!((after.state, after.lease_until, after.attempts), (State::Leased, before.lease_until, 2));
    assert_eq!(store.renew(unused(seq), new.fence), Fenced::Lost);
    assert_eq!(store.complete(seq, new.fence, None), Fenced::Done);
}

pub(crate) fn an_ended_lease_may_still_complete<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    for (key, id) in [("a", 1), ("b", 2), ("c", 3), ("d", 4)] {
        let lease = store.acquired(entry(key, 1), id);
        let (seq, fence) = (lease.record.seq, lease.fence);
        context.pass(context.span() * 2);
        let answer = match key {
            "a" => store.complete(seq, fence, None),
            "b" => store.renew(seq, fence),
            "c" => store.release(seq, fence),
            _ => store.fail(seq, fence, Failure::park("no")),
        };
        assert_eq!(answer, Fenced::Done);
    }
    let renewed = store.begin(entry("b", 1), 9);
    assert!(matches!(renewed, Begun::Acquired(_)), "more than its lease went by since: {renewed:?}");
}

pub(crate) fn completing_twice_is_harmless<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let lease = store.acquired(entry("k", 1), 1);
    let (seq, fence) = (lease.record.seq, lease.fence);
    assert_eq!(store.complete(seq, fence, Some(b"first")), Fenced::Done);
    let done_at = store.record(seq).done_at;
    context.pass(context.span());
    assert_eq!(store.complete(seq, fence, None), Fenced::Done);
    let record = store.record(seq);
    assert_eq!((record.outcome.as_deref(), record.done_at), (Some(b"first".as_slice()), done_at));
    assert_eq!(store.complete(seq, Fence::new(fence.get() + 1), None), Fenced::Lost);
    assert_eq!(store.fail(seq, fence, Failure::park("no")), Fenced::Lost);
    assert_eq!(store.release(seq, fence), Fenced::Lost);
    assert_eq!(store.renew(seq, fence), Fenced::Lost);
    assert_eq!(store.record(seq).state, State::Done);
}

pub(crate) fn a_repeated_claim_gives_the_same<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    for key in ["a", "b", "c"] {
        store.new_seq(entry(key, 1));
    }
    let first = store.claimed(1, 2);
    let again = store.claimed(1, 2);
    assert_eq!(seqs(&first), seqs(&again));
    assert_eq!(again.iter().map(|lease| lease.record.attempts).max(), Some(1));
    assert_eq!(store.claimed(2, 2).len(), 1);
    // What was completed meanwhile isn't given again; once all is over, the id claims anew.
    assert_eq!(store.complete(first[0].record.seq, first[0].fence, None), Fenced::Done);
    assert_eq!(seqs(&store.claimed(1, 2)), [first[1].record.seq]);
    context.pass(context.span());
    let anew = store.claimed(1, 1);
    assert_eq!((anew.len(), anew[0].record.attempts), (1, 2));
}

pub(crate) fn time_going_back<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    context.pass(DAY);
    let lease = store.acquired(entry("k", 1), 1);
    let seq = lease.record.seq;
    context.step_back(DAY);
    assert!(matches!(store.begin(entry("k", 1), 2), Begun::Busy { .. }));
    assert!(store.claimed(3, 9).is_empty());
    assert_eq!(store.renew(seq, lease.fence), Fenced::Done);
    assert!(matches!(store.begin(entry("k", 1), 4), Begun::Busy { .. }));
    assert_eq!(store.complete(seq, lease.fence, None), Fenced::Done);
    store.duplicate_of(entry("k", 1));
    assert_eq!(store.purge(9), 0);
    store.stats();
    let later = store.acquired(entry("l", 1), 5);
    assert!(later.fence > lease.fence);
}

pub(crate) fn renewing_extends<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let lease = store.acquired(entry("k", 1), 1);
    for _ in 0..5 {
        context.pass(context.span() - context.tick());
        assert_eq!(store.renew(lease.record.seq, lease.fence), Fenced::Done);
        assert!(store.claimed(2, 1).is_empty());
    }
    context.pass(context.span());
    assert_eq!(store.claimed(2, 1).len(), 1);
}

pub(crate) fn nobody_else_in_a_lane<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    store.new_seq(entry("k", 1));
    let elsewhere = Claim::new(ClaimId::new(1), ["elsewhere"], 9, context.span());
    assert!(store.claim_due(elsewhere).is_empty());
    assert_eq!(store.claimed(1, 9).len(), 1);
}
