//! Every way to spoil a request, for every documented event: each changes the one thing that it says, and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rcgen::{KeyPair, RsaKeySize};
use wxhook_crypto::{AeadAlgorithm, ApiV2Key, ApiV3Key, PlatformKey, SigningKey, v2, v3};
use wxhook_simulator::{Error, Example, Message, Nonces, Platform, SignedRequest, Tamper};
use wxhook_wire::v2::Fields;
use wxhook_wire::{Cipher, EventMeta, Protocol};

const V3_KEY: &[u8; 32] = b"a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb";
const V2_KEY: &[u8; 32] = b"192006250b4c09247ec02edce69f6a2d";
const SERIAL: &str = "PUB_KEY_ID_0119000001092024";
const NOW: u64 = 1_767_225_600;

/// The platform, and its key as the merchant has it.
static PLATFORM: LazyLock<(Platform, PlatformKey)> = LazyLock::new(|| {
    let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let platform = Platform::builder()
        .mchid("1900000199")
        .signing_key(SERIAL, SigningKey::from_pem(key.serialize_pem().as_bytes()).unwrap())
        .api_v3_key(ApiV3Key::new(V3_KEY).unwrap())
        .api_v2_key(v2_key())
        .build()
        .unwrap();
    (platform, PlatformKey::from_pem(key.public_key_pem().as_bytes()).unwrap())
});

fn v2_key() -> ApiV2Key {
    ApiV2Key::new(V2_KEY).unwrap()
}

fn message(meta: &EventMeta) -> Message {
    Message::new(meta, "EV-1", Example::new(meta, &*wxhook_events::catalog()).number(7).resource())
}

fn made(message: &Message) -> Result<SignedRequest, Error> {
    PLATFORM.0.make(message, NOW, &Nonces::seeded(7))
}

/// The good one, and the spoilt one.
fn both(meta: &EventMeta, tamper: Tamper) -> (SignedRequest, SignedRequest) {
    let message = message(meta);
    let spoilt = made(&message.clone().tamper(tamper)).unwrap_or_else(|error| panic!("{meta:?}: {error}"));
    (made(&message).unwrap(), spoilt)
}

fn events(protocol: Protocol) -> Vec<EventMeta> {
    wxhook_events::catalog().events().filter(|meta| meta.protocol == protocol).copied().collect()
}

/// The headers that aren't the same.
fn changed_headers(one: &SignedRequest, other: &SignedRequest) -> Vec<String> {
    let names = |request: &SignedRequest| -> Vec<_> {
        request.headers.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(one), names(other));
    let changed = one.headers.iter().zip(&other.headers).filter(|(one, other)| one != other);
    changed.map(|(one, _)| one.0.clone()).collect()
}

/// Returns the number of bytes that differ.
fn changed_bytes(one: &[u8], other: &[u8]) -> usize {
    assert_eq!(one.len(), other.len());
    one.iter().zip(other).filter(|(one, other)| one != other).count()
}

/// The places at which two JSON texts differ.
fn changed_places(one: &[u8], other: &[u8]) -> Vec<&'static str> {
    let parse = |text| -> serde_json::Value { serde_json::from_slice(text).unwrap() };
    let (one, other) = (parse(one), parse(other));
    ["id", "event_type", "summary", "create_time", "resource_type"]
        .into_iter()
        .filter(|name| one[name] != other[name])
        .chain(
            ["ciphertext", "nonce", "associated_data", "algorithm", "original_type"]
                .into_iter()
                .filter(|name| one["resource"][name] != other["resource"][name]),
        )
        .collect()
}

fn verifies(request: &SignedRequest) -> bool {
    let header = |name| request.header(name).unwrap();
    let (timestamp, nonce) = (header("Wechatpay-Timestamp"), header("Wechatpay-Nonce"));
    let signature = header("Wechatpay-Signature");
    // it is base64 still
    BASE64_STANDARD.decode(signature).unwrap();
    v3::Signed { timestamp, nonce, serial: SERIAL, signature, body: &request.body }
        .verify(&PLATFORM.1)
        .is_ok()
}

fn opens(request: &SignedRequest) -> bool {
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    let text = |name: &str| body["resource"][name].as_str().unwrap_or_default();
    let sealed = BASE64_STANDARD.decode(text("ciphertext")).unwrap();
    let (nonce, aad) = (text("nonce").as_bytes(), text("associated_data").as_bytes());
    ApiV3Key::new(V3_KEY).unwrap().open(AeadAlgorithm::Aes256Gcm, nonce, aad, sealed).is_ok()
}

#[test]
fn v3_differs_in_one_thing() {
    for meta in events(Protocol::V3) {
        for (tamper, header) in [
            (Tamper::Signature, "Wechatpay-Signature"),
            (Tamper::Timestamp, "Wechatpay-Timestamp"),
            (Tamper::Nonce, "Wechatpay-Nonce"),
            (Tamper::Serial, "Wechatpay-Serial"),
        ] {
            let (good, spoilt) = both(&meta, tamper);
            assert!(verifies(&good) && opens(&good), "{meta:?}");
            assert_eq!(changed_headers(&good, &spoilt), [header], "{meta:?}");
            assert_eq!(good.body, spoilt.body);
            // the serial names the key, and isn't signed
            assert_eq!(verifies(&spoilt), tamper == Tamper::Serial, "{meta:?} {tamper}");
        }
    }
}

#[test]
fn a_spoilt_header_still_looks_like_one() {
    let (_, spoilt) = both(&events(Protocol::V3)[0], Tamper::Timestamp);
    let timestamp: u64 = spoilt.header("Wechatpay-Timestamp").unwrap().parse().unwrap();
    assert!(timestamp.abs_diff(NOW) <= 1);
    let (good, spoilt) = both(&events(Protocol::V3)[0], Tamper::Serial);
    let serial = |request: &SignedRequest| request.header("Wechatpay-Serial").unwrap().to_owned();
    assert_eq!(serial(&good).len(), serial(&spoilt).len());
    let (good, spoilt) = both(&events(Protocol::V3)[0], Tamper::Signature);
    let bytes = |request: &SignedRequest| {
        BASE64_STANDARD.decode(request.header("Wechatpay-Signature").unwrap()).unwrap()
    };
    assert_eq!(changed_bytes(&bytes(&good), &bytes(&spoilt)), 1);
}

#[test]
fn a_v3_body_differs_in_a_byte_of_the_ciphertext() {
    for meta in events(Protocol::V3) {
        let (good, spoilt) = both(&meta, Tamper::Body);
        assert_eq!(changed_headers(&good, &spoilt), [""; 0]);
        assert_eq!(changed_bytes(&good.body, &spoilt.body), 1);
        assert_eq!(changed_places(&good.body, &spoilt.body), ["ciphertext"], "{meta:?}");
        assert!(!verifies(&spoilt) && !opens(&spoilt), "{meta:?}");
    }
}

#[test]
fn another_associated_data_verifies_and_does_not_open() {
    for meta in events(Protocol::V3) {
        let (good, spoilt) = both(&meta, Tamper::Aad);
        assert_eq!(changed_headers(&good, &spoilt), ["Wechatpay-Signature"]);
        assert_eq!(changed_places(&good.body, &spoilt.body), ["associated_data"], "{meta:?}");
        assert!(verifies(&spoilt) && !opens(&spoilt), "{meta:?}");
    }
}

#[test]
fn v2_differs_in_one_field() {
    let mut with_aad = 0;
    for meta in events(Protocol::V2).iter().filter(|meta| meta.cipher != Cipher::AesEcb) {
        for tamper in Tamper::ALL {
            if matches!(tamper, Tamper::Timestamp | Tamper::Serial)
                || (tamper == Tamper::Aad && meta.cipher == Cipher::None)
            {
                let refused = made(&message(meta).tamper(tamper));
                assert!(matches!(refused, Err(Error::Tamper(named, _)) if named == tamper), "{meta:?}");
                continue;
            }
            let (good, spoilt) = both(meta, tamper);
            assert_eq!(changed_headers(&good, &spoilt), [""; 0]);
            let (good, spoilt) = (Fields::parse(&good.body).unwrap(), Fields::parse(&spoilt.body).unwrap());
            let changed: Vec<_> = good
                .iter()
                .zip(spoilt.iter())
                .filter(|(one, other)| one != other)
                .map(|(one, _)| one.0)
                .collect();
            assert_eq!(good.len(), spoilt.len());
            match tamper {
                Tamper::Body => assert!(
                    changed.len() == 1
                        && !["sign", "nonce_str", "sign_type", "algorithm"].contains(&changed[0]),
                    "{meta:?} {changed:?}"
                ),
                Tamper::Signature => assert_eq!(changed, ["sign"]),
                Tamper::Nonce => assert_eq!(changed, ["nonce_str"]),
                _ => assert_eq!(changed, ["event_associated_data", "sign"]),
            }
            assert!(v2::verify(good.clone(), &v2_key()).is_ok());
            assert_eq!(
                v2::verify(spoilt.clone(), &v2_key()).is_ok(),
                tamper == Tamper::Aad,
                "{meta:?} {tamper}"
            );
            if tamper == Tamper::Aad {
                with_aad += 1;
                assert!(opens_event(&good) && !opens_event(&spoilt), "{meta:?}");
            }
        }
    }
    assert!(with_aad > 0);
}

fn opens_event(fields: &Fields) -> bool {
    let text = |name| fields.get(name).unwrap_or_default();
    let sealed = BASE64_STANDARD.decode(text("event_ciphertext")).unwrap();
    let (nonce, aad) = (text("event_nonce").as_bytes(), text("event_associated_data").as_bytes());
    ApiV3Key::new(V3_KEY).unwrap().open(AeadAlgorithm::Aes256Gcm, nonce, aad, sealed).is_ok()
}

#[test]
fn a_v2_refund_differs_in_a_byte_of_its_content_and_has_nothing_else() {
    let refunds: Vec<_> =
        events(Protocol::V2).into_iter().filter(|meta| meta.cipher == Cipher::AesEcb).collect();
    assert!(!refunds.is_empty());
    for meta in refunds {
        let (good, spoilt) = both(&meta, Tamper::Body);
        assert_eq!(changed_headers(&good, &spoilt), [""; 0]);
        assert_eq!(changed_bytes(&good.body, &spoilt.body), 1);
        let opened = |request: &SignedRequest| {
            let fields = Fields::parse(&request.body).unwrap();
            let opened = v2::open_refund(fields.get("req_info").unwrap(), &v2_key()).ok();
            opened.is_some_and(|content| Fields::parse_opened(content.get()).is_ok())
        };
        assert!(opened(&good) && !opened(&spoilt));
        for tamper in Tamper::ALL.into_iter().filter(|tamper| *tamper != Tamper::Body) {
            let refused = made(&message(&meta).tamper(tamper));
            assert!(matches!(refused, Err(Error::Tamper(named, _)) if named == tamper), "{tamper}");
        }
    }
}

#[test]
fn a_probe_is_a_good_request_with_a_wrong_signature() {
    for meta in events(Protocol::V3) {
        let (good, probe) = (made(&message(&meta)).unwrap(), made(&message(&meta).probe()).unwrap());
        assert_eq!(changed_headers(&good, &probe), ["Wechatpay-Signature"]);
        assert_eq!(good.body, probe.body);
        assert!(v3::is_probe(probe.header("Wechatpay-Signature").unwrap()));
    }
    for meta in events(Protocol::V2) {
        assert!(matches!(made(&message(&meta).probe()), Err(Error::Probe)));
    }
}

#[test]
fn requests_of_others_can_be_spoilt_too() {
    let body = "{\n \"id\": \"1\",\n \"resource\": {\"ciphertext\" : \"AAAA\", \"nonce\": \"x\"}\n}";
    let good = PLATFORM.0.sign(body, NOW, &Nonces::seeded(7)).unwrap();
    let spoilt = PLATFORM.0.tamper(good.clone(), Tamper::Body).unwrap();
    assert_eq!(spoilt.body, body.replace("AAAA", "BAAA").into_bytes());
    let spoilt = PLATFORM.0.tamper(good.clone(), Tamper::Aad).unwrap();
    assert!(verifies(&spoilt));
    assert_eq!(changed_places(&good.body, &spoilt.body), ["associated_data"]);
    for (body, tamper) in
        [("", Tamper::Body), ("[]", Tamper::Aad), ("{}", Tamper::Body), ("<a", Tamper::Body)]
    {
        let request = SignedRequest::new(Vec::new(), body);
        assert!(matches!(PLATFORM.0.tamper(request, tamper), Err(Error::Tamper(..))), "{body}");
    }
    for tamper in [Tamper::Signature, Tamper::Timestamp, Tamper::Nonce, Tamper::Serial] {
        let request = SignedRequest::new(Vec::new(), body);
        assert!(matches!(PLATFORM.0.tamper(request, tamper), Err(Error::Tamper(..))), "{tamper}");
    }
}
