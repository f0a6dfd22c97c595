use super::{entry, with, with_alias};
use crate::concurrency::{at_every_await, at_once, dropped_after};
use crate::store::backend::Backend;
use crate::store::handle::Handle;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use wxhook_idempotency::{
    AcceptResult, BeginResult, Claim, ClaimId, Entry, Error, Failure, FenceResult, Filter, Lookup, Seq,
    State, Store as _, StoreExt as _,
};

/// Maximum time until a store notices that it works again.
const RECOVERY: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);
/// Maximum time of an outage until a caller notices.
const NOTICED: Duration = Duration::from_secs(2);

/// Asks until there is an answer.
#[track_caller]
fn eventually<T>(mut ask: impl FnMut() -> Result<T, Error>) -> T {
    let start = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(Error::Unavailable(_)) if start.elapsed() < RECOVERY => thread::sleep(PAUSE),
            Err(error) => panic!("still no answer after {:?}: {error}", start.elapsed()),
        }
    }
}

#[track_caller]
fn unavailable<T: std::fmt::Debug>(answer: Result<T, Error>) {
    assert!(matches!(answer, Err(Error::Unavailable(_))), "an unavailable store answered {answer:?}");
}

/// Does something when it is dropped, in whatever way the case ends.
struct Finally<F: Fn()>(F);

impl<F: Fn()> Drop for Finally<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn try_accept<B: Backend>(store: &Handle<'_, B>, key: &str) -> Result<AcceptResult, Error> {
    store.block_on(|store| store.accept(entry(key, 1)))
}

pub(crate) fn an_outage_is_an_error_and_ends<B: Backend>(store: Handle<'_, B>) {
    let known = store.new_seq(entry("known", 1));
    let held = store.acquired(entry("held", 1), 1);
    let (seq, fence) = (held.record.seq, held.fence);
    let outage = store.outage();
    unavailable(try_accept(&store, "known"));
    unavailable(try_accept(&store, "fresh"));
    let span = store.span();
    unavailable(store.block_on(|store| store.begin(entry("other", 1), ClaimId::new(2), span)));
    unavailable(store.block_on(|store| store.complete(seq, fence, None)));
    unavailable(store.block_on(|store| store.probe()));
    let claim = Claim::new(ClaimId::new(3), ["sink"], 9, store.span());
    unavailable(store.block_on(|store| store.claim_due(claim)));
    // What only reads may go on, or not; it says nothing wrong.
    if let Ok(record) = store.block_on(|store| store.get(Lookup::Seq(known))) {
        assert_eq!(record.map(|record| record.state), Some(State::Ready));
    }
    drop(outage);
    // The same handle works again.
    eventually(|| store.block_on(|store| store.probe()));
    let answer = eventually(|| try_accept(&store, "known"));
    assert_eq!(answer, AcceptResult::Duplicate { seq: known, state: State::Ready, outcome: None });
    // Nobody knows what became of this one; now it is there, once.
    let first = eventually(|| try_accept(&store, "fresh"));
    let (AcceptResult::New { seq: fresh } | AcceptResult::Duplicate { seq: fresh, .. }) = first else {
        panic!("{first:?}")
    };
    assert_eq!(store.duplicate_of(entry("fresh", 1)), fresh);
    assert_eq!(store.complete(seq, fence, None), FenceResult::Done);
    assert!(store.by_key("known").is_some_and(|record| record.seq == known));
}

pub(crate) fn an_outage_invents_no_answer<B: Backend>(store: Handle<'_, B>) {
    const THREADS: u8 = 4;
    const KEYS: usize = 60;
    const EACH: usize = 20;
    let (answered, refused, begun) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let one = |key: usize| {
        eventually(|| {
            let answer = try_accept(&store, &format!("k{key}"));
            let count = if answer.is_ok() { &answered } else { &refused };
            count.fetch_add(1, Ordering::SeqCst);
            answer
        })
    };
    let answers = thread::scope(|scope| {
        let callers = scope.spawn(|| {
            at_once(THREADS, |thread| {
                let each = (0..KEYS).map(|key| {
                    // Half of them run into each outage, the others are on their way when it begins.
                    while thread % 2 == 0 && begun.load(Ordering::SeqCst) < key / EACH {
                        thread::yield_now();
                    }
                    one(key)
                });
                each.collect::<Vec<_>>()
            })
        });
        let _no_waiting = Finally(|| begun.store(KEYS, Ordering::SeqCst));
        for outages in 1..KEYS / EACH {
            while answered.load(Ordering::SeqCst) < EACH * outages && !callers.is_finished() {
                thread::yield_now();
            }
            let before = refused.load(Ordering::SeqCst);
            let outage = store.outage();
            begun.store(outages, Ordering::SeqCst);
            let start = Instant::now();
            while refused.load(Ordering::SeqCst) == before
                && start.elapsed() < NOTICED
                && !callers.is_finished()
            {
                thread::yield_now();
            }
            drop(outage);
        }
        callers.join().unwrap_or_else(|panic| resume_unwind(panic))
    });
    for key in 0..KEYS {
        let record = eventually(|| store.block_on(|store| store.get(Lookup::Key(format!("k{key}")))));
        let Some(record) = record else { panic!("an answered record isn't there") };
        let mut new = 0;
        for answer in answers.iter().map(|answers| &answers[key]) {
            match answer {
                AcceptResult::New { seq } => {
                    assert_eq!(*seq, record.seq);
                    new += 1;
                }
                AcceptResult::Duplicate { seq, .. } => assert_eq!(*seq, record.seq),
                other => panic!("{other:?}"),
            }
        }
        // None, where the answer that said so was lost.
        assert!(new <= 1, "{new} answers say New");
    }
    assert_eq!(store.count(State::Ready), u64::try_from(KEYS).unwrap());
}

pub(crate) fn a_corrupt_record_is_set_aside<B: Backend>(store: Handle<'_, B>) {
    let seqs: Vec<Seq> = ["a", "b", "c"].iter().map(|key| store.new_seq(entry(key, 1))).collect();
    store.damage(seqs[1]);
    let given: Vec<_> = store.claimed(1, 9).iter().map(|lease| lease.record.seq).collect();
    assert_eq!(given, [seqs[0], seqs[2]], "the others go on");
    assert!(store.claimed(2, 9).is_empty());
    let answer = store.block_on(|store| store.get(Lookup::Seq(seqs[1])));
    assert!(matches!(answer, Err(Error::Corrupt(_))), "{answer:?}");
    let answer = try_accept(&store, "b");
    assert!(!matches!(answer, Ok(AcceptResult::New { .. } | AcceptResult::Changed { .. })), "{answer:?}");
    let page = store.list(Filter::default(), None, 9);
    assert_eq!(page.records.iter().map(|record| record.seq).collect::<Vec<_>>(), [seqs[2], seqs[0]]);
    store.new_seq(entry("d", 1));
}

/// Creates an entry in a lane of its own, so that claiming it finds nothing else.
fn alone(key: &str) -> Entry {
    with(with_alias(entry(key, 1), &format!("EV-{key}")), |entry| entry.lane = key.to_owned())
}

pub(crate) fn a_dropped_accept_is_whole<B: Backend>(store: Handle<'_, B>) {
    at_every_await(|polls, key| {
        let dropped = store.block_on(|store| dropped_after(polls, store.accept(alone(key))));
        let (AcceptResult::New { seq } | AcceptResult::Duplicate { seq, state: State::Ready, .. }) =
            store.accept(alone(key))
        else {
            panic!("it is known, but not Ready")
        };
        let leases = store.claim_due(Claim::new(ClaimId::new(1), [key], 9, store.span()));
        assert_eq!(leases.len(), 1, "it is known, but can't be claimed, after {polls} polls");
        assert_eq!((leases[0].record.seq, leases[0].record.attempts), (seq, 1));
        dropped
    });
}

pub(crate) fn a_dropped_begin_is_whole<B: Backend>(store: Handle<'_, B>) {
    at_every_await(|polls, key| {
        let (id, lease) = (ClaimId::new(1), store.span());
        let dropped = store.block_on(|store| dropped_after(polls, store.begin(alone(key), id, lease)));
        // Whether it happened or not, repeating it is the same.
        let lease = store.acquired(alone(key), 1);
        assert_eq!(lease.record.attempts, 1);
        assert!(matches!(store.begin(alone(key), 2), BeginResult::Busy { .. }));
        assert_eq!(store.complete(lease.record.seq, lease.fence, None), FenceResult::Done);
        dropped
    });
}

pub(crate) fn a_dropped_claim_can_be_repeated<B: Backend>(store: Handle<'_, B>) {
    at_every_await(|polls, key| {
        store.new_seq(alone(key));
        let claim = |id| Claim::new(ClaimId::new(id), [key], 9, store.span());
        let dropped = store.block_on(|store| dropped_after(polls, store.claim_due(claim(1))));
        let leases = store.claim_due(claim(1));
        assert_eq!(leases.len(), 1, "after {polls} polls the repeated claim returns nothing");
        assert_eq!(leases[0].record.attempts, 1);
        assert!(store.claim_due(claim(2)).is_empty());
        dropped
    });
}

pub(crate) fn a_dropped_step_happened_or_not<B: Backend>(store: Handle<'_, B>) {
    at_every_await(|polls, key| {
        let mut any_dropped = false;
        for (step, state) in [
            ("renew", State::Leased),
            ("complete", State::Done),
            ("fail", State::Parked),
            ("release", State::Ready),
        ] {
            let lease = store.acquired(alone(&format!("{key}/{step}")), 1);
            let (seq, fence) = (lease.record.seq, lease.fence);
            let span = store.span();
            let take = async |store: &B::Store| match step {
                "renew" => store.renew(seq, fence, span).await,
                "complete" => store.complete(seq, fence, None).await,
                "fail" => store.fail(seq, fence, Failure::park("no")).await,
                _ => store.release(seq, fence).await,
            };
            any_dropped |= store.block_on(|store| dropped_after(polls, take(store)));
            let answer = store.run(take);
            // What was given back already is refused; the others may be repeated.
            if matches!(step, "renew" | "complete") {
                assert_eq!(answer, FenceResult::Done, "{step} after {polls} polls");
            }
            assert_eq!(store.record(seq).state, state, "{step} after {polls} polls");
        }
        any_dropped
    });
}
