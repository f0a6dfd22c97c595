//! Questions, whose reply carries data: answered, or 500.

use crate::support::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wxhook_idempotency::{Action, MemoryStore, State, Store as _, StoreExt as _};
use wxhook_receiver::{Answer, Builder, HandlerError};
use wxhook_wire::{Catalog, Chain, Event, EventMeta, Misfit, Table, When, v2::Fields};

const FEE: &str = "PARKING_FEE.QUERY_TRANS_INFO";

struct Fee;

impl Event for Fee {
    const NAME: &'static str = FEE;
    fn decode(_: Option<&str>, _: &str) -> Result<Self, Misfit> {
        Ok(Self)
    }
}

fn question() -> Request {
    notify(FEE, r#"{"plate_number":"粤B888888","out_parking_id":"1"}"#).sign()
}

fn over(store: &MemoryStore, build: impl FnOnce(Builder) -> Builder) -> World {
    World { receiver: build(builder(store)).build().unwrap(), store: store.clone() }
}

fn answering(builder: Builder) -> Builder {
    builder
        .on(|_: Fee, _| async { Answer::json(&serde_json::json!({"code": "SUCCESS", "total_amount": 100})) })
}

async fn is_unanswered(world: &World, request: &Request) {
    let answered = world.send(request).await;
    assert_eq!((answered.reply.status, answered.report.outcome.as_str()), (500, "unanswered"));
    assert!(answered.report.seq.is_some());
    let reply: serde_json::Value = serde_json::from_str(&answered.reply.body).unwrap();
    assert_eq!(reply["code"], "FAIL");
    let stored = world.stored().await;
    assert_eq!((stored.len(), stored[0].flags.as_slice()), (1, ["unanswered".to_owned()].as_slice()));
}

async fn is_answered(world: &World, outcome: &str) {
    let answered = world.send(&question()).await;
    assert_eq!((answered.reply.status, answered.report.outcome.as_str()), (200, outcome));
    assert_eq!(answered.reply.body, r#"{"code":"SUCCESS","total_amount":100}"#);
}

#[tokio::test]
async fn without_a_handler_it_is_kept_and_answered_500() {
    let world = World::new();
    is_unanswered(&world, &question()).await;
    is_unanswered(&world, &question()).await;
    // Others are as ever.
    assert_eq!(world.send(&paid().sign()).await.reply.status, 200);
}

#[tokio::test]
async fn a_later_resend_with_a_handler_there_is_answered() {
    // Ready, taken by a sink meanwhile, discarded by an operator.
    for done in [None, Some("sink"), Some("operator")] {
        let store = MemoryStore::default();
        let nobody = over(&store, |builder| builder);
        is_unanswered(&nobody, &question()).await;
        let seq = nobody.stored().await[0].seq;
        if done.is_some() {
            store.discard(seq, Action::new("li", "seen")).await.unwrap();
            is_unanswered(&nobody, &question()).await;
        }
        let somebody = over(&store, answering);
        is_answered(&somebody, "handled").await;
        is_answered(&somebody, "duplicate").await;
        // The answer that was given is given again, also where nobody would give one.
        is_answered(&nobody, "duplicate").await;
        assert_eq!(
            store.get(wxhook_idempotency::Lookup::Seq(seq)).await.unwrap().unwrap().state,
            State::Done
        );
    }
}

#[tokio::test]
async fn a_handler_that_fails_or_gives_no_answer_is_500() {
    for kind in 0..6 {
        let calls = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&calls);
        let world = over(&MemoryStore::default(), move |builder| {
            builder.on(move |_: Fee, _| {
                let call = count.fetch_add(1, Ordering::Relaxed);
                async move {
                    let answer = Answer::json(&serde_json::json!({"code": "SUCCESS", "total_amount": 100}))?;
                    match kind {
                        _ if call > 1 => Ok(answer),
                        0 => Err(HandlerError::retry("the database is away")),
                        1 => panic!("a mistake"),
                        2 => Ok(Answer::ok()),
                        3 => Answer::json(&serde_json::json!({})),
                        4 => Answer::json(&"text"),
                        _ => Answer::json(&serde_json::json!([1])),
                    }
                }
            })
        });
        is_unanswered(&world, &question()).await;
        is_unanswered(&world, &question()).await;
        is_answered(&world, "handled").await;
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }
}

#[tokio::test]
async fn a_handler_that_parks_it_is_500() {
    let world = over(&MemoryStore::default(), |builder| {
        builder.on(|_: Fee, _| async { Err::<Answer, _>(HandlerError::park("no such plate")) })
    });
    is_unanswered(&world, &question()).await;
    is_unanswered(&world, &question()).await;
    assert_eq!(world.stored().await[0].state, State::Parked);
}

#[tokio::test(start_paused = true)]
async fn a_late_handler_is_500_and_its_answer_waits() {
    let gate = Arc::new(tokio::sync::Notify::new());
    let wait = Arc::clone(&gate);
    let world = over(&MemoryStore::default(), move |builder| {
        builder.on(move |_: Fee, _| {
            let wait = Arc::clone(&wait);
            async move {
                wait.notified().await;
                Answer::json(&serde_json::json!({"code": "SUCCESS", "total_amount": 100}))
            }
        })
    });
    for outcome in ["deadline", "busy"] {
        let answered = world.send(&question()).await;
        assert_eq!((answered.reply.status, answered.report.outcome.as_str()), (500, outcome));
        assert!(answered.reply.body.contains("FAIL"));
    }
    gate.notify_one();
    while world.stored().await[0].state != State::Done {
        tokio::task::yield_now().await;
    }
    is_answered(&world, "duplicate").await;
}

struct Native;

impl Event for Native {
    const NAME: &'static str = "v2/test-question";
    fn decode(_: Option<&str>, _: &str) -> Result<Self, Misfit> {
        Ok(Self)
    }
}

/// A v2 question is answered in XML, whatever becomes of it.
#[tokio::test]
async fn v2_questions_speak_xml() {
    let meta = EventMeta {
        question: true,
        ..EventMeta::v2("v2/test-question", "问", When::EnvelopePresent("test_question"))
    };
    let own: Arc<dyn Catalog> = Arc::new(Table::new([meta]).unwrap());
    let built_in: Arc<dyn Catalog> = wxhook_events::catalog();
    let catalog = || Arc::new(Chain::new([own.clone(), built_in.clone()]).unwrap());
    let asked = v2(&[("mch_id", MCHID), ("test_question", "1")], wxhook_crypto::v2::SignAlgorithm::Md5);
    let store = MemoryStore::default();
    let nobody = over(&store, |builder| builder.catalog(catalog()));
    for _ in 0..2 {
        let answered = nobody.send(&asked).await;
        assert_eq!((answered.reply.status, answered.report.outcome.as_str()), (500, "unanswered"));
        let fields = Fields::parse(answered.reply.body.as_bytes()).unwrap();
        assert_eq!(fields.get("return_code"), Some("FAIL"));
    }
    let somebody = over(&store, |builder| {
        builder.catalog(catalog()).on(|_: Native, _| async {
            Answer::json(&serde_json::json!({"return_code": "SUCCESS", "prepay_id": "wx1"}))
        })
    });
    for outcome in ["handled", "duplicate"] {
        let answered = somebody.send(&asked).await;
        assert_eq!((answered.reply.status, answered.report.outcome.as_str()), (200, outcome));
        let fields = Fields::parse(answered.reply.body.as_bytes()).unwrap();
        assert_eq!((fields.get("return_code"), fields.get("prepay_id")), (Some("SUCCESS"), Some("wx1")));
    }
}
