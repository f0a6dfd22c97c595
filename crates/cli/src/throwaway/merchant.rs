use std::fmt;

use rcgen::{CertificateParams, DnType, KeyPair, RsaKeySize, SerialNumber};
use wxhook_crypto::{ApiV2Key, ApiV3Key, PlatformKey, SigningKey};
use wxhook_simulator::Platform;
use zeroize::Zeroizing;

use super::{Error, quoted};

/// Characters of an API key.
const KEY_LENGTH: usize = 32;
/// Bytes of a certificate's serial number.
const SERIAL_BYTES: usize = 20;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789Aa";

/// How a merchant knows the platform's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlatformKeyKind {
    /// A bare public key with an id of its own, `PUB_KEY_ID_…`.
    PublicKey,
    /// A certificate, self-signed, known by its serial number.
    Certificate,
}

/// A merchant, with the keys of both sides: its own, and the one that the platform signs with for it.
///
/// `Debug` shows no key.
pub struct Merchant {
    name: String,
    mchid: String,
    key_id: String,
    platform_key: String,
    private_key: Zeroizing<String>,
    api_v3_key: Zeroizing<String>,
    api_v2_key: Zeroizing<String>,
    /// Of its files, as `files` gives them.
    names: [String; 4],
}

impl Merchant {
    /// A merchant with new keys: RSA-2048, and API keys of 32 characters.
    ///
    /// `name` becomes part of paths and file names: lower-case letters, digits, `-` and `_`.
    ///
    /// # Errors
    /// [`Error::Random`] and [`Error::Key`].
    pub fn new(
        name: impl Into<String>,
        mchid: impl Into<String>,
        kind: PlatformKeyKind,
    ) -> Result<Self, Error> {
        let (name, mchid) = (name.into(), mchid.into());
        let pair = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048)
            .map_err(|_| Error::Key("key pair"))?;
        let (key_id, platform_key) = match kind {
            PlatformKeyKind::PublicKey => (public_key_id(&mchid)?, pair.public_key_pem()),
            PlatformKeyKind::Certificate => certificate(&pair)?,
        };
        let suffix = match kind {
            PlatformKeyKind::PublicKey => "wechatpay-pub.pem",
            PlatformKeyKind::Certificate => "wechatpay-cert.pem",
        };
        let names = [suffix, "wechatpay-private.pem", "api-v3-key", "api-v2-key"]
            .map(|file| format!("{name}-{file}"));
        Ok(Self {
            name,
            mchid,
            key_id,
            platform_key,
            private_key: Zeroizing::new(pair.serialize_pem()),
            api_v3_key: api_key()?,
            api_v2_key: api_key()?,
            names,
        })
    }

    /// Its name in the configuration; it is notified at `/notify/<name>`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number with the platform.
    pub fn mchid(&self) -> &str {
        &self.mchid
    }

    /// What `Wechatpay-Serial` says: the platform key's id.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The platform's stand-in for this merchant, which signs and encrypts what is sent to it.
    ///
    /// # Errors
    /// [`Error::Key`] never, unless the crypto library refuses what another one made.
    pub fn platform(&self) -> Result<Platform, Error> {
        let key = |_| Error::Key("platform");
        Platform::builder()
            .mchid(&*self.mchid)
            .signing_key(&*self.key_id, SigningKey::from_pem(self.private_key.as_bytes()).map_err(key)?)
            .api_v3_key(ApiV3Key::new(self.api_v3_key.as_bytes()).map_err(key)?)
            .api_v2_key(ApiV2Key::new(self.api_v2_key.as_bytes()).map_err(key)?)
            .build()
            .map_err(|_| Error::Key("platform"))
    }

    /// Name and content of each of its files: the platform's public key or certificate first, then the secrets.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        let contents = [&self.platform_key, &*self.private_key, &*self.api_v3_key, &*self.api_v2_key];
        self.names.iter().zip(contents).map(|(name, content)| (name.as_str(), content.as_str()))
    }

    /// The table of the platform's part.
    pub(super) fn to_simulator(&self) -> String {
        let [_, private_key, ..] = &self.names;
        format!(
            "\n[simulator]              # for `wxhook trigger`\nserial = {}\nprivate_key_file = {}\n",
            quoted(&self.key_id),
            quoted(private_key),
        )
    }

    /// Its table in the configuration.
    pub(super) fn to_toml(&self) -> String {
        let [platform_key, _, api_v3_key, api_v2_key] = self.names.each_ref().map(|name| quoted(name));
        let (name, mchid, id) = (quoted(&self.name), quoted(&self.mchid), quoted(&self.key_id));
        format!(
            "\n[[merchant]]\nname = {name}\nmchid = {mchid}\napi_v3_key_file = {api_v3_key}\n\
             api_v2_key_file = {api_v2_key}\n\n[[merchant.platform_key]]\nid = {id}\nfile = {platform_key}\n"
        )
    }
}

impl fmt::Debug for Merchant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merchant")
            .field("name", &self.name)
            .field("mchid", &self.mchid)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// A self-signed certificate and its serial number.
fn certificate(pair: &KeyPair) -> Result<(String, String), Error> {
    let wrong = |_| Error::Key("certificate");
    let mut serial = [0; SERIAL_BYTES];
    fill(&mut serial)?;
    // Positive and of full length (RFC 5280, section 4.1.2.2).
    if let Some(first) = serial.first_mut() {
        *first = *first & 0x3f | 0x40;
    }
    let mut params = CertificateParams::new(Vec::new()).map_err(wrong)?;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.distinguished_name.push(DnType::CommonName, "wxhook throw-away platform certificate");
    let pem = params.self_signed(pair).map_err(wrong)?.pem();
    let key = PlatformKey::from_pem(pem.as_bytes()).map_err(|_| Error::Key("certificate"))?;
    Ok((key.serial().ok_or(Error::Key("certificate"))?.to_owned(), pem))
}

/// As long as real ones.
fn public_key_id(mchid: &str) -> Result<String, Error> {
    let mut random = [0; 8];
    fill(&mut random)?;
    Ok(format!("PUB_KEY_ID_01{mchid}{:014}", u64::from_le_bytes(random) % 100_000_000_000_000))
}

fn api_key() -> Result<Zeroizing<String>, Error> {
    let mut random = Zeroizing::new([0; KEY_LENGTH]);
    fill(random.as_mut_slice())?;
    let symbol = |byte: &u8| ALPHABET.get(usize::from(byte % 64)).copied().map_or('0', char::from);
    Ok(Zeroizing::new(random.iter().map(symbol).collect()))
}

fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|_| Error::Random)
}
