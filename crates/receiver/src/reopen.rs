//! Quarantined requests go through the pipeline again, once the key is mended.

use crate::head::Head;
use crate::merchant::Merchant;
use crate::open::{self, Context};
use crate::parking::Parking;
use crate::quarantine::{self, is_quarantined};
use crate::receiver::Receiver;
use crate::refusal::Refusal;
use std::sync::Arc;
use thiserror::Error as ThisError;
use wxhook_idempotency::{
    AcceptResult, Action, BeginResult, Entry, Error as StoreError, Seq, State, Store as _, StoreExt as _,
    StoredRecord,
};

/// What a quarantined request became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reopened {
    /// The number of the record that it is now.
    pub seq: Seq,
    /// How it met what was there.
    pub became: Became,
    /// Why a new record waits for an operator, if it does.
    pub parked: Option<&'static str>,
}

/// How a reopened request met what was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Became {
    /// A new record.
    New,
    /// It was there already: a resend was accepted meanwhile.
    Duplicate,
    /// Other content under a known key, kept as a sibling.
    Changed,
}

impl Became {
    /// Its name: `new`, `duplicate`, `changed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Duplicate => "duplicate",
            Self::Changed => "changed",
        }
    }
}

/// Why a quarantined request wasn't reopened. It stays as it is. Holds nothing of the request.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum ReopenError {
    /// Another record than a quarantined request.
    #[error("this record is not a quarantined request")]
    NotQuarantined,
    /// It was reopened or discarded before.
    #[error("a quarantined request that is {0} can't be opened")]
    NotParked(State),
    /// The configuration doesn't have its merchant any more.
    #[error("its merchant is not configured here")]
    NoMerchant,
    /// It isn't stored as it was received.
    #[error("the stored request can't be read")]
    Unreadable,
    /// It is refused again.
    #[error("it still can't be opened: {0}")]
    Refused(Refusal),
    /// Its key has all the changed siblings that are kept.
    #[error("its key has all the changed records that are kept")]
    Full,
    /// The store's; it may be repeated: nothing is accepted twice.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Receiver {
    /// Puts a quarantined request through the pipeline again, with the present keys.
    ///
    /// Nothing is taken on trust: the signature is verified again, the timestamp against the time at which the request
    /// was received. What comes of it is accepted like any other notification and may be a duplicate; the quarantined
    /// record is then Done, with a note by `action.actor` that names the new one. Where handlers run before the reply,
    /// its handler runs now, in a task of its own.
    ///
    /// # Errors
    /// [`ReopenError`]; the record stays parked. Repeating is always safe, also twice at once.
    pub async fn reopen(&self, record: &StoredRecord, action: Action) -> Result<Reopened, ReopenError> {
        if !is_quarantined(record) {
            return Err(ReopenError::NotQuarantined);
        }
        if record.state != State::Parked {
            return Err(ReopenError::NotParked(record.state));
        }
        let merchant = self.merchant(&record.labels.merchant).ok_or(ReopenError::NoMerchant)?;
        let request = quarantine::request(record).ok_or(ReopenError::Unreadable)?;
        let protocol = open::protocol(&request.body).ok_or(ReopenError::Unreadable)?;
        let context = Context {
            merchant,
            catalog: &*self.inner.catalog,
            field_names: &self.inner.field_names,
            now: request.received_at,
        };
        let classified = context
            .open(protocol, Head::new(&request.headers), &request.body)
            .map_err(ReopenError::Refused)?;
        let grows = classified.grows.clone();
        let (entry, _) = self.prepare(classified);

        let parking = Parking::of(&entry);
        let (seq, became) = match self.accept_compared(entry.clone(), grows.as_ref()).await? {
            AcceptResult::New { seq } => (seq, Became::New),
            AcceptResult::Duplicate { seq, .. } => (seq, Became::Duplicate),
            AcceptResult::Changed { seq } => (seq, Became::Changed),
            _ => return Err(ReopenError::Full),
        };
        let parked = parking.and_then(|parking| match became {
            Became::New => parking.new_record(seq),
            Became::Duplicate => None,
            Became::Changed => parking.changed_record(seq),
        });
        let reopened = Reopened { seq, became, parked };
        // From here on it is safe. If this process ends before the next step, the next try finds a duplicate.
        let Action { actor, reason, .. } = action;
        let blank = if reason.is_empty() { "" } else { ": " };
        let note = Action::new(actor, format!("opened as {}{blank}{reason}", reopened.seq));
        self.inner.store.discard(record.seq, note).await?;
        tracing::info!(seq = %record.seq, opened_as = %reopened.seq, became = reopened.became.as_str(), "reopened");
        if reopened.became != Became::Duplicate {
            self.wake(&entry.lane);
            self.handle_without_reply(entry);
        }
        Ok(reopened)
    }

    fn merchant(&self, name: &str) -> Option<&Arc<Merchant>> {
        self.route(&format!("/notify/{name}")).filter(|merchant| *merchant.name == *name)
    }

    /// Where everything is handled before the reply there is no worker that would handle it.
    fn handle_without_reply(&self, entry: Entry) {
        let (Some(processor), true) = (&self.inner.processor, self.inner.all_before_reply) else { return };
        let (store, processor, id) =
            (self.inner.store.clone(), processor.clone(), self.inner.claim_ids.next());
        tokio::spawn(async move {
            match store.begin(entry, id, processor.lease()).await {
                Ok(BeginResult::Acquired(lease)) => drop(processor.process(*lease).await),
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "a reopened record waits for the platform's resend"),
            }
        });
    }
}
