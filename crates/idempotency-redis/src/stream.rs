mod writer;

pub use writer::StreamWriter;

use bytes::Bytes;
use std::fmt;
use std::sync::Arc;
use wxhook_idempotency::Entry;

/// Converts an entry to the form that it has on a stream.
type Form = dyn Fn(&Entry) -> Option<StreamEntry> + Send + Sync;

/// A stream that the records of a lane are added to as they are accepted; see [`RedisOptions::with_stream`].
///
/// The entry is added in the same atomic step that stores the record. The record is then done, in generation 1 and
/// attempt 1, with a fence, and with the entry's id as its outcome. It is left ready instead, for a worker to claim, if
/// - an earlier record of its group is still ready or leased, so that a group keeps its order;
/// - the stream can't be written: the key has another type, or the user has no right to write it;
/// - the caller returns no entry for it ([`Stream::new`]).
///
/// A record that starts parked is never added to the stream. Neither is a record of
/// [`begin`](wxhook_idempotency::Store::begin), since its caller does the work. A duplicate adds nothing.
///
/// [`RedisOptions::with_stream`]: crate::RedisOptions::with_stream
#[derive(Clone)]
pub struct Stream {
    pub(crate) key: String,
    pub(crate) max_len: Option<u64>,
    form: Arc<Form>,
    observe: Option<Arc<dyn Fn(bool) + Send + Sync>>,
}

impl Stream {
    /// Creates a stream from its key and a function that returns the form of an entry on it. `form` runs before
    /// anything is sent; it must not block.
    pub fn new(
        key: impl Into<String>,
        form: impl Fn(&Entry) -> Option<StreamEntry> + Send + Sync + 'static,
    ) -> Self {
        Self { key: key.into(), max_len: None, form: Arc::new(form), observe: None }
    }

    /// Sets the approximate number of entries to keep. A longer stream loses its oldest entries, read or not; their
    /// records are done.
    #[must_use]
    pub fn with_max_len(mut self, entries: u64) -> Self {
        self.max_len = Some(entries);
        self
    }

    /// Sets a function that is called for each new record, with `true` if the record is on the stream and `false` if it
    /// was left ready. It must not block. It isn't called for parked records, or if the answer to an accept was lost.
    #[must_use]
    pub fn observe(mut self, observe: impl Fn(bool) + Send + Sync + 'static) -> Self {
        self.observe = Some(Arc::new(observe));
        self
    }

    pub(crate) fn form(&self, entry: &Entry) -> Option<StreamEntry> {
        (self.form)(entry)
    }

    pub(crate) fn tell(&self, added: bool) {
        if let Some(observe) = &self.observe {
            observe(added);
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("key", &self.key)
            .field("max_len", &self.max_len)
            .finish_non_exhaustive()
    }
}

/// The fields of a stream entry, in order. `Debug` shows only their names.
#[derive(Clone, Default)]
pub struct StreamEntry {
    pub(crate) fields: Vec<(&'static str, Template)>,
}

impl StreamEntry {
    /// Adds a field.
    #[must_use]
    pub fn field(mut self, name: &'static str, value: impl Into<Template>) -> Self {
        self.fields.push((name, value.into()));
        self
    }
}

impl fmt::Debug for StreamEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.fields.iter().map(|(name, _)| name)).finish()
    }
}

/// A value that only the store knows when it accepts a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Slot {
    /// The record's number, in digits.
    Seq,
    /// The record's fence, in digits.
    Fence,
    /// The record's key. A changed sibling has a different key than the entry.
    Key,
    /// The record's key as a JSON string, as serde_json writes it.
    KeyJson,
    /// The record's flags as a JSON array of strings, as serde_json writes it. A changed sibling has one more than the
    /// entry.
    FlagsJson,
}

impl Slot {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Seq => "seq",
            Self::Fence => "fence",
            Self::Key => "key",
            Self::KeyJson => "key-json",
            Self::FlagsJson => "flags-json",
        }
    }
}

/// The value of a field: texts with [`Slot`]s between them. `Debug` leaves out the texts.
///
/// ```
/// use wxhook_idempotency_redis::{Slot, Template};
///
/// // {"seq":42,"key":"shop/…"}
/// let record = Template::text("{\"seq\":").slot(Slot::Seq, ",\"key\":").slot(Slot::KeyJson, "}");
/// let number: Template = Slot::Seq.into();
/// ```
#[derive(Clone)]
pub struct Template {
    first: Bytes,
    rest: Vec<(Slot, Bytes)>,
}

impl Template {
    /// Creates a template from a text.
    pub fn text(text: impl Into<Bytes>) -> Self {
        Self { first: text.into(), rest: Vec::new() }
    }

    /// Adds the value of a slot and the text after it.
    #[must_use]
    pub fn slot(mut self, slot: Slot, text: impl Into<Bytes>) -> Self {
        self.rest.push((slot, text.into()));
        self
    }

    /// Returns texts and names of slots in turn; `stream.lua` joins them.
    pub(crate) fn into_pieces(self) -> Vec<Bytes> {
        let mut pieces = vec![self.first];
        for (slot, text) in self.rest {
            pieces.push(Bytes::from_static(slot.as_str().as_bytes()));
            pieces.push(text);
        }
        pieces
    }
}

impl From<Slot> for Template {
    fn from(slot: Slot) -> Self {
        Self::text("").slot(slot, "")
    }
}

impl From<String> for Template {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<&'static str> for Template {
    fn from(text: &'static str) -> Self {
        Self::text(text)
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rest.iter().map(|(slot, _)| slot)).finish()
    }
}
