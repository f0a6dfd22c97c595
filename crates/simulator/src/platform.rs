mod make;
mod notify;
mod tamper;
mod v2;
mod v3;

use std::fmt;

use wxhook_crypto::{ApiV2Key, ApiV3Key, SigningKey};

use crate::Error;

/// A simulated platform for one merchant, with the platform's keys.
///
/// `Debug` doesn't show the keys.
pub struct Platform {
    mchid: String,
    serial: String,
    signing_key: Option<SigningKey>,
    api_v3_key: Option<ApiV3Key>,
    api_v2_key: Option<ApiV2Key>,
}

impl Platform {
    /// Returns a builder, which takes the merchant and the keys for the notifications to make.
    pub fn builder() -> PlatformBuilder {
        PlatformBuilder::default()
    }

    /// Returns the merchant that it sends to.
    pub fn mchid(&self) -> &str {
        &self.mchid
    }

    /// Returns the id of the signing key; empty without one.
    pub fn serial(&self) -> &str {
        &self.serial
    }

    fn signing_key(&self) -> Result<&SigningKey, Error> {
        self.signing_key.as_ref().ok_or(Error::Missing("signing key"))
    }

    fn v3_key(&self) -> Result<&ApiV3Key, Error> {
        self.api_v3_key.as_ref().ok_or(Error::Missing("APIv3 key"))
    }

    fn v2_key(&self) -> Result<&ApiV2Key, Error> {
        self.api_v2_key.as_ref().ok_or(Error::Missing("APIv2 key"))
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platform")
            .field("mchid", &self.mchid)
            .field("serial", &self.serial)
            .finish_non_exhaustive()
    }
}

/// A builder of a [`Platform`].
#[derive(Debug, Default)]
pub struct PlatformBuilder {
    mchid: Option<String>,
    signing_key: Option<(String, SigningKey)>,
    api_v3_key: Option<ApiV3Key>,
    api_v2_key: Option<ApiV2Key>,
}

impl PlatformBuilder {
    /// Sets the merchant.
    pub fn mchid(mut self, mchid: impl Into<String>) -> Self {
        self.mchid = Some(mchid.into());
        self
    }

    /// Sets the key that signs v3, and the id of its public half as the merchant knows it.
    pub fn signing_key(mut self, serial: impl Into<String>, key: SigningKey) -> Self {
        self.signing_key = Some((serial.into(), key));
        self
    }

    /// Sets the key that encrypts resources.
    pub fn api_v3_key(mut self, key: ApiV3Key) -> Self {
        self.api_v3_key = Some(key);
        self
    }

    /// Sets the key that signs v2 and encrypts its refunds.
    pub fn api_v2_key(mut self, key: ApiV2Key) -> Self {
        self.api_v2_key = Some(key);
        self
    }

    /// Builds the platform.
    ///
    /// # Errors
    /// [`Error::Missing`] without the merchant.
    pub fn build(self) -> Result<Platform, Error> {
        let (serial, signing_key) = self.signing_key.unzip();
        Ok(Platform {
            mchid: self.mchid.ok_or(Error::Missing("mchid"))?,
            serial: serial.unwrap_or_default(),
            signing_key,
            api_v3_key: self.api_v3_key,
            api_v2_key: self.api_v2_key,
        })
    }
}
