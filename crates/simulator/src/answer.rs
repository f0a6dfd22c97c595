use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use wxhook_wire::v2::Fields;

const SUCCESS: &str = "SUCCESS";
/// The byte order mark, which some editors put at the start of a file.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The answer of a notify URL.
///
/// `Debug` shows neither header values nor the body.
#[derive(Clone)]
#[non_exhaustive]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Time between the start of sending and the body's last byte.
    pub elapsed: Duration,
}

impl Answer {
    /// Returns whether the platform would accept it and not send again. It accepts any 2xx, unless the body is JSON
    /// whose `code` isn't `SUCCESS`, or XML whose `return_code` isn't.
    pub fn accepted(&self) -> bool {
        (200..300).contains(&self.status) && !refuses(&self.body)
    }
}

fn refuses(body: &[u8]) -> bool {
    let body = body.strip_prefix(BOM).unwrap_or(body);
    if let Ok(json) = serde_json::from_slice::<Value>(body) {
        return json.get("code").is_some_and(|code| code != SUCCESS);
    }
    Fields::parse(body).is_ok_and(|fields| fields.get("return_code").is_some_and(|code| code != SUCCESS))
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body", &self.body.len())
            .field("elapsed", &self.elapsed)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(status: u16, body: &'static str) -> bool {
        let (headers, body) = (http::HeaderMap::new(), Bytes::from_static(body.as_bytes()));
        Answer { status, headers, body, elapsed: Duration::ZERO }.accepted()
    }

    #[test]
    fn success_is_any_2xx_that_does_not_say_otherwise() {
        for body in [
            "",
            "ok",
            "{}",
            r#"{"code":"SUCCESS","message":"OK"}"#,
            "\u{feff}{\"code\":\"SUCCESS\"}",
            r#"{"fee":1}"#,
            r#"["FAIL"]"#,
            "<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>",
            "<xml/>",
        ] {
            assert!(accepted(200, body), "{body}");
            assert!(accepted(204, body) && accepted(299, body));
            assert!(
                !accepted(199, body) && !accepted(302, body) && !accepted(401, body) && !accepted(503, body)
            );
        }
        for body in [
            r#"{"code":"FAIL"}"#,
            r#" {"code":"success"}"#,
            "\u{feff}{\"code\":\"FAIL\"}",
            "\u{feff}<xml><return_code>FAIL</return_code></xml>",
            r#"{"code":0}"#,
            r#"{"code":null}"#,
            "<xml><return_code>FAIL</return_code><return_msg>no</return_msg></xml>",
            "<xml><return_code></return_code></xml>",
        ] {
            assert!(!accepted(200, body), "{body}");
        }
    }
}
