//! Enterprise payment.

use wxhook_wire::{EventMeta, OnChanged};

pub(crate) const EVENTS: &[EventMeta] = &[
    EventMeta::v3("WEBIZPAY.AUTHORIZED", "企业支付关系授权完成通知")
        .on_changed(OnChanged::Deliver)
        .schedule("score-from-0"),
    EventMeta::v3("WEBIZPAY.PAYMENTREFUNDSUCCESS", "企业支付额度卡退款成功后通知")
        .key(&[&["refund_id"]])
        .on_changed(OnChanged::Park)
        .schedule("score-from-0"),
    EventMeta::v3("WEBIZPAY.PAYMENTSUCCESS", "企业支付额度卡支付成功后通知")
        .key(&[&["transaction_id", "transaction_state?"]])
        .on_changed(OnChanged::Park)
        .schedule("score-from-0"),
    EventMeta::v3("WEBIZPAY.QUOTACARDEXPIRED", "企业支付额度卡失效后通知")
        .on_changed(OnChanged::Deliver)
        .schedule("score-from-0"),
    EventMeta::v3("WEBIZPAY.REVOKED", "企业支付关系解除授权后通知")
        .on_changed(OnChanged::Deliver)
        .schedule("score-from-0"),
];
