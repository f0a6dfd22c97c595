use super::backend::{Backend, Outage, Place, Time, millis};
use super::child::Child;
use super::handle::Handle;
use crate::case::skip;
use std::thread;
use std::time::{Duration, SystemTime};
use wxhook_idempotency::machine::Moment;
use wxhook_idempotency::{Clock as _, Seq, SystemClock};

/// Maximum span that is waited for where a clock can't be moved.
const PATIENCE: Duration = Duration::from_secs(20);

/// The surroundings of one case: a backend, a place of its own, and its time.
pub(super) struct Context<'a, B> {
    pub(super) backend: &'a B,
    pub(super) place: Place,
    /// The name of the test that a child process runs.
    child_test: Option<&'a str>,
}

impl<'a, B: Backend> Context<'a, B> {
    /// Creates a context with a new place.
    pub(super) fn new(backend: &'a B, child_test: Option<&'a str>) -> Self {
        Self { backend, place: Place::new(), child_test }
    }

    /// Returns the context of a child process.
    pub(super) fn of_child(backend: &'a B, place: Place) -> Self {
        Self { backend, place, child_test: None }
    }

    /// Opens the store, as another process would.
    pub(super) fn open(&self) -> Handle<'_, B> {
        Handle::new(self, self.backend.open(&self.place))
    }

    /// Returns the lease that cases ask for.
    pub(super) fn span(&self) -> Duration {
        match self.backend.time() {
            Time::Still | Time::Shifted => Duration::from_secs(30),
            Time::Real => Duration::from_secs(2),
        }
    }

    /// Returns the least span that makes a difference: what is due in a tick isn't due yet.
    pub(super) fn tick(&self) -> Duration {
        match self.backend.time() {
            Time::Still => Duration::from_millis(1),
            Time::Shifted | Time::Real => self.span() / 2,
        }
    }

    /// Lets time pass.
    pub(super) fn pass(&self, span: Duration) {
        match self.backend.time() {
            Time::Still | Time::Shifted => self.place.clock().advance(span),
            // One more, since stores keep whole milliseconds.
            Time::Real if self.can_pass(span) => thread::sleep(span + Duration::from_millis(1)),
            Time::Real => skip("it needs a clock that can be moved"),
        }
    }

    pub(super) fn can_pass(&self, span: Duration) -> bool {
        self.backend.time() != Time::Real || span <= PATIENCE
    }

    /// Puts the wall clock back, while no time passes.
    pub(super) fn step_back(&self, span: Duration) {
        self.step(-millis(span));
    }

    /// Puts the wall clock ahead, while no time passes.
    pub(super) fn step_ahead(&self, span: Duration) {
        self.step(millis(span));
    }

    fn step(&self, millis: i64) {
        match self.backend.time() {
            Time::Still | Time::Shifted => self.place.clock().step(millis),
            Time::Real => skip("it needs a clock that can be moved"),
        }
    }

    /// Returns the store's time, approximately if its clock runs by itself.
    pub(super) fn now(&self) -> SystemTime {
        match self.backend.time() {
            Time::Still => self.place.clock().now(),
            Time::Shifted | Time::Real => self.place.clock().shifted(SystemClock::default().now()),
        }
    }

    /// Asserts that a remaining span is as expected, or a little less if the clock runs by itself.
    #[track_caller]
    pub(super) fn assert_remaining(&self, actual: Duration, expected: Duration) {
        assert!(
            actual <= expected && actual + self.slack() >= expected,
            "{actual:?} instead of {expected:?}"
        );
    }

    /// Asserts that an elapsed span is as expected, or a little more if the clock runs by itself.
    #[track_caller]
    pub(super) fn assert_elapsed(&self, actual: Duration, expected: Duration) {
        self.assert_remaining(expected, actual);
    }

    /// Asserts that an instant is now, or a little earlier or later if the clock runs by itself.
    #[track_caller]
    pub(super) fn assert_now(&self, actual: Moment) {
        let (now, actual) = (self.now(), actual.to_system());
        let apart = now.duration_since(actual).or_else(|_| actual.duration_since(now)).unwrap_or_default();
        assert!(apart <= self.slack(), "{actual:?} instead of {now:?}");
    }

    fn slack(&self) -> Duration {
        if self.stands_still() { Duration::ZERO } else { self.span() / 2 }
    }

    /// Returns whether only the suite moves the clock, so that instants and spans are known to the millisecond.
    pub(super) fn stands_still(&self) -> bool {
        self.backend.time() == Time::Still
    }

    /// Begins an outage, or skips the case.
    pub(super) fn outage(&self) -> Outage {
        let outage = self.backend.outage(&self.place);
        outage.unwrap_or_else(|| skip("the backend's tests can't make the store unavailable"))
    }

    /// Damages a record, or skips the case.
    pub(super) fn damage(&self, seq: Seq) {
        if !self.backend.damage(&self.place, seq) {
            skip("the backend's tests can't damage a record");
        }
    }

    /// Starts a child process that plays a part on the same place, or skips the case.
    pub(super) fn child(&self, part: &str) -> Child {
        match self.child_test {
            Some(test) => Child::start(test, part, &self.place, self.backend.environment()),
            None => skip("no test for child processes was named"),
        }
    }
}
