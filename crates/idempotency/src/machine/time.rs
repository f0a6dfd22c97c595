use crate::machine::Moment;
use crate::record::Retention;
use std::fmt;
use std::time::Duration;

/// Minimum time that a wall clock must be ahead to count as a jump.
const JUMP: Duration = Duration::from_secs(3600);
/// Time for which nothing is purged after a jump. The platform's last resend of a done record arrives within it.
const PAUSE: Duration = Retention::MIN;

/// The time that a store keeps with its records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimeState {
    /// The store's time at its last change; `None` in a new store.
    pub last: Option<Moment>,
    /// Nothing is purged before this time.
    pub purge_after: Option<Moment>,
}

impl TimeState {
    /// Creates the value from stored times.
    pub const fn new(last: Option<Moment>, purge_after: Option<Moment>) -> Self {
        Self { last, purge_after }
    }
}

/// The time of a store in one process. It never goes back, and it advances while the wall clock is behind.
///
/// - The wall clock decides while it isn't behind [`TimeState::last`].
/// - While it is behind, the time advances from the last one with the monotonic clock, so that waits and leases still
///   end on time. After a restart it advances from [`TimeState::last`].
/// - If the wall clock is more than an hour ahead of where it should be, it has jumped: nothing is purged for 25 hours,
///   since records that seem old may be new. A new store never sees a jump, and idle time in a running process isn't
///   one.
///
/// A backend asks for the time once in each step that writes, and stores the new [`TimeState`] together with the step's
/// changes. If the step is rolled back, the backend restores an earlier copy of this value.
///
/// ```
/// use std::time::Duration;
/// use wxhook_idempotency::machine::{TimeState, Moment, StoreTime};
///
/// let (mut time, mut kept) = (StoreTime::default(), TimeState::default());
/// let noon = Moment::from_millis(1_800_000_000_000);
/// assert_eq!(time.now(&mut kept, noon, Duration::from_secs(1)).0, noon);
/// // The wall clock steps back by a day while a minute passes.
/// let behind = noon.minus(Duration::from_secs(86_400));
/// let (now, jump) = time.now(&mut kept, behind, Duration::from_secs(61));
/// assert_eq!((now, jump), (noon.plus(Duration::from_secs(60)), None));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoreTime {
    anchor: Option<Anchor>,
}

/// A store time, and the monotonic clock at that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Anchor {
    elapsed: Duration,
    time: Moment,
}

impl Anchor {
    fn reaches(self, elapsed: Duration) -> Moment {
        let passed = elapsed.saturating_sub(self.elapsed).as_millis();
        self.time.plus(Duration::from_millis(u64::try_from(passed).unwrap_or(u64::MAX)))
    }
}

impl StoreTime {
    /// Returns the time of a step that writes, from the wall clock and the monotonic clock, and the jump if there was
    /// one. The time becomes the last one.
    pub fn now(
        &mut self,
        kept: &mut TimeState,
        wall: Moment,
        elapsed: Duration,
    ) -> (Moment, Option<ClockJump>) {
        let base = self.base(kept, elapsed);
        let behind = kept.last.is_some_and(|last| wall < last);
        let now = if behind { base.unwrap_or(wall) } else { wall };
        let jump =
            base.filter(|base| wall > base.plus(JUMP)).map(|base| ClockJump { ahead: wall.since(base) });
        if jump.is_some() {
            kept.purge_after = kept.purge_after.max(Some(now.plus(PAUSE)));
        }
        // While the clock is behind, the anchor stays; otherwise every step would lose a fraction of a millisecond.
        if !behind || self.anchor.is_none_or(|anchor| anchor.reaches(elapsed) < now) {
            self.anchor = Some(Anchor { elapsed, time: now });
        }
        kept.last = kept.last.max(Some(now));
        (now, jump)
    }

    /// Returns the time of a step that only reads.
    pub fn peek(&self, kept: &TimeState, wall: Moment, elapsed: Duration) -> Moment {
        if kept.last.is_some_and(|last| wall < last) {
            self.base(kept, elapsed).unwrap_or(wall)
        } else {
            wall
        }
    }

    /// Returns the time without the wall clock, if it is known.
    fn base(&self, kept: &TimeState, elapsed: Duration) -> Option<Moment> {
        kept.last.max(self.anchor.map(|anchor| anchor.reaches(elapsed)))
    }
}

/// A jump of the wall clock; its `Display` is the text of a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClockJump {
    /// Time by which the wall clock is ahead of the store's time.
    pub ahead: Duration,
}

impl ClockJump {
    /// Creates a jump of this length, for backends that detect it themselves.
    pub const fn new(ahead: Duration) -> Self {
        Self { ahead }
    }
}

impl fmt::Display for ClockJump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.ahead.as_secs() / 60;
        let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
        write!(
            f,
            "the clock is {days} d {hours} h {minutes} min ahead of the store's last time; nothing is purged for 25 hours \
             of running time: check the clock"
        )
    }
}

#[cfg(test)]
mod tests;
