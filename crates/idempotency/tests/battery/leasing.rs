use super::*;
use std::collections::HashSet;
use wxhook_idempotency::{Failure, Fence, Fenced, State};

pub async fn one_lease_among_many<S: Store + Clone>(fixture: &Fixture<S>) {
    for key in 0..40 {
        new_seq(&fixture.store, entry(&format!("k{key}"), 1)).await;
    }
    let leases = at_once(&fixture.store, 16, |store, number| async move { claimed(&store, number, 5).await });
    let leases: Vec<_> = leases.into_iter().flatten().collect();
    let seqs: HashSet<_> = leases.iter().map(|lease| lease.record.seq).collect();
    let fences: HashSet<_> = leases.iter().map(|lease| lease.fence).collect();
    assert_eq!((leases.len(), seqs.len(), fences.len()), (40, 40, 40));
    let acquired = at_once(&fixture.store, 16, |store, number| async move {
        matches!(begin(&store, entry("fresh", 1), 100 + number).await, Begun::Acquired(_))
    });
    assert_eq!(acquired.into_iter().filter(|acquired| *acquired).count(), 1);
}

pub async fn fences_grow_and_old_ones_are_lost<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let old = acquired(store, entry("k", 1), 1).await;
    let seq = old.record.seq;
    fixture.clock.advance(SPAN);
    let new = claimed(store, 2, 1).await.remove(0);
    assert!(new.fence > old.fence);
    let before = get(store, seq).await;
    for fence in [old.fence, Fence::new(new.fence.get() + 1), Fence::new(0), Fence::new(u64::MAX)] {
        assert_eq!(store.renew(seq, fence, SPAN).await.unwrap(), Fenced::Lost);
        assert_eq!(store.complete(seq, fence, None).await.unwrap(), Fenced::Lost);
        assert_eq!(store.fail(seq, fence, Failure::park("no")).await.unwrap(), Fenced::Lost);
        assert_eq!(store.release(seq, fence).await.unwrap(), Fenced::Lost);
    }
    let after = get(store, seq).await;
    assert_eq!((after.state, after.lease_until, after.attempts), (State::Leased, before.lease_until, 2));
    assert_eq!(store.renew(Seq::new(9_999), new.fence, SPAN).await.unwrap(), Fenced::Lost);
    assert_eq!(store.complete(seq, new.fence, None).await.unwrap(), Fenced::Done);
}

pub async fn an_ended_lease_may_still_complete<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    for (key, id) in [("a", 1), ("b", 2), ("c", 3), ("d", 4)] {
        let lease = acquired(store, entry(key, 1), id).await;
        let (seq, fence) = (lease.record.seq, lease.fence);
        fixture.clock.advance(SPAN * 2);
        let answer = match key {
            "a" => store.complete(seq, fence, None).await,
            "b" => store.renew(seq, fence, SPAN).await,
            "c" => store.release(seq, fence).await,
            _ => store.fail(seq, fence, Failure::park("no")).await,
        };
        assert_eq!(answer.unwrap(), Fenced::Done);
    }
    let renewed = begin(store, entry("b", 1), 9).await;
    assert!(matches!(renewed, Begun::Acquired(_)), "more than its lease went by since: {renewed:?}");
}

pub async fn completing_twice_is_harmless<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let lease = acquired(store, entry("k", 1), 1).await;
    let (seq, fence) = (lease.record.seq, lease.fence);
    let outcome = || Some(b"first".as_slice().into());
    assert_eq!(store.complete(seq, fence, outcome()).await.unwrap(), Fenced::Done);
    let done_at = get(store, seq).await.done_at;
    fixture.clock.advance(SPAN);
    assert_eq!(store.complete(seq, fence, None).await.unwrap(), Fenced::Done);
    let record = get(store, seq).await;
    assert_eq!((record.outcome, record.done_at), (outcome(), done_at));
    assert_eq!(store.complete(seq, Fence::new(fence.get() + 1), None).await.unwrap(), Fenced::Lost);
    assert_eq!(store.fail(seq, fence, Failure::park("no")).await.unwrap(), Fenced::Lost);
    assert_eq!(store.release(seq, fence).await.unwrap(), Fenced::Lost);
    assert_eq!(store.renew(seq, fence, SPAN).await.unwrap(), Fenced::Lost);
    assert_eq!(get(store, seq).await.state, State::Done);
}

pub async fn crashes_count_and_park<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let mut poison = entry("k", 1);
    poison.max_attempts = 3;
    let seq = new_seq(store, poison).await;
    let mut last = None;
    for attempt in 1..=3 {
        let lease = claimed(store, attempt.into(), 1).await.remove(0);
        assert_eq!(lease.record.attempts, attempt);
        last = Some(lease.fence);
        fixture.clock.advance(SPAN);
    }
    assert!(claimed(store, 4, 1).await.is_empty());
    let record = get(store, seq).await;
    assert_eq!((record.state, record.error.as_deref()), (State::Parked, Some("attempts used up")));
    assert_eq!(store.complete(seq, last.unwrap(), None).await.unwrap(), Fenced::Lost);
}

pub async fn releasing_does_not_count<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let mut once = entry("k", 1);
    once.max_attempts = 1;
    new_seq(store, once).await;
    for id in 1..20 {
        let lease = claimed(store, id, 1).await.remove(0);
        assert_eq!(lease.record.attempts, 1);
        assert_eq!(store.release(lease.record.seq, lease.fence).await.unwrap(), Fenced::Done);
    }
}

pub async fn failing_backs_off<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let mut twice = entry("k", 1);
    twice.max_attempts = 2;
    let seq = new_seq(store, twice).await;
    let lease = claimed(store, 1, 1).await.remove(0);
    let failure = Failure::retry("refused", SPAN).flag("mismatch").flag("mismatch");
    assert_eq!(store.fail(seq, lease.fence, failure.clone()).await.unwrap(), Fenced::Done);
    let record = get(store, seq).await;
    assert_eq!((record.state, record.error.as_deref(), record.attempts), (State::Ready, Some("refused"), 1));
    assert_eq!(record.flags, ["mismatch"]);
    fixture.clock.advance(SPAN - Duration::from_millis(1));
    assert!(claimed(store, 2, 1).await.is_empty());
    fixture.clock.advance(Duration::from_millis(1));
    let lease = claimed(store, 2, 1).await.remove(0);
    assert_eq!(store.fail(seq, lease.fence, failure).await.unwrap(), Fenced::Done);
    let record = get(store, seq).await;
    assert_eq!((record.state, record.error.as_deref(), record.attempts), (State::Parked, Some("refused"), 2));
    // Parked at once, when asked to.
    let lease = acquired(store, entry("l", 1), 3).await;
    let failure = Failure::park("wrong amount");
    assert_eq!(store.fail(lease.record.seq, lease.fence, failure).await.unwrap(), Fenced::Done);
    assert_eq!(get(store, lease.record.seq).await.state, State::Parked);
}

pub async fn groups_keep_their_order<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let grouped = |key: &str, group: &str, lane: &str| {
        let mut entry = entry(key, 1);
        entry.group = Some(group.to_owned());
        entry.lane = lane.to_owned();
        entry
    };
    let pay = new_seq(store, grouped("pay", "order", LANE)).await;
    let refund = new_seq(store, grouped("refund", "order", LANE)).await;
    let other = new_seq(store, grouped("other", "other order", LANE)).await;
    new_seq(store, grouped("elsewhere", "order", "elsewhere")).await;
    let first = claimed(store, 1, 9).await;
    assert_eq!(seqs(&first), [pay, other]);
    // Not while the first waits for its retry, nor while its lease is over but not taken.
    let failure = Failure::retry("later", SPAN * 4);
    assert_eq!(store.fail(pay, first[0].fence, failure).await.unwrap(), Fenced::Done);
    assert!(claimed(store, 2, 9).await.is_empty());
    fixture.clock.advance(SPAN * 4);
    assert_eq!(seqs(&claimed(store, 3, 9).await), [other, pay]);
    store.park(pay, action()).await.unwrap();
    let lease = claimed(store, 4, 9).await.remove(0);
    assert_eq!(lease.record.seq, refund);
    // Sent again, the earlier one comes first once more.
    assert_eq!(store.release(refund, lease.fence).await.unwrap(), Fenced::Done);
    store.requeue(pay, action()).await.unwrap();
    let lease = claimed(store, 5, 9).await.remove(0);
    assert_eq!(lease.record.seq, pay);
    assert_eq!(store.complete(pay, lease.fence, None).await.unwrap(), Fenced::Done);
    assert_eq!(seqs(&claimed(store, 6, 9).await), [refund]);
}

pub async fn a_repeated_claim_gives_the_same<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    for key in ["a", "b", "c"] {
        new_seq(store, entry(key, 1)).await;
    }
    let first = claimed(store, 1, 2).await;
    let again = claimed(store, 1, 2).await;
    assert_eq!(seqs(&first), seqs(&again));
    assert_eq!(again.iter().map(|lease| lease.record.attempts).max(), Some(1));
    assert_eq!(claimed(store, 2, 2).await.len(), 1);
    // What was completed meanwhile isn't given again; once all is over, the id claims anew.
    assert_eq!(store.complete(first[0].record.seq, first[0].fence, None).await.unwrap(), Fenced::Done);
    assert_eq!(seqs(&claimed(store, 1, 2).await), [first[1].record.seq]);
    fixture.clock.advance(SPAN);
    let anew = claimed(store, 1, 1).await;
    assert_eq!((anew.len(), anew[0].record.attempts), (1, 2));
}

pub async fn oldest_due_first<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let first = acquired(store, entry("first", 1), 1).await;
    fixture.clock.advance(Duration::from_secs(1));
    let second = new_seq(store, entry("second", 1)).await;
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(store.release(first.record.seq, first.fence).await.unwrap(), Fenced::Done);
    assert_eq!(seqs(&claimed(store, 2, 1).await), [second]);
    assert_eq!(seqs(&claimed(store, 3, 1).await), [first.record.seq]);
    assert!(claimed(store, 4, 0).await.is_empty());
}

pub async fn time_going_back<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    fixture.clock.advance(DAY);
    let lease = acquired(store, entry("k", 1), 1).await;
    let seq = lease.record.seq;
    fixture.clock.go_back(DAY);
    assert!(matches!(begin(store, entry("k", 1), 2).await, Begun::Busy { .. }));
    assert!(claimed(store, 3, 9).await.is_empty());
    assert_eq!(store.renew(seq, lease.fence, SPAN).await.unwrap(), Fenced::Done);
    assert!(matches!(begin(store, entry("k", 1), 4).await, Begun::Busy { .. }));
    assert_eq!(store.complete(seq, lease.fence, None).await.unwrap(), Fenced::Done);
    duplicate_of(store, entry("k", 1)).await;
    assert_eq!(store.purge(9).await.unwrap(), 0);
    store.stats().await.unwrap();
    let later = acquired(store, entry("l", 1), 5).await;
    assert!(later.fence > lease.fence);
}

pub async fn renewing_extends<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let lease = acquired(store, entry("k", 1), 1).await;
    for _ in 0..5 {
        fixture.clock.advance(SPAN - Duration::from_secs(1));
        assert_eq!(store.renew(lease.record.seq, lease.fence, SPAN).await.unwrap(), Fenced::Done);
        assert!(claimed(store, 2, 1).await.is_empty());
    }
    fixture.clock.advance(SPAN);
    assert_eq!(claimed(store, 2, 1).await.len(), 1);
}

pub async fn nobody_else_in_a_lane<S: Store + Clone>(fixture: &Fixture<S>) {
    new_seq(&fixture.store, entry("k", 1)).await;
    let elsewhere = Claim::new(ClaimId::new(1), "elsewhere", 9, SPAN);
    assert!(fixture.store.claim_due(elsewhere).await.unwrap().is_empty());
    assert_eq!(claimed(&fixture.store, 1, 9).await.len(), 1);
}
