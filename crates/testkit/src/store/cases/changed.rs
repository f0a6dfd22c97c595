use super::{action, entry, fingerprint, parking, seqs, with_alias};
use crate::concurrency::at_once;
use crate::store::backend::Backend;
use crate::store::context::Context;
use wxhook_idempotency::{Accepted, Begun, Fenced, MOST_SIBLINGS, Start, State};

pub(crate) fn changed_in_every_state<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let first = store.new_seq(parking("k", 1));
    let mut siblings = vec![store.changed_seq(parking("k", 2))];
    let lease = store.claimed_one(1);
    siblings.push(store.changed_seq(parking("k", 3)));
    assert_eq!(store.complete(first, lease.fence, None), Fenced::Done);
    siblings.push(store.changed_seq(parking("k", 4)));
    store.requeue(first, action());
    store.park(first, action());
    siblings.push(store.changed_seq(parking("k", 5)));
    // The first is untouched; each sibling is kept whole, parked, and its resends are its duplicates.
    let record = store.record(first);
    assert_eq!((record.state, &*record.body, record.sibling_of), (State::Parked, &[1; 16][..], None));
    assert!(record.flags.is_empty());
    for (content, seq) in (2..).zip(siblings) {
        let record = store.record(seq);
        assert_eq!(record.key, fingerprint(content).sibling_key("k"));
        assert_eq!((record.state, record.sibling_of), (State::Parked, Some(first)));
        assert_eq!((&*record.body, &*record.flags), (&[content; 16][..], &["changed".to_owned()][..]));
        assert_eq!(store.duplicate_of(parking("k", content)), seq);
    }
}

pub(crate) fn deliverable_siblings_are_claimed<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let first = store.new_seq(entry("k", 1));
    let second = store.changed_seq(entry("k", 2));
    assert_eq!(seqs(&store.claimed(1, 9)), [first, second]);
    let mut kept = entry("k", 3);
    kept.start = Start::Parked("kept");
    let third = store.changed_seq(kept);
    assert_eq!(store.record(third).state, State::Parked);
}

pub(crate) fn siblings_are_bounded<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let first = store.new_seq(parking("k", 0));
    for content in 1..=u8::try_from(MOST_SIBLINGS).unwrap() {
        store.changed_seq(parking("k", content));
    }
    assert_eq!(store.accept(parking("k", 200)), Accepted::Full);
    assert!(matches!(store.begin(parking("k", 200), 1), Begun::Full));
    // What is kept is still known.
    assert_eq!(store.duplicate_of(parking("k", 0)), first);
    assert_eq!(store.record(store.duplicate_of(parking("k", 16))).sibling_of, Some(first));
}

pub(crate) fn a_sibling_of_a_sibling_has_the_same_root<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let first = store.new_seq(with_alias(entry("k", 1), "a"));
    let second = store.changed_seq(with_alias(entry("k", 2), "b"));
    // `b` is the sibling's; other content under it is the first one's sibling.
    let third = store.changed_seq(with_alias(entry("elsewhere", 3), "b"));
    let record = store.record(third);
    assert_eq!((record.sibling_of, record.key), (Some(first), fingerprint(3).sibling_key("k")));
    assert_eq!(store.duplicate_of(with_alias(entry("elsewhere", 1), "b")), first);
    assert_eq!(store.duplicate_of(with_alias(entry("elsewhere", 2), "a")), second);
}

pub(crate) fn an_alias_with_other_content_is_changed<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let first = store.new_seq(with_alias(entry("k", 1), "a"));
    // A transaction id that appears on a resend gives it another key; it isn't a second payment.
    let sibling = store.changed_seq(with_alias(with_alias(entry("with-id", 2), "a"), "new"));
    let record = store.record(sibling);
    assert_eq!((record.sibling_of, record.key), (Some(first), fingerprint(2).sibling_key("k")));
    assert_eq!(store.duplicate_of(with_alias(entry("with-id", 2), "a")), sibling);
    assert_eq!(store.duplicate_of(with_alias(entry("whatever", 2), "new")), sibling);
    assert!(store.by_key("with-id").is_none());
}

pub(crate) fn the_first_content_stays_a_duplicate<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let first = store.new_seq(entry("k", 1));
    store.changed_seq(entry("k", 2));
    let answers = at_once(8, |number| store.accept(entry("k", if number % 2 == 0 { 1 } else { 3 })));
    let changed = answers.iter().filter(|answer| matches!(answer, Accepted::Changed { .. })).count();
    assert_eq!(changed, 1);
    assert_eq!(store.duplicate_of(entry("k", 1)), first);
}

pub(crate) fn a_begun_sibling_is_acquired_or_kept<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    store.acquired(entry("k", 1), 1);
    let sibling = store.acquired(entry("k", 2), 2);
    assert_eq!(sibling.record.flags, ["changed"]);
    let again = store.acquired(entry("k", 2), 2);
    assert_eq!(again.fence, sibling.fence);
    let Begun::Changed { seq } = store.begin(parking("k", 3), 3) else { panic!() };
    let Begun::Parked { seq: parked } = store.begin(parking("k", 3), 3) else { panic!() };
    assert_eq!(seq, parked);
}
