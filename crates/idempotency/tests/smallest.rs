//! The store that the documentation shows as an example passes the conformance suite, too.

use std::sync::Arc;
use wxhook_testkit::store::{Backend, Place, Time};
use wxhook_testkit::store_suite;

#[path = "../examples/smallest_store.rs"]
#[expect(dead_code, unreachable_pub, reason = "here it is a module, and its `main` isn't run")]
mod smallest_store;

struct Smallest;

impl Backend for Smallest {
    type Store = smallest_store::ListStore;

    fn open(&self, place: &Place) -> smallest_store::ListStore {
        smallest_store::ListStore::new(Arc::new(place.clock().clone()))
    }

    fn time(&self) -> Time {
        Time::Still
    }
}

store_suite!(Smallest);
