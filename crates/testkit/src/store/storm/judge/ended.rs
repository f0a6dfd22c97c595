use super::held::Held;
use super::{Evidence, Faults, Stored};
use crate::store::storm::act::{Act, Step};
use crate::store::storm::plan::Plan;
use std::collections::{BTreeMap, BTreeSet};
use wxhook_idempotency::{Fence, Seq, State};

/// What the journals know of one record's end.
#[derive(Default)]
struct Known {
    /// Fences with which somebody tried to complete it.
    tried: BTreeSet<Fence>,
    /// Answered as completed: generation and fence.
    completed: BTreeSet<(u32, Fence)>,
    /// Whether somebody tried to park it.
    parking: bool,
    /// Answered as parked.
    parked: bool,
    /// Whether somebody may have sent it again.
    requeued: bool,
}

/// Every record ended, by somebody's work, and what was completed stays so.
pub(super) fn check(evidence: &Evidence<'_>, held: &Held, faults: &mut Faults) {
    let known = known(evidence, held);
    let nothing = Known::default();
    for record in evidence.stored {
        let known = known.get(&record.seq).unwrap_or(&nothing);
        let name = || format!("record {}, {}", record.seq, record.state);
        match record.state {
            State::Done => {
                let by = record.fence.filter(|fence| known.tried.contains(fence));
                let left = by.map(|fence| fence.to_string().into_bytes());
                if by.is_none() {
                    faults.add("done by nobody", name);
                } else if record.outcome != left {
                    faults.add("the outcome is somebody else's", name);
                }
            }
            State::Parked => {
                if !known.parking && !may_park(record) {
                    faults.add("parked by nobody", name);
                }
            }
            _ => faults.add("never ended", name),
        }
        for (generation, fence) in &known.completed {
            let stays =
                (record.state, record.generation, record.fence) == (State::Done, *generation, Some(*fence));
            let sent_again = known.requeued && record.generation > *generation;
            if !stays && !sent_again {
                faults.add("completed and undone", name);
            }
        }
        if known.parked && !known.requeued && record.state != State::Parked {
            faults.add("parked and gone on", name);
        }
        if record.generation > 1 && !known.requeued {
            faults.add("sent again by nobody", name);
        }
    }
}

/// Whether a record may park by itself.
fn may_park(record: &Stored) -> bool {
    record.content.is_some_and(|content| {
        (record.sibling_of.is_some() && Plan::parks(content.number))
            || Plan::max_attempts(content.number) < 10
    })
}

fn known(evidence: &Evidence<'_>, held: &Held) -> BTreeMap<Seq, Known> {
    let mut all = BTreeMap::<Seq, Known>::new();
    for event in evidence.events {
        if let Act::Requeue { seq } = event.act {
            all.entry(seq).or_default().requeued = true;
        }
    }
    for (seq, tenures) in &held.0 {
        let known = all.entry(*seq).or_default();
        for (fence, tenure) in tenures {
            for taken in &tenure.steps {
                match taken.step {
                    Step::Complete => {
                        known.tried.insert(*fence);
                        if taken.is_done() {
                            known.completed.insert((tenure.generation, *fence));
                        }
                    }
                    Step::Park => {
                        known.parking = true;
                        known.parked |= taken.is_done();
                    }
                    _ => {}
                }
            }
        }
    }
    all
}
