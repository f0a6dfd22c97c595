use super::{InstallmentInfo, Payer, Promotion, SceneInfo, TradeState, TradeType};
use wxhook_wire::{Fen, Time};

model! {
    /// `TRANSACTION.SUCCESS`, variant `COMBINE`: several merchants' orders are paid in one.
    pub struct TransactionSuccessCombine {
        /// The app that combined the orders.
        pub combine_appid: Option<String>,
        /// The merchant that combined the orders.
        pub combine_mchid: Option<String>,
        /// Its number of the whole.
        pub combine_out_trade_no: Option<String>,
        /// The platform's number of the whole.
        pub combine_transaction_id: Option<String>,
        /// Where it was paid.
        pub scene_info: Option<SceneInfo>,
        /// The orders.
        pub sub_orders: Option<Vec<SubOrder>>,
        /// Who paid.
        pub combine_payer_info: Option<Payer>,
        /// Paying by instalments.
        pub installment_info: Option<InstallmentInfo>,
        /// E.g. `RECOMMERCE`.
        pub trade_scenario: Option<String>,
    }
}
event!(TransactionSuccessCombine, "TRANSACTION.SUCCESS", "COMBINE");

model! {
    /// One order of a combined payment.
    pub struct SubOrder {
        /// The merchant.
        pub mchid: Option<String> | mch_id,
        /// The sub-merchant.
        pub sub_mchid: Option<String> | sub_mch_id,
        /// The sub-merchant's app.
        pub sub_appid: Option<String>,
        /// The user under it.
        pub sub_openid: Option<String>,
        /// The authorization of an individual who receives.
        pub individual_auth_id: Option<String>,
        /// The individual's name.
        pub individual_name: Option<String>,
        /// The platform's number of the payment.
        pub transaction_id: Option<String>,
        /// The merchant's number of the order.
        pub out_trade_no: Option<String>,
        /// How the user paid.
        pub trade_type: Option<TradeType>,
        /// How it stands.
        pub trade_state: Option<TradeState>,
        /// The bank, by the platform's code.
        pub bank_type: Option<String>,
        /// What the merchant attached to the order.
        pub attach: Option<String>,
        /// When it was paid.
        pub success_time: Option<Time>,
        /// The amounts.
        pub amount: Option<SubOrderAmount>,
        /// The promotions that were used.
        pub promotion_detail: Option<Vec<Promotion>>,
    }
}

model! {
    /// The amounts of one order of a combined payment, each in the smallest unit of its currency.
    pub struct SubOrderAmount {
        /// The order's amount, in `currency`.
        pub total_amount: Option<Fen>,
        /// What the user paid, in `payer_currency`.
        pub payer_amount: Option<Fen>,
        /// ISO 4217.
        pub currency: Option<String>,
        /// ISO 4217.
        pub payer_currency: Option<String>,
        /// Between the two, times 10⁸.
        pub settlement_rate: Option<i64>,
    }
}
