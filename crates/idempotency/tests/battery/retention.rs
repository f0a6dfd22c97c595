use super::*;
use wxhook_idempotency::{Fenced, OnChanged, Retention, State};

const WEEK: Duration = Duration::from_secs(7 * 86_400);

async fn done<S: Store>(store: &S, entry: Entry) -> Seq {
    let lease = acquired(store, entry, 1).await;
    assert_eq!(store.complete(lease.record.seq, lease.fence, None).await.unwrap(), Fenced::Done);
    lease.record.seq
}

fn marking(key: &str, content: u8) -> Entry {
    let mut entry = entry(key, content);
    entry.keeps_mark = true;
    entry.on_changed = OnChanged::Park;
    entry
}

pub async fn done_records_go_when_unseen<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let seq = done(store, with_alias(entry("k", 1), "a")).await;
    fixture.clock.advance(WEEK - Duration::from_millis(1));
    assert_eq!(store.purge(9).await.unwrap(), 0);
    fixture.clock.advance(Duration::from_millis(1));
    assert_eq!(store.purge(9).await.unwrap(), 1);
    assert!(store.get(Lookup::Seq(seq)).await.unwrap().is_none());
    // Neither its key nor its alias is known any more, and its number isn't used again.
    let again = new_seq(store, with_alias(entry("other", 2), "a")).await;
    assert!(again > seq);
    new_seq(store, entry("k", 1)).await;
}

pub async fn unfinished_records_never_go<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    new_seq(store, entry("ready", 1)).await;
    let parked = new_seq(store, entry("parked", 1)).await;
    store.park(parked, action()).await.unwrap();
    acquired(store, entry("leased", 1), 1).await;
    fixture.clock.advance(DAY * 1_000);
    assert_eq!(store.purge(9).await.unwrap(), 0);
    // Retention counts from the end at the earliest.
    store.discard(parked, action()).await.unwrap();
    assert_eq!(store.purge(9).await.unwrap(), 0);
    fixture.clock.advance(WEEK);
    assert_eq!(store.purge(9).await.unwrap(), 1);
}

pub async fn seen_again_stays<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let seq = done(store, entry("k", 1)).await;
    fixture.clock.advance(WEEK - DAY);
    assert_eq!(duplicate_of(store, entry("k", 1)).await, seq);
    assert_eq!(get(store, seq).await.seen_at, fixture.clock.now());
    fixture.clock.advance(WEEK - DAY);
    assert_eq!(store.purge(9).await.unwrap(), 0);
    // Other content under its key is a sighting, too.
    changed_seq(store, entry("k", 2)).await;
    fixture.clock.advance(WEEK - DAY);
    assert_eq!(store.purge(9).await.unwrap(), 0);
    fixture.clock.advance(DAY);
    assert_eq!(store.purge(9).await.unwrap(), 1);
}

pub async fn marks_know_a_replay<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let seq = done(store, marking("k", 1)).await;
    let sibling = changed_seq(store, marking("k", 2)).await;
    store.discard(sibling, action()).await.unwrap();
    fixture.clock.advance(WEEK);
    assert_eq!(store.purge(9).await.unwrap(), 2);
    let gone = |seq| Accepted::Duplicate { seq, state: State::Done, outcome: None };
    assert_eq!(store.accept(marking("k", 1)).await.unwrap(), gone(seq));
    assert_eq!(store.accept(marking("k", 2)).await.unwrap(), gone(sibling));
    assert!(matches!(begin(store, marking("k", 1), 1).await, Begun::Done { outcome: None, .. }));
    let mut newer = marking("new", 1);
    newer.older_keys = vec!["k".to_owned()];
    assert_eq!(store.accept(newer).await.unwrap(), gone(seq));
    // Other content than any before is kept, as changed.
    let third = changed_seq(store, marking("k", 3)).await;
    let record = get(store, third).await;
    assert_eq!((record.state, &*record.key, record.sibling_of), (State::Parked, "k", None));
    assert_eq!(record.flags, ["changed"]);
    assert_eq!(duplicate_of(store, marking("k", 3)).await, third);
    assert_eq!(store.accept(marking("k", 1)).await.unwrap(), gone(seq));
    assert_eq!(get(store, changed_seq(store, marking("k", 4)).await).await.sibling_of, Some(third));
    let Begun::Changed { .. } = begin(store, marking("k", 5), 2).await else { panic!() };
    // Without a mark it is new.
    done(store, entry("l", 1)).await;
    fixture.clock.advance(WEEK);
    assert_eq!(store.purge(9).await.unwrap(), 1);
    new_seq(store, entry("l", 1)).await;
}

pub async fn marks_go_in_their_time<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    done(store, marking("seen", 1)).await;
    done(store, marking("unseen", 1)).await;
    fixture.clock.advance(WEEK);
    assert_eq!(store.purge(9).await.unwrap(), 2);
    let marks = Retention::default().marks();
    fixture.clock.advance(marks - DAY);
    assert_eq!(store.purge(9).await.unwrap(), 0);
    duplicate_of(store, marking("seen", 1)).await;
    fixture.clock.advance(DAY);
    assert_eq!(store.purge(9).await.unwrap(), 0);
    duplicate_of(store, marking("seen", 1)).await;
    new_seq(store, marking("unseen", 1)).await;
}

pub async fn an_orphaned_sibling_is_known<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let mut parking = entry("k", 2);
    parking.on_changed = OnChanged::Park;
    let first = done(store, entry("k", 1)).await;
    let sibling = changed_seq(store, with_alias(parking.clone(), "a")).await;
    fixture.clock.advance(WEEK);
    assert_eq!(store.purge(9).await.unwrap(), 1);
    assert_eq!(duplicate_of(store, parking.clone()).await, sibling);
    assert_eq!(get(store, sibling).await.sibling_of, Some(first));
    let another = changed_seq(store, with_alias(entry("k", 3), "a")).await;
    assert_eq!(get(store, another).await.key, fingerprint(3).sibling_key("k"));
    // The first content is new again, as it would be without the sibling, which stays known.
    let again = new_seq(store, entry("k", 1)).await;
    assert_eq!(duplicate_of(store, parking).await, sibling);
    assert!(again > another);
}

pub async fn numbers_and_fences_go_on<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let mut last = (Seq::new(0), wxhook_idempotency::Fence::new(0));
    for _ in 0..5 {
        let lease = acquired(store, entry("k", 1), 1).await;
        assert!(lease.record.seq > last.0 && lease.fence > last.1);
        last = (lease.record.seq, lease.fence);
        assert_eq!(store.complete(last.0, last.1, None).await.unwrap(), Fenced::Done);
        fixture.clock.advance(WEEK);
        assert_eq!(store.purge(9).await.unwrap(), 1);
    }
    assert_eq!(store.complete(last.0, last.1, None).await.unwrap(), Fenced::Lost);
}

pub async fn purging_is_bounded<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let mut seqs = Vec::new();
    for key in 0..10 {
        seqs.push(done(store, entry(&format!("k{key}"), 1)).await);
        fixture.clock.advance(Duration::from_secs(1));
    }
    fixture.clock.advance(WEEK);
    assert_eq!(store.purge(0).await.unwrap(), 0);
    assert_eq!(store.purge(4).await.unwrap(), 4);
    assert!(store.get(Lookup::Seq(seqs[3])).await.unwrap().is_none(), "the longest unseen go first");
    assert!(store.get(Lookup::Seq(seqs[4])).await.unwrap().is_some());
    assert_eq!(store.purge(1_000_000).await.unwrap(), 6);
    assert_eq!(store.stats().await.unwrap().done, 0);
}
