use super::steps::Step;
use crate::store::backend::Backend;
use crate::store::desk::Desk;
use crate::store::samples::{DAY, action, nobody};
use std::time::{Duration, SystemTime};
use wxhook_idempotency::{
    AcceptResult, BeginResult, Claim, ClaimId, Failure, Fence, Lease, Move, Seq, Store as _, StoredRecord,
};

/// Asks a store and writes down everything that its answers say, content included.
///
/// Two stores choose numbers and fences of their own, so what is written down is which of those seen so far it is.
pub(super) struct Answers {
    /// Whether instants and spans are written down.
    exact: bool,
    /// What days are counted from. A little earlier than the case, so that no record is on the border of a day.
    start: SystemTime,
    seqs: Vec<Seq>,
    fences: Vec<Fence>,
    leases: Vec<(Seq, Fence)>,
}

impl Answers {
    pub(super) fn new(exact: bool, now: SystemTime) -> Self {
        let start = if exact { now } else { now - Duration::from_secs(15) };
        Self { exact, start, seqs: Vec::new(), fences: Vec::new(), leases: Vec::new() }
    }

    pub(super) fn to<B: Backend>(&mut self, desk: &Desk<'_, B>, step: &Step) -> String {
        match step.clone() {
            Step::Accept(sample) => match desk.accept(sample.0) {
                AcceptResult::New { seq } => format!("new {}", self.seq(seq)),
                AcceptResult::Duplicate { seq, state, outcome } => {
                    format!("duplicate {} {state} {outcome:?}", self.seq(seq))
                }
                AcceptResult::Changed { seq } => format!("changed {}", self.seq(seq)),
                other => format!("{other:?}"),
            },
            Step::Begin(sample, id, span) => match desk.begin_for(sample.0, id, span) {
                BeginResult::Acquired(lease) => self.lease(*lease),
                BeginResult::Busy { remaining } => format!("busy {:?}", self.span(remaining)),
                BeginResult::Done { seq, outcome } => format!("done {} {outcome:?}", self.seq(seq)),
                BeginResult::Parked { seq } => format!("parked {}", self.seq(seq)),
                BeginResult::Changed { seq } => format!("changed {}", self.seq(seq)),
                other => format!("{other:?}"),
            },
            Step::Claim(id, lanes, most, span) => {
                let leases = desk.claim_due(Claim::new(ClaimId::new(id), lanes, most, span));
                leases.into_iter().map(|lease| self.lease(lease)).collect::<Vec<_>>().join("\n")
            }
            Step::Renew(lease, span) => {
                let (seq, fence) = self.held(lease);
                let answer = desk.attempt(|store| store.renew(seq, fence, span));
                format!("{:?}", answer.map_err(|error| error.to_string()))
            }
            Step::Complete(lease, outcome) => {
                let (seq, fence) = self.held(lease);
                format!("{:?}", desk.complete(seq, fence, outcome.then_some(b"reply")))
            }
            Step::Retry(lease, span) => {
                let (seq, fence) = self.held(lease);
                let failure = Failure::retry("refused", span).flag("mismatch");
                format!("{:?}", desk.fail(seq, fence, failure))
            }
            Step::GiveUp(lease) => {
                let (seq, fence) = self.held(lease);
                format!("{:?}", desk.fail(seq, fence, Failure::park("wrong")))
            }
            Step::Release(lease) => {
                let (seq, fence) = self.held(lease);
                format!("{:?}", desk.release(seq, fence))
            }
            Step::Requeue(seq) => self.record(desk.requeue(self.nth(seq), action())),
            Step::Park(seq) => self.record(desk.park(self.nth(seq), action())),
            Step::Discard(seq) => self.record(desk.discard(self.nth(seq), action())),
            Step::Get(seq) => self.record(desk.get(wxhook_idempotency::Lookup::Seq(self.nth(seq)))),
            Step::List { mut filter, days, before, most } => {
                match days {
                    Some((true, days)) => filter.since = Some(self.start + DAY * days),
                    Some((false, days)) => filter.until = Some(self.start + DAY * days),
                    None => {}
                }
                let page = desk.list(filter, before.map(|seq| self.nth(seq)), most);
                let next = page.next.map(|seq| self.seq(seq));
                let records = page.records.into_iter().map(|record| self.record(Some(record)));
                format!("{}\nnext {next:?}", records.collect::<Vec<_>>().join("\n"))
            }
            Step::Stats => {
                let mut stats = desk.stats();
                stats.oldest_ready = stats.oldest_ready.map(|span| self.span(span));
                format!("{stats:?}")
            }
            Step::Purge(most) => format!("{}", desk.purge(most)),
            Step::Lanes => format!("{:?}", desk.lanes()),
            Step::Split(from, max) => format!("{}", desk.split(from, "merchant/", max)),
            Step::Adopt { from, to, until, max } => {
                format!("{:?}", desk.move_records(Move::adopt(from, to, self.nth(until), action(), max)))
            }
            Step::Forward(_) | Step::Back(_) | Step::Ahead(_) => String::new(),
        }
    }

    /// Which of the numbers seen so far this is.
    fn seq(&mut self, seq: Seq) -> u64 {
        ordinal(&mut self.seqs, seq)
    }

    /// The number that was seen as that, or one that nobody has.
    fn nth(&self, at: usize) -> Seq {
        let last = self.seqs.iter().max().copied().unwrap_or(Seq::new(0));
        self.seqs.get(at).copied().unwrap_or(nobody(last))
    }

    fn held(&self, back: usize) -> (Seq, Fence) {
        self.leases.iter().rev().nth(back).copied().unwrap_or((self.nth(0), Fence::new(u64::MAX)))
    }

    fn lease(&mut self, lease: Lease) -> String {
        let (remaining, age) = (self.span(lease.remaining), self.span(lease.age));
        self.leases.push((lease.record.seq, lease.fence));
        let fence = ordinal(&mut self.fences, lease.fence);
        format!("{fence} {remaining:?} {age:?} {}", self.record(Some(lease.record)))
    }

    fn record(&mut self, record: Option<StoredRecord>) -> String {
        let Some(mut record) = record else { return "none".to_owned() };
        record.seq = Seq::new(self.seq(record.seq));
        record.sibling_of = record.sibling_of.map(|seq| Seq::new(self.seq(seq)));
        record.fence = record.fence.map(|fence| Fence::new(ordinal(&mut self.fences, fence)));
        if !self.exact {
            let never = SystemTime::UNIX_EPOCH;
            (record.due_at, record.accepted_at, record.seen_at) = (never, never, never);
            record.lease_until = record.lease_until.map(|_| never);
            record.done_at = record.done_at.map(|_| never);
            for note in &mut record.notes {
                note.at = never;
            }
        }
        shown(&record)
    }

    fn span(&self, span: Duration) -> Duration {
        if self.exact { span } else { Duration::ZERO }
    }
}

fn ordinal<T: PartialEq>(seen: &mut Vec<T>, one: T) -> u64 {
    let at = seen.iter().position(|other| *other == one).unwrap_or_else(|| {
        seen.push(one);
        seen.len() - 1
    });
    u64::try_from(at).unwrap_or(u64::MAX)
}

/// Everything that a record says; its own `Debug` leaves out the content.
pub(in crate::store) fn shown(record: &StoredRecord) -> String {
    let StoredRecord { seq, key, fingerprint, body, labels, flags, lane, group, sibling_of, .. } = record;
    let StoredRecord { state, generation, attempts, max_attempts, fence, due_at, lease_until, .. } = record;
    let StoredRecord { accepted_at, seen_at, done_at, outcome, error, notes, .. } = record;
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
