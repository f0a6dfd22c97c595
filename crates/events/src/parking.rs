//! Parking, and cars that pay by their plate.

mod model;

pub use model::QueryTransInfo;
use wxhook_wire::{EventMeta, OnChanged};

pub(crate) const EVENTS: &[EventMeta] = &[
    EventMeta::v3("VEHICLE.ENTRANCE_STATE_CHANGE", "停车入场状态变更通知")
        .key(&[&["parking_id", "parking_state", "state_update_time"]])
        .on_changed(OnChanged::Deliver),
    EventMeta::v3("VEHICLE.USER_STATE_CHANGE", "ETC授权签约状态变化通知").on_changed(OnChanged::Deliver),
    EventMeta::v3("PARKING_FEE.QUERY_TRANS_INFO", "停车缴费服务-商户查费回调")
        .on_changed(OnChanged::Deliver)
        .question()
        .model::<QueryTransInfo>(),
];
