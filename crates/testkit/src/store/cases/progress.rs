use super::{action, entry, seqs};
use crate::store::backend::Backend;
use crate::store::context::Context;
use crate::store::handle::LANE;
use std::collections::{BTreeMap, BTreeSet};
use wxhook_idempotency::{Failure, Fenced, State};

pub(crate) fn crashes_count_and_park<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let mut poison = entry("k", 1);
    poison.max_attempts = 3;
    let seq = store.new_seq(poison);
    let mut last = None;
    for attempt in 1..=3 {
        let lease = store.claimed_one(attempt.into());
        assert_eq!(lease.record.attempts, attempt);
        last = Some(lease.fence);
        context.pass(context.span());
    }
    assert!(store.claimed(4, 1).is_empty());
    let record = store.record(seq);
    assert_eq!((record.state, record.error.as_deref()), (State::Parked, Some("attempts used up")));
    assert_eq!(store.complete(seq, last.unwrap(), None), Fenced::Lost);
}

pub(crate) fn releasing_does_not_count<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let mut once = entry("k", 1);
    once.max_attempts = 1;
    store.new_seq(once);
    for id in 1..20 {
        let lease = store.claimed_one(id);
        assert_eq!(lease.record.attempts, 1);
        assert_eq!(store.release(lease.record.seq, lease.fence), Fenced::Done);
    }
}

pub(crate) fn failing_backs_off<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let mut twice = entry("k", 1);
    twice.max_attempts = 2;
    let seq = store.new_seq(twice);
    let lease = store.claimed_one(1);
    let failure = Failure::retry("refused", context.span()).flag("mismatch").flag("mismatch");
    assert_eq!(store.fail(seq, lease.fence, failure.clone()), Fenced::Done);
    let record = store.record(seq);
    assert_eq!((record.state, record.error.as_deref(), record.attempts), (State::Ready, Some("refused"), 1));
    assert_eq!(record.flags, ["mismatch"]);
    context.pass(context.span() - context.tick());
    assert!(store.claimed(2, 1).is_empty());
    context.pass(context.tick());
    let lease = store.claimed_one(2);
    assert_eq!(store.fail(seq, lease.fence, failure), Fenced::Done);
    let record = store.record(seq);
    assert_eq!((record.state, record.error.as_deref(), record.attempts), (State::Parked, Some("refused"), 2));
    // Parked at once, when asked to.
    let lease = store.acquired(entry("l", 1), 3);
    let failure = Failure::park("wrong amount");
    assert_eq!(store.fail(lease.record.seq, lease.fence, failure), Fenced::Done);
    assert_eq!(store.record(lease.record.seq).state, State::Parked);
}

pub(crate) fn groups_keep_their_order<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let grouped = |key: &str, group: &str, lane: &str| {
        let mut entry = entry(key, 1);
        entry.group = Some(group.to_owned());
        entry.lane = lane.to_owned();
        entry
    };
    let pay = store.new_seq(grouped("pay", "order", LANE));
    let refund = store.new_seq(grouped("refund", "order", LANE));
    let other = store.new_seq(grouped("other", "other order", LANE));
    store.new_seq(grouped("elsewhere", "order", "elsewhere"));
    let first = store.claimed(1, 9);
    assert_eq!(seqs(&first), [pay, other]);
    // Not while the first waits for its retry, nor while its lease is over but not taken.
    let failure = Failure::retry("later", context.span() * 4);
    assert_eq!(store.fail(pay, first[0].fence, failure), Fenced::Done);
    assert!(store.claimed(2, 9).is_empty());
    context.pass(context.span() * 4);
    assert_eq!(seqs(&store.claimed(3, 9)), [other, pay]);
    store.park(pay, action());
    let lease = store.claimed(4, 9).remove(0);
    assert_eq!(lease.record.seq, refund);
    // Sent again, the earlier one comes first once more.
    assert_eq!(store.release(refund, lease.fence), Fenced::Done);
    store.requeue(pay, action());
    let lease = store.claimed(5, 9).remove(0);
    assert_eq!(lease.record.seq, pay);
    assert_eq!(store.complete(pay, lease.fence, None), Fenced::Done);
    assert_eq!(seqs(&store.claimed(6, 9)), [refund]);
}

pub(crate) fn oldest_due_first<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let first = store.acquired(entry("first", 1), 1);
    context.pass(context.tick());
    let second = store.new_seq(entry("second", 1));
    context.pass(context.tick());
    assert_eq!(store.release(first.record.seq, first.fence), Fenced::Done);
    assert_eq!(seqs(&store.claimed(2, 1)), [second]);
    assert_eq!(seqs(&store.claimed(3, 1)), [first.record.seq]);
    assert!(store.claimed(4, 0).is_empty());
}

pub(crate) fn nobody_starves<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    // Whoever is released at once goes to the end of the line.
    let all: BTreeSet<_> = (0..5).map(|key| store.new_seq(entry(&format!("k{key}"), 1))).collect();
    let mut seen = BTreeSet::new();
    for id in 1..=5 {
        context.pass(context.tick());
        let lease = store.claimed_one(id);
        seen.insert(lease.record.seq);
        assert_eq!(store.release(lease.record.seq, lease.fence), Fenced::Done);
    }
    assert_eq!(seen, all);
    for seq in all {
        store.discard(seq, action());
    }
    // However many wait for one that backs off, they are in nobody's way.
    let grouped = |number: u32| {
        let mut entry = entry(&format!("order {number}"), 1);
        entry.group = Some("order".to_owned());
        entry
    };
    let first = store.acquired(grouped(0), 10);
    let failure = Failure::retry("later", context.span() * 10);
    assert_eq!(store.fail(first.record.seq, first.fence, failure), Fenced::Done);
    for number in 1..=150 {
        store.new_seq(grouped(number));
    }
    let last = store.new_seq(entry("other", 1));
    assert_eq!(seqs(&store.claimed(11, 9)), [last]);
}

pub(crate) fn every_record_ends<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let mut numbers = BTreeMap::new();
    for number in 0..24_u128 {
        let mut entry = entry(&format!("k{number}"), 1);
        entry.max_attempts = 3;
        numbers.insert(store.new_seq(entry), number);
    }
    // A worker that crashes, gives back, fails and completes in turn. Every sixth record kills it each time.
    for round in 0..12_u128 {
        let leases = store.claimed(round, 24);
        for lease in &leases {
            let number = numbers[&lease.record.seq];
            let (seq, fence) = (lease.record.seq, lease.fence);
            let answer = match (number % 6, (number + round) % 4) {
                (0, _) | (_, 0) => continue,
                (_, 1) => store.release(seq, fence),
                (_, 2) => store.fail(seq, fence, Failure::retry("refused", context.tick())),
                _ => store.complete(seq, fence, None),
            };
            assert_eq!(answer, Fenced::Done);
        }
        if store.stats().done + store.stats().parked == 24 {
            break;
        }
        context.pass(context.span());
    }
    let mut parked = 0;
    for (seq, number) in numbers {
        let record = store.record(seq);
        match record.state {
            State::Done => assert_ne!(number % 6, 0),
            State::Parked => parked += 1,
            state => panic!("record {number} is still {state} after {} attempts", record.attempts),
        }
        assert!(record.attempts <= 3);
    }
    assert!((4..24).contains(&parked), "{parked} are parked");
}
