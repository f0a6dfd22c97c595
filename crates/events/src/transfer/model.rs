use wxhook_wire::{Fen, Time};

macro_rules! authorization {
    ($(#[$meta:meta])* $name:ident) => {
        model! {
            $(#[$meta])*
            pub struct $name {
                /// The merchant's number of the authorization.
                pub out_authorization_no: Option<String>,
                /// The platform's number of the authorization.
                pub authorization_id: Option<String>,
                /// The merchant.
                pub mchid: Option<String> | mch_id,
                /// The merchant's app.
                pub appid: Option<String>,
                /// The user under it.
                pub openid: Option<String>,
                /// How the user is shown.
                pub user_display_name: Option<String>,
                /// How it stands.
                pub state: Option<AuthorizationState>,
                /// When the user confirmed it.
                pub authorize_time: Option<Time>,
                /// How it ended.
                pub close_info: Option<CloseInfo>,
            }
        }
    };
}

authorization! {
    /// `MCHTRANSFER.AUTHORIZATION.CONFIRMED`: a user lets transfers be received without asking.
    AuthorizationConfirmed
}
event!(AuthorizationConfirmed, "MCHTRANSFER.AUTHORIZATION.CONFIRMED");

authorization! {
    /// `MCHTRANSFER.AUTHORIZATION.CLOSED`: that has ended.
    AuthorizationClosed
}
event!(AuthorizationClosed, "MCHTRANSFER.AUTHORIZATION.CLOSED");

values! {
    /// How an authorization stands.
    pub enum AuthorizationState {
        /// In force.
        TakingEffect = "TAKING_EFFECT",
        /// Ended.
        Closed = "CLOSED",
    }
}

model! {
    /// How an authorization ended.
    pub struct CloseInfo {
        /// When.
        pub close_time: Option<Time>,
        /// By whom.
        pub close_reason: Option<CloseReason>,
    }
}

values! {
    /// Who ended an authorization.
    pub enum CloseReason {
        /// The merchant.
        Merchant = "CLOSE_VIA_MCH_API",
        /// The user.
        User = "USER_CLOSE",
    }
}

model! {
    /// `MCHTRANSFER.BILL.FINISHED`: a transfer to a user is at its end.
    pub struct BillFinished {
        /// The merchant's number of the transfer.
        pub out_bill_no: Option<String>,
        /// The platform's number of the transfer.
        pub transfer_bill_no: Option<String>,
        /// How it stands.
        pub state: Option<BillState>,
        /// The merchant.
        pub mch_id: Option<String> | mchid,
        /// The sub-merchant.
        pub sub_mchid: Option<String> | sub_mch_id,
        /// How much in 分.
        pub transfer_amount: Option<Fen>,
        /// The user.
        pub openid: Option<String>,
        /// Why it failed, e.g. `MCH_CANCEL`.
        pub fail_reason: Option<String>,
        /// When it was made.
        pub create_time: Option<Time>,
        /// When it changed last.
        pub update_time: Option<Time>,
        /// `CFT` (mainland) or `WPHK` (Hong Kong).
        pub payment_method_type: Option<String>,
    }
}
event!(BillFinished, "MCHTRANSFER.BILL.FINISHED");

values! {
    /// How a transfer stands.
    pub enum BillState {
        /// Accepted.
        Accepted = "ACCEPTED",
        /// Being made.
        Processing = "PROCESSING",
        /// The user has to confirm it.
        WaitUserConfirm = "WAIT_USER_CONFIRM",
        /// On its way; misspelt for good.
        Transferring = "TRANSFERING",
        /// Done.
        Success = "SUCCESS",
        /// Failed.
        Fail = "FAIL",
        /// Being cancelled.
        Canceling = "CANCELING",
        /// Cancelled.
        Cancelled = "CANCELLED",
    }
}
