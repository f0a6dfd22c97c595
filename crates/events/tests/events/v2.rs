use crate::samples::XML;
use crate::support::v2;
use wxhook_events::v2::{
    CombinedTransactionsSuccess, ContractStateChanged, DepositFreePaid, RefundProcessed, RefundStatus,
    TransactionSuccess, TransactionsRisk,
};
use wxhook_wire::{Event, Fen};

#[test]
fn every_kind_is_told_and_fits() {
    for (event, variant, xml, opened, key) in XML {
        let (told, resource) = v2(xml, opened);
        let told = told.unwrap();
        assert_eq!(told.name(), (event, variant));
        assert_eq!((told.key.as_str(), told.fallback), (key, false));
        let before: serde_json::Value = serde_json::from_str(&resource).unwrap();
        let after: serde_json::Value = serde_json::from_str(&told.fits(&resource).unwrap()).unwrap();
        let names = |value: &serde_json::Value| {
            value.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(names(&before), names(&after), "{event}: something got lost");
    }
}

#[test]
fn other_fields_make_a_refund_nothing_else() {
    // A refund has no signature: what stands around `req_info` could be anybody's.
    let others = XML.iter().filter(|(event, ..)| *event != "v2/refund-processed");
    for (event, _, xml, ..) in others {
        let xml = xml.replace("</xml>", "<req_info>AAAA</req_info></xml>");
        let (told, _) = v2(&xml, Some("<root><refund_id>5</refund_id></root>"));
        assert_eq!(told.unwrap().meta.name, "v2/refund-processed", "{event}");
    }
}

#[test]
fn what_no_kind_is_told_by_is_unknown() {
    for xml in [
        "<xml><a>1</a></xml>",
        "<xml><transaction_id>1</transaction_id></xml>",
        "<xml><transaction_id>1</transaction_id><total_fee></total_fee></xml>",
        "<xml><contract_id>1</contract_id></xml>",
        "<xml><event_code>1</event_code></xml>",
    ] {
        assert!(v2(xml, None).0.is_none(), "{xml}");
    }
    let newer =
        XML.iter().find(|(event, ..)| *event == "v2/CHECK.FAIL").unwrap().2.replace("CHECK.FAIL", "NEWER");
    assert!(v2(&newer, Some("<root/>")).0.is_none());
}

fn resource(event: &str) -> String {
    let sample = XML.iter().find(|(known, ..)| *known == event).unwrap();
    v2(sample.2, sample.3).1
}

#[test]
fn amounts_and_lists_are_typed() {
    let paid = TransactionSuccess::decode(None, &resource("v2/transaction-success")).unwrap();
    assert_eq!((paid.total_fee, paid.coupon_fee), (Some(Fen::new(1)), Some(Fen::new(10))));
    let (number, coupon) = paid.coupons.iter().next().unwrap();
    assert_eq!((number, coupon.id.as_deref(), coupon.fee()), (0, Some("10000"), Some(Fen::new(10))));
    assert_eq!((paid.coupons.len(), paid.coupons.is_empty()), (1, false));

    let refund = RefundProcessed::decode(None, &resource("v2/refund-processed")).unwrap().req_info.unwrap();
    assert_eq!((refund.refund_fee, refund.refund_status), (Some(Fen::new(136)), Some(RefundStatus::Success)));

    let orders =
        CombinedTransactionsSuccess::decode(None, &resource("v2/combined-transactions-success")).unwrap();
    let orders = orders.sub_order_list.unwrap();
    assert_eq!((orders.order_num, orders.order_list.unwrap()[0].total_fee), (Some(1), Some(Fen::new(5))));

    let order = DepositFreePaid::decode(None, &resource("v2/TRANSACTION.SUCCESS")).unwrap().event.unwrap();
    assert_eq!(order.total_amount, Some(Fen::new(100)));

    let contract = ContractStateChanged::decode(None, &resource("v2/pap-contract-state-changed")).unwrap();
    assert_eq!(contract.contract_state.as_deref(), Some("0"));

    let risk = TransactionsRisk::decode(None, &resource("v2/transactions-risk-occurred")).unwrap();
    assert_eq!(risk.transaction_ids().unwrap(), ["7", "8"]);
}

#[test]
fn coupons_are_numbered_in_one_way() {
    let paid = |json: &str| TransactionSuccess::decode(None, json).unwrap();
    let json = r#"{"coupon_id":"1","coupon_id_00":"2","coupon_id_x":"3","coupon_mark_1":"4","coupon_fee_10":5,"coupon_id_2":"6"}"#;
    let numbers: Vec<_> = paid(json).coupons.iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, [2, 10]);
    assert_eq!(paid(json).coupon_id.as_deref(), Some("1"));
    assert_eq!(paid(r#"{"coupon_fee_0":"x"}"#).coupons.iter().next().unwrap().1.fee(), None);
    assert!(!format!("{:?}", paid(r#"{"coupon_id_0":"s3cret","openid":"s3cret"}"#)).contains("s3cret"));
}
