use super::backend::Backend;
use super::cases::{WEEK, action, check_filled, contents, fill, parking, with};
use super::context::Context;
use super::handle::Handle;
use wxhook_idempotency::{AcceptResult, Cursor, Error, Filter, State, Transfer};

/// Copies a store that has records in every state into another one, page by page, as if the copying were killed and begun
/// again meanwhile, and compares everything.
///
/// # Panics
/// If the copy isn't like the original, or a store answers with an error.
pub fn check_transfer<B: Backend>(backend: &B)
where
    B::Store: Transfer,
{
    let (from, to) = (Context::new(backend, None), Context::new(backend, None));
    let original = from.open();
    let marking = || with(parking("marked", 1), |entry| entry.keeps_tombstone = true);
    let marked = original.new_seq(marking());
    original.discard(marked, action());
    from.pass(WEEK);
    assert_eq!(original.purge(9), 1);
    let held = fill(&original);
    // The copy's clock is as far as the original's.
    to.pass(WEEK);
    let copy = to.open();
    copy_once(&original, &copy, 2, 3);
    assert_eq!(copy_once(&original, &copy, 3, usize::MAX), None, "it continues from any page");
    assert_eq!(contents(&original), contents(&copy));
    assert_eq!(original.lanes(), copy.lanes());
    let mut by_number = Filter::default();
    by_number.number = Some("7".to_owned());
    assert_eq!(copy.list(by_number, None, 9).records.len(), 1);
    let (id, copied) = (original.capabilities().id, copy.capabilities().id);
    assert!(id.is_none() || id != copied, "an id of its own");
    let duplicate = AcceptResult::Duplicate { seq: marked, state: State::Done, outcome: None };
    assert_eq!(copy.accept(marking()), duplicate);
    check_filled(&copy, &held);

    let page = original.run(|store| store.export(Cursor::START, 9));
    let again = copy.block_on(|store| store.import(page));
    assert!(matches!(again, Err(Error::Unsupported(_))), "a store in use: {again:?}");
}

/// Copies at most so many pages of this size. Returns where the copy continues.
fn copy_once<B: Backend>(
    from: &Handle<'_, B>,
    to: &Handle<'_, B>,
    size: usize,
    pages: usize,
) -> Option<Cursor>
where
    B::Store: Transfer,
{
    let mut next = Some(Cursor::START);
    for _ in 0..pages {
        let Some(cursor) = next else { break };
        let page = from.run(|store| store.export(cursor, size));
        assert!(page.records.len().max(page.tombstones.len()) <= size.max(9));
        next = page.next.clone();
        to.run(|store| store.import(page));
    }
    next
}
