//! Why a v3 signature is wrong: each usual mistake is undone, and what then verifies was the cause.

use std::cell::Cell;
use std::time::UNIX_EPOCH;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use wxhook_crypto::PlatformKey;
use wxhook_wire::Time;
use wxhook_wire::json::Doc;
use wxhook_wire::v3::{Envelope, header};

use super::super::case::{self, Case};
use super::super::shown::span;
use super::super::undo::{self, Undo};
use super::super::{key, reserialized, timestamp, wrapped};
use super::Signed;

/// Bytes of a signature by an RSA key of 2048 bits; there are no smaller ones.
const SHORTEST: usize = 256;
/// Of a body's forms no more bytes are tried: less than a second of work, and far more than real notifications take.
const MOST_HASHED: usize = 64 << 20;
/// The end of the year 9999.
const MAX_TIME: i64 = 253_402_300_799;
/// Seconds that Beijing is ahead of UTC.
const BEIJING: i64 = 8 * 3600;
const RAW: &str = "Verify the bytes as they came, before any parser or filter sees them";

/// What happened.
pub(super) fn wrong(case: &Case<'_>) -> String {
    let serial = case.header(header::SERIAL).unwrap_or_default();
    let key = case.merchant.platform_keys.iter().find(|(id, _)| id == serial).map(|(_, key)| key);
    let (Some(key), Some(signed)) = (key, Signed::of(case)) else {
        return "the signature does not match".to_owned();
    };
    header_changed(&signed, key)
        .or_else(|| swapped(case))
        .or_else(|| another_time(case, &signed, key))
        .or_else(|| another_key(case, &signed, serial))
        .or_else(|| body_changed(case, &signed, key))
        .or_else(|| unusable(signed.signature))
        .or_else(|| case.misframed())
        .unwrap_or_else(|| unexplained(case, key))
}

/// Returns which headers have one another's values, if the signature verifies once they are put right.
pub(in super::super) fn swapped(case: &Case<'_>) -> Option<String> {
    let names = [header::SERIAL, header::TIMESTAMP, header::NONCE, header::SIGNATURE];
    let mut values = [""; 4];
    for (value, name) in values.iter_mut().zip(names) {
        *value = case.header(name).ok()?;
    }
    for order in permutations() {
        let [serial, timestamp, nonce, signature] =
            order.map(|at| values.get(at).copied().unwrap_or_default());
        let is_right = |(id, key): &&(String, PlatformKey)| {
            id == serial && Signed { timestamp, nonce, signature, body: &case.body }.by(key)
        };
        if !case.merchant.platform_keys.iter().any(|key| is_right(&key)) {
            continue;
        }
        let moved = order.iter().enumerate().filter(|(place, at)| place != *at);
        let moved: Vec<_> =
            moved.filter_map(|(place, _)| names.get(place).map(|name| case::titled(name))).collect();
        return Some(format!(
            "{} are swapped: with each one's value in its own place the signature is right",
            moved.join(" and ")
        ));
    }
    None
}

/// Returns every order of four things but the one that they are in.
fn permutations() -> Vec<[usize; 4]> {
    let every = (0..256_usize).map(|number| [number & 3, number >> 2 & 3, number >> 4 & 3, number >> 6 & 3]);
    let orders = every.filter(|order| (0..4).all(|at| order.contains(&at)) && *order != [0, 1, 2, 3]);
    let mut orders: Vec<_> = orders.collect();
    // Two that are swapped before three or four.
    orders.sort_by_key(|order| order.iter().enumerate().filter(|(place, at)| place != *at).count());
    orders
}

/// Returns the time that was signed instead of the one in the header, if it is near.
fn another_time(case: &Case<'_>, signed: &Signed<'_>, key: &PlatformKey) -> Option<String> {
    let written: i64 = signed.timestamp.parse().ok().filter(|time| (0..=MAX_TIME).contains(time))?;
    let opens = case.examined.checks.as_ref().is_some_and(|steps| steps.content.is_ok());
    if !opens && case.merchant.api_v3_key.is_some() {
        // Another body is no matter of time.
        return None;
    }
    let left = Cell::new(MOST_HASHED);
    let verifies = |time: &i64| {
        left.set(left.get().saturating_sub(signed.body.len()));
        left.get() > 0 && Signed { timestamp: &time.to_string(), ..*signed }.by(key)
    };
    let created = || {
        let doc = Doc::parse(str::from_utf8(&case.body).ok()?).ok()?;
        let envelope = Envelope::read(&doc).ok()?;
        let instant = Time::new(envelope.create_time?.into_owned()).instant()?;
        i64::try_from(instant.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
    };
    let near = |center: i64, most: i64| (1..=most).flat_map(move |by| [center - by, center + by]);
    // A wrong time zone, as well.
    let zones = [written - BEIJING, written + BEIJING];
    let times = near(written, 1800).chain(
        created().into_iter().chain(zones).flat_map(|time| std::iter::once(time).chain(near(time, 300))),
    );
    let time = times.filter(|time| *time != written).find(verifies)?;
    let away = written.abs_diff(time);
    let side = if written > time { "after" } else { "before" };
    Some(format!(
        "it was made over the time {time}, and Wechatpay-Timestamp is {} {side} that: the header's value was replaced, \
         usually by one's own clock; the platform's must be used as it came",
        span(away)
    ))
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
    for (nonce, what) in
        [(signed.nonce.to_ascii_lowercase(), "upper"), (signed.nonce.to_ascii_uppercase(), "lower")]
    {
        if nonce != signed.nonce && (Signed { nonce: &nonce, ..*signed }).by(key) {
            return Some(format!(
                "the case of Wechatpay-Nonce was changed to {what}: with its letters in the other case the signature is right"
            ));
        }
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
    let opens = case.examined.checks.as_ref().is_some_and(|steps| steps.content.is_ok());
    let renamed = reserialized::snake_case(text);
    if !opens && renamed.is_none() && !reserialized::is_unusual(text) {
        return None;
    }
    let left = Cell::new(MOST_HASHED);
    let passes = |text: &str| {
        left.set(left.get().checked_sub(text.len())?);
        Some(Signed { body: text.as_bytes(), ..*signed }.by(key))
    };
    if let Some(renamed) = renamed {
        let more = if passes(&renamed)? {
            String::new()
        } else {
            format!(", {}", reserialized::changed(&renamed, &passes)?)
        };
        return Some(format!(
            "re-serialized, i.e. parsed and written again, which changed the names of its members (camelCase){more}"
        ));
    }
    let what = reserialized::changed(text, &passes)?;
    Some(format!("re-serialized, i.e. parsed and written again, which changed {what}"))
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
    let opens = case.examined.checks.as_ref().is_some_and(|steps| steps.content.is_ok());
    if let Some(what) = lossy(case) {
        return what;
    }
    let nonce = case.header(header::NONCE).unwrap_or_default();
    let folded = if is_folded(nonce) {
        "; the letters of Wechatpay-Nonce are all of one case, which the platform's usually aren't: if something has changed \
         that, nothing can restore it"
    } else {
        ""
    };
    let where_to_look = if opens {
        "the resource still decrypts, so it and the APIv3 key are right; what differs stands around it"
    } else {
        "the body isn't the one that was signed"
    };
    format!(
        "the signature does not match: {where_to_look}, or headers and body are of different attempts (time, nonce and \
         signature are new with each), or the configured file isn't the key of its id{folded}"
    )
}

/// Returns whether a nonce may have been of both cases: it has many letters, of one case, and isn't hexadecimal.
fn is_folded(nonce: &str) -> bool {
    let letters = || nonce.chars().filter(char::is_ascii_alphabetic);
    let is_one = letters().all(|letter| letter.is_ascii_lowercase())
        || letters().all(|letter| letter.is_ascii_uppercase());
    is_one && letters().count() >= 12 && letters().any(|letter| !letter.is_ascii_hexdigit())
}

/// Returns that characters were replaced, which nothing can undo.
fn lossy(case: &Case<'_>) -> Option<String> {
    let text = String::from_utf8_lossy(&case.body);
    let what = if text.contains('\u{fffd}') || text.contains("\u{951f}\u{65a4}\u{62f7}") {
        "characters were replaced by U+FFFD"
    } else if has_question_marks(&text) {
        "its summary has question marks where the platform sends Chinese characters: they were replaced by ?"
    } else {
        return None;
    };
    Some(format!(
        "the body was changed after it was signed: {what}, by something that took it for another character encoding, such as \
         GBK or ASCII. That can't be undone. {RAW}"
    ))
}

/// Returns whether the summary has no character but question marks, or several in a row.
fn has_question_marks(text: &str) -> bool {
    Doc::parse(text).is_ok_and(|doc| {
        let summary = doc.root().get("summary").and_then(|summary| summary.text());
        summary.is_some_and(|text| {
            text.contains("??") || (!text.is_empty() && text.bytes().all(|byte| byte == b'?'))
        })
    })
}
