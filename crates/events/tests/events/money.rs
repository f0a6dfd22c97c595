//! An amount is never silently wrong.

use crate::places::{Now, each, example, with};
use crate::support::roundtrip;
use crate::tree::Tree;
use wxhook_events::catalog;
use wxhook_wire::FieldKind;

const WRONG: [&str; 13] = [
    "1.5",
    "1.0",
    "1e2",
    "18446744073709551616",
    "\"1.00\"",
    "\"1e2\"",
    "\" 1\"",
    "\"+1\"",
    "\"１\"",
    "\"s3cret\"",
    "true",
    "{}",
    "[1]",
];

#[test]
fn what_is_no_amount_is_a_misfit_that_names_its_place() {
    let mut tried = 0;
    for meta in catalog().events() {
        let example = example(meta);
        each(meta, &example, &mut |place, _| {
            if !matches!(place.kind, FieldKind::Fen | FieldKind::Integer) {
                return;
            }
            tried += 1;
            // No amounts, but integers: what only an unsigned type holds, and less than nothing.
            let integers = ["9223372036854775808", "\"18446744073709551615\"", "-5", "\"-1\""];
            let only_amounts = if place.kind == FieldKind::Fen { integers.as_slice() } else { &[] };
            for token in WRONG.iter().chain(only_amounts).copied() {
                let wrong = with(meta, &example, place.number, &Now::Is(Tree::token(token))).to_json();
                let misfit = (meta.model.unwrap().roundtrip)(&wrong).unwrap_err();
                assert_eq!(misfit.path(), place.path, "{meta:?}: {token}");
                assert!(!format!("{misfit} {misfit:?}").contains("s3cret"));
            }
        });
    }
    assert!(tried > 500, "{tried}");
}

#[test]
fn two_amounts_under_one_name_are_no_amount() {
    for meta in catalog().events() {
        let example = example(meta);
        each(meta, &example, &mut |place, tree| {
            let FieldKind::Object(fields) = place.kind else { return };
            let Tree::Object(members) = tree else { return };
            for field in fields.iter().filter(|field| field.kind == FieldKind::Fen) {
                let name = format!("\"{}\"", field.name);
                let twice = [members.as_slice(), &[(name, Tree::token("101"))]].concat();
                let twice = with(meta, &example, place.number, &Now::Is(Tree::Object(twice))).to_json();
                let path = format!("{}.{}", place.path, field.name);
                let path = path.trim_start_matches('.').to_owned();
                assert_eq!(roundtrip(meta, &twice), Err(path), "{meta:?}: {twice}");
            }
        });
    }
}
