#![doc = include_str!("../README.md")]

mod aead;
mod api_key;
mod certificate;
mod digest;
mod error;
#[cfg(feature = "aws-lc-rs")]
mod field;
mod pem;
mod platform_key;
mod proof;
mod rsa;
mod signature_type;
mod signing_key;
pub mod v2;
pub mod v3;

#[cfg(feature = "aws-lc-rs")]
use aws_lc_rs as backend;
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
use ring as backend;
#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
compile_error!("enable the feature `ring` or `aws-lc-rs` of wxhook-crypto");

pub use aead::AeadAlgorithm;
pub use api_key::{ApiV2Key, ApiV3Key};
pub use digest::sha256;
pub use error::Error;
#[cfg(feature = "aws-lc-rs")]
pub use field::{FieldText, MerchantKey};
pub use platform_key::PlatformKey;
pub use proof::{Decrypted, Proof, Verified};
pub use signature_type::SignatureType;
pub use signing_key::SigningKey;
