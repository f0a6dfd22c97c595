use super::index::Index;
use crate::clock::Clock;
use crate::entry::Fingerprint;
use crate::error::Error;
use crate::machine::{
    ClockJump, Moment, NewRecord, Progress, RecordRef, RemovedRecord, StoreTime, StoreTxn, TimeState,
};
use crate::record::{Fence, Seq, State, StoredRecord, Tombstone};
use crate::results::{ClaimId, Filter, LaneStats, Lookup, Page, Stats};
use std::collections::{BTreeMap, HashMap};
use std::mem;

/// Everything a memory store holds.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) records: BTreeMap<Seq, Box<Held>>,
    keys: HashMap<String, Seq>,
    aliases: HashMap<String, Seq>,
    siblings: HashMap<Seq, usize>,
    pub(super) marks: HashMap<String, Vec<(Tombstone, Moment)>>,
    mark_times: BTreeMap<(Moment, Seq), (String, Fingerprint)>,
    index: Index,
    pub(super) last_seq: u64,
    pub(super) last_fence: u64,
    time: StoreTime,
    pub(super) kept: TimeState,
}

/// A record and what isn't shown of it.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) record: StoredRecord,
    pub(super) claim: Option<ClaimId>,
    pub(super) aliases: Vec<String>,
    pub(super) keeps_tombstone: bool,
}

impl Held {
    fn known(&self) -> RecordRef {
        let record = &self.record;
        RecordRef::new(record.seq, record.key.clone(), record.fingerprint, record.sibling_of)
    }

    fn progress(&self) -> Progress {
        Progress::of(&self.record, self.claim)
    }
}

impl Records {
    /// The time of one step, and the jump of the clock if there was one.
    pub(super) fn now(&mut self, clock: &dyn Clock) -> (Moment, Option<ClockJump>) {
        self.time.now(&mut self.kept, Moment::from_system(clock.now()), clock.elapsed())
    }

    /// The time of one look.
    pub(super) fn peek(&self, clock: &dyn Clock) -> Moment {
        self.time.peek(&self.kept, Moment::from_system(clock.now()), clock.elapsed())
    }

    /// Puts a record in its place, whether there is one of its number or not.
    pub(super) fn put(&mut self, held: Held) {
        let seq = held.record.seq;
        self.keys.insert(held.record.key.clone(), seq);
        if let Some(root) = held.record.sibling_of {
            *self.siblings.entry(root).or_default() += 1;
        }
        for alias in &held.aliases {
            self.aliases.insert(alias.clone(), seq);
        }
        self.index.add(&held.record, &held.progress());
        self.records.insert(seq, Box::new(held));
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
        Ok(self.aliases.get(alias).and_then(|seq| self.records.get(seq)).map(|held| held.known()))
    }

    fn by_key(&mut self, key: &str) -> Result<Option<RecordRef>, Error> {
        Ok(self.keys.get(key).and_then(|seq| self.records.get(seq)).map(|held| held.known()))
    }

    fn by_seq(&mut self, seq: Seq) -> Result<Option<RecordRef>, Error> {
        Ok(self.records.get(&seq).map(|held| held.known()))
    }

    fn has_siblings(&mut self) -> Result<bool, Error> {
        Ok(!self.siblings.is_empty())
    }

    fn siblings(&mut self, root: Seq) -> Result<usize, Error> {
        Ok(self.siblings.get(&root).copied().unwrap_or(0))
    }

    fn marks(&mut self, key: &str) -> Result<Vec<Tombstone>, Error> {
        Ok(self.marks.get(key).into_iter().flatten().map(|(mark, _)| *mark).collect())
    }

    fn put_mark(&mut self, key: &str, mark: Tombstone, now: Moment) -> Result<(), Error> {
        let marks = self.marks.entry(key.to_owned()).or_default();
        match marks.iter_mut().find(|(there, _)| there.fingerprint == mark.fingerprint) {
            Some((there, at)) => {
                self.mark_times.remove(&(*at, there.seq));
                *at = now;
                self.mark_times.insert((now, there.seq), (key.to_owned(), there.fingerprint));
            }
            None => {
                marks.push((mark, now));
                self.mark_times.insert((now, mark.seq), (key.to_owned(), mark.fingerprint));
            }
        }
        Ok(())
    }

    fn lane_stats(&mut self, lane: &str) -> Result<LaneStats, Error> {
        Ok(self.index.lane_stats(lane))
    }

    fn insert(&mut self, fresh: NewRecord<'_>) -> Result<Seq, Error> {
        let NewRecord { entry, progress, sibling_of, at } = fresh;
        self.last_seq = self.last_seq.saturating_add(1);
        let seq = Seq::new(self.last_seq);
        let (key, body) = (mem::take(&mut entry.key), mem::take(&mut entry.body));
        let mut record = StoredRecord::new(seq, key, entry.fingerprint, body, at.to_system());
        record.labels = mem::take(&mut entry.labels);
        record.lane = mem::take(&mut entry.lane);
        record.group = entry.group.take();
        record.sibling_of = sibling_of;
        progress.clone().write_to(&mut record);
        let keeps_tombstone = entry.keeps_tombstone;
        self.put(Held { record, claim: progress.claim, aliases: Vec::new(), keeps_tombstone });
        for alias in &entry.aliases {
            self.add_alias(seq, alias)?;
        }
        Ok(seq)
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
        Ok(self.records.get(&seq).map(|held| held.progress()))
    }

    fn save(&mut self, seq: Seq, progress: &Progress) -> Result<(), Error> {
        if let Some(held) = self.records.get_mut(&seq) {
            self.index.take(&held.record, &held.progress());
            held.claim = progress.claim;
            progress.clone().write_to(&mut held.record);
            self.index.add(&held.record, progress);
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
        Ok(in_lane.any(|held| held.progress().is_held(now)))
    }

    fn move_to(&mut self, seq: Seq, lane: &str) -> Result<(), Error> {
        if let Some(held) = self.records.get_mut(&seq) {
            let progress = held.progress();
            self.index.take(&held.record, &progress);
            held.record.lane = lane.to_owned();
            self.index.add(&held.record, &progress);
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

    fn remove(&mut self, seq: Seq) -> Result<Option<RemovedRecord>, Error> {
        let Some(held) = self.records.remove(&seq) else { return Ok(None) };
        self.index.take(&held.record, &held.progress());
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
        Ok(Some(RemovedRecord::new(held.known(), held.keeps_tombstone)))
    }

    fn remove_marks(&mut self, until: Moment, max: usize) -> Result<usize, Error> {
        let mut removed = 0;
        while removed < max {
            let Some(first) = self.mark_times.first_entry().filter(|first| first.key().0 <= until) else {
                break;
            };
            let (key, fingerprint) = first.remove();
            if let Some(marks) = self.marks.get_mut(&key) {
                marks.retain(|(mark, _)| mark.fingerprint != fingerprint);
                if marks.is_empty() {
                    self.marks.remove(&key);
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
