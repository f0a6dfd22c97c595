//! Causes of a failed decryption: other keys and restored texts are tried.

use super::case::Case;
use super::transforms;
use crate::out::escaped;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use wxhook_crypto::{AeadAlgorithm, ApiV2Key, v2};
use wxhook_wire::json::Doc;
use wxhook_wire::v2::Fields;
use wxhook_wire::v3::Envelope;

const MIXED: &str = "keys are mixed up, or the request is for another merchant";
/// Associated data that the platform uses.
const ASSOCIATED_DATA: [&str; 5] = ["", "transaction", "refund", "mch_payment", "profitsharing"];

/// Explains why a v3 resource, or the event of a v2 notification, can't be decrypted.
pub(super) fn explain_sealed(case: &Case<'_>, fault: &str) -> String {
    let fields = Fields::parse(&case.body).ok().filter(|_| case.is_v2());
    let doc = str::from_utf8(&case.body).ok().and_then(|text| Doc::parse(text).ok());
    let envelope = doc.as_ref().and_then(|doc| Envelope::read(doc).ok()).map(|envelope| envelope.resource);
    let part = |name| fields.as_ref().and_then(|fields| fields.get(name)).unwrap_or_default();
    let (algorithm, nonce, data, ciphertext, original_type) = match &envelope {
        Some(sealed) => (
            &*sealed.algorithm,
            &*sealed.nonce,
            &*sealed.associated_data,
            &*sealed.ciphertext,
            sealed.original_type.as_deref(),
        ),
        None => (
            part("event_algorithm"),
            part("event_nonce"),
            part("event_associated_data"),
            part("event_ciphertext"),
            None,
        ),
    };
    if algorithm.parse::<AeadAlgorithm>().is_err() {
        let fix = if algorithm.contains("SM4") {
            "of the national suite: switch this account to the international suite"
        } else {
            "expected AEAD_AES_256_GCM"
        };
        return format!("the algorithm is {}, {fix}", escaped(algorithm.as_bytes()));
    }
    if let Some(fault) = case.key_fault("api_v3_key") {
        return fault.to_string();
    }
    let Some(key) = &case.merchant.api_v3_key else {
        return format!("{fault}: add it (account center, API security, APIv3 key)");
    };
    let ciphertext = BASE64_STANDARD.decode(ciphertext).unwrap_or_default();
    let opens = |key: &wxhook_crypto::ApiV3Key, data: &str| {
        key.open(AeadAlgorithm::Aes256Gcm, nonce.as_bytes(), data.as_bytes(), ciphertext.clone()).is_ok()
    };
    if let Some((name, _)) = case.other_v3_keys().iter().find(|(_, key)| opens(key, data)) {
        return format!("api_v3_key doesn't decrypt it, but the key configured as {name} does: {MIXED}");
    }
    if original_type.into_iter().chain(ASSOCIATED_DATA).any(|other| other != data && opens(key, other)) {
        return "api_v3_key is right, but associated_data was changed: use it as received, even if it is empty".to_owned();
    }
    let cause = if !key.is_alphanumeric() {
        ", and has other characters than letters and digits, which no APIv3 key has: a space or line end was copied with it, or \
         it is another secret"
    } else if case.is_signed() {
        ", and the signature is right, so that key is wrong: another merchant's, or it was changed on the merchant platform \
         since (earlier notifications stay encrypted with the old one)"
    } else {
        ": the key is another one, or ciphertext, nonce or associated_data were changed"
    };
    format!("api_v3_key doesn't decrypt it{cause}")
}

/// Explains why a v2 refund can't be decrypted.
pub(super) fn explain_refund(case: &Case<'_>) -> String {
    if let Some(fault) = case.key_fault("api_v2_key") {
        return fault.to_string();
    }
    let fields = Fields::parse(&case.body).ok();
    let sealed = fields.as_ref().and_then(|fields| fields.get("req_info")).unwrap_or_default();
    let Some(key) = &case.merchant.api_v2_key else { return "the merchant has no api_v2_key".to_owned() };
    let is_refund = |sealed: &str, key: &ApiV2Key| {
        v2::open_refund(sealed, key).is_ok_and(|opened| Fields::parse_opened(opened.get()).is_ok())
    };
    if is_refund(sealed, key) {
        return "req_info is decrypted, but has no refund_id or no refund_status, or one in another form: that isn't a refund"
            .to_owned();
    }
    // A wrong key seldom gives any plaintext, and no beginning of XML.
    if v2::open_refund(sealed, key).is_ok_and(|opened| opened.get().trim_ascii_start().starts_with(b"<")) {
        return "req_info is decrypted, but isn't the XML of a refund: it was truncated or changed"
            .to_owned();
    }
    if let Some((name, _)) = case.other_v2_keys().iter().find(|(_, key)| is_refund(sealed, key)) {
        return format!(
            "api_v2_key doesn't decrypt req_info, but the key configured as {name} does: {MIXED}"
        );
    }
    for (undo, change) in transforms::BASE64 {
        let original = undo(sealed);
        if original != sealed && is_refund(&original, key) {
            return format!("req_info {change}; without that it can be decrypted");
        }
    }
    match BASE64_STANDARD.decode(sealed) {
        _ if sealed.is_empty() => "req_info is empty".to_owned(),
        Err(_) => "req_info is not base64: it was truncated or changed".to_owned(),
        Ok(bytes) if bytes.len() % 16 != 0 => {
            format!("req_info has {} bytes, not a multiple of 16: it was truncated", bytes.len())
        }
        Ok(_) => "req_info can't be decrypted: api_v2_key isn't the key that the merchant had when it was sent, or req_info was \
                  truncated or changed"
            .to_owned(),
    }
}
