//! Whether an answer to what was spoiled says that it was refused.

use std::collections::BTreeMap;

use wxhook_simulator::{Fault, Tamper};

use super::defect::Defect;

/// An answer of v2 says in its body that it is no success.
const OK: u16 = 200;
/// What a receiver answers that found the signature wrong.
const REFUSALS: [u16; 3] = [400, 401, 403];
/// What wxhook answers where something verified can't be opened, and many a receiver to whatever fails.
const ERROR: u16 = 500;

/// Whether this status, not accepted, can come from a receiver that looked at the notification.
pub(super) fn is_refusal(status: u16) -> bool {
    status == OK || status == ERROR || REFUSALS.contains(&status)
}

/// What is to be said about the answers, a line for each status that says little.
pub(super) fn remarks(defect: Defect, statuses: &BTreeMap<u16, u64>) -> Vec<String> {
    let option = defect.option();
    let is_aad = defect == Defect::Fault(Fault::Tamper(Tamper::Aad));
    let remark = |status: u16| match status {
        ERROR if is_aad => None,
        ERROR => Some(format!(
            "note: answered {ERROR}: is it refused, or does all of it fail? try it without {option}"
        )),
        status if is_refusal(status) => None,
        status => Some(format!(
            "answered {status}: that is no refusal of the signature; is that the notify URL? try it without {option}"
        )),
    };
    statuses.keys().filter_map(|status| remark(*status)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_saw_the_signature_does_not_refuse_it() {
        for status in [400, 401, 403, 500] {
            assert!(is_refusal(status), "{status}");
        }
        for status in [204, 301, 404, 405, 413, 429, 502, 503, 504] {
            assert!(!is_refusal(status), "{status}");
        }
        let told = |fault, status| remarks(Defect::Fault(fault), &BTreeMap::from([(status, 1)])).len();
        assert_eq!((told(Fault::Probe, 401), told(Fault::Probe, 404), told(Fault::Probe, 500)), (0, 1, 1));
        assert_eq!(told(Fault::Tamper(Tamper::Aad), 500), 0);
    }
}
