//! Membership cards, and members of shopping malls.

use wxhook_wire::{EventMeta, OnChanged};

pub(crate) const EVENTS: &[EventMeta] = &[
    EventMeta::v3("MEMBERCARD.ACCEPT_CARD", "会员卡领卡事件通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("MEMBERCARD.ACTIVATE_CARD", "会员卡激活事件通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("MEMBERCARD.USERCARD_MANAGE", "用户管理会员卡事件通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("MEMBERCARDSP.USER_CARD.CREATE", "用户开通商家名片会员卡事件通知")
        .on_changed(OnChanged::Deliver),
    EventMeta::v3("MEMBERCARDSP.USER_CARD.DELETE", "用户删除商家名片会员卡事件通知")
        .on_changed(OnChanged::Deliver),
    EventMeta::v3("BRAND_MEMBER_CARD_SP.POINT_EXCHANGE_COUPON", "用户积分兑券事件通知")
        .key(&[&["record_id"]])
        .on_changed(OnChanged::Deliver),
    EventMeta::v3("BRAND_MEMBER_CARD_SP.SYNC_USER_POINT", "用户积分同步事件通知")
        .on_changed(OnChanged::Deliver),
    EventMeta::v3("BRAND_MEMBER_CARD_SP.USER_CARD.CREATE", "用户开通商家名片会员卡事件通知")
        .on_changed(OnChanged::Deliver)
        .schedule("60s x11"),
    EventMeta::v3("BRAND_MEMBER_CARD_SP.USER_CARD.DELETE", "用户删除商家名片会员卡事件通知")
        .on_changed(OnChanged::Deliver)
        .schedule("60s x11"),
    EventMeta::v3("MALL_AUTH.ACTIVATE_CARD", "商圈会员积分服务授权结果通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("MALL_REFUND.SUCCESS", "商圈会员退款成功通知")
        .key(&[&["refund_id"]])
        .on_changed(OnChanged::Park),
    EventMeta::v3("MALL_TRANSACTION.SUCCESS", "商圈会员支付结果通知")
        .key(&[&["transaction_id"]])
        .on_changed(OnChanged::Park),
];
