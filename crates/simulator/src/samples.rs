//! Real-looking notifications, as many distinct ones of each kind as wanted.
//!
//! Fields and values are those of the documents' examples; what identifies a notification is made of the case's number.

pub mod v2;
pub mod v3;

/// What varies from one sample to the next of its kind.
///
/// Two cases with different numbers are two notifications with different business keys and different ids. Of one number,
/// there are two contents with the same key and the same id: see [`changed`](Self::changed).
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
