use crate::samples::XML;
use crate::support::v2;
use wxhook_events::v2::{
    CombinedTransactionsSuccess, ContractState, DepositFreePaid, PapContractStateChangedBasic,
    RefundProcessed, RefundStatus, TransactionSuccessBasic, TransactionsRiskOccurred,
};
use wxhook_wire::{Event, Fen};

#[test]
fn every_kind_is_told_and_given_back() {
    for (event, variant, xml, opened, key) in XML {
        let (told, resource) = v2(xml, opened);
        let told = told.unwrap();
        assert_eq!(told.name(), (event, variant));
        // Those without a rule are known by their fingerprint, which is no fallback.
        assert_eq!((told.key.as_str(), told.fallback), (key, false));
        assert_eq!(told.given_back(&resource), resource);
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

fn decoded<E: Event>(event: &str) -> E {
    let sample = XML.iter().find(|(known, ..)| *known == event).unwrap();
    let (told, resource) = v2(sample.2, sample.3);
    crate::support::decoded(&told.unwrap(), &resource)
}

#[test]
fn amounts_and_lists_are_typed() {
    let paid: TransactionSuccessBasic = decoded("v2/transaction-success");
    assert_eq!((paid.total_fee, paid.coupon_fee), (Some(Fen::new(1)), Some(Fen::new(10))));
    let coupon = &paid.coupons()[0];
    assert_eq!((coupon.coupon_id.as_deref(), coupon.coupon_fee), (Some("10000"), Some(Fen::new(10))));

    let RefundProcessed::Basic(refund) = decoded("v2/refund-processed") else { panic!() };
    let refund = refund.req_info.unwrap();
    assert_eq!((refund.refund_fee, refund.refund_status), (Some(Fen::new(136)), Some(RefundStatus::Success)));
    assert_eq!(refund.refund_recv_accout.as_deref(), Some("招商银行0403"));

    let combined: CombinedTransactionsSuccess = decoded("v2/combined-transactions-success");
    let orders = combined.sub_order_list.unwrap();
    let orders = orders.get().unwrap();
    assert_eq!(
        (orders.order_num, orders.order_list.as_ref().unwrap()[0].total_fee),
        (Some(1), Some(Fen::new(5)))
    );

    let order = decoded::<DepositFreePaid>("v2/TRANSACTION.SUCCESS").event.unwrap();
    assert_eq!((order.total_amount, order.deposit_amount), (Some(Fen::new(100)), Some(Fen::new(9900))));

    let contract: PapContractStateChangedBasic = decoded("v2/pap-contract-state-changed");
    assert_eq!(contract.contract_state.as_ref().map(ContractState::as_str), Some("0"));

    let risk: TransactionsRiskOccurred = decoded("v2/transactions-risk-occurred");
    let list = risk.transaction_id_list.unwrap();
    assert_eq!(list.get().unwrap().data.as_ref().unwrap().transaction_id.as_ref().unwrap(), &["7", "8"]);
}

#[test]
fn coupons_are_numbered_in_one_way() {
    let decode = |json: &str| TransactionSuccessBasic::decode(None, json);
    let json = r#"{"coupon_id":"1","coupon_id_00":"2","coupon_id_x":"3","coupon_mark_1":"4","coupon_fee_10":5,"coupon_id_2":"6"}"#;
    let paid = decode(json).unwrap();
    let coupons: Vec<_> =
        paid.coupons().into_iter().map(|coupon| (coupon.coupon_id, coupon.coupon_fee)).collect();
    assert_eq!(coupons, [(Some("6".to_owned()), None), (None, Some(Fen::new(5)))]);
    assert_eq!(paid.coupon_id.as_deref(), Some("1"));
    assert_eq!(wxhook_wire::encode(&paid).unwrap(), json);
    // A coupon's amount is money, too.
    assert_eq!(decode(r#"{"coupon_fee_3":"x"}"#).unwrap_err().path(), "coupon_fee_3");
    assert!(decode(r#"{"coupon_fee_3":""}"#).unwrap().coupons()[0].coupon_fee.is_none());
    let secret = decode(r#"{"coupon_id_0":"s3cret","openid":"s3cret"}"#).unwrap();
    assert!(!format!("{secret:?} {:?}", secret.coupons()).contains("s3cret"));
}
