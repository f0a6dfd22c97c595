use serde::{Deserialize, Serialize};
use std::fmt;
use wxhook_wire::json::{Doc, Kind, Value};

/// The places of amounts in resources, as the documents have them. The first place that holds one counts: what was
/// refunded before what was paid, and a total before its parts. `*` is every item of a list; those are added up.
const PLACES: [&[&str]; 19] = [
    &["amount", "refund"],
    &["amount", "total"],
    &["req_info", "refund_fee"],
    &["total_amount"],
    &["refund_amount"],
    &["total_fee"],
    &["transfer_amount", "total"],
    &["transfer_amount"],
    &["receiver", "amount"],
    &["recharge_amount", "amount"],
    &["sub_orders", "*", "amount", "total_amount"],
    &["sub_order_list", "order_list", "*", "total_fee"],
    &["event", "total_amount"],
    &["event", "deposit_amount"],
    &["deduct_schedule", "deduct_amount", "total"],
    &["consume_information", "consume_amount"],
    &["detail", "amount"],
    &["collection", "total_amount"],
    &["amount"],
];

/// The amount of money that a record is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Amount {
    /// In the currency's smallest unit: fen.
    pub value: i64,
    /// Three capital letters; `None` where the content names none, which is yuan.
    pub currency: Option<String>,
}

impl Amount {
    /// Returns the amount of a resource, if it has one: of a refund what was refunded, else a total before its parts.
    pub fn of(resource: &str) -> Option<Self> {
        let doc = Doc::parse(resource).ok()?;
        let (value, beside) = PLACES.iter().find_map(|place| at(doc.root(), place))?;
        let named =
            |name| beside.get(name).or_else(|| doc.root().get(name))?.text().map(|text| text.into_owned());
        let currency = named("currency").or_else(|| named("fee_type"));
        let is_code = |code: &String| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        Some(Self { value, currency: currency.filter(is_code) })
    }
}

/// Currencies without a smaller unit.
const WHOLE: [&str; 2] = ["JPY", "KRW"];

impl fmt::Display for Amount {
    /// Writes yuan, `12.34`; another currency with its code, `12.34 HKD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let currency = self.currency.as_deref().unwrap_or("CNY");
        if WHOLE.contains(&currency) {
            return write!(f, "{} {currency}", self.value);
        }
        let (sign, value) = (if self.value < 0 { "-" } else { "" }, self.value.unsigned_abs());
        write!(f, "{sign}{}.{:02}", value / 100, value % 100)?;
        if currency == "CNY" { Ok(()) } else { write!(f, " {currency}") }
    }
}

/// Returns the number at a place, and the object that it stands in.
fn at<'d>(value: Value<'d>, place: &[&str]) -> Option<(i64, Value<'d>)> {
    match place {
        [] => None,
        ["*", rest @ ..] if value.kind() == Kind::Array => {
            let mut all = value.items().map(|item| at(item, rest));
            let (first, beside) = all.next()??;
            all.try_fold(first, |sum, next| sum.checked_add(next?.0)).map(|sum| (sum, beside))
        }
        ["*", rest @ ..] => at(value, rest),
        [name] => {
            let number = value.get(name)?;
            let is_number = matches!(number.kind(), Kind::Number | Kind::String);
            let text = number.text().filter(|_| is_number)?;
            text.parse().ok().map(|number| (number, value))
        }
        [name, rest @ ..] => at(value.get(name)?, rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wxhook_simulator::example;

    fn of(resource: &str) -> Option<(i64, Option<String>)> {
        Amount::of(resource).map(|Amount { value, currency }| (value, currency))
    }

    #[test]
    fn amounts_are_found_where_the_documents_have_them() {
        let some = |value, currency: Option<&str>| Some((value, currency.map(str::to_owned)));
        for (resource, amount) in [
            (r#"{"amount":{"total":100,"payer_total":90,"currency":"CNY"}}"#, some(100, Some("CNY"))),
            (r#"{"amount":{"total":100,"refund":7}}"#, some(7, None)),
            (r#"{"total_fee":"101","cash_fee":"100","fee_type":"CNY"}"#, some(101, Some("CNY"))),
            (r#"{"req_info":{"refund_fee":"5","total_fee":"9"}}"#, some(5, None)),
            (r#"{"amount":30}"#, some(30, None)),
            (
                r#"{"sub_orders":[{"amount":{"total_amount":1}},{"amount":{"total_amount":2}}]}"#,
                some(3, None),
            ),
            (r#"{"total_fee":"1","fee_type":"\u001b[31m"}"#, some(1, None)),
            (r#"{"sub_orders":[{"amount":{"total_amount":1}},{"amount":{}}]}"#, None),
            (r#"{"amount":{"total":1.5}}"#, None),
            (r#"{"amount":{"total":null}}"#, None),
            (r#"{"amount":{}}"#, None),
            (r#"{"total_fee":""}"#, None),
            (r#"{"action_type":"CREATE_COMPLAINT"}"#, None),
            (r#""text""#, None),
        ] {
            assert_eq!(of(resource), amount, "{resource}");
        }
    }

    #[test]
    fn amounts_are_written_in_yuan_or_with_their_currency() {
        let text = |value, currency: &str| {
            let currency = (!currency.is_empty()).then(|| currency.to_owned());
            Amount { value, currency }.to_string()
        };
        assert_eq!(text(1234, ""), "12.34");
        assert_eq!(text(5, "CNY"), "0.05");
        assert_eq!(text(-5, "CNY"), "-0.05");
        assert_eq!(text(5000, "HKD"), "50.00 HKD");
        assert_eq!(text(5000, "JPY"), "5000 JPY");
    }

    #[test]
    fn every_payment_and_refund_of_the_catalog_has_one() {
        let catalog = wxhook_events::catalog();
        for meta in catalog.events() {
            let name = meta.name.to_ascii_uppercase();
            let wanted = (name.starts_with("TRANSACTION.") && !name.contains("INDUSTRY"))
                || name.starts_with("REFUND.")
                || name.starts_with("V2/TRANSACTION-")
                || name.starts_with("V2/REFUND");
            let found = Amount::of(&example(meta, &*catalog));
            assert!(found.is_some() || !wanted, "{} {:?}", meta.name, meta.variant);
        }
    }
}
