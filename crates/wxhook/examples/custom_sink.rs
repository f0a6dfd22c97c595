//! A sink of one's own: every record goes to a message queue (here: a channel) instead of to typed handlers.
#![allow(clippy::print_stdout, reason = "an example")]

use std::env;
use std::error::Error;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use wxhook::crypto::{ApiV3Key, PlatformKey};
use wxhook::delivery::{Delivery, Processor, Receipt, SharedSink, Sink, SinkError, Worker, WorkerOptions};
use wxhook::idempotency::{MemoryStore, SharedStore};
use wxhook::receiver::{Merchant, Receiver};

/// A sink that delivers to a channel.
#[derive(Debug)]
struct Queue(mpsc::Sender<String>);

impl Sink for Queue {
    fn name(&self) -> &str {
        "queue"
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, SinkError> {
        // The record is done once this returns `Ok`, so wait until the queue has it.
        self.0.send(delivery.record.to_json()).await.map_err(|_| SinkError::retry("the queue is closed"))?;
        Ok(Receipt::default())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (queue, mut records) = mpsc::channel(16);
    let store = SharedStore::new(MemoryStore::default());
    let processor = Processor::builder(store.clone(), SharedSink::new(Queue(queue))).build()?;
    let worker = Worker::new(processor, ["merchant/shop"], WorkerOptions::default());
    let waker = worker.waker();
    let receiver = Receiver::builder()
        .catalog(wxhook::events::catalog())
        .store(store)
        .merchant(shop()?.lane("merchant/shop"))
        .waker("merchant/shop", move || waker.wake())
        .build()?;
    let working = tokio::spawn(worker.run(async { drop(tokio::signal::ctrl_c().await) }));
    tokio::spawn(async move {
        while let Some(record) = records.recv().await {
            println!("{record}");
        }
    });
    let app = Router::new().route_service("/notify/{merchant}", receiver);
    axum::serve(listen().await?, app)
        .with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) })
        .await?;
    working.await?;
    Ok(())
}

/// Reads the keys of a merchant from the environment: API_V3_KEY, PLATFORM_KEY_ID, and PLATFORM_KEY, a PEM file.
fn shop() -> Result<Merchant, Box<dyn Error>> {
    let key = PlatformKey::from_pem(&std::fs::read(env::var("PLATFORM_KEY")?)?)?;
    Ok(Merchant::new("shop", "1900000109")
        .api_v3_key(ApiV3Key::new(env::var("API_V3_KEY")?.as_bytes())?)
        .platform_key(env::var("PLATFORM_KEY_ID")?, key))
}

/// Binds LISTEN, 127.0.0.1:8080 by default, and prints the notify URL.
async fn listen() -> Result<TcpListener, Box<dyn Error>> {
    let listener = TcpListener::bind(env::var("LISTEN").as_deref().unwrap_or("127.0.0.1:8080")).await?;
    println!("listening on http://{}/notify/shop", listener.local_addr()?);
    Ok(listener)
}
