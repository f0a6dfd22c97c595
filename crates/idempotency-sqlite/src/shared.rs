use crate::head::Head;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wxhook_idempotency::Clock;
use wxhook_idempotency::machine::{ClockJump, Moment, StoreTime, TimeState};

/// A process's knowledge of the store that it opened, independent of the file.
#[derive(Debug)]
pub(crate) struct Shared {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    lost: AtomicU64,
}

#[derive(Debug)]
struct State {
    head: Head,
    time: StoreTime,
}

impl Shared {
    /// Creates the value from the state of the store when it was opened.
    pub(crate) fn new(clock: Arc<dyn Clock>, head: Head) -> Self {
        let state = State { head, time: StoreTime::default() };
        Self { clock, state: Mutex::new(state), lost: AtomicU64::new(0) }
    }

    /// Returns the head as of the last transaction, whether it was written or not.
    pub(crate) fn head(&self) -> Head {
        self.state().head
    }

    /// Returns the store's time as of the last transaction.
    pub(crate) fn time(&self) -> StoreTime {
        self.state().time
    }

    /// Returns the store's current time, for a transaction that may write.
    pub(crate) fn now(&self, time: &mut StoreTime, kept: &mut TimeState) -> (Moment, Option<ClockJump>) {
        time.now(kept, Moment::from_system(self.clock.now()), self.clock.elapsed())
    }

    /// Returns the store's current time, for a transaction that only reads.
    pub(crate) fn peek(&self) -> Moment {
        let State { head, time } = *self.state();
        time.peek(&head.time, Moment::from_system(self.clock.now()), self.clock.elapsed())
    }

    /// Records the store's time and numbers at the end of a committed transaction.
    pub(crate) fn committed(&self, head: Head, time: StoreTime) {
        *self.state() = State { head, time };
    }

    /// The store was found to have given no number after `last`, though it gave so many.
    pub(crate) fn lost(&self, last: u64, count: u64) {
        self.lost.fetch_add(count, Ordering::Relaxed);
        let (from, until) = (last.saturating_add(1), last.saturating_add(count));
        tracing::error!(
            from,
            until,
            count,
            "acknowledged records are lost: the database was put back to an earlier state while it was open; query \
             the merchant platform for what had these numbers"
        );
    }

    /// Returns the count of numbers that were lost so far.
    pub(crate) fn lost_count(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
