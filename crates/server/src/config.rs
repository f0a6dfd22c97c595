//! The configuration: a TOML file, environment variables over it, and the files that both name.

mod fault;
mod keys;
mod merchant;
mod merge;
mod public_url;
mod reader;
mod sink;
mod store;
mod template;

pub use fault::{ConfigErrors, Fault, UnusableKey};
pub use merchant::MerchantConfig;
pub use sink::{FileSinkConfig, HttpSinkConfig, RedisStreamSinkConfig, SinkConfig};
pub use store::{RedisUrl, StoreConfig, StoreUrl};

use reader::{Places, Reader, Section};
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};
use subtle::ConstantTimeEq as _;
use toml::de::DeTable;
use wxhook_crypto::{Error, SigningKey};
use wxhook_idempotency::{Clock, SystemClock};
use zeroize::Zeroizing;

/// Minimum length of an admin token that can't be guessed, in characters.
const MIN_TOKEN: usize = 16;

/// A configuration whose values are parsed and whose files are read. `Debug` shows no secret.
#[derive(Debug)]
#[non_exhaustive]
pub struct Config {
    /// Address that notifications are received at.
    pub listen: SocketAddr,
    /// Address of health, metrics and the event log.
    pub admin_listen: SocketAddr,
    /// Token of the admin API; always set unless `admin_listen` is loopback.
    pub admin_token: Option<AdminToken>,
    /// URL at which the platform reaches `/notify`, without a slash at its end.
    pub public_url: Option<String>,
    /// Limits on what clients may use.
    pub limits: Limits,
    /// Where records are kept.
    pub store: StoreConfig,
    /// Merchants, at least one.
    pub merchants: Vec<MerchantConfig>,
    /// Where records are delivered; without a sink they are only kept.
    pub sink: Option<SinkConfig>,
    /// Keys that sign in the platform's place.
    pub simulator: Option<SimulatorConfig>,
    file: PathBuf,
    places: Places,
    warnings: Vec<String>,
}

/// Limits on what clients may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Maximum size of a request body in bytes; bodies of v2 have a lower limit of their own.
    pub body: usize,
    /// Maximum size of all request bodies in flight in bytes.
    pub in_flight: usize,
    /// Maximum number of open connections.
    pub connections: usize,
    /// Maximum time for a request's head, and for an idle connection.
    pub header_timeout: Duration,
    /// Maximum time for a request's body.
    pub body_timeout: Duration,
}

/// Keys that sign in the platform's place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SimulatorConfig {
    /// ID of the platform key that belongs to the private key.
    pub serial: String,
    /// File of the RSA private key, PEM.
    pub private_key_file: PathBuf,
}

/// Token of the admin API. `Debug` doesn't show it.
#[derive(Clone)]
pub struct AdminToken(Zeroizing<Vec<u8>>);

impl AdminToken {
    /// Returns whether a token is this one, in constant time.
    pub fn is(&self, given: &[u8]) -> bool {
        self.0.ct_eq(given).into()
    }

    /// Returns the token, for an `Authorization` header.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminToken").finish_non_exhaustive()
    }
}

impl Default for Limits {
    /// Returns the defaults of the configuration: half a request is cut off within 10 s.
    fn default() -> Self {
        limits(&Section::root(&Reader::default(), &DeTable::new()).section("limits"))
    }
}

impl Config {
    /// Reads a configuration file and every file that it names, with the `WXHOOK_…` variables of `env` over it.
    ///
    /// Relative paths are relative to the file.
    ///
    /// # Errors
    /// All faults, one line each; no line shows a value.
    pub fn load(path: &Path, env: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigErrors> {
        let (config, unusable_keys) = Self::load_despite_keys(path, env)?;
        if unusable_keys.is_empty() {
            return Ok(config);
        }
        let faults = unusable_keys.into_iter().map(|key| key.fault).collect();
        Err(ConfigErrors::new(faults, Some(config.store)))
    }

    /// Reads a configuration whose API keys may be unusable; those are missing in the result. It explains requests, no
    /// server may use it.
    ///
    /// # Errors
    /// All faults, if one isn't about an API key.
    pub fn load_despite_keys(
        path: &Path,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(Self, Vec<UnusableKey>), ConfigErrors> {
        let now = SystemClock::default().now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let name = path.display().to_string();
        let (text, is_open_to_others) = read(path).map_err(|(what, fix)| Fault::new(&*name, what, fix))?;
        let mut table = DeTable::parse(&text).map_err(|error| not_toml(&name, &text, &error))?;

        let reader = Reader {
            places: Places { file: name.clone(), ..Places::default() },
            dir: path.parent().unwrap_or(Path::new("")).to_owned(),
            now: i64::try_from(now).unwrap_or(i64::MAX),
            ..Reader::default()
        };
        let reader = merge::merge(reader, &text, table.get_mut(), env);
        let mut config = parse(&Section::root(&reader, table.get_ref()));
        let findings = reader.findings.into_inner();
        if findings.faults.len() > findings.unusable_keys.len() {
            return Err(ConfigErrors::new(findings.faults, Some(config.store)));
        }
        let secret =
            format!("{name} holds secrets and can be read by others than its owner; run chmod 600 {name}");
        let secret = (findings.has_inline_secret && is_open_to_others).then_some(secret);
        let warnings = secret.iter().chain(&findings.warnings);
        config.warnings = warnings.map(|warning| fault::one_line(warning)).collect();
        config.file = path.to_owned();
        config.places = reader.places;
        Ok((config, findings.unusable_keys))
    }

    /// Returns the path of the configuration file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Returns how messages name a key such as `merchant[0].sink.url`: the variable that sets it, or the file, its line
    /// and the key.
    pub fn place(&self, key: &str) -> String {
        self.places.get(key)
    }

    /// Returns the warnings, one line each: files that others can read, certificates that expire.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Checks what matters only to a server: `[simulator]`, whose key anybody may know, must stay on loopback.
    ///
    /// # Errors
    /// The fault.
    pub fn check_serve(&self) -> Result<(), ConfigErrors> {
        if self.simulator.is_none() || self.listen.ip().is_loopback() {
            return Ok(());
        }
        let what = "allowed only while listen is on loopback";
        let fault = Fault::new(self.place("simulator"), what, "remove [simulator], or listen on 127.0.0.1");
        Err(ConfigErrors::new(vec![fault], Some(self.store.clone())))
    }
}

/// Returns the file's text, and whether others than its owner can read it.
fn read(path: &Path) -> Result<(String, bool), (&'static str, &'static str)> {
    let mut text = String::new();
    let opened = File::open(path).and_then(|mut file| {
        file.read_to_string(&mut text)?;
        file.metadata()
    });
    match opened.map_err(|error| error.kind()) {
        Ok(metadata) => Ok((text, reader::is_open_to_others(&metadata))),
        Err(ErrorKind::NotFound) => Err(("does not exist", "correct the path, or create it: wxhook init")),
        Err(ErrorKind::PermissionDenied) => Err(("can't be read", "let the user that runs wxhook read it")),
        Err(ErrorKind::IsADirectory) => Err(("is a folder", "give the path of a file")),
        Err(ErrorKind::InvalidData) => Err(("is not UTF-8", "save it as UTF-8")),
        Err(_) => Err(("can't be read", "give the path of a readable file")),
    }
}

/// Returns the parser's message without the line itself, which may hold a secret.
fn not_toml(name: &str, text: &str, error: &toml::de::Error) -> ConfigErrors {
    let line = error.span().map(|span| format!(":{}", merge::line_of(text, span.start))).unwrap_or_default();
    let what = format!("not TOML: {}", error.message());
    let fix = match error.message() {
        message if message.contains("duplicate key") => "remove one of the two",
        message if message.contains("string") => "fix this line; put texts in double quotes",
        _ => "fix this line",
    };
    Fault::new(format!("{name}{line}"), what, fix).into()
}

/// Parses everything. With faults, the result holds substitutes.
fn parse(root: &Section<'_>) -> Config {
    let (listen, admin_listen) = (address(root, "listen"), address(root, "admin_listen"));
    if listen == admin_listen && listen.port() != 0 {
        root.fault("admin_listen", "the same as listen", "give another port");
    }
    if !admin_listen.ip().is_loopback() && !root.has("admin_token") && !root.has("admin_token_file") {
        let fix = "add admin_token_file = \"…\", or listen on 127.0.0.1";
        root.fault("admin_listen", "not loopback, and there is no admin_token", fix);
    }
    let (store, is_usable) = store::parse(&root.section("store"));
    let mut sinks = sink::Context { store: is_usable.then(|| store.url.clone()), files: Vec::new() };
    Config {
        listen,
        admin_listen,
        admin_token: token(root),
        public_url: public_url::parse(root),
        limits: limits(&root.section("limits")),
        merchants: merchant::parse_all(root, &mut sinks),
        sink: sink::parse(&root.section("sink"), &mut sinks),
        simulator: simulator(&root.section("simulator")),
        store,
        file: PathBuf::new(),
        places: Places::default(),
        warnings: Vec::new(),
    }
}

fn address(root: &Section<'_>, key: &str) -> SocketAddr {
    root.text_or_default(key).parse().unwrap_or_else(|_| {
        root.fault(key, "not an IP address with a port", "write it like \"127.0.0.1:8080\"");
        SocketAddr::from(([127, 0, 0, 1], 0))
    })
}

fn token(root: &Section<'_>) -> Option<AdminToken> {
    let (key, token) = root.value("admin_token")?;
    if token.is_empty() {
        root.fault(&key, "is empty", "give a long random text, e.g. of openssl rand -hex 32");
        return None;
    }
    if !token.iter().all(u8::is_ascii_graphic) {
        root.fault(
            &key,
            "has whitespace or characters other than ASCII",
            "give letters, digits and signs only",
        );
        return None;
    }
    if token.len() < MIN_TOKEN {
        root.warn(&key, "shorter than 16 characters; make one with openssl rand -hex 32");
    }
    Some(AdminToken(token))
}

fn limits(section: &Section<'_>) -> Limits {
    let size = |key| section.size(key).and_then(|size| usize::try_from(size).ok()).unwrap_or_default();
    let limits = Limits {
        body: size("body"),
        in_flight: size("in_flight"),
        connections: size("connections"),
        header_timeout: section.duration("header_timeout"),
        body_timeout: section.duration("body_timeout"),
    };
    if limits.in_flight < limits.body {
        section.fault("in_flight", "less than limits.body", "give at least as much");
    }
    limits
}

fn simulator(section: &Section<'_>) -> Option<SimulatorConfig> {
    const FILE: &str = "private_key_file";
    if !section.exists() {
        return None;
    }
    let serial = section.required("serial", "add the id of the platform key that it signs as");
    let name = section.required(FILE, "add the file of a private key in PEM")?;
    let pem = section.file(FILE, name, true)?;
    if let Err(error) = SigningKey::from_pem(&pem) {
        let what = match &error {
            Error::Pem(why) if why.contains("public key") => "a public key or certificate".to_owned(),
            Error::MalformedKey => format!("{error}: its parts don't belong together"),
            _ => error.to_string(),
        };
        section.fault(FILE, what, "give an RSA private key (PEM)");
        return None;
    }
    Some(SimulatorConfig { serial: serial?.to_owned(), private_key_file: section.resolve(name) })
}
