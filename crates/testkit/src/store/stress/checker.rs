//! The rules that a history and the store's contents must obey. Each says only what is certain: a call took effect between
//! its invocation and its answer, or at any time after its invocation if there was no answer.

mod accepting;
mod ending;
mod leasing;
mod report;

use super::StressTest;
use super::history::{Call, Operation, Reply};
use super::workload::Content;
use bytes::Bytes;
pub use report::{Report, Violation};
use std::collections::BTreeMap;
use std::time::Duration;
use wxhook_idempotency::{State, StoredRecord};

/// All that is known of a round.
pub(super) struct Evidence<'a> {
    pub(super) test: &'a StressTest,
    pub(super) calls: &'a [Call],
    pub(super) records: &'a [FinalRecord],
    pub(super) disruptions: Vec<Disruption>,
}

/// A kill or an outage, in microseconds of the machine's clock.
#[derive(Debug, Clone, Copy)]
pub(super) enum Disruption {
    Kill { process: u32, at: u64 },
    Outage { end: u64 },
}

/// A record as the store has it in the end.
#[derive(Debug, Clone)]
pub(super) struct FinalRecord {
    seq: u64,
    key: String,
    /// The content that its body and its fingerprint have, if that was ever delivered.
    content: Option<Content>,
    sibling_of: Option<u64>,
    state: State,
    generation: u32,
    fence: Option<u64>,
    outcome: Option<Bytes>,
}

impl FinalRecord {
    pub(super) fn new(record: &StoredRecord) -> Self {
        let content = Content::from_body(&record.body);
        Self {
            seq: record.seq.get(),
            key: record.key.clone(),
            content: content.filter(|content| content.fingerprint() == record.fingerprint),
            sibling_of: record.sibling_of.map(|seq| seq.get()),
            state: record.state,
            generation: record.generation,
            fence: record.fence.map(|fence| fence.get()),
            outcome: record.outcome.clone(),
        }
    }
}

/// Checks every rule, and counts what happened.
pub(super) fn check(evidence: &Evidence<'_>) -> Report {
    let mut report = Report::default();
    for Call { operation, returned, .. } in evidence.calls {
        match (operation, returned) {
            (operation, Some((_, Reply::Failed(error)))) => {
                report.violate("permanent error", || format!("{operation:?}: {error}"));
            }
            (Operation::Purge, Some((_, Reply::Purged(1..)))) => {
                report.violate("purged too early", || "nothing is past its retention".to_owned());
            }
            _ => {}
        }
    }
    accepting::check(evidence, &mut report);
    let leases = leasing::check(evidence.calls, &mut report);
    ending::check(evidence, &leases, &mut report);
    count(evidence, &mut report);
    report
}

fn count(evidence: &Evidence<'_>, report: &mut Report) {
    report.add("rounds", 1);
    // The instants at which each process had an answer.
    let mut answers = BTreeMap::<u32, Vec<u64>>::new();
    for call in evidence.calls {
        let delivers = matches!(call.operation, Operation::Accept { .. } | Operation::Begin { .. });
        report.add("sent", delivers.into());
        let Some((at, reply)) = &call.returned else {
            report.add("cut off by a kill", 1);
            continue;
        };
        if reply.is_answer() {
            answers.entry(call.process).or_default().push(*at);
        }
        let name = match reply {
            Reply::New(_) => "new",
            Reply::Duplicate(_) => "duplicate",
            Reply::Changed(_) => "changed",
            Reply::Leases(_) if delivers => "begun",
            Reply::Busy => "busy",
            Reply::Unavailable => "unavailable",
            Reply::Lost => "lost",
            _ => continue,
        };
        report.add(name, 1);
    }
    for record in evidence.records {
        report.add("records", 1);
        report.add(record.state.as_str(), 1);
    }
    // From then on, until the process's next answer; nothing if it never asked again.
    let recovery = |process, since| {
        let later = answers.get(&process).into_iter().flatten().filter(|at| **at >= since);
        Duration::from_micros(later.min().map_or(0, |at| at - since))
    };
    for disruption in &evidence.disruptions {
        match *disruption {
            Disruption::Kill { process, at } => {
                report.add("kills", 1);
                report.add_time("to recover from a kill", recovery(process, at));
            }
            Disruption::Outage { end } => {
                report.add("outages", 1);
                for process in 0..evidence.test.processes {
                    report.add_time("to recover from an outage", recovery(process, end));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
