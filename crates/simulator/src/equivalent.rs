use wxhook_wire::{Catalog, EventMeta, Protocol};

/// v3 events, with a variant if it isn't all of them, and the equivalent v2 kinds. The first match counts.
const SAME: &[(&str, Option<&str>, &str)] = &[
    ("TRANSACTION.SUCCESS", Some("COMBINE"), "v2/combined-transactions-success"),
    ("TRANSACTION.SUCCESS", None, "v2/transaction-success"),
    ("REFUND.SUCCESS", None, "v2/refund-processed"),
    ("REFUND.ABNORMAL", None, "v2/refund-processed"),
    ("REFUND.CLOSED", None, "v2/refund-processed"),
    ("PAPAY.SIGN", None, "v2/pap-contract-state-changed"),
    ("PAPAY.TERMINATE", None, "v2/pap-contract-state-changed"),
    ("ENTRUST.SIGN", None, "v2/pap-contract-state-changed"),
    ("ENTRUST.TERMINATE", None, "v2/pap-contract-state-changed"),
    ("VEHICLE.ENTRANCE_STATE_CHANGE", None, "v2/vehicle-state-changed-for-parking"),
    ("VEHICLE.USER_STATE_CHANGE", None, "v2/vehicle-state-changed-for-parking"),
];

/// Returns the v2 kind equivalent to a v3 event: the platform sometimes sends it to a URL that was set for v3.
///
/// Returns `None` if there is no such kind, or the catalog doesn't have it.
pub fn equivalent<'c>(meta: &EventMeta, catalog: &'c dyn Catalog) -> Option<&'c EventMeta> {
    let fits = |variant: &Option<&str>| variant.is_none() || meta.variant == *variant;
    let (.., kind) = SAME.iter().find(|(name, variant, _)| *name == meta.name && fits(variant))?;
    let is_v3 = meta.protocol == Protocol::V3;
    catalog.events().find(|known| is_v3 && known.name == *kind)
}
