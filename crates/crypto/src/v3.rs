//! Signatures of v3 notifications and of the platform's API responses.
//!
//! The signed message is `timestamp "\n" nonce "\n" body "\n"`, over the bytes as they came.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::{Error, PlatformKey, Proof, SignatureType, SigningKey, Verified, rsa};

/// What the deliberately wrong signatures start with, which the platform sends now and then to see whether they are
/// refused.
pub const PROBE_PREFIX: &str = "WECHATPAY/SIGNTEST/";

/// Whether a signature is one of the platform's probes: to be refused like any bad one, but no attack.
pub fn is_probe(signature: &str) -> bool {
    signature.starts_with(PROBE_PREFIX)
}

/// Verifies the platform's signature over `body` and hands the body back as verified.
///
/// `timestamp`, `nonce` and `signature_base64` are the headers' texts as they came. `serial` goes into the proof: it is
/// the one the caller chose `key` by. Whether the timestamp is recent is the caller's to check, since this crate has no
/// clock.
///
/// # Errors
/// [`Error::SignatureEncoding`] unless the signature is strict standard base64 (padded, no white space),
/// [`Error::LineFeed`] for a line feed in timestamp or nonce, [`Error::BadSignature`] when the key didn't sign this.
pub fn verify<B: AsRef<[u8]>>(
    key: &PlatformKey,
    serial: &str,
    timestamp: &str,
    nonce: &str,
    body: B,
    signature_base64: &str,
) -> Result<Verified<B>, Error> {
    // The decoder wants room for its estimate, which is up to two bytes more than it writes.
    let mut buffer = [0; rsa::MAX_SIGNATURE_LEN + 2];
    let signature = BASE64_STANDARD
        .decode_slice(signature_base64, &mut buffer)
        .ok()
        .and_then(|length| buffer.get(..length))
        .ok_or(Error::SignatureEncoding)?;
    key.verify(&message(timestamp, nonce, body.as_ref())?, signature)?;
    let serial = serial.into();
    let proof = match key.signature_type() {
        SignatureType::Rsa2048Sha256 => Proof::Rsa { serial },
    };
    Ok(Verified::new(body, proof))
}

/// Signs `body` as the platform does and returns the signature in base64, for the header `Wechatpay-Signature`.
///
/// # Errors
/// [`Error::LineFeed`] for a line feed in timestamp or nonce, [`Error::Signing`] when the system gives no randomness.
pub fn sign(key: &SigningKey, timestamp: &str, nonce: &str, body: &[u8]) -> Result<String, Error> {
    Ok(BASE64_STANDARD.encode(key.sign(&message(timestamp, nonce, body)?)?))
}

fn message(timestamp: &str, nonce: &str, body: &[u8]) -> Result<Vec<u8>, Error> {
    // Headers can't hold a line feed, captured files can: it would let bytes move between nonce and body.
    if timestamp.contains('\n') || nonce.contains('\n') {
        return Err(Error::LineFeed);
    }
    let mut message = Vec::with_capacity(timestamp.len() + nonce.len() + body.len() + 3);
    for part in [timestamp.as_bytes(), nonce.as_bytes(), body] {
        message.extend_from_slice(part);
        message.push(b'\n');
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_ends_each_part_with_a_line_feed() {
        assert_eq!(message("1554208460", "nonce", b"{}\n").unwrap(), b"1554208460\nnonce\n{}\n\n");
        assert_eq!(message("1", "2", b"").unwrap(), b"1\n2\n\n");
    }

    #[test]
    fn a_line_feed_cannot_move_a_boundary() {
        assert_eq!(message("1\n2", "3", b"4"), Err(Error::LineFeed));
        assert_eq!(message("1", "2\n3", b"4"), Err(Error::LineFeed));
    }

    #[test]
    fn a_probe_is_told_by_its_start() {
        assert!(is_probe("WECHATPAY/SIGNTEST/abc="));
        assert!(!is_probe("WECHATPAY/SIGNTES"));
        assert!(!is_probe(" WECHATPAY/SIGNTEST/"));
    }
}
