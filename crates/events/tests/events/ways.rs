//! Variations at a place that aren't errors: all of them were seen in documents or from senders.

use crate::places::{Now, Place};
use crate::tree::Tree;
use wxhook_wire::{FieldKind, FieldMeta};

/// Numbers beyond the digits of a double or in the form of one, and texts that can be written in more than one way.
const TEXTS: [(&str, &str); 7] = [
    ("a number", "7"),
    ("a long number", "1008450740201411110005820873"),
    ("a number with an exponent", "1.00845e27"),
    ("a number with a fraction", "-0.50"),
    ("a huge number", "1E+400"),
    ("text with escapes", r#""a\/b \"c\" \u4e2d\n\ud800""#),
    ("text without", "\"中文 😀 \u{7f}\""),
];
const TIMES: [&str; 6] = [
    "2018-06-08T10:34:56+08:00",
    "2018-06-08T10:34:56.120+08:00",
    "20180608103456",
    "2018-06-08 10:34:56",
    "20180608",
    "",
];
const AMOUNTS: [&str; 7] =
    ["0", "-0", "100", "\"100\"", "\"007\"", "9223372036854775807", "\"9223372036854775807\""];
const INTEGERS: [&str; 8] = [
    "0",
    "-0",
    "100",
    "\"007\"",
    "\"-1\"",
    "-9223372036854775808",
    "18446744073709551615",
    "\"9223372036854775808\"",
];
const DECIMALS: [&str; 5] = ["0.10", "\"0.10\"", "1E+5", "\"5%\"", "92103500"];

/// Members that nothing is documented of.
const UNKNOWN: [(&str, &str); 12] = [
    ("newer", "\"x\""),
    ("newer_number", "1008450740201411110005820873"),
    ("newer_rate", "-1.50E+300"),
    ("newer_object", r#"{"amount":{"total":1.5},"list":[1,{"b":null}],"":""}"#),
    ("newer_list", r#"[[],{},[null,""],1e5]"#),
    ("newer_null", "null"),
    ("newer_empty", "\"\""),
    ("newer_flag", "false"),
    ("coupon_fee_newer", "\"x\""),
    ("coupon_fee_007", "\"x\""),
    (r"newer \u4e2d\/\ud800", r#""\u4e2d\/\ud800""#),
    ("", "{}"),
];

/// The ways in which a place may be otherwise: what to call it, and what it is then.
pub(crate) fn ways(place: &Place<'_>, tree: &Tree) -> Vec<(&'static str, Now)> {
    let mut ways = same_meaning(place, tree);
    let mut add = |what, tree: Tree| ways.push((what, Now::Is(tree)));
    if place.field.is_some() {
        add("null", Tree::token("null"));
        add("empty", Tree::string(""));
    }
    let scalars: &[&str] = match place.kind {
        FieldKind::Fen => &AMOUNTS,
        FieldKind::Integer => &INTEGERS,
        FieldKind::Number => &DECIMALS,
        FieldKind::Boolean => &["false", "\"true\"", "\"false\""],
        FieldKind::Enum(_) | FieldKind::YesNo => &["\"NEWER_VALUE\""],
        _ => &[],
    };
    scalars.iter().for_each(|token| add("another value", Tree::token(token)));
    if is_text(place) {
        // Most places are texts: each gets two of them, in turn.
        for nth in [place.number, place.number + 3] {
            let (what, token) = TEXTS[nth % TEXTS.len()];
            add(what, Tree::token(token));
        }
    }
    if place.kind == FieldKind::Time {
        TIMES.iter().for_each(|text| add("another form of time", Tree::string(text)));
    }
    if let (FieldKind::Object(fields), Tree::Object(members)) = (place.kind, tree) {
        for blank in [None, Some("null"), Some("\"\"")] {
            let twins = twins(members, fields, blank);
            let joined = [&twins, members].map(|members| members.as_slice());
            let reversed = [members, &twins].map(|members| members.as_slice());
            if !twins.is_empty() {
                add("other names as well, in front", Tree::Object(joined.concat()));
                add("other names as well, behind", Tree::Object(reversed.concat()));
            }
        }
    }
    match (place.kind, tree) {
        (FieldKind::Object(_), _) if place.field.is_some() => {
            add(
                "in an array with blanks",
                Tree::Array(vec![Tree::token("null"), tree.clone(), Tree::string("")]),
            );
            add("no members", Tree::Object(Vec::new()));
            add("no elements", Tree::Array(Vec::new()));
        }
        (FieldKind::List(_), Tree::Array(items)) => {
            add("no elements", Tree::Array(Vec::new()));
            add("twice as many", Tree::Array([items.clone(), items.clone()].concat()));
            add(
                "a blank element",
                Tree::Array([vec![Tree::token("null"), Tree::string("")], items.clone()].concat()),
            );
        }
        (FieldKind::Json(_), _) => {
            ["5", "\"5\"", "\"no JSON\"", "\"{\"", "\"[]\"", "\"{}\"", "{}", "[]"]
                .iter()
                .for_each(|token| add("other JSON", Tree::token(token)));
        }
        _ => {}
    }
    if place.field.is_some() {
        ways.push(("missing", Now::Gone));
    }
    ways.extend(place.other_names().map(|name| ("another name", Now::Called(name, tree.clone()))));
    ways
}

/// The ways that only write the same thing differently.
pub(crate) fn same_meaning(place: &Place<'_>, tree: &Tree) -> Vec<(&'static str, Now)> {
    let mut ways = Vec::new();
    let mut add = |what, tree: Tree| ways.push((what, Now::Is(tree)));
    if let Some(escaped) = escaped(tree) {
        add("escaped", escaped);
    }
    if let (FieldKind::Integer | FieldKind::Fen, Tree::Token(token)) = (place.kind, tree) {
        let digits = tree.text().unwrap();
        add("digits", if token.starts_with('"') { Tree::token(&digits) } else { Tree::string(&digits) });
    }
    if let Tree::Object(members) = tree {
        for (what, at) in
            [("more in front", 0), ("more within", members.len() / 2), ("more behind", members.len())]
        {
            add(what, more(members, at));
        }
        add("the other way round", Tree::Object(members.iter().rev().cloned().collect()));
        let (even, odd): (Vec<_>, Vec<_>) =
            members.iter().cloned().enumerate().partition(|(nth, _)| nth % 2 == 0);
        add(
            "in another order",
            Tree::Object(odd.into_iter().chain(even).map(|(_, member)| member).collect()),
        );
        if place.field.is_some() {
            add("in an array", Tree::Array(vec![tree.clone()]));
        }
    }
    if let (FieldKind::List(_), Tree::Array(items)) = (place.kind, tree)
        && let [only] = items.as_slice()
    {
        add("its only element", only.clone());
    }
    ways
}

/// The values that say nothing.
pub(crate) fn nothing() -> [Now; 3] {
    [Now::Gone, Now::Is(Tree::token("null")), Now::Is(Tree::string(""))]
}

fn is_text(place: &Place<'_>) -> bool {
    matches!(
        place.kind,
        FieldKind::String | FieldKind::Time | FieldKind::Enum(_) | FieldKind::YesNo | FieldKind::Encrypted
    )
}

/// The fields of an object that come under several names, under those that aren't there: with the same value or a blank.
fn twins(members: &[(String, Tree)], fields: &[FieldMeta], blank: Option<&str>) -> Vec<(String, Tree)> {
    let there = |name: &str| members.iter().find(|(token, _)| token.trim_matches('"') == name);
    let mut twins = Vec::new();
    for field in fields {
        let names = [field.aliases, &[field.name]].concat();
        let Some((_, value)) = names.iter().find_map(|name| there(name)) else { continue };
        for name in names.into_iter().filter(|name| there(name).is_none()) {
            twins.push((format!("\"{name}\""), blank.map_or_else(|| value.clone(), Tree::token)));
        }
    }
    twins
}

fn more(members: &[(String, Tree)], at: usize) -> Tree {
    let (front, behind) = members.split_at(at);
    let unknown = UNKNOWN.iter().map(|(name, value)| (format!("\"{name}\""), Tree::parse(value)));
    Tree::Object(front.iter().cloned().chain(unknown).chain(behind.iter().cloned()).collect())
}

/// The same string with its first character escaped.
fn escaped(tree: &Tree) -> Option<Tree> {
    let content = tree.is_string().then(|| tree.text()).flatten()?;
    let (first, rest) = (content.chars().next()?, content.get(content.chars().next()?.len_utf8()..)?);
    let rest = serde_json::to_string(rest).unwrap();
    let mut units = [0; 2];
    let escapes: String =
        first.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect();
    Some(Tree::Token(format!("\"{escapes}{}", &rest[1..])))
}
