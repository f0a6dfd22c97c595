//! The contract as cases that any store has to pass; `battery!` makes a test of each.

pub mod accepting;
pub mod changed;
pub mod leasing;
pub mod listing;
pub mod people;
pub mod retention;

use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use wxhook_idempotency::{
    Accepted, Action, Begun, Claim, ClaimId, Clock, Entry, Fingerprint, Lease, Lookup, Seq, Store,
    StoredRecord,
};

pub const LANE: &str = "sink";
pub const SPAN: Duration = Duration::from_secs(30);
pub const DAY: Duration = Duration::from_secs(86_400);

/// A clock that goes when it is told to.
#[derive(Debug, Clone)]
pub struct HandClock(Arc<AtomicU64>);

impl Default for HandClock {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(1_800_000_000_000)))
    }
}

impl HandClock {
    pub fn advance(&self, span: Duration) {
        self.0.fetch_add(u64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub fn go_back(&self, span: Duration) {
        self.0.fetch_sub(u64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// An empty store whose clock the case holds.
pub struct Fixture<S> {
    pub store: S,
    pub clock: HandClock,
    /// What has to live as long.
    pub _keep: Box<dyn Any>,
}

/// A test of every case; `$fixture` makes a [`Fixture`].
macro_rules! battery {
    ($fixture:path) => {
        battery! { $fixture;
            accepting: one_new_among_many, duplicates_in_every_state, aliases_lead_before_keys, older_keys_are_known,
                a_parked_start_waits, versions_cannot_be_compared, lanes_are_bounded, begin_answers_for_every_state,
                times_far_out_are_survived;
            changed: changed_in_every_state, deliverable_siblings_are_claimed, siblings_are_bounded,
                a_sibling_of_a_sibling_has_the_same_root, an_alias_with_other_content_is_changed,
                the_first_content_stays_a_duplicate, a_begun_sibling_is_acquired_or_kept;
            leasing: one_lease_among_many, fences_grow_and_old_ones_are_lost, an_ended_lease_may_still_complete,
                completing_twice_is_harmless, crashes_count_and_park, releasing_does_not_count, failing_backs_off,
                groups_keep_their_order, a_repeated_claim_gives_the_same, oldest_due_first, time_going_back,
                renewing_extends, nobody_else_in_a_lane;
            people: parking_and_sending_again, sending_done_again_is_a_new_generation, discarding,
                other_states_stay, a_void_fence_is_lost;
            listing: by_every_filter, by_time, in_pages, figures, one_by_key_or_number, debug_shows_no_content;
            retention: done_records_go_when_unseen, unfinished_records_never_go, seen_again_stays, marks_know_a_replay,
                marks_go_in_their_time, an_orphaned_sibling_is_known, numbers_and_fences_go_on, purging_is_bounded;
        }
    };
    ($fixture:path; $($area:ident: $($case:ident),+;)+) => {
        $(mod $area {
            $(#[test]
            fn $case() {
                let fixture = $fixture();
                futures_executor::block_on(crate::suite::$area::$case(&fixture));
            })+
        })+
    };
}
pub(crate) use battery;

pub fn fingerprint(content: u8) -> Fingerprint {
    Fingerprint::new(1, [content; 32])
}

pub fn entry(key: &str, content: u8) -> Entry {
    Entry::new(key, fingerprint(content), vec![content; 16], LANE)
}

pub fn with_alias(mut entry: Entry, alias: &str) -> Entry {
    entry.aliases.push(alias.to_owned());
    entry
}

pub fn action() -> Action {
    Action::new("ops", "because")
}

pub fn claim(id: u128, most: usize) -> Claim {
    Claim::new(ClaimId::new(id), LANE, most, SPAN)
}

pub async fn new_seq<S: Store>(store: &S, entry: Entry) -> Seq {
    match store.accept(entry).await.unwrap() {
        Accepted::New { seq } => seq,
        other => panic!("{other:?}"),
    }
}

pub async fn changed_seq<S: Store>(store: &S, entry: Entry) -> Seq {
    match store.accept(entry).await.unwrap() {
        Accepted::Changed { seq } => seq,
        other => panic!("{other:?}"),
    }
}

pub async fn duplicate_of<S: Store>(store: &S, entry: Entry) -> Seq {
    match store.accept(entry).await.unwrap() {
        Accepted::Duplicate { seq, .. } => seq,
        other => panic!("{other:?}"),
    }
}

pub async fn begin<S: Store>(store: &S, entry: Entry, id: u128) -> Begun {
    store.begin(entry, ClaimId::new(id), SPAN).await.unwrap()
}

pub async fn acquired<S: Store>(store: &S, entry: Entry, id: u128) -> Lease {
    match begin(store, entry, id).await {
        Begun::Acquired(lease) => *lease,
        other => panic!("{other:?}"),
    }
}

pub async fn claimed<S: Store>(store: &S, id: u128, most: usize) -> Vec<Lease> {
    store.claim_due(claim(id, most)).await.unwrap()
}

pub fn seqs(leases: &[Lease]) -> Vec<Seq> {
    leases.iter().map(|lease| lease.record.seq).collect()
}

pub async fn get<S: Store>(store: &S, seq: Seq) -> StoredRecord {
    store.get(Lookup::Seq(seq)).await.unwrap().unwrap()
}

/// Runs `task` on so many threads at once; gives what each answered.
pub fn at_once<S: Store + Clone, T: Send, F: Future<Output = T>>(
    store: &S,
    threads: u128,
    task: impl Fn(S, u128) -> F + Sync,
) -> Vec<T> {
    let barrier = std::sync::Barrier::new(usize::try_from(threads).unwrap());
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|number| {
                let (store, task, barrier) = (store.clone(), &task, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    futures_executor::block_on(task(store, number))
                })
            })
            .collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    })
}
