use super::{Ledger, Term};
use crate::chunk;
use crate::mark;
use crate::place::{self, Place};
use crate::row::{self, ASIDE, code, get, integer, rowid, select_record, whole};
use bytes::Bytes;
use rusqlite::params;
use wxhook_idempotency::machine::{Moment, Progress, RecordRef, StoreTxn};
use wxhook_idempotency::{ClaimId, Error, Fence, FullRecord, LaneStats, Seq, StoredRecord, Tombstone};

impl StoreTxn for Ledger {
    fn by_alias(&mut self, alias: &str) -> Result<Option<RecordRef>, Error> {
        const SQL: &str = "SELECT r.seq, r.key, r.fp_version, r.fp, r.sibling_of, r.keeps_mark \
                           FROM alias a JOIN record r ON r.seq = a.seq WHERE a.name = ?1";
        self.row(SQL, [alias], row::known)
    }

    fn by_key(&mut self, key: &str) -> Result<Option<RecordRef>, Error> {
        const SQL: &str =
            "SELECT seq, key, fp_version, fp, sibling_of, keeps_mark FROM record WHERE key = ?1";
        self.row(SQL, [key], row::known)
    }

    fn by_seq(&mut self, seq: Seq) -> Result<Option<RecordRef>, Error> {
        const SQL: &str =
            "SELECT seq, key, fp_version, fp, sibling_of, keeps_mark FROM record WHERE seq = ?1";
        self.row(SQL, [rowid(seq)], row::known)
    }

    fn has_siblings(&mut self) -> Result<bool, Error> {
        const SQL: &str = "SELECT EXISTS (SELECT 1 FROM record WHERE sibling_of IS NOT NULL)";
        if let Some(any) = self.open.siblings {
            return Ok(any);
        }
        let any = self.row(SQL, [], |row| get(row, 0))?.unwrap_or(true);
        Ok(*self.open.siblings.insert(any))
    }

    fn siblings(&mut self, root: Seq) -> Result<usize, Error> {
        const SQL: &str = "SELECT count(*) FROM record WHERE sibling_of = ?1";
        Ok(self.row(SQL, [rowid(root)], |row| whole(row, 0))?.unwrap_or(0))
    }

    fn tombstones(&mut self, key: &str) -> Result<Vec<Tombstone>, Error> {
        // Most stores have none, and then the key needn't be hashed.
        let any = match self.open.marks {
            Some(any) => any,
            None => *self.open.marks.insert(mark::any(&self.opened.connection)?),
        };
        if any { mark::find(self.connection(), key) } else { Ok(Vec::new()) }
    }

    fn put_tombstone(&mut self, key: &str, tombstone: Tombstone, now: Moment) -> Result<(), Error> {
        self.open.marks = Some(true);
        mark::put(self.connection(), key, tombstone, now)
    }

    fn lane_stats(&mut self, lane: &str) -> Result<LaneStats, Error> {
        match self.ids.known_lane(&self.opened.connection, lane)? {
            Some(id) => self.open.counts.lane_stats(&self.opened.connection, id),
            None => Ok(LaneStats::default()),
        }
    }

    fn next_seq(&mut self) -> Result<Seq, Error> {
        self.open.head.seq = self.open.head.seq.saturating_add(1);
        Ok(Seq::new(self.open.head.seq))
    }

    fn insert(&mut self, full: FullRecord) -> Result<(), Error> {
        const RECORD: &str = "INSERT INTO record (seq, key, fp_version, fp, kind, id, numbers, lane, grp, sibling_of, \
             keeps_mark, size, accepted, state, generation, attempts, max_attempts, due, wake, seen, flags, error) VALUES \
             (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)";
        let FullRecord { record, aliases, keeps_tombstone, .. } = full;
        let (seq, at, progress) = (record.seq, record.accepted_at, &record.progress);
        if record.sibling_of.is_some() {
            self.open.siblings = Some(true);
        }
        let flags = row::to_json(&progress.flags)?;
        let kind = self.ids.kind(&self.opened.connection, &record.labels, flags.as_deref())?;
        let lane = self.ids.lane(&self.opened.connection, &record.lane)?;
        let size = place::size(&record.body);
        let values = params![
            rowid(seq),
            record.key,
            i64::from(record.fingerprint.version()),
            record.fingerprint.digest(),
            kind,
            record.labels.id,
            row::to_json(&record.labels.numbers)?,
            lane,
            record.group,
            record.sibling_of.map(rowid),
            keeps_tombstone,
            size,
            at.millis(),
            code(progress.state),
            i64::from(progress.generation),
            i64::from(progress.attempts),
            i64::from(progress.max_attempts),
            progress.due_at.millis(),
            progress.wakes_at().map(Moment::millis),
            progress.seen_at.millis(),
            flags,
            progress.error,
        ];
        self.execute(RECORD, values)?;
        self.execute("INSERT INTO body (seq, body) VALUES (?1, ?2)", params![rowid(seq), &*record.body])?;
        for alias in &aliases {
            self.add_alias(seq, alias)?;
        }
        self.add_labels(seq, &record.labels)?;
        let place = Place { lane, state: progress.state, size };
        self.open.counts.add(place);
        self.open.places.insert(seq, place);
        let span = self.open.spans.entry(chunk::of(rowid(seq))).or_insert((at, at));
        *span = (span.0.min(at), span.1.max(at));
        Ok(())
    }

    fn add_alias(&mut self, seq: Seq, alias: &str) -> Result<(), Error> {
        self.execute("INSERT OR IGNORE INTO alias (name, seq) VALUES (?1, ?2)", params![alias, rowid(seq)])?;
        Ok(())
    }

    fn load(&mut self, seq: Seq) -> Result<Option<Progress>, Error> {
        const SQL: &str = concat!("SELECT ", row::moving_columns!(), " FROM record r WHERE r.seq = ?1");
        self.row(SQL, [rowid(seq)], row::moving)
    }

    fn save(&mut self, seq: Seq, progress: &Progress) -> Result<(), Error> {
        const SQL: &str = "UPDATE record SET state = ?2, generation = ?3, attempts = ?4, fence = ?5, claim = ?6, \
             due = ?7, lease_until = ?8, wake = ?9, seen = ?10, done = ?11, idle = ?12, flags = ?13, notes = ?14, \
             error = ?15, outcome = ?16 WHERE seq = ?1";
        self.count_in(seq, progress.state)?;
        let flags = row::to_json(&progress.flags)?;
        if let Some(flags) = &flags {
            self.reflag(seq, flags)?;
        }
        let values = params![
            rowid(seq),
            code(progress.state),
            i64::from(progress.generation),
            i64::from(progress.attempts),
            progress.fence.map(|fence| integer(fence.get())),
            progress.claim.map(|id| id.get().to_be_bytes()),
            progress.due_at.millis(),
            progress.lease_until.map(Moment::millis),
            progress.wakes_at().map(Moment::millis),
            progress.seen_at.millis(),
            progress.done_at.map(Moment::millis),
            progress.idle_since().map(Moment::millis),
            flags,
            row::from_notes(&progress.notes)?,
            progress.error,
            progress.outcome.as_deref(),
        ];
        self.execute(SQL, values)?;
        Ok(())
    }

    fn record(&mut self, seq: Seq) -> Result<Option<StoredRecord>, Error> {
        let found = self.row(select_record!("WHERE r.seq = ?1"), [rowid(seq)], row::record)?;
        let Some(mut record) = found else { return Ok(None) };
        let body =
            self.row("SELECT body FROM body WHERE seq = ?1", [rowid(seq)], |row| get::<Vec<u8>>(row, 0))?;
        record.body = Bytes::from(body.ok_or(Error::Corrupt("a record's body is missing"))?);
        Ok(Some(record))
    }

    fn next_fence(&mut self) -> Result<Fence, Error> {
        self.open.head.fence = self.open.head.fence.saturating_add(1);
        Ok(Fence::new(self.open.head.fence))
    }

    fn due(
        &mut self,
        lane: &str,
        now: Moment,
        after: Option<(Moment, Seq)>,
        max: usize,
    ) -> Result<Vec<(Moment, Seq)>, Error> {
        const SQL: &str = "SELECT wake, seq FROM record WHERE lane = ?1 AND wake <= ?2 AND (wake, seq) > (?3, ?4) \
                           ORDER BY wake, seq LIMIT ?5";
        let Some(lane) = self.ids.known_lane(&self.opened.connection, lane)? else { return Ok(Vec::new()) };
        let (wake, seq) = after.map_or((-1, 0), |(wake, seq)| (wake.millis(), rowid(seq)));
        let max = integer(u64::try_from(max).unwrap_or(u64::MAX));
        self.rows(SQL, params![lane, now.millis(), wake, seq, max], |row| {
            Ok((row::moment(get(row, 0)?), Seq::new(whole(row, 1)?)))
        })
    }

    fn purge_after(&mut self) -> Result<Option<Moment>, Error> {
        Ok(self.open.head.time.purge_after)
    }

    fn in_lane(
        &mut self,
        lane: &str,
        done: bool,
        until: Seq,
        max: usize,
    ) -> Result<Vec<(Seq, String)>, Error> {
        self.records_in(lane, done, until, max)
    }

    fn is_lane_leased(&mut self, lane: &str, now: Moment) -> Result<bool, Error> {
        self.holds(lane, now)
    }

    fn move_to(&mut self, seq: Seq, lane: &str) -> Result<(), Error> {
        self.change_lane(seq, lane)
    }

    fn is_behind(&mut self, seq: Seq) -> Result<bool, Error> {
        const SQL: &str = "SELECT EXISTS (SELECT 1 FROM record AS me CROSS JOIN record AS other \
                           ON other.lane = me.lane AND other.grp = me.grp WHERE me.seq = ?1 AND other.grp IS NOT NULL \
                           AND other.wake IS NOT NULL AND other.seq < ?1)";
        Ok(self.row(SQL, [rowid(seq)], |row| get(row, 0))?.unwrap_or(false))
    }

    fn claimed(&mut self, lane: &str, id: ClaimId) -> Result<Vec<Seq>, Error> {
        const SQL: &str = "SELECT seq FROM record WHERE claim = ?1 AND lane = ?2 ORDER BY fence";
        let Some(lane) = self.ids.known_lane(&self.opened.connection, lane)? else { return Ok(Vec::new()) };
        self.rows(SQL, params![id.get().to_be_bytes(), lane], |row| whole(row, 0).map(Seq::new))
    }

    fn idle(&mut self, until: Moment, max: usize) -> Result<Vec<Seq>, Error> {
        const SQL: &str = "SELECT seq FROM record WHERE idle <= ?1 ORDER BY idle, seq LIMIT ?2";
        let max = integer(u64::try_from(max).unwrap_or(u64::MAX));
        self.rows(SQL, params![until.millis(), max], |row| whole(row, 0).map(Seq::new))
    }

    fn remove(&mut self, seq: Seq) -> Result<Option<RecordRef>, Error> {
        const SQL: &str = "SELECT seq, key, fp_version, fp, sibling_of, keeps_mark, numbers, id \
                           FROM record WHERE seq = ?1";
        let found = self.row(SQL, [rowid(seq)], |row| {
            Ok((row::known(row)?, row::numbers(get(row, 6)?)?, get::<Option<String>>(row, 7)?))
        })?;
        let Some((removed, numbers, id)) = found else { return Ok(None) };
        if let Some(place) = self.place(seq)? {
            self.open.counts.take(place);
            self.open.places.remove(&seq);
        }
        for (_, value) in &numbers {
            self.remove_term(seq, Term::Number, value)?;
        }
        if let Some(value) = &id {
            self.remove_term(seq, Term::Id, value)?;
        }
        self.execute("DELETE FROM alias WHERE seq = ?1", [rowid(seq)])?;
        self.execute("DELETE FROM body WHERE seq = ?1", [rowid(seq)])?;
        self.execute("DELETE FROM record WHERE seq = ?1", [rowid(seq)])?;
        Ok(Some(removed))
    }

    fn remove_tombstones(&mut self, until: Moment, max: usize) -> Result<usize, Error> {
        mark::remove(self.connection(), until, max)
    }

    fn set_aside(&mut self, seq: Seq) -> Result<(), Error> {
        const SQL: &str =
            "UPDATE record SET state = ?2, wake = NULL, idle = NULL, claim = NULL WHERE seq = ?1";
        tracing::error!(%seq, "a record can't be read and was set aside");
        if let Some(place) = self.place(seq)? {
            self.open.counts.take(place);
            self.open.places.remove(&seq);
        }
        self.execute(SQL, params![rowid(seq), ASIDE])?;
        Ok(())
    }
}
