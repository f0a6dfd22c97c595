//! Where dotted paths lead.

use crate::codegen::model::{Area, Event, Protocol};

/// Members of a v3 envelope: the paths that `wire` knows.
const V3_ENVELOPE: [&str; 8] = [
    "id",
    "create_time",
    "event_type",
    "resource_type",
    "summary",
    "resource.original_type",
    "resource.associated_data",
    "resource.algorithm",
];

/// Returns whether the event, or one of its variants, has a field at that path.
pub(super) fn subject_has(area: &Area, event: &Event, path: &str) -> bool {
    event.entries().any(|entry| area.field_at(entry.fields(), path).is_some())
}

/// Returns whether the envelope has it; of v2 the fields around the content, or all where nothing is hidden.
pub(super) fn envelope_has(area: &Area, event: &Event, path: &str) -> bool {
    match event.protocol {
        Protocol::V3 => V3_ENVELOPE.contains(&path),
        Protocol::V2 if event.envelope.is_empty() => subject_has(area, event, path),
        Protocol::V2 => area.field_at(&event.envelope, path).is_some(),
    }
}
