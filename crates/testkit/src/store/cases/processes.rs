use super::{WEEK, check_filled, contents, entry, fill, fingerprint, parking, with_alias};
use crate::store::backend::Backend;
use crate::store::child::{Child, send, wait_for_go};
use crate::store::context::Context;
use crate::store::differential::describe;
use crate::store::handle::Handle;
use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use wxhook_idempotency::{
    AcceptResult, BeginResult, Claim, ClaimId, Failure, Fence, FenceResult, Lease, Lookup, Seq, State,
    Store as _,
};

const PROCESSES: usize = 4;
const KEYS: u32 = 40;
const THREADS: u32 = 4;

/// Plays a child's part; see the case that starts it.
pub(in crate::store) fn play<B: Backend>(context: &Context<'_, B>, part: &str) {
    match part {
        "accept the same" => accept_the_same(context),
        "claim" => claim_all(context),
        "accept endlessly" => accept_endlessly(context),
        "accept changed" => accept_changed(context),
        "hold" => hold(context),
        "work" => work(context),
        other => panic!("no such part: {other}"),
    }
}

/// Starts several children, and lets them go once all are ready. Returns their messages.
fn together<T: serde::de::DeserializeOwned, B: Backend>(context: &Context<'_, B>, part: &str) -> Vec<T> {
    let mut children: Vec<_> = (0..PROCESSES).map(|_| context.child(part)).collect();
    children.iter().for_each(Child::expect::<()>);
    children.iter_mut().for_each(Child::go);
    children.into_iter().flat_map(Child::finish).collect()
}

/// Tells the parent that the store is open, and waits for the other children.
fn open_together<'c, B: Backend>(context: &'c Context<'_, B>) -> Handle<'c, B> {
    let store = context.open();
    send(&());
    wait_for_go();
    store
}

/// Returns a claim id that no other process uses.
fn id(number: u64) -> u128 {
    u128::from(std::process::id()) << 64 | u128::from(number)
}

/// Returns so many leases at a time, until nothing is due.
fn claims<B: Backend>(store: &Handle<'_, B>, max: usize) -> impl Iterator<Item = Vec<Lease>> {
    (0..).map(move |number| store.claimed(id(number), max)).take_while(|leases| !leases.is_empty())
}

pub(crate) fn one_new_among_processes<B: Backend>(store: Handle<'_, B>) {
    store.require_sharing();
    let answers: Vec<(bool, u32, u64)> = together(&store, "accept the same");
    assert_eq!(answers.len(), PROCESSES * usize::try_from(KEYS).unwrap());
    let mut new = BTreeMap::new();
    let mut all = BTreeMap::<u32, BTreeSet<u64>>::new();
    for (is_new, key, seq) in answers {
        *new.entry(key).or_insert(0) += i32::from(is_new);
        all.entry(key).or_default().insert(seq);
    }
    assert_eq!(new, (0..KEYS).map(|key| (key, 1)).collect(), "answers of New, by key");
    assert!(all.values().all(|seqs| seqs.len() == 1), "one record a key: {all:?}");
    assert_eq!(store.count(State::Ready), u64::from(KEYS));
}

fn accept_the_same<B: Backend>(context: &Context<'_, B>) {
    let store = open_together(context);
    for key in 0..KEYS {
        // The same notification may come under an id of its own each time, or under one that is known.
        let alias = format!("EV-{key}-{}", std::process::id() % 2);
        match store.accept(with_alias(entry(&format!("k{key}"), 1), &alias)) {
            AcceptResult::New { seq } => send(&(true, key, seq.get())),
            AcceptResult::Duplicate { seq, .. } => send(&(false, key, seq.get())),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn one_lease_among_processes<B: Backend>(store: Handle<'_, B>) {
    store.require_sharing();
    let seqs: BTreeSet<_> = (0..200).map(|key| store.new_seq(entry(&format!("k{key}"), 1)).get()).collect();
    let leases: Vec<(u64, u64)> = together(&store, "claim");
    let (claimed, fences): (BTreeSet<_>, BTreeSet<_>) = leases.iter().copied().unzip();
    assert_eq!(leases.len(), seqs.len(), "each is leased once");
    assert_eq!((claimed, fences.len()), (seqs, leases.len()));
    assert_eq!(store.count(State::Leased), 200);
}

fn claim_all<B: Backend>(context: &Context<'_, B>) {
    let store = open_together(context);
    for number in 0.. {
        let claim = Claim::new(ClaimId::new(id(number)), ["sink"], 3, context.span() * 100);
        let leases = store.claim_due(claim);
        leases.iter().for_each(|lease| send(&(lease.record.seq.get(), lease.fence.get())));
        if leases.is_empty() {
            break;
        }
    }
}

pub(crate) fn an_answered_accept_survives_kill_9<B: Backend>(store: Handle<'_, B>) {
    let context = store.close();
    let mut answered = BTreeMap::<String, u64>::new();
    for round in 1..=3 {
        let child = context.child("accept endlessly");
        answered.extend((0..60 * round).map(|_| child.expect::<(String, u64)>()));
        answered.extend(child.kill::<(String, u64)>());
    }
    let store = context.open();
    for (key, seq) in &answered {
        let Some(record) = store.get(Lookup::Key(key.clone())) else {
            panic!("{key} was answered and isn't there")
        };
        assert_eq!((record.seq.get(), record.state), (*seq, State::Ready));
        assert_eq!(&*record.body, [1; 16]);
    }
    // Nothing is marked without its work: whatever is known can be claimed.
    let stats = store.stats();
    assert!(stats.count(State::Ready) >= u64::try_from(answered.len()).unwrap());
    let mut claimed = BTreeSet::new();
    for lease in claims(&store, 100).flatten() {
        claimed.insert(lease.record.seq.get());
        assert_eq!(store.duplicate_of(entry(&lease.record.key, 1)), lease.record.seq);
        assert_eq!(store.complete(lease.record.seq, lease.fence, None), FenceResult::Done);
    }
    assert_eq!(u64::try_from(claimed.len()).unwrap(), stats.count(State::Ready));
    assert!(answered.values().all(|seq| claimed.contains(seq)));
}

fn accept_endlessly<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                for number in 0_u32.. {
                    let key = format!("{}/{thread}/{number}", std::process::id());
                    let seq = store.new_seq(with_alias(entry(&key, 1), &format!("EV-{key}")));
                    send(&(key, seq.get()));
                }
            });
        }
    });
}

pub(crate) fn changed_content_survives_kill_9<B: Backend>(store: Handle<'_, B>) {
    let context = store.close();
    let child = context.child("accept changed");
    let seqs: Vec<_> = (0..4).map(|_| Seq::new(child.expect())).collect();
    child.kill::<u64>();
    let store = context.open();
    for (content, seq) in (1..).zip(&seqs) {
        let record = store.record(*seq);
        assert_eq!(&*record.body, [content; 16], "its content is readable");
        assert_eq!(record.fingerprint, fingerprint(content));
        assert_eq!(store.duplicate_of(parking("k", content)), record.seq);
        if content > 1 {
            assert_eq!((record.state, record.sibling_of), (State::Parked, Some(seqs[0])));
            assert_eq!(record.flags, ["changed"]);
        }
    }
}

fn accept_changed<B: Backend>(context: &Context<'_, B>) {
    let store = context.open();
    send(&store.new_seq(parking("k", 1)).get());
    for content in 2..=4 {
        send(&store.changed_seq(parking("k", content)).get());
    }
    wait_for_go();
}

pub(crate) fn a_killed_holders_record_is_claimed_again<B: Backend>(store: Handle<'_, B>) {
    let context = store.close();
    let child = context.child("hold");
    let (seq, fence) = child.expect();
    child.kill::<()>();
    let (seq, fence) = (Seq::new(seq), Fence::new(fence));
    let store = context.open();
    assert!(store.claimed(1, 9).is_empty(), "its lease hasn't expired");
    context.pass(context.span());
    let lease = store.claimed_one(2);
    assert_eq!((lease.record.seq, lease.record.attempts), (seq, 2), "a crash counts");
    assert!(lease.fence > fence);
    assert_eq!(store.complete(seq, fence, None), FenceResult::Lost);
    assert_eq!(store.renew(seq, fence), FenceResult::Lost);
    assert_eq!(store.release(seq, fence), FenceResult::Lost);
    assert_eq!(store.fail(seq, fence, Failure::park("no")), FenceResult::Lost);
    assert_eq!(store.record(seq).state, State::Leased);
    assert_eq!(store.complete(seq, lease.fence, None), FenceResult::Done);
}

fn hold<B: Backend>(context: &Context<'_, B>) {
    let store = context.open();
    let lease = store.acquired(entry("k", 1), id(0));
    send(&(lease.record.seq.get(), lease.fence.get()));
    wait_for_go();
}

pub(crate) fn every_record_ends_despite_kill_9<B: Backend>(store: Handle<'_, B>) {
    let seqs: Vec<_> = (0..60).map(|key| store.new_seq(entry(&format!("k{key}"), 1))).collect();
    let context = store.close();
    let mut completed = BTreeSet::<u64>::new();
    for round in 1..=4 {
        let child = context.child("work");
        completed.extend((0..round * 4).map_while(|_| child.next::<u64>()));
        completed.extend(child.kill::<u64>());
        context.pass(context.span());
    }
    let store = context.open();
    for seq in &completed {
        assert_eq!(store.record(Seq::new(*seq)).state, State::Done, "what was completed stays so");
    }
    for lease in claims(&store, 10).flatten() {
        assert!(!completed.contains(&lease.record.seq.get()));
        assert_eq!(store.complete(lease.record.seq, lease.fence, None), FenceResult::Done);
    }
    for seq in seqs {
        assert_eq!(store.record(seq).state, State::Done);
    }
}

fn work<B: Backend>(context: &Context<'_, B>) {
    let store = context.open();
    // Two at a time, so that a kill leaves one that was claimed and not completed.
    for lease in claims(&store, 2).flatten() {
        assert_eq!(store.complete(lease.record.seq, lease.fence, None), FenceResult::Done);
        send(&lease.record.seq.get());
    }
}

pub(crate) fn everything_is_as_before<B: Backend>(store: Handle<'_, B>) {
    let held = fill(&store);
    let before = contents(&store);
    let store = store.reopen();
    assert_eq!(contents(&store), before);
    check_filled(&store, &held);
}

pub(crate) fn numbers_and_fences_go_on<B: Backend>(mut store: Handle<'_, B>) {
    let mut last = None;
    for round in 0..4 {
        let lease = store.acquired(entry(&format!("k{round}"), 1), round);
        let this = (lease.record.seq, lease.fence);
        assert!(last.is_none_or(|(seq, fence)| this.0 > seq && this.1 > fence), "{this:?} after {last:?}");
        last = Some(this);
        store = store.reopen();
    }
    // So do those of one record.
    store.pass(store.span());
    let again = store.acquired(entry("k0", 1), 9);
    assert!(last.is_some_and(|(_, fence)| again.fence > fence));
}

pub(crate) fn numbers_of_purged_records_stay_used<B: Backend>(store: Handle<'_, B>) {
    let first = store.acquired(entry("k", 1), 1);
    assert_eq!(store.complete(first.record.seq, first.fence, None), FenceResult::Done);
    store.pass(WEEK);
    assert_eq!(store.purge(9), 1, "nothing is left");
    let store = store.reopen();
    let second = store.acquired(entry("k", 1), 1);
    assert!(second.record.seq > first.record.seq && second.fence > first.fence);
    assert_eq!(store.complete(first.record.seq, first.fence, None), FenceResult::Lost);
    assert_eq!(store.stats().lost, 0);
}

pub(crate) fn its_id_stays<B: Backend>(store: Handle<'_, B>) {
    let id = store.store.capabilities().id;
    let store = store.reopen();
    assert!(id.is_some(), "what outlives its process has an id");
    assert_eq!(store.store.capabilities().id, id);
}

pub(crate) fn a_lease_goes_on<B: Backend>(store: Handle<'_, B>) {
    let kept = store.acquired(entry("kept", 1), 1);
    let left = store.acquired(entry("left", 1), 2);

    let store = store.reopen();
    assert!(matches!(store.begin(entry("kept", 1), 3), BeginResult::Busy { .. }));
    assert!(store.claimed(4, 9).is_empty());
    let again = store.acquired(entry("kept", 1), 1);
    assert_eq!((again.fence, again.record.attempts), (kept.fence, 1));
    assert_eq!(store.complete(kept.record.seq, kept.fence, None), FenceResult::Done);
    store.pass(store.span());
    let taken = store.claimed_one(5);
    assert_eq!((taken.record.seq, taken.record.attempts), (left.record.seq, 2));
    assert!(taken.fence > left.fence);
    assert_eq!(store.complete(left.record.seq, left.fence, None), FenceResult::Lost);
}

pub(crate) fn two_handles_are_one_store<B: Backend>(one: Handle<'_, B>) {
    one.require_sharing();
    let other = one.open();
    let seq = one.new_seq(entry("k", 1));
    assert_eq!(other.duplicate_of(entry("k", 1)), seq);
    let sibling = other.changed_seq(parking("k", 2));
    assert_eq!(one.duplicate_of(parking("k", 2)), sibling);
    let lease = one.claimed_one(1);
    assert!(other.claimed(2, 1).is_empty());
    assert_eq!(other.complete(seq, lease.fence, Some(b"reply")), FenceResult::Done);
    assert_eq!(describe(&one.record(seq)), describe(&other.record(seq)));
    let second = other.acquired(entry("l", 1), 3);
    assert!(second.fence > lease.fence && second.record.seq > sibling);
}
