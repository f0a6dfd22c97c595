use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use wxhook_idempotency::{Clock, Seq, Store};

/// Access of the suite to the stores of one backend.
///
/// A backend is created for each test: a server that several tests share belongs in a `static`.
pub trait Backend: Sync + 'static {
    /// The store under test.
    type Store: Store;

    /// Opens the store of a place, with [`Retention::default`](wxhook_idempotency::Retention). The store of a new place is
    /// empty.
    ///
    /// Each call acts as a process of its own. A store that isn't [`shared`](wxhook_idempotency::Capabilities::shared) is
    /// open once at a time; one with [`Durability::Process`](wxhook_idempotency::Durability::Process) is opened once. It
    /// isn't called within [`block_on`](Self::block_on). A [`StressTest`](super::StressTest) calls it during outages, too;
    /// it must wait until they end.
    fn open(&self, place: &Place) -> Self::Store;

    /// Returns the kind of clock that the store uses.
    fn time(&self) -> Time;

    /// Runs a future to its end, on several threads at once; without a runtime by default.
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        futures_executor::block_on(future)
    }

    /// Returns environment variables that child processes need to find the same places, e.g. a server's address.
    fn environment(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// Makes the open stores of this place unavailable until the outage is dropped. Returns `None` if the tests can't do
    /// that.
    fn outage(&self, _place: &Place) -> Option<Outage> {
        None
    }

    /// Makes a stored record unreadable. Returns `false` if the tests can't do that.
    fn damage(&self, _place: &Place, _seq: Seq) -> bool {
        false
    }
}

/// The kind of clock that a store uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Time {
    /// [`Place::clock`], which stands still unless the suite moves it.
    Still,
    /// A real clock, to which the store adds [`shift_millis`](ManualClock::shift_millis) of its place's clock at every
    /// operation.
    Shifted,
    /// A real clock that nobody can move. The suite waits for short spans, and skips cases that need days or a clock that
    /// steps back.
    Real,
}

/// An outage of a store; dropping it ends the outage.
pub struct Outage(Option<Box<dyn FnOnce()>>);

impl Outage {
    /// Creates an outage that has begun, and that `end` ends.
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

/// The place of one case's store; its directory is removed afterwards.
#[derive(Debug)]
pub struct Place {
    name: String,
    directory: PathBuf,
    clock: ManualClock,
    /// Only in the process that runs the case.
    _cleanup: Option<TempDir>,
}

impl Place {
    /// Creates a new place. Its name is random, and so unique on a server that outlives the case.
    pub(super) fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("wxhook-").rand_bytes(16).tempdir().unwrap();
        let place = Self::existing(directory.path().to_owned(), 0);
        Self { _cleanup: Some(directory), ..place }
    }

    /// Returns the place of a parent process's case.
    pub(super) fn existing(directory: PathBuf, shift_millis: i64) -> Self {
        let clock = ManualClock::default();
        clock.step(shift_millis);
        let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { name, directory, clock, _cleanup: None }
    }

    /// Returns a name that no other place has: ASCII letters, digits and `-`. A prefix or hash tag, where stores share a
    /// server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns a directory for the store's files, which is empty at first.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Returns the clock that the suite moves.
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }
}

/// A clock that only the suite moves; clones are the same clock.
///
/// Either time passes on it, or its wall clock steps, ahead or back, while no time passes.
#[derive(Debug, Clone, Default)]
pub struct ManualClock(Arc<ClockState>);

#[derive(Debug, Default)]
struct ClockState {
    shift: AtomicI64,
    passed: AtomicU64,
}

impl ManualClock {
    /// Returns the milliseconds by which its wall clock was moved since the case began; negative if it was put back.
    pub fn shift_millis(&self) -> i64 {
        self.0.shift.load(Ordering::SeqCst)
    }

    /// Returns the time that passed on it since the case began, beside real time.
    pub fn passed(&self) -> Duration {
        Duration::from_millis(self.0.passed.load(Ordering::SeqCst))
    }

    /// Lets time pass.
    pub(super) fn advance(&self, span: Duration) {
        let millis = millis(span);
        self.0.passed.fetch_add(millis.unsigned_abs(), Ordering::SeqCst);
        self.step(millis);
    }

    /// Steps the wall clock while no time passes.
    pub(super) fn step(&self, millis: i64) {
        self.0.shift.fetch_add(millis, Ordering::SeqCst);
    }

    /// Returns a time shifted as this clock's wall time is.
    pub(super) fn shifted(&self, time: SystemTime) -> SystemTime {
        let shift = self.shift_millis();
        let span = Duration::from_millis(shift.unsigned_abs());
        if shift < 0 { time - span } else { time + span }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        self.shifted(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000))
    }

    fn elapsed(&self) -> Duration {
        self.passed()
    }
}

pub(super) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
