use super::{Call, Operation, Reply, Report};
use crate::store::stress::history::{Grant, Step};
use std::collections::{BTreeMap, HashMap};

/// Microseconds: stores keep whole milliseconds, and may read their clocks a little before the calls are made.
const TOLERANCE: u64 = 5_000;

/// All leases that somebody knows of, by record, in the order of their fences.
pub(super) type Leases = BTreeMap<u64, BTreeMap<u64, Lease>>;

/// One lease, and its holder's calls. Instants are microseconds.
pub(super) struct Lease {
    pub(super) grant: Grant,
    claim: u64,
    /// It was granted after this: the first call with its claim id.
    from: u64,
    /// It was granted before this: the first answer that has it.
    to: u64,
    /// It lasts at least until then, unless its holder does something.
    until: u64,
    /// In the order in which they were made.
    pub(super) steps: Vec<HolderCall>,
}

/// A call under a lease.
pub(super) struct HolderCall {
    pub(super) step: Step,
    from: u64,
    /// Instant of the answer, and whether it was `Done`, not `Lost`; `None` without an answer.
    reply: Option<(u64, bool)>,
}

impl HolderCall {
    pub(super) fn is_done(&self) -> bool {
        matches!(self.reply, Some((_, true)))
    }

    fn is_lost(&self) -> bool {
        matches!(self.reply, Some((_, false)))
    }
}

/// Checks the rules of leases and fences. Returns all leases.
pub(super) fn check(calls: &[Call], report: &mut Report) -> Leases {
    let leases = collect(calls, report);
    for (seq, leases) in &leases {
        let certain: BTreeMap<_, _> = leases
            .iter()
            .map(|(fence, lease)| {
                let successor =
                    leases.range(fence + 1..).map(|(_, later)| later.to).min().unwrap_or(u64::MAX);
                (fence, lease.check(successor, report))
            })
            .collect();
        for (fence, lease) in leases {
            for (other_fence, other) in leases.iter().filter(|(other_fence, _)| *other_fence != fence) {
                let example = || format!("record {seq}, fences {fence} and {other_fence}");
                let later = other_fence > fence;
                // A greater fence was granted later, and so was what was asked for after this one's answer.
                if (later || other.from >= lease.to) && other.to <= certain[fence] {
                    report.violate("two live leases", example);
                }
                if later && other.to < lease.from {
                    report.violate("fence not increasing", example);
                }
                let Some(completed) = lease.completed() else { continue };
                if later && other.grant.generation == lease.grant.generation && other.completed().is_some() {
                    report.violate("completed twice", example);
                }
                if other.grant.generation <= lease.grant.generation && other.from > completed {
                    report.violate("leased after completion", example);
                }
            }
        }
    }
    leases
}

fn collect(calls: &[Call], report: &mut Report) -> Leases {
    let mut claims = HashMap::<u64, u64>::new();
    for call in calls {
        if let Operation::Claim { claim, .. } | Operation::Begin { claim, .. } = call.operation {
            let first = claims.entry(claim).or_insert(call.invoked);
            *first = call.invoked.min(*first);
        }
    }
    let mut leases = Leases::new();
    for call in calls {
        let (Operation::Claim { claim, lease } | Operation::Begin { claim, lease, .. }) = call.operation
        else {
            continue;
        };
        let Some((to, Reply::Leases(grants))) = &call.returned else { continue };
        for grant in grants {
            let from = claims[&claim];
            let known = leases.entry(grant.seq).or_default().entry(grant.fence).or_insert_with(|| {
                let (to, until, steps) = (*to, after(from, lease), Vec::new());
                Lease { grant: *grant, claim, from, to, until, steps }
            });
            known.to = known.to.min(*to);
            let example = || format!("record {}, fence {}", grant.seq, grant.fence);
            if known.claim != claim {
                report.violate("one fence for two claims", example);
            }
            if grant.attempts > grant.max_attempts {
                report.violate("more attempts than allowed", example);
            }
        }
    }
    for call in calls {
        let Operation::Step { step, seq, fence } = call.operation else { continue };
        let reply = call.returned.as_ref().and_then(|(at, reply)| match reply {
            Reply::Done => Some((*at, true)),
            Reply::Lost => Some((*at, false)),
            _ => None,
        });
        if let Some(lease) = leases.get_mut(&seq).and_then(|leases| leases.get_mut(&fence)) {
            lease.steps.push(HolderCall { step, from: call.invoked, reply });
        }
    }
    for lease in leases.values_mut().flat_map(BTreeMap::values_mut) {
        lease.steps.sort_by_key(|call| call.from);
    }
    leases
}

/// Returns the instant until which a lease of so many milliseconds lasts at least.
fn after(from: u64, lease: u64) -> u64 {
    from.saturating_add(lease.saturating_mul(1_000)).saturating_sub(TOLERANCE)
}

impl Lease {
    /// Returns when it was first completed.
    fn completed(&self) -> Option<u64> {
        let completed = self.steps.iter().filter(|call| call.step == Step::Complete && call.is_done());
        completed.filter_map(|call| call.reply).map(|(at, _)| at).min()
    }

    /// Checks the answers to its holder, and returns until when it was certainly nobody else's. From `successor` on
    /// somebody certainly has a greater fence.
    fn check(&self, successor: u64, report: &mut Report) -> u64 {
        let (mut until, mut shortest_pending) = (self.until, u64::MAX);
        // The first call that may have ended it, and the first one that did.
        let (mut may_end, mut ended) = (u64::MAX, None);
        let (mut lost, mut expired) = (false, None);
        for call in &self.steps {
            let example =
                || format!("record {}, fence {}: {:?}", self.grant.seq, self.grant.fence, call.step);
            if call.is_done() && call.from >= successor {
                report.violate("stale fence accepted", example);
            }
            if call.is_done() && lost {
                report.violate("lost fence accepted", example);
            }
            // Only completing may be repeated.
            let is_repeated = (ended, call.step) == (Some(Step::Complete), Step::Complete);
            if call.is_done() && ended.is_some() && !is_repeated {
                report.violate("released fence accepted", example);
            }
            if call.reply.is_some_and(|(at, done)| !done && at <= until) && may_end == u64::MAX {
                report.violate("live lease lost", example);
            }
            report.add("lost to a known successor", (call.is_lost() && call.from >= successor).into());
            lost |= call.is_lost();
            match (call.step, call.reply) {
                (Step::Renew { lease }, Some((_, true))) => {
                    until = after(call.from, lease.min(shortest_pending));
                }
                // It may still take effect.
                (Step::Renew { lease }, None) => {
                    shortest_pending = lease.min(shortest_pending);
                    until = until.min(after(call.from, lease));
                }
                (Step::Renew { .. }, Some((_, false))) => {}
                _ => {
                    expired.get_or_insert(call.from > until.saturating_add(2 * TOLERANCE));
                    if !call.is_lost() {
                        may_end = may_end.min(call.from);
                    }
                    if call.is_done() {
                        ended.get_or_insert(call.step);
                    }
                }
            }
        }
        report.add("leases", 1);
        report.add("expired", expired.unwrap_or(true).into());
        until.min(may_end)
    }
}
