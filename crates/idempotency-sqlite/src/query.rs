use crate::fault::sql;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use wxhook_idempotency::Error;

/// Runs a statement; gives how many rows it changed.
pub(crate) fn execute(
    connection: &Connection,
    text: &'static str,
    values: impl Params,
) -> Result<usize, Error> {
    let mut statement = connection.prepare_cached(text).map_err(sql)?;
    statement.execute(values).map_err(sql)
}

/// The first row of what is selected.
pub(crate) fn first<T>(
    connection: &Connection,
    text: &'static str,
    values: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let mut statement = connection.prepare_cached(text).map_err(sql)?;
    statement.query_row(values, |row| Ok(read(row))).optional().map_err(sql)?.transpose()
}

/// Every row of what is selected.
pub(crate) fn all<T>(
    connection: &Connection,
    text: &'static str,
    values: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut statement = connection.prepare_cached(text).map_err(sql)?;
    let mut rows = statement.query(values).map_err(sql)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(sql)? {
        found.push(read(row)?);
    }
    Ok(found)
}
