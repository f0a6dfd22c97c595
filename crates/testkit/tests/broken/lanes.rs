use crate::clock;
use crate::flaw::Flaw;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use wxhook_idempotency::{
    AcceptResult, Claim, Clock, Entry, Error, Layer, Lease, Lookup, MemoryStore, Move, MoveResult,
    MoveTarget, Seq, Store as _, StoredRecord, machine,
};
use wxhook_testkit::store::Place;

/// Knows nothing of earlier versions: what can't be compared is the same.
#[derive(Debug)]
pub(crate) struct OnlyPresentFingerprint;

impl Flaw for OnlyPresentFingerprint {
    fn of(_place: &Place) -> Self {
        Self
    }
}

impl Layer<MemoryStore> for OnlyPresentFingerprint {
    async fn accept(&self, store: &MemoryStore, mut entry: Entry) -> Result<AcceptResult, Error> {
        entry.older_fingerprints.clear();
        store.accept(entry).await
    }
}

/// Claims from the first lane only.
#[derive(Debug)]
pub(crate) struct FirstLane;

impl Flaw for FirstLane {
    fn of(_place: &Place) -> Self {
        Self
    }
}

impl Layer<MemoryStore> for FirstLane {
    async fn claim_due(&self, store: &MemoryStore, mut claim: Claim) -> Result<Vec<Lease>, Error> {
        claim.lanes.truncate(1);
        store.claim_due(claim).await
    }
}

/// Empties one lane after the other.
#[derive(Debug)]
pub(crate) struct LaneByLane;

impl Flaw for LaneByLane {
    fn of(_place: &Place) -> Self {
        Self
    }
}

impl Layer<MemoryStore> for LaneByLane {
    async fn claim_due(&self, store: &MemoryStore, claim: Claim) -> Result<Vec<Lease>, Error> {
        for lane in &claim.lanes {
            let leases = store.claim_due(Claim::new(claim.id, [lane], claim.max, claim.lease)).await?;
            if !leases.is_empty() {
                return Ok(leases);
            }
        }
        Ok(Vec::new())
    }
}

/// Splits a lane at once, however long everybody waits.
#[derive(Debug)]
pub(crate) struct SplitsAtOnce;

impl Flaw for SplitsAtOnce {
    fn of(_place: &Place) -> Self {
        Self
    }
}

impl Layer<MemoryStore> for SplitsAtOnce {
    async fn move_records(&self, store: &MemoryStore, mut request: Move) -> Result<MoveResult, Error> {
        if matches!(request.target, MoveTarget::Merchants { .. }) {
            request.max = usize::MAX;
        }
        store.move_records(request).await
    }
}

/// Adopts what is accepted meanwhile, too.
#[derive(Debug)]
pub(crate) struct AdoptsForever;

impl Flaw for AdoptsForever {
    fn of(_place: &Place) -> Self {
        Self
    }
}

impl Layer<MemoryStore> for AdoptsForever {
    async fn move_records(&self, store: &MemoryStore, mut request: Move) -> Result<MoveResult, Error> {
        if let MoveTarget::Lane { until, .. } = &mut request.target {
            *until = Seq::new(u64::MAX);
        }
        store.move_records(request).await
    }
}

/// Adopts what others hold: their leases are given to nobody.
#[derive(Debug)]
pub(crate) struct AdoptsFromUnderALease;

impl Flaw for AdoptsFromUnderALease {
    fn of(_place: &Place) -> Self {
        Self
    }
}

impl Layer<MemoryStore> for AdoptsFromUnderALease {
    async fn move_records(&self, store: &MemoryStore, request: Move) -> Result<MoveResult, Error> {
        match (store.move_records(request.clone()).await?, request.target) {
            (MoveResult::Leased, MoveTarget::Lane { to, .. }) => {
                store.move_records(Move::split(request.from, to, request.max)).await
            }
            (moved, _) => Ok(moved),
        }
    }
}

/// Measures by the wall clock alone.
#[derive(Debug)]
pub(crate) struct WallClock;

impl Flaw for WallClock {
    fn of(_place: &Place) -> Self {
        Self
    }

    fn clock(&self, place: &Place) -> Arc<dyn Clock> {
        Arc::new(Stopped(clock(place)))
    }
}

impl Layer<MemoryStore> for WallClock {}

/// Nothing but the wall clock goes.
#[derive(Debug)]
struct Stopped(Arc<dyn Clock>);

impl Clock for Stopped {
    fn now(&self) -> SystemTime {
        self.0.now()
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// Takes every jump of the clock for time that passed.
#[derive(Debug)]
pub(crate) struct BelievesJumps;

impl Flaw for BelievesJumps {
    fn of(_place: &Place) -> Self {
        Self
    }

    fn clock(&self, place: &Place) -> Arc<dyn Clock> {
        Arc::new(Believing(clock(place)))
    }
}

impl Layer<MemoryStore> for BelievesJumps {}

#[derive(Debug)]
struct Believing(Arc<dyn Clock>);

impl Clock for Believing {
    fn now(&self) -> SystemTime {
        self.0.now()
    }

    fn elapsed(&self) -> Duration {
        self.0.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }
}

/// Probes by accepting something that stays.
#[derive(Debug)]
pub(crate) struct ProbesForGood;

impl Flaw for ProbesForGood {
    fn of(_place: &Place) -> Self {
        Self
    }
}

impl Layer<MemoryStore> for ProbesForGood {
    async fn probe(&self, store: &MemoryStore) -> Result<(), Error> {
        store.accept(machine::probe_entry()).await.map(drop)
    }
}

/// Doesn't say why something is parked.
#[derive(Debug)]
pub(crate) struct NoReasons;

impl Flaw for NoReasons {
    fn of(_place: &Place) -> Self {
        Self
    }
}

impl Layer<MemoryStore> for NoReasons {
    async fn get(&self, store: &MemoryStore, lookup: Lookup) -> Result<Option<StoredRecord>, Error> {
        let mut record = store.get(lookup).await?;
        if let Some(record) = &mut record {
            record.progress.error = None;
        }
        Ok(record)
    }
}

/// Forgets how a record's history began.
#[derive(Debug)]
pub(crate) struct LatestNotes;

impl Flaw for LatestNotes {
    fn of(_place: &Place) -> Self {
        Self
    }
}

impl Layer<MemoryStore> for LatestNotes {
    async fn get(&self, store: &MemoryStore, lookup: Lookup) -> Result<Option<StoredRecord>, Error> {
        let mut record = store.get(lookup).await?;
        if let Some(record) = &mut record
            && record.notes.len() == wxhook_idempotency::MAX_NOTES
        {
            record.progress.notes.remove(0);
        }
        Ok(record)
    }
}
