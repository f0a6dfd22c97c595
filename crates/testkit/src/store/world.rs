use super::backend::{Backend, Outage, Time};
use super::child::Child;
use super::desk::Desk;
use super::place::{Place, millis};
use crate::outcome::skip;
use std::fmt;
use std::thread;
use std::time::{Duration, SystemTime};
use wxhook_idempotency::{Capabilities, Clock as _, Durability, Seq, SystemClock};

/// The longest span that is waited for where a clock can't be moved.
const PATIENCE: Duration = Duration::from_secs(20);

/// What one case runs in: a backend, a place of its own, and its time.
pub(super) struct World<'a, B> {
    pub(super) backend: &'a B,
    pub(super) place: Place,
    /// The name of the test that a child process runs.
    child_test: Option<String>,
}

impl<'a, B: Backend> World<'a, B> {
    pub(super) fn new(backend: &'a B, place: Place, child_test: Option<String>) -> Self {
        Self { backend, place, child_test }
    }

    /// Opens the store, as a process of its own would.
    pub(super) fn open(&self) -> Desk<'_, B> {
        Desk::new(self, self.backend.open(&self.place))
    }

    /// The lease that cases ask for.
    pub(super) fn span(&self) -> Duration {
        match self.backend.time() {
            Time::Still | Time::Shifted => Duration::from_secs(30),
            Time::Real => Duration::from_secs(2),
        }
    }

    /// The least span that makes a difference: what is due in a tick isn't due yet.
    pub(super) fn tick(&self) -> Duration {
        match self.backend.time() {
            Time::Still => Duration::from_millis(1),
            Time::Shifted | Time::Real => self.span() / 2,
        }
    }

    /// So much later.
    pub(super) fn pass(&self, span: Duration) {
        match self.backend.time() {
            Time::Still | Time::Shifted => self.place.clock().advance(span),
            // One more, since stores keep whole milliseconds.
            Time::Real if span <= PATIENCE => thread::sleep(span + Duration::from_millis(1)),
            Time::Real => skip("it needs a clock that can be moved"),
        }
    }

    /// Whether [`pass`](Self::pass) can do that.
    pub(super) fn can_pass(&self, span: Duration) -> bool {
        self.backend.time() != Time::Real || span <= PATIENCE
    }

    /// The store's clock is put back, while no time passes.
    pub(super) fn go_back(&self, span: Duration) {
        self.step(-millis(span));
    }

    /// The store's clock is put ahead, while no time passes.
    pub(super) fn leap(&self, span: Duration) {
        self.step(millis(span));
    }

    fn step(&self, millis: i64) {
        match self.backend.time() {
            Time::Still | Time::Shifted => self.place.clock().step(millis),
            Time::Real => skip("it needs a clock that can be moved"),
        }
    }

    /// The store's time, more or less if its clock goes by itself.
    pub(super) fn now(&self) -> SystemTime {
        match self.backend.time() {
            Time::Still => self.place.clock().now(),
            Time::Shifted | Time::Real => self.place.clock().shifted(SystemClock::default().now()),
        }
    }

    /// A span that the store gave is what it should be; a little less where its clock goes by itself.
    #[track_caller]
    pub(super) fn lasts(&self, actual: Duration, expected: Duration) {
        let slack = self.slack();
        assert!(
            actual <= expected && actual + slack >= expected,
            "a span is {actual:?} instead of {expected:?}"
        );
    }

    /// A span that the store gave is what it should be; a little more where its clock goes by itself.
    #[track_caller]
    pub(super) fn lasted(&self, actual: Duration, expected: Duration) {
        let slack = self.slack();
        assert!(
            actual >= expected && actual <= expected + slack,
            "a span is {actual:?} instead of {expected:?}"
        );
    }

    /// An instant that the store gave is now; a little earlier or later where its clock goes by itself.
    #[track_caller]
    pub(super) fn is_now(&self, actual: SystemTime) {
        let now = self.now();
        let apart = now.duration_since(actual).or_else(|_| actual.duration_since(now)).unwrap_or_default();
        assert!(apart <= self.slack(), "an instant is {actual:?} instead of {now:?}");
    }

    fn slack(&self) -> Duration {
        match self.backend.time() {
            Time::Still => Duration::ZERO,
            Time::Shifted | Time::Real => self.span() / 2,
        }
    }

    /// Whether the clock goes only by hand, so that instants and spans are known to the millisecond.
    pub(super) fn stands_still(&self) -> bool {
        self.backend.time() == Time::Still
    }

    /// Goes on only if several handles may be open at once.
    pub(super) fn needs_sharing(&self, desk: &Desk<'_, B>) {
        if !desk.capabilities().shared {
            skip("the store isn't shared between processes");
        }
    }

    /// Goes on only if what is stored outlives its process.
    pub(super) fn needs_durability(&self, capabilities: Capabilities) {
        if capabilities.durability <= Durability::Process {
            skip("nothing in the store survives its process");
        }
    }

    /// An outage of the store.
    pub(super) fn outage(&self) -> Outage {
        match self.backend.outage(&self.place) {
            Some(outage) => outage,
            None => skip("the backend's tests can't make the store unavailable"),
        }
    }

    /// Damages a record.
    pub(super) fn damage(&self, seq: Seq) {
        if !self.backend.damage(&self.place, seq) {
            skip("the backend's tests can't damage a record");
        }
    }

    /// A child process that plays a part on the same place.
    pub(super) fn child(&self, part: &str) -> Child {
        self.child_told(part, Vec::new())
    }

    /// The same, with more in its environment.
    pub(super) fn child_told(&self, part: &str, mut environment: Vec<(String, String)>) -> Child {
        environment.extend(self.backend.environment());
        match &self.child_test {
            Some(test) => Child::start(test, part, &self.place, environment),
            None => skip("the suite wasn't told which test a child process runs"),
        }
    }
}

impl<B> fmt::Debug for World<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("place", &self.place).finish_non_exhaustive()
    }
}
