use super::{action, entry, seqs, unused, with};
use crate::store::backend::Backend;
use crate::store::handle::Handle;
use wxhook_idempotency::{
    Action, Change, Claim, ClaimId, Entry, Failure, FenceResult, LaneStats, Lease, Move, MoveResult, Seq,
    State,
};

fn in_lane(key: &str, lane: &str) -> Entry {
    with(entry(key, 1), |entry| entry.lane = lane.to_owned())
}

/// In the lane that every merchant shared.
fn shared(key: &str, merchant: &str) -> Entry {
    let mut entry = in_lane(key, "default");
    entry.labels.merchant = merchant.to_owned();
    entry.labels.event = "PAID".to_owned();
    entry
}

#[track_caller]
fn claim<B: Backend>(store: &Handle<'_, B>, id: u128, lanes: &[&str], most: usize) -> Vec<Lease> {
    store.claim_due(Claim::new(ClaimId::new(id), lanes.iter().copied(), most, store.span()))
}

pub(crate) fn several_lanes_are_claimed<B: Backend>(store: Handle<'_, B>) {
    let one: Vec<_> = (0..3).map(|key| store.new_seq(in_lane(&format!("one {key}"), "one"))).collect();
    let two = store.new_seq(in_lane("two", "two"));
    let three = store.new_seq(in_lane("three", "three"));
    assert!(claim(&store, 6, &[], 9).is_empty());
    assert!(claim(&store, 6, &["none", "never"], 9).is_empty());
    // Turns, beginning at another lane with each id.
    let leases = claim(&store, 8, &["one", "none", "two"], 3);
    assert_eq!(seqs(&leases), [two, one[0], one[1]]);
    let fences: Vec<_> = leases.iter().map(|lease| lease.fence).collect();
    assert!(fences.is_sorted(), "in the order in which they were given: {fences:?}");
    let again = claim(&store, 8, &["two", "one", "none"], 3);
    assert_eq!(seqs(&again), seqs(&leases), "a repeated claim gives the same");
    assert_eq!(again[0].fence, leases[0].fence);
    assert_eq!(seqs(&claim(&store, 9, &["one", "two"], 9)), [one[2]]);
    assert_eq!(seqs(&claim(&store, 10, &["three", "three"], 9)), [three]);
    assert_eq!(store.complete(two, leases[0].fence, None), FenceResult::Done);
}

pub(crate) fn no_lane_starves<B: Backend>(store: Handle<'_, B>) {
    for key in 0..40 {
        store.new_seq(in_lane(&format!("k{key}"), "busy"));
    }
    store.pass(store.tick());
    let late = store.new_seq(in_lane("late", "quiet"));
    let lanes = ["busy", "quiet"];
    let claimed = seqs(&claim(&store, 20, &lanes, 2));
    assert!(claimed.contains(&late), "40 records wait longer in the other lane");
    // However small the claims.
    let late = store.new_seq(in_lane("later", "quiet"));
    let mut small = (21..23).flat_map(|id| seqs(&claim(&store, id, &lanes, 1)));
    assert!(small.any(|seq| seq == late), "two claims of one record");
}

pub(crate) fn figures_of_lanes<B: Backend>(store: Handle<'_, B>) {
    assert_eq!(names(&store), [""; 0]);
    for key in ["a", "b", "c", "d"] {
        store.new_seq(in_lane(key, "two"));
    }
    let other = store.new_seq(in_lane("e", "one"));
    let leases = claim(&store, 1, &["two"], 3);
    assert_eq!(store.complete(leases[0].record.seq, leases[0].fence, None), FenceResult::Done);
    assert_eq!(store.fail(leases[1].record.seq, leases[1].fence, Failure::park("no")), FenceResult::Done);
    let [one, two] = <[LaneStats; 2]>::try_from(store.lanes()).unwrap();
    assert_eq!((&*one.lane, one.count(State::Ready), one.waiting(), one.bytes), ("one", 1, 1, 16));
    assert_eq!((&*two.lane, State::ALL.map(|state| two.count(state))), ("two", [1, 1, 1, 1]));
    assert_eq!((two.waiting(), two.records(), two.bytes), (3, 4, 48));
    store.discard(other, action());
    assert_eq!(
        (store.lanes()[0].waiting(), store.lanes()[0].count(State::Done), store.lanes()[0].bytes),
        (0, 1, 0)
    );
}

fn names<B: Backend>(store: &Handle<'_, B>) -> Vec<String> {
    store.lanes().into_iter().map(|stats| stats.lane).collect()
}

pub(crate) fn a_lane_is_split_in_slices<B: Backend>(mut store: Handle<'_, B>) {
    let mut seqs = Vec::new();
    for key in 0..9 {
        let merchant = if key % 3 == 0 { "north" } else { "south" };
        seqs.push(store.new_seq(shared(&format!("k{key}"), merchant)));
        store.pass(store.tick());
    }
    let finished = claim(&store, 1, &["default"], 2);
    assert_eq!(store.complete(seqs[0], finished[0].fence, None), FenceResult::Done);
    store.park(seqs[8], action());
    let elsewhere = store.new_seq(in_lane("elsewhere", "other"));
    let before: Vec<_> = store.list(Default::default(), None, 20).records;
    assert_eq!(store.split("default", "merchant/", 0), 0);
    assert_eq!(store.split("default", "merchant/", 4), 4);
    assert_eq!(names(&store), ["default", "merchant/north", "merchant/south", "other"]);
    assert_eq!(store.record(seqs[0]).lane, "default", "what is Done goes last");
    if store.capabilities().durability > wxhook_idempotency::Durability::Process {
        store = store.reopen();
    }
    let rest = [store.split("default", "merchant/", 4), store.split("default", "merchant/", 4)];
    assert_eq!((rest, store.split("default", "merchant/", 4)), ([4, 1], 0));
    assert_eq!(names(&store), ["merchant/north", "merchant/south", "other"]);
    assert_eq!(store.record(elsewhere).lane, "other");
    for record in before {
        let mut moved = store.record(record.seq);
        if record.lane == "default" {
            assert_eq!(moved.lane, format!("merchant/{}", record.labels.merchant));
        }
        moved.lane.clone_from(&record.lane);
        assert_eq!(
            crate::store::differential::describe(&moved),
            crate::store::differential::describe(&record)
        );
    }
    let lanes = store.lanes();
    assert_eq!((lanes[0].count(State::Ready), lanes[0].count(State::Done), lanes[0].bytes), (2, 1, 32));
    assert_eq!((State::ALL.map(|state| lanes[1].count(state)), lanes[1].bytes), ([4, 1, 0, 1], 96));
    // What was due stays due, in its order; who was leased stays leased.
    let south: Vec<_> = claim(&store, 2, &["merchant/south"], 9).iter().map(|l| l.record.seq).collect();
    assert_eq!(south, [seqs[2], seqs[4], seqs[5], seqs[7]]);
    assert_eq!(store.complete(seqs[1], finished[1].fence, None), FenceResult::Done);
}

pub(crate) fn leases_and_groups_go_on_in_a_split_lane<B: Backend>(store: Handle<'_, B>) {
    let grouped = |key: &str| {
        let mut entry = shared(key, "shop");
        entry.group = Some("order".to_owned());
        entry
    };
    let pay = store.new_seq(grouped("pay"));
    let refund = store.new_seq(grouped("refund"));
    let lease = claim(&store, 1, &["default"], 9).remove(0);
    assert_eq!(lease.record.seq, pay);
    assert_eq!(store.split("default", "merchant/", 9), 2);
    let lanes = ["merchant/shop"];
    let again = claim(&store, 1, &lanes, 9).remove(0);
    assert_eq!((again.record.seq, again.fence), (pay, lease.fence), "a repeated claim gives the same");
    assert!(claim(&store, 2, &lanes, 9).is_empty(), "the refund comes after the payment");
    assert_eq!(store.renew(pay, lease.fence), FenceResult::Done);
    assert_eq!(store.complete(pay, lease.fence, None), FenceResult::Done);
    assert_eq!(seqs(&claim(&store, 3, &lanes, 9)), [refund]);
}

fn adoption(until: Seq, max: usize) -> Move {
    Move::adopt("merchant/gone", "merchant/here", until, Action::new("mei", "moved shops"), max)
}

pub(crate) fn records_are_adopted<B: Backend>(store: Handle<'_, B>) {
    let ready: Vec<_> =
        (0..4).map(|key| store.new_seq(in_lane(&format!("k{key}"), "merchant/gone"))).collect();
    store.park(ready[1], action());
    let done = store.new_seq(in_lane("done", "merchant/gone"));
    store.discard(done, action());
    let other = store.new_seq(in_lane("other", "merchant/other"));
    let last = store.new_seq(in_lane("last", "merchant/gone"));
    let late = store.new_seq(in_lane("late", "merchant/gone"));
    assert_eq!(store.move_records(adoption(last, 2)), MoveResult::Moved(2));
    assert_eq!(store.record(ready[2]).lane, "merchant/gone", "the first ones first");
    assert_eq!(store.move_records(adoption(last, 9)), MoveResult::Moved(3));
    assert_eq!(store.move_records(adoption(last, 9)), MoveResult::Moved(0));
    assert_eq!(store.record(late).lane, "merchant/gone", "accepted after it was asked for");
    assert_eq!(store.record(other).lane, "merchant/other");
    let record = store.record(done);
    assert_eq!((&*record.lane, record.notes.len()), ("merchant/gone", 1), "nobody waits for what is Done");
    let record = store.record(ready[1]);
    assert_eq!((record.state, &*record.lane, record.notes.len()), (State::Parked, "merchant/here", 2));
    let note = &record.notes[1];
    assert_eq!((note.change, &*note.actor, &*note.reason), (Change::Adopted, "mei", "moved shops"));
    store.assert_now(note.at);
    let claimed = claim(&store, 1, &["merchant/here"], 9);
    assert_eq!(seqs(&claimed), [ready[0], ready[2], ready[3], last]);
    let nothing = Move::adopt("none", "merchant/here", unused(late), action(), 9);
    assert_eq!(store.move_records(nothing), MoveResult::Moved(0));
}

pub(crate) fn nothing_is_adopted_from_under_a_lease<B: Backend>(store: Handle<'_, B>) {
    let free = store.new_seq(in_lane("free", "merchant/gone"));
    let held = store.acquired(in_lane("held", "merchant/gone"), 1);
    // A lease on any record: its holder is another deployment that is alive.
    assert_eq!(store.move_records(adoption(free, 9)), MoveResult::Leased);
    assert_eq!(store.move_records(adoption(held.record.seq, 9)), MoveResult::Leased);
    for seq in [free, held.record.seq] {
        let record = store.record(seq);
        assert_eq!((&*record.lane, record.notes.len()), ("merchant/gone", 0));
    }
    // An expired lease is nobody's.
    store.pass(store.span());
    assert_eq!(store.move_records(adoption(held.record.seq, 9)), MoveResult::Moved(2));
    assert_eq!(claim(&store, 2, &["merchant/here"], 9).len(), 2);
    assert_eq!(store.complete(held.record.seq, held.fence, None), FenceResult::Lost);
}
