mod lines;

use crate::rate::{Rate, Summary};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until};

/// A limit on log lines about rejected requests, so that a flood of them can't fill the log. Cheap to clone.
///
/// Each reason may write ten lines, and all reasons together forty a minute. What goes beyond that is counted and summed
/// up in one line a minute, also after the flood has ended. Metrics count every request; see [`Outcome`](crate::Outcome).
///
/// A receiver has one, [`Receiver::rejections`](crate::Receiver::rejections); a server in front of it uses the same one for
/// requests that it rejects itself.
#[derive(Clone, Default)]
pub struct RejectionLog {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rate: Rate,
    /// True while a task waits to write the summary.
    is_awaited: bool,
}

impl RejectionLog {
    /// Counts a rejection and returns whether the caller should write a line about it.
    ///
    /// Within a tokio runtime the summary is written when it is due; elsewhere by the first rejection after that.
    pub fn admits(&self, reason: &'static str) -> bool {
        let now = Instant::now();
        let mut state = self.shared.lock();
        let summary = state.rate.roll(now);
        let admitted = state.rate.admit(reason, now);
        let awaits = !admitted && !state.is_awaited && {
            let runtime = Handle::try_current();
            if let Ok(runtime) = &runtime {
                runtime.spawn(summarize(Awaited(Arc::downgrade(&self.shared))));
            }
            runtime.is_ok()
        };
        state.is_awaited |= awaits;
        drop(state);
        write(summary);
        admitted
    }

    /// Writes the summary now, if there is anything to sum up. To be called at shutdown; dropping does the same.
    pub fn flush(&self) {
        let summary = self.shared.lock().rate.take();
        write(summary);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when the next summary is due. Where none is, the task ends, and the next suppressed line starts another.
    fn due(&self) -> Option<Instant> {
        let mut state = self.lock();
        let due = state.rate.due();
        state.is_awaited = due.is_some();
        due
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        write(self.state.get_mut().unwrap_or_else(PoisonError::into_inner).rate.take());
    }
}

/// A task's promise to write the summary, which ends with it.
struct Awaited(Weak<Shared>);

impl Drop for Awaited {
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            shared.lock().is_awaited = false;
        }
    }
}

/// Writes summaries when they are due, until there is nothing to sum up.
async fn summarize(awaited: Awaited) {
    loop {
        let Some(due) = awaited.0.upgrade().and_then(|shared| shared.due()) else { return };
        sleep_until(due).await;
        let Some(shared) = awaited.0.upgrade() else { return };
        let summary = shared.lock().rate.roll(Instant::now());
        write(summary);
    }
}

fn write(summary: Option<Summary>) {
    let Some(Summary { counts }) = summary else { return };
    let more: u64 = counts.iter().map(|(_, count)| count).sum();
    let reasons: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    let reasons = reasons.join(", ");
    tracing::warn!(more, reasons, "more requests were rejected than are logged one by one");
}

impl fmt::Debug for RejectionLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RejectionLog").finish_non_exhaustive()
    }
}
