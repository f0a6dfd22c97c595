use super::leasing::{HolderCall, Leases};
use super::{Evidence, FinalRecord, Operation, Report};
use crate::store::stress::history::Step;
use std::collections::{BTreeMap, BTreeSet};
use wxhook_idempotency::State;

/// Checks that every record ended by somebody's work, and that what was completed or parked stayed so.
pub(super) fn check(evidence: &Evidence<'_>, leases: &Leases, report: &mut Report) {
    let requeued: BTreeSet<_> = evidence
        .calls
        .iter()
        .filter_map(|call| match call.operation {
            Operation::Requeue { seq } => Some(seq),
            _ => None,
        })
        .collect();
    for record in evidence.records {
        let leases = leases.get(&record.seq).into_iter().flat_map(BTreeMap::values);
        // The steps of its holders, each with generation and fence.
        let steps: Vec<_> = leases
            .flat_map(|lease| {
                lease.steps.iter().map(|call| (call, lease.grant.generation, lease.grant.fence))
            })
            .collect();
        let is_requeued = requeued.contains(&record.seq);
        let mut violate = |rule| report.violate(rule, || format!("record {}, {}", record.seq, record.state));
        match record.state {
            State::Done => {
                let completes = |(call, _, fence): &(&HolderCall, u32, u64)| {
                    call.step == Step::Complete && record.fence == Some(*fence)
                };
                if !steps.iter().any(completes) {
                    violate("completed by nobody");
                } else if record.outcome != record.fence.map(|fence| fence.to_string().into()) {
                    violate("outcome of another lease");
                }
            }
            State::Parked => {
                if !steps.iter().any(|(call, ..)| call.step == Step::Park) && !may_park(record) {
                    violate("parked by nobody");
                }
            }
            _ => violate("never ended"),
        }
        for (call, generation, fence) in steps.iter().filter(|(call, ..)| call.is_done()) {
            match call.step {
                Step::Complete => {
                    let state = (record.state, record.generation, record.fence);
                    let is_kept = state == (State::Done, *generation, Some(*fence));
                    if !(is_kept || is_requeued && record.generation > *generation) {
                        violate("completion undone");
                    }
                }
                Step::Park if !is_requeued && record.state != State::Parked => violate("parking undone"),
                _ => {}
            }
        }
        if record.generation > 1 && !is_requeued {
            violate("requeued by nobody");
        }
    }
}

/// Returns whether a record may park by itself.
fn may_park(record: &FinalRecord) -> bool {
    record.content.is_some_and(|content| {
        (record.sibling_of.is_some() && content.parks()) || content.max_attempts() < 10
    })
}
