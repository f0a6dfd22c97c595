use super::{DAY, WEEK, entry, seqs};
use crate::store::backend::Backend;
use crate::store::context::Context;
use crate::store::handle::Handle;
use std::time::Duration;
use wxhook_idempotency::{Failure, Fenced, Seq, State};

const HOUR: Duration = Duration::from_secs(3_600);

/// A clock that steps back by days strands nothing: what waits becomes due after its span.
pub(crate) fn waits_end_while_the_clock_is_behind<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let [failed, held] = waiting(context, store);
    context.step_back(DAY * 3);
    let new = store.new_seq(entry("new", 1));
    assert_eq!(seqs(&store.claimed(3, 9)), [new], "due at once, and the others' spans aren't over");
    context.pass(context.span());
    assert_eq!(sorted(store, 4), [failed, held, new]);
    // Put right again, everything goes on.
    context.step_ahead(DAY * 3);
    context.pass(context.span());
    assert_eq!(sorted(store, 5), [failed, held, new]);
}

/// The same for a process that is started while the clock is behind.
pub(crate) fn waits_end_after_a_restart_behind<B: Backend>(context: &Context<'_, B>) {
    let store = context.open();
    context.require_durability(store.capabilities());
    let [failed, held] = waiting(context, &store);
    drop(store);
    context.step_back(DAY * 3);
    let store = &context.open();
    let new = store.new_seq(entry("new", 1));
    assert_eq!(seqs(&store.claimed(3, 9)), [new], "the others' spans aren't over");
    context.pass(context.span());
    assert_eq!(sorted(store, 4), [failed, held, new]);
}

/// A record that backs off and one whose holder is dead, both for a span.
fn waiting<B: Backend>(context: &Context<'_, B>, store: &Handle<'_, B>) -> [Seq; 2] {
    let failed = store.acquired(entry("failed", 1), 1);
    let failure = Failure::retry("refused", context.span());
    assert_eq!(store.fail(failed.record.seq, failed.fence, failure), Fenced::Done);
    [failed.record.seq, store.acquired(entry("held", 1), 2).record.seq]
}

fn sorted<B: Backend>(store: &Handle<'_, B>, id: u128) -> Vec<Seq> {
    let mut due = seqs(&store.claimed(id, 9));
    due.sort_unstable();
    due
}

/// A clock that is far ahead for a while makes nothing old: nothing is purged for 25 hours of running time.
pub(crate) fn a_clock_ahead_purges_nothing<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let seq = done(store);
    context.step_ahead(WEEK + DAY);
    assert_eq!(store.purge(9), 0, "the clock jumped");
    context.step_back(WEEK + DAY);
    known_for_a_day(context, store, seq);
}

/// The pause outlives the process.
pub(crate) fn a_clock_ahead_purges_nothing_after_a_restart<B: Backend>(context: &Context<'_, B>) {
    let store = context.open();
    context.require_durability(store.capabilities());
    let seq = done(&store);
    context.step_ahead(WEEK + DAY);
    assert_eq!(store.purge(9), 0, "the clock jumped");
    store.new_seq(entry("meanwhile", 1));
    drop(store);
    context.step_back(WEEK + DAY);
    let store = &context.open();
    store.new_seq(entry("afterwards", 1));
    known_for_a_day(context, store, seq);
}

/// A process that is started while the clock is ahead purges nothing, either.
pub(crate) fn a_start_with_the_clock_ahead_purges_nothing<B: Backend>(context: &Context<'_, B>) {
    let store = context.open();
    context.require_durability(store.capabilities());
    let seq = done(&store);
    drop(store);
    context.step_ahead(WEEK + DAY);
    let store = &context.open();
    assert_eq!(store.purge(9), 0, "the clock jumped");
    context.step_back(WEEK + DAY);
    known_for_a_day(context, store, seq);
}

fn done<B: Backend>(store: &Handle<'_, B>) -> Seq {
    let lease = store.acquired(entry("paid", 1), 1);
    assert_eq!(store.complete(lease.record.seq, lease.fence, None), Fenced::Done);
    lease.record.seq
}

fn known_for_a_day<B: Backend>(context: &Context<'_, B>, store: &Handle<'_, B>, seq: Seq) {
    context.pass(HOUR * 24);
    assert_eq!(store.purge(9), 0, "25 hours aren't over");
    assert_eq!(store.duplicate_of(entry("paid", 1)), seq, "a resend is known");
    assert_eq!(store.record(seq).state, State::Done);
    // The positive twin: time that really passes does make it old, once the pause is over.
    context.pass((WEEK + DAY) * 2);
    assert_eq!(store.purge(9), 1);
}
