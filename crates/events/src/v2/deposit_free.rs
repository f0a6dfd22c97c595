use wxhook_wire::{Fen, Time};

macro_rules! deposit_free {
    ($(#[$meta:meta])* $name:ident) => {
        model! {
            $(#[$meta])*
            pub struct $name {
                /// The merchant.
                pub mch_id: Option<String> | mchid,
                /// The app.
                pub appid: Option<String>,
                /// `HMAC-SHA256`.
                pub algorithm: Option<String>,
                /// Random.
                pub nonce_str: Option<String>,
                /// The signature, which has been checked.
                pub sign: Option<String>,
                /// The notification's id.
                pub event_id: Option<String>,
                /// When it was made.
                pub event_create_time: Option<Time>,
                /// What it is.
                pub event_type: Option<String>,
                /// `AEAD_AES_256_GCM`.
                pub event_algorithm: Option<String>,
                /// The AEAD nonce.
                pub event_nonce: Option<String>,
                /// The AEAD's associated data.
                pub event_associated_data: Option<String>,
                /// The order, which was encrypted.
                pub event: Option<DepositFreeOrder>,
            }
        }
    };
}

deposit_free! {
    /// `v2/CHECK.SUCCESS`: the user confirmed a deposit-free order.
    CheckSuccess
}
event!(CheckSuccess, "v2/CHECK.SUCCESS");

deposit_free! {
    /// `v2/CHECK.FAIL`: confirming a deposit-free order failed.
    CheckFail
}
event!(CheckFail, "v2/CHECK.FAIL");

deposit_free! {
    /// `v2/TRANSACTION.SUCCESS`: a deposit-free order is paid.
    DepositFreePaid
}
event!(DepositFreePaid, "v2/TRANSACTION.SUCCESS");

deposit_free! {
    /// `v2/TRANSACTION.FAIL`: paying a deposit-free order failed.
    DepositFreeUnpaid
}
event!(DepositFreeUnpaid, "v2/TRANSACTION.FAIL");

model! {
    /// An order of something rented, or of a stay, without a deposit.
    pub struct DepositFreeOrder {
        /// How it stands.
        pub state: Option<String>,
        /// The service.
        pub service_id: Option<String>,
        /// The merchant's number of the order.
        pub out_order_no: Option<String>,
        /// The platform's number of the order.
        pub order_id: Option<String>,
        /// What is rented.
        pub goods_name: Option<String>,
        /// Whether it was given back.
        pub returned: Option<String>,
        /// The room.
        pub room: Option<String>,
        /// Whether the guest has come.
        pub checked_in: Option<String>,
        /// From when.
        pub start_time: Option<Time>,
        /// Until when.
        pub end_time: Option<Time>,
        /// The deposit that wasn't taken, in 分.
        pub deposit_amount: Option<Fen>,
        /// What is to be paid, in 分.
        pub total_amount: Option<Fen>,
        /// What finishing the order needs.
        pub finish_ticket: Option<String>,
        /// The platform's number of the payment.
        pub finish_transaction_id: Option<String>,
    }
}
