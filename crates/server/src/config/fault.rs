use super::store::StoreConfig;
use serde::Serialize;
use std::fmt;

/// A fault of a configuration: where it is, what is wrong and how to fix it. Never holds a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    #[serde(rename = "where")]
    place: String,
    what: String,
    fix: String,
}

impl Fault {
    /// Creates a fault. No text may hold a value or anything secret.
    pub fn new(place: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), fix: fix.into() }
    }

    /// Returns the place: file, line and key, or the environment variable.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Returns what is wrong.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Returns how to fix it.
    pub fn fix(&self) -> &str {
        &self.fix
    }
}

impl fmt::Display for Fault {
    /// One line, whatever a file's name or a key holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", one_line(&self.place), one_line(&self.what), one_line(&self.fix))
    }
}

/// A merchant's API key that can't be used, for example because it was cut. Never shows the key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnusableKey {
    /// Name of the merchant.
    pub merchant: String,
    /// `api_v3_key` or `api_v2_key`, also if a file holds it.
    pub key: &'static str,
    /// The fault.
    pub fault: Fault,
}

/// All faults of a configuration, at least one; prints one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    faults: Vec<Fault>,
    store: Option<Box<StoreConfig>>,
}

impl ConfigErrors {
    /// Returns the faults, for the most part in the order of the file.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Returns the store's configuration if the file could be parsed, so that the store can be checked, too.
    pub fn store(&self) -> Option<&StoreConfig> {
        self.store.as_deref()
    }

    pub(super) fn new(faults: Vec<Fault>, store: Option<StoreConfig>) -> Self {
        Self { faults, store: store.map(Box::new) }
    }
}

impl From<Fault> for ConfigErrors {
    fn from(fault: Fault) -> Self {
        Self::new(vec![fault], None)
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.faults.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ConfigErrors {}

/// Escapes the control characters of a text.
pub(super) fn one_line(text: &str) -> String {
    let escape = |character: char| {
        if character.is_control() { character.escape_default().to_string() } else { character.into() }
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_one_line() {
        let fault = Fault::new("a\nb.toml:3", "no\r\nsuch file", "create\tit");
        assert_eq!(fault.to_string(), r"a\nb.toml:3: no\r\nsuch file; create\tit");
        let errors = ConfigErrors::new(vec![fault.clone(), fault], None);
        assert_eq!(errors.to_string().lines().count(), 2);
    }
}
