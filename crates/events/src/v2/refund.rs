use wxhook_wire::{Fen, Time};

model! {
    /// `v2/refund-processed`: a refund is done or changed. Nothing signs it; check its numbers and amounts.
    pub struct RefundProcessed {
        /// `SUCCESS` when there is something to read.
        pub return_code: Option<String>,
        /// More about it.
        pub return_msg: Option<String>,
        /// The app.
        pub appid: Option<String>,
        /// The merchant or provider.
        pub mch_id: Option<String> | mchid,
        /// The sub-merchant's app.
        pub sub_appid: Option<String>,
        /// The sub-merchant.
        pub sub_mch_id: Option<String> | sub_mchid,
        /// Random.
        pub nonce_str: Option<String>,
        /// The refund; only this part was encrypted.
        pub req_info: Option<RefundInfo>,
    }
}
event!(RefundProcessed, "v2/refund-processed");

model! {
    /// The encrypted part of a refund.
    pub struct RefundInfo {
        /// The platform's number of the payment.
        pub transaction_id: Option<String>,
        /// The merchant's number of the order.
        pub out_trade_no: Option<String>,
        /// The platform's number of the refund.
        pub refund_id: Option<String>,
        /// The merchant's number of the refund.
        pub out_refund_no: Option<String>,
        /// The order's amount in 分.
        pub total_fee: Option<Fen>,
        /// What was to be settled, in 分.
        pub settlement_total_fee: Option<Fen>,
        /// What was asked to be given back, in 分.
        pub refund_fee: Option<Fen>,
        /// What is given back less coupons, in 分.
        pub settlement_refund_fee: Option<Fen>,
        /// What the user gets back, in 分.
        pub cash_refund_fee: Option<Fen>,
        /// How it stands.
        pub refund_status: Option<RefundStatus>,
        /// When it was done.
        pub success_time: Option<Time>,
        /// Where the money went, for people; misspelt for good.
        pub refund_recv_accout: Option<String> | refund_recv_account,
        /// Where the money came from, e.g. `REFUND_SOURCE_RECHARGE_FUNDS`.
        pub refund_account: Option<String>,
        /// `API` or `VENDOR_PLATFORM`.
        pub refund_request_source: Option<String>,
        /// The sub-merchant.
        pub sub_mch_id: Option<String> | sub_mchid,
        /// The sub-merchant's app.
        pub sub_appid: Option<String>,
    }
}

values! {
    /// How a v2 refund stands.
    pub enum RefundStatus {
        /// Done.
        Success = "SUCCESS",
        /// The user's account didn't take it.
        Change = "CHANGE",
        /// It won't be made.
        RefundClose = "REFUNDCLOSE",
    }
}
