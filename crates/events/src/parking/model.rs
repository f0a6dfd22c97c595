model! {
    /// `PARKING_FEE.QUERY_TRANS_INFO`: what is to be paid for a car? A question; the reply carries the answer.
    pub struct QueryTransInfo {
        /// The number of the question.
        pub out_serial_number: Option<String>,
        /// The plate.
        pub plate_number: Option<String>,
        /// The merchant's number of the car park.
        pub out_parking_id: Option<String>,
    }
}
event!(QueryTransInfo, "PARKING_FEE.QUERY_TRANS_INFO");
