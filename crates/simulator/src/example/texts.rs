//! Plausible texts by the name of a field.

/// In the place of a text: the moment by the name, the state by the event, how the event is signed.
pub(super) const TIME: &str = "$time";
pub(super) const STATE: &str = "$state";
pub(super) const SIGN_TYPE: &str = "$sign_type";

/// v2 notifications that old merchants get signed with MD5; the others name HMAC-SHA256.
const SIGNED_WITH_MD5: &[&str] = &["v2/transaction-success", "v2/pap-contract-state-changed"];

/// Characters of a plate after the province and the city: no `I` and no `O`.
const PLATE: &[u8] = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const PLATE_CHARS: u32 = 6;

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
    ("plate_number", "粤B$plate"),
    ("return_code", "SUCCESS"),
    ("result_code", "SUCCESS"),
    ("return_msg", "OK"),
    ("result_msg", "OK"),
    ("err_code", "NONE"),
    ("sign_type", SIGN_TYPE),
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
    ("coupon_id", "1095$number"),
    ("stock_id", "9313$number"),
    ("promotion_id", "1096$number"),
    ("goods_id", "M1006"),
    ("merchant_goods_id", "M1006"),
    ("wechatpay_goods_id", "1001"),
    ("device_id", "013467007045764"),
    ("device_info", "013467007045764"),
    ("account_number", "1234"),
    ("bank_card_tail", "1234"),
    ("account_bank", "工商银行"),
    ("bank_name", "工商银行"),
    ("account", "1900007111"),
    ("scope", "GLOBAL"),
    ("paid_type", "MCH"),
    ("limit_pay", "no_credit"),
    ("currency_rate_info", "1CNY=1CNY"),
    ("refund_account", "REFUND_SOURCE_RECHARGE_FUNDS"),
    ("funds_account", "UNSETTLED"),
    ("recv_account", "支付用户零钱"),
    ("count_type", "COUNT_LIMIT"),
    ("domains", "pay.example.com"),
    ("unit", "次"),
    ("body", "示例商品"),
    ("promotion_detail", PROMOTION),
    ("*_ip", "192.0.2.7"),
    ("*base64", "e30="),
    ("*url", "https://pay.example.com/$number"),
    ("*pics", "https://pay.example.com/$number.png"),
    ("*_time", TIME),
    ("time_*", TIME),
    ("*createtime", TIME),
    ("*_date", TIME),
    ("*name", "示例名称"),
    ("*desc*", "示例说明"),
    ("*remark*", "示例说明"),
    ("*reason*", "示例说明"),
    ("*memo", "示例说明"),
    ("*state", STATE),
    ("*status", STATE),
    ("*id", "20180608$number"),
    ("*_no", "20180608$number"),
    ("*number", "20180608$number"),
    ("*serial*", "20180608$number"),
    ("*code", "20180608$number"),
];

/// The promotion details of a v2 payment.
const PROMOTION: &str = concat!(
    r#"{"promotion_detail":[{"promotion_id":"1095$number","name":"示例名称","scope":"GLOBAL","type":"COUPON","#,
    r#""amount":10,"activity_id":"9313$number","wxpay_contribute":10,"merchant_contribute":0,"other_contribute":0}]}"#,
);

/// Names of integers that identify something.
const NUMBERS: &[&str] = &["*_id", "id", "*_no", "*_serial"];
/// Exchange rates, of 1 between the same currency: multiplied by 100,000,000.
const SCALED: &[&str] = &["rate", "rate_value", "settlement_rate", "currency_price"];
const SCALED_ONE: &str = "100000000";

/// The text of a field of this name, with `$number`, `$plate` and `$mchid` to be put in.
pub(super) fn text(name: &str) -> &'static str {
    TEXTS.iter().find(|(pattern, _)| fits(pattern, name)).map_or("example", |(_, text)| *text)
}

/// The token of an integer field of this name.
pub(super) fn integer(name: &str, number: u32) -> String {
    if NUMBERS.iter().any(|pattern| fits(pattern, name)) {
        return format!("20{number:010}");
    }
    let token = if SCALED.contains(&name) { SCALED_ONE } else { "1" };
    token.to_owned()
}

/// The token of a decimal field of this name.
pub(super) fn number(name: &str) -> &'static str {
    if SCALED.contains(&name) { SCALED_ONE } else { "1.5" }
}

/// Returns the signature algorithm of an event's v2 notifications.
pub(super) fn sign_type(event: &str) -> &'static str {
    if SIGNED_WITH_MD5.contains(&event) { "MD5" } else { "HMAC-SHA256" }
}

/// The letters and digits of a plate; other numbers below 1.5 billion have others.
pub(super) fn plate(number: u32) -> String {
    let mut rest = number;
    let mut next = || {
        let (digit, more) = (rest % 34, rest / 34);
        rest = more;
        usize::try_from(digit).ok().and_then(|digit| PLATE.get(digit)).map_or('0', |byte| char::from(*byte))
    };
    (0..PLATE_CHARS).map(|_| next()).collect()
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
            ("success_time", TIME),
            ("time_end", TIME),
            ("trade_state", STATE),
            ("out_trade_no", "20180608$number"),
            ("id", "20180608$number"),
            ("attach", "example"),
        ] {
            assert_eq!(text(name), expected, "{name}");
        }
        assert_eq!((integer("plan_id", 7).as_str(), integer("quantity", 7).as_str()), ("200000000007", "1"));
        assert_eq!((integer("rate", 7).as_str(), number("share")), (SCALED_ONE, "1.5"));
        assert_eq!((plate(0).as_str(), plate(35).as_str()), ("000000", "110000"));
        assert_eq!((sign_type("v2/transaction-success"), sign_type("v2/other")), ("MD5", "HMAC-SHA256"));
    }
}
