use std::fmt::Debug;
use std::time::SystemTime;

/// Wall time, injected so that tests can move it.
///
/// Nothing in wxhook takes the time from anywhere else.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> SystemTime;
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
