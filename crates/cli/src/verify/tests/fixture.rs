//! Keys made by the `openssl` program, a configuration with them, and a platform that has their other halves.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tempfile::TempDir;
use wxhook_crypto::v2::SignAlgorithm;
use wxhook_crypto::{ApiV2Key, ApiV3Key, SigningKey};
use wxhook_server::Config;
use wxhook_simulator::samples::{self, Case as Sample};
use wxhook_simulator::{Nonces, Notification, Platform, SignedRequest};
use wxhook_wire::Catalog;

use super::super::capture::Captured;
use super::super::case::Case;
use super::super::checks;
use super::super::report::Report;

pub(super) const NOW: u64 = 1_767_225_600;
pub(super) const MCHID: &str = "1900000109";
pub(super) const SERIAL: &str = "PUB_KEY_ID_0119000001092024";
pub(super) const CERTIFICATE: &str = "5F1C72E2A8931B72A2E13AF8DEE92471EB397115";
const MERCHANTS_OWN: &str = "37AC2E8931B72A2E13AF8DEE92471EB3971150AA";
pub(super) const V3_KEY: &str = "a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb";
pub(super) const V2_KEY: &str = "192006250b4c09247ec02edce69f6a2d";
pub(super) const MARKET_V3_KEY: &str = "MarketV3MarketV3MarketV3MarketV3";
pub(super) const MARKET_V2_KEY: &str = "MarketV2MarketV2MarketV2MarketV2";
/// Stands in plaintexts and in values of v2 fields.
pub(super) const MARKER: &str = "pLaInTeXt-MaRkEr";

static CATALOG: LazyLock<Arc<dyn Catalog>> = LazyLock::new(wxhook_events::catalog);

/// The secrets that no output may contain.
pub(super) static SECRETS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let fixture = Fixture::get();
    let mut secrets: Vec<_> =
        [V3_KEY, V2_KEY, MARKET_V3_KEY, MARKET_V2_KEY, MARKER].map(str::to_owned).into();
    for name in ["private.pem", "certificate-private.pem", "market-private.pem"] {
        let pem = std::fs::read_to_string(fixture.path(name)).unwrap();
        secrets
            .extend(pem.lines().filter(|line| line.len() > 30 && !line.contains("-----")).map(str::to_owned));
    }
    // Signatures and signs that would be right.
    for request in [v3(), by_certificate()] {
        let signature = request.header("Wechatpay-Signature").unwrap();
        secrets.extend([signature[..40].to_owned(), signature[100..140].to_owned()]);
    }
    for algorithm in [SignAlgorithm::Md5, SignAlgorithm::HmacSha256] {
        let body = String::from_utf8(payment(algorithm).body).unwrap();
        secrets.push(body.split("<sign>").nth(1).unwrap().trim_start_matches("<![CDATA[")[..32].to_owned());
    }
    secrets
});

/// Id and file.
type Key<'k> = (Option<&'k str>, &'k str);

pub(super) const PUBLIC: &[Key<'static>] = &[(Some(SERIAL), "public.pem")];

pub(super) struct Fixture {
    folder: TempDir,
    pub(super) config: Config,
}

impl Fixture {
    pub(super) fn get() -> &'static Self {
        static FIXTURE: LazyLock<Fixture> = LazyLock::new(Fixture::new);
        &FIXTURE
    }

    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        for prefix in ["", "certificate-", "market-"] {
            let private = format!("{prefix}private.pem");
            openssl(
                dir,
                &[
                    "genpkey",
                    "-quiet",
                    "-algorithm",
                    "RSA",
                    "-pkeyopt",
                    "rsa_keygen_bits:2048",
                    "-out",
                    &private,
                ],
            );
            openssl(dir, &["pkey", "-in", &private, "-pubout", "-out", &format!("{prefix}public.pem")]);
        }
        for (key, serial, subject, out) in [
            (
                "certificate-private.pem",
                CERTIFICATE,
                "/C=CN/O=Tenpay.com/OU=Tenpay.com CA Center/CN=Tenpay.com sign",
                "certificate.pem",
            ),
            ("market-private.pem", MERCHANTS_OWN, "/CN=1900000109/O=wxhook/C=CN", "own.pem"),
        ] {
            let serial = format!("0x{serial}");
            openssl(
                dir,
                &[
                    "req",
                    "-x509",
                    "-new",
                    "-key",
                    key,
                    "-set_serial",
                    &serial,
                    "-days",
                    "3650",
                    "-subj",
                    subject,
                    "-out",
                    out,
                ],
            );
        }
        let config = load(
            dir,
            &toml(&[(Some(SERIAL), "public.pem"), (None, "certificate.pem")], Some(V3_KEY), Some(V2_KEY)),
        );
        Self { folder, config }
    }

    pub(super) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// The same with other platform keys (id and file) of the merchant.
    pub(super) fn with_keys(&self, keys: &[Key<'_>]) -> Config {
        load(self.folder.path(), &toml(keys, Some(V3_KEY), Some(V2_KEY)))
    }

    /// The same with other API keys of the merchant.
    pub(super) fn with_api_keys(&self, v3: Option<&str>, v2: Option<&str>, keys: &[Key<'_>]) -> Config {
        load(self.folder.path(), &toml(keys, v3, v2))
    }
}

fn toml(keys: &[Key<'_>], v3: Option<&str>, v2: Option<&str>) -> String {
    let secret = |name: &str, value: Option<&str>| {
        value.map(|value| format!("{name} = {value:?}\n")).unwrap_or_default()
    };
    let keys: String = keys
        .iter()
        .map(|(id, file)| {
            let id = id.map(|id| format!("id = {id:?}\n")).unwrap_or_default();
            format!("[[merchant.platform_key]]\n{id}file = {file:?}\n")
        })
        .collect();
    format!(
        "[store]\nurl = \"memory://\"\n[[merchant]]\nname = \"shop\"\nmchid = {MCHID:?}\n{}{}{keys}\
         [[merchant]]\nname = \"market\"\nmchid = \"10000100\"\napi_v3_key = {MARKET_V3_KEY:?}\napi_v2_key = {MARKET_V2_KEY:?}\n\
         [[merchant.platform_key]]\nid = \"PUB_KEY_ID_MARKET\"\nfile = \"market-public.pem\"\n",
        secret("api_v3_key", v3),
        secret("api_v2_key", v2),
    )
}

fn load(dir: &Path, toml: &str) -> Config {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let path = dir.join(format!("{}.toml", COUNT.fetch_add(1, Ordering::Relaxed)));
    std::fs::write(&path, toml).unwrap();
    Config::load(&path, []).unwrap()
}

fn openssl(dir: &Path, arguments: &[&str]) {
    let output =
        Command::new("openssl").args(arguments).current_dir(dir).output().expect("the openssl program");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn platform_with(private: &str, serial: &str, (v3, v2): (&str, &str)) -> Platform {
    let pem = std::fs::read(Fixture::get().path(private)).unwrap();
    Platform::builder()
        .mchid(MCHID)
        .signing_key(serial, SigningKey::from_pem(&pem).unwrap())
        .api_v3_key(ApiV3Key::new(v3.as_bytes()).unwrap())
        .api_v2_key(ApiV2Key::new(v2.as_bytes()).unwrap())
        .build()
        .unwrap()
}

pub(super) fn platform() -> Platform {
    platform_with("private.pem", SERIAL, (V3_KEY, V2_KEY))
}

/// It has the right signing key and these API keys.
pub(super) fn platform_with_keys(v3: &str, v2: &str) -> Platform {
    platform_with("private.pem", SERIAL, (v3, v2))
}

/// It signs with this private key under this id.
pub(super) fn platform_signing(private: &str, serial: &str) -> Platform {
    platform_with(private, serial, (V3_KEY, V2_KEY))
}

/// A signature by the platform's key, as the headers have it.
pub(super) fn sign(message: &[u8]) -> String {
    let pem = std::fs::read(Fixture::get().path("private.pem")).unwrap();
    BASE64_STANDARD.encode(SigningKey::from_pem(&pem).unwrap().sign(message).unwrap())
}

pub(super) fn nonces() -> Nonces {
    Nonces::seeded(7)
}

pub(super) fn paid() -> Notification {
    let mut paid = samples::v3::transaction(&Sample::new(MCHID, 7));
    paid.resource = paid.resource.replacen('{', &format!("{{\"marker\":\"{MARKER}\","), 1);
    paid.summary = "支付/成功 <1>".to_owned();
    paid
}

/// A good v3 request, signed by the public key's other half.
pub(super) fn v3() -> SignedRequest {
    platform().v3(&paid(), NOW, &nonces()).unwrap()
}

/// The same, signed by the certificate's.
pub(super) fn by_certificate() -> SignedRequest {
    platform_signing("certificate-private.pem", CERTIFICATE).v3(&paid(), NOW, &nonces()).unwrap()
}

/// Returns the fields of a good v2 payment, with an empty one and one that needs escapes.
pub(super) fn fields() -> Vec<(String, String)> {
    let mut fields = samples::v2::payment(&Sample::new(MCHID, 7));
    fields.push(("detail".to_owned(), format!("{MARKER} a&b <c>")));
    fields.push(("device_info".to_owned(), String::new()));
    fields
}

pub(super) fn payment(algorithm: SignAlgorithm) -> SignedRequest {
    platform().v2(fields(), algorithm, &nonces()).unwrap()
}

pub(super) fn refund() -> SignedRequest {
    refund_by(&platform())
}

pub(super) fn refund_by(platform: &Platform) -> SignedRequest {
    let refund = samples::v2::refund(&Sample::new(MCHID, 7));
    platform.v2_refund(refund.fields, &refund.req_info, &nonces()).unwrap()
}

pub(super) fn deposit_free(platform: &Platform) -> SignedRequest {
    platform.v2_deposit_free(&samples::v2::deposit_free(&Sample::new(MCHID, 7)), &nonces()).unwrap()
}

pub(super) fn with_body(mut request: SignedRequest, body: impl Into<Vec<u8>>) -> SignedRequest {
    request.body = body.into();
    request
}

pub(super) fn with_header(mut request: SignedRequest, name: &str, value: &str) -> SignedRequest {
    request.set_header(name, value);
    request
}

pub(super) fn text(request: &SignedRequest) -> String {
    String::from_utf8(request.body.clone()).unwrap()
}

pub(super) fn headers(request: &SignedRequest) -> Vec<(String, String)> {
    request.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect()
}

/// Returns the report on a request to the first merchant.
pub(super) fn explained(config: &Config, request: &SignedRequest, now: u64) -> Report {
    explained_at(config, request, now, None)
}

/// The same of a request to this path.
pub(super) fn explained_at(config: &Config, request: &SignedRequest, now: u64, path: Option<&str>) -> Report {
    let path = path.map(str::to_owned);
    let captured = Captured { headers: headers(request), body: Some(request.body.clone()), path };
    let case = Case::new(config, &config.merchants[0], Arc::clone(&CATALOG), captured, (now, true));
    checks::report(&case)
}
