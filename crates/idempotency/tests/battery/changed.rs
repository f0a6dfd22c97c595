use super::*;
use wxhook_idempotency::{Begun, Fenced, MOST_SIBLINGS, OnChanged, State};

fn parking(key: &str, content: u8) -> Entry {
    let mut entry = entry(key, content);
    entry.on_changed = OnChanged::Park;
    entry
}

pub async fn changed_in_every_state<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let first = new_seq(store, parking("k", 1)).await;
    let mut siblings = vec![changed_seq(store, parking("k", 2)).await];
    let lease = claimed(store, 1, 1).await.remove(0);
    siblings.push(changed_seq(store, parking("k", 3)).await);
    assert_eq!(store.complete(first, lease.fence, None).await.unwrap(), Fenced::Done);
    siblings.push(changed_seq(store, parking("k", 4)).await);
    store.requeue(first, action()).await.unwrap();
    store.park(first, action()).await.unwrap();
    siblings.push(changed_seq(store, parking("k", 5)).await);
    // The first is untouched; each sibling is kept whole, parked, and its resends are its duplicates.
    let record = get(store, first).await;
    assert_eq!((record.state, &*record.body, record.sibling_of), (State::Parked, &[1; 16][..], None));
    assert!(record.flags.is_empty());
    for (content, seq) in (2..).zip(siblings) {
        let record = get(store, seq).await;
        assert_eq!(record.key, fingerprint(content).sibling_key("k"));
        assert_eq!((record.state, record.sibling_of), (State::Parked, Some(first)));
        assert_eq!((&*record.body, &*record.flags), (&[content; 16][..], &["changed".to_owned()][..]));
        assert_eq!(duplicate_of(store, parking("k", content)).await, seq);
    }
}

pub async fn deliverable_siblings_are_claimed<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let first = new_seq(store, entry("k", 1)).await;
    let second = changed_seq(store, entry("k", 2)).await;
    assert_eq!(seqs(&claimed(store, 1, 9).await), [first, second]);
    let mut kept = entry("k", 3);
    kept.start = wxhook_idempotency::Start::Parked;
    let third = changed_seq(store, kept).await;
    assert_eq!(get(store, third).await.state, State::Parked);
}

pub async fn siblings_are_bounded<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let first = new_seq(store, parking("k", 0)).await;
    for content in 1..=u8::try_from(MOST_SIBLINGS).unwrap() {
        changed_seq(store, parking("k", content)).await;
    }
    assert_eq!(store.accept(parking("k", 200)).await.unwrap(), Accepted::Full);
    assert!(matches!(begin(store, parking("k", 200), 1).await, Begun::Full));
    // What is kept is still known.
    assert_eq!(duplicate_of(store, parking("k", 0)).await, first);
    assert_eq!(get(store, duplicate_of(store, parking("k", 16)).await).await.sibling_of, Some(first));
}

pub async fn a_sibling_of_a_sibling_has_the_same_root<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let first = new_seq(store, with_alias(entry("k", 1), "a")).await;
    let second = changed_seq(store, with_alias(entry("k", 2), "b")).await;
    // `b` is the sibling's; other content under it is the first one's sibling.
    let third = changed_seq(store, with_alias(entry("elsewhere", 3), "b")).await;
    let record = get(store, third).await;
    assert_eq!((record.sibling_of, record.key), (Some(first), fingerprint(3).sibling_key("k")));
    assert_eq!(duplicate_of(store, with_alias(entry("elsewhere", 1), "b")).await, first);
    assert_eq!(duplicate_of(store, with_alias(entry("elsewhere", 2), "a")).await, second);
}

pub async fn an_alias_with_other_content_is_changed<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let first = new_seq(store, with_alias(entry("k", 1), "a")).await;
    // A transaction id that appears on a resend gives it another key; it isn't a second payment.
    let sibling = changed_seq(store, with_alias(with_alias(entry("with-id", 2), "a"), "new")).await;
    let record = get(store, sibling).await;
    assert_eq!((record.sibling_of, record.key), (Some(first), fingerprint(2).sibling_key("k")));
    assert_eq!(duplicate_of(store, with_alias(entry("with-id", 2), "a")).await, sibling);
    assert_eq!(duplicate_of(store, with_alias(entry("whatever", 2), "new")).await, sibling);
    assert!(store.get(Lookup::Key("with-id".to_owned())).await.unwrap().is_none());
}

pub async fn the_first_content_stays_a_duplicate<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let first = new_seq(store, entry("k", 1)).await;
    changed_seq(store, entry("k", 2)).await;
    let answers = at_once(store, 8, |store, number| async move {
        let content = if number % 2 == 0 { 1 } else { 3 };
        store.accept(entry("k", content)).await.unwrap()
    });
    let changed = answers.iter().filter(|answer| matches!(answer, Accepted::Changed { .. })).count();
    assert_eq!(changed, 1);
    assert_eq!(duplicate_of(store, entry("k", 1)).await, first);
}

pub async fn a_begun_sibling_is_acquired_or_kept<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    acquired(store, entry("k", 1), 1).await;
    let sibling = acquired(store, entry("k", 2), 2).await;
    assert_eq!(sibling.record.flags, ["changed"]);
    let again = acquired(store, entry("k", 2), 2).await;
    assert_eq!(again.fence, sibling.fence);
    let Begun::Changed { seq } = begin(store, parking("k", 3), 3).await else { panic!() };
    let Begun::Parked { seq: parked } = begin(store, parking("k", 3), 3).await else { panic!() };
    assert_eq!(seq, parked);
}
