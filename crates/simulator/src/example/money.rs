//! Amounts that add up: an order of 100, of which a coupon bore 10, and 40 given back of it.

use crate::tree::Tree;

/// Names of amounts, in the smallest unit; the first that fits counts. What isn't here is the whole order.
const AMOUNTS: &[(&str, &str)] = &[
    ("payer_total", "90"),
    ("payer_amount", "90"),
    ("cash_fee", "90"),
    ("total_actual_price", "90"),
    ("actual_price", "90"),
    ("actual_pay_price", "90"),
    ("cut_to_price", "90"),
    ("discount_total", "10"),
    ("discount_amount", "10"),
    ("coupon_amount", "10"),
    ("coupon_fee", "10"),
    ("wechatpay_contribute", "10"),
    ("wechatpay_contribute_amount", "10"),
    ("wxpay_contribute_amount", "10"),
    ("merchant_contribute", "0"),
    ("merchant_contribute_amount", "0"),
    ("other_contribute", "0"),
    ("other_contribute_amount", "0"),
    ("refund", "40"),
    ("refund_fee", "40"),
    ("refund_amount", "40"),
    ("refunded_amount", "40"),
    ("settlement_refund", "40"),
    ("settlement_refund_fee", "40"),
    ("cash_refund_fee", "40"),
    ("payer_refund", "36"),
    ("discount_refund", "4"),
    ("fail_amount", "0"),
    ("fail_num", "0"),
    ("paying_amount", "0"),
    ("deposit_amount", "200"),
    ("med_ins_gov_fee", "40"),
    ("med_ins_self_fee", "20"),
    ("med_ins_other_fee", "10"),
    ("med_ins_cash_fee", "30"),
    ("wechat_pay_cash_fee", "30"),
    ("cash_add_fee", "5"),
    ("cash_reduce_fee", "5"),
];

/// Names of fields that show a reduction.
const REDUCED: &[&str] = &["promotion_detail", "coupon_fee", "coupon_fee_0", "discount_total", "detail"];
/// Names of the amount that the payer pays: the whole amount without a reduction.
const PAID: &[&str] = &["payer_total", "payer_amount", "cash_fee"];

/// Ends of paths of objects, and what amounts in them are in a payment, a refund and a confirmed order.
const PLACES: &[(&str, &str, &str)] = &[
    ("promotion_detail", "amount", "10"),
    ("detail", "amount", "10"),
    ("detail", "refund_amount", "4"),
    ("from", "amount", "40"),
    ("post_payments", "amount", "110"),
    ("post_discounts", "amount", "10"),
    ("risk_fund", "amount", "200"),
];

/// The token of an amount of this name, as it is in most places.
pub(super) fn amount(name: &str) -> Option<&'static str> {
    AMOUNTS.iter().find(|(known, _)| *known == name).map(|(_, token)| *token)
}

/// Makes the amounts of a whole resource add up, also where fields are missing from it.
pub(super) fn balance(event: &str, resource: &mut Tree) {
    Scope { event, parent: "", is_reduced: false }.visit(resource);
}

#[derive(Clone, Copy)]
struct Scope<'a> {
    event: &'a str,
    /// The name of the object, or of the list that contains it.
    parent: &'a str,
    /// True if something was taken off here or in an enclosing object.
    is_reduced: bool,
}

impl Scope<'_> {
    fn visit(self, tree: &mut Tree) {
        match tree {
            Tree::Array(items) => items.iter_mut().for_each(|item| self.visit(item)),
            Tree::Object(members) => {
                let here = members.iter().any(|(name, _)| REDUCED.contains(&name.as_str()));
                let scope = Self { is_reduced: self.is_reduced || here, ..self };
                for (name, value) in members {
                    if let Some(token) = scope.amount(name) {
                        put(value, token);
                    }
                    Scope { parent: name, ..scope }.visit(value);
                }
            }
            Tree::Scalar(_) => {}
        }
    }

    fn amount(self, name: &str) -> Option<&'static str> {
        let is_refund = self.event.to_ascii_lowercase().contains("refund");
        let in_promotion = matches!(self.parent, "promotion_detail" | "detail");
        match (self.parent, name) {
            ("goods_detail", "unit_price" | "price") if is_refund => return Some("40"),
            ("promotion_detail", "refund_amount") => return Some(if is_refund { "4" } else { "0" }),
            // The fee that the platform gives back.
            ("amount", "refund_fee") => return Some("0"),
            ("req_info", "cash_refund_fee") => return Some("40"),
            _ => {}
        }
        if PAID.contains(&name) && !self.is_reduced && !is_refund {
            return Some("100");
        }
        match (self.event, self.parent, name) {
            ("PAYSCORE.USER_CONFIRM", "collection", "paying_amount") => return Some("60"),
            ("PAYSCORE.USER_CONFIRM", "collection", "paid_amount")
            | ("PAYSCORE.USER_CONFIRM", "details", "amount") => return Some("40"),
            ("MCHWITHDRAW.CHANGE", _, "refund_amount")
            | ("MCHTRANSFER.BATCH.CLOSED", _, "success_amount" | "success_num") => return Some("0"),
            ("MCHTRANSFER.BATCH.CLOSED", _, "fail_amount") => return Some("100"),
            ("MCHTRANSFER.BATCH.CLOSED", _, "fail_num") => return Some("1"),
            _ => {}
        }
        let is_here = |place: &str| place == self.parent && (in_promotion || place != "detail");
        PLACES.iter().find(|(place, known, _)| is_here(place) && *known == name).map(|(_, _, token)| *token)
    }
}

/// Puts a number in the place of one, quoted where that is; leaves anything else.
fn put(value: &mut Tree, token: &str) {
    let Tree::Scalar(known) = value else { return };
    let digits = known.trim_matches('"');
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        *known = if known.starts_with('"') { Tree::string(token).to_json() } else { token.to_owned() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn balanced(event: &str, text: &str) -> String {
        let mut tree = Tree::parse(text).unwrap();
        balance(event, &mut tree);
        tree.to_json()
    }

    #[test]
    fn what_is_paid_depends_on_what_was_taken_off() {
        for (event, text, expected) in [
            (
                "X.PAID",
                r#"{"amount":{"total":100,"payer_total":90}}"#,
                r#"{"amount":{"total":100,"payer_total":100}}"#,
            ),
            ("X.PAID", r#"{"cash_fee":"90"}"#, r#"{"cash_fee":"100"}"#),
            ("X.PAID", r#"{"cash_fee":"90","coupon_fee":"10"}"#, r#"{"cash_fee":"90","coupon_fee":"10"}"#),
            (
                "X.PAID",
                r#"{"amount":{"payer_total":90},"promotion_detail":[{"amount":100,"refund_amount":100}]}"#,
                r#"{"amount":{"payer_total":90},"promotion_detail":[{"amount":10,"refund_amount":0}]}"#,
            ),
            ("X.REFUND", r#"{"amount":{"payer_total":90}}"#, r#"{"amount":{"payer_total":90}}"#),
            ("MCHTRANSFER.BATCH.CLOSED", r#"{"fail_num":0,"n":"x"}"#, r#"{"fail_num":1,"n":"x"}"#),
        ] {
            assert_eq!(balanced(event, text), expected);
        }
    }
}
