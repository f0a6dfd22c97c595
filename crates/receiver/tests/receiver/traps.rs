//! Mistakes that library users could make without noticing: they fail at build, or can't be made.

use crate::support::*;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc::unbounded_channel;
use wxhook_crypto::v2::SignAlgorithm::HmacSha256;
use wxhook_delivery::{Verdict, WorkerOptions};
use wxhook_events::payment::TransactionSuccessBasic;
use wxhook_idempotency::{Clock, MemoryOptions, MemoryStore, SharedStore, State};
use wxhook_receiver::{
    BuildError, HandlerError, Merchant, Notification, NotificationHeaders, Outcome, Receiver,
};

/// Polls so seldom that only waking explains a handled record.
fn seldom() -> WorkerOptions {
    WorkerOptions::default().with_poll(Duration::from_secs(100_000))
}

#[tokio::test]
async fn workers_handle_every_lane_as_soon_as_a_record_is_accepted() {
    let store = MemoryStore::default();
    let (tell, mut told) = unbounded_channel();
    let other = Merchant::new("third", MCHID).api_v2_key(api_v2()).lane("its own");
    let receiver = builder(&store)
        .merchant(other)
        .otherwise(move |n| {
            let tell = tell.clone();
            async move { tell.send(n.merchant().to_owned()).unwrap() }
        })
        .build()
        .unwrap();
    let world = World { store, receiver };
    let workers = world.receiver.workers(seldom());
    // The worker has looked once and waits.
    tokio::task::yield_now().await;
    for (path, merchant) in [("/notify/shop", "shop"), ("/notify/third", "third")] {
        let response = world.send_to(path, &v2(&PAYMENT, HmacSha256)).await;
        assert_eq!(response.report.outcome, Outcome::New);
        assert_eq!(told.recv().await.as_deref(), Some(merchant));
    }
    workers.shutdown().await;
    assert!(world.stored().await.iter().all(|record| record.state == State::Done));
}

/// Wall time that moves with tokio's.
#[derive(Debug)]
struct TokioClock(tokio::time::Instant);

impl Clock for TokioClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(NOW) + self.0.elapsed()
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_workers_go_on_and_the_store_is_purged() {
    let clock = Arc::new(TokioClock(tokio::time::Instant::now()));
    let store = MemoryStore::new(MemoryOptions::default().with_clock(clock));
    let receiver = builder(&store).otherwise(|_| async {}).build().unwrap();
    let world = World { store, receiver };
    drop(world.receiver.workers(seldom()));
    world.send(&paid().sign()).await;
    let mut was_done = false;
    for _hour in 0..10 * 24 {
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        was_done |= world.stored().await.iter().any(|record| record.state == State::Done);
    }
    assert!(was_done && world.stored().await.is_empty());
}

#[tokio::test]
async fn checks_and_handlers_share_state() {
    #[derive(Debug)]
    struct Orders {
        total: i64,
        handled: Arc<AtomicUsize>,
    }
    for (total, outcome, calls) in [(100, Outcome::Handled, 1), (99, Outcome::Parked, 0)] {
        let handled = Arc::new(AtomicUsize::new(0));
        let orders = Orders { total, handled: Arc::clone(&handled) };
        let world = World::with(|builder| {
            builder
                .state(orders)
                .check_on(|paid: TransactionSuccessBasic, n| async move {
                    let total = paid.amount.and_then(|amount| amount.total).map(|total| total.get());
                    let is_ours = total == Some(n.state().total);
                    Ok::<_, HandlerError>(if is_ours { Verdict::Match } else { Verdict::Mismatch })
                })
                .on(|_: TransactionSuccessBasic, n| async move {
                    n.state().handled.fetch_add(1, Ordering::Relaxed);
                })
                .before_reply()
        });
        assert_eq!(world.send(&paid().sign()).await.report.outcome, outcome);
        assert_eq!(handled.load(Ordering::Relaxed), calls);
    }
}

#[test]
fn money_is_not_handled_without_a_check() {
    let store = MemoryStore::default();
    let handled = || builder(&store).on(|_: TransactionSuccessBasic, _: Notification| async {});
    assert_eq!(handled().build().unwrap_err(), BuildError::Unchecked("TRANSACTION.SUCCESS"));
    assert!(handled().unchecked().build().is_ok());
    let check = |_: TransactionSuccessBasic, _| async { Verdict::Match };
    assert!(handled().check_on(check).build().is_ok());
    let twice = handled().check_on(check).check_on(check).build();
    assert!(matches!(twice, Err(BuildError::DuplicateHandler { .. })));
}

#[test]
fn a_certificate_has_its_own_id_and_a_public_key_has_none() {
    let bare = Merchant::new("third", "1").api_v3_key(api_v3()).platform_certificate(platform_key());
    let store = MemoryStore::default();
    let error = builder(&store).merchant(bare).build().unwrap_err();
    assert_eq!(error, BuildError::PlatformKeyId("third".to_owned()));
}

#[tokio::test]
async fn headers_come_from_any_framework() {
    let world = World::new();
    let request = paid().sign();
    let pairs = request.headers.iter().map(|(name, value)| (name.as_str().to_uppercase(), value.as_bytes()));
    let headers = NotificationHeaders::from_pairs(pairs);
    let response = world.receiver.receive("/notify/shop", headers, request.body.into()).await;
    assert_eq!(response.report.outcome, Outcome::New);
}

#[tokio::test]
async fn a_shared_store_is_taken_as_it_is() {
    let store = MemoryStore::default();
    let shop = Merchant::new("shop", MCHID).api_v2_key(api_v2());
    let receiver = Receiver::builder()
        .catalog(wxhook_events::catalog())
        .store(SharedStore::new(store.clone()))
        .merchant(shop)
        .build()
        .unwrap();
    let world = World { store, receiver };
    world.send(&v2(&PAYMENT, HmacSha256)).await;
    assert_eq!(world.stored().await.len(), 1);
}

/// A body that must not be moved once it is polled.
struct Pinned(PhantomPinned);

impl Body for Pinned {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(0)
    }
}

#[tokio::test]
async fn a_body_may_be_immovable() {
    let request = http::Request::get("/notify/shop").body(Pinned(PhantomPinned)).unwrap();
    assert_eq!(World::new().receiver.answer(request).await.status(), 405);
}
