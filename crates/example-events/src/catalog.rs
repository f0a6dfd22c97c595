use crate::{granted, used};
use std::sync::Arc;
use wxhook_wire::{Catalog, Table};

/// The events of this crate: to be chained with the documented ones.
pub fn catalog() -> Arc<dyn Catalog> {
    let entries = granted::ENTRIES.into_iter().chain([used::ENTRY]);
    #[expect(clippy::expect_used, reason = "the entries are constants, and a test builds the table")]
    let table = Table::new(entries).expect("no event stands in the catalog twice");
    Arc::new(table)
}
