use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The figures of a stress test, and the rules that were violated. `Display` is what a test prints.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    counts: BTreeMap<&'static str, u64>,
    longest: BTreeMap<&'static str, Duration>,
    violations: Vec<Violation>,
    histories: Option<PathBuf>,
}

/// A rule that a store violated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    rule: &'static str,
    times: usize,
    example: String,
}

impl Violation {
    /// Returns the rule, e.g. `two live leases`.
    pub fn rule(&self) -> &'static str {
        self.rule
    }
}

impl Report {
    /// Returns the violations, one for each rule.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Returns a figure by the name that `Display` prints, e.g. `kills`; 0 if there is none.
    pub fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or_default()
    }

    /// Returns the longest time of its kind by the name that `Display` prints, e.g. `to recover from a kill`.
    pub fn longest(&self, name: &str) -> Duration {
        self.longest.get(name).copied().unwrap_or_default()
    }

    pub(in super::super) fn add(&mut self, name: &'static str, count: u64) {
        *self.counts.entry(name).or_default() += count;
    }

    pub(in super::super) fn add_time(&mut self, name: &'static str, time: Duration) {
        let longest = self.longest.entry(name).or_default();
        *longest = time.max(*longest);
    }

    pub(super) fn violate(&mut self, rule: &'static str, example: impl FnOnce() -> String) {
        match self.violations.iter_mut().find(|violation| violation.rule == rule) {
            Some(violation) => violation.times += 1,
            None => self.violations.push(Violation { rule, times: 1, example: example() }),
        }
    }

    pub(in super::super) fn keep_histories(&mut self, directory: PathBuf) {
        self.histories = Some(directory);
    }

    /// Adds the report of one more round.
    pub(in super::super) fn merge(&mut self, round: Self) {
        round.counts.into_iter().for_each(|(name, count)| self.add(name, count));
        round.longest.into_iter().for_each(|(name, time)| self.add_time(name, time));
        self.violations.extend(round.violations);
        self.histories = round.histories.or(self.histories.take());
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts.iter().filter(|(_, count)| **count > 0);
        let counts: Vec<_> = counts.map(|(name, count)| format!("{name} {count}")).collect();
        write!(f, "  {}", counts.join(", "))?;
        for (name, time) in &self.longest {
            write!(f, "\n  {time:.1?} {name}")?;
        }
        for Violation { rule, times, example } in &self.violations {
            write!(f, "\n  VIOLATION {rule} ({times} times), e.g. {example}")?;
        }
        match &self.histories {
            Some(path) => write!(f, "\n  the histories are in {}", path.display()),
            None => Ok(()),
        }
    }
}
