//! Errors, which never show the input.

/// Why a key, a signature or a ciphertext was refused.
///
/// No variant holds input, a key, or anything derived from one: an `Error` may be logged. What the sender is told is
/// another matter, and less than this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An API key that isn't 32 bytes long.
    #[error("the key has {found} bytes, not {expected}")]
    KeyLength {
        /// Bytes an API key has.
        expected: usize,
        /// Bytes there were.
        found: usize,
    },
    /// PEM text that can't be read, or whose section isn't a key that is wanted here; says which.
    #[error("not a usable PEM key: {0}")]
    Pem(&'static str),
    /// An X.509 certificate that can't be read; says what about it.
    #[error("not a usable certificate: {0}")]
    Certificate(&'static str),
    /// A key of another kind than RSA (PKCS#1 `rsaEncryption`).
    #[error("the key is not an RSA key")]
    NotRsa,
    /// An RSA key of less than 2048 bits.
    #[error("the RSA key is smaller than 2048 bits")]
    KeyTooSmall,
    /// An RSA key that is larger than supported: 8192 bits, or 4096 to sign with.
    #[error("the RSA key is too large")]
    KeyTooLarge,
    /// An RSA key whose numbers are damaged or don't belong together.
    #[error("the RSA key is damaged")]
    MalformedKey,
    /// The name of a cipher or of a v2 sign algorithm is none that is known; the name isn't kept.
    #[error("unknown algorithm")]
    UnknownAlgorithm,
    /// `sign_type` and `algorithm` of a v2 notification name different algorithms.
    #[error("the notification names two different sign algorithms")]
    AlgorithmConflict,
    /// The name of a signature suite is none that is known; the name isn't kept.
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
    /// The AEAD tag doesn't fit: another key, or altered ciphertext, nonce or associated data.
    #[error("decryption failed: the tag does not match")]
    TagMismatch,
    /// A signature that isn't strict standard base64 of a length that a signature can have.
    #[error("the signature is not valid base64")]
    SignatureEncoding,
    /// A signature that isn't the key's over this message.
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
    /// A timestamp or nonce with a line feed in it: the signed message would be ambiguous.
    #[error("the timestamp or nonce contains a line feed")]
    LineFeed,
    /// A v2 refund's `req_info` that can't be opened; deliberately doesn't say whether base64, length or padding.
    #[error("the refund information cannot be opened")]
    Refund,
    /// A field's own ciphertext that can't be opened; deliberately doesn't say whether base64, length, key or padding.
    #[error("the field cannot be opened")]
    Field,
    /// A field's plaintext that is longer than its key can encrypt (214 bytes with RSA-2048).
    #[error("the field is too long to be encrypted")]
    FieldTooLong,
    /// The signature could not be made.
    #[error("signing failed")]
    Signing,
}
