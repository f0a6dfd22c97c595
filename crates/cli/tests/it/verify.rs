//! `wxhook verify` as a program: what it reads, what it prints, how it ends. What it says of each mistake stands with
//! its code (`src/verify/tests`).

use std::path::PathBuf;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use wxhook_cli::throwaway::{self, Merchant, PlatformKeyKind, Settings};
use wxhook_simulator::samples::{self, Case};
use wxhook_simulator::{Nonces, SignedRequest};

use crate::support::{Finished, Shop, finished, now, own_variables, text};

const NOW: u64 = 1_767_225_600;
const STEPS: [&str; 7] = ["protocol", "timestamp", "key", "signature", "envelope", "decrypt", "classify"];

struct Fixture {
    shop: Shop,
    request: SignedRequest,
}

impl Fixture {
    fn new() -> Self {
        Self::at(NOW)
    }

    fn at(time: u64) -> Self {
        let shop = Shop::new();
        let paid = samples::v3::transaction(&Case::new("1900000109", 7));
        let request = shop.platform.v3(&paid, time, &Nonces::seeded(7)).unwrap();
        Self { shop, request }
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.shop.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Headers of any form, and the request's body.
    async fn verify(&self, headers: &str, more: &[&str]) -> Finished {
        let (headers, body) = (self.write("headers", headers), self.write("body", &self.request.body));
        let files = ["--headers", text(&headers), "--body", text(&body)];
        self.run(&[&files, more].concat()).await
    }

    async fn run(&self, arguments: &[&str]) -> Finished {
        finished(&[&["verify", "--config", text(&self.shop.config)], arguments].concat()).await
    }

    /// A line for each header.
    fn lines(&self, line: impl Fn(&str, &str) -> String) -> String {
        self.request.headers.iter().map(|(name, value)| line(name, value)).collect()
    }

    fn raw(&self) -> String {
        self.lines(|name, value| format!("{name}: {value}\r\n"))
    }
}

fn at_its_time<'a>() -> [&'a str; 2] {
    ["--now", "1767225600"]
}

#[tokio::test]
async fn headers_in_every_form() {
    let fixture = Fixture::new();
    let raw = fixture.raw();
    let object: serde_json::Map<String, Value> =
        fixture.request.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let lists: serde_json::Map<String, Value> =
        fixture.request.headers.iter().map(|(name, value)| (name.to_lowercase(), json!([value]))).collect();
    let pairs: Vec<_> = fixture.request.headers.iter().map(|(name, value)| json!([name, value])).collect();
    let named: Vec<_> =
        fixture.request.headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    let upper = |name: &str| name.to_uppercase().replace('-', "_");
    for headers in [
        raw.clone(),
        format!("POST /notify/shop HTTP/1.1\r\nHost: shop.example.com\r\n{raw}\r\n"),
        fixture.lines(|name, value| format!("{}: {value}\n", name.to_lowercase())),
        format!(
            "*   Trying 127.0.0.1:8080...\n> POST /notify/shop HTTP/1.1\n{}> \n}} [900 bytes data]\n< HTTP/1.1 401 Unauthorized\n< content-type: application/json\n",
            fixture.lines(|name, value| format!("> {name}: {value}\n"))
        ),
        Value::from(object.clone()).to_string(),
        Value::from(lists).to_string(),
        Value::from(pairs).to_string(),
        Value::from(named.clone()).to_string(),
        json!({"log": {"entries": [{"request": {"method": "POST", "headers": named}}]}}).to_string(),
        json!({"headers": object}).to_string(),
        fixture.lines(|name, value| format!("HTTP_{}={value}\n", upper(name))),
        format!(
            "Array\n(\n{})\n",
            fixture.lines(|name, value| format!("    [HTTP_{}] => {value}\n", upper(name)))
        ),
        format!("Array\n(\n{})\n", fixture.lines(|name, value| format!("    [{name}] => {value}\n"))),
        format!("array (\n{})", fixture.lines(|name, value| format!("  '{name}' => '{value}',\n"))),
        format!(
            "array(5) {{\n{}}}\n",
            fixture.lines(|name, value| format!("  [\"{name}\"]=>\n  string({}) \"{value}\"\n", value.len()))
        ),
        format!("curl http://x/{}", fixture.lines(|name, value| format!(" \\\n  -H '{name}: {value}'"))),
        format!("map[{}]", fixture.lines(|name, value| format!("{name}:[{value}] "))),
        format!("[{}host:\"x\"]", fixture.lines(|name, value| format!("{name}:\"{value}\", "))),
        format!("[{}('Host', 'x')]", fixture.lines(|name, value| format!("('{name}', '{value}'), "))),
        fixture.lines(|name, value| format!("http_{}={value}\n", upper(name).to_lowercase())),
        fixture.lines(|name, value| format!("HTTP_{}='{value}'\n", upper(name))),
    ] {
        let verified = fixture.verify(&headers, &at_its_time()).await;
        assert_eq!((verified.status.code(), verified.stderr.len()), (Some(0), 0), "{headers}\n{verified:#?}");
        assert_eq!(verified.stdout.len(), 8, "{verified:#?}");
        assert_eq!(verified.stdout[7], "verdict: pass: the receiver accepts it");
        assert_eq!(verified.stdout[6], "ok    classify   TRANSACTION.SUCCESS#BASIC");
    }
}

#[tokio::test]
async fn a_whole_request_in_one_file_or_from_stdin() {
    let fixture = Fixture::new();
    let mut whole = format!("POST /notify/shop HTTP/1.1\r\n{}\r\n", fixture.raw()).into_bytes();
    whole.extend_from_slice(&fixture.request.body);
    let file = fixture.write("whole", &whole);
    let verified = fixture.run(&["--headers", text(&file), "--now", "1767225600"]).await;
    assert_eq!(verified.status.code(), Some(0), "{verified:#?}");

    let mut program = Command::new(env!("CARGO_BIN_EXE_wxhook"));
    own_variables().for_each(|name| {
        program.env_remove(name);
    });
    program.args(["verify", "--config", text(&fixture.shop.config), "--now", "1767225600", "--headers", "-"]);
    let mut program = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut program.stdin.take().unwrap(), &whole).unwrap();
    assert_eq!(program.wait_with_output().unwrap().status.code(), Some(0));
}

#[tokio::test]
async fn json_is_the_contract() {
    let fixture = Fixture::new();
    for (now, verdict, code) in [("1767225600", "pass", 0), ("1767226000", "fail", 1)] {
        let verified = fixture.verify(&fixture.raw(), &["--json", "--now", now]).await;
        assert_eq!((verified.status.code(), verified.stdout.len()), (Some(code), 1), "{verified:#?}");
        let report: Value = serde_json::from_str(&verified.stdout[0]).unwrap();
        assert_eq!((report.as_object().unwrap().len(), report["verdict"].as_str()), (2, Some(verdict)));
        let checks = report["checks"].as_array().unwrap();
        assert_eq!(checks.iter().map(|check| check["check"].as_str().unwrap()).collect::<Vec<_>>(), STEPS);
        for check in checks {
            assert_eq!(check.as_object().unwrap().len(), 3);
            assert!(check["hint"].is_string());
            let expected = if code == 1 && check["check"] == "timestamp" { "fail" } else { "pass" };
            assert_eq!(check["result"], expected);
        }
    }
    let mut spoilt = Fixture::new();
    spoilt.request.body.push(b'\n');
    let verified = spoilt.verify(&spoilt.raw(), &at_its_time()).await;
    assert_eq!(verified.status.code(), Some(1));
    assert_eq!(verified.stdout[7], "verdict: fail: the receiver rejects it");
    let failed: Vec<_> = verified.stdout.iter().filter(|line| line.starts_with("FAIL")).collect();
    assert!(
        failed.len() == 1 && failed[0].starts_with("FAIL  signature  the body was changed after"),
        "{verified:#?}"
    );
    for (name, secret) in spoilt.shop.merchant.files().skip(1) {
        assert!(!verified.stdout.join("\n").contains(secret), "{name}");
    }
}

/// Compares with the reply of a real server, at the current time.
#[tokio::test]
async fn the_verdict_is_the_servers() {
    let mut fixture = Fixture::at(now());
    let server = fixture.shop.serve(&[]).await;
    let client = wxhook_simulator::Client::new(crate::support::PATIENCE);
    for good in [true, false] {
        let answer = client.post(&server.notify(), &fixture.request).await.unwrap();
        let verified = fixture.verify(&fixture.raw(), &[]).await;
        assert_eq!((answer.accepted(), verified.status.success()), (good, good), "{verified:#?}");
        fixture.request.body.push(b' ');
    }
    server.terminate().await;
}

/// A request that nothing of ours has made: signed and keyed by the `openssl` program.
#[tokio::test]
async fn what_openssl_signed() {
    let folder = tempfile::tempdir().unwrap();
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    openssl(&[
        "genpkey",
        "-quiet",
        "-algorithm",
        "RSA",
        "-pkeyopt",
        "rsa_keygen_bits:2048",
        "-out",
        "key.pem",
    ]);
    let subject = [
        "-subj",
        "/C=CN/O=Tenpay.com/CN=Tenpay.com sign",
        "-set_serial",
        "0x5F1C72E2A8931B72",
        "-out",
        "pub.pem",
    ];
    openssl(&[&["req", "-x509", "-new", "-key", "key.pem"], &subject[..]].concat());
    let path = |name: &str| folder.path().join(name);
    std::fs::write(
        path("wxhook.toml"),
        "[store]\nurl = \"memory://\"\n[[merchant]]\nname = \"shop\"\nmchid = \"1900000109\"\n\
         api_v3_key = \"a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb\"\n[[merchant.platform_key]]\nfile = \"pub.pem\"\n",
    )
    .unwrap();
    let body = r#"{"id":"EV-1","event_type":"A.B","resource":{"algorithm":"AEAD_AES_256_GCM","ciphertext":"AAAAAAAAAAAAAAAAAAAAAAAA","nonce":"0123456789ab"}}"#;
    std::fs::write(path("message"), format!("{NOW}\n593BEC0C930BF1AF\n{body}\n")).unwrap();
    let signature = BASE64_STANDARD.encode(openssl(&["dgst", "-sha256", "-sign", "key.pem", "message"]));
    let headers = format!(
        "Wechatpay-Serial: 5F1C72E2A8931B72\nWechatpay-Timestamp: {NOW}\nWechatpay-Nonce: 593BEC0C930BF1AF\nWechatpay-Signature: {signature}\n"
    );
    std::fs::write(path("headers"), headers).unwrap();
    for (sent, signature, words) in [
        (body.to_owned(), "ok    signature", ""),
        (
            body.replace("\":", "\": ").replace(",\"", ", \""),
            "FAIL  signature",
            "which changed the whitespace between its tokens",
        ),
        (body.replace("EV-1", "EV-2"), "FAIL  signature", "the signature does not match"),
        (format!("{body}\n"), "FAIL  signature", "a line end was added at its end"),
    ] {
        std::fs::write(path("body"), sent).unwrap();
        let [config, headers, body] = ["wxhook.toml", "headers", "body"].map(path);
        let arguments =
            ["verify", "--config", text(&config), "--headers", text(&headers), "--body", text(&body)];
        let verified = finished(&[&arguments, &at_its_time()[..]].concat()).await;
        // Nothing has made this ciphertext.
        assert_eq!(verified.status.code(), Some(1));
        assert!(
            verified.stdout[5].starts_with("FAIL  decrypt    api_v3_key doesn't decrypt it"),
            "{verified:#?}"
        );
        assert!(
            verified.stdout[3].starts_with(signature) && verified.stdout[3].contains(words),
            "{verified:#?}"
        );
    }
}

#[tokio::test]
async fn wrong_usage_is_2_and_a_bad_configuration_1() {
    let fixture = Fixture::new();
    let (headers, body) =
        (fixture.write("headers", fixture.raw()), fixture.write("body", &fixture.request.body));
    let (headers, body) = (text(&headers), text(&body));
    let cut = fixture.write("cut", "{\"a\":");
    let prose = fixture.write("prose", "the headers were lost\n");
    let no_headers = fixture.write("no-headers", "{\"a\":{\"b\":true}}");
    for (arguments, words) in [
        (&["--headers", headers][..], "--body is missing"),
        (&["--headers", "-", "--body", "-"], "can't both be stdin"),
        (&["--headers", "/no/such/file", "--body", body], "--headers: can't read /no/such/file"),
        (&["--headers", headers, "--body", "/no/such/file"], "--body: can't read"),
        (&["--headers", text(&cut), "--body", body], "no Wechatpay headers found"),
        (&["--headers", text(&prose), "--body", body], "no Wechatpay headers found"),
        (&["--headers", text(&prose)], "no Wechatpay headers found"),
        (&["--headers", text(&no_headers), "--body", body], "no Wechatpay headers found"),
        (&["--headers", headers, "--body", body, "--merchant", "market"], "there is shop"),
        (&["--headers", headers, "--body", body, "--now", "yesterday"], "seconds since the epoch"),
        (&["--headers", headers, "--body", body, "--now", "9223372036854775808"], "until the year 9999"),
        (&["--body", body], "--headers"),
    ] {
        let refused = fixture.run(arguments).await;
        assert_eq!((refused.status.code(), refused.stdout.len()), (Some(2), 0), "{refused:#?}");
        assert!(refused.stderr.join("\n").contains(words), "{words}: {refused:#?}");
    }
    // Without headers at all it can be v2.
    let empty = fixture.write("empty", "");
    let verified = fixture.run(&["--headers", text(&empty), "--body", body]).await;
    assert_eq!(verified.status.code(), Some(1));
    assert!(verified.stdout[0].contains("there are no Wechatpay headers"), "{verified:#?}");
    let xml = fixture.write("xml", "<xml><sign>0</sign></xml>");
    let verified = fixture.run(&["--headers", text(&prose), "--body", text(&xml)]).await;
    assert!(verified.stdout[0].contains("v2"), "{verified:#?}");

    std::fs::write(fixture.shop.file("shop-api-v3-key"), "only16characters").unwrap();
    std::fs::write(
        &fixture.shop.config,
        "surplus = 1\n".to_owned() + &std::fs::read_to_string(&fixture.shop.config).unwrap(),
    )
    .unwrap();
    let refused = fixture.run(&["--headers", headers, "--body", body]).await;
    assert_eq!((refused.status.code(), refused.stdout.len()), (Some(1), 0), "{refused:#?}");
    assert!(refused.stderr.iter().any(|line| line.contains("surplus")), "{refused:#?}");
}

/// The other six checks don't need it.
#[tokio::test]
async fn an_api_key_that_cannot_be_used_is_a_finding() {
    let fixture = Fixture::new();
    let file = fixture.shop.file("shop-api-v3-key");
    let good = std::fs::read_to_string(&file).unwrap().trim().to_owned();
    for (key, words) in [
        (good[..16].to_owned(), "16 bytes long, where an APIv3 key has 32; copy it again: it was cut"),
        (
            good[1..].to_owned(),
            "31 bytes long, where an APIv3 key has 32; copy it again: a character is missing",
        ),
        (
            format!("{good} "),
            "33 bytes long, where an APIv3 key has 32; remove the whitespace or line end at its end",
        ),
        (format!("{good}\n\n"), "remove the whitespace or line end at its end"),
        (format!(" {good}"), "remove the whitespace around it"),
        (format!("{good}12345678"), "40 bytes long"),
        (format!("{good}{good}").replace(|c: char| !c.is_ascii_hexdigit(), "a"), "in hexadecimal"),
        (format!("\u{feff}{good}"), "byte-order mark"),
    ] {
        std::fs::write(&file, &key).unwrap();
        let verified = fixture.verify(&fixture.raw(), &[&at_its_time()[..], &["--json"]].concat()).await;
        assert_eq!((verified.status.code(), verified.stdout.len()), (Some(1), 1), "{verified:#?}");
        let report: Value = serde_json::from_str(&verified.stdout[0]).unwrap();
        for check in report["checks"].as_array().unwrap() {
            let expected = match check["check"].as_str().unwrap() {
                "decrypt" => "fail",
                "classify" => "skipped",
                _ => "pass",
            };
            assert_eq!(check["result"], expected, "{verified:#?}");
            if expected == "fail" {
                let hint = check["hint"].as_str().unwrap();
                assert!(hint.contains("api_v3_key_file") && hint.contains(words), "{words}: {hint}");
            }
        }
        assert_eq!(verified.stderr.len(), 1);
        assert!(
            verified.stderr[0].starts_with("no server starts with this configuration: "),
            "{verified:#?}"
        );
        let all = [verified.stdout, verified.stderr].concat().join("\n");
        assert!(!all.contains(key.trim()) && !all.contains(&good[..16]), "the key is shown");
    }
}

#[tokio::test]
async fn one_of_several_merchants_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let merchants = [
        Merchant::new("shop", "1900000109", PlatformKeyKind::PublicKey).unwrap(),
        Merchant::new("market", "10000100", PlatformKeyKind::Certificate).unwrap(),
    ];
    let config = throwaway::write(folder.path(), &merchants, &Settings::default()).unwrap();
    let paid = samples::v3::transaction(&Case::new("10000100", 7));
    let request = merchants[1].platform().unwrap().v3(&paid, NOW, &Nonces::seeded(7)).unwrap();
    let headers: String = request.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let (head, body) = (folder.path().join("headers"), folder.path().join("body"));
    std::fs::write(&head, headers).unwrap();
    std::fs::write(&body, &request.body).unwrap();
    let verify = async |more: &[&str]| {
        let arguments =
            ["verify", "--config", text(&config), "--headers", text(&head), "--body", text(&body)];
        finished(&[&arguments[..], &at_its_time()[..], more].concat()).await
    };
    let refused = verify(&[]).await;
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(refused.stderr, ["error: --merchant is missing: one of shop, market"]);
    assert_eq!(verify(&["--merchant", "market"]).await.status.code(), Some(0));
    let other = verify(&["--merchant", "shop"]).await;
    assert_eq!(other.status.code(), Some(1));
    let key = other.stdout.iter().find(|line| line.starts_with("FAIL  key")).unwrap();
    assert!(key.contains("is a key of the merchant market: the request is for that merchant"), "{other:#?}");
}

/// Traces of a request that nobody kept: an SDK's error text, a printed event, a line of a log.
#[tokio::test]
async fn requests_that_others_wrote_down() {
    let fixture = Fixture::new();
    let header = |name: &str| fixture.request.header(name).unwrap();
    let body = std::str::from_utf8(&fixture.request.body).unwrap();
    assert!(!body.is_ascii());
    let message = format!("{}\n{}\n{body}\n", header("Wechatpay-Timestamp"), header("Wechatpay-Nonce"));
    let (serial, signature) = (header("Wechatpay-Serial"), header("Wechatpay-Signature"));
    let java = format!(
        "com.wechat.pay.java.core.exception.ValidationException: Processing WechatPay notification,signature verification \
         failed,signType[WECHATPAY2-SHA256-RSA2048]\tserial[{serial}]\tmessage[{message}]\tsign[{signature}]\n\tat \
         com.wechat.pay.java.core.notification.NotificationParser.validateRequest(NotificationParser.java:88)\n"
    );
    let apache = format!(
        "WARN c.w.p.c.a.h.auth.WechatPay2Validator - signature verify fail: serial=[{serial}] message=[{message}] \
         sign=[{signature}], request-id=[08A8AAAB9A06]\n"
    );
    let object: serde_json::Map<String, Value> =
        fixture.request.headers.iter().map(|(name, value)| (name.to_lowercase(), json!(value))).collect();
    let buffer = json!({"type": "Buffer", "data": fixture.request.body});
    let printed = fixture.lines(|name, value| format!("    '{}': '{value}',\n", name.to_lowercase()));
    let hex: Vec<_> = fixture.request.body.iter().map(|byte| format!("{byte:02x}")).collect();
    let quoted = body.replace('\\', "\\\\").replace('\'', "\\'");
    let parts = quoted.split_at(quoted.find("\"resource\"").unwrap());
    let event = |body: &str| {
        format!(
            "2026-01-01T00:00:00Z INFO event {{\n  headers: {{\n    host: 'x',\n{printed}  }},\n  httpMethod: 'POST',\n  path: '/notify/shop',\n  body: {body}\n}}\n"
        )
    };
    let whole = format!("POST /notify/shop HTTP/1.1\r\n{}\r\n{body}", fixture.raw());
    for (capture, what) in [
        (java.clone(), "wechatpay-java"),
        (apache, "wechatpay-apache-httpclient"),
        (json!({"level": "error", "msg": java}).to_string(), "in a JSON log"),
        (
            json!({"headers": object, "body": body, "isBase64Encoded": false, "path": "/notify/shop"})
                .to_string(),
            "event",
        ),
        (
            json!({"headers": object, "body": BASE64_STANDARD.encode(body), "isBase64Encoded": true})
                .to_string(),
            "base64",
        ),
        (json!({"headers": object, "body": buffer}).to_string(), "JSON of a Buffer"),
        (event(&format!("'{quoted}',\n  isBase64Encoded: false")), "console.log of an event"),
        (event(&format!("'{}' +\n    '{}',\n  isBase64Encoded: false", parts.0, parts.1)), "in two parts"),
        (
            event(&format!("'{}',\n  isBase64Encoded: true", BASE64_STANDARD.encode(body))),
            "base64 in an event",
        ),
        (event(&format!("<Buffer {}>", hex.join(" "))), "a printed Buffer"),
        (json!({"log": whole, "stream": "stdout"}).to_string(), "Docker's log"),
    ] {
        let file = fixture.write("capture", &capture);
        let verified = fixture.run(&[&["--headers", text(&file)][..], &at_its_time()[..]].concat()).await;
        assert_eq!(verified.status.code(), Some(0), "{what}: {capture}\n{verified:#?}");
        assert_eq!(verified.stdout[6], "ok    classify   TRANSACTION.SUCCESS#BASIC", "{what}");
    }
    for (capture, words) in [
        (event("<Buffer 7b 22 69 64 22 ... 1000 more bytes>"), "a Buffer as Node prints it, and truncated"),
        (
            event(&format!("'{quoted}'")).replace("/notify/shop", "/notify/shop/"),
            "it differs from /notify/shop by",
        ),
        (whole.replacen("/notify/shop", "//notify/Shop?a=b", 1), "it differs from /notify/shop by"),
        (event(&format!("'{}'", quoted.replace("EV-", "EW-"))), "the signature does not match"),
    ] {
        let file = fixture.write("capture", &capture);
        let verified = fixture.run(&[&["--headers", text(&file)][..], &at_its_time()[..]].concat()).await;
        assert_eq!(verified.status.code(), Some(1), "{words}: {verified:#?}");
        assert!(verified.stdout.join("\n").contains(words), "{words}: {verified:#?}");
    }
    let go = fixture.write(
        "capture",
        "not valid wechatpay notify request: validate verify fail serial=[5F1C] request-id=[] err=crypto/rsa: verification error",
    );
    let refused = fixture.run(&["--headers", text(&go)]).await;
    assert_eq!(refused.status.code(), Some(2));
    assert!(refused.stderr.join("\n").contains("as wechatpay-go writes it"), "{refused:#?}");
}
