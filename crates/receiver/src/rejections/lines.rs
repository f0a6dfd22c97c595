//! The lines themselves.

use super::RejectionLog;
use crate::head::{Head, for_log};
use crate::merchant::Merchant;
use crate::refusal::Refusal;
use wxhook_idempotency::Error as StoreError;
use wxhook_wire::Protocol;

/// Writes a line about a rejected request at this level; where its reason has no line left, at debug.
macro_rules! line {
    ($log:expr, $reason:expr, $level:ident, $($line:tt)+) => {
        if $log.admits($reason) {
            tracing::$level!($($line)+)
        } else {
            tracing::debug!($($line)+)
        }
    };
}

impl RejectionLog {
    pub(crate) fn refusal(
        &self,
        merchant: &Merchant,
        protocol: Option<Protocol>,
        head: Head<'_>,
        refusal: &Refusal,
    ) {
        let (merchant, reason) = (&*merchant.name, refusal.name());
        let protocol = protocol.map(tracing::field::display);
        let shown = |text: String| Some(text).filter(|text| !text.is_empty());
        let request_id = || shown(head.request_id());
        match refusal {
            Refusal::Stale(_) => line!(
                self,
                reason,
                warn,
                merchant,
                protocol,
                reason,
                request_id = request_id(),
                "rejected: {refusal}; if this goes on, correct the clock, or every notification is lost"
            ),
            Refusal::Envelope(_) | Refusal::Sealed(_) => line!(
                self,
                reason,
                error,
                merchant,
                protocol,
                reason,
                request_id = request_id(),
                "rejected: {refusal}"
            ),
            Refusal::UnknownKey | Refusal::SignatureType | Refusal::Signature => line!(
                self,
                reason,
                info,
                merchant,
                protocol,
                reason,
                request_id = request_id(),
                serial = shown(head.serial()),
                "rejected: {refusal}"
            ),
            _ => line!(
                self,
                reason,
                info,
                merchant,
                protocol,
                reason,
                request_id = request_id(),
                "rejected: {refusal}"
            ),
        }
    }

    /// Logs a request that was rejected without being read. `near` is the path that it may be meant for.
    pub(crate) fn unread(&self, path: &str, refusal: &Refusal, near: Option<&str>) {
        let reason = refusal.name();
        // Anybody may have written the path: escaped and cut.
        let path = for_log(path.as_bytes());
        match near {
            Some(configured) => line!(
                self,
                "near-miss",
                warn,
                reason,
                path,
                configured,
                "rejected: no merchant is notified at this path, but one is at a path like it; correct the notify URL or the proxy"
            ),
            None => line!(self, reason, info, reason, path, "rejected: {refusal}"),
        }
    }

    pub(crate) fn no_room(&self) {
        line!(
            self,
            "no-room",
            warn,
            "rejected: the bodies in flight are at their limit; the platform will send it again"
        );
    }

    pub(crate) fn late(&self) {
        line!(
            self,
            "deadline",
            error,
            "the reply is due and nothing is decided; the platform will send it again"
        );
    }

    pub(crate) fn store(&self, error: &StoreError) {
        let first = std::error::Error::source(error);
        let causes = std::iter::successors(first, |cause| cause.source());
        let cause = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
        line!(
            self, "unavailable", error, %error, cause,
            "the store did not answer; the platform will send it again"
        );
    }

    pub(crate) fn full(&self, lane: &str) {
        line!(
            self,
            "full",
            error,
            lane,
            "not kept, and answered 503: its key has all the changed records that are kept; discard those that are settled"
        );
    }

    pub(crate) fn quarantine_full(&self, merchant: &str) {
        line!(self, "quarantine-full", warn, merchant, "the quarantine is full: this request is not kept");
    }
}
