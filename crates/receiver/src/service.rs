//! The pipeline as a service of `http` requests.

use crate::body::{self, ReadError};
use crate::headers::NotificationHeaders;
use crate::outcome::{Outcome, RequestReport, Response};
use crate::receiver::Receiver;
use crate::rejection::Rejection;
use bytes::Bytes;
use http::header::{ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use std::borrow::Cow;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::timeout;
use wxhook_wire::Reply;

/// The future of a response.
pub type ResponseFuture =
    Pin<Box<dyn Future<Output = Result<http::Response<Full<Bytes>>, Infallible>> + Send>>;

/// Maximum time and bytes to read from a sender that was refused, so that it can read the reply.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 16 * 1024 * 1024;

impl<B> tower_service::Service<Request<B>> for Receiver
where
    B: Body<Data: Send> + Send + 'static,
{
    type Response = http::Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        let receiver = self.clone();
        Box::pin(async move { Ok(receiver.answer(request).await) })
    }
}

impl Receiver {
    /// Answers an `http` request, as the service does, without boxing the future.
    ///
    /// The response's extensions contain the [`RequestReport`].
    pub async fn answer<B>(&self, request: Request<B>) -> http::Response<Full<Bytes>>
    where
        B: Body<Data: Send> + Send + 'static,
    {
        let inner = &*self.inner;
        let (parts, body) = request.into_parts();
        let mut body = Box::pin(body);
        let path = parts.uri.path();
        let Some(merchant) = inner.routes.get(path) else {
            let near = inner.near_paths.find(&parts);
            inner.rejections.unread(path, &Rejection::NotFound, near);
            let mut response = Response::refuse(None, None, Outcome::Rejected(Rejection::NotFound));
            response.report.near_miss = near.is_some();
            return refuse(body, response);
        };
        let merchant = Arc::clone(merchant);
        let refused = |outcome| Response::refuse(Some(Arc::clone(&merchant.name)), None, outcome);
        let reject = |rejection| {
            inner.rejections.unread(path, &rejection, None);
            refused(Outcome::Rejected(rejection))
        };
        if parts.method != Method::POST {
            return refuse(body, reject(Rejection::Method));
        }
        let (announced, limits) = (content_length(&parts.headers), &inner.limits);
        if announced.is_some_and(|length| length > limits.body) {
            return refuse(body, reject(Rejection::TooLarge));
        }
        let read = body::read(&mut body, announced, limits.body, &inner.memory);
        match timeout(limits.body_within, read).await {
            // Its memory is released once the body has been handled.
            Ok(Ok(read)) => {
                let headers = NotificationHeaders::from(&parts.headers);
                into_http(self.receive_for(&merchant, headers, read.bytes.clone()).await, false)
            }
            Ok(Err(ReadError::TooLarge)) => refuse(body, reject(Rejection::TooLarge)),
            Ok(Err(ReadError::NoRoom)) => {
                inner.rejections.no_room();
                into_http(refused(Outcome::NoRoom), true)
            }
            Ok(Err(ReadError::Cut)) | Err(_) => into_http(reject(Rejection::Cut), true),
        }
    }
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Replies at once and reads on for a moment: closing on a sender that still writes would destroy the reply.
fn refuse<B>(mut body: Pin<Box<B>>, response: Response) -> http::Response<Full<Bytes>>
where
    B: Body<Data: Send> + Send + 'static,
{
    if !body.is_end_stream() {
        tokio::spawn(timeout(LINGER, async move {
            let mut left = LINGER_BYTES;
            while let Some(Ok(frame)) = body.frame().await
                && left > 0
            {
                left = left.saturating_sub(frame.data_ref().map_or(0, bytes::Buf::remaining));
            }
        }));
    }
    into_http(response, true)
}

fn into_http(response: Response, close: bool) -> http::Response<Full<Bytes>> {
    let Response { reply, report } = response;
    let Reply { status, content_type, body, retry_after, .. } = reply;
    let body = match body {
        Cow::Borrowed(text) => Bytes::from_static(text.as_bytes()),
        Cow::Owned(text) => Bytes::from(text),
    };
    let mut response = http::Response::new(Full::new(body));
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
    response.extensions_mut().insert::<RequestReport>(report);
    response
}
