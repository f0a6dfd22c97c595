use wxhook_crypto::v2::SignAlgorithm::{HmacSha256, Md5};
use wxhook_simulator::SignedRequest;

use super::super::report::{CheckResult, Step};
use super::fixture::*;
use super::{Mistake, passes, result};

const SIGNATURE: &[Step] = &[Step::Signature];
const ENVELOPE: &[Step] = &[Step::Envelope];
const DECRYPT: &[Step] = &[Step::Decrypt];

fn raw(body: impl Into<Vec<u8>>) -> SignedRequest {
    SignedRequest::new(Vec::new(), body)
}

fn with(name: &str, value: &str) -> Vec<(String, String)> {
    let mut fields = fields();
    fields.retain(|(known, _)| known != name);
    fields.push((name.to_owned(), value.to_owned()));
    fields
}

/// As it was signed, and what then became of a value.
fn changed(name: &str, signed: &str, came: &str) -> SignedRequest {
    let xml = |value: &str| text(&platform().v2(with(name, value), Md5, &nonces()).unwrap());
    let (signed, came) = (xml(signed), xml(came));
    let sign = |xml: &str| xml.split("<sign>").nth(1).unwrap().split("</sign>").next().unwrap().to_owned();
    raw(came.replace(&sign(&came), &sign(&signed)))
}

#[test]
fn good_requests_pass() {
    for (request, event) in [
        (payment(Md5), "v2/transaction-success"),
        (payment(HmacSha256), "v2/transaction-success"),
        (refund(), "v2/refund-processed"),
        (deposit_free(&platform()), "v2/CHECK.SUCCESS"),
    ] {
        let report = passes(&request);
        assert_eq!(result(&report, Step::Timestamp), (CheckResult::Skipped, "v2 carries no time"));
        assert!(result(&report, Step::Classify).1.starts_with(event), "{report:#?}");
    }
    let refunded = passes(&refund());
    assert_eq!(result(&refunded, Step::Signature).0, CheckResult::Skipped);
    assert!(result(&refunded, Step::Classify).1.contains("a v2 refund is only encrypted"));
    assert_eq!(result(&passes(&payment(Md5)), Step::Decrypt).0, CheckResult::Skipped);
    // With headers of v3 it is v2 still.
    let mut headed = payment(Md5);
    headed.headers = v3().headers;
    assert!(result(&passes(&headed), Step::Protocol).1.contains("ignored"));
}

#[test]
fn a_record_that_would_be_parked_says_why() {
    let mut fields = with("attach", "1&bank_type=CMC");
    fields.retain(|(name, _)| name != "bank_type");
    let report = passes(&platform().v2(fields, Md5, &nonces()).unwrap());
    let (_, told) = result(&report, Step::Classify);
    assert!(told.contains("parked for an operator: hidden-field: "), "{told}");
    assert!(!result(&passes(&payment(Md5)), Step::Classify).1.contains("parked"));
}

/// The signature page of the documents.
#[test]
fn the_published_vector() {
    let published = [
        ("appid", "wxd930ea5d5a258f4f"),
        ("mch_id", "10000100"),
        ("device_info", "1000"),
        ("body", "test"),
        ("nonce_str", "ibuaiVcKdpRxkhJA"),
    ];
    let xml = |sign: &str, more: &str| {
        let fields: String =
            published.iter().map(|(name, value)| format!("<{name}>{value}</{name}>")).collect();
        raw(format!("<xml>{fields}{more}<sign>{sign}</sign></xml>"))
    };
    let (md5, hmac) = (
        "9A0A8659F005D6984697E2CA0A9CF3B7",
        "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6",
    );
    passes(&xml(md5, ""));
    passes(&xml(md5, "<empty></empty>"));
    passes(&xml(hmac, ""));
    passes(&xml(hmac, "<sign_type></sign_type>"));
    Mistake::new(xml(&md5.to_lowercase(), ""), SIGNATURE).explains(Step::Signature, "must be upper-case hex");
    Mistake::new(xml(md5, "<sign_type>MD5</sign_type>"), SIGNATURE)
        .explains(Step::Signature, "without the field sign_type");
    Mistake::new(xml(hmac, "<sign_type>HMAC-SHA256</sign_type>"), SIGNATURE)
        .explains(Step::Signature, "without the field sign_type");
    Mistake::new(xml(md5, "<openid>o</openid>"), SIGNATURE)
        .explains(Step::Signature, "without the field openid");
    Mistake::new(xml(md5, "<sign_type>HMAC-SHA256</sign_type>"), SIGNATURE)
        .explains(Step::Signature, "it was made with MD5, before sign_type");
    Mistake::new(xml("", ""), SIGNATURE).explains(Step::Signature, "sign is missing or empty");
    Mistake::new(xml(md5, "<sign_type>SHA1</sign_type>"), SIGNATURE)
        .explains(Step::Signature, "neither MD5 nor HMAC-SHA256");
    let both = "<sign_type>MD5</sign_type><algorithm>HMAC-SHA256</algorithm>";
    Mistake::new(xml(md5, both), SIGNATURE).explains(Step::Signature, "different algorithms");
    Mistake::new(xml(&md5.replace('9', "8"), ""), SIGNATURE)
        .explains(Step::Signature, "the sign does not match");
}

#[test]
fn signs_that_are_wrong() {
    let by = |v3: &str, v2: &str| platform_with_keys(v3, v2).v2(fields(), Md5, &nonces()).unwrap();
    Mistake::new(by(V3_KEY, V3_KEY), SIGNATURE).explains(Step::Signature, "the key configured as api_v3_key");
    Mistake::new(by(V3_KEY, MARKET_V2_KEY), SIGNATURE)
        .explains(Step::Signature, "api_v2_key of the merchant market");
    Mistake::new(by(V3_KEY, MARKET_V3_KEY), SIGNATURE)
        .explains(Step::Signature, "api_v3_key of the merchant market");
    for (signed, came, words) in [
        ("a&b", " a&b\n", "the field attach was changed: spaces or line ends were added around it"),
        (" a", "a", "a space before it was removed"),
        ("a ", "a", "a space after it was removed"),
        ("a\n", "a", "a line end after it was removed"),
        (" a ", "a", "a space before it and a space after it were removed"),
        ("a  ", "a", "more than one space after it was removed"),
        ("\ta", "a", "a tab before it was removed"),
        ("<a href=\"x\">'b'", "&lt;a href=&#34;x&#34;&gt;&#x27;b&#x27;", "once too often"),
        ("it&#x27;s &quot;a&quot;", "it's \"a\"", "its HTML entities were resolved"),
        ("it's &lt;a&gt;", "it's <a>", "its HTML entities were resolved"),
        ("a&b<c>", "a&amp;b&lt;c&gt;", "once too often"),
        ("a&amp;b", "a&b", "its HTML entities were resolved"),
        ("支/付", "%E6%94%AF%2F%E4%BB%98", "it was URL-encoded"),
        ("%E6%94%AF", "支", "it was URL-decoded"),
        ("a+b", "a b", "it has spaces where + was"),
        ("a b", "a+b", "it has + where spaces were"),
        ("支付", "æ\u{94}¯ä»\u{98}", "read as Latin-1"),
    ] {
        Mistake::new(changed("attach", signed, came), SIGNATURE).explains(Step::Signature, words);
    }
    Mistake::new(changed("attach", "a\nb", "a\r\nb"), SIGNATURE).explains(Step::Signature, "from LF to CRLF");
    Mistake::new(changed("attach", "a\r\nb", "a\nb"), SIGNATURE).explains(Step::Signature, "from CRLF to LF");
    Mistake::new(changed("total_fee", "1", "2"), SIGNATURE)
        .explains(Step::Signature, "trimmed, decoded or escaped");
    Mistake::new(changed("total_fee", "1", "2"), SIGNATURE)
        .explains(Step::Signature, "the sign does not match");
}

/// The signed text is made here, the hash by the `openssl` program.
fn md5(text: &str) -> String {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let mut openssl = Command::new("openssl");
    let mut openssl =
        openssl.args(["dgst", "-r", "-md5"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    openssl.stdin.take().unwrap().write_all(format!("{text}&key={V2_KEY}").as_bytes()).unwrap();
    String::from_utf8(openssl.wait_with_output().unwrap().stdout).unwrap()[..32].to_uppercase()
}

/// A sender that signs empty fields, too.
#[test]
fn empty_fields_do_not_count() {
    for (signed, words) in [
        (
            format!("aa=&ab=&appid=wx1&attach=&mch_id={MCHID}&total_fee=1&transaction_id="),
            "over empty fields, too (aa, ab, attach, transaction_id)",
        ),
        (format!("aa=&appid=wx1&mch_id={MCHID}&total_fee=1"), "over empty fields, too (aa)"),
        (
            format!("appid=wx1&attach=&mch_id={MCHID}&total_fee=1&transaction_id="),
            "over empty fields, too (attach, transaction_id)",
        ),
    ] {
        let body = format!(
            "<xml><aa/><ab/><appid>wx1</appid><attach/><mch_id>{MCHID}</mch_id><total_fee>1</total_fee><transaction_id/><sign>{}</sign></xml>",
            md5(&signed)
        );
        Mistake::new(raw(body), SIGNATURE).explains(Step::Signature, words);
    }
}

/// Two values that a parser has trimmed.
#[test]
fn blanks_around_two_values() {
    let body = format!(
        "<xml><appid>wx1</appid><attach>a</attach><body>b</body><sign>{}</sign></xml>",
        md5("appid=wx1&attach= a &body= b")
    );
    Mistake::new(raw(body), SIGNATURE).explains(Step::Signature, "fields attach, body were changed: spaces");
}

/// No end of tries whatever is in the body.
#[test]
fn many_fields_are_not_tried_for_long() {
    let fields: String = (0..100).map(|nth| format!("<f{nth}>{}</f{nth}>", "'a".repeat(300))).collect();
    let body = format!("<xml>{fields}<sign>0</sign></xml>");
    assert!(body.len() <= 65_536);
    Mistake::new(raw(body), SIGNATURE).explains(Step::Signature, "the sign does not match");
}

#[test]
fn refunds_that_do_not_open() {
    let good = text(&refund());
    let sealed = good.split("<req_info>").nth(1).unwrap().split("</req_info>").next().unwrap();
    let sealed = sealed.trim_start_matches("<![CDATA[").trim_end_matches("]]>").to_owned();
    assert!(sealed.contains('+') && sealed.contains('/'));
    let with = |other: &str| raw(good.replace(&sealed, other));
    for (other, words) in [
        (sealed.replace('+', " "), "spaces where + was"),
        (format!("{}\n{}", &sealed[..64], &sealed[64..]), "whitespace in it"),
        (sealed.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"), "URL-encoded"),
        (sealed.replace('+', "-").replace('/', "_"), "URL-safe"),
        (sealed[..sealed.len() - 8].to_owned(), "not a multiple of 16"),
        (sealed[..sealed.len() - 7].to_owned(), "not base64"),
        (String::new(), "req_info is empty"),
    ] {
        Mistake::new(with(&other), DECRYPT).explains(Step::Decrypt, words);
    }
    let by = |v2: &str| refund_by(&platform_with_keys(V3_KEY, v2));
    Mistake::new(by(V3_KEY), DECRYPT).explains(Step::Decrypt, "the key configured as api_v3_key does");
    Mistake::new(by(MARKET_V2_KEY), DECRYPT)
        .explains(Step::Decrypt, "api_v2_key of the merchant market does");
    Mistake::new(by("0123456789abcdef0123456789abcdef"), DECRYPT)
        .explains(Step::Decrypt, "isn't the key that the merchant had");
    let sample = [("refund_fee".to_owned(), "1".to_owned())];
    let incomplete =
        platform().v2_refund(vec![("mch_id".to_owned(), MCHID.to_owned())], &sample, &nonces()).unwrap();
    Mistake::new(incomplete, DECRYPT).explains(Step::Decrypt, "has no refund_id or no refund_status");
}

#[test]
fn deposit_free_takes_two_keys() {
    let other = platform_with_keys(MARKET_V3_KEY, V2_KEY);
    Mistake::new(deposit_free(&other), DECRYPT)
        .explains(Step::Decrypt, "api_v3_key of the merchant market does");
    let other = platform_with_keys(V3_KEY, MARKET_V2_KEY);
    Mistake::new(deposit_free(&other), SIGNATURE)
        .explains(Step::Signature, "api_v2_key of the merchant market");
    let good = wxhook_wire::v2::Fields::parse(&deposit_free(&platform()).body).unwrap();
    let mut fields: Vec<_> = good.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    fields.retain(|(name, _)| name != "algorithm");
    passes(&platform().v2_sign(fields.clone(), Md5).unwrap());
    passes(&platform().v2_sign(fields.clone(), HmacSha256).unwrap());
    for (name, value) in &mut fields {
        if name == "event_nonce" {
            value.push('x');
        }
    }
    fields.push(("algorithm".to_owned(), "HMAC-SHA256".to_owned()));
    Mistake::new(platform().v2_sign(fields, HmacSha256).unwrap(), ENVELOPE)
        .explains(Step::Envelope, "nonce is not 12 bytes");
}

#[test]
fn xml_and_what_is_around_it() {
    let good = text(&payment(Md5));
    let length = good.len();
    Mistake::new(raw(&good[..length - 9]), ENVELOPE).explains(Step::Envelope, "unusable XML");
    Mistake::new(raw(good.replace("<mch_id>", "<appid>x</appid><mch_id>")), ENVELOPE)
        .explains(Step::Envelope, "a repeated field");
    Mistake::new(raw(format!("<!DOCTYPE xml>{good}")), ENVELOPE).explains(Step::Envelope, "a DTD");
    Mistake::new(raw(format!("{good}\0")), ENVELOPE).explains(Step::Envelope, "zero bytes were added");
    Mistake::new(raw(good.replace('<', "&lt;").replace('>', "&gt;")), &[Step::Protocol])
        .explains(Step::Protocol, "HTML entities");
    Mistake::new(raw(serde_json::to_string(&good).unwrap()), &[Step::Protocol])
        .explains(Step::Protocol, "quoted string");
    Mistake::new(raw(format!("{length:x}\r\n{good}\r\n0\r\n\r\n")), &[Step::Protocol])
        .explains(Step::Protocol, "chunk boundaries");
    Mistake::new(raw("hello"), &[Step::Protocol]).explains(Step::Protocol, "neither v2");
    let too_long = good.replace("</xml>", &format!("<x>{}</x></xml>", "x".repeat(65_536)));
    Mistake::new(raw(too_long), &[Step::Protocol]).explains(Step::Protocol, "more than the limit of 65536");
    let without = Fixture::get().with_api_keys(Some(V3_KEY), None, PUBLIC);
    Mistake::new(payment(Md5), &[Step::Key])
        .config(&without)
        .explains(Step::Key, "the merchant has no api_v2_key");
}

#[test]
fn the_algorithm_is_said() {
    let told = |request: &SignedRequest| result(&passes(request), Step::Signature).1.to_owned();
    let plain = |algorithm| {
        let mut fields = fields();
        fields.retain(|(name, _)| name != "sign_type");
        platform().v2_sign(fields, algorithm).unwrap()
    };
    assert_eq!(told(&plain(Md5)), "MD5, by the length of sign (32 digits): no field names it");
    assert_eq!(told(&plain(HmacSha256)), "HMAC-SHA256, by the length of sign (64 digits): no field names it");
    let named = |name: &str, value| platform().v2_sign(with(name, value), HmacSha256).unwrap();
    assert_eq!(told(&named("sign_type", "HMAC-SHA256")), "HMAC-SHA256, as sign_type says");
    let other = Fixture::get().with_api_keys(Some(V3_KEY), Some("0123456789abcdef0123456789abcdef"), PUBLIC);
    Mistake::new(plain(HmacSha256), SIGNATURE).config(&other).explains(
        Step::Signature,
        "neither by MD5 nor by HMAC-SHA256 (no field names one, and by the length of sign it is HMAC-SHA256)",
    );
    Mistake::new(named("sign_type", "HMAC-SHA256"), SIGNATURE)
        .config(&other)
        .explains(Step::Signature, "(sign_type names HMAC-SHA256)");
}

#[test]
fn printed_bodies_are_undone() {
    let good = text(&platform().v2(with("attach", "支\"付"), Md5, &nonces()).unwrap());
    let nginx: String = good
        .bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | ..32 | 127.. => format!("\\x{byte:02X}"),
            _ => char::from(byte).to_string(),
        })
        .collect();
    Mistake::new(raw(&*nginx), &[]).explains(Step::Protocol, "nginx's access log");
    Mistake::new(raw(format!("10.0.0.1 \"POST / HTTP/1.1\" \"{nginx}\"")), &[])
        .explains(Step::Protocol, "nginx's access log");
    Mistake::new(raw(format!("b'{}'", nginx.replace("\\x22", "\""))), &[])
        .explains(Step::Protocol, "printed by Python");
    let changed = nginx.replace("<total_fee>", "<total_fee>9");
    let report = explained(&Fixture::get().config, &raw(changed), NOW);
    assert!(!report.passes(), "{report:#?}");
}

#[test]
fn values_in_another_encoding() {
    let read = |text: &str| encoding_rs::GBK.decode(text.as_bytes()).0.into_owned();
    Mistake::new(changed("attach", "支付成功", &read("支付成功")), SIGNATURE)
        .explains(Step::Signature, "the field attach was changed: it was read as GBK");
    Mistake::new(changed("attach", "支付", "??"), SIGNATURE)
        .explains(Step::Signature, "attach has question marks");
    Mistake::new(changed("attach", "支付", "\u{fffd}\u{fffd}"), SIGNATURE)
        .explains(Step::Signature, "attach has U+FFFD");
    Mistake::new(changed("attach", "a?", "b?"), SIGNATURE).explains(Step::Signature, "neither by MD5");
    let good = text(&platform().v2(with("attach", "支付成功"), Md5, &nonces()).unwrap());
    let gbk = encoding_rs::GBK.encode(&good).0.into_owned();
    Mistake::new(raw(gbk), ENVELOPE).explains(Step::Envelope, "converted from UTF-8 to GBK");
}
