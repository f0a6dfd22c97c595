use crate::event::Misfit;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;

/// A notification that has no model here: a new event, or one that fits none of its event's variants.
///
/// `Debug` doesn't show its content.
#[derive(Clone)]
#[non_exhaustive]
pub struct Unknown {
    /// The event's name.
    pub event: String,
    /// The variant, if it is of one.
    pub variant: Option<String>,
    /// The resource as it came, JSON.
    pub resource: Box<RawValue>,
}

impl Unknown {
    /// Of a record's parts.
    ///
    /// # Errors
    /// [`Misfit`] where the resource isn't JSON.
    pub fn new(event: &str, variant: Option<&str>, resource: &str) -> Result<Self, Misfit> {
        let resource =
            RawValue::from_string(resource.to_owned()).map_err(|_| Misfit::custom("not valid JSON"))?;
        Ok(Self { event: event.to_owned(), variant: variant.map(str::to_owned), resource })
    }
}

impl PartialEq for Unknown {
    fn eq(&self, other: &Self) -> bool {
        let parts = |unknown: &Self| (unknown.event.clone(), unknown.variant.clone());
        parts(self) == parts(other) && self.resource.get() == other.resource.get()
    }
}

impl Serialize for Unknown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.resource.serialize(serializer)
    }
}

impl fmt::Debug for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unknown")
            .field("event", &self.event)
            .field("variant", &self.variant)
            .finish_non_exhaustive()
    }
}
