//! Why a v3 signature is wrong: each usual mistake is undone, and what then verifies was the cause.

use std::cell::Cell;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use wxhook_crypto::PlatformKey;
use wxhook_wire::v3::header;

use super::super::case::Case;
use super::super::undo::{self, Undo};
use super::super::{key, reserialized, timestamp, wrapped};
use super::Signed;

/// Bytes of a signature by an RSA key of 2048 bits; there are no smaller ones.
const SHORTEST: usize = 256;
/// Of a body's forms no more bytes are tried: less than a second of work, and far more than real notifications take.
const MOST_HASHED: usize = 64 << 20;
const RAW: &str = "Verify the bytes as they came, before any parser or filter sees them";

/// What happened.
pub(super) fn wrong(case: &Case<'_>) -> String {
    let serial = case.header(header::SERIAL).unwrap_or_default();
    let key = case.merchant.platform_keys.iter().find(|(id, _)| id == serial).map(|(_, key)| key);
    let (Some(key), Some(signed)) = (key, Signed::of(case)) else {
        return "the signature does not match".to_owned();
    };
    header_changed(&signed, key)
        .or_else(|| another_key(case, &signed, serial))
        .or_else(|| body_changed(case, &signed, key))
        .or_else(|| unusable(signed.signature))
        .or_else(|| case.misframed())
        .unwrap_or_else(|| unexplained(case, key))
}

/// A header that no HTTP could carry, if it is right once it is mended.
pub(super) fn broken_header(case: &Case<'_>, name: &'static str) -> Option<String> {
    let written = case.written(name).filter(|text| text.contains(char::is_control))?;
    let joined = undo::joined(written);
    let serial = case.header(header::SERIAL).ok()?;
    let key = case.merchant.platform_keys.iter().find(|(id, _)| id == serial).map(|(_, key)| key)?;
    let mut signed = Signed {
        timestamp: case.header(header::TIMESTAMP).ok()?,
        nonce: "",
        signature: "",
        body: &case.body,
    };
    if name == header::NONCE {
        (signed.nonce, signed.signature) = (&joined, case.header(header::SIGNATURE).ok()?);
    } else {
        (signed.nonce, signed.signature) = (case.header(header::NONCE).ok()?, &joined);
    }
    signed.by(key).then(|| {
        "it was wrapped over several lines; in one line it is right. No header can be wrapped, so it happened when it \
         was written down"
            .to_owned()
    })
}

fn header_changed(signed: &Signed<'_>, key: &PlatformKey) -> Option<String> {
    let verifies = |signature: &str| Signed { signature, ..*signed }.by(key);
    const WAYS: [Undo; 6] = [
        (undo::unquoted, "has quotes around it"),
        (undo::plus, "has blanks where + was: it was URL-decoded"),
        (undo::decoded, "is URL-encoded"),
        (undo::joined, "has blanks in it: it was wrapped over several lines"),
        (undo::padded, "lacks the = at its end: they were cut off"),
        (undo::standard, "is in the URL-safe alphabet of base64 (- and _): something has converted it"),
    ];
    for (way, what) in WAYS {
        let mended = way(signed.signature);
        if mended != signed.signature && verifies(&mended) {
            return Some(format!("Wechatpay-Signature {what}; without that it is right"));
        }
    }
    let with_time = |timestamp: &str| Signed { timestamp, ..*signed }.by(key);
    if let Some((unit, seconds)) =
        timestamp::finer(signed.timestamp).filter(|(_, seconds)| with_time(seconds))
    {
        return Some(format!(
            "it was made over the time in seconds ({seconds}); Wechatpay-Timestamp was changed to {unit}"
        ));
    }
    const OTHERS: [Undo; 2] = [(undo::unquoted, "has quotes around it"), (undo::decoded, "is URL-encoded")];
    for (way, what) in OTHERS {
        let (time, nonce) = (way(signed.timestamp), way(signed.nonce));
        if time != signed.timestamp && with_time(&time) {
            return Some(format!("Wechatpay-Timestamp {what}; without that the signature is right"));
        }
        if nonce != signed.nonce && (Signed { nonce: &nonce, ..*signed }).by(key) {
            return Some(format!("Wechatpay-Nonce {what}; without that the signature is right"));
        }
    }
    None
}

fn another_key(case: &Case<'_>, signed: &Signed<'_>, serial: &str) -> Option<String> {
    let (name, _) = case.other_platform_keys(serial).find(|(_, key)| signed.by(key))?;
    Some(format!(
        "it was made by {name}, not by the one that Wechatpay-Serial names: two files or ids are mixed up in the \
         configuration, or the header was changed"
    ))
}

fn body_changed(case: &Case<'_>, signed: &Signed<'_>, key: &PlatformKey) -> Option<String> {
    if let Some(what) = body_wrapped(signed, key) {
        return Some(format!("the body was changed after it was signed: {what}. {RAW}"));
    }
    // Many an editor adds something more.
    let Some(unmarked) = signed.body.strip_prefix(b"\xef\xbb\xbf") else {
        let what = body_rewritten(case, signed, key)?;
        return Some(format!("the body was {what}. {RAW}"));
    };
    let signed = Signed { body: unmarked, ..*signed };
    let more = body_wrapped(&signed, key)
        .map(str::to_owned)
        .or_else(|| body_rewritten(case, &signed, key).map(|what| format!("it was {what}")))
        .unwrap_or_else(|| "more of it is changed".to_owned());
    Some(format!(
        "the body was changed after it was signed: a byte order mark (BOM) was put in front of it, as some editors and \
         loggers do; and {more}. {RAW}"
    ))
}

fn body_wrapped(signed: &Signed<'_>, key: &PlatformKey) -> Option<&'static str> {
    let found = wrapped::before(signed.body);
    found.iter().find(|(body, _)| Signed { body, ..*signed }.by(key)).map(|(_, what)| *what)
}

/// A body is another form of what was signed only if its resource is untouched; where that can't be told, only one that
/// looks like it.
fn body_rewritten(case: &Case<'_>, signed: &Signed<'_>, key: &PlatformKey) -> Option<String> {
    let text = str::from_utf8(signed.body).ok()?;
    let opens = case.examined.steps.as_ref().is_some_and(|steps| steps.content.is_ok());
    if !opens && !reserialized::is_unusual(text) {
        return None;
    }
    let left = Cell::new(MOST_HASHED);
    let passes = |text: &str| {
        left.set(left.get().checked_sub(text.len())?);
        Some(Signed { body: text.as_bytes(), ..*signed }.by(key))
    };
    let what = reserialized::changed(text, &passes)?;
    Some(format!("re-serialized, i.e. parsed and written again: changed is {what}"))
}

fn unusable(signature: &str) -> Option<String> {
    match BASE64_STANDARD.decode(signature) {
        Err(_) => Some("Wechatpay-Signature is not base64: it was cut off or changed on the way".to_owned()),
        Ok(bytes) if bytes.len() < SHORTEST => Some(format!(
            "Wechatpay-Signature has {} bytes, where one has {SHORTEST}: it was cut off",
            bytes.len()
        )),
        Ok(_) => None,
    }
}

fn unexplained(case: &Case<'_>, key: &PlatformKey) -> String {
    if let Some(merchant) = key::owner(key) {
        return format!(
            "the configured certificate is the merchant's own (it says {merchant}): the platform signs with its own, so \
             configure that"
        );
    }
    let opens = case.examined.steps.as_ref().is_some_and(|steps| steps.content.is_ok());
    let where_to_look = if opens {
        "the resource still decrypts, so it and the APIv3 key are right; what differs stands around it"
    } else {
        "the body isn't the one that was signed"
    };
    format!(
        "the signature does not match: {where_to_look}, or headers and body are of different attempts (time, nonce and \
         signature are new with each), or the configured file isn't the key of its id"
    )
}
