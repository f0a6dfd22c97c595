use super::member::{Member, Read};
use super::rest::{Kept, Rest};
use crate::catalog::{FieldKind, FieldMeta};
use crate::event::Misfit;
use crate::json::{Doc, Kind, Value, canonical};
use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;

const NOT_JSON: Misfit = Misfit::custom("not valid JSON");
const NOT_AN_OBJECT: Misfit = Misfit::custom("not an object");

/// A struct that [`model!`](crate::model!) made.
pub trait Model: Member + Slots + Default {
    /// The type's name.
    const TYPE_NAME: &'static str;
    /// Its fields.
    const FIELDS: &'static [FieldMeta];
}

/// The fields of a model by their names; [`model!`](crate::model!) implements it.
pub trait Slots {
    /// The fields' names.
    fn names(&self) -> &'static [&'static str];
    /// Whether scalars are written as strings.
    fn as_text(&self) -> bool;
    /// The field of a name or alias: its own name, that name, the field.
    fn slot(&self, name: &str) -> Option<(&'static str, &'static str, &dyn Slot)>;
    /// As [`slot`](Self::slot), to be changed.
    fn slot_mut(&mut self, name: &str) -> Option<(&'static str, &'static str, &mut dyn Slot)>;
    /// What was kept beside the fields.
    fn rest(&self) -> &Rest;
    /// As [`rest`](Self::rest), to be changed.
    fn rest_mut(&mut self) -> &mut Rest;
    /// Whether all that isn't read at once fits, too.
    ///
    /// # Errors
    /// [`Misfit`] where it doesn't.
    fn check(&self) -> Result<(), Misfit>;
}

/// One field of a model, without its type.
pub trait Slot {
    /// Reads it; whether writing it gives the very same text.
    ///
    /// # Errors
    /// [`Misfit`] where it can't be told what the value says.
    fn read(&mut self, value: Value<'_>, as_text: bool) -> Result<bool, Misfit>;
    /// Whether another value can stand beside it, under another of the field's names.
    ///
    /// # Errors
    /// [`Misfit`] if that one can't be read, or is another amount: two answers are no answer where money is concerned.
    fn bears(&self, value: Value<'_>, as_text: bool) -> Result<(), Misfit>;
    /// Whether there is anything.
    fn is_some(&self) -> bool;
    /// Writes it as JSON; nothing where there is nothing.
    fn write(&self, out: &mut String, as_text: bool);
    /// Whether it says the same as this JSON.
    fn says(&self, json: &str, as_text: bool) -> bool;
}

impl<T: Member> Slot for Option<T> {
    fn read(&mut self, value: Value<'_>, as_text: bool) -> Result<bool, Misfit> {
        let read = if value.is_blank() { Read::nothing() } else { T::read(value, as_text)? };
        *self = read.value;
        Ok(read.exact)
    }

    fn bears(&self, value: Value<'_>, as_text: bool) -> Result<(), Misfit> {
        let mut other: Self = None;
        other.read(value, as_text)?;
        match T::KIND {
            FieldKind::Fen if other.is_some() && other != *self => {
                Err(Misfit::custom("another amount than under its other name"))
            }
            _ => Ok(()),
        }
    }

    fn is_some(&self) -> bool {
        Option::is_some(self)
    }

    fn write(&self, out: &mut String, as_text: bool) {
        if let Some(value) = self {
            value.write(out, as_text);
        }
    }

    fn says(&self, json: &str, as_text: bool) -> bool {
        let mut other: Self = None;
        Doc::parse(json).is_ok_and(|doc| other.read(doc.root(), as_text).is_ok()) && other == *self
    }
}

/// An object, alone or as the only element of an array.
#[doc(hidden)]
pub fn __read<M: Model>(value: Value<'_>) -> Result<Read<M>, Misfit> {
    match value.kind() {
        Kind::Object => object(value).map(|model| Read::new(model, true)),
        Kind::Array => {
            let mut items = value.items().filter(|item| !item.is_blank());
            match (items.next(), items.next()) {
                (None, _) => Ok(Read::nothing()),
                (Some(only), None) if only.kind() == Kind::Object => Ok(Read::new(object(only)?, false)),
                _ => Err(Misfit::custom("several where one is documented")),
            }
        }
        _ => Err(NOT_AN_OBJECT),
    }
}

fn object<M: Model>(value: Value<'_>) -> Result<M, Misfit> {
    let mut model = M::default();
    read_members(&mut model, value)?;
    model.check()?;
    Ok(model)
}

/// Each member is looked at a fixed number of times, however often its name stands there.
fn read_members(model: &mut dyn Slots, value: Value<'_>) -> Result<(), Misfit> {
    let as_text = model.as_text();
    let mut members = Vec::with_capacity(value.members().count());
    let mut told = Told::default();
    let mut rivals = Vec::new();
    for (key, member) in value.members() {
        let name = key.text().unwrap_or_default();
        let other = || Kept::Other(key.raw().into(), member.raw().into());
        let Some((own, name, slot)) = model.slot_mut(&name) else {
            members.push(other());
            continue;
        };
        if own != name && told.by_own_name(value, own) {
            rivals.push((members.len(), name, member));
            members.push(other());
            continue;
        }
        if told.again(own) {
            if !told.says_the_same(value, name, member) {
                return Err(Misfit::custom("two answers under one name").in_field(name));
            }
            if slot.is_some() {
                rivals.push((members.len(), name, member));
                members.push(other());
                continue;
            }
        }
        let exact = slot.read(member, as_text).map_err(|misfit| misfit.in_field(name))?;
        members.push(if exact { Kept::Field(name) } else { Kept::Form(name, member.raw().into()) });
    }
    if told.twice {
        only_last_of_each(model, &mut members);
    }
    for (index, name, rival) in rivals {
        let Some((_, _, slot)) = model.slot(name) else { continue };
        slot.bears(rival, as_text).map_err(|misfit| misfit.in_field(name))?;
        if let Some(kept) = members.get_mut(index).filter(|_| slot.says(rival.raw(), as_text)) {
            *kept = Kept::Twin(name, rival.raw().into());
        }
    }
    model.rest_mut().members = members;
    Ok(())
}

/// An object's members, by a model's fields. What few objects need is gathered once, when it is asked for.
#[derive(Default)]
struct Told<'d> {
    /// The fields that have been told.
    fields: Vec<&'static str>,
    twice: bool,
    /// Names of members that aren't blank, sorted.
    names: Option<Vec<Cow<'d, str>>>,
    /// The first member of each name.
    first: Option<HashMap<Cow<'d, str>, First<'d>>>,
}

/// The first member of a name, and its canonical text once it was compared.
type First<'d> = (Value<'d>, Option<String>);

impl<'d> Told<'d> {
    /// Returns whether the object says anything of the field under the field's own name.
    fn by_own_name(&mut self, object: Value<'d>, own: &str) -> bool {
        let names = self.names.get_or_insert_with(|| {
            let said = object.members().filter(|(_, value)| !value.is_blank());
            let mut names: Vec<_> = said.map(|(key, _)| key.text().unwrap_or_default()).collect();
            names.sort_unstable();
            names
        });
        names.binary_search_by(|name| (**name).cmp(own)).is_ok()
    }

    /// Returns whether a field has been told before; it has now.
    fn again(&mut self, own: &'static str) -> bool {
        let again = self.fields.contains(&own);
        if !again {
            self.fields.push(own);
        }
        self.twice |= again;
        again
    }

    /// Returns whether the content is the one that stood first under this name, however it is written.
    fn says_the_same(&mut self, object: Value<'d>, name: &str, value: Value<'d>) -> bool {
        let first = self.first.get_or_insert_with(|| {
            let mut first = HashMap::new();
            for (key, member) in object.members() {
                first.entry(key.text().unwrap_or_default()).or_insert((member, None));
            }
            first
        });
        first.get_mut(name).is_none_or(|(first, text)| {
            first.raw() == value.raw() || *text.get_or_insert_with(|| canonical(*first)) == canonical(value)
        })
    }
}

/// Of a field that stands there under several names the last one that was read is its own; those before said nothing.
fn only_last_of_each(model: &dyn Slots, members: &mut [Kept]) {
    let mut later: Vec<&str> = Vec::new();
    for kept in members.iter_mut().rev() {
        let (Kept::Form(name, _) | Kept::Field(name)) = kept else { continue };
        let own = model.slot(name).map_or(*name, |(own, ..)| own);
        let is_last = !later.contains(&own);
        if is_last {
            later.push(own);
        }
        if let Kept::Form(name, form) = kept
            && !is_last
        {
            *kept = Kept::Other(quoted(name).into(), form.clone());
        }
    }
}

#[doc(hidden)]
pub fn __write(model: &dyn Slots, out: &mut String) {
    let as_text = model.as_text();
    let mut written: Vec<&str> = Vec::with_capacity(model.names().len());
    out.push('{');
    let start = out.len();
    let mut member = |name: &str, write: &dyn Fn(&mut String)| {
        if out.len() > start {
            out.push(',');
        }
        out.push_str(name);
        out.push(':');
        write(out);
    };
    for kept in &model.rest().members {
        match kept {
            Kept::Other(name, value) => member(name, &|out| out.push_str(value)),
            Kept::Twin(name, form) => {
                if model.slot(name).is_some_and(|(_, _, slot)| slot.says(form, as_text)) {
                    member(&quoted(name), &|out| out.push_str(form));
                }
            }
            Kept::Field(name) | Kept::Form(name, _) => {
                let Some((own, name, slot)) = model.slot(name) else { continue };
                written.push(own);
                match kept {
                    Kept::Form(_, form) if slot.says(form, as_text) => {
                        member(&quoted(name), &|out| out.push_str(form));
                    }
                    _ if slot.is_some() => member(&quoted(name), &|out| slot.write(out, as_text)),
                    _ => {}
                }
            }
        }
    }
    for name in model.names().iter().filter(|name| !written.contains(*name)) {
        if let Some((_, _, slot)) = model.slot(name).filter(|(_, _, slot)| slot.is_some()) {
            member(&quoted(name), &|out| slot.write(out, as_text));
        }
    }
    out.push('}');
}

fn quoted(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 2);
    super::member::quote(name, &mut out);
    out
}

#[doc(hidden)]
pub fn __serialize<S: Serializer>(model: &dyn Slots, serializer: S) -> Result<S::Ok, S::Error> {
    let mut out = String::new();
    __write(model, &mut out);
    RawValue::from_string(out).map_err(serde::ser::Error::custom)?.serialize(serializer)
}

#[doc(hidden)]
pub fn __deserialize<'de, M: Model, D: Deserializer<'de>>(deserializer: D) -> Result<M, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    decode(raw.get()).map_err(serde::de::Error::custom)
}

/// Decodes a resource into its model. It must be an object; only what stands inside of it may come in a list.
///
/// # Errors
/// [`Misfit`] with the path of the first member that doesn't fit.
pub fn decode<M: Model>(resource: &str) -> Result<M, Misfit> {
    decode_value(Doc::parse(resource).map_err(|_| NOT_JSON)?.root())
}

/// Decodes a resource that has been read already.
///
/// # Errors
/// As [`decode`].
pub fn decode_value<M: Model>(resource: Value<'_>) -> Result<M, Misfit> {
    if resource.kind() != Kind::Object {
        return Err(NOT_AN_OBJECT);
    }
    // What is kept is kept without the whitespace between tokens.
    let read = match resource.compact() {
        Cow::Borrowed(_) => __read(resource)?,
        Cow::Owned(text) => __read(Doc::parse(&text).map_err(|_| NOT_JSON)?.root())?,
    };
    read.value.ok_or(NOT_AN_OBJECT)
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

    /// Steps from value to value that reading a resource takes.
    fn work(member: &str, count: usize) -> usize {
        let members = vec![member; count].join(",");
        let resource = format!("{{{members}}}");
        let doc = Doc::parse(&resource).unwrap();
        let before = steps();
        decode_value::<Order>(doc.root()).unwrap();
        steps() - before
    }

    #[test]
    fn names_that_stand_there_often_take_no_more_than_their_share() {
        for member in
            [r#""mch_id":null"#, r#""mchid":"1""#, r#""mch_id":"1""#, r#""total":"7""#, r#""new":1"#]
        {
            let (few, many) = (work(member, 100), work(member, 1_000));
            assert!(many <= few * 11, "{member}: {few} steps for 100, {many} for 1,000");
        }
        let mixed = r#""mchid":"1","mch_id":"1""#;
        assert!(work(mixed, 1_000) <= work(mixed, 100) * 11);
    }
}
