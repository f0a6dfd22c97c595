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
    /// Creates a fingerprint: the version of the canonical form and the SHA-256 of the content in that form.
    pub const fn new(version: u8, digest: [u8; 32]) -> Self {
        Self { version, digest }
    }

    /// Returns the version of the canonical form.
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// Returns the 32 bytes of the digest.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Returns the first 16 lowercase hex digits, which name a changed sibling: `<key>~<digits>`.
    pub fn short(&self) -> String {
        self.hex(8)
    }

    /// Returns the key of a sibling of `key` whose content has this fingerprint.
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

/// The labels that records are listed by. `Debug` leaves out the id and the numbers.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Labels {
    /// The merchant's configured name.
    pub merchant: String,
    /// The event's name, e.g. `TRANSACTION.SUCCESS` or `v2/transaction-success`.
    pub event: String,
    /// The event's variant, if one matches.
    pub variant: Option<String>,
    /// The notification id, if the protocol has one.
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

/// The treatment of different content under a known key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnChanged {
    /// The sibling is parked for an operator. For final payments and refunds.
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
    /// Parked for an operator, with this reason as the record's `error`.
    Parked(&'static str),
}

/// A limit on the content of one lane, checked in the same atomic step as the insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LaneCap {
    /// Maximum number of records in the lane that aren't done.
    pub records: u64,
    /// Maximum total size of their bodies in bytes.
    pub bytes: u64,
}

impl LaneCap {
    /// Creates a limit of `records` records and a total of `bytes` bytes.
    pub const fn new(records: u64, bytes: u64) -> Self {
        Self { records, bytes }
    }
}

/// One notification, ready to be accepted.
///
/// The store never interprets `body`, which is secret: it holds the decrypted content. `Debug` leaves it out, and the
/// errors and logs of every backend must do so, too.
#[derive(Clone)]
#[non_exhaustive]
pub struct Entry {
    /// The business key, e.g. `shop/TRANSACTION.SUCCESS/transaction_id=42…`.
    pub key: String,
    /// Keys of the same notification under earlier versions of its key rule, which are also looked up.
    pub older_keys: Vec<String>,
    /// Further names of the same notification (its id); see [`crate::Store::accept`].
    pub aliases: Vec<String>,
    /// Fingerprint of the canonical resource.
    pub fingerprint: Fingerprint,
    /// Fingerprints of the same content under earlier versions of the canonical form, at most one per version. A record
    /// that was stored with an earlier version is compared with the fingerprint of that version.
    pub older_fingerprints: Vec<Fingerprint>,
    /// Body that is stored and delivered to the sink.
    pub body: Bytes,
    /// Labels that the record is listed by.
    pub labels: Labels,
    /// Remarks of the pipeline, e.g. `key-fallback`.
    pub flags: Vec<String>,
    /// Queue that the record waits in; workers claim by lane.
    pub lane: String,
    /// Group whose records are delivered in the order of their acceptance, as far as possible.
    pub group: Option<String>,
    /// Treatment of different content under the same key.
    pub on_changed: OnChanged,
    /// State that the record starts in.
    pub start: Start,
    /// Maximum number of attempts that end in a retry or without a result (a crash, a lost lease). Then the record is
    /// parked.
    pub max_attempts: u32,
    /// True if purging the record leaves a tombstone, so that a replay is still recognized.
    pub keeps_tombstone: bool,
    /// Limit on the lane, if there is one.
    pub lane_cap: Option<LaneCap>,
}

impl Entry {
    /// Creates an entry that starts ready in `lane`, without aliases, flags or group. It is delivered even if it is
    /// changed, and has 100 attempts.
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

    /// Returns the fingerprints in all available versions, the current one first.
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
