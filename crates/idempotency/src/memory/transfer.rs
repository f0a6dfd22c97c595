use super::MemoryStore;
use super::records::{Held, Records};
use crate::error::Error;
use crate::machine::{Moment, StoreTxn as _};
use crate::record::Seq;
use crate::transfer::{
    Counters, Cursor, ExportPage, ExportedRecord, ExportedTombstone, TombstoneKey, Transfer,
};
use bytes::Bytes;

impl Transfer for MemoryStore {
    async fn export(&self, from: Cursor, max: usize) -> Result<ExportPage, Error> {
        Ok(self.step(|records, _| records.export(&from, max.max(1))))
    }

    async fn import(&self, page: ExportPage) -> Result<(), Error> {
        self.step(|records, _| records.import(page))
    }
}

impl Records {
    fn export(&self, from: &Cursor, max: usize) -> ExportPage {
        let mut page = ExportPage::new(None);
        match from {
            Cursor::Records(after) => {
                let greater = self.records.range(Seq::new(after.get().saturating_add(1))..);
                page.records = greater.take(max).map(|(_, held)| held.export()).collect();
                page.next = Some(match page.records.last().filter(|_| page.records.len() == max) {
                    Some(last) => Cursor::Records(last.record.seq),
                    None => Cursor::Marks(Bytes::new()),
                });
            }
            // All at once: who copies records out of memory has few.
            Cursor::Marks(_) => {
                let marks =
                    self.marks.iter().flat_map(|(key, marks)| marks.iter().map(move |mark| (key, mark)));
                let export = |(key, (mark, at)): (&String, &(_, Moment))| {
                    ExportedTombstone::new(TombstoneKey::Plain(key.clone()), *mark, at.to_system())
                };
                page.marks = marks.map(export).collect();
                page.next = Some(Cursor::Counters);
            }
            Cursor::Counters => {
                let mut counters = Counters::new(self.last_seq, self.last_fence);
                counters.last = self.kept.last.map(Moment::to_system);
                counters.purge_after = self.kept.purge_after.map(Moment::to_system);
                page.counters = Some(counters);
            }
        }
        page
    }

    fn import(&mut self, page: ExportPage) -> Result<(), Error> {
        if self.last_seq > 0 {
            return Err(Error::Unsupported("importing into a store that isn't empty".to_owned()));
        }
        for ExportedRecord { record, aliases, keeps_tombstone, claim } in page.records {
            self.remove(record.seq)?;
            self.put(Held { record, claim, aliases, keeps_tombstone });
        }
        for mark in page.marks {
            let TombstoneKey::Plain(key) = mark.key else {
                return Err(Error::Unsupported("importing marks whose keys aren't known".to_owned()));
            };
            self.put_mark(&key, mark.mark, Moment::from_system(mark.put_at))?;
        }
        if let Some(counters) = page.counters {
            self.last_seq = counters.seq;
            self.last_fence = counters.fence;
            self.kept.last = self.kept.last.max(counters.last.map(Moment::from_system));
            self.kept.purge_after = self.kept.purge_after.max(counters.purge_after.map(Moment::from_system));
        }
        Ok(())
    }
}

impl Held {
    fn export(&self) -> ExportedRecord {
        ExportedRecord::new(self.record.clone(), self.aliases.clone(), self.keeps_tombstone, self.claim)
    }
}
