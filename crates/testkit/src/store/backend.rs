use super::Place;
use std::fmt;
use std::future::Future;
use wxhook_idempotency::{Seq, Store};

/// How the suite gets at the stores of a backend.
///
/// Cheap to make: a server that several tests share belongs in a `static`.
pub trait Backend: Sync + 'static {
    /// What is put to the test.
    type Store: Store;

    /// Opens the store of a place, with [`Retention::default`](wxhook_idempotency::Retention). A place that nobody opened
    /// before holds nothing.
    ///
    /// Each call is as if by a process of its own. A store that isn't
    /// [`shared`](wxhook_idempotency::Capabilities::shared) is opened by one at a time; one that says
    /// [`Durability::Process`](wxhook_idempotency::Durability::Process), once. It isn't called from within
    /// [`block_on`](Self::block_on). A [`Storm`](super::Storm) calls it during outages, too, and there it has to wait
    /// until they end.
    fn open(&self, place: &Place) -> Self::Store;

    /// What the store takes its time from.
    fn time(&self) -> Time;

    /// Runs a future to its end; several threads do so at once. Without a runtime unless the store needs one.
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        futures_executor::block_on(future)
    }

    /// Environment variables for child processes, so that they find the same places, e.g. a server's address.
    fn environment(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// Makes the open stores of this place unavailable until the outage ends. `None` if the tests can't do that.
    fn outage(&self, _place: &Place) -> Option<Outage> {
        None
    }

    /// Damages what is stored of a record, so that it can't be read any more. Gives whether it did; `false` if the tests
    /// can't do that.
    fn damage(&self, _place: &Place, _seq: Seq) -> bool {
        false
    }
}

/// What a store takes its time from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Time {
    /// From [`Place::clock`], which stands still unless the suite moves it.
    Still,
    /// From a real clock, to which it adds [`shift_millis`](super::HandClock::shift_millis) of the clock of its place at every operation.
    Shifted,
    /// From a real clock that nobody can move. Short spans are waited for; what needs days, or a clock that goes back, is
    /// skipped.
    Real,
}

/// A store that is unavailable for as long as this lives.
pub struct Outage(Option<Box<dyn FnOnce()>>);

impl Outage {
    /// The store is unavailable now; `end` makes it available.
    pub fn new(end: impl FnOnce() + 'static) -> Self {
        Self(Some(Box::new(end)))
    }
}

impl Drop for Outage {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            end();
        }
    }
}

impl fmt::Debug for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outage").finish_non_exhaustive()
    }
}
