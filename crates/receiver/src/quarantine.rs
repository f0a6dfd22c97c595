//! What was verified and can't be opened is kept for people, apart from all else.

use crate::head::Head;
use crate::merchant::Merchant;
use crate::refusal::Refusal;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::SystemTime;
use wxhook_idempotency::{Entry, Fingerprint, LaneCap, Start};
use wxhook_wire::{Content, Proof, Protocol, Time};

/// Per merchant.
const CAP: LaneCap = LaneCap::new(1_000, 64 * 1024 * 1024);

/// The event name of quarantined requests, and the first part of their lanes.
pub const QUARANTINE: &str = "quarantine";

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
    let proof = if protocol == Protocol::V2 { Proof::Hmac } else { Proof::Rsa };
    let received_at = Time::of(now);
    let content = Content::new(name, protocol, proof, QUARANTINE, received_at.as_str());
    let headers: BTreeMap<_, _> = head.kept().collect();
    let request = serde_json::json!({
        "refused": refusal.name(),
        "why": refusal.to_string(),
        "headers": headers,
        "body_base64": BASE64_STANDARD.encode(body),
    });
    let body = content.to_body(&request.to_string()).ok()?;
    let fingerprint = Fingerprint::new(crate::open::CANONICAL, digest);
    let key = format!("{name}/{QUARANTINE}/{}", hex::encode(digest));
    let mut entry = Entry::new(key, fingerprint, body, format!("{QUARANTINE}/{name}"));
    entry.labels.merchant = name.to_owned();
    entry.labels.event = QUARANTINE.to_owned();
    entry.start = Start::Parked;
    entry.lane_cap = Some(CAP);
    Some(entry)
}
