use super::entry;
use crate::concurrency::at_once;
use crate::store::backend::Backend;
use crate::store::context::Context;
use crate::store::handle::Handle;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use wxhook_idempotency::{Accepted, Claim, ClaimId, Error, Fenced, Filter, Lookup, Seq, State, Store as _};

/// How long a store may take until it notices that it works again.
const RECOVERY: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);
/// How long an outage may go on before a caller notices.
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

fn try_accept<B: Backend>(store: &Handle<'_, B>, key: &str) -> Result<Accepted, Error> {
    store.block_on(|store| store.accept(entry(key, 1)))
}

pub(crate) fn an_outage_is_an_error_and_ends<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let known = store.new_seq(entry("known", 1));
    let held = store.acquired(entry("held", 1), 1);
    let (seq, fence) = (held.record.seq, held.fence);
    let outage = context.outage();
    unavailable(try_accept(store, "known"));
    unavailable(try_accept(store, "fresh"));
    unavailable(store.block_on(|store| store.begin(entry("other", 1), ClaimId::new(2), context.span())));
    unavailable(store.block_on(|store| store.complete(seq, fence, None)));
    unavailable(store.block_on(|store| store.probe()));
    let claim = Claim::new(ClaimId::new(3), ["sink"], 9, context.span());
    unavailable(store.block_on(|store| store.claim_due(claim)));
    // What only reads may go on, or not; it says nothing wrong.
    if let Ok(record) = store.block_on(|store| store.get(Lookup::Seq(known))) {
        assert_eq!(record.map(|record| record.state), Some(State::Ready));
    }
    drop(outage);
    // The same handle works again.
    eventually(|| store.block_on(|store| store.probe()));
    let answer = eventually(|| try_accept(store, "known"));
    assert_eq!(answer, Accepted::Duplicate { seq: known, state: State::Ready, outcome: None });
    // Nobody knows what became of this one; now it is there, once.
    let first = eventually(|| try_accept(store, "fresh"));
    let (Accepted::New { seq: fresh } | Accepted::Duplicate { seq: fresh, .. }) = first else {
        panic!("{first:?}")
    };
    assert_eq!(store.duplicate_of(entry("fresh", 1)), fresh);
    assert_eq!(store.complete(seq, fence, None), Fenced::Done);
    assert!(store.by_key("known").is_some_and(|record| record.seq == known));
}

pub(crate) fn an_outage_invents_no_answer<B: Backend>(context: &Context<'_, B>) {
    const THREADS: u8 = 4;
    const KEYS: usize = 60;
    const EACH: usize = 20;
    let store = &context.open();
    let (answered, refused, begun) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let one = |key: usize| {
        eventually(|| {
            let answer = try_accept(store, &format!("k{key}"));
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
            let outage = context.outage();
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
                Accepted::New { seq } => {
                    assert_eq!(*seq, record.seq);
                    new += 1;
                }
                Accepted::Duplicate { seq, .. } => assert_eq!(*seq, record.seq),
                other => panic!("{other:?}"),
            }
        }
        // None, where the answer that said so was lost.
        assert!(new <= 1, "{new} answers say New");
    }
    assert_eq!(store.stats().ready, u64::try_from(KEYS).unwrap());
}

pub(crate) fn a_corrupt_record_is_set_aside<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let seqs: Vec<Seq> = ["a", "b", "c"].iter().map(|key| store.new_seq(entry(key, 1))).collect();
    context.damage(seqs[1]);
    let given: Vec<_> = store.claimed(1, 9).iter().map(|lease| lease.record.seq).collect();
    assert_eq!(given, [seqs[0], seqs[2]], "the others go on");
    assert!(store.claimed(2, 9).is_empty());
    let answer = store.block_on(|store| store.get(Lookup::Seq(seqs[1])));
    assert!(matches!(answer, Err(Error::Corrupt(_))), "{answer:?}");
    let answer = try_accept(store, "b");
    assert!(!matches!(answer, Ok(Accepted::New { .. } | Accepted::Changed { .. })), "{answer:?}");
    let page = store.list(Filter::default(), None, 9);
    assert_eq!(page.records.iter().map(|record| record.seq).collect::<Vec<_>>(), [seqs[2], seqs[0]]);
    store.new_seq(entry("d", 1));
}
