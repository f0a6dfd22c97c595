//! Places of a resource that conditions look at.

use wxhook_wire::{EventMeta, FieldKind, FieldMeta, Protocol};

use crate::tree::Tree;

/// The place that a condition tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the content.
    Content(&'static str),
    /// Among the fields around it (v2).
    Around(&'static str),
}

/// A step that makes a condition fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    Remove(Place),
    Write(Place, &'static str),
}

impl Edit {
    pub(super) fn apply(&self, meta: &EventMeta, resource: &mut Tree) {
        match self {
            Self::Remove(place) => {
                resource.remove(&place.path(meta));
            }
            Self::Write(place, text) => place.write(meta, resource, &Tree::string(text)),
        }
    }

    /// Returns whether it removes a field that the documents require.
    pub(super) fn is_of_required(&self, meta: &EventMeta) -> bool {
        match self {
            Self::Remove(place) => place.field(meta).is_some_and(|field| field.required),
            Self::Write(..) => false,
        }
    }
}

impl Place {
    /// Its path in the resource.
    fn path(self, meta: &EventMeta) -> String {
        match (self, meta.hidden()) {
            (Self::Content(path), Some((_, name))) => format!("{name}.{path}"),
            (Self::Content(path) | Self::Around(path), _) => path.to_owned(),
        }
    }

    /// Returns whether the resource has such a place; the envelope of a v3 resource isn't part of it.
    pub(super) fn is_in_resource(self, meta: &EventMeta) -> bool {
        meta.protocol == Protocol::V2 || matches!(self, Self::Content(_))
    }

    /// Puts a value there; a field that goes by another name here loses its own.
    pub(super) fn write(self, meta: &EventMeta, resource: &mut Tree, value: &Tree) {
        let path = self.path(meta);
        if let Some(field) = self.field(meta).filter(|field| field.name != last(&path)) {
            let way = path.strip_suffix(last(&path)).unwrap_or_default();
            resource.remove(&format!("{way}{}", field.name));
        }
        resource.set(&path, value);
    }

    pub(super) fn field(self, meta: &EventMeta) -> Option<&'static FieldMeta> {
        match self {
            Self::Content(path) => field(meta.fields, path),
            Self::Around(path) => field(meta.envelope, path).or_else(|| field(meta.fields, path)),
        }
    }

    /// Another documented value than this one.
    pub(super) fn other_value(self, meta: &EventMeta, text: &str) -> Option<&'static str> {
        let field = self.field(meta)?;
        let documented = match field.kind {
            FieldKind::Enum(all) if field.values.is_empty() => all,
            _ => field.values,
        };
        documented.iter().find(|value| **value != text).copied()
    }
}

/// The documented field at a dotted path, by any of its names.
fn field(fields: &'static [FieldMeta], path: &str) -> Option<&'static FieldMeta> {
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    let found = fields.iter().find(|field| field.name == name || field.aliases.contains(&name))?;
    if rest.is_empty() { Some(found) } else { field(found.kind.fields(), rest) }
}

/// The last name of a dotted path.
pub(super) fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}
