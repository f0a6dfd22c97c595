//! Throw-away keys of both sides, and a configuration that uses them: for demonstrations and tests.
//!
//! Whoever has a merchant's keys can forge its notifications; these are made anew each time, stay in one folder, and are
//! for nothing that matters.

mod file;
mod merchant;

pub use merchant::{Merchant, PlatformKeyKind};

use std::path::{Path, PathBuf};

pub(crate) const CONFIG: &str = "wxhook.toml";

/// Why keys couldn't be made or written. Shows no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system gives no random bytes.
    #[error("no random bytes")]
    Random,
    /// A key pair or certificate couldn't be made, or isn't one that wxhook takes.
    #[error("can't make a {0}")]
    Key(&'static str),
    /// A file is there already, and stays as it is.
    #[error("{0} is there already and stays as it is; give another folder")]
    Exists(PathBuf),
    /// A file couldn't be written.
    #[error("can't write {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What a written configuration says besides the merchants.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// Where notifications are received. A free port of loopback by default.
    pub listen: String,
    /// Where health, metrics and the event log are. A free port of loopback by default.
    pub admin_listen: String,
    /// Where records are kept. `sqlite://wxhook.db`, in the configuration's folder, by default.
    pub store: String,
    /// Whether event records go to stdout. True by default; otherwise they are only kept.
    pub stdout: bool,
    /// Whether `[simulator]` names the first merchant's platform key, for `wxhook trigger`. False by default.
    pub simulator: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            admin_listen: "127.0.0.1:0".to_owned(),
            store: "sqlite://wxhook.db".to_owned(),
            stdout: true,
            simulator: false,
        }
    }
}

/// Writes the merchants' keys and `wxhook.toml` into a folder that is there, and returns the latter's path.
///
/// Every file is new and readable by its owner only. Beside what the configuration names, there is each platform key's
/// private half, which signs in the platform's place.
///
/// # Errors
/// [`Error::Exists`] for a file that is there already; nothing is written then. [`Error::File`].
pub fn write(folder: &Path, merchants: &[Merchant], settings: &Settings) -> Result<PathBuf, Error> {
    let path = folder.join(CONFIG);
    let keys = merchants.iter().flat_map(Merchant::files).map(|(name, _)| folder.join(name));
    for file in keys.chain([path.clone()]) {
        if file.symlink_metadata().is_ok() {
            return Err(Error::Exists(file));
        }
    }
    let mut config = settings.to_toml();
    if let Some(first) = merchants.first().filter(|_| settings.simulator) {
        config.push_str(&first.to_simulator());
    }
    for merchant in merchants {
        for (name, content) in merchant.files() {
            file::create(&folder.join(name), content)?;
        }
        config.push_str(&merchant.to_toml());
    }
    file::create(&path, &config)?;
    Ok(path)
}

pub(crate) use file::open_new;

impl Settings {
    fn to_toml(&self) -> String {
        let mut text = format!(
            "# throw-away keys: for nothing that matters\n\
             listen = {}          # port 0 is any free one; the log says which\n\
             admin_listen = {}\n\n[store]\nurl = {}\n",
            quoted(&self.listen),
            quoted(&self.admin_listen),
            quoted(&self.store),
        );
        if self.stdout {
            text.push_str("\n[sink]\nkind = \"stdout\"\n");
        }
        text
    }
}

/// A TOML string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            control if control.is_control() => out.push_str(&format!("\\U{:08X}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use wxhook_server::Config;

    fn merchants() -> [Merchant; 2] {
        [
            Merchant::new("shop", "1900000109", PlatformKeyKind::PublicKey).unwrap(),
            Merchant::new("market", "10000100", PlatformKeyKind::Certificate).unwrap(),
        ]
    }

    #[test]
    fn what_is_written_is_a_configuration_without_faults_or_warnings() {
        let folder = tempfile::tempdir().unwrap();
        let merchants = merchants();
        let path = write(folder.path(), &merchants, &Settings::default()).unwrap();
        let config = Config::load(&path, []).unwrap();
        assert!(config.warnings().is_empty(), "{:?}", config.warnings());
        assert_eq!(config.merchants.len(), 2);
        for (configured, made) in config.merchants.iter().zip(&merchants) {
            assert_eq!((configured.name.as_str(), configured.mchid.as_str()), (made.name(), made.mchid()));
            assert!(configured.api_v3_key.is_some() && configured.api_v2_key.is_some());
            assert_eq!(configured.platform_keys[0].0, made.key_id());
        }
        assert!(config.sink.is_some());
        assert!(write(folder.path(), &merchants, &Settings::default()).is_err(), "nothing is overwritten");
    }

    #[cfg(unix)]
    #[test]
    fn files_are_their_owners_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &merchants(), &Settings::default()).unwrap();
        let mut files = 0;
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let mode = entry.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            files += 1;
        }
        assert_eq!(files, 9);
    }

    #[test]
    fn debug_shows_no_key() {
        let merchant = Merchant::new("shop", "1", PlatformKeyKind::PublicKey).unwrap();
        let shown = format!("{merchant:?}");
        assert!(merchant.files().all(|(_, content)| !shown.contains(content)), "{shown}");
    }

    #[test]
    fn text_is_quoted() {
        assert_eq!(quoted("a\"b\\c\n"), r#""a\"b\\c\U0000000A""#);
    }
}
