//! The configuration: a TOML file, environment variables over it, and the files that both name.

mod env;
mod fault;
mod limits;
mod merchant;
mod nearest;
mod origin;
mod public_url;
mod raw;
mod reader;
mod schema;
mod sink;
mod store;
mod top;

pub use fault::{ConfigErrors, Fault, KeyFault};
pub use limits::Limits;
pub use merchant::MerchantConfig;
pub use sink::{FileSinkConfig, HttpSinkConfig, RedisStreamSinkConfig, SinkConfig};
pub use store::{RedisUrl, StoreConfig, StoreUrl};
pub use top::{AdminToken, SimulatorConfig};

use ::config::{ConfigError, FileFormat};
use origin::Origins;
use raw::RawConfig;
use reader::Reader;
use std::borrow::Cow;
use std::fs::File;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use toml::de::DeTable;
use wxhook_idempotency::{Clock, SystemClock};

/// A configuration in which everything is parsed and every file is read. `Debug` shows no secret.
#[derive(Debug)]
#[non_exhaustive]
pub struct Config {
    /// Where notifications are received.
    pub listen: SocketAddr,
    /// Where health, metrics and the event log are.
    pub admin_listen: SocketAddr,
    /// What the admin API asks for; always there where `admin_listen` isn't loopback.
    pub admin_token: Option<AdminToken>,
    /// The URL under which the platform reaches `/notify`, without a slash at its end.
    pub public_url: Option<String>,
    /// What a client may use.
    pub limits: Limits,
    /// Where records are kept.
    pub store: StoreConfig,
    /// At least one.
    pub merchants: Vec<MerchantConfig>,
    /// Where records are handed on to; `None` only keeps them.
    pub sink: Option<SinkConfig>,
    /// The platform's part in simulations.
    pub simulator: Option<SimulatorConfig>,
    file: PathBuf,
    origins: Origins,
    warnings: Vec<String>,
}

impl Config {
    /// Reads a configuration file and everything that it names, with the `WXHOOK_…` variables of `env` over it.
    ///
    /// Relative paths are relative to the file. What is worth a look but no fault is in [`warnings`](Self::warnings).
    ///
    /// # Errors
    /// Every fault, one line each; no line shows a value.
    pub fn load(path: &Path, env: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigErrors> {
        let (config, faults, _) = Self::read(path, env)?;
        if faults.is_empty() { Ok(config) } else { Err(ConfigErrors::new(faults, Some(config.store))) }
    }

    /// The same where API keys may be unusable, which then aren't in it: for whoever explains what comes of that, not for
    /// a server.
    ///
    /// # Errors
    /// Every fault, if one isn't about an API key.
    pub fn load_despite_keys(
        path: &Path,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(Self, Vec<KeyFault>), ConfigErrors> {
        let (config, faults, of_keys) = Self::read(path, env)?;
        if faults.len() == of_keys.len() {
            Ok((config, of_keys))
        } else {
            Err(ConfigErrors::new(faults, Some(config.store)))
        }
    }

    /// With every fault, and those among them that are about API keys.
    fn read(
        path: &Path,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(Self, Vec<Fault>, Vec<KeyFault>), ConfigErrors> {
        let now =
            SystemClock::default().now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
        let name = path.display().to_string();
        let (text, open_to_others) = read(path, &name)?;
        let parsed = DeTable::parse(&text).map_err(|error| not_toml(&name, &text, &error))?;
        let table = parsed.get_ref();

        let mut origins = Origins::new(&name, &text, table);
        let mut found = schema::Found::default();
        schema::check(table, schema::ROOT, "", &origins, &mut found);
        let schema::Found { mut faults, misspelt, misfits } = found;
        let overrides = env::overrides(env, table, &mut origins, &mut faults);
        let readable = match misfits.as_slice() {
            [] => Cow::Borrowed(&*text),
            misfits => Cow::Owned(without(&name, &text, misfits)?),
        };
        let raw = layer(&readable, overrides).map_err(|error| layering(&origins, &name, &error))?;

        let dir = path.parent().unwrap_or(Path::new(""));
        let mut reader = Reader::new(&origins, dir, i64::try_from(now).unwrap_or(i64::MAX));
        (reader.faults, reader.told) = (faults, [misspelt, misfits].concat());
        let mut config = top::parse(&mut reader, raw);
        if reader.inline_secret && open_to_others {
            let what = format!(
                "{name} holds secrets and can be read by others than its owner; run chmod 600 {name}"
            );
            reader.warnings.insert(0, what);
        }
        config.warnings = reader.warnings.iter().map(|warning| fault::one_line(warning)).collect();
        config.file = path.to_owned();
        let (faults, of_keys) = (reader.faults, reader.key_faults);
        config.origins = origins;
        Ok((config, faults, of_keys))
    }

    /// The file that it was read from.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// How a message names a key, e.g. `merchant[0].sink.url`: the variable that sets it, or the file, its line and the
    /// key.
    pub fn place(&self, key: &str) -> String {
        self.origins.place(key, key)
    }

    /// What is worth a look, one line each: files that others can read, certificates that have expired or soon will.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// What only matters to a server: that `[simulator]`, whose key anybody may know, stays on loopback.
    ///
    /// # Errors
    /// The fault.
    pub fn check_serve(&self) -> Result<(), ConfigErrors> {
        if self.simulator.is_none() || self.listen.ip().is_loopback() {
            return Ok(());
        }
        let place = format!("{}: simulator", self.file.display());
        let what = "it may be served only when listen is on loopback";
        let fault = Fault::new(place, what, "remove [simulator], or listen on 127.0.0.1");
        Err(ConfigErrors::new(vec![fault], Some(self.store.clone())))
    }
}

/// The file's text, and whether others than its owner may read it.
fn read(path: &Path, name: &str) -> Result<(String, bool), ConfigErrors> {
    let mut text = String::new();
    let opened = File::open(path).and_then(|mut file| {
        file.read_to_string(&mut text)?;
        Ok(reader::is_open_to_others(&file.metadata()?))
    });
    match opened {
        Ok(open_to_others) => Ok((text, open_to_others)),
        Err(error) => {
            let (what, fix) = match error.kind() {
                std::io::ErrorKind::NotFound => ("there is no such file", "give its path, or create it"),
                std::io::ErrorKind::PermissionDenied => {
                    ("may not be read", "let the user that runs wxhook read it")
                }
                std::io::ErrorKind::IsADirectory => ("is a folder", "give the path of a file"),
                std::io::ErrorKind::InvalidData => ("is not UTF-8", "save it as UTF-8"),
                _ => ("can't be read", "give the path of a readable file"),
            };
            Err(Fault::new(name, what, fix).into())
        }
    }
}

/// The parser's message without the line itself, which may hold a secret.
fn not_toml(name: &str, text: &str, error: &toml::de::Error) -> ConfigErrors {
    let line = error.span().map(|span| format!(":{}", origin::line_of(text, span.start))).unwrap_or_default();
    let what = format!("not TOML: {}", error.message());
    let fix = match error.message() {
        message if message.contains("duplicate key") => "remove one of the two",
        message if message.contains("string") => "mend this line; texts stand in double quotes",
        _ => "mend this line",
    };
    Fault::new(format!("{name}{line}"), what, fix).into()
}

/// The file's text without the values of another kind, so that every other fault is found as well.
fn without(name: &str, text: &str, misfits: &[String]) -> Result<String, ConfigErrors> {
    let table = toml::from_str(text).map_err(|error| not_toml(name, text, &error))?;
    Ok(schema::without(table, misfits).to_string())
}

fn layer(
    text: &str,
    overrides: impl IntoIterator<Item = (String, ::config::Value)>,
) -> Result<RawConfig, ConfigError> {
    let mut builder =
        ::config::Config::builder().add_source(::config::File::from_str(text, FileFormat::Toml));
    for (path, value) in overrides {
        builder = builder.set_override(path, value)?;
    }
    builder.build()?.try_deserialize()
}

/// What the layering says, without any value. [`schema::check`] leaves hardly anything for it to say.
fn layering(origins: &Origins, name: &str, error: &ConfigError) -> ConfigErrors {
    let (place, what) = match error {
        ConfigError::Type { key: Some(key), expected, .. } => {
            (origins.place(key, key), format!("not {expected}"))
        }
        ConfigError::At { key: Some(key), .. } => (origins.place(key, key), String::from("unusable")),
        _ => (name.to_owned(), String::from("unusable")),
    };
    Fault::new(place, what, "see the configuration's documentation").into()
}
