//! Fapiao: tax receipts.

use wxhook_wire::{EventMeta, OnChanged};

pub(crate) const EVENTS: &[EventMeta] = &[
    EventMeta::v3("FAPIAO.CARD_DISCARDED", "发票卡券作废通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("FAPIAO.CARD_INSERTED", "发票插入用户卡包成功通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("FAPIAO.ISSUED", "发票开具成功通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("FAPIAO.REVERSED", "发票冲红成功通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("FAPIAO.USER_APPLIED", "用户发票抬头填写完成通知").on_changed(OnChanged::Deliver),
];
