//! Differences between two resources, field by field, as tokens of the resources.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;
use wxhook_wire::json::{Doc, Kind, Value, canonical};

/// A field that differs.
#[derive(Debug, Serialize)]
pub(super) struct Field {
    /// Path like `a.0.b`; empty for the whole resource.
    pub(super) path: String,
    /// Its token in the first record, if it was there.
    pub(super) was: Option<Box<RawValue>>,
    /// Its token in this record.
    pub(super) is: Option<Box<RawValue>>,
}

/// Returns the fields that differ, in the order of the first resource, without the top-level fields `but`. `None` if one isn't
/// JSON.
pub(super) fn diff(was: &str, is: &str, but: &[&str]) -> Option<Vec<Field>> {
    let (was, is) = (Doc::parse(was).ok()?, Doc::parse(is).ok()?);
    let mut fields = Vec::new();
    compare("", Some(was.root()), Some(is.root()), &mut fields);
    fields.retain(|field| !but.contains(&&*field.path));
    Some(fields)
}

fn compare(path: &str, was: Option<Value<'_>>, is: Option<Value<'_>>, fields: &mut Vec<Field>) {
    match (was, is) {
        (Some(was), Some(is)) if canonical(was) == canonical(is) => {}
        (Some(was), Some(is)) if was.kind() == Kind::Object && is.kind() == Kind::Object => {
            let mut rest: Vec<_> = is.entries().collect();
            for (name, value) in was.entries() {
                // Duplicate names are compared in pairs.
                let at = rest.iter().position(|(other, _)| *other == name);
                let other = at.map(|at| rest.remove(at).1);
                compare(&join(path, &name), Some(value), other, fields);
            }
            for (name, value) in rest {
                compare(&join(path, &name), None, Some(value), fields);
            }
        }
        (Some(was), Some(is)) if was.kind() == Kind::Array && is.kind() == Kind::Array => {
            let (mut was, mut is) = (was.items(), is.items());
            for index in 0_usize.. {
                match (was.next(), is.next()) {
                    (None, None) => break,
                    (was, is) => compare(&join(path, &index.to_string()), was, is, fields),
                }
            }
        }
        (was, is) => fields.push(Field { path: path.to_owned(), was: raw(was), is: raw(is) }),
    }
}

fn raw(value: Option<Value<'_>>) -> Option<Box<RawValue>> {
    RawValue::from_string(value?.compact().into_owned()).ok()
}

fn join(path: &str, name: &str) -> String {
    // Names that look like several steps are quoted.
    let plain = !name.is_empty() && !name.contains(['.', '"']);
    let name: Cow<'_, str> = if plain { name.into() } else { format!("{name:?}").into() };
    if path.is_empty() { name.into_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(was: &str, is: &str) -> Vec<(String, String, String)> {
        let shown =
            |value: Option<Box<RawValue>>| value.map_or("-".to_owned(), |value| value.get().to_owned());
        let fields = diff(was, is, &["sign"]).unwrap();
        fields.into_iter().map(|field| (field.path, shown(field.was), shown(field.is))).collect()
    }

    fn one(path: &str, was: &str, is: &str) -> Vec<(String, String, String)> {
        vec![(path.to_owned(), was.to_owned(), is.to_owned())]
    }

    #[test]
    fn fields_are_told_by_path_in_their_own_tokens() {
        assert_eq!(told(r#"{"a":{"b":1.50}}"#, r#"{"a":{"b":1.5}}"#), one("a.b", "1.50", "1.5"));
        assert_eq!(
            told(r#"{"id":1008450740201411110005820873}"#, r#"{"id":1008450740201411110005820874}"#),
            one("id", "1008450740201411110005820873", "1008450740201411110005820874")
        );
        assert_eq!(told(r#"{"l":[{"n":1},2]}"#, r#"{"l":[{"n":2},2,3]}"#).len(), 2);
        assert_eq!(told(r#"{"l":[2]}"#, r#"{"l":[2,{"x":[]}]}"#), one("l.1", "-", r#"{"x":[]}"#));
        assert_eq!(told(r#"{"a":1,"b":2}"#, r#"{"b":2}"#), one("a", "1", "-"));
        assert_eq!(told(r#"{"a":null}"#, r#"{"a":""}"#), one("a", "null", "\"\""));
        assert_eq!(told(r#"{"a.b":1}"#, r#"{"a.b":"1"}"#), one("\"a.b\"", "1", "\"1\""));
        assert_eq!(told(r#""text""#, r#""other""#), one("", "\"text\"", "\"other\""));
        assert_eq!(told(r#"{"a":1,"a":2}"#, r#"{"a":1,"a":3}"#), one("a", "2", "3"));
    }

    #[test]
    fn what_means_the_same_is_no_difference() {
        for (was, is) in [
            (r#"{"a":1,"b":[{}]}"#, r#"{ "b": [ {} ], "a": 1 }"#),
            (r#"{"a":"单"}"#, r#"{"a":"\u5355"}"#),
            (r#"{"a":1,"sign":"X"}"#, r#"{"a":1,"sign":"Y"}"#),
        ] {
            assert!(told(was, is).is_empty(), "{was} {is}");
        }
        assert_eq!(told(r#"{"a":{"sign":"X"}}"#, r#"{"a":{"sign":"Y"}}"#).len(), 1, "only at the top");
    }
}
