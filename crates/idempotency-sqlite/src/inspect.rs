//! A thorough look at a whole file.

use crate::head::Head;
use crate::query::{all, first};
use crate::row::{get, integer};
use rusqlite::Connection;
use wxhook_idempotency::Error;

/// Kinds of faults, each with the query that counts them: the count must be 0.
const RULES: [(&str, &str); 7] = [
    (
        "records without their content",
        "SELECT count(*) FROM record r WHERE NOT EXISTS (SELECT 1 FROM body b WHERE b.seq = r.seq)",
    ),
    (
        "contents without a record",
        "SELECT count(*) FROM body b WHERE NOT EXISTS (SELECT 1 FROM record r WHERE r.seq = b.seq)",
    ),
    (
        "names that lead to no record",
        "SELECT count(*) FROM alias a WHERE NOT EXISTS (SELECT 1 FROM record r WHERE r.seq = a.seq)",
    ),
    (
        "records of an unknown kind or lane",
        "SELECT count(*) FROM record r WHERE NOT EXISTS (SELECT 1 FROM kind k WHERE k.id = r.kind) \
      OR NOT EXISTS (SELECT 1 FROM lane l WHERE l.id = r.lane)",
    ),
    (
        "records that were set aside because they can't be read",
        "SELECT count(*) FROM record WHERE state NOT BETWEEN 0 AND 3",
    ),
    (
        "records that would never be delivered or purged",
        "SELECT count(*) FROM record WHERE (state IN (0, 1) AND wake IS NULL) \
      OR (state = 2 AND idle IS NULL)",
    ),
    (
        "lanes whose counts are wrong",
        "SELECT count(*) FROM lane l LEFT JOIN (SELECT lane, sum(state = 0) AS ready, \
      sum(state = 1) AS leased, sum(state = 2) AS done, sum(state = 3) AS parked, sum(iif(state IN (0, 1, 3), size, 0)) AS bytes \
      FROM record GROUP BY lane) c ON c.lane = l.id WHERE (l.ready, l.leased, l.done, l.parked, l.bytes) IS NOT \
      (coalesce(c.ready, 0), coalesce(c.leased, 0), coalesce(c.done, 0), coalesce(c.parked, 0), coalesce(c.bytes, 0))",
    ),
];

/// One line for each thing that isn't as it should be, none of which shows any content.
pub(crate) fn inspect(connection: &Connection) -> Result<Vec<String>, Error> {
    let said = all(connection, "PRAGMA integrity_check(20)", [], |row| get::<String>(row, 0))?;
    let mut findings: Vec<String> =
        said.iter().filter(|line| *line != "ok").map(|line| format!("the file is damaged: {line}")).collect();
    if !findings.is_empty() {
        return Ok(findings);
    }
    for (what, count) in RULES {
        let count = first(connection, count, [], |row| get::<i64>(row, 0))?.unwrap_or(0);
        if count > 0 {
            findings.push(format!("{count} {what}"));
        }
    }
    let head = Head::read(connection)?;
    let last = first(connection, "SELECT max(seq), max(fence) FROM record", [], |row| {
        Ok((get::<Option<i64>>(row, 0)?, get::<Option<i64>>(row, 1)?))
    })?;
    let (seq, fence) = last.unwrap_or_default();
    for (what, last, given) in [("number", seq, head.seq), ("fence", fence, head.fence)] {
        if let Some(last) = last.filter(|last| *last > integer(given)) {
            findings.push(format!("a record has the {what} {last}, but the last one given is {given}"));
        }
    }
    Ok(findings)
}
