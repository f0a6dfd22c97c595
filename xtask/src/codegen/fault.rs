use std::fmt;

/// Something wrong in an input, on one line: where, what, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    place: String,
    what: String,
    mend: String,
}

impl Fault {
    /// `place` is a file, from the root, and what of it.
    pub(crate) fn new(place: impl fmt::Display, what: impl fmt::Display, mend: impl fmt::Display) -> Self {
        Self { place: place.to_string(), what: what.to_string(), mend: mend.to_string() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.what, self.mend)
    }
}

/// The faults of a test's input as text.
#[cfg(test)]
pub(crate) fn texts(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(Fault::to_string).collect()
}
