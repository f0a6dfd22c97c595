use crate::catalog::Protocol;
use crate::json::Doc;
use crate::v2::xml::{is_char, is_name};
use std::borrow::Cow;

/// What the platform is answered, before it is any server's response type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// `application/json` or `text/xml`.
    pub content_type: &'static str,
    /// The body.
    pub body: Cow<'static, str>,
    /// Seconds, for a `Retry-After` header.
    pub retry_after: Option<u32>,
}

/// Why a notification isn't taken, as far as the platform is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplyError {
    /// No such path.
    NotFound,
    /// Not POST.
    Method,
    /// Body or path unusable before verification.
    Unreadable,
    /// Over a limit.
    TooLarge,
    /// Not verified; nothing says which check failed.
    NotVerified,
    /// Verified, but the envelope is unusable.
    Envelope,
    /// Verified, but it can't be opened.
    Undecryptable,
    /// A handler failed.
    Handler,
    /// A question that nobody answered: a success without data could be read as "nothing to pay".
    Unanswered,
    /// Not now: in work, store unavailable, deadline reached, draining.
    Busy,
}

impl ReplyError {
    /// HTTP status.
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

    /// The reply's `code`, at most 32 characters.
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

    /// The reply's `message`, at most 64 characters.
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
    /// 200, in the protocol's words.
    pub const fn success(protocol: Protocol) -> Self {
        let body = match protocol {
            Protocol::V3 => r#"{"code":"SUCCESS","message":"OK"}"#,
            Protocol::V2 => {
                "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>"
            }
        };
        Self {
            status: 200,
            content_type: content_type(protocol),
            body: Cow::Borrowed(body),
            retry_after: None,
        }
    }

    /// 200 with a handler's own JSON.
    pub const fn json(body: String) -> Self {
        Self {
            status: 200,
            content_type: content_type(Protocol::V3),
            body: Cow::Owned(body),
            retry_after: None,
        }
    }

    /// Returns 200 with the members of a flat JSON object as fields of XML; `None` for any other JSON.
    ///
    /// This is how a v2 question is answered. The caller adds the `sign`.
    pub fn xml(json: &str) -> Option<Self> {
        let doc = Doc::parse(json).ok()?;
        let mut body = "<xml>".to_owned();
        for (name, value) in doc.root().entries() {
            let text = value.text().filter(|_| is_name(&name))?;
            if !text.chars().all(is_char) {
                return None;
            }
            let text = text.replace("]]>", "]]]]><![CDATA[>");
            body.push_str(&format!("<{name}><![CDATA[{text}]]></{name}>"));
        }
        if body.len() == "<xml>".len() {
            return None;
        }
        body.push_str("</xml>");
        Some(Self {
            status: 200,
            content_type: content_type(Protocol::V2),
            body: Cow::Owned(body),
            retry_after: None,
        })
    }

    /// A refusal, in the protocol's words.
    pub fn error(protocol: Protocol, error: ReplyError) -> Self {
        let (code, message) = (error.code(), error.message());
        let body = match protocol {
            Protocol::V3 => format!(r#"{{"code":"{code}","message":"{message}"}}"#),
            Protocol::V2 => format!(
                "<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[{message}]]></return_msg></xml>"
            ),
        };
        let retry_after = matches!(error, ReplyError::Busy).then_some(5);
        Self {
            status: error.status(),
            content_type: content_type(protocol),
            body: Cow::Owned(body),
            retry_after,
        }
    }
}

const fn content_type(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::V3 => "application/json; charset=utf-8",
        Protocol::V2 => "text/xml; charset=utf-8",
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
