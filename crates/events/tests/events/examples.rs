//! The example of every event and variant, with every documented field filled.

use crate::places::{example, fields};
use crate::support::{fits, of, roundtrip};
use wxhook_events::{AnyEvent, catalog};
use wxhook_wire::{FieldKind, FieldMeta, encode};

#[test]
fn every_entry_has_a_model_and_an_example_that_is_told_as_it() {
    for meta in catalog().events() {
        assert!(meta.model.is_some(), "{meta:?}");
        let told = of(meta, &example(meta), None).unwrap();
        assert_eq!((told.name(), told.meta.is_fallback), ((meta.name, meta.variant), false));
    }
}

#[test]
fn an_example_is_given_back() {
    for meta in catalog().events() {
        let example = example(meta);
        let text = example.to_json();
        assert_eq!(roundtrip(meta, &text).as_ref(), Ok(&text), "{meta:?}");
        for space in [" ", "\n\t \r"] {
            let spaced = example.written(space);
            assert_eq!(roundtrip(meta, &spaced).as_ref(), Ok(&text), "{meta:?}");
            assert_eq!(fits(meta, &spaced), Ok(()), "{meta:?}");
        }
    }
}

#[test]
fn an_example_is_the_typed_event() {
    for meta in catalog().events() {
        let text = example(meta).to_json();
        let event = AnyEvent::decode(meta.name, meta.variant, &text).unwrap();
        assert_eq!(encode(&event).as_ref(), Ok(&text), "{meta:?}");
        // `TransactionSuccess(Basic(TransactionSuccessBasic { mchid: .., amount: .. }))`: names, and no values.
        let shown = format!("{event:?}");
        let (_, model) = meta.type_name.split_once("::").unwrap();
        let fields = shown.split_once(&format!("({model} {{ ")).unwrap().1;
        let fields = fields.trim_end_matches(')').strip_suffix(" }").unwrap();
        assert!(fields.split(", ").all(|field| field.ends_with(": ..") && !field.contains('"')), "{shown}");
    }
}

#[test]
fn every_documented_field_is_typed_under_each_of_its_names() {
    for meta in catalog().events() {
        each_name(&fields(meta), "", &|inner| inner, &mut |path, wrong| {
            assert_eq!(roundtrip(meta, wrong).as_ref().err(), Some(path), "{meta:?}: {wrong}");
            assert_eq!(fits(meta, wrong).as_ref().err(), Some(path), "{meta:?}: {wrong}");
        });
    }
}

/// For each field a resource with nothing but a wrong value there, and the path to it.
fn each_name(
    fields: &[FieldMeta],
    way: &str,
    resource: &dyn Fn(String) -> String,
    see: &mut dyn FnMut(&String, &str),
) {
    for field in fields {
        if let FieldKind::Numbered(parts) = field.kind {
            for part in parts {
                see(&format!("{way}{}_7", part.name), &resource(format!("{{\"{}_7\":{{}}}}", part.name)));
            }
        }
        let names = [&[field.name], field.aliases].concat();
        for name in names.into_iter().filter(|_| !matches!(field.kind, FieldKind::Numbered(_))) {
            let path = format!("{way}{name}");
            let with = |value: String| resource(format!("{{\"{name}\":{value}}}"));
            see(&path, &with(wrong(field.kind).to_owned()));
            let inside = field.kind.fields();
            match field.kind {
                FieldKind::List(FieldKind::Object(_)) => {
                    each_name(inside, &format!("{path}[0]."), &|inner| with(format!("[{inner}]")), see);
                }
                FieldKind::Json(_) => {
                    let in_string = |inner: String| with(serde_json::to_string(&inner).unwrap());
                    each_name(inside, &format!("{path}."), &in_string, see);
                }
                _ => each_name(inside, &format!("{path}."), &with, see),
            }
        }
    }
}

/// Returns a value that isn't of this kind.
fn wrong(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Object(_) | FieldKind::List(FieldKind::Object(_)) => "5",
        // Any scalar is text, though no JSON.
        FieldKind::Json(_) => "[{},{}]",
        _ => "{}",
    }
}
