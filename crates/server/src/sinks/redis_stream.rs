use crate::config::RedisStreamSinkConfig;
use crate::error::Error;
use std::fmt;
use wxhook_delivery::{Delivery, Receipt, Sink, SinkError};
use wxhook_idempotency::{Entry, Error as StoreError};
use wxhook_idempotency_redis::{OpenError, RedisOptions, Slot, Stream, StreamEntry, StreamWriter, Template};
use wxhook_wire::Record;

/// The fields of an entry, in their order.
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
/// `merchant`. A record is done once the server has said that the entry is there; its id is the record's outcome. When
/// the answer is lost the record is added again: `seq` and `generation` tell.
///
/// Where the stream is on the store's server, [`Server`](crate::Server) has the store add records as they are accepted,
/// with the same fields; this sink is for those that are sent again, or that wait for an earlier one of their group.
pub struct RedisStreamSink {
    name: String,
    writer: StreamWriter,
}

impl RedisStreamSink {
    /// Adds to what the configuration names; `name` is the sink's name in logs and metrics. It connects when it is first
    /// needed.
    ///
    /// # Errors
    /// [`Error::Sink`] where the URL can't be used.
    pub fn new(name: impl Into<String>, config: &RedisStreamSinkConfig) -> Result<Self, Error> {
        let options = RedisOptions::default();
        let writer = StreamWriter::new(config.url.reveal(), config.stream.as_str(), config.max_len, options)
            .map_err(|error| Error::Sink(config.fault(&error.to_string())))?;
        Ok(Self { name: name.into(), writer })
    }

    /// Checks that the server is there, evicts nothing, and that the key is a stream's or free; adds nothing.
    ///
    /// # Errors
    /// The reason, and whether it is that nobody answers.
    pub(crate) async fn probe(&self) -> Result<(), (bool, String)> {
        self.writer.probe().await.map_err(|error| match error {
            OpenError::Unavailable { source, .. } => (true, why(&source)),
            other => (false, other.to_string()),
        })
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
        let id = self.writer.add(&fields).await.map_err(|error| SinkError::retry(why(&error)))?;
        Ok(Receipt::with_outcome(id))
    }
}

impl fmt::Debug for RedisStreamSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStreamSink").field("name", &self.name).field("writer", &self.writer).finish()
    }
}

/// The store's text for it, which holds nothing of what was sent.
fn why(error: &StoreError) -> String {
    match error {
        StoreError::Unavailable(cause) => cause.to_string(),
        other => other.to_string(),
    }
}

/// The stream as the store adds to it: the entry that the sink would add at a record's first attempt.
pub(crate) fn at_accept(config: &RedisStreamSinkConfig) -> Stream {
    let stream = Stream::new(config.stream.as_str(), form);
    match config.max_len {
        Some(entries) => stream.with_max_len(entries),
        None => stream,
    }
}

fn form(entry: &Entry) -> Option<StreamEntry> {
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
