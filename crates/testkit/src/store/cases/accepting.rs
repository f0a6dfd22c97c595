use super::{DAY, WEEK, action, entry, fingerprint, parking, seqs, with, with_alias};
use crate::concurrency::at_once;
use crate::store::backend::Backend;
use crate::store::handle::Handle;
use std::time::Duration;
use wxhook_idempotency::{
    AcceptResult, BeginResult, Entry, Failure, FenceResult, Fingerprint, LaneCap, MAX_SIBLINGS, OnChanged,
    Start, State,
};

pub(crate) fn one_new_among_many<B: Backend>(store: Handle<'_, B>) {
    for round in 0..20 {
        let key = format!("shop/E/n={round}");
        let answers = at_once(16, |number| {
            store.accept(with_alias(entry(&key, 1), &format!("EV-{round}-{}", number % 3)))
        });
        let new: Vec<_> =
            answers.iter().filter(|answer| matches!(answer, AcceptResult::New { .. })).collect();
        assert_eq!(new.len(), 1, "one is new: {answers:?}");
        let AcceptResult::New { seq } = new[0] else { unreachable!() };
        for answer in &answers {
            match answer {
                AcceptResult::New { .. } => {}
                AcceptResult::Duplicate { seq: of, state, outcome } => {
                    assert_eq!((of, *state, outcome), (seq, State::Ready, &None));
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(store.count(State::Ready), 20);
}

pub(crate) fn duplicates_in_every_state<B: Backend>(store: Handle<'_, B>) {
    let first = store.new_seq(entry("k", 1));
    let duplicate = |state, outcome: Option<&'static [u8]>| AcceptResult::Duplicate {
        seq: first,
        state,
        outcome: outcome.map(Into::into),
    };
    assert_eq!(store.accept(entry("k", 1)), duplicate(State::Ready, None));
    let lease = store.claimed_one(1);
    assert_eq!(store.accept(entry("k", 1)), duplicate(State::Leased, None));
    store.park(first, action());
    assert_eq!(store.accept(entry("k", 1)), duplicate(State::Parked, None));
    store.requeue(first, action());
    assert_eq!(store.complete(first, lease.fence, None), FenceResult::Lost);
    let lease = store.claimed_one(2);
    assert_eq!(store.complete(first, lease.fence, Some(b"answer")), FenceResult::Done);
    assert_eq!(store.accept(entry("k", 1)), duplicate(State::Done, Some(b"answer")));
    // The content is there, whole, and another key is another record.
    assert_eq!(&*store.record(first).body, [1; 16]);
    assert_ne!(store.new_seq(entry("l", 1)), first);
}

pub(crate) fn aliases_lead_before_keys<B: Backend>(store: Handle<'_, B>) {
    let first = store.new_seq(with_alias(entry("k", 1), "a"));
    // A known id with equal content, whatever its key.
    assert_eq!(store.duplicate_of(with_alias(entry("other", 1), "a")), first);
    assert!(store.by_key("other").is_none());
    // A new id with the same key; then that id is known, too.
    assert_eq!(store.duplicate_of(with_alias(entry("k", 1), "b")), first);
    assert_eq!(store.duplicate_of(with_alias(entry("another", 1), "b")), first);
    // An alias never moves: `a` stays with the first, `c` goes to the second.
    let second = store.new_seq(with_alias(entry("l", 2), "c"));
    let mut both = with_alias(with_alias(entry("m", 2), "a"), "c");
    assert_eq!(store.duplicate_of(both.clone()), second, "of two names, the equal content's");
    both.fingerprint = fingerprint(1);
    assert_eq!(store.duplicate_of(both), first);
}

pub(crate) fn older_keys_are_known<B: Backend>(store: Handle<'_, B>) {
    let first = store.new_seq(entry("old", 1));
    let mut again = entry("new", 1);
    again.older_keys = vec!["oldest".to_owned(), "old".to_owned()];
    assert_eq!(store.duplicate_of(again.clone()), first);
    again.fingerprint = fingerprint(2);
    let sibling = store.changed_seq(again);
    assert_eq!(store.record(sibling).sibling_of, Some(first));
    // Of two known keys, the one with equal content.
    let second = store.new_seq(entry("new", 3));
    let third = with(entry("new", 1), |entry| entry.older_keys = vec!["old".to_owned()]);
    assert_eq!(store.duplicate_of(third), first);
    assert_ne!(first, second);
}

pub(crate) fn a_parked_start_waits<B: Backend>(store: Handle<'_, B>) {
    let mut kept = entry("k", 1);
    kept.start = Start::Parked("kept");
    kept.flags = vec!["x".to_owned(), "y".to_owned(), "x".to_owned()];
    let seq = store.new_seq(kept);
    assert!(store.claimed(1, 9).is_empty());
    let record = store.record(seq);
    assert_eq!((record.state, record.progress.flags), (State::Parked, vec!["x".to_owned(), "y".to_owned()]));
}

pub(crate) fn versions_cannot_be_compared<B: Backend>(store: Handle<'_, B>) {
    let first = store.new_seq(with_alias(entry("k", 1), "a"));
    let mut newer = entry("k", 2);
    newer.fingerprint = Fingerprint::new(2, [2; 32]);
    assert_eq!(store.duplicate_of(newer.clone()), first);
    newer.key = "l".to_owned();
    assert_eq!(store.duplicate_of(with_alias(newer, "a")), first);
}

pub(crate) fn lanes_are_bounded<B: Backend>(store: Handle<'_, B>) {
    let capped = |key: &str, content, cap| with(entry(key, content), |entry| entry.lane_cap = Some(cap));
    let two = LaneCap::new(2, 1_000);
    let first = store.new_seq(capped("a", 1, two));
    store.new_seq(capped("b", 1, two));
    assert_eq!(store.accept(capped("c", 1, two)), AcceptResult::Full);
    assert!(matches!(store.begin(capped("c", 1, two), 1), BeginResult::Full));
    assert!(store.by_key("c").is_none());
    // What is known is still answered; another lane is another matter; Done makes room.
    assert_eq!(store.duplicate_of(capped("a", 1, two)), first);
    let mut elsewhere = capped("d", 1, two);
    elsewhere.lane = "elsewhere".to_owned();
    store.new_seq(elsewhere);
    store.discard(first, action());
    store.new_seq(capped("c", 1, two));
    // Bytes of bodies: two of 16 are there.
    let bytes = |most| LaneCap::new(100, most);
    assert_eq!(store.accept(capped("e", 1, bytes(47))), AcceptResult::Full);
    store.new_seq(capped("e", 1, bytes(48)));
}

pub(crate) fn begin_answers_for_every_state<B: Backend>(store: Handle<'_, B>) {
    let lease = store.acquired(entry("k", 1), 1);
    let seq = lease.record.seq;
    assert_eq!((lease.record.state, lease.record.attempts), (State::Leased, 1));
    store.assert_remaining(lease.remaining, store.span());
    assert_eq!(&*lease.record.body, [1; 16]);
    // Somebody else's while it lasts; the same claim's again.
    store.pass(store.span() / 3);
    let BeginResult::Busy { remaining } = store.begin(entry("k", 1), 2) else { panic!() };
    store.assert_remaining(remaining, store.span() - store.span() / 3);
    let again = store.acquired(entry("k", 1), 1);
    assert_eq!((again.fence, again.record.attempts), (lease.fence, 1));
    store.assert_remaining(again.remaining, remaining);
    store.assert_elapsed(again.age, store.span() / 3);
    // Ready but not due: begin takes it, claiming doesn't.
    let failure = Failure::retry("later", DAY);
    assert_eq!(store.fail(seq, lease.fence, failure), FenceResult::Done);
    assert!(store.claimed(3, 9).is_empty());
    let lease = store.acquired(entry("k", 1), 4);
    assert_eq!(lease.record.attempts, 2);
    // Over: anybody may take it.
    store.pass(store.span());
    let lease = store.acquired(entry("k", 1), 5);
    assert_eq!(lease.record.attempts, 3);
    assert_eq!(store.complete(seq, lease.fence, Some(b"reply")), FenceResult::Done);
    let BeginResult::Done { seq: done, outcome } = store.begin(entry("k", 1), 6) else { panic!() };
    assert_eq!((done, outcome.as_deref()), (seq, Some(b"reply".as_slice())));
    // Parked, by its start or because its attempts are used up.
    let kept = with(entry("l", 1), |entry| entry.start = Start::Parked("kept"));
    assert!(matches!(store.begin(kept.clone(), 7), BeginResult::Parked { .. }));
    assert!(matches!(store.begin(kept, 7), BeginResult::Parked { .. }));
    let once = with(entry("m", 1), |entry| entry.max_attempts = 1);
    store.acquired(once.clone(), 8);
    store.pass(store.span());
    let BeginResult::Parked { seq } = store.begin(once, 9) else { panic!() };
    assert_eq!(store.record(seq).error.as_deref(), Some("attempts used up"));
}

pub(crate) fn times_far_out_are_survived<B: Backend>(store: Handle<'_, B>) {
    let forever = store.begin_for(entry("k", 1), 1, Duration::MAX);
    let BeginResult::Acquired(lease) = forever else { panic!() };
    if store.can_pass(DAY) {
        store.pass(DAY * 10_000);
    }
    assert!(matches!(store.begin(entry("k", 1), 2), BeginResult::Busy { .. }));
    let failure = Failure::retry("later", Duration::MAX);
    assert_eq!(store.fail(lease.record.seq, lease.fence, failure), FenceResult::Done);
    // A lease of nothing still is one, for a moment.
    let nothing = store.begin_for(entry("k", 1), 3, Duration::ZERO);
    assert!(matches!(nothing, BeginResult::Acquired(_)));
    if store.stands_still() {
        assert!(matches!(store.begin(entry("k", 1), 4), BeginResult::Busy { .. }));
    }
}

pub(crate) fn changed_in_every_state<B: Backend>(store: Handle<'_, B>) {
    let first = store.new_seq(parking("k", 1));
    let mut siblings = vec![store.changed_seq(parking("k", 2))];
    let lease = store.claimed_one(1);
    siblings.push(store.changed_seq(parking("k", 3)));
    assert_eq!(store.complete(first, lease.fence, None), FenceResult::Done);
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

pub(crate) fn deliverable_siblings_are_claimed<B: Backend>(store: Handle<'_, B>) {
    let first = store.new_seq(entry("k", 1));
    let second = store.changed_seq(entry("k", 2));
    assert_eq!(seqs(&store.claimed(1, 9)), [first, second]);
    let kept = with(entry("k", 3), |entry| entry.start = Start::Parked("kept"));
    let third = store.changed_seq(kept);
    assert_eq!(store.record(third).state, State::Parked);
}

pub(crate) fn siblings_are_bounded<B: Backend>(store: Handle<'_, B>) {
    let first = store.new_seq(parking("k", 0));
    for content in 1..=u8::try_from(MAX_SIBLINGS).unwrap() {
        store.changed_seq(parking("k", content));
    }
    assert_eq!(store.accept(parking("k", 200)), AcceptResult::Full);
    assert!(matches!(store.begin(parking("k", 200), 1), BeginResult::Full));
    // What is kept is still known.
    assert_eq!(store.duplicate_of(parking("k", 0)), first);
    assert_eq!(store.record(store.duplicate_of(parking("k", 16))).sibling_of, Some(first));
}

pub(crate) fn a_sibling_of_a_sibling_has_the_same_root<B: Backend>(store: Handle<'_, B>) {
    let first = store.new_seq(with_alias(entry("k", 1), "a"));
    let second = store.changed_seq(with_alias(entry("k", 2), "b"));
    // `b` is the sibling's; other content under it is the first one's sibling.
    let third = store.changed_seq(with_alias(entry("elsewhere", 3), "b"));
    let record = store.record(third);
    assert_eq!((record.sibling_of, record.key), (Some(first), fingerprint(3).sibling_key("k")));
    assert_eq!(store.duplicate_of(with_alias(entry("elsewhere", 1), "b")), first);
    assert_eq!(store.duplicate_of(with_alias(entry("elsewhere", 2), "a")), second);
}

pub(crate) fn an_alias_with_other_content_is_changed<B: Backend>(store: Handle<'_, B>) {
    let first = store.new_seq(with_alias(entry("k", 1), "a"));
    // A transaction id that appears on a resend gives it another key; it isn't a second payment.
    let sibling = store.changed_seq(with_alias(with_alias(entry("with-id", 2), "a"), "new"));
    let record = store.record(sibling);
    assert_eq!((record.sibling_of, record.key), (Some(first), fingerprint(2).sibling_key("k")));
    assert_eq!(store.duplicate_of(with_alias(entry("with-id", 2), "a")), sibling);
    assert_eq!(store.duplicate_of(with_alias(entry("whatever", 2), "new")), sibling);
    assert!(store.by_key("with-id").is_none());
}

pub(crate) fn the_first_content_stays_a_duplicate<B: Backend>(store: Handle<'_, B>) {
    let first = store.new_seq(entry("k", 1));
    store.changed_seq(entry("k", 2));
    let answers = at_once(8, |number| store.accept(entry("k", if number % 2 == 0 { 1 } else { 3 })));
    let changed = answers.iter().filter(|answer| matches!(answer, AcceptResult::Changed { .. })).count();
    assert_eq!(changed, 1);
    assert_eq!(store.duplicate_of(entry("k", 1)), first);
}

pub(crate) fn a_begun_sibling_is_acquired_or_kept<B: Backend>(store: Handle<'_, B>) {
    store.acquired(entry("k", 1), 1);
    let sibling = store.acquired(entry("k", 2), 2);
    assert_eq!(sibling.record.flags, ["changed"]);
    let again = store.acquired(entry("k", 2), 2);
    assert_eq!(again.fence, sibling.fence);
    let BeginResult::Changed { seq } = store.begin(parking("k", 3), 3) else { panic!() };
    let BeginResult::Parked { seq: parked } = store.begin(parking("k", 3), 3) else { panic!() };
    assert_eq!(seq, parked);
}

/// An entry of a newer program: its content is `content` by the present form, and was `before` by the earlier one.
fn newer(key: &str, content: u8, before: Option<u8>) -> Entry {
    let mut entry = entry(key, content);
    entry.fingerprint = Fingerprint::new(2, [content; 32]);
    entry.older_fingerprints.extend(before.map(fingerprint));
    entry
}

pub(crate) fn older_fingerprints_are_compared<B: Backend>(store: Handle<'_, B>) {
    let seq = store.new_seq(entry("k", 1));
    assert_eq!(store.duplicate_of(newer("k", 101, Some(1))), seq, "the same content by the earlier form");
    assert_eq!(store.duplicate_of(newer("k", 102, None)), seq, "nothing to compare");
    store.changed_seq(newer("k", 102, Some(2)));
    // By an alias, the same.
    let mut named = entry("named", 1);
    named.aliases.push("EV-1".to_owned());
    let seq = store.new_seq(named);
    let mut again = newer("other key", 101, Some(1));
    again.aliases.push("EV-1".to_owned());
    assert_eq!(store.duplicate_of(again.clone()), seq);
    again.older_fingerprints = vec![fingerprint(2)];
    store.changed_seq(again);
    // What is stored by the present form is compared with that one only.
    let seq = store.new_seq(newer("new", 7, Some(1)));
    assert_eq!(store.duplicate_of(newer("new", 7, Some(2))), seq);
    store.changed_seq(newer("new", 8, Some(1)));
}

pub(crate) fn older_fingerprints_of_marks<B: Backend>(store: Handle<'_, B>) {
    let marking = with(entry("k", 1), |entry| entry.keeps_tombstone = true);
    let seq = store.new_seq(marking);
    store.discard(seq, action());
    store.pass(WEEK);
    assert_eq!(store.purge(9), 1);
    let gone = AcceptResult::Duplicate { seq, state: State::Done, outcome: None };
    assert_eq!(store.accept(newer("k", 101, Some(1))), gone);
    assert_eq!(store.accept(newer("k", 102, None)), gone);
    store.changed_seq(newer("k", 102, Some(2)));
}

pub(crate) fn older_names_of_siblings<B: Backend>(store: Handle<'_, B>) {
    let first = store.new_seq(entry("k", 1));
    let sibling = store.changed_seq(entry("k", 2));
    assert_eq!(store.record(sibling).key, fingerprint(2).sibling_key("k"));
    let resent = newer("k", 102, Some(2));
    assert_eq!(store.duplicate_of(resent.clone()), sibling, "no second sibling after an upgrade");
    assert_eq!(store.duplicate_of(newer("k", 101, Some(1))), first);
    let other = store.changed_seq(newer("k", 103, Some(3)));
    assert_eq!(store.record(other).key, Fingerprint::new(2, [103; 32]).sibling_key("k"));
    // Its root may be gone meanwhile.
    store.discard(first, action());
    store.park(sibling, action());
    store.pass(WEEK);
    assert_eq!(store.purge(9), 1);
    assert_eq!(store.duplicate_of(resent), sibling);
    let parking = with(newer("k", 104, Some(4)), |entry| entry.on_changed = OnChanged::Park);
    store.new_seq(parking);
}
