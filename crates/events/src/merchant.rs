//! Being a merchant: permissions, subscriptions, tests, and cross-border acquirers' questions.

use wxhook_wire::{EventMeta, OnChanged};

pub(crate) const EVENTS: &[EventMeta] = &[
    EventMeta::v3("APPLYMENT_STATE.APPROVED", "跨境/全球-H5支付权限申请事件回调通知")
        .on_changed(OnChanged::Deliver),
    EventMeta::v3("MERCHANT_NOTIFY.NOTIFY", "合作伙伴订阅通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("SECURITY_ECHO.SUCCESS", "商户签名验签／加解密测试回调通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("CROSS_BORDER_PAY.GET_MCH_INFO", "跨境支付查询商户信息通知")
        .on_changed(OnChanged::Deliver)
        .question(),
    EventMeta::v3("CROSS_BORDER_PAY.PUSH_ORDER_INFO", "跨境支付推送订单信息通知")
        .on_changed(OnChanged::Deliver)
        .question(),
];
