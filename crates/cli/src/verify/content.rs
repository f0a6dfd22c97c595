//! Envelope, decryption and classification: what a request holds, whoever sent it.

mod envelope;
mod opening;

use wxhook_crypto::AeadAlgorithm;
use wxhook_receiver::{Classification, Rejection};
use wxhook_wire::json::{Doc, Kind, Value};
use wxhook_wire::v2::{Fields, Shape};

use super::case::Case;
use super::report::{Check, Outcome, Step};
use super::reserialized;
use super::shown::shown;

/// Whether what is around the content can be read.
pub(super) fn envelope(case: &Case<'_>) -> Check {
    const STEP: Step = Step::Envelope;
    let Some(steps) = &case.examined.checks else { return Check::skipped(STEP, "") };
    match &steps.content {
        _ if case.examined.protocol.is_none() => Check::skipped(STEP, ""),
        Err(_) if !case.is_v2() && !case.has_signed_headers() => Check::skipped(STEP, ""),
        Err(Rejection::TooLarge) => Check::skipped(STEP, ""),
        Err(Rejection::Xml(error)) => Check::fail(STEP, envelope::unreadable_xml(case, *error)),
        Err(Rejection::Envelope(what)) if case.is_v2() => {
            Check::fail(STEP, format!("event_ciphertext and its fields: {what}"))
        }
        Err(Rejection::Envelope(what)) => Check::fail(STEP, envelope::unusable(case, what)),
        Err(Rejection::NoV2Key) if Fields::parse(&case.body).is_err() => {
            Check::fail(STEP, "the body is no XML that v2 has")
        }
        _ => Check::pass(STEP, ""),
    }
}

/// Checks whether the content can be decrypted, even where the envelope isn't complete.
pub(super) fn decrypt(case: &Case<'_>) -> Check {
    match completed(case) {
        Some(completed) => {
            let check = decrypted(&completed);
            let is_open = check.result == Outcome::Pass;
            if is_open {
                Check::pass(check.step, "the key is right; only the envelope is incomplete")
            } else {
                check
            }
        }
        None => decrypted(case),
    }
}

/// Returns the same request with an envelope that has all its parts, if what is encrypted has its own.
fn completed<'a>(case: &Case<'a>) -> Option<Case<'a>> {
    let steps = case.examined.checks.as_ref()?;
    if case.is_v2() || !matches!(steps.content, Err(Rejection::Envelope(_))) {
        return None;
    }
    let body = str::from_utf8(&case.body).ok()?;
    let renamed = reserialized::snake_case(body);
    let doc = Doc::parse(renamed.as_deref().unwrap_or(body)).ok()?;
    let resource = doc.root().get("resource").filter(|value| value.kind() == Kind::Object)?;
    let text = |value: Value<'_>, name: &str| Some(value.get(name)?.string()?.into_owned());
    let part = |name: &str| text(resource, name).unwrap_or_default();
    let algorithm = text(resource, "algorithm").unwrap_or_else(|| AeadAlgorithm::Aes256Gcm.to_string());
    let whole = serde_json::json!({
        "id": text(doc.root(), "id").filter(|id| !id.is_empty()).unwrap_or_else(|| "-".to_owned()),
        "event_type": text(doc.root(), "event_type").filter(|name| !name.is_empty()).unwrap_or_else(|| "-".to_owned()),
        "resource": {
            "algorithm": algorithm,
            "ciphertext": part("ciphertext"),
            "nonce": part("nonce"),
            "associated_data": part("associated_data"),
            "original_type": part("original_type"),
        },
    });
    let completed = case.of_body(whole.to_string().into_bytes());
    let steps = completed.examined.checks.as_ref()?;
    (!matches!(steps.content, Err(Rejection::Envelope(_)))).then_some(completed)
}

fn decrypted(case: &Case<'_>) -> Check {
    const STEP: Step = Step::Decrypt;
    let Some(steps) = &case.examined.checks else { return Check::skipped(STEP, "") };
    let is_plain = || Fields::parse(&case.body).is_ok_and(|fields| Shape::detect(&fields) == Shape::Plain);
    match &steps.content {
        Ok(_) if case.is_v2() && is_plain() => Check::skipped(STEP, "nothing in it is encrypted"),
        Ok(seen) if seen.flags().iter().any(|flag| flag == "not-json") => Check::pass(
            STEP,
            "what comes out is neither JSON nor XML; it is handed on as text (flag not-json)",
        ),
        Ok(_) if case.examined.result.is_err() => Check::pass(STEP, "the key is right"),
        Ok(_) => Check::pass(STEP, ""),
        Err(Rejection::Sealed(what)) => Check::fail(STEP, opening::sealed(case, what)),
        Err(Rejection::Refund) => Check::fail(STEP, opening::refund(case)),
        Err(_) => Check::skipped(STEP, ""),
    }
}

/// Which event it is. What isn't known is taken all the same.
pub(super) fn classify(case: &Case<'_>) -> Check {
    const STEP: Step = Step::Classify;
    let content = |case: &Case<'_>| Some(case.examined.checks.as_ref()?.content.clone());
    let named = completed(case)
        .filter(|case| content(case).is_some_and(|seen| seen.is_ok_and(|seen| seen.event() != "-")));
    match content(named.as_ref().unwrap_or(case)) {
        Some(Ok(seen)) => Check::pass(STEP, classified(case, &seen)),
        _ => Check::skipped(STEP, ""),
    }
}

fn classified(case: &Case<'_>, seen: &Classification) -> String {
    let mut text = shown(seen.event());
    if let Some(variant) = seen.variant() {
        text.push_str(&format!("#{variant}"));
    }
    if !seen.is_known() {
        text.push_str("; not in the catalog: it is kept and handed on without a type");
    }
    for flag in seen.flags() {
        let what = match flag.as_str() {
            "unsigned" => "unsigned: a v2 refund is only encrypted; compare its numbers with your own",
            "other-merchant" => {
                text.push_str(&format!(
                    "; other-merchant: it names another merchant than the configured mchid {}",
                    case.merchant.mchid
                ));
                continue;
            }
            "key-fallback" => "key-fallback: it has no identifying number",
            "misfit" => "misfit: it fits no variant, or not its model (`wxhook decode` says where)",
            "not-json" => continue,
            other => other,
        };
        text.push_str("; ");
        text.push_str(what);
    }
    if let Some(reason) = seen.hold() {
        text.push_str("; its record is parked for an operator: ");
        text.push_str(reason.text());
    }
    text
}
