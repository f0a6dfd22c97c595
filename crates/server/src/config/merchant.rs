use super::fault::KeyFault;
use super::raw::{RawMerchant, RawPlatformKey};
use super::reader::Reader;
use super::sink::{self, Around, SinkConfig};
use std::collections::HashMap;
use wxhook_crypto::{ApiV2Key, ApiV3Key, Error, PlatformKey};
use wxhook_receiver::Merchant;

/// What the ids of the platform's public keys begin with.
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_";
/// Seconds.
const DAY: i64 = 86_400;
/// A certificate that ends within this should have its successor beside it.
const SOON: i64 = 30 * DAY;

/// A merchant whose notifications are taken. `Debug` shows no key.
#[derive(Debug)]
#[non_exhaustive]
pub struct MerchantConfig {
    /// Its name here, unique: lower-case letters, digits, `-` and `_`.
    pub name: String,
    /// Its number with the platform; several may share one.
    pub mchid: String,
    /// Further numbers whose payments and refunds are its own; those of other numbers are parked.
    pub accept_mchids: Vec<String>,
    /// For v3; there is at least one platform key with it.
    pub api_v3_key: Option<ApiV3Key>,
    /// For v2. At least one of the two keys is there.
    pub api_v2_key: Option<ApiV2Key>,
    /// Platform keys by the id that `Wechatpay-Serial` names.
    pub platform_keys: Vec<(String, PlatformKey)>,
    /// Paths besides `/notify/<name>`.
    pub paths: Vec<String>,
    /// Its own sink.
    pub sink: Option<SinkConfig>,
}

impl MerchantConfig {
    /// Whether anything can be verified for it.
    pub(crate) fn has_key(&self) -> bool {
        self.api_v2_key.is_some() || (self.api_v3_key.is_some() && !self.platform_keys.is_empty())
    }
}

impl From<&MerchantConfig> for Merchant {
    /// The receiver's merchant with these keys and paths, in the common lane.
    fn from(config: &MerchantConfig) -> Self {
        let mut merchant = Self::new(config.name.as_str(), config.mchid.as_str());
        if let Some(key) = &config.api_v3_key {
            merchant = merchant.api_v3_key(key.clone());
        }
        if let Some(key) = &config.api_v2_key {
            merchant = merchant.api_v2_key(key.clone());
        }
        for (id, key) in &config.platform_keys {
            merchant = merchant.platform_key(id.as_str(), key.clone());
        }
        let accepted = config.accept_mchids.iter();
        merchant = accepted.fold(merchant, |merchant, mchid| merchant.accept_mchid(mchid.as_str()));
        config.paths.iter().fold(merchant, |merchant, path| merchant.path(path.as_str()))
    }
}

/// `around` is what sinks depend on.
pub(super) fn parse_all(
    reader: &mut Reader<'_>,
    raw: Vec<RawMerchant>,
    around: &mut Around<'_>,
) -> Vec<MerchantConfig> {
    if raw.is_empty() {
        reader.fault("merchant", "there is none", "add [[merchant]] with name, mchid and keys");
    }
    // Faults of the form `used by` need every name first.
    let names: Vec<String> = raw.iter().map(|merchant| merchant.name.clone().unwrap_or_default()).collect();
    let mut paths = HashMap::new();
    let mut merchants = Vec::new();
    for (nth, mut raw) in raw.into_iter().enumerate() {
        let path = format!("merchant[{nth}]");
        let sink = raw.sink.take();
        let mut merchant = parse(reader, raw, &path, nth, &names, &mut paths);
        merchant.sink = sink.and_then(|raw| sink::parse(reader, raw, &format!("{path}.sink"), around));
        merchants.push(merchant);
    }
    merchants
}

fn parse(
    reader: &mut Reader<'_>,
    raw: RawMerchant,
    path: &str,
    nth: usize,
    names: &[String],
    paths: &mut HashMap<String, String>,
) -> MerchantConfig {
    let at = |key: &str| format!("{path}.{key}");
    let name = raw.name.unwrap_or_default();
    check_name(reader, &at("name"), &name, names.iter().take(nth).any(|earlier| *earlier == name));
    let mchid = raw.mchid.unwrap_or_default();
    if mchid.is_empty() {
        reader.fault(&at("mchid"), "missing", "add mchid = \"…\", the merchant's number with the platform");
    } else {
        check_mchid(reader, &at("mchid"), &mchid);
    }
    for (nth, accepted) in raw.accept_mchids.iter().enumerate() {
        check_mchid(reader, &format!("{path}.accept_mchids[{nth}]"), accepted);
    }
    // What has a fault of its own is meant to be there.
    let is_meant = |reader: &Reader<'_>, key: &str, there: bool| there || reader.is_told(&at(key));
    let has_v3 = is_meant(reader, "api_v3_key", raw.api_v3_key.is_some())
        || is_meant(reader, "api_v3_key_file", raw.api_v3_key_file.is_some());
    let has_v2 = is_meant(reader, "api_v2_key", raw.api_v2_key.is_some())
        || is_meant(reader, "api_v2_key_file", raw.api_v2_key_file.is_some());
    let has_platform_key = is_meant(reader, "platform_key", !raw.platform_key.is_empty());
    let from = |key, value, file, what| ApiKey { merchant: &name, path, key, value, file, what };
    let v3 = from("api_v3_key", raw.api_v3_key, raw.api_v3_key_file, "an APIv3 key");
    let v2 = from("api_v2_key", raw.api_v2_key, raw.api_v2_key_file, "an API v2 key");
    let api_v3_key = v3.parse(reader, ApiV3Key::new);
    let api_v2_key = v2.parse(reader, ApiV2Key::new);
    if !has_v3 && !has_v2 {
        reader.fault(
            path,
            "the merchant has no key",
            "add api_v3_key with a platform_key, or api_v2_key, or both",
        );
    }
    if has_v3 && !has_platform_key {
        let fix = "add [[merchant.platform_key]] with id and file";
        reader.fault(path, "there is an api_v3_key but no platform key", fix);
    }
    if !has_v3 && has_v2 && !raw.platform_key.is_empty() {
        reader.warn(&at("platform_key"), "not used, because the merchant has no api_v3_key");
    }
    let platform_keys = platform_keys(reader, raw.platform_key, &at("platform_key"));
    for (nth, own) in raw.paths.iter().enumerate() {
        check_path(reader, &format!("{path}.paths[{nth}]"), own, &name, names, paths);
    }
    let mut own_paths = raw.paths;
    own_paths.retain(|own| *own != format!("/notify/{name}"));
    MerchantConfig {
        name,
        mchid,
        accept_mchids: raw.accept_mchids,
        api_v3_key,
        api_v2_key,
        platform_keys,
        paths: own_paths,
        sink: None,
    }
}

fn check_mchid(reader: &mut Reader<'_>, at: &str, mchid: &str) {
    if mchid.is_empty() || mchid.len() > 32 || !mchid.bytes().all(|byte| byte.is_ascii_digit()) {
        reader.fault(at, "not a merchant's number", "give its digits only");
    }
}

fn check_name(reader: &mut Reader<'_>, at: &str, name: &str, taken: bool) {
    let mut bytes = name.bytes();
    let first = bytes.next();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if first.is_none() {
        reader.fault(at, "missing", "add name = \"…\"; its notifications then go to /notify/<name>");
    } else if !first.is_some_and(plain) || !bytes.all(|byte| plain(byte) || byte == b'_' || byte == b'-') {
        reader.fault(at, "not a usable name", "begin with a-z or 0-9 and go on with those, - or _");
    } else if taken {
        reader.fault(at, "another merchant has this name", "give each merchant a name of its own");
    }
}

/// Where an API key comes from.
struct ApiKey<'a> {
    merchant: &'a str,
    /// Of the merchant in the configuration.
    path: &'a str,
    key: &'static str,
    value: Option<String>,
    file: Option<String>,
    /// What it is, for people.
    what: &'static str,
}

impl ApiKey<'_> {
    fn parse<K>(self, reader: &mut Reader<'_>, new: impl FnOnce(&[u8]) -> Result<K, Error>) -> Option<K> {
        let (merchant, key, before) = (self.merchant.to_owned(), self.key, reader.faults.len());
        let parsed = self.read(reader, new);
        let faults = reader.faults.iter().skip(before).cloned();
        let faults = faults.map(|fault| KeyFault { merchant: merchant.clone(), key, fault });
        reader.key_faults.extend(faults.collect::<Vec<_>>());
        parsed
    }

    fn read<K>(self, reader: &mut Reader<'_>, new: impl FnOnce(&[u8]) -> Result<K, Error>) -> Option<K> {
        let path = format!("{}.{}", self.path, self.key);
        let at = Reader::source(&path, self.file.is_some());
        let bytes = reader.secret(&path, self.value, self.file)?;
        match new(&bytes) {
            Ok(key) => Some(key),
            Err(_) => {
                let what = format!("{} bytes long, where {} has 32", bytes.len(), self.what);
                reader.fault(&at, what, misfit(&bytes));
                None
            }
        }
    }
}

/// How to mend a key of another length.
fn misfit(key: &[u8]) -> &'static str {
    let blank = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
    let inner = key.trim_ascii();
    match key.len() {
        _ if blank(key.last()) && inner.len() == 32 && !blank(key.first()) => {
            "remove the blank or line end at its end"
        }
        _ if blank(key.first()) && inner.len() == 32 => "remove the blanks around it",
        _ if key.iter().any(u8::is_ascii_whitespace) => "remove the blanks in it",
        0 => "copy it from the merchant platform",
        31 => "copy it again: a character is missing",
        16 => "copy it again: it was cut, or is another one",
        1..=30 => "copy it again from the merchant platform",
        64 if key.iter().all(u8::is_ascii_hexdigit) => "it is in hexadecimal: give 32 characters",
        44 if key.ends_with(b"=") => "it is in base64: give the 32 characters",
        _ => "copy it again: it has more, or is another one",
    }
}

fn platform_keys(
    reader: &mut Reader<'_>,
    raw: Vec<RawPlatformKey>,
    path: &str,
) -> Vec<(String, PlatformKey)> {
    let mut keys: Vec<(String, PlatformKey)> = Vec::new();
    for (nth, raw) in raw.into_iter().enumerate() {
        let path = format!("{path}[{nth}]");
        let Some((id, key)) = platform_key(reader, raw, &path) else { continue };
        if keys.iter().any(|(earlier, _)| *earlier == id) {
            reader.fault(&path, "the merchant has another key with this id", "keep one of them");
        } else {
            keys.push((id, key));
        }
    }
    keys
}

fn platform_key(reader: &mut Reader<'_>, raw: RawPlatformKey, path: &str) -> Option<(String, PlatformKey)> {
    let (id_at, file_at) = (format!("{path}.id"), format!("{path}.file"));
    let Some(file) = raw.file else {
        reader.fault(&file_at, "missing", "add file = \"…\", a public key or certificate in PEM");
        return None;
    };
    let pem = reader.file(&file_at, &file, false)?;
    let key = match PlatformKey::from_pem(&pem) {
        Ok(key) => key,
        Err(error) => {
            let (what, fix) = unusable(&error, &pem, &file);
            reader.fault(&file_at, what, fix);
            return None;
        }
    };
    check_time(reader, &key, &file_at);
    match (raw.id, key.serial().map(str::to_owned)) {
        (None, Some(serial)) => Some((serial, key)),
        (Some(id), Some(serial)) if id.eq_ignore_ascii_case(&serial) => Some((serial, key)),
        (Some(_), Some(serial)) => {
            let fix = format!("leave it out, or write \"{serial}\"");
            reader.fault(&id_at, "not the certificate's serial number", fix);
            None
        }
        (None, None) => {
            let fix = "add id = \"PUB_KEY_ID_…\"";
            reader.fault(&id_at, "missing, and a public key has no serial number", fix);
            None
        }
        (Some(id), None) if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_graphic()) => {
            reader.fault(&id_at, "not a key's id", "copy it from the merchant platform: PUB_KEY_ID_…");
            None
        }
        (Some(id), None) => {
            let digits = id.strip_prefix(PUBLIC_KEY_ID).filter(|digits| !digits.is_empty());
            if digits.is_none_or(|digits| !digits.bytes().all(|byte| byte.is_ascii_digit())) {
                let what = "not of the form PUB_KEY_ID_ and digits, which the ids of public keys are; \
                            compare it with the merchant platform";
                reader.warn(&id_at, what);
            }
            Some((id, key))
        }
    }
}

/// A certificate that isn't valid at the moment still verifies: the platform alone decides which one it signs with.
fn check_time(reader: &mut Reader<'_>, key: &PlatformKey, at: &str) {
    let left = key.not_after().map(|end| end.saturating_sub(reader.now));
    if left.is_some_and(|left| left < 0) {
        reader.warn(at, "the certificate has expired; the platform signs with a newer one by now");
    } else if let Some(left) = left.filter(|left| *left < SOON) {
        let days = left / DAY;
        reader.warn(
            at,
            &format!("the certificate expires in {days} days; add the newer one beside it before then"),
        );
    }
    if key.not_before().is_some_and(|begin| begin > reader.now) {
        reader.warn(at, "the certificate is not valid yet; this machine's clock may be slow");
    }
}

/// Why a file is no platform key, and how to mend it.
fn unusable(error: &Error, content: &[u8], name: &str) -> (String, String) {
    const SEQUENCE: u8 = 0x30;
    let wanted = "give the platform's public key or certificate (PEM)".to_owned();
    let convert = |tool: &str| format!("convert it: openssl {tool} -inform der -in {name} -out {name}.pem");
    match (error, content) {
        (Error::Pem(why), _) if why.contains("private key") => ("a private key".to_owned(), wanted),
        // Both begin with a long sequence; a certificate's first member is another, a key's names its algorithm.
        (Error::Pem(_), [SEQUENCE, 0x82, _, _, SEQUENCE, 0x82, ..]) => {
            ("a certificate in DER, not in PEM".to_owned(), convert("x509"))
        }
        (Error::Pem(_), [SEQUENCE, 0x82, _, _, SEQUENCE, 0x0d, ..]) => {
            ("a public key in DER, not in PEM".to_owned(), convert("rsa -pubin"))
        }
        _ => (error.to_string(), wanted),
    }
}

fn check_path(
    reader: &mut Reader<'_>,
    at: &str,
    own: &str,
    name: &str,
    names: &[String],
    paths: &mut HashMap<String, String>,
) {
    let unusual = |segment: &str| segment == "." || segment == "..";
    if !own.starts_with('/') {
        reader.fault(at, "doesn't begin with /", "give the path of the URL, without scheme and host");
    } else if own.contains(['?', '#']) {
        reader.fault(
            at,
            "has a query or fragment",
            "give the path alone; a query is ignored when a request comes",
        );
    } else if !own.bytes().all(|byte| byte.is_ascii_graphic()) || own.split('/').any(unusual) {
        reader.fault(
            at,
            "not a plain path",
            "write it as it stands in the URL: no blanks, no . or .. between slashes",
        );
    } else if let Some(other) = under_notify_of_another(own, name, names) {
        reader.fault(at, format!("belongs to the merchant {other}"), "give a path outside /notify/");
    } else {
        match paths.insert(own.to_owned(), name.to_owned()) {
            Some(earlier) if earlier == name => reader.fault(at, "given twice", "remove one of them"),
            Some(earlier) => {
                reader.fault(
                    at,
                    format!("the merchant {earlier} has this path, too"),
                    "a path belongs to one merchant",
                );
            }
            None => {}
        }
    }
}

fn under_notify_of_another<'a>(own: &str, name: &str, names: &'a [String]) -> Option<&'a String> {
    let rest = own.strip_prefix("/notify/")?;
    let first = rest.split('/').next()?;
    names.iter().find(|other| *other == first && *other != name)
}
