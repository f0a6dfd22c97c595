use super::{AttemptOutcome, FailureLog, Inner, ParkedRecord, Processor};
use crate::backoff::Backoff;
use crate::check::SharedCheck;
use crate::lease::LEASES;
use crate::sink::SharedSink;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use wxhook_idempotency::{SharedStore, StoredRecord};

/// An error of [`ProcessorBuilder::build`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessorBuildError {
    /// The lease isn't between 100 milliseconds and 1 hour.
    #[error("invalid lease; it must be between 100ms and 1h")]
    Lease,
    /// The timeout is zero, so that nothing could ever be delivered.
    #[error("invalid timeout; it must not be zero")]
    Timeout,
}

/// A builder of a [`Processor`].
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
                failures: FailureLog::default(),
            },
        }
    }

    /// Sets the check that compares each record with the merchant's own order first; none by default.
    #[must_use]
    pub fn check(mut self, check: SharedCheck) -> Self {
        self.inner.check = Some(check);
        self
    }

    /// Sets the maximum time of the check, and of the sink; 60 seconds by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.inner.timeout = timeout;
        self
    }

    /// Sets the length of a lease, and so the time for which a crash holds up its records; from 100 milliseconds to 1 hour,
    /// 30 seconds by default.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.inner.lease = lease;
        self
    }

    /// Sets the wait between attempts; from 1 second to 15 minutes by default.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.inner.backoff = backoff;
        self
    }

    /// Sets the age, since it was accepted, from which a record that fails once more is parked; 3 days by default. A record
    /// that an operator requeues after that has one attempt.
    ///
    /// A record also parks after its entry's `max_attempts`; with the default backoff, 3 days are about 600 attempts.
    #[must_use]
    pub fn give_up_after(mut self, age: Duration) -> Self {
        self.inner.give_up_after = age;
        self
    }

    /// Sets the age from which a record without an order is parked; 10 minutes by default.
    #[must_use]
    pub fn not_yet_for(mut self, age: Duration) -> Self {
        self.inner.not_yet_for = age;
        self
    }

    /// Flags a record whose attempt failed with the flag that this returns; none by default.
    #[must_use]
    pub fn flag_failed(
        mut self,
        flag: impl Fn(&StoredRecord) -> Option<&'static str> + Send + Sync + 'static,
    ) -> Self {
        self.inner.flag_failed = Some(Box::new(flag));
        self
    }

    /// Calls `observe` after each attempt, e.g. to count it; it must not block.
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

    /// Builds the processor.
    ///
    /// # Errors
    /// [`ProcessorBuildError`] if the lease or the timeout is invalid.
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
    fn invalid_durations_are_rejected() {
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
