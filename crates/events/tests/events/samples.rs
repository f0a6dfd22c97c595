//! Resources as documents show them.

pub(crate) const BASIC: &str = r#"{"transaction_id":"4200000000201407033233368018","amount":{"total":100,
    "payer_total":90,"currency":"CNY","payer_currency":"CNY"},"mchid":"1900000109","trade_state":"SUCCESS",
    "bank_type":"CMC","promotion_detail":[{"amount":10,"wechatpay_contribute":0,"coupon_id":"109519","scope":"GLOBAL",
    "merchant_contribute":10,"name":"coupon","other_contribute":0,"currency":"CNY","stock_id":"931386","goods_detail":
    [{"goods_remark":"remark","quantity":1,"discount_amount":1,"goods_id":"M1006","unit_price":100}]}],
    "success_time":"2018-06-08T10:34:56+08:00","payer":{"openid":"openid-1"},"out_trade_no":"order-1",
    "appid":"wx0000000000000001","trade_state_desc":"paid","trade_type":"JSAPI","attach":"mine",
    "scene_info":{"device_id":"013467007045764"},"installment_info":{"use_subsidy":true,
    "selected_installment_number":3}}"#;

pub(crate) const PARTNER: &str = r#"{"transaction_id":"4200000000201407033233368019","sp_mchid":"1900000100",
    "sp_appid":"wx0000000000000001","sub_mchid":"1900000109","out_trade_no":"order-2","trade_state":"SUCCESS",
    "trade_type":"NATIVE","payer":{"sp_openid":"openid-1","sub_openid":"openid-2"},"amount":{"total":100}}"#;

pub(crate) const COMBINE: &str = r#"{"combine_appid":"wx0000000000000001","combine_mchid":"1900000109",
    "combine_out_trade_no":"whole-1","combine_transaction_id":"4200000000201407033233368020",
    "combine_payer_info":{"openid":"openid-1"},"sub_orders":[{"mchid":"1900000110","trade_type":"JSAPI",
    "trade_state":"SUCCESS","attach":"mine","amount":{"total_amount":10,"payer_amount":10,"currency":"CNY",
    "payer_currency":"CNY","settlement_rate":100000000},"transaction_id":"4200000000201407033233368021",
    "out_trade_no":"part-1","success_time":"2018-06-08T10:34:56+08:00"},{"mchid":"1900000111",
    "transaction_id":"4200000000201407033233368022","out_trade_no":"part-2","amount":{"total_amount":"20"}}]}"#;

pub(crate) const PARKING: &str = r#"{"transaction_id":"4200000000201407033233368023","sp_mchid":"1900000100",
    "sub_mchid":"1900000109","out_trade_no":"order-3","trade_state":"SUCCESS","trade_state_description":"paid",
    "trade_scene":"PARKING","user_repaid":"N","amount":{"total":100},"parking_info":{"parking_id":"stay-1",
    "plate_number":"粤B888888","plate_color":"BLUE","start_time":"2018-06-08T10:34:56+08:00","charging_duration":3600}}"#;

pub(crate) const PROFITSHARING: &str = r#"{"mchid":"1900000109","transaction_id":"4200000000201407033233368024",
    "order_id":"share-1","out_order_no":"mine-1","receiver":{"type":"MERCHANT_ID","account":"1900000110","amount":8,
    "description":"share"},"success_time":"2018-06-08T10:34:56+08:00"}"#;

pub(crate) const REFUND: &str = r#"{"mchid":"1900000109","out_trade_no":"order-1","refund_id":"5000000001",
    "transaction_id":"4200000000201407033233368018","out_refund_no":"refund-1","refund_status":"SUCCESS",
    "success_time":"2018-06-08T10:34:56+08:00","user_received_account":"balance","amount":{"total":999,"refund":999,
    "payer_total":"999","payer_refund":999,"from":[{"account":"AVAILABLE","amount":444}]},
    "promotion_detail":[{"promotion_id":"1","amount":1,"goods_detail":[{"merchant_goods_id":"g","refund_quantity":1}]}]}"#;

pub(crate) const BILL: &str = r#"{"out_bill_no":"bill-1","transfer_bill_no":"1330000071100999991182020050700019480001",
    "state":"SUCCESS","mch_id":"1900000109","transfer_amount":2000,"openid":"openid-1",
    "create_time":"2018-06-08T10:34:56+08:00","update_time":"2018-06-08T10:34:56+08:00"}"#;

pub(crate) const QUESTION: &str =
    r#"{"out_serial_number":"q-1","plate_number":"粤B888888","out_parking_id":"p-1"}"#;

/// Seed 003's.
pub(crate) const GLOBAL_PARTNER: &str = r#"{"id":"1008450740201411110005820873","sp_appid":"wx2421b1c4370ec43b",
    "sp_mchid":"10000100","sub_mchid":"20000100","out_trade_no":"20150806125346",
    "payer":{"sp_openid":"oUpF8uN95-Ptaags6E_roPHg7AG0"},"amount":{"total":528800,"currency":"HKD",
    "payer_total":518799,"payer_currency":"CNY","exchange_rate":{"type":"SETTLEMENT_RATE","rate":8000000}},
    "trade_type":"MICROPAY","trade_state":"SUCCESS","trade_state_desc":"Payment successful","bank_type":"CCB_DEBIT",
    "attach":"Payment test","success_time":"2018-06-08T10:34:56+08:00","promotion_detail":[{"promotion_id":"109519",
    "name":"Single-item discount-6","scope":"SINGLE","type":"DISCOUNT","amount":1,"currency":"HKD",
    "activity_id":"931386","wechatpay_contribute_amount":1,"merchant_contribute_amount":0,
    "other_contribute_amount":0,"goods_detail":[{"goods_id":"iphone6s_16G","goods_remark":"Product remarks",
    "quantity":1,"price":528800}]}]}"#;

/// Seed 001's, less a comma too many.
pub(crate) const USER_PAID: &str = r#"{"service_id":"500001","appid":"wxd678efh567hg6787","mchid":"1230000109",
    "sub_appid":"wxd678efh567hg6999","sub_mchid":"1900000109","out_order_no":"1234323JKHDFE1243252",
    "sub_openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o","state":"DONE","service_introduction":"嗨客餐厅用餐",
    "total_amount":"40000","post_payments":[{"name":"服务费","amount":40000,"description":"每分钟1元"}],
    "post_discounts":[{"name":"满20减1元","amount":1,"description":"不与其他优惠叠加"}],
    "risk_fund":{"name":"预估订单费用","amount":10000,"description":"就餐的预估费用"},
    "time_range":{"start_time":"20091225091010","start_time_remark":"xxx","end_time":"20091225091210",
    "end_time_remark":"xxx"},"location":{"start_location":"嗨客时尚主题展餐厅","end_location":"嗨客时尚主题展餐厅"},
    "attach":"attach","order_id":"165461131","need_collection":true,"collection":{"state":"","total_amount":40000,
    "paying_amount":40000,"paid_amount":0,"details":[{"seq":1,"amount":10000,"paid_type":"MCH",
    "paid_time":"20091225091210","transaction_id":"15646546545165651651","promotion_detail":[{"coupon_id":"123456",
    "name":"单品优惠-6","scope":"GLOBAL","type":"CASH","amount":100,"stock_id":"activity_id",
    "wechatpay_contribute":100,"merchant_contribute":100,"other_contribute":0,"currency":"CNY",
    "goods_detail":[{"goods_id":"M1006","quantity":1,"unit_price":1,"discount_amount":0,
    "goods_remark":"商品备注信息"}]}]}]},"currency":"HKD","currency_price":92103500,
    "currency_rate_info":"1HKD=0.921035CNY"}"#;

/// Seed 004's, less a comma too many.
pub(crate) const AUTHORIZATION: &str = r#"{"out_authorization_no":"plfk2020042013","appid":"102022609",
    "openid":"216BE837A39456BD6729F6F47D7C0EEE","user_display_name":"wx_123456",
    "authorization_id":"201202504101000123456789012","state":"TAKING_EFFECT",
    "authorize_time":"2015-05-20T13:29:35.120+08:00"}"#;

/// Seed 002's.
pub(crate) const PAID_XML: &str = "<xml>
  <appid><![CDATA[wx2421b1c4370ec43b]]></appid>
  <attach><![CDATA[支付测试]]></attach>
  <bank_type><![CDATA[CFT]]></bank_type>
  <fee_type><![CDATA[CNY]]></fee_type>
  <is_subscribe><![CDATA[Y]]></is_subscribe>
  <mch_id><![CDATA[10000100]]></mch_id>
  <nonce_str><![CDATA[5d2b6c2a8db53831f7eda20af46e531c]]></nonce_str>
  <openid><![CDATA[oUpF8uMEb4qRXf22hE3X68TekukE]]></openid>
  <out_trade_no><![CDATA[1409811653]]></out_trade_no>
  <result_code><![CDATA[SUCCESS]]></result_code>
  <return_code><![CDATA[SUCCESS]]></return_code>
  <sign><![CDATA[B552ED6B279343CB493C5DD0D78AB241]]></sign>
  <time_end><![CDATA[20140903131540]]></time_end>
  <total_fee>1</total_fee>
  <coupon_fee><![CDATA[10]]></coupon_fee>
  <coupon_count><![CDATA[1]]></coupon_count>
  <coupon_type><![CDATA[CASH]]></coupon_type>
  <coupon_id><![CDATA[10000]]></coupon_id>
  <trade_type><![CDATA[JSAPI]]></trade_type>
  <transaction_id><![CDATA[1004400740201409030005092168]]></transaction_id>
</xml>";

/// (event type, `original_type`, resource, variant)
pub(crate) const V3: [(&str, &str, &str, Option<&str>); 12] = [
    ("TRANSACTION.SUCCESS", "transaction", BASIC, Some("BASIC")),
    ("TRANSACTION.SUCCESS", "transaction", PARTNER, Some("PARTNER")),
    ("TRANSACTION.SUCCESS", "", COMBINE, Some("COMBINE")),
    ("TRANSACTION.SUCCESS", "", PARKING, Some("PARKING")),
    ("TRANSACTION.SUCCESS", "profitsharing", PROFITSHARING, Some("PROFITSHARING")),
    ("TRANSACTION.SUCCESS", "", GLOBAL_PARTNER, Some("GLOBAL_PARTNER")),
    ("REFUND.SUCCESS", "refund", REFUND, Some("BASIC")),
    ("PAYSCORE.USER_PAID", "", USER_PAID, Some("INSTITUTION")),
    ("PAYSCORE.USER_CONFIRM", "", USER_PAID, Some("INSTITUTION")),
    ("MCHTRANSFER.AUTHORIZATION.CONFIRMED", "mch_payment", AUTHORIZATION, None),
    ("MCHTRANSFER.BILL.FINISHED", "mch_payment", BILL, None),
    ("PARKING_FEE.QUERY_TRANS_INFO", "", QUESTION, None),
];

/// A v2 notification: (event, variant, the XML, what its hidden field holds, its key).
pub(crate) type V2 = (&'static str, Option<&'static str>, &'static str, Option<&'static str>, &'static str);

const ORDER: &str = "<root><state>USER_PAID</state><service_id>5</service_id><out_order_no>mine-1</out_order_no>\
    <order_id>9</order_id><goods_name>umbrella</goods_name><start_time>20260101000000</start_time>\
    <deposit_amount>9900</deposit_amount><total_amount>100</total_amount>\
    <finish_transaction_id>4200000000000000000000000007</finish_transaction_id></root>";

macro_rules! deposit_free {
    ($event:literal) => {
        concat!(
            "<xml><mch_id>1900000109</mch_id><appid>wx1</appid><algorithm>HMAC-SHA256</algorithm>",
            "<nonce_str>n</nonce_str><sign>S</sign><event_id>e-1</event_id><event_type>",
            $event,
            "</event_type><event_algorithm>AEAD_AES_256_GCM</event_algorithm><event_nonce>n</event_nonce>",
            "<event_ciphertext>AAAA</event_ciphertext></xml>"
        )
    };
}

pub(crate) const XML: [V2; 15] = [
    (
        "v2/transaction-success",
        Some("BASIC"),
        "<xml><appid><![CDATA[wx1]]></appid><mch_id>1900000109</mch_id><return_code>SUCCESS</return_code>\
         <result_code>SUCCESS</result_code><transaction_id>1004400740201409030005092168</transaction_id>\
         <out_trade_no>1409811653</out_trade_no><total_fee>1</total_fee><cash_fee>1</cash_fee><coupon_fee>10</coupon_fee>\
         <coupon_count>1</coupon_count><coupon_id_0>10000</coupon_id_0><coupon_type_0>CASH</coupon_type_0>\
         <coupon_fee_0>10</coupon_fee_0><time_end>20140903131540</time_end><sign>S</sign></xml>",
        None,
        "shop/v2/transaction-success/transaction_id=1004400740201409030005092168/result_code=SUCCESS",
    ),
    (
        "v2/transaction-success",
        Some("PARTNER"),
        "<xml><mch_id>1</mch_id><sub_mch_id>2</sub_mch_id><transaction_id>3</transaction_id><total_fee>1</total_fee></xml>",
        None,
        "shop/v2/transaction-success/transaction_id=3",
    ),
    (
        "v2/transaction-success",
        Some("PAP"),
        "<xml><mch_id>1</mch_id><contract_id>c</contract_id><transaction_id>3</transaction_id><total_fee>1</total_fee>\
         <trade_state>PAY_FAIL</trade_state></xml>",
        None,
        "shop/v2/transaction-success/transaction_id=3/trade_state=PAY_FAIL",
    ),
    (
        "v2/combined-transactions-success",
        None,
        "<xml><combine_mch_id>1</combine_mch_id><combine_out_trade_no>2</combine_out_trade_no><result_code>SUCCESS</result_code>\
         <sub_order_list><![CDATA[{\"order_num\":1,\"order_list\":[{\"mch_id\":\"3\",\"total_fee\":5,\"transaction_id\":\"4\"}]}]]>\
         </sub_order_list><sign>S</sign></xml>",
        None,
        "shop/v2/combined-transactions-success/combine_mch_id=1/combine_out_trade_no=2/result_code=SUCCESS",
    ),
    (
        "v2/refund-processed",
        Some("BASIC"),
        "<xml><return_code>SUCCESS</return_code><appid>wx1</appid><mch_id>1</mch_id><nonce_str>n</nonce_str>\
         <req_info>AAAA</req_info></xml>",
        Some(
            "<root><out_refund_no>r-1</out_refund_no><refund_id>50000000382019052709732678859</refund_id>\
             <refund_fee>136</refund_fee><total_fee>3960</total_fee><refund_status>SUCCESS</refund_status>\
             <success_time>2019-05-27 10:00:00</success_time><refund_recv_accout>招商银行0403</refund_recv_accout></root>",
        ),
        "shop/v2/refund-processed/refund_id=50000000382019052709732678859/refund_status=SUCCESS/\
         refund_recv_accout.hash=a5fa4193d95233f2",
    ),
    (
        "v2/refund-processed",
        Some("PARTNER"),
        "<xml><mch_id>1</mch_id><sub_mch_id>2</sub_mch_id><req_info>AAAA</req_info></xml>",
        Some("<root><refund_id>5</refund_id><refund_status>CHANGE</refund_status></root>"),
        "shop/v2/refund-processed/refund_id=5/refund_status=CHANGE",
    ),
    (
        "v2/vehicle-state-changed-for-parking",
        None,
        "<xml><mch_id>1</mch_id><plate_number>B8</plate_number><vehicle_event_type>BLOCKED</vehicle_event_type>\
         <vehicle_event_des>OVERDUE</vehicle_event_des><vehicle_event_createtime>20260101000000</vehicle_event_createtime></xml>",
        None,
        "shop/v2/vehicle-state-changed-for-parking/plate_number.hash=90e50e11fcb38e87/vehicle_event_createtime=20260101000000/\
         vehicle_event_type=BLOCKED/vehicle_event_des=OVERDUE",
    ),
    (
        "v2/pap-deduction-failed",
        None,
        "<xml><return_code>SUCCESS</return_code><result_code>FAIL</result_code><err_code>NOTENOUGH</err_code>\
         <mch_id>1</mch_id><out_trade_no>7</out_trade_no><contract_id>c</contract_id><total_fee>100</total_fee>\
         <trade_state>PAY_FAIL</trade_state></xml>",
        None,
        "shop/v2/pap-deduction-failed/out_trade_no=7/result_code=FAIL/trade_state=PAY_FAIL/err_code=NOTENOUGH",
    ),
    (
        "v2/native-prepay-question",
        None,
        "<xml><appid>a</appid><openid>o</openid><mch_id>1</mch_id><is_subscribe>N</is_subscribe><nonce_str>n</nonce_str>\
         <product_id>p</product_id><sign>S</sign></xml>",
        None,
        "shop/v2/native-prepay-question/nonce_str=n/product_id=p/openid.hash=190450918a8d572b",
    ),
    (
        "v2/pap-contract-state-changed",
        Some("BASIC"),
        "<xml><mch_id>1</mch_id><contract_id>c</contract_id><contract_code>d</contract_code><change_type>ADD</change_type>\
         <operate_time>2026-01-01 00:00:00</operate_time><contract_state>0</contract_state></xml>",
        None,
        "shop/v2/pap-contract-state-changed/contract_id=c/change_type=ADD/operate_time=2026-01-01%2000%3A00%3A00",
    ),
    (
        "v2/transactions-risk-occurred",
        None,
        "<xml><mch_id>1</mch_id><sub_mch_id>2</sub_mch_id><event_code>e</event_code><risk_level>HIGH</risk_level>\
         <transaction_id_list>{\"data\":{\"transaction_id\":[\"7\",\"8\"]}}</transaction_id_list></xml>",
        None,
        "shop/v2/transactions-risk-occurred/event_code=e/sub_mch_id=2/\
         transaction_id_list=%7B%22data%22%3A%7B%22transaction_id%22%3A%5B%227%22%2C%228%22%5D%7D%7D",
    ),
    (
        "v2/CHECK.SUCCESS",
        None,
        deposit_free!("CHECK.SUCCESS"),
        Some(ORDER),
        "shop/v2/CHECK.SUCCESS/order_id=9/state=USER_PAID",
    ),
    ("v2/CHECK.FAIL", None, deposit_free!("CHECK.FAIL"), Some(ORDER), "shop/v2/CHECK.FAIL/@fingerprint=f1"),
    (
        "v2/TRANSACTION.SUCCESS",
        None,
        deposit_free!("TRANSACTION.SUCCESS"),
        Some(ORDER),
        "shop/v2/TRANSACTION.SUCCESS/order_id=9/state=USER_PAID/finish_transaction_id=4200000000000000000000000007",
    ),
    (
        "v2/TRANSACTION.FAIL",
        None,
        deposit_free!("TRANSACTION.FAIL"),
        Some(ORDER),
        "shop/v2/TRANSACTION.FAIL/@fingerprint=f1",
    ),
];
