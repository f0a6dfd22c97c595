use super::Reply;
use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use std::borrow::Cow;

/// An error that the admin API answers with. Serializes to the body of the reply.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ApiError {
    #[serde(skip)]
    pub(super) status: StatusCode,
    code: &'static str,
    pub(super) message: Cow<'static, str>,
    /// A header of the reply.
    #[serde(skip)]
    header: Option<(http::HeaderName, &'static str)>,
}

impl ApiError {
    pub(super) const NOT_FOUND: Self = Self::new(StatusCode::NOT_FOUND, "not-found", "there is nothing here");
    pub(super) const NO_RECORD: Self =
        Self::new(StatusCode::NOT_FOUND, "no-record", "there is no record with this number");

    pub(super) const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message: Cow::Borrowed(message), header: None }
    }

    pub(super) const fn bad_request(message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", message)
    }

    pub(super) fn conflict(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), ..Self::new(StatusCode::CONFLICT, code, "") }
    }

    pub(super) fn unauthorized(message: &'static str) -> Self {
        let header = Some((WWW_AUTHENTICATE, "Bearer realm=\"wxhook\""));
        Self { header, ..Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message) }
    }

    pub(super) fn method_not_allowed(allowed: &'static str) -> Self {
        let (status, message) = (StatusCode::METHOD_NOT_ALLOWED, format!("allowed here: {allowed}").into());
        Self { status, code: "method-not-allowed", message, header: Some((ALLOW, allowed)) }
    }
}

impl From<wxhook_idempotency::Error> for ApiError {
    /// Logs the cause, which the client isn't told.
    fn from(error: wxhook_idempotency::Error) -> Self {
        tracing::error!(%error, cause = super::health::cause(&error), "admin API");
        match error {
            wxhook_idempotency::Error::Corrupt(_) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "corrupt",
                "a stored record is corrupt; see the log",
            ),
            _ => Self::new(StatusCode::SERVICE_UNAVAILABLE, "store-unavailable", "the store did not answer"),
        }
    }
}

impl From<ApiError> for Reply {
    fn from(error: ApiError) -> Self {
        let mut reply = json(error.status, &error);
        if let Some((name, value)) = error.header {
            reply.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        reply
    }
}

/// Returns a JSON reply.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Reply {
    let mut body = serde_json::to_vec(value).unwrap_or_default();
    body.push(b'\n');
    let mut reply = with_type("application/json", body.into());
    *reply.status_mut() = status;
    reply
}

/// Returns a 200 reply with text.
pub(super) fn text(content_type: &'static str, text: String) -> Reply {
    with_type(content_type, text.into())
}

fn with_type(content_type: &'static str, body: Bytes) -> Reply {
    let mut reply = Response::new(Full::new(body));
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply
}
