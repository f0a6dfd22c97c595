use super::{entry, fingerprint, parking, with_alias};
use crate::store::backend::Backend;
use crate::store::child::{Child, send, wait_for_go};
use crate::store::context::Context;
use crate::store::handle::Handle;
use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use wxhook_idempotency::{Accepted, Claim, ClaimId, Failure, Fence, Fenced, Lease, Lookup, Seq, State};

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

fn open_shared<'c, B: Backend>(context: &'c Context<'_, B>) -> Handle<'c, B> {
    let store = context.open();
    context.require_sharing(&store);
    store
}

fn require_durability<B: Backend>(context: &Context<'_, B>) {
    // Closed again, since a store that isn't shared has room for one.
    let capabilities = context.open().capabilities();
    context.require_durability(capabilities);
}

pub(crate) fn one_new_among_processes<B: Backend>(context: &Context<'_, B>) {
    let store = open_shared(context);
    let answers: Vec<(bool, u32, u64)> = together(context, "accept the same");
    assert_eq!(answers.len(), PROCESSES * usize::try_from(KEYS).unwrap());
    let mut new = BTreeMap::new();
    let mut all = BTreeMap::<u32, BTreeSet<u64>>::new();
    for (is_new, key, seq) in answers {
        *new.entry(key).or_insert(0) += i32::from(is_new);
        all.entry(key).or_default().insert(seq);
    }
    assert_eq!(new, (0..KEYS).map(|key| (key, 1)).collect(), "answers of New, by key");
    assert!(all.values().all(|seqs| seqs.len() == 1), "one record a key: {all:?}");
    assert_eq!(store.stats().ready, u64::from(KEYS));
}

fn accept_the_same<B: Backend>(context: &Context<'_, B>) {
    let store = open_together(context);
    for key in 0..KEYS {
        // The same notification may come under an id of its own each time, or under one that is known.
        let alias = format!("EV-{key}-{}", std::process::id() % 2);
        match store.accept(with_alias(entry(&format!("k{key}"), 1), &alias)) {
            Accepted::New { seq } => send(&(true, key, seq.get())),
            Accepted::Duplicate { seq, .. } => send(&(false, key, seq.get())),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn one_lease_among_processes<B: Backend>(context: &Context<'_, B>) {
    let store = open_shared(context);
    let seqs: BTreeSet<_> = (0..200).map(|key| store.new_seq(entry(&format!("k{key}"), 1)).get()).collect();
    let leases: Vec<(u64, u64)> = together(context, "claim");
    let (claimed, fences): (BTreeSet<_>, BTreeSet<_>) = leases.iter().copied().unzip();
    assert_eq!(leases.len(), seqs.len(), "each is leased once");
    assert_eq!((claimed, fences.len()), (seqs, leases.len()));
    assert_eq!(store.stats().leased, 200);
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

pub(crate) fn an_answered_accept_survives_kill_9<B: Backend>(context: &Context<'_, B>) {
    require_durability(context);
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
    assert!(stats.ready >= u64::try_from(answered.len()).unwrap());
    let mut claimed = BTreeSet::new();
    for lease in claims(&store, 100).flatten() {
        claimed.insert(lease.record.seq.get());
        assert_eq!(store.duplicate_of(entry(&lease.record.key, 1)), lease.record.seq);
        assert_eq!(store.complete(lease.record.seq, lease.fence, None), Fenced::Done);
    }
    assert_eq!(u64::try_from(claimed.len()).unwrap(), stats.ready);
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

pub(crate) fn changed_content_survives_kill_9<B: Backend>(context: &Context<'_, B>) {
    require_durability(context);
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

pub(crate) fn a_killed_holders_record_is_claimed_again<B: Backend>(context: &Context<'_, B>) {
    require_durability(context);
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
    assert_eq!(store.complete(seq, fence, None), Fenced::Lost);
    assert_eq!(store.renew(seq, fence), Fenced::Lost);
    assert_eq!(store.release(seq, fence), Fenced::Lost);
    assert_eq!(store.fail(seq, fence, Failure::park("no")), Fenced::Lost);
    assert_eq!(store.record(seq).state, State::Leased);
    assert_eq!(store.complete(seq, lease.fence, None), Fenced::Done);
}

fn hold<B: Backend>(context: &Context<'_, B>) {
    let store = context.open();
    let lease = store.acquired(entry("k", 1), id(0));
    send(&(lease.record.seq.get(), lease.fence.get()));
    wait_for_go();
}

pub(crate) fn every_record_ends_despite_kill_9<B: Backend>(context: &Context<'_, B>) {
    require_durability(context);
    let seqs: Vec<_> = {
        let store = context.open();
        (0..60).map(|key| store.new_seq(entry(&format!("k{key}"), 1))).collect()
    };
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
        assert_eq!(store.complete(lease.record.seq, lease.fence, None), Fenced::Done);
    }
    for seq in seqs {
        assert_eq!(store.record(seq).state, State::Done);
    }
}

fn work<B: Backend>(context: &Context<'_, B>) {
    let store = context.open();
    // Two at a time, so that a kill leaves one that was claimed and not completed.
    for lease in claims(&store, 2).flatten() {
        assert_eq!(store.complete(lease.record.seq, lease.fence, None), Fenced::Done);
        send(&lease.record.seq.get());
    }
}
