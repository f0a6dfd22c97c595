use std::time::{Duration, SystemTime};

/// A time as stores keep it: whole milliseconds since 1970, at most the end of the year 9999.
///
/// Arithmetic saturates, so neither a wrong clock nor an absurd span panics or wraps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    /// 1970-01-01T00:00:00Z, which stands for everything earlier, too.
    pub const FIRST: Self = Self(0);
    /// 9999-12-31T23:59:59.999Z, which stands for everything later, too.
    pub const LAST: Self = Self(253_402_300_799_999);

    /// Creates one from milliseconds since 1970; a value out of range becomes the nearest moment.
    pub const fn from_millis(millis: i64) -> Self {
        if millis < Self::FIRST.0 {
            Self::FIRST
        } else if millis > Self::LAST.0 {
            Self::LAST
        } else {
            Self(millis)
        }
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The millisecond that `time` is in.
    pub fn from_system(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// As the system's type.
    pub fn to_system(self) -> SystemTime {
        // LAST fits every platform's SystemTime.
        SystemTime::UNIX_EPOCH.checked_add(self.since(Self::FIRST)).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Returns the moment that much later, rounded up to a whole millisecond, so that a span is never too short.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        let millis = i64::try_from(span.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// Returns the moment that much earlier.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        let millis = i64::try_from(span.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_sub(millis))
    }

    /// Returns the time since `earlier`; zero if it isn't.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_wraps() {
        assert_eq!(Moment::LAST.plus(Duration::MAX), Moment::LAST);
        assert_eq!(Moment::FIRST.minus(Duration::MAX), Moment::FIRST);
        assert_eq!(Moment::from_millis(-5), Moment::FIRST);
        assert_eq!(Moment::from_millis(i64::MAX), Moment::LAST);
        assert_eq!(Moment::FIRST.since(Moment::LAST), Duration::ZERO);
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(5);
        assert_eq!(Moment::from_system(before), Moment::FIRST);
        assert_eq!(Moment::from_system(Moment::LAST.to_system()), Moment::LAST);
    }

    #[test]
    fn instants_round_down_and_spans_round_up() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_999_999);
        assert_eq!(Moment::from_system(time).millis(), 1);
        assert_eq!(Moment::FIRST.plus(Duration::from_nanos(1)).millis(), 1);
        assert_eq!(Moment::FIRST.plus(Duration::from_millis(7)).millis(), 7);
    }
}
