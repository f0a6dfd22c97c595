//! JSON that can be changed, with every number and string as it was written.

use serde_json::Value;
use wxhook_wire::json::{self, Doc, Kind};

/// A JSON value; members keep their order.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Tree {
    /// A string, number, `true`, `false` or `null`: its token.
    Scalar(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Doc::parse(text).ok().map(|doc| Self::of(doc.root()))
    }

    pub(crate) fn string(text: &str) -> Self {
        Self::Scalar(Value::from(text).to_string())
    }

    fn of(value: json::Value<'_>) -> Self {
        match value.kind() {
            Kind::Array => Self::Array(value.items().map(Self::of).collect()),
            Kind::Object => {
                let member =
                    |(name, value): (std::borrow::Cow<'_, str>, _)| (name.into_owned(), Self::of(value));
                Self::Object(value.entries().map(member).collect())
            }
            _ => Self::Scalar(value.raw().to_owned()),
        }
    }

    /// Compact.
    pub(crate) fn to_json(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Scalar(token) => out.push_str(token),
            Self::Array(items) => {
                for (nth, item) in items.iter().enumerate() {
                    out.push(if nth == 0 { '[' } else { ',' });
                    item.write(out);
                }
                out.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            Self::Object(members) => {
                for (nth, (name, value)) in members.iter().enumerate() {
                    out.push(if nth == 0 { '{' } else { ',' });
                    Self::string(name).write(out);
                    out.push(':');
                    value.write(out);
                }
                out.push_str(if members.is_empty() { "{}" } else { "}" });
            }
        }
    }

    /// Returns the text of an XML field: a string's content, nothing for `null`, and JSON for anything else.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Scalar(token) if token == "null" => String::new(),
            Self::Scalar(token) => serde_json::from_str(token).unwrap_or_else(|_| token.clone()),
            _ => self.to_json(),
        }
    }

    pub(crate) const fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    pub(crate) fn members(&self) -> &[(String, Self)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    /// Returns the member with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Puts a value at a dotted path and makes the objects on the way; `false` where something else than an object or a
    /// list stands on the way, or an element that isn't there.
    ///
    /// A number is an element of a list, its length the place behind the last one; a name in a list is that member of
    /// every element.
    pub(crate) fn set(&mut self, path: &str, value: &Self) -> bool {
        let Some((name, rest)) = split(path) else {
            *self = value.clone();
            return true;
        };
        match self {
            Self::Object(members) => {
                if let Some((_, member)) = members.iter_mut().find(|(known, _)| known == name) {
                    return member.set(rest, value);
                }
                let mut member = Self::Object(Vec::new());
                let done = member.set(rest, value);
                if done {
                    members.push((name.to_owned(), member));
                }
                done
            }
            Self::Array(items) => match name.parse::<usize>() {
                Ok(nth) if nth == items.len() => {
                    items.push(Self::Object(Vec::new()));
                    items.last_mut().is_some_and(|item| item.set(rest, value))
                }
                Ok(nth) => items.get_mut(nth).is_some_and(|item| item.set(rest, value)),
                Err(_) => !items.is_empty() && items.iter_mut().all(|item| item.set(path, value)),
            },
            // Where nothing stands an object can be made.
            Self::Scalar(token) if token == "null" => {
                *self = Self::Object(Vec::new());
                self.set(path, value)
            }
            Self::Scalar(_) => false,
        }
    }

    /// Removes the value at a dotted path and returns whether there was one.
    pub(crate) fn remove(&mut self, path: &str) -> bool {
        let Some((name, rest)) = split(path) else { return false };
        match self {
            Self::Object(members) if rest.is_empty() => {
                let before = members.len();
                members.retain(|(known, _)| known != name);
                members.len() < before
            }
            Self::Object(members) => members
                .iter_mut()
                .find(|(known, _)| known == name)
                .is_some_and(|(_, member)| member.remove(rest)),
            Self::Array(items) => match name.parse::<usize>() {
                Ok(nth) if nth >= items.len() => false,
                Ok(nth) if rest.is_empty() => {
                    items.remove(nth);
                    true
                }
                Ok(nth) => items.get_mut(nth).is_some_and(|item| item.remove(rest)),
                Err(_) => {
                    let mut any = false;
                    for item in items {
                        any |= item.remove(path);
                    }
                    any
                }
            },
            Self::Scalar(_) => false,
        }
    }
}

/// Returns the first name and the rest of the path; `None` at the end.
fn split(path: &str) -> Option<(&str, &str)> {
    if path.is_empty() { None } else { Some(path.split_once('.').unwrap_or((path, ""))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Tree {
        Tree::parse(text).unwrap()
    }

    fn set(text: &str, path: &str, value: &str) -> Option<String> {
        let mut changed = tree(text);
        changed.set(path, &tree(value)).then(|| changed.to_json())
    }

    fn removed(text: &str, path: &str) -> Option<String> {
        let mut changed = tree(text);
        changed.remove(path).then(|| changed.to_json())
    }

    #[test]
    fn tokens_and_order_survive() {
        for text in
            [r#"{"b":1.50,"a":[1e5,{},[],"x\/y\u4e2d"],"id":1008450740201411110005820873}"#, "[]", "null"]
        {
            assert_eq!(tree(text).to_json(), text);
        }
        assert!(Tree::parse("{").is_none());
    }

    #[test]
    fn a_path_leads_through_objects_and_lists() {
        let text = r#"{"a":{"b":[{"c":1},{"c":2}]},"n":null}"#;
        for (path, expected) in [
            ("a.b.1.c", r#"{"a":{"b":[{"c":1},{"c":0}]},"n":null}"#),
            ("a.b.c", r#"{"a":{"b":[{"c":0},{"c":0}]},"n":null}"#),
            ("a.b.2", r#"{"a":{"b":[{"c":1},{"c":2},0]},"n":null}"#),
            ("a.b.2.c", r#"{"a":{"b":[{"c":1},{"c":2},{"c":0}]},"n":null}"#),
            ("a.b", r#"{"a":{"b":0},"n":null}"#),
            ("x.y", r#"{"a":{"b":[{"c":1},{"c":2}]},"n":null,"x":{"y":0}}"#),
            ("n.y", r#"{"a":{"b":[{"c":1},{"c":2}]},"n":{"y":0}}"#),
        ] {
            assert_eq!(set(text, path, "0").as_deref(), Some(expected), "{path}");
        }
        for path in ["a.b.3", "a.b.0.c.d", "a.b.c.d"] {
            assert_eq!(set(text, path, "0"), None, "{path}");
        }
    }

    #[test]
    fn what_stands_at_a_path_is_removed() {
        let text = r#"{"a":{"b":[{"c":1},{"c":2,"d":3}]}}"#;
        for (path, expected) in [
            ("a.b.1.c", Some(r#"{"a":{"b":[{"c":1},{"d":3}]}}"#)),
            ("a.b.c", Some(r#"{"a":{"b":[{},{"d":3}]}}"#)),
            ("a.b.0", Some(r#"{"a":{"b":[{"c":2,"d":3}]}}"#)),
            ("a", Some("{}")),
            ("a.b.2", None),
            ("a.x", None),
            ("a.b.0.c.d", None),
        ] {
            assert_eq!(removed(text, path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn xml_takes_a_strings_content_and_any_other_token() {
        for (json, text) in [
            (r#""a\"b""#, "a\"b"),
            ("5", "5"),
            ("1008450740201411110005820873", "1008450740201411110005820873"),
            ("null", ""),
            (r#"{"a": [1]}"#, r#"{"a":[1]}"#),
        ] {
            assert_eq!(tree(json).text(), text);
        }
    }
}
