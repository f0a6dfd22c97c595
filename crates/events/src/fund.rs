//! A merchant's own funds: withdrawals, recharges, settlements.

use wxhook_wire::{EventMeta, OnChanged, When};

const MCHWITHDRAW_CHANGE: EventMeta = EventMeta::v3("MCHWITHDRAW.CHANGE", "预约提现状态变更通知")
    .key(&[&["withdraw_id", "status", "update_time"]])
    .on_changed(OnChanged::Deliver)
    .schedule("15s x10, 300s x10, 1800s x47");
const RECHARGE_FUND_RETURNED: EventMeta = EventMeta::v3("RECHARGE.FUND_RETURNED", "收付通充值资金退回通知")
    .key(&[&["recharge_returned_id"]])
    .on_changed(OnChanged::Park);

pub(crate) const EVENTS: &[EventMeta] = &[
    MCHWITHDRAW_CHANGE.variant("ECOMMERCE_DAY_END", When::Present("total_amount")),
    MCHWITHDRAW_CHANGE.variant("ECOMMERCE", When::Present("sp_mchid")),
    MCHWITHDRAW_CHANGE.variant("PLATFORM", When::Present("withdraw_id")),
    MCHWITHDRAW_CHANGE.no_variant(),
    EventMeta::v3("RECHARGE.CLOSED", "收付通关闭充值通知")
        .key(&[&["recharge_id", "recharge_state"]])
        .on_changed(OnChanged::Park),
    RECHARGE_FUND_RETURNED.variant("BANK_TRANSFER", When::Equals("recharge_channel", "BANK_TRANSFER")),
    RECHARGE_FUND_RETURNED.variant("ONLINE_BANK", When::Equals("recharge_channel", "ONLINE_BANK")),
    RECHARGE_FUND_RETURNED.no_variant(),
    EventMeta::v3("RECHARGE.SUCCESS", "收付通充值成功通知")
        .key(&[&["recharge_id", "recharge_state"]])
        .on_changed(OnChanged::Park),
    EventMeta::v3("SETTLEMENT.SUCCESS", "结算成功通知")
        .key(&[&["settle_batch_no", "state"]])
        .on_changed(OnChanged::Deliver),
    EventMeta::v3("ABNORMAL_FUND_PROCESSING.TRANSFER.SUCCESS", "异常资金转账成功通知")
        .key(&[&["receipt_id", "receipt_state", "instruction.instruction_instance_id?"]])
        .on_changed(OnChanged::Deliver),
];
