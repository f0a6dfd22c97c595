//! What an answer means.

use crate::config::Success;
use http::StatusCode;
use http::header::{HeaderMap, RETRY_AFTER};
use reqwest::Response;
use std::time::{Duration, SystemTime};
use wxhook_delivery::{Receipt, SinkError};
use wxhook_wire::v2::Fields;

/// Maximum number of bytes read of an answer's body, so that its connection can be reused; the rest isn't waited for.
const MAX_BODY: usize = 64 << 10;
const SUCCESS: &str = "SUCCESS";
/// Byte order mark, which some editors put before everything.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// A receiver that asks to be left alone is asked again after this at the latest.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Reads the body, of a long one the beginning: an answer that breaks off doesn't count.
pub(super) async fn read(answer: &mut Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while body.len() < MAX_BODY
        && let Some(piece) = answer.chunk().await?
    {
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

pub(super) fn conclude(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    success: Success,
    now: SystemTime,
) -> Result<Receipt, SinkError> {
    let code = status.as_u16();
    if status == StatusCode::GONE {
        return Err(SinkError::park(format!("answered {code}: the receiver is gone")));
    }
    let why = match (status.is_success(), success) {
        (true, Success::WechatPay) if names_another_code(body) => {
            format!("answered {code} with a code other than SUCCESS")
        }
        (true, _) => return Ok(Receipt::default()),
        (false, _) if status.is_redirection() => format!("answered {code}: redirects are not followed"),
        (false, _) => format!("answered {code}"),
    };
    Err(match pause(headers, now) {
        Some(pause) => SinkError::retry_after(why, pause),
        None => SinkError::retry(why),
    })
}

/// Returns whether a body says in one of the platform's two forms that it is no success.
fn names_another_code(body: &[u8]) -> bool {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) {
        return json.get("code").is_some_and(|code| code != SUCCESS);
    }
    Fields::parse(body).is_ok_and(|fields| fields.get("return_code").is_some_and(|code| code != SUCCESS))
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
    fn a_body_counts_only_where_the_platforms_rule_is_asked_for() {
        let done = |status: u16, body: &str, success| {
            let status = StatusCode::from_u16(status).unwrap();
            conclude(status, &HeaderMap::new(), body.as_bytes(), success, UNIX_EPOCH).is_ok()
        };
        for body in [
            "",
            "ok",
            "{}",
            "[\"FAIL\"]",
            r#"{"code":"SUCCESS","message":"OK"}"#,
            "\u{feff}{\"code\":\"SUCCESS\"}",
            r#"{"return_code":"FAIL"}"#,
            "<html><p>FAIL</p></html>",
            "<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>",
        ] {
            assert!(done(200, body, Success::WechatPay) && done(204, body, Success::Any2xx), "{body}");
            assert!(!done(302, body, Success::WechatPay) && !done(500, body, Success::WechatPay), "{body}");
        }
        for body in [
            r#"{"code":"FAIL","message":"no"}"#,
            r#"{"code":0}"#,
            r#"{"code":"success"}"#,
            "\u{feff}{\"code\":\"FAIL\"}",
            "<xml><return_code><![CDATA[FAIL]]></return_code></xml>",
        ] {
            assert!(!done(200, body, Success::WechatPay) && done(200, body, Success::Any2xx), "{body}");
        }
    }

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
