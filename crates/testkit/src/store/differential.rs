//! Random sequences of operations get the same answers from the memory store and from a backend.

mod steps;

use super::backend::{Backend, ManualClock, Place, Time};
use super::cases::{DAY, action, unused};
use super::context::Context;
use super::handle::Handle;
use proptest::collection::vec;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};
use steps::{Step, steps};
use wxhook_idempotency::machine::{Moment, Progress};
use wxhook_idempotency::{
    AcceptResult, BeginResult, Claim, ClaimId, Clock, Fence, Filter, Lease, Lookup, MemoryOptions,
    MemoryStore, Move, Seq, Store as _, StoredRecord, SystemClock,
};

/// Pause between two steps where clocks run by themselves, so that the order of their times is known.
const PAUSE: Duration = Duration::from_millis(2);
/// Maximum number of steps in a sequence.
const MAX_STEPS: usize = 120;

/// The case of the suite: as many sequences as `PROPTEST_CASES` says, or a few.
pub(super) fn random_sequences<B: Backend>(store: Handle<'_, B>) {
    let default = if store.stands_still() { 64 } else { 16 };
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    check_against_model(store.backend, cases.unwrap_or(default));
}

/// Runs random sequences of operations on the backend and on a [`MemoryStore`], each in a new place, and compares every
/// answer.
///
/// Numbers and fences are compared by the order of their appearance, and instants and spans only where the
/// backend's clock [stands still](Time::Still).
///
/// # Panics
/// If a sequence gets different answers, with the shortest one found, or if the store answers with an error.
pub fn check_against_model<B: Backend>(backend: &B, sequences: u32) {
    let config = Config { cases: sequences, failure_persistence: None, ..Config::default() };
    let sequence = vec(steps(backend.time()), 1..MAX_STEPS);
    let result = TestRunner::new(config).run(&sequence, |steps| compare(backend, &steps));
    if let Err(error) = result {
        panic!("the backend and the model answer differently: {error}");
    }
}

fn compare<B: Backend>(backend: &B, steps: &[Step]) -> Result<(), TestCaseError> {
    let model = Model { time: backend.time() };
    let contexts = (Context::new(&model, None), Context::new(backend, None));
    let mut players = (Player::new(&contexts.0), Player::new(&contexts.1));
    let end = [
        Step::Stats,
        Step::Lanes,
        Step::List { filter: Filter::default(), days: None, before: None, max: 1_000 },
    ];
    for (number, step) in steps.iter().chain(&end).enumerate() {
        let (model, backend) = (players.0.play(step), players.1.play(step));
        if model != backend {
            let reason = format!("step {number}, {step:?}\n  model:   {model}\n  backend: {backend}");
            return Err(TestCaseError::fail(reason));
        }
        if !contexts.0.stands_still() {
            thread::sleep(PAUSE);
        }
    }
    Ok(())
}

/// One of the two stores, whose answers are written down with all content.
///
/// Two stores choose numbers and fences of their own, so each is replaced by its position among those seen so far.
struct Player<'a, B: Backend> {
    context: &'a Context<'a, B>,
    store: Handle<'a, B>,
    /// The instant that days are counted from. A little before the case, so that no record is on the border of a day.
    start: SystemTime,
    seqs: Vec<Seq>,
    fences: Vec<Fence>,
    leases: Vec<(Seq, Fence)>,
}

impl<'a, B: Backend> Player<'a, B> {
    fn new(context: &'a Context<'a, B>) -> Self {
        let early = if context.stands_still() { 0 } else { 15 };
        let start = context.now() - Duration::from_secs(early);
        Self { context, store: context.open(), start, seqs: vec![], fences: vec![], leases: vec![] }
    }

    fn play(&mut self, step: &Step) -> String {
        let store = &self.store;
        match step.clone() {
            Step::Pass(span) => {
                self.context.pass(span);
                String::new()
            }
            Step::PutBack(span) => {
                // A store needn't keep its time where a step changed nothing.
                store.probe();
                self.context.step_back(span);
                String::new()
            }
            Step::PutAhead(span) => {
                self.context.step_ahead(span);
                String::new()
            }
            Step::Accept(sample) => match store.accept(sample.0) {
                AcceptResult::New { seq } => format!("new {}", self.seq(seq)),
                AcceptResult::Duplicate { seq, state, outcome } => {
                    format!("duplicate {} {state} {outcome:?}", self.seq(seq))
                }
                AcceptResult::Changed { seq } => format!("changed {}", self.seq(seq)),
                other => format!("{other:?}"),
            },
            Step::Begin(sample, id, span) => match store.begin_for(sample.0, id, span) {
                BeginResult::Acquired(lease) => self.lease(*lease),
                BeginResult::Busy { remaining } => format!("busy {:?}", self.span(remaining)),
                BeginResult::Done { seq, outcome } => format!("done {} {outcome:?}", self.seq(seq)),
                BeginResult::Parked { seq } => format!("parked {}", self.seq(seq)),
                BeginResult::Changed { seq } => format!("changed {}", self.seq(seq)),
                other => format!("{other:?}"),
            },
            Step::Claim(id, lanes, max, span) => {
                let leases = store.claim_due(Claim::new(ClaimId::new(id), lanes, max, span)).into_iter();
                leases.map(|lease| self.lease(lease)).collect::<Vec<_>>().join("\n")
            }
            Step::Renew(lease, span) => {
                let (seq, fence) = self.held(lease);
                format!("{:?}", store.run(|store| store.renew(seq, fence, span)))
            }
            Step::Settle(lease, settlement) => {
                let (seq, fence) = self.held(lease);
                format!("{:?}", store.run(|store| store.settle(seq, fence, settlement)))
            }
            Step::Act(seq, operation) => {
                let seq = self.nth(seq);
                self.record(self.store.run(|store| store.act(seq, operation, action())))
            }
            Step::Get(seq) => self.record(self.store.get(Lookup::Seq(self.nth(seq)))),
            Step::List { mut filter, days, before, max } => {
                match days {
                    Some((true, days)) => filter.since = Some(self.start + DAY * days),
                    Some((false, days)) => filter.until = Some(self.start + DAY * days),
                    None => {}
                }
                let page = store.list(filter, before.map(|seq| self.nth(seq)), max);
                let next = page.next.map(|seq| self.seq(seq));
                let records = page.records.into_iter().map(|record| self.record(Some(record)));
                format!("{}\nnext {next:?}", records.collect::<Vec<_>>().join("\n"))
            }
            Step::Stats => {
                let mut stats = store.stats();
                stats.oldest_ready = stats.oldest_ready.map(|span| self.span(span));
                format!("{stats:?}")
            }
            Step::Purge(max) => format!("{}", store.purge(max)),
            Step::Lanes => format!("{:?}", store.lanes()),
            Step::Split(from, max) => format!("{}", store.split(from, "merchant/", max)),
            Step::Adopt { from, to, until, max } => {
                format!("{:?}", store.move_records(Move::adopt(from, to, self.nth(until), action(), max)))
            }
        }
    }

    /// Returns the position of a number among those seen so far.
    fn seq(&mut self, seq: Seq) -> u64 {
        position(&mut self.seqs, seq)
    }

    /// Returns the number at a position, or one that no record has.
    fn nth(&self, position: usize) -> Seq {
        let last = self.seqs.iter().max().copied().unwrap_or(Seq::new(0));
        self.seqs.get(position).copied().unwrap_or(unused(last))
    }

    /// Returns a lease, counted from the last one.
    fn held(&self, back: usize) -> (Seq, Fence) {
        self.leases.iter().rev().nth(back).copied().unwrap_or((self.nth(0), Fence::new(u64::MAX)))
    }

    fn lease(&mut self, lease: Lease) -> String {
        let (remaining, age) = (self.span(lease.remaining), self.span(lease.age));
        self.leases.push((lease.record.seq, lease.fence));
        let fence = position(&mut self.fences, lease.fence);
        format!("{fence} {remaining:?} {age:?} {}", self.record(Some(lease.record)))
    }

    fn record(&mut self, record: Option<StoredRecord>) -> String {
        let Some(mut record) = record else { return "none".to_owned() };
        record.seq = Seq::new(self.seq(record.seq));
        record.sibling_of = record.sibling_of.map(|seq| Seq::new(self.seq(seq)));
        let progress = &mut record.progress;
        progress.fence = progress.fence.map(|fence| Fence::new(position(&mut self.fences, fence)));
        if !self.context.stands_still() {
            let never = Moment::FIRST;
            (progress.due_at, record.accepted_at, progress.seen_at) = (never, never, never);
            progress.lease_until = progress.lease_until.map(|_| never);
            progress.done_at = progress.done_at.map(|_| never);
            progress.notes.iter_mut().for_each(|note| note.at = never);
        }
        describe(&record)
    }

    fn span(&self, span: Duration) -> Duration {
        if self.context.stands_still() { span } else { Duration::ZERO }
    }
}

fn position<T: PartialEq>(seen: &mut Vec<T>, item: T) -> u64 {
    let position = seen.iter().position(|other| *other == item).unwrap_or_else(|| {
        seen.push(item);
        seen.len() - 1
    });
    u64::try_from(position).unwrap()
}

/// Returns everything that a record holds, content included, which its own `Debug` leaves out.
pub(super) fn describe(record: &StoredRecord) -> String {
    let StoredRecord { seq, key, fingerprint, body, labels, lane, group, sibling_of, .. } = record;
    let StoredRecord { accepted_at, progress, .. } = record;
    let Progress { flags, state, generation, attempts, max_attempts, fence, due_at, lease_until, .. } =
        progress;
    let Progress { seen_at, done_at, outcome, error, notes, .. } = progress;
    let labels = (&labels.merchant, &labels.event, &labels.variant, &labels.id, &labels.numbers);
    format!(
        "{:?}",
        (
            (seq, key, fingerprint, body, labels, flags, lane, group, sibling_of),
            (state, generation, attempts, max_attempts, fence),
            (due_at, lease_until, accepted_at, seen_at, done_at, outcome, error, notes),
        )
    )
}

/// The memory store, on a clock like the backend's.
struct Model {
    time: Time,
}

impl Backend for Model {
    type Store = MemoryStore;

    fn open(&self, place: &Place) -> MemoryStore {
        let clock = place.clock().clone();
        let clock: Arc<dyn Clock> = match self.time {
            Time::Still => Arc::new(clock),
            Time::Shifted | Time::Real => Arc::new(ShiftedClock(clock)),
        };
        MemoryStore::new(MemoryOptions::default().with_clock(clock))
    }

    fn time(&self) -> Time {
        self.time
    }
}

#[derive(Debug)]
struct ShiftedClock(ManualClock);

impl Clock for ShiftedClock {
    fn now(&self) -> SystemTime {
        self.0.shifted(SystemClock::default().now())
    }

    fn elapsed(&self) -> Duration {
        SystemClock::default().elapsed() + self.0.passed()
    }
}
