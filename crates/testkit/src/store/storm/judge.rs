//! What has to fit together after a storm. Every rule says only what is certain: a call took effect somewhere between
//! its beginning and its answer, or at any time after its beginning if there was no answer.

mod accepted;
mod counts;
mod ended;
mod held;

use super::act::{Act, Answer};
use super::journal::Event;
use super::plan::{Content, Plan};
use super::report::{Fault, Report};
use held::Held;
use std::collections::BTreeMap;
use wxhook_idempotency::{Fence, Seq, State, StoredRecord};

/// All that is known of a storm.
pub(super) struct Evidence<'a> {
    pub(super) plan: &'a Plan,
    pub(super) events: &'a [Event],
    pub(super) stored: &'a [Stored],
    pub(super) trouble: &'a [Trouble],
}

/// What was done to the processes and the store, in microseconds of the machine's clock.
#[derive(Debug, Clone, Copy)]
pub(super) enum Trouble {
    Kill { process: u32, at: u64 },
    Outage { until: u64 },
}

/// A record as the store has it in the end.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) seq: Seq,
    pub(super) key: String,
    /// Which content its body and its fingerprint are; nothing if they are none that was delivered.
    pub(super) content: Option<Content>,
    pub(super) sibling_of: Option<Seq>,
    pub(super) state: State,
    pub(super) generation: u32,
    pub(super) fence: Option<Fence>,
    pub(super) outcome: Option<Vec<u8>>,
}

impl Stored {
    pub(super) fn of(record: &StoredRecord) -> Self {
        let content = Content::of_body(&record.body);
        Self {
            seq: record.seq,
            key: record.key.clone(),
            content: content.filter(|content| content.fingerprint() == record.fingerprint),
            sibling_of: record.sibling_of,
            state: record.state,
            generation: record.generation,
            fence: record.fence,
            outcome: record.outcome.as_ref().map(|outcome| outcome.to_vec()),
        }
    }
}

/// Looks at all of it.
pub(super) fn judge(evidence: &Evidence<'_>) -> Report {
    let mut faults = Faults::default();
    errors(evidence, &mut faults);
    accepted::check(evidence, &mut faults);
    let held = Held::of(evidence.events);
    held.check(&mut faults);
    ended::check(evidence, &held, &mut faults);
    let mut report = counts::of(evidence, &held);
    report.faults = faults.0.into_values().collect();
    report
}

/// What no call may be answered with.
fn errors(evidence: &Evidence<'_>, faults: &mut Faults) {
    for event in evidence.events {
        match (&event.act, &event.answer) {
            (act, Some((_, Answer::Error(what)))) => {
                faults.add("an error that isn't for repeating", || format!("{act}: {what}"));
            }
            (Act::Purge, Some((_, Answer::Purged(1..)))) => {
                faults.add("purged too early", || "nothing is past its retention".to_owned());
            }
            _ => {}
        }
    }
}

/// By rule: how often, and one example.
#[derive(Default)]
struct Faults(BTreeMap<&'static str, Fault>);

impl Faults {
    fn add(&mut self, rule: &'static str, example: impl FnOnce() -> String) {
        let fault = self.0.entry(rule).or_insert_with(|| Fault { rule, times: 0, example: example() });
        fault.times += 1;
    }
}

#[cfg(test)]
mod tests;
