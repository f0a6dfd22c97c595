use crate::payment::ExchangeRate;
use wxhook_wire::{Fen, Time};

macro_rules! refund {
    ($(#[$meta:meta])* $name:ident) => {
        model! {
            $(#[$meta])*
            ///
            /// Of any variant; what a variant doesn't have is `None`.
            pub struct $name {
                /// The merchant.
                pub mchid: Option<String> | mch_id,
                /// The provider.
                pub sp_mchid: Option<String>,
                /// The sub-merchant.
                pub sub_mchid: Option<String> | sub_mch_id,
                /// The platform's number of the refund.
                pub refund_id: Option<String>,
                /// The same in some cross-border refunds.
                pub id: Option<String>,
                /// The merchant's number of the refund.
                pub out_refund_no: Option<String>,
                /// The platform's number of the payment.
                pub transaction_id: Option<String>,
                /// The merchant's number of the order.
                pub out_trade_no: Option<String>,
                /// How it stands.
                pub refund_status: Option<RefundStatus>,
                /// The same in some cross-border refunds.
                pub status: Option<RefundStatus>,
                /// When it was asked for.
                pub create_time: Option<Time>,
                /// When it was done.
                pub success_time: Option<Time>,
                /// Where the money went, for people.
                pub user_received_account: Option<String>,
                /// The same in cross-border refunds.
                pub recv_account: Option<String>,
                /// Where the money came from.
                pub fund_source: Option<String>,
                /// The same of a provider's refunds.
                pub refund_account: Option<String>,
                /// The kind of account that it came from.
                pub funds_account: Option<String>,
                /// Which way it went.
                pub channel: Option<RefundChannel>,
                /// The authorization of an individual who had received the payment.
                pub individual_auth_id: Option<String>,
                /// The amounts.
                pub amount: Option<RefundAmount>,
                /// Promotions that were given back.
                pub promotion_detail: Option<Vec<RefundPromotion>>,
                /// The same in cross-border refunds.
                pub detail: Option<Vec<RefundPromotion>>,
            }
        }
    };
}

refund! {
    /// `REFUND.SUCCESS`: the money is with the user.
    RefundSuccess
}
event!(RefundSuccess, "REFUND.SUCCESS");

refund! {
    /// `REFUND.ABNORMAL`: the user's account didn't take it; it can be tried again.
    RefundAbnormal
}
event!(RefundAbnormal, "REFUND.ABNORMAL");

refund! {
    /// `REFUND.CLOSED`: it won't be made.
    RefundClosed
}
event!(RefundClosed, "REFUND.CLOSED");

values! {
    /// How a refund stands.
    pub enum RefundStatus {
        /// Done.
        Success = "SUCCESS",
        /// It won't be made.
        Closed = "CLOSED",
        /// It won't be made (cross-border).
        RefundClose = "REFUNDCLOSE",
        /// Being made.
        Processing = "PROCESSING",
        /// The user's account didn't take it.
        Abnormal = "ABNORMAL",
    }
}

values! {
    /// Which way a refund went.
    pub enum RefundChannel {
        /// The way it came.
        Original = "ORIGINAL",
        /// To the user's balance.
        Balance = "BALANCE",
        /// To another balance, the account being unusable.
        OtherBalance = "OTHER_BALANCE",
        /// To another bank card, the card being unusable.
        OtherBankcard = "OTHER_BANKCARD",
    }
}

model! {
    /// A refund's amounts, each in the smallest unit of its currency.
    pub struct RefundAmount {
        /// The order's amount, in `currency`.
        pub total: Option<Fen>,
        /// What is given back of it, in `currency`.
        pub refund: Option<Fen>,
        /// What the user paid, in `payer_currency`.
        pub payer_total: Option<Fen>,
        /// What the user gets back, in `payer_currency`.
        pub payer_refund: Option<Fen>,
        /// What was to be settled, in `settlement_currency`.
        pub settlement_total: Option<Fen>,
        /// What is taken back of it, in `settlement_currency`.
        pub settlement_refund: Option<Fen>,
        /// What promotions get back.
        pub discount_refund: Option<Fen>,
        /// The fee that is given back.
        pub refund_fee: Option<Fen>,
        /// ISO 4217.
        pub currency: Option<String>,
        /// ISO 4217.
        pub payer_currency: Option<String>,
        /// ISO 4217.
        pub settlement_currency: Option<String>,
        /// Between currencies (cross-border).
        pub exchange_rate: Option<ExchangeRate>,
        /// The accounts that it came from.
        pub from: Option<Vec<RefundFrom>>,
    }
}

model! {
    /// An account that a refund came from.
    pub struct RefundFrom {
        /// Which.
        pub account: Option<String>,
        /// How much.
        pub amount: Option<Fen>,
    }
}

model! {
    /// A promotion that was given back.
    pub struct RefundPromotion {
        /// The promotion.
        pub promotion_id: Option<String> | coupon_id,
        /// `GLOBAL` or `SINGLE`.
        pub scope: Option<String>,
        /// What it is.
        pub r#type: Option<String>,
        /// What it had taken off.
        pub amount: Option<Fen>,
        /// What of it is given back.
        pub refund_amount: Option<Fen>,
        /// ISO 4217.
        pub currency: Option<String>,
        /// The goods.
        pub goods_detail: Option<Vec<RefundGoods>>,
    }
}

model! {
    /// Goods that were given back.
    pub struct RefundGoods {
        /// The merchant's number of them.
        pub merchant_goods_id: Option<String>,
        /// The platform's number of them.
        pub wechatpay_goods_id: Option<String>,
        /// Their name.
        pub goods_name: Option<String>,
        /// The price of one.
        pub unit_price: Option<Fen> | price,
        /// How much is given back.
        pub refund_amount: Option<Fen>,
        /// How many are given back.
        pub refund_quantity: Option<i64>,
    }
}
