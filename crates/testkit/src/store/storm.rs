//! A storm: many tasks in several processes deliver the same notifications over and over, while processes are killed,
//! the store goes away and comes back, and leases run out.
//!
//! What every process did is in its own journal, written before and after each operation, past the store. In the end a
//! judge reads the journals and the store and says what doesn't fit together.

mod act;
mod crew;
mod deliver;
mod journal;
mod judge;
mod plan;
mod process;
mod progress;
mod report;
mod round;
mod work;

use super::backend::{Backend, Time};
use crate::outcome;
pub(super) use process::play;
pub use report::{Fault, Report};
use std::env;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// How big a storm is. The default is what a test that runs every day can bear.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Storm {
    /// Tasks that deliver, in all processes together, at least one; 64 by default.
    pub tasks: u32,
    /// Tasks that claim and handle, in all processes together; 16 by default.
    pub workers: u32,
    /// Processes, at least one; 4 by default. One at a time if the store isn't shared, none beside the test's own if nothing in it
    /// survives a process.
    pub processes: u32,
    /// Notifications; 2,000 by default.
    pub notifications: u32,
    /// How often each is delivered; 4 by default. Some come with other content.
    pub times: u32,
    /// Processes killed for every thousand notifications; 6 by default.
    pub kills: u32,
    /// [Outages](Backend::outage) for every thousand notifications, if the tests can make any; 5 by default.
    pub outages: u32,
    /// What is random comes from it; the scheduling of processes doesn't. Another one each time by default.
    pub seed: u64,
    /// Storms one after another, each on a new place with the next seed; 1 by default.
    pub rounds: u32,
    /// Further rounds follow until so much time has passed; none by default.
    pub at_least: Duration,
    /// A delivery that isn't answered within this time was never answered, a record that doesn't end by then never ends.
    /// 45 s by default.
    pub patience: Duration,
}

impl Default for Storm {
    fn default() -> Self {
        Self {
            tasks: 64,
            workers: 16,
            processes: 4,
            notifications: 2_000,
            times: 4,
            kills: 6,
            outages: 5,
            seed: RandomState::new().hash_one("storm"),
            rounds: 1,
            at_least: Duration::ZERO,
            patience: Duration::from_secs(45),
        }
    }
}

impl Storm {
    /// With so many notifications, each delivered so often.
    #[must_use]
    pub fn with_notifications(mut self, notifications: u32, times: u32) -> Self {
        self.notifications = notifications;
        self.times = times;
        self
    }

    /// With so many tasks that deliver, and that handle, in so many processes.
    #[must_use]
    pub fn with_tasks(mut self, tasks: u32, workers: u32, processes: u32) -> Self {
        self.tasks = tasks;
        self.workers = workers;
        self.processes = processes;
        self
    }

    /// With so many kills and outages for every thousand notifications.
    #[must_use]
    pub fn with_trouble(mut self, kills: u32, outages: u32) -> Self {
        self.kills = kills;
        self.outages = outages;
        self
    }

    /// With this seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// With so much patience.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// With what the environment says: `WXHOOK_STORM_` and `TASKS`, `WORKERS`, `PROCESSES`, `NOTIFICATIONS`, `TIMES`,
    /// `KILLS`, `OUTAGES`, `SEED`, `ROUNDS` or `SECONDS` (for [`at_least`](Self::at_least)).
    ///
    /// # Panics
    /// If one of them isn't a number.
    #[must_use]
    pub fn with_environment(mut self) -> Self {
        set("TASKS", &mut self.tasks);
        set("WORKERS", &mut self.workers);
        set("PROCESSES", &mut self.processes);
        set("NOTIFICATIONS", &mut self.notifications);
        set("TIMES", &mut self.times);
        set("KILLS", &mut self.kills);
        set("OUTAGES", &mut self.outages);
        set("SEED", &mut self.seed);
        set("ROUNDS", &mut self.rounds);
        let mut seconds = self.at_least.as_secs();
        set("SECONDS", &mut seconds);
        self.at_least = Duration::from_secs(seconds);
        self
    }

    /// Lets it loose on the backend's stores; it ends with the first round that has a fault.
    ///
    /// `child_test` is the full name of a test in the running program that calls [`childs_part`](super::childs_part) for
    /// the same backend. Without it everything happens in this process, and nothing is killed.
    ///
    /// # Panics
    /// If the store's clock doesn't go by itself, or a child process can't be started or says nothing for a minute.
    pub fn run<B: Backend>(&self, backend: &B, child_test: Option<&str>) -> Report {
        self.rounds(backend, child_test, false)
    }

    /// Keeps the journals of a round with a fault, if they are wanted.
    fn rounds<B: Backend>(&self, backend: &B, child_test: Option<&str>, keep: bool) -> Report {
        assert!(
            backend.time() != Time::Still,
            "leases have to run out by themselves: the storm needs Time::Real or Time::Shifted"
        );
        let start = Instant::now();
        let mut report = Report::default();
        while report.rounds < self.rounds.max(1) || start.elapsed() < self.at_least {
            let storm = self
                .clone()
                .with_tasks(self.tasks.max(1), self.workers, self.processes.max(1))
                .with_seed(self.seed.wrapping_add(u64::from(report.rounds)));
            report.add(round::run(&storm, backend, child_test, keep));
            if !report.faults().is_empty() {
                break;
            }
        }
        report.took = start.elapsed();
        report
    }
}

impl fmt::Display for Storm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In how many processes depends on the store, too: the report says it.
        let Self { tasks, workers, notifications, times, seed, .. } = self;
        write!(
            f,
            "{tasks} tasks deliver {notifications} notifications {times} times each, {workers} tasks handle them, \
             seed {seed}"
        )
    }
}

fn set<T: FromStr>(name: &str, value: &mut T) {
    let name = format!("WXHOOK_STORM_{name}");
    if let Ok(text) = env::var(&name) {
        match text.parse() {
            Ok(parsed) => *value = parsed,
            Err(_) => panic!("{name} isn't a number: {text:?}"),
        }
    }
}

/// The test that [`store_storm!`](crate::store_storm) made in `module`.
pub fn run_storm<B: Backend>(backend: &B, storm: &Storm, module: &str) {
    let within = module.split_once("::").map(|(_, within)| format!("{within}::")).unwrap_or_default();
    outcome::of_test(&format!("{within}storm"), || {
        let report = storm.rounds(backend, Some(&format!("{within}the_childs_part")), true);
        // Written past the harness, which shows what a passing test prints to nobody.
        let _unheard = writeln!(std::io::stderr(), "storm: {storm}\n{report}");
        assert!(report.faults().is_empty(), "the storm of seed {} found faults, see above", storm.seed);
    });
}

/// Makes a test `storm` of a [`Storm`](crate::store::Storm) on the stores of a [`Backend`](crate::store::Backend), and
/// the test `the_childs_part` that its child processes run.
///
/// The second expression is the storm, the default one if there is none; the environment may
/// [change it](crate::store::Storm::with_environment). [`Backend::open`](crate::store::Backend::open) is called during
/// outages, too, and has to wait until they end. One storm or suite a module.
#[macro_export]
macro_rules! store_storm {
    ($backend:expr) => {
        $crate::store_storm!($backend, $crate::store::Storm::default());
    };
    ($backend:expr, $storm:expr) => {
        const WXHOOK_STORM: &str = ::core::module_path!();

        #[test]
        fn the_childs_part() {
            $crate::store::childs_part(&$backend);
        }

        #[test]
        fn storm() {
            $crate::store::run_storm(&$backend, &$storm.with_environment(), WXHOOK_STORM);
        }
    };
}
