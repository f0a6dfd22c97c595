//! wxhook and implementations of the protocol that aren't ours, over HTTP in both directions.
//!
//! `cargo xtask test` installs them and says where they are; a plain `cargo test` skips these tests. What runs is in
//! `fixtures/interop`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![cfg(unix)]

#[allow(dead_code, reason = "the tests in `it` use more of it")]
#[path = "../it/support/child.rs"]
mod child;
mod outside;
mod receiving;
mod sending;

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
    pub(crate) fn new(kind: PlatformKeyKind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let merchant = Merchant::new("shop", "1900000109", kind).unwrap();
        let mut settings = Settings::default();
        settings.simulator = true;
        let config = throwaway::write(folder.path(), std::slice::from_ref(&merchant), &settings).unwrap();
        let platform = merchant.platform().unwrap();
        Self { folder, config, merchant, platform }
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
