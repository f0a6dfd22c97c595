use std::time::Duration;

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
    /// Encrypting or signing failed.
    #[error("can't encrypt or sign")]
    Crypto(#[from] wxhook_crypto::Error),
    /// The envelope couldn't be written.
    #[error("can't write the envelope")]
    Envelope,
    /// Not an absolute `http` URL.
    #[error("not an absolute http URL")]
    Url,
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
