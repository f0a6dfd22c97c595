//! Signatures of v3 notifications and of the platform's API responses.
//!
//! The signed message is `timestamp "\n" nonce "\n" body "\n"`, over the bytes as received.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::{Error, PlatformKey, Proof, SignatureType, SigningKey, Verified, rsa};

/// Prefix of the deliberately wrong signatures that the platform sends now and then to test that they are rejected.
pub const PROBE_PREFIX: &str = "WECHATPAY/SIGNTEST/";

/// Maximum difference between a signature's timestamp and the clock, in seconds, inclusive.
pub const MAX_SKEW: u64 = 300;

/// Returns whether a signature is one of the platform's probes, which must be rejected like any bad one but isn't an
/// attack.
pub fn is_probe(signature: &str) -> bool {
    signature.starts_with(PROBE_PREFIX)
}

/// Returns whether a `Wechatpay-Timestamp` is at most [`MAX_SKEW`] seconds from `now`, in either direction.
///
/// The signature covers the timestamp, so that this check, together with [`Signed::verify`], ends replays. Text that
/// isn't a timestamp is not fresh.
pub fn is_fresh(timestamp: &str, now: SystemTime) -> bool {
    skew(timestamp, now).is_ok_and(|skew| skew.unsigned_abs() <= MAX_SKEW)
}

/// Returns the number of seconds by which `now` is ahead of a `Wechatpay-Timestamp`.
///
/// # Errors
/// [`Error::Timestamp`] unless the text consists of ASCII digits only and fits an `i64`.
pub fn skew(timestamp: &str, now: SystemTime) -> Result<i64, Error> {
    if !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Error::Timestamp);
    }
    let timestamp: i64 = timestamp.parse().map_err(|_| Error::Timestamp)?;
    let now = match now.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |seconds| -seconds),
    };
    Ok(now.saturating_sub(timestamp))
}

/// A body and the headers that its signature consists of, as received.
///
/// `Debug` shows the serial only.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "callers make it of five headers and a body")]
pub struct Signed<'a, B> {
    /// `Wechatpay-Timestamp`.
    pub timestamp: &'a str,
    /// `Wechatpay-Nonce`.
    pub nonce: &'a str,
    /// `Wechatpay-Serial`, by which the caller chooses the key; becomes part of the proof.
    pub serial: &'a str,
    /// `Wechatpay-Signature`, base64.
    pub signature: &'a str,
    /// The body, byte for byte.
    pub body: B,
}

impl<B: AsRef<[u8]>> Signed<'_, B> {
    /// Verifies the signature and returns the body as verified.
    ///
    /// This crate has no clock: call [`is_fresh`] as well.
    ///
    /// # Errors
    /// [`Error::SignatureEncoding`] unless the signature is strict standard base64 (padded, no whitespace),
    /// [`Error::LineFeed`] for a line feed in timestamp or nonce, [`Error::BadSignature`] if it isn't the key's
    /// signature.
    pub fn verify(self, key: &PlatformKey) -> Result<Verified<B>, Error> {
        // The decoder's estimate is up to two bytes more than it writes.
        let mut buffer = [0; rsa::MAX_SIGNATURE_LEN + 2];
        let signature = BASE64_STANDARD
            .decode_slice(self.signature, &mut buffer)
            .ok()
            .and_then(|length| buffer.get(..length))
            .ok_or(Error::SignatureEncoding)?;
        key.verify(&message(self.timestamp, self.nonce, self.body.as_ref())?, signature)?;
        let proof = match key.signature_type() {
            SignatureType::Rsa2048Sha256 => Proof::Rsa { serial: self.serial.into() },
        };
        Ok(Verified::new(self.body, proof))
    }
}

impl<B> fmt::Debug for Signed<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").field("serial", &self.serial).finish_non_exhaustive()
    }
}

/// Signs `body` as the platform does and returns the signature in base64, for the header `Wechatpay-Signature`.
///
/// # Errors
/// [`Error::LineFeed`] for a line feed in timestamp or nonce, [`Error::Signing`] if the system has no randomness.
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
    fn timestamps_are_strict_digits_and_fresh_within_300_seconds() {
        let now = UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        for (text, seconds) in [("1700000000", 0), ("1699999700", 300), ("1700000300", -300)] {
            assert_eq!((skew(text, now), is_fresh(text, now)), (Ok(seconds), true));
        }
        for (text, seconds) in
            [("1699999699", 301), ("1700000301", -301), ("9223372036854775807", 1_700_000_000 - i64::MAX)]
        {
            assert_eq!((skew(text, now), is_fresh(text, now)), (Ok(seconds), false));
        }
        let invalid = [
            "",
            "-1",
            "+1700000000",
            "1e9",
            "1700000000.0",
            " 1700000000",
            "0x65",
            "９",
            "99999999999999999999",
        ];
        for text in invalid {
            assert_eq!((skew(text, now), is_fresh(text, now)), (Err(Error::Timestamp), false), "{text}");
        }
    }

    #[test]
    fn a_probe_is_recognized_by_its_prefix() {
        assert!(is_probe("WECHATPAY/SIGNTEST/abc="));
        assert!(!is_probe("WECHATPAY/SIGNTES"));
        assert!(!is_probe(" WECHATPAY/SIGNTEST/"));
    }
}
