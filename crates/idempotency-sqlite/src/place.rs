use crate::query::{execute, first};
use crate::row::{code, get, integer};
use rusqlite::{Connection, params};
use std::collections::HashMap;
use wxhook_idempotency::{Error, Labels, LaneStats, State};

/// Numbers of kinds and lanes that are in the database for good, so that they needn't be looked up again. Rows of both
/// tables never change their names or go, whatever other processes do; after a rollback it has to be cleared.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    kinds: HashMap<String, Vec<Kind>>,
    lanes: HashMap<String, i64>,
}

/// Records of one event.
#[derive(Debug)]
struct Kind {
    id: i64,
    merchant: String,
    variant: Option<String>,
    flags: Option<String>,
}

impl Ids {
    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.kinds.clear();
        self.lanes.clear();
    }

    /// The kind's number; it gets one if it has none.
    pub(crate) fn kind(
        &mut self,
        connection: &Connection,
        labels: &Labels,
        flags: Option<&str>,
    ) -> Result<i64, Error> {
        const FIND: &str =
            "SELECT id FROM kind WHERE merchant = ?1 AND event = ?2 AND variant IS ?3 AND flags IS ?4";
        const ADD: &str = "INSERT INTO kind (merchant, event, variant, flags) VALUES (?1, ?2, ?3, ?4)";
        let known = self.kinds.get(&labels.event).into_iter().flatten().find(|kind| {
            kind.merchant == labels.merchant
                && kind.variant == labels.variant
                && kind.flags.as_deref() == flags
        });
        if let Some(kind) = known {
            return Ok(kind.id);
        }
        let values = params![labels.merchant, labels.event, labels.variant, flags];
        let id = match first(connection, FIND, values, |row| get(row, 0))? {
            Some(id) => id,
            None => {
                execute(connection, ADD, values)?;
                connection.last_insert_rowid()
            }
        };
        let (merchant, variant) = (labels.merchant.clone(), labels.variant.clone());
        let kind = Kind { id, merchant, variant, flags: flags.map(str::to_owned) };
        self.kinds.entry(labels.event.clone()).or_default().push(kind);
        Ok(id)
    }

    /// The lane's number; it gets one if it has none.
    pub(crate) fn lane(&mut self, connection: &Connection, name: &str) -> Result<i64, Error> {
        if let Some(id) = self.known_lane(connection, name)? {
            return Ok(id);
        }
        execute(connection, "INSERT INTO lane (name) VALUES (?1)", [name])?;
        let id = connection.last_insert_rowid();
        self.lanes.insert(name.to_owned(), id);
        Ok(id)
    }

    /// The lane's number, if it has one.
    pub(crate) fn known_lane(&mut self, connection: &Connection, name: &str) -> Result<Option<i64>, Error> {
        if let Some(id) = self.lanes.get(name) {
            return Ok(Some(*id));
        }
        let found = first(connection, "SELECT id FROM lane WHERE name = ?1", [name], |row| get(row, 0))?;
        if let Some(id) = found {
            self.lanes.insert(name.to_owned(), id);
        }
        Ok(found)
    }
}

/// Where a record counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) lane: i64,
    pub(crate) state: State,
    pub(crate) size: i64,
}

/// Changes of a transaction to the counts of lanes; written once, at its end.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    lanes: HashMap<i64, Change>,
}

#[derive(Debug, Default)]
struct Change {
    states: [i64; State::ALL.len()],
    bytes: i64,
}

impl Counts {
    /// One more there.
    pub(crate) fn add(&mut self, place: Place) {
        self.change(place, 1);
    }

    /// One less there.
    pub(crate) fn take(&mut self, place: Place) {
        self.change(place, -1);
    }

    /// Returns the lane's counts, including the changes of this transaction.
    pub(crate) fn lane_stats(&self, connection: &Connection, lane: i64) -> Result<LaneStats, Error> {
        const SQL: &str = "SELECT name, ready, leased, done, parked, bytes FROM lane WHERE id = ?1";
        let add = |stored: i64, change: i64| u64::try_from(stored.saturating_add(change)).unwrap_or(0);
        let none = Change::default();
        let Change { states: [ready, leased, done, parked], bytes } = self.lanes.get(&lane).unwrap_or(&none);
        let stored = first(connection, SQL, [lane], |row| {
            let counts = [
                add(get(row, 1)?, *ready),
                add(get(row, 2)?, *leased),
                add(get(row, 3)?, *done),
                add(get(row, 4)?, *parked),
            ];
            Ok(LaneStats::new(get::<String>(row, 0)?, counts, add(get(row, 5)?, *bytes)))
        })?;
        Ok(stored.unwrap_or_default())
    }

    /// Writes it all.
    pub(crate) fn write(&self, connection: &Connection) -> Result<(), Error> {
        const SQL: &str = "UPDATE lane SET ready = ready + ?2, leased = leased + ?3, done = done + ?4, \
                           parked = parked + ?5, bytes = bytes + ?6 WHERE id = ?1";
        for (lane, change) in &self.lanes {
            let [ready, leased, done, parked] = change.states;
            let values = params![lane, ready, leased, done, parked, change.bytes];
            execute(connection, SQL, values)?;
        }
        Ok(())
    }

    fn change(&mut self, place: Place, by: i64) {
        let change = self.lanes.entry(place.lane).or_default();
        for (count, each) in change.states.iter_mut().zip(0..) {
            if each == code(place.state) {
                *count += by;
            }
        }
        if place.state != State::Done {
            change.bytes += by * place.size;
        }
    }
}

/// A body's length as SQLite keeps it.
pub(crate) fn size(body: &[u8]) -> i64 {
    integer(u64::try_from(body.len()).unwrap_or(u64::MAX))
}
