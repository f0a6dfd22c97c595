use crate::check::{Check, SharedCheck, Verdict};
use crate::delivery::{Delivery, Receipt};
use crate::sink::{SharedSink, Sink, SinkError};
use std::time::Duration;
use tokio::time::timeout;

/// How an attempt ended.
pub(super) enum Ended {
    Delivered(Receipt),
    /// It may go better next time, not before `after`.
    Failed {
        why: String,
        after: Option<Duration>,
    },
    /// The sink says that it never will.
    Refused {
        why: String,
    },
    Mismatch,
    NotYet,
}

impl Ended {
    fn failed(why: impl Into<String>) -> Self {
        Self::Failed { why: why.into(), after: None }
    }
}

/// The check, then the sink, each for at most `within`.
pub(super) async fn attempt(
    delivery: Delivery,
    sink: SharedSink,
    check: Option<SharedCheck>,
    within: Duration,
) -> Ended {
    if let Some(check) = check {
        match timeout(within, check.check(&delivery.record)).await {
            Ok(Ok(Verdict::Match)) => {}
            Ok(Ok(Verdict::Mismatch)) => return Ended::Mismatch,
            Ok(Ok(Verdict::NotYet)) => return Ended::NotYet,
            Ok(Err(error)) => return Ended::failed(format!("the check failed: {error}")),
            Err(_) => return Ended::failed(format!("the check took longer than {within:?}")),
        }
    }
    match timeout(within, sink.deliver(&delivery)).await {
        Ok(Ok(delivered)) => Ended::Delivered(delivered),
        Ok(Err(SinkError::Retry { why, after })) => Ended::Failed { why, after },
        Ok(Err(SinkError::Park { why })) => Ended::Refused { why },
        Err(_) => Ended::failed(format!("took longer than {within:?}")),
    }
}
