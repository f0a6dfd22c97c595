use crate::store::backend::Backend;
use crate::store::samples::{action, entry, nobody};
use crate::store::world::World;
use wxhook_idempotency::{Action, Change, Failure, Fenced, State};

pub(crate) fn parking_and_sending_again<B: Backend>(world: &World<'_, B>) {
    let store = &world.open();
    let lease = store.acquired(entry("k", 1), 1);
    let seq = lease.record.seq;
    let failure = Failure::park("no such order");
    assert_eq!(store.fail(seq, lease.fence, failure), Fenced::Done);
    world.pass(world.span());
    let record = store.requeue(seq, Action::new("mei", "order found")).unwrap();
    assert_eq!((record.state, record.generation, record.attempts), (State::Ready, 1, 0));
    assert_eq!(record.error, None);
    world.is_now(record.due_at);
    let note = &record.notes[0];
    assert_eq!(note.change, Change::Requeued);
    world.is_now(note.at);
    assert_eq!((&*note.actor, &*note.reason), ("mei", "order found"));
    let record = store.park(seq, action()).unwrap();
    assert_eq!((record.state, record.notes.len()), (State::Parked, 2));
    assert_eq!(record.notes[1].change, Change::Parked);
    assert_eq!(store.record(seq).notes, record.notes);
}

pub(crate) fn sending_done_again_is_a_new_generation<B: Backend>(world: &World<'_, B>) {
    let store = &world.open();
    let lease = store.acquired(entry("k", 1), 1);
    let seq = lease.record.seq;
    assert_eq!(store.complete(seq, lease.fence, Some(b"reply")), Fenced::Done);
    let record = store.requeue(seq, action()).unwrap();
    assert_eq!((record.state, record.generation, record.attempts), (State::Ready, 2, 0));
    assert_eq!((record.outcome, record.done_at), (None, None));
    assert_eq!(store.complete(seq, lease.fence, None), Fenced::Lost);
    let again = store.claimed_one(2);
    assert!(again.fence > lease.fence);
    assert_eq!(again.record.attempts, 1);
}

pub(crate) fn discarding<B: Backend>(world: &World<'_, B>) {
    let store = &world.open();
    let ready = store.new_seq(entry("ready", 1));
    let parked = store.new_seq(entry("parked", 1));
    store.park(parked, action());
    let leased = store.acquired(entry("leased", 1), 1).record.seq;
    for seq in [ready, parked, leased] {
        let record = store.discard(seq, action()).unwrap();
        assert_eq!(record.state, State::Done);
        world.is_now(record.done_at.unwrap());
        assert_eq!(record.notes.last().unwrap().change, Change::Discarded);
    }
    assert!(store.claimed(2, 9).is_empty());
    store.duplicate_of(entry("leased", 1));
}

pub(crate) fn other_states_stay<B: Backend>(world: &World<'_, B>) {
    let store = &world.open();
    let ready = store.new_seq(entry("ready", 1));
    assert_eq!(store.requeue(ready, action()).unwrap().state, State::Ready);
    let leased = store.acquired(entry("leased", 1), 1);
    let seq = leased.record.seq;
    assert_eq!(store.requeue(seq, action()).unwrap().state, State::Leased);
    assert_eq!(store.complete(seq, leased.fence, None), Fenced::Done);
    assert_eq!(store.park(seq, action()).unwrap().state, State::Done);
    assert_eq!(store.discard(seq, action()).unwrap().state, State::Done);
    store.park(ready, action());
    let parked = store.park(ready, action()).unwrap();
    assert_eq!((parked.state, parked.notes.len()), (State::Parked, 1));
    assert!(store.record(seq).notes.is_empty());
    let nobody = nobody(seq);
    assert!(store.requeue(nobody, action()).is_none());
    assert!(store.park(nobody, action()).is_none());
    assert!(store.discard(nobody, action()).is_none());
}

pub(crate) fn a_void_fence_is_lost<B: Backend>(world: &World<'_, B>) {
    let store = &world.open();
    for (key, id) in [("park", 1), ("discard", 2)] {
        let lease = store.acquired(entry(key, 1), id);
        let seq = lease.record.seq;
        let record = if key == "park" {
            store.park(seq, action()).unwrap()
        } else {
            store.discard(seq, action()).unwrap()
        };
        assert!(record.fence > Some(lease.fence));
        assert_eq!(store.complete(seq, lease.fence, None), Fenced::Lost);
        assert_eq!(store.renew(seq, lease.fence), Fenced::Lost);
        store.requeue(seq, action());
        assert_eq!(store.complete(seq, lease.fence, None), Fenced::Lost);
    }
}
