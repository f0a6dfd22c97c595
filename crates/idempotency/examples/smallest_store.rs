//! A minimal store: records in a list, and one lock around every operation.
//!
//! The state machine decides; a backend finds and keeps records. A backend on a database runs each `step` in a
//! transaction and answers once that is committed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wxhook_idempotency::machine::{self, Moment, Progress, RecordRef, StoreTime, StoreTxn, TimeState};
use wxhook_idempotency::{
    AcceptResult, Action, BeginResult, Capabilities, Claim, ClaimId, Clock, Durability, Entry, Error, Fence,
    FenceResult, Filter, FullRecord, LaneStats, Lease, Lookup, Move, MoveResult, Operation, Page, Retention,
    Seq, Settlement, State, Stats, Store, StoredRecord, Tombstone,
};

/// A store that keeps its records in a list.
pub struct ListStore {
    clock: Arc<dyn Clock>,
    list: Mutex<List>,
}

impl ListStore {
    /// Creates an empty store with a clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, list: Mutex::default() }
    }

    /// Runs one atomic step. The time is read under the lock, so that steps and times have the same order.
    fn step<T>(&self, run: impl FnOnce(&mut List, Moment) -> T) -> T {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let List { time, kept, .. } = &mut *list;
        let (now, jump) = time.now(kept, Moment::from_system(self.clock.now()), self.clock.elapsed());
        if let Some(jump) = jump {
            tracing::warn!("{jump}");
        }
        run(&mut list, now)
    }

    /// Reads without advancing the store's time.
    fn look<T>(&self, run: impl FnOnce(&List, Moment) -> T) -> T {
        let list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let now = list.time.peek(&list.kept, Moment::from_system(self.clock.now()), self.clock.elapsed());
        run(&list, now)
    }
}

impl fmt::Debug for ListStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListStore").finish_non_exhaustive()
    }
}

impl Store for ListStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new(Durability::Process, false, None)
    }

    async fn accept(&self, entry: Entry) -> Result<AcceptResult, Error> {
        self.step(|list, now| machine::accept(list, entry, now))
    }

    async fn begin(&self, entry: Entry, id: ClaimId, lease: Duration) -> Result<BeginResult, Error> {
        self.step(|list, now| machine::begin(list, entry, id, lease, now))
    }

    async fn claim_due(&self, claim: Claim) -> Result<Vec<Lease>, Error> {
        self.step(|list, now| machine::claim_due(list, &claim, now))
    }

    async fn renew(&self, seq: Seq, fence: Fence, lease: Duration) -> Result<FenceResult, Error> {
        self.step(|list, now| machine::renew(list, seq, fence, lease, now))
    }

    async fn settle(&self, seq: Seq, fence: Fence, settlement: Settlement) -> Result<FenceResult, Error> {
        self.step(|list, now| machine::settle(list, seq, fence, &settlement, now))
    }

    async fn act(
        &self,
        seq: Seq,
        operation: Operation,
        action: Action,
    ) -> Result<Option<StoredRecord>, Error> {
        self.step(|list, now| machine::act(list, seq, operation, &action, now))
    }

    async fn get(&self, lookup: Lookup) -> Result<Option<StoredRecord>, Error> {
        let is_it = |record: &StoredRecord| match &lookup {
            Lookup::Seq(seq) => record.seq == *seq,
            Lookup::Key(key) => record.key == *key,
            _ => false,
        };
        Ok(self.look(|list, _| list.find(|held| is_it(&held.record)).map(|held| held.record.clone())))
    }

    async fn list(&self, filter: Filter, before: Option<Seq>, max: usize) -> Result<Page, Error> {
        self.look(|list, _| {
            let newest_first = list.held.iter().rev().map(|held| &held.record);
            let earlier = newest_first.filter(|record| before.is_none_or(|before| record.seq < before));
            let mut passing = earlier.filter(|record| filter.passes(record)).cloned();
            let records: Vec<_> = passing.by_ref().take(max).collect();
            let more = passing.next().is_some();
            let next = records.last().filter(|_| more).map(|record| record.seq);
            Ok(Page::new(records, next))
        })
    }

    async fn stats(&self) -> Result<Stats, Error> {
        self.look(|list, now| {
            let mut lanes: BTreeMap<&str, LaneStats> = BTreeMap::new();
            let mut oldest = None;
            for record in list.held.iter().map(|held| &held.record) {
                let lane =
                    lanes.entry(&record.lane).or_insert_with(|| LaneStats::new(&record.lane, [0; 4], 0));
                lane.add(record.state, &record.body);
                let due = record.due_at;
                if record.state == State::Ready && due <= now {
                    oldest = oldest.max(Some(now.since(due)));
                }
            }
            Ok(Stats::new(lanes.into_values().collect(), oldest, 0))
        })
    }

    async fn move_records(&self, request: Move) -> Result<MoveResult, Error> {
        self.step(|list, now| machine::move_records(list, &request, now))
    }

    async fn purge(&self, max: usize) -> Result<u64, Error> {
        let (purged, _) = self.step(|list, now| machine::purge(list, Retention::default(), max, now))?;
        Ok(u64::try_from(purged).unwrap_or(u64::MAX))
    }

    async fn probe(&self) -> Result<(), Error> {
        self.step(machine::probe)
    }
}

/// Records, ordered by number.
#[derive(Default)]
struct List {
    held: Vec<FullRecord>,
    tombstones: Vec<(String, Tombstone, Moment)>,
    last_seq: u64,
    last_fence: u64,
    time: StoreTime,
    kept: TimeState,
}

impl List {
    fn find(&self, is_it: impl Fn(&FullRecord) -> bool) -> Option<&FullRecord> {
        self.held.iter().find(|held| is_it(held))
    }

    fn known(&self, is_it: impl Fn(&FullRecord) -> bool) -> Result<Option<RecordRef>, Error> {
        Ok(self.find(is_it).map(RecordRef::from))
    }

    fn get_mut(&mut self, seq: Seq) -> Option<&mut FullRecord> {
        self.held.iter_mut().find(|held| held.record.seq == seq)
    }
}

impl StoreTxn for List {
    fn by_alias(&mut self, alias: &str) -> Result<Option<RecordRef>, Error> {
        self.known(|held| held.aliases.iter().any(|own| own == alias))
    }

    fn by_key(&mut self, key: &str) -> Result<Option<RecordRef>, Error> {
        self.known(|held| held.record.key == key)
    }

    fn by_seq(&mut self, seq: Seq) -> Result<Option<RecordRef>, Error> {
        self.known(|held| held.record.seq == seq)
    }

    fn has_siblings(&mut self) -> Result<bool, Error> {
        Ok(self.held.iter().any(|held| held.record.sibling_of.is_some()))
    }

    fn siblings(&mut self, root: Seq) -> Result<usize, Error> {
        Ok(self.held.iter().filter(|held| held.record.sibling_of == Some(root)).count())
    }

    fn tombstones(&mut self, key: &str) -> Result<Vec<Tombstone>, Error> {
        Ok(self
            .tombstones
            .iter()
            .filter(|(own, ..)| own == key)
            .map(|(_, tombstone, _)| *tombstone)
            .collect())
    }

    fn put_tombstone(&mut self, key: &str, tombstone: Tombstone, now: Moment) -> Result<(), Error> {
        let mut tombstones = self.tombstones.iter_mut();
        match tombstones.find(|(own, there, _)| own == key && there.fingerprint == tombstone.fingerprint) {
            Some((_, _, at)) => *at = now,
            None => self.tombstones.push((key.to_owned(), tombstone, now)),
        }
        Ok(())
    }

    fn lane_stats(&mut self, lane: &str) -> Result<LaneStats, Error> {
        let mut stats = LaneStats::new(lane, [0; 4], 0);
        for held in self.held.iter().filter(|held| held.record.lane == lane) {
            stats.add(held.record.state, &held.record.body);
        }
        Ok(stats)
    }

    fn next_seq(&mut self) -> Result<Seq, Error> {
        self.last_seq += 1;
        Ok(Seq::new(self.last_seq))
    }

    fn insert(&mut self, mut record: FullRecord) -> Result<(), Error> {
        record.aliases.retain(|alias| self.find(|held| held.aliases.contains(alias)).is_none());
        self.held.push(record);
        Ok(())
    }

    fn add_alias(&mut self, seq: Seq, alias: &str) -> Result<(), Error> {
        if self.by_alias(alias)?.is_none()
            && let Some(held) = self.get_mut(seq)
        {
            held.aliases.push(alias.to_owned());
        }
        Ok(())
    }

    fn load(&mut self, seq: Seq) -> Result<Option<Progress>, Error> {
        Ok(self.get_mut(seq).map(|held| held.record.progress.clone()))
    }

    fn save(&mut self, seq: Seq, progress: &Progress) -> Result<(), Error> {
        if let Some(held) = self.get_mut(seq) {
            held.record.progress = progress.clone();
        }
        Ok(())
    }

    fn record(&mut self, seq: Seq) -> Result<Option<StoredRecord>, Error> {
        Ok(self.get_mut(seq).map(|held| held.record.clone()))
    }

    fn next_fence(&mut self) -> Result<Fence, Error> {
        self.last_fence += 1;
        Ok(Fence::new(self.last_fence))
    }

    fn due(
        &mut self,
        lane: &str,
        now: Moment,
        after: Option<(Moment, Seq)>,
        max: usize,
    ) -> Result<Vec<(Moment, Seq)>, Error> {
        let in_lane = self.held.iter().filter(|held| held.record.lane == lane);
        let waking = in_lane.filter_map(|held| held.record.wakes_at().map(|at| (at, held.record.seq)));
        let mut due: Vec<_> = waking.filter(|at| at.0 <= now && Some(*at) > after).collect();
        due.sort_unstable();
        due.truncate(max);
        Ok(due)
    }

    fn purge_after(&mut self) -> Result<Option<Moment>, Error> {
        Ok(self.kept.purge_after)
    }

    fn in_lane(
        &mut self,
        lane: &str,
        done: bool,
        until: Seq,
        max: usize,
    ) -> Result<Vec<(Seq, String)>, Error> {
        let is_it = |record: &&StoredRecord| {
            record.lane == lane && (record.state == State::Done) == done && record.seq <= until
        };
        let found = self.held.iter().map(|held| &held.record).filter(is_it).take(max);
        Ok(found.map(|record| (record.seq, record.labels.merchant.clone())).collect())
    }

    fn is_lane_leased(&mut self, lane: &str, now: Moment) -> Result<bool, Error> {
        Ok(self.held.iter().any(|held| held.record.lane == lane && held.record.is_held(now)))
    }

    fn move_to(&mut self, seq: Seq, lane: &str) -> Result<(), Error> {
        if let Some(held) = self.get_mut(seq) {
            held.record.lane = lane.to_owned();
        }
        Ok(())
    }

    fn is_behind(&mut self, seq: Seq) -> Result<bool, Error> {
        let Some(this) = self.find(|held| held.record.seq == seq).map(|held| &held.record) else {
            return Ok(false);
        };
        let is_before = |other: &StoredRecord| {
            other.seq < seq
                && (&other.lane, &other.group) == (&this.lane, &this.group)
                && matches!(other.state, State::Ready | State::Leased)
        };
        Ok(this.group.is_some() && self.find(|held| is_before(&held.record)).is_some())
    }

    fn claimed(&mut self, lane: &str, id: ClaimId) -> Result<Vec<Seq>, Error> {
        let held = self.held.iter().filter(|held| held.record.lane == lane && held.record.claim == Some(id));
        let mut found: Vec<_> = held.map(|held| (held.record.fence, held.record.seq)).collect();
        found.sort_unstable();
        Ok(found.into_iter().map(|(_, seq)| seq).collect())
    }

    fn idle(&mut self, until: Moment, max: usize) -> Result<Vec<Seq>, Error> {
        let since = |held: &FullRecord| held.record.idle_since().map(|since| (since, held.record.seq));
        let mut idle: Vec<_> = self.held.iter().filter_map(since).filter(|at| at.0 <= until).collect();
        idle.sort_unstable();
        Ok(idle.into_iter().take(max).map(|(_, seq)| seq).collect())
    }

    fn remove(&mut self, seq: Seq) -> Result<Option<RecordRef>, Error> {
        let at = self.held.iter().position(|held| held.record.seq == seq);
        Ok(at.map(|at| RecordRef::from(&self.held.remove(at))))
    }

    fn remove_tombstones(&mut self, until: Moment, max: usize) -> Result<usize, Error> {
        self.tombstones.sort_by_key(|(_, tombstone, at)| (*at, tombstone.seq));
        let over = self.tombstones.iter().take_while(|(.., at)| *at <= until).take(max).count();
        self.tombstones.drain(..over);
        Ok(over)
    }

    /// Nothing here can become unreadable.
    fn set_aside(&mut self, _seq: Seq) -> Result<(), Error> {
        Ok(())
    }
}

fn main() -> Result<(), Error> {
    let store = ListStore::new(Arc::new(wxhook_idempotency::SystemClock::default()));
    let entry =
        || Entry::new("shop/PAID/n=1", wxhook_idempotency::Fingerprint::new(1, [7; 32]), "{}", "sink");
    futures_executor::block_on(async {
        assert!(matches!(store.accept(entry()).await?, AcceptResult::New { .. }));
        assert!(matches!(store.accept(entry()).await?, AcceptResult::Duplicate { state: State::Ready, .. }));
        Ok(())
    })
}
