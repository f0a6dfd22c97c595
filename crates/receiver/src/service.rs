//! The pipeline as a service of `http` requests.

use crate::body::{self, Unread};
use crate::head::Head;
use crate::outcome::{Answered, Outcome};
use crate::receiver::Receiver;
use crate::refusal::Refusal;
use bytes::Bytes;
use http::header::{ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::timeout;
use wxhook_wire::Reply;

/// The future of an answer.
pub type Answering = Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send>>;

/// How long, and how many bytes, an answered sender is listened to, so that it can read the answer.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 16 * 1024 * 1024;

impl<B> tower_service::Service<Request<B>> for Receiver
where
    B: Body<Data: Send> + Send + Unpin + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Answering {
        let receiver = self.clone();
        Box::pin(async move { Ok(receiver.answer(request).await) })
    }
}

impl Receiver {
    /// Answers an `http` request; what the service does, without a box.
    ///
    /// The response's extensions hold the [`Outcome`].
    pub async fn answer<B>(&self, request: Request<B>) -> Response<Full<Bytes>>
    where
        B: Body<Data: Send> + Send + Unpin + 'static,
    {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path();
        let Some(merchant) = self.route(path) else {
            let near = self.inner.near_paths.find(&parts);
            self.inner.rejections.unread(path, &Refusal::NotFound, near);
            let mut answered = Answered::refusal(None, None, &Refusal::NotFound);
            answered.outcome.near_miss = near.is_some();
            return refuse(body, answered);
        };
        let merchant = Arc::clone(merchant);
        let name = Some(Arc::clone(&merchant.name));
        let reject = |refusal| {
            self.inner.rejections.unread(path, &refusal, None);
            Answered::refusal(name.clone(), None, &refusal)
        };
        if parts.method != Method::POST {
            return refuse(body, reject(Refusal::Method));
        }
        let (announced, limits) = (announced(&parts.headers), &self.inner.limits);
        if announced.is_some_and(|length| length > limits.body) {
            return refuse(body, reject(Refusal::TooLarge));
        }
        let mut body = body;
        let read = body::read(&mut body, announced, limits.body, &self.inner.memory);
        match timeout(limits.body_within, read).await {
            // Its memory is given back when the body has been looked at.
            Ok(Ok(received)) => {
                let bytes = received.bytes.clone();
                response(self.take_for(&merchant, Head::new(&parts.headers), bytes).await, false)
            }
            Ok(Err(Unread::TooLarge)) => refuse(body, reject(Refusal::TooLarge)),
            Ok(Err(Unread::NoRoom)) => {
                self.inner.rejections.no_room();
                response(Answered::busy(name, None, "no-room"), true)
            }
            Ok(Err(Unread::Cut)) | Err(_) => response(reject(Refusal::Cut), true),
        }
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Refuses at once, and listens on for a moment: closing on a sender that still writes would destroy the answer.
fn refuse<B>(body: B, answered: Answered) -> Response<Full<Bytes>>
where
    B: Body<Data: Send> + Send + Unpin + 'static,
{
    if !body.is_end_stream() {
        tokio::spawn(async move {
            let mut body = pin!(body);
            let mut left = LINGER_BYTES;
            let _ = timeout(LINGER, async {
                while let Some(Ok(frame)) = body.frame().await {
                    let bytes = frame.data_ref().map_or(0, bytes::Buf::remaining);
                    left = left.saturating_sub(bytes);
                    if left == 0 {
                        break;
                    }
                }
            })
            .await;
        });
    }
    response(answered, true)
}

fn response(answered: Answered, close: bool) -> Response<Full<Bytes>> {
    let Answered { reply, outcome } = answered;
    let Reply { status, content_type, body, retry_after, .. } = reply;
    let body = match body {
        std::borrow::Cow::Borrowed(text) => Bytes::from_static(text.as_bytes()),
        std::borrow::Cow::Owned(text) => Bytes::from(text),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some(seconds) = retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::METHOD_NOT_ALLOWED.as_u16() {
        headers.insert(ALLOW, HeaderValue::from_static("POST"));
    }
    if close {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response.extensions_mut().insert::<Outcome>(outcome);
    response
}
