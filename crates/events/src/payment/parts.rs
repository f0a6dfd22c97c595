//! What several payments are made of.

use wxhook_wire::Fen;

values! {
    /// How a transaction stands.
    pub enum TradeState {
        /// Paid.
        Success = "SUCCESS",
        /// Given back, in part or whole.
        Refund = "REFUND",
        /// Not paid yet.
        NotPaid = "NOTPAY",
        /// Closed.
        Closed = "CLOSED",
        /// Revoked (payments by code).
        Revoked = "REVOKED",
        /// The user is paying (payments by code).
        UserPaying = "USERPAYING",
        /// Paying failed.
        PayError = "PAYERROR",
        /// Accepted, to be deducted.
        Accepted = "ACCEPT",
        /// A deduction failed.
        PayFailed = "PAY_FAIL",
    }
}

values! {
    /// How the user paid.
    pub enum TradeType {
        /// Within WeChat, official account or mini program.
        Jsapi = "JSAPI",
        /// By a code that the user scanned.
        Native = "NATIVE",
        /// From an app.
        App = "APP",
        /// From a mobile browser.
        Mweb = "MWEB",
        /// By a code that the merchant scanned.
        Micropay = "MICROPAY",
        /// By a withholding contract.
        Pap = "PAP",
    }
}

values! {
    /// What a promotion is for.
    pub enum PromotionScope {
        /// The whole order.
        Global = "GLOBAL",
        /// Single goods.
        Single = "SINGLE",
    }
}

values! {
    /// What a promotion is.
    pub enum PromotionKind {
        /// Topped up: settled to the merchant.
        Cash = "CASH",
        /// Not topped up: not settled to the merchant.
        NoCash = "NOCASH",
        /// A coupon (cross-border).
        Coupon = "COUPON",
        /// A discount (cross-border).
        Discount = "DISCOUNT",
    }
}

model! {
    /// Who paid.
    pub struct Payer {
        /// The user under the merchant's `appid`.
        pub openid: Option<String>,
        /// The user under the provider's `sp_appid`.
        pub sp_openid: Option<String>,
        /// The user under the `sub_appid`.
        pub sub_openid: Option<String>,
    }
}

model! {
    /// An order's amounts, each in the smallest unit of its currency.
    pub struct Amount {
        /// The order's amount, in `currency`.
        pub total: Option<Fen>,
        /// What the user paid, in `payer_currency`.
        pub payer_total: Option<Fen>,
        /// What promotions took off, in `currency`.
        pub discount_total: Option<Fen>,
        /// ISO 4217, e.g. `CNY`.
        pub currency: Option<String>,
        /// ISO 4217, e.g. `CNY`.
        pub payer_currency: Option<String>,
        /// Between the two currencies (cross-border).
        pub exchange_rate: Option<ExchangeRate>,
    }
}

model! {
    /// A rate between two currencies.
    pub struct ExchangeRate {
        /// E.g. `SETTLEMENT_RATE`.
        pub r#type: Option<String>,
        /// The rate times 10⁸.
        pub rate: Option<i64>,
    }
}

model! {
    /// Where it was paid.
    pub struct SceneInfo {
        /// The merchant's number of the device.
        pub device_id: Option<String>,
    }
}

model! {
    /// Paying by instalments.
    pub struct InstallmentInfo {
        /// Whether the merchant's subsidy was used.
        pub use_subsidy: Option<bool>,
        /// How many instalments.
        pub selected_installment_number: Option<i64>,
    }
}

model! {
    /// A promotion that was used.
    pub struct Promotion {
        /// The coupon.
        pub coupon_id: Option<String> | promotion_id,
        /// Its name.
        pub name: Option<String>,
        /// What it is for.
        pub scope: Option<PromotionScope>,
        /// What it is.
        pub r#type: Option<PromotionKind>,
        /// What it took off, in `currency`.
        pub amount: Option<Fen>,
        /// The batch that the coupon is of.
        pub stock_id: Option<String>,
        /// The activity.
        pub activity_id: Option<String>,
        /// WeChat Pay's part, in `currency`.
        pub wechatpay_contribute: Option<Fen> | wechatpay_contribute_amount,
        /// The merchant's part, in `currency`.
        pub merchant_contribute: Option<Fen> | merchant_contribute_amount,
        /// The part of others, in `currency`.
        pub other_contribute: Option<Fen> | other_contribute_amount,
        /// ISO 4217.
        pub currency: Option<String>,
        /// The goods.
        pub goods_detail: Option<Vec<Goods>>,
    }
}

model! {
    /// Goods that a promotion was for.
    pub struct Goods {
        /// The goods' number.
        pub goods_id: Option<String>,
        /// The merchant's number of them.
        pub merchant_goods_id: Option<String>,
        /// How many.
        pub quantity: Option<i64>,
        /// The price of one.
        pub unit_price: Option<Fen> | price,
        /// What was taken off.
        pub discount_amount: Option<Fen>,
        /// A remark.
        pub goods_remark: Option<String>,
    }
}
