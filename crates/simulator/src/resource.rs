use std::fmt;

use crate::Error;
use crate::tree::Tree;

/// A notification's resource, for edits before it is sent. Numbers and strings keep their written form.
///
/// The resource of a v2 notification is the same as in its record: the fields as an object of strings, with hidden
/// content (`req_info`, `event`) opened in place. `Debug` doesn't show the resource.
///
/// ```
/// let mut resource = wxhook_simulator::Resource::parse(r#"{"id":"7","amount":{"total":1.50},"goods":[{"price":5}]}"#)?;
/// resource.set("amount.total", "100")?;
/// resource.set("goods.0.name", "tea")?;
/// resource.unset("id")?;
/// assert_eq!(resource.to_json(), r#"{"amount":{"total":100},"goods":[{"price":5,"name":"tea"}]}"#);
/// # Ok::<(), wxhook_simulator::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Resource(Tree);

impl Resource {
    /// Parses a JSON object.
    ///
    /// # Errors
    /// [`Error::Resource`] for anything else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Tree::parse(text).filter(Tree::is_object).map(Self).ok_or(Error::Resource("is no JSON object"))
    }

    /// Sets the value at a dotted path: as JSON if it is valid JSON, else as text. Missing parents are created.
    ///
    /// A number in the path is an index of a list (the list's length appends); a name in a list means that member of
    /// every element.
    ///
    /// # Errors
    /// [`Error::Path`] if the path is empty, leads through a scalar, or to a missing element.
    pub fn set(&mut self, path: &str, value: &str) -> Result<(), Error> {
        let value = Tree::parse(value).unwrap_or_else(|| Tree::string(value));
        if is_path(path) && self.0.set(path, &value) { Ok(()) } else { Err(Error::Path) }
    }

    /// Removes the value at a dotted path.
    ///
    /// # Errors
    /// [`Error::Path`] if there is none.
    pub fn unset(&mut self, path: &str) -> Result<(), Error> {
        if is_path(path) && self.0.remove(path) { Ok(()) } else { Err(Error::Path) }
    }

    /// Returns the resource as compact JSON.
    pub fn to_json(&self) -> String {
        self.0.to_json()
    }

    pub(crate) const fn of(tree: Tree) -> Self {
        Self(tree)
    }

    pub(crate) const fn tree(&self) -> &Tree {
        &self.0
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource").finish_non_exhaustive()
    }
}

fn is_path(path: &str) -> bool {
    path.split('.').all(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_json_or_else_text() {
        for (value, expected) in [
            ("5", "5"),
            ("1008450740201411110005820873", "1008450740201411110005820873"),
            ("null", "null"),
            (r#""5""#, r#""5""#),
            (r#"{"a": []}"#, r#"{"a":[]}"#),
            ("SUCCESS", r#""SUCCESS""#),
            ("", r#""""#),
            ("0123", r#""0123""#),
        ] {
            let mut resource = Resource::parse("{}").unwrap();
            resource.set("x", value).unwrap();
            assert_eq!(resource.to_json(), format!(r#"{{"x":{expected}}}"#), "{value}");
        }
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        let mut resource = Resource::parse(r#"{"a":1}"#).unwrap();
        for path in ["", ".", "a.", ".a", "a..b", "a.b"] {
            assert!(matches!(resource.set(path, "1"), Err(Error::Path)), "{path}");
            assert!(matches!(resource.unset(path), Err(Error::Path)), "{path}");
        }
        assert!(matches!(resource.unset("b"), Err(Error::Path)));
        for text in ["", "[]", "1", "{"] {
            assert!(matches!(Resource::parse(text), Err(Error::Resource(_))), "{text}");
        }
        assert!(!format!("{resource:?}").contains('1'));
    }
}
