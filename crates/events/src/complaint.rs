//! Complaints of users.

use wxhook_wire::{EventMeta, OnChanged};

pub(crate) const EVENTS: &[EventMeta] = &[
    EventMeta::v3("COMPLAINT.CREATE", "产生新投诉通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("COMPLAINT.STATE_CHANGE", "投诉状态变化通知").on_changed(OnChanged::Deliver),
];
