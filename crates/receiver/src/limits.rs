use std::time::Duration;

/// What a request may cost. Every bound has a default that suits a merchant's system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Most bytes of a body (v2 bodies: at most 64 KiB of them). 256 KiB.
    pub body: usize,
    /// Most bytes of all bodies that are being received or looked at. 64 MiB.
    pub in_flight: usize,
    /// How long a body may take to arrive. 8 s.
    pub body_within: Duration,
    /// How long after its body a request is answered at the latest, whatever the store does. 1.9 s, so that the answer
    /// is there within the platform's 2 s.
    pub reply_within: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: wxhook_wire::v3::MAX_BYTES,
            in_flight: 64 * 1024 * 1024,
            body_within: Duration::from_secs(8),
            reply_within: Duration::from_millis(1_900),
        }
    }
}
