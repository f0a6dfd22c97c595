use crate::options::{Error, RedisStreamSinkOptions};
use std::fmt;
use wxhook_delivery::{Delivery, Receipt, Sink, SinkError};
use wxhook_idempotency::{Entry, Error as StoreError};
use wxhook_idempotency_redis::{OpenError, RedisOptions, Slot, Stream, StreamEntry, StreamWriter, Template};
use wxhook_wire::Record;

/// The fields of a stream entry, in order.
const RECORD: &str = "record";
const SEQ: &str = "seq";
const GENERATION: &str = "generation";
const KEY: &str = "key";
const FENCE: &str = "fence";
const EVENT_TYPE: &str = "event_type";
const MERCHANT: &str = "merchant";

/// A sink that adds each record to a stream of a Redis or Valkey server.
///
/// An entry has the fields `record` (the event record, JSON), `seq`, `generation`, `key`, `fence`, `event_type` and
/// `merchant`. A record is done once the server has confirmed its entry; the id of the entry is the record's outcome. If
/// the confirmation is lost, the record is added again with the same `seq` and `generation`.
///
/// [`stream`](Self::stream) makes a [`RedisStore`](wxhook_idempotency_redis::RedisStore) on the same server add records
/// as it accepts them. The sink then only handles records that are sent again, or that had to wait for an earlier one of
/// their group.
pub struct RedisStreamSink {
    name: String,
    writer: StreamWriter,
}

impl RedisStreamSink {
    /// Creates a sink for a stream on the server at `url`. `name` is the sink's name in logs and metrics. The connection
    /// is made when it is first needed.
    ///
    /// # Errors
    /// [`Error::Stream`] if the URL can't be used.
    pub fn new(name: impl Into<String>, url: &str, options: RedisStreamSinkOptions) -> Result<Self, Error> {
        let RedisStreamSinkOptions { stream, max_len } = options;
        let writer = StreamWriter::new(url, stream, max_len, RedisOptions::default())
            .map_err(|error| Error::Stream(error.to_string()))?;
        Ok(Self { name: name.into(), writer })
    }

    /// Checks that the server can be reached, evicts nothing, and that the key is free or a stream. Adds no entry.
    ///
    /// # Errors
    /// The reason if the server can't be reached.
    pub async fn probe(&self) -> Result<(), (bool, String)> {
        self.writer.probe().await.map_err(|error| match error {
            OpenError::Unavailable { source, .. } => (true, reason(&source)),
            other => (false, other.to_string()),
        })
    }

    /// Returns the stream for a store's options: the store adds the entry that this sink would add at a record's first
    /// attempt.
    pub fn stream(options: RedisStreamSinkOptions) -> Stream {
        let stream = Stream::new(options.stream, entry);
        match options.max_len {
            Some(entries) => stream.with_max_len(entries),
            None => stream,
        }
    }
}

impl Sink for RedisStreamSink {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, SinkError> {
        let record = &delivery.record;
        let fields = [
            (RECORD, &*record.to_json()),
            (SEQ, &*record.seq.to_string()),
            (GENERATION, &*record.generation.to_string()),
            (KEY, &*record.key),
            (FENCE, &*delivery.fence.to_string()),
            (EVENT_TYPE, &*record.content.event_type),
            (MERCHANT, &*record.content.merchant),
        ];
        let id = self.writer.add(&fields).await.map_err(|error| SinkError::retry(reason(&error)))?;
        Ok(Receipt::with_outcome(id))
    }
}

impl fmt::Debug for RedisStreamSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStreamSink").field("name", &self.name).field("writer", &self.writer).finish()
    }
}

/// Returns the store's own text, which contains nothing of what was sent.
fn reason(error: &StoreError) -> String {
    match error {
        StoreError::Unavailable(cause) => cause.to_string(),
        other => other.to_string(),
    }
}

fn entry(entry: &Entry) -> Option<StreamEntry> {
    let record = Record::from_body(&entry.body, 0, "", 1, 1, Vec::new()).ok()?;
    let [before_seq, before_key, before_flags, end] = record.json_frame();
    let json = Template::text(before_seq)
        .slot(Slot::Seq, before_key)
        .slot(Slot::KeyJson, before_flags)
        .slot(Slot::FlagsJson, end);
    let fields = StreamEntry::default()
        .field(RECORD, json)
        .field(SEQ, Slot::Seq)
        .field(GENERATION, "1")
        .field(KEY, Slot::Key)
        .field(FENCE, Slot::Fence)
        .field(EVENT_TYPE, record.content.event_type.into_owned())
        .field(MERCHANT, record.content.merchant.into_owned());
    Some(fields)
}
