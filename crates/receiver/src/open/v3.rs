use super::{Classified, Context, Found, json_string};
use crate::examine::Steps;
use crate::head::{Head, Signing};
use crate::merchant::Merchant;
use crate::refusal::Refusal;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use std::time::{SystemTime, UNIX_EPOCH};
use wxhook_crypto::{AeadAlgorithm, Error as CryptoError, PlatformKey, Proof, SignatureType, Verified};
use wxhook_idempotency::Fingerprint;
use wxhook_wire::json::{Doc, canonical};
use wxhook_wire::v3::{Envelope, Resource, header};
use wxhook_wire::{Flag, Opened, ProofKind};

/// Version of the canonical form that fingerprints are made of.
const CANONICAL: u8 = 1;
/// How far a signature's time may be from ours, in seconds, inclusive.
const MOST_SKEW: i64 = 300;

pub(super) fn open<'c>(
    context: &Context<'c>,
    head: Head<'_>,
    body: &Bytes,
) -> Result<Classified<'c>, Refusal> {
    let verified = verify(context.merchant, &head.signing()?, body.clone(), context.now)?;
    let proof = match verified.proof() {
        Proof::Sm2 { .. } => ProofKind::Sm2,
        _ => ProofKind::Rsa,
    };
    read(context, verified.get(), proof)
}

/// What a body holds; `proof` is what vouched for it.
fn read<'c>(context: &Context<'c>, body: &[u8], proof: ProofKind) -> Result<Classified<'c>, Refusal> {
    let text = std::str::from_utf8(body).map_err(|_| Refusal::Envelope("the body is not UTF-8"))?;
    let doc = Doc::parse(text).map_err(|_| Refusal::Envelope("the body is not JSON"))?;
    let envelope =
        Envelope::read(&doc).map_err(|_| Refusal::Envelope("a part of the envelope is missing"))?;
    let plaintext = decrypt(context.merchant, &envelope.resource)?;

    let mut flags = Vec::new();
    let plaintext = String::from_utf8(plaintext).unwrap_or_else(|error| {
        flags.push(Flag::NotJson);
        String::from_utf8_lossy(error.as_bytes()).into_owned()
    });
    let resource = if flags.is_empty() { Doc::parse(&plaintext).ok() } else { None };
    let (json, canonical_text) = match &resource {
        Some(doc) => (doc.compact(), canonical(doc.root())),
        None => {
            flags = vec![Flag::NotJson];
            let json = json_string(&plaintext);
            (json.clone().into(), json)
        }
    };
    let fingerprint = Fingerprint::new(CANONICAL, wxhook_crypto::sha256(canonical_text.as_bytes()));
    let opened = Opened::v3(&envelope, resource.as_ref().map(Doc::root));
    let found = Found {
        proof,
        id: Some(&envelope.id),
        aliases: &[("id", &envelope.id)],
        create_time: envelope.create_time.as_deref(),
        summary: envelope.summary.as_deref(),
        resource: &json,
        value: resource.as_ref().map(Doc::root),
        fingerprints: &[fingerprint],
        flags,
        hides_a_field: false,
    };
    context.classify(&opened, found)
}

/// Headers, then time, key and signature. A stale signature is still looked at, since an authentic one means that a
/// clock is wrong.
fn verify(
    merchant: &Merchant,
    signing: &Signing<'_>,
    body: Bytes,
    now: SystemTime,
) -> Result<Verified<Bytes>, Refusal> {
    let skew = skew(signing.timestamp, now)?;
    if wxhook_crypto::v3::is_probe(signing.signature) {
        return Err(Refusal::Probe);
    }
    let key = merchant.key_of(signing.serial).ok_or(Refusal::UnknownKey)?;
    fits(key, signing.signature_type)?;
    let Signing { serial, timestamp, nonce, signature, .. } = *signing;
    let verified = wxhook_crypto::v3::verify(key, serial, timestamp, nonce, body, signature)
        .map_err(|_| Refusal::Signature)?;
    if is_stale(skew) { Err(Refusal::Stale(skew)) } else { Ok(verified) }
}

/// The same steps, none of which waits for another one to pass; for nothing but looking.
pub(super) fn steps(context: &Context<'_>, head: Head<'_>, body: &Bytes) -> Steps {
    let text = |name| head.first(name).filter(|text| !text.is_empty()).ok_or(Refusal::Header);
    let skew = text(header::TIMESTAMP).and_then(|timestamp| skew(timestamp, context.now));
    let key = text(header::SERIAL).and_then(|serial| {
        context.merchant.key_of(serial).ok_or(Refusal::UnknownKey).map(|key| (serial, key))
    });
    let signature = || {
        let (timestamp, nonce) = (text(header::TIMESTAMP)?, text(header::NONCE)?);
        let signature = text(header::SIGNATURE)?;
        if wxhook_crypto::v3::is_probe(signature) {
            return Err(Refusal::Probe);
        }
        let (serial, key) = key?;
        wxhook_crypto::v3::verify(key, serial, timestamp, nonce, &**body, signature)
            .map_err(|_| Refusal::Signature)?;
        Ok(())
    };
    Steps {
        skew: Some(skew.and_then(|skew| if is_stale(skew) { Err(Refusal::Stale(skew)) } else { Ok(skew) })),
        signature: Some(signature()),
        key: key.and_then(|(_, key)| fits(key, head.first(header::SIGNATURE_TYPE))),
        content: read(context, body, ProofKind::Rsa).map(|classified| classified.seen()),
    }
}

/// Whether a signature can be of the type that a header names.
fn fits(key: &PlatformKey, signature_type: Option<&str>) -> Result<(), Refusal> {
    let Some(name) = signature_type else { return Ok(()) };
    let named: SignatureType = name.parse().map_err(|_| Refusal::SignatureType)?;
    if named == key.signature_type() { Ok(()) } else { Err(Refusal::SignatureType) }
}

fn is_stale(skew: i64) -> bool {
    skew.unsigned_abs() > MOST_SKEW.unsigned_abs()
}

/// How many seconds our time is ahead of the signature's.
fn skew(timestamp: &str, now: SystemTime) -> Result<i64, Refusal> {
    if timestamp.is_empty() || !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::Timestamp);
    }
    let signed: i64 = timestamp.parse().map_err(|_| Refusal::Timestamp)?;
    let now = match now.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |seconds| -seconds),
    };
    Ok(now.saturating_sub(signed))
}

fn decrypt(merchant: &Merchant, resource: &Resource<'_>) -> Result<Vec<u8>, Refusal> {
    let (ciphertext, nonce) = (&*resource.ciphertext, &*resource.nonce);
    open_sealed(merchant, &resource.algorithm, nonce, &resource.associated_data, ciphertext)
}

/// Opens what the platform sealed with the API v3 key. Faults of the sender are told from those of our key.
pub(super) fn open_sealed(
    merchant: &Merchant,
    algorithm: &str,
    nonce: &str,
    associated_data: &str,
    ciphertext: &str,
) -> Result<Vec<u8>, Refusal> {
    let sealed =
        BASE64_STANDARD.decode(ciphertext).map_err(|_| Refusal::Envelope("the ciphertext is not base64"))?;
    if nonce.len() != 12 {
        return Err(Refusal::Envelope("the nonce is not 12 bytes"));
    }
    if sealed.len() < 16 {
        return Err(Refusal::Envelope("the ciphertext is cut"));
    }
    let algorithm: AeadAlgorithm =
        algorithm.parse().map_err(|_| Refusal::Sealed("its algorithm is unknown"))?;
    let key = merchant.api_v3_key.as_ref().ok_or(Refusal::Sealed("this merchant has no api_v3_key"))?;
    key.open(algorithm, nonce.as_bytes(), associated_data.as_bytes(), sealed).map_err(|error| match error {
        CryptoError::TagMismatch => Refusal::Sealed("the api_v3_key does not open it"),
        _ => Refusal::Envelope("it can't be opened"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn timestamps_are_strict_digits() {
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        assert_eq!(skew("1700000000", now), Ok(0));
        assert_eq!(skew("1699999700", now), Ok(300));
        assert_eq!(skew("1700000301", now), Ok(-301));
        for text in [
            "",
            "-1",
            "+1700000000",
            "1e9",
            "1700000000.0",
            " 1700000000",
            "0x65",
            "９",
            "99999999999999999999",
        ] {
            assert_eq!(skew(text, now), Err(Refusal::Timestamp), "{text}");
        }
        assert_eq!(skew("9223372036854775807", now), Ok(1_700_000_000 - i64::MAX));
    }
}
