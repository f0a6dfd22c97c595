use std::sync::Arc;
use wxhook_crypto::{ApiV2Key, ApiV3Key, PlatformKey};

/// The lane of records whose merchant has none of its own: what a worker for all of them claims from.
pub const COMMON_LANE: &str = "default";

/// A merchant: who it is, where it is notified, and the keys that are its own.
///
/// Its notifications are verified and opened with these keys only, whatever they say about themselves.
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
    /// A merchant notified at `/notify/{name}`; `mchid` is its number at the platform.
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

    /// With the key that opens v3 resources.
    #[must_use]
    pub fn api_v3_key(mut self, key: ApiV3Key) -> Self {
        self.api_v3_key = Some(key);
        self
    }

    /// With the key that v2 notifications are signed and refunds are sealed with.
    #[must_use]
    pub fn api_v2_key(mut self, key: ApiV2Key) -> Self {
        self.api_v2_key = Some(key);
        self
    }

    /// With one more platform key, chosen by `Wechatpay-Serial`: a certificate's serial or a public key id.
    #[must_use]
    pub fn platform_key(mut self, id: impl Into<String>, key: PlatformKey) -> Self {
        self.platform_keys.push((id.into(), key));
        self
    }

    /// Accepts payments and refunds that name this merchant number instead of its own, e.g. a second one with the same keys.
    ///
    /// Others are parked, flag [`Flag::OtherMerchant`](wxhook_wire::Flag::OtherMerchant).
    #[must_use]
    pub fn accept_mchid(mut self, mchid: impl Into<String>) -> Self {
        self.accepted_mchids.push(mchid.into());
        self
    }

    /// Notified at this path as well.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.paths.push(path.into());
        self
    }

    /// With its records in a lane of their own, for a sink of its own.
    #[must_use]
    pub fn lane(mut self, lane: impl Into<String>) -> Self {
        self.lane = lane.into();
        self
    }

    /// Returns whether content that names this number is its own.
    pub(crate) fn is_called(&self, mchid: &str) -> bool {
        self.mchid == mchid || self.accepted_mchids.iter().any(|accepted| accepted == mchid)
    }

    pub(crate) fn key_of(&self, serial: &str) -> Option<&PlatformKey> {
        self.platform_keys.iter().find(|(id, _)| id == serial).map(|(_, key)| key)
    }
}
