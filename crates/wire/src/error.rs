/// Why bytes aren't what they should be on the wire. Never holds any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not JSON, or nested deeper than [`crate::json::MAX_DEPTH`].
    #[error("not valid JSON")]
    Json,
    /// A v3 envelope without a part that it needs.
    #[error("the envelope has no usable {0}")]
    Envelope(&'static str),
    /// XML that this protocol doesn't have.
    #[error("unusable XML: {0}")]
    Xml(&'static str),
}
