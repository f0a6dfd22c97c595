use super::Coupons;
use wxhook_wire::{Fen, Time};

model! {
    /// `v2/transaction-success`: an order is paid, or a deduction failed (`trade_state`).
    pub struct TransactionSuccess {
        /// `SUCCESS` when the platform understood the request.
        pub return_code: Option<String>,
        /// More about it.
        pub return_msg: Option<String>,
        /// `SUCCESS` when it is paid.
        pub result_code: Option<String>,
        /// More about it.
        pub result_msg: Option<String>,
        /// Why not.
        pub err_code: Option<String>,
        /// The same for people.
        pub err_code_des: Option<String>,
        /// The app.
        pub appid: Option<String>,
        /// The merchant or provider.
        pub mch_id: Option<String> | mchid,
        /// The sub-merchant's app.
        pub sub_appid: Option<String>,
        /// The sub-merchant.
        pub sub_mch_id: Option<String> | sub_mchid,
        /// The merchant's number of the device.
        pub device_info: Option<String>,
        /// Random.
        pub nonce_str: Option<String>,
        /// The signature, which has been checked.
        pub sign: Option<String>,
        /// `MD5` or `HMAC-SHA256`.
        pub sign_type: Option<String>,
        /// The user under `appid`.
        pub openid: Option<String>,
        /// Whether the user follows it: `Y` or `N`.
        pub is_subscribe: Option<String>,
        /// The user under `sub_appid`.
        pub sub_openid: Option<String>,
        /// Whether the user follows it: `Y` or `N`.
        pub sub_is_subscribe: Option<String>,
        /// `JSAPI`, `NATIVE`, `APP`, `MWEB`, `PAP`.
        pub trade_type: Option<String>,
        /// `SUCCESS` or `PAY_FAIL` (deductions).
        pub trade_state: Option<String>,
        /// The same for people.
        pub trade_state_desc: Option<String> | trade_state_description,
        /// The bank, by the platform's code.
        pub bank_type: Option<String>,
        /// The order's amount, in `fee_type`.
        pub total_fee: Option<Fen>,
        /// ISO 4217; `CNY` when missing.
        pub fee_type: Option<String>,
        /// What is settled, in `fee_type`.
        pub settlement_total_fee: Option<Fen>,
        /// What the user paid, in `cash_fee_type`.
        pub cash_fee: Option<Fen>,
        /// ISO 4217.
        pub cash_fee_type: Option<String>,
        /// What coupons took off, in all.
        pub coupon_fee: Option<Fen>,
        /// How many coupons were used.
        pub coupon_count: Option<i64>,
        /// The only coupon, where it comes without a number.
        pub coupon_id: Option<String>,
        /// Its type.
        pub coupon_type: Option<String>,
        /// Between the currencies.
        pub rate: Option<String>,
        /// The same, times 10⁸.
        pub rate_value: Option<String>,
        /// Promotions, JSON in a string.
        pub promotion_detail: Option<String>,
        /// `1.0` where promotions are told.
        pub version: Option<String>,
        /// The platform's number of the payment.
        pub transaction_id: Option<String>,
        /// The merchant's number of the order.
        pub out_trade_no: Option<String>,
        /// What the merchant attached to the order.
        pub attach: Option<String>,
        /// When it was paid.
        pub time_end: Option<Time>,
        /// The contract of a deduction.
        pub contract_id: Option<String>,
        /// Whether the user has paid back what the platform advanced: `Y` or `N`.
        pub user_repaid: Option<String>,
        ..
        /// The coupons by their numbers.
        pub coupons: Coupons,
    }
}
event!(TransactionSuccess, "v2/transaction-success");

model! {
    /// `v2/combined-transactions-success`: several merchants' orders are paid in one.
    pub struct CombinedTransactionsSuccess {
        /// `SUCCESS` when the platform understood the request.
        pub return_code: Option<String>,
        /// More about it.
        pub return_msg: Option<String>,
        /// `SUCCESS` when it is paid.
        pub result_code: Option<String>,
        /// More about it.
        pub result_msg: Option<String>,
        /// Why not.
        pub err_code: Option<String>,
        /// The same for people.
        pub err_code_des: Option<String>,
        /// The app that combined the orders.
        pub combine_appid: Option<String>,
        /// The merchant that combined the orders.
        pub combine_mch_id: Option<String> | combine_mchid,
        /// Its number of the whole.
        pub combine_out_trade_no: Option<String>,
        /// The user under `combine_appid`.
        pub combine_openid: Option<String>,
        /// The merchant's number of the device.
        pub device_info: Option<String>,
        /// Random.
        pub nonce_str: Option<String>,
        /// The signature, which has been checked.
        pub sign: Option<String>,
        /// `HMAC-SHA256`.
        pub sign_type: Option<String>,
        /// `JSAPI`, `NATIVE`, `APP`, `MWEB`.
        pub trade_type: Option<String>,
        /// The bank, by the platform's code.
        pub bank_type: Option<String>,
        /// The orders.
        pub sub_order_list: Option<SubOrderList>,
    }
}
event!(CombinedTransactionsSuccess, "v2/combined-transactions-success");

model! {
    /// The orders of a combined payment.
    pub struct SubOrderList {
        /// How many.
        pub order_num: Option<i64>,
        /// Each.
        pub order_list: Option<Vec<SubOrder>>,
    }
}

model! {
    /// One order of a combined payment.
    pub struct SubOrder {
        /// The app.
        pub appid: Option<String>,
        /// The merchant.
        pub mch_id: Option<String> | mchid,
        /// The user.
        pub openid: Option<String>,
        /// The order's amount in 分.
        pub total_fee: Option<Fen>,
        /// What the user paid, in 分.
        pub cash_fee: Option<Fen>,
        /// The platform's number of the payment.
        pub transaction_id: Option<String>,
        /// The merchant's number of the order.
        pub out_trade_no: Option<String>,
        /// What the merchant attached to the order.
        pub attach: Option<String>,
        /// When it was paid.
        pub time_end: Option<Time>,
    }
}
