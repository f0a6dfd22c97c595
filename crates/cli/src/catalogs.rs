use std::sync::Arc;

use wxhook_wire::{Catalog, Chain, DuplicateEvent};

use crate::named;

/// The events that a program knows: one catalog, or several chained by [`catalogs!`](crate::catalogs!).
#[derive(Debug)]
pub struct Catalogs {
    catalog: Result<Arc<dyn Catalog>, DuplicateEvent>,
    /// Names of entries that a later catalog replaces.
    replaced: Vec<String>,
}

impl Catalogs {
    /// Returns the catalog.
    ///
    /// # Errors
    /// [`DuplicateEvent`] when one of the catalogs has two entries for the same event and variant.
    pub fn into_catalog(self) -> Result<Arc<dyn Catalog>, DuplicateEvent> {
        self.catalog
    }

    /// Logs which entries are replaced, in one line, if there are any.
    pub(crate) fn log_replaced(&self) {
        if !self.replaced.is_empty() {
            tracing::info!(events = self.replaced.join(", "), "a later catalog replaces these events");
        }
    }
}

impl From<Arc<dyn Catalog>> for Catalogs {
    fn from(catalog: Arc<dyn Catalog>) -> Self {
        Self { catalog: Ok(catalog), replaced: Vec::new() }
    }
}

/// Chains the catalogs of several crates or modules into one, for [`run`](crate::run).
///
/// Each is named by its path and has a function `catalog() -> Arc<dyn Catalog>`. An entry of a later catalog replaces an
/// earlier one of the same event and variant, which `run` logs in one line. Two in one catalog are an error at startup.
///
/// ```
/// # mod acme_events {
/// #     use std::sync::Arc;
/// #     use wxhook_wire::{Catalog, EventMeta, Table};
/// #     pub fn catalog() -> Arc<dyn Catalog> {
/// #         Arc::new(Table::new([EventMeta::v3("ACME.POINTS", "积分")]).unwrap())
/// #     }
/// # }
/// # mod shop { pub(super) mod events { pub(in super::super) fn catalog() -> std::sync::Arc<dyn wxhook_wire::Catalog> {
/// #     std::sync::Arc::new(wxhook_wire::Table::new([]).unwrap()) } } }
/// let catalog = wxhook_cli::catalogs![acme_events, shop::events].into_catalog()?;
/// assert!(catalog.lookup("ACME.POINTS", None).is_some());
/// # Ok::<(), wxhook_wire::DuplicateEvent>(())
/// ```
#[macro_export]
macro_rules! catalogs {
    ($($($place:ident)::+),+ $(,)?) => {
        $crate::__chain([$($($place)::+::catalog()),+])
    };
}

#[doc(hidden)]
pub fn __chain<const N: usize>(catalogs: [Arc<dyn Catalog>; N]) -> Catalogs {
    match Chain::new(catalogs) {
        Ok(chain) => {
            let replaced = chain.replaced().map(named::name).collect();
            Catalogs { catalog: Ok(Arc::new(chain)), replaced }
        }
        Err(twice) => Catalogs { catalog: Err(twice), replaced: Vec::new() },
    }
}

#[cfg(test)]
mod tests {
    mod one {
        use std::sync::Arc;
        use wxhook_wire::{Catalog, EventMeta, Table};

        pub(super) fn catalog() -> Arc<dyn Catalog> {
            Arc::new(Table::new([EventMeta::v3("ONE", "一")]).unwrap())
        }
    }

    mod two {
        use std::sync::Arc;
        use wxhook_wire::{Catalog, EventMeta, Table};

        pub(super) fn catalog() -> Arc<dyn Catalog> {
            Arc::new(Table::new([EventMeta::v3("TWO", "二")]).unwrap())
        }
    }

    #[test]
    fn catalogs_are_chained() {
        let catalog = catalogs![one, two].into_catalog().unwrap();
        assert!(catalog.lookup("ONE", None).is_some() && catalog.lookup("TWO", None).is_some());
        assert_eq!(catalog.events().count(), 2);
    }

    #[test]
    fn one_event_in_two_catalogs_is_that_of_the_later_one() {
        let catalogs = catalogs![one, two, one,];
        assert_eq!(catalogs.replaced, ["ONE"]);
        assert_eq!(catalogs.into_catalog().unwrap().events().count(), 2);
    }
}
