//! Exports pages of all content to another store.

use crate::head::Head;
use crate::listing;
use crate::mark;
use crate::query::{all, first};
use crate::row::{self, get, integer, rowid, select_record};
use bytes::Bytes;
use rusqlite::Connection;
use wxhook_idempotency::{
    Counters, Cursor, Error, ExportPage, ExportedTombstone, FullRecord, Seq, StoreId, TombstoneKey,
};

const HASH: usize = 32;

/// Implements [`wxhook_idempotency::Transfer::export`].
pub(crate) fn page(
    connection: &Connection,
    source: Option<StoreId>,
    from: &Cursor,
    max: usize,
) -> Result<ExportPage, Error> {
    let mut page = ExportPage::new(source);
    let max = max.max(1);
    match from {
        Cursor::Records(after) => {
            let seqs = seqs(connection, *after, max)?;
            for seq in &seqs {
                page.records.extend(readable(connection, *seq)?);
            }
            let last = seqs.last().filter(|_| seqs.len() == max);
            page.next = Some(last.map_or(Cursor::Tombstones(Bytes::new()), |last| Cursor::Records(*last)));
        }
        Cursor::Tombstones(after) => {
            page.tombstones = mark::page(connection, place(after)?, max)?;
            let last = page.tombstones.last().filter(|_| page.tombstones.len() == max);
            page.next = Some(last.map_or(Cursor::Counters, |last| Cursor::Tombstones(place_of(last))));
        }
        Cursor::Counters => {
            let head = Head::read(connection)?;
            page.counters = Some(Counters::new(head.seq, head.fence, head.time));
        }
        _ => return Err(Error::Unsupported("this place of an export".to_owned())),
    }
    Ok(page)
}

fn seqs(connection: &Connection, after: Seq, max: usize) -> Result<Vec<Seq>, Error> {
    const SQL: &str = "SELECT seq FROM record WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    let max = integer(u64::try_from(max).unwrap_or(u64::MAX));
    all(connection, SQL, [rowid(after), max], |row| row::whole(row, 0).map(Seq::new))
}

/// Returns the record, unless it can't be read.
fn readable(connection: &Connection, seq: Seq) -> Result<Option<FullRecord>, Error> {
    match whole(connection, seq) {
        Err(Error::Corrupt(_)) => {
            tracing::warn!(%seq, "a record can't be read and isn't copied");
            Ok(None)
        }
        other => other,
    }
}

fn whole(connection: &Connection, seq: Seq) -> Result<Option<FullRecord>, Error> {
    const ALIASES: &str = "SELECT name FROM alias WHERE seq = ?1 ORDER BY name";
    const KEEPS: &str = "SELECT keeps_mark FROM record WHERE seq = ?1";
    let found = first(connection, select_record!("WHERE r.seq = ?1"), [rowid(seq)], row::record)?;
    let Some(record) = found else { return Ok(None) };
    let record = listing::with_body(connection, record)?;
    let aliases = all(connection, ALIASES, [rowid(seq)], |row| get(row, 0))?;
    let keeps_tombstone = first(connection, KEEPS, [rowid(seq)], |row| get(row, 0))?.unwrap_or(false);
    Ok(Some(FullRecord::new(record, aliases, keeps_tombstone)))
}

/// Parses the position of a tombstone: key, version and digest. An empty position is before all tombstones.
fn place(bytes: &[u8]) -> Result<(&[u8], i64, &[u8]), Error> {
    match (bytes.get(..HASH), bytes.get(HASH), bytes.get(HASH + 1..)) {
        _ if bytes.is_empty() => Ok((&[], 0, &[])),
        (Some(key), Some(version), Some(digest)) => Ok((key, i64::from(*version), digest)),
        _ => Err(Error::Unsupported("this place of an export".to_owned())),
    }
}

fn place_of(exported: &ExportedTombstone) -> Bytes {
    let fingerprint = &exported.tombstone.fingerprint;
    let mut place = Vec::new();
    if let TombstoneKey::Hash(hash) = &exported.key {
        place.extend_from_slice(hash);
    }
    place.push(fingerprint.version());
    place.extend_from_slice(fingerprint.digest());
    place.into()
}
