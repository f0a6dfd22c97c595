use std::path::{Path, PathBuf};

use wxhook_server::{Config, ConfigErrors, MerchantConfig, UnusableKey};

use crate::usage::Usage;

/// The configuration that counts where none is named.
const DEFAULT: &str = "wxhook.toml";

/// Returns the configuration that was named, or else the one of the current folder.
///
/// # Errors
/// [`Usage`] where there is none.
pub(crate) fn path(named: Option<&Path>) -> Result<PathBuf, Usage> {
    let path = named.map(Path::to_owned).or_else(default);
    path.ok_or_else(|| {
        Usage::new(format!(
            "no configuration: give --config FILE, set WXHOOK_CONFIG, or put {DEFAULT} into the current folder"
        ))
    })
}

/// Returns the configuration of the current folder, if there is one.
pub(crate) fn default() -> Option<PathBuf> {
    let path = PathBuf::from(DEFAULT);
    path.symlink_metadata().is_ok().then_some(path)
}

/// Reads a configuration with the environment over it.
pub(crate) fn load(path: &Path) -> Result<Config, ConfigErrors> {
    Config::load(path, environment())
}

/// The same where API keys may be unusable, and which of them are.
pub(crate) fn load_despite_keys(path: &Path) -> Result<(Config, Vec<UnusableKey>), ConfigErrors> {
    Config::load_despite_keys(path, environment())
}

fn environment() -> impl Iterator<Item = (String, String)> {
    // Not `vars`, which panics when any variable isn't UTF-8.
    let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(move |(name, value)| (lossy(name), lossy(value)))
}

/// The merchant that `--merchant` names, or the only one.
pub(crate) fn merchant<'c>(config: &'c Config, name: Option<&str>) -> Result<&'c MerchantConfig, Usage> {
    match (name, config.merchants.as_slice()) {
        (Some(name), merchants) => {
            merchants.iter().find(|merchant| merchant.name == name).ok_or_else(|| no_merchant(config, name))
        }
        (None, [only]) => Ok(only),
        (None, _) => Err(Usage::new(format!("--merchant is missing: one of {}", names(config)))),
    }
}

/// That `--merchant` names one that isn't there.
pub(crate) fn no_merchant(config: &Config, name: &str) -> Usage {
    Usage::new(format!("--merchant: there is none named {name:?}; there is {}", names(config)))
}

fn names(config: &Config) -> String {
    config.merchants.iter().map(|merchant| merchant.name.as_str()).collect::<Vec<_>>().join(", ")
}
