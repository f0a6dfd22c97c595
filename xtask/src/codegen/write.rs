//! What the catalog becomes: Rust for the events crate, and the table of events for people.

mod area;
mod conditions;
mod events;
mod guide;
mod meta;
mod text;

use std::path::PathBuf;

use super::model::Catalog;

/// Where the generated modules stand.
pub(crate) const GENERATED: &str = "crates/events/src/generated";
/// The table of events.
const GUIDE: &str = "docs/events.md";

/// One generated file.
pub(crate) struct Output {
    /// From the root.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Output {
    fn rust(name: &str, text: String) -> Self {
        Self { path: PathBuf::from(format!("{GENERATED}/{name}.rs")), text }
    }
}

/// All generated files; the Rust isn't formatted yet.
pub(crate) fn write(catalog: &Catalog) -> Vec<Output> {
    let mut outputs = vec![
        Output::rust("event_type", events::event_type(catalog)),
        Output::rust("any_event", events::any_event(catalog)),
        Output::rust("meta", meta::areas(catalog)),
        Output { path: GUIDE.into(), text: guide::guide(catalog) },
    ];
    for area in &catalog.areas {
        outputs.push(Output::rust(&area.name, area::area(area)));
        outputs.push(Output::rust(&format!("meta/{}", area.name), meta::area(area)));
    }
    outputs
}
