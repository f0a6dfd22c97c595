use std::path::Path;

use wxhook_server::{Config, ConfigErrors};

/// Reads a configuration with the environment over it.
pub(crate) fn load(path: &Path) -> Result<Config, ConfigErrors> {
    // Not `vars`, which panics when any variable isn't UTF-8.
    let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    Config::load(path, std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))))
}
