use super::Answer;
use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use std::borrow::Cow;

/// Why the admin API doesn't do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: Cow<'static, str>,
}

impl Refused {
    pub(super) const NOT_FOUND: Self = Self::new(StatusCode::NOT_FOUND, "not-found", "there is nothing here");
    pub(super) const NO_RECORD: Self =
        Self::new(StatusCode::NOT_FOUND, "no-record", "there is no record with this number");
    pub(super) const STORE: Self =
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "store-unavailable", "the store did not answer");

    pub(super) const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message: Cow::Borrowed(message) }
    }

    /// 400, about something in the request that isn't shown.
    pub(super) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: "bad-request", message: message.into() }
    }
}

impl From<Refused> for Answer {
    fn from(refused: Refused) -> Self {
        let mut answer =
            json(refused.status, &serde_json::json!({ "code": refused.code, "message": refused.message }));
        if refused.status == StatusCode::UNAUTHORIZED {
            answer
                .headers_mut()
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"wxhook\""));
        }
        answer
    }
}

/// JSON.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    let mut body = serde_json::to_vec(value).unwrap_or_default();
    body.push(b'\n');
    let mut answer = with_type("application/json", Bytes::from(body));
    *answer.status_mut() = status;
    answer
}

/// 200 with text.
pub(super) fn text(content_type: &'static str, text: String) -> Answer {
    with_type(content_type, Bytes::from(text))
}

/// 405.
pub(super) fn method_not_allowed(allowed: &[Method]) -> Answer {
    let names = allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let mut answer: Answer = Refused {
        status: StatusCode::METHOD_NOT_ALLOWED,
        code: "method-not-allowed",
        message: format!("allowed here: {names}").into(),
    }
    .into();
    if let Ok(names) = HeaderValue::from_str(&names) {
        answer.headers_mut().insert(ALLOW, names);
    }
    answer
}

fn with_type(content_type: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}
