//! A real receiver with handlers for events of this crate and documented ones.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use rcgen::{KeyPair, RsaKeySize};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::UNIX_EPOCH;
use wxhook_crypto::{ApiV2Key, ApiV3Key, PlatformKey, SigningKey};
use wxhook_events::payment::TransactionSuccess;
use wxhook_example_events::{PointsGranted, PointsGrantedGift, PointsUsed};
use wxhook_idempotency::{Clock as _, MemoryStore, SharedStore, SystemClock};
use wxhook_receiver::{BuildError, Builder, Merchant, Notification, NotificationHeaders, Receiver};
use wxhook_simulator::{Example, Nonces, Platform, SignedRequest};
use wxhook_wire::{Catalog, Chain, Flag};

const MCHID: &str = "1900000109";
const SERIAL: &str = "PUB_KEY_ID_0119000001092024";
const API_V3: &[u8; 32] = b"a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb";
const API_V2: &[u8; 32] = b"192006250b4c09247ec02edce69f6a2d";

static KEY: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap());

fn catalog() -> Arc<dyn Catalog> {
    Arc::new(Chain::new([wxhook_events::catalog(), wxhook_example_events::catalog()]).unwrap())
}

fn merchant() -> Merchant {
    let key = PlatformKey::from_pem(KEY.public_key_pem().as_bytes()).unwrap();
    Merchant::new("shop", MCHID).api_v3_key(ApiV3Key::new(API_V3).unwrap()).platform_key(SERIAL, key)
}

fn builder(merchant: Merchant) -> Builder {
    let store = SharedStore::new(MemoryStore::default());
    Receiver::builder().catalog(catalog()).store(store).merchant(merchant).before_reply()
}

/// An example of an event with some of it changed, signed as the platform signs it; the first change names it.
fn signed(event: &str, variant: Option<&str>, changes: &[(&str, &str)]) -> SignedRequest {
    let platform = Platform::builder()
        .mchid(MCHID)
        .signing_key(SERIAL, SigningKey::from_pem(KEY.serialize_pem().as_bytes()).unwrap())
        .api_v3_key(ApiV3Key::new(API_V3).unwrap())
        .api_v2_key(ApiV2Key::new(API_V2).unwrap())
        .build()
        .unwrap();
    let catalog = catalog();
    let meta = catalog.lookup(event, variant).unwrap();
    let mut resource = Example::new(meta, &*catalog).mchid(MCHID).resource();
    for (path, value) in changes {
        resource.set(path, value).unwrap();
    }
    let now = SystemClock::default().now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let id = format!("EV-{}", changes[0].1);
    platform.notify(meta, &resource, &id, now, &Nonces::fresh().unwrap()).unwrap()
}

async fn send(receiver: &Receiver, request: &SignedRequest) -> (u16, &'static str) {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        headers.insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }
    let body = Bytes::from(request.body.clone());
    let answered = receiver.receive("/notify/shop", NotificationHeaders::from(&headers), body).await;
    (answered.reply.status, answered.report.outcome.as_str())
}

/// The calls that each handler received.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn say(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// A receiver with a handler for an event, for one of its variants, for a v2 event, a documented one, and the rest.
fn receiver(told: &Told) -> Receiver {
    let [granted, gift, used, paid, rest] = [(); 5].map(|()| told.clone());
    builder(merchant().api_v2_key(ApiV2Key::new(API_V2).unwrap()))
        .on(move |event: PointsGranted, n: Notification| {
            granted.say(match event {
                PointsGranted::Purchase(purchase) => {
                    format!("granted {} for {}", purchase.points.unwrap(), n.key())
                }
                other => format!("granted {other:?}"),
            });
            async {}
        })
        .on(move |event: PointsGrantedGift, n: Notification| {
            gift.say(format!("gift of {} for {}", event.points.unwrap(), n.key()));
            async {}
        })
        .on(move |event: PointsUsed, n: Notification| {
            used.say(format!("used {} for {}", event.points.unwrap(), n.key()));
            async {}
        })
        .on(move |event: TransactionSuccess, _: Notification| {
            let TransactionSuccess::Basic(basic) = event else { panic!("{event:?}") };
            paid.say(format!("paid {}", basic.amount.unwrap().total.unwrap()));
            async {}
        })
        .otherwise(move |n: Notification| {
            let (event, variant, misfit) = (n.event_type(), n.variant(), n.has(Flag::Misfit));
            rest.say(format!("otherwise {event} {variant:?}, misfit: {misfit}"));
            async {}
        })
        // A real program adds a check.
        .unchecked()
        .build()
        .unwrap()
}

#[tokio::test]
async fn each_handler_gets_its_events_once() {
    let told = Told::default();
    let receiver = receiver(&told);
    for (event, variant, changes, expected) in [
        (
            "LOYALTY.POINTS_GRANTED",
            Some("PURCHASE"),
            [("grant_id", "G1"), ("points", "12")],
            "granted 12 for shop/LOYALTY.POINTS_GRANTED/grant_id=G1",
        ),
        (
            "LOYALTY.POINTS_GRANTED",
            Some("GIFT"),
            [("grant_id", "G2"), ("points", "5")],
            "gift of 5 for shop/LOYALTY.POINTS_GRANTED/grant_id=G2",
        ),
        (
            "v2/loyalty-points-used",
            None,
            [("points_use_id", "U1"), ("points", "7")],
            "used 7 for shop/v2/loyalty-points-used/points_use_id=U1",
        ),
        ("TRANSACTION.SUCCESS", Some("BASIC"), [("transaction_id", "42"), ("amount.total", "9")], "paid 9"),
    ] {
        assert_eq!(send(&receiver, &signed(event, variant, &changes)).await, (200, "handled"), "{event}");
        assert_eq!(send(&receiver, &signed(event, variant, &changes)).await, (200, "duplicate"), "{event}");
        assert_eq!(told.take(), [expected]);
    }
}

#[tokio::test]
async fn what_fits_no_variant_or_no_model_is_handled_too() {
    let told = Told::default();
    let receiver = receiver(&told);
    for (event, variant, changes, expected) in [
        (
            "LOYALTY.POINTS_GRANTED",
            "GIFT",
            [("grant_id", "G1"), ("giver_openid", "")],
            r#"granted Unknown(Unknown { event: "LOYALTY.POINTS_GRANTED", variant: None, .. })"#,
        ),
        (
            "LOYALTY.POINTS_GRANTED",
            "GIFT",
            [("grant_id", "G2"), ("points", "1.5")],
            r#"otherwise LOYALTY.POINTS_GRANTED Some("GIFT"), misfit: true"#,
        ),
        (
            "REFUND.SUCCESS",
            "BASIC",
            [("refund_id", "R1"), ("amount.refund", "9")],
            r#"otherwise REFUND.SUCCESS Some("BASIC"), misfit: false"#,
        ),
    ] {
        let request = signed(event, Some(variant), &changes);
        assert_eq!(send(&receiver, &request).await, (200, "handled"));
        assert_eq!(told.take(), [expected]);
    }
}

#[tokio::test]
async fn other_points_for_a_known_grant_wait_for_a_person() {
    let told = Told::default();
    let receiver = receiver(&told);
    for (event, variant, id) in [
        ("LOYALTY.POINTS_GRANTED", Some("PURCHASE"), "grant_id"),
        ("v2/loyalty-points-used", None, "points_use_id"),
    ] {
        for (points, expected) in [("12", "handled"), ("13", "changed"), ("12", "duplicate")] {
            let request = signed(event, variant, &[(id, "1"), ("points", points)]);
            assert_eq!(send(&receiver, &request).await, (200, expected), "{event}");
        }
        assert_eq!(told.take().len(), 1);
    }
}

#[test]
fn a_handler_that_could_never_be_called_is_refused() {
    fn on_used(builder: Builder) -> Builder {
        builder.on(|_: PointsUsed, _| async {})
    }
    let event = "v2/loyalty-points-used";
    let whole = || merchant().api_v2_key(ApiV2Key::new(API_V2).unwrap());
    assert!(on_used(builder(whole())).build().is_ok());
    let refused = |builder: Builder| builder.build().unwrap_err();
    assert_eq!(refused(on_used(builder(merchant()))), BuildError::NoV2Merchant(event));
    assert_eq!(
        refused(on_used(on_used(builder(whole())))),
        BuildError::DuplicateHandler { event, variant: None }
    );
    assert_eq!(
        refused(on_used(builder(whole()).catalog(wxhook_events::catalog()))),
        BuildError::UnknownEvent { event, variant: None }
    );
}
