use crate::query::{execute, first};
use crate::row::get;
use crate::watch::FileMark;
use rusqlite::Connection;
use wxhook_idempotency::machine::{Moment, TimeState};
use wxhook_idempotency::{Error, StoreId};

/// Start of a head; nothing else in the file begins with it.
const MAGIC: [u8; 8] = *b"\x00wxhead3";
const FIELDS: usize = 8;
/// Bytes of a head: the magic, two ids, the fields.
const LEN: usize = 8 + 2 * 16 + FIELDS * 8;
/// Start of the only row of its table in the file, before the head itself: the length of what follows the row's number,
/// that number, and the types of its two columns.
const CELL: [u8; 6] = [108, 1, 4, 0, 0x81, 0x5c];
/// The value that stands for an unknown time.
const NONE: u64 = u64::MAX;

/// A store's facts about itself: the one row that every writing transaction reads first and writes last.
///
/// It is kept as one value of a fixed length, so that it stays at its place in the file and can be read there, and in
/// the write-ahead log, without SQLite: see [`crate::foreign`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) id: u128,
    /// Counts transactions.
    pub(crate) step: u64,
    /// The last number and fence that were issued.
    pub(crate) seq: u64,
    pub(crate) fence: u64,
    pub(crate) time: TimeState,
    /// The file that it was written to, which a copy isn't.
    pub(crate) file: FileMark,
    pub(crate) origin: Origin,
    /// The id of the store that it was copied from.
    pub(crate) source: u128,
}

/// The origin of a store's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It was accepted here.
    Own,
    /// It is a backup that hasn't been opened yet.
    Backup,
    /// It is an unfinished copy of another store, made page by page.
    Begun,
    /// It is a finished copy that hasn't been changed since.
    Copied,
}

impl Origin {
    const ALL: [Self; 4] = [Self::Own, Self::Backup, Self::Begun, Self::Copied];
}

impl Head {
    /// Creates the head of a store that last issued this number and this fence.
    pub(crate) fn new(seq: u64, fence: u64) -> Result<Self, Error> {
        let time = TimeState::default();
        Ok(Self {
            id: random()?,
            step: 0,
            seq,
            fence,
            time,
            file: FileMark::default(),
            origin: Origin::Own,
            source: 0,
        })
    }

    /// Makes a file that stands at this place, and isn't the one that was written last, a store of its own, whose
    /// numbers go on above all that the original may have given since: `above`, the time in microseconds. Gives whether
    /// it did.
    pub(crate) fn settle(&mut self, file: FileMark, above: u64) -> Result<bool, Error> {
        let is_another = self.origin == Origin::Backup || !self.file.agrees_with(file);
        if is_another {
            self.id = random()?;
            self.seq = self.seq.max(above);
            self.fence = self.fence.max(above);
            if self.origin == Origin::Backup {
                self.origin = Origin::Own;
            }
        }
        self.file = file;
        Ok(is_another)
    }

    /// Returns the store's public id.
    pub(crate) fn store_id(&self) -> StoreId {
        StoreId::new(self.id)
    }

    /// Reads the head from its table.
    pub(crate) fn read(connection: &Connection) -> Result<Self, Error> {
        const WRONG: Error = Error::Corrupt("the store's counters");
        let bytes = first(connection, "SELECT head FROM head", [], |row| get::<Vec<u8>>(row, 0))?;
        bytes.and_then(|bytes| Self::from_bytes(&bytes)).ok_or(WRONG)
    }

    /// Writes the head to its table, which has its row.
    pub(crate) fn write(&self, connection: &Connection) -> Result<(), Error> {
        execute(connection, "UPDATE head SET head = ?1", [self.to_bytes()]).map(drop)
    }

    /// Writes the head to its table, which is empty.
    pub(crate) fn create(&self, connection: &Connection) -> Result<(), Error> {
        execute(connection, "INSERT INTO head (id, head) VALUES (1, ?1)", [self.to_bytes()]).map(drop)
    }

    /// Reads the head from a page of the file or its log. Returns `None` for any other page.
    pub(crate) fn of_page(page: &[u8]) -> Option<Self> {
        // A leaf of a table: one row, which begins at the place that stands in the last two bytes.
        let [0x0d, _, _, 0, 1, _, _, _, high, low, ..] = page else { return None };
        let row = page.get(usize::from(u16::from_be_bytes([*high, *low]))..)?;
        Self::from_bytes(row.strip_prefix(&CELL)?.get(..LEN)?)
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (id, rest) = bytes.strip_prefix(&MAGIC)?.split_first_chunk()?;
        let (source, fields) = rest.split_first_chunk()?;
        if fields.len() != FIELDS * 8 {
            return None;
        }
        let mut fields =
            fields.chunks_exact(8).filter_map(|field| field.try_into().ok()).map(u64::from_be_bytes);
        let mut next = || fields.next();
        let (step, seq, fence, last, purge_after) = (next()?, next()?, next()?, next()?, next()?);
        let time = TimeState::new(moment(last), moment(purge_after));
        let file = FileMark { inode: next()?, born: next()? };
        let origin = *Origin::ALL.get(usize::try_from(next()?).ok()?)?;
        let (id, source) = (u128::from_be_bytes(*id), u128::from_be_bytes(*source));
        Some(Self { id, step, seq, fence, time, file, origin, source })
    }

    fn to_bytes(self) -> Vec<u8> {
        let (last, purge_after) = (number(self.time.last), number(self.time.purge_after));
        let FileMark { inode, born } = self.file;
        let origin = Origin::ALL.iter().zip(0..).find(|(origin, _)| **origin == self.origin);
        let origin = origin.map_or(0, |(_, number)| number);
        let fields = [self.step, self.seq, self.fence, last, purge_after, inode, born, origin];
        let mut bytes = Vec::with_capacity(LEN);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.id.to_be_bytes());
        bytes.extend_from_slice(&self.source.to_be_bytes());
        bytes.extend(fields.into_iter().flat_map(u64::to_be_bytes));
        bytes
    }
}

/// Returns 128 random bits.
pub(crate) fn random() -> Result<u128, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Error::Unavailable(error.into()))?;
    Ok(u128::from_be_bytes(bytes))
}

fn moment(millis: u64) -> Option<Moment> {
    i64::try_from(millis).ok().map(Moment::from_millis)
}

fn number(time: Option<Moment>) -> u64 {
    time.map_or(NONE, |time| time.millis().unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        let mut head = Head::new(7, u64::MAX >> 1).unwrap();
        head.time = TimeState::new(Some(Moment::from_millis(1_800_000_000_000)), None);
        head.file = FileMark { inode: 12, born: 34 };
        head
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let mut head = head();
        assert_eq!(Head::from_bytes(&head.to_bytes()), Some(head));
        (head.origin, head.source) = (Origin::Copied, 5);
        head.time.purge_after = Some(Moment::LAST);
        assert_eq!(Head::from_bytes(&head.to_bytes()), Some(head));
        let bytes = head.to_bytes();
        assert_eq!(Head::from_bytes(&bytes[1..]), None);
        assert_eq!(Head::from_bytes(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Head::from_bytes(&[&bytes[..], &[0; 8]].concat()), None);
    }

    #[test]
    fn another_file_is_another_store() {
        let of = |inode, born| FileMark { inode, born };
        let before = head();
        let mut head = before;
        for same in [of(12, 34), of(12, 0)] {
            assert!(!head.settle(same, 1 << 50).unwrap());
            assert_eq!(Head { file: before.file, ..head }, before);
        }
        head = before;
        assert!(head.settle(of(12, 35), 1 << 50).unwrap());
        assert_ne!(head.id, before.id);
        assert_eq!((head.seq, head.fence), (1 << 50, before.fence), "the greater one");
        head = Head { origin: Origin::Backup, ..before };
        assert!(head.settle(of(12, 34), 1 << 50).unwrap());
        assert!(head.origin == Origin::Own && head.id != before.id);
        // What was just made knows no file.
        head = Head::new(0, 0).unwrap();
        assert!(!head.settle(of(12, 34), 1 << 50).unwrap());
        assert_eq!(head.seq, 0);
    }

    #[test]
    fn it_is_found_in_the_file_as_sqlite_writes_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch("CREATE TABLE head (id INTEGER PRIMARY KEY, head BLOB NOT NULL) STRICT")
            .unwrap();
        let mut head = head();
        head.create(&connection).unwrap();
        for seq in [1, 1 << 20, 1 << 60] {
            head.seq = seq;
            head.write(&connection).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            let found: Vec<_> = bytes.chunks(4096).filter_map(Head::of_page).collect();
            assert_eq!(found, [head]);
        }
        // A body with the same bytes is none.
        connection
            .execute_batch("CREATE TABLE body (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT")
            .unwrap();
        connection.execute("INSERT INTO body VALUES (2, ?1)", [head.to_bytes()]).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes.chunks(4096).filter_map(Head::of_page).count(), 1);
    }
}
