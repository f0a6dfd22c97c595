//! A store in memory with something wrong about it.

use crate::clock;
use std::marker::PhantomData;
use std::sync::Arc;
use wxhook_idempotency::{Clock, Layer, Layered, MemoryOptions, MemoryStore};
use wxhook_testkit::store::{Backend, Place, Time};

/// A defect: a layer whose overridden methods are wrong.
pub(crate) trait Flaw: Layer<MemoryStore> {
    fn of(place: &Place) -> Self;

    fn clock(&self, place: &Place) -> Arc<dyn Clock> {
        clock(place)
    }
}

/// A memory store with a defect.
pub(crate) type Broken<F> = Layered<MemoryStore, F>;

/// Opens a broken store at a place.
pub(crate) fn broken<F: Flaw>(flaw: F, place: &Place) -> Broken<F> {
    let options = MemoryOptions::default().with_clock(flaw.clock(place));
    Layered { store: MemoryStore::new(options), layer: flaw }
}

/// Opens a broken store on a clock that advances by itself.
pub(crate) fn living<F: Flaw>(flaw: F) -> Broken<F> {
    Layered { store: MemoryStore::default(), layer: flaw }
}

/// Makes stores with this flaw.
pub(crate) struct Memory<F>(PhantomData<fn() -> F>);

impl<F> Default for Memory<F> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<F: Flaw> Backend for Memory<F> {
    type Store = Broken<F>;

    fn open(&self, place: &Place) -> Broken<F> {
        broken(F::of(place), place)
    }

    fn time(&self) -> Time {
        Time::Still
    }
}
