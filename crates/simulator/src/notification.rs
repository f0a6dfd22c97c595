use std::fmt;

/// A v3 notification before it is encrypted.
///
/// `Debug` doesn't show the resource.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notification {
    /// The notification's id.
    pub id: String,
    /// RFC 3339.
    pub create_time: String,
    /// E.g. `TRANSACTION.SUCCESS`.
    pub event_type: String,
    /// `encrypt-resource`.
    pub resource_type: String,
    /// Text for people.
    pub summary: String,
    /// Tells variants apart, e.g. `transaction`; left out of the envelope where `None`.
    pub original_type: Option<String>,
    /// Authenticated along with the resource; left out of the envelope where `None`.
    pub associated_data: Option<String>,
    /// The plaintext, JSON.
    pub resource: String,
}

impl Notification {
    /// Creates a notification with an example's creation time, an empty summary, no original type or associated data.
    pub fn new(id: impl Into<String>, event_type: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            create_time: "2018-06-08T10:34:56+08:00".to_owned(),
            event_type: event_type.into(),
            resource_type: "encrypt-resource".to_owned(),
            summary: String::new(),
            original_type: None,
            associated_data: None,
            resource: resource.into(),
        }
    }
}

impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notification")
            .field("id", &self.id)
            .field("event_type", &self.event_type)
            .finish_non_exhaustive()
    }
}
