//! Changes that a third party can make to a v2 notification with its sign intact: hiding fields, adding empty ones.

use crate::support::*;
use proptest::prelude::*;
use wxhook_crypto::v2::SignAlgorithm::{self, HmacSha256, Md5};
use wxhook_idempotency::{State, StoredRecord};
use wxhook_receiver::HoldReason;

type Pairs = Vec<(String, String)>;

fn owned(pairs: &[(&str, &str)]) -> Pairs {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn with(name: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    let mut fields = PAYMENT.to_vec();
    fields.retain(|(known, _)| *known != name);
    fields.push((name, value));
    fields
}

fn sign_of(fields: &Pairs, algorithm: SignAlgorithm) -> String {
    let pairs = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    wxhook_crypto::v2::sign(pairs, &api_v2(), algorithm)
}

/// A body with these fields and a sign that was made for others.
fn sent(fields: &Pairs, sign: &str) -> Request {
    let mut pairs: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    pairs.push(("sign", sign));
    raw(xml("xml", &pairs))
}

async fn stored(request: &Request) -> StoredRecord {
    let world = World::new();
    let answered = world.send(request).await;
    assert_eq!((answered.reply.status, answered.report.outcome.as_str()), (200, "new"));
    world.stored().await.remove(0)
}

/// Folds fields into the value of the one before them, in sorted order; bit n of `choice` folds field n + 1.
fn folded(fields: &Pairs, choice: u32) -> Pairs {
    let mut sorted = fields.clone();
    sorted.sort();
    let mut left = Pairs::new();
    for (at, (name, value)) in sorted.into_iter().filter(|(_, value)| !value.is_empty()).enumerate() {
        match left.last_mut() {
            Some((_, holder)) if choice >> (at - 1) & 1 == 1 => {
                holder.push_str(&format!("&{name}={value}"));
            }
            _ => left.push((name, value)),
        }
    }
    left
}

#[tokio::test]
async fn query_strings_in_attach_are_delivered() {
    for attach in [
        "uid=7&openid=o1",
        "a=1&order_id=5",
        "https://example.com/p?id=1&state=2",
        "x&result_code=FAIL",
        "a=1&transaction_id=5&total_fee=1",
        "&",
        "a&=b&&c=",
    ] {
        let mut fields = with("attach", attach);
        fields.extend([("bank_type", "CMC"), ("openid", "o2")]);
        let record = stored(&v2(&fields, Md5)).await;
        assert_eq!((record.state, record.flags.len()), (State::Ready, 0), "{attach}");
    }
}

#[tokio::test]
async fn a_hidden_field_parks_with_its_reason() {
    for (holder, value) in [
        // Nothing says that there was no bank_type: a payment of PAYMENT has none of its own.
        ("attach", "x&bank_type=CMC"),
        ("attach", "x&coupon_fee_0=1"),
        ("attach", "x&y=1&coupon_id_17=1"),
        ("total_fee", "1&trade_type=JSAPI"),
        ("out_trade_no", "1409811653&rate=1"),
    ] {
        let record = stored(&v2(&with(holder, value), Md5)).await;
        assert_eq!(record.state, State::Parked, "{value}");
        assert_eq!(record.flags, ["misfit"], "{value}");
        assert_eq!(record.error.as_deref(), Some(HoldReason::HiddenField.text()), "{value}");
    }
    for (holder, value) in [
        ("attach", "x&bank_types=CMC"),
        ("attach", "x&coupon_fee_x=1"),
        ("attach", "x&mch_id=1"),
        ("out_trade_no", "1409811653&result_code=1"),
    ] {
        let record = stored(&v2(&with(holder, value), Md5)).await;
        assert_ne!(record.error.as_deref(), Some(HoldReason::HiddenField.text()), "{value}");
    }
}

#[tokio::test]
async fn every_way_to_fold_a_payment_parks() {
    let genuine = owned(&PAYMENT);
    let sign = sign_of(&genuine, Md5);
    let count = u32::try_from(genuine.len()).unwrap() - 1;
    let world = World::new();
    assert_eq!(world.send(&v2(&PAYMENT, Md5)).await.report.outcome.as_str(), "new");
    for choice in 1..1_u32 << count {
        let folded = folded(&genuine, choice);
        assert_eq!(sign_of(&folded, Md5), sign);
        let answered = world.send(&sent(&folded, &sign)).await;
        assert!(answered.reply.status == 200 || answered.report.outcome.as_str() == "full", "{folded:?}");
    }
    let stored = world.stored().await;
    assert!(stored.len() > 17 && stored[0].state == State::Ready);
    assert!(stored[1..].iter().all(|record| record.state == State::Parked));
    assert_eq!(world.send(&v2(&PAYMENT, Md5)).await.report.outcome.as_str(), "duplicate");
}

const EMPTY: [&str; 6] = ["bank_type", "coupon_fee", "openid", "newer", "req_info", "event_ciphertext"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Empty fields are nobody's word: they come and go, and it is one payment all the same.
    #[test]
    fn empty_fields_make_no_other_payment(
        choices in prop::collection::vec(prop::sample::subsequence(EMPTY.to_vec(), 0..=6), 1..20),
        key in any::<bool>(),
    ) {
        let mut genuine = owned(&PAYMENT);
        if !key {
            // Of no known kind: the key is the fingerprint.
            genuine.retain(|(name, _)| name != "total_fee");
        }
        let sign = sign_of(&genuine, HmacSha256);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            for (nth, choice) in choices.iter().enumerate() {
                let mut fields = genuine.clone();
                fields.extend(choice.iter().map(|name| ((*name).to_owned(), String::new())));
                let answered = world.send(&sent(&fields, &sign)).await;
                let expected = if nth == 0 { "new" } else { "duplicate" };
                assert_eq!((answered.reply.status, answered.report.outcome.as_str()), (200, expected), "{choice:?}");
            }
            assert_eq!(world.stored().await.len(), 1);
            // What is signed counts as ever.
            let mut changed = genuine.clone();
            changed.push(("openid".to_owned(), "o".to_owned()));
            let outcome = world.send(&sent(&changed, &sign_of(&changed, Md5))).await.report.outcome.as_str();
            assert_eq!(outcome, if key { "changed" } else { "new" });
        });
    }
}

#[tokio::test]
async fn a_v1_fingerprint_stands_beside_the_present_one() {
    let plain = stored(&v2(&PAYMENT, Md5)).await;
    let with_empty = stored(&v2(&with("openid", ""), Md5)).await;
    assert_eq!((plain.fingerprint.version(), with_empty.fingerprint.version()), (2, 2));
    assert_eq!(plain.fingerprint, with_empty.fingerprint);
    assert_eq!(stored(&paid().sign()).await.fingerprint.version(), 1);
    assert_eq!(stored(&refund(&REFUND)).await.fingerprint.version(), 2);
}

/// XML turns CR LF and CR into LF before anything is read; the sign may have been made over either.
#[tokio::test]
async fn line_ends_are_read_in_both_ways() {
    for signed in ["a\r\nb\rc", "a\nb\nc"] {
        let fields = owned(&with("attach", signed));
        let sign = sign_of(&fields, Md5);
        let came = owned(&with("attach", "a\r\nb\rc"));
        let world = World::new();
        assert_eq!(world.send(&sent(&came, &sign)).await.report.outcome.as_str(), "new", "{signed:?}");
        let resource: serde_json::Value = serde_json::from_str(world.only().await.resource()).unwrap();
        assert_eq!(resource["attach"], signed);
    }
    let fields = owned(&with("attach", "a b"));
    let sign = sign_of(&fields, Md5);
    let came = owned(&with("attach", "a\rb"));
    assert_eq!(World::new().send(&sent(&came, &sign)).await.report.outcome.as_str(), "sign");
}
