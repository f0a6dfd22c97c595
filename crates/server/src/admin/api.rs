//! What `/api` does, whoever asks.

use super::reply::Refused;
use super::{Answer, act, adopt, events, purge, reply};
use crate::foreign::Foreign;
use crate::metrics::ParkedTotal;
use http::{Method, StatusCode};
use std::collections::HashMap;
use std::sync::Arc;
use wxhook_delivery::Waker;
use wxhook_idempotency::{LaneStats, Seq, SharedStore};
use wxhook_receiver::Receiver;

/// The event log: a store, and what people may do with its records.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) store: SharedStore,
    /// Opens what is in quarantine.
    pub(crate) receiver: Receiver,
    /// By lane.
    pub(crate) wakers: HashMap<String, Waker>,
    /// The names of those that are configured.
    pub(crate) merchants: Arc<[String]>,
    /// A lane whose records go to the common sink, if there is one.
    pub(crate) common_lane: Option<String>,
    pub(crate) parked: ParkedTotal,
}

/// What a path under `/api` asks for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ask<'a> {
    List,
    Count,
    Show(Seq),
    Act(Seq, &'a str),
    Purge,
    Adopt,
}

impl<'a> Ask<'a> {
    /// `None` for a path that there isn't.
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let segments: Vec<_> = path.split('/').skip(1).collect();
        match segments.as_slice() {
            ["api", "events"] => Some(Self::List),
            ["api", "events", "count"] => Some(Self::Count),
            ["api", "events", seq] => record(seq).map(Self::Show),
            ["api", "events", seq, verb @ ("resend" | "park" | "discard")] => {
                record(seq).map(|seq| Self::Act(seq, verb))
            }
            ["api", "purge"] => Some(Self::Purge),
            ["api", "adopt"] => Some(Self::Adopt),
            _ => None,
        }
    }

    pub(super) fn allowed(self) -> &'static [Method] {
        match self {
            Self::Act(..) | Self::Purge | Self::Adopt => &[Method::POST],
            Self::List | Self::Count | Self::Show(_) => &[Method::GET, Method::HEAD],
        }
    }
}

fn record(seq: &str) -> Option<Seq> {
    let digits = !seq.is_empty() && seq.bytes().all(|byte| byte.is_ascii_digit());
    seq.parse().ok().filter(|_| digits).map(Seq::new)
}

impl Api {
    /// Returns how many records of these lanes wait for merchants that aren't configured.
    pub(super) fn foreign_records(&self, lanes: &[LaneStats]) -> u64 {
        let is_configured = |name: &str| self.merchants.iter().any(|merchant| merchant == name);
        Foreign::among(lanes, is_configured).records()
    }

    /// Answers what is allowed to be asked; `body` is that of a POST.
    pub(super) async fn answer(&self, ask: Ask<'_>, query: &str, body: &[u8]) -> Result<Answer, Refused> {
        match ask {
            Ask::List => events::list(self, query).await,
            Ask::Count => events::count(&self.store, query).await,
            Ask::Show(seq) => events::show(&self.store, seq).await,
            Ask::Adopt => adopt::adopt(self, body).await,
            Ask::Act(seq, verb) => act::act(self, seq, verb, body).await,
            Ask::Purge => {
                let purged = purge::purge(&self.store, body).await?;
                Ok(reply::json(StatusCode::OK, &purged))
            }
        }
    }
}
