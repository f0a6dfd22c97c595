use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use wxhook_simulator::{Notification, SignedRequest};

use super::super::report::{CheckResult, Step};
use super::fixture::*;
use super::{Mistake, passes, result};

const TIME: &[Step] = &[Step::Timestamp];
const KEY: &[Step] = &[Step::Key];
const SIGNATURE: &[Step] = &[Step::Signature];
const ENVELOPE: &[Step] = &[Step::Envelope];
const DECRYPT: &[Step] = &[Step::Decrypt];

pub(super) fn header(name: &str, change: impl Fn(&str) -> String) -> SignedRequest {
    let good = v3();
    let value = change(good.header(name).unwrap());
    with_header(good, name, &value)
}

fn body(change: impl Fn(&str) -> String) -> SignedRequest {
    let good = v3();
    let changed = change(&text(&good));
    assert_ne!(changed, text(&good));
    with_body(good, changed)
}

pub(super) fn signed(body: impl Into<Vec<u8>>) -> SignedRequest {
    platform().sign(body, NOW, &nonces()).unwrap()
}

#[test]
fn good_requests_pass() {
    for request in [v3(), by_certificate()] {
        let report = passes(&request);
        assert!(report.checks.iter().all(|check| check.result == CheckResult::Pass), "{report:#?}");
        assert_eq!(result(&report, Step::Classify).1, "TRANSACTION.SUCCESS#BASIC");
    }
}

#[test]
fn bodies_that_were_written_again() {
    let changed = |change: &dyn Fn(&str) -> String, words: &str| {
        Mistake::new(body(change), SIGNATURE).explains(Step::Signature, words);
    };
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    changed(
        &|text| text.replace("\":", "\": ").replace(",\"", ", \""),
        "re-serialized, i.e. parsed and written again, which changed the whitespace",
    );
    changed(&crate::json::pretty, "the whitespace between its tokens");
    changed(&|text| parsed(text).to_string(), "the order of its members");
    changed(
        &|text| serde_json::to_string_pretty(&parsed(text)).unwrap(),
        "the whitespace between its tokens, the order",
    );
    changed(&|text| text.replace('/', "\\/"), "how its strings are escaped");
    changed(
        &|text| {
            text.replace('支', "\\u652f")
                .replace('付', "\\u4ed8")
                .replace('成', "\\u6210")
                .replace('功', "\\u529f")
        },
        "escaped",
    );
    changed(&|text| text.replace('=', "\\u003d").replace('<', "\\u003c").replace('>', "\\u003e"), "escaped");
    changed(
        &|text| text.replace("\"resource\":{", "\"extra\":null,\"resource\":{"),
        "members without a value",
    );
}

#[test]
fn bodies_that_something_was_done_to() {
    let changed = |body: Vec<u8>, fails: &[Step], words: &str| {
        Mistake::new(with_body(v3(), body), fails).explains(Step::Signature, words);
    };
    let good = text(&v3());
    let both = &[Step::Signature, Step::Envelope];
    changed(format!("{good}\n").into(), SIGNATURE, "a line end was added at its end");
    changed(format!("{good}\r\n").into(), SIGNATURE, "a line end was added at its end");
    changed(format!("{good}\0\0").into(), both, "zero bytes were added");
    changed(format!("\u{feff}{good}").into(), both, "byte order mark");
    changed(
        format!("\u{feff}{good}\r\n").into(),
        both,
        "(BOM) was added at its start, as some editors and loggers do; and a line end",
    );
    changed(
        format!("\u{feff}{}", crate::json::pretty(&good)).into(),
        both,
        "(BOM) was added at its start, as some editors and loggers do; and it was re-serialized",
    );
    changed(
        format!("\u{feff}{}", good.replace("EV-", "EW-")).into(),
        both,
        "(BOM) was added at its start, as some editors and loggers do; and more of it was changed",
    );
    changed(format!("{:x}\r\n{good}\r\n", good.len()).into(), both, "chunk boundaries");
    changed(format!("{:x}\r\n{good}\r\n0\r\n\r\n", good.len()).into(), both, "chunk boundaries");
    changed(format!("POST /notify/shop HTTP/1.1\r\nHost: x\r\n\r\n{good}").into(), both, "head is in front");
    changed(serde_json::to_vec(&good).unwrap(), both, "quoted string");
    changed(BASE64_STANDARD.encode(&good).into(), both, "in base64");
    changed(utf8_percent_encode(&good, NON_ALPHANUMERIC).to_string().into(), both, "URL-encoded");
    changed(good.replace('"', "&quot;").into(), both, "HTML entities");
    changed(good.bytes().map(char::from).collect::<String>().into(), SIGNATURE, "read as Latin-1");
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(good.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    changed(utf16, both, "UTF-16");
    changed(vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], both, "compressed (gzip)");

    let lines = crate::json::pretty(&good);
    for (sent, came, words) in [
        (lines.clone(), lines.replace('\n', "\r\n"), "from LF to CRLF"),
        (lines.replace('\n', "\r\n"), lines.clone(), "from CRLF to LF"),
        (format!("{good}\n"), good.clone(), "the line end at its end was removed"),
    ] {
        Mistake::new(with_body(signed(sent), came), SIGNATURE).explains(Step::Signature, words);
    }

    let length = good.len().to_string();
    let cut = with_header(with_body(v3(), &good[..900]), "Content-Length", &length);
    Mistake::new(cut, both).explains(Step::Signature, "Content-Length is");
    for empty in ["", " \r\n"] {
        let report = explained(&Fixture::get().config, &with_body(v3(), empty), NOW);
        let words = if empty.is_empty() {
            "something has read it before the handler"
        } else {
            "nothing but whitespace"
        };
        assert!(!report.passes() && result(&report, Step::Protocol).1.contains(words), "{report:#?}");
        assert_eq!(result(&report, Step::Timestamp).0, CheckResult::Pass);
        assert_eq!(result(&report, Step::Key).0, CheckResult::Pass);
    }
    Mistake::new(with_body(v3(), "x".repeat(256 * 1024 + 1)), &[Step::Protocol])
        .explains(Step::Protocol, "more than the limit of 262144");
    Mistake::new(body(|text| text.replace("EV-", "EW-")), SIGNATURE)
        .explains(Step::Signature, "the resource still decrypts");
}

#[test]
fn headers_that_something_was_done_to() {
    let both = &[Step::Timestamp, Step::Signature];
    let signature = |change: &dyn Fn(&str) -> String, words: &str| {
        Mistake::new(header("Wechatpay-Signature", change), SIGNATURE).explains(Step::Signature, words);
    };
    signature(&|text| text.replace('+', " "), "spaces where + was");
    signature(&|text| format!("\"{text}\""), "quotes around it");
    signature(&|text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(), "URL-encoded");
    signature(&|text| text.replace('+', "-").replace('/', "_"), "URL-safe");
    signature(&|text| text.trim_end_matches('=').to_owned(), "lacks the =");
    signature(&|text| format!("{}  {}", &text[..76], &text[76..]), "whitespace in it");
    signature(&|text| format!("{}\n{}", &text[..76], &text[76..]), "wrapped over several lines");
    signature(&|text| text[..200].to_owned(), "has 150 bytes instead of 256");
    signature(&|text| text[..201].to_owned(), "not base64");
    signature(&|text| format!("A{}", &text[1..]), "of different attempts");
    signature(&|_| String::new(), "is empty");
    Mistake::new(header("Wechatpay-Nonce", |_| "593BEC0C930BF1AF".to_owned()), SIGNATURE)
        .explains(Step::Signature, "of different attempts");
    Mistake::new(header("Wechatpay-Nonce", |text| format!("'{text}'")), SIGNATURE)
        .explains(Step::Signature, "Wechatpay-Nonce has quotes");
    Mistake::new(header("Wechatpay-Timestamp", |_| (NOW + 1).to_string()), SIGNATURE)
        .explains(Step::Signature, "is 1s after that");
    let milliseconds = || header("Wechatpay-Timestamp", |text| format!("{text}123"));
    Mistake::new(milliseconds(), both).explains(Step::Timestamp, "a time in milliseconds");
    Mistake::new(milliseconds(), both).explains(Step::Signature, "was changed to milliseconds");
    for (name, step, other) in [
        ("Wechatpay-Serial", Step::Key, None),
        ("Wechatpay-Timestamp", Step::Timestamp, None),
        ("Wechatpay-Nonce", Step::Signature, None),
        ("Wechatpay-Signature", Step::Signature, None),
        ("Wechatpay-Signature-Type", Step::Key, Some(())),
    ] {
        let mut doubled = v3();
        let value = doubled.header(name).unwrap().to_owned();
        doubled.headers.push((name.to_owned(), value));
        Mistake::new(doubled, &[step]).explains(step, &format!("duplicate {name} header"));
        let mut missing = v3();
        missing.remove_header(name);
        match other {
            None => Mistake::new(missing, &[step]).explains(step, &format!("{name} is missing")),
            Some(()) => drop(passes(&missing)),
        }
    }
    for (name, step) in [
        ("Wechatpay-Serial", Step::Key),
        ("Wechatpay-Timestamp", Step::Timestamp),
        ("Wechatpay-Nonce", Step::Signature),
        ("Wechatpay-Signature", Step::Signature),
        ("Wechatpay-Signature-Type", Step::Key),
    ] {
        for comma in [",", ", "] {
            Mistake::new(header(name, |value| format!("{value}{comma}{value}")), &[step])
                .explains(step, &format!("{name} has two values, joined with a comma"));
        }
    }
    // No value is there again.
    Mistake::new(header("Wechatpay-Nonce", |value| format!("{value}, x")), SIGNATURE)
        .explains(Step::Signature, "the signature does not match");
    let mut none = v3();
    none.headers.clear();
    Mistake::new(none, &[Step::Protocol]).explains(Step::Protocol, "there are no Wechatpay headers");
    let mut none = v3();
    none.headers.retain(|(name, _)| !name.starts_with("Wechatpay"));
    Mistake::new(none, &[Step::Protocol]).explains(Step::Protocol, "there are no Wechatpay headers");
}

#[test]
fn probes_are_normal() {
    let platform = platform();
    let body = platform.envelope(&paid(), &nonces()).unwrap();
    let probe = platform.probe(body, NOW, &nonces());
    Mistake::new(probe, SIGNATURE).explains(Step::Signature, "a probe of the platform");
}

#[test]
fn clocks() {
    Mistake::new(v3(), TIME).now(NOW + 301).explains(Step::Timestamp, "signed 5m 1s before --now");
    Mistake::new(v3(), TIME).now(NOW + 7384).explains(Step::Timestamp, "signed 2h 3m 4s before --now");
    Mistake::new(v3(), TIME).now(NOW + 7384).explains(Step::Timestamp, "this machine's clock is fast");
    Mistake::new(v3(), TIME).now(NOW - 301).explains(Step::Timestamp, "machine's clock is slow");
    Mistake::new(v3(), &[]).now(NOW + 300).explains(Step::Timestamp, "signed 5m before --now");
    Mistake::new(v3(), &[]).now(NOW - 300).explains(Step::Timestamp, "signed 5m after --now");
    let odd = platform().v3(&paid(), "1767225600.0", &nonces()).unwrap();
    Mistake::new(odd, TIME).explains(Step::Timestamp, "is not a number of seconds");
}

#[test]
fn keys_that_are_not_there() {
    let fixture = Fixture::get();
    let two = |serial: &str| with_header(by_certificate(), "Wechatpay-Serial", serial);
    let decimal = "542988552022308884687871296268698514612802908437";
    for serial in [
        CERTIFICATE.to_lowercase(),
        format!("00{CERTIFICATE}"),
        format!("\"{CERTIFICATE}\""),
        decimal.to_owned(),
    ] {
        Mistake::new(two(&serial), KEY).explains(Step::Key, "in another form");
    }
    Mistake::new(two("77AC2E8931B72A2E13AF8DEE92471EB397115000"), KEY)
        .explains(Step::Key, &format!("the key that is configured as {CERTIFICATE} has made the signature"));
    Mistake::new(two("PUB_KEY_ID_MARKET"), KEY).explains(Step::Key, "has made the signature");

    let elsewhere =
        || platform_signing("market-private.pem", "PUB_KEY_ID_NEW").v3(&paid(), NOW, &nonces()).unwrap();
    Mistake::new(elsewhere(), KEY)
        .explains(Step::Key, "the key PUB_KEY_ID_MARKET of the merchant market has made");
    let market =
        with_header(body(|text| text.replace("EV-", "EW-")), "Wechatpay-Serial", "PUB_KEY_ID_MARKET");
    Mistake::new(market, KEY).explains(Step::Key, "is a key of the merchant market");

    let unknown =
        |serial: &str| with_header(body(|text| text.replace("EV-", "EW-")), "Wechatpay-Serial", serial);
    let only_certificates = fixture.with_keys(&[(None, "certificate.pem")]);
    Mistake::new(unknown(SERIAL), KEY)
        .config(&only_certificates)
        .explains(Step::Key, "only certificates are configured");
    let only_public = fixture.with_keys(&[(Some(SERIAL), "public.pem")]);
    Mistake::new(unknown(CERTIFICATE), KEY)
        .config(&only_public)
        .explains(Step::Key, "only public keys are configured");
    let own = fixture.with_keys(&[(None, "own.pem")]);
    Mistake::new(unknown(CERTIFICATE), KEY)
        .config(&own)
        .explains(Step::Key, "is the merchant's own (CN = 1900000109)");
    Mistake::new(by_certificate(), KEY)
        .config(&own)
        .explains(Step::Key, "is the merchant's own (CN = 1900000109)");
    Mistake::new(unknown("PUB_KEY_ID_OTHER"), KEY).explains(Step::Key, "it was replaced");
    Mistake::new(unknown("0123456789ABCDEF"), KEY).explains(Step::Key, "your own API certificate's");
    let none = fixture.with_api_keys(None, Some(V2_KEY), &[]);
    Mistake::new(v3(), &[Step::Key, Step::Decrypt])
        .config(&none)
        .explains(Step::Key, "the merchant has no platform key");
    Mistake::new(v3(), &[Step::Key, Step::Decrypt])
        .config(&none)
        .explains(Step::Decrypt, "no api_v3_key: add it");
}

#[test]
fn keys_that_are_mixed_up() {
    let fixture = Fixture::get();
    let request = with_header(by_certificate(), "Wechatpay-Serial", SERIAL);
    Mistake::new(request, SIGNATURE)
        .explains(Step::Signature, &format!("by the key that is configured as {CERTIFICATE}"));
    let request = platform_signing("market-private.pem", SERIAL).v3(&paid(), NOW, &nonces()).unwrap();
    Mistake::new(request, SIGNATURE)
        .explains(Step::Signature, "by the key PUB_KEY_ID_MARKET of the merchant market");
    // The merchant's own certificate under the serial that was received.
    let own = fixture.with_keys(&[(Some("37AC2E8931B72A2E13AF8DEE92471EB3971150AA"), "own.pem")]);
    let request = with_header(v3(), "Wechatpay-Serial", "37AC2E8931B72A2E13AF8DEE92471EB3971150AA");
    Mistake::new(request, SIGNATURE)
        .config(&own)
        .explains(Step::Signature, "is the merchant's own (CN = 1900000109)");
    for (name, words) in [
        ("WECHATPAY2-SM2-WITH-SM3", "of the national suite"),
        ("WECHATPAY2-SHA1", "isn't the key's"),
        ("\x1b[31m", "that no header can have"),
    ] {
        Mistake::new(with_header(v3(), "Wechatpay-Signature-Type", name), KEY).explains(Step::Key, words);
    }
}

#[test]
fn api_keys() {
    let made = |key: &str| platform_with_keys(key, V2_KEY).v3(&paid(), NOW, &nonces()).unwrap();
    Mistake::new(made(V2_KEY), DECRYPT).explains(Step::Decrypt, "the key configured as api_v2_key does");
    Mistake::new(made(MARKET_V3_KEY), DECRYPT)
        .explains(Step::Decrypt, "api_v3_key of the merchant market does");
    Mistake::new(made(MARKET_V2_KEY), DECRYPT)
        .explains(Step::Decrypt, "api_v2_key of the merchant market does");
    Mistake::new(made("0123456789abcdef0123456789abcdef"), DECRYPT)
        .explains(Step::Decrypt, "that key is wrong");
    let trimmed = Fixture::get().with_api_keys(Some("a7cde1ZJB1kG2e7VfTs3jQzaWizur8G "), None, PUBLIC);
    Mistake::new(v3(), DECRYPT)
        .config(&trimmed)
        .explains(Step::Decrypt, "a space or line end was copied with it");
    let swapped = Fixture::get().with_api_keys(Some(V2_KEY), Some(V3_KEY), PUBLIC);
    Mistake::new(v3(), DECRYPT)
        .config(&swapped)
        .explains(Step::Decrypt, "the key configured as api_v2_key does");
}

#[test]
fn envelopes() {
    let good = text(&v3());
    let parsed: Value = serde_json::from_str(&good).unwrap();
    let with = |path: &str, value: Value| {
        let mut changed = parsed.clone();
        *changed.pointer_mut(path).unwrap() = value;
        signed(changed.to_string())
    };
    for (path, part) in [
        ("/id", "no usable id"),
        ("/event_type", "event_type"),
        ("/resource", "resource is missing"),
        ("/resource/algorithm", "resource.algorithm"),
        ("/resource/ciphertext", "resource.ciphertext"),
        ("/resource/nonce", "resource.nonce"),
    ] {
        let words =
            if part.starts_with("no usable") { "id is missing, empty or of another type" } else { part };
        Mistake::new(with(path, Value::Null), ENVELOPE).explains(Step::Envelope, words);
    }
    Mistake::new(with("/resource/nonce", "0123456789a".into()), ENVELOPE)
        .explains(Step::Envelope, "resource.nonce has 11 bytes instead");
    Mistake::new(with("/resource/ciphertext", "AAAA".into()), ENVELOPE).explains(Step::Envelope, "truncated");
    let ciphertext = parsed["resource"]["ciphertext"].as_str().unwrap();
    Mistake::new(with("/resource/ciphertext", ciphertext.replace('+', " ").into()), ENVELOPE)
        .explains(Step::Envelope, "spaces where + was");
    Mistake::new(with("/resource/ciphertext", ciphertext.replace('/', "_").into()), ENVELOPE)
        .explains(Step::Envelope, "URL-safe");
    Mistake::new(with("/resource/algorithm", "AEAD_SM4_128_GCM".into()), DECRYPT)
        .explains(Step::Decrypt, "national suite");
    Mistake::new(with("/resource/algorithm", "AES".into()), DECRYPT)
        .explains(Step::Decrypt, "expected AEAD_AES_256_GCM");
    Mistake::new(with("/resource/associated_data", Value::Null), DECRYPT)
        .explains(Step::Decrypt, "associated_data was changed");
    Mistake::new(signed(&good[..900]), ENVELOPE).explains(Step::Envelope, "truncated or changed");
    Mistake::new(signed("[1]"), ENVELOPE).explains(Step::Envelope, "not an object");
    Mistake::new(signed("hello"), ENVELOPE).explains(Step::Envelope, "not JSON");
    Mistake::new(signed(b"{\"a\":\"\xff\"}".as_slice()), ENVELOPE).explains(Step::Envelope, "not UTF-8");
    Mistake::new(signed(format!("\u{feff}{good}")), ENVELOPE).explains(Step::Envelope, "byte order mark");
}

#[test]
fn what_is_odd_but_taken() {
    let sent = |notification: &Notification| platform().v3(notification, NOW, &nonces()).unwrap();
    let unknown = Notification::new("EV-1", "NOBODY.KNOWS\u{1b}[31m", "{}");
    Mistake::new(sent(&unknown), &[]).explains(Step::Classify, "NOBODY.KNOWS\\x1b[31m; not in the catalog");
    let mut misfit = paid();
    (misfit.resource, misfit.original_type) = ("{}".to_owned(), Some("x".to_owned()));
    Mistake::new(sent(&misfit), &[]).explains(Step::Classify, "misfit");
    let mut other = paid();
    other.resource = other.resource.replace(MCHID, "1900000110");
    let words = "another merchant than the configured mchid 1900000109";
    Mistake::new(sent(&other), &[]).explains(Step::Classify, words);
    let mut text = paid();
    text.resource = format!("{MARKER} is no JSON");
    Mistake::new(sent(&text), &[]).explains(Step::Decrypt, "flag not-json");
}
