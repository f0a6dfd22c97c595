//! Requests that are verified but can't be decrypted: stored for operators, apart from everything else.

use crate::headers::NotificationHeaders;
use crate::merchant::Merchant;
use crate::outcome::HoldReason;
use crate::rejection::Rejection;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::SystemTime;
use wxhook_idempotency::{Entry, Fingerprint, LaneCap, Start, StoredRecord};
use wxhook_wire::{Content, ProofKind, Protocol, Record, Time};

/// Version of the canonical form: the body itself.
const CANONICAL: u8 = 1;
/// Per merchant.
const CAP: LaneCap = LaneCap::new(1_000, 64 * 1024 * 1024);

/// The event name of quarantined requests, and the first part of their lanes.
pub const QUARANTINE: &str = "quarantine";

/// Returns whether a record is a quarantined request, `<merchant>/quarantine/<sha256 of the body>`.
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
    headers: BTreeMap<String, String>,
    pub(crate) body: Bytes,
    /// The time at which it was verified, by the receiver's clock.
    pub(crate) received_at: SystemTime,
}

impl Request {
    pub(crate) fn headers(&self) -> NotificationHeaders<'_> {
        NotificationHeaders::from_pairs(self.headers.iter().map(|(name, value)| (name, value.as_str())))
    }
}

#[derive(Deserialize)]
struct Resource {
    headers: BTreeMap<String, String>,
    body_base64: String,
}

/// Returns the request in a quarantined record; `None` if the record isn't one that [`entry`] made.
pub(crate) fn request(record: &StoredRecord) -> Option<Request> {
    if !is_quarantined(record) {
        return None;
    }
    let stored = Record::from_body(&record.body, 0, "", 1, 1, Vec::new()).ok()?;
    let resource: Resource = serde_json::from_str(stored.resource()).ok()?;
    let body = BASE64_STANDARD.decode(resource.body_base64).ok()?;
    if wxhook_crypto::sha256(&body) != *record.fingerprint.digest() {
        return None;
    }
    let received_at = Time::new(stored.content.received_at).instant()?;
    Some(Request { headers: resource.headers, body: body.into(), received_at })
}

/// Creates the entry of a quarantined request, parked in a lane that no sink has.
pub(crate) fn entry(
    merchant: &Merchant,
    protocol: Protocol,
    headers: NotificationHeaders<'_>,
    body: &Bytes,
    rejection: &Rejection,
    now: SystemTime,
) -> Option<Entry> {
    let name = &*merchant.name;
    let digest = wxhook_crypto::sha256(body);
    let proof = if protocol == Protocol::V2 { ProofKind::Hmac } else { ProofKind::Rsa };
    let received_at = Time::from_instant(now);
    let content = Content::new(name, protocol, proof, QUARANTINE, received_at.as_str());
    let headers: BTreeMap<_, _> = headers.iter().collect();
    let request = serde_json::json!({
        "refused": rejection.as_str(),
        "why": rejection.to_string(),
        "headers": headers,
        "body_base64": BASE64_STANDARD.encode(body),
    });
    let body = content.to_body(&request.to_string()).ok()?;
    let fingerprint = Fingerprint::new(CANONICAL, digest);
    let mut entry = Entry::new(key(name, &digest), fingerprint, body, format!("{QUARANTINE}/{name}"));
    entry.labels.merchant = name.to_owned();
    entry.labels.event = QUARANTINE.to_owned();
    entry.start = Start::Parked(HoldReason::Quarantine.text());
    entry.lane_cap = Some(CAP);
    Some(entry)
}
