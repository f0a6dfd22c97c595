//! Events by what people remember of them.

use wxhook_wire::{Catalog, EventMeta};

use super::{fields, rank};
use crate::named;
use crate::usage::Usage;

/// Returns whether a text is the name of an event, or of one of its variants.
pub(super) fn is_name(catalog: &dyn Catalog, text: &str) -> bool {
    named::entries(catalog, text).is_ok()
}

/// Returns the entries that a name means. If it isn't one, those that have the text in their name or title, and then those
/// that have it in a field, with the field's path; capitals or not.
///
/// # Errors
/// [`Usage`] for what is nowhere, with the nearest name.
pub(super) fn find<'c>(
    catalog: &'c dyn Catalog,
    text: &str,
) -> Result<Vec<(&'c EventMeta, Option<String>)>, Usage> {
    let unknown = match named::entries(catalog, text) {
        Ok(mut entries) => {
            entries.sort_by_key(|meta| rank(meta, catalog));
            return Ok(entries.into_iter().map(|meta| (meta, None)).collect());
        }
        // Of an event that there is, the variants are what is wanted.
        Err(error) if is_name(catalog, named::split(text).0) => return Err(error),
        Err(error) => error,
    };
    let wanted = text.to_lowercase();
    let mut found: Vec<_> = catalog.events().filter_map(|meta| matching(meta, &wanted)).collect();
    found.sort_by_key(|(meta, field)| (field.is_some(), rank(meta, catalog)));
    if found.is_empty() { Err(unknown) } else { Ok(found) }
}

/// Returns the entry if the text is in it, with a field's path if it is nowhere else.
fn matching<'c>(meta: &'c EventMeta, wanted: &str) -> Option<(&'c EventMeta, Option<String>)> {
    let has = |text: &str| text.to_lowercase().contains(wanted);
    let titles = meta.rows.iter().map(|row| row.title);
    if has(&named::name(meta)) || has(meta.title) || titles.into_iter().any(has) {
        return Some((meta, None));
    }
    let paths = fields::paths(meta);
    paths.into_iter().find(|path| has(path)).map(|path| (meta, Some(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, Option<String>)> {
        let catalog = wxhook_events::catalog();
        let found = find(&*catalog, text).unwrap();
        found.into_iter().map(|(meta, field)| (meta.name.to_owned(), field)).collect()
    }

    #[test]
    fn events_are_found_by_name_title_and_field() {
        let refunds = found("refund");
        assert_eq!(refunds[0].0, "REFUND.SUCCESS", "the most used first");
        assert!(refunds.iter().any(|(name, field)| name == "v2/refund-processed" && field.is_none()));
        assert!(found("退款").iter().any(|(name, _)| name == "REFUND.SUCCESS"));
        assert_eq!(found("支付")[0].0, "TRANSACTION.SUCCESS");
        assert!(found("complaint.create").iter().all(|(name, _)| name == "COMPLAINT.CREATE"));
        let by_field = found("payer_total");
        assert!(
            by_field
                .iter()
                .all(|(_, field)| field.as_deref().is_some_and(|path| path.contains("payer_total")))
        );
    }

    #[test]
    fn names_mean_themselves_and_nothing_else() {
        assert!(found("TRANSACTION.SUCCESS").iter().all(|(name, _)| name == "TRANSACTION.SUCCESS"));
        assert_eq!(found("REFUND.CLOSED#BASIC").len(), 1);
        let catalog = wxhook_events::catalog();
        let complaint = |text: &str| find(&*catalog, text).unwrap_err().to_string();
        assert!(complaint("REFUND.CLOSED#X").contains("has no variant"));
        assert!(complaint("TRANSACTION.SUCESS").ends_with("did you mean TRANSACTION.SUCCESS?"));
        assert!(complaint("zzzz").ends_with("lists them all"));
    }
}
