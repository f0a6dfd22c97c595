use super::{DAY, action, entry, seqs, unused, with};
use crate::concurrency::at_once;
use crate::store::backend::Backend;
use crate::store::handle::{Handle, LANE};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use wxhook_idempotency::{BeginResult, Claim, ClaimId, Failure, Fence, FenceResult, State};

pub(crate) fn one_lease_among_many<B: Backend>(store: Handle<'_, B>) {
    for key in 0..40 {
        store.new_seq(entry(&format!("k{key}"), 1));
    }
    let leases = at_once(16, |number| store.claimed(number.into(), 5));
    let leases: Vec<_> = leases.into_iter().flatten().collect();
    let seqs: HashSet<_> = leases.iter().map(|lease| lease.record.seq).collect();
    let fences: HashSet<_> = leases.iter().map(|lease| lease.fence).collect();
    assert_eq!((leases.len(), seqs.len(), fences.len()), (40, 40, 40));
    let acquired = at_once(16, |number| {
        matches!(store.begin(entry("fresh", 1), 100 + u128::from(number)), BeginResult::Acquired(_))
    });
    assert_eq!(acquired.into_iter().filter(|acquired| *acquired).count(), 1);
    // Nor do two get a lease that is over.
    store.pass(store.span());
    let again = at_once(16, |number| store.claimed(200 + u128::from(number), 5));
    let again: Vec<_> = again.into_iter().flatten().collect();
    let seqs: HashSet<_> = again.iter().map(|lease| lease.record.seq).collect();
    assert_eq!((again.len(), seqs.len()), (41, 41));
    assert!(again.iter().all(|lease| !fences.contains(&lease.fence)));
}

pub(crate) fn fences_grow_and_old_ones_are_lost<B: Backend>(store: Handle<'_, B>) {
    let old = store.acquired(entry("k", 1), 1);
    let seq = old.record.seq;
    store.pass(store.span());
    let new = store.claimed_one(2);
    assert!(new.fence > old.fence);
    let before = store.record(seq);
    for fence in [old.fence, Fence::new(new.fence.get() + 1), Fence::new(0), Fence::new(u64::MAX)] {
        assert_eq!(store.renew(seq, fence), FenceResult::Lost);
        assert_eq!(store.complete(seq, fence, None), FenceResult::Lost);
        assert_eq!(store.fail(seq, fence, Failure::park("no")), FenceResult::Lost);
        assert_eq!(store.release(seq, fence), FenceResult::Lost);
    }
    let after = store.record(seq);
    assert_eq!((after.state, after.lease_until, after.attempts), (State::Leased, before.lease_until, 2));
    assert_eq!(store.renew(unused(seq), new.fence), FenceResult::Lost);
    assert_eq!(store.complete(seq, new.fence, None), FenceResult::Done);
}

pub(crate) fn an_ended_lease_may_still_complete<B: Backend>(store: Handle<'_, B>) {
    for (key, id) in [("a", 1), ("b", 2), ("c", 3), ("d", 4)] {
        let lease = store.acquired(entry(key, 1), id);
        let (seq, fence) = (lease.record.seq, lease.fence);
        store.pass(store.span() * 2);
        let answer = match key {
            "a" => store.complete(seq, fence, None),
            "b" => store.renew(seq, fence),
            "c" => store.release(seq, fence),
            _ => store.fail(seq, fence, Failure::park("no")),
        };
        assert_eq!(answer, FenceResult::Done);
    }
    let renewed = store.begin(entry("b", 1), 9);
    assert!(matches!(renewed, BeginResult::Acquired(_)), "more than its lease went by since: {renewed:?}");
}

pub(crate) fn completing_twice_is_harmless<B: Backend>(store: Handle<'_, B>) {
    let lease = store.acquired(entry("k", 1), 1);
    let (seq, fence) = (lease.record.seq, lease.fence);
    assert_eq!(store.complete(seq, fence, Some(b"first")), FenceResult::Done);
    let done_at = store.record(seq).done_at;
    store.pass(store.span());
    assert_eq!(store.complete(seq, fence, None), FenceResult::Done);
    let record = store.record(seq);
    assert_eq!((record.outcome.as_deref(), record.done_at), (Some(b"first".as_slice()), done_at));
    assert_eq!(store.complete(seq, Fence::new(fence.get() + 1), None), FenceResult::Lost);
    assert_eq!(store.fail(seq, fence, Failure::park("no")), FenceResult::Lost);
    assert_eq!(store.release(seq, fence), FenceResult::Lost);
    assert_eq!(store.renew(seq, fence), FenceResult::Lost);
    assert_eq!(store.record(seq).state, State::Done);
}

pub(crate) fn a_repeated_claim_gives_the_same<B: Backend>(store: Handle<'_, B>) {
    for key in ["a", "b", "c"] {
        store.new_seq(entry(key, 1));
    }
    let first = store.claimed(1, 2);
    let again = store.claimed(1, 2);
    assert_eq!(seqs(&first), seqs(&again));
    assert_eq!(again.iter().map(|lease| lease.record.attempts).max(), Some(1));
    assert_eq!(store.claimed(2, 2).len(), 1);
    // What was completed meanwhile isn't given again; once all is over, the id claims anew.
    assert_eq!(store.complete(first[0].record.seq, first[0].fence, None), FenceResult::Done);
    assert_eq!(seqs(&store.claimed(1, 2)), [first[1].record.seq]);
    store.pass(store.span());
    let anew = store.claimed(1, 1);
    assert_eq!((anew.len(), anew[0].record.attempts), (1, 2));
}

pub(crate) fn time_going_back<B: Backend>(store: Handle<'_, B>) {
    store.pass(DAY);
    let lease = store.acquired(entry("k", 1), 1);
    let seq = lease.record.seq;
    store.step_back(DAY);
    assert!(matches!(store.begin(entry("k", 1), 2), BeginResult::Busy { .. }));
    assert!(store.claimed(3, 9).is_empty());
    assert_eq!(store.renew(seq, lease.fence), FenceResult::Done);
    assert!(matches!(store.begin(entry("k", 1), 4), BeginResult::Busy { .. }));
    assert_eq!(store.complete(seq, lease.fence, None), FenceResult::Done);
    store.duplicate_of(entry("k", 1));
    assert_eq!(store.purge(9), 0);
    store.stats();
    let later = store.acquired(entry("l", 1), 5);
    assert!(later.fence > lease.fence);
}

pub(crate) fn renewing_extends<B: Backend>(store: Handle<'_, B>) {
    let lease = store.acquired(entry("k", 1), 1);
    for _ in 0..5 {
        store.pass(store.span() - store.tick());
        assert_eq!(store.renew(lease.record.seq, lease.fence), FenceResult::Done);
        assert!(store.claimed(2, 1).is_empty());
    }
    store.pass(store.span());
    assert_eq!(store.claimed(2, 1).len(), 1);
}

pub(crate) fn nobody_else_in_a_lane<B: Backend>(store: Handle<'_, B>) {
    store.new_seq(entry("k", 1));
    let elsewhere = Claim::new(ClaimId::new(1), ["elsewhere"], 9, store.span());
    assert!(store.claim_due(elsewhere).is_empty());
    assert_eq!(store.claimed(1, 9).len(), 1);
}

pub(crate) fn crashes_count_and_park<B: Backend>(store: Handle<'_, B>) {
    let poison = with(entry("k", 1), |entry| entry.max_attempts = 3);
    let seq = store.new_seq(poison);
    let mut last = None;
    for attempt in 1..=3 {
        let lease = store.claimed_one(attempt.into());
        assert_eq!(lease.record.attempts, attempt);
        last = Some(lease.fence);
        store.pass(store.span());
    }
    assert!(store.claimed(4, 1).is_empty());
    let record = store.record(seq);
    assert_eq!((record.state, record.error.as_deref()), (State::Parked, Some("attempts used up")));
    assert_eq!(store.complete(seq, last.unwrap(), None), FenceResult::Lost);
}

pub(crate) fn releasing_does_not_count<B: Backend>(store: Handle<'_, B>) {
    let once = with(entry("k", 1), |entry| entry.max_attempts = 1);
    store.new_seq(once);
    for id in 1..20 {
        let lease = store.claimed_one(id);
        assert_eq!(lease.record.attempts, 1);
        assert_eq!(store.release(lease.record.seq, lease.fence), FenceResult::Done);
    }
}

pub(crate) fn failing_backs_off<B: Backend>(store: Handle<'_, B>) {
    let twice = with(entry("k", 1), |entry| entry.max_attempts = 2);
    let seq = store.new_seq(twice);
    let lease = store.claimed_one(1);
    let failure = Failure::retry("refused", store.span()).flag("mismatch").flag("mismatch");
    assert_eq!(store.fail(seq, lease.fence, failure.clone()), FenceResult::Done);
    let record = store.record(seq);
    assert_eq!((record.state, record.error.as_deref(), record.attempts), (State::Ready, Some("refused"), 1));
    assert_eq!(record.flags, ["mismatch"]);
    store.pass(store.span() - store.tick());
    assert!(store.claimed(2, 1).is_empty());
    store.pass(store.tick());
    let lease = store.claimed_one(2);
    assert_eq!(store.fail(seq, lease.fence, failure), FenceResult::Done);
    let record = store.record(seq);
    assert_eq!((record.state, record.error.as_deref(), record.attempts), (State::Parked, Some("refused"), 2));
    // Parked at once, when asked to.
    let lease = store.acquired(entry("l", 1), 3);
    let failure = Failure::park("wrong amount");
    assert_eq!(store.fail(lease.record.seq, lease.fence, failure), FenceResult::Done);
    assert_eq!(store.record(lease.record.seq).state, State::Parked);
}

pub(crate) fn groups_keep_their_order<B: Backend>(store: Handle<'_, B>) {
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
    let failure = Failure::retry("later", store.span() * 4);
    assert_eq!(store.fail(pay, first[0].fence, failure), FenceResult::Done);
    assert!(store.claimed(2, 9).is_empty());
    store.pass(store.span() * 4);
    assert_eq!(seqs(&store.claimed(3, 9)), [other, pay]);
    store.park(pay, action());
    let lease = store.claimed(4, 9).remove(0);
    assert_eq!(lease.record.seq, refund);
    // Sent again, the earlier one comes first once more.
    assert_eq!(store.release(refund, lease.fence), FenceResult::Done);
    store.requeue(pay, action());
    let lease = store.claimed(5, 9).remove(0);
    assert_eq!(lease.record.seq, pay);
    assert_eq!(store.complete(pay, lease.fence, None), FenceResult::Done);
    assert_eq!(seqs(&store.claimed(6, 9)), [refund]);
}

pub(crate) fn oldest_due_first<B: Backend>(store: Handle<'_, B>) {
    let first = store.acquired(entry("first", 1), 1);
    store.pass(store.tick());
    let second = store.new_seq(entry("second", 1));
    store.pass(store.tick());
    assert_eq!(store.release(first.record.seq, first.fence), FenceResult::Done);
    assert_eq!(seqs(&store.claimed(2, 1)), [second]);
    assert_eq!(seqs(&store.claimed(3, 1)), [first.record.seq]);
    assert!(store.claimed(4, 0).is_empty());
}

pub(crate) fn nobody_starves<B: Backend>(store: Handle<'_, B>) {
    // Whoever is released at once goes to the end of the line.
    let all: BTreeSet<_> = (0..5).map(|key| store.new_seq(entry(&format!("k{key}"), 1))).collect();
    let mut seen = BTreeSet::new();
    for id in 1..=5 {
        store.pass(store.tick());
        let lease = store.claimed_one(id);
        seen.insert(lease.record.seq);
        assert_eq!(store.release(lease.record.seq, lease.fence), FenceResult::Done);
    }
    assert_eq!(seen, all);
    for seq in all {
        store.discard(seq, action());
    }
    // However many wait for one that backs off, they are in nobody's way.
    let grouped = |number: u32| {
        with(entry(&format!("order {number}"), 1), |entry| entry.group = Some("order".to_owned()))
    };
    let first = store.acquired(grouped(0), 10);
    let failure = Failure::retry("later", store.span() * 10);
    assert_eq!(store.fail(first.record.seq, first.fence, failure), FenceResult::Done);
    for number in 1..=150 {
        store.new_seq(grouped(number));
    }
    let last = store.new_seq(entry("other", 1));
    assert_eq!(seqs(&store.claimed(11, 9)), [last]);
}

pub(crate) fn every_record_ends<B: Backend>(store: Handle<'_, B>) {
    let mut numbers = BTreeMap::new();
    for number in 0..24_u128 {
        let entry = with(entry(&format!("k{number}"), 1), |entry| entry.max_attempts = 3);
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
                (_, 2) => store.fail(seq, fence, Failure::retry("refused", store.tick())),
                _ => store.complete(seq, fence, None),
            };
            assert_eq!(answer, FenceResult::Done);
        }
        if store.count(State::Done) + store.count(State::Parked) == 24 {
            break;
        }
        store.pass(store.span());
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
