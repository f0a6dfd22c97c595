use crate::machine::Moment;
use crate::record::{Seq, State, StoredRecord};
use crate::results::{ClaimId, LaneStats};
use std::collections::{BTreeSet, HashMap};

/// Indexes of records by state, kept in step with every insertion, change and removal.
#[derive(Debug, Default)]
pub(super) struct Index {
    lanes: HashMap<String, Lane>,
    claims: HashMap<ClaimId, BTreeSet<Seq>>,
    idle: BTreeSet<(Moment, Seq)>,
}

#[derive(Debug, Default)]
struct Lane {
    due: BTreeSet<(Moment, Seq)>,
    groups: HashMap<String, BTreeSet<Seq>>,
    counts: [u64; State::ALL.len()],
    bytes: u64,
}

impl Lane {
    fn count(&mut self, state: State, change: impl Fn(u64) -> u64) {
        for (each, count) in State::ALL.iter().zip(&mut self.counts) {
            if *each == state {
                *count = change(*count);
            }
        }
    }
}

impl Index {
    /// Adds a record.
    pub(super) fn add(&mut self, record: &StoredRecord) {
        if !self.lanes.contains_key(&record.lane) {
            self.lanes.insert(record.lane.clone(), Lane::default());
        }
        let Some(lane) = self.lanes.get_mut(&record.lane) else { return };
        lane.count(record.state, |count| count.saturating_add(1));
        if let Some(since) = record.idle_since() {
            self.idle.insert((since, record.seq));
            return;
        }
        if let Some(id) = record.claim {
            self.claims.entry(id).or_default().insert(record.seq);
        }
        lane.bytes = lane.bytes.saturating_add(size(record));
        if let Some(wakes) = record.wakes_at() {
            lane.due.insert((wakes, record.seq));
            if let Some(group) = &record.group {
                lane.groups.entry(group.clone()).or_default().insert(record.seq);
            }
        }
    }

    /// Removes a record, which must be as it was added.
    pub(super) fn take(&mut self, record: &StoredRecord) {
        let Some(lane) = self.lanes.get_mut(&record.lane) else { return };
        lane.count(record.state, |count| count.saturating_sub(1));
        if let Some(since) = record.idle_since() {
            self.idle.remove(&(since, record.seq));
            return;
        }
        if let Some(id) = record.claim
            && let Some(seqs) = self.claims.get_mut(&id)
        {
            seqs.remove(&record.seq);
            if seqs.is_empty() {
                self.claims.remove(&id);
            }
        }
        lane.bytes = lane.bytes.saturating_sub(size(record));
        if let Some(wakes) = record.wakes_at() {
            lane.due.remove(&(wakes, record.seq));
            if let Some(group) = &record.group
                && let Some(seqs) = lane.groups.get_mut(group)
            {
                seqs.remove(&record.seq);
                if seqs.is_empty() {
                    lane.groups.remove(group);
                }
            }
        }
    }

    pub(super) fn lane_stats(&self, name: &str) -> LaneStats {
        let (counts, bytes) =
            self.lanes.get(name).map_or_else(Default::default, |lane| (lane.counts, lane.bytes));
        LaneStats::new(name, counts, bytes)
    }

    /// Returns every lane that holds a record.
    pub(super) fn lanes(&self) -> impl Iterator<Item = LaneStats> {
        let lanes = self.lanes.iter().map(|(name, lane)| LaneStats::new(name, lane.counts, lane.bytes));
        lanes.filter(|lane| lane.records() > 0)
    }

    pub(super) fn due(
        &self,
        lane: &str,
        now: Moment,
        after: Option<(Moment, Seq)>,
        max: usize,
    ) -> Vec<(Moment, Seq)> {
        let Some(lane) = self.lanes.get(lane) else { return Vec::new() };
        let from = after.unwrap_or((Moment::FIRST, Seq::new(0)));
        lane.due
            .range(from..)
            .filter(|at| Some(**at) != after)
            .take_while(|(wakes, _)| *wakes <= now)
            .take(max)
            .copied()
            .collect()
    }

    pub(super) fn is_behind(&self, record: &StoredRecord) -> bool {
        let Some(group) = &record.group else { return false };
        let waiting = self.lanes.get(&record.lane).and_then(|lane| lane.groups.get(group));
        waiting.and_then(BTreeSet::first).is_some_and(|first| *first < record.seq)
    }

    pub(super) fn claimed(&self, id: ClaimId) -> impl Iterator<Item = Seq> {
        self.claims.get(&id).into_iter().flatten().copied()
    }

    pub(super) fn idle(&self, until: Moment, max: usize) -> Vec<Seq> {
        self.idle.iter().take_while(|(since, _)| *since <= until).take(max).map(|(_, seq)| *seq).collect()
    }

    /// Returns each lane's ready and leased records, earliest first.
    pub(super) fn waking(&self) -> impl Iterator<Item = impl Iterator<Item = (Moment, Seq)>> {
        self.lanes.values().map(|lane| lane.due.iter().copied())
    }
}

fn size(record: &StoredRecord) -> u64 {
    u64::try_from(record.body.len()).unwrap_or(u64::MAX)
}
