use wxhook_wire::{Catalog, EventMeta, When};

use crate::Resource;
use crate::view::look;

/// Returns the catalog's entry for a resource of this event, as if it had just been received. The envelope has nothing
/// that a condition looks for. `None` if the catalog doesn't have the event.
///
/// A resource that fits no variant gets the entry with [`EventMeta::is_fallback`].
pub fn classify<'c>(catalog: &'c dyn Catalog, event: &str, resource: &Resource) -> Option<&'c EventMeta> {
    let mut any = *catalog.events().find(|meta| meta.name == event)?;
    any.when = When::Always;
    look(&any, resource.tree(), |opened| catalog.classify(opened)).flatten()
}
