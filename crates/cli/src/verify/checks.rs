//! The seven checks. Each result is the receiver's own; the hints are found by undoing mistakes.

use super::case::Case;
use super::report::{Check, CheckResult, Report, Step};
use super::v3::{duration, finer_unit};
use super::{keys, opening, printed, reserialized, transforms, v2, v3};
use crate::out::escaped;
use serde_json::json;
use wxhook_receiver::{Classification, Rejection};
use wxhook_wire::json::Doc;
use wxhook_wire::v2::{Fields, Shape};
use wxhook_wire::v3::{Envelope, header};
use wxhook_wire::{Error, Protocol};

/// Runs all checks. The verdict is the receiver's.
pub(super) fn report(case: &Case<'_>) -> Report {
    let mut checks = [
        protocol(case),
        timestamp(case),
        key(case),
        signature(case),
        envelope(case),
        decrypt(case),
        classify(case),
    ];
    let mut verdict = CheckResult::Pass;
    if let Err(rejection) = &case.verification.result {
        verdict = CheckResult::Fail;
        if !checks.iter().any(Check::is_failed) {
            let step = step_of(rejection);
            let check = checks.iter_mut().find(|check| check.step == step);
            check.into_iter().for_each(|check| *check = Check::fail(step, rejection.to_string()));
        }
    }
    // A path that is merely near is the sender's fault, whatever the other checks say.
    if near_path(case).is_some() {
        verdict = CheckResult::Fail;
    }
    Report { verdict, checks, is_restored: case.printed_form.is_some() }
}

/// Returns the step of a rejection that no check has explained.
fn step_of(rejection: &Rejection) -> Step {
    match rejection {
        Rejection::Timestamp | Rejection::Stale(_) => Step::Timestamp,
        Rejection::UnknownKey | Rejection::SignatureType | Rejection::NoV2Key => Step::Key,
        Rejection::Header
        | Rejection::DuplicateHeader
        | Rejection::Probe
        | Rejection::Signature
        | Rejection::Sign => Step::Signature,
        Rejection::Envelope(_) | Rejection::Xml(_) => Step::Envelope,
        Rejection::Sealed(_) | Rejection::Refund => Step::Decrypt,
        _ => Step::Protocol,
    }
}

/// Explains a path that isn't a merchant's but nearly.
fn near_path(case: &Case<'_>) -> Option<String> {
    let paths = case.paths();
    let path = wxhook_receiver::path_of(case.path.as_deref()?);
    if paths.iter().any(|known| known == path) {
        return None;
    }
    let near = wxhook_receiver::near_path(paths.iter().map(String::as_str), path)?;
    Some(format!(
        "no merchant has the path {}: it differs from {} by slashes, case or percent-encoding, so the receiver answers 404; \
         put the exact path into notify_url, or this one into the merchant's paths",
        escaped(path.as_bytes()),
        escaped(near.as_bytes())
    ))
}

fn protocol(case: &Case<'_>) -> Check {
    let fail = |hint: String| Check::fail(Step::Protocol, hint);
    let pass = |hint: &str| {
        let restored =
            case.printed_form.map(|form| format!("; the body is {form}: the restored bytes were checked"));
        Check::pass(Step::Protocol, format!("{hint}{}", restored.unwrap_or_default()))
    };
    if let Some(fault) = printed::truncated(&case.body).map(str::to_owned).or_else(|| near_path(case)) {
        return fail(fault);
    }
    match (case.verification.protocol, &case.verification.result) {
        (_, Err(Rejection::TooLarge)) => {
            fail(format!("the body has {} bytes, more than the limit of {}", case.body.len(), case.max_bytes()))
        }
        (None, _) if case.body.is_empty() => fail(
            "the body is empty: something has read it before the handler (a framework gives it only once), or it was written \
             down too late"
                .to_owned(),
        ),
        (None, _) => fail("the body is nothing but whitespace".to_owned()),
        (Some(Protocol::V2), _) if case.has_v3_headers() => {
            pass("v2, by its first byte; its Wechatpay headers are ignored")
        }
        (Some(Protocol::V2), _) => pass("v2"),
        _ if case.has_v3_headers() => pass("v3"),
        _ => fail(unknown_protocol(case)),
    }
}

/// Explains a body that isn't XML, without any header of v3.
fn unknown_protocol(case: &Case<'_>) -> String {
    let xml = transforms::originals(&case.body).find(|(body, _)| {
        body.trim_ascii_start().starts_with(b"<") && case.with_body(body.clone()).verification.result.is_ok()
    });
    if let Some((_, change)) = xml {
        return format!("the body isn't XML any more: {change}");
    }
    let fault = case.framing_fault().unwrap_or_else(|| {
        "there are no Wechatpay headers. A proxy in between drops them, they were not written down, or it isn't from the \
         platform"
            .to_owned()
    });
    format!("neither v2, which is XML, nor v3, which has Wechatpay headers: {fault}")
}

fn timestamp(case: &Case<'_>) -> Check {
    const STEP: Step = Step::Timestamp;
    if case.is_v2() {
        return Check::skipped(STEP, "v2 carries no time");
    }
    let Some(result) = case.checks().and_then(|checks| checks.timestamp).filter(|_| case.has_v3_headers())
    else {
        return Check::skipped(STEP, "");
    };
    let text = match case.header(header::TIMESTAMP) {
        Ok(text) => text,
        Err(fault) => return Check::fail(STEP, fault),
    };
    match result {
        Ok(seconds) => Check::pass(STEP, skew(case, seconds)),
        Err(Rejection::Stale(seconds)) => Check::fail(STEP, stale(case, text, seconds)),
        Err(_) => Check::fail(
            STEP,
            v3::swapped_headers(case).unwrap_or_else(|| {
                format!("\"{}\" is not a number of seconds; it must be digits only", escaped(text.as_bytes()))
            }),
        ),
    }
}

fn skew(case: &Case<'_>, seconds: i64) -> String {
    let now = if case.is_now_given { "--now" } else { "now" };
    let side = if seconds > 0 { "before" } else { "after" };
    match seconds.unsigned_abs() {
        0 => format!("signed {now}"),
        away => format!("signed {} {side} {now}", duration(away)),
    }
}

fn stale(case: &Case<'_>, text: &str, seconds: i64) -> String {
    let text = escaped(text.as_bytes());
    if let Some((unit, instant)) = finer_unit(&text) {
        return format!(
            "\"{text}\" is a time in {unit}; the platform sends seconds ({instant}), so something has changed the header"
        );
    }
    let cause = if seconds > 0 {
        "If it was rejected at once, this machine's clock is fast; if it was captured earlier, it is only old by now"
    } else {
        "This machine's clock is slow, or --now is wrong"
    };
    let again =
        if case.is_now_given { String::new() } else { format!(": --now {text} checks it at that time") };
    format!("{}, and at most 300 s are allowed. {cause}{again}", skew(case, seconds))
}

fn key(case: &Case<'_>) -> Check {
    const STEP: Step = Step::Key;
    let Some(result) = case.checks().map(|checks| checks.key) else { return Check::skipped(STEP, "") };
    if case.is_v2() {
        return match (result, case.key_fault("api_v2_key")) {
            (Ok(()), _) => Check::pass(STEP, "v2: the merchant's api_v2_key"),
            (Err(_), Some(fault)) => Check::fail(STEP, fault.to_string()),
            (Err(_), None) => Check::fail(
                STEP,
                "a v2 notification, but the merchant has no api_v2_key: add it (account center, API security: the API key that \
                 isn't called APIv3)",
            ),
        };
    }
    if !case.has_v3_headers() {
        return Check::skipped(STEP, "");
    }
    let serial = match case.header(header::SERIAL) {
        Ok(serial) => serial,
        Err(fault) => return Check::fail(STEP, fault),
    };
    match (result, case.header(header::SIGNATURE_TYPE)) {
        (Err(Rejection::UnknownKey), _) => Check::fail(
            STEP,
            v3::swapped_headers(case).unwrap_or_else(|| keys::explain_unknown(case, serial)),
        ),
        (Err(_), Ok(name)) => Check::fail(STEP, signature_type(name)),
        (_, Err(fault)) if case.captured(header::SIGNATURE_TYPE).is_some() => Check::fail(STEP, fault),
        (Err(rejection), _) => Check::fail(STEP, rejection.to_string()),
        (Ok(()), _) => Check::pass(STEP, keys::describe(case, serial)),
    }
}

fn signature_type(name: &str) -> String {
    let fix = if name.contains("SM2") {
        "of the national suite (SM2), and the configured key is an RSA key: switch this account to the international suite"
    } else {
        "which isn't the key's (WECHATPAY2-SHA256-RSA2048): the platform sends that, or none"
    };
    format!("Wechatpay-Signature-Type is {}, {fix}", escaped(name.as_bytes()))
}

fn signature(case: &Case<'_>) -> Check {
    const STEP: Step = Step::Signature;
    let Some(result) = case.checks().map(|checks| checks.signature) else { return Check::skipped(STEP, "") };
    let Some(result) = result else {
        return Check::skipped(STEP, "a v2 refund has none: its only proof is that it can be decrypted");
    };
    if case.is_v2() {
        return match (result, Fields::parse(&case.body)) {
            (Ok(()), Ok(fields)) => Check::pass(STEP, v2::describe(&fields)),
            (Ok(()), Err(_)) => Check::pass(STEP, ""),
            (Err(Rejection::Sign), Ok(fields)) => Check::fail(STEP, v2::explain(case, &fields)),
            (Err(_), _) => Check::skipped(STEP, ""),
        };
    }
    if !case.has_v3_headers() {
        return Check::skipped(STEP, "");
    }
    for name in [header::NONCE, header::SIGNATURE] {
        if let Err(fault) = case.header(name) {
            let is_wrapped = case.captured(name).is_some_and(|value| value.contains(char::is_control));
            let wrapped = is_wrapped.then(|| v3::changed_header(case)).flatten();
            return Check::fail(STEP, wrapped.unwrap_or(fault));
        }
    }
    if case.verification.protocol.is_none() {
        return Check::skipped(STEP, "there is no body to check");
    }
    match result {
        Ok(()) => Check::pass(STEP, ""),
        Err(Rejection::Probe) => Check::fail(
            STEP,
            "a probe of the platform (it begins with WECHATPAY/SIGNTEST/): wrong on purpose, to test that signatures are \
             verified. Rejecting it is right and normal; there is nothing to fix",
        ),
        Err(Rejection::UnknownKey) => {
            let serial = case.captured(header::SERIAL).unwrap_or_default();
            let signer = v3::Signed::captured(case)
                .and_then(|signed| case.other_platform_keys(serial).find(|(_, key)| signed.is_by(key)));
            match signer {
                Some((name, _)) => Check::pass(STEP, format!("made by {name}")),
                None => Check::skipped(STEP, "can't be checked without the key"),
            }
        }
        Err(Rejection::Signature) => Check::fail(STEP, v3::explain(case)),
        Err(_) => Check::skipped(STEP, ""),
    }
}

fn envelope(case: &Case<'_>) -> Check {
    const STEP: Step = Step::Envelope;
    let Some(content) = case.checks().map(|checks| &checks.content) else { return Check::skipped(STEP, "") };
    match content {
        _ if case.verification.protocol.is_none() => Check::skipped(STEP, ""),
        Err(_) if !case.is_v2() && !case.has_v3_headers() => Check::skipped(STEP, ""),
        Err(Rejection::TooLarge) => Check::skipped(STEP, ""),
        Err(Rejection::Xml(error)) => Check::fail(STEP, with_cause(case, &error.to_string())),
        Err(Rejection::Envelope(fault)) if case.is_v2() => {
            Check::fail(STEP, format!("event_ciphertext and its fields: {fault}"))
        }
        Err(Rejection::Envelope(fault)) => Check::fail(STEP, invalid_envelope(case, fault)),
        Err(Rejection::NoV2Key) if Fields::parse(&case.body).is_err() => {
            Check::fail(STEP, "the body is not the XML of a v2 notification")
        }
        _ => Check::pass(STEP, ""),
    }
}

/// Adds the change that has made a body unreadable, if it is found.
fn with_cause(case: &Case<'_>, fault: &str) -> String {
    let is_readable = |body: &[u8]| {
        let other = case.with_body(body.to_vec());
        if other.is_v2() { other.verification.result.is_ok() } else { other.is_readable() }
    };
    let original = transforms::originals(&case.body).find(|(body, _)| is_readable(body));
    match original.map(|(_, change)| change.to_owned()).or_else(|| case.framing_fault()) {
        Some(cause) => format!("{fault}: {cause}"),
        None => fault.to_owned(),
    }
}

fn invalid_envelope(case: &Case<'_>, fault: &str) -> String {
    let Ok(text) = str::from_utf8(&case.body) else { return with_cause(case, "the body is not UTF-8") };
    let Ok(doc) = Doc::parse(text) else {
        if printed::is_object(&case.body) {
            return "the body is an object as a program prints it (console.log, print, toString), not the bytes that were \
                    received: write those to a file before anything parses them"
                .to_owned();
        }
        let hint = with_cause(case, "the body is not JSON");
        let is_cut = hint.ends_with("JSON") && text.trim_end().starts_with('{');
        return if is_cut { format!("{hint}: it was truncated or changed") } else { hint };
    };
    let envelope = match Envelope::read(&doc) {
        Ok(envelope) => envelope,
        Err(Error::Envelope("object")) => return "the body is JSON, but not an object".to_owned(),
        Err(Error::Envelope(_)) if reserialized::snake_case(text).is_some() => {
            return "the names of its members are in camelCase (eventType, createTime), where the platform's have underscores: it \
                    was re-serialized, i.e. parsed into an object and written again; keep the bytes as received"
                .to_owned();
        }
        Err(Error::Envelope(part)) => {
            return format!(
                "{part} is missing, empty or of another type, so it isn't a notification of the platform"
            );
        }
        Err(error) => return error.to_string(),
    };
    match (envelope.resource.nonce.len(), &*envelope.resource.ciphertext) {
        (12, ciphertext) if ciphertext.contains(' ') => {
            format!("{fault}: it has spaces where + was, so it was URL-decoded")
        }
        (12, ciphertext) if ciphertext.contains(['-', '_']) => {
            format!("{fault}: it is in the URL-safe alphabet (- and _)")
        }
        (12, _) => format!("{fault}: it was truncated or changed"),
        (length, _) => format!("resource.nonce has {length} bytes instead of 12"),
    }
}

/// Checks whether the content can be decrypted, even where the envelope is incomplete.
fn decrypt(case: &Case<'_>) -> Check {
    let completed = completed(case);
    let mut check = decrypted(completed.as_ref().unwrap_or(case));
    if completed.is_some() && check.result == CheckResult::Pass {
        "the key is right; only the envelope is incomplete".clone_into(&mut check.hint);
    }
    check
}

fn decrypted(case: &Case<'_>) -> Check {
    const STEP: Step = Step::Decrypt;
    let Some(content) = case.checks().map(|checks| &checks.content) else { return Check::skipped(STEP, "") };
    let is_plain = || Fields::parse(&case.body).is_ok_and(|fields| Shape::detect(&fields) == Shape::Plain);
    match content {
        Ok(_) if case.is_v2() && is_plain() => Check::skipped(STEP, "it has no encrypted part"),
        Ok(classification) if classification.flags().iter().any(|flag| flag == "not-json") => {
            Check::pass(STEP, "the content is neither JSON nor XML; it is delivered as text (flag not-json)")
        }
        Ok(_) if case.verification.result.is_err() => Check::pass(STEP, "the key is right"),
        Ok(_) => Check::pass(STEP, ""),
        Err(Rejection::Sealed(fault)) => Check::fail(STEP, opening::explain_sealed(case, fault)),
        Err(Rejection::Refund) => Check::fail(STEP, opening::explain_refund(case)),
        Err(_) => Check::skipped(STEP, ""),
    }
}

/// Returns the same request with a complete envelope, if only parts are missing that decryption doesn't need.
fn completed<'a>(case: &Case<'a>) -> Option<Case<'a>> {
    let is_incomplete = |case: &Case<'_>| {
        case.checks().is_some_and(|checks| matches!(checks.content, Err(Rejection::Envelope(_))))
    };
    if case.is_v2() || !is_incomplete(case) {
        return None;
    }
    let body = str::from_utf8(&case.body).ok()?;
    let renamed = reserialized::snake_case(body);
    let body: serde_json::Value = serde_json::from_str(renamed.as_deref().unwrap_or(body)).ok()?;
    let text = |pointer: &str, default: &str| {
        let text = body.pointer(pointer).and_then(|value| value.as_str()).filter(|text| !text.is_empty());
        text.unwrap_or(default).to_owned()
    };
    let completed = json!({
        "id": text("/id", "-"),
        "event_type": text("/event_type", "-"),
        "resource": {
            "algorithm": text("/resource/algorithm", "AEAD_AES_256_GCM"),
            "ciphertext": text("/resource/ciphertext", ""),
            "nonce": text("/resource/nonce", ""),
            "associated_data": text("/resource/associated_data", ""),
            "original_type": text("/resource/original_type", ""),
        },
    });
    Some(case.with_body(completed.to_string().into_bytes())).filter(|case| !is_incomplete(case))
}

fn classify(case: &Case<'_>) -> Check {
    let content = |case: &Case<'_>| case.checks().and_then(|checks| checks.content.clone().ok());
    let completed = completed(case).and_then(|case| content(&case)).filter(|content| content.event() != "-");
    match completed.or_else(|| content(case)) {
        Some(classification) => Check::pass(Step::Classify, describe(case, &classification)),
        None => Check::skipped(Step::Classify, ""),
    }
}

/// Describes the event and its flags. Unknown events are accepted.
fn describe(case: &Case<'_>, classification: &Classification) -> String {
    let mut text = escaped(classification.event().as_bytes());
    if let Some(variant) = classification.variant() {
        text.push_str(&format!("#{variant}"));
    }
    if !classification.is_known() {
        text.push_str("; not in the catalog: it is kept and delivered without a type");
    }
    for flag in classification.flags() {
        let flag = match flag.as_str() {
            "unsigned" => "unsigned: a v2 refund is only encrypted; compare its numbers with your own",
            "other-merchant" => &format!(
                "other-merchant: it names another merchant than the configured mchid {}",
                case.merchant.mchid
            ),
            "key-fallback" => "key-fallback: it has no identifying number",
            "misfit" => "misfit: it fits no variant, or not its model (`wxhook decode` shows where)",
            "not-json" => continue,
            other => other,
        };
        text.push_str("; ");
        text.push_str(flag);
    }
    if let Some(reason) = classification.hold() {
        text.push_str("; its record is parked for an operator: ");
        text.push_str(reason.text());
    }
    text
}
