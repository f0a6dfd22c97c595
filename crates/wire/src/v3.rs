//! The v3 protocol: a signed JSON envelope around an encrypted resource.

mod envelope;

pub use envelope::{Envelope, Resource};

/// Header names, lower case.
pub mod header {
    /// The id of the signing key: a platform certificate's serial or a public key id.
    pub const SERIAL: &str = "wechatpay-serial";
    /// Seconds since the epoch.
    pub const TIMESTAMP: &str = "wechatpay-timestamp";
    /// A random string.
    pub const NONCE: &str = "wechatpay-nonce";
    /// The signature, base64.
    pub const SIGNATURE: &str = "wechatpay-signature";
    /// The suite; absent means `WECHATPAY2-SHA256-RSA2048`.
    pub const SIGNATURE_TYPE: &str = "wechatpay-signature-type";
    /// The id of the delivery attempt; log it, but never trust it.
    pub const REQUEST_ID: &str = "request-id";
}

/// Maximum size of a v3 body in bytes.
pub const MAX_BYTES: usize = 256 * 1024;
/// Maximum size of `associated_data` in bytes.
pub const MAX_ASSOCIATED_DATA: usize = 1024;
