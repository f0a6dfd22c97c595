//! Records that cases deliver.

use wxhook_delivery::Delivery;
use wxhook_wire::{Content, ProofKind, Protocol, Record};

/// Stands in every key and every resource, and nowhere else.
pub(super) const SECRET: &str = "5ecretC0ntent";

/// The first delivery of a record, whose resource also holds `text` (of JSON, without its quotes).
#[track_caller]
pub(super) fn delivery(seq: u64, text: &str) -> Delivery {
    attempt(seq, text, 1, 1)
}

/// A later one, under a higher fence.
#[track_caller]
pub(super) fn attempt(seq: u64, text: &str, generation: u32, attempt: u32) -> Delivery {
    let content = Content::new("shop", Protocol::V3, ProofKind::Rsa, "PAID", "2026-01-01T00:00:00.000Z");
    let resource = format!(r#"{{"n":{seq},"secret":"{SECRET}","text":"{text}"}}"#);
    let record = content.to_body(&resource).and_then(|body| {
        let key = format!("shop/PAID/n={seq}{SECRET}");
        Record::from_body(&body, seq, key, generation, attempt, vec!["key-fallback".to_owned()])
    });
    match record {
        Ok(record) => Delivery::new(record, u64::from(generation) * 1_000 + u64::from(attempt)),
        Err(error) => panic!("a sample isn't a record: {error}"),
    }
}
