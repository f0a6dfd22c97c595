//! What an answer means.

use http::StatusCode;
use http::header::{HeaderMap, RETRY_AFTER};
use reqwest::Response;
use std::time::{Duration, SystemTime};
use wxhook_delivery::{Delivered, SinkError};

/// So much of an answer's body is read, for a connection that can be used again; what is longer isn't waited for.
const MOST_BODY: usize = 64 << 10;
/// A receiver that asks to be left alone is asked again after this at the latest.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Reads the body and forgets it: an answer that breaks off doesn't count.
pub(super) async fn read(answer: &mut Response) -> Result<(), reqwest::Error> {
    let mut left = MOST_BODY;
    while left > 0
        && let Some(piece) = answer.chunk().await?
    {
        left = left.saturating_sub(piece.len());
    }
    Ok(())
}

pub(super) fn conclude(
    status: StatusCode,
    headers: &HeaderMap,
    now: SystemTime,
) -> Result<Delivered, SinkError> {
    let code = status.as_u16();
    if status.is_success() {
        return Ok(Delivered::default());
    }
    if status == StatusCode::GONE {
        return Err(SinkError::park(format!("answered {code}: the receiver is gone")));
    }
    let why = match status.is_redirection() {
        true => format!("answered {code}: redirects are not followed"),
        false => format!("answered {code}"),
    };
    Err(match pause(headers, now) {
        Some(pause) => SinkError::retry_after(why, pause),
        None => SinkError::retry(why),
    })
}

/// `Retry-After`: seconds or an HTTP date.
fn pause(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let asked = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Only what is too large to be a number doesn't parse.
        text.parse().map_or(LONGEST_PAUSE, Duration::from_secs)
    } else {
        httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default()
    };
    Some(asked.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use std::time::UNIX_EPOCH;

    #[test]
    fn retry_after_is_seconds_or_a_date_and_bounded() {
        // Thu, 08 Jun 2018 would be another day; dates are checked.
        let now = UNIX_EPOCH + Duration::from_secs(1_528_425_296);
        for (text, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("3601", Some(3600)),
            ("99999999999999999999", Some(3600)),
            ("Fri, 08 Jun 2018 02:36:56 GMT", Some(120)),
            ("Fri, 08 Jun 2018 02:34:55 GMT", Some(0)),
            ("Fri, 08 Jun 2029 02:34:55 GMT", Some(3600)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_str(text).unwrap());
            assert_eq!(pause(&headers, now), seconds.map(Duration::from_secs), "{text:?}");
        }
        assert_eq!(pause(&HeaderMap::new(), now), None);
    }
}
