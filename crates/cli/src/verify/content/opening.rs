//! Why something can't be decrypted: other keys and mended texts are tried.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use wxhook_crypto::{AeadAlgorithm, ApiV2Key, ApiV3Key, v2};
use wxhook_wire::json::Doc;
use wxhook_wire::v2::Fields;
use wxhook_wire::v3::Envelope;

use super::super::case::Case;
use super::super::shown::shown;
use super::super::undo::{self, Undo};

const MIXED: &str = "keys are mixed up, or the request is for another merchant";

/// What the APIv3 key is to open.
struct Sealed<'s> {
    algorithm: Cow<'s, str>,
    nonce: Cow<'s, str>,
    associated_data: Cow<'s, str>,
    original_type: Option<Cow<'s, str>>,
    ciphertext: Vec<u8>,
}

impl Sealed<'_> {
    fn opens(&self, key: &ApiV3Key) -> bool {
        self.opens_with(key, &self.associated_data)
    }

    fn opens_with(&self, key: &ApiV3Key, associated_data: &str) -> bool {
        let algorithm = AeadAlgorithm::Aes256Gcm;
        let (nonce, data) = (self.nonce.as_bytes(), associated_data.as_bytes());
        key.open(algorithm, nonce, data, self.ciphertext.clone()).is_ok()
    }
}

/// Why a v3 resource, or a v2 event, can't be opened.
pub(super) fn sealed(case: &Case<'_>, what: &str) -> String {
    let text = str::from_utf8(&case.body).unwrap_or_default();
    if case.is_v2() {
        return Fields::parse(&case.body).map_or_else(
            |error| error.to_string(),
            |fields| {
                let part = |name| Cow::Borrowed(fields.get(name).unwrap_or_default());
                explained(
                    case,
                    what,
                    &Sealed {
                        algorithm: part("event_algorithm"),
                        nonce: part("event_nonce"),
                        associated_data: part("event_associated_data"),
                        original_type: None,
                        ciphertext: BASE64_STANDARD.decode(&*part("event_ciphertext")).unwrap_or_default(),
                    },
                )
            },
        );
    }
    let Ok(doc) = Doc::parse(text) else { return what.to_owned() };
    let Ok(Envelope { resource, .. }) = Envelope::read(&doc) else { return what.to_owned() };
    let ciphertext = BASE64_STANDARD.decode(&*resource.ciphertext).unwrap_or_default();
    explained(
        case,
        what,
        &Sealed {
            algorithm: resource.algorithm,
            nonce: resource.nonce,
            associated_data: resource.associated_data,
            original_type: resource.original_type,
            ciphertext,
        },
    )
}

fn explained(case: &Case<'_>, what: &str, sealed: &Sealed<'_>) -> String {
    if sealed.algorithm.parse::<AeadAlgorithm>().is_err() {
        let name = shown(&sealed.algorithm);
        return if name.contains("SM4") {
            format!(
                "the algorithm is {name}, of the national suite: this account must be set to the international one"
            )
        } else {
            format!("the algorithm is {name}, and AEAD_AES_256_GCM is wanted")
        };
    }
    if let Some(fault) = case.unusable("api_v3_key") {
        return fault.to_string();
    }
    let Some(key) = &case.merchant.api_v3_key else {
        return format!("{what}: add it (account center, API security, APIv3 key)");
    };
    if let Some((name, _)) = case.other_v3_keys().iter().find(|(_, key)| sealed.opens(key)) {
        return format!("api_v3_key doesn't open it, but what is configured as {name} does: {MIXED}");
    }
    let usual = ["", "transaction", "refund", "mch_payment", "profitsharing"];
    let usual = sealed.original_type.as_deref().into_iter().chain(usual);
    if usual.into_iter().any(|data| data != sealed.associated_data && sealed.opens_with(key, data)) {
        return "api_v3_key is right, but associated_data was changed: it must be used as it came, also if it is empty"
            .to_owned();
    }
    if !key.is_alphanumeric() {
        return "api_v3_key doesn't open it, and has other characters than letters and digits, which no APIv3 key has: a \
                blank or line end was copied along, or it is another secret"
            .to_owned();
    }
    let vouched = case.examined.checks.as_ref().is_some_and(|steps| steps.signature == Some(Ok(())));
    if vouched {
        "api_v3_key doesn't open it, and the signature is right, so that key is wrong: another merchant's, or it was \
         changed on the merchant platform since (what was sent before stays encrypted with the old one)"
            .to_owned()
    } else {
        "api_v3_key doesn't open it: the key is another one, or ciphertext, nonce or associated_data were changed".to_owned()
    }
}

/// Why a v2 refund can't be opened.
pub(super) fn refund(case: &Case<'_>) -> String {
    let fields = Fields::parse(&case.body).ok();
    let sealed = fields.as_ref().and_then(|fields| fields.get("req_info")).unwrap_or_default();
    if let Some(fault) = case.unusable("api_v2_key") {
        return fault.to_string();
    }
    let Some(key) = &case.merchant.api_v2_key else { return "the merchant has no api_v2_key".to_owned() };
    if sealed.is_empty() {
        return "req_info is empty".to_owned();
    }
    if let Some(what) = incomplete(sealed, key) {
        return what.to_owned();
    }
    if let Some((name, _)) = case.other_v2_keys().iter().find(|(_, key)| is_refund(sealed, key)) {
        return format!("api_v2_key doesn't open req_info, but what is configured as {name} does: {MIXED}");
    }
    const WAYS: [Undo; 4] = [
        (undo::plus, "has blanks where + was: it was URL-decoded"),
        (undo::joined, "has blanks or line ends in it: it was wrapped or printed anew"),
        (undo::decoded, "is URL-encoded"),
        (undo::standard, "is in the URL-safe alphabet of base64 (- and _)"),
    ];
    for (way, what) in WAYS {
        let mended = way(sealed);
        if mended != sealed && is_refund(&mended, key) {
            return format!("req_info {what}; without that it opens");
        }
    }
    match BASE64_STANDARD.decode(sealed) {
        Err(_) => "req_info is not base64: it was cut off or changed".to_owned(),
        Ok(bytes) if bytes.len() % 16 != 0 => {
            format!("req_info has {} bytes, which is no multiple of 16: it was cut off", bytes.len())
        }
        Ok(_) => "req_info doesn't open: api_v2_key isn't the key that the merchant had when it was sent, or req_info \
                  was cut off or changed"
            .to_owned(),
    }
}

fn is_refund(sealed: &str, key: &ApiV2Key) -> bool {
    v2::open_refund(sealed, key).is_ok_and(|opened| Fields::parse_opened(opened.get()).is_ok())
}

/// It opens, and isn't all that it has to be.
fn incomplete(sealed: &str, key: &ApiV2Key) -> Option<&'static str> {
    let opened = v2::open_refund(sealed, key).ok()?;
    match Fields::parse_opened(opened.get()) {
        Ok(_) => Some("req_info opens, but has no refund_id or no refund_status: that is no refund"),
        // A wrong key gives one, too, once in 256 times: only what begins like one says that the key is right.
        Err(_) if opened.get().trim_ascii_start().starts_with(b"<") => {
            Some("req_info opens, but isn't the XML of a refund: it was cut off or changed")
        }
        Err(_) => None,
    }
}
