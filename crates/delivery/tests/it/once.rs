use crate::support::{Fault, Faulty, LEASE, Rig, entry, secs};
use bytes::Bytes;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep};
use wxhook_delivery::{Attempt, Job, OnceError, OnceResult, ToOutcome, once};
use wxhook_idempotency::{
    Action, Entry, Filter, Fingerprint, OnChanged, SharedStore, State, Store as _, StoreExt as _,
    StoredRecord,
};

type JobResult = Result<OnceResult<String, &'static str>, OnceError>;

/// Runs work for entry 1 that gives this.
async fn give(store: &Faulty, value: Result<&str, &'static str>) -> JobResult {
    run(store, entry(1), async |_| value.map(str::to_owned)).await
}

async fn run<F, Fut>(store: &Faulty, entry: Entry, work: F) -> JobResult
where
    F: FnOnce(Attempt) -> Fut,
    Fut: Future<Output = Result<String, &'static str>>,
{
    once(&SharedStore::new(store.clone()), job(entry), work).await
}

/// Creates a job with this entry.
fn job(entry: Entry) -> Job {
    let mut job = Job::new("", "");
    (job.entry, job.lease) = (entry, LEASE);
    job
}

async fn only(store: &Faulty) -> StoredRecord {
    let mut records = store.store.list(Filter::default(), None, 10).await.unwrap().records;
    assert_eq!(records.len(), 1);
    records.remove(0)
}

#[tokio::test(start_paused = true)]
async fn later_callers_get_the_outcome() {
    let store = Rig::new([]).store;
    assert!(matches!(give(&store, Ok("parcel 7")).await, Ok(OnceResult::Ran(value)) if value == "parcel 7"));
    for _ in 0..2 {
        let again = run(&store, entry(1), async |_| panic!("it ran twice")).await;
        let Ok(OnceResult::AlreadyDone { outcome, .. }) = again else { panic!("{again:?}") };
        assert_eq!(outcome.as_deref(), Some(&b"parcel 7"[..]));
    }
    assert!(matches!(run(&store, entry(2), async |_| Ok("other".into())).await, Ok(OnceResult::Ran(_))));
}

#[tokio::test(start_paused = true)]
async fn a_failure_goes_to_the_caller_and_releases_the_record() {
    let store = Rig::new([]).store;
    assert!(matches!(give(&store, Err("secret s3cret")).await, Ok(OnceResult::Failed("secret s3cret"))));
    let record = only(&store).await;
    assert_eq!((record.state, record.attempts), (State::Ready, 1));
    assert_eq!(record.error.as_deref(), Some("the work failed"), "not the work's own words");
    let second = run(&store, entry(1), async |attempt| Ok(attempt.number.to_string())).await;
    assert!(matches!(second, Ok(OnceResult::Ran(attempt)) if attempt == "2"), "at once, though it isn't due");
}

#[tokio::test(start_paused = true)]
async fn attempts_are_counted_and_then_it_is_parked() {
    let store = Rig::new([]).store;
    let few = || {
        let mut entry = entry(1);
        entry.max_attempts = 2;
        entry
    };
    for _ in 0..2 {
        assert!(matches!(run(&store, few(), async |_| Err("no")).await, Ok(OnceResult::Failed("no"))));
    }
    let parked = run(&store, few(), async |_| panic!("it ran")).await;
    assert!(matches!(parked, Ok(OnceResult::Parked { .. })), "{parked:?}");
}

#[tokio::test(start_paused = true)]
async fn one_of_concurrent_callers_runs() {
    let store = Rig::new([]).store;
    let (running, most, ran) = <(Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
    let mut callers = JoinSet::new();
    for _ in 0..64 {
        let store = SharedStore::new(store.clone());
        let (running, most, ran) = (running.clone(), most.clone(), ran.clone());
        callers.spawn(async move {
            once(&store, job(entry(1)), async |_| {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // Much longer than the lease.
                sleep(secs(100)).await;
                running.fetch_sub(1, Ordering::SeqCst);
                ran.fetch_add(1, Ordering::SeqCst);
                Ok::<_, ()>(())
            })
            .await
        });
    }
    let (mut done, mut busy) = (0, 0);
    while let Some(came) = callers.join_next().await {
        match came.unwrap().unwrap() {
            OnceResult::Ran(()) => done += 1,
            OnceResult::Busy { remaining } => {
                assert!(remaining > secs(29));
                busy += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((done, busy), (1, 63));
    assert_eq!((most.load(Ordering::SeqCst), ran.load(Ordering::SeqCst)), (1, 1));
    assert!(store.layer.calls("renew") >= 9);
}

#[tokio::test(start_paused = true)]
async fn a_panic_releases_the_record_and_continues() {
    let store = Rig::new([]).store;
    let caller = store.clone();
    let task = tokio::spawn(async move {
        run(&caller, entry(1), async |_| {
            sleep(secs(1)).await;
            panic!("s3cret")
        })
        .await
    });
    let panic = task.await.unwrap_err().into_panic();
    assert_eq!(panic.downcast_ref(), Some(&"s3cret"));
    let record = only(&store).await;
    assert_eq!((record.state, record.error.as_deref()), (State::Ready, Some("the work panicked")));
    // Also one that panics before its first await, in the closure itself.
    let caller = store.clone();
    let task = tokio::spawn(async move {
        once(&SharedStore::new(caller), job(entry(2)), |_| -> std::future::Ready<Result<(), ()>> {
            panic!("at once")
        })
        .await
    });
    assert!(task.await.unwrap_err().is_panic());
    assert!(matches!(give(&store, Ok("")).await, Ok(OnceResult::Ran(_))));
}

/// Dropped after each number of polls in turn: the lease runs out, and then it runs, once.
#[tokio::test(start_paused = true)]
async fn once_may_be_dropped_at_any_await() {
    for polls in 1..10 {
        let store = Rig::new([]).store;
        let (begun, ended) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let work = async |_| {
            begun.fetch_add(1, Ordering::SeqCst);
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            ended.fetch_add(1, Ordering::SeqCst);
            Ok(String::from("done"))
        };
        // Each answer of the store takes a while, so that there are awaits to be dropped at.
        store.layer.plan("begin", [Fault::Late(secs(1))]);
        store.layer.plan("complete", [Fault::Late(secs(1))]);
        let over = {
            let mut future = pin!(run(&store, entry(1), work));
            let mut left = polls;
            poll_fn(|context| match future.as_mut().poll(context) {
                Poll::Ready(came) => Poll::Ready(Some(came)),
                Poll::Pending if left <= 1 => Poll::Ready(None),
                Poll::Pending => {
                    left -= 1;
                    Poll::Pending
                }
            })
            .await
        };
        if let Some(came) = over {
            assert!(matches!(came, Ok(OnceResult::Ran(_))), "{came:?}");
            assert!(polls > 4, "there was something to be dropped at");
            continue;
        }
        let elsewhere = give(&store, Ok("elsewhere")).await;
        let done = ended.load(Ordering::SeqCst) == 1;
        assert!(
            matches!(&elsewhere, Ok(OnceResult::Busy { .. }))
                || done && matches!(&elsewhere, Ok(OnceResult::AlreadyDone { .. })),
            "after {polls} polls: {elsewhere:?}"
        );
        advance(LEASE).await;
        let after = give(&store, Ok("after")).await;
        match after {
            Ok(OnceResult::Ran(_)) => assert!(begun.load(Ordering::SeqCst) <= 1),
            Ok(OnceResult::AlreadyDone { .. }) => assert!(done),
            other => panic!("after {polls} polls: {other:?}"),
        }
        assert_eq!(only(&store).await.state, State::Done);
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_once_drops_the_work() {
    let store = Rig::new([]).store;
    let (caller, began) = (store.clone(), Arc::new(Notify::new()));
    let (kept, mut gone) = oneshot::channel::<()>();
    let begins = Arc::clone(&began);
    let task = tokio::spawn(async move {
        run(&caller, entry(1), async |_| {
            let _kept = kept;
            begins.notify_one();
            pending().await
        })
        .await
    });
    began.notified().await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(gone.try_recv(), Err(oneshot::error::TryRecvError::Closed));
    assert!(matches!(give(&store, Ok("")).await, Ok(OnceResult::Busy { .. })));
    advance(LEASE).await;
    assert!(matches!(give(&store, Ok("")).await, Ok(OnceResult::Ran(_))));
}

#[tokio::test(start_paused = true)]
async fn errors_of_the_store_are_errors() {
    for fault in [Fault::Fail, Fault::LoseReply, Fault::Corrupt] {
        let store = Rig::new([]).store;
        store.layer.plan("begin", [fault]);
        let came = run(&store, entry(1), async |_| panic!("it ran")).await;
        assert!(matches!(came, Err(OnceError::Begin(_))), "{fault:?}");
        if matches!(fault, Fault::LoseReply) {
            assert!(matches!(give(&store, Ok("")).await, Ok(OnceResult::Busy { .. })));
            advance(LEASE).await;
        }
        assert!(matches!(give(&store, Ok("")).await, Ok(OnceResult::Ran(_))), "{fault:?}");
    }
    // A lost word is said again.
    let store = Rig::new([]).store;
    store.layer.plan("complete", [Fault::LoseReply, Fault::Fail]);
    assert!(matches!(give(&store, Ok("")).await, Ok(OnceResult::Ran(_))));
    // One that is never heard isn't "ran".
    let store = Rig::new([]).store;
    store.layer.plan("complete", [Fault::Fail; 1_000]);
    assert!(matches!(give(&store, Ok("")).await, Err(OnceError::Unsettled)));
    assert_eq!(only(&store).await.state, State::Leased);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_cannot_be_renewed_ends_the_work() {
    for fault in [Fault::Fail, Fault::Hang] {
        let store = Rig::new([]).store;
        store.layer.plan("renew", [fault; 1_000]);
        let began = Instant::now();
        let came = run(&store, entry(1), async |_| pending().await).await;
        assert!(matches!(came, Err(OnceError::Unsettled)), "{came:?}");
        assert_eq!(began.elapsed().as_secs(), 30, "not after the store's own end of it");
    }
    // And one whose grant came after it was over begins nothing.
    let store = Rig::new([]).store;
    store.layer.plan("begin", [Fault::Late(secs(31))]);
    let came = run(&store, entry(1), async |_| panic!("it ran")).await;
    assert!(matches!(came, Err(OnceError::Unsettled)), "{came:?}");
}

#[tokio::test(start_paused = true)]
async fn a_record_that_an_operator_parks_is_lost() {
    let store = Rig::new([]).store;
    let memory = store.store.clone();
    let came = run(&store, entry(1), async move |attempt| {
        memory.park(attempt.seq, Action::new("somebody", "")).await.unwrap();
        sleep(secs(100)).await;
        panic!("it wasn't stopped")
    })
    .await;
    assert!(matches!(came, Ok(OnceResult::Lost)), "{came:?}");
    assert_eq!(only(&store).await.state, State::Parked);
    assert!(matches!(give(&store, Ok("")).await, Ok(OnceResult::Parked { .. })));
}

#[tokio::test(start_paused = true)]
async fn other_content_under_the_key_does_not_run() {
    let store = Rig::new([]).store;
    assert!(matches!(give(&store, Ok("first")).await, Ok(OnceResult::Ran(_))));
    for _ in 0..2 {
        let mut other = entry(1);
        other.fingerprint = Fingerprint::new(1, [9; 32]);
        other.on_changed = OnChanged::Deliver;
        let came = run(&store, other, async |_| panic!("it ran")).await;
        assert!(matches!(came, Ok(OnceResult::Changed { .. } | OnceResult::Parked { .. })), "{came:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn fences_grow_from_attempt_to_attempt() {
    let store = Rig::new([]).store;
    let mut last = None;
    for _ in 0..3 {
        let mut seen = None;
        let came = run(&store, entry(1), async |attempt| {
            seen = Some(attempt.fence);
            Err("again")
        });
        assert!(matches!(came.await, Ok(OnceResult::Failed(_))));
        assert!(seen > last);
        last = seen;
    }
}

#[test]
fn debug_shows_neither_value_nor_outcome() {
    for once in [
        OnceResult::<_, String>::Ran("s3cret".to_owned()),
        OnceResult::Failed("s3cret".to_owned()),
        OnceResult::AlreadyDone {
            seq: wxhook_idempotency::Seq::new(1),
            outcome: Some(Bytes::from_static(b"s3cret")),
        },
    ] {
        assert!(!format!("{once:?}").contains("s3cret"));
    }
}

#[test]
fn outcomes_of_usual_types() {
    assert_eq!(().to_outcome(), None);
    assert_eq!(None::<String>.to_outcome(), None);
    for bytes in
        ["a".to_owned().to_outcome(), b"a".to_vec().to_outcome(), Some(Bytes::from("a")).to_outcome()]
    {
        assert_eq!(bytes.as_deref(), Some(&b"a"[..]));
    }
}

#[tokio::test(start_paused = true)]
async fn the_fingerprint_comes_from_the_content() {
    let store = SharedStore::new(Rig::new([]).store);
    let run = async |job| once(&store, job, async |_| Ok::<_, ()>(())).await.unwrap();
    assert!(matches!(run(Job::new("ship/42", "2 books")).await, OnceResult::Ran(())));
    assert!(matches!(run(Job::new("ship/42", "2 books")).await, OnceResult::AlreadyDone { .. }));
    assert!(matches!(run(Job::new("ship/42", "3 books")).await, OnceResult::Changed { .. }));
    // Serialized content is the same in any order of its members.
    let json = |text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        Job::from_json("ship/43", &value).unwrap()
    };
    assert!(matches!(run(json(r#"{"books": 2, "to": "Shenzhen"}"#)).await, OnceResult::Ran(())));
    assert!(matches!(run(json(r#"{"to": "Shenzhen", "books": 2}"#)).await, OnceResult::AlreadyDone { .. }));
    assert!(matches!(run(json(r#"{"to": "Shenzhen", "books": 3}"#)).await, OnceResult::Changed { .. }));
    let unordered: std::collections::HashMap<_, _> = [("to", "Shenzhen"), ("from", "Beijing")].into();
    let job = Job::from_json("ship/44", &unordered).unwrap();
    assert_eq!(&*job.entry.body, br#"{"from":"Beijing","to":"Shenzhen"}"#);
}
