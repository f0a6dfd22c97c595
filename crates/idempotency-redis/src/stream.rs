mod writer;

pub use writer::StreamWriter;

use bytes::Bytes;
use std::fmt;
use std::sync::Arc;
use wxhook_idempotency::Entry;

/// Shape of an entry on a stream.
type Form = dyn Fn(&Entry) -> Option<StreamEntry> + Send + Sync;

/// A stream that the records of a lane are put on as they are accepted, by [`RedisOptions::with_stream`].
///
/// The entry is added in the same atomic step that stores the record, and the record is Done from then on: generation 1,
/// attempt 1, under a fence, with the entry's id as its outcome. It is left Ready instead, for whoever claims the lane's
/// records, where
/// - an earlier record of its group is still Ready or Leased, so that a group keeps its order;
/// - the stream doesn't take it: another type of key, no right to write it;
/// - the caller has no form for it ([`Stream::new`]).
///
/// A record that starts Parked is never put on the stream, nor is one that [`begin`](wxhook_idempotency::Store::begin)
/// acquires, since its caller does the work. A duplicate adds nothing.
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
    /// The stream of this key, and what gives the form that an entry has on it. `form` runs before anything is sent; it
    /// must not block.
    pub fn new(
        key: impl Into<String>,
        form: impl Fn(&Entry) -> Option<StreamEntry> + Send + Sync + 'static,
    ) -> Self {
        Self { key: key.into(), max_len: None, form: Arc::new(form), observe: None }
    }

    /// Keeping about so many entries: when the stream grows longer its oldest go, read or not. They count as Done.
    #[must_use]
    pub fn with_max_len(mut self, entries: u64) -> Self {
        self.max_len = Some(entries);
        self
    }

    /// Is told of each new record whether it is on the stream (`true`), or was left Ready; must not block. What is parked
    /// isn't told, nor what was accepted without an answer.
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

/// The fields of an entry on a stream, in their order. `Debug` shows their names only.
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
    /// Its number, in digits.
    Seq,
    /// Its fence, in digits.
    Fence,
    /// Its key; that of a changed sibling isn't the entry's.
    Key,
    /// The same as a JSON string, as serde_json writes it.
    KeyJson,
    /// Its flags as a JSON array of strings, as serde_json writes it; a changed sibling has one more than the entry.
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

/// A field's value: texts, and [`Slot`]s between them. `Debug` leaves out the texts.
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
    /// This text.
    pub fn text(text: impl Into<Bytes>) -> Self {
        Self { first: text.into(), rest: Vec::new() }
    }

    /// Adds the value of this slot, and the text after it.
    #[must_use]
    pub fn slot(mut self, slot: Slot, text: impl Into<Bytes>) -> Self {
        self.rest.push((slot, text.into()));
        self
    }

    /// Texts and slots' names in turn; `stream.lua` puts them together.
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
