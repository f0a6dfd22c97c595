//! Sharing a payment with others.

use wxhook_wire::{EventMeta, OnChanged, When};

const PROFITSHARING_RETURN: EventMeta = EventMeta::v3("PROFITSHARING.RETURN", "分账回退通知")
    .key(&[&["order_id", "receiver.type", "receiver.account", "receiver.amount?"]])
    .on_changed(OnChanged::Park);
const PROFITSHARING_SUCCESS: EventMeta = EventMeta::v3("PROFITSHARING.SUCCESS", "分账成功通知")
    .key(&[&["order_id", "receiver.type", "receiver.account", "receiver.amount?"]])
    .on_changed(OnChanged::Park);

pub(crate) const EVENTS: &[EventMeta] = &[
    PROFITSHARING_RETURN.variant("PARTNER", When::Present("sp_mchid")),
    PROFITSHARING_RETURN.variant("BASIC", When::Present("mchid")),
    PROFITSHARING_RETURN.no_variant(),
    PROFITSHARING_SUCCESS.variant("PARTNER", When::Present("sp_mchid")),
    PROFITSHARING_SUCCESS.variant("BASIC", When::Present("mchid")),
    PROFITSHARING_SUCCESS.no_variant(),
];
