use super::{DAY, action, entry, fingerprint, with_alias};
use crate::concurrency::at_once;
use crate::store::backend::Backend;
use crate::store::context::Context;
use std::time::Duration;
use wxhook_idempotency::{Accepted, Begun, Failure, Fenced, Fingerprint, LaneCap, Start, State};

pub(crate) fn one_new_among_many<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    for round in 0..20 {
        let key = format!("shop/E/n={round}");
        let answers = at_once(16, |number| {
            store.accept(with_alias(entry(&key, 1), &format!("EV-{round}-{}", number % 3)))
        });
        let new: Vec<_> = answers.iter().filter(|answer| matches!(answer, Accepted::New { .. })).collect();
        assert_eq!(new.len(), 1, "one is new: {answers:?}");
        let Accepted::New { seq } = new[0] else { unreachable!() };
        for answer in &answers {
            match answer {
                Accepted::New { .. } => {}
                Accepted::Duplicate { seq: of, state, outcome } => {
                    assert_eq!((of, *state, outcome), (seq, State::Ready, &None));
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(store.stats().ready, 20);
}

pub(crate) fn duplicates_in_every_state<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let first = store.new_seq(entry("k", 1));
    let duplicate = |state, outcome: Option<&'static [u8]>| Accepted::Duplicate {
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
    assert_eq!(store.complete(first, lease.fence, None), Fenced::Lost);
    let lease = store.claimed_one(2);
    assert_eq!(store.complete(first, lease.fence, Some(b"answer")), Fenced::Done);
    assert_eq!(store.accept(entry("k", 1)), duplicate(State::Done, Some(b"answer")));
    // The content is there, whole, and another key is another record.
    assert_eq!(&*store.record(first).body, [1; 16]);
    assert_ne!(store.new_seq(entry("l", 1)), first);
}

pub(crate) fn aliases_lead_before_keys<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
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

pub(crate) fn older_keys_are_known<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let first = store.new_seq(entry("old", 1));
    let mut again = entry("new", 1);
    again.older_keys = vec!["oldest".to_owned(), "old".to_owned()];
    assert_eq!(store.duplicate_of(again.clone()), first);
    again.fingerprint = fingerprint(2);
    let sibling = store.changed_seq(again);
    assert_eq!(store.record(sibling).sibling_of, Some(first));
    // Of two known keys, the one with equal content.
    let second = store.new_seq(entry("new", 3));
    let mut third = entry("new", 1);
    third.older_keys = vec!["old".to_owned()];
    assert_eq!(store.duplicate_of(third), first);
    assert_ne!(first, second);
}

pub(crate) fn a_parked_start_waits<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let mut kept = entry("k", 1);
    kept.start = Start::Parked("kept");
    kept.flags = vec!["x".to_owned(), "y".to_owned(), "x".to_owned()];
    let seq = store.new_seq(kept);
    assert!(store.claimed(1, 9).is_empty());
    let record = store.record(seq);
    assert_eq!((record.state, record.flags), (State::Parked, vec!["x".to_owned(), "y".to_owned()]));
}

pub(crate) fn versions_cannot_be_compared<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let first = store.new_seq(with_alias(entry("k", 1), "a"));
    let mut newer = entry("k", 2);
    newer.fingerprint = Fingerprint::new(2, [2; 32]);
    assert_eq!(store.duplicate_of(newer.clone()), first);
    newer.key = "l".to_owned();
    assert_eq!(store.duplicate_of(with_alias(newer, "a")), first);
}

pub(crate) fn lanes_are_bounded<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let capped = |key: &str, content, cap| {
        let mut entry = entry(key, content);
        entry.lane_cap = Some(cap);
        entry
    };
    let two = LaneCap::new(2, 1_000);
    let first = store.new_seq(capped("a", 1, two));
    store.new_seq(capped("b", 1, two));
    assert_eq!(store.accept(capped("c", 1, two)), Accepted::Full);
    assert!(matches!(store.begin(capped("c", 1, two), 1), Begun::Full));
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
    assert_eq!(store.accept(capped("e", 1, bytes(47))), Accepted::Full);
    store.new_seq(capped("e", 1, bytes(48)));
}

pub(crate) fn begin_answers_for_every_state<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let lease = store.acquired(entry("k", 1), 1);
    let seq = lease.record.seq;
    assert_eq!((lease.record.state, lease.record.attempts), (State::Leased, 1));
    context.assert_remaining(lease.remaining, context.span());
    assert_eq!(&*lease.record.body, [1; 16]);
    // Somebody else's while it lasts; the same claim's again.
    context.pass(context.span() / 3);
    let Begun::Busy { remaining } = store.begin(entry("k", 1), 2) else { panic!() };
    context.assert_remaining(remaining, context.span() - context.span() / 3);
    let again = store.acquired(entry("k", 1), 1);
    assert_eq!((again.fence, again.record.attempts), (lease.fence, 1));
    context.assert_remaining(again.remaining, remaining);
    context.assert_elapsed(again.age, context.span() / 3);
    // Ready but not due: begin takes it, claiming doesn't.
    let failure = Failure::retry("later", DAY);
    assert_eq!(store.fail(seq, lease.fence, failure), Fenced::Done);
    assert!(store.claimed(3, 9).is_empty());
    let lease = store.acquired(entry("k", 1), 4);
    assert_eq!(lease.record.attempts, 2);
    // Over: anybody may take it.
    context.pass(context.span());
    let lease = store.acquired(entry("k", 1), 5);
    assert_eq!(lease.record.attempts, 3);
    assert_eq!(store.complete(seq, lease.fence, Some(b"reply")), Fenced::Done);
    let Begun::Done { seq: done, outcome } = store.begin(entry("k", 1), 6) else { panic!() };
    assert_eq!((done, outcome.as_deref()), (seq, Some(b"reply".as_slice())));
    // Parked, by its start or because its attempts are used up.
    let mut kept = entry("l", 1);
    kept.start = Start::Parked("kept");
    assert!(matches!(store.begin(kept.clone(), 7), Begun::Parked { .. }));
    assert!(matches!(store.begin(kept, 7), Begun::Parked { .. }));
    let mut once = entry("m", 1);
    once.max_attempts = 1;
    store.acquired(once.clone(), 8);
    context.pass(context.span());
    let Begun::Parked { seq } = store.begin(once, 9) else { panic!() };
    assert_eq!(store.record(seq).error.as_deref(), Some("attempts used up"));
}

pub(crate) fn times_far_out_are_survived<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let forever = store.begin_for(entry("k", 1), 1, Duration::MAX);
    let Begun::Acquired(lease) = forever else { panic!() };
    if context.can_pass(DAY) {
        context.pass(DAY * 10_000);
    }
    assert!(matches!(store.begin(entry("k", 1), 2), Begun::Busy { .. }));
    let failure = Failure::retry("later", Duration::MAX);
    assert_eq!(store.fail(lease.record.seq, lease.fence, failure), Fenced::Done);
    // A lease of nothing still is one, for a moment.
    let nothing = store.begin_for(entry("k", 1), 3, Duration::ZERO);
    assert!(matches!(nothing, Begun::Acquired(_)));
    if context.stands_still() {
        assert!(matches!(store.begin(entry("k", 1), 4), Begun::Busy { .. }));
    }
}
