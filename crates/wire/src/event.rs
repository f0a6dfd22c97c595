use crate::json::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;

/// A typed event: what extension crates implement, on equal terms with the built-in ones.
///
/// ```
/// use wxhook_wire::{Event, Fen, Misfit};
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct PointsGranted { card: String, points: Fen }
///
/// impl Event for PointsGranted {
///     const NAME: &'static str = "LOYALTY.POINTS_GRANTED";
///     fn decode(_variant: Option<&str>, resource: &str) -> Result<Self, Misfit> {
///         wxhook_wire::decode(resource)
///     }
/// }
/// assert_eq!(PointsGranted::decode(None, r#"{"card":"7","points":"12"}"#).unwrap().points, Fen::new(12));
/// ```
pub trait Event: Sized + Send + 'static {
    /// The event's name: the bare `event_type` for JSON, `v2/<name>` for XML.
    const NAME: &'static str;
    /// The variant that it is the model of; `None` for all of them.
    const VARIANT: Option<&'static str> = None;

    /// From a record's `variant` and `resource` (for XML the fields as an object of strings). The variant tells an event
    /// with variants which of them it is; others don't look at it.
    ///
    /// # Errors
    /// [`Misfit`] says where it doesn't fit, never what stood there.
    fn decode(variant: Option<&str>, resource: &str) -> Result<Self, Misfit>;

    /// The same from JSON that has been read already; models save reading it again.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    fn decode_value(variant: Option<&str>, resource: Value<'_>) -> Result<Self, Misfit> {
        Self::decode(variant, resource.raw())
    }
}

/// Where a resource doesn't fit its model. Names fields, never their contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    at: String,
    what: &'static str,
}

impl Misfit {
    /// A fault of the whole resource.
    pub const fn custom(what: &'static str) -> Self {
        Self { at: String::new(), what }
    }

    /// What is wrong, in words that quote nothing.
    pub const fn reason(&self) -> &'static str {
        self.what
    }

    /// The same fault, seen from the object whose member it is in.
    #[must_use]
    pub(crate) fn in_field(mut self, name: &str) -> Self {
        let dot = if self.at.is_empty() || self.at.starts_with('[') { "" } else { "." };
        self.at.insert_str(0, dot);
        self.at.insert_str(0, name);
        self
    }

    /// The same fault, seen from the list.
    #[must_use]
    pub(crate) fn in_item(self, index: usize) -> Self {
        self.in_field(&format!("[{index}]"))
    }

    /// The same fault, in a field with a number behind its name.
    #[must_use]
    pub(crate) fn with_number(mut self, number: u32) -> Self {
        self.at.push_str(&format!("_{number}"));
        self
    }

    /// The path of the field, e.g. `amount.total`; empty for the whole.
    pub fn path(&self) -> &str {
        &self.at
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at.is_empty() { f.write_str(self.what) } else { write!(f, "{}: {}", self.at, self.what) }
    }
}

impl std::error::Error for Misfit {}

/// Decodes a resource into a model that serde knows.
///
/// # Errors
/// [`Misfit`] with the path of the first field that doesn't fit.
pub fn decode<T: DeserializeOwned>(resource: &str) -> Result<T, Misfit> {
    serde_json::from_str(resource).map_err(|_| locate::<T>(resource))
}

/// Writes an event as JSON.
///
/// # Errors
/// [`Misfit`] where it has no form in JSON, e.g. a map whose keys aren't strings.
pub fn encode<T: Serialize>(event: &T) -> Result<String, Misfit> {
    serde_json::to_string(event).map_err(|_| Misfit::custom("it can't be written as JSON"))
}

/// Decodes once more, slower, to find the path; serde's own message would quote the content.
#[cold]
fn locate<T: DeserializeOwned>(resource: &str) -> Misfit {
    use serde_json::error::Category;
    let deserializer = &mut serde_json::Deserializer::from_str(resource);
    match serde_path_to_error::deserialize::<_, T>(deserializer) {
        Ok(_) => Misfit::custom("something stands behind the end"),
        Err(error) => {
            let what = match error.inner().classify() {
                Category::Data => "missing, or of another type than its model",
                Category::Eof => "cut off",
                Category::Syntax | Category::Io => "not valid JSON",
            };
            let path = error.path().to_string();
            Misfit { at: if path == "." { String::new() } else { path }, what }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Serialize, serde::Deserialize)]
    struct Outer {
        inner: Vec<Inner>,
    }

    #[derive(Debug, serde::Serialize, serde::Deserialize)]
    struct Inner {
        amount: crate::Fen,
    }

    #[test]
    fn a_misfit_names_the_field_and_not_its_content() {
        let misfit = decode::<Outer>(r#"{"inner":[{"amount":1},{"amount":"s3cret"}]}"#).unwrap_err();
        assert_eq!(misfit.path(), "inner[1].amount");
        assert!(!format!("{misfit} {misfit:?}").contains("s3cret"));
    }

    #[test]
    fn what_was_decoded_is_encoded() {
        let outer: Outer = decode(r#"{"inner": [{"amount": "7"}]}"#).unwrap();
        assert_eq!(encode(&outer).unwrap(), r#"{"inner":[{"amount":7}]}"#);
    }
}
