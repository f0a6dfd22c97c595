use super::{
    Amount, InstallmentInfo, ParkingInfo, Payer, Promotion, Receiver, SceneInfo, SubOrder, TradeState,
    TradeType,
};
use wxhook_wire::Time;

model! {
    /// `TRANSACTION.SUCCESS`, variant `BASIC`: a merchant's own order is paid.
    pub struct TransactionSuccessBasic {
        /// The platform's number of the payment.
        pub transaction_id: Option<String>,
        /// The merchant's number of the order.
        pub out_trade_no: Option<String>,
        /// The merchant.
        pub mchid: Option<String> | mch_id,
        /// The merchant's app.
        pub appid: Option<String>,
        /// How it stands.
        pub trade_state: Option<TradeState>,
        /// The same for people.
        pub trade_state_desc: Option<String> | trade_state_description,
        /// How the user paid.
        pub trade_type: Option<TradeType>,
        /// The bank, by the platform's code.
        pub bank_type: Option<String>,
        /// What the merchant attached to the order.
        pub attach: Option<String>,
        /// When it was paid.
        pub success_time: Option<Time>,
        /// Who paid.
        pub payer: Option<Payer>,
        /// The amounts.
        pub amount: Option<Amount>,
        /// Where it was paid.
        pub scene_info: Option<SceneInfo>,
        /// The promotions that were used.
        pub promotion_detail: Option<Vec<Promotion>>,
        /// Paying by instalments.
        pub installment_info: Option<InstallmentInfo>,
    }
}
event!(TransactionSuccessBasic, "TRANSACTION.SUCCESS", "BASIC");

model! {
    /// `TRANSACTION.SUCCESS`, variant `PARTNER`: an order of a provider's sub-merchant is paid.
    pub struct TransactionSuccessPartner {
        /// The platform's number of the payment.
        pub transaction_id: Option<String>,
        /// The merchant's number of the order.
        pub out_trade_no: Option<String>,
        /// The provider.
        pub sp_mchid: Option<String>,
        /// The provider's app.
        pub sp_appid: Option<String>,
        /// The sub-merchant.
        pub sub_mchid: Option<String> | sub_mch_id,
        /// The sub-merchant's app.
        pub sub_appid: Option<String>,
        /// How it stands.
        pub trade_state: Option<TradeState>,
        /// The same for people.
        pub trade_state_desc: Option<String> | trade_state_description,
        /// How the user paid.
        pub trade_type: Option<TradeType>,
        /// The bank, by the platform's code.
        pub bank_type: Option<String>,
        /// What the merchant attached to the order.
        pub attach: Option<String>,
        /// When it was paid.
        pub success_time: Option<Time>,
        /// Who paid.
        pub payer: Option<Payer>,
        /// The amounts.
        pub amount: Option<Amount>,
        /// Where it was paid.
        pub scene_info: Option<SceneInfo>,
        /// The promotions that were used.
        pub promotion_detail: Option<Vec<Promotion>>,
        /// Paying by instalments.
        pub installment_info: Option<InstallmentInfo>,
    }
}
event!(TransactionSuccessPartner, "TRANSACTION.SUCCESS", "PARTNER");

model! {
    /// `TRANSACTION.SUCCESS` of any variant; what a variant doesn't have is `None`.
    pub struct TransactionSuccess {
        /// The platform's number of the payment.
        pub transaction_id: Option<String> | id,
        /// The merchant's number of the order.
        pub out_trade_no: Option<String>,
        /// The merchant.
        pub mchid: Option<String> | mch_id,
        /// The merchant's app.
        pub appid: Option<String>,
        /// The provider.
        pub sp_mchid: Option<String>,
        /// The provider's app.
        pub sp_appid: Option<String>,
        /// The sub-merchant.
        pub sub_mchid: Option<String> | sub_mch_id,
        /// The sub-merchant's app.
        pub sub_appid: Option<String>,
        /// What was sold.
        pub description: Option<String>,
        /// When the order was made.
        pub create_time: Option<Time>,
        /// How it stands.
        pub trade_state: Option<TradeState>,
        /// The same for people.
        pub trade_state_desc: Option<String> | trade_state_description,
        /// How the user paid.
        pub trade_type: Option<TradeType>,
        /// `PARKING` for parking.
        pub trade_scene: Option<String>,
        /// The scenario of a combined order, e.g. `RECOMMERCE`.
        pub trade_scenario: Option<String>,
        /// The bank, by the platform's code.
        pub bank_type: Option<String>,
        /// What the merchant attached to the order.
        pub attach: Option<String>,
        /// When it was paid.
        pub success_time: Option<Time>,
        /// Whether the user has paid back what the platform advanced: `Y` or `N`.
        pub user_repaid: Option<String>,
        /// Who paid.
        pub payer: Option<Payer>,
        /// The amounts.
        pub amount: Option<Amount>,
        /// Where it was paid.
        pub scene_info: Option<SceneInfo>,
        /// Which device it was paid with.
        pub device_information: Option<DeviceInformation>,
        /// The promotions that were used.
        pub promotion_detail: Option<Vec<Promotion>>,
        /// Paying by instalments.
        pub installment_info: Option<InstallmentInfo>,
        /// The parking.
        pub parking_info: Option<ParkingInfo>,
        /// The app that combined the orders.
        pub combine_appid: Option<String>,
        /// The merchant that combined the orders.
        pub combine_mchid: Option<String>,
        /// Its number of the whole.
        pub combine_out_trade_no: Option<String>,
        /// The platform's number of the whole.
        pub combine_transaction_id: Option<String>,
        /// Who paid a combined order.
        pub combine_payer_info: Option<Payer>,
        /// The orders of a combined one.
        pub sub_orders: Option<Vec<SubOrder>>,
        /// The platform's number of a profit sharing.
        pub order_id: Option<String>,
        /// The merchant's number of a profit sharing.
        pub out_order_no: Option<String>,
        /// Who got a share.
        pub receiver: Option<Receiver>,
    }
}
event!(TransactionSuccess, "TRANSACTION.SUCCESS");

model! {
    /// The device of a payment at school or for lessons.
    pub struct DeviceInformation {
        /// Its number.
        pub device_id: Option<String>,
        /// Its address.
        pub device_ip: Option<String>,
    }
}
