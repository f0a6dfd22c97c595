use std::fmt::Debug;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

/// A source of time, which tests can replace.
///
/// Nothing in wxhook reads the time in any other way.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Returns the wall time, which may be wrong and may step in both directions.
    fn now(&self) -> SystemTime;

    /// Returns the time since an arbitrary start. It advances steadily, regardless of changes to the wall time.
    ///
    /// Stores measure waits with it while the wall time is behind. The default is the machine's monotonic clock. A
    /// clock whose wall time is set by hand must advance this one, too; otherwise the change counts as a jump.
    fn elapsed(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}
