//! A stress test in Jepsen's manner: clients in several processes deliver the same notifications over and over, while
//! processes are killed, the store goes away and comes back, and leases expire.
//!
//! Every process records its operations in a history of its own, outside the store. In the end a checker compares the
//! histories with each other and with the store's contents.

mod checker;
mod client;
mod history;
mod run;
mod workload;

use super::backend::{Backend, Time};
use crate::case;
pub use checker::{Report, Violation};
pub(super) use run::run_child;
use serde::{Deserialize, Serialize};
use std::env;
use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::time::{Duration, Instant};

/// The size of a stress test; the default takes seconds.
///
/// ```
/// use wxhook_testkit::store::StressTest;
///
/// let small = StressTest { notifications: 100, ..StressTest::default() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "made with `..StressTest::default()`")]
pub struct StressTest {
    /// Clients that deliver, in all processes together; 64 by default.
    pub clients: u32,
    /// Clients that claim and handle, in all processes together; 16 by default.
    pub workers: u32,
    /// Processes; 4 by default. One at a time if the store isn't shared, only the test's own if nothing in the store
    /// survives its process.
    pub processes: u32,
    /// Notifications; 2,000 by default.
    pub notifications: u32,
    /// Deliveries of each notification; 4 by default. Some have other content.
    pub times: u32,
    /// Processes killed for every thousand notifications; 6 by default.
    pub kills: u32,
    /// [Outages](Backend::outage) for every thousand notifications, if the backend can make any; 5 by default.
    pub outages: u32,
    /// Seed of everything random except the scheduling of processes; another one each time by default.
    pub seed: u64,
    /// Rounds, each on a new place with the next seed; 1 by default.
    pub rounds: u32,
    /// Seconds for which further rounds are added; 0 by default.
    pub seconds: u64,
    /// Seconds after which an unanswered delivery or a record that hasn't ended is a violation; 45 by default.
    pub patience: u64,
}

impl Default for StressTest {
    fn default() -> Self {
        Self {
            clients: 64,
            workers: 16,
            processes: 4,
            notifications: 2_000,
            times: 4,
            kills: 6,
            outages: 5,
            seed: RandomState::new().hash_one("stress"),
            rounds: 1,
            seconds: 0,
            patience: 45,
        }
    }
}

impl StressTest {
    /// Replaces each field whose environment variable is set, e.g. `WXHOOK_STRESS_NOTIFICATIONS`.
    ///
    /// # Panics
    /// If one of them isn't a number, or too large.
    #[must_use]
    pub fn with_environment(self) -> Self {
        let mut fields = serde_json::to_value(self).unwrap();
        for (name, value) in fields.as_object_mut().into_iter().flatten() {
            let variable = format!("WXHOOK_STRESS_{}", name.to_uppercase());
            if let Ok(text) = env::var(&variable) {
                let number = text.parse::<u64>();
                *value = number.unwrap_or_else(|_| panic!("{variable} isn't a number: {text:?}")).into();
            }
        }
        serde_json::from_value(fields).unwrap_or_else(|error| panic!("WXHOOK_STRESS_…: {error}"))
    }

    /// Runs the test on the backend's stores, and ends with the first round that has a violation.
    ///
    /// `child_test` is the full name of a test in the running program that calls [`run_child`](super::run_child) for the
    /// same backend. Without it everything happens in this process, and nothing is killed.
    ///
    /// # Panics
    /// If the store's clock doesn't run by itself, or a child process can't be started or says nothing for a minute.
    pub fn run<B: Backend>(&self, backend: &B, child_test: Option<&str>) -> Report {
        self.run_rounds(backend, child_test, false)
    }

    /// Runs all rounds, and keeps the histories of one with a violation if `keep` is set.
    fn run_rounds<B: Backend>(&self, backend: &B, child_test: Option<&str>, keep: bool) -> Report {
        assert!(backend.time() != Time::Still, "leases must expire: use Time::Real or Time::Shifted");
        let start = Instant::now();
        let mut report = Report::default();
        for round in 0.. {
            if round >= self.rounds.max(1) && start.elapsed() >= Duration::from_secs(self.seconds) {
                break;
            }
            let seed = self.seed.wrapping_add(round.into());
            let (clients, processes) = (self.clients.max(1), self.processes.max(1));
            let test = Self { seed, clients, processes, ..self.clone() };
            report.merge(run::run(test, backend, child_test, keep));
            if !report.violations().is_empty() {
                break;
            }
        }
        report
    }
}

/// Runs the test that [`store_stress!`](crate::store_stress) made in `module`.
pub fn run_stress<B: Backend>(backend: &B, test: &StressTest, module: &str) {
    case::run_test(module, "stress", |child_test| {
        let report = test.run_rounds(backend, Some(child_test), true);
        // Not through the harness, which captures what a passing test prints.
        let _ignored = writeln!(std::io::stderr(), "{test:?}\n{report}");
        assert!(report.violations().is_empty(), "violations with seed {}, see above", test.seed);
    });
}

/// Generates the test `stress`, which runs a [`StressTest`](crate::store::StressTest) on the stores of a
/// [`Backend`](crate::store::Backend), and the test `child_process` that its child processes run.
///
/// The second expression is the stress test, the default one if there is none; the environment may
/// [change it](crate::store::StressTest::with_environment). [`Backend::open`](crate::store::Backend::open) is called during
/// outages, too, and has to wait until they end. One stress test or suite a module.
#[macro_export]
macro_rules! store_stress {
    ($backend:expr) => {
        $crate::store_stress!($backend, $crate::store::StressTest::default());
    };
    ($backend:expr, $test:expr) => {
        #[test]
        fn child_process() {
            $crate::store::run_child(&$backend);
        }

        #[test]
        fn stress() {
            $crate::store::run_stress(&$backend, &$test.with_environment(), ::core::module_path!());
        }
    };
}
