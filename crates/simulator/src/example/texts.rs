//! Plausible texts by the name of a field.

/// One moment, in each of its forms: 2018-06-08 10:34:56 in Beijing.
const SECONDS: &str = "1528425296";
const RFC3339: &str = "yyyy-MM-ddTHH:mm:ss+08:00";
const COMPACT: &str = "yyyyMMddHHmmss";

/// Names and their texts, the first that fits counts: `*` stands for any beginning, end, or both. `$number` is ten digits.
const TEXTS: &[(&str, &str)] = &[
    ("mchid", "$mchid"),
    ("mch_id", "$mchid"),
    ("sp_mchid", "$mchid"),
    ("combine_mchid", "$mchid"),
    ("combine_mch_id", "$mchid"),
    ("*mchid", "1900007111"),
    ("*mch_id", "1900007111"),
    ("*appid", "wx2421b1c4370ec43b"),
    ("*openid", "oUpF8uMEb4qRXf22hE3X68TekukE"),
    ("*unionid", "oUpF8uN95-Ptaags6E_roPHg7AG0"),
    ("*transaction_id", "420000000020180608$number"),
    ("refund_id", "503000000020180608$number"),
    ("*currency", "CNY"),
    ("*fee_type", "CNY"),
    ("bank_type", "CMC"),
    ("coupon_type", "CASH"),
    ("refund_recv_accout", "支付用户零钱"),
    ("user_received_account", "支付用户零钱"),
    ("*phone*", "13900000000"),
    ("*mobile*", "13900000000"),
    ("plate_number", "粤B$number"),
    ("return_code", "SUCCESS"),
    ("result_code", "SUCCESS"),
    ("return_msg", "OK"),
    ("result_msg", "OK"),
    ("err_code", "NONE"),
    ("sign_type", "HMAC-SHA256"),
    ("algorithm", "HMAC-SHA256"),
    ("event_algorithm", "AEAD_AES_256_GCM"),
    ("event_id", "EV-20180608103456$number"),
    ("*nonce*", "ibuaiVcKdpRx"),
    ("sign", "00000000000000000000000000000000"),
    ("version", "1.0"),
    ("rate*", "1"),
    ("*rate", "1"),
    ("*amount*", "100"),
    ("*price", "100"),
    ("*fee", "100"),
    ("*_count", "1"),
    ("trade_type", "JSAPI"),
    ("*_ip", "192.0.2.7"),
    ("*base64", "e30="),
    ("*url", "https://pay.example.com/$number"),
    ("*pics", "https://pay.example.com/$number.png"),
    ("*_time", "$time"),
    ("time_*", "$time"),
    ("*createtime", "$time"),
    ("*_date", "$time"),
    ("*name", "示例名称"),
    ("*desc*", "示例说明"),
    ("*remark*", "示例说明"),
    ("*reason*", "示例说明"),
    ("*memo", "示例说明"),
    ("*state", "SUCCESS"),
    ("*status", "SUCCESS"),
    ("*id", "20180608$number"),
    ("*_no", "20180608$number"),
    ("*number", "20180608$number"),
    ("*serial*", "20180608$number"),
    ("*code", "20180608$number"),
];

/// Of integers the names that identify.
const NUMBERS: &[&str] = &["*_id", "id", "*_no", "*_serial"];

/// The text of a field of this name, with `$number` and `$mchid` to be put in.
pub(super) fn text(name: &str, is_v2: bool) -> String {
    let found = TEXTS.iter().find(|(pattern, _)| fits(pattern, name)).map(|(_, text)| *text);
    match found {
        Some("$time") => time(None, is_v2),
        Some(text) => text.to_owned(),
        None => "example".to_owned(),
    }
}

/// The token of an integer field of this name.
pub(super) fn integer(name: &str, number: u32) -> String {
    if NUMBERS.iter().any(|pattern| fits(pattern, name)) {
        return format!("20{number:010}");
    }
    if fits("*_time", name) { SECONDS.to_owned() } else { "1".to_owned() }
}

/// The moment in a form like `yyyyMMddHHmmss`; by default in the protocol's own.
pub(super) fn time(format: Option<&str>, is_v2: bool) -> String {
    let default = if is_v2 { COMPACT } else { RFC3339 };
    let format = match format {
        Some("rfc3339") => RFC3339,
        Some(format) if format.contains("yy") => format,
        _ => default,
    };
    let parts = [
        ("yyyy", "2018"),
        ("MM", "06"),
        ("dd", "08"),
        ("HH", "10"),
        ("mm", "34"),
        ("ss", "56"),
        ("SSS", "000"),
    ];
    parts.iter().fold(format.to_owned(), |text, (part, digits)| text.replace(part, digits))
}

fn fits(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(rest), Some(_)) => name.contains(rest.trim_end_matches('*')),
        (Some(end), None) => name.ends_with(end),
        (None, Some(start)) => name.starts_with(start),
        (None, None) => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_go_by_names() {
        for (name, expected) in [
            ("sp_mchid", "$mchid"),
            ("sub_mch_id", "1900007111"),
            ("transaction_id", "420000000020180608$number"),
            ("payer_currency", "CNY"),
            ("phone_number", "13900000000"),
            ("success_time", "2018-06-08T10:34:56+08:00"),
            ("out_trade_no", "20180608$number"),
            ("id", "20180608$number"),
            ("attach", "example"),
        ] {
            assert_eq!(text(name, false), expected, "{name}");
        }
        assert_eq!(text("time_end", true), "20180608103456");
    }

    #[test]
    fn one_moment_in_every_form() {
        let moment =
            wxhook_wire::Time::new(RFC3339.replace("yyyy-MM-ddTHH:mm:ss", "2018-06-08T10:34:56")).instant();
        for format in [None, Some("rfc3339"), Some(COMPACT), Some("yyyy-MM-dd HH:mm:ss")] {
            for is_v2 in [false, true] {
                assert_eq!(wxhook_wire::Time::new(time(format, is_v2)).instant(), moment, "{format:?}");
            }
        }
        assert_eq!(time(Some("yyyyMMdd"), false), "20180608");
        assert_eq!(integer("pay_success_time", 0), SECONDS);
        assert_eq!((integer("plan_id", 7).as_str(), integer("quantity", 7).as_str()), ("200000000007", "1"));
    }
}
