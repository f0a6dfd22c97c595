use crate::store::backend::Backend;
use crate::store::samples::{DAY, WEEK, entry};
use crate::store::world::World;
use std::time::Duration;
use wxhook_idempotency::{Failure, State};

const HOUR: Duration = Duration::from_secs(3_600);

/// A clock that steps back by days strands nothing: what waits becomes due after its span.
pub(in crate::store) fn waits_end_while_the_clock_is_behind<B: Backend>(world: &World<'_, B>) {
    let desk = world.open();
    let failed = desk.new_seq(entry("failed", 1));
    let lease = desk.claimed_one(1);
    let _done = desk.fail(failed, lease.fence, Failure::retry("refused", world.span()));
    let held = desk.new_seq(entry("held", 1));
    let _dead_holders = desk.claimed_one(2);
    world.go_back(DAY * 3);
    let new = desk.new_seq(entry("new", 1));
    assert_eq!(desk.claimed_one(3).record.seq, new, "what is accepted meanwhile is due at once");
    assert_eq!(desk.claimed(4, 9).len(), 0, "the others' spans aren't over");
    world.pass(world.span());
    let mut due: Vec<_> = desk.claimed(5, 9).into_iter().map(|lease| lease.record.seq).collect();
    due.sort_unstable();
    assert_eq!(due, [failed, held, new]);
    // Put right again, everything goes on.
    world.leap(DAY * 3);
    world.pass(world.span());
    assert_eq!(desk.claimed(6, 9).len(), 3);
}

/// A clock that is far ahead for a while makes nothing old: nothing is purged for 25 hours of running time.
pub(in crate::store) fn a_clock_ahead_purges_nothing<B: Backend>(world: &World<'_, B>) {
    let desk = world.open();
    let seq = desk.acquired(entry("paid", 1), 1);
    let _done = desk.complete(seq.record.seq, seq.fence, None);
    world.leap(WEEK + DAY);
    assert_eq!(desk.purge(9), 0, "the clock jumped");
    world.go_back(WEEK + DAY);
    world.pass(HOUR * 24);
    assert_eq!(desk.purge(9), 0, "25 hours aren't over");
    assert_eq!(desk.duplicate_of(entry("paid", 1)), seq.record.seq, "a resend is known");
    assert_eq!(desk.record(seq.record.seq).state, State::Done);
    // The positive twin: time that really passes does make it old, once the pause is over.
    world.pass((WEEK + DAY) * 2);
    assert_eq!(desk.purge(9), 1);
}
