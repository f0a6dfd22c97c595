use wxhook_wire::ConflictPolicy;

/// A way to send a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    First,
    Again,
    OneByteChanged,
    OtherContent,
    OtherMerchant,
    Stale,
    Probe,
}

/// What became of a request, besides its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handed {
    /// It was handed on, once.
    On,
    /// It was handed on, once, flagged as other content under a known key.
    Changed,
    /// Nothing was handed on, and nothing is new in the store.
    Nothing,
    /// It is in the store, flagged, and waits for a person.
    Parked,
}

/// What a request should come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) handed: Handed,
}

impl Step {
    pub(super) const ALL: [Self; 7] = [
        Self::First,
        Self::Again,
        Self::OneByteChanged,
        Self::OtherContent,
        Self::OtherMerchant,
        Self::Stale,
        Self::Probe,
    ];
    /// Those without a timestamp and a signature in the headers.
    pub(super) const V2: &'static [Self] =
        &[Self::First, Self::Again, Self::OneByteChanged, Self::OtherContent, Self::OtherMerchant];

    /// As the table says it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first time",
            Self::Again => "again",
            Self::OneByteChanged => "one byte changed",
            Self::OtherContent => "other content",
            Self::OtherMerchant => "wrong merchant",
            Self::Stale => "6 minutes old",
            Self::Probe => "as a probe",
        }
    }

    /// What it should come to, for an event that is treated like `on_changed` says.
    pub(super) fn expected(self, v3: bool, on_changed: ConflictPolicy) -> Expected {
        let (status, handed) = match self {
            Self::First => (200, Handed::On),
            Self::Again => (200, Handed::Nothing),
            Self::OtherContent if on_changed == ConflictPolicy::Park => (200, Handed::Parked),
            Self::OtherContent => (200, Handed::Changed),
            Self::OneByteChanged | Self::OtherMerchant | Self::Stale | Self::Probe => (401, Handed::Nothing),
        };
        let code = match (status, v3) {
            (200, _) => "SUCCESS",
            (_, true) => "SIGN_ERROR",
            (_, false) => "FAIL",
        };
        Expected { status, code, handed }
    }
}

impl Handed {
    /// As the table says it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::On => "yes",
            Self::Changed => "yes, flagged",
            Self::Nothing => "no",
            Self::Parked => "no, parked",
        }
    }
}
