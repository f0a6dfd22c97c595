use crate::opened::Opened;

/// A condition over an opened notification. Paths are dotted; "present" is neither missing, null nor empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum When {
    /// Holds for all.
    Always,
    /// Present in the content.
    Present(&'static str),
    /// Has this text in the content.
    Equals(&'static str, &'static str),
    /// Present in the envelope (v2: a field as received).
    EnvelopePresent(&'static str),
    /// Has this text in the envelope (v2: a field as received).
    EnvelopeEquals(&'static str, &'static str),
    /// All of them hold.
    All(&'static [When]),
    /// One of them holds.
    Any(&'static [When]),
}

impl When {
    /// Whether it holds.
    pub fn holds(&self, opened: &Opened<'_>) -> bool {
        match self {
            Self::Always => true,
            Self::Present(path) => opened.has(path),
            Self::Equals(path, text) => opened.text(path).is_some_and(|found| found == *text),
            Self::EnvelopePresent(path) => opened.envelope_text(path).is_some_and(|text| !text.is_empty()),
            Self::EnvelopeEquals(path, text) => opened.envelope_text(path) == Some(*text),
            Self::All(conditions) => conditions.iter().all(|condition| condition.holds(opened)),
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds(opened)),
        }
    }
}
