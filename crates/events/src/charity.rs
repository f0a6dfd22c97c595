//! Budgets of charity.

use wxhook_wire::{EventMeta, OnChanged};

pub(crate) const EVENTS: &[EventMeta] = &[
    EventMeta::v3("BUDGET.CLOSED", "公益捐赠-预算申请关闭回调通知")
        .key(&[&["budget_id", "state"]])
        .on_changed(OnChanged::Deliver),
    EventMeta::v3("BUDGET.FINISHED", "公益捐赠-预算申请完结回调通知")
        .key(&[&["budget_id", "state"]])
        .on_changed(OnChanged::Deliver),
    EventMeta::v3("BUDGET.LOCKED", "公益捐赠-预算申请锁定成功通知")
        .key(&[&["budget_id", "state"]])
        .on_changed(OnChanged::Deliver),
];
