use super::*;
use wxhook_idempotency::{Change, Fenced, State};

pub async fn parking_and_sending_again<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let lease = acquired(store, entry("k", 1), 1).await;
    let seq = lease.record.seq;
    let failure = wxhook_idempotency::Failure::park("no such order");
    assert_eq!(store.fail(seq, lease.fence, failure).await.unwrap(), Fenced::Done);
    fixture.clock.advance(SPAN);
    let record = store.requeue(seq, Action::new("mei", "order found")).await.unwrap().unwrap();
    assert_eq!((record.state, record.generation, record.attempts), (State::Ready, 1, 0));
    assert_eq!((record.error, record.due_at), (None, fixture.clock.now()));
    let note = &record.notes[0];
    assert_eq!((note.at, note.change), (fixture.clock.now(), Change::Requeued));
    assert_eq!((&*note.actor, &*note.reason), ("mei", "order found"));
    let record = store.park(seq, action()).await.unwrap().unwrap();
    assert_eq!((record.state, record.notes.len()), (State::Parked, 2));
    assert_eq!(record.notes[1].change, Change::Parked);
    assert_eq!(get(store, seq).await.notes, record.notes);
}

pub async fn sending_done_again_is_a_new_generation<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let lease = acquired(store, entry("k", 1), 1).await;
    let seq = lease.record.seq;
    let outcome = Some(b"reply".as_slice().into());
    assert_eq!(store.complete(seq, lease.fence, outcome).await.unwrap(), Fenced::Done);
    let record = store.requeue(seq, action()).await.unwrap().unwrap();
    assert_eq!((record.state, record.generation, record.attempts), (State::Ready, 2, 0));
    assert_eq!((record.outcome, record.done_at), (None, None));
    assert_eq!(store.complete(seq, lease.fence, None).await.unwrap(), Fenced::Lost);
    let again = claimed(store, 2, 1).await.remove(0);
    assert!(again.fence > lease.fence);
    assert_eq!(again.record.attempts, 1);
}

pub async fn discarding<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let ready = new_seq(store, entry("ready", 1)).await;
    let parked = new_seq(store, entry("parked", 1)).await;
    store.park(parked, action()).await.unwrap();
    let leased = acquired(store, entry("leased", 1), 1).await.record.seq;
    for seq in [ready, parked, leased] {
        let record = store.discard(seq, action()).await.unwrap().unwrap();
        assert_eq!((record.state, record.done_at), (State::Done, Some(fixture.clock.now())));
        assert_eq!(record.notes.last().unwrap().change, Change::Discarded);
    }
    assert!(claimed(store, 2, 9).await.is_empty());
    duplicate_of(store, entry("leased", 1)).await;
}

pub async fn other_states_stay<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let ready = new_seq(store, entry("ready", 1)).await;
    assert_eq!(store.requeue(ready, action()).await.unwrap().unwrap().state, State::Ready);
    let leased = acquired(store, entry("leased", 1), 1).await;
    let seq = leased.record.seq;
    assert_eq!(store.requeue(seq, action()).await.unwrap().unwrap().state, State::Leased);
    assert_eq!(store.complete(seq, leased.fence, None).await.unwrap(), Fenced::Done);
    assert_eq!(store.park(seq, action()).await.unwrap().unwrap().state, State::Done);
    assert_eq!(store.discard(seq, action()).await.unwrap().unwrap().state, State::Done);
    store.park(ready, action()).await.unwrap();
    let parked = store.park(ready, action()).await.unwrap().unwrap();
    assert_eq!((parked.state, parked.notes.len()), (State::Parked, 1));
    assert!(get(store, seq).await.notes.is_empty());
    let nobody = Seq::new(9_999);
    assert!(store.requeue(nobody, action()).await.unwrap().is_none());
    assert!(store.park(nobody, action()).await.unwrap().is_none());
    assert!(store.discard(nobody, action()).await.unwrap().is_none());
}

pub async fn a_void_fence_is_lost<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    for (key, id) in [("park", 1), ("discard", 2)] {
        let lease = acquired(store, entry(key, 1), id).await;
        let seq = lease.record.seq;
        let record = if key == "park" {
            store.park(seq, action()).await.unwrap().unwrap()
        } else {
            store.discard(seq, action()).await.unwrap().unwrap()
        };
        assert!(record.fence > Some(lease.fence));
        assert_eq!(store.complete(seq, lease.fence, None).await.unwrap(), Fenced::Lost);
        assert_eq!(store.renew(seq, lease.fence, SPAN).await.unwrap(), Fenced::Lost);
        store.requeue(seq, action()).await.unwrap();
        assert_eq!(store.complete(seq, lease.fence, None).await.unwrap(), Fenced::Lost);
    }
}
