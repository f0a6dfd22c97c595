use bytes::Bytes;
use std::fmt;

/// SHA-256 of a notification's canonical resource, with the version of the canonical form.
///
/// Two deliveries of one notification have equal fingerprints; equal keys with different fingerprints are `Changed`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint {
    version: u8,
    digest: [u8; 32],
}

impl Fingerprint {
    /// Creates one from the canonical form's version and its SHA-256.
    pub const fn new(version: u8, digest: [u8; 32]) -> Self {
        Self { version, digest }
    }

    /// Version of the canonical form.
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// The 32 bytes of the digest.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The first 16 lower-case hex digits, which name a changed sibling: `<key>~<these>`.
    pub fn short(&self) -> String {
        self.hex(8)
    }

    /// The key of the sibling that other content with this fingerprint gets beside `key`.
    pub fn sibling_key(&self, key: &str) -> String {
        [key, "~", &self.short()].concat()
    }

    fn hex(&self, bytes: usize) -> String {
        let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
        let digits = self.digest.iter().take(bytes).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
        String::from_utf8(digits.collect()).unwrap_or_default()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.version, self.hex(32))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Labels that records are listed by. `Debug` leaves out the id and the numbers.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Labels {
    /// The merchant's configured name.
    pub merchant: String,
    /// The event's name, e.g. `TRANSACTION.SUCCESS` or `v2/transaction-success`.
    pub event: String,
    /// The event's variant, if it has any and one fits.
    pub variant: Option<String>,
    /// The notification id, where the protocol has one.
    pub id: Option<String>,
    /// Business numbers as (name, value), e.g. `("out_trade_no", "20150806125346")`.
    pub numbers: Vec<(String, String)>,
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Labels")
            .field("merchant", &self.merchant)
            .field("event", &self.event)
            .field("variant", &self.variant)
            .finish_non_exhaustive()
    }
}

/// Treatment of other content under a known key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnChanged {
    /// The sibling waits parked for a person: final payments and refunds.
    Park,
    /// The sibling is delivered like any other record.
    Deliver,
}

/// The state a new record starts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// Due at once.
    Ready,
    /// Kept for an operator, who is shown this reason: it becomes the record's `error`.
    Parked(&'static str),
}

/// A bound on how much one lane may hold, checked in the same atomic step as the insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LaneCap {
    /// Most records in the lane that aren't Done.
    pub records: u64,
    /// Most bytes of their bodies together.
    pub bytes: u64,
}

impl LaneCap {
    /// At most `records` records of together `bytes` bytes.
    pub const fn new(records: u64, bytes: u64) -> Self {
        Self { records, bytes }
    }
}

/// One notification, ready to be accepted.
///
/// `body` is opaque to the store and secret: it holds the opened content. `Debug` leaves it out, and so must every
/// backend's errors and logs.
#[derive(Clone)]
#[non_exhaustive]
pub struct Entry {
    /// The business key, e.g. `shop/TRANSACTION.SUCCESS/transaction_id=42…`.
    pub key: String,
    /// The same notification's keys by earlier versions of its key rule, looked up as well.
    pub older_keys: Vec<String>,
    /// Further names of the same notification (its id); see [`crate::Store::accept`].
    pub aliases: Vec<String>,
    /// Fingerprint of the canonical resource.
    pub fingerprint: Fingerprint,
    /// The same content's fingerprints by earlier versions of the canonical form, at most one for each version. What is
    /// stored with an earlier version is compared with the one of that version.
    pub older_fingerprints: Vec<Fingerprint>,
    /// Content that is stored and given to the sink.
    pub body: Bytes,
    /// Labels that it is listed by.
    pub labels: Labels,
    /// Remarks of the pipeline, e.g. `key-fallback`.
    pub flags: Vec<String>,
    /// The queue that it waits in; workers claim by lane.
    pub lane: String,
    /// Records of one group are handed on in the order of their acceptance, best effort.
    pub group: Option<String>,
    /// Treatment of other content under the same key.
    pub on_changed: OnChanged,
    /// The state it starts in.
    pub start: Start,
    /// After so many attempts that ended without a word (a crash, a lost lease) or with a retry, it parks.
    pub max_attempts: u32,
    /// If true, purging it leaves a tombstone, so that a replay is still recognized.
    pub keeps_tombstone: bool,
    /// A bound on its lane, if there is one.
    pub lane_cap: Option<LaneCap>,
}

impl Entry {
    /// An entry that starts Ready in `lane`, with no aliases, flags or group, delivered when changed, 100 attempts.
    pub fn new(
        key: impl Into<String>,
        fingerprint: Fingerprint,
        body: impl Into<Bytes>,
        lane: impl Into<String>,
    ) -> Self {
        Self {
            key: key.into(),
            older_keys: Vec::new(),
            aliases: Vec::new(),
            fingerprint,
            older_fingerprints: Vec::new(),
            body: body.into(),
            labels: Labels::default(),
            flags: Vec::new(),
            lane: lane.into(),
            group: None,
            on_changed: OnChanged::Deliver,
            start: Start::Ready,
            max_attempts: 100,
            keeps_tombstone: false,
            lane_cap: None,
        }
    }

    /// Returns its fingerprints in every version that it has one of, the present one first.
    pub fn fingerprints(&self) -> impl Iterator<Item = &Fingerprint> {
        std::iter::once(&self.fingerprint).chain(&self.older_fingerprints)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("fingerprint", &self.fingerprint.short())
            .field("lane", &self.lane)
            .field("flags", &self.flags)
            .field("start", &self.start)
            .finish_non_exhaustive()
    }
}
