use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// What a storm counted, and what was wrong. `Display` is what a test prints.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Storms that were run.
    pub rounds: u32,
    /// Processes at a time; 0 if everything happened in threads of the test's own.
    pub processes: u32,
    /// Calls of `accept` and `begin`, repetitions included.
    pub sent: u64,
    /// Of these, answered as new.
    pub new: u64,
    /// Answered as known with equal content, from before or from a handler that has or had it.
    pub duplicate: u64,
    /// Answered as changed.
    pub changed: u64,
    /// BeginResult: the caller got the lease in the same step.
    pub begun: u64,
    /// Answered that somebody else has it.
    pub busy: u64,
    /// Calls of any operation that were answered as unavailable.
    pub unavailable: u64,
    /// Calls of any operation during which the process was killed.
    pub unanswered: u64,
    /// Processes killed.
    pub kills: u64,
    /// Outages.
    pub outages: u64,
    /// Leases that somebody got to know of.
    pub leases: u64,
    /// Of these, run out without a word of the holder.
    pub ran_out: u64,
    /// Answers to holders that their lease is lost.
    pub lost: u64,
    /// Of these, where the journals know who had taken it.
    pub superseded: u64,
    /// Records in the end.
    pub records: u64,
    /// Of these, done.
    pub completed: u64,
    /// Of these, parked.
    pub parked: u64,
    /// From a kill until the replacement's first answer, the worst.
    pub after_kill: Duration,
    /// From the end of an outage until a process had an answer again, the worst.
    pub after_outage: Duration,
    /// How long it took until every delivery was answered, the longest round.
    pub delivering: Duration,
    /// How long it took from then on until every record had ended, the longest round.
    pub ending: Duration,
    /// How long all of it took, the judge included.
    pub took: Duration,
    pub(super) faults: Vec<Fault>,
    /// Where the journals of a round with a fault are, if they were kept.
    pub(super) journals: Option<PathBuf>,
}

impl Report {
    /// What was wrong.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// One more round.
    pub(super) fn add(&mut self, round: Self) {
        self.rounds += 1;
        self.processes = round.processes;
        self.sent += round.sent;
        self.new += round.new;
        self.duplicate += round.duplicate;
        self.changed += round.changed;
        self.begun += round.begun;
        self.busy += round.busy;
        self.unavailable += round.unavailable;
        self.unanswered += round.unanswered;
        self.kills += round.kills;
        self.outages += round.outages;
        self.leases += round.leases;
        self.ran_out += round.ran_out;
        self.lost += round.lost;
        self.superseded += round.superseded;
        self.records += round.records;
        self.completed += round.completed;
        self.parked += round.parked;
        self.after_kill = self.after_kill.max(round.after_kill);
        self.after_outage = self.after_outage.max(round.after_outage);
        self.delivering = self.delivering.max(round.delivering);
        self.ending = self.ending.max(round.ending);
        self.faults.extend(round.faults);
        self.journals = round.journals.or(self.journals.take());
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, new, duplicate, changed, begun, busy, unavailable, unanswered, .. } = self;
        writeln!(
            f,
            "  accepts sent {sent}: new {new}, duplicate {duplicate}, changed {changed}, begun {begun}, busy {busy}"
        )?;
        let Self { processes, kills, outages, after_kill, after_outage, .. } = self;
        match processes {
            0 => write!(f, "  threads of one process, which isn't killed")?,
            processes => write!(f, "  processes {processes}, kills {kills}")?,
        }
        write!(f, ", outages {outages}; calls unavailable {unavailable}")?;
        if *kills > 0 {
            write!(f, ", cut off by a kill {unanswered}; worst time to recover from one {after_kill:.1?}")?;
        }
        if *outages > 0 {
            write!(f, "; worst time to recover from an outage {after_outage:.1?}")?;
        }
        writeln!(f)?;
        let Self { leases, ran_out, lost, superseded, .. } = self;
        writeln!(
            f,
            "  leases {leases}, ran out {ran_out}; stale steps lost {lost}, {superseded} of them to a known successor"
        )?;
        let Self { rounds, records, completed, parked, delivering, ending, took, .. } = self;
        write!(
            f,
            "  records {records}: completed {completed}, parked {parked}; rounds {rounds}, took {took:.1?}: \
             all answered within {delivering:.1?}, all ended {ending:.1?} later"
        )?;
        for fault in &self.faults {
            write!(f, "\n  FAULT {fault}")?;
        }
        match &self.journals {
            Some(path) => write!(f, "\n  its journals are in {}", path.display()),
            None => Ok(()),
        }
    }
}

/// Something that doesn't fit together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub(super) rule: &'static str,
    pub(super) times: usize,
    pub(super) example: String,
}

impl Fault {
    /// Which rule was broken, e.g. `two live leases`.
    pub fn rule(&self) -> &'static str {
        self.rule
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} times), e.g. {}", self.rule, self.times, self.example)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_happen_is_not_told() {
        let calm = Report::default().to_string();
        assert!(
            calm.contains("threads of one process, which isn't killed, outages 0; calls unavailable 0\n"),
            "{calm}"
        );
        assert!(!calm.contains("recover"), "{calm}");
        let after_outage = Duration::from_millis(250);
        let report =
            Report { processes: 4, kills: 12, outages: 10, after_outage, ..Report::default() }.to_string();
        assert!(report.contains("processes 4, kills 12, outages 10; "), "{report}");
        assert!(report.contains("recover from an outage 250.0ms\n"), "{report}");
    }
}
