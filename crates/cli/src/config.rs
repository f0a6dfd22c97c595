use std::path::Path;

use wxhook_server::{Config, ConfigErrors, KeyFault, MerchantConfig};

use crate::usage::Usage;

/// Reads a configuration with the environment over it.
pub(crate) fn load(path: &Path) -> Result<Config, ConfigErrors> {
    Config::load(path, environment())
}

/// The same where API keys may be unusable, and which of them are.
pub(crate) fn load_despite_keys(path: &Path) -> Result<(Config, Vec<KeyFault>), ConfigErrors> {
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
