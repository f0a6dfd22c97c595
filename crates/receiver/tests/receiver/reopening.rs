//! Quarantined requests, once their key is fixed.

use crate::support::*;
use bytes::Bytes;
use std::sync::Arc;
use wxhook_crypto::v2::SignAlgorithm::HmacSha256;
use wxhook_crypto::{ApiV3Key, PlatformKey, SigningKey};
use wxhook_idempotency::{Action, Lookup, MemoryStore, State, Store as _, StoreExt as _, StoredRecord};
use wxhook_receiver::{
    Merchant, NotificationHeaders, Outcome, Receiver, Rejection, ReopenError, ReopenReport, is_quarantined,
};

fn wrong() -> ApiV3Key {
    ApiV3Key::new(&[b'w'; 32]).unwrap()
}

/// A receiver of `shop` with these keys, on this store, at this time.
fn receiver(store: &MemoryStore, api_v3: ApiV3Key, platform: PlatformKey, at: u64) -> Receiver {
    let shop =
        Merchant::new("shop", MCHID).api_v3_key(api_v3).api_v2_key(api_v2()).platform_key(SERIAL, platform);
    Receiver::builder()
        .catalog(wxhook_events::catalog())
        .store(wxhook_idempotency::SharedStore::new(store.clone()))
        .clock(Arc::new(Fixed(at)))
        .merchant(shop)
        .build()
        .unwrap()
}

async fn send(receiver: &Receiver, request: &Request) -> &'static str {
    let body = Bytes::from(request.body.clone());
    receiver
        .receive("/notify/shop", NotificationHeaders::from(&request.headers), body)
        .await
        .report
        .outcome
        .as_str()
}

async fn at(store: &MemoryStore, seq: u64) -> StoredRecord {
    store.get(Lookup::Seq(wxhook_idempotency::Seq::new(seq))).await.unwrap().unwrap()
}

/// Records as they come, the first is number 1.
async fn reopen(receiver: &Receiver, store: &MemoryStore, seq: u64) -> Result<ReopenReport, ReopenError> {
    receiver.reopen(&at(store, seq).await, Action::new("li", "key mended")).await
}

/// A day later, with the right keys.
fn mended(store: &MemoryStore) -> Receiver {
    receiver(store, api_v3(), platform_key(), NOW + 86_400)
}

async fn quarantined(request: &Request, outcome: &str) -> MemoryStore {
    let store = MemoryStore::default();
    let receiver = receiver(&store, wrong(), platform_key(), NOW);
    assert_eq!(send(&receiver, request).await, outcome);
    assert!(is_quarantined(&at(&store, 1).await));
    store
}

#[tokio::test]
async fn once_the_key_is_mended_it_becomes_a_record() {
    for (request, event) in [
        (paid().sign(), "TRANSACTION.SUCCESS"),
        (
            deposit_free("<xml><state>DONE</state><order_id>7</order_id></xml>", HmacSha256),
            "v2/CHECK.SUCCESS",
        ),
    ] {
        let store = quarantined(&request, "sealed").await;
        let reopened = reopen(&mended(&store), &store, 1).await.unwrap();
        assert_eq!((reopened.seq.get(), reopened.outcome), (2, Outcome::New));
        let record = event_record(&at(&store, 2).await);
        assert_eq!(record.content.event_type, event);
        assert_eq!(record.content.received_at, "2023-11-14T22:13:20.000Z", "when it was received");
        assert_eq!(at(&store, 2).await.state, State::Ready);
        let before = at(&store, 1).await;
        assert_eq!(before.state, State::Done);
        assert_eq!((&*before.notes[0].actor, &*before.notes[0].reason), ("li", "opened as 2: key mended"));
        let again = reopen(&mended(&store), &store, 1).await;
        assert!(matches!(again, Err(ReopenError::NotParked(State::Done))), "{again:?}");
        assert_eq!(send(&mended(&store), &request).await == "duplicate", event.starts_with("v2/"));
    }
}

#[tokio::test]
async fn a_resend_that_came_before_makes_it_a_duplicate() {
    let store = quarantined(&paid().sign(), "sealed").await;
    let resent = Notify { timestamp: (NOW + 86_400).to_string(), nonce: "ba9876543210".into(), ..paid() };
    assert_eq!(send(&mended(&store), &resent.sign()).await, "new");
    let reopened = reopen(&mended(&store), &store, 1).await.unwrap();
    assert_eq!((reopened.seq.get(), reopened.outcome), (2, Outcome::Duplicate));
    assert_eq!(at(&store, 1).await.state, State::Done);
}

#[tokio::test]
async fn twice_at_once_it_is_one_record() {
    let store = quarantined(&paid().sign(), "sealed").await;
    let (receiver, record) = (mended(&store), at(&store, 1).await);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (receiver, record) = (receiver.clone(), record.clone());
        tasks.spawn(async move { receiver.reopen(&record, Action::new("li", "")).await.unwrap() });
    }
    let reopened = tasks.join_all().await;
    assert!(reopened.iter().all(|reopened| reopened.seq.get() == 2));
    assert_eq!(reopened.iter().filter(|reopened| reopened.outcome == Outcome::New).count(), 1);
    assert_eq!(at(&store, 1).await.notes.len(), 1);
}

#[tokio::test]
async fn what_still_cannot_be_opened_stays_and_says_why() {
    let store = quarantined(&paid().sign(), "sealed").await;
    let other = SigningKey::from_pem(&openssl_key()).unwrap().public_key();
    for (receiver, why) in [
        (receiver(&store, wrong(), platform_key(), NOW), "verified, but the api_v3_key does not decrypt it"),
        (receiver(&store, api_v3(), other, NOW), "the signature is wrong"),
    ] {
        let error = reopen(&receiver, &store, 1).await.unwrap_err();
        assert_eq!(error.to_string(), format!("still rejected: {why}"));
        assert_eq!((at(&store, 1).await.state, at(&store, 1).await.notes.len()), (State::Parked, 0));
    }
    let elsewhere = builder(&MemoryStore::default()).build().unwrap();
    let mut record = at(&store, 1).await;
    record.labels.merchant = "other".to_owned();
    let error = elsewhere.reopen(&record, Action::new("li", "")).await.unwrap_err();
    assert!(matches!(error, ReopenError::NotQuarantined), "a record stays its merchant's");

    let store = quarantined(&paid().sign_body("[1]"), "envelope").await;
    let error = reopen(&mended(&store), &store, 1).await.unwrap_err();
    assert!(matches!(error, ReopenError::Rejected(Rejection::Envelope(_))), "{error}");
}

/// Whatever is changed in the stored request, it is refused: nothing about it is believed but its time.
#[tokio::test]
async fn forged_content_does_not_become_verified() {
    let genuine = quarantined(&paid().sign(), "sealed").await;
    let record = at(&genuine, 1).await;
    let stored: serde_json::Value = serde_json::from_slice(&record.body).unwrap();
    let forge = async |change: &dyn Fn(&mut serde_json::Value)| {
        let mut forged = stored.clone();
        change(&mut forged);
        let mut record = record.clone();
        let body = forged["resource"]["body_base64"].as_str().unwrap().to_owned();
        record.body = serde_json::to_vec(&forged).unwrap().into();
        // With the digest to match, as whoever can write into the store could make it.
        let digest = wxhook_crypto::sha256(&from_base64(&body));
        record.fingerprint = wxhook_idempotency::Fingerprint::new(1, digest);
        record.key = format!("shop/quarantine/{}", hex(&digest));
        mended(&genuine).reopen(&record, Action::new("li", "")).await
    };
    let forged_body = Notify { resource: PAID.replace("100", "999").into_bytes(), ..paid() }.body();
    let header = |name: &'static str, value: &'static str| {
        move |forged: &mut serde_json::Value| forged["resource"]["headers"][name] = value.into()
    };
    type Change = Box<dyn Fn(&mut serde_json::Value)>;
    let changes: [(&str, Change); 7] = [
        (
            "signature",
            Box::new(move |f| f["resource"]["body_base64"] = base64(forged_body.as_bytes()).into()),
        ),
        ("signature", Box::new(header("wechatpay-nonce", "593BEC0C930BF1AE"))),
        ("signature", Box::new(header("wechatpay-timestamp", "1700000001"))),
        ("unknown-key", Box::new(header("wechatpay-serial", "PUB_KEY_ID_OTHER"))),
        ("probe", Box::new(header("wechatpay-signature", "WECHATPAY/SIGNTEST/AAAA"))),
        ("stale", Box::new(|f| f["content"]["received_at"] = "2023-11-14T22:18:21.000Z".into())),
        ("stale", Box::new(|f| f["content"]["received_at"] = "2023-11-15T22:13:20.000Z".into())),
    ];
    for (refused, change) in changes {
        match forge(&*change).await {
            Err(ReopenError::Rejected(rejection)) => assert_eq!(rejection.as_str(), refused),
            other => panic!("{refused}: {other:?}"),
        }
    }
    let unsigned = forge(&|f| f["resource"]["headers"] = serde_json::json!({})).await;
    assert!(matches!(unsigned, Err(ReopenError::Rejected(Rejection::Header))));
    assert_eq!(at(&genuine, 1).await.state, State::Parked);
    let all = genuine.list(wxhook_idempotency::Filter::default(), None, 10).await.unwrap().records;
    assert_eq!(all.len(), 1, "nothing else was kept");
    // The twin: untouched, it opens.
    assert_eq!(forge(&|_| {}).await.unwrap().outcome, Outcome::New);
}

#[tokio::test]
async fn a_body_that_isnt_its_digests_is_unreadable() {
    let store = quarantined(&paid().sign(), "sealed").await;
    let mut record = at(&store, 1).await;
    let body = String::from_utf8(record.body.to_vec()).unwrap();
    record.body = body.replace("body_base64\":\"", "body_base64\":\"AAAA").into();
    let error = mended(&store).reopen(&record, Action::new("li", "")).await.unwrap_err();
    assert!(matches!(error, ReopenError::Unreadable), "{error}");
}

#[tokio::test]
async fn an_event_that_is_called_quarantine_is_none_of_it() {
    let store = MemoryStore::default();
    assert_eq!(
        send(
            &mended(&store),
            &Notify { timestamp: (NOW + 86_400).to_string(), ..notify("quarantine", "{}") }.sign()
        )
        .await,
        "new"
    );
    let record = at(&store, 1).await;
    assert_eq!(record.labels.event, "quarantine");
    assert!(!is_quarantined(&record));
    let parked = store.park(record.seq, Action::new("li", "")).await.unwrap().unwrap();
    let error = mended(&store).reopen(&parked, Action::new("li", "")).await.unwrap_err();
    assert!(matches!(error, ReopenError::NotQuarantined), "{error}");
    // Nor is one whose id is a digest.
    let id = "0".repeat(64);
    let named = Notify { id, timestamp: (NOW + 86_400).to_string(), ..notify("quarantine", "{}") };
    assert_eq!(send(&mended(&store), &named.sign()).await, "new");
    assert!(!is_quarantined(&at(&store, 2).await));
}

#[tokio::test]
async fn where_handlers_run_before_the_reply_its_handler_runs() {
    let store = quarantined(&paid().sign(), "sealed").await;
    let (told, mut tells) = tokio::sync::mpsc::unbounded_channel();
    let receiver = builder(&store)
        .before_reply()
        .otherwise(move |n| {
            told.send(n.key().to_owned()).unwrap();
            async {}
        })
        .build()
        .unwrap();
    assert_eq!(reopen(&receiver, &store, 1).await.unwrap().outcome, Outcome::New);
    assert!(tells.recv().await.unwrap().contains("transaction_id="));
}

fn openssl_key() -> Vec<u8> {
    let arguments = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
    std::process::Command::new("openssl").args(arguments).output().expect("the openssl program").stdout
}

fn from_base64(text: &str) -> Vec<u8> {
    use ::base64::Engine as _;
    ::base64::prelude::BASE64_STANDARD.decode(text).unwrap()
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
