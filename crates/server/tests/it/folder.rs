//! A folder with a configuration and the keys that it names.

use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, SerialNumber};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tempfile::TempDir;
use wxhook_server::{Config, ConfigErrors};

pub(crate) const V3_KEY: &str = "s3cretV3s3cretV3s3cretV3s3cretV3";
pub(crate) const V2_KEY: &str = "s3cretV2s3cretV2s3cretV2s3cretV2";
pub(crate) const TOKEN: &str = "s3cret-token";
pub(crate) const KEY_ID: &str = "PUB_KEY_ID_0119000001092024";
pub(crate) const SERIAL: &str = "5F1C72E2A8931B72";

/// The platform's keys: made once, since RSA takes its time.
pub(crate) struct Keys {
    pub(crate) private: String,
    pub(crate) public: String,
    pub(crate) certificate: String,
    pub(crate) expired: String,
}

pub(crate) static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.serial_number = Some(SerialNumber::from_slice(&[0x5f, 0x1c, 0x72, 0xe2, 0xa8, 0x93, 0x1b, 0x72]));
    let certificate = params.self_signed(&pair).unwrap().pem();
    params.not_after = rcgen::date_time_ymd(2000, 1, 1);
    let expired = params.self_signed(&pair).unwrap().pem();
    Keys { private: pair.serialize_pem(), public: pair.public_key_pem(), certificate, expired }
});

/// A working configuration of one merchant with everything.
pub(crate) const WHOLE: &str = r#"
listen = "127.0.0.1:0"
admin_listen = "127.0.0.1:0"
public_url = "https://pay.example.com/notify/"

[store]
url = "sqlite://wxhook.db"
retention = "9d"

[[merchant]]
name = "shop"
mchid = "1900000109"
api_v3_key = "s3cretV3s3cretV3s3cretV3s3cretV3"
api_v2_key = "s3cretV2s3cretV2s3cretV2s3cretV2"
paths = ["/pay/wechat/callback"]

[[merchant.platform_key]]
id = "PUB_KEY_ID_0119000001092024"
file = "pub.pem"

[[merchant.platform_key]]
file = "cert.pem"

[sink]
kind = "stdout"
"#;

/// The least: one v2 merchant on a store in memory.
pub(crate) const SMALL: &str = r#"
listen = "127.0.0.1:0"
admin_listen = "127.0.0.1:0"
[store]
url = "memory://"
[[merchant]]
name = "shop"
mchid = "1900000109"
api_v2_key = "s3cretV2s3cretV2s3cretV2s3cretV2"
"#;

pub(crate) struct Folder(TempDir);

impl Folder {
    /// Creates one with the keys, and secrets that only their owner can read.
    pub(crate) fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("pub.pem", &KEYS.public);
        folder.write("cert.pem", &KEYS.certificate);
        folder.write("key.pem", &KEYS.private);
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// A file that only its owner can read.
    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, content).unwrap();
        self.mode(name, 0o600);
        path
    }

    pub(crate) fn mode(&self, name: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(self.path().join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(crate) fn load(&self, text: &str) -> Result<Config, ConfigErrors> {
        self.load_with(text, &[])
    }

    pub(crate) fn load_with(&self, text: &str, env: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
        let path = self.write("wxhook.toml", text);
        Config::load(&path, env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    /// The faults, with the folder's path taken out; none of them shows a secret.
    pub(crate) fn faults(&self, text: &str, env: &[(&str, &str)]) -> Vec<String> {
        let errors = self.load_with(text, env).expect_err("this configuration has a fault");
        let whole = format!("{errors}\n{errors:?}");
        for secret in ["s3cret", &KEYS.private[60..120]] {
            assert!(!whole.contains(secret), "{whole}");
        }
        assert_eq!(errors.to_string().lines().count(), errors.faults().len());
        let prefix = format!("{}/", self.path().display());
        errors.to_string().lines().map(|line| line.replace(&prefix, "")).collect()
    }
}
