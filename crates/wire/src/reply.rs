use crate::json::Doc;
use crate::names::Protocol;
use crate::v2::xml::{is_char, is_name};
use std::borrow::Cow;

/// A reply to the platform, independent of any server's response type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// `application/json` or `text/xml`.
    pub content_type: &'static str,
    /// The body.
    pub body: Cow<'static, str>,
    /// The seconds for a `Retry-After` header.
    pub retry_after: Option<u32>,
}

/// A reason for rejecting a notification, as far as the reply reveals it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplyError {
    /// An unknown path.
    NotFound,
    /// A method other than POST.
    Method,
    /// A body that can't be read, before verification.
    Unreadable,
    /// A body over the limit.
    TooLarge,
    /// A failed verification; the reply doesn't say which check failed.
    NotVerified,
    /// A verified notification with an unusable envelope.
    Envelope,
    /// A verified notification that can't be decrypted.
    Undecryptable,
    /// A failed handler.
    Handler,
    /// A question without an answer: success without data could be read as "nothing to pay".
    Unanswered,
    /// A temporary condition: in flight, store unavailable, deadline reached, draining.
    Busy,
}

impl ReplyError {
    /// Returns the HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Unreadable | Self::Envelope => 400,
            Self::NotVerified => 401,
            Self::NotFound => 404,
            Self::Method => 405,
            Self::TooLarge => 413,
            Self::Undecryptable | Self::Handler | Self::Unanswered => 500,
            Self::Busy => 503,
        }
    }

    /// Returns the reply's `code`, at most 32 characters.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "INVALID_REQUEST",
            Self::Envelope => "PARAM_ERROR",
            Self::NotVerified => "SIGN_ERROR",
            Self::NotFound => "NOT_FOUND",
            Self::Method => "METHOD_NOT_ALLOWED",
            Self::TooLarge => "BODY_TOO_LARGE",
            Self::Undecryptable | Self::Handler => "SYSTEM_ERROR",
            Self::Unanswered => "FAIL",
            Self::Busy => "SYSTEM_BUSY",
        }
    }

    /// Returns the reply's `message`, at most 64 characters.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Unreadable => "the request can't be read",
            Self::Envelope => "the notification's envelope is unusable",
            Self::NotVerified => "not verified",
            Self::NotFound => "no such notify URL",
            Self::Method => "only POST is taken here",
            Self::TooLarge => "the body is too large",
            Self::Undecryptable => "the notification can't be opened",
            Self::Handler => "the notification could not be handled",
            Self::Unanswered => "the question was not answered",
            Self::Busy => "please send it again",
        }
    }
}

impl Reply {
    const fn new(status: u16, protocol: Protocol, body: Cow<'static, str>) -> Self {
        let content_type = match protocol {
            Protocol::V3 => "application/json; charset=utf-8",
            Protocol::V2 => "text/xml; charset=utf-8",
        };
        Self { status, content_type, body, retry_after: None }
    }

    /// Returns 200 in the protocol's words.
    pub const fn success(protocol: Protocol) -> Self {
        let body = match protocol {
            Protocol::V3 => r#"{"code":"SUCCESS","message":"OK"}"#,
            Protocol::V2 => {
                "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>"
            }
        };
        Self::new(200, protocol, Cow::Borrowed(body))
    }

    /// Returns 200 with a handler's own JSON.
    pub const fn json(body: String) -> Self {
        Self::new(200, Protocol::V3, Cow::Owned(body))
    }

    /// Returns 200 with the members of a flat JSON object as fields of XML, or `None` for any other JSON.
    ///
    /// This answers a v2 question. The caller adds the `sign`.
    pub fn xml(json: &str) -> Option<Self> {
        let doc = Doc::parse(json).ok()?;
        let mut fields = String::new();
        for (name, value) in doc.root().entries() {
            let text = value.text().filter(|text| is_name(&name) && text.chars().all(is_char))?;
            let text = text.replace("]]>", "]]]]><![CDATA[>");
            fields.push_str(&format!("<{name}><![CDATA[{text}]]></{name}>"));
        }
        let body = Cow::Owned(format!("<xml>{fields}</xml>"));
        (!fields.is_empty()).then(|| Self::new(200, Protocol::V2, body))
    }

    /// Returns an error in the protocol's words.
    pub fn error(protocol: Protocol, error: ReplyError) -> Self {
        let (code, message) = (error.code(), error.message());
        let body = match protocol {
            Protocol::V3 => format!(r#"{{"code":"{code}","message":"{message}"}}"#),
            Protocol::V2 => format!(
                "<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[{message}]]></return_msg></xml>"
            ),
        };
        let retry_after = matches!(error, ReplyError::Busy).then_some(5);
        Self { retry_after, ..Self::new(error.status(), protocol, Cow::Owned(body)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [ReplyError; 10] = [
        ReplyError::NotFound,
        ReplyError::Method,
        ReplyError::Unreadable,
        ReplyError::TooLarge,
        ReplyError::NotVerified,
        ReplyError::Envelope,
        ReplyError::Undecryptable,
        ReplyError::Handler,
        ReplyError::Unanswered,
        ReplyError::Busy,
    ];

    #[test]
    fn refusals_keep_within_their_limits() {
        for why in ALL {
            assert!(why.code().len() <= 32 && why.code() != "SUCCESS");
            assert!(why.message().len() <= 64);
            let json: serde_json::Value =
                serde_json::from_str(&Reply::error(Protocol::V3, why).body).unwrap();
            assert_eq!(json["code"], why.code());
            let xml = Reply::error(Protocol::V2, why);
            let fields = crate::v2::Fields::parse(xml.body.as_bytes()).unwrap();
            assert_eq!(fields.get("return_code"), Some("FAIL"));
            assert_eq!(xml.retry_after.is_some(), xml.status == 503);
        }
    }

    #[test]
    fn a_v2_question_is_answered_with_fields() {
        let reply = Reply::xml(r#"{"return_code":"SUCCESS","prepay_id":"wx]]>1","total":5}"#).unwrap();
        let fields = crate::v2::Fields::parse(reply.body.as_bytes()).unwrap();
        let pairs: Vec<_> = fields.iter().collect();
        assert_eq!(pairs, [("return_code", "SUCCESS"), ("prepay_id", "wx]]>1"), ("total", "5")]);
        assert_eq!((reply.status, reply.content_type), (200, "text/xml; charset=utf-8"));
        for json in
            ["", "{}", "[1]", "5", r#"{"a":{}}"#, r#"{"a":null}"#, r#"{"a b":"1"}"#, r#"{"a":"\u0001"}"#]
        {
            assert_eq!(Reply::xml(json), None, "{json}");
        }
    }

    #[test]
    fn success_satisfies_both_protocols() {
        assert_eq!(Reply::success(Protocol::V3).body, r#"{"code":"SUCCESS","message":"OK"}"#);
        let fields = crate::v2::Fields::parse(Reply::success(Protocol::V2).body.as_bytes()).unwrap();
        assert_eq!((fields.get("return_code"), fields.get("return_msg")), (Some("SUCCESS"), Some("OK")));
    }
}
