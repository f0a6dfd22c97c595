use std::fmt;

/// A v2 notification of deposit-free rent or stay before it is encrypted.
///
/// `Debug` doesn't show the fields.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DepositFree {
    /// `CHECK.SUCCESS`, `CHECK.FAIL`, `TRANSACTION.SUCCESS` or `TRANSACTION.FAIL`.
    pub event_type: String,
    /// The notification's id.
    pub event_id: String,
    /// `yyyyMMddHHmmss`.
    pub event_create_time: String,
    /// The merchant's application.
    pub appid: String,
    /// Authenticated along with the fields; may be empty.
    pub associated_data: String,
    /// The fields to encrypt, as XML.
    pub fields: Vec<(String, String)>,
}

impl DepositFree {
    /// Creates a notification with an example's creation time and application, and no associated data.
    pub fn new(
        event_type: impl Into<String>,
        event_id: impl Into<String>,
        fields: Vec<(String, String)>,
    ) -> Self {
        Self {
            event_type: event_type.into(),
            event_id: event_id.into(),
            event_create_time: "20180608103456".to_owned(),
            appid: "wx2421b1c4370ec43b".to_owned(),
            associated_data: String::new(),
            fields,
        }
    }
}

impl fmt::Debug for DepositFree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DepositFree")
            .field("event_type", &self.event_type)
            .field("event_id", &self.event_id)
            .finish_non_exhaustive()
    }
}
