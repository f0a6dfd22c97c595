use super::{DAY, WEEK, action, entry, fingerprint, parking, with_alias};
use crate::store::backend::Backend;
use crate::store::context::Context;
use crate::store::handle::Handle;
use std::time::Duration;
use wxhook_idempotency::{Accepted, Begun, Entry, Fence, Fenced, Lookup, Retention, Seq, State};

fn done<B: Backend>(store: &Handle<'_, B>, entry: Entry) -> Seq {
    let lease = store.acquired(entry, 1);
    assert_eq!(store.complete(lease.record.seq, lease.fence, None), Fenced::Done);
    lease.record.seq
}

fn marking(key: &str, content: u8) -> Entry {
    let mut entry = parking(key, content);
    entry.keeps_mark = true;
    entry
}

pub(crate) fn done_records_go_when_unseen<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let seq = done(store, with_alias(entry("k", 1), "a"));
    context.pass(WEEK - context.tick());
    assert_eq!(store.purge(9), 0);
    context.pass(context.tick());
    assert_eq!(store.purge(9), 1);
    assert!(store.get(Lookup::Seq(seq)).is_none());
    // Neither its key nor its alias is known any more, and its number isn't used again.
    let again = store.new_seq(with_alias(entry("other", 2), "a"));
    assert!(again > seq);
    store.new_seq(entry("k", 1));
}

pub(crate) fn unfinished_records_never_go<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    store.new_seq(entry("ready", 1));
    let parked = store.new_seq(entry("parked", 1));
    store.park(parked, action());
    store.acquired(entry("leased", 1), 1);
    context.pass(DAY * 1_000);
    assert_eq!(store.purge(9), 0);
    // Retention counts from the end at the earliest.
    store.discard(parked, action());
    assert_eq!(store.purge(9), 0);
    context.pass(WEEK);
    assert_eq!(store.purge(9), 1);
}

pub(crate) fn seen_again_stays<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let seq = done(store, entry("k", 1));
    context.pass(WEEK - DAY);
    assert_eq!(store.duplicate_of(entry("k", 1)), seq);
    context.assert_now(store.record(seq).seen_at);
    context.pass(WEEK - DAY);
    assert_eq!(store.purge(9), 0);
    // Other content under its key is a sighting, too.
    store.changed_seq(entry("k", 2));
    context.pass(WEEK - DAY);
    assert_eq!(store.purge(9), 0);
    context.pass(DAY);
    assert_eq!(store.purge(9), 1);
}

pub(crate) fn marks_know_a_replay<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let seq = done(store, marking("k", 1));
    let sibling = store.changed_seq(marking("k", 2));
    store.discard(sibling, action());
    context.pass(WEEK);
    assert_eq!(store.purge(9), 2);
    let gone = |seq| Accepted::Duplicate { seq, state: State::Done, outcome: None };
    assert_eq!(store.accept(marking("k", 1)), gone(seq));
    assert_eq!(store.accept(marking("k", 2)), gone(sibling));
    assert!(matches!(store.begin(marking("k", 1), 1), Begun::Done { outcome: None, .. }));
    let mut newer = marking("new", 1);
    newer.older_keys = vec!["k".to_owned()];
    assert_eq!(store.accept(newer), gone(seq));
    // Other content than any before is kept, as changed.
    let third = store.changed_seq(marking("k", 3));
    let record = store.record(third);
    assert_eq!((record.state, &*record.key, record.sibling_of), (State::Parked, "k", None));
    assert_eq!(record.flags, ["changed"]);
    assert_eq!(store.duplicate_of(marking("k", 3)), third);
    assert_eq!(store.accept(marking("k", 1)), gone(seq));
    assert_eq!(store.record(store.changed_seq(marking("k", 4))).sibling_of, Some(third));
    let Begun::Changed { .. } = store.begin(marking("k", 5), 2) else { panic!() };
    // Without a mark it is new.
    done(store, entry("l", 1));
    context.pass(WEEK);
    assert_eq!(store.purge(9), 1);
    store.new_seq(entry("l", 1));
}

pub(crate) fn marks_go_in_their_time<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    done(store, marking("seen", 1));
    done(store, marking("unseen", 1));
    context.pass(WEEK);
    assert_eq!(store.purge(9), 2);
    let marks = Retention::default().marks();
    context.pass(marks - DAY);
    assert_eq!(store.purge(9), 0);
    store.duplicate_of(marking("seen", 1));
    context.pass(DAY);
    assert_eq!(store.purge(9), 0);
    store.duplicate_of(marking("seen", 1));
    store.new_seq(marking("unseen", 1));
}

pub(crate) fn an_orphaned_sibling_is_known<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let parking = parking("k", 2);
    let first = done(store, entry("k", 1));
    let sibling = store.changed_seq(with_alias(parking.clone(), "a"));
    context.pass(WEEK);
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

pub(crate) fn numbers_and_fences_go_on<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let mut last = (Seq::new(0), Fence::new(0));
    for _ in 0..5 {
        let lease = store.acquired(entry("k", 1), 1);
        assert!(lease.record.seq > last.0 && lease.fence > last.1);
        last = (lease.record.seq, lease.fence);
        assert_eq!(store.complete(last.0, last.1, None), Fenced::Done);
        context.pass(WEEK);
        assert_eq!(store.purge(9), 1);
    }
    assert_eq!(store.complete(last.0, last.1, None), Fenced::Lost);
}

pub(crate) fn purging_is_bounded<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let mut seqs = Vec::new();
    for key in 0..10 {
        seqs.push(done(store, entry(&format!("k{key}"), 1)));
        context.pass(Duration::from_secs(1));
    }
    context.pass(WEEK);
    assert_eq!(store.purge(0), 0);
    assert_eq!(store.purge(4), 4);
    assert!(store.get(Lookup::Seq(seqs[3])).is_none(), "the longest unseen go first");
    assert!(store.get(Lookup::Seq(seqs[4])).is_some());
    assert_eq!(store.purge(1_000_000), 6);
    assert_eq!(store.stats().done, 0);
}

pub(crate) fn the_last_resend_is_known<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let seq = done(store, entry("k", 1));
    // The platform's last resend comes 24h23m after the first.
    context.pass(Duration::from_secs(24 * 3600 + 23 * 60));
    assert_eq!(store.purge(9), 0);
    assert_eq!(store.duplicate_of(entry("k", 1)), seq);
}
