//! Causes of a wrong v3 signature: each usual mistake is undone, and one after which the signature verifies is the cause.

use super::case::{Case, SIGNED};
use super::transforms::{self, originals};
use super::{keys, reserialized};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::cell::Cell;
use std::time::{Duration, UNIX_EPOCH};
use wxhook_crypto::{PlatformKey, v3};
use wxhook_wire::Time;
use wxhook_wire::json::Doc;
use wxhook_wire::v3::{Envelope, header};

/// Bytes of a signature by an RSA key of 2,048 bits; the platform has no smaller keys.
const MIN_SIGNATURE: usize = 256;
/// Bytes of bodies that are hashed in search of a cause: less than a second of work.
const MAX_HASHED: usize = 64 << 20;
/// The end of the year 9999.
const MAX_TIME: i64 = 253_402_300_799;
/// Seconds that Beijing is ahead of UTC.
const BEIJING: i64 = 8 * 3600;
/// Digits of a Unix time in seconds.
const TIME_DIGITS: usize = 10;
const RAW: &str = "Verify the bytes as received, before any parser or filter changes them";

/// The parts of a v3 signature, as captured or with a change undone.
#[derive(Clone, Copy)]
pub(super) struct Signed<'s> {
    /// Serial, timestamp, nonce, signature: the first of [`SIGNED`].
    headers: [&'s str; 4],
    body: &'s [u8],
}

impl<'s> Signed<'s> {
    /// Returns those of a request that has them all.
    pub(super) fn captured(case: &'s Case<'_>) -> Option<Self> {
        let value = |name| case.captured(name).filter(|value| !value.is_empty());
        let headers = [
            value(header::SERIAL)?,
            value(header::TIMESTAMP)?,
            value(header::NONCE)?,
            value(header::SIGNATURE)?,
        ];
        Some(Self { headers, body: &case.body })
    }

    pub(super) fn is_by(&self, key: &PlatformKey) -> bool {
        let ([serial, timestamp, nonce, signature], body) = (self.headers, self.body);
        v3::Signed { timestamp, nonce, serial, signature, body }.verify(key).is_ok()
    }

    fn verifies(&self, case: &Case<'_>) -> bool {
        let [serial, ..] = self.headers;
        case.platform_key(serial).is_some_and(|key| self.is_by(key))
    }

    fn with<'t>(&self, nth: usize, value: &'t str) -> Signed<'t>
    where
        's: 't,
    {
        let mut headers = self.headers;
        if let Some(slot) = headers.get_mut(nth) {
            *slot = value;
        }
        Signed { headers, body: self.body }
    }
}

/// Explains a wrong signature.
pub(super) fn explain(case: &Case<'_>) -> String {
    let serial = case.captured(header::SERIAL).unwrap_or_default();
    let (Some(key), Some(signed)) = (case.platform_key(serial), Signed::captured(case)) else {
        return "the signature does not match".to_owned();
    };
    changed_header(case)
        .or_else(|| swapped_headers(case))
        .or_else(|| other_time(case, &signed))
        .or_else(|| other_key(case, &signed))
        .or_else(|| changed_body(case, &signed))
        .or_else(|| invalid_signature(case))
        .or_else(|| case.framing_fault())
        .or_else(|| keys::own_certificate(key))
        .or_else(|| replaced_characters(case))
        .unwrap_or_else(|| unexplained(case))
}

/// Finds a single header that was changed.
pub(super) fn changed_header(case: &Case<'_>) -> Option<String> {
    let signed = Signed::captured(case)?;
    for (nth, (value, (_, title))) in signed.headers.iter().zip(SIGNED).enumerate() {
        for (undo, change) in transforms::BASE64 {
            let original = undo(value);
            if original != *value && signed.with(nth, &original).verifies(case) {
                return Some(format!("{title} {change}; without that the signature is right"));
            }
        }
    }
    let [_, timestamp, nonce, _] = signed.headers;
    if let Some((unit, seconds)) = finer_unit(timestamp)
        && signed.with(1, seconds).verifies(case)
    {
        return Some(format!(
            "it was made over the time in seconds ({seconds}); Wechatpay-Timestamp was changed to {unit}"
        ));
    }
    for (original, changed_to) in
        [(nonce.to_ascii_lowercase(), "upper"), (nonce.to_ascii_uppercase(), "lower")]
    {
        if original != nonce && signed.with(2, &original).verifies(case) {
            return Some(format!(
                "the case of Wechatpay-Nonce was changed to {changed_to}: with its letters in the other case the signature is \
                 right"
            ));
        }
    }
    None
}

/// Finds headers that have one another's values.
pub(super) fn swapped_headers(case: &Case<'_>) -> Option<String> {
    let signed = Signed::captured(case)?;
    let moved = |order: &[usize]| order.iter().enumerate().filter(|(place, from)| place != *from).count();
    let mut orders = reserialized::permutations(4);
    orders.sort_by_key(|order| moved(order));
    let order = orders.into_iter().skip(1).find(|order| {
        let mut permuted = signed;
        for (nth, from) in order.iter().enumerate() {
            permuted = permuted.with(nth, signed.headers.get(*from).copied().unwrap_or_default());
        }
        permuted.verifies(case)
    })?;
    let moved = order.iter().zip(SIGNED).enumerate().filter(|(place, (from, _))| place != *from);
    let names: Vec<_> = moved.map(|(_, (_, (_, title)))| title).collect();
    Some(format!(
        "{} are swapped: with each value in its own place the signature is right",
        names.join(" and ")
    ))
}

/// Finds the signed time near the one in the header, near the envelope's, or in another time zone.
fn other_time(case: &Case<'_>, signed: &Signed<'_>) -> Option<String> {
    let [_, captured, ..] = signed.headers;
    let captured: i64 = captured.parse().ok().filter(|time| (0..=MAX_TIME).contains(time))?;
    if !case.is_open() && case.merchant.api_v3_key.is_some() {
        // The body is another one, so no time verifies.
        return None;
    }
    let created = || {
        let doc = Doc::parse(str::from_utf8(&case.body).ok()?).ok()?;
        let instant = Time::new(Envelope::read(&doc).ok()?.create_time?.into_owned()).instant()?;
        i64::try_from(instant.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
    };
    let near = |center: i64, max: i64| (1..=max).flat_map(move |by| [center - by, center + by]);
    let centers = created().into_iter().chain([captured - BEIJING, captured + BEIJING]);
    let centers = centers.flat_map(|time| std::iter::once(time).chain(near(time, 300)));
    let times = near(captured, 1800).chain(centers).filter(|time| *time != captured);
    let time = times
        .take(MAX_HASHED / signed.body.len().max(1))
        .find(|time| signed.with(1, &time.to_string()).verifies(case))?;
    let side = if captured > time { "after" } else { "before" };
    Some(format!(
        "it was made over the time {time}, and Wechatpay-Timestamp is {} {side} that: the header's value was replaced, usually \
         by the local time; use the platform's, unchanged",
        duration(captured.abs_diff(time))
    ))
}

fn other_key(case: &Case<'_>, signed: &Signed<'_>) -> Option<String> {
    let [serial, ..] = signed.headers;
    let (name, _) = case.other_platform_keys(serial).find(|(_, key)| signed.is_by(key))?;
    Some(format!(
        "it was made by {name}, not by the one that Wechatpay-Serial names: two files or ids are mixed up in the \
         configuration, or the header was changed"
    ))
}

fn changed_body(case: &Case<'_>, signed: &Signed<'_>) -> Option<String> {
    let verifies = |body: &[u8]| Signed { body, ..*signed }.verifies(case);
    let explain = |body: &[u8]| {
        let wrapped =
            || originals(body).find(|(original, _)| verifies(original)).map(|(_, change)| change.to_owned());
        wrapped().or_else(|| rewritten(case, body, &verifies))
    };
    let marked = signed.body.strip_prefix(b"\xef\xbb\xbf").filter(|body| !verifies(body));
    let change = match marked {
        // An editor that adds a byte order mark often changes something more.
        Some(body) => format!(
            "a byte order mark (BOM) was added at its start, as some editors and loggers do; and {}",
            explain(body).unwrap_or_else(|| "more of it was changed".to_owned())
        ),
        None => explain(signed.body)?,
    };
    Some(format!("the body was changed after it was signed: {change}. {RAW}"))
}

/// Finds the form of a re-serialized body that was signed. If its resource can't be decrypted, only a body that looks
/// re-serialized is tried.
fn rewritten(case: &Case<'_>, body: &[u8], verifies: &dyn Fn(&[u8]) -> bool) -> Option<String> {
    let text = str::from_utf8(body).ok()?;
    let renamed = reserialized::snake_case(text);
    if !case.is_open() && renamed.is_none() && !reserialized::is_unusual(text) {
        return None;
    }
    let left = Cell::new(MAX_HASHED);
    let passes = |text: &str| {
        left.set(left.get().checked_sub(text.len())?);
        Some(verifies(text.as_bytes()))
    };
    let change = match &renamed {
        Some(renamed) if passes(renamed)? => "the names of its members (camelCase)".to_owned(),
        Some(renamed) => {
            format!("the names of its members (camelCase), {}", reserialized::changes(renamed, &passes)?)
        }
        None => reserialized::changes(text, &passes)?,
    };
    Some(format!("it was re-serialized, i.e. parsed and written again, which changed {change}"))
}

fn invalid_signature(case: &Case<'_>) -> Option<String> {
    match BASE64_STANDARD.decode(case.captured(header::SIGNATURE)?) {
        Err(_) => {
            Some("Wechatpay-Signature is not base64: it was truncated or changed on the way".to_owned())
        }
        Ok(bytes) if bytes.len() < MIN_SIGNATURE => Some(format!(
            "Wechatpay-Signature has {} bytes instead of {MIN_SIGNATURE}: it was truncated",
            bytes.len()
        )),
        Ok(_) => None,
    }
}

/// Finds characters that were replaced, which can't be undone.
fn replaced_characters(case: &Case<'_>) -> Option<String> {
    let text = String::from_utf8_lossy(&case.body);
    let summary =
        Doc::parse(&text).ok().and_then(|doc| Some(doc.root().get("summary")?.text()?.into_owned()));
    let is_replaced =
        |text: String| text.contains("??") || (!text.is_empty() && text.bytes().all(|byte| byte == b'?'));
    let change = if text.contains('\u{fffd}') || text.contains("\u{951f}\u{65a4}\u{62f7}") {
        "characters were replaced by U+FFFD"
    } else if summary.is_some_and(is_replaced) {
        "its summary has question marks where the platform sends Chinese characters: they were replaced by ?"
    } else {
        return None;
    };
    Some(format!(
        "the body was changed after it was signed: {change}, by something that assumed another character encoding, such as GBK \
         or ASCII. That can't be undone. {RAW}"
    ))
}

fn unexplained(case: &Case<'_>) -> String {
    let nonce = case.captured(header::NONCE).unwrap_or_default();
    let letters = || nonce.chars().filter(char::is_ascii_alphabetic);
    let is_one_case = letters().all(|letter| letter.is_ascii_lowercase())
        || letters().all(|letter| letter.is_ascii_uppercase());
    let is_folded =
        is_one_case && letters().count() >= 12 && letters().any(|letter| !letter.is_ascii_hexdigit());
    let folded = if is_folded {
        "; the letters of Wechatpay-Nonce are all of one case, which is unusual: if something has changed that, it can't be \
         restored"
    } else {
        ""
    };
    let place = if case.is_open() {
        "the resource still decrypts, so it and the APIv3 key are right; the difference is in the rest of the body"
    } else {
        "the body isn't the one that was signed"
    };
    format!(
        "the signature does not match: {place}, or headers and body are of different attempts (time, nonce and signature are \
         new with each), or the configured file isn't the key of its id{folded}"
    )
}

/// Returns the unit of a time smaller than seconds, and the time in seconds.
pub(super) fn finer_unit(text: &str) -> Option<(&'static str, &str)> {
    let unit = match text.len().checked_sub(TIME_DIGITS)? {
        3 => "milliseconds",
        6 => "microseconds",
        9 => "nanoseconds",
        _ => return None,
    };
    let seconds = text.get(..TIME_DIGITS).filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    (!seconds.starts_with('0')).then_some((unit, seconds))
}

pub(super) fn duration(seconds: u64) -> String {
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use super::finer_unit;

    #[test]
    fn units_are_recognized_by_their_length() {
        assert_eq!(finer_unit("1700000000123"), Some(("milliseconds", "1700000000")));
        assert_eq!(finer_unit("1700000000123456789"), Some(("nanoseconds", "1700000000")));
        for text in ["", "1700000000", "17000000001", "0000000000123", "170000000.123"] {
            assert_eq!(finer_unit(text), None);
        }
    }
}
