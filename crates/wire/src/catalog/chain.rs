use super::{Catalog, DuplicateEvent, EventMeta};
use crate::opened::Opened;
use std::collections::HashSet;
use std::sync::Arc;

/// Several catalogs as one.
///
/// The first that knows a notification decides what it is. An entry of a later catalog replaces the one of an earlier
/// catalog that has the same event and variant; where one of the two has variants and the other hasn't, it replaces all
/// of the event. So an event that the documented catalog gains never breaks a team that has typed it already.
#[derive(Debug, Clone)]
pub struct Chain {
    catalogs: Vec<Arc<dyn Catalog>>,
    replaced: HashSet<Place>,
}

/// One entry: which catalog, event and variant.
type Place = (usize, &'static str, Option<&'static str>);

impl Chain {
    /// Chains catalogs.
    ///
    /// # Errors
    /// [`DuplicateEvent`] when one of them has two entries for the same event and variant.
    pub fn new(catalogs: impl IntoIterator<Item = Arc<dyn Catalog>>) -> Result<Self, DuplicateEvent> {
        let catalogs: Vec<_> = catalogs.into_iter().collect();
        let mut replaced = HashSet::new();
        for (index, catalog) in catalogs.iter().enumerate() {
            let mut own = HashSet::new();
            let later = catalogs.get(index + 1..).unwrap_or_default();
            for entry in catalog.events() {
                if !own.insert((entry.name, entry.variant)) {
                    return Err(DuplicateEvent { name: entry.name, variant: entry.variant });
                }
                if later.iter().any(|later| replaces(&**later, entry)) {
                    replaced.insert((index, entry.name, entry.variant));
                }
            }
        }
        Ok(Self { catalogs, replaced })
    }

    /// Returns the entries that later ones replace, in a stable order.
    pub fn replaced(&self) -> impl Iterator<Item = &EventMeta> {
        self.all().filter(|(index, entry)| self.is_replaced(*index, entry)).map(|(_, entry)| entry)
    }

    fn all(&self) -> impl Iterator<Item = (usize, &EventMeta)> {
        let catalogs = self.catalogs.iter().enumerate();
        catalogs.flat_map(|(index, catalog)| catalog.events().map(move |entry| (index, entry)))
    }

    fn is_replaced(&self, index: usize, entry: &EventMeta) -> bool {
        self.replaced.contains(&(index, entry.name, entry.variant))
    }
}

/// Returns whether a later catalog has something that takes this entry's place.
fn replaces(later: &dyn Catalog, entry: &EventMeta) -> bool {
    later.lookup(entry.name, entry.variant).is_some()
        || later.lookup(entry.name, None).is_some()
        || entry.variant.is_none() && later.events().any(|known| known.name == entry.name)
}

impl Catalog for Chain {
    fn classify(&self, opened: &Opened<'_>) -> Option<&EventMeta> {
        let mut otherwise = None;
        let mut replaced: Option<&EventMeta> = None;
        for (index, catalog) in self.catalogs.iter().enumerate() {
            let Some(entry) = catalog.classify(opened) else { continue };
            if replaced.is_some_and(|replaced| replaced.name != entry.name) {
                continue;
            }
            if entry.is_fallback {
                // A later catalog's word on what fits none of its variants counts more, if it replaced the others.
                otherwise = if replaced.is_some() { Some(entry) } else { otherwise.or(Some(entry)) };
            } else if self.is_replaced(index, entry) {
                replaced = Some(entry);
            } else {
                return Some(entry);
            }
        }
        replaced.and_then(|replaced| self.lookup(replaced.name, replaced.variant)).or(otherwise)
    }

    fn lookup(&self, name: &str, variant: Option<&str>) -> Option<&EventMeta> {
        let of = |(index, catalog)| {
            let catalog: &Arc<dyn Catalog> = catalog;
            catalog.lookup(name, variant).filter(|entry| !self.is_replaced(index, entry))
        };
        self.catalogs.iter().enumerate().find_map(of)
    }

    fn events(&self) -> Box<dyn Iterator<Item = &EventMeta> + '_> {
        Box::new(self.all().filter(|(index, entry)| !self.is_replaced(*index, entry)).map(|(_, entry)| entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Table, When};
    use crate::json::Doc;
    use crate::v3::Envelope;

    const PAID: EventMeta = EventMeta::v3("PAID", "支付");
    const fn own(title: &'static str) -> EventMeta {
        EventMeta { title, ..PAID }
    }

    const DONE: When = When::Equals("state", "DONE");

    fn chain<const N: usize>(catalogs: [&[EventMeta]; N]) -> Chain {
        let table = |entries: &[EventMeta]| -> Arc<dyn Catalog> {
            Arc::new(Table::new(entries.iter().copied()).unwrap())
        };
        Chain::new(catalogs.map(table)).unwrap()
    }

    fn told(chain: &Chain, resource: &str) -> Option<(&'static str, Option<&'static str>, bool)> {
        let body =
            r#"{"id":"1","event_type":"PAID","resource":{"algorithm":"x","ciphertext":"x","nonce":"x"}}"#;
        let doc = Doc::parse(body).unwrap();
        let envelope = Envelope::read(&doc).unwrap();
        let resource = Doc::parse(resource).unwrap();
        let meta = chain.classify(&Opened::v3(&envelope, Some(resource.root())))?;
        Some((meta.title, meta.variant, meta.is_fallback))
    }

    fn listed(chain: &Chain) -> Vec<(&'static str, Option<&'static str>)> {
        chain.events().map(|meta| (meta.title, meta.variant)).collect()
    }

    #[test]
    fn a_later_entry_replaces_the_same_one() {
        let built_in =
            [PAID.variant("DONE", DONE), PAID.variant("OTHER", When::Present("id")), PAID.fallback()];
        let own = [own("own").variant("DONE", DONE)];
        let chain = chain([&built_in, &own]);
        assert_eq!(told(&chain, r#"{"state":"DONE"}"#), Some(("own", Some("DONE"), false)));
        assert_eq!(told(&chain, r#"{"id":"1"}"#), Some(("支付", Some("OTHER"), false)));
        assert_eq!(told(&chain, "{}"), Some(("支付", None, true)));
        assert_eq!(listed(&chain), [("支付", Some("OTHER")), ("own", Some("DONE"))]);
        assert_eq!(chain.lookup("PAID", Some("DONE")).unwrap().title, "own");
        let replaced: Vec<_> = chain.replaced().map(|meta| (meta.title, meta.variant)).collect();
        assert_eq!(replaced, [("支付", Some("DONE"))]);
    }

    #[test]
    fn an_event_without_variants_replaces_those_of_one_and_the_reverse() {
        let variants = [PAID.variant("DONE", DONE), PAID.variant("ID", When::Present("id")), PAID.fallback()];
        let whole = [own("own")];
        let by_whole = chain([&variants, &whole]);
        for resource in [r#"{"state":"DONE"}"#, r#"{"id":"1"}"#, "{}"] {
            assert_eq!(told(&by_whole, resource), Some(("own", None, false)), "{resource}");
        }
        assert_eq!(listed(&by_whole), [("own", None)]);
        assert!(by_whole.lookup("PAID", Some("DONE")).is_none());

        let by_variants = chain([&whole, &variants]);
        assert_eq!(told(&by_variants, r#"{"state":"DONE"}"#), Some(("支付", Some("DONE"), false)));
        assert_eq!(told(&by_variants, "{}"), Some(("支付", None, true)));
        assert_eq!(listed(&by_variants), [("支付", Some("DONE")), ("支付", Some("ID"))]);
    }

    #[test]
    fn a_variant_of_ones_own_is_added() {
        let built_in = [PAID.variant("DONE", DONE), PAID.fallback()];
        let own = [own("own").variant("MINE", When::Present("mine"))];
        let chain = chain([&built_in, &own]);
        assert_eq!(told(&chain, r#"{"mine":"1"}"#), Some(("own", Some("MINE"), false)));
        assert_eq!(told(&chain, r#"{"mine":"1","state":"DONE"}"#), Some(("支付", Some("DONE"), false)));
        assert_eq!(chain.replaced().count(), 0);
    }

    #[test]
    fn the_last_of_three_counts() {
        let of = |title| [own(title)];
        let chain = chain([&of("one"), &of("two"), &of("three")]);
        assert_eq!(told(&chain, "{}"), Some(("three", None, false)));
        assert_eq!((listed(&chain), chain.replaced().count()), (vec![("three", None)], 2));
    }

    #[test]
    fn two_in_one_catalog_are_an_error() {
        #[derive(Debug)]
        struct Twice;
        impl Catalog for Twice {
            fn classify(&self, _opened: &Opened<'_>) -> Option<&EventMeta> {
                None
            }
            fn lookup(&self, _name: &str, _variant: Option<&str>) -> Option<&EventMeta> {
                None
            }
            fn events(&self) -> Box<dyn Iterator<Item = &EventMeta> + '_> {
                Box::new([&PAID, &PAID].into_iter())
            }
        }
        let twice: Arc<dyn Catalog> = Arc::new(Twice);
        assert_eq!(Chain::new([twice]).unwrap_err().name, "PAID");
    }
}
