//! The content of a refund, which nothing authenticates: ECB lets anyone who has two of them put their blocks together.

use wxhook_wire::v2::Fields;

/// Returns whether the refund's numbers, amounts and status have the documents' form. Spliced blocks seldom give that.
pub(super) fn is_documented(refund: &Fields) -> bool {
    ["refund_id", "refund_status"].iter().all(|name| refund.get(name).is_some_and(|text| !text.is_empty()))
        && refund.iter().all(|(name, text)| text.is_empty() || has_form(name, text))
}

/// Returns whether a field that isn't empty has its documented form. Those that hold free text have any.
fn has_form(name: &str, text: &str) -> bool {
    match name {
        "refund_id" | "transaction_id" => is_platform_number(text),
        "out_trade_no" => is_merchant_number(text, 32),
        "out_refund_no" => is_merchant_number(text, 64),
        "refund_status" | "refund_account" | "refund_request_source" => {
            text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        }
        "sub_mch_id" | "sub_mchid" => text.len() <= 32 && is_digits(text),
        "success_time" => text.len() <= 32 && text.bytes().all(is_time_char),
        _ if unnumbered(name).ends_with("_fee") => text.len() <= 19 && is_digits(text),
        _ => true,
    }
}

fn unnumbered(name: &str) -> &str {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    name.rsplit_once('_').filter(|(_, number)| is_number(number)).map_or(name, |(name, _)| name)
}

/// The platform's numbers have 28 digits or a few more; no document shows fewer than 20.
fn is_platform_number(text: &str) -> bool {
    (20..=32).contains(&text.len()) && is_digits(text)
}

/// Digits, letters and `_-|*@`, as the order interfaces allow.
fn is_merchant_number(text: &str, most: usize) -> bool {
    text.len() <= most && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-|*@".contains(&byte))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// In whichever way a time is written.
const fn is_time_char(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b' ' | b'T' | b'+' | b'.' | b'Z')
}
