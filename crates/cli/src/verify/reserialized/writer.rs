//! JSON in the form that one library or another gives it.

use std::borrow::Cow;

use wxhook_wire::json::{Kind, Value};

#[derive(Clone, Copy)]
pub(super) struct Spacing {
    pub(super) indent: Option<&'static str>,
    pub(super) comma: &'static str,
    pub(super) colon: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    AsTheyCame,
    Of { unicode: bool, extra: &'static str },
}

#[derive(Clone, Copy)]
pub(super) enum Part<'p, 'd> {
    Value(Value<'d>),
    Text(&'p str),
    Members(&'p [(&'d str, Part<'p, 'd>)]),
}

struct Writer {
    text: String,
    spacing: Spacing,
    escapes: Escapes,
    depth: usize,
}

/// An object of these members: their names as they stand in JSON, and what they hold.
pub(super) fn object(members: &[(&str, Part<'_, '_>)], escapes: Escapes, spacing: Spacing) -> String {
    let mut writer = Writer { text: String::new(), spacing, escapes, depth: 0 };
    writer.members(members);
    writer.text
}

impl Writer {
    fn members(&mut self, members: &[(&str, Part<'_, '_>)]) {
        self.open('{');
        for (nth, (name, part)) in members.iter().enumerate() {
            self.next(nth);
            self.text.push_str(name);
            self.text.push_str(self.spacing.colon);
            match part {
                Part::Value(value) => self.value(*value),
                Part::Text(text) => self.text.push_str(text),
                Part::Members(members) => self.members(members),
            }
        }
        self.close('}', members.is_empty());
    }

    fn value(&mut self, value: Value<'_>) {
        match value.kind() {
            Kind::Object => {
                let members: Vec<_> =
                    value.members().map(|(name, value)| (name.raw(), Part::Value(value))).collect();
                self.members(&members);
            }
            Kind::Array => {
                self.open('[');
                for (nth, item) in value.items().enumerate() {
                    self.next(nth);
                    self.value(item);
                }
                self.close(']', value.items().next().is_none());
            }
            Kind::String | Kind::EscapedString => {
                let text = value.text().unwrap_or(Cow::Borrowed(""));
                self.string(value.raw(), &text);
            }
            _ => self.text.push_str(value.raw()),
        }
    }

    fn string(&mut self, raw: &str, text: &str) {
        let Escapes::Of { unicode, extra } = self.escapes else { return self.text.push_str(raw) };
        // The escapes that there must be; a string can always be written.
        let plain = serde_json::to_string(text).unwrap_or_default();
        for character in plain.chars() {
            match character {
                '/' if extra.contains('/') => self.text.push_str("\\/"),
                other if extra.contains(other) || (unicode && !other.is_ascii()) => {
                    for unit in other.encode_utf16(&mut [0; 2]) {
                        self.text.push_str(&format!("\\u{unit:04x}"));
                    }
                }
                other => self.text.push(other),
            }
        }
    }

    fn open(&mut self, bracket: char) {
        self.text.push(bracket);
        self.depth += 1;
    }

    fn next(&mut self, nth: usize) {
        if nth > 0 {
            self.text.push_str(self.spacing.comma);
        }
        self.line();
    }

    fn close(&mut self, bracket: char, empty: bool) {
        self.depth = self.depth.saturating_sub(1);
        if !empty {
            self.line();
        }
        self.text.push(bracket);
    }

    fn line(&mut self) {
        if let Some(indent) = self.spacing.indent {
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n(indent, self.depth));
        }
    }
}
