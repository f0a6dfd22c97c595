//! Paying at school.

use wxhook_wire::{EventMeta, OnChanged};

pub(crate) const EVENTS: &[EventMeta] = &[
    EventMeta::v3("EDU_SCHOOL_PAY.USER_DEBT_STATE_UPDATE", "校园轻松付用户欠款状态变化通知")
        .on_changed(OnChanged::Deliver),
    EventMeta::v3("TRANSACTION.INDUSTRY_FAILED", "校园轻松付订单支付失败通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("TRANSACTION.INDUSTRY_SUCCESS", "校园轻松付订单支付成功通知")
        .key(&[&["sub_mchid|sub_mch_id?", "out_trade_no", "trade_state?"]])
        .on_changed(OnChanged::Park),
    EventMeta::v3("FACEPAY.USER_STATE_CHANGE", "刷脸支付-用户签约状态变更回调通知")
        .on_changed(OnChanged::Deliver),
];
