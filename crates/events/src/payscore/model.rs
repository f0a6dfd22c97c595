use crate::payment::Promotion;
use wxhook_wire::{Fen, Time};

macro_rules! service_order {
    ($(#[$meta:meta])* $name:ident) => {
        model! {
            $(#[$meta])*
            ///
            /// Of any variant; what a variant doesn't have is `None`.
            pub struct $name {
                /// The service.
                pub service_id: Option<String>,
                /// The app.
                pub appid: Option<String>,
                /// The merchant, provider or institution.
                pub mchid: Option<String> | mch_id,
                /// The sub-merchant's app.
                pub sub_appid: Option<String>,
                /// The sub-merchant.
                pub sub_mchid: Option<String> | sub_mch_id,
                /// The provider's channel.
                pub channel_id: Option<String>,
                /// The merchant's number of the service order.
                pub out_order_no: Option<String>,
                /// The platform's number of the service order.
                pub order_id: Option<String>,
                /// The merchant's number of the payment.
                pub out_trade_no: Option<String>,
                /// The merchant's number of the request.
                pub out_request_no: Option<String>,
                /// The user under `appid`.
                pub openid: Option<String>,
                /// The user under `sub_appid`.
                pub sub_openid: Option<String>,
                /// How the order stands.
                pub state: Option<ServiceOrderState>,
                /// More about it.
                pub state_description: Option<String>,
                /// What the service is.
                pub service_introduction: Option<String>,
                /// What the merchant gets, in 分 or the unit of `currency`.
                pub total_amount: Option<Fen>,
                /// What is paid afterwards.
                pub post_payments: Option<Vec<PostPayment>>,
                /// What is taken off.
                pub post_discounts: Option<Vec<PostDiscount>>,
                /// What is at risk at most.
                pub risk_fund: Option<RiskFund>,
                /// When the service is used.
                pub time_range: Option<TimeRange>,
                /// Where the service is used.
                pub location: Option<Location>,
                /// What the merchant attached to the order.
                pub attach: Option<String>,
                /// Where notifications go.
                pub notify_url: Option<String>,
                /// Whether the platform collects the money.
                pub need_collection: Option<bool>,
                /// The collection.
                pub collection: Option<Collection>,
                /// `USER_OPEN_SERVICE` or `USER_CLOSE_SERVICE`.
                pub user_service_status: Option<String>,
                /// When the user opened or closed the service.
                pub openorclose_time: Option<Time>,
                /// The merchant's number of the authorization.
                pub authorization_code: Option<String>,
                /// ISO 4217 (institutions).
                pub currency: Option<String>,
                /// The rate between `currency` and the payer's, times 10⁸.
                pub currency_price: Option<i64>,
                /// The same for people.
                pub currency_rate_info: Option<String>,
            }
        }
    };
}

service_order! {
    /// `PAYSCORE.USER_PAID`: a service order is paid.
    UserPaid
}
event!(UserPaid, "PAYSCORE.USER_PAID");

service_order! {
    /// `PAYSCORE.USER_CONFIRM`: the user agreed to a service order.
    UserConfirm
}
event!(UserConfirm, "PAYSCORE.USER_CONFIRM");

values! {
    /// How a service order stands.
    pub enum ServiceOrderState {
        /// Made, not confirmed.
        Created = "CREATED",
        /// Under way.
        Doing = "DOING",
        /// Done.
        Done = "DONE",
        /// Revoked.
        Revoked = "REVOKED",
        /// Lapsed.
        Expired = "EXPIRED",
    }
}

model! {
    /// Something to be paid afterwards.
    pub struct PostPayment {
        /// What.
        pub name: Option<String>,
        /// How much in 分.
        pub amount: Option<Fen>,
        /// How it is reckoned.
        pub description: Option<String>,
        /// How many.
        pub count: Option<i64>,
    }
}

model! {
    /// Something that is taken off.
    pub struct PostDiscount {
        /// What.
        pub name: Option<String>,
        /// On which terms.
        pub description: Option<String>,
        /// How much in 分.
        pub amount: Option<Fen>,
        /// How many.
        pub count: Option<i64>,
    }
}

model! {
    /// What is at risk at most.
    pub struct RiskFund {
        /// Which kind.
        pub name: Option<String>,
        /// How much in 分.
        pub amount: Option<Fen>,
        /// How it is reckoned.
        pub description: Option<String>,
    }
}

model! {
    /// When a service is used.
    pub struct TimeRange {
        /// From when.
        pub start_time: Option<Time>,
        /// A remark on it.
        pub start_time_remark: Option<String>,
        /// Until when.
        pub end_time: Option<Time>,
        /// A remark on it.
        pub end_time_remark: Option<String>,
    }
}

model! {
    /// Where a service is used.
    pub struct Location {
        /// From where.
        pub start_location: Option<String>,
        /// To where.
        pub end_location: Option<String>,
    }
}

model! {
    /// How the money is collected.
    pub struct Collection {
        /// How it stands.
        pub state: Option<CollectionState>,
        /// How much in all, in 分.
        pub total_amount: Option<Fen>,
        /// How much is outstanding, in 分.
        pub paying_amount: Option<Fen>,
        /// How much is paid, in 分.
        pub paid_amount: Option<Fen>,
        /// The single payments.
        pub details: Option<Vec<CollectionDetail>>,
    }
}

values! {
    /// How a collection stands.
    pub enum CollectionState {
        /// Outstanding.
        UserPaying = "USER_PAYING",
        /// Paid.
        UserPaid = "USER_PAID",
    }
}

model! {
    /// A payment of a collection.
    pub struct CollectionDetail {
        /// Which.
        pub seq: Option<i64>,
        /// How much in 分.
        pub amount: Option<Fen>,
        /// By which way, e.g. `NEWTON` (the platform) or `MCH` (the merchant).
        pub paid_type: Option<String>,
        /// When.
        pub paid_time: Option<Time>,
        /// The platform's number of the payment.
        pub transaction_id: Option<String>,
        /// The promotions that were used.
        pub promotion_detail: Option<Vec<Promotion>>,
    }
}
