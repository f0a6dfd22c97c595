use std::sync::Arc;
use wxhook_crypto::{ApiV2Key, ApiV3Key, PlatformKey};

/// The lane of merchants without a lane of their own.
pub const COMMON_LANE: &str = "default";

/// A merchant: its name and number, its notify paths and its keys.
///
/// Its notifications are verified and decrypted with these keys only, whatever they contain.
#[derive(Debug, Clone)]
pub struct Merchant {
    pub(crate) name: Arc<str>,
    pub(crate) mchid: String,
    accepted_mchids: Vec<String>,
    pub(crate) api_v3_key: Option<ApiV3Key>,
    pub(crate) api_v2_key: Option<ApiV2Key>,
    pub(crate) platform_keys: Vec<(String, PlatformKey)>,
    pub(crate) paths: Vec<String>,
    pub(crate) lane: String,
}

impl Merchant {
    /// Creates a merchant that is notified at `/notify/{name}`; `mchid` is its number at the platform.
    pub fn new(name: impl Into<Arc<str>>, mchid: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            mchid: mchid.into(),
            accepted_mchids: Vec::new(),
            api_v3_key: None,
            api_v2_key: None,
            platform_keys: Vec::new(),
            paths: Vec::new(),
            lane: COMMON_LANE.to_owned(),
        }
    }

    /// Sets the key that decrypts v3 resources.
    #[must_use]
    pub fn api_v3_key(mut self, key: ApiV3Key) -> Self {
        self.api_v3_key = Some(key);
        self
    }

    /// Sets the key that signs v2 notifications and decrypts v2 refunds.
    #[must_use]
    pub fn api_v2_key(mut self, key: ApiV2Key) -> Self {
        self.api_v2_key = Some(key);
        self
    }

    /// Adds a platform key, which `Wechatpay-Serial` names by `id`: a public key id or a certificate's serial.
    #[must_use]
    pub fn platform_key(mut self, id: impl Into<String>, key: PlatformKey) -> Self {
        self.platform_keys.push((id.into(), key));
        self
    }

    /// Adds a platform certificate, whose id is its own serial. A bare public key fails at
    /// [`build`](crate::Builder::build).
    #[must_use]
    pub fn platform_certificate(self, certificate: PlatformKey) -> Self {
        let serial = certificate.serial().unwrap_or_default().to_owned();
        self.platform_key(serial, certificate)
    }

    /// Accepts payments and refunds that name this merchant number, e.g. a second one with the same keys.
    ///
    /// Those that name another number are parked, flag [`Flag::OtherMerchant`](wxhook_wire::Flag::OtherMerchant).
    #[must_use]
    pub fn accept_mchid(mut self, mchid: impl Into<String>) -> Self {
        self.accepted_mchids.push(mchid.into());
        self
    }

    /// Adds a notify path.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.paths.push(path.into());
        self
    }

    /// Sets the lane of its records, the queue of one sink; [`COMMON_LANE`] by default.
    #[must_use]
    pub fn lane(mut self, lane: impl Into<String>) -> Self {
        self.lane = lane.into();
        self
    }

    /// Returns whether this merchant number is one of its own.
    pub(crate) fn accepts(&self, mchid: &str) -> bool {
        self.mchid == mchid || self.accepted_mchids.iter().any(|accepted| accepted == mchid)
    }

    pub(crate) fn find_platform_key(&self, serial: &str) -> Option<&PlatformKey> {
        self.platform_keys.iter().find(|(id, _)| id == serial).map(|(_, key)| key)
    }
}
