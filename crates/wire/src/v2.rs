//! The v2 protocol: flat XML, told apart by its fields.

mod fields;
mod names;
pub(crate) mod xml;

pub use fields::Fields;
pub use names::FieldNames;

/// Most bytes of a v2 body.
pub const MAX_BYTES: usize = 64 * 1024;
/// Most fields of a v2 body.
pub const MAX_FIELDS: usize = 200;
/// The name of a v2 notification of no known kind.
pub const UNKNOWN: &str = "v2/unknown";
/// Fields that differ between two deliveries of one notification and so aren't in its fingerprint, no more than empty ones.
pub const NOT_IN_FINGERPRINT: [&str; 4] = ["sign", "sign_type", "algorithm", "nonce_str"];

/// The way a v2 notification hides its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// In its fields.
    Plain,
    /// In `req_info`, AES-256-ECB, with no `sign`: a refund.
    Refund,
    /// In `event_ciphertext`, AEAD, beside a `sign`: deposit-free rent and stay.
    DepositFree,
}

impl Shape {
    /// Returns the shape that the fields tell. Empty fields tell nothing, because nobody signs them; without a `sign` an
    /// empty `req_info` is a refund's, too.
    pub fn detect(fields: &Fields) -> Self {
        let has = |name| fields.get(name).is_some_and(|value| !value.is_empty());
        if has("req_info") || (fields.get("req_info").is_some() && !has("sign")) {
            Self::Refund
        } else if has("event_ciphertext") {
            Self::DepositFree
        } else {
            Self::Plain
        }
    }

    /// The field that is opened and the name that its content gets in the record, if this shape hides any.
    pub const fn opened(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Plain => None,
            Self::Refund => Some(("req_info", "req_info")),
            Self::DepositFree => Some(("event_ciphertext", "event")),
        }
    }
}
