//! The `http` service: what is decided before the body is read, and how it is read.

use crate::support::*;
use bytes::Bytes;
use http::{Method, Request as HttpRequest, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Full};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tower_service::Service as _;
use wxhook_receiver::{Limits, RequestReport};

fn http_request(path: &str, request: &Request) -> HttpRequest<Full<Bytes>> {
    let mut http = HttpRequest::post(path).body(Full::new(Bytes::from(request.body.clone()))).unwrap();
    http.headers_mut().extend(request.headers.clone());
    http
}

fn outcome(response: &Response<Full<Bytes>>) -> &'static str {
    response.extensions().get::<RequestReport>().unwrap().outcome.as_str()
}

#[tokio::test]
async fn a_notification_as_an_http_request() {
    let mut world = World::new();
    let response = world.receiver.call(http_request("/notify/shop", &paid().sign())).await.unwrap();
    assert_eq!((response.status(), outcome(&response)), (StatusCode::OK, "new"));
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, r#"{"code":"SUCCESS","message":"OK"}"#);
}

#[tokio::test]
async fn route_and_method_come_first() {
    let world = World::new();
    let response = world.receiver.answer(http_request("/notify/nobody", &paid().sign())).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let mut request = http_request("/notify/shop", &paid().sign());
        *request.method_mut() = method;
        let response = world.receiver.answer(request).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers()["allow"], "POST");
    }
}

/// Gives so many pieces, then nothing more ever.
struct Dripping {
    pieces: Vec<Bytes>,
}

impl Body for Dripping {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.pieces.pop() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None => Poll::Pending,
        }
    }
}

#[tokio::test]
async fn an_announced_length_over_the_limit_is_not_waited_for() {
    let world = World::new();
    let mut request = HttpRequest::post("/notify/shop").body(Dripping { pieces: Vec::new() }).unwrap();
    request.headers_mut().insert("content-length", (4 * 1024 * 1024).into());
    let response = world.receiver.answer(request).await;
    assert_eq!((response.status(), outcome(&response)), (StatusCode::PAYLOAD_TOO_LARGE, "too-large"));
    assert_eq!(response.headers()["connection"], "close");
}

#[tokio::test]
async fn an_unannounced_body_is_cut_at_the_limit() {
    let world = World::new();
    let pieces = vec![Bytes::from(vec![b'x'; 100 * 1024]); 3];
    let request = HttpRequest::post("/notify/shop").body(Dripping { pieces }).unwrap();
    let response = world.receiver.answer(request).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_body_in_pieces_is_put_together() {
    struct Pieces(std::vec::IntoIter<u8>);
    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let piece: Vec<u8> = self.0.by_ref().take(7).collect();
            Poll::Ready((!piece.is_empty()).then(|| Ok(Frame::data(Bytes::from(piece)))))
        }
    }
    let world = World::new();
    let signed = paid().sign();
    let mut request =
        HttpRequest::post("/notify/shop").body(Pieces(signed.body.clone().into_iter())).unwrap();
    request.headers_mut().extend(signed.headers);
    assert_eq!(outcome(&world.receiver.answer(request).await), "new");
}

#[tokio::test(start_paused = true)]
async fn half_a_body_is_not_waited_for_for_ever() {
    let world = World::new();
    let request =
        HttpRequest::post("/notify/shop").body(Dripping { pieces: vec![Bytes::from("{")] }).unwrap();
    let began = tokio::time::Instant::now();
    let response = world.receiver.answer(request).await;
    assert_eq!((response.status(), outcome(&response)), (StatusCode::BAD_REQUEST, "cut"));
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn bodies_in_flight_are_bounded() {
    let store = wxhook_idempotency::MemoryStore::default();
    let mut limits = Limits::default();
    limits.in_flight = 8 * 1024;
    let receiver = builder(&store).limits(limits).build().unwrap();
    let pieces = vec![Bytes::from(vec![b'x'; 8 * 1024])];
    let request = HttpRequest::post("/notify/shop").body(Dripping { pieces }).unwrap();
    let holding = tokio::spawn({
        let receiver = receiver.clone();
        async move { receiver.answer(request).await }
    });
    tokio::task::yield_now().await;
    let response = receiver.answer(http_request("/notify/shop", &paid().sign())).await;
    assert_eq!((response.status(), outcome(&response)), (StatusCode::SERVICE_UNAVAILABLE, "no-room"));
    assert_eq!(response.headers()["retry-after"], "5");
    holding.await.unwrap();
    let response = receiver.answer(http_request("/notify/shop", &paid().sign())).await;
    assert_eq!(outcome(&response), "new");
}

#[tokio::test(start_paused = true)]
async fn small_pieces_take_no_more_room_than_their_sum() {
    let store = wxhook_idempotency::MemoryStore::default();
    let mut limits = Limits::default();
    limits.in_flight = 8 * 1024;
    let receiver = builder(&store).limits(limits).build().unwrap();
    let pieces = vec![Bytes::from_static(b"x"); 1024];
    let request = HttpRequest::post("/notify/shop").body(Dripping { pieces }).unwrap();
    let holding = tokio::spawn({
        let receiver = receiver.clone();
        async move { receiver.answer(request).await }
    });
    tokio::task::yield_now().await;
    let response = receiver.answer(http_request("/notify/shop", &paid().sign())).await;
    assert_eq!(outcome(&response), "new");
    assert_eq!(outcome(&holding.await.unwrap()), "cut");
}

#[tokio::test]
async fn draining_answers_503() {
    let world = World::new();
    world.receiver.drain();
    let response = world.receiver.answer(http_request("/notify/shop", &paid().sign())).await;
    assert_eq!((response.status(), outcome(&response)), (StatusCode::SERVICE_UNAVAILABLE, "draining"));
}
