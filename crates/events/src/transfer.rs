//! Transfers to users, and their authorizations.

mod model;

pub use model::{
    AuthorizationClosed, AuthorizationConfirmed, AuthorizationState, BillFinished, BillState, CloseInfo,
    CloseReason,
};
use wxhook_wire::{EventMeta, OnChanged};

pub(crate) const EVENTS: &[EventMeta] = &[
    EventMeta::v3("MCHTRANSFER.AUTHORIZATION.CLOSED", "用户关闭自动收款授权通知")
        .key(&[&["authorization_id", "state"]])
        .on_changed(OnChanged::Deliver)
        .schedule("transfer")
        .model::<AuthorizationClosed>(),
    EventMeta::v3("MCHTRANSFER.AUTHORIZATION.CONFIRMED", "用户确认自动收款授权通知")
        .key(&[&["authorization_id", "state"]])
        .on_changed(OnChanged::Deliver)
        .schedule("transfer")
        .model::<AuthorizationConfirmed>(),
    EventMeta::v3("MCHTRANSFER.BATCH.CLOSED", "商家转账批次关闭通知")
        .key(&[&["batch_id", "batch_status"]])
        .on_changed(OnChanged::Park)
        .schedule("transfer"),
    EventMeta::v3("MCHTRANSFER.BATCH.FINISHED", "商家转账批次完成通知")
        .key(&[&["batch_id", "batch_status"]])
        .on_changed(OnChanged::Park)
        .schedule("transfer"),
    EventMeta::v3("MCHTRANSFER.BILL.FINISHED", "商家转账单据终态通知")
        .key(&[&["transfer_bill_no", "state"]])
        .on_changed(OnChanged::Park)
        .schedule("transfer")
        .model::<BillFinished>(),
    EventMeta::v3("MCHTRANSFER.QQWALLETBILL.FINISHED", "转账到QQ钱包终态通知")
        .key(&[&["transfer_bill_no", "state"]])
        .on_changed(OnChanged::Park),
];
