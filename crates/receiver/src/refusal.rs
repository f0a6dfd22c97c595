use thiserror::Error;
use wxhook_wire::ReplyError;

/// Why a request isn't taken, as the merchant's own people are told. Holds nothing of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No merchant is notified at this path.
    #[error("no merchant is notified at this path")]
    NotFound,
    /// Another method than POST.
    #[error("another method than POST")]
    Method,
    /// Nothing but whitespace.
    #[error("the body is empty")]
    Empty,
    /// The body stopped, or took too long.
    #[error("the body did not arrive")]
    Cut,
    /// Longer than allowed.
    #[error("the body is too large")]
    TooLarge,
    /// XML that isn't a v2 notification.
    #[error("{0}")]
    Xml(wxhook_wire::Error),
    /// A `Wechatpay-*` header is missing, empty or not text.
    #[error("a Wechatpay header is missing or unusable")]
    Header,
    /// A `Wechatpay-*` header stands there twice, or holds two values that a proxy has joined with a comma.
    #[error("a Wechatpay header stands there twice")]
    DoubledHeader,
    /// `Wechatpay-Timestamp` isn't a number of seconds.
    #[error("Wechatpay-Timestamp is not a number")]
    Timestamp,
    /// Authentic, but more than 300 s from this machine's time: the clock is wrong, or it is a replay.
    #[error("authentic, but {0} s away from this machine's clock")]
    Stale(i64),
    /// None of the merchant's platform keys has this serial.
    #[error("no platform key of this merchant has this serial")]
    UnknownKey,
    /// `Wechatpay-Signature-Type` is unknown, or isn't the key's.
    #[error("the signature type is unknown or not the key's")]
    SignatureType,
    /// The platform's own test of whether signatures are really verified.
    #[error("a signature probe of the platform")]
    Probe,
    /// The signature is wrong.
    #[error("the signature is wrong")]
    Signature,
    /// A v2 notification for a merchant without an API v2 key.
    #[error("a v2 notification, but this merchant has no api_v2_key")]
    NoV2Key,
    /// The `sign` of a v2 notification is wrong, missing, or of another algorithm than it must be.
    #[error("the sign is wrong or missing")]
    Sign,
    /// A v2 refund that can't be opened; nothing says why.
    #[error("the refund can't be opened")]
    Refund,
    /// Verified, but a part of the envelope is unusable.
    #[error("verified, but {0}")]
    Envelope(&'static str),
    /// Verified, but it can't be opened: the merchant's key is wrong, or the algorithm is new.
    #[error("verified, but {0}")]
    Sealed(&'static str),
}

impl Refusal {
    /// Its name in metrics and logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::Method => "method",
            Self::Empty => "empty",
            Self::Cut => "cut",
            Self::TooLarge => "too-large",
            Self::Xml(_) => "xml",
            Self::Header => "header",
            Self::DoubledHeader => "doubled-header",
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

    /// What the platform is told.
    pub const fn refused(&self) -> ReplyError {
        match self {
            Self::NotFound => ReplyError::NotFound,
            Self::Method => ReplyError::Method,
            Self::Empty | Self::Cut | Self::Xml(_) => ReplyError::Unreadable,
            Self::TooLarge => ReplyError::TooLarge,
            Self::Header
            | Self::DoubledHeader
            | Self::Timestamp
            | Self::Stale(_)
            | Self::UnknownKey
            | Self::SignatureType
            | Self::Probe
            | Self::Signature
            | Self::NoV2Key
            | Self::Sign
            | Self::Refund => ReplyError::NotVerified,
            Self::Envelope(_) => ReplyError::Envelope,
            Self::Sealed(_) => ReplyError::Undecryptable,
        }
    }

    /// Whether the request was verified, and so is kept in quarantine.
    pub const fn is_verified(&self) -> bool {
        matches!(self, Self::Envelope(_) | Self::Sealed(_))
    }
}
