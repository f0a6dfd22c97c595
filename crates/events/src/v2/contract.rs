use wxhook_wire::Time;

model! {
    /// `v2/pap-contract-state-changed`: a withholding contract was signed or ended.
    pub struct ContractStateChanged {
        /// `SUCCESS` when the platform understood the request.
        pub return_code: Option<String>,
        /// More about it.
        pub return_msg: Option<String>,
        /// `SUCCESS` when it worked.
        pub result_code: Option<String>,
        /// More about it.
        pub result_msg: Option<String>,
        /// Why not.
        pub err_code: Option<String>,
        /// The same for people.
        pub err_code_des: Option<String>,
        /// The merchant or provider.
        pub mch_id: Option<String> | mchid,
        /// The sub-merchant.
        pub sub_mch_id: Option<String> | sub_mchid,
        /// The app.
        pub appid: Option<String>,
        /// The sub-merchant's app.
        pub sub_appid: Option<String>,
        /// The user under `appid`.
        pub openid: Option<String>,
        /// The user under `sub_appid`.
        pub sub_openid: Option<String>,
        /// Random.
        pub nonce_str: Option<String>,
        /// The signature, which has been checked.
        pub sign: Option<String>,
        /// `MD5` or `HMAC-SHA256`.
        pub sign_type: Option<String>,
        /// The merchant's number of the contract.
        pub contract_code: Option<String>,
        /// The platform's number of the contract.
        pub contract_id: Option<String>,
        /// The plan that it is by.
        pub plan_id: Option<String>,
        /// The merchant's number of the request.
        pub request_serial: Option<String>,
        /// What happened.
        pub change_type: Option<ContractChange>,
        /// When.
        pub operate_time: Option<Time>,
        /// Whose account is shown.
        pub contract_display_account: Option<String>,
        /// `0` in force, `1` ended.
        pub contract_state: Option<String>,
        /// When it was signed.
        pub contract_signed_time: Option<Time>,
        /// When it ends by itself.
        pub contract_expired_time: Option<Time> | contract_expire_time,
        /// When it ended.
        pub contract_terminated_time: Option<Time>,
        /// How it ended, by the platform's number.
        pub contract_termination_mode: Option<String>,
        /// A remark on that.
        pub contract_termination_remark: Option<String>,
    }
}
event!(ContractStateChanged, "v2/pap-contract-state-changed");

values! {
    /// What happened to a contract.
    pub enum ContractChange {
        /// It was signed.
        Add = "ADD",
        /// It was ended.
        Delete = "DELETE",
    }
}
