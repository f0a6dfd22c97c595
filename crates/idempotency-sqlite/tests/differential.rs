//! Random sequences of operations get the same answers from the memory model and from SQLite.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable, reason = "tests")]
#![allow(
    clippy::exhaustive_structs,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    reason = "tests"
)]
#![allow(dead_code, unused_imports, unused_macros, reason = "the battery's cases aren't run here")]

#[path = "../../idempotency/tests/battery/suite.rs"]
mod suite;

use futures_executor::block_on;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::sync::Arc;
use std::time::Duration;
use suite::{DAY, HandClock, SPAN};
use wxhook_idempotency::{
    Accepted, Action, Begun, Claim, ClaimId, Clock as _, Entry, Failure, Fence, Filter, Fingerprint, LaneCap,
    Lease, Lookup, MemoryOptions, MemoryStore, OnChanged, Seq, Start, State, Store, StoredRecord,
};
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};

#[derive(Debug, Clone)]
enum Step {
    Accept(Entry),
    Begin(Entry, u128, Duration),
    Claim(u128, &'static str, usize),
    /// On one of the leases that were given so far, counted from the last.
    Renew(usize, Duration),
    Complete(usize, bool),
    Retry(usize, Duration),
    GiveUp(usize),
    Release(usize),
    Requeue(u64),
    Park(u64),
    Discard(u64),
    Get(u64),
    List(Filter, Option<u64>, usize),
    Stats,
    Purge(usize),
    Forward(Duration),
    Back(Duration),
}

fn key(number: u8) -> String {
    format!("shop/E/n={number}")
}

fn entries() -> impl Strategy<Value = Entry> {
    let names = (0..5_u8, option::of(0..5_u8), vec(0..6_u8, 0..3), 0..4_u8, prop::bool::weighted(0.05));
    let kept = (any::<bool>(), prop::bool::weighted(0.1), any::<bool>(), 1..4_u32, prop::bool::weighted(0.2));
    let place =
        (option::of(0..2_u8), select(vec!["one", "two"]), select(vec!["PAY", "REFUND"]), any::<bool>());
    (names, kept, place).prop_map(|(names, kept, place)| {
        let (number, older, aliases, content, newer) = names;
        let (deliver, parked, keeps_mark, max_attempts, capped) = kept;
        let (group, lane, event, flagged) = place;
        let fingerprint = Fingerprint::new(if newer { 2 } else { 1 }, [content; 32]);
        let mut entry = Entry::new(key(number), fingerprint, vec![content; 8], lane);
        entry.older_keys.extend(older.map(key));
        entry.aliases = aliases.iter().map(|alias| format!("EV-{alias}")).collect();
        entry.on_changed = if deliver { OnChanged::Deliver } else { OnChanged::Park };
        entry.start = if parked { Start::Parked } else { Start::Ready };
        entry.keeps_mark = keeps_mark;
        entry.max_attempts = max_attempts;
        entry.lane_cap = capped.then(|| LaneCap::new(4, 40));
        entry.group = group.map(|group| format!("order {group}"));
        entry.labels.merchant = "shop".to_owned();
        entry.labels.event = event.to_owned();
        entry.labels.id = entry.aliases.first().cloned();
        entry.labels.numbers = vec![("n".to_owned(), number.to_string())];
        entry.flags = if flagged { vec!["unsigned".to_owned()] } else { Vec::new() };
        entry
    })
}

fn filters() -> impl Strategy<Value = Filter> {
    let events = option::weighted(0.3, select(vec!["PAY", "REFUND", "NONE"]));
    let states = option::weighted(0.3, select(State::ALL.to_vec()));
    let flags = option::weighted(0.3, select(vec!["unsigned", "changed", "none"]));
    let rest =
        (option::weighted(0.2, 0..5_u8), option::weighted(0.2, 0..6_u8), option::weighted(0.2, 0..20_u32));
    (events, states, flags, rest, any::<bool>()).prop_map(
        |(event, state, flag, (number, id, days), since)| {
            let mut filter = Filter::default();
            filter.event = event.map(str::to_owned);
            filter.state = state;
            filter.flag = flag.map(str::to_owned);
            filter.number = number.map(|number| number.to_string());
            filter.id = id.map(|id| format!("EV-{id}"));
            let time = days.map(|days| HandClock::default().now() + DAY * days);
            if since {
                filter.since = time
            } else {
                filter.until = time
            }
            filter
        },
    )
}

fn spans() -> impl Strategy<Value = Duration> {
    select(vec![Duration::from_millis(1), Duration::from_secs(1), SPAN, SPAN * 2, DAY])
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => entries().prop_map(Step::Accept),
        4 => (entries(), 0..4_u128, spans()).prop_map(|(entry, id, span)| Step::Begin(entry, id, span)),
        6 => (0..6_u128, select(vec!["one", "two", "none"]), 0..4_usize)
            .prop_map(|(id, lane, most)| Step::Claim(id, lane, most)),
        1 => (0..4_usize, spans()).prop_map(|(lease, span)| Step::Renew(lease, span)),
        4 => (0..4_usize, any::<bool>()).prop_map(|(lease, outcome)| Step::Complete(lease, outcome)),
        2 => (0..4_usize, spans()).prop_map(|(lease, span)| Step::Retry(lease, span)),
        1 => (0..4_usize).prop_map(Step::GiveUp),
        1 => (0..4_usize).prop_map(Step::Release),
        1 => (1..12_u64).prop_map(Step::Requeue),
        1 => (1..12_u64).prop_map(Step::Park),
        1 => (1..12_u64).prop_map(Step::Discard),
        1 => (1..12_u64).prop_map(Step::Get),
        3 => (filters(), option::of(1..12_u64), 0..5_usize)
            .prop_map(|(filter, before, most)| Step::List(filter, before, most)),
        1 => Just(Step::Stats),
        2 => select(vec![0, 1, 100]).prop_map(Step::Purge),
        3 => prop_oneof![spans(), Just(DAY * 8), Just(DAY * 401)].prop_map(Step::Forward),
        1 => spans().prop_map(Step::Back),
    ]
}

/// Everything that an answer says, content included.
async fn answer<S: Store>(store: &S, step: &Step, leases: &mut Vec<(Seq, Fence)>) -> String {
    let action = || Action::new("ops", "because");
    let chosen = |back: usize| leases.iter().rev().nth(back).copied().unwrap_or((Seq::new(1), Fence::new(1)));
    match step.clone() {
        Step::Accept(entry) => match store.accept(entry).await.unwrap() {
            Accepted::Duplicate { seq, state, outcome } => format!("duplicate {seq} {state} {outcome:?}"),
            other => format!("{other:?}"),
        },
        Step::Begin(entry, id, span) => match store.begin(entry, ClaimId::new(id), span).await.unwrap() {
            Begun::Acquired(lease) => remember(&lease, leases),
            Begun::Done { seq, outcome } => format!("done {seq} {outcome:?}"),
            other => format!("{other:?}"),
        },
        Step::Claim(id, lane, most) => {
            let given = store.claim_due(Claim::new(ClaimId::new(10 + id), lane, most, SPAN)).await.unwrap();
            given.iter().map(|lease| remember(lease, leases)).collect()
        }
        Step::Renew(lease, span) => {
            let (seq, fence) = chosen(lease);
            format!("{:?}", store.renew(seq, fence, span).await.unwrap())
        }
        Step::Complete(lease, outcome) => {
            let (seq, fence) = chosen(lease);
            let outcome = outcome.then(|| "reply".into());
            format!("{:?}", store.complete(seq, fence, outcome).await.unwrap())
        }
        Step::Retry(lease, span) => {
            let (seq, fence) = chosen(lease);
            let failure = Failure::retry("refused", span).flag("mismatch");
            format!("{:?}", store.fail(seq, fence, failure).await.unwrap())
        }
        Step::GiveUp(lease) => {
            let (seq, fence) = chosen(lease);
            format!("{:?}", store.fail(seq, fence, Failure::park("wrong")).await.unwrap())
        }
        Step::Release(lease) => {
            let (seq, fence) = chosen(lease);
            format!("{:?}", store.release(seq, fence).await.unwrap())
        }
        Step::Requeue(seq) => shown(store.requeue(Seq::new(seq), action()).await.unwrap()),
        Step::Park(seq) => shown(store.park(Seq::new(seq), action()).await.unwrap()),
        Step::Discard(seq) => shown(store.discard(Seq::new(seq), action()).await.unwrap()),
        Step::Get(seq) => shown(store.get(Lookup::Seq(Seq::new(seq))).await.unwrap()),
        Step::List(filter, before, most) => {
            let page = store.list(filter, before.map(Seq::new), most).await.unwrap();
            format!(
                "{:?} {:?}",
                page.next,
                page.records.into_iter().map(|record| shown(Some(record))).collect::<Vec<_>>()
            )
        }
        Step::Stats => format!("{:?}", store.stats().await.unwrap()),
        Step::Purge(most) => format!("{}", store.purge(most).await.unwrap()),
        Step::Forward(_) | Step::Back(_) => String::new(),
    }
}

fn remember(lease: &Lease, leases: &mut Vec<(Seq, Fence)>) -> String {
    leases.push((lease.record.seq, lease.fence));
    format!("{} {:?} {:?} {}", lease.fence, lease.remaining, lease.age, shown(Some(lease.record.clone())))
}

fn shown(record: Option<StoredRecord>) -> String {
    let Some(record) = record else { return "none".to_owned() };
    let StoredRecord {
        seq,
        key,
        fingerprint,
        body,
        labels,
        flags,
        lane,
        group,
        sibling_of,
        state,
        generation,
        ..
    } = record;
    let StoredRecord { attempts, max_attempts, fence, due_at, lease_until, accepted_at, seen_at, .. } =
        record;
    let StoredRecord { done_at, outcome, error, notes, .. } = record;
    format!(
        "{:?}",
        (
            (
                seq,
                key,
                fingerprint,
                body,
                (labels.merchant, labels.event, labels.variant, labels.id, labels.numbers)
            ),
            (flags, lane, group, sibling_of, state, generation, attempts, max_attempts, fence),
            (due_at, lease_until, accepted_at, seen_at, done_at, outcome, error, notes),
        )
    )
}

/// 64 sequences, or as many as `PROPTEST_CASES` says.
fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 64;
    }
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_same_answers(steps in vec(steps(), 1..120)) {
        let clock = HandClock::default();
        let memory = MemoryStore::new(MemoryOptions::default().with_clock(Arc::new(clock.clone())));
        let directory = tempfile::tempdir().unwrap();
        let options = SqliteOptions::default().with_clock(Arc::new(clock.clone()));
        let sqlite = SqliteStore::open(directory.path().join("store.db"), options).unwrap();
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let end = [Step::Stats, Step::List(Filter::default(), None, 1_000)];
        for (number, step) in steps.iter().chain(&end).enumerate() {
            match step {
                Step::Forward(span) => clock.advance(*span),
                Step::Back(span) => clock.go_back(*span),
                _ => {}
            }
            let model = block_on(answer(&memory, step, &mut ours));
            let backend = block_on(answer(&sqlite, step, &mut theirs));
            prop_assert_eq!(model, backend, "step {} {:?}", number, step);
        }
    }
}
