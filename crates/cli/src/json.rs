use wxhook_wire::json::{Doc, Kind, Value};

/// A form of JSON text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    /// A level's indentation; `None` for a single line.
    pub(crate) indent: Option<&'static str>,
    pub(crate) comma: &'static str,
    pub(crate) colon: &'static str,
    /// `None` leaves the tokens of strings as they are.
    pub(crate) escapes: Option<Escapes>,
}

/// The characters of a string that are escaped although JSON doesn't ask for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Escapes {
    pub(crate) non_ascii: bool,
    pub(crate) others: &'static str,
}

/// A value to be written, some of whose members may be replaced.
pub(crate) enum Node<'n, 'd> {
    Value(Value<'d>),
    Text(&'n str),
    /// Name tokens and values.
    Object(&'n [(&'d str, Node<'n, 'd>)]),
}

/// Formats JSON over several lines, its tokens and their order unchanged. Text that isn't JSON stays as it is.
pub(crate) fn pretty(json: &str) -> String {
    let style = Style { indent: Some("  "), comma: ",", colon: ": ", escapes: None };
    Doc::parse(json).map_or_else(|_| json.to_owned(), |doc| write(&Node::Value(doc.root()), style))
}

/// Writes a value in a style.
pub(crate) fn write(node: &Node<'_, '_>, style: Style) -> String {
    let mut out = String::new();
    append(&mut out, node, style, 0);
    out
}

fn append(out: &mut String, node: &Node<'_, '_>, style: Style, depth: usize) {
    match node {
        Node::Text(text) => out.push_str(text),
        Node::Object(members) => {
            let members = members.iter().map(|(name, node)| (Some(*name), node));
            append_all(out, '{', members, style, depth);
        }
        Node::Value(value) if value.kind() == Kind::Object => {
            let members: Vec<_> =
                value.members().map(|(name, value)| (name.raw(), Node::Value(value))).collect();
            append(out, &Node::Object(&members), style, depth);
        }
        Node::Value(value) if value.kind() == Kind::Array => {
            let items: Vec<_> = value.items().map(Node::Value).collect();
            append_all(out, '[', items.iter().map(|item| (None, item)), style, depth);
        }
        Node::Value(value) => match (value.text(), style.escapes) {
            (Some(text), Some(escapes)) => append_string(out, &text, escapes),
            _ => out.push_str(value.raw()),
        },
    }
}

fn append_all<'n, 'd: 'n>(
    out: &mut String,
    open: char,
    items: impl ExactSizeIterator<Item = (Option<&'d str>, &'n Node<'n, 'd>)>,
    style: Style,
    depth: usize,
) {
    let line = |out: &mut String, depth| {
        if let Some(indent) = style.indent {
            out.push('\n');
            out.extend(std::iter::repeat_n(indent, depth));
        }
    };
    let is_empty = items.len() == 0;
    out.push(open);
    for (nth, (name, item)) in items.enumerate() {
        if nth > 0 {
            out.push_str(style.comma);
        }
        line(out, depth + 1);
        if let Some(name) = name {
            out.push_str(name);
            out.push_str(style.colon);
        }
        append(out, item, style, depth + 1);
    }
    if !is_empty {
        line(out, depth);
    }
    out.push(if open == '{' { '}' } else { ']' });
}

fn append_string(out: &mut String, text: &str, escapes: Escapes) {
    // A string can always be written.
    for character in serde_json::to_string(text).unwrap_or_default().chars() {
        match character {
            '/' if escapes.others.contains('/') => out.push_str("\\/"),
            other if escapes.others.contains(other) || (escapes.non_ascii && !other.is_ascii()) => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            other => out.push(other),
        }
    }
}

/// Replaces control characters, which a terminal could act on.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::pretty;

    #[test]
    fn tokens_and_order_are_kept() {
        let json = r#"{"z":1.50,"a":["x,{}:","\"\\",{}],"e":[],"n":{"m":null}}"#;
        let expected = "{\n  \"z\": 1.50,\n  \"a\": [\n    \"x,{}:\",\n    \"\\\"\\\\\",\n    {}\n  ],\n  \"e\": [],\n  \"n\": {\n    \"m\": null\n  }\n}";
        assert_eq!(pretty(json), expected);
    }
}
