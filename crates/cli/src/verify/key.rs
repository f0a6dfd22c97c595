use wxhook_crypto::PlatformKey;
use wxhook_receiver::Rejection;
use wxhook_wire::v3::header;

use super::case::Case;
use super::report::{Check, Step};
use super::serial;
use super::shown::shown;
use super::signature::{Signed, v3};

const STEP: Step = Step::Key;
/// What the ids of bare public keys begin with.
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_";

/// Whether the merchant has the key that the request takes.
pub(super) fn check(case: &Case<'_>) -> Check {
    let Some(steps) = &case.examined.checks else { return Check::skipped(STEP, "") };
    if case.is_v2() {
        return match steps.key {
            Ok(()) => Check::pass(STEP, "v2: the merchant's api_v2_key"),
            Err(_) if let Some(fault) = case.unusable("api_v2_key") => Check::fail(STEP, fault.to_string()),
            Err(_) => {
                let what = "a v2 notification, and the merchant has no api_v2_key: add it (account center, API security: \
                            the API key that isn't called APIv3)";
                Check::fail(STEP, what)
            }
        };
    }
    if !case.has_signed_headers() {
        return Check::skipped(STEP, "");
    }
    let serial = match case.header(header::SERIAL) {
        Ok(serial) => serial,
        Err(what) => return Check::fail(STEP, what),
    };
    match (steps.key, case.header(header::SIGNATURE_TYPE)) {
        (Err(Rejection::UnknownKey), _) => {
            Check::fail(STEP, v3::swapped(case).unwrap_or_else(|| unknown(case, serial)))
        }
        (Err(_), Ok(name)) => Check::fail(STEP, signature_type(name)),
        (_, Err(what)) if case.written(header::SIGNATURE_TYPE).is_some() => Check::fail(STEP, what),
        (Err(refusal), _) => Check::fail(STEP, refusal.to_string()),
        (Ok(()), _) => Check::pass(STEP, known(case, serial)),
    }
}

fn known(case: &Case<'_>, serial: &str) -> String {
    let key = case.merchant.platform_keys.iter().find(|(id, _)| id == serial).map(|(_, key)| key);
    let Some(key) = key.filter(|key| key.serial().is_some()) else {
        return format!("{}, a public key", shown(serial));
    };
    let now = i64::try_from(case.now).unwrap_or(i64::MAX);
    let remark = if owner(key).is_some() {
        "; it is a merchant's own certificate, which the platform doesn't sign with"
    } else if key.not_after().is_some_and(|end| end < now) {
        "; it has expired, which the receiver doesn't mind, but the platform has a newer one"
    } else if key.not_before().is_some_and(|begin| begin > now) {
        "; it isn't valid yet at that time"
    } else {
        ""
    };
    format!("{}, a certificate{remark}", shown(serial))
}

/// The merchant whose own certificate it is.
pub(super) fn owner(key: &PlatformKey) -> Option<&str> {
    key.common_name()
        .filter(|name| (6..=32).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_digit()))
}

fn signature_type(name: &str) -> String {
    if name.contains("SM2") {
        return format!(
            "Wechatpay-Signature-Type is {}, of the national suite (SM2), and the configured key is an RSA key: this \
             account must be set to the international suite",
            shown(name)
        );
    }
    format!(
        "Wechatpay-Signature-Type is {}, which isn't the key's (WECHATPAY2-SHA256-RSA2048): the platform sends that, or \
         none",
        shown(name)
    )
}

/// Why no key has this id.
fn unknown(case: &Case<'_>, received: &str) -> String {
    let keys = &case.merchant.platform_keys;
    let shown_id = shown(received);
    if keys.is_empty() {
        return format!(
            "the merchant has no platform key: add [[merchant.platform_key]] with id = \"{shown_id}\" and its file"
        );
    }
    if let Some((id, _)) = keys.iter().find(|(id, _)| serial::same(id, received)) {
        return format!(
            "{shown_id} is the configured {id} in another form (case, leading zeros, quotes, colons or decimal): ids are \
             compared to the letter"
        );
    }
    let signer = Signed::of(case)
        .and_then(|signed| case.other_platform_keys(received).find(|(_, key)| signed.by(key)));
    let is_own = |key: &PlatformKey| keys.iter().any(|(_, own)| std::ptr::eq(own, key));
    let theirs = case.others().find(|other| other.platform_keys.iter().any(|(id, _)| id == received));
    if let Some(other) = theirs.filter(|_| !signer.as_ref().is_some_and(|(_, key)| is_own(key))) {
        return format!(
            "{shown_id} is a key of the merchant {}: the request is for that one, or came to a wrong URL",
            other.name
        );
    }
    if let Some((name, _)) = signer {
        return format!(
            "no key has the id {shown_id}, but {name} has made the signature: it is configured under a wrong id, or Wechatpay-Serial was changed"
        );
    }
    let configured = || keys.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>().join(", ");
    if let Some((id, merchant)) = keys.iter().find_map(|(id, key)| Some((id, owner(key)?))) {
        return format!(
            "the configured certificate {id} is the merchant's own (it says {merchant}), which signs requests to the \
             platform; {shown_id} is the platform's: download that, or the WeChat Pay public key"
        );
    }
    let certificates = keys.iter().filter(|(id, key)| key.serial().is_some() || serial::is_hex(id)).count();
    if received.starts_with(PUBLIC_KEY_ID) && certificates == keys.len() {
        return format!(
            "it was signed with the WeChat Pay public key {shown_id}, and only certificates are configured ({}): \
             download the public key (account center, API security) and add it beside them",
            configured()
        );
    }
    if serial::is_hex(received) && certificates == 0 {
        return format!(
            "it was signed with the platform certificate {shown_id}, and only public keys are configured ({}): while \
             an account changes over, both sign; download the certificate and add it, too",
            configured()
        );
    }
    let cause = if received.starts_with(PUBLIC_KEY_ID) {
        "another merchant's, or it was replaced: download it anew"
    } else {
        "a newer certificate, or another merchant's, or your own API certificate's: download the platform's"
    };
    format!("no key has the id {shown_id}; there is {}. It is {cause}", configured())
}
