use wxhook_wire::{Catalog, EventMeta, When};

use crate::Resource;
use crate::view::look;

/// Which entry a catalog takes a resource of this event for, as if it had just been received; the envelope says nothing
/// that a condition looks for. `None` if the catalog doesn't have the event.
///
/// The entry of what fits no variant has [`EventMeta::is_fallback`].
pub fn classify<'c>(catalog: &'c dyn Catalog, event: &str, resource: &Resource) -> Option<&'c EventMeta> {
    let mut any = *catalog.events().find(|meta| meta.name == event)?;
    any.when = When::Always;
    look(&any, resource.tree(), |opened| catalog.classify(opened)).flatten()
}
