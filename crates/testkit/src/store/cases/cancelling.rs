use crate::dropping::{Ended, at_every_await, dropped_after};
use crate::store::backend::Backend;
use crate::store::samples::{entry, with_alias};
use crate::store::world::World;
use wxhook_idempotency::{
    AcceptResult, BeginResult, Claim, ClaimId, Entry, Failure, FenceResult, State, Store as _, StoreExt as _,
};

/// In a lane of its own, so that claiming it finds nothing else.
fn alone(key: &str) -> Entry {
    let mut entry = with_alias(entry(key, 1), &format!("EV-{key}"));
    entry.lane = key.to_owned();
    entry
}

pub(crate) fn a_dropped_accept_is_whole<B: Backend>(world: &World<'_, B>) {
    let store = &world.open();
    at_every_await(|polls, key| {
        let ended = store.attempt(|store| dropped_after(polls, store.accept(alone(key))));
        let (seq, state) = match store.accept(alone(key)) {
            AcceptResult::New { seq } => (seq, State::Ready),
            AcceptResult::Duplicate { seq, state, .. } => (seq, state),
            other => panic!("{other:?}"),
        };
        assert_eq!(state, State::Ready, "marked, and no work is there");
        let claim = Claim::new(ClaimId::new(1), [key], 9, world.span());
        let leases = store.claim_due(claim);
        assert_eq!(leases.len(), 1, "marked, and no work is there, after {polls} polls");
        assert_eq!((leases[0].record.seq, leases[0].record.attempts), (seq, 1));
        ended
    });
}

pub(crate) fn a_dropped_begin_is_whole<B: Backend>(world: &World<'_, B>) {
    let store = &world.open();
    at_every_await(|polls, key| {
        let ended = store
            .attempt(|store| dropped_after(polls, store.begin(alone(key), ClaimId::new(1), world.span())));
        // Whether it happened or not, repeating it is the same.
        let lease = match store.begin(alone(key), 1) {
            BeginResult::Acquired(lease) => lease,
            other => panic!("after {polls} polls it is {other:?}"),
        };
        assert_eq!(lease.record.attempts, 1);
        assert!(matches!(store.begin(alone(key), 2), BeginResult::Busy { .. }));
        assert_eq!(store.complete(lease.record.seq, lease.fence, None), FenceResult::Done);
        ended
    });
}

pub(crate) fn a_dropped_claim_can_be_repeated<B: Backend>(world: &World<'_, B>) {
    let store = &world.open();
    at_every_await(|polls, key| {
        store.new_seq(alone(key));
        let claim = |id| Claim::new(ClaimId::new(id), [key], 9, world.span());
        let ended = store.attempt(|store| dropped_after(polls, store.claim_due(claim(1))));
        let leases = store.claim_due(claim(1));
        assert_eq!(leases.len(), 1, "after {polls} polls its own claim doesn't give it again");
        assert_eq!(leases[0].record.attempts, 1);
        assert!(store.claim_due(claim(2)).is_empty());
        ended
    });
}

pub(crate) fn a_dropped_step_happened_or_not<B: Backend>(world: &World<'_, B>) {
    let store = &world.open();
    at_every_await(|polls, key| {
        let mut all = Ended::Itself;
        for step in ["renew", "complete", "fail", "release"] {
            let name = format!("{key}/{step}");
            let lease = store.acquired(alone(&name), 1);
            let (seq, fence) = (lease.record.seq, lease.fence);
            let failure = || Failure::park("no");
            let ended = store.attempt(|store| async move {
                match step {
                    "renew" => dropped_after(polls, store.renew(seq, fence, world.span())).await,
                    "complete" => dropped_after(polls, store.complete(seq, fence, None)).await,
                    "fail" => dropped_after(polls, store.fail(seq, fence, failure())).await,
                    _ => dropped_after(polls, store.release(seq, fence)).await,
                }
            });
            let (answer, state) = match step {
                "renew" => (store.renew(seq, fence), State::Leased),
                "complete" => (store.complete(seq, fence, None), State::Done),
                "fail" => (store.fail(seq, fence, failure()), State::Parked),
                _ => (store.release(seq, fence), State::Ready),
            };
            // Giving back what was given back already is refused; the others may be said twice.
            if matches!(step, "renew" | "complete") {
                assert_eq!(answer, FenceResult::Done, "{step} after {polls} polls");
            }
            assert_eq!(store.record(seq).state, state, "{step} after {polls} polls");
            if ended == Ended::Dropped {
                all = ended;
            }
        }
        all
    });
}
