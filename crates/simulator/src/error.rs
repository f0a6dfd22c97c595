use std::time::Duration;

use crate::Tamper;

/// An error in making or sending a notification. Holds no key, body or plaintext.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The platform lacks a required key or setting.
    #[error("the platform was given no {0}")]
    Missing(&'static str),
    /// The system provides no random bytes.
    #[error("no random bytes")]
    Random,
    /// The encryption nonce isn't 12 bytes long.
    #[error("the nonce to encrypt with is not 12 bytes long")]
    Nonce,
    /// The name or value of a v2 field can't be written as XML.
    #[error("a field can't be written as XML")]
    Field,
    /// A resource is invalid; the text gives the reason.
    #[error("the resource {0}")]
    Resource(&'static str),
    /// A path doesn't exist in the resource.
    #[error("the path leads nowhere")]
    Path,
    /// The request lacks the part to change; the text gives the reason.
    #[error("can't tamper with the {0}: {1}")]
    Tamper(Tamper, &'static str),
    /// A v2 message can't be a probe: v2 has no signature header.
    #[error("a v2 notification can't be a probe: it has no signature header")]
    Probe,
    /// The text isn't the name of a [`Tamper`].
    #[error("expected one of body, signature, timestamp, nonce, serial, aad")]
    UnknownTamper,
    /// The text is neither the name of a schedule nor a list of waits.
    #[error("expected standard, score, score-from-0, transfer, once, or waits like `15s x10, 300s x10`")]
    Schedule,
    /// The speed isn't a whole number.
    #[error("expected how many times faster, e.g. 1000x")]
    Speed,
    /// A campaign has no event to send.
    #[error("the campaign has no event")]
    NoEvent,
    /// Encrypting or signing failed.
    #[error("can't encrypt or sign")]
    Crypto(#[from] wxhook_crypto::Error),
    /// The envelope couldn't be written.
    #[error("can't write the envelope")]
    Envelope,
    /// The URL isn't an absolute `http` URL or, with the feature `https`, an absolute `https` URL.
    #[error("not an absolute http URL")]
    Url,
    /// The certificates to trust are unusable; the text gives the reason.
    #[error("{0}")]
    Trust(&'static str),
    /// A header isn't valid in HTTP.
    #[error("a header can't be sent")]
    Header,
    /// Connecting, sending or receiving failed.
    #[error("no usable answer")]
    Send(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer took longer than the client's deadline.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
}
