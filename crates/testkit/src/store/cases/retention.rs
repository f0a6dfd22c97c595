use super::{DAY, WEEK, action, entry, fingerprint, parking, seqs, with, with_alias};
use crate::store::backend::Backend;
use crate::store::handle::Handle;
use std::time::Duration;
use wxhook_idempotency::{
    AcceptResult, BeginResult, Entry, Failure, Fence, FenceResult, Lookup, Retention, Seq, State,
};

fn done<B: Backend>(store: &Handle<'_, B>, entry: Entry) -> Seq {
    let lease = store.acquired(entry, 1);
    assert_eq!(store.complete(lease.record.seq, lease.fence, None), FenceResult::Done);
    lease.record.seq
}

fn marking(key: &str, content: u8) -> Entry {
    with(parking(key, content), |entry| entry.keeps_tombstone = true)
}

pub(crate) fn done_records_go_when_unseen<B: Backend>(store: Handle<'_, B>) {
    let seq = done(&store, with_alias(entry("k", 1), "a"));
    store.pass(WEEK - store.tick());
    assert_eq!(store.purge(9), 0);
    store.pass(store.tick());
    assert_eq!(store.purge(9), 1);
    assert!(store.get(Lookup::Seq(seq)).is_none());
    // Neither its key nor its alias is known any more, and its number isn't used again.
    let again = store.new_seq(with_alias(entry("other", 2), "a"));
    assert!(again > seq);
    store.new_seq(entry("k", 1));
}

pub(crate) fn unfinished_records_never_go<B: Backend>(store: Handle<'_, B>) {
    store.new_seq(entry("ready", 1));
    let parked = store.new_seq(entry("parked", 1));
    store.park(parked, action());
    store.acquired(entry("leased", 1), 1);
    store.pass(DAY * 1_000);
    assert_eq!(store.purge(9), 0);
    // Retention counts from the end at the earliest.
    store.discard(parked, action());
    assert_eq!(store.purge(9), 0);
    store.pass(WEEK);
    assert_eq!(store.purge(9), 1);
}

pub(crate) fn seen_again_stays<B: Backend>(store: Handle<'_, B>) {
    let seq = done(&store, entry("k", 1));
    store.pass(WEEK - DAY);
    assert_eq!(store.duplicate_of(entry("k", 1)), seq);
    store.assert_now(store.record(seq).seen_at);
    store.pass(WEEK - DAY);
    assert_eq!(store.purge(9), 0);
    // Other content under its key is a sighting, too.
    store.changed_seq(entry("k", 2));
    store.pass(WEEK - DAY);
    assert_eq!(store.purge(9), 0);
    store.pass(DAY);
    assert_eq!(store.purge(9), 1);
}

pub(crate) fn marks_know_a_replay<B: Backend>(store: Handle<'_, B>) {
    let seq = done(&store, marking("k", 1));
    let sibling = store.changed_seq(marking("k", 2));
    store.discard(sibling, action());
    store.pass(WEEK);
    assert_eq!(store.purge(9), 2);
    let gone = |seq| AcceptResult::Duplicate { seq, state: State::Done, outcome: None };
    assert_eq!(store.accept(marking("k", 1)), gone(seq));
    assert_eq!(store.accept(marking("k", 2)), gone(sibling));
    assert!(matches!(store.begin(marking("k", 1), 1), BeginResult::Done { outcome: None, .. }));
    let newer = with(marking("new", 1), |entry| entry.older_keys = vec!["k".to_owned()]);
    assert_eq!(store.accept(newer), gone(seq));
    // Other content than any before is kept, as changed.
    let third = store.changed_seq(marking("k", 3));
    let record = store.record(third);
    assert_eq!((record.state, &*record.key, record.sibling_of), (State::Parked, "k", None));
    assert_eq!(record.flags, ["changed"]);
    assert_eq!(store.duplicate_of(marking("k", 3)), third);
    assert_eq!(store.accept(marking("k", 1)), gone(seq));
    assert_eq!(store.record(store.changed_seq(marking("k", 4))).sibling_of, Some(third));
    let BeginResult::Changed { .. } = store.begin(marking("k", 5), 2) else { panic!() };
    // Without a mark it is new.
    done(&store, entry("l", 1));
    store.pass(WEEK);
    assert_eq!(store.purge(9), 1);
    store.new_seq(entry("l", 1));
}

pub(crate) fn marks_go_in_their_time<B: Backend>(store: Handle<'_, B>) {
    done(&store, marking("seen", 1));
    done(&store, marking("unseen", 1));
    store.pass(WEEK);
    assert_eq!(store.purge(9), 2);
    let marks = Retention::default().tombstones();
    store.pass(marks - DAY);
    assert_eq!(store.purge(9), 0);
    store.duplicate_of(marking("seen", 1));
    store.pass(DAY);
    assert_eq!(store.purge(9), 0);
    store.duplicate_of(marking("seen", 1));
    store.new_seq(marking("unseen", 1));
}

pub(crate) fn an_orphaned_sibling_is_known<B: Backend>(store: Handle<'_, B>) {
    let parking = parking("k", 2);
    let first = done(&store, entry("k", 1));
    let sibling = store.changed_seq(with_alias(parking.clone(), "a"));
    store.pass(WEEK);
    assert_eq!(store.purge(9), 1);
    assert_eq!(store.duplicate_of(parking.clone()), sibling);
    assert_eq!(store.record(sibling).sibling_of, Some(first));
    let another = store.changed_seq(with_alias(entry("k", 3), "a"));
    assert_eq!(store.record(another).key, fingerprint(3).sibling_key("k"));
    // The first content is new again, as it would be without the sibling, which stays known.
    let again = store.new_seq(entry("k", 1));
    assert_eq!(store.duplicate_of(parking), sibling);
    assert!(again > another);
}

pub(crate) fn numbers_and_fences_go_on<B: Backend>(store: Handle<'_, B>) {
    let mut last = (Seq::new(0), Fence::new(0));
    for _ in 0..5 {
        let lease = store.acquired(entry("k", 1), 1);
        assert!(lease.record.seq > last.0 && lease.fence > last.1);
        last = (lease.record.seq, lease.fence);
        assert_eq!(store.complete(last.0, last.1, None), FenceResult::Done);
        store.pass(WEEK);
        assert_eq!(store.purge(9), 1);
    }
    assert_eq!(store.complete(last.0, last.1, None), FenceResult::Lost);
}

pub(crate) fn purging_is_bounded<B: Backend>(store: Handle<'_, B>) {
    let mut seqs = Vec::new();
    for key in 0..10 {
        seqs.push(done(&store, entry(&format!("k{key}"), 1)));
        store.pass(Duration::from_secs(1));
    }
    store.pass(WEEK);
    assert_eq!(store.purge(0), 0);
    assert_eq!(store.purge(4), 4);
    assert!(store.get(Lookup::Seq(seqs[3])).is_none(), "the longest unseen go first");
    assert!(store.get(Lookup::Seq(seqs[4])).is_some());
    assert_eq!(store.purge(1_000_000), 6);
    assert_eq!(store.count(State::Done), 0);
}

pub(crate) fn the_last_resend_is_known<B: Backend>(store: Handle<'_, B>) {
    let seq = done(&store, entry("k", 1));
    // The platform's last resend comes 24h23m after the first.
    store.pass(Duration::from_secs(24 * 3600 + 23 * 60));
    assert_eq!(store.purge(9), 0);
    assert_eq!(store.duplicate_of(entry("k", 1)), seq);
}

const HOUR: Duration = Duration::from_secs(3_600);

/// A clock that steps back by days strands nothing: what waits becomes due after its span.
pub(crate) fn waits_end_while_the_clock_is_behind<B: Backend>(store: Handle<'_, B>) {
    let [failed, held] = waiting(&store);
    store.step_back(DAY * 3);
    let new = store.new_seq(entry("new", 1));
    assert_eq!(seqs(&store.claimed(3, 9)), [new], "due at once, and the others' spans aren't over");
    store.pass(store.span());
    assert_eq!(sorted(&store, 4), [failed, held, new]);
    // Put right again, everything goes on.
    store.step_ahead(DAY * 3);
    store.pass(store.span());
    assert_eq!(sorted(&store, 5), [failed, held, new]);
}

/// The same for a process that is started while the clock is behind.
pub(crate) fn waits_end_after_a_restart_behind<B: Backend>(store: Handle<'_, B>) {
    let [failed, held] = waiting(&store);
    let context = store.close();
    context.step_back(DAY * 3);
    let store = context.open();
    let new = store.new_seq(entry("new", 1));
    assert_eq!(seqs(&store.claimed(3, 9)), [new], "the others' spans aren't over");
    store.pass(store.span());
    assert_eq!(sorted(&store, 4), [failed, held, new]);
}

/// A record that backs off and one whose holder is dead, both for a span.
fn waiting<B: Backend>(store: &Handle<'_, B>) -> [Seq; 2] {
    let failed = store.acquired(entry("failed", 1), 1);
    let failure = Failure::retry("refused", store.span());
    assert_eq!(store.fail(failed.record.seq, failed.fence, failure), FenceResult::Done);
    [failed.record.seq, store.acquired(entry("held", 1), 2).record.seq]
}

fn sorted<B: Backend>(store: &Handle<'_, B>, id: u128) -> Vec<Seq> {
    let mut due = seqs(&store.claimed(id, 9));
    due.sort_unstable();
    due
}

/// A clock that is far ahead for a while makes nothing old: nothing is purged for 25 hours of running time.
pub(crate) fn a_clock_ahead_purges_nothing<B: Backend>(store: Handle<'_, B>) {
    let seq = done(&store, entry("paid", 1));
    store.step_ahead(WEEK + DAY);
    assert_eq!(store.purge(9), 0, "the clock jumped");
    store.step_back(WEEK + DAY);
    known_for_a_day(&store, seq);
}

/// The pause outlives the process.
pub(crate) fn a_clock_ahead_purges_nothing_after_a_restart<B: Backend>(store: Handle<'_, B>) {
    let seq = done(&store, entry("paid", 1));
    store.step_ahead(WEEK + DAY);
    assert_eq!(store.purge(9), 0, "the clock jumped");
    store.new_seq(entry("meanwhile", 1));
    let context = store.close();
    context.step_back(WEEK + DAY);
    let store = context.open();
    store.new_seq(entry("afterwards", 1));
    known_for_a_day(&store, seq);
}

/// A process that is started while the clock is ahead purges nothing, either.
pub(crate) fn a_start_with_the_clock_ahead_purges_nothing<B: Backend>(store: Handle<'_, B>) {
    let seq = done(&store, entry("paid", 1));
    let context = store.close();
    context.step_ahead(WEEK + DAY);
    let store = context.open();
    assert_eq!(store.purge(9), 0, "the clock jumped");
    store.step_back(WEEK + DAY);
    known_for_a_day(&store, seq);
}

fn known_for_a_day<B: Backend>(store: &Handle<'_, B>, seq: Seq) {
    store.pass(HOUR * 24);
    assert_eq!(store.purge(9), 0, "25 hours aren't over");
    assert_eq!(store.duplicate_of(entry("paid", 1)), seq, "a resend is known");
    assert_eq!(store.record(seq).state, State::Done);
    // The positive twin: time that really passes does make it old, once the pause is over.
    store.pass((WEEK + DAY) * 2);
    assert_eq!(store.purge(9), 1);
}
