use wxhook_wire::{Fen, Time};

model! {
    /// `TRANSACTION.SUCCESS`, variant `PROFITSHARING`: a receiver got a share of a payment.
    pub struct TransactionSuccessProfitsharing {
        /// The merchant.
        pub mchid: Option<String> | mch_id,
        /// The provider.
        pub sp_mchid: Option<String>,
        /// The sub-merchant.
        pub sub_mchid: Option<String> | sub_mch_id,
        /// The platform's number of the payment.
        pub transaction_id: Option<String>,
        /// The platform's number of the sharing.
        pub order_id: Option<String>,
        /// The merchant's number of the sharing.
        pub out_order_no: Option<String>,
        /// Who got a share.
        pub receiver: Option<Receiver>,
        /// When.
        pub success_time: Option<Time>,
    }
}
event!(TransactionSuccessProfitsharing, "TRANSACTION.SUCCESS", "PROFITSHARING");

model! {
    /// Who got a share.
    pub struct Receiver {
        /// What `account` is.
        pub r#type: Option<ReceiverKind>,
        /// A merchant's number or a user's openid.
        pub account: Option<String>,
        /// The share in 分.
        pub amount: Option<Fen>,
        /// What for.
        pub description: Option<String>,
    }
}

values! {
    /// What a receiver's account is.
    pub enum ReceiverKind {
        /// A merchant's number.
        Merchant = "MERCHANT_ID",
        /// A user's openid.
        Openid = "PERSONAL_OPENID",
    }
}
