//! `cargo xtask codegen --diff FILE`: what another edition of the overview changes.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, anyhow, bail};

use super::fault::Fault;
use super::input::{OVERVIEW, Sources};
use super::model::{Mode, event_file};
use super::overview::{self, Edition, Row};

/// Compares the last table of that file with the newest edition.
pub(crate) fn diff(sources: &Sources, file: &Path) -> anyhow::Result<String> {
    let known = editions(OVERVIEW, sources.get(OVERVIEW).with_context(|| format!("no {OVERVIEW}"))?)?;
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let other = editions(&file.display().to_string(), &text)?;
    let (Some((newest, older)), Some(other)) = (known.split_last(), other.last()) else { bail!("no table") };
    let is_equal = |edition: &&Edition| Changes::between(&edition.rows, &other.rows).is_empty();
    if let Some(edition) = older.iter().find(is_equal) {
        let changes = Changes::between(&newest.rows, &other.rows);
        return Ok(format!("edition {} again: nothing to do\n", edition.name) + &changes.describe());
    }
    Ok(report(newest, &other.rows, &|path| sources.get(path).is_some()))
}

fn editions(file: &str, text: &str) -> anyhow::Result<Vec<Edition>> {
    let editions = overview::parse(file, text);
    editions.map_err(|faults| {
        let lines: Vec<_> = faults.iter().map(Fault::to_string).collect();
        anyhow!("the table can't be read:\n{}", lines.join("\n"))
    })
}

/// Returns the changes of the other rows, and what to do about them. `has_file` knows the catalog files that are there.
pub(crate) fn report(known: &Edition, other: &[Row], has_file: &dyn Fn(&str) -> bool) -> String {
    let changes = Changes::between(&known.rows, other);
    if changes.is_empty() {
        return format!("nothing new: {} rows as in edition {}\n", other.len(), known.name);
    }
    let mut text =
        format!("against edition {} ({} rows), {} rows\n", known.name, known.rows.len(), other.len());
    text.push_str(&changes.describe());
    section(&mut text, "to do", changes.to_do(has_file).into_iter());
    text
}

/// Rows paired by what they link to; the order of rows says nothing.
#[derive(Debug, Default)]
struct Changes<'r> {
    new: Vec<&'r Row>,
    gone: Vec<&'r Row>,
    /// (old, new): the same title for the same merchants under another name.
    renamed: Vec<(&'r Row, &'r Row)>,
    /// (old, new) that differ in something.
    kept: Vec<(&'r Row, &'r Row)>,
}

impl<'r> Changes<'r> {
    fn between(known: &'r [Row], other: &'r [Row]) -> Self {
        let mut changes = Self::default();
        let mut gone: Vec<&Row> =
            known.iter().filter(|row| !other.iter().any(|new| is_same(row, new))).collect();
        for new in other {
            if let Some(old) = known.iter().find(|old| is_same(old, new)) {
                if facts(old) != facts(new) {
                    changes.kept.push((old, new));
                }
            } else if let Some(index) = gone.iter().position(|old| is_renamed(old, new)) {
                changes.renamed.push((gone.remove(index), new));
            } else {
                changes.new.push(new);
            }
        }
        changes.gone = gone;
        changes
    }

    fn is_empty(&self) -> bool {
        self.new.is_empty() && self.gone.is_empty() && self.renamed.is_empty() && self.kept.is_empty()
    }

    fn describe(&self) -> String {
        let mut text = String::new();
        let described = |row: &&Row| format!("{}  {}  {}", target(row), row.title, modes(&row.modes));
        let renamed =
            |(old, new): &(&Row, &Row)| format!("{} -> {}  {}", target(old), target(new), new.title);
        let lock = |row: &Row| if row.locked { "locked" } else { "open" }.to_owned();
        section(&mut text, "new", self.new.iter().map(described));
        section(&mut text, "gone", self.gone.iter().map(described));
        section(&mut text, "renamed", self.renamed.iter().map(renamed));
        section(&mut text, "other title", pairs(&self.kept, |row| row.title.clone()));
        section(&mut text, "other modes", pairs(&self.kept, |row| modes(&row.modes)));
        section(&mut text, "other lock", pairs(&self.kept, lock));
        text
    }

    fn to_do(&self, has_file: &dyn Fn(&str) -> bool) -> Vec<String> {
        let mut steps = Vec::new();
        let renamed = self.renamed.iter().map(|(_, new)| *new);
        let files: BTreeSet<_> = self.new.iter().copied().chain(renamed).map(file).collect();
        steps.extend(files.iter().filter(|file| !has_file(file)).map(|file| format!("write {file}")));
        for row in &self.new {
            if let Some(fragment) = &row.fragment
                && has_file(&file(row))
            {
                steps.push(format!("see that {} has the variant {fragment}", file(row)));
            }
        }
        for (old, new) in self.renamed.iter().filter(|(old, new)| old.event != new.event) {
            steps.push(format!("add renamed_to = \"{}\" to {}; the old name stays", new.event, file(old)));
        }
        if !self.gone.is_empty() {
            steps.push("keep the files of what is gone: old notifications still arrive".to_owned());
        }
        steps.push(format!(
            "append the table to {OVERVIEW} under a heading ## Edition N, and run cargo xtask codegen"
        ));
        steps
    }
}

fn is_same(one: &Row, other: &Row) -> bool {
    (one.protocol, &one.event, &one.fragment) == (other.protocol, &other.event, &other.fragment)
}

fn is_renamed(old: &Row, new: &Row) -> bool {
    (old.protocol, &old.title, &old.modes) == (new.protocol, &new.title, &new.modes)
}

fn facts(row: &Row) -> (&str, &BTreeSet<Mode>, bool) {
    (&row.title, &row.modes, row.locked)
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<_> = lines.collect();
    if !lines.is_empty() {
        let _ = write!(text, "\n{title}:\n  {}\n", lines.join("\n  "));
    }
}

fn pairs<'p>(
    kept: &'p [(&Row, &Row)],
    of: impl Fn(&Row) -> String + 'p,
) -> impl Iterator<Item = String> + 'p {
    let differing =
        kept.iter().map(move |(old, new)| (new, of(old), of(new))).filter(|(_, old, new)| old != new);
    differing.map(|(row, old, new)| format!("{}  {old} -> {new}", target(row)))
}

fn target(row: &Row) -> String {
    match &row.fragment {
        Some(fragment) => format!("{}#{fragment}", row.name()),
        None => row.name(),
    }
}

fn modes(modes: &BTreeSet<Mode>) -> String {
    modes.iter().map(Mode::to_string).collect::<Vec<_>>().join(", ")
}

fn file(row: &Row) -> String {
    event_file(row.protocol, &row.event)
}

#[cfg(test)]
mod tests;
