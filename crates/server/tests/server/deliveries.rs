//! Records as sinks are given them, and sinks as the configuration makes them.

use crate::folder::{Folder, SMALL};
use std::sync::Arc;
use wxhook_delivery::Delivery;
use wxhook_idempotency::{Clock, SystemClock};
use wxhook_server::{Error, FileSink, FileSinkConfig, HttpSink, RedisStreamSink, SinkConfig};
use wxhook_wire::{Content, ProofKind, Protocol, Record};

/// What a record holds that may be nowhere but in it.
pub(crate) const CONTENT: &str = "s3cret content";

/// The record of this number, in its second generation, claimed for the third time.
pub(crate) fn delivery(seq: u64) -> Delivery {
    keyed(seq, &format!("shop/TRANSACTION.SUCCESS/transaction_id={seq}"))
}

pub(crate) fn keyed(seq: u64, key: &str) -> Delivery {
    let content = Content::new("shop", Protocol::V3, ProofKind::Rsa, "PAID", "2026-01-01T00:00:00.000Z");
    let body = content.to_body(&format!(r#"{{"n":{seq},"note":"{CONTENT} 备注"}}"#)).unwrap();
    Delivery::new(Record::from_body(&body, seq, key, 2, 3, Vec::new()).unwrap(), 7_000_000_000 + seq)
}

pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::default())
}

/// The HTTP sink of these lines.
pub(crate) fn http_sink(lines: &str) -> HttpSink {
    match config(&Folder::new(), &format!("kind = \"http\"\n{lines}")) {
        SinkConfig::Http(config) => HttpSink::new("http", &config, clock()).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The file sink of these lines, which writes `events.jsonl` in this folder.
pub(crate) fn file_sink(folder: &Folder, lines: &str) -> FileSink {
    file_sink_of(folder, &format!("kind = \"file\"\npath = \"events.jsonl\"\n{lines}")).unwrap()
}

pub(crate) fn file_sink_of(folder: &Folder, lines: &str) -> Result<FileSink, Error> {
    FileSink::open("file", &file_config(folder, lines), clock())
}

pub(crate) fn file_config(folder: &Folder, lines: &str) -> FileSinkConfig {
    match config(folder, lines) {
        SinkConfig::File(config) => config,
        other => panic!("{other:?}"),
    }
}

/// The stream sink of these lines.
pub(crate) fn stream_sink(lines: &str) -> RedisStreamSink {
    match config(&Folder::new(), &format!("kind = \"redis-stream\"\n{lines}")) {
        SinkConfig::RedisStream(config) => RedisStreamSink::new("stream", &config).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn config(folder: &Folder, lines: &str) -> SinkConfig {
    folder.load(&format!("{SMALL}[sink]\n{lines}\n")).unwrap().sink.unwrap()
}
