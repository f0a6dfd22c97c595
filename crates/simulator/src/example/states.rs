//! Which of its documented values a field has in an event, told by the event's name.

/// Values that don't follow from names: end of the event's name, end of the field's path (from the resource), value.
const KNOWN: &[(&str, &str, &str)] = &[
    ("ABNORMAL_FUND_PROCESSING.TRANSFER.SUCCESS", "transfer_mode", "TRANSFER_TO_ORIGINAL_RECEIVE_USER"),
    ("COMPLAINT.CREATE", "complaint_handle_state", "WAIT_MERCHANT_RESPONSE"),
    ("COMPLAINT.CREATE", "complaint_state", "PAYER_COMPLAINTED"),
    ("COMPLAINT.STATE_CHANGE", "action_type", "MERCHANT_CONFIRM_COMPLETE"),
    ("COMPLAINT.STATE_CHANGE", "complaint_handle_state", "PROCESSED"),
    ("COMPLAINT.STATE_CHANGE", "complaint_state", "PROCESSED"),
    ("COUPON.SEND", "event_type", "EVENT_TYPE_BUSICOUPON_SEND"),
    ("COUPON.USE", "business_type", "MULTIUSE"),
    ("DELIVERY_PLAN.CHANGE", "plan_state", "DELIVERING"),
    ("DELIVERY_PLAN_STATE.DELIVER", "previous_state", "PLAN_CREATED"),
    ("DELIVERY_PLAN_STATE.DELIVER", "previous_audit_state", "AUDIT_PROCESSING"),
    ("ENTRUST.TERMINATE_INQUIRY", "contract_state", "SIGNED"),
    ("FAPIAO.CARD_INSERTED", "fapiao_status", "ISSUED"),
    ("FAPIAO.CARD_DISCARDED", "fapiao_status", "REVERSED"),
    ("FAPIAO.REVERSED", "card_status", "DISCARDED"),
    ("MEDICAL_INSURANCE.SUCCESS", "mix_pay_type", "CASH_AND_INSURANCE"),
    ("MEMBERCARDSP.USER_CARD.CREATE", "event_type", "MEMBERCARDSP.USER_CARD.CREATE"),
    ("MEMBERCARDSP.USER_CARD.DELETE", "event_type", "MEMBERCARDSP.USER_CARD.DELETE"),
    ("PARKING_FEE.QUERY_TRANS_INFO", "parking_state", "PARKING_STATE_EXIT_GATE"),
    ("PAYSCORE.USER_CANCEL_SIGN_PLAN", "cancel_sign_type", "USER"),
    ("PAYSCORE.USER_CONFIRM", "collection.state", "USER_PAYING"),
    ("PAYSCORE.USER_CONFIRM", "state", "DOING"),
    ("PAYSCORE.USER_CONFIRM", "state_description", "USER_CONFIRM"),
    ("PAYSCORE.USER_PAID", "state_description", "MCH_COMPLETE"),
    ("PAYSCORE.USER_SIGN_PLAN", "plan_detail_state", "NOT_USED"),
    ("VEHICLE.USER_STATE_CHANGE", "bind_state", "NORMAL"),
    ("WEBIZPAY.QUOTACARDEXPIRED", "card_state", "DISABLED"),
    ("v2/pap-deduction-failed", "result_code", "FAIL"),
    ("v2/pap-deduction-failed", "trade_state", "PAY_FAIL"),
    ("", "deduct_schedule.schedule_state", "SCHEDULED"),
    ("", "trade_scenario", "RECOMMERCE"),
];

/// Synonyms, without the endings that [`stem`] removes.
const ALIKE: &[&[&str]] = &[
    &["SUCCESS", "FINISH", "DON", "PAID", "COMPLET", "PASS"],
    &["FAIL", "PAYERROR"],
    &["SIGN", "ADD", "OPEN", "ACCEPT", "EFFECTIV", "CREAT"],
    &["TERMINAT", "DELET", "RELEAS", "CLOS", "CANCEL"],
    &["REVOK"],
];

/// Words without meaning here: they occur in events and values of any meaning.
const EMPTY: &[&str] =
    &["PAY", "USER", "STAT", "STATUS", "CONTRACT", "SERVIC", "CARD", "PLAN", "TRANSFER", "MODE"];
/// Beginnings and ends of values that say nothing, or that something isn't so.
const UNSAID: &[&str] = &["UNKNOWN", "INVALID", "UNSPECIFIED"];
const DENIALS: &[&str] = &["NOT", "NO", "UN"];

/// A value that is known for an event's field, documented as one of several or not.
pub(super) fn known(event: &str, path: &str) -> Option<&'static str> {
    let is_at = |end: &str| path == end || path.strip_suffix(end).is_some_and(|way| way.ends_with('.'));
    // A bare name is that of the resource itself where a longer path ends in the same one.
    KNOWN
        .iter()
        .find(|(name, end, _)| {
            (name.is_empty() || event == *name) && if *end == "state" { path == *end } else { is_at(end) }
        })
        .map(|(_, _, value)| *value)
}

/// The one of these values that says the most of what the event's name says.
pub(super) fn chosen(event: &str, path: &str, values: &[&'static str]) -> Option<&'static str> {
    if let Some(known) = known(event, path).filter(|known| values.contains(known)) {
        return Some(known);
    }
    let name = path.rsplit('.').next().unwrap_or(path);
    let is_before = name.starts_with("previous");
    let told = |value: &&&'static str| if is_before { 0 } else { likeness(event, value) };
    let best = values.iter().rev().max_by_key(told).filter(|value| told(value) > 0);
    let is_state = name.ends_with("state") || name.ends_with("status");
    let good = || values.iter().find(|value| is_state && !is_before && means_success(value));
    let said = || values.iter().find(|value| !words(value).any(|word| UNSAID.contains(&word)));
    best.or_else(good).or_else(said).or(values.first()).copied()
}

/// The state of a field that has no documented values.
pub(super) fn plain(event: &str) -> &'static str {
    let last = last_words(event).last().unwrap_or_default();
    match stem(last) {
        "FAIL" => "FAIL",
        "CLOS" => "CLOSED",
        _ => "SUCCESS",
    }
}

/// Ten for each word that they share, less one for each further word of the value; nothing where they share none.
fn likeness(event: &str, value: &str) -> usize {
    if words(value).any(|word| DENIALS.contains(&word) || UNSAID.contains(&word)) {
        return 0;
    }
    if last_segment(event) == value {
        return usize::MAX;
    }
    let shared = words(value)
        .filter(|word| !EMPTY.contains(&stem(word)))
        .filter(|word| last_words(event).any(|said| alike(said, word)))
        .count();
    (shared * 10).saturating_sub(if shared == 0 { 0 } else { words(value).count() - shared })
}

fn means_success(value: &str) -> bool {
    !words(value).any(|word| DENIALS.contains(&word)) && words(value).any(|word| alike(word, "SUCCESS"))
}

fn alike(one: &str, other: &str) -> bool {
    let (one, other) = (stem(one), stem(other));
    one == other || ALIKE.iter().any(|words| words.contains(&one) && words.contains(&other))
}

/// Without `E`, `ED`, `D` or `ING` at its end.
fn stem(word: &str) -> &str {
    ["ING", "ED", "E"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(['_', '.'])
}

fn last_segment(event: &str) -> &str {
    event.rsplit(['.', '/']).next().unwrap_or(event)
}

fn last_words(event: &str) -> impl Iterator<Item = &str> {
    words(last_segment(event))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_says_what_the_event_says() {
        for (event, path, values, expected) in [
            ("TRANSACTION.FAIL", "trade_state", &["SUCCESS", "REFUND", "PAY_FAIL"][..], "PAY_FAIL"),
            ("TRANSACTION.INDUSTRY_FAILED", "trade_state", &["SUCCESS", "PAY_FAIL", "PAY_BACK"], "PAY_FAIL"),
            ("TRANSACTION.PAY_BACK", "trade_state", &["SUCCESS", "REFUND", "PAY_FAIL"], "SUCCESS"),
            ("REFUND.CLOSED", "refund_status", &["SUCCESS", "CLOSED", "ABNORMAL"], "CLOSED"),
            ("REFUND.ABNORMAL", "refund_status", &["SUCCESS", "CLOSED", "ABNORMAL"], "ABNORMAL"),
            ("COUPON.USE", "status", &["SENDED", "USED", "EXPIRED"], "USED"),
            ("PAYSCORE.USER_PAID", "state", &["CREATED", "DOING", "DONE", "REVOKED"], "DONE"),
            ("PAYSCORE.USER_CONFIRM", "state", &["CREATED", "DOING", "DONE"], "DOING"),
            ("PAYSCORE.USER_CONFIRM", "collection.state", &["USER_PAYING", "USER_PAID"], "USER_PAYING"),
            ("ENTRUST.TERMINATE", "contract_state", &["SIGNED", "TERMINATED"], "TERMINATED"),
            ("ENTRUST.SIGN", "contract_state", &["SIGNED", "SIGN_FAILED"], "SIGNED"),
            ("X.SIGN_CONTRACT", "contract_state", &["STATE_INVALID", "STATE_EFFECTIVE"], "STATE_EFFECTIVE"),
            ("X.CARD_DISCARDED", "card_status", &["DISCARD_ACCEPTED", "DISCARDED"], "DISCARDED"),
            ("X.USER_CLOSE_SERVICE", "s", &["USER_OPEN_SERVICE", "USER_CLOSE_SERVICE"], "USER_CLOSE_SERVICE"),
            ("X.USER_CLOSE_SERVICE", "contract_status", &["ADD", "DELETE"], "DELETE"),
            ("X.CHANGE", "task_state", &["PROCESSING", "FAIL", "SUCCESS"], "SUCCESS"),
            ("X.CHANGE", "order_type", &["UNKNOWN_TYPE", "REG_PAY"], "REG_PAY"),
        ] {
            assert_eq!(chosen(event, path, values), Some(expected), "{event} {path}");
        }
        assert_eq!(chosen("X", "y", &[]), None);
        assert_eq!(
            (plain("X.SUCCESS"), plain("X.PAY_FAIL"), plain("X.CLOSED")),
            ("SUCCESS", "FAIL", "CLOSED")
        );
    }
}
