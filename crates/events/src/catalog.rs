use crate::generated::meta::AREAS;
use std::sync::{Arc, LazyLock};
use wxhook_wire::{Catalog, EventMeta, Table};

static TABLE: LazyLock<Arc<Table>> = LazyLock::new(|| {
    let entries = AREAS.iter().flat_map(|(events, models)| {
        let model = |meta: &EventMeta| {
            let is_of = |name, variant| meta.name == name && meta.variant == variant && !meta.is_fallback;
            (*models)?.iter().find(|(name, variant, _)| is_of(*name, *variant)).map(|(_, _, model)| *model)
        };
        events.iter().map(move |meta| meta.maybe_model(model(meta)))
    });
    #[expect(clippy::expect_used, reason = "the entries are constants, and a test builds the table")]
    let table = Table::new(entries).expect("no event stands in the catalog twice");
    Arc::new(table)
});

/// The documented events: every name and variant, how it is told, what its key is.
///
/// Renamed events stand under both names, as old notifications still arrive. Metadata are there whatever features are
/// on; models are those of the areas whose features are.
pub fn catalog() -> Arc<dyn Catalog> {
    Arc::<Table>::clone(&TABLE)
}
