//! v3 requests that something around has printed, converted or mixed up.

use serde_json::Value;

use super::super::report::{CheckResult, Step};
use super::fixture::*;
use super::v3::{header, signed};
use super::{Mistake, result};

const KEY: &[Step] = &[Step::Key];
const SIGNATURE: &[Step] = &[Step::Signature];
const ENVELOPE: &[Step] = &[Step::Envelope];

/// As nginx's access log, Python and others print it.
fn escaped(text: &str, hex: fn(u8) -> String, special: &[u8]) -> String {
    let escaped = |byte: u8| match byte {
        _ if special.contains(&byte) => hex(byte),
        b' '..127 => char::from(byte).to_string(),
        _ => hex(byte),
    };
    text.bytes().map(escaped).collect()
}

fn nginx(text: &str) -> String {
    escaped(text, |byte| format!("\\x{byte:02X}"), b"\"\\")
}

fn python(text: &str) -> String {
    escaped(text, |byte| if byte == b'\\' { "\\\\".to_owned() } else { format!("\\x{byte:02x}") }, b"\\")
}

#[test]
fn printed_bodies_are_undone_and_verified() {
    let good = text(&v3());
    assert!(!good.is_ascii());
    let list: Vec<_> = good.bytes().map(|byte| byte.to_string()).collect();
    let hex: Vec<_> = good.bytes().map(|byte| format!("{byte:02x}")).collect();
    let lined = crate::json::pretty(&good);
    for (request, printed, words) in [
        (v3(), nginx(&good), "nginx's access log"),
        (
            v3(),
            format!("10.0.0.1 - - [x] \"POST /notify/shop HTTP/1.1\" 401 \"{}\" \"-\"\n", nginx(&good)),
            "nginx's access log",
        ),
        (signed(lined.clone()), format!("{}\n", nginx(&lined)), "nginx's access log"),
        (v3(), good.replace('"', "\\\""), "escapes quotes"),
        (v3(), format!("b'{}'", python(&good)), "printed by Python as quoted bytes"),
        (v3(), format!("b'{}'\n", python(&good)), "printed by Python as quoted bytes"),
        (v3(), format!("b\"{}\"", python(&good).replace('"', "\\\"")), "printed by Python as quoted bytes"),
        (v3(), python(&good), "bytes as escapes"),
        (v3(), format!("<Buffer {}>", hex.join(" ")), "a Buffer as Node prints it"),
        (
            v3(),
            format!("{{\"type\":\"Buffer\",\"data\":[{}]}}", list.join(",")),
            "a Buffer as Node prints it",
        ),
    ] {
        let request = with_body(request, printed);
        Mistake::new(request.clone(), &[]).explains(Step::Protocol, words);
        let report = explained(&Fixture::get().config, &request, NOW);
        assert!(report.to_text().ends_with("the receiver accepts those bytes"), "{report:#?}");
        assert!(!report.to_json().unwrap().contains("is_restored\":"), "{report:#?}");
    }
    // It is undone, and still wrong: what is said is of what it stands for.
    let changed = nginx(&good.replace("EV-", "EW-"));
    Mistake::new(with_body(v3(), &*changed), SIGNATURE)
        .explains(Step::Signature, "the resource still decrypts");
    Mistake::new(with_body(v3(), changed), SIGNATURE).explains(Step::Protocol, "nginx's access log");
    // A body that was signed with escapes in it is in no form.
    Mistake::new(signed(good.replace('/', "\\/").replace('支', "\\u652f")), &[])
        .explains(Step::Protocol, "v3");
    for cut in [
        "<Buffer 7b 22 69 64 ... 1000 more bytes>",
        "{ type: 'Buffer', data: [ 123, 34, ... 900 more items ] }",
    ] {
        let report = explained(&Fixture::get().config, &with_body(v3(), cut), NOW);
        assert!(result(&report, Step::Protocol).1.contains("truncated"), "{report:#?}");
        assert_eq!(result(&report, Step::Protocol).0, CheckResult::Fail);
    }
    let both = &[Step::Signature, Step::Envelope];
    Mistake::new(with_body(v3(), "{ id: 'EV-1', resource: [Object] }"), both)
        .explains(Step::Envelope, "an object as a program prints it");
}

#[test]
fn bodies_in_another_encoding() {
    let good = text(&v3());
    let gbk = |text: &str| encoding_rs::GBK.encode(text).0.into_owned();
    let both = &[Step::Signature, Step::Envelope];
    Mistake::new(with_body(v3(), gbk(&good)), both).explains(Step::Signature, "converted from UTF-8 to GBK");
    Mistake::new(with_body(v3(), gbk(&good)), both).explains(Step::Envelope, "converted from UTF-8 to GBK");
    let read = encoding_rs::GBK.decode(good.as_bytes()).0.into_owned();
    assert!(!read.contains('\u{fffd}'), "{read}");
    Mistake::new(with_body(v3(), read), SIGNATURE)
        .explains(Step::Signature, "read as GBK and written as UTF-8");
    let chinese = |with: &str| good.replace(['支', '付', '成', '功'], with);
    Mistake::new(with_body(v3(), chinese("?")), SIGNATURE)
        .explains(Step::Signature, "they were replaced by ?");
    Mistake::new(with_body(v3(), chinese("\u{fffd}")), SIGNATURE)
        .explains(Step::Signature, "replaced by U+FFFD");
    // One question mark is a question.
    let changed = good.replace("支付", "付？").replace("EV-", "EW-");
    Mistake::new(with_body(v3(), changed), SIGNATURE)
        .explains(Step::Signature, "the resource still decrypts");
}

#[test]
fn bodies_of_ones_own_objects() {
    let good = text(&v3());
    let camel = |text: &str| {
        [
            "create_time createTime",
            "event_type eventType",
            "resource_type resourceType",
            "original_type originalType",
            "associated_data associatedData",
        ]
        .iter()
        .filter_map(|pair| pair.split_once(' '))
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    };
    let both = &[Step::Signature, Step::Envelope];
    for body in [
        camel(&good),
        crate::json::pretty(&camel(&good)),
        serde_json::from_str::<Value>(&camel(&good)).unwrap().to_string(),
    ] {
        Mistake::new(with_body(v3(), &*body), both).explains(Step::Envelope, "camelCase");
        Mistake::new(with_body(v3(), body), both).explains(
            Step::Signature,
            "re-serialized, i.e. parsed and written again, which changed the names",
        );
    }
    let other = camel(&good).replace("EV-", "EW-");
    Mistake::new(with_body(v3(), other), both).explains(Step::Signature, "isn't the one that was signed");
}

#[test]
fn headers_that_changed_places_or_values() {
    let good = v3();
    let swapped = |one: &str, other: &str| {
        let (first, second) = (good.header(one).unwrap().to_owned(), good.header(other).unwrap().to_owned());
        with_header(with_header(good.clone(), one, &second), other, &first)
    };
    let (serial, time, nonce, signature) =
        ("Wechatpay-Serial", "Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature");
    let words = |one: &str, other: &str| format!("{one} and {other} are swapped");
    Mistake::new(swapped(time, nonce), &[Step::Timestamp, Step::Signature])
        .explains(Step::Signature, &words(time, nonce));
    Mistake::new(swapped(time, nonce), &[Step::Timestamp, Step::Signature])
        .explains(Step::Timestamp, &words(time, nonce));
    Mistake::new(swapped(serial, signature), KEY).explains(Step::Key, &words(serial, signature));
    Mistake::new(swapped(serial, nonce), KEY).explains(Step::Key, &words(serial, nonce));
    Mistake::new(swapped(nonce, signature), SIGNATURE).explains(Step::Signature, &words(nonce, signature));
    Mistake::new(swapped(time, signature), &[Step::Timestamp, Step::Signature])
        .explains(Step::Signature, &words(time, signature));
    // Swapped, and another body: nothing verifies, so nothing is claimed.
    let other = with_body(swapped(time, nonce), text(&good).replace("EV-", "EW-"));
    Mistake::new(other, &[Step::Timestamp, Step::Signature])
        .explains(Step::Timestamp, "is not a number of seconds");

    let lower = good.header(nonce).unwrap().to_lowercase();
    let upper = lower.to_uppercase();
    for (sent, came, words) in [(&lower, &upper, "changed to upper"), (&upper, &lower, "changed to lower")] {
        let mut message = format!("{NOW}\n{sent}\n").into_bytes();
        message.extend_from_slice(&good.body);
        message.push(b'\n');
        let request = with_header(with_header(v3(), signature, &sign(&message)), nonce, came);
        Mistake::new(request, SIGNATURE).explains(Step::Signature, words);
    }
    let mixed = header(nonce, |_| "qwertzuiopasdfghjklyxcvbnm123456".to_owned());
    Mistake::new(mixed, SIGNATURE).explains(Step::Signature, "all of one case");
    let hexadecimal = header(nonce, |_| "593bec0c930bf1afeb40b4a08c8fb242".to_owned());
    let report = explained(&Fixture::get().config, &hexadecimal, NOW);
    assert!(!result(&report, Step::Signature).1.contains("one case"), "{report:#?}");

    for (time_of, words) in [
        (NOW + 3, "is 3s after that"),
        (NOW - 200, "is 3m 20s before that"),
        (NOW + 1500, "is 25m after that"),
    ] {
        let request = header(time, |_| time_of.to_string());
        Mistake::new(request, SIGNATURE).now(time_of).explains(Step::Signature, words);
    }
    for hours in [8 * 3600, -8 * 3600] {
        let time_of = NOW.saturating_add_signed(hours);
        let request = header(time, |_| (time_of + 2).to_string());
        Mistake::new(request, SIGNATURE).now(time_of).explains(Step::Signature, "over the time 1767225600");
    }
    let other = with_body(header(time, |_| (NOW + 3).to_string()), text(&good).replace("EV-", "EW-"));
    Mistake::new(other, SIGNATURE).explains(Step::Signature, "of different attempts");
}

#[test]
fn an_incomplete_envelope_is_still_opened() {
    let good: Value = serde_json::from_str(&text(&v3())).unwrap();
    let without = |path: &str| {
        let mut changed = good.clone();
        *changed.pointer_mut(path).unwrap() = Value::Null;
        changed.to_string()
    };
    for (path, event) in [
        ("/id", Some("TRANSACTION.SUCCESS#BASIC")),
        ("/event_type", None),
        ("/resource/algorithm", Some("TRANSACTION.SUCCESS#BASIC")),
    ] {
        let request = signed(without(path));
        Mistake::new(request.clone(), ENVELOPE).explains(Step::Decrypt, "only the envelope is incomplete");
        let report = explained(&Fixture::get().config, &request, NOW);
        assert_eq!(result(&report, Step::Decrypt).0, CheckResult::Pass);
        assert_eq!(
            result(&report, Step::Classify),
            (
                if event.is_some() { CheckResult::Pass } else { CheckResult::Skipped },
                event.unwrap_or_default()
            )
        );
    }
    let market = Fixture::get().with_api_keys(Some(MARKET_V3_KEY), Some(V2_KEY), PUBLIC);
    Mistake::new(signed(without("/id")), &[Step::Envelope, Step::Decrypt])
        .config(&market)
        .explains(Step::Decrypt, "doesn't decrypt it");
    // Nothing can be opened without these.
    for path in ["/resource", "/resource/ciphertext", "/resource/nonce"] {
        let report = explained(&Fixture::get().config, &signed(without(path)), NOW);
        assert_eq!(result(&report, Step::Decrypt).0, CheckResult::Skipped, "{path}");
    }
}

#[test]
fn paths_that_are_near() {
    let at = |path: &str| explained_at(&Fixture::get().config, &v3(), NOW, Some(path));
    for path in [
        "/notify/shop/",
        "//notify/shop",
        "/Notify/Shop",
        "/notify%2fshop?x=1",
        "https://pay.example.com/notify/shop/",
    ] {
        let report = at(path);
        let (outcome, hint) = result(&report, Step::Protocol);
        assert!(
            outcome == CheckResult::Fail
                && hint.contains("it differs from /notify/shop by")
                && !report.passes(),
            "{report:#?}"
        );
    }
    for path in
        ["/notify/shop", "/notify/shop?x=1", "http://x/notify/shop", "/notify/market", "/pay/callback", "/"]
    {
        assert!(at(path).passes(), "{path}");
    }
}
