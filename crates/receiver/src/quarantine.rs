//! What was verified and can't be opened is kept for people, apart from all else.

use crate::head::Head;
use crate::merchant::Merchant;
use crate::refusal::Refusal;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::SystemTime;
use wxhook_idempotency::{Entry, Fingerprint, LaneCap, Start, StoredRecord};
use wxhook_wire::{Content, ProofKind, Protocol, Record, Time};

/// Version of the canonical form: the body itself.
const CANONICAL: u8 = 1;
/// Per merchant.
const CAP: LaneCap = LaneCap::new(1_000, 64 * 1024 * 1024);

/// Why a quarantined request is parked.
const QUARANTINE_REASON: &str = "quarantine: it was verified, but couldn't be opened";

/// The event name of quarantined requests, and the first part of their lanes.
pub const QUARANTINE: &str = "quarantine";

/// Whether a record is a request that was verified and couldn't be opened: `<merchant>/quarantine/<sha256 of the body>`.
///
/// An event whose type is literally `quarantine` isn't one: no business key ends in a bare digest.
pub fn is_quarantined(record: &StoredRecord) -> bool {
    record.key == key(&record.labels.merchant, record.fingerprint.digest())
}

fn key(merchant: &str, digest: &[u8; 32]) -> String {
    format!("{merchant}/{QUARANTINE}/{}", hex::encode(digest))
}

/// A quarantined request as it was received.
pub(crate) struct Request {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// When it was verified, by the receiver's clock.
    pub(crate) received_at: SystemTime,
}

#[derive(Deserialize)]
struct Kept {
    headers: BTreeMap<String, String>,
    body_base64: String,
}

/// The request in a quarantined record; `None` where the record isn't what [`entry`] made.
pub(crate) fn request(record: &StoredRecord) -> Option<Request> {
    if !is_quarantined(record) {
        return None;
    }
    let stored = Record::from_body(&record.body, 0, "", 1, 1, Vec::new()).ok()?;
    let kept: Kept = serde_json::from_str(stored.resource()).ok()?;
    let body = BASE64_STANDARD.decode(kept.body_base64).ok()?;
    if wxhook_crypto::sha256(&body) != *record.fingerprint.digest() {
        return None;
    }
    let mut headers = HeaderMap::new();
    for (name, value) in &kept.headers {
        headers.append(name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?);
    }
    let received_at = Time::new(stored.content.received_at).instant()?;
    Some(Request { headers, body: body.into(), received_at })
}

/// A parked record `<merchant>/quarantine/<sha256 of the body>`, in a lane that no sink is given.
pub(crate) fn entry(
    merchant: &Merchant,
    protocol: Protocol,
    head: Head<'_>,
    body: &Bytes,
    refusal: &Refusal,
    now: SystemTime,
) -> Option<Entry> {
    let name = &*merchant.name;
    let digest = wxhook_crypto::sha256(body);
    let proof = if protocol == Protocol::V2 { ProofKind::Hmac } else { ProofKind::Rsa };
    let received_at = Time::from_instant(now);
    let content = Content::new(name, protocol, proof, QUARANTINE, received_at.as_str());
    let headers: BTreeMap<_, _> = head.kept().collect();
    let request = serde_json::json!({
        "refused": refusal.name(),
        "why": refusal.to_string(),
        "headers": headers,
        "body_base64": BASE64_STANDARD.encode(body),
    });
    let body = content.to_body(&request.to_string()).ok()?;
    let fingerprint = Fingerprint::new(CANONICAL, digest);
    let mut entry = Entry::new(key(name, &digest), fingerprint, body, format!("{QUARANTINE}/{name}"));
    entry.labels.merchant = name.to_owned();
    entry.labels.event = QUARANTINE.to_owned();
    entry.start = Start::Parked(QUARANTINE_REASON);
    entry.lane_cap = Some(CAP);
    Some(entry)
}
