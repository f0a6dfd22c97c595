//! Deliveries, and sinks with options.

use tempfile::TempDir;
use wxhook_delivery::Delivery;
use wxhook_sinks::{FileSink, FileSinkOptions, HttpSink, HttpSinkOptions};
use wxhook_wire::{Content, ProofKind, Protocol, Record};

/// Content of a record, which must not appear anywhere else.
pub(crate) const CONTENT: &str = "s3cret content";
pub(crate) const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// Returns the record with this number, in its second generation, claimed for the third time.
pub(crate) fn delivery(seq: u64) -> Delivery {
    keyed(seq, &format!("shop/TRANSACTION.SUCCESS/transaction_id={seq}"))
}

pub(crate) fn keyed(seq: u64, key: &str) -> Delivery {
    let content = Content::new("shop", Protocol::V3, ProofKind::Rsa, "PAID", "2026-01-01T00:00:00.000Z");
    let body = content.to_body(&format!(r#"{{"n":{seq},"note":"{CONTENT} 备注"}}"#)).unwrap();
    Delivery::new(Record::from_body(&body, seq, key, 2, 3, Vec::new()).unwrap(), 7_000_000_000 + seq)
}

pub(crate) fn http_sink(url: &str, change: impl FnOnce(&mut HttpSinkOptions)) -> HttpSink {
    let mut options = HttpSinkOptions::new(url.parse().unwrap());
    change(&mut options);
    HttpSink::new("http", options).unwrap()
}

/// Opens a sink that writes `events.jsonl` in this folder.
pub(crate) fn file_sink(folder: &TempDir, change: impl FnOnce(&mut FileSinkOptions)) -> FileSink {
    let mut options = FileSinkOptions::new(folder.path().join("events.jsonl"));
    change(&mut options);
    FileSink::open("file", options).unwrap()
}
