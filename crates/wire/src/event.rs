use crate::json::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;

/// A typed event. Extension crates implement it on equal terms with the built-in events.
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
    /// The variant that the type models; `None` for all of them.
    const VARIANT: Option<&'static str> = None;

    /// Decodes a record's `resource` (for XML the fields as an object of strings). Only events with variants look at
    /// `variant`.
    ///
    /// # Errors
    /// [`Misfit`] names the place that doesn't fit, never its content.
    fn decode(variant: Option<&str>, resource: &str) -> Result<Self, Misfit>;

    /// Decodes JSON that has been parsed already; models save parsing it again.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    fn decode_value(variant: Option<&str>, resource: Value<'_>) -> Result<Self, Misfit> {
        Self::decode(variant, resource.raw())
    }
}

impl<E: Event> Event for Box<E> {
    const NAME: &'static str = E::NAME;
    const VARIANT: Option<&'static str> = E::VARIANT;

    fn decode(variant: Option<&str>, resource: &str) -> Result<Self, Misfit> {
        E::decode(variant, resource).map(Self::new)
    }

    fn decode_value(variant: Option<&str>, resource: Value<'_>) -> Result<Self, Misfit> {
        E::decode_value(variant, resource).map(Self::new)
    }
}

/// The place where a resource doesn't fit its model. Names fields, never their contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    path: String,
    reason: &'static str,
}

impl Misfit {
    /// Creates a fault of the whole resource.
    pub const fn custom(reason: &'static str) -> Self {
        Self { path: String::new(), reason }
    }

    /// Returns the reason, which quotes nothing.
    pub const fn reason(&self) -> &'static str {
        self.reason
    }

    /// Returns the path of the field, e.g. `amount.total`; empty for the whole resource.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Puts the name of the member before the path.
    #[must_use]
    pub(crate) fn in_field(mut self, name: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = [name, dot, &self.path].concat();
        self
    }

    /// Puts the position in a list before the path.
    #[must_use]
    pub(crate) fn in_item(self, index: usize) -> Self {
        self.in_field(&format!("[{index}]"))
    }

    /// Puts a number behind the name of the field.
    #[must_use]
    pub(crate) fn with_number(mut self, number: u32) -> Self {
        self.path.push_str(&format!("_{number}"));
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(self.reason)
        } else {
            write!(f, "{}: {}", self.path, self.reason)
        }
    }
}

impl std::error::Error for Misfit {}

/// Decodes a resource into any type that serde knows.
///
/// # Errors
/// [`Misfit`] with the path of the first field that doesn't fit.
pub fn decode<T: DeserializeOwned>(resource: &str) -> Result<T, Misfit> {
    serde_json::from_str(resource).map_err(|_| locate::<T>(resource))
}

/// Encodes an event as JSON.
///
/// # Errors
/// [`Misfit`] where it has no form in JSON, e.g. a map whose keys aren't strings.
pub fn encode<T: Serialize>(event: &T) -> Result<String, Misfit> {
    serde_json::to_string(event).map_err(|_| Misfit::custom("can't be written as JSON"))
}

/// Decodes once more, slower, to find the path; serde's own message would quote the content.
#[cold]
fn locate<T: DeserializeOwned>(resource: &str) -> Misfit {
    use serde_json::error::Category;
    let deserializer = &mut serde_json::Deserializer::from_str(resource);
    match serde_path_to_error::deserialize::<_, T>(deserializer) {
        Ok(_) => Misfit::custom("trailing characters"),
        Err(error) => {
            let reason = match error.inner().classify() {
                Category::Data => "missing, or of another type than its model",
                Category::Eof => "cut off",
                Category::Syntax | Category::Io => "not valid JSON",
            };
            let path = error.path().to_string();
            Misfit { path: if path == "." { String::new() } else { path }, reason }
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
