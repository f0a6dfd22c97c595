//! Copying a store by its [`Transfer`].

use super::backend::Backend;
use super::cases::{WEEK, action, entry, parking, with_alias};
use super::context::Context;
use super::differential::describe;
use super::handle::{Handle, LANE};
use wxhook_idempotency::{
    AcceptResult, Claim, ClaimId, Cursor, Error, Failure, FenceResult, Filter, Seq, State, Store as _,
    Transfer,
};

/// Copies a store that has records in every state into another one, page by page, as if the copying were killed and begun
/// again meanwhile, and compares everything.
///
/// # Panics
/// Where the copy isn't like the original, or a store answers with an error.
pub fn check_transfer<B: Backend>(backend: &B)
where
    B::Store: Transfer,
{
    let (from, to) = (Context::new(backend, None), Context::new(backend, None));
    // The copy's clock is as far as the original's.
    let original = from.open();
    let marked = fill(&from, &original);
    to.pass(WEEK);
    let copy = to.open();
    copy_once(&original, &copy, 2, 3);
    assert_eq!(copy_once(&original, &copy, 3, usize::MAX), None, "it goes on from any page");
    compare(&original, &copy, marked);

    let again = copy.block_on(|store| store.import(first_page(&original)));
    assert!(matches!(again, Err(Error::Unsupported(_))), "a store that isn't empty: {again:?}");
}

/// Copies at most so many pages of this size; gives where it would go on.
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
        let page = done(from.block_on(|store| store.export(cursor, size)));
        assert!(page.records.len().max(page.tombstones.len()) <= size.max(9));
        next = page.next.clone();
        done(to.block_on(|store| store.import(page)));
    }
    next
}

fn first_page<B: Backend>(from: &Handle<'_, B>) -> wxhook_idempotency::ExportPage
where
    B::Store: Transfer,
{
    done(from.block_on(|store| store.export(Cursor::START, 9)))
}

#[track_caller]
fn done<T>(answer: Result<T, Error>) -> T {
    answer.unwrap_or_else(|error| panic!("the store answered with an error: {error} ({error:?})"))
}

/// Records in every state, and a mark; gives the number of the record that left it.
fn fill<B: Backend>(context: &Context<'_, B>, store: &Handle<'_, B>) -> Seq {
    let mut marking = parking("marked", 1);
    marking.keeps_tombstone = true;
    let marked = store.new_seq(marking);
    store.discard(marked, action());
    context.pass(WEEK);
    assert_eq!(store.purge(9), 1);
    let mut full = with_alias(with_alias(parking("full", 1), "EV-1"), "EV-2");
    full.group = Some("order".to_owned());
    full.labels.merchant = "shop".to_owned();
    full.labels.event = "PAID".to_owned();
    full.labels.variant = Some("GLOBAL".to_owned());
    full.labels.id = Some("EV-1".to_owned());
    full.labels.numbers = vec![("out_trade_no".to_owned(), "7".to_owned())];
    full.flags = vec!["key-fallback".to_owned()];
    store.new_seq(full);
    store.changed_seq(parking("full", 2));
    let finished = store.acquired(entry("done", 1), 1);
    assert_eq!(store.complete(finished.record.seq, finished.fence, Some(b"reply")), FenceResult::Done);
    let failed = store.acquired(entry("failed", 1), 2);
    let failure = Failure::retry("refused", context.span() * 2).flag("mismatch");
    assert_eq!(store.fail(failed.record.seq, failed.fence, failure), FenceResult::Done);
    store.acquired(entry("held", 1), 3);
    let parked = store.new_seq(entry("parked", 1));
    store.park(parked, action());
    marked
}

fn compare<B: Backend>(original: &Handle<'_, B>, copy: &Handle<'_, B>, marked: Seq) {
    let all = |handle: &Handle<'_, B>| handle.list(Filter::default(), None, 99).records;
    let (ours, theirs) = (all(original), all(copy));
    assert_eq!(
        ours.iter().map(describe).collect::<Vec<_>>(),
        theirs.iter().map(describe).collect::<Vec<_>>()
    );
    let stats = |handle: &Handle<'_, B>| {
        let stats = handle.stats();
        (
            [
                stats.count(State::Ready),
                stats.count(State::Leased),
                stats.count(State::Done),
                stats.count(State::Parked),
            ],
            handle.lanes(),
        )
    };
    assert_eq!(stats(original), stats(copy));
    let mut by_number = Filter::default();
    by_number.number = Some("7".to_owned());
    assert_eq!(copy.list(by_number, None, 9).records.len(), 1);
    assert!(
        original.store.capabilities().id.is_none()
            || original.store.capabilities().id != copy.store.capabilities().id,
        "an id of its own"
    );

    // It is a store like any other: names, marks, claims and numbers go on.
    let last = ours.first().map(|record| record.seq);
    assert_eq!(
        copy.duplicate_of(with_alias(parking("elsewhere", 1), "EV-2")),
        copy.by_key("full").unwrap().seq
    );
    assert_eq!(copy.record(copy.duplicate_of(parking("full", 2))).flags, ["changed"]);
    let mut replay = parking("marked", 1);
    replay.keeps_tombstone = true;
    assert_eq!(
        copy.accept(replay),
        AcceptResult::Duplicate { seq: marked, state: State::Done, outcome: None }
    );
    let held = copy.by_key("held").unwrap();
    let repeated = copy.claim_due(Claim::new(ClaimId::new(3), [LANE], 9, std::time::Duration::from_secs(30)));
    assert_eq!(repeated[0].record.seq, held.seq, "whose lease it is goes along");
    assert_eq!(copy.complete(held.seq, held.fence.unwrap(), None), FenceResult::Done);
    let next = copy.acquired(entry("next", 1), 9);
    assert!(Some(next.record.seq) > last && Some(next.fence) > held.fence);
}
