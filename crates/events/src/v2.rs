//! Everything that comes as XML.
//!
//! The order of the kinds is the order of decision. Refunds come first: what isn't signed must not pass for something
//! that is, whatever other fields it carries.

mod contract;
mod coupons;
mod deposit_free;
mod notice;
mod payment;
mod refund;

pub use contract::{ContractChange, ContractStateChanged};
pub use coupons::{Coupon, Coupons};
pub use deposit_free::{CheckFail, CheckSuccess, DepositFreeOrder, DepositFreePaid, DepositFreeUnpaid};
pub use notice::{PlateState, RiskLevel, TransactionsRisk, VehicleStateChanged};
pub use payment::{CombinedTransactionsSuccess, SubOrder, SubOrderList, TransactionSuccess};
pub use refund::{RefundInfo, RefundProcessed, RefundStatus};
use wxhook_wire::{Cipher, EventMeta, OnChanged, When};

const REFUND_PROCESSED: EventMeta =
    EventMeta::v2("v2/refund-processed", "退款结果通知", When::EnvelopePresent("req_info"))
        .key(&[&["refund_id", "refund_status", "refund_recv_accout?"]])
        .on_changed(OnChanged::Park)
        .cipher(Cipher::AesEcb);
const PAP_CONTRACT_STATE_CHANGED: EventMeta = EventMeta::v2(
    "v2/pap-contract-state-changed",
    "签/解约扣款服务通知",
    When::All(&[When::EnvelopePresent("contract_id"), When::EnvelopePresent("change_type")]),
)
.key(&[
    &["contract_id", "change_type", "operate_time"],
    &["sub_mchid|sub_mch_id?", "contract_code", "request_serial"],
])
.on_changed(OnChanged::Park)
.schedule("10s x3, 30s x3, 300s x23");
const TRANSACTION_SUCCESS: EventMeta = EventMeta::v2(
    "v2/transaction-success",
    "普通支付通知",
    When::All(&[When::EnvelopePresent("transaction_id"), When::EnvelopePresent("total_fee")]),
)
.key(&[&["transaction_id", "result_code?", "trade_state?", "user_repaid?"]])
.on_changed(OnChanged::Park);

pub(crate) const EVENTS: &[EventMeta] = &[
    REFUND_PROCESSED.variant("PARTNER", When::EnvelopePresent("sub_mch_id")).model::<RefundProcessed>(),
    REFUND_PROCESSED.variant("BASIC", When::Present("refund_id")).model::<RefundProcessed>(),
    REFUND_PROCESSED.no_variant(),
    EventMeta::v2(
        "v2/CHECK.SUCCESS",
        "免押租借/速住用户成功确认订单通知",
        When::All(&[
            When::EnvelopeEquals("event_type", "CHECK.SUCCESS"),
            When::EnvelopePresent("event_ciphertext"),
        ]),
    )
    .key(&[&["order_id|out_order_no", "state"]])
    .on_changed(OnChanged::Park)
    .cipher(Cipher::AesGcm)
    .model::<CheckSuccess>(),
    EventMeta::v2(
        "v2/CHECK.FAIL",
        "免押租借/速住用户确认订单失败通知",
        When::All(&[
            When::EnvelopeEquals("event_type", "CHECK.FAIL"),
            When::EnvelopePresent("event_ciphertext"),
        ]),
    )
    .on_changed(OnChanged::Park)
    .cipher(Cipher::AesGcm)
    .model::<CheckFail>(),
    EventMeta::v2(
        "v2/TRANSACTION.SUCCESS",
        "免押租借/速住用户支付成功订单通知",
        When::All(&[
            When::EnvelopeEquals("event_type", "TRANSACTION.SUCCESS"),
            When::EnvelopePresent("event_ciphertext"),
        ]),
    )
    .key(&[&["order_id|out_order_no", "state", "finish_transaction_id?"]])
    .on_changed(OnChanged::Park)
    .cipher(Cipher::AesGcm)
    .model::<DepositFreePaid>(),
    EventMeta::v2(
        "v2/TRANSACTION.FAIL",
        "免押租借/速住用户支付订单失败通知",
        When::All(&[
            When::EnvelopeEquals("event_type", "TRANSACTION.FAIL"),
            When::EnvelopePresent("event_ciphertext"),
        ]),
    )
    .on_changed(OnChanged::Park)
    .cipher(Cipher::AesGcm)
    .model::<DepositFreeUnpaid>(),
    EventMeta::v2(
        "v2/combined-transactions-success",
        "合单支付通知",
        When::EnvelopePresent("combine_out_trade_no"),
    )
    .key(&[&["combine_mch_id", "combine_out_trade_no", "result_code?"]])
    .on_changed(OnChanged::Park)
    .schedule("score")
    .model::<CombinedTransactionsSuccess>(),
    EventMeta::v2(
        "v2/vehicle-state-changed-for-parking",
        "车牌状态变更通知",
        When::EnvelopePresent("vehicle_event_type"),
    )
    .key(&[&[
        "plate_number",
        "vehicle_event_createtime",
        "sub_mchid|sub_mch_id?",
        "vehicle_event_type?",
        "vehicle_event_des?",
    ]])
    .on_changed(OnChanged::Deliver)
    .schedule("doubling from 6s to 1536s")
    .model::<VehicleStateChanged>(),
    PAP_CONTRACT_STATE_CHANGED
        .variant("PARTNER", When::Present("sub_mch_id"))
        .model::<ContractStateChanged>(),
    PAP_CONTRACT_STATE_CHANGED.variant("BASIC", When::Present("mch_id")).model::<ContractStateChanged>(),
    PAP_CONTRACT_STATE_CHANGED.no_variant(),
    EventMeta::v2(
        "v2/transactions-risk-occurred",
        "交易风险通知",
        When::All(&[When::EnvelopePresent("event_code"), When::EnvelopePresent("transaction_id_list")]),
    )
    .key(&[&["event_code", "sub_mch_id?", "transaction_id_list?"]])
    .on_changed(OnChanged::Deliver)
    .model::<TransactionsRisk>(),
    TRANSACTION_SUCCESS.variant("PAP", When::Present("contract_id")).model::<TransactionSuccess>(),
    TRANSACTION_SUCCESS.variant("PARTNER", When::Present("sub_mch_id")).model::<TransactionSuccess>(),
    TRANSACTION_SUCCESS.variant("BASIC", When::Present("mch_id")).model::<TransactionSuccess>(),
    TRANSACTION_SUCCESS.no_variant(),
];
