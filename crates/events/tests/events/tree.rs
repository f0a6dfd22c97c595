//! JSON to be changed at will, with every token as it was written.

use wxhook_wire::json::{Doc, Kind, Value};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    /// A string, number, `true`, `false` or `null`.
    Token(String),
    Array(Vec<Tree>),
    /// The names are tokens, too.
    Object(Vec<(String, Tree)>),
    /// JSON in a string.
    Inside(Box<Tree>),
}

impl Tree {
    pub(crate) fn parse(text: &str) -> Self {
        Self::of(Doc::parse(text).unwrap().root())
    }

    fn of(value: Value<'_>) -> Self {
        match value.kind() {
            Kind::Array => Self::Array(value.items().map(Self::of).collect()),
            Kind::Object => Self::Object(
                value.members().map(|(name, value)| (name.raw().into(), Self::of(value))).collect(),
            ),
            _ => Self::token(value.raw()),
        }
    }

    pub(crate) fn token(token: &str) -> Self {
        Self::Token(token.to_owned())
    }

    /// A string of this text.
    pub(crate) fn string(text: &str) -> Self {
        Self::Token(serde_json::to_string(text).unwrap())
    }

    /// Compact.
    pub(crate) fn to_json(&self) -> String {
        self.written("")
    }

    /// Returns the JSON, with `space` wherever whitespace is allowed.
    pub(crate) fn written(&self, space: &str) -> String {
        let list = |open: char, items: Vec<String>, close: char| {
            let inside = items.join(&format!("{space},{space}"));
            format!("{open}{space}{inside}{space}{close}")
        };
        match self {
            Self::Token(token) => token.clone(),
            Self::Array(items) => list('[', items.iter().map(|item| item.written(space)).collect(), ']'),
            Self::Object(members) => {
                let member =
                    |(name, value): &(String, Self)| format!("{name}{space}:{space}{}", value.written(space));
                list('{', members.iter().map(member).collect(), '}')
            }
            // What stands in a string is no whitespace of the text around it.
            Self::Inside(tree) => serde_json::to_string(&tree.to_json()).unwrap(),
        }
    }

    /// The text of a token: a string's content, and anything else as it is.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Token(token) => Some(serde_json::from_str(token).unwrap_or_else(|_| token.clone())),
            _ => None,
        }
    }

    pub(crate) fn is_string(&self) -> bool {
        matches!(self, Self::Token(token) if token.starts_with('"'))
    }
}
