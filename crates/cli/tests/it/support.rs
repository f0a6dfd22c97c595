//! Runs the program as a child process, with throw-away keys.

mod child;
mod http;

pub(crate) use child::{Child, Finished, finished, finished_with, own_variables, program};
pub(crate) use http::get;

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use tempfile::TempDir;
use wxhook_cli::throwaway::{self, Merchant, PlatformKeyKind, Settings};
use wxhook_idempotency::{Clock as _, SystemClock};
use wxhook_simulator::Platform;

/// Longer than anything here may take; a test that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A merchant named `shop`, and the folder with its keys and configuration.
pub(crate) struct Shop {
    pub(crate) folder: TempDir,
    pub(crate) config: PathBuf,
    pub(crate) merchant: Merchant,
    pub(crate) platform: Platform,
}

impl Shop {
    pub(crate) fn new() -> Self {
        Self::with(&Settings::default())
    }

    pub(crate) fn with(settings: &Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let merchant = Merchant::new("shop", "1900000109", PlatformKeyKind::PublicKey).unwrap();
        let config = throwaway::write(folder.path(), std::slice::from_ref(&merchant), settings).unwrap();
        let platform = merchant.platform().unwrap();
        Self { folder, config, merchant, platform }
    }

    /// One of the files that it was given.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        assert!(path.is_file(), "{name}");
        path
    }

    /// Its server, listening.
    pub(crate) async fn serve(&self, options: &[&str]) -> Child {
        Child::serve(&self.config, options).await
    }

    /// The same with these variables.
    pub(crate) async fn serve_with(&self, variables: &[(&str, &str)]) -> Child {
        Child::serve_with(&self.config, &[], variables).await
    }
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Seconds since the epoch.
pub(crate) fn now() -> u64 {
    SystemClock::default().now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}
