//! Models: resources as Rust structs, read leniently and written back without loss.
//!
//! The platform's documents disagree with its traffic, so a model accepts whatever is unambiguous. Every member may be
//! missing, null or empty (all three are `None`). A scalar is read from its text, whether a number or a string. An object
//! may be the only element of an array, and a list may be its only element alone. Undocumented values are kept. Anything
//! ambiguous is a [`Misfit`]: a fraction for an amount, two values under one name.
//!
//! A model keeps the JSON that it was read from. Written as JSON, it gives back the members of its source, unknown ones
//! included; only fields that have changed are written anew.
//!
//! ```
//! wxhook_wire::model! {
//!     /// Points for a card.
//!     pub struct PointsGranted {
//!         /// The number of the grant.
//!         grant_id: String = "grant_id" { required: true },
//!         /// The number of points.
//!         points: i64 = "points" | "point",
//!     }
//! }
//! wxhook_wire::event!(PointsGranted = "LOYALTY.POINTS_GRANTED");
//!
//! let resource = r#"{"point":"7","grant_id":null,"newer":[1.0]}"#;
//! let mut granted: PointsGranted = wxhook_wire::model::decode(resource)?;
//! assert_eq!((granted.points, granted.grant_id.as_deref()), (Some(7), None));
//! assert_eq!(wxhook_wire::encode(&granted)?, resource);
//! granted.points = Some(8);
//! assert_eq!(wxhook_wire::encode(&granted)?, r#"{"point":8,"grant_id":null,"newer":[1.0]}"#);
//! # Ok::<(), wxhook_wire::Misfit>(())
//! ```

mod macros;
mod member;

pub(crate) use member::integer;
pub use member::{Ciphertext, FieldType, Json, Member, Number, Unknown, YesNo};

#[doc(hidden)]
pub use member::{quote as __quote, scalar as __scalar};

use crate::catalog::{AnyModel, FieldKind, FieldMeta};
use crate::event::Misfit;
use crate::json::{Doc, Kind, Value, canonical};
use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

const NOT_JSON: Misfit = Misfit::custom("not valid JSON");
const NOT_AN_OBJECT: Misfit = Misfit::custom("not an object");

/// The name and the fields of a type that [`model!`](crate::model!) defines, even where the type is compiled out.
pub trait ModelMeta {
    /// The type's name.
    const TYPE_NAME: &'static str;
    /// The fields.
    const FIELDS: &'static [FieldMeta];
}

/// The model of an event that [`event!`](crate::event!) names.
pub trait EventModel: ModelMeta {
    /// The model; `None` where it is compiled out.
    const MODEL: Option<AnyModel>;
}

/// A struct that [`model!`](crate::model!) defines.
pub trait Model: Member + Slots + ModelMeta + Default {
    /// Compares the fields one by one.
    #[doc(hidden)]
    fn equal_fields(&self, other: &Self) -> Vec<bool>;
    /// Reads what isn't a field of its own.
    #[doc(hidden)]
    fn check(value: Value<'_>) -> Result<(), Misfit>;
}

/// The fields of a model by their position.
#[doc(hidden)]
pub trait Slots {
    fn fields(&self) -> &'static [FieldMeta];
    /// Returns whether scalars are written as strings.
    fn as_text(&self) -> bool;
    /// Returns the position of the field of this name or alias, and whether it is the name.
    fn find(&self, name: &str) -> Option<(usize, bool)>;
    fn slot(&self, index: usize) -> Option<&dyn Slot>;
    fn slot_mut(&mut self, index: usize) -> Option<&mut dyn Slot>;
    /// The JSON that the model was read from; empty where it wasn't read.
    fn source(&self) -> &str;
    fn set_source(&mut self, source: Source);
}

/// The JSON that a model was read from: a text that a resource's models share, and a place in it.
#[doc(hidden)]
#[derive(Clone, Default)]
pub struct Source(Option<(Arc<str>, Range<usize>)>);

impl Source {
    pub fn as_str(&self) -> &str {
        self.0.as_ref().and_then(|(text, range)| text.get(range.clone())).unwrap_or_default()
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

/// A field without its type.
#[doc(hidden)]
pub trait Slot {
    fn read(&mut self, value: Value<'_>) -> Result<(), Misfit>;
    fn is_some(&self) -> bool;
    fn write(&self, out: &mut String, as_text: bool);
}

impl<T: Member> Slot for Option<T> {
    /// Keeps what was read before. A second value must be readable, and for money the same.
    fn read(&mut self, value: Value<'_>) -> Result<(), Misfit> {
        let read = if value.is_blank() { None } else { T::read(value)? };
        match (&*self, &read) {
            (None, _) => *self = read,
            (Some(own), Some(other)) if T::KIND == FieldKind::Fen && own != other => {
                return Err(Misfit::custom("another amount than under its other name"));
            }
            _ => {}
        }
        Ok(())
    }

    fn is_some(&self) -> bool {
        Option::is_some(self)
    }

    fn write(&self, out: &mut String, as_text: bool) {
        if let Some(value) = self {
            value.write(out, as_text);
        }
    }
}

/// Decodes a resource into its model. It must be an object; only objects inside of it may come in a list.
///
/// # Errors
/// [`Misfit`] with the path of a member that doesn't fit.
pub fn decode<M: Model>(resource: &str) -> Result<M, Misfit> {
    decode_value(Doc::parse(resource).map_err(|_| NOT_JSON)?.root())
}

/// Decodes a resource that has been parsed already.
///
/// # Errors
/// As [`decode`].
pub fn decode_value<M: Model>(resource: Value<'_>) -> Result<M, Misfit> {
    if resource.kind() != Kind::Object {
        return Err(NOT_AN_OBJECT);
    }
    let mut model = M::default();
    read_members(&mut model, resource)?;
    M::check(resource)?;
    Ok(model)
}

/// Reads an object, alone or as the only element of an array.
#[doc(hidden)]
pub fn __read<M: Model>(value: Value<'_>) -> Result<Option<M>, Misfit> {
    if value.kind() != Kind::Array {
        return decode_value(value).map(Some);
    }
    let mut items = value.items().filter(|item| !item.is_blank());
    match (items.next(), items.next()) {
        (None, _) => Ok(None),
        (Some(only), None) if only.kind() == Kind::Object => decode_value(only).map(Some),
        _ => Err(Misfit::custom("several where one is documented")),
    }
}

/// Reads a field's own name before its aliases. A duplicate name must have the same content.
fn read_members(model: &mut dyn Slots, value: Value<'_>) -> Result<(), Misfit> {
    let (mut seen, mut repeated, mut aliases) = (0_u128, false, Vec::new());
    for (key, member) in value.members() {
        let name = key.text().unwrap_or_default();
        let Some((index, is_own)) = model.find(&name) else { continue };
        let bit = 1_u128.rotate_left(u32::try_from(index).unwrap_or_default());
        if !is_own {
            aliases.push((name, index, member));
        } else if seen & bit == 0 {
            seen |= bit;
            read_slot(model, index, &name, member)?;
        } else {
            repeated = true;
        }
    }
    if repeated || aliases.len() > 1 {
        check_repeated(model, value)?;
    }
    for (name, index, member) in aliases {
        read_slot(model, index, &name, member)?;
    }
    model.set_source(Source(Some(value.shared())));
    Ok(())
}

fn read_slot(model: &mut dyn Slots, index: usize, name: &str, value: Value<'_>) -> Result<(), Misfit> {
    let slot = model.slot_mut(index).ok_or(NOT_AN_OBJECT)?;
    slot.read(value).map_err(|misfit| misfit.in_field(name))
}

fn check_repeated(model: &dyn Slots, value: Value<'_>) -> Result<(), Misfit> {
    let mut first = HashMap::new();
    for (key, member) in value.members() {
        let name = key.text().unwrap_or_default();
        if model.find(&name).is_none() {
            continue;
        }
        let known = *first.entry(name.clone()).or_insert(member);
        if known.raw() != member.raw() && canonical(known) != canonical(member) {
            return Err(Misfit::custom("two values under one name").in_field(&name));
        }
    }
    Ok(())
}

/// Reads the items whose fields have a number behind their names, in the order of their numbers.
#[doc(hidden)]
pub fn __numbered<M: Model>(value: Value<'_>) -> Result<Vec<M>, Misfit> {
    let model = M::default();
    let mut items: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for (key, value) in value.members() {
        let Some((name, digits)) = key.raw().trim_matches('"').rsplit_once('_') else { continue };
        let number = digits.parse().ok().filter(|number: &u32| number.to_string() == digits);
        if let (Some(number), Some(_)) = (number, model.find(name)) {
            items.entry(number).or_default().push(format!("\"{name}\":{}", value.raw()));
        }
    }
    let items = items.into_iter().map(|(number, members)| {
        decode(&format!("{{{}}}", members.join(","))).map_err(|misfit| misfit.with_number(number))
    });
    items.collect()
}

/// Writes a model as its source, with the fields that have changed since.
#[doc(hidden)]
pub fn __write<M: Model>(model: &M, out: &mut String) {
    // The source was parsed before.
    let Ok(source) = Doc::parse(if model.source().is_empty() { "{}" } else { model.source() }) else {
        return;
    };
    let before: M = decode_value(source.root()).unwrap_or_default();
    if *model == before {
        out.push_str(&source.compact());
    } else {
        write_members(model, &model.equal_fields(&before), source.root(), out);
    }
}

fn write_members(model: &dyn Slots, equal: &[bool], source: Value<'_>, out: &mut String) {
    let changed = |index: usize| equal.get(index) == Some(&false);
    let mut written = vec![false; equal.len()];
    let mut separator = '{';
    let mut write = |name: &str, value: &dyn Fn(&mut String)| {
        out.push(std::mem::replace(&mut separator, ','));
        out.push_str(name);
        out.push(':');
        value(out);
    };
    for (key, value) in source.members() {
        let found = model.find(&key.text().unwrap_or_default());
        let Some((index, _)) = found.filter(|(index, _)| changed(*index)) else {
            write(key.raw(), &|out| out.push_str(&value.compact()));
            continue;
        };
        let (Some(slot), Some(written)) = (model.slot(index), written.get_mut(index)) else { continue };
        if slot.is_some() && !std::mem::replace(written, true) {
            write(key.raw(), &|out| slot.write(out, model.as_text()));
        }
    }
    for (index, field) in model.fields().iter().enumerate() {
        if let (true, Some(false), Some(slot)) = (changed(index), written.get(index), model.slot(index))
            && slot.is_some()
        {
            write(&quoted(field.name), &|out| slot.write(out, model.as_text()));
        }
    }
    out.push_str(if separator == '{' { "{}" } else { "}" });
}

fn quoted(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 2);
    member::quote(name, &mut out);
    out
}

/// Names the fields that are set, never their values.
#[doc(hidden)]
pub fn __debug(name: &str, model: &dyn Slots, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut out = f.debug_struct(name);
    for (index, field) in model.fields().iter().enumerate() {
        if model.slot(index).is_some_and(Slot::is_some) {
            out.field(field.name, &format_args!(".."));
        }
    }
    out.finish()
}

#[doc(hidden)]
pub fn __serialize<M: Model, S: Serializer>(model: &M, serializer: S) -> Result<S::Ok, S::Error> {
    let mut out = String::new();
    __write(model, &mut out);
    RawValue::from_string(out).map_err(serde::ser::Error::custom)?.serialize(serializer)
}

#[doc(hidden)]
pub fn __deserialize<'de, M: Model, D: Deserializer<'de>>(deserializer: D) -> Result<M, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    decode(raw.get()).map_err(serde::de::Error::custom)
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macro makes public types")]
mod tests {
    use super::*;
    use crate::Fen;
    use crate::json::steps;

    crate::model! {
        /// An order.
        pub struct Order {
            /// The merchant.
            mchid: String = "mchid" | "mch_id",
            /// The amount to pay.
            amount: Fen = "amount" | "total",
        }
    }

    /// Counts the steps from value to value that reading a resource takes.
    fn steps_to_read(member: &str, count: usize) -> usize {
        let members = vec![member; count].join(",");
        let resource = format!("{{{members}}}");
        let doc = Doc::parse(&resource).unwrap();
        let before = steps();
        decode_value::<Order>(doc.root()).unwrap();
        steps() - before
    }

    #[test]
    fn repeated_names_are_read_in_linear_time() {
        for member in
            [r#""mch_id":null"#, r#""mchid":"1""#, r#""mch_id":"1""#, r#""total":"7""#, r#""new":1"#]
        {
            let (few, many) = (steps_to_read(member, 100), steps_to_read(member, 1_000));
            assert!(many <= few * 11, "{member}: {few} steps for 100, {many} for 1,000");
        }
        let mixed = r#""mchid":"1","mch_id":"1""#;
        assert!(steps_to_read(mixed, 1_000) <= steps_to_read(mixed, 100) * 11);
    }
}
