use super::{action, entry, parking, unused, with};
use crate::store::backend::Backend;
use crate::store::handle::Handle;
use wxhook_idempotency::{
    Action, Change, Failure, FenceResult, MAX_NOTE_TEXT, MAX_NOTES, Start, State, machine,
};

pub(crate) fn parking_and_sending_again<B: Backend>(store: Handle<'_, B>) {
    let lease = store.acquired(entry("k", 1), 1);
    let seq = lease.record.seq;
    let failure = Failure::park("no such order");
    assert_eq!(store.fail(seq, lease.fence, failure), FenceResult::Done);
    store.pass(store.span());
    let record = store.requeue(seq, Action::new("mei", "order found")).unwrap();
    assert_eq!((record.state, record.generation, record.attempts), (State::Ready, 1, 0));
    assert_eq!(record.error, None);
    store.assert_now(record.due_at);
    let note = &record.notes[0];
    assert_eq!(note.change, Change::Requeued);
    store.assert_now(note.at);
    assert_eq!((&*note.actor, &*note.reason), ("mei", "order found"));
    let record = store.park(seq, action()).unwrap();
    assert_eq!((record.state, record.notes.len()), (State::Parked, 2));
    assert_eq!(record.notes[1].change, Change::Parked);
    assert_eq!(store.record(seq).notes, record.notes);
}

pub(crate) fn sending_done_again_is_a_new_generation<B: Backend>(store: Handle<'_, B>) {
    let lease = store.acquired(entry("k", 1), 1);
    let seq = lease.record.seq;
    assert_eq!(store.complete(seq, lease.fence, Some(b"reply")), FenceResult::Done);
    let record = store.requeue(seq, action()).unwrap();
    assert_eq!((record.state, record.generation, record.attempts), (State::Ready, 2, 0));
    assert_eq!((&record.outcome, record.done_at), (&None, None));
    assert_eq!(store.complete(seq, lease.fence, None), FenceResult::Lost);
    let again = store.claimed_one(2);
    assert!(again.fence > lease.fence);
    assert_eq!(again.record.attempts, 1);
}

pub(crate) fn discarding<B: Backend>(store: Handle<'_, B>) {
    let ready = store.new_seq(entry("ready", 1));
    let parked = store.new_seq(entry("parked", 1));
    store.park(parked, action());
    let leased = store.acquired(entry("leased", 1), 1).record.seq;
    for seq in [ready, parked, leased] {
        let record = store.discard(seq, action()).unwrap();
        assert_eq!(record.state, State::Done);
        store.assert_now(record.done_at.unwrap());
        assert_eq!(record.notes.last().unwrap().change, Change::Discarded);
    }
    assert!(store.claimed(2, 9).is_empty());
    store.duplicate_of(entry("leased", 1));
}

pub(crate) fn other_states_stay<B: Backend>(store: Handle<'_, B>) {
    let ready = store.new_seq(entry("ready", 1));
    assert_eq!(store.requeue(ready, action()).unwrap().state, State::Ready);
    let leased = store.acquired(entry("leased", 1), 1);
    let seq = leased.record.seq;
    assert_eq!(store.requeue(seq, action()).unwrap().state, State::Leased);
    assert_eq!(store.complete(seq, leased.fence, None), FenceResult::Done);
    assert_eq!(store.park(seq, action()).unwrap().state, State::Done);
    assert_eq!(store.discard(seq, action()).unwrap().state, State::Done);
    store.park(ready, action());
    let parked = store.park(ready, action()).unwrap();
    assert_eq!((parked.state, parked.notes.len()), (State::Parked, 1));
    assert!(store.record(seq).notes.is_empty());
    let unused = unused(seq);
    assert!(store.requeue(unused, action()).is_none());
    assert!(store.park(unused, action()).is_none());
    assert!(store.discard(unused, action()).is_none());
}

pub(crate) fn a_void_fence_is_lost<B: Backend>(store: Handle<'_, B>) {
    for (key, id) in [("park", 1), ("discard", 2)] {
        let lease = store.acquired(entry(key, 1), id);
        let seq = lease.record.seq;
        let record = if key == "park" {
            store.park(seq, action()).unwrap()
        } else {
            store.discard(seq, action()).unwrap()
        };
        assert!(record.fence > Some(lease.fence));
        assert_eq!(store.complete(seq, lease.fence, None), FenceResult::Lost);
        assert_eq!(store.renew(seq, lease.fence), FenceResult::Lost);
        store.requeue(seq, action());
        assert_eq!(store.complete(seq, lease.fence, None), FenceResult::Lost);
    }
}

pub(crate) fn everything_parked_has_a_reason<B: Backend>(store: Handle<'_, B>) {
    let reason = |seq| {
        let record = store.record(seq);
        assert_eq!(record.state, State::Parked);
        record.progress.error.unwrap_or_default()
    };
    let kept = with(entry("kept", 1), |entry| entry.start = Start::Parked("it looks odd"));
    let seq = store.new_seq(kept);
    assert_eq!(reason(seq), "it looks odd");
    assert_eq!(store.requeue(seq, action()).unwrap().error, None, "it isn't parked any more");
    store.park(seq, Action::new("mei", "asked the customer"));
    assert_eq!(reason(seq), "asked the customer");
    store.requeue(seq, action());
    store.park(seq, Action::new("mei", ""));
    assert_eq!(reason(seq), machine::PARKED_BY_OPERATOR);
    store.new_seq(entry("k", 1));
    assert_eq!(reason(store.changed_seq(parking("k", 2))), machine::CHANGED_REASON);
    // The negative twin: a sibling that is delivered.
    let delivered = store.record(store.changed_seq(entry("k", 3)));
    assert_eq!((delivered.state, delivered.progress.error), (State::Ready, None));
    let fragile = with(entry("fragile", 1), |entry| entry.max_attempts = 1);
    let crashed = store.acquired(fragile, 1).record.seq;
    store.pass(store.span());
    store.claimed(2, 9);
    assert_eq!(reason(crashed), machine::ATTEMPTS_USED_UP);
}

pub(crate) fn history_is_bounded<B: Backend>(store: Handle<'_, B>) {
    let seq = store.new_seq(entry("k", 1));
    let nth = |number: usize| Action::new("ops", format!("number {number}"));
    for number in (0..MAX_NOTES + 4).step_by(2) {
        store.park(seq, nth(number));
        store.requeue(seq, nth(number + 1));
    }
    let notes = store.record(seq).progress.notes;
    assert_eq!(notes.len(), MAX_NOTES);
    let reasons: Vec<_> = notes.into_iter().map(|note| note.reason).collect();
    assert_eq!(reasons[..3], ["number 0", "number 5", "number 6"], "the first one and the latest");
    assert_eq!(reasons[MAX_NOTES - 1], format!("number {}", MAX_NOTES + 3));
    let text = "长".repeat(MAX_NOTE_TEXT);
    let note = |text: String| {
        store.park(seq, Action::new(text.clone(), text));
        store.requeue(seq, action());
        let record = store.record(seq);
        let note = &record.notes[MAX_NOTES - 2];
        (note.actor.clone(), note.reason.clone())
    };
    assert_eq!(note(text.clone()), (text.clone(), text.clone()));
    assert_eq!(note(format!("{text}+")), (text.clone(), text));
}
