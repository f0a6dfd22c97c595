//! Imports pages of another store.

use super::Ledger;
use crate::head::Origin;
use crate::mark;
use crate::row::{get, rowid};
use wxhook_idempotency::machine::StoreTxn as _;
use wxhook_idempotency::{Error, ExportPage, FullRecord};

const NOT_EMPTY: &str = "the target of a copy must be empty, or hold a copy begun from the same store";
/// The id that stands for that of a store without one.
const NO_ID: u128 = 1;

impl Ledger {
    /// Implements [`wxhook_idempotency::Transfer::import`].
    pub(crate) fn import(&mut self, page: &ExportPage) -> Result<(), Error> {
        let source = page.source.map_or(NO_ID, |id| id.get());
        match self.open.head.origin {
            Origin::Begun if self.open.head.source == source => {}
            // This store already has the whole copy.
            Origin::Copied if self.open.head.source == source => return Ok(()),
            Origin::Own if self.is_empty()? => {
                (self.open.head.origin, self.open.head.source) = (Origin::Begun, source);
            }
            _ => return Err(Error::Unsupported(NOT_EMPTY.to_owned())),
        }
        for full in &page.records {
            self.import_record(full)?;
        }
        for exported in &page.tombstones {
            let (key, at) = (mark::hash_of(&exported.key)?, exported.put_at);
            mark::put_under(&self.opened.connection, key, exported.tombstone, at)?;
        }
        let head = &mut self.open.head;
        if let Some(counters) = &page.counters {
            (head.seq, head.fence) = (head.seq.max(counters.seq), head.fence.max(counters.fence));
            head.time.last = head.time.last.max(counters.time.last);
            head.time.purge_after = counters.time.purge_after;
            head.origin = Origin::Copied;
        }
        Ok(())
    }

    fn is_empty(&self) -> Result<bool, Error> {
        const SQL: &str = "SELECT NOT EXISTS (SELECT 1 FROM record) AND NOT EXISTS (SELECT 1 FROM mark)";
        Ok(self.open.head.seq == 0 && self.row(SQL, [], |row| get(row, 0))?.unwrap_or(false))
    }

    fn import_record(&mut self, full: &FullRecord) -> Result<(), Error> {
        const IS_THERE: &str = "SELECT EXISTS (SELECT 1 FROM record WHERE seq = ?1)";
        let record = &full.record;
        if self.row(IS_THERE, [rowid(record.seq)], |row| get(row, 0))?.unwrap_or(false) {
            return Ok(());
        }
        self.insert(full.clone())?;
        self.save(record.seq, &record.progress)?;
        self.open.head.seq = self.open.head.seq.max(record.seq.get());
        self.open.head.fence = self.open.head.fence.max(record.fence.map_or(0, |fence| fence.get()));
        Ok(())
    }
}
