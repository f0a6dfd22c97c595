use std::fmt;

/// A remark of the pipeline on a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Flag {
    /// Nothing proves where it came from but that it could be decrypted: every v2 refund.
    Unsigned,
    /// Other content under a known key.
    Changed,
    /// The merchant's own order says otherwise.
    Mismatch,
    /// The content names another merchant.
    OtherMerchant,
    /// No identifying number; the key is the notification id.
    KeyFallback,
    /// The plaintext isn't JSON and is given as a string.
    NotJson,
    /// It fits no variant, or not its model.
    Misfit,
    /// A question that nobody answers.
    Unanswered,
}

impl Flag {
    /// Every flag.
    pub const ALL: [Self; 8] = [
        Self::Unsigned,
        Self::Changed,
        Self::Mismatch,
        Self::OtherMerchant,
        Self::KeyFallback,
        Self::NotJson,
        Self::Misfit,
        Self::Unanswered,
    ];

    /// Its name in records, e.g. `key-fallback`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Changed => "changed",
            Self::Mismatch => "mismatch",
            Self::OtherMerchant => "other-merchant",
            Self::KeyFallback => "key-fallback",
            Self::NotJson => "not-json",
            Self::Misfit => "misfit",
            Self::Unanswered => "unanswered",
        }
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
