//! Notifications of the v3 protocol.

use super::Case;
use crate::Notification;

/// The fixed parts of a sample.
struct Sample {
    event_type: &'static str,
    summary: &'static str,
    id: &'static str,
    create_time: &'static str,
    original_type: Option<&'static str>,
    associated_data: &'static str,
    resource: &'static str,
    /// A text that occurs once in the resource, outside its key, and its replacement in a changed one.
    changed: (&'static str, &'static str),
}

/// `TRANSACTION.SUCCESS` of a merchant abroad under an institution (variant `GLOBAL_PARTNER`); the merchant is the
/// institution. Like the document's, it has no `original_type`.
pub fn transaction_global(case: &Case) -> Notification {
    const SAMPLE: Sample = Sample {
        event_type: "TRANSACTION.SUCCESS",
        summary: "payment succeeded",
        id: "f7c34059-0f2d-5b32-ba33-$number",
        create_time: "2018-06-08T10:34:56+08:00",
        original_type: None,
        associated_data: "",
        resource: include_str!("v3/transaction_global.json"),
        changed: ("Payment test", "Another test"),
    };
    SAMPLE.of(case)
}

/// `TRANSACTION.SUCCESS` of a domestic merchant (variant `BASIC`).
pub fn transaction(case: &Case) -> Notification {
    const SAMPLE: Sample = Sample {
        event_type: "TRANSACTION.SUCCESS",
        summary: "支付成功",
        id: "EV-20180608103456$number",
        create_time: "2018-06-08T10:34:56+08:00",
        original_type: Some("transaction"),
        associated_data: "transaction",
        resource: include_str!("v3/transaction.json"),
        changed: ("自定义数据", "另一数据"),
    };
    SAMPLE.of(case)
}

/// `REFUND.SUCCESS` (variant `BASIC`): of the [`transaction`] with the same number.
pub fn refund(case: &Case) -> Notification {
    const SAMPLE: Sample = Sample {
        event_type: "REFUND.SUCCESS",
        summary: "退款成功",
        id: "EV-20180608113456$number",
        create_time: "2018-06-08T11:34:56+08:00",
        original_type: Some("refund"),
        associated_data: "refund",
        resource: include_str!("v3/refund.json"),
        changed: ("招商银行信用卡0403", "支付用户零钱"),
    };
    SAMPLE.of(case)
}

/// `PAYSCORE.USER_PAID` through an institution (variant `INSTITUTION`), with an amount that is a string of digits.
pub fn payscore_paid(case: &Case) -> Notification {
    const SAMPLE: Sample = Sample {
        event_type: "PAYSCORE.USER_PAID",
        summary: "支付成功",
        id: "EV-20180225112233$number",
        create_time: "2015-05-20T13:29:35+08:00",
        original_type: None,
        associated_data: "",
        resource: include_str!("v3/payscore_paid.json"),
        changed: (r#""attach": "attach""#, r#""attach": "another""#),
    };
    SAMPLE.of(case)
}

/// `MCHTRANSFER.AUTHORIZATION.CONFIRMED`; it names no merchant.
pub fn transfer_authorized(case: &Case) -> Notification {
    const SAMPLE: Sample = Sample {
        event_type: "MCHTRANSFER.AUTHORIZATION.CONFIRMED",
        summary: "商家转账用户自动收款授权确认通知",
        id: "EV-20150520132935$number",
        create_time: "2015-05-20T13:29:35+08:00",
        original_type: Some("mch_payment"),
        associated_data: "mch_payment",
        resource: include_str!("v3/transfer_authorized.json"),
        changed: ("wx_123456", "wx_654321"),
    };
    SAMPLE.of(case)
}

impl Sample {
    fn of(&self, case: &Case) -> Notification {
        let template = if case.changed {
            self.resource.replace(self.changed.0, self.changed.1)
        } else {
            self.resource.to_owned()
        };
        let resource = case.fill(template.trim_end(), &escaped(&case.mchid));
        Notification {
            create_time: self.create_time.to_owned(),
            summary: self.summary.to_owned(),
            original_type: self.original_type.map(str::to_owned),
            associated_data: Some(self.associated_data.to_owned()),
            ..Notification::new(case.fill(self.id, ""), self.event_type, resource)
        }
    }
}

/// Returns the text in the form it has between the quotes of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::HashSet;

    const ALL: [fn(&Case) -> Notification; 5] =
        [transaction_global, transaction, refund, payscore_paid, transfer_authorized];
    const MCHID: &str = "1900000199";

    fn resource(notification: &Notification) -> Value {
        serde_json::from_str(&notification.resource).unwrap()
    }

    #[test]
    fn each_is_complete_json_and_within_the_documents_limits() {
        for sample in ALL {
            let notification = sample(&Case::new(MCHID, u32::MAX));
            assert!(resource(&notification).is_object());
            assert!(!notification.resource.contains('$'), "{}", notification.resource);
            assert!(notification.id.len() <= 36 && !notification.id.contains('$'));
            assert!(notification.event_type.len() <= 64 && notification.summary.chars().count() <= 64);
        }
        let mchid = "say \"\\\" \n";
        assert_eq!(resource(&transaction(&Case::new(mchid, 1)))["mchid"], mchid);
    }

    #[test]
    fn numbers_and_kinds_are_distinct() {
        let (mut ids, mut resources) = (HashSet::new(), HashSet::new());
        for sample in ALL {
            for number in [0, 1, 10, 4_294_967_295] {
                let notification = sample(&Case::new(MCHID, number));
                assert_eq!(notification, sample(&Case::new(MCHID, number)));
                assert!(ids.insert(notification.id));
                assert!(resources.insert(notification.resource));
            }
        }
    }

    #[test]
    fn a_changed_one_differs_in_one_place_outside_its_key() {
        let keys: [&[&str]; 5] = [
            &["/id"],
            &["/transaction_id"],
            &["/refund_id", "/refund_status"],
            &["/sub_mchid", "/out_order_no", "/collection/state", "/collection/paid_amount"],
            &["/authorization_id", "/state"],
        ];
        for (sample, key) in ALL.iter().zip(keys) {
            let case = Case::new(MCHID, 5);
            let (one, other) = (sample(&case), sample(&case.changed()));
            assert_eq!(one.id, other.id);
            let (one, other) = (resource(&one), resource(&other));
            for part in key {
                assert!(one.pointer(part).is_some(), "{part}");
                assert_eq!(one.pointer(part), other.pointer(part));
            }
            let members = one.as_object().unwrap();
            assert_eq!(members.iter().filter(|(name, value)| other[name.as_str()] != **value).count(), 1);
        }
    }

    #[test]
    fn they_hold_what_the_documents_show() {
        let case = Case::new("10000100", 5_820_873);
        assert_eq!(resource(&transaction_global(&case))["id"], "1008450740201411110005820873");
        let case = Case::new(MCHID, 3_456_789_012);
        assert_eq!(resource(&transfer_authorized(&case))["authorization_id"], "201202504101000123456789012");
        assert_eq!(resource(&payscore_paid(&case))["total_amount"], "40000");
        let (paid, refunded) = (resource(&transaction(&case)), resource(&refund(&case)));
        assert_eq!((&paid["mchid"], &paid["trade_state"]), (&MCHID.into(), &"SUCCESS".into()));
        assert_eq!(paid["transaction_id"], refunded["transaction_id"]);
    }
}
