use super::{Amount, Payer, Promotion, TradeState};
use wxhook_wire::Time;

model! {
    /// `TRANSACTION.SUCCESS`, variant `PARKING`: parking is paid by plate.
    pub struct TransactionSuccessParking {
        /// The platform's number of the payment.
        pub transaction_id: Option<String>,
        /// The merchant's number of the order.
        pub out_trade_no: Option<String>,
        /// The merchant's app.
        pub appid: Option<String>,
        /// The merchant or provider.
        pub sp_mchid: Option<String>,
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
        pub trade_state_description: Option<String> | trade_state_desc,
        /// When it was paid.
        pub success_time: Option<Time>,
        /// The bank, by the platform's code.
        pub bank_type: Option<String>,
        /// What the merchant attached to the order.
        pub attach: Option<String>,
        /// Whether the user has paid back what the platform advanced: `Y` or `N`.
        pub user_repaid: Option<String>,
        /// `PARKING`.
        pub trade_scene: Option<String>,
        /// The parking.
        pub parking_info: Option<ParkingInfo>,
        /// Who paid.
        pub payer: Option<Payer>,
        /// The amounts.
        pub amount: Option<Amount>,
        /// The promotions that were used.
        pub promotion_detail: Option<Vec<Promotion>>,
    }
}
event!(TransactionSuccessParking, "TRANSACTION.SUCCESS", "PARKING");

model! {
    /// A car's stay.
    pub struct ParkingInfo {
        /// The platform's number of the stay.
        pub parking_id: Option<String>,
        /// The plate.
        pub plate_number: Option<String>,
        /// Its colour.
        pub plate_color: Option<PlateColor>,
        /// From when.
        pub start_time: Option<Time>,
        /// Until when.
        pub end_time: Option<Time>,
        /// Where.
        pub parking_name: Option<String>,
        /// The seconds that are charged for.
        pub charging_duration: Option<i64>,
        /// The merchant's number of the device.
        pub device_id: Option<String>,
    }
}

values! {
    /// The colour of a plate.
    pub enum PlateColor {
        /// Small cars.
        Blue = "BLUE",
        /// New energy, small.
        Green = "GREEN",
        /// Large vehicles.
        Yellow = "YELLOW",
        /// Embassies, Hong Kong and Macao.
        Black = "BLACK",
        /// Police and others.
        White = "WHITE",
        /// New energy, large.
        LimeGreen = "LIMEGREEN",
    }
}
