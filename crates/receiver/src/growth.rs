//! Amounts of one order that only grow. A later record of the order whose amount doesn't is a conflict, although it has a key
//! of its own.

use crate::receiver::Receiver;
use std::hash::{BuildHasher as _, RandomState};
use tokio::sync::{Mutex, MutexGuard};
use wxhook_idempotency::{
    AcceptResult, Entry, Error as StoreError, Filter, OnChanged, Start, Store as _, StoredRecord,
};
use wxhook_wire::json::{Doc, Value};
use wxhook_wire::{Flag, Opened, Record};

/// Shown to the operator.
const WHY: &str =
    "changed: the paid amount of this order did not grow; compare it with the order's other records";
/// Records of one order that are compared, the newest ones.
const MAX_COMPARED: usize = 100;

/// An event whose notifications of one order carry a growing amount.
struct Rule {
    event: &'static str,
    /// Has a place among the labels.
    order: &'static str,
    amount: &'static str,
}

/// The sum paid so far for a pay-score order.
const RULES: [Rule; 1] =
    [Rule { event: "PAYSCORE.USER_PAID", order: "out_order_no", amount: "collection.paid_amount" }];

/// The order and the amount of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grows {
    order: String,
    sub_merchant: Option<String>,
    amount: u64,
    /// A path.
    at: &'static str,
}

impl Grows {
    /// Returns what a notification of this event says, if its amounts must grow.
    pub(crate) fn find(event: &str, opened: &Opened<'_>) -> Option<Self> {
        let rule = RULES.iter().find(|rule| rule.event == event)?;
        let subject = opened.subject()?;
        Some(Self {
            order: opened.text(rule.order).filter(|text| !text.is_empty())?.into_owned(),
            sub_merchant: sub_merchant(subject),
            amount: amount(subject, rule.amount)?,
            at: rule.amount,
        })
    }

    /// Returns whether a stored record of the same order has an amount that isn't smaller.
    fn is_reached_by(&self, stored: &StoredRecord) -> bool {
        let Ok(record) = Record::from_body(&stored.body, 0, "", 1, 1, Vec::new()) else { return false };
        let Ok(doc) = Doc::parse(record.resource()) else { return false };
        sub_merchant(doc.root()) == self.sub_merchant
            && amount(doc.root(), self.at).is_some_and(|amount| amount >= self.amount)
    }
}

fn sub_merchant(resource: Value<'_>) -> Option<String> {
    let text = |name| resource.at(name)?.text().filter(|text| !text.is_empty());
    ["sub_mchid", "sub_mch_id"].into_iter().find_map(text).map(Into::into)
}

fn amount(resource: Value<'_>, path: &str) -> Option<u64> {
    resource.at(path)?.text()?.parse().ok()
}

/// Locks that let one notification of an order be compared and accepted at a time, within this process.
pub(crate) struct Orders {
    hasher: RandomState,
    locks: [Mutex<()>; 64],
}

impl Orders {
    pub(crate) fn new() -> Self {
        Self { hasher: RandomState::new(), locks: std::array::from_fn(|_| Mutex::new(())) }
    }

    async fn lock(&self, order: &str) -> Option<MutexGuard<'_, ()>> {
        let hash = usize::try_from(self.hasher.hash_one(order) % 64).ok()?;
        Some(self.locks.get(hash)?.lock().await)
    }
}

impl Receiver {
    /// Accepts an entry. If the amounts of its order must grow and this one doesn't, it is a conflict: `Changed` if it is new.
    pub(crate) async fn accept_compared(
        &self,
        mut entry: Entry,
        grows: Option<&Grows>,
    ) -> Result<AcceptResult, StoreError> {
        let store = &self.inner.store;
        let Some(grows) = grows else { return store.accept(entry).await };
        let _guard = self.inner.orders.lock(&grows.order).await;
        let mut filter = Filter::default();
        filter.merchant = Some(entry.labels.merchant.clone());
        filter.event = Some(entry.labels.event.clone());
        filter.number = Some(grows.order.clone());
        let known = store.list(filter, None, MAX_COMPARED).await?.records;
        let is_another = |record: &&StoredRecord| {
            record.key.strip_prefix(&*entry.key).is_none_or(|rest| !rest.is_empty() && !rest.starts_with('~'))
        };
        if !known.iter().filter(is_another).any(|record| grows.is_reached_by(record)) {
            return store.accept(entry).await;
        }
        entry.flags.push(Flag::Changed.as_str().to_owned());
        if entry.on_changed == OnChanged::Park && entry.start == Start::Ready {
            entry.start = Start::Parked(WHY);
        }
        Ok(match store.accept(entry).await? {
            AcceptResult::New { seq } => AcceptResult::Changed { seq },
            accepted => accepted,
        })
    }
}
