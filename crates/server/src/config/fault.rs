use super::store::StoreConfig;
use std::fmt;

/// One thing that is wrong with a configuration: where, what, and how to mend it. Never shows a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    place: String,
    what: String,
    fix: String,
}

impl Fault {
    /// At this place, of what and how to mend it: no value, and nothing secret.
    pub fn new(place: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), fix: fix.into() }
    }

    /// Where: file, line and key, or the environment variable.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What is wrong there.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// How to mend it.
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

/// That a merchant's API key can't be used, e.g. because it was cut. Never shows the key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyFault {
    /// The merchant's name in the configuration.
    pub merchant: String,
    /// `api_v3_key` or `api_v2_key`, wherever its value stands.
    pub key: &'static str,
    /// Where, what and how to mend it.
    pub fault: Fault,
}

/// Everything that is wrong with a configuration, at least one [`Fault`]; prints one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    faults: Vec<Fault>,
    store: Option<Box<StoreConfig>>,
}

impl ConfigErrors {
    /// The faults, in the order of the configuration where it is known.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Where records would be kept, as far as the configuration could be read: so that this can be looked at, too.
    pub fn store(&self) -> Option<&StoreConfig> {
        self.store.as_deref()
    }

    /// With one more fault.
    #[must_use]
    pub fn and(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
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
        for (at, fault) in self.faults.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            fmt::Display::fmt(fault, f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Text with its control characters escaped.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

/// A name out of the configuration as a message shows it: escaped, at most 64 characters.
pub(super) fn shown(name: &str) -> String {
    let line = one_line(name);
    match line.char_indices().nth(64) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_one_line() {
        let fault = Fault::new("a\nb.toml:3", "no\r\nsuch file", "create\tit");
        assert_eq!(fault.to_string(), r"a\nb.toml:3: no\r\nsuch file; create\tit");
        let errors = ConfigErrors::from(fault.clone()).and(fault);
        assert_eq!(errors.to_string().lines().count(), 2);
    }

    #[test]
    fn names_are_cut() {
        assert_eq!(shown("名".repeat(64).as_str()), "名".repeat(64));
        assert_eq!(shown("名".repeat(65).as_str()), format!("{}…", "名".repeat(64)));
    }
}
