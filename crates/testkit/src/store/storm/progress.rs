use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How far the deliveries are, over all processes.
#[derive(Default)]
pub(super) struct Progress {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    answered: u64,
    over: bool,
}

impl Progress {
    /// One more was answered.
    pub(super) fn answered(&self) {
        self.lock().answered += 1;
        self.changed.notify_all();
    }

    /// No more will be.
    pub(super) fn end(&self) {
        self.lock().over = true;
        self.changed.notify_all();
    }

    /// Waits until so many were answered; gives whether it came to that.
    pub(super) fn reached(&self, answered: u64) -> bool {
        let waited = self.changed.wait_while(self.lock(), |state| state.answered < answered && !state.over);
        !waited.unwrap_or_else(PoisonError::into_inner).over
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
