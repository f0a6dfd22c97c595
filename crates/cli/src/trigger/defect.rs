use std::fmt;
use std::time::Duration;

use wxhook_simulator::Fault;

use crate::args::TriggerArgs;

/// Signatures are accepted for so long.
const TOLERANCE: Duration = Duration::from_secs(300);

/// The reason for which a receiver must reject what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Defect {
    Fault(Fault),
    /// It was signed too long ago.
    Age,
}

impl Defect {
    /// Returns [`Age`](Self::Age) where `--age` is more than a receiver accepts.
    pub(super) fn of_age(args: &TriggerArgs) -> Option<Self> {
        args.age.filter(|age| *age > TOLERANCE).map(|_| Self::Age)
    }

    /// Returns what is changed in the notification, if something is.
    pub(super) const fn fault(self) -> Option<Fault> {
        match self {
            Self::Fault(fault) => Some(fault),
            Self::Age => None,
        }
    }

    /// Returns the option that asks for it.
    pub(super) const fn option(self) -> &'static str {
        match self {
            Self::Fault(Fault::Tamper(_)) => "--tamper",
            Self::Fault(_) => "--probe",
            Self::Age => "--age",
        }
    }

    /// Returns what was sent, for people.
    pub(super) fn described(self) -> String {
        match self {
            Self::Fault(Fault::Tamper(what)) => format!("another {what}"),
            Self::Fault(_) => "a probe".to_owned(),
            Self::Age => "an old signature".to_owned(),
        }
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => fault.fmt(f),
            Self::Age => f.write_str("age"),
        }
    }
}
