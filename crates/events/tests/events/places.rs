//! All that is documented of an event, place by place in its example.

use crate::tree::Tree;
use wxhook_events::catalog;
use wxhook_wire::v2::Shape;
use wxhook_wire::{Cipher, EventMeta, FieldKind, FieldMeta, Protocol};

/// A documented value.
pub(crate) struct Place<'f> {
    /// Its number on the walk; the resource itself is 0.
    pub(crate) number: usize,
    /// As a misfit names it; empty for the resource itself.
    pub(crate) path: String,
    /// `None` for the resource itself.
    pub(crate) field: Option<&'f FieldMeta>,
    /// The field's kind, or that of the element.
    pub(crate) kind: FieldKind,
    /// True if it is an element of a list.
    pub(crate) is_element: bool,
    /// True if it is within JSON in a string.
    pub(crate) is_inside: bool,
}

impl Place<'_> {
    /// The name that it comes under.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or_default()
    }

    /// Its field's other names.
    pub(crate) fn other_names(&self) -> impl Iterator<Item = &'static str> {
        let field = self.field.filter(|_| !self.is_element);
        let names = field.map(|field| [field.aliases, &[field.name]].concat()).unwrap_or_default();
        // A numbered field has its number behind the name.
        let is_known = names.contains(&self.name());
        let own = self.name().to_owned();
        names.into_iter().filter(move |name| is_known && *name != own)
    }
}

/// A change to a place.
#[derive(Debug, Clone)]
pub(crate) enum Now {
    Gone,
    Is(Tree),
    /// It comes under another name.
    Called(&'static str, Tree),
}

/// An entry's example, with JSON in strings taken apart.
pub(crate) fn example(meta: &EventMeta) -> Tree {
    let text = wxhook_simulator::example(meta, &*catalog());
    let tree = change(meta, &Tree::parse(&text), &mut |place, tree| {
        let is_json = matches!(place.kind, FieldKind::Json(_)) && tree.is_string();
        Now::Is(if is_json { Tree::Inside(Box::new(Tree::parse(&tree.text().unwrap()))) } else { tree })
    });
    assert_eq!(tree.to_json(), text, "{meta:?}");
    tree
}

/// Walks through all places of a resource and lets `now` say what becomes of each, inner ones first.
pub(crate) fn change(
    meta: &EventMeta,
    resource: &Tree,
    now: &mut dyn FnMut(&Place<'_>, Tree) -> Now,
) -> Tree {
    let mut walk = Walk { next: 1, is_inside: false, now };
    let changed = walk.object(resource, &fields(meta), "");
    let is_hidden = meta.protocol == Protocol::V2 && meta.cipher != Cipher::None;
    let whole = Place {
        number: 0,
        path: String::new(),
        field: None,
        kind: FieldKind::Object(if is_hidden { meta.envelope } else { meta.fields }),
        is_element: false,
        is_inside: false,
    };
    match (walk.now)(&whole, changed) {
        Now::Is(tree) => tree,
        now => panic!("the resource itself can't be {now:?}"),
    }
}

/// Calls `see` with each place and its value.
pub(crate) fn each(meta: &EventMeta, resource: &Tree, see: &mut dyn FnMut(&Place<'_>, &Tree)) {
    change(meta, resource, &mut |place, tree| {
        see(place, &tree);
        Now::Is(tree)
    });
}

/// The resource with one place changed.
pub(crate) fn with(meta: &EventMeta, resource: &Tree, number: usize, now: &Now) -> Tree {
    change(meta, resource, &mut |place, tree| {
        if place.number == number { now.clone() } else { Now::Is(tree) }
    })
}

/// Returns the fields of a resource as a record shows it, with hidden v2 content in place.
pub(crate) fn fields(meta: &EventMeta) -> Vec<FieldMeta> {
    let hidden = match (meta.protocol, meta.cipher) {
        (Protocol::V2, Cipher::AesEcb) => Shape::Refund.opened(),
        (Protocol::V2, Cipher::AesGcm) => Shape::DepositFree.opened(),
        _ => None,
    };
    let Some((sealed, opened)) = hidden else { return meta.fields.to_vec() };
    let around = meta.envelope.iter().filter(|field| field.name != sealed).copied();
    around.chain([FieldMeta::new(opened, FieldKind::Object(meta.fields))]).collect()
}

struct Walk<'n> {
    next: usize,
    is_inside: bool,
    now: &'n mut dyn FnMut(&Place<'_>, Tree) -> Now,
}

impl Walk<'_> {
    fn object(&mut self, object: &Tree, fields: &[FieldMeta], path: &str) -> Tree {
        let Tree::Object(members) = object else { panic!("{path} is no object") };
        let mut changed = Vec::new();
        for (token, value) in members {
            let name = token.trim_matches('"');
            let Some(field) = find(fields, name) else {
                changed.push((token.clone(), value.clone()));
                continue;
            };
            let dot = if path.is_empty() { "" } else { "." };
            match self.place(value, field, field.kind, format!("{path}{dot}{name}"), false) {
                Now::Gone => {}
                Now::Is(value) => changed.push((token.clone(), value)),
                Now::Called(name, value) => changed.push((format!("\"{name}\""), value)),
            }
        }
        Tree::Object(changed)
    }

    fn place(
        &mut self,
        tree: &Tree,
        field: &FieldMeta,
        kind: FieldKind,
        path: String,
        is_element: bool,
    ) -> Now {
        let number = self.next;
        self.next += 1;
        let is_inside = self.is_inside;
        let tree = self.inside(tree, field, kind, &path);
        self.is_inside = is_inside;
        (self.now)(&Place { number, path, field: Some(field), kind, is_element, is_inside }, tree)
    }

    fn inside(&mut self, tree: &Tree, field: &FieldMeta, kind: FieldKind, path: &str) -> Tree {
        match (kind, tree) {
            (FieldKind::Object(fields), Tree::Object(_)) => self.object(tree, fields, path),
            (FieldKind::Json(kind), Tree::Inside(tree)) => {
                self.is_inside = true;
                Tree::Inside(Box::new(self.inside(tree, field, *kind, path)))
            }
            (FieldKind::Json(kind), _) => self.inside(tree, field, *kind, path),
            (FieldKind::List(kind), Tree::Array(items)) => {
                let items = items.iter().enumerate().filter_map(|(index, item)| {
                    match self.place(item, field, *kind, format!("{path}[{index}]"), true) {
                        Now::Gone => None,
                        Now::Is(item) | Now::Called(_, item) => Some(item),
                    }
                });
                Tree::Array(items.collect())
            }
            _ => tree.clone(),
        }
    }
}

/// A field by any of its names; of numbered ones without the number.
fn find<'f>(fields: &'f [FieldMeta], name: &str) -> Option<&'f FieldMeta> {
    let of = |fields: &'f [FieldMeta], name: &str| {
        fields.iter().find(|field| field.name == name || field.aliases.contains(&name))
    };
    let numbered = |field: &'f FieldMeta| match field.kind {
        FieldKind::Numbered(parts) => of(parts, name.strip_suffix("_0")?),
        _ => None,
    };
    of(fields, name).or_else(|| fields.iter().find_map(numbered))
}
