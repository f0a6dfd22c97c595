//! A receiver in axum: payments are stored in SQLite before the reply, then compared with the order and handled.
#![allow(clippy::print_stdout, reason = "an example")]

use std::env;
use std::error::Error;

use axum::Router;
use tokio::net::TcpListener;
use wxhook::crypto::{ApiV3Key, PlatformKey};
use wxhook::delivery::{Verdict, WorkerOptions};
use wxhook::events::payment::TransactionSuccessBasic;
use wxhook::receiver::{Merchant, Notification, Receiver};
use wxhook::sqlite::{SqliteOptions, SqliteStore};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let receiver = Receiver::builder()
        .catalog(wxhook::events::catalog())
        .store(SqliteStore::open("wxhook.db", SqliteOptions::default())?)
        .merchant(shop()?)
        .check_on(|paid: TransactionSuccessBasic, _: Notification| async move { compare(&paid) })
        .on(|paid: TransactionSuccessBasic, notification: Notification| async move {
            // Deduplicate by the key, in the transaction that ships the order: a handler may run twice.
            println!("{} is paid ({})", paid.out_trade_no.unwrap_or_default(), notification.key());
        })
        .otherwise(
            |notification: Notification| async move { println!("also: {}", notification.event_type()) },
        )
        .build()?;
    let workers = receiver.workers(WorkerOptions::default());

    // The receiver is a tower service: it can be one route of an application.
    let app = Router::new().route_service("/notify/{merchant}", receiver);
    axum::serve(listen().await?, app)
        .with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) })
        .await?;
    workers.shutdown().await;
    Ok(())
}

/// Compares a payment with the order. A real system looks up `out_trade_no` in its database.
fn compare(paid: &TransactionSuccessBasic) -> Verdict {
    match paid.amount.as_ref().and_then(|amount| amount.total) {
        Some(total) if total.get() > 0 => Verdict::Match,
        _ => Verdict::Mismatch,
    }
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
