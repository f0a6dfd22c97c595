use crate::query::{all, execute, first};
use crate::row::{fingerprint, get, integer, rowid, whole};
use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};
use wxhook_idempotency::machine::Moment;
use wxhook_idempotency::{Error, Mark, Seq};

/// Whether there is any mark.
pub(crate) fn any(connection: &Connection) -> Result<bool, Error> {
    Ok(first(connection, "SELECT EXISTS (SELECT 1 FROM mark)", [], |row| get(row, 0))?.unwrap_or(false))
}

/// The marks under a key.
pub(crate) fn find(connection: &Connection, key: &str) -> Result<Vec<Mark>, Error> {
    const SQL: &str = "SELECT version, digest, seq FROM mark WHERE key = ?1 ORDER BY seq";
    all(connection, SQL, [hash(key)], |row| Ok(Mark::new(Seq::new(whole(row, 2)?), fingerprint(row, 0)?)))
}

/// Writes a mark, or renews it.
pub(crate) fn put(connection: &Connection, key: &str, mark: Mark, now: Moment) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO mark (key, version, digest, seq, put) VALUES (?1, ?2, ?3, ?4, ?5) \
                       ON CONFLICT (key, version, digest) DO UPDATE SET put = excluded.put";
    let version = i64::from(mark.fingerprint.version());
    let digest = mark.fingerprint.digest();
    execute(connection, SQL, params![hash(key), version, digest, rowid(mark.seq), now.millis()])?;
    Ok(())
}

/// Removes at most `most` marks put at `until` or before; gives how many.
pub(crate) fn remove(connection: &Connection, until: Moment, most: usize) -> Result<usize, Error> {
    const SQL: &str = "DELETE FROM mark WHERE (key, version, digest) IN \
                       (SELECT key, version, digest FROM mark WHERE put <= ?1 ORDER BY put, seq LIMIT ?2)";
    let most = integer(u64::try_from(most).unwrap_or(u64::MAX));
    execute(connection, SQL, [until.millis(), most])
}

fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}
