//! A worker in a process of its own: it shares a SQLite file with the receiver of `axum.rs`, and handles what that stored.
#![allow(clippy::print_stdout, reason = "an example")]

use std::env;
use std::error::Error;

use wxhook::crypto::{ApiV3Key, PlatformKey};
use wxhook::delivery::WorkerOptions;
use wxhook::receiver::{Merchant, Notification, Receiver};
use wxhook::sqlite::{SqliteOptions, SqliteStore};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let receiver = Receiver::builder()
        .catalog(wxhook::events::catalog())
        .store(SqliteStore::open("wxhook.db", SqliteOptions::default())?)
        .merchant(shop()?)
        .otherwise(
            |notification: Notification| async move { println!("{}", notification.record().to_json()) },
        )
        .build()?;
    let workers = receiver.workers(WorkerOptions::default());
    println!("working");
    tokio::signal::ctrl_c().await?;
    // Running handlers may finish; the records of the others are released for the next worker.
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
