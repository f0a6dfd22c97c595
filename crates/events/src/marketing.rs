//! Coupons, discount cards and delivery plans.

use wxhook_wire::{EventMeta, OnChanged};

pub(crate) const EVENTS: &[EventMeta] = &[
    EventMeta::v3("COUPON.SEND", "领券事件回调通知")
        .key(&[&["stock_id", "coupon_code"]])
        .on_changed(OnChanged::Deliver)
        .schedule("60s x11"),
    EventMeta::v3("COUPON.USE", "核销事件回调通知")
        .key(&[&[
            "stock_id",
            "coupon_id",
            "status",
            "consume_information.transaction_id|consume_information.consume_time?",
        ]])
        .on_changed(OnChanged::Deliver)
        .schedule("60s x9"),
    EventMeta::v3("PRODUCT_COUPON_SP.IMAGE_GENERATION", "商品券图片生成结果通知")
        .on_changed(OnChanged::Deliver)
        .schedule("60s x11"),
    EventMeta::v3("PRODUCT_COUPON_SP.SEND", "商品券领券通知")
        .key(&[&["brand_id", "stock_id", "coupon_code"]])
        .on_changed(OnChanged::Deliver)
        .schedule("60s x11"),
    EventMeta::v3("DISCOUNT_CARD.AGREEMENT_ENDED", "先享卡守约状态变化通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("DISCOUNT_CARD.GET_CARD", "先享卡用户领卡通知(模板配置)").on_changed(OnChanged::Deliver),
    EventMeta::v3("DISCOUNT_CARD.SETTLEMENT", "先享卡用户结算通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("DISCOUNT_CARD.USER_ACCEPTED", "先享卡用户领卡通知(预受理领卡)")
        .on_changed(OnChanged::Deliver),
    EventMeta::v3("DISCOUNT_CARD.USER_PAID", "先享卡扣费状态变化通知")
        .key(&[&["card_id|out_card_code", "state", "pay_information.transaction_id"]])
        .on_changed(OnChanged::Park),
    EventMeta::v3("DELIVERY_PLAN.CHANGE", "投放计划状态变更通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("DELIVERY_PLAN_STATE.DELIVER", "投放计划状态变更通知").on_changed(OnChanged::Deliver),
];
