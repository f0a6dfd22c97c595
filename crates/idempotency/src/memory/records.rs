use super::MemoryStore;
use super::index::Index;
use crate::clock::Clock;
use crate::entry::Fingerprint;
use crate::error::Error;
use crate::machine::{ClockJump, Moment, Progress, RecordRef, StoreTime, StoreTxn, TimeState};
use crate::record::{Fence, FullRecord, Seq, State, StoredRecord, Tombstone};
use crate::results::{ClaimId, Filter, LaneStats, Lookup, Page, Stats};
use crate::transfer::{Counters, Cursor, ExportPage, ExportedTombstone, TombstoneKey, Transfer};
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};

/// Everything a memory store holds.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) records: BTreeMap<Seq, Box<FullRecord>>,
    keys: HashMap<String, Seq>,
    aliases: HashMap<String, Seq>,
    siblings: HashMap<Seq, usize>,
    pub(super) tombstones: HashMap<String, Vec<(Tombstone, Moment)>>,
    tombstone_times: BTreeMap<(Moment, Seq), (String, Fingerprint)>,
    index: Index,
    pub(super) last_seq: u64,
    pub(super) last_fence: u64,
    time: StoreTime,
    pub(super) kept: TimeState,
}

impl Records {
    /// Returns the time of a step, and the jump of the clock if there was one.
    pub(super) fn now(&mut self, clock: &dyn Clock) -> (Moment, Option<ClockJump>) {
        self.time.now(&mut self.kept, Moment::from_system(clock.now()), clock.elapsed())
    }

    /// Returns the time of a read.
    pub(super) fn peek(&self, clock: &dyn Clock) -> Moment {
        self.time.peek(&self.kept, Moment::from_system(clock.now()), clock.elapsed())
    }

    /// Inserts or replaces a record.
    fn put(&mut self, full: FullRecord) {
        let seq = full.record.seq;
        self.keys.insert(full.record.key.clone(), seq);
        if let Some(root) = full.record.sibling_of {
            *self.siblings.entry(root).or_default() += 1;
        }
        for alias in &full.aliases {
            self.aliases.insert(alias.clone(), seq);
        }
        self.index.add(&full.record);
        self.records.insert(seq, Box::new(full));
    }

    pub(super) fn get(&self, lookup: &Lookup) -> Option<StoredRecord> {
        let seq = match lookup {
            Lookup::Seq(seq) => seq,
            Lookup::Key(key) => self.keys.get(key)?,
        };
        Some(self.records.get(seq)?.record.clone())
    }

    pub(super) fn list(&self, filter: &Filter, before: Option<Seq>, max: usize) -> Page {
        let before = before.unwrap_or(Seq::new(u64::MAX));
        let mut matching = self.records.range(..before).rev().map(|(_, held)| &held.record);
        let mut records = Vec::new();
        let mut next = None;
        while let Some(record) = matching.by_ref().find(|record| filter.passes(record)) {
            if records.len() >= max {
                next = records.last().map(|last: &StoredRecord| last.seq);
                break;
            }
            records.push(record.clone());
        }
        Page::new(records, next)
    }

    pub(super) fn stats(&self, now: Moment) -> Stats {
        let is_ready =
            |seq: &Seq| self.records.get(seq).is_some_and(|held| held.record.state == State::Ready);
        let ready = self.index.waking().filter_map(|mut lane| {
            lane.find(|(due, seq)| *due > now || is_ready(seq)).filter(|(due, _)| *due <= now)
        });
        let oldest_ready = ready.map(|(due, _)| due).min().map(|due| now.since(due));
        let mut lanes: Vec<_> = self.index.lanes().collect();
        lanes.sort_unstable_by(|one, other| one.lane.cmp(&other.lane));
        Stats::new(lanes, oldest_ready, 0)
    }
}

impl StoreTxn for Records {
    fn by_alias(&mut self, alias: &str) -> Result<Option<RecordRef>, Error> {
        Ok(self.aliases.get(alias).and_then(|seq| self.records.get(seq)).map(|held| RecordRef::from(&**held)))
    }

    fn by_key(&mut self, key: &str) -> Result<Option<RecordRef>, Error> {
        Ok(self.keys.get(key).and_then(|seq| self.records.get(seq)).map(|held| RecordRef::from(&**held)))
    }

    fn by_seq(&mut self, seq: Seq) -> Result<Option<RecordRef>, Error> {
        Ok(self.records.get(&seq).map(|held| RecordRef::from(&**held)))
    }

    fn has_siblings(&mut self) -> Result<bool, Error> {
        Ok(!self.siblings.is_empty())
    }

    fn siblings(&mut self, root: Seq) -> Result<usize, Error> {
        Ok(self.siblings.get(&root).copied().unwrap_or(0))
    }

    fn tombstones(&mut self, key: &str) -> Result<Vec<Tombstone>, Error> {
        Ok(self.tombstones.get(key).into_iter().flatten().map(|(tombstone, _)| *tombstone).collect())
    }

    fn put_tombstone(&mut self, key: &str, tombstone: Tombstone, now: Moment) -> Result<(), Error> {
        let tombstones = self.tombstones.entry(key.to_owned()).or_default();
        match tombstones.iter_mut().find(|(there, _)| there.fingerprint == tombstone.fingerprint) {
            Some((there, at)) => {
                self.tombstone_times.remove(&(*at, there.seq));
                *at = now;
                self.tombstone_times.insert((now, there.seq), (key.to_owned(), there.fingerprint));
            }
            None => {
                tombstones.push((tombstone, now));
                self.tombstone_times.insert((now, tombstone.seq), (key.to_owned(), tombstone.fingerprint));
            }
        }
        Ok(())
    }

    fn lane_stats(&mut self, lane: &str) -> Result<LaneStats, Error> {
        Ok(self.index.lane_stats(lane))
    }

    fn next_seq(&mut self) -> Result<Seq, Error> {
        self.last_seq = self.last_seq.saturating_add(1);
        Ok(Seq::new(self.last_seq))
    }

    fn insert(&mut self, mut record: FullRecord) -> Result<(), Error> {
        record.aliases.retain(|alias| !self.aliases.contains_key(alias));
        self.put(record);
        Ok(())
    }

    fn add_alias(&mut self, seq: Seq, alias: &str) -> Result<(), Error> {
        if !self.aliases.contains_key(alias)
            && let Some(held) = self.records.get_mut(&seq)
        {
            self.aliases.insert(alias.to_owned(), seq);
            held.aliases.push(alias.to_owned());
        }
        Ok(())
    }

    fn load(&mut self, seq: Seq) -> Result<Option<Progress>, Error> {
        Ok(self.records.get(&seq).map(|held| held.record.progress.clone()))
    }

    fn save(&mut self, seq: Seq, progress: &Progress) -> Result<(), Error> {
        if let Some(held) = self.records.get_mut(&seq) {
            self.index.take(&held.record);
            held.record.progress = progress.clone();
            self.index.add(&held.record);
        }
        Ok(())
    }

    fn record(&mut self, seq: Seq) -> Result<Option<StoredRecord>, Error> {
        Ok(self.records.get(&seq).map(|held| held.record.clone()))
    }

    fn next_fence(&mut self) -> Result<Fence, Error> {
        self.last_fence = self.last_fence.saturating_add(1);
        Ok(Fence::new(self.last_fence))
    }

    fn due(
        &mut self,
        lane: &str,
        now: Moment,
        after: Option<(Moment, Seq)>,
        max: usize,
    ) -> Result<Vec<(Moment, Seq)>, Error> {
        Ok(self.index.due(lane, now, after, max))
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
        let records = self.records.range(..=until).map(|(_, held)| &held.record);
        let found = records.filter(|record| record.lane == lane && (record.state == State::Done) == done);
        Ok(found.take(max).map(|record| (record.seq, record.labels.merchant.clone())).collect())
    }

    fn is_lane_leased(&mut self, lane: &str, now: Moment) -> Result<bool, Error> {
        let mut in_lane = self.records.values().filter(|held| held.record.lane == lane);
        Ok(in_lane.any(|held| held.record.is_held(now)))
    }

    fn move_to(&mut self, seq: Seq, lane: &str) -> Result<(), Error> {
        if let Some(held) = self.records.get_mut(&seq) {
            self.index.take(&held.record);
            held.record.lane = lane.to_owned();
            self.index.add(&held.record);
        }
        Ok(())
    }

    fn is_behind(&mut self, seq: Seq) -> Result<bool, Error> {
        Ok(self.records.get(&seq).is_some_and(|held| self.index.is_behind(&held.record)))
    }

    fn claimed(&mut self, lane: &str, id: ClaimId) -> Result<Vec<Seq>, Error> {
        let mut found: Vec<_> = self
            .index
            .claimed(id)
            .filter_map(|seq| self.records.get(&seq))
            .filter(|held| held.record.lane == lane)
            .map(|held| (held.record.fence, held.record.seq))
            .collect();
        found.sort_unstable();
        Ok(found.into_iter().map(|(_, seq)| seq).collect())
    }

    fn idle(&mut self, until: Moment, max: usize) -> Result<Vec<Seq>, Error> {
        Ok(self.index.idle(until, max))
    }

    fn remove(&mut self, seq: Seq) -> Result<Option<RecordRef>, Error> {
        let Some(held) = self.records.remove(&seq) else { return Ok(None) };
        self.index.take(&held.record);
        self.keys.remove(&held.record.key);
        for alias in &held.aliases {
            self.aliases.remove(alias);
        }
        if let Some(root) = held.record.sibling_of
            && let Some(count) = self.siblings.get_mut(&root)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.siblings.remove(&root);
            }
        }
        Ok(Some(RecordRef::from(&*held)))
    }

    fn remove_tombstones(&mut self, until: Moment, max: usize) -> Result<usize, Error> {
        let mut removed = 0;
        while removed < max {
            let Some(first) = self.tombstone_times.first_entry().filter(|first| first.key().0 <= until)
            else {
                break;
            };
            let (key, fingerprint) = first.remove();
            if let Some(tombstones) = self.tombstones.get_mut(&key) {
                tombstones.retain(|(tombstone, _)| tombstone.fingerprint != fingerprint);
                if tombstones.is_empty() {
                    self.tombstones.remove(&key);
                }
            }
            removed += 1;
        }
        Ok(removed)
    }

    fn set_aside(&mut self, _seq: Seq) -> Result<(), Error> {
        Ok(())
    }
}

impl Transfer for MemoryStore {
    async fn export(&self, from: Cursor, max: usize) -> Result<ExportPage, Error> {
        Ok(self.step(|records, _| records.export(&from, max.max(1))))
    }

    async fn import(&self, page: ExportPage) -> Result<(), Error> {
        self.step(|records, _| records.import(page))
    }
}

impl Records {
    fn export(&self, from: &Cursor, max: usize) -> ExportPage {
        let mut page = ExportPage::new(None);
        match from {
            Cursor::Records(after) => {
                let greater = self.records.range(Seq::new(after.get().saturating_add(1))..);
                page.records = greater.take(max).map(|(_, held)| (**held).clone()).collect();
                page.next = Some(match page.records.last().filter(|_| page.records.len() == max) {
                    Some(last) => Cursor::Records(last.record.seq),
                    None => Cursor::Tombstones(Bytes::new()),
                });
            }
            // All tombstones go in one page, since a store in memory has few.
            Cursor::Tombstones(_) => {
                let tombstones =
                    self.tombstones.iter().flat_map(|(key, all)| all.iter().map(move |each| (key, each)));
                let export = |(key, (tombstone, at)): (&String, &(_, Moment))| {
                    ExportedTombstone::new(TombstoneKey::Plain(key.clone()), *tombstone, *at)
                };
                page.tombstones = tombstones.map(export).collect();
                page.next = Some(Cursor::Counters);
            }
            Cursor::Counters => {
                page.counters = Some(Counters::new(self.last_seq, self.last_fence, self.kept))
            }
        }
        page
    }

    fn import(&mut self, page: ExportPage) -> Result<(), Error> {
        if self.last_seq > 0 {
            return Err(Error::Unsupported("importing into a store that isn't empty".to_owned()));
        }
        for full in page.records {
            self.remove(full.record.seq)?;
            self.put(full);
        }
        for exported in page.tombstones {
            let TombstoneKey::Plain(key) = exported.key else {
                return Err(Error::Unsupported("importing tombstones whose keys aren't known".to_owned()));
            };
            self.put_tombstone(&key, exported.tombstone, exported.put_at)?;
        }
        if let Some(counters) = page.counters {
            (self.last_seq, self.last_fence) = (counters.seq, counters.fence);
            self.kept.last = self.kept.last.max(counters.time.last);
            self.kept.purge_after = self.kept.purge_after.max(counters.time.purge_after);
        }
        Ok(())
    }
}
