//! Random sequences of operations get the same answers from the memory model and from a backend.

mod answers;
mod steps;

pub(super) use answers::shown;

use super::backend::{Backend, Time};
use super::desk::Desk;
use super::place::{HandClock, Place};
use super::world::World;
use answers::Answers;
use proptest::collection::vec;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};
use steps::{Step, steps};
use wxhook_idempotency::{Clock, Filter, MemoryOptions, MemoryStore, SystemClock};

/// Where clocks go by themselves, no two steps are in one millisecond, so that the order of their times is known.
const APART: Duration = Duration::from_millis(2);
/// The most steps in a sequence.
const LONGEST: usize = 120;

/// The case of the suite: as many sequences as `PROPTEST_CASES` says, or enough for every day.
pub(in crate::store) fn random_sequences<B: Backend>(world: &World<'_, B>) {
    let usual = if world.stands_still() { 64 } else { 16 };
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    same_answers(world.backend, asked.unwrap_or(usual));
}

/// Plays so many random sequences of operations on the backend and on a [`MemoryStore`], each in a new place, and compares
/// every answer.
///
/// Numbers and fences are compared by the order of their appearance, and instants and spans only where the
/// backend's clock [stands still](Time::Still).
///
/// # Panics
/// With the shortest sequence found that gets different answers, or if the store answers with an error.
pub fn same_answers<B: Backend>(backend: &B, sequences: u32) {
    let config = Config { cases: sequences, failure_persistence: None, ..Config::default() };
    let sequence = vec(steps(backend.time()), 1..LONGEST);
    let result = TestRunner::new(config).run(&sequence, |steps| play(backend, &steps));
    if let Err(error) = result {
        panic!("the backend and the model answer differently: {error}");
    }
}

fn play<B: Backend>(backend: &B, steps: &[Step]) -> Result<(), TestCaseError> {
    let model = Model { time: backend.time() };
    let ours = World::new(&model, place()?, None);
    let theirs = World::new(backend, place()?, None);
    let mut players = (Player::new(&ours), Player::new(&theirs));
    let end = [
        Step::Stats,
        Step::Lanes,
        Step::List { filter: Filter::default(), days: None, before: None, most: 1_000 },
    ];
    for (number, step) in steps.iter().chain(&end).enumerate() {
        let (model, backend) = (players.0.play(step), players.1.play(step));
        if model != backend {
            let reason = format!("step {number}, {step:?}\n  model:   {model}\n  backend: {backend}");
            return Err(TestCaseError::fail(reason));
        }
        if !ours.stands_still() {
            thread::sleep(APART);
        }
    }
    Ok(())
}

fn place() -> Result<Place, TestCaseError> {
    Place::new().map_err(|error| TestCaseError::reject(error.to_string()))
}

/// One of the two who are asked.
struct Player<'a, B: Backend> {
    world: &'a World<'a, B>,
    desk: Desk<'a, B>,
    answers: Answers,
}

impl<'a, B: Backend> Player<'a, B> {
    fn new(world: &'a World<'a, B>) -> Self {
        let answers = Answers::new(world.stands_still(), world.now());
        Self { world, desk: world.open(), answers }
    }

    fn play(&mut self, step: &Step) -> String {
        match step {
            Step::Forward(span) => self.world.pass(*span),
            Step::Back(span) => {
                // A store needn't keep its time where a step changed nothing.
                self.desk.probe();
                self.world.go_back(*span);
            }
            Step::Ahead(span) => self.world.leap(*span),
            _ => return self.answers.to(&self.desk, step),
        }
        String::new()
    }
}

/// The memory store, on a clock like the backend's.
struct Model {
    time: Time,
}

impl Backend for Model {
    type Store = MemoryStore;

    fn open(&self, place: &Place) -> MemoryStore {
        let clock = place.clock().clone();
        let clock: Arc<dyn Clock> = match self.time {
            Time::Still => Arc::new(clock),
            Time::Shifted | Time::Real => Arc::new(Shifted(clock)),
        };
        MemoryStore::new(MemoryOptions::default().with_clock(clock))
    }

    fn time(&self) -> Time {
        self.time
    }
}

#[derive(Debug)]
struct Shifted(HandClock);

impl Clock for Shifted {
    fn now(&self) -> SystemTime {
        self.0.shifted(SystemClock::default().now())
    }

    fn elapsed(&self) -> Duration {
        SystemClock::default().elapsed() + self.0.passed()
    }
}
