//! Names of events: `EVENT` or `EVENT#VARIANT`.

use wxhook_wire::{Catalog, EventMeta};

use crate::usage::Usage;

/// Returns the entries with a name: a variant, or all of an event.
///
/// # Errors
/// [`Usage`] for an unknown name, with the nearest one.
pub(crate) fn entries<'c>(catalog: &'c dyn Catalog, name: &str) -> Result<Vec<&'c EventMeta>, Usage> {
    let (event, variant) = split(name);
    let of_event: Vec<_> = catalog.events().filter(|meta| is_named(meta, event)).collect();
    if of_event.is_empty() {
        let names = catalog.events().map(|meta| meta.name);
        return Err(unknown(format!("there is no event {event:?}"), event, names));
    }
    let Some(variant) = variant else { return Ok(of_event) };
    let found: Vec<_> = of_event.iter().copied().filter(|meta| meta.variant == Some(variant)).collect();
    if found.is_empty() {
        let variants: Vec<_> = of_event.iter().filter_map(|meta| meta.variant).collect();
        let known = match variants.as_slice() {
            [] => "it has none".to_owned(),
            known => format!("it has {}", known.join(", ")),
        };
        return Err(Usage::new(format!("{event} has no variant {variant:?}: {known}")));
    }
    Ok(found)
}

/// Returns the event, and the variant after `#`.
pub(crate) fn split(name: &str) -> (&str, Option<&str>) {
    name.split_once('#').map_or((name, None), |(event, variant)| (event, Some(variant)))
}

/// Returns the name of an entry.
pub(crate) fn name(meta: &EventMeta) -> String {
    match meta.variant {
        Some(variant) => format!("{}#{variant}", meta.name),
        None => meta.name.to_owned(),
    }
}

/// Returns the schedule of an event; questions are sent once.
pub(crate) fn resent(meta: &EventMeta) -> &'static str {
    if meta.question { "once" } else { meta.schedule }
}

/// Returns whether an event has a name. `v2/` may be omitted unless the rest is a v3 event's name (in capitals).
fn is_named(meta: &EventMeta, name: &str) -> bool {
    let kind = meta.name.strip_prefix("v2/").filter(|kind| kind.contains(char::is_lowercase));
    meta.name == name || kind == Some(name)
}

/// Returns the most similar name, if one is similar enough. Ignores case.
pub(crate) fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let upper = name.to_uppercase();
    let likeness = |known: &&str| strsim::jaro_winkler(&known.to_uppercase(), &upper);
    let nearest = names.into_iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    nearest.filter(|known| likeness(known) > 0.8)
}

fn unknown<'n>(what: String, name: &str, names: impl Iterator<Item = &'n str>) -> Usage {
    match nearest(name, names) {
        Some(known) => Usage::new(format!("{what}; did you mean {known}?")),
        None => Usage::new(format!("{what}; `wxhook catalog` lists them all")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_variants_are_found() {
        let catalog = wxhook_events::catalog();
        let of = |name| entries(&*catalog, name).unwrap().into_iter().map(super::name).collect::<Vec<_>>();
        assert_eq!(of("REFUND.CLOSED#BASIC"), ["REFUND.CLOSED#BASIC"]);
        assert!(of("TRANSACTION.SUCCESS").len() > 5);
        assert_eq!(of("COMPLAINT.CREATE"), ["COMPLAINT.CREATE"]);
        assert_eq!(of("transaction-success"), of("v2/transaction-success"));
    }

    #[test]
    fn what_is_not_there_is_answered_with_the_nearest() {
        let catalog = wxhook_events::catalog();
        let complaint = |name| entries(&*catalog, name).unwrap_err().to_string();
        assert_eq!(
            complaint("TRANSACTION.SUCESS"),
            "there is no event \"TRANSACTION.SUCESS\"; did you mean TRANSACTION.SUCCESS?"
        );
        assert_eq!(
            complaint("complaint.create"),
            "there is no event \"complaint.create\"; did you mean COMPLAINT.CREATE?"
        );
        assert!(complaint("x").ends_with("`wxhook catalog` lists them all"));
        assert_eq!(
            complaint("COMPLAINT.CREATE#BASIC"),
            "COMPLAINT.CREATE has no variant \"BASIC\": it has none"
        );
        assert!(complaint("REFUND.CLOSED#X").starts_with("REFUND.CLOSED has no variant \"X\": it has "));
    }
}
