pub(super) mod v3;

use wxhook_crypto::{PlatformKey, v3 as crypto};
use wxhook_receiver::Rejection;
use wxhook_wire::v2::Fields;
use wxhook_wire::v3::header;

use super::case::Case;
use super::report::{Check, Step};
use super::sign;

const STEP: Step = Step::Signature;

/// What a v3 signature is about.
#[derive(Clone, Copy)]
pub(super) struct Signed<'s> {
    timestamp: &'s str,
    nonce: &'s str,
    signature: &'s str,
    body: &'s [u8],
}

impl<'s> Signed<'s> {
    /// As the request has it, if it has all of it.
    pub(super) fn of(case: &'s Case<'_>) -> Option<Self> {
        Some(Self {
            timestamp: case.header(header::TIMESTAMP).ok()?,
            nonce: case.header(header::NONCE).ok()?,
            signature: case.header(header::SIGNATURE).ok()?,
            body: &case.body,
        })
    }

    /// Whether this key has made it.
    pub(super) fn by(&self, key: &PlatformKey) -> bool {
        let Self { timestamp, nonce, signature, body } = *self;
        crypto::Signed { timestamp, nonce, serial: "", signature, body }.verify(key).is_ok()
    }
}

/// Whether somebody vouches for it.
pub(super) fn check(case: &Case<'_>) -> Check {
    let Some(steps) = &case.examined.checks else { return Check::skipped(STEP, "") };
    match steps.signature {
        None => Check::skipped(STEP, "a v2 refund has none: that it can be decrypted is its only proof"),
        Some(Ok(())) if !case.is_v2() && !case.has_signed_headers() => Check::skipped(STEP, ""),
        Some(result) if case.is_v2() => v2(case, result),
        Some(result) => v3(case, result),
    }
}

fn v2(case: &Case<'_>, result: Result<(), Rejection>) -> Check {
    match (result, Fields::parse(&case.body)) {
        (Ok(()), Ok(fields)) => Check::pass(STEP, sign::right(&fields)),
        (Ok(()), Err(_)) => Check::pass(STEP, ""),
        (Err(Rejection::Sign), Ok(fields)) => Check::fail(STEP, sign::wrong(case, &fields)),
        (Err(_), _) => Check::skipped(STEP, ""),
    }
}

fn v3(case: &Case<'_>, result: Result<(), Rejection>) -> Check {
    if !case.has_signed_headers() {
        return Check::skipped(STEP, "");
    }
    for name in [header::NONCE, header::SIGNATURE] {
        if let Err(what) = case.header(name) {
            return Check::fail(STEP, v3::broken_header(case, name).unwrap_or(what));
        }
    }
    if case.examined.protocol.is_none() {
        return Check::skipped(STEP, "there is no body that it could be over");
    }
    match result {
        Ok(()) => Check::pass(STEP, ""),
        Err(Rejection::Probe) => Check::fail(
            STEP,
            "a probe of the platform (it begins with WECHATPAY/SIGNTEST/): wrong on purpose, to see that signatures are \
             really verified. Refusing it is right and normal; there is nothing to mend",
        ),
        Err(Rejection::UnknownKey) => match by_another(case) {
            Some(name) => Check::pass(STEP, format!("made by {name}")),
            None => Check::skipped(STEP, "without the key it can't be checked"),
        },
        Err(Rejection::Signature) => Check::fail(STEP, v3::wrong(case)),
        Err(_) => Check::skipped(STEP, ""),
    }
}

fn by_another(case: &Case<'_>) -> Option<String> {
    let signed = Signed::of(case)?;
    let serial = case.header(header::SERIAL).ok()?;
    case.other_platform_keys(serial).find(|(_, key)| signed.by(key)).map(|(name, _)| name)
}
