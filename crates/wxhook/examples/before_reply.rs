//! Handlers that run before the reply: the platform gets 200 only if they succeed, and a question gets its data.
#![allow(clippy::print_stdout, reason = "an example")]

use std::env;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use tokio::net::TcpListener;
use wxhook::crypto::{ApiV3Key, PlatformKey};
use wxhook::delivery::Verdict;
use wxhook::events::parking::ParkingFeeQueryTransInfo;
use wxhook::events::payment::TransactionSuccessBasic;
use wxhook::idempotency::MemoryStore;
use wxhook::receiver::{Answer, HandlerError, Merchant, Notification, Receiver};

/// State that handlers share; a database pool in a real system.
#[derive(Default)]
struct Orders {
    shipped: AtomicU64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let receiver = Receiver::builder()
        .state(Arc::new(Orders::default()))
        .catalog(wxhook::events::catalog())
        .store(MemoryStore::default())
        .merchant(shop()?)
        .check_on(|_: TransactionSuccessBasic, _: Notification<Arc<Orders>>| async { Verdict::Match })
        .on(|paid: TransactionSuccessBasic, notification: Notification<Arc<Orders>>| async move {
            // An error makes the reply a 500, and the platform sends the notification again.
            let number = paid.out_trade_no.ok_or_else(|| HandlerError::park("no out_trade_no"))?;
            let count = notification.state().shipped.fetch_add(1, Ordering::Relaxed) + 1;
            println!("shipped {number}, {count} so far");
            Ok::<_, HandlerError>(())
        })
        .on(|question: ParkingFeeQueryTransInfo, _: Notification<Arc<Orders>>| async move {
            println!("asked for the fee of parking {}", question.out_parking_id.unwrap_or_default());
            Answer::json(&serde_json::json!({ "parking_fee": 500 }))
        })
        .before_reply()
        .build()?;
    let app = Router::new().route_service("/notify/{merchant}", receiver);
    axum::serve(listen().await?, app)
        .with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) })
        .await?;
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
