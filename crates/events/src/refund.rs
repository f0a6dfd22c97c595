//! Refunds.

mod model;

pub use model::{
    RefundAbnormal, RefundAmount, RefundChannel, RefundClosed, RefundFrom, RefundGoods, RefundPromotion,
    RefundStatus, RefundSuccess,
};
use wxhook_wire::{EventMeta, OnChanged, When};

const REFUND_ABNORMAL: EventMeta = EventMeta::v3("REFUND.ABNORMAL", "退款异常通知")
    .key(&[&["refund_id", "@create_time"]])
    .on_changed(OnChanged::Deliver);
const REFUND_CLOSED: EventMeta = EventMeta::v3("REFUND.CLOSED", "退款关闭通知")
    .key(&[&["refund_id", "refund_status"]])
    .on_changed(OnChanged::Park);
const REFUND_SUCCESS: EventMeta = EventMeta::v3("REFUND.SUCCESS", "退款成功通知")
    .key(&[&["refund_id|id", "refund_status|status?"]])
    .on_changed(OnChanged::Park);

pub(crate) const EVENTS: &[EventMeta] = &[
    REFUND_ABNORMAL.variant("INDIVIDUAL", When::Present("individual_auth_id")).model::<RefundAbnormal>(),
    REFUND_ABNORMAL.variant("PARTNER", When::Present("sp_mchid")).model::<RefundAbnormal>(),
    REFUND_ABNORMAL.variant("BASIC", When::Present("mchid")).model::<RefundAbnormal>(),
    REFUND_ABNORMAL.no_variant(),
    REFUND_CLOSED.variant("INDIVIDUAL", When::Present("individual_auth_id")).model::<RefundClosed>(),
    REFUND_CLOSED.variant("PARTNER", When::Present("sp_mchid")).model::<RefundClosed>(),
    REFUND_CLOSED.variant("BASIC", When::Present("mchid")).model::<RefundClosed>(),
    REFUND_CLOSED.no_variant(),
    REFUND_SUCCESS
        .title("跨境/全球-退款成功通知")
        .variant(
            "GLOBAL_PARTNER",
            When::All(&[
                When::Any(&[
                    When::Present("amount.exchange_rate"),
                    When::Present("recv_account"),
                    When::Present("fund_source"),
                ]),
                When::Present("sp_mchid"),
            ]),
        )
        .model::<RefundSuccess>(),
    REFUND_SUCCESS
        .title("跨境/全球-退款成功通知")
        .variant(
            "GLOBAL",
            When::Any(&[
                When::Present("amount.exchange_rate"),
                When::Present("recv_account"),
                When::Present("fund_source"),
            ]),
        )
        .model::<RefundSuccess>(),
    REFUND_SUCCESS.variant("INDIVIDUAL", When::Present("individual_auth_id")).model::<RefundSuccess>(),
    REFUND_SUCCESS.variant("PARTNER", When::Present("sp_mchid")).model::<RefundSuccess>(),
    REFUND_SUCCESS.variant("BASIC", When::Present("mchid")).model::<RefundSuccess>(),
    REFUND_SUCCESS.no_variant(),
];
