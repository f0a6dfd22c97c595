use crate::samples::V3;
use crate::support::v3;
use crate::tree::Tree;

#[test]
fn samples_are_told_and_given_back() {
    for (event_type, original_type, resource, variant) in V3 {
        let told = v3(event_type, original_type, resource).unwrap();
        assert_eq!(told.name(), (event_type, variant));
        assert_eq!(told.given_back(resource), Tree::parse(resource).to_json());
    }
}

#[test]
fn payments_are_told_apart_by_their_shape() {
    for (original_type, resource, variant) in [
        ("profitsharing", r#"{"mchid":"1"}"#, Some("PROFITSHARING")),
        ("transaction", r#"{"mchid":"1","receiver":{"account":"2"},"order_id":"3"}"#, Some("PROFITSHARING")),
        (
            "",
            r#"{"combine_out_trade_no":"1","sub_orders":[{"mchid":"1"},{"individual_auth_id":"2"}]}"#,
            Some("INDIVIDUAL"),
        ),
        ("", r#"{"combine_out_trade_no":"1","sub_orders":[{"individual_auth_id":""}]}"#, Some("COMBINE")),
        ("", r#"{"combine_out_trade_no":"1","sub_orders":{"individual_auth_id":"2"}}"#, Some("INDIVIDUAL")),
        ("", r#"{"sp_mchid":"1","sub_mchid":"2","trade_scene":"PARKING"}"#, Some("PARKING")),
        ("", r#"{"sp_mchid":"1","sub_mchid":"2","parking_info":{"parking_id":"3"}}"#, Some("PARKING")),
        ("", r#"{"mchid":"1","amount":{"exchange_rate":{"rate":1}}}"#, Some("GLOBAL")),
        ("", r#"{"mchid":"1","amount":{"exchange_rate":null}}"#, Some("BASIC")),
        ("", r#"{"sp_mchid":"1","id":"2"}"#, Some("GLOBAL_PARTNER")),
        ("", r#"{"sp_mchid":"1","amount":{"exchange_rate":{"rate":1}}}"#, Some("GLOBAL_PARTNER")),
        ("", r#"{"mchid":"1","id":"2"}"#, Some("GLOBAL")),
        ("", r#"{"mchid":"1","device_information":{"device_id":"2"}}"#, Some("EDUCATION")),
        ("", r#"{"mchid":"1","trade_type":"PAP"}"#, Some("INSURANCE_ENTRUST")),
        ("", r#"{"mchid":"1","trade_type":"JSAPI"}"#, Some("BASIC")),
        ("", r#"{"sp_mchid":"1","sub_mchid":"2"}"#, Some("PARTNER")),
        ("", r#"{"sp_mchid":"1","sub_mchid":"","mchid":"3"}"#, Some("BASIC")),
        ("", r#"{"sp_mchid":"1","sub_mchid":null}"#, None),
    ] {
        let told = v3("TRANSACTION.SUCCESS", original_type, resource).unwrap();
        assert_eq!(told.meta.variant, variant, "{resource}");
        assert_eq!(told.meta.is_fallback, variant.is_none());
    }
}

#[test]
fn refunds_and_schools_are_told_apart_by_their_shape() {
    for (event_type, resource, variant) in [
        ("REFUND.SUCCESS", r#"{"sp_mchid":"1","recv_account":"2"}"#, "GLOBAL_PARTNER"),
        ("REFUND.SUCCESS", r#"{"mchid":"1","fund_source":"2"}"#, "GLOBAL"),
        ("REFUND.SUCCESS", r#"{"sp_mchid":"1","individual_auth_id":"2"}"#, "INDIVIDUAL"),
        ("REFUND.SUCCESS", r#"{"sp_mchid":"1"}"#, "PARTNER"),
        ("REFUND.SUCCESS", r#"{"mchid":"1"}"#, "BASIC"),
        ("PAYSCORE.USER_OPEN_SERVICE", r#"{"service_id":"1","plan_id":2}"#, "EDUSCHOOLPAY"),
        ("PAYSCORE.USER_OPEN_SERVICE", r#"{"service_id":"1","sub_mch_id":"2"}"#, "PARTNER"),
        ("PAYSCORE.USER_OPEN_SERVICE", r#"{"service_id":"1"}"#, "BASIC"),
        ("RECHARGE.FUND_RETURNED", r#"{"recharge_channel":"ONLINE_BANK"}"#, "ONLINE_BANK"),
    ] {
        assert_eq!(v3(event_type, "", resource).unwrap().meta.variant, Some(variant), "{resource}");
    }
}

#[test]
fn a_key_follows_its_variant() {
    let key = |original_type: &str, resource: &str| {
        let told = v3("TRANSACTION.SUCCESS", original_type, resource).unwrap();
        (told.key, told.fallback)
    };
    let known = |rest: &str| (format!("shop/TRANSACTION.SUCCESS/{rest}"), false);
    assert_eq!(key("", r#"{"mchid":"1","transaction_id":"2"}"#), known("transaction_id=2"));
    assert_eq!(
        key("", r#"{"combine_mchid":"1","combine_out_trade_no":"2","transaction_id":"3"}"#),
        known("combine_mchid=1/combine_out_trade_no=2")
    );
    assert_eq!(
        key("", r#"{"sp_mchid":"1","sub_mchid":"2","out_trade_no":"3"}"#),
        known("sub_mchid=2/out_trade_no=3")
    );
    assert_eq!(
        key("", r#"{"receiver":{"type":"MERCHANT_ID","account":"1","amount":2},"order_id":"3"}"#),
        known("order_id=3/receiver.type=MERCHANT_ID/receiver.account.hash=a2e71b723e6a87d4")
    );
    // Without its identifying number a payment is known by its notification alone.
    let (key, fallback) = key("", r#"{"mchid":"1","out_trade_no":"3"}"#);
    assert_eq!((key.as_str(), fallback), ("shop/TRANSACTION.SUCCESS/@id=EV-1", true));
}
