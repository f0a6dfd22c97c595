use crate::fault::sql;
use bytes::Bytes;
use rusqlite::Row;
use rusqlite::types::FromSql;
use wxhook_idempotency::machine::{Moment, Progress, RecordRef};
use wxhook_idempotency::{
    Change, ClaimId, Entry, Error, Fence, Fingerprint, Note, Seq, Start, State, StoredRecord,
};

/// The columns that [`moving`] reads.
macro_rules! moving_columns {
    () => {
        "r.state, r.generation, r.attempts, r.max_attempts, r.fence, r.claim, r.due, r.lease_until, r.seen, r.done, \
         r.outcome, r.error, r.flags, r.notes"
    };
}
pub(crate) use moving_columns;

/// Number of columns.
const MOVING: usize = 14;

/// A statement that selects what [`record`] reads of records `r`, with the clauses that follow.
macro_rules! select_record {
    ($clauses:literal) => {
        concat!(
            "SELECT ",
            $crate::row::moving_columns!(),
            ", r.seq, r.key, r.fp_version, r.fp, r.id, r.numbers, r.grp, r.sibling_of, r.accepted, \
               k.merchant, k.event, k.variant, l.name \
               FROM record r JOIN kind k ON k.id = r.kind JOIN lane l ON l.id = r.lane ",
            $clauses
        )
    };
}
pub(crate) use select_record;

/// The part of a record that operations change.
pub(crate) fn moving(row: &Row<'_>) -> Result<Progress, Error> {
    let flags = list(get(row, 12)?)?;
    let mut progress = Progress::new(Start::Ready, whole(row, 3)?, flags, moment(get(row, 6)?));
    progress.state = state(get(row, 0)?)?;
    progress.generation = whole(row, 1)?;
    progress.attempts = whole(row, 2)?;
    progress.fence = optional_whole(row, 4)?.map(Fence::new);
    progress.claim = get::<Option<[u8; 16]>>(row, 5)?.map(|id| ClaimId::new(u128::from_be_bytes(id)));
    progress.lease_until = get::<Option<i64>>(row, 7)?.map(moment);
    progress.seen_at = moment(get(row, 8)?);
    progress.done_at = get::<Option<i64>>(row, 9)?.map(moment);
    progress.outcome = get::<Option<Vec<u8>>>(row, 10)?.map(Bytes::from);
    progress.error = get(row, 11)?;
    progress.notes = notes(get(row, 13)?)?;
    Ok(progress)
}

/// Reads a record without its body.
pub(crate) fn record(row: &Row<'_>) -> Result<StoredRecord, Error> {
    let mut entry = Entry::new(
        get::<String>(row, MOVING + 1)?,
        fingerprint(row, MOVING + 2)?,
        Bytes::new(),
        get::<String>(row, MOVING + 12)?,
    );
    entry.labels.merchant = get(row, MOVING + 9)?;
    entry.labels.event = get(row, MOVING + 10)?;
    entry.labels.variant = get(row, MOVING + 11)?;
    entry.labels.id = get(row, MOVING + 4)?;
    entry.labels.numbers = numbers(get(row, MOVING + 5)?)?;
    entry.group = get(row, MOVING + 6)?;
    let (seq, sibling_of) = (whole(row, MOVING)?, optional_whole(row, MOVING + 7)?.map(Seq::new));
    Ok(StoredRecord::new(Seq::new(seq), entry, sibling_of, moment(get(row, MOVING + 8)?), moving(row)?))
}

/// Reads seq, key, fingerprint version, fingerprint, sibling and `keeps_mark`, from the first column on.
pub(crate) fn known(row: &Row<'_>) -> Result<RecordRef, Error> {
    let seq = Seq::new(whole(row, 0)?);
    Ok(RecordRef::new(
        seq,
        get(row, 1)?,
        fingerprint(row, 2)?,
        optional_whole(row, 4)?.map(Seq::new),
        get(row, 5)?,
    ))
}

/// Version and digest, in this column and the next.
pub(crate) fn fingerprint(row: &Row<'_>, column: usize) -> Result<Fingerprint, Error> {
    Ok(Fingerprint::new(whole(row, column)?, get(row, column + 1)?))
}

/// A value of a column that fits its type.
pub(crate) fn get<T: FromSql>(row: &Row<'_>, column: usize) -> Result<T, Error> {
    row.get(column).map_err(sql)
}

/// A number that isn't negative.
pub(crate) fn whole<T: TryFrom<i64>>(row: &Row<'_>, column: usize) -> Result<T, Error> {
    T::try_from(get(row, column)?).map_err(|_| Error::Corrupt("a number of a record"))
}

fn optional_whole(row: &Row<'_>, column: usize) -> Result<Option<u64>, Error> {
    let number: Option<i64> = get(row, column)?;
    number.map(|number| u64::try_from(number).map_err(|_| Error::Corrupt("a number of a record"))).transpose()
}

/// Flags as they come out of the database.
pub(crate) fn list(text: Option<String>) -> Result<Vec<String>, Error> {
    Ok(json(text)?.unwrap_or_default())
}

/// Numbers as they come out of the database.
pub(crate) fn numbers(text: Option<String>) -> Result<Vec<(String, String)>, Error> {
    Ok(json(text)?.unwrap_or_default())
}

fn notes(text: Option<String>) -> Result<Vec<Note>, Error> {
    let lines: Vec<(i64, String, String, String)> = json(text)?.unwrap_or_default();
    let note = |(at, change, actor, reason): (i64, String, String, String)| {
        let change = Change::from_name(&change).ok_or(Error::Corrupt("a record's history"))?;
        Ok(Note::new(moment(at), change, actor, reason))
    };
    lines.into_iter().map(note).collect()
}

fn json<T: serde::de::DeserializeOwned>(text: Option<String>) -> Result<Option<T>, Error> {
    // The parser's message could repeat the text.
    text.map(|text| serde_json::from_str(&text).map_err(|_| Error::Corrupt("a list of a record"))).transpose()
}

/// A list as JSON; an empty one is NULL.
pub(crate) fn to_json<T: serde::Serialize>(list: &[T]) -> Result<Option<String>, Error> {
    if list.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(list).map(Some).map_err(|_| Error::Corrupt("a list of a record"))
}

/// History as it is stored.
pub(crate) fn from_notes(notes: &[Note]) -> Result<Option<String>, Error> {
    let line =
        |note: &Note| (note.at.millis(), note.change.as_str(), note.actor.clone(), note.reason.clone());
    to_json(&notes.iter().map(line).collect::<Vec<_>>())
}

/// A state's number.
pub(crate) fn code(state: State) -> i64 {
    State::ALL.iter().zip(0..).find(|(each, _)| **each == state).map_or(ASIDE, |(_, code)| code)
}

/// The number in place of a state of a record that can't be read.
pub(crate) const ASIDE: i64 = 4;

fn state(code: i64) -> Result<State, Error> {
    let all = State::ALL.iter().zip(0..);
    all.into_iter()
        .find(|(_, each)| *each == code)
        .map(|(state, _)| *state)
        .ok_or(Error::Corrupt("a record's state"))
}

/// A stored time.
pub(crate) fn moment(millis: i64) -> Moment {
    Moment::from_millis(millis)
}

/// A number as SQLite keeps it.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A record's number as SQLite keeps it.
pub(crate) fn rowid(seq: Seq) -> i64 {
    integer(seq.get())
}
