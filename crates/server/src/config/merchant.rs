use super::fault::UnusableKey;
use super::reader::Section;
use super::sink::{self, SinkConfig};
use std::collections::HashMap;
use wxhook_crypto::{ApiV2Key, ApiV3Key, Error, PlatformKey};
use wxhook_receiver::Merchant;

/// Seconds.
const DAY: i64 = 86_400;
/// Time before a certificate's end from which its successor should be configured, too.
const EXPIRES_SOON: i64 = 30 * DAY;

/// A merchant whose notifications are received. `Debug` shows no key.
#[derive(Debug)]
#[non_exhaustive]
pub struct MerchantConfig {
    /// Unique name: lower-case letters, digits, `-` and `_`.
    pub name: String,
    /// Merchant number at the platform; several merchants may share it.
    pub mchid: String,
    /// Further numbers whose payments and refunds are accepted; those of other numbers are parked.
    pub accept_mchids: Vec<String>,
    /// Key for v3; requires a platform key.
    pub api_v3_key: Option<ApiV3Key>,
    /// Key for v2. At least one of the two keys is set.
    pub api_v2_key: Option<ApiV2Key>,
    /// Platform keys by the ID in `Wechatpay-Serial`.
    pub platform_keys: Vec<(String, PlatformKey)>,
    /// Paths besides `/notify/<name>`.
    pub paths: Vec<String>,
    /// The merchant's own sink.
    pub sink: Option<SinkConfig>,
}

impl MerchantConfig {
    /// Returns whether anything can be verified for the merchant.
    pub(crate) fn has_key(&self) -> bool {
        self.api_v2_key.is_some() || (self.api_v3_key.is_some() && !self.platform_keys.is_empty())
    }
}

impl From<&MerchantConfig> for Merchant {
    /// Returns the receiver's merchant with these keys and paths, in the common lane.
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

pub(super) fn parse_all(root: &Section<'_>, sinks: &mut sink::Context) -> Vec<MerchantConfig> {
    let sections = root.sections("merchant");
    if sections.is_empty() {
        root.fault("merchant", "missing", "add [[merchant]] with name, mchid and keys");
    }
    let names: Vec<&str> = sections.iter().map(|section| section.text_or_default("name")).collect();
    let mut paths = HashMap::new();
    let parse =
        |(nth, section)| parse(section, names.get(..nth).unwrap_or_default(), &names, &mut paths, sinks);
    sections.iter().enumerate().map(parse).collect()
}

fn parse<'a>(
    section: &Section<'a>,
    earlier: &[&str],
    names: &[&'a str],
    paths: &mut HashMap<&'a str, &'a str>,
    sinks: &mut sink::Context,
) -> MerchantConfig {
    let fix = "add name = \"…\"; its notifications then go to /notify/<name>";
    let name = section.required("name", fix).unwrap_or_default();
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if !name.bytes().all(|byte| is_plain(byte) || byte == b'_' || byte == b'-')
        || name.starts_with(['-', '_'])
    {
        section.fault("name", "not a usable name", "begin with a-z or 0-9 and go on with those, - or _");
    } else if !name.is_empty() && earlier.contains(&name) {
        section.fault("name", "another merchant has this name", "give each merchant a name of its own");
    }
    let mchid = section
        .required("mchid", "add mchid = \"…\", the merchant's number at the platform")
        .unwrap_or_default();
    let accept_mchids = section.list("accept_mchids");
    let numbers =
        accept_mchids.iter().enumerate().map(|(nth, mchid)| (format!("accept_mchids[{nth}]"), *mchid));
    for (key, mchid) in numbers.chain((!mchid.is_empty()).then(|| ("mchid".to_owned(), mchid))) {
        if mchid.is_empty() || mchid.len() > 32 || !mchid.bytes().all(|byte| byte.is_ascii_digit()) {
            section.fault(&key, "not a merchant's number", "give its digits only");
        } else if !(8..=10).contains(&mchid.len()) {
            section.warn(&key, "merchant numbers have 8 to 10 digits; compare it with the merchant platform");
        }
    }

    let has = |key: &str| section.has(key) || section.has(&format!("{key}_file"));
    let (has_v3, has_v2, has_platform_key) = (has("api_v3_key"), has("api_v2_key"), has("platform_key"));
    if !has_v3 && !has_v2 {
        let fix = "add api_v3_key with a platform_key, or api_v2_key, or both";
        section.fault("", "the merchant has no key", fix);
    }
    if has_v3 && !has_platform_key {
        section.fault(
            "",
            "there is an api_v3_key but no platform key",
            "add [[merchant.platform_key]] with id and file",
        );
    }
    if !has_v3 && has_v2 && has_platform_key {
        section.warn("platform_key", "not used, because the merchant has no api_v3_key");
    }
    let paths = section.list("paths").into_iter().enumerate().map(|(nth, path)| {
        let fault = path_fault(path, name, names, paths);
        if let Some((what, fix)) = fault {
            section.fault(&format!("paths[{nth}]"), what, fix);
        }
        path
    });
    let paths = paths.filter(|path| path.strip_prefix("/notify/") != Some(name)).map(str::to_owned).collect();
    MerchantConfig {
        name: name.to_owned(),
        mchid: mchid.to_owned(),
        accept_mchids: accept_mchids.into_iter().map(str::to_owned).collect(),
        api_v3_key: api_key(section, "api_v3_key", "an APIv3 key", ApiV3Key::new),
        api_v2_key: api_key(section, "api_v2_key", "an API v2 key", ApiV2Key::new),
        platform_keys: platform_keys(section),
        paths,
        sink: sink::parse(&section.section("sink"), sinks),
    }
}

fn api_key<K>(
    section: &Section<'_>,
    key: &'static str,
    kind: &str,
    new: impl FnOnce(&[u8]) -> Result<K, Error>,
) -> Option<K> {
    let count = || section.reader.findings.borrow().faults.len();
    let before = count();
    let parsed = section.value(key).and_then(|(key, bytes)| {
        let parsed = new(&bytes).ok();
        if parsed.is_none() {
            section.fault(
                &key,
                format!("{} bytes long, where {kind} has 32", bytes.len()),
                length_fix(&bytes),
            );
        }
        parsed
    });
    let findings = &mut *section.reader.findings.borrow_mut();
    let merchant = section.text_or_default("name");
    let unusable = |fault: &_| UnusableKey { merchant: merchant.to_owned(), key, fault: Clone::clone(fault) };
    findings.unusable_keys.extend(findings.faults.iter().skip(before).map(unusable));
    parsed
}

/// Returns how to fix a key of another length.
fn length_fix(key: &[u8]) -> &'static str {
    let is_trimmed = key.trim_ascii().len() == 32;
    match key.len() {
        _ if is_trimmed && key.trim_ascii_start().len() == key.len() => {
            "remove the whitespace or line end at its end"
        }
        _ if is_trimmed => "remove the whitespace around it",
        _ if key.iter().any(u8::is_ascii_whitespace) => "remove the whitespace in it",
        31 => "copy it again: a character is missing",
        16 => "copy it again: it was cut, or is another one",
        0..=30 => "copy it again from the merchant platform",
        64 if key.iter().all(u8::is_ascii_hexdigit) => "it is in hexadecimal: give 32 characters",
        44 if key.ends_with(b"=") => "it is in base64: give the 32 characters",
        _ => "copy it again: it has more, or is another one",
    }
}

fn platform_keys(section: &Section<'_>) -> Vec<(String, PlatformKey)> {
    let mut keys: Vec<(String, PlatformKey)> = Vec::new();
    for section in section.sections("platform_key") {
        let Some((id, key)) = platform_key(&section) else { continue };
        if keys.iter().any(|(earlier, _)| *earlier == id) {
            section.fault("", "the merchant has another key with this id", "keep one of them");
        } else {
            keys.push((id, key));
        }
    }
    keys
}

fn platform_key(section: &Section<'_>) -> Option<(String, PlatformKey)> {
    const COPY: &str = "copy it from the merchant platform: PUB_KEY_ID_…";
    let id = section.text("id");
    match id {
        Some("") => section.fault("id", "missing", COPY),
        Some(id) if !id.bytes().all(|byte| byte.is_ascii_graphic()) => {
            section.fault("id", "not a key's id", COPY)
        }
        _ => {}
    }
    let name = section.required("file", "add file = \"…\", a public key or certificate in PEM")?;
    let pem = section.file("file", name, false)?;
    let key = match PlatformKey::from_pem(&pem) {
        Ok(key) => key,
        Err(error) => {
            let (what, fix) = unusable(&error, &pem, name);
            section.fault("file", what, fix);
            return None;
        }
    };
    warn_of_times(section, &key);
    let serial = key.serial().map(str::to_owned);
    match (id, serial) {
        (None, Some(serial)) => Some((serial, key)),
        (Some(id), Some(serial)) if id.eq_ignore_ascii_case(&serial) => Some((serial, key)),
        (Some(_), Some(serial)) => {
            let fix = format!("leave it out, or write \"{serial}\"");
            section.fault("id", "not the certificate's serial number", fix);
            None
        }
        (None, None) => {
            section.fault(
                "id",
                "missing, and a public key has no serial number",
                "add id = \"PUB_KEY_ID_…\"",
            );
            None
        }
        (Some(id), None) => {
            let digits = id.strip_prefix("PUB_KEY_ID_").filter(|digits| !digits.is_empty());
            if !digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit())) {
                let what =
                    "public keys have ids of PUB_KEY_ID_ and digits; compare it with the merchant platform";
                section.warn("id", what);
            }
            Some((id.to_owned(), key))
        }
    }
}

/// Adds warnings about a certificate's validity. Outside of it, a certificate still verifies: the platform alone decides
/// which one it signs with.
fn warn_of_times(section: &Section<'_>, key: &PlatformKey) {
    let now = section.reader.now;
    match key.not_after().map(|end| end.saturating_sub(now)) {
        Some(..0) => {
            section.warn("file", "the certificate has expired; the platform signs with a newer one by now")
        }
        Some(left @ ..EXPIRES_SOON) => {
            let days = left / DAY;
            let what =
                format!("the certificate expires in {days} days; add the newer one beside it before then");
            section.warn("file", &what);
        }
        _ => {}
    }
    if key.not_before().is_some_and(|begin| begin > now) {
        section.warn("file", "the certificate is not valid yet; this machine's clock may be slow");
    }
}

/// Returns why a file is no platform key, and how to fix it.
fn unusable(error: &Error, content: &[u8], name: &str) -> (String, String) {
    const SEQUENCE: u8 = 0x30;
    let convert = |tool: &str| format!("convert it: openssl {tool} -inform der -in {name} -out {name}.pem");
    let (what, fix) = match (error, content) {
        (Error::Pem(why), _) if why.contains("private key") => ("a private key", None),
        // Both begin with a long sequence; a certificate's first member is another, a key's names its algorithm.
        (Error::Pem(_), [SEQUENCE, 0x82, _, _, SEQUENCE, 0x82, ..]) => {
            ("a certificate in DER, not in PEM", Some("x509"))
        }
        (Error::Pem(_), [SEQUENCE, 0x82, _, _, SEQUENCE, 0x0d, ..]) => {
            ("a public key in DER, not in PEM", Some("rsa -pubin"))
        }
        _ => (&*error.to_string(), None),
    };
    let fix = fix.map_or_else(|| "give the platform's public key or certificate (PEM)".to_owned(), convert);
    (what.to_owned(), fix)
}

/// Returns what is wrong with a path and how to fix it.
fn path_fault<'a>(
    path: &'a str,
    name: &'a str,
    names: &[&'a str],
    paths: &mut HashMap<&'a str, &'a str>,
) -> Option<(String, &'static str)> {
    let is_relative = |segment: &str| segment == "." || segment == "..";
    let owner = path.strip_prefix("/notify/").and_then(|rest| rest.split('/').next());
    let (what, fix) = if !path.starts_with('/') {
        ("doesn't begin with /", "give the path of the URL, without scheme and host")
    } else if path.contains(['?', '#']) {
        ("has a query or fragment", "give the path alone; the query of a request is ignored")
    } else if !path.bytes().all(|byte| byte.is_ascii_graphic()) || path.split('/').any(is_relative) {
        ("not a plain path", "write it as in the URL: no whitespace, no . or .. between slashes")
    } else if let Some(other) = owner.filter(|owner| *owner != name && names.contains(owner)) {
        return Some((format!("belongs to the merchant {other}"), "give a path outside /notify/"));
    } else {
        let earlier = paths.insert(path, name)?;
        if earlier != name {
            return Some((
                format!("the merchant {earlier} has this path, too"),
                "a path belongs to one merchant",
            ));
        }
        ("duplicate", "remove one of them")
    };
    Some((what.to_owned(), fix))
}
