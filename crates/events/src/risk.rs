//! Risk control of merchants and their orders.

use wxhook_wire::{EventMeta, OnChanged};

pub(crate) const EVENTS: &[EventMeta] = &[
    EventMeta::v3("RISKTRADE.IDENTIFICATION", "风险订单回调通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("VIOLATION.APPEAL", "二级商户申诉通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("VIOLATION.INTERCEPT", "拦截二级商户通知")
        .key(&[&["record_id", "punish_plan?", "punish_time?"]])
        .on_changed(OnChanged::Deliver),
    EventMeta::v3("VIOLATION.PUNISH", "处罚二级商户通知")
        .key(&[&["record_id", "punish_plan?", "punish_time?"]])
        .on_changed(OnChanged::Deliver),
    EventMeta::v3("BLOCKRECORD.CHANGE", "交易拦截记录通知")
        .on_changed(OnChanged::Deliver)
        .schedule("3s 60s 180s 600s 1200s 3600s"),
    EventMeta::v3("BLOCKSUBMISSION.CHANGE", "交易拦截申诉通知")
        .on_changed(OnChanged::Deliver)
        .schedule("3s 60s 180s 600s 1200s 3600s"),
    EventMeta::v3("MANAGERECORD.CHANGE", "商户管理记录通知")
        .on_changed(OnChanged::Deliver)
        .schedule("3s 60s 180s 600s 1200s 3600s"),
];
