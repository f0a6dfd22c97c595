use thiserror::Error;
use wxhook_wire::ReplyError;

/// A reason to reject a request, for operators. Contains nothing of the request; the platform gets a status and a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The path is no merchant's.
    #[error("no merchant is notified at this path")]
    NotFound,
    /// The method isn't POST.
    #[error("the method is not POST")]
    Method,
    /// The body is empty or whitespace.
    #[error("the body is empty")]
    Empty,
    /// The body ended early or took too long.
    #[error("the body is incomplete")]
    Cut,
    /// The body is larger than the limit.
    #[error("the body is too large")]
    TooLarge,
    /// The XML isn't a v2 notification.
    #[error("{0}")]
    Xml(wxhook_wire::Error),
    /// A `Wechatpay-*` header is missing, empty or not text.
    #[error("a Wechatpay header is missing or invalid")]
    Header,
    /// A `Wechatpay-*` header is repeated, or has two values that a proxy has joined with a comma.
    #[error("duplicate Wechatpay header")]
    DuplicateHeader,
    /// `Wechatpay-Timestamp` isn't a number of seconds.
    #[error("Wechatpay-Timestamp is not a number")]
    Timestamp,
    /// Authentic, but signed more than 300 s before or after this machine's time: its clock is wrong, or it is a replay.
    #[error("authentic, but {0} s away from this machine's clock")]
    Stale(i64),
    /// None of the merchant's platform keys has this serial.
    #[error("no platform key of this merchant has this serial")]
    UnknownKey,
    /// `Wechatpay-Signature-Type` is unknown or not the key's.
    #[error("the signature type is unknown or not the key's")]
    SignatureType,
    /// A signature probe, with which the platform tests that signatures are verified.
    #[error("a signature probe of the platform")]
    Probe,
    /// The signature is wrong.
    #[error("the signature is wrong")]
    Signature,
    /// The merchant of a v2 notification has no API v2 key.
    #[error("a v2 notification, but this merchant has no api_v2_key")]
    NoV2Key,
    /// The `sign` of a v2 notification is wrong, missing or of a wrong algorithm.
    #[error("the sign is wrong or missing")]
    Sign,
    /// A v2 refund can't be decrypted; deliberately doesn't say why.
    #[error("the refund can't be decrypted")]
    Refund,
    /// Verified, but a part of the envelope is missing or invalid.
    #[error("verified, but {0}")]
    Envelope(&'static str),
    /// Verified, but it can't be decrypted: the merchant's key is wrong, or the algorithm is new.
    #[error("verified, but {0}")]
    Sealed(&'static str),
}

impl Rejection {
    /// Returns its name in metrics and logs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::Method => "method",
            Self::Empty => "empty",
            Self::Cut => "cut",
            Self::TooLarge => "too-large",
            Self::Xml(_) => "xml",
            Self::Header => "header",
            Self::DuplicateHeader => "doubled-header",
            Self::Timestamp => "timestamp",
            Self::Stale(_) => "stale",
            Self::UnknownKey => "unknown-key",
            Self::SignatureType => "signature-type",
            Self::Probe => "probe",
            Self::Signature => "signature",
            Self::NoV2Key => "no-v2-key",
            Self::Sign => "sign",
            Self::Refund => "refund",
            Self::Envelope(_) => "envelope",
            Self::Sealed(_) => "sealed",
        }
    }

    /// Returns what the platform is told.
    pub const fn reply_error(&self) -> ReplyError {
        match self {
            Self::NotFound => ReplyError::NotFound,
            Self::Method => ReplyError::Method,
            Self::Empty | Self::Cut | Self::Xml(_) => ReplyError::Unreadable,
            Self::TooLarge => ReplyError::TooLarge,
            Self::Envelope(_) => ReplyError::Envelope,
            Self::Sealed(_) => ReplyError::Undecryptable,
            _ => ReplyError::NotVerified,
        }
    }

    /// Returns whether the request was verified, and is therefore quarantined.
    pub const fn is_verified(&self) -> bool {
        matches!(self, Self::Envelope(_) | Self::Sealed(_))
    }
}
