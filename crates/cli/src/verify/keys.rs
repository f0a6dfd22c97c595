//! Platform keys: why none has the id of a request, and the forms in which ids are written.

use super::case::Case;
use super::v3::Signed;
use crate::out::escaped;
use wxhook_crypto::PlatformKey;

/// Prefix of the ids of public keys.
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_";

/// Returns that a key is a merchant's own certificate, if it is.
pub(super) fn own_certificate(key: &PlatformKey) -> Option<String> {
    let merchant = owner(key)?;
    Some(format!(
        "the configured certificate is the merchant's own (CN = {merchant}): configure the platform's, which signs \
         notifications"
    ))
}

/// Returns the merchant whose own certificate a key is.
fn owner(key: &PlatformKey) -> Option<&str> {
    let is_mchid =
        |name: &&str| (6..=32).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_digit());
    key.common_name().filter(is_mchid)
}

/// Describes the key that a request names.
pub(super) fn describe(case: &Case<'_>, serial: &str) -> String {
    let id = escaped(serial.as_bytes());
    let Some(key) = case.platform_key(serial).filter(|key| key.serial().is_some()) else {
        return format!("{id}, a public key");
    };
    let now = i64::try_from(case.now).unwrap_or(i64::MAX);
    let remark = if owner(key).is_some() {
        "; it is a merchant's own certificate, which the platform doesn't sign with"
    } else if key.not_after().is_some_and(|end| end < now) {
        "; it has expired, which the receiver accepts, but the platform has a newer one"
    } else if key.not_before().is_some_and(|begin| begin > now) {
        "; it isn't valid yet at that time"
    } else {
        ""
    };
    format!("{id}, a certificate{remark}")
}

/// Explains why no key has this id.
pub(super) fn explain_unknown(case: &Case<'_>, serial: &str) -> String {
    let keys = &case.merchant.platform_keys;
    let id = escaped(serial.as_bytes());
    if keys.is_empty() {
        return format!(
            "the merchant has no platform key: add [[merchant.platform_key]] with id = \"{id}\" and its file"
        );
    }
    if let Some((known, _)) = keys.iter().find(|(known, _)| is_same(known, serial)) {
        return format!(
            "{id} is the configured {known} in another form (case, leading zeros, quotes, colons or decimal): ids must be \
             equal, character by character"
        );
    }
    let signer = Signed::captured(case)
        .and_then(|signed| case.other_platform_keys(serial).find(|(_, key)| signed.is_by(key)));
    let is_own = |key: &PlatformKey| keys.iter().any(|(_, own)| std::ptr::eq(own, key));
    let other = case.other_merchants().find(|other| other.platform_keys.iter().any(|(id, _)| id == serial));
    if let Some(other) = other.filter(|_| !signer.as_ref().is_some_and(|(_, key)| is_own(key))) {
        return format!(
            "{id} is a key of the merchant {}: the request is for that merchant, or was sent to a wrong URL",
            other.name
        );
    }
    if let Some((name, _)) = signer {
        return format!(
            "no key has the id {id}, but {name} has made the signature: it is configured under a wrong id, or \
             Wechatpay-Serial was changed"
        );
    }
    if let Some((known, merchant)) = keys.iter().find_map(|(known, key)| Some((known, owner(key)?))) {
        return format!(
            "the configured certificate {known} is the merchant's own (CN = {merchant}), which signs requests to the platform; \
             {id} is the platform's: download that, or the WeChat Pay public key"
        );
    }
    let configured = keys.iter().map(|(known, _)| known.as_str()).collect::<Vec<_>>().join(", ");
    let certificates = keys.iter().filter(|(known, key)| key.serial().is_some() || is_hex(known)).count();
    let is_public = serial.starts_with(PUBLIC_KEY_ID);
    if is_public && certificates == keys.len() {
        return format!(
            "it was signed with the WeChat Pay public key {id}, and only certificates are configured ({configured}): download \
             the public key (account center, API security) and add it"
        );
    }
    if is_hex(serial) && certificates == 0 {
        return format!(
            "it was signed with the platform certificate {id}, and only public keys are configured ({configured}): while an \
             account changes over, both sign; download the certificate and add it"
        );
    }
    let cause = if is_public {
        "another merchant's, or it was replaced: download the current one"
    } else {
        "a newer certificate, or another merchant's, or your own API certificate's: download the platform's"
    };
    format!("no key has the id {id}; configured: {configured}. It is {cause}")
}

/// Returns whether two texts are one serial number, or one id, in different forms.
fn is_same(one: &str, other: &str) -> bool {
    let forms = |text: &str| [Some(normalize(text)), decimal_to_hex(text)];
    let other = forms(other);
    forms(one).into_iter().flatten().any(|form| !form.is_empty() && other.contains(&Some(form)))
}

fn is_hex(text: &str) -> bool {
    text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns upper case, without quotes, prefix, separators and leading zeros.
fn normalize(text: &str) -> String {
    let upper = text.trim().trim_matches(['"', '\'']).trim().to_ascii_uppercase();
    let digits = upper.strip_prefix("0X").unwrap_or(&upper).replace([':', ' '], "");
    digits.trim_start_matches('0').to_owned()
}

fn decimal_to_hex(decimal: &str) -> Option<String> {
    // A certificate's number has at most 20 bytes.
    if decimal.is_empty() || decimal.len() > 50 || !decimal.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Base 16, the lowest digit first.
    let mut digits: Vec<u32> = Vec::new();
    for byte in decimal.bytes() {
        let mut carry = u32::from(byte - b'0');
        for digit in &mut digits {
            let value = *digit * 10 + carry;
            (*digit, carry) = (value % 16, value / 16);
        }
        if carry > 0 {
            digits.push(carry);
        }
    }
    Some(
        digits
            .iter()
            .rev()
            .filter_map(|digit| char::from_digit(*digit, 16))
            .collect::<String>()
            .to_ascii_uppercase(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERIAL: &str = "5F1C72E2A8931B72A2E13AF8DEE92471EB397115";

    #[test]
    fn a_serial_number_has_many_forms() {
        for form in [
            SERIAL.to_lowercase(),
            format!("00{SERIAL}"),
            format!("0x{SERIAL}"),
            format!("\"{SERIAL}\""),
            // Python's int().
            "542988552022308884687871296268698514612802908437".to_owned(),
            "5F:1C:72:E2:A8:93:1B:72:A2:E1:3A:F8:DE:E9:24:71:EB:39:71:15".to_owned(),
        ] {
            assert!(is_same(&form, SERIAL) && is_same(SERIAL, &form), "{form}");
        }
        assert!(is_same("255", "FF") && is_same("0FF", "255"));
        assert!(is_same("pub_key_id_01", "PUB_KEY_ID_01"));
        assert!(
            !is_same(SERIAL, "5F1C72E2A8931B72A2E13AF8DEE92471EB397116")
                && !is_same("", "")
                && !is_same("0", "")
        );
        assert_eq!(decimal_to_hex("18446744073709551615").as_deref(), Some("FFFFFFFFFFFFFFFF"));
    }
}
