use crate::chunk;
use crate::fault::sql;
use crate::file::Opened;
use crate::head::{Head, Origin};
use crate::place::{Counts, Ids, Place};
use crate::query;
use crate::row::{get, rowid};
use crate::shared::Shared;
use rusqlite::{Connection, ErrorCode, Params, Row, params};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wxhook_idempotency::machine::{self, ClockJump, Moment, StoreTime, TimeState};
use wxhook_idempotency::{Error, Labels, Seq, State};

mod import;
mod lanes;
mod shelf;

const ANOTHER_STORE: &str = "the database file holds another store";

/// Time that SQLite itself waits for another process.
const TRY: Duration = Duration::from_millis(1);

/// Column that a record is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Term {
    Number,
    Id,
}

impl Term {
    /// Its number in the database.
    pub(crate) fn code(self) -> i64 {
        match self {
            Self::Number => 0,
            Self::Id => 1,
        }
    }
}

/// The writing connection, with what the running transaction has yet to write.
///
/// Between transactions it knows nothing that another process could change.
#[derive(Debug)]
pub(crate) struct Ledger {
    opened: Opened,
    shared: Arc<Shared>,
    ids: Ids,
    open: Open,
    /// Number up to which this connection has moved all records to other lanes, by lane and by whether the records are
    /// Done.
    emptied: HashMap<(i64, bool), i64>,
}

/// The running transaction.
#[derive(Debug)]
struct Open {
    now: Moment,
    head: Head,
    /// As it was read, and how many rows the connection had changed.
    begun: (Head, u64),
    time: StoreTime,
    jump: Option<ClockJump>,
    /// Numbers that the store gave once and doesn't know any more.
    lost: u64,
    counts: Counts,
    places: HashMap<Seq, Place>,
    spans: HashMap<i64, (Moment, Moment)>,
    /// True if records that are Done were moved out of a lane that is being split, or into it.
    split: bool,
    /// Existence of any marks, or siblings; `None` until it is looked up.
    marks: Option<bool>,
    siblings: Option<bool>,
}

impl Open {
    fn new(shared: &Shared, head: Head, changes: u64) -> Self {
        let begun = (head, changes);
        let (mut head, mut time) = (head, shared.time());
        let known = shared.head();
        let lost = known.seq.saturating_sub(head.seq);
        (head.seq, head.fence) = (head.seq.max(known.seq), head.fence.max(known.fence));
        // It goes on in steps that write nothing, too.
        head.time.last = head.time.last.max(known.time.last);
        let (now, jump) = shared.now(&mut time, &mut head.time);
        Self {
            now,
            head,
            begun,
            time,
            jump,
            lost,
            counts: Counts::default(),
            places: HashMap::new(),
            spans: HashMap::new(),
            split: false,
            marks: None,
            siblings: None,
        }
    }

    /// Returns whether the head has to be written although no row was changed.
    fn has_news(&self) -> bool {
        let (begun, _) = self.begun;
        // That time went on is no news.
        let time = TimeState::new(begun.time.last, self.head.time.purge_after);
        Head { time, ..self.head } != begun
    }
}

impl Ledger {
    /// On this connection, which has no transaction running.
    pub(crate) fn new(opened: Opened, shared: Arc<Shared>) -> Self {
        let open = Open::new(&shared, shared.head(), 0);
        Self { opened, shared, ids: Ids::default(), open, emptied: HashMap::new() }
    }

    /// The connection, and which files it is on.
    pub(crate) fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Starts a transaction; from here on no other process writes.
    pub(crate) fn begin(&mut self) -> Result<(), Error> {
        self.take_turn()?;
        let head = Head::read(self.connection())?;
        if head.id != self.shared.head().id {
            return Err(self.opened.watch.replace(ANOTHER_STORE));
        }
        self.open = Open::new(&self.shared, head, self.changes());
        Ok(())
    }

    /// Waits until no other process writes. A busy one leaves little time between its transactions, and SQLite, which
    /// waits longer from try to try, may miss that again and again.
    fn take_turn(&self) -> Result<(), Error> {
        let start = Instant::now();
        self.connection().busy_timeout(TRY).map_err(sql)?;
        loop {
            let begun =
                self.connection().prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| begin.execute([]));
            match begun {
                Err(error)
                    if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                        && start.elapsed() < self.opened.busy_timeout => {}
                begun => return begun.map(|_| ()).map_err(sql),
            }
        }
    }

    /// When the running transaction takes place.
    pub(crate) fn now(&self) -> Moment {
        self.open.now
    }

    /// Fails if this is an unfinished copy of another store.
    pub(crate) fn use_as_own(&mut self) -> Result<(), Error> {
        const UNFINISHED: &str =
            "it is an unfinished copy of another store: finish the copy, or remove the file";
        match self.open.head.origin {
            Origin::Begun => return Err(Error::Unsupported(UNFINISHED.to_owned())),
            Origin::Copied => self.open.head.origin = Origin::Own,
            Origin::Own | Origin::Backup => {}
        }
        Ok(())
    }

    /// Writes what is left and makes everything durable.
    pub(crate) fn commit(&mut self) -> Result<(), Error> {
        let (_, changes) = self.open.begun;
        self.open.counts.write(self.connection())?;
        for (chunk, (earliest, latest)) in &self.open.spans {
            const SQL: &str = "INSERT INTO span (chunk, earliest, latest) VALUES (?1, ?2, ?3) \
                               ON CONFLICT (chunk) DO UPDATE SET earliest = min(earliest, excluded.earliest), \
                               latest = max(latest, excluded.latest)";
            self.execute(SQL, params![chunk, earliest.millis(), latest.millis()])?;
        }
        if self.open.split {
            self.keep_split()?;
        }
        let writes = self.open.has_news() || self.changes() != changes;
        if writes {
            self.open.head.step = self.open.head.step.saturating_add(1);
            self.open.head.write(self.connection())?;
        }
        self.execute("COMMIT", [])?;
        let open = &self.open;
        self.shared.committed(open.head, open.time);
        if let Some(jump) = open.jump {
            tracing::warn!(ahead_seconds = jump.ahead.as_secs(), "{jump}");
        }
        if open.lost > 0 {
            let (begun, _) = open.begun;
            self.shared.lost(begun.seq, open.lost);
        }
        Ok(())
    }

    /// Undoes the running transaction, if there still is one.
    pub(crate) fn rollback(&mut self) -> Result<(), Error> {
        self.ids.clear();
        self.emptied.clear();
        if !self.connection().is_autocommit() {
            self.execute("ROLLBACK", [])?;
        }
        Ok(())
    }

    /// Returns the number of rows that this connection has changed.
    pub(crate) fn changes(&self) -> u64 {
        self.connection().total_changes()
    }

    /// Copies what is left of the write-ahead log into the database, so that the next transaction starts it anew. For
    /// between transactions.
    pub(crate) fn end_log(&self) -> Result<(), Error> {
        self.connection().query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).map_err(sql)
    }

    /// [`machine::probe`], and nothing of it is left.
    pub(crate) fn probe(&mut self) -> Result<(), Error> {
        let seq = self.open.head.seq;
        machine::probe(self, self.open.now)?;
        // Nobody was given its number.
        self.open.head.seq = seq;
        let entry = machine::probe_entry();
        self.execute("DELETE FROM lane WHERE name = ?1", [entry.lane])?;
        self.execute("DELETE FROM kind WHERE merchant = ?1", [entry.labels.merchant])?;
        self.ids.clear();
        Ok(())
    }

    /// Forgets the time spans of chunks that were purged.
    pub(crate) fn trim(&mut self) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM span WHERE chunk < ?1";
        let least = self.row("SELECT min(seq) FROM record", [], |row| get::<Option<i64>>(row, 0))?;
        if let Some(least) = least.flatten() {
            self.execute(SQL, [chunk::of(least)])?;
        }
        Ok(())
    }

    fn connection(&self) -> &Connection {
        &self.opened.connection
    }

    fn execute(&self, text: &'static str, values: impl Params) -> Result<usize, Error> {
        query::execute(self.connection(), text, values)
    }

    fn row<T>(
        &self,
        text: &'static str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        query::first(self.connection(), text, values, read)
    }

    fn rows<T>(
        &self,
        text: &'static str,
        values: impl Params,
        read: impl Fn(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        query::all(self.connection(), text, values, read)
    }

    /// Where a record counts; nowhere if it is gone or set aside.
    fn place(&mut self, seq: Seq) -> Result<Option<Place>, Error> {
        if let Some(place) = self.open.places.get(&seq) {
            return Ok(Some(*place));
        }
        let found = self.row("SELECT lane, state, size FROM record WHERE seq = ?1", [rowid(seq)], |row| {
            let (lane, code, size) = (get(row, 0)?, get::<i64>(row, 1)?, get(row, 2)?);
            let state = State::ALL.into_iter().find(|state| crate::row::code(*state) == code);
            Ok(state.map(|state| Place { lane, state, size }))
        })?;
        Ok(found.flatten())
    }

    /// Counts a record in another state.
    fn count_in(&mut self, seq: Seq, state: State) -> Result<(), Error> {
        if let Some(place) = self.place(seq)? {
            let moved = Place { state, ..place };
            self.open.counts.take(place);
            self.open.counts.add(moved);
            self.open.places.insert(seq, moved);
            self.arrives(moved, seq);
        }
        Ok(())
    }

    /// Makes a record one of the kind that has these flags. They only ever grow.
    fn reflag(&mut self, seq: Seq, flags: &str) -> Result<(), Error> {
        const OLD: &str = "SELECT k.merchant, k.event, k.variant FROM record r JOIN kind k ON k.id = r.kind \
                           WHERE r.seq = ?1 AND k.flags IS NOT ?2";
        let old = self.row(OLD, params![rowid(seq), flags], |row| {
            let mut labels = Labels::default();
            labels.merchant = get(row, 0)?;
            labels.event = get(row, 1)?;
            labels.variant = get(row, 2)?;
            Ok(labels)
        })?;
        if let Some(labels) = old {
            let kind = self.ids.kind(&self.opened.connection, &labels, Some(flags))?;
            self.execute("UPDATE record SET kind = ?2 WHERE seq = ?1", [rowid(seq), kind])?;
        }
        Ok(())
    }

    /// Makes a record findable by its numbers and its id.
    fn add_labels(&self, seq: Seq, labels: &Labels) -> Result<(), Error> {
        for (_, value) in &labels.numbers {
            self.add_term(seq, Term::Number, value)?;
        }
        if let Some(id) = &labels.id {
            self.add_term(seq, Term::Id, id)?;
        }
        Ok(())
    }

    fn add_term(&self, seq: Seq, term: Term, value: &str) -> Result<(), Error> {
        const SQL: &str = "INSERT OR IGNORE INTO term (chunk, what, value, seq) VALUES (?1, ?2, ?3, ?4)";
        let seq = rowid(seq);
        self.execute(SQL, params![chunk::of(seq), term.code(), value, seq])?;
        Ok(())
    }

    fn remove_term(&self, seq: Seq, term: Term, value: &str) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM term WHERE chunk = ?1 AND what = ?2 AND value = ?3 AND seq = ?4";
        let seq = rowid(seq);
        self.execute(SQL, params![chunk::of(seq), term.code(), value, seq])?;
        Ok(())
    }
}
