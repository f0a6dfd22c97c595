//! The documented fields of events.

use wxhook_wire::{EventMeta, FieldKind, FieldMeta};

/// Returns the fields of a resource as in records: the encrypted content of v2 is decrypted in its field.
pub(crate) fn fields(meta: &EventMeta) -> Vec<FieldMeta> {
    match meta.hidden() {
        None => meta.fields.to_vec(),
        Some((sealed, opened)) => {
            let outside = meta.envelope.iter().filter(|field| field.name != sealed).copied();
            outside.chain([FieldMeta::new(opened, FieldKind::Object(meta.fields))]).collect()
        }
    }
}

/// Returns whether a field may have a name.
pub(crate) fn is_named(field: &FieldMeta, name: &str) -> bool {
    if let FieldKind::Numbered(fields) = field.kind {
        let base = name.rsplit_once('_').filter(|(_, digits)| is_number(digits)).map(|(base, _)| base);
        return base.is_some_and(|base| fields.iter().any(|field| field.name == base));
    }
    field.name == name || field.aliases.contains(&name)
}

/// Returns whether a dotted path, with or without indices of lists, leads to a documented field.
pub(crate) fn has(meta: &EventMeta, path: &str) -> bool {
    let steps: Vec<_> = path.split('.').collect();
    leads(&fields(meta), &steps)
}

/// Returns the paths of all fields, without indices.
pub(crate) fn paths(meta: &EventMeta) -> Vec<String> {
    let mut paths = Vec::new();
    collect(&fields(meta), "", &mut paths);
    paths
}

fn leads(fields: &[FieldMeta], steps: &[&str]) -> bool {
    let [name, rest @ ..] = steps else { return true };
    fields.iter().any(|field| is_named(field, name) && leads_within(&field.kind, rest))
}

fn leads_within(kind: &FieldKind, steps: &[&str]) -> bool {
    match (kind, steps) {
        (_, []) => true,
        (FieldKind::List(inner), [index, rest @ ..]) if is_number(index) => leads_within(inner, rest),
        (FieldKind::List(inner) | FieldKind::Json(inner), _) => leads_within(inner, steps),
        (FieldKind::Object(fields), _) => leads(fields, steps),
        _ => false,
    }
}

fn collect(fields: &[FieldMeta], before: &str, paths: &mut Vec<String>) {
    for field in fields {
        if let FieldKind::Numbered(numbered) = field.kind {
            paths.extend(numbered.iter().map(|field| format!("{before}{}_0", field.name)));
        } else {
            let path = format!("{before}{}", field.name);
            collect(field.kind.fields(), &format!("{path}."), paths);
            paths.push(path);
        }
    }
}

/// Returns whether a text is a number in its only form.
fn is_number(digits: &str) -> bool {
    digits.parse().is_ok_and(|number: u32| number.to_string() == digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_documented_fields_or_not() {
        let catalog = wxhook_events::catalog();
        let has = |event: &str, variant: &str, path| has(catalog.lookup(event, Some(variant)).unwrap(), path);
        for path in ["amount", "amount.total", "promotion_detail.0.name", "promotion_detail.name"] {
            assert!(has("TRANSACTION.SUCCESS", "BASIC", path), "{path}");
        }
        for path in ["amont.total", "amount.totl", "amount.total.x", "promotion_detail.00.name", "0"] {
            assert!(!has("TRANSACTION.SUCCESS", "BASIC", path), "{path}");
        }
        assert!(has("v2/refund-processed", "BASIC", "req_info.refund_status"));
        assert!(has("v2/transaction-success", "BASIC", "coupon_id_3"));
        assert!(!has("v2/transaction-success", "BASIC", "coupon_id_x"));
    }

    #[test]
    fn every_path_that_is_told_leads_somewhere() {
        let catalog = wxhook_events::catalog();
        for meta in catalog.events() {
            for path in paths(meta) {
                assert!(has(meta, &path), "{} {path}", meta.name);
            }
        }
    }
}
