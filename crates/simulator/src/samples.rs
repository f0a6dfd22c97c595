//! Realistic notifications: any number of distinct ones of each kind.
//!
//! Fields and values are those of the documents' examples; the case's number determines the identifiers of a notification.

pub mod v2;
pub mod v3;

/// The values that vary between samples of one kind.
///
/// Two cases with different numbers are two notifications with different business keys and different ids. Each number
/// has two contents with the same key and the same id: see [`changed`](Self::changed).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Case {
    mchid: String,
    number: u32,
    changed: bool,
}

impl Case {
    /// The notification of this number to this merchant.
    pub fn new(mchid: impl Into<String>, number: u32) -> Self {
        Self { mchid: mchid.into(), number, changed: false }
    }

    /// The same notification, by its key, with other content in one place outside the key.
    pub fn changed(&self) -> Self {
        Self { changed: true, ..self.clone() }
    }

    /// `$number` is ten digits.
    fn fill(&self, template: &str, mchid: &str) -> String {
        template.replace("$number", &format!("{:010}", self.number)).replace("$mchid", mchid)
    }
}
