use wxhook_crypto::v2::SignAlgorithm;
use wxhook_simulator::samples::{self, Case};
use wxhook_simulator::{Error, Nonces, Notification, Platform, SignedRequest, Tamper};

use super::step::Step;

/// Sample id of two different documents, for two different events.
const SHARED_ID: &str = "EV-2018022511223320873";
/// A signature may be 5 minutes old.
const STALE_SECONDS: u64 = 6 * 60;

/// A notification that the demo sends in several ways.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject {
    /// The event's name.
    pub(super) event: &'static str,
    /// Tells apart what has the same name.
    pub(super) note: &'static str,
    /// Which of the merchants gets it.
    pub(super) merchant: usize,
    /// Makes its numbers and ids.
    number: u32,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Payment(SignAlgorithm),
    Refund,
    DepositFree,
    V3 { sample: fn(&Case) -> Notification, id: Option<&'static str> },
}

/// Everything that is sent.
pub(super) const SUBJECTS: [Subject; 7] = [
    Subject {
        event: "v2/transaction-success",
        note: "MD5",
        merchant: 0,
        number: 5_092_168,
        kind: Kind::Payment(SignAlgorithm::Md5),
    },
    Subject { event: "v2/refund-processed", note: "", merchant: 0, number: 5_092_168, kind: Kind::Refund },
    Subject {
        event: "TRANSACTION.SUCCESS",
        note: "",
        merchant: 0,
        number: 5_820_873,
        kind: Kind::V3 { sample: samples::v3::transaction_global, id: None },
    },
    Subject {
        event: "v2/transaction-success",
        note: "HMAC",
        merchant: 1,
        number: 5_092_169,
        kind: Kind::Payment(SignAlgorithm::HmacSha256),
    },
    Subject { event: "v2/CHECK.SUCCESS", note: "", merchant: 1, number: 1, kind: Kind::DepositFree },
    Subject {
        event: "PAYSCORE.USER_PAID",
        note: "",
        merchant: 1,
        number: 1_243_252,
        kind: Kind::V3 { sample: samples::v3::payscore_paid, id: Some(SHARED_ID) },
    },
    Subject {
        event: "MCHTRANSFER.AUTHORIZATION.CONFIRMED",
        note: "",
        merchant: 1,
        number: 3_456_789_012,
        kind: Kind::V3 { sample: samples::v3::transfer_authorized, id: Some(SHARED_ID) },
    },
];

impl Subject {
    pub(super) fn is_v3(&self) -> bool {
        matches!(self.kind, Kind::V3 { .. })
    }

    /// The ways in which it is sent, one after the other.
    pub(super) fn steps(&self) -> &'static [Step] {
        if self.is_v3() { &Step::ALL } else { Step::V2 }
    }

    /// The request for one of them; `now` is in seconds since the epoch. Nonces are new each time, so that a resend is
    /// encrypted and signed anew.
    pub(super) fn request(&self, step: Step, platform: &Platform, now: u64) -> Result<SignedRequest, Error> {
        let case = Case::new(platform.mchid(), self.number);
        let case = if step == Step::OtherContent { case.changed() } else { case };
        let nonces = Nonces::fresh()?;
        let request = match self.kind {
            Kind::Payment(algorithm) => platform.v2(samples::v2::payment(&case), algorithm, &nonces)?,
            Kind::Refund => {
                let refund = samples::v2::refund(&case);
                platform.v2_refund(refund.fields, &refund.req_info, &nonces)?
            }
            Kind::DepositFree => platform.v2_deposit_free(&samples::v2::deposit_free(&case), &nonces)?,
            Kind::V3 { sample, id } => {
                let mut notification = sample(&case);
                if let Some(id) = id {
                    notification.id = id.to_owned();
                }
                let body = platform.envelope(&notification, &nonces)?;
                match step {
                    Step::Probe => platform.probe(body, now, &nonces),
                    Step::Stale => platform.sign(body, now.saturating_sub(STALE_SECONDS), &nonces)?,
                    _ => platform.sign(body, now, &nonces)?,
                }
            }
        };
        if step == Step::OneByteChanged { platform.tamper(request, Tamper::Body) } else { Ok(request) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::throwaway::{Merchant, PlatformKeyKind};

    #[test]
    fn one_byte_is_changed() {
        let merchant = Merchant::new("shop", "1900000109", PlatformKeyKind::PublicKey).unwrap();
        let platform = merchant.platform().unwrap();
        for subject in SUBJECTS {
            let request = subject.request(Step::OneByteChanged, &platform, 0).unwrap();
            let right = subject.request(Step::First, &platform, 0).unwrap();
            assert_eq!(request.body.len(), right.body.len(), "{}", subject.event);
            assert!(std::str::from_utf8(&request.body).is_ok());
        }
    }

    #[test]
    fn two_events_share_an_id_at_one_merchant() {
        let with_id =
            SUBJECTS.iter().filter(|subject| matches!(subject.kind, Kind::V3 { id: Some(SHARED_ID), .. }));
        let merchants: Vec<_> = with_id.map(|subject| subject.merchant).collect();
        assert_eq!(merchants, [1, 1]);
    }
}
