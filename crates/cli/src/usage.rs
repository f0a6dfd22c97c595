/// Wrong usage that is found while the program runs, e.g. an unknown event: exit code 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(String);

impl Usage {
    /// Creates it with a message: what is wrong, and how to fix it.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}
