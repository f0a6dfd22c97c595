//! Insurance.

use wxhook_wire::{EventMeta, OnChanged};

pub(crate) const EVENTS: &[EventMeta] = &[
    EventMeta::v3("INSURANCE_POLICY_MANAGEMENT.GRANTED", "微信保单服务用户授权成功通知")
        .on_changed(OnChanged::Deliver)
        .schedule("score-from-0"),
    EventMeta::v3("HIRE_POWER_BANK.RECEIVE_INSURANCE", "隔夜归还保险订单状态变化通知")
        .key(&[&["order_id", "order_receive_state", "claimed_count?", "order_receive_time?"]])
        .on_changed(OnChanged::Deliver),
];
