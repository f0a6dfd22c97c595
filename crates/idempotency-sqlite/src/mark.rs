use crate::query::{all, execute, first};
use crate::row::{fingerprint, get, integer, moment, rowid, whole};
use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};
use wxhook_idempotency::machine::Moment;
use wxhook_idempotency::{Error, ExportedTombstone, Seq, Tombstone, TombstoneKey};

/// Returns whether there is any tombstone.
pub(crate) fn any(connection: &Connection) -> Result<bool, Error> {
    Ok(first(connection, "SELECT EXISTS (SELECT 1 FROM mark)", [], |row| get(row, 0))?.unwrap_or(false))
}

/// The marks under a key.
pub(crate) fn find(connection: &Connection, key: &str) -> Result<Vec<Tombstone>, Error> {
    const SQL: &str = "SELECT version, digest, seq FROM mark WHERE key = ?1 ORDER BY seq";
    all(connection, SQL, [hash(key)], |row| {
        Ok(Tombstone::new(Seq::new(whole(row, 2)?), fingerprint(row, 0)?))
    })
}

/// Writes a mark, or renews it.
pub(crate) fn put(connection: &Connection, key: &str, mark: Tombstone, now: Moment) -> Result<(), Error> {
    put_under(connection, hash(key), mark, now)
}

/// The same where the key is hashed already.
pub(crate) fn put_under(
    connection: &Connection,
    key: [u8; 32],
    mark: Tombstone,
    now: Moment,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO mark (key, version, digest, seq, put) VALUES (?1, ?2, ?3, ?4, ?5) \
                       ON CONFLICT (key, version, digest) DO UPDATE SET put = excluded.put";
    let version = i64::from(mark.fingerprint.version());
    let digest = mark.fingerprint.digest();
    execute(connection, SQL, params![key, version, digest, rowid(mark.seq), now.millis()])?;
    Ok(())
}

/// Removes at most `most` marks put at `until` or before; gives how many.
pub(crate) fn remove(connection: &Connection, until: Moment, most: usize) -> Result<usize, Error> {
    const SQL: &str = "DELETE FROM mark WHERE (key, version, digest) IN \
                       (SELECT key, version, digest FROM mark WHERE put <= ?1 ORDER BY put, seq LIMIT ?2)";
    let most = integer(u64::try_from(most).unwrap_or(u64::MAX));
    execute(connection, SQL, [until.millis(), most])
}

/// Returns the hash that an exported mark is filed under here.
pub(crate) fn hash_of(key: &TombstoneKey) -> Result<[u8; 32], Error> {
    match key {
        TombstoneKey::Hash(hash) => Ok(*hash),
        TombstoneKey::Plain(key) => Ok(hash(key)),
        _ => Err(Error::Unsupported("marks of this kind".to_owned())),
    }
}

/// At most `max` marks after a place, in the order of their places.
pub(crate) fn page(
    connection: &Connection,
    (key, version, digest): (&[u8], i64, &[u8]),
    max: usize,
) -> Result<Vec<ExportedTombstone>, Error> {
    const SQL: &str = "SELECT version, digest, seq, key, put FROM mark WHERE (key, version, digest) > (?1, ?2, ?3) \
                       ORDER BY key, version, digest LIMIT ?4";
    let max = integer(u64::try_from(max).unwrap_or(u64::MAX));
    all(connection, SQL, params![key, version, digest, max], |row| {
        let mark = Tombstone::new(Seq::new(whole(row, 2)?), fingerprint(row, 0)?);
        Ok(ExportedTombstone::new(TombstoneKey::Hash(get(row, 3)?), mark, moment(get(row, 4)?)))
    })
}

fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}
