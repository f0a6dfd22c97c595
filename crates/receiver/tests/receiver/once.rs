//! Never one key for two payments; always one record for one notification.

use crate::support::*;
use wxhook_crypto::v2::SignAlgorithm::Md5;
use wxhook_idempotency::State;

async fn outcome(world: &World, request: Request) -> &'static str {
    let answered = world.send(&request).await;
    assert_eq!(answered.reply.status, 200);
    answered.report.outcome.as_str()
}

fn payment(transaction_id: &str) -> Notify {
    let resource =
        format!(r#"{{"mchid":"{MCHID}","transaction_id":{transaction_id},"amount":{{"total":1}}}}"#);
    Notify { id: format!("EV-{}", transaction_id.len()), ..notify("TRANSACTION.SUCCESS", &resource) }
}

#[tokio::test]
async fn numbers_that_differ_in_their_last_digit_are_two_payments() {
    let world = World::new();
    let one = Notify { id: "EV-1".into(), ..payment("1008450740201411110005820873") };
    let two = Notify { id: "EV-2".into(), ..payment("1008450740201411110005820874") };
    assert_eq!(outcome(&world, one.sign()).await, "new");
    assert_eq!(outcome(&world, two.sign()).await, "new");
}

#[tokio::test]
async fn payments_without_their_number_are_never_one() {
    let world = World::new();
    for id in ["EV-1", "EV-2"] {
        let resource = format!(r#"{{"mchid":"{MCHID}","transaction_id":"","amount":{{"total":1}}}}"#);
        let numberless = Notify { id: id.into(), ..notify("TRANSACTION.SUCCESS", &resource) };
        assert_eq!(outcome(&world, numberless.sign()).await, "new");
        assert_eq!(outcome(&world, numberless.sign()).await, "duplicate");
    }
    assert!(world.records().await.iter().all(|record| record.flags.contains(&"key-fallback".to_owned())));
}

#[tokio::test]
async fn a_slash_in_a_number_makes_no_other_key() {
    let world = World::new();
    for (id, number) in [("EV-1", "\"a/b\""), ("EV-2", "\"a\""), ("EV-3", "\"a/b=c\""), ("EV-4", "\"a%2Fb\"")]
    {
        assert_eq!(outcome(&world, Notify { id: id.into(), ..payment(number) }.sign()).await, "new");
    }
    let keys: Vec<_> = world.records().await.into_iter().map(|record| record.key).collect();
    assert_eq!(keys[0], "shop/TRANSACTION.SUCCESS/transaction_id=a%2Fb");
}

#[tokio::test]
async fn the_same_notification_however_it_is_written() {
    let world = World::new();
    assert_eq!(outcome(&world, paid().sign()).await, "new");
    let value: serde_json::Value = serde_json::from_str(PAID).unwrap();
    let again = [
        paid(),
        Notify { nonce: "ba9876543210".into(), timestamp: (NOW + 60).to_string(), ..paid() },
        Notify { id: "EV-another".into(), ..paid() },
        notify("TRANSACTION.SUCCESS", &serde_json::to_string(&value).unwrap()),
        notify("TRANSACTION.SUCCESS", &serde_json::to_string_pretty(&value).unwrap()),
        notify("TRANSACTION.SUCCESS", &PAID.replace("JSAPI", "JS\\u0041PI")),
        Notify { original_type: None, ..paid() },
    ];
    for notification in again {
        assert_eq!(outcome(&world, notification.sign()).await, "duplicate");
    }
    assert_eq!(world.stored().await.len(), 1);
}

#[tokio::test]
async fn a_v2_notification_with_another_nonce_order_or_algorithm() {
    let world = World::new();
    assert_eq!(outcome(&world, v2(&PAYMENT, Md5)).await, "new");
    let mut fields = PAYMENT.to_vec();
    fields.reverse();
    assert_eq!(outcome(&world, v2(&fields, Md5)).await, "duplicate");
    for field in fields.iter_mut().filter(|(name, _)| *name == "nonce_str") {
        field.1 = "another";
    }
    assert_eq!(outcome(&world, v2(&fields, Md5)).await, "duplicate");
    fields.push(("sign_type", "HMAC-SHA256"));
    assert_eq!(outcome(&world, v2(&fields, wxhook_crypto::v2::SignAlgorithm::HmacSha256)).await, "duplicate");
    assert_eq!(outcome(&world, refund(&REFUND)).await, "new");
    let mut inner = REFUND.to_vec();
    inner.reverse();
    assert_eq!(outcome(&world, refund(&inner)).await, "duplicate");
    assert_eq!(world.stored().await.len(), 2);
}

#[tokio::test]
async fn other_content_under_a_known_key_is_kept_beside_it() {
    let world = World::new();
    assert_eq!(outcome(&world, paid().sign()).await, "new");
    let other = notify("TRANSACTION.SUCCESS", &PAID.replace("\"total\":100", "\"total\":1"));
    assert_eq!(outcome(&world, other.sign()).await, "changed");
    assert_eq!(outcome(&world, other.sign()).await, "parked");
    assert_eq!(outcome(&world, paid().sign()).await, "duplicate");
    let stored = world.stored().await;
    assert_eq!(stored.len(), 2);
    assert_eq!((stored[0].state, stored[1].state), (State::Ready, State::Parked));
    assert_eq!(stored[1].flags, ["changed"]);
    let (key, digits) = stored[1].key.split_once('~').unwrap();
    assert_eq!((key, digits.len()), (stored[0].key.as_str(), 16));
}

#[tokio::test]
async fn a_known_id_with_another_number_is_no_second_payment() {
    let world = World::new();
    let numberless = PAID.replace("\"transaction_id\":\"1217752501201407033233368018\",", "");
    assert_eq!(outcome(&world, notify("TRANSACTION.SUCCESS", &numberless).sign()).await, "new");
    assert_eq!(outcome(&world, paid().sign()).await, "changed");
    let stored = world.stored().await;
    assert_eq!(stored[1].key.split('~').next(), Some(stored[0].key.as_str()));
}

#[tokio::test]
async fn one_sample_id_under_two_event_types_is_two_notifications() {
    let world = World::new();
    assert_eq!(outcome(&world, paid().sign()).await, "new");
    let other =
        notify("MCHTRANSFER.AUTHORIZATION.CONFIRMED", r#"{"authorization_id":"1","state":"TAKING_EFFECT"}"#);
    assert_eq!(outcome(&world, other.sign()).await, "new");
}

#[tokio::test]
async fn a_field_folded_into_its_neighbour_is_no_second_payment() {
    let world = World::new();
    let good = String::from_utf8(v2(&PAYMENT, Md5).body).unwrap();
    assert_eq!(outcome(&world, raw(good.clone())).await, "new");
    // The signed text is the same, since it joins fields with `&` and `=`.
    let folded = good
        .replace("<result_code><![CDATA[SUCCESS]]></result_code>", "")
        .replace("1409811653]]>", "1409811653&result_code=SUCCESS]]>");
    assert_ne!(folded, good);
    outcome(&world, raw(folded)).await;
    let stored = world.stored().await;
    assert_eq!((stored[0].state, stored[1].state), (State::Ready, State::Parked));
    assert_eq!(stored[1].flags, ["misfit"]);
}

#[tokio::test]
async fn a_refunds_unsigned_fields_name_nothing() {
    let world = World::new();
    assert_eq!(outcome(&world, refund(&REFUND)).await, "new");
    let other = [("refund_id", "50000408942018111907145868883"), ("refund_status", "SUCCESS")];
    for request in [refund(&other), refund(&REFUND)] {
        let body =
            String::from_utf8(request.body).unwrap().replace("</xml>", "<event_id>EV-1</event_id></xml>");
        let answered = world.send(&raw(body)).await;
        assert!(matches!(answered.report.outcome.as_str(), "new" | "duplicate"));
    }
    assert_eq!(world.stored().await.len(), 2);
}

#[tokio::test]
async fn what_moves_no_money_is_handed_on_when_changed() {
    let world = World::new();
    let confirmed = |name: &str| {
        let resource =
            format!(r#"{{"authorization_id":"1","state":"TAKING_EFFECT","user_display_name":"{name}"}}"#);
        notify("MCHTRANSFER.AUTHORIZATION.CONFIRMED", &resource).sign()
    };
    assert_eq!(outcome(&world, confirmed("a")).await, "new");
    assert_eq!(outcome(&world, confirmed("b")).await, "changed");
    let stored = world.stored().await;
    assert_eq!(stored[1].state, State::Ready);
    assert_eq!(stored[1].flags, ["changed"]);
}
