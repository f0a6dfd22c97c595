//! An event of one's own, with a key and a model, beside the documented ones.
#![allow(clippy::print_stdout, reason = "an example")]

use std::env;
use std::error::Error;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use wxhook::crypto::{ApiV3Key, PlatformKey};
use wxhook::delivery::WorkerOptions;
use wxhook::idempotency::MemoryStore;
use wxhook::receiver::{Merchant, Notification, Receiver};
use wxhook::wire::{Catalog, Chain, EventMeta, KeyRule, Table, event, model};

model! {
    /// Points that a member got.
    pub struct PointsGranted {
        /// Number of the grant.
        grant_id: String = "grant_id",
        /// Number of points.
        points: i64 = "points",
    }
}
event!(PointsGranted = "LOYALTY.POINTS_GRANTED");

const POINTS_GRANTED: EventMeta = EventMeta {
    key: KeyRule::new(&[&["grant_id"]]),
    doc: "Points were granted.",
    ..EventMeta::v3("LOYALTY.POINTS_GRANTED", "积分发放通知")
}
.typed::<PointsGranted>("loyalty");

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let catalogs: [Arc<dyn Catalog>; 2] =
        [wxhook::events::catalog(), Arc::new(Table::new([POINTS_GRANTED])?)];
    let receiver = Receiver::builder()
        .catalog(Arc::new(Chain::new(catalogs)?))
        .store(MemoryStore::default())
        .merchant(shop()?)
        .on(|granted: PointsGranted, notification: Notification| async move {
            println!("{} points ({})", granted.points.unwrap_or_default(), notification.key());
        })
        .build()?;
    let workers = receiver.workers(WorkerOptions::default());
    let app = Router::new().route_service("/notify/{merchant}", receiver);
    axum::serve(listen().await?, app)
        .with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) })
        .await?;
    workers.shutdown().await;
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
