use super::doc::{Kind, Value};
use std::borrow::Cow;

/// The one text of a value: members sorted by name (byte order, equal ones in their order), no whitespace between
/// tokens, numbers as they are written, strings with only the escapes that they need.
///
/// Two serializations of the same content give the same text. Fingerprints are SHA-256 of it.
///
/// ```
/// use wxhook_wire::json::{Doc, canonical};
/// let one = Doc::parse(r#"{"b": "\u4e2d\/", "a": 1.0}"#).unwrap();
/// assert_eq!(canonical(one.root()), r#"{"a":1.0,"b":"中/"}"#);
/// ```
pub fn canonical(value: Value<'_>) -> String {
    canonical_without(value, &[])
}

/// [`canonical`], less the top-level members of these names.
pub fn canonical_without(value: Value<'_>, leave_out: &[&str]) -> String {
    let mut out = String::with_capacity(value.raw().len());
    write(value, leave_out, &mut Vec::with_capacity(32), &mut out);
    out
}

type Member<'d> = (Cow<'d, str>, Value<'d>);

/// `pending` holds the members of the objects that are being written, the innermost last.
fn write<'d>(value: Value<'d>, leave_out: &[&str], pending: &mut Vec<Member<'d>>, out: &mut String) {
    match value.kind() {
        Kind::Object => {
            let begin = pending.len();
            pending.extend(value.entries().filter(|(name, _)| !leave_out.contains(&name.as_ref())));
            let members = pending.get_mut(begin..).unwrap_or_default();
            // The last first, since they are taken from the end; equal names keep their order.
            members.reverse();
            members.sort_by(|one, other| other.0.cmp(&one.0));
            let mut separator = '{';
            while pending.len() > begin {
                let Some((name, member)) = pending.pop() else { break };
                out.push(separator);
                separator = ',';
                match name {
                    // Written without escapes, and so it needs none.
                    Cow::Borrowed(name) => push_quoted(name, out),
                    Cow::Owned(name) => write_string(&name, out),
                }
                out.push(':');
                write(member, &[], pending, out);
            }
            out.push_str(if separator == '{' { "{}" } else { "}" });
        }
        Kind::Array => {
            out.push('[');
            for (index, item) in value.items().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, &[], pending, out);
            }
            out.push(']');
        }
        // A string whose escapes name no character stays as it is written.
        Kind::EscapedString => match serde_json::from_str::<String>(value.raw()) {
            Ok(text) => write_string(&text, out),
            Err(_) => out.push_str(value.raw()),
        },
        Kind::Null | Kind::True | Kind::False | Kind::Number | Kind::String => out.push_str(value.raw()),
    }
}

fn write_string(text: &str, out: &mut String) {
    let plain = !text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\');
    if plain {
        push_quoted(text, out);
    } else if let Ok(json) = serde_json::to_string(text) {
        out.push_str(&json);
    }
}

fn push_quoted(text: &str, out: &mut String) {
    out.push('"');
    out.push_str(text);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Doc;
    use proptest::prelude::*;

    fn of(text: &str) -> String {
        canonical(Doc::parse(text).unwrap().root())
    }

    #[test]
    fn the_same_content_has_one_text() {
        let one = of(r#"{"a":{"y":"中文","x":[1,2]},"b":"a/b\n"}"#);
        assert_eq!(
            of("{ \"b\":\"a\\/b\\u000A\", \"a\" : { \"x\" : [1, 2], \"y\" : \"\\u4E2D\\u6587\" } }"),
            one
        );
    }

    #[test]
    fn other_content_has_another() {
        let texts = [
            r#"{"a":1}"#,
            r#"{"a":"1"}"#,
            r#"{"a":1.0}"#,
            r#"{"a":null}"#,
            r#"{}"#,
            r#"{"a":[1]}"#,
            r#"{"a":""}"#,
            r#"{"a":1008450740201411110005820873}"#,
            r#"{"a":1008450740201411110005820874}"#,
            r#"{"a":"x\",\"b\":\"y"}"#,
            r#"{"a":"x","b":"y"}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":"\\ud800"}"#,
        ];
        let mut all: Vec<String> = texts.iter().map(|text| of(text)).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), texts.len());
    }

    #[test]
    fn top_level_members_can_be_left_out() {
        let doc = Doc::parse(r#"{"sign":"x","a":{"sign":"y"}}"#).unwrap();
        assert_eq!(canonical_without(doc.root(), &["sign"]), r#"{"a":{"sign":"y"}}"#);
    }

    proptest! {
        /// The canonical text is JSON for the same content, and its own canonical text.
        #[test]
        fn idempotent(texts in prop::collection::btree_map(any::<String>(), any::<String>(), 0..8)) {
            let json = serde_json::to_string_pretty(&texts).unwrap();
            let once = of(&json);
            prop_assert_eq!(&of(&once), &once);
            let back: std::collections::BTreeMap<String, String> = serde_json::from_str(&once).unwrap();
            prop_assert_eq!(back, texts);
        }
    }
}
