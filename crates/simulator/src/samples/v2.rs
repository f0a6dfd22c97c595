//! Notifications of the v2 protocol: their fields without `nonce_str`, `sign_type` and `sign`.

use super::Case;
use crate::DepositFree;

/// Fields of a template, and the value that one of them has in a changed one.
struct Sample {
    fields: &'static [(&'static str, &'static str)],
    changed: (&'static str, &'static str),
}

/// The two parts of a refund.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refund {
    /// The fields in the open.
    pub fields: Vec<(String, String)>,
    /// Those that are encrypted.
    pub req_info: Vec<(String, String)>,
}

/// A payment (`v2/transaction-success`).
pub fn payment(case: &Case) -> Vec<(String, String)> {
    const SAMPLE: Sample = Sample {
        fields: &[
            ("appid", "wx2421b1c4370ec43b"),
            ("attach", "支付测试"),
            ("bank_type", "CFT"),
            ("fee_type", "CNY"),
            ("is_subscribe", "Y"),
            ("mch_id", "$mchid"),
            ("openid", "oUpF8uMEb4qRXf22hE3X68TekukE"),
            ("out_trade_no", "1409811653$number"),
            ("result_code", "SUCCESS"),
            ("return_code", "SUCCESS"),
            ("time_end", "20140903131540"),
            ("total_fee", "1"),
            ("coupon_fee", "10"),
            ("coupon_count", "1"),
            ("coupon_type", "CASH"),
            ("coupon_id", "10000"),
            ("trade_type", "JSAPI"),
            ("transaction_id", "100440074020140903$number"),
        ],
        changed: ("attach", "另一测试"),
    };
    SAMPLE.of(case)
}

/// A refund (`v2/refund-processed`): of the [`payment`] with the same number.
pub fn refund(case: &Case) -> Refund {
    const OPEN: Sample = Sample {
        fields: &[("return_code", "SUCCESS"), ("appid", "wx2421b1c4370ec43b"), ("mch_id", "$mchid")],
        changed: ("", ""),
    };
    const SEALED: Sample = Sample {
        fields: &[
            ("out_refund_no", "R1409811653$number"),
            ("out_trade_no", "1409811653$number"),
            ("refund_account", "REFUND_SOURCE_RECHARGE_FUNDS"),
            ("refund_fee", "1"),
            ("refund_id", "5000040492201711250$number"),
            ("refund_recv_accout", "支付用户零钱"),
            ("refund_request_source", "API"),
            ("refund_status", "SUCCESS"),
            ("settlement_refund_fee", "1"),
            ("settlement_total_fee", "1"),
            ("success_time", "2017-11-25 15:36:17"),
            ("total_fee", "1"),
            ("transaction_id", "100440074020140903$number"),
        ],
        changed: ("refund_request_source", "VENDOR_PLATFORM"),
    };
    Refund { fields: OPEN.of(case), req_info: SEALED.of(case) }
}

/// `CHECK.SUCCESS`: a user confirmed a deposit-free rent.
pub fn deposit_free(case: &Case) -> DepositFree {
    const SAMPLE: Sample = Sample {
        fields: &[
            ("state", "CHECKED"),
            ("service_id", "500001"),
            ("out_order_no", "1234323JKHDFE$number"),
            ("order_id", "15646546545$number"),
            ("goods_name", "充电宝"),
            ("start_time", "20180608103456"),
            ("deposit_amount", "9900"),
            ("finish_ticket", "$number"),
        ],
        changed: ("goods_name", "雨伞"),
    };
    let id = case.fill("EV-20180608123456$number", "");
    DepositFree::new("CHECK.SUCCESS", id, SAMPLE.of(case))
}

/// A contract for withholding was signed (`v2/pap-contract-state-changed`).
pub fn contract(case: &Case) -> Vec<(String, String)> {
    const SAMPLE: Sample = Sample {
        fields: &[
            ("return_code", "SUCCESS"),
            ("result_code", "SUCCESS"),
            ("mch_id", "$mchid"),
            ("contract_code", "100001256$number"),
            ("plan_id", "123"),
            ("openid", "onqOjjmM1tad-3ROpncN-yUfa6ua"),
            ("change_type", "ADD"),
            ("operate_time", "2015-07-01 10:00:00"),
            ("contract_id", "Wx15463511252015071$number"),
            ("contract_expired_time", "2016-07-01 10:00:00"),
            ("request_serial", "$number"),
        ],
        changed: ("contract_expired_time", "2017-07-01 10:00:00"),
    };
    SAMPLE.of(case)
}

/// A plate can't be charged any more (`v2/vehicle-state-changed-for-parking`); to be signed with HMAC-SHA256.
pub fn plate(case: &Case) -> Vec<(String, String)> {
    const SAMPLE: Sample = Sample {
        fields: &[
            ("mch_id", "$mchid"),
            ("appid", "wx2421b1c4370ec43b"),
            ("plate_number", "粤B$number"),
            ("vehicle_event_type", "BLOCKED"),
            ("vehicle_event_des", "OVERDUE"),
            ("deduct_mode", "PROACTIVE"),
            ("vehicle_event_createtime", "20180608103456"),
        ],
        changed: ("deduct_mode", "AUTOPAY"),
    };
    SAMPLE.of(case)
}

/// A combined payment of two orders (`v2/combined-transactions-success`).
pub fn combined(case: &Case) -> Vec<(String, String)> {
    const SAMPLE: Sample = Sample {
        fields: &[
            ("return_code", "SUCCESS"),
            ("result_code", "SUCCESS"),
            ("combine_appid", "wx2421b1c4370ec43b"),
            ("combine_mch_id", "$mchid"),
            ("combine_openid", "oUpF8uMEb4qRXf22hE3X68TekukE"),
            ("combine_out_trade_no", "C1409811653$number"),
            ("trade_type", "JSAPI"),
            ("bank_type", "CFT"),
            ("sub_order_list", SUB_ORDERS),
        ],
        changed: ("bank_type", "CMC"),
    };
    SAMPLE.of(case)
}

/// Payments that a bank's provider should look at (`v2/transactions-risk-occurred`); to be signed with HMAC-SHA256.
pub fn risk(case: &Case) -> Vec<(String, String)> {
    const SAMPLE: Sample = Sample {
        fields: &[
            ("return_code", "SUCCESS"),
            ("event_code", "RISK$number"),
            ("risk_level", "HIGH"),
            ("risk_level_desc", "高风险"),
            ("mch_id", "$mchid"),
            ("sub_mch_id", "1900000109"),
            ("transaction_id_list", r#"{"data":{"transaction_id":["100440074020140904$number"]}}"#),
        ],
        changed: ("risk_level_desc", "交易异常"),
    };
    SAMPLE.of(case)
}

const SUB_ORDERS: &str = concat!(
    r#"{"order_num":2,"order_list":["#,
    r#"{"appid":"wx2421b1c4370ec43b","mch_id":"1900000109","openid":"oUpF8uMEb4qRXf22hE3X68TekukE","total_fee":2,"#,
    r#""cash_fee":2,"transaction_id":"100440074020140905$number","out_trade_no":"A1409811653$number","#,
    r#""attach":"a","time_end":"20140903131540"},"#,
    r#"{"appid":"wx2421b1c4370ec43b","mch_id":"1900000110","openid":"oUpF8uMEb4qRXf22hE3X68TekukE","total_fee":3,"#,
    r#""cash_fee":3,"transaction_id":"100440074020140906$number","out_trade_no":"B1409811653$number","#,
    r#""attach":"b","time_end":"20140903131540"}]}"#,
);

impl Sample {
    fn of(&self, case: &Case) -> Vec<(String, String)> {
        let value = |name: &str, value: &'static str| {
            if case.changed && name == self.changed.0 { self.changed.1 } else { value }
        };
        self.fields
            .iter()
            .map(|(name, template)| ((*name).to_owned(), case.fill(value(name, template), &case.mchid)))
            .collect()
    }
}

impl std::fmt::Debug for Refund {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refund").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    type Fields = Vec<(String, String)>;

    /// A sample and the fields of its key.
    type Keyed = (fn(&Case) -> Fields, &'static [&'static str]);

    const ALL: [Keyed; 7] = [
        (payment, &["transaction_id", "result_code"]),
        (|case| refund(case).req_info, &["refund_id", "refund_status", "refund_recv_accout"]),
        (|case| deposit_free(case).fields, &["order_id", "state"]),
        (contract, &["contract_id", "change_type", "operate_time"]),
        (plate, &["plate_number", "vehicle_event_createtime", "vehicle_event_type", "vehicle_event_des"]),
        (combined, &["combine_mch_id", "combine_out_trade_no", "result_code"]),
        (risk, &["event_code", "sub_mch_id", "transaction_id_list"]),
    ];

    fn get<'a>(fields: &'a Fields, name: &str) -> &'a str {
        &fields.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("{name}")).1
    }

    #[test]
    fn numbers_are_distinct_in_their_keys() {
        for (sample, key) in ALL {
            let mut keys = HashSet::new();
            for number in [0, 1, 10, u32::MAX] {
                let fields = sample(&Case::new("1900000199", number));
                let names: HashSet<_> = fields.iter().map(|(name, _)| name).collect();
                assert_eq!(names.len(), fields.len());
                assert!(fields.iter().all(|(_, value)| !value.contains('$') && !value.is_empty()));
                assert!(
                    keys.insert(key.iter().map(|name| get(&fields, name).to_owned()).collect::<Vec<_>>())
                );
            }
        }
    }

    #[test]
    fn a_changed_one_differs_in_one_field_outside_its_key() {
        let case = Case::new("1900000199", 5);
        for (sample, key) in ALL {
            let (one, other) = (sample(&case), sample(&case.changed()));
            let differing: Vec<_> = one.iter().zip(&other).filter(|(a, b)| a != b).collect();
            let [(changed, _)] = differing[..] else { panic!("{differing:?}") };
            assert!(!key.contains(&changed.0.as_str()));
        }
        assert_eq!(deposit_free(&case).event_id, deposit_free(&case.changed()).event_id);
    }

    #[test]
    fn they_hold_what_the_documents_show() {
        let fields = payment(&Case::new("10000100", 5_092_168));
        assert_eq!(get(&fields, "transaction_id"), "1004400740201409030005092168");
        assert_eq!(get(&fields, "mch_id"), "10000100");
        for (fields, name) in [
            (combined(&Case::new("1", 1)), "sub_order_list"),
            (risk(&Case::new("1", 1)), "transaction_id_list"),
        ] {
            assert!(serde_json::from_str::<serde_json::Value>(get(&fields, name)).unwrap().is_object());
        }
    }
}
