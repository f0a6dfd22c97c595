use crate::store::backend::Backend;
use crate::store::child::{Child, say, wait_for_go, word};
use crate::store::desk::Desk;
use crate::store::samples::{entry, fingerprint, parking, with_alias};
use crate::store::world::World;
use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use wxhook_idempotency::{AcceptResult, Claim, ClaimId, Failure, Fence, FenceResult, Lookup, Seq, State};

const PROCESSES: usize = 4;
const KEYS: u32 = 40;
const THREADS: u32 = 4;

/// What a child process does; see the case that starts it.
pub(in crate::store) fn play<B: Backend>(world: &World<'_, B>, part: &str) {
    match part {
        "accept the same" => accept_the_same(world),
        "claim" => claim_all(world),
        "accept without end" => accept_without_end(world),
        "accept changed" => accept_changed(world),
        "hold" => hold(world),
        "work" => work(world),
        other => panic!("no such part: {other}"),
    }
}

/// Starts as many as that, and lets them go once all are there.
fn started<B: Backend>(world: &World<'_, B>, part: &str) -> Vec<Child> {
    let mut children: Vec<_> = (0..PROCESSES).map(|_| world.child(part)).collect();
    for child in &children {
        assert_eq!(child.said(), ["ready"]);
    }
    for child in &mut children {
        child.go();
    }
    children
}

/// A claim id that no other process uses.
fn id(number: u64) -> u128 {
    u128::from(std::process::id()) << 64 | u128::from(number)
}

fn only_if_shared<'w, B: Backend>(world: &'w World<'_, B>) -> Desk<'w, B> {
    let store = world.open();
    world.needs_sharing(&store);
    store
}

fn only_if_durable<B: Backend>(world: &World<'_, B>) {
    // Closed again, since a store that isn't shared has room for one.
    let capabilities = world.open().capabilities();
    world.needs_durability(capabilities);
}

pub(crate) fn one_new_among_processes<B: Backend>(world: &World<'_, B>) {
    let store = only_if_shared(world);
    let said: Vec<_> = started(world, "accept the same").into_iter().flat_map(Child::finish).collect();
    assert_eq!(said.len(), PROCESSES * usize::try_from(KEYS).unwrap());
    let mut new = BTreeMap::new();
    let mut all = BTreeMap::<u32, BTreeSet<u64>>::new();
    for words in &said {
        let (key, seq) = (word(words, 1), word(words, 2));
        *new.entry(key).or_insert(0) += i32::from(words[0] == "new");
        all.entry(key).or_default().insert(seq);
    }
    assert_eq!(new, (0..KEYS).map(|key| (key, 1)).collect(), "answers that say New, by key");
    assert!(all.values().all(|seqs| seqs.len() == 1), "one record a key: {all:?}");
    assert_eq!(store.stats().count(State::Ready), u64::from(KEYS));
}

fn accept_the_same<B: Backend>(world: &World<'_, B>) {
    let store = world.open();
    say("ready");
    wait_for_go();
    for key in 0..KEYS {
        // The same notification may come under an id of its own each time, or under one that is known.
        let alias = format!("EV-{key}-{}", std::process::id() % 2);
        match store.accept(with_alias(entry(&format!("k{key}"), 1), &alias)) {
            AcceptResult::New { seq } => say(&format!("new {key} {seq}")),
            AcceptResult::Duplicate { seq, .. } => say(&format!("duplicate {key} {seq}")),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn one_lease_among_processes<B: Backend>(world: &World<'_, B>) {
    let store = only_if_shared(world);
    let seqs: BTreeSet<_> = (0..200).map(|key| store.new_seq(entry(&format!("k{key}"), 1)).get()).collect();
    let said: Vec<_> = started(world, "claim").into_iter().flat_map(Child::finish).collect();
    let claimed: BTreeSet<u64> = said.iter().map(|words| word(words, 1)).collect();
    let fences: BTreeSet<u64> = said.iter().map(|words| word(words, 2)).collect();
    assert_eq!(said.len(), seqs.len(), "each is leased once");
    assert_eq!((claimed, fences.len()), (seqs, said.len()));
    assert_eq!(store.stats().count(State::Leased), 200);
}

fn claim_all<B: Backend>(world: &World<'_, B>) {
    let store = world.open();
    say("ready");
    wait_for_go();
    for number in 0.. {
        let claim = Claim::new(ClaimId::new(id(number)), ["sink"], 3, world.span() * 100);
        let leases = store.claim_due(claim);
        if leases.is_empty() {
            break;
        }
        for lease in leases {
            say(&format!("claimed {} {}", lease.record.seq, lease.fence));
        }
    }
}

pub(crate) fn an_answered_accept_survives_kill_9<B: Backend>(world: &World<'_, B>) {
    only_if_durable(world);
    let mut answered = BTreeMap::new();
    for round in 1..=3 {
        let child = world.child("accept without end");
        let mut said: Vec<_> = (0..60 * round).map(|_| child.said()).collect();
        said.extend(child.kill());
        for words in said {
            let (key, seq): (String, u64) = (word(&words, 1), word(&words, 2));
            answered.insert(key, Seq::new(seq));
        }
    }
    let store = world.open();
    for (key, seq) in &answered {
        let Some(record) = store.get(Lookup::Key(key.clone())) else {
            panic!("{key} was answered and isn't there")
        };
        assert_eq!((record.seq, record.state), (*seq, State::Ready));
        assert_eq!(&*record.body, [1; 16]);
    }
    // Nothing is marked without its work: whatever is known can be claimed.
    let stats = store.stats();
    assert!(stats.count(State::Ready) >= u64::try_from(answered.len()).unwrap());
    let mut claimed = BTreeSet::new();
    for number in 0.. {
        let leases = store.claimed(id(number), 100);
        if leases.is_empty() {
            break;
        }
        for lease in leases {
            claimed.insert(lease.record.seq);
            assert_eq!(store.duplicate_of(entry(&lease.record.key, 1)), lease.record.seq);
            assert_eq!(store.complete(lease.record.seq, lease.fence, None), FenceResult::Done);
        }
    }
    assert_eq!(u64::try_from(claimed.len()).unwrap(), stats.count(State::Ready));
    assert!(answered.values().all(|seq| claimed.contains(seq)));
}

fn accept_without_end<B: Backend>(world: &World<'_, B>) {
    let store = &world.open();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                for number in 0_u32.. {
                    let key = format!("{}/{thread}/{number}", std::process::id());
                    match store.accept(with_alias(entry(&key, 1), &format!("EV-{key}"))) {
                        AcceptResult::New { seq } => say(&format!("accepted {key} {seq}")),
                        other => panic!("{other:?}"),
                    }
                }
            });
        }
    });
}

pub(crate) fn changed_content_survives_kill_9<B: Backend>(world: &World<'_, B>) {
    only_if_durable(world);
    let child = world.child("accept changed");
    let said: Vec<_> = (0..4).map(|_| child.said()).collect();
    drop(child.kill());
    let store = world.open();
    let first: u64 = word(&said[0], 1);
    for (content, words) in (1..).zip(&said) {
        let record = store.record(Seq::new(word(words, 1)));
        assert_eq!(&*record.body, [content; 16], "its content is readable");
        assert_eq!(record.fingerprint, fingerprint(content));
        assert_eq!(store.duplicate_of(parking("k", content)), record.seq);
        if content > 1 {
            assert_eq!((record.state, record.sibling_of), (State::Parked, Some(Seq::new(first))));
            assert_eq!(record.flags, ["changed"]);
        }
    }
}

fn accept_changed<B: Backend>(world: &World<'_, B>) {
    let store = world.open();
    say(&format!("new {}", store.new_seq(parking("k", 1))));
    for content in 2..=4 {
        say(&format!("changed {}", store.changed_seq(parking("k", content))));
    }
    wait_for_go();
}

pub(crate) fn a_killed_holders_record_is_claimed_again<B: Backend>(world: &World<'_, B>) {
    only_if_durable(world);
    let child = world.child("hold");
    let words = child.said();
    drop(child.kill());
    let (seq, fence) = (Seq::new(word(&words, 1)), Fence::new(word(&words, 2)));
    let store = world.open();
    assert!(store.claimed(1, 9).is_empty(), "its lease isn't over");
    world.pass(world.span());
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

fn hold<B: Backend>(world: &World<'_, B>) {
    let store = world.open();
    let lease = store.acquired(entry("k", 1), id(0));
    say(&format!("holds {} {}", lease.record.seq, lease.fence));
    wait_for_go();
}

pub(crate) fn every_record_ends_in_spite_of_kill_9<B: Backend>(world: &World<'_, B>) {
    only_if_durable(world);
    let seqs: Vec<_> = {
        let store = world.open();
        (0..60).map(|key| store.new_seq(entry(&format!("k{key}"), 1))).collect()
    };
    let mut completed = BTreeSet::new();
    for round in 1..=4 {
        let child = world.child("work");
        let mut said: Vec<_> = (0..round * 4).map_while(|_| child.line()).collect();
        said.extend(child.kill());
        completed.extend(said.iter().map(|words| Seq::new(word(words, 1))));
        world.pass(world.span());
    }
    let store = world.open();
    for seq in &completed {
        assert_eq!(store.record(*seq).state, State::Done, "what was completed stays so");
    }
    for number in 0..1_000 {
        let leases = store.claimed(id(number), 10);
        if leases.is_empty() {
            break;
        }
        for lease in leases {
            assert!(!completed.contains(&lease.record.seq));
            assert_eq!(store.complete(lease.record.seq, lease.fence, None), FenceResult::Done);
        }
    }
    for seq in seqs {
        assert_eq!(store.record(seq).state, State::Done);
    }
}

fn work<B: Backend>(world: &World<'_, B>) {
    let store = world.open();
    for number in 0.. {
        // Two at a time, so that a kill leaves one that was claimed and not completed.
        let leases = store.claimed(id(number), 2);
        if leases.is_empty() {
            break;
        }
        for lease in leases {
            assert_eq!(store.complete(lease.record.seq, lease.fence, None), FenceResult::Done);
            say(&format!("completed {}", lease.record.seq));
        }
    }
}
