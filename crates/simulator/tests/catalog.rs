//! Examples of every documented event, sent and opened again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rcgen::{KeyPair, RsaKeySize};
use wxhook_crypto::v2::{self, SignAlgorithm};
use wxhook_crypto::{AeadAlgorithm, ApiV2Key, ApiV3Key, PlatformKey, Proof, SigningKey, v3};
use wxhook_events::catalog;
use wxhook_simulator::{Campaign, Error, Example, Nonces, Platform, Resource, SignedRequest, classify};
use wxhook_wire::json::Doc;
use wxhook_wire::v2::{Fields, Shape};
use wxhook_wire::v3::Envelope;
use wxhook_wire::{Cipher, EventMeta, FieldKind, FieldMeta, Opened, Protocol, business_key};

const V3_KEY: &[u8; 32] = b"a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb";
const V2_KEY: &[u8; 32] = b"192006250b4c09247ec02edce69f6a2d";
const MCHID: &str = "1900000199";
const NOW: u64 = 1_767_225_600;

/// The platform, and its key as the merchant has it.
static PLATFORM: LazyLock<(Platform, PlatformKey)> = LazyLock::new(|| {
    let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let platform = Platform::builder()
        .mchid(MCHID)
        .signing_key("SERIAL", SigningKey::from_pem(key.serialize_pem().as_bytes()).unwrap())
        .api_v3_key(ApiV3Key::new(V3_KEY).unwrap())
        .api_v2_key(ApiV2Key::new(V2_KEY).unwrap())
        .build()
        .unwrap();
    (platform, PlatformKey::from_pem(key.public_key_pem().as_bytes()).unwrap())
});

fn made(meta: &EventMeta, number: u32) -> Resource {
    Example::new(meta, &*catalog()).mchid(MCHID).number(number).resource()
}

fn sent(meta: &EventMeta, resource: &Resource) -> SignedRequest {
    PLATFORM.0.notify(meta, resource, "EV-1", NOW, &Nonces::fresh().unwrap()).unwrap()
}

/// The receiver's view of a request.
struct Received {
    event: (&'static str, Option<&'static str>),
    key: String,
    resource: String,
    /// `None` for a refund, which is only encrypted.
    proof: Option<Proof>,
}

fn received(request: &SignedRequest) -> Received {
    if request.body.starts_with(b"<") { received_v2(request) } else { received_v3(request) }
}

fn received_v3(request: &SignedRequest) -> Received {
    let header = |name| request.header(name).unwrap();
    let (timestamp, nonce) = (header("Wechatpay-Timestamp"), header("Wechatpay-Nonce"));
    let signature = header("Wechatpay-Signature");
    let verified = v3::Signed { timestamp, nonce, serial: "SERIAL", signature, body: &request.body }
        .verify(&PLATFORM.1)
        .unwrap();
    let body = Doc::parse(str::from_utf8(&request.body).unwrap()).unwrap();
    let envelope = Envelope::read(&body).unwrap();
    let sealed = &envelope.resource;
    let resource = opened(&sealed.ciphertext, &sealed.nonce, &sealed.associated_data);
    let content = Doc::parse(&resource).unwrap();
    let told = told(&Opened::v3(&envelope, Some(content.root())));
    Received { event: told.0, key: told.1, proof: Some(verified.proof().clone()), resource: resource.clone() }
}

fn received_v2(request: &SignedRequest) -> Received {
    let key = ApiV2Key::new(V2_KEY).unwrap();
    let fields = Fields::parse(&request.body).unwrap();
    let get = |name| fields.get(name).unwrap();
    let (proof, content) = match Shape::detect(&fields) {
        Shape::Refund => {
            let content = v2::open_refund(get("req_info"), &key).unwrap();
            (None, Some(content.into_inner()))
        }
        shape => {
            let (_, proof) = v2::verify(fields.clone(), &key).unwrap().into_parts();
            let sealed = || opened(get("event_ciphertext"), get("event_nonce"), get("event_associated_data"));
            (Some(proof), (shape == Shape::DepositFree).then(|| sealed().into_bytes()))
        }
    };
    let content = content.map(|xml| Fields::parse_opened(&xml).unwrap().to_json(&[]));
    let mut parts = Vec::new();
    if let (Some((field, name)), Some(content)) = (Shape::detect(&fields).opened(), &content) {
        parts.push((field, name, content.as_str()));
    }
    if let Some(orders) = fields.get("sub_order_list") {
        parts.push(("sub_order_list", "sub_order_list", orders));
    }
    let resource = fields.to_json(&parts);
    let doc = Doc::parse(&resource).unwrap();
    let told = told(&Opened::v2(&fields, doc.root()));
    Received { event: told.0, key: told.1, proof, resource: resource.clone() }
}

fn opened(ciphertext: &str, nonce: &str, associated_data: &str) -> String {
    let sealed = BASE64_STANDARD.decode(ciphertext).unwrap();
    let key = ApiV3Key::new(V3_KEY).unwrap();
    let aad = associated_data.as_bytes();
    let opened = key.open(AeadAlgorithm::Aes256Gcm, nonce.as_bytes(), aad, sealed).unwrap();
    String::from_utf8(opened).unwrap()
}

fn told(opened: &Opened<'_>) -> ((&'static str, Option<&'static str>), String) {
    let catalog = catalog();
    let meta = catalog.classify(opened).expect("it is known");
    let key = business_key("shop", meta.name, &meta.key, opened, ("it", &["self"]), wxhook_crypto::sha256);
    assert!(!key.fallback, "{meta:?} {}", key.key);
    ((meta.name, meta.variant), key.key)
}

#[test]
fn every_example_is_of_its_own_variant() {
    let mut count = 0;
    for meta in catalog().events() {
        let resource = made(meta, 7);
        let received = received(&sent(meta, &resource));
        assert_eq!(received.event, (meta.name, meta.variant), "{}", resource.to_json());
        if meta.protocol == Protocol::V3 {
            assert_eq!(received.resource, resource.to_json());
        }
        count += 1;
    }
    assert!(count > 150, "{count}");
}

#[test]
fn a_resource_alone_tells_its_variant() {
    let catalog = catalog();
    for meta in catalog.events() {
        let told = classify(&*catalog, meta.name, &made(meta, 7)).expect("it is known");
        assert_eq!((told.name, told.variant), (meta.name, meta.variant));
    }
    let nothing = Resource::parse("{}").unwrap();
    assert!(classify(&*catalog, "REFUND.SUCCESS", &nothing).unwrap().is_fallback);
    assert!(classify(&*catalog, "v2/transaction-success", &nothing).is_none());
    assert!(classify(&*catalog, "NEWER", &nothing).is_none());
}

#[test]
fn every_example_has_the_key_of_its_number() {
    for meta in catalog().events() {
        let key = |number| received(&sent(meta, &made(meta, number))).key;
        // A question is asked anew each time: nothing else tells two scans of one code apart.
        let is_of_nonce = meta.key.alternatives.iter().copied().flatten().any(|name| *name == "nonce_str");
        assert_eq!(key(1) == key(1), !is_of_nonce, "{meta:?}");
        let by_id = meta.key.alternatives.is_empty();
        assert_eq!(key(1) == key(2), by_id, "{meta:?} {}", key(1));
    }
}

#[test]
fn every_example_fits_its_model() {
    for meta in catalog().events() {
        let model = meta.model.unwrap_or_else(|| panic!("{meta:?} has no model"));
        let resource = received(&sent(meta, &made(meta, 7))).resource;
        if let Err(misfit) = (model.fits)(Doc::parse(&resource).unwrap().root()) {
            panic!("{meta:?}: {misfit}\n{resource}");
        }
    }
}

/// Why something failed, or ended: only in states that say so. States of v2 payments: only where they are deductions.
const IN_OTHER_STATES: [&str; 22] = [
    "audit_reject_detail",
    "blocked_state_description",
    "cancel_reason",
    "cancel_sign_time",
    "close_info",
    "close_reason",
    "close_time",
    "contract_terminate_info",
    "contract_terminated_mode",
    "contract_terminated_time",
    "contract_termination_mode",
    "contract_termination_remark",
    "err_code",
    "err_code_des",
    "fail_reason",
    "invalid_reason",
    "invalid_time",
    "med_ins_fail_reason",
    "reject_reason",
    "trade_state",
    "trade_state_desc",
    "unfinished_reason",
];

#[test]
fn a_field_is_missing_only_where_an_earlier_variant_or_another_state_is_about_it() {
    for (nth, meta) in catalog().events().enumerate() {
        let catalog = catalog();
        let earlier = catalog.events().take(nth).filter(|earlier| earlier.name == meta.name);
        let about: String = earlier.map(|earlier| format!("{:?}", earlier.when)).collect();
        let resource = made(meta, 7).to_json();
        let resource = Doc::parse(&resource).unwrap();
        let content =
            resource.root().get("req_info").or(resource.root().get("event")).unwrap_or(resource.root());
        for field in meta.fields.iter().flat_map(names) {
            assert!(
                content.get(&field).is_some()
                    || about.contains(&format!("{field:?}"))
                    || IN_OTHER_STATES.contains(&&*field),
                "{meta:?} {field}"
            );
        }
    }
}

/// The names that a field has in a resource.
fn names(field: &FieldMeta) -> Vec<String> {
    match field.kind {
        FieldKind::Numbered(parts) => parts.iter().map(|part| format!("{}_0", part.name)).collect(),
        _ => vec![field.name.to_owned()],
    }
}

#[test]
fn v2_is_signed_as_its_kind_is() {
    let catalog = catalog();
    for meta in catalog.events().filter(|meta| meta.protocol == Protocol::V2) {
        let mut resource = made(meta, 7);
        let is_refund = meta.cipher == Cipher::AesEcb;
        let proof = |resource: &Resource| received(&sent(meta, resource)).proof;
        let with_md5 = ["v2/transaction-success", "v2/pap-contract-state-changed"].contains(&meta.name);
        let expected = match () {
            () if is_refund => None,
            () if with_md5 => Some(Proof::Md5),
            () => Some(Proof::Hmac),
        };
        assert_eq!(proof(&resource), expected, "{meta:?}");
        if meta.cipher == Cipher::None {
            resource.set("sign_type", "MD5").unwrap();
            assert_eq!(proof(&resource), Some(Proof::Md5), "{meta:?}");
            resource.unset("sign_type").unwrap();
            assert_eq!(proof(&resource), Some(Proof::Md5), "{meta:?}");
            let fields = Fields::parse(&sent(meta, &resource).body).unwrap();
            assert_eq!(fields.get("sign_type"), None, "{meta:?}");
        }
    }
}

/// As the platform notifies of orders that were placed with HMAC-SHA256.
#[test]
fn v2_is_signed_with_an_algorithm_that_nothing_names() {
    let catalog = catalog();
    let signed =
        catalog.events().filter(|meta| meta.protocol == Protocol::V2 && meta.cipher != Cipher::AesEcb);
    for meta in signed {
        for (algorithm, proof) in [(SignAlgorithm::Md5, Proof::Md5), (SignAlgorithm::HmacSha256, Proof::Hmac)]
        {
            let campaign = Campaign::new(wxhook_events::catalog(), MCHID, 7).event(meta).sign(algorithm);
            let message = |campaign: &Campaign| {
                let message = campaign.message(0).unwrap();
                PLATFORM.0.make(&message, NOW, &Nonces::seeded(1)).unwrap()
            };
            let request = message(&campaign);
            let fields = Fields::parse(&request.body).unwrap();
            assert_eq!((fields.get("sign_type"), fields.get("algorithm")), (None, None), "{meta:?}");
            assert_eq!(received(&request).proof, Some(proof.clone()), "{meta:?}");
            let named = campaign.edit(move |resource| resource.set("sign_type", algorithm.as_str()));
            let request = message(&named);
            let fields = Fields::parse(&request.body).unwrap();
            assert_eq!(fields.get("sign_type"), Some(algorithm.as_str()), "{meta:?}");
            assert_eq!(received(&request).proof, Some(proof.clone()), "{meta:?}");
        }
    }
}

#[test]
fn a_v2_resource_is_sent_as_it_is() {
    let catalog = catalog();
    let refund = catalog.lookup("v2/refund-processed", Some("BASIC")).unwrap();
    let mut resource = made(refund, 7);
    resource.set("req_info.refund_fee", "1008450740201411110005820873").unwrap();
    resource.set("mch_id", "7").unwrap();
    let received = received(&sent(refund, &resource)).resource;
    let received = Doc::parse(&received).unwrap();
    let text = |path| received.root().at(path).unwrap().raw().to_owned();
    assert_eq!(
        (text("req_info.refund_fee").as_str(), text("mch_id").as_str()),
        ("\"1008450740201411110005820873\"", "\"7\"")
    );

    let rent = catalog.lookup("v2/CHECK.SUCCESS", None).unwrap();
    for (meta, member) in [(refund, "req_info"), (rent, "event")] {
        for value in ["sealed", "[]", "null"] {
            let mut resource = made(meta, 7);
            resource.set(member, value).unwrap();
            let refused = PLATFORM.0.notify(meta, &resource, "EV-1", NOW, &Nonces::seeded(1));
            assert!(matches!(refused, Err(Error::Resource(_))), "{value}");
        }
    }
}

#[test]
fn v3_has_the_envelope_that_its_conditions_want() {
    let catalog = catalog();
    let meta = catalog.lookup("TRANSACTION.SUCCESS", Some("PROFITSHARING")).unwrap();
    let request = sent(meta, &made(meta, 7));
    let body = Doc::parse(str::from_utf8(&request.body).unwrap()).unwrap();
    let envelope = Envelope::read(&body).unwrap();
    assert_eq!(envelope.id, "EV-1");
    assert_eq!(envelope.create_time.as_deref(), Some("2026-01-01T08:00:00+08:00"));
    assert_eq!(envelope.summary.as_deref(), Some(meta.title));
    assert_eq!(envelope.resource.original_type.as_deref(), Some("profitsharing"));
    assert_eq!(request.header("Wechatpay-Timestamp"), Some("1767225600"));
}
