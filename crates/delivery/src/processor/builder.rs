use super::trouble::Trouble;
use super::{AttemptOutcome, Inner, ParkedRecord, Processor};
use crate::backoff::Backoff;
use crate::check::SharedCheck;
use crate::sink::SharedSink;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error as ThisError;
use wxhook_idempotency::{SharedStore, StoredRecord};

/// Leases that make sense: they can be renewed in time, and a crash doesn't hold up a record for ever.
pub(crate) const LEASES: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(3600);

/// Why a [`Processor`] can't be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum ProcessorBuildError {
    /// The lease isn't between 100 milliseconds and 1 hour.
    #[error("the lease must be between 100ms and 1h")]
    Lease,
    /// The time-out is zero: nothing could ever be delivered.
    #[error("the time-out must not be zero")]
    Timeout,
}

/// Sets up a [`Processor`].
pub struct ProcessorBuilder {
    inner: Inner,
}

impl ProcessorBuilder {
    pub(super) fn new(store: SharedStore, sink: SharedSink) -> Self {
        Self {
            inner: Inner {
                store,
                sink,
                check: None,
                timeout: Duration::from_secs(60),
                lease: Duration::from_secs(30),
                backoff: Backoff::default(),
                give_up_after: Duration::from_secs(3 * 86_400),
                not_yet_for: Duration::from_secs(600),
                flag_failed: None,
                observe: None,
                observe_parked: None,
                trouble: Trouble::default(),
            },
        }
    }

    /// Compares each record with the merchant's own order first; the default is not to.
    #[must_use]
    pub fn check(mut self, check: SharedCheck) -> Self {
        self.inner.check = Some(check);
        self
    }

    /// How long the check may take, and then the sink; the default is 60 seconds.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.inner.timeout = timeout;
        self
    }

    /// How long a lease lasts before it must be renewed, and so how long a crash holds up its records; from 100
    /// milliseconds to 1 hour, the default is 30 seconds.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.inner.lease = lease;
        self
    }

    /// How long to wait between attempts; the default goes from 1 second to 15 minutes.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.inner.backoff = backoff;
        self
    }

    /// A record of this age (since it was accepted, by the store's clock) that fails once more is parked; the default is
    /// 3 days. One that a person sends again after that has one attempt.
    ///
    /// A record also parks after its entry's `max_attempts`; with the default backoff, 3 days are about 600 attempts.
    #[must_use]
    pub fn give_up_after(mut self, age: Duration) -> Self {
        self.inner.give_up_after = age;
        self
    }

    /// A record of this age whose order the check still doesn't know is parked; the default is 10 minutes.
    #[must_use]
    pub fn not_yet_for(mut self, age: Duration) -> Self {
        self.inner.not_yet_for = age;
        self
    }

    /// Flags a record whose attempt failed with what this returns for it; the default returns nothing.
    #[must_use]
    pub fn flag_failed(
        mut self,
        flag: impl Fn(&StoredRecord) -> Option<&'static str> + Send + Sync + 'static,
    ) -> Self {
        self.inner.flag_failed = Some(Box::new(flag));
        self
    }

    /// Is told how each attempt ended, e.g. to count it; must not block. The default tells nobody.
    #[must_use]
    pub fn observe(mut self, observe: impl Fn(&AttemptOutcome) + Send + Sync + 'static) -> Self {
        self.inner.observe = Some(Box::new(observe));
        self
    }

    /// Calls `observe` with each record that was parked, e.g. to count it; it must not block.
    #[must_use]
    pub fn observe_parked(mut self, observe: impl Fn(&ParkedRecord<'_>) + Send + Sync + 'static) -> Self {
        self.inner.observe_parked = Some(Box::new(observe));
        self
    }

    /// The processor.
    ///
    /// # Errors
    /// [`ProcessorBuildError`] where a span makes no sense.
    pub fn build(self) -> Result<Processor, ProcessorBuildError> {
        if !LEASES.contains(&self.inner.lease) {
            return Err(ProcessorBuildError::Lease);
        }
        if self.inner.timeout.is_zero() {
            return Err(ProcessorBuildError::Timeout);
        }
        Ok(Processor { inner: Arc::new(self.inner) })
    }
}

impl fmt::Debug for ProcessorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessorBuilder").field("sink", &self.inner.sink).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LineSink;
    use wxhook_idempotency::MemoryStore;

    fn build(set: impl FnOnce(ProcessorBuilder) -> ProcessorBuilder) -> Result<(), ProcessorBuildError> {
        let store = SharedStore::new(MemoryStore::default());
        let sink = SharedSink::new(LineSink::new("lines", Vec::new()));
        set(Processor::builder(store, sink)).build().map(|_| ())
    }

    #[test]
    fn spans_that_make_no_sense_are_refused() {
        let ms = Duration::from_millis;
        assert_eq!(build(|builder| builder), Ok(()));
        assert_eq!(build(|builder| builder.lease(ms(100))), Ok(()));
        assert_eq!(build(|builder| builder.lease(ms(99))), Err(ProcessorBuildError::Lease));
        assert_eq!(
            build(|builder| builder.lease(Duration::from_secs(3601))),
            Err(ProcessorBuildError::Lease)
        );
        assert_eq!(build(|builder| builder.timeout(ms(1))), Ok(()));
        assert_eq!(build(|builder| builder.timeout(Duration::ZERO)), Err(ProcessorBuildError::Timeout));
    }
}
