use super::{Amount, Payer, PromotionKind, PromotionScope, TradeState, TradeType};
use wxhook_wire::{Fen, Time};

macro_rules! global {
    ($(#[$meta:meta])* $name:ident) => {
        model! {
            $(#[$meta])*
            pub struct $name {
                /// The platform's number of the payment.
                pub id: Option<String> | transaction_id,
                /// The merchant's number of the order.
                pub out_trade_no: Option<String>,
                /// The merchant.
                pub mchid: Option<String> | mch_id,
                /// The merchant's app.
                pub appid: Option<String>,
                /// The provider or institution.
                pub sp_mchid: Option<String>,
                /// Its app.
                pub sp_appid: Option<String>,
                /// The sub-merchant.
                pub sub_mchid: Option<String> | sub_mch_id,
                /// The sub-merchant's app.
                pub sub_appid: Option<String>,
                /// How it stands.
                pub trade_state: Option<TradeState>,
                /// The same for people.
                pub trade_state_desc: Option<String> | trade_state_description,
                /// How the user paid.
                pub trade_type: Option<TradeType>,
                /// The bank, by the platform's code.
                pub bank_type: Option<String>,
                /// What the merchant attached to the order.
                pub attach: Option<String>,
                /// When it was paid.
                pub success_time: Option<Time>,
                /// Who paid.
                pub payer: Option<Payer>,
                /// The amounts.
                pub amount: Option<Amount>,
                /// The promotions that were used.
                pub promotion_detail: Option<Vec<GlobalPromotion>>,
            }
        }
    };
}

global! {
    /// `TRANSACTION.SUCCESS`, variant `GLOBAL`: a cross-border order is paid.
    TransactionSuccessGlobal
}
event!(TransactionSuccessGlobal, "TRANSACTION.SUCCESS", "GLOBAL");

global! {
    /// `TRANSACTION.SUCCESS`, variant `GLOBAL_PARTNER`: a cross-border order of a provider's or institution's
    /// sub-merchant is paid.
    TransactionSuccessGlobalPartner
}
event!(TransactionSuccessGlobalPartner, "TRANSACTION.SUCCESS", "GLOBAL_PARTNER");

model! {
    /// A promotion that was used for a cross-border order.
    pub struct GlobalPromotion {
        /// The promotion.
        pub promotion_id: Option<String> | coupon_id,
        /// Its name.
        pub name: Option<String>,
        /// What it is for.
        pub scope: Option<PromotionScope>,
        /// What it is.
        pub r#type: Option<PromotionKind>,
        /// What it took off, in `currency`.
        pub amount: Option<Fen>,
        /// What of it was given back, in `currency`.
        pub refund_amount: Option<Fen>,
        /// The activity.
        pub activity_id: Option<String>,
        /// WeChat Pay's part, in `currency`.
        pub wechatpay_contribute_amount: Option<Fen> | wechatpay_contribute | wxpay_contribute_amount,
        /// The merchant's part, in `currency`.
        pub merchant_contribute_amount: Option<Fen> | merchant_contribute,
        /// The part of others, in `currency`.
        pub other_contribute_amount: Option<Fen> | other_contribute,
        /// ISO 4217.
        pub currency: Option<String>,
        /// The goods.
        pub goods_detail: Option<Vec<GlobalGoods>>,
    }
}

model! {
    /// Goods that a cross-border promotion was for.
    pub struct GlobalGoods {
        /// The goods' number.
        pub goods_id: Option<String>,
        /// How many.
        pub quantity: Option<i64>,
        /// The price of one.
        pub price: Option<Fen> | unit_price,
        /// What was taken off.
        pub discount_amount: Option<Fen>,
        /// A remark.
        pub goods_remark: Option<String>,
    }
}
