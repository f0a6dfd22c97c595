//! `v2/loyalty-points-used`: a member paid with points.

use wxhook_wire::{EventMeta, Fen, KeyRule, Time, When, event, model};

/// The entry: identified by a field that no other kind has, parked when changed, as every v2 event is.
pub(crate) const ENTRY: EventMeta = EventMeta {
    key: KeyRule::new(&[&["points_use_id"]]),
    doc: "A member paid a part of an order with points.",
    ..EventMeta::v2("v2/loyalty-points-used", "积分抵扣通知", When::EnvelopePresent("points_use_id"))
        .typed::<PointsUsed>("loyalty")
};

event!(PointsUsed = "v2/loyalty-points-used");

model! {
    /// `v2/loyalty-points-used`: A member paid a part of an order with points.
    pub struct PointsUsed as text {
        /// The merchant or provider.
        mch_id: String = "mch_id",
        /// The platform's number of the use.
        points_use_id: String = "points_use_id",
        /// The merchant's number of the order.
        out_trade_no: String = "out_trade_no",
        /// The member under the merchant's app.
        openid: String = "openid",
        /// The number of points.
        points: i64 = "points",
        /// The amount that they took off the order, in 分.
        points_fee: Fen = "points_fee",
        /// When they were used, as `yyyyMMddHHmmss` in Beijing time.
        time_used: Time = "time_used",
        .. /// The vouchers that were used along with them.
        vouchers: Voucher,
    }
}

model! {
    /// A voucher; in the XML `voucher_id_0`, `voucher_fee_0` and so on.
    pub struct Voucher as text {
        /// Its number.
        voucher_id: String = "voucher_id",
        /// The amount that it took off the order, in 分.
        voucher_fee: Fen = "voucher_fee",
    }
}
