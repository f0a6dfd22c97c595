//! The platform's overview table, a Markdown table with spans, one for each edition.

mod cell;
mod grid;

use std::collections::BTreeSet;
use std::ops::Range;

use super::fault::Fault;
use super::model::{Mode, Protocol, event_name};
use cell::{Link, split};
use grid::{COLUMNS, Line};

const HEADER: [&str; COLUMNS] = ["通知格式", "直连商户模式", "合作伙伴模式"];

/// One edition of the table.
#[derive(Debug)]
pub(crate) struct Edition {
    /// Name from its heading `## Edition NAME`; empty for a table without one.
    pub(crate) name: String,
    /// In the table's order.
    pub(crate) rows: Vec<Row>,
}

/// One link of the table. Rows are ordered as the table is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// The edition's name.
    pub(crate) edition: String,
    /// In the file, from 1.
    pub(crate) line: usize,
    /// XML or JSON.
    pub(crate) protocol: Protocol,
    /// Without `v2/`.
    pub(crate) event: String,
    /// The variant that the link leads to.
    pub(crate) fragment: Option<String>,
    /// The Chinese title.
    pub(crate) title: String,
    /// Text of the columns that the link covers.
    pub(crate) modes: BTreeSet<Mode>,
    /// Marked with a lock.
    pub(crate) locked: bool,
    /// Number of its format cell in the table, from 0.
    pub(crate) group: usize,
}

impl Row {
    /// The event's full name: `v2/…` for XML.
    pub(crate) fn name(&self) -> String {
        event_name(self.protocol, &self.event)
    }
}

/// All editions of a file, in its order.
pub(crate) fn parse(file: &str, text: &str) -> Result<Vec<Edition>, Vec<Fault>> {
    let (tables, mut faults) = tables(file, text);
    let mut editions = Vec::new();
    for table in tables {
        let name = table.edition.unwrap_or_default();
        match rows(file, &name, &table.lines) {
            Ok(rows) => editions.push(Edition { name, rows }),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() { Ok(editions) } else { Err(faults) }
}

/// The lines of a table, with their numbers, not yet looked at.
#[derive(Debug)]
struct Table<'t> {
    edition: Option<String>,
    lines: Vec<(usize, &'t str)>,
}

/// Finds the headings and the lines that belong to each.
fn tables<'t>(file: &str, text: &'t str) -> (Vec<Table<'t>>, Vec<Fault>) {
    let mut faults = Vec::new();
    let mut tables = vec![Table { edition: None, lines: Vec::new() }];
    let mut is_below_row = false;
    for (number, line) in (1..).zip(text.lines()) {
        let place = format!("{file}:{number}");
        let is_row = line.trim_start().starts_with('|');
        if let Some(name) = line.strip_prefix("## Edition").map(str::trim) {
            if name.is_empty() || tables.iter().any(|table| table.edition.as_deref() == Some(name)) {
                faults.push(Fault::new(place, "no name of its own", "write ## Edition and the next number"));
            }
            tables.push(Table { edition: Some(name.to_owned()), lines: Vec::new() });
        } else if is_row && let Some(table) = tables.last_mut() {
            if table.lines.last().is_none_or(|(last, _)| last + 1 == number) {
                table.lines.push((number, line));
            } else if !is_below_row {
                let mend = "take the lines between them away, or begin it with ## Edition and its name";
                faults.push(Fault::new(place, "a second table under one heading", mend));
            }
        }
        is_below_row = is_row;
    }
    // what stands before the first heading is a table only if it has one
    if tables.len() > 1 {
        tables.retain(|table| table.edition.is_some() || !table.lines.is_empty());
    }
    for table in tables.iter().filter(|table| table.lines.is_empty()) {
        let edition =
            table.edition.as_ref().map_or(String::new(), |name| format!(" under ## Edition {name}"));
        let mend = format!("add the table, which begins with | {}", HEADER.join(" | "));
        faults.push(Fault::new(file, format!("no table{edition}"), mend));
    }
    tables.retain(|table| !table.lines.is_empty());
    (tables, faults)
}

fn rows(file: &str, edition: &str, lines: &[(usize, &str)]) -> Result<Vec<Row>, Vec<Fault>> {
    let mut lines = lines.iter();
    let (top, header) = lines.next().copied().unwrap_or_default();
    check_header(&format!("{file}:{top}"), header)?;
    let (number, separator) = lines.next().copied().unwrap_or((top + 1, ""));
    check_separator(&format!("{file}:{number}"), separator)?;

    let mut faults = Vec::new();
    let mut parsed = Vec::new();
    for &(number, line) in lines {
        let mut cells = Vec::new();
        for (cell, text) in (1..).zip(split(line)) {
            match cell::parse(&text, &format!("{file}:{number}: cell {cell}")) {
                Ok(cell) => cells.push(cell),
                Err(fault) => faults.push(fault),
            }
        }
        parsed.push(Line { number, cells });
    }
    if !faults.is_empty() {
        return Err(faults);
    }

    let mut rows: Vec<Row> = Vec::new();
    for placed in grid::place(file, &parsed).map_err(|fault| vec![fault])? {
        if placed.links.is_empty() {
            let mend = "write [title](/webhook/v3/EVENT) in the column of its mode";
            faults.push(Fault::new(format!("{file}:{}", placed.line), "a row without a link", mend));
        }
        for (cell, columns, link) in placed.links {
            let row = row(edition, placed.line, placed.group, link, &columns);
            let place = format!("{file}:{}: cell {cell}", placed.line);
            faults.extend(format_fault(&place, placed.format, &row));
            faults.extend(repetition(&place, &row, &rows));
            rows.push(row);
        }
    }
    if faults.is_empty() { Ok(rows) } else { Err(faults) }
}

fn check_header(place: &str, line: &str) -> Result<(), Vec<Fault>> {
    let cells = split(line);
    let is_as_known = cells.iter().map(String::as_str).eq(HEADER);
    let what = || format!("the columns are {}", cells.join(" | "));
    let mend = || format!("they must be | {}", HEADER.join(" | "));
    if is_as_known { Ok(()) } else { Err(vec![Fault::new(place, what(), mend())]) }
}

fn check_separator(place: &str, line: &str) -> Result<(), Vec<Fault>> {
    let is_rule = |cell: &String| {
        let rule = cell.strip_prefix(':').unwrap_or(cell);
        let rule = rule.strip_suffix(':').unwrap_or(rule);
        !rule.is_empty() && rule.chars().all(|char| char == '-')
    };
    let cells = split(line);
    if cells.len() == COLUMNS && cells.iter().all(is_rule) {
        return Ok(());
    }
    let mend = "write | :---: | :---: | :---: between the header and the rows";
    Err(vec![Fault::new(place, "no separator line", mend)])
}

fn row(edition: &str, line: usize, group: usize, link: &Link, columns: &Range<usize>) -> Row {
    let modes = [(1, Mode::Direct), (2, Mode::Partner)];
    Row {
        edition: edition.to_owned(),
        line,
        protocol: link.protocol,
        event: link.event.clone(),
        fragment: link.fragment.clone(),
        title: link.title.clone(),
        modes: modes
            .into_iter()
            .filter(|(column, _)| columns.contains(column))
            .map(|(_, mode)| mode)
            .collect(),
        locked: link.locked,
        group,
    }
}

fn format_fault(place: &str, format: Protocol, row: &Row) -> Option<Fault> {
    let format_name = match format {
        Protocol::V2 => "XML",
        Protocol::V3 => "JSON",
    };
    (format != row.protocol).then(|| {
        let what = format!("a link to /webhook/{} in a group of {format_name}", row.protocol);
        Fault::new(place, what, "XML goes with v2, JSON with v3: correct the format or the link")
    })
}

fn repetition(place: &str, row: &Row, earlier: &[Row]) -> Option<Fault> {
    let target = |row: &Row| (row.protocol, row.event.clone(), row.fragment.clone());
    let first = earlier.iter().find(|earlier| target(earlier) == target(row))?;
    let what = format!("the same link as on line {}", first.line);
    Some(Fault::new(place, what, "keep one, with colspan=2 if it is for both modes"))
}

#[cfg(test)]
mod tests;
