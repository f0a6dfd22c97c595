use crate::chunk;
use crate::fault::sql;
use crate::ledger::Term;
use crate::query::{all, first};
use crate::row::{self, code, get, integer, rowid, select_record, whole};
use bytes::Bytes;
use rusqlite::{Connection, params};
use wxhook_idempotency::machine::Moment;
use wxhook_idempotency::{Error, Filter, LaneStats, Lookup, Page, Seq, State, Stats, StoredRecord};

/// Maximum number of candidates that are looked up at once.
const STRIDE: usize = 256;

/// Runs `look` on a consistent snapshot of the database.
pub(crate) fn snapshot<T>(
    connection: &mut Connection,
    look: impl FnOnce(&Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    let transaction = connection.transaction().map_err(sql)?;
    look(&transaction)
}

/// Returns one record.
pub(crate) fn one(connection: &Connection, lookup: &Lookup) -> Result<Option<StoredRecord>, Error> {
    let found = match lookup {
        Lookup::Seq(seq) => {
            first(connection, select_record!("WHERE r.seq = ?1"), [rowid(*seq)], row::record)?
        }
        Lookup::Key(key) => first(connection, select_record!("WHERE r.key = ?1"), [key], row::record)?,
        _ => return Err(Error::Unsupported("this way to look a record up".to_owned())),
    };
    found.map(|record| with_body(connection, record)).transpose()
}

/// Returns the records that pass the filter, newest first.
pub(crate) fn list(
    connection: &Connection,
    filter: &Filter,
    before: Option<Seq>,
    max: usize,
) -> Result<Page, Error> {
    let Some(span) = span(connection, filter, before)? else { return Ok(Page::default()) };
    let source = Source::of(connection, filter)?;
    let mut records = Vec::new();
    let mut below = span.below;
    loop {
        let count = max.saturating_sub(records.len()).saturating_add(1).min(STRIDE);
        let candidates = source.newest(connection, Span { below, ..span }, count)?;
        let Some(last) = candidates.last() else { break };
        below = *last;
        for seq in candidates {
            let Some(record) = passing(connection, seq, filter)? else { continue };
            if records.len() >= max {
                let next = records.last().map(|last: &StoredRecord| last.seq);
                return Ok(Page::new(records, next));
            }
            records.push(record);
        }
    }
    Ok(Page::new(records, None))
}

/// Returns the lanes' counts as the database keeps them.
pub(crate) fn stats(connection: &Connection, now: Moment, lost: u64) -> Result<Stats, Error> {
    const LANES: &str = "SELECT id, name, ready, leased, done, parked, bytes FROM lane \
                         WHERE ready + leased + done + parked > 0 ORDER BY name";
    const OLDEST: &str =
        "SELECT wake FROM record WHERE lane = ?1 AND wake <= ?2 AND state = 0 ORDER BY wake LIMIT 1";
    let lanes = all(connection, LANES, [], |row| {
        let counts = [whole(row, 2)?, whole(row, 3)?, whole(row, 4)?, whole(row, 5)?];
        Ok((get::<i64>(row, 0)?, LaneStats::new(get::<String>(row, 1)?, counts, whole(row, 6)?)))
    })?;
    let mut oldest = None;
    for (lane, _) in &lanes {
        let due = first(connection, OLDEST, [*lane, now.millis()], |row| get(row, 0).map(row::moment))?;
        oldest = oldest.max(due.map(|due| now.since(due)));
    }
    Ok(Stats::new(lanes.into_iter().map(|(_, lane)| lane).collect(), oldest, lost))
}

/// Reads the pages that removing the records that were idle first will need, so that the system has them at hand.
pub(crate) fn touch_idle(connection: &Connection, until: Moment, max: usize) -> Result<(), Error> {
    const SQL: &str = "SELECT (SELECT length(body) FROM body WHERE body.seq = r.seq), \
                       (SELECT same.seq FROM record same WHERE same.key = r.key), \
                       (SELECT max(named.seq) FROM alias a JOIN alias named ON named.name = a.name WHERE a.seq = r.seq) \
                       FROM record r WHERE r.idle <= ?1 ORDER BY r.idle, r.seq LIMIT ?2";
    let max = integer(u64::try_from(max).unwrap_or(u64::MAX));
    all(connection, SQL, [until.millis(), max], |_| Ok(()))?;
    Ok(())
}

/// Numbers from `from` on and under `below`.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: i64,
    below: i64,
}

/// The numbers that the filter's times leave; more than they need, by up to a chunk at each end.
fn span(connection: &Connection, filter: &Filter, before: Option<Seq>) -> Result<Option<Span>, Error> {
    const SQL: &str = "SELECT min(chunk), max(chunk) FROM span WHERE latest >= ?1 AND earliest <= ?2";
    let below = before.map_or(i64::MAX, rowid);
    if filter.since.is_none() && filter.until.is_none() {
        return Ok(Some(Span { from: 0, below }));
    }
    let since = filter.since.map_or(Moment::FIRST, Moment::from_system);
    let until = filter.until.map_or(Moment::LAST, Moment::from_system);
    let chunks = first(connection, SQL, [since.millis(), until.millis()], |row| {
        Ok(get::<Option<i64>>(row, 0)?.zip(get::<Option<i64>>(row, 1)?))
    })?;
    Ok(chunks.flatten().map(|(earliest, latest)| Span {
        from: chunk::first(earliest),
        below: below.min(chunk::first(latest.saturating_add(1))),
    }))
}

/// The source of candidates: the index that yields the fewest.
enum Source<'a> {
    Term(Term, &'a str),
    Kinds(Vec<i64>, Vec<i64>),
    All,
}

impl<'a> Source<'a> {
    fn of(connection: &Connection, filter: &'a Filter) -> Result<Self, Error> {
        const SQL: &str = "SELECT id, flags FROM kind WHERE (?1 IS NULL OR merchant = ?1) \
                           AND (?2 IS NULL OR event = ?2) AND (?3 IS NULL OR variant = ?3)";
        if let Some(number) = &filter.number {
            return Ok(Self::Term(Term::Number, number));
        }
        if let Some(id) = &filter.id {
            return Ok(Self::Term(Term::Id, id));
        }
        let (merchant, event, variant) = (&filter.merchant, &filter.event, &filter.variant);
        let of_kind = [merchant, event, variant, &filter.flag];
        if filter.state.is_none() && of_kind.iter().all(|label| label.is_none()) {
            return Ok(Self::All);
        }
        let kinds = all(connection, SQL, params![merchant, event, variant], |row| {
            // Flags of a record that can't be read are those of no kind that is asked for.
            Ok((get(row, 0)?, row::list(get(row, 1)?).unwrap_or_default()))
        })?;
        let kinds = kinds
            .into_iter()
            .filter(|(_, flags)| filter.flag.as_ref().is_none_or(|flag| flags.contains(flag)));
        let kinds = kinds.map(|(id, _)| id).collect();
        let states =
            State::ALL.into_iter().filter(|state| filter.state.is_none_or(|wanted| wanted == *state));
        Ok(Self::Kinds(kinds, states.map(code).collect()))
    }

    /// The newest candidates of a span, newest first, at max `count`.
    fn newest(&self, connection: &Connection, span: Span, count: usize) -> Result<Vec<i64>, Error> {
        const ALL: &str = "SELECT seq FROM record WHERE seq < ?1 AND seq >= ?2 ORDER BY seq DESC LIMIT ?3";
        const KIND: &str = "SELECT seq FROM record WHERE kind = ?4 AND state = ?5 AND seq < ?1 AND seq >= ?2 \
                            ORDER BY seq DESC LIMIT ?3";
        let limit = integer(u64::try_from(count).unwrap_or(u64::MAX));
        match self {
            Self::All => all(connection, ALL, [span.below, span.from, limit], |row| get(row, 0)),
            Self::Kinds(kinds, states) => {
                let (mut found, mut from) = (Vec::new(), span.from);
                for kind in kinds {
                    for state in states {
                        let values = [span.below, from, limit, *kind, *state];
                        found.extend(all(connection, KIND, values, |row| get::<i64>(row, 0))?);
                        found.sort_unstable_by(|one, other| other.cmp(one));
                        found.truncate(count);
                        // Once there are enough, only newer ones matter.
                        if found.len() == count {
                            from = found.last().copied().unwrap_or(from);
                        }
                    }
                }
                Ok(found)
            }
            Self::Term(term, value) => newest_of_term(connection, *term, value, span, count),
        }
    }
}

/// Searches one chunk after the other.
fn newest_of_term(
    connection: &Connection,
    term: Term,
    value: &str,
    span: Span,
    count: usize,
) -> Result<Vec<i64>, Error> {
    const CHUNK: &str = "SELECT max(chunk) FROM term WHERE chunk <= ?1 AND chunk >= ?2";
    const TERM: &str = "SELECT seq FROM term WHERE chunk = ?1 AND what = ?2 AND value = ?3 AND seq < ?4 \
                        AND seq >= ?5 ORDER BY seq DESC LIMIT ?6";
    let mut found = Vec::new();
    let mut at = chunk::of(span.below.saturating_sub(1));
    while found.len() < count {
        let next = first(connection, CHUNK, [at, chunk::of(span.from)], |row| get::<Option<i64>>(row, 0))?;
        let Some(next) = next.flatten() else { break };
        let left = integer(u64::try_from(count - found.len()).unwrap_or(u64::MAX));
        let values = params![next, term.code(), value, span.below, span.from, left];
        found.extend(all(connection, TERM, values, |row| get::<i64>(row, 0))?);
        at = next.saturating_sub(1);
    }
    Ok(found)
}

/// Returns the record, if it passes the filter and can be read.
fn passing(connection: &Connection, seq: i64, filter: &Filter) -> Result<Option<StoredRecord>, Error> {
    let found = first(connection, select_record!("WHERE r.seq = ?1"), [seq], row::record);
    let passing = found.map(|record| record.filter(|record| filter.passes(record)));
    match passing.and_then(|record| record.map(|record| with_body(connection, record)).transpose()) {
        Err(Error::Corrupt(_)) => {
            tracing::warn!(seq, "a record can't be read and is left out of a listing");
            Ok(None)
        }
        other => other,
    }
}

/// Returns the record with its body.
pub(crate) fn with_body(connection: &Connection, mut record: StoredRecord) -> Result<StoredRecord, Error> {
    const SQL: &str = "SELECT body FROM body WHERE seq = ?1";
    let body = first(connection, SQL, [rowid(record.seq)], |row| get::<Vec<u8>>(row, 0))?;
    record.body = Bytes::from(body.ok_or(Error::Corrupt("a record's body is missing"))?);
    Ok(record)
}
