use crate::catalog::{Catalog, EventMeta, FieldKind, FieldMeta, When};
use crate::names::Protocol;
use std::collections::HashSet;
use std::fmt;

/// The names of v2 fields in a catalog: those of the events, of their keys and of their conditions.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FieldNames {
    names: HashSet<&'static str>,
    /// Names that may have a number behind them: `coupon_id_0`.
    numbered: HashSet<&'static str>,
}

impl FieldNames {
    /// Collects the names of all v2 events of a catalog.
    pub fn from_catalog(catalog: &dyn Catalog) -> Self {
        let mut names = Self::default();
        for meta in catalog.events().filter(|meta| meta.protocol == Protocol::V2) {
            names.add_event(meta);
        }
        names
    }

    /// Returns whether a field can have this name; numbered ones may have any number, or none.
    pub fn contains(&self, name: &str) -> bool {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let unnumbered = name.rsplit_once('_').filter(|(_, number)| is_number(number));
        self.names.contains(name) || unnumbered.is_some_and(|(name, _)| self.numbered.contains(name))
    }

    fn add_event(&mut self, meta: &EventMeta) {
        self.add_fields(if meta.hidden().is_some() { meta.envelope } else { meta.fields });
        self.add_condition(&meta.identified_by);
        self.add_condition(&meta.when);
        let components = meta.key.alternatives.iter().chain(meta.key.older.iter().copied().flatten());
        for component in components.copied().flatten() {
            let names =
                component.trim_end_matches('?').split('|').map(|name| name.trim_start_matches(['@', '#']));
            names.for_each(|name| self.add_path(name));
        }
    }

    fn add_fields(&mut self, fields: &'static [FieldMeta]) {
        for field in fields {
            match field.kind {
                FieldKind::Numbered(fields) => {
                    self.add_fields(fields);
                    self.numbered.extend(fields.iter().map(|field| field.name));
                }
                _ => self.names.extend(std::iter::once(&field.name).chain(field.aliases)),
            }
        }
    }

    fn add_condition(&mut self, when: &When) {
        match when {
            When::Always => {}
            When::Present(path)
            | When::Equals(path, _)
            | When::EnvelopePresent(path)
            | When::EnvelopeEquals(path, _) => self.add_path(path),
            When::All(conditions) | When::Any(conditions) => {
                conditions.iter().for_each(|condition| self.add_condition(condition));
            }
        }
    }

    /// Adds the field that a path begins with; the rest is inside of it.
    fn add_path(&mut self, path: &'static str) {
        self.names.extend(path.split('.').next());
    }
}

impl fmt::Debug for FieldNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldNames({})", self.names.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyRule;
    use crate::catalog::Table;

    #[test]
    fn names_are_those_of_the_catalog() {
        const COUPON: &[FieldMeta] = &[FieldMeta::new("coupon_id", FieldKind::String)];
        const AROUND: &[FieldMeta] =
            &[FieldMeta { aliases: &["mchid"], ..FieldMeta::new("mch_id", FieldKind::String) }];
        const FIELDS: &[FieldMeta] = &[
            FieldMeta::new("total_fee", FieldKind::Fen),
            FieldMeta::new("coupons", FieldKind::Numbered(COUPON)),
        ];
        const HIDDEN: &[FieldMeta] = &[FieldMeta::new("refund_id", FieldKind::String)];
        const TOLD_BY: When = When::All(&[When::EnvelopePresent("told"), When::EnvelopeEquals("by", "x")]);
        let catalog = Table::new([
            EventMeta {
                key: KeyRule {
                    older: &[&[&["older"]]],
                    ..KeyRule::new(&[&["key|other", "@optional?"], &["sub.inner"]])
                },
                fields: FIELDS,
                ..EventMeta::v2("v2/paid", "支付", TOLD_BY).variant("A", When::Present("when"))
            },
            EventMeta {
                cipher: crate::Cipher::AesEcb,
                envelope: AROUND,
                fields: HIDDEN,
                ..EventMeta::v2("v2/refund", "退款", When::EnvelopePresent("req_info"))
            },
            EventMeta { key: KeyRule::new(&[&["v3_only"]]), ..EventMeta::v3("PAID", "支付") },
        ])
        .unwrap();
        let names = FieldNames::from_catalog(&catalog);
        for name in [
            "told",
            "by",
            "key",
            "other",
            "optional",
            "sub",
            "older",
            "when",
            "total_fee",
            "coupon_id",
            "coupon_id_0",
            "coupon_id_12",
            "req_info",
            "mch_id",
            "mchid",
        ] {
            assert!(names.contains(name), "{name}");
        }
        for name in [
            "",
            "coupons",
            "refund_id",
            "v3_only",
            "coupon_ids",
            "x",
            "coupon_id_0_",
            "coupon_id0",
            "coupon_id_",
            "total_fee_0",
            "inner",
        ] {
            assert!(!names.contains(name), "{name}");
        }
    }
}
