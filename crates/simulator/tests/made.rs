//! Checks the simulated platform's notifications with the crypto crate and with `openssl`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tempfile::TempDir;
use wxhook_crypto::v2::SignAlgorithm;
use wxhook_crypto::{AeadAlgorithm, ApiV2Key, ApiV3Key, PlatformKey, Proof, SigningKey, v2, v3};
use wxhook_simulator::{DepositFree, Error, Nonces, Notification, Platform, SignedRequest, samples};
use wxhook_wire::json::Doc;
use wxhook_wire::v2::{Fields, Shape};
use wxhook_wire::v3::Envelope;

const V3_KEY: &[u8; 32] = b"a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb";
const V2_KEY: &[u8; 32] = b"192006250b4c09247ec02edce69f6a2d";
const SERIAL: &str = "PUB_KEY_ID_0119000001092024";
const MCHID: &str = "1900000199";
const NOW: u64 = 1_767_225_600;

/// The v2 signature of the official document.
const FIELDS: [(&str, &str); 5] = [
    ("appid", "wxd930ea5d5a258f4f"),
    ("mch_id", "10000100"),
    ("device_info", "1000"),
    ("body", "test"),
    ("nonce_str", "ibuaiVcKdpRxkhJA"),
];
const MD5: &str = "9A0A8659F005D6984697E2CA0A9CF3B7";
const HMAC: &str = "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6";

/// A folder with `key.pem` and `pub.pem`, both made by openssl.
static KEYS: LazyLock<TempDir> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let args =
        ["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "key.pem"];
    assert!(openssl(dir.path(), &args));
    assert!(openssl(dir.path(), &["pkey", "-in", "key.pem", "-pubout", "-out", "pub.pem"]));
    dir
});

fn openssl(dir: &Path, args: &[&str]) -> bool {
    Command::new("openssl")
        .args(args)
        .current_dir(dir)
        .output()
        .expect("the openssl program")
        .status
        .success()
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(KEYS.path().join(name)).unwrap()
}

fn platform() -> Platform {
    Platform::builder()
        .mchid(MCHID)
        .signing_key(SERIAL, SigningKey::from_pem(&read("key.pem")).unwrap())
        .api_v3_key(ApiV3Key::new(V3_KEY).unwrap())
        .api_v2_key(v2_key())
        .build()
        .unwrap()
}

fn v2_key() -> ApiV2Key {
    ApiV2Key::new(V2_KEY).unwrap()
}

fn case() -> samples::Case {
    samples::Case::new(MCHID, 7)
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn verified(request: &SignedRequest) -> Result<Proof, wxhook_crypto::Error> {
    let key = PlatformKey::from_pem(&read("pub.pem")).unwrap();
    let header = |name| request.header(name).unwrap();
    let (timestamp, nonce) = (header("Wechatpay-Timestamp"), header("Wechatpay-Nonce"));
    let signature = header("Wechatpay-Signature");
    v3::Signed { timestamp, nonce, serial: SERIAL, signature, body: &request.body }
        .verify(&key)
        .map(|body| body.proof().clone())
}

fn opened(body: &[u8]) -> String {
    let doc = Doc::parse(std::str::from_utf8(body).unwrap()).unwrap();
    let resource = Envelope::read(&doc).unwrap().resource;
    let algorithm: AeadAlgorithm = resource.algorithm.parse().unwrap();
    let sealed = BASE64_STANDARD.decode(resource.ciphertext.as_bytes()).unwrap();
    let (nonce, aad) = (resource.nonce.as_bytes(), resource.associated_data.as_bytes());
    let key = ApiV3Key::new(V3_KEY).unwrap();
    String::from_utf8(key.open(algorithm, nonce, aad, sealed).unwrap()).unwrap()
}

#[test]
fn every_v3_sample_verifies_and_opens() {
    use samples::v3::*;
    for sample in [transaction_global, transaction, refund, payscore_paid, transfer_authorized] {
        let notification = sample(&case());
        let request = platform().v3(&notification, NOW, &Nonces::fresh().unwrap()).unwrap();
        assert_eq!(verified(&request), Ok(Proof::Rsa { serial: SERIAL.into() }));
        assert_eq!(opened(&request.body), notification.resource);
        let doc = Doc::parse(std::str::from_utf8(&request.body).unwrap()).unwrap();
        let envelope = Envelope::read(&doc).unwrap();
        assert_eq!(envelope.id, notification.id);
        assert_eq!(envelope.event_type, notification.event_type);
        assert_eq!(envelope.create_time.as_deref(), Some(notification.create_time.as_str()));
        assert_eq!(envelope.summary.as_deref(), Some(notification.summary.as_str()));
        assert_eq!(envelope.resource_type.as_deref(), Some("encrypt-resource"));
        assert_eq!(envelope.resource.original_type.as_deref(), notification.original_type.as_deref());
    }
}

#[test]
fn openssl_verifies_a_v3_signature() {
    let notification = samples::v3::transaction(&case());
    let request = platform().v3(&notification, NOW, &Nonces::fresh().unwrap()).unwrap();
    let nonce = request.header("wechatpay-nonce").unwrap();
    let signature = BASE64_STANDARD.decode(request.header("wechatpay-signature").unwrap()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("pub.pem"), read("pub.pem")).unwrap();
    std::fs::write(dir.path().join("signature"), signature).unwrap();
    for (timestamp, good) in [(NOW, true), (NOW + 1, false)] {
        let body = std::str::from_utf8(&request.body).unwrap();
        std::fs::write(dir.path().join("message"), format!("{timestamp}\n{nonce}\n{body}\n")).unwrap();
        let args = ["dgst", "-sha256", "-verify", "pub.pem", "-signature", "signature", "message"];
        assert_eq!(openssl(dir.path(), &args), good);
    }
}

#[test]
fn v3_headers_are_the_platforms() {
    let nonces = Nonces::seeded(1);
    let request = platform().sign("{}", NOW, &nonces).unwrap();
    let mut names: Vec<_> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "Content-Type",
        "Request-ID",
        "User-Agent",
        "Wechatpay-Nonce",
        "Wechatpay-Serial",
        "Wechatpay-Signature",
        "Wechatpay-Signature-Type",
        "Wechatpay-Timestamp",
    ];
    assert_eq!(names, expected);
    for (name, value) in [
        ("content-type", "application/json"),
        ("user-agent", "Mozilla/4.0"),
        ("request-id", &nonces.request_id),
        ("wechatpay-nonce", &nonces.signature),
        ("wechatpay-serial", SERIAL),
        ("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048"),
        ("wechatpay-timestamp", "1767225600"),
    ] {
        assert_eq!(request.header(name), Some(value));
    }
}

#[test]
fn what_was_altered_no_longer_verifies_unless_it_is_signed_again() {
    let (platform, nonces) = (platform(), Nonces::fresh().unwrap());
    let mut body = platform.envelope(&samples::v3::transaction(&case()), &nonces).unwrap();
    let good = platform.sign(body.clone(), NOW, &nonces).unwrap();
    assert!(verified(&good).is_ok());
    let mut altered = good.clone();
    altered.body[10] ^= 1;
    assert!(verified(&altered).is_err());
    body[10] ^= 1;
    assert!(verified(&platform.sign(body, NOW, &nonces).unwrap()).is_ok());
    for timestamp in ["", "-1", "1e9"] {
        assert!(verified(&platform.sign(good.body.clone(), timestamp, &nonces).unwrap()).is_ok());
    }
    assert!(matches!(platform.sign(good.body, "1\n2", &nonces), Err(Error::Crypto(_))));
}

#[test]
fn a_probe_says_so_and_is_wrong() {
    let (platform, nonces) = (platform(), Nonces::seeded(3));
    let good = platform.sign("{}", NOW, &nonces).unwrap();
    let mut probe = platform.probe("{}", NOW, &nonces);
    assert!(v3::is_probe(probe.header("Wechatpay-Signature").unwrap()));
    assert!(verified(&good).is_ok() && verified(&probe).is_err());
    let signature = probe.header("Wechatpay-Signature").unwrap();
    let rest = signature.strip_prefix(v3::PROBE_PREFIX).unwrap().to_owned();
    probe.set_header("Wechatpay-Signature", rest);
    assert_eq!(verified(&probe), Err(wxhook_crypto::Error::BadSignature));
    probe.headers.clone_from(&good.headers);
    assert_eq!(probe, good);
}

#[test]
fn only_given_nonces_repeat() {
    let (platform, paid) = (platform(), samples::v3::transaction(&case()));
    let make = |nonces| platform.v3(&paid, NOW, &nonces).unwrap();
    assert_eq!(make(Nonces::seeded(1)), make(Nonces::seeded(1)));
    let (one, other) = (make(Nonces::fresh().unwrap()), make(Nonces::fresh().unwrap()));
    assert_ne!(one.body, other.body);
    assert_ne!(one.header("Wechatpay-Nonce"), other.header("Wechatpay-Nonce"));
    let mut short = Nonces::seeded(1);
    short.seal.pop();
    assert!(matches!(platform.v3(&paid, NOW, &short), Err(Error::Nonce)));
}

#[test]
fn what_is_not_given_stays_out_of_the_envelope() {
    let body =
        platform().envelope(&Notification::new("EV-1", "NEW.EVENT", "{}"), &Nonces::seeded(1)).unwrap();
    let text = std::str::from_utf8(&body).unwrap();
    assert!(!text.contains("original_type") && !text.contains("associated_data"));
    assert_eq!(opened(&body), "{}");
}

#[test]
fn the_v2_sign_is_the_published_one() {
    for (algorithm, sign) in [(SignAlgorithm::Md5, MD5), (SignAlgorithm::HmacSha256, HMAC)] {
        let request = platform().v2_sign(owned(&FIELDS), algorithm).unwrap();
        let fields = Fields::parse(&request.body).unwrap();
        assert_eq!(fields.get("sign"), Some(sign));
        assert_eq!(fields.len(), FIELDS.len() + 1);
    }
}

#[test]
fn every_v2_sample_verifies() {
    use samples::v2::*;
    let md5 = (SignAlgorithm::Md5, Proof::Md5);
    let hmac = (SignAlgorithm::HmacSha256, Proof::Hmac);
    for sample in [payment, contract, plate, combined, risk] {
        for (algorithm, proof) in [md5.clone(), hmac.clone()] {
            let made = sample(&case());
            let request = platform().v2(made.clone(), algorithm, &Nonces::fresh().unwrap()).unwrap();
            assert_eq!(request.header("content-type"), Some("text/xml"));
            let fields = Fields::parse(&request.body).unwrap();
            assert_eq!(Shape::detect(&fields), Shape::Plain);
            for (name, value) in &made {
                assert_eq!(fields.get(name), Some(value.as_str()));
            }
            assert_eq!(fields.get("sign_type"), Some(algorithm.as_str()));
            assert_eq!(fields.get("nonce_str").map(str::len), Some(32));
            assert_eq!(v2::verify(fields, &v2_key()).unwrap().proof(), &proof);
        }
    }
}

#[test]
fn fields_that_are_there_stay() {
    let given = owned(&[("sign_type", "SHA1"), ("nonce_str", "n"), ("sign", "x"), ("attach", "]]>")]);
    let request = platform().v2(given, SignAlgorithm::Md5, &Nonces::seeded(1)).unwrap();
    let fields = Fields::parse(&request.body).unwrap();
    let kept = ["sign_type", "nonce_str", "attach"].map(|name| fields.get(name).unwrap());
    assert_eq!(kept, ["SHA1", "n", "]]>"]);
    assert_eq!((fields.len(), fields.get("sign").map(str::len)), (4, Some(32)));
}

#[test]
fn a_v2_refund_opens() {
    let refund = samples::v2::refund(&case());
    let request = platform().v2_refund(refund.fields, &refund.req_info, &Nonces::seeded(1)).unwrap();
    let fields = Fields::parse(&request.body).unwrap();
    assert_eq!(Shape::detect(&fields), Shape::Refund);
    assert_eq!((fields.get("mch_id"), fields.get("sign")), (Some(MCHID), None));
    let opened = v2::open_refund(fields.get("req_info").unwrap(), &v2_key()).unwrap().into_inner();
    assert!(opened.starts_with(b"<root>"));
    let opened = Fields::parse_opened(&opened).unwrap();
    let opened: Vec<_> = opened.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    assert_eq!(opened, refund.req_info);
}

#[test]
fn a_deposit_free_one_verifies_and_opens() {
    let mut with_data = samples::v2::deposit_free(&case());
    with_data.associated_data = "check".to_owned();
    for made in [samples::v2::deposit_free(&case()), with_data] {
        let request = platform().v2_deposit_free(&made, &Nonces::fresh().unwrap()).unwrap();
        assert_eq!(request.header("content-type"), Some("text/xml"));
        let fields = Fields::parse(&request.body).unwrap();
        assert_eq!(Shape::detect(&fields), Shape::DepositFree);
        assert_eq!((fields.get("event_id"), fields.get("sign_type")), (Some(made.event_id.as_str()), None));
        let fields = v2::verify(fields, &v2_key()).unwrap();
        assert_eq!(fields.proof(), &Proof::Hmac);
        let field = |name| fields.get().get(name).unwrap();
        let sealed = BASE64_STANDARD.decode(field("event_ciphertext")).unwrap();
        let (nonce, aad) = (field("event_nonce").as_bytes(), field("event_associated_data").as_bytes());
        let algorithm = field("event_algorithm").parse().unwrap();
        let opened = ApiV3Key::new(V3_KEY).unwrap().open(algorithm, nonce, aad, sealed).unwrap();
        assert!(opened.starts_with(b"<xml>"));
        let opened = Fields::parse_opened(&opened).unwrap();
        let opened: Vec<_> = opened.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(opened, made.fields);
    }
}

#[test]
fn each_key_is_needed_for_what_it_makes() {
    let key = || SigningKey::from_pem(&read("key.pem")).unwrap();
    let (v3_key, builder) = (ApiV3Key::new(V3_KEY).unwrap(), || Platform::builder().mchid(MCHID));
    let nonces = Nonces::seeded(1);
    let missing = |made: Result<SignedRequest, Error>| match made {
        Err(Error::Missing(what)) => what,
        other => panic!("{other:?}"),
    };
    let paid = samples::v3::transaction(&case());
    let without_v2 = builder().signing_key(SERIAL, key()).api_v3_key(v3_key.clone()).build().unwrap();
    assert_eq!(missing(without_v2.v2(owned(&FIELDS), SignAlgorithm::Md5, &nonces)), "APIv2 key");
    let without_v3 = builder().signing_key(SERIAL, key()).build().unwrap();
    assert_eq!(missing(without_v3.v3(&paid, NOW, &nonces)), "APIv3 key");
    let without_signing = builder().api_v3_key(v3_key).api_v2_key(v2_key()).build().unwrap();
    assert_eq!(missing(without_signing.v3(&paid, NOW, &nonces)), "signing key");
    assert!(without_signing.v2(owned(&FIELDS), SignAlgorithm::Md5, &nonces).is_ok());
    assert!(matches!(Platform::builder().signing_key(SERIAL, key()).build(), Err(Error::Missing("mchid"))));
}

#[test]
fn nothing_leaks() {
    let made = platform();
    let (v2_key, v3_key) = (String::from_utf8_lossy(V2_KEY), String::from_utf8_lossy(V3_KEY));
    let paid = samples::v3::transaction(&case());
    let request = made.v3(&paid, NOW, &Nonces::seeded(1)).unwrap();
    let refund = samples::v2::refund(&case());
    let deposit = DepositFree::new("CHECK.SUCCESS", "1", owned(&[("order_id", "121775250120140703")]));
    let text = format!("{made:?} {paid:?} {request:?} {refund:?} {deposit:?}");
    let signature = request.header("Wechatpay-Signature").unwrap();
    for secret in [&*v2_key, &*v3_key, signature, "121775250120140703", "100440074020140903", "PRIVATE"] {
        assert!(!text.contains(secret), "{secret}");
    }
}
