use std::time::Duration;

use crate::Tamper;

/// Why a notification couldn't be made or sent. Holds no key, body or plaintext.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The platform wasn't given what this takes.
    #[error("the platform was given no {0}")]
    Missing(&'static str),
    /// The system gives no random bytes.
    #[error("no random bytes")]
    Random,
    /// The nonce to encrypt with isn't 12 bytes long.
    #[error("the nonce to encrypt with is not 12 bytes long")]
    Nonce,
    /// A v2 field whose name or value XML can't hold.
    #[error("a field can't be written as XML")]
    Field,
    /// A resource that isn't what it has to be; says what is wrong.
    #[error("the resource {0}")]
    Resource(&'static str),
    /// A path that leads nowhere in the resource.
    #[error("the path leads nowhere")]
    Path,
    /// The request has nothing of the kind that shall be changed; says why.
    #[error("can't tamper with the {0}: {1}")]
    Tamper(Tamper, &'static str),
    /// v2 has no signature header, which is what a probe's is wrong in.
    #[error("a v2 notification can't be a probe: it has no signature header")]
    Probe,
    /// Not the name of a [`Tamper`].
    #[error("expected one of body, signature, timestamp, nonce, serial, aad")]
    UnknownTamper,
    /// Neither the name of a schedule nor a list of waits.
    #[error("expected standard, score, score-from-0, transfer, once, or waits like `15s x10, 300s x10`")]
    Schedule,
    /// Not a whole number of times.
    #[error("expected how many times faster, e.g. 1000x")]
    Speed,
    /// A campaign has nothing to send.
    #[error("the campaign has no event")]
    NoEvent,
    /// Encrypting or signing failed.
    #[error("can't encrypt or sign")]
    Crypto(#[from] wxhook_crypto::Error),
    /// The envelope couldn't be written.
    #[error("can't write the envelope")]
    Envelope,
    /// Not an absolute `http` URL, or with the feature `https` an absolute `https` URL.
    #[error("not an absolute http URL")]
    Url,
    /// The certificates to trust can't be used; says why.
    #[error("{0}")]
    Trust(&'static str),
    /// A header that HTTP can't carry.
    #[error("a header can't be sent")]
    Header,
    /// Connecting, sending or receiving failed.
    #[error("no usable answer")]
    Send(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer took longer than the client waits.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
}
