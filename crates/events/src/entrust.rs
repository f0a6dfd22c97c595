//! Withholding contracts: signed, ended, asked about.

use wxhook_wire::{EventMeta, OnChanged, When};

const ENTRUST_SIGN: EventMeta =
    EventMeta::v3("ENTRUST.SIGN", "委托代扣签约成功通知").on_changed(OnChanged::Deliver);
const ENTRUST_TERMINATE: EventMeta =
    EventMeta::v3("ENTRUST.TERMINATE", "委托代扣解约成功通知").on_changed(OnChanged::Deliver);
const PAPAY_SIGN: EventMeta = EventMeta::v3("PAPAY.SIGN", "跨境/全球-委托代扣签约成功通知")
    .key(&[&["contract_id|out_contract_code", "operate_time"]])
    .on_changed(OnChanged::Deliver);
const PAPAY_TERMINATE: EventMeta = EventMeta::v3("PAPAY.TERMINATE", "跨境/全球-委托代扣解约成功通知")
    .key(&[&["contract_id|out_contract_code", "operate_time"]])
    .on_changed(OnChanged::Deliver)
    .schedule("score");

pub(crate) const EVENTS: &[EventMeta] = &[
    EventMeta::v3("ENTRUST.RELEASE", "教育续费通解约成功通知").on_changed(OnChanged::Deliver),
    ENTRUST_SIGN.variant("PARTNER", When::Any(&[When::Present("sp_mchid"), When::Present("sub_mchid")])),
    ENTRUST_SIGN.variant("BASIC", When::Present("mchid")),
    ENTRUST_SIGN.no_variant(),
    EventMeta::v3("ENTRUST.SIGNING", "教育续费通签约成功通知").on_changed(OnChanged::Deliver),
    ENTRUST_TERMINATE.variant("PARTNER", When::Any(&[When::Present("sp_mchid"), When::Present("sub_mchid")])),
    ENTRUST_TERMINATE.variant("BASIC", When::Present("contract_id")),
    ENTRUST_TERMINATE.no_variant(),
    EventMeta::v3("ENTRUST.TERMINATE_INQUIRY", "委托代扣解约问询通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("ENTRUST.TERMINATE_RETENTION", "委托代扣解约挽留通知")
        .on_changed(OnChanged::Deliver)
        .question(),
    EventMeta::v3("ECOMMERCE_ENTRUST.SIGN", "收付通合单代扣签约成功通知")
        .key(&[&["contract_id|out_contract_code", "operate_time"]])
        .on_changed(OnChanged::Deliver),
    EventMeta::v3("ECOMMERCE_ENTRUST.TERMINATE", "收付通合单代扣解约成功通知")
        .key(&[&["contract_id|out_contract_code", "operate_time"]])
        .on_changed(OnChanged::Deliver),
    PAPAY_SIGN.variant("PARTNER", When::Present("sp_mchid")),
    PAPAY_SIGN.variant("BASIC", When::Present("mchid")),
    PAPAY_SIGN.no_variant(),
    PAPAY_TERMINATE.variant("PARTNER", When::Present("sp_mchid")),
    PAPAY_TERMINATE.variant("BASIC", When::Present("mchid")),
    PAPAY_TERMINATE.no_variant(),
    EventMeta::v3("CREDIT_REPAYMENT.DEDUCTION_PAY", "自动还款扣费还款成功通知")
        .key(&[&["transaction_id"], &["sub_mchid", "out_trade_no"]])
        .on_changed(OnChanged::Park),
    EventMeta::v3("CREDIT_REPAYMENT.SIGN_CONTRACT", "自动还款协议签约成功通知")
        .on_changed(OnChanged::Deliver),
    EventMeta::v3("CREDIT_REPAYMENT.TERMINATE_CONTRACT", "自动还款协议解约成功通知")
        .on_changed(OnChanged::Deliver),
    EventMeta::v3("INSURANCE_ENTRUST.RENEW", "保险商户委托代扣续期完成通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("INSURANCE_ENTRUST.SIGN", "保险商户委托代扣签约成功通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("INSURANCE_ENTRUST.TERMINATE", "保险商户委托代扣解约成功通知")
        .on_changed(OnChanged::Deliver),
];
