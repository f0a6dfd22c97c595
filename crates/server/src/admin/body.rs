use super::reply::Refused;
use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use std::time::Duration;
use tokio::time::timeout;

/// Bytes of a request's body.
const MOST_BODY: usize = 64 << 10;
/// A body is there within this.
const BODY_WITHIN: Duration = Duration::from_secs(5);

/// The whole body, within its bounds.
pub(super) async fn read(body: Incoming) -> Result<Bytes, Refused> {
    match timeout(BODY_WITHIN, Limited::new(body, MOST_BODY).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            Err(Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the body is larger than 64 KiB"))
        }
        Ok(Err(_)) => Err(Refused::bad_request("the body did not arrive")),
        Err(_) => {
            Err(Refused::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the body did not arrive in time"))
        }
    }
}
