use super::scan::{Scanned, scan};
use crate::Error;
use std::borrow::Cow;

/// What a JSON value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// `null`
    Null,
    /// `true`
    True,
    /// `false`
    False,
    /// A number.
    Number,
    /// A string without escapes.
    String,
    /// A string with escapes.
    EscapedString,
    /// An array.
    Array,
    /// An object.
    Object,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) start: u32,
    pub(super) end: u32,
    /// The node behind this one and all it contains.
    pub(super) next: u32,
}

/// A JSON text and where its tokens are.
///
/// ```
/// use wxhook_wire::json::Doc;
/// let doc = Doc::parse(r#"{"amount": {"total": 100}, "id": 1008450740201411110005820873}"#).unwrap();
/// assert_eq!(doc.root().at("amount.total").unwrap().text().unwrap(), "100");
/// assert_eq!(doc.root().get("id").unwrap().raw(), "1008450740201411110005820873");
/// ```
#[derive(Clone)]
pub struct Doc<'a> {
    text: &'a str,
    nodes: Vec<Node>,
    spaces: usize,
    /// Which hashes the names of the outermost object have: most names that are looked for aren't there.
    names: u64,
}

impl<'a> Doc<'a> {
    /// Reads a JSON text.
    ///
    /// # Errors
    /// [`Error::Json`] for what isn't JSON, is nested deeper than [`super::MAX_DEPTH`] or is 4 GiB or more.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        let Scanned { nodes, spaces } = scan(text).ok_or(Error::Json)?;
        let mut doc = Self { text, nodes, spaces, names: u64::MAX };
        doc.names = doc.root().names();
        Ok(doc)
    }

    /// The whole value.
    pub fn root(&self) -> Value<'_> {
        Value { doc: self, index: 0 }
    }

    /// The text less the whitespace between tokens; tokens and their order stay.
    pub fn compact(&self) -> Cow<'a, str> {
        if self.spaces == 0 {
            return Cow::Borrowed(self.text);
        }
        let bytes = self.text.as_bytes();
        let mut out = Vec::with_capacity(bytes.len() - self.spaces);
        let between = |from: usize, to: usize| {
            let gap = bytes.get(from..to).unwrap_or_default();
            gap.iter().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
        };
        // Strings are the only tokens with whitespace inside, and every string is a node.
        let mut done = 0;
        for node in self.nodes.iter().filter(|node| matches!(node.kind, Kind::String | Kind::EscapedString)) {
            let (start, end) = (to_usize(node.start), to_usize(node.end));
            out.extend(between(done, start));
            out.extend_from_slice(bytes.get(start..end).unwrap_or_default());
            done = end;
        }
        out.extend(between(done, bytes.len()));
        // Whole strings and ASCII: it is UTF-8 still.
        String::from_utf8(out).map_or(Cow::Borrowed(self.text), Cow::Owned)
    }
}

impl std::fmt::Debug for Doc<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Doc({} values)", self.nodes.len())
    }
}

/// One bit of 64 for a name.
fn hash(name: &str) -> u64 {
    let end = |byte: Option<&u8>| byte.map_or(0, |byte| usize::from(*byte));
    let bytes = name.as_bytes();
    let mixed = bytes.len() * 5 + end(bytes.first()) * 3 + end(bytes.last()) * 7;
    1 << (mixed % 64)
}

pub(super) fn to_usize(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// One value of a [`Doc`].
#[derive(Clone, Copy)]
pub struct Value<'d> {
    doc: &'d Doc<'d>,
    index: usize,
}

impl<'d> Value<'d> {
    fn node(&self) -> Node {
        let nothing = Node { kind: Kind::Null, start: 0, end: 0, next: u32::MAX };
        self.doc.nodes.get(self.index).copied().unwrap_or(nothing)
    }

    /// Its text less the whitespace between tokens.
    pub fn compact(&self) -> Cow<'d, str> {
        let raw = self.raw();
        if self.doc.spaces == 0 {
            return Cow::Borrowed(raw);
        }
        match Doc::parse(raw).map(|doc| doc.compact().into_owned()) {
            Ok(text) if text.len() < raw.len() => Cow::Owned(text),
            _ => Cow::Borrowed(raw),
        }
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.node().kind
    }

    /// Its text as it came.
    pub fn raw(&self) -> &'d str {
        let node = self.node();
        self.doc.text.get(to_usize(node.start)..to_usize(node.end)).unwrap_or_default()
    }

    /// The text of a scalar: a string unescaped, a number or boolean as it is written. `None` for the others.
    ///
    /// A string whose escapes name no character (a lone surrogate) gives its raw content.
    pub fn text(&self) -> Option<Cow<'d, str>> {
        match self.kind() {
            Kind::String => Some(Cow::Borrowed(self.quoted())),
            Kind::EscapedString => Some(match serde_json::from_str::<String>(self.raw()) {
                Ok(text) => Cow::Owned(text),
                Err(_) => Cow::Borrowed(self.quoted()),
            }),
            Kind::Number | Kind::True | Kind::False => Some(Cow::Borrowed(self.raw())),
            Kind::Null | Kind::Array | Kind::Object => None,
        }
    }

    /// The text of a string, `None` for all else.
    pub fn string(&self) -> Option<Cow<'d, str>> {
        matches!(self.kind(), Kind::String | Kind::EscapedString).then(|| self.text()).flatten()
    }

    fn quoted(&self) -> &'d str {
        let raw = self.raw();
        raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default()
    }

    /// Whether it says nothing: `null` or an empty string.
    pub fn is_blank(&self) -> bool {
        self.kind() == Kind::Null || self.raw() == "\"\""
    }

    /// Whether it is blank, or an array or object without anything in it.
    fn is_empty(&self) -> bool {
        let is_container = matches!(self.kind(), Kind::Array | Kind::Object);
        self.is_blank() || (is_container && self.children().next().is_none())
    }

    /// The members of an object in their order (none for all else).
    pub fn entries(&self) -> impl Iterator<Item = (Cow<'d, str>, Self)> + use<'d> {
        let object = self.kind() == Kind::Object;
        let mut children = self.children();
        std::iter::from_fn(move || {
            let key = children.next().filter(|_| object)?;
            Some((key.text()?, children.next()?))
        })
    }

    /// The members of an object in their order: name, as a string, and value (none for all else).
    pub fn members(&self) -> impl Iterator<Item = (Self, Self)> + use<'d> {
        let object = self.kind() == Kind::Object;
        let mut children = self.children();
        std::iter::from_fn(move || Some((children.next().filter(|_| object)?, children.next()?)))
    }

    /// The elements of an array (none for all else).
    pub fn items(&self) -> impl Iterator<Item = Self> + use<'d> {
        let array = self.kind() == Kind::Array;
        self.children().take_while(move |_| array)
    }

    fn children(&self) -> impl Iterator<Item = Self> + use<'d> {
        let Self { doc, index } = *self;
        let end = to_usize(self.node().next);
        let mut next = index + 1;
        std::iter::from_fn(move || {
            #[cfg(test)]
            super::steps::count();
            let child = Self { doc, index: next };
            (next < end).then(|| next = to_usize(child.node().next))?;
            Some(child)
        })
    }

    /// An object's member, `None` where there is none or more than one of that name: two answers are no answer.
    pub fn get(&self, name: &str) -> Option<Self> {
        if self.kind() != Kind::Object {
            return None;
        }
        if self.index == 0 && self.doc.names & hash(name) == 0 {
            return None;
        }
        // Most members are told apart by the length of their names.
        let length = u32::try_from(name.len()).ok()?.checked_add(2)?;
        let (mut at, end) = (self.index + 1, to_usize(self.node().next));
        let mut found = None;
        while at < end {
            let [key, value] = self.doc.nodes.get(at..)?.first_chunk::<2>()?;
            let candidate = key.end - key.start == length || key.kind == Kind::EscapedString;
            if candidate && self.with(at).is_string(name) && found.replace(at + 1).is_some() {
                return None;
            }
            at = to_usize(value.next);
        }
        found.map(|index| self.with(index))
    }

    /// The hashes of its members' names; all of them where one is escaped.
    fn names(&self) -> u64 {
        let mut children = self.children();
        let mut names = 0;
        while let (Some(key), Some(_)) = (children.next(), children.next()) {
            names |= if key.kind() == Kind::String { hash(key.quoted()) } else { u64::MAX };
        }
        names
    }

    fn with(&self, index: usize) -> Self {
        Self { doc: self.doc, index }
    }

    fn is_string(&self, text: &str) -> bool {
        match self.kind() {
            Kind::String => self.quoted() == text,
            Kind::EscapedString => self.text().is_some_and(|own| own == text),
            _ => false,
        }
    }

    /// The value at a dotted path. An array with one element that isn't blank stands for that element, as senders mix
    /// the two up.
    pub fn at(&self, path: &str) -> Option<Self> {
        path.split('.').try_fold(*self, |value, name| value.single().get(name)).map(|value| value.single())
    }

    fn single(&self) -> Self {
        let mut items = self.items().filter(|item| !item.is_blank());
        match (items.next(), items.next()) {
            (Some(only), None) => only,
            _ => *self,
        }
    }

    /// Whether anything stands at a dotted path that is neither blank nor an empty array or object, in any element of the
    /// arrays on the way.
    pub fn has(&self, path: &str) -> bool {
        match self.kind() {
            Kind::Array => self.items().any(|item| item.has(path)),
            Kind::Object => {
                match memchr::memchr(b'.', path.as_bytes()).and_then(|dot| path.split_at_checked(dot)) {
                    Some((name, rest)) => {
                        self.get(name).is_some_and(|value| value.has(rest.trim_start_matches('.')))
                    }
                    None => self.get(path).is_some_and(|value| !value.is_empty()),
                }
            }
            _ => false,
        }
    }
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Value({:?})", self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::MAX_DEPTH;
    use proptest::prelude::*;

    #[test]
    fn paths_find_scalars_by_their_text() {
        let doc =
            Doc::parse(r#"{"a":{"b":[{"c":1.50}]},"d":[1,2],"e":"","f":null,"g":"x\/y","h":true}"#).unwrap();
        let root = doc.root();
        assert_eq!(root.at("a.b.c").unwrap().text().unwrap(), "1.50");
        assert_eq!(root.at("g").unwrap().text().unwrap(), "x/y");
        assert_eq!(root.at("h").unwrap().text().unwrap(), "true");
        assert!(root.at("d").unwrap().text().is_none());
        assert!(root.at("a.x.c").is_none());
        assert!(!root.has("e") && !root.has("f") && !root.has("zz") && root.has("d") && root.has("a.b.c"));
        assert_eq!(root.get("d").unwrap().items().count(), 2);
    }

    #[test]
    fn what_is_empty_is_not_there() {
        let doc = Doc::parse(r#"{"a":[],"b":{},"c":[{}],"d":[null,{"e":"1"},""],"f":[null]}"#).unwrap();
        let root = doc.root();
        assert!(!root.has("a") && !root.has("b") && root.has("c") && root.has("d.e") && !root.has("d.f"));
        // An element that says nothing isn't one of several.
        assert_eq!(root.at("d.e").unwrap().text().as_deref(), Some("1"));
    }

    #[test]
    fn a_doubled_member_is_no_answer() {
        let doc = Doc::parse(r#"{"id":"1","i\u0064":"2","x":3}"#).unwrap();
        assert!(doc.root().get("id").is_none());
        assert!(doc.root().get("x").is_some());
    }

    #[test]
    fn deep_nesting_is_refused_and_shallow_is_not() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Doc::parse(&nested(100)).is_ok());
        assert!(Doc::parse(&nested(MAX_DEPTH + 1)).is_err());
        assert!(Doc::parse(&nested(100_000)).is_err());
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in ["", "{", "{}x", "{'a':1}", "[1,]", "01", "\"\u{1}\"", "nul", "{\"a\" 1}"] {
            assert!(Doc::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn compact_takes_only_the_space_between_tokens() {
        let doc = Doc::parse("{ \"a b\" : [ 1.0 , \" x \\\" \" ] ,\n\"中 文\":\t1e5 }").unwrap();
        assert_eq!(doc.compact(), r#"{"a b":[1.0," x \" "],"中 文":1e5}"#);
        assert!(matches!(Doc::parse("[1]").unwrap().compact(), Cow::Borrowed("[1]")));
    }

    proptest! {
        /// The scanner agrees with serde_json on what the text holds.
        #[test]
        fn the_same_as_serde_json(value in json_value()) {
            for text in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
                let doc = Doc::parse(&text).unwrap();
                prop_assert_eq!(doc.compact().into_owned(), serde_json::to_string(&value).unwrap());
                prop_assert_eq!(rebuild(doc.root()), value.clone());
            }
        }
    }

    fn rebuild(value: Value<'_>) -> serde_json::Value {
        match value.kind() {
            Kind::Object => value.entries().map(|(key, value)| (key.into_owned(), rebuild(value))).collect(),
            Kind::Array => value.items().map(rebuild).collect(),
            Kind::String | Kind::EscapedString => value.text().unwrap().into_owned().into(),
            _ => serde_json::from_str(value.raw()).unwrap(),
        }
    }

    fn json_value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }
}
