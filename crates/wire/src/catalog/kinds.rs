use std::fmt;

/// Which generation of the platform's notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Protocol {
    /// XML.
    V2,
    /// JSON.
    V3,
}

impl Protocol {
    /// `v2` or `v3`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2 => "v2",
            Self::V3 => "v3",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What hides an event's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cipher {
    /// Nothing.
    None,
    /// AES-256-GCM.
    AesGcm,
    /// AES-256-ECB (v2 refunds).
    AesEcb,
}

/// What happens to other content under a known key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConflictPolicy {
    /// It waits for a person.
    Park,
    /// It is handed on.
    Deliver,
}

/// The money that an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Money {
    /// A user paid.
    Payment,
    /// A user got money back.
    Refund,
    /// Money went to a user or another merchant, or between the merchant's own accounts.
    Transfer,
}

impl Money {
    /// Returns `payment`, `refund` or `transfer`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Refund => "refund",
            Self::Transfer => "transfer",
        }
    }
}

/// Who a notification is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Mode {
    /// Merchants that have their own contract with the platform (直连商户).
    Direct,
    /// Providers that act for sub-merchants (合作伙伴).
    Partner,
}

impl Mode {
    /// `direct` or `partner`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Partner => "partner",
        }
    }
}

/// A row of an edition of the platform's overview table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Row {
    /// Which edition.
    pub edition: &'static str,
    /// The Chinese title, to the letter.
    pub title: &'static str,
    /// Who it is for.
    pub modes: &'static [Mode],
    /// What stands behind `#` in its link; none means all variants.
    pub fragment: Option<&'static str>,
}

impl Row {
    /// Of these parts.
    pub const fn new(
        edition: &'static str,
        title: &'static str,
        modes: &'static [Mode],
        fragment: Option<&'static str>,
    ) -> Self {
        Self { edition, title, modes, fragment }
    }
}
