use crate::fault::sql;
use crate::head::Head;
use crate::query::first;
use crate::row::{self, get, whole};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;
use std::time::Duration;
use wxhook_idempotency::Error;

/// Marks a file as ours: `wxhk`.
const APPLICATION: i32 = 0x7778_686b;

/// Migrations from each schema version to the next; the first starts from nothing. Never change a released one.
const MIGRATIONS: [Migration; 3] = [
    |connection| batch(connection, include_str!("schema/1.sql")),
    |connection| batch(connection, include_str!("schema/2.sql")),
    to_3,
];

type Migration = fn(&Connection) -> Result<(), Error>;

/// Time that opening waits for another process that brings a large file up to date.
const PATIENCE: Duration = Duration::from_secs(120);

/// Refuses what isn't a store of ours, before anything is changed.
pub(crate) fn check(connection: &Connection) -> Result<(), Error> {
    let application: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(sql)?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(sql)?;
    let version = version(connection)?;
    if application != APPLICATION && (application != 0 || tables != 0 || version != 0) {
        return Err(Error::Unsupported("the file is another program's database".to_owned()));
    }
    if version > MIGRATIONS.len() {
        let known = MIGRATIONS.len();
        let text =
            format!("the file has schema version {version}, this program knows versions up to {known}");
        return Err(Error::Unsupported(text));
    }
    Ok(())
}

/// Brings the file to the latest version, in one transaction. Leaves the connection with a busy time-out of its own.
pub(crate) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), Error> {
    let before = version(connection)?;
    if before == MIGRATIONS.len() {
        return Ok(());
    }
    if before > 0 {
        connection.busy_timeout(PATIENCE).map_err(sql)?;
        tracing::info!(from = before, to = MIGRATIONS.len(), "the store's file is brought up to date");
    }
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
    // Another process may have been first.
    check(&step)?;
    let from = version(&step)?;
    for migration in MIGRATIONS.iter().skip(from) {
        migration(&step)?;
    }
    step.pragma_update(None, "application_id", APPLICATION).map_err(sql)?;
    step.pragma_update(None, "user_version", i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX))
        .map_err(sql)?;
    step.commit().map_err(sql)?;
    // From here on the database itself says whose it is.
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).map_err(sql)?;
    if from == 0 {
        tracing::warn!(path = %path.display(), "a new, empty store was created: no earlier notification is known to it");
    }
    Ok(())
}

/// The version of the file's schema; 0 if it holds nothing.
pub(crate) fn is_latest(connection: &Connection) -> Result<bool, Error> {
    Ok(version(connection)? == MIGRATIONS.len())
}

fn to_3(connection: &Connection) -> Result<(), Error> {
    const LAST: &str = "SELECT seq, fence, (SELECT max(latest) FROM span) FROM last";
    let last = first(connection, LAST, [], |row| {
        Ok((whole(row, 0)?, whole(row, 1)?, get::<Option<i64>>(row, 2)?.map(row::moment)))
    })?;
    let (seq, fence, time) = last.ok_or(Error::Corrupt("the store's counters"))?;
    batch(connection, include_str!("schema/3.sql"))?;
    let mut head = Head::new(seq, fence)?;
    head.time.last = time;
    head.create(connection)
}

fn batch(connection: &Connection, statements: &str) -> Result<(), Error> {
    connection.execute_batch(statements).map_err(sql)
}

fn version(connection: &Connection) -> Result<usize, Error> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(sql)?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}
