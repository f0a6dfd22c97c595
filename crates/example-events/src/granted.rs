//! `LOYALTY.POINTS_GRANTED`, v3: points were granted to a member.

use wxhook_wire::{ConflictPolicy, EventMeta, Fen, KeyRule, Time, When, event, model, open_enum, variants};

const GRANTED: EventMeta = EventMeta {
    // The platform's number of the grant; else the merchant's, which repeats across a provider's sub-merchants.
    key: KeyRule::new(&[&["grant_id"], &["sub_mchid|sub_mch_id?", "out_grant_no"]]),
    // Points are worth money: other content under a known key waits for an operator.
    on_changed: ConflictPolicy::Park,
    ..EventMeta::v3("LOYALTY.POINTS_GRANTED", "积分发放通知")
};

/// The variants in the order of decision, and the fallback.
pub(crate) const ENTRIES: [EventMeta; 3] = [
    EventMeta {
        doc: "A member was granted points for a payment.",
        ..GRANTED
            .variant("PURCHASE", When::Present("transaction_id"))
            .typed::<PointsGrantedPurchase>("loyalty")
    },
    EventMeta {
        doc: "A member was granted points by another one.",
        ..GRANTED.variant("GIFT", When::Present("giver_openid")).typed::<PointsGrantedGift>("loyalty")
    },
    GRANTED.fallback(),
];

variants! {
    /// `LOYALTY.POINTS_GRANTED`: A member was granted points.
    pub enum PointsGranted = "LOYALTY.POINTS_GRANTED" {
        /// For a payment.
        Purchase(PointsGrantedPurchase),
        /// A gift from another member.
        Gift(PointsGrantedGift),
    }
}

event!(PointsGrantedPurchase = "LOYALTY.POINTS_GRANTED" # "PURCHASE");
event!(PointsGrantedGift = "LOYALTY.POINTS_GRANTED" # "GIFT");

model! {
    /// `LOYALTY.POINTS_GRANTED#PURCHASE`: A member was granted points for a payment.
    pub struct PointsGrantedPurchase {
        /// The platform's number of the grant.
        grant_id: String = "grant_id",
        /// The merchant's number of the grant.
        out_grant_no: String = "out_grant_no",
        /// The merchant or provider.
        mchid: String = "mchid",
        /// The sub-merchant; only where a provider acts for one.
        sub_mchid: String = "sub_mchid" | "sub_mch_id",
        /// The member under the merchant's app.
        openid: String = "openid",
        /// The member's current level.
        member_level: MemberLevel = "member_level",
        /// The number of points.
        points: i64 = "points",
        /// When they were granted.
        grant_time: Time = "grant_time",
        /// The platform's number of the payment.
        transaction_id: String = "transaction_id",
        /// The amount that was paid.
        amount: Amount = "amount",
        /// The goods that were bought.
        goods: Vec<Goods> = "goods",
    }
}

model! {
    /// `LOYALTY.POINTS_GRANTED#GIFT`: A member was granted points by another one.
    pub struct PointsGrantedGift {
        /// The platform's number of the grant.
        grant_id: String = "grant_id",
        /// The merchant's number of the grant.
        out_grant_no: String = "out_grant_no",
        /// The merchant or provider.
        mchid: String = "mchid",
        /// The sub-merchant; only where a provider acts for one.
        sub_mchid: String = "sub_mchid" | "sub_mch_id",
        /// The member under the merchant's app.
        openid: String = "openid",
        /// The number of points.
        points: i64 = "points",
        /// When they were granted.
        grant_time: Time = "grant_time",
        /// The member who gave them away.
        giver_openid: String = "giver_openid",
    }
}

model! {
    /// The amounts of a purchase.
    pub struct Amount {
        /// The total paid, in 分.
        total: Fen = "total",
        /// The part that earned points, in 分.
        eligible: Fen = "eligible",
    }
}

model! {
    /// Some of what was bought.
    pub struct Goods {
        /// The merchant's number of it.
        goods_id: String = "goods_id",
        /// The number of items.
        quantity: i64 = "quantity",
        /// The points for it.
        points: i64 = "points",
    }
}

open_enum! {
    /// The level of a member.
    pub enum MemberLevel {
        /// Reached with the first purchase.
        Silver = "SILVER",
        /// Reached with 10,000 points.
        Gold = "GOLD",
    }
}
