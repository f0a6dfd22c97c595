//! Fields that documents have in some states only: why something failed, when it ended.

use crate::tree::Tree;

/// Names of fields, and what one of the states around them must be, or the last part of the event's name.
const ONLY_IN: &[(&[&str], &[&str])] = &[
    (&["close_info", "close_reason", "close_time"], &["CLOSED"]),
    (
        &[
            "contract_terminate_info",
            "contract_terminated_mode",
            "contract_terminated_time",
            "contract_termination_mode",
            "contract_termination_remark",
        ],
        &["TERMINATED", "CONTRACT_STATE_TERMINATED", "1", "TERMINATE", "TERMINATE_CONTRACT"],
    ),
    (
        &["fail_reason", "med_ins_fail_reason", "err_code", "err_code_des"],
        &["FAIL", "MED_INS_PAY_FAIL", "PAY_FAIL"],
    ),
    (&["invalid_reason", "invalid_time"], &["UNAVAILABLE", "EXPIRED"]),
    (&["unfinished_reason"], &["UNFINISHED"]),
    (&["reject_reason", "audit_reject_detail"], &["REJECTED", "FAIL"]),
    (&["blocked_state_description"], &["BLOCKED"]),
    (&["return_reason"], &["FUND_RETURNED"]),
    (&["cancel_sign_time", "cancel_reason"], &["USER_CANCEL_SIGN_PLAN"]),
    (&["cancel_time"], &["SIGN_PLAN_DETAIL_CANCEL"]),
];

/// Takes away what doesn't come in the states that the resource has.
pub(super) fn obey(event: &str, resource: &mut Tree) {
    // Captured payments of v2 tell their state only where they are deductions.
    if event == "v2/transaction-success" && resource.get("contract_id").is_none() {
        for name in ["trade_state", "trade_state_desc"] {
            resource.remove(name);
        }
    }
    let last = event.rsplit(['.', '/']).next().unwrap_or(event);
    obey_within(&[last.to_owned()], resource);
}

fn obey_within(around: &[String], tree: &mut Tree) {
    match tree {
        Tree::Array(items) => items.iter_mut().for_each(|item| obey_within(around, item)),
        Tree::Object(members) => {
            let own = members.iter().filter(|(name, _)| is_state(name)).map(|(_, value)| value.text());
            let states: Vec<_> = around.iter().cloned().chain(own).collect();
            members.retain(|(name, _)| comes_in(name, &states));
            members.iter_mut().for_each(|(_, value)| obey_within(&states, value));
        }
        Tree::Scalar(_) => {}
    }
}

fn is_state(name: &str) -> bool {
    ["state", "status", "result_code"].iter().any(|end| name.ends_with(end))
}

fn comes_in(name: &str, states: &[String]) -> bool {
    let rule = ONLY_IN.iter().find(|(names, _)| names.contains(&name));
    rule.is_none_or(|(_, only)| states.iter().any(|state| only.contains(&state.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn obeyed(event: &str, resource: &str) -> String {
        let mut tree = Tree::parse(resource).unwrap();
        obey(event, &mut tree);
        tree.to_json()
    }

    #[test]
    fn reasons_come_with_their_states() {
        let closed = r#"{"state":"CLOSED","close_info":{"close_time":"1"}}"#;
        assert_eq!(obeyed("X.AUTHORIZATION.CLOSED", closed), closed);
        let open = r#"{"state":"TAKING_EFFECT","close_info":{"close_time":"1"}}"#;
        assert_eq!(obeyed("X.AUTHORIZATION.CONFIRMED", open), r#"{"state":"TAKING_EFFECT"}"#);
        let ended = r#"{"contract_termination_mode":"USER"}"#;
        assert_eq!(obeyed("PAPAY.TERMINATE", ended), ended);
        assert_eq!(obeyed("PAPAY.SIGN", ended), "{}");
        let paid = r#"{"transaction_id":"1","trade_state":"SUCCESS","trade_state_desc":"x"}"#;
        assert_eq!(obeyed("v2/transaction-success", paid), r#"{"transaction_id":"1"}"#);
        let deducted = r#"{"contract_id":"1","trade_state":"SUCCESS"}"#;
        assert_eq!(obeyed("v2/transaction-success", deducted), deducted);
        let parts = r#"{"parts":[{"plan_detail_state":"USED","cancel_time":"1"}]}"#;
        assert_eq!(obeyed("X", parts), r#"{"parts":[{"plan_detail_state":"USED"}]}"#);
    }
}
