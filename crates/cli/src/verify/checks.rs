//! The seven checks.

use wxhook_receiver::Rejection;
use wxhook_wire::Protocol;

use super::case::Case;
use super::report::{Check, Outcome, Report, Step};
use super::shown::shown;
use super::{content, key, printed, signature, timestamp, wrapped};

/// All of them, in the pipeline's order. The verdict is the receiver's own.
pub(super) fn report(case: &Case<'_>) -> Report {
    let mut checks = [
        protocol(case),
        timestamp::check(case),
        key::check(case),
        signature::check(case),
        content::envelope(case),
        content::decrypt(case),
        content::classify(case),
    ];
    let verdict = match &case.examined.result {
        Ok(_) => Outcome::Pass,
        Err(refusal) => {
            if !checks.iter().any(Check::failed) {
                let step = step_of(refusal);
                let check = checks.iter_mut().find(|check| check.step == step);
                check.into_iter().for_each(|check| *check = Check::fail(step, refusal.to_string()));
            }
            Outcome::Fail
        }
    };
    // A path that is merely near is the sender's fault, whatever the rest says.
    let verdict = if near_path(case).is_some() { Outcome::Fail } else { verdict };
    Report { verdict, checks, undone: case.undone.is_some() }
}

/// Returns the merchant's path that the request just missed.
fn near_path(case: &Case<'_>) -> Option<String> {
    let (path, paths) = (case.path.as_deref()?, case.paths());
    let path = wxhook_receiver::path_of(path);
    if paths.iter().any(|known| known == path) {
        return None;
    }
    let near = wxhook_receiver::near_path(paths.iter().map(String::as_str), path)?;
    Some(format!(
        "the path {} is no merchant's: it misses {} by slashes, case or percent-encoding, so the receiver answers 404; put \
         the exact path into notify_url, or the other one into the merchant's paths",
        shown(path),
        shown(near)
    ))
}

fn protocol(case: &Case<'_>) -> Check {
    let fail = |hint: String| Check::fail(Step::Protocol, hint);
    let pass = |hint: &str| {
        Check::pass(
            Step::Protocol,
            match case.undone {
                None => hint.to_owned(),
                Some(what) => format!(
                    "{hint}; the body is {what}: that was undone, and the restored bytes were checked"
                ),
            },
        )
    };
    let length = case.body.len();
    if let Some(what) = printed::cut(&case.body).map(str::to_owned).or_else(|| near_path(case)) {
        return fail(what);
    }
    match (case.examined.protocol, &case.examined.result) {
        (protocol, Err(Rejection::TooLarge)) => {
            let most = match protocol {
                Some(Protocol::V2) => case.most_bytes().min(wxhook_wire::v2::MAX_BYTES),
                _ => case.most_bytes(),
            };
            fail(format!("the body has {length} bytes, more than the {most} that a notification may have here"))
        }
        (None, _) if length == 0 => fail(
            "the body is empty: something before the handler has read it (a framework gives it only once), or it was \
             written down too late"
                .to_owned(),
        ),
        (None, _) => fail("the body is nothing but blanks".to_owned()),
        (Some(Protocol::V2), _) if case.has_signed_headers() => {
            pass("v2, by its first byte; what its Wechatpay headers say doesn't count")
        }
        (Some(Protocol::V2), _) => pass("v2"),
        _ if case.has_signed_headers() => pass("v3"),
        _ => fail(neither(case)),
    }
}

/// No XML, and no header of v3.
fn neither(case: &Case<'_>) -> String {
    for (body, what) in wrapped::before(&case.body) {
        if body.trim_ascii_start().starts_with(b"<") && case.with_body(body).result.is_ok() {
            return format!("the body isn't XML as it stands, and was: {what}");
        }
    }
    if let Some(what) = case.misframed() {
        return format!("neither v2, which is XML, nor v3, which has Wechatpay headers: {what}");
    }
    let headers = match case.headers() {
        0 => "there are no headers at all".to_owned(),
        count => format!("none of the {count} headers is one"),
    };
    format!(
        "neither v2, which is XML, nor v3, which has Wechatpay headers: {headers}. A proxy in between drops them, they \
         were not written down, or it isn't from the platform"
    )
}

/// Where a refusal belongs that no check has found by itself.
fn step_of(refusal: &Rejection) -> Step {
    match refusal {
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
