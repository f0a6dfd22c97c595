/// Wrong usage that only shows once the program runs, e.g. the name of an event that there isn't: exit code 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(String);

impl Usage {
    /// Says what is wrong, and what would be right.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}
