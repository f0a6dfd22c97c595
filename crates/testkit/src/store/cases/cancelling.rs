use super::{entry, with_alias};
use crate::concurrency::{at_every_await, dropped_after};
use crate::store::backend::Backend;
use crate::store::context::Context;
use wxhook_idempotency::{Accepted, Begun, Claim, ClaimId, Entry, Failure, Fenced, State, Store as _};

/// Creates an entry in a lane of its own, so that claiming it finds nothing else.
fn alone(key: &str) -> Entry {
    let mut entry = with_alias(entry(key, 1), &format!("EV-{key}"));
    entry.lane = key.to_owned();
    entry
}

pub(crate) fn a_dropped_accept_is_whole<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    at_every_await(|polls, key| {
        let dropped = store.block_on(|store| dropped_after(polls, store.accept(alone(key))));
        let (Accepted::New { seq } | Accepted::Duplicate { seq, state: State::Ready, .. }) =
            store.accept(alone(key))
        else {
            panic!("it is known, but not Ready")
        };
        let leases = store.claim_due(Claim::new(ClaimId::new(1), [key], 9, context.span()));
        assert_eq!(leases.len(), 1, "it is known, but can't be claimed, after {polls} polls");
        assert_eq!((leases[0].record.seq, leases[0].record.attempts), (seq, 1));
        dropped
    });
}

pub(crate) fn a_dropped_begin_is_whole<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    at_every_await(|polls, key| {
        let (id, lease) = (ClaimId::new(1), context.span());
        let dropped = store.block_on(|store| dropped_after(polls, store.begin(alone(key), id, lease)));
        // Whether it happened or not, repeating it is the same.
        let lease = store.acquired(alone(key), 1);
        assert_eq!(lease.record.attempts, 1);
        assert!(matches!(store.begin(alone(key), 2), Begun::Busy { .. }));
        assert_eq!(store.complete(lease.record.seq, lease.fence, None), Fenced::Done);
        dropped
    });
}

pub(crate) fn a_dropped_claim_can_be_repeated<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    at_every_await(|polls, key| {
        store.new_seq(alone(key));
        let claim = |id| Claim::new(ClaimId::new(id), [key], 9, context.span());
        let dropped = store.block_on(|store| dropped_after(polls, store.claim_due(claim(1))));
        let leases = store.claim_due(claim(1));
        assert_eq!(leases.len(), 1, "after {polls} polls the repeated claim returns nothing");
        assert_eq!(leases[0].record.attempts, 1);
        assert!(store.claim_due(claim(2)).is_empty());
        dropped
    });
}

pub(crate) fn a_dropped_step_happened_or_not<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    at_every_await(|polls, key| {
        let mut any_dropped = false;
        for (step, state) in [
            ("renew", State::Leased),
            ("complete", State::Done),
            ("fail", State::Parked),
            ("release", State::Ready),
        ] {
            let lease = store.acquired(alone(&format!("{key}/{step}")), 1);
            let (seq, fence) = (lease.record.seq, lease.fence);
            let take = async |store: &B::Store| match step {
                "renew" => store.renew(seq, fence, context.span()).await,
                "complete" => store.complete(seq, fence, None).await,
                "fail" => store.fail(seq, fence, Failure::park("no")).await,
                _ => store.release(seq, fence).await,
            };
            any_dropped |= store.block_on(|store| dropped_after(polls, take(store)));
            let answer = store.run(take);
            // What was given back already is refused; the others may be repeated.
            if matches!(step, "renew" | "complete") {
                assert_eq!(answer, Fenced::Done, "{step} after {polls} polls");
            }
            assert_eq!(store.record(seq).state, state, "{step} after {polls} polls");
        }
        any_dropped
    });
}
