//! Facts from the overview's rows about an event or a variant.

use std::collections::BTreeSet;

use crate::codegen::model::Mode;
use crate::codegen::overview::Row;

/// The rows with that fragment, or without one.
pub(super) fn with_fragment<'r>(rows: &[&'r Row], fragment: Option<&str>) -> Vec<&'r Row> {
    rows.iter().filter(|row| row.fragment.as_deref() == fragment).copied().collect()
}

/// The first title in the newest edition among these rows, which come oldest edition first.
pub(super) fn newest_title(rows: &[&Row]) -> Option<String> {
    newest(rows).next().map(|row| row.title.clone())
}

/// All modes in the newest edition among these rows.
pub(super) fn newest_modes(rows: &[&Row]) -> BTreeSet<Mode> {
    newest(rows).flat_map(|row| row.modes.iter().copied()).collect()
}

fn newest<'r>(rows: &[&'r Row]) -> impl Iterator<Item = &'r Row> {
    let edition = rows.last().map(|row| &row.edition);
    rows.iter().filter(move |row| Some(&row.edition) == edition).copied()
}
