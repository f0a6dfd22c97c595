use std::fmt::Debug;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

/// Time, injected so that tests can move it.
///
/// Nothing in wxhook takes the time from anywhere else.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Returns the wall time, which may be wrong and may step in both directions.
    fn now(&self) -> SystemTime;

    /// Returns the time since an arbitrary start, which goes on steadily whatever happens to the wall time.
    ///
    /// Stores measure waits by it while the wall time is behind. The default is the machine's monotonic clock; a clock
    /// whose wall time is moved by hand moves this one along, or else it steps.
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
