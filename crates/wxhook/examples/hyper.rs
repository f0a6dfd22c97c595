//! A receiver in plain hyper, for every event of the catalog, without typed handlers.
#![allow(clippy::print_stdout, reason = "an example")]

use std::convert::Infallible;
use std::env;
use std::error::Error;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use wxhook::crypto::{ApiV3Key, PlatformKey};
use wxhook::delivery::WorkerOptions;
use wxhook::idempotency::MemoryStore;
use wxhook::receiver::{Merchant, Notification, Receiver};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let receiver = Receiver::builder()
        .catalog(wxhook::events::catalog())
        .store(MemoryStore::default())
        .merchant(shop()?)
        .otherwise(
            |notification: Notification| async move { println!("{}", notification.record().to_json()) },
        )
        .build()?;
    let _workers = receiver.workers(WorkerOptions::default());
    let listener = listen().await?;
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => accepted?,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        let receiver = receiver.clone();
        let service = service_fn(move |request| {
            let receiver = receiver.clone();
            async move { Ok::<_, Infallible>(receiver.answer(request).await) }
        });
        // An error is the sender's: it closed the connection, or didn't speak HTTP.
        tokio::spawn(async move {
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await)
        });
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
