use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use wxhook_idempotency::Store as _;
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};
use wxhook_server::{Config, MerchantConfig, SinkConfig, StoreUrl};

use crate::{config, out};

/// Validates what `serve` would take, and says what it is.
pub(crate) async fn check(path: &Path) -> anyhow::Result<()> {
    let config = config::load(path)?;
    config.check_serve()?;
    let store = store(&config).await?;
    out::print(summary(&config, store)?)?;
    Ok(())
}

/// Opens the store if it is there, and else sees whether it could be made; makes none.
async fn store(config: &Config) -> anyhow::Result<&'static str> {
    let url = &config.store.url;
    match url {
        StoreUrl::Sqlite(path) if path.exists() => {
            let options = SqliteOptions::default().with_retention(config.store.retention);
            let store = SqliteStore::open(path, options)
                .with_context(|| format!("store.url: {url} can't be opened"))?;
            store.probe().await.with_context(|| format!("store.url: {url} can't be written and read"))?;
            Ok("it can be written and read")
        }
        StoreUrl::Sqlite(path) => {
            let folder =
                path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            // Without a name, and gone at once.
            tempfile::tempfile_in(folder).with_context(|| format!("store.url: {url} can't be made"))?;
            Ok("it will be made")
        }
        _ => Ok("everything is lost when the process ends"),
    }
}

fn summary(config: &Config, store: &str) -> Result<String, std::fmt::Error> {
    let mut text = format!("ok: {}\n", config.file().display());
    writeln!(text, "  listen    {}, admin {}", config.listen, config.admin_listen)?;
    writeln!(text, "  store     {} ({store})", config.store.url)?;
    writeln!(text, "  sink      {}", sink(config.sink))?;
    for merchant in &config.merchants {
        writeln!(text, "  merchant  {}", describe(merchant))?;
    }
    for warning in config.warnings() {
        writeln!(text, "  warning   {warning}")?;
    }
    text.truncate(text.trim_end().len());
    Ok(text)
}

fn sink(sink: Option<SinkConfig>) -> &'static str {
    match sink {
        None => "none: an inbox only",
        Some(SinkConfig::Stdout) => "stdout",
        Some(_) => "another one",
    }
}

fn describe(merchant: &MerchantConfig) -> String {
    let mut text = format!("{} (mchid {}):", merchant.name, merchant.mchid);
    match (&merchant.api_v3_key, &merchant.api_v2_key) {
        (Some(_), Some(_)) => text.push_str(" v3 and v2"),
        (Some(_), None) => text.push_str(" v3"),
        _ => text.push_str(" v2"),
    }
    text.push_str(&format!(", /notify/{}", merchant.name));
    for path in &merchant.paths {
        text.push_str(&format!(", {path}"));
    }
    if let Some(own) = merchant.sink {
        text.push_str(&format!(", own sink {}", sink(Some(own))));
    }
    for (id, _) in &merchant.platform_keys {
        text.push_str(&format!("\n              platform key {id}"));
    }
    text
}
