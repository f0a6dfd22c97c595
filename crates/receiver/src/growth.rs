//! Amounts that only grow within an order. A later record of the order whose amount doesn't is a conflict, although it has a
//! key of its own.

use crate::outcome::HoldReason;
use std::hash::{BuildHasher as _, RandomState};
use tokio::sync::{Mutex, MutexGuard};
use wxhook_idempotency::{
    AcceptResult, Entry, Error, Filter, OnChanged, SharedStore, Start, Store as _, StoredRecord,
};
use wxhook_wire::json::{Doc, Value};
use wxhook_wire::{Flag, Opened, Record};

/// Maximum number of an order's newest records that are compared.
const MAX_COMPARED: usize = 100;

/// An event whose notifications of one order carry a growing amount.
struct Rule {
    event: &'static str,
    /// The field with the order's number, which is also a label.
    order: &'static str,
    amount: &'static str,
}

/// The amount paid so far for a pay-score order.
const RULES: [Rule; 1] =
    [Rule { event: "PAYSCORE.USER_PAID", order: "out_order_no", amount: "collection.paid_amount" }];

/// The order and the amount of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GrowingAmount {
    order: String,
    sub_merchant: Option<String>,
    amount: u64,
    /// The amount's path.
    path: &'static str,
}

impl GrowingAmount {
    /// Returns the order and amount of a notification whose event has growing amounts.
    pub(crate) fn find(event: &str, opened: &Opened<'_>) -> Option<Self> {
        let rule = RULES.iter().find(|rule| rule.event == event)?;
        let subject = opened.subject()?;
        Some(Self {
            order: opened.text(rule.order).filter(|text| !text.is_empty())?.into_owned(),
            sub_merchant: sub_merchant(subject),
            amount: amount(subject, rule.amount)?,
            path: rule.amount,
        })
    }

    /// Returns whether a stored record of the same order has an amount that isn't smaller.
    fn is_reached_by(&self, stored: &StoredRecord) -> bool {
        let Ok(record) = Record::from_body(&stored.body, 0, "", 1, 1, Vec::new()) else { return false };
        let Ok(doc) = Doc::parse(record.resource()) else { return false };
        sub_merchant(doc.root()) == self.sub_merchant
            && amount(doc.root(), self.path).is_some_and(|amount| amount >= self.amount)
    }
}

fn sub_merchant(resource: Value<'_>) -> Option<String> {
    let text = |name| resource.at(name)?.text().filter(|text| !text.is_empty());
    ["sub_mchid", "sub_mch_id"].into_iter().find_map(text).map(Into::into)
}

fn amount(resource: Value<'_>, path: &str) -> Option<u64> {
    resource.at(path)?.text()?.parse().ok()
}

/// Locks that serialize comparing and accepting within an order, in this process.
pub(crate) struct OrderLocks {
    hasher: RandomState,
    locks: [Mutex<()>; 64],
}

impl OrderLocks {
    pub(crate) fn new() -> Self {
        Self { hasher: RandomState::new(), locks: std::array::from_fn(|_| Mutex::new(())) }
    }

    async fn lock(&self, order: &str) -> Option<MutexGuard<'_, ()>> {
        let hash = usize::try_from(self.hasher.hash_one(order) % 64).ok()?;
        Some(self.locks.get(hash)?.lock().await)
    }
}

/// Accepts an entry. If the amounts of its order must grow and this one doesn't, a new record is a conflict: `Changed`.
pub(crate) async fn accept(
    store: &SharedStore,
    orders: &OrderLocks,
    mut entry: Entry,
    growing: Option<&GrowingAmount>,
) -> Result<AcceptResult, Error> {
    let Some(growing) = growing else { return store.accept(entry).await };
    let _guard = orders.lock(&growing.order).await;
    let mut filter = Filter::default();
    filter.merchant = Some(entry.labels.merchant.clone());
    filter.event = Some(entry.labels.event.clone());
    filter.number = Some(growing.order.clone());
    let known = store.list(filter, None, MAX_COMPARED).await?.records;
    let is_another = |record: &&StoredRecord| {
        record.key.strip_prefix(&*entry.key).is_none_or(|rest| !rest.is_empty() && !rest.starts_with('~'))
    };
    if !known.iter().filter(is_another).any(|record| growing.is_reached_by(record)) {
        return store.accept(entry).await;
    }
    entry.flags.push(Flag::Changed.as_str().to_owned());
    if entry.on_changed == OnChanged::Park && entry.start == Start::Ready {
        entry.start = Start::Parked(HoldReason::Changed.text());
    }
    Ok(match store.accept(entry).await? {
        AcceptResult::New { seq } => AcceptResult::Changed { seq },
        accepted => accepted,
    })
}
