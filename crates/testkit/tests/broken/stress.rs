//! The checker of the stress test finds flaws, too, and names the rule that was violated. It can't find flaws that take days,
//! or one lost reply that nobody repeats.

use crate::flaw::{Broken, Flaw, living};
use crate::{Sound, accepting, journal, keeping, leasing};
use std::marker::PhantomData;
use std::thread;
use wxhook_idempotency::{Claim, Error, Layer, Lease, MemoryStore, Store as _};
use wxhook_testkit::store::{Backend, Place, Report, StressTest, Time, Violation};

/// Creates stores with this flaw, on a clock that runs by itself.
struct Living<F>(PhantomData<fn() -> F>);

impl<F: Flaw> Backend for Living<F> {
    type Store = Broken<F>;

    fn open(&self, place: &Place) -> Broken<F> {
        living(F::of(place))
    }

    fn time(&self) -> Time {
        Time::Real
    }
}

fn small() -> StressTest {
    StressTest { notifications: 200, clients: 16, workers: 12, ..StressTest::default() }
}

fn stress<F: Flaw>(patience: u64) -> Report {
    StressTest { patience, ..small() }.run(&Living::<F>(PhantomData), None)
}

fn rules(report: &Report) -> Vec<&'static str> {
    report.violations().iter().map(Violation::rule).collect()
}

#[test]
fn a_sound_store_has_no_violations() {
    let report = stress::<Sound>(45);
    assert_eq!(rules(&report), [""; 0], "{report}");
    assert_eq!(report.count("records"), 214);
    for name in ["expired", "lost to a known successor", "changed", "begun"] {
        assert!(report.count(name) > 0, "{name}: {report}");
    }
}

/// Runs the test up to five times, since chance may miss a flaw. Returns the last report if it wasn't found.
fn is_found<F: Flaw>(rule: &str) -> Result<(), String> {
    let mut last = String::new();
    for _ in 0..5 {
        let report = stress::<F>(4);
        if rules(&report).contains(&rule) {
            return Ok(());
        }
        last = report.to_string();
    }
    Err(format!("{rule} isn't found: {last}"))
}

macro_rules! broken {
    ($($flaw:ty => $rule:literal;)+) => {
        vec![$(|| is_found::<$flaw>($rule)),+]
    };
}

/// All at once, since most of it is waiting.
#[test]
fn flaws_are_found() {
    let tests: Vec<fn() -> Result<(), String>> = broken! {
        accepting::CheckThenInsert => "new twice";
        accepting::LostFingerprint => "one number for two contents";
        accepting::ChangedNotKept => "acknowledged and lost";
        leasing::UnconditionalComplete => "stale fence accepted";
        leasing::StateOnlyComplete => "stale fence accepted";
        leasing::BlindRelease => "released fence accepted";
        leasing::EndlessLease => "never ended";
        leasing::FenceRestarts => "fence not increasing";
        keeping::MarkBeforeProcess => "live lease lost";
        ShortLeases => "two live leases";
    };
    let outcomes: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = tests.into_iter().map(|test| scope.spawn(test)).collect();
        running.into_iter().map(|test| test.join().unwrap()).collect()
    });
    let missed: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

/// Leases last half as long as was asked for.
#[derive(Debug)]
struct ShortLeases;

impl Flaw for ShortLeases {
    fn of(_place: &Place) -> Self {
        Self
    }
}

impl Layer<MemoryStore> for ShortLeases {
    async fn claim_due(&self, store: &MemoryStore, mut claim: Claim) -> Result<Vec<Lease>, Error> {
        claim.lease /= 2;
        store.claim_due(claim).await
    }
}

/// The processes are killed, and what wasn't written is gone.
#[test]
fn success_before_durable() {
    let found = |eager| {
        let test = StressTest { times: 1, kills: 40, outages: 0, ..small() };
        let report = test.run(&journal::Journal::new(eager).living(), Some("child_process"));
        assert_eq!(report.count("kills"), 8);
        rules(&report).contains(&"acknowledged and lost")
    };
    assert!(!found(true), "written before the answer");
    assert!((0..5).any(|_| found(false)), "written after the answer");
}
