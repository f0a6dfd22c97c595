use super::held::Held;
use super::{Evidence, Trouble};
use crate::store::storm::act::{Act, Answer};
use crate::store::storm::journal::Event;
use crate::store::storm::report::Report;
use std::collections::BTreeMap;
use std::time::Duration;
use wxhook_idempotency::State;

/// The figures.
pub(super) fn of(evidence: &Evidence<'_>, held: &Held) -> Report {
    let mut report = Report::default();
    for event in evidence.events {
        let delivers = matches!(event.act, Act::Accept { .. } | Act::Begin { .. });
        report.sent += u64::from(delivers);
        let Some((_, answer)) = &event.answer else {
            report.unanswered += 1;
            continue;
        };
        match answer {
            Answer::New(_) => report.new += 1,
            Answer::Duplicate(_) | Answer::Known(_) => report.duplicate += 1,
            Answer::Changed(_) => report.changed += 1,
            Answer::Leases(_) if delivers => report.begun += 1,
            Answer::Busy => report.busy += 1,
            Answer::Unavailable => report.unavailable += 1,
            Answer::Lost => report.lost += 1,
            _ => {}
        }
    }
    report.superseded = count(held.superseded());
    report.leases = count(held.tenures().count());
    report.ran_out = count(held.tenures().filter(|tenure| tenure.ran_out()).count());
    let ended = |state| count(evidence.stored.iter().filter(|record| record.state == state).count());
    (report.completed, report.parked) = (ended(State::Done), ended(State::Parked));
    report.records = count(evidence.stored.len());
    let answers = Answers::of(evidence.events);
    for trouble in evidence.trouble {
        match *trouble {
            Trouble::Kill { process, at } => {
                report.kills += 1;
                report.after_kill = report.after_kill.max(answers.recovery(process, at));
            }
            Trouble::Outage { until } => {
                report.outages += 1;
                for process in 0..evidence.plan.storm.processes {
                    report.after_outage = report.after_outage.max(answers.recovery(process, until));
                }
            }
        }
    }
    report
}

/// When each process had an answer, in order.
struct Answers(BTreeMap<u32, Vec<u64>>);

impl Answers {
    fn of(events: &[Event]) -> Self {
        let mut answers = BTreeMap::<u32, Vec<u64>>::new();
        for event in events {
            if let Some((to, answer)) = &event.answer
                && answer.is_answer()
            {
                answers.entry(event.process).or_default().push(*to);
            }
        }
        answers.values_mut().for_each(|answers| answers.sort_unstable());
        Self(answers)
    }

    /// How long a process had none from then on; nothing if it never asked again.
    fn recovery(&self, process: u32, since: u64) -> Duration {
        let first =
            self.0.get(&process).and_then(|answers| answers.get(answers.partition_point(|to| *to < since)));
        Duration::from_micros(first.map_or(0, |first| first - since))
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or_default()
}
