use super::scan::scan;
use crate::Error;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// The kind of a JSON value.
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
    /// The index of the node behind this one and all it contains.
    pub(super) next: u32,
}

/// A JSON text and the positions of its tokens.
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
    /// In the order of the text; an object's children are keys and values in turn.
    nodes: Vec<Node>,
    has_spaces: bool,
    shared: OnceLock<Arc<str>>,
}

impl<'a> Doc<'a> {
    /// Parses a JSON text.
    ///
    /// # Errors
    /// [`Error::Json`] for text that isn't JSON, is nested deeper than [`super::MAX_DEPTH`] or has 4 GiB or more.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        let (nodes, has_spaces) = scan(text).ok_or(Error::Json)?;
        Ok(Self { text, nodes, has_spaces, shared: OnceLock::new() })
    }

    /// Returns the whole value.
    pub fn root(&self) -> Value<'_> {
        const NULL: Node = Node { kind: Kind::Null, start: 0, end: 0, next: 0 };
        Value { doc: self, index: 0, node: self.nodes.first().copied().unwrap_or(NULL) }
    }

    /// Returns the text without whitespace between tokens.
    pub fn compact(&self) -> Cow<'a, str> {
        if !self.has_spaces {
            return Cow::Borrowed(self.text);
        }
        let mut out = String::with_capacity(self.text.len());
        self.root().write_compact(&mut out);
        Cow::Owned(out)
    }
}

impl fmt::Debug for Doc<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Doc({} values)", self.nodes.len())
    }
}

fn to_usize(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// One value of a [`Doc`].
#[derive(Clone, Copy)]
pub struct Value<'d> {
    doc: &'d Doc<'d>,
    index: usize,
    node: Node,
}

impl<'d> Value<'d> {
    /// Returns the kind.
    pub const fn kind(&self) -> Kind {
        self.node.kind
    }

    /// Returns the text as received.
    pub fn raw(&self) -> &'d str {
        self.doc.text.get(to_usize(self.node.start)..to_usize(self.node.end)).unwrap_or_default()
    }

    /// Returns the text without whitespace between tokens.
    pub fn compact(&self) -> Cow<'d, str> {
        if !self.doc.has_spaces {
            return Cow::Borrowed(self.raw());
        }
        let mut out = String::with_capacity(self.raw().len());
        self.write_compact(&mut out);
        Cow::Owned(out)
    }

    fn write_compact(&self, out: &mut String) {
        let (open, close) = match self.kind() {
            Kind::Object => ('{', '}'),
            Kind::Array => ('[', ']'),
            _ => return out.push_str(self.raw()),
        };
        out.push(open);
        for (index, child) in self.children().enumerate() {
            if index > 0 {
                out.push(if self.kind() == Kind::Object && index % 2 == 1 { ':' } else { ',' });
            }
            child.write_compact(out);
        }
        out.push(close);
    }

    /// Returns the document's text, shared, and the value's place in it.
    pub(crate) fn shared(&self) -> (Arc<str>, Range<usize>) {
        let text = self.doc.shared.get_or_init(|| self.doc.text.into());
        (Arc::clone(text), to_usize(self.node.start)..to_usize(self.node.end))
    }

    /// Returns the text of a scalar: a string unescaped, a number or boolean as written. `None` for other kinds.
    ///
    /// A string with an escape that isn't a character (a lone surrogate) gives its raw content.
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

    /// Returns the text of a string, `None` for other kinds.
    pub fn string(&self) -> Option<Cow<'d, str>> {
        matches!(self.kind(), Kind::String | Kind::EscapedString).then(|| self.text()).flatten()
    }

    fn quoted(&self) -> &'d str {
        let range = to_usize(self.node.start) + 1..to_usize(self.node.end).saturating_sub(1);
        self.doc.text.get(range).unwrap_or_default()
    }

    /// Returns whether the value is `null` or an empty string.
    pub fn is_blank(&self) -> bool {
        match self.kind() {
            Kind::Null => true,
            Kind::String => self.node.end - self.node.start == 2,
            _ => false,
        }
    }

    /// Returns the members of an object in their order, by their unescaped names (none for other kinds).
    pub fn entries(&self) -> impl Iterator<Item = (Cow<'d, str>, Self)> + use<'d> {
        self.members().map(|(name, value)| (name.text().unwrap_or_default(), value))
    }

    /// Returns the members of an object in their order: name, as a string, and value (none for other kinds).
    pub fn members(&self) -> impl Iterator<Item = (Self, Self)> + use<'d> {
        let mut children = self.children_of(Kind::Object);
        std::iter::from_fn(move || Some((children.next()?, children.next()?)))
    }

    /// Returns the elements of an array (none for other kinds).
    pub fn items(&self) -> impl Iterator<Item = Self> + use<'d> {
        self.children_of(Kind::Array)
    }

    fn children_of(&self, kind: Kind) -> impl Iterator<Item = Self> + use<'d> {
        let mut children = self.children();
        children.end = if self.kind() == kind { children.end } else { 0 };
        children
    }

    fn children(&self) -> Children<'d> {
        Children { doc: self.doc, next: self.index + 1, end: to_usize(self.node.next) }
    }

    /// Returns an object's member, or `None` where there is none or more than one of that name.
    pub fn get(&self, name: &str) -> Option<Self> {
        // Most names differ in length.
        let length = u32::try_from(name.len()).ok()?.checked_add(2)?;
        let mut found = None;
        for (key, value) in self.members() {
            let may_be = key.node.end - key.node.start == length || key.kind() == Kind::EscapedString;
            if may_be && key.text().is_some_and(|text| text == name) && found.replace(value).is_some() {
                return None;
            }
        }
        found
    }

    /// Returns the value at a dotted path. An array with one element that isn't blank stands for that element, as senders
    /// mix the two up.
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

    /// Returns whether a dotted path leads to a value that is neither blank nor an empty array or object, in any element
    /// of the arrays on the way.
    pub fn has(&self, path: &str) -> bool {
        if self.kind() == Kind::Array {
            return self.items().any(|item| item.has(path));
        }
        match path.split_once('.') {
            Some((name, rest)) => self.get(name).is_some_and(|value| value.has(rest)),
            None => self.get(path).is_some_and(|value| {
                let is_container = matches!(value.kind(), Kind::Array | Kind::Object);
                !value.is_blank() && (!is_container || value.children().next().is_some())
            }),
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({:?})", self.kind())
    }
}

/// The values directly inside of another.
struct Children<'d> {
    doc: &'d Doc<'d>,
    next: usize,
    end: usize,
}

impl<'d> Iterator for Children<'d> {
    type Item = Value<'d>;

    #[inline]
    fn next(&mut self) -> Option<Value<'d>> {
        #[cfg(test)]
        super::steps::count();
        let index = self.next;
        let node = *self.doc.nodes.get(index).filter(|_| index < self.end)?;
        self.next = to_usize(node.next);
        Some(Value { doc: self.doc, index, node })
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
