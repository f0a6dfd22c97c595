//! The configuration's shape, before anything in it is parsed. What stands here may be secret: no `Debug`.
//! Unknown keys are the schema's to report.

use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawConfig {
    pub(super) listen: Option<String>,
    pub(super) admin_listen: Option<String>,
    pub(super) admin_token: Option<String>,
    pub(super) admin_token_file: Option<String>,
    pub(super) public_url: Option<String>,
    pub(super) limits: RawLimits,
    pub(super) store: RawStore,
    pub(super) merchant: Vec<RawMerchant>,
    pub(super) sink: Option<RawSink>,
    pub(super) simulator: Option<RawSimulator>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawLimits {
    pub(super) body: Option<String>,
    pub(super) in_flight: Option<String>,
    pub(super) connections: Option<String>,
    pub(super) header_timeout: Option<String>,
    pub(super) body_timeout: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawStore {
    pub(super) url: Option<String>,
    pub(super) url_file: Option<String>,
    pub(super) retention: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawMerchant {
    pub(super) name: Option<String>,
    pub(super) mchid: Option<String>,
    pub(super) api_v3_key: Option<String>,
    pub(super) api_v3_key_file: Option<String>,
    pub(super) api_v2_key: Option<String>,
    pub(super) api_v2_key_file: Option<String>,
    pub(super) accept_mchids: Vec<String>,
    pub(super) paths: Vec<String>,
    pub(super) platform_key: Vec<RawPlatformKey>,
    pub(super) sink: Option<RawSink>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawPlatformKey {
    pub(super) id: Option<String>,
    pub(super) file: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawSink {
    pub(super) kind: Option<String>,
    pub(super) url: Option<String>,
    pub(super) url_file: Option<String>,
    pub(super) secret: Option<String>,
    pub(super) secret_file: Option<String>,
    pub(super) timeout: Option<String>,
    pub(super) success: Option<String>,
    pub(super) give_up_after: Option<String>,
    pub(super) path: Option<String>,
    pub(super) rotate_size: Option<String>,
    pub(super) rotate_keep: Option<String>,
    pub(super) stream: Option<String>,
    pub(super) max_len: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawSimulator {
    pub(super) serial: Option<String>,
    pub(super) private_key_file: Option<String>,
}
