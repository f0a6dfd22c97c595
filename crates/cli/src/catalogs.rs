use std::sync::Arc;

use wxhook_wire::{Catalog, Chain, DuplicateEvent};

/// The events that a program knows: one catalog, or what [`catalogs!`](crate::catalogs!) made of several.
#[derive(Debug)]
pub struct Catalogs(Result<Arc<dyn Catalog>, DuplicateEvent>);

impl Catalogs {
    /// The catalog.
    ///
    /// # Errors
    /// [`DuplicateEvent`] when two catalogs have an entry for the same event and variant.
    pub fn into_catalog(self) -> Result<Arc<dyn Catalog>, DuplicateEvent> {
        self.0
    }
}

impl From<Arc<dyn Catalog>> for Catalogs {
    fn from(catalog: Arc<dyn Catalog>) -> Self {
        Self(Ok(catalog))
    }
}

/// Chains the catalogs of several crates or modules into one, for [`run`](crate::run).
///
/// Each is named by its path and has a function `catalog() -> Arc<dyn Catalog>`. Two entries for the same event and
/// variant are reported by `run`, at the start.
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
    Catalogs(Chain::new(catalogs).map(|chain| {
        let chain: Arc<dyn Catalog> = Arc::new(chain);
        chain
    }))
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
    fn one_event_in_two_catalogs_is_an_error() {
        assert_eq!(catalogs![one, two, one,].into_catalog().unwrap_err().name, "ONE");
    }
}
