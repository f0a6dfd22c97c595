//! Records that wait for an operator from the beginning, and those just beside them that don't.

use crate::support::*;
use bytes::Bytes;
use wxhook_crypto::v2::SignAlgorithm::Md5;
use wxhook_idempotency::{MemoryStore, State, StoredRecord};
use wxhook_receiver::{HoldReason, Merchant, NotificationHeaders};

const OTHER: &str = "1900000999";

async fn stored(request: &Request) -> StoredRecord {
    let world = World::new();
    let answered = world.send(request).await;
    assert_eq!((answered.reply.status, answered.report.outcome.as_str()), (200, "new"));
    world.stored().await.remove(0)
}

fn is_parked(record: &StoredRecord, reason: HoldReason) -> bool {
    let parked = record.state == State::Parked;
    assert_eq!(parked, record.error.is_some());
    parked && record.error.as_deref() == Some(reason.text())
}

fn is_flagged(record: &StoredRecord, flag: &str) -> bool {
    record.flags.iter().any(|known| known == flag)
}

/// A payment with these members in the place of its `mchid`.
fn payee(members: &str) -> Request {
    let resource = PAID.replacen(&format!("\"mchid\":\"{MCHID}\""), members, 1);
    notify("TRANSACTION.SUCCESS", &resource).sign()
}

#[tokio::test]
async fn payments_of_another_merchant_park() {
    let us = format!("\"{MCHID}\"");
    let them = format!("\"{OTHER}\"");
    for members in [
        format!("\"mchid\":{them}"),
        format!("\"mch_id\":{them}"),
        format!("\"sp_mchid\":{them},\"sub_mchid\":{them}"),
        format!("\"sub_mchid\":{them}"),
    ] {
        let record = stored(&payee(&members)).await;
        assert!(is_parked(&record, HoldReason::OtherMerchant), "{members}");
        assert!(is_flagged(&record, "other-merchant"), "{members}");
    }
    for members in [
        format!("\"mchid\":{us}"),
        format!("\"sp_mchid\":{us},\"sub_mchid\":{them}"),
        format!("\"mchid\":{us},\"sub_mchid\":{them}"),
        // Notified by its provider's order.
        format!("\"sp_mchid\":{them},\"sub_mchid\":{us}"),
        format!("\"sub_mchid\":{us}"),
        "\"no\":1".to_owned(),
    ] {
        let record = stored(&payee(&members)).await;
        assert!(record.state == State::Ready && !is_flagged(&record, "other-merchant"), "{members}");
    }
}

#[tokio::test]
async fn combined_payments_and_providers_are_ours() {
    let orders = |mchid: &str| {
        format!(
            r#"{{"combine_appid":"wx1","combine_mchid":"{mchid}","combine_out_trade_no":"7","sub_orders":[
            {{"mchid":"{OTHER}","trade_type":"JSAPI","trade_state":"SUCCESS","transaction_id":"1","out_trade_no":"8",
            "amount":{{"total_amount":1,"currency":"CNY"}}}}]}}"#
        )
    };
    let ours = stored(&notify("TRANSACTION.SUCCESS", &orders(MCHID)).sign()).await;
    assert_eq!((ours.state, ours.flags.len()), (State::Ready, 0));
    let other = stored(&notify("TRANSACTION.SUCCESS", &orders(OTHER)).sign()).await;
    assert!(is_parked(&other, HoldReason::OtherMerchant));

    let mut v2_partner = PAYMENT.to_vec();
    v2_partner.extend([("sub_mch_id", OTHER), ("trade_type", "JSAPI")]);
    assert_eq!(stored(&v2(&v2_partner, Md5)).await.state, State::Ready);
    let swap = |(name, value): (&'static str, &'static str)| {
        let value = match name {
            "mch_id" => OTHER,
            "sub_mch_id" => "1900000998",
            _ => value,
        };
        (name, value)
    };
    let of_another: Vec<_> = v2_partner.iter().copied().map(swap).collect();
    assert!(is_parked(&stored(&v2(&of_another, Md5)).await, HoldReason::OtherMerchant));
}

#[tokio::test]
async fn refunds_of_another_merchant_park() {
    let refunded = |mchid: &str| {
        let resource = format!(
            r#"{{"mchid":"{mchid}","transaction_id":"1","out_trade_no":"2","refund_id":"3","out_refund_no":"4",
            "refund_status":"SUCCESS","amount":{{"total":1,"refund":1,"payer_total":1,"payer_refund":1}}}}"#
        );
        notify("REFUND.SUCCESS", &resource).sign()
    };
    assert_eq!(stored(&refunded(MCHID)).await.state, State::Ready);
    assert!(is_parked(&stored(&refunded(OTHER)).await, HoldReason::OtherMerchant));
    let v2 = refund(&REFUND);
    assert_eq!(stored(&v2).await.state, State::Ready);
    let other = String::from_utf8(v2.body).unwrap().replace(MCHID, OTHER);
    assert!(is_parked(&stored(&raw(other)).await, HoldReason::OtherMerchant));
}

#[tokio::test]
async fn a_listed_merchants_payments_are_ours() {
    for (mchid, state) in [(OTHER, State::Ready), (MCHID, State::Ready), ("1900000998", State::Parked)] {
        let store = MemoryStore::default();
        let second = Merchant::new("second", MCHID)
            .api_v3_key(api_v3())
            .platform_key(SERIAL, platform_key())
            .accept_mchid("1900000001")
            .accept_mchid(OTHER);
        let world = World { receiver: builder(&store).merchant(second).build().unwrap(), store };
        let resource = PAID.replace(MCHID, mchid);
        let answered =
            world.send_to("/notify/second", &notify("TRANSACTION.SUCCESS", &resource).sign()).await;
        assert_eq!((answered.reply.status, answered.report.outcome.as_str()), (200, "new"));
        assert_eq!(world.stored().await[0].state, state, "{mchid}");
    }
}

#[tokio::test]
async fn what_is_no_payment_is_flagged_and_delivered() {
    let resource = format!(r#"{{"mchid":"{OTHER}","authorization_id":"1","state":"TAKING_EFFECT"}}"#);
    let record = stored(&notify("MCHTRANSFER.AUTHORIZATION.CONFIRMED", &resource).sign()).await;
    assert_eq!(record.state, State::Ready);
    assert!(is_flagged(&record, "other-merchant"));
    let unknown = stored(&notify("SOMETHING.NEWER", &resource).sign()).await;
    assert_eq!(
        (unknown.state, unknown.flags.as_slice()),
        (State::Ready, ["other-merchant".to_owned()].as_slice())
    );
}

#[tokio::test]
async fn misfits_park_where_money_moves() {
    let paid = |from: &str, to: &str| {
        let resource = PAID.replace(from, to);
        assert_ne!(resource, PAID);
        notify("TRANSACTION.SUCCESS", &resource).sign()
    };
    for request in [
        paid("\"total\":100", "\"total\":{}"),
        paid("\"total\":100", "\"total\":-5"),
        paid("\"total\":100", "\"total\":1.5"),
        paid("\"trade_state\":\"SUCCESS\"", "\"trade_state\":\"NOTPAY\""),
    ] {
        let record = stored(&request).await;
        assert!(is_parked(&record, HoldReason::Misfit));
        assert!(is_flagged(&record, "misfit"));
    }
    for request in [
        paid("\"total\":100", "\"total\":\"100\""),
        paid("\"total\":100", "\"total\":0"),
        paid("\"trade_state\":\"SUCCESS\"", "\"trade_state\":\"NEWER_STATE\""),
        paid("\"trade_state\":\"SUCCESS\",", ""),
        paid("\"attach\":\"\"", "\"newer\":{}"),
    ] {
        let record = stored(&request).await;
        assert!(record.state == State::Ready && !is_flagged(&record, "misfit"));
    }
    // What fits no variant may be a newer one: flagged and delivered.
    let none = stored(&notify("TRANSACTION.SUCCESS", r#"{"transaction_id":"1"}"#).sign()).await;
    assert!(none.state == State::Ready && is_flagged(&none, "misfit"));
    let no_money = r#"{"authorization_id":"1","state":"TAKING_EFFECT","openid":{"a":1}}"#;
    let record = stored(&notify("MCHTRANSFER.AUTHORIZATION.CONFIRMED", no_money).sign()).await;
    assert!(record.state == State::Ready && is_flagged(&record, "misfit"));
    let mut v2_payment = PAYMENT.to_vec();
    v2_payment.retain(|(name, _)| *name != "total_fee");
    v2_payment.push(("total_fee", "-1"));
    assert!(is_parked(&stored(&v2(&v2_payment, Md5)).await, HoldReason::Misfit));
}

/// Content that can't be kept isn't answered as if it were.
#[tokio::test]
async fn a_full_key_is_answered_503() {
    for world in [World::new(), handled_before_the_reply()] {
        let paid = |total: u32| {
            notify("TRANSACTION.SUCCESS", &PAID.replace("\"total\":100", &format!("\"total\":{total}")))
                .sign()
        };
        for total in 1..=17 {
            assert_eq!(world.send(&paid(total)).await.reply.status, 200, "{total}");
        }
        let answered = world.send(&paid(18)).await;
        assert_eq!((answered.reply.status, answered.report.outcome.as_str()), (503, "full"));
        assert_eq!((answered.reply.retry_after, answered.report.seq), (Some(5), None));
        assert_eq!(world.stored().await.len(), 17);
        // Those that are kept are known as ever.
        for total in 1..=17 {
            assert_eq!(world.send(&paid(total)).await.reply.status, 200, "{total}");
        }
    }
}

fn handled_before_the_reply() -> World {
    let store = MemoryStore::default();
    let receiver = builder(&store).otherwise(|_| async {}).before_reply().build().unwrap();
    World { store, receiver }
}

fn score(order: &str, sub_merchant: &str, paid: &str) -> Request {
    let resource = format!(
        r#"{{"service_id":"500001","appid":"wx1","mchid":"{MCHID}","sub_mchid":"{sub_merchant}","out_order_no":"{order}",
        "state":"DONE","total_amount":90000,"collection":{{"state":"USER_PAID","total_amount":90000{paid}}}}}"#
    );
    let mut notification = notify("PAYSCORE.USER_PAID", &resource);
    notification.id = format!("EV-{order}-{sub_merchant}-{paid}");
    notification.sign()
}

fn amount(paid: u32) -> String {
    format!(",\"paid_amount\":{paid}")
}

/// The amount paid so far only grows.
#[tokio::test]
async fn a_score_order_whose_paid_amount_does_not_grow_is_a_conflict() {
    for world in [World::new(), handled_before_the_reply()] {
        for (paid, state) in [
            (100, State::Ready),
            (1, State::Parked),
            (90_000, State::Ready),
            (100, State::Ready),
            (1, State::Parked),
            (500, State::Parked),
            (90_001, State::Ready),
        ] {
            let request = score("1234323JKHDFE1243252", "1900000108", &amount(paid));
            let before = world.stored().await.len();
            let answered = world.send(&request).await;
            assert_eq!(answered.reply.status, 200);
            let seq = answered.report.seq.unwrap();
            let stored = world.stored().await;
            let record = stored.iter().find(|record| record.seq == seq).unwrap();
            assert_eq!(record.state == State::Parked, state == State::Parked, "{paid}");
            assert_eq!(is_flagged(record, "changed"), state == State::Parked, "{paid}");
            assert_eq!(record.error.is_some(), state == State::Parked, "{paid}");
            // A resend is a duplicate of its own record.
            let again = world.send(&request).await;
            assert_eq!(again.report.seq, Some(seq));
            assert!(world.stored().await.len() <= before + 1);
        }
        assert_eq!(world.stored().await.len(), 5);
    }
}

#[tokio::test]
async fn score_orders_are_compared_with_their_own_kind() {
    let world = World::new();
    for request in [
        score("A", "1900000108", &amount(100)),
        // Another order, another sub-merchant, no amount.
        score("B", "1900000108", &amount(1)),
        score("A", "1900000107", &amount(1)),
        score("A", "1900000108", ""),
    ] {
        assert_eq!(world.send(&request).await.report.outcome.as_str(), "new");
    }
    assert!(world.stored().await.iter().all(|record| record.state == State::Ready));
    let smaller = world.send(&score("A", "1900000108", &amount(99))).await;
    assert_eq!((smaller.reply.status, smaller.report.outcome.as_str()), (200, "changed"));
}

/// Two at the same moment are compared one after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn score_orders_are_compared_one_at_a_time() {
    let world = World::new();
    let requests: Vec<_> = (1..=12).map(|paid| score("A", "1900000108", &amount(paid))).collect();
    let mut sent = tokio::task::JoinSet::new();
    for request in requests.into_iter().rev() {
        let receiver = world.receiver.clone();
        sent.spawn(async move {
            receiver
                .receive(
                    "/notify/shop",
                    NotificationHeaders::from(&request.headers),
                    Bytes::from(request.body),
                )
                .await
        });
    }
    assert!(sent.join_all().await.iter().all(|answered| answered.reply.status == 200));
    let mut most = 0;
    for stored in world.stored().await {
        let resource: serde_json::Value = serde_json::from_str(event_record(&stored).resource()).unwrap();
        let amount = resource["collection"]["paid_amount"].as_u64().unwrap();
        assert_eq!(stored.state == State::Ready, amount > most, "{amount} after {most}");
        most = most.max(amount);
    }
    assert_eq!(most, 12);
}
