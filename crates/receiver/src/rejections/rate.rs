use tokio::time::{Duration, Instant};

/// Lines of one reason before the rest is only counted.
const BURST: u32 = 10;
/// Lines of all reasons in one window; together with the summary less than 16 KiB.
const MAX_LINES: u32 = 40;
/// Part of [`MAX_LINES`] that only the first event of a reason may use: a flood of one kind doesn't hide another.
const RESERVED: u32 = 10;
/// Interval at which the suppressed events are summed up.
pub(crate) const WINDOW: Duration = Duration::from_secs(60);

/// Decides which events get a log line of their own, and counts the others by reason.
///
/// Each reason has a burst of lines, and all reasons together have a budget. A reason that had more events than its burst
/// within one window gets no line in the next one, only its count in the summary, until it has had a quiet window.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    /// The reasons of this window, and those that were in flood in the one before. A few dozen at most.
    reasons: Vec<Reason>,
    /// The end of the window; `None` before the first event, and after a quiet window.
    end: Option<Instant>,
    /// Lines written in this window.
    lines: u32,
}

#[derive(Debug)]
struct Reason {
    name: &'static str,
    /// Lines left.
    left: u32,
    /// Events in this window.
    events: u64,
    /// Events in this window that got no line.
    suppressed: u64,
}

/// The events of one window that got no line of their own: at least one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Number of events by reason, in the order of their first event.
    pub(crate) counts: Vec<(&'static str, u64)>,
}

impl Rate {
    /// Notes an event and returns whether it gets a line. [`roll`](Self::roll) must have been called with this `now`.
    pub(crate) fn admit(&mut self, name: &'static str, now: Instant) -> bool {
        if self.end.is_none() {
            self.end = Some(now + WINDOW);
        }
        let index = self.reasons.iter().position(|reason| reason.name == name).unwrap_or_else(|| {
            self.reasons.push(Reason { name, left: BURST, events: 0, suppressed: 0 });
            self.reasons.len() - 1
        });
        let Some(reason) = self.reasons.get_mut(index) else { return false };
        let budget = if reason.left == BURST { MAX_LINES } else { MAX_LINES - RESERVED };
        let admitted = reason.left > 0 && self.lines < budget;
        reason.events = reason.events.saturating_add(1);
        if admitted {
            reason.left -= 1;
            self.lines += 1;
        } else {
            reason.suppressed = reason.suppressed.saturating_add(1);
        }
        admitted
    }

    /// Begins the next window if this one is over. Returns what was suppressed in it.
    pub(crate) fn roll(&mut self, now: Instant) -> Option<Summary> {
        let end = self.end.filter(|end| *end <= now)?;
        let summary = self.take();
        self.reasons.retain_mut(|reason| {
            let in_flood = reason.events > u64::from(BURST);
            reason.left = 0;
            reason.events = 0;
            in_flood
        });
        self.lines = 0;
        // The next window follows at once; after a quiet one everything begins anew.
        self.end = Some(end + WINDOW).filter(|end| *end > now && !self.reasons.is_empty());
        if self.end.is_none() {
            self.reasons.clear();
        }
        summary
    }

    /// Returns what was suppressed since the last summary, and forgets the counts.
    pub(crate) fn take(&mut self) -> Option<Summary> {
        let suppressed = self.reasons.iter_mut().filter(|reason| reason.suppressed > 0);
        let counts: Vec<_> =
            suppressed.map(|reason| (reason.name, std::mem::take(&mut reason.suppressed))).collect();
        (!counts.is_empty()).then_some(Summary { counts })
    }

    /// Returns when a summary is due, if there is anything to sum up.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.end.filter(|_| self.reasons.iter().any(|reason| reason.suppressed > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(start: Instant, second: u64) -> Instant {
        start + Duration::from_secs(second)
    }

    /// Rolls and admits, as the caller does.
    fn event(rate: &mut Rate, name: &'static str, now: Instant) -> (Option<Summary>, bool) {
        let summary = rate.roll(now);
        (summary, rate.admit(name, now))
    }

    fn counts(counts: &[(&'static str, u64)]) -> Option<Summary> {
        Some(Summary { counts: counts.to_vec() })
    }

    #[test]
    fn a_flood_is_a_burst_and_a_summary_a_minute() {
        let (mut rate, start) = (Rate::default(), Instant::now());
        let (mut lines, mut summaries) = (Vec::new(), Vec::new());
        for tick in 0..30_000 {
            let (summary, admitted) = event(&mut rate, "signature", start + Duration::from_millis(10 * tick));
            lines.extend(admitted.then_some(tick));
            summaries.extend(summary.map(|summary| (tick, summary.counts)));
        }
        assert_eq!(lines, (0..10).collect::<Vec<_>>(), "one burst in five minutes");
        assert_eq!(
            summaries,
            [
                (6_000, vec![("signature", 5_990)]),
                (12_000, vec![("signature", 6_000)]),
                (18_000, vec![("signature", 6_000)]),
                (24_000, vec![("signature", 6_000)]),
            ]
        );
        // The flood is over; its last counts aren't lost, and after a quiet minute a line is a line again.
        assert_eq!(rate.due(), Some(second(start, 300)));
        assert_eq!(rate.roll(second(start, 300)), counts(&[("signature", 6_000)]));
        assert_eq!(rate.due(), None);
        assert_eq!(event(&mut rate, "signature", second(start, 330)), (None, false), "half a minute later");
        assert_eq!(
            event(&mut rate, "signature", second(start, 361)),
            (counts(&[("signature", 1)]), true),
            "there was one in a minute"
        );
    }

    #[test]
    fn ten_a_minute_are_all_written_and_eleven_are_not() {
        for (each_minute, suppressed) in [(10, 0), (11, 1)] {
            let (mut rate, start, mut unwritten) = (Rate::default(), Instant::now(), 0);
            for minute in 0..5 {
                for nth in 0..each_minute {
                    unwritten += u64::from(!event(&mut rate, "stale", second(start, minute * 60 + nth)).1);
                }
            }
            // In flood from the first minute on.
            let expected = if suppressed == 0 { 0 } else { 1 + 4 * 11 };
            assert_eq!(unwritten, expected, "{each_minute} a minute");
        }
    }

    #[test]
    fn a_pause_of_any_length_ends_a_flood() {
        let (mut rate, start) = (Rate::default(), Instant::now());
        for _ in 0..100 {
            event(&mut rate, "sign", start);
        }
        let later = second(start, 3_600);
        assert_eq!(event(&mut rate, "sign", later), (counts(&[("sign", 90)]), true));
    }

    #[test]
    fn reasons_have_bursts_of_their_own_and_all_have_a_budget() {
        let (mut rate, start) = (Rate::default(), Instant::now());
        let names: [&'static str; 14] =
            ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n"];
        let mut lines = names.map(|_| 0);
        for (name, lines) in names.iter().zip(&mut lines) {
            for _ in 0..1_000 {
                *lines += u32::from(event(&mut rate, name, start).1);
            }
        }
        assert_eq!(lines, [10, 10, 10, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
        let summary = rate.roll(second(start, 60)).unwrap();
        assert_eq!(summary.counts.iter().map(|(name, _)| *name).collect::<Vec<_>>(), names);
        assert_eq!(summary.counts.iter().map(|(_, count)| count).sum::<u64>(), 14_000 - 40);
        // In the next minute only what is new has lines.
        for name in names {
            assert!(!event(&mut rate, name, second(start, 61)).1);
        }
        assert!(event(&mut rate, "new", second(start, 61)).1);
    }

    #[test]
    fn taking_leaves_nothing_to_be_summed_up() {
        let (mut rate, start) = (Rate::default(), Instant::now());
        for _ in 0..12 {
            event(&mut rate, "xml", start);
        }
        assert_eq!(rate.take(), counts(&[("xml", 2)]));
        assert_eq!((rate.take(), rate.due()), (None, None));
    }
}
