use super::Faults;
use crate::store::storm::act::{Act, Answer, Step};
use crate::store::storm::journal::Event;
use std::collections::{BTreeMap, HashMap};
use wxhook_idempotency::{ClaimId, Fence, Seq};

/// Stores keep whole milliseconds, and the clocks that they ask may be read a little earlier than the calls are made.
const TOLERANCE: u64 = 5_000;

/// All leases that somebody got to know of, by record and in the order of their fences.
pub(super) struct Held(pub(super) BTreeMap<Seq, BTreeMap<Fence, Tenure>>);

/// One lease, and what was done with it. Instants are microseconds.
pub(super) struct Tenure {
    claim: ClaimId,
    pub(super) generation: u32,
    attempts: (u32, u32),
    /// It was given after this: the first call with its claim id.
    pub(super) from: u64,
    /// And before that: the first answer that names it.
    to: u64,
    /// It lasts until then at least, unless its holder does something.
    until: u64,
    /// In the order of the holder, who does one after the other.
    pub(super) steps: Vec<Taken>,
}

/// One step of a holder.
pub(super) struct Taken {
    pub(super) step: Step,
    pub(super) from: u64,
    /// When and what was answered; `None` if nothing was, or an error.
    pub(super) answer: Option<(u64, bool)>,
}

impl Taken {
    /// Whether it was answered as done.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.answer, Some((_, true)))
    }

    fn is_lost(&self) -> bool {
        matches!(self.answer, Some((_, false)))
    }

    /// Whether the lease is over once this took effect.
    fn ends(&self) -> bool {
        !matches!(self.step, Step::Renew { .. })
    }
}

impl Held {
    pub(super) fn of(events: &[Event]) -> Self {
        let mut calls = HashMap::<ClaimId, u64>::new();
        for event in events {
            if let Act::Claim { claim, .. } | Act::Begin { claim, .. } = event.act {
                let first = calls.entry(claim).or_insert(event.from);
                *first = event.from.min(*first);
            }
        }
        let mut held = BTreeMap::<Seq, BTreeMap<Fence, Tenure>>::new();
        for event in events {
            let (Act::Claim { claim, span } | Act::Begin { claim, span, .. }) = event.act else { continue };
            let Some((to, Answer::Leases(leases))) = &event.answer else { continue };
            let from = calls.get(&claim).copied().unwrap_or(event.from);
            for lease in leases {
                let until = from.saturating_add(span.saturating_mul(1_000)).saturating_sub(TOLERANCE);
                let tenures = held.entry(lease.seq).or_default();
                let tenure = tenures.entry(lease.fence).or_insert_with(|| Tenure {
                    claim,
                    generation: lease.generation,
                    attempts: (lease.attempts, lease.max_attempts),
                    from,
                    to: *to,
                    until,
                    steps: Vec::new(),
                });
                if tenure.claim == claim {
                    tenure.to = tenure.to.min(*to);
                } else {
                    // Two who were given the same; `check` says so.
                    tenure.attempts = (u32::MAX, 0);
                }
            }
        }
        for event in events {
            let Act::Step { step, seq, fence } = event.act else { continue };
            let answer = match &event.answer {
                Some((to, Answer::Done)) => Some((*to, true)),
                Some((to, Answer::Lost)) => Some((*to, false)),
                _ => None,
            };
            if let Some(tenure) = held.get_mut(&seq).and_then(|tenures| tenures.get_mut(&fence)) {
                tenure.steps.push(Taken { step, from: event.from, answer });
            }
        }
        for tenure in held.values_mut().flat_map(BTreeMap::values_mut) {
            tenure.steps.sort_by_key(|taken| taken.from);
        }
        Self(held)
    }

    /// All of them.
    pub(super) fn tenures(&self) -> impl Iterator<Item = &Tenure> {
        self.0.values().flat_map(BTreeMap::values)
    }

    pub(super) fn check(&self, faults: &mut Faults) {
        for (seq, tenures) in &self.0 {
            for (fence, tenure) in tenures {
                let name = || format!("record {seq}, fence {fence}");
                let successor = successor(tenures, *fence);
                tenure.check(successor, faults, &name);
            }
            pairs(*seq, tenures, faults);
            completions(*seq, tenures, faults);
        }
    }

    /// Answers of `Lost` to holders whose successor is known.
    pub(super) fn superseded(&self) -> usize {
        let each = self.0.values().flat_map(|tenures| {
            tenures.iter().map(|(fence, tenure)| {
                let since = successor(tenures, *fence).unwrap_or(u64::MAX);
                tenure.steps.iter().filter(|taken| taken.is_lost() && taken.from >= since).count()
            })
        });
        each.sum()
    }
}

/// Since when somebody certainly has a greater fence.
fn successor(tenures: &BTreeMap<Fence, Tenure>, fence: Fence) -> Option<u64> {
    let later = tenures.range((std::ops::Bound::Excluded(fence), std::ops::Bound::Unbounded));
    later.map(|(_, tenure)| tenure.to).min()
}

impl Tenure {
    /// Until when it was certainly nobody else's.
    fn certain_until(&self) -> u64 {
        let mut ending = u64::MAX;
        let mut term = Term::of(self);
        for taken in &self.steps {
            term.pass(taken);
            if taken.ends() && !taken.is_lost() {
                ending = ending.min(taken.from);
            }
        }
        term.until.min(ending)
    }

    /// Whether it ran out before the holder did anything to end it.
    pub(super) fn ran_out(&self) -> bool {
        let mut term = Term::of(self);
        for taken in &self.steps {
            if taken.ends() {
                return taken.from > term.until.saturating_add(2 * TOLERANCE);
            }
            term.pass(taken);
        }
        true
    }

    /// What the holder was answered, given since when somebody else certainly has it.
    fn check(&self, successor: Option<u64>, faults: &mut Faults, name: &dyn Fn() -> String) {
        let (mut term, mut ended, mut over, mut lost) = (Term::of(self), None, false, false);
        if self.attempts == (u32::MAX, 0) {
            faults.add("one fence for two claims", name);
        } else if self.attempts.0 > self.attempts.1 {
            faults.add("more attempts than allowed", name);
        }
        for taken in &self.steps {
            let example = || format!("{}: {:?}", name(), taken.step);
            if taken.is_done() && successor.is_some_and(|since| taken.from >= since) {
                faults.add("stale but done", example);
            }
            if taken.is_done() && lost {
                faults.add("lost but done", example);
            }
            // Only completing may be repeated.
            let repeated = (ended, taken.step) == (Some(Step::Complete), Step::Complete);
            if taken.is_done() && ended.is_some() && !repeated {
                faults.add("given back but done", example);
            }
            if let Some((to, false)) = taken.answer
                && !over
                && to <= term.until
            {
                faults.add("held but lost", example);
            }
            term.pass(taken);
            lost |= taken.is_lost();
            over |= taken.ends() && !taken.is_lost();
            if taken.ends() && taken.is_done() && ended.is_none() {
                ended = Some(taken.step);
            }
        }
    }
}

/// Until when a lease lasts at least, as steps go by.
struct Term {
    until: u64,
    /// The shortest of the renewals that may still take effect.
    pending: u64,
}

impl Term {
    const fn of(tenure: &Tenure) -> Self {
        Self { until: tenure.until, pending: u64::MAX }
    }

    fn pass(&mut self, taken: &Taken) {
        let Step::Renew { span } = taken.step else { return };
        let until =
            |span: u64| taken.from.saturating_add(span.saturating_mul(1_000)).saturating_sub(TOLERANCE);
        match taken.answer {
            Some((_, true)) => self.until = until(span.min(self.pending)),
            Some((_, false)) => {}
            None => {
                self.pending = self.pending.min(span);
                self.until = self.until.min(until(span));
            }
        }
    }
}

/// No two at once, and fences in the order of time.
fn pairs(seq: Seq, tenures: &BTreeMap<Fence, Tenure>, faults: &mut Faults) {
    for (fence, tenure) in tenures {
        let until = tenure.certain_until();
        for (other_fence, other) in tenures {
            let example = || format!("record {seq}, fences {fence} and {other_fence}");
            // The greater fence was given later, and so was what was asked for after the other's answer.
            let later = other_fence > fence || other.from >= tenure.to;
            if other_fence != fence && later && other.to <= until {
                faults.add("two live leases", example);
            }
            if other_fence > fence && other.to < tenure.from {
                faults.add("fences that don't grow", example);
            }
        }
    }
}

/// Of one generation only one is completed, and nobody gets it afterwards.
fn completions(seq: Seq, tenures: &BTreeMap<Fence, Tenure>, faults: &mut Faults) {
    for (fence, tenure) in tenures {
        let completed = tenure.steps.iter().filter(|taken| taken.step == Step::Complete && taken.is_done());
        let Some((at, _)) = completed.filter_map(|taken| taken.answer).min() else { continue };
        for (other_fence, other) in tenures {
            let example = || {
                format!("record {seq}, generation {}, fences {fence} and {other_fence}", tenure.generation)
            };
            if other_fence > fence
                && other.generation == tenure.generation
                && other.steps.iter().any(|taken| taken.step == Step::Complete && taken.is_done())
            {
                faults.add("done twice", example);
            }
            if other.generation <= tenure.generation && other.from > at {
                faults.add("leased after it was done", example);
            }
        }
    }
}
