//! The suite runs on clocks that go by themselves, too. The store is the one in memory, which passes it on a clock that
//! stands still.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};
use wxhook_idempotency::{Clock, MemoryOptions, MemoryStore, SystemClock};
use wxhook_testkit::CaseResult;
use wxhook_testkit::store::{Backend, ManualClock, Place, Time, cases};

struct Memory(Time);

impl Backend for Memory {
    type Store = MemoryStore;

    fn open(&self, place: &Place) -> MemoryStore {
        MemoryStore::new(MemoryOptions::default().with_clock(Arc::new(Shifted(place.clock().clone()))))
    }

    fn time(&self) -> Time {
        self.0
    }
}

/// The machine's clock, so much ahead or behind as the suite says.
#[derive(Debug)]
struct Shifted(ManualClock);

impl Clock for Shifted {
    fn now(&self) -> SystemTime {
        let shift = self.0.shift_millis();
        let span = Duration::from_millis(shift.unsigned_abs());
        let now = SystemClock::default().now();
        if shift < 0 { now - span } else { now + span }
    }

    fn elapsed(&self) -> Duration {
        SystemClock::default().elapsed() + self.0.passed()
    }
}

mod shifted {
    wxhook_testkit::store_suite!(super::Memory(wxhook_testkit::store::Time::Shifted));
}

/// All at once, since most of it is waiting.
#[test]
fn a_real_clock() {
    let backend = &Memory(Time::Real);
    let outcomes: Vec<_> = thread::scope(|scope| {
        let cases = cases().into_iter();
        let running: Vec<_> =
            cases.map(|case| scope.spawn(move || (case.name(), case.run(backend, None)))).collect();
        running.into_iter().map(|case| case.join().unwrap()).collect()
    });
    let failed = outcomes.iter().filter(|(_, outcome)| matches!(outcome, CaseResult::Failed(_)));
    assert_eq!(failed.collect::<Vec<_>>(), [&("", CaseResult::Passed); 0]);
    // What takes leases is run, what takes days isn't.
    let outcome = |name| outcomes.iter().find(|(this, _)| *this == name).map(|(_, outcome)| outcome);
    assert_eq!(outcome("leasing::every_record_ends"), Some(&CaseResult::Passed));
    assert_eq!(outcome("differential::random_sequences"), Some(&CaseResult::Passed));
    assert!(matches!(outcome("retention::the_last_resend_is_known"), Some(CaseResult::Skipped(_))));
}
