use super::*;
use wxhook_idempotency::{Begun, Fenced, LaneCap, Start, State};

pub async fn one_new_among_many<S: Store + Clone>(fixture: &Fixture<S>) {
    for round in 0..20 {
        let key = format!("shop/E/n={round}");
        let answers = at_once(&fixture.store, 16, |store, number| {
            let entry = with_alias(entry(&key, 1), &format!("EV-{round}-{}", number % 3));
            async move { store.accept(entry).await.unwrap() }
        });
        let new: Vec<_> = answers.iter().filter(|answer| matches!(answer, Accepted::New { .. })).collect();
        assert_eq!(new.len(), 1);
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
    assert_eq!(fixture.store.stats().await.unwrap().ready, 20);
}

pub async fn duplicates_in_every_state<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let first = new_seq(store, entry("k", 1)).await;
    let duplicate = |state, outcome: Option<&'static [u8]>| Accepted::Duplicate {
        seq: first,
        state,
        outcome: outcome.map(Into::into),
    };
    assert_eq!(store.accept(entry("k", 1)).await.unwrap(), duplicate(State::Ready, None));
    let lease = claimed(store, 1, 1).await.remove(0);
    assert_eq!(store.accept(entry("k", 1)).await.unwrap(), duplicate(State::Leased, None));
    store.park(first, action()).await.unwrap();
    assert_eq!(store.accept(entry("k", 1)).await.unwrap(), duplicate(State::Parked, None));
    store.requeue(first, action()).await.unwrap();
    assert_eq!(store.complete(first, lease.fence, None).await.unwrap(), Fenced::Lost);
    let lease = claimed(store, 2, 1).await.remove(0);
    let outcome = Some(b"answer".as_slice().into());
    assert_eq!(store.complete(first, lease.fence, outcome).await.unwrap(), Fenced::Done);
    assert_eq!(store.accept(entry("k", 1)).await.unwrap(), duplicate(State::Done, Some(b"answer")));
    // The content is there, whole, and another key is another record.
    assert_eq!(&*get(store, first).await.body, [1; 16]);
    assert_ne!(new_seq(store, entry("l", 1)).await, first);
}

pub async fn aliases_lead_before_keys<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let first = new_seq(store, with_alias(entry("k", 1), "a")).await;
    // A known id with equal content, whatever its key.
    assert_eq!(duplicate_of(store, with_alias(entry("other", 1), "a")).await, first);
    assert!(store.get(Lookup::Key("other".to_owned())).await.unwrap().is_none());
    // A new id with the same key; then that id is known, too.
    assert_eq!(duplicate_of(store, with_alias(entry("k", 1), "b")).await, first);
    assert_eq!(duplicate_of(store, with_alias(entry("another", 1), "b")).await, first);
    // An alias never moves: `a` stays with the first, `c` goes to the second.
    let second = new_seq(store, with_alias(entry("l", 2), "c")).await;
    let mut both = with_alias(with_alias(entry("m", 2), "a"), "c");
    assert_eq!(duplicate_of(store, both.clone()).await, second, "of two names, the equal content's");
    both.fingerprint = fingerprint(1);
    assert_eq!(duplicate_of(store, both).await, first);
}

pub async fn older_keys_are_known<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let first = new_seq(store, entry("old", 1)).await;
    let mut again = entry("new", 1);
    again.older_keys = vec!["oldest".to_owned(), "old".to_owned()];
    assert_eq!(duplicate_of(store, again.clone()).await, first);
    again.fingerprint = fingerprint(2);
    let sibling = changed_seq(store, again).await;
    assert_eq!(get(store, sibling).await.sibling_of, Some(first));
    // Of two known keys, the one with equal content.
    let second = new_seq(store, entry("new", 3)).await;
    let mut third = entry("new", 1);
    third.older_keys = vec!["old".to_owned()];
    assert_eq!(duplicate_of(store, third).await, first);
    assert_ne!(first, second);
}

pub async fn a_parked_start_waits<S: Store + Clone>(fixture: &Fixture<S>) {
    let mut kept = entry("k", 1);
    kept.start = Start::Parked;
    kept.flags = vec!["x".to_owned(), "y".to_owned(), "x".to_owned()];
    let seq = new_seq(&fixture.store, kept).await;
    assert!(claimed(&fixture.store, 1, 9).await.is_empty());
    let record = get(&fixture.store, seq).await;
    assert_eq!((record.state, record.flags), (State::Parked, vec!["x".to_owned(), "y".to_owned()]));
}

pub async fn versions_cannot_be_compared<S: Store + Clone>(fixture: &Fixture<S>) {
    let first = new_seq(&fixture.store, with_alias(entry("k", 1), "a")).await;
    let mut newer = entry("k", 2);
    newer.fingerprint = Fingerprint::new(2, [2; 32]);
    assert_eq!(duplicate_of(&fixture.store, newer.clone()).await, first);
    newer.key = "l".to_owned();
    assert_eq!(duplicate_of(&fixture.store, with_alias(newer, "a")).await, first);
}

pub async fn lanes_are_bounded<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let capped = |key: &str, content, cap| {
        let mut entry = entry(key, content);
        entry.lane_cap = Some(cap);
        entry
    };
    let two = LaneCap::new(2, 1_000);
    let first = new_seq(store, capped("a", 1, two)).await;
    new_seq(store, capped("b", 1, two)).await;
    assert_eq!(store.accept(capped("c", 1, two)).await.unwrap(), Accepted::Full);
    assert!(matches!(begin(store, capped("c", 1, two), 1).await, Begun::Full));
    assert!(store.get(Lookup::Key("c".to_owned())).await.unwrap().is_none());
    // What is known is still answered; another lane is another matter; Done makes room.
    assert_eq!(duplicate_of(store, capped("a", 1, two)).await, first);
    let mut elsewhere = capped("d", 1, two);
    elsewhere.lane = "elsewhere".to_owned();
    new_seq(store, elsewhere).await;
    store.discard(first, action()).await.unwrap();
    new_seq(store, capped("c", 1, two)).await;
    // Bytes of bodies: two of 16 are there.
    let bytes = |most| LaneCap::new(100, most);
    assert_eq!(store.accept(capped("e", 1, bytes(47))).await.unwrap(), Accepted::Full);
    new_seq(store, capped("e", 1, bytes(48))).await;
}

pub async fn begin_answers_for_every_state<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let lease = acquired(store, entry("k", 1), 1).await;
    let seq = lease.record.seq;
    assert_eq!((lease.record.state, lease.record.attempts, lease.remaining), (State::Leased, 1, SPAN));
    assert_eq!(&*lease.record.body, [1; 16]);
    // Somebody else's while it lasts; the same claim's again.
    fixture.clock.advance(SPAN / 3);
    let Begun::Busy { remaining } = begin(store, entry("k", 1), 2).await else { panic!() };
    assert_eq!(remaining, SPAN - SPAN / 3);
    let again = acquired(store, entry("k", 1), 1).await;
    assert_eq!((again.fence, again.record.attempts, again.remaining), (lease.fence, 1, remaining));
    assert_eq!(again.age, SPAN / 3);
    // Ready but not due: begin takes it, claiming doesn't.
    let failure = wxhook_idempotency::Failure::retry("later", DAY);
    assert_eq!(store.fail(seq, lease.fence, failure).await.unwrap(), Fenced::Done);
    assert!(claimed(store, 3, 9).await.is_empty());
    let lease = acquired(store, entry("k", 1), 4).await;
    assert_eq!(lease.record.attempts, 2);
    // Over: anybody may take it.
    fixture.clock.advance(SPAN);
    let lease = acquired(store, entry("k", 1), 5).await;
    assert_eq!(lease.record.attempts, 3);
    let outcome = Some(b"reply".as_slice().into());
    assert_eq!(store.complete(seq, lease.fence, outcome).await.unwrap(), Fenced::Done);
    let Begun::Done { seq: done, outcome } = begin(store, entry("k", 1), 6).await else { panic!() };
    assert_eq!((done, outcome.as_deref()), (seq, Some(b"reply".as_slice())));
    // Parked, by its start or because its attempts are used up.
    let mut kept = entry("l", 1);
    kept.start = Start::Parked;
    assert!(matches!(begin(store, kept.clone(), 7).await, Begun::Parked { .. }));
    assert!(matches!(begin(store, kept, 7).await, Begun::Parked { .. }));
    let mut once = entry("m", 1);
    once.max_attempts = 1;
    acquired(store, once.clone(), 8).await;
    fixture.clock.advance(SPAN);
    let Begun::Parked { seq } = begin(store, once, 9).await else { panic!() };
    assert_eq!(get(store, seq).await.error.as_deref(), Some("attempts used up"));
}

pub async fn times_far_out_are_survived<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let forever = store.begin(entry("k", 1), ClaimId::new(1), Duration::MAX).await.unwrap();
    let Begun::Acquired(lease) = forever else { panic!() };
    fixture.clock.advance(DAY * 10_000);
    assert!(matches!(begin(store, entry("k", 1), 2).await, Begun::Busy { .. }));
    let failure = wxhook_idempotency::Failure::retry("later", Duration::MAX);
    assert_eq!(store.fail(lease.record.seq, lease.fence, failure).await.unwrap(), Fenced::Done);
    // A lease of nothing still is one, for a moment.
    let nothing = store.begin(entry("k", 1), ClaimId::new(3), Duration::ZERO).await.unwrap();
    assert!(matches!(nothing, Begun::Acquired(_)));
    assert!(matches!(begin(store, entry("k", 1), 4).await, Begun::Busy { .. }));
}
