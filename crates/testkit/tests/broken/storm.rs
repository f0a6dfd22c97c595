//! The storm's judge finds flaws, too, and says which rule was broken. What it can't find are those that take days, or
//! one lost reply that nobody repeats.

use crate::flaw::{Broken, Flaw, living};
use crate::{Sound, accepting, journal, keeping, leasing};
use std::marker::PhantomData;
use std::thread;
use std::time::Duration;
use wxhook_idempotency::{Claim, Error, Layer, Lease, MemoryStore, Store as _};
use wxhook_testkit::store::{Backend, Fault, Place, Report, Storm, Time};

/// Makes stores with this flaw, on a clock that goes by itself.
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

fn small() -> Storm {
    Storm::default().with_notifications(200, 4).with_tasks(16, 12, 4)
}

fn storm<F: Flaw>(patience: Duration) -> Report {
    small().with_patience(patience).run(&Living::<F>(PhantomData), None)
}

fn rules(report: &Report) -> Vec<&'static str> {
    report.faults().iter().map(Fault::rule).collect()
}

#[test]
fn without_a_flaw_nothing_is_found() {
    let report = storm::<Sound>(Duration::from_secs(45));
    assert_eq!(rules(&report), [""; 0], "{report}");
    assert_eq!(report.records, 214);
    assert!(
        report.ran_out > 0 && report.superseded > 0 && report.changed > 0 && report.begun > 0,
        "{report}"
    );
}

/// What is random may miss it once, not again and again. Gives what was found instead if it isn't found.
fn is_found<F: Flaw>(rule: &str) -> Result<(), String> {
    let mut said = String::new();
    for _ in 0..5 {
        let report = storm::<F>(Duration::from_secs(4));
        if rules(&report).contains(&rule) {
            return Ok(());
        }
        said = report.to_string();
    }
    Err(format!("{rule} isn't found: {said}"))
}

macro_rules! broken {
    ($($flaw:ty => $rule:literal;)+) => {
        vec![$(|| is_found::<$flaw>($rule)),+]
    };
}

/// All at once, since most of it is waiting.
#[test]
fn flaws_are_found() {
    let storms: Vec<fn() -> Result<(), String>> = broken! {
        accepting::CheckThenInsert => "new twice";
        accepting::LostFingerprint => "one number for two contents";
        accepting::ChangedNotKept => "acknowledged and lost";
        leasing::UnconditionalComplete => "stale but done";
        leasing::StateOnlyComplete => "stale but done";
        leasing::BlindRelease => "given back but done";
        leasing::EndlessLease => "never ended";
        leasing::FenceRestarts => "fences that don't grow";
        keeping::MarkBeforeProcess => "held but lost";
        ShortLeases => "two live leases";
    };
    let outcomes: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = storms.into_iter().map(|storm| scope.spawn(storm)).collect();
        running.into_iter().map(|storm| storm.join().unwrap()).collect()
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

/// Its processes are killed, and what wasn't written is gone.
#[test]
fn success_before_durable() {
    let found = |eager| {
        let storm = small().with_notifications(200, 1).with_trouble(40, 0);
        let report = storm.run(&journal::Journal::new(eager).living(), Some("the_childs_part"));
        assert_eq!(report.kills, 8);
        rules(&report).contains(&"acknowledged and lost")
    };
    assert!(!found(true), "written before the answer");
    assert!((0..5).any(|_| found(false)), "written after the answer");
}
