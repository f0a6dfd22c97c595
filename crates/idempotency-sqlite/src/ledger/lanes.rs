//! Moves records from one lane to another.

use super::Ledger;
use crate::place::Place;
use crate::row::{code, get, integer, rowid, whole};
use rusqlite::params;
use wxhook_idempotency::machine::Moment;
use wxhook_idempotency::{Error, Seq, State};

/// States of records that aren't done.
const WAITING: [State; 3] = [State::Ready, State::Leased, State::Parked];

impl Ledger {
    /// Implements [`wxhook_idempotency::machine::StoreTxn::in_lane`].
    pub(super) fn records_in(
        &mut self,
        lane: &str,
        done: bool,
        until: Seq,
        max: usize,
    ) -> Result<Vec<(Seq, String)>, Error> {
        let Some(lane) = self.ids.known_lane(&self.opened.connection, lane)? else { return Ok(Vec::new()) };
        let stats = self.open.counts.lane_stats(&self.opened.connection, lane)?;
        let count = if done { stats.count(State::Done) } else { stats.waiting() };
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count == 0 || max == 0 {
            return Ok(Vec::new());
        }
        let after = self.emptied(lane, done)?;
        let look = |after| {
            if done { self.done(lane, after, until, max) } else { self.waiting(lane, after, until, max) }
        };
        let found = look(after)?;
        // Meanwhile one before `after` may have come to this state.
        if found.len() < max.min(count) && after > 0 { look(0) } else { Ok(found) }
    }

    /// Implements [`wxhook_idempotency::machine::StoreTxn::is_lane_leased`].
    pub(super) fn holds(&mut self, lane: &str, now: Moment) -> Result<bool, Error> {
        const SQL: &str = "SELECT EXISTS (SELECT 1 FROM record WHERE lane = ?1 AND wake > ?2 AND state = 1)";
        let Some(lane) = self.ids.known_lane(&self.opened.connection, lane)? else { return Ok(false) };
        Ok(self.row(SQL, params![lane, now.millis()], |row| get(row, 0))?.unwrap_or(false))
    }

    /// Implements [`wxhook_idempotency::machine::StoreTxn::move_to`].
    pub(super) fn change_lane(&mut self, seq: Seq, lane: &str) -> Result<(), Error> {
        let lane = self.ids.lane(&self.opened.connection, lane)?;
        let Some(place) = self.place(seq)? else { return Ok(()) };
        self.execute("UPDATE record SET lane = ?2 WHERE seq = ?1", params![rowid(seq), lane])?;
        let moved = Place { lane, ..place };
        self.open.counts.take(place);
        self.open.counts.add(moved);
        self.open.places.insert(seq, moved);
        self.leaves(place, seq);
        self.arrives(moved, seq);
        Ok(())
    }

    /// Up to which number nothing of a lane is Done, or nothing waits, as far as it was moved to other lanes.
    fn emptied(&mut self, lane: i64, done: bool) -> Result<i64, Error> {
        if let Some(until) = self.emptied.get(&(lane, done)) {
            return Ok(*until);
        }
        // What waits is found by an index; what is done is looked for among all records, so that place is kept.
        let kept = if done {
            self.row("SELECT split FROM lane WHERE id = ?1", [lane], |row| get(row, 0))?
        } else {
            None
        };
        Ok(*self.emptied.entry((lane, done)).or_insert(kept.unwrap_or(0)))
    }

    fn leaves(&mut self, place: Place, seq: Seq) {
        let done = place.state == State::Done;
        if let Some(until) = self.emptied.get_mut(&(place.lane, done)) {
            *until = rowid(seq).max(*until);
            self.open.split |= done;
        }
    }

    /// A record is somewhere where it wasn't.
    pub(super) fn arrives(&mut self, place: Place, seq: Seq) {
        let done = place.state == State::Done;
        if let Some(until) = self.emptied.get_mut(&(place.lane, done)).filter(|until| rowid(seq) <= **until) {
            *until = rowid(seq).saturating_sub(1);
            self.open.split |= done;
        }
    }

    /// Writes up to which numbers lanes were split.
    pub(super) fn keep_split(&self) -> Result<(), Error> {
        for ((lane, done), until) in &self.emptied {
            if *done {
                self.execute("UPDATE lane SET split = ?2 WHERE id = ?1", [lane, until])?;
            }
        }
        Ok(())
    }

    /// In the order of the table itself: of a lane to be split nearly all are.
    fn done(&self, lane: i64, after: i64, until: Seq, max: usize) -> Result<Vec<(Seq, String)>, Error> {
        const SQL: &str = "SELECT r.seq, k.merchant FROM record r NOT INDEXED CROSS JOIN kind k ON k.id = r.kind \
                           WHERE r.seq > ?1 AND r.seq <= ?2 AND r.lane = ?3 AND r.state = 2 ORDER BY r.seq LIMIT ?4";
        self.rows(SQL, params![after, rowid(until), lane, limit(max)], |row| {
            Ok((Seq::new(whole(row, 0)?), get(row, 1)?))
        })
    }

    /// Returns waiting records, found by kind and state: they may be few among many that are done.
    fn waiting(&self, lane: i64, after: i64, until: Seq, max: usize) -> Result<Vec<(Seq, String)>, Error> {
        const SQL: &str = "SELECT seq FROM record INDEXED BY record_kind WHERE kind = ?1 AND state = ?2 AND seq > ?3 \
                           AND seq <= ?4 AND lane = ?5 ORDER BY seq LIMIT ?6";
        let kinds = self.rows("SELECT id, merchant FROM kind", [], |row| Ok((get(row, 0)?, get(row, 1)?)))?;
        let mut until = rowid(until);
        let mut found: Vec<(Seq, String)> = Vec::new();
        for (kind, merchant) in &kinds {
            let (kind, merchant): (&i64, &String) = (kind, merchant);
            for state in WAITING {
                let values = params![kind, code(state), after, until, lane, limit(max)];
                let seqs = self.rows(SQL, values, |row| whole(row, 0).map(Seq::new))?;
                found.extend(seqs.into_iter().map(|seq| (seq, merchant.clone())));
            }
            found.sort_unstable();
            found.truncate(max);
            // Once there are enough, only earlier ones matter.
            if let Some((last, _)) = found.last().filter(|_| found.len() == max) {
                until = rowid(*last);
            }
        }
        Ok(found)
    }
}

fn limit(max: usize) -> i64 {
    integer(u64::try_from(max).unwrap_or(u64::MAX))
}
