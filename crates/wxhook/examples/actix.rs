//! A receiver in actix-web, whose types aren't those of the crate `http`.
#![allow(clippy::print_stdout, reason = "an example")]

use std::env;
use std::error::Error;

use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use wxhook::crypto::{ApiV3Key, PlatformKey};
use wxhook::delivery::WorkerOptions;
use wxhook::idempotency::MemoryStore;
use wxhook::receiver::{Merchant, Notification, NotificationHeaders, Receiver};

#[actix_web::main]
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
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(receiver.clone()))
            .app_data(web::PayloadConfig::new(256 * 1024))
            .route("/notify/{merchant}", web::post().to(notify))
    })
    .bind(env::var("LISTEN").as_deref().unwrap_or("127.0.0.1:8080"))?;
    for address in server.addrs() {
        println!("listening on http://{address}/notify/shop");
    }
    Ok(server.run().await?)
}

async fn notify(receiver: web::Data<Receiver>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let headers = NotificationHeaders::from_pairs(
        request.headers().iter().map(|(name, value)| (name, value.as_bytes())),
    );
    let reply = receiver.receive(request.path(), headers, body).await.reply;
    let mut response =
        HttpResponse::build(StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    if let Some(seconds) = reply.retry_after {
        response.insert_header(("Retry-After", seconds.to_string()));
    }
    response.content_type(reply.content_type).body(reply.body)
}

/// Reads the keys of a merchant from the environment: API_V3_KEY, PLATFORM_KEY_ID, and PLATFORM_KEY, a PEM file.
fn shop() -> Result<Merchant, Box<dyn Error>> {
    let key = PlatformKey::from_pem(&std::fs::read(env::var("PLATFORM_KEY")?)?)?;
    Ok(Merchant::new("shop", "1900000109")
        .api_v3_key(ApiV3Key::new(env::var("API_V3_KEY")?.as_bytes())?)
        .platform_key(env::var("PLATFORM_KEY_ID")?, key))
}
