//! Payments: done, failed, paid back.

mod combine;
mod global;
mod parking;
mod parts;
mod profitsharing;
mod transaction;

pub use combine::{SubOrder, SubOrderAmount, TransactionSuccessCombine};
pub use global::{GlobalGoods, GlobalPromotion, TransactionSuccessGlobal, TransactionSuccessGlobalPartner};
pub use parking::{ParkingInfo, PlateColor, TransactionSuccessParking};
pub use parts::{
    Amount, ExchangeRate, Goods, InstallmentInfo, Payer, Promotion, PromotionKind, PromotionScope, SceneInfo,
    TradeState, TradeType,
};
pub use profitsharing::{Receiver, ReceiverKind, TransactionSuccessProfitsharing};
pub use transaction::{
    DeviceInformation, TransactionSuccess, TransactionSuccessBasic, TransactionSuccessPartner,
};
use wxhook_wire::{EventMeta, OnChanged, When};

const TRANSACTION_SUCCESS: EventMeta =
    EventMeta::v3("TRANSACTION.SUCCESS", "支付成功通知").on_changed(OnChanged::Park);
const TRANSACTION_FAIL: EventMeta =
    EventMeta::v3("TRANSACTION.FAIL", "支付失败通知").on_changed(OnChanged::Deliver);
const TRANSACTION_PAY_BACK: EventMeta = EventMeta::v3("TRANSACTION.PAY_BACK", "用户还款通知")
    .key(&[&["sub_mchid|sub_mch_id?", "out_trade_no"]])
    .on_changed(OnChanged::Park);
const MEDICAL_INSURANCE_SUCCESS: EventMeta =
    EventMeta::v3("MEDICAL_INSURANCE.SUCCESS", "医保混合支付成功通知")
        .key(&[&["mix_trade_no", "mix_pay_status", "self_pay_status?", "med_ins_pay_status?"]])
        .on_changed(OnChanged::Park);

pub(crate) const EVENTS: &[EventMeta] = &[
    TRANSACTION_SUCCESS
        .title("分账动账通知")
        .key(&[&["order_id", "receiver.type", "receiver.account", "receiver.amount?"]])
        .variant(
            "PROFITSHARING",
            When::Any(&[
                When::EnvelopeEquals("resource.original_type", "profitsharing"),
                When::All(&[When::Present("receiver"), When::Present("order_id")]),
            ]),
        )
        .model::<TransactionSuccessProfitsharing>(),
    TRANSACTION_SUCCESS
        .title("个人收款合单支付通知")
        .key(&[
            &["combine_mchid", "combine_out_trade_no"],
            &["transaction_id"],
            &["sub_mchid|sub_mch_id?", "out_trade_no"],
        ])
        .variant(
            "INDIVIDUAL",
            When::All(&[
                When::Present("combine_out_trade_no"),
                When::Present("sub_orders.individual_auth_id"),
            ]),
        )
        .model::<TransactionSuccess>(),
    TRANSACTION_SUCCESS
        .title("合单支付通知")
        .key(&[&["combine_mchid", "combine_out_trade_no"]])
        .variant(
            "COMBINE",
            When::Any(&[
                When::Present("combine_mchid"),
                When::Present("combine_out_trade_no"),
                When::Present("combine_appid"),
            ]),
        )
        .model::<TransactionSuccessCombine>(),
    TRANSACTION_SUCCESS
        .title("停车服务订单支付成功通知")
        .key(&[&["sub_mchid|sub_mch_id?", "out_trade_no", "user_repaid?"]])
        .variant(
            "PARKING",
            When::Any(&[When::Equals("trade_scene", "PARKING"), When::Present("parking_info")]),
        )
        .model::<TransactionSuccessParking>(),
    TRANSACTION_SUCCESS
        .title("跨境/全球-支付成功通知")
        .key(&[&["id|transaction_id"]])
        .variant(
            "GLOBAL_PARTNER",
            When::All(&[
                When::Any(&[When::Present("amount.exchange_rate"), When::Present("id")]),
                When::Present("sp_mchid"),
            ]),
        )
        .model::<TransactionSuccessGlobalPartner>(),
    TRANSACTION_SUCCESS
        .title("跨境/全球-支付成功通知")
        .key(&[&["id|transaction_id"]])
        .variant("GLOBAL", When::Any(&[When::Present("amount.exchange_rate"), When::Present("id")]))
        .model::<TransactionSuccessGlobal>(),
    TRANSACTION_SUCCESS
        .title("教育续费通扣款成功通知")
        .key(&[&["transaction_id"], &["sub_mchid|sub_mch_id?", "out_trade_no"]])
        .variant(
            "EDUCATION",
            When::Any(&[When::Present("device_information"), When::Present("contract_information")]),
        )
        .model::<TransactionSuccess>(),
    TRANSACTION_SUCCESS
        .title("保险商户委托代扣成功支付通知")
        .key(&[&["transaction_id"], &["sub_mchid|sub_mch_id?", "out_trade_no"]])
        .variant("INSURANCE_ENTRUST", When::Equals("trade_type", "PAP"))
        .model::<TransactionSuccess>(),
    TRANSACTION_SUCCESS
        .title("服务商支付通知")
        .key(&[&["transaction_id"], &["sub_mchid", "out_trade_no"]])
        .variant("PARTNER", When::All(&[When::Present("sp_mchid"), When::Present("sub_mchid")]))
        .model::<TransactionSuccessPartner>(),
    TRANSACTION_SUCCESS
        .title("普通支付通知")
        .key(&[&["transaction_id"]])
        .variant("BASIC", When::Present("mchid"))
        .model::<TransactionSuccessBasic>(),
    TRANSACTION_SUCCESS.no_variant(),
    TRANSACTION_FAIL.title("停车服务订单支付失败通知").variant(
        "PARKING",
        When::Any(&[When::Equals("trade_scene", "PARKING"), When::Present("parking_info")]),
    ),
    TRANSACTION_FAIL.title("教育续费通扣款失败通知").variant(
        "EDUCATION",
        When::Any(&[When::Present("device_information"), When::Present("contract_information")]),
    ),
    TRANSACTION_FAIL
        .title("保险商户委托代扣支付失败通知")
        .variant("INSURANCE_ENTRUST", When::Equals("trade_type", "PAP")),
    TRANSACTION_FAIL.no_variant(),
    TRANSACTION_PAY_BACK.title("停车服务用户还款通知").variant(
        "PARKING",
        When::Any(&[When::Equals("trade_scene", "PARKING"), When::Present("parking_info")]),
    ),
    TRANSACTION_PAY_BACK.title("校园轻松付用户还款通知").variant(
        "EDUSCHOOLPAY",
        When::Any(&[
            When::Equals("trade_type", "AUTH"),
            When::Present("device_info"),
            When::Present("trade_state_desc"),
        ]),
    ),
    TRANSACTION_PAY_BACK.no_variant(),
    MEDICAL_INSURANCE_SUCCESS
        .variant("PARTNER", When::Any(&[When::Present("sub_mchid"), When::Present("sub_appid")])),
    MEDICAL_INSURANCE_SUCCESS.variant("BASIC", When::Present("mix_trade_no")),
    MEDICAL_INSURANCE_SUCCESS.no_variant(),
];
