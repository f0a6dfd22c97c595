//! Handlers before the reply, and what `build` refuses.

use crate::support::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify as Gate;
use wxhook_delivery::{Check, CheckError, Delivery, Verdict};
use wxhook_events::payment::TransactionSuccessBasic;
use wxhook_idempotency::{MemoryStore, State};
use wxhook_receiver::{Answer, BuildError, HandlerError, Limits, Merchant, Notification, Receiver};
use wxhook_wire::{Event, Misfit};

fn world(build: impl FnOnce(wxhook_receiver::Builder) -> wxhook_receiver::Builder) -> World {
    let store = MemoryStore::default();
    let receiver = build(builder(&store)).build().unwrap();
    World { store, receiver }
}

async fn answer(world: &World, request: &Request) -> (u16, &'static str) {
    let answered = world.send(request).await;
    (answered.reply.status, answered.report.outcome.as_str())
}

#[tokio::test]
async fn a_typed_handler_runs_once_before_the_reply() {
    let totals = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&totals);
    let world = world(|builder| {
        builder
            .on(move |paid: TransactionSuccessBasic, notification: Notification| {
                assert_eq!(notification.merchant(), "shop");
                assert!(notification.fence() > 0);
                let seen = Arc::clone(&seen);
                async move {
                    let transaction_id = paid.transaction_id.ok_or(HandlerError::park("no number"))?;
                    assert_eq!(transaction_id.to_string(), "1217752501201407033233368018");
                    seen.fetch_add(1, Ordering::Relaxed);
                    Ok::<_, HandlerError>(())
                }
            })
            .unchecked()
            .before_reply()
    });
    assert_eq!(answer(&world, &paid().sign()).await, (200, "handled"));
    assert_eq!(answer(&world, &paid().sign()).await, (200, "duplicate"));
    assert_eq!(totals.load(Ordering::Relaxed), 1);
    assert_eq!(world.stored().await[0].state, State::Done);
}

#[tokio::test]
async fn a_failed_handler_is_500_and_runs_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let world = world(|builder| {
        builder
            .otherwise(move |_| {
                let call = calls.fetch_add(1, Ordering::Relaxed);
                async move {
                    match call {
                        0 => Err(HandlerError::retry("the database is away")),
                        1 => panic!("a mistake"),
                        _ => Ok(()),
                    }
                }
            })
            .before_reply()
    });
    assert_eq!(answer(&world, &paid().sign()).await, (500, "handler-failed"));
    assert_eq!(world.stored().await[0].state, State::Ready);
    assert_eq!(answer(&world, &paid().sign()).await, (500, "handler-failed"));
    assert_eq!(answer(&world, &paid().sign()).await, (200, "handled"));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_the_waiting_and_never_the_handler() {
    let (gate, open) = (Arc::new(Gate::new()), Arc::new(Gate::new()));
    let (wait, entered) = (Arc::clone(&gate), Arc::clone(&open));
    let world = world(|builder| {
        builder
            .otherwise(move |_| {
                let (wait, entered) = (Arc::clone(&wait), Arc::clone(&entered));
                async move {
                    entered.notify_one();
                    wait.notified().await;
                }
            })
            .before_reply()
    });
    let began = tokio::time::Instant::now();
    assert_eq!(answer(&world, &paid().sign()).await, (503, "deadline"));
    assert!(began.elapsed() <= Duration::from_secs(2));
    open.notified().await;
    assert_eq!(answer(&world, &paid().sign()).await, (503, "busy"));
    gate.notify_one();
    while world.stored().await[0].state != State::Done {
        tokio::task::yield_now().await;
    }
    assert_eq!(answer(&world, &paid().sign()).await, (200, "duplicate"));
}

#[tokio::test]
async fn a_question_gets_its_answer_and_gets_it_again() {
    struct Fee;
    impl Event for Fee {
        const NAME: &'static str = "PARKING_FEE.QUERY_TRANS_INFO";
        fn decode(_: Option<&str>, _: &str) -> Result<Self, Misfit> {
            Ok(Self)
        }
    }
    let calls = Arc::new(AtomicUsize::new(0));
    let world = world(|builder| {
        builder.on(move |_: Fee, _| {
            let total = 100 + calls.fetch_add(1, Ordering::Relaxed);
            async move { Answer::json(&serde_json::json!({"code": "SUCCESS", "total_amount": total})) }
        })
    });
    let question = notify("PARKING_FEE.QUERY_TRANS_INFO", r#"{"out_parking_id":"1"}"#).sign();
    for outcome in ["handled", "duplicate"] {
        let answered = world.send(&question).await;
        assert_eq!(answered.report.outcome.as_str(), outcome);
        assert_eq!(answered.reply.body, r#"{"code":"SUCCESS","total_amount":100}"#);
    }
    // All else is handled after the reply.
    assert_eq!(answer(&world, &paid().sign()).await, (200, "new"));
}

#[derive(Debug)]
struct Orders(Verdict);

impl Check for Orders {
    async fn check(&self, _: &Delivery) -> Result<Verdict, CheckError> {
        Ok(self.0)
    }
}

#[tokio::test]
async fn the_check_comes_before_the_handler() {
    for (verdict, expected, state) in [
        (Verdict::Match, (200, "handled"), State::Done),
        (Verdict::Mismatch, (200, "parked"), State::Parked),
        (Verdict::NotYet, (500, "handler-failed"), State::Ready),
    ] {
        let world = world(|builder| builder.check(Orders(verdict)).otherwise(|_| async {}).before_reply());
        assert_eq!(answer(&world, &paid().sign()).await, expected);
        let stored = world.stored().await;
        assert_eq!(stored[0].state, state);
        assert_eq!(stored[0].flags.contains(&"mismatch".to_owned()), verdict == Verdict::Mismatch);
    }
}

#[tokio::test]
async fn a_worker_handles_after_the_reply() {
    let handled = Arc::new(Gate::new());
    let tell = Arc::clone(&handled);
    let world = world(|builder| {
        builder.after_reply().otherwise(move |_| {
            let tell = Arc::clone(&tell);
            async move { tell.notify_one() }
        })
    });
    let worker = spawn_worker(&world);
    assert_eq!(answer(&world, &paid().sign()).await, (200, "new"));
    handled.notified().await;
    worker.abort();
}

fn spawn_worker(world: &World) -> tokio::task::JoinHandle<()> {
    let processor = world.receiver.processor().unwrap();
    let worker = wxhook_delivery::Worker::new(processor, [wxhook_receiver::COMMON_LANE], Default::default());
    tokio::spawn(worker.run(std::future::pending::<()>()))
}

#[tokio::test]
async fn a_worker_checks_before_it_handles() {
    let calls = Arc::new(AtomicUsize::new(0));
    let called = Arc::clone(&calls);
    let world = world(|builder| {
        builder.check(Orders(Verdict::Mismatch)).otherwise(move |_| {
            called.fetch_add(1, Ordering::Relaxed);
            async {}
        })
    });
    assert_eq!(answer(&world, &paid().sign()).await, (200, "new"));
    let worker = spawn_worker(&world);
    while world.stored().await[0].state != State::Parked {
        tokio::task::yield_now().await;
    }
    worker.abort();
    assert_eq!(world.stored().await[0].flags, ["mismatch"]);
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

struct Unheard;

impl Event for Unheard {
    const NAME: &'static str = "UNHEARD.OF";
    fn decode(_: Option<&str>, _: &str) -> Result<Self, Misfit> {
        Ok(Self)
    }
}

struct V2Refund;

impl Event for V2Refund {
    const NAME: &'static str = "v2/refund-processed";
    fn decode(_: Option<&str>, _: &str) -> Result<Self, Misfit> {
        Ok(Self)
    }
}

#[test]
fn mistakes_are_found_when_building() {
    let store = MemoryStore::default();
    let fails = |builder: wxhook_receiver::Builder| builder.build().unwrap_err();
    let handler = |_: TransactionSuccessBasic, _: Notification| async {};
    assert!(matches!(fails(builder(&store).on(handler).on(handler)), BuildError::DuplicateHandler { .. }));
    assert!(matches!(fails(builder(&store).on(|_: Unheard, _| async {})), BuildError::UnknownEvent { .. }));
    assert!(matches!(fails(builder(&store).on(|_: V2Refund, _| async {})), BuildError::Unchecked(_)));
    assert!(builder(&store).on(|_: V2Refund, _| async {}).check(Orders(Verdict::Match)).build().is_ok());
    assert!(matches!(fails(builder(&store).before_reply()), BuildError::NoHandler));
    assert!(matches!(fails(builder(&store).merchant(Merchant::new("keyless", "1"))), BuildError::NoKeys(_)));
    let twin = || Merchant::new("shop", "1").api_v2_key(api_v2());
    assert!(matches!(fails(builder(&store).merchant(twin())), BuildError::DuplicateMerchant(_)));
    let named = |name: &str| Merchant::new(name, "1").api_v2_key(api_v2());
    assert!(matches!(fails(builder(&store).merchant(named("Shop/1"))), BuildError::MerchantName(_)));
    for path in ["pay", "/notify/shop", "/pay/wechat/callback"] {
        assert!(
            matches!(fails(builder(&store).merchant(named("third").path(path))), BuildError::Path(_)),
            "{path}"
        );
    }
    let v3_only = Receiver::builder()
        .catalog(wxhook_events::catalog())
        .store(wxhook_idempotency::SharedStore::new(store))
        .merchant(Merchant::new("v3", "1").api_v3_key(api_v3()).platform_key(SERIAL, platform_key()))
        .check(Orders(Verdict::Match));
    assert!(matches!(fails(v3_only.on(|_: V2Refund, _| async {})), BuildError::NoV2Merchant(_)));
    assert_eq!(Limits::default().body, 256 * 1024);
}
