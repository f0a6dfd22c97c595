//! The memory store passes the conformance suite.

use std::sync::Arc;
use wxhook_idempotency::{MemoryOptions, MemoryStore};
use wxhook_testkit::store::{Backend, Place, Time};
use wxhook_testkit::store_suite;

struct Memory;

impl Backend for Memory {
    type Store = MemoryStore;

    fn open(&self, place: &Place) -> MemoryStore {
        MemoryStore::new(MemoryOptions::default().with_clock(Arc::new(place.clock().clone())))
    }

    fn time(&self) -> Time {
        Time::Still
    }
}

store_suite!(Memory);

#[test]
fn a_copy_is_whole() {
    wxhook_testkit::store::check_transfer(&Memory);
}
