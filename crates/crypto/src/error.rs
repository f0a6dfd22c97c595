//! The errors of this crate, which contain nothing of the input.

/// The reason why a key, a signature or a ciphertext was rejected.
///
/// No variant contains input, a key, or anything derived from one, so an `Error` may be logged. The reply to a sender
/// must say less.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An API key that isn't 32 bytes long.
    #[error("the key has {found} bytes, not {expected}")]
    KeyLength {
        /// Required length in bytes.
        expected: usize,
        /// Actual length in bytes.
        found: usize,
    },
    /// PEM text that can't be parsed, or whose section isn't a suitable key; the text says which.
    #[error("not a usable PEM key: {0}")]
    Pem(&'static str),
    /// An X.509 certificate that can't be parsed; the text says why.
    #[error("not a usable certificate: {0}")]
    Certificate(&'static str),
    /// A key that isn't RSA (PKCS#1 `rsaEncryption`).
    #[error("the key is not an RSA key")]
    NotRsa,
    /// An RSA key of less than 2048 bits.
    #[error("the RSA key is smaller than 2048 bits")]
    KeyTooSmall,
    /// An RSA key that is too large: over 8192 bits, or over 4096 for signing.
    #[error("the RSA key is too large")]
    KeyTooLarge,
    /// An RSA key whose numbers are damaged or inconsistent.
    #[error("the RSA key is damaged")]
    MalformedKey,
    /// An unknown name of a cipher or a v2 sign algorithm. The name isn't kept.
    #[error("unknown algorithm")]
    UnknownAlgorithm,
    /// `sign_type` and `algorithm` of a v2 notification name different algorithms.
    #[error("the notification names two different sign algorithms")]
    AlgorithmConflict,
    /// An unknown name of a signature suite. The name isn't kept.
    #[error("unknown signature type")]
    UnknownSignatureType,
    /// An AEAD nonce that isn't 12 bytes long.
    #[error("the nonce is not 12 bytes long")]
    NonceLength,
    /// A ciphertext that is shorter than its 16-byte tag.
    #[error("the ciphertext is shorter than its tag")]
    CiphertextTooShort,
    /// A plaintext that is longer than one AEAD message can be (about 64 GiB).
    #[error("the plaintext is too long")]
    PlaintextTooLong,
    /// The AEAD tag doesn't match: the key is wrong, or the ciphertext, nonce or associated data was altered.
    #[error("decryption failed: the tag does not match")]
    TagMismatch,
    /// A signature that isn't strict standard base64 of a valid length.
    #[error("the signature is not valid base64")]
    SignatureEncoding,
    /// A signature that wasn't made over this message with this key.
    #[error("the signature does not match")]
    BadSignature,
    /// A v2 notification without `sign`, or with an empty one.
    #[error("the signature is missing")]
    MissingSignature,
    /// A v2 notification in which a field name appears twice.
    #[error("a field appears twice")]
    DuplicateField,
    /// A `Wechatpay-Timestamp` that isn't a number of seconds.
    #[error("the timestamp is not a number of seconds")]
    Timestamp,
    /// A timestamp or nonce that contains a line feed, which would make the signed message ambiguous.
    #[error("the timestamp or nonce contains a line feed")]
    LineFeed,
    /// A v2 refund's `req_info` that can't be decrypted. Deliberately doesn't distinguish base64, length and padding.
    #[error("the refund information cannot be opened")]
    Refund,
    /// A field that can't be decrypted. Deliberately doesn't distinguish base64, length, key and padding.
    #[error("the field cannot be opened")]
    Field,
    /// A field's plaintext that is longer than its key can encrypt (214 bytes with RSA-2048).
    #[error("the field is too long to be encrypted")]
    FieldTooLong,
    /// The signature could not be made.
    #[error("signing failed")]
    Signing,
}
