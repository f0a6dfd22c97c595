use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use wxhook_wire::{Catalog, EventMeta};

use crate::Error;

/// The named schedules and their waits, in the format of [`Schedule::from_str`].
const NAMED: [(&str, &str); 5] = [
    ("standard", "15s x2, 30s, 3m, 10m, 20m, 30m x3, 60m, 3h x3, 6h x2"),
    ("score", "15s x2, 30s, 180s, 1800s x4, 3600s"),
    ("score-from-0", "0s, 15s x2, 30s, 180s, 1800s x4, 3600s"),
    ("transfer", "0s, 15s x10, 300s x10, 1800s x44"),
    ("once", ""),
];
/// The maximum number of waits.
const MAX_WAITS: usize = 1000;

/// The platform's retry schedule for a notification that wasn't accepted: the waits after each failed try.
///
/// Parsed from its name (`standard`, `score`, `score-from-0`, `transfer` or `once`), or from its waits, which is how
/// catalogs write the schedules of single events.
///
/// ```
/// use std::time::Duration;
/// use wxhook_simulator::Schedule;
///
/// let standard: Schedule = "standard".parse()?;
/// assert_eq!((standard.tries(), standard.total()), (16, Duration::from_secs((24 * 60 + 4) * 60)));
/// let other: Schedule = "15s x10, 300s x10, 1800s x47".parse()?;
/// assert_eq!(other.waits()[..3], [Duration::from_secs(15); 3]);
/// let doubling: Schedule = "doubling from 6s to 1536s".parse()?;
/// assert_eq!(doubling.waits().len(), 9);
/// # Ok::<(), wxhook_simulator::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    name: String,
    waits: Vec<Duration>,
}

impl Schedule {
    /// Returns the schedule of most events: 15 waits, 24 h 4 min in all.
    pub fn standard() -> Self {
        // the name is one of ours, so it is known
        "standard".parse().unwrap_or_else(|_| Self::once())
    }

    /// Returns the schedule of a single try.
    pub fn once() -> Self {
        Self { name: "once".to_owned(), waits: Vec::new() }
    }

    /// Returns an event's schedule, from its catalog. A question is asked once, since no document says that it is
    /// repeated.
    ///
    /// # Errors
    /// [`Error::Schedule`] if the catalog's name for it is invalid.
    pub fn of(meta: &EventMeta) -> Result<Self, Error> {
        if meta.question { Ok(Self::once()) } else { meta.schedule.parse() }
    }

    /// Returns the named schedules, and then the unnamed ones of a catalog's events.
    pub fn all(catalog: &dyn Catalog) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        let of_events = catalog.events().map(|meta| meta.schedule);
        for name in NAMED.iter().map(|(name, _)| *name).chain(of_events) {
            if all.iter().all(|known| known.name != name) {
                all.extend(name.parse());
            }
        }
        all
    }

    /// Returns the text that it was parsed from.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the platform's waits after the first failed try, the second, and so on.
    pub fn waits(&self) -> &[Duration] {
        &self.waits
    }

    /// Returns the maximum number of tries.
    pub fn tries(&self) -> usize {
        self.waits.len() + 1
    }

    /// Returns the time between the first try and the last.
    pub fn total(&self) -> Duration {
        self.waits.iter().sum()
    }
}

impl FromStr for Schedule {
    type Err = Error;

    /// Parses a name; waits with optional repeat counts (`60s x11`, `3s 60s 180s`, `10s x3, 30s x3`); or
    /// `doubling from 6s to 1536s`. Anything else is [`Error::Schedule`].
    fn from_str(name: &str) -> Result<Self, Error> {
        let named = NAMED.iter().find(|(known, _)| *known == name);
        let waits = match named {
            Some((_, waits)) => list(waits),
            None if name.trim().is_empty() => None,
            None => doubling(name).or_else(|| list(name)),
        };
        Ok(Self { name: name.to_owned(), waits: waits.ok_or(Error::Schedule)? })
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// `10s x3, 30s`
fn list(text: &str) -> Option<Vec<Duration>> {
    let mut waits = Vec::new();
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        match word.strip_prefix('x') {
            Some(times) => {
                let (times, last) = (times.parse::<usize>().ok()?, *waits.last()?);
                waits.extend(std::iter::repeat_n(
                    last,
                    times.checked_sub(1).filter(|more| *more < MAX_WAITS)?,
                ));
            }
            None => waits.push(humantime::parse_duration(word).ok()?),
        }
        if waits.len() > MAX_WAITS {
            return None;
        }
    }
    Some(waits)
}

/// `doubling from 6s to 1536s`
fn doubling(text: &str) -> Option<Vec<Duration>> {
    let (from, to) = text.strip_prefix("doubling from ")?.split_once(" to ")?;
    let (from, to) = (humantime::parse_duration(from).ok()?, humantime::parse_duration(to).ok()?);
    let waits = std::iter::successors(Some(from), |wait| wait.checked_mul(2));
    (!from.is_zero()).then(|| waits.take_while(|wait| *wait <= to).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in [
            "",
            " ",
            "Standard",
            "x3",
            "15",
            "15s x0",
            "15s x9999999999",
            "15s y2",
            "doubling from 0s to 9s",
            "60s x1001",
        ] {
            assert!(matches!(text.parse::<Schedule>(), Err(Error::Schedule)), "{text}");
        }
    }
}
