//! The v3 protocol: a signed JSON envelope around an encrypted resource.

mod envelope;

pub use envelope::{Envelope, Resource};

/// Header names, lower case.
pub mod header {
    /// Which key signed: a platform certificate's serial or a public key id.
    pub const SERIAL: &str = "wechatpay-serial";
    /// Seconds since the epoch.
    pub const TIMESTAMP: &str = "wechatpay-timestamp";
    /// A random string.
    pub const NONCE: &str = "wechatpay-nonce";
    /// The signature, base64.
    pub const SIGNATURE: &str = "wechatpay-signature";
    /// The suite; absent means `WECHATPAY2-SHA256-RSA2048`.
    pub const SIGNATURE_TYPE: &str = "wechatpay-signature-type";
    /// Names the delivery attempt; to be logged, never trusted.
    pub const REQUEST_ID: &str = "request-id";
}

/// Most bytes of a v3 body.
pub const MAX_BYTES: usize = 256 * 1024;
/// Most bytes of `associated_data`.
pub const MAX_ASSOCIATED_DATA: usize = 1024;
