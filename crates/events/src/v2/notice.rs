use wxhook_wire::Time;

model! {
    /// `v2/vehicle-state-changed-for-parking`: a plate may, or may no longer, pay by itself.
    pub struct VehicleStateChanged {
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
        /// Random.
        pub nonce_str: Option<String>,
        /// The signature, which has been checked.
        pub sign: Option<String>,
        /// `HMAC-SHA256`.
        pub sign_type: Option<String>,
        /// The plate.
        pub plate_number: Option<String>,
        /// How it stands.
        pub vehicle_event_type: Option<PlateState>,
        /// Why: `OVERDUE`, `REMOVE`, `PAUSE`.
        pub vehicle_event_des: Option<String>,
        /// `PROACTIVE` (the user pays) or `AUTOPAY`.
        pub deduct_mode: Option<String>,
        /// When.
        pub vehicle_event_createtime: Option<Time>,
    }
}
event!(VehicleStateChanged, "v2/vehicle-state-changed-for-parking");

values! {
    /// Whether a plate may pay by itself.
    pub enum PlateState {
        /// It may.
        Normal = "NORMAL",
        /// It may not.
        Blocked = "BLOCKED",
    }
}

model! {
    /// `v2/transactions-risk-occurred`: a bank's provider is told of risky payments.
    pub struct TransactionsRisk {
        /// `SUCCESS` when there is something to read.
        pub return_code: Option<String>,
        /// More about it.
        pub return_msg: Option<String>,
        /// `HMAC-SHA256`.
        pub sign_type: Option<String>,
        /// The signature, which has been checked.
        pub sign: Option<String>,
        /// Random.
        pub nonce_str: Option<String>,
        /// Which kind of risk.
        pub event_code: Option<String>,
        /// How great it is.
        pub risk_level: Option<RiskLevel>,
        /// The same for people.
        pub risk_level_desc: Option<String>,
        /// The provider.
        pub mch_id: Option<String> | mchid,
        /// The sub-merchant.
        pub sub_mch_id: Option<String> | sub_mchid,
        /// The payments, JSON in a string; [`transaction_ids`](Self::transaction_ids) reads it.
        pub transaction_id_list: Option<String>,
    }
}
event!(TransactionsRisk, "v2/transactions-risk-occurred");

impl TransactionsRisk {
    /// The platform's numbers of the payments; `None` where the list isn't told, or of another form.
    pub fn transaction_ids(&self) -> Option<Vec<String>> {
        #[derive(serde::Deserialize)]
        struct List {
            data: Data,
        }
        #[derive(serde::Deserialize)]
        struct Data {
            transaction_id: Vec<String>,
        }
        let list: List = serde_json::from_str(self.transaction_id_list.as_deref()?).ok()?;
        Some(list.data.transaction_id)
    }
}

values! {
    /// How great a risk is.
    pub enum RiskLevel {
        /// Low.
        Low = "LOW",
        /// Medium.
        Medium = "MEDIUM",
        /// High.
        High = "HIGH",
    }
}
