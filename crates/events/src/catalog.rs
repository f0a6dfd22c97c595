use crate::{
    charity, complaint, enterprise, entrust, fapiao, fund, insurance, marketing, membership, merchant,
    parking, payment, payscore, profitsharing, refund, risk, school, transfer, v2,
};
use std::sync::{Arc, LazyLock};
use wxhook_wire::{Catalog, EventMeta, Table};

const AREAS: [&[EventMeta]; 19] = [
    v2::EVENTS,
    payment::EVENTS,
    refund::EVENTS,
    profitsharing::EVENTS,
    payscore::EVENTS,
    transfer::EVENTS,
    fund::EVENTS,
    entrust::EVENTS,
    insurance::EVENTS,
    membership::EVENTS,
    marketing::EVENTS,
    fapiao::EVENTS,
    complaint::EVENTS,
    risk::EVENTS,
    parking::EVENTS,
    school::EVENTS,
    enterprise::EVENTS,
    charity::EVENTS,
    merchant::EVENTS,
];

static TABLE: LazyLock<Arc<Table>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the entries are constants, and a test builds the table")]
    let table =
        Table::new(AREAS.into_iter().flatten().copied()).expect("no event stands in the catalog twice");
    Arc::new(table)
});

/// The documented events: every name and variant, how it is told, what its key is.
///
/// Renamed events stand under both names, as old notifications still arrive.
pub fn catalog() -> Arc<dyn Catalog> {
    Arc::<Table>::clone(&TABLE)
}
