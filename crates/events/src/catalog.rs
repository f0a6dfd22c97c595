use crate::generated::AREAS;
use std::sync::{Arc, LazyLock};
use wxhook_wire::{Catalog, Table};

static TABLE: LazyLock<Arc<Table>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the entries are constants, and a test builds the table")]
    let table = Table::new(AREAS.concat()).expect("no event stands in the catalog twice");
    Arc::new(table)
});

/// Returns the documented events: names, variants, conditions and keys.
///
/// Renamed events have an entry under each name, as old notifications still arrive. Features decide only about models;
/// metadata are always complete.
pub fn catalog() -> Arc<dyn Catalog> {
    Arc::<Table>::clone(&TABLE)
}
