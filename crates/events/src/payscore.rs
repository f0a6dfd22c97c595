//! Pay-score: service orders, service authorizations, plans.

mod model;

pub use model::{
    Collection, CollectionDetail, CollectionState, Location, PostDiscount, PostPayment, RiskFund,
    ServiceOrderState, TimeRange, UserConfirm, UserPaid,
};
use wxhook_wire::{EventMeta, OnChanged, When};

const PAYSCORE_USER_CLOSE_SERVICE: EventMeta =
    EventMeta::v3("PAYSCORE.USER_CLOSE_SERVICE", "支付分服务用户解除授权通知").on_changed(OnChanged::Deliver);
const PAYSCORE_USER_CONFIRM: EventMeta =
    EventMeta::v3("PAYSCORE.USER_CONFIRM", "支付分服务用户确认成功通知").on_changed(OnChanged::Deliver);
const PAYSCORE_USER_OPEN_SERVICE: EventMeta =
    EventMeta::v3("PAYSCORE.USER_OPEN_SERVICE", "支付分服务用户授权成功通知").on_changed(OnChanged::Deliver);
const PAYSCORE_USER_PAID: EventMeta = EventMeta::v3("PAYSCORE.USER_PAID", "支付分服务用户支付成功通知")
    .key(&[&["sub_mchid|sub_mch_id?", "out_order_no", "collection.state?", "collection.paid_amount?"]])
    .on_changed(OnChanged::Park);
const PAYSCORE_USER_SIGN_PLAN: EventMeta = EventMeta::v3("PAYSCORE.USER_SIGN_PLAN", "用户签约计划成功通知")
    .on_changed(OnChanged::Deliver)
    .schedule("60s x11");

pub(crate) const EVENTS: &[EventMeta] = &[
    EventMeta::v3("PAYSCORE.BIND_SERVICE_ACCOUNT", "支付分服务账户绑定结果通知")
        .on_changed(OnChanged::Deliver),
    EventMeta::v3("PAYSCORE.MCH_PREPAY", "支付分商户预下单通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("PAYSCORE.USER_ACCEPTED", "智慧零售/先享后付确认订单通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("PAYSCORE.USER_CANCEL_SIGN_PLAN", "用户取消已签约的计划通知")
        .on_changed(OnChanged::Deliver)
        .schedule("60s x11"),
    PAYSCORE_USER_CLOSE_SERVICE.title("校园轻松付用户解约成功通知").variant(
        "EDUSCHOOLPAY",
        When::Any(&[
            When::Present("contract_id"),
            When::Present("plan_id"),
            When::Present("contract_status"),
            When::Present("out_contract_code"),
        ]),
    ),
    PAYSCORE_USER_CLOSE_SERVICE
        .variant("PARTNER", When::Any(&[When::Present("sub_mchid"), When::Present("sub_mch_id")])),
    PAYSCORE_USER_CLOSE_SERVICE.variant("BASIC", When::Present("service_id")),
    PAYSCORE_USER_CLOSE_SERVICE.no_variant(),
    PAYSCORE_USER_CONFIRM
        .variant(
            "INSTITUTION",
            When::Any(&[
                When::Present("currency_rate_info"),
                When::Present("currency_price"),
                When::Present("currency"),
            ]),
        )
        .model::<UserConfirm>(),
    PAYSCORE_USER_CONFIRM.variant("PARTNER", When::Present("sub_mchid")).model::<UserConfirm>(),
    PAYSCORE_USER_CONFIRM.variant("BASIC", When::Present("mchid")).model::<UserConfirm>(),
    PAYSCORE_USER_CONFIRM.no_variant(),
    PAYSCORE_USER_OPEN_SERVICE.title("校园轻松付用户签约成功通知").variant(
        "EDUSCHOOLPAY",
        When::Any(&[
            When::Present("contract_id"),
            When::Present("plan_id"),
            When::Present("contract_status"),
            When::Present("out_contract_code"),
        ]),
    ),
    PAYSCORE_USER_OPEN_SERVICE
        .variant("PARTNER", When::Any(&[When::Present("sub_mchid"), When::Present("sub_mch_id")])),
    PAYSCORE_USER_OPEN_SERVICE.variant("BASIC", When::Present("service_id")),
    PAYSCORE_USER_OPEN_SERVICE.no_variant(),
    PAYSCORE_USER_PAID
        .variant(
            "INSTITUTION",
            When::Any(&[
                When::Present("currency_rate_info"),
                When::Present("currency_price"),
                When::Present("currency"),
            ]),
        )
        .model::<UserPaid>(),
    PAYSCORE_USER_PAID.variant("PARTNER", When::Present("sub_mchid")).model::<UserPaid>(),
    PAYSCORE_USER_PAID.variant("BASIC", When::Present("mchid")).model::<UserPaid>(),
    PAYSCORE_USER_PAID.no_variant(),
    PAYSCORE_USER_SIGN_PLAN.variant("PARTNER", When::Present("sub_mchid")),
    PAYSCORE_USER_SIGN_PLAN.variant("BASIC", When::Present("mchid")),
    PAYSCORE_USER_SIGN_PLAN.no_variant(),
];
